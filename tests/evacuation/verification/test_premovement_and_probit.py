"""Premovement medians of PD 7974-6 and lethal concentrations."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize("levels", ["A-M1-B1", "A-M1-B3", "A-M2-B1", "A-M2-B3", "A-M3-B1", "B-M2-B1", "B-M2-B3"])
def test_pd_7974_6_median_premovement(check, levels):
    check(f"PRE-{levels}", "population")


@pytest.mark.parametrize("minutes", [10, 30])
def test_chlorine_lc50(check, minutes):
    check(f"LC50-{minutes}", "harm")
