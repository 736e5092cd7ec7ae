"""The command line as a user meets it: exit codes, what goes to which stream, folders whole or not there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from drills import folder as folder_room
from drills.cli import app
from drills.folder import RESULT_FILES, result_folder
from scenarios.shelves import library_path
from twin.errors import TwinError

_LIBRARY = Path(__file__).parents[2] / "scenarios" / "library"
_PARKS = Path(__file__).parents[2] / "plant_models" / "park_files"
_DRILL = "chlorine-hose-night"


def _ask(*words: str, code: int = 0) -> Any:
    """Run the command in this process and expect an exit code."""
    answer = CliRunner().invoke(app, list(words))
    assert answer.exit_code == code, (answer.stdout, answer.stderr, answer.exception)
    return answer


def _shell(*words: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Run the command in a process of its own, not on a terminal."""
    return subprocess.run(
        [sys.executable, "-c", "from drills.cli import main; main()", *words],
        capture_output=True,
        cwd=cwd,
        check=False,
        stdin=subprocess.DEVNULL,
        env={**os.environ, **environment},
    )


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[bytes]]:
    """One drill from the command line, kept for all tests of this file."""
    place = tmp_path_factory.mktemp("run")
    return place, _shell("run", _DRILL, "--seed", "7", "--out", "out", cwd=place, LANG="C", LC_ALL="C")


# --- a run


def test_a_run_leaves_its_files_and_names_the_folder_last(played: tuple[Path, Any]) -> None:
    place, answer = played
    assert answer.returncode == 0, answer.stderr.decode()
    assert answer.stdout.decode().splitlines()[-1] == "out"
    files = {path.name for path in (place / "out").iterdir()}
    assert {"result.h5", "footprint.png", "evacuation.png", "report.html", "events.jsonl"} <= files <= set(RESULT_FILES)
    assert [path.name for path in place.iterdir()] == ["out"]  # nothing half-written beside it


def test_a_run_that_is_piped_is_plain_text_of_80_columns(played: tuple[Path, Any]) -> None:
    _, answer = played
    assert b"\x1b" not in answer.stdout + answer.stderr
    import unicodedata

    for line in answer.stdout.decode().splitlines():
        assert sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line) <= 80
    assert b"dispersion ..." in answer.stderr  # stages go to stderr, the answer to stdout


def test_the_report_of_a_run_has_pictures_and_all_sections(played: tuple[Path, Any]) -> None:
    html = (played[0] / "out" / "report.html").read_text(encoding="utf-8")
    assert html.count("data:image/png;base64,") == 3
    for heading in ("时间线", "影响范围", "评估项目", "后果对比", "模型与数据", "改进计划", "事件日志"):
        assert heading in html
    assert "nan" not in html.replace("nance", "").lower().split("<style>")[0]


def test_the_report_is_written_again_from_the_folder(played: tuple[Path, Any], tmp_path: Path) -> None:
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(played[0] / "out", copy)
    before = (copy / "report.html").read_bytes()
    (copy / "report.html").unlink()
    answer = _ask("report", str(copy))
    assert answer.stdout.strip() == str(copy / "report.html")
    assert (copy / "report.html").read_bytes() == before


def test_a_changed_log_is_not_reported(played: tuple[Path, Any], tmp_path: Path) -> None:
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(played[0] / "out", copy)
    lines = (copy / "events.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    (copy / "events.jsonl").write_text("".join(lines[:-2] + lines[-1:]), encoding="utf-8")
    answer = _ask("report", str(copy), code=2)
    assert "hash chain is broken" in answer.stderr


@pytest.mark.slow
def test_the_same_seed_gives_the_same_files(played: tuple[Path, Any], tmp_path: Path) -> None:
    again = _shell("run", _DRILL, "--seed", "7", "--out", "out", cwd=tmp_path)
    assert again.returncode == 0, again.stderr.decode()
    for name in sorted(path.name for path in (played[0] / "out").iterdir()):
        assert (tmp_path / "out" / name).read_bytes() == (played[0] / "out" / name).read_bytes(), name


@pytest.mark.slow
def test_json_is_one_object_and_nothing_else(tmp_path: Path) -> None:
    answer = _shell("run", _DRILL, "--team", "idle", "--json", cwd=tmp_path)
    assert answer.returncode == 0, answer.stderr.decode()
    told = json.loads(answer.stdout)
    assert (told["team"], told["scenario"]["id"]) == ("idle", _DRILL)
    assert told["folder"] == f"parktwin-run/{_DRILL}"  # the default place
    assert (tmp_path / told["folder"] / "result.h5").exists()
    assert answer.stderr == b""


@pytest.mark.slow
def test_the_demo_replaces_its_own_folder_and_no_other(tmp_path: Path) -> None:
    assert _shell("demo", cwd=tmp_path).returncode == 0
    assert _shell("demo", "--seed", "3", cwd=tmp_path).returncode == 0
    (tmp_path / "parktwin-demo" / "notes.txt").write_text("mine", encoding="utf-8")
    third = _shell("demo", cwd=tmp_path)
    assert third.returncode == 2
    assert b"not ours: notes.txt" in third.stderr
    assert (tmp_path / "parktwin-demo" / "notes.txt").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("team", ["committee", ""])
def test_an_unknown_team_is_refused(team: str) -> None:
    assert "plan" in _ask("run", _DRILL, "--team", team, code=2).stderr


def test_a_negative_seed_is_refused(tmp_path: Path) -> None:
    answer = _ask("run", _DRILL, "--seed", "-1", "--out", str(tmp_path / "out"), code=2)
    assert "--seed" in answer.stderr
    assert not (tmp_path / "out").exists()


def test_an_unknown_scenario_is_answered_with_near_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    answer = _ask("run", "chlorine-hose-nite", code=2)
    assert "chlorine-hose-night" in answer.stderr
    assert "Traceback" not in answer.stderr
    assert answer.stdout == ""
    assert list(tmp_path.iterdir()) == []


def test_a_mapping_without_layouts_is_refused(tmp_path: Path) -> None:
    answer = _ask("run", _DRILL, "--map", str(tmp_path / "m.yaml"), code=2)
    assert "mapping" in answer.stderr


def test_a_layout_that_does_not_fit_names_the_missing_tags(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    square = [[[0, 0], [9, 0], [9, 9], [0, 9], [0, 0]]]
    _write_layout(tmp_path / "other.geojson", {"type": "Polygon", "coordinates": square})
    answer = _ask("run", _DRILL, "--layout", "other.geojson", code=2)
    assert "LB-101" in answer.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["other.geojson"]


def test_an_interrupt_leaves_nothing_and_ends_with_130(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from drills import run

    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(run, "run_drill", interrupted)
    _ask("run", _DRILL, code=130)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_an_error_of_the_system_is_a_message(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    answer = _ask("run", _DRILL, "--out", str(tmp_path / "file" / "out"), code=2)
    assert "error:" in answer.stderr


# --- the other commands


def test_help_and_version() -> None:
    assert {"demo", "run", "list", "check", "schema", "doctor", "report"} <= set(_ask("--help").stdout.split())
    from importlib.metadata import version

    assert _ask("--version").stdout == f"parktwin {version('parktwin')}\n"


@pytest.mark.parametrize("words", [("frobnicate",), ("run",), ("run", _DRILL, "--loud"), ("check",), ("report",)])
def test_a_wrong_command_line_ends_with_2(words: tuple[str, ...]) -> None:
    assert "Traceback" not in _ask(*words, code=2).stderr


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys, drills.cli; print(sorted({'numpy', 'pydantic', 'matplotlib', 'rich', 'h5py'} & set(sys.modules)))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_list() -> None:
    told = json.loads(_ask("list", "--json").stdout)
    assert {path.stem for path in _LIBRARY.glob("*.yaml")} == {row["id"] for row in told["scenarios"]}
    assert {path.stem for path in _PARKS.glob("*.geojson")} == set(told["parks"])
    assert {"gaussian_plume", "gaussian_puff"} <= set(told["models"])
    assert _DRILL in _ask("list").stdout


def test_schema_is_json_schema(tmp_path: Path) -> None:
    from jsonschema import Draft202012Validator

    told = json.loads(_ask("schema").stdout)
    Draft202012Validator.check_schema(told)
    assert _ask("schema", "--out", str(tmp_path / "s.json")).stdout.strip() == str(tmp_path / "s.json")
    assert json.loads((tmp_path / "s.json").read_text(encoding="utf-8")) == told
    _ask("schema", "--out", str(tmp_path / "no" / "s.json"), code=2)


def test_doctor_tells_in_both_forms(monkeypatch: pytest.MonkeyPatch) -> None:
    from drills import doctor as room

    found = (
        room.Check("python", "ok", "CPython"),
        room.Check("font", "warn", "none found", "install one"),
        room.Check("numpy", "fail", "is not installed", "pip install numpy"),
    )
    monkeypatch.setattr(room, "doctor", lambda: found)
    answer = _ask("doctor", code=1)
    assert "-> pip install numpy" in answer.stdout
    assert "1 ok, 1 warning, 1 failure" in answer.stdout
    told = json.loads(_ask("doctor", "--json", code=1).stdout)
    assert (told["ok"], [c["status"] for c in told["checks"]]) == (False, ["ok", "warn", "fail"])
    monkeypatch.setattr(room, "doctor", lambda: found[:2])  # a warning is no failure
    _ask("doctor", code=0)


@pytest.mark.parametrize(
    "path", [*sorted(_LIBRARY.glob("*.yaml")), *sorted(_PARKS.glob("*.geojson"))], ids=lambda p: p.stem
)
def test_what_is_shipped_has_no_errors(path: Path) -> None:
    told = json.loads(_ask("check", str(path), "--json").stdout)
    assert told["errors"] == 0, told["problems"]


def _write_layout(path: Path, geometry: dict[str, Any], **properties: str) -> None:
    feature = {"type": "Feature", "properties": {"tag": "BD-1", "kind": "building", **properties}, "geometry": geometry}
    tree = {"type": "FeatureCollection", "parktwin": {"frame": "local", "name": "other"}, "features": [feature]}
    path.write_text(json.dumps(tree), encoding="utf-8")


def test_check_names_every_problem_of_every_file(tmp_path: Path) -> None:
    square = [[[0, 0], [9, 0], [9, 9], [0, 9], [0, 0]]]
    _write_layout(tmp_path / "a.geojson", {"type": "Polygon", "coordinates": square}, height="9 kg")
    text = (_LIBRARY / f"{_DRILL}.yaml").read_text(encoding="utf-8")
    (tmp_path / "b.yaml").write_text(text.replace("mass_rate: 2.0 kg/s", "mass_rate: 2.0"), encoding="utf-8")
    answer = _ask(
        "check", str(tmp_path / "a.geojson"), str(tmp_path / "b.yaml"), str(tmp_path / "gone.yaml"), "--json", code=2
    )
    told = json.loads(answer.stdout)
    where = "\n".join(problem["where"] for problem in told["problems"] if problem["severity"] == "error")
    assert told["errors"] >= 3
    for name in ("a.geojson", "b.yaml", "gone.yaml"):
        assert name in where
    plain = _ask("check", str(tmp_path / "b.yaml"), code=2)
    assert "2.0" in plain.stdout
    assert "b.yaml:" in plain.stdout


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.yaml", b""),
        ("empty.geojson", b""),
        ("binary.yaml", bytes(range(256)) * 8),
        ("binary.geojson", bytes(range(256)) * 8),
        ("list.yaml", b"- 1\n- 2\n"),
        ("other.json", b'{"schema": "something/9"}'),
        ("deep.json", b"[" * 5000),
        ("picture.png", b"\x89PNG"),
        ("none", b"hello"),
    ],
)
def test_a_wrong_file_is_a_problem_not_a_traceback(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    answer = _ask("check", str(tmp_path / name), "--json", code=2)
    told = json.loads(answer.stdout)
    assert told["errors"] >= 1
    assert all(problem["what"] for problem in told["problems"])
    _ask("run", str(tmp_path / name), "--out", str(tmp_path / "out"), code=2)
    assert not (tmp_path / "out").exists()


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    assert "folder" in _ask("check", str(tmp_path), code=2).stdout
    assert "drill.json is missing" in _ask("report", str(tmp_path), code=2).stderr


def test_a_scenario_is_checked_against_the_layout_beside_it(tmp_path: Path) -> None:
    square = [[[0, 0], [9, 0], [9, 9], [0, 9], [0, 0]]]
    _write_layout(tmp_path / "other.geojson", {"type": "Polygon", "coordinates": square})
    answer = _ask("check", str(tmp_path / "other.geojson"), str(_LIBRARY / f"{_DRILL}.yaml"), code=2)
    assert "LB-101" in answer.stdout


# --- the folder of results


def test_a_folder_appears_when_it_is_complete(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "out"
    with result_folder(target) as partial:
        (partial / "report.html").write_text("new", encoding="utf-8")
        assert not target.exists()
    assert (target / "report.html").read_text(encoding="utf-8") == "new"
    assert [path.name for path in target.parent.iterdir()] == ["out"]


def test_what_was_there_stays_until_then_and_when_it_fails(tmp_path: Path) -> None:
    target = tmp_path / "out"
    target.mkdir()
    (target / "report.html").write_text("old", encoding="utf-8")

    def fail() -> None:
        with result_folder(target) as partial:
            (partial / "report.html").write_text("new", encoding="utf-8")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert (target / "report.html").read_text(encoding="utf-8") == "old"
    with result_folder(target) as partial:
        (partial / "events.jsonl").write_text("new", encoding="utf-8")
        assert (target / "report.html").exists()
    assert [path.name for path in target.iterdir()] == ["events.jsonl"]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_move_that_fails_brings_the_old_folder_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "out"
    target.mkdir()
    (target / "report.html").write_text("old", encoding="utf-8")
    rename = Path.rename

    def broken(self: Path, to: Path) -> Path:
        if self.suffix == ".part":
            raise OSError("no")
        return rename(self, to)

    monkeypatch.setattr(folder_room.Path, "rename", broken)
    with pytest.raises(OSError, match="no"), result_folder(target):
        pass
    assert (target / "report.html").read_text(encoding="utf-8") == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_folder_of_somebody_else_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(TwinError, match=r"not ours: thesis\.txt"), result_folder(tmp_path / "out"):
        pass
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(TwinError, match="a file stands"), result_folder(tmp_path / "file"):
        pass


def test_the_working_directory_is_not_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(TwinError, match="working directory"), result_folder("."):
        pass


def test_a_fault_is_one_object_too(tmp_path) -> None:
    told = CliRunner().invoke(app, ["run", "nope", "--json", "--out", str(tmp_path / "out")])
    assert told.exit_code == 2
    found = json.loads(told.stdout)
    assert "nope" in found["error"]
    assert found["problems"][0]["fix"]
    assert not (tmp_path / "out").exists()


def test_check_tries_the_settings_of_the_model(tmp_path) -> None:
    text = (library_path() / "chlorine-hose-night.yaml").read_text(encoding="utf-8")
    file = tmp_path / "mine.yaml"
    file.write_text(text.replace("averaging_time: 10 min", "averaging_tim: 10 min"), encoding="utf-8")
    told = CliRunner().invoke(app, ["check", str(file)])
    assert told.exit_code == 2
    assert "did you mean 'averaging_time'" in told.output
    line = text[: text.index("averaging_time: 10 min")].count("\n") + 1
    assert f"mine.yaml:{line}" in told.output
