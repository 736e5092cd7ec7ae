"""Where people are, how many come, and how many die: by hand and against other programs."""

from __future__ import annotations

import numpy as np
import pytest

from evacuation import Group, Order, Tolerance, evacuate, populate
from plant_models import substance
from twin import Streams

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
