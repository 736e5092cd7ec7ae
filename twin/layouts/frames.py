"""Frames of layout files: geographic or local metres, and how one is brought into the other."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray

from twin.errors import LayoutError, Problem, near
from twin.layouts.drafts import Draft
from twin.layouts.mapping import LayoutMapping
from twin.site import Site
from twin.units import to_si

__all__ = ["Frame"]

_MEMBERS = ("frame", "name", "anchor")
_WGS84 = re.compile(
    r"^(urn:ogc:def:crs:OGC:[\d.]*:CRS84h?|urn:ogc:def:crs:EPSG:[\d.]*:4326|EPSG:4326|(OGC:)?CRS84)$", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Frame of the coordinates of one file."""

    local: bool
    unit: str
    anchor: tuple[float, float] | None
    name: str
    file: str

    @classmethod
    def of(cls, members: Mapping[str, object], mapping: LayoutMapping | None, file: str) -> Frame:
        """Frame that the member `parktwin`, the mapping, or else RFC 7946 says.

        Raises
        ------
        LayoutError
            The member is not understood, or the coordinates are in another reference system.
        """
        said = members.get("parktwin", {})
        if not isinstance(said, Mapping):
            raise LayoutError("the member 'parktwin' is no object", where=file, fix='{"frame": "local", "name": "..."}')
        faults = [
            Problem(f"unknown key {key!r} in the member 'parktwin'", where=file, fix=near(key, _MEMBERS))
            for key in said
            if key not in _MEMBERS
        ]
        word = said.get("frame", mapping.frame if mapping else "wgs84")
        if word not in ("wgs84", "local"):  # a tuple: the word may be anything, a dictionary too
            faults.append(Problem(f"parktwin.frame is {word!r}", where=file, fix="write wgs84 or local"))
        anchor = said.get("anchor")
        if anchor is not None and not _is_anchor(anchor):
            faults.append(
                Problem(f"parktwin.anchor is {anchor!r}", where=file, fix="write [longitude, latitude] in degrees")
            )
        if faults:
            raise LayoutError.of(faults, where=file)
        local = word == "local"
        if not local:
            _check_crs(members.get("crs"), file)
        return cls(
            local=local,
            unit=mapping.length_unit if mapping else "m",
            anchor=(float(anchor[0]), float(anchor[1])) if isinstance(anchor, list) else None,
            name=str(said.get("name") or (mapping.name if mapping else "") or members.get("name") or ""),
            file=file,
        )

    def refuse_projected(self, drafts: list[Draft]) -> None:
        """Refuse coordinates that cannot be longitude and latitude.

        Raises
        ------
        LayoutError
            With the first such feature.
        """
        if self.local:
            return
        for draft in drafts:
            west, south, east, north = shapely.bounds(draft.shape)
            if west >= -180.0 and east <= 180.0 and south >= -90.0 and north <= 90.0:
                continue
            if abs(south) <= 180.0 and abs(north) <= 180.0 and west >= -90.0 and east <= 90.0:
                fix = "longitude comes first in GeoJSON: [longitude, latitude]; swap them"
            else:
                fix = (
                    "reproject it, for example 'ogr2ogr -s_srs EPSG:<code> -t_srs EPSG:4326 out.geojson "
                    f"{self.file}'; if they are metres of the plant's own grid, say frame: local (in the mapping, or "
                    'as the member "parktwin": {"frame": "local"})'
                )
            raise LayoutError(
                f"the coordinates ({west:.10g}, {south:.10g}) are not longitude and latitude",
                where=draft.where,
                fix=fix,
            )

    def place(self, drafts: list[Draft], site: Site | None, path: Path) -> Site:
        """Move the drafts into the frame of `site`, or of a new site of this file.

        Raises
        ------
        LayoutError
            The two frames cannot be brought together.
        """
        own = self._own_site(drafts, path)
        target = site or own
        if self.local:
            factor = to_si(1.0, self.unit, "m")
            if target is own or target.anchored == own.anchored is False:
                _transform(drafts, lambda xy: xy * factor)
                return target
            if not own.anchored or not target.anchored:
                raise LayoutError(
                    "the file has local metres and no anchor, the files before it are geographic"
                    if target.anchored
                    else "the file has an anchor, the files before it are local metres without one",
                    where=self.file,
                    fix='give both an anchor: "parktwin": {"frame": "local", "anchor": [longitude, latitude]}',
                )
            _transform(drafts, lambda xy: _project(target, *own.to_geographic(*(xy * factor).T)))
            return target
        if not target.anchored:
            raise LayoutError(
                "the file is geographic, the files before it are local metres without an anchor",
                where=self.file,
                fix='give the first file an anchor: "parktwin": {"frame": "local", "anchor": [longitude, latitude]}',
            )
        _transform(drafts, lambda xy: _project(target, *xy.T))
        return target

    def _own_site(self, drafts: list[Draft], path: Path) -> Site:
        name = self.name or path.name.partition(".")[0]
        if self.anchor is not None:
            return Site(name=name, longitude=self.anchor[0], latitude=self.anchor[1])
        if self.local:
            return Site(name=name)
        if not drafts:
            return Site(name=name, longitude=0.0, latitude=0.0)
        west, south, east, north = shapely.total_bounds([draft.shape for draft in drafts])
        return Site(
            name=name,
            longitude=round(float(west + east) / 2.0, 6) + 0.0,
            latitude=round(float(south + north) / 2.0, 6) + 0.0,
        )


def _is_anchor(given: object) -> bool:
    return (
        isinstance(given, list)
        and len(given) == 2
        and all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in given)
        and abs(given[0]) <= 180.0  # not so for nan
        and abs(given[1]) <= 90.0
    )


def _check_crs(crs: object, file: str) -> None:
    """Refuse the obsolete `crs` member unless it says WGS 84."""
    if crs is None:
        return
    properties = crs.get("properties") if isinstance(crs, Mapping) else None
    name = properties.get("name") if isinstance(properties, Mapping) else None
    if isinstance(name, str) and _WGS84.match(name):
        return
    code = re.search(r"(\d{4,6})$", name) if isinstance(name, str) else None
    epsg = f"EPSG:{code[1]}" if code else "EPSG:<code>"
    raise LayoutError(
        f"the coordinates are in {name or crs!r}, not WGS 84",
        where=file,
        fix=f"reproject it: 'ogr2ogr -s_srs {epsg} -t_srs EPSG:4326 wgs84.geojson {file}'; or, to keep its grid as the "
        "plant's own, say frame: local (with length_unit if it is not in metres)",
    )


def _project(site: Site, longitude: NDArray[np.float64], latitude: NDArray[np.float64]) -> NDArray[np.float64]:
    local = np.column_stack(site.to_local(longitude, latitude))
    if not np.isfinite(local).all():
        row = int(np.flatnonzero(~np.isfinite(local).all(axis=1))[0])
        raise LayoutError(
            f"the point ({longitude[row]:.6f}, {latitude[row]:.6f}) is half a world away from the anchor "
            f"({site.longitude}, {site.latitude})",
            fix='check the coordinates, or cut the file to the park; metres need "parktwin": {"frame": "local"}',
        )
    return local


def _transform(drafts: list[Draft], function: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> None:
    if not drafts:
        return
    shapes = shapely.transform(np.array([draft.shape for draft in drafts], dtype=object), function)
    for draft, shape in zip(drafts, shapes, strict=True):
        draft.shape = shape
