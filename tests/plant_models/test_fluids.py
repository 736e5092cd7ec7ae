"""Real fluids against CoolProp used directly, and the search for the throat against a dense scan and against perfect
gases."""

from __future__ import annotations

import math

import CoolProp
import numpy as np
import pytest

from plant_models.cubic import CubicFluid
from plant_models.discharge import gas_hole_rate
from plant_models.fluids import compressibility, critical_flux, fluid
from plant_models.real_flow import real_hole_rate
from plant_models.substances import substance
from twin.errors import ModelError, UnitError

AIR = 101325.0


def scan(name, pressure, temperature, back):
    """Largest flux of 4001 evenly spaced pressures on the isentrope."""
    state = CoolProp.AbstractState("HEOS", name)
    state.update(CoolProp.PT_INPUTS, pressure, temperature)
    h0, s0, best = state.hmass(), state.smass(), 0.0
    for p in np.linspace(back, pressure, 4001):
        try:
            state.update(CoolProp.PSmass_INPUTS, p, s0)
        except ValueError:  # below the range, or a point at which the inverse of CoolProp fails
            continue
        best = max(best, state.rhomass() * math.sqrt(max(2.0 * (h0 - state.hmass()), 0.0)))
    return best


@pytest.mark.parametrize(
    ("name", "theirs", "pressure", "temperature"),
    [
        ("nitrogen", "Nitrogen", 1.5e7, 288.0),  # dense gas
        ("nitrogen", "Nitrogen", 1.5e5, 288.0),  # not choked
        ("ethylene", "Ethylene", 5.5e6, 300.0),  # supercritical, near the critical point, into the dome
        ("carbon dioxide", "CarbonDioxide", 1.0e7, 310.0),  # the same
        ("carbon dioxide", "CarbonDioxide", 1.58e7, 278.15),  # dense liquid
        ("carbon dioxide", "CarbonDioxide", 6e5, 300.0),  # the isentrope ends above the air pressure
        ("chlorine", "Chlorine", 6e5, 293.15),  # gas, into the dome
        ("chlorine", "Chlorine", 2e6, 293.15),  # liquid
        ("hydrogen", "Hydrogen", 9e7, 293.15),
        ("n-pentane", "n-Pentane", 3e6, 480.0),
    ],
)
def test_the_throat_is_the_largest_of_a_scan(name, theirs, pressure, temperature):
    real = fluid(substance(name))
    flux, throat = critical_flux(real, real.at_pt(pressure, temperature), AIR)
    expected = scan(theirs, pressure, temperature, AIR)
    # The scan has steps of 1/4000 of the pressure. At a smooth maximum that is 1e-6; at the kink where a liquid begins
    # to boil the flux falls steeply to either side.
    assert expected * (1.0 - 1e-9) <= flux < expected * (1.0 + 2e-3)
    assert flux == pytest.approx(
        throat.density * math.sqrt(2.0 * (real.at_pt(pressure, temperature).enthalpy - throat.enthalpy)), rel=1e-6
    )


def test_helium_at_low_pressure_is_a_perfect_gas():
    # Z - 1 = 0.0005 bar⁻¹ for helium: at 2.5 bar the flux of a perfect gas with γ = 5/3 within 0.1 %.
    helium = substance("helium")
    gas = {"hole_diameter": 0.01, "pressure": 2.5e5, "temperature": 300.0}
    ideal = gas_hole_rate(molar_mass=helium.molar_mass, heat_capacity_ratio=5.0 / 3.0, **gas)
    real = real_hole_rate(helium, **gas)
    assert real.mass_rate == pytest.approx(ideal.mass_rate, rel=1e-3)
    assert real.velocity == pytest.approx(ideal.velocity, rel=1e-3)
    assert real.pressure == pytest.approx(ideal.pressure, rel=1e-3)
    assert real.choked == ideal.choked is True
    slow = gas | {"pressure": 1.2e5}
    expected = gas_hole_rate(molar_mass=helium.molar_mass, heat_capacity_ratio=5.0 / 3.0, **slow)
    assert real_hole_rate(helium, **slow).mass_rate == pytest.approx(expected.mass_rate, rel=1e-3)
    assert not real_hole_rate(helium, **slow).choked


def test_a_subcooled_liquid_that_does_not_boil_is_bernoulli():
    water = real_hole_rate(
        substance("water"), hole_diameter=0.01, pressure=6e5, temperature=293.15, discharge_coefficient=0.61
    )
    # 998.4 kg m⁻³ (IAPWS-95 at 6 bar and 20 °C); compression of 5e-10 Pa⁻¹ over 5 bar is 0.02 %.
    assert water.mass_rate == pytest.approx(
        0.61 * math.pi / 4.0 * 1e-4 * math.sqrt(2.0 * 998.4 * (6e5 - AIR)), rel=5e-4
    )
    assert not water.choked
    assert water.vapour_fraction is None


@pytest.mark.parametrize(
    ("name", "theirs"), [("nitrogen", "Nitrogen"), ("chlorine", "Chlorine"), ("carbon dioxide", "CarbonDioxide")]
)
def test_states_by_entropy_do_not_depend_on_what_was_asked_before(name, theirs):
    """Newton's method starts from the last state: asked in any order it gives what the search of CoolProp gives."""
    of = substance(name)
    real, state, rng = fluid(of), CoolProp.AbstractState("HEOS", theirs), np.random.default_rng(1)
    checked = 0
    for _ in range(100):
        p = of.critical_pressure * 10.0 ** rng.uniform(-1.2, 0.8)
        t = min(of.critical_temperature * rng.uniform(0.75, 2.0), state.Tmax())
        try:
            state.update(CoolProp.PT_INPUTS, p, t)
        except ValueError:  # on saturation
            continue
        found = real.at_ps(p, state.smass())
        assert found.temperature == pytest.approx(t, rel=1e-7)
        assert found.density == pytest.approx(state.rhomass(), rel=1e-6)
        assert real.at_ph(p, state.hmass()).temperature == pytest.approx(t, rel=1e-7)
        assert real.at_du(state.rhomass(), state.umass()).pressure == pytest.approx(p, rel=1e-6)
        checked += 1
    assert checked > 90


def test_narrowing_the_search_changes_nothing():
    real = fluid(substance("nitrogen"))
    inside = real.at_pt(8e6, 250.0)
    flux, throat = critical_flux(real, inside, AIR)
    ratio = throat.pressure / inside.pressure
    assert critical_flux(real, inside, AIR, ratio=(ratio - 0.03, ratio + 0.02))[0] == pytest.approx(flux, rel=1e-9)
    assert critical_flux(real, inside, inside.pressure)[0] == 0.0


def test_the_fluid_is_the_reference_or_the_cubic_one():
    assert fluid(substance("ammonia")) is fluid(substance("ammonia"))
    assert not isinstance(fluid(substance("ammonia")), CubicFluid)
    assert isinstance(fluid(substance("phosgene")), CubicFluid)
    saturated = fluid(substance("ammonia")).at_tx(293.15, 0.25)
    assert saturated.vapour_fraction == pytest.approx(0.25)
    assert saturated.internal_energy == pytest.approx(
        saturated.enthalpy - saturated.pressure / saturated.density, rel=1e-9
    )


def test_compressibility():
    # Reference equation of nitrogen (Span et al. 2000) at 100 bar and 300 K, read through CoolProp.
    state = CoolProp.AbstractState("HEOS", "Nitrogen")
    state.update(CoolProp.PT_INPUTS, 1e7, 300.0)
    assert compressibility(substance("nitrogen"), temperature=300.0, pressure=1e7) == pytest.approx(
        state.compressibility_factor(), rel=1e-5
    )
    assert compressibility(substance("helium"), temperature=300.0, pressure=1e3) == pytest.approx(1.0, abs=1e-5)
    assert compressibility(substance("phosgene"), temperature=300.0, pressure=1e3) == pytest.approx(1.0, abs=1e-3)
    with pytest.raises(ModelError, match=r"liquid at 1e\+06 Pa .*give a pressure up to 6.7"):
        compressibility(substance("chlorine"), temperature=293.15, pressure=1e6)
    with pytest.raises(ModelError, match="temperature is nan"):
        compressibility(substance("chlorine"), temperature=math.nan, pressure=1e5)
    with pytest.raises(UnitError, match="the text '1 bar'"):
        compressibility(substance("chlorine"), temperature=300.0, pressure="1 bar")


HOLE = {"hole_diameter": 0.01, "pressure": 5e6, "temperature": 300.0}


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("nitrogen", {"pressure": 9e4}, "does not exceed"),
        ("nitrogen", {"pressure": math.nan}, "pressure is nan"),
        ("nitrogen", {"pressure": -1.0}, "pressure is -1.0"),
        ("nitrogen", {"pressure": "50 bar"}, "the text '50 bar'"),
        ("nitrogen", {"temperature": math.nan}, "temperature is nan"),
        ("nitrogen", {"temperature": 20.0}, "has no state at"),
        ("nitrogen", {"temperature": 2900.0}, "stay between 63.151 and 2000 K"),
        ("nitrogen", {"hole_diameter": 0.0}, "above 0 to 10 m"),
        ("nitrogen", {"discharge_coefficient": 1.2}, "above 0 to 1"),
        ("nitrogen", {"ambient_pressure": 0.0}, "ambient_pressure is 0.0"),
        ("hydrogen fluoride", {"pressure": 1.1e5}, "forms clusters"),
        ("nitrogen dioxide", {}, "no saturated states"),
    ],
)
def test_one_clear_error_for_each_bad_input(name, change, said):
    with pytest.raises((ModelError, UnitError)) as caught:
        real_hole_rate(substance(name), **(HOLE | change))
    assert said in str(caught.value)
    assert "->" in str(caught.value)


def test_the_pressure_outside_is_above_nothing():
    real = fluid(substance("nitrogen"))
    for bad in (0.0, -1.0, math.nan):
        with pytest.raises(ModelError, match="give a pressure above 0 Pa"):
            critical_flux(real, real.at_pt(1e6, 300.0), bad)
