"""Hazard zones: which thresholds, where and when, and what other programs read of them."""

from __future__ import annotations

import json
import math
from datetime import datetime
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from shapely import MultiPolygon, Polygon

from dispersion.cautions import told_once
from dispersion.cloud import Cloud
from dispersion.models import model
from dispersion.zones import (
    add_snapshots,
    find_zone,
    hazard_thresholds,
    named_threshold,
    zones_geojson,
    zones_kml,
)
from plant_models.harm import Threshold
from plant_models.releases import Release
from plant_models.substances import substance
from twin.errors import LayoutError, ModelError
from twin.site import Site
from twin.weather import Weather, WeatherSeries

SITE = Site(name="test", longitude=121.5, latitude=31.2)
KML = {"k": "http://www.opengis.net/kml/2.2"}
LIMIT = Threshold(
    name="LIMIT", mass_concentration=1e-4, duration=600.0, substance="ammonia", molar_mass=0.017, source="test",
    status="verified",
)  # fmt: skip


class Ring:
    """A cloud that grows as a disc of radius t metres from 10 s to 50 s, with a hole of a third of it from 30 s on.

    The concentration is 1e-4 kg/m3 on the borders and falls as an exponential beside them, so that its logarithm is
    linear and the outline is where it should be.
    """

    def concentration(self, x, y, z, t):
        away = np.hypot(x, y)
        hole = np.where(t >= 30.0, t / 3.0, -1.0)
        inside = np.minimum(t - away, away - hole)
        return np.where((t >= 10.0) & (t <= 50.0), 1e-4 * np.exp(inside), 0.0)

    def add_frames(self, grid, heights, times, out):
        x0, y0, dx, dy = grid
        x, y = x0 + dx * np.arange(out.shape[3]), y0 + dy * np.arange(out.shape[2])
        for k, t in enumerate(times):
            out[k] += self.concentration(x[None, None, :], y[None, :, None], heights[:, None, None], t)

    def released(self, t):
        return 1.0

    def swept(self, level, height, times):
        moments = np.arange(1.0, 61.0) if times is None else times
        reach = float(np.max(moments[moments <= 50.0], initial=1.0))
        return moments, (-reach, -reach, reach, reach)


@pytest.fixture(scope="module")
def cloud(kit):
    return Cloud(
        model="ring", releases=(kit.release(),), weather=WeatherSeries.of(kit.weather()), settings={},
        averaging_time=600.0, valid_range={"distance": (0.0, 1e4, "m")}, warnings=("a ring: not a cloud",),
        solution=Ring(),
    )  # fmt: skip


@pytest.fixture(scope="module")
def zone(cloud):
    return add_snapshots(cloud, find_zone(cloud, LIMIT), [20.0, 45.0, 55.0])


def test_a_zone_knows_where_and_when(zone):
    # by hand: the disc of 50 m, from 10 s to 50 s; at 20 s 20 m, at 45 s 45 m, at 55 s nothing. The polygon has its
    # corners on the circle (to 1 % at this spacing) and cuts the segments off.
    assert (zone.first, zone.last) == (10.0, 50.0)
    assert zone.reach == pytest.approx(50.0, rel=0.01)
    assert zone.footprint.area == pytest.approx(math.pi * 50.0**2, rel=0.01)
    assert zone.times.tolist() == [20.0, 45.0, 55.0]
    assert zone.reaches == pytest.approx([20.0, 45.0, 0.0], rel=0.01)
    (ring,) = zone.snapshots[1][1].polygon.geoms
    assert len(ring.interiors) == 1
    assert Polygon(ring.interiors[0]).area == pytest.approx(math.pi * 15.0**2, rel=0.02)
    assert "10 to 50 s" in repr(zone)


def test_a_threshold_that_is_never_reached(cloud):
    from dataclasses import replace

    never = find_zone(cloud, replace(LIMIT, mass_concentration=1e9))
    assert (never.reached, never.first, never.last, never.reach) == (False, None, None, 0.0)
    assert add_snapshots(cloud, never, [20.0]) is never
    assert "not reached" in repr(never)


def test_a_zone_that_is_still_there_at_the_end(cloud, monkeypatch):
    monkeypatch.setattr(Ring, "swept", lambda *_: (np.arange(1.0, 41.0), (-50.0, -50.0, 50.0, 50.0)))
    assert find_zone(cloud, LIMIT).last == math.inf


def test_thresholds_of_an_emergency():
    found = hazard_thresholds(substance("chlorine"), 1200.0)
    # AEGLs of 30 min cover an emission of 20 min (NRC 2004, vol. 4: 0.5, 2.8 and 28 ppm)
    aegl = {t.name: (t.duration, t.ppm) for t in found if t.name.startswith("AEGL")}
    assert aegl == {"AEGL-1": (1800.0, 0.5), "AEGL-2": (1800.0, 2.8), "AEGL-3": (1800.0, 28.0)}
    assert [t.name for t in found] == [*aegl, "ERPG-1", "ERPG-2", "ERPG-3", "IDLH"]
    methane = {t.name: t.ppm for t in hazard_thresholds(substance("methane"), 60.0)}
    assert list(methane) == ["PAC-1", "PAC-2", "PAC-3", "LFL", "LFL/2"]
    assert methane["LFL/2"] == 0.5 * methane["LFL"]
    longest = named_threshold(substance("chlorine"), "aegl-3", 12 * 3600.0)
    assert (longest.duration, longest.ppm) == (28800.0, 7.1)
    assert named_threshold(substance("propane"), "lfl/2", 1.0).name == "LFL/2"
    with pytest.raises(ModelError, match="no threshold 'AEGL-9'"):
        named_threshold(substance("chlorine"), "AEGL-9", 600.0)


def _signed_area(ring):
    x, y = np.asarray(ring)[:, 0], np.asarray(ring)[:, 1]
    return 0.5 * float(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]))


def test_geojson_is_what_rfc_7946_says(zone):
    document = json.loads(json.dumps(zones_geojson([zone], SITE), allow_nan=False))
    assert document["type"] == "FeatureCollection"
    whole, *shots, release = document["features"]
    assert [shot["properties"]["time"] for shot in shots] == ["20 s", "45 s", "55 s"]
    assert whole["properties"]["from"] == "10 s"
    assert whole["properties"]["until"] == "50 s"
    assert whole["properties"]["averaging_time"] == "600 s"
    assert whole["properties"]["warnings"][0] == "a ring: not a cloud"
    assert release["geometry"]["coordinates"] == pytest.approx([121.5, 31.2])
    for polygon in shots[1]["geometry"]["coordinates"]:
        outer, *holes = polygon
        assert outer[0] == outer[-1]
        assert _signed_area(outer) > 0.0
        assert holes
        assert all(_signed_area(hole) < 0.0 for hole in holes)


def _rings(text, site):
    """Ring of a KML coordinates element in local metres."""
    numbers = np.array([[float(n) for n in triple.split(",")] for triple in text.split()])
    return np.column_stack(site.to_local(numbers[:, 0], numbers[:, 1]))


def test_kml_read_back_is_the_polygon(zone):
    start = datetime.fromisoformat("2026-07-01T14:00:00+08:00")
    text = zones_kml([zone], SITE, title="泄漏 <T-1> & co", start=start)
    root = ET.fromstring(text.encode())
    assert root.findtext("k:Document/k:name", namespaces=KML) == "泄漏 <T-1> & co"
    # by hand: #b2182b at 0.35 x 255 = 89.25, in the order aabbggrr
    fill = root.findtext("k:Document/k:Style[@id='zone0']/k:PolyStyle/k:color", namespaces=KML)
    assert fill == "592b18b2"
    marks = root.findall(".//k:Folder/k:Placemark", KML)
    assert len(marks) == 4
    for mark, area in zip(marks, [zone.footprint, *(shot for _, shot in zone.snapshots)], strict=True):
        polygons = [
            Polygon(
                _rings(part.findtext("k:outerBoundaryIs/k:LinearRing/k:coordinates", namespaces=KML), SITE),
                [
                    _rings(hole.findtext("k:LinearRing/k:coordinates", namespaces=KML), SITE)
                    for hole in part.findall("k:innerBoundaryIs", KML)
                ],
            )
            for part in mark.findall("k:MultiGeometry/k:Polygon", KML)
        ]
        # seven decimals of a degree are 5.6 mm: over a border of 2 pi 50 m less than 2 m2
        assert MultiPolygon(polygons).symmetric_difference(area.polygon).area < 2.0
        assert "averaging time: 600 s" in mark.findtext("k:description", namespaces=KML)
    spans = [(m.findtext("k:TimeSpan/k:begin", namespaces=KML), m.findtext("k:TimeSpan/k:end", namespaces=KML))
             for m in marks[1:]]  # fmt: skip
    assert spans[0] == ("2026-07-01T14:00:20+08:00", "2026-07-01T14:00:45+08:00")
    assert spans[2] == ("2026-07-01T14:00:55+08:00", None)
    order = [child.tag.rpartition("}")[2] for child in marks[1]]  # the sequence of the KML schema
    assert order == ["name", "description", "TimeSpan", "styleUrl", "MultiGeometry"]


def test_maps_need_an_anchor_and_a_zone_of_time(zone):
    with pytest.raises(LayoutError, match="no geographic anchor"):
        zones_geojson([zone], Site(name="afloat"))
    with pytest.raises(ModelError, match="time with its zone"):
        zones_kml([zone], SITE, start=datetime(2026, 7, 1))  # noqa: DTZ001 - the fault that is looked for
    assert "TimeSpan" not in zones_kml([zone], SITE)


def test_zones_of_a_jet_nest_from_its_first_seconds_and_end_with_it() -> None:
    gas = substance("ammonia")
    jet = Release.steady(
        gas, x=0.0, y=0.0, z=1.0, mass_rate=0.4, duration=600.0, temperature=239.8, vapour_fraction=0.2,
        jet_velocity=56.0, jet_diameter=0.03,
    )  # fmt: skip
    air = Weather(wind_speed=1.5, wind_from=270.0, wind_height=10.0, stability="F", roughness_length=0.1)
    cloud = model("jet").disperse(jet, air)
    found = [
        add_snapshots(cloud, find_zone(cloud, gas.threshold(n, duration=600.0)), [10.0]) for n in ("AEGL-1", "AEGL-3")
    ]
    # after ten seconds the wide zone, whose grid spans kilometres, is still no larger than some tens of metres
    assert found[0].reaches[0] >= found[1].reaches[0] > 0.0
    assert found[0].first <= found[1].first + 1.0
    # the outlet is at 2700 ppm and more while gas comes out, and at 1.5 m/s it takes a minute to leave 100 m
    assert 600.0 <= found[1].last <= 600.0 + found[1].reach / 1.0
    assert math.isfinite(found[0].last)


def test_warnings_that_differ_in_their_numbers_are_told_once() -> None:
    said = ["longer than T-101, 281.7 s", "longer than T-101, 590 s", "longer than T-102, 590 s", "heavy"]
    assert told_once(said) == (said[0], said[2], said[3])
