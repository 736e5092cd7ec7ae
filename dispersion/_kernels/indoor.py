# mypy: allow-untyped-defs, allow-untyped-calls
"""Air of one room between nodes of time: exact where the outside is straight and the air change constant.

Arrays (all float64): ``times`` (n,) and ``outdoor`` (n,) are the nodes, ``exchange`` (n - 1,) the air change in each
step, ``loss`` the rate at which surfaces take gas up, all in the same unit of time.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

_SMALL = 1e-2  # of the number of air changes in a step, below which differences are taken from a series


@njit(cache=True, nogil=True, error_model="numpy")
def after(inside, start, end, whole, exchange, loss, passed):
    """Inside `passed` after a node, where the outside goes from `start` to `end` in the time `whole`.

    Solves dC/dt = a (start + slope t) - (a + k) C: with x = (a + k) t, the share of fresh air is t (1 - exp(-x))/x and
    that of its slope t² (x - 1 + exp(-x))/x².
    """
    x = (exchange + loss) * passed
    if x < _SMALL:
        first = 1.0 - x / 2.0 * (1.0 - x / 3.0 * (1.0 - x / 4.0 * (1.0 - x / 5.0)))
        second = 0.5 * (1.0 - x / 3.0 * (1.0 - x / 4.0 * (1.0 - x / 5.0 * (1.0 - x / 6.0))))
    else:
        first = -math.expm1(-x) / x
        second = (1.0 - first) / x
    slope = (end - start) / whole
    return inside * math.exp(-x) + exchange * passed * (start * first + slope * passed * second)


@njit(cache=True, nogil=True, error_model="numpy")
def fill(times, outdoor, exchange, loss, inside, out):
    """Inside at every node, the first being `inside`."""
    out[0] = inside
    for k in range(exchange.size):
        whole = times[k + 1] - times[k]
        out[k + 1] = after(out[k], outdoor[k], outdoor[k + 1], whole, exchange[k], loss, whole)


@njit(cache=True, nogil=True, error_model="numpy")
def ask(times, outdoor, indoor, exchange, loss, moments, out):
    """Inside at any moments; before the first node as there, behind the last with the outside as it was there."""
    last = times.size - 1
    for i in range(moments.size):
        t = moments[i]
        k = np.searchsorted(times, t, side="right") - 1
        if k < 0:
            out[i] = indoor[0]
        elif k >= last:
            out[i] = after(indoor[last], outdoor[last], outdoor[last], 1.0, exchange[last - 1], loss, t - times[last])
        else:
            whole = times[k + 1] - times[k]
            out[i] = after(indoor[k], outdoor[k], outdoor[k + 1], whole, exchange[k], loss, t - times[k])
