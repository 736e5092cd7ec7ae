"""Live readings: what is believed, what goes to quarantine, time travel, forks and replay."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import twin
from twin import Quality, Reading
from twin.errors import LayoutError, ReadingError

START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)


def reading(value: Any = 1e-6, seconds: float = 0.0, tag: str = "GD-1", **more: Any) -> Reading:
    return Reading(tag=tag, time=START + timedelta(seconds=seconds), value=value, **more)


def test_a_good_reading_is_the_state(plant: twin.Twin) -> None:
    assert plant.state("GD-1") is None
    report = plant.apply([reading(2e-6), reading(3e-6, 1.0, quality=Quality.UNCERTAIN)])
    assert (report.accepted, report.quarantined) == (2, ())
    state = plant.state("GD-1")
    assert state is not None
    assert (state.value, state.quality) == (3e-6, Quality.UNCERTAIN)
    assert plant.apply(reading(4e-6, 2.0)).accepted == 1  # one reading is a batch too


FAULTS = [
    (reading(tag="GD-9"), "unknown tag 'GD-9'"),
    (reading(tag="T-101.colour"), "unknown tag 'T-101.colour'"),
    (reading(tag="T-101.substance"), "unknown tag"),
    (reading(tag=None), "unknown tag None"),  # type: ignore[arg-type]
    (reading(tag=["GD-1"]), "unknown tag ['GD-1']"),  # type: ignore[arg-type]
    (reading(float("nan")), "not finite"),
    (reading(float("inf")), "not finite"),
    (reading("high"), "the value is 'high', not a number"),
    (reading(None), "not a number"),
    (reading(10**400), "not a number"),
    (reading(1 + 2j), "not a number"),
    (Reading(tag="GD-1", time=datetime(2026, 3, 1, 8), value=1e-6), "no zone"),  # noqa: DTZ001
    (Reading(tag="GD-1", time="now", value=1e-6), "no datetime"),  # type: ignore[arg-type]
    (reading(31.1e-6), "out of range: 3.11e-05 is not from -3.75e-07 to 3.094e-05 kg/m^3"),
    (reading(-1e-6), "out of range"),
    (reading(5e-6, received=START - timedelta(seconds=60)), "the clock is ahead: measured 60 s after receipt"),
    (reading(5e-6, received=datetime(2026, 3, 1, 8)), "the receive time has no zone"),  # noqa: DTZ001
    (reading(5e-6, unit=""), "the unit is '', not 'kg/m^3'"),
    (reading(5e-6, unit="mg/m^3"), "the unit is 'mg/m^3', not 'kg/m^3'"),
    (reading(1.2, tag="T-101.level"), "out of range: 1.2 is not from 0 to 1"),
    (reading(20.0, tag="T-101.temperature", unit="K"), ""),
    (reading(5e-6, unit="kg m^-3"), ""),
    (reading(30.5e-6), ""),  # above 30 mg/m³, but within the 20.5 mA that a 4-20 mA loop may carry
    (reading(-0.3e-6), ""),
    (reading(5.0, tag="WM-1.wind_speed", unit="m/s"), ""),
    (reading(True), "out of range"),
    (reading(1.0, tag="XV-1"), ""),
    (None, "not a Reading but NoneType"),
    ({"tag": "GD-1"}, "not a Reading but dict"),
]


@pytest.mark.parametrize(("bad", "reason"), FAULTS, ids=str)
def test_a_bad_reading_goes_to_quarantine_with_the_reason(bad: Any, reason: str, plant: twin.Twin) -> None:
    report = plant.apply([bad])
    if not reason:
        assert report.accepted == 1
        return
    assert report.accepted == 0
    assert reason in report.quarantined[0].reason
    assert plant.quarantine == report.quarantined
    assert plant.quarantine[0].reading is bad
    assert plant.state("GD-1") is None


def test_time_does_not_go_backwards(plant: twin.Twin) -> None:
    report = plant.apply([reading(1e-6, 10), reading(2e-6, 9), reading(2e-6, 10), reading(3e-6, 11)])
    assert report.accepted == 2
    assert ["time goes backwards" in q.reason for q in report.quarantined] == [True, False]
    assert report.quarantined[1].reason == "a second reading of the same time"
    east = timezone(timedelta(hours=8))
    later = Reading(tag="GD-1", time=(START + timedelta(seconds=12)).astimezone(east), value=4e-6)
    assert plant.apply(later).accepted == 1  # other zones compare


def test_a_clock_ahead_does_not_silence_what_follows(plant: twin.Twin) -> None:
    """Measured once in the field: one stamp 60 s ahead silenced 599 good readings."""
    ahead = Reading(tag="GD-1", time=START + timedelta(seconds=60), value=1e-6, received=START)
    good = [reading(1e-6, s, received=START + timedelta(seconds=s)) for s in range(1, 30)]
    assert plant.apply([ahead, *good]).accepted == 29


def test_the_state_at_a_time(plant: twin.Twin) -> None:
    plant.apply(reading(s * 1e-6, s) for s in range(10))
    plant.apply([reading(0.5, 3.5, "T-101.level")])
    past = plant.at(START + timedelta(seconds=4.5))
    assert past.state("GD-1").value == pytest.approx(4e-6)  # type: ignore[union-attr]
    assert past.state("T-101.level").value == 0.5  # type: ignore[union-attr]
    assert plant.at(START - timedelta(days=1)).state("GD-1") is None
    assert plant.state("GD-1").value == pytest.approx(9e-6)  # type: ignore[union-attr]
    earlier = past.at(START + timedelta(seconds=2))
    assert earlier.state("T-101.level") is None
    assert past.apply(reading(7e-6, 5)).accepted == 1  # the past may be continued differently
    with pytest.raises(ReadingError, match="no zone"):
        plant.at(datetime(2026, 3, 1))  # noqa: DTZ001


def test_a_fork_is_independent(plant: twin.Twin) -> None:
    plant.apply(reading(1e-6))
    fork = plant.fork()
    fork.apply([reading(2e-6, 1), reading(tag="no")])
    assert plant.state("GD-1").value == 1e-6  # type: ignore[union-attr]
    assert fork.state("GD-1").value == 2e-6  # type: ignore[union-attr]
    assert (len(plant.quarantine), len(fork.quarantine)) == (0, 1)
    assert fork["T-101"] is plant["T-101"]
    assert pickle.loads(pickle.dumps(fork)).state("GD-1") == fork.state("GD-1")


def test_the_history_is_bounded_and_says_so(plant: twin.Twin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twin.readings._CHUNK", 10)
    monkeypatch.setattr("twin.readings._CHUNKS_KEPT", 3)
    plant.apply([reading(0.1, -1, "T-101.level")])
    plant.apply(reading(1e-6, s) for s in range(100))
    assert len(list(plant._state.history())) <= 41
    assert plant.state("T-101.level").value == 0.1  # type: ignore[union-attr]
    late = plant.at(START + timedelta(seconds=80))
    assert late.state("GD-1").time == START + timedelta(seconds=80)  # type: ignore[union-attr]
    assert late.state("T-101.level").value == 0.1  # type: ignore[union-attr]
    with pytest.raises(ReadingError, match="the history begins at 2026-03-01 08:01"):
        plant.at(START + timedelta(seconds=3))


anything = st.one_of(
    st.none(),
    st.builds(
        Reading,
        tag=st.one_of(st.sampled_from(["GD-1", "T-101.level", "WM-1.wind_from", ".", ""]), st.text(), st.integers()),
        time=st.one_of(st.datetimes(timezones=st.sampled_from([UTC, None])), st.text()),
        value=st.one_of(st.floats(), st.text(), st.none(), st.integers(), st.booleans()),
        unit=st.one_of(st.none(), st.text(max_size=3), st.sampled_from(["K", "mg/m^3"])),
        received=st.one_of(st.none(), st.datetimes(timezones=st.just(UTC)), st.text()),
    ),
)  # fmt: skip


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(anything, max_size=8))
def test_nothing_a_feed_sends_raises(plant: twin.Twin, batch: list[Any]) -> None:
    fork = plant.fork()
    report = fork.apply(batch)
    assert report.accepted + len(report.quarantined) == len(batch)
    assert all(q.reason for q in report.quarantined)


# -- replay

ROWS = """\
tag,time,value,unit,quality,device,operator
GD-1,2026-03-01T16:00:01+08:00,3,mg/m^3,good,gw-1,
GD-1,2026-03-01T08:00:00Z,1.5,mg/m^3,,,
T-101.level,2026-03-01T08:00:01Z,75,%,Uncertain,,Wang
T-101.temperature,2026-03-01T08:00:02Z,25,degC,,,
XV-1,2026-03-01T08:00:02Z,1,1,BAD,,
"""


def test_a_recording_plays_back_in_time_order(tmp_path: Path, plant: twin.Twin) -> None:
    path = tmp_path / "day.csv"
    path.write_text(ROWS, encoding="utf-8-sig")
    play = twin.replay(path)
    batches = list(play)
    assert [[r.tag for r in b] for b in batches] == [["GD-1"], ["GD-1", "T-101.level"], ["T-101.temperature", "XV-1"]]
    first, second = batches[1]
    assert (first.value, first.unit, first.device) == (pytest.approx(3e-6), "kg/m^3", "gw-1")
    assert (second.value, second.unit, second.quality, second.operator) == (0.75, "", Quality.UNCERTAIN, "Wang")
    assert batches[2][0].value == pytest.approx(298.15)
    assert batches[2][1].quality is Quality.BAD
    assert play.rejected == ()
    assert sum(plant.apply(batch).accepted for batch in play) == 5
    assert "5 readings from 2026-03-01 08:00:00" in repr(play)


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ("GD-1,2026-03-01T08:00:00,1,mg/m^3,,,", "has no zone"),
        ("GD-1,yesterday,1,mg/m^3,,,", "the time is 'yesterday'"),
        ("GD-1,2026-03-01T08:00:00Z,one,mg/m^3,,,", "the value is 'one'"),
        ("GD-1,2026-03-01T08:00:00Z,nan,mg/m^3,,,", "not finite"),
        ("GD-1,2026-03-01T08:00:00Z,1,,,,", "no unit"),
        ("GD-1,2026-03-01T08:00:00Z,1,mgg,,,", "unknown unit 'mgg'"),
        ("GD-1,2026-03-01T08:00:00Z,1,mg/m^3,fine,,", "the quality is 'fine'"),
        (",2026-03-01T08:00:00Z,1,mg/m^3,,,", "the tag is empty"),
        ("GD-1,2026-03-01T08:00:00Z,1", "the row has 3 cells, the header 7"),
        ('"' + "x" * 200_000 + '",1,1,1,,,', "not a CSV row"),
    ],
)
def test_a_bad_row_is_rejected_with_its_line_and_the_rest_goes_on(row: str, what: str, tmp_path: Path) -> None:
    lines = ROWS.splitlines()
    path = tmp_path / "day.csv"
    path.write_text("\n".join([*lines[:3], row, "", *lines[3:]]), encoding="utf-8")
    play = twin.replay(path)
    assert len(play) == 5
    assert what in play.rejected[0].what
    assert play.rejected[0].where == "day.csv:4"


def test_a_file_that_is_no_recording_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "day.csv"
    with pytest.raises(ReadingError, match="no such file"):
        twin.replay(path)
    for content, what in (("", "no column 'tag'"), ("tag,tme,value,unit\n", "no column 'time'")):
        path.write_text(content, encoding="utf-8")
        with pytest.raises(ReadingError, match=what):
            twin.replay(path)
    path.write_bytes("tag,time,value,unit\n储罐".encode("gbk"))
    with pytest.raises(ReadingError, match=r"not UTF-8 -> save it as UTF-8, for example 'iconv"):
        twin.replay(path)
    with pytest.raises(ReadingError, match=r"more than the limit"):
        twin.replay(path, max_bytes=3)
    with pytest.raises(ReadingError, match=r"did you mean 'day\.csv'"):
        twin.replay(tmp_path / "days.csv")


def test_state_of_an_unknown_tag(plant: twin.Twin) -> None:
    with pytest.raises(LayoutError, match="did you mean"):
        plant.state("T-101.lvl")


def test_a_believed_reading_carries_the_unit_of_its_channel(plant: twin.Twin) -> None:
    now = datetime(2026, 3, 1, 8, tzinfo=UTC)
    plant.apply([Reading(tag="GD-1", time=now, value=1e-6), Reading(tag="T-101.level", time=now, value=0.5)])
    assert "1e-06 kg/m^3 at" in repr(plant.state("GD-1"))
    assert plant.state("T-101.level").unit == ""
    report = plant.apply([Reading(tag="GD-1", time=now + timedelta(seconds=1), value=4e-4, unit="")])
    assert "a share such as ppm needs its gas" in report.quarantined[0].reason
