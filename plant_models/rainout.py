"""Droplets of a jet: how large they are, whether they stay in the air, and how much of them reaches the ground.

**Size.** A jet that hardly moves drips: capillary waves cut it into drops of 1.88 diameters of the liquid stream, and
no drop is larger than that. A fast or a boiling jet is torn by the air: the largest drop that stands the pressure of
the air has ``ρ_a u² d / σ = We`` with We between 10 and 20. Boiling enters through the velocity after expansion, which
is that of the flashed jet; the finer correlations of flashing spray (Sauter diameters of the joint industry project
of Witlox and others, 2007-2013) are not included.

**Rain-out.** Nothing rains out of a jet that holds no liquid, nor where the droplets evaporate before they have fallen
from the height of the opening to the ground. The method "trajectory" works that out; the others are rules of thumb
that look at the flash fraction alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from plant_models.discharge import GRAVITY, check_ranges
from twin.errors import ModelError, near
from twin.weather import AIR_MOLAR_MASS, GAS_CONSTANT

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from plant_models.expansion import Jet
    from plant_models.substances import Substance

__all__ = ["RAIN_OUT_METHODS", "Droplet", "Rainout", "droplet", "rain_out", "terminal_velocity"]

FLASHING_RATIO = 1.11  # of the boiling point, from which a jet bursts as it boils; Yellow Book, as told at `droplet`
_AIR_HEAT = 1006.0  # J kg⁻¹ K⁻¹, dry air near 280 K (Lemmon et al. 2000)
_PRANDTL = 0.71  # air (White, F.M., 2006, Viscous Fluid Flow, 3rd ed., appendix A)
_WEBER = 15.0  # middle of 10 to 20: Yellow Book 2005, section 2.5.3.7, C_ds of equation 2.143
_ENTRAINMENT = 0.32  # Ricou, F.P. and Spalding, D.B., 1961, J. Fluid Mech. 11, 21-32: m/m0 = 0.32 x/d0 (ρa/ρ0)^½
_ROSIN_RAMMLER = (
    0.422,
    5.32,
)  # V = 1 - exp(-0.422 (d/SMD)^5.32): Cleary, Bowen, Witlox 2007, J. Haz. Mat. 142, 786-796
_LONGEST = 3600.0  # s a droplet is followed
_FIRST_AIR = 1e-3  # kg of air a kg of jet before the law of Ricou and Spalding begins: nothing, but no division by zero


@dataclass(frozen=True, slots=True, kw_only=True)
class Droplet:
    """Size of the droplets of a jet and what made them.

    Parameters
    ----------
    diameter
        [m]
    breakup
        "capillary" (a slow liquid stream) or "aerodynamic" (a fast or boiling one).
    """

    diameter: float
    breakup: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rainout:
    """Where the mass of a jet goes; the three fractions add up to 1.

    Parameters
    ----------
    fraction
        Of the released mass that reaches the ground as liquid.
    vapour
        Of the released mass that is vapour when the jet has expanded.
    droplets
        Of the released mass that leaves as droplets and never reaches the ground: they evaporate on the way or stay.
    droplet_diameter
        Mean droplet after break-up; 0 without liquid. [m]
    distance
        From the opening to where the droplets land or, if none does, have evaporated; None: not worked out. [m]
    time
        They take for it. [s]
    method
        Which rule.
    reason
        One sentence for the report.
    """

    fraction: float
    vapour: float
    droplets: float
    droplet_diameter: float
    distance: float | None
    time: float | None
    method: str
    reason: str

    @property
    def airborne(self) -> float:
        """Fraction of the released mass that feeds the cloud, vapour and droplets."""
        return self.vapour + self.droplets


@dataclass(frozen=True, slots=True)
class _Setting:
    jet: Jet
    substance: Substance
    height: float
    air_temperature: float
    wind_speed: float
    classes: int
    droplet: Droplet

    @property
    def air_density(self) -> float:
        return self.jet.pressure * AIR_MOLAR_MASS / (GAS_CONSTANT * self.air_temperature)


def droplet(jet: Jet, substance: Substance, *, air_temperature: float, weber: float = _WEBER) -> Droplet:
    """Size of the droplets after break-up.

    With d the diameter of the liquid stream, We = ρ u² d/σ and Re = ρ u d/μ of the liquid, a stream with
    ``We < 10⁶ Re^-0.45`` that leaves at less than 1.11 times its boiling point breaks into capillary drops of
    ``1.88 d (1 + 3 √We/Re)^(1/6)``; any other into the largest drop the air lets pass, ``weber σ/(ρ_a u²)``.

    Parameters
    ----------
    jet
        The expanded jet.
    substance
        What it is made of.
    air_temperature
        [K]
    weber
        Critical Weber number; 10 to 20 in the literature.

    Raises
    ------
    ModelError
        A value out of range, or a jet without liquid.

    References
    ----------
    van den Bosch, C.J.H. and Weterings, R.A.P.M. (eds), 2005, Yellow Book, CPR 14E, 3rd ed., section 2.5.3.7 (the
    border of the two regimes is that of Ohnesorge, √We/Re = 1000 Re^-1.22; both quoted from memory: unverified).
    Weber, C., 1931, Z. angew. Math. Mech. 11, 136-154 (drops of a viscous stream: wave length
    √2 π d (1 + 3 √We/Re)^½, and the volume of one wave length makes one drop).
    Johnson, D.W. and Woodward, J.L., 1999, RELEASE: a model with data to predict aerosol rainout in accidental
    releases, CCPS/AIChE (critical Weber number).
    """
    check_ranges(
        ("air_temperature", air_temperature, 200.0, 340.0, "K"), ("weber", weber, 5.0, 50.0, ""), where="droplet"
    )
    if jet.vapour_fraction >= 1.0:
        raise ModelError(
            "the jet holds no liquid", where="droplet", fix="a gas has no droplets; rain_out returns 0 for it"
        )
    sigma, density = substance.surface_tension(jet.temperature), substance.liquid_density(jet.temperature)
    flow = (1.0 - jet.vapour_fraction) * jet.mass_rate
    stream = math.sqrt(4.0 * flow / (math.pi * density * jet.velocity))
    weber_liquid = density * jet.velocity**2 * stream / sigma
    reynolds = density * jet.velocity * stream / substance.liquid_viscosity(jet.temperature)
    capillary = 1.88 * stream * (1.0 + 3.0 * math.sqrt(weber_liquid) / reynolds) ** (1.0 / 6.0)
    air_density = jet.pressure * AIR_MOLAR_MASS / (GAS_CONSTANT * air_temperature)
    torn = weber * sigma / (air_density * jet.velocity**2)
    slow = weber_liquid < 1e6 * reynolds**-0.45
    boils = jet.vapour_fraction > 0.0 and jet.throat_temperature >= FLASHING_RATIO * substance.saturation_temperature(
        jet.pressure
    )
    if (slow and not boils) or torn >= capillary:
        return Droplet(diameter=capillary, breakup="capillary")
    return Droplet(diameter=torn, breakup="aerodynamic")


def terminal_velocity(
    diameter: float, *, liquid_density: float, gas_density: float, gas_viscosity: float = 1.8e-5
) -> float:
    """Velocity at which a sphere falls through a gas. [m s⁻¹]

    Drag ``24/Re (1 + 0.15 Re^0.687)`` up to Re = 1000 and 0.44 beyond (Schiller and Naumann 1933; Newton).

    Parameters
    ----------
    diameter
        [m]
    liquid_density, gas_density
        [kg m⁻³]
    gas_viscosity
        [Pa s]

    Raises
    ------
    ModelError
        A value out of range.

    References
    ----------
    Clift, R., Grace, J.R. and Weber, M.E., 1978, Bubbles, Drops, and Particles, chapter 5.
    """
    check_ranges(
        ("diameter", diameter, 0.0, 1.0, "m"),
        ("liquid_density", liquid_density, 1.0, 25000.0, "kg m⁻³"),
        ("gas_density", gas_density, 1e-2, 1e3, "kg m⁻³"),
        ("gas_viscosity", gas_viscosity, 1e-6, 1e-3, "Pa s"),
        where="terminal_velocity",
    )
    return _settling(diameter, liquid_density, gas_density, gas_viscosity)


def rain_out(
    jet: Jet,
    substance: Substance,
    *,
    height: float,
    air_temperature: float,
    method: str,
    wind_speed: float = 0.0,
    weber: float = _WEBER,
    droplet_classes: int = 1,
) -> Rainout:
    """How much of the jet reaches the ground as liquid.

    ======================  ===========================================================================================
    ``"trajectory"``        a horizontal free jet takes in still air (Ricou and Spalding 1961) and slows down; droplets
                            ride in it, fall at their terminal velocity and evaporate at their wet-bulb temperature
                            into the gas of the jet, which they cool (Ranz and Marshall 1952; Spalding 1953).
    ``"twice_flash"``       as much liquid stays airborne as vapour was flashed (Kletz 1977).
    ``"all_airborne"``      nothing rains out: the bound on the safe side for the cloud, used by EPA (1999, section 3.1)
                            for the worst case of gases liquefied under pressure.
    ======================  ===========================================================================================

    Left out by "trajectory": obstacles, jets that point up or down, moisture of the air (and the air a cryogenic jet
    freezes out), break-up and merging on the way, the bursting of droplets by bubbles inside them, and air drawn in by
    a cross wind. Each of the last two makes it overstate rain-out, which makes the cloud too small; "all_airborne" is
    the bound for the cloud. The state of the gas where the droplets of a large ammonia jet are gone is met
    (``tests/validation/flash_cases.csv``). The fraction itself is not validated, as the captured liquid of the
    measurements of RELEASE (CCPS 1999) could not be had, and it hangs on `weber`: for chlorine of 20 °C from 1 m it is
    0.24, 0.53 and 0.65 at We = 10, 15 and 20. Try the range before trusting one number.

    Parameters
    ----------
    jet
        The expanded jet; it carries the air pressure.
    substance
        What it is made of.
    height
        Of the opening above ground. [m]
    air_temperature
        [K]
    method
        One of the names above.
    wind_speed
        At the height of the jet, along it; carries the droplets on when the jet has slowed down. [m s⁻¹]
    weber
        Critical Weber number; see :func:`droplet`.
    droplet_classes
        1: all droplets have the mean diameter. More: so many classes of equal mass of the distribution of Rosin and
        Rammler with the constants of Cleary, Bowen and Witlox (2007), "trajectory" only.

    Raises
    ------
    ModelError
        A value out of range, no such method, or a state outside the tables of the substance.

    References
    ----------
    Kletz, T.A., 1977, Unconfined vapour cloud explosions, 11th Loss Prevention Symposium, AIChE.
    US EPA, 1999, Risk Management Program Guidance for Offsite Consequence Analysis, EPA 550-B-99-009, section 3.1.
    Ranz, W.E. and Marshall, W.R., 1952, Chemical Engineering Progress 48, 141-146 and 173-180.
    Spalding, D.B., 1953, 4th Symposium (International) on Combustion, 847-864.
    """
    check_ranges(
        ("height", height, 0.0, 2000.0, "m"),
        ("air_temperature", air_temperature, 200.0, 340.0, "K"),
        ("wind_speed", wind_speed, 0.0, 100.0, "m s⁻¹"),
        ("weber", weber, 5.0, 50.0, ""),
        ("droplet_classes", droplet_classes, 1, 100, ""),
        where="rain_out",
    )
    if method not in RAIN_OUT_METHODS:
        raise ModelError(f"there is no method {method!r}", where="rain_out.method", fix=near(method, RAIN_OUT_METHODS))
    if jet.vapour_fraction >= 1.0:
        reason = "no liquid is left once the jet has expanded"
        return Rainout(
            fraction=0.0,
            vapour=1.0,
            droplets=0.0,
            droplet_diameter=0.0,
            distance=None,
            time=None,
            method=method,
            reason=reason,
        )
    size = droplet(jet, substance, air_temperature=air_temperature, weber=weber)
    setting = _Setting(jet, substance, height, air_temperature, wind_speed, int(droplet_classes), size)
    return RAIN_OUT_METHODS[method](setting)


def _split(
    setting: _Setting,
    fraction: float,
    *,
    method: str,
    reason: str,
    landing: tuple[float | None, float | None] = (None, None),
) -> Rainout:
    return Rainout(
        fraction=fraction,
        vapour=setting.jet.vapour_fraction,
        droplets=max(0.0, 1.0 - setting.jet.vapour_fraction - fraction),
        droplet_diameter=setting.droplet.diameter,
        distance=landing[0],
        time=landing[1],
        method=method,
        reason=reason,
    )


def _all_airborne(setting: _Setting) -> Rainout:
    reason = "all droplets are taken to stay in the air and evaporate: a bound, not a prediction"
    return _split(setting, 0.0, method="all_airborne", reason=reason)


def _twice_flash(setting: _Setting) -> Rainout:
    x = setting.jet.vapour_fraction
    airborne = min(1.0, 2.0 * x)
    reason = f"rule of thumb: twice the flash fraction of {x:.3g} stays in the air"
    return _split(setting, 1.0 - airborne, method="twice_flash", reason=reason)


def _trajectory(setting: _Setting) -> Rainout:
    mean, jet = setting.droplet.diameter, setting.jet
    flights = [_fly(setting, d) for d in _sizes(mean, setting.classes)]
    weight = (1.0 - jet.vapour_fraction) / len(flights)
    masses = [weight * flight.landed for flight in flights]
    fraction = math.fsum(masses)
    text = f"droplets of {mean * 1e6:.3g} µm ({setting.droplet.breakup} break-up) from {setting.height:.3g} m"
    if fraction > 0.0:
        landing = tuple(
            math.fsum(m * getattr(f, name) for m, f in zip(masses, flights, strict=True)) / fraction
            for name in ("distance", "time")
        )
        reason = f"{text}: {fraction:.3g} of the released mass lands, {landing[0]:.3g} m away on average"
        return _split(setting, fraction, method="trajectory", reason=reason, landing=(landing[0], landing[1]))
    last = max(flights, key=lambda flight: flight.distance)
    end = "have evaporated" if last.gone else "still float"
    reason = f"{text} {end} {last.distance:.3g} m away, before they reach the ground"
    return _split(setting, 0.0, method="trajectory", reason=reason, landing=(last.distance, last.time))


RAIN_OUT_METHODS: Mapping[str, Callable[[_Setting], Rainout]] = MappingProxyType(
    {
        "trajectory": _trajectory,
        "twice_flash": _twice_flash,
        "all_airborne": _all_airborne,
    }
)


def _sizes(mean: float, classes: int) -> Sequence[float]:
    if classes == 1:
        return (mean,)
    scale, slope = _ROSIN_RAMMLER
    volumes = ((k + 0.5) / classes for k in range(classes))
    return tuple(mean * (-math.log1p(-v) / scale) ** (1.0 / slope) for v in volumes)


@dataclass(frozen=True, slots=True)
class _Flight:
    """How one droplet ends: share of its mass that lands, where and when; `gone` if it evaporated."""

    landed: float
    distance: float
    time: float
    gone: bool


@dataclass(frozen=True, slots=True)
class _Surroundings:
    """Gas around the droplets once a kilogram of the jet holds `air` kilograms of air, and what they do in it."""

    air: float
    gas_temperature: float
    droplet_temperature: float
    vapour_mole_fraction: float
    gas_density: float
    viscosity: float
    flux: float  # kg m⁻¹ s⁻¹: ρ D ln(1 + B), a droplet loses π d Sh times that
    schmidt: float


def _surroundings(setting: _Setting, air: float, left: float) -> _Surroundings:
    """Wet-bulb state at dilution `air`, when `left` of each droplet's mass is left.

    One energy balance for the whole jet, counted from liquid at the jet's temperature, gives the gas temperature;
    equal heat and mass transfer at the droplet gives its own. The latent heat follows Kirchhoff's law,
    L(T) = L(T_f) + (c_v - c_l) (T - T_f), which keeps the two consistent. A droplet is not cooled below its freezing
    point. A negative flux means that vapour condenses on it.
    """
    from scipy.optimize import brentq

    jet, s = setting.jet, setting.substance
    start, pressure = jet.temperature, jet.pressure
    latent, cold = s.latent_heat(start), s.liquid_heat_capacity(start)
    heat = s.gas_heat_capacity(0.5 * (start + setting.air_temperature))
    liquid = (1.0 - jet.vapour_fraction) * left
    vapour = 1.0 - liquid
    moles = (vapour / s.molar_mass, air / AIR_MOLAR_MASS)
    mole_fraction = moles[0] / (moles[0] + moles[1])
    molar_mass = (vapour + air) / (moles[0] + moles[1])

    def gas_at(t: float) -> float:
        gained = jet.vapour_fraction * latent - vapour * latent - liquid * cold * (t - start)
        return (gained + vapour * heat * start + air * _AIR_HEAT * setting.air_temperature) / (
            vapour * heat + air * _AIR_HEAT
        )

    def transfer(t: float) -> tuple[float, float, float, float, float]:
        warm = gas_at(t)
        film = max(0.5 * (warm + t), 50.0)
        density = pressure * molar_mass / (GAS_CONSTANT * film)
        diffusion = density * s.diffusivity(film, pressure)
        viscosity = _air_viscosity(film)
        partial = s.vapour_pressure(t)
        dry = (pressure - partial) * AIR_MOLAR_MASS
        surface = dry / (dry + partial * s.molar_mass)  # 1 - mass fraction of vapour at the surface
        by_mass = diffusion * math.log(air / (air + vapour) / surface)
        needed = latent + (heat - cold) * (t - start)
        spalding = max(heat * (warm - t) / needed, -0.999)
        by_heat = viscosity * _AIR_HEAT / (_PRANDTL * heat) * math.log1p(spalding)
        return by_mass - by_heat, by_mass, density, viscosity, viscosity / diffusion

    boiling = s.saturation_temperature(pressure)
    low = _coldest(s, boiling)
    frozen = transfer(low)[0] >= 0.0
    if frozen and low > _frozen(s, boiling):
        s.vapour_pressure(_frozen(s, boiling))  # raises: the table ends above the wet bulb
    bulb = low if frozen else brentq(lambda t: transfer(t)[0], low, boiling - 1e-6, xtol=1e-9)
    _, flux, density, viscosity, schmidt = transfer(bulb)
    return _Surroundings(air, gas_at(bulb), bulb, mole_fraction, density, viscosity, flux, schmidt)


def _frozen(substance: Substance, boiling: float) -> float:
    # at 0.6 of the boiling point the vapour pressure is a thousandth of the air pressure (Trouton's rule)
    return max((substance.freezing_point or 0.0) + 0.1, 0.6 * boiling)


def _coldest(substance: Substance, boiling: float) -> float:
    """Lowest temperature of a droplet, or that where the table of the vapour pressure begins (within 1 %)."""
    temperature = _frozen(substance, boiling)
    while temperature < 0.99 * boiling:
        try:
            substance.vapour_pressure(temperature)
        except ModelError:
            temperature += 0.01 * boiling
        else:
            break
    return temperature


def _fly(setting: _Setting, diameter: float) -> _Flight:
    """Follow one droplet: distance, height and squared diameter against time."""
    from scipy.integrate import solve_ivp

    jet = setting.jet
    density = setting.substance.liquid_density(jet.temperature)
    slope = _ENTRAINMENT * math.sqrt(setting.air_density / jet.density) / jet.diameter

    def move(_: float, y: NDArray[np.float64]) -> tuple[float, float, float]:
        squared = min(max(float(y[2]), 1e-8), 1.0)
        air = max(slope * float(y[0]) - 1.0, _FIRST_AIR)
        around = _surroundings(setting, air, squared**1.5)
        size = diameter * math.sqrt(squared)
        fall = _settling(size, density, around.gas_density, around.viscosity)
        reynolds = around.gas_density * fall * size / around.viscosity
        sherwood = 2.0 + 0.6 * math.sqrt(reynolds) * around.schmidt ** (1.0 / 3.0)
        shrink = 4.0 * around.flux * sherwood / (density * diameter**2)
        speed = (jet.velocity + air * setting.wind_speed) / (1.0 + air)
        return speed, -fall, -shrink

    def lands(_: float, y: NDArray[np.float64]) -> float:
        return float(y[1])

    def vanishes(_: float, y: NDArray[np.float64]) -> float:
        return float(y[2]) - 1e-4  # a millionth of the mass

    lands.terminal = vanishes.terminal = True  # type: ignore[attr-defined]
    if setting.height == 0.0:
        return _Flight(1.0, 0.0, 0.0, gone=False)
    path = solve_ivp(
        move,
        (0.0, _LONGEST),
        (0.0, setting.height, 1.0),
        method="LSODA",
        rtol=1e-6,
        atol=(1e-6, 1e-8, 1e-8),
        events=(lands, vanishes),
    )
    distance, _, squared = path.y[:, -1]
    hits = [len(times) > 0 for times in path.t_events or ()]
    landed = min(float(squared) ** 1.5, 1.0) if hits[0] else 0.0
    return _Flight(landed, float(distance), float(path.t[-1]), gone=hits[1])


def _settling(diameter: float, liquid_density: float, gas_density: float, viscosity: float) -> float:
    drop = max(liquid_density - gas_density, 0.0)
    if diameter == 0.0 or drop == 0.0:
        return 0.0
    # drag coefficient times Re², from the balance of weight and drag; Newton's method from above converges always
    load = 4.0 / 3.0 * drop * gas_density * GRAVITY * diameter**3 / viscosity**2
    if load >= 0.44e6:
        reynolds = math.sqrt(load / 0.44)
    else:
        reynolds = min(load / 24.0, (load / 3.6) ** (1.0 / 1.687))
        for _ in range(20):
            excess = 24.0 * reynolds + 3.6 * reynolds**1.687 - load
            reynolds -= excess / (24.0 + 3.6 * 1.687 * reynolds**0.687)
            if excess <= 1e-12 * load:
                break
    return float(reynolds * viscosity / (gas_density * diameter))


def _air_viscosity(temperature: float) -> float:
    # Sutherland's law: White, F.M., 2006, Viscous Fluid Flow, 3rd ed., table 1-2
    return float(1.716e-5 * (temperature / 273.15) ** 1.5 * (273.15 + 110.4) / (temperature + 110.4))
