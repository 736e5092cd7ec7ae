"""A substance: its constants, its properties as functions of temperature, and the harm it does."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from plant_models.diffusion import diffusivity_in_air
from plant_models.frozen import reduce_value
from plant_models.harm import Harm, Threshold
from plant_models.properties import Curve, Curves
from twin.errors import ModelError
from twin.weather import GAS_CONSTANT

__all__ = ["Substance"]

_PASSES, _EXACT = 60, 1e-13  # of the logarithm of a pressure; six passes are usual


@dataclass(frozen=True, slots=True, kw_only=True)
class Substance:
    """A pure substance, or a mixture that stays together.

    Parameters
    ----------
    name, name_zh, formula, cas
        Names it is found by.
    aliases
        Further names it is found by.
    molar_mass
        [kg mol⁻¹]
    boiling_point
        At 101 325 Pa. [K]
    critical_temperature
        [K]
    critical_pressure
        [Pa]
    lfl, ufl
        Flammable limits in air, mole fraction; None: not flammable in air.
    associates
        The vapour forms clusters, so that it is heavier than an ideal gas of single molecules.
    acentric_factor
        Of Pitzer; None when not known.
    freezing_point
        None when not known. [K]
    components
        CAS number and mole fraction of each component of a mixture; empty for a pure substance.
    curves
        "vapour_pressure", "liquid_density", "latent_heat", "liquid_heat_capacity", "gas_heat_capacity",
        "surface_tension", "liquid_viscosity", "liquid_conductivity", "gas_viscosity", and the saturated densities,
        enthalpies and entropies; those that are known.
    harm
        Thresholds and probits.
    sources
        Source of each group of constants.
    notes
        What a user must know before trusting the numbers.
    """

    name: str
    name_zh: str
    formula: str
    cas: str
    molar_mass: float
    boiling_point: float
    critical_temperature: float
    critical_pressure: float
    curves: Mapping[str, Curve] = field(hash=False)
    harm: Harm
    aliases: tuple[str, ...] = ()
    lfl: float | None = None
    ufl: float | None = None
    associates: bool = False
    acentric_factor: float | None = None
    freezing_point: float | None = None
    components: tuple[tuple[str, float], ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict, hash=False)
    notes: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.curves, Curves):
            object.__setattr__(self, "curves", MappingProxyType(dict(self.curves)))
        object.__setattr__(self, "sources", MappingProxyType(dict(self.sources)))

    def __reduce__(self) -> tuple[Any, ...]:
        return reduce_value(self)

    def _at(self, name: str, temperature: float) -> float:
        curve = self.curves.get(name)
        if curve is None:
            raise ModelError(
                f"the {name.replace('_', ' ')} of {self.name} is not known",
                fix="use a model that does without it, or a Substance built with this curve",
            )
        return curve.at(temperature, of=self.name)

    def vapour_pressure(self, temperature: float) -> float:
        """Saturation pressure at the temperature [K]. [Pa]

        Raises
        ------
        ModelError
            Outside the range of the table (at most triple point to critical point).
        """
        return self._at("vapour_pressure", temperature)

    def saturation_temperature(self, pressure: float) -> float:
        """Temperature at which the substance boils under the pressure [Pa]. [K]

        Raises
        ------
        ModelError
            No boiling at this pressure: below the triple point or above the critical point.
        """
        curve = self.curves.get("vapour_pressure")
        if curve is None:
            return self._at("vapour_pressure", self.boiling_point)
        low, high = curve.low, curve.high
        bottom, top = curve.at(low), curve.at(high)
        if not bottom <= pressure <= top:
            raise ModelError(
                f"{self.name} does not boil at {pressure:.4g} Pa",
                fix=f"give a pressure from {bottom:.4g} to {top:.4g} Pa",
            )
        return _where(lambda t: math.log(curve.at(t) / pressure), low, high)

    def liquid_density(self, temperature: float) -> float:
        """Density of the saturated liquid at the temperature [K]. [kg m⁻³]"""
        return self._at("liquid_density", temperature)

    def gas_density(self, temperature: float, pressure: float) -> float:
        """Density as an ideal gas at the temperature [K] and pressure [Pa]. [kg m⁻³]

        At 1 atm and 20 °C the real gas is denser by 0.04 % (carbon monoxide) to 1.8 % (sulfur dioxide), chlorine by
        1.3 % (reference equations of state, ``tests/validation/substance_properties.csv``); near saturation at
        pressure the difference grows to tens of per cent: see :func:`plant_models.fluids.fluid`. Hydrogen fluoride
        associates and is not covered at all.
        """
        return pressure * self.molar_mass / (GAS_CONSTANT * temperature)

    def latent_heat(self, temperature: float) -> float:
        """Heat of vaporisation at the temperature [K]. [J kg⁻¹]"""
        return self._at("latent_heat", temperature)

    def liquid_heat_capacity(self, temperature: float) -> float:
        """Isobaric heat capacity of the saturated liquid at the temperature [K]. [J kg⁻¹ K⁻¹]"""
        return self._at("liquid_heat_capacity", temperature)

    def gas_heat_capacity(self, temperature: float) -> float:
        """Isobaric heat capacity of the ideal gas at the temperature [K]. [J kg⁻¹ K⁻¹]"""
        return self._at("gas_heat_capacity", temperature)

    def heat_capacity_ratio(self, temperature: float) -> float:
        """Ratio cp/cv of the ideal gas at the temperature [K]."""
        cp = self.gas_heat_capacity(temperature)
        return cp / (cp - GAS_CONSTANT / self.molar_mass)

    def surface_tension(self, temperature: float) -> float:
        """Surface tension of the saturated liquid at the temperature [K]. [N m⁻¹]"""
        return self._at("surface_tension", temperature)

    def liquid_viscosity(self, temperature: float) -> float:
        """Dynamic viscosity of the saturated liquid at the temperature [K]. [Pa s]"""
        return self._at("liquid_viscosity", temperature)

    def liquid_conductivity(self, temperature: float) -> float:
        """Thermal conductivity of the saturated liquid at the temperature [K]. [W m⁻¹ K⁻¹]"""
        return self._at("liquid_conductivity", temperature)

    def gas_viscosity(self, temperature: float) -> float:
        """Dynamic viscosity of the dilute gas at the temperature [K]. [Pa s]"""
        return self._at("gas_viscosity", temperature)

    def diffusivity(self, temperature: float, pressure: float) -> float:
        """Diffusion coefficient of the vapour in air, by :mod:`plant_models.diffusion`. [m² s⁻¹]"""
        return diffusivity_in_air(self.formula, self.molar_mass, temperature=temperature, pressure=pressure)

    def flash_fraction(self, temperature: float, pressure: float) -> float:
        """Mass fraction that boils off when the liquid at `temperature` [K] is let down to `pressure` [Pa].

        At constant enthalpy, the kinetic energy left out: x = (h(T) - h(Tb)) / L(Tb) with the enthalpy of the
        saturated liquid.

        Raises
        ------
        ModelError
            Outside the range of a table, or hotter than what would leave any liquid.

        References
        ----------
        Crowl, D.A. and Louvar, J.F., 2011, Chemical Process Safety, 3rd ed., section 4-7 (flashing liquids).
        """
        boiling = self.saturation_temperature(pressure)
        if temperature <= boiling:
            return 0.0
        heat = self._at("liquid_enthalpy", temperature) - self._at("liquid_enthalpy", boiling)
        fraction = heat / self.latent_heat(boiling)
        if fraction > 1.0:
            raise ModelError(
                f"{self.name} at {temperature:.5g} K boils away completely",
                fix="give a lower temperature, or use a gas leak",
            )
        return fraction

    def threshold(self, name: str, *, duration: float | None = None) -> Threshold:
        """Threshold by name; see :meth:`plant_models.harm.Harm.threshold`."""
        return self.harm.threshold(name, duration=duration)

    def __repr__(self) -> str:
        return (
            f"<Substance {self.name} {self.name_zh} {self.formula} CAS {self.cas}: "
            f"{self.molar_mass * 1e3:.4g} g mol⁻¹, boils at {self.boiling_point:.4g} K>"
        )


def _where(f: Callable[[float], float], low: float, high: float) -> float:
    """Root of a rising function of temperature: false position (Illinois) in 1/T, in which ln p is nearly straight."""
    a, b, fa, fb, side = 1.0 / low, 1.0 / high, f(low), f(high), 0
    if fa >= 0.0 or fb <= 0.0:
        return low if fa >= 0.0 else high
    t = low
    for _ in range(_PASSES):
        c = (a * fb - b * fa) / (fb - fa)
        t = min(max(1.0 / c, low), high)
        fc = f(t)
        if abs(fc) < _EXACT:
            break
        if fc > 0.0:
            b, fb, fa, side = c, fc, fa * (0.5 if side > 0 else 1.0), 1
        else:
            a, fa, fb, side = c, fc, fb * (0.5 if side < 0 else 1.0), -1
    return t
