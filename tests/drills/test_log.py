"""The event log: numbered, chained, and readable only as it was written."""

from __future__ import annotations

import hashlib
import json
import pickle
import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drills.log import Entry, EventLog, read_log
from twin.errors import TwinError

START = datetime(2026, 1, 12, 2, 10, tzinfo=timezone(timedelta(hours=8)))


def example() -> EventLog:
    return EventLog.of(
        START,
        [
            Entry(time=90.0, actor="operator", name="operator.acknowledge_alarm", cause="GD-101.alarm_1"),
            Entry(time=0.0, actor="T-101", name="R1.start", detail={"substance": "氯气"}),
            Entry(time=61.5, actor="GD-101", name="GD-101.alarm_1", cause="R1.start"),
        ],
    )


def test_events_are_in_order_of_time_and_know_their_cause() -> None:
    log = example()
    assert [event.name for event in log] == ["R1.start", "GD-101.alarm_1", "operator.acknowledge_alarm"]
    assert [event.cause for event in log] == [None, 0, 1]
    assert [event.seq for event in log] == [0, 1, 2]
    assert log[1].wall_time == "2026-01-12T02:11:01.500+08:00"


def test_each_line_hashes_itself_and_the_line_before(tmp_path) -> None:
    example().write(tmp_path / "events.jsonl")
    previous = "0" * 64
    for line in (tmp_path / "events.jsonl").read_text(encoding="utf-8").splitlines():
        body = json.loads(line)
        claimed = body.pop("hash")
        assert body["previous"] == previous
        text = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        assert hashlib.sha256(text.encode()).hexdigest() == claimed
        previous = claimed


def test_a_written_log_reads_back_the_same(tmp_path) -> None:
    log = example()
    log.write(tmp_path / "events.jsonl")
    again = read_log(tmp_path / "events.jsonl")
    assert [event.to_dict() for event in again] == [event.to_dict() for event in log]
    assert again.start == START
    assert not (tmp_path / "events.jsonl.part").exists()


@pytest.mark.parametrize(
    ("damage", "line"),
    [
        (lambda lines: [lines[0], lines[1].replace("GD-101", "GD-102"), lines[2]], 2),
        (lambda lines: [lines[0], lines[2]], 2),
        (lambda lines: [lines[0], lines[0], *lines[1:]], 2),
        (lambda lines: [lines[0], lines[2], lines[1]], 2),
        (lambda lines: [*lines, "{not json"], 4),
        (lambda lines: [*lines, '{"hash": 1}'], 4),
        (lambda lines: [*lines, re.sub(r'"time":[0-9.]+', '"time":1e300', lines[2])], 4),
    ],
)
def test_a_changed_log_is_refused_with_its_line(tmp_path, damage, line) -> None:
    path = tmp_path / "events.jsonl"
    example().write(path)
    path.write_text("\n".join(damage(path.read_text(encoding="utf-8").splitlines())), encoding="utf-8")
    with pytest.raises(TwinError, match=rf"events\.jsonl:{line}"):
        read_log(path)


def test_an_empty_or_missing_log_is_refused(tmp_path) -> None:
    (tmp_path / "empty.jsonl").write_text("")
    with pytest.raises(TwinError, match="empty"):
        read_log(tmp_path / "empty.jsonl")
    with pytest.raises(TwinError, match="cannot be read"):
        read_log(tmp_path / "missing.jsonl")


def test_time_does_not_run_backwards_and_a_start_has_a_zone() -> None:
    log = example()
    with pytest.raises(TwinError, match="earlier than the log's end"):
        log.add(Entry(time=1.0, actor="x", name="late"))
    with pytest.raises(TwinError, match="no time zone"):
        EventLog(datetime(2026, 1, 12))  # noqa: DTZ001


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 3600), st.sampled_from("abc")), max_size=20))
def test_the_hash_depends_on_the_order_of_equal_times_only_as_given(items) -> None:
    entries = [Entry(time=t, actor="x", name=n) for t, n in items]
    log = EventLog.of(datetime(2026, 1, 1, tzinfo=UTC), entries)
    assert len(log) == len(items)
    assert all(a.time <= b.time for a, b in zip(log, list(log)[1:], strict=False))
    expected = sorted(range(len(items)), key=lambda i: items[i][0])  # Python's sort is stable
    assert [event.name for event in log] == [items[i][1] for i in expected]


def test_a_log_survives_pickling_and_its_lines_cannot_be_changed() -> None:
    log = example()
    again = pickle.loads(pickle.dumps(log))
    assert [event.to_dict() for event in again] == [event.to_dict() for event in log]
    with pytest.raises(TypeError):
        again[0].detail["new"] = 1


def test_a_log_that_cannot_be_written_leaves_the_old_one(tmp_path, monkeypatch) -> None:
    path = tmp_path / "events.jsonl"
    example().write(path)
    before = path.read_bytes()

    def full(*_) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        example().write(path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["events.jsonl"]
