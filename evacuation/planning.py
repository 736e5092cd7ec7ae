"""Plans of least toxic load: what to do at every node and time, by one backward pass over a forecast."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from evacuation._kernels import plans as k
from evacuation.forecasts import Forecast
from evacuation.routes import WalkGraph
from twin.errors import ModelError, near

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TRAVELLERS", "Closed", "Plan", "Route", "Step", "Traveller", "make_plan"]

ARRIVED, NO_WAY, WAIT, SHELTER, LEAVE = k.ARRIVED, k.NO_WAY, k.WAIT, k.SHELTER, k.LEAVE
_WORDS = {ARRIVED: "arrived", NO_WAY: "no way", WAIT: "wait", SHELTER: "enter", LEAVE: "leave"}
# A second on the way counts as a second in a millionth of the worst concentration of the forecast: it decides between
# ways of equal load only.
_TIE = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Traveller:
    """A class of people who share a plan.

    Parameters
    ----------
    name
        Of the class.
    speed
        On the level. [m s⁻¹]
    stair_speed
        On stairs; None: the lower of `speed` and the free speed on stairs of the graph. [m s⁻¹]
    breathing, protection
        Factor on the concentration breathed, and protection factor of a mask: the concentration is divided by it.
    kinds
        Kinds of way that may be used.
    shelters
        Whether rooms are open to the class.
    """

    name: str
    speed: float
    stair_speed: float | None = None
    breathing: float = 1.0
    protection: float = 1.0
    kinds: tuple[str, ...] = ("walkway", "road", "stairs", "access")
    shelters: bool = True

    def __post_init__(self) -> None:
        for name in ("speed", "stair_speed", "breathing", "protection"):
            value = getattr(self, name)
            if value is not None and not (np.isfinite(value) and value > 0.0):
                raise ModelError(f"{name} is {value!r}", where=f"Traveller {self.name!r}", fix="give a positive number")


# Speeds: Weidmann 1993 (1.34 m/s); Boyce, Shields and Silcock 1999, people with a disability on the level (0.80 m/s).
# Protection: assigned protection factors of NIOSH 2004, Respirator Selection Logic: full facepiece with canister 50,
# self-contained apparatus under pressure demand 10 000. The speeds of vehicles and of people in protective clothing
# are choices of this model: give those of the site.
TRAVELLERS: Mapping[str, Traveller] = {
    t.name: t
    for t in (
        Traveller(name="walk", speed=1.34),
        Traveller(name="slow", speed=0.80),
        Traveller(name="vehicle", speed=15.0 / 3.6, kinds=("road", "access"), shelters=False),
        Traveller(name="responder", speed=1.0, protection=10000.0),
        Traveller(name="escape_mask", speed=1.34, protection=50.0),
    )
}


class Closed(Protocol):
    """A way nobody may enter from `start` to `stop` [s]; `tag` is that of the way."""

    @property
    def tag(self) -> str:
        """Tag of the way, or of the place whose exit is closed."""
        ...

    @property
    def start(self) -> float:
        """When it closes. [s]"""
        ...

    @property
    def stop(self) -> float:
        """When it opens. [s]"""
        ...


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a route: a link, or what was done at a node; times [s] and the load gathered."""

    node: int
    link: int  # -1 for what is done at a node
    doing: str
    start: float
    stop: float
    load: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """What one person does by a plan: steps, arrival [s] (inf: not within the forecast) and load."""

    steps: tuple[Step, ...]
    arrival: float
    load: float

    def to_pandas(self) -> pd.DataFrame:
        """One row a step."""
        import pandas as pd

        names = Step.__slots__
        return pd.DataFrame([[getattr(step, name) for name in names] for step in self.steps], columns=list(names))


class _Ways:
    """The ways as one class of people uses them, links by tail; times in bins."""

    def __init__(self, graph: WalkGraph, who: Traveller, width: float, delays: NDArray[np.float64] | None) -> None:
        links = graph.links
        usable = np.repeat(np.isin(np.array(graph.kinds), who.kinds), 2)
        order = np.argsort(graph.tail, kind="stable")
        self.link = order[usable[order]].astype(np.int64)
        tail = graph.tail[self.link]
        self.first = np.searchsorted(tail, np.arange(graph.node_x.size + 1)).astype(np.int64)
        self.tail, self.head = tail, np.ascontiguousarray(graph.head[self.link])
        stair = who.stair_speed or min(who.speed, graph.walking.stair_speed)
        self.free = (links.length / np.where(links.stairs, stair, who.speed) / width)[self.link]
        late = np.zeros((1, links.length.size)) if delays is None else np.atleast_2d(delays) / width
        self.delay = np.ascontiguousarray(late[:, self.link])
        self.place = np.full(links.length.size, -1, np.int64)
        self.place[self.link] = np.arange(self.link.size)
        self.short = np.unique(tail[(self.free + self.delay.min(axis=0)) < 1.0])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plan:
    """What to do at every node and time, for each class of people.

    Parameters
    ----------
    graph, forecast
        What was planned on.
    travellers
        Classes of people.
    action
        Link to take, or WAIT, SHELTER, ARRIVED or NO_WAY, for people outside; shape (classes, bins, nodes).
    indoors
        WAIT or LEAVE for people in a room, shape (classes, bins, rooms).
    value
        Least cost to come from every node and bin edge, shape (classes, bins + 1, nodes): load plus time weight times
        time for the policy "load", seconds for "time".
    inside
        The same from the rooms, shape (classes, bins + 1, rooms).
    delays
        Waits at the ends of the links by bin that the plan reckons with, (1 or bins, links). [s]
    policy, time_weight, door_time
        As given to :func:`make_plan`.
    goals
        Nodes where people are safe.
    since
        Time from which the plan is new; before it the earlier plan is kept. [s]
    closures
        Closed ways the plan knows of.
    penalty
        Factor on the time of each link, (links,), or None.
    sheltered_goals
        Whether there is no gas at the goals.
    """

    graph: WalkGraph
    forecast: Forecast
    travellers: tuple[Traveller, ...]
    action: NDArray[np.int32]
    indoors: NDArray[np.int32]
    value: NDArray[np.float64]
    inside: NDArray[np.float64]
    delays: NDArray[np.float64] | None
    policy: Literal["load", "time"]
    time_weight: float
    door_time: float
    goals: NDArray[np.int64]
    since: float = 0.0
    closures: tuple[Closed, ...] = ()
    penalty: NDArray[np.float64] | None = None
    sheltered_goals: bool = False

    @property
    def load(self) -> NDArray[np.float64]:
        """Least load from every node, time weight included; shape (classes, bins + 1, nodes).

        Raises
        ------
        ModelError
            A plan of the policy "time" has minimised no load.
        """
        if self.policy != "load":
            raise ModelError("this plan has minimised time, not load", where="Plan.load", fix="ask Plan.walk for loads")
        return self.value

    def onward(self) -> NDArray[np.int64]:
        """Next link by class, bin and link, as :class:`evacuation.walking.Engine` takes it, bins `forecast.width` wide.

        The engine knows no rooms on the way: who is to enter one waits.
        """
        acts = self.action[:, :, self.graph.head].astype(np.int64)
        acts[acts == SHELTER] = WAIT
        return acts

    def walk(
        self,
        nodes: NDArray[np.int64],
        times: NDArray[np.float64],
        *,
        traveller: str | None = None,
        indoors: bool = False,
        forecast: Forecast | None = None,
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Let people walk by the plan in continuous time, without queues beyond the delays it reckons with.

        Parameters
        ----------
        nodes, times
            Where and when each begins, shape (n,). [s]
        traveller
            Class; None: the first.
        indoors
            Whether they begin in the rooms of their nodes.
        forecast
            The air they meet; None: that of the plan.

        Returns
        -------
        tuple of ndarray
            Arrival (inf: not by the end) [s] and load until then, each (n,). [unit of the forecast]
        """
        arrival, load = np.full(nodes.size, np.inf), np.zeros(nodes.size)
        who, parts, air = self._parts(traveller, forecast)
        start = np.asarray(times, float) / air.width
        within = np.full(nodes.size, indoors) & (parts[0][nodes] >= 0)
        play: Any = k.follow_all  # the stubs count no starred arguments
        play(np.asarray(nodes, np.int64), start, within, *parts, arrival, load)
        return arrival * air.width, load * self._share(who)

    def route(
        self, place: str | int, departure: float, *, traveller: str | None = None, indoors: bool = False
    ) -> Route:
        """Steps from a place (or node) and time on, with times [s] and loads."""
        node = self._node(place)
        who, parts, air = self._parts(traveller, None)
        steps, arrival, load = np.zeros((20000, 5)), np.full(1, np.inf), np.zeros(1)
        within = bool(indoors and parts[0][node] >= 0)
        play: Any = k.follow  # the stubs count no starred arguments
        count = play(0, node, departure / air.width, within, *parts, steps, arrival, load)
        share = self._share(who)
        told: list[Step] = []
        for at, act, start, stop, part in steps[: min(count, len(steps))].tolist():
            link, doing = (int(act), "walk") if act >= 0 else (-1, _WORDS[int(act)])
            if told and link < 0 and doing == told[-1].doing and told[-1].node == int(at):
                last = told.pop()
                told.append(replace(last, stop=stop * air.width, load=last.load + part * share))
            else:
                told.append(Step(int(at), link, doing, start * air.width, stop * air.width, part * share))
        return Route(steps=tuple(told), arrival=float(arrival[0]) * air.width, load=float(load[0]) * share)

    def departure(
        self, places: Iterable[str], time: float = 0.0, *, traveller: str | None = None, indoors: bool = False
    ) -> dict[str, tuple[float, bool]]:
        """When people of each place set out (inf: they stay) [s], and whether they shelter until then."""
        told = {}
        for place in places:
            steps = self.route(place, time, traveller=traveller, indoors=indoors).steps
            out = next((step for step in steps if step.link >= 0), None)
            before = [s for s in steps if out is None or s.start < out.start]
            sheltered = any(s.doing == "enter" for s in before) or (indoors and any(s.doing == "wait" for s in before))
            told[place] = (out.start if out is not None else float("inf"), sheltered)
        return told

    def classes(self, speed: NDArray[np.float64], inhaled: NDArray[np.float64]) -> NDArray[np.int64]:
        """Number of the class nearest to each person in speed [m s⁻¹] and in what is inhaled of the concentration."""
        own = np.log(np.stack([speed, inhaled], axis=-1))
        theirs = np.log([[t.speed, t.breathing / t.protection] for t in self.travellers])
        nearest = np.argmin(np.abs(own[:, None, :] - theirs[None, :, :]).sum(axis=2), axis=1)
        return np.asarray(nearest, np.int64)

    def setting_out(
        self,
        places: Sequence[str],
        traveller: NDArray[np.int64],
        ready: NDArray[np.float64],
        indoors: NDArray[np.bool_],
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """When people who are ready set out, and whether they shelter in a room until then.

        Parameters
        ----------
        places
            Where each is.
        traveller
            Number of the class, shape (n,).
        ready
            When each could go. [s]
        indoors
            Whether each has a room there, shape (n,).

        Returns
        -------
        leave, shelter
            Time [s], inf for those who stay; and whether the room is shut until then.
        """
        air, bins = self.forecast, self.forecast.bins
        leave, shelter = np.full(ready.size, np.inf), np.zeros(ready.size, np.bool_)
        room_of = {int(node): number for number, node in enumerate(air.room_node)}
        told: dict[tuple[str, int, bool], NDArray[np.int64]] = {}
        for i, place in enumerate(places):
            node = self._node(place)
            room = room_of.get(node, -1) if indoors[i] else -1
            key = (place, int(traveller[i]), room >= 0)
            if key not in told:
                acts = self.indoors[key[1], :, room] == LEAVE if room >= 0 else self.action[key[1], :, node] >= ARRIVED
                last = np.where(acts, np.arange(bins), bins)
                told[key] = np.minimum.accumulate(last[::-1])[::-1]  # next bin in which they leave
            first = min(int(ready[i] / air.width), bins)
            if first == bins:
                leave[i] = ready[i]  # the plan says nothing any more
                continue
            out = int(told[key][first])
            if out < bins:
                leave[i] = max(float(ready[i]), out * air.width)
            shelter[i] = out > first
        return leave, shelter

    def replan(
        self,
        from_time: float,
        *,
        forecast: Forecast | None = None,
        closures: Sequence[Closed] | None = None,
        delays: NDArray[np.float64] | None = None,
    ) -> Plan:
        """Plan anew from a time on with what is known then; what was done before stays as it was.

        Raises
        ------
        ModelError
            A forecast that was issued after `from_time`, or has other bins.
        """
        air = self._parts(None, forecast)[2]
        if air.issued > from_time:
            what = f"the forecast was issued at {air.issued:g} s, after the time of planning {from_time:g} s"
            raise ModelError(what, where="Plan.replan", fix="give the forecast that was known then")
        return make_plan(
            self.graph, air, travellers=self.travellers, policy=self.policy, time_weight=self.time_weight,
            door_time=self.door_time, goals=self.goals, closures=self.closures if closures is None else closures,
            delays=self.delays if delays is None else delays, penalty=self.penalty, since=from_time, earlier=self,
            sheltered_goals=self.sheltered_goals,
        )  # fmt: skip

    def _node(self, place: str | int) -> int:
        if isinstance(place, int):
            return place
        if place not in self.graph.places:
            raise ModelError(f"no place {place!r} on the ways", where="Plan", fix=near(place, self.graph.places))
        return self.graph.places[place][0]

    def _share(self, who: Traveller) -> float:
        return float((who.breathing / who.protection) ** self.forecast.exponent)

    def _parts(self, name: str | None, forecast: Forecast | None) -> tuple[Traveller, tuple[Any, ...], Forecast]:
        names = [t.name for t in self.travellers]
        if name is not None and name not in names:
            raise ModelError(f"the plan has no class {name!r}", where="Plan", fix=near(name, names))
        row = 0 if name is None else names.index(name)
        who, air = self.travellers[row], forecast or self.forecast
        if (air.width, air.bins) != (self.forecast.width, self.forecast.bins) or not np.array_equal(
            air.room_node, self.forecast.room_node
        ):
            what = "the forecast has other bins or rooms than that of the plan"
            raise ModelError(what, where="Plan", fix="sample it with the same time_bin, horizon and rooms")
        ways = _Ways(self.graph, who, air.width, self.delays)
        room_of = np.full(self.graph.node_x.size, -1, np.int64)
        room_of[air.room_node] = np.arange(air.room_node.size)
        totals = np.zeros((air.room.shape[0], air.room.shape[1] + 1))
        totals[:, 1:] = np.cumsum(air.room, axis=1)
        parts = (
            room_of, ways.head, ways.place, ways.free, ways.delay, air.total, air.segment_row, air.segments,
            air.node_row, totals, self.door_time / air.width, air.room_way / who.speed / air.width, self.action[row],
            self.indoors[row],
        )  # fmt: skip
        return who, parts, air


def make_plan(
    graph: WalkGraph,
    forecast: Forecast,
    *,
    travellers: Sequence[Traveller] = (TRAVELLERS["walk"],),
    policy: Literal["load", "time"] = "load",
    time_weight: float | None = None,
    door_time: float = 10.0,
    goals: Sequence[int] | NDArray[np.int64] | None = None,
    closures: Sequence[Closed] = (),
    sheltered_goals: bool = False,
    delays: NDArray[np.float64] | None = None,
    penalty: NDArray[np.float64] | None = None,
    since: float = 0.0,
    earlier: Plan | None = None,
) -> Plan:
    """Plan for all nodes and times at once.

    Parameters
    ----------
    graph, forecast
        Ways, and the air expected on them.
    travellers
        Classes of people, one plan each.
    policy
        "load": least toxic load. "time": least time; static without `delays`, dynamic with them.
    time_weight
        Load that a second is worth; None: the load rate of a millionth of the highest
        concentration of the forecast. [load s⁻¹]
    door_time
        Time to enter a room in the outside air, and to leave it in its own. [s]
    goals
        Nodes people go to and stay at; None: the muster points.
    sheltered_goals
        Whether there is no gas for people who have come to a goal, as in a closed building or off the site. Otherwise
        they breathe the air there to the end of the forecast, and that is part of the cost.
    closures
        Ways that close and open.
    delays
        Waits at the ends of links by bin of entering, (1 or bins, links). [s]
    penalty
        Factor on the time of each link, at least 1, for the policy "time".
    since, earlier
        Time of planning, and the plan that was followed up to then.

    Raises
    ------
    ModelError
        No goal, a weight, time or array that makes no sense.

    Notes
    -----
    The cost to come from node v at bin edge t is the least of: the load of one more bin there; for every link, the
    load of its walk and the cost at its end, linear in time between bin edges; and, where there is a room, going
    inside, whose air follows the outside air by exact exponential steps. After the last bin the air stays as it was
    in it: who has not arrived by then goes on by the way of least cost in that steady air, and where no way leads out
    stands there for as long again as the whole forecast. Nobody is safe by the clock alone.

    References
    ----------
    Bellman R. (1957), Dynamic programming, Princeton. Chabini I. (1998), Discrete dynamic shortest path problems in
    transportation applications, Transportation Research Record 1645, 170-175: decreasing order of time.
    """
    safe = np.array([graph.places[tag][0] for tag in graph.musters] if goals is None else goals, np.int64)
    _check(
        graph=graph, forecast=forecast, safe=safe, delays=delays, penalty=penalty, time_weight=time_weight,
        door_time=door_time,
    )  # fmt: skip
    weight = float(time_weight) if time_weight is not None else _TIE**forecast.exponent * forecast.highest_rate
    if policy == "time":
        weight = 1.0
    elif weight == 0.0 and time_weight is None:
        weight = 1.0  # no gas: the quickest way
    start = int(np.ceil(since / forecast.width - 1e-9))
    shape = (len(travellers), forecast.bins)
    action = np.full((*shape, graph.node_x.size), NO_WAY, np.int32)
    indoors = np.full((*shape, forecast.room_node.size), WAIT, np.int32)
    value = np.full((shape[0], shape[1] + 1, graph.node_x.size), np.inf)
    inside = np.full((shape[0], shape[1] + 1, forecast.room_node.size), np.inf)
    if earlier is not None:
        action[:, :start], indoors[:, :start] = earlier.action[:, :start], earlier.indoors[:, :start]
        value[:, :start], inside[:, :start] = earlier.value[:, :start], earlier.inside[:, :start]
    for row, who in enumerate(travellers):
        ways = _Ways(graph, who, forecast.width, delays)
        toll = np.ones(ways.link.size) if penalty is None else penalty[ways.link]
        share = 0.0 if policy == "time" else float((who.breathing / who.protection) ** forecast.exponent)
        out = action[row], indoors[row], value[row], inside[row]
        _pass(
            graph=graph, ways=ways, air=forecast, safe=safe, share=share, weight=weight * forecast.width, toll=toll,
            closures=closures, since=start, door_time=door_time, speed=who.speed,
            shelters=who.shelters, sheltered=sheltered_goals, out=out,
        )  # fmt: skip
    return Plan(
        graph=graph, forecast=forecast, travellers=tuple(travellers), action=action, indoors=indoors, value=value,
        inside=inside, delays=delays, policy=policy, time_weight=weight, door_time=door_time, goals=safe, since=since,
        closures=tuple(closures), penalty=penalty, sheltered_goals=sheltered_goals,
    )  # fmt: skip


def _check(
    *,
    graph: WalkGraph, forecast: Forecast, safe: NDArray[np.int64], delays: NDArray[np.float64] | None,
    penalty: NDArray[np.float64] | None, time_weight: float | None, door_time: float,
) -> None:  # fmt: skip
    links, where = graph.links.length.size, "make_plan"
    if not safe.size:
        raise ModelError("there is nowhere to go to", where=where, fix="draw a muster_point, or give goals")
    if delays is not None and (
        np.atleast_2d(delays).shape not in {(1, links), (forecast.bins, links)} or not np.all(delays >= 0.0)
    ):
        raise ModelError(
            f"delays of shape {np.shape(delays)}", where=where, fix="give seconds, (bins, links), none < 0"
        )
    if penalty is not None and (penalty.shape != (links,) or not np.all(penalty >= 1.0)):
        raise ModelError("penalty is not one factor of at least 1 a link", where=where, fix="give shape (links,)")
    for name, number in (("time_weight", time_weight), ("door_time", door_time)):
        if number is not None and not (np.isfinite(number) and number >= 0.0):
            raise ModelError(f"{name} is {number!r}", where=where, fix="give a number that is not negative")


def _pass(
    *, graph: WalkGraph, ways: _Ways, air: Forecast, safe: NDArray[np.int64], share: float, weight: float,
    toll: NDArray[np.float64], closures: Sequence[Closed], since: int, door_time: float, speed: float, shelters: bool,
    sheltered: bool,
    out: tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64], NDArray[np.float64]],
) -> None:  # fmt: skip
    """One backward pass for one class; costs a bin."""
    action, indoors, value, inside = out
    bins, nodes = action.shape
    cost = np.empty((bins, ways.link.size))
    k.crossings(air.total, air.segment_row, air.segments, ways.link, ways.free, ways.delay, weight * toll, share, cost)
    edges = np.arange(bins) * air.width
    for shut in closures:
        during = (edges + air.width > shut.start) & (edges < shut.stop)
        cost[np.ix_(during, np.isin(ways.link, graph.links_of(shut.tag)))] = np.inf
    stay = np.ascontiguousarray(share * np.diff(air.total[air.node_row : air.node_row + nodes], axis=1).T) + weight
    goal = np.zeros(nodes, np.bool_)
    goal[safe] = True
    stay[:, safe] -= weight
    if sheltered:
        stay[:, safe] = 0.0
    value[-1] = _after(ways, cost[-1], stay[-1] * bins, safe, nodes)
    use = np.arange(air.room_node.size if shelters and share > 0.0 else 0)
    room = np.ascontiguousarray(share * air.room[use].T) + weight
    door, apart = door_time / air.width, air.room_way[use] / speed / air.width
    outside = share * _later(air, use, door, apart) + weight * apart
    enter, leave = door * stay[:, air.room_node[use]] + outside, door * room + outside
    held = np.ascontiguousarray(inside[:, use])
    held[-1] = leave[-1] + value[-1, air.room_node[use]] if use.size else 0.0
    acts = np.ascontiguousarray(indoors[:, use])
    status = k.backward(
        ways.first, ways.head, ways.link, cost, ways.free, ways.delay, stay, goal, ways.short, air.room_node[use], room,
        door + apart, enter, leave, since, value, held, action, acts,
    )  # fmt: skip
    if status:
        what = "links much shorter than a bin of the forecast do not settle"
        raise ModelError(what, where="make_plan", fix="give a shorter time_bin or a larger time_weight")
    if use.size:
        inside[since:], indoors[since:] = held[since:], acts[since:]
    else:
        indoors[since:] = LEAVE


def _later(air: Forecast, rooms: NDArray[np.int64], door: float, apart: NDArray[np.float64]) -> NDArray[np.float64]:
    """Load of the way between the door of each room and its node, begun in each bin, the last one going on for ever."""
    edges = np.arange(air.bins + 1.0)
    found = np.zeros((air.bins, rooms.size))
    for column, room in enumerate(rooms):
        total = air.total[air.node_row + air.room_node[room]]
        start, rate = edges[:-1] + door, total[-1] - total[-2]

        def at(
            time: NDArray[np.float64], total: NDArray[np.float64] = total, rate: float = rate
        ) -> NDArray[np.float64]:
            return np.interp(time, edges, total) + rate * np.maximum(time - air.bins, 0.0)

        found[:, column] = at(start + apart[column]) - at(start)
    return found


def _after(
    ways: _Ways, cost: NDArray[np.float64], standing: NDArray[np.float64], safe: NDArray[np.int64], nodes: int
) -> NDArray[np.float64]:
    """Cost to come after the end, in the air of the last bin."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import dijkstra

    open_ = np.flatnonzero(np.isfinite(cost))
    open_ = open_[np.lexsort((cost[open_], ways.tail[open_], ways.head[open_]))]
    pair = ways.head[open_] * nodes + ways.tail[open_]
    kept = open_[np.r_[True, pair[1:] != pair[:-1]]] if open_.size else open_  # the least of parallel links
    ends = ways.head[kept].astype(np.int32), ways.tail[kept].astype(np.int32)
    # csgraph takes no stored zero for a link: the least double keeps links of no cost
    backward = csr_array((np.maximum(cost[kept], np.finfo(float).tiny), ends), shape=(nodes, nodes))
    left = np.asarray(dijkstra(backward, indices=safe, min_only=True), float)
    return np.where(np.isfinite(left), left, standing)
