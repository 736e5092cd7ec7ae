# mypy: allow-untyped-defs, allow-untyped-calls
"""Mole fraction at points and on grids from the cross-sections of a dense cloud (Ermak 1990, eq. 13, 28 and 48 to 53).

``table`` (n, 9): place downwind, time, natural logarithm of the amplitude, half-width of the core, spread of the sides
with meander, height of the centre, vertical spread, half-length of the core, spread of its ends. In the first
``steady`` rows the time is that at which the gas arrives, in the rest that at which the middle of the puff passes;
times are counted from the start of the release.

``look`` (8,), one row a moment: from which place on and up to which the table counts, how many times as far down the
table, the weight, and the edges between which gas lies there: place and blur of that which opens it and of that which
closes it. Neighbouring pieces of a release have one edge in common, so what one loses the other gains.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

LOWEST, HIGHEST, STRETCH, WEIGHT, OPENS, OPENS_BLUR, CLOSES, CLOSES_BLUR = range(8)
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
def passed(x, edge, blur):
    """Share of the gas at a place that has been released after the edge: all up to it, and none beyond its blur."""
    if x <= edge - _FAR * blur:
        return 1.0
    if x >= edge + _FAR * blur:
        return 0.0
    return 0.5 * math.erfc((x - edge) / (_ROOT2 * blur))


@njit(cache=True, nogil=True, error_model="numpy")
def share_of(x, look):
    """Share of the full strength at a place, with the weight of the look."""
    if not look[LOWEST] <= x < look[HIGHEST]:
        return 0.0
    opened = passed(x, look[OPENS], look[OPENS_BLUR])
    return look[WEIGHT] * (opened - passed(x, look[CLOSES], look[CLOSES_BLUR]))


@njit(cache=True, nogil=True, error_model="numpy")
def strength(table, x, side, section):
    """Mole fraction at a place of the table but for its profile in height, all gas being there.

    The cross-section is left in ``section``.
    """
    if not table[0, AT] <= x < table[-1, AT]:
        return 0.0
    section_at(table, np.searchsorted(table[:, AT], x, side="right") - 1, x, section)
    if abs(side) > section[HALF_CORE] + _FAR * section[SIDES]:
        return 0.0
    return section[AMPLITUDE] * across(section, side)


@njit(cache=True, nogil=True, error_model="numpy")
def add_points(table, along, side, z, which, looks, out):
    """Add the mole fraction at points (n,); ``which`` (n,) is the row of ``looks`` (m, 8) for a point, -1 for none."""
    section = np.empty(9)
    for k in range(along.size):
        if which[k] < 0:
            continue
        look = looks[which[k]]
        share = share_of(along[k], look)
        if share > 0.0:
            full = strength(table, along[k] * look[STRETCH], side[k], section)
            if full > 0.0:
                out[k] += share * full * upward(section, z[k])


@njit(cache=True, nogil=True, error_model="numpy")
def add_grid(table, axis, grid, heights, looks, frames, out):
    """Add the mole fraction on a grid (x0, y0, dx, dy) at heights to frames of ``out`` (times, heights, ny, nx).

    ``axis`` (4,): origin of the table and the direction its x runs in; ``frames`` (m,): the time each row of ``looks``
    (m, 8) belongs to. A profile is worked out once for all rows that read the table at one place.
    """
    section, profile = np.empty(9), np.empty(heights.size)
    lowest, highest = np.empty(frames.size), np.empty(frames.size)
    for m in range(frames.size):
        look = looks[m]
        lowest[m] = max(look[LOWEST], look[CLOSES] - _FAR * look[CLOSES_BLUR])
        highest[m] = min(look[HIGHEST], look[OPENS] + _FAR * look[OPENS_BLUR])
    there = np.flatnonzero(lowest < highest)  # at the other times none of it is anywhere
    if there.size == 0:
        return
    first, last = lowest[there].min(), highest[there].max()
    widest = 0.0
    for n in range(table.shape[0]):
        widest = max(widest, table[n, HALF_CORE] + _FAR * table[n, SIDES])
    for j in range(out.shape[2]):
        for i in range(out.shape[3]):
            dx, dy = grid[0] + i * grid[2] - axis[0], grid[1] + j * grid[3] - axis[1]
            x, side = dx * axis[2] + dy * axis[3], dy * axis[2] - dx * axis[3]
            if not (first <= x <= last and abs(side) <= widest):
                continue
            read = math.nan
            full = 0.0
            for turn in range(there.size):
                m = there[turn]
                if not lowest[m] <= x <= highest[m]:
                    continue
                if looks[m, STRETCH] != read:
                    read = looks[m, STRETCH]
                    full = strength(table, x * read, side, section)
                    for n in range(heights.size):
                        profile[n] = full * upward(section, heights[n]) if full > 0.0 else 0.0
                share = share_of(x, looks[m]) if full > 0.0 else 0.0
                if share > 0.0:
                    for n in range(heights.size):
                        out[frames[m], n, j, i] += share * profile[n]


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
