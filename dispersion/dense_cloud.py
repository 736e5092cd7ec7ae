"""The answering part of a dense cloud: what is where and when, from the cross-sections that were followed.

A release that still runs is taken for one that has lasted until now, for nobody knows yet when it ends: a cut leaves
the cloud before it as it was. Between durations followed once and for all (each a tenth longer than the one before)
the front is interpolated; once the release has ended its own duration is followed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dispersion.dense_march import Plume, Setting, follow_puff, table_of

if TYPE_CHECKING:
    from dispersion.field import Bounds
    from plant_models.releases import Release

__all__ = ["Axis", "Burst", "DenseSolution", "Piece", "Stream"]

_Array = NDArray[np.float64]
_LONGER = 1.1  # a followed duration over the one before
_FRAMES = 150  # most times at which a default footprint looks at a source


def _kernels() -> Any:
    from dispersion._kernels import dense_field

    return dense_field


@dataclass(frozen=True, slots=True)
class Axis:
    """Where a source stands and where the wind blows."""

    x: float
    y: float
    east: float
    north: float

    def along(self, x: _Array, y: _Array) -> tuple[_Array, _Array]:
        """Distances downwind and to the left. [m]"""
        dx, dy = x - self.x, y - self.y
        return dx * self.east + dy * self.north, dy * self.east - dx * self.north

    def array(self) -> _Array:
        """Numbers for the kernels, shape (4,)."""
        return np.array([self.x, self.y, self.east, self.north])

    def box(self, along: _Array, wide: _Array, lead: _Array) -> Bounds:
        """Rectangle around cross-sections of the half-widths, each drawn out along the wind by a lead."""
        s = np.concatenate([along - lead, along - lead, along + lead, along + lead])
        n = np.concatenate([wide, -wide, wide, -wide])
        x, y = self.x + s * self.east - n * self.north, self.y + s * self.north + n * self.east
        return float(x.min()), float(y.min()), float(x.max()), float(y.max())


@dataclass(frozen=True, slots=True)
class _Look:
    """How to look up some points in a table; see :mod:`dispersion._kernels.dense_field`."""

    table: _Array
    steady: int
    which: NDArray[np.intp]
    numbers: _Array

    @classmethod
    def of(cls, table: _Array, steady: int, which: NDArray[np.intp], **columns: _Array | float) -> _Look:
        numbers = np.empty((which.size, 8))
        standard = {"lowest": -math.inf, "highest": math.inf, "stretch": 1.0, "weight": 1.0}
        for name, value in (standard | columns).items():
            numbers[:, getattr(_kernels(), name.upper())] = value
        return cls(table, steady, which, numbers)


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """Part of a stream with one rate; begin and end count from the start of the stream. [s]"""

    begins: float
    ends: float
    plume: Plume
    setting: Setting
    _tables: dict[object, tuple[_Array, int, float]] = field(default_factory=dict, repr=False)

    def reached(self, duration: Any) -> Any:
        """Place which half of a release of this duration has passed. [m]"""
        return np.interp(0.5 * duration, self.plume.times, self.plume.rows[:, 0])

    def steady(self) -> _Array:
        """Table of the plume, fed all along."""
        if "plume" not in self._tables:
            rows = self.plume.rows
            table = table_of(rows, self.setting, begins=float(rows[0, 0]), passing="fed")
            self._tables["plume"] = table, table.shape[0], math.inf
        return self._tables["plume"][0]

    @property
    def shortest(self) -> float:
        """Shortest duration after which the cloud lies beyond the area it rises from. [s]"""
        return 2.0 * float(self.plume.times[self.plume.fed + 1])

    def lasting(self, duration: float, key: object) -> tuple[_Array, int, float]:
        """Table of a release of a duration, the number of its fed rows, and where the puff begins [m]."""
        if key not in self._tables:
            fed = self.steady()
            found = follow_puff(self.plume, duration, self.setting)
            if found is None:
                self._tables[key] = fed, fed.shape[0], math.inf
            else:
                first, rows = found
                begins = float(self.plume.rows[0, 0])
                cut = first.copy()
                cut[1] -= 0.5 * duration
                whole = table_of(cut[None, :], self.setting, begins=begins, passing="fed")
                ends = self.plume.blur(duration, self.setting.layer)
                passing = table_of(rows, self.setting, begins=begins, passing="puff", ends=ends)
                kept = fed[fed[:, 0] < cut[0]]
                self._tables[key] = np.concatenate([kept, whole, passing]), kept.shape[0] + 1, float(cut[0])
        return self._tables[key]

    def looks(self, since: _Array, duration: float, *, brief: bool) -> Iterator[_Look]:
        """How to look this piece up at the times, shape (n,), of a stream that lasts for a duration [s].

        While the stream runs the place that half of its gas has passed parts the plume from its front.
        """
        over = np.flatnonzero(since >= duration)
        if over.size and not brief:
            table, steady, _ = self.lasting(duration, "whole")
            yield _Look.of(table, steady, over, opens=self.begins, closes=self.ends, lasts=duration, since=since[over])
        running = np.flatnonzero((since > self.begins) & (since < duration))
        if not running.size:
            return
        lasted, shortest = since[running], self.shortest
        front = np.where(lasted < shortest, math.inf, self.reached(lasted))
        table = self.steady()
        yield _Look.of(
            table, len(table), running, opens=self.begins, closes=self.ends, lasts=1.0, since=lasted, highest=front
        )
        number = np.log(np.maximum(lasted / shortest, 1e-9)) / math.log(_LONGER)
        lower = np.floor(number).astype(int)
        for k in np.unique(lower[lower >= 0]):
            here = np.flatnonzero(lower == k)
            for member, share in ((k, 1.0 - (number[here] - k)), (k + 1, number[here] - k)):
                one = shortest * _LONGER ** int(member)
                table, steady, reached = self.lasting(one, int(member))
                if reached < math.inf:
                    scale, place = one / lasted[here], front[here]
                    yield _Look.of(
                        table, steady, running[here], opens=self.begins * scale, lasts=one, since=one, lowest=place,
                        closes=np.minimum(self.ends, lasted[here]) * scale, stretch=reached / place, weight=share,
                    )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Stream:
    """Gas released without a pause from one place, in pieces of one rate each.

    One that ends before its gas has left the area it rises from is shown while it runs, and then by a burst.
    """

    axis: Axis
    begin: float
    duration: float
    pieces: tuple[Piece, ...]

    @property
    def brief(self) -> bool:
        """Whether it ends before half of its gas has left the area it rises from."""
        return all(p.plume.fed > 0 and self.duration <= 2.0 * p.plume.times[p.plume.fed] for p in self.pieces)

    def add_points(self, x: _Array, y: _Array, z: _Array, t: _Array, out: _Array) -> None:
        """Add the mole fraction at points."""
        along, side = self.axis.along(x, y)
        for piece in self.pieces:
            for look in piece.looks(t - self.begin, self.duration, brief=self.brief):
                _kernels().add_points(look.table, look.steady, along, side, z, look.which, look.numbers, out)

    def add_frame(self, grid: _Array, heights: _Array, t: float, out: _Array) -> None:
        """Add the mole fraction on a grid at one time."""
        for piece in self.pieces:
            for look in piece.looks(np.array([t - self.begin]), self.duration, brief=self.brief):
                axis = self.axis.array()
                _kernels().add_grid(look.table, look.steady, axis, grid, heights, look.numbers[0], out)

    def seen(self) -> tuple[_Array, _Array, _Array, _Array]:
        """Tables of all pieces in one, with the times at which a place is reached, passed in the middle and left."""
        columns, arrives, middles, leaves = [], [], [], []
        at = _kernels()
        for piece in self.pieces:
            table, steady, _ = piece.lasting(self.duration, "whole")
            puff = np.arange(len(table)) >= steady
            when, x = table[:, at.WHEN], table[:, at.AT]
            arrive, leave = when.copy(), when.copy()
            if puff.any():  # when its ends pass the places of its rows
                lead = (table[:, at.PASSING] + 3.0 * table[:, at.BLUR])[puff]
                arrive[puff] = np.interp(x[puff], x[puff] + lead, when[puff], left=0.0)
                leave[puff] = np.interp(x[puff], x[puff] - lead, when[puff], right=math.inf)
            columns.append(table)
            arrives.append(np.where(puff, arrive, when + piece.begins))
            middles.append(np.where(puff, when, when + piece.ends))
            leaves.append(np.where(puff, leave, when + piece.ends))
        table, *times = (np.concatenate(part) for part in (columns, arrives, middles, leaves))
        return table, times[0] + self.begin, times[1] + self.begin, times[2] + self.begin

    def moments(self, last: float) -> _Array:
        """Times that show every place while it is in the cloud. [s]"""
        at = _kernels()
        running = np.concatenate([np.geomspace(0.02, 0.98, 16) * self.duration, [self.duration * (1.0 - 1e-9)]])
        table, steady, _ = self.pieces[-1].lasting(self.duration, "whole")
        after, since = [], self.duration
        passing = table[steady:]
        lasts = passing[:, at.PASSING] / np.gradient(passing[:, at.AT], passing[:, at.WHEN]) if len(passing) else None
        while since < last - self.begin and len(after) < _FRAMES:
            half = float(np.interp(since, passing[:, at.WHEN], lasts)) if len(passing) else since
            since += max(0.5 * half, 0.02 * since)
            after.append(since)
        return np.concatenate([running, [self.duration], after]) + self.begin


@dataclass(frozen=True, slots=True, eq=False)
class Burst:
    """Mass let go at once."""

    axis: Axis
    begin: float
    shown: float
    table: _Array

    def add_points(self, x: _Array, y: _Array, z: _Array, t: _Array, out: _Array) -> None:
        """Add the mole fraction at points."""
        along, side = self.axis.along(x, y)
        since = np.where(t >= self.shown, t - self.begin, -1.0)
        _kernels().add_puff_points(self.table, along, side, z, since, out)

    def add_frame(self, grid: _Array, heights: _Array, t: float, out: _Array) -> None:
        """Add the mole fraction on a grid at one time."""
        if t >= self.shown:
            _kernels().add_puff_grid(self.table, self.axis.array(), grid, heights, t - self.begin, out)

    def seen(self) -> tuple[_Array, _Array, _Array, _Array]:
        """Table, and the time of each of its rows three times, as a puff seen at a time is where it is."""
        when = self.table[:, _kernels().WHEN] + self.begin
        return self.table, when, when, when

    def moments(self, last: float) -> _Array:
        """Times that show every place while it is in the cloud. [s]"""
        when = self.table[:, _kernels().WHEN] + self.begin
        when = when[(when >= self.shown) & (when <= last)]
        return when[:: max(when.size // _FRAMES, 1)]


@dataclass(frozen=True, slots=True, eq=False)
class DenseSolution:
    """What :class:`dispersion.cloud.Cloud` asks.

    The concentration is that of the air warmed back to its own temperature, as a sensor that draws a sample or a person
    who breathes it gets it: mole fraction times the density of the pure vapour in the undisturbed air. Droplets count
    as the vapour they become. Mole fractions of several sources add, up to 1.
    """

    releases: tuple[Release, ...]
    sources: tuple[Stream | Burst, ...]
    pure: float

    def concentration(self, x: _Array, y: _Array, z: _Array, t: _Array) -> _Array:
        """Concentration at points, broadcast. [kg m⁻³]"""
        x, y, z, t = np.broadcast_arrays(x, y, z, t)
        mole = np.zeros(x.size)
        points = tuple(np.ascontiguousarray(a.ravel()) for a in (x, y, z, t))
        for source in self.sources:
            source.add_points(*points, mole)
        mole[points[2] < 0.0] = 0.0
        return self.pure * np.minimum(mole, 1.0).reshape(x.shape)

    def add_frames(self, grid: _Array, heights: _Array, times: _Array, out: _Array) -> None:
        """Add the concentration on a regular grid."""
        mole = np.empty(out.shape[1:])
        for k, t in enumerate(times):
            mole[:] = 0.0
            for source in self.sources:
                source.add_frame(grid, heights, float(t), mole)
            out[k] += self.pure * np.minimum(mole, 1.0)

    def released(self, t: float) -> float:
        """Mass released up to `t`, all of which stays in the air. [kg]"""
        given = (r.mass_until(t) if t > r.start else r.instantaneous_mass * (t == r.start) for r in self.releases)
        return float(sum(given))

    def swept(self, level: float | None, height: float, times: _Array | None) -> tuple[_Array, Bounds | None]:
        """Times at which to look, and the rectangle in which `level` is exceeded then (without one: three spreads)."""
        boxes, moments = [], []
        for source in self.sources:
            table, arrives, middle, leaves = source.seen()
            wide, lead = self._extent(source, table, level, height)
            there = np.isfinite(wide)
            if times is not None:
                there &= (arrives <= times[-1]) & (leaves >= times[0])
            if not there.any():
                continue
            boxes.append(source.axis.box(table[there, 0], wide[there], lead[there]))
            moments.append(source.moments(float(middle[there].max())))
        chosen = times if times is not None else np.unique(np.concatenate([[self.releases[0].start], *moments]))
        if not boxes:
            return chosen, None
        x0, y0, x1, y1 = (np.array(side) for side in zip(*boxes, strict=True))
        return chosen, (float(x0.min()), float(y0.min()), float(x1.max()), float(y1.max()))

    def _extent(
        self, source: Stream | Burst, table: _Array, level: float | None, height: float
    ) -> tuple[_Array, _Array]:
        """Half-width and half-length in which a level may be exceeded in each cross-section; nan: nowhere."""
        from scipy.special import erf

        at = _kernels()
        core, sides, high = table[:, at.HALF_CORE], table[:, at.SIDES], table[:, at.VERTICAL]
        spreads = np.full(len(table), 3.0)
        if level is not None:
            up = sum(np.exp(-0.5 * ((height + s * table[:, at.CENTRE]) / high) ** 2) for s in (1.0, -1.0))
            peak = self.pure * np.exp(table[:, at.AMPLITUDE]) * up * 2.0 * erf(core / (math.sqrt(2.0) * sides))
            with np.errstate(invalid="ignore", divide="ignore"):  # no logarithm below the level: nowhere
                spreads = np.sqrt(2.0 * np.log(peak / level))
        ends = table[:, at.PASSING] + np.nan_to_num(spreads) * table[:, at.BLUR]
        return core + spreads * sides, ends if isinstance(source, Burst) else np.zeros(len(table))
