"""Policies compared: the study, its journal, the command and its pictures."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from typer.testing import CliRunner

from drills.cli import app
from drills.study.command import chosen_policies, study_lines
from drills.study.compare import ANYWHERE, MEASURES, compare
from evacuation import Condition
from scenarios.load import load
from twin.errors import ModelError


@pytest.fixture(scope="module")
def puff():
    return load("ammonia-puff")


@pytest.fixture(scope="module")
def study(puff, park):
    return compare(puff, park, policies=list(ANYWHERE), replications=2)


def test_every_policy_has_the_same_people_and_counts_them_all(study):
    first = study.shown["plan"]
    for result in study.shown.values():
        assert result.population is first.population
        told = np.isfinite(result.told_time)
        there = np.isfinite(result.arrival_time)
        horizon = study.scenario.time.horizon
        assert result.unaccounted(horizon) == (told & ~there).sum()
        # nobody lives who gathered more than the load of the own tolerance, and nobody else dies
        assert ((result.probability >= result.population.tolerance) == (result.condition == Condition.DEAD)).all()
        assert result.expected_deaths == (result.condition == Condition.DEAD).sum()
    assert study.replications == 2
    assert len(study.rows) == 2 * len(ANYWHERE)


def test_a_forecast_saves_load(study):
    """The planner minimises the load of each class of people from each place: no walk without rooms is better."""
    load = {policy: study.summary(policy, "toxic_load").value for policy in study.policies}
    assert load["least-dose"] <= load["nearest"] * 1.001
    assert load["best"] <= load["least-dose"] * 1.001


def test_replication_0_has_the_people_of_the_drill(study, puff, park):
    again = compare(puff, park, policies=["plan"], replications=1)
    assert (again.shown["plan"].population.x == study.shown["plan"].population.x).all()
    assert again.rows[0] == study.rows[0]
    other = compare(puff, park, policies=["plan"], replications=1, seed=5)
    assert other.rows[0]["toxic_load"] != study.rows[0]["toxic_load"]


@pytest.mark.slow
def test_a_study_that_was_killed_goes_on_where_it_was(puff, park, tmp_path):
    whole, part = tmp_path / "whole.jsonl", tmp_path / "part.jsonl"
    complete = compare(puff, park, policies=["plan", "nearest"], replications=3, journal=whole)
    lines = whole.read_text(encoding="utf-8").splitlines(keepends=True)
    assert len(lines) == 4
    # killed while the third replication was being written
    part.write_text("".join(lines[:3]) + lines[3][: len(lines[3]) // 2], encoding="utf-8")
    told: list[float] = []
    resumed = compare(
        puff, park, policies=["plan", "nearest"], replications=3, journal=part,
        progress=lambda stage, share: told.append(share) if stage == "evacuation" else None,
    )  # fmt: skip
    assert part.read_bytes() == whole.read_bytes()
    assert resumed.rows == complete.rows
    with pytest.raises(ModelError, match="another study"):
        compare(puff, park, policies=["nearest"], replications=3, journal=part)


def test_intervals_are_of_the_mean_and_of_paired_differences(study):
    values = study.values("nearest", "impaired")
    told = study.summary("nearest", "impaired")
    assert told.value == values.mean()
    assert values.min() <= told.low <= told.value <= told.high <= values.max()
    gap = study.summary("nearest", "impaired", against="plan")
    assert gap.value == pytest.approx(values.mean() - study.values("plan", "impaired").mean())
    with pytest.raises(ModelError, match="no policy"):
        study.values("nowhere", "dead")


def test_unfinished_runs_are_infinite(study):
    for policy in study.policies:
        values = study.values(policy, "clearance")
        if np.isinf(values).any():
            assert math.isinf(study.summary(policy, "clearance").value)
            assert study.facts()["policies"][policy]["clearance"]["mean"] is None


def test_names_of_policies():
    assert chosen_policies(None) == ("plan",)
    assert chosen_policies(["all"]) == ANYWHERE
    assert chosen_policies(["best", "plan", "best"]) == ("best", "plan")
    with pytest.raises(ModelError, match="no policy 'leastdose'"):
        chosen_policies(["leastdose"])


def test_the_table_fits_a_terminal(study):
    head, tables, tail = study_lines(study.facts())
    assert len(tables) == 3
    for _, columns, rows in tables:
        assert len(rows) == len(ANYWHERE)
        assert all(len(row) == len(columns) for row in rows)
    assert any("perfect forecast" in line for line in tail)
    assert "told at" in head[1]


def test_the_command_writes_a_folder_and_one_object(tmp_path):
    out = tmp_path / "study"
    told = CliRunner().invoke(
        app, ["evacuate", "ammonia-puff", "--policy", "plan", "--policy", "shelter", "--out", str(out), "--json"]
    )
    assert told.exit_code == 0, told.output
    facts = json.loads(told.stdout)
    assert facts["folder"] == str(out)
    assert set(facts["policies"]) == {"plan", "shelter"}
    assert set(MEASURES) <= set(facts["policies"]["plan"])
    names = {path.name for path in out.iterdir()}
    assert {"study.json", "study.csv", "study.jsonl", "policies.png", "clearance.png", "map-plan.png"} <= names
    assert not list(tmp_path.glob("*.journal"))
    assert json.loads((out / "study.json").read_text(encoding="utf-8")) == {
        k: v for k, v in facts.items() if k != "folder"
    }


def test_faults_are_told_with_exit_code_2(tmp_path):
    for words, said in (
        (["nope"], "nope"),
        (["ammonia-puff", "--policy", "bset"], "there is no policy 'bset'"),
    ):
        told = CliRunner().invoke(app, ["evacuate", *words, "--json"])
        assert told.exit_code == 2
        assert said in json.loads(told.stdout)["error"]
    (tmp_path / "mine.txt").write_text("keep")
    told = CliRunner().invoke(app, ["evacuate", "ammonia-puff", "--out", str(tmp_path)])
    assert told.exit_code == 2
    assert (tmp_path / "mine.txt").read_text() == "keep"
    assert CliRunner().invoke(app, ["evacuate", "ammonia-puff", "--replications", "0"]).exit_code == 2


def test_intervals_of_few_replications_are_told() -> None:
    from drills.study.compare import _few

    assert _few(1) == _few(10) == ()
    assert "fewer than 10" in _few(3)[0]
