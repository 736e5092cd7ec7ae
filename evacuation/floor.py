"""Ground on which people move freely: outline, obstacles, exits, doors, stairs, and the maps of the ways out."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from evacuation.walking import Walking
from twin.errors import ModelError, Problem

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from shapely.geometry import LineString, Polygon
    from shapely.geometry.base import BaseGeometry

    from twin.assets import Asset

__all__ = ["Door", "Floor", "Zone", "patch"]

SNAP = 0.05  # an exit drawn this near to the outline opens it [m]
NODES = 1_500_000  # most nodes of a map, where no spacing is given
FINEST = 0.1  # [m]; a body is 0.3 to 0.5 m wide
WALL_COMFORT = 0.2  # ways keep one body radius from walls [m]
SPREAD = 0.7  # standard deviation of a person in the density of a crowd, as in Vadere [m]
JAM = 5.0  # Weidmann's curve ends at 5.4 people a square metre; ways through a jam stay possible [m⁻²]
LAST = 2.0  # who is nearer to an exit walks to it whoever stands there [m]
CLOSEST_PACKING = math.pi / math.sqrt(12.0)  # share of a plane that equal discs cover (Thue 1890)


@dataclass(frozen=True, slots=True)
class Door:
    """An opening that lets through no more than its capacity.

    Parameters
    ----------
    line
        From jamb to jamb, or the outline of an area that serves as exit.
    capacity
        People a second; None: the rule of the link network, specific flow times effective width
        (`Walking.capacity`); infinite: not metered, only counted. [s⁻¹]

    Notes
    -----
    No interval t sees more than 1 + C t people: each passes 1 / C after the one before, and what was not used is lost.
    """

    line: LineString | Polygon
    capacity: float | None = None

    @property
    def headway(self) -> float:
        """Time between two people. [s]"""
        capacity = self.capacity
        if capacity is None:
            capacity = float(Walking().capacity(np.array([self.line.length]), np.array([False]))[0])
        return 1.0 / capacity


@dataclass(frozen=True, slots=True)
class Zone:
    """An area, such as a stair, in which people walk at a share of their free speed.

    Parameters
    ----------
    area
        Where.
    factor
        Speed there over free speed on the flat. [-]
    """

    area: Polygon
    factor: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """Walkable ground with its exits.

    Parameters
    ----------
    walkable
        Outline with holes. [m]
    exits
        Name -> where people leave: a line or an area (not metered), or a `Door`.
    obstacles
        Polygons nobody enters.
    doors
        Openings inside, metered or counted.
    zones
        Areas of slower or faster walking; of overlapping zones the last holds.
    spacing
        Distance of the nodes of the maps. Passages narrower than about 1.5 of it count as closed. By default 0.1 m,
        or as coarse as 1.5 million nodes ask. [m]

    Raises
    ------
    ModelError
        With every problem of the geometry at once.

    References
    ----------
    Sethian (1996), fast marching; Kretz (2009), distance maps as routes of crowds.
    """

    walkable: Polygon
    exits: Mapping[str, LineString | Polygon | Door]
    obstacles: Sequence[Polygon] = ()
    doors: Sequence[Door] = ()
    zones: Sequence[Zone] = ()
    spacing: float | None = None
    space: BaseGeometry = field(init=False, repr=False, compare=False)
    _kept: dict[str, Any] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        import shapely

        problems = list(self._faults())
        if problems:
            raise ModelError.of(problems, where="Floor")
        space: BaseGeometry = self.walkable
        if self.obstacles:
            space = space.difference(shapely.union_all(list(self.obstacles)))
        object.__setattr__(self, "space", space)
        problems = [
            Problem(f"exit {name!r} does not lie on the floor", name, "draw it on the outline or inside, off obstacles")
            for name, door in self.openings()
            if space.is_empty
            or door.line.distance(space) > SNAP
            or space.buffer(SNAP).intersection(door.line).length < 1e-3
        ]
        if problems:
            raise ModelError.of(problems, where="Floor")

    def _faults(self) -> Iterator[Problem]:
        if self.walkable.is_empty or self.walkable.area <= 0.0 or not self.walkable.is_valid:
            yield Problem("the walkable outline is empty or crosses itself", "Floor.walkable", "give a simple polygon")
        if not self.exits:
            yield Problem("there is no exit", "Floor.exits", "give at least one line or area")
        for k, obstacle in enumerate(self.obstacles):
            if not obstacle.is_valid:
                yield Problem("the outline crosses itself", f"obstacle {k}", "give a simple polygon")
        named = [*self.openings(), *((f"door {k}", door) for k, door in enumerate(self.doors))]
        for name, door in named:
            if not door.line.length > 0.0:
                yield Problem("the opening has no width", name, "give a line from jamb to jamb")
            elif door.capacity is not None and not door.capacity > 0.0:
                yield Problem(f"capacity {door.capacity!r} lets nobody through", name, "give people a second above 0")
        for k, zone in enumerate(self.zones):
            if not (math.isfinite(zone.factor) and zone.factor > 0.0):
                yield Problem(
                    f"speed factor {zone.factor!r} is no positive number", f"zone {k}", "give a share, as 0.5"
                )
        if self.spacing is not None and not (math.isfinite(self.spacing) and self.spacing > 0.0):
            yield Problem(f"spacing {self.spacing!r} is no positive number", "Floor.spacing", "give metres, as 0.1")

    def openings(self) -> Iterator[tuple[str, Door]]:
        """Yield every exit as a `Door`."""
        for name, place in self.exits.items():
            yield name, place if isinstance(place, Door) else Door(place, math.inf)

    def walls(self) -> NDArray[np.float64]:
        """Sides of the outline and the obstacles, without the exits: rows of x1, y1, x2, y2, at most 10 m long. [m]"""
        import shapely
        from shapely.ops import substring

        if "walls" not in self._kept:
            edge = self.space.boundary
            lines = [door.line for _, door in self.openings() if door.line.geom_type == "LineString"]
            holes = [substring(a, 1e-6, a.length - 1e-6).buffer(SNAP, cap_style="flat") for a in lines]
            if holes:
                edge = edge.difference(shapely.union_all(holes))
            self._kept["walls"] = sides(shapely.segmentize(edge, 10.0))
        return self._kept["walls"]  # type: ignore[no-any-return]

    def grid(self) -> tuple[float, float, float, int, int]:
        """Origin, spacing, rows and columns of the maps. [m]"""
        x0, y0, x1, y1 = self.walkable.bounds
        h = self.spacing or max(FINEST, math.sqrt((x1 - x0) * (y1 - y0) / NODES))
        return x0 - 2.5 * h, y0 - 2.5 * h, h, math.ceil((y1 - y0) / h) + 6, math.ceil((x1 - x0) / h) + 6

    def ground(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Distance from the walls as far as it matters, and time to walk a metre over that on open ground, by node."""
        from evacuation._kernels import distance as k

        if "ground" not in self._kept:
            x0, y0, h, rows, columns = self.grid()
            on = np.zeros((rows, columns), np.uint8)
            k.inside(sides(self.space.boundary), x0, y0, h, on)
            clear = np.full((rows, columns), np.inf)
            k.lower(self.walls(), x0, y0, h, max(WALL_COMFORT, 2.0 * h), clear)
            slowness = 1.0 / np.clip(clear / WALL_COMFORT, 0.2, 1.0)
            inner = np.zeros_like(on)
            for zone in self.zones:
                k.inside(sides(zone.area.boundary), x0, y0, h, inner)
                slowness[inner == 1] /= zone.factor
            # A node nearer than half a spacing to a wall is closed, so no two open neighbours lie across a wall.
            slowness[(on == 0) | (clear <= 0.5 * h)] = np.inf
            self._kept["ground"] = clear, slowness
        return self._kept["ground"]  # type: ignore[no-any-return]

    def way(
        self,
        exit: str | None = None,  # noqa: A002 (the word of the plan)
        crowd: NDArray[np.float64] | None = None,
    ) -> NDArray[np.float64]:
        """Way to an exit, or to the nearest, by node, stretched along walls and on stairs; inf where there is none. [m]

        Parameters
        ----------
        exit
            Name, or None for all.
        crowd
            Places of people, who stretch the way as they slow each other down, except in the last metres. (n, 2) [m]

        References
        ----------
        Hughes (2002), A continuum theory for the flow of pedestrians, Transportation Research Part B 36, 507-535:
        people take the way that is quickest at the speed of the density; here of Weidmann (1993).
        """
        key = f"way {exit}"
        if key not in self._kept:
            self._kept[key] = self._march(exit, self.ground()[1])
        plain: NDArray[np.float64] = self._kept[key]
        if crowd is None or len(crowd) == 0:
            return plain
        return self._march(exit, self.ground()[1] * np.where(plain < LAST, 1.0, self._delay(crowd)))

    def _march(self, exit: str | None, slowness: NDArray[np.float64]) -> NDArray[np.float64]:  # noqa: A002
        from evacuation._kernels import distance as k

        x0, y0, h, rows, columns = self.grid()
        out = np.full((rows, columns), np.inf)
        for name, door in self.openings():
            if exit is None or name == exit:
                k.lower(sides(door.line), x0, y0, h, 1.5 * h, out)
        out[np.isinf(slowness)] = np.inf
        k.march(slowness, h, out)
        return out

    def _delay(self, crowd: NDArray[np.float64]) -> NDArray[np.float64]:
        """Time to walk a metre among people over that alone, by node."""
        from scipy.ndimage import gaussian_filter

        x0, y0, h, rows, columns = self.grid()
        width, open_ = SPREAD / h, np.isfinite(self.ground()[1]).astype(float)
        column, row = np.rint((crowd - [x0, y0]) / h).astype(int).T
        count = np.zeros((rows, columns))
        np.add.at(count, (np.clip(row, 0, rows - 1), np.clip(column, 0, columns - 1)), 1.0 / h**2)
        if "open" not in self._kept:  # a wall takes room away, not people; a corner of the floor sees a quarter of it
            self._kept["open"] = np.maximum(gaussian_filter(open_, width), 0.25)
        density = np.clip(gaussian_filter(count, width) / self._kept["open"], 1e-6, JAM)
        return np.asarray(1.0 / -np.expm1(-1.913 * (1.0 / density - 1.0 / 5.4)))


def patch(asset: Asset, doors: Mapping[str, tuple[float, float, float]], **settings: Any) -> Floor:
    """Floor of a gate, building or muster point of the twin: its outline, left by metered doors.

    Parameters
    ----------
    asset
        Whose shape is an area.
    doors
        Name -> x, y and clear width; each is set into the outline at its nearest point. [m]
    settings
        Further fields of `Floor`: obstacles, inner doors, zones, spacing.

    Returns
    -------
    Floor
        To be walked by people who `enter` when the link network brings them; their exit times go back to it.

    Raises
    ------
    ModelError
        The shape is no single area, or a door is wider than the outline, of no width or far off it.
    """
    from shapely.geometry import LineString, Point, Polygon
    from shapely.ops import substring

    shape = asset.shape
    if not isinstance(shape, Polygon):
        raise ModelError(f"the shape is a {shape.geom_type}", where=asset.tag, fix="give an asset with an area")
    ring = shape.exterior
    exits: dict[str, LineString | Polygon | Door] = {}
    problems = []
    for name, (x, y, width) in doors.items():
        at = ring.project(Point(x, y))
        # A door across the first corner of the outline is shifted to one side of it.
        begin = min(max(at - width / 2.0, 0.0), max(ring.length - width, 0.0))
        if not 0.0 < width < ring.length / 2.0:
            problems.append(Problem(f"width {width!r} m does not fit the outline", name, "give its clear width"))
        elif ring.distance(Point(x, y)) > 1.0:
            problems.append(
                Problem("lies more than 1 m off the outline", name, f"move it to the outline of {asset.tag}")
            )
        else:
            exits[name] = Door(LineString(substring(ring, begin, begin + width).coords))
    if problems:
        raise ModelError.of(problems, where=asset.tag)
    return Floor(walkable=shape, exits=exits, **settings)


def sides(shape: BaseGeometry) -> NDArray[np.float64]:
    """Sides of lines and polygons: rows of x1, y1, x2, y2."""
    import shapely

    shape = shape.boundary if "Polygon" in shape.geom_type else shape
    points, part = shapely.get_coordinates(shapely.get_parts(shape), return_index=True)
    together = part[1:] == part[:-1]
    return np.ascontiguousarray(np.hstack([points[:-1], points[1:]])[together])
