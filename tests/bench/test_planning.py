"""Speed of plans: 10 000 nodes, 39 600 links and 360 bins at once, and the same graph written out for scipy."""

from __future__ import annotations

import time

import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from evacuation.forecasts import Forecast
from evacuation.planning import Traveller, make_plan
from evacuation.routes import WalkGraph
from evacuation.walking import Links, Walking

pytestmark = pytest.mark.bench

SIDE, BINS, WIDTH, DOOR, WEIGHT = 100, 360, 10.0, 1, 1e-4


def town():
    """A grid of ways that take 2 to 5 bins, safe rim, a room at every node, a cloud that turns half-way."""
    rng = np.random.default_rng(0)
    node = np.arange(SIDE * SIDE).reshape(SIDE, SIDE)
    pairs = np.concatenate(
        [np.stack([node[:, :-1].ravel(), node[:, 1:].ravel()], 1), np.stack([node[:-1].ravel(), node[1:].ravel()], 1)]
    )
    tail, head = pairs.ravel(), pairs[:, ::-1].ravel()
    length = np.repeat(WIDTH * rng.integers(2, 6, len(pairs)), 2).astype(float)
    links = Links(length=length, width=np.full(tail.size, 4.0), capacity=np.full(tail.size, 5.0),
                  stairs=np.zeros(tail.size, bool))  # fmt: skip
    x, y = (v.ravel().astype(float) for v in np.meshgrid(np.arange(SIDE), np.arange(SIDE)))
    graph = WalkGraph(node_x=x, node_y=y, tail=tail, head=head, links=links, kinds=("walkway",) * len(pairs),
                      tags=("W",) * len(pairs), places={}, musters=(), onward=np.empty((0, tail.size), np.int64),
                      times=np.empty((0, x.size)), walking=Walking())  # fmt: skip
    rows_x = np.r_[(x[pairs[:, 0]] + x[pairs[:, 1]]) / 2, x]
    rows_y = np.r_[(y[pairs[:, 0]] + y[pairs[:, 1]]) / 2, y]
    power = np.empty((rows_x.size, BINS))
    for k in range(BINS):
        angle = 0.0 if k < 120 else np.pi / 3
        along = (rows_x - 35) * np.cos(angle) + (rows_y - 50) * np.sin(angle)
        off = -(rows_x - 35) * np.sin(angle) + (rows_y - 50) * np.cos(angle)
        power[:, k] = np.where((along > 0) & (along < k), np.exp(-((off / (1 + 0.1 * along.clip(0))) ** 2)), 0.0)
    rim = np.unique(np.r_[node[0], node[-1], node[:, 0], node[:, -1]])
    return graph, power, len(pairs), rim


def forecast_of(power, ways, *, rooms):
    from evacuation._kernels.plans import prefix

    total = np.empty((power.shape[0], BINS + 1))
    prefix(power, np.ones(BINS), WIDTH, total)
    node = np.arange(power.shape[0] - ways if rooms else 0)
    room = 0.1 * WIDTH * np.roll(power[ways + node], 30, axis=1)
    return Forecast(total=total, width=WIDTH, exponent=2.0, segment_row=np.arange(ways), segments=np.ones(ways, int),
                    node_row=ways, room_node=node, room=room)  # fmt: skip


def expanded(graph, forecast, plan, rim):
    """Arcs of the graph of (node, bin) and (room, bin), to be searched from the end backwards.

    The cost after the last bin is taken from the plan: the two programs are compared on the time before it.
    """
    n = graph.node_x.size
    steps = np.rint(graph.links.length / WIDTH).astype(int)
    outer = lambda v, k: v + n * np.minimum(k, BINS)  # noqa: E731
    inner = lambda v, k: v + n * (BINS + 1 + np.minimum(k, BINS))  # noqa: E731
    u, v, edges = forecast.room_node, np.arange(n), np.arange(BINS)
    end = (2 if u.size else 1) * n * (BINS + 1)
    row = np.repeat(np.arange(graph.tail.size // 2), 2)
    stay = np.diff(forecast.total[forecast.node_row :], axis=1)
    last = np.diff(forecast.total, axis=1)[row, -1]
    into, out, cost = [], [], []
    for k in edges:
        later = np.minimum(k + steps, BINS)
        load = forecast.total[row, later] - forecast.total[row, k] + last * (k + steps - later)
        walk, room = stay[:, k] + WEIGHT * WIDTH, forecast.room[:, k] + WEIGHT * WIDTH
        for a, b, c in (
            (outer(graph.tail, k), outer(graph.head, later), load + WEIGHT * WIDTH * steps),
            (outer(v, k), outer(v, k + 1), walk),
            (inner(u, k), inner(u, k + 1), room),
            (outer(u, k), inner(u, k + DOOR), DOOR * walk[u]),
            (inner(u, k), outer(u, k + DOOR), DOOR * room),
        ):
            into.append(a), out.append(b), cost.append(c)
    for k in edges:
        into.append(outer(rim, k)), out.append(np.full(rim.size, end)), cost.append(np.full(rim.size, 1e-300))
    for table, place, who in ((plan.value[0], outer, v), (plan.inside[0], inner, u)):
        into.append(place(who, BINS)), out.append(np.full(who.size, end)), cost.append(np.maximum(table[-1], 1e-300))
    ends = np.concatenate(out).astype(np.int32), np.concatenate(into).astype(np.int32)
    return csr_array((np.concatenate(cost), ends), shape=(end + 1, end + 1)), end


@pytest.mark.parametrize("rooms", [False, True])
def test_plan_of_a_town_beside_scipy(rooms):
    graph, power, ways, rim = town()
    asked = {
        "travellers": [Traveller(name="walk", speed=1.0)], "goals": rim, "time_weight": WEIGHT, "door_time": 10.0,
        "sheltered_goals": True,
    }  # fmt: skip
    plan = make_plan(graph, forecast_of(power, ways, rooms=rooms), **asked)
    spent = []
    for _ in range(3):
        start = time.process_time()
        forecast = forecast_of(power, ways, rooms=rooms)
        made = time.process_time()
        plan = make_plan(graph, forecast, **asked)
        spent.append((made - start, time.process_time() - made))
    tables, ours = np.min(spent, axis=0)
    start = time.process_time()
    again = plan.replan(1200.0)
    replanned = time.process_time() - start
    matrix, end = expanded(graph, forecast, plan, rim)
    start = time.process_time()
    found = dijkstra(matrix, indices=end)
    theirs = time.process_time() - start
    n = graph.node_x.size
    outside = found[: n * (BINS + 1)].reshape(BINS + 1, n)
    gap = np.max(np.abs(plan.value[0] - outside) / np.maximum(outside, 1e-12))
    told = {
        "case": f"{n} nodes, {graph.tail.size} links, {BINS} bins, {'a room everywhere' if rooms else 'no rooms'}",
        "ours": f"plan {ours:.3f} s, tables {tables:.3f} s, planned anew {replanned:.3f} s",
        "scipy": f"{matrix.shape[0]} nodes, {matrix.nnz} arcs, {theirs:.2f} s, {theirs / ours:.1f} times",
        "largest relative gap": f"{gap:.1e}",
    }
    print("\n" + "; ".join(f"{name}: {value}" for name, value in told.items()))  # noqa: T201
    assert gap < 1e-6
    np.testing.assert_array_equal(again.action, plan.action)
