"""From the opening to air pressure: how fast, how wide, how cold and how wet the jet is once it has expanded.

The air plays no part over this short length (one or two openings for a liquid, the barrel shock for a gas), so the
jet that leaves it is fixed by what the throat gives it: mass, momentum and energy. It is the source a dispersion
model starts from.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, cast

import numpy as np

from plant_models.discharge import ATMOSPHERE, check_ranges
from twin.errors import ModelError, near
from twin.weather import GAS_CONSTANT

if TYPE_CHECKING:
    from plant_models.releases import Phase
    from plant_models.substances import Substance

__all__ = ["CLOSURES", "Flash", "Jet", "Throat", "expand", "flash"]

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(8)  # exact for the polynomials of heat capacity


@dataclass(frozen=True, slots=True, kw_only=True)
class Throat:
    """The stream where it leaves the opening.

    Parameters
    ----------
    mass_rate
        [kg s⁻¹]
    pressure
        [Pa]
    velocity
        Mean over the area on which `pressure` acts, ``mass_rate / (density velocity)``. For a gas that is the hole
        (:attr:`~plant_models.discharge.HoleFlow.velocity`); for a liquid the vena contracta, so divide the velocity
        over the hole by its discharge coefficient. [m s⁻¹]
    density
        [kg m⁻³]
    vapour_fraction
        Mass fraction that is vapour: 0 for a liquid, also for one that is too short in the opening to boil; 1 for
        a gas.
    temperature
        Not needed for a boiling mixture, which is at the saturation temperature. [K]
    enthalpy
        Specific stagnation enthalpy (velocity included), counted from the saturated liquid at the air pressure. None:
        worked out from the heat capacities and the latent heat of the substance. [J kg⁻¹]
    entropy
        Counted from the same state, to go with `enthalpy`; only "isentropic" asks for it. [J kg⁻¹ K⁻¹]
    compressibility
        Z of the gas after expansion, at the air pressure; 1 for an ideal gas.

    Raises
    ------
    ModelError
        A value out of range, or a temperature missing.
    """

    mass_rate: float
    pressure: float
    velocity: float
    density: float
    vapour_fraction: float
    temperature: float | None = None
    enthalpy: float | None = None
    entropy: float | None = None
    compressibility: float = 1.0

    def __post_init__(self) -> None:
        optional = (
            ("temperature", self.temperature, 2.0, 3000.0, "K"),
            ("enthalpy", self.enthalpy, -1e7, 1e8, "J kg⁻¹"),
            ("entropy", self.entropy, -1e5, 1e6, "J kg⁻¹ K⁻¹"),
        )
        check_ranges(
            ("mass_rate", self.mass_rate, 1e-9, 1e6, "kg s⁻¹"),
            ("pressure", self.pressure, 3e4, 1e8, "Pa"),
            ("velocity", self.velocity, 1e-3, 5000.0, "m s⁻¹"),
            ("density", self.density, 1e-2, 25000.0, "kg m⁻³"),
            ("vapour_fraction", self.vapour_fraction, 0.0, 1.0, ""),
            ("compressibility", self.compressibility, 0.05, 2.0, ""),
            *((name, value, low, high, unit) for name, value, low, high, unit in optional if value is not None),
            where="Throat",
        )
        if self.temperature is None and self.vapour_fraction in {0.0, 1.0}:
            raise ModelError(
                "the temperature of a gas or a liquid is missing",
                where="Throat.temperature",
                fix="give the temperature in the throat in K; only a boiling mixture does without",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Jet:
    """The stream at air pressure, before any air is mixed in.

    Parameters
    ----------
    mass_rate
        [kg s⁻¹]
    diameter
        [m]
    velocity
        [m s⁻¹]
    density
        Of vapour and liquid together. [kg m⁻³]
    temperature
        [K]
    vapour_fraction
        Mass fraction that is vapour.
    pressure
        Of the air. [Pa]
    throat_temperature
        Before expansion: how far above its boiling point a liquid left the opening. [K]
    phase
        "gas", "liquid" or "two-phase".
    closure
        What was conserved; see :func:`expand`.
    notes
        What a reader of the numbers must know, one sentence each.
    """

    mass_rate: float
    diameter: float
    velocity: float
    density: float
    temperature: float
    vapour_fraction: float
    pressure: float
    throat_temperature: float
    phase: Phase
    closure: str
    notes: tuple[str, ...] = ()

    @property
    def area(self) -> float:
        """Cross-section. [m²]"""
        return 0.25 * math.pi * self.diameter**2

    @property
    def momentum(self) -> float:
        """Flow of momentum, ``mass_rate velocity``. [N]"""
        return self.mass_rate * self.velocity


@dataclass(frozen=True, slots=True, kw_only=True)
class Flash:
    """A liquid let down to a lower pressure without doing work.

    Parameters
    ----------
    temperature
        Afterwards. [K]
    vapour_fraction
        Mass fraction boiled off.
    """

    temperature: float
    vapour_fraction: float


@dataclass(frozen=True, slots=True)
class _Scale:
    """Enthalpy (power 0) and entropy (power 1) at the air pressure, counted from the gas at `anchor`.

    A liquid has the entropy it has when it is saturated, and its enthalpy plus (p - p_sat)/ρ; the gas is ideal. They
    meet at the boiling point through the latent heat.
    """

    substance: Substance
    pressure: float
    boiling: float | None
    anchor: float

    def gas(self, temperature: float, power: int) -> float:
        return _integral(self.substance.gas_heat_capacity, self.anchor, temperature, power)

    def saturated_liquid(self, power: int) -> float:
        boiling = self._boiling()
        return self.gas(boiling, power) - self.substance.latent_heat(boiling) / boiling**power

    def liquid(self, temperature: float, power: int) -> float:
        heat = _integral(self.substance.liquid_heat_capacity, self._boiling(), temperature, power)
        return self.saturated_liquid(power) + heat

    def solve(self, value: float, power: int) -> Flash:
        """Temperature and vapour fraction at the air pressure where enthalpy or entropy is `value`."""
        if self.boiling is None or value >= 0.0 or self.anchor > self.boiling:
            try:
                temperature = _root(self.substance.gas_heat_capacity, self.anchor, value, power)
            except ModelError:  # a gas so cold is off its table, but it condenses before
                if self.boiling is None or value >= self.gas(self.boiling, power):
                    raise
                temperature = 0.0
            if self.boiling is None and temperature < self._coldest_gas:
                raise self._solid()
            if self.boiling is None or temperature >= self.boiling:
                return Flash(temperature=temperature, vapour_fraction=1.0)
        boiling, floor = self._boiling(), self.saturated_liquid(power)
        if value >= floor:
            fraction = (value - floor) * boiling**power / self.substance.latent_heat(boiling)
            return Flash(temperature=boiling, vapour_fraction=min(fraction, 1.0))
        cold = _root(self.substance.liquid_heat_capacity, boiling, value - floor, power)
        if cold < (self.substance.freezing_point or 0.0):
            raise _exhausted()
        return Flash(temperature=cold, vapour_fraction=0.0)

    def enthalpy(self, state: Flash) -> float:
        if state.vapour_fraction == 1.0:
            return self.gas(state.temperature, 0)
        if state.vapour_fraction == 0.0:
            return self.liquid(state.temperature, 0)
        return self.saturated_liquid(0) + state.vapour_fraction * self.substance.latent_heat(state.temperature)

    @property
    def _coldest_gas(self) -> float:
        """Temperature under which a gas that does not boil turns solid: of sublimation where that is known. [K]"""
        freezing = self.substance.freezing_point or 0.0
        return min(freezing, self.substance.boiling_point)

    def _boiling(self) -> float:
        if self.boiling is None:
            raise self._solid()
        return self.boiling

    def _solid(self) -> ModelError:
        return ModelError(
            f"{self.substance.name} does not boil at {self.pressure:.4g} Pa: it would become solid and gas",
            where="expand",
            fix="solids are not covered; gas_leak and real_hole_rate give the rate without expanding it",
        )


@dataclass(frozen=True, slots=True)
class _Case:
    """What a closure works on: the temperature of the throat and the stagnation enthalpy on `scale`."""

    throat: Throat
    substance: Substance
    scale: _Scale
    temperature: float
    enthalpy: float

    def momentum_velocity(self) -> float:
        excess = self.throat.pressure - self.scale.pressure
        return self.throat.velocity + excess / (self.throat.density * self.throat.velocity)

    def cooled(self, velocity: float) -> Flash:
        return self.scale.solve(self.enthalpy - 0.5 * velocity**2, 0)


def _conservation(case: _Case) -> tuple[float, Flash]:
    velocity = case.momentum_velocity()
    return velocity, case.cooled(velocity)


def _isentropic(case: _Case) -> tuple[float, Flash]:
    state = case.scale.solve(_entropy(case), 1)
    released = case.enthalpy - case.scale.enthalpy(state)
    if released <= 0.0:
        raise ModelError(
            "enthalpy and entropy of the throat do not fit each other: nothing is left for the velocity",
            where="expand",
            fix="count both from the saturated liquid at the air pressure",
        )
    return math.sqrt(2.0 * released), state


def _birch_1984(case: _Case) -> tuple[float, Flash]:
    state = _stagnation(case, "birch_1984")
    specific = case.throat.compressibility * GAS_CONSTANT / case.substance.molar_mass
    gamma = case.substance.heat_capacity_ratio(state.temperature)
    return math.sqrt(gamma * specific * state.temperature), state


def _birch_1987(case: _Case) -> tuple[float, Flash]:
    return case.momentum_velocity(), _stagnation(case, "birch_1987")


def _stagnation(case: _Case, closure: str) -> Flash:
    if case.throat.vapour_fraction < 1.0 or case.throat.pressure <= case.scale.pressure:
        raise ModelError(
            f"{closure} is for a gas that leaves the throat above air pressure",
            where="expand.closure",
            fix="use closure='conservation'",
        )
    return case.cooled(0.0)


CLOSURES: Mapping[str, Callable[[_Case], tuple[float, Flash]]] = MappingProxyType(
    {
        "conservation": _conservation,
        "isentropic": _isentropic,
        "birch_1984": _birch_1984,
        "birch_1987": _birch_1987,
    }
)


def expand(
    throat: Throat,
    substance: Substance,
    *,
    ambient_pressure: float = ATMOSPHERE,
    closure: str = "conservation",
    velocity_limit: float | None = None,
) -> Jet:
    """Expand a stream from its throat to the air pressure, without mixing with air.

    Mass: ``ρ A u = mass_rate``. The rest depends on the closure:

    ======================  ===========================================================================================
    ``"conservation"``      momentum ``u = u_t + (p_t - p_a) A_t / mass_rate`` and energy ``h + u²/2 = h_0``
                            (Yellow Book; Witlox and Bowen 2002; for a gas Yüceil and Ötügen 2002). The default.
    ``"isentropic"``        entropy and energy: no shocks, no friction, the greatest velocity the energy allows. An
                            upper bound of momentum (Britter et al. 2011; option of the programs of CCPS 1996).
    ``"birch_1984"``        gas: sonic, at the stagnation temperature; momentum and energy are not conserved.
    ``"birch_1987"``        gas: momentum conserved, at the stagnation temperature.
    ======================  ===========================================================================================

    With a liquid and with a mixture the enthalpy decides how much boils: the flash fraction counts the kinetic
    energy. A liquid no warmer than its boiling point comes out as it is; heating by friction, 0.1 K or less, is left
    out.

    Parameters
    ----------
    throat
        The stream at the opening.
    substance
        What it is made of.
    ambient_pressure
        [Pa]
    closure
        One of the names above.
    velocity_limit
        Slow the jet down to this velocity, its energy kept and its momentum not. Some programs always do so; here
        only when asked, and the jet says so in its notes. [m s⁻¹]

    Raises
    ------
    ModelError
        A value out of range, a throat below the air pressure, a liquid above its critical or below its freezing
        point, no such closure, or a state outside the tables of the substance.

    References
    ----------
    van den Bosch, C.J.H. and Weterings, R.A.P.M. (eds), 2005, Yellow Book, CPR 14E, 3rd ed., section 2.5.3.7.
    Witlox, H.W.M. and Bowen, P.J., 2002, Flashing liquid jets and two-phase dispersion, a review, HSE Contract
    Research Report 403/2002 (chapter on expansion to ambient pressure).
    Birch, A.D., Brown, D.R., Dodson, M.G. and Swaffield, F., 1984, Combustion Science and Technology 36, 249-261.
    Birch, A.D., Hughes, D.J. and Swaffield, F., 1987, Combustion Science and Technology 52, 161-171.
    Yüceil, K.B. and Ötügen, M.V., 2002, Physics of Fluids 14, 4206-4215.
    Britter, R., Weil, J., Leung, J. and Hanna, S., 2011, Atmospheric Environment 45, 1-25.
    """
    check_ranges(("ambient_pressure", ambient_pressure, 3e4, 1.2e5, "Pa"), where="expand")
    if velocity_limit is not None:
        check_ranges(("velocity_limit", velocity_limit, 1.0, 5000.0, "m s⁻¹"), where="expand")
    if closure not in CLOSURES:
        raise ModelError(f"there is no closure {closure!r}", where="expand.closure", fix=near(closure, CLOSURES))
    _check_throat(throat, substance, ambient_pressure)
    case = _case(throat, substance, ambient_pressure)
    notes: tuple[str, ...] = ()
    if substance.associates:
        notes += (f"the vapour of {substance.name} forms clusters, which is left out: density and flash are unsure",)
    if _stays_liquid(throat, case.scale.boiling):
        velocity, state = _liquid_jet(case, closure)
    else:
        velocity, state = CLOSURES[closure](case)
    if velocity_limit is not None and velocity > velocity_limit:
        notes += (f"slowed from {velocity:.4g} to {velocity_limit:.4g} m/s as asked: momentum is not conserved",)
        velocity, state = velocity_limit, state if closure.startswith("birch") else case.cooled(velocity_limit)
    density = _density(substance, state, ambient_pressure, throat.compressibility)
    return Jet(
        mass_rate=throat.mass_rate,
        diameter=math.sqrt(4.0 * throat.mass_rate / (math.pi * density * velocity)),
        velocity=velocity,
        density=density,
        temperature=state.temperature,
        vapour_fraction=state.vapour_fraction,
        pressure=ambient_pressure,
        throat_temperature=case.temperature,
        phase=_phase(state.vapour_fraction),
        closure=closure,
        notes=notes,
    )


def flash(substance: Substance, *, temperature: float, pressure: float) -> Flash:
    """Let the boiling liquid at `temperature` down to `pressure`, its enthalpy kept.

    It ends at the boiling point of `pressure`, and ``x = (h(T) - h(T_b)) / L(T_b)`` of it is vapour; a liquid no warmer
    than that stays as it is. What the pressure of a blanket of gas adds, Δp/ρ, is below a thousandth of L a 10 bar.

    Parameters
    ----------
    substance
        What it is.
    temperature
        Of the liquid. [K]
    pressure
        To which it is let down. [Pa]

    Raises
    ------
    ModelError
        A liquid above its critical or below its freezing point, or a state outside the tables of the substance.

    References
    ----------
    Crowl, D.A. and Louvar, J.F., 2011, Chemical Process Safety, 3rd ed., section 4-7 (flashing liquids).
    """
    check_ranges(("temperature", temperature, 2.0, 3000.0, "K"), ("pressure", pressure, 1e3, 1e7, "Pa"), where="flash")
    _check_liquid(substance, temperature, where="flash")
    boiling = substance.saturation_temperature(pressure)
    if temperature <= boiling:
        return Flash(temperature=temperature, vapour_fraction=0.0)
    return Flash(temperature=boiling, vapour_fraction=substance.flash_fraction(temperature, pressure))


def _case(throat: Throat, substance: Substance, ambient_pressure: float) -> _Case:
    try:
        boiling: float | None = substance.saturation_temperature(ambient_pressure)
    except ModelError:  # below the triple point: gas may still be handled, and a liquid is refused later
        boiling = None
    mixed = throat.temperature is None or 0.0 < throat.vapour_fraction < 1.0
    temperature = substance.saturation_temperature(throat.pressure) if mixed else cast("float", throat.temperature)
    is_gas = throat.vapour_fraction == 1.0
    anchor = temperature if is_gas else (boiling if boiling is not None else temperature)
    scale = _Scale(substance, ambient_pressure, boiling, anchor)
    if throat.enthalpy is not None:
        total = throat.enthalpy + scale.saturated_liquid(0)
    elif is_gas or _stays_liquid(throat, boiling):  # the level of a liquid that stays one is not used
        total = 0.5 * throat.velocity**2
    else:
        latent = throat.vapour_fraction * substance.latent_heat(temperature)
        total = _liquid_level(scale, temperature, throat.pressure, 0) + latent + 0.5 * throat.velocity**2
    return _Case(throat, substance, scale, temperature, total)


def _entropy(case: _Case) -> float:
    throat, scale = case.throat, case.scale
    if throat.enthalpy is not None:
        if throat.entropy is None:
            raise ModelError(
                "the enthalpy of the throat is given but not its entropy",
                where="expand.entropy",
                fix="give both, counted from the same state, or use closure='conservation'",
            )
        return throat.entropy + scale.saturated_liquid(1)
    if throat.vapour_fraction == 1.0:
        return -GAS_CONSTANT / case.substance.molar_mass * math.log(throat.pressure / scale.pressure)
    latent = throat.vapour_fraction * case.substance.latent_heat(case.temperature)
    return _liquid_level(scale, case.temperature, throat.pressure, 1) + latent / case.temperature


def _liquid_level(scale: _Scale, temperature: float, pressure: float, power: int) -> float:
    substance, boiling = scale.substance, scale._boiling()
    floor, saturation = scale.saturated_liquid(power), substance.vapour_pressure(temperature)
    if temperature <= boiling:
        return floor + _integral(substance.liquid_heat_capacity, boiling, temperature, power)

    def heat(t: float) -> float:  # h(t) - h(boiling) on the saturation line
        return substance.flash_fraction(t, scale.pressure) * substance.latent_heat(boiling)

    volume = 1.0 / substance.liquid_density(temperature)
    if power == 0:
        return floor + heat(temperature) + (pressure - saturation) * volume
    # ds = (dh - v dp)/T on the saturation line, its first part integrated by parts
    by_heat = heat(temperature) / temperature + _integral(heat, boiling, temperature, 2)
    return floor + by_heat - (saturation - scale.pressure) * volume / temperature


def _stays_liquid(throat: Throat, boiling: float | None) -> bool:
    known = throat.temperature is not None and throat.enthalpy is None and throat.vapour_fraction == 0.0
    return known and boiling is not None and (throat.temperature or 0.0) <= boiling


def _liquid_jet(case: _Case, closure: str) -> tuple[float, Flash]:
    if closure == "isentropic":  # Bernoulli
        excess = 2.0 * (case.throat.pressure - case.scale.pressure) / case.throat.density
        velocity = math.sqrt(case.throat.velocity**2 + excess)
    elif closure == "conservation":
        velocity = case.momentum_velocity()
    else:
        _stagnation(case, closure)
    return velocity, Flash(temperature=case.throat.temperature or 0.0, vapour_fraction=0.0)


def _check_throat(throat: Throat, substance: Substance, ambient_pressure: float) -> None:
    if throat.pressure < ambient_pressure * (1.0 - 1e-9):
        raise ModelError(
            f"the throat is at {throat.pressure:.6g} Pa, below the air pressure of {ambient_pressure:.6g} Pa",
            where="expand.throat",
            fix="nothing flows out; give absolute pressures, that of the throat no lower than that of the air",
        )
    if throat.vapour_fraction < 1.0 and throat.temperature is not None:
        _check_liquid(substance, throat.temperature, where="expand.throat")


def _check_liquid(substance: Substance, temperature: float, *, where: str) -> None:
    low, high = substance.freezing_point or 0.0, substance.critical_temperature
    if not low <= temperature < high:
        raise ModelError(
            f"{substance.name} is no liquid at {temperature:.5g} K",
            where=f"{where}.temperature",
            fix=f"give a temperature from {low:.5g} K (freezing) to {high:.5g} K (critical), or a vapour_fraction of 1",
        )


def _density(substance: Substance, state: Flash, pressure: float, compressibility: float) -> float:
    volume = 0.0
    if state.vapour_fraction > 0.0:
        volume += state.vapour_fraction * compressibility / substance.gas_density(state.temperature, pressure)
    if state.vapour_fraction < 1.0:
        volume += (1.0 - state.vapour_fraction) / substance.liquid_density(state.temperature)
    return 1.0 / volume


def _phase(vapour_fraction: float) -> Phase:
    if vapour_fraction == 1.0:
        return "gas"
    return "two-phase" if vapour_fraction > 0.0 else "liquid"


def _integral(heat: Callable[[float], float], low: float, high: float, power: int) -> float:
    half, middle = 0.5 * (high - low), 0.5 * (high + low)
    if half == 0.0:
        return 0.0
    points = [middle + half * float(node) for node in _NODES]
    return half * sum(float(w) * heat(t) / t**power for w, t in zip(_WEIGHTS, points, strict=True))


def _root(heat: Callable[[float], float], start: float, value: float, power: int) -> float:
    """Temperature up to which the integral from `start` is `value`: Newton, the integrand is positive and smooth."""
    temperature = start
    for _ in range(60):
        step = (_integral(heat, start, temperature, power) - value) * temperature**power / heat(temperature)
        if abs(step) <= 1e-12 * temperature:
            return temperature
        temperature = max(temperature - step, 0.5 * temperature)
        if temperature < 1.0:
            break
    raise _exhausted()


def _exhausted() -> ModelError:
    return ModelError(
        "the pressure left in the throat would give the jet more kinetic energy than it has heat",
        where="expand.throat",
        fix="a throat above air pressure is choked: give it the velocity of sound of its content",
    )
