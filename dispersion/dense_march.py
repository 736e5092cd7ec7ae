"""A dense cloud followed from its first cross-section: how wide its area must be, which steps are taken, what is kept.

References
----------
Ermak, D. L. (1990), User's manual for SLAB, UCRL-MA-105607, sections 2.3 and 2.4, equations 12, 13, 29, 30, 49 to 53.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dispersion.dense_air import meander
from dispersion.dense_source import Start, upwind_edge
from twin.errors import ModelError

if TYPE_CHECKING:
    from dispersion.dense_air import SurfaceLayer

__all__ = ["Plume", "Setting", "follow_plume", "follow_puff", "let_go", "table_of"]

_Array = NDArray[np.float64]
_OVER_AREA = 30  # steps over an area: ten stations with three steps each, Ermak 1990
_ALONG = 0.1  # step over the distance; these steps and those of a puff leave 1 % against eight times as many
_FIRST, _GROWTH, _LONGEST = 0.01, 1.2, 0.1  # of the time of a puff
_ROWS = 600
_WIDE_ENOUGH = 5e-4  # relative, of the width an area must have
_WIDEST = 2000.0  # m


@dataclass(frozen=True, slots=True)
class Setting:
    """What all clouds of one run have in common: air, material, how far they are followed and how finely."""

    layer: SurfaceLayer
    material: _Array
    reach: float
    refinement: int
    averaging_time: float


@dataclass(frozen=True, slots=True)
class Plume:
    """Steady plume: cross-sections by distance; their time is that in which the gas gets there."""

    start: Start
    extent: float
    rows: _Array
    fed: int

    @property
    def times(self) -> _Array:
        """Travel times of the rows. [s]"""
        return self.rows[:, 1]

    def blur(self, time: float | _Array, layer: SurfaceLayer) -> _Array:
        """Spread along the wind of gas that has travelled for a time [s]: shear as in a puff, eq. 36b, added up. [m]

        SLAB lets plumes have sharp ends; gas that left first would then come later than the wind brings it.
        """
        closure, _, _, _ = _kernels()
        air, rows = layer.values, self.rows
        z_c, h = rows[:, closure.Z_C], rows[:, closure.H]
        z = z_c + 0.5 * _high(z_c, h)
        slope = np.array([closure.phi_m(air, each) for each in z])
        speed = closure.SHEAR_X * air[closure.U_STAR] / closure.KARMAN * z / (z + air[closure.Z_0]) * slope
        speed *= (1.0 - z / air[closure.LID]) * air[closure.RHO_A] / rows[:, closure.RHO]
        spread = np.concatenate([[0.0], np.cumsum(0.5 * (speed[1:] + speed[:-1]) * np.diff(self.times))])
        return np.asarray(np.interp(time, self.times, spread))

    def rises(self, layer: SurfaceLayer) -> float:
        """Distance at which it is lighter than air and off the ground; infinite when it never is. [m]"""
        closure, _, _, _ = _kernels()
        rows, air = self.rows, layer.values
        aloft = (rows[:, closure.TOP] > 1.01 * rows[:, closure.H]) & (rows[:, closure.H] > 0.0)
        light = np.flatnonzero(aloft & (rows[:, closure.RHO] < air[closure.RHO_A]))
        return float(rows[light[0], closure.X]) if light.size else math.inf


def _kernels() -> tuple[Any, Any, Any, Any]:
    from dispersion._kernels import dense_closure, dense_field, dense_plume, dense_puff

    return dense_closure, dense_field, dense_plume, dense_puff


def follow_plume(start: Start, setting: Setting) -> Plume:
    """March a steady plume to the reach, over an area wide enough to let it be carried off.

    Raises
    ------
    ModelError
        No such width up to 2 km, or no speed or temperature somewhere.
    """
    area = setting.refinement * _OVER_AREA if start.extent > 0.0 else 0
    extent = start.extent
    rows, status, last, widened = _march(start, extent, setting, area, _beyond(start, extent, setting))
    if area and (widened > 0.0 or status):
        extent = _wide_enough(start, setting, area, widened or extent)
        rows, status, last, _ = _march(start, extent, setting, area, _beyond(start, extent, setting))
    if status and last < 8:
        raise ModelError(
            f"the equations have no solution {rows[last, 0]:.4g} m from the source",
            where="dense_gas",
            fix='take model("britter_mcquaid"), or model("gaussian_puff") when the release is hardly denser than air',
        )
    return Plume(start, extent, rows[: last + 1], area)


def _beyond(start: Start, extent: float, setting: Setting) -> _Array:
    """Places to step to after the area, or after the first cross-section: a little farther every time."""
    first, near = (extent, extent) if extent > 0.0 else (start.offset, start.offset + start.size)
    if not max(first, near) < setting.reach:
        raise ModelError(
            f"the cloud begins {max(first, near):.4g} m wide or far and is followed for {setting.reach:g} m",
            where="dense_gas.distance",
            fix="give a longer distance",
        )
    span = math.log((setting.reach - first + near) / near)
    count = max(math.ceil(span / math.log1p(_ALONG / setting.refinement)), 4)
    places: _Array = first - near + near * np.exp(span * np.arange(1, count + 1) / count)
    return places


def _march(start: Start, extent: float, setting: Setting, area: int, away: _Array) -> tuple[_Array, int, int, float]:
    closure, _, plume, _ = _kernels()
    rows = np.empty((area + away.size + 1, closure.COLUMNS))
    rising: _Array = np.empty(0)
    if area:
        step = 2.0 * extent / area
        rows[0] = upwind_edge(extent, step, setting.layer, setting.material)
        rising = np.asarray(-extent + step * np.arange(1, area + 1), np.float64)
    else:
        rows[0] = start.row
        rows[0, closure.X] = start.offset
    source = np.array([0.5 * start.rate, extent, start.released, start.leaving, 0.0])
    ends = np.concatenate([rising, away])
    status, last, widened = plume.march_plume(rows, ends, setting.layer.values, setting.material, source, area)
    return rows, int(status), int(last), float(widened)


def _wide_enough(start: Start, setting: Setting, area: int, lack: float) -> float:
    """Half-width an area must have for the wind to carry its gas off (eq. 4d); the real one where that will do.

    A heavy gas runs out over the ground, upwind too, until its area lets that happen: the smallest extent at which the
    plume need not be widened on its way over the area. ``lack`` is what the real one had to be widened by.
    """

    def lacks(extent: float) -> float:
        _, status, _, widened = _march(start, extent, setting, area, np.empty(0))
        return extent if status else widened

    low = high = start.extent
    while lack > 0.0:
        low, high = high, max(math.sqrt(high * (high + lack)), 1.02 * high)
        if not high < _WIDEST:
            raise ModelError(
                f"the gas runs out more than {_WIDEST:g} m wide before this wind carries it off",
                where="dense_gas",
                fix='the wind is too light for a plume: take model("britter_mcquaid"), or a stronger wind',
            )
        lack = lacks(high)
    while high > low * (1.0 + _WIDE_ENOUGH):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if lacks(middle) > 0.0 else (low, middle)
    return high


def follow_puff(plume: Plume, duration: float, setting: Setting) -> tuple[_Array, _Array] | None:
    """Row at which the feed of a plume stops and the states of the puff it becomes; None when that is beyond the reach.

    Half of the gas of a release of this duration has passed the place then (eq. 29). A release that ends before half of
    it could leave the first cross-section becomes a puff there.
    """
    closure, _, _, puff = _kernels()
    times = plume.times
    if 0.5 * duration >= times[-1]:
        return None
    k = max(int(np.searchsorted(times, 0.5 * duration)), plume.fed + 1)
    fraction = max((0.5 * duration - times[k - 1]) / (times[k] - times[k - 1]), 0.0)
    first, mass = np.empty(closure.COLUMNS), 0.25 * plume.start.rate * duration
    air, material, released = setting.layer.values, setting.material, plume.start.released
    puff.cut_off(plume.rows[k - 1 : k + 1], fraction, mass, 0.5 * plume.start.rate, air, material, released, first)
    first[closure.TIME] += 0.5 * duration
    return first, _march_puff(first, _FIRST * duration, mass, released, setting)


def let_go(start: Start, setting: Setting) -> _Array:
    """States of a puff that rests at first."""
    closure, _, _, _ = _kernels()
    row, air = start.row, setting.layer.values
    heavy = max(closure.GRAVITY * (row[closure.RHO] / air[closure.RHO_A] - 1.0) * row[closure.H], 0.0)
    first = (
        0.05 * start.size / (math.sqrt(heavy) + row[closure.U_BAR])
    )  # of the time in which it slumps or is blown off
    return _march_puff(row, first, float(row[closure.R]), start.released, setting)


def _march_puff(row: _Array, first: float, mass: float, released: float, setting: Setting) -> _Array:
    closure, _, _, puff = _kernels()
    rows = np.empty((_ROWS * setting.refinement + 1, closure.COLUMNS))
    rows[0] = row
    fine = 1.0 / setting.refinement
    _, last = puff.march_puff(
        rows, first * fine, _GROWTH**fine, _LONGEST * fine, setting.reach, setting.layer.values, setting.material,
        mass, released,
    )  # fmt: skip
    return rows[: last + 1]


def _high(z_c: _Array, h: _Array) -> _Array:
    """Standard deviation of the vertical profile (eq. 13). [m]"""
    spread: _Array = np.maximum(np.where(z_c > 0.5 * h, 0.5 * h, h - z_c) / math.sqrt(3.0), 1e-6)
    return spread


def table_of(rows: _Array, setting: Setting, *, begins: float, passing: str, ends: float = 0.0) -> _Array:
    """Cross-sections as the field kernels want them, shape (n, 9): see :mod:`dispersion._kernels.dense_field`.

    Parameters
    ----------
    rows
        Cross-sections, shape (n, 32).
    setting
        Air, averaging time.
    begins
        Place from which the widening by the meander counts. [m]
    passing
        "fed" for rows of a plume, "puff", or "burst" for a puff from the start, which wanders no longer than it takes
        to pass.
    ends
        Spread of the ends of a puff when its feed stopped. [m]
    """
    closure, field, _, _ = _kernels()
    x, h, z_c, b, core = (rows[:, c] for c in (closure.X, closure.H, closure.Z_C, closure.B, closure.CORE))
    m, air = rows[:, closure.M], setting.layer.molar_mass
    mole = air * m / (setting.material[0] + (air - setting.material[0]) * m)
    high = _high(z_c, h)
    thick = np.where(h > 0.0, h / high, math.sqrt(3.0))
    amplitude = b * thick * mole / (2.0 * math.sqrt(2.0 * math.pi) * core)
    until = np.full(x.size, setting.averaging_time)
    table = np.zeros((x.size, 9))
    if passing != "fed":
        b_x, core_x, u = (rows[:, c] for c in (closure.B_X, closure.CORE_X, closure.U))
        blur = np.sqrt(np.maximum(b_x**2 - core_x**2, 1e-12) / 3.0)
        amplitude = amplitude * b_x / core_x
        table[:, field.PASSING], table[:, field.BLUR] = core_x, np.hypot(blur, ends)
        if passing == "burst":
            until = np.minimum(until, 2.0 * b_x / np.maximum(u, 1e-6))
    table[:, field.AT], table[:, field.WHEN] = x, rows[:, closure.TIME]
    table[:, field.AMPLITUDE] = np.log(np.maximum(amplitude, 1e-30))
    table[:, field.HALF_CORE], table[:, field.CENTRE], table[:, field.VERTICAL] = core, z_c, high
    sides = np.maximum(b**2 - core**2, 0.0) / 3.0 + _wander(x - begins, until, setting.layer.spread_rate)
    table[:, field.SIDES] = np.sqrt(np.maximum(sides, 1e-12))
    return table


def _wander(x: _Array, until: _Array, rate: float) -> _Array:
    """Variance that the meander of a plume adds over an averaging time (eq. 50 and 51). [m²]"""
    first, damp = 0.08 * meander(0.0), 0.0004
    passive = 2.0 * first * rate / damp * (np.sqrt(1.0 + damp * np.maximum(x, 0.0)) - 1.0)
    seen = ((until + 10.0 * np.exp(-until / 10.0)) / 900.0) ** 0.2 / meander(0.0)
    added: _Array = np.maximum(seen**2 - 1.0, 0.0) * passive**2
    return added
