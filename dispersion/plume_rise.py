"""Rise of a vertical stream above its opening: Briggs' formulas in the form of ISC3.

References
----------
Briggs, G. A. (1969), Plume rise, USAEC critical review TID-25075; (1975), Plume rise predictions, in: Lectures on air
pollution and environmental impact analyses, American Meteorological Society, 59-111.
EPA (1995), User's guide for the Industrial Source Complex (ISC3) dispersion models, volume II, EPA-454/B-95-003b,
section 1.1.4.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dispersion.air import pasquill_class
from plant_models.discharge import GRAVITY
from plant_models.releases import Release
from twin.weather import Weather

__all__ = ["Rise", "briggs_rise", "goes_up", "height_at_wall", "stack_rise"]

_UPRIGHT = 80.0  # degrees above the horizontal from which on a stream counts as vertical
_GRADIENT = {"E": 0.020, "F": 0.035}  # K m⁻¹ of potential temperature: the defaults of EPA 1995, section 1.1.4


@dataclass(frozen=True, slots=True, kw_only=True)
class Rise:
    """Height a stream gains: ``scale * x**power`` up to `final`; in stable air a momentum rise follows a sine.

    Parameters
    ----------
    final
        Height gained in the end. [m]
    distance
        Distance at which it is gained. [m]
    scale, power
        Of the gradual rise. [m^(1 - power)]
    wave
        Wave number in stable air of a rise by momentum: x is replaced by ``sin(wave x) / wave``; else 0. [m⁻¹]
    """

    final: float
    distance: float
    scale: float
    power: float
    wave: float = 0.0

    def at(self, distance: ArrayLike) -> NDArray[np.float64]:
        """Height gained `distance` [m] from the opening, the shape of `distance`. [m]"""
        x = np.maximum(np.asarray(distance, float), 0.0)
        run = np.sin(np.minimum(x * self.wave, 0.5 * math.pi)) / self.wave if self.wave else x
        gained: NDArray[np.float64] = np.where(
            x >= self.distance, self.final, np.minimum(self.scale * run**self.power, self.final)
        )
        return gained


def briggs_rise(
    *,
    velocity: float,
    diameter: float,
    density_ratio: float,
    wind_speed: float,
    stability: str,
    air_temperature: float,
    gradient: float | None = None,
) -> Rise:
    """Rise of a vertical stream, by its buoyancy or its momentum, whichever lifts it higher.

    With ``F = g w d² / 4 (1 - r)`` and ``M = w² d² / 4 r`` (r the density ratio). Buoyancy: final rise 21.425 F^(3/4)/u
    at 49 F^(5/8) below F = 55 m⁴ s⁻³, above 38.71 F^(3/5)/u at 119 F^(2/5); in stable air 2.6 (F / (u s))^(1/3) at
    2.0715 u / √s, with s = g/T times the gradient of potential temperature; gradually 1.60 F^(1/3) x^(2/3) / u.
    Momentum: 3 d w / u, in stable air 1.5 (M / (u √s))^(1/3) if that is less; gradually
    (3 M x / (b² u²))^(1/3) with b = 1/3 + u/w.

    Parameters
    ----------
    velocity, diameter
        Of the stream at air pressure. [m s⁻¹], [m]
    density_ratio
        Density of the stream over that of the air.
    wind_speed
        At the height of the opening. [m s⁻¹]
    stability
        Pasquill class.
    air_temperature
        [K]
    gradient
        Of potential temperature in classes E and F; None: 0.020 and 0.035. [K m⁻¹]
    """
    u = wind_speed
    buoyancy = max(GRAVITY * velocity * diameter**2 / 4.0 * (1.0 - density_ratio), 0.0)
    momentum = velocity**2 * diameter**2 / 4.0 * density_ratio
    slope = _GRADIENT.get(stability, 0.0) if gradient is None else gradient
    root = math.sqrt(max(GRAVITY * slope / air_temperature, 0.0))  # buoyancy frequency
    pushed = 3.0 * diameter * velocity / u
    if root > 0.0:
        lifted, reach = 2.6 * (buoyancy / (u * root**2)) ** (1.0 / 3.0), 2.0715 * u / root
        pushed = min(pushed, 1.5 * (momentum / (u * root)) ** (1.0 / 3.0))
    elif buoyancy < 55.0:
        lifted, reach = 21.425 * buoyancy**0.75 / u, 49.0 * buoyancy**0.625
    else:
        lifted, reach = 38.71 * buoyancy**0.6 / u, 119.0 * buoyancy**0.4
    if lifted >= pushed:
        return Rise(final=lifted, distance=reach, scale=1.60 * buoyancy ** (1.0 / 3.0) / u, power=2.0 / 3.0)
    bent = 1.0 / 3.0 + u / velocity
    scale = (3.0 * momentum / (bent * u) ** 2) ** (1.0 / 3.0)
    wave = root / u
    if root > 0.0:
        reach = 0.5 * math.pi / wave
    elif buoyancy == 0.0:
        reach = 4.0 * diameter * (velocity + 3.0 * u) ** 2 / (velocity * u)
    return Rise(final=pushed, distance=reach, scale=scale, power=1.0 / 3.0, wave=wave)


def goes_up(release: Release) -> bool:
    """Tell whether a release leaves as a vertical stream of known speed and size."""
    return release.elevation >= _UPRIGHT and all(_stream(release))


def stack_rise(release: Release, weather: Weather, wind_speed: float) -> Rise | None:
    """Rise of a release in one state of the air; None if it makes no vertical stream or is denser than the air.

    The expanded stream counts where it is known. A stream denser than the air first rises and then falls, which these
    formulas do not describe; the model "jet" does.
    """
    ratio = release.density(weather) / weather.air_density
    if not goes_up(release) or ratio > 1.0:
        return None
    velocity, diameter = _stream(release)
    return briggs_rise(
        velocity=velocity, diameter=diameter, density_ratio=ratio, wind_speed=wind_speed,
        stability=pasquill_class(weather), air_temperature=weather.temperature,
    )  # fmt: skip


def height_at_wall(height: float, rise: Rise | None, tall: float) -> float:
    """Height of a plume two heights of a building behind it, where ISC3 asks whether the wake catches it. [m]"""
    return height if rise is None else height + float(rise.at(2.0 * tall))


def _stream(release: Release) -> tuple[float, float]:
    if release.jet_velocity > 0.0 and release.jet_diameter > 0.0:
        return release.jet_velocity, release.jet_diameter
    return release.velocity, release.diameter
