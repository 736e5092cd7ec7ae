"""RiMEA guideline."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize("engine", ["network", "crowd"])
def test_rimea_01_walking_speed(check, engine):
    check("RIMEA-01", engine)


@pytest.mark.parametrize("age", [20, 30, 40, 70])
def test_rimea_07_speed_of_age(check, age):
    check(f"RIMEA-07-{age}", "population")


@pytest.mark.parametrize("number", [1, 2])
def test_juelich_free_and_turned_walk(check, number):
    check(f"JUL-{number}", "crowd")


def test_rimea_02_up_stairs_crowd(check):
    check("RIMEA-02", "crowd")


def test_rimea_03_down_stairs_crowd(check):
    check("RIMEA-03", "crowd")


def test_rimea_05_premovement_crowd(check):
    check("RIMEA-05", "crowd")
