"""The source term of a leak for the command line: words with units in, plain data out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twin.errors import LayoutError, UnitError, near
from twin.units import parse_quantity

if TYPE_CHECKING:
    from plant_models.pools import PoolHistory
    from plant_models.releases import Release
    from plant_models.sections import Section
    from plant_models.sources import SourceTerm
    from twin.graph import Twin

__all__ = [
    "ASSUMED",
    "COLUMNS",
    "open_park",
    "png_path",
    "read_word",
    "release_facts",
    "source_facts",
    "source_from_words",
    "source_lines",
]

# What is taken where the command says nothing, and shown as assumed. Unit of the quantity, value.
ASSUMED: dict[str, tuple[str, str]] = {
    "duration": ("s", "1 h"),
    "air_temperature": ("K", "20 degC"),
    "air_pressure": ("Pa", "101.325 kPa"),
    "wind": ("m/s", "3 m/s"),
    "ground": ("", "concrete"),
    "sun": ("W/m^2", "0 W/m^2"),
}
_BALANCE = 1e-9  # of the mass released, up to which a mass balance counts as closed
COLUMNS = ("from [s]", "to [s]", "rate [kg/s]", "gone [kg]", "inside [bar]", "inside [°C]", "liquid [m]")
_OPTIONAL = {"isolate_at": "s", "height": "m", "length": "m", "elevation": "degree", "ground_temperature": "K"}


def open_park(layouts: Sequence[str], mappings: Sequence[Path]) -> Twin:
    """Park from layout files, or a shipped one by its name."""
    from plant_models.parks import park_path, parks
    from twin.loading import load_layout

    paths = [Path(word) for word in layouts]
    if len(paths) == 1 and not paths[0].exists() and not paths[0].suffix:
        if layouts[0] not in parks():
            raise LayoutError(f"there is no layout {layouts[0]!r}", fix=near(layouts[0], parks()) or "name a file")
        paths = [park_path(layouts[0])]
    return load_layout(*paths, mapping=list(mappings) or None)


def source_from_words(
    layouts: Sequence[str],
    tag: str,
    *,
    hole: str,
    words: Mapping[str, str | None],
    mappings: Sequence[Path] = (),
    valves_failed: Sequence[str] = (),
    park: Twin | None = None,
) -> tuple[SourceTerm, dict[str, str]]:
    """Compute a source term from quantities written with their units.

    Parameters
    ----------
    layouts
        Layout files, or the name of a shipped park.
    tag
        Asset that leaks.
    hole
        Diameter, such as "25 mm".
    words
        The other options by name; None where not given.
    mappings
        Mapping files for the layouts.
    valves_failed
        Tags of valves that do not shut.
    park
        The park itself where it is loaded already; None: from `layouts` and `mappings`.

    Returns
    -------
    source, assumed
        The source term, and what was taken because nothing was said.

    Raises
    ------
    TwinError
        A quantity cannot be read, or the source term cannot be computed.
    """
    from plant_models.sources import Surroundings, source_term

    assumed = {name: text for name, (_, text) in ASSUMED.items() if words.get(name) is None}
    said = {**assumed, **{name: word for name, word in words.items() if word is not None}}
    value = {n: read_word(n, said[n], unit) for n, (unit, _) in ASSUMED.items() if unit}
    value |= {n: read_word(n, said[n], unit) for n, unit in _OPTIONAL.items() if n in said}
    park = open_park(layouts, mappings) if park is None else park
    if "ground_temperature" not in value:
        value["ground_temperature"] = value["air_temperature"]
        assumed["ground_temperature"] = "that of the air"
    source = source_term(
        park[tag],
        hole_diameter=read_word("hole", hole, "m"),
        until=value["duration"],
        surroundings=Surroundings(
            air_temperature=value["air_temperature"],
            air_pressure=value["air_pressure"],
            wind_speed=value["wind"],
            ground=said["ground"],
            ground_temperature=value["ground_temperature"],
            solar_flux=value["sun"],
        ),
        park=park,
        isolate_at=value.get("isolate_at"),
        valves_failed=valves_failed,
        height=value.get("height"),
        opening_length=value.get("length"),
        regime=said.get("regime"),
        rain_out_method=said.get("rain_out"),
        elevation=round(math.degrees(value.get("elevation", 0.0)), 9),  # 90deg is 90, not a rounding above it
    )
    if source.pool is None:
        for name in ("ground", "ground_temperature", "sun"):
            assumed.pop(name, None)
    return source, assumed


def png_path(path: Path) -> Path:
    """Path of a picture, whose name must end in .png.

    Raises
    ------
    LayoutError
        It does not.
    """
    if path.suffix.lower() != ".png":
        raise LayoutError(f"the picture {str(path)!r} is no PNG file", where="--picture", fix="end its name in .png")
    return path


def read_word(name: str, text: str, unit: str) -> float:
    """Read the quantity given to the option of that name; angles in radians.

    Raises
    ------
    UnitError
        It cannot be read; the option is named.
    """
    option = f"--{name.replace('_', '-')}"
    if unit == "degree":
        unit = "rad"
    try:
        return parse_quantity(text, unit, where=option)
    except UnitError as error:
        raise UnitError(error.what, where=option, fix=error.fix) from None


def source_facts(source: SourceTerm, assumed: Mapping[str, str]) -> dict[str, Any]:
    """Everything a reader or a program wants of a source term, as plain data in SI units."""
    outflow, jet, rain = source.outflow, source.jets[0], source.rainouts[0]
    flow = next(f for f in outflow.flows if f is not None)
    return {
        "tag": source.tag,
        "substance": {"name": source.substance.name, "name_zh": source.substance.name_zh, "cas": source.substance.cas},
        "regime": outflow.regime.name,
        "reason": outflow.regime.reason,
        "mass_rate": float(source.mass_rates[0]),
        "throat": {
            "pressure": flow.pressure,
            "temperature": flow.temperature,
            "density": flow.density,
            "velocity": flow.velocity,
            "vapour_fraction": flow.vapour_fraction,
            "choked": flow.choked,
        },
        "jet": {
            "diameter": jet.diameter,
            "velocity": jet.velocity,
            "density": jet.density,
            "temperature": jet.temperature,
            "vapour_fraction": jet.vapour_fraction,
            "droplet_diameter": rain.droplet_diameter,
            "rain_out_fraction": rain.fraction,
            "rain_out": rain.reason,
        },
        "edges": source.edges.tolist(),
        "mass_rates": source.mass_rates.tolist(),
        "states": _states(source),
        "pool": _pool(source.pool),
        "releases": [release_facts(release) for release in source.releases],
        "masses": dict(source.masses),
        "balance": source.closure,
        "events": [{"time": time, "text": text} for time, text in outflow.events],
        "section": _section(source.section),
        "assumed": dict(assumed),
        "notes": list(source.notes),
    }


def _pool(pool: PoolHistory | None) -> dict[str, Any] | None:
    if pool is None:
        return None
    return {
        "substrate": pool.substrate.name,
        "largest_area": float(pool.area.max()),
        "largest_evaporation_rate": float(pool.evaporation_rate.max()),
        "lowest_temperature": float(pool.temperature.min()),
    }


# What of a release another program needs to disperse it, besides its rate in time.
_STATE = (
    *("x", "y", "z", "temperature", "vapour_fraction", "velocity", "diameter", "jet_velocity", "jet_diameter"),
    *("elevation", "droplet_diameter", "area"),
)


def release_facts(release: Release) -> dict[str, Any]:
    """State and rate of a release, as plain data in SI units."""
    return {
        "label": release.label,
        "phase": release.phase,
        **{name: getattr(release, name) for name in _STATE},
        "mass": release.total_mass,
        "edges": release.edges.tolist(),
        "mass_rates": release.mass_rates.tolist(),
    }


def _section(section: Section | None) -> dict[str, Any] | None:
    if section is None:
        return None
    return {
        "inside": list(section.inside),
        "valves": [valve.tag for valve in section.valves],
        "failed": list(section.failed),
        "closing_time": section.closing_time,
        "mass": section.mass,
    }


def _states(source: SourceTerm) -> list[dict[str, float | None]]:
    """Inside the asset at each edge of the rate."""
    import numpy as np

    out = source.outflow
    rows = []
    for time in source.edges:
        row: dict[str, float | None] = {"time": float(time)}
        for name in ("pressure", "temperature", "liquid_height"):
            value = float(np.interp(time, out.times, getattr(out, name)))
            row[name] = None if math.isnan(value) else value
        row["released"] = float(np.interp(time, out.times, out.released))
        rows.append(row)
    return rows


def source_lines(facts: Mapping[str, Any]) -> tuple[list[str], list[list[str]], list[str]]:
    """A source term in words: what stands above the table of rates, its rows, and what stands below."""
    throat, jet, masses, name = facts["throat"], facts["jet"], facts["masses"], facts["substance"]
    head = [
        f"{facts['tag']}: {name['name']} {name['name_zh']}, {facts['mass_rate']:.4g} kg/s at first",
        f"regime {facts['regime']}: {facts['reason']}",
        f"in the opening {throat['pressure'] / 1e5:.4g} bar, {throat['density']:.4g} kg/m3, "
        f"{throat['velocity']:.4g} m/s, {'choked' if throat['choked'] else 'not choked'}",
        f"after expansion {jet['temperature'] - 273.15:.1f} °C, {jet['velocity']:.4g} m/s, "
        f"{jet['diameter'] * 1e3:.4g} mm, {jet['vapour_fraction']:.1%} vapour",
    ]
    edges, states = facts["edges"], facts["states"]
    rows = [
        [
            f"{begin:.4g}",
            f"{end:.4g}",
            f"{rate:.4g}",
            f"{after['released']:.4g}",
            f"{now['pressure'] / 1e5:.3f}",
            f"{now['temperature'] - 273.15:.1f}",
            "-" if now["liquid_height"] is None else f"{now['liquid_height']:.2f}",
        ]
        for begin, end, rate, now, after in zip(edges, edges[1:], facts["mass_rates"], states, states[1:], strict=False)
    ]
    parts = [f"{mass:.4g} kg {word.replace('_', ' ')}" for word, mass in masses.items() if word != "released" and mass]
    closed = "" if facts["balance"] < _BALANCE else f"; the balance is open by {facts['balance']:.0e}"
    tail = [f"released {masses['released']:.4g} kg: {', '.join(parts)}{closed}"]
    if facts["pool"]:
        pool = facts["pool"]
        tail.append(
            f"pool on {pool['substrate']}: up to {pool['largest_area']:.4g} m2, "
            f"{pool['largest_evaporation_rate']:.4g} kg/s into the air, "
            f"down to {pool['lowest_temperature'] - 273.15:.1f} °C"
        )
    tail += [f"{event['time']:.4g} s: {event['text']}" for event in facts["events"]]
    tail += [f"assumed {name.replace('_', ' ')}: {text}" for name, text in facts["assumed"].items()]
    tail += [f"note: {note}" for note in facts["notes"][1:]]
    return head, rows, tail
