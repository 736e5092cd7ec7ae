"""Maps of a floor on a grid: which nodes lie on it, how far the walls are, and the way to the exits by fast marching.

Row j, column i of a map is the node at (x0 + i h, y0 + j h). Walls are segments (rows of x1, y1, x2, y2).
"""

from __future__ import annotations

from math import ceil, floor, inf, sqrt

import numpy as np
from numba import njit


@njit(cache=True, nogil=True, error_model="numpy")
def inside(edges, x0, y0, spacing, out):
    """Even-odd rule on every node: `edges` are sides of polygons and their holes, `out` becomes 0 or 1."""
    rows, columns = out.shape
    out[:] = 0
    for k in range(edges.shape[0]):
        ax, ay, bx, by = edges[k]
        if ay == by:
            continue
        low, high = min(ay, by), max(ay, by)
        first = max(ceil((low - y0) / spacing), 0)
        for j in range(first, rows):
            y = y0 + j * spacing
            if y >= high:
                break
            if y < low:
                continue
            at = ax + (y - ay) / (by - ay) * (bx - ax)
            i = max(ceil((at - x0) / spacing), 0)
            if i < columns:
                out[j, i] ^= 1
    for j in range(rows):
        for i in range(1, columns):
            out[j, i] ^= out[j, i - 1]
    return 0


@njit(cache=True, nogil=True, error_model="numpy")
def lower(segments, x0, y0, spacing, reach, out):
    """Lower `out` at every node within `reach` of a segment to its distance from it."""
    rows, columns = out.shape
    for k in range(segments.shape[0]):
        ax, ay, bx, by = segments[k]
        dx, dy = bx - ax, by - ay
        square = dx * dx + dy * dy
        i0 = max(floor((min(ax, bx) - reach - x0) / spacing), 0)
        i1 = min(ceil((max(ax, bx) + reach - x0) / spacing), columns - 1)
        j0 = max(floor((min(ay, by) - reach - y0) / spacing), 0)
        j1 = min(ceil((max(ay, by) + reach - y0) / spacing), rows - 1)
        for j in range(j0, j1 + 1):
            for i in range(i0, i1 + 1):
                px, py = x0 + i * spacing - ax, y0 + j * spacing - ay
                t = 0.0
                if square > 0.0:
                    t = min(max((px * dx + py * dy) / square, 0.0), 1.0)
                away = sqrt((px - t * dx) ** 2 + (py - t * dy) ** 2)
                if away <= reach and away < out[j, i]:
                    out[j, i] = away
    return 0


@njit(cache=True, nogil=True, error_model="numpy")
def push(value, node, size, key, item):
    """Put a node into the binary heap of `size` entries; return the new size."""
    at = size
    while at > 0:
        above = (at - 1) // 2
        if key[above] < value or (key[above] == value and item[above] <= node):
            break
        key[at], item[at] = key[above], item[above]
        at = above
    key[at], item[at] = value, node
    return size + 1


@njit(cache=True, nogil=True, error_model="numpy")
def pop(size, key, item):
    """Take the first node off the heap: node and new size."""
    first, size = item[0], size - 1
    value, node, at = key[size], item[size], 0
    while 2 * at + 1 < size:
        below = 2 * at + 1
        other = below + 1
        if other < size and (key[other] < key[below] or (key[other] == key[below] and item[other] < item[below])):
            below = other
        if value < key[below] or (value == key[below] and node <= item[below]):
            break
        key[at], item[at] = key[below], item[below]
        at = below
    key[at], item[at] = value, node
    return first, size


@njit(cache=True, nogil=True, error_model="numpy")
def march(slowness, spacing, out):
    """First-order fast marching from the nodes where `out` is finite; `slowness` is inf where nobody walks."""
    rows, columns = slowness.shape
    known = np.zeros(slowness.shape, np.uint8)
    # A node enters once as a seed and at most once by each of its four neighbours.
    key, item, size = np.empty(5 * slowness.size), np.empty(5 * slowness.size, np.int64), 0
    for j in range(rows):
        for i in range(columns):
            if out[j, i] < inf:
                size = push(out[j, i], j * columns + i, size, key, item)
    while size > 0:
        at, size = pop(size, key, item)
        j, i = at // columns, at % columns
        if known[j, i]:
            continue
        known[j, i] = 1
        for side in range(4):
            v = j + (side == 0) - (side == 1)
            u = i + (side == 2) - (side == 3)
            if v < 0 or u < 0 or v >= rows or u >= columns or known[v, u] or slowness[v, u] == inf:
                continue
            a = inf
            if u > 0 and known[v, u - 1]:
                a = out[v, u - 1]
            if u < columns - 1 and known[v, u + 1]:
                a = min(a, out[v, u + 1])
            b = inf
            if v > 0 and known[v - 1, u]:
                b = out[v - 1, u]
            if v < rows - 1 and known[v + 1, u]:
                b = min(b, out[v + 1, u])
            f = slowness[v, u] * spacing
            value = min(a, b) + f
            if abs(a - b) < f:
                value = 0.5 * (a + b + sqrt(2.0 * f * f - (a - b) ** 2))
            if value < out[v, u]:
                out[v, u] = value
                size = push(value, v * columns + u, size, key, item)
    return 0
