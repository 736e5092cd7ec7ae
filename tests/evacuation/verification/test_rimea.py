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


def test_rimea_06_corner_crowd(check):
    check("RIMEA-06", "crowd")


@pytest.mark.xfail(
    strict=True, reason="the crowd jams at the inner edge of the corner: 64 s, where 24 m straight on take 44 s"
)
def test_rimea_15_crowd_round_a_corner_crowd(check):
    check("RIMEA-15", "crowd")


def test_juelich_12_who_stands_is_left_alone_crowd(check):
    check("JUL-12", "crowd")


def test_rimea_11_exit_choice_shared_out_network(check):
    check("RIMEA-11", "network")


@pytest.mark.xfail(strict=True, reason="an order to the nearest exit sends everybody there, 0 of 1000 to the other")
def test_rimea_11_exit_choice_by_nearest_network(check):
    check("RIMEA-11-nearest", "network")
