"""Mixtures: mixing rules against hand calculations and published values, harm by the component that decides."""

from __future__ import annotations

import math
import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plant_models.fluids import fluid
from plant_models.mixtures import flammable_limits
from plant_models.substances import known_mixtures, mixture, substance
from plant_models.two_phase import equilibrium_flux
from twin.errors import ModelError

ATMOSPHERE = 101325.0


def test_shipped_mixtures_are_found_by_every_name():
    assert substance("高炉煤气") is substance("BFG") is substance("Blast-Furnace Gas")
    assert substance("LPG") is substance("液化石油气") is substance("UN1075")
    assert substance("天然气") is substance("natural gas") is not substance("methane")
    for known in known_mixtures():
        for word in (known.name, known.name_zh, known.name.upper(), *known.aliases):
            assert substance(word) is known
        assert math.fsum(x for _, x in known.components) == pytest.approx(1.0, abs=1e-6)
        assert known.sources["composition"]
        assert known.notes


def test_molar_mass_and_gas_heat_capacity_by_hand():
    # 0.6 CO (28.010 g/mol) and 0.4 N2 (28.013 g/mol); both 29.1 J/mol/K at 298 K, so the mixture is too.
    lean = mixture({"carbon monoxide": 0.6, "nitrogen": 0.4}, name="lean gas")
    assert lean.molar_mass == pytest.approx(0.6 * 0.028010 + 0.4 * 0.028013, rel=1e-5)
    assert lean.gas_heat_capacity(298.15) * lean.molar_mass == pytest.approx(29.13, abs=0.03)
    # Kay: Tc = 0.6 132.86 + 0.4 126.19 = 130.19 K
    assert lean.critical_temperature == pytest.approx(130.19, abs=0.02)


def test_a_mixture_of_one_component_is_that_component():
    alone, pure = mixture({"propane": 1.0}, name="x", phase="liquid"), substance("propane")
    for prop in ("vapour_pressure", "liquid_density", "latent_heat", "liquid_heat_capacity", "liquid_viscosity"):
        # 97 straight rows between which a cubic runs: 1e-3 at the cold end of the pressure
        assert getattr(alone, prop)(260.0) == pytest.approx(getattr(pure, prop)(260.0), rel=1e-5), prop
    assert alone.gas_viscosity(300.0) == pytest.approx(pure.gas_viscosity(300.0), rel=1e-4)
    assert (alone.lfl, alone.ufl) == pytest.approx((pure.lfl, pure.ufl))
    assert alone.boiling_point == pytest.approx(pure.boiling_point, abs=0.01)


@pytest.mark.validation
def test_viscosity_of_air_by_wilke():
    # CoolProp has the correlation of Lemmon and Jacobsen 2004, Int. J. Thermophys. 25:21, for air itself; Wilke comes
    # within 1 % of it.
    from CoolProp.CoolProp import PropsSI

    air = mixture({"nitrogen": 0.781, "oxygen": 0.21, "argon": 0.009}, name="air")
    for t in (250.0, 300.0, 500.0):
        assert air.gas_viscosity(t) == pytest.approx(PropsSI("V", "T", t, "P", 101325.0, "Air"), rel=0.01)


@settings(deadline=None, max_examples=30)
@given(st.floats(0.01, 0.99), st.floats(250.0, 500.0))
def test_viscosity_of_like_gases_lies_between_theirs(x, temperature):
    # Carbon monoxide and nitrogen weigh the same: the rule of Wilke has no maximum there.
    both = mixture({"carbon monoxide": x, "nitrogen": 1.0 - x}, name="x")
    ends = sorted(substance(n).gas_viscosity(temperature) for n in ("carbon monoxide", "nitrogen"))
    assert ends[0] * (1.0 - 1e-3) <= both.gas_viscosity(temperature) <= ends[1] * (1.0 + 1e-3)


def test_flammable_limits_by_hand():
    # Crowl and Louvar 2011, section 6-1, use the same rule; here 1/(0.6/0.021 + 0.4/0.019) = 0.02015 with the limits of
    # propane and butane of the tables, and 1/(0.6/0.095 + 0.4/0.085) = 0.09073.
    lpg = substance("LPG")
    assert (lpg.lfl, lpg.ufl) == pytest.approx((0.02015, 0.09073), rel=1e-3)
    assert lpg.threshold("LFL").ppm == pytest.approx(20150.0, rel=1e-3)


def test_inert_gas_dilutes_until_nothing_burns():
    rich = mixture({"methane": 0.5, "nitrogen": 0.5}, name="half")
    assert rich.lfl == pytest.approx(2.0 * substance("methane").lfl)
    assert flammable_limits([(substance("methane"), 0.04), (substance("nitrogen"), 0.96)]) is None  # LFL would be 125 %
    assert mixture({"nitrogen": 0.9, "argon": 0.1}, name="inert").lfl is None
    bfg = substance("BFG")
    assert bfg.ufl == 1.0
    assert "too high" in bfg.threshold("UFL").source


@pytest.mark.validation
def test_bubble_pressure_of_propane_and_butane():
    # Raoult against the mixture model of Kunz and Wagner 2012, J. Chem. Eng. Data 57:3032 (GERG-2008), in CoolProp. The
    # vapour is no ideal gas at 7 bar: Raoult is 3.1 % too high there, and less below.
    from CoolProp.CoolProp import PropsSI

    lpg = substance("LPG")
    for t in (250.0, 280.0, 300.0):
        real = PropsSI("P", "T", t, "Q", 0.0, "HEOS::Propane[0.6]&n-Butane[0.4]")
        assert lpg.vapour_pressure(t) == pytest.approx(real, rel=0.035)
        density = PropsSI("D", "T", t, "Q", 0.0, "HEOS::Propane[0.6]&n-Butane[0.4]")
        assert lpg.liquid_density(t) == pytest.approx(density, rel=0.01)
    assert lpg.vapour_pressure(lpg.boiling_point) == pytest.approx(ATMOSPHERE, rel=1e-6)
    assert substance("propane").boiling_point < lpg.boiling_point < substance("n-butane").boiling_point


def test_the_liquid_mixes_volumes_and_masses():
    lpg, propane, butane = substance("LPG"), substance("propane"), substance("n-butane")
    m = 0.6 * propane.molar_mass / lpg.molar_mass
    at = 280.0
    volume = m / propane.liquid_density(at) + (1.0 - m) / butane.liquid_density(at)
    assert lpg.liquid_density(at) == pytest.approx(1.0 / volume, rel=1e-6)
    assert lpg.latent_heat(at) == pytest.approx(
        m * propane.latent_heat(at) + (1.0 - m) * butane.latent_heat(at), rel=1e-6
    )
    assert "boils as a whole" in lpg.curves["latent_heat"].source


def test_lng_is_a_liquid_at_its_boiling_point():
    lng, methane = substance("LNG"), substance("methane")
    # Heavier than methane, and hotter, as the nitrogen is not enough to make up for the ethane.
    assert methane.boiling_point < lng.boiling_point < methane.boiling_point + 2.0
    assert lng.liquid_density(112.5) > 1.02 * methane.liquid_density(112.5)


def test_flash_and_two_phase_flow_of_a_mixture_refuse():
    lpg = substance("LPG")
    with pytest.raises(ModelError, match="liquid enthalpy of LPG is not known"):
        lpg.flash_fraction(300.0, ATMOSPHERE)
    with pytest.raises(ModelError, match="pure substance"):
        equilibrium_flux(lpg, temperature=300.0)
    with pytest.raises(ModelError, match="liquid is not modelled"):
        fluid(lpg).at_px(ATMOSPHERE, 0.0)
    with pytest.raises(ModelError, match="not the formula"):
        lpg.diffusivity(300.0, ATMOSPHERE)


def test_the_gas_of_a_mixture_is_nearly_ideal_at_the_atmosphere():
    gas = substance("BFG")
    # Of the order of p B/RT, with B about -20 cm3/mol for such a mixture: 1e-3.
    assert fluid(gas).at_pt(ATMOSPHERE, 300.0).density == pytest.approx(gas.gas_density(300.0, ATMOSPHERE), rel=2e-3)


def test_thresholds_add():
    # IDLH: carbon monoxide 1200 ppm/0.25 = 4800; hydrogen sulfide 100 ppm/0.05 = 2000; 1/(1/4800 + 1/2000) = 1411.76.
    sour = mixture({"carbon monoxide": 0.25, "hydrogen sulfide": 0.05, "nitrogen": 0.7}, name="sour gas")
    idlh = sour.threshold("IDLH")
    assert idlh.ppm == pytest.approx(1411.76, rel=1e-5)
    assert "hydrogen sulfide" in idlh.source
    assert idlh.molar_mass == sour.molar_mass
    for minutes in (10.0, 30.0, 60.0, 240.0, 480.0):
        wanted = {"duration": minutes * 60.0}
        parts = [substance(n).threshold("AEGL-3", **wanted).ppm / x for n, x in (("CO", 0.25), ("H2S", 0.05))]
        assert sour.threshold("AEGL-3", **wanted).ppm == pytest.approx(1.0 / sum(1.0 / part for part in parts))


def test_a_limit_stated_as_a_mass_is_thinned_by_the_mass():
    gas = mixture({"carbon monoxide": 0.2, "hydrogen": 0.8}, name="light gas")
    pure, thin = substance("carbon monoxide").threshold("PC-STEL"), gas.threshold("PC-STEL")
    assert pure.mass_concentration is not None
    assert thin.ppm == pytest.approx(pure.ppm / 0.2, rel=1e-9)
    mass_fraction = 0.2 * 0.0280101 / gas.molar_mass
    air = (293.15, ATMOSPHERE)
    assert thin.concentration(*air) == pytest.approx(pure.concentration(*air) / mass_fraction, rel=1e-5)


@pytest.mark.parametrize("name", ["lees", "cpr18e"])
def test_a_probit_of_the_mixture_kills_as_its_component_does(name):
    # ppm and mg/m3 sets alike: an atmosphere with so much of the mixture holds so much of the component.
    gas, pure = substance("BFG"), substance("carbon monoxide")
    air = {"temperature": 293.15, "pressure": ATMOSPHERE}
    share = dict(gas.components)["630-08-0"] * pure.molar_mass / gas.molar_mass
    for concentration in (1e-3, 1e-2):
        whole, part = gas.harm.probit(name), pure.harm.probit(name)
        dead = whole.probability(whole.load_rate(concentration, **air) * 600.0)
        assert dead == pytest.approx(part.probability(part.load_rate(concentration * share, **air) * 600.0), rel=1e-9)
    assert "carbon monoxide" in whole.source
    assert gas.harm.default_probit == pure.harm.default_probit


def test_status_propagates():
    assert substance("BFG").threshold("IDLH").status == "verified"
    assert substance("converter gas").threshold("IDLH").status == "unverified"  # its composition is
    half = mixture({"CO": 0.5, "N2": 0.5}, name="x")
    assert half.harm.probit("cpr18e").status == substance("CO").harm.probit("cpr18e").status


def test_a_harmless_mixture_has_no_toxic_harm():
    inert = mixture({"nitrogen": 0.9, "argon": 0.1}, name="inert")
    assert inert.harm.thresholds == ()
    with pytest.raises(ModelError, match="no probit"):
        inert.harm.probit()


def test_a_mixture_in_a_mixture_is_taken_apart():
    both = mixture({"LPG": 0.5, "propane": 0.5}, name="x", phase="liquid")
    assert dict(both.components) == pytest.approx({"74-98-6": 0.8, "106-97-8": 0.2})


def test_a_mixture_can_be_pickled_and_compared():
    gas = substance("BFG")
    again = pickle.loads(pickle.dumps(gas))
    assert again == gas
    assert hash(again) == hash(gas)
    assert again.gas_heat_capacity(300.0) == gas.gas_heat_capacity(300.0)


@pytest.mark.parametrize(
    ("components", "says"),
    [
        ({"CO": 0.6, "N2": 0.3}, "sum to 0.9, not 1.*divide each"),
        ({"CO": 0.6, "N2": 0.400002}, "sum to 1.000002"),
        ({"CO": math.nan, "N2": 0.3}, "mole fraction of carbon monoxide is nan"),
        ({"CO": -0.1, "N2": 1.1}, "above 0, at most 1"),
        ({"CO": "0.5", "N2": 0.5}, "above 0, at most 1"),
        ({}, "no component"),
        ({"clorine": 1.0}, "did you mean 'chlorine'"),
    ],
)
def test_bad_compositions_are_refused(components, says):
    with pytest.raises(ModelError, match=says):
        mixture(components, name="x")


def test_bad_phases_are_refused():
    with pytest.raises(ModelError, match='"gas" or "liquid"'):
        mixture({"CO": 1.0}, name="x", phase="solid")
    with pytest.raises(ModelError, match="never liquid together"):
        mixture({"methane": 0.5, "water": 0.5}, name="x", phase="liquid")
