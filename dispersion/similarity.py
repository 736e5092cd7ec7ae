"""The surface layer by similarity: wind, friction velocity, diffusivity, turbulence and mixing height.

References
----------
Businger, J. A., Wyngaard, J. C., Izumi, Y. and Bradley, E. F. (1971), Flux-profile relationships in the atmospheric
surface layer, J. Atmos. Sci. 28:181-189.
Cimorelli, A. J. et al. (2005), AERMOD: a dispersion model for industrial source applications, Part I,
J. Appl. Meteorol. 44:682-693.
EPA (1995), User's guide for the Industrial Source Complex (ISC3) dispersion models, volume II, EPA-454/B-95-003b.
Hanna, S. R., Briggs, G. A. and Hosker, R. P. (1982), Handbook on atmospheric diffusion, DOE/TIC-11223.
Irwin, J. S. (1979), A theoretical variation of the wind profile power-law exponent as a function of surface roughness
and stability, Atmos. Environ. 13:191-194.
van Ulden, A. P. and Holtslag, A. A. M. (1985), Estimation of atmospheric boundary layer parameters for diffusion
applications, J. Clim. Appl. Meteorol. 24:1196-1207.
Wieringa, J. (1992), Updating the Davenport roughness classification, J. Wind Eng. Ind. Aerodyn. 41:357-368.
Zilitinkevich, S. S. (1972), On the determination of the height of the Ekman boundary layer, Boundary-Layer Meteorol.
3:141-145.
"""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dispersion.inputs import finite, number
from dispersion.stability import CLASSES, obukhov_length
from twin.errors import ModelError
from twin.weather import Weather

__all__ = [
    "KARMAN",
    "ROUGHNESS",
    "Terrain",
    "convective_velocity",
    "diffusivity",
    "friction_velocity",
    "mechanical_height",
    "mixing_height",
    "sigma_v",
    "sigma_w",
    "surface_layer_height",
    "temperature_at",
    "time_scale",
    "wind_ratio",
    "wind_speed_at",
]

Terrain = Literal["rural", "urban"]
_Array = NDArray[np.float64]

KARMAN = 0.40
# Davenport's classes of terrain with the roughness lengths of Wieringa (1992). [m]
ROUGHNESS = MappingProxyType(
    {
        "sea": 0.0002,
        "smooth": 0.005,
        "open": 0.03,
        "roughly open": 0.10,
        "rough": 0.25,
        "very rough": 0.5,
        "closed": 1.0,
        "chaotic": 2.0,
    }
)
_GRAVITY = 9.80665  # m s⁻², standard
_DRY_LAPSE = _GRAVITY / 1004.7  # K m⁻¹, g over the heat capacity of dry air
_BUSINGER_KARMAN = 0.35  # belongs to the functions of Businger et al. (1971), which were fitted with it
# Power-law exponents of the wind profile: Irwin (1979), as the defaults of EPA (1995), A to F.
_EXPONENTS: dict[Terrain, tuple[float, ...]] = {
    "rural": (0.07, 0.07, 0.10, 0.15, 0.35, 0.55),
    "urban": (0.15, 0.15, 0.20, 0.25, 0.30, 0.30),
}


def wind_ratio(weather: Weather, height: float, terrain: Terrain = "rural") -> float:
    """Mean wind at `height` over the mean wind at ``weather.wind_height``.

    With a stability class: power law with Irwin's (1979) exponents. With an Obukhov length: similarity profile with the
    stability functions of AERMOD (Cimorelli et al. 2005: Paulson's integral with ``(1 - 16 z/L)**0.25`` when unstable,
    ``-17 (1 - exp(-0.29 z/L))`` of van Ulden and Holtslag (1985) when stable), linear in height below seven roughness
    lengths, as there.

    Parameters
    ----------
    weather
        State of the air.
    height
        Height above ground. [m]
    terrain
        "rural" or "urban": which exponents.
    """
    number(height, "height", low=0.0)
    if weather.stability is not None:
        exponent = _EXPONENTS[terrain][CLASSES.index(weather.stability)]
        return float((height / weather.wind_height) ** exponent)
    return float(_profile(weather, height) / _profile(weather, weather.wind_height))


def wind_speed_at(weather: Weather, height: ArrayLike) -> _Array:
    """Mean wind of the similarity profile, whatever the stability was given as. [m s⁻¹]

    Parameters
    ----------
    weather
        State of the air; a stability class is turned into an Obukhov length (:func:`obukhov_length`).
    height
        Heights above ground, any shape. Above a stated mixing height the wind no longer grows. [m]
    """
    return weather.wind_speed / _profile(weather, weather.wind_height) * _profile(weather, finite(height, "height"))


def friction_velocity(weather: Weather) -> float:
    """Friction velocity: the stated one, or that of the similarity profile through the measured wind. [m s⁻¹]

    The von Karman constant is 0.40.
    """
    if weather.friction_velocity is not None:
        return weather.friction_velocity
    return float(KARMAN * weather.wind_speed / _profile(weather, weather.wind_height))


def temperature_at(weather: Weather, height: ArrayLike) -> _Array:
    """Mean air temperature, taking ``weather.temperature`` as that at 2 m. [K]

    Adiabatic lapse plus the potential temperature profile ``T*/k0 (integral of phi_h dz/z)`` with the functions and the
    constant k0 = 0.35 of Businger et al. (1971); ``T* = u*² T / (k0 g L)`` is the definition of the Obukhov length. In
    the surface layer only: heights are held within a stated or estimated mixing height.

    Parameters
    ----------
    weather
        State of the air.
    height
        Heights above ground, any shape. [m]
    """
    length = obukhov_length(weather)
    z = np.maximum(finite(height, "height"), weather.roughness_length)
    lapse = -_DRY_LAPSE * (z - 2.0)
    if math.isinf(length):
        return np.asarray(weather.temperature + lapse)
    scale = (_gas_velocity(weather) / _BUSINGER_KARMAN) ** 2 * weather.temperature / (_GRAVITY * length)
    return np.asarray(weather.temperature + lapse + scale * (_heat_integral(z, length) - _heat_integral(2.0, length)))


def diffusivity(weather: Weather, height: ArrayLike) -> _Array:
    """Vertical eddy diffusivity of a gas in the surface layer. [m² s⁻¹]

    ``k0 u* z / phi_h(z/L)`` with Businger et al. (1971): k0 = 0.35, phi_h = 0.74 (1 - 9 z/L)**-0.5 when unstable and
    0.74 + 4.7 z/L when stable, which van Ulden (1978, Atmos. Environ. 12:2125) found to describe gas near the ground.
    A friction velocity that is not stated is the profile's with the same k0, so that only ratios of winds enter.

    Parameters
    ----------
    weather
        State of the air.
    height
        Heights above ground, any shape. [m]
    """
    z = finite(height, "height")
    return _BUSINGER_KARMAN * _gas_velocity(weather) * z / _phi_heat(z / obukhov_length(weather))


def mixing_height(weather: Weather, latitude: float | None = None) -> float | None:
    """Height of the mixed layer: the stated one, or an estimate for neutral and stable air. [m]

    Neutral: ``0.3 u*/f`` (Hanna, Briggs and Hosker 1982). Stable: ``0.4 sqrt(u* L/f)`` (Zilitinkevich 1972), never
    above the neutral value. None in unstable air, where the height depends on the heating since sunrise and must be
    given.

    Parameters
    ----------
    weather
        State of the air.
    latitude
        Geographic latitude; None: 45°. [°]

    Raises
    ------
    ModelError
        Latitude nearer to the equator than 5°, where both formulas diverge.
    """
    if weather.mixing_height is not None:
        return weather.mixing_height
    length = obukhov_length(weather)
    if length < 0.0 and not math.isinf(length):
        return None
    neutral = mechanical_height(weather, latitude)
    if math.isinf(length):
        return neutral
    return min(0.4 * math.sqrt(friction_velocity(weather) * length / _coriolis(latitude)), neutral)


def mechanical_height(weather: Weather, latitude: float | None = None) -> float:
    """Height ``0.3 u*/f`` to which the wind alone would mix the air (Hanna, Briggs and Hosker 1982). [m]

    Parameters
    ----------
    weather
        State of the air.
    latitude
        Geographic latitude; None: 45°. [°]

    Raises
    ------
    ModelError
        Latitude nearer to the equator than 5°.
    """
    return 0.3 * friction_velocity(weather) / _coriolis(latitude)


def convective_velocity(weather: Weather, height: float | None = None) -> float:
    """Convective velocity scale ``u* (h / (k |L|))**(1/3)``; 0 in neutral and stable air. [m s⁻¹]

    Parameters
    ----------
    weather
        State of the air.
    height
        Mixing height; None: the stated one. [m]

    Raises
    ------
    ModelError
        Unstable air without a mixing height.
    """
    length = obukhov_length(weather)
    if length > 0.0 or math.isinf(length):
        return 0.0
    deep = weather.mixing_height if height is None else number(height, "height", low=1.0, high=1e6)
    if deep is None:
        raise ModelError(
            "the convective velocity scale needs a mixing height",
            where="Weather.mixing_height",
            fix="give it (of the order of 1000 m in the afternoon), or measure sigma_theta",
        )
    return float(friction_velocity(weather) * (deep / (KARMAN * abs(length))) ** (1.0 / 3.0))


def sigma_v(weather: Weather, deep: float) -> float:
    """Standard deviation of the crosswind velocity near the ground. [m s⁻¹]

    A measured sigma_theta times the wind it was measured in; otherwise ``sqrt(3.6 u*² + 0.35 w*²)``, the mechanical and
    the convective part of Cimorelli et al. (2005).

    Parameters
    ----------
    weather
        State of the air.
    deep
        Mixing height of convective air. [m]
    """
    if weather.sigma_theta is not None:
        return math.radians(weather.sigma_theta) * weather.wind_speed
    return math.sqrt(3.6 * friction_velocity(weather) ** 2 + 0.35 * convective_velocity(weather, deep) ** 2)


def sigma_w(weather: Weather, height: float, deep: float) -> float:
    """Standard deviation of the vertical velocity. [m s⁻¹]

    Cimorelli et al. (2005): mechanical ``1.3 u* (1 - z/h)**0.5``, convective ``(1.6 (z/h)**(2/3))**0.5 w*`` in the
    lowest tenth of the layer and ``0.35**0.5 w*`` above, and a residual ``0.02 u(h) z/h`` that is left above the layer;
    added in quadrature.

    Parameters
    ----------
    weather
        State of the air.
    height
        Height above ground. [m]
    deep
        Height of the mixed layer. [m]
    """
    share = min(max(height, 0.0) / deep, 1.0)
    mechanical = 1.69 * friction_velocity(weather) ** 2 * (1.0 - share)
    convective = min(1.6 * share ** (2.0 / 3.0), 0.35) * convective_velocity(weather, deep) ** 2
    residual = (0.02 * share * float(wind_speed_at(weather, deep))) ** 2
    return math.sqrt(mechanical + convective + residual)


def surface_layer_height(weather: Weather, deep: float) -> float:
    """Height up to which the diffusivity grows as near the ground: a tenth of the layer the wind would mix. [m]

    A tenth of `deep` [m]; in stable air, whose layer is shallow because of what the stability function already says,
    a tenth of the mechanical height unless that is less than `deep`.
    """
    return 0.1 * max(deep, mechanical_height(weather) if obukhov_length(weather) > 0.0 else 0.0)


def time_scale(weather: Weather, height: float, deep: float) -> float:
    """Lagrangian time scale of the vertical velocity, ``K / sigma_w²``. [s]

    This is the value with which Taylor's spread grows as the diffusivity demands after a long time; in neutral air it
    is ``0.36 z / sigma_w``, the neutral length scale of Cimorelli et al. (2005). Both are taken within the surface
    layer.
    """
    z = min(height, 0.1 * deep)
    return float(diffusivity(weather, z)) / sigma_w(weather, z, deep) ** 2


def _coriolis(latitude: float | None) -> float:
    """Coriolis parameter, twice the rotation of the earth times the sine of the latitude. [s⁻¹]"""
    degrees = 45.0 if latitude is None else abs(number(latitude, "latitude"))
    if not 5.0 <= degrees <= 90.0:
        raise ModelError(
            f"latitude is {latitude!r}",
            where="mixing_height.latitude",
            fix="give 5 to 90 degrees north or south; nearer to the equator give Weather.mixing_height",
        )
    return 2.0 * 7.292115e-5 * math.sin(math.radians(degrees))


def _profile(weather: Weather, height: ArrayLike) -> _Array:
    """Wind at `height` over u*/k."""
    rough, length = weather.roughness_length, obukhov_length(weather)
    top = math.inf if weather.mixing_height is None else max(weather.mixing_height, weather.wind_height)
    z = np.minimum(np.asarray(height, float), top)
    lowest = 7.0 * rough
    within = np.maximum(z, lowest)
    found = np.log(within / rough) - _psi(within / length) + _psi(np.asarray(rough / length))
    return np.asarray(found * np.minimum(z / lowest, 1.0))


def _psi(zeta: _Array) -> _Array:
    """Integrated stability function of momentum."""
    mu = (1.0 - 16.0 * np.minimum(zeta, 0.0)) ** 0.25
    unstable = 2.0 * np.log((1.0 + mu) / 2.0) + np.log((1.0 + mu * mu) / 2.0) - 2.0 * np.arctan(mu) + math.pi / 2.0
    return np.where(zeta >= 0.0, -17.0 * (1.0 - np.exp(-0.29 * np.maximum(zeta, 0.0))), unstable)


def _phi_heat(zeta: _Array) -> _Array:
    return np.where(zeta >= 0.0, 0.74 + 4.7 * np.maximum(zeta, 0.0), 0.74 / np.sqrt(1.0 - 9.0 * np.minimum(zeta, 0.0)))


def _heat_integral(z: ArrayLike, length: float) -> _Array:
    """Integral of phi_h dz/z, up to a constant."""
    zeta = np.asarray(z, float) / length
    if length > 0.0:
        return np.asarray(0.74 * np.log(zeta) + 4.7 * zeta)
    root = np.sqrt(1.0 - 9.0 * zeta)
    return np.asarray(0.74 * np.log((root - 1.0) / (root + 1.0)))


def _gas_velocity(weather: Weather) -> float:
    """Friction velocity that goes with Businger's functions. [m s⁻¹]"""
    if weather.friction_velocity is not None:
        return weather.friction_velocity
    return float(_BUSINGER_KARMAN * weather.wind_speed / _profile(weather, weather.wind_height))
