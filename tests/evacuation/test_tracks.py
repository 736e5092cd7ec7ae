"""Where people are, how many come, and how many die: by hand and against other programs."""

from __future__ import annotations

import numpy as np
import pytest

from evacuation import Group, Order, Tolerance, evacuate, populate
from plant_models import substance
from twin import ModelError, Streams

CHLORINE = substance("chlorine")


def test_who_falls_on_the_way_lies_where_the_load_was_full(park, weather, uniform):
    people = populate(park, [Group(name="yard", place="YD-1", count=40)], Streams(3))
    result = evacuate(
        park, people, orders=[Order(time=0.0, action="evacuate")], hazard=uniform(1.5e-3), substance=CHLORINE,
        weather=weather, horizon=3600.0, tolerance=Tolerance(),
    )  # fmt: skip
    first, times = result.tracks.crossings.first, result.tracks.crossings.times
    fell = np.flatnonzero(np.isfinite(result.incapacitated_time) & np.isinf(result.arrival_time))
    walked = fell[(first[fell + 1] - first[fell]) > 0]
    assert walked.size >= 5
    graph = result.tracks.graph
    end_x, end_y = result.positions(3600.0)
    for person in walked.tolist():
        moment = result.incapacitated_time[person]
        last = first[person + 1] - 1
        enter, ready = times[last, :2]
        link = result.tracks.crossings.link[last]
        assert enter <= moment
        part = min((moment - enter) / (ready - enter), 1.0)  # constant speed along the link
        tail, head = graph.tail[link], graph.head[link]
        assert end_x[person] == pytest.approx((1 - part) * graph.node_x[tail] + part * graph.node_x[head], abs=1e-9)
        assert end_y[person] == pytest.approx((1 - part) * graph.node_y[tail] + part * graph.node_y[head], abs=1e-9)
        before, after = result.positions(moment - 1.0), result.positions(moment + 1.0)
        assert np.hypot(end_x[person] - before[0][person], end_y[person] - before[1][person]) < 2.5  # a second's walk
        assert (after[0][person], after[1][person]) == (end_x[person], end_y[person])


def test_headcounts_of_the_parts_add_up(park):
    groups = [
        Group(name="yard", place="YD-1", count=30),
        Group(name="east", place="YD-1", count=20),
        Group(name="room", place="CR-1", count=10, indoors=True),
    ]
    people = populate(park, groups, Streams(3))
    result = evacuate(park, people, orders=[Order(time=0.0, action="evacuate")], horizon=3600.0)
    for by, expected in (("group", [30, 20, 10]), ("place", [50, 10]), ("muster", None)):
        told = result.headcounts(by)
        ends = [int(each.mustered[-1]) for each in told.values()]
        assert sum(ends) == 60
        assert expected is None or ends == expected
    room = result.headcounts("place")["CR-1"]
    assert room.times[-2] == result.arrival_time[people.place == people.places.index("CR-1")].max()
    with pytest.raises(ModelError, match="no head-counts by 'zone'"):
        result.headcounts("zone")


def test_deaths_have_the_interval_of_independent_people(park, weather, uniform):
    people = populate(park, [Group(name="yard", place="YD-1", count=40)], Streams(3))
    given = {"hazard": uniform(3e-4), "substance": CHLORINE, "weather": weather, "horizon": 3600.0}
    result = evacuate(park, people, **given)
    told = result.casualties()
    assert told.mean == pytest.approx(result.expected_deaths)
    p = result.probability
    assert np.ptp(p) == pytest.approx(0.0, abs=1e-12)  # all stand in the same air: a binomial number
    from scipy.stats import binom

    assert (told.low, told.high) == (binom.ppf(0.025, 40, p[0]), binom.ppf(0.975, 40, p[0]))
    with pytest.raises(ModelError, match="no matter of chance"):
        evacuate(park, people, tolerance=Tolerance(), **given).casualties()
