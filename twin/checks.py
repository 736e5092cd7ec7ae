"""Every problem of a layout at once: of single shapes, of links, and of the park as a whole."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any, Literal

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry
from shapely.validation import explain_validity

from twin.assets import Asset, Link, kinds
from twin.errors import Problem, near
from twin.network import JOIN_DISTANCE, Network, build_network
from twin.relations import is_way
from twin.site import Site

__all__ = ["check_assets", "check_links", "check_park"]

Severity = Literal["error", "warning"]
MUSTER = "muster_point"
_SAME_POINT = 0.01  # m
_OVERLAP = 0.5  # of the smaller footprint; neighbours that share a wall overlap by a few per cent
_SHOWN = 5
_EQUIPMENT = "equipment"  # of any kind
_STRAIGHT = 100.0  # m: farther than people are taken to leave the ways without a word. Design choice
_ACCESS = 500.0  # m: farther from a way nothing can be walked to, as in `evacuation.routes`


def check_assets(assets: Sequence[Asset], site: Site) -> list[Problem]:
    """Faults of single assets and of their names.

    Parameters
    ----------
    assets
        All assets of the park.
    site
        Frame of their shapes, to name places.

    Returns
    -------
    list of Problem
        Tags used twice, self-crossing polygons (with the place), lines and polygons of no size.
    """
    problems = []
    first: dict[str, Asset] = {}
    for asset in assets:
        known = first.setdefault(asset.tag, asset)
        if known is not asset:
            problems.append(
                Problem(
                    f"the tag {asset.tag!r} is used twice, first at {known.where or 'an asset before'}",
                    where=asset.where,
                    fix="give one of them another tag, or delete it if it is the same thing",
                )
            )
        problems.extend(_check_shape(asset, site))
    return problems


def _check_shape(asset: Asset, site: Site) -> list[Problem]:
    shape = asset.shape
    if shape.is_empty or not np.isfinite(shapely.get_coordinates(shape)).all():
        return [Problem(f"{asset.tag!r} has no shape", where=asset.where, fix="draw it again")]
    if "Line" in shape.geom_type and min(shapely.length(shapely.get_parts([shape]))) < _SAME_POINT:
        return [Problem(f"the line of {asset.tag!r} has no length", where=asset.where, fix="draw it, or delete it")]
    if not shape.is_valid:
        return [_explain(asset, site)]
    if "Polygon" in shape.geom_type and shape.area < _SAME_POINT**2:
        return [Problem(f"the polygon of {asset.tag!r} has no area", where=asset.where, fix="draw it, or delete it")]
    return _check_size(asset)


def _check_size(asset: Asset) -> list[Problem]:
    """Warn of a footprint larger than the largest diameter its kind allows: an area that was tagged as a tank."""
    kind = kinds().get(asset.kind)
    rule = kind.attributes.get("diameter") if kind else None
    across = 2.0 * math.sqrt(asset.shape.area / math.pi)
    if rule is None or across <= rule.high:
        return []
    return [
        Problem(
            f"{asset.kind} {asset.tag!r} covers {asset.shape.area:.3g} m², as much as a circle {across:.0f} m across",
            where=asset.where,
            fix=f"no {asset.kind} is wider than {rule.high:g} m; if it is an area, call it one",
            severity="warning",
        )
    ]


def _explain(asset: Asset, site: Site) -> Problem:
    """Say what is wrong with a shape and where, in metres and degrees."""
    reason = explain_validity(asset.shape)
    match = re.match(r"(?P<what>.*)\[(?P<x>\S+) (?P<y>\S+)\]", reason)
    what = (match["what"] if match else reason).strip().lower()
    place = ""
    if match:
        x, y = float(match["x"]), float(match["y"])
        place = f" at x = {x:.2f} m, y = {y:.2f} m"
        if site.anchored:
            longitude, latitude = site.to_geographic(x, y)
            place += f" ({float(longitude):.6f}, {float(latitude):.6f})"
    return Problem(
        f"the shape of {asset.tag!r} is not valid: {what}{place}",
        where=asset.where,
        fix="move the corner there so that the outline does not cross or touch itself",
    )


def check_links(assets: Sequence[Asset], links: Sequence[Link], unread: Collection[str]) -> list[Problem]:
    """Links to tags that do not exist, with the nearest ones that do."""
    known = {asset.tag for asset in assets} | set(unread)
    problems = []
    for link in links:
        for tag, other in ((link.source, link.target), (link.target, link.source)):
            if tag not in known:
                problems.append(
                    Problem(
                        f"{other!r} {link.relation.replace('_', ' ')}: there is no asset {tag!r}",
                        where=link.where,
                        fix=near(tag, known),
                    )
                )
        if link.source == link.target:
            problems.append(
                Problem(f"{link.source!r} is linked to itself ({link.relation})", where=link.where, fix="name another")
            )
    return problems


def check_park(assets: Sequence[Asset], foreign: Collection[str]) -> list[Problem]:
    """Faults that only the park as a whole shows.

    Parameters
    ----------
    assets
        All assets, with valid shapes.
    foreign
        Tags of assets that were translated from another format: what only concerns them is a warning.

    Returns
    -------
    list of Problem
        No muster point, ways without a path to one, and two assets in one place.
    """
    return [*_check_muster(assets, foreign), *_check_places(assets, foreign)]


def _check_muster(assets: Sequence[Asset], foreign: Collection[str]) -> list[Problem]:
    ways = [asset for asset in assets if is_way(asset)]
    walkways = [asset for asset in ways if asset.layer == "walkway"]
    musters = [asset for asset in assets if asset.kind == MUSTER]
    if not musters:
        known = kinds()
        peopled = [a for a in assets if a.kind in known and "air_changes" in known[a.kind].attributes]
        if not walkways and not peopled:
            return []
        native = [asset for asset in walkways if asset.tag not in foreign]
        severity: Severity = "error" if native and len(native) == len(walkways) else "warning"
        places = [f"{len(walkways)} walkways"] * bool(walkways) + [f"{len(peopled)} places for people"] * bool(peopled)
        return [
            Problem(
                f"the park has {' and '.join(places)} but no muster point",
                where=(walkways or peopled)[0].where,
                fix='add a feature with "kind": "muster_point"',
                severity=severity,
            )
        ]
    found = _check_access(ways, musters, foreign)
    return [*found, *_check_paths(build_network(ways), walkways, musters, foreign)] if walkways else found


def _check_access(ways: Sequence[Asset], musters: Sequence[Asset], foreign: Collection[str]) -> list[Problem]:
    """Muster points that stand away from every way."""
    if not ways:
        what = f"the park has {len(musters)} muster points but no walkway or road: nobody can walk there"
        return [Problem(what, where=musters[0].where, fix='add features with "kind": "walkway"', severity="warning")]
    lines: Any = np.array([way.shape for way in ways], dtype=object)
    problems = []
    for muster in musters:
        gap = float(shapely.distance(lines, muster.shape).min())
        if gap > _STRAIGHT:
            beyond = gap > _ACCESS and muster.tag not in foreign
            then = "nobody can walk there" if gap > _ACCESS else "people go there straight over open ground"
            problems.append(
                Problem(
                    f"muster point {muster.tag!r} stands {gap:.0f} m from the nearest walkway or road: {then}",
                    where=muster.where,
                    fix="move it, or draw the walkway that leads to it",
                    severity="error" if beyond else "warning",
                )
            )
    return _shortened(problems, "muster points away from the ways")


def _check_paths(
    network: Network, walkways: Sequence[Asset], musters: Sequence[Asset], foreign: Collection[str]
) -> list[Problem]:
    """One problem for each connected part with walkways that leads to no muster point."""
    if not len(network):
        return []
    nodes = np.column_stack([network.node_x, network.node_y])
    lines: Any = shapely.linestrings(nodes[np.column_stack([network.tail, network.head])])
    part = network.component[network.tail]
    served: set[int] = set()
    for muster in musters:
        gaps = shapely.distance(lines, muster.shape)
        served.update(part[gaps <= gaps.min() + JOIN_DISTANCE].tolist())
    members: defaultdict[int, dict[str, None]] = defaultdict(dict)
    names = {asset.tag: asset for asset in walkways}
    for tag, number in zip(network.tags, part.tolist(), strict=True):
        if number not in served and tag in names:
            members[number][tag] = None
    reached = lines[np.isin(part, list(served))]
    problems = []
    for number, tags in members.items():
        listed = list(tags)
        gap = _gap_to(shapely.union_all(lines[part == number]), reached)
        more = f" and {len(listed) - 1} more (such as {listed[1]!r})" if len(listed) > 1 else ""
        foreigners = any(tag in foreign for tag in listed)
        problems.append(
            Problem(
                f"{names[listed[0]].kind} {listed[0]!r}{more} has no path to a muster point",
                where=names[listed[0]].where,
                fix=f"it ends {gap:.1f} m from the nearest connected way; draw its end on that way "
                f"(within {JOIN_DISTANCE} m)",
                severity="warning" if foreigners else "error",
            )
        )
    return _shortened(problems, "walkways without a path to a muster point")


def _gap_to(shape: BaseGeometry, others: np.ndarray) -> float:
    return float(shapely.distance(others, shape).min())


def _shortened(problems: list[Problem], what: str) -> list[Problem]:
    """All errors, but only the first few warnings and how many more there are."""
    errors = [p for p in problems if p.severity == "error"]
    warnings = [p for p in problems if p.severity == "warning"]
    rest = len(warnings) - _SHOWN
    if rest <= 0:
        return [*errors, *warnings]
    more = Problem(f"{rest} more: {what}", where=warnings[_SHOWN].where, severity="warning")
    return [*errors, *warnings[:_SHOWN], more]


def _check_places(assets: Sequence[Asset], foreign: Collection[str]) -> list[Problem]:
    """Two assets of one kind in one place, or two pieces of equipment drawn as the same point."""
    groups: defaultdict[str, list[Asset]] = defaultdict(list)
    for asset in assets:
        groups[asset.kind].append(asset)
        if asset.layer == "process" and asset.shape.geom_type == "Point":
            groups[_EQUIPMENT].append(asset)
    problems = []
    for name, group in groups.items():
        shapes = np.array([asset.shape for asset in group], dtype=object)
        tree = shapely.STRtree(shapes)
        one, two = tree.query(shapes, predicate="dwithin", distance=_SAME_POINT)
        for i, j in sorted((i, j) for i, j in zip(one.tolist(), two.tolist(), strict=True) if i < j):
            if name == _EQUIPMENT and group[i].kind == group[j].kind:
                continue
            how = _coincide(group[i], group[j])
            if how and group[i].tag != group[j].tag:  # one thing given twice is told by its tag
                doubtful = name == _EQUIPMENT or {group[i].tag, group[j].tag} & set(foreign)
                severity: Severity = "warning" if doubtful else "error"
                problems.append(
                    Problem(
                        f"{group[j].kind} {group[j].tag!r} {how} {group[i].tag!r}",
                        where=group[j].where,
                        fix=f"move or delete one of them (the other is at {group[i].where or 'no known line'})",
                        severity=severity,
                    )
                )
    return _shortened(problems, "assets in one place")


def _coincide(a: Asset, b: Asset) -> str:
    kinds_of = {a.shape.geom_type.removeprefix("Multi"), b.shape.geom_type.removeprefix("Multi")}
    if kinds_of == {"Polygon"}:
        small, large = sorted((a.shape.area, b.shape.area))
        if a.layer == "space" and small < _OVERLAP * large and (a.shape.covers(b.shape) or b.shape.covers(a.shape)):
            return ""  # an area within an area, a wing within a building
        shared = a.shape.intersection(b.shape).area
        return f"overlaps {shared / small:.0%} of the smaller footprint with" if shared > _OVERLAP * small else ""
    if kinds_of == {"LineString"}:
        return "is drawn on top of" if a.shape.hausdorff_distance(b.shape) < _SAME_POINT else ""
    if kinds_of == {"Point"}:
        return "stands in the same place as" if a.shape.distance(b.shape) < _SAME_POINT else ""
    return ""
