"""A rate that changes in time, cut into pieces that keep the mass."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

__all__ = ["cut_into_pieces"]

_PIECES = 12  # of a rate between two events, equal in mass: the steps of a falling rate are then about a tenth of it
_FALL = 0.7  # of the rate, after which it is told anew however little mass there is in it: a burst before a long flow
_SAME = 0.01  # of a rate, by which neighbours differ at least
_TRICKLE = 0.01  # of the highest rate, under which its changes are of no interest
_TRACE = 1e-12  # of a time or a mass: nothing


def cut_into_pieces(
    times: NDArray[np.float64], gone: NDArray[np.float64], *, marks: Iterable[float] = ()
) -> NDArray[np.float64]:
    """Edges of pieces from the first time until all is gone: at marks, and between them where the rate changes.

    Between two marks the pieces are equal in mass, and cut again wherever the rate has fallen or risen by much.

    Parameters
    ----------
    times, gone
        Samples and the mass gone by then, shape (n,). [s], [kg]
    marks
        Times to cut at, in any order; those outside are passed over. [s]

    Returns
    -------
    ndarray
        Shape (m + 1,), increasing. [s]
    """
    first, last = float(times[0]), float(times[int(np.argmax(gone >= gone[-1]))])
    edges = _spaced([first, *(mark for mark in marks if mark > first)], last)
    between = (t for begin, end in pairwise(edges) for t in _between(times, gone, begin, end))
    return _merged(np.array(_spaced([*edges, *between], last)), times, gone, edges)


def _merged(
    edges: NDArray[np.float64], times: NDArray[np.float64], gone: NDArray[np.float64], marks: Collection[float]
) -> NDArray[np.float64]:
    """Edges without those that divide pieces of nearly the same rate, the marks kept."""
    rates = np.diff(np.interp(edges, times, gone)) / np.diff(edges)
    kept, rate = [edges[0]], rates[0]
    for edge, after in zip(edges[1:-1], rates[1:], strict=True):
        if edge in marks or abs(after - rate) > _SAME * rate:
            kept.append(edge)
            rate = after
    return np.array([*kept, edges[-1]])


def _between(times: NDArray[np.float64], gone: NDArray[np.float64], begin: float, end: float) -> list[float]:
    at = np.array([begin, *times[(times > begin) & (times < end)], end])
    if len(at) == 2:  # held in between
        return []
    sum_at = np.interp(at, times, gone)
    moving = np.concatenate(([True], np.diff(sum_at) > 0.0))
    shares = np.linspace(sum_at[0], sum_at[-1], _PIECES + 1)[1:-1]
    rates = np.diff(sum_at) / np.diff(at)
    if not rates.max() > 0.0:
        return []
    steps = np.diff(np.round(np.log(np.maximum(rates, _TRICKLE * rates.max())) / math.log(_FALL))) != 0.0
    return [*at[1:-1][steps].tolist(), *np.interp(shares, sum_at[moving], at[moving]).tolist()]


def _spaced(times: Iterable[float], end: float) -> list[float]:
    """Times up to the end [s], each once, without those too close to the one before."""
    kept: list[float] = []
    for time in sorted(times):
        if time < end * (1.0 - _TRACE) and (not kept or time - kept[-1] > _TRACE * end):
            kept.append(time)
    return [*kept, end]
