"""Cars on directed roads: queues with the capacity of lanes, room for standing vehicles, spillback and closures."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evacuation.walking import Crossings, Engine, Links, Walking
from twin.errors import ModelError

__all__ = [
    "JAM_SPACING",
    "LANE_WIDTH",
    "SATURATION_FLOW",
    "Delays",
    "Leg",
    "Road",
    "Traffic",
    "check_roads",
    "drive",
    "free_times",
]

SATURATION_FLOW = 1900.0 / 3600.0  # vehicles a second and lane [s⁻¹]: HCM 2010, base saturation flow of a lane
JAM_SPACING = 7.5  # road per standing vehicle and lane [m]: Nagel and Schreckenberg (1992), J. Phys. I 2, 2221
LANE_WIDTH = 3.5  # m; CJJ 37-2012, 5.3.2: 3.5 m for lanes up to 60 km/h that carry heavy vehicles (recalled)


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
    capacity
        Vehicles a second that a gate or junction at its end lets through at most; None: as many as the lanes. [s⁻¹]
    """

    tag: str
    start: str
    end: str
    length: float
    lanes: int
    speed: float
    capacity: float | None = None

    @property
    def flow(self) -> float:
        """Vehicles a second that can leave it. [s⁻¹]"""
        lanes = SATURATION_FLOW * self.lanes
        return lanes if self.capacity is None else min(lanes, self.capacity)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """A stretch somebody rode: the road, and when the vehicle entered it, was at its end, and left it. [s]"""

    road: str
    enter: float
    ready: float
    leave: float


class Traffic:
    """Cars on their way; the same bits in one call of :meth:`advance` or in slices.

    Parameters
    ----------
    roads, origin, departure, safe, closures, horizon
        As for :func:`drive`.

    Raises
    ------
    ModelError
        For all bad roads, origins and closures at once.
    """

    def __init__(
        self,
        roads: Sequence[Road],
        *,
        origin: Sequence[str],
        departure: NDArray[np.float64],
        safe: Collection[str],
        closures: Sequence[tuple[str, float, float]] = (),
        horizon: float = 86400.0,
    ) -> None:
        check_roads(roads)
        start = np.asarray(departure, float)
        known = {node for road in roads for node in (road.start, road.end)}
        onward, first = _ways(roads, safe, closed=())
        rows = {road.tag: row for row, road in enumerate(roads)}
        wrong = [f"no way from {node}" for node in dict.fromkeys(origin) if node not in known or first[node] == -2]
        wrong += [f"no road {tag}" for tag, _, _ in closures if tag not in rows]
        wrong += [f"closure of {tag} ends before it begins" for tag, begin, end in closures if not begin < end]
        if start.shape != (len(origin),) or not ((start >= 0.0) & ~np.isnan(start)).all():
            wrong.append("departures are not one time from 0 on for every vehicle")
        if wrong:
            raise ModelError("; ".join(wrong), where="drive", fix="mend the origins, the safe nodes or the closures")
        self.roads, self.safe, self.closures, self.horizon = tuple(roads), frozenset(safe), tuple(closures), horizon
        self._rows, self.origin, self._start = rows, tuple(origin), start
        self._engine = Engine(
            _links(roads),
            onward=onward,
            speed=np.ones(start.size),
            horizon=horizon,
            walking=Walking(free_density=1e9),
        )
        self._leaving = np.array([first[node] for node in origin], np.int64)
        self._goal = np.zeros(start.size, np.int64)
        self._engine.start(np.arange(start.size), time=start, link=self._leaving, destination=self._goal)
        self._changes = sorted({t for _, begin, end in closures for t in (begin, end) if t < horizon})

    def advance(self, until: float) -> None:
        """Play to a time, closures on the way included. [s]"""
        while self._changes and self._changes[0] <= until:
            time = self._changes.pop(0)
            self._engine.advance(time)
            self._change(time)
        self._engine.advance(until)

    @property
    def arrival(self) -> NDArray[np.float64]:
        """Arrival of each vehicle so far, shape (vehicles,); inf if not yet. [s]"""
        return self._engine.arrival

    def crossings(self) -> Crossings:
        """Everything driven so far, grouped by vehicle; links are numbers of the roads."""
        return self._engine.crossings()

    def _change(self, time: float) -> None:
        """Close and open roads, and show everybody the ways that are left."""
        shut = {tag for tag, begin, end in self.closures if begin <= time < end}
        onward, first = _ways(self.roads, self.safe, closed=shut)
        engine = self._engine
        engine.close(np.arange(len(self.roads)), closed=False)
        engine.close(np.array(sorted(self._rows[tag] for tag in shut), np.int64))
        engine.set_onward(onward)
        engine.reconsider()
        later = np.flatnonzero(~engine.started)
        other = np.array([first[self.origin[i]] for i in later.tolist()], np.int64)
        self._leaving[later] = np.where(other == -2, self._leaving[later], other)
        engine.start(later, time=self._start[later], link=self._leaving[later], destination=self._goal[later])


class Delays:
    """What single vehicles find on roads that cars fill: they wait behind the cars that entered before them.

    Parameters
    ----------
    roads
        Directed roads.
    traffic
        Cars that have been played to the end; None: empty roads.
    closures
        As for :func:`drive`.

    Notes
    -----
    Cars leave a road in the order in which they entered it, so somebody who enters at t leaves at the end of the free
    drive, or a headway after the last car that entered by t if that is later. Entering late never lets anybody leave
    early, so the earliest arrivals follow from one search outwards (Dreyfus 1969). The single vehicle takes no capacity
    from the cars.

    References
    ----------
    Dreyfus S.E. (1969), An appraisal of some shortest-path algorithms, Operations Research 17, 395-412.
    """

    def __init__(
        self, roads: Sequence[Road], traffic: Traffic | None = None, closures: Sequence[tuple[str, float, float]] = ()
    ) -> None:
        self.roads = tuple(roads)
        self.out: dict[str, list[int]] = {}
        for row, road in enumerate(roads):
            self.out.setdefault(road.start, []).append(row)
        self.shut: dict[str, list[tuple[float, float]]] = {}
        for tag, begin, end in sorted((*closures, *(traffic.closures if traffic else ())), key=lambda c: c[1]):
            self.shut.setdefault(tag, []).append((begin, end))
        self.enter: dict[int, NDArray[np.float64]] = {}
        self.leave: dict[int, NDArray[np.float64]] = {}
        if traffic is not None:
            ways = traffic.crossings()
            for row in np.unique(ways.link).tolist():
                times = ways.times[ways.link == row]
                order = np.argsort(times[:, 0], kind="stable")
                self.enter[row], self.leave[row] = times[order, 0], np.maximum.accumulate(times[order, 2])

    def leg(self, row: int, time: float) -> Leg:
        """A road asked for at a time. [s]"""
        road = self.roads[row]
        for begin, end in self.shut.get(road.tag, ()):
            if begin <= time < end:
                time = end
        ready = leave = time + road.length / road.speed
        if row in self.enter:
            before = int(np.searchsorted(self.enter[row], time, side="right")) - 1
            if before >= 0:
                leave = max(ready, float(self.leave[row][before]) + 1.0 / road.flow)
        return Leg(road=road.tag, enter=time, ready=ready, leave=leave)

    def way(self, time: float, start: str, ends: Collection[str]) -> tuple[str, tuple[Leg, ...]]:
        """The end that is reached first when setting out at a time [s], and the legs; no legs when standing there."""
        best, came = {start: time}, dict[str, tuple[str, Leg]]()
        heap, done = [(time, start)], set[str]()
        while heap:
            now, node = heapq.heappop(heap)
            if node in done:
                continue
            done.add(node)
            if node in ends:
                legs: list[Leg] = []
                place = node
                while place in came:
                    place, leg = came[place]
                    legs.append(leg)
                return node, tuple(legs[::-1])
            for row in self.out.get(node, ()):
                leg, end = self.leg(row, now), self.roads[row].end
                if leg.leave < best.get(end, np.inf):
                    best[end], came[end] = leg.leave, (node, leg)
                    heapq.heappush(heap, (leg.leave, end))
        return "", ()


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
    traffic = Traffic(roads, origin=origin, departure=departure, safe=safe, closures=closures, horizon=horizon)
    traffic.advance(horizon)
    return traffic.arrival


def _links(roads: Sequence[Road]) -> Links:
    """Roads as the engine needs them.

    It measures them in seconds of free drive, and vehicles drive one second a second: everyone keeps to the limit of
    each road. Density does not slow them before the road is full.
    """
    lanes = np.array([road.lanes for road in roads], float)
    length = np.array([road.length for road in roads])
    return Links(
        length=length / np.array([road.speed for road in roads]),
        width=LANE_WIDTH * lanes,
        capacity=np.array([road.flow for road in roads]),
        stairs=np.zeros(len(roads), np.bool_),
        store=np.maximum(lanes * length // JAM_SPACING, 1).astype(np.int64),
    )


def free_times(roads: Sequence[Road], nodes: Collection[str], *ends: str, closed: Collection[str]) -> dict[str, float]:
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
    time = free_times(roads, nodes, *safe, closed=closed)
    first = {node: -1 if node in safe else -2 for node in nodes}
    shortest = dict.fromkeys(nodes, float("inf"))
    for row, road in enumerate(roads):
        through = time[road.end] + road.length / road.speed
        if road.tag not in closed and road.start not in safe and through < shortest[road.start]:
            shortest[road.start], first[road.start] = through, row
    return np.array([[first[road.end] for road in roads]], np.int64), first


def check_roads(roads: Sequence[Road]) -> None:
    """Report everything wrong with the roads at once."""
    wrong = ["there are no roads"] if not roads else []
    for road in roads:
        wrong += [f"{road.tag}: lanes is {road.lanes}"] * (road.lanes < 1)
        for name in ("length", "speed"):
            value = getattr(road, name)
            wrong += [f"{road.tag}: {name} is {value!r}"] * (not (np.isfinite(value) and value > 0.0))
        if road.capacity is not None and not (np.isfinite(road.capacity) and road.capacity > 0.0):
            wrong.append(f"{road.tag}: capacity is {road.capacity!r}")
    wrong += ["two roads have one tag"] * (len({road.tag for road in roads}) < len(roads))
    if wrong:
        raise ModelError("; ".join(wrong), where="roads", fix="give positive lanes, lengths and speeds, and own tags")
