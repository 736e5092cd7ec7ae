"""People who follow a plan: the queue network does what the plan foretells when nobody is in the way."""

from __future__ import annotations

import numpy as np
import pytest

from evacuation import Exposure, Group, Order, WalkGraph, evacuate, populate
from evacuation.distributions import Distribution
from evacuation.forecasts import Forecast, rooms_of
from evacuation.planning import Traveller, make_plan
from plant_models import substance
from twin import ModelError, Streams

CHLORINE = substance("chlorine")


class Band:
    """Gas east of a line for a time, none elsewhere."""

    def __init__(self, level, *, west=-np.inf, east=np.inf, start=0.0, stop=np.inf):
        self.level, self.west, self.east, self.start, self.stop = level, west, east, start, stop

    def concentration(self, x, y, z, t):
        x, y, z, t = np.broadcast_arrays(x, y, z, t)
        there = (x >= self.west) & (x < self.east) & (t >= self.start) & (t < self.stop)
        return np.where(there, self.level, 0.0)


def lone(park, place, *, indoors=False, speed=1.34):
    group = Group(
        name="one", place=place, count=1, indoors=indoors, speed=Distribution.fixed(speed),
        premovement=Distribution.fixed(60.0),
    )  # fmt: skip
    return populate(park, [group], Streams(1))


def planned(park, weather, hazard, *, horizon=3600.0, shelters=True):
    graph = WalkGraph.of(park)
    table = Exposure(graph, hazard, substance=CHLORINE, weather=weather, horizon=horizon)
    rooms = rooms_of(park, graph) if shelters else {}
    plan = make_plan(graph, Forecast.of(table, rooms=rooms), travellers=[Traveller(name="walk", speed=1.34)])
    return table, plan


def go(park, table, plan, people, **more):
    orders = [Order(time=0.0, action="evacuate", plan=plan)]
    return evacuate(park, people, orders=orders, exposure=table, horizon=table.horizon, **more)


def test_a_plan_turns_from_the_nearer_muster_point_in_the_gas(park, weather):
    """The yard at x = 100 is nearer to the west, where the gas is: by the plan one walks 300 m east instead."""
    table, plan = planned(park, weather, Band(1e-3, east=50.0))
    result = go(park, table, plan, lone(park, "YD-1"))
    assert result.tracks.graph.musters[result.muster[0]] == "MP-E"
    assert result.load[0] == 0.0
    arrival, load = plan.walk(np.array([plan.graph.places["YD-1"][0]]), np.array([0.0]))
    walked = result.arrival_time[0] - result.tracks.walk_time[0]
    assert walked == pytest.approx(arrival[0], abs=10.0)  # bins of 10 s
    assert load[0] == 0.0
    nearest = evacuate(
        park, lone(park, "YD-1"), orders=[Order(time=0.0, action="evacuate")], exposure=table, horizon=3600.0
    )
    assert nearest.tracks.graph.musters[nearest.muster[0]] == "MP-W"
    assert nearest.load[0] > 0.0


def test_a_plan_keeps_people_in_the_room_until_the_gas_is_gone(park, weather):
    table, plan = planned(park, weather, Band(1e-3, stop=600.0))
    result = go(park, table, plan, lone(park, "CR-1", indoors=True))
    assert result.tracks.shelter_time[0] == 60.0
    assert 590.0 <= result.start_time[0] <= 700.0
    assert np.isfinite(result.arrival_time[0])
    at_once = evacuate(
        park,
        lone(park, "CR-1", indoors=True),
        orders=[Order(time=0.0, action="evacuate")],
        exposure=table,
        horizon=3600.0,
    )
    assert result.load[0] < 0.05 * at_once.load[0]


def test_many_people_follow_one_plan_and_everybody_is_counted(park, weather):
    table, plan = planned(park, weather, Band(1e-3, east=50.0))
    people = populate(
        park, [Group(name="yard", place="YD-1", count=200), Group(name="east", place="MP-E", count=3)], Streams(4)
    )
    result = go(park, table, plan, people)
    assert np.isfinite(result.arrival_time).all()
    assert {result.tracks.graph.musters[m] for m in result.muster} == {"MP-E"}
    assert result.headcount.mustered[-1] == 203


def test_a_plan_on_other_ways_is_refused(park, weather):
    table, _ = planned(park, weather, Band(1e-3))
    _, other = planned(park, weather, Band(1e-3))
    with pytest.raises(ModelError, match="other ways"):
        go(park, table, other, lone(park, "YD-1"))
    order = Order(time=0.0, action="shelter", plan=other)
    with pytest.raises(ModelError, match="with another action"):
        evacuate(park, lone(park, "YD-1"), orders=[order], exposure=table, horizon=3600.0)
