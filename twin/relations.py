"""Links that follow from the shapes: what stands inside what, and which ways meet."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import shapely

from twin.assets import Asset, Link
from twin.network import Network

__all__ = ["containment_links", "is_way", "joining_links"]

_WAY_LAYERS = ("walkway", "road")


def is_way(asset: Asset) -> bool:
    """Whether people or vehicles go along the asset: a line on the walkway or road layer."""
    return asset.layer in _WAY_LAYERS and "LineString" in asset.shape.geom_type


def containment_links(assets: Sequence[Asset]) -> tuple[Link, ...]:
    """Links "contains" from every polygon to each asset whose shape lies wholly inside it.

    Polygons with the same footprint do not contain each other.
    """
    areas = [number for number, asset in enumerate(assets) if asset.shape.geom_type in {"Polygon", "MultiPolygon"}]
    if not areas:
        return ()
    shapes = np.array([asset.shape for asset in assets], dtype=object)
    size = shapely.area(shapes)
    tree = shapely.STRtree(shapes)
    outer, inner = tree.query(shapes[areas], predicate="covers")
    pairs = sorted(
        (areas[o], i) for o, i in zip(outer.tolist(), inner.tolist(), strict=True) if size[areas[o]] > size[i]
    )
    return tuple(
        Link(source=assets[o].tag, target=assets[i].tag, layer="space", relation="contains") for o, i in pairs if o != i
    )


def joining_links(network: Network) -> tuple[Link, ...]:
    """Links "joins" between ways that meet in a node, each pair once, in the order of the network."""
    meeting: list[dict[str, str]] = [{} for _ in range(network.node_x.size)]
    for tag, kind, tail, head in zip(
        network.tags, network.kinds, network.tail.tolist(), network.head.tolist(), strict=True
    ):
        meeting[tail][tag] = meeting[head][tag] = kind
    found: dict[tuple[str, str], None] = {}
    for tags in meeting:
        if len(tags) > 1:
            first, *others = tags
            for a, b in [*((first, other) for other in others), *pairwise(others)]:
                if (b, a) not in found:
                    found[a, b] = None
    return tuple(Link(source=a, target=b, layer="walkway", relation="joins") for a, b in found)
