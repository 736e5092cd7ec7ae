"""Who goes to which muster point: quickest with the capacities of ways, or with the least load in all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from evacuation.routes import WalkGraph
from twin.errors import ModelError, Problem, near

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Assignment", "least_load", "quickest"]

_MOST = np.iinfo(np.int32).max


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Assignment:
    """People by place and muster point.

    Parameters
    ----------
    places, musters
        Tags.
    people
        Shape (places, musters).
    objective
        Clearance time [s] for the quickest, load of all people together for the least load.
    """

    places: tuple[str, ...]
    musters: tuple[str, ...]
    people: NDArray[np.int64]
    objective: float

    def to_pandas(self) -> pd.DataFrame:
        """People, a row a place and a column a muster point."""
        import pandas as pd

        return pd.DataFrame(self.people, index=list(self.places), columns=list(self.musters))


def least_load(
    loads: Mapping[str, Mapping[str, float]], people: Mapping[str, int], room: Mapping[str, int]
) -> Assignment:
    """Share people out to muster points of limited room so that they gather the least load together.

    Parameters
    ----------
    loads
        Load of one person from each place to each muster point; one that is left out or inf cannot be reached.
    people
        At each place.
    room
        People each muster point holds.

    Raises
    ------
    ModelError
        Names that do not fit, or room that does not suffice: one error that says who is left.

    Notes
    -----
    A transport problem: with whole supplies and room its corner solutions are whole (Dantzig 1951), so that nobody is
    cut in two.

    References
    ----------
    Dantzig G.B. (1951), Application of the simplex method to a transportation problem, in Koopmans (ed.), Activity
    analysis of production and allocation, Wiley, chapter 23.
    """
    from scipy.optimize import linprog
    from scipy.sparse import coo_array

    places, musters = tuple(people), tuple(room)
    _check(people, room, where="least_load")
    missing = [place for place in places if place not in loads]
    if missing:
        raise ModelError(f"no loads are given from {', '.join(missing)}", where="least_load", fix="add them to loads")
    cost = np.array([[loads[p].get(m, np.inf) for m in musters] for p in places]).reshape(len(places), len(musters))
    supply, space = np.array([*people.values()], np.int64), np.array([*room.values()], np.int64)
    row, column = np.nonzero(np.isfinite(cost))
    _refuse(places, supply, _most(row, column, supply, space), "least_load")
    if not row.size:
        return Assignment(places=places, musters=musters, people=np.zeros(cost.shape, np.int64), objective=0.0)
    scale = float(np.abs(cost[row, column]).max()) or 1.0
    one, each = np.ones(row.size), np.arange(row.size)
    solve: Any = linprog  # the stubs know no sparse matrices
    answer = solve(
        cost[row, column] / scale,
        A_ub=coo_array((one, (column, each)), shape=(len(musters), row.size)).tocsr(),
        b_ub=space,
        A_eq=coo_array((one, (row, each)), shape=(len(places), row.size)).tocsr(),
        b_eq=supply,
        method="highs-ds",
    )
    if answer.status != 0:
        raise ModelError(f"the assignment found no answer: {answer.message}", where="least_load")
    shared = np.zeros(cost.shape, np.int64)
    shared[row, column] = np.rint(answer.x).astype(np.int64)
    spent = float(np.sum(shared[row, column] * cost[row, column]))
    return Assignment(places=places, musters=musters, people=shared, objective=spent)


def quickest(
    graph: WalkGraph,
    people: Mapping[str, int],
    room: Mapping[str, int],
    *,
    time_step: float = 10.0,
    speed: float = 1.34,
    horizon: float = 7200.0,
) -> Assignment:
    """Muster points and the least time in which all people can be there, with the capacities of the ways.

    Parameters
    ----------
    graph
        Ways; capacities are those of its links. Their room counts for nothing: a full way holds nobody back.
    people
        At each place.
    room
        People each muster point holds.
    time_step
        Times on links are rounded up to it, so that the answer is never too short by rounding. [s]
    speed
        Of walking. [m s⁻¹]
    horizon
        Longest clearance time looked for. [s]

    Raises
    ------
    ModelError
        Names that do not fit; room or time that does not suffice: one error that says who is left.

    Notes
    -----
    The clearance time is found by bisection, each time by the greatest flow through the time-expanded network. A link
    passes ``floor((k + 1) C dt) - floor(k C dt)`` people in step k. The flow of each place is followed
    to muster points one by one; flows that share a way can be exchanged, so the shares are one of several answers.

    References
    ----------
    Hoppe B., Tardos E. (2000), The quickest transshipment problem, Mathematics of Operations Research 25, 36-62.
    Ford L.R., Fulkerson D.R. (1958), Constructing maximal dynamic flows from static flows, Operations Research 6,
    419-433.
    """
    _check(people, room, where="quickest")
    tags = [*people, *room]
    unknown = [
        Problem(f"no place {t!r} on the ways", "quickest", near(t, graph.places)) for t in tags if t not in graph.places
    ]
    if unknown:
        raise ModelError.of(unknown)
    net = _Steps(graph, people, room, time_step, speed)
    need, most = sum(people.values()), max(int(horizon / time_step), 1)
    whole = net.flow(most)
    if whole.flow_value < need:
        _refuse(net.places, net.supply, net.left(whole), "quickest", f" within {horizon:g} s")
    low, high = 0, most
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if net.flow(middle).flow_value >= need else (middle + 1, high)
    shares = net.shares(net.flow(low), low)
    return Assignment(places=net.places, musters=net.musters, people=shares, objective=low * time_step)


class _Steps:
    """The ways written out in steps of time; nodes: (node, step), muster points, places, source, sink."""

    def __init__(
        self, graph: WalkGraph, people: Mapping[str, int], room: Mapping[str, int], step: float, speed: float
    ) -> None:
        self.graph, self.places, self.musters = graph, tuple(people), tuple(room)
        self.supply, self.space = np.array([*people.values()], np.int64), np.array([*room.values()], np.int64)
        self.start = np.array([graph.places[tag][0] for tag in people], np.int64)
        self.goal = np.array([graph.places[tag][0] for tag in room], np.int64)
        pace = np.where(graph.links.stairs, min(speed, graph.walking.stair_speed), speed)
        self.steps = np.maximum(np.ceil(graph.links.length / pace / step - 1e-9), 1.0).astype(np.int64)
        self.each = graph.links.capacity * step
        self.places_at, self.source = len(room), len(room) + len(people)

    def flow(self, last: int) -> Any:
        """Greatest flow that is there after `last` steps."""
        from scipy.sparse import csr_array
        from scipy.sparse.csgraph import maximum_flow

        graph, n = self.graph, self.graph.node_x.size
        base = n * (last + 1)
        goals, starts = base + np.arange(len(self.musters)), base + self.places_at + np.arange(len(self.places))
        rows = [np.full(starts.size, base + self.source), starts, goals]
        cols = [starts, self.start, np.full(goals.size, base + self.source + 1)]
        room = [self.supply, self.supply, self.space]
        for k in range(last + 1):
            fits = k + self.steps <= last
            rows.append(n * k + graph.tail[fits])
            cols.append(n * (k + self.steps[fits]) + graph.head[fits])
            room.append((np.floor((k + 1) * self.each + 1e-9) - np.floor(k * self.each + 1e-9))[fits])
            if k < last:
                rows.append(n * k + np.arange(n))
                cols.append(n * (k + 1) + np.arange(n))
                room.append(np.full(n, self.supply.sum()))
            rows.append(n * k + self.goal)
            cols.append(goals)
            room.append(self.space)
        size = base + self.source + 2
        ends = np.concatenate(rows).astype(np.int32), np.concatenate(cols).astype(np.int32)
        amount = np.minimum(np.concatenate(room), _MOST).astype(np.int32)
        matrix = csr_array((amount, ends), shape=(size, size))
        matrix.sum_duplicates()
        return maximum_flow(matrix, size - 2, size - 1)

    def left(self, answer: Any) -> NDArray[np.int64]:
        """People of each place whom a flow does not bring."""
        size = answer.flow.shape[0]
        starts = size - 2 - len(self.places) + np.arange(len(self.places))
        sent: NDArray[np.int64] = np.asarray(answer.flow[[size - 2]].toarray(), np.int64).ravel()[starts]
        return self.supply - sent

    def shares(self, answer: Any, last: int) -> NDArray[np.int64]:
        """Flow taken apart into ways from places to muster points."""
        base = self.graph.node_x.size * (last + 1)
        flow = answer.flow.tocsr()
        ahead: dict[int, dict[int, int]] = {}
        for node in np.flatnonzero(np.diff(flow.indptr)).tolist():
            part = slice(flow.indptr[node], flow.indptr[node + 1])
            ahead[node] = {int(j): int(f) for j, f in zip(flow.indices[part], flow.data[part], strict=True) if f > 0}
        out = np.zeros((len(self.places), len(self.musters)), np.int64)
        for place, begin in enumerate((base + self.places_at + np.arange(len(self.places))).tolist()):
            while ahead.get(begin):
                way = [begin]
                while not base <= way[-1] < base + len(self.musters):
                    way.append(next(iter(ahead[way[-1]])))
                amount = min(ahead[a][b] for a, b in pairwise(way))
                for a, b in pairwise(way):
                    ahead[a][b] -= amount
                    if not ahead[a][b]:
                        del ahead[a][b]
                out[place, way[-1] - base] += amount
        return out


def _most(
    row: NDArray[np.int64], column: NDArray[np.int64], supply: NDArray[np.int64], space: NDArray[np.int64]
) -> NDArray[np.int64]:
    """People of each place for whom there is no room, with the best sharing."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import maximum_flow

    n, m = supply.size, space.size
    rows = np.concatenate([np.full(n, n + m), row, n + np.arange(m)])
    cols = np.concatenate([np.arange(n), n + column, np.full(m, n + m + 1)])
    room = np.minimum(np.concatenate([supply, supply[row], space]), _MOST).astype(np.int32)
    ends = rows.astype(np.int32), cols.astype(np.int32)
    answer = maximum_flow(csr_array((room, ends), shape=(n + m + 2, n + m + 2)), n + m, n + m + 1)
    sent: NDArray[np.int64] = np.asarray(answer.flow[[n + m]].toarray(), np.int64).ravel()[:n]
    return supply - sent


def _check(people: Mapping[str, int], room: Mapping[str, int], *, where: str) -> None:
    found = [
        Problem(f"{name} {tag!r} has {count!r} people", where, "give a whole number that is not negative")
        for name, counts in (("place", people), ("muster point", room))
        for tag, count in counts.items()
        if not (np.isfinite(count) and count >= 0 and int(count) == count)
    ]
    if not people or not room:
        found.append(Problem("there are no places or no muster points", where, "name at least one of each"))
    if found:
        raise ModelError.of(found)


def _refuse(
    places: tuple[str, ...], supply: NDArray[np.int64], left: NDArray[np.int64], where: str, when: str = ""
) -> None:
    if left.sum() == 0:
        return
    who = ", ".join(f"{n} of {s} at {p}" for p, s, n in zip(places, supply, left, strict=True) if n)
    what = f"{left.sum()} of {supply.sum()} people reach no muster point with room{when}: {who}"
    raise ModelError(what, where=where, fix="add room or muster points, widen ways, or allow more time")
