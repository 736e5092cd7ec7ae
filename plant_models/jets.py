"""From what leaves an opening to the jet at air pressure, and what of it stays in the air."""

from __future__ import annotations

import math
from dataclasses import replace

from plant_models.discharge import HoleFlow
from plant_models.expansion import Jet, Throat, expand
from plant_models.fluids import fluid
from plant_models.matter import Substance
from plant_models.outflows import Hole, Outflow
from plant_models.places import Surroundings
from plant_models.rainout import FLASHING_RATIO, Rainout, rain_out
from plant_models.two_phase import RELAXATION_LENGTH
from twin.errors import ModelError

__all__ = ["expanded_jet", "rained_out"]

_PERMANENT = 273.15  # K: a gas with a lower critical point leaves no liquid or solid behind that would matter
_MOSTLY_VAPOUR = 0.5  # mass fraction: the little liquid of such a jet is torn to a fine mist. Design choice


def expanded_jet(outflow: Outflow, k: int, *, hole: Hole, ambient_pressure: float) -> Jet:
    """Jet of one sample of an outflow, expanded to the air pressure.

    Momentum and energy are conserved (:func:`plant_models.expansion.expand`). A permanent gas that this makes colder
    than its tables is taken at its temperature at rest instead, momentum conserved (Birch et al. 1987), and the jet
    says so.

    Parameters
    ----------
    outflow
        What runs out.
    k
        Index of a sample at which it flows.
    hole
        Hole it comes out of.
    ambient_pressure
        Outside. [Pa]

    Raises
    ------
    ModelError
        Nothing flows then, or a state outside the tables of the substance.
    """
    flow, of = outflow.flows[k], outflow.substance
    if flow is None:
        raise ModelError("nothing flows out", where="expanded_jet", fix="name a sample at which it flows")
    throat = _throat(outflow, k, flow, hole, ambient_pressure)
    try:
        return expand(throat, of, ambient_pressure=ambient_pressure)
    except ModelError:
        gas = throat.vapour_fraction == 1.0 and throat.pressure > ambient_pressure
        if not gas or of.critical_temperature > _PERMANENT:
            raise
    jet = expand(throat, of, ambient_pressure=ambient_pressure, closure="birch_1987")
    note = "too cold for the tables as it expands: taken at its temperature at rest (Birch 1987)"
    return replace(jet, notes=(*jet.notes, note))


def rained_out(jet: Jet, of: Substance, *, height: float, air: Surroundings, method: str | None) -> Rainout:
    """What of a jet stays in the air.

    Parameters
    ----------
    jet, of
        Jet and what it is made of.
    height
        Of the opening above ground. [m]
    air
        Outside.
    method
        Of :func:`plant_models.rainout.rain_out`; None: "all_airborne" for a liquid that left the opening from 1.11
        times its boiling point on, so that the jet bursts, or a jet that is mostly vapour; "trajectory" for any other.
    """
    return rain_out(
        jet,
        of,
        height=height,
        air_temperature=air.air_temperature,
        wind_speed=air.wind_speed,
        method=method or ("all_airborne" if _bursts(of, jet) else "trajectory"),
    )


def _bursts(of: Substance, jet: Jet) -> bool:
    if jet.vapour_fraction >= 1.0:
        return False
    hot = jet.throat_temperature > FLASHING_RATIO * of.saturation_temperature(jet.pressure)
    return hot or jet.vapour_fraction > _MOSTLY_VAPOUR


def _throat(outflow: Outflow, k: int, flow: HoleFlow, hole: Hole, ambient: float) -> Throat:
    """What leaves the opening.

    A liquid contracts behind a hole in a thin wall, so that it is faster than its mean over the hole, and is at the
    pressure of the air; with the length of the opening both go evenly to what they are where it has had time to boil.
    """
    liquid = flow.vapour_fraction == 0.0 or (flow.vapour_fraction is None and flow.temperature is None)
    share = min(outflow.regime.length / RELAXATION_LENGTH, 1.0)
    contraction = 1.0 - (1.0 - hole.liquid_coefficient) * (1.0 - share)
    throat = Throat(
        mass_rate=flow.mass_rate,
        pressure=ambient + share * (flow.pressure - ambient) if liquid else flow.pressure,
        velocity=flow.velocity / contraction if liquid else flow.velocity,
        density=flow.density,
        vapour_fraction=0.0 if liquid else (1.0 if flow.vapour_fraction is None else flow.vapour_fraction),
        temperature=float(outflow.temperature[k]) if flow.temperature is None else flow.temperature,
    )
    if throat.vapour_fraction < 1.0 or not math.isfinite(outflow.enthalpy[k]):
        return throat
    return _real(throat, outflow.substance, float(outflow.enthalpy[k]), ambient)


def _real(throat: Throat, of: Substance, enthalpy: float, ambient: float) -> Throat:
    """Throat of a gas with its real enthalpy at rest, given as the temperature it has at the air pressure.

    A real gas cools as it expands without doing work, an ideal one does not.
    """
    real = fluid(of)
    try:
        state = real.at_ph(ambient, enthalpy - 0.5 * throat.velocity**2)
        if state.vapour_fraction is None:
            return replace(throat, temperature=state.temperature)
        return replace(throat, enthalpy=enthalpy - real.at_px(ambient, 0.0).enthalpy)
    except ModelError:  # solid and gas, or off the equation of state: the ideal gas has to do
        return throat
