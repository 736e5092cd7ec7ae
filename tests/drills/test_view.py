"""The timeline shows every lane of the response at its time; saved pictures carry nothing that changes between runs."""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import Any

import pytest

from drills.log import Entry, EventLog
from drills.view import _png, plot_timeline, timeline_figure
from scenarios.load import load


@pytest.fixture(scope="module")
def played() -> Any:
    """What the timeline reads of a result: scenario, log, and a release of 300 s that was cut after 180 s."""
    scenario = load("chlorine-hose-night")
    told = (
        (120.0, "LB-101", "R1.start"),
        (138.0, "detectors", "detection.first"),
        (150.0, "operator", "operator.acknowledge_alarm"),
        (210.0, "XV-12", "valve.failed:XV-12"),
        (300.0, "XV-12", "valve.closed:XV-12"),
    )
    log = EventLog.of(scenario.time.start, [Entry(time=t, actor=a, name=n) for t, a, n in told])
    free = SimpleNamespace(start=120.0, duration=300.0, total_mass=600.0, label="R1")
    cut = SimpleNamespace(start=120.0, duration=180.0, total_mass=360.0, label="R1")
    return SimpleNamespace(scenario=scenario, log=log, team="plan", seed=1, releases=(free,), cut_releases=(cut,))


def test_each_actor_has_a_lane_and_each_event_its_minute(played: Any) -> None:
    ax = plot_timeline(played)
    lanes = [label.get_text().splitlines()[0] for label in ax.get_yticklabels()]
    assert [lane.split()[0].lower() for lane in lanes] == ["release", "detectors", "chlor-alkali", "valves"]
    drawn = sorted({float(x) for line in ax.lines if line.get_marker() in {"o", "X"} for x in line.get_xdata()})
    assert drawn == pytest.approx([2.0, 2.3, 2.5, 3.5, 5.0])  # seconds / 60; the release ends with its valve
    failed = [line for line in ax.lines if line.get_marker() == "X" and len(line.get_xdata())]
    assert [list(line.get_xdata()) for line in failed] == [[3.5]]


def test_bars_are_as_long_as_the_releases(played: Any) -> None:
    widths = sorted(patch.get_width() for patch in plot_timeline(played).patches)
    # cut after 180 s; without action it would run to 7 min, beyond the axis, which ends 14 % after the last event
    assert widths[0] == pytest.approx(3.0)
    assert widths[1] > widths[0]
    assert "360 kg, 240 kg kept in" in " ".join(text.get_text() for text in plot_timeline(played).texts)


def test_target_and_limit_stand_on_the_lane_of_their_event(played: Any) -> None:
    ax = plot_timeline(played)
    upright = [tuple(line.get_xdata()) for line in ax.lines if len(line.get_xdata()) == 2]
    ticks = {round(float(x0), 3) for x0, x1 in upright if x0 == x1}
    # the operator acknowledges within 30 s of the first alarm at 2.3 min: 2.8 min
    assert 2.8 in ticks


def test_saved_pictures_are_equal_and_carry_no_date_or_program(played: Any) -> None:
    from PIL import Image

    first, second = _png(timeline_figure(played)), _png(timeline_figure(played))
    assert first == second
    assert {key.lower() for key in Image.open(io.BytesIO(first)).info} <= {"dpi"}
