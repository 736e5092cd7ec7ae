"""The ways people and vehicles take, as a network of straight segments."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from twin.assets import Asset

__all__ = ["JOIN_DISTANCE", "Network", "build_network"]

JOIN_DISTANCE = 0.5  # m; half a shoulder width more than drawing accuracy, far less than the width of any way
_SAME_PLACE = 1e-3  # m; vertices on one millimetre of the grid are one point
_OWN_LOOP = 4.0  # times the join distance along the line before a line may join itself


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Network:
    """Straight, undirected segments between nodes.

    Lines meet where they share a point, where the end of one lies within `JOIN_DISTANCE` of another, and where they
    cross, except that ways which differ in the OpenStreetMap notes `bridge`, `tunnel` or `layer` do not meet by
    crossing.

    Parameters
    ----------
    node_x, node_y
        Position of the nodes, shape (n,). [m]
    tail, head
        Node numbers of the ends of each segment, shape (m,); tail < head, each segment once.
    length
        Length of the segments, shape (m,). [m]
    width
        Width of the way a segment belongs to, NaN where unknown, shape (m,). [m]
    tags, kinds
        Tag and kind of the way each segment belongs to.
    component
        Number of the connected part each node belongs to, from 0, shape (n,).
    """

    node_x: NDArray[np.float64]
    node_y: NDArray[np.float64]
    tail: NDArray[np.int64]
    head: NDArray[np.int64]
    length: NDArray[np.float64]
    width: NDArray[np.float64]
    tags: tuple[str, ...]
    kinds: tuple[str, ...]
    component: NDArray[np.int64]

    def __post_init__(self) -> None:
        for name in ("node_x", "node_y", "tail", "head", "length", "width", "component"):
            getattr(self, name).flags.writeable = False

    @property
    def components(self) -> int:
        """Number of connected parts."""
        return int(self.component.max()) + 1 if self.component.size else 0

    def __len__(self) -> int:
        return len(self.tags)

    def __repr__(self) -> str:
        return (
            f"<Network of {self.node_x.size} nodes and {len(self)} segments, {self.length.sum():.0f} m, "
            f"{self.components} connected part{'s' if self.components != 1 else ''}>"
        )


class _Noder:
    """Works out which vertices are one node, and where segments are split."""

    def __init__(self, ways: Sequence[tuple[int, NDArray[np.float64]]], levels: Sequence[object], join: float) -> None:
        self.join = join
        self.levels = levels
        points = np.concatenate([xy for _, xy in ways])
        keys, first, node = np.unique(np.round(points / _SAME_PLACE), axis=0, return_index=True, return_inverse=True)
        order = np.argsort(np.argsort(first))  # nodes are numbered as they first appear
        self.xy: list[tuple[float, float]] = [(0.0, 0.0)] * len(keys)
        for place, row in zip(order, first, strict=True):
            self.xy[place] = (float(points[row, 0]), float(points[row, 1]))
        nodes = order[node.reshape(-1)]
        ends: list[NDArray[np.int64]] = []
        self.way: list[int] = []
        self.along: list[tuple[float, float]] = []
        self.ends: dict[int, list[tuple[int, float]]] = {}
        start = 0
        for number, (_, xy) in enumerate(ways):
            chain = nodes[start : start + len(xy)]
            steps = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(xy, axis=0).T))])
            ends.append(np.column_stack([chain[:-1], chain[1:]]))
            self.way.extend([number] * (len(xy) - 1))
            self.along.extend(pairwise(steps.tolist()))
            for node_at, step in ((chain[0], 0.0), (chain[-1], float(steps[-1]))):
                self.ends.setdefault(int(node_at), []).append((number, step))
            start += len(xy)
        self.segments = np.concatenate(ends)
        self.parent = list(range(len(self.xy)))
        self.cells = {self._cell(spot): node for node, spot in enumerate(self.xy)}
        self.splits: list[list[tuple[float, int]]] = [[] for _ in self.way]
        place = np.array(self.xy)
        lines: Any = shapely.linestrings(place[self.segments])
        self.lines = lines
        self.tree = shapely.STRtree(lines)

    def root(self, node: int) -> int:
        while self.parent[node] != node:
            self.parent[node] = self.parent[self.parent[node]]
            node = self.parent[node]
        return node

    def unite(self, a: int, b: int) -> None:
        a, b = sorted((self.root(a), self.root(b)))
        self.parent[b] = a

    def _distance(self, a: int, b: int) -> float:
        return float(np.hypot(self.xy[a][0] - self.xy[b][0], self.xy[a][1] - self.xy[b][1]))

    def _same_level(self, way_a: int, way_b: int) -> bool:
        return self.levels[way_a] == self.levels[way_b]

    def join_ends(self) -> None:
        """Join the ends of ways to what lies within the join distance."""
        ends = sorted(self.ends)
        points: Any = shapely.points([self.xy[e] for e in ends])
        rows, hits = self.tree.query(points, predicate="dwithin", distance=self.join)
        gaps = shapely.distance(points[rows], self.lines[hits])
        best: dict[tuple[int, int], tuple[float, int]] = {}
        for row, hit, gap in zip(rows.tolist(), hits.tolist(), gaps.tolist(), strict=True):
            key = (ends[row], self.way[hit])
            if key not in best or (gap, hit) < best[key]:
                best[key] = (gap, hit)
        for (end, _), (_, hit) in sorted(best.items()):
            self._join_end(end, hit)

    def _join_end(self, end: int, segment: int) -> None:
        a, b = (int(n) for n in self.segments[segment])
        way = self.way[segment]
        if self.root(end) in {self.root(a), self.root(b)}:
            return
        low, high = self.along[segment]
        for own, step in self.ends[end]:
            if own == way and low - _OWN_LOOP * self.join < step < high + _OWN_LOOP * self.join:
                return
        level = any(self._same_level(own, way) for own, _ in self.ends[end])
        nearest = min((a, b), key=lambda n: self._distance(end, n))
        if self._distance(end, nearest) <= self.join and (nearest in self.ends or level):
            self.unite(end, nearest)
        elif level:
            part = float(shapely.line_locate_point(self.lines[segment], shapely.Point(self.xy[end]), normalized=True))
            self.splits[segment].append((part, end))

    def join_crossings(self) -> None:
        """Join ways where they cross or run along each other."""
        one, two = self.tree.query(self.lines, predicate="intersects")
        keep = one < two
        for i, j in sorted(zip(one[keep].tolist(), two[keep].tolist(), strict=True)):
            if self._same_level(self.way[i], self.way[j]):
                self._join_crossing(i, j)

    def _join_crossing(self, i: int, j: int) -> None:
        shared = {self.root(int(n)) for n in self.segments[i]} & {self.root(int(n)) for n in self.segments[j]}
        meeting: Any = shapely.intersection(self.lines[i], self.lines[j])
        if meeting.geom_type == "LineString" and not meeting.is_empty:
            for here, there in ((i, j), (j, i)):
                for node in self.segments[here]:
                    self._split_on(there, int(node))
            return
        if shared or meeting.geom_type != "Point" or self._attached(i, j) or self._attached(j, i):
            return
        spot = (float(meeting.x), float(meeting.y))
        near = [int(n) for s in (i, j) for n in self.segments[s] if self._gap(int(n), spot) <= _SAME_PLACE]
        node = near[0] if near else self._node_at(spot)
        for other in near[1:]:
            self.unite(node, other)
        for segment in (i, j):
            if not any(int(n) in near for n in self.segments[segment]):
                part = shapely.line_locate_point(self.lines[segment], meeting, normalized=True)
                self.splits[segment].append((float(part), node))

    def _gap(self, node: int, spot: tuple[float, float]) -> float:
        return float(np.hypot(self.xy[node][0] - spot[0], self.xy[node][1] - spot[1]))

    @staticmethod
    def _cell(spot: tuple[float, float]) -> tuple[int, int]:
        return round(spot[0] / _SAME_PLACE), round(spot[1] / _SAME_PLACE)

    def _node_at(self, spot: tuple[float, float]) -> int:
        """Node at a place where ways cross: one that is there already, or a new one."""
        column, row = self._cell(spot)
        for cell in ((column + dx, row + dy) for dx in (0, -1, 1) for dy in (0, -1, 1)):
            node = self.cells.get(cell)
            if node is not None and self._gap(node, spot) <= _SAME_PLACE:
                return node
        self.cells[column, row] = len(self.xy)
        self.xy.append(spot)
        self.parent.append(len(self.parent))
        return len(self.xy) - 1

    def _attached(self, i: int, j: int) -> bool:
        """Whether an end of segment i was already joined to segment j by the join distance."""
        joined = {self.root(node) for _, node in self.splits[j]}
        return any(self.root(int(n)) in joined and int(n) in self.ends for n in self.segments[i])

    def _split_on(self, segment: int, node: int) -> None:
        line = self.lines[segment]
        point = shapely.Point(self.xy[node])
        if self.root(node) not in {self.root(int(n)) for n in self.segments[segment]} and (
            shapely.distance(line, point) <= _SAME_PLACE
        ):
            self.splits[segment].append((float(shapely.line_locate_point(line, point, normalized=True)), node))

    def pieces(self) -> Iterable[tuple[int, int, int]]:
        """Yield (way, node, node) of every piece after splitting."""
        for number, (a, b) in enumerate(self.segments.tolist()):
            inner = [node for _, node in sorted(self.splits[number])]
            chain = [self.root(n) for n in (a, *inner, b)]
            for tail, head in pairwise(chain):
                if tail != head:
                    yield self.way[number], min(tail, head), max(tail, head)


def _level(asset: Asset) -> tuple[str, str, str]:
    """What keeps crossing ways apart: bridge, tunnel and layer, as OpenStreetMap writes them."""
    words = (asset.notes.get("bridge", "no"), asset.notes.get("tunnel", "no"), asset.notes.get("layer", "0"))
    return words[0], words[1], words[2].strip() or "0"


def build_network(assets: Iterable[Asset], *, join: float = JOIN_DISTANCE) -> Network:
    """Network of the lines among `assets`; points and polygons are passed over.

    Parameters
    ----------
    assets
        Ways, in any order; the numbering of nodes and segments follows it.
    join
        Distance within which the end of a way is joined to another way. [m]
    """
    owners: list[Asset] = []
    ways: list[tuple[int, NDArray[np.float64]]] = []
    levels: list[object] = []
    for asset in assets:
        if asset.shape.geom_type not in {"LineString", "MultiLineString", "LinearRing"}:
            continue
        for part in shapely.get_parts([asset.shape]):
            xy = shapely.get_coordinates(part)
            xy = xy[np.concatenate([[True], np.hypot(*np.diff(xy, axis=0).T) > _SAME_PLACE])]
            if len(xy) > 1:
                ways.append((len(owners), xy))
                levels.append(_level(asset))
        owners.append(asset)
    if not ways:
        return _assemble({}, [], owners)
    noder = _Noder(ways, levels, join)
    noder.join_ends()
    noder.join_crossings()
    found: dict[tuple[int, int], int] = {}
    for way, tail, head in noder.pieces():
        owner = ways[way][0]
        known = found.setdefault((tail, head), owner)
        if _width(owners[owner]) > _width(owners[known]):
            found[tail, head] = owner
    return _assemble(found, noder.xy, owners)


def _width(asset: Asset) -> float:
    value = asset.get("width")
    return float(value) if isinstance(value, float) else float("nan")


def _assemble(found: dict[tuple[int, int], int], xy: list[tuple[float, float]], owners: list[Asset]) -> Network:
    used = {node: number for number, node in enumerate(dict.fromkeys(n for pair in found for n in pair))}
    place = np.array([xy[node] for node in used], dtype=float).reshape(-1, 2)
    pairs = np.array([(used[a], used[b]) for a, b in found], dtype=np.int64).reshape(-1, 2)
    pairs.sort(axis=1)
    tail, head = np.ascontiguousarray(pairs[:, 0]), np.ascontiguousarray(pairs[:, 1])
    step = place[head] - place[tail]
    return Network(
        node_x=np.ascontiguousarray(place[:, 0]),
        node_y=np.ascontiguousarray(place[:, 1]),
        tail=tail,
        head=head,
        length=np.hypot(step[:, 0], step[:, 1]),
        width=np.array([_width(owners[o]) for o in found.values()], dtype=float),
        tags=tuple(owners[o].tag for o in found.values()),
        kinds=tuple(owners[o].kind for o in found.values()),
        component=_components(len(place), tail, head),
    )


def _components(nodes: int, tail: NDArray[np.int64], head: NDArray[np.int64]) -> NDArray[np.int64]:
    if not nodes:
        return np.empty(0, dtype=np.int64)
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    graph: Any = coo_array((np.ones(len(tail), dtype=np.int8), (tail, head)), shape=(nodes, nodes))
    _, labels = connected_components(graph, directed=False)
    return np.asarray(labels, dtype=np.int64)
