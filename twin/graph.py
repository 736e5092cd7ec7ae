"""The park as a graph: what stands where, how it is linked, and what it reads now."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from twin.assets import Asset, Layer, Link, kinds
from twin.checks import check_links
from twin.errors import LayoutError, Problem, near
from twin.network import Network, build_network
from twin.patch import Source
from twin.readings import Applied, Channel, LiveState, Quarantined, Reading, as_batch, channel_of, fault_of
from twin.relations import containment_links, is_way, joining_links
from twin.site import Site

__all__ = ["Twin"]


class Topology:
    """What does not change while a park lives: assets, links and everything derived from them, shared by all forks."""

    def __init__(
        self,
        assets: Iterable[Asset],
        links: Iterable[Link],
        site: Site,
        warnings: Iterable[Problem],
        sources: Iterable[Source],
    ) -> None:
        self.site = site
        self.assets = tuple(assets)
        self.declared = tuple(links)
        self.warnings = tuple(warnings)
        self.sources = tuple(sources)
        self.index = {asset.tag: asset for asset in self.assets}
        self.networks: dict[tuple[str, ...], Network] = {}
        self.channels: dict[str, Channel | None] = {}
        if len(self.index) < len(self.assets):
            seen: set[str] = set()
            twice = sorted({a.tag for a in self.assets if a.tag in seen or seen.add(a.tag)})  # type: ignore[func-returns-value]
            raise LayoutError(f"tags used twice: {', '.join(map(repr, twice))}", fix="give each asset its own tag")
        faults = check_links(self.assets, self.declared, ())
        if faults:
            raise LayoutError.of(faults, where=site.name)

    def __getstate__(self) -> dict[str, Any]:
        return {name: self.__dict__[name] for name in ("site", "assets", "declared", "warnings", "sources")}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self.__init__(  # type: ignore[misc]
            state["assets"], state["declared"], state["site"], state["warnings"], state["sources"]
        )

    @cached_property
    def by_kind(self) -> dict[str, tuple[Asset, ...]]:
        found: dict[str, list[Asset]] = {}
        for asset in self.assets:
            found.setdefault(asset.kind, []).append(asset)
        return {kind: tuple(members) for kind, members in found.items()}

    @cached_property
    def shapes(self) -> Any:
        return np.array([asset.shape for asset in self.assets], dtype=object)

    @cached_property
    def tree(self) -> shapely.STRtree:
        return shapely.STRtree(self.shapes)

    @cached_property
    def links(self) -> tuple[Link, ...]:
        return (*self.declared, *containment_links(self.assets), *joining_links(self.network(())))

    @cached_property
    def adjacency(self) -> dict[str, tuple[Link, ...]]:
        found: dict[str, list[Link]] = {asset.tag: [] for asset in self.assets}
        for link in self.links:
            found[link.source].append(link)
            found[link.target].append(link)
        return {tag: tuple(links) for tag, links in found.items()}

    def network(self, wanted: tuple[str, ...]) -> Network:
        if wanted not in self.networks:
            ways = [a for a in self.assets if (a.kind in wanted if wanted else is_way(a))]
            self.networks[wanted] = build_network(ways)
        return self.networks[wanted]

    @cached_property
    def digest(self) -> str:
        rows = [_row(asset) for asset in sorted(self.assets, key=lambda a: a.tag)]
        links = sorted((k.source, k.target, k.layer, k.relation) for k in self.declared)
        frame = (self.site.longitude, self.site.latitude)
        text = json.dumps([frame, rows, links], ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def channel(self, tag: str) -> Channel | None:
        if tag not in self.channels:
            asset, name = self.index.get(tag), ""
            if asset is None:
                stem, _, name = tag.rpartition(".")
                asset = self.index.get(stem)
            if asset is None:
                return None
            self.channels[tag] = channel_of(asset, kinds().get(asset.kind), name)
        return self.channels[tag]


def _row(asset: Asset) -> list[object]:
    """What of an asset counts for the digest: to the millimetre and twelve digits, whatever corner a ring starts at."""
    shape = shapely.transform(shapely.normalize(asset.shape), lambda xy: np.round(xy, 3) + 0.0)
    attributes = {n: f"{v:.12g}" if isinstance(v, float) else v for n, v in asset.attributes.items()}
    return [asset.tag, asset.kind, asset.layer, shapely.to_wkt(shape, rounding_precision=3), attributes]


class Twin:
    """A plant or park: a graph of assets with their live readings.

    Topology is immutable and shared between forks; a fork has its own readings.

    Parameters
    ----------
    assets
        Assets; their shapes are in the frame of `site`.
    links
        Declared links. Links "contains" and "joins" follow from the shapes.
    site
        Local frame.
    warnings
        What was noticed while loading.
    sources
        Files the park came from.

    Raises
    ------
    LayoutError
        Two assets share a tag, or a link names an asset that does not exist.
    """

    __slots__ = ("_state", "_topology")

    def __init__(
        self,
        assets: Iterable[Asset],
        links: Iterable[Link] = (),
        *,
        site: Site | None = None,
        warnings: Iterable[Problem] = (),
        sources: Iterable[Source] = (),
    ) -> None:
        self._topology = Topology(assets, links, site or Site(), warnings, sources)
        self._state = LiveState()

    @property
    def site(self) -> Site:
        """Local frame, with the name of the park."""
        return self._topology.site

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What was noticed while loading and did not stop it."""
        return self._topology.warnings

    @property
    def sources(self) -> tuple[Source, ...]:
        """Files the park came from, with their hashes and mappings."""
        return self._topology.sources

    @property
    def digest(self) -> str:
        """SHA-256 of assets and declared links, independent of file names and of the order of features."""
        return self._topology.digest

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Smallest x, smallest y, largest x, largest y of all assets. [m]"""
        if not self._topology.assets:
            raise LayoutError("the park has no assets", where=self.site.name)
        xmin, ymin, xmax, ymax = shapely.total_bounds(self._topology.shapes).tolist()
        return xmin, ymin, xmax, ymax

    def __getitem__(self, tag: str) -> Asset:
        try:
            return self._topology.index[tag]
        except KeyError:
            raise LayoutError(
                f"there is no asset {tag!r}", where=self.site.name, fix=near(str(tag), self._topology.index)
            ) from None

    def __contains__(self, tag: object) -> bool:
        return tag in self._topology.index

    def __len__(self) -> int:
        return len(self._topology.assets)

    def __iter__(self) -> Iterator[Asset]:
        return iter(self._topology.assets)

    def assets(self, kind: str | None = None) -> tuple[Asset, ...]:
        """All assets, or those of a kind, in the order of the files.

        Raises
        ------
        LayoutError
            There is no such kind.
        """
        if kind is None:
            return self._topology.assets
        self._check_kinds((kind,))
        return self._topology.by_kind.get(kind, ())

    def links(self, layer: Layer | None = None) -> tuple[Link, ...]:
        """All links, declared and derived, or those of a layer."""
        return tuple(link for link in self._topology.links if layer is None or link.layer == layer)

    def neighbours(self, tag: str, layer: Layer | None = None) -> tuple[str, ...]:
        """Tags linked to an asset in either direction, each once, in the order of the links.

        Raises
        ------
        LayoutError
            There is no such asset.
        """
        own = self[tag].tag
        found = (
            link.target if link.source == own else link.source
            for link in self._topology.adjacency[own]
            if layer is None or link.layer == layer
        )
        return tuple(dict.fromkeys(found))

    def network(self, *kinds: str) -> Network:
        """Network of the lines of some kinds; without a kind, of all ways (walkway and road layers).

        Raises
        ------
        LayoutError
            There is no such kind.
        """
        self._check_kinds(kinds)
        return self._topology.network(kinds)

    def nearest(self, kind: str, x: float, y: float) -> Asset:
        """The asset of a kind whose shape is nearest to a point [m]; of equals the first in the layout.

        Raises
        ------
        LayoutError
            There is no such kind, or no asset of it.
        """
        members = self.assets(kind)
        if not members:
            raise LayoutError(f"the park has no {kind}", where=self.site.name, fix=near(kind, self._topology.by_kind))
        gaps = shapely.distance(np.array([a.shape for a in members], dtype=object), shapely.Point(x, y))
        return members[int(np.argmin(gaps))]

    def search(self, shape: BaseGeometry, kind: str | None = None, *, distance: float = 0.0) -> tuple[Asset, ...]:
        """Assets that touch a shape or lie within a distance of it [m], in the order of the files."""
        if kind is not None:
            self._check_kinds((kind,))
        hits = self._topology.tree.query(shape, predicate="dwithin", distance=distance)
        found = (self._topology.assets[i] for i in sorted(hits.tolist()))
        return tuple(asset for asset in found if kind is None or asset.kind == kind)

    def apply(self, readings: Reading | Iterable[Reading]) -> Applied:
        """Take live readings; those that cannot be believed go to quarantine with the reason, and nothing is raised."""
        accepted, refused = 0, []
        state, topology = self._state, self._topology
        for reading in as_batch(readings):
            tag = reading.tag if isinstance(reading, Reading) and isinstance(reading.tag, str) else ""
            channel = topology.channel(tag)
            reason = fault_of(reading, channel, state.latest.get(tag))
            if not reason and isinstance(reading, Reading):
                state.accept(reading, channel.unit if channel else None)
                accepted += 1
            else:
                refused.append(state.refuse(reading, reason))
        return Applied(accepted, tuple(refused))

    def state(self, tag: str) -> Reading | None:
        """Latest reading of a tag (``"GD-101"``) or of an attribute (``"T-101.level"``); None before the first.

        Raises
        ------
        LayoutError
            There is no such asset.
        """
        if self._topology.channel(tag) is None:
            self[tag]
        return self._state.latest.get(tag)

    @property
    def quarantine(self) -> tuple[Quarantined, ...]:
        """The last 10,000 readings that were not believed, with the reasons, oldest first."""
        return tuple(self._state.quarantine)

    def fork(self) -> Twin:
        """A park of its own with the same assets and the readings of now."""
        return self._with(self._state.fork())

    def at(self, time: datetime) -> Twin:
        """A fork with the readings as they were at a time; about a million readings are remembered.

        Raises
        ------
        ReadingError
            The time has no zone, or lies before what is remembered.
        """
        return self._with(self._state.at(time))

    def plot(self, ax: Any = None, **options: Any) -> Any:
        """Draw the map; see :func:`twin.view.plot`."""
        from twin.view import plot

        return plot(self, ax, **options)

    def _with(self, state: LiveState) -> Twin:
        twin = object.__new__(Twin)
        twin._topology, twin._state = self._topology, state
        return twin

    def _check_kinds(self, words: Sequence[str]) -> None:
        for word in words:
            if word not in self._topology.by_kind and word not in kinds():
                raise LayoutError(f"unknown kind {word!r}", fix=near(word, {*kinds(), *self._topology.by_kind}))

    def __getstate__(self) -> dict[str, Any]:
        return {"topology": self._topology, "state": self._state}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self._topology, self._state = state["topology"], state["state"]

    def __repr__(self) -> str:
        counts = ", ".join(f"{len(members)} {kind}" for kind, members in self._topology.by_kind.items())
        return f"<Twin {self.site.name!r} of {len(self)} assets: {counts or 'nothing'}>"

    def _repr_html_(self) -> str:
        from twin.card import card

        return card(self)
