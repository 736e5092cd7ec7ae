"""The answering part of a dense cloud: what is where and when, from the cross-sections that were followed.

A release that still runs is taken for one that has lasted until now, for nobody knows yet when it ends: a cut leaves
the cloud before it as it was. Between durations followed once and for all (each a tenth longer than the one before)
the front is interpolated; once the release has ended its own duration is followed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
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
_RICHER = 1.05  # times the rate that follows: a piece whose peak must not be missed
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

    def moved(self, aside: float) -> Axis:
        """The axis moved to the left by a length. [m]"""
        return Axis(self.x - aside * self.north, self.y + aside * self.east, self.east, self.north)

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
class _Part:
    """How a table counts beyond the place that half of a release has passed, at some of the times asked for.

    The table is that of a release that lasts for ``lasts``, read ``stretch`` times as far down, at the time ``since``
    of its own; ``scale`` turns times of the release asked for into its own.
    """

    table: _Array
    steady: int
    lasts: float
    which: NDArray[np.intp]
    since: _Array
    scale: _Array
    stretch: _Array
    weight: _Array

    def edges(self, released: _Array) -> tuple[_Array, _Array]:
        """Place and blur of what was released at times (edges, times) of the release asked for, now. [m]

        A puff is a core with blurred ends around its middle, all three those of the time asked for (before its first
        row its lengths are those of that row); the gas released first lies in front, so a part of the release is a part
        of the core.
        """
        at = _kernels()
        rows = self.table[self.steady :]
        when = rows[:, at.WHEN]
        low = np.clip(np.searchsorted(when, self.since, side="right") - 1, 0, when.size - 2)
        f = (self.since - when[low]) / (when[low + 1] - when[low])
        middle, core, blur = (
            rows[low, c] + g * (rows[low + 1, c] - rows[low, c])
            for c, g in ((at.AT, f), (at.PASSING, np.maximum(f, 0.0)), (at.BLUR, np.maximum(f, 0.0)))
        )
        place = middle + core * (1.0 - 2.0 * released * self.scale / self.lasts)
        return place / self.stretch, np.broadcast_to(blur / self.stretch, place.shape)


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """Part of a stream with one rate; begin and end count from the start of the stream. [s]

    It runs ``aside`` to the left of the axis of the stream. [m]
    """

    begins: float
    ends: float
    plume: Plume
    setting: Setting
    aside: float = 0.0
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
                ends = float(self.plume.blur(duration, self.setting.layer))
                passing = table_of(rows, self.setting, begins=begins, passing="puff", ends=ends)
                kept = fed[fed[:, 0] < cut[0]]
                self._tables[key] = np.concatenate([kept, whole, passing]), kept.shape[0] + 1, float(cut[0])
        return self._tables[key]

    def halfway(self, since: _Array, duration: float) -> _Array:
        """Place that half of the gas has passed that was released until then; infinite where it is still fed. [m]"""
        ended = since >= duration
        reached = np.where(since < self.shortest, math.inf, self.reached(since))
        return np.where(ended, self.lasting(duration, "whole")[2], reached) if ended.any() else reached

    def parts(self, since: _Array, duration: float) -> Iterator[_Part]:
        """Tables beyond the place that half of the gas has passed, at times (n,) of a stream that lasts so long [s].

        A stream that runs is taken between two that end now, the one a tenth longer than the other.
        """
        over = np.flatnonzero(since >= duration)
        if over.size:
            table, steady, reached = self.lasting(duration, "whole")
            same = np.ones(over.size)
            if reached < math.inf:
                yield _Part(table, steady, duration, over, since[over], same, same, same)
        running = np.flatnonzero((since > self.begins) & (since < duration))
        number = np.maximum(np.log(np.maximum(since[running] / self.shortest, 1e-9)) / math.log(_LONGER), 0.0)
        lower = np.floor(number).astype(int)
        for k in np.unique(lower):
            here = np.flatnonzero(lower == k)
            which, above = running[here], number[here] - k
            lasted = since[which]
            for member, share in ((int(k), 1.0 - above), (int(k) + 1, above)):
                one = self.shortest * _LONGER**member
                table, steady, reached = self.lasting(one, member)
                if reached < math.inf:
                    stretch = reached / np.asarray(self.reached(np.maximum(lasted, self.shortest)))
                    yield _Part(table, steady, one, which, np.full(which.size, one), one / lasted, stretch, share)

    def arrived(self, released: _Array, since: _Array) -> tuple[_Array, _Array]:
        """Place that the gas released at times (edges,) has come to at times (n,), and its blur, (edges, n). [m]"""
        rows, travelled = self.plume.rows, since - released[:, None]
        place: _Array = np.interp(travelled, rows[:, 1], rows[:, 0], left=-math.inf, right=math.inf)
        return place, self.plume.blur(travelled, self.setting.layer)


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

    def _looks(self, since: _Array) -> Iterator[tuple[Piece, _Array, NDArray[np.intp], _Array]]:
        """Tables, at which of the times (n,) they count, and how: rows of :mod:`dispersion._kernels.dense_field`.

        Up to the place that half of the gas has passed the plume is that of its rate, beyond it a puff; the edges of
        both are blurred by the shear along their way. What lies between two pieces is halfway between where either has
        it.
        """
        shown = (since > 0.0) & ~((since >= self.duration) & self.brief)
        times = np.flatnonzero(shown)
        now = since[times]
        if not times.size:
            return
        begins = np.array([piece.begins for piece in self.pieces])
        half = 0.5 * np.minimum(now, self.duration)
        holder = np.searchsorted(begins, half, side="right") - 1
        border = np.empty(now.size)
        for k in np.unique(holder):
            border[holder == k] = self.pieces[k].halfway(now[holder == k], self.duration)
        near, smear, far, blur = self._edges(now)
        for k, piece in enumerate(self.pieces):
            begun = np.flatnonzero(now > piece.begins)
            if not begun.size:
                continue
            yield piece, piece.steady(), times[begun], _numbers(
                near[k][:, begun], smear[k][:, begun], highest=border[begun]
            )  # fmt: skip
            for part in piece.parts(now, self.duration):
                beyond = border[part.which] < math.inf
                if beyond.any():
                    which = part.which[beyond]
                    yield piece, part.table, times[which], _numbers(
                        far[k][:, which], blur[k][:, which], lowest=border[which], stretch=part.stretch[beyond],
                        weight=part.weight[beyond],
                    )  # fmt: skip

    def _edges(self, now: _Array) -> tuple[_Array, _Array, _Array, _Array]:
        """Edges of the pieces at times (n,), shape (pieces, 2, n): place and blur near by, and those beyond. [m]"""
        near, smear, far, blur = (np.empty((len(self.pieces), 2, now.size)) for _ in range(4))
        for k, piece in enumerate(self.pieces):
            ends = np.array([piece.begins, piece.ends])
            near[k], smear[k] = piece.arrived(ends, now)
            far[k], blur[k] = near[k], smear[k]
            weights = np.zeros(now.size)
            places, blurs = np.zeros((2, now.size)), np.zeros((2, now.size))
            for part in piece.parts(now, self.duration):
                released = np.minimum(ends[:, None], now[part.which])
                place, wide = part.edges(released)
                places[:, part.which] += part.weight * place
                blurs[:, part.which] += part.weight * wide
                weights[part.which] += part.weight
            known = weights > 0.0
            far[k][:, known], blur[k][:, known] = places[:, known] / weights[known], blurs[:, known] / weights[known]
        for k, piece in enumerate(self.pieces[1:], 1):
            begun = now > piece.begins
            for edges in (near, smear, far, blur):
                edges[k, 0, begun] = 0.5 * (edges[k - 1, 1, begun] + edges[k, 0, begun])
                edges[k - 1, 1, begun] = edges[k, 0, begun]
        return near, smear, far, blur

    def add_points(self, x: _Array, y: _Array, z: _Array, t: _Array, out: _Array) -> None:
        """Add the mole fraction at points."""
        along, side = self.axis.along(x, y)
        moments, which = np.unique(t - self.begin, return_inverse=True)
        for piece, table, times, looks in self._looks(moments):
            rows = np.full(moments.size, -1)
            rows[times] = np.arange(times.size)
            _kernels().add_points(table, along, side - piece.aside, z, rows[which], looks, out)

    def add_frames(self, grid: _Array, heights: _Array, times: _Array, out: _Array) -> None:
        """Add the mole fraction on a grid at times."""
        for piece, table, frames, looks in self._looks(times - self.begin):
            _kernels().add_grid(table, self.axis.moved(piece.aside).array(), grid, heights, looks, frames, out)

    def seen(self) -> tuple[_Array, _Array, _Array, _Array]:
        """Tables of all pieces in one, with the times at which a place is reached, passed in the middle and left.

        The core is wide enough for what runs aside.
        """
        columns, arrives, middles, leaves = [], [], [], []
        at = _kernels()
        for piece in self.pieces:
            table, steady, _ = piece.lasting(self.duration, "whole")
            puff = np.arange(len(table)) >= steady
            when, x = table[:, at.WHEN], table[:, at.AT]
            smear = 3.0 * piece.plume.blur(when, piece.setting.layer)
            arrive, leave = when.copy(), np.interp(x, x - smear, when)
            if puff.any():  # when its ends pass the places of its rows
                lead = (table[:, at.PASSING] + 3.0 * table[:, at.BLUR])[puff]
                arrive[puff] = np.interp(x[puff], x[puff] + lead, when[puff], left=0.0)
                leave[puff] = np.interp(x[puff], x[puff] - lead, when[puff], right=math.inf)
            table = table.copy()
            table[:, at.HALF_CORE] += abs(piece.aside)
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
        after: list[float] = []
        since = self.duration
        passing = table[steady:]
        lasts = (
            passing[:, at.PASSING] / np.gradient(passing[:, at.AT], passing[:, at.WHEN]) if len(passing) else passing
        )
        while since < last - self.begin and len(after) < _FRAMES:
            half = float(np.interp(since, passing[:, at.WHEN], lasts)) if len(passing) else since
            since += max(0.5 * half, 0.02 * since)
            after.append(since)
        found = np.concatenate([running, [self.duration], after, *self._surges(last - self.begin)])
        return found + self.begin

    def _surges(self, last: float) -> Iterator[_Array]:
        """Times that follow the gas of each piece that is richer than the next, to its place at the last time. [s]

        Steps of a quarter of its length, which grow by a twentieth of the way, as the shear draws it out by a tenth.
        """
        for piece, following in pairwise(self.pieces):
            if piece.plume.start.rate > _RICHER * following.plume.start.rate:
                length = piece.ends - piece.begins
                yield piece.begins + length * np.array([0.1, 0.3, 0.6, 1.0 - 1e-9])
                step = 0.25 * length * (1.0 + 0.05 * np.arange(_FRAMES))
                times = piece.ends + np.cumsum(step)
                yield times[times < last]


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

    def add_frames(self, grid: _Array, heights: _Array, times: _Array, out: _Array) -> None:
        """Add the mole fraction on a grid at times."""
        for t, frame in zip(times, out, strict=True):
            if t >= self.shown:
                _kernels().add_puff_grid(self.table, self.axis.array(), grid, heights, float(t) - self.begin, frame)

    def seen(self) -> tuple[_Array, _Array, _Array, _Array]:
        """Table, and the time of each of its rows three times, as a puff seen at a time is where it is."""
        when = self.table[:, _kernels().WHEN] + self.begin
        return self.table, when, when, when

    def moments(self, last: float) -> _Array:
        """Times that show every place while it is in the cloud. [s]"""
        when = self.table[:, _kernels().WHEN] + self.begin
        when = when[(when >= self.shown) & (when <= last)]
        return when[:: max(when.size // _FRAMES, 1)]


def _numbers(edges: _Array, blur: _Array, **columns: _Array) -> _Array:
    """Rows for the kernels from the edges (2, n) of a piece and their blur."""
    at = _kernels()
    looks = np.empty((edges.shape[1], 8))
    looks[:, [at.OPENS, at.CLOSES]], looks[:, [at.OPENS_BLUR, at.CLOSES_BLUR]] = edges.T, blur.T
    for name, standard in (("lowest", -math.inf), ("highest", math.inf), ("stretch", 1.0), ("weight", 1.0)):
        looks[:, getattr(at, name.upper())] = columns.get(name, standard)
    return looks


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
        east, north, up, moments = (np.ascontiguousarray(a.ravel()) for a in (x, y, z, t))
        for source in self.sources:
            source.add_points(east, north, up, moments, mole)
        mole[up < 0.0] = 0.0
        return self.pure * np.minimum(mole, 1.0).reshape(x.shape)

    def add_frames(self, grid: _Array, heights: _Array, times: _Array, out: _Array) -> None:
        """Add the concentration on a regular grid."""
        mole = np.zeros(out.shape)
        for source in self.sources:
            source.add_frames(grid, heights, times, mole)
        np.minimum(mole, 1.0, out=mole)
        mole *= self.pure
        out += mole

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
