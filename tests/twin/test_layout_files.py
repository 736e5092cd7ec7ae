"""Layout files: what is read, and every seeded fault found with its line and its mend."""

from __future__ import annotations

import copy
import json
import pickle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import twin
from tests.twin.conftest import LOCAL, PLANT, Write, box, feature, text_of
from twin.errors import LayoutError, Problem


def errors_of(path: Path, **options: Any) -> list[Problem]:
    return [p for p in twin.check_layout(path, **options) if p.severity == "error"]


def test_a_native_layout_becomes_a_park(plant: twin.Twin) -> None:
    assert len(plant) == len(PLANT)
    assert plant.warnings == ()
    tank = plant["T-101"]
    # 0.7 MPa, 20 degC and 80 % in SI; release_height is the default of the kind.
    assert dict(tank.attributes) == pytest.approx(
        {
            "substance": "chlorine",
            "pressure": 7e5,
            "temperature": 293.15,
            "volume": 60.0,
            "level": 0.8,
            "release_height": 1.0,
        }
    )
    assert (tank.x, tank.y, tank.shape.area) == pytest.approx((-7.0, 13.0, 100.0))
    assert plant["A-1"].notes["name"] == "氯碱装置"
    assert plant["T-102"].where == "plant.geojson:5 (feature 4, 'T-102')"
    assert plant.site == twin.Site(name="Plant", longitude=121.25, latitude=30.75)
    assert plant.sources[0].features == len(PLANT)


def replaced(number: int, **properties: Any) -> list[Any]:
    """The plant with properties of feature `number` changed; None takes one away."""
    features = copy.deepcopy(PLANT)
    for key, value in properties.items():
        if value is None:
            features[number - 1]["properties"].pop(key)
        else:
            features[number - 1]["properties"][key] = value
    return features


def redrawn(number: int, geometry: Any) -> list[Any]:
    features = copy.deepcopy(PLANT)
    features[number - 1]["geometry"] = geometry
    return features


BOWTIE = {"type": "Polygon", "coordinates": [[[60, 20], [90, 40], [90, 20], [60, 40], [60, 20]]]}
FAULTS = [
    # features, line, part of what, part of fix
    (replaced(3, level="80"), 4, "level is 80", "from 0 to 1"),
    (replaced(3, level=0.8), None, "", ""),  # a plain number needs no unit: no fault
    (replaced(3, pressure=0.7), 4, "pressure: 0.7 has no unit", '"0.7 Pa"'),
    (replaced(3, pressure="0.7 MPaa"), 4, "unknown unit 'MPaa'", "Pa"),
    (replaced(3, volume="60 m"), 4, "not a measure of the wanted kind", "m^3"),
    (replaced(3, level="180 %"), 4, "level is 180 %", "from 0 to 1"),
    (replaced(3, volume={"value": 3}), 4, "volume is {'value': 3}", "one value"),
    (replaced(3, kind="tnak"), 4, "unknown kind 'tnak'", "did you mean 'tank'?"),
    (replaced(3, kind=None), 4, "'T-101' has a tag but no kind", "known"),
    (replaced(1, tag=None), 2, "kind but no tag", '"tag": "T-101"'),
    (replaced(1, tag="a,b"), 2, "is not usable", "no comma"),
    (replaced(1, tag=""), 2, "the tag is empty", ""),
    (replaced(1, tag=3.5), 2, "the tag is 3.5, not text", ""),
    (replaced(4, tag="T-101"), 5, "the tag 'T-101' is used twice, first at plant.geojson:4", "another tag"),
    (replaced(6, remote="perhaps", isolates="T-102"), 7, "remote is 'perhaps'", "yes or no"),
    (replaced(6, isolates="T-103"), 7, "there is no asset 'T-103'", "'T-102' or 'T-101'"),
    (replaced(5, to="XV-2"), 6, "'P-1' flows to: there is no asset 'XV-2'", "did you mean 'XV-1'?"),
    (replaced(5, **{"from": "T-110"}), 6, "there is no asset 'T-110'", "did you mean"),
    (replaced(7, monitors=["T-101", "T-l02"]), 8, "there is no asset 'T-l02'", "'T-102'"),
    (replaced(5, to="P-1"), 6, "'P-1' is linked to itself", ""),
    (redrawn(11, BOWTIE), 12, "self-intersection at x = 75.00 m, y = 30.00 m (121.25", "cross"),
    (redrawn(11, None), 12, "no geometry", "draw it"),
    (redrawn(11, {"type": "Polygn", "coordinates": [[1]]}), 12, "geometry type is 'Polygn'", "'Polygon'"),
    (redrawn(11, {"type": "GeometryCollection", "geometries": []}), 12, "GeometryCollection", "split"),
    (redrawn(11, {"type": "Polygon", "coordinates": []}), 12, "has no coordinates", ""),
    (redrawn(11, {"type": "Polygon", "coordinates": [[[0, 0], [1, 1]]]}), 12, "a ring has 2 positions", "at least 3"),
    (redrawn(11, {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [0, 0]]]}), 12, "three different corners", ""),
    (redrawn(11, {"type": "Polygon", "coordinates": [[[0, 0], [1, "1"], [2, 0]]]}), 12, "2 of position 2 is '1'", ""),
    (redrawn(11, {"type": "Point", "coordinates": [60, float("nan")]}), 12, "not a finite number", "export"),
    (redrawn(11, {"type": "Point", "coordinates": [60, 10**400]}), 12, "not a finite number", "export"),
    (redrawn(11, {"type": "Point", "coordinates": [60]}), 12, "position 1 is [60]", "[x, y]"),
    (redrawn(11, {"type": "Polygon", "coordinates": [[[0, 50], [9, 50], [4, 50], [0, 50]]]}), 12, "not valid", ""),
    (redrawn(8, {"type": "Point", "coordinates": [0, 0]}), 9, "a walkway cannot be a Point", "LineString"),
    (redrawn(8, {"type": "LineString", "coordinates": [[0, 5], [0, 5]]}), 9, "has no length", "draw it"),
    (redrawn(8, {"type": "LineString", "coordinates": [[0, 5]]}), 9, "a line has 1 positions", "at least 2"),
    (redrawn(4, PLANT[2]["geometry"]), 5, "overlaps 100% of the smaller footprint with 'T-101'", "plant.geojson:4"),
    ([f for f in PLANT if f["properties"]["tag"] != "MP-1"], 9, "no muster point", '"kind": "muster_point"'),
    (redrawn(9, {"type": "LineString", "coordinates": [[0, -19], [0, 40]]}), 10, "'W-2' has no path", "1.0 m"),
    ([*PLANT, "not a feature"], 15, "'not a feature' stands where a Feature should be", "type"),
    ([*PLANT, {"type": "Feature", "properties": 3}], 15, "properties are 3", ""),
]  # fmt: skip


@pytest.mark.parametrize(("features", "line", "what", "fix"), FAULTS, ids=lambda v: v if isinstance(v, str) else "")
def test_a_seeded_fault_is_found_with_its_line(
    features: list[Any], line: int | None, what: str, fix: str, write: Write
) -> None:
    found = errors_of(write(features))
    if line is None:
        assert found == []
        return
    matching = [p for p in found if what in p.what]
    assert len(matching) >= 1, found
    assert matching[0].where.startswith(f"plant.geojson:{line} (feature {line - 1}")
    assert fix in matching[0].fix


def test_all_faults_come_in_one_error(write: Write) -> None:
    features = replaced(3, pressure=0.7, level="180 %")
    features[0]["properties"]["kind"] = "aera"
    features[5]["properties"]["isolates"] = "T-1O2"
    with pytest.raises(LayoutError) as caught:
        twin.load_layout(write(features))
    assert len(caught.value.problems) == 4
    assert str(caught.value).startswith(
        "plant.geojson: 4 problems\n  1. plant.geojson:2 (feature 1, 'A-1'): unknown kind"
    )


def test_a_link_to_an_asset_that_could_not_be_read_is_not_a_second_fault(write: Write) -> None:
    found = errors_of(write(redrawn(4, None)))
    assert [p.what for p in found] == ["the feature has no geometry"]


def test_thousands_of_faults_stay_readable(write: Write) -> None:
    rows = [feature("Point", [i, 0], tag=f"D-{i}", kind="detector", t90=3) for i in range(3000)]
    path = write(rows)
    assert len(errors_of(path)) == 3000
    with pytest.raises(LayoutError) as caught:
        twin.load_layout(path)
    assert len(caught.value.problems) == 101
    assert "and 2900 more" in caught.value.problems[-1].what


def test_the_line_of_the_property_is_named_in_a_spread_out_file(tmp_path: Path) -> None:
    rows = copy.deepcopy(PLANT[2:3])
    rows[0]["properties"]["pressure"] = 7
    path = tmp_path / "spread.geojson"
    text = json.dumps({"type": "FeatureCollection", **LOCAL, "features": rows}, indent=1)
    path.write_text(text, encoding="utf-8")
    wanted = next(n for n, line in enumerate(text.splitlines(), 1) if '"pressure"' in line)
    assert errors_of(path)[0].where == f"spread.geojson:{wanted} (feature 1, 'T-101')"


def test_in_a_minified_file_the_number_of_the_feature_tells_where(tmp_path: Path) -> None:
    path = tmp_path / "park.min.geojson"
    features = replaced(4, kind="tnk")
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features, **LOCAL}), encoding="utf-8")
    assert errors_of(path)[0].where == "park.min.geojson:1 (feature 4, 'T-102')"


@pytest.mark.parametrize(
    ("content", "where", "what", "fix"),
    [
        (b"", "", "the file is empty", "export"),
        (b" \n\t ", "", "the file is empty", "export"),
        (b"\xef\xbb\xbf", "", "the file is empty", "export"),
        (b"PK\x03\x04....", "", "a zip archive", "GeoJSON"),
        (b"SQLite format 3\x00", "", "GeoPackage", "GeoJSON"),
        (b"\x7fELF\x00\x01", "", "binary", "GeoJSON"),
        ('{"type": "FeatureCollection"}'.encode("utf-16"), "", "UTF-16", "UTF-8"),
        ('{\n"name": "氯碱"}'.encode("gbk"), ":2", "is not UTF-8", "GB18030"),
        (b'{"type": "FeatureCollection",\n "features": [\n {"type" "Feature"}]}', ":3:10", "not valid JSON", "mend"),
        (b'{"type": "FeatureCollection", "features": [', ":1:44", "not valid JSON", "cut off"),
        (b'{"type": "FeatureCollection", "features": [] } x', ":1:48", "Extra data", "more than one JSON"),
        (b'{"type": "FeatureCollection", "features": [], "features": []}', ":1:", "second list", ""),
        (b"[1, 2]", "", "'list', not a GeoJSON FeatureCollection", "wrap it"),
        (b'"text"', "", "not a GeoJSON FeatureCollection", "wrap it"),
        (b"hello", ":1:1", "not valid JSON", "mend"),
        (b"{}", "", "no 'type'", "wrap it"),
        (b'{"type": "Feature", "geometry": null}', "", "'Feature', not a GeoJSON FeatureCollection", "wrap it"),
        (b'{"type": "FeatureCollection", "features": 3}', "", "has no list of 'features'", ""),
        (b'{"version": 0.6, "elements": []}', "", "no GeoJSON", "Overpass"),
        (b'{"type": "Topology", "objects": {}}', "", "Topology", "topo2geo"),
        (b'{"type": "FeatureCollection", "features": []}', "", "the layout has no features", "tag"),
        (b'{"a": ' + b"9" * 5000 + b"}", "", "not readable as JSON", ""),
        (b'{"features": ' + b"[" * 200_000, "", "nested too deeply", "levels"),
        (b'{"type": "FeatureCollection", "features": [' + b'{"a":' * 200_000, "", "nested too deeply", "levels"),
    ],
)
def test_a_file_that_is_no_layout_is_refused_with_a_mend(
    content: bytes, where: str, what: str, fix: str, tmp_path: Path
) -> None:
    path = tmp_path / "park.geojson"
    path.write_bytes(content)
    (problem,) = errors_of(path)
    assert what in problem.what
    assert f"park.geojson{where}" in problem.where
    assert fix in problem.fix


def test_deep_nesting_inside_a_feature_does_not_escape(tmp_path: Path) -> None:
    path = tmp_path / "park.geojson"
    for depth in (60, 400, 900, 990, 5000):
        deep = "[" * depth + "]" * depth
        start = (
            '{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"tag": "a", "kind": "area"'
        )
        for rest in (
            f', "x": {deep}}}, "geometry": null',
            f'}}, "geometry": {{"type": "Polygon", "coordinates": {deep}}}',
        ):
            path.write_text(f"{start}{rest}}}]}}", encoding="utf-8")
            assert errors_of(path)


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "park.geojson"
    path.write_bytes(b"\xef\xbb\xbf" + text_of(PLANT, **LOCAL).encode())
    assert len(twin.load_layout(path)) == len(PLANT)


def test_a_file_above_the_limit_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.geojson"
    with path.open("wb") as stream:
        stream.truncate(100 * 2**20)  # sparse: nothing is written
    (problem,) = errors_of(path)
    assert problem.what == "the file has 100.0 MB, more than the limit of 64 MB"
    assert "max_bytes" in problem.fix
    assert "empty" in errors_of(path, max_bytes=2**27)[0].what


def test_a_missing_file_has_near_matches(write: Write, tmp_path: Path) -> None:
    write(PLANT)
    (problem,) = errors_of(tmp_path / "plnat.geojson")
    assert problem.fix == "did you mean 'plant.geojson'?"
    (tmp_path / "folder.geojson").mkdir()
    assert "cannot be read" in errors_of(tmp_path / "folder.geojson")[0].what


def test_unknown_suffixes_name_the_known_ones(tmp_path: Path) -> None:
    path = tmp_path / "park.dwg"
    path.write_text("x", encoding="utf-8")
    (problem,) = errors_of(path)
    assert problem.what == "no reader for .dwg"
    assert ".geojson, .json" in problem.fix
    assert "no layout file" in twin.check_layout()[0].what
    with pytest.raises(LayoutError, match="no layout file"):
        twin.load_layout()


def test_a_reader_of_another_package_is_found_by_suffix(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from importlib.metadata import EntryPoint

    from twin import loading

    points = {"dwg": EntryPoint("dwg", "twin.layouts.geojson:read", "parktwin.layouts"),
              "dxf": EntryPoint("dxf", "nowhere_at_all:read", "parktwin.layouts")}  # fmt: skip
    monkeypatch.setattr(loading, "_points", lambda: points)
    path = tmp_path / "park.DWG"
    path.write_text(text_of(PLANT, **LOCAL), encoding="utf-8")
    assert len(twin.load_layout(path)) == len(PLANT)
    (problem,) = twin.check_layout(path.with_suffix(".dxf"))
    assert "cannot be loaded" in problem.what


@pytest.mark.parametrize(
    ("key", "meant"), [("presure", "pressure"), ("Level", "level"), ("volume_m3", "volume"), ("form", "from")]
)
def test_a_property_like_a_misspelt_attribute_is_kept_with_a_warning(key: str, meant: str, write: Write) -> None:
    features = replaced(4, **{key: "1 bar"})
    park = twin.load_layout(write(features))
    assert park["T-102"].notes[key] == "1 bar"
    (warning,) = park.warnings
    assert (warning.fix, warning.severity) == (f"did you mean {meant!r}?", "warning")
    assert warning.where == "plant.geojson:5 (feature 4, 'T-102')"


def test_other_properties_are_quiet_notes(write: Write) -> None:
    park = twin.load_layout(write(replaced(4, owner="ACME", year=1998, tags=["a", 1], empty="")))
    assert dict(park["T-102"].notes) == {"owner": "ACME", "year": "1998", "tags": '["a", 1]', "empty": ""}
    assert park.warnings == ()


def test_null_is_unknown(write: Write) -> None:
    features = replaced(4)
    features[3]["properties"]["pressure"] = None
    assert "pressure" not in twin.load_layout(write(features))["T-102"].attributes


def test_many_of_a_type_and_heights_are_read(write: Write) -> None:
    hole = [*box(0, 0, 10, 10), *box(4, 4, 2, 2)]
    rows = [
        feature("MultiPolygon", [hole, box(20, 0, 10, 10)], tag="B1", kind="building"),
        feature("MultiPolygon", [box(40, 0, 10, 10)], tag="B2", kind="building"),
        feature("MultiLineString", [[[0, 20], [9, 20]], [[0, 30], [9, 30]]], tag="R", kind="road"),
        feature("Point", [1, 50, 12.5], tag="V", kind="valve"),
        feature("LineString", [[0, 60, 2], [9, 60]], tag="P", kind="pipe"),
        feature("Polygon", [[[0, 70], [5, 70], [5, 75]]], tag="open ring", kind="area"),
    ]
    park = twin.load_layout(write(rows))
    assert park["B1"].shape.area == pytest.approx(10 * 10 - 2 * 2 + 10 * 10)
    assert park["B2"].shape.geom_type == "Polygon"
    assert not park["V"].shape.has_z
    assert park["V"].notes["elevation"] == "12.5 m"
    assert park["P"].notes["elevation"] == "2 m"
    assert park["open ring"].shape.area == pytest.approx(12.5)


# -- frames


def at(east: float, north: float) -> list[float]:
    """Longitude and latitude of local metres at (121.25, 30.75), by the radii of curvature of the WGS 84 ellipsoid."""
    import math

    a, e2, lat = 6378137.0, 0.00669437999014, math.radians(30.75)
    w = math.sqrt(1 - e2 * math.sin(lat) ** 2)
    meridian, normal = a * (1 - e2) / w**3, a / w
    return [121.25 + math.degrees(east / (normal * math.cos(lat))), 30.75 + math.degrees(north / meridian)]


def test_geographic_coordinates_become_metres_about_the_middle(write: Write) -> None:
    rows = [feature("Point", at(x, y), tag=f"V{x}{y}", kind="valve") for x, y in ((-500, -300), (500, 300), (100, 0))]
    park = twin.load_layout(write(rows, type="FeatureCollection"))
    assert (park.site.longitude, park.site.latitude) == pytest.approx((121.25, 30.75), abs=2e-6)
    # Curvature over 500 m moves a point by less than 500²/6.4e6 = 4 cm; rounding the anchor to 1e-6 degrees by 0.1 m.
    for asset, (x, y) in zip(park, ((-500, -300), (500, 300), (100, 0)), strict=True):
        assert (asset.x, asset.y) == pytest.approx((x, y), abs=0.2)


def test_the_given_anchor_holds(write: Write) -> None:
    rows = [feature("Point", at(120, 80), tag="V", kind="valve")]
    park = twin.load_layout(write(rows, parktwin={"anchor": [121.25, 30.75], "name": "X"}), name="Y")
    assert park.site == twin.Site(name="Y", longitude=121.25, latitude=30.75)
    assert (park["V"].x, park["V"].y) == pytest.approx((120, 80), abs=5e-3)  # 120 * 80 / 6.4e6 m of curvature


@pytest.mark.parametrize(
    "name", ["urn:ogc:def:crs:OGC:1.3:CRS84", "urn:ogc:def:crs:OGC::CRS84", "EPSG:4326", "urn:ogc:def:crs:EPSG::4326"]
)
def test_the_obsolete_member_for_wgs84_is_accepted(name: str, write: Write) -> None:
    rows = [feature("Point", [121.25, 30.75], tag="V", kind="valve")]
    assert len(twin.load_layout(write(rows, crs={"type": "name", "properties": {"name": name}}))) == 1


@pytest.mark.parametrize(
    "crs", [{"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32650"}}, "EPSG:32650", 3]
)
def test_another_reference_system_is_refused_with_the_command_to_mend_it(crs: object, write: Write) -> None:
    rows = [feature("Point", [500000, 3400000], tag="V", kind="valve")]
    (problem,) = errors_of(write(rows, crs=crs))
    assert "not WGS 84" in problem.what
    assert "-t_srs EPSG:4326" in problem.fix
    assert ("EPSG:32650" in problem.fix) is isinstance(crs, dict)


def test_metres_without_a_frame_are_refused(write: Write) -> None:
    (problem,) = errors_of(write(PLANT, type="FeatureCollection"), max_bytes=2**20)
    assert "(-150, -100) are not longitude and latitude" in problem.what
    assert "frame: local" in problem.fix


def test_swapped_coordinates_are_recognised(write: Write) -> None:
    rows = [feature("Point", [30.75, 121.25], tag="V", kind="valve")]
    assert "longitude comes first" in errors_of(write(rows, type="FeatureCollection"))[0].fix


def test_a_stray_point_is_noticed(write: Write) -> None:
    rows = [feature("Point", at(x, 0), tag=f"V{x}", kind="valve") for x in range(5)]
    rows.append(feature("Point", [0, 0], tag="null island", kind="valve"))
    found = twin.check_layout(write(rows, parktwin={"anchor": [121.25, 30.75]}))
    assert found
    assert "null island" in found[0].what or "half a world away" in found[0].what


@pytest.mark.parametrize(
    ("member", "what"),
    [
        ({"fram": "local"}, "unknown key 'fram'"),
        ({"frame": "utm"}, "parktwin.frame is 'utm'"),
        ({"frame": "local", "anchor": [200, 0]}, "parktwin.anchor is [200, 0]"),
        ({"frame": "local", "anchor": "here"}, "parktwin.anchor is 'here'"),
        ("local", "'parktwin' is no object"),
    ],
)
def test_a_wrong_frame_is_named(member: object, what: str, write: Write) -> None:
    (problem,) = errors_of(write(PLANT, parktwin=member))
    assert what in problem.what


# -- several files


def test_files_are_merged_in_the_frame_of_the_first(write: Write) -> None:
    first = write(PLANT, "a.geojson")
    extra = feature("Point", at(50, 50), tag="GD-2", kind="detector", monitors="T-101")
    park = twin.load_layout(first, write([extra], "b.geojson", type="FeatureCollection"))
    assert (park["GD-2"].x, park["GD-2"].y) == pytest.approx((50, 50), abs=2e-3)
    assert "GD-2" in park.neighbours("T-101", "sensor")
    assert [s.path.rpartition("/")[2] for s in park.sources] == ["a.geojson", "b.geojson"]
    shifted = {"parktwin": {"frame": "local", "anchor": at(1000, 0)}}
    other = twin.load_layout(first, write([feature("Point", [0, 7], tag="V", kind="valve")], "c.geojson", **shifted))
    # At 1 km the meridians meet at an angle of dlon * sin(lat) = 0.0104 deg * 0.511: 7 m north turn by under 1 mm.
    assert (other["V"].x, other["V"].y) == pytest.approx((1000, 7), abs=0.1)


def test_a_tag_used_in_two_files_names_both_places(write: Write) -> None:
    first, second = write(PLANT, "a.geojson"), write([PLANT[2]], "b.geojson")
    (problem,) = (p for p in errors_of_both(first, second) if "twice" in p.what)
    assert problem.where == "b.geojson:2 (feature 1, 'T-101')"
    assert "a.geojson:4" in problem.what


def errors_of_both(*paths: Path) -> list[Problem]:
    return [p for p in twin.check_layout(*paths) if p.severity == "error"]


def test_frames_that_do_not_meet_are_refused(write: Write) -> None:
    plain = write(PLANT[:1], "plain.geojson", parktwin={"frame": "local"})
    globe = write([feature("Point", at(0, 0), tag="V", kind="valve")], "globe.geojson", type="FeatureCollection")
    assert "local metres without an anchor" in errors_of_both(plain, globe)[0].what
    assert "no anchor, the files before it are geographic" in errors_of_both(globe, plain)[0].what
    assert "has an anchor, the files before" in errors_of_both(plain, write(PLANT[6:7], "anchored.geojson"))[0].what
    again = write([feature("Point", [1, 2], tag="V", kind="valve")], "again.geojson", parktwin={"frame": "local"})
    assert len(twin.load_layout(plain, again)) == 2


def test_a_broken_second_file_does_not_hide_the_faults_of_the_first(write: Write, tmp_path: Path) -> None:
    bad = tmp_path / "bad.geojson"
    bad.write_text("{", encoding="utf-8")
    found = errors_of_both(write(redrawn(11, BOWTIE)), bad)
    assert {p.where.partition(":")[0] for p in found} == {"plant.geojson", "bad.geojson"}


def test_layout_errors_travel_between_processes(write: Write) -> None:
    with pytest.raises(LayoutError) as caught:
        twin.load_layout(write(replaced(3, pressure=0.7, kind="tnak")))
    assert pickle.loads(pickle.dumps(caught.value)).problems == caught.value.problems


def test_a_wrong_frame_does_not_hide_other_faults(write: Write) -> None:
    features = replaced(3, pressure=0.7)
    found = errors_of(write(features, crs={"type": "name", "properties": {"name": "EPSG:32650"}}))
    assert ["not WGS 84" in found[0].what, "has no unit" in found[1].what] == [True, True]


def test_a_forgotten_kind_is_guessed_for_the_mend(write: Write) -> None:
    (problem,) = errors_of(write([feature("Point", [0, 0], tag="X", building="yes")]))
    assert problem.fix == 'add "kind": "building"'


# -- anything at all

json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-200, 200), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=5), inner, max_size=4)),
    max_leaves=12,
)
spoilt = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["Feature", "Feature", "Feature", "Point"]),
        "properties": st.one_of(
            json_values,
            st.fixed_dictionaries(
                {
                    "tag": st.one_of(st.text(max_size=3), json_values),
                    "kind": st.sampled_from(["tank", "walkway", "x", 3]),
                },
                optional={
                    "pressure": json_values,
                    "from": json_values,
                    "isolates": json_values,
                    "highway": json_values,
                },
            ),
        ),
        "geometry": st.one_of(
            json_values,
            st.fixed_dictionaries(
                {
                    "type": st.sampled_from(["Point", "LineString", "Polygon", "MultiPolygon", "Circle"]),
                    "coordinates": st.one_of(
                        json_values,
                        st.lists(st.lists(st.integers(-9, 9), min_size=1, max_size=3), max_size=5),
                        st.lists(
                            st.lists(st.lists(st.integers(-9, 9), min_size=2, max_size=2), max_size=5), max_size=2
                        ),
                    ),
                }
            ),
        ),
    }
)


@settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(spoilt, max_size=4), st.booleans())
def test_whatever_a_file_holds_only_problems_come_back(tmp_path: Path, features: list[Any], local: bool) -> None:
    path = tmp_path / "park.geojson"
    path.write_text(text_of([*PLANT[:1], *features], **(LOCAL if local else {})), encoding="utf-8")
    assert all(p.what for p in twin.check_layout(path))


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=60), st.integers(0, 4000))
def test_whatever_bytes_are_put_into_a_file_only_problems_come_back(tmp_path: Path, junk: bytes, place: int) -> None:
    path = tmp_path / "park.geojson"
    whole = text_of(PLANT, **LOCAL).encode()
    path.write_bytes(whole[:place] + junk + whole[place + len(junk) :])
    assert all(p.what for p in twin.check_layout(path))


def muster_at(*place: float) -> list[dict[str, Any]]:
    return [
        *(f for f in PLANT if f["properties"]["tag"] != "MP-1"),
        feature("Point", place, tag="MP-9", kind="muster_point"),
    ]


def test_a_muster_point_away_from_the_ways(write: Write) -> None:
    # the walkway W-2 ends at x = 0, y = 40
    far = write(muster_at(0.0, 640.0))
    with pytest.raises(
        LayoutError, match="'MP-9' stands 600 m from the nearest walkway or road: nobody can walk there"
    ):
        twin.load_layout(far)
    (told,) = twin.load_layout(write(muster_at(0.0, 190.0))).warnings
    assert "'MP-9' stands 150 m" in told.what
    assert "straight over open ground" in told.what
    ways = {"walkway", "road"}
    (told,) = twin.load_layout(write([f for f in PLANT if f["properties"]["kind"] not in ways])).warnings
    assert "no walkway or road" in told.what


def test_an_asset_given_twice_is_told_once(write: Write) -> None:
    (problem,) = twin.check_layout(write([*PLANT, PLANT[2]]))
    assert "used twice" in problem.what


@pytest.mark.parametrize(("name", "what"), [("park", "there is no such file"), ("a\0b.json", "cannot be read")])
def test_a_path_that_leads_nowhere(name: str, what: str, tmp_path: Path) -> None:
    with pytest.raises(LayoutError, match=what):
        twin.load_layout(tmp_path / name)
    with pytest.raises(LayoutError, match="cannot be read"):
        twin.load_layout(tmp_path)


@pytest.mark.parametrize(
    ("member", "what"),
    [
        ({"frame": {"local": True}}, r"parktwin\.frame is \{'local': True\}"),
        ({"frame": "local", "anchor": [10**400, 0]}, r"parktwin\.anchor is"),
    ],
)
def test_a_member_of_another_type_is_a_fault(write: Write, member: Any, what: str) -> None:
    with pytest.raises(LayoutError, match=what):
        twin.load_layout(write(PLANT, parktwin=member))


@pytest.mark.parametrize("far", [1e308, -1e13, 10**400, -(2**63)])
def test_a_coordinate_on_no_map_is_a_fault(write: Write, far: float) -> None:
    with pytest.raises(LayoutError, match=r"coordinate 1 of position 1 is .*, not a finite number"):
        twin.load_layout(write([feature("Point", [far, 0.0], tag="T-1", kind="tank")]))


def test_a_whole_number_too_long_for_a_float_is_a_fault(write: Write) -> None:
    with pytest.raises(LayoutError, match=r"capacity: 1000.* is not a finite number"):
        twin.load_layout(write([feature("Point", [0.0, 0.0], tag="MP-1", kind="muster_point", capacity=10**400)]))


def test_two_pieces_of_equipment_at_one_point_are_doubtful(write: Write) -> None:
    pair = [feature("Point", [0, 0], tag="T-1", kind="tank"), feature("Point", [0, 0], tag="V-1", kind="vessel")]
    (told,) = twin.load_layout(write([*pair, feature("Point", [0, 0], tag="GD-1", kind="detector")])).warnings
    assert told.what == "vessel 'V-1' stands in the same place as 'T-1'"
