"""How much comes out of a hole: gas, choked or not, and liquid."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real

from twin.errors import ModelError, Problem, UnitError
from twin.weather import GAS_CONSTANT

__all__ = [
    "ATMOSPHERE",
    "GAS_COEFFICIENT",
    "GRAVITY",
    "LIQUID_COEFFICIENT",
    "HoleFlow",
    "check_ranges",
    "gas_hole_rate",
    "liquid_hole_rate",
]

GRAVITY = 9.80665  # m s⁻², standard gravity (3rd CGPM 1901)
ATMOSPHERE = 101325.0  # Pa, standard atmosphere (10th CGPM 1954)
# Discharge coefficients of Crowl and Louvar 2011, Chemical Process Safety, 3rd ed., ch. 4: 0.61 for a liquid through a
# sharp-edged hole at Re > 30 000; 1.0 for a gas where the coefficient is uncertain, which gives the upper bound.
LIQUID_COEFFICIENT, GAS_COEFFICIENT = 0.61, 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HoleFlow:
    """Flow through a hole.

    Parameters
    ----------
    mass_rate
        [kg s⁻¹]
    velocity
        Mean velocity over the area of the hole, ``mass_rate / (density area)``. [m s⁻¹]
    pressure
        In the throat. [Pa]
    temperature
        In the throat; None for a liquid. [K]
    density
        In the throat. [kg m⁻³]
    choked
        The flow is sonic: a lower outside pressure would not raise it.
    vapour_fraction
        Mass fraction of vapour in the throat; None for a gas, or a liquid that does not boil there.
    """

    mass_rate: float
    velocity: float
    pressure: float
    temperature: float | None
    density: float
    choked: bool
    vapour_fraction: float | None = None


def gas_hole_rate(
    *,
    hole_diameter: float,
    pressure: float,
    temperature: float,
    molar_mass: float,
    heat_capacity_ratio: float,
    discharge_coefficient: float = GAS_COEFFICIENT,
    ambient_pressure: float = ATMOSPHERE,
    compressibility: float = 1.0,
) -> HoleFlow:
    """Isentropic flow of a gas from a large vessel through a hole.

    Choked when ``ambient_pressure / pressure <= (2/(γ + 1))^(γ/(γ - 1))``. With r the larger of the two ratios, the
    throat has ``T = T₁ r^((γ - 1)/γ)``, ``ρ = r p₁ M/(Z R T)``, speed ``sqrt(2 γ/(γ - 1) Z R (T₁ - T)/M)``, and the
    mass rate is ``Cd A ρ speed``; this is the usual closed formula for either regime.

    Parameters
    ----------
    hole_diameter
        [m]
    pressure
        Inside, absolute. [Pa]
    temperature
        Inside. [K]
    molar_mass
        [kg mol⁻¹]
    heat_capacity_ratio
        γ = cp/cv of the gas.
    discharge_coefficient
        1.0, the upper bound, unless given.
    ambient_pressure
        Outside. [Pa]
    compressibility
        Z inside; 1 for an ideal gas.

    Raises
    ------
    ModelError
        A value out of range, or no pressure to drive the flow.

    References
    ----------
    Crowl, D.A. and Louvar, J.F., 2011, Chemical Process Safety, 3rd ed., chapter 4 (flow of gases through holes).
    van den Bosch, C.J.H. and Weterings, R.A.P.M. (eds), 2005, Yellow Book, CPR 14E, 3rd ed., section 2.5.2.
    """
    check_ranges(
        ("hole_diameter", hole_diameter, 0.0, 10.0, "m"),
        ("pressure", pressure, 1e3, 1e8, "Pa"),
        ("temperature", temperature, 20.0, 3000.0, "K"),
        ("molar_mass", molar_mass, 1e-3, 1.0, "kg mol⁻¹"),
        ("heat_capacity_ratio", heat_capacity_ratio, 1.001, 1.67, ""),
        ("discharge_coefficient", discharge_coefficient, 0.0, 1.0, ""),
        ("ambient_pressure", ambient_pressure, 3e4, 1.2e5, "Pa"),
        ("compressibility", compressibility, 0.05, 2.0, ""),
        where="gas_hole_rate",
    )
    _check_driven(pressure, ambient_pressure, where="gas_hole_rate")
    gamma, area = heat_capacity_ratio, 0.25 * math.pi * hole_diameter**2
    specific = compressibility * GAS_CONSTANT / molar_mass
    critical = (2.0 / (gamma + 1.0)) ** (gamma / (gamma - 1.0))
    ratio = max(ambient_pressure / pressure, critical)
    throat = temperature * ratio ** ((gamma - 1.0) / gamma)
    density = ratio * pressure / (specific * throat)
    speed = math.sqrt(2.0 * gamma / (gamma - 1.0) * specific * (temperature - throat))
    return HoleFlow(
        mass_rate=discharge_coefficient * area * density * speed,
        velocity=discharge_coefficient * speed,
        pressure=ratio * pressure,
        temperature=throat,
        density=density,
        choked=ambient_pressure / pressure <= critical,
    )


def liquid_hole_rate(
    *,
    hole_diameter: float,
    density: float,
    pressure: float,
    head: float = 0.0,
    discharge_coefficient: float = LIQUID_COEFFICIENT,
    ambient_pressure: float = ATMOSPHERE,
) -> HoleFlow:
    """Bernoulli flow of a liquid through a hole: ``Cd A sqrt(2 ρ (p - pa) + 2 ρ² g h)``.

    Parameters
    ----------
    hole_diameter
        [m]
    density
        Of the liquid. [kg m⁻³]
    pressure
        Above the liquid, absolute. [Pa]
    head
        Height of the liquid above the hole. [m]
    discharge_coefficient
        0.61, a sharp-edged hole, unless given.
    ambient_pressure
        Outside. [Pa]

    Raises
    ------
    ModelError
        A value out of range, or no pressure to drive the flow.

    References
    ----------
    Crowl, D.A. and Louvar, J.F., 2011, Chemical Process Safety, 3rd ed., sections 4-2 and 4-3.
    van den Bosch, C.J.H. and Weterings, R.A.P.M. (eds), 2005, Yellow Book, CPR 14E, 3rd ed., section 2.5.4.
    """
    check_ranges(
        ("hole_diameter", hole_diameter, 0.0, 10.0, "m"),
        ("density", density, 1.0, 25000.0, "kg m⁻³"),
        ("pressure", pressure, 1e3, 1e8, "Pa"),
        ("head", head, 0.0, 500.0, "m"),
        ("discharge_coefficient", discharge_coefficient, 0.0, 1.0, ""),
        ("ambient_pressure", ambient_pressure, 3e4, 1.2e5, "Pa"),
        where="liquid_hole_rate",
    )
    inside = pressure + density * GRAVITY * head
    _check_driven(inside, ambient_pressure, where="liquid_hole_rate")
    area = 0.25 * math.pi * hole_diameter**2
    velocity = discharge_coefficient * math.sqrt(2.0 * (inside - ambient_pressure) / density)
    return HoleFlow(
        mass_rate=density * area * velocity,
        velocity=velocity,
        pressure=ambient_pressure,
        temperature=None,
        density=density,
        choked=False,
    )


def _check_driven(pressure: float, ambient_pressure: float, *, where: str) -> None:
    if pressure <= ambient_pressure:
        raise ModelError(
            f"the pressure at the hole, {pressure:.6g} Pa, does not exceed the air pressure, {ambient_pressure:.6g} Pa",
            where=where,
            fix="nothing flows out; give an absolute pressure above the air pressure, or a liquid head",
        )


def check_ranges(*rows: tuple[str, float, float, float, str], where: str) -> None:
    """Refuse every value that is not a number of the stated range, all at once.

    Parameters
    ----------
    rows
        Name, value, lowest, highest, unit; a hole and a discharge coefficient may not be 0.
    where
        Place named in the error.

    Raises
    ------
    ModelError, UnitError
        A value out of range; a text or something else that is not a number.
    """
    _numbers(where, **{row[0]: row[1] for row in rows})
    problems = []
    for name, value, low, high, unit in rows:
        open_end = low == 0.0 and name in {"hole_diameter", "discharge_coefficient"}
        if not low <= value <= high or (open_end and value == 0.0):
            start = "above 0" if open_end else f"from {low:g}"
            problems.append(
                Problem(
                    f"{name} is {value!r}",
                    where=f"{where}.{name}",
                    fix=f"give a value {start} to {high:g} {unit}".rstrip(),
                )
            )
    if problems:
        raise ModelError.of(problems, where=where)


def _numbers(where: str, **given: object) -> None:
    for name, value in given.items():
        if isinstance(value, str):
            raise UnitError(
                f"{name} is the text {value!r}",
                where=f"{where}.{name}",
                fix="give an SI number; twin.units.parse_quantity reads text with a unit",
            )
        if isinstance(value, bool) or not isinstance(value, Real):
            raise UnitError(f"{name} is {value!r}, not a number", where=f"{where}.{name}", fix="give an SI number")
