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

from plant_models.harm import Threshold, concentration_to_ppm, ppm_to_concentration
from plant_models.substances import known_substances, substance
from twin.errors import ModelError

VALIDATION = Path(__file__).resolve().parents[1] / "validation"
AIR = {"temperature": 298.15, "pressure": 101325.0}


def lethal_rows() -> list[dict[str, str]]:
    text = (VALIDATION / "probit_lethal_concentrations.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))


@pytest.mark.validation
@pytest.mark.parametrize("row", lethal_rows(), ids=lambda r: f"{r['substance']}-{r['probability']}-{r['minutes']}min")
def test_lethal_concentrations_of_lees(row):
    probit = substance(row["substance"]).harm.probit(row["set"])
    minutes = float(row["minutes"])
    ppm = (probit.load(float(row["probability"])) / minutes) ** (1.0 / probit.n)
    # 0.7 %: the print rounds to whole ppm, which is up to 0.7 % of the smallest value (71 ppm).
    assert float(ppm) == pytest.approx(float(row["ppm"]), rel=0.007)


@pytest.mark.validation
def test_withers_and_lees_chlorine():
    """Lethal to 50 % of the regular population: 433 ppm for 10 min and 250 ppm for 30 min (Withers and Lees 1985,
    abstract)."""
    probit = substance("chlorine").harm.probit("lees")
    for minutes, ppm in ((10.0, 433.0), (30.0, 250.0)):
        # 1 %: the abstract gives three figures, the coefficients two to three.
        assert math.sqrt(float(probit.load(0.5)) / minutes) == pytest.approx(ppm, rel=0.01)


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
            levels = [known.threshold(f"AEGL-{k}", duration=duration).ppm for k in (1, 2, 3) if f"AEGL-{k}" in names]
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
