"""What comes out: mass rate in time, place and state of a release."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Self, TypedDict, Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plant_models.discharge import GRAVITY
from plant_models.frozen import reduce_value
from plant_models.matter import Substance
from twin.errors import ModelError, Problem
from twin.weather import Weather, WeatherSeries

__all__ = ["Phase", "Release", "State"]

Phase = Literal["gas", "liquid", "two-phase"]


class State(TypedDict, total=False):
    """State of the released material: the optional parameters of :class:`Release`."""

    temperature: float | None
    vapour_fraction: float
    velocity: float
    diameter: float
    jet_velocity: float
    jet_diameter: float
    elevation: float
    area: float
    droplet_diameter: float
    phase: Phase
    label: str
    notes: tuple[str, ...]


# Britter and McQuaid 1988, HSE CRR 17/1988: below these numbers buoyancy does not matter from the start.
_DENSE_CONTINUOUS, _DENSE_INSTANTANEOUS = 0.15, 0.20


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Release:
    """A release of one substance at one place: piecewise constant mass rate, and any mass let go at once.

    The mass rate is ``mass_rates[k]`` for ``edges[k] <= t < edges[k + 1]`` and zero elsewhere. A purely instantaneous
    release, or one that was cut before it began, has one edge and no rate.

    Parameters
    ----------
    substance
        What comes out.
    x, y, z
        Place in the site's local frame, z above ground. [m]
    edges
        Times that bound the pieces, shape (n + 1,), increasing. [s]
    mass_rates
        Mass rate in each piece, shape (n,). [kg s⁻¹]
    instantaneous_mass
        Mass let go at ``edges[0]``; 0 for a continuous release. [kg]
    temperature
        Of the released material once it is at air pressure and before it mixes with air; None: that of the air. [K]
    vapour_fraction
        Mass fraction that is vapour at that moment; the rest is taken to stay airborne as droplets.
    velocity
        Mean velocity over the opening; 0 where it does not matter. [m s⁻¹]
    diameter
        Diameter of the opening; 0 for a point. [m]
    jet_velocity, jet_diameter
        Of the stream once it has expanded to air pressure, before it mixes with air and before anything rains out of
        it; 0 where they are not known, and where most of the stream falls to the ground and makes no jet. [m s⁻¹], [m]
    elevation
        Angle at which it leaves, above the horizontal. [°]
    area
        Surface it rises from, for a pool; 0 for a jet or a point. [m²]
    droplet_diameter
        Of the droplets it carries; 0 where there are none or it is not known. [m]
    phase
        State in which it leaves the opening.
    label
        Name used in reports.
    notes
        How the numbers came about and what is neglected, one sentence each.
    cumulative
        Mass released from the pieces up to each edge, shape (n + 1,), without `instantaneous_mass`. [kg]

    Raises
    ------
    ModelError
        A value is missing, not finite or out of range; all of them are named at once.
    """

    substance: Substance
    x: float
    y: float
    z: float
    edges: NDArray[np.float64]
    mass_rates: NDArray[np.float64]
    instantaneous_mass: float = 0.0
    temperature: float | None = None
    vapour_fraction: float = 1.0
    velocity: float = 0.0
    diameter: float = 0.0
    jet_velocity: float = 0.0
    jet_diameter: float = 0.0
    elevation: float = 0.0
    area: float = 0.0
    droplet_diameter: float = 0.0
    phase: Phase = "gas"
    label: str = ""
    notes: tuple[str, ...] = ()
    cumulative: NDArray[np.float64] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        edges = np.array(self.edges, dtype=np.float64)
        rates = np.array(self.mass_rates, dtype=np.float64)
        problems = [*_shape_problems(edges, rates), *self._value_problems()]
        if problems:
            raise ModelError.of(problems, where="Release")
        cumulative = np.concatenate(([0.0], np.cumsum(rates * np.diff(edges))))
        for name, array in (("edges", edges), ("mass_rates", rates), ("cumulative", cumulative)):
            array.flags.writeable = False
            object.__setattr__(self, name, array)

    def __reduce__(self) -> tuple[Any, ...]:
        return reduce_value(self)

    def _value_problems(self) -> list[Problem]:
        checks = (
            ("x", self.x, -1e7, 1e7, "m"),
            ("y", self.y, -1e7, 1e7, "m"),
            ("z", self.z, 0.0, 2000.0, "m"),
            ("instantaneous_mass", self.instantaneous_mass, 0.0, 1e10, "kg"),
            ("temperature", 300.0 if self.temperature is None else self.temperature, 20.0, 3000.0, "K"),
            ("vapour_fraction", self.vapour_fraction, 0.0, 1.0, ""),
            ("velocity", self.velocity, 0.0, 5000.0, "m s⁻¹"),
            ("diameter", self.diameter, 0.0, 1000.0, "m"),
            ("jet_velocity", self.jet_velocity, 0.0, 5000.0, "m s⁻¹"),
            ("jet_diameter", self.jet_diameter, 0.0, 1000.0, "m"),
            ("elevation", self.elevation, -90.0, 90.0, "°"),
            ("area", self.area, 0.0, 1e7, "m²"),
            ("droplet_diameter", self.droplet_diameter, 0.0, 0.1, "m"),
        )
        return [
            Problem(
                f"{name} is {value!r}",
                where=f"Release.{name}",
                fix=f"give a value from {low:g} to {high:g} {unit}".rstrip(),
            )
            for name, value, low, high, unit in checks
            if not low <= value <= high
        ]

    @classmethod
    def steady(
        cls,
        substance: Substance,
        *,
        x: float,
        y: float,
        z: float,
        mass_rate: float,
        duration: float,
        start: float = 0.0,
        **state: Unpack[State],
    ) -> Self:
        """Build a release at a constant `mass_rate` [kg s⁻¹] for `duration` [s] from `start` [s].

        The other parameters are those of :class:`Release`.

        Raises
        ------
        ModelError
            A value out of range; the duration must be positive and finite.
        """
        if not 0.0 < duration < math.inf:
            raise ModelError(
                f"duration is {duration!r}", where="Release.steady", fix="give a positive, finite duration in seconds"
            )
        edges, rates = np.array([start, start + duration]), np.array([mass_rate])
        return cls(substance=substance, x=x, y=y, z=z, edges=edges, mass_rates=rates, **state)

    @classmethod
    def instantaneous(
        cls,
        substance: Substance,
        *,
        x: float,
        y: float,
        z: float,
        mass: float,
        start: float = 0.0,
        **state: Unpack[State],
    ) -> Self:
        """Build a release of `mass` [kg] let go at once at `start` [s].

        The other parameters are those of :class:`Release`.

        Raises
        ------
        ModelError
            A value out of range; the mass must be positive.
        """
        if not mass > 0.0:
            raise ModelError(
                f"mass is {mass!r}", where="Release.instantaneous", fix="give a positive mass in kilograms"
            )
        edges, rates = np.array([start]), np.array([])
        return cls(substance=substance, x=x, y=y, z=z, edges=edges, mass_rates=rates, instantaneous_mass=mass, **state)

    @property
    def start(self) -> float:
        """Time of the first mass. [s]"""
        return float(self.edges[0])

    @property
    def duration(self) -> float:
        """Time from the first to the last edge; 0 when instantaneous. [s]"""
        return float(self.edges[-1] - self.edges[0])

    @property
    def total_mass(self) -> float:
        """Mass released in all. [kg]"""
        return float(self.cumulative[-1]) + self.instantaneous_mass

    def rate(self, t: ArrayLike) -> NDArray[np.float64]:
        """Mass rate at the times `t` [s], without the instantaneous mass, the shape of `t`. [kg s⁻¹]"""
        times = np.asarray(t, float)
        if not len(self.mass_rates):
            return np.zeros(times.shape)
        piece = np.searchsorted(self.edges, times, side="right") - 1
        inside = (piece >= 0) & (piece < len(self.mass_rates))
        return np.asarray(np.where(inside, self.mass_rates[np.clip(piece, 0, len(self.mass_rates) - 1)], 0.0))

    def mass_until(self, t: float) -> float:
        """Mass released before the time `t` [s]. [kg]

        Inside a piece the mass is counted from the left edge of the piece, so a cut at a later time does not change a
        single bit of it.
        """
        if t <= self.edges[0]:
            return 0.0
        piece = int(np.searchsorted(self.edges, t, side="right")) - 1
        if piece >= len(self.mass_rates):
            return self.instantaneous_mass + float(self.cumulative[-1])
        inside = float(self.cumulative[piece]) + float(self.mass_rates[piece]) * (t - float(self.edges[piece]))
        return self.instantaneous_mass + inside

    def mass_between(self, t0: float, t1: float) -> float:
        """Mass released from `t0` (included) to `t1` (excluded) [s]. [kg]

        Raises
        ------
        ModelError
            `t1` is before `t0`.
        """
        if not t0 <= t1:
            raise ModelError(f"from {t0!r} s to {t1!r} s", where="Release.mass_between", fix="give t0 <= t1")
        return self.mass_until(t1) - self.mass_until(t0)

    def cut(self, at: float) -> Self:
        """Release that stops at the time `at` [s], because a valve was shut; the past is unchanged bit for bit.

        A cut before the first mass leaves a release of nothing, without a piece; a cut after the end changes nothing,
        and mass that was let go at once cannot be called back.
        """
        if math.isnan(at):
            raise ModelError("the time of the cut is not a number", where="Release.cut", fix="give seconds")
        if at <= self.edges[0] or (at < self.edges[-1] and self.mass_until(at) == 0.0):
            note = f"cut at {at:g} s, before it began"
            return replace(
                self,
                edges=self.edges[:1],
                mass_rates=np.array([]),
                instantaneous_mass=0.0,
                notes=(*self.notes, note),
            )
        if at >= self.edges[-1]:
            return self
        keep = int(np.searchsorted(self.edges, at, side="left"))
        return replace(
            self,
            edges=np.append(self.edges[:keep], at),
            mass_rates=self.mass_rates[:keep],
            notes=(*self.notes, f"cut at {at:g} s"),
        )

    def density(self, weather: Weather | WeatherSeries) -> float:
        """Density of the released material at air pressure before it mixes with air. [kg m⁻³]

        Vapour as an ideal gas and droplets, moving together: 1/ρ = x/ρ_vapour + (1 - x)/ρ_liquid.

        Raises
        ------
        ModelError
            Droplets at a temperature for which the density of the liquid is not known.
        """
        air = WeatherSeries.of(weather).at(self.start)
        temperature = air.temperature if self.temperature is None else self.temperature
        volume = self.vapour_fraction / self.substance.gas_density(temperature, air.pressure)
        if self.vapour_fraction < 1.0:
            volume += (1.0 - self.vapour_fraction) / self.substance.liquid_density(temperature)
        return 1.0 / volume

    def density_ratio(self, weather: Weather | WeatherSeries) -> float:
        """Density of the released material over that of the air at the start of the release."""
        return self.density(weather) / WeatherSeries.of(weather).at(self.start).air_density

    def buoyancy_number(self, weather: Weather | WeatherSeries) -> float:
        """Strength of the negative buoyancy against the wind, 0 when the release is not heavier than air.

        Continuous: (g' q / (u³ D))^(1/3) with D = (q/u)^(1/2); instantaneous: (g' V)^(1/2) / (u D) with D = V^(1/3);
        g' = g (ρ - ρ_air)/ρ_air, q and V the volume rate and volume of the released material, u the wind speed at 10 m
        from the neutral logarithmic profile. The instantaneous number is multiplied by 0.15/0.20, so that one limit,
        0.15, answers for both; with both kinds of mass the larger number counts.

        References
        ----------
        Britter, R.E. and McQuaid, J., 1988, Workbook on the dispersion of dense gases, HSE CRR 17/1988.
        """
        air = WeatherSeries.of(weather).at(self.start)
        return _buoyancy_number(self, self.density(air), air)

    def is_dense(self, weather: Weather | WeatherSeries) -> bool:
        """Tell whether the cloud slumps under its own weight, so that a passive model does not hold near the source.

        True from a buoyancy number of 0.15 (0.20 for an instantaneous release) on, the limits of Britter and McQuaid
        (1988); a substance whose vapour forms clusters (hydrogen fluoride) counts as dense at any amount.
        """
        return self.total_mass > 0.0 and (
            self.substance.associates or self.buoyancy_number(weather) >= _DENSE_CONTINUOUS
        )

    def __repr__(self) -> str:
        name = f"{self.label}: " if self.label else ""
        place = f"at ({self.x:.1f}, {self.y:.1f}, {self.z:.1f}) m"
        parts = []
        if self.instantaneous_mass:
            parts.append(f"{self.instantaneous_mass:.4g} kg at once at {self.start:g} s")
        if len(self.mass_rates):
            low, high = float(self.mass_rates.min()), float(self.mass_rates.max())
            rate = f"{high:.4g}" if low == high else f"{low:.4g} to {high:.4g}"
            parts.append(f"{rate} kg s⁻¹ from {self.start:g} to {self.edges[-1]:g} s, {self.cumulative[-1]:.4g} kg")
        return f"<Release {name}{self.substance.name} {place}, {' and '.join(parts) or 'nothing'}>"


def _shape_problems(edges: NDArray[np.float64], rates: NDArray[np.float64]) -> list[Problem]:
    problems = []
    if edges.ndim != 1 or rates.ndim != 1 or not len(edges) or len(edges) != len(rates) + 1:
        problems.append(
            Problem(
                f"{edges.size} edges for {rates.size} mass rates",
                where="Release.edges",
                fix="give one edge more than mass rates",
            )
        )
    elif not np.all(np.isfinite(edges)) or np.any(np.diff(edges) <= 0.0):
        problems.append(Problem("edges do not increase", where="Release.edges", fix="give finite, increasing times"))
    if not np.all((rates >= 0.0) & (rates < math.inf)):
        problems.append(
            Problem(
                "a mass rate is negative or not finite",
                where="Release.mass_rates",
                fix="give rates of 0 kg s⁻¹ or more",
            )
        )
    return problems


def _buoyancy_number(release: Release, density: float, air: Weather) -> float:
    reduced = GRAVITY * (density - air.air_density) / air.air_density
    if reduced <= 0.0 or release.total_mass == 0.0:
        return 0.0
    wind = _wind_at_10_m(air)
    if wind <= 0.0:
        return math.inf
    flow = float(release.mass_rates.max(initial=0.0)) / density
    steady = (reduced * flow / (wind**3 * math.sqrt(flow / wind))) ** (1.0 / 3.0) if flow > 0.0 else 0.0
    volume = release.instantaneous_mass / density
    puff = math.sqrt(reduced * volume) / (wind * volume ** (1.0 / 3.0)) if volume > 0.0 else 0.0
    return max(steady, puff * _DENSE_CONTINUOUS / _DENSE_INSTANTANEOUS)


def _wind_at_10_m(air: Weather) -> float:
    z0 = air.roughness_length
    if air.wind_height <= z0 or z0 >= 10.0:
        return air.wind_speed
    return air.wind_speed * math.log(10.0 / z0) / math.log(air.wind_height / z0)
