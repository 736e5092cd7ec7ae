"""Rise of vertical streams, wakes of buildings and the swaying of a light wind: published numbers and hand sums."""

from __future__ import annotations

import math

import numpy as np
import pytest

from dispersion.air import sigma_set
from dispersion.downwash import in_wake, meander_factor, swaying, wake_sigmas
from dispersion.models import model
from dispersion.plume_rise import briggs_rise
from twin.errors import ModelError

STACK = {"z": 30.0, "velocity": 10.0, "diameter": 1.0, "elevation": 90.0, "temperature": 400.0}


def test_published_rises(kit):
    seen = 0
    for row in kit.table("passive_cases.csv"):
        if row["case"] != "rise":
            continue
        rise = briggs_rise(
            velocity=float(row["exit_velocity [m/s]"]), diameter=1.0, density_ratio=288.15 / 400.0, wind_speed=4.0,
            stability=row["stability"], air_temperature=288.15, gradient=float(row["gradient [K/m]"]),
        )  # fmt: skip
        expected, tolerance = float(row["expected"]), float(row["relative_tolerance"])
        assert getattr(rise, row["quantity"]) == pytest.approx(expected, rel=tolerance), row
        seen += 1
    assert seen == 8


def test_rise_is_gradual_and_meets_its_end():
    rise = briggs_rise(
        velocity=72.938, diameter=1.0, density_ratio=288.15 / 400.0, wind_speed=4.0, stability="D",
        air_temperature=288.15,
    )  # fmt: skip
    # F = 50 m4/s3: 1.60 * 50**(1/3) * 100**(2/3) / 4 = 1.6 * 3.684 * 21.544 / 4 = 31.75 m
    assert float(rise.at(100.0)) == pytest.approx(31.75, rel=2e-3)
    assert float(rise.at(0.0)) == 0.0
    x = np.linspace(0.0, 2000.0, 4001)
    assert (np.diff(rise.at(x)) >= 0.0).all()
    assert float(rise.at(rise.distance * 0.9999)) == pytest.approx(rise.final, rel=5e-3)


def test_a_cold_stream_rises_by_its_momentum():
    # 3 d w / u = 3 * 1 * 10 / 5 = 6 m; it ends at 4 d (w + 3 u)**2 / (w u) = 4 * 625 / 50 = 50 m
    cold = {"velocity": 10.0, "diameter": 1.0, "density_ratio": 1.0, "wind_speed": 5.0, "air_temperature": 293.15}
    rise = briggs_rise(**cold, stability="D")
    assert (rise.final, rise.distance) == pytest.approx((6.0, 50.0))
    # at 10 m: M = 25, b = 1/3 + 0.5 = 0.8333: (3 * 25 * 10 / (0.6944 * 25))**(1/3) = 3.509 m
    assert float(rise.at(10.0)) == pytest.approx(3.509, rel=1e-3)
    # stable: s = 9.80665 * 0.035 / 293.15 = 1.1708e-3, root 0.034218: 1.5 (25 / (5 * 0.034218))**(1/3) = 7.90 > 6 m
    assert briggs_rise(**cold, stability="F").final == pytest.approx(6.0)
    # a faster one, w = 20: 3 d w/u = 12, M = 100: 1.5 (100 / 0.17109)**(1/3) = 12.54; w = 40: 24 and 19.9 m
    fast = cold | {"velocity": 40.0}
    assert briggs_rise(**fast, stability="F").final == pytest.approx(
        1.5 * (400.0 / (5 * 0.034218)) ** (1 / 3), rel=1e-4
    )


@pytest.mark.parametrize("name", ["gaussian_plume", "gaussian_puff"])
def test_a_stack_plume_stands_at_its_effective_height(kit, name):
    release = kit.release(**STACK, edges=[0.0, 3000.0])
    weather = kit.weather(wind_speed=4.0, wind_height=30.0)
    cloud = model(name).disperse(release, weather)
    # density of ammonia at 400 K over that of air at 293.15 K: 0.01703052/0.0289652 * 293.15/400 = 0.43090;
    # F = 9.80665 * 10 / 4 * 0.56910 = 13.952 m4/s3: 21.425 F**0.75 / 4 = 38.67 m at 49 F**0.625 = 254.5 m
    assert "rises by 38.7 m" in cloud.warnings[-1]
    x = 1000.0
    sy, sz = (float(f("D", x)) for f in (sigma_set("briggs_rural").sigma_y, sigma_set("briggs_rural").sigma_z))
    own = 38.67 / 3.5
    sy, sz = math.hypot(sy, own, 1 / 4.3), math.hypot(sz, own, 1 / 4.3)
    want = math.exp(-0.5 * (68.67 / sz) ** 2) / (math.pi * 4.0 * sy * sz)
    # the along-wind spread of puffs changes it by (sigma/x)**2
    assert float(cloud.concentration(x, 0.0, 0.0, 2900.0)) == pytest.approx(want, rel=0.02)
    flat = model(name, plume_rise=False).disperse(release, weather)
    assert flat.warnings == ()
    assert float(flat.concentration(x, 0.0, 0.0, 2900.0)) > 1.5 * want


@pytest.mark.parametrize("name", ["gaussian_plume", "gaussian_puff"])
def test_a_lid_stops_the_rise_and_nothing_is_lost(kit, name):
    # It would rise by 38.7 m to 68.7 m; the lid is at 50 m. Far away, where the layer is well mixed, the concentration
    # is q / (sqrt(2 pi) sigma_y u 50 m) at any height.
    release = kit.release(**STACK, edges=[0.0, 9000.0])
    weather = kit.weather(wind_speed=4.0, wind_height=30.0, mixing_height=50.0, stability="C")
    cloud = model(name).disperse(release, weather)
    x = 5000.0
    sy = math.hypot(float(sigma_set("briggs_rural").sigma_y("C", x)), 20.0 / 3.5, 1 / 4.3)
    want = 1.0 / (math.sqrt(2 * math.pi) * sy * 4.0 * 50.0)
    found = cloud.concentration(x, 0.0, np.array([0.0, 25.0, 50.0]), 8000.0)
    assert found == pytest.approx(np.full(3, want), rel=0.01)  # the along-wind spread of puffs


def test_what_does_not_rise(kit):
    plume = model("gaussian_plume")
    level = kit.release(**(STACK | {"elevation": 0.0}))
    assert plume.disperse(level, kit.weather()).warnings == ()
    cold = kit.release(**(STACK | {"temperature": 150.0}), mass_rates=[1e-3])
    assert "denser than the air: no rise" in plume.disperse(cold, kit.weather()).warnings[-1]


def test_wake_of_a_squat_building_by_hand():
    # 10 m high, 20 m wide: at 30 m 0.7 * 10 = 7 m and 0.35 * 20 = 7 m; at 100 m 7 + 0.067 * 70 = 11.69 m both
    x = np.geomspace(0.01, 1e5, 4000)
    sy, sz = 0.04 * x, 0.016 * x / (1 + 3e-4 * x)
    wide, high = wake_sigmas(x, sy, sz, height=5.0, building=(10.0, 20.0))
    for where, expected in ((30.0, 7.0), (65.0, 9.345), (99.9, 11.683)):
        assert np.interp(where, x, wide) == pytest.approx(expected, rel=2e-3)
        assert np.interp(where, x, high) == pytest.approx(expected, rel=2e-3)
    assert np.interp(10.0, x, high) == pytest.approx(7.0)  # the cavity holds what it hands over
    # beyond: 0.04 (x + xv) with 0.04 (100 + xv) = 11.69, so xv = 192.25 m and at 500 m 27.69 m
    assert np.interp(500.0, x, wide) == pytest.approx(27.69, rel=2e-3)
    assert (np.diff(wide) >= -1e-9).all()
    assert (np.diff(high) >= -1e-9).all()
    # far away the building is forgotten
    assert np.interp(9e4, x, wide) == pytest.approx(0.04 * 9e4, rel=3e-3)


def test_who_is_in_the_wake():
    assert in_wake(24.9, (10.0, 20.0))  # below 2.5 heights
    assert not in_wake(25.1, (10.0, 20.0))
    assert not in_wake(13.1, (10.0, 2.0))  # above the roof by 1.5 widths
    x = np.geomspace(1.0, 1e4, 500)
    wide, high = wake_sigmas(x, 0.04 * x, 0.02 * x, height=15.0, building=(10.0, 20.0))
    assert np.array_equal(wide, 0.04 * x)  # above 1.2 heights only the vertical spread grows
    assert (high >= 0.02 * x - 1e-9).all()
    assert high.max() > 0.02 * x.max() - 1e-9


@pytest.mark.parametrize("name", ["gaussian_plume", "gaussian_puff"])
def test_a_building_dilutes_near_and_is_told(kit, name):
    release = kit.release(z=2.0, edges=[0.0, 900.0])
    weather = kit.weather(stability="F")
    built = {"building_height": 8.0, "building_width": 15.0}
    plain, wake = (model(name, **b).disperse(release, weather) for b in ({}, built))
    near, far = ([float(c.concentration(x, 0.0, 0.0, 800.0)) for c in (plain, wake)] for x in (60.0, 2000.0))
    # at 60 m: sigma_y = 0.35 * 15 + 0.067 * 36 = 7.662, sigma_z = 0.7 * 8 + 2.412 = 8.012 m, so
    # exp(-(2 / 8.012)**2 / 2) / (3 pi 7.662 * 8.012) = 1.6755e-3
    assert near[1] == pytest.approx(1.6755e-3, rel=5e-3)  # the size at the source, along-wind growth
    assert near[1] < 0.4 * near[0]
    assert 0.5 * far[0] < far[1] < far[0]
    assert "is drawn into the wake of a building 8 m high" in wake.warnings[-1]
    with pytest.raises(ModelError, match="building_height and building_width"):
        model(name, building_height=8.0)


def test_meander_factors():
    # US NRC 1.145, figure 3: 2, 3, 4 for D, E, F up to 2 m/s, none from 6 m/s on nor in unstable air
    assert [meander_factor(c, 1.0) for c in "ABCDEF"] == [1.0, 1.0, 1.0, 2.0, 3.0, 4.0]
    assert meander_factor("F", 6.0) == meander_factor("F", 9.0) == 1.0
    assert meander_factor("F", math.sqrt(12.0)) == pytest.approx(2.0)  # half-way in the logarithm
    x = np.geomspace(1.0, 1e4, 2000)
    wide = swaying(x, 0.04 * x, 4.0)
    assert np.interp(400.0, x, wide) == pytest.approx(64.0, rel=1e-4)
    assert np.interp(2000.0, x, wide) == pytest.approx(80.0 + 3.0 * 32.0, rel=1e-4)


def test_meander_lowers_the_axis_and_is_told(kit):
    weather = kit.weather(stability="F", wind_speed=1.0, wind_height=10.0)
    release = kit.release(z=10.0, edges=[0.0, 7200.0])
    plain, swung = (model("gaussian_plume", meander=m).disperse(release, weather) for m in (False, True))
    a, b = (float(c.concentration(400.0, 0.0, 10.0, 7000.0)) for c in (plain, swung))
    assert b == pytest.approx(a / 4.0, rel=1e-3)  # smallest_sigma in quadrature: (0.1/16)**2
    assert "NRC 1.145" in swung.warnings[-1]
