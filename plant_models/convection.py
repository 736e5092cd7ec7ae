"""Natural convection between the contents of a vessel and its wall."""

from __future__ import annotations

from plant_models.discharge import GRAVITY, check_ranges
from plant_models.matter import Substance
from plant_models.states import State
from twin.errors import ModelError
from twin.weather import GAS_CONSTANT

__all__ = ["convection_coefficient"]


def convection_coefficient(of: Substance, state: State, *, liquid: bool, difference: float, height: float) -> float:
    """Heat transfer coefficient of natural convection at a vertical wall. [W m⁻² K⁻¹]

    ``Nu = (0.825 + 0.387 Ra^(1/6) / (1 + (0.492/Pr)^(9/16))^(8/27))²``. The gas has the viscosity of the dilute gas and
    the conductivity ``k = μ (cp + 5R/4M)``: the coefficient is 7 % too low at 50 bar, 21 % at 150 bar (N₂). Outside
    its table of viscosity or heat capacity (most begin at 100 K) the values of the end are taken. Boiling on the wall
    is not covered, so that the liquid is warmed less than it may be.

    Parameters
    ----------
    of
        Substance.
    state
        Of the contents.
    liquid
        The liquid, else the gas.
    difference
        Wall less contents. [K]
    height
        Of the wall that is touched. [m]

    References
    ----------
    Churchill, S.W. and Chu, H.H.S., 1975, Int. J. Heat Mass Transfer 18:1323, equation 9. Bird, R.B., Stewart, W.E.
    and Lightfoot, E.N., 2002, Transport Phenomena, 2nd ed., section 9.3 (Eucken's formula).
    """
    check_ranges(
        ("difference", difference, -3e3, 3e3, "K"), ("height", height, 1e-9, 1e3, "m"), where="convection_coefficient"
    )
    t = state.temperature
    if liquid:
        density, heat = of.liquid_density(t), _held(of, "liquid_heat_capacity", t)
        viscosity, conductivity = _held(of, "liquid_viscosity", t), _held(of, "liquid_conductivity", t)
        step = 0.5
        expansion = (of.liquid_density(t - step) / of.liquid_density(t) - 1.0) / step
    else:
        film = t + 0.5 * difference
        density = state.density if state.vapour_fraction is None else of.curves["vapour_density"].at(t)
        heat, viscosity = _held(of, "gas_heat_capacity", film), _held(of, "gas_viscosity", film)
        conductivity = viscosity * (heat + 1.25 * GAS_CONSTANT / of.molar_mass)
        expansion = 1.0 / film
    prandtl = heat * viscosity / conductivity
    rayleigh = GRAVITY * expansion * abs(difference) * height**3 * density**2 * heat / (viscosity * conductivity)
    root = 0.825 + 0.387 * rayleigh ** (1.0 / 6.0) / (1.0 + (0.492 / prandtl) ** (9.0 / 16.0)) ** (8.0 / 27.0)
    return float(conductivity / height * root * root)


def _held(of: Substance, name: str, temperature: float) -> float:
    """Property at the temperature, or at the nearer end of its table."""
    curve = of.curves.get(name)
    if curve is None:
        raise ModelError(f"the {name.replace('_', ' ')} of {of.name} is not known", fix="leave the wall out")
    return curve.at(min(max(temperature, curve.low), curve.high), of=of.name)
