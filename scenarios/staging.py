"""Where crews may stand: the point of the roads where vehicles stop, upwind and in clean air."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from twin.errors import ModelError
from twin.graph import Twin

__all__ = ["staging"]

_UPWIND = 45.0  # °: the quarter of the compass that counts as upwind
_GRAIN = 10.0  # m: a vehicle stops at any such point of a road; finer than the crew could choose by eye


def staging(
    park: Twin,
    station: str,
    source: tuple[float, float],
    wind_from: float,
    standoff: float,
    *,
    gas: Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]] | None = None,
    limit: float = math.inf,
) -> tuple[float, float, float]:
    """Point of the roads nearest to the source that is upwind of it, far enough away, in clean air and within a drive.

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
    gas
        Concentration at points of the moment; None: unknown. [kg m⁻³]
    limit
        The staging point lies outside the contour of this concentration; where no such point of the roads is upwind,
        it is the upwind one with the least gas. [kg m⁻³]

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
    if gas is not None:
        air = np.full(gap.size, np.inf)
        air[good] = gas(x[good], y[good])
        good &= air <= max(limit, float(air.min()))
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
