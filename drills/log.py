"""What happened, when, by whom and why: the event log of a drill and its hash-chained file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

from drills.folder import write_whole
from plant_models.frozen import reduce_value
from twin.errors import TwinError

__all__ = ["Entry", "Event", "EventLog", "read_log"]

_GENESIS = "0" * 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Something that happened, before it is numbered and chained.

    Parameters
    ----------
    time
        Seconds since scenario start. [s]
    actor
        Who or what acted: a role, a tag, "people".
    name
        Name of the event, such as ``"GD-101.alarm_1"``.
    cause
        Name of the event that led to it; empty for a root cause.
    detail
        Numbers and words that belong to it.
    """

    time: float
    actor: str
    name: str
    cause: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One line of the log.

    Parameters
    ----------
    seq
        Position in the log, from 0.
    time
        Seconds since scenario start. [s]
    wall_time
        The same as a zone-aware ISO 8601 text.
    actor, name, detail
        As in :class:`Entry`.
    cause
        `seq` of the event that led to it, or None.
    previous, hash
        SHA-256 of the line before and of this line (which includes `previous`), hexadecimal.
    """

    seq: int
    time: float
    wall_time: str
    actor: str
    name: str
    cause: int | None
    detail: Mapping[str, Any]
    previous: str
    hash: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "detail", MappingProxyType(dict(self.detail)))

    def __reduce__(self) -> tuple[Any, ...]:
        return reduce_value(self)

    def to_dict(self) -> dict[str, Any]:
        """Plain, JSON-safe form."""
        return {
            "seq": self.seq,
            "time": self.time,
            "wall_time": self.wall_time,
            "actor": self.actor,
            "name": self.name,
            "cause": self.cause,
            "detail": dict(self.detail),
            "previous": self.previous,
            "hash": self.hash,
        }


class EventLog:
    """Append-only log; every line carries the hash of the one before it.

    Parameters
    ----------
    start
        Wall time of scenario second 0, with its zone.

    Raises
    ------
    TwinError
        The start has no time zone.
    """

    def __init__(self, start: datetime) -> None:
        if start.tzinfo is None:
            raise TwinError(f"the start {start} has no time zone", fix='write "2026-01-12T02:10:00+08:00"')
        self.start = start
        self._events: list[Event] = []
        self._first: dict[str, Event] = {}

    @classmethod
    def of(cls, start: datetime, entries: Iterable[Entry]) -> EventLog:
        """Build a log from entries in any order; equal times keep the order given."""
        log = cls(start)
        for entry in sorted(entries, key=lambda e: e.time):
            log.add(entry)
        return log

    def add(self, entry: Entry) -> Event:
        """Append an entry and return its line.

        A cause that has not happened yet, or never does, is recorded as None.

        Raises
        ------
        TwinError
            The entry is earlier than the last line.
        """
        if self._events and entry.time < self._events[-1].time:
            raise TwinError(
                f"event {entry.name!r} at {entry.time} s is earlier than the log's end at {self._events[-1].time} s",
                fix="add events in order of time",
            )
        cause = self._first.get(entry.cause)
        body: dict[str, Any] = {
            "seq": len(self._events),
            "time": float(entry.time),
            "wall_time": (self.start + timedelta(seconds=float(entry.time))).isoformat(timespec="milliseconds"),
            "actor": entry.actor,
            "name": entry.name,
            "cause": None if cause is None else cause.seq,
            "detail": dict(entry.detail),
            "previous": self._events[-1].hash if self._events else _GENESIS,
        }
        event = Event(**body, hash=_digest(body))
        self._events.append(event)
        self._first.setdefault(event.name, event)
        return event

    def first(self, name: str) -> Event | None:
        """First event of that name, or None."""
        return self._first.get(name)

    def write(self, path: str | Path) -> None:
        """Write the log as JSON lines, complete or not at all."""
        write_whole(path, "".join(_line(event.to_dict()) + "\n" for event in self._events))

    def __iter__(self) -> Iterator[Event]:
        return iter(self._events)

    def __len__(self) -> int:
        return len(self._events)

    def __getitem__(self, seq: int) -> Event:
        return self._events[seq]

    def __repr__(self) -> str:
        end = f" to {self._events[-1].time:.0f} s" if self._events else ""
        return f"<EventLog of {len(self)} events{end}>"


def read_log(path: str | Path) -> EventLog:
    """Read a log written by :meth:`EventLog.write` and verify its chain.

    Raises
    ------
    TwinError
        The file cannot be read, or a line was changed, removed or added; the message names the line.
    """
    path = Path(path)
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise TwinError(f"the event log cannot be read: {error}", where=str(path)) from None
    log: EventLog | None = None
    previous = _GENESIS
    for number, line in enumerate(lines, 1):
        place = f"{path.name}:{number}"
        try:
            body = json.loads(line)
            claimed = body.pop("hash")
            kept = Event(**body, hash=claimed)
            start = datetime.fromisoformat(body["wall_time"]) - timedelta(seconds=body["time"])
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
            raise TwinError("this line is not an event", where=place, fix="restore the file from a copy") from None
        if _digest(body) != claimed or body["previous"] != previous or body["seq"] != number - 1:
            raise TwinError(
                "the hash chain is broken here: a line was changed, removed or added",
                where=place,
                fix="restore the file from a copy; do not use it as evidence",
            )
        if log is None:
            log = EventLog(start)
        log._events.append(kept)
        log._first.setdefault(kept.name, kept)
        previous = claimed
    if log is None:
        raise TwinError("the event log is empty", where=str(path), fix="run the drill again")
    return log


def _line(body: Mapping[str, Any]) -> str:
    return json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _digest(body: Mapping[str, Any]) -> str:
    return hashlib.sha256(_line(body).encode()).hexdigest()
