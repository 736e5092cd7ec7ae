"""A small plant, written one feature a line so that line numbers can be counted by hand: feature n is on line n + 1."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import twin

Write = Callable[..., Path]


def feature(geometry_type: str, coordinates: Any, **properties: Any) -> dict[str, Any]:
    names = {"source_": "from"}
    return {
        "type": "Feature",
        "properties": {names.get(key, key): value for key, value in properties.items()},
        "geometry": {"type": geometry_type, "coordinates": coordinates},
    }


def box(x: float, y: float, width: float, height: float) -> list[list[list[float]]]:
    return [[[x, y], [x + width, y], [x + width, y + height], [x, y + height], [x, y]]]


PLANT = [
    feature("Polygon", box(-150, -100, 300, 200), tag="A-1", kind="area", name="氯碱装置"),
    feature("Polygon", box(-20, 0, 40, 30), tag="B-1", kind="bund", height="1.2 m"),
    feature("Polygon", box(-12, 8, 10, 10), tag="T-101", kind="tank", substance="chlorine", pressure="0.7 MPa",
            temperature="20 degC", volume="60 m3", level="80 %"),
    feature("Polygon", box(4, 8, 10, 10), tag="T-102", kind="tank", substance="chlorine"),
    feature("LineString", [[-2, 13], [4, 13]], tag="P-1", kind="pipe", diameter="80 mm", source_="T-101", to="XV-1"),
    feature("Point", [4, 13], tag="XV-1", kind="valve", isolates="T-102", to="T-102"),
    feature("Point", [0, -5], tag="GD-1", kind="detector", gas="chlorine", range_high="30 mg/m^3",
            monitors=["T-101", "T-102"]),
    feature("LineString", [[-100, -20], [100, -20]], tag="W-1", kind="walkway", width="2 m"),
    feature("LineString", [[0, -20.3], [0, 40]], tag="W-2", kind="walkway"),
    feature("Polygon", box(-130, -25, 10, 10), tag="MP-1", kind="muster_point", capacity=50),
    feature("Polygon", box(60, 20, 30, 20), tag="CR-1", kind="control_room", height="6 m"),
    feature("LineString", [[-140, -60], [140, -60]], tag="R-1", kind="road"),
    feature("Point", [120, 60], tag="WM-1", kind="wind_mast"),
]  # fmt: skip
LOCAL = {"parktwin": {"frame": "local", "name": "Plant", "anchor": [121.25, 30.75]}}


def text_of(features: list[Any], **members: Any) -> str:
    head = {"type": "FeatureCollection", **members}
    start = json.dumps(head, ensure_ascii=False)[:-1]
    rows = ",\n".join(json.dumps(f, ensure_ascii=False) for f in features)
    return f'{start}, "features": [\n{rows}\n]}}\n'


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write features to a layout file, by default in local metres; `members` replaces that."""

    def write(features: list[Any], name: str = "plant.geojson", **members: Any) -> Path:
        path = tmp_path / name
        path.write_text(text_of(features, **(members or LOCAL)), encoding="utf-8")
        return path

    return write


@pytest.fixture
def plant(write: Write) -> twin.Twin:
    return twin.load_layout(write(PLANT))
