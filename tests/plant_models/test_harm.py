"""Thresholds, toxic load and probit against published values and by their own definitions."""

from __future__ import annotations

import csv
import itertools
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plant_models.harm import (
    DangerousLoad,
    Harm,
    Probit,
    Threshold,
    ToxicLoad,
    concentration_to_ppm,
    ppm_to_concentration,
    probability_to_probit,
    probit_to_probability,
)
from plant_models.substances import known_substances, substance
from twin.errors import ModelError, UnitError

VALIDATION = Path(__file__).resolve().parents[1] / "validation"
AIR = {"temperature": 298.15, "pressure": 101325.0}


def lethal_rows() -> list[dict[str, str]]:
    text = (VALIDATION / "probit_lethal_concentrations.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))


@pytest.mark.validation
@pytest.mark.parametrize("row", lethal_rows(), ids=lambda r: f"{r['substance']}-{r['probability']}-{r['minutes']}min")
def test_lethal_concentrations_of_lees(row):
    probit = substance(row["substance"]).harm.probit(row["set"])
    duration = float(row["minutes"]) * 60.0
    ppm = probit.lethal_ppm(float(row["probability"]), duration=duration, **AIR)
    # 1 ppm: the print is in whole ppm, rounded or cut. 0.9 %: the coefficients have two to four figures; the largest
    # difference is that of toluene, whose b of 0.41 is printed as 0.408 elsewhere.
    assert float(ppm) == pytest.approx(float(row["ppm"]), rel=0.009, abs=1.0)


@pytest.mark.validation
def test_withers_and_lees_chlorine():
    """Lethal to 50 % of the regular population: 433 ppm for 10 min and 250 ppm for 30 min (Withers and Lees 1985,
    abstract)."""
    probit = substance("chlorine").harm.probit("lees")
    for minutes, ppm in ((10.0, 433.0), (30.0, 250.0)):
        # 1 %: the abstract gives three figures, the coefficients two to three.
        assert float(probit.lethal_ppm(0.5, duration=minutes * 60.0, **AIR)) == pytest.approx(ppm, rel=0.01)


@pytest.mark.validation
def test_purple_book_carbon_monoxide_chain():
    """21.3 g/m3 of carbon monoxide for 30 min: probit 5.97, 83.5 % die (Purple Book CPR 18E, App. 6.B)."""
    probit = substance("carbon monoxide").harm.probit("cpr18e")
    load = float(probit.load_rate(21.3e-3, **AIR)) * 1800.0
    assert probit.a + probit.b * math.log(load) == pytest.approx(5.97, abs=0.005)  # printed to two decimals
    assert float(probit.probability(load)) == pytest.approx(0.835, abs=0.002)  # 5.97 rounded is 0.834


def test_load_rate_is_the_definition():
    chlorine = substance("chlorine")
    c = 3.0e-3  # kg/m3
    by_mass = chlorine.harm.probit("cpr18e")
    assert float(by_mass.load_rate(c, **AIR)) * 60.0 == pytest.approx(3000.0**2.75, rel=1e-12)  # mg/m3 for one minute
    by_volume = chlorine.harm.probit("lees")
    # Hand: 1 ppm of chlorine at 25 °C and 1 atm is 70.906 g/mol / 24.4654 l/mol = 2.89821 mg/m3.
    assert float(by_volume.load_rate(c, **AIR)) * 60.0 == pytest.approx((3000.0 / 2.89821) ** 2, rel=1e-5)


def test_probability_and_load_are_inverse_and_zero_is_zero():
    for known in known_substances():
        for probit in known.harm.probits.values():
            p = np.array([1e-6, 0.01, 0.5, 0.99])
            np.testing.assert_allclose(probit.probability(probit.load(p)), p, rtol=1e-9)
            assert float(probit.probability(0.0)) == 0.0
            rising = probit.probability(np.logspace(-20, 40, 200))
            assert np.all(np.diff(rising) >= 0.0)
            assert float(probit.load_rate(-1e-9, **AIR)) == 0.0
    assert np.isnan(substance("chlorine").harm.probit().probability(np.nan))
    with pytest.raises(ModelError):
        substance("chlorine").harm.probit().load(1.0)


def test_probit_shapes_follow_the_argument():
    probit = substance("ammonia").harm.probit()
    assert probit.load_rate(np.zeros((3, 4)), **AIR).shape == (3, 4)
    assert probit.probability(np.ones((2, 3, 4))).shape == (2, 3, 4)


def test_probit_sets_are_named_and_never_mixed():
    harm = substance("chlorine").harm
    assert set(harm.probits) == {"lees", "cpr18e"}
    assert harm.probit() is harm.probits[harm.default_probit]
    assert harm.probit("LEES") is harm.probits["lees"]
    with pytest.raises(ModelError, match="did you mean 'cpr18e'"):
        harm.probit("cpr18")
    with pytest.raises(ModelError, match="no probit is known for methane"):
        substance("methane").harm.probit()


def test_what_was_not_verified_says_so():
    assert "(unverified)" in repr(substance("ammonia").harm.probit("cpr18e"))
    assert "(unverified)" not in repr(substance("ammonia").harm.probit("lees"))
    shown = substance("chlorine").threshold("AEGL-2", duration=600.0)
    assert repr(shown) == "<Threshold chlorine AEGL-2 (10 min) 2.8 ppm>"
    assert "(unverified)" in repr(substance("carbon monoxide").threshold("AEGL-2", duration=600.0))
    for known in known_substances():
        for threshold in known.harm.thresholds:
            assert threshold.source
            assert threshold.status in {"verified", "unverified"}


@given(
    ppm=st.floats(1e-6, 1e6),
    molar_mass=st.floats(0.002, 0.2),
    temperature=st.floats(230.0, 330.0),
    pressure=st.floats(6e4, 1.1e5),
)
@settings(deadline=None, max_examples=50)
def test_ppm_goes_there_and_back(ppm, molar_mass, temperature, pressure):
    air = {"molar_mass": molar_mass, "temperature": temperature, "pressure": pressure}
    there = ppm_to_concentration(ppm, **air)
    # 4 rounded operations each way
    np.testing.assert_allclose(concentration_to_ppm(there, **air), ppm, rtol=1e-14)


@pytest.mark.parametrize("known", [s for s in known_substances() if s.harm.thresholds], ids=lambda s: s.name)
def test_published_thresholds_are_met_exactly(known):
    for t in known.harm.thresholds:
        duration = t.duration if t.name.startswith("AEGL") else None
        assert known.threshold(t.name, duration=duration) == t


def test_levels_are_ordered():
    for known in known_substances():
        names = {t.name for t in known.harm.thresholds}
        for duration in (60.0, 600.0, 1200.0, 1800.0, 3600.0, 7200.0, 14400.0, 20000.0, 28800.0):
            longest = {k: max(t.duration for t in known.harm.thresholds if t.name == k) for k in names if "AEGL" in k}
            told = sorted(k for k, last in longest.items() if duration <= last)
            levels = [known.threshold(name, duration=duration).ppm for name in told]
            assert levels == sorted(levels)
        levels = [known.threshold(f"ERPG-{k}").ppm for k in (1, 2, 3) if f"ERPG-{k}" in names]
        assert levels == sorted(levels)


def test_between_published_durations_the_load_is_constant():
    chlorine = substance("chlorine")
    # AEGL-3 is 20 ppm for 1 h and 10 ppm for 4 h: n = ln 4 / ln 2 = 2, so 2 h gives 20 / sqrt(2).
    between = chlorine.threshold("AEGL-3", duration=7200.0)
    assert between.ppm == pytest.approx(20.0 / math.sqrt(2.0), rel=1e-12)
    assert "interpolated" in between.source
    flat = chlorine.threshold("AEGL-1", duration=5000.0)
    assert flat.ppm == 0.5
    values = [chlorine.threshold("AEGL-2", duration=d).ppm for d in np.linspace(600.0, 28800.0, 200)]
    assert all(a >= b for a, b in itertools.pairwise(values))


def test_below_ten_minutes_the_ten_minute_value_is_held():
    ammonia = substance("ammonia")
    short = ammonia.threshold("AEGL-3", duration=60.0)
    assert short.ppm == ammonia.threshold("AEGL-3", duration=600.0).ppm
    assert short.duration == 60.0


@pytest.mark.parametrize("duration", [None, 0.0, -1.0, 28801.0, float("nan")])
def test_an_aegl_without_a_usable_duration_is_refused(duration):
    with pytest.raises(ModelError, match="AEGL-2"):
        substance("chlorine").threshold("AEGL-2", duration=duration)


def test_threshold_names():
    chlorine = substance("chlorine")
    assert chlorine.threshold("aegl 2", duration=600.0) == chlorine.threshold("AEGL-2", duration=600.0)
    assert chlorine.threshold("idlh").ppm == 10.0
    assert chlorine.threshold("ERPG-2", duration=3600.0).ppm == 3.0
    with pytest.raises(ModelError, match="60 min"):
        chlorine.threshold("ERPG-2", duration=600.0)
    with pytest.raises(ModelError, match="did you mean"):
        chlorine.threshold("AEGL-4", duration=600.0)
    with pytest.raises(ModelError, match="has no threshold 'LFL'"):
        chlorine.threshold("LFL")
    with pytest.raises(ModelError, match="no AEGL-1 for carbon monoxide"):
        substance("CO").threshold("AEGL-1", duration=600.0)


def test_flammable_limits_are_thresholds():
    methane = substance("methane")
    lfl = methane.threshold("LFL")
    assert lfl.ppm == 50000.0
    # Hand: 5 vol % of 16.04246 g/mol in 24.0552 l/mol (20 °C, 1 atm) is 33.345 g/m3.
    assert lfl.concentration(293.15, 101325.0) == pytest.approx(0.033345, rel=1e-4)
    assert methane.threshold("UFL").ppm > lfl.ppm


def test_a_threshold_is_a_plain_value():
    own = Threshold(
        name="works limit",
        ppm=1.0,
        duration=900.0,
        substance="chlorine",
        molar_mass=0.0709,
        source="site rule",
        status="verified",
    )
    assert repr(own) == "<Threshold chlorine works limit (15 min) 1 ppm>"


def test_a_limit_stated_as_a_mass_stays_that_mass():
    mac = Threshold(
        name="MAC",
        mass_concentration=1e-6,
        duration=None,
        substance="chlorine",
        molar_mass=0.070906,
        source="GBZ 2.1-2019",
        status="verified",
    )
    assert repr(mac) == "<Threshold chlorine MAC 1 mg/m3>"
    assert mac.concentration(253.15, 8e4) == mac.concentration(313.15, 101325.0) == 1e-6
    # Hand: 1 mg/m3 in air of 20 °C and 1 atm is 24.0552 l/mol / 70.906 g/mol = 0.33925 ppm.
    assert mac.ppm == pytest.approx(0.33925, rel=1e-4)
    for value in (math.nan, 0.0, -1.0):
        with pytest.raises(ModelError, match="MAC of chlorine"):
            Threshold(
                name="MAC",
                ppm=value,
                duration=None,
                substance="chlorine",
                molar_mass=0.07,
                source="",
                status="verified",
            )


def aegl(minutes: float, mass: float) -> Threshold:
    return Threshold(
        name="AEGL-2", mass_concentration=mass, duration=minutes * 60.0, substance="mist", molar_mass=0.08, source="s",
        status="verified",
    )  # fmt: skip


def test_aegls_stated_as_a_mass_are_interpolated_as_a_mass():
    harm = Harm(substance="mist", thresholds=(aegl(60.0, 8e-6), aegl(240.0, 2e-6)))
    # Four times the time, a quarter of the mass: n = 1, so that twice the time is half.
    between = harm.threshold("AEGL-2", duration=7200.0)
    assert between.mass_concentration == pytest.approx(4e-6, rel=1e-12)
    assert between.ppm == pytest.approx(0.5 * aegl(60.0, 8e-6).ppm, rel=1e-12)


def test_beyond_the_durations_known_an_aegl_is_refused_or_held():
    harm = Harm(substance="mist", thresholds=(aegl(60.0, 8e-6),))
    short = harm.threshold("AEGL-2", duration=600.0)
    assert short.mass_concentration == 8e-6
    assert "the 60-min value held" in short.source
    with pytest.raises(ModelError, match="known for up to 60 min, not 240 min"):
        harm.threshold("AEGL-2", duration=14400.0)


@given(probability=st.floats(1e-6, 1.0 - 1e-6))
@settings(deadline=None, max_examples=50)
def test_probits_go_there_and_back(probability):
    # 1e-9: the quantile and the distribution are each good to about 1e-15, amplified by the slope at six deviations
    assert float(probit_to_probability(probability_to_probit(probability))) == pytest.approx(probability, rel=1e-9)


def test_probits_of_finney():
    """Finney 1971, Table I: 1 % is 2.6737, 50 % is 5, 99 % is 7.3263."""
    np.testing.assert_allclose(probability_to_probit([0.01, 0.5, 0.99]), [2.6737, 5.0, 7.3263], atol=5e-5)
    for bad in (0.0, 1.0, -0.1, math.nan):
        with pytest.raises(ModelError, match="between 0 and 1"):
            probability_to_probit(bad)


@given(
    name=st.sampled_from([(s.name, set_) for s in known_substances() for set_ in s.harm.probits]),
    probability=st.floats(0.001, 0.999),
    duration=st.floats(60.0, 28800.0),
    temperature=st.floats(250.0, 320.0),
)
@settings(deadline=None, max_examples=50)
def test_a_lethal_concentration_held_for_the_duration_kills_with_the_probability(
    name, probability, duration, temperature
):
    probit = substance(name[0]).harm.probit(name[1])
    air = {"temperature": temperature, "pressure": 95000.0}
    lethal = probit.lethal_concentration(probability, duration=duration, **air)
    load = probit.load_of([0.0, 0.4 * duration, duration], np.full(3, lethal), **air)
    assert float(probit.probability(load)) == pytest.approx(probability, rel=1e-9)
    ppm = probit.lethal_ppm(probability, duration=duration, **air)
    assert float(ppm_to_concentration(ppm, molar_mass=probit.molar_mass, **air)) == pytest.approx(
        float(lethal), rel=1e-12
    )


def test_load_of_a_history_by_hand():
    probit = substance("chlorine").harm.probit("cpr18e")  # c in mg/m3, n = 2.75
    times = [0.0, 60.0, 180.0]
    # Trapezoids: 1 min between 0 and 100, 2 min between 100 and 300 mg/m3; a negative value counts as zero.
    hand = 0.5 * 100.0**2.75 * 1.0 + 0.5 * (100.0**2.75 + 300.0**2.75) * 2.0
    load = probit.load_of(times, [-1e-9, 100e-6, 300e-6], **AIR)
    assert float(load.value) == pytest.approx(hand, rel=1e-12)
    assert load.load_unit == "mg/m3^2.75 min"
    many = probit.load_of(times, np.zeros((4, 5, 3)), **AIR)
    assert many.value.shape == (4, 5)
    assert np.all(probit.probability(many) == 0.0)


def test_trapezoids_close_in_on_the_exact_load_of_a_ramp():
    """A ramp c = k t to T has the load k^n T^(n+1)/(n+1); the error of trapezoids falls with the square of the step."""
    probit = substance("chlorine").harm.probit("cpr18e")
    exact = 300.0**2.75 * 10.0 / 3.75  # mg/m3 and min
    errors = []
    for steps in (20, 40):
        t = np.linspace(0.0, 600.0, steps + 1)
        errors.append(float(probit.load_of(t, 300e-6 * t / 600.0, **AIR).value) / exact - 1.0)
    assert errors[0] > errors[1] > 0.0  # never too low for n > 1
    assert errors[0] / errors[1] == pytest.approx(4.0, rel=0.05)  # second order, up to terms of higher order


@pytest.mark.parametrize("times", [[0.0], [0.0, 0.0, 1.0], [1.0, 0.5, 2.0], [[0.0, 1.0]], [0.0, math.nan, 2.0]])
def test_times_that_do_not_rise_are_refused(times):
    with pytest.raises(ModelError, match="do not rise"):
        substance("chlorine").harm.probit().load_of(times, np.zeros(np.shape(times)[-1]), **AIR)
    with pytest.raises(ModelError, match="time is the last axis"):
        substance("chlorine").harm.probit().load_of([0.0, 1.0], np.zeros((2, 3)), **AIR)


@pytest.mark.parametrize("duration", [0.0, -1.0, math.nan, math.inf, "600"])
def test_a_lethal_concentration_needs_a_duration(duration):
    with pytest.raises(ModelError, match="duration"):
        substance("chlorine").harm.probit().lethal_concentration(0.5, duration=duration, **AIR)


def test_loads_of_different_sets_do_not_mix():
    chlorine, ammonia = substance("chlorine").harm, substance("ammonia").harm
    lees, cpr18e = chlorine.probit("lees"), chlorine.probit("cpr18e")
    load = lees.load_of([0.0, 600.0], [1e-3, 1e-3], **AIR)
    assert 0.0 < float(lees.probability(load)) < 1.0
    with pytest.raises(ModelError, match=r"ppm\^2 min is read by cpr18e of chlorine, which is in mg/m3\^2.75 min"):
        cpr18e.probability(load)
    with pytest.raises(ModelError, match="do not mix"):  # same unit and exponent, another gas
        ammonia.probit("lees").probability(load)
    assert repr(load).startswith("<ToxicLoad chlorine ")


def test_a_set_that_was_not_checked_is_never_the_default():
    harm = substance("acrylonitrile").harm
    with pytest.raises(ModelError, match=r"no probit set of acrylonitrile is the default.*cpr18e \(unverified\)"):
        harm.probit()
    assert "(unverified)" in repr(harm.probit("cpr18e"))
    for known in known_substances():
        if known.harm.default_probit:
            assert known.harm.probit().status == "verified"


def slot() -> DangerousLoad:
    return DangerousLoad(
        name="SLOT",
        substance="sulfur dioxide",
        value=4.656e6,
        n=2.0,
        unit="ppm",
        molar_mass=0.0640638,
        source="s",
        status="verified",
    )


@pytest.mark.validation
def test_dangerous_load_of_sulfur_dioxide():
    """965 ppm for 5 min and 395 ppm for 30 min each are the specified level of toxicity (HSE, Toxicity levels of
    chemicals)."""
    for ppm, minutes in ((965.0, 5.0), (395.0, 30.0)):
        mass = slot().concentration(duration=minutes * 60.0, **AIR)
        # 0.5 %: the print rounds to 5 ppm
        assert float(concentration_to_ppm(mass, molar_mass=0.0640638, **AIR)) == pytest.approx(ppm, rel=0.005)


def test_dangerous_loads_are_shares_of_their_own_kind_only():
    probit = Probit(
        name="own", substance="sulfur dioxide", a=0.0, b=1.0, n=2.0, unit="ppm", molar_mass=0.0640638, source="s",
        status="verified",
    )  # fmt: skip
    mass = slot().concentration(duration=600.0, **AIR)
    load = probit.load_of([0.0, 300.0], [mass, mass], **AIR)
    assert float(slot().share(load)) == pytest.approx(0.5, rel=1e-12)  # half the time, half the load
    with pytest.raises(ModelError, match="do not mix"):
        slot().share(ToxicLoad(value=load.value, n=1.0, unit="ppm", substance="sulfur dioxide"))
    harm = Harm(substance="sulfur dioxide", dangerous_loads={"SLOT": slot()})
    assert harm.dangerous_load("slot") is harm.dangerous_loads["SLOT"]
    with pytest.raises(ModelError, match="did you mean 'SLOT'"):
        harm.dangerous_load("SLOD")
    with pytest.raises(ModelError, match="methane has no dangerous load"):
        substance("methane").harm.dangerous_load("SLOT")


@pytest.mark.parametrize("duration", ["10 min", True, [600.0]])
def test_a_duration_that_is_no_number_is_refused(duration):
    with pytest.raises(UnitError, match=r"duration is .*, not a number -> give seconds, such as 600\.0"):
        substance("chlorine").threshold("AEGL-2", duration=duration)
