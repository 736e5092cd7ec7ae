"""The evacuation on the clock: orders, people, muster readers, head-count."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import simpy
from numpy.typing import NDArray

from evacuation.behaviour import Crowd, Order, Plans, check_orders
from evacuation.condition import Harm, Tolerance
from evacuation.exposure import Exposure
from evacuation.fires import Fire
from evacuation.population import Population
from evacuation.routes import WalkGraph
from evacuation.tracks import Evacuation, Tracks
from plant_models.substances import Substance
from twin.errors import ModelError, Problem, near
from twin.hazard import Hazard
from twin.weather import Weather, WeatherSeries

if TYPE_CHECKING:
    from twin.graph import Twin

__all__ = ["Closure", "Rescue", "evacuate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rescue:
    """Somebody who has fallen is carried out of the gas.

    Parameters
    ----------
    time
        When. [s]
    person
        Number of the person. Nothing happens when the person has not fallen by then.
    """

    time: float
    person: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Closure:
    """A way that nobody may enter for a time; those on it go on.

    Parameters
    ----------
    tag
        Tag of the walkway, road or stairs, or of the place whose exit is closed.
    start, stop
        From when until when. [s]
    reroute
        Whether people turn to other ways while it is closed; otherwise they wait for it.
    """

    tag: str
    start: float
    stop: float = float("inf")
    reroute: bool = True


def evacuate(
    park: Twin,
    population: Population,
    *,
    orders: Sequence[Order] = (),
    hazard: Hazard | None = None,
    substance: Substance | Fire | None = None,
    weather: Weather | WeatherSeries | None = None,
    probit: str | None = None,
    horizon: float,
    time_step: float = 60.0,
    graph: WalkGraph | None = None,
    exposure: Exposure | None = None,
    tolerance: Tolerance | None = None,
    rescues: Sequence[Rescue] = (),
    closures: Sequence[Closure] = (),
) -> Evacuation:
    """Play what people do with orders, and count the gas they breathe.

    People without an order stay where they are, indoors in the air of their room, outdoors in the open. Nothing is
    drawn here: all chance is in `population`, so that two policies are played with the same people.

    Parameters
    ----------
    park
        Twin of the park.
    population
        The people.
    orders
        Orders by the time they are heard; at equal times the later in the sequence replaces the earlier.
    hazard
        The gas; None: no loads.
    substance
        What the gas is. Needed with `hazard`.
    weather
        Temperature and pressure of the air. Needed with `hazard`.
    probit
        Name of the probit set; None: the default set of the substance.
    horizon
        End. [s]
    time_step
        How often the muster readers report; no result but the order of log lines at equal times depends on it. [s]
    graph
        Ways if already built.
    exposure
        Table of air if already built, instead of hazard, substance, weather and probit; its graph is used.
    tolerance
        When gas impairs, fells and kills people while they act; who has fallen stays where the person lies and takes
        room there. None: loads are counted and nobody is kept from walking by them.
    rescues
        Who is carried out when.
    closures
        Ways that are closed for a time.

    Returns
    -------
    Evacuation
        Times, ways, loads.

    Raises
    ------
    ModelError
        All faults of the orders, rescues and closures at once; a tolerance without a hazard; a hazard without substance
        or weather; an exposure that ends before the horizon, or is given together with a hazard.

    Notes
    -----
    Events: ``order.evacuate``, ``order.shelter``, ``order.all_clear`` with zones and the number of people; ``alerted``
    a group with its number; ``muster.first`` the first person at a muster point; ``muster.over_capacity``;
    ``headcount.complete`` a muster point that has everybody sent there; ``evacuation.complete`` everybody told to walk
    is at a muster point, never while somebody lies in the gas; ``rescued``; ``way.closed``, ``way.opened``; ``horizon``
    with the number still on the way. With a tolerance, people who wait in line for the first link of their way breathe
    the air at the exit of their place.
    """
    if not (np.isfinite(horizon) and horizon > 0.0):
        raise ModelError(f"horizon is {horizon!r}", where="evacuate", fix="give a positive number of seconds")
    if not (np.isfinite(time_step) and time_step > 0.0):
        raise ModelError(f"time_step is {time_step!r}", where="evacuate", fix="give a positive number of seconds")
    if exposure is not None and graph is None:
        graph = exposure.graph
    ways = graph if graph is not None else WalkGraph.of(park, places=population.places)
    problems = [
        *check_orders(park, population, orders, ways),
        *(_rescue_faults(population, rescues)),
        *(_closure_faults(ways, closures)),
    ]
    if problems:
        raise ModelError.of(problems, where="evacuate")
    table = _table(
        ways,
        horizon,
        hazard=hazard,
        substance=substance,
        weather=weather,
        probit=probit,
        exposure=exposure,
    )
    if tolerance is not None and table is None:
        raise ModelError("a tolerance is given without a hazard", where="evacuate", fix="give a hazard or an exposure")
    plans = Plans(ways, [order.plan for order in orders if order.plan is not None])
    routes = [ways.onward]
    routes += [_around(ways, closures, closure.start) for closure in closures if closure.reroute]
    harm = None
    if table is not None and tolerance is not None:
        rows = np.concatenate([plans.onward(r) for r in routes]).reshape(-1, ways.tail.size)
        used = ways.used(_first_links(population, ways), np.unique(rows, axis=0))
        harm = Harm.of(table, population, ways, tolerance, used)
    crowd = Crowd(park, population, ways, horizon, harm=harm, plans=plans)
    stage = _Stage(park, crowd, horizon=horizon, time_step=time_step)
    stage.play(orders, rescues, closures)
    return _result(stage, table, horizon)


def _first_links(people: Population, graph: WalkGraph) -> NDArray[np.int64]:
    return np.array([graph.places[tag][1] for tag in people.places if tag in graph.places], np.int64)


def _around(graph: WalkGraph, closures: Sequence[Closure], time: float) -> NDArray[np.int64]:
    """Next links without the ways that people do not wait for at a time.

    Who can no longer come to a muster point goes to the one that is quickest to reach.
    """
    seconds = graph.seconds.copy()
    for closure in closures:
        if closure.reroute and closure.start <= time < closure.stop:
            seconds[graph.links_of(closure.tag)] = np.inf
    times, onward = graph.quickest(seconds)
    if times.size:
        nearest, reached = times.argmin(axis=0)[graph.head], np.isfinite(times.min(axis=0))[graph.head]
        for row in range(len(times)):
            lost = reached & ~np.isfinite(times[row, graph.head])
            onward[row, lost] = onward[nearest[lost], lost]
    return onward


def _rescue_faults(people: Population, rescues: Sequence[Rescue]) -> list[Problem]:
    found = []
    for number, rescue in enumerate(rescues, 1):
        where = f"rescue {number}"
        if not 0 <= rescue.person < len(people):
            found.append(Problem(f"there is no person {rescue.person}", where, f"people are 0 to {len(people) - 1}"))
        if not (np.isfinite(rescue.time) and rescue.time >= 0.0):
            found.append(Problem(f"its time is {rescue.time!r}", where, "give seconds since scenario start"))
    return found


def _closure_faults(graph: WalkGraph, closures: Sequence[Closure]) -> list[Problem]:
    found = []
    for number, closure in enumerate(closures, 1):
        where = f"closure {number}"
        if closure.tag not in graph.tags:
            found.append(Problem(f"no way is part of {closure.tag!r}", where, near(closure.tag, set(graph.tags))))
        if not 0.0 <= closure.start < closure.stop:
            what = f"it lasts from {closure.start:g} to {closure.stop:g} s"
            found.append(Problem(what, where, "give a start of 0 s or more and a later stop"))
    return found


def _table(
    ways: WalkGraph,
    horizon: float,
    *,
    hazard: Hazard | None,
    substance: Substance | Fire | None,
    weather: Weather | WeatherSeries | None,
    probit: str | None,
    exposure: Exposure | None,
) -> Exposure | None:
    if exposure is not None:
        if hazard is not None or substance is not None or weather is not None or probit is not None:
            what = "both an exposure and a hazard, substance, weather or probit are given"
            raise ModelError(what, where="evacuate", fix="give the exposure alone; it carries them")
        if exposure.graph is not ways:
            what = "the exposure was built on other ways"
            raise ModelError(what, where="evacuate", fix="leave graph away, or build the exposure on it")
        if exposure.horizon != horizon:
            what = f"the exposure ends at {exposure.horizon:g} s, the evacuation at {horizon:g} s"
            raise ModelError(what, where="evacuate", fix="give both the same horizon")
        return exposure
    if hazard is None:
        return None
    if not isinstance(hazard, Hazard):
        what = f"the hazard is a {type(hazard).__name__} without concentration(x, y, z, t)"
        raise ModelError(what, where="evacuate", fix="give a cloud, or an object that has this method")
    if substance is None or weather is None:
        missing = " and ".join(n for n, v in (("substance", substance), ("weather", weather)) if v is None)
        raise ModelError(f"a hazard is given without {missing}", where="evacuate", fix=f"give {missing}")
    return Exposure(ways, hazard, substance=substance, weather=weather, probit=probit, horizon=horizon)


class _Stage:
    """The SimPy environment of one evacuation."""

    def __init__(self, park: Twin, crowd: Crowd, *, horizon: float, time_step: float) -> None:
        self.env = simpy.Environment()
        self.crowd = crowd
        self.events: list[tuple[float, str, str]] = []
        self._park, self._horizon, self._step = park, horizon, time_step
        self._wake = self.env.event()
        self._counted = np.zeros(len(crowd.population), np.bool_)
        self._seen = 0
        self.late: list[str] = []
        self._readers = [simpy.Store(self.env) for _ in crowd.graph.musters]
        self._inside = [0] * len(crowd.graph.musters)

    def play(self, orders: Sequence[Order], rescues: Sequence[Rescue], closures: Sequence[Closure]) -> None:
        """Run to the horizon."""
        for order in orders:
            if order.time <= self._horizon:
                self.env.process(self._order(order))
            else:
                self.late.append(f"the order to {order.action} at {order.time:g} s comes after the horizon")
        for rescue in sorted(rescues, key=lambda each: (each.time, each.person)):
            if rescue.time <= self._horizon:
                self.env.process(self._rescue(rescue))
        turns = sorted({t for c in closures for t in (c.start, c.stop) if t <= self._horizon})
        for time in turns:
            self.env.process(self._turn(time, closures))
        for number in range(len(self._readers)):
            self.env.process(self._reader(number))
        self.env.process(self._clock())
        self.env.run(until=np.nextafter(self._horizon, np.inf))
        self.crowd.engine.advance(self._horizon)
        self._count()
        self.env.run(until=np.nextafter(self.env.now, np.inf))
        self._completions()
        left = self.crowd.engine.walking
        self.events.append((self._horizon, "horizon", f"{left} on the way"))
        self.events.sort(key=lambda event: event[0])

    def _order(self, order: Order) -> Generator[Any, Any, None]:
        yield self.env.timeout(order.time)
        who = self.crowd.follow(order)
        zones = ", ".join(order.zones) or "everybody"
        self.events.append((order.time, f"order.{order.action}", f"{order.label or zones}: {who.size} people"))
        people = self.crowd.population
        for number, group in enumerate(people.groups):
            n = int((people.group[who] == number).sum())
            if n:
                self.events.append((order.time, "alerted", f"{group}: {n} people"))
        self._rouse()

    def _rescue(self, rescue: Rescue) -> Generator[Any, Any, None]:
        yield self.env.timeout(rescue.time)
        self.crowd.engine.advance(rescue.time)
        if self.crowd.rescue(rescue.person):
            self.events.append((rescue.time, "rescued", f"person {rescue.person}"))
        self._rouse()

    def _turn(self, time: float, closures: Sequence[Closure]) -> Generator[Any, Any, None]:
        """Ways close or open."""
        yield self.env.timeout(time)
        crowd = self.crowd
        crowd.engine.advance(time)
        for closure in closures:
            if closure.stop == time:
                self.events.append((time, "way.opened", closure.tag))
                crowd.engine.close(crowd.graph.links_of(closure.tag), closed=False)
        for closure in closures:
            if closure.start == time:
                self.events.append((time, "way.closed", closure.tag))
            if closure.start <= time < closure.stop:
                crowd.engine.close(crowd.graph.links_of(closure.tag))
        crowd.engine.set_onward(crowd.plans.onward(_around(crowd.graph, closures, time)))
        crowd.engine.reconsider()
        self._rouse()

    def _rouse(self) -> None:
        """Wake the clock, for somebody may be moving."""
        if not self._wake.triggered:
            self._wake.succeed()

    def _clock(self) -> Generator[Any, Any, None]:
        """Move the crowd in slices while somebody walks; sleep until somebody sets out or an order wakes it."""
        engine, env = self.crowd.engine, self.env
        while True:
            engine.advance(min(env.now, self._horizon))
            self._count()
            if engine.walking:
                yield env.timeout(self._step)
                continue
            self._wake = env.event()
            coming = engine.next_start
            if np.isfinite(coming) and coming <= self._horizon:
                yield env.timeout(max(coming - env.now, 0.0)) | self._wake
            else:
                yield self._wake

    def _count(self) -> None:
        """Hand the newly arrived to the readers of their muster points."""
        if self.crowd.engine.arrived == self._seen:
            return
        self._seen = self.crowd.engine.arrived
        arrival = self.crowd.engine.arrival
        new = np.flatnonzero(np.isfinite(arrival) & ~self._counted)
        self._counted[new] = True
        self.crowd.come(new)
        for number in np.unique(self.crowd.muster[new]).tolist():
            self._readers[number].put(np.sort(arrival[new[self.crowd.muster[new] == number]]))

    def _reader(self, number: int) -> Generator[Any, Any, None]:
        """Card reader of a muster point: counts people in and reports."""
        tag = self.crowd.graph.musters[number]
        capacity = self._park[tag].get("capacity")
        most = float(capacity) if isinstance(capacity, float) else np.inf
        while True:
            come: NDArray[np.float64] = yield self._readers[number].get()
            before = self._inside[number]
            self._inside[number] = after = before + come.size
            if before == 0:
                self.events.append((float(come[0]), "muster.first", tag))
            if before <= most < after:
                self.events.append((float(come[int(most) - before]), "muster.over_capacity", tag))

    def _completions(self) -> None:
        """Head-counts that became complete, judged by where people were sent in the end."""
        arrival, sent = self.crowd.engine.arrival, np.isfinite(self.crowd.told_time)
        for number, tag in enumerate(self.crowd.graph.musters):
            last = arrival[sent & (self.crowd.muster == number)]
            if last.size and np.isfinite(last).all():
                self.events.append((float(last.max()), "headcount.complete", tag))
        if sent.any() and np.isfinite(arrival[sent]).all():
            self.events.append((float(arrival[sent].max()), "evacuation.complete", f"{int(sent.sum())} people"))


def _result(stage: _Stage, table: Exposure | None, horizon: float) -> Evacuation:
    crowd = stage.crowd
    people, arrival, crossings = crowd.population, crowd.engine.arrival, crowd.engine.crossings()
    settings: dict[str, Any] = {
        "horizon": horizon,
        "seed": people.seed,
        "people": len(people),
        "walking": asdict(crowd.graph.walking),
        "forced_entries": crowd.engine.forced,
        "warnings": (*crowd.graph.warnings, *_doubts(crowd), *stage.late),
    }
    load = probability = np.full(len(people), np.nan)
    suffering: dict[str, Any] = {}
    if table is not None and crowd.harm is not None:
        done = crowd.suffering(crossings)
        load, probability = done.load, table.probit.probability(done.load)
        settings |= table.settings
        settings["incapacitating_share"] = crowd.harm.limits.incapacitating_share
        suffering = {
            "condition": done.condition,
            "impaired_time": done.impaired,
            "incapacitated_time": done.incapacitated,
            "death_time": done.died,
            "rescued_time": done.rescued,
        }
    elif table is not None:
        load = table.load(crowd.stay(crossings), crossings, arrival=arrival, muster=crowd.muster)
        load += crowd.queued(table, crossings)
        probability = table.probit.probability(load)
        settings |= table.settings
    return Evacuation(
        population=people,
        tracks=Tracks(
            graph=crowd.graph,
            crossings=crossings,
            shelter_time=crowd.shelter_time,
            walk_time=crowd.start_time + crowd.rooms.approach,
        ),
        state=crowd.states(),
        order_time=crowd.order_time,
        start_time=crowd.start_time,
        told_time=crowd.told_time,
        arrival_time=arrival,
        muster=crowd.muster,
        load=load,
        probability=probability,
        events=tuple(stage.events),
        settings=settings,
        **suffering,
    )


def _doubts(crowd: Crowd) -> list[str]:
    found = []
    n = int(crowd.exposed.sum())
    if n:
        found.append(f"{n} people were to take shelter where there is no building, and stayed outside")
    if crowd.engine.forced:
        found.append(f"{crowd.engine.forced} times somebody squeezed into a full way after the stuck time")
    return found
