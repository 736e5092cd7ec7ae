"""Sigma sets against published numbers, their own definitions, and the diffusion equation solved by finite volumes."""

from __future__ import annotations

import math
import pickle
from dataclasses import dataclass

import numpy as np
import pytest
from scipy.linalg import solve_banded

from dispersion.air import (
    CLASSES,
    SIGMA_SETS,
    averaging_factor,
    default_sigmas,
    register_sigma_set,
    sigma_set,
    wind_ratio,
)
from dispersion.models import model
from dispersion.similarity import diffusivity, sigma_w, wind_speed_at
from dispersion.stability import obukhov_length
from twin.errors import ModelError

OF_CLASSES = sorted(set(SIGMA_SETS) - {"similarity"})


def test_curves_meet_published_values(kit):
    seen = set()
    for row in (*kit.table("gaussian_cases.csv"), *kit.table("sigma_cases.csv")):
        expected, tolerance = float(row["expected"]), float(row["relative_tolerance"])
        if row["quantity"] in {"sigma_y", "sigma_z"}:
            found = getattr(sigma_set(row["curves"]), row["quantity"])(row["stability"], float(row["distance [m]"]))
        elif row["quantity"] == "wind_ratio" and row["curves"] != "urban":
            found = wind_ratio(kit.weather(stability=row["stability"], wind_height=1.0), 10.0)
        else:
            continue
        assert float(found) == pytest.approx(expected, rel=tolerance), row
        seen.add(row["curves"])
    assert seen >= {"briggs_rural", "isc3_rural", "ccps_puff", "turner"}


# By hand. Hanna, Briggs and Hosker 1982, Table 4.5, at 1 km: rural D 80/sqrt(1.1), 60/sqrt(2.5); urban D 160/sqrt(1.4),
# 140/sqrt(1.3); urban A 320/sqrt(1.4), 240 sqrt(2). TNO Yellow Book at 1 km over 0.1 m: D 0.128 * 10**2.715, 0.20 *
# 10**2.28; F 0.065 * 10**2.706, 0.12 * 10**2.01.
@pytest.mark.parametrize(
    ("name", "stability", "sy", "sz"),
    [
        ("briggs_rural", "D", 76.277, 37.947),
        ("briggs_rural", "F", 38.139, 12.308),
        ("briggs_urban", "D", 135.225, 122.788),
        ("briggs_urban", "A", 270.449, 339.411),
        ("tno", "D", 66.407, 38.109),
        ("tno", "F", 33.031, 12.280),
    ],
)
def test_curves_at_one_kilometre(name, stability, sy, sz):
    curves = sigma_set(name)
    assert float(curves.sigma_y(stability, 1000.0)) == pytest.approx(sy, rel=1e-4)  # five digits were kept
    assert float(curves.sigma_z(stability, 1000.0)) == pytest.approx(sz, rel=1e-4)


def test_tno_roughness_factor(kit):
    # over 1 m: 10**(0.53 * 1000**-0.22) = 10**0.11595 = 1.3060 times the curve for 0.1 m
    growth = sigma_set("tno").growth(kit.weather(roughness_length=1.0), source_height=0.0, averaging_time=600.0)
    assert float(growth.sigma_z(1000.0)) == pytest.approx(38.109 * 1.3060, rel=1e-4)


@pytest.mark.parametrize("name", OF_CLASSES)
def test_every_curve_grows_and_orders_by_stability(name):
    x = np.geomspace(100.0, 5000.0, 200)
    curves = SIGMA_SETS[name]
    wide = np.array([curves.sigma_y(c, x) for c in CLASSES])
    high = np.array([curves.sigma_z(c, x) for c in CLASSES])
    # Published pieces that do not meet: ISC3 by about 0.6 %, Turner's E by 2.3 % at 500 m (13.4 and 13.1 m).
    assert (wide[:, 1:] > wide[:, :-1]).all()
    assert (high[:, 1:] >= 0.97 * high[:, :-1]).all()
    assert (np.diff(wide, axis=0) <= 1e-9).all()
    assert name in repr(curves)
    if name != "ccps_puff":  # the CCPS vertical power laws of A and B cross
        assert (np.diff(high, axis=0) <= 1e-9).all()


@pytest.mark.parametrize("name", OF_CLASSES)
def test_growth_of_class_curves_is_the_curve_of_the_class(kit, name):
    curves, air, x = sigma_set(name), kit.weather(stability="E", wind_height=10.0), np.array([150.0, 900.0])
    growth = curves.growth(air, source_height=20.0, averaging_time=1200.0)
    wider = 1.0 if curves.averaging_time is None else 2.0**0.2
    np.testing.assert_allclose(growth.sigma_y(x), wider * curves.sigma_y("E", x))
    np.testing.assert_allclose(growth.sigma_z(x), curves.sigma_z("E", x))
    exponent = 0.30 if name == "briggs_urban" else 0.35  # Irwin's, class E
    np.testing.assert_allclose(growth.speed(x), 3.0 * 2.0**exponent)
    assert growth.distances == curves.distances
    pickle.loads(pickle.dumps(growth))


def test_averaging_factor_is_the_fifth_root():
    curves = sigma_set("briggs_rural")
    assert averaging_factor(curves, 600.0) == 1.0
    assert averaging_factor(curves, 3600.0) == pytest.approx(6.0**0.2)
    assert averaging_factor(sigma_set("ccps_puff"), 60.0) == 1.0
    with pytest.raises(ModelError, match="20 to 3600 s"):
        averaging_factor(curves, 5.0)


def test_default_follows_what_is_known(kit):
    assert default_sigmas(kit.weather()) == "briggs_rural"
    assert default_sigmas(kit.weather(stability=None, obukhov_length=-20.0)) == "similarity"


def test_unknown_curves_name_a_near_match():
    with pytest.raises(ModelError, match="briggs_rural"):
        sigma_set("brigs_rural")


@dataclass(frozen=True)
class Cone:
    """A user's own set: a tenth of the distance each way."""

    name: str = "cone"
    terrain: str = "rural"
    averaging_time: float = 600.0
    distances: tuple[float, float] = (1.0, 1e4)
    reference: str = "a test"
    warnings: tuple[str, ...] = ()
    wind: float = 3.0

    def growth(self, weather, *, source_height, averaging_time):
        assert weather.wind_speed == 3.0
        assert (source_height, averaging_time) == (1.0, 600.0)
        return self

    def sigma_y(self, distance):
        return 0.1 * np.asarray(distance)

    sigma_z = sigma_y

    def speed(self, distance):
        return np.full(np.shape(distance), self.wind)


def test_a_users_own_set_carries_a_plume(kit, monkeypatch):
    monkeypatch.setattr("dispersion.air.SIGMA_SETS", SIGMA_SETS.copy())
    register_sigma_set(Cone())
    cloud = model("gaussian_plume", sigmas="cone", smallest_sigma=1e-3).disperse(kit.release(), kit.weather())
    # 1 kg/s / (2 pi 3 m/s 20 m 20 m) (1 + exp(-2 (1/20)**2)), the axis at 1 m and its image 2 m away, at 200 m; the
    # size at the source of 1 mm is nothing beside 20 m, and the tables of the models are good to 1e-5.
    expected = (1.0 + math.exp(-0.5 * (2.0 / 20.0) ** 2)) / (2.0 * math.pi * 3.0 * 400.0)
    assert float(cloud.concentration(200.0, 0.0, 1.0, 300.0)) == pytest.approx(expected, rel=1e-5)
    # a set that knows its own constant speed is believed, whatever the wind: half the speed, twice the gas
    register_sigma_set(Cone(name="slow", wind=1.5))
    for name in ("gaussian_plume", "gaussian_puff"):
        slow = model(name, sigmas="slow", smallest_sigma=1e-3).disperse(kit.release(), kit.weather())
        assert float(slow.concentration(200.0, 0.0, 1.0, 590.0)) == pytest.approx(2.0 * expected, rel=0.02)
        assert float(slow.concentration(450.0, 0.0, 1.0, 200.0)) < 1e-2 * expected  # has come 300 m, not 600 m
    with pytest.raises(ModelError, match="taken"):
        register_sigma_set(Cone(reference="another"))
    with pytest.raises(ModelError, match="no sigma set"):
        register_sigma_set("cone")


@pytest.fixture
def similar(kit):
    def made(length=math.inf, source_height=0.0, averaging_time=600.0, **changes):
        given = {"stability": None, "obukhov_length": length, "roughness_length": 0.01, "sigma_theta": 8.0}
        air = kit.weather(**(given | changes))
        return air, sigma_set("similarity").growth(air, source_height=source_height, averaging_time=averaging_time)

    return made


def test_spread_begins_with_the_turbulence_at_the_source(similar):
    """At a travel time far below the time scales: sigma_y = sigma_theta x and sigma_z = sigma_w x/u."""
    air, growth = similar(source_height=40.0, mixing_height=1000.0)
    x = 0.05
    wind = float(wind_speed_at(air, 40.0))
    swing = math.radians(8.0) * 3.0 / wind  # the same crosswind turbulence in the wind at 40 m
    late = 0.9 * math.sqrt(x / wind / 580.0)  # Draxler's term, with 300 + 0.4 * 700 s for 40 of 100 m
    assert float(growth.sigma_y(x)) == pytest.approx(swing * x / (1.0 + late), rel=1e-3)
    assert float(growth.sigma_z(x)) == pytest.approx(sigma_w(air, 40.0, 1000.0) * x / wind, rel=1e-3)


def test_swing_near_the_ground_is_that_in_the_wind_above_the_obstacles(similar):
    """Over a roughness of 0.5 m the wind at 20 z0 = 10 m counts, though 8 degrees were measured at 2 m.

    The profile is linear below 7 z0 = 3.5 m: u(2)/u(10) = (2/3.5) ln(7)/ln(20) = 0.3712.
    """
    _, growth = similar(roughness_length=0.5, wind_height=2.0)
    assert float(growth.sigma_y(1e-3)) == pytest.approx(math.radians(8.0) * 0.3712 * 1e-3, rel=5e-3)


def test_spread_far_from_an_elevated_source_is_that_of_the_diffusivity(similar):
    """sigma_z² = 2 K t after many time scales, up to where the plume reaches the ground."""
    air, growth = similar(50.0, source_height=80.0, mixing_height=4000.0, roughness_length=0.001)
    wind, spread = float(wind_speed_at(air, 80.0)), float(diffusivity(air, 80.0))
    t = 20.0 * spread / sigma_w(air, 80.0, 4000.0) ** 2
    # Taylor's form tends to it as 1/(1 + 2 T/t), which 20 time scales bring to a tenth in the square
    assert float(growth.sigma_z(wind * t)) ** 2 == pytest.approx(2.0 * spread * t / 1.1, rel=1e-3)


@pytest.mark.parametrize("length", [-10.0, -50.0, math.inf, 100.0, 20.0])
@pytest.mark.parametrize("height", [0.0, 5.0, 60.0])
def test_similarity_grows_everywhere(similar, length, height):
    _, growth = similar(length, source_height=height)
    x = np.geomspace(0.01, 1e6, 500)
    for row in (growth.sigma_y(x), growth.sigma_z(x)):
        assert np.isfinite(row).all()
        assert (row > 0.0).all()
        assert (np.diff(row) >= -1e-12 * row[1:]).all()
    assert (np.diff(growth.speed(x)) >= 0.0).all()
    assert float(growth.sigma_y(0.0)) == 0.0
    pickle.loads(pickle.dumps(growth))


def test_similarity_is_continuous_in_stability_and_source_height(similar):
    x = np.array([30.0, 100.0, 1000.0])
    for left, right in (
        (similar(1e7)[1], similar(-1e7)[1]),
        (similar(1e7)[1], similar(math.inf)[1]),
        (similar(source_height=0.0)[1], similar(source_height=1e-6)[1]),
        (similar(source_height=20.0)[1], similar(source_height=20.0 + 1e-6)[1]),
    ):
        for name in ("sigma_y", "sigma_z", "speed"):
            np.testing.assert_allclose(getattr(left, name)(x), getattr(right, name)(x), rtol=1e-4)


def test_stability_orders_the_vertical_spread(similar):
    high = [float(similar(length)[1].sigma_z(300.0)) for length in (-10.0, -50.0, math.inf, 100.0, 20.0)]
    assert high == sorted(high, reverse=True)


def test_averaging_time_widens_from_that_of_the_measurement(similar):
    """One fifth power of 1800 s over 300 s = 6."""
    short = similar(sigma_theta_time=300.0, averaging_time=300.0)[1]
    long = similar(sigma_theta_time=300.0, averaging_time=1800.0)[1]
    assert float(long.sigma_y(200.0)) == pytest.approx(6.0**0.2 * float(short.sigma_y(200.0)))
    np.testing.assert_array_equal(long.sigma_z(200.0), short.sigma_z(200.0))
    with pytest.raises(ModelError, match="20 to 3600 s"):
        similar(averaging_time=10.0)


def test_unknown_depth_of_convection_is_told(similar):
    assert "mixed layer" in similar(-20.0, sigma_theta=None)[1].warnings[0]
    assert similar(-20.0, sigma_theta=None, mixing_height=800.0)[1].warnings == ()
    assert similar(-20.0)[1].warnings == ()
    with pytest.raises(ModelError, match="wind"):
        similar(wind_speed=0.0)


def test_class_alone_stands_for_its_typical_length(kit):
    air = kit.weather(stability="E")
    same = kit.weather(stability=None, obukhov_length=obukhov_length(air))
    a, b = (sigma_set("similarity").growth(w, source_height=1.0, averaging_time=600.0) for w in (air, same))
    np.testing.assert_allclose(a.sigma_z(500.0), b.sigma_z(500.0))


def diffused(air, distances):
    """Mean height, ground concentration and flux of the advection-diffusion equation for a source on the ground.

    u dc/dx = d/dz (K dc/dz) by implicit finite volumes on heights that grow by 3 % a cell, with steps that grow with
    the distance; no flux through the ground and the top. Unit rate.
    """
    edges = np.concatenate([[0.0], np.geomspace(0.02, 600.0, 350)])
    z, dz = 0.5 * (edges[1:] + edges[:-1]), np.diff(edges)
    u = np.maximum(wind_speed_at(air, z), 1e-3)
    between = diffusivity(air, edges[1:-1]) / np.diff(z)
    c = np.zeros(z.size)
    c[0] = 1.0 / (u[0] * dz[0])
    x, found = 0.0, []
    for target in distances:
        while x < target - 1e-9:
            step = min(max(0.005, 0.01 * x), target - x)
            lower, upper = np.zeros(z.size), np.zeros(z.size)
            lower[1:], upper[:-1] = between, between
            a, b = -lower * step / (u * dz), -upper * step / (u * dz)
            band = np.zeros((3, z.size))
            band[0, 1:], band[1], band[2, :-1] = b[:-1], 1.0 - a - b, a[1:]
            c = solve_banded((1, 1), band, c)
            x += step
        found.append(((c * z * dz).sum() / (c * dz).sum(), c[0], (u * c * dz).sum()))
    return np.array(found).T


@pytest.mark.parametrize("length", [-30.0, math.inf, 60.0])
def test_vertical_spread_against_the_diffusion_equation(similar, length):
    """Mean height of van Ulden's plume, within 10 % of the equation that he approximated for power-law profiles.

    The Gaussian stays below the equation's profile at the ground, since that is pointed there: 0.64/0.73 = 0.87 of it
    for his exponent of 1.5, less for the smaller exponents of unstable air.
    """
    air, growth = similar(length, mixing_height=5000.0)
    x = np.array([50.0, 200.0, 800.0])
    mean_height, ground, flux = diffused(air, x)
    np.testing.assert_allclose(flux, 1.0, rtol=1e-6)
    np.testing.assert_allclose(math.sqrt(2.0 / math.pi) * growth.sigma_z(x), mean_height, rtol=0.10)
    share = math.sqrt(2.0 / math.pi) / (growth.sigma_z(x) * growth.speed(x)) / ground
    assert (share < 1.0).all()
    if length > 0.0:
        assert (share > 0.7).all()
