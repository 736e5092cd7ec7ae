"""Growth of clouds by similarity: from the state of the surface layer itself, without stability classes.

Near the ground, gas is carried up by eddies that grow with height and by a wind that does too. Van Ulden (1978) found
the mean height z of a plume from the ground to grow as

``dz/dx = K(p z) / (p z u(p z))``,  p = 1.55,

with the diffusivity of :func:`dispersion.similarity.diffusivity`, and its speed to be the wind at ``c z``. His
vertical distribution, ``exp(-(B h/z)**s)``, has an exponent s near 1.5. The models here have s = 2, a Gaussian; it is
given the same mean height, ``sigma_z = (pi/2)**0.5 z``, and so carries the same mass with a ground concentration 13 %
below his (``A/z`` with A = 0.64 for 0.73). For s = 2 and a logarithmic wind the constant of the speed is
``c = (pi**0.5 / 2) exp(-gamma/2) = 0.664``, the exponential of the mean logarithm of height over the mean height; van
Ulden's 0.63 is the same for s = 1.5.

Beside the diffusion equation the mean height is right within 10 %; beside the towers of Project Prairie Grass at 100 m
it is right on average in unstable air and a sixth too low in neutral and stable air (tests/dispersion).

A source above the ground knows nothing of it at first: there ``sigma_z = sigma_w t / (1 + t/(2 T_L))**0.5`` (Taylor
1921, with an interpolation of his integral) with the turbulence and the wind at its height. From where sigma_z is the
height of the source the cloud goes on growing as one from the ground that is as deep. The two have the diffusivity in
common, for ``T_L = K / sigma_w²``. The nearer the source is to the ground, the shorter is the first part. The
diffusivity is held constant above the surface layer (:func:`dispersion.similarity.surface_layer_height`).

Crosswind, ``sigma_y = sigma_theta x f(t)`` with Draxler's (1976) ``f = 1 / (1 + 0.9 (t/T)**0.5)`` and T = 300 s for
sources near the ground, 1000 s for elevated ones (in between above and within the surface layer); sigma_theta at the
source is the crosswind turbulence over the wind at the height of the source, not below 2 m or 20 roughness lengths.

References
----------
Draxler, R. R. (1976), Determination of atmospheric diffusion parameters, Atmos. Environ. 10:99-105.
Hanna, S. R., Briggs, G. A. and Hosker, R. P. (1982), Handbook on atmospheric diffusion, DOE/TIC-11223.
Horst, T. W. and Weil, J. C. (1992), Footprint estimation for scalar flux measurements in the atmospheric surface layer,
Boundary-Layer Meteorol. 59:279-296.
Taylor, G. I. (1921), Diffusion by continuous movements, Proc. London Math. Soc. 20:196-212.
Wieringa, J. (1993), Representative roughness parameters for homogeneous terrain, Boundary-Layer Meteorol. 63:323-363.
van Ulden, A. P. (1978), Simple estimates for vertical diffusion from sources near the ground, Atmos. Environ.
12:2125-2129.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dispersion.inputs import number
from dispersion.sigmas import LOWEST_TRANSPORT, averaging_factor
from dispersion.similarity import (
    Terrain,
    diffusivity,
    mechanical_height,
    mixing_height,
    sigma_v,
    sigma_w,
    surface_layer_height,
    time_scale,
    wind_speed_at,
)
from twin.errors import ModelError
from twin.weather import Weather

__all__ = ["Similarity"]

_Array = NDArray[np.float64]

_RISE_AT = 1.55  # p: height over mean height at which the rise is that of the plume, van Ulden (1978)
_CARRIED_AT = 0.5 * math.sqrt(math.pi) * math.exp(-0.5 * 0.5772156649015329)  # c; Euler's constant
_NEAR_GROUND, _ELEVATED = 300.0, 1000.0  # s, Draxler (1976): time scales of the crosswind spread
_CLEAR = 20.0  # roughness lengths above which no single obstacle shapes the wind, Wieringa (1993)
_POINTS, _HIGHEST = 600, 5000.0  # heights of the tables [m]
_TO_SIGMA = math.sqrt(0.5 * math.pi)  # sigma_z over mean height of a Gaussian reflected at the ground
_HOUR = 3600.0  # s
_CALM = 0.1  # m s⁻¹, wind below which no direction is defined


@dataclass(frozen=True, slots=True)
class Similarity:
    """Growth from Obukhov length, friction velocity, roughness and the swinging of the wind; see the module's text."""

    name: str = "similarity"
    terrain: Terrain = "rural"
    averaging_time: float | None = 600.0
    distances: tuple[float, float] = (20.0, 10_000.0)
    reference: str = "van Ulden 1978 (vertical), Draxler 1976 (crosswind), Taylor 1921 (elevated sources)"

    def growth(self, weather: Weather, *, source_height: float, averaging_time: float) -> SimilarityGrowth:
        """Growth of a cloud from a source at `source_height` [m] in constant weather.

        Parameters
        ----------
        weather
            State of the air; a stability class is taken for a typical Obukhov length of that class.
        source_height
            Height of the source. [m]
        averaging_time
            Averaging time the crosswind spread shall stand for. A measured sigma_theta is taken from its own averaging
            time to this one by the one-fifth power; an unmeasured one from an hour, the averaging time of the
            meteorology of the model its formula is from (Cimorelli et al. 2005). [s]

        Raises
        ------
        ModelError
            Averaging time outside 20 s to 3600 s, or no wind.
        """
        if weather.wind_speed < _CALM:
            raise ModelError(
                f"the wind is {weather.wind_speed:g} m s⁻¹",
                where="similarity",
                fix=f"similarity needs a wind of {_CALM:g} m s⁻¹ or more: state the smallest that carries the cloud",
            )
        number(source_height, "source_height", low=0.0, high=1e4)
        averaging_factor(self, averaging_time)  # refuses what is out of range
        deep, warnings = _depth(weather)
        share = min(source_height / (0.1 * deep), 1.0)
        measured = _HOUR if weather.sigma_theta is None else weather.sigma_theta_time
        felt = max(source_height, LOWEST_TRANSPORT, _CLEAR * weather.roughness_length)
        swing = sigma_v(weather, deep) / float(wind_speed_at(weather, felt))
        distance, vertical, carried = _vertical(weather, source_height, deep)
        pace = 1.0 / carried
        return SimilarityGrowth(
            distance=distance,
            vertical=vertical,
            carried=carried,
            time=np.concatenate([[0.0], np.cumsum(0.5 * np.diff(distance) * (pace[1:] + pace[:-1]))]),
            swing=swing * (averaging_time / measured) ** 0.2,
            memory=_NEAR_GROUND + share * (_ELEVATED - _NEAR_GROUND),
            averaging_time=averaging_time,
            distances=self.distances,
            reference=self.reference,
            warnings=warnings,
        )

    def __repr__(self) -> str:
        low, high = self.distances
        return f"<Similarity: {low:g} to {high:g} m, any averaging time from 20 to 3600 s; {self.reference}>"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SimilarityGrowth:
    """Growth of one cloud in one state of the air.

    Parameters
    ----------
    distance, vertical, carried, time
        Rows of one table: travelled distance [m], vertical standard deviation [m], speed of the gas [m s⁻¹] and time
        since the source [s]; shape (n,).
    swing
        Standard deviation of the wind direction at the source, for the averaging time. [rad]
    memory
        Time scale of the crosswind spread. [s]
    averaging_time
        Averaging time the crosswind spread stands for. [s]
    distances
        Travelled distances the growth is supported by. [m]
    reference
        Where it was published.
    warnings
        Sentences a user of the numbers must know.
    """

    distance: _Array
    vertical: _Array
    carried: _Array
    time: _Array
    swing: float
    memory: float
    averaging_time: float
    distances: tuple[float, float]
    reference: str
    warnings: tuple[str, ...]

    def sigma_y(self, distance: ArrayLike) -> _Array:
        """Crosswind standard deviation after a travelled distance [m]. [m]"""
        x = np.maximum(np.asarray(distance, float), 0.0)
        return np.asarray(self.swing * x / (1.0 + 0.9 * np.sqrt(self._row(x, self.time) / self.memory)))

    def sigma_z(self, distance: ArrayLike) -> _Array:
        """Vertical standard deviation after a travelled distance [m]. [m]"""
        return self._row(np.asarray(distance, float), self.vertical)

    def speed(self, distance: ArrayLike) -> _Array:
        """Speed with which the gas is carried at that distance [m]. [m s⁻¹]"""
        return self._row(np.asarray(distance, float), self.carried)

    def _row(self, x: _Array, row: _Array) -> _Array:
        """Interpolate a row; past its end, times go on at the last speed and everything else is held."""
        found = np.interp(x, self.distance, row)
        if row is self.time:
            found = found + np.maximum(x - self.distance[-1], 0.0) / self.carried[-1]
        return np.asarray(found)


def _vertical(weather: Weather, source_height: float, deep: float) -> tuple[_Array, _Array, _Array]:
    """Table of distance, vertical sigma and speed: first aloft, then as a plume from the ground. [m, m, m s⁻¹]"""
    heights = np.geomspace(1e-3 * weather.roughness_length, _HIGHEST, _POINTS)
    above = _RISE_AT * heights
    spread = diffusivity(weather, np.minimum(above, surface_layer_height(weather, deep)))
    slope = above * wind_speed_at(weather, above) / spread
    distance = np.concatenate([[0.0], np.cumsum(0.5 * np.diff(heights) * (slope[1:] + slope[:-1]))])
    vertical = _TO_SIGMA * heights
    lowest = max(source_height, weather.roughness_length)  # gas on the very ground would never leave it
    if source_height > vertical[0]:
        wind = float(wind_speed_at(weather, lowest))
        turbulence, memory = sigma_w(weather, source_height, deep), time_scale(weather, source_height, deep)
        # (sigma_w t)² = h² (1 + t/(2 T_L)) for the time at which sigma_z is the height
        half = 0.25 * (source_height / turbulence) ** 2 / memory
        touching = half + math.sqrt(half**2 + (source_height / turbulence) ** 2)
        t = np.concatenate([[0.0], touching * np.geomspace(1e-4, 1.0, _POINTS)])
        further = vertical > source_height
        shift = wind * touching - float(np.interp(source_height, vertical, distance))
        distance = np.concatenate([wind * t, distance[further] + shift])
        aloft = turbulence * t / np.sqrt(1.0 + 0.5 * t / memory)
        vertical = np.concatenate([aloft, vertical[further]])
    carried = wind_speed_at(weather, np.maximum(_CARRIED_AT / _TO_SIGMA * vertical, lowest))
    return distance, vertical, carried


def _depth(weather: Weather) -> tuple[float, tuple[str, ...]]:
    """Depth of the mixed layer, and what must be told of it. [m]"""
    stated = mixing_height(weather)
    if stated is not None:
        return stated, ()
    least = mechanical_height(weather)
    if weather.sigma_theta is not None:
        return least, ()
    return least, (
        "the air is unstable and neither mixing_height nor sigma_theta is given: the swinging of the wind was taken "
        f"for a mixed layer of {least:.0f} m, what the wind alone would mix; twice the depth widens the cloud by up to "
        f"{(2.0 ** (1.0 / 3.0) - 1.0) * 100.0:.0f} %",
    )
