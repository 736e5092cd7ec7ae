"""What runs out of an asset through a hole, in time: the regime, the flow, and what ends it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plant_models.blowdown import blow_down
from plant_models.discharge import (
    GAS_COEFFICIENT,
    GRAVITY,
    LIQUID_COEFFICIENT,
    HoleFlow,
    gas_hole_rate,
    liquid_hole_rate,
)
from plant_models.flashing_pipes import flashing_pipe_rate
from plant_models.fluids import compressibility, fluid
from plant_models.inventory import Inventory
from plant_models.matter import Substance
from plant_models.openings import BlowDown, Opening, Wall
from plant_models.pipes import gas_pipe_rate, liquid_pipe_rate
from plant_models.real_flow import real_hole_rate
from plant_models.regimes import SATURATION_SLACK, Regime, discharge_regime
from plant_models.sections import Section, inventory_released
from plant_models.two_phase import two_phase_hole_rate
from plant_models.vessels import Vessel
from twin.errors import ModelError

__all__ = ["IDEAL", "Hole", "Outflow", "steady_flow", "steady_outflow", "steel_wall", "vessel_outflow"]

# Of the critical pressure: below it a gas is within 2 % of ideal (Pitzer's chart at reduced temperatures above 0.8).
IDEAL = 0.05
# Compressibility below which friction along a line is not computed: the isentropic exponent of an ideal gas, which the
# flow with friction rests on, is then far off. Design choice.
_DENSE = 0.6
# Carbon steel: EN 1993-1-2:2005, sections 3.2.2 (density) and 3.4.1.2 (heat capacity at 20 °C).
_STEEL_DENSITY, _STEEL_HEAT = 7850.0, 440.0  # kg m⁻³, J kg⁻¹ K⁻¹
_DRY = 0.999  # of the vapour pressure, at which saturated vapour is off saturation for an equation of state


@dataclass(frozen=True, slots=True, kw_only=True)
class Hole:
    """A hole in an asset, seen from inside.

    Parameters
    ----------
    diameter
        [m]
    height
        Above ground. [m]
    length
        Length of the way out: 0 for a hole in a thin wall. [m]
    gas_coefficient, liquid_coefficient
        Discharge coefficients; 1.0 and 0.61 unless given, as of :mod:`plant_models.discharge`.
    regime
        Regime to take instead of the one that fits, one of :data:`plant_models.regimes.REGIMES`.
    roughness
        Of the wall of a line that is broken across, whose bore is `diameter` and whose `length` gives friction; None: a
        hole. [m]
    """

    diameter: float
    height: float
    length: float = 0.0
    gas_coefficient: float = GAS_COEFFICIENT
    liquid_coefficient: float = LIQUID_COEFFICIENT
    regime: str | None = None
    roughness: float | None = None

    def described(self, regime: Regime) -> str:
        """What is taken of it in a regime, where it is a hole, for a note; "" for a line that is broken across."""
        if self.roughness is not None:
            return ""
        narrows = regime.is_liquid and regime.name != "equilibrium"
        coefficient = self.liquid_coefficient if narrows else self.gas_coefficient
        return f"the hole is {self.height:g} m above ground; discharge coefficient {coefficient:g}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outflow:
    """Flow out of a hole at sampled times, and the mass that has left.

    Parameters
    ----------
    substance
        What runs out.
    regime
        How it begins.
    times, released
        Samples and the mass gone by then, shape (n,); between two of them the rate is even. [s], [kg]
    flows
        Flow at each sample; None where nothing flows.
    temperature, pressure, liquid_height
        Inside, shape (n,). [K], [Pa], [m]
    enthalpy
        At rest, of what leaves, in the datum of :func:`plant_models.fluids.fluid`, shape (n,); NaN for an ideal gas and
        where no real fluid is known. [J kg⁻¹]
    mass
        That could leave at first; infinite where the supply is not limited. [kg]
    events
        (time [s], what happened).
    notes
        How the numbers came about.
    blow_down
        The blow-down of the vessel behind it, where one was computed.
    """

    substance: Substance
    regime: Regime
    times: NDArray[np.float64]
    released: NDArray[np.float64]
    flows: tuple[HoleFlow | None, ...]
    temperature: NDArray[np.float64]
    pressure: NDArray[np.float64]
    liquid_height: NDArray[np.float64]
    enthalpy: NDArray[np.float64]
    mass: float
    events: tuple[tuple[float, str], ...]
    notes: tuple[str, ...]
    blow_down: BlowDown | None = None

    def rate(self, begin: float, end: float) -> float:
        """Mean mass rate between two times [s]. [kg s⁻¹]"""
        gone = np.interp((begin, end), self.times, self.released)
        return float((gone[1] - gone[0]) / (end - begin))

    def sample(self, time: float) -> int:
        """Index of the last sample up to a time [s] at which anything flows.

        Never one that comes after: what leaves just before the liquid has fallen to the hole is still liquid.

        Raises
        ------
        ModelError
            Nothing flows at any time.
        """
        found = [k for k, flow in enumerate(self.flows) if flow is not None]
        if not found:
            raise ModelError("nothing flows out", where="Outflow", fix="lower the hole, or raise the pressure")
        return max((k for k in found if self.times[k] <= time), default=found[0])


def steel_wall(vessel: Vessel, thickness: float, *, air_temperature: float) -> Wall:
    """Wall of carbon steel of a thickness [m], which air [K] does not warm: its own heat is what counts."""
    return Wall(
        mass=_STEEL_DENSITY * vessel.wall_area * thickness,
        heat_capacity=_STEEL_HEAT,
        air_temperature=air_temperature,
        outside_coefficient=0.0,
    )


def vessel_outflow(
    of: Substance,
    hole: Hole,
    *,
    vessel: Vessel,
    held: Inventory,
    until: float,
    ambient_pressure: float,
    vented: bool,
    bottom: float = 0.0,
    wall: Wall | None = None,
) -> Outflow:
    """Empty a vessel of known geometry through a hole.

    Parameters
    ----------
    of
        Substance.
    hole
        Hole.
    vessel
        Geometry.
    held
        What is inside.
    until
        End of the computation. [s]
    ambient_pressure
        Outside. [Pa]
    vented
        The vessel breathes air.
    bottom
        Height of its lowest point inside above ground; a hole below it, in a line underneath, is taken there. [m]
    wall
        Gives heat; None: adiabatic.

    Raises
    ------
    ModelError
        A value out of range, the hole is above the vessel, or nothing flows out.
    """
    height, place, top = held.liquid_height or 0.0, max(hole.height - bottom, 0.0), bottom + vessel.inner_height
    if place > vessel.inner_height:
        what = f"the hole at {hole.height:g} m is above the vessel, which ends at {top:.4g} m"
        raise ModelError(what, where=held.tag, fix=f"give a height up to {top:.4g} m")
    regime = discharge_regime(
        of,
        pressure=held.pressure,
        temperature=held.temperature,
        submerged=height > place,
        length=hole.length,
        ambient_pressure=ambient_pressure,
        override=hole.regime,
    )
    opening = Opening(
        diameter=hole.diameter,
        height=place,
        gas_coefficient=hole.gas_coefficient,
        liquid_coefficient=hole.liquid_coefficient,
        length=regime.length if regime.is_liquid else hole.length,
    )
    run = blow_down(
        of,
        vessel=vessel,
        opening=opening,
        pressure=held.pressure,
        temperature=held.temperature,
        liquid_height=height,
        until=until,
        vented=vented,
        wall=wall,
        ambient_pressure=ambient_pressure,
    )
    below = f"the hole is taken at the lowest point of the vessel, {bottom:.4g} m above ground"
    return Outflow(
        substance=of,
        regime=regime,
        times=run.times,
        released=run.released,
        flows=run.flows,
        temperature=run.temperature,
        pressure=run.pressure,
        liquid_height=run.liquid_height,
        enthalpy=run.enthalpy,
        mass=float(run.mass[0]),
        events=run.events,
        notes=(*held.notes, *([below] if hole.height < bottom else []), *run.notes),
        blow_down=run,
    )


def steady_flow(
    of: Substance,
    hole: Hole,
    regime: Regime,
    *,
    pressure: float,
    temperature: float,
    head: float,
    ambient_pressure: float,
) -> HoleFlow:
    """Flow through a hole from a state at rest that does not change, in the regime.

    Parameters
    ----------
    of, hole, regime
        What, where and how.
    pressure, temperature
        Inside. [Pa], [K]
    head
        Height of the liquid above the hole. [m]
    ambient_pressure
        Outside. [Pa]

    Raises
    ------
    ModelError
        A value out of range, or no pressure to drive the flow.
    """
    return _rest(
        of, hole, regime, pressure=pressure, temperature=temperature, head=head, ambient_pressure=ambient_pressure
    ).flow()


@dataclass(frozen=True, slots=True)
class _Rest:
    """A state at rest behind a hole or a broken line, and what flows out of it."""

    of: Substance
    hole: Hole
    regime: Regime
    pressure: float
    temperature: float
    head: float
    ambient_pressure: float

    def flow(self) -> HoleFlow:
        if self.regime.is_liquid:
            return self.liquid_hole() if self.hole.roughness is None else self.liquid_line()
        return self.gas_hole() if self.hole.roughness is None else self.gas_line()

    @property
    def enthalpy(self) -> float:
        """At rest, of a real gas; NaN otherwise. [J kg⁻¹]"""
        if self.regime.is_liquid or self._is_ideal or self.of.components:
            return math.nan
        real = fluid(self.of)
        if self.regime.name == "vapour":
            return real.at_tx(self.temperature, 1.0).enthalpy
        return real.at_pt(self.pressure, self.temperature).enthalpy

    @property
    def _is_ideal(self) -> bool:
        return self.regime.name != "supercritical" and self.pressure < IDEAL * self.of.critical_pressure

    @property
    def _gas(self) -> dict[str, Any]:
        return {
            "pressure": self.pressure,
            "temperature": self.temperature,
            "molar_mass": self.of.molar_mass,
            "heat_capacity_ratio": self.of.heat_capacity_ratio(self.temperature),
            "ambient_pressure": self.ambient_pressure,
        }

    @property
    def _line(self) -> dict[str, Any]:
        hole = self.hole
        return {"pipe_diameter": hole.diameter, "pipe_length": hole.length, "roughness": hole.roughness}

    def gas_hole(self) -> HoleFlow:
        hole = self.hole
        opening = {"hole_diameter": hole.diameter, "discharge_coefficient": hole.gas_coefficient}
        if self._is_ideal:
            return gas_hole_rate(**opening, **self._gas)
        state = {n: self._gas[n] for n in ("pressure", "temperature", "ambient_pressure")}
        return real_hole_rate(self.of, **opening, **state)

    def gas_line(self) -> HoleFlow:
        of, z = self.of, 1.0
        if not self._is_ideal:
            z = compressibility(of, temperature=self.temperature, pressure=self.pressure)
        if z < _DENSE:
            raise ModelError(
                f"{of.name} is dense at {self.pressure / 1e5:.4g} bar and {self.temperature:.4g} K (compressibility "
                f"{z:.2f}): its friction along a line is not modelled",
                where="steady_flow",
                fix="give an opening length of 0 m: the flow without friction, an upper bound",
            )
        return gas_pipe_rate(viscosity=of.gas_viscosity(self.temperature), compressibility=z, **self._line, **self._gas)

    def liquid_hole(self) -> HoleFlow:
        if self.regime.name in {"liquid", "frozen"}:
            return liquid_hole_rate(
                hole_diameter=self.hole.diameter,
                density=self.of.liquid_density(self.temperature),
                pressure=self.pressure,
                head=self.head,
                discharge_coefficient=self.hole.liquid_coefficient,
                ambient_pressure=self.ambient_pressure,
            )
        if self.regime.name == "equilibrium":
            return self._boiling(self.hole.gas_coefficient)
        return self._boiling(self.hole.liquid_coefficient, model="relaxation", length=self.regime.length)

    def liquid_line(self) -> HoleFlow:
        of, t, line = self.of, self.temperature, self._line
        if self.regime.name == "equilibrium":
            return flashing_pipe_rate(
                of, temperature=t, pressure=self._bottom, ambient_pressure=self.ambient_pressure, **line
            )
        return liquid_pipe_rate(
            density=of.liquid_density(t),
            viscosity=of.liquid_viscosity(t),
            pressure=self.pressure,
            head=self.head,
            ambient_pressure=self.ambient_pressure,
            **line,
        )

    @property
    def _bottom(self) -> float:
        """Pressure of the liquid at the hole. [Pa]"""
        return self.pressure + self.of.liquid_density(self.temperature) * GRAVITY * self.head

    def _boiling(self, coefficient: float, **model: Any) -> HoleFlow:
        """Flow of a liquid that boils in the opening."""
        return two_phase_hole_rate(
            self.of,
            hole_diameter=self.hole.diameter,
            temperature=self.temperature,
            pressure=self._bottom,
            discharge_coefficient=coefficient,
            ambient_pressure=self.ambient_pressure,
            **model,
        )


def _rest(
    of: Substance,
    hole: Hole,
    regime: Regime,
    *,
    pressure: float,
    temperature: float,
    head: float,
    ambient_pressure: float,
) -> _Rest:
    """The state, with the pressure put right where the stated one is off the vapour pressure."""
    if regime.name not in {"liquid", "gas", "supercritical"}:
        saturation = of.vapour_pressure(temperature)
        pressure = max(pressure, saturation) if regime.is_liquid else _DRY * saturation
    return _Rest(of, hole, regime, pressure, temperature, head, ambient_pressure)


def steady_outflow(
    of: Substance,
    hole: Hole,
    *,
    pressure: float,
    temperature: float,
    head: float | None,
    mass: float,
    until: float,
    ambient_pressure: float,
    isolate_at: float = math.inf,
    section: Section | None = None,
) -> Outflow:
    """Hold the first rate of a hole until the supply ends: a pipe, a hose, or a vessel whose inside is not known.

    When the valves around it are told to shut, the feed falls evenly in the time of the slowest, and what is in the
    section runs out at the first rate: an upper bound of the rate, and the right mass
    (:func:`plant_models.sections.inventory_released`).

    Parameters
    ----------
    of, hole
        What and where.
    pressure, temperature
        Inside. [Pa], [K]
    head
        Height of the liquid above the hole, not above 0 where the hole is above the liquid; None: not known, taken as 0
        with the hole below the liquid. [m]
    mass
        That can leave if nobody acts; infinite where nothing limits it. [kg]
    until
        End of the computation. [s]
    ambient_pressure
        Outside. [Pa]
    isolate_at
        When the valves are told to shut. [s]
    section
        What they cut off.

    Raises
    ------
    ModelError
        A value out of range, nothing that can leave, or no pressure to drive the flow.
    """
    if not mass > 0.0:
        raise ModelError(
            "nothing can leave: the inventory is 0 kg", where="outflow", fix="give the mass that can escape"
        )
    state: dict[str, float] = {
        "pressure": pressure,
        "temperature": temperature,
        "ambient_pressure": ambient_pressure,
    }
    covered = head is None or head > 0.0
    regime = discharge_regime(of, submerged=covered, length=hole.length, override=hole.regime, **state)
    rest = _rest(of, hole, regime, head=max(head or 0.0, 0.0), **state)
    flow, enthalpy = rest.flow(), rest.enthalpy
    events, notes = [], _steady_notes(of, hole, regime, pressure=pressure, temperature=temperature, head=head)
    end, reason = mass / flow.mass_rate, f"the inventory of {mass:.4g} kg is out"
    if section is not None and isolate_at < min(end, until):
        leaving = inventory_released(section, mass_rate=flow.mass_rate, close_at=isolate_at)
        names = ", ".join(valve.tag for valve in section.valves) or "no valve"
        events.append((isolate_at, f"{names} told to shut, {section.closing_time:g} s to close"))
        notes += [*leaving.notes, f"the shut section ({', '.join(section.inside)}) holds {section.mass:.4g} kg"]
        if leaving.mass < mass:
            end = leaving.mass / flow.mass_rate
            reason = f"the shut section is empty ({section.mass:.4g} kg were in it)"
    if end <= until:
        events.append((end, reason))
    times = np.array([0.0, min(end, until)])
    return Outflow(
        substance=of,
        regime=regime,
        times=times,
        released=times * flow.mass_rate,
        flows=(flow, flow),
        temperature=np.full(2, temperature),
        pressure=np.full(2, pressure),
        liquid_height=np.full(2, math.nan),
        enthalpy=np.full(2, enthalpy),
        mass=mass,
        events=tuple(events),
        notes=tuple(notes),
    )


def _steady_notes(
    of: Substance, hole: Hole, regime: Regime, *, pressure: float, temperature: float, head: float | None
) -> list[str]:
    """How a held rate came about."""
    notes = ["the first rate is held: the fall of pressure and level is not modelled"]
    if hole.roughness is not None:
        notes.append(
            f"a break across the line: friction over {hole.length:.3g} m of it, fed from one side; "
            "what the other end gives is left out"
        )
    if regime.name == "vapour":
        notes.append("saturated vapour leaves; what stands above its vapour pressure is another gas, left out")
    if not regime.is_liquid:
        return notes
    if head is None:
        notes.append("the head of liquid above the hole is taken as 0 m")
    if pressure < of.vapour_pressure(temperature) * (1.0 + SATURATION_SLACK):
        notes.append("at its vapour pressure, taken as liquid; for saturated vapour state it a few kelvin warmer")
    return notes
