"""Path of one steady jet: what flows through each section, and what a user asks of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from dispersion.materials import Material, material_of
from dispersion.sections import Section
from dispersion.similarity import KARMAN, friction_velocity, mixing_height, temperature_at, wind_speed_at
from dispersion.stability import obukhov_length
from plant_models.matter import Substance
from twin.errors import ModelError
from twin.weather import AIR_MOLAR_MASS, Weather

__all__ = ["JetAir", "JetPath", "follow_jet"]

End = Literal["passive", "ground", "dilute", "far", "stalled"]
_ENDS: tuple[End, ...] = ("passive", "ground", "dilute", "far", "stalled")  # as numbered by the kernel
_ROOM = 4000  # sections; a jet that grows a million times takes some 300
_EXACT = 1e-9  # relative error of a step
_STILL = 1e-4  # part of the first velocity at which momentum is used up
_FARTHEST = 20_000.0  # m of path
_LOWEST, _PROFILE, _HIGHEST, _LEVELS = 0.1, 300.0, 3000.0, 120  # m, of the table of the air
_SHALLOWEST = 10.0  # m of profile; in a calm the estimate of the mixing height is none
_LAPSE = 9.80665 / 1004.7  # K m⁻¹, adiabatic, as dispersion.similarity has it
_Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class JetAir:
    """Air a jet blows into: profiles at heights evenly spaced in their logarithm, straight in it between them.

    Parameters
    ----------
    heights
        Above ground, shape (n,). [m]
    wind_speed
        Shape (n,). [m s⁻¹]
    temperature
        Potential temperature referred to the ground, shape (n,). [K]
    dissipation
        Of the kinetic energy of turbulence, shape (n,). [m² s⁻³]
    toward
        Direction the wind blows towards, unit vector east, north.
    pressure
        At the ground. [Pa]
    humidity
        Relative humidity at the first height, 0 to 1; the mass fraction of water is the same at all heights.
    """

    heights: _Array
    wind_speed: _Array
    temperature: _Array
    dissipation: _Array
    toward: tuple[float, float]
    pressure: float
    humidity: float

    @classmethod
    def uniform(
        cls,
        *,
        wind_speed: float,
        temperature: float,
        pressure: float = 101325.0,
        toward: tuple[float, float] = (1.0, 0.0),
        dissipation: float = 0.0,
        humidity: float = 0.0,
    ) -> JetAir:
        """Air that is the same at all heights, as in a laboratory."""
        ones = np.ones(2)
        return cls(
            heights=np.array([0.1, 1000.0]), wind_speed=wind_speed * ones, temperature=temperature * ones,
            dissipation=dissipation * ones, toward=toward, pressure=pressure, humidity=humidity,
        )  # fmt: skip

    @classmethod
    def of(cls, weather: Weather) -> JetAir:
        """Air of a weather, from 0.1 m to 3 km.

        Wind, temperature and friction velocity of :mod:`dispersion.similarity`; above 300 m or the mixing height, where
        they end, nothing changes any more. Unstable air counts as neutral in temperature, as Briggs (1975) has it, for
        else warm air from the ground would lift every jet; its eddies are in the dissipation ``u*³/(k z) φ`` with φ =
        1 + 5 z/L in stable and ``(1 + |z/L|^(2/3)/2)^(3/2)`` in unstable air (Kaimal and Finnigan 1994, Atmospheric
        boundary layer flows, chapter 1).
        """
        heights = np.geomspace(_LOWEST, _HIGHEST, _LEVELS)
        top = mixing_height(weather)
        within = np.minimum(heights, _PROFILE if top is None else min(max(top, _SHALLOWEST), _PROFILE))
        zeta = within / obukhov_length(weather)
        stable = obukhov_length(weather) > 0.0
        potential = temperature_at(weather, within) + _LAPSE * (within - 2.0)
        phi = np.where(zeta > 0.0, 1.0 + 5.0 * zeta, (1.0 + 0.5 * np.abs(zeta) ** (2.0 / 3.0)) ** 1.5)
        turned = math.radians(weather.wind_from)
        return cls(
            heights=heights, wind_speed=wind_speed_at(weather, within),
            temperature=np.where(stable, potential, weather.temperature),
            dissipation=friction_velocity(weather) ** 3 / (KARMAN * within) * phi,
            toward=(-math.sin(turned), -math.cos(turned)), pressure=weather.pressure, humidity=weather.humidity,
        )  # fmt: skip

    @property
    def table(self) -> _Array:
        """Profiles as the kernels take them, shape (4, n)."""
        return np.ascontiguousarray([np.log(self.heights), self.wind_speed, self.temperature, self.dissipation])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class JetPath:
    """Steady jet from its opening to where it ends, in n sections.

    Parameters
    ----------
    substance
        What comes out.
    mass_rate
        Of the substance. [kg s⁻¹]
    length
        Along the axis, shape (n,). [m]
    place
        Axis, shape (n, 3). [m]
    age
        Time the substance has travelled, at its mean speed over the section, shape (n,). [s]
    mass_flux
        Substance and air through each section, shape (n,). [kg s⁻¹]
    momentum
        East, north, up, shape (n, 3). [N]
    energy
        Enthalpy (from 0 K, liquids as the zero) with kinetic energy, shape (n,). [W]
    temperature, density, vapour_fraction
        Means of the section; the last is that of the substance, shape (n,). [K], [kg m⁻³]
    radius
        Of a circle through which all flows at the mean velocity, shape (n,). [m]
    air_density, wind_along
        Of the air around, and its speed along the axis, shape (n,). [kg m⁻³], [m s⁻¹]
    mass_fraction
        On the axis, shape (n,).
    axis_temperature, axis_density
        Shape (n,). [K], [kg m⁻³]
    width
        Mass-weighted radius at which the mass fraction is 1/e of that on the axis, shape (n,). [m]
    widening
        Of the section by the ground: radius of the cut circle of the same area over `radius`, shape (n,).
    water
        Mass fraction of water in the air.
    end
        Why it ended: "passive" (the air mixes more than the jet, and both move alike), "ground" (its axis came down),
        "dilute", "far" or "stalled" (its momentum is used up).
    """

    substance: Substance
    mass_rate: float
    length: _Array
    place: _Array
    age: _Array
    mass_flux: _Array
    momentum: _Array
    energy: _Array
    temperature: _Array
    density: _Array
    vapour_fraction: _Array
    radius: _Array
    air_density: _Array
    wind_along: _Array
    mass_fraction: _Array
    axis_temperature: _Array
    axis_density: _Array
    width: _Array
    widening: _Array
    water: float
    end: End

    @property
    def velocity(self) -> _Array:
        """Mean velocity east, north, up, shape (n, 3). [m s⁻¹]"""
        return self.momentum / self.mass_flux[:, None]

    @property
    def speed(self) -> _Array:
        """Mean speed of the substance, flux over content, shape (n,). [m s⁻¹]"""
        slopes: _Array = np.gradient(self.length, self.age)
        return slopes

    @property
    def concentration(self) -> _Array:
        """Mass concentration on the axis, vapour and droplets, shape (n,). [kg m⁻³]"""
        return self.mass_fraction * self.axis_density

    @property
    def mole_fraction(self) -> _Array:
        """On the axis, in moist air, droplets counted as if they were vapour, shape (n,)."""
        return self._to_moles(self.mass_fraction)

    @property
    def highest(self) -> float:
        """Greatest height of the axis. [m]"""
        return float(self.place[:, 2].max())

    @property
    def touchdown(self) -> tuple[float, float] | None:
        """Where the axis comes down, east and north; None if it does not. [m]"""
        return (float(self.place[-1, 0]), float(self.place[-1, 1])) if self.end == "ground" else None

    def distance_to(self, mole_fraction: float) -> float:
        """Length of the axis down to a mole fraction, such as ``substance.lfl``; inf if the jet ends richer. [m]

        Between sections the logarithm of the mole fraction is straight in that of the length.
        """
        values = self.mole_fraction
        below = np.flatnonzero(values < mole_fraction)
        if not below.size:
            return math.inf
        k = int(below[0])
        if k < 2:
            return float(self.length[k])
        part = math.log(values[k - 1] / mole_fraction) / math.log(values[k - 1] / values[k])
        return float(self.length[k - 1] * (self.length[k] / self.length[k - 1]) ** part)

    def at(self, length: float | Sequence[float] | _Array) -> _Array:
        """Mole fraction on the axis at lengths from the opening; nan beyond the end. [m]"""
        wanted = np.asarray(length, float)
        with np.errstate(divide="ignore"):
            known = np.log(self.length)
        known[0] = known[1] - 50.0
        found = np.exp(np.interp(np.log(np.maximum(wanted, 1e-12)), known, np.log(self.mole_fraction)))
        return np.where(wanted <= self.length[-1], found, math.nan)

    def flammable_mass(self) -> float:
        """Mass of the substance that is between its upper and lower flammable limit in this jet. [kg]

        Over a section the mass in air richer than Y is ``π ρ_a Λ² (Y_axis - Y)``, exactly, for profiles that are
        Gaussian in the mass-weighted radius. It counts to the end of the jet: where that is richer than the lower
        limit, gas farther on is not counted.

        Raises
        ------
        ModelError
            The substance has no flammable limits.
        """
        low, high = self.substance.lfl, self.substance.ufl
        if low is None or high is None:
            fix = "ask for the distance to a threshold instead"
            raise ModelError(f"{self.substance.name} has no flammable limits", where="flammable_mass", fix=fix)
        poor, rich = self._to_mass(low), self._to_mass(high)
        within = np.maximum(np.minimum(self.mass_fraction, rich) - poor, 0.0)
        line = math.pi * self.air_density * self.width**2 * within
        return float(np.trapezoid(line, self.length))

    def section(self, k: int = -1) -> Section:
        """One section with its mean state, by default the last."""
        widened = float(self.radius[k] * self.widening[k])
        velocity = self.velocity[k]
        speed = float(np.linalg.norm(velocity))
        rise = min(float(self.place[k, 2]) + widened, 2.0 * widened)
        area = float(self.mass_flux[k] / (self.density[k] * speed))
        scale = math.sqrt(area / (2.0 * widened * rise))
        toward = velocity / speed
        return Section(
            substance=self.substance,
            x=float(self.place[k, 0]), y=float(self.place[k, 1]),
            z=max(float(self.place[k, 2]), 0.5 * scale * rise) if self.widening[k] > 1.0 else float(self.place[k, 2]),
            toward=(float(toward[0]), float(toward[1]), float(toward[2])),
            mass_rate=self.mass_rate, air_rate=float(self.mass_flux[k]) - self.mass_rate, velocity=speed,
            temperature=float(self.temperature[k]), vapour_fraction=float(self.vapour_fraction[k]),
            density=float(self.density[k]), half_width=scale * widened, height=scale * rise, age=float(self.age[k]),
        )  # fmt: skip

    def field_rows(self) -> _Array:
        """Rows of :func:`dispersion._kernels.jets.near_field`, shape (n, 11)."""
        level = np.hypot(self.momentum[:, 0], self.momentum[:, 1]) / np.linalg.norm(self.momentum, axis=1)
        return np.ascontiguousarray(
            np.column_stack(
                [
                    self.place, self.age, self.mass_fraction, (self.width * self.widening) ** 2, self.widening**-2.0,
                    level**2, self.air_density, self.air_density / self.axis_density,
                    self.age,
                ]
            )
        )  # fmt: skip

    def _air_molar_mass(self) -> float:
        return 1.0 / ((1.0 - self.water) / AIR_MOLAR_MASS + self.water / _WATER)

    def _to_moles(self, mass_fraction: _Array) -> _Array:
        own = mass_fraction / self.substance.molar_mass
        return own / (own + (1.0 - mass_fraction) / self._air_molar_mass())

    def _to_mass(self, mole_fraction: float) -> float:
        own = mole_fraction * self.substance.molar_mass
        return own / (own + (1.0 - mole_fraction) * self._air_molar_mass())

    def __repr__(self) -> str:
        last = self.mole_fraction[-1]
        return (
            f"<JetPath of {self.substance.name}, {self.mass_rate:.4g} kg s⁻¹: {self.length[-1]:.4g} m long, "
            f"{self.age[-1]:.3g} s, mole fraction {last:.3g} at its end ({self.end}), highest {self.highest:.4g} m>"
        )


_WATER = 0.01801528  # kg mol⁻¹, IAPWS


def follow_jet(
    substance: Substance,
    air: JetAir,
    *,
    mass_rate: float,
    velocity: float,
    temperature: float,
    vapour_fraction: float = 1.0,
    place: tuple[float, float, float] = (0.0, 0.0, 0.0),
    toward: tuple[float, float, float] = (1.0, 0.0, 0.0),
    lowest: float = 1e-6,
    farthest: float = _FARTHEST,
) -> JetPath:
    """Integrate a jet that has expanded to the pressure of the air.

    Parameters
    ----------
    substance, air
        What comes out, and into what.
    mass_rate, velocity, temperature, vapour_fraction
        Of the stream before it mixes with air. [kg s⁻¹], [m s⁻¹], [K]
    place
        Opening, z above ground. [m]
    toward
        Direction, unit vector east, north, up.
    lowest
        Mass fraction on the axis at which to stop.
    farthest
        Path length at which to stop. [m]

    Raises
    ------
    ModelError
        A mixture that no temperature can hold, or a path that does not end.
    """
    from dispersion._kernels import jets

    run: Any = jets  # compiled functions carry no signature
    first = float(air.temperature[0])
    material = material_of(substance, pressure=air.pressure, temperature=first)
    if vapour_fraction < 1.0 and not material.condenses:
        fix = (
            "give a vapour_fraction of 1, or a substance whose liquid is tabulated and boils at the pressure of the air"
        )
        raise ModelError(f"{material.note[:-1]}, yet it leaves with droplets", where="jet.vapour_fraction", fix=fix)
    water, start_enthalpy = _start_enthalpy(material, air, temperature, vapour_fraction)
    start = np.array(
        [
            mass_rate, *(mass_rate * velocity * t for t in toward),
            mass_rate * (start_enthalpy + 0.5 * velocity**2), *place, 0.0,
        ]
    )  # fmt: skip
    source = np.array([mass_rate, air.pressure, water, *air.toward])
    out, detail = np.empty((_ROOM, 10)), np.empty((_ROOM, 12))
    limits = np.array([_EXACT, farthest, lowest, temperature, _STILL * velocity])
    status, rows = run.follow(start, source, air.table, material.array(), limits, out, detail)
    if status > 4:
        raise ModelError(
            "the jet has no state of equilibrium" if status == 5 else f"the jet takes more than {_ROOM} sections",
            where="jet",
            fix="check velocity, temperature and vapour fraction of the jet; or use another model",
        )
    return _gather(substance, material, source=source, out=out[:rows], detail=detail[:rows], end=_ENDS[status])


def _start_enthalpy(material: Material, air: JetAir, temperature: float, vapour: float) -> tuple[float, float]:
    from dispersion._kernels import mixing

    run: Any = mixing
    water = float(run.moist_air(float(air.temperature[0]), air.pressure, air.humidity)[0])
    return water, float(run.enthalpy_of(1.0, 0.0, vapour, 0.0, temperature, material.array()))


def _gather(
    substance: Substance, material: Material, *, source: _Array, out: _Array, detail: _Array, end: End
) -> JetPath:
    """Arrays of the path; the state on the axis lies on the line of mixing from the mean section to the air."""
    from dispersion._kernels import jets, mixing

    run: Any = mixing
    flux, momentum, energy = out[:, 1].copy(), out[:, 2:5].copy(), out[:, 5].copy()
    _, density, radius, air_density, along, axis, *_, widening, around = detail.T
    velocity = np.linalg.norm(momentum, axis=1) / flux
    settled = axis < 1.0
    fraction, mean = np.where(settled, axis, 1.0), source[0] / flux
    first = velocity[0]
    centre = np.where(settled, np.minimum(2.0 * velocity - along, np.maximum(first, along)), first)
    water, pressure = float(source[2]), float(source[1])
    axis_enthalpy = around + fraction / mean * (energy / flux - around) - 0.5 * centre**2
    states = np.empty((2, 4, flux.size))
    for k, (y, h) in enumerate(((mean, energy / flux - 0.5 * velocity**2), (fraction, axis_enthalpy))):
        if run.states_of(y, water * (1.0 - y), h, pressure, material.array(), states[k]):
            raise ModelError("the jet has no state of equilibrium on its axis", where="jet", fix="check the release")
    square = jets.SPREAD * flux / (2.0 * math.pi * air_density * velocity) * np.maximum(axis, 1.0)
    return JetPath(
        substance=substance, mass_rate=float(source[0]), length=out[:, 0].copy(), place=out[:, 6:9].copy(),
        age=out[:, 9].copy(), mass_flux=flux, momentum=momentum, energy=energy, temperature=states[0, 0],
        density=density.copy(), vapour_fraction=states[0, 2] / mean, radius=radius.copy(),
        air_density=air_density.copy(), wind_along=along.copy(), mass_fraction=fraction, axis_temperature=states[1, 0],
        axis_density=states[1, 1], width=np.sqrt(square), widening=widening.copy(), water=water, end=end,
    )  # fmt: skip
