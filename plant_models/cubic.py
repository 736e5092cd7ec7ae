"""Real fluids without a reference equation of state: a saturation table joined to a cubic equation for the gas.

The gas follows Peng and Robinson along lines of constant density, counted from the dew point of that density, where it
meets the table exactly; so pressure, energy and entropy are continuous when the last liquid boils away. The liquid is
incompressible. A gas mixture has no dew line: its energies count from the ideal gas.

Against reference equations of state, gas from 0.7 to 1.2 of the critical temperature up to 1.2 of the critical pressure
(``tests/plant_models/test_cubic.py``): density and critical flux within 3 % for hydrocarbons and carbon dioxide, 7 %
for chlorine, hydrogen chloride, sulfur dioxide, hydrogen sulfide and ammonia, 11 % for water and methanol; below the
critical temperature half of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from plant_models.properties import Curve
from plant_models.states import State
from plant_models.substances import Substance, substance
from twin.errors import ModelError
from twin.weather import GAS_CONSTANT

__all__ = ["CubicFluid"]

_ROOT = math.sqrt(2.0)
_PASSES, _SECANTS = 80, 12
_EXACT = 1e-13
_STEP = 1e-6  # relative, of a difference quotient
_ROUNDING = 1e-11  # of a vapour fraction
_SLACK = 1e-9  # relative, by which an energy may miss that of a vessel full of liquid
_DENSEST = 0.999  # of the densest gas of the equation, 1/b


class _PengRobinson:
    """Pressure and residual energies, molar.

    Peng, D.-Y. and Robinson, D.B., 1976, Ind. Eng. Chem. Fundam. 15:59, with the mixing rules of van der Waals.
    """

    def __init__(self, parts: tuple[tuple[Substance, float], ...]) -> None:
        self.shares = [share for _, share in parts]
        self.critical = [s.critical_temperature for s, _ in parts]
        self.a0 = [0.45724 * (GAS_CONSTANT * s.critical_temperature) ** 2 / s.critical_pressure for s, _ in parts]
        self.b = sum(x * 0.07780 * GAS_CONSTANT * s.critical_temperature / s.critical_pressure for s, x in parts)
        self.m = [_slope(s) for s, _ in parts]

    def attraction(self, temperature: float) -> tuple[float, float]:
        """a(T) of the mixture and its slope; √(a_mix) = Σ x √a for binary constants of zero."""
        root = slope = 0.0
        for x, a0, m, critical in zip(self.shares, self.a0, self.m, self.critical, strict=True):
            ratio = math.sqrt(temperature / critical)
            root += x * math.sqrt(a0) * abs(1.0 + m * (1.0 - ratio))
            slope -= x * math.sqrt(a0) * m * 0.5 * ratio / temperature
        return root * root, 2.0 * root * slope

    def pressure(self, volume: float, temperature: float) -> float:
        a, _ = self.attraction(temperature)
        return GAS_CONSTANT * temperature / (volume - self.b) - a / (
            volume * (volume + self.b) + self.b * (volume - self.b)
        )

    def residuals(self, volume: float, temperature: float) -> tuple[float, float]:
        """Internal energy and entropy less those of the ideal gas of this volume and temperature. [J mol⁻¹ (K⁻¹)]"""
        a, slope = self.attraction(temperature)
        b = self.b
        log = math.log((volume + (1.0 + _ROOT) * b) / (volume + (1.0 - _ROOT) * b)) / (2.0 * _ROOT * b)
        return (temperature * slope - a) * log, GAS_CONSTANT * math.log((volume - b) / volume) + slope * log


def _slope(s: Substance) -> float:
    if s.acentric_factor is None:
        raise ModelError(f"the acentric factor of {s.name} is not known", fix="give one to the Substance")
    w = s.acentric_factor
    return 0.37464 + 1.54226 * w - 0.26992 * w * w


class _IdealGas:
    """Enthalpy and entropy integrals of the ideal gas, by splines over the tabulated heat capacity."""

    def __init__(self, s: Substance) -> None:
        import numpy as np
        from scipy.interpolate import CubicSpline

        curve = s.curves["gas_heat_capacity"]
        t = np.linspace(curve.low, curve.high, len(curve.values))
        heat = np.array(curve.values)
        self._heat: Any = CubicSpline(t, heat).antiderivative()
        self._over: Any = CubicSpline(t, heat / t).antiderivative()
        self.low, self.high, self._name = curve.low, curve.high, s.name

    def steps(self, start: float, end: float) -> tuple[float, float]:
        """∫ cp dT and ∫ cp dT/T from one temperature to another. [J kg⁻¹], [J kg⁻¹ K⁻¹]"""
        for t in (start, end):
            if not self.low <= t <= self.high:
                raise ModelError(
                    f"the gas {self._name} is asked for at {t:.5g} K",
                    fix=f"stay between {self.low:.5g} and {self.high:.5g} K",
                )
        return float(self._heat(end) - self._heat(start)), float(self._over(end) - self._over(start))


class CubicFluid:
    """Fluid of a substance without a reference equation of state, or of a gas mixture.

    Parameters
    ----------
    of
        Substance with a saturation table, or a mixture.
    """

    def __init__(self, of: Substance) -> None:
        self.substance = of
        pure = not of.components
        if pure and "vapour_density" not in of.curves:
            raise ModelError(
                f"no saturated states of {of.name} are known: {of.notes}", fix="use the ideal gas of its leak"
            )
        parts = ((of, 1.0),) if pure else tuple((substance(cas), share) for cas, share in of.components)
        self._gas = _PengRobinson(parts)
        self._ideal = _IdealGas(of)
        self._table: dict[str, Curve] = dict(of.curves) if pure else {}
        self._specific = GAS_CONSTANT / of.molar_mass
        self._last = (-1.0, (0.0, 0.0, 0.0, 0.0))  # density and its anchor

    # --- saturation

    def at_tx(self, temperature: float, vapour_fraction: float) -> State:
        """Saturated state at a temperature [K]."""
        x, liquid, vapour = (
            vapour_fraction,
            self._saturated("liquid", temperature),
            self._saturated("vapour", temperature),
        )
        pressure = self.substance.vapour_pressure(temperature)
        volume = (1.0 - x) / liquid[0] + x / vapour[0]
        enthalpy = (1.0 - x) * liquid[1] + x * vapour[1]
        return State(
            pressure=pressure,
            temperature=temperature,
            density=1.0 / volume,
            enthalpy=enthalpy,
            entropy=(1.0 - x) * liquid[2] + x * vapour[2],
            internal_energy=enthalpy - pressure * volume,
            vapour_fraction=x,
        )

    def _saturated(self, phase: str, temperature: float) -> tuple[float, float, float]:
        if not self._table:
            raise ModelError(
                f"{self.substance.name} is a mixture: its liquid is not modelled", fix="use its main component"
            )
        wanted = (self._table[f"{phase}_{name}"] for name in ("density", "enthalpy", "entropy"))
        density, enthalpy, entropy = (curve.at(temperature, of=self.substance.name) for curve in wanted)
        return density, enthalpy, entropy

    def at_px(self, pressure: float, vapour_fraction: float) -> State:
        """Saturated state at a pressure [Pa]."""
        return self.at_tx(self._boiling(pressure), vapour_fraction)

    def _boiling(self, pressure: float) -> float:
        """Saturation temperature; Brent's method in the logarithm takes ten steps where bisection takes sixty. [K]"""
        curve = self._table.get("vapour_pressure")
        if curve is None or not curve.at(curve.low) < pressure < curve.at(curve.high):
            return self.substance.saturation_temperature(pressure)
        wanted = math.log(pressure)
        return _bisect(lambda t: math.log(curve.at(t)) - wanted, curve.low, curve.high)

    # --- one phase

    def _gas_at(self, density: float, temperature: float) -> State:
        """Gas at a density [kg m⁻³] and temperature [K]."""
        if self.substance.associates:
            raise ModelError(
                f"the vapour of {self.substance.name} forms clusters: no superheated state is known",
                fix="use a saturated state, or measured densities",
            )
        volume = self.substance.molar_mass / density
        if density != self._last[0]:
            self._last = (density, self._anchor(density, volume))
        start, energy, entropy, ratio = self._last[1]
        heat, over = self._ideal.steps(start, temperature)
        now, then = self._gas.residuals(volume, temperature), self._gas.residuals(volume, start)
        pressure = ratio * self._gas.pressure(volume, temperature)
        mass = self.substance.molar_mass
        internal = energy + heat - self._specific * (temperature - start) + (now[0] - then[0]) / mass
        return State(
            pressure=pressure,
            temperature=temperature,
            density=density,
            enthalpy=internal + pressure / density,
            entropy=entropy + over - self._specific * math.log(temperature / start) + (now[1] - then[1]) / mass,
            internal_energy=internal,
        )

    def _anchor(self, density: float, volume: float) -> tuple[float, float, float, float]:
        """Temperature, energy and entropy where the gas of this density is known, and the ratio of pressures there."""
        if not self._table:
            start, mass = 298.15, self.substance.molar_mass
            energy, entropy = self._gas.residuals(volume, start)
            return start, energy / mass, (entropy + GAS_CONSTANT * math.log(volume)) / mass, 1.0
        dew = self._table["vapour_density"]
        if density > dew.at(dew.high):
            raise ModelError(
                f"{self.substance.name} at {density:.4g} kg m⁻³ is denser than its tabulated vapour",
                fix=f"stay below {dew.at(dew.high):.4g} kg m⁻³",
            )
        low = max(dew.low, self._ideal.low)
        if density <= dew.at(low):
            state = self.at_tx(low, 1.0)
            return low, state.internal_energy, state.entropy + self._specific * math.log(state.density / density), 1.0
        start = _bisect(lambda t: dew.at(t) - density, low, dew.high)
        state = self.at_tx(start, 1.0)
        return start, state.internal_energy, state.entropy, state.pressure / self._gas.pressure(volume, start)

    def _liquid_at(self, pressure: float, temperature: float) -> State:
        state = self.at_tx(temperature, 0.0)
        rise = (pressure - state.pressure) / state.density
        return State(
            pressure=pressure,
            temperature=temperature,
            density=state.density,
            enthalpy=state.enthalpy + rise,
            entropy=state.entropy,
            internal_energy=state.internal_energy,
        )

    def at_pt(self, pressure: float, temperature: float) -> State:
        """State at a pressure [Pa] and temperature [K] off saturation."""
        table = self._table.get("vapour_pressure")
        if table is not None and temperature <= table.high and pressure > table.at(max(temperature, table.low)):
            return self._liquid_at(pressure, temperature)
        densest = self._densest(temperature)
        if self._gas_at(densest, temperature).pressure < pressure:
            raise ModelError(
                f"{self.substance.name} at {pressure:.4g} Pa, {temperature:.5g} K is denser than its tabulated vapour",
                fix="give a lower pressure or a higher temperature",
            )
        guess = min(pressure / (self._specific * temperature), 0.999 * densest)
        density = _secant(
            lambda d: self._gas_at(d, temperature).pressure / pressure - 1.0, 1e-9 * densest, guess, densest
        )
        return self._gas_at(density, temperature)

    def _densest(self, temperature: float) -> float:
        if not self._table:
            return _DENSEST * self.substance.molar_mass / self._gas.b
        dew = self._table["vapour_density"]
        return dew.at(min(max(temperature, dew.low), dew.high))

    # --- inverses

    def at_ps(self, pressure: float, entropy: float) -> State:
        """State at a pressure [Pa] and entropy [J kg⁻¹ K⁻¹]."""
        return self._at_pressure(pressure, entropy, lambda state: state.entropy)

    def at_ph(self, pressure: float, enthalpy: float) -> State:
        """State at a pressure [Pa] and enthalpy [J kg⁻¹]."""
        return self._at_pressure(pressure, enthalpy, lambda state: state.enthalpy)

    def _at_pressure(self, pressure: float, value: float, read: Callable[[State], float]) -> State:
        curve = self._table.get("vapour_pressure")
        if curve is None or pressure < curve.at(curve.low):  # below the triple point: a gas, while warmer than that
            low = max(curve.low if curve else 0.0, self._ideal.low)
            return self._gas_of(pressure, value, read, low, self._ideal.high)
        if pressure > curve.at(curve.high):
            if value <= read(self._liquid_at(pressure, curve.high)):
                return self._liquid_of(pressure, value, read, curve.high)
            return self._gas_of(pressure, value, read, curve.high, self._ideal.high)
        boiling = self._boiling(pressure)
        liquid, vapour = self.at_tx(boiling, 0.0), self.at_tx(boiling, 1.0)
        share = (value - read(liquid)) / (read(vapour) - read(liquid))
        if share < -_ROUNDING:
            return self._liquid_of(pressure, value, read, boiling)
        if share > 1.0 + _ROUNDING:
            return self._gas_of(pressure, value, read, boiling * (1.0 + 1e-12), self._ideal.high)
        return self.at_tx(boiling, min(max(share, 0.0), 1.0))

    def _liquid_of(self, pressure: float, value: float, read: Callable[[State], float], high: float) -> State:
        low = self._table["liquid_enthalpy"].low
        return self._liquid_at(pressure, _bisect(lambda t: read(self._liquid_at(pressure, t)) - value, low, high))

    def _gas_of(self, pressure: float, value: float, read: Callable[[State], float], low: float, high: float) -> State:
        """Gas of a pressure and entropy or enthalpy: Newton's method, or else a search within a search."""
        scale = abs(value) + self._specific
        guess = min(low + 0.1 * (high - low), low + 30.0)
        try:
            found = self._newton(pressure, value, read, guess, scale)
        except (ModelError, ValueError, ZeroDivisionError):
            found = None
        if found is not None and low <= found.temperature <= high and found.density < self._densest(found.temperature):
            return found
        return self.at_pt(
            pressure, _secant(lambda t: (read(self.at_pt(pressure, t)) - value) / scale, low, guess, high)
        )

    def _newton(
        self, pressure: float, value: float, read: Callable[[State], float], guess: float, scale: float
    ) -> State | None:
        t, d = guess, min(pressure / (self._specific * guess), 0.9 * self._densest(guess))

        def off(density: float, temperature: float) -> tuple[State, float, float]:
            state = self._gas_at(density, temperature)
            return state, state.pressure / pressure - 1.0, (read(state) - value) / scale

        for _ in range(_SECANTS):
            state, a, b = off(d, t)
            if max(abs(a), abs(b)) < _EXACT:
                return state
            _, warm_a, warm_b = off(d, t * (1.0 + _STEP))
            _, dense_a, dense_b = off(d * (1.0 + _STEP), t)
            at, bt, ad, bd = (x / _STEP for x in (warm_a - a, warm_b - b, dense_a - a, dense_b - b))
            bottom = at * bd - bt * ad
            t *= math.exp(min(max((ad * b - bd * a) / bottom, -0.3), 0.3))
            d *= math.exp(min(max((bt * a - at * b) / bottom, -1.0), 1.0))
            d = min(d, (1.0 - 2.0 * _STEP) * self._densest(t))
        return None

    def at_du(self, density: float, internal_energy: float) -> State:
        """State at a density [kg m⁻³] and internal energy [J kg⁻¹]."""
        if not self._table:
            low, high = self._ideal.low, self._ideal.high
            return self._gas_at(
                density, _bisect(lambda t: self._gas_at(density, t).internal_energy - internal_energy, low, high)
            )
        dew = self._table["vapour_density"]
        if density < dew.at(dew.high):
            start = _bisect(lambda t: dew.at(t) - density, dew.low, dew.high) if density > dew.at(dew.low) else dew.low
            if internal_energy > self._mixed(density, start).internal_energy:
                high = self._ideal.high
                return self._gas_at(
                    density, _bisect(lambda t: self._gas_at(density, t).internal_energy - internal_energy, start, high)
                )
        else:
            start = self._bubble(density)
        full = self._mixed(density, start)
        if abs(full.internal_energy - internal_energy) <= _SLACK * abs(internal_energy):
            return full
        return self._mixed(
            density, _bisect(lambda t: self._mixed(density, t).internal_energy - internal_energy, dew.low, start)
        )

    def _bubble(self, density: float) -> float:
        """Highest temperature at which a vessel of this mean density still has a vapour space. [K]"""
        liquid = self._table["liquid_density"]
        if density > liquid.at(liquid.high):
            return _bisect(lambda t: density - liquid.at(t), self._table["vapour_density"].low, liquid.high)
        return self._table["vapour_density"].high

    def _mixed(self, density: float, temperature: float) -> State:
        liquid, vapour = self._saturated("liquid", temperature)[0], self._saturated("vapour", temperature)[0]
        share = (1.0 / density - 1.0 / liquid) / (1.0 / vapour - 1.0 / liquid)
        return self.at_tx(temperature, min(max(share, 0.0), 1.0))


def _bisect(f: Callable[[float], float], low: float, high: float) -> float:
    """Root of a rising function by Brent's method; the nearer end when it lies outside."""
    bottom, top = f(low), f(high)
    if bottom >= 0.0 or top <= 0.0:
        if bottom > 0.0 or top < 0.0:
            raise ModelError(
                "the state lies outside the range of the tables",
                fix=f"the answer would not lie between {low:.5g} and {high:.5g}",
            )
        return low if bottom == 0.0 else high
    from scipy.optimize import brentq

    return float(brentq(f, low, high, xtol=1e-13 * high, rtol=1e-14, maxiter=_PASSES))


def _secant(f: Callable[[float], float], low: float, guess: float, high: float) -> float:
    """Root of a smooth rising function of the order of 1: secants from a guess; Brent's method if they stray."""
    x, y = guess, f(guess)
    other = min(guess * 1.001, high)
    before, value = x, y
    x, y = other, f(other)
    for _ in range(_SECANTS):
        if abs(y) < _EXACT:
            return x
        if y == value:
            break
        before, value, x = x, y, x - y * (x - before) / (y - value)
        if not low <= x <= high:
            break
        y = f(x)
    return _bisect(f, low, high)
