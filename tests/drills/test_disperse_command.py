"""The command ``parktwin disperse``: tables, JSON, pictures, maps, and one clear error for whatever a user types."""

from __future__ import annotations

import json
import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from drills.cli import app

LEAK = ("--hole", "25mm", "--wind", "3m/s", "--from", "250")
PUFFS = ("--stability", "D", "--model", "gaussian_puff")
PLACE = ("--anchor", "121.5,31.2")


def _ask(*words: str, code: int = 0) -> Any:
    answer = CliRunner().invoke(app, ["disperse", "lantern-bay", *words], env={"COLUMNS": "80"})
    assert answer.exit_code == code, (answer.stdout, answer.stderr, answer.exception)
    return answer


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    """One leak of ammonia with every output."""
    folder = tmp_path_factory.mktemp("cloud")
    names = {
        "picture": "p.png",
        "section": "s.png",
        "series": "h.png",
        "gif": "f.gif",
        "geojson": "z.json",
        "kml": "z.kml",
    }
    files = [word for option, name in names.items() for word in (f"--{option}", str(folder / name))]
    more = (
        "--duration",
        "10min",
        "--time",
        "2026-07-01T14:00+08:00",
        "--at-points",
        "CR-0",
        "--at-points",
        "400m, 330m, 2m",
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("drills.dispersal._FRAMES", 5)  # a film of forty takes most of the time of this file
        answer = _ask("V-201", *LEAK, *PUFFS, *PLACE, *more, *files, "--json")
    return json.loads(answer.stdout), folder


def test_json_is_one_object_in_si_units(told: tuple[dict[str, Any], Path]) -> None:
    facts, _ = told
    assert (facts["tag"], facts["model"]["asked"], facts["model"]["used"]) == ("V-201", *["gaussian_puff"] * 2)
    assert (facts["averaging_time"], facts["height"], facts["weather"]["stability"]) == (600.0, 1.5, "D")
    assert facts["emission"]["mass"] == pytest.approx(sum(release["mass"] for release in facts["releases"]))
    assert facts["releases"][0]["jet_velocity"] > 0.0  # the release carries its jet
    zones = {zone["threshold"]: zone for zone in facts["zones"]}
    names = ["AEGL-1", "AEGL-2", "AEGL-3", "ERPG-1", "ERPG-2", "ERPG-3", "IDLH", "LFL", "LFL/2"]
    assert list(zones) == names
    # an emission of 10 min is covered by the AEGLs of 10 min: NRC 2008, vol. 6
    assert [(zones[n]["duration"], zones[n]["ppm"]) for n in names[:3]] == [(600.0, p) for p in (30.0, 220.0, 2700.0)]
    # by hand: 220 ppm of ammonia, 17.0305 g/mol, at 20 degC and 101 325 Pa is c = 220e-6 p M / (R T)
    mass = 220e-6 * 101325.0 * 0.0170305 / (8.314462618 * 293.15)
    assert zones["AEGL-2"]["concentration"] == pytest.approx(mass, rel=1e-4)
    # gas burns at once: flammable limits are judged by the shortest average, and the assumptions say so
    assert {zone["averaging_time"] for zone in zones.values() if "LFL" in zone["threshold"]} == {20.0}
    assert facts["assumed"]["averaging_time"] == "600 s and for flammable limits 20 s"


def test_zones_nest_and_their_distances_grow_and_shrink(told: tuple[dict[str, Any], Path]) -> None:
    zones = [zone for zone in told[0]["zones"] if zone["averaging_time"] == 600.0 and zone["reached"]]
    by_level = sorted(zones, key=lambda zone: zone["concentration"])
    for mild, severe in pairwise(by_level):
        assert mild["reach"] >= severe["reach"]
        assert mild["area"] >= severe["area"]
        assert mild["first"] <= severe["first"] + 5.0  # the model looks every few seconds
        assert mild["last"] >= severe["last"] - 5.0
        assert all(a >= b for a, b in zip(mild["reaches"], severe["reaches"], strict=True))
    for zone in zones:
        assert max(zone["reaches"]) <= 1.02 * zone["reach"]  # each moment has a grid of its own
        # nothing is carried faster than twice the wind of 3 m/s at 10 m in the first two minutes
        assert all(r <= 6.0 * t + 20.0 for t, r in zip(zone["times"], zone["reaches"], strict=True) if t <= 120.0)


def test_places_are_the_detectors_for_the_gas_and_the_points(told: tuple[dict[str, Any], Path]) -> None:
    places = told[0]["places"]
    assert {name[:5] for name in places if name.startswith("GD")} == {"GD-20"}  # the detectors for ammonia
    point, room = places["400m, 330m, 2m"], places["CR-0"]
    assert (point["x"], point["y"], point["height"]) == (400.0, 330.0, 2.0)
    for place in (point, room):
        passed = {row["threshold"]: row for row in place["passed"]}
        limits = {zone["threshold"]: zone["ppm"] for zone in told[0]["zones"]}
        peak = place["peak"]
        above = {n for n, ppm in limits.items() if ppm < peak["ppm"] and "LFL" not in n}
        assert set(passed) == above
        for row in passed.values():
            assert row["first"] <= peak["time"] <= row["last"]
        load = place["load"]
        assert load["unit"] == "ppm^2 min"
        # a load is at most the square of the peak over the time the gas is there, less than 20 min
        assert 0.0 < load["value"] < peak["ppm"] ** 2 * 20.0
        assert load["error"] < 0.02 * load["value"]
    assert places["GD-201"] == {"x": 316.0, "y": 171.0, "height": 1.5, "peak": None, "passed": [], "load": None}


def test_the_files_are_there_and_nothing_else(told: tuple[dict[str, Any], Path]) -> None:
    facts, folder = told
    assert sorted(Path(name).name for name in facts["files"].values()) == sorted(p.name for p in folder.iterdir())
    for name in ("p.png", "s.png", "h.png"):
        assert (folder / name).read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert (folder / "f.gif").read_bytes()[:6] == b"GIF89a"
    features = json.loads((folder / "z.json").read_text("utf-8"))["features"]
    names = [feature["properties"].get("threshold", "")[:6] for feature in features]
    assert set(names) == {"AEGL-1", "AEGL-2", "AEGL-3", ""}
    assert all(120.0 < corner < 123.0 for corner in _longitudes(features[0]["geometry"]["coordinates"]))
    assert (folder / "z.kml").read_text("utf-8").count("<TimeSpan>") == 18  # three zones at six times


def _longitudes(part: Any) -> list[float]:
    return [part[0]] if isinstance(part[0], float) else [value for inner in part for value in _longitudes(inner)]


def test_the_table_fits_80_columns_and_tells_its_assumptions() -> None:
    limits = ("--threshold", "AEGL-2", "--threshold", "5 ppm", "--at-points", "500m,720m")
    text = _ask("P-102", *LEAK, *PUFFS, *limits, "--duration", "5min").stdout
    assert max(map(len, text.splitlines())) <= 80
    for word in (
        "model gaussian_puff", "stability D", "600 s averages, 1.5 m above ground", "AEGL-2, 10 min", "5 ppm",
        "Reach [m] over time", "At detectors and points, toxic load in ppm^2 min", "no gas at GD-101, ",
        "assumed roughness: 0.1 m",
        "assumed averaging time: 600 s",
    ):  # fmt: skip
        assert word in text.replace("\n", " "), word
    assert "assumed wind" not in text


def test_stability_from_the_sky_and_a_stated_average() -> None:
    sky = ("--cloud", "0/8", "--time", "2026-07-01T12:00+08:00", *PLACE, "--model", "gaussian_plume")
    words = ("--averaging-time", "60s", "--threshold", "LFL", "--threshold", "AEGL-3", "--duration", "5min", "--json")
    facts = json.loads(_ask("V-401", *LEAK, *sky, *words).stdout)
    # by hand: sun above 60 degrees at noon in July at 31 north is insolation 4; at 3 m/s Turner's table gives class B
    assert facts["weather"]["stability"] == "B"
    assert {zone["averaging_time"] for zone in facts["zones"]} == {60.0}
    assert "averaging_time" not in facts["assumed"]


def test_obukhov_length_instead_of_a_class() -> None:
    words = ("--obukhov", "50 m", "--model", "gaussian_plume", "--threshold", "AEGL-3", "--duration", "5min", "--json")
    weather = json.loads(_ask("P-102", *LEAK, *words).stdout)["weather"]
    assert (weather["stability"], weather["obukhov_length"]) == (None, 50.0)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("P-102", *LEAK), "no stability is given"),
        (("P-102", *LEAK, "--stability", "D", "--obukhov", "50m"), "given by --stability and --obukhov"),
        (("P-102", *LEAK, "--stability", "G"), "stability is 'G'"),
        (("P-102", *LEAK, "--cloud", "4/8"), "--cloud needs a --time"),
        (("P-102", *LEAK, "--cloud", "4/8", "--time", "2026-07-01T14:00"), "has no time zone"),
        (("P-102", *LEAK, "--cloud", "4/8", "--time", "noon"), "'noon' is no time"),
        (("P-102", *LEAK, "--cloud", "4/8", "--time", "2026-07-01T14:00+08:00"), "a place on the globe"),
        (("P-102", *LEAK, "--cloud", "9/8", "--time", "2026-07-01T14:00+08:00", *PLACE), "cloud_cover is 1.125"),
        (("P-102", *LEAK, "--cloud", "half", "--time", "2026-07-01T14:00+08:00", *PLACE), "--cloud"),
        (("P-102", *LEAK, "--cloud", "4/0", "--time", "2026-07-01T14:00+08:00", *PLACE), "--cloud"),
        (("P-102", *LEAK, *PUFFS, "--anchor", "here"), "'here' is no anchor"),
        (("P-102", *LEAK, *PUFFS, "--anchor", "31.2,121.5"), "nowhere on the globe"),
        (("P-102", "--hole", "25mm", "--wind", "3", "--from", "250", *PUFFS), "--wind: '3' has no unit"),
        (("P-102", "--hole", "25mm", "--wind", "0m/s", "--from", "250", *PUFFS), "0"),
        (("P-102", "--hole", "25mm", "--wind", "nan m/s", "--from", "250", *PUFFS), "--wind"),
        (("P-102", "--hole", "25mm", "--wind", "3m/s", "--from", "west", *PUFFS), "--from"),
        (("P-102", "--hole", "25mm", "--wind", "3m/s", "--from", "400", *PUFFS), "wind_from is 400"),
        (("P-102", *LEAK, "--stability", "D", "--model", "gausian_puff"), "did you mean 'gaussian_puff'"),
        (("P-102", *LEAK, *PUFFS, "--averaging-time", "0s"), "averaging"),
        (("P-102", *LEAK, *PUFFS, "--height", "-1m"), "height is -1"),
        (("P-102", *LEAK, *PUFFS, "--humidity", "120 %"), "humidity is 1.2"),
        (("P-102", *LEAK, *PUFFS, "--roughness", "1"), "--roughness: '1' has no unit"),
        (("P-102", *LEAK, *PUFFS, "--threshold", "AEGL-4"), "no threshold 'AEGL-4'"),
        (("P-102", *LEAK, *PUFFS, "--threshold", "5 bar"), "--threshold"),
        (("P-102", *LEAK, *PUFFS, "--threshold", "0 ppm"), "0 ppm"),
        (("P-102", *LEAK, *PUFFS, "--at-points", "CR-99"), "there is no asset 'CR-99'"),
        (("P-102", *LEAK, *PUFFS, "--at-points", "400,330"), "'400' has no unit"),
        (("P-102", *LEAK, *PUFFS, "--at-points", "1m,2m,3m,4m"), "is no point"),
        (("P-102", *LEAK, *PUFFS, "--picture", "zones.jpg"), "end its name in .png"),
        (("P-102", *LEAK, *PUFFS, "--kml", "nowhere/at/all/zones.kml"), "there is no folder"),
        (("X-1", *LEAK, *PUFFS), "there is no asset 'X-1'"),
        (("P-102", "--hole", "9 m", "--wind", "3m/s", "--from", "250", *PUFFS), "hole"),
    ],
)
def test_a_fault_is_one_line_and_one_object(words: tuple[str, ...], said: str) -> None:
    answer = _ask(*words, "--json", code=2)
    assert answer.stderr.startswith("error: ")
    assert said in answer.stderr
    fault = json.loads(answer.stdout)
    assert all(problem["fix"] for problem in fault["problems"])


def test_there_is_never_an_empty_picture_or_map(tmp_path: Path) -> None:
    few = ("P-102", *LEAK, *PUFFS, "--duration", "5min", "--threshold")
    for option, name in (("--picture", "p.png"), ("--gif", "f.gif"), ("--geojson", "z.json")):
        answer = _ask(*few, "900000 ppm", *PLACE, option, str(tmp_path / name), code=2)
        assert "nothing to draw" in answer.stderr
    answer = _ask(*few, "AEGL-2", "--kml", str(tmp_path / "z.kml"), code=2)
    assert "no geographic anchor" in answer.stderr
    assert "--anchor" in answer.stderr
    assert list(tmp_path.iterdir()) == []


def test_what_is_drawn_is_the_wider_hazard() -> None:
    words = {"layout": "lantern-bay", "hole": "25mm", "wind": "3m/s", "wind_from": "250", "stability": "D"}
    words |= {"model": "gaussian_plume", "duration": "5min"}
    from drills.dispersal import dispersal_from_words

    propane = dispersal_from_words(words | {"tag": "V-401"})
    assert [zone.threshold.name for zone in propane.shown] == ["LFL", "LFL/2"]
    assert propane.drawn.averaging_time == 20.0
    assert all(math.isfinite(level) for level in propane.levels.values())
    chlorine = dispersal_from_words(words | {"tag": "P-102"})
    assert [zone.threshold.name for zone in chlorine.shown] == ["AEGL-1", "AEGL-2", "AEGL-3"]


def test_the_chosen_model_tells_its_reason() -> None:
    words = ("--stability", "D", "--threshold", "AEGL-3", "--duration", "2min")
    facts = json.loads(_ask("P-102", *LEAK, *words, "--json").stdout)
    assert facts["model"]["asked"] == "auto"
    assert facts["model"]["used"] == "jet"  # 33 m/s of chlorine gas out of a pipe
    assert "jet" in facts["model"]["reason"]
    assert "chosen for this reason" in _ask("P-102", *LEAK, *words).stdout.replace("\n", " ")


def test_a_jet_may_point_elsewhere() -> None:
    words = ("--stability", "D", "--threshold", "AEGL-3", "--duration", "2min", "--at-points", "250m,641m,1m", "--json")
    with_the_wind, north = (
        json.loads(_ask("P-102", *LEAK, *words, *more).stdout)["places"]["250m,641m,1m"]["peak"]
        for more in ((), ("--direction", "0deg"))
    )
    # five metres north of the hole: in the one jet, and 4.7 m beside the other, which is less than a metre wide there
    assert north["ppm"] > 1000.0
    assert with_the_wind is None or with_the_wind["ppm"] < 1e-3 * north["ppm"]
    answer = _ask("P-102", *LEAK, *PUFFS, "--direction", "0", code=2)
    assert "no setting 'direction'" in answer.stderr


@pytest.mark.slow
def test_every_asset_of_the_park_answers_or_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    import drills.dispersal as room
    from drills.reaches import dispersal_facts, dispersal_lines
    from twin.errors import TwinError

    park = room.open_park(["lantern-bay"], [])
    monkeypatch.setattr(room, "open_park", lambda *_: park)
    words = {"layout": "lantern-bay", "hole": "10mm", "wind": "2m/s", "wind_from": "203", "stability": "F"}
    words |= {"model": "auto", "duration": "5min"}
    answered, unmended = set(), []
    for asset in park.assets():
        try:
            facts = dispersal_facts(room.dispersal_from_words(words | {"tag": asset.tag}))
        except TwinError as error:
            unmended += [problem for problem in error.problems if not problem.fix]
            continue
        json.dumps(facts, allow_nan=False)
        _, tables, tail = dispersal_lines(facts)
        assert all(len(row) == len(columns) for _, columns, rows in tables for row in rows)
        assert any(text.startswith("assumed") for text in tail)
        answered.add(asset.tag)
    assert unmended == []
    assert {"LB-101", "T-101", "P-102", "T-201", "V-201", "V-401", "GH-301", "P-301"} <= answered
