"""Marks and grades by hand."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drills.log import Entry, EventLog
from drills.losses import dose_saved_fraction
from drills.scoring import GateFinding, ScoreRow, Scores, _told, grade, mark_timeliness


@pytest.mark.parametrize(
    ("interval", "shape", "mark"),
    [
        (0.0, "linear", 1.0),
        (180.0, "linear", 1.0),  # at target
        (990.0, "linear", 0.5),  # half way between 180 s and 1800 s
        (1800.0, "linear", 0.0),
        (math.inf, "linear", 0.0),
        (180.0, "step", 1.0),
        (180.1, "step", 0.0),
    ],
)
def test_timeliness(interval, shape, mark) -> None:
    assert mark_timeliness(interval, target=180.0, limit=1800.0, shape=shape) == pytest.approx(mark, abs=1e-15)


def test_target_and_limit_may_be_one() -> None:
    assert mark_timeliness(60.0, target=60.0, limit=60.0, shape="linear") == 1.0
    assert mark_timeliness(60.0001, target=60.0, limit=60.0, shape="linear") == 0.0


@given(st.floats(0, 1e4), st.floats(0, 1e4), st.floats(1, 1e4), st.floats(0, 1e4))
def test_later_is_never_better(early, gap, target, room) -> None:
    marks = [mark_timeliness(t, target=target, limit=target + room, shape="linear") for t in (early, early + gap)]
    assert 0.0 <= marks[1] <= marks[0] <= 1.0


def test_an_early_event_is_told_as_before() -> None:
    start = datetime(2026, 1, 12, 2, 10, tzinfo=UTC)
    log = EventLog.of(start, [Entry(time=t, actor="r", name=n) for t, n in ((60.0, "a"), (95.0, "b"))])
    a, b = log.first("a"), log.first("b")
    assert _told("b", "a", b, a) == "b came 35 s after a"
    assert _told("a", "b", a, b) == "a came 35 s before b"


def test_dose_saved_fraction_is_exact_at_its_ends() -> None:
    assert dose_saved_fraction(10.0, 10.0, 3.0) == 0.0  # an idle team
    assert dose_saved_fraction(3.0, 10.0, 3.0) == 1.0  # the best declared action
    assert dose_saved_fraction(6.5, 10.0, 3.0) == 0.5
    assert dose_saved_fraction(17.0, 10.0, 3.0) == -1.0  # worse than nothing is not hidden
    assert dose_saved_fraction(0.0, 0.0, 0.0) is None
    assert dose_saved_fraction(9.9, 10.0, 9.9) is None  # 1 % avertable: not consequential


def row(*, required: bool, limit: bool, target: bool) -> ScoreRow:
    return ScoreRow(
        id="E", objective="o", weight=1.0, required=required, source="", kind="timeliness", value=1.0, measured=None,
        target=None, limit=None, met_limit=limit, met_target=target, evidence=(), text="",
    )  # fmt: skip


def gate(cap: str, *, tripped: bool) -> GateFinding:
    return GateFinding(id="G", cap=cap, tripped=tripped, reason_en="", reason_zh="", text="")


def test_grades_follow_the_logic_table() -> None:
    for achieved, harm, at_target in product((False, True), repeat=3):
        rows = [
            row(required=True, limit=achieved, target=at_target),
            row(required=False, limit=False, target=at_target),
        ]
        expected = "U" if not achieved else "M" if harm else "P" if at_target else "S"
        assert grade(rows, [gate("M", tripped=harm)]) == expected
    assert grade([row(required=True, limit=True, target=True)], [gate("U", tripped=True)]) == "U"
    assert grade([row(required=True, limit=True, target=True)], [gate("U", tripped=False)]) == "P"


def test_scores_are_told_in_a_line_and_printed_mark_by_mark() -> None:
    marks = (row(required=True, limit=True, target=True),)
    found = Scores(
        process=1.0, outcome=None, outcome_deaths=None, grade="M", rows=marks, losses={}, best="A1",
        gates=(GateFinding(id="G", cap="M", tripped=True, reason_en="too late", reason_zh="", text=""),),
    )  # fmt: skip
    assert repr(found) == "<Scores grade M 中, process 1.00, outcome ->"
    assert str(found).splitlines()[1:] == ["  E: 1.00, ", "  G: at most M, too late"]
