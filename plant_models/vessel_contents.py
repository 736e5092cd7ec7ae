"""The contents of a vessel at an instant: state, level, what leaves through a hole, and the heat from the wall."""

from __future__ import annotations

import math
from functools import cached_property

from plant_models.convection import convection_coefficient
from plant_models.discharge import GRAVITY, HoleFlow
from plant_models.fluids import Fluid, critical_flux, fluid
from plant_models.matter import Substance
from plant_models.openings import Opening, Wall
from plant_models.states import State
from plant_models.two_phase import RELAXATION_LENGTH, two_phase_hole_rate
from plant_models.vessels import Vessel
from twin.errors import ModelError

__all__ = ["SPENT", "VesselContents"]

SPENT = 1e-3  # relative overpressure at which no more gas is said to flow
_WINDOW = 0.03  # half width of the search for the throat around the last one, of the inside pressure


class VesselContents:
    """Contents in equilibrium, liquid and vapour of one temperature, perhaps under an inert gas.

    Parameters
    ----------
    of
        Substance.
    vessel, opening, wall
        Around it; no wall: adiabatic.
    ambient
        Pressure outside. [Pa]
    """

    def __init__(self, of: Substance, *, vessel: Vessel, opening: Opening, wall: Wall | None, ambient: float) -> None:
        self.of, self.vessel, self.opening, self.wall, self.ambient = of, vessel, opening, wall, ambient
        self.area = 0.25 * math.pi * opening.diameter**2
        self.ratio = (0.0, 1.0)
        self.inert = 0.0  # p V/T of the inert gas above the liquid [J K⁻¹]
        self.last: tuple[float, float, State | None] = (0.0, 0.0, None)
        dew = of.curves.get("vapour_density")
        self.critical_density = dew.at(dew.high) if dew else math.inf

    @cached_property
    def real(self) -> Fluid:
        """Real fluid inside."""
        return fluid(self.of)

    def state(self, mass: float, energy: float) -> State | None:
        """State inside; None where a trial step of the solver has left the range of the equation of state."""
        if (mass, energy) != self.last[:2]:
            try:
                state = self.real.at_du(mass / self.vessel.volume, energy / mass) if mass > 0.0 else None
            except ModelError:
                state = None
            self.last = (mass, energy, state)
        return self.last[2]

    def liquid_volume(self, state: State) -> float:
        """Volume of the liquid; a dense fluid below the critical temperature fills the vessel. [m³]"""
        if state.vapour_fraction is None:
            dense = state.temperature < self.of.critical_temperature and state.density > 0.5 * self.critical_density
            return self.vessel.volume if dense else 0.0
        share = (1.0 - state.vapour_fraction) * state.density / self.of.liquid_density(state.temperature)
        return min(share, 1.0) * self.vessel.volume

    def level(self, state: State) -> float:
        """Height of the liquid above the lowest point. [m]"""
        return self.vessel.height(self.liquid_volume(state))

    def pad(self, state: State) -> float:
        """Pressure of the inert gas, or of the air that follows it: a hole lets air in, so no vacuum holds. [Pa]"""
        if not self.inert:
            return 0.0
        space = max(self.vessel.volume - self.liquid_volume(state), 1e-9 * self.vessel.volume)
        return max(self.inert * state.temperature / space, self.ambient - state.pressure)

    def drive(self, state: State) -> float:
        """Pressure of the liquid at the hole. [Pa]"""
        head = max(self.level(state) - self.opening.height, 0.0)
        return state.pressure + self.pad(state) + self.of.liquid_density(state.temperature) * GRAVITY * head

    def outflow(self, state: State, *, under: bool) -> tuple[HoleFlow | None, float, float]:
        """Flow in the opening, the enthalpy it carries, and the work of the inert gas on it. [-], [J kg⁻¹], [J kg⁻¹]"""
        if under:
            if self.level(state) <= 0.0:  # a trial step of the solver past the last liquid
                return None, 0.0, 0.0
            density, drive = self.of.liquid_density(state.temperature), self.drive(state)
            if drive <= self.ambient:
                return None, 0.0, 0.0
            work = self.pad(state) / density
            enthalpy = self.real.at_tx(state.temperature, 0.0).enthalpy + work
            return self.liquid_flow(drive, state.temperature, density), enthalpy, work
        if state.pressure <= self.ambient * (1.0 + SPENT):
            return None, 0.0, 0.0
        leaving = state if state.vapour_fraction is None else self.real.at_tx(state.temperature, 1.0)
        flux, throat = self._flux(leaving)
        rate = self.opening.gas_coefficient * self.area * flux
        flow = HoleFlow(
            mass_rate=rate,
            velocity=self.opening.gas_coefficient * flux / throat.density,
            pressure=throat.pressure,
            temperature=throat.temperature,
            density=throat.density,
            choked=throat.pressure > self.ambient * (1.0 + 1e-6),
            vapour_fraction=throat.vapour_fraction,
        )
        return flow, leaving.enthalpy, 0.0

    def liquid_flow(self, pressure: float, temperature: float, density: float) -> HoleFlow:
        """Flow of a liquid at rest under a pressure, by the length of the opening."""
        opening, length = self.opening, self.opening.length
        boils = self.of.vapour_pressure(temperature) > self.ambient
        if length <= 0.0 or not boils:
            speed = opening.liquid_coefficient * math.sqrt(2.0 * max(pressure - self.ambient, 0.0) / density)
            return HoleFlow(
                mass_rate=density * self.area * speed,
                velocity=speed,
                pressure=self.ambient,
                temperature=temperature,
                density=density,
                choked=False,
                vapour_fraction=0.0,
            )
        return two_phase_hole_rate(
            self.of,
            hole_diameter=opening.diameter,
            temperature=temperature,
            pressure=max(pressure, self.of.vapour_pressure(temperature)),
            discharge_coefficient=opening.gas_coefficient
            if length >= RELAXATION_LENGTH
            else opening.liquid_coefficient,
            model="equilibrium" if length >= RELAXATION_LENGTH else "relaxation",
            length=length,
            ambient_pressure=self.ambient,
        )

    def _flux(self, leaving: State) -> tuple[float, State]:
        """Critical flux, searched around the last throat first."""
        flux, throat = critical_flux(self.real, leaving, self.ambient, ratio=self.ratio)
        r, (low, high) = throat.pressure / leaving.pressure, self.ratio
        edge = 1e-4
        if (r < low + edge and low > 0.0 and throat.pressure > self.ambient * 1.0001) or (
            r > high - edge and high < 1.0
        ):
            flux, throat = critical_flux(self.real, leaving, self.ambient)
            r = throat.pressure / leaving.pressure
        self.ratio = (max(r - _WINDOW, 0.0), min(r + _WINDOW, 1.0))
        return flux, throat

    def warming(self, state: State, wall_temperature: float) -> tuple[float, float]:
        """Heat from the wall to the contents and from the air to the wall. [W]"""
        if self.wall is None:
            return 0.0, 0.0
        level, gap = self.level(state), wall_temperature - state.temperature
        wet = self.vessel.wetted_area(level) if level > 0.0 else 0.0
        dry = self.vessel.wall_area - wet
        inner = 0.0
        for share, liquid, height in ((dry, False, self.vessel.inner_height - level), (wet, True, level)):
            if share > 0.0 and height > 0.0:
                h = convection_coefficient(self.of, state, liquid=liquid, difference=gap, height=height)
                inner += share * h * gap
        outer = self.wall.outside_coefficient * self.vessel.wall_area * (self.wall.air_temperature - wall_temperature)
        return inner, outer
