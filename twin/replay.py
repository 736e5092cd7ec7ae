"""Recorded readings played back from a CSV file."""

from __future__ import annotations

import csv
import difflib
import io
import math
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from itertools import groupby
from pathlib import Path

from twin.errors import Problem, ReadingError, TwinError, near
from twin.readings import Quality, Reading
from twin.units import to_si

__all__ = ["Replay", "replay"]

_NEEDED = ("tag", "time", "value", "unit")
# SI units of the quantities a park reports; the first one a unit converts to is the one its value is stored in.
_SI = (
    *("", "kg/m^3", "Pa", "K", "m", "m/s", "degree", "kg/s", "kg", "m^3", "m^3/s", "s", "1/s"),
    *("W/m^2", "W", "A", "V", "mol/m^3"),
)
# An angle is a plain number to a unit library; a wind direction is not.
_ANGLES = frozenset({"deg", "degree", "degrees", "°", "rad", "radian", "radians", "turn", "gon", "grad"})
_MAX_BYTES = 512 * 2**20


class Replay:
    """Readings of a file in batches of one time each, in time order.

    Iterating yields tuples of :class:`twin.Reading` and may be repeated. Rows that cannot be understood are in
    `rejected`.

    Parameters
    ----------
    path
        CSV file in UTF-8 with the columns ``tag, time, value, unit`` and, optionally, ``quality, device, operator``.
        Times are ISO 8601 with a zone. Plain numbers have the unit 1. The quality is good, uncertain or bad.
    max_bytes
        Largest file that is read; it is held in memory. [byte]

    Raises
    ------
    ReadingError
        The file as a whole cannot be read: missing, too large, not UTF-8, or without the columns.
    """

    def __init__(self, path: str | Path, *, max_bytes: int = _MAX_BYTES) -> None:
        self.path = Path(path)
        faults: list[Problem] = []
        readings = list(self._read(_text_of(self.path, max_bytes), faults))
        readings.sort(key=lambda reading: reading.time)
        self._readings = tuple(readings)
        self.rejected: tuple[Problem, ...] = tuple(faults)

    def __iter__(self) -> Iterator[tuple[Reading, ...]]:
        for _, batch in groupby(self._readings, key=lambda reading: reading.time):
            yield tuple(batch)

    def __len__(self) -> int:
        return len(self._readings)

    def __repr__(self) -> str:
        span = f" from {self._readings[0].time} to {self._readings[-1].time}" if self._readings else ""
        return f"<Replay of {len(self)} readings{span}, {len(self.rejected)} rows rejected>"

    def _read(self, text: str, faults: list[Problem]) -> Iterator[Reading]:
        rows = csv.reader(io.StringIO(text, newline=""))
        try:
            header = [column.strip().lower() for column in next(rows, [])]
        except csv.Error as error:
            raise ReadingError(f"not a CSV file: {error}", where=f"{self.path.name}:1") from None
        missing = [column for column in _NEEDED if column not in header]
        if missing:
            raise ReadingError(
                f"the file has no column {' or '.join(repr(c) for c in missing)}",
                where=f"{self.path.name}:1",
                fix=f"the first line names the columns {', '.join(_NEEDED)}; {near(missing[0], header)}",
            )
        while True:
            try:
                row = next(rows)
            except StopIteration:
                return
            except csv.Error as error:
                faults.append(Problem(f"not a CSV row: {error}", where=f"{self.path.name}:{rows.line_num}"))
                continue
            if not any(cell.strip() for cell in row):
                continue
            try:
                yield _reading(header, row)
            except TwinError as error:
                faults.append(Problem(error.what, where=f"{self.path.name}:{rows.line_num}", fix=error.fix))


def replay(path: str | Path, *, max_bytes: int = _MAX_BYTES) -> Replay:
    """Play back a CSV file of readings; see :class:`Replay`."""
    return Replay(path, max_bytes=max_bytes)


def _text_of(path: Path, max_bytes: int) -> str:
    try:
        size = path.stat().st_size
        if size > max_bytes:
            raise ReadingError(
                f"the file has {size / 2**20:.0f} MB, more than the limit of {max_bytes / 2**20:.0f} MB",
                where=path.name,
                fix="split it by time, or raise max_bytes",
            )
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        siblings = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
        close = difflib.get_close_matches(path.name, siblings, n=1)
        fix = f"did you mean {close[0]!r}?" if close else "check the path"
        raise ReadingError("there is no such file", where=str(path), fix=fix) from None
    except OSError as error:
        raise ReadingError(f"the file cannot be read: {error.strerror or error}", where=str(path)) from None
    except UnicodeDecodeError as error:
        raise ReadingError(
            f"byte {error.start} is not UTF-8",
            where=path.name,
            fix=f"save it as UTF-8, for example 'iconv -f GB18030 -t UTF-8 {path.name} > utf8.csv'",
        ) from None


def _reading(header: list[str], row: list[str]) -> Reading:
    """Reading of one row.

    Raises
    ------
    ReadingError, UnitError
        A cell is missing or cannot be understood.
    """
    if len(row) != len(header):
        raise ReadingError(f"the row has {len(row)} cells, the header {len(header)}", fix="check commas and quotes")
    cells = {column: cell.strip() for column, cell in zip(header, row, strict=True)}
    if not cells["tag"]:
        raise ReadingError("the tag is empty")
    try:
        time = datetime.fromisoformat(cells["time"])
    except ValueError:
        raise ReadingError(f"the time is {cells['time']!r}", fix="write 2026-03-01T08:15:00+08:00") from None
    if time.utcoffset() is None:
        raise ReadingError(f"the time {cells['time']!r} has no zone", fix=f"write {cells['time']}+08:00 or ...Z")
    try:
        value = float(cells["value"])
    except ValueError:
        raise ReadingError(f"the value is {cells['value']!r}, not a number") from None
    if not math.isfinite(value):
        raise ReadingError(f"the value is {cells['value']!r}, not finite")
    word = cells.get("quality", "").upper() or "GOOD"
    if word not in Quality.__members__:
        raise ReadingError(f"the quality is {cells['quality']!r}", fix="write good, uncertain or bad")
    unit = _si_unit(cells["unit"])
    return Reading(
        tag=cells["tag"],
        time=time,
        value=value if cells["unit"] in {"1", unit} else to_si(value, cells["unit"], unit),
        quality=Quality[word],
        unit=unit,
        device=cells.get("device", ""),
        operator=cells.get("operator", ""),
    )


@lru_cache(maxsize=1024)
def _si_unit(unit: str) -> str:
    """SI unit that values in `unit` are stored in."""
    if not unit:
        raise ReadingError("the value has no unit", fix="write its unit, or 1 for a plain number")
    if unit == "1":
        return ""
    if unit in _ANGLES:
        return "degree"
    for wanted in _SI:
        try:
            to_si(1.0, unit, wanted)
        except TwinError:
            continue
        return wanted
    raise ReadingError(f"unknown unit {unit!r}", fix="write an SI unit, %, ppm, bar, degC ...")
