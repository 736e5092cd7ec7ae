"""Vessels that empty: an experiment, closed forms, balances that can fail, and what ends a run."""

from __future__ import annotations

import csv
import dataclasses
import functools
import math
from pathlib import Path

import CoolProp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from plant_models import vessel_contents
from plant_models.blowdown import BlowDown, Opening, Wall, blow_down
from plant_models.discharge import GRAVITY
from plant_models.fluids import critical_flux, fluid
from plant_models.substances import substance
from plant_models.vessels import Vessel
from twin.errors import ModelError, UnitError

EXPERIMENT = Path(__file__).resolve().parents[1] / "validation" / "vessel_blow_down.csv"
AIR = 101325.0
BOTTLE = Vessel(axis="vertical", diameter=0.273, length=1.524, heads="flat")
BULLET = Vessel(axis="horizontal", diameter=2.0, length=6.0, heads="ellipsoidal")
TANK = Vessel(axis="vertical", diameter=3.0, length=6.0, heads="flat")


def opening(diameter=0.05, height=0.2, **changes) -> Opening:
    return Opening(
        **({"diameter": diameter, "height": height, "gas_coefficient": 1.0, "liquid_coefficient": 0.61} | changes)
    )


@functools.cache
def bullet(name, *, hole=None, temperature=293.15, over=0.0, liquid_height=1.6, until=7200.0, **changes) -> BlowDown:
    of = substance(name)
    pressure = changes.pop("pressure", None) or of.vapour_pressure(temperature) + over
    return blow_down(
        of,
        vessel=BULLET,
        opening=hole or opening(),
        pressure=pressure,
        temperature=temperature,
        liquid_height=liquid_height,
        until=until,
        ambient_pressure=AIR,
        **changes,
    )


def nitrogen_bottle(*, until=100.0) -> BlowDown:
    outer, inner = 0.1615, 0.1365
    steel = 7800.0 * math.pi * ((outer**2 - inner**2) * 1.524 + 2.0 * inner**2 * 0.025)
    return blow_down(
        substance("nitrogen"),
        vessel=BOTTLE,
        opening=Opening(diameter=0.00635, height=1.5, gas_coefficient=0.8, liquid_coefficient=0.8),
        pressure=1.5e7,
        temperature=288.0,
        until=until,
        wall=Wall(mass=steel, heat_capacity=500.0, air_temperature=288.0, outside_coefficient=8.0),
        ambient_pressure=101300.0,
    )


def measured(quantity: str) -> tuple[np.ndarray, np.ndarray]:
    rows = csv.DictReader(
        line for line in EXPERIMENT.read_text(encoding="utf-8").splitlines() if not line.startswith("#")
    )
    return tuple(np.array([(float(r["time"]), float(r["value"])) for r in rows if r["quantity"] == quantity]).T)


@pytest.fixture(scope="module")
def bottle() -> BlowDown:
    return nitrogen_bottle()


@pytest.mark.validation
def test_nitrogen_from_150_bar(bottle):
    """Measured: pressure, the gas at two places, the wall.

    HydDown 0.50.0 with its example of this bottle (energy balance, orifice formula of a perfect gas, 0.05 s): 94.7,
    65.1, 35.8, 14.1 bar at 5, 10, 20, 40 s, least gas temperature 192.4 K, wall 284.7 K at the end. Here 92.6, 62.7,
    34.1, 13.6 bar, 188.1 K and 284.9 K: along the real isentrope 6 % more flows at first.
    """
    times, pressure = measured("pressure")
    early = times < 40.0
    found = np.interp(times, bottle.times, bottle.pressure)
    # 20 % of the first pressure is asked for; it is 3.8 % at most, at 15 s. Relative to the pressure of the moment the
    # vessel empties too fast: 3 % low at first, 22 % at 40 s, 34 % at 98 s.
    assert np.abs(found - pressure)[early].max() < 0.05 * 1.5e7
    low = measured("gas_temperature_low")[1].min()  # 187.7 K; the higher of the two thermometers reads 206.7 K
    assert bottle.temperature.min() == pytest.approx(low, abs=15.0)
    assert abs(bottle.temperature.min() - low) < 2.0  # 188.1 K
    # The wall is one lump: 284.7 K at least, between the 280.1 and 284.4 K measured low and high.
    assert 280.0 < bottle.wall_temperature.min() < 285.5
    for time, pressure, temperature in (
        (5.0, 94.7, 252.5),
        (10.0, 65.1, 229.1),
        (20.0, 35.8, 203.7),
        (40.0, 14.1, 192.6),
    ):
        assert np.interp(time, bottle.times, bottle.pressure) / 1e5 == pytest.approx(pressure, abs=0.03 * 150.0)
        assert np.interp(time, bottle.times, bottle.temperature) == pytest.approx(temperature, abs=6.0)


# --- balances


def test_mass_and_energy_close(bottle):
    runs = (
        bottle,
        bullet("chlorine"),
        bullet("chlorine", over=2e5, hole=opening(length=0.05)),
        bullet("ammonia", hole=opening(height=1.9)),
    )
    for run in runs:
        assert run.mass_closure < 1e-12
        assert run.energy_closure < 1e-12


def test_the_closures_notice_a_slip_of_the_bookkeeping(bottle):
    """Both sides of a balance are integrated alike, so a wrong enthalpy is not seen here but by the closed forms
    below."""
    assert dataclasses.replace(bottle, released=bottle.released * (1.0 + 1e-5)).mass_closure > 1e-6
    assert dataclasses.replace(bottle, carried=bottle.carried * (1.0 + 1e-5)).energy_closure > 1e-6
    assert dataclasses.replace(bottle, heat=bottle.heat * (1.0 + 1e-5)).energy_closure > 1e-6


def test_the_balances_hold_from_the_samples_alone(bottle):
    """Independent of the integrator: sums over the samples, and the energy of the equation of state at each sample."""
    wet = bullet("chlorine")
    for run in (bottle, wet):
        out = np.trapezoid(run.mass_rate, run.times)
        assert out == pytest.approx(run.released[-1], rel=1e-2)  # trapezoids of forty to a hundred samples
        assert np.trapezoid(run.mass_rate * run.enthalpy, run.times) == pytest.approx(run.carried[-1], rel=1e-2)
    state = CoolProp.AbstractState("HEOS", "Nitrogen")
    for k in range(0, bottle.times.size, 10):
        state.update(CoolProp.DmassT_INPUTS, bottle.mass[k] / BOTTLE.volume, bottle.temperature[k])
        assert bottle.energy[k] == pytest.approx(bottle.mass[k] * state.umass(), rel=1e-6)
        assert bottle.pressure[k] == pytest.approx(state.p(), rel=1e-6)
    # The wall gives what it loses, less what the air gives it.
    assert bottle.heat[-1] > 0.0


def full_search(run, name, vessel, area, ambient):
    """Mass rates at the samples from a search over all pressures."""
    real, rates = fluid(substance(name)), []
    for mass, energy in zip(run.mass, run.energy, strict=True):
        inside = real.at_du(mass / vessel.volume, energy / mass)
        if inside.vapour_fraction is not None:
            inside = real.at_tx(inside.temperature, 1.0)
        rates.append(area * critical_flux(real, inside, ambient)[0])
    return np.array(rates)


def test_the_search_near_the_last_throat_is_the_full_search(bottle):
    expected = full_search(bottle, "nitrogen", BOTTLE, 0.8 * math.pi / 4.0 * 0.00635**2, 101300.0)
    flows = bottle.mass_rate > 0.0
    np.testing.assert_allclose(bottle.mass_rate[flows], expected[flows], rtol=1e-9)
    # From the dense side of the dome the throat sits at the kink where boiling begins, known to 1e-6 of the pressure.
    dense = bullet("carbon dioxide", pressure=1.5e7, temperature=310.0, liquid_height=0.0, hole=opening(height=1.999))
    expected = full_search(dense, "carbon dioxide", BULLET, math.pi / 4.0 * 0.05**2, AIR)
    np.testing.assert_allclose(dense.mass_rate[:-1], expected[:-1], rtol=1e-6)


# --- closed forms


def helium_off() -> tuple[float, float]:
    """Largest deviations of pressure and temperature from the adiabatic blow-down of a perfect gas, choked.

    p/p₀ = (1 + (γ-1)/2 (2/(γ+1))^((γ+1)/(2(γ-1))) a₀ A t/V)^(-2γ/(γ-1)), and T/T₀ the same to -2.
    """
    helium, gamma = substance("helium"), 5.0 / 3.0
    run = blow_down(
        helium,
        vessel=BOTTLE,
        opening=opening(diameter=0.002, height=1.0),
        pressure=2e5,
        temperature=300.0,
        until=40.0,
        ambient_pressure=3e4,
    )
    sound = math.sqrt(gamma * 8.314462618 / helium.molar_mass * 300.0)
    pace = (gamma - 1.0) / 2.0 * (2.0 / (gamma + 1.0)) ** ((gamma + 1.0) / (2.0 * (gamma - 1.0)))
    fall = 1.0 + pace * sound * math.pi / 4.0 * 0.002**2 * run.times / BOTTLE.volume
    choked = run.pressure > 2.06 * 3e4
    assert choked.sum() > 20
    assert run.pressure.min() < 1e5
    pressure = run.pressure / (2e5 * fall ** (-2.0 * gamma / (gamma - 1.0))) - 1.0
    temperature = run.temperature / (300.0 * fall**-2.0) - 1.0
    return float(np.abs(pressure[choked]).max()), float(np.abs(temperature[choked]).max())


def test_an_adiabatic_perfect_gas():
    assert max(helium_off()) < 2e-3  # Z of helium at 2 bar is 1.001


def test_a_wrong_enthalpy_is_noticed(monkeypatch):
    right = vessel_contents.VesselContents.outflow

    def wrong(self, state, *, under):  # the work of pushing the gas out is forgotten
        flow, enthalpy, work = right(self, state, under=under)
        return flow, enthalpy - state.pressure / state.density, work

    monkeypatch.setattr(vessel_contents.VesselContents, "outflow", wrong)
    assert max(helium_off()) > 0.1


def test_a_heavy_wall_holds_the_temperature():
    """A wall of great mass around a slow leak: the gas follows an isotherm more than an isentrope, and mass falls as
    exp(-t/τ) in the limit."""
    case = {
        "vessel": BOTTLE,
        "opening": opening(diameter=0.0003, height=1.0),
        "pressure": 1e6,
        "temperature": 300.0,
        "until": 1000.0,
        "ambient_pressure": AIR,
    }
    wall = Wall(mass=1e5, heat_capacity=500.0, air_temperature=300.0, outside_coefficient=0.0)
    run, cold = blow_down(substance("helium"), wall=wall, **case), blow_down(substance("helium"), **case)
    choked = (
        0.7262 * 1e6 / math.sqrt(8.314462618 * 300.0 / 0.004002602) * math.pi / 4.0 * 0.0003**2
    )  # γ = 5/3: (5/3)^½ (3/4)² = 0.7262
    decay = choked / run.mass[0]
    assert run.temperature.min() > 297.5
    assert cold.temperature.min() < 290.0
    assert run.mass[-1] == pytest.approx(
        run.mass[0] * math.exp(-decay * 1000.0), rel=5e-3
    )  # 0.7 % colder: 0.35 % slower


def test_a_vented_tank_follows_torricelli():
    """Standing cylinder: t = A/(Cd a) sqrt(2/g) (sqrt(h₀) - sqrt(h₁))."""
    run = blow_down(
        substance("acrylonitrile"),
        vessel=TANK,
        opening=opening(height=0.5),
        pressure=AIR,
        temperature=293.15,
        liquid_height=4.5,
        until=1e5,
        vented=True,
        ambient_pressure=AIR,
    )
    ratio = (3.0 / 0.05) ** 2 / 0.61 * math.sqrt(2.0 / GRAVITY)
    heads = run.liquid_height - 0.5
    deep = heads > 0.05
    np.testing.assert_allclose(run.times[deep], ratio * (2.0 - np.sqrt(heads[deep])), rtol=1e-5, atol=1e-3)
    (time, text), *rest = run.events
    assert (text, rest) == ("the liquid has fallen to the hole", [])
    assert time == pytest.approx(ratio * 2.0, rel=1e-3)  # the last micrometre takes 5e-4 of the time
    assert run.mass[-1] == pytest.approx(
        0.5 * math.pi / 4.0 * 9.0 * substance("acrylonitrile").liquid_density(293.15), rel=1e-6
    )
    assert "vented" in run.notes[0]


def test_a_padded_tank_follows_an_isotherm():
    """Water at 20 °C under nitrogen: t = ∫ dV/(Cd a sqrt(2 (p - p_air)/ρ + 2 g h)) with p V of the gas constant."""
    water = substance("water")
    case = {
        "vessel": TANK,
        "opening": opening(height=0.5),
        "temperature": 293.15,
        "liquid_height": 4.5,
        "ambient_pressure": AIR,
    }
    run = blow_down(water, pressure=6e5, until=3000.0, **case)
    density, base, vapour = water.liquid_density(293.15), math.pi / 4.0 * 9.0, water.vapour_pressure(293.15)

    def pace(level):
        gas = vapour + (6e5 - vapour) * 1.5 / (6.0 - level)
        drive = 2.0 * (gas - AIR) / density + 2.0 * GRAVITY * (level - 0.5)
        return base / (0.61 * math.pi / 4.0 * 0.05**2 * math.sqrt(drive))

    for level in (4.0, 3.0, 2.0, 1.0):
        time = float(np.interp(-level, -run.liquid_height, run.times))
        # The samples are interpolated, and water cools by 0.02 K as it fills the space with vapour.
        assert time == pytest.approx(quad(pace, level, 4.5)[0], rel=2e-3)
    assert run.temperature.min() > 293.1
    assert run.energy_closure < 1e-12
    assert run.events[0][1] == "the liquid has fallen to the hole"
    full = blow_down(water, pressure=6e5, until=10.0, **(case | {"liquid_height": 6.0}))
    assert full.pressure[0] < 1e4  # no gas, so that no pressure is kept


@settings(deadline=None, max_examples=8)
@given(st.floats(1.0, 200.0), st.floats(0.0, 60.0))
def test_a_valve_that_shuts_evenly_lets_half_of_its_stroke_through(close_at, closing_time):
    """A tank so large that nothing changes: released = rate (time to close + half the closing time)."""
    run = blow_down(
        substance("acrylonitrile"),
        vessel=Vessel(axis="vertical", diameter=60.0, length=12.0, heads="flat"),
        opening=opening(diameter=0.02, height=0.0, close_at=close_at, closing_time=closing_time),
        pressure=AIR,
        temperature=293.15,
        liquid_height=10.0,
        until=1e4,
        vented=True,
        ambient_pressure=AIR,
    )
    assert run.released[-1] == pytest.approx(run.mass_rate[0] * (close_at + 0.5 * closing_time), rel=1e-5)
    assert run.events == ((close_at + closing_time, "the valve is shut"),)
    assert run.times[-1] == pytest.approx(close_at + closing_time)


# --- what happens on the way


def test_liquid_first_then_vapour_down_to_the_air():
    run = bullet("chlorine")
    assert [text for _, text in run.events] == [
        "the liquid has fallen to the hole",
        "the pressure inside is that of the air",
    ]
    time = run.events[0][0]
    assert np.interp(time, run.times, run.liquid_height) == pytest.approx(0.2, abs=2e-3)
    assert run.mass_rate[run.times < time].min() > 5.0 * run.mass_rate[run.times > time].max()
    assert run.flows[0].vapour_fraction is None or run.flows[0].vapour_fraction == 0.0
    assert run.temperature[-1] == pytest.approx(239.1, abs=0.5)  # boils at the air pressure
    assert any("does not boil" in note for note in run.notes)
    assert any("swelling" in note for note in run.notes)


def test_a_long_opening_lets_less_of_a_boiling_liquid_through():
    rates = [
        bullet("chlorine", until=5.0, hole=opening(length=length)).mass_rate[0] for length in (0.0, 0.02, 0.05, 0.3)
    ]
    assert rates[0] > rates[1] > rates[2] > rates[3]


def test_an_inert_gas_pushes_and_then_leaves():
    plain, padded = bullet("chlorine"), bullet("chlorine", over=3e5)
    assert padded.mass_rate[0] > 1.15 * plain.mass_rate[0]
    assert padded.pressure[0] == pytest.approx(substance("chlorine").vapour_pressure(293.15) + 3e5, rel=1e-5)
    assert padded.events[0][0] < plain.events[0][0]
    # The same liquid and vapour are left when the hole is reached: the pad takes and gives no heat.
    assert padded.mass[-1] == pytest.approx(plain.mass[-1], rel=1e-6)
    assert "the inert gas is left out of what follows the liquid" in padded.notes


def test_no_vacuum_holds_a_liquid_back():
    # Benzene under air in a shut drum: the little air above it soon expands to a vacuum, and more comes in by the hole.
    shut, open_ = (bullet("benzene", pressure=AIR, until=1e5, vented=vented) for vented in (False, True))
    assert shut.events[-1][1] == open_.events[-1][1] or shut.liquid_height[-1] == pytest.approx(0.2, abs=2e-3)
    assert shut.released[-1] == pytest.approx(open_.released[-1], rel=2e-3)
    assert shut.pressure.min() > AIR * (1.0 - 1e-9)
    assert (shut.mass_closure, shut.energy_closure) == (pytest.approx(0.0, abs=1e-9), pytest.approx(0.0, abs=1e-9))
    assert any("no vacuum" in note for note in shut.notes)


def test_a_cold_liquid_stops_where_the_air_holds_it_back():
    run = bullet("ammonia", temperature=240.5)
    assert run.events[-1][1] == "the pressure at the hole is that of the air"
    assert run.liquid_height[-1] > 0.25
    assert run.mass_rate[-1] < 0.01 * run.mass_rate[0]


def test_carbon_dioxide_stops_at_its_triple_point():
    of = substance("carbon dioxide")
    run = bullet("carbon dioxide", temperature=of.saturation_temperature(2e6), hole=opening(height=1.9))
    assert "cooled to the triple point" in run.events[-1][1]
    assert run.pressure[-1] == pytest.approx(
        5.18e5, rel=0.01
    )  # triple point: 216.592 K, 5.1795 bar (Span and Wagner 1996)
    assert run.temperature[-1] == pytest.approx(216.6, abs=0.2)
    # A warm gas passes 5.18 bar without freezing.
    warm = bullet("carbon dioxide", pressure=7e5, temperature=350.0, liquid_height=0.0)
    assert warm.events[-1][1] == "the pressure inside is that of the air"


def test_a_dense_gas_that_splits_leaves_as_liquid_below_and_as_vapour_above():
    low, high = (
        bullet("carbon dioxide", pressure=1.5e7, temperature=310.0, liquid_height=0.0, hole=opening(height=h))
        for h in (0.2, 1.999)
    )
    texts = [text for _, text in low.events]
    assert texts[0].startswith("the contents, dense until here, split")
    assert texts[1] == "the liquid has fallen to the hole"
    assert low.events[0][0] == pytest.approx(high.events[0][0], rel=1e-6)
    assert low.mass[-1] < 0.3 * high.mass[-1]
    assert max(low.energy_closure, high.energy_closure) < 1e-12


def test_hydrogen_at_900_bar():
    run = bullet("hydrogen", pressure=9e7, liquid_height=0.0)
    assert run.events[-1][1] == "the pressure inside is that of the air"
    assert run.released[-1] > 0.97 * run.mass[0]
    assert np.all(np.diff(run.pressure) <= 0.0)


def test_substances_without_a_reference_equation():
    phosgene = bullet("phosgene", hole=opening(height=1.9), temperature=300.0, until=200.0)
    assert phosgene.energy_closure < 1e-12
    assert phosgene.temperature[-1] < 298.0
    dioxide = bullet("nitrogen dioxide", pressure=3e5, temperature=300.0)
    assert dioxide.events[-1][1] == "the liquid has fallen to the hole"
    assert "constant temperature" in dioxide.notes[0]
    fluoride = bullet("hydrogen fluoride", temperature=300.0)
    assert any("forms clusters" in note for note in fluoride.notes)


@pytest.mark.slow
def test_a_gas_mixture_runs_out_like_its_components():
    nitrogen, oxygen = substance("nitrogen"), substance("oxygen")
    curve, mass = nitrogen.curves["gas_heat_capacity"], 0.79 * nitrogen.molar_mass + 0.21 * oxygen.molar_mass
    scaled = dataclasses.replace(curve, values=tuple(v * nitrogen.molar_mass / mass for v in curve.values))
    air = dataclasses.replace(
        nitrogen,
        name="air",
        molar_mass=mass,
        components=((nitrogen.cas, 0.79), (oxygen.cas, 0.21)),
        curves={"gas_heat_capacity": scaled},
    )
    case = {
        "vessel": BOTTLE,
        "opening": opening(0.005, 1.0),
        "pressure": 5e6,
        "temperature": 300.0,
        "until": 30.0,
        "ambient_pressure": AIR,
    }
    ours, theirs = blow_down(air, **case), blow_down(nitrogen, **case)
    assert "what condenses as it cools is not modelled" in ours.notes[0]
    # A heavier gas flows as 1/sqrt(M) by volume: 1.5 % slower; the cubic equation is good to 2 %.
    assert np.interp(15.0, ours.times, ours.pressure) == pytest.approx(
        np.interp(15.0, theirs.times, theirs.pressure), rel=0.04
    )


def test_mean_rates_meet_what_is_gone(bottle):
    edges = np.array([0.0, 3.0, 10.0, 100.0])
    rates = bottle.mean_rates(edges)
    assert float(rates @ np.diff(edges)) == pytest.approx(bottle.released[-1], rel=1e-12)
    for bad in ([0.0], [0.0, 0.0], [1.0, 0.0], [0.0, math.nan], ["a", "b"], 3.0):
        with pytest.raises(ModelError, match="give at least two rising times"):
            bottle.mean_rates(bad)
    with pytest.raises(ValueError, match="read-only"):
        bottle.carried[0] = 1.0
    assert "kg out in 100 s" in repr(bottle)


# --- bad input


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"pressure": math.nan}, "pressure is nan"),
        ({"pressure": -1.0}, "from 1000 to 1.5e+08 Pa"),
        ({"pressure": "7 bar"}, "the text '7 bar'"),
        ({"pressure": 5e5}, "cannot stand at 5e+05 Pa"),
        ({"temperature": 500.0}, "above its critical temperature"),
        ({"temperature": math.nan}, "temperature is nan"),
        ({"liquid_height": 2.5}, "from 0 to 2 m"),
        ({"liquid_height": -0.1}, "from 0 to 2 m"),
        ({"liquid_height": 0.0, "pressure": 1e6}, "is liquid at"),
        ({"liquid_height": 0.0, "pressure": 9e4}, "does not exceed that of the air"),
        ({"until": 0.0}, "until is 0.0"),
        ({"ambient_pressure": 1.0}, "from 30000 to 120000 Pa"),
        ({"opening": opening(height=2.5)}, "give a height up to 2 m"),
        (
            {"opening": opening(height=1.9), "pressure": AIR, "vented": True, "temperature": 230.0},
            "the hole is above the liquid",
        ),
    ],
)
def test_one_clear_error_for_each_bad_input(change, said):
    of = substance("chlorine")
    good = {
        "vessel": BULLET,
        "opening": opening(),
        "pressure": of.vapour_pressure(293.15),
        "temperature": 293.15,
        "liquid_height": 1.6,
        "until": 100.0,
        "ambient_pressure": AIR,
    }
    with pytest.raises((ModelError, UnitError)) as caught:
        blow_down(of, **(good | change))
    assert said in str(caught.value)
    assert "->" in str(caught.value)


@pytest.mark.parametrize(
    ("what", "change", "said"),
    [
        (Opening, {"diameter": 0.0}, "above 0 to 10 m"),
        (Opening, {"height": math.nan}, "height is nan"),
        (Opening, {"liquid_coefficient": 1.5}, "from 0.01 to 1"),
        (Opening, {"gas_coefficient": 0.0}, "gas_coefficient is 0.0"),
        (Opening, {"length": -1.0}, "length is -1.0"),
        (Opening, {"close_at": math.nan}, "close_at is nan"),
        (Opening, {"closing_time": "10 s"}, "the text '10 s'"),
        (Wall, {"mass": 0.0}, "mass is 0.0"),
        (Wall, {"air_temperature": 20.0}, "from 180 to 340 K"),
        (Wall, {"outside_coefficient": math.inf}, "from 0 to 10000"),
    ],
)
def test_openings_and_walls_are_checked(what, change, said):
    good = {
        Opening: {"diameter": 0.05, "height": 0.2, "gas_coefficient": 1.0, "liquid_coefficient": 0.61},
        Wall: {"mass": 100.0, "heat_capacity": 460.0, "air_temperature": 288.0, "outside_coefficient": 8.0},
    }[what]
    with pytest.raises((ModelError, UnitError)) as caught:
        what(**(good | change))
    assert said in str(caught.value)
