"""Live values: readings, what is wrong with bad ones, and the state they make."""

from __future__ import annotations

import math
import reprlib
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import Any

from twin.assets import Asset, Kind
from twin.errors import ReadingError, TwinError
from twin.units import show_quantity, to_si

__all__ = ["Applied", "Channel", "LiveState", "Quality", "Quarantined", "Reading", "channel_of", "fault_of"]

# A 4-20 mA transmitter signals measurements from 3.8 to 20.5 mA and faults outside (NAMUR NE 43): the measured value
# may leave its span by these parts of it, and not more.
_BELOW_SPAN = (4.0 - 3.8) / 16.0
_ABOVE_SPAN = (20.5 - 20.0) / 16.0
_CLOCK_AHEAD = timedelta(seconds=5.0)
_CHUNK = 4096
_CHUNKS_KEPT = 256
_QUARANTINE_KEPT = 10_000
# What a mast or another sensor may report besides the attributes of its kind.
_SENSOR_UNITS = {
    "wind_speed": ("m/s", 0.0, 120.0),
    "wind_from": ("degree", -360.0, 360.0),
    "temperature": ("K", 150.0, 400.0),
    "pressure": ("Pa", 3e4, 1.2e5),
    "humidity": ("", 0.0, 1.05),
}


class Quality(IntEnum):
    """Quality of a value: the two leading bits of an OPC UA status code (OPC 10000-4, 7.39)."""

    GOOD = 0
    UNCERTAIN = 1
    BAD = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One value of one tag. Nothing is checked here: :meth:`twin.Twin.apply` decides what to believe.

    Parameters
    ----------
    tag
        Tag of an asset, or ``"tag.attribute"`` for one of its attributes, such as ``"T-101.level"``.
    time
        When it was measured, with a time zone.
    value
        Value. [SI]
    quality
        What the instrument says about it.
    unit
        SI unit of the value, if known; a reading in the unit of another quantity is not believed.
    received
        When it came in, with a time zone; None: not recorded.
    device, operator
        Who delivered it.
    """

    tag: str
    time: datetime
    value: float
    quality: Quality = Quality.GOOD
    unit: str | None = None
    received: datetime | None = None
    device: str = ""
    operator: str = ""

    def __repr__(self) -> str:
        value = self.value
        shown = show_quantity(value, self.unit or "") if type(value) is float else reprlib.repr(value)
        return f"<Reading {self.tag} = {shown} at {self.time}, {getattr(self.quality, 'name', self.quality)}>"


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A reading that was not believed, and why."""

    reading: object
    reason: str


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of a batch of readings."""

    accepted: int
    quarantined: tuple[Quarantined, ...]

    def __repr__(self) -> str:
        why = f": {self.quarantined[0].reason}" if self.quarantined else ""
        return f"<Applied {self.accepted} readings, {len(self.quarantined)} in quarantine{why}>"


@dataclass(frozen=True, slots=True)
class Channel:
    """What readings of a tag may be: unit and range of the value."""

    unit: str | None
    low: float
    high: float


def channel_of(asset: Asset, kind: Kind | None, name: str) -> Channel | None:
    """Channel of an asset (`name` empty) or of one of its attributes; None when there is no such channel.

    The channel of a detector spans 0 to its `range_high`, widened to the limits of its signal (NAMUR NE 43).
    """
    rules = kind.attributes if kind else {}
    if not name:
        span, unit = asset.get("range_high"), rules["range_high"].unit if "range_high" in rules else None
        if not isinstance(span, float):
            return Channel(unit, -math.inf, math.inf)
        return Channel(unit, -_BELOW_SPAN * span, (1.0 + _ABOVE_SPAN) * span)
    if name in rules and rules[name].type == "number":
        return Channel(rules[name].unit, rules[name].low, rules[name].high)
    if asset.layer == "sensor" and name in _SENSOR_UNITS:
        return Channel(*_SENSOR_UNITS[name])
    return None


def fault_of(reading: object, channel: Channel | None, last: Reading | None) -> str:
    """Why a reading is not believed; empty when it is."""
    if not isinstance(reading, Reading):
        return f"not a Reading but {type(reading).__name__}"
    if channel is None:
        return f"unknown tag {reading.tag!r}"
    return _fault_of_time(reading, last) or _fault_of_value(reading, channel)


def _fault_of_time(reading: Reading, last: Reading | None) -> str:
    if not _aware(reading.time):
        return "the time has no zone" if isinstance(reading.time, datetime) else "the time is no datetime"
    if reading.received is not None:
        if not _aware(reading.received):
            return "the receive time has no zone"
        if reading.time - reading.received > _CLOCK_AHEAD:
            return f"the clock is ahead: measured {(reading.time - reading.received).total_seconds():g} s after receipt"
    if last is not None and reading.time <= last.time:
        same = reading.time == last.time
        return "a second reading of the same time" if same else f"time goes backwards: older than {last.time}"
    return ""


def _fault_of_value(reading: Reading, channel: Channel) -> str:
    try:
        value = float(reading.value)
    except (TypeError, ValueError, OverflowError):
        return f"the value is {reprlib.repr(reading.value)}, not a number"
    if not math.isfinite(value):
        return "the value is not finite"
    if reading.unit is not None and channel.unit is not None and reading.unit != channel.unit:
        try:
            if abs(to_si(1.0, reading.unit, channel.unit) - 1.0) > 1e-9:
                return f"the unit is {reading.unit!r}, not {channel.unit!r}"
        except TwinError:
            share = " (a share such as ppm needs its gas to be converted)" if not reading.unit else ""
            return f"the unit is {reading.unit!r}, not {channel.unit or 'a plain number'!r}{share}"
    if not channel.low <= value <= channel.high:
        low, high = show_quantity(channel.low, ""), show_quantity(channel.high, channel.unit or "")
        return f"out of range: {value:.4g} is not from {low} to {high}"
    return ""


def _aware(time: object) -> bool:
    return isinstance(time, datetime) and time.utcoffset() is not None


class LiveState:
    """Latest reading of each channel, a bounded history, and the quarantine.

    The history keeps the last 2²⁰ (a good million) believed readings. What is older is folded into the state at the
    beginning of the history, so that every time from there on can be asked for. Sealed parts of the history are shared
    between forks.
    """

    __slots__ = ("_base", "_begins", "_chunks", "_tail", "latest", "quarantine", "quarantined")

    def __init__(self) -> None:
        self._base: dict[str, Reading] = {}
        self._begins: datetime | None = None
        self._chunks: tuple[tuple[Reading, ...], ...] = ()
        self._tail: list[Reading] = []
        self.latest: dict[str, Reading] = {}
        self.quarantine: deque[Quarantined] = deque(maxlen=_QUARANTINE_KEPT)
        self.quarantined = 0

    def accept(self, reading: Reading, unit: str | None = None) -> None:
        """Take a believed reading; `unit` is that of its channel."""
        known = reading.unit if unit is None else unit
        if type(reading.value) is not float or reading.unit != known:
            reading = replace(reading, value=float(reading.value), unit=known)
        self.latest[reading.tag] = reading
        self._tail.append(reading)
        if len(self._tail) >= _CHUNK:
            self._chunks += (tuple(self._tail),)
            self._tail = []
            if len(self._chunks) > _CHUNKS_KEPT:
                oldest, *kept = self._chunks
                self._chunks = tuple(kept)
                self._base = {**self._base, **{r.tag: r for r in oldest}}
                self._begins = max(r.time for r in self._base.values())

    def refuse(self, reading: object, reason: str) -> Quarantined:
        """Put a reading into quarantine; the last 10,000 are kept."""
        kept = Quarantined(reading, reason)
        self.quarantine.append(kept)
        self.quarantined += 1
        return kept

    def fork(self) -> LiveState:
        """A state of its own that starts as this one."""
        copy = LiveState()
        copy._base, copy._begins, copy._chunks = self._base, self._begins, self._chunks
        copy._tail = list(self._tail)
        copy.latest = dict(self.latest)
        copy.quarantine = self.quarantine.copy()
        copy.quarantined = self.quarantined
        return copy

    def at(self, time: datetime) -> LiveState:
        """The state as it was at a time: of every channel the last reading not later than it.

        Raises
        ------
        ReadingError
            The time has no zone, or lies before the beginning of the history.
        """
        if not _aware(time):
            raise ReadingError(f"the time {time!r} has no zone", fix="give datetime(..., tzinfo=UTC) or another zone")
        if self._begins is not None and time < self._begins:
            raise ReadingError(
                f"the history begins at {self._begins.astimezone(UTC)}", where=f"at({time})", fix="ask for a later time"
            )
        past = LiveState()
        past._base, past._begins = self._base, self._begins
        kept = tuple(reading for reading in self.history() if reading.time <= time)
        past._chunks = (kept,) if kept else ()
        past.latest = {tag: r for tag, r in self._base.items() if r.time <= time} | {r.tag: r for r in kept}
        return past

    def history(self) -> Iterator[Reading]:
        """Readings of the history in the order they came."""
        for chunk in self._chunks:
            yield from chunk
        yield from self._tail

    def __getstate__(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        for name, value in state.items():
            setattr(self, name, value)


def as_batch(readings: Reading | Iterable[Reading]) -> Iterable[object]:
    """A batch from one reading or many."""
    return (readings,) if isinstance(readings, Reading) else readings
