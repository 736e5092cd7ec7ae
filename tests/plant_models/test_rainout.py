"""Droplets and rain-out against limits of drag, wet-bulb physics, a field trial and their own conservation laws."""

from __future__ import annotations

import csv
import json
import math
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plant_models.expansion import Jet, Throat, expand
from plant_models.rainout import (
    RAIN_OUT_METHODS,
    _Setting,
    _sizes,
    _surroundings,
    droplet,
    rain_out,
    terminal_velocity,
)
from plant_models.substances import substance
from twin.errors import ModelError, UnitError

AIR = 101325.0
CASES = Path(__file__).resolve().parents[1] / "validation" / "flash_cases.csv"
AIR_AT_20 = {"liquid_density": 998.2, "gas_density": 1.199, "gas_viscosity": 1.82e-5}


def published(kind: str) -> list[dict[str, str]]:
    lines = CASES.read_text(encoding="utf-8").splitlines()
    return [row for row in csv.DictReader(line for line in lines if not line.startswith("#")) if row["kind"] == kind]


def name(row: dict[str, str]) -> str:
    return f"{row['case']}-{row['quantity']}-{json.loads(row['inputs']).get('diameter', '')}"


@lru_cache
def jet(which: str, temperature: float, hole: float = 0.025, pressure: float | None = None) -> Jet:
    """A liquid through a sharp-edged hole, from a vessel at its own vapour pressure unless given."""
    s = substance(which)
    density = s.liquid_density(temperature)
    velocity = math.sqrt(2.0 * ((pressure or s.vapour_pressure(temperature)) - AIR) / density)
    throat = Throat(
        mass_rate=0.61 * 0.25 * math.pi * hole**2 * density * velocity,
        pressure=AIR,
        velocity=velocity,
        density=density,
        temperature=temperature,
        vapour_fraction=0.0,
    )
    return expand(throat, s)


def desert_tortoise() -> Jet:
    s, area = substance("ammonia"), 0.25 * math.pi * 0.081**2
    density = s.liquid_density(294.0)
    throat = Throat(
        mass_rate=79.7,
        pressure=s.vapour_pressure(294.0),
        velocity=79.7 / (density * area),
        density=density,
        temperature=294.0,
        vapour_fraction=0.0,
    )
    return expand(throat, s, ambient_pressure=92206.0)


def test_a_boiling_jet_is_torn_by_the_air():
    # We = 15: d = 15 σ/(ρa u²); ammonia at 240 K has σ = 0.0341 N/m, air at 20 degC 1.204 kg/m3.
    boiling = jet("ammonia", 293.15)
    size = droplet(boiling, substance("ammonia"), air_temperature=293.15)
    assert size.breakup == "aerodynamic"
    # 0.5 %: surface tension to three figures
    assert size.diameter == pytest.approx(15 * 0.0341 / (1.204 * boiling.velocity**2), rel=5e-3)
    twice = droplet(boiling, substance("ammonia"), air_temperature=293.15, weber=30.0)
    assert twice.diameter == pytest.approx(2.0 * size.diameter, rel=1e-12)


def test_a_slow_stream_drips():
    # Water at 2 m/s through 10 mm: stream 7.81 mm, We = 998 x 4 x 0.00781/0.0727 = 429 < 1e6 x 15580^-0.45 = 12970,
    # so 1.88 x 7.81 mm x (1 + 3 sqrt(429)/15580)^(1/6) = 14.69 mm (0.5 %: properties to three figures).
    slow = jet("water", 293.15, hole=0.01, pressure=AIR + 0.5 * 998.2 * 4.0)
    size = droplet(slow, substance("water"), air_temperature=293.15)
    assert size.breakup == "capillary"
    assert size.diameter == pytest.approx(0.01469, rel=5e-3)


def test_limits_of_the_fall_velocity():
    # Stokes: g Δρ d²/(18 μ); at 10 µm Re is 0.002, which raises the drag by 0.15 x 0.002^0.687 = 0.2 %
    stokes = 9.80665 * (998.2 - 1.199) * 1e-10 / (18.0 * 1.82e-5)
    assert terminal_velocity(1e-5, **AIR_AT_20) == pytest.approx(stokes, rel=5e-3)
    # Newton: sqrt(4/3 g Δρ d/(0.44 ρ)) for a ball of 20 mm
    newton = math.sqrt(4.0 / 3.0 * 9.80665 * (998.2 - 1.199) * 0.02 / (0.44 * 1.199))
    assert terminal_velocity(0.02, **AIR_AT_20) == pytest.approx(newton, rel=1e-12)
    assert terminal_velocity(0.0, **AIR_AT_20) == 0.0
    assert terminal_velocity(0.001, liquid_density=1.0, gas_density=1.2) == 0.0


@given(d=st.floats(1e-6, 0.02), factor=st.floats(1.001, 2.0))
@settings(deadline=None, max_examples=50)
def test_weight_and_drag_are_in_balance_and_large_drops_fall_faster(d, factor):
    velocity = terminal_velocity(d, **AIR_AT_20)
    reynolds = 1.199 * velocity * d / 1.82e-5
    drag = 0.44 if reynolds > 998.0 else 24.0 / reynolds * (1.0 + 0.15 * reynolds**0.687)
    weight = (998.2 - 1.199) * 9.80665 * d * 4.0 / 3.0
    # 0.5 %: the two branches of the drag meet at Re = 997 to 1000 within that
    assert drag * 1.199 * velocity**2 == pytest.approx(weight, rel=5e-3)
    assert terminal_velocity(d * factor, **AIR_AT_20) > velocity


@pytest.mark.validation
@pytest.mark.parametrize("row", published("fall"), ids=name)
def test_published_fall_velocities(row):
    got = terminal_velocity(**json.loads(row["inputs"]), **AIR_AT_20)
    assert got == pytest.approx(float(row["expected"]), abs=float(row["tolerance"]))


def setting(expanded: Jet, which: str, air_temperature: float) -> _Setting:
    s = substance(which)
    size = droplet(expanded, s, air_temperature=air_temperature)
    return _Setting(expanded, s, 1.0, air_temperature, 0.0, 1, size)


def test_a_drop_of_water_takes_the_wet_bulb_temperature():
    # Dry air at 20 degC around a drop in still air: λ (T - Tw) = L ρD e_s/p M_w/M_a. With λ = 0.0250 W/m/K,
    # ρD = 1.22 x 2.4e-5 kg/m/s and L = 2.48 MJ/kg that is 56.1 Pa/K x (20 - 4.8) = 853 Pa = e_s(4.8 degC).
    # 0.5 K: properties to two figures. A psychrometer, warmed by radiation, shows 6.0 degC (66.9 Pa/K, WMO No. 8).
    water = jet("water", 293.15, hole=0.01, pressure=5e5)
    state = _surroundings(setting(water, "water", 293.15), 1e6, 1.0)
    assert state.gas_temperature == pytest.approx(293.15, abs=0.01)
    assert state.droplet_temperature == pytest.approx(273.15 + 4.8, abs=0.5)


@pytest.mark.validation
def test_published_state_where_the_ammonia_has_evaporated():
    # Equilibrium: the dilution at which, all of it evaporated, gas and droplets have the same temperature.
    from scipy.optimize import brentq

    rows = {row["quantity"]: row for row in published("evaporated")}
    air_temperature = json.loads(rows["droplet_temperature"]["inputs"])["air_temperature"]
    case = setting(desert_tortoise(), "ammonia", air_temperature)

    def apart(air):
        state = _surroundings(case, air, 1e-9)
        return state.gas_temperature - state.droplet_temperature

    state = _surroundings(case, brentq(apart, 5.0, 20.0), 1e-9)
    for quantity, row in rows.items():
        assert getattr(state, quantity) == pytest.approx(float(row["expected"]), abs=float(row["tolerance"]))


def test_droplets_of_ammonia_evaporate_before_they_land():
    result = rain_out(desert_tortoise(), substance("ammonia"), height=0.79, method="trajectory", air_temperature=306.0)
    assert result.fraction == 0.0
    assert "evaporated" in result.reason
    # they need all the air it takes to boil them off (10 kg a kg, see above), so no less than 10/0.32 source diameters
    # of a jet as light as air would need: x = 11.4 d/0.32 sqrt(ρ0/ρa)
    expanded = desert_tortoise()
    air_density = 92206.0 * 0.0289652 / (8.31446 * 306.0)
    assert result.distance > 11.4 * expanded.diameter / 0.32 * math.sqrt(expanded.density / air_density)


def test_evaporation_keeps_the_energy_of_the_jet():
    # By hand, from liquid ammonia at the jet's temperature: what the air gives up is what the vapour takes.
    expanded = desert_tortoise()
    case = setting(expanded, "ammonia", 306.0)
    s, state = substance("ammonia"), _surroundings(case, 10.0, 0.3)
    t, x = expanded.temperature, expanded.vapour_fraction
    liquid = 0.3 * (1.0 - x)
    heat = s.gas_heat_capacity(0.5 * (t + 306.0))  # one value on the way to the air's temperature
    taken = (1.0 - liquid - x) * s.latent_heat(t) + (1.0 - liquid) * heat * (state.gas_temperature - t)
    taken += liquid * s.liquid_heat_capacity(t) * (state.droplet_temperature - t)
    assert taken == pytest.approx(10.0 * 1006.0 * (306.0 - state.gas_temperature), rel=1e-9)


def test_nothing_rains_out_of_a_gas():
    dry = replace(jet("propane", 293.15), vapour_fraction=1.0, phase="gas")
    for method in RAIN_OUT_METHODS:
        result = rain_out(dry, substance("propane"), height=1.0, air_temperature=293.15, method=method)
        assert (result.fraction, result.vapour, result.droplets) == (0.0, 1.0, 0.0)
        assert "no liquid" in result.reason
    with pytest.raises(ModelError, match="no liquid"):
        droplet(dry, substance("propane"), air_temperature=293.15)


@given(x=st.floats(0.0, 0.999), method=st.sampled_from(["twice_flash", "all_airborne"]))
@settings(deadline=None, max_examples=50)
def test_rules_of_thumb_keep_the_mass(x, method):
    wet = replace(jet("chlorine", 293.15), vapour_fraction=x)
    result = rain_out(wet, substance("chlorine"), height=1.0, air_temperature=293.15, method=method)
    assert result.fraction + result.vapour + result.droplets == pytest.approx(1.0, abs=1e-12)
    assert result.airborne == pytest.approx(1.0 - result.fraction, abs=1e-12)
    assert min(result.fraction, result.vapour, result.droplets) >= 0.0
    airborne = {"twice_flash": min(1.0, 2 * x), "all_airborne": 1.0}[method]  # Kletz 1977, by hand
    assert result.airborne == pytest.approx(airborne, abs=1e-12)


def test_trajectories_keep_the_mass_and_fewer_drops_land_from_higher_up():
    s, previous = substance("chlorine"), 1.0
    for height in (0.0, 0.3, 1.0, 2.0, 20.0):
        result = rain_out(jet("chlorine", 293.15), s, height=height, air_temperature=293.15, method="trajectory")
        assert result.fraction + result.vapour + result.droplets == pytest.approx(1.0, abs=1e-12)
        assert result.fraction < previous
        assert (result.fraction > 0.0) == ("lands" in result.reason)
        previous = result.fraction
    assert previous == 0.0
    at_the_ground = rain_out(jet("chlorine", 293.15), s, height=0.0, air_temperature=293.15, method="trajectory")
    assert at_the_ground.droplets == pytest.approx(0.0, abs=1e-12)


def test_hotter_chlorine_rains_out_less():
    s = substance("chlorine")
    fractions = [
        rain_out(jet("chlorine", t), s, height=1.0, air_temperature=293.15, method="trajectory").fraction
        for t in (245.0, 265.0, 285.0, 305.0)
    ]
    assert all(a > b for a, b in pairwise(fractions))
    assert all(0.0 <= f <= 1.0 for f in fractions)


def test_a_drop_that_hardly_evaporates_falls_as_a_stone():
    # Water drops from 1 m: fall at terminal velocity all the way, nearly all of it lands.
    water = jet("water", 283.15, hole=0.01, pressure=5e5)
    result = rain_out(water, substance("water"), height=1.0, air_temperature=283.15, method="trajectory")
    velocity = terminal_velocity(
        result.droplet_diameter, liquid_density=999.7, gas_density=1.247, gas_viscosity=1.77e-5
    )
    assert result.fraction > 0.99
    # 2 %: the gas is a little moist and cold
    assert result.time == pytest.approx(1.0 / velocity, rel=0.02)


def test_wind_carries_the_drops_on():
    s, wet = substance("chlorine"), jet("chlorine", 285.0)
    calm, windy = (
        rain_out(wet, s, height=1.0, air_temperature=293.15, method="trajectory", wind_speed=u) for u in (0.0, 8.0)
    )
    assert windy.distance > calm.distance


def test_classes_follow_the_published_distribution():
    sizes = np.array(_sizes(1.0, 2000))
    assert np.all(np.diff(sizes) > 0.0)
    # Equal masses: the Sauter mean is n / Σ 1/d. The constants 0.422 and 5.32 are meant to give 1; they give
    # 0.422^(-1/5.32) / Γ(1 - 1/5.32) = 1.176/1.155 = 1.018 (0.2 %: classes of finite width).
    assert len(sizes) / np.sum(1.0 / sizes) == pytest.approx(
        0.422 ** (-1 / 5.32) / math.gamma(1.0 - 1.0 / 5.32), rel=2e-3
    )
    s, wet = substance("chlorine"), jet("chlorine", 293.15)
    one, six = (
        rain_out(wet, s, height=1.5, air_temperature=293.15, method="trajectory", droplet_classes=n) for n in (1, 6)
    )
    assert six.fraction != one.fraction
    assert six.fraction == pytest.approx(one.fraction, rel=0.5)  # the same mean
    assert six.fraction + six.vapour + six.droplets == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"height": -1.0}, "height"),
        ({"height": math.nan}, "height"),
        ({"air_temperature": 20.0}, "air_temperature"),
        ({"wind_speed": -1.0}, "wind_speed"),
        ({"weber": 100.0}, "weber"),
        ({"droplet_classes": 0}, "droplet_classes"),
        ({"method": "trajectories"}, "no method"),
    ],
)
def test_bad_input_gets_one_clear_error(change, word):
    given = {"height": 1.0, "air_temperature": 293.15, "method": "trajectory"} | change
    with pytest.raises(ModelError, match=word) as caught:
        rain_out(jet("chlorine", 293.15), substance("chlorine"), **given)
    assert "->" in str(caught.value)  # says how to mend it


def test_a_table_that_ends_too_early_is_not_stretched():
    # The vapour pressure of nitric acid begins at 274 K; the wet bulb of its drops in cold air lies below.
    cold = jet("nitric acid", 276.0, pressure=4e5)
    with pytest.raises(ModelError, match="nitric acid"):
        rain_out(cold, substance("nitric acid"), height=1.0, air_temperature=265.0, method="trajectory")


def test_text_is_no_height():
    with pytest.raises(UnitError, match="text"):
        rain_out(
            jet("chlorine", 293.15), substance("chlorine"), height="1 m", air_temperature=293.15, method="trajectory"
        )
    with pytest.raises(ModelError, match="diameter"):
        terminal_velocity(math.nan, **AIR_AT_20)
