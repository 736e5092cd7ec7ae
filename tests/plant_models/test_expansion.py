"""Expansion against conservation laws, an equation of state and published pseudo-sources."""

from __future__ import annotations

import csv
import json
import math
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plant_models.expansion import CLOSURES, Throat, expand, flash
from plant_models.real_flow import real_hole_rate
from plant_models.substances import substance
from twin.errors import ModelError, UnitError

GAS_CONSTANT, AIR = 8.31446261815324, 101325.0
CASES = Path(__file__).resolve().parents[1] / "validation" / "flash_cases.csv"


def published(kind: str) -> list[dict[str, str]]:
    lines = CASES.read_text(encoding="utf-8").splitlines()
    return [row for row in csv.DictReader(line for line in lines if not line.startswith("#")) if row["kind"] == kind]


def name(row: dict[str, str]) -> str:
    return f"{row['case']}-{json.loads(row['inputs']).get('closure', '')}-{row['quantity']}"


@dataclass(frozen=True)
class Simple:
    """A substance with constants only, so that every balance can be done by hand: 300 K at 1 atm, 250 kJ/kg."""

    name: str = "simple"
    associates: bool = False
    molar_mass: float = 0.05
    freezing_point: float = 150.0
    critical_temperature: float = 500.0
    liquid_heat: float = 2000.0
    gas_heat: float = 900.0
    latent: float = 2.5e5
    density: float = 800.0

    def vapour_pressure(self, t: float) -> float:
        return AIR * math.exp(self.latent * self.molar_mass / GAS_CONSTANT * (1.0 / 300.0 - 1.0 / t))

    def saturation_temperature(self, p: float) -> float:
        return 1.0 / (1.0 / 300.0 - math.log(p / AIR) * GAS_CONSTANT / (self.latent * self.molar_mass))

    def liquid_density(self, t: float) -> float:
        return self.density

    def gas_density(self, t: float, p: float) -> float:
        return p * self.molar_mass / (GAS_CONSTANT * t)

    def latent_heat(self, t: float) -> float:
        return self.latent

    def liquid_heat_capacity(self, t: float) -> float:
        return self.liquid_heat

    def gas_heat_capacity(self, t: float) -> float:
        return self.gas_heat

    def heat_capacity_ratio(self, t: float) -> float:
        return self.gas_heat / (self.gas_heat - GAS_CONSTANT / self.molar_mass)

    def flash_fraction(self, t: float, p: float) -> float:
        return (
            self.liquid_heat * (t - self.saturation_temperature(p)) + (self.vapour_pressure(t) - p) / self.density
        ) / (self.latent)

    def enthalpy(self, t: float, x: float, p: float = AIR) -> float:
        """By hand, from the liquid at 300 K and 1 atm."""
        liquid = self.liquid_heat * (t - 300.0) + (p - AIR) / self.density
        if x == 1.0:
            return self.latent + self.gas_heat * (t - 300.0)
        return liquid + x * self.latent


SIMPLE = Simple()


def liquid(temperature: float, pressure: float = AIR, velocity: float = 30.0, **changes: float) -> Throat:
    given = {"mass_rate": 2.0, "density": 800.0, "vapour_fraction": 0.0} | changes
    return Throat(temperature=temperature, pressure=pressure, velocity=velocity, **given)


def gas(temperature: float, pressure: float, velocity: float) -> Throat:
    return Throat(
        mass_rate=0.5,
        pressure=pressure,
        velocity=velocity,
        density=SIMPLE.gas_density(temperature, pressure),
        vapour_fraction=1.0,
        temperature=temperature,
    )


@given(
    kind=st.sampled_from(["gas", "boiling", "liquid"]),
    above=st.floats(0.0, 60.0),
    ratio=st.floats(1.0, 20.0),
    velocity=st.floats(40.0, 300.0),  # slower than sound no throat holds its pressure, and the energy would run out
    x=st.floats(0.01, 0.99),
)
@settings(deadline=None, max_examples=100)
def test_mass_momentum_and_energy_are_conserved(kind, above, ratio, velocity, x):
    if kind == "gas":
        throat = gas(320.0 + above, AIR * ratio, 160.0 + 0.4 * velocity)
    elif kind == "liquid":
        throat = liquid(300.5 + above, AIR * ratio, velocity)
    else:
        throat = liquid(300.0, AIR * ratio, velocity, vapour_fraction=x, density=250.0)
        throat = replace(throat, temperature=None)
    temperature = throat.temperature or SIMPLE.saturation_temperature(throat.pressure)
    jet = expand(throat, SIMPLE)
    assert jet.density * jet.area * jet.velocity == pytest.approx(throat.mass_rate, rel=1e-12)
    pull = (throat.pressure - AIR) * throat.mass_rate / (throat.density * throat.velocity)
    assert jet.momentum == pytest.approx(throat.mass_rate * throat.velocity + pull, rel=1e-9)
    before = SIMPLE.enthalpy(temperature, throat.vapour_fraction, throat.pressure) + 0.5 * throat.velocity**2
    after = SIMPLE.enthalpy(jet.temperature, jet.vapour_fraction) + 0.5 * jet.velocity**2
    # 1e-9 of the latent heat, the scale of the enthalpies
    assert after == pytest.approx(before, abs=1e-9 * SIMPLE.latent)
    assert 0.0 <= jet.vapour_fraction <= 1.0


@given(low=st.floats(300.5, 380.0), step=st.floats(0.1, 40.0))
@settings(deadline=None, max_examples=50)
def test_more_superheat_boils_off_more(low, step):
    cold, warm = (expand(liquid(t), SIMPLE) for t in (low, low + step))
    assert 0.0 <= cold.vapour_fraction < warm.vapour_fraction <= 1.0
    assert (
        flash(SIMPLE, temperature=low, pressure=AIR).vapour_fraction
        < flash(SIMPLE, temperature=low + step, pressure=AIR).vapour_fraction
    )


def test_flash_of_chlorine_by_hand():
    # 20 degC to 1 atm: 54.0 K above the boiling point at 239.2 K; the liquid holds 949 J/kg/K half-way (NIST), the
    # latent heat is 287.7 kJ/kg: 949 x 54.0 / 287700 = 0.178. 2 %: heat capacity taken as constant.
    result = flash(substance("chlorine"), temperature=293.15, pressure=AIR)
    assert result.vapour_fraction == pytest.approx(0.178, rel=0.02)
    assert result.temperature == pytest.approx(239.2, abs=0.05)


@pytest.mark.parametrize(
    ("which", "fluid", "temperature"),
    [
        ("chlorine", "Chlorine", 293.15),
        ("ammonia", "Ammonia", 303.15),
        ("propane", "n-Propane", 293.15),
        ("sulfur dioxide", "SulfurDioxide", 293.15),
    ],
)
def test_liquids_against_the_equation_of_state(which, fluid, temperature):
    props = pytest.importorskip("CoolProp.CoolProp").PropsSI
    s = substance(which)
    start, entropy = (props(q, "T", temperature, "Q", 0, fluid) for q in "HS")
    plain = flash(s, temperature=temperature, pressure=AIR)
    # 1e-4: interpolation of the tables
    assert plain.vapour_fraction == pytest.approx(props("Q", "P", AIR, "H", start, fluid), abs=1e-4)
    # Bernoulli down to the air pressure keeps the enthalpy of the saturated liquid in the vessel.
    density = s.liquid_density(temperature)
    velocity = math.sqrt(2.0 * (s.vapour_pressure(temperature) - AIR) / density)
    throat = liquid(temperature, AIR, velocity, density=density)
    jet = expand(throat, s)
    expected = props("Q", "P", AIR, "H", start - 0.5 * velocity**2, fluid)
    assert jet.vapour_fraction == pytest.approx(expected, abs=1e-4)
    assert jet.velocity == pytest.approx(velocity, rel=1e-12)
    free = expand(throat, s, closure="isentropic")
    assert free.vapour_fraction == pytest.approx(props("Q", "P", AIR, "S", entropy, fluid), abs=2e-4)
    speed = math.sqrt(2.0 * (start - props("H", "P", AIR, "S", entropy, fluid)))
    # 0.2 %: the squeezed liquid is taken as incompressible
    assert free.velocity == pytest.approx(speed, rel=2e-3)
    # A real-fluid model may bring its own numbers, counted from the boiling liquid at the air pressure.
    own = replace(
        throat,
        enthalpy=start - props("H", "P", AIR, "Q", 0, fluid),
        entropy=entropy - props("S", "P", AIR, "Q", 0, fluid),
    )
    assert expand(own, s).vapour_fraction == pytest.approx(expected, abs=1e-4)
    assert expand(own, s, closure="isentropic").velocity == pytest.approx(speed, rel=1e-3)


def test_a_real_gas_against_the_equation_of_state():
    # Methane choked at 20 bar and 250 K: 1 % between ideal and real gas in velocity is what the pressure allows.
    props = pytest.importorskip("CoolProp.CoolProp").PropsSI
    methane, fluid = substance("methane"), "Methane"
    sound, density, enthalpy, entropy = (props(q, "T", 250.0, "P", 2e6, fluid) for q in ("A", "D", "H", "S"))
    throat = Throat(
        mass_rate=1.0, pressure=2e6, velocity=sound, density=density, vapour_fraction=1.0, temperature=250.0
    )
    jet = expand(throat, methane)
    left = enthalpy + 0.5 * (sound**2 - jet.velocity**2)
    # 12 K and 5 %: what the pressure does to the enthalpy of a real gas is left out
    assert jet.temperature == pytest.approx(props("T", "P", AIR, "H", left, fluid), abs=12.0)
    free = expand(throat, methane, closure="isentropic")
    speed = math.sqrt(2.0 * (enthalpy - props("H", "P", AIR, "S", entropy, fluid)) + sound**2)
    assert free.velocity == pytest.approx(speed, rel=0.05)
    base = [props(q, "P", AIR, "Q", 0, fluid) for q in "HS"]
    fed = replace(throat, enthalpy=enthalpy + 0.5 * sound**2 - base[0], entropy=entropy - base[1])
    real = expand(fed, methane, closure="isentropic")
    # with the enthalpy and entropy of the real gas only the vapour at air pressure is ideal: 1 %
    assert real.velocity == pytest.approx(speed, rel=0.01)
    assert expand(fed, methane).temperature == pytest.approx(props("T", "P", AIR, "H", left, fluid), abs=2.0)


def test_isentropic_expansion_of_an_ideal_gas():
    # T = T0 (pa/p0)^((γ-1)/γ), u = sqrt(2 cp (T0 - T)), any textbook; the throat is choked.
    gamma, total = SIMPLE.heat_capacity_ratio(350.0), 380.0
    throat_temperature = total * 2.0 / (gamma + 1.0)
    pressure = 3.0 * AIR * (throat_temperature / total) ** (gamma / (gamma - 1.0))
    sound = math.sqrt(2.0 * SIMPLE.gas_heat * (total - throat_temperature))
    jet = expand(gas(throat_temperature, pressure, sound), SIMPLE, closure="isentropic")
    cold = total * (1.0 / 3.0) ** ((gamma - 1.0) / gamma)
    assert jet.temperature == pytest.approx(cold, rel=1e-9)
    assert jet.velocity == pytest.approx(math.sqrt(2.0 * SIMPLE.gas_heat * (total - cold)), rel=1e-9)
    assert jet.phase == "gas"
    shocked = expand(gas(throat_temperature, pressure, sound), SIMPLE)
    assert shocked.velocity < jet.velocity  # entropy can only grow
    assert shocked.temperature > jet.temperature


@pytest.mark.validation
@pytest.mark.parametrize("row", published("flash"), ids=name)
def test_published_flashes(row):
    inputs = json.loads(row["inputs"])
    result = flash(substance(inputs.pop("substance")), **inputs)
    assert getattr(result, row["quantity"]) == pytest.approx(float(row["expected"]), abs=float(row["tolerance"]))


@pytest.mark.validation
@pytest.mark.parametrize("row", published("pseudo_source"), ids=name)
def test_published_pseudo_sources(row):
    # Table 1: 515.4 kPa, 244.8 K, 0.504 kg/m3 and 1202.7 m/s in the throat, coefficient 0.979, air at 98.37 kPa.
    throat = Throat(
        mass_rate=0.979 * 0.504 * 1202.7 * math.pi * 0.75e-3**2,
        pressure=515.4e3,
        velocity=0.979 * 1202.7,
        density=0.504,
        vapour_fraction=1.0,
        temperature=244.8,
    )
    jet = expand(throat, substance("hydrogen"), ambient_pressure=98.37e3, **json.loads(row["inputs"]))
    got = {"radius": 0.5 * jet.diameter, "density": jet.density}[row["quantity"]]
    assert got == pytest.approx(float(row["expected"]), abs=float(row["tolerance"]))


def test_nothing_happens_at_air_pressure():
    jet = expand(gas(350.0, AIR, 40.0), SIMPLE)
    assert (jet.velocity, jet.temperature) == (pytest.approx(40.0, rel=1e-12), pytest.approx(350.0, rel=1e-12))
    cold = expand(liquid(280.0, velocity=12.0), SIMPLE)
    assert (cold.phase, cold.velocity, cold.temperature, cold.vapour_fraction) == ("liquid", 12.0, 280.0, 0.0)
    # The vena contracta of a liquid: 2 kg/s of 800 kg/m3 at 12 m/s is a stream of 16.29 mm.
    assert cold.diameter == pytest.approx(math.sqrt(4 * 2.0 / (math.pi * 800.0 * 12.0)), rel=1e-12)
    # Bernoulli for what pressure is left: sqrt(144 + 2 x 80000/800) = 18.547 m/s
    assert expand(liquid(280.0, AIR + 8e4, 12.0), SIMPLE, closure="isentropic").velocity == pytest.approx(
        18.547, abs=1e-3
    )


def test_the_jet_changes_smoothly_where_boiling_begins():
    below, above = (expand(liquid(300.0 + d), SIMPLE) for d in (-1e-6, 1e-3))
    # 1e-3 K boils 2000/2.5e5 x 1e-3 = 8e-6 of the liquid
    assert above.vapour_fraction == pytest.approx(8e-6, rel=0.01)
    assert below.velocity == pytest.approx(above.velocity, rel=1e-9)


def test_a_limit_of_velocity_is_never_silent():
    throat = gas(350.0, 10 * AIR, 200.0)
    free, slow = expand(throat, SIMPLE), expand(throat, SIMPLE, velocity_limit=250.0)
    assert free.velocity > 250.0
    assert free.notes == ()
    assert slow.velocity == 250.0
    assert "momentum is not conserved" in slow.notes[0]
    # energy still is: 350 + (200² - 250²)/(2 x 900) = 337.5 K
    assert slow.temperature == pytest.approx(337.5, rel=1e-9)
    assert expand(throat, SIMPLE, velocity_limit=5000.0) == free


def test_a_boiling_mixture_against_the_equation_of_state():
    # A tenth of chlorine boiled off at 4 bar, choked near 40 m/s.
    props = pytest.importorskip("CoolProp.CoolProp").PropsSI
    chlorine, inlet = substance("chlorine"), ("P", 4e5, "Q", 0.1, "Chlorine")
    density, enthalpy, entropy = (props(q, *inlet) for q in "DHS")
    throat = Throat(mass_rate=1.0, pressure=4e5, velocity=40.0, density=density, vapour_fraction=0.1)
    jet = expand(throat, chlorine)
    left = enthalpy + 0.5 * (40.0**2 - jet.velocity**2)
    # 2e-4: tables
    assert jet.vapour_fraction == pytest.approx(props("Q", "P", AIR, "H", left, "Chlorine"), abs=2e-4)
    assert jet.throat_temperature == pytest.approx(props("T", *inlet), abs=0.01)
    free = expand(throat, chlorine, closure="isentropic")
    assert free.vapour_fraction == pytest.approx(props("Q", "P", AIR, "S", entropy, "Chlorine"), abs=2e-4)
    speed = math.sqrt(2.0 * (enthalpy - props("H", "P", AIR, "S", entropy, "Chlorine")) + 40.0**2)
    assert free.velocity == pytest.approx(speed, rel=5e-3)  # 0.5 %: incompressible liquid in the entropy


def test_a_vapour_that_clusters_says_so():
    assert "clusters" in expand(liquid(320.0), replace(SIMPLE, associates=True)).notes[0]


def test_carbon_dioxide_stays_gas_or_is_refused():
    co2 = substance("carbon dioxide")
    warm = Throat(mass_rate=1.0, pressure=5e5, velocity=250.0, density=9.5, vapour_fraction=1.0, temperature=290.0)
    assert expand(warm, co2).phase == "gas"
    with pytest.raises(ModelError, match="solid"):  # below 194.7 K, where it sublimes at 1 atm
        expand(replace(warm, temperature=225.0, pressure=3e5, density=7.1, velocity=230.0), co2)
    with pytest.raises(ModelError, match="solid"):
        expand(liquid(280.0, 4.2e6, 30.0, density=880.0), co2)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"pressure": 9e4}, "below the air pressure"),
        ({"temperature": 100.0}, "freezing"),
        ({"temperature": 600.0}, "critical"),
        ({"temperature": math.nan}, "temperature"),
        ({"temperature": None}, "missing"),
        ({"mass_rate": math.nan}, "mass_rate"),
        ({"mass_rate": -1.0}, "mass_rate"),
        ({"velocity": 0.0}, "velocity"),
        ({"density": math.inf}, "density"),
        ({"vapour_fraction": 1.1}, "vapour_fraction"),
        ({"enthalpy": math.nan}, "enthalpy"),
    ],
)
def test_bad_throats_get_one_clear_error(change, word):
    with pytest.raises(ModelError, match=word) as caught:
        expand(replace(liquid(320.0), **change), SIMPLE)
    assert "give" in str(caught.value)


def test_bad_settings_get_one_clear_error():
    throat = liquid(320.0, 3 * AIR)
    with pytest.raises(ModelError, match="no closure"):
        expand(throat, SIMPLE, closure="birch")
    for closure in ("birch_1984", "birch_1987"):
        with pytest.raises(ModelError, match="for a gas"):
            expand(throat, SIMPLE, closure=closure)
        with pytest.raises(ModelError, match="for a gas"):
            expand(liquid(280.0), SIMPLE, closure=closure)
    with pytest.raises(ModelError, match="ambient_pressure"):
        expand(throat, SIMPLE, ambient_pressure=math.nan)
    with pytest.raises(ModelError, match="entropy"):
        expand(replace(throat, enthalpy=5e4), SIMPLE, closure="isentropic")
    with pytest.raises(ModelError, match="choked"):  # 20 bar behind 1 m/s of gas
        expand(gas(350.0, 20 * AIR, 1.0), SIMPLE)
    with pytest.raises(ModelError, match="do not fit"):
        expand(replace(throat, enthalpy=1e3, entropy=500.0), SIMPLE, closure="isentropic")
    with pytest.raises(UnitError, match="text"):
        replace(throat, mass_rate="2 kg/s")
    for temperature in (100.0, 600.0, math.nan):
        with pytest.raises(ModelError, match="temperature"):
            flash(SIMPLE, temperature=temperature, pressure=AIR)
    assert set(CLOSURES) == {"conservation", "isentropic", "birch_1984", "birch_1987"}


def test_a_gas_that_condenses_before_its_table_ends():
    # As a gas alone it would be near 145 K, where the heat capacity of ethylene is not tabulated; it boils at 169.4 K.
    of = substance("ethylene")
    throat = Throat(mass_rate=1.0, pressure=3e5, velocity=250.0, density=6.8, vapour_fraction=1.0, temperature=175.0)
    jet = expand(throat, of)
    velocity = 250.0 + (3e5 - AIR) / (6.8 * 250.0)
    assert jet.velocity == pytest.approx(velocity, rel=1e-12)
    assert jet.temperature == pytest.approx(of.saturation_temperature(AIR), abs=1e-9)
    # By hand: the gas pays for the velocity with its heat down to 169.4 K, and with condensing for the rest.
    spent = 0.5 * (velocity**2 - 250.0**2) + (jet.temperature - 175.0) * of.gas_heat_capacity(172.2)
    assert 1.0 - jet.vapour_fraction == pytest.approx(spent / of.latent_heat(jet.temperature), rel=1e-3)


def test_cold_carbon_dioxide_gas_is_a_gas_down_to_its_sublimation_point():
    """At 5 bar and 10 °C the jet cools below the triple point of 216.6 K but not to 194.7 K, where the solid would
    form at 1 atm: a gas all the same."""
    gas = substance("carbon dioxide")
    flow = real_hole_rate(gas, hole_diameter=0.02, pressure=5e5, temperature=283.15)
    throat = Throat(
        mass_rate=flow.mass_rate,
        pressure=flow.pressure,
        velocity=flow.velocity,
        density=flow.density,
        vapour_fraction=1.0,
        temperature=flow.temperature,
    )
    jet = expand(throat, gas, ambient_pressure=101325.0)
    assert jet.vapour_fraction == 1.0
    assert 194.7 < jet.temperature < flow.temperature
