# mypy: allow-untyped-defs, allow-untyped-calls
"""Footprints of many steady plumes on one grid, without an exponential in a cell.

Where a plume is above a limit is a matter of half-width: |n| < w(s), with the downwind and crosswind distance s and n.
For one source height and one receptor height, w² = 2 sigma_y² (gain + shape): `gain` is the logarithm of rate over
speed and limit, `shape` a table of the stability class over distance, the same for all samples.

Arrays (float64 unless said): ``grid`` (6,) x and y of the first point, step, and x and y of the source, and the length
up to which the table is fine; ``nodes`` (k,) distances, uniform and fine up to there, uniform and coarse beyond;
``spread`` (c, k) is 2 sigma_y², ``shape`` (c, k) the table, ``rest`` (c, k) the largest of it from a node on;
``toward`` (n, 2) the unit vector of the wind, ``stability`` (n,) int64 the class, ``gain`` and ``weight`` (n,).
"""

from __future__ import annotations

import math

from numba import njit

_FLAT = 1e-12  # sine or cosine of an angle below which a row runs along or across the wind


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def count_row(row, s, n, du, dv, start, by_step, room, rise, first, last, share):
    """Add `share` to the cells of a row inside the half-width, from downwind `s` and crosswind `n` of the first."""
    for i in range(row.size):
        place = (s + i * du - start) * by_step
        whole = max(min(int(place), last - 1 - first), 0)
        across = n - i * dv
        square = room[first + whole] + (place - whole) * rise[first + whole]
        row[i] += share if across * across <= square else 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def add_footprints(grid, nodes, spread, shape, rest, toward, stability, gain, weight, room, rise, out):
    """Add the weight of each sample to the cells of `out` (ny, nx) in its footprint.

    `room` and `rise` (k,) are work space.
    """
    x0, y0, step = grid[0] - grid[3], grid[1] - grid[4], grid[2]
    fine, count = grid[5], nodes.size
    border = 0
    while border < count - 1 and nodes[border] < fine:
        border += 1
    by_fine, by_coarse = 1.0 / nodes[1], 1.0 / (nodes[count - 1] - nodes[count - 2])
    ny, nx = out.shape
    per_step = 1.0 / step
    for sample in range(gain.size):
        kind, level = stability[sample], gain[sample]
        low, high = 0, count  # the last node above the limit, by halving: `rest` never rises
        while low < high:
            middle = (low + high) // 2
            if rest[kind, middle] + level > 0.0:
                low = middle + 1
            else:
                high = middle
        last = min(low, count - 1)
        if low == 0:
            continue
        widest = 0.0
        for k in range(last + 1):
            room[k] = spread[kind, k] * (level + shape[kind, k])
            widest = max(widest, room[k])
        for k in range(last):
            rise[k] = room[k + 1] - room[k]
        share, near = weight[sample], min(border, last)
        reach, wide = nodes[last], math.sqrt(widest)
        u, v = toward[sample, 0], toward[sample, 1]
        bottom, top = min(0.0, reach * v) - wide * abs(u), max(0.0, reach * v) + wide * abs(u)
        j0, j1 = max(math.ceil((bottom - y0) * per_step), 0), min(math.floor((top - y0) * per_step) + 1, ny)
        steep, slant = abs(u) > _FLAT, abs(v) > _FLAT
        per_u, per_v = 1.0 / u if steep else 0.0, 1.0 / v if slant else 0.0
        du, dv = step * u, step * v
        for j in range(j0, j1):
            y = y0 + j * step
            left, right = x0, x0 + (nx - 1) * step
            if steep:  # of the row, what lies between the source and the reach of the plume
                a, b = -y * v * per_u, (reach - y * v) * per_u
                left, right = max(left, min(a, b)), min(right, max(a, b))
            if slant:  # and no farther from the axis than the plume is wide
                a, b = (y * u - wide) * per_v, (y * u + wide) * per_v
                left, right = max(left, min(a, b)), min(right, max(a, b))
            i0, i1 = max(math.ceil((left - x0) * per_step), 0), min(math.floor((right - x0) * per_step) + 1, nx)
            if i0 >= i1:
                continue
            along, across = x0 * u + y * v, y * u - x0 * v
            # the cells of the row nearer than `fine` are one run of it: look them up in the fine part of the table
            turn = i1 if along < fine else i0
            if steep:
                turn = min(max(math.ceil((fine - along) * per_u * per_step), i0), i1)
            if steep and u < 0.0:
                a, b, c, d = turn, i1, i0, turn
            else:
                a, b, c, d = i0, turn, turn, i1
            count_row(out[j, a:b], along + a * du, across - a * dv, du, dv, 0.0, by_fine, room, rise, 0, near, share)
            count_row(
                out[j, c:d], along + c * du, across - c * dv, du, dv, fine, by_coarse, room, rise, border, last, share
            )
