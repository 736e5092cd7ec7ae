"""Buses between pick-up points and safe places."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evacuation.traffic import Delays, Leg, Road, Traffic, check_roads, free_times
from twin.errors import ModelError

__all__ = ["Fleet", "Shuttle", "Trip", "shuttle"]


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
    bus, stop, safe
        Number of the bus, pick-up point, and where people got off.
    reached, left, arrived
        When it came to the pick-up point, left it and came to the safe place. [s]
    people
        Numbers of those aboard, in order of boarding.
    legs
        The way from the pick-up point.
    """

    bus: int
    stop: str
    safe: str
    reached: float
    left: float
    arrived: float
    people: tuple[int, ...]
    legs: tuple[Leg, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shuttle:
    """What the buses did.

    Parameters
    ----------
    ready
        When each person came to the pick-up point, shape (people,); inf: never. [s]
    boarding, arrival
        When each person begins to board (until then the person waits outdoors) and has got off at the safe place, shape
        (people,); inf if not by the horizon. [s]
    trips
        Loaded runs in order of leaving the pick-up points.
    """

    ready: NDArray[np.float64]
    boarding: NDArray[np.float64]
    arrival: NDArray[np.float64]
    trips: tuple[Trip, ...]

    def counts(self, time: float) -> dict[str, int]:
        """People who have not come to the pick-up point, wait there, ride, and are safe at a time [s]."""
        safe = self.arrival <= time
        ride, come = (self.boarding <= time) & ~safe, self.ready <= time
        wait = come & ~ride & ~safe
        return {name: int(who.sum()) for name, who in zip(
            ("away", "waiting", "riding", "safe"), (~come, wait, ride, safe), strict=True)}  # fmt: skip


def shuttle(
    fleet: Fleet,
    roads: Sequence[Road],
    *,
    stop: Sequence[str],
    ready: NDArray[np.float64],
    safe: str | Collection[str],
    boarding: NDArray[np.float64] | None = None,
    traffic: Traffic | None = None,
    closures: Sequence[tuple[str, float, float]] = (),
    horizon: float = 86400.0,
) -> Shuttle:
    """Run the buses between pick-up points and safe places until nobody waits.

    A free bus goes where most people wait for whom no seat is on the way, the nearest of equals; where nobody waits
    yet, to the next who will come. People board in order of coming and number. A full bus drives to the safe place it
    reaches first. Buses take the quickest way there is, closed roads and the queues of cars on it included
    (:class:`~evacuation.traffic.Delays`); they take no room and no capacity from the cars.

    Parameters
    ----------
    fleet
        The buses.
    roads
        Directed roads.
    stop, ready
        Pick-up point of each person and when the person is there, inf: never. [s]
    safe
        Nodes where people get off.
    boarding
        Time each person needs to board, shape (people,), drawn from whatever distribution; None: that of the fleet. [s]
    traffic
        Cars that hold the buses up, played to the end; None: empty roads.
    closures
        Tag of a road, and from when until when no bus may enter it. [s]
    horizon
        No bus does anything after it. [s]

    Raises
    ------
    ModelError
        For everything wrong with fleet, roads and stops at once.
    """
    shelters = {safe} if isinstance(safe, str) else set(safe)
    known = {road.tag for road in roads}
    wrong = [f"no road {tag}" for tag, _, _ in closures if tag not in known]
    wrong += [f"closure of {tag} ends before it begins" for tag, begin, end in closures if not begin < end]
    if traffic is not None and traffic.roads != tuple(roads):
        wrong.append("the traffic was played on other roads")
    if wrong:
        raise ModelError("; ".join(wrong), where="shuttle", fix="name closed roads of the network and their times")
    ways = Delays(roads, traffic, closures)
    return _Buses(fleet, ways, stop, np.asarray(ready, float), shelters, boarding=boarding).run(horizon)


class _Buses:
    """The buses on their way: a queue of (time, number, bus, what happens)."""

    def __init__(
        self,
        fleet: Fleet,
        ways: Delays,
        stop: Sequence[str],
        ready: NDArray[np.float64],
        safe: Collection[str],
        *,
        boarding: NDArray[np.float64] | None,
    ) -> None:
        roads = ways.roads
        check_roads(roads)
        stops = sorted(set(stop))
        nodes = sorted({node for road in roads for node in (road.start, road.end)} | {fleet.depot, *safe, *stops})
        to = {place: free_times(roads, nodes, place, closed=()) for place in stops}
        off = free_times(roads, nodes, *safe, closed=())
        wrong = [f"{fleet.name}: {n} is not positive" for n in ("count", "capacity") if getattr(fleet, n) < 1]
        for name in ("boarding", "alighting", "turn_round", "patience", "ready"):
            value = getattr(fleet, name)
            wrong += [f"{fleet.name}: {name} is not a time from 0 on"] * (not (np.isfinite(value) and value >= 0.0))
        for place in stops:
            wrong += [
                f"no road from {a} to {place}" for a in (fleet.depot, *sorted(safe)) if not np.isfinite(to[place][a])
            ]
            wrong += [f"no road from {place} to {', '.join(sorted(safe))}"] * (not np.isfinite(off[place]))
        wrong += ["there is no safe place"] * (not safe)
        each = np.full(ready.size, fleet.boarding) if boarding is None else np.asarray(boarding, float)
        if ready.shape != (len(stop),) or not (ready >= 0.0).all():
            wrong.append("ready is not one time from 0 on for every person")
        if each.shape != ready.shape or not (np.isfinite(each) & (each >= 0.0)).all():
            wrong.append("boarding is not one time from 0 on for every person")
        if wrong:
            raise ModelError("; ".join(wrong), where="shuttle", fix="mend the fleet, the roads or the stops")
        order = [i for i in np.lexsort((np.arange(ready.size), ready)).tolist() if np.isfinite(ready[i])]
        self.queue = {place: [i for i in order if stop[i] == place][::-1] for place in stops}
        self.fleet, self.ready, self.each, self.ways, self.safe = fleet, ready, each, ways, safe
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
        return Shuttle(ready=self.ready, boarding=begun, arrival=arrival, trips=tuple(trips))

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
                reached = self._reached(time, self.place[bus], place)
                if np.isfinite(reached):
                    choice.append((-max(waiting, 0), soonest, reached, place))
        if not choice:
            self.idle.add(bus)
            return
        *_, reached, place = min(choice)
        self.seats[place] += self.fleet.capacity
        self.place[bus] = place
        self._later(reached, bus, "reach")

    def _reached(self, time: float, start: str, end: str) -> float:
        """When a bus that sets out now is there, inf if the roads are jammed until the end. [s]"""
        goal, legs = self.ways.way(time, start, {end})
        return legs[-1].leave if legs else (time if goal else float("inf"))

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
            goal, legs = self.ways.way(time, place, self.safe)
            there = legs[-1].leave if legs else (time if goal else float("inf"))  # inf: jammed until the end
            trip = Trip(
                bus=bus, stop=place, safe=goal, reached=self.reached[bus], left=time, arrived=there,
                people=tuple(aboard), legs=legs,
            )  # fmt: skip
            self._later(there + self.fleet.alighting * len(aboard) + self.fleet.turn_round, bus, "free")
            self.place[bus], self.aboard[bus] = goal, []
        else:
            self.idle.add(bus)
        for other in sorted(self.idle):  # seats that left empty may be wanted
            self.idle.discard(other)
            self._send(time, other)
        return trip
