"""The surface layer as the dense-gas model sees it: wind profile, friction velocity, mixing height, moist air.

Heights at which 1/L fades are Ermak's: 1/L is the stated one at 3 m, or where the wind is measured if that is higher,
and more below, up to 3.7 times in nearly neutral air. Together with the damping at the top of the cloud this makes a
shallow cloud in unstable air over a smooth surface grow up to 1.8 times too high, by similarity theory (van Ulden 1978,
Atmos. Environ. 12:2125; tests/dispersion/test_dense_trials.py).

References
----------
Ermak, D. L. (1990), User's manual for SLAB, UCRL-MA-105607, section 2.5.1 and equations 32 to 34, 36a.
Golder, D. (1972), Relations among stability parameters in the surface layer, Boundary-Layer Meteorol. 3:47-58.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.errors import ModelError
from twin.weather import GAS_CONSTANT, Weather

__all__ = ["SurfaceLayer"]

_Array = NDArray[np.float64]
_KARMAN, _STABLE, _UNSTABLE = 0.41, 5.0, 16.0  # Ermak 1990, eq. 32 and 33
_CLASSES = "ABCDEF"
_SMOOTHEST = 1e-7  # m, below that of smooth flow, 0.11 nu/u* (Businger 1973), even at 5 m s⁻¹


@dataclass(frozen=True, slots=True)
class SurfaceLayer:
    """What the kernels need to know of the air.

    Parameters
    ----------
    values
        Array of :mod:`dispersion._kernels.dense_closure`, shape (17,).
    inverse_length
        Inverse Obukhov length. [m⁻¹]
    spread_rate
        S of eq. 36a: how fast a narrow cloud widens, over neutral air with Ermak's reference friction.
    """

    values: _Array
    inverse_length: float
    spread_rate: float

    @classmethod
    def of(cls, air: Weather) -> SurfaceLayer:
        """Surface layer of a weather.

        An Obukhov length is taken as it is; a Pasquill class becomes one by Ermak's fit to Golder's (1972) curves for
        the roughness of the site. The other way round gives the class, in steps as fine as wanted, from which the lid
        follows when the weather states none: 130 m x 2^(7 - class) with A = 1 to F = 6.

        A measured friction velocity is kept together with the wind: the roughness, of which a map tells little, is then
        the one that goes with both.

        Raises
        ------
        ModelError
            No roughness goes with the wind and the friction velocity.
        """
        from dispersion._kernels import dense_closure as closure
        from dispersion._kernels.mixing import moist_air

        curve = _golder(air.roughness_length)
        if air.stability is not None:
            number = float(_CLASSES.index(air.stability) + 1)
            inverse = _inverse_of(number, curve)
        else:
            assert air.obukhov_length is not None  # Weather holds one of the two
            inverse = 1.0 / air.obukhov_length
            number = _class_of(inverse, curve)
        lid = 130.0 * 2.0 ** (7.0 - number) if air.mixing_height is None else air.mixing_height
        limit = 1.0 + 0.8 * (number - 4.0) if number >= 4.0 else math.exp(3.2 - 0.8 * number)
        effective = inverse * (1.0 + max(air.wind_height, 3.0) / limit)
        phi = (1.0 - _UNSTABLE * limit * effective) ** -0.25 if effective < 0.0 else 1.0
        gu = -8.0 * effective / (1.0 - phi) if effective < 0.0 else 0.0
        values = np.zeros(17)
        values[closure.T_A], values[closure.PRESSURE] = air.temperature, air.pressure
        moist = moist_air(air.temperature, air.pressure, air.humidity)
        values[closure.WATER], values[closure.ENTHALPY], values[closure.RHO_A] = moist
        values[closure.INV_L], values[closure.Z_L], values[closure.LID] = effective, limit, lid
        values[closure.PHI], values[closure.GU] = phi, gu
        z0 = air.roughness_length
        if air.friction_velocity is not None:
            z0 = _roughness_of(air, air.friction_velocity, values)
        values[closure.Z_0] = z0
        lowest = math.e * z0
        at, slope = closure.profile(values, lowest), closure.phi_m(values, lowest) * (1.0 - lowest / lid) / lowest
        values[closure.C_1] = 2.0 * at / lowest - slope
        values[closure.C_2] = (lowest * slope - at) / lowest**2
        values[closure.Z_T] = lowest
        values[closure.U_STAR] = _KARMAN * air.wind_speed / closure.profile(values, air.wind_height)
        values[closure.AT_4] = closure.profile(values, 4.0)
        friction = math.sqrt(_KARMAN / closure.profile(values, 2.0) / 0.086)  # over Ermak's reference, C_10
        rate = 1.0 - 10.0 * friction * inverse if inverse < 0.0 else 1.0 / (1.0 + 10.0 * friction * inverse)
        values[closure.WIDEN] = 0.08 * rate * meander(0.0)
        return cls(values, inverse, rate)

    @property
    def friction_velocity(self) -> float:
        """Friction velocity of the air. [m s⁻¹]"""
        return float(self.values[5])

    @property
    def molar_mass(self) -> float:
        """Molar mass of the moist air. [kg mol⁻¹]"""
        density, temperature, pressure = self.values[:3]
        return float(density * GAS_CONSTANT * temperature / pressure)

    def wind(self, z: float) -> float:
        """Wind speed at a height [m]. [m s⁻¹]"""
        from dispersion._kernels.dense_closure import profile

        return self.friction_velocity / _KARMAN * float(profile(self.values, z))


def _roughness_of(air: Weather, friction: float, values: _Array) -> float:
    """Roughness length of a profile that has both the stated wind and the stated friction velocity. [m]"""
    from scipy.optimize import brentq

    from dispersion._kernels import dense_closure as closure

    def over(logarithm: float) -> float:
        values[closure.Z_0] = math.exp(logarithm)
        return friction / _KARMAN * float(closure.profile(values, air.wind_height)) - air.wind_speed

    low, high = math.log(_SMOOTHEST), math.log(min(1.0, air.wind_height / math.e))
    if not over(high) < 0.0 < over(low):
        raise ModelError(
            f"a friction velocity of {friction:g} m s⁻¹ does not go with a wind of {air.wind_speed:g} "
            f"m s⁻¹ at {air.wind_height:g} m over any roughness from {_SMOOTHEST:g} to {math.exp(high):.2g} m",
            where="dense_gas.weather",
            fix="leave friction_velocity out, and it follows from wind, roughness and stability",
        )
    return math.exp(float(brentq(over, low, high, xtol=1e-12)))


def meander(time: float) -> float:
    """Part of the widening of a plume that is seen over an averaging time [s], 1 at 15 minutes (eq. 36a)."""
    return float(((time + 10.0 * math.exp(-time / 10.0)) / 900.0) ** 0.2)


def _golder(z0: float) -> tuple[float, float, float]:
    """1/|L| one, two and three classes from neutral, Ermak's fit to Golder's curves. [m⁻¹]"""
    first = 0.0081 / z0**0.3044
    if z0 > 0.0111:
        return first, 0.0385 / z0**0.1715, 0.0875 / z0**0.1028
    second = first + 0.0137 / z0**0.1715 + 0.0218
    return first, second, second + 0.0557


def _exponents(curve: tuple[float, float, float]) -> tuple[float, float]:
    """Exponent of the distance from class D up to two classes, and the one it tends to beyond."""
    two = math.log(curve[1] / curve[0]) / math.log(2.0)
    three = math.log(curve[2] / curve[0]) / math.log(3.0)
    return two, 2.0 * three - two


def _inverse_of(number: float, curve: tuple[float, float, float]) -> float:
    far = min(abs(number - 4.0), 3.5)
    two, beyond = _exponents(curve)
    power = two if far < 2.0 else beyond + (two - beyond) / (1.0 + (far - 2.0) ** 2)
    return math.copysign(curve[0] * far**power, number - 4.0)


def _class_of(inverse: float, curve: tuple[float, float, float]) -> float:
    size = abs(inverse)
    two, beyond = _exponents(curve)
    most = curve[0] * 3.5 ** (beyond + (two - beyond) / 3.25)
    if size < curve[1]:
        far = (size / curve[0]) ** (1.0 / two)
    elif size < most:
        share = (size - curve[1]) / (curve[2] - curve[1])
        far = (size / curve[0]) ** (1.0 / (beyond + (two - beyond) / (1.0 + share * share)))
    else:
        far = 3.5
    return 4.0 + math.copysign(far, inverse)
