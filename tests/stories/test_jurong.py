"""A drill on a real tank farm: 1,049 tanks from a foreign file, people and ways merged onto it, through the command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from drills.cli import app
from twin.loading import load_layout

HERE = Path(__file__).parent / "jurong"
TANKS = Path(__file__).parents[3] / "shared" / "validation" / "layouts" / "osm_tanks_jurong_island_sg.min.geojson"

pytestmark = pytest.mark.skipif(not TANKS.is_file(), reason="the tank farm is not part of the project")


def test_the_file_loads_unedited_and_remembers_its_mapping() -> None:
    park = load_layout(TANKS, HERE / "people.geojson", mapping=HERE / "tanks.map.yaml")
    assert len(park.assets("tank")) == 1049
    assert park.assets("muster_point")
    assert "tank_id" in park.sources[0].mapping
    # the whole island is some 10 km wide
    west, south, east, north = park.bounds
    assert 5e3 < east - west < 15e3
    assert 5e3 < north - south < 15e3


def test_a_drill_runs_on_it(tmp_path) -> None:
    told = CliRunner().invoke(
        app,
        [
            *("run", str(HERE / "jurong-tank-leak.yaml"), "--json", "--out", str(tmp_path / "out")),
            *("--layout", str(TANKS), "--layout", str(HERE / "people.geojson"), "--map", str(HERE / "tanks.map.yaml")),
        ],
    )
    assert told.exit_code == 0, told.output
    result = json.loads(told.stdout)
    assert result["scores"]["grade"] in "PSMU"
    for name in ("result.h5", "events.jsonl", "report.html", "footprint.png", "evacuation.png"):
        assert (tmp_path / "out" / name).stat().st_size > 0
