"""How fast a liquid surface evaporates into air, and what the ground or the water below it gives.

Correlations, constants and tables; :mod:`plant_models.pools` integrates them in time.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from plant_models.discharge import ATMOSPHERE, check_ranges
from plant_models.substances import Substance, substance
from twin.errors import ModelError, near
from twin.weather import AIR_MOLAR_MASS, GAS_CONSTANT

__all__ = [
    "CALM_WIND",
    "Correlation",
    "LiquidTable",
    "Substrate",
    "air_heat_transfer",
    "between",
    "evaporation_flux",
    "evaporation_rate",
    "kinematic_viscosity_of_air",
    "known_substrates",
    "mass_transfer_coefficient",
    "standing_notes",
    "substrate",
]

Correlation = Literal["mackay_matsugu", "still_air", "epa"]

# Dry air near 300 K: Incropera and DeWitt 1996, Fundamentals of Heat and Mass Transfer, 4th ed., Table A.4.
_AIR_HEAT_CAPACITY, _AIR_PRANDTL = 1007.0, 0.707
# Sutherland's law of the US Standard Atmosphere 1976: β = 1.458e-6 kg s⁻¹ m⁻¹ K^-1/2, S = 110.4 K.
_SUTHERLAND, _SUTHERLAND_TEMPERATURE = 1.458e-6, 110.4
# Lowest wind at 10 m for which ALOHA computes anything (Jones et al. 2013): the correlations below give nothing in calm
# air, where a real pool still loses vapour, so a lower wind is taken as this one.
CALM_WIND = 1.0
_SCHMIDT_EXPONENT = 0.67
_ROWS = 801  # of the table of a liquid: the vapour pressure between rows is within 1e-5
_SUPERHEAT = 1.0  # K: a refrigerated liquid given at its rounded boiling point is not refused
_WATER = 18.0  # g mol⁻¹, the reference of the two correlations that scale with the molar mass


def kinematic_viscosity_of_air(temperature: float, pressure: float) -> float:
    """Kinematic viscosity of dry air at the temperature [K] and pressure [Pa]. [m² s⁻¹]

    References
    ----------
    US Standard Atmosphere 1976, NOAA-S/T 76-1562, section on viscosity (Sutherland's law); density of the ideal gas.
    """
    viscosity = _SUTHERLAND * temperature**1.5 / (temperature + _SUTHERLAND_TEMPERATURE)
    return float(viscosity * GAS_CONSTANT * temperature / (pressure * AIR_MOLAR_MASS))


def _mackay_matsugu(wind_speed: float, diameter: float, schmidt_number: float, molar_mass: float) -> float:
    del molar_mass
    return float(0.004786 * wind_speed**0.78 * diameter**-0.11 * schmidt_number**-_SCHMIDT_EXPONENT)


def _still_air(wind_speed: float, diameter: float, schmidt_number: float, molar_mass: float) -> float:
    del wind_speed, diameter, schmidt_number
    return float(0.0083 * (_WATER / (1e3 * molar_mass)) ** (1.0 / 3.0))


def _epa(wind_speed: float, diameter: float, schmidt_number: float, molar_mass: float) -> float:
    del diameter, schmidt_number
    return float(0.0067 * wind_speed**0.78 * (_WATER / (1e3 * molar_mass)) ** (1.0 / 3.0))


_CORRELATIONS: Mapping[str, Callable[[float, float, float, float], float]] = MappingProxyType(
    {"mackay_matsugu": _mackay_matsugu, "still_air": _still_air, "epa": _epa}
)


def mass_transfer_coefficient(
    *,
    wind_speed: float,
    diameter: float,
    schmidt_number: float,
    molar_mass: float,
    correlation: Correlation = "mackay_matsugu",
) -> float:
    """Mass transfer coefficient of vapour from a liquid surface into air. [m s⁻¹]

    ``mackay_matsugu``
        0.004786 u^0.78 D^-0.11 Sc^-0.67, all in SI, the wind u at 10 m.
    ``still_air``
        K0 (18/M)^(1/3) with K0 = 0.83 cm/s of water: open vessels and rooms, whatever the wind.
    ``epa``
        0.67 cm/s (u / 1 m/s)^0.78 (18/M)^(1/3), which gives the 0.284 of the published evaporation equation in pounds
        per minute, square feet and mmHg.

    A wind below ``CALM_WIND`` (1 m/s) is taken as ``CALM_WIND``.

    Parameters
    ----------
    wind_speed
        At 10 m. [m s⁻¹]
    diameter
        Of the surface, or of the circle of the same area. [m]
    schmidt_number
        Kinematic viscosity of air over diffusivity of the vapour in air.
    molar_mass
        [kg mol⁻¹]
    correlation
        One of the three names.

    Raises
    ------
    ModelError
        A value out of range, or an unknown correlation.

    References
    ----------
    Mackay, D. and Matsugu, R.S., 1973, Can. J. Chem. Eng. 51:434-439; SI form as in the Yellow Book, CPR 14E, 3rd ed.
    2005, section on evaporation from pools.
    Crowl, D.A. and Louvar, J.F., 2011, Chemical Process Safety, 3rd ed., chapter 3 (vaporization rate of a liquid).
    US EPA, 1999, Risk Management Program Guidance for Offsite Consequence Analysis, EPA 550-B-99-009, appendix D
    (evaporation rate equation).
    """
    check_ranges(
        ("wind_speed", wind_speed, 0.0, 60.0, "m s⁻¹"),
        ("diameter", diameter, 1e-3, 1e4, "m"),
        ("schmidt_number", schmidt_number, 0.1, 20.0, ""),
        ("molar_mass", molar_mass, 1e-3, 1.0, "kg mol⁻¹"),
        where="mass_transfer_coefficient",
    )
    form = _CORRELATIONS.get(correlation)
    if form is None:
        raise ModelError(
            f"there is no correlation {correlation!r}", where="correlation", fix=near(str(correlation), _CORRELATIONS)
        )
    return form(max(wind_speed, CALM_WIND), diameter, schmidt_number, molar_mass)


def air_heat_transfer(*, coefficient: float, schmidt_number: float, temperature: float, pressure: float) -> float:
    """Heat transfer coefficient of air that belongs to a mass transfer coefficient: ρ cp k (Sc/Pr)^0.67. [W m⁻² K⁻¹]

    The analogy of Chilton and Colburn with the exponent of the mass transfer. That the outflow of vapour keeps warm air
    off a boiling pool is neglected, which overstates a small term.

    Parameters
    ----------
    coefficient
        Mass transfer coefficient. [m s⁻¹]
    schmidt_number
        The one that belongs to it.
    temperature
        Mean of surface and air. [K]
    pressure
        [Pa]

    References
    ----------
    Chilton, T.H. and Colburn, A.P., 1934, Ind. Eng. Chem. 26:1183-1187.
    """
    density = pressure * AIR_MOLAR_MASS / (GAS_CONSTANT * temperature)
    return float(density * _AIR_HEAT_CAPACITY * coefficient * (schmidt_number / _AIR_PRANDTL) ** _SCHMIDT_EXPONENT)


def evaporation_flux(
    *,
    coefficient: float,
    vapour_pressure: float,
    molar_mass: float,
    temperature: float,
    pressure: float = ATMOSPHERE,
    stefan_flow: bool = True,
) -> float:
    """Evaporation from a unit of surface into air free of the vapour. [kg m⁻² s⁻¹]

    k M P/(R T) ln(1/(1 - p/P)); without the Stefan flow k M p/(R T), which is the limit of a low vapour pressure.

    Parameters
    ----------
    coefficient
        Mass transfer coefficient. [m s⁻¹]
    vapour_pressure
        At the surface. [Pa]
    molar_mass
        [kg mol⁻¹]
    temperature
        Of the surface. [K]
    pressure
        Of the air. [Pa]
    stefan_flow
        Count that the vapour itself drives a flow away from the surface.

    Raises
    ------
    ModelError
        A value out of range; the liquid boils.

    References
    ----------
    Bird, R.B., Stewart, W.E. and Lightfoot, E.N., 2007, Transport Phenomena, 2nd ed., section 18.2 (diffusion through a
    stagnant gas film).
    """
    check_ranges(
        ("coefficient", coefficient, 0.0, 10.0, "m s⁻¹"),
        ("vapour_pressure", vapour_pressure, 0.0, 1e8, "Pa"),
        ("molar_mass", molar_mass, 1e-3, 1.0, "kg mol⁻¹"),
        ("temperature", temperature, 20.0, 1000.0, "K"),
        ("pressure", pressure, 3e4, 1.2e5, "Pa"),
        where="evaporation_flux",
    )
    if vapour_pressure >= pressure:
        raise ModelError(
            f"the liquid boils: its vapour pressure at {temperature:.5g} K, {vapour_pressure:.5g} Pa, reaches that of "
            f"the air, {pressure:.5g} Pa",
            where="evaporation_flux",
            fix="give a lower temperature; a boiling pool is limited by heat, see plant_models.pools",
        )
    ratio = vapour_pressure / pressure
    drive = -math.log1p(-ratio) if stefan_flow else ratio
    return coefficient * molar_mass * pressure / (GAS_CONSTANT * temperature) * drive


def evaporation_rate(
    substance: Substance | str,
    *,
    area: float,
    temperature: float,
    wind_speed: float,
    pressure: float = ATMOSPHERE,
    correlation: Correlation = "mackay_matsugu",
    stefan_flow: bool = True,
) -> float:
    """Evaporation from an open vessel or a pool of known area and surface temperature. [kg s⁻¹]

    Parameters
    ----------
    substance
        Which liquid, or its name.
    area
        Of the surface. [m²]
    temperature
        Of the surface; a pool left to itself cools, see :mod:`plant_models.pools`. [K]
    wind_speed
        At 10 m; below 1 m/s it is taken as 1 m/s. [m s⁻¹]
    pressure
        Of the air. [Pa]
    correlation
        See :func:`mass_transfer_coefficient`.
    stefan_flow
        See :func:`evaporation_flux`; the published forms of ``still_air`` and ``epa`` are without it.

    Raises
    ------
    ModelError
        A value out of range; the liquid boils; a property that is not known at this temperature.
    """
    check_ranges(
        ("area", area, 1e-4, 1e7, "m²"),
        ("temperature", temperature, 20.0, 1000.0, "K"),
        ("wind_speed", wind_speed, 0.0, 60.0, "m s⁻¹"),
        ("pressure", pressure, 3e4, 1.2e5, "Pa"),
        where="evaporation_rate",
    )
    liquid = _named(substance)
    coefficient = mass_transfer_coefficient(
        wind_speed=wind_speed,
        diameter=math.sqrt(4.0 * area / math.pi),
        schmidt_number=kinematic_viscosity_of_air(temperature, pressure) / liquid.diffusivity(temperature, pressure),
        molar_mass=liquid.molar_mass,
        correlation=correlation,
    )
    return area * evaporation_flux(
        coefficient=coefficient,
        vapour_pressure=liquid.vapour_pressure(temperature),
        molar_mass=liquid.molar_mass,
        temperature=temperature,
        pressure=pressure,
        stefan_flow=stefan_flow,
    )


def _named(given: Substance | str) -> Substance:
    return substance(given) if isinstance(given, str) else given


@dataclass(frozen=True, slots=True, kw_only=True)
class Substrate:
    """What a pool lies on: a half-space that conducts heat, or water that is stirred.

    The heat flux into a pool that is T_ground - T warmer below is ``contact_factor k ΔT / sqrt(π α t)`` a time t after
    the ground was wetted, or ``heat_transfer_coefficient ΔT`` over water.

    Parameters
    ----------
    name
        Name it is found by.
    conductivity
        k; 0 over water. [W m⁻¹ K⁻¹]
    diffusivity
        α = k/(ρ cp). [m² s⁻¹]
    minimum_depth
        Mean depth at which a pool stops spreading. Rough or overgrown ground holds more; give one's own. [m]
    heat_transfer_coefficient
        None: the substrate conducts. [W m⁻² K⁻¹]
    density
        Of the liquid a pool floats on; None: solid ground. [kg m⁻³]
    contact_factor
        Factor on the conducted flux. Cryogenic liquids that crack or soak into soil draw more heat than a smooth
        surface gives: the values that ALOHA uses for its own soils amount to a factor of 3.
    source
        Where the numbers come from.
    status
        "unverified" where a number could not be read in its source; users of the result see it.

    Raises
    ------
    ModelError
        A value out of range.
    """

    name: str
    conductivity: float
    diffusivity: float
    minimum_depth: float
    heat_transfer_coefficient: float | None = None
    density: float | None = None
    contact_factor: float = 1.0
    source: str = ""
    status: Literal["verified", "unverified"] = "verified"

    def __post_init__(self) -> None:
        stirred, floats = self.heat_transfer_coefficient, self.density
        check_ranges(
            ("conductivity", self.conductivity, 0.0, 500.0, "W m⁻¹ K⁻¹"),
            ("diffusivity", self.diffusivity, 1e-9, 1e-2, "m² s⁻¹"),
            ("minimum_depth", self.minimum_depth, 1e-4, 1.0, "m"),
            ("heat_transfer_coefficient", 0.0 if stirred is None else stirred, 0.0, 1e5, "W m⁻² K⁻¹"),
            ("density", 1000.0 if floats is None else floats, 500.0, 2000.0, "kg m⁻³"),
            ("contact_factor", self.contact_factor, 0.1, 10.0, ""),
            where=f"Substrate {self.name}",
        )

    @property
    def effusivity(self) -> float:
        """Contact factor times k/√α; 0 where nothing is conducted. [W s^½ m⁻² K⁻¹]"""
        return self.contact_factor * self.conductivity / math.sqrt(self.diffusivity)


# Briscoe and Shaw 1980, Prog. Energy Combust. Sci. 6:127-140, as tabulated for ALOHA (Jones et al. 2013, NOAA TM NOS
# OR&R 43, Table 9), read in a public implementation. Table 9 carries 9 k and 9 α, a factor of 3 on the flux, to fit
# spills of cryogens on soil; here the factor is taken out again, see contact_factor. 5 mm: the same, section 3.4.4.2.
_SOIL = "Briscoe and Shaw 1980, via Jones et al. 2013, NOAA TM NOS OR&R 43, Table 9, without its factor of 9"
_SUBSTRATES = (
    Substrate(name="average soil", conductivity=0.96, diffusivity=4.13e-6 / 9.0, minimum_depth=0.005, source=_SOIL),
    Substrate(name="concrete", conductivity=0.92, diffusivity=3.74e-6 / 9.0, minimum_depth=0.005, source=_SOIL),
    Substrate(name="dry sandy soil", conductivity=0.26, diffusivity=1.74e-6 / 9.0, minimum_depth=0.005, source=_SOIL),
    Substrate(name="moist sandy soil", conductivity=0.59, diffusivity=3.02e-6 / 9.0, minimum_depth=0.005, source=_SOIL),
    Substrate(
        name="insulated",
        conductivity=0.0,
        diffusivity=1e-6,
        minimum_depth=0.005,
        source="no heat from below: the lower bound; depth of Jones et al. 2013, NOAA TM NOS OR&R 43, section 3.4.4.2",
    ),
    # 0.167 kg m⁻² s⁻¹ x 511 kJ/kg / (288 - 111.7) K = 484 W m⁻² K⁻¹, rounded: film boiling of LNG on open water.
    Substrate(
        name="water",
        conductivity=0.0,
        diffusivity=1.4e-7,
        minimum_depth=0.0018,
        heat_transfer_coefficient=480.0,
        density=1000.0,
        source="heat: 0.167 kg/m²/s of LNG pools on water in the NIST FDS Validation Guide (LNG dispersion); "
        "depth: Boyle and Kneebone 1973, laboratory investigations of LNG spills on water (Shell Research), 1.8 mm",
        status="unverified",
    ),
)


def known_substrates() -> tuple[Substrate, ...]:
    """All substrates shipped with the package."""
    return _SUBSTRATES


def substrate(name: str) -> Substrate:
    """Substrate by name; upper and lower case are the same.

    Raises
    ------
    ModelError
        Not in the table; the message names the closest ones.
    """
    known = {row.name: row for row in _SUBSTRATES}
    found = known.get(str(name).strip().casefold())
    if found is None:
        raise ModelError(f"there is no substrate {name!r}", where="substrate", fix=near(str(name), known))
    return found


class LiquidTable:
    """Tables of a liquid from its freezing point to its boiling point, by row evenly in temperature."""

    def __init__(self, of: Substance, *, spill: float, air: float, pressure: float, wind: float) -> None:
        self.of = of
        self.notes: list[str] = []
        self.boiling = of.saturation_temperature(pressure)
        self.spill = _liquid_temperature(of, spill, self.boiling, pressure)
        grid = np.linspace(_coldest(of, self.spill), self.boiling, _ROWS)
        vapour = self._column("vapour pressure", of.vapour_pressure, grid)
        vapour[-1] = pressure
        heat = self._column("heat capacity", of.liquid_heat_capacity, grid)
        latent = self._column("latent heat", of.latent_heat, grid)
        density = self._column("density", of.liquid_density, grid)
        self.low, self.step = float(grid[0]), float(grid[1] - grid[0])
        film = 0.5 * (grid + air)
        viscosity = [kinematic_viscosity_of_air(float(t), pressure) for t in film]
        schmidt = [nu / of.diffusivity(float(t), pressure) for nu, t in zip(viscosity, film, strict=True)]
        unit = [
            mass_transfer_coefficient(wind_speed=wind, diameter=1.0, schmidt_number=sc, molar_mass=of.molar_mass)
            for sc in schmidt
        ]
        enthalpy = np.concatenate(([0.0], np.cumsum(0.5 * (heat[1:] + heat[:-1]) * self.step)))
        enthalpy -= np.interp(self.spill, grid, enthalpy)
        self.logarithm = np.log(vapour / pressure).tolist()
        self.density, self.heat, self.enthalpy = density.tolist(), heat.tolist(), enthalpy.tolist()
        self.leaving = (enthalpy + latent).tolist()  # enthalpy of the vapour
        self.flux = (np.array(unit) * pressure * of.molar_mass / (GAS_CONSTANT * grid)).tolist()
        self.air = [
            air_heat_transfer(coefficient=k, schmidt_number=sc, temperature=float(t), pressure=pressure)
            for k, sc, t in zip(unit, schmidt, film, strict=True)
        ]
        self.coldest = -math.log1p(-math.exp(self.logarithm[0]))  # y at the freezing point

    def _column(self, name: str, curve: Callable[[float], float], grid: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values of a property; where it ends short of the freezing point, the last is held, and a note says so."""
        values = np.full(len(grid), math.nan)
        for k in range(len(grid) - 1, -1, -1):
            try:
                values[k] = curve(float(grid[k]))
            except ModelError:
                if k == len(grid) - 1:
                    raise
                values[: k + 1] = values[k + 1]
                self.notes.append(
                    f"the {name} of {self.of.name} is held at its value at {grid[k + 1]:.4g} K below that"
                )
                break
        return values

    def place(self, temperature: float) -> tuple[int, float]:
        """Row and fraction of a row of a temperature."""
        place = (temperature - self.low) / self.step
        row = min(max(int(place), 0), _ROWS - 2)
        return row, place - row

    def temperature(self, y: float) -> float:
        """Temperature at which -ln(1 - p/P) is `y`."""
        target = math.log(-math.expm1(-y)) if y < 36.0 else 0.0
        rows = self.logarithm
        row = min(max(bisect_right(rows, target) - 1, 0), _ROWS - 2)
        return float(self.low + self.step * (row + (target - rows[row]) / (rows[row + 1] - rows[row])))

    def drive(self, temperature: float) -> float:
        """The y of a temperature, 40 at most."""
        row, w = self.place(temperature)
        logarithm = self.logarithm[row] + w * (self.logarithm[row + 1] - self.logarithm[row])
        return min(-math.log1p(-math.exp(logarithm)), 40.0) if logarithm < 0.0 else 40.0


def between(row: list[float], k: int, w: float) -> float:
    """Value a fraction `w` of the way from row `k` to the next."""
    return row[k] + w * (row[k + 1] - row[k])


def _liquid_temperature(of: Substance, spill: float, boiling: float, pressure: float) -> float:
    where = "spread_and_evaporate.temperature"
    if spill > boiling + _SUPERHEAT:
        raise ModelError(
            f"{of.name} at {spill:.5g} K is superheated: under {pressure:.5g} Pa it boils at {boiling:.5g} K",
            where=where,
            fix="flash it first (flash_fraction) and spill what stays liquid, at the boiling point",
        )
    freezing = _freezing_point(of)
    if spill < freezing:
        raise ModelError(
            f"{of.name} at {spill:.5g} K is solid",
            where=where,
            fix=f"give a temperature from its freezing point, {freezing:.5g} K, to {boiling:.5g} K",
        )
    return min(spill, boiling)


def _coldest(of: Substance, spill: float) -> float:
    """Freezing point, or the lowest temperature of the vapour pressure where that begins higher."""
    for temperature in np.append(np.arange(_freezing_point(of), spill, 0.05), spill).tolist():
        try:
            of.vapour_pressure(temperature)
        except ModelError:
            continue
        return float(temperature)
    return spill


def _freezing_point(of: Substance) -> float:
    if of.freezing_point is None:
        raise ModelError(
            f"the freezing point of {of.name} is not known",
            where="spread_and_evaporate.substance",
            fix="give a Substance with a freezing_point",
        )
    return of.freezing_point


def standing_notes(ground: Substrate, wind_speed: float, *, black_sky: bool, endless_bund: bool) -> list[str]:
    """Sentences on what a pool on this ground in this air neglects."""
    notes = ["flat ground; wetted ground stays wet while the pool thins", "pure liquid in air free of its vapour"]
    if wind_speed < CALM_WIND:
        notes.append(f"wind of {wind_speed:g} m s⁻¹ taken as {CALM_WIND:g} m s⁻¹, the least of ALOHA")
    if black_sky:
        notes.append("sky taken to radiate as a black body at air temperature, the upper bound")
    if endless_bund:
        notes.append("the bund never overflows, because no bund_height is given")
    if ground.density is not None:
        notes.append("what dissolves, mixes, freezes the water or explodes by rapid phase transition is not modelled")
    if ground.status != "verified":
        notes.append(f"the constants of {ground.name} are unverified: {ground.source}")
    return notes
