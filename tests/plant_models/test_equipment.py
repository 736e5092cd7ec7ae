"""The built-in kinds are usable data: reachable through the entry point, complete, and matched in the right order."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import pytest
import shapely
from shapely.geometry import LineString, Point

import twin
from plant_models.equipment import KINDS, kind_schema, kind_table, markdown_table, new_asset
from plant_models.evaporation import substrate
from plant_models.relief import ORIFICES
from twin.assets import Kind, kinds
from twin.errors import LayoutError, UnitError
from twin.units import parse_quantity

LAYERS = {
    "process": "tank vessel pipe valve pump compressor loading_bay flare bund reactor heat_exchanger hose loading_arm "
    "check_valve relief_valve battery_limit hydrant water_curtain",
    "space": "building control_room fire_station village area fence water",
    "walkway": "walkway muster_point gate door stairs",
    "road": "road",
    "sensor": "detector wind_mast",
}


def by_osm(tags: dict[str, str]) -> str | None:
    """First kind that claims one of the tags, the way `Kind.osm` is documented."""
    for kind in KINDS:
        for rule in kind.osm:
            key, _, value = rule.partition("=")
            if key in tags and value in {"*", tags[key]}:
                return kind.name
    return None


def test_the_entry_point_offers_every_kind():
    offered = kinds()
    assert {kind.name for kind in KINDS} <= set(offered)


def test_every_kind_stands_on_its_layer():
    expected = {name: layer for layer, names in LAYERS.items() for name in names.split()}
    assert {kind.name: kind.layer for kind in KINDS} == expected


@pytest.mark.parametrize("kind", KINDS, ids=lambda k: k.name)
def test_a_kind_is_complete(kind: Kind):
    assert set(kind.title) == {"en", "zh"}
    assert all(kind.title.values())
    assert kind.geometry
    assert all(hasattr(shapely, name) for name in kind.geometry)
    for name, attribute in kind.attributes.items():
        assert name == attribute.name
        assert attribute.text
        if attribute.type == "number":
            parse_quantity("1 " + attribute.unit if attribute.unit else 1, attribute.unit)  # pint knows the unit
            assert attribute.low < attribute.high
            if attribute.default is not None:
                assert attribute.low <= float(attribute.default) <= attribute.high


def test_no_openstreetmap_tag_is_claimed_twice():
    rules = [rule for kind in KINDS for rule in kind.osm]
    assert len(rules) == len(set(rules))


@pytest.mark.parametrize(
    ("tags", "kind"),
    [
        ({"man_made": "storage_tank"}, "tank"),
        ({"building": "yes", "man_made": "storage_tank"}, "tank"),  # the particular wins over the general
        ({"building": "yes", "amenity": "fire_station"}, "fire_station"),
        ({"building": "industrial"}, "building"),
        ({"man_made": "pipeline"}, "pipe"),
        ({"highway": "footway"}, "walkway"),
        ({"highway": "steps"}, "stairs"),
        ({"highway": "service"}, "road"),
        ({"highway": "street_lamp"}, None),  # a point beside the road is not a road
        ({"barrier": "lift_gate"}, "gate"),
        ({"barrier": "wall"}, "fence"),
        ({"landuse": "industrial"}, "area"),
        ({"landuse": "residential"}, "village"),
        ({"emergency": "assembly_point"}, "muster_point"),
        ({"natural": "water"}, "water"),
        ({"emergency": "fire_hydrant"}, "hydrant"),
        ({"natural": "tree"}, None),
    ],
)
def test_openstreetmap_tags_find_their_kind(tags, kind):
    assert by_osm(tags) == kind


def test_attributes_read_units_and_refuse_nonsense():
    tank = kinds()["tank"].attributes
    assert tank["pressure"].read("7 bar", where="x") == pytest.approx(7e5)
    assert tank["temperature"].read("20 degC", where="x") == pytest.approx(293.15)
    assert tank["level"].read("80 %", where="x") == pytest.approx(0.8)
    detector = kinds()["detector"].attributes
    assert detector["alarm_1"].read("3 mg/m^3", where="x") == pytest.approx(3e-6)
    building = kinds()["building"].attributes
    assert building["air_changes"].read("2 1/h", where="x") == pytest.approx(2.0 / 3600.0)
    with pytest.raises(UnitError):
        tank["pressure"].read(700000.0, where="park.geojson:3")
    with pytest.raises(LayoutError):
        tank["level"].read("130 %", where="park.geojson:3")


PIPE = LineString([(0.0, 0.0), (30.0, 40.0)])


def test_an_asset_from_text_and_numbers():
    pipe = new_asset("pipe", "P-1", shape=PIPE, diameter="80 mm", pressure=7e5, temperature="10 degC")
    assert (pipe.kind, pipe.layer, pipe.shape.length) == ("pipe", "process", 50.0)
    assert dict(pipe.attributes) == pytest.approx(
        {"diameter": 0.08, "pressure": 7e5, "temperature": 283.15, "release_height": 1.0, "roughness": 4.57e-5}
    )
    valve = new_asset("valve", "XV-1", x=1, y=2.5, remote="no", isolates=["P-1", "T-1"], failure_mode="fail_closed")
    assert (valve.x, valve.y, valve["remote"], valve["closing_time"]) == (1.0, 2.5, False, 10.0)
    assert (valve["isolates"], valve["failure_mode"]) == ("P-1, T-1", "fail_closed")


def test_an_asset_is_the_one_of_a_layout_file(tmp_path):
    given = {"substance": "chlorine", "pressure": "0.7 MPa", "temperature": "10 degC", "level": "75 %"}
    feature = {
        "type": "Feature",
        "properties": {"tag": "T-1", "kind": "vessel", **given},
        "geometry": {"type": "Point", "coordinates": [3.0, 4.0]},
    }
    layout = {"type": "FeatureCollection", "parktwin": {"frame": "local"}, "features": [feature]}
    path = tmp_path / "one.geojson"
    path.write_text(json.dumps(layout), encoding="utf-8")
    read, built = twin.load_layout(path)["T-1"], new_asset("vessel", "T-1", x=3.0, y=4.0, **given)
    assert (read.attributes, read.shape, read.layer) == (built.attributes, built.shape, built.layer)


@pytest.mark.parametrize(
    ("kind", "given", "said"),
    [
        ("pipe", {"length": -3.0}, "from 0.001 m to 1000000 m"),
        ("pipe", {"length": math.nan}, "length is nan"),
        ("pipe", {"length": "nan m"}, "'nan m' is not a quantity"),
        ("pipe", {"length": "-3 m"}, "length is -3 m"),
        ("pipe", {"length": "3"}, "has no unit"),
        ("pipe", {"length": "3 kg"}, "length: '3 kg'"),
        ("pipe", {"length": None}, "is not a quantity"),
        ("pipe", {"length": True}, "is not a quantity"),
        ("pipe", {"diametre": 0.1}, "did you mean 'diameter'"),
        ("pipe", {"shape": Point(0.0, 0.0)}, "a pipe cannot be a Point"),
        ("pipe", {"shape": LineString([(0.0, 0.0), (0.0, 0.0)])}, "has no length"),
        ("pipe", {"shape": "LINESTRING(0 0, 1 1)"}, "give a shapely geometry"),
        ("pipe", {"x": 0.0, "y": 0.0}, "both a shape and x, y"),
        ("pipe", {"shape": None, "x": math.inf, "y": 0.0}, "the place is x = inf"),
        ("pipe", {"shape": None}, "give finite x and y"),
        ("pype", {}, "did you mean 'pipe'"),
    ],
)
def test_one_clear_error_for_each_bad_input(kind, given, said):
    with pytest.raises(LayoutError) as caught:
        new_asset(kind, "P-1", **({"shape": PIPE} | given))
    assert said in str(caught.value)
    assert len(caught.value.problems) == 1
    assert "P-1" in str(caught.value)


def test_words_of_a_closed_set_are_checked():
    with pytest.raises(LayoutError, match="did you mean 'fail_closed'"):
        new_asset("valve", "XV-1", x=0.0, y=0.0, failure_mode="failclosed")
    with pytest.raises(LayoutError, match="known: D, E, F, G"):
        new_asset("relief_valve", "PSV-1", x=0.0, y=0.0, orifice_letter="7")


def test_all_problems_come_at_once():
    with pytest.raises(LayoutError) as caught:
        new_asset("tank", "", x=math.nan, y=0.0, level=1.2, pressur="7 bar", temperature="20", heads="round")
    assert len(caught.value.problems) == 6


@pytest.mark.parametrize("kind", KINDS, ids=lambda k: k.name)
def test_a_form_accepts_what_builds_and_refuses_what_does_not(kind: Kind):
    jsonschema = pytest.importorskip("jsonschema")
    schema = kind_schema(kind.name)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    assert schema["titles"] == dict(kind.title)
    assert set(schema["properties"]) == {"tag", *kind.attributes}
    assert validator.is_valid(
        {"tag": "A-1", **{n: r.default for n, r in kind.attributes.items() if r.default is not None}}
    )
    assert not validator.is_valid({"tag": "A-1", "nonsense": 1.0})
    assert not validator.is_valid({})
    for name, rule in kind.attributes.items():
        row = schema["properties"][name]
        assert row["titles"]["zh"] != name, f"{name} has no Chinese title"
        assert row.get("unit", "") == rule.unit
        assert row.get("default") == rule.default
        bad = {"number": math.nextafter(rule.low, -math.inf), "text": 1, "flag": "yes"}[rule.type]
        assert not validator.is_valid({"tag": "A-1", name: bad})
        if rule.choices:
            assert validator.is_valid({"tag": "A-1", name: rule.choices[0]})
            assert not validator.is_valid({"tag": "A-1", name: "no such word"})


@pytest.mark.parametrize("kind", KINDS, ids=lambda k: k.name)
def test_a_default_says_where_it_comes_from(kind: Kind):
    for rule in kind.attributes.values():
        assert rule.default is None or "assumed" in rule.text or "where silent" in rule.text


def test_the_table_of_kinds_has_every_attribute():
    head, *body = kind_table()
    assert len({len(row) for row in (head, *body)}) == 1
    listed = {(row[0].strip("`"), kind) for row in body for kind in row[2].split(", ")}
    assert listed == {(name, kind.name) for kind in kinds().values() for name in kind.attributes}
    closing = next(row for row in kind_table("valve") if row[0] == "`closing_time`")
    assert closing[2:6] == ("valve", "s", "0 to 3600", "10 s")
    shape = next(row for row in kind_table("tank") if row[0] == "`vessel_shape`")
    assert shape[4] == "one of vertical_cylinder, horizontal_cylinder, sphere, gas_holder"
    with pytest.raises(LayoutError, match="did you mean 'valve'"):
        kind_table("valv")
    with pytest.raises(LayoutError, match="did you mean 'valve'"):
        kind_schema("valv")


def test_a_table_in_markdown():
    assert markdown_table([("a", "b"), ("x|y", 1)]) == "| a | b |\n| --- | --- |\n| x\\|y | 1 |"


def test_the_page_on_layouts_shows_the_table_of_the_rows():
    page = (Path(__file__).parents[2] / "notebooks" / "layouts.md").read_text(encoding="utf-8")
    cells = re.findall(r"```\{code-cell\}.*?\n(.*?)```", page, re.DOTALL)
    assert sum("markdown_table(kind_table())" in cell for cell in cells) == 1


def test_closed_sets_are_those_of_the_models_that_read_them():
    assert set(kinds()["relief_valve"].attributes["orifice_letter"].choices) == set(ORIFICES)
    for word in kinds()["bund"].attributes["floor"].choices:
        assert substrate(word).name == word
