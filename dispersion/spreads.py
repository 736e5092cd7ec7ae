"""One source in one state of the air: how its cloud grows, is carried, settles and rises along its way.

References
----------
Chamberlain, A. C. (1953), Aspects of travel and deposition of aerosol and vapour clouds, AERE HP/R 1261.
EPA (1995), User's guide for the Industrial Source Complex (ISC3) dispersion models, volume II, EPA-454/B-95-003b.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dispersion._kernels import puffs
from dispersion.air import ClassCurves, pasquill_class, sigma_set, wind_ratio
from dispersion.downwash import swaying, wake_sigmas
from dispersion.passive import LOWEST_SPEED, Passive, blowing, swaying_factor, transport_height
from dispersion.plume_rise import height_at_wall, stack_rise
from dispersion.starts import Start
from twin.weather import Weather

if TYPE_CHECKING:
    from dispersion.similarity import Terrain
    from plant_models.releases import Release

__all__ = ["Spread", "reference_speed", "spread_of"]

_FIRST, _LAST, _POINTS = 1e-2, 1e6, 2048  # distances of the tables [m]
_run: Any = puffs  # compiled functions carry no signature
_Array = NDArray[np.float64]
_WAY = np.geomspace(_FIRST, _LAST, _POINTS)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Spread:
    """Rows along the travelled distance.

    Parameters
    ----------
    distance
        Travelled distances, uniform in the logarithm, shape (k,). [m]
    sigma_y, sigma_z
        Growth without the size at the start, shape (k,). [m]
    speed, mean_speed
        Speed of the gas at that distance, and its mean up to there, shape (k,). [m s⁻¹]
    lost
        Exponent of deposition: ``exp(-lost)`` is still in the air, shape (k,).
    rise
        Height gained, shape (k,). [m]
    lid
        Height of the mixing lid, inf without one. [m]
    """

    distance: _Array
    sigma_y: _Array
    sigma_z: _Array
    speed: _Array
    mean_speed: _Array
    lost: _Array
    rise: _Array
    lid: float

    def table(self, reference: float) -> _Array:
        """Rows of a kernel's table over the travelled length, the way of the wind that blows at `reference` [m s⁻¹].

        See :mod:`dispersion._kernels.puffs`; shape (5, k), on the same numbers as `distance`.
        """
        ratio = self.mean_speed / reference
        if (ratio == 1.0).all():
            rows = [np.log(self.sigma_y), np.log(self.sigma_z), ratio, self.lost, self.rise]
        else:
            length, wanted = np.log(self.distance / ratio), np.log(self.distance)
            # np.interp holds the ends; what lies outside the way is far from any use
            rows = [
                np.interp(wanted, length, row)
                for row in (np.log(self.sigma_y), np.log(self.sigma_z), ratio, self.lost, self.rise)
            ]
        return np.ascontiguousarray(rows)

    def at(self, distance: _Array) -> tuple[_Array, ...]:
        """Sigma_y, sigma_z, speed, mean speed, lost and rise at distances of any shape."""
        where = np.log(np.maximum(distance, 1e-6))
        step = math.log(_LAST / _FIRST) / (_POINTS - 1)
        place = (where - math.log(_FIRST)) / step
        k = np.clip(place.astype(int), 0, _POINTS - 2)
        f = place - k
        held = np.clip(f, 0.0, 1.0)
        logs = (np.log(row) for row in (self.sigma_y, self.sigma_z))
        sy, sz = (np.exp(row[k] + f * (row[k + 1] - row[k])) for row in logs)
        rest = (row[k] + held * (row[k + 1] - row[k]) for row in (self.speed, self.mean_speed, self.lost, self.rise))
        return sy, sz, *rest


def reference_speed(weather: Weather, height: float, terrain: Terrain) -> float:
    """Wind at the transport height, not below the growth limit. [m s⁻¹]"""
    return max(weather.wind_speed * wind_ratio(weather, height, terrain), LOWEST_SPEED)


def spread_of(release: Release, start: Start, weather: Weather, settings: Passive, sigmas: str) -> Spread:
    """Tabulate one source in one state of the air.

    Parameters
    ----------
    release
        Decides about the rise.
    start
        Where the cloud begins and how large.
    weather
        State of the air.
    settings
        Of the model.
    sigmas
        Name of the curves.
    """
    curves = sigma_set(sigmas)
    height = transport_height(settings.transport_height, start.z)
    reference = reference_speed(weather, height, curves.terrain)
    air = blowing(weather, height, curves.terrain)
    rise = stack_rise(release, air, reference) if settings.plume_rise and start.rises else None
    top = start.z + (rise.final if rise is not None else 0.0)
    growth = curves.growth(air, source_height=top, averaging_time=settings.averaging_time)
    sigma_y, sigma_z = (np.maximum.accumulate(curve(_WAY)) for curve in (growth.sigma_y, growth.sigma_z))
    if settings.building is not None:
        height = height_at_wall(start.z, rise, settings.building[0])
        sigma_y, sigma_z = wake_sigmas(_WAY, sigma_y, sigma_z, height=height, building=settings.building)
    if settings.meander:
        sigma_y = swaying(_WAY, sigma_y, swaying_factor(air, pasquill_class(air)))
    speed = np.broadcast_to(np.asarray(growth.speed(_WAY), float), _WAY.shape)
    if settings.transport_height is not None or isinstance(curves, ClassCurves):  # the curves of a class know no wind
        speed = mean = np.full(_WAY.size, reference)
    elif np.ptp(speed) == 0.0:
        mean = speed
    else:
        mean = _WAY / _integral(1.0 / speed)
    lid = math.inf if weather.mixing_height is None else weather.mixing_height
    gained = np.zeros(_WAY.size) if rise is None else np.minimum(rise.at(_WAY), max(lid - start.z, 0.0))
    lost = np.zeros(_WAY.size)
    if settings.deposition_velocity > 0.0:
        deep = np.sqrt(sigma_z**2 + start.sigma_z**2 + (gained / 3.5) ** 2)
        near_ground = np.empty(_WAY.size)
        _run.vertical_many(np.zeros(_WAY.size), start.z + gained, deep, lid, near_ground)
        lost = settings.deposition_velocity * _integral(near_ground / speed)
    return Spread(
        distance=_WAY, sigma_y=sigma_y, sigma_z=sigma_z, speed=speed, mean_speed=mean, lost=lost, rise=gained, lid=lid
    )  # fmt: skip


def _integral(values: _Array) -> _Array:
    """Integral from the source along the way; trapezoids in the logarithm of the distance."""
    weighted = values * _WAY
    step = math.log(_LAST / _FIRST) / (_POINTS - 1)
    pieces = 0.5 * step * (weighted[1:] + weighted[:-1])
    return np.concatenate([[weighted[0]], weighted[0] + np.cumsum(pieces)])
