"""The built-in kinds are usable data: reachable through the entry point, complete, and matched in the right order."""

from __future__ import annotations

import pytest
import shapely

from plant_models.equipment import KINDS
from twin.assets import Kind, kinds
from twin.errors import LayoutError, UnitError
from twin.units import parse_quantity

LAYERS = {
    "process": "tank vessel pipe valve pump compressor loading_bay flare bund",
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
