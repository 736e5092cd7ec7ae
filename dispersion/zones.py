"""Hazard zones: which thresholds count for a release, where and when a cloud reaches them, GeoJSON and KML of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import takewhile
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dispersion.cloud import Cloud
from dispersion.field import Bounds, Footprint
from plant_models.harm import Threshold
from plant_models.matter import Substance
from twin.errors import ModelError
from twin.site import Site

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from shapely import MultiPolygon

__all__ = [
    "Zone",
    "add_snapshots",
    "close_up",
    "find_zone",
    "hazard_thresholds",
    "named_threshold",
    "zones_geojson",
    "zones_kml",
]

# Red, orange, yellow and blue of the pictures, worst first.
_COLOURS = ("#b2182b", "#e08214", "#d9b300", "#2166ac")
_OPACITY = 0.35
_FAMILIES = (("AEGL-1", "AEGL-2", "AEGL-3"), ("ERPG-1", "ERPG-2", "ERPG-3"), ("IDLH",))
_STAND_INS = ("PAC-1", "PAC-2", "PAC-3")  # where neither AEGL nor ERPG was published (that is how PACs are made)
_HALF_LFL = "LFL/2"
# Looks beyond the last time of the model, each step wider than the one before: 28 times the last step in all.
_LOOKS = 8
_WIDER = 1.3
_CLOSE = (300.0, 30.0)  # m on all sides of the releases, where a young cloud is looked for


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Zone:
    """Area in which a cloud reaches a threshold, with the time from which and until which it does.

    Parameters
    ----------
    threshold
        What is reached.
    footprint
        The area over all times.
    first
        Earliest time at which the threshold is reached anywhere; None where it never is. [s]
    last
        Latest such time; None where it never is, inf when it still was at the end of the times looked at. [s]
    snapshots
        Time [s] and area at that time.
    """

    threshold: Threshold
    footprint: Footprint
    first: float | None
    last: float | None
    snapshots: tuple[tuple[float, Footprint], ...] = ()

    @property
    def reached(self) -> bool:
        """Whether the threshold is reached anywhere."""
        return self.first is not None

    @property
    def reach(self) -> float:
        """Largest distance from the nearest release at which the threshold is reached. [m]"""
        return self.footprint.reach

    @property
    def times(self) -> NDArray[np.float64]:
        """Times of the snapshots, shape (n,). [s]"""
        return np.array([time for time, _ in self.snapshots])

    @property
    def reaches(self) -> NDArray[np.float64]:
        """Reach at those times, shape (n,); 0 where the threshold is not reached. [m]"""
        return np.array([snapshot.reach for _, snapshot in self.snapshots])

    def __repr__(self) -> str:
        if self.first is None or self.last is None:
            return f"<Zone {self.footprint.label}: not reached, {self.footprint.averaging_time:g} s averages>"
        return (
            f"<Zone {self.footprint.label}: {self.reach:.4g} m, {self.footprint.area:.4g} m², {self.first:.4g} to "
            f"{self.last:.4g} s, {self.footprint.averaging_time:g} s averages>"
        )


def hazard_thresholds(substance: Substance, duration: float) -> tuple[Threshold, ...]:
    """Thresholds an emergency is judged by: AEGL, ERPG, IDLH, LFL and half of it, as far as they were published.

    Parameters
    ----------
    substance
        What is released.
    duration
        Of the emission; an AEGL is that of the shortest published duration that covers it, 8 h at most. [s]

    Returns
    -------
    tuple of Threshold
        PACs stand in for a substance with neither AEGL nor ERPG.

    Raises
    ------
    ModelError
        Nothing was published.
    """
    published = {threshold.name for threshold in substance.harm.thresholds}
    names = [name for family in _FAMILIES for name in family if name in published]
    if not any(name.startswith(("AEGL", "ERPG")) for name in names):
        names = [*(name for name in _STAND_INS if name in published), *names]
    if "LFL" in published:
        names += ["LFL", _HALF_LFL]
    if not names:
        fix = 'name a concentration instead, such as "100 ppm"'
        raise ModelError(f"no threshold of {substance.name} is known", where="hazard_thresholds", fix=fix)
    return tuple(named_threshold(substance, name, duration) for name in names)


def named_threshold(substance: Substance, name: str, duration: float) -> Threshold:
    """Threshold by name: as :meth:`Substance.threshold`, with "LFL/2", and the duration of an AEGL chosen.

    Parameters
    ----------
    substance
        What is released.
    name
        "AEGL-2", "ERPG-3", "IDLH", "LFL", "LFL/2" ...
    duration
        Of the emission; see :func:`hazard_thresholds`. [s]

    Raises
    ------
    ModelError
        The substance has no such threshold.
    """
    plain = name.upper().replace(" ", "")
    if plain == _HALF_LFL:
        whole = substance.threshold("LFL")
        return replace(whole, name=_HALF_LFL, ppm=0.5 * whole.ppm)
    if not plain.startswith("AEGL"):
        return substance.threshold(name)
    stated = sorted(t.duration for t in substance.harm.thresholds if t.name.startswith("AEGL") and t.duration)
    covering = [time for time in stated if time >= duration]
    chosen = covering[0] if covering else stated[-1] if stated else duration
    return substance.threshold(name, duration=chosen)


def find_zone(cloud: Cloud, threshold: Threshold, *, height: float = 1.5) -> Zone:
    """Where and when a cloud reaches a threshold.

    Parameters
    ----------
    cloud
        The cloud.
    threshold
        A threshold of its substance.
    height
        Height above ground; default 1.5 m, the breathing height. [m]

    Returns
    -------
    Zone
        Without snapshots. First and last are among the times the model looks at, between which the cloud moves by about
        one standard deviation.

    Raises
    ------
    ModelError
        Threshold of another substance, or a height below ground.
    """
    footprint = cloud.footprint(threshold, height=height)
    if not footprint.area:
        return Zone(threshold=threshold, footprint=footprint, first=None, last=None)

    def held(t: float) -> bool:
        """Look at a moment on a grid of its own: the one that holds the whole zone may miss its beginning and end."""
        return _moment(cloud, threshold, height, t).area > 0.0

    moments, reached = footprint.times, footprint.arrival < math.inf
    first, last = float(footprint.arrival[reached].min()), float(footprint.departure[reached].max())
    first = [first, *takewhile(held, moments[moments < first][::-1])][-1]
    last = [last, *takewhile(held, moments[moments > last])][-1]
    if last == moments[-1] and moments.size > 1:  # the model looks no farther
        step = moments[-1] - moments[-2]
        if last < cloud.end and held(cloud.end):  # what stands still is looked at for a short while
            last = cloud.end
        moments = last + step * np.cumsum(_WIDER ** np.arange(_LOOKS))
        last = [last, *takewhile(held, moments)][-1]
    return Zone(
        threshold=threshold,
        footprint=footprint,
        first=float(first),
        last=math.inf if last == moments[-1] else float(last),
    )


def add_snapshots(cloud: Cloud, zone: Zone, times: Sequence[float]) -> Zone:
    """Zone with its area at each of the times [s]; a zone that is never reached stays as it is."""
    if not zone.reached:
        return zone
    height = zone.footprint.height
    return replace(zone, snapshots=tuple((float(t), _moment(cloud, zone.threshold, height, t)) for t in times))


def _moment(cloud: Cloud, threshold: Threshold, height: float, t: float) -> Footprint:
    """Area at a moment; a young cloud that hides between the points of a grid for all of it is looked for."""
    found = cloud.footprint(threshold, height=height, times=[t])
    x, y = [r.x for r in cloud.releases], [r.y for r in cloud.releases]
    for side in _CLOSE:
        if found.area or not cloud.start < t <= cloud.end:
            break
        near = (min(x) - side, min(y) - side, max(x) + side, max(y) + side)
        found = cloud.footprint(threshold, height=height, times=[t], bounds=near)
    return found


def close_up(footprints: Sequence[Footprint], bounds: Bounds) -> Bounds | None:
    """Rectangle around areas that would be lost on a map with the given bounds; None where they would not. [m]

    The areas are lost when the longer side of what holds them and the releases is less than a sixth of that of the map.
    """
    from shapely import MultiPoint, union_all

    sources = MultiPoint([place for footprint in footprints for place in footprint.sources])
    x0, y0, x1, y1 = union_all([sources, *(footprint.polygon for footprint in footprints)]).bounds
    side = max(x1 - x0, y1 - y0)
    if not 0.0 < side < max(bounds[2] - bounds[0], bounds[3] - bounds[1]) / 6.0:
        return None
    x, y = 0.5 * (x0 + x1), 0.5 * (y0 + y1)
    return x - side, y - side, x + side, y + side


def zones_geojson(zones: Sequence[Zone], site: Site) -> dict[str, Any]:
    """GeoJSON FeatureCollection of zones in WGS 84 (RFC 7946), the widest first, and of the releases as points.

    Every zone is a feature with its threshold, distances, times, averaging time, warnings and the colours of the
    simplestyle convention; a snapshot is one more feature with the property "time".

    Raises
    ------
    LayoutError
        The site has no geographic anchor.
    """
    features = []
    for rank, zone in _mildest_first(zones):
        style = {"stroke": _COLOURS[rank], "fill": _COLOURS[rank], "fill-opacity": _OPACITY}
        for time, area in ((None, zone.footprint), *zone.snapshots):
            feature = area.to_geojson(site)
            feature["geometry"] = _mapping(_oriented(_placed(area.polygon, site)))
            said = _facts(zone, area, time)
            feature["properties"] |= {key: value for key, value in said.items() if key != "threshold"} | style
            features.append(feature)
    for x, y in _sources(zones):
        longitude, latitude = site.to_geographic(x, y)
        where = {"type": "Point", "coordinates": [float(longitude), float(latitude)]}
        features.append({"type": "Feature", "geometry": where, "properties": {"name": "release"}})
    return {"type": "FeatureCollection", "features": features}


def zones_kml(zones: Sequence[Zone], site: Site, *, title: str = "", start: datetime | None = None) -> str:
    """KML 2.2 document of zones, the widest first, and of the releases.

    Parameters
    ----------
    zones
        What to write.
    site
        Frame of the zones, with a geographic anchor.
    title
        Name of the document.
    start
        Wall time of scenario second 0, zone-aware; with it the snapshots are written as well, each with the time span
        until the next one.

    Raises
    ------
    LayoutError
        The site has no geographic anchor.
    ModelError
        `start` has no time zone.

    References
    ----------
    Open Geospatial Consortium, 2015, OGC KML 2.3, 12-007r2 (colours are aabbggrr).
    """
    from xml.etree import ElementTree as ET

    if start is not None and start.tzinfo is None:
        raise ModelError(f"start is {start!r}", where="zones_kml.start", fix="give a time with its zone")
    root = ET.Element("kml", xmlns="http://www.opengis.net/kml/2.2")
    document = ET.SubElement(root, "Document")
    ET.SubElement(document, "name").text = title or "hazard zones"
    for rank, colour in enumerate(_COLOURS):
        style = ET.SubElement(document, "Style", id=f"zone{rank}")
        ET.SubElement(ET.SubElement(style, "LineStyle"), "color").text = _kml_colour(colour, 1.0)
        ET.SubElement(ET.SubElement(style, "PolyStyle"), "color").text = _kml_colour(colour, _OPACITY)
    whole = _folder(document, "largest over time")
    for rank, zone in _mildest_first(zones):
        _placemark(whole, zone, (None, zone.footprint), rank=rank, site=site)
    for x, y in _sources(zones):
        mark = ET.SubElement(document, "Placemark")
        ET.SubElement(mark, "name").text = "release"
        point = ET.SubElement(mark, "Point")
        ET.SubElement(point, "coordinates").text = _coordinates(np.array([[x, y]]), site)
    if start is not None:
        for rank, zone in _mildest_first(zones):
            frames = _folder(document, f"{zone.footprint.label} over time")
            for k, (time, area) in enumerate(zone.snapshots):
                mark = _placemark(frames, zone, (time, area), rank=rank, site=site)
                span = ET.Element("TimeSpan")
                ET.SubElement(span, "begin").text = (start + timedelta(seconds=time)).isoformat()
                if k + 1 < len(zone.snapshots):
                    end = start + timedelta(seconds=zone.snapshots[k + 1][0])
                    ET.SubElement(span, "end").text = end.isoformat()
                mark.insert(2, span)  # the schema wants it between the description and the style
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _folder(parent: Element, name: str) -> Element:
    from xml.etree import ElementTree as ET

    folder = ET.SubElement(parent, "Folder")
    ET.SubElement(folder, "name").text = name
    return folder


def _placemark(parent: Element, zone: Zone, shot: tuple[float | None, Footprint], *, rank: int, site: Site) -> Element:
    from xml.etree import ElementTree as ET

    time, area = shot
    mark = ET.SubElement(parent, "Placemark")
    facts = _facts(zone, area, time)
    ET.SubElement(mark, "name").text = area.label if time is None else f"{area.label}, {facts['time']}"
    lines = [f"{key.replace('_', ' ')}: {value}" for key, value in facts.items()]
    lines += [f"substance: {area.substance}", f"model: {area.model}", *(f"Caution: {text}" for text in area.warnings)]
    ET.SubElement(mark, "description").text = "\n".join(lines)
    ET.SubElement(mark, "styleUrl").text = f"#zone{rank}"
    several = ET.SubElement(mark, "MultiGeometry")
    for part in _oriented(area.polygon).geoms:
        polygon = ET.SubElement(several, "Polygon")
        ET.SubElement(polygon, "tessellate").text = "1"
        for name, ring in (("outer", part.exterior), *(("inner", hole) for hole in part.interiors)):
            border = ET.SubElement(ET.SubElement(polygon, f"{name}BoundaryIs"), "LinearRing")
            ET.SubElement(border, "coordinates").text = _coordinates(np.asarray(ring.coords), site)
    return mark


def _facts(zone: Zone, area: Footprint, time: float | None) -> dict[str, str]:
    """What an area says of itself on a map."""
    said = {
        "threshold": area.label,
        "concentration": f"{area.threshold:.4g} kg m-3",
        "reach": f"{area.reach:.0f} m",
        "area": f"{area.area:.0f} m2",
        "height": f"{area.height:g} m above ground",
        "averaging_time": f"{area.averaging_time:g} s",
    }
    if time is not None:
        return said | {"time": f"{time:g} s"}
    if zone.first is None or zone.last is None:
        return said
    until = f"{zone.last:.0f} s" if math.isfinite(zone.last) else "the end of the times looked at"
    return said | {"from": f"{zone.first:.0f} s", "until": until}


def _mildest_first(zones: Sequence[Zone]) -> list[tuple[int, Zone]]:
    """Zones with the rank of their colour, in the order of drawing."""
    worst_first = sorted(zones, key=lambda zone: -zone.footprint.threshold)
    return [(min(rank, len(_COLOURS) - 1), zone) for rank, zone in enumerate(worst_first)][::-1]


def _sources(zones: Sequence[Zone]) -> list[tuple[float, float]]:
    return sorted({place for zone in zones for place in zone.footprint.sources})


def _kml_colour(colour: str, opacity: float) -> str:
    red, green, blue = colour[1:3], colour[3:5], colour[5:7]
    return f"{round(255 * opacity):02x}{blue}{green}{red}"


def _oriented(area: MultiPolygon) -> MultiPolygon:
    """Outer rings anticlockwise and holes clockwise, as RFC 7946 and KML want them."""
    from shapely import MultiPolygon
    from shapely.geometry.polygon import orient

    return MultiPolygon([orient(part) for part in area.geoms])


def _placed(area: MultiPolygon, site: Site) -> MultiPolygon:
    from shapely import transform

    def place(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack(site.to_geographic(points[:, 0], points[:, 1]))

    placed: MultiPolygon = transform(area, place)
    return placed


def _mapping(area: MultiPolygon) -> dict[str, Any]:
    from shapely.geometry import mapping

    found: dict[str, Any] = mapping(area)
    return found


def _coordinates(points: NDArray[np.float64], site: Site) -> str:
    """Longitude, latitude and height of points, at 1 cm or better."""
    longitude, latitude = site.to_geographic(points[:, 0], points[:, 1])
    return " ".join(f"{lon:.7f},{lat:.7f},0" for lon, lat in zip(longitude, latitude, strict=True))
