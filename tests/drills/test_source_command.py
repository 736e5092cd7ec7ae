"""The command ``parktwin source``: table, JSON, pictures, and one clear error for whatever a user types."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from drills.cli import app
from twin.errors import TwinError


def _ask(*words: str, code: int = 0) -> Any:
    answer = CliRunner().invoke(app, ["source", "lantern-bay", *words], env={"COLUMNS": "80"})
    assert answer.exit_code == code, (answer.stdout, answer.stderr, answer.exception)
    return answer


def test_the_table_fits_80_columns_and_tells_its_assumptions() -> None:
    text = _ask("P-101", "--hole", "25mm", "--isolate-at", "180s").stdout
    assert max(map(len, text.splitlines())) <= 80
    for word in ("regime frozen", "XV-13 told to shut", "assumed wind: 3 m/s", "note: ", "released"):
        assert word in text
    assert "assumed ground" not in text  # nothing lies on it


def test_json_is_one_object_in_si_units() -> None:
    facts = json.loads(_ask("T-201", "--hole", "25 mm", "--duration", "10min", "--wind", "5 m/s", "--json").stdout)
    assert (facts["tag"], facts["regime"], facts["substance"]["name"]) == ("T-201", "frozen", "ammonia")
    assert facts["balance"] < 1e-9
    assert facts["edges"][-1] == 600.0
    assert len(facts["mass_rates"]) == len(facts["edges"]) - 1 == len(facts["states"]) - 1
    parts = sum(mass for name, mass in facts["masses"].items() if name != "released")
    assert parts == pytest.approx(facts["masses"]["released"], rel=1e-9)
    assert facts["pool"]["lowest_temperature"] < 240.0
    assert "wind" not in facts["assumed"]
    assert {"duration", "ground_temperature"} & set(facts["assumed"]) == {"ground_temperature"}


@pytest.mark.parametrize("angle", ["90deg", "-90 deg", "0deg", "1.5 rad"])
def test_a_jet_may_point_anywhere_up_or_down(angle: str) -> None:
    assert json.loads(_ask("P-102", "--hole", "25mm", "--elevation", angle, "--json").stdout)["regime"] == "gas"


def test_valves_are_told_and_one_may_fail() -> None:
    shut, failed = (
        json.loads(_ask("P-101", "--hole", "25mm", "--isolate-at", "60s", "--json", *more).stdout)
        for more in ((), ("--failed", "XV-12"))
    )
    assert failed["section"]["failed"] == ["XV-12"]
    assert failed["masses"]["released"] > 10.0 * shut["masses"]["released"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("X-1", "--hole", "25mm"), "there is no asset 'X-1'"),
        (("P-101", "--hole", "25"), "--hole: '25' has no unit"),
        (("P-101", "--hole", "25 s"), "--hole"),
        (("P-101", "--hole", "big"), "--hole"),
        (("P-101", "--hole", "0 mm"), "hole_diameter is 0.0"),
        (("P-101", "--hole", "100 mm"), "up to 0.05 m"),
        (("P-101", "--hole", "25mm", "--elevation", "100deg"), "elevation"),
        (("P-101", "--hole", "25mm", "--duration", "0 s"), "until is 0.0"),
        (("P-101", "--hole", "25mm", "--regime", "frozn"), "did you mean 'frozen'"),
        (("P-101", "--hole", "25mm", "--rain-out", "none"), "no rain-out method 'none'"),
        (("P-101", "--hole", "25mm", "--failed", "XV-99"), "no valve 'XV-99'"),
        (("T-201", "--hole", "25mm", "--ground", "lava"), "lava"),
        (("T-201", "--hole", "25mm", "--height", "30 m"), "up to 18 m"),
        (("T-201", "--hole", "25mm", "--air-pressure", "1 Pa"), "air_pressure is 1.0"),
        (("T-111", "--hole", "25mm"), "without a substance"),
        (("XV-12", "--hole", "25mm"), "without a substance"),
        (("P-101", "--hole", "25mm", "--picture", "leak.pdf"), "end its name in .png"),
    ],
)
def test_a_fault_is_one_line_and_one_object(words: tuple[str, ...], said: str) -> None:
    answer = _ask(*words, "--json", code=2)
    assert said in answer.stderr
    assert answer.stderr.startswith("error: ")
    fault = json.loads(answer.stdout)
    assert said in fault["error"]
    assert all(problem["fix"] for problem in fault["problems"])


def test_a_layout_that_is_not_there() -> None:
    answer = CliRunner().invoke(app, ["source", "lantern-bey", "P-101", "--hole", "25mm"])
    assert answer.exit_code == 2
    assert "lantern-bay" in answer.stderr


def test_the_picture_is_whole_or_not_there(tmp_path: Path) -> None:
    place = tmp_path / "leak.png"
    _ask("P-101", "--hole", "25mm", "--picture", str(place))
    assert place.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert [path.name for path in tmp_path.iterdir()] == ["leak.png"]
    answer = _ask("P-101", "--hole", "25mm", "--picture", str(tmp_path / "no" / "leak.png"), code=2)
    assert "No such file" in answer.stderr


@pytest.mark.slow
def test_every_asset_of_the_park_answers_or_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    import drills.sources as room

    park = room.open_park(["lantern-bay"], [])
    monkeypatch.setattr(room, "open_park", lambda *_: park)
    answered, refused = set(), {}
    for asset in park.assets():
        for hole, words in (("5 mm", {}), ("90 mm", {"isolate_at": "60 s"}), ("25 mm", {"height": "3.3 m"})):
            try:
                found, assumed = room.source_from_words(["lantern-bay"], asset.tag, hole=hole, words=words)
            except TwinError as error:
                refused[asset.tag, hole] = error
                continue
            facts = room.source_facts(found, assumed)
            assert facts["balance"] < 1e-9
            json.dumps(facts, allow_nan=False)
            answered.add(asset.tag)
    assert {"LB-101", "T-101", "P-102", "T-201", "V-201", "V-401", "GH-301", "P-301"} <= answered
    assert all(problem.fix for error in refused.values() for problem in error.problems)
