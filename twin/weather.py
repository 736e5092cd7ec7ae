"""Weather at the site, constant or changing in time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from twin.errors import ModelError, Problem

__all__ = ["AIR_MOLAR_MASS", "GAS_CONSTANT", "Weather", "WeatherSeries"]

GAS_CONSTANT = 8.31446261815324  # J mol⁻¹ K⁻¹, exact since the 2019 SI (CODATA 2018)
AIR_MOLAR_MASS = 0.0289652  # kg mol⁻¹, dry air, Picard et al. 2008 (CIPM-2007), Metrologia 45:149
_STABILITIES = ("A", "B", "C", "D", "E", "F")
_RANGES = {  # unit, lowest, highest: what an atmosphere near the ground can be
    "wind_speed": ("m s⁻¹", 0.0, 75.0),
    "wind_from": ("°", -360.0, 360.0),
    "wind_height": ("m", 0.5, 300.0),
    "roughness_length": ("m", 1e-5, 5.0),
    "temperature": ("K", 200.0, 340.0),
    "pressure": ("Pa", 3e4, 1.2e5),
    "humidity": ("", 0.0, 1.0),
    "mixing_height": ("m", 10.0, 5000.0),
    "friction_velocity": ("m s⁻¹", 0.005, 5.0),
    "sigma_theta": ("°", 0.1, 104.0),  # 104° is a direction that takes every value alike
    "sigma_theta_time": ("s", 20.0, 3600.0),
}
_OPTIONAL = {"mixing_height", "friction_velocity", "sigma_theta"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """State of the surface layer over the site.

    One of `stability` and `obukhov_length` must be given: there is no silent stability class.

    Parameters
    ----------
    wind_speed
        Mean wind speed at `wind_height`. [m s⁻¹]
    wind_from
        Direction the wind blows from, clockwise from north. [°]
    wind_height
        Height of the wind measurement above ground. [m]
    stability
        Pasquill class, "A" (very unstable) to "F" (stable).
    obukhov_length
        Obukhov length, negative when unstable, ``inf`` when neutral. [m]
    roughness_length
        Aerodynamic roughness of the surroundings. [m]
    temperature
        Air temperature. [K]
    pressure
        Air pressure. [Pa]
    humidity
        Relative humidity, 0 to 1.
    mixing_height
        Height of the lid that reflects the gas; None for no lid. [m]
    friction_velocity
        Measured friction velocity; None: derived from wind, roughness and stability. [m s⁻¹]
    sigma_theta
        Measured standard deviation of the wind direction at `wind_height`; None: not measured. [°]
    sigma_theta_time
        Averaging time of `sigma_theta`. [s]

    Raises
    ------
    ModelError
        A value is missing, not finite or outside its physical range; all such values are named at once.
    """

    wind_speed: float
    wind_from: float
    wind_height: float
    roughness_length: float
    stability: str | None = None
    obukhov_length: float | None = None
    temperature: float = 293.15
    pressure: float = 101325.0
    humidity: float = 0.5
    mixing_height: float | None = None
    friction_velocity: float | None = None
    sigma_theta: float | None = None
    sigma_theta_time: float = 600.0

    def __post_init__(self) -> None:
        problems = []
        for name, (unit, low, high) in _RANGES.items():
            value = getattr(self, name)
            if value is None and name in _OPTIONAL:
                continue
            if isinstance(value, bool) or not isinstance(value, (int, float, np.floating, np.integer)):
                problems.append(Problem(f"{name} is {value!r}, not a number", where=f"Weather.{name}"))
            elif not low <= value <= high:  # also catches NaN
                problems.append(
                    Problem(
                        f"{name} is {value!r}",
                        where=f"Weather.{name}",
                        fix=f"give a value from {low:g} to {high:g} {unit}".rstrip(),
                    )
                )
        if (self.stability is None) == (self.obukhov_length is None):
            problems.append(
                Problem(
                    "give either stability or obukhov_length",
                    where="Weather.stability",
                    fix='stability="D", or obukhov_length in metres',
                )
            )
        if self.stability is not None and self.stability not in _STABILITIES:
            problems.append(
                Problem(
                    f"stability is {self.stability!r}",
                    where="Weather.stability",
                    fix="one of A, B, C, D, E, F (Pasquill)",
                )
            )
        length = self.obukhov_length
        if length is not None and (math.isnan(length) or abs(length) < 1.0):
            problems.append(
                Problem(
                    f"obukhov_length is {length!r}",
                    where="Weather.obukhov_length",
                    fix="give metres with |L| >= 1, negative when unstable, inf when neutral",
                )
            )
        if problems:
            raise ModelError.of(problems, where="Weather")

    @property
    def air_density(self) -> float:
        """Density of dry air as an ideal gas. [kg m⁻³]"""
        return self.pressure * AIR_MOLAR_MASS / (GAS_CONSTANT * self.temperature)

    @property
    def wind_u(self) -> float:
        """Eastward wind component at `wind_height`. [m s⁻¹]"""
        return -self.wind_speed * math.sin(math.radians(self.wind_from))

    @property
    def wind_v(self) -> float:
        """Northward wind component at `wind_height`. [m s⁻¹]"""
        return -self.wind_speed * math.cos(math.radians(self.wind_from))

    def __repr__(self) -> str:
        stability = f"stability {self.stability}" if self.stability else f"Obukhov length {self.obukhov_length:g} m"
        lid = "" if self.mixing_height is None else f", lid {self.mixing_height:g} m"
        shear = "" if self.friction_velocity is None else f", friction velocity {self.friction_velocity:g} m s⁻¹"
        swing = (
            ""
            if self.sigma_theta is None
            else f", direction swinging by {self.sigma_theta:g}° in {self.sigma_theta_time:g} s"
        )
        return (
            f"<Weather {self.wind_speed:g} m s⁻¹ from {self.wind_from:g}° at {self.wind_height:g} m, {stability}, "
            f"roughness {self.roughness_length:g} m, {self.temperature:g} K, {self.pressure:g} Pa, "
            f"humidity {self.humidity:g}{lid}{shear}{swing}>"
        )


@dataclass(frozen=True, slots=True)
class WeatherSeries:
    """Weather that changes in time.

    The wind vector is interpolated linearly between the stated times; everything else holds from its time on. Before
    the first and after the last time the nearest state holds.

    Parameters
    ----------
    times
        Strictly increasing seconds since scenario start, one a state. [s]
    states
        The weather at those times.

    Raises
    ------
    ModelError
        No state, a different number of times and states, or times that do not increase.
    """

    times: tuple[float, ...]
    states: tuple[Weather, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "times", tuple(float(t) for t in self.times))
        object.__setattr__(self, "states", tuple(self.states))
        if not self.states or len(self.times) != len(self.states):
            raise ModelError(
                f"{len(self.times)} times for {len(self.states)} weather states",
                where="WeatherSeries",
                fix="give one time for each state, and at least one",
            )
        if not all(math.isfinite(t) for t in self.times) or any(np.diff(self.times) <= 0.0):
            raise ModelError("times do not increase", where="WeatherSeries.times", fix="sort the records by time")

    @classmethod
    def of(cls, weather: Weather | WeatherSeries) -> WeatherSeries:
        """Take a series as it is, a single state as a series of one.

        Raises
        ------
        ModelError
            It is neither.
        """
        if not isinstance(weather, Weather | WeatherSeries):
            what = f"the weather is a {type(weather).__name__}"
            raise ModelError(what, where="weather", fix="give a twin.Weather or a twin.WeatherSeries")
        return weather if isinstance(weather, WeatherSeries) else cls((0.0,), (weather,))

    @classmethod
    def from_wind(
        cls, base: Weather, *, times: Sequence[float], speeds: Sequence[float], directions: Sequence[float]
    ) -> WeatherSeries:
        """Build a series from wind records over one otherwise constant state.

        Parameters
        ----------
        base
            Everything but the wind.
        times
            Seconds since scenario start. [s]
        speeds
            Wind speed at ``base.wind_height``. [m s⁻¹]
        directions
            Direction the wind blows from. [°]
        """
        states = [replace(base, wind_speed=s, wind_from=d) for s, d in zip(speeds, directions, strict=True)]
        return cls(tuple(times), tuple(states))

    @property
    def wind_u(self) -> NDArray[np.float64]:
        """Eastward wind component at the stated times, shape (n,). [m s⁻¹]"""
        return np.array([state.wind_u for state in self.states])

    @property
    def wind_v(self) -> NDArray[np.float64]:
        """Northward wind component at the stated times, shape (n,). [m s⁻¹]"""
        return np.array([state.wind_v for state in self.states])

    def at(self, t: float) -> Weather:
        """Weather at time `t`. [s]"""
        held = self.states[max(int(np.searchsorted(self.times, t, side="right")) - 1, 0)]
        if len(self.states) == 1:
            return held
        u = float(np.interp(t, self.times, self.wind_u))
        v = float(np.interp(t, self.times, self.wind_v))
        return replace(held, wind_speed=math.hypot(u, v), wind_from=math.degrees(math.atan2(-u, -v)) % 360.0)

    def changes(self, name: str) -> bool:
        """Tell whether the attribute `name` differs between states."""
        if name not in {f.name for f in fields(Weather)}:
            raise AttributeError(name)
        return len({getattr(state, name) for state in self.states}) > 1

    def __repr__(self) -> str:
        if len(self.states) == 1:
            return f"<WeatherSeries constant: {self.states[0]!r}>"
        speeds = [state.wind_speed for state in self.states]
        return (
            f"<WeatherSeries of {len(self.states)} states over {self.times[0]:g} to {self.times[-1]:g} s, "
            f"wind {min(speeds):g} to {max(speeds):g} m s⁻¹>"
        )
