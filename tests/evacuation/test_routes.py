"""Ways on foot: attachments, doors and gates, quickest ways against Dijkstra of networkx."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

from evacuation import WalkGraph
from twin import ModelError


def test_places_hang_on_the_nearest_way(park):
    graph = WalkGraph.of(park)
    node, link = graph.places["CR-1"]
    # centre (200, 120) to the end of the walkway (200, 100): 20 m
    assert (graph.node_x[node], graph.node_y[node]) == pytest.approx((200.0, 120.0), abs=1e-9)
    assert graph.links.length[link] == pytest.approx(20.0, abs=1e-9)
    assert graph.tail[link] == node
    assert "IS-1" not in graph.places
    assert graph.links.length.sum() / 2 == pytest.approx(500.0 + 10.0 + 10.0 + 20.0 + 30.0, abs=1e-9)


def test_the_two_directions_are_neighbours(park):
    graph = WalkGraph.of(park)
    assert np.array_equal(graph.tail[::2], graph.head[1::2])
    assert np.array_equal(graph.head[::2], graph.tail[1::2])


def test_quickest_ways_equal_those_of_networkx(draw, feature, box):
    rng = np.random.default_rng(4)
    side = 6
    xy = {
        (i, j): (60.0 * i + rng.uniform(-15, 15), 60.0 * j + rng.uniform(-15, 15))
        for i in range(side)
        for j in range(side)
    }
    ways = [((i, j), (i + 1, j)) for i in range(side - 1) for j in range(side)]
    ways += [((i, j), (i, j + 1)) for i in range(side) for j in range(side - 1)]
    park = draw(
        *(feature(f"W-{k}", "walkway", [xy[a], xy[b]]) for k, (a, b) in enumerate(ways)),
        feature("MP-1", "muster_point", (-5, -5)),
        feature("MP-2", "muster_point", (320, 150)),
        feature("A-1", "area", box(150, 150, 10)),
    )
    graph = WalkGraph.of(park)
    plain = nx.Graph()
    for tail, head, length in zip(graph.tail, graph.head, graph.links.length, strict=True):
        plain.add_edge(int(tail), int(head), time=float(length) / 1.34)
    for row, tag in enumerate(graph.musters):
        best = nx.single_source_dijkstra_path_length(plain, graph.places[tag][0], weight="time")
        assert graph.times[row] == pytest.approx([best[n] for n in range(graph.node_x.size)], rel=1e-12)
        link, walked = graph.first_link("A-1", row), 0.0
        while link >= 0:  # following the table takes exactly that time
            walked += graph.links.length[link] / 1.34
            link = graph.onward[row, link]
        assert walked == pytest.approx(best[graph.places["A-1"][0]], rel=1e-12)


def test_a_gate_limits_the_way_it_stands_on(draw, feature, box):
    park = draw(
        feature("RD-1", "road", [(0, 0), (200, 0)], width="6 m"),
        feature("G-1", "gate", (100, 0.5), width="1.5 m"),
        feature("G-2", "gate", (50, 90), width="1 m"),
        feature("MP-1", "muster_point", (210, 0)),
        feature("A-1", "area", box(0, 20, 10)),
    )
    graph = WalkGraph.of(park)
    at = np.flatnonzero((graph.node_x == 100.0) & (graph.node_y == 0.0))
    into = np.isin(graph.head, at)
    assert into.sum() == 2
    assert graph.links.capacity[into] == pytest.approx(1.3 * (1.5 - 0.3), rel=1e-12)
    assert len(graph.warnings) == 1
    assert "G-2" in graph.warnings[0]


def test_doors_limit_a_building(draw, feature, box):
    def make(*doors):
        return draw(
            feature("WK-1", "walkway", [(0, 0), (100, 0)], width="3 m"),
            feature("MP-1", "muster_point", (110, 0)),
            feature("B-1", "building", box(50, 30, 20)),
            *doors,
        )

    silent = WalkGraph.of(make())
    assert silent.links.capacity[silent.places["B-1"][1]] == pytest.approx(1.3 * 2 * (0.9 - 0.3), rel=1e-12)
    south, east = feature("D-1", "door", (50, 20), width="1.2 m"), feature("D-2", "door", (60, 30), width="0.9 m")
    graph = WalkGraph.of(make(south, east))
    node, link = graph.places["B-1"]
    assert graph.links.capacity[link] == pytest.approx(1.3 * (0.9 + 0.6), rel=1e-12)
    assert (graph.node_x[node], graph.node_y[node]) == (50.0, 20.0)  # people leave by the door nearest to the way


def test_what_cannot_be_reached_is_named(draw, feature, box):
    park = draw(
        feature("WK-1", "walkway", [(0, 0), (100, 0)]),
        feature("RD-2", "road", [(0, 50), (100, 50)]),
        feature("MP-1", "muster_point", (110, 0)),
        feature("A-1", "area", box(50, 60, 10)),
    )
    graph = WalkGraph.of(park)
    (problem,) = graph.unreachable(["A-1"])
    assert "A-1" in problem.what
    assert "MP-1" in problem.what
    with pytest.raises(ModelError, match="did you mean 'MP-1'"):
        graph.muster("MP-2")
    with pytest.raises(ModelError, match="did you mean 'A-1'"):
        WalkGraph.of(park, places=["A-2"])


def test_a_park_without_ways(draw, feature, box):
    park = draw(feature("A-1", "area", box(50, 60, 10)), feature("MP-1", "muster_point", (110, 0)))
    graph = WalkGraph.of(park)
    assert graph.nearest_muster("A-1") == -1
    assert "no muster point" in graph.unreachable(["A-1"])[0].what
