"""ISO 20414:2020, the tests that have a figure; what is covered by which other test stands on the page of the table."""

from __future__ import annotations

import pytest


def test_iso_20414_07_overtaking_network(check):
    check("ISO-07", "network")


def test_iso_20414_09_dynamic_availability_of_exit_network(check):
    check("ISO-09", "network")


@pytest.mark.parametrize("row", ["ISO-18-K0.5", "ISO-18-K1", "ISO-18-K7.5", "ISO-18-K10"])
def test_iso_20414_18_speed_in_smoke(check, row):
    check(row, "harm")


@pytest.mark.parametrize("row", ["ISO-19-a", "ISO-19-b", "ISO-19-c", "ISO-19-d", "CO-ROOM"])
def test_iso_20414_19_fractional_effective_dose(check, row):
    check(row, "harm")


@pytest.mark.parametrize("row", ["SHELTER-STAY", "SHELTER-LEAVE"])
def test_shelter_closed_forms(check, row):
    check(row, "harm")


@pytest.mark.parametrize(
    ("number", "engine"),
    [
        *((number, "network") for number in ("01", "02", "06", "08", "10", "11", "12", "13", "14", "17")),
        ("04", "crowd"),
        ("05", "population"),
    ],
)
def test_iso_20414_by_its_titles(check, number, engine):
    check(f"ISO-{number}", engine)


def test_iso_20414_03_stairs_network(check):
    check("ISO-03", "network")
