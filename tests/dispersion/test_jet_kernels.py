"""Kernels of the jet against plain NumPy, SciPy and shapely."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import quad, solve_ivp
from scipy.optimize import brentq
from shapely import Point, box

from dispersion._kernels import jets
from dispersion.jet_path import JetAir, follow_jet
from dispersion.materials import material_of
from plant_models.substances import substance

AIR_HEAT, R = 1005.87, 8.31446261815324


def log_wind(friction=0.4, rough=0.1, warmer=0.0):
    heights = np.geomspace(0.2, 1000.0, 200)
    return JetAir(
        heights=heights, wind_speed=friction / 0.4 * np.log(heights / rough), temperature=290.0 + warmer * heights,
        dissipation=friction**3 / (0.4 * heights), toward=(0.6, 0.8), pressure=1e5, humidity=0.0,
    )  # fmt: skip


def oracle(gas, air, *, mass_rate, velocity, temperature, place, toward, length):
    """Ooms' jet for a gas that never condenses, in dry air and clear of the ground, as SciPy integrates it."""
    material = material_of(gas, pressure=air.pressure, temperature=float(air.temperature[0]))
    c, molar = material.vapour_heat, gas.molar_mass
    logs = np.log(air.heights)

    def slopes(s, y):
        flux, momentum, heat = y[0], y[1:4], y[4]
        speed = np.linalg.norm(momentum) / flux
        t = momentum / (flux * speed)
        wind, warm, rate = (
            np.interp(np.log(y[7]), logs, v) for v in (air.wind_speed, air.temperature, air.dissipation)
        )
        outer = air.pressure * 0.0289652 / (R * warm)
        mean = mass_rate / flux
        # enthalpy counted from 0 K for both gases: no droplets, no latent heat
        mixed = (heat / flux - 0.5 * speed**2) / (mean * c + (1 - mean) * AIR_HEAT)
        inner = air.pressure / (R * mixed * (mean / molar + (1 - mean) / 0.0289652))
        u = wind * np.array([*air.toward, 0.0])
        along = u @ t
        excess = 2 * (speed - along)
        mover = along + excess / 2.35
        axis = mean * 2 * speed / (1.35 * mover)
        b = math.sqrt(flux / (2 * math.pi * outer * speed))
        radius = math.sqrt(flux / (math.pi * inner * speed))
        lift = 9.80665 * flux / speed * (outer / inner - 1) * (speed / mover if axis < 1 else 1)
        strength = 2 * lift * speed / (1.35 * flux)  # reduced gravity on the axis
        part = min(max(strength * t[2], 0) * b / max(excess**2, 1e-12) * 1.25 * 1.35 / 0.083, 1)
        shear = (0.057 + (0.083 - 0.057) * part) * (1 if axis < 1 else 1 / 2.35)
        n = u - along * t
        across = np.linalg.norm(n)
        taken = 2 * math.pi * b * outer
        taken *= shear * abs(excess) + 0.5 * across * abs(along) / wind + (rate * radius / math.sqrt(2)) ** (1 / 3)
        force = 0.3 * math.pi * radius * outer * across * n + np.array([0, 0, lift])
        heated = taken * (AIR_HEAT * warm + 0.5 * wind**2)
        return [taken, *(taken * u + force), heated, *t, 1 / (mover if axis < 1 else speed)]

    energy = mass_rate * (c * temperature + 0.5 * velocity**2)
    start = [mass_rate, *(mass_rate * velocity * np.array(toward)), energy, *place, 0]
    # the zone of establishment ends with a jump of the slopes: short steps there
    return solve_ivp(slopes, (0, length), start, rtol=1e-10, atol=1e-12, max_step=0.05).y[:, -1]


@pytest.mark.parametrize(("name", "toward"), [("methane", (0.8, 0.0, 0.6)), ("carbon monoxide", (-0.6, 0.0, 0.8))])
def test_path_is_that_of_an_independent_integration(name, toward):
    case = {"mass_rate": 0.3, "velocity": 200.0, "temperature": 320.0, "place": (1.0, 2.0, 30.0), "toward": toward}
    air = log_wind(warmer=0.01)
    path = follow_jet(substance(name), air, farthest=20.0, lowest=1e-9, **case)
    want = oracle(substance(name), air, length=float(path.length[-1]), **case)
    energy = path.energy[-1] - path.mass_rate * _zero(name)
    found = [path.mass_flux[-1], *path.momentum[-1], energy, *path.place[-1], path.age[-1]]
    # relative error of a step 1e-9, some 150 steps, the profiles read by the same straight lines
    np.testing.assert_allclose(found, want, rtol=1e-6)


def _zero(name):
    """Enthalpy of the vapour at 0 K, where the kernels count from the liquid."""
    m = material_of(substance(name), pressure=1e5, temperature=290.0)
    return m.latent_heat + m.boiling_point * (m.liquid_heat - m.vapour_heat)


@pytest.mark.parametrize("height", [0.0, 0.1, 0.5, 0.9, 0.999, 1.0, 3.0])
def test_circle_cut_by_the_ground(height):
    radius = 2.0
    wider, free, lifted = jets.cut_circle(height * radius, radius)
    disc = Point(0.0, height * radius).buffer(wider * radius, quad_segs=4096)
    above = disc.intersection(box(-9.0, 0.0, 9.0, 99.0))
    chord = 2.0 * math.sqrt(max((wider * radius) ** 2 - (height * radius) ** 2, 0.0)) if height < 1.0 else 0.0
    assert above.area == pytest.approx(math.pi * radius**2, rel=1e-6)
    assert above.length - chord == pytest.approx(free * 2.0 * math.pi * radius, rel=1e-4 if height < 0.99 else 0.03)
    assert above.centroid.y == pytest.approx(height * radius + lifted, rel=1e-5)
    if height == 0.0:  # a jet and its image in one: √2 wider, 1/√2 of the rim
        assert (wider, free) == pytest.approx((math.sqrt(2.0), math.sqrt(0.5)), rel=1e-9)


@pytest.mark.parametrize("ratio", [0.2, 0.9, 1.0, 3.0, 14.0])
def test_profile_turns_the_mass_weighted_radius_back(ratio):
    width = 0.7
    for r in (0.0, 0.1, 0.5, 1.0, 3.0):

        def over(eta2, r=r):
            return eta2 + (ratio - 1.0) * width**2 * (1.0 - math.exp(-eta2 / width**2)) - r * r

        eta2 = brentq(over, 0.0, max(r * r, 1e-9) * max(1.0, 1.0 / ratio) * 1.01 + 1e-9, xtol=1e-15)
        fraction, thin = jets.profile(r * r, 0.4, width**2, ratio)
        assert fraction == pytest.approx(0.4 * math.exp(-eta2 / width**2), rel=1e-9)
        assert thin == pytest.approx(1.0 / (1.0 + (ratio - 1.0) * math.exp(-eta2 / width**2)), rel=1e-9)
    # content of the section: ∫ Y ρ/ρ_a 2πr dr = π Λ² Y_axis for every density
    held, _ = quad(
        lambda r: math.prod(jets.profile(r * r, 0.4, width**2, ratio)) * 2 * math.pi * r, 0.0, 20.0, limit=400
    )
    assert held == pytest.approx(math.pi * width**2 * 0.4, rel=1e-6)


def test_air_between_two_heights():
    air = log_wind()
    for z in (0.01, 0.2, 0.777, 13.0, 999.0, 5000.0):
        held = min(max(z, 0.2), 1000.0)
        want = [np.interp(math.log(held), np.log(air.heights), v) for v in air.table[1:]]
        assert jets.air_at(z, air.table) == pytest.approx(want, rel=1e-9)


def test_field_is_the_profile_at_the_nearest_place_of_the_axis():
    path = follow_jet(
        substance("methane"), log_wind(), mass_rate=0.5, velocity=150.0, temperature=290.0, place=(3.0, -2.0, 4.0),
        toward=(0.36, 0.48, 0.8), farthest=15.0,
    )  # fmt: skip
    rows = path.field_rows()
    rng = np.random.default_rng(5)
    k = rng.integers(5, len(rows) - 5, 60)
    points = rows[k, :3] + rng.normal(0.0, 0.6, (60, 3)) * np.sqrt(rows[k, 5])[:, None]
    points[:, 2] = np.maximum(points[:, 2], 0.0)
    found, arrives, leaves = np.zeros(60), np.full(60, np.nan), np.full(60, np.nan)
    jets.near_field(*(np.ascontiguousarray(points[:, j]) for j in range(3)), rows, found, arrives, leaves)
    inside = np.isfinite(arrives)
    fine = np.linspace(0.0, 1.0, 400)[None, :, None]
    dense = (rows[:-1, None, :] + fine * (rows[1:, None, :] - rows[:-1, None, :])).reshape(-1, rows.shape[1])
    for i, (x, y, z) in enumerate(points):
        away = ((dense[:, :3] - [x, y, z]) ** 2).sum(axis=1)
        row = dense[away.argmin()]
        want = 0.0
        for square, share in ((away.min(), 1.0), (away.min() + 4.0 * z * row[2], row[7])):
            fraction, thin = jets.profile(square, row[4], row[5], row[9])
            want += share * row[6] * row[8] * fraction * thin
        if inside[i]:
            assert arrives[i] == leaves[i] == pytest.approx(row[3], rel=2e-2)
            assert found[i] == pytest.approx(want, rel=2e-2, abs=1e-9)  # the nearest of 400 places between two sections
        else:
            assert found[i] == 0.0
    assert inside.sum() > 30
