"""Diffusion of vapours in air against measured values; reading of formulas."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plant_models.diffusion import diffusivity_in_air
from plant_models.substances import known_substances, substance
from twin.errors import ModelError

TABLE = Path(__file__).resolve().parents[1] / "validation" / "diffusion_cases.csv"
CASES = list(
    csv.DictReader(line for line in TABLE.read_text(encoding="utf-8").splitlines() if not line.startswith("#"))
)
NO_VOLUME = {"arsine", "boron trifluoride", "phosphine"}


@pytest.mark.validation
@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c['substance']} {c['temperature_K']}")
def test_diffusivity_agrees_with_measured_values(case):
    # Each within 18 %: the method states a mean error of 4 %, and the measured values themselves differ that much
    # (chlorine and sulfur dioxide are measured 12 % above the method, aniline 15 % below it, whose ring counts).
    value = substance(case["substance"]).diffusivity(float(case["temperature_K"]), 101325.0)
    assert value == pytest.approx(float(case["diffusivity_m2_per_s"]), rel=0.18)


@pytest.mark.validation
def test_diffusivity_is_off_by_less_than_six_per_cent_on_average():
    errors = [
        abs(
            substance(c["substance"]).diffusivity(float(c["temperature_K"]), 101325.0)
            / float(c["diffusivity_m2_per_s"])
            - 1.0
        )
        for c in CASES
    ]
    assert sum(errors) / len(errors) < 0.06  # 4 % is stated for the method


def test_diffusivity_of_methanol_by_hand():
    # v(CH3OH) = 15.9 + 4 2.31 + 6.11 = 31.25, v(air) = 19.7; M = 2/(1/32.042 + 1/28.964) = 30.426 g/mol
    # D = 0.00143 298.15^1.75 / (1.01325 √30.426 (31.25^⅓ + 19.7^⅓)²) = 30.58 / (1.01325 5.516 34.22) = 0.160 cm²/s
    value = diffusivity_in_air("CH3OH", 0.032042, temperature=298.15, pressure=101325.0)
    assert value == pytest.approx(0.160e-4, rel=5e-3)  # three figures in the hand calculation


def test_formulas_of_the_same_molecule_agree():
    state = {"temperature": 300.0, "pressure": 1e5}
    for one, other in (
        ("(CH3)2NH", "C2H7N"),
        ("n-C4H10", "C4H10"),
        ("CH3COOC2H3", "C4H6O2"),
        ("CH3NCO", "C2H3NO"),
        ("((CH3)2N)2CO", "C5H12N2O"),
    ):
        assert diffusivity_in_air(one, 0.05, **state) == pytest.approx(
            diffusivity_in_air(other, 0.05, **state), rel=1e-12
        )


@pytest.mark.parametrize("known", known_substances(), ids=lambda s: s.name)
def test_every_shipped_formula_is_read(known):
    if known.name in NO_VOLUME:
        with pytest.raises(ModelError, match="no diffusion volume"):
            known.diffusivity(298.15, 101325.0)
    else:
        assert 5e-6 < known.diffusivity(298.15, 101325.0) < 1e-4  # between a heavy vapour and hydrogen


@pytest.mark.parametrize("formula", ["", "mixture", "CH4 + N2", "(CH3"])
def test_what_is_no_formula_is_refused(formula):
    with pytest.raises(ModelError, match="not the formula"):
        diffusivity_in_air(formula, 0.03, temperature=300.0, pressure=1e5)


@settings(deadline=None, max_examples=50)
@given(st.floats(200.0, 600.0), st.floats(5e4, 2e5), st.floats(0.002, 0.3))
def test_diffusivity_falls_with_pressure_and_weight(temperature, pressure, molar_mass):
    at = diffusivity_in_air("C3H8", molar_mass, temperature=temperature, pressure=pressure)
    assert diffusivity_in_air("C3H8", molar_mass, temperature=temperature, pressure=2.0 * pressure) == pytest.approx(
        0.5 * at
    )
    assert diffusivity_in_air("C3H8", 1.1 * molar_mass, temperature=temperature, pressure=pressure) < at
