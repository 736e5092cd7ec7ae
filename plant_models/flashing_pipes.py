"""A liquid that boils on its way along a pipe: friction, acceleration and choking with the phases in equilibrium."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plant_models.discharge import ATMOSPHERE, HoleFlow, check_ranges
from plant_models.matter import Substance
from plant_models.pipes import friction_factor
from plant_models.two_phase import equilibrium_flux
from twin.errors import ModelError

__all__ = ["flashing_pipe_rate"]

_ROWS = 400  # pressures from saturation to the outside; twice as many move the flux by less than 1e-4 (see the tests)
_CHOKED = 1e-6


@dataclass(frozen=True, slots=True)
class _Line:
    """Saturated states from the inlet's down to the outside, and the state at rest."""

    p: NDArray[np.float64]
    liquid: NDArray[np.float64]
    swell: NDArray[np.float64]
    enthalpy: NDArray[np.float64]
    latent: NDArray[np.float64]
    isentrope: NDArray[np.float64]  # mass flux at rest entropy, at each pressure
    h0: float
    over: float  # pressure inside above saturation

    def friction(self, flux: float) -> tuple[float, float, float]:
        """Friction number f L/D that chokes or empties at this flux, and pressure and quality at the end.

        Momentum ``dp + G² dv + f G² v dx/(2D) = 0`` over v gives ``f dx/D = -2 dp/(G² v) - 2 dv/v``; the energy at
        rest fixes the quality at each pressure.
        """
        half = 0.5 * flux * flux
        a, b = half * self.swell**2, 2.0 * half * self.liquid * self.swell + self.latent
        c = half * self.liquid**2 + self.enthalpy - self.h0
        x = np.clip(-2.0 * c / (b + np.sqrt(np.maximum(b * b - 4.0 * a * c, 0.0))), 0.0, 1.0)
        v = self.liquid + x * self.swell
        straight = self.over / (half * self.liquid[0]) - 1.0
        p, start = self.p, 0
        if straight < 0.0:  # it boils already as it speeds up into the pipe
            straight, faster = 0.0, self.isentrope >= flux
            start = int(np.argmax(faster if faster.any() else self.isentrope))
            low = max(start - 1, 0)
            rise = self.isentrope[start] - self.isentrope[low]
            w = min((flux - self.isentrope[low]) / rise, 1.0) if rise > 0.0 else 1.0
            p = np.concatenate(([p[low] + w * (p[start] - p[low])], p[start + 1 :]))
            v = np.concatenate(([v[low] + w * (v[start] - v[low])], v[start + 1 :]))
            x = x[start:]
        steps = -np.diff(p) * 0.5 * (1.0 / v[1:] + 1.0 / v[:-1]) / half
        along = straight + np.concatenate(([0.0], np.cumsum(steps))) - 2.0 * np.log(v / v[0])
        end = int(np.argmax(along))
        return float(along[end]), float(p[end]), float(x[end])


def flashing_pipe_rate(
    of: Substance,
    *,
    pipe_diameter: float,
    pipe_length: float,
    roughness: float,
    temperature: float,
    pressure: float | None = None,
    loss_coefficient: float = 0.0,
    ambient_pressure: float = ATMOSPHERE,
) -> HoleFlow:
    """Steady flow of a boiling liquid from a vessel through a pipe to its end, phases in equilibrium, without slip.

    The liquid speeds up into the pipe without loss; then friction and acceleration lower the pressure and it boils,
    at the enthalpy at rest. The end is where the pressure falls without bound (choked) or at the outside pressure.
    Without length and losses it is :func:`plant_models.two_phase.equilibrium_flux`.

    Parameters
    ----------
    of
        Substance.
    pipe_diameter, pipe_length
        Inside. [m]
    roughness
        Of the wall. [m]
    temperature, pressure
        In the vessel; pressure None: the vapour pressure. [K], [Pa]
    loss_coefficient
        Losses ΣK besides the wall's, in velocity heads, spread along the pipe; 0.5 for a square-edged entrance.
    ambient_pressure
        At the open end. [Pa]

    Raises
    ------
    ModelError, UnitError
        A value out of range, or a liquid that does not boil at the outside pressure.

    References
    ----------
    Leung, J.C. and Grolmes, M.A., 1987, AIChE J. 33:524 (flashing flow in a horizontal duct: the same momentum
    equation, with the ω equation of state in place of the table). The friction factor is that of the liquid at the
    same mass flux (homogeneous flow: Wallis, G.B., 1969, One-dimensional Two-phase Flow, chapter 2).
    """
    where = "flashing_pipe_rate"
    check_ranges(
        ("pipe_diameter", pipe_diameter, 1e-4, 10.0, "m"),
        ("pipe_length", pipe_length, 0.0, 1e5, "m"),
        ("roughness", roughness, 0.0, 0.5, "m"),
        ("loss_coefficient", loss_coefficient, 0.0, 1e4, ""),
        ("ambient_pressure", ambient_pressure, 3e4, 1.2e5, "Pa"),
        where=where,
    )
    if roughness > 0.05 * pipe_diameter:
        raise ModelError(
            f"roughness {roughness:g} m in a pipe of {pipe_diameter:g} m",
            where=f"{where}.roughness",
            fix="give a roughness from 0 to 0.05 of the diameter: the friction factor is not known beyond",
        )
    nozzle = equilibrium_flux(of, temperature=temperature, pressure=pressure, ambient_pressure=ambient_pressure)
    line = _line(of, temperature, pressure, ambient_pressure)
    viscosity = of.liquid_viscosity(temperature)

    def surplus(log_flux: float) -> float:
        flux = math.exp(log_flux)
        reynolds = flux * pipe_diameter / viscosity
        factor = friction_factor(reynolds=reynolds, relative_roughness=roughness / pipe_diameter)
        return line.friction(flux)[0] - factor * pipe_length / pipe_diameter - loss_coefficient

    high = math.log(nozzle.flux * (1.0 - 1e-6))
    flux, end = nozzle.flux, None
    if surplus(high) < 0.0:
        from scipy.optimize import brentq

        low = high - 1.0
        while surplus(low) < 0.0:
            low -= 1.0
            if low < high - 20.0:
                raise ModelError("no flow is found in so long a pipe", where=where, fix="give a shorter or wider pipe")
        flux = math.exp(float(brentq(surplus, low, high, xtol=1e-10)))
        end = line.friction(flux)
    p, x = (nozzle.pressure, nozzle.vapour_fraction) if end is None else end[1:]
    t = of.saturation_temperature(p)
    density = 1.0 / ((1.0 - x) / of.liquid_density(t) + x / of.curves["vapour_density"].at(t))
    return HoleFlow(
        mass_rate=0.25 * math.pi * pipe_diameter**2 * flux,
        velocity=flux / density,
        pressure=p,
        temperature=t,
        density=density,
        choked=p > ambient_pressure * (1.0 + _CHOKED),
        vapour_fraction=x,
    )


def _line(of: Substance, temperature: float, pressure: float | None, ambient_pressure: float) -> _Line:
    saturation = of.vapour_pressure(temperature)
    lowest = of.curves["vapour_pressure"].at(max(of.curves["vapour_density"].low, of.curves["vapour_pressure"].low))
    last = max(ambient_pressure, lowest) / saturation
    p = (
        saturation * last ** np.linspace(0.0, 1.0, _ROWS) ** 2
    )  # closest at the start, where the first vapour makes most of the volume
    t = np.array([temperature, *(of.saturation_temperature(float(x)) for x in p[1:])])
    columns: dict[str, Any] = {
        name: np.array([of.curves[name].at(float(x)) for x in t])
        for name in (
            "liquid_density",
            "vapour_density",
            "liquid_enthalpy",
            "vapour_enthalpy",
            "liquid_entropy",
            "vapour_entropy",
        )
    }
    liquid, gas = 1.0 / columns["liquid_density"], 1.0 / columns["vapour_density"]
    over = 0.0 if pressure is None else max(pressure - saturation, 0.0)
    h0 = columns["liquid_enthalpy"][0] + over * liquid[0]
    sl, sv = columns["liquid_entropy"], columns["vapour_entropy"]
    x = np.clip((sl[0] - sl) / (sv - sl), 0.0, 1.0)
    h = columns["liquid_enthalpy"] + x * (columns["vapour_enthalpy"] - columns["liquid_enthalpy"])
    isentrope = np.sqrt(np.maximum(2.0 * (h0 - h), 0.0)) / (liquid + x * (gas - liquid))
    return _Line(
        p=p,
        liquid=liquid,
        swell=gas - liquid,
        enthalpy=columns["liquid_enthalpy"],
        latent=columns["vapour_enthalpy"] - columns["liquid_enthalpy"],
        isentrope=isentrope,
        h0=float(h0),
        over=over,
    )
