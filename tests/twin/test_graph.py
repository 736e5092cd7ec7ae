"""The park as a graph: look-ups, links, search, digest, forks."""

from __future__ import annotations

import copy
import pickle
import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely.geometry import Point, Polygon, box

import twin
from tests.twin.conftest import LOCAL, PLANT, Write
from twin.errors import LayoutError


def asset(tag: str, shape: Any, kind: str = "tank", layer: Any = "process", **attributes: Any) -> twin.Asset:
    return twin.Asset(tag=tag, kind=kind, layer=layer, shape=shape, attributes=attributes)


def test_looking_up(plant: twin.Twin) -> None:
    assert plant["T-101"].kind == "tank"
    assert "T-101" in plant
    assert "T-999" not in plant
    assert [a.tag for a in plant.assets("tank")] == ["T-101", "T-102"]
    assert plant.assets("flare") == ()
    assert [a.tag for a in plant] == [f["properties"]["tag"] for f in PLANT]
    assert plant.bounds == (-150.0, -100.0, 150.0, 100.0)
    assert repr(plant).startswith("<Twin 'Plant' of 13 assets: 1 area")


def test_wrong_names_have_near_matches(plant: twin.Twin) -> None:
    with pytest.raises(LayoutError, match=r"no asset 'T-10l' -> did you mean 'T-10[12]'"):
        plant["T-10l"]
    for ask in (plant.assets, plant.network, lambda kind: plant.nearest(kind, 0, 0), lambda kind: plant.search(Point(0, 0), kind)):  # fmt: skip # noqa: E501
        with pytest.raises(LayoutError, match="unknown kind 'tnak' -> did you mean 'tank'"):
            ask("tnak")
    with pytest.raises(LayoutError, match="the park has no flare"):
        plant.nearest("flare", 0, 0)
    for ask in (plant.neighbours, plant.state):
        with pytest.raises(LayoutError, match="did you mean 'GD-1'"):
            ask("GD1")


def test_links_come_from_properties_and_from_shapes(plant: twin.Twin) -> None:
    found = {(k.source, k.relation, k.target) for k in plant.links()}
    assert {("T-101", "flows_to", "P-1"), ("P-1", "flows_to", "XV-1"), ("XV-1", "flows_to", "T-102")} <= found
    assert {("XV-1", "isolates", "T-102"), ("GD-1", "monitors", "T-101"), ("GD-1", "monitors", "T-102")} <= found
    assert {("B-1", "contains", "T-101"), ("A-1", "contains", "T-101"), ("A-1", "contains", "CR-1")} <= found
    assert ("W-1", "joins", "W-2") in found  # W-2 ends 0.3 m from W-1
    assert not {k for k in found if k[1] == "joins" and "R-1" in k}
    assert [k.relation for k in plant.links("sensor")] == ["monitors", "monitors"]
    assert plant.neighbours("XV-1", "process") == ("P-1", "T-102")
    assert plant.neighbours("T-101", "sensor") == ("GD-1",)
    assert plant.neighbours("WM-1") == ("A-1",)
    assert plant.neighbours("W-2", "walkway") == ("W-1",)


def test_containment_follows_the_shapes() -> None:
    ring = Polygon(box(0, 0, 30, 30).exterior, [box(10, 10, 20, 20).exterior])
    park = twin.Twin(
        [
            asset("ring", ring, "area", "space"),
            asset("yard", box(0, 0, 30, 30), "area", "space"),
            asset("twin yard", box(0, 0, 30, 30), "area", "space"),
            asset("in the hole", Point(15, 15)),
            asset("in the ring", Point(5, 5)),
            asset("half out", box(25, 25, 35, 35)),
        ]
    )
    found = {(k.source, k.target) for k in park.links()}
    assert found == {
        *((y, t) for y in ("yard", "twin yard") for t in ("ring", "in the hole", "in the ring")),
        ("ring", "in the ring"),
    }


def test_a_link_to_nowhere_and_a_tag_used_twice_are_refused() -> None:
    tank = asset("T-1", Point(0, 0))
    with pytest.raises(LayoutError, match="no asset 'T-2' -> did you mean 'T-1'"):
        twin.Twin([tank], [twin.Link(source="T-1", target="T-2", layer="process", relation="flows_to")])
    with pytest.raises(LayoutError, match="tags used twice: 'T-1'"):
        twin.Twin([tank, tank])


def test_spatial_search(plant: twin.Twin) -> None:
    assert plant.nearest("tank", 3.0, 13.0).tag == "T-102"  # 1 m from it, 5 m from T-101
    assert plant.nearest("tank", -1.0, 13.0).tag == "T-101"
    assert [a.tag for a in plant.search(Point(0, -5), distance=6.0)] == ["A-1", "B-1", "GD-1", "W-2"]
    assert [a.tag for a in plant.search(box(-15, 5, 15, 20), "tank")] == ["T-101", "T-102"]
    assert plant.search(Point(1e6, 0)) == ()


def test_an_empty_park_answers() -> None:
    park = twin.Twin([])
    assert (len(park), park.links(), park.network().components, park.search(Point(0, 0))) == (0, (), 0, ())
    with pytest.raises(LayoutError, match="no assets"):
        _ = park.bounds
    assert "0 assets" in park._repr_html_()


def test_networks_of_chosen_kinds(plant: twin.Twin) -> None:
    assert plant.network().components == 2
    assert plant.network("walkway").components == 1
    assert set(plant.network("road").tags) == {"R-1"}
    assert plant.network("pipe").length.tolist() == [6.0]
    assert plant.network("road") is plant.fork().network("road")  # topology is shared


def test_the_digest_is_of_the_content(plant: twin.Twin, write: Write) -> None:
    assert len(plant.digest) == 64
    assert twin.load_layout(write(PLANT, "other.geojson")).digest == plant.digest
    turned = copy.deepcopy(PLANT)
    ring = turned[2]["geometry"]["coordinates"][0]
    turned[2]["geometry"]["coordinates"] = [ring[2:] + ring[1:3]]  # the same square from another corner
    turned[2]["properties"]["pressure"] = "7 bar"
    turned[2]["properties"]["owner"] = "ACME"  # notes do not count
    assert twin.load_layout(write(turned)).digest == plant.digest
    for change in ({"pressure": "0.71 MPa"}, {"kind": "vessel"}, {"to": "XV-1"}):
        other = copy.deepcopy(PLANT)
        other[2]["properties"].update(change)
        assert twin.load_layout(write(other)).digest != plant.digest
    moved = {"parktwin": {**LOCAL["parktwin"], "anchor": [121.26, 30.75]}}
    assert twin.load_layout(write(PLANT, **moved)).digest != plant.digest


@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**32))
def test_the_digest_does_not_depend_on_the_order_of_features(plant: twin.Twin, seed: int) -> None:
    shuffled = list(plant)
    random.Random(seed).shuffle(shuffled)
    declared = [k for k in plant.links() if k.where]
    assert twin.Twin(shuffled, reversed(declared), site=plant.site).digest == plant.digest


def test_parks_travel_between_processes(plant: twin.Twin) -> None:
    plant.links()
    again = pickle.loads(pickle.dumps(plant))
    assert again.digest == plant.digest
    assert again.neighbours("XV-1") == plant.neighbours("XV-1")
    assert dict(again["T-101"].attributes) == dict(plant["T-101"].attributes)
    assert copy.deepcopy(plant["T-101"]).where == plant["T-101"].where


def test_the_card_shows_what_is_there(write: Write) -> None:
    features = copy.deepcopy(PLANT)
    features[3]["properties"]["presure"] = "<script>"
    park = twin.load_layout(write(features), name="<b>Plant</b>")
    html = park._repr_html_()
    assert "&lt;b&gt;Plant&lt;/b&gt;" in html
    assert "<script>" not in html
    assert "13 assets, 300 m × 200 m" in html
    assert "1 warning</summary>" in html
    assert html.count("<path") == 10  # six polygons; lines: P-1, W-1, W-2, R-1
    assert html.count("<circle") == 3
