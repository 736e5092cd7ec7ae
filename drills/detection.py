"""What the fixed gas detectors show of a cloud, when they alarm, and when they are quiet again."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plant_models.substances import Substance, substance
from twin.assets import Asset
from twin.graph import Twin
from twin.hazard import Hazard

__all__ = ["Alarm", "Watch", "detect"]

_STEP = 1.0  # s: the scan of a detector loop
_T90 = math.log(10.0)  # a first-order lag reaches 90 % after ln(10) time constants


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """A detector passing one of its limits.

    Parameters
    ----------
    time
        The scan that first found its signal at the limit. [s]
    tag
        The detector.
    level
        1 or 2.
    limit
        The limit. [kg m⁻³]
    """

    time: float
    tag: str
    level: int
    limit: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """What the detectors showed.

    Parameters
    ----------
    alarms
        First passing of each limit of each detector, in order of time.
    quiet
        For alarm levels 1 and 2, the times from and until which no detector showed that level, in order. [s]
    """

    alarms: tuple[Alarm, ...]
    quiet: tuple[tuple[tuple[float, float], ...], ...]


def detect(
    park: Twin, hazard: Hazard, gas: Substance, *, horizon: float, faults: Mapping[str, float] | None = None
) -> Watch:
    """Alarms of the park's detectors for one gas.

    Each detector follows the outdoor concentration at its place and height as a first-order lag with time constant
    T90 / ln 10 (exact exponential step over linear-in-time input), the usual model of a diffusion-type cell. The loop
    is scanned once a second and the alarm has the time of the scan, so that no alarm knows what the gas does after it.

    Parameters
    ----------
    park
        Its assets of kind "detector" with attributes `gas`, `height` [m], `t90` [s], `alarm_1`, `alarm_2` [kg m⁻³].
    hazard
        The cloud.
    gas
        Only detectors for this substance see anything.
    horizon
        End of the watch. [s]
    faults
        What a faulty detector shows over the gas there is, by tag: 0 one that shows nothing, inf one that shows full
        scale from the start (which no all-clear waits for, since it is known to be false by then).

    Returns
    -------
    Watch
        A detector that is wrong votes as it shows: of three with one silent, two out of three becomes two out of two;
        with one at full scale, one out of two.
    """
    wrong = faults or {}
    heads = [asset for asset in park.assets("detector") if _senses(asset, gas)]
    if not heads:
        return Watch(alarms=(), quiet=((), ()))
    times = np.arange(0.0, horizon + 0.5 * _STEP, _STEP)
    at = np.array([[head.x, head.y, head.number("height")] for head in heads])
    outside = hazard.concentration(at[:, 0, None], at[:, 1, None], at[:, 2, None], times[None, :])
    alarms = []
    loud = np.zeros((2, times.size), np.bool_)
    for head, signal in zip(heads, _lagged(outside, np.array([head.number("t90") for head in heads])), strict=True):
        factor = wrong.get(head.tag, 1.0)
        for level in (1, 2):
            limit = head.get(f"alarm_{level}")
            if not isinstance(limit, float):
                continue
            above = np.ones(times.size, np.bool_) if np.isinf(factor) else factor * signal >= limit
            if above.any():
                alarms.append(Alarm(time=float(times[above.argmax()]), tag=head.tag, level=level, limit=limit))
            loud[level - 1] |= above & np.isfinite(factor)
    return Watch(
        alarms=tuple(sorted(alarms, key=lambda alarm: (alarm.time, alarm.tag, alarm.level))),
        quiet=tuple(_spans(times, ~level) for level in loud),
    )


def _senses(head: Asset, gas: Substance) -> bool:
    named = head.get("gas")
    return isinstance(named, str) and substance(named).name == gas.name


def _lagged(outside: NDArray[np.float64], t90: NDArray[np.float64]) -> NDArray[np.float64]:
    """First-order response to an input that is linear between samples, shape (detectors, times).

    Gas where there was none one sample before counts from its own sample on: it may have come all at once.
    """
    tau = np.maximum(t90 / _T90, 1e-9)
    decay = np.exp(-_STEP / tau)
    # exact solution of tau s' = c(t) - s for c linear over the step: s1 = e s0 + w0 c0 + w1 c1
    ramp = tau / _STEP * (1.0 - decay)
    shown = np.empty_like(outside)
    shown[:, 0] = outside[:, 0]
    arriving = np.where(outside[:, :-1] > 0.0, outside[:, 1:], 0.0)
    for k in range(1, outside.shape[1]):
        shown[:, k] = decay * shown[:, k - 1] + (ramp - decay) * outside[:, k - 1] + (1.0 - ramp) * arriving[:, k - 1]
    return shown


def _spans(times: NDArray[np.float64], on: NDArray[np.bool_]) -> tuple[tuple[float, float], ...]:
    """First and last scan of each unbroken row of scans."""
    edge = np.flatnonzero(np.diff(np.concatenate([[False], on, [False]]).astype(np.int8)))
    return tuple((float(times[a]), float(times[b - 1])) for a, b in zip(edge[::2], edge[1::2], strict=True))
