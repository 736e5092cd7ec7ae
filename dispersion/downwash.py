"""Wake of a building beside the source, and the swaying of a light wind: what widens a cloud beyond its curves.

References
----------
EPA (1995), User's guide for the Industrial Source Complex (ISC3) dispersion models, volume II, EPA-454/B-95-003b,
section 1.1.5.3 (procedure of Huber and Snyder 1976, 1982).
Huber, A. H. and Snyder, W. H. (1982), Wind tunnel investigation of the effects of a rectangular-shaped building on
dispersion of effluents from short adjacent stacks, Atmos. Environ. 16:2837-2848.
US NRC (1982), Regulatory Guide 1.145, revision 1, Atmospheric dispersion models for potential accident consequence
assessments at nuclear power plants, position C.1.3.1 and figure 3.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

__all__ = ["in_wake", "meander_factor", "swaying", "wake_sigmas"]

_Array = NDArray[np.float64]
_MEANDER = {"D": 2.0, "E": 3.0, "F": 4.0}  # factor on the crosswind sigma up to 2 m/s (NRC 1982, figure 3)
_LIGHT, _FRESH = 2.0, 6.0  # m s⁻¹ at 10 m, between which the factor falls to 1
_FULL = 800.0  # m, distance from which on the widening no longer grows


def in_wake(height: float, building: tuple[float, float]) -> bool:
    """Tell whether a plume at `height` [m] is drawn into the wake of a building of a height and a width [m].

    It is free above 2.5 building heights, or above the building by 1.5 times its width.
    """
    tall, wide = building
    return height < min(2.5 * tall, tall + 1.5 * wide)


def wake_sigmas(
    distance: _Array, sigma_y: _Array, sigma_z: _Array, *, height: float, building: tuple[float, float]
) -> tuple[_Array, _Array]:
    """Sigmas of a plume in the wake of a building, after Huber and Snyder as in ISC3.

    With B the smaller of height and width of the building: from 3 B to 10 B sigma_z is 0.7 B + 0.067 (x - 3 B) and, for
    a plume not above 1.2 building heights, sigma_y is 0.35 W + 0.067 (x - 3 B), where W is the width but no more than
    five heights (ISC3's choice that gives the higher concentration on the axis); neither is less than the curve. Beyond
    10 B the curves go on from the virtual distance at which they are as large. Nearer than 3 B, in the cavity, for
    which the method gives nothing, the sigmas of 3 B are held.

    Parameters
    ----------
    distance
        Travelled distance, rising, shape (k,). [m]
    sigma_y, sigma_z
        Curves at these distances, shape (k,). [m]
    height
        Height of the plume at the building, its rise included. [m]
    building
        Height and width across the wind. [m]
    """
    tall, wide = building
    if not in_wake(height, building):
        return sigma_y, sigma_z
    low = min(tall, wide)
    inside = np.clip(distance, 3.0 * low, 10.0 * low) - 3.0 * low
    high = _joined(distance, sigma_z, 0.7 * low + 0.067 * inside, 10.0 * low)
    if height > 1.2 * tall:
        return sigma_y, high
    return _joined(distance, sigma_y, 0.35 * min(wide, 5.0 * tall) + 0.067 * inside, 10.0 * low), high


def _joined(distance: _Array, curve: _Array, wake: _Array, end: float) -> _Array:
    """Wake up to `end`, then the curve from the virtual distance at which it is as large as the wake is there."""
    logs = np.log(distance), np.log(curve)
    size = max(float(np.interp(end, distance, wake)), float(np.exp(np.interp(math.log(end), *logs))))
    virtual = float(np.exp(np.interp(math.log(size), logs[1], logs[0]))) - end
    beyond = np.exp(np.interp(np.log(np.maximum(distance + virtual, distance[0])), *logs))
    joined: _Array = np.where(distance < end, np.maximum(wake, curve), np.maximum(beyond, size))
    return joined


def meander_factor(stability: str, wind_speed: float) -> float:
    """Factor by which a light wind [m s⁻¹ at 10 m] sways a plume in neutral and stable air, within an hour.

    2, 3 and 4 in classes D, E and F up to 2 m/s, falling to 1 at 6 m/s along a straight line of logarithms.
    """
    most = _MEANDER.get(stability, 1.0)
    share = math.log(_FRESH / min(max(wind_speed, _LIGHT), _FRESH)) / math.log(_FRESH / _LIGHT)
    return float(most**share)


def swaying(distance: _Array, sigma_y: _Array, factor: float) -> _Array:
    """Crosswind sigma of a plume that sways: times `factor` up to 800 m, beyond that wider by what it was there."""
    at_end = float(np.exp(np.interp(math.log(_FULL), np.log(distance), np.log(sigma_y))))
    wider: _Array = sigma_y + (factor - 1.0) * np.minimum(sigma_y, at_end)
    return wider
