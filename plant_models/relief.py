"""Relief valves: rate of a valve, area for a rate, of gas, steam or liquid; when a valve opens and shuts."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from plant_models.discharge import ATMOSPHERE, check_ranges
from twin.errors import ModelError
from twin.weather import GAS_CONSTANT

__all__ = [
    "ORIFICES",
    "GasRelief",
    "LiquidRelief",
    "SteamRelief",
    "next_orifice",
    "relief_valve_area",
    "relief_valve_opening",
    "relief_valve_rate",
]

# API Std 526, 7th ed. 2017, Flanged steel pressure-relief valves: effective orifice areas of the letters, in².
ORIFICES: dict[str, float] = {
    letter: area * 0.0254**2  # m²
    for letter, area in zip(
        "DEFGHJKLMNPQRT",
        (0.110, 0.196, 0.307, 0.503, 0.785, 1.287, 1.838, 2.853, 3.60, 4.34, 6.38, 11.05, 16.0, 26.0),
        strict=True,
    )
}
# API Std 520 Part I, effective coefficients for preliminary sizing: 0.975 gas and steam, 0.65 liquid. With a rupture
# disc upstream that was not certified together with the valve Kc is 0.9; without a disc 1.
_GAS_KD, _LIQUID_KD = 0.975, 0.65
# Napier's equation as in API Std 520 Part I, 2014, sizing for steam: A = 190.5 W/(P₁ Kd Kb Kc KN KSH); mm², kg/h, kPa.
_NAPIER = 190.5 * 3600.0 * 1e-3  # Pa s m² kg⁻¹
# Superheat correction KSH of API Std 520 Part I, 7th to 9th ed., table of superheat correction factors, as held by the
# package `fluids` 1.3.1 (MIT). Rows: set pressure, psig; columns 300, 400 ... 1200 °F; hundredths. The 0.78 at
# 1000 psig and 900 °F stands below both its neighbours (0.79, 0.80): a likely misprint, kept, on the safe side.
_SUPERHEAT = """\
15 100 98 93 88 84 80 77 74 72 70\n20 100 98 93 88 84 80 77 74 72 70\n40 100 99 93 88 84 81 77 74 72 70
60 100 99 93 88 84 81 77 75 72 70\n80 100 99 93 88 84 81 77 75 72 70\n100 100 99 94 89 84 81 77 75 72 70
120 100 99 94 89 84 81 78 75 72 70\n140 100 99 94 89 85 81 78 75 72 70\n160 100 99 94 89 85 81 78 75 72 70
180 100 99 94 89 85 81 78 75 72 70\n200 100 99 95 89 85 81 78 75 72 70\n220 100 99 95 89 85 81 78 75 72 70
240 100 100 95 90 85 81 78 75 72 70\n260 100 100 95 90 85 81 78 75 72 70\n280 100 100 96 90 85 81 78 75 72 70
300 100 100 96 90 85 81 78 75 72 70\n350 100 100 96 90 86 82 78 75 72 70\n400 100 100 96 91 86 82 78 75 72 70
500 100 100 96 92 86 82 78 75 73 70\n600 100 100 97 92 87 82 79 75 73 70\n800 100 100 100 95 88 83 79 76 73 70
1000 100 100 100 96 89 84 78 76 73 71\n1250 100 100 100 97 91 85 80 77 74 71\n1500 100 100 100 100 93 86 81 77 74 71
1750 100 100 100 100 94 86 81 77 73 70\n2000 100 100 100 100 95 86 80 76 72 69\n2500 100 100 100 100 95 85 78 73 69 66
3000 100 100 100 100 100 82 74 69 65 62"""
_PSI = 6894.757293168  # Pa; the international avoirdupois pound, inch and standard gravity
_FACTORS = (
    ("discharge_coefficient", 0.0, 1.0),
    ("back_pressure_factor", 0.0, 1.0),
    ("combination_factor", 0.0, 1.0),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GasRelief:
    """Gas or vapour in front of an open relief valve.

    Isentropic flow of a gas with constant k and Z, times the factors: sonic when the back pressure is at or below
    (2/(k + 1))^(k/(k - 1)) of the relieving pressure, with the coefficient C of API 520; else with its F₂. The
    constants 0.03948 and 17.9 of the standard are these formulas in kg/h, kPa and mm² (to 0.001 % and 0.06 %).

    Parameters
    ----------
    pressure
        Relieving pressure: set pressure plus overpressure plus that of the air, absolute. [Pa]
    temperature
        In front of the valve. [K]
    molar_mass
        [kg mol⁻¹]
    heat_capacity_ratio
        k of the ideal gas at that temperature, cp/(cp - R): not cp/cv of the compressed gas.
    compressibility
        Z in front of the valve, from 0.8 to 1.1: outside, API 520 Annex B asks for a real-gas nozzle.
    back_pressure
        Behind the open valve, superimposed plus built-up, absolute. [Pa]
    discharge_coefficient
        Kd; 0.975 unless certified otherwise.
    back_pressure_factor
        Kb of a balanced valve, from its maker; below 1 the sonic formula holds with it at every back pressure.
    combination_factor
        Kc; 1 without a rupture disc.

    Raises
    ------
    ModelError, UnitError
        A value out of range, or a back pressure not below the relieving pressure.

    References
    ----------
    API Std 520 Part I, 2014, 9th ed., and 2020, 10th ed., sizing for gas or vapour relief, critical and subcritical.
    """

    pressure: float
    temperature: float
    molar_mass: float
    heat_capacity_ratio: float
    compressibility: float = 1.0
    back_pressure: float = ATMOSPHERE
    discharge_coefficient: float = _GAS_KD
    back_pressure_factor: float = 1.0
    combination_factor: float = 1.0

    def __post_init__(self) -> None:
        _check(
            self,
            ("pressure", 1e4, 1e8, "Pa"),
            ("temperature", 20.0, 3000.0, "K"),
            ("molar_mass", 1e-3, 1.0, "kg mol⁻¹"),
            ("heat_capacity_ratio", 1.001, 1.67, ""),
            ("compressibility", 0.8, 1.1, ""),
            ("back_pressure", 0.0, 1e8, "Pa"),
        )

    @property
    def critical_pressure(self) -> float:
        """Back pressure up to which the flow is sonic. [Pa]"""
        k = self.heat_capacity_ratio
        return float(self.pressure * (2.0 / (k + 1.0)) ** (k / (k - 1.0)))

    @property
    def choked(self) -> bool:
        """The flow is sonic, or the valve a balanced one that is treated so."""
        return self.back_pressure <= self.critical_pressure or self.back_pressure_factor < 1.0

    @property
    def mass_flux(self) -> float:
        """Mass rate per effective area. [kg m⁻² s⁻¹]"""
        k, factor = self.heat_capacity_ratio, self.discharge_coefficient * self.combination_factor
        density = self.pressure * self.molar_mass / (self.compressibility * GAS_CONSTANT * self.temperature)
        if self.choked:
            sonic = math.sqrt(k * (2.0 / (k + 1.0)) ** ((k + 1.0) / (k - 1.0)))
            return float(factor * self.back_pressure_factor * sonic * math.sqrt(self.pressure * density))
        r = self.back_pressure / self.pressure
        f2 = math.sqrt(k / (k - 1.0) * r ** (2.0 / k) * (1.0 - r ** ((k - 1.0) / k)) / (1.0 - r))
        return float(factor * f2 * math.sqrt(2.0 * density * (self.pressure - self.back_pressure)))


@dataclass(frozen=True, slots=True, kw_only=True)
class SteamRelief:
    """Steam in front of an open relief valve: Napier's equation with KN above 10 339 kPa and KSH for superheat.

    Parameters
    ----------
    pressure
        Relieving pressure, absolute; up to 20.78 MPa. [Pa]
    temperature
        In front of the valve, up to 922 K (1200 °F); None for saturated steam. [K]
    discharge_coefficient, back_pressure_factor, combination_factor
        As for :class:`GasRelief`. The flow is taken as sonic, so from about 1.8 bar on into the open air.

    Raises
    ------
    ModelError, UnitError
        A value out of range.

    References
    ----------
    API Std 520 Part I, 2014, 9th ed., sizing for steam relief. The 10th ed. has a finer table of superheat.
    """

    pressure: float
    temperature: float | None = None
    discharge_coefficient: float = _GAS_KD
    back_pressure_factor: float = 1.0
    combination_factor: float = 1.0

    def __post_init__(self) -> None:
        steam = () if self.temperature is None else (("temperature", 273.16, 922.04, "K"),)
        # 15 psig, the lowest row of the table, and 20 679 kPa gauge, its highest
        _check(self, ("pressure", 15.0 * _PSI + ATMOSPHERE, 3000.0 * _PSI + ATMOSPHERE, "Pa"), *steam)

    @property
    def superheat_factor(self) -> float:
        """KSH, straight between the values of the table; 1 for saturated steam and up to 300 °F."""
        if self.temperature is None:
            return 1.0
        rows = np.array([line.split() for line in _SUPERHEAT.splitlines()], float)
        fahrenheit = self.temperature * 1.8 - 459.67
        column = [np.interp(fahrenheit, np.arange(300.0, 1201.0, 100.0), row[1:]) for row in rows]
        return float(np.interp((self.pressure - ATMOSPHERE) / _PSI, rows[:, 0], column)) / 100.0

    @property
    def napier_factor(self) -> float:
        """KN: 1 up to 10 339 kPa, then (0.02764 P - 1000)/(0.03324 P - 1061), P in kPa absolute."""
        kilopascal = self.pressure * 1e-3
        if kilopascal <= 10339.0:
            return 1.0
        return (0.02764 * kilopascal - 1000.0) / (0.03324 * kilopascal - 1061.0)

    @property
    def mass_flux(self) -> float:
        """Mass rate per effective area. [kg m⁻² s⁻¹]"""
        factor = self.discharge_coefficient * self.back_pressure_factor * self.combination_factor
        return self.pressure * factor * self.napier_factor * self.superheat_factor / _NAPIER


@dataclass(frozen=True, slots=True, kw_only=True)
class LiquidRelief:
    """Liquid that does not flash in front of an open relief valve.

    Bernoulli, √(2 ρ (p - p_back)) times the factors, among them Kv = (1 + 170/Re)^(-1/2) for a viscous liquid, with
    the diameter of the round orifice in Re. The standard allows Kv from Re = 80 on.

    Parameters
    ----------
    pressure
        Relieving pressure, absolute. [Pa]
    density
        [kg m⁻³]
    viscosity
        [Pa s]; 0 leaves Kv at 1, as the standard allows below 0.1 Pa s.
    back_pressure
        Behind the valve, absolute. [Pa]
    discharge_coefficient
        Kd; 0.65 for a valve certified for liquid, 0.62 for a rupture disc, unless certified otherwise.
    back_pressure_factor
        Kw of a balanced valve, from its maker.
    combination_factor
        Kc; 1 without a rupture disc.

    Raises
    ------
    ModelError, UnitError
        A value out of range, or a back pressure not below the relieving pressure.

    References
    ----------
    API Std 520 Part I, 2020, 10th ed., sizing for liquid relief, valves that require capacity certification.
    """

    pressure: float
    density: float
    viscosity: float = 0.0
    back_pressure: float = ATMOSPHERE
    discharge_coefficient: float = _LIQUID_KD
    back_pressure_factor: float = 1.0
    combination_factor: float = 1.0

    def __post_init__(self) -> None:
        _check(
            self,
            ("pressure", 1e4, 1e8, "Pa"),
            ("density", 1.0, 25000.0, "kg m⁻³"),
            ("viscosity", 0.0, 1e3, "Pa s"),
            ("back_pressure", 0.0, 1e8, "Pa"),
        )

    @property
    def mass_flux(self) -> float:
        """Mass rate per effective area of a liquid without viscosity. [kg m⁻² s⁻¹]"""
        factor = self.discharge_coefficient * self.back_pressure_factor * self.combination_factor
        return factor * math.sqrt(2.0 * self.density * (self.pressure - self.back_pressure))


Relief = GasRelief | SteamRelief | LiquidRelief


def relief_valve_rate(relief: Relief, *, area: float) -> float:
    """Mass rate through a fully open valve. [kg s⁻¹]

    Parameters
    ----------
    relief
        What stands in front of the valve, and the valve's factors.
    area
        Effective (API) orifice area. [m²]

    Raises
    ------
    ModelError, UnitError
        A value out of range; a liquid so viscous that Re is below 80.
    """
    check_ranges(("area", area, 1e-8, 1.0, "m²"), where="relief_valve_rate")
    rate = relief.mass_flux * area
    if isinstance(relief, LiquidRelief) and relief.viscosity:
        # W = W₀ Kv with Re = W/(¼ π d μ) is W² + 170 (¼ π d μ) W = W₀²; ¼ π d = ½ √(π A)
        unit = 0.5 * math.sqrt(math.pi * area) * relief.viscosity
        rate = 2.0 * rate**2 / (170.0 * unit + math.hypot(170.0 * unit, 2.0 * rate))
        if rate < 80.0 * unit:
            raise ModelError(
                f"the Reynolds number in the valve is {rate / unit:.3g}",
                where="relief_valve_rate",
                fix="give a larger area or a viscosity that keeps it from 80 on: Kv is not known below",
            )
    return rate


def relief_valve_area(relief: Relief, *, mass_rate: float) -> float:
    """Effective orifice area that a required rate needs, before the next larger orifice is chosen. [m²]

    Parameters
    ----------
    relief
        What stands in front of the valve, and the valve's factors.
    mass_rate
        Required. [kg s⁻¹]

    Raises
    ------
    ModelError, UnitError
        A value out of range; a liquid so viscous that Re is below 80.
    """
    check_ranges(("mass_rate", mass_rate, 1e-6, 1e5, "kg s⁻¹"), where="relief_valve_area")
    area = mass_rate / relief.mass_flux
    if isinstance(relief, LiquidRelief) and relief.viscosity:
        for _ in range(200):  # A = A₀ (1 + 170/Re)^½ with 1/Re ∝ √A: each step leaves a quarter of the error at most
            inverse = 0.5 * math.sqrt(math.pi * area) * relief.viscosity / mass_rate
            before, area = area, mass_rate / relief.mass_flux * math.sqrt(1.0 + 170.0 * inverse)
            if abs(area - before) <= 1e-15 * area:
                break
        if inverse > 1.0 / 80.0:
            raise ModelError(
                f"the Reynolds number in the valve is {1.0 / inverse:.3g}",
                where="relief_valve_area",
                fix="give a larger rate or a viscosity that keeps it from 80 on: Kv is not known below",
            )
    return area


def next_orifice(area: float) -> str:
    """Letter of the smallest orifice of API 526 that has at least `area` [m²]; its area is in :data:`ORIFICES`.

    Raises
    ------
    ModelError, UnitError
        An area that is not a positive number, or one larger than the T orifice.
    """
    check_ranges(("area", area, 1e-9, 1e3, "m²"), where="next_orifice")
    for letter, held in ORIFICES.items():
        if held >= area:
            return letter
    raise ModelError(
        f"an area of {area:.4g} m²",
        where="next_orifice.area",
        fix=f"give at most {ORIFICES['T']:.5g} m², the T orifice, or share the rate among several valves",
    )


def relief_valve_opening(
    *,
    pressure: float,
    previous: float,
    set_pressure: float,
    pop: float,
    overpressure: float = 0.10,
    blowdown: float = 0.07,
    ambient_pressure: float = ATMOSPHERE,
) -> float:
    """Share of the full lift of a relief valve, from that a moment before: it pops, fills, holds and reseats.

    Below the reseating pressure the valve is shut. At the set pressure it pops to `pop`, and the lift then grows in
    proportion to 1 at the full overpressure. It does not fall again before the pressure has fallen to the reseating
    pressure: the two pressures differ, so the past counts. Percentages are of the gauge set pressure.

    Parameters
    ----------
    pressure
        In the vessel, absolute. [Pa]
    previous
        Opening a moment before, from 0 to 1.
    set_pressure
        Absolute. [Pa]
    pop
        Opening at the set pressure: 1 for a pilot valve with pop action, some 0.6 to 0.7 for a spring valve on gas,
        near 0 for one on liquid.
    overpressure
        At full lift, share of the set pressure; 0.10, one valve and no fire, unless given.
    blowdown
        Fall below the set pressure to the reseating pressure, share of the set pressure; 0.07 unless given.
    ambient_pressure
        Zero of the gauge. [Pa]

    Raises
    ------
    ModelError, UnitError
        A value out of range, or a set pressure not above that of the air.

    References
    ----------
    API Std 520 Part I, 2014, 9th ed., operational characteristics of spring-loaded valves (set, lift, blowdown) and
    section on overpressure; ASME BPVC Section VIII Div. 1, 2015, UG-125 (10 % accumulation).
    """
    where = "relief_valve_opening"
    check_ranges(
        ("pressure", pressure, 0.0, 1e9, "Pa"),
        ("previous", previous, 0.0, 1.0, ""),
        ("set_pressure", set_pressure, 1e3, 1e8, "Pa"),
        ("pop", pop, 0.0, 1.0, ""),
        ("overpressure", overpressure, 0.01, 0.5, ""),
        ("blowdown", blowdown, 0.0, 0.5, ""),
        ("ambient_pressure", ambient_pressure, 3e4, 1.2e5, "Pa"),
        where=where,
    )
    gauge = set_pressure - ambient_pressure
    if gauge <= 0.0:
        raise ModelError(
            f"set pressure {set_pressure:.6g} Pa",
            where=f"{where}.set_pressure",
            fix=f"give an absolute pressure above that of the air, {ambient_pressure:.6g} Pa",
        )
    excess = (pressure - set_pressure) / gauge
    if excess < -blowdown or (excess < 0.0 and previous == 0.0):
        return 0.0
    rising = pop + (1.0 - pop) * excess / overpressure if excess >= 0.0 else 0.0
    return min(1.0, max(previous, rising))


def _check(relief: Relief, *rows: tuple[str, float, float, str]) -> None:
    where = type(relief).__name__
    check_ranges(
        *((name, getattr(relief, name), low, high, unit) for name, low, high, unit in rows),
        *((name, getattr(relief, name), low, high, "") for name, low, high in _FACTORS),
        where=where,
    )
    for name, _, _ in _FACTORS:
        if getattr(relief, name) == 0.0:
            raise ModelError(f"{name} is 0", where=f"{where}.{name}", fix="give a value above 0 to 1")
    if not isinstance(relief, SteamRelief) and relief.back_pressure >= relief.pressure:
        raise ModelError(
            f"the back pressure, {relief.back_pressure:.6g} Pa, is not below the relieving pressure, "
            f"{relief.pressure:.6g} Pa",
            where=f"{where}.back_pressure",
            fix="nothing flows out; give absolute pressures, the back pressure the lower one",
        )
