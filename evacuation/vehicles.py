"""Cars on roads, buses between pick-up points and a safe place, and lanes turned against their direction."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from evacuation.walking import Engine, Links, Walking
from twin.errors import ModelError

__all__ = ["Contraflow", "Fleet", "Road", "Shuttle", "Trip", "contraflow", "drive", "shuttle"]

SATURATION_FLOW = 1900.0 / 3600.0  # vehicles a second and lane [s⁻¹]: HCM 2010, base saturation flow of a lane
JAM_SPACING = 7.5  # road per standing vehicle and lane [m]: Nagel and Schreckenberg (1992), J. Phys. I 2, 2221
_MOST_CANDIDATES = 12  # 4096 maximum flows


@dataclass(frozen=True, slots=True, kw_only=True)
class Road:
    """One direction of a road.

    Parameters
    ----------
    tag
        Name of this direction.
    start, end
        Nodes.
    length
        Length. [m]
    lanes
        Lanes in this direction.
    speed
        Speed limit, the speed of a free road. [m s⁻¹]
    """

    tag: str
    start: str
    end: str
    length: float
    lanes: int
    speed: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """Buses of one depot.

    Parameters
    ----------
    name, depot
        Name, and node where the buses stand at first.
    count, capacity
        Buses, and people in each.
    boarding, alighting
        Time per person, one after another. [s]
    turn_round
        Time at the safe place after the last has got off. [s]
    patience
        A bus with somebody aboard leaves when nobody has come for so long. [s]
    ready
        When the buses may leave the depot. [s]
    """

    name: str
    depot: str
    count: int
    capacity: int
    boarding: float
    alighting: float = 0.0
    turn_round: float = 0.0
    patience: float = 0.0
    ready: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Trip:
    """One loaded run of a bus.

    Parameters
    ----------
    bus, stop
        Number of the bus, and pick-up point.
    reached, left, arrived
        When it came to the pick-up point, left it and came to the safe place. [s]
    people
        Numbers of those aboard, in order of boarding.
    """

    bus: int
    stop: str
    reached: float
    left: float
    arrived: float
    people: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shuttle:
    """What the buses did.

    Parameters
    ----------
    boarding, arrival
        When each person begins to board (until then the person waits outdoors) and has got off at the safe place, shape
        (people,); inf if not by the horizon. [s]
    trips
        Loaded runs in order of leaving the pick-up points.
    """

    boarding: NDArray[np.float64]
    arrival: NDArray[np.float64]
    trips: tuple[Trip, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contraflow:
    """Roads whose lanes are given to the opposite direction, and the flow without and with it. [s⁻¹]"""

    reversed: tuple[str, ...]
    before: float
    after: float


def drive(
    roads: Sequence[Road],
    *,
    origin: Sequence[str],
    departure: NDArray[np.float64],
    safe: Collection[str],
    closures: Sequence[tuple[str, float, float]] = (),
    horizon: float = 86400.0,
) -> NDArray[np.float64]:
    """Drive every vehicle along the quickest free way to the nearest safe node.

    A spatial queue: a vehicle drives at the speed limit to the end of its road and leaves it a headway after the one
    before; a full road (one vehicle per lane and jam spacing) lets nobody in, so queues spill back. Space freed at the
    head is free at once, so the backward wave of a dissolving jam is not resolved. Walkers on the road are not seen.
    The first vehicle that waited 60 s for a full road squeezes in (`Walking.stuck_time`), so that rings dissolve.

    Parameters
    ----------
    roads
        Directed roads.
    origin, departure
        Node and time at which each vehicle sets out. [s]
    safe
        Nodes where the journey ends.
    closures
        Tag of a road, and from when until when nobody may enter it [s]; vehicles take another way from the next node,
        those already waiting to set out on the closed road stay until it opens.
    horizon
        Nothing is played after it. [s]

    Returns
    -------
    numpy.ndarray
        Arrival of each vehicle, shape (vehicles,), inf if not by the horizon. [s]

    Raises
    ------
    ModelError
        For all bad roads and origins at once.

    References
    ----------
    Transportation Research Board (2010), Highway Capacity Manual: 1900 passenger cars an hour and lane. Nagel K.,
    Schreckenberg M. (1992), J. Phys. I France 2, 2221-2229: 7.5 m a vehicle in a jam.
    """
    _check_roads(roads)
    start = np.asarray(departure, float)
    known = {node for road in roads for node in (road.start, road.end)}
    onward, first = _ways(roads, safe, closed=())
    rows = {road.tag: row for row, road in enumerate(roads)}
    wrong = [f"no way from {node}" for node in dict.fromkeys(origin) if node not in known or first[node] == -2]
    wrong += [f"no road {tag}" for tag, _, _ in closures if tag not in rows]
    wrong += [f"closure of {tag} ends before it begins" for tag, begin, end in closures if not begin < end]
    if start.shape != (len(origin),) or not (np.isfinite(start) & (start >= 0.0)).all():
        wrong.append("departures are not one time from 0 on for every vehicle")
    if wrong:
        raise ModelError("; ".join(wrong), where="drive", fix="mend the origins, the safe nodes or the closures")
    lanes = np.array([road.lanes for road in roads], float)
    length = np.array([road.length for road in roads])
    # The engine measures roads in seconds of free drive and vehicles drive one second a second: everyone keeps to the
    # limit of each road. Density does not slow them before the road is full.
    links = Links(
        length=length / np.array([road.speed for road in roads]),
        width=3.5 * lanes,
        capacity=SATURATION_FLOW * lanes,
        stairs=np.zeros(len(roads), np.bool_),
        store=np.maximum(lanes * length // JAM_SPACING, 1).astype(np.int64),
    )
    engine = Engine(links, onward=onward, speed=np.ones(start.size), horizon=horizon, walking=Walking(free_density=1e9))
    who, goal = np.arange(start.size), np.zeros(start.size, np.int64)
    leaving = np.array([first[node] for node in origin], np.int64)
    engine.start(who, time=start, link=leaving, destination=goal)
    for time in sorted({t for _, begin, end in closures for t in (begin, end) if t < horizon}):
        engine.advance(time)
        shut = {tag for tag, begin, end in closures if begin <= time < end}
        onward, first = _ways(roads, safe, closed=shut)
        engine.close(np.arange(len(roads)), closed=False)
        engine.close(np.array(sorted(rows[tag] for tag in shut), np.int64))
        engine.set_onward(onward)
        engine.reconsider()
        later = np.flatnonzero(~engine.started)
        other = np.array([first[origin[i]] for i in later.tolist()], np.int64)
        leaving[later] = np.where(other == -2, leaving[later], other)
        engine.start(later, time=start[later], link=leaving[later], destination=goal[later])
    engine.advance(horizon)
    return engine.arrival


def shuttle(
    fleet: Fleet,
    roads: Sequence[Road],
    *,
    stop: Sequence[str],
    ready: NDArray[np.float64],
    safe: str,
    boarding: NDArray[np.float64] | None = None,
    horizon: float = 86400.0,
) -> Shuttle:
    """Run the buses between pick-up points and a safe place until nobody waits.

    A free bus goes where most people wait for whom no seat is on the way, the nearest of equals; where nobody waits
    yet, to the next who will come. People board in order of coming and number. Buses drive the quickest free way at
    the speed limit: they are not held up by the cars of :func:`drive`.

    Parameters
    ----------
    fleet
        The buses.
    roads
        Directed roads.
    stop, ready
        Pick-up point of each person and when the person is there, inf: never. [s]
    safe
        Node where people get off.
    boarding
        Time each person needs to board, shape (people,); None: that of the fleet. [s]
    horizon
        No bus does anything after it. [s]

    Raises
    ------
    ModelError
        For everything wrong with fleet, roads and stops at once.
    """
    return _Buses(fleet, roads, stop, np.asarray(ready, float), safe, boarding=boarding).run(horizon)


class _Buses:
    """The buses on their way: a queue of (time, number, bus, what happens)."""

    def __init__(
        self,
        fleet: Fleet,
        roads: Sequence[Road],
        stop: Sequence[str],
        ready: NDArray[np.float64],
        safe: str,
        *,
        boarding: NDArray[np.float64] | None,
    ) -> None:
        _check_roads(roads)
        stops = sorted(set(stop))
        nodes = sorted({node for road in roads for node in (road.start, road.end)} | {fleet.depot, safe, *stops})
        to = {end: _times(roads, nodes, end, closed=()) for end in {safe, *stops}}
        wrong = [f"{fleet.name}: {n} is not positive" for n in ("count", "capacity") if getattr(fleet, n) < 1]
        for name in ("boarding", "alighting", "turn_round", "patience", "ready"):
            value = getattr(fleet, name)
            wrong += [f"{fleet.name}: {name} is not a time from 0 on"] * (not (np.isfinite(value) and value >= 0.0))
        for place in stops:
            wrong += [f"no road from {a} to {place}" for a in (fleet.depot, safe) if not np.isfinite(to[place][a])]
            wrong += [f"no road from {place} to {safe}"] * (not np.isfinite(to[safe][place]))
        each = np.full(ready.size, fleet.boarding) if boarding is None else np.asarray(boarding, float)
        if ready.shape != (len(stop),) or not (ready >= 0.0).all():
            wrong.append("ready is not one time from 0 on for every person")
        if each.shape != ready.shape or not (np.isfinite(each) & (each >= 0.0)).all():
            wrong.append("boarding is not one time from 0 on for every person")
        if wrong:
            raise ModelError("; ".join(wrong), where="shuttle", fix="mend the fleet, the roads or the stops")
        order = [i for i in np.lexsort((np.arange(ready.size), ready)).tolist() if np.isfinite(ready[i])]
        self.queue = {place: [i for i in order if stop[i] == place][::-1] for place in stops}
        self.fleet, self.ready, self.each, self.to, self.safe = fleet, ready, each, to, safe
        self.seats = dict.fromkeys(stops, 0)  # free on buses that go to the stop or stand there
        self.place = [fleet.depot] * fleet.count
        self.aboard: list[list[int]] = [[] for _ in range(fleet.count)]
        self.reached, self.last = [0.0] * fleet.count, [0.0] * fleet.count
        self.idle: set[int] = set()
        self.events: list[tuple[float, int, int, str]] = [(fleet.ready, b, b, "free") for b in range(fleet.count)]
        self.number = fleet.count

    def run(self, horizon: float) -> Shuttle:
        begun, arrival = np.full(self.ready.size, np.inf), np.full(self.ready.size, np.inf)
        trips: list[Trip] = []
        while self.events and self.events[0][0] <= horizon:
            time, _, bus, what = heapq.heappop(self.events)
            if what == "free":
                self._send(time, bus)
                continue
            if what == "reach":
                self.reached[bus] = self.last[bus] = time
            trip = self._board(time, bus, begun)
            if trip is not None:
                trips.append(trip)
                off = trip.arrived + self.fleet.alighting * np.arange(1, len(trip.people) + 1)
                arrival[list(trip.people)] = np.where(off <= horizon, off, np.inf)
        return Shuttle(boarding=begun, arrival=arrival, trips=tuple(trips))

    def _later(self, time: float, bus: int, what: str) -> None:
        heapq.heappush(self.events, (time, self.number, bus, what))
        self.number += 1

    def _send(self, time: float, bus: int) -> None:
        """Choose where a free bus goes; it stays idle when a seat is on the way for everybody."""
        choice = []
        for place, people in self.queue.items():
            lacking = len(people) - self.seats[place]
            if lacking > 0:
                waiting = sum(self.ready[i] <= time for i in people) - self.seats[place]
                soonest = 0.0 if waiting > 0 else self.ready[people[lacking - 1]]
                choice.append((-max(waiting, 0), soonest, self.to[place][self.place[bus]], place))
        if not choice:
            self.idle.add(bus)
            return
        *_, far, place = min(choice)
        self.seats[place] += self.fleet.capacity
        self.place[bus] = place
        self._later(time + far, bus, "reach")

    def _board(self, time: float, bus: int, begun: NDArray[np.float64]) -> Trip | None:
        """Let the next person in, wait for one, or leave."""
        place, aboard = self.place[bus], self.aboard[bus]
        people = self.queue[place]
        if people and len(aboard) < self.fleet.capacity:
            following = self.ready[people[-1]]
            if following <= time:
                person = people.pop()
                begun[person] = time
                aboard.append(person)
                self.seats[place] -= 1
                self.last[bus] = time + self.each[person]
                self._later(self.last[bus], bus, "board")
                return None
            leave = self.last[bus] + self.fleet.patience
            if not aboard or following <= leave or time < leave:
                self._later(float(following if not aboard else min(following, leave)), bus, "board")
                return None
        self.seats[place] -= self.fleet.capacity - len(aboard)
        trip = None
        if aboard:
            there = time + self.to[self.safe][place]
            trip = Trip(bus=bus, stop=place, reached=self.reached[bus], left=time, arrived=there, people=tuple(aboard))
            self._later(there + self.fleet.alighting * len(aboard) + self.fleet.turn_round, bus, "free")
            self.place[bus], self.aboard[bus] = self.safe, []
        else:
            self.idle.add(bus)
        for other in sorted(self.idle):  # seats that left empty may be wanted
            self.idle.discard(other)
            self._send(time, other)
        return trip


def contraflow(
    roads: Sequence[Road], *, candidates: Mapping[str, str], sources: Collection[str], safe: Collection[str]
) -> Contraflow:
    """Choose the roads whose lanes, given to the opposite direction, let most vehicles a second out.

    Every subset is tried, the smallest first: the answer is the best there is, with as few turned roads as it takes.

    Parameters
    ----------
    roads
        Directed roads.
    candidates
        Tag of a road that may be turned, and tag of the opposite direction that gets its lanes.
    sources, safe
        Nodes where vehicles come from and go to.

    Raises
    ------
    ModelError
        With more than 12 candidates, for a tag that is no road, for a pair that is not one road's two directions.
    """
    _check_roads(roads)
    tags = {road.tag: row for row, road in enumerate(roads)}
    wrong = [f"no road {tag}" for pair in candidates.items() for tag in pair if tag not in tags]
    for turned, gains in candidates.items():
        if turned in tags and gains in tags:
            a, b = roads[tags[turned]], roads[tags[gains]]
            wrong += [f"{gains} is not the opposite of {turned}"] * ((a.start, a.end) != (b.end, b.start))
            wrong += [f"{gains} both gains and is turned"] * (gains in candidates)
    wrong += ["more than 12 candidates"] * (len(candidates) > _MOST_CANDIDATES)
    if wrong:
        raise ModelError("; ".join(wrong), where="contraflow", fix="name few pairs of opposite roads")
    lanes = np.array([road.lanes for road in roads], np.int64)
    before = best = _lanes_out(roads, lanes, sources, safe)
    chosen: tuple[str, ...] = ()
    for size in range(1, len(candidates) + 1):
        for turned_roads in combinations(sorted(candidates), size):
            given = lanes.copy()
            for tag in turned_roads:
                given[tags[candidates[tag]]] += lanes[tags[tag]]
                given[tags[tag]] = 0
            flow = _lanes_out(roads, given, sources, safe)
            if flow > best:
                best, chosen = flow, turned_roads
    return Contraflow(reversed=chosen, before=before * SATURATION_FLOW, after=best * SATURATION_FLOW)


def _lanes_out(roads: Sequence[Road], lanes: NDArray[np.int64], sources: Collection[str], safe: Collection[str]) -> int:
    """Lanes across the narrowest cut between sources and safe nodes."""
    from scipy.sparse import coo_array, csr_array
    from scipy.sparse.csgraph import maximum_flow

    nodes = {n: i for i, n in enumerate(sorted({n for r in roads for n in (r.start, r.end)} | {*sources, *safe}))}
    all_lanes = int(lanes.sum())
    edges = [(nodes[r.start], nodes[r.end], int(n)) for r, n in zip(roads, lanes, strict=True) if n]
    edges += [(len(nodes), nodes[n], all_lanes) for n in sources] + [
        (nodes[n], len(nodes) + 1, all_lanes) for n in safe
    ]
    tail, head, room = np.array(edges, np.int32).T
    graph = csr_array(coo_array((room, (tail, head)), shape=(len(nodes) + 2,) * 2))
    return int(maximum_flow(graph, len(nodes), len(nodes) + 1).flow_value)


def _times(roads: Sequence[Road], nodes: Collection[str], *ends: str, closed: Collection[str]) -> dict[str, float]:
    """Quickest free drive from every node to the nearest of the ends. [s]"""
    into: dict[str, list[Road]] = {node: [] for node in nodes}
    for road in roads:
        if road.tag not in closed:
            into[road.end].append(road)
    best = dict.fromkeys(nodes, float("inf"))
    best.update(dict.fromkeys(ends, 0.0))
    heap = [(0.0, end) for end in sorted(set(ends))]
    while heap:
        time, node = heapq.heappop(heap)
        if time == best[node]:
            for road in into[node]:
                longer = time + road.length / road.speed
                if longer < best[road.start]:
                    best[road.start] = longer
                    heapq.heappush(heap, (longer, road.start))
    return best


def _ways(
    roads: Sequence[Road], safe: Collection[str], *, closed: Collection[str]
) -> tuple[NDArray[np.int64], dict[str, int]]:
    """Next road after each road in the engine's codes, shape (1, roads), and first road from each node."""
    nodes = {node for road in roads for node in (road.start, road.end)} | set(safe)
    time = _times(roads, nodes, *safe, closed=closed)
    first = {node: -1 if node in safe else -2 for node in nodes}
    shortest = dict.fromkeys(nodes, float("inf"))
    for row, road in enumerate(roads):
        through = time[road.end] + road.length / road.speed
        if road.tag not in closed and road.start not in safe and through < shortest[road.start]:
            shortest[road.start], first[road.start] = through, row
    return np.array([[first[road.end] for road in roads]], np.int64), first


def _check_roads(roads: Sequence[Road]) -> None:
    """Report everything wrong with the roads at once."""
    wrong = ["there are no roads"] if not roads else []
    for road in roads:
        wrong += [f"{road.tag}: lanes is {road.lanes}"] * (road.lanes < 1)
        for name in ("length", "speed"):
            value = getattr(road, name)
            wrong += [f"{road.tag}: {name} is {value!r}"] * (not (np.isfinite(value) and value > 0.0))
    wrong += ["two roads have one tag"] * (len({road.tag for road in roads}) < len(roads))
    if wrong:
        raise ModelError("; ".join(wrong), where="roads", fix="give positive lanes, lengths and speeds, and own tags")
