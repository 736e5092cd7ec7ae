"""Britter-McQuaid: the published curves and examples, mass, causality, and what it refuses."""

from __future__ import annotations

import math
import pickle
from dataclasses import replace

import numpy as np
import pytest

from dispersion.britter_mcquaid import (
    _PLUME,
    BritterMcQuaid,
    _curve,
    dense_source,
    plume_dilution,
    plume_extent,
    puff_dilution,
    warmed,
)
from dispersion.models import model
from dispersion.performance import performance
from plant_models.releases import Release
from plant_models.substances import substance
from twin.errors import ModelError
from twin.weather import WeatherSeries


def chlorine(**changes):
    given = {"x": 0.0, "y": 0.0, "z": 0.0, "mass_rate": 20.0, "duration": 300.0, "temperature": 250.0}
    return Release.steady(substance("chlorine"), **(given | changes))


def burst(**changes):
    given = {"x": 0.0, "y": 0.0, "z": 0.0, "mass": 5000.0, "temperature": 250.0}
    return Release.instantaneous(substance("chlorine"), **(given | changes))


@pytest.fixture
def air(kit):
    # at 10 m already, so that u is the stated wind
    return kit.weather(wind_speed=4.0, wind_height=10.0, stability="D")


def test_the_curves_are_the_published_ones(kit):
    for row in kit.table("britter_mcquaid_cases.csv"):
        if row["kind"] == "curve":
            beta, ratio = _curve(_PLUME, float(row["alpha"]))
            found = beta[np.isclose(ratio, float(row["ratio"]))]
            assert found == pytest.approx(float(row["expected"]), rel=float(row["tolerance"]))


def test_the_distance_to_the_flammable_limit_of_the_guidelines(kit):
    # CCPS p. 122: 0.23 m³/s of LNG of 425.6 kg/m³ make gas of 1.76 kg/m³ at 111.15 K; air 1.225 kg/m³ at 288.15 K
    row = next(row for row in kit.table("britter_mcquaid_cases.csv") if row["kind"] == "plume")
    flow, wind, reduced = 0.23 * 425.6 / 1.76, 10.9, 9.806 * (1.76 - 1.225) / 1.225
    alpha = 0.2 * math.log10(reduced**2 * flow / wind**5)
    x = np.linspace(300.0, 400.0, 10001)
    content = warmed(plume_dilution(x / math.sqrt(flow / wind), alpha), 111.15 / 288.15)
    reach = x[content >= float(row["ratio"])][-1]
    assert reach == pytest.approx(float(row["expected"]), rel=float(row["tolerance"]))


def test_the_potchefstroom_cloud(kit):
    # 72 500 m³ of 1.434 kg/m³ with 1/16.4 ammonia, wind 2 m/s, air of 293.15 K (1.2041 kg/m³); the concentration
    # of the whole cloud is that of its front, 0.4 u t + (R0² + 1.2 t (g' V0)^(1/2))^(1/2)
    volume, wind, dry = 72500.0, 2.0, 101325.0 * 0.0289652 / (8.314463 * 293.15)
    reduced = 9.80616 * (1.434 - dry) / dry
    alpha = 0.5 * math.log10(reduced * volume ** (1.0 / 3.0) / wind**2)
    rows = [row for row in kit.table("britter_mcquaid_cases.csv") if row["kind"] == "puff"]
    assert len(rows) == 4
    for row in rows:
        t = float(row["time [s]"])
        radius = math.sqrt((3.0 * volume / (4.0 * math.pi)) ** (2.0 / 3.0) + 1.2 * t * math.sqrt(reduced * volume))
        front = 0.4 * wind * t + radius
        found = puff_dilution(front / volume ** (1.0 / 3.0), alpha) / 16.4
        assert found == pytest.approx(float(row["expected"]), rel=float(row["tolerance"]))


@pytest.mark.parametrize("dilution", [plume_dilution, puff_dilution])
@pytest.mark.parametrize("alpha", [-1.0, -0.4, -0.2, 0.3, 0.7, 1.0])
def test_a_cloud_thins_from_one_with_the_square_of_distance_in_the_end(dilution, alpha):
    reach = np.geomspace(1e-3, 1e4, 4000)
    ratio = dilution(reach, alpha)
    assert ratio[0] == pytest.approx(1.0, abs=1e-5)
    assert (np.diff(ratio) <= 0.0).all()
    assert dilution(2e4, alpha) == pytest.approx(ratio[-1] / 4.0)


def test_the_plume_by_hand(air):
    # chlorine of 250 K: 101325 x 0.070906/(8.3145 x 250) = 3.456 kg/m³, 20 kg/s are 5.787 m³/s; air 1.2041 kg/m³;
    # g' = 9.80665 (3.456/1.2041 - 1) = 18.34; D = (5.787/4)^(1/2) = 1.2028 m; l = 18.34 x 5.787/64 = 1.6583 m;
    # alpha = 0.2 log10(18.34² x 5.787/1024) = 0.0558: the curve of 1/100 is met at beta = 2.35 - 0.52 x 0.0558 = 2.321,
    # x = 251.9 m
    cloud = BritterMcQuaid().disperse(chlorine(), air)
    gas = substance("chlorine").gas_density(air.temperature, air.pressure)
    assert cloud.concentration(251.9, 0.0, 0.0, 250.0) / gas == pytest.approx(0.01, rel=2e-3)
    half, upwind = plume_extent(251.9, length=1.2028, buoyancy=1.6583)
    assert half == pytest.approx(1.2028 + 8 * 1.6583 + 2.5 * (1.6583 * 251.9**2) ** (1.0 / 3.0))
    assert upwind == pytest.approx(0.6014 + 3.3166)
    across = cloud.concentration(251.9, np.array([0.0, half - 0.1, half + 0.1]), 0.0, 250.0)
    assert across[0] == across[1] > across[2] == 0.0
    back = cloud.concentration(np.array([-upwind + 0.05, -upwind - 0.05]), 0.0, 0.0, 100.0)
    assert back[0] == pytest.approx(gas)  # undiluted
    assert back[1] == 0.0
    # the thermal correction: 1/100 of the volume holds 293.15/250 as many moles
    warm = BritterMcQuaid(thermal=True).disperse(chlorine(), air)
    c = 0.01 / (0.01 + 0.99 * 250.0 / 293.15)
    assert warm.concentration(251.9, 0.0, 0.0, 250.0) / gas == pytest.approx(c, rel=2e-3)


def test_arrival_and_departure(air):
    # 2.5 x/u = 62.5 s to 100 m; the release ends at 300 s
    cloud = BritterMcQuaid().disperse(chlorine(), air)
    seen = cloud.concentration(100.0, 0.0, 0.0, np.array([62.4, 62.6, 362.4, 362.6])) > 0.0
    assert seen.tolist() == [False, True, True, False]
    # u T0/x = 4 x 300/x is 2.5 at 480 m and 0.6 at 2000 m: beyond, only the puff of all the mass, after its end
    t = np.arange(0.0, 3000.0, 1.0)
    far = cloud.concentration(2100.0, 0.0, 0.0, t)
    first = t[far > 0.0][0]
    whole = BritterMcQuaid().disperse(burst(mass=6000.0), air)
    alone = whole.concentration(2100.0, 0.0, 0.0, t)
    assert first > 300.0
    assert np.array_equal(far, alone)
    between = cloud.concentration(900.0, 0.0, 0.0, t)
    assert between.max() >= whole.concentration(900.0, 0.0, 0.0, t).max()


def test_the_plume_carries_what_is_released(air):
    # concentration x width x height x speed (0.4 u) at three distances, edges by bisection to a millimetre
    cloud = BritterMcQuaid().disperse(chlorine(), air)

    def edge(where):
        low, high = 0.0, 2000.0
        while high - low > 1e-3:
            middle = 0.5 * (low + high)
            low, high = (middle, high) if where(middle) > 0.0 else (low, middle)
        return low

    for x in (5.0, 60.0, 400.0):
        t = 2.5 * x / 4.0 + 1.0
        c = float(cloud.concentration(x, 0.0, 0.0, t))
        wide = 2.0 * edge(lambda y, x=x, t=t: cloud.concentration(x, y, 0.0, t))
        deep = edge(lambda z, x=x, t=t: cloud.concentration(x, 0.0, z, t))
        assert c * wide * deep * 0.4 * 4.0 == pytest.approx(20.0, rel=0.01)


def test_the_puff_holds_what_was_released(air):
    cloud = BritterMcQuaid().disperse(burst(), air)
    for t in (10.0, 120.0, 900.0):
        grid = np.linspace(-1500.0, 3000.0, 4501)
        row = cloud.concentration(grid, 0.0, 0.0, t)
        diameter = (row > 0.0).sum() * 1.0  # m, cells of 1 m
        c = row.max()
        centre = 0.4 * 4.0 * t
        low, high = 0.0, 100.0
        while high - low > 1e-4:
            middle = 0.5 * (low + high)
            low, high = (middle, high) if cloud.concentration(centre, 0.0, middle, t) > 0.0 else (low, middle)
        assert c * math.pi / 4.0 * diameter**2 * low == pytest.approx(5000.0, rel=2.5 / diameter)
    assert cloud.mass_in_air(-1.0) == 0.0
    assert cloud.mass_in_air(10.0) == 5000.0


def test_a_cut_leaves_the_past_as_it_was(air):
    whole, cut = (BritterMcQuaid().disperse(r, air) for r in (chlorine(), chlorine().cut(120.0)))
    x, y = np.meshgrid(np.linspace(-20.0, 600.0, 63), np.linspace(-150.0, 150.0, 31))
    for t in (0.0, 40.0, 119.9):
        before = cut.concentration(x, y, 0.05, t)
        assert np.array_equal(whole.concentration(x, y, 0.05, t), before)
        assert (before > 0.0).any()
    nothing = BritterMcQuaid().disperse(chlorine().cut(-1.0), air)
    assert not nothing.concentration(x, y, 0.0, 60.0).any()
    assert nothing.footprint(1e-3, height=0.0).area == 0.0


def test_droplets_become_the_mixture_of_the_desert_tortoise(kit):
    # The equivalent source of that series (Jack Rabbit III source document, quoted by slabx): flashed at 237.7 K with
    # 0.18 to 0.20 vapour, evaporated at 204 to 206 K with 14 mol % ammonia and 1.46 kg/m³. Air of trial 4: 306.2 K; its
    # pressure is not in the table, the site lies at 900 m or about 909 hPa.
    state = kit.weather(temperature=306.2, pressure=90900.0)
    source = dense_source(kit.release(temperature=237.7, vapour_fraction=0.19), state)
    assert 203.5 <= source.temperature <= 206.5
    assert source.mole_fraction == pytest.approx(0.14, abs=0.007)
    assert source.density == pytest.approx(1.46, abs=0.05)
    # what is in the mixture is what was released
    molar = source.mole_fraction * 90900.0 / (8.314463 * source.temperature)
    assert 1.0 / source.volume_per_mass == pytest.approx(molar * substance("ammonia").molar_mass, rel=1e-6)


def test_it_refuses_what_the_curves_do_not_cover(kit, air):
    screen = model("britter_mcquaid")
    ammonia = kit.release(z=0.0)  # lighter than air
    with pytest.raises(ModelError, match=r'not heavier than the air.*gaussian_plume"'):
        screen.disperse(ammonia, air)
    with pytest.raises(
        ModelError, match=r'buoyancy number of the release is 0\.\d+ -> .*from 0.15 up.*"gaussian_plume'
    ):
        screen.disperse(chlorine(mass_rate=1e-5), air)
    with pytest.raises(ModelError, match=r'from 0.2 up.*"gaussian_puff'):
        screen.disperse(burst(mass=1e-4), air)
    with pytest.raises(ModelError, match=r"alpha is 1\.\d+ with a wind.*end at alpha = 1.*dense_gas"):
        screen.disperse(chlorine(mass_rate=200.0), replace(air, wind_speed=0.6))
    with pytest.raises(ModelError, match="no wind"):
        screen.disperse(chlorine(), replace(air, wind_speed=0.0))
    with pytest.raises(ModelError, match="not steady"):
        screen.disperse(replace(chlorine(), edges=[0.0, 10.0, 20.0], mass_rates=[1.0, 2.0]), air)
    with pytest.raises(ModelError, match="weather changes"):
        screen.disperse(chlorine(), WeatherSeries((0.0, 60.0), (air, replace(air, wind_speed=5.0))))
    fluoride = Release.steady(substance("hydrogen fluoride"), x=0, y=0, z=0, mass_rate=10.0, duration=60.0)
    with pytest.raises(ModelError, match="forms clusters"):
        screen.disperse(fluoride, air)
    with pytest.raises(ModelError, match="thermal is 1"):
        model("britter_mcquaid", thermal=1)


def test_the_footprint_reaches_as_far_as_the_curve(air):
    cloud = BritterMcQuaid().disperse(chlorine(), air)
    gas = substance("chlorine").gas_density(air.temperature, air.pressure)
    area = cloud.footprint(0.01 * gas, height=0.0, spacing=2.0)
    assert area.reach == pytest.approx(251.9, abs=4.0 + 30.0)  # corner of the rectangle: a little more than the axis
    assert area.polygon.bounds[2] == pytest.approx(251.9, abs=3.0)  # one cell and a half
    assert not area.touches_border
    puff = BritterMcQuaid().disperse(burst(), air).footprint(0.01 * gas, height=0.0, spacing=2.0)
    assert puff.area > 0.0
    assert not puff.touches_border
    assert "uniform depth" in area.warnings[0]
    # the last curve, 1/500, at alpha = 0.0558: beta = 2.71 - 0.50 x 0.0558 = 2.682, x = 1.2028 x 10^2.682 = 578 m
    assert "the curves end at 578 m" in area.warnings[1]
    assert cloud.valid_range["distance"][1] == pytest.approx(578.5, abs=0.5)
    raised = BritterMcQuaid().disperse(chlorine(z=20.0), air)
    assert any("taken down" in text for text in raised.warnings)
    again = pickle.loads(pickle.dumps(cloud))
    assert again.concentration(80.0, 3.0, 0.1, 120.0) == cloud.concentration(80.0, 3.0, 0.1, 120.0) > 0.0


def spilled(kit, *, thermal):
    """Observed and predicted largest fraction [vol %] on the arcs around the spills of LNG, and the trial."""
    found = []
    methane = substance("methane")
    for row in kit.table("dense_gas_lng_trials.csv"):
        state = kit.weather(
            wind_speed=float(row["wind_m_s"]), wind_height=float(row["wind_height_m"]), stability=None,
            obukhov_length=float(row["obukhov_m"]), roughness_length=float(row["roughness_m"]),
            temperature=float(row["temperature_K"]), pressure=float(row["pressure_Pa"]),
        )  # fmt: skip
        pool = Release.steady(
            methane, x=0.0, y=0.0, z=0.0, mass_rate=float(row["rate_kg_s"]), duration=float(row["duration_s"]),
            temperature=methane.boiling_point,
        )  # fmt: skip
        cloud = BritterMcQuaid(thermal=thermal).disperse(pool, state)
        pure = methane.gas_density(state.temperature, state.pressure)
        for arc in kit.table("dense_gas_lng_arcs.csv"):
            if arc["trial"] == row["trial"]:
                passing = cloud.concentration(float(arc["distance_m"]), 0.0, 0.0, np.arange(0.0, 2000.0, 2.0))
                found.append((float(arc["percent"]), 100.0 * passing.max() / pure, row["trial"]))
    return zip(*found, strict=True)


@pytest.mark.validation
def test_arcs_of_spilled_lng(kit):
    # what a screening model reaches: the protocol for LNG asks FAC2 >= 0.5, MG from 0.67 to 1.5, VG < 3.3, |MRB| < 0.4
    # and MRSE < 2.3 (Ivings et al. 2007); without the thermal correction the curves meet it, with it they do not
    found = performance(*spilled(kit, thermal=False))
    assert found.n == 25
    assert found.fac2 >= 0.75
    assert 0.8 < found.mg < 1.25
    assert found.vg < 1.6
    assert abs(found.mrb) < 0.4
    assert found.mrse < 2.3
    warm = performance(*spilled(kit, thermal=True))
    assert warm.mg < 0.67
    assert warm.fac2 < 0.5
