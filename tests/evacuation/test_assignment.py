"""Muster points by quickest flow and by least load, beside brute force and networkx."""

from __future__ import annotations

from itertools import product
from typing import Any

import networkx as nx
import numpy as np
import pytest

from evacuation.assignment import least_load, quickest
from evacuation.routes import WalkGraph
from evacuation.walking import Links, Walking
from twin.errors import ModelError


@pytest.mark.parametrize("seed", range(5))
def test_least_load_equals_brute_force(seed: int) -> None:
    rng = np.random.default_rng(seed)
    loads = rng.random((3, 3))
    people, room = rng.integers(1, 4, 3), np.array([3, 4, 3])
    best = np.inf
    single = [place for place, count in enumerate(people) for _ in range(count)]
    for choice in product(range(3), repeat=len(single)):
        if (np.bincount(choice, minlength=3) <= room).all():
            best = min(best, sum(loads[p, m] for p, m in zip(single, choice, strict=True)))
    table = {f"P{p}": {f"M{m}": loads[p, m] for m in range(3)} for p in range(3)}
    got = least_load(
        table, {f"P{p}": int(c) for p, c in enumerate(people)}, {f"M{m}": int(r) for m, r in enumerate(room)}
    )
    assert got.objective == pytest.approx(best, rel=1e-12)
    assert (got.people.sum(axis=1) == people).all()
    assert (got.people.sum(axis=0) <= room).all()


def test_who_finds_no_room_is_named() -> None:
    loads = {"A": {"M": 1.0}, "B": {"M": 1.0, "N": 2.0}}
    with pytest.raises(ModelError, match="6 of 15 people reach no muster point with room: 6 of 10 at A"):
        least_load(loads, {"A": 10, "B": 5}, {"M": 4, "N": 5})
    with pytest.raises(ModelError, match="-1 people"):
        least_load(loads, {"A": -1, "B": 5}, {"M": 4, "N": 5})


def tree(pairs: Any, length: Any, capacity: Any, places: dict[str, int], musters: tuple[str, ...]) -> WalkGraph:
    ends = np.array(pairs, np.int64)
    n = 2 * len(ends)
    links = Links(length=np.repeat(np.asarray(length, float), 2), width=np.full(n, 2.0),
                  capacity=np.repeat(np.asarray(capacity, float), 2), stairs=np.zeros(n, np.bool_))  # fmt: skip
    nodes = int(ends.max()) + 1
    return WalkGraph(node_x=np.zeros(nodes), node_y=np.zeros(nodes), tail=ends.ravel(), head=ends[:, ::-1].ravel(),
                     links=links, kinds=("walkway",) * len(ends), tags=("W",) * len(ends),
                     places={tag: (node, 0) for tag, node in places.items()}, musters=musters,
                     onward=np.empty((0, n), np.int64), times=np.empty((0, nodes)), walking=Walking())  # fmt: skip


def test_quickest_of_one_way_is_walk_plus_queue() -> None:
    """20 people, 2 a step through a way of 3 steps: the last enters in step 9 (the tenth) and is there at 12."""
    graph = tree([(0, 1)], [30.0], [0.2], {"A": 0, "M": 1}, ("M",))
    got = quickest(graph, {"A": 20}, {"M": 100}, time_step=10.0, speed=1.0)
    assert got.objective == pytest.approx(120.0)
    assert got.people.tolist() == [[20]]
    with pytest.raises(ModelError, match=r"4 of 20 people .* within 100 s: 4 of 20 at A"):
        quickest(graph, {"A": 20}, {"M": 100}, time_step=10.0, speed=1.0, horizon=100.0)
    with pytest.raises(ModelError, match="5 of 20 at A"):
        quickest(graph, {"A": 20}, {"M": 15}, time_step=10.0, speed=1.0)


@pytest.mark.parametrize("seed", range(3))
def test_quickest_equals_networkx(seed: int) -> None:
    """The same time-expanded network built here and solved by networkx, time after time from zero."""
    rng = np.random.default_rng(seed)
    node = np.arange(16).reshape(4, 4)
    pairs = np.concatenate(
        [np.stack([node[:, :-1].ravel(), node[:, 1:].ravel()], 1), np.stack([node[:-1].ravel(), node[1:].ravel()], 1)]
    )
    steps, each = rng.integers(1, 4, len(pairs)), rng.integers(1, 4, len(pairs))
    graph = tree(pairs, steps * 10.0, each / 10.0, {"A": 5, "B": 10, "C": 6, "M": 0, "N": 15}, ("M", "N"))
    people, room = {"A": 12, "B": 9, "C": 7}, {"M": 15, "N": 14}
    got = quickest(graph, people, room, time_step=10.0, speed=1.0)

    def most(last: int) -> int:
        net = nx.DiGraph()
        for (a, b), long, cap in zip(pairs.tolist(), steps.tolist(), each.tolist(), strict=True):
            for k in range(last + 1 - long):
                net.add_edge((a, k), (b, k + long), capacity=cap)
                net.add_edge((b, k), (a, k + long), capacity=cap)
        for v, k in product(range(16), range(last)):
            net.add_edge((v, k), (v, k + 1))
        for tag, count in people.items():
            net.add_edge("source", (graph.places[tag][0], 0), capacity=count)
        for tag, count in room.items():
            for k in range(last + 1):
                net.add_edge((graph.places[tag][0], k), tag)
            net.add_edge(tag, "sink", capacity=count)
        return int(nx.maximum_flow_value(net, "source", "sink"))

    last = next(k for k in range(1, 60) if most(k) == 28)
    assert got.objective == pytest.approx(10.0 * last)
    assert got.people.sum(axis=1).tolist() == [12, 9, 7]
    assert (got.people.sum(axis=0) <= [15, 14]).all()
