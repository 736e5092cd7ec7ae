"""Flows, queues and congestion against sums over the crossings one by one, and against the capacity."""

from __future__ import annotations

import numpy as np
import pytest

from evacuation import Distribution, Group, Order, Tolerance, density_map, evacuate, link_flows, populate
from plant_models import substance
from twin import ModelError, Streams


def play(park, count=400, **more):
    once = Distribution.fixed(10.0)
    people = populate(park, [Group(name="yard", place="YD-1", count=count, premovement=once)], Streams(1))
    return evacuate(park, people, orders=[Order(time=0.0, action="evacuate")], horizon=1205.0, **more)


def overlap(start, stop, low, high):
    return max(min(stop, high) - max(start, low), 0.0)


def check_against_every_crossing(result, told):
    """Number on the link and in line: the seconds of every crossing laid over every bin, one by one."""
    crossings = result.tracks.crossings
    present, waiting = np.zeros_like(told.present), np.zeros_like(told.waiting)
    for person in range(len(result.population)):
        for row in range(crossings.first[person], crossings.first[person + 1]):
            link, (enter, ready, leave) = crossings.link[row], crossings.times[row]
            stop = min(leave, max(result.rescued_time[person], enter))
            line = min(stop, result.incapacitated_time[person] if np.isinf(leave) else np.inf)
            for k in range(told.edges.size - 1):
                low, high = told.edges[k], min(told.edges[k + 1], 1e9)
                present[link, k] += overlap(enter, stop, low, high) / told.width
                if ready <= result.incapacitated_time[person]:
                    waiting[link, k] += overlap(ready, line, low, high) / told.width
    assert np.allclose(told.present, present, atol=1e-9)
    assert np.allclose(told.waiting, waiting, atol=1e-9)


def test_numbers_of_every_bin_are_those_of_the_crossings(park):
    result = play(park, 60)
    told = link_flows(result, width=15.0)
    check_against_every_crossing(result, told)
    # everybody who entered a link left it, for all arrived
    assert np.isfinite(result.arrival_time).all()
    assert np.array_equal(told.entered.sum(axis=1), told.left.sum(axis=1))
    assert told.entered.sum() == result.tracks.crossings.link.size


def test_the_fallen_are_on_the_way_but_wait_no_more(park, weather, uniform):
    result = play(
        park, 60, hazard=uniform(1.2e-3), substance=substance("chlorine"), weather=weather, tolerance=Tolerance()
    )
    assert np.isfinite(result.incapacitated_time).sum() > 20
    told = link_flows(result, width=15.0)
    inside = told.edges[1:] <= 1200.0
    crossings = result.tracks.crossings
    assert np.isinf(crossings.times[:, 2]).any()
    lying = np.isfinite(result.incapacitated_time) & np.isinf(result.arrival_time)
    on_way = lying & (np.diff(crossings.first) > 0)
    assert told.present[:, inside][:, -1].sum() == pytest.approx(on_way.sum(), abs=1e-9)
    assert told.waiting[:, inside][:, -1].sum() == pytest.approx(0.0, abs=1e-9)


def test_a_crowd_of_one_moment_jams_where_its_way_narrows(park):
    """400 people at once at a way that lets 1.3 (w - 0.3) of them through a second."""
    result = play(park)
    told = link_flows(result, width=10.0)
    links = told.graph.links
    most = (1.0 + links.capacity * 10.0) / 10.0  # no interval t lets more than 1 + C t pass
    assert (told.flow <= most[:, None] + 1e-9).all()
    points = told.congestion()
    assert points
    worst = points[0]
    assert worst.queue > 20.0
    assert {"surplus", "full"} & set(worst.reasons)
    busiest = np.argmax(told.waiting.max(axis=1))
    assert worst.link == busiest
    table = told.to_pandas()
    assert table["left"].sum() == told.left.sum()
    # ten people do not jam
    assert link_flows(play(park, 10)).congestion() == ()


def test_a_density_map_holds_everybody_who_is_not_mustered(park):
    result = play(park, 100)
    half = float(np.sort(result.arrival_time)[49])
    told = density_map(result, [0.0, 60.0, half, 1200.0], cell=7.5)
    assert np.allclose(told.density.sum(axis=(1, 2)) * 7.5**2, [100.0, 100.0, 50.0, 0.0])
    assert told.highest.max() >= told.density[0].max()


def test_bins_and_cells_must_be_positive(park):
    result = play(park, 5)
    with pytest.raises(ModelError, match="width"):
        link_flows(result, width=0.0)
    with pytest.raises(ModelError, match="moments"):
        density_map(result, [])
