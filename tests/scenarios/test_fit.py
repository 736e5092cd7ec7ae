"""A scenario meets a park: what is missing is named, with the line and the nearest thing there is."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import scenarios
import twin

STORY = Path(__file__).parents[1] / "stories" / "jurong"

# what the scenario says -> instead, severity, words of the message, words of the mend
MISFITS = {
    "no such asset": ("at: LB-101", "at: LB-110", "error", "no asset 'LB-110'", "LB-1"),
    "no such valve": ("isolated_by: [XV-12]", "isolated_by: [XV-99]", "error", "no valve 'XV-99'", "XV-"),
    "not a valve": (
        "isolated_by: [XV-12]",
        "isolated_by: [GD-101]",
        "error",
        "'GD-101' is a detector, not a valve",
        "",
    ),
    "no such place": ("at: BD-CELL", "at: BD-SELL", "error", "no place 'BD-SELL'", "'BD-CELL'"),
    "people in a detector": ("at: BD-CELL", "at: GD-101", "error", "people cannot start", ""),
    "indoors in the open": ("at: BD-CELL", "at: A-CHLOR", "error", "without air_changes", "indoors: 0"),
    "unknown substance": ("substance: chlorine", "substance: clorine", "error", "clorine", "chlorine"),
    "other substance": ("substance: chlorine", "substance: ammonia", "warning", "holds chlorine", ""),
    "hole in another substance": (
        "kind: rate\n    substance: chlorine\n    at: LB-101\n    start: 1 min\n    mass_rate: 0.5 kg/s",
        "kind: liquid_hole\n    substance: ammonia\n    at: T-101\n    start: 1 min\n    hole_diameter: 10 mm",
        "error",
        "holds chlorine",
        "",
    ),
    "gas out of a liquid": (
        "kind: rate\n    substance: chlorine\n    at: LB-101\n    start: 1 min\n    mass_rate: 0.5 kg/s",
        "kind: gas_hole\n    substance: chlorine\n    at: T-101\n    start: 1 min\n    hole_diameter: 10 mm",
        "error",
        "is liquid at",
        "liquid_leak",
    ),
    "harm unknown": ("substance: chlorine", "substance: propane", "error", "no probit is known for propane", ""),
    "height unknown": ("at: LB-101", "at: BD-DORM", "error", "says no release_height", "give the release a height"),
    "two gases": (
        "population:\n",
        "  - {id: R2, kind: rate, substance: ammonia, at: T-111, start: 1 min, mass_rate: 1 kg/s, duration: 9 min}\n"
        "population:\n",
        "error",
        "releases of chlorine and ammonia in one drill",
        "one scenario a substance",
    ),
    "starts too late": ("start: 1 min", "start: 40 min", "error", "after the horizon", "earlier"),
    "no pressure": (
        "kind: rate\n    substance: chlorine\n    at: LB-101\n    start: 1 min\n    mass_rate: 0.5 kg/s",
        "kind: gas_hole\n    substance: chlorine\n    at: T-111\n    start: 1 min\n    hole_diameter: 10 mm",
        "error",
        "says no pressure",
        "add 'pressure'",
    ),
    "no such detector": ("anchor: detection.first", "anchor: GD-999.alarm_1", "error", "no detector 'GD-999'", "GD-"),
    "valve without remote": ("target: [XV-12]", "target: [XV-32]", "warning", "cannot be closed from", "manual_close"),
    "no such model": ("meta:", "model: {name: gausian_puff}\nmeta:", "error", "no dispersion model", "gaussian_puff"),
    "stuck for ever": (
        "plan:\n",
        "initial_state: [{fail: XV-12, mode: stuck_open}]\nplan:\n",
        "warning",
        "no step closes it by hand",
        "manual_close",
    ),
    "dead witness": (
        "when: detection.first",
        "when: GD-101.alarm_1",
        "error",
        "'GD-101' is dead",
        "another detector",
    ),
    "zone unknown": (
        "  - {id: A1, isolate: 1 min}",
        "  - {id: A1, orders: [{action: shelter, zones: [VL-WETS], at: 1 min}]}",
        "error",
        "no place 'VL-WETS'",
        "VL-WEST",
    ),
    "zone empty": (
        "  - {id: A1, isolate: 1 min}",
        "  - {id: A1, orders: [{action: shelter, zones: [VL-WEST], at: 1 min}]}",
        "warning",
        "reaches nobody",
        "",
    ),
    "muster unknown": (
        "  - {id: A1, isolate: 1 min}",
        "  - {id: A1, orders: [{action: evacuate, at: 1 min, muster: MP-77}]}",
        "error",
        "no muster point 'MP-77'",
        "MP-",
    ),
}


def made(tmp_path: Path, text: str) -> scenarios.Scenario:
    file = tmp_path / "drill.yaml"
    file.write_text(text, encoding="utf-8")
    return scenarios.load(file)


def test_the_small_drill_fits(tmp_path, small, park):
    assert scenarios.fit(made(tmp_path, small), park) == ()


@pytest.mark.parametrize("name", MISFITS)
def test_misfits(name, tmp_path, small, park):
    right, wrong, severity, words, mend = MISFITS[name]
    assert right in small
    text = small.replace(right, wrong, 1)
    if name == "valve without remote":
        text = text.replace("valve.closed:XV-12", "valve.closed:XV-32")
    if name == "dead witness":
        text = text.replace("plan:\n", "initial_state: [{fail: GD-101, mode: dead}]\nplan:\n")
    found = scenarios.fit(made(tmp_path, text), park)
    hits = [p for p in found if words in p.what and mend in p.fix and p.severity == severity]
    assert hits, [str(p) for p in found]
    assert all("drill.yaml:" in p.where for p in found)
    assert [p.severity for p in found] == sorted((p.severity for p in found), key=["error", "warning"].index)


def test_a_park_without_a_detector_for_the_gas(tmp_path, small, park):
    text = small.replace("substance: chlorine", "substance: hydrogen sulfide").replace("at: LB-101", "at: T-111")
    (problem,) = scenarios.fit(made(tmp_path, text), park)
    assert "no detector for hydrogen sulfide" in problem.what
    far = small.replace("at: LB-101", "at: BD-DORM")
    assert any("the nearest detector" in p.what for p in scenarios.fit(made(tmp_path, far), park))


def test_the_real_tank_farm(tmp_path, jurong_tanks):
    for file in STORY.iterdir():
        shutil.copy(file, tmp_path)
    shutil.copy(jurong_tanks, tmp_path)
    assert scenarios.check(tmp_path / "jurong-tank-leak.yaml") == ()
    drill = scenarios.load(tmp_path / "jurong-tank-leak.yaml")
    files = scenarios.layout_files(drill)
    farm = twin.load_layout(*files.paths, mapping=files.mapping)
    assert len(farm.assets("tank")) == 1049
    assert scenarios.fit(drill, farm) == ()
    tanks = [tank.shape for tank in farm.assets("tank")]
    for kind in ("building", "control_room", "area", "muster_point", "walkway", "road"):
        for asset in farm.assets(kind):
            assert min(asset.shape.distance(tank) for tank in tanks) > 15.0, asset.tag
