"""Marks: plain functions of the log, the people and the standards on paper.

Three families are kept apart: *process* (was it done, when), *outcome* (how much avertable harm was averted), and the
grade, which follows a logic table and not a percentage (the performance ratings of HSEEP 2020, FEMA: P performed
without challenges, S with some, M with major challenges, U unable to be performed; 优, 良, 中, 差).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from drills.log import Event, EventLog
from drills.losses import Loss, dose_saved_fraction
from evacuation.tracks import Evacuation
from scenarios.schema import Scenario
from scenarios.standards import Coverage, Expectation, Gate, Occurrence, Outcome, Timeliness

__all__ = [
    "GRADES_ZH",
    "GateFinding",
    "ScoreRow",
    "Scores",
    "grade",
    "mark_timeliness",
    "score",
]

Grade = Literal["P", "S", "M", "U"]
GRADES_ZH: Mapping[str, str] = {"P": "优", "S": "良", "M": "中", "U": "差"}
_FEWEST_DEATHS = 1e-3  # expected deaths below which a difference means nothing: design choice


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreRow:
    """Mark of one expectation.

    Parameters
    ----------
    id, objective, weight, required, source
        As on paper.
    kind
        Kind of its rule.
    value
        Mark from 0 to 1; None when it cannot be judged, with the reason in `text`.
    measured
        Measured interval [s], share, or dose-saved fraction; None when it never happened.
    target, limit
        What was asked for, in the unit of `measured`.
    met_limit, met_target
        Whether it was achieved at all, and at target.
    evidence
        `seq` of the log lines it rests on.
    text
        One sentence.
    """

    id: str
    objective: str
    weight: float
    required: bool
    source: str
    kind: str
    value: float | None
    measured: float | None
    target: float | None
    limit: float | None
    met_limit: bool
    met_target: bool
    evidence: tuple[int, ...]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GateFinding:
    """A gate and whether it was tripped."""

    id: str
    cap: str
    tripped: bool
    reason_en: str
    reason_zh: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Marks of a drill.

    Parameters
    ----------
    process
        Weighted mean of the marks that are not outcomes, 0 to 1; None without any.
    outcome
        Dose-saved fraction; below 0: worse than no action; None when no action could matter.
    outcome_deaths
        The same by expected deaths, against the course of action with the fewest; None when it averts fewer than 0.001
        or less than 2 %.
    grade
        "P", "S", "M" or "U".
    rows, gates
        One an expectation, one a gate.
    losses
        Harm by course of action: "team", "no action", "orders withheld", and each declared alternative.
    best
        The declared alternative with the least harm.
    """

    process: float | None
    outcome: float | None
    outcome_deaths: float | None
    grade: Grade
    rows: tuple[ScoreRow, ...]
    gates: tuple[GateFinding, ...]
    losses: Mapping[str, Loss]
    best: str

    def __repr__(self) -> str:
        process, outcome = _shown(self.process), _shown(self.outcome)
        return f"<Scores grade {self.grade} {GRADES_ZH[self.grade]}, process {process}, outcome {outcome}>"

    def __str__(self) -> str:
        marks = [f"{row.id}: {_shown(row.value)}, {row.text}" for row in self.rows]
        tripped = [f"{gate.id}: at most {gate.cap}, {gate.reason_en}" for gate in self.gates if gate.tripped]
        return "\n  ".join([repr(self), *marks, *tripped])

    def to_dict(self) -> dict[str, Any]:
        """Plain, JSON-safe form."""
        return {
            "process": self.process,
            "outcome": self.outcome,
            "outcome_deaths": self.outcome_deaths,
            "grade": self.grade,
            "grade_zh": GRADES_ZH[self.grade],
            "best": self.best,
            "rows": [{**asdict(row), "evidence": list(row.evidence)} for row in self.rows],
            "gates": [asdict(gate) for gate in self.gates],
            "losses": {name: asdict(loss) for name, loss in self.losses.items()},
        }


def _shown(mark: float | None) -> str:
    return "-" if mark is None else f"{mark:.2f}"


def mark_timeliness(interval: float, *, target: float, limit: float, shape: str) -> float:
    """Mark of an interval: 1 up to `target`, 0 from `limit` on, between them a line or nothing.

    Parameters
    ----------
    interval
        Measured interval; ``inf`` when it never happened. [s]
    target, limit
        Interval with full marks; interval from which on there are none. [s]
    shape
        "linear" or "step".
    """
    if interval <= target:
        return 1.0
    if interval >= limit or shape == "step":
        return 0.0
    return (limit - interval) / (limit - target)


def grade(rows: Sequence[ScoreRow], gates: Sequence[GateFinding]) -> Grade:
    """Grade by the logic table: achieved, harmful, at target.

    ========================  =====================  ==================  =====
    all required achieved     a gate tripped         all at target       grade
    ========================  =====================  ==================  =====
    no                        any                    any                 U 差
    yes                       yes                    any                 M 中 (or the gate's lower cap)
    yes                       no                     no                  S 良
    yes                       no                     yes                 P 优
    ========================  =====================  ==================  =====
    """
    caps = {gate.cap for gate in gates if gate.tripped}
    if "U" in caps or not all(row.met_limit for row in rows if row.required):
        return "U"
    if caps:
        return "M"
    return "P" if all(row.met_target for row in rows) else "S"


def score(
    scenario: Scenario,
    log: EventLog,
    people: Evacuation,
    losses: Mapping[str, Loss],
    best: str,
) -> Scores:
    """Judge a drill.

    Parameters
    ----------
    scenario
        Expectations and gates.
    log
        What happened.
    people
        What became of the people under the team's actions.
    losses
        Harm by course of action, with the keys "team", "no action", "orders withheld" and `best`.
    best
        Name of the least harmful declared alternative.
    """
    team, idle, least = losses["team"], losses["no action"], losses[best]
    outcome = dose_saved_fraction(team.toxic_load, idle.toxic_load, least.toxic_load)
    fewest = min(loss.expected_deaths for loss in losses.values())
    rows = tuple(_row(expectation, log, people, outcome) for expectation in scenario.expectations)
    gates = tuple(_gate(gate, log, losses) for gate in scenario.gates)
    marked = [row for row in rows if row.kind != "outcome" and row.value is not None]
    weight = math.fsum(row.weight for row in marked)
    return Scores(
        process=math.fsum(row.weight * (row.value or 0.0) for row in marked) / weight if marked else None,
        outcome=outcome,
        outcome_deaths=dose_saved_fraction(team.expected_deaths, idle.expected_deaths, fewest)
        if idle.expected_deaths - fewest >= _FEWEST_DEATHS
        else None,
        grade=grade(rows, gates),
        rows=rows,
        gates=gates,
        losses=losses,
        best=best,
    )


def _row(expectation: Expectation, log: EventLog, people: Evacuation, outcome: float | None) -> ScoreRow:
    rule = expectation.rule
    if isinstance(rule, Timeliness):
        marks = _timeliness(rule, log)
    elif isinstance(rule, Occurrence):
        marks = _occurrence(rule, log)
    elif isinstance(rule, Coverage):
        marks = _coverage(rule, log, people)
    else:
        marks = _outcome(rule, outcome)
    return ScoreRow(
        id=expectation.id,
        objective=expectation.objective,
        weight=expectation.weight,
        required=expectation.required,
        source=expectation.source,
        kind=rule.kind,
        **marks,
    )


def _timeliness(rule: Timeliness, log: EventLog) -> dict[str, Any]:
    event, anchor = log.first(rule.event), log.first(rule.anchor)
    interval = _interval(event, anchor)
    return {
        "value": mark_timeliness(interval, target=rule.target, limit=rule.limit, shape=rule.shape),
        "measured": interval if math.isfinite(interval) else None,
        "target": rule.target,
        "limit": rule.limit,
        "met_limit": interval <= rule.target or interval < rule.limit,
        "met_target": interval <= rule.target,
        "evidence": _evidence(anchor, event),
        "text": _told(rule.event, rule.anchor, event, anchor),
    }


def _occurrence(rule: Occurrence, log: EventLog) -> dict[str, Any]:
    event, anchor = log.first(rule.event), log.first(rule.anchor)
    interval = _interval(event, anchor)
    met = interval <= rule.within
    return {
        "value": float(met),
        "measured": interval if math.isfinite(interval) else None,
        "target": rule.within,
        "limit": rule.within,
        "met_limit": met,
        "met_target": met,
        "evidence": _evidence(anchor, event),
        "text": _told(rule.event, rule.anchor, event, anchor),
    }


def _coverage(rule: Coverage, log: EventLog, people: Evacuation) -> dict[str, Any]:
    anchor = log.first(rule.anchor)
    share = None if anchor is None else _mustered_share(people, anchor.time + rule.within)
    met = share is not None and share >= rule.target
    if anchor is None:
        text = f"{rule.anchor} never happened"
    elif share is None:
        text = "nobody was ordered to a muster point"
    else:
        text = f"{share:.0%} of those ordered to muster were counted {rule.within:.0f} s after {rule.anchor}"
        if anchor.time + rule.within > float(people.settings["horizon"]):
            text += ", which is after the end of the drill: judged at its end"
    return {
        "value": 0.0 if share is None else min(share / rule.target, 1.0) if rule.target else 1.0,
        "measured": share,
        "target": rule.target,
        "limit": rule.target,
        "met_limit": met,
        "met_target": met,
        "evidence": _evidence(anchor),
        "text": text,
    }


def _mustered_share(people: Evacuation, t: float) -> float | None:
    """Share of those who were sent to a muster point who had been counted there by `t`; None when nobody was sent."""
    sent = np.isfinite(people.start_time)
    return float((people.arrival_time[sent] <= t).mean()) if sent.any() else None


def _outcome(rule: Outcome, outcome: float | None) -> dict[str, Any]:
    return {
        "value": None if outcome is None else min(max(outcome, 0.0), 1.0),
        "measured": outcome,
        "target": rule.target,
        "limit": rule.limit,
        "met_limit": outcome is None or outcome > rule.limit,
        "met_target": outcome is None or outcome >= rule.target,
        "evidence": (),
        "text": "no declared action changes the dose by 2 % or more: the outcome cannot be judged"
        if outcome is None
        else f"{outcome:.0%} of the avertable toxic load was averted",
    }


def _gate(gate: Gate, log: EventLog, losses: Mapping[str, Loss]) -> GateFinding:
    if gate.when.never is not None:
        tripped = log.first(gate.when.never) is None
        text = f"{gate.when.never} {'never happened' if tripped else 'happened'}"
    else:
        team, withheld = losses["team"].toxic_load, losses["orders withheld"].toxic_load
        tripped = team > withheld
        text = (
            f"toxic load of everybody {team:.3g} with the orders given, {withheld:.3g} with the same isolation and "
            "no order"
        )
    return GateFinding(
        id=gate.id,
        cap=gate.cap,
        tripped=tripped,
        reason_en=gate.reason.en,
        reason_zh=gate.reason.zh,
        text=text,
    )


def _interval(event: Event | None, anchor: Event | None) -> float:
    """Time from anchor to event; infinite when either never happened, zero when the event came first. [s]"""
    if event is None or anchor is None:
        return math.inf
    return max(event.time - anchor.time, 0.0)


def _evidence(*events: Event | None) -> tuple[int, ...]:
    return tuple(event.seq for event in events if event is not None)


def _told(name: str, anchor_name: str, event: Event | None, anchor: Event | None) -> str:
    if anchor is None:
        return f"{anchor_name} never happened, so {name} has nothing to be measured from"
    if event is None:
        return f"{name} never happened"
    gap = event.time - anchor.time
    return f"{name} came {abs(gap):.0f} s {'after' if gap >= 0.0 else 'before'} {anchor_name}"
