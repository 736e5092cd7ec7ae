"""GeoJSON layouts: written for this program, exported from OpenStreetMap, or mapped from any GIS.

The frame is WGS 84 longitude and latitude (RFC 7946), unless the collection says ``"parktwin": {"frame": "local"}``:
then coordinates are metres, x east and y north. That member may also give the `name` of the site and its `anchor`
``[longitude, latitude]``. Without an anchor a WGS 84 layout is anchored at the centre of the bounding box of its
assets, rounded to a millionth of a degree.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import shapely
from shapely.geometry import MultiPolygon, Point
from shapely.geometry.base import BaseGeometry

from twin.assets import Asset, Link, kinds
from twin.errors import LayoutError, Problem, near
from twin.layouts.drafts import Draft, Feature, as_text, draft_native
from twin.layouts.frames import Frame
from twin.layouts.mapping import LayoutMapping, draft_mapped
from twin.layouts.osm import draft_osm, osm_identifier, osm_kind, osm_tags
from twin.layouts.scan import MAX_BYTES, Document, open_document, scan_features
from twin.patch import LayoutPatch, Source
from twin.site import Site

__all__ = ["read"]

_FAR = 50e3  # m; the projection error is still below 0.03 mm per metre there (Snyder 1987, eq. 8-11)
_SHOWN = 3
_MOST_WARNINGS = 20


@dataclass(slots=True)
class _Findings:
    """What a walk through the features brought."""

    drafts: list[Draft] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    unread: set[str] = field(default_factory=set)
    features: int = 0


def read(
    path: Path, *, mapping: LayoutMapping | None = None, site: Site | None = None, max_bytes: int = MAX_BYTES
) -> LayoutPatch:
    """Read a GeoJSON file as a part of a park.

    Parameters
    ----------
    path
        File.
    mapping
        How to translate the features; None: they are native or from OpenStreetMap.
    site
        Frame of the files read before; None: this file sets the frame.
    max_bytes
        Largest file that is read. [byte]

    Raises
    ------
    LayoutError
        The file as a whole cannot be used. Faults of single features are in the `problems` of the answer.
    """
    document = open_document(path, max_bytes=max_bytes)
    members: dict[str, object] = {}
    findings = _collect(document, members, mapping)
    try:
        frame = Frame.of(members, mapping, document.name)
        frame.refuse_projected(findings.drafts)
        site = frame.place(findings.drafts, site, path)
    except LayoutError as error:
        raise LayoutError.of([*error.problems, *findings.problems], where=document.name) from None
    findings.problems.extend(_far_away(findings.drafts, document.name))
    findings.problems.extend(_mend(findings.drafts))
    findings.problems.extend(_summary(findings, document.name))
    assets, links = _finish(findings.drafts)
    return LayoutPatch(
        assets=assets,
        links=links,
        site=site,
        problems=tuple(findings.problems),
        foreign=frozenset(draft.tag for draft in findings.drafts if draft.foreign),
        unread=frozenset(findings.unread),
        source=Source(
            path=str(path),
            sha256=document.sha256,
            reader="geojson",
            features=findings.features,
            skipped=sum(findings.skipped.values()),
            mapping=mapping.text if mapping else "",
        ),
    )


def _collect(document: Document, members: dict[str, object], mapping: LayoutMapping | None) -> _Findings:
    found = _Findings()
    seen: set[str] = set()
    for raw in scan_features(document, members):
        found.features += 1
        try:
            feature = Feature.of(document, raw)
        except LayoutError as error:
            found.problems.append(Problem(error.what, where=error.where, fix=error.fix))
            continue
        try:
            draft = _draft(feature, mapping)
        except RecursionError:
            feature.note("a property is nested too deeply", fix="flatten it")
            draft = None
        found.problems.extend(feature.problems)
        if draft is None:
            found.unread.add(feature.label)
        elif isinstance(draft, str):
            found.skipped[draft] += 1
        elif draft.foreign and mapping is None and draft.tag in seen:
            found.skipped["a second drawing of the same element"] += 1
        else:
            seen.add(draft.tag)
            found.drafts.append(draft)
    found.problems = _shortened(found.problems, document.name)
    return found


def _shortened(problems: list[Problem], file: str) -> list[Problem]:
    """All errors, and the first warnings: a column of a GIS file without units is said a few times, not a thousand."""
    warnings = [problem for problem in problems if problem.severity == "warning"]
    if len(warnings) <= _MOST_WARNINGS:
        return problems
    kept = set(map(id, warnings[:_MOST_WARNINGS]))
    more = Problem(f"{len(warnings) - _MOST_WARNINGS} more warnings like these", where=file, severity="warning")
    return [*(p for p in problems if p.severity == "error" or id(p) in kept), more]


def _draft(feature: Feature, mapping: LayoutMapping | None) -> Draft | str | None:
    if mapping is not None:
        return draft_mapped(feature, mapping)
    properties = feature.properties
    if "kind" in properties and ("tag" in properties or str(properties["kind"]).strip() in kinds()):
        return draft_native(feature)
    if "tag" in properties and not osm_identifier(properties, feature.identifier, Point()):
        feature.label = as_text(properties["tag"])
        likely = osm_kind(osm_tags(properties))
        fix = f'add "kind": "{likely.name}"' if likely else "add one; " + near("", kinds())
        feature.note(f"{feature.label!r} has a tag but no kind", key="tag", fix=fix)
        return None
    return draft_osm(feature)


def _far_away(drafts: list[Draft], file: str) -> list[Problem]:
    """Warn of assets so far from the middle that they are likely misplaced."""
    if len(drafts) < 2:
        return []
    bounds = shapely.bounds(np.array([draft.shape for draft in drafts], dtype=object))
    middle = np.median(np.column_stack([bounds[:, 0] + bounds[:, 2], bounds[:, 1] + bounds[:, 3]]) / 2.0, axis=0)
    reach = np.abs(bounds - np.tile(middle, 2)).max(axis=1)
    far = [draft.where or draft.tag for draft, r in zip(drafts, reach, strict=True) if r > _FAR]
    if not far:
        return []
    return [
        Problem(
            f"{len(far)} assets lie more than {_FAR / 1e3:.0f} km from the middle of the layout: {_few(far)}",
            where=file,
            fix='check their coordinates, or cut the file to the park; metres need "parktwin": {"frame": "local"}',
            severity="warning",
        )
    ]


def _mend(drafts: list[Draft]) -> list[Problem]:
    """Make translated polygons valid; what was mended is said once for the file."""
    mended = []
    for draft in drafts:
        if draft.foreign and not draft.shape.is_valid:
            draft.shape = _polygons_of(shapely.make_valid(draft.shape)) or draft.shape
            mended.append(draft.where)
    if not mended:
        return []
    return [
        Problem(
            f"{len(mended)} self-crossing shapes were mended: {_few(mended)}",
            fix="mend them at the source if the footprint matters",
            severity="warning",
        )
    ]


def _polygons_of(shape: BaseGeometry) -> BaseGeometry | None:
    parts = [p for g in shapely.get_parts([shape]) for p in shapely.get_parts([g]) if p.geom_type == "Polygon"]
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else MultiPolygon(parts)


def _few(names: Iterable[str]) -> str:
    listed = list(names)
    return "; ".join(listed[:_SHOWN]) + (f"; and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else "")


def _summary(findings: _Findings, file: str) -> list[Problem]:
    if not findings.skipped:
        return []
    reasons = ", ".join(f"{count} ({why})" for why, count in findings.skipped.most_common())
    return [
        Problem(
            f"{sum(findings.skipped.values())} of {findings.features} features were skipped: {reasons}",
            where=file,
            fix="nothing to do if the park does not need them; otherwise add 'tag' and 'kind', or give a mapping",
            severity="warning",
        )
    ]


def _finish(drafts: list[Draft]) -> tuple[tuple[Asset, ...], tuple[Link, ...]]:
    assets = []
    for draft in drafts:
        silent = {n: rule.default for n, rule in draft.kind.attributes.items() if rule.default is not None}
        assets.append(
            Asset(
                tag=draft.tag,
                kind=draft.kind.name,
                layer=draft.kind.layer,
                shape=draft.shape,
                attributes={**silent, **draft.attributes},
                notes=draft.notes,
                where=draft.where,
            )
        )
    return tuple(assets), tuple(link for draft in drafts for link in draft.links)
