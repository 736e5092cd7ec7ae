# mypy: allow-untyped-defs, allow-untyped-calls
"""Mole fraction at points and on grids from the cross-sections of a dense cloud (Ermak 1990, eq. 13, 28 and 48 to 53).

``table`` (n, 9): place downwind, time, natural logarithm of the amplitude, half-width of the core, spread of the sides
with meander, height of the centre, vertical spread, half-length of the core, spread of its ends. In the first
``steady`` rows the time is that at which the gas arrives, in the rest that at which the middle of the puff passes;
times are counted from the start of the release.

``look`` (8,), one row a point: between which times the gas asked for was released and how long the release has lasted,
at what time to look, from which place on and up to which, how many times as far down the table, and the weight.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

OPENS, CLOSES, LASTS, SINCE, LOWEST, HIGHEST, STRETCH, WEIGHT = range(8)
AT, WHEN, AMPLITUDE, HALF_CORE, SIDES, CENTRE, VERTICAL, PASSING, BLUR = range(9)
_ROOT2 = math.sqrt(2.0)
_FAR = 6.0  # spreads beyond which nothing is left


@njit(cache=True, nogil=True, error_model="numpy")
def section_at(table, low, x, out):
    """Cross-section at a place, interpolated from the row ``low`` to the next; the amplitude in its logarithm."""
    wide = table[low + 1, AT] - table[low, AT]
    f = (x - table[low, AT]) / wide if wide > 0.0 else 0.0
    for j in range(9):
        out[j] = table[low, j] + f * (table[low + 1, j] - table[low, j])
    out[AMPLITUDE] = math.exp(out[AMPLITUDE])


@njit(cache=True, nogil=True, error_model="numpy")
def across(section, y):
    """Shape of the profile across the wind (eq. 13)."""
    s = _ROOT2 * section[SIDES]
    return math.erf((y + section[HALF_CORE]) / s) - math.erf((y - section[HALF_CORE]) / s)


@njit(cache=True, nogil=True, error_model="numpy")
def upward(section, z):
    """Shape of the profile in height, reflected at the ground (eq. 13)."""
    a, b = (z - section[CENTRE]) / section[VERTICAL], (z + section[CENTRE]) / section[VERTICAL]
    return math.exp(-0.5 * a * a) + math.exp(-0.5 * b * b)


@njit(cache=True, nogil=True, error_model="numpy")
def share_of(table, steady, x, when, look):
    """Share of the full strength at a place where the gas arrives, or the middle of the puff passes, at ``when``.

    Where the release still feeds the place its gas is there from arrival to end, with sharp edges. A puff is a core
    with blurred ends around its middle, all three those of the time asked for (before its first row its lengths are
    those of that row); the gas released first lies in front, so a part of the release is a part of the core.
    """
    if steady < 0:
        late = look[SINCE] - when
        return 1.0 if look[OPENS] <= late < look[CLOSES] else 0.0
    times = table[steady:, WHEN]
    low = min(max(np.searchsorted(times, look[SINCE], side="right") - 1, 0), times.size - 2)
    f = (look[SINCE] - times[low]) / (times[low + 1] - times[low])
    low += steady
    ahead = x - (table[low, AT] + f * (table[low + 1, AT] - table[low, AT]))
    f = max(f, 0.0)
    core = table[low, PASSING] + f * (table[low + 1, PASSING] - table[low, PASSING])
    s = _ROOT2 * (table[low, BLUR] + f * (table[low + 1, BLUR] - table[low, BLUR]))
    first = core * (1.0 - 2.0 * look[OPENS] / look[LASTS])
    last = core * (1.0 - 2.0 * look[CLOSES] / look[LASTS])
    return 0.5 * (math.erf((ahead - last) / s) - math.erf((ahead - first) / s))


@njit(cache=True, nogil=True, error_model="numpy")
def strength(table, steady, along, side, look, section):
    """Mole fraction at a place but for its profile in height; the cross-section there is left in ``section``."""
    if not look[LOWEST] <= along < look[HIGHEST]:
        return 0.0
    x = along * look[STRETCH]
    if not table[0, AT] <= x < table[-1, AT]:
        return 0.0
    low = np.searchsorted(table[:, AT], x, side="right") - 1
    section_at(table, low, x, section)
    if abs(side) > section[HALF_CORE] + _FAR * section[SIDES]:
        return 0.0
    share = look[WEIGHT] * share_of(table, steady if low >= steady else -1, x, section[WHEN], look)
    return share * section[AMPLITUDE] * across(section, side) if share > 0.0 else 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def add_points(table, steady, along, side, z, which, looks, out):
    """Add the mole fraction at those of the points (n,) that are numbered in ``which`` (m,), by ``looks`` (m, 8)."""
    section = np.empty(9)
    for j in range(which.size):
        k = which[j]
        share = strength(table, steady, along[k], side[k], looks[j], section)
        if share > 0.0:
            out[k] += share * upward(section, z[k])


@njit(cache=True, nogil=True, error_model="numpy")
def add_grid(table, steady, axis, grid, heights, look, out):
    """Add the mole fraction on a grid (x0, y0, dx, dy) at heights to ``out`` (heights, ny, nx).

    ``axis`` (4,): origin of the table and the direction its x runs in.
    """
    section = np.empty(9)
    for j in range(out.shape[1]):
        for i in range(out.shape[2]):
            dx, dy = grid[0] + i * grid[2] - axis[0], grid[1] + j * grid[3] - axis[1]
            along, side = dx * axis[2] + dy * axis[3], dy * axis[2] - dx * axis[3]
            share = strength(table, steady, along, side, look, section)
            if share > 0.0:
                for n in range(heights.size):
                    out[n, j, i] += share * upward(section, heights[n])


@njit(cache=True, nogil=True, error_model="numpy")
def puff_at(table, since, out):
    """Puff at a time: its cross-section, half-length of its core and spread of its ends in metres; 0 when over."""
    last = table.shape[0] - 1
    if not table[0, WHEN] <= since < table[last, WHEN]:
        return 0
    low = np.searchsorted(table[:, WHEN], since, side="right") - 1
    f = (since - table[low, WHEN]) / (table[low + 1, WHEN] - table[low, WHEN])
    for j in range(9):
        out[j] = table[low, j] + f * (table[low + 1, j] - table[low, j])
    out[AMPLITUDE] = math.exp(out[AMPLITUDE])
    return 1


@njit(cache=True, nogil=True, error_model="numpy")
def along(section, x):
    """Shape of the profile along the wind (eq. 28)."""
    s = _ROOT2 * section[BLUR]
    return 0.5 * (
        math.erf((x - section[AT] + section[PASSING]) / s) - math.erf((x - section[AT] - section[PASSING]) / s)
    )


@njit(cache=True, nogil=True, error_model="numpy")
def add_puff_points(table, x, y, z, since, out):
    """Add the mole fraction of a puff to ``out`` (n,)."""
    section = np.empty(9)
    for k in range(x.size):
        if puff_at(table, since[k], section) == 0:
            continue
        share = along(section, x[k])
        if share > 0.0 and abs(y[k]) <= section[HALF_CORE] + _FAR * section[SIDES]:
            out[k] += share * section[AMPLITUDE] * across(section, y[k]) * upward(section, z[k])


@njit(cache=True, nogil=True, error_model="numpy")
def add_puff_grid(table, axis, grid, heights, since, out):
    """`add_puff_points` on a grid, as :func:`add_grid`."""
    section = np.empty(9)
    if puff_at(table, since, section) == 0:
        return
    for j in range(out.shape[1]):
        for i in range(out.shape[2]):
            dx, dy = grid[0] + i * grid[2] - axis[0], grid[1] + j * grid[3] - axis[1]
            side = dy * axis[2] - dx * axis[3]
            share = along(section, dx * axis[2] + dy * axis[3])
            if share > 0.0 and abs(side) <= section[HALF_CORE] + _FAR * section[SIDES]:
                share *= section[AMPLITUDE] * across(section, side)
                for n in range(heights.size):
                    out[n, j, i] += share * upward(section, heights[n])
