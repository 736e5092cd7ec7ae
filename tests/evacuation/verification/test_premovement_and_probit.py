"""Premovement times of PD 7974-6 and of business buildings, and lethal concentrations."""

from __future__ import annotations

import pytest

LEVELS = [
    *("A-M1-B1", "A-M1-B2", "A-M1-B3", "A-M2-B1", "A-M2-B2", "A-M2-B3", "A-M3-B1", "A-M3-B2", "A-M3-B3"),
    *("B-M1-B2", "B-M1-B3", "B-M2-B1", "B-M2-B3", "B-M3-B1"),
]


@pytest.mark.parametrize("part", ["PRE01", "PRE", "PRE99"])
@pytest.mark.parametrize("levels", LEVELS)
def test_pd_7974_6_premovement(check, part, levels):
    check(f"{part}-{levels}", "population")


@pytest.mark.parametrize("form", ["gamma", "lognormal", "weibull"])
def test_lovreglio_2019_premovement(check, form):
    check(f"PRE-LOV-{form}", "population")


@pytest.mark.parametrize("minutes", [10, 30])
def test_chlorine_lc50(check, minutes):
    check(f"LC50-{minutes}", "harm")
