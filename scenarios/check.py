"""Checks a scenario file without running it, and describes the format for editors."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scenarios.load import read_scenario
from scenarios.plans import PlanFile
from scenarios.schema import Scenario
from twin.errors import Problem

__all__ = ["check", "json_schema", "plan_json_schema"]

_LATE = 0.9  # a plan whose steps alone overrun the deadline in one of ten runs is called tight


def check(path: str | Path) -> tuple[Problem, ...]:
    """All problems of a scenario file: errors, or for a sound file the warnings of a reviewer.

    The warnings name deadlines the plan's own durations can hardly meet, and release figures without provenance.

    Parameters
    ----------
    path
        Scenario file.

    Returns
    -------
    tuple of Problem
        Empty when there is nothing to say. Never raises for what the file holds.
    """
    scenario, problems = read_scenario(Path(path))
    return problems if scenario is None else tuple(_review(scenario))


def _review(scenario: Scenario) -> Iterator[Problem]:
    plan = scenario.plan
    for index, step in enumerate(plan.steps):
        needed = plan.first_alarm_to_end(step.id, _LATE)
        if step.deadline is not None and needed > step.deadline:
            middle = plan.first_alarm_to_end(step.id)
            word = "cannot" if middle > step.deadline else "can hardly"
            yield Problem(
                f"step {step.id!r} {word} meet its deadline of {step.deadline:g} s: its chain takes {middle:.0f} s at "
                f"the medians and {needed:.0f} s at the {_LATE:.0%} quantile of each duration",
                scenario.where("plan", "steps", index, "deadline"),
                "shorten the chain or move the deadline",
                "warning",
            )
    told = [tuple(source.field.split(".")) for source in scenario.provenance]
    for index, release in enumerate(scenario.releases):
        figure = next(name for name in ("mass_rate", "mass", "hole_diameter") if hasattr(release, name))
        names = (("releases", "*"), (release.id, str(index), "*"), (figure, "*"))
        if not any(len(path) == 3 and all(a in b for a, b in zip(path, names, strict=True)) for path in told):
            yield Problem(
                f"nothing says where {figure} of release {release.id!r} comes from",
                scenario.where("releases", index, figure),
                f"add a provenance entry with field: releases.{release.id}.{figure}",
                "warning",
            )


def json_schema() -> dict[str, Any]:
    """Describe a scenario file as JSON Schema (draft 2020-12), for editors that complete and check YAML.

    Every quantity carries its unit as ``x-unit``. Units of the right dimension and cross references are beyond JSON
    Schema; :func:`check` looks at those.
    """
    schema = Scenario.model_json_schema(by_alias=True, mode="validation")
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "parktwin scenario drill/1"
    plan = schema["properties"]["plan"]
    reference = {
        "type": "object",
        "properties": {"ref": {"type": "string", "minLength": 1, "description": "Plan file beside the scenario."}},
        "required": ["ref"],
        "additionalProperties": False,
    }
    schema["properties"]["plan"] = {
        "anyOf": [plan, reference],
        "description": plan.pop("description", "Response plan."),
    }
    return schema


def plan_json_schema() -> dict[str, Any]:
    """Describe a plan file (``plan/1``) as JSON Schema (draft 2020-12)."""
    schema = PlanFile.model_json_schema(by_alias=True, mode="validation")
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    return schema
