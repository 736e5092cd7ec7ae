"""Required against available time, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from evacuation import Exposure, Group, Order, WalkGraph, egress_margins, evacuate, populate
from plant_models import substance
from twin import ModelError, Streams

CHLORINE = substance("chlorine")
AEGL = CHLORINE.threshold("AEGL-2", duration=600.0)


@pytest.fixture
def play(park, weather, uniform):
    def run(level, start, **more):
        graph = WalkGraph.of(park)
        air = Exposure(graph, uniform(level, start), substance=CHLORINE, weather=weather, horizon=1800.0, time_bin=10.0)
        groups = [
            Group(name="yard", place="YD-1", count=20),
            Group(name="room", place="CR-1", count=10, indoors=True),
        ]
        people = populate(park, groups, Streams(2), graph=graph)
        return evacuate(
            park, people, orders=[Order(time=90.0, action="evacuate")], exposure=air, horizon=1800.0, **more
        ), air

    return run


def test_the_parts_of_the_last_person_add_up_to_the_arrival(play):
    result, air = play(1e-4, 300.0)
    told = egress_margins(result, air, AEGL, detection=30.0)
    assert told.places == ("YD-1", "CR-1")
    assert told.people.tolist() == [20, 10]
    for k in (0, 1):
        mine = result.population.place == result.population.places.index(told.places[k])
        last = result.arrival_time[mine].max()
        who = np.flatnonzero(mine & (result.arrival_time == last))[0]
        assert told.detection[k] == 30.0
        assert told.alarm[k] == pytest.approx(60.0)
        assert told.premovement[k] == pytest.approx(result.population.premovement[who])
        assert told.rset[k] == pytest.approx(last)
        assert told.margin[k] == pytest.approx(300.0 - last)  # the gas is everywhere from 300 s on, above AEGL-2
    half = egress_margins(result, air, AEGL, detection=30.0, share=0.5)
    yard = np.sort(result.arrival_time[result.population.place == 0])
    assert half.rset[0] == pytest.approx(yard[9])
    assert told.to_pandas()["margin"].is_monotonic_increasing


def test_a_load_is_reached_by_the_power_law(play, weather):
    """c^n t: twice the concentration of AEGL-2 (10 min) from 300 s on reaches its load after 600 / 2^n s."""
    level = AEGL.concentration(weather.temperature, weather.pressure)
    result, air = play(2.0 * level, 300.0)
    told = egress_margins(result, air, AEGL, by="load")
    assert np.allclose(told.aset, 300.0 + 600.0 / 2.0 ** CHLORINE.harm.probit().n, rtol=1e-9)


def test_ways_are_left_before_the_gas_or_not(play):
    result, air = play(1e-3, 200.0)
    told = egress_margins(result, air, AEGL)
    crossings = result.tracks.crossings
    walked = np.unique(crossings.link // 2)
    assert np.array_equal(np.flatnonzero(~np.isnan(told.way_rset)), walked)
    for way in walked:
        last = crossings.times[crossings.link // 2 == way, 2].max()
        assert told.way_margin[way] == pytest.approx(200.0 - last)


def test_gas_that_does_not_come_leaves_all_the_time(play):
    result, air = play(1e-9, 0.0)
    told = egress_margins(result, air, AEGL)
    assert np.isinf(told.margin).all()
    assert (told.margin > 0.0).all()
    assert "0 of them too late" in repr(told)


def test_what_does_not_belong_together_is_refused(play):
    result, air = play(1e-4, 0.0)
    other, _ = play(1e-4, 0.0)
    with pytest.raises(ModelError, match="other ways"):
        egress_margins(other, air, AEGL)
    with pytest.raises(ModelError, match="of ammonia"):
        egress_margins(result, air, substance("ammonia").threshold("AEGL-2", duration=600.0))
    with pytest.raises(ModelError, match="detection"):
        egress_margins(result, air, AEGL, detection=100.0)
    with pytest.raises(ModelError, match="share"):
        egress_margins(result, air, AEGL, share=0.0)
