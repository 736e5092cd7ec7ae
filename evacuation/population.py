"""Who is in the park: groups of people, and the individuals drawn from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from evacuation.distributions import PREMOVEMENT, WALKING_SPEED, Distribution, speed_of_age
from evacuation.routes import WalkGraph
from twin.assets import Asset
from twin.errors import ModelError, Problem, near
from twin.seeds import Streams

if TYPE_CHECKING:
    from twin.graph import Twin

__all__ = ["Group", "Population", "populate"]

_OF_HARM = ("tolerance", "complies", "inhaled")
_LEAST_CHANCE = 1e-9  # the probit of 0 or 1 is not finite
_DENSEST = 2.75  # people per m² of a place: the storage density of a full way
_FAR = 100.0  # m; somebody farther from a place drawn as a point or line is not there
_POINT_RADIUS = 5.0  # m; people of a place drawn as a point stand around it


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """People of one kind at one place.

    Parameters
    ----------
    name
        Name of the group; it also names its random numbers, so renaming a group draws other people.
    place
        Tag of the asset where they are.
    count
        How many.
    indoors
        Whether they are inside, or the fraction that is. The place must be a building (have air changes).
    premovement
        From hearing an order to acting on it. [s]
    speed
        Free walking speed. [m s⁻¹]
    mobile
        Whether they can walk away; people who cannot take shelter when ordered to leave.
    age
        Age, from which the walking speed follows (:func:`evacuation.speed_of_age`) in place of `speed`; None: not
        told. [a]
    compliance
        Part of them that follows orders to leave or to shelter; the others stay as they are.
    protection
        Protection factor of what they wear: the concentration outside the mask over that inside it; 1 without one.
    breathing
        Volume breathed a minute over that at which the harm of the substance was measured.
    assisted_by
        Name of a group at the same place whose people help these, one each: a pair sets out when the later of the two
        is ready and walks at the pace of the slower one, and follows orders only if both do. Should one of them fall,
        the other goes on.
    positions
        Where each stands, shape (count, 2); empty: drawn evenly over the place. [m]
    """

    name: str
    place: str
    count: int
    indoors: bool | float = False
    premovement: Distribution = PREMOVEMENT["M1"]
    speed: Distribution = WALKING_SPEED
    mobile: bool = True
    age: Distribution | None = None
    compliance: float = 1.0
    protection: float = 1.0
    breathing: float = 1.0
    assisted_by: str = ""
    positions: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Population:
    """Individuals; person i is entry i of every array.

    Parameters
    ----------
    x, y
        Where they are at the start, shape (n,). [m]
    place
        Number of the place in `places`, shape (n,).
    group
        Number of the group in `groups`, shape (n,).
    indoors
        Whether inside at the start, shape (n,).
    mobile
        Whether able to walk away, shape (n,).
    premovement
        From hearing an order to acting on it, shape (n,). [s]
    speed
        Free walking speed, shape (n,). [m s⁻¹]
    places
        Tags.
    groups
        Names.
    tolerance
        Part of people who are more susceptible than this one, in (0, 1): the person falls or dies at the load at which
        that part does, shape (n,). Left away: 1/2 for everybody, the median person.
    complies
        Whether the person follows orders, shape (n,); left away: everybody.
    inhaled
        Concentration breathed over that in the air: breathing over protection factor, shape (n,); left away: 1.
    seed
        Seed of the random streams; None when a generator was given.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    place: NDArray[np.int64]
    group: NDArray[np.int64]
    indoors: NDArray[np.bool_]
    mobile: NDArray[np.bool_]
    premovement: NDArray[np.float64]
    speed: NDArray[np.float64]
    places: tuple[str, ...]
    groups: tuple[str, ...]
    tolerance: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    complies: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, np.bool_))
    inhaled: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    seed: int | None = None

    def __post_init__(self) -> None:
        for name, usual in (("tolerance", 0.5), ("complies", True), ("inhaled", 1.0)):
            if not getattr(self, name).size:
                object.__setattr__(self, name, np.full(self.x.size, usual))
        for name in ("x", "y", "place", "group", "indoors", "mobile", "premovement", "speed", *_OF_HARM):
            getattr(self, name).flags.writeable = False

    def __len__(self) -> int:
        return int(self.x.size)

    def of(self, group: str) -> NDArray[np.int64]:
        """Numbers of the people of a group.

        Raises
        ------
        ModelError
            No such group.
        """
        if group not in self.groups:
            raise ModelError(f"no group {group!r}", where="Population", fix=near(group, self.groups))
        return np.flatnonzero(self.group == self.groups.index(group))

    def __repr__(self) -> str:
        rows = ", ".join(f"{name} {int((self.group == k).sum())}" for k, name in enumerate(self.groups))
        return f"<Population of {len(self)} people, {int(self.indoors.sum())} indoors: {rows or 'nobody'}>"


def populate(
    park: Twin, groups: Sequence[Group], streams: Streams | np.random.Generator, *, graph: WalkGraph | None = None
) -> Population:
    """Draw the individuals of all groups.

    Positions are uniform inside a polygon, along a line, or within 5 m of a point. Every quantity of every group has
    its own stream of random numbers: adding a group changes nobody in the others.

    Parameters
    ----------
    park
        Twin of the park.
    groups
        The people.
    streams
        Random streams (recommended), or a generator that gives one seed.
    graph
        Ways of the park if already built.

    Raises
    ------
    ModelError
        All of these at once: unknown place; negative count; two groups of one name; indoors where there is no
        building; speeds or premovement times that can be zero or negative; a place from which mobile people reach no
        muster point.
    """
    seeded = streams if isinstance(streams, Streams) else Streams(int(streams.integers(2**63)))
    problems = [p for number, group in enumerate(groups) for p in _faults(park, group, groups[:number])]
    problems += [p for group in groups for p in _beside(park, group, groups)]
    known = [g for g in groups if g.place in park]
    walkers = tuple(dict.fromkeys(g.place for g in known if g.mobile and g.count > 0))
    if walkers:
        ways = graph if graph is not None else WalkGraph.of(park, places=walkers)
        problems += ways.unreachable(walkers)
    if problems:
        raise ModelError.of(problems, where="populate")
    places = tuple(dict.fromkeys(g.place for g in groups))
    sizes = [g.count for g in groups]
    drawn = [_draw(park[g.place].shape, g, seeded.child(f"people/{g.name}")) for g in groups]
    _pair(groups, drawn)
    x, y, premovement, speed = (np.concatenate([np.empty(0), *(d[k] for d in drawn)]) for k in range(4))
    return Population(
        x=x,
        y=y,
        place=np.repeat([places.index(g.place) for g in groups], sizes).astype(np.int64),
        group=np.repeat(np.arange(len(groups)), sizes).astype(np.int64),
        indoors=np.concatenate([np.empty(0), *(d[4] for d in drawn)]).astype(np.bool_),
        mobile=np.repeat([g.mobile for g in groups], sizes).astype(np.bool_),
        premovement=premovement,
        speed=speed,
        places=places,
        groups=tuple(g.name for g in groups),
        tolerance=np.concatenate([np.empty(0), *(d[5] for d in drawn)]),
        complies=np.concatenate([np.empty(0), *(d[6] for d in drawn)]).astype(np.bool_),
        inhaled=np.repeat([g.breathing / g.protection for g in groups], sizes),
        seed=streams.seed if isinstance(streams, Streams) else None,
    )


def _faults(park: Twin, group: Group, before: Sequence[Group]) -> list[Problem]:
    where = f"group {group.name!r}"
    found = []
    if group.name in {g.name for g in before}:
        found.append(Problem("the name is given twice", where, "give every group its own name"))
    if group.count < 0 or group.count != int(group.count):
        found.append(Problem(f"count is {group.count!r}", where, "give a whole number of people, 0 or more"))
    if not 0.0 <= float(group.indoors) <= 1.0:
        found.append(Problem(f"indoors is {group.indoors!r}", where, "give yes, no, or a fraction from 0 to 1"))
    if group.speed.low < 0.05:
        found.append(Problem(f"speed can be {group.speed.low:g} m/s", where, "cut it at 0.05 m/s or more"))
    if not 0.0 <= group.compliance <= 1.0:
        found.append(Problem(f"compliance is {group.compliance!r}", where, "give a fraction from 0 to 1"))
    if not 1.0 <= group.protection < np.inf:
        found.append(Problem(f"protection is {group.protection!r}", where, "give a protection factor, 1 or more"))
    if not 0.0 < group.breathing < np.inf:
        found.append(Problem(f"breathing is {group.breathing!r}", where, "give a positive factor, 1 at rest"))
    if group.age is not None and not 20.0 <= group.age.low <= group.age.high <= 80.0:
        what = f"age can be {group.age.low:g} to {group.age.high:g}"
        found.append(
            Problem(what, where, "walking speeds are known from 20 to 80 years: cut it there, or give a speed")
        )
    if group.premovement.low < 0.0:
        found.append(Problem(f"premovement can be {group.premovement.low:g} s", where, "cut it at 0 s or more"))
    if group.place not in park:
        tags = [asset.tag for asset in park.assets()]
        found.append(Problem(f"there is no place {group.place!r} in the layout", where, near(group.place, tags)))
    elif float(group.indoors) > 0.0 and park[group.place].get("air_changes") is None:
        what = f"{group.place!r} ({park[group.place].kind}) has no indoors"
        found.append(Problem(what, where, "put them at a building, or set indoors to no"))
    return found


def _pair(groups: Sequence[Group], drawn: Sequence[tuple[NDArray[np.float64], ...]]) -> None:
    """Let those who need help and their helpers set out together, at the pace of the slower."""
    rows = {group.name: part for group, part in zip(groups, drawn, strict=True)}
    taken = dict.fromkeys(rows, 0)
    for group in groups:
        if group.assisted_by:
            first = taken[group.assisted_by]
            taken[group.assisted_by] = last = first + group.count
            own, helper = rows[group.name], rows[group.assisted_by]
            for column, join in ((2, np.maximum), (3, np.minimum), (6, np.minimum)):
                own[column][:] = helper[column][first:last] = join(own[column], helper[column][first:last])


def _beside(park: Twin, group: Group, groups: Sequence[Group]) -> list[Problem]:
    """What is wrong with the helpers, the room and the positions of a group."""
    where, found = f"group {group.name!r}", []
    if group.assisted_by:
        helpers = [g for g in groups if g.name == group.assisted_by]
        if not helpers:
            names = [g.name for g in groups]
            found.append(Problem(f"there is no group {group.assisted_by!r}", where, near(group.assisted_by, names)))
        elif helpers[0].place != group.place or helpers[0].assisted_by:
            found.append(
                Problem(f"{group.assisted_by!r} cannot help here", where, "name trained people at the same place")
            )
        elif group.mobile and not helpers[0].mobile:
            found.append(Problem(f"{group.assisted_by!r} cannot walk and cannot help", where, "name people who walk"))
        elif sum(g.count for g in groups if g.assisted_by == group.assisted_by) > helpers[0].count:
            what = f"{helpers[0].count} people of {group.assisted_by!r} are to help more than that"
            found.append(Problem(what, where, "name more helpers: one each"))
    if group.place not in park:
        return found
    asset = park[group.place]
    crowd, most = sum(g.count for g in groups if g.place == group.place), asset.get("capacity")
    room = float(most) if isinstance(most, float) else _DENSEST * asset.shape.area * max(_storeys(asset), 1.0)
    if room > 0.0 and crowd > room and asset.kind != "muster_point":
        what = f"{crowd} people are more than {group.place!r} holds, {room:.0f}"
        found.append(
            Problem(what, where, "give fewer people, another place, or the capacity of the place in the layout")
        )
    return [*found, *_placed(park, asset, group)]


def _placed(park: Twin, asset: Asset, group: Group) -> list[Problem]:
    """What is wrong with the positions of a group."""
    where, found = f"group {group.name!r}", []
    if group.positions and len(group.positions) != group.count:
        what = f"{len(group.positions)} positions for {group.count} people"
        found.append(Problem(what, where, "give one position each, or none"))
    for number, (x, y) in enumerate(group.positions):
        if not (np.isfinite(x) and np.isfinite(y)):
            found.append(Problem(f"position of person {number} is ({x!r}, {y!r})", where, "give finite metres"))
            continue
        inside = [a.tag for a in park.search(shapely.Point(x, y)) if a.layer == "process" and a.shape.area > 0.0]
        solid = [tag for tag in inside if park[tag].kind not in {"bund", "loading_bay", "battery_limit"}]
        if solid:
            found.append(Problem(f"person {number} stands inside {solid[0]!r}", where, "move the person out of it"))
        elif asset.shape.area > 0.0 and not shapely.intersects_xy(asset.shape, x, y):
            what = f"person {number} at ({x:g}, {y:g}) stands outside {group.place!r}"
            found.append(Problem(what, where, "move the person, or name the place where the person is"))
        elif asset.shape.area == 0.0 and shapely.distance(asset.shape, shapely.Point(x, y)) > _FAR:
            what = f"person {number} at ({x:g}, {y:g}) stands more than {_FAR:g} m from {group.place!r}"
            found.append(Problem(what, where, "move the person, or name the place where the person is"))
    return found


def _storeys(asset: Asset) -> float:
    told = asset.get("storeys")
    return float(told) if isinstance(told, float) else 1.0


def _draw(shape: BaseGeometry, group: Group, streams: Streams) -> tuple[NDArray[np.float64], ...]:
    """Positions, premovement times, speeds, 1 for those indoors, tolerances, and 1 for those who follow orders."""
    n = int(group.count)
    x, y = _positions(shape, n, streams["position"])
    if group.positions:
        x, y = np.array(group.positions, float).T
    # nothing is drawn for what is certain: streams cost more than the numbers of a small group
    lived = round(float(group.indoors) * n)
    inside = np.full(n, float(lived == n))
    if 0 < lived < n:
        inside[np.argsort(streams["indoors"].random(n), kind="stable")[:lived]] = 1.0
    if group.age is None:
        speed = group.speed.sample(streams["speed"], n)
    else:
        speed = speed_of_age(group.age.sample(streams["age"], n))
    follows = np.ones(n)
    if group.compliance < 1.0:
        follows = (streams["compliance"].random(n) < group.compliance).astype(float)
    tolerance = np.clip(streams["tolerance"].random(n), _LEAST_CHANCE, 1.0 - _LEAST_CHANCE)
    return x, y, group.premovement.sample(streams["premovement"], n), speed, inside, tolerance, follows


def _positions(
    shape: BaseGeometry, n: int, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if shape.geom_type in {"LineString", "MultiLineString", "LinearRing"}:
        points = shapely.line_interpolate_point(shapely.line_merge(shape), rng.random(n), normalized=True)
        return shapely.get_x(points), shapely.get_y(points)
    if shape.geom_type in {"Polygon", "MultiPolygon"} and shape.area > 0.0:
        return _inside(shape, n, rng)
    centre = shape.centroid
    draw = rng.random((n, 2))
    radius, angle = _POINT_RADIUS * np.sqrt(draw[:, 0]), 2.0 * np.pi * draw[:, 1]
    return centre.x + radius * np.cos(angle), centre.y + radius * np.sin(angle)


def _inside(shape: BaseGeometry, n: int, rng: np.random.Generator) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Uniform points in a polygon, by rejection from its box; the first points do not depend on `n`."""
    x_min, y_min, x_max, y_max = shape.bounds
    shapely.prepare(shape)
    share = shape.area / ((x_max - x_min) * (y_max - y_min))
    found: list[NDArray[np.float64]] = []
    have = 0
    while have < n:
        draw = rng.random((int((n - have) / share * 1.2) + 16, 2))
        xy = np.column_stack([x_min + draw[:, 0] * (x_max - x_min), y_min + draw[:, 1] * (y_max - y_min)])
        xy = xy[shapely.contains_xy(shape, xy[:, 0], xy[:, 1])]
        found.append(xy)
        have += len(xy)
    xy = np.concatenate(found)[:n] if found else np.empty((0, 2))
    return xy[:, 0].copy(), xy[:, 1].copy()
