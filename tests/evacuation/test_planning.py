"""Plans of least load: equal to a search on the time-expanded graph, and never beaten by another walk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

import twin
from evacuation.exposure import Exposure
from evacuation.forecasts import Forecast, rooms_of
from evacuation.planning import ARRIVED, SHELTER, WAIT, Traveller, make_plan
from evacuation.routes import WalkGraph
from evacuation.walking import Links, Walking
from plant_models import substance
from twin.errors import ModelError

WALK = Traveller(name="walk", speed=1.0)


def ways(pairs: Any, length: Any, nodes: int, goals: tuple[int, ...]) -> WalkGraph:
    """Level ways between numbered nodes; the first link of a muster point plays no part in a plan."""
    ends = np.array(pairs, np.int64)
    n = 2 * len(ends)
    long, wide = np.repeat(np.asarray(length, float), 2), np.full(n, 4.0)
    links = Links(length=long, width=wide, capacity=np.full(n, 5.0), stairs=np.zeros(n, np.bool_))
    names = tuple(f"M{i}" for i in goals)
    return WalkGraph(
        node_x=np.arange(nodes, dtype=float), node_y=np.zeros(nodes), tail=ends.ravel(), head=ends[:, ::-1].ravel(),
        links=links, kinds=("walkway",) * len(ends), tags=tuple(f"W{i}" for i in range(len(ends))),
        places={m: (g, 0) for m, g in zip(names, goals, strict=True)},
        musters=names, onward=np.empty((0, n), np.int64), times=np.empty((0, nodes)), walking=Walking(),
    )  # fmt: skip


def net(side: int) -> Any:
    node = np.arange(side * side).reshape(side, side)
    across = np.stack([node[:, :-1].ravel(), node[:, 1:].ravel()], 1)
    return np.concatenate([across, np.stack([node[:-1].ravel(), node[1:].ravel()], 1)])


def air(graph: WalkGraph, bins: int, rng: Any, *, rooms: Any = (), width: float = 10.0, pieces: int = 2) -> Forecast:
    """Random air that comes and goes; rooms have a tenth of the load of their node, later."""
    count, nodes = len(graph.kinds), graph.node_x.size
    rate = rng.random((count * pieces + nodes, bins)) * (rng.random((count * pieces + nodes, bins)) < 0.5)
    total = np.zeros((len(rate), bins + 1))
    total[:, 1:] = np.cumsum(rate * width, axis=1)
    room_node = np.array(rooms, np.int64)
    room = 0.1 * width * np.roll(rate[count * pieces + room_node], 3, axis=1)
    return Forecast(
        total=total, width=width, exponent=2.0, segment_row=np.arange(count) * pieces,
        segments=np.full(count, pieces), node_row=count * pieces, room_node=room_node, room=room,
    )  # fmt: skip


def link_load(forecast: Forecast, link: int, enter: float, time: float) -> float:
    """Load of an even walk, by np.interp; the last bin goes on for ever."""
    edges = np.r_[np.arange(forecast.bins + 1), forecast.bins + 1e4] * forecast.width
    pieces = int(forecast.segments[link // 2])
    rows = forecast.segment_row[link // 2] + np.arange(pieces)[:: 1 if link % 2 == 0 else -1]
    load = 0.0
    for i, row in enumerate(rows):
        table = np.r_[forecast.total[row], forecast.total[row, -1] + 1e4 * np.diff(forecast.total[row])[-1]]
        part = np.interp([enter + i * time / pieces, enter + (i + 1) * time / pieces], edges, table)
        load += part[1] - part[0]
    return float(load)


def expanded(graph: WalkGraph, forecast: Forecast, weight: float, door: int = 1) -> Any:
    """Least cost by Dijkstra on nodes x bins (and rooms x bins), times whole bins; an own reading of the problem."""
    n, bins, width = graph.node_x.size, forecast.bins, forecast.width
    rooms = len(forecast.room_node)
    rows, cols, cost = [], [], []

    def arc(a: int, b: int, c: float) -> None:
        rows.append(b), cols.append(a), cost.append(c)

    goal = {place[0] for place in graph.places.values()}
    end, inner = (bins + 1) * n, (bins + 1) * n + 1
    stay = np.diff(forecast.total[forecast.node_row :], axis=1)
    for k in range(bins + 1):
        frozen = min(k, bins - 1)
        for link, (a, b) in enumerate(zip(graph.tail, graph.head, strict=True)):
            time = float(graph.links.length[link])
            if a in goal:  # people stay where they have come to
                continue
            to = min(k + round(time / width), bins)
            # the end is a layer of its own: steady air, entered at the start of the last bin
            start = k * width if k < bins else (bins - 1) * width
            arc(k * n + a, to * n + b, link_load(forecast, link, start, time) + weight * time)
        if k == bins:
            break
        for v in sorted(set(range(n)) - goal):
            arc(k * n + v, (k + 1) * n + v, stay[v, frozen] + weight * width)
        for r, v in enumerate(forecast.room_node):
            room = inner + k * rooms + r
            arc(room, room + rooms, forecast.room[r, k] + weight * width)
            arc(k * n + v, inner + min(k + door, bins) * rooms + r, door * (stay[v, k] + weight * width))
            arc(room, min(k + door, bins) * n + v, door * (forecast.room[r, k] + weight * width))
    for r, v in enumerate(forecast.room_node):
        arc(inner + bins * rooms + r, bins * n + v, door * (forecast.room[r, -1] + weight * width))
    for k in range(bins + 1):
        for v in goal:
            arc(k * n + v, end, max(stay[v, k:].sum(), 1e-300))  # they breathe the air there to the end
    size = inner + (bins + 1) * rooms
    keep: dict[tuple[int, int], float] = {}
    for a, b, c in zip(rows, cols, cost, strict=True):
        keep[a, b] = min(c, keep.get((a, b), np.inf))
    at = np.array(list(keep))
    found = dijkstra(csr_array((np.array(list(keep.values())), (at[:, 0], at[:, 1])), shape=(size, size)), indices=end)
    return found[:end].reshape(bins + 1, n), found[inner:].reshape(bins + 1, rooms)


@pytest.mark.parametrize("seed", range(4))
def test_plan_equals_dijkstra_on_the_time_expanded_graph(seed: int) -> None:
    rng = np.random.default_rng(seed)
    pairs = net(5)
    graph = ways(pairs, 10.0 * rng.integers(1, 5, len(pairs)), 25, (0, 24))
    forecast = air(graph, 30, rng, rooms=(7, 12, 18))
    plan = make_plan(graph, forecast, travellers=[WALK], time_weight=1e-4, door_time=10.0)
    outside, inside = expanded(graph, forecast, 1e-4)
    np.testing.assert_allclose(plan.load[0], outside, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(plan.inside[0], inside, rtol=1e-9, atol=1e-12)
    assert (plan.action == SHELTER).any()
    assert (plan.action == WAIT).any()


def test_short_links_settle_to_the_equation_of_bellman() -> None:
    """Links of any length, many far shorter than a bin: every value satisfies the equation it is defined by."""
    rng = np.random.default_rng(3)
    pairs = net(4)
    graph = ways(pairs, rng.uniform(0.5, 45.0, len(pairs)), 16, (0,))
    forecast = air(graph, 25, rng)
    plan = make_plan(graph, forecast, travellers=[WALK], time_weight=1e-3)
    value, stay = plan.value[0], np.diff(forecast.total[forecast.node_row :], axis=1)
    for k in range(forecast.bins):
        for v in range(1, 16):
            best = stay[v, k] + 1e-3 * 10.0 + value[k + 1, v]
            for link in np.flatnonzero(graph.tail == v):
                time = float(graph.links.length[link])
                come = np.interp(k + time / 10.0, np.arange(forecast.bins + 1), value[:, graph.head[link]])
                best = min(best, link_load(forecast, int(link), 10.0 * k, time) + 1e-3 * time + come)
            assert value[k, v] == pytest.approx(best, rel=1e-9)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6))
def test_no_other_walk_gathers_less(seed: int) -> None:
    """Random walks with random waits, links of whole bins: the plan is a bound, and following it reaches the bound."""
    rng = np.random.default_rng(seed)
    pairs = net(4)
    graph = ways(pairs, 10.0 * rng.integers(1, 4, len(pairs)), 16, (0, 15))
    forecast = air(graph, 60, rng)
    forecast.total[:, -1] = forecast.total[:, -2] + 50.0  # bad air in the last bin: nobody waits for the end
    plan = make_plan(graph, forecast, travellers=[WALK], time_weight=1e-5, sheltered_goals=True)
    start, begin = int(rng.integers(1, 15)), int(rng.integers(0, 20))
    arrival, load = plan.walk(np.array([start]), np.array([10.0 * begin]))
    told = plan.route(start, 10.0 * begin)
    assert told.load == pytest.approx(float(load[0]), rel=1e-12)
    assert sum(step.load for step in told.steps) == pytest.approx(told.load, rel=1e-9, abs=1e-12)
    bound = plan.load[0, begin, start]
    assert load[0] + 1e-5 * (arrival[0] - 10.0 * begin) == pytest.approx(bound, rel=1e-9)
    for _ in range(20):
        node, now, gathered = start, 10.0 * begin, 0.0
        while node not in (0, 15) and now < 540.0:
            if rng.random() < 0.2:
                row = forecast.total[forecast.node_row + node]
                gathered += row[int(now / 10) + 1] - row[int(now / 10)]
                now += 10.0
                continue
            link = int(rng.choice(np.flatnonzero(graph.tail == node)))
            gathered += link_load(forecast, link, now, float(graph.links.length[link]))
            node, now = int(graph.head[link]), now + float(graph.links.length[link])
        if node in (0, 15):
            assert gathered + 1e-5 * (now - 10.0 * begin) >= bound * (1.0 - 1e-12)


def test_a_mask_and_a_pace_make_another_plan() -> None:
    """Load scales by protection to the power n; a slow walker needs length / speed."""
    graph = ways([(0, 1), (1, 2)], [100.0, 100.0], 3, (2,))
    rng = np.random.default_rng(0)
    forecast = air(graph, 60, rng)
    people = [WALK, Traveller(name="mask", speed=1.0, protection=10.0), Traveller(name="slow", speed=0.5)]
    plan = make_plan(graph, forecast, travellers=people, time_weight=0.0)
    np.testing.assert_allclose(plan.load[1], plan.load[0] / 100.0, rtol=1e-9)
    quickest = make_plan(graph, forecast, travellers=people, policy="time")
    assert quickest.route(0, 0.0).arrival == pytest.approx(200.0)
    assert quickest.route(0, 0.0, traveller="slow").arrival == pytest.approx(400.0)
    assert quickest.value[2, 0, 0] == pytest.approx(400.0)
    with pytest.raises(ModelError, match="minimised time"):
        _ = quickest.load


def test_delays_make_the_detour_the_quicker_way() -> None:
    """100 m with a queue of 60 s from 50 s to 150 s, or 130 m without."""
    graph = ways([(0, 1), (0, 2), (2, 1)], [100.0, 65.0, 65.0], 3, (1,))
    forecast = air(graph, 40, np.random.default_rng(0))
    delays = np.zeros((40, 6))
    delays[5:15, 0] = 60.0
    plan = make_plan(graph, forecast, travellers=[WALK], policy="time", delays=delays)
    assert plan.value[0, [0, 5, 14, 15], 0] == pytest.approx([100.0, 130.0, 110.0, 100.0])
    assert plan.action[0, [0, 5, 14, 15], 0].tolist() == [0, 2, WAIT, 0]


@dataclass(frozen=True)
class Shut:
    tag: str
    start: float
    stop: float


def test_replanning_knows_only_what_was_issued() -> None:
    graph = ways([(0, 1), (0, 2), (2, 1)], [100.0, 90.0, 90.0], 3, (1,))
    forecast = air(graph, 40, np.random.default_rng(0))
    plan = make_plan(graph, forecast, travellers=[WALK], policy="time")
    again = plan.replan(100.0, closures=[Shut("W0", 100.0, np.inf)])
    np.testing.assert_array_equal(again.action[:, :10], plan.action[:, :10])
    assert again.route(0, 50.0).arrival == pytest.approx(150.0)
    assert again.route(0, 100.0).arrival == pytest.approx(280.0)
    assert again.value[0, 10, 0] == pytest.approx(180.0)
    late = replace(air(graph, 40, np.random.default_rng(1)), issued=120.0)
    with pytest.raises(ModelError, match="issued at"):
        plan.replan(100.0, forecast=late)
    with pytest.raises(ModelError, match="other bins or rooms"):
        plan.walk(np.array([0]), np.array([0.0]), forecast=air(graph, 41, np.random.default_rng(1)))


def test_who_cannot_leave_is_not_free_at_the_end() -> None:
    """Node 2 has no way out: it stands for the forecast and as long again, in the air of the last bin."""
    graph = ways([(0, 1)], [50.0], 3, (1,))
    forecast = air(graph, 20, np.random.default_rng(2))
    plan = make_plan(graph, forecast, travellers=[WALK], time_weight=0.0)
    row = forecast.total[forecast.node_row + 2]
    assert plan.load[0, 0, 2] == pytest.approx(row[-1] + 20 * (row[-1] - row[-2]))
    assert (plan.action[0, :, 1] == ARRIVED).all()
    # 50 m need 5 bins: who sets out in the last of them walks on in the air of that bin
    assert plan.load[0, -1, 0] == pytest.approx(link_load(forecast, 0, 190.0, 50.0))


def test_the_plan_of_an_ensemble_is_that_of_the_mean_load(
    park: twin.Twin, uniform: Callable[..., Any], weather: twin.Weather
) -> None:
    """Two clouds of c and 3 c: the mean of c² is 5 c², in rooms as well (both are linear in c)."""
    graph = WalkGraph.of(park)
    gas = substance("chlorine")
    exposure = Exposure(graph, uniform(1e-4), substance=gas, weather=weather, horizon=600.0)
    rooms = rooms_of(park, graph)
    assert rooms == {"CR-1": pytest.approx(0.1 / 3600.0)}
    one = Forecast.of(exposure, rooms=rooms)
    n = one.exponent
    two = Forecast.of(exposure, hazards=[uniform(1e-4), uniform(3e-4)], rooms=rooms)
    np.testing.assert_allclose(two.total, one.total * (1.0 + 3.0**n) / 2.0, rtol=1e-9)
    np.testing.assert_allclose(two.room, one.room * (1.0 + 3.0**n) / 2.0, rtol=1e-9)
    assert one.total[0, -1] == pytest.approx(float(exposure.load_of(1e-4, 600.0)))
    # air of a closed room: c (1 - exp(-r t)), its n-th power by quadrature
    from scipy.integrate import quad

    inside = quad(lambda t: (1.0 - np.exp(-0.1 / 3600.0 * t)) ** n, 0.0, 600.0)[0] / 600.0
    assert one.room.sum() == pytest.approx(inside * one.total[0, -1], rel=1e-3)
    plan = make_plan(graph, two, sheltered_goals=True)
    # a cloud that never ends must be walked through at last, so that nothing is gained by waiting: out by the door
    assert plan.departure(["CR-1"], indoors=True) == {"CR-1": (plan.door_time, False)}
    assert plan.route("CR-1", 0.0).to_pandas().columns.tolist() == ["node", "link", "doing", "start", "stop", "load"]


def test_gas_at_a_muster_point_counts_and_the_way_home_is_in_the_open() -> None:
    """By hand: 100 m either way at 1 m/s; gas of load 1 a second stands at the left muster point from 150 s on."""
    graph = ways([(0, 1), (1, 2)], np.array([100.0, 100.0]), 3, (0, 2))
    rate = np.zeros((5, 40))  # two ways, three nodes
    rate[2, 15:] = 10.0
    total = np.zeros((5, 41))
    total[:, 1:] = np.cumsum(rate, axis=1)
    shape = {"width": 10.0, "exponent": 1.0, "segment_row": np.arange(2), "segments": np.ones(2, int), "node_row": 2}
    none = {"room_node": np.zeros(0, int), "room": np.zeros((0, 40))}
    plan = make_plan(graph, Forecast(total=total, **shape, **none), travellers=[WALK])
    assert plan.route(1, 0.0).steps[-1].node == 1
    assert graph.head[plan.action[0, 0, 1]] == 2
    assert plan.load[0, 0, 0] == pytest.approx(250.0, rel=1e-6)  # the last 250 s of 400 s
    # a home 50 m from its node, gas of 1 a second at the home: out through the door and 50 s in the open
    rate[2:, :], rate[3, :] = 0.0, 10.0
    total[:, 1:] = np.cumsum(rate, axis=1)
    home = Forecast(total=total, **shape, room_node=np.array([1]), room=np.zeros((1, 40)), room_way=np.array([50.0]))
    plan = make_plan(graph, home, travellers=[WALK], time_weight=0.0, door_time=10.0)
    arrival, load = plan.walk(np.array([1]), np.array([0.0]), indoors=True)
    assert (arrival[0], load[0]) == (
        np.inf,
        0.0,
    )  # inside there is no gas: one stays, and pays for the way after the end
    assert plan.inside[0, 0, 0] == pytest.approx(50.0)
