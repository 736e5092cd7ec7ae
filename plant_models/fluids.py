"""Real fluids: state of a substance from two of its properties.

Where CoolProp has a reference equation of state it is used as it is; elsewhere the saturation table of the substance
is joined to the cubic equation of :mod:`plant_models.cubic`. CoolProp is loaded on first use.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Protocol

from plant_models.cubic import CubicFluid
from plant_models.discharge import check_ranges
from plant_models.matter import Substance
from plant_models.states import State
from plant_models.tabulation import coolprop_name
from twin.errors import ModelError

__all__ = ["Fluid", "compressibility", "critical_flux", "fluid"]

_THROAT = 1e-6  # of the pressure inside; the flux is flat there, so it is exact to about 1e-10
_FLAT = 1e-9
_NOWHERE = -1.0  # flux where there is no state
_ITERATIONS, _EXACT = 12, 1e-11
_SUPERSATURATED = (
    0.8  # of the triple point: so cold a gas may get in a throat, where there is no time for frost to form
)


class Fluid(Protocol):
    """States of one substance.

    Pressure [Pa], temperature [K], density [kg m⁻³], entropy [J kg⁻¹ K⁻¹], energies [J kg⁻¹].
    """

    def at_pt(self, pressure: float, temperature: float) -> State:
        """State at a pressure and temperature off saturation."""

    def at_px(self, pressure: float, vapour_fraction: float) -> State:
        """Saturated state at a pressure."""

    def at_tx(self, temperature: float, vapour_fraction: float) -> State:
        """Saturated state at a temperature."""

    def at_ps(self, pressure: float, entropy: float) -> State:
        """State at a pressure and entropy."""

    def at_ph(self, pressure: float, enthalpy: float) -> State:
        """State at a pressure and enthalpy."""

    def at_du(self, density: float, internal_energy: float) -> State:
        """State at a density and internal energy: what a closed vessel knows."""


class _ReferenceFluid:
    """States from a reference equation of state in CoolProp."""

    def __init__(self, name: str, substance: Substance) -> None:
        import CoolProp

        self._pairs: Any = CoolProp
        self._state = self._pairs.AbstractState("HEOS", name)
        self._name = substance.name
        self._last: State | None = None

    def _at(self, pair: str, first: float, second: float, given: str) -> State:
        state = self._state
        try:
            state.update(getattr(self._pairs, pair), first, second)
            return self._read()
        except ValueError as error:
            raise ModelError(
                f"{self._name} has no state at {given}: {str(error).split(' : ', maxsplit=1)[0][:120]}",
                fix=f"stay between {state.Tmin():.5g} and {state.Tmax():.5g} K, below {state.pmax():.4g} Pa",
            ) from None

    def _read(self) -> State:
        state = self._state
        two = state.phase() == self._pairs.iphase_twophase
        return State(
            pressure=state.p(),
            temperature=state.T(),
            density=state.rhomass(),
            enthalpy=state.hmass(),
            entropy=state.smass(),
            internal_energy=state.umass(),
            vapour_fraction=min(max(state.Q(), 0.0), 1.0) if two else None,
        )

    def at_pt(self, pressure: float, temperature: float) -> State:
        given, low, high = f"{pressure:.6g} Pa and {temperature:.6g} K", self._state.Tmin(), self._state.Tmax()
        if not low <= temperature <= high:  # CoolProp goes on to 1.5 times the highest
            raise ModelError(f"{self._name} has no state at {given}", fix=f"stay between {low:.5g} and {high:.5g} K")
        return self._at("PT_INPUTS", pressure, temperature, given)

    def at_px(self, pressure: float, vapour_fraction: float) -> State:
        return self._at("PQ_INPUTS", pressure, vapour_fraction, f"saturation under {pressure:.6g} Pa")

    def at_tx(self, temperature: float, vapour_fraction: float) -> State:
        return self._at("QT_INPUTS", vapour_fraction, temperature, f"saturation at {temperature:.6g} K")

    def at_ps(self, pressure: float, entropy: float) -> State:
        """State by saturation and Newton's method, which is ten times faster than the search of CoolProp."""
        guess, coldest, densest = self._last, self._state.T_critical(), math.inf
        if pressure < 0.999 * self._state.p_critical():
            try:
                liquid, vapour = self.at_px(pressure, 0.0), self.at_px(pressure, 1.0)
            except ModelError:  # below the triple point: gas, or nothing
                found = guess and self._newton(pressure, entropy, guess)
                return found or self._searched(pressure, entropy)
            share = (entropy - liquid.entropy) / (vapour.entropy - liquid.entropy)
            if 0.0 <= share <= 1.0:
                return self.at_px(pressure, share)
            if share < 0.0:
                return self._searched(pressure, entropy)
            coldest, densest = vapour.temperature, vapour.density
            if guess is None or guess.pressure > self._state.p_critical():
                guess = vapour
        found = None if guess is None else self._newton(pressure, entropy, guess)
        if found and (
            found.temperature < coldest or found.density > densest
        ):  # a root inside the dome, where nothing is stable
            found = None
        self._last = found or self._searched(pressure, entropy)
        return self._last

    def _searched(self, pressure: float, entropy: float) -> State:
        return self._at("PSmass_INPUTS", pressure, entropy, f"{pressure:.6g} Pa and {entropy:.6g} J kg⁻¹ K⁻¹")

    def _newton(self, pressure: float, entropy: float, guess: State) -> State | None:
        """Gas at a pressure and entropy from a nearby state, in density and temperature; None where that fails."""
        state, c = self._state, self._pairs
        t, d = guess.temperature, guess.density
        if guess.vapour_fraction not in {None, 1.0}:
            return None
        state.specify_phase(c.iphase_gas)
        try:
            for _ in range(_ITERATIONS):
                state.update(c.DmassT_INPUTS, d, t)
                by_density = state.first_partial_deriv(c.iP, c.iDmass, c.iT)
                by_heat = state.first_partial_deriv(c.iP, c.iT, c.iDmass)
                heat = state.cvmass() / t
                off_p, off_s = pressure - state.p(), entropy - state.smass()
                if abs(off_p) < _EXACT * pressure and abs(off_s) < _EXACT * abs(entropy):
                    return self._read() if _SUPERSATURATED * state.Tmin() <= t <= state.Tmax() else None
                cross = -by_heat / (d * d)
                bottom = by_density * heat - by_heat * cross
                step_d, step_t = (
                    (off_p * heat - off_s * by_heat) / bottom,
                    (by_density * off_s - cross * off_p) / bottom,
                )
                d, t = d + max(step_d, -0.5 * d), t + max(step_t, -0.3 * t)
        except ValueError:
            return None
        finally:
            state.unspecify_phase()
        return None

    def at_ph(self, pressure: float, enthalpy: float) -> State:
        return self._at("HmassP_INPUTS", enthalpy, pressure, f"{pressure:.6g} Pa and {enthalpy:.6g} J kg⁻¹")

    def at_du(self, density: float, internal_energy: float) -> State:
        return self._at(
            "DmassUmass_INPUTS", density, internal_energy, f"{density:.6g} kg m⁻³ and {internal_energy:.6g} J kg⁻¹"
        )


@lru_cache(maxsize=64)
def fluid(substance: Substance) -> Fluid:
    """Real fluid of a substance.

    Raises
    ------
    ModelError
        Neither an equation of state nor a saturation table is known (nitrogen dioxide, which is a mixture with its
        dimer), or the vapour forms clusters (hydrogen fluoride) and a superheated state is asked for.

    References
    ----------
    Bell, I.H., Wronski, J., Quoilin, S. and Lemort, V., 2014, Ind. Eng. Chem. Res. 53:2498 (CoolProp).
    """
    name = "" if substance.components else coolprop_name(substance.cas)
    return _ReferenceFluid(name, substance) if name else CubicFluid(substance)


def compressibility(substance: Substance, *, temperature: float, pressure: float) -> float:
    """Compressibility factor Z = p M / (ρ R T) of the gas at the temperature [K] and pressure [Pa].

    Raises
    ------
    ModelError
        The substance has no such state, or it is liquid there.
    """
    check_ranges(
        ("temperature", temperature, 10.0, 3000.0, "K"), ("pressure", pressure, 1.0, 1e9, "Pa"), where="compressibility"
    )
    curve = substance.curves.get("vapour_pressure")
    if curve is not None and curve.low <= temperature <= curve.high and pressure > curve.at(temperature) * 1.001:
        raise ModelError(
            f"{substance.name} is liquid at {pressure:.4g} Pa and {temperature:.5g} K",
            where="compressibility",
            fix=f"give a pressure up to {curve.at(temperature):.4g} Pa",
        )
    return substance.gas_density(temperature, pressure) / fluid(substance).at_pt(pressure, temperature).density


def critical_flux(
    real: Fluid, inside: State, back_pressure: float, *, ratio: tuple[float, float] = (0.0, 1.0)
) -> tuple[float, State]:
    """Largest mass flux of an isentropic nozzle fed from a state at rest.

    ``G = max ρ sqrt(2 (h₀ - h))`` over the pressures from `back_pressure` up on the isentrope: phases in equilibrium
    and moving together (HEM). Gas, liquid, flashing and supercritical fluid alike; no ideal gas is assumed.

    Parameters
    ----------
    real
        Fluid.
    inside
        State at rest.
    back_pressure
        Outside. [Pa]
    ratio
        Bounds of throat pressure over inside pressure that are known to hold, to search less.

    Returns
    -------
    flux, throat
        [kg m⁻² s⁻¹] and the state in the throat.

    Raises
    ------
    ModelError
        The pressure outside is not above 0, or the isentrope leaves the equation of state before the throat.

    References
    ----------
    Leung, J.C. and Grolmes, M.A., 1987, AIChE J. 33:524 (homogeneous equilibrium from an isentrope). The flux has one
    maximum along the isentrope (Leung 1986, AIChE J. 32:1743); Brent, R.P., 1973, Algorithms for minimization without
    derivatives, ch. 5.
    """
    h0, s0, p0 = inside.enthalpy, inside.entropy, inside.pressure

    def flux(pressure: float) -> tuple[float, State]:
        try:
            state = real.at_ps(pressure, s0)
        except ModelError:  # the isentrope may leave the equation of state below the throat, but not above it
            return _NOWHERE, inside
        return state.density * math.sqrt(max(2.0 * (h0 - state.enthalpy), 0.0)), state

    if not back_pressure > 0.0:
        raise ModelError(
            f"the pressure outside is {back_pressure!r}", where="critical_flux", fix="give a pressure above 0 Pa"
        )
    if back_pressure >= p0:
        return 0.0, inside
    low, high = max(back_pressure, ratio[0] * p0), min(p0, ratio[1] * p0)
    if low >= high:  # the bounds lie below the outside
        low, high = back_pressure, p0
    best = maximum(lambda p: flux(p)[0], low, high, tolerance=_THROAT * p0)
    value, throat = flux(best)
    outside, open_end = flux(low)
    if value < 0.0 or flux(max(low, best - 10.0 * _THROAT * p0))[0] < 0.0:
        raise ModelError(
            f"from {p0:.5g} Pa and {inside.temperature:.5g} K the flow freezes or leaves the equation of state",
            where="critical_flux",
            fix="give a higher temperature or a higher pressure outside",
        )
    return (outside, open_end) if outside >= value * (1.0 - _FLAT) else (value, throat)


def maximum(f: Callable[[float], float], low: float, high: float, *, tolerance: float) -> float:
    """Place of the single maximum of a function, by Brent's method (golden section, and parabolas where they help)."""
    from scipy.optimize import minimize_scalar

    found: Any = minimize_scalar(lambda x: -f(x), bounds=(low, high), method="bounded", options={"xatol": tolerance})
    return float(found.x)
