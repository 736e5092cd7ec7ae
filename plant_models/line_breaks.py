"""Lines that break across: what is packed in them comes out of both ends, faster than the feed at first."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from plant_models.discharge import HoleFlow, gas_hole_rate
from plant_models.fluids import compressibility
from plant_models.matter import Substance
from plant_models.outflows import IDEAL, Hole, Outflow
from plant_models.ruptures import GasPipeline, PipelineOutflow, rupture_ends
from plant_models.sections import Section
from plant_models.two_phase import two_phase_hole_rate

__all__ = ["broken_line"]

_SHORTEST = 10.0  # bores on each side of the break; a shorter line holds no gas worth speaking of
_LEAST_PRESSURE = 1.2e5  # Pa, that a pipeline has to have for its blow-down to be computed
_TRICKLE = 1e-3  # of the first rate, under which nothing is said to flow


def broken_line(
    of: Substance,
    hole: Hole,
    fed: Outflow,
    *,
    until: float,
    ambient_pressure: float,
    isolate_at: float,
    section: Section | None,
) -> Outflow:
    """Outflow of a line that breaks across in its middle, with what is packed in it.

    A gas well above the air pressure, critical or not, blows down along its friction; a boiling liquid leaves through
    both ends at the rate of a short pipe until what is packed in the line is out, then at the steady rate of the feed:
    an upper bound of the rate at first, and the right mass. Any other outflow, and that of a line of few bores, is
    left as it is.

    Parameters
    ----------
    of
        Substance.
    hole
        Break; its diameter is the bore, its length half of the line, and it has a roughness.
    fed
        Steady outflow of the same break: its first rate feeds the line, its mass is the supply.
    until
        End of the computation. [s]
    ambient_pressure
        Outside. [Pa]
    isolate_at
        When the valves are told to shut; the feed ends half-way through their stroke. [s]
    section
        What they cut off.

    Raises
    ------
    ModelError
        A value out of range of the pipe's blow-down.
    """
    if hole.roughness is None or hole.length < _SHORTEST * hole.diameter:
        return fed
    if fed.regime.name in {"gas", "supercritical"} and float(fed.pressure[0]) >= _LEAST_PRESSURE:
        return _gas(
            of, hole, fed, until=until, ambient_pressure=ambient_pressure, isolate_at=isolate_at, section=section
        )
    if fed.regime.name == "equilibrium":
        return _boiling(of, hole, fed, until, ambient_pressure)
    return fed


def _boiling(of: Substance, hole: Hole, fed: Outflow, until: float, ambient_pressure: float) -> Outflow:
    temperature, pressure = float(fed.temperature[0]), float(fed.pressure[0])
    steady = next(flow for flow in fed.flows if flow is not None)
    one = two_phase_hole_rate(
        of,
        hole_diameter=hole.diameter,
        temperature=temperature,
        pressure=max(pressure, of.vapour_pressure(temperature)),
        discharge_coefficient=1.0,
        ambient_pressure=ambient_pressure,
    )
    both = replace(one, mass_rate=2.0 * one.mass_rate)
    packed = of.liquid_density(temperature) * 0.25 * math.pi * hole.diameter**2 * 2.0 * hole.length
    total = min(fed.mass, float(fed.released[-1]) if float(fed.times[-1]) < until else math.inf)
    first = min(packed, total)
    emptied = min(first / both.mass_rate, until)
    end = min(until, emptied + max(total - packed, 0.0) / steady.mass_rate)
    gone = [0.0, both.mass_rate * emptied]
    times = [0.0, emptied]
    if end > emptied:
        times.append(end)
        gone.append(gone[-1] + steady.mass_rate * (end - emptied))
    last = float(fed.times[-1])
    events = tuple((end if time == last else time, text) for time, text in fed.events if time == last or time < end)
    note = (
        f"a break across the line: the {packed:.4g} kg packed in {2.0 * hole.length:.3g} m of it leave through both "
        f"ends at {both.mass_rate:.3g} kg/s (upper bound), then {steady.mass_rate:.3g} kg/s from the side that is fed"
    )
    rows = len(times)
    return replace(
        fed,
        times=np.array(times),
        released=np.array(gone),
        flows=(both, *[steady] * (rows - 1)),
        temperature=np.full(rows, temperature),
        pressure=np.full(rows, pressure),
        liquid_height=np.full(rows, math.nan),
        enthalpy=np.full(rows, math.nan),
        events=((emptied, "what was packed in the line is out"), *events) if end > emptied else events,
        notes=(note, *(text for text in fed.notes if "break across" not in text)),
    )


def _gas(
    of: Substance,
    hole: Hole,
    fed: Outflow,
    *,
    until: float,
    ambient_pressure: float,
    isolate_at: float,
    section: Section | None,
) -> Outflow:
    """Both halves blow down; that towards the supply is fed at the steady rate of the break until its valve is shut.

    The other is taken as shut at its far end. The two streams are told as one, of the state in the break that carries
    them (:func:`plant_models.ruptures.pipe_blow_down`).
    """
    first = next(flow for flow in fed.flows if flow is not None)
    pressure, temperature = float(fed.pressure[0]), float(fed.temperature[0])
    ideal = pressure < IDEAL * of.critical_pressure
    line = GasPipeline(
        length=2.0 * hole.length,
        diameter=hole.diameter,
        pressure=pressure,
        temperature=temperature,
        molar_mass=of.molar_mass,
        heat_capacity_ratio=of.heat_capacity_ratio(temperature),
        roughness=float(hole.roughness or 0.0),
        compressibility=1.0 if ideal else compressibility(of, temperature=temperature, pressure=pressure),
    )
    shut, events = _feed_ends(fed.mass - line.mass, line.mass, first.mass_rate, min(isolate_at, until), section)
    ends = rupture_ends(
        line,
        break_at=hole.length,
        feed_rate=first.mass_rate,
        close_time=min(shut, until),
        model="pipe",
        duration=until,
        ambient_pressure=ambient_pressure,
    )
    times = np.unique(np.concatenate([end.edges for end in ends]))
    released = sum((_gone(end, times) for end in ends), np.zeros(len(times)))
    states = _states(line, ambient_pressure, np.diff(released) / np.diff(times))
    packed = math.fsum(end.initial_mass for end in ends)
    highest = np.max(np.diff(released) / np.diff(times))
    note = (
        f"a break across the line: the {packed:.4g} kg packed in {line.length:.3g} m of it leave through both ends, at "
        f"up to {highest:.3g} kg/s; fed at {first.mass_rate:.3g} kg/s from one side"
    )
    return replace(
        fed,
        times=times,
        released=released,
        flows=tuple(state[1] for state in states),
        temperature=np.full(len(times), line.temperature),
        pressure=np.array([state[0] for state in states]),
        liquid_height=np.full(len(times), math.nan),
        enthalpy=np.full(len(times), math.nan),
        events=tuple((time, text) for time, text in events if time < until),
        notes=(note, *ends[0].notes),
    )


def _feed_ends(
    behind: float, packed: float, rate: float, command: float, section: Section | None
) -> tuple[float, tuple[tuple[float, str], ...]]:
    """Time at which the feed of the line stops, and what is told of it.

    `behind` is the supply without what is `packed` in the line [kg], `command` when the valves are told to shut [s].
    """
    supply = max(behind, 0.0) / rate
    if section is None or not section.valves or section.unbounded or command >= supply:
        return supply, ((supply, "the supply is out"),) if math.isfinite(supply) else ()
    kept = max(section.mass - packed, 0.0)  # what else the shut section holds feeds on
    stop = min(command + 0.5 * section.closing_time + kept / rate, supply)
    names = ", ".join(valve.tag for valve in section.valves)
    return stop, ((command, f"{names} told to shut, {section.closing_time:g} s to close"),)


def _gone(end: PipelineOutflow, times: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(
        np.interp(times, end.edges, np.concatenate(([0.0], np.cumsum(end.mass_rates * np.diff(end.edges)))))
    )


def _states(
    line: GasPipeline, ambient_pressure: float, rates: NDArray[np.float64]
) -> list[tuple[float, HoleFlow | None]]:
    """Pressure behind the break that drives each rate through both ends, and the flow there; one more than `rates`."""
    from scipy.optimize import brentq

    def flow(pressure: float) -> HoleFlow:
        return gas_hole_rate(
            hole_diameter=math.sqrt(2.0) * line.diameter,
            pressure=pressure,
            temperature=line.temperature,
            molar_mass=line.molar_mass,
            heat_capacity_ratio=line.heat_capacity_ratio,
            compressibility=line.compressibility,
            ambient_pressure=ambient_pressure,
        )

    low, high, top = ambient_pressure * (1.0 + 1e-9), line.pressure, float(rates.max())
    found: list[tuple[float, HoleFlow | None]] = []
    for rate in (*rates.tolist(), float(rates[-1])):
        if rate <= _TRICKLE * top:
            found.append((ambient_pressure, None))
            continue
        if rate >= flow(high).mass_rate:
            pressure = high
        elif rate <= flow(low).mass_rate:
            pressure = low
        else:
            pressure = float(brentq(lambda p, wanted=rate: flow(p).mass_rate - wanted, low, high, xtol=1e-6 * high))
        found.append((pressure, flow(pressure)))
    return found
