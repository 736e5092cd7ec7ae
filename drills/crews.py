"""Crews on their way and in the gas: staging point, drive, air, search and rescue; no clock of its own."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from evacuation.simulate import Rescue
from scenarios.quantities import DurationSpread, SpeedSpread
from scenarios.responders import Crew
from twin.errors import ModelError
from twin.graph import Twin

if TYPE_CHECKING:
    from evacuation.tracks import Evacuation

__all__ = ["Brigade", "staging"]

_UPWIND = 45.0  # °: the quarter of the compass that counts as upwind
_GRAIN = 10.0  # m: a vehicle stops at any such point of a road; finer than the crew could choose by eye
_Waiting = Generator[Any, Any, None]


class _Clock(Protocol):
    @property
    def now(self) -> float: ...
    def timeout(self, delay: float) -> Any: ...


def staging(
    park: Twin, station: str, source: tuple[float, float], wind_from: float, standoff: float
) -> tuple[float, float, float]:
    """Point of the roads nearest to the source that is upwind of it, far enough away and can be driven to.

    Parameters
    ----------
    park
        Twin with assets of kind "road".
    station
        Tag of the place the crew leaves from; it joins the road at the nearest node.
    source
        Place of the release. [m]
    wind_from
        Direction the wind blows from. [°]
    standoff
        Least distance to the source. [m]

    Returns
    -------
    tuple of float
        x, y and distance along the roads from the station, the straight way to the first node included. [m]

    Raises
    ------
    ModelError
        No road leads to a point upwind and far enough away.
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import dijkstra

    roads = park.network("road")
    size = roads.node_x.size
    where = f"staging point of a crew from {station}"
    if not size:
        raise ModelError("the park has no roads", where=where, fix="add lines of the kind road")
    home = park[station]
    away = np.hypot(roads.node_x - home.x, roads.node_y - home.y)
    first = int(np.argmin(away))
    graph = coo_matrix((roads.length, (roads.tail, roads.head)), shape=(size, size)).tocsr()
    drive = dijkstra(graph, directed=False, indices=[first])[0] + away[first]
    tail, head, share = _along(roads.tail, roads.head, roads.length)
    way = roads.length[share[0]]
    x, y = ((1.0 - share[1]) * node[tail] + share[1] * node[head] for node in (roads.node_x, roads.node_y))
    reach = np.minimum(drive[tail] + share[1] * way, drive[head] + (1.0 - share[1]) * way)
    east, north = x - source[0], y - source[1]
    off = np.abs((np.degrees(np.arctan2(east, north)) - wind_from + 180.0) % 360.0 - 180.0)
    gap = np.hypot(east, north)
    good = (off <= _UPWIND) & (gap >= standoff) & np.isfinite(reach)
    if not good.any():
        raise ModelError(
            f"no road within {_UPWIND:g}° of upwind ({wind_from:g}°) is {standoff:g} m or more away",
            where=where,
            fix="lower the standoff of the crew, or add roads",
        )
    spot = int(np.lexsort((reach, np.where(good, gap, np.inf)))[0])
    return float(x[spot]), float(y[spot]), float(reach[spot])


def _along(
    tail: NDArray[np.int64], head: NDArray[np.int64], length: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], tuple[NDArray[np.int64], NDArray[np.float64]]]:
    """Points along segments, no further apart than the grain: ends, and number of the segment with the share of it."""
    pieces = np.maximum(np.ceil(length / _GRAIN), 1.0).astype(np.int64)
    segment = np.repeat(np.arange(length.size), pieces + 1)
    count = np.arange(segment.size) - np.repeat(np.cumsum(pieces + 1) - pieces - 1, pieces + 1)
    return tail[segment], head[segment], (segment, count / pieces[segment])


class Brigade:
    """The crews of one play.

    Parameters
    ----------
    park, crews
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
    ) -> None:
        self.park, self.clock, self.draw, self.say = park, clock, draw, say
        self.source, self.wind_from, self.people = source, wind_from, people
        self.crews = {crew.id: crew for crew in crews}
        self.rescues: list[Rescue] = []
        self._point: dict[str, tuple[float, float]] = {}
        self._taken: set[int] = set()

    def dispatch(self, name: str, cause: str) -> _Waiting:
        """Turn out, drive to a staging point chosen by the wind at that moment, put on apparatus."""
        crew = self.crews[name]
        yield self.clock.timeout(self.draw(f"{name}/turn_out", crew.turn_out))
        self.say(name, f"crew.turned_out:{name}", cause, {"station": crew.station})
        x, y, way = staging(self.park, crew.station, self.source, self.wind_from(self.clock.now), crew.standoff)
        yield self.clock.timeout(way / self.draw(f"{name}/drive", crew.drive))
        self._point[name] = (x, y)
        self.say(name, f"crew.staged:{name}", f"crew.turned_out:{name}", {"x_m": x, "y_m": y, "drive_m": way})
        yield self.clock.timeout(self.draw(f"{name}/donning", crew.donning))
        self.say(name, f"crew.ready:{name}", f"crew.staged:{name}", {"air_s": crew.air.duration})

    def missing(self, zones: Sequence[str]) -> dict[str, list[int]]:
        """People of these places who are not counted in by now, by place; no zones: every place."""
        people = self.people
        if people is None:
            return {}
        told = people.population
        gone = people.arrival_time <= self.clock.now
        found = {}
        for number, place in enumerate(told.places):
            if not zones or place in zones:
                here = np.flatnonzero((told.place == number) & ~gone).tolist()
                if left := [who for who in here if who not in self._taken]:
                    found[place] = left
        return found

    def search(self, name: str, zones: Sequence[str], told: Sequence[str], cause: str) -> _Waiting:
        """Search the places of the missing and bring out who has fallen there.

        The places named by the plan come in its order, otherwise the place with the most missing comes first. Only
        places whose people were told to go are searched.
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
            if self.missing(told).get(place):
                left = yield from self._place(crew, place, left, cause)
        yield self.clock.timeout(self.draw(f"{name}/decontamination", crew.decontamination))
        still = sum(map(len, self.missing(told).values()))
        self.say(name, f"search.finished:{name}", cause, {"missing": still})

    def _place(self, crew: Crew, place: str, left: float, cause: str) -> Generator[Any, Any, float]:
        """One place: entries until it is searched, then one entry for each casualty; the air that is left. [s]"""
        x, y = self._point[crew.id]
        asset, full = self.park[place], crew.air.duration
        leg = math.hypot(asset.x - x, asset.y - y) / self.draw(f"{crew.id}/walk", crew.walk)
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
        found = self._fallen(place)
        self.say(crew.id, f"search.searched:{place}", cause, {"fallen": len(found)})
        for who in found:
            if self._dead(who):  # meanwhile: the living come first
                continue
            carry = self.draw(f"{crew.id}/carry/{who}", crew.carry)
            if leg + carry > full:
                self.say(crew.id, f"search.out_of_reach:{place}", cause, {"way_s": leg + carry, "air_s": full})
                continue
            if left < leg + carry:
                left = yield from self._change(crew)
            yield self.clock.timeout(leg + carry)
            left -= leg + carry
            self._taken.add(who)
            if self._dead(who):
                self.say(crew.id, f"recovered:{who}", f"search.searched:{place}", {"place": place})
                continue
            self.rescues.append(Rescue(time=float(self.clock.now), person=who))
            self.say(crew.id, f"rescued:{who}", f"search.searched:{place}", {"place": place})
        return left

    def _change(self, crew: Crew) -> Generator[Any, Any, float]:
        yield self.clock.timeout(self.draw(f"{crew.id}/change", crew.change))
        return crew.air.duration

    def _dead(self, who: int) -> bool:
        return self.people is not None and bool(self.people.death_time[who] <= self.clock.now)

    def _fallen(self, place: str) -> list[int]:
        """Who of the place lies fallen and alive by now; who fell first is carried first."""
        people = self.people
        if people is None:
            return []
        now, here = self.clock.now, people.population.place == people.population.places.index(place)
        down = here & (people.incapacitated_time <= now) & (people.death_time > now)
        who = [w for w in np.flatnonzero(down).tolist() if w not in self._taken]
        return sorted(who, key=lambda w: (people.incapacitated_time[w], w))
