"""Roads of a park for vehicles, people who leave by car, and what those who ride breathe."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from evacuation.exposure import Exposure
from evacuation.traffic import LANE_WIDTH, SATURATION_FLOW, Leg, Road, Traffic
from evacuation.vehicles import Shuttle
from twin.assets import Asset
from twin.errors import ModelError, Problem, near
from twin.graph import Twin

__all__ = ["DriveOut", "Motorists", "RoadMap", "Stages", "drive_out"]

# GB 4387-2008, 6.1 (recalled): 30 km/h on main roads of a plant without a sign, 20 km/h on its other roads. Which road
# is a main one no layout says; here those of two lanes and more.
MAIN_SPEED, OTHER_SPEED = 30.0 / 3.6, 20.0 / 3.6
REACH = 500.0  # m; a place farther from any road is not connected (as for ways on foot)
GATE_REACH = 2.0  # m; a gate this near to a road stands on it
_SAME = 1e-3  # m; nearer cuts of a road are one node


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RoadMap:
    """Directed roads with places on them. Build it by :meth:`of`.

    Parameters
    ----------
    roads
        Two directions of each piece; their tags are the asset's with the number of the piece and "+" or "-".
    nodes
        Position of each node. [m]
    places
        Node of each attached tag and named point.
    warnings
        What the layout leaves doubtful.
    """

    roads: tuple[Road, ...]
    nodes: Mapping[str, tuple[float, float]]
    places: Mapping[str, str]
    warnings: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        park: Twin,
        *,
        places: Iterable[str] = (),
        points: Mapping[str, tuple[float, float]] | None = None,
        speeds: Mapping[str, float] | None = None,
    ) -> RoadMap:
        """Build the roads of a park.

        A road has as many lanes of 3.5 m as its width holds, half of them in each direction and one at least: on a
        road of a single lane both directions drive as if the other were empty, and a warning says so. A gate on a road
        lets through what its lanes pass, in each direction likewise.

        Parameters
        ----------
        park
            Layout with lines of kind "road".
        places
            Tags that are attached to the nearest road, at most 500 m away.
        points
            Further places that are no asset: name and position, as a road's end outside the park. [m]
        speeds
            Speed limits by tag of the road; others: 30 km/h with two lanes, 20 km/h with one. [m s⁻¹]

        Raises
        ------
        ModelError
            Everything that is wrong at once: no roads, unknown tags, places far from any road, bad speeds.

        References
        ----------
        CJJ 37-2012, Code for design of urban road engineering, 5.3.2 (lane width; recalled). GB 4387-2008, Safety
        regulation for railway and road transportation in plants of industrial enterprises, 6.1 (speeds; recalled).
        """
        spots = dict(points or {})
        limits = dict(speeds or {})
        tags = list(dict.fromkeys(places))
        wrong = [
            Problem(f"there is no place {tag!r} in the layout", "RoadMap", near(tag, [a.tag for a in park.assets()]))
            for tag in tags
            if tag not in park
        ]
        known = [asset.tag for asset in park.assets("road")]
        wrong += [Problem(f"there is no road {tag!r}", "RoadMap", near(tag, known)) for tag in limits.keys() - {*known}]
        wrong += [
            Problem(f"the speed limit of {tag!r} is {value!r}", "RoadMap", "give a speed above 0 m/s")
            for tag, value in limits.items()
            if not (np.isfinite(value) and value > 0.0)
        ]
        if not known:
            wrong.append(Problem("the layout has no roads", "RoadMap", "draw lines of kind road"))
        if wrong:
            raise ModelError.of(wrong)
        draft = _Draft(park)
        wanted = {tag: _point(park[tag]) for tag in tags} | spots
        far = [name for name, spot in wanted.items() if not draft.attach(name, spot)]
        if far:
            fix = "draw the missing road or name another place"
            raise ModelError.of([Problem(f"no road within {REACH:g} m of {name!r}", "RoadMap", fix) for name in far])
        return draft.finish(cls, limits)

    def node(self, place: str) -> str:
        """Node of a place.

        Raises
        ------
        ModelError
            It is not attached.
        """
        if place not in self.places:
            raise ModelError(f"no place {place!r} on the roads", where="RoadMap", fix=near(place, self.places))
        return self.places[place]

    def ride_load(self, exposure: Exposure, legs: Sequence[Leg]) -> float:
        """Load of somebody who rides along legs and breathes the air outdoors. [unit of the probit]

        The careful figure: the cabin is taken to have the air of the road, as with open windows. On a piece of road the
        vehicle drives evenly and queues at its end.
        """
        return float(self._ride_loads(exposure, [legs])[0])

    def _ride_loads(self, exposure: Exposure, rides: Sequence[Sequence[Leg]]) -> NDArray[np.float64]:
        """Load of each ride, shape (rides,). [unit of the probit]"""
        return _gathered(exposure, self._riding(exposure, rides), len(rides))

    def _riding(self, exposure: Exposure, rides: Sequence[Sequence[Leg]]) -> Stages:
        """Where each ride is when, numbered by ride."""
        ends = {road.tag: (self.nodes[road.start], self.nodes[road.end], road.length) for road in self.roads}
        who, x, y, start, stop = [], [], [], [], []
        for number, legs in enumerate(rides):
            for leg in legs:
                (x0, y0), (x1, y1), length = ends[leg.road]
                pieces = max(int(np.ceil(length / exposure.segment - 1e-9)), 1)
                part = (np.arange(pieces) + 0.5) / pieces
                edge = leg.enter + (leg.ready - leg.enter) * np.arange(pieces + 1) / pieces
                x += [*(x0 + (x1 - x0) * part), x1]
                y += [*(y0 + (y1 - y0) * part), y1]
                start += [*edge[:-1], leg.ready]
                stop += [*edge[1:], leg.leave]
                who += [number] * (pieces + 1)
        rows = exposure.spots(np.array(x, float), np.array(y, float))
        since, until = np.array(start, float), np.array(stop, float)
        return Stages(who=np.array(who, np.int64), row=rows, since=since, until=until)

    def bus_stages(self, exposure: Exposure, stop: Sequence[str], ran: Shuttle, *, stay: bool = False) -> Stages:
        """Where bus passengers breathe, from coming to the pick-up point until they have got off.

        They wait, sit in the standing bus and get off in the air outdoors, and ride as in :meth:`ride_load`.

        Parameters
        ----------
        exposure
            The air.
        stop
            Node of each person's pick-up point, as given to :func:`~evacuation.vehicles.shuttle`.
        ran
            What the buses did.
        stay
            Whether they stay where they got off until the horizon.
        """
        left = np.full(ran.ready.size, np.inf)
        riding = self._riding(exposure, [trip.legs for trip in ran.trips])
        parts = []
        for number, trip in enumerate(ran.trips):
            people = np.array(trip.people, np.int64)
            if not np.isfinite(trip.arrived):
                continue  # jammed until the end: the bus stands where it is
            left[people] = trip.left
            mine = np.flatnonzero(riding.who == number)
            who, piece = (part.ravel() for part in np.meshgrid(people, mine, indexing="ij"))
            parts.append(Stages(who=who, row=riding.row[piece], since=riding.since[piece], until=riding.until[piece]))
            row = exposure.spots(*(np.full(people.size, v) for v in self.nodes[trip.safe]))
            until = np.full(people.size, np.inf) if stay else ran.arrival[people]
            parts.append(Stages(who=people, row=row, since=np.full(people.size, trip.arrived), until=until))
        came = np.flatnonzero(np.isfinite(ran.ready))
        xy = np.array([self.nodes[stop[i]] for i in came.tolist()]).reshape(-1, 2)
        waited = Stages(who=came, row=exposure.spots(xy[:, 0], xy[:, 1]), since=ran.ready[came], until=left[came])
        every = [waited, *parts]
        who, row, since, until = (
            np.concatenate([getattr(part, name) for part in every]) for name in ("who", "row", "since", "until")
        )
        order = np.lexsort((since, who))
        return Stages(who=who[order], row=row[order], since=since[order], until=until[order])

    def bus_loads(self, exposure: Exposure, stop: Sequence[str], ran: Shuttle) -> NDArray[np.float64]:
        """Load of bus passengers until they have got off, as in :meth:`bus_stages`, shape (people,).

        In the unit of the probit.
        """
        return _gathered(exposure, self.bus_stages(exposure, stop, ran), ran.ready.size)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stages:
    """Stretches of breathing at one spot, each of shape (stages,).

    Parameters
    ----------
    who
        Person or ride.
    row
        Row of the air.
    since, until
        Times, possibly after the horizon of the air. [s]
    """

    who: NDArray[np.int64]
    row: NDArray[np.int64]
    since: NDArray[np.float64]
    until: NDArray[np.float64]

    def loads(self, exposure: Exposure) -> NDArray[np.float64]:
        """Load of each stage until the horizon. [unit of the probit]"""
        end = exposure.horizon
        return exposure.at(self.row, np.minimum(self.since, end), np.minimum(self.until, end))


def _gathered(exposure: Exposure, stages: Stages, size: int) -> NDArray[np.float64]:
    """Load of everybody, shape (size,). [unit of the probit]"""
    out = np.zeros(size)
    np.add.at(out, stages.who, stages.loads(exposure))
    return out


@dataclass(frozen=True, slots=True, kw_only=True)
class Motorists:
    """People of one place who leave by car.

    Parameters
    ----------
    place
        Tag or named point.
    ready
        When each person is at the parked cars, shape (people,); inf: never. [s]
    occupancy
        People in a car. They are grouped in order of coming, and the last car takes whoever is left.
    """

    place: str
    ready: NDArray[np.float64]
    occupancy: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DriveOut:
    """People who left by car; they are numbered through the groups in the order given.

    Parameters
    ----------
    roads
        Where they drove.
    ready
        When each was at the cars, shape (people,). [s]
    car
        Car of each person, -1 for those who never came, shape (people,).
    departure, arrival
        When each car drove out of its parking place and when it was safe, shape (cars,); inf: never. [s]
    traffic
        The cars; holds up the buses of :func:`~evacuation.vehicles.shuttle`.
    """

    roads: RoadMap
    ready: NDArray[np.float64]
    car: NDArray[np.int64]
    departure: NDArray[np.float64]
    arrival: NDArray[np.float64]
    traffic: Traffic

    @property
    def arrival_time(self) -> NDArray[np.float64]:
        """When each person was safe, shape (people,); inf: never. [s]"""
        return np.where(self.car >= 0, np.append(self.arrival, np.inf)[self.car], np.inf)

    def counts(self, time: float) -> dict[str, int]:
        """People not yet at the cars, waiting in the parking place, riding, and safe at a time [s]."""
        gone = np.append(self.departure, np.inf)[self.car] <= time
        safe, come = self.arrival_time <= time, self.ready <= time
        groups = {"away": ~come, "waiting": come & ~gone, "riding": gone & ~safe, "safe": safe}
        return {name: int(who.sum()) for name, who in groups.items()}

    def loads(self, exposure: Exposure) -> NDArray[np.float64]:
        """Load from coming to the cars until safe, in the air outdoors, shape (people,). [unit of the probit]

        Cars that queue for the road stand at the parking place.
        """
        ways, roads = self.traffic.crossings(), self.traffic.roads
        rides, begun = [], np.full(self.departure.size, np.inf)
        for car in range(self.departure.size):
            mine = slice(int(ways.first[car]), int(ways.first[car + 1]))
            times = ways.times[mine].tolist()
            rides.append(
                [
                    Leg(road=roads[link].tag, enter=a, ready=b, leave=c)
                    for link, (a, b, c) in zip(ways.link[mine].tolist(), times, strict=True)
                ]
            )
            if times:
                begun[car] = times[0][0]
        begun = np.minimum(begun, self.arrival)  # whoever starts at a safe place does not drive
        riding = np.append(self.roads._ride_loads(exposure, rides), 0.0)[self.car]
        nodes = [self.traffic.origin[car] for car in self.car.tolist() if car >= 0]
        with_car = np.flatnonzero(self.car >= 0)
        xy = np.array([self.roads.nodes[node] for node in nodes]).reshape(-1, 2)
        rows = exposure.spots(xy[:, 0], xy[:, 1])
        end = exposure.horizon
        riding[with_car] += exposure.at(
            rows, np.minimum(self.ready[with_car], end), np.minimum(begun[self.car[with_car]], end)
        )
        return riding


def drive_out(
    roads: RoadMap | Twin,
    motorists: Sequence[Motorists],
    *,
    safe: Collection[str],
    rates: Mapping[str, float] | None = None,
    closures: Sequence[tuple[str, float, float]] = (),
    horizon: float = 86400.0,
) -> DriveOut:
    """Let people drive out of a park.

    A car is ready when the last of its people has come. The parking place lets cars out one by one in that order, all
    groups of the place together.

    Parameters
    ----------
    roads
        Roads with the places on them, or a park whose assets the places are.
    motorists
        Who drives.
    safe
        Places where the journey ends.
    rates
        Cars a second out of a parking place, also to meter the setting out; others: the saturation flow of a lane.
        [s⁻¹]
    closures
        Tag of a road of the layout or of one direction of a piece, and from when until when nobody may enter it. [s]
    horizon
        Nothing is played after it. [s]

    Raises
    ------
    ModelError
        For everything wrong with the people, places, rates and closures at once.
    """
    if isinstance(roads, Twin):
        roads = RoadMap.of(roads, places=[*(m.place for m in motorists), *safe])
    rates = dict(rates or {})
    wrong = [f"no place {t!r} on the roads" for t in (*(m.place for m in motorists), *safe) if t not in roads.places]
    wrong += [f"{m.place}: {m.occupancy} people in a car" for m in motorists if m.occupancy < 1]
    wrong += [f"{m.place}: ready is not a time from 0 on" for m in motorists if not (np.asarray(m.ready) >= 0.0).all()]
    wrong += [f"{t}: {r!r} cars a second" for t, r in rates.items() if not (np.isfinite(r) and r > 0.0)]
    wrong += [f"a rate is given for {t!r}, where nobody parks" for t in rates.keys() - {m.place for m in motorists}]
    if wrong:
        raise ModelError("; ".join(dict.fromkeys(wrong)), where="drive_out", fix="mend the motorists or the places")
    ready = np.concatenate([np.asarray(m.ready, float) for m in motorists] or [np.empty(0)])
    car = np.full(ready.size, -1, np.int64)
    full: list[float] = []
    place: list[str] = []
    first = 0
    for group in motorists:
        times = np.asarray(group.ready, float)
        order = np.lexsort((np.arange(times.size), times))
        order = order[np.isfinite(times[order])]
        for begin in range(0, order.size, group.occupancy):
            crew = order[begin : begin + group.occupancy]
            car[first + crew] = len(full)
            full.append(float(times[crew].max()))
            place.append(group.place)
        first += times.size
    departure = _metered(np.array(full, float), place, rates)
    traffic = Traffic(
        roads.roads, origin=[roads.places[p] for p in place], departure=departure,
        safe={roads.places[p] for p in safe}, closures=list(_closed(roads, closures)), horizon=horizon,
    )  # fmt: skip
    traffic.advance(horizon)
    return DriveOut(
        roads=roads, ready=ready, car=car, departure=departure, arrival=traffic.arrival, traffic=traffic,
    )  # fmt: skip


def _metered(ready: NDArray[np.float64], place: Sequence[str], rates: Mapping[str, float]) -> NDArray[np.float64]:
    """When each car drives out: one at a time, a headway after the one before. [s]"""
    out = ready.copy()
    free: dict[str, float] = {}
    for car in np.lexsort((np.arange(ready.size), ready)).tolist():
        lot = place[car]
        out[car] = max(ready[car], free.get(lot, 0.0))
        free[lot] = out[car] + 1.0 / rates.get(lot, SATURATION_FLOW)
    return out


def _closed(roads: RoadMap, closures: Sequence[tuple[str, float, float]]) -> Iterable[tuple[str, float, float]]:
    """Closures of whole roads written out for their pieces."""
    for tag, begin, end in closures:
        pieces = [road.tag for road in roads.roads if road.tag.rpartition("/")[0] == tag] or [tag]
        yield from ((piece, begin, end) for piece in pieces)


def _point(asset: Asset) -> tuple[float, float]:
    shape = asset.shape
    inside = shape.centroid if shape.covers(shape.centroid) else shape.representative_point()
    return float(inside.x), float(inside.y)


class _Draft:
    """Working state while the roads are put together."""

    def __init__(self, park: Twin) -> None:
        net = park.network("road")
        self.x, self.y = list(map(float, net.node_x)), list(map(float, net.node_y))
        self.ends = list(zip(map(int, net.tail), map(int, net.head), strict=True))
        self.width, self.tag = [float(w) for w in net.width], list(net.tags)
        spans = np.array([[(self.x[a], self.y[a]), (self.x[b], self.y[b])] for a, b in self.ends]).reshape(-1, 2, 2)
        lines: Any = shapely.linestrings(spans)
        self.lines, self.tree = lines, shapely.STRtree(lines)
        self.cuts: dict[int, list[tuple[float, int]]] = {}
        self.gate: dict[int, float] = {}  # node -> least clear width of the gates there
        self.places: dict[str, int] = {}
        for asset in park.assets("gate"):
            x, y = _point(asset)
            way = int(self.tree.nearest(shapely.Point(x, y)))
            if shapely.distance(self.lines[way], asset.shape) <= GATE_REACH:
                node = self._node_on(way, float(self.lines[way].project(shapely.Point(x, y))))
                self.gate[node] = min(self.gate.get(node, np.inf), asset.number("width"))

    def _node_on(self, way: int, along: float) -> int:
        a, b = self.ends[way]
        for at, node in [(0.0, a), (float(self.lines[way].length), b), *self.cuts.get(way, [])]:
            if abs(at - along) < _SAME:
                return node
        spot = self.lines[way].interpolate(along)
        self.x.append(float(spot.x))
        self.y.append(float(spot.y))
        self.cuts.setdefault(way, []).append((along, len(self.x) - 1))
        return len(self.x) - 1

    def attach(self, name: str, spot: tuple[float, float]) -> bool:
        """Put a place on the nearest road; false if it is too far."""
        point = shapely.Point(spot)
        way = int(self.tree.nearest(point))
        if shapely.distance(self.lines[way], point) > REACH:
            return False
        self.places[name] = self._node_on(way, float(self.lines[way].project(point)))
        return True

    def finish(self, make: type[RoadMap], limits: Mapping[str, float]) -> RoadMap:
        """Cut the roads where something stands on them and give them two directions."""
        roads: list[Road] = []
        single = set()
        for way, (a, b) in enumerate(self.ends):
            width, tag = self.width[way], self.tag[way]
            lanes = _lanes(width)
            if width < 2 * LANE_WIDTH:
                single.add(tag)
            speed = limits.get(tag, MAIN_SPEED if width >= 2 * LANE_WIDTH else OTHER_SPEED)
            stops = [(0.0, a), *sorted(self.cuts.get(way, [])), (float(self.lines[way].length), b)]
            for (low, start), (high, end) in pairwise(stops):
                piece = f"{tag}/{len(roads) // 2}"
                for mark, one, other in (("+", start, end), ("-", end, start)):
                    passed = SATURATION_FLOW * _lanes(self.gate[other]) if other in self.gate else None
                    roads.append(
                        Road(
                            tag=piece + mark, start=str(one), end=str(other), length=high - low, lanes=lanes,
                            speed=speed, capacity=passed,
                        )
                    )  # fmt: skip
        warnings = []
        if single:
            warnings.append(
                "on roads of a single lane vehicles of both directions do not hinder each other here: "
                + ", ".join(sorted(single)[:12])
            )
        return make(
            roads=tuple(roads),
            nodes={str(i): (self.x[i], self.y[i]) for i in range(len(self.x))},
            places={name: str(node) for name, node in self.places.items()},
            warnings=tuple(warnings),
        )


def _lanes(width: float) -> int:
    """Lanes of one direction; a road of unknown width has one."""
    return max(int(width / LANE_WIDTH / 2.0 + 1e-9), 1) if np.isfinite(width) else 1
