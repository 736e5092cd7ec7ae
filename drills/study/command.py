"""What the command ``parktwin evacuate`` tells and writes: a table of policies, the study as data, and pictures."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drills.folder import result_folder
from drills.shelf import open_drill
from drills.study.compare import ANYWHERE, POLICIES, compare
from twin.errors import ModelError, TwinError, near

if TYPE_CHECKING:
    from drills.study.compare import Progress, Study

__all__ = ["chosen_policies", "run_study", "study_lines"]

# Columns of the tables by measure, for 80 columns.
_OUT = {"mustered": "mustered", "clearance": "clear [min]", "unaccounted": "missing"}
_HARM = {"incapacitated": "fell", "dead": "dead", "toxic_load": "load"}


def chosen_policies(words: Sequence[str] | None) -> tuple[str, ...]:
    """Policies asked for by name; "all" is all that every scenario has, nothing is the plan.

    Raises
    ------
    ModelError
        There is no such policy.
    """
    found: list[str] = []
    for word in words or ("plan",):
        if word == "all":
            found += ANYWHERE
        elif word in POLICIES:
            found.append(word)
        else:
            names = (*POLICIES, "all")
            fix = near(word, names)
            raise ModelError(
                f"there is no policy {word!r}", where="--policy", fix=fix or f"take one of {', '.join(names)}"
            )
    return tuple(dict.fromkeys(found))


def run_study(
    name: str,
    *,
    layouts: Sequence[Path],
    mappings: Sequence[Path],
    policies: Sequence[str] | None,
    replications: int,
    seed: int | None,
    out: Path | None,
    progress: Progress,
) -> tuple[Study, Path | None]:
    """Compare policies on a scenario and write the study into a folder, if one is named.

    A study into a folder keeps a journal beside it until it is complete, so that the same command goes on where a
    stopped one was.

    Raises
    ------
    TwinError
        Unknown scenario or policy, a scenario that does not fit, or a folder that cannot be written.
    """
    wanted = chosen_policies(policies)
    progress("layout", 0.0)
    scenario, park = open_drill(name, layouts=layouts, mappings=mappings)
    progress("layout", 1.0)
    if out is None:
        study = compare(scenario, park, policies=wanted, replications=replications, seed=seed, progress=progress)
        return study, None
    journal = out.with_name(out.name + ".journal")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with result_folder(out) as folder:
            study = compare(
                scenario,
                park,
                policies=wanted,
                replications=replications,
                seed=seed,
                journal=journal,
                progress=progress,
            )
            progress("report", 0.0)
            _write(study, folder)
            journal.replace(folder / "study.jsonl")
            progress("report", 1.0)
    except OSError as error:
        raise TwinError(
            f"the study cannot be written: {error.strerror or error}",
            where=str(out),
            fix="choose another place with --out",
        ) from None
    return study, out


def _write(study: Study, folder: Path) -> None:
    from drills.study.view import save_study
    from twin.store import write_h5

    facts = study.facts()
    text = json.dumps(facts, indent=2, ensure_ascii=False, allow_nan=False)
    (folder / "study.json").write_text(text + "\n", encoding="utf-8")
    study.to_pandas().to_csv(folder / "study.csv", index=False)
    for policy, result in study.shown.items():
        result.to_pandas().to_csv(folder / f"people-{policy}.csv")
        write_h5(folder / f"people-{policy}.h5", {"people": result.variables()}, {"policy": policy, "seed": study.seed})
    save_study(study, folder)


def study_lines(
    facts: Mapping[str, Any],
) -> tuple[list[str], list[tuple[str, Sequence[str], list[list[str]]]], list[str]]:
    """Sentences before, one table, and sentences after, for a terminal of 80 columns."""
    first = next(iter(facts["policies"]))
    head = [
        f"{facts['title']['en']} / {facts['title']['zh']}",
        f"{facts['people']} people, told at {_minutes(facts['alert'])} min by {facts['alert_by']};"
        f" {facts['replications']} replication{'s' if facts['replications'] != 1 else ''}, seed {facts['seed']}",
    ]
    base = facts["policies"][first]["toxic_load"]["mean"]
    over = {name: name.removeprefix("over ") for name in facts["policies"][first] if name.startswith("over ")}
    titles = (
        ("Who gets out", _OUT),
        (f"What it does to people; load as part of that of {first}", _HARM),
        ("People over the load of", over),
    )
    tables: list[tuple[str, Sequence[str], list[list[str]]]] = [
        (
            title,
            ["policy", *columns.values()],
            [
                [policy, *(_cell(name, told[name], base, walkers=told["walkers"]["mean"]) for name in columns)]
                for policy, told in facts["policies"].items()
            ],
        )
        for title, columns in titles
        if columns
    ]
    tail = [f"{policy}: {told['what']}" for policy, told in facts["policies"].items()]
    return head, tables, [*tail, *(f"warning: {text}" for text in facts["warnings"])]


def _minutes(seconds: float) -> str:
    return f"{seconds / 60.0:.1f}"


def _cell(name: str, told: Mapping[str, float | None], base: float | None, *, walkers: float | None) -> str:
    mean, low, high = told["mean"], told["low"], told["high"]
    if mean is None:
        return "not clear" if name == "clearance" and walkers else "-"

    def show(value: float) -> str:
        if name == "clearance":
            return _minutes(value)
        if name == "toxic_load":
            return f"{value / base:.0%}" if base else "-"
        return f"{value:.0f}" if value == int(value) or math.fabs(value) >= 100.0 else f"{value:.1f}"

    if low is None or high is None or low == high:
        return show(mean)
    return f"{show(mean)}\n{show(low)}..{show(high)}"
