"""GeoJSON geometry to shapely, with messages a person can act on."""

from __future__ import annotations

import reprlib
from collections.abc import Mapping

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import LineString, MultiLineString, MultiPoint, MultiPolygon, Point, Polygon
from shapely.geometry.base import BaseGeometry

from twin.errors import LayoutError, near

__all__ = ["adapt_shape", "allowed_shape", "build_shape"]

_TYPES = ("Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon")
_FARTHEST = 1e12  # larger coordinates are on no map, not even in millimetres
_MOST_PARTS = 1_000_000


def build_shape(geometry: object) -> tuple[BaseGeometry, float | None]:
    """Shape of a GeoJSON geometry in the coordinates of the file.

    A third coordinate is taken off and handed back as its mean. A Multi* geometry of one part becomes that part. A ring
    that is not closed is closed.

    Returns
    -------
    shape : BaseGeometry
        Two-dimensional geometry.
    elevation : float or None
        Mean of the third coordinates, if there are any. [m]

    Raises
    ------
    LayoutError
        No geometry, an unknown type, too few positions, or a coordinate that is not a finite number.
    """
    if geometry is None:
        raise LayoutError("the feature has no geometry", fix="draw it, or delete the feature")
    if not isinstance(geometry, Mapping):
        raise LayoutError(f"the geometry is {reprlib.repr(geometry)}, not an object")
    kind, coordinates = geometry.get("type"), geometry.get("coordinates")
    if kind == "GeometryCollection":
        raise LayoutError("a GeometryCollection is not one thing", fix="split it into one feature for each geometry")
    if kind not in _TYPES:
        raise LayoutError(f"the geometry type is {reprlib.repr(kind)}", fix=near(str(kind), _TYPES))
    if not isinstance(coordinates, list) or not coordinates:
        raise LayoutError(f"the {kind} has no coordinates", fix="draw it, or delete the feature")
    heights: list[float] = []
    shape = _build(str(kind), coordinates, heights)
    return shape, (float(np.mean(heights)) if heights else None)


def _build(kind: str, coordinates: list[object], heights: list[float]) -> BaseGeometry:
    if kind == "Point":
        return Point(_positions([coordinates], heights)[0])
    if kind == "LineString":
        return LineString(_positions(coordinates, heights, least=2, what="line"))
    if kind == "Polygon":
        return _polygon(coordinates, heights)
    if kind == "MultiPoint":
        points = [Point(p) for p in _positions(coordinates, heights)]
        return points[0] if len(points) == 1 else MultiPoint(points)
    if len(coordinates) > _MOST_PARTS:
        raise LayoutError(f"the {kind} has {len(coordinates)} parts")
    if kind == "MultiLineString":
        lines = [LineString(_positions(part, heights, least=2, what="line")) for part in coordinates]
        return lines[0] if len(lines) == 1 else MultiLineString(lines)
    polygons = [_polygon(part, heights) for part in coordinates]
    return polygons[0] if len(polygons) == 1 else MultiPolygon(polygons)


def _polygon(rings: object, heights: list[float]) -> Polygon:
    if not isinstance(rings, list) or not rings:
        raise LayoutError("the polygon has no ring", fix="draw it, or delete the feature")
    closed = []
    for ring in rings:
        positions = _positions(ring, heights, least=3, what="ring")
        if len(np.unique(positions, axis=0)) < 3:
            raise LayoutError("a ring of the polygon has fewer than three different corners", fix="draw it again")
        if not np.array_equal(positions[0], positions[-1]):
            positions = np.vstack([positions, positions[:1]])
        closed.append(positions)
    return Polygon(closed[0], closed[1:])


def _positions(given: object, heights: list[float], *, least: int = 1, what: str = "geometry") -> NDArray[np.float64]:
    """Positions as an array of shape (n, 2); third coordinates are appended to `heights`."""
    if not isinstance(given, list) or len(given) < least:
        count = len(given) if isinstance(given, list) else 0
        raise LayoutError(f"a {what} has {count} positions", fix=f"a {what} needs at least {least}")
    try:
        array = np.asarray(given)
    except ValueError:  # ragged
        array = np.empty(0, dtype=object)
    if (
        array.dtype.kind not in "iuf"
        or array.ndim != 2
        or array.shape[1] < 2
        or not (np.abs(array.astype(np.float64)) <= _FARTHEST).all()
    ):
        return _positions_one_by_one(given, heights)
    if array.shape[1] > 2:
        heights.extend(float(z) for z in array[:, 2])
    return np.ascontiguousarray(array[:, :2], dtype=np.float64)


def _positions_one_by_one(given: list[object], heights: list[float]) -> NDArray[np.float64]:
    answer = np.empty((len(given), 2))
    for row, position in enumerate(given):
        if not isinstance(position, list) or len(position) < 2:
            raise LayoutError(
                f"position {row + 1} is {reprlib.repr(position)}", fix="a position is [longitude, latitude] or [x, y]"
            )
        for column, value in enumerate(position[:3]):
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not _finite(value):
                raise LayoutError(
                    f"coordinate {column + 1} of position {row + 1} is {reprlib.repr(value)}, not a finite number",
                    fix="export the file again, or delete the position",
                )
        answer[row] = position[0], position[1]
        if len(position) > 2:
            heights.append(float(position[2]))
    return answer


def _finite(value: float) -> bool:
    return -_FARTHEST <= value <= _FARTHEST


def allowed_shape(shape: BaseGeometry, allowed: tuple[str, ...]) -> bool:
    """Whether a shape is of one of the allowed geometry types; many of a type count as that type."""
    return not allowed or shape.geom_type in allowed or shape.geom_type.removeprefix("Multi") in allowed


def adapt_shape(shape: BaseGeometry, allowed: tuple[str, ...]) -> BaseGeometry:
    """Turn a translated shape into one of the allowed types where the meaning is the same.

    A closed line becomes the polygon it surrounds, a polygon becomes its outline or, where only points are allowed, its
    inner point. Anything else is handed back as it is.
    """
    if allowed_shape(shape, allowed):
        return shape
    if shape.geom_type == "LineString" and "Polygon" in allowed and shape.is_closed and len(shape.coords) >= 4:
        return Polygon(shape.coords)
    if shape.geom_type in {"Polygon", "MultiPolygon"}:
        if "LineString" in allowed:
            outline: BaseGeometry = shapely.boundary(shape)
            return outline
        if "Point" in allowed:
            return shape.representative_point()
    return shape
