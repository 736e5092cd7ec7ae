"""The air expected on ways, at nodes and in rooms, as running totals of toxic load."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from evacuation._kernels import plans as k
from evacuation.exposure import Exposure
from evacuation.routes import WalkGraph
from twin.errors import ModelError, near
from twin.hazard import Hazard

if TYPE_CHECKING:
    from twin.graph import Twin

__all__ = ["Forecast", "rooms_of", "zone_penalty"]

_MOST_POINTS = 1 << 20  # points of one call of the hazard


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Forecast:
    """Toxic load expected by place and time.

    Parameters
    ----------
    total
        Load from time 0 to each bin edge, shape (rows, bins + 1): the pieces of every way, then the nodes.
    width
        Width of a bin. [s]
    exponent
        Exponent n of the load.
    segment_row, segments
        First row and number of pieces of each two-way link.
    node_row
        Row of the first node.
    room_node
        Node of each room, shape (rooms,).
    room
        Load of each bin in each room, kept closed since time 0; shape (rooms, bins).
    issued
        When the forecast was known. [s]
    room_way
        Way in the open from the door of each room to its node, shape (rooms,); left away: 0. [m]

    Notes
    -----
    Load is additive, so the expected load over an ensemble of clouds is the load of the mean of c to the power n, and
    the plan of least expected load is the plan of the mean table.
    """

    total: NDArray[np.float64]
    width: float
    exponent: float
    segment_row: NDArray[np.int64]
    segments: NDArray[np.int64]
    node_row: int
    room_node: NDArray[np.int64]
    room: NDArray[np.float64]
    issued: float = 0.0
    room_way: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))

    def __post_init__(self) -> None:
        if self.room_way.size != self.room_node.size:
            object.__setattr__(self, "room_way", np.zeros(self.room_node.size))

    @classmethod
    def of(
        cls,
        exposure: Exposure,
        *,
        hazards: Sequence[Hazard] = (),
        rooms: Mapping[str, float] | None = None,
        spots: Mapping[str, NDArray[np.float64]] | None = None,
        issued: float = 0.0,
    ) -> Forecast:
        """Sample one cloud, or several that are equally likely.

        Parameters
        ----------
        exposure
            Ways, cloud, substance, bins and pieces.
        hazards
            Clouds instead of that of `exposure`.
        rooms
            Air changes of the closed room at places. [s⁻¹]
        spots
            Where people are within wide places, shape (people, 2): the air of the place, and of its room, is the mean
            load over them instead of that at its exit, and the way to the exit is their mean one. [m]
        issued
            When the forecast was known. [s]

        Raises
        ------
        ModelError
            A place that is not on the ways, or a cloud that answers no finite numbers.
        """
        graph = exposure.graph
        rates = dict(rooms or {})
        for tag, rate in rates.items():
            if tag not in graph.places:
                raise ModelError(f"no place {tag!r} on the ways", where="rooms", fix=near(tag, graph.places))
            if not (np.isfinite(rate) and rate >= 0.0):
                raise ModelError(f"air changes of {tag!r} are {rate!r}", where="rooms", fix="give s⁻¹, not negative")
        pieces = np.maximum(np.ceil(graph.links.length[::2] / exposure.segment - 1e-9), 1.0).astype(np.int64)
        base = np.concatenate([[0], np.cumsum(pieces)])
        x, y = _places(graph, pieces, base)
        node = np.array([graph.places[tag][0] for tag in rates], np.int64)
        bins = max(int(np.ceil(exposure.horizon / exposure.time_bin - 1e-9)), 1)
        factor = np.full(bins, float(exposure.load_of(1.0, 1.0)))
        power, inside = np.zeros((x.size, bins)), np.zeros((node.size, bins))
        way = np.zeros(node.size)
        members = tuple(hazards) or (exposure.hazard,)
        changes, n, width = np.array([*rates.values()], float), exposure.probit.n, exposure.time_bin
        for hazard in members:
            air = _sample(exposure, hazard, x, y, power)
            k.rooms(np.ascontiguousarray(air[base[-1] + node]), factor, changes, n, width, inside)
        for tag, xy in (spots or {}).items():
            if tag not in graph.places or not len(xy):
                continue
            mean, room = np.zeros((len(xy), bins)), np.zeros((len(xy), bins))
            for hazard in members:
                air = _sample(exposure, hazard, xy[:, 0], xy[:, 1], mean)
                if tag in rates:
                    k.rooms(air, factor, np.full(len(xy), rates[tag]), n, width, room)
            power[base[-1] + graph.places[tag][0]] = mean.mean(axis=0)
            if tag in rates:
                number, exit_ = list(rates).index(tag), graph.places[tag][0]
                inside[number] = room.mean(axis=0)
                way[number] = np.hypot(xy[:, 0] - graph.node_x[exit_], xy[:, 1] - graph.node_y[exit_]).mean()
        total = np.empty((x.size, bins + 1))
        k.prefix(power / len(members), factor, exposure.time_bin, total)
        return cls(
            total=total,
            width=exposure.time_bin,
            exponent=exposure.probit.n,
            segment_row=base[:-1].astype(np.int64),
            segments=pieces,
            node_row=int(base[-1]),
            room_node=node,
            room=inside / len(members),
            issued=issued,
            room_way=way,
        )

    @property
    def bins(self) -> int:
        """Number of bins."""
        return int(self.total.shape[1]) - 1

    @property
    def highest_rate(self) -> float:
        """Highest load rate of all places and times. [load s⁻¹]"""
        return float(np.diff(self.total, axis=1).max()) / self.width


def rooms_of(park: Twin, graph: WalkGraph) -> dict[str, float]:
    """Air changes of every building on the ways when its doors and windows are shut. [s⁻¹]

    A settlement counts as one room that draws its air where its access begins.
    """
    found = {}
    for tag in graph.places:
        asset = park[tag]
        if asset.get("air_changes") is not None:
            shut = asset.get("air_changes_sheltered") is not None
            found[tag] = asset.number("air_changes_sheltered" if shut else "air_changes")
    return found


def zone_penalty(
    graph: WalkGraph, hazard: Hazard, *, time: float, zones: Mapping[float, float], height: float = 1.5
) -> NDArray[np.float64]:
    """Factor on the time of links inside contours of the moment, as control rooms draw zones on a map.

    Parameters
    ----------
    graph
        Ways.
    hazard
        The gas.
    time
        Moment of the contours. [s]
    zones
        Factor, at least 1, by concentration [kg m⁻³] of the contour, such as those of AEGL-2 and AEGL-3.
    height
        Height at which people breathe. [m]

    Returns
    -------
    ndarray
        Shape (links,): the factor of the highest contour reached at an end or in the middle of the link.
    """
    x, y = (np.stack([v[graph.tail], (v[graph.tail] + v[graph.head]) / 2.0, v[graph.head]])
            for v in (graph.node_x, graph.node_y))  # fmt: skip
    air = np.max(np.broadcast_to(hazard.concentration(x, y, height, time), x.shape), axis=0)
    factor = np.ones(graph.tail.size)
    for level in sorted(zones):
        factor[air >= level] = zones[level]
    return factor


def _places(
    graph: WalkGraph, pieces: NDArray[np.int64], base: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Middles of the pieces of every way along its even link, then the nodes."""
    way = np.repeat(np.arange(pieces.size), pieces)
    part = (np.arange(way.size) - base[way] + 0.5) / pieces[way]
    tail, head = graph.tail[::2][way], graph.head[::2][way]
    middles = [v[tail] + part * (v[head] - v[tail]) for v in (graph.node_x, graph.node_y)]
    return np.concatenate([middles[0], graph.node_x]), np.concatenate([middles[1], graph.node_y])


def _sample(
    exposure: Exposure, hazard: Hazard, x: NDArray[np.float64], y: NDArray[np.float64], power: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Mean concentration of every place and bin; its mean power is added to `power`."""
    bins, n, each = power.shape[1], exposure.probit.n, exposure.instants
    times = ((np.arange(bins * each) + 0.5) / each) * exposure.time_bin
    mean = np.empty(power.shape)
    where = f"{type(hazard).__name__}.concentration"
    for part in np.array_split(np.arange(x.size), max(1, -(-x.size * times.size // _MOST_POINTS))):
        shown = np.asarray(hazard.concentration(x[part, None], y[part, None], exposure.height, times[None, :]), float)
        if shown.shape != (part.size, times.size) or not np.isfinite(shown).all():
            what = f"the hazard answers shape {shown.shape}, or values that are not finite"
            raise ModelError(what, where=where, fix="return kg m⁻³ in the broadcast shape of x, y, z, t")
        shown = np.maximum(shown, 0.0).reshape(part.size, bins, each)
        mean[part] = shown.mean(axis=2)
        power[part] += (shown**n).mean(axis=2)
    return mean
