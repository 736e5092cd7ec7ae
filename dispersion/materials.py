"""A substance as the dense-gas and jet models see it: constant properties around its boiling point."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plant_models.matter import Substance
from twin.errors import ModelError
from twin.weather import GAS_CONSTANT

__all__ = ["Material", "material_of"]

_Array = NDArray[np.float64]
_DEPTH = 1e-3  # the saturation curve is fitted from the boiling point down to this part of the pressure of the air
_POINTS = 41


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """Constant-property stand-in for a substance at one pressure.

    Parameters
    ----------
    molar_mass
        [kg mol⁻¹]
    vapour_heat, liquid_heat
        Isobaric heat capacities: the vapour's mean between boiling point and air temperature, the liquid's at the
        boiling point. [J kg⁻¹ K⁻¹]
    boiling_point
        At the pressure of the air. [K]
    latent_heat
        At the boiling point. [J kg⁻¹]
    liquid_density
        At the boiling point. [kg m⁻³]
    curve_b, curve_c
        Constants of ``ln(p_saturated / p_air) = B/(T_boil + C) - B/(T + C)``; B = 0: it does not condense. [K]
    spread
        Largest difference between this curve and the substance's own table from the boiling point down to a thousandth
        of the pressure of the air (or to the end of the table), as a part of the saturation pressure.
    note
        What a user must know; empty when nothing.
    """

    molar_mass: float
    vapour_heat: float
    liquid_heat: float
    boiling_point: float
    latent_heat: float
    liquid_density: float
    curve_b: float
    curve_c: float
    spread: float = 0.0
    note: str = ""

    @property
    def condenses(self) -> bool:
        """Tell whether droplets of it can form or exist."""
        return self.curve_b > 0.0

    def array(self) -> _Array:
        """Numbers in the order of :mod:`dispersion._kernels.mixing`, shape (8,)."""
        return np.array(
            [
                self.molar_mass,
                self.vapour_heat,
                self.liquid_heat,
                self.boiling_point,
                self.latent_heat,
                self.liquid_density,
                self.curve_b,
                self.curve_c,
            ]
        )


def material_of(substance: Substance, *, pressure: float, temperature: float) -> Material:
    """Constant-property material of a substance.

    A substance without a table of its liquid (a gas mixture), or that does not boil at this pressure because it would
    freeze (carbon dioxide, acetylene), never condenses here; its `note` says so.

    Parameters
    ----------
    substance
        What is released.
    pressure, temperature
        Of the air. [Pa], [K]

    Raises
    ------
    ModelError
        The heat capacity of its vapour is not known.
    """
    curves = substance.curves
    missing = [name for name in ("vapour_pressure", "liquid_density", "liquid_heat_capacity") if name not in curves]
    why = f"no table of its liquid ({', '.join(missing)})" if missing else ""
    boiling = substance.boiling_point
    if not missing:
        try:
            boiling = substance.saturation_temperature(pressure)
        except ModelError:
            why = f"no boiling point at {pressure:.0f} Pa"
    if why:
        return Material(
            molar_mass=substance.molar_mass,
            vapour_heat=_mean_heat(substance, min(boiling, temperature), temperature),
            liquid_heat=_mean_heat(substance, min(boiling, temperature), temperature),
            boiling_point=boiling,
            latent_heat=1.0,
            liquid_density=1000.0,
            curve_b=0.0,
            curve_c=0.0,
            note=f"{substance.name} is taken never to condense, for it has {why}.",
        )
    latent, borrowed = _latent(substance, boiling, pressure)
    b, c, spread = _fit(substance, boiling, pressure)
    return Material(
        molar_mass=substance.molar_mass,
        vapour_heat=_mean_heat(substance, boiling, temperature),
        liquid_heat=substance.liquid_heat_capacity(_within(substance, "liquid_heat_capacity", boiling)),
        boiling_point=boiling,
        latent_heat=latent,
        liquid_density=substance.liquid_density(_within(substance, "liquid_density", boiling)),
        curve_b=b,
        curve_c=c,
        spread=spread,
        note=borrowed,
    )


def _within(substance: Substance, name: str, temperature: float) -> float:
    curve = substance.curves[name]
    return min(max(temperature, curve.low), curve.high)


def _mean_heat(substance: Substance, one: float, other: float) -> float:
    """Mean heat capacity of the vapour between two temperatures, by Simpson's rule."""
    if "gas_heat_capacity" not in substance.curves:
        return substance.gas_heat_capacity(one)  # raises and says what is missing
    nodes = [_within(substance, "gas_heat_capacity", one + f * (other - one)) for f in (0.0, 0.5, 1.0)]
    a, b, c = (substance.gas_heat_capacity(t) for t in nodes)
    return (a + 4.0 * b + c) / 6.0


def _latent(substance: Substance, boiling: float, pressure: float) -> tuple[float, str]:
    """Latent heat at the boiling point; by Clausius and Clapeyron where there is no table."""
    if "latent_heat" in substance.curves:
        return substance.latent_heat(_within(substance, "latent_heat", boiling)), ""
    warmer = substance.vapour_pressure(boiling + 1.0)
    slope = math.log(warmer / pressure) / (1.0 / boiling - 1.0 / (boiling + 1.0))
    note = f"The latent heat of {substance.name} is not tabulated and taken from the slope of its vapour pressure."
    return slope * GAS_CONSTANT / substance.molar_mass, note


def _fit(substance: Substance, boiling: float, pressure: float) -> tuple[float, float, float]:
    """Constants B, C of the saturation curve through the boiling point, and the spread about the table.

    With y = ln(p_air/p) and d = T_boil - T the curve reads y (T + C) = B d/(T_boil + C), so y T = B' d - C y is linear
    in B' = B/(T_boil + C) and C: least squares over points evenly spaced in 1/T.
    """
    curve = substance.curves["vapour_pressure"]
    lowest = curve.low
    if substance.vapour_pressure(lowest) < _DEPTH * pressure:
        lowest = substance.saturation_temperature(_DEPTH * pressure)
    if boiling - lowest < 1.0:  # boils at its freezing point: the slope above must do
        lowest = boiling + 10.0
    temperatures = 1.0 / np.linspace(1.0 / boiling, 1.0 / lowest, _POINTS)[1:]
    y = np.array([math.log(pressure / substance.vapour_pressure(float(t))) for t in temperatures])
    columns = np.stack([boiling - temperatures, -y], axis=1)
    weights = 1.0 / np.abs(boiling - temperatures)  # all points alike: y grows with the distance from the boiling point
    (slope, c), *_ = np.linalg.lstsq(columns * weights[:, None], y * temperatures * weights, rcond=None)
    b = float(slope * (boiling + c))
    fitted = b / (boiling + c) - b / (temperatures + c)
    return b, float(c), float(np.max(np.abs(np.expm1(fitted + y))))
