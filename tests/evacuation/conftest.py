"""Small parks drawn in the tests, and gas that is a formula."""

from __future__ import annotations

import csv
import importlib.util
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import twin

Feature = dict[str, Any]


def _feature(tag: str, kind: str, shape: Sequence[Any], **attributes: str) -> Feature:
    """A point (x, y), a line [(x, y), ...] or a polygon [[(x, y), ...]] in local metres."""
    if isinstance(shape[0], (int, float)):
        geometry = {"type": "Point", "coordinates": list(shape)}
    elif isinstance(shape[0][0], (int, float)):
        geometry = {"type": "LineString", "coordinates": [list(p) for p in shape]}
    else:
        geometry = {"type": "Polygon", "coordinates": [[list(p) for p in ring] for ring in shape]}
    return {"type": "Feature", "geometry": geometry, "properties": {"tag": tag, "kind": kind, **attributes}}


def _box(x: float, y: float, size: float) -> list[list[tuple[float, float]]]:
    half = size / 2.0
    corners = [(x - half, y - half), (x + half, y - half), (x + half, y + half), (x - half, y + half)]
    return [[*corners, corners[0]]]


@pytest.fixture
def feature() -> Callable[..., Feature]:
    return _feature


@pytest.fixture
def box() -> Callable[..., Any]:
    return _box


@pytest.fixture(scope="session")
def reference() -> ModuleType:
    """The plain queue network."""
    spec = importlib.util.spec_from_file_location("evacuation_reference", Path(__file__).parent / "reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["evacuation_reference"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def table() -> dict[str, dict[str, str]]:
    """Published and hand-calculated values by id."""
    with (Path(__file__).parents[1] / "validation" / "evacuation.csv").open(encoding="utf-8") as file:
        return {row["id"]: row for row in csv.DictReader(file)}


@pytest.fixture
def draw(tmp_path: Path) -> Callable[..., twin.Twin]:
    """Make a park of features."""

    def make(*features: Feature) -> twin.Twin:
        frame = {"frame": "local", "name": "test"}
        path = tmp_path / "park.geojson"
        path.write_text(json.dumps({"type": "FeatureCollection", "parktwin": frame, "features": list(features)}))
        return twin.load_layout(path)

    return make


@pytest.fixture
def park(draw: Callable[..., twin.Twin]) -> twin.Twin:
    """A road 400 m long with a muster point at either end, a building, a yard and an island without ways."""
    return draw(
        _feature("RD-1", "road", [(0, 0), (200, 0), (400, 0)], width="4 m"),
        _feature("WK-1", "walkway", [(200, 0), (200, 100)], width="2 m"),
        _feature("MP-W", "muster_point", (-10, 0)),
        _feature("MP-E", "muster_point", (410, 0)),
        _feature("CR-1", "control_room", _box(200, 120, 20), air_changes="0.5 1/h", air_changes_sheltered="0.1 1/h"),
        _feature("YD-1", "area", _box(100, 30, 40)),
        _feature("IS-1", "area", _box(2000, 2000, 10)),
    )


class Uniform:
    """The same concentration everywhere, from one time to another."""

    def __init__(self, concentration: float, start: float = 0.0, stop: float = np.inf) -> None:
        self.value, self.start, self.stop, self.calls = concentration, start, stop, 0

    def concentration(self, x: Any, y: Any, z: Any, t: Any) -> np.ndarray:
        self.calls += 1
        x, y, z, t = np.broadcast_arrays(x, y, z, t)
        return np.where((t >= self.start) & (t < self.stop), self.value, 0.0) + 0.0 * x


@pytest.fixture
def uniform() -> type[Uniform]:
    return Uniform


@pytest.fixture
def weather() -> twin.Weather:
    return twin.Weather(wind_speed=3.0, wind_from=270.0, wind_height=10.0, stability="D", roughness_length=0.1)
