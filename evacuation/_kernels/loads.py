"""Toxic load of people along their way, at their place and in their rooms."""

from __future__ import annotations

import numpy as np
from numba import njit

from evacuation._kernels.options import BARE, INLINE


@njit(**INLINE)
def until_time(total, row, time, width):
    """Load gathered at a row of the table from time 0 to `time`: a monotone cubic between the edges.

    The rate at an edge is the mean of those of the steps beside it, at most three times the smaller one (Fritsch F.N.,
    Carlson R.E. 1980, SIAM Journal on Numerical Analysis 17, 238, section 3).
    """
    bins = total.shape[1] - 1
    place = min(max(time / width, 0.0), float(bins))
    cell = min(int(place), bins - 1)
    low, w = total[row, cell], place - cell
    rate = total[row, cell + 1] - low
    before = low - total[row, cell - 1] if cell > 0 else rate
    after = total[row, cell + 2] - total[row, cell + 1] if cell < bins - 1 else rate
    first = min(0.5 * (before + rate), 3.0 * min(before, rate)) - rate
    last = min(0.5 * (rate + after), 3.0 * min(rate, after)) - rate
    return low + w * (rate + (1.0 - w) * ((1.0 - w) * first - w * last))


@njit(**INLINE)
def reached(total, row, load, start, stop, width):
    """When a row of the table reaches a load, known to lie between its values at two times."""
    last = total.shape[1] - 2
    cell = min(int(max(start, 0.0) / width), last)
    while cell < last and total[row, cell + 1] < load:
        cell += 1
    rise = total[row, cell + 1] - total[row, cell]
    time = (cell + (load - total[row, cell]) / rise) * width if rise > 0.0 else stop
    return min(max(time, start), stop)


@njit(**BARE)
def _amid(total, row, part, time, width):
    """Load from time 0 at a part of the way from a row of the table to the next."""
    here = until_time(total, row, time, width)
    return here if part == 0.0 else here + part * (until_time(total, row + 1, time, width) - here)


@njit(**BARE)
def between(total, rows, parts, starts, stops, width, out):
    """Add the load gathered at places of the table between two times, one a person."""
    for i in range(rows.size):
        if stops[i] > starts[i]:
            out[i] += _amid(total, rows[i], parts[i], stops[i], width) - _amid(
                total, rows[i], parts[i], starts[i], width
            )


@njit(**BARE)
def moments(total, rows, parts, starts, stops, load, width, out):
    """When each place of the table has given a load since a start, left alone where that is not before the stop."""
    for i in range(rows.size):
        if stops[i] > starts[i] and load[i] > 0.0:
            need = _amid(total, rows[i], parts[i], starts[i], width) + load[i]
            if need > _amid(total, rows[i], parts[i], stops[i], width):
                continue
            low, cell = starts[i], int(starts[i] / width) + 1
            while cell * width < stops[i] and _amid(total, rows[i], parts[i], cell * width, width) < need:
                low, cell = cell * width, cell + 1
            high = min(cell * width, stops[i])
            before = _amid(total, rows[i], parts[i], low, width)
            rise = _amid(total, rows[i], parts[i], high, width) - before
            out[i] = low + (high - low) * min((need - before) / rise, 1.0) if rise > 0.0 else high


@njit(**BARE)
def along(total, width, horizon, first, link, times, segment_row, segments, out):
    """Add the load gathered on the way: even walk along each link, then waiting at its end.

    `segments` is the number of pieces of each two-way link and `segment_row` the row of `total` for its beginning; a
    row for every further end of a piece follows. People breathe the air of the nearest of these points. Link 2 k runs
    along them, link 2 k + 1 against. Nothing is counted after `horizon`.
    """
    for person in range(first.size - 1):
        gathered = 0.0
        for row in range(first[person], first[person + 1]):
            two_way, back = link[row] // 2, link[row] % 2
            n, base = segments[two_way], segment_row[two_way]
            enter, leave = times[row, 0], min(times[row, 2], horizon)
            step = (times[row, 1] - enter) / n
            start = enter
            for k in range(n + 1):
                stop = leave if k == n else min(enter + (k + 0.5) * step, horizon)
                if stop <= start:
                    break
                here = base + (n - k if back == 1 else k)
                gathered += until_time(total, here, stop, width) - until_time(total, here, start, width)
                start = stop
        out[person] += gathered


@njit(**BARE)
def _room_step(inside, outside, rate, span, power):
    """Air of a room after `span`, and the integral of its concentration to `power` (3-point Gauss-Legendre)."""
    if inside == 0.0 and outside == 0.0:
        return 0.0, 0.0
    gap = inside - outside
    node = 0.7745966692414834 * 0.5  # sqrt(3/5) / 2
    low = max(outside + gap * np.exp(-rate * span * (0.5 - node)), 0.0)
    mid = max(outside + gap * np.exp(-rate * span * 0.5), 0.0)
    high = max(outside + gap * np.exp(-rate * span * (0.5 + node)), 0.0)
    integral = span * (5.0 * low**power + 8.0 * mid**power + 5.0 * high**power) / 18.0
    return max(outside + gap * np.exp(-rate * span), 0.0), integral


@njit(**BARE)
def standing(
    air,
    total,
    factor,
    power,
    width,
    step,
    spot,
    room,
    stop,
    exchange,
    sealed,
    first,
    when,
    mode,
    limit,
    fallen,
    out,
):
    """Add the load of people who stand at their place until `stop`, in their room or outside.

    A room breathes at its air change rate whether or not the person is in it: dC/dt = rate (C_outside - C). Within a
    bin the outside concentration is constant, so the air of the room is exact; its power is integrated by 3-point
    Gauss-Legendre quadrature.

    Parameters
    ----------
    air, total
        Outside concentration in each bin [kg m-3]; load from time 0 to the edge of each step; a row a place.
    factor
        Load rate at unit concentration in each bin, shape (bins,).
    power
        Exponent of the toxic load.
    width, step
        Width of a bin of `air` and of a step of `total`. [s]
    spot, room
        Row of the person's own position; row of the building, -1 without one.
    stop
        When the person leaves the place. [s]
    exchange, sealed
        Air changes of the room, as used and closed. [s-1]
    first, when, mode
        Changes of each person from ``first[i]`` to ``first[i + 1]``: time [s] and mode: 0 outside, 1 in the room,
        2 in the closed room.
    limit
        Load at which each person's moment is wanted.
    fallen
        Out: when it was reached, left alone if not; within a bin in a room the load is taken to grow evenly. [s]
    out
        Load of every person, added to.
    """
    bins = factor.size
    for i in range(spot.size):
        inside, now, gathered, change = 0.0, 0.0, 0.0, first[i]
        state = mode[change]
        change += 1
        if room[i] < 0:
            before = until_time(total, spot[i], 0.0, step)
            gathered = until_time(total, spot[i], stop[i], step) - before
            if gathered >= limit[i]:
                fallen[i] = reached(total, spot[i], before + limit[i], 0.0, stop[i], step)
            out[i] += gathered
            continue
        while now < stop[i]:
            cell = min(int(now / width + 1e-9), bins - 1)
            edge = min((cell + 1) * width, stop[i]) if cell < bins - 1 else stop[i]
            if change < first[i + 1]:
                edge = min(edge, max(when[change], now))
            span = edge - now
            rate = sealed[i] if state == 2 else exchange[i]
            inside, integral = _room_step(inside, air[room[i], cell], rate, span, power)
            gain = 0.0
            if state != 0:
                gain = factor[cell] * integral
            elif span > 0.0:
                gain = until_time(total, spot[i], edge, step) - until_time(total, spot[i], now, step)
            if gathered < limit[i] <= gathered + gain:
                fallen[i] = now + span * (limit[i] - gathered) / gain
            gathered += gain
            now = edge
            while change < first[i + 1] and when[change] <= now:
                state = mode[change]
                change += 1
        out[i] += gathered
