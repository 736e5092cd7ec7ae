"""Crews on their way and in the gas: drive, air, search and rescue; no clock of its own."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from drills.medics import Aid
from evacuation.simulate import Rescue
from scenarios.quantities import DurationSpread, SpeedSpread
from scenarios.responders import Crew, Medics
from scenarios.staging import staging
from twin.graph import Twin

if TYPE_CHECKING:
    from evacuation.routes import WalkGraph
    from evacuation.tracks import Evacuation

__all__ = ["Brigade", "Gas", "paces"]

_Waiting = Generator[Any, Any, None]
Gas = Callable[[NDArray[np.float64], NDArray[np.float64], float], NDArray[np.float64]]


class _Clock(Protocol):
    @property
    def now(self) -> float: ...
    def timeout(self, delay: float) -> Any: ...
    def process(self, generator: _Waiting) -> Any: ...


def paces(ways: WalkGraph, x: float, y: float) -> Callable[[float, float], float]:
    """Distance on foot from a point to any other along the ways, both ends by the straight line to the nearest node.

    Never less than the straight line, and that where no way leads. [m]
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import dijkstra

    size = ways.node_x.size
    graph = coo_matrix((ways.links.length, (ways.tail, ways.head)), shape=(size, size)).tocsr()
    near = np.hypot(ways.node_x - x, ways.node_y - y)
    first = int(np.argmin(near))
    far = dijkstra(graph, indices=[first])[0] + near[first]

    def distance(to_x: float, to_y: float) -> float:
        gap = np.hypot(ways.node_x - to_x, ways.node_y - to_y)
        last = int(np.argmin(gap))
        line = math.hypot(to_x - x, to_y - y)
        return max(line, float(far[last] + gap[last])) if np.isfinite(far[last]) else line

    return distance


class Brigade:
    """The crews of one play.

    Nobody is looked for twice: who has been carried out, or found by a crew that searched the place, is accounted for.
    Crews in breathing apparatus gather no load here; the gas at each place they search is written to the log.

    Parameters
    ----------
    park, crews, medics
        Where and who.
    clock
        Clock of the play.
    draw
        Value of a spread from the stream of that name.
    say
        Writes to the log: actor, name, cause, detail.
    source, wind_from
        Place of the release [m]; wind direction [°] at a time.
    people
        What people did as far as is known; None: nothing is known and nobody is missing.
    reported
        Time up to which it is known who has been counted in; None: up to now. [s]
    ways
        What crews walk on; None: straight lines.
    gas
        Concentration at points at a time; None: unknown. [kg m⁻³]
    limit
        Crews stand outside the contour of this concentration. [kg m⁻³]
    """

    def __init__(
        self,
        park: Twin,
        crews: Sequence[Crew],
        *,
        clock: _Clock,
        draw: Callable[[str, DurationSpread | SpeedSpread], float],
        say: Callable[[str, str, str, Mapping[str, Any]], None],
        source: tuple[float, float],
        wind_from: Callable[[float], float],
        people: Evacuation | None,
        medics: Sequence[Medics] = (),
        reported: Callable[[], float] | None = None,
        ways: WalkGraph | None = None,
        gas: Gas | None = None,
        limit: float = math.inf,
    ) -> None:
        self.park, self.clock, self.draw, self.say = park, clock, draw, say
        self.source, self.wind_from, self.people = source, wind_from, people
        self.ways, self.gas, self.limit = ways, gas, limit
        self.crews = {crew.id: crew for crew in crews}
        self.aid = Aid(medics, clock=clock, draw=draw, say=say)
        self.rescues: list[Rescue] = []
        self.last_found = ""  # event by which somebody was last accounted for
        self._reported = reported or (lambda: float(clock.now))
        self._point: dict[str, tuple[float, float]] = {}
        self._paces: dict[str, Callable[[float, float], float]] = {}
        self._begun: set[str] = set()  # places a crew is in
        self._carried: set[int] = set()  # on the arms of a crew
        self._known: set[int] = set()  # accounted for without a card reader

    def dispatch(self, name: str, cause: str) -> _Waiting:
        """Turn out, drive to a staging point chosen by wind and gas of the moment; crews put on apparatus."""
        crew = self.crews.get(name)
        team = crew or self.aid.teams[name]
        yield self.clock.timeout(self.draw(f"{name}/turn_out", team.turn_out))
        self.say(name, f"crew.turned_out:{name}", cause, {"station": team.station})
        now = self.clock.now
        air = None if self.gas is None else lambda x, y: self.gas(x, y, now)  # type: ignore[misc]
        x, y, way = staging(
            self.park, team.station, self.source, self.wind_from(now), team.standoff, gas=air, limit=self.limit
        )
        yield self.clock.timeout(way / self.draw(f"{name}/drive", team.drive))
        self._point[name] = (x, y)
        detail = {"x_m": x, "y_m": y, "drive_m": way}
        self.say(name, f"crew.staged:{name}", f"crew.turned_out:{name}", detail | self._air_at(x, y))
        if crew is None:
            self.aid.open(name)
            return
        yield self.clock.timeout(self.draw(f"{name}/donning", crew.donning))
        self.say(name, f"crew.ready:{name}", f"crew.staged:{name}", {"air_s": crew.air.duration})

    def missing(self, zones: Sequence[str]) -> dict[str, list[int]]:
        """People of these places who are not known to be counted in, by place; no zones: every place."""
        people = self.people
        if people is None:
            return {}
        told = people.population
        gone = people.arrival_time <= self._reported()
        found = {}
        for number, place in enumerate(told.places):
            if not zones or place in zones:
                here = np.flatnonzero((told.place == number) & ~gone).tolist()
                if left := [who for who in here if who not in self._known]:
                    found[place] = left
        return found

    def search(self, name: str, zones: Sequence[str], told: Sequence[str], cause: str) -> _Waiting:
        """Search the places of the missing and bring out who has fallen there or on the way from there.

        The places named by the plan come in its order, otherwise the place with the most missing comes first. Only
        places whose people were told to go are searched, each by one crew.
        """
        crew = self.crews[name]
        missing = self.missing(told)
        order = (
            [place for place in zones if place in missing]
            if zones
            else sorted(missing, key=lambda place: (-len(missing[place]), place))
        )
        count = sum(len(missing[place]) for place in order)
        self.say(name, f"search.started:{name}", cause, {"missing": count, "places": order})
        cause = f"search.started:{name}"
        left = crew.air.duration
        for place in order:
            if place not in self._begun and self.missing(told).get(place):
                self._begun.add(place)
                left = yield from self._place(crew, place, left, cause)
                self._begun.discard(place)
        yield self.clock.timeout(self.draw(f"{name}/decontamination", crew.decontamination))
        still = sum(map(len, self.missing(told).values()))
        self.say(name, f"search.finished:{name}", cause, {"missing": still})

    def _place(self, crew: Crew, place: str, left: float, cause: str) -> Generator[Any, Any, float]:
        """One place: entries until it is searched, then one entry for each casualty; the air that is left. [s]"""
        asset, full = self.park[place], crew.air.duration
        pace = self.draw(f"{crew.id}/walk", crew.walk)
        leg = self._far(crew.id, asset.x, asset.y) / pace
        if 2.0 * leg >= full:
            self.say(crew.id, f"search.out_of_reach:{place}", cause, {"way_s": 2.0 * leg, "air_s": full})
            return left
        work = self.draw(f"{crew.id}/search/{place}", crew.search)
        while work > 0.0:
            if left - 2.0 * leg < min(work, full - 2.0 * leg):  # in, work and out again before the reserve
                left = yield from self._change(crew)
            stay = min(work, left - 2.0 * leg)
            yield self.clock.timeout(2.0 * leg + stay)
            work, left = work - stay, left - 2.0 * leg - stay
        found, detail = self._find(place)
        self.last_found = f"search.searched:{place}"
        self.say(crew.id, f"search.searched:{place}", cause, detail | self._air_at(asset.x, asset.y))
        for who in found:
            if who not in self._carried:
                left = yield from self._bring(crew, place, who, pace, left)
        return left

    def _bring(self, crew: Crew, place: str, who: int, pace: float, left: float) -> Generator[Any, Any, float]:
        """One casualty, from where the person lies; the air that is left. [s]"""
        cause, full = f"search.searched:{place}", crew.air.duration
        if self._dead(who):  # meanwhile: the living come first
            self._known.add(who)
            return left
        effort = self._far(crew.id, *self._lies(who)) / pace + self.draw(f"{crew.id}/carry/{who}", crew.carry)
        if effort > full:
            self.say(crew.id, f"search.out_of_reach:{place}", cause, {"way_s": effort, "air_s": full})
            return left
        self._carried.add(who)
        if left < effort:
            left = yield from self._change(crew)
        yield self.clock.timeout(effort)
        self._known.add(who)
        self.last_found = f"{'recovered' if self._dead(who) else 'rescued'}:{who}"
        if self._dead(who):
            self.say(crew.id, f"recovered:{who}", cause, {"place": place})
            return left - effort
        self.rescues.append(Rescue(time=float(self.clock.now), person=who))
        self.say(crew.id, f"rescued:{who}", cause, {"place": place})
        self.aid.receive(who)
        return left - effort

    def _change(self, crew: Crew) -> Generator[Any, Any, float]:
        yield self.clock.timeout(self.draw(f"{crew.id}/change", crew.change))
        return crew.air.duration

    def _far(self, name: str, x: float, y: float) -> float:
        """Way of a crew on foot from its staging point. [m]"""
        start = self._point[name]
        if self.ways is None or not self.ways.node_x.size:
            return math.hypot(x - start[0], y - start[1])
        if name not in self._paces:
            self._paces[name] = paces(self.ways, *start)
        return self._paces[name](x, y)

    def _air_at(self, x: float, y: float) -> dict[str, float]:
        if self.gas is None:
            return {}
        return {"gas_kg_m3": float(self.gas(np.array([x]), np.array([y]), float(self.clock.now))[0])}

    def _lies(self, who: int) -> tuple[float, float]:
        assert self.people is not None
        x, y = self.people.positions(float(self.people.incapacitated_time[who]))
        return float(x[who]), float(y[who])

    def _dead(self, who: int) -> bool:
        return self.people is not None and bool(self.people.death_time[who] <= self.clock.now)

    def _find(self, place: str) -> tuple[list[int], dict[str, int]]:
        """Who of the place lies fallen and alive, who fell first first; the dead and those still in are found too."""
        people = self.people
        if people is None:
            return [], {"fallen": 0}
        now = self.clock.now
        here = people.population.place == people.population.places.index(place)
        here[[who for who in np.flatnonzero(here).tolist() if who in self._known]] = False
        dead = here & (people.death_time <= now)
        down = here & (people.incapacitated_time <= now) & ~dead
        inside = here & ~dead & ~down & (people.start_time > now)
        self._known.update(np.flatnonzero(dead | inside).tolist())
        order = sorted(np.flatnonzero(down).tolist(), key=lambda w: (people.incapacitated_time[w], w))
        return order, {"fallen": len(order), "dead": int(dead.sum()), "still_in": int(inside.sum())}
