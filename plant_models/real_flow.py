"""Flow of a real fluid through a hole along its own isentrope: gas, liquid, or dense fluid above the critical point."""

from __future__ import annotations

import math

from plant_models.discharge import ATMOSPHERE, GAS_COEFFICIENT, HoleFlow, check_ranges
from plant_models.fluids import critical_flux, fluid
from plant_models.matter import Substance
from twin.errors import ModelError

__all__ = ["real_hole_rate"]

_CHOKED = 1e-6  # relative, of the throat pressure above the air pressure


def real_hole_rate(
    of: Substance,
    *,
    hole_diameter: float,
    pressure: float,
    temperature: float,
    discharge_coefficient: float = GAS_COEFFICIENT,
    ambient_pressure: float = ATMOSPHERE,
) -> HoleFlow:
    """Isentropic flow of a real fluid from rest through a hole, phases in equilibrium.

    No ideal gas: ``G = max ρ sqrt(2 (h₀ - h))`` over the isentrope from the equation of state
    (:func:`plant_models.fluids.critical_flux`). A liquid is taken to boil at equilibrium, the least that comes out of
    it.

    Parameters
    ----------
    of
        Substance or gas mixture.
    hole_diameter
        [m]
    pressure, temperature
        Inside, off saturation. [Pa], [K]
    discharge_coefficient
        1.0, the upper bound, unless given.
    ambient_pressure
        Outside. [Pa]

    Raises
    ------
    ModelError
        A value out of range, no pressure to drive a flow, or a state without an equation of state.
    """
    check_ranges(
        ("hole_diameter", hole_diameter, 0.0, 10.0, "m"),
        ("pressure", pressure, 1e3, 1e9, "Pa"),
        ("temperature", temperature, 10.0, 3000.0, "K"),
        ("discharge_coefficient", discharge_coefficient, 0.0, 1.0, ""),
        ("ambient_pressure", ambient_pressure, 1e3, 1e8, "Pa"),
        where="real_hole_rate",
    )
    if pressure <= ambient_pressure:
        raise ModelError(
            f"the pressure at the hole, {pressure:.6g} Pa, does not exceed that outside, {ambient_pressure:.6g} Pa",
            where="real_hole_rate",
            fix="nothing flows out; give an absolute pressure above the pressure outside",
        )
    real = fluid(of)
    flux, throat = critical_flux(real, real.at_pt(pressure, temperature), ambient_pressure)
    area = 0.25 * math.pi * hole_diameter**2
    return HoleFlow(
        mass_rate=discharge_coefficient * area * flux,
        velocity=discharge_coefficient * flux / throat.density,
        pressure=throat.pressure,
        temperature=throat.temperature,
        density=throat.density,
        choked=throat.pressure > ambient_pressure * (1.0 + _CHOKED),
        vapour_fraction=throat.vapour_fraction,
    )
