"""Lanes turned against their direction, chosen by how soon everybody is out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from evacuation.assignment import quickest
from evacuation.routes import WalkGraph
from evacuation.traffic import Road, check_roads
from evacuation.walking import Links, Walking
from twin.errors import ModelError

__all__ = ["Contraflow", "contraflow"]

_MOST_TRIED = 12  # every subset of so many candidates is tried: 4096 flows
_UNIT = 3600.0  # flows are counted in whole vehicles an hour


@dataclass(frozen=True, slots=True, kw_only=True)
class Contraflow:
    """Roads whose lanes are given to the opposite direction.

    Parameters
    ----------
    reversed
        Tags of the turned directions.
    before, after
        Flow without and with it. [s⁻¹]
    clearance_before, clearance_after
        Least time in which the vehicles can be out without and with it; NaN when no vehicles were given. [s]
    exact
        Whether every subset was tried.
    """

    reversed: tuple[str, ...]
    before: float
    after: float
    clearance_before: float = float("nan")
    clearance_after: float = float("nan")
    exact: bool = True


def contraflow(
    roads: Sequence[Road],
    *,
    candidates: Mapping[str, str],
    sources: Collection[str] | Mapping[str, int],
    safe: Collection[str],
    time_step: float = 10.0,
    horizon: float = 7200.0,
) -> Contraflow:
    """Choose the roads whose lanes are better given to the opposite direction.

    With vehicles at the sources what counts is the time until the last can be out (quickest flow: the length of roads
    counts as well as their capacity), without them the vehicles a second. Up to 12 candidates every subset is tried,
    the smallest first: the answer is the best there is, with as few turned roads as it takes. With more, roads are
    turned one after another, each time the one that gains most, until none gains: not always the best.

    Parameters
    ----------
    roads
        Directed roads.
    candidates
        Tag of a road that may be turned, and tag of the opposite direction that gets its lanes.
    sources
        Nodes where vehicles come from, or vehicles at each of them.
    safe
        Nodes where they go.
    time_step
        Times on roads are rounded up to it in clearance times. [s]
    horizon
        Longest clearance time looked for. [s]

    Raises
    ------
    ModelError
        For a tag that is no road, for a pair that is not one road's two directions, when vehicles cannot be out by the
        horizon even with all lanes as they are.

    Notes
    -----
    A gate or junction at the end of a road lets through as many as before, whatever lanes the road is given.

    References
    ----------
    Kim S., Shekhar S., Min M. (2008), Contraflow transportation network reconfiguration for evacuation route planning,
    IEEE Transactions on Knowledge and Data Engineering 20, 1115-1129: the choice is NP-complete; greedy heuristic.
    """
    check_roads(roads)
    tags = {road.tag: row for row, road in enumerate(roads)}
    wrong = [f"no road {tag}" for pair in candidates.items() for tag in pair if tag not in tags]
    for turned, gains in candidates.items():
        if turned in tags and gains in tags:
            a, b = roads[tags[turned]], roads[tags[gains]]
            wrong += [f"{gains} is not the opposite of {turned}"] * ((a.start, a.end) != (b.end, b.start))
            wrong += [f"{gains} both gains and is turned"] * (gains in candidates)
    nodes = {node for road in roads for node in (road.start, road.end)}
    wrong += [f"no road at {node}" for node in dict.fromkeys((*sources, *safe)) if node not in nodes]
    if wrong:
        raise ModelError("; ".join(wrong), where="contraflow", fix="name pairs of opposite roads, and nodes on them")

    def turn(chosen: Collection[str]) -> list[Road]:
        given = {candidates[tag]: roads[tags[tag]].lanes for tag in chosen}
        left = [road for road in roads if road.tag not in chosen]
        return [replace(road, lanes=road.lanes + given.get(road.tag, 0)) for road in left]

    def flow(chosen: Collection[str]) -> float:
        return _flow_out(turn(chosen), sources, safe)

    def clearance(chosen: Collection[str]) -> float:
        assert isinstance(sources, Mapping)
        graph = _graph(turn(chosen), [*sources, *safe])
        room = dict.fromkeys(safe, sum(sources.values()))
        try:
            return quickest(graph, sources, room, time_step=time_step, speed=1.0, horizon=horizon).objective
        except ModelError:
            if not chosen:
                raise
            return float("inf")  # turning cuts somebody off

    def worth(chosen: Collection[str]) -> float:
        return -clearance(chosen) if isinstance(sources, Mapping) else flow(chosen)

    exact = len(candidates) <= _MOST_TRIED
    best, chosen = worth(()), tuple[str, ...]()
    before = best
    if exact:
        for size in range(1, len(candidates) + 1):
            for subset in combinations(sorted(candidates), size):
                found = worth(subset)
                if found > best:
                    best, chosen = found, subset
    else:
        while len(chosen) < len(candidates):
            gains_most = max((t for t in sorted(candidates) if t not in chosen), key=lambda t: worth((*chosen, t)))
            found = worth((*chosen, gains_most))
            if found <= best:
                break
            best, chosen = found, (*chosen, gains_most)
    timed = isinstance(sources, Mapping)
    return Contraflow(
        reversed=tuple(sorted(chosen)), before=flow(()), after=flow(chosen), exact=exact,
        clearance_before=-before if timed else float("nan"), clearance_after=-best if timed else float("nan"),
    )  # fmt: skip


def _graph(roads: Sequence[Road], places: Sequence[str]) -> WalkGraph:
    """Roads as ways for :func:`~evacuation.assignment.quickest`: lengths are seconds of free drive at 1 m/s."""
    nodes = {n: i for i, n in enumerate(sorted({n for r in roads for n in (r.start, r.end)} | {*places}))}
    pairs = len(roads)
    seconds = np.array([road.length / road.speed for road in roads])
    links = Links(
        length=seconds,
        width=np.ones(pairs),
        capacity=np.array([road.flow for road in roads]),
        stairs=np.zeros(pairs, np.bool_),
    )
    return WalkGraph(
        node_x=np.zeros(len(nodes)), node_y=np.zeros(len(nodes)),
        tail=np.array([nodes[r.start] for r in roads], np.int64),
        head=np.array([nodes[r.end] for r in roads], np.int64),
        links=links, kinds=(), tags=(), places={tag: (nodes[tag], -1) for tag in places}, musters=(),
        onward=np.empty((0, pairs), np.int64), times=np.empty((0, len(nodes))), walking=Walking(),
    )  # fmt: skip


def _flow_out(roads: Sequence[Road], sources: Collection[str], safe: Collection[str]) -> float:
    """Vehicles a second across the narrowest cut between sources and safe nodes. [s⁻¹]"""
    from scipy.sparse import coo_array, csr_array
    from scipy.sparse.csgraph import maximum_flow

    nodes = {n: i for i, n in enumerate(sorted({n for r in roads for n in (r.start, r.end)} | {*sources, *safe}))}
    room: NDArray[np.int64] = np.array([int(r.flow * _UNIT + 1e-6) for r in roads], np.int64)
    most = int(room.sum())
    edges = [(nodes[r.start], nodes[r.end], int(n)) for r, n in zip(roads, room, strict=True)]
    edges += [(len(nodes), nodes[n], most) for n in sources] + [(nodes[n], len(nodes) + 1, most) for n in safe]
    tail, head, amount = np.array(edges, np.int32).T
    graph = csr_array(coo_array((amount, (tail, head)), shape=(len(nodes) + 2,) * 2))
    return int(maximum_flow(graph, len(nodes), len(nodes) + 1).flow_value) / _UNIT
