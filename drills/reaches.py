"""What the cloud of a leak reaches, as plain data for programs and as tables for people."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np

from dispersion.cautions import told_once
from drills.sources import release_facts
from plant_models.harm import concentration_to_ppm
from twin.units import show_quantity

if TYPE_CHECKING:
    from dispersion.zones import Zone
    from drills.dispersal import Dispersal

__all__ = ["dispersal_facts", "dispersal_lines"]

_SAMPLES = 1000  # of the passage at places
_TRACE = 1e-3  # of the lowest threshold, below which a place counts as having no gas


def dispersal_facts(found: Dispersal) -> dict[str, Any]:
    """Everything a reader or a program wants of a cloud, as plain data in SI units; ppm besides."""
    cloud, gas = found.cloud, found.source.substance
    weather = cloud.weather.at(cloud.start)
    warnings = [*cloud.warnings, *(text for zone in found.zones for text in zone.footprint.warnings)]
    return {
        "tag": found.source.tag,
        "substance": {"name": gas.name, "name_zh": gas.name_zh, "cas": gas.cas},
        "model": {
            "asked": found.asked,
            "used": cloud.model.removeprefix("auto: "),
            "reason": str(cloud.settings.get("reason", "")),
        },
        "settings": {name: _plain(value) for name, value in cloud.settings.items()},
        "valid_range": {
            name: [_plain(low), _plain(high), unit] for name, (low, high, unit) in cloud.valid_range.items()
        },
        "averaging_time": cloud.averaging_time,
        "height": found.height,
        "weather": {field.name: _plain(getattr(weather, field.name)) for field in fields(weather)},
        "emission": {"start": cloud.start, "end": cloud.end, "mass": sum(r.total_mass for r in cloud.releases)},
        "releases": [release_facts(release) for release in cloud.releases],
        "zones": [_zone(zone, cloud.valid_range["distance"][1]) for zone in found.zones],
        "places": _places(found),
        "assumed": dict(found.assumed),
        "warnings": list(told_once(warnings)),
        "notes": list(found.source.notes),
    }


def _plain(value: object) -> Any:
    """Value as JSON has it; what is not finite is null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if isinstance(value, (bool, int, str, type(None))) else str(value)


def _zone(zone: Zone, farthest: float) -> dict[str, Any]:
    threshold, footprint = zone.threshold, zone.footprint
    return {
        "threshold": threshold.name,
        "duration": threshold.duration,
        "ppm": threshold.ppm,
        "concentration": footprint.threshold,
        "source": threshold.source,
        "status": threshold.status,
        "averaging_time": footprint.averaging_time,
        "reached": zone.reached,
        "reach": zone.reach,
        "beyond_range": zone.reach > farthest,
        "area": footprint.area,
        "first": zone.first,
        "last": None if zone.last is None else _plain(zone.last),
        "times": zone.times.tolist(),
        "reaches": zone.reaches.tolist(),
    }


def _places(found: Dispersal) -> dict[str, Any]:
    """Largest concentration at each place, when each threshold is passed there, and the toxic load."""
    cloud, gas = found.cloud, found.source.substance
    if not found.places:
        return {}
    x, y, z = np.array(list(found.places.values())).T
    zones = [zone for zone in found.zones if zone.footprint.averaging_time == cloud.averaging_time]
    trace = _TRACE * min(zone.footprint.threshold for zone in zones)
    probit = gas.harm.probit() if gas.harm.default_probit else None
    # The times of the model suit areas; at a place the front may pass between two of them.
    moments = cloud.solution.swept(trace, float(z.min()), None)[0]
    times = np.union1d(moments, np.linspace(moments[0], moments[-1], _SAMPLES))
    whole = cloud.exposure(x, y, z, threshold=trace, load=probit, times=times)
    passed = {zone.threshold.name: cloud.exposure(x, y, z, threshold=zone.threshold, times=times) for zone in zones}
    air = cloud.weather.at(cloud.start)
    state = {"temperature": air.temperature, "pressure": air.pressure}
    ppm = concentration_to_ppm(whole.largest, molar_mass=gas.molar_mass, **state)
    loads = None if whole.load is None else whole.load.value
    facts = {}
    for k, name in enumerate(found.places):
        gone = whole.largest[k] < trace
        facts[name] = {
            "x": float(x[k]),
            "y": float(y[k]),
            "height": float(z[k]),
            "peak": None
            if gone
            else {
                "time": float(whole.peak_time[k]),
                "concentration": float(whole.largest[k]),
                "ppm": float(ppm[k]),
            },
            "passed": [
                {"threshold": word, "first": float(seen.arrival[k]), "last": float(seen.departure[k])}
                for word, seen in passed.items()
                if math.isfinite(seen.arrival[k])
            ],
            "load": None
            if gone or loads is None or probit is None or whole.load_error is None
            else {
                "value": float(loads[k]),
                "error": float(whole.load_error[k]),
                "unit": probit.load_unit,
                "probit": probit.name,
                "probability_of_death": float(probit.probability(loads[k])),
            },
        }
    return facts


def dispersal_lines(
    facts: Mapping[str, Any],
) -> tuple[list[str], list[tuple[str, list[str], list[list[str]]]], list[str]]:
    """A cloud in words: what stands above the tables, the tables (title, columns, rows), and what stands below."""
    gas, model, emission = facts["substance"], facts["model"], facts["emission"]
    chosen = f", chosen for this reason: {model['reason']}" if model["reason"] else ""
    head = [
        f"{facts['tag']}: {gas['name']} {gas['name_zh']}, {emission['mass']:.4g} kg into the air in "
        f"{emission['end'] - emission['start']:.4g} s",
        f"model {model['used']}{chosen}",
        *_say_weather(facts["weather"]),
        f"{facts['averaging_time']:g} s averages, {facts['height']:g} m above ground",
    ]
    tables = [table for table in (_zone_table(facts), _time_table(facts), _place_table(facts)) if table[2]]
    clean = [name for name, place in facts["places"].items() if place["peak"] is None]
    tail = [f"no gas at {', '.join(clean)}"] if clean else []
    tail += [f"warning: {text}" for text in facts["warnings"]]
    tail += [f"assumed {name.replace('_', ' ')}: {text}" for name, text in facts["assumed"].items()]
    tail += [f"note: {note}" for note in facts["notes"][1:]]
    return head, tables, tail


def _say_weather(air: Mapping[str, Any]) -> tuple[str, str]:
    length = air["obukhov_length"]
    if air["stability"]:
        stability = f"stability {air['stability']}"
    else:
        stability = "neutral" if length is None else f"Obukhov length {length:g} m"
    return (
        f"wind {air['wind_speed']:g} m/s from {air['wind_from']:g}° at {air['wind_height']:g} m, {stability}, "
        f"roughness {air['roughness_length']:g} m",
        f"air {air['temperature'] - 273.15:.1f} °C, {air['pressure'] / 100.0:.4g} hPa, humidity {air['humidity']:.0%}",
    )


def _zone_table(facts: Mapping[str, Any]) -> tuple[str, list[str], list[list[str]]]:
    rows = []
    for zone in facts["zones"]:
        told = f", {zone['duration'] / 60.0:g} min" if zone["duration"] else ""
        last = "later" if zone["last"] is None else f"{zone['last']:.0f}"
        span = [f"{zone['first']:.0f}", last] if zone["reached"] else ["-", "-"]
        size = (
            [_say_reach(zone["reach"], facts), show_quantity(zone["area"], "")] if zone["reached"] else ["never", "-"]
        )
        rows.append(
            [zone["threshold"] + told, show_quantity(zone["ppm"], ""), f"{zone['averaging_time']:g}", *size, *span]
        )
    columns = ["threshold", "ppm", "mean [s]", "reach [m]", "area [m2]", "from [s]", "to [s]"]
    return "Where each threshold is reached", columns, rows


def _time_table(facts: Mapping[str, Any]) -> tuple[str, list[str], list[list[str]]]:
    reached = [zone for zone in facts["zones"] if zone["reached"]]
    times = reached[0]["times"] if reached else []
    start = facts["emission"]["start"]
    rows = [
        [zone["threshold"], *("-" if not reach else _say_reach(reach, facts) for reach in zone["reaches"])]
        for zone in reached
    ]
    return "Reach [m] over time", ["threshold", *(_say_time(t - start) for t in times)], rows


def _say_reach(reach: float, facts: Mapping[str, Any]) -> str:
    """Distance in metres; beyond the range of the model only that it is more. [m]"""
    farthest = facts["valid_range"]["distance"][1]
    return f"{reach:.0f}" if farthest is None or reach <= farthest else f">{farthest:.0f}"


def _say_time(seconds: float) -> str:
    if seconds < 120.0:
        return f"{seconds:g} s"
    return f"{seconds / 60.0:g} min" if seconds < 7200.0 else f"{seconds / 3600.0:g} h"


def _place_table(facts: Mapping[str, Any]) -> tuple[str, list[str], list[list[str]]]:
    columns, rows = ["place", "peak [ppm]", "at [s]", "worst", "from [s]", "to [s]"], []
    there = {name: place for name, place in facts["places"].items() if place["peak"] is not None}
    loads = [place["load"] for place in there.values() if place["load"]]
    for name, place in there.items():
        worst = place["passed"] and max(place["passed"], key=lambda passed: _ppm(facts, passed["threshold"]))
        span = [worst["threshold"], f"{worst['first']:.0f}", f"{worst['last']:.0f}"] if worst else ["none", "-", "-"]
        load = [f"{place['load']['value']:.3g}"] if loads else []
        rows.append([name, show_quantity(place["peak"]["ppm"], ""), f"{place['peak']['time']:.0f}", *span, *load])
    title = "At detectors and points" + (f", toxic load in {loads[0]['unit']}" if loads else "")
    return title, columns + (["load"] if loads else []), rows


def _ppm(facts: Mapping[str, Any], name: str) -> float:
    return next(float(zone["ppm"]) for zone in facts["zones"] if zone["threshold"] == name)
