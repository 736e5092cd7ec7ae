"""The whole chain on the shipped park."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import scenarios
from drills.log import read_log
from drills.run import run_drill
from plant_models.parks import park_path
from scenarios.load import load
from scenarios.shelves import names
from twin.errors import ModelError, ScenarioError
from twin.loading import load_layout


def test_an_idle_team_scores_nothing_and_a_perfect_one_everything(played) -> None:
    assert played["idle"].scores.outcome == 0.0
    assert played["idle"].scores.process == 0.0
    assert played["idle"].scores.grade == "U"
    assert played["perfect"].scores.outcome == 1.0
    assert played["perfect"].scores.process == 1.0
    assert played["perfect"].scores.grade == "P"
    assert 0.0 < played["plan"].scores.outcome < 1.0


def test_teams_meet_the_same_people_and_the_same_gas(played) -> None:
    # common random numbers: who is there, and what happens without action, does not depend on the team
    for name in ("idle", "perfect"):
        np.testing.assert_array_equal(played[name].people.population.speed, played["plan"].people.population.speed)
        assert played[name].scores.losses["no action"] == played["plan"].scores.losses["no action"]
        assert played[name].scores.losses["A-SHELTER"] == played["plan"].scores.losses["A-SHELTER"]


def test_the_cloud_before_the_valve_closed_is_bit_identical(played) -> None:
    team, idle = played["plan"], played["idle"]
    closed = team.log.first("valve.closed:XV-12").time
    before = team.field.t <= closed
    assert 0 < before.sum() < team.field.t.size
    x, y = np.meshgrid(np.linspace(0.0, 1400.0, 40), np.linspace(0.0, 1200.0, 40))
    for t in (*team.field.t[before], closed):
        np.testing.assert_array_equal(team.cloud.concentration(x, y, 1.5, t), idle.cloud.concentration(x, y, 1.5, t))
    later = closed + 300.0
    assert (team.cloud.concentration(x, y, 1.5, later) != idle.cloud.concentration(x, y, 1.5, later)).any()


def test_mass_released_follows_the_valve(played) -> None:
    team = played["plan"]
    open_for = team.log.first("valve.closed:XV-12").time - team.log.first("R1.start").time
    # 2.0 kg/s in the scenario until the valve is shut
    assert team.cut_releases[0].total_mass == pytest.approx(2.0 * open_for, rel=1e-12)
    assert team.cloud.mass_in_air(3600.0) == pytest.approx(2.0 * open_for, rel=1e-9)


def test_alarms_after_the_cut_are_those_of_the_cut_cloud(played) -> None:
    """A detector that only the uncut cloud would have reached is not in the log."""
    team = played["plan"]
    closed = team.log.first("valve.closed:XV-12").time
    for event in team.log:
        if event.name.endswith(".alarm_1") and event.time > closed:
            head = team.park[event.actor]
            window = np.arange(event.time - 200.0, event.time + 1.0)
            seen = team.cloud.concentration(head.x, head.y, head.number("height"), window)
            assert seen.max() >= event.detail["limit_kg_m3"]


@pytest.mark.slow
def test_same_seed_same_bytes(chlorine, park, played, tmp_path) -> None:
    again = run_drill(chlorine, park)
    for name, result in (("a", played["plan"]), ("b", again)):
        result.save(tmp_path / name)
    for file in ("result.h5", "events.jsonl", "drill.json"):
        digests = {hashlib.sha256((tmp_path / name / file).read_bytes()).hexdigest() for name in "ab"}
        assert len(digests) == 1, file
    other = run_drill(chlorine, park, seed=1)
    assert other.scores.to_dict() != again.scores.to_dict()


def test_what_is_saved_opens_elsewhere(played, tmp_path) -> None:
    result = played["plan"]
    result.save(tmp_path)
    with xr.open_dataset(tmp_path / "result.h5", engine="h5netcdf") as file:
        np.testing.assert_array_equal(file["concentration"].values, result.field.values)
        assert file["concentration"].dims == ("t", "z", "y", "x")
        assert file["concentration"].attrs["units"] == "kg m-3"
        assert file.attrs["seed"] == result.seed
        assert json.loads(file.attrs["scores"])["grade"] == result.scores.grade
    with xr.open_dataset(tmp_path / "result.h5", group="people", engine="h5netcdf") as file:
        np.testing.assert_array_equal(file["load"].values, result.people.load)
    log = read_log(tmp_path / "events.jsonl")
    summary = json.loads((tmp_path / "drill.json").read_text(encoding="utf-8"))
    assert log[-1].hash == summary["log"]["last_hash"]
    assert summary["scores"]["outcome"] == result.scores.outcome


_LONG = {"chlorine-hose-rescue"}  # ten evacuations of people who may fall


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name in _LONG else ()) for name in sorted(names())]
)
def test_every_library_scenario_runs_with_ordered_harm(name) -> None:
    scenario = load(name)
    result = run_drill(scenario, load_layout(park_path(scenario.layout.park)))
    losses = result.scores.losses
    assert result.scores.best in {option.id for option in scenario.alternatives}
    assert losses[result.scores.best].toxic_load == min(losses[a.id].toxic_load for a in scenario.alternatives)
    assert losses[result.scores.best].toxic_load <= losses["no action"].toxic_load
    assert result.log.first("detection.first") is not None
    assert result.log.first("detection.first").time > scenario.releases[0].start
    assert len(result.people.population) == sum(group.count for group in scenario.population)
    assert all(np.diff([event.time for event in result.log]) >= 0.0)


def test_a_passive_model_for_a_dense_gas_says_so(played) -> None:
    assert any("dense" in warning for warning in played["plan"].warnings)


@pytest.mark.slow
def test_a_scenario_may_leave_the_model_to_be_chosen(chlorine, park, tmp_path) -> None:
    text = (Path(scenarios.__file__).parent / "library" / "chlorine-hose-night.yaml").read_text(encoding="utf-8")
    text = text.replace("model: {name: gaussian_puff,", "model: {name: auto,")
    shifting = tmp_path / "shifting.yaml"
    shifting.write_text(text, encoding="utf-8")
    # one wind carries a dense cloud, and the wind of this night turns by 22 degrees: refused with the reason and a mend
    with pytest.raises(ModelError, match=r"the weather changes at .*chosen: dense_gas") as refused:
        run_drill(load(shifting), park, team="idle")
    assert "gaussian_puff" in str(refused.value)

    steady = tmp_path / "steady.yaml"
    steady.write_text("\n".join(row for row in text.splitlines() if "min, speed:" not in row), encoding="utf-8")
    result = run_drill(load(steady), park, team="idle")
    assert result.cloud.model == "auto: dense_gas"
    page = result.report(tmp_path / "aar.html").read_text(encoding="utf-8")
    assert "auto: dense_gas" in page
    # chlorine gas at the temperature of the air is 70.906 / 28.96 times as dense
    assert "reason of the choice" in page
    assert f"The released chlorine is {70.906 / 28.96:.2g} times as dense as the air and slumps" in page
    assert not any("neutral" in warning for warning in result.warnings)


def test_a_scenario_that_does_not_fit_is_refused_with_every_problem(chlorine, park) -> None:
    release = chlorine.releases[0].model_copy(update={"at": "LB-110", "isolated_by": ("XV-99",)})
    with pytest.raises(ScenarioError) as caught:
        run_drill(chlorine.model_copy(update={"releases": (release,)}), park)
    assert "LB-101" in str(caught.value)  # did you mean
    assert "XV-99" in str(caught.value)


def test_a_setting_the_model_does_not_have_is_named_with_its_line(chlorine, park) -> None:
    wrong = chlorine.model.model_copy(update={"settings": {"averaging_tim": 600.0}})
    with pytest.raises(ScenarioError, match=r"yaml:\d+: .*no setting 'averaging_tim' -> did you mean 'averaging_time'"):
        run_drill(chlorine.model_copy(update={"model": wrong}), park)


def test_people_of_a_file_by_level_and_age() -> None:
    from typing import get_args

    from drills.run import _group
    from evacuation import premovement, speed_of_age
    from scenarios.schema import PeopleHere, PremovementLevel

    for level in get_args(PremovementLevel):
        paper = PeopleHere(id="crew", at="BD-CELL", count=5, indoors=0.0, premovement_level=level, age=(20.0, 65.0))
        group = _group(paper)
        assert group.premovement == premovement(*level.split("/"))
    assert group.age.low == 20.0
    assert group.age.high == 65.0
    assert speed_of_age(group.age.quantile(0.5)) == pytest.approx(float(speed_of_age(42.5)))
