"""Sigma sets: how a cloud grows with the distance it has travelled, and how fast it is carried.

Each set answers :meth:`SigmaSet.growth` for one state of the air and one source with a :class:`Growth`. The sets for
which only the Pasquill class matters are :class:`ClassCurves`; "similarity" takes the state of the surface layer
itself (:mod:`dispersion.growth`). They are found by name in :mod:`dispersion.air`.

References
----------
Gifford, F. A. (1975), Atmospheric dispersion models for environmental pollution applications, in Lectures on air
pollution and environmental impact analyses, American Meteorological Society, Boston, 35-58.
Hanna, S. R., Briggs, G. A. and Hosker, R. P. (1982), Handbook on atmospheric diffusion, DOE/TIC-11223.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dispersion.inputs import is_number, number
from dispersion.similarity import Terrain, wind_ratio
from dispersion.stability import pasquill_class
from twin.errors import ModelError
from twin.weather import Weather

__all__ = [
    "LOWEST_TRANSPORT",
    "ClassCurves",
    "Growth",
    "SigmaSet",
    "averaging_factor",
]

LOWEST_TRANSPORT = 2.0  # m; lowest height whose wind carries a cloud: the lowest at which winds are measured
_Array = NDArray[np.float64]
_Curve = Callable[[str, _Array, float], _Array]


class Growth(Protocol):
    """Growth of one cloud in one state of the air; an implementation must be picklable."""

    @property
    def distances(self) -> tuple[float, float]:
        """Travelled distances the growth is supported by. [m]"""
        ...

    @property
    def averaging_time(self) -> float | None:
        """Averaging time the crosswind spread stands for; None for a single puff. [s]"""
        ...

    @property
    def reference(self) -> str:
        """Where it was published."""
        ...

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences a user of the numbers must know."""
        ...

    def sigma_y(self, distance: ArrayLike) -> _Array:
        """Crosswind standard deviation after a travelled distance [m]. [m]"""
        ...

    def sigma_z(self, distance: ArrayLike) -> _Array:
        """Vertical standard deviation after a travelled distance [m]. [m]"""
        ...

    def speed(self, distance: ArrayLike) -> _Array:
        """Speed with which the gas is carried at that distance [m]. [m s⁻¹]"""
        ...


@runtime_checkable
class SigmaSet(Protocol):
    """A named way to find the growth of clouds; :func:`dispersion.register_sigma_set` takes any such object."""

    @property
    def name(self) -> str:
        """Name in settings."""
        ...

    @property
    def terrain(self) -> Terrain:
        """Surroundings the set was made for; chooses the exponents of the wind profile of a stability class."""
        ...

    @property
    def averaging_time(self) -> float | None:
        """Averaging time of the crosswind spread before any correction; None for a single puff. [s]"""
        ...

    @property
    def distances(self) -> tuple[float, float]:
        """Travelled distances the set is supported by. [m]"""
        ...

    @property
    def reference(self) -> str:
        """Where it was published."""
        ...

    def growth(self, weather: Weather, *, source_height: float, averaging_time: float) -> Growth:
        """Growth of a cloud from a source at `source_height` [m] in constant weather."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassCurves:
    """A pair of curves for each Pasquill class.

    Parameters
    ----------
    name
        Name in settings.
    terrain
        Surroundings the curves were made for; chooses the wind-profile exponents too.
    crosswind, vertical
        Functions of stability class, distance [m] and roughness length [m] that return the standard deviation [m].
    averaging_time
        Averaging time the crosswind curve stands for; None for curves of a single puff. [s]
    distances
        Travelled distances the curves are supported by. [m]
    reference
        Where the curves were published.
    roughness_length
        Roughness the vertical curves were made for, when they depend on it. [m]
    """

    name: str
    terrain: Terrain
    crosswind: _Curve
    vertical: _Curve
    averaging_time: float | None
    distances: tuple[float, float]
    reference: str
    roughness_length: float = 0.1

    def sigma_y(self, stability: str, distance: ArrayLike) -> _Array:
        """Crosswind standard deviation after `distance` [m] in a Pasquill class. [m]"""
        return self.crosswind(stability, np.maximum(np.asarray(distance, float), 0.0), self.roughness_length)

    def sigma_z(self, stability: str, distance: ArrayLike, roughness_length: float | None = None) -> _Array:
        """Vertical standard deviation after `distance` [m] in a Pasquill class, over a roughness [m]. [m]"""
        rough = self.roughness_length if roughness_length is None else roughness_length
        return self.vertical(stability, np.maximum(np.asarray(distance, float), 0.0), rough)

    def growth(self, weather: Weather, *, source_height: float, averaging_time: float) -> Growth:
        """Curves of the weather's class, carried by the wind at the source height or 2 m, whichever is higher.

        Raises
        ------
        ModelError
            Averaging time outside 20 s to 3600 s.
        """
        height = max(number(source_height, "source_height", low=0.0, high=1e4), LOWEST_TRANSPORT)
        return _ClassGrowth(
            curves=self,
            stability=pasquill_class(weather),
            roughness_length=weather.roughness_length,
            wider=averaging_factor(self, averaging_time),
            wind=weather.wind_speed * wind_ratio(weather, height, self.terrain),
            averaging_time=None if self.averaging_time is None else averaging_time,
        )

    def __repr__(self) -> str:
        low, high = self.distances
        time = "single puff" if self.averaging_time is None else f"averaging time {self.averaging_time:g} s"
        return f"<ClassCurves {self.name!r}: {self.terrain}, {low:g} to {high:g} m, {time}; {self.reference}>"


@dataclass(frozen=True, slots=True, kw_only=True)
class _ClassGrowth:
    curves: ClassCurves
    stability: str
    roughness_length: float
    wider: float
    wind: float
    averaging_time: float | None
    warnings: tuple[str, ...] = ()

    @property
    def distances(self) -> tuple[float, float]:
        return self.curves.distances

    @property
    def reference(self) -> str:
        return self.curves.reference

    def sigma_y(self, distance: ArrayLike) -> _Array:
        return self.wider * self.curves.sigma_y(self.stability, distance)

    def sigma_z(self, distance: ArrayLike) -> _Array:
        return self.curves.sigma_z(self.stability, distance, self.roughness_length)

    def speed(self, distance: ArrayLike) -> _Array:
        return np.full(np.shape(distance), self.wind)


def averaging_factor(curves: SigmaSet, averaging_time: float) -> float:
    """Factor on the crosswind sigma for another averaging time.

    ``(averaging_time / curves.averaging_time)**0.2``, the exponent of Gifford (1975) for 3 min to 1 h as given by
    Hanna, Briggs and Hosker (1982), chapter 4. The curves of a single puff are not scaled.

    Raises
    ------
    ModelError
        Averaging time outside 20 s to 3600 s.
    """
    if not is_number(averaging_time) or not 20.0 <= averaging_time <= 3600.0:
        raise ModelError(
            f"averaging_time is {averaging_time!r}",
            where="averaging_time",
            fix="give 20 to 3600 s: the one-fifth power law is not used outside (at 20 s it already halves the width)",
        )
    if curves.averaging_time is None:
        return 1.0
    return float((averaging_time / curves.averaging_time) ** 0.2)
