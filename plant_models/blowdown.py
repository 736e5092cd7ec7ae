"""A vessel that empties through a hole: mass, energy, level, pressure and temperature in time.

The contents are in equilibrium and of one temperature (liquid and vapour), heat comes from the wall. What leaves takes
its enthalpy along; mass and energy are integrated together with what has left, in the same scheme, so that both close
to rounding whatever the step: the closures find a slip of the bookkeeping, not an error of the integration.

Not modelled: a level that swells when a boiling liquid is vented from above (two-phase venting), boiling on the wall, a
gas warmer above than below, the inert gas that leaves once the liquid is out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plant_models.discharge import GRAVITY, HoleFlow, check_ranges
from plant_models.matter import Substance
from plant_models.openings import BlowDown, Opening, Wall
from plant_models.states import State
from plant_models.vessel_contents import SPENT, VesselContents
from plant_models.vessels import Vessel
from twin.errors import ModelError

__all__ = ["BlowDown", "Opening", "Wall", "blow_down"]

_STEPS = 60  # at least, over a stage; the solver takes more where it needs them
_ACCURACY = 1e-7  # relative, of the solver
_STILL = 1e-7  # relative overpressure at which no more liquid is said to flow
_FREEZING = 0.1  # K above the triple point (or the end of the table), where a blow-down stops
_COOLING = 4.0 / 3.0  # inside over throat temperature of a monatomic gas, the most there is: (γ + 1)/2
_BREATHES = "air is let in once the pressure inside has fallen to that outside: no vacuum holds the liquid back"
_PADDED = 1.005  # pressure over vapour pressure from which an inert gas is taken to fill the space above the liquid
_STATED = 0.03  # relative, by which a vessel at its vapour pressure may be stated off it
_COVERED = 1e-3  # m of liquid above a hole that make it covered
_FALLEN = "the liquid has fallen to the hole"
_SPLIT = "the contents, dense until here, split into liquid and vapour"


def blow_down(
    of: Substance,
    *,
    vessel: Vessel,
    opening: Opening,
    pressure: float,
    temperature: float,
    liquid_height: float = 0.0,
    until: float,
    vented: bool = False,
    wall: Wall | None = None,
    ambient_pressure: float,
) -> BlowDown:
    """Empty a vessel through a hole.

    A gas, or a boiling liquid under its vapour, follows its own equilibrium, and so does a liquid whose pressure is
    above its vapour pressure: it lies under an inert gas that expands at the temperature of the liquid, down to the
    pressure of the air, which then follows through the hole (the most that can come out). When the
    liquid has fallen to the hole the vapour goes on alone where it can. A liquid that breathes air (`vented`) keeps
    its temperature.

    Parameters
    ----------
    of
        Substance inside.
    vessel
        Geometry.
    opening
        Hole, and the valve that may shut it.
    pressure, temperature
        At first. [Pa], [K]
    liquid_height
        Of the liquid at first; 0: gas only. [m]
    until
        Time after which nothing is computed. [s]
    vented
        The space above the liquid stays at `pressure`.
    wall
        Gives heat to the contents; None: adiabatic.
    ambient_pressure
        Outside. [Pa]

    Raises
    ------
    ModelError
        A value out of range, a liquid below its vapour pressure, a gas above it, or no pressure to drive a flow.

    References
    ----------
    Haque, M.A., Richardson, S.M. and Saville, G., 1992, Trans. IChemE 70B:3 (blow-down of vessels: one zone a phase,
    wall, real fluid).
    """
    check_ranges(
        ("pressure", pressure, 1e3, 1.5e8, "Pa"),
        ("temperature", temperature, 20.0, 2000.0, "K"),
        ("liquid_height", liquid_height, 0.0, vessel.inner_height, "m"),
        ("until", until, 1e-3, 1e9, "s"),
        ("ambient_pressure", ambient_pressure, 3e4, 1.2e5, "Pa"),
        where="blow_down",
    )
    if opening.height > vessel.inner_height:
        raise ModelError(
            f"the hole at {opening.height:g} m is above the vessel of {vessel.inner_height:.4g} m",
            where="blow_down",
            fix=f"give a height up to {vessel.inner_height:.4g} m",
        )
    run = _Run(
        of, vessel=vessel, opening=opening, wall=wall, ambient=ambient_pressure, temperature=temperature, until=until
    )
    if liquid_height > 0.0:
        over = pressure - _saturation(of, pressure, temperature)
        if vented or "vapour_density" not in of.curves:
            run.drain(pressure, temperature, liquid_height, vented=vented)
        else:
            run.start_liquid(temperature, liquid_height, over if pressure > (pressure - over) * _PADDED else 0.0)
    else:
        run.start_gas(pressure, temperature)
    if run.contents is not None:
        run.boil()
    return run.result()


def _vapour_pressure(of: Substance, temperature: float) -> float:
    """Vapour pressure; infinite where there is no liquid, or none is known. [Pa]"""
    curve = of.curves.get("vapour_pressure")
    if curve is None or not curve.low <= temperature <= curve.high:
        return math.inf
    return curve.at(temperature)


def _saturation(of: Substance, pressure: float, temperature: float) -> float:
    if temperature >= of.critical_temperature:
        raise ModelError(
            f"{of.name} at {temperature:.5g} K is above its critical temperature: there is no liquid",
            where="blow_down",
            fix=f"give liquid_height=0, or a temperature below {of.critical_temperature:.5g} K",
        )
    saturation = of.vapour_pressure(temperature)
    if pressure < saturation * (1.0 - _STATED):
        raise ModelError(
            f"liquid {of.name} at {temperature:.5g} K cannot stand at {pressure:.4g} Pa",
            where="blow_down",
            fix=f"give a pressure from the vapour pressure, {saturation:.4g} Pa, up",
        )
    return saturation


@dataclass(slots=True)
class _Contents:
    mass: float
    energy: float


@dataclass(slots=True)
class _Rows:
    """Samples of a run, one list a column."""

    columns: dict[str, list[Any]] = field(default_factory=dict)

    def add(self, **values: Any) -> None:
        for name, value in values.items():
            self.columns.setdefault(name, []).append(value)


class _Run(VesselContents):
    """One blow-down: its stages share the samples, the clock and what has left."""

    def __init__(
        self,
        of: Substance,
        *,
        vessel: Vessel,
        opening: Opening,
        wall: Wall | None,
        ambient: float,
        temperature: float,
        until: float,
    ) -> None:
        super().__init__(of, vessel=vessel, opening=opening, wall=wall, ambient=ambient)
        self.end = min(until, opening.close_at + opening.closing_time)
        self.now, self.released, self.carried, self.heat = 0.0, 0.0, 0.0, 0.0
        self.wall_temperature = temperature
        self.contents: _Contents | None = None
        self.rows, self.events, self.notes = _Rows(), [], []  # type: ignore[var-annotated]
        curve, heat = of.curves.get("vapour_pressure"), of.curves.get("gas_heat_capacity")
        self.coldest = curve.low + _FREEZING if curve else 0.0
        if of.components and heat:
            self.coldest = max(self.coldest, _COOLING * heat.low)
            self.notes.append("a mixture is a gas throughout: what condenses as it cools is not modelled")

    # --- liquid under air

    def drain(self, pressure: float, temperature: float, height: float, *, vented: bool) -> None:
        """Let a liquid run out under air or an inert gas, at constant temperature, down to the hole."""
        of, density, volume = self.of, self.of.liquid_density(temperature), self.vessel.volume
        saturation = of.vapour_pressure(temperature)
        space = max(volume - self.vessel.liquid_volume(height), 1e-9 * volume)
        first, floor = density * (volume - space), density * self.vessel.liquid_volume(self.opening.height)
        heat = of.curves.get("liquid_enthalpy")
        enthalpy = heat.at(temperature, of=of.name) if heat else saturation / density  # else counted from this liquid

        def over(mass: float) -> float:
            if vented:
                return pressure
            return max(saturation + (pressure - saturation) * space / (volume - mass / density), self.ambient)

        def drive(mass: float) -> float:
            level = self.vessel.height(min(max(mass / density, 0.0), volume))
            return over(mass) + density * GRAVITY * max(level - self.opening.height, 0.0)

        def flow(mass: float) -> HoleFlow | None:
            return self.liquid_flow(drive(mass), temperature, density) if drive(mass) > self.ambient else None

        def rate(t: float, y: NDArray[np.float64]) -> list[float]:
            found = flow(y[0])
            m = self.opening.share(t) * found.mass_rate if found else 0.0
            return [-m, m, m * (enthalpy + (over(y[0]) - saturation) / density), m * over(y[0]) / density]

        if first <= floor:
            return
        kind = "is vented" if vented else "lies under an inert gas, which expands at constant temperature"
        self.notes.append(f"the liquid {kind}; its own temperature is taken as constant")
        if not vented:
            self.notes.append(_BREATHES)
        stops = (
            (_FALLEN, lambda _, y: y[0] - floor - 1e-9 * first),
            ("the pressure at the hole is that of the air", lambda _, y: drive(y[0]) / self.ambient - 1.0 - 1e-12),
        )
        for t, y in self._integrate(rate, [first, 0.0, 0.0, 0.0], stops):
            found = flow(y[0])
            self.rows.add(
                times=t,
                mass=y[0],
                released=y[1],
                mass_rate=self.opening.share(t) * found.mass_rate if found else 0.0,
                pressure=over(y[0]),
                temperature=temperature,
                liquid_height=self.vessel.height(min(max(y[0] / density, 0.0), volume)),
                wall_temperature=math.nan,
                flows=found,
                enthalpy=enthalpy + (over(y[0]) - saturation) / density,
                energy=y[0] * (enthalpy - saturation / density),
                carried=y[2],
                heat=y[3],
            )

    def start_liquid(self, temperature: float, height: float, over: float) -> None:
        """Begin with a liquid and its vapour, under `over` [Pa] of inert gas."""
        liquid, vapour = self.real.at_tx(temperature, 0.0), self.real.at_tx(temperature, 1.0)
        volume = self.vessel.liquid_volume(height)
        space = self.vessel.volume - volume
        wet, dry = liquid.density * volume, vapour.density * space
        self.contents = _Contents(wet + dry, wet * liquid.internal_energy + dry * vapour.internal_energy)
        if over > 0.0:
            self.inert = over * space / temperature
            self.notes.append("the liquid lies under an inert gas, which expands at the temperature of the liquid")
            self.notes.append(_BREATHES)

    def start_gas(self, pressure: float, temperature: float) -> None:
        """Begin with a gas."""
        if pressure <= self.ambient * (1.0 + SPENT):
            raise ModelError(
                f"the pressure inside, {pressure:.6g} Pa, does not exceed that of the air, {self.ambient:.6g} Pa",
                where="blow_down",
                fix="nothing flows out; give an absolute pressure above the air pressure, or a liquid",
            )
        saturation = _vapour_pressure(self.of, temperature)
        if pressure > saturation * (1.0 + _STATED):
            raise ModelError(
                f"{self.of.name} is liquid at {pressure:.4g} Pa and {temperature:.5g} K",
                where="blow_down",
                fix=f"give liquid_height, or a pressure up to {saturation:.4g} Pa",
            )
        saturated = pressure > saturation * 0.9999
        state = self.real.at_tx(temperature, 1.0) if saturated else self.real.at_pt(pressure, temperature)
        mass = state.density * self.vessel.volume
        self.contents = _Contents(mass, mass * state.internal_energy)

    def boil(self) -> None:
        """Let what is in equilibrium run out: liquid while the hole is covered, then vapour or gas."""
        contents, ended = self.contents, ""
        while contents is not None and self.now < self.end:
            state = self.real.at_du(contents.mass / self.vessel.volume, contents.energy / contents.mass)
            under = self.level(state) > self.opening.height + _COVERED
            if not under and self.of.associates:
                self.notes.append(f"the vapour of {self.of.name} forms clusters: its outflow is not computed")
                return
            if not under and self.inert:
                self.inert = 0.0
                self.notes.append("the inert gas is left out of what follows the liquid")
            if not under and state.pressure <= self.ambient * (1.0 + 2.0 * SPENT):
                return
            self._tell(state, under=under)
            single = (
                state.vapour_fraction is None and ended != _SPLIT
            )  # the instant of the split may lie on either side of it
            ended = self._stage(contents, under=under and not single, single=single)
            if ended not in {_FALLEN, _SPLIT}:
                return

    def _tell(self, state: State, *, under: bool) -> None:
        """Note what the coming stage leaves out."""
        if under and self.opening.length <= 0.0 and state.pressure > self.ambient:
            self.notes.append("the liquid does not boil before the outside of a thin wall: the most that can come out")
        elif not under and self.level(state) > 0.0 and state.vapour_fraction is not None:
            self.notes.append("dry vapour leaves: liquid carried along by a boiling, swelling level is not modelled")

    def _stage(self, contents: _Contents, *, under: bool, single: bool) -> str:
        """Integrate until the hole is uncovered, a single phase splits, or nothing flows; "" when time is up."""
        capacity = self.wall.mass * self.wall.heat_capacity if self.wall else 1.0

        def rate(t: float, y: NDArray[np.float64]) -> list[float]:
            state = self.state(y[0], y[1])
            if state is None:
                return [0.0] * 6
            flow, enthalpy, work = self.outflow(state, under=under)
            m = self.opening.share(t) * flow.mass_rate if flow else 0.0
            inner, outer = self.warming(state, y[2])
            income = inner + m * work
            return [-m, income - m * enthalpy, (outer - inner) / capacity, m, m * enthalpy, income]

        def watch(read: Callable[[State], float], lost: float = 1.0) -> Callable[[float, NDArray[np.float64]], float]:
            def value(_: float, y: NDArray[np.float64]) -> float:
                state = self.state(y[0], y[1])
                return lost if state is None else read(state)

            return value

        cold = "the contents have cooled to the triple point or the end of the tables: what follows is not computed"
        stops = [(cold, watch(lambda state: state.temperature - self.coldest, -1.0))]
        if under:
            stops.append((_FALLEN, watch(lambda state: self.level(state) - self.opening.height * (1.0 - 1e-9))))
            still = "the pressure at the hole is that of the air"
            stops.append((still, watch(lambda state: self.drive(state) / self.ambient - 1.0 - _STILL)))
        else:
            still = "the pressure inside is that of the air"
            stops.append((still, watch(lambda state: state.pressure / self.ambient - 1.0 - 2.0 * SPENT)))
        if single:
            stops.append((_SPLIT, watch(lambda state: 1.0 if state.vapour_fraction is None else -1.0)))
        start = [contents.mass, contents.energy, self.wall_temperature, self.released, self.carried, self.heat]
        before = len(self.events)
        rows = self._integrate(rate, start, stops)
        for t, y in rows:
            self._sample(t, y, under=under)
        t, y = rows[-1]
        contents.mass, contents.energy, self.now = float(y[0]), float(y[1]), float(t)
        self.wall_temperature, self.released, self.carried, self.heat = map(float, y[2:])
        return self.events[-1][1] if len(self.events) > before else ""

    def _sample(self, t: float, y: NDArray[np.float64], *, under: bool) -> None:
        """Keep a row of the answer."""
        state = self.real.at_du(y[0] / self.vessel.volume, y[1] / y[0])
        flow, enthalpy, _ = self.outflow(state, under=under)
        self.rows.add(
            times=t,
            mass=y[0],
            released=y[3],
            mass_rate=self.opening.share(t) * flow.mass_rate if flow else 0.0,
            pressure=state.pressure + self.pad(state),
            temperature=state.temperature,
            liquid_height=self.level(state),
            wall_temperature=y[2] if self.wall else math.nan,
            flows=flow,
            enthalpy=enthalpy,
            energy=y[1],
            carried=y[4],
            heat=y[5],
        )

    # --- shared

    def _integrate(
        self,
        rate: Callable[[float, NDArray[np.float64]], Sequence[float]],
        start: Sequence[float],
        stops: Sequence[tuple[str, Callable[[float, NDArray[np.float64]], float]]],
    ) -> list[tuple[float, NDArray[np.float64]]]:
        """Integrate from now to the end or the first stop, which is noted; the samples are the steps of the solver."""
        from scipy.integrate import solve_ivp

        edges = [self.now, *(t for t in (self.opening.close_at,) if self.now < t < self.end), self.end]
        rows: list[tuple[float, NDArray[np.float64]]] = []
        y = np.array(start)
        scale = np.maximum(np.abs(y), 1e-6 * abs(start[0]))
        checks = [_stop(function) for _, function in stops]
        for begin, end in pairwise(edges):
            answer: Any = solve_ivp(
                rate,
                (begin, end),
                y,
                method="RK45",
                rtol=_ACCURACY,
                atol=_ACCURACY * scale,
                events=checks,
                max_step=(end - begin) / _STEPS,
            )
            if not answer.success and answer.status != 1:
                raise ModelError(
                    f"the blow-down cannot be integrated: {answer.message}", where="blow_down", fix="check the inputs"
                )
            rows.extend(zip(answer.t.tolist(), answer.y.T, strict=True))
            y = answer.y[:, -1]
            for (text, _), hits in zip(stops, answer.t_events, strict=True):
                if len(hits):
                    self.events.append((float(hits[0]), text))
                    return rows
        if self.end < math.inf and self.opening.close_at + self.opening.closing_time <= self.end:
            self.events.append((self.end, "the valve is shut"))
        return rows

    def result(self) -> BlowDown:
        """Put the samples of the stages together, each time once."""
        columns = self.rows.columns
        if not columns:
            raise ModelError(
                "nothing flows out: the hole is above the liquid and the pressure is that of the air",
                where="blow_down",
                fix="lower the hole, or raise the pressure",
            )
        times = np.array(columns["times"])
        keep = np.append(np.diff(times) > 0.0, True)  # of two samples at a stage's end the later
        arrays = {
            name: np.array(values, dtype=np.float64)[keep] for name, values in columns.items() if name not in {"flows"}
        }
        flows = tuple(flow for flow, kept in zip(columns["flows"], keep, strict=True) if kept)
        return BlowDown(**arrays, flows=flows, events=tuple(self.events), notes=tuple(self.notes))


def _stop(function: Callable[[float, NDArray[np.float64]], float]) -> Any:
    def event(t: float, y: NDArray[np.float64]) -> float:
        return float(function(t, y))

    event.terminal = True  # type: ignore[attr-defined]
    event.direction = -1.0  # type: ignore[attr-defined]
    return event
