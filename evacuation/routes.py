"""Ways on foot: the directed link network of a park, its muster points, and the quickest way to each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import NDArray

from evacuation.walking import Links, Walking
from twin.assets import Asset
from twin.errors import ModelError, Problem, near

if TYPE_CHECKING:
    from twin.graph import Twin

__all__ = ["WalkGraph"]

REFERENCE_SPEED = 1.34  # m s⁻¹, Weidmann 1992; only ranks routes, people walk at their own speed
EQUIPMENT_AREA = 1000.0  # m²; a loading bay, a bund: whoever is there stands around the equipment in it
ACCESS_REACH = 500.0  # m; a place farther from any way is not connected
GATE_REACH = 2.0  # m; a gate or door this near to a way stands on it
DOOR_REACH = 1.0  # m; a door this near to the outline of a building belongs to it
OPEN_WIDTH = 4.0  # m; width at which people step off an open place or onto a muster point drawn as a point
SETTLEMENT_AREA = 1e4  # m²; a larger building outline is a settlement without a common door
# A building without doors in the layout: two escape doors of 0.9 m, the least number and width of GB 50016-2014, 3.7.
SILENT_DOORS = (0.9, 0.9)
_LEAST_LENGTH = 1.0  # m; one step onto the way
_NOT_PLACES = frozenset({"fence", "water"})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WalkGraph:
    """Directed links on foot with the quickest way from everywhere to every muster point.

    Walkways, roads and stairs are the links; every muster point and place hangs on the nearest of them by a straight
    access link, which splits it. From equipment and other small places in the open people go straight from where they
    stand to the way, and the access link is as short as can be. A gate or door on a way limits what leaves the links
    that end there; doors on the outline of a building limit what leaves the building. Build it by :meth:`of`.

    Parameters
    ----------
    node_x, node_y
        Nodes. [m]
    tail, head
        Ends of the directed links; links 2 k and 2 k + 1 are the two directions of one way.
    links
        Their sizes and capacities.
    kinds
        "walkway", "road", "stairs" or "access" of each way, shape (links / 2,).
    tags
        Tag of the asset each way is a piece of, of the place for an access, shape (links / 2,).
    places
        Leaf node and first link of every attached tag, muster points included.
    musters
        Tags of the muster points.
    onward
        Next link towards each muster point, shape (musters, links); -1 where it is reached, -2 where it cannot be.
    times
        Walking time without any queue, shape (musters, nodes); inf where there is no way. [s]
    walking
        Constants of motion the capacities come from.
    warnings
        What the layout leaves doubtful.
    """

    node_x: NDArray[np.float64]
    node_y: NDArray[np.float64]
    tail: NDArray[np.int64]
    head: NDArray[np.int64]
    links: Links
    kinds: tuple[str, ...]
    tags: tuple[str, ...]
    places: dict[str, tuple[int, int]]
    musters: tuple[str, ...]
    onward: NDArray[np.int64]
    times: NDArray[np.float64]
    walking: Walking
    warnings: tuple[str, ...] = ()

    @classmethod
    def of(cls, park: Twin, *, places: Iterable[str] = (), walking: Walking | None = None) -> WalkGraph:
        """Build the network of a park.

        Every asset of the space layer that lies near a way is attached, so that the same people walk the same way
        whoever else is there; `places` names further assets to attach.

        Raises
        ------
        ModelError
            A place that is not in the layout.
        """
        draft = _Draft(park, walking or Walking())
        missing = [tag for tag in places if tag not in park]
        if missing:
            known = [asset.tag for asset in park.assets()]
            raise ModelError.of(
                [Problem(f"there is no place {tag!r} in the layout", "WalkGraph", near(tag, known)) for tag in missing]
            )
        wanted = set(places)
        spots = [
            a
            for a in park.assets()
            if a.kind == "muster_point" or a.tag in wanted or (a.layer == "space" and a.kind not in _NOT_PLACES)
        ]
        draft.attach(spots)
        return draft.finish(cls, tuple(a.tag for a in spots if a.kind == "muster_point" and a.tag in draft.leaf))

    def unreachable(self, places: Sequence[str]) -> list[Problem]:
        """One problem for every place from which no muster point can be reached on foot."""
        if not self.musters:
            return [Problem("no muster point is connected to a way", "layout", "draw a muster_point near a walkway")]
        found = []
        for tag in places:
            if tag not in self.places:
                what = f"no walkway, road or stairs within {ACCESS_REACH:g} m of {tag!r}"
            elif not np.isfinite(self.times[:, self.places[tag][0]]).any():
                what = f"the ways at {tag!r} lead to none of the muster points {', '.join(self.musters)}"
            else:
                continue
            found.append(Problem(what, tag, "draw the missing walkway, or set mobile to no for people who stay"))
        return found

    def muster(self, tag: str) -> int:
        """Number of a muster point.

        Raises
        ------
        ModelError
            Not a muster point that can be walked to.
        """
        if tag not in self.musters:
            raise ModelError(f"no muster point {tag!r} on the ways", where="muster", fix=near(tag, self.musters))
        return self.musters.index(tag)

    def nearest_muster(self, place: str) -> int:
        """Number of the muster point that is quickest to reach from a place, -1 if none."""
        if place not in self.places or not self.musters:
            return -1
        times = self.times[:, self.places[place][0]]
        return int(np.argmin(times)) if np.isfinite(times).any() else -1

    def first_link(self, place: str, muster: int) -> int:
        """First link from a place towards a muster point, or out of it (-1); -1 if the place is that muster point."""
        node, link = self.places[place]
        if muster < 0:
            return -1 if place in self.musters else link
        return -1 if self.musters[muster] == place or self.times[muster, node] == 0.0 else link

    def links_of(self, tag: str) -> NDArray[np.int64]:
        """Directed links of the ways that are pieces of an asset.

        Raises
        ------
        ModelError
            No way has this tag.
        """
        if tag not in self.tags:
            raise ModelError(f"no way is part of {tag!r}", where="WalkGraph", fix=near(tag, sorted(set(self.tags))))
        ways = np.array([k for k, name in enumerate(self.tags) if name == tag], np.int64)
        return np.sort(np.concatenate([2 * ways, 2 * ways + 1]))

    @property
    def seconds(self) -> NDArray[np.float64]:
        """Time for each link at the speed that ranks routes, shape (links,). [s]"""
        stairs = min(self.walking.stair_speed, REFERENCE_SPEED)
        return self.links.length / np.where(self.links.stairs, stairs, REFERENCE_SPEED)

    def quickest(self, seconds: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Times and next links as in `times` and `onward`, for other times of the links (inf: closed). [s]"""
        targets = [self.places[tag][0] for tag in self.musters]
        return _ways(self.tail, self.head, seconds, nodes=self.node_x.size, targets=targets)

    def used(self, first: NDArray[np.int64], onward: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Two-way links that can come to be walked from first links by any row of `onward`, shape (ways,)."""
        seen = np.zeros(self.tail.size, np.bool_)
        fresh = np.unique(first[first >= 0])
        flat = onward.reshape(-1, self.tail.size)
        while fresh.size:
            seen[fresh] = True
            ahead = np.unique(flat[:, fresh])
            ahead = ahead[ahead >= 0]
            fresh = ahead[~seen[ahead]]
        return seen[::2] | seen[1::2]

    def __repr__(self) -> str:
        total = float(self.links.length.sum()) / 2.0
        return (
            f"<WalkGraph of {len(self.kinds)} ways, {total:.0f} m, muster points {', '.join(self.musters) or 'none'}>"
        )


def _point(asset: Asset) -> tuple[float, float]:
    shape = asset.shape
    inside = shape.centroid if shape.covers(shape.centroid) else shape.representative_point()
    return float(inside.x), float(inside.y)


class _Draft:
    """Working state while the network is put together."""

    def __init__(self, park: Twin, law: Walking) -> None:
        ways = park.network("walkway", "road", "stairs")
        self.law = law
        self.x, self.y = list(map(float, ways.node_x)), list(map(float, ways.node_y))
        self.ends = list(zip(map(int, ways.tail), map(int, ways.head), strict=True))
        self.width = [float(w) for w in ways.width]
        self.kind, self.tag = list(ways.kinds), list(ways.tags)
        self.warnings: list[str] = []
        unknown = sorted({t for t, w in zip(ways.tags, ways.width, strict=True) if not np.isfinite(w)})
        if unknown:
            self.width = [w if np.isfinite(w) else OPEN_WIDTH for w in self.width]
            self.warnings.append(f"ways without a width are taken as {OPEN_WIDTH:g} m wide: {', '.join(unknown[:12])}")
        spans = np.array([[(self.x[a], self.y[a]), (self.x[b], self.y[b])] for a, b in self.ends]).reshape(-1, 2, 2)
        lines: Any = shapely.linestrings(spans)
        self.lines, self.tree = lines, shapely.STRtree(lines)
        self.cuts: dict[int, list[tuple[float, int]]] = {}
        self.gate: dict[int, float] = {}  # node -> least clear width of the gates there
        self.access: list[tuple[int, int, float, float]] = []  # leaf node, way node, width, people a second
        self.leaf: dict[str, int] = {}
        self.doors = list(park.assets("door"))
        for asset in (*park.assets("gate"), *self.doors):
            self._gate(asset)

    def _nearest(self, x: float, y: float) -> tuple[int, float, float]:
        """Nearest way, its distance, and how far along it. [m]"""
        point = shapely.Point(x, y)
        way = int(self.tree.nearest(point))
        return way, float(shapely.distance(self.lines[way], point)), float(self.lines[way].project(point))

    def _node_on(self, way: int, along: float) -> int:
        """Node at a place of a way, made by a cut unless there is one within a millimetre."""
        a, b = self.ends[way]
        ends = [(0.0, a), (float(self.lines[way].length), b), *self.cuts.get(way, [])]
        for at, node in ends:
            if abs(at - along) < 1e-3:
                return node
        spot = self.lines[way].interpolate(along)
        self.x.append(float(spot.x))
        self.y.append(float(spot.y))
        self.cuts.setdefault(way, []).append((along, len(self.x) - 1))
        return len(self.x) - 1

    def _gate(self, asset: Asset) -> None:
        if not self.ends:
            return
        way, _, along = self._nearest(*_point(asset))
        if shapely.distance(self.lines[way], asset.shape) > GATE_REACH:
            if asset.kind == "gate":
                self.warnings.append(f"gate {asset.tag!r} is not on any way and limits nobody")
            return
        node = self._node_on(way, along)
        self.gate[node] = min(self.gate.get(node, np.inf), asset.number("width"))

    def attach(self, spots: Sequence[Asset]) -> None:
        """Hang places and muster points on their nearest ways."""
        for asset in spots:
            if not self.ends:
                return
            (x, y), width, flow = self._exit(asset)
            way, gap, along = self._nearest(x, y)
            if gap > ACCESS_REACH:
                continue
            node = self._node_on(way, along)
            around = asset.shape.area <= EQUIPMENT_AREA and not self._is_building(asset)
            if around and asset.kind != "muster_point":
                x, y = self.x[node], self.y[node]  # straight to the way, not over the equipment, where a release may be
            self.x.append(x)
            self.y.append(y)
            self.leaf[asset.tag] = len(self.x) - 1
            self.access.append((len(self.x) - 1, node, width, flow))

    @staticmethod
    def _is_building(asset: Asset) -> bool:
        return asset.get("air_changes") is not None and asset.shape.area <= SETTLEMENT_AREA

    def _exit(self, asset: Asset) -> tuple[tuple[float, float], float, float]:
        """Where people leave a place, the width of the access link, and how many can leave a second."""
        shape, point = asset.shape, _point(asset)
        if not self._is_building(asset):
            width = max(OPEN_WIDTH, float(np.sqrt(shape.area)))
            return point, width, float(self.law.capacity(np.array([width]), np.array([False]))[0])
        own = [d for d in self.doors if shape.area > 0.0 and shape.boundary.distance(d.shape) <= DOOR_REACH]
        clear = np.array([d.number("width") for d in own] or SILENT_DOORS)
        if own and self.ends:
            point = min((_point(d) for d in own), key=lambda p: self._nearest(*p)[1])
        flow = self.law.capacity(clear, np.zeros(clear.size, np.bool_)).sum()
        return point, max(float(clear.sum()), OPEN_WIDTH), float(flow)

    def _pieces(self) -> tuple[list[tuple[int, int]], list[float], list[float], list[str], list[str]]:
        """Ends, lengths, widths, kinds and tags of all two-way links, ways cut where something hangs on them."""
        ends, lengths, widths, kinds, tags = [], [], [], [], []
        for way, (a, b) in enumerate(self.ends):
            stops = [(0.0, a), *sorted(self.cuts.get(way, [])), (float(self.lines[way].length), b)]
            for (low, start), (high, stop) in pairwise(stops):
                ends.append((start, stop))
                lengths.append(max(high - low, 1e-3))
                widths.append(self.width[way])
                kinds.append(self.kind[way])
                tags.append(self.tag[way])
        places = {leaf: tag for tag, leaf in self.leaf.items()}
        for leaf, node, width, _ in self.access:
            tags.append(places[leaf])
            ends.append((leaf, node))
            gap = float(np.hypot(self.x[leaf] - self.x[node], self.y[leaf] - self.y[node]))
            lengths.append(max(gap, _LEAST_LENGTH))
            widths.append(width)
            kinds.append("access")
        return ends, lengths, widths, kinds, tags

    def finish(self, make: type[WalkGraph], musters: tuple[str, ...]) -> WalkGraph:
        """Direct the links, set their capacities and find the ways."""
        ends, lengths, widths, kinds, tags = self._pieces()
        pairs = np.array(ends, np.int64).reshape(-1, 2)
        tail, head = pairs.ravel(), pairs[:, ::-1].ravel()
        width = np.repeat(np.array(widths, float), 2)
        stairs = np.repeat(np.array([k == "stairs" for k in kinds], np.bool_), 2)
        capacity = self.law.capacity(width, stairs)
        clear = np.array([self.gate.get(int(node), np.inf) for node in head])
        narrow = np.isfinite(clear)
        capacity[narrow] = np.minimum(capacity[narrow], self.law.capacity(clear[narrow], stairs[narrow]))
        base = 2 * (len(kinds) - len(self.access))
        for number, (*_, flow) in enumerate(self.access):
            capacity[base + 2 * number : base + 2 * number + 2] = flow
        length = np.repeat(np.array(lengths, float), 2)
        seconds = length / np.where(stairs, min(self.law.stair_speed, REFERENCE_SPEED), REFERENCE_SPEED)
        targets = [self.leaf[tag] for tag in musters]
        times, onward = _ways(tail, head, seconds, nodes=len(self.x), targets=targets)
        return make(
            node_x=np.array(self.x),
            node_y=np.array(self.y),
            tail=tail,
            head=head,
            links=Links(length=length, width=width, capacity=capacity, stairs=stairs, shared=True),
            kinds=tuple(kinds),
            tags=tuple(tags),
            places={tag: (node, base + 2 * k) for k, (tag, node) in enumerate(self.leaf.items())},
            musters=musters,
            onward=onward,
            times=times,
            walking=self.law,
            warnings=tuple(self.warnings),
        )


def _ways(
    tail: NDArray[np.int64], head: NDArray[np.int64], seconds: NDArray[np.float64], *, nodes: int, targets: list[int]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Least time from every node to every target, and the next link; ties go to the lower link number."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import dijkstra

    onward = np.full((len(targets), tail.size), -2, np.int64)
    if not targets:
        return np.empty((0, nodes)), onward
    order = np.lexsort((np.arange(tail.size), seconds, tail, head))  # the quickest of parallel links
    first = np.ones(order.size, np.bool_)
    first[1:] = (tail[order][1:] != tail[order][:-1]) | (head[order][1:] != head[order][:-1])
    kept = order[first]
    ends = head[kept].astype(np.int32), tail[kept].astype(np.int32)  # the index type of csgraph
    backward = csr_array((seconds[kept], ends), shape=(nodes, nodes))
    times = np.asarray(dijkstra(backward, indices=targets), float).reshape(len(targets), nodes)
    for row, target in enumerate(targets):
        score = seconds + times[row, head]
        order = np.lexsort((np.arange(tail.size), score, tail))
        start = np.ones(order.size, np.bool_)
        start[1:] = tail[order][1:] != tail[order][:-1]
        best = np.full(nodes, -2, np.int64)
        best[tail[order][start]] = np.where(np.isfinite(score[order][start]), order[start], -2)
        best[target] = -1
        onward[row] = best[head]
    return times, onward
