"""Shelter or evacuate, by hand-calculated loads."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from evacuation.advice import advise
from evacuation.forecasts import Forecast
from evacuation.planning import Plan, Traveller, make_plan
from evacuation.routes import WalkGraph
from evacuation.walking import Links, Walking
from twin.errors import ModelError


def case(*, clean_after: int, inside: float, room: bool = True) -> Plan:
    """One way of 100 m (10 bins) in air of load rate 1 until a bin; the room has a share `inside` of it."""
    n = np.zeros(2, np.bool_)
    links = Links(length=np.full(2, 100.0), width=np.full(2, 4.0), capacity=np.full(2, 5.0), stairs=n)
    graph = WalkGraph(node_x=np.zeros(2), node_y=np.zeros(2), tail=np.array([0, 1]), head=np.array([1, 0]), links=links,
                      kinds=("walkway",), tags=("W",), places={"A": (0, 0), "M": (1, 1)}, musters=("M",),
                      onward=np.empty((0, 2), np.int64), times=np.empty((0, 2)), walking=Walking())  # fmt: skip
    rate = np.where(np.arange(60) < clean_after, 1.0, 0.0)
    total = np.zeros((3, 61))
    total[:, 1:] = np.cumsum(10.0 * rate)
    air = Forecast(total=total, width=10.0, exponent=2.0, segment_row=np.zeros(1, int), segments=np.ones(1, int),
                   node_row=1, room_node=np.zeros(int(room), int),
                   room=inside * 10.0 * rate[None][: int(room)])  # fmt: skip
    return make_plan(graph, air, travellers=[Traveller(name="walk", speed=1.0)], time_weight=1e-6)


def told(plan: Plan, **settings: Any) -> Any:
    given = {
        "time": 0.0,
        "uncertainty": 2.0,
        "limits": {"AEGL-2": 50.0},
        "delays": (0.0, 100.0),
        "least_stay": 300.0,
    } | settings
    return advise(plan, {"Z": {"A": 40}}, **given)[0]


def test_a_tight_room_in_a_passing_cloud_is_better() -> None:
    """Walking gathers 100 (100 s at rate 1); 300 s in the room gather 0.1 x 300 = 30, and clean air after."""
    got = told(case(clean_after=30, inside=0.1))
    assert (got.action, got.choice.walk, got.choice.stay) == ("shelter", pytest.approx(100.0), pytest.approx(30.0))
    assert got.choice.leave == pytest.approx(300.0)
    assert got.ratio == pytest.approx(0.3)
    assert got.margin == pytest.approx(40 * 70.0)
    assert (got.choice.over_walk["AEGL-2"], got.choice.over_stay["AEGL-2"]) == (40, 0)
    assert "shelter and leave after 5 min, 0.3 times" in got.sentence()
    assert "5 分钟后离开" in got.sentence("zh")


def test_a_leaky_room_in_a_long_cloud_is_worse_and_a_close_call_is_said() -> None:
    """500 s of gas, half of it in the room: leaving at 300 s gathers 150 + 100, later not less than 250."""
    got = told(case(clean_after=50, inside=0.5))
    assert got.choice.stay == pytest.approx(250.0)
    assert got.action == "evacuate"
    assert "evacuate, 0.4 times as much load by walking" in got.sentence()
    close = told(case(clean_after=50, inside=0.5), uncertainty=3.0)
    assert close.action == "either"
    assert "no clear advantage" in close.sentence()
    assert "无明显优劣" in close.sentence("zh")


def test_a_late_departure_turns_the_advice() -> None:
    """300 s of gas, half of it in the room: 150 by sheltering; 100 by walking at once, and 100 in the room and 100 on
    the way by setting out after 200 s."""
    got = told(case(clean_after=30, inside=0.5), uncertainty=1.2, delays=(0.0, 200.0))
    assert got.action == "evacuate"
    assert got.choice.stay == pytest.approx(150.0)
    assert got.delays[1].walk == pytest.approx(200.0)
    assert got.delays[1].action == "shelter"
    assert got.turning_delay == pytest.approx(200.0)


def test_without_a_room_there_is_one_advice_and_faults_are_told_together() -> None:
    plan = case(clean_after=30, inside=0.1, room=False)
    got = told(plan)
    assert got.action == "evacuate"
    assert "no room to shelter in" in got.sentence()
    with pytest.raises(ModelError, match=r"(?s)no place 'B'.*uncertainty is 0.5"):
        advise(plan, {"Z": {"B": 3}}, time=0.0, uncertainty=0.5, limits={})
