"""Liquid pools: spreading, boiling and evaporation of a spill in time, with closed balances of mass and heat.

One unknown a step, y = -ln(1 - p/P): it gives the temperature of the pool, through the vapour pressure p, and the
evaporation, which is proportional to it. Where y is large the pool boils, and its evaporation is what the heat allows;
no switch between two models is needed. The heat drawn from ground that is wetted little by little, by a pool whose
temperature changes, is ``k/sqrt(π α) ∫ dΦ(τ)/sqrt(t - τ)`` with Φ = A (T_ground - T): Duhamel's superposition over the
rings wetted.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plant_models.discharge import GRAVITY, check_ranges
from plant_models.evaporation import LiquidTable, Substrate, between, standing_notes
from plant_models.evaporation import substrate as substrate_named
from plant_models.frozen import reduce_value
from plant_models.substances import Substance
from plant_models.substances import substance as substance_named
from twin.errors import ModelError, Problem

__all__ = ["PoolHistory", "spread_and_evaporate"]

_STEFAN_BOLTZMANN = 5.670374419e-8  # W m⁻² K⁻⁴, exact since the 2019 SI (CODATA 2018)
_EMISSIVITY = 0.97  # of water, taken for every liquid: Jones et al. 2013, NOAA TM NOS OR&R 43, section 3.3.3.2
_BOILS = 4.0  # the same, section 3.3.1: from (P/p) ln(1/(1 - p/P)) = 4 on, a pool counts as boiling
_DIAMETER_EXPONENT = -0.11  # of Mackay and Matsugu 1973
# Allowed departure of a step from a straight line: the mass evaporated is then within 1e-3 of that
# spilled, 1 % for a pool on water whose spreading overshoots (see the tests).
_ALLOWED_TEMPERATURE, _ALLOWED_RATE = 0.02, 0.003  # K, 1
_SHORTEST = 1e-3  # of the time since the start, and at least 1e-5 s: a step is no shorter
_STIFFEST = 50.0  # of y: what is stiff at e⁵⁰ is so at any more, and e⁷¹⁰ overflows
_TRACE = 1e-12  # of the mass spilled: less than this counts as nothing
_Outside = tuple[float, float, float, float]  # temperatures of ground and air, sunlight, radiation of the sky absorbed
HEAT_TERMS = ("ground", "air", "solar", "longwave", "freezing", "evaporation", "overflow")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PoolHistory:
    """What became of a spill.

    All arrays are read-only and have a row for each of `times`.

    Parameters
    ----------
    substance
        What was spilled.
    substrate
        What it lies on.
    times
        From the start of the spill until the pool is gone or the stated end. [s]
    mass
        Of the liquid in the pool. [kg]
    area
        Wet area. [m²]
    temperature
        Of the pool; the spilled liquid's where there is none. [K]
    evaporation_rate
        [kg s⁻¹]
    spilled, evaporated, overflow
        Mass spilled, evaporated and run over the bund so far. [kg]
    regime
        A word for each of `times`: "evaporating", "boiling", "freezing", or
        "balanced" where no liquid is left and what arrives evaporates at once.
    heat
        Heat taken up so far, each shape of `times`, by "ground", "air", "solar", "longwave", "freezing" (given off by
        what freezes), "evaporation" and "overflow" (what leaves with the vapour and over the bund, negative). The
        enthalpy of the liquid counts from its temperature when spilled. [J]
    enthalpy
        Of the liquid in the pool, from that temperature, computed from `mass` and `temperature`. [J]
    notes
        How the numbers came about and what is neglected, one sentence each.
    """

    substance: Substance
    substrate: Substrate
    times: NDArray[np.float64]
    mass: NDArray[np.float64]
    area: NDArray[np.float64]
    temperature: NDArray[np.float64]
    evaporation_rate: NDArray[np.float64]
    spilled: NDArray[np.float64]
    evaporated: NDArray[np.float64]
    overflow: NDArray[np.float64]
    regime: tuple[str, ...]
    heat: Mapping[str, NDArray[np.float64]]
    enthalpy: NDArray[np.float64]
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in self.__slots__:
            if isinstance(getattr(self, name), np.ndarray):
                object.__setattr__(self, name, _fixed(getattr(self, name)))
        object.__setattr__(self, "heat", MappingProxyType({name: _fixed(row) for name, row in self.heat.items()}))

    def __reduce__(self) -> tuple[Any, ...]:
        return reduce_value(self)

    @property
    def mass_closure(self) -> float:
        """Largest fault of spilled = evaporated + in the pool + overflow, over the mass spilled in all."""
        fault = self.spilled - self.evaporated - self.mass - self.overflow
        return float(np.abs(fault).max() / self.spilled[-1])

    @property
    def energy_closure(self) -> float:
        """Largest fault of enthalpy = sum of the heat terms, over the sum of their magnitudes at the end."""
        fault = self.enthalpy - np.sum(list(self.heat.values()), axis=0)
        scale = sum(abs(float(row[-1])) for row in self.heat.values())
        return float(np.abs(fault).max() / scale) if scale else 0.0

    def evaporation_pieces(self, edges: ArrayLike) -> NDArray[np.float64]:
        """Mean evaporation rate between each two of `edges` [s], shape one less than `edges`. [kg s⁻¹]

        The pieces carry the mass evaporated between the edges, to rounding, so they are the `mass_rates` of a release.

        Raises
        ------
        ModelError
            The edges do not increase, or are fewer than two.
        """
        bounds = np.asarray(edges, dtype=np.float64)
        if bounds.ndim != 1 or len(bounds) < 2 or not np.all(np.diff(bounds) > 0.0) or not np.all(np.isfinite(bounds)):
            raise ModelError(
                "edges do not increase", where="PoolHistory.evaporation_pieces", fix="give two or more increasing times"
            )
        return np.diff(np.interp(bounds, self.times, self.evaporated)) / np.diff(bounds)

    def __repr__(self) -> str:
        return (
            f"<PoolHistory {self.substance.name} on {self.substrate.name}: {self.spilled[-1]:.4g} kg spilled, "
            f"{self.evaporated[-1]:.4g} kg evaporated until {self.times[-1]:.4g} s, up to {self.area.max():.4g} m²>"
        )


def spread_and_evaporate(
    *,
    substance: Substance | str,
    edges: ArrayLike,
    mass_rates: ArrayLike,
    temperature: float,
    substrate: Substrate | str,
    wind_speed: float,
    air_temperature: float,
    air_pressure: float,
    solar_flux: float,
    ground_temperature: float,
    until: float,
    instantaneous_mass: float = 0.0,
    bund_area: float | None = None,
    bund_height: float | None = None,
    longwave_flux: float | None = None,
) -> PoolHistory:
    """Follow a spill of liquid as it spreads, boils or evaporates, until it is gone or until a stated time.

    Spreading is that of gravity against inertia, dr/dt = sqrt(2 g h), so that the area grows with ``sqrt(8 π g V)``,
    down to the minimum depth of the substrate or out to the bund; over water, g is reduced by the buoyancy. Wetted
    ground stays wet while the pool thins; the area never shrinks, except where less arrives than could evaporate. An
    instantaneous mass starts as a cylinder as high as its radius. Evaporation is that of Mackay and Matsugu with
    Stefan flow.

    Parameters
    ----------
    substance
        Which liquid, or its name.
    edges
        Times that bound the pieces of the spill, shape (n + 1,), increasing. [s]
    mass_rates
        Liquid reaching the ground in each piece, shape (n,). [kg s⁻¹]
    temperature
        Of the liquid that reaches the ground; a superheated liquid must be flashed before. [K]
    substrate
        What it lies on, or its name: see :func:`plant_models.evaporation.known_substrates`.
    wind_speed
        At 10 m; below 1 m/s it is taken as 1 m/s. [m s⁻¹]
    air_temperature, air_pressure
        [K], [Pa]
    solar_flux
        Sunlight absorbed, 0 at night. [W m⁻²]
    ground_temperature
        Of the ground or the water before the spill. [K]
    until
        End of the computation, on the clock of `edges`. [s]
    instantaneous_mass
        Mass let go at once at ``edges[0]``. [kg]
    bund_area
        Area the pool cannot leave; None: flat and open. [m²]
    bund_height
        Liquid above it runs over and is lost to the pool; None: the bund never overflows. [m]
    longwave_flux
        Thermal radiation of the sky; None: that of a black body as warm as the air, the upper bound. [W m⁻²]

    Raises
    ------
    ModelError
        A value out of range; the spilled liquid is superheated or frozen, or heavier than the water below.

    References
    ----------
    Briscoe, F. and Shaw, P., 1980, Spread and evaporation of liquid, Prog. Energy Combust. Sci. 6:127-140.
    Shaw, P. and Briscoe, F., 1978, Evaporation from spills of hazardous liquids on land and water, SRD R100, UKAEA.
    Mackay, D. and Matsugu, R.S., 1973, Can. J. Chem. Eng. 51:434-439.
    Carslaw, H.S. and Jaeger, J.C., 1959, Conduction of Heat in Solids, 2nd ed., section 2.5 (surface temperature f(t)).
    """
    check_ranges(
        ("temperature", temperature, 20.0, 1000.0, "K"),
        ("wind_speed", wind_speed, 0.0, 60.0, "m s⁻¹"),
        ("air_temperature", air_temperature, 200.0, 340.0, "K"),
        ("air_pressure", air_pressure, 3e4, 1.2e5, "Pa"),
        ("solar_flux", solar_flux, 0.0, 1400.0, "W m⁻²"),
        ("ground_temperature", ground_temperature, 200.0, 400.0, "K"),
        ("instantaneous_mass", instantaneous_mass, 0.0, 1e9, "kg"),
        ("bund_area", 1.0 if bund_area is None else bund_area, 1e-2, 1e7, "m²"),
        ("bund_height", 1.0 if bund_height is None else bund_height, 1e-3, 100.0, "m"),
        ("longwave_flux", 0.0 if longwave_flux is None else longwave_flux, 0.0, 2000.0, "W m⁻²"),
        where="spread_and_evaporate",
    )
    bounds, rates = np.array(edges, dtype=np.float64), np.array(mass_rates, dtype=np.float64)
    _check_spill(bounds, rates, instantaneous_mass, until)
    if bund_area is None and bund_height is not None:
        raise ModelError("a bund height without an area", where="spread_and_evaporate", fix="give bund_area too")
    ground = substrate_named(substrate) if isinstance(substrate, str) else substrate
    liquid = LiquidTable(
        substance_named(substance) if isinstance(substance, str) else substance,
        spill=temperature,
        air=air_temperature,
        pressure=air_pressure,
        wind=wind_speed,
    )
    sky = _EMISSIVITY * (_STEFAN_BOLTZMANN * air_temperature**4 if longwave_flux is None else longwave_flux)
    bund = (math.inf if bund_area is None else bund_area, math.inf if bund_height is None else bund_height)
    run = _Run(liquid, ground, bund, (ground_temperature, air_temperature, solar_flux, sky))
    endless = bund_area is not None and bund_height is None
    notes = standing_notes(ground, wind_speed, black_sky=longwave_flux is None, endless_bund=endless)
    return run.history(bounds, rates, instantaneous_mass, until, notes)


@dataclass(frozen=True, slots=True)
class _State:
    """The pool at a time: `area` was wetted, `wet` of it is, and heats are those of HEAT_TERMS."""

    time: float
    mass: float
    area: float
    temperature: float
    drive: float  # y = -ln(1 - p/P)
    rate: float = 0.0
    wet: float = 1.0
    spilled: float = 0.0
    evaporated: float = 0.0
    overflow: float = 0.0
    heats: tuple[float, ...] = (0.0,) * len(HEAT_TERMS)
    conducted: float = 0.0  # by all of the area, whether wet or not
    freezes: bool = False

    @property
    def regime(self) -> str:
        if self.freezes:
            return "freezing"
        if self.mass == 0.0 and self.spilled > 0.0:
            return "balanced"
        return "boiling" if self.drive >= _BOILS * -math.expm1(-self.drive) else "evaporating"


@dataclass(slots=True)
class _Attempt:
    """What a step would do to the pool for a given y at its end."""

    drive: float
    area: float
    temperature: float
    rate: float
    evaporated: float
    mass: float
    conducted: float
    gains: tuple[float, float, float, float]  # ground, air, solar, longwave
    leaving: float
    residual: float
    freezes: bool = False


class _Run:
    """The integration: state, wetted ground of the past and weather."""

    def __init__(self, liquid: LiquidTable, ground: Substrate, bund: tuple[float, float], outside: _Outside) -> None:
        self.liquid, self.ground, self.bund = liquid, ground, bund
        self.below, self.above, self.solar, self.sky = outside
        self.stirring = ground.heat_transfer_coefficient or 0.0
        self.conduction = 0.0 if self.stirring else ground.effusivity / math.sqrt(math.pi)
        density = liquid.of.liquid_density(liquid.spill)
        gravity = GRAVITY * (1.0 if ground.density is None else 1.0 - density / ground.density)
        if gravity <= 0.0:
            raise ModelError(
                f"{liquid.of.name} is heavier than {ground.name}: {density:.4g} against {ground.density:.4g} kg m⁻³",
                where="spread_and_evaporate.substrate",
                fix="it sinks; this model follows liquids that float, or lie on solid ground",
            )
        self.pull = math.sqrt(8.0 * math.pi * gravity)
        self.jump, self.count = 0.0, 0
        self.knots, self.slopes = np.zeros(256), np.zeros(256)  # times, and slopes of A (T_ground - T) before them

    def history(
        self, bounds: NDArray[np.float64], rates: NDArray[np.float64], at_once: float, until: float, notes: list[str]
    ) -> PoolHistory:
        start, states = float(bounds[0]), [self._first(float(bounds[0]), at_once)]
        self.knots[0], self.jump = start, states[0].area * (self.below - self.liquid.spill)
        pieces = [*zip(np.minimum(bounds[1:], until).tolist(), rates.tolist(), strict=True), (until, 0.0)]
        spills = [at for at, rate in pieces if rate > 0.0]
        longest = (until - start) / 100.0
        span = min(1e-3, longest)
        for end, rate in pieces:
            while states[-1].time < end:
                if states[-1].mass == 0.0 and states[-1].spilled > 0.0 and not any(at >= end for at in spills):
                    break
                span = self._advance(states, min(span, longest), end, rate)
        return self._collect(states, notes)

    def _first(self, start: float, at_once: float) -> _State:
        temperature = self.liquid.spill
        volume = at_once / self.liquid.of.liquid_density(temperature)
        area = min(math.pi * (volume / math.pi) ** (2.0 / 3.0), self.bund[0])
        drive = self.liquid.drive(temperature)
        return _State(start, at_once, area, temperature, drive, spilled=at_once)

    def _advance(self, states: list[_State], span: float, end: float, rate: float) -> float:
        """Append the state after one accepted step; the length to try next."""
        old, shortest = states[-1], max(_SHORTEST * (states[-1].time - states[0].time), 1e-5)
        while True:
            last = end - old.time <= span * 1.001
            new = self._step(old, end - old.time if last else span, rate)
            span = new.time - old.time
            error = _departure(states, new)
            if error <= 4.0 or span <= 1.01 * shortest:
                break
            span = max(span * max(0.9 / math.sqrt(error), 0.2), shortest)
        if abs(new.time - end) < 1e-9 * max(1.0, abs(end)):
            new = replace(new, time=end)
        self._remember(old, new)
        states.append(new)
        return max(span * min(0.9 / math.sqrt(max(error, 1e-9)), 2.0), shortest)

    def _step(self, old: _State, span: float, rate: float) -> _State:
        found = self._solve(old, span, rate, dry=False)
        if found.mass >= 0.0:
            return self._after(old, span, rate, found, share=1.0)
        if old.mass == 0.0:
            found = self._solve(old, span, rate, dry=True)
            share = min(rate * span / found.evaporated, 1.0)
            return self._after(old, span, rate, found, share=share)
        low, high, short, long = 0.0, span, old.mass, found.mass
        scale = _TRACE * (old.spilled + rate * span)
        for _ in range(60):  # false position after Illinois: the moment at which the pool is gone
            span = (low * long - high * short) / (long - short)
            found = self._solve(old, span, rate, dry=False)
            if abs(found.mass) <= scale:
                break
            if found.mass > 0.0:
                low, short, long = span, found.mass, 0.5 * long
            else:
                high, long, short = span, found.mass, 0.5 * short
        found.mass = 0.0
        return self._after(old, span, rate, found, share=1.0)

    def _solve(self, old: _State, span: float, rate: float, *, dry: bool) -> _Attempt:
        """Step that balances the heat, the area ahead of it."""
        area = old.area if dry else self._spread(old, span, rate * span)
        return self._balance(old, self._attempts(old, span, rate, area, dry=dry))

    def _balance(self, old: _State, attempt: Callable[[float], _Attempt]) -> _Attempt:
        """Find the y that balances the heat; a pool that would freeze is held at that point."""
        from scipy.optimize import brentq

        coldest = self.liquid.coldest
        low, high = max(old.drive / 1.2, coldest), max(old.drive * 1.2, 1.001 * coldest)
        while attempt(high).residual < 0.0:
            low, high = high, 2.0 * high
        while attempt(low).residual > 0.0:
            if low <= coldest:
                found = attempt(coldest)
                found.freezes = True
                return found
            low, high = max(0.5 * low, coldest), low
        return attempt(brentq(lambda y: attempt(y).residual, low, high, xtol=1e-300, rtol=1e-14, maxiter=200))

    def _attempts(
        self, old: _State, span: float, rate: float, area: float, *, dry: bool
    ) -> Callable[[float], _Attempt]:
        arriving, liquid = rate * span, self.liquid
        late = 1.0 if dry else self._weight(old, span)
        early = 1.0 - late
        before = self._local(old.area, old.temperature, old.drive)
        stored = 0.0 if dry else old.mass * between(liquid.enthalpy, *liquid.place(old.temperature))
        sunlit = self.solar * span * (late * area + early * old.area)
        past, phi = self._conducted(old.time + span), old.area * (self.below - old.temperature)
        newest = self.conduction * 4.0 / 3.0 * math.sqrt(span)

        def attempt(y: float) -> _Attempt:
            temperature = liquid.temperature(y)
            now = self._local(area, temperature, y)
            evaporated, leaving, air, longwave, stirred = (
                span * (late * b + early * a) for a, b in zip(before, now, strict=True)
            )
            conducted = past + newest * (area * (self.below - temperature) - phi)
            gains = (conducted - old.conducted + stirred, air, sunlit, longwave)
            mass = 0.0 if dry else old.mass + arriving - evaporated
            kept = mass * between(liquid.enthalpy, *liquid.place(temperature))
            residual = kept - stored + leaving - math.fsum(gains)
            return _Attempt(y, area, temperature, now[0], evaporated, mass, conducted, gains, leaving, residual)

        return attempt

    def _after(self, old: _State, span: float, rate: float, found: _Attempt, *, share: float) -> _State:
        """State after the step; `share` of the wetted area is wet."""
        place = self.liquid.place(found.temperature)
        over = max(found.mass - self.bund[0] * self.bund[1] * between(self.liquid.density, *place), 0.0)
        changes = (*found.gains, found.residual if found.freezes else 0.0, -found.leaving, 0.0)
        heats = [before + share * change for before, change in zip(old.heats, changes, strict=True)]
        heats[-1] -= over * between(self.liquid.enthalpy, *place)
        spilled, left = old.spilled + rate * span, found.mass - over
        return _State(
            time=old.time + span,
            mass=left if left > _TRACE * spilled else 0.0,
            area=found.area,
            temperature=found.temperature,
            drive=found.drive,
            rate=share * found.rate,
            wet=share,
            spilled=spilled,
            evaporated=old.evaporated + share * found.evaporated,
            overflow=old.overflow + over,
            heats=tuple(heats),
            conducted=found.conducted,
            freezes=found.freezes,
        )

    def _local(self, area: float, temperature: float, y: float) -> tuple[float, float, float, float, float]:
        """Rates of evaporation, enthalpy leaving with it, heat from air, longwave and stirred water."""
        if area == 0.0:
            return 0.0, 0.0, 0.0, 0.0, 0.0
        row, w = self.liquid.place(temperature)
        reach = area * math.sqrt(4.0 * area / math.pi) ** _DIAMETER_EXPONENT
        rate = reach * between(self.liquid.flux, row, w) * y
        return (
            rate,
            rate * between(self.liquid.leaving, row, w),
            reach * between(self.liquid.air, row, w) * (self.above - temperature),
            area * (self.sky - _EMISSIVITY * _STEFAN_BOLTZMANN * temperature**4),
            area * self.stirring * (self.below - temperature),
        )

    def _spread(self, old: _State, span: float, arriving: float) -> float:
        """Wetted area at the end of a step: dA/dt = sqrt(8 π g V), V linear in the step."""
        density = between(self.liquid.density, *self.liquid.place(old.temperature))
        first, last = old.mass / density, max(old.mass + arriving - old.rate * span, 0.0) / density
        roots = math.sqrt(first) + math.sqrt(last)
        mean = (first + math.sqrt(first * last) + last) / (1.5 * roots) if roots else 0.0
        free = min(old.area + self.pull * mean * span, last / self.ground.minimum_depth)
        return min(max(old.area, free), self.bund[0])

    def _weight(self, old: _State, span: float) -> float:
        """Weight of the end of the step that is exact for a linear decay: 1/2 for a short step, 1 for a stiff one."""
        if old.mass == 0.0:
            return 1.0
        row, w = self.liquid.place(old.temperature)
        steep = (self.liquid.logarithm[row + 1] - self.liquid.logarithm[row]) / self.liquid.step
        steep *= math.expm1(min(old.drive, _STIFFEST))
        reach = math.sqrt(4.0 * old.area / math.pi) ** _DIAMETER_EXPONENT if old.area else 0.0
        latent = between(self.liquid.leaving, row, w) - between(self.liquid.enthalpy, row, w)
        loss = (
            reach * (between(self.liquid.flux, row, w) * latent * steep + between(self.liquid.air, row, w))
            + self.stirring
        )
        stiff = span * loss * old.area / (old.mass * between(self.liquid.heat, row, w))
        return 0.5 if stiff < 1e-3 else float(1.0 / -math.expm1(-stiff) - 1.0 / stiff)

    def _conducted(self, time: float) -> float:
        """Heat conducted into the wetted area until `time` by what happened up to the last knot."""
        knots = self.knots[: self.count + 1]
        ages = (time - knots) ** 1.5
        past = float(np.dot(self.slopes[1 : self.count + 1], ages[:-1] - ages[1:]))
        return self.conduction * (2.0 * self.jump * math.sqrt(time - knots[0]) + 4.0 / 3.0 * past)

    def _remember(self, old: _State, new: _State) -> None:
        self.count += 1
        if self.count == len(self.knots):
            self.knots, self.slopes = (np.concatenate((row, np.zeros(len(row)))) for row in (self.knots, self.slopes))
        change = new.area * (self.below - new.temperature) - old.area * (self.below - old.temperature)
        self.knots[self.count], self.slopes[self.count] = new.time, change / (new.time - old.time)

    def _collect(self, states: list[_State], notes: list[str]) -> PoolHistory:
        heats = np.array([state.heats for state in states])
        rates = [state.rate for state in states]
        regimes = [state.regime for state in states]
        if len(states) > 1 and states[0].mass:
            rates[0], regimes[0] = rates[1], regimes[1]  # at the first moment the rate of a boiling pool has no bound
        for word, what in _EVENTS.items():
            if word in regimes:
                notes.append(f"{what} at {states[regimes.index(word)].time:.4g} s")
        if states[-1].overflow:
            notes.append(f"{states[-1].overflow:.4g} kg ran over the bund; the cloud is too small by it")

        def column(name: str) -> NDArray[np.float64]:
            return np.array([getattr(state, name) for state in states])

        mass, temperature = column("mass"), column("temperature")
        enthalpy = [between(self.liquid.enthalpy, *self.liquid.place(t)) for t in temperature.tolist()]
        return PoolHistory(
            substance=self.liquid.of,
            substrate=self.ground,
            times=column("time"),
            mass=mass,
            area=column("area") * column("wet"),
            temperature=temperature,
            evaporation_rate=np.array(rates),
            spilled=column("spilled"),
            evaporated=column("evaporated"),
            overflow=column("overflow"),
            regime=tuple(regimes),
            heat={name: heats[:, k] for k, name in enumerate(HEAT_TERMS)},
            enthalpy=mass * np.array(enthalpy),
            notes=(*notes, *self.liquid.notes),
        )


_EVENTS = {
    "boiling": "the pool boils, first",
    "balanced": "no liquid is left on the ground, what still arrives evaporates at once, first",
    "freezing": "the pool reaches its freezing point and is held there, melting not counted, first",
}


def _fixed(values: ArrayLike) -> NDArray[np.float64]:
    array = np.array(values, dtype=np.float64)
    array.flags.writeable = False
    return array


def _departure(states: list[_State], new: _State) -> float:
    """How far a step departs from the line through the two states before, in units of what is allowed."""
    old = states[-1]
    if len(states) == 1:
        return abs(new.temperature - old.temperature) / _ALLOWED_TEMPERATURE
    ratio = (new.time - old.time) / (old.time - states[-2].time)
    warming = new.temperature - old.temperature - ratio * (old.temperature - states[-2].temperature)
    growth = new.rate - old.rate - ratio * (old.rate - states[-2].rate)
    mean = new.evaporated / (new.time - states[0].time)
    return max(abs(warming) / _ALLOWED_TEMPERATURE, abs(growth) / (_ALLOWED_RATE * (new.rate + mean) + 1e-300))


def _check_spill(bounds: NDArray[np.float64], rates: NDArray[np.float64], at_once: float, until: float) -> None:
    shaped = bounds.ndim == rates.ndim == 1 and len(bounds) == len(rates) + 1
    rising = shaped and bool(np.all(np.isfinite(bounds)) and np.all(np.diff(bounds) > 0.0))
    finite = bool(np.all((rates >= 0.0) & (rates <= 1e6)))
    rows = (
        (not shaped, f"{bounds.size} edges for {rates.size} mass rates", "edges", "give one edge more than mass rates"),
        (shaped and not rising, "edges do not increase", "edges", "give finite, increasing times in seconds"),
        (rising and not bounds[0] < until <= bounds[0] + 1e7, f"until is {until!r}", "until", "give a later time [s]"),
        (not finite, "a mass rate is negative or not finite", "mass_rates", "give 0 to 1e6 kg s⁻¹"),
        (finite and not at_once and not rates.any(), "nothing is spilled", "mass_rates", "give a rate or a mass"),
    )
    where = "spread_and_evaporate"
    problems = [Problem(what, where=f"{where}.{name}", fix=fix) for bad, what, name, fix in rows if bad]
    if problems:
        raise ModelError.of(problems, where=where)
