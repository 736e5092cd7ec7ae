"""The whole chain of a source term: vessel, hole, discharge, flash, rain-out, pool, and the releases for dispersion.

    asset -> Outflow -> Jet -> Rainout -> PoolHistory -> Release, Release, ...

What leaves the hole is divided at every step and nothing is lost on the way: the released mass is what went into the
air as vapour and droplets, what evaporated from the pool, and what is left on the ground.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import groupby, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plant_models.discharge import HoleFlow, check_ranges
from plant_models.expansion import Jet
from plant_models.inventory import asset_inventory, missing_data, present_value
from plant_models.jets import expanded_jet, rained_out
from plant_models.line_breaks import broken_line
from plant_models.matter import Substance
from plant_models.outflows import Hole, Outflow, steady_outflow, steel_wall, vessel_outflow
from plant_models.pieces import cut_into_pieces
from plant_models.pipes import STEEL_ROUGHNESS
from plant_models.places import Surroundings, bund_around, check_kinds, hole_place, largest_hole, lowest_point
from plant_models.pools import PoolHistory, spread_and_evaporate
from plant_models.rainout import RAIN_OUT_METHODS, Rainout
from plant_models.releases import Release
from plant_models.sections import Section, isolatable_section
from plant_models.substances import substance
from plant_models.two_phase import RELAXATION_LENGTH
from plant_models.vessels import Vessel, vessel_geometry
from twin.assets import Asset
from twin.errors import ModelError, Problem, near
from twin.graph import Twin

__all__ = ["SourceTerm", "Surroundings", "source_term"]

_TRACE = 1e-12  # of the mass: less on the ground is no pool, less in the air no release
_LARGEST_DROPLET = 0.1  # m, the most that a release says; a wide slow stream does not break up into droplets
_LINE = 0.8  # of the bore: a wider hole is a break across, and what leaves has flowed along the line. Design choice
_LINES = ("pipe", "hose", "loading_arm", "loading_bay")
_FED = (*_LINES, "pump", "compressor")  # what leaks out of them comes from what they are connected to
_ALMOST_OPEN = 1.1  # times the air pressure: a storage tank that is held no higher is vented. Design choice


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SourceTerm:
    """Source term of a leak.

    Parameters
    ----------
    tag
        Asset.
    outflow
        What leaves the hole.
    edges, mass_rates
        Its rate in pieces that keep the mass, from the start of the leak, shape (n + 1,) and (n,). [s], [kg s⁻¹]
    jets, rainouts
        What becomes of each piece, n of them.
    pool
        The spill; None where nothing reaches the ground.
    releases
        For dispersion: the jet, and the pool as an area.
    start
        Time at which the leak begins, on the clock of the releases. [s]
    section
        What the valves around the asset cut off; None where it was not asked for.
    notes
        How the numbers came about, one sentence each.
    """

    tag: str
    outflow: Outflow
    edges: NDArray[np.float64]
    mass_rates: NDArray[np.float64]
    jets: tuple[Jet, ...]
    rainouts: tuple[Rainout, ...]
    pool: PoolHistory | None
    releases: tuple[Release, ...]
    start: float
    section: Section | None
    notes: tuple[str, ...]

    def __post_init__(self) -> None:
        for array in (self.edges, self.mass_rates):
            array.flags.writeable = False

    @property
    def substance(self) -> Substance:
        """What leaks."""
        return self.outflow.substance

    @property
    def masses(self) -> Mapping[str, float]:
        """Where the mass is at the end: "released" is the sum of the others. [kg]

        "vapour" and "droplets" left the hole airborne, "evaporated" rose from the pool, "in_pool" and "overflow" (over
        the bund) are on the ground.
        """
        pieces = self.mass_rates * np.diff(self.edges)
        parts = {
            "vapour": math.fsum(m * r.vapour for m, r in zip(pieces, self.rainouts, strict=True)),
            "droplets": math.fsum(m * r.droplets for m, r in zip(pieces, self.rainouts, strict=True)),
            "evaporated": 0.0 if self.pool is None else float(self.pool.evaporated[-1]),
            "in_pool": 0.0 if self.pool is None else float(self.pool.mass[-1]),
            "overflow": 0.0 if self.pool is None else float(self.pool.overflow[-1]),
        }
        return {"released": math.fsum(pieces), **parts}

    @property
    def closure(self) -> float:
        """Largest gap of the mass balances over the mass released.

        What left the hole is what the pieces carry, that is what the end of every way holds, and what is airborne is
        what the releases carry.
        """
        masses = dict(self.masses)
        released = masses.pop("released")
        airborne = masses["vapour"] + masses["droplets"] + masses["evaporated"]
        carried = math.fsum(release.total_mass for release in self.releases)
        gaps = (released - math.fsum(masses.values()), airborne - carried, released - float(self.outflow.released[-1]))
        return max(map(abs, gaps)) / released

    def plot(self, ax: Any = None) -> Any:
        """Draw rates and masses over time; see :func:`plant_models.view.plot_source`."""
        from plant_models.view import plot_source

        return plot_source(self, ax)

    def __repr__(self) -> str:
        masses = self.masses
        return (
            f"<SourceTerm {self.tag} {self.substance.name}, {self.outflow.regime.name}: "
            f"{self.mass_rates[0]:.4g} kg s⁻¹ at first, {masses['released']:.4g} kg in {self.edges[-1]:.4g} s, "
            f"{len(self.releases)} release(s)>"
        )


def source_term(
    asset: Asset,
    *,
    hole_diameter: float,
    until: float,
    surroundings: Surroundings,
    park: Twin | None = None,
    isolate_at: float | None = None,
    valves_failed: Collection[str] = (),
    height: float | None = None,
    opening_length: float | None = None,
    regime: str | None = None,
    rain_out_method: str | None = None,
    elevation: float = 0.0,
    start: float = 0.0,
    label: str = "",
) -> SourceTerm:
    """Source term of a hole in an asset.

    A vessel whose shape is known is emptied (:func:`plant_models.blowdown.blow_down`), its wall giving heat where its
    "wall_thickness" is known; a pipe, hose or vessel of unknown inside leaks at its first rate until its supply or its
    shut section is out, and a line that breaks across gives what is packed in it, too
    (:mod:`plant_models.line_breaks`).

    Parameters
    ----------
    asset
        Carries "substance", "pressure" (absolute), "temperature", and what is known of its size and contents.
    hole_diameter
        [m]
    until
        Time after the start at which the computation ends, pool included. [s]
    surroundings
        Air, ground, wind.
    park
        Twin the asset stands in: gives live readings, the bund around it and the valves that cut it off.
    isolate_at
        Time after the start at which those valves are told to shut; needs `park`. [s]
    valves_failed
        Tags of valves that do not shut then.
    height
        Of the hole above ground; the asset's "release_height" unless given. [m]
    opening_length
        Length of the way out; unless given 0, a hole in a thin wall, and half the length of the line, with its
        friction, for a break of a pipe, hose or arm. A hole of 0.8 of the bore or more is such a break, and its
        diameter is then the bore. [m]
    regime
        Take this one of :data:`plant_models.regimes.REGIMES` instead of the one that fits.
    rain_out_method
        See :func:`plant_models.rainout.rain_out`; None: "all_airborne" for a jet that bursts as it boils (a liquid from
        1.11 times its boiling point on) or is mostly vapour, because the fraction that rains out of it is not known to
        better than a factor of two and counting on it makes the cloud too small; "trajectory" for any other liquid.
    elevation
        Of the jet above the horizontal. [°]
    start
        Time at which the leak begins; only the releases carry it. [s]
    label
        Name used in reports; the asset's tag unless given.

    Raises
    ------
    ModelError, UnitError, LayoutError
        Something is missing, out of range or contradictory; the message names it and how to mend it.
    """
    check_kinds(asset, surroundings, park)
    check_ranges(
        ("hole_diameter", hole_diameter, 0.0, 10.0, "m"),
        ("until", until, 1.0, 1e7, "s"),
        ("isolate_at", 0.0 if isolate_at is None else isolate_at, 0.0, 1e7, "s"),
        ("height", 0.0 if height is None else height, 0.0, 500.0, "m"),
        ("opening_length", 0.0 if opening_length is None else opening_length, 0.0, 1e4, "m"),
        ("elevation", elevation, -90.0, 90.0, "°"),
        ("start", start, -1e9, 1e9, "s"),
        where=asset.tag,
    )
    _check(asset, rain_out_method)
    x, y, z = hole_place(asset, height)
    leak = _Leak(
        asset=asset,
        of=substance(str(asset["substance"])),
        hole=_hole(asset, hole_diameter, z, opening_length, regime),
        air=surroundings,
        until=until,
        park=park,
        section=_section(asset, park, isolate_at, valves_failed),
        isolate_at=isolate_at,
        method=rain_out_method,
        place={"x": x, "y": y, "label": label or asset.tag},
        start=start,
        elevation=elevation,
    )
    outflow = leak.outflow()
    pieces = tuple(leak.pieces(outflow))
    pool = leak.pool(pieces)
    return SourceTerm(
        tag=asset.tag,
        outflow=outflow,
        edges=_edges(pieces),
        mass_rates=np.array([piece.rate for piece in pieces]),
        jets=tuple(piece.jet for piece in pieces),
        rainouts=tuple(piece.rain for piece in pieces),
        pool=pool,
        releases=(*leak.jet_releases(outflow, pieces), *leak.pool_release(pool)),
        start=start,
        section=leak.section,
        notes=leak.notes(outflow, pieces, pool),
    )


def _check(asset: Asset, rain_out_method: str | None) -> None:
    if rain_out_method is not None and rain_out_method not in RAIN_OUT_METHODS:
        fix = near(str(rain_out_method), RAIN_OUT_METHODS)
        raise ModelError(f"there is no rain-out method {rain_out_method!r}", where=asset.tag, fix=fix)
    if "substance" not in asset.attributes:
        what = f"{asset.tag!r} is a {asset.kind.replace('_', ' ')} without a substance: nothing leaks out of it"
        raise ModelError(what, where=asset.where or asset.tag, fix="name what holds something, or add substance to it")


def _hole(asset: Asset, diameter: float, height: float, opening_length: float | None, regime: str | None) -> Hole:
    """The hole, or the break across a line, which is taken in its middle."""
    bore = largest_hole(asset, diameter)
    if asset.kind not in _LINES or bore is None or diameter < _LINE * bore * (1.0 - 1e-9):
        return Hole(diameter=diameter, height=height, length=opening_length or 0.0, regime=regime)
    run = asset.number("length") if "length" in asset.attributes else float(asset.shape.length)
    half = 0.5 * run if "length" in asset.attributes or "LineString" in asset.shape.geom_type else RELAXATION_LENGTH
    length = half if opening_length is None else opening_length
    roughness = asset.number("roughness") if "roughness" in asset.attributes else STEEL_ROUGHNESS
    return Hole(
        diameter=bore,
        height=height,
        length=length,
        regime=regime,
        roughness=roughness if length > RELAXATION_LENGTH else None,
    )


def _section(
    asset: Asset, park: Twin | None, isolate_at: float | None, valves_failed: Collection[str]
) -> Section | None:
    """What the valves cut off, where it matters."""
    if park is None:
        if isolate_at is not None:
            raise ModelError(
                "isolate_at without a park: its valves are not known", where=asset.tag, fix="give park=..."
            )
        return None
    if isolate_at is None and asset.kind not in _FED:
        return None
    return isolatable_section(park, asset.tag, valves_failed=valves_failed)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    """What leaves between two times, and what becomes of it."""

    begin: float
    end: float
    rate: float
    flow: HoleFlow
    jet: Jet
    rain: Rainout

    @property
    def mass(self) -> float:
        """Mass that leaves. [kg]"""
        return self.rate * (self.end - self.begin)

    @property
    def airborne(self) -> float:
        """Mass that stays in the air. [kg]"""
        return self.mass * self.rain.airborne

    @property
    def kind(self) -> tuple[str, bool]:
        """Phase of the jet, and whether it is mostly vapour: what follows when the liquid has fallen to the hole."""
        return self.jet.phase, self.jet.vapour_fraction > 0.5

    @property
    def fallen(self) -> float:
        """Mass that rains out. [kg]"""
        return self.mass * self.rain.fraction


def _edges(pieces: tuple[_Piece, ...]) -> NDArray[np.float64]:
    return np.array([pieces[0].begin, *(piece.end for piece in pieces)])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Leak:
    """A hole in an asset and all that bears on what comes out of it."""

    asset: Asset
    of: Substance
    hole: Hole
    air: Surroundings
    until: float
    park: Twin | None
    section: Section | None
    isolate_at: float | None
    method: str | None
    place: Mapping[str, Any]
    start: float
    elevation: float

    def outflow(self) -> Outflow:
        """What leaves the hole in time."""
        if self.asset.kind not in _LINES and self.asset.get("vessel_shape") not in {None, "gas_holder"}:
            return self._emptied(vessel_geometry(self.asset))
        pressure, temperature = self._now("pressure"), self._now("temperature")
        missing = [n for n, value in (("pressure", pressure), ("temperature", temperature)) if value is None]
        if pressure is None or temperature is None:
            where = self.asset.where or self.asset.tag
            raise ModelError.of(
                [
                    Problem(f"the {n} of {self.asset.tag!r} is not known", where, f"add {n} to the layout")
                    for n in missing
                ],
                where=where,
            )
        isolate_at = math.inf if self.isolate_at is None else self.isolate_at
        ambient = self.air.air_pressure
        steady = steady_outflow(
            self.of,
            self.hole,
            pressure=pressure,
            temperature=temperature,
            head=self._head(),
            mass=self._supply(),
            until=self.until,
            ambient_pressure=ambient,
            isolate_at=isolate_at,
            section=self.section,
        )
        if self.asset.kind != "pipe":
            return steady
        return broken_line(
            self.of,
            self.hole,
            steady,
            until=self.until,
            ambient_pressure=ambient,
            isolate_at=isolate_at,
            section=self.section,
        )

    def _emptied(self, vessel: Vessel) -> Outflow:
        asset, ambient = self.asset, self.air.air_pressure
        held = asset_inventory(asset, park=self.park)
        stores = asset.kind == "tank" and held.pressure <= _ALMOST_OPEN * ambient
        vented = held.liquid_mass > 0.0 and (asset.get("service") == "atmospheric" or stores)
        if vented:
            held = replace(held, pressure=max(held.pressure, ambient))
        wall = None
        if "wall_thickness" in asset.attributes and not vented:
            wall = steel_wall(vessel, asset.number("wall_thickness"), air_temperature=self.air.air_temperature)
            note = f"its steel wall of {wall.mass:.4g} kg gives heat, the air outside none"
            held = replace(held, notes=(*held.notes, note))
        return vessel_outflow(
            self.of,
            self.hole,
            vessel=vessel,
            held=held,
            until=self.until,
            ambient_pressure=ambient,
            vented=vented,
            bottom=lowest_point(asset, vessel),
            wall=wall,
        )

    def _now(self, name: str) -> float | None:
        return present_value(self.asset, name, park=self.park)[0]

    def _head(self) -> float | None:
        """Level above the hole; None where it is not known, or there is none. [m]"""
        level, shell = self._now("level"), self._now("height")
        return None if level is None or shell is None else level * shell - self.hole.height

    def _supply(self) -> float:
        """Mass that can leave if nobody acts: all that is connected, else what the asset holds. [kg]"""
        if self.section is not None and self.asset.kind in _FED:
            return self.section.connected_mass
        if self._now("level") is None and "inventory" in self.asset.attributes:
            return self.asset.number("inventory")
        if missing_data(self.asset, park=self.park):
            return math.inf
        return asset_inventory(self.asset, park=self.park).mass

    def pieces(self, outflow: Outflow) -> Iterator[_Piece]:
        """Cut the outflow into pieces, expand each and let it rain out."""
        if not outflow.released[-1] > 0.0:
            raise ModelError("nothing flows out", where="source_term", fix="lower the hole, or raise the pressure")
        done: tuple[HoleFlow | None, Jet, Rainout] | None = None
        marks = (time for time, _ in outflow.events)
        for begin, end in pairwise(cut_into_pieces(outflow.times, outflow.released, marks=marks).tolist()):
            k = outflow.sample(0.5 * (begin + end))
            flow = outflow.flows[k]
            if flow is not None and (done is None or done[0] is not flow):
                done = (flow, *self._expanded(outflow, k, begin))
            if flow is not None and done is not None:
                yield _Piece(begin=begin, end=end, rate=outflow.rate(begin, end), flow=flow, jet=done[1], rain=done[2])

    def _expanded(self, outflow: Outflow, k: int, time: float) -> tuple[Jet, Rainout]:
        try:
            jet = expanded_jet(outflow, k, hole=self.hole, ambient_pressure=self.air.air_pressure)
            return jet, rained_out(jet, self.of, height=self.hole.height, air=self.air, method=self.method)
        except ModelError as error:
            place = f"jet of {self.asset.tag}, {outflow.temperature[k]:.4g} K inside at {time:.4g} s"
            late = f"compute only up to {time:.4g} s"
            if "wall_thickness" not in self.asset.attributes:
                late += ", or give it a wall_thickness: the heat of the wall keeps the contents warmer"
            told = [Problem(p.what, place, late if time > 0.0 else p.fix) for p in error.problems]
            raise ModelError.of(told, where=self.asset.tag) from None

    def pool(self, pieces: tuple[_Piece, ...]) -> PoolHistory | None:
        """The spill of what rains out; it is as warm as the jet."""
        fallen = np.array([piece.fallen for piece in pieces])
        if fallen.sum() <= _TRACE * sum(piece.mass for piece in pieces):
            return None
        air, bund = self.air, None if self.park is None else bund_around(self.park, self.asset)
        found = spread_and_evaporate(
            substance=self.of,
            edges=_edges(pieces),
            mass_rates=[piece.rate * piece.rain.fraction for piece in pieces],
            temperature=float(fallen @ np.array([piece.jet.temperature for piece in pieces]) / fallen.sum()),
            substrate=bund.floor if bund is not None and bund.floor else air.ground,
            wind_speed=air.wind_speed,
            air_temperature=air.air_temperature,
            air_pressure=air.air_pressure,
            solar_flux=air.solar_flux,
            ground_temperature=air.ground_temperature,
            until=self.until,
            bund_area=None if bund is None else bund.area,
            bund_height=None if bund is None else bund.height,
        )
        if bund is None:
            return found
        return replace(found, notes=(f"the pool lies in bund {bund.tag} of {bund.area:.4g} m²", *found.notes))

    def jet_releases(self, outflow: Outflow, pieces: tuple[_Piece, ...]) -> Iterator[Release]:
        """One release a kind (liquid until the hole is uncovered, then vapour), in the state of half its mass."""
        least = _TRACE * sum(piece.mass for piece in pieces)
        for _, group in groupby(pieces, key=lambda piece: piece.kind):
            part = tuple(group)
            mass = np.cumsum([piece.airborne for piece in part])
            if mass[-1] <= least:
                continue
            middle = part[int(np.searchsorted(mass, 0.5 * mass[-1]))]
            jet, rain = middle.jet, middle.rain
            flies = float(rain.fraction < 0.5)  # else most of it falls to the ground, and no jet carries the rest
            yield Release(
                substance=self.of,
                **self.place,
                z=self.hole.height,
                edges=_edges(part) + self.start,
                mass_rates=np.array([piece.rate * piece.rain.airborne for piece in part]),
                temperature=jet.temperature,
                vapour_fraction=rain.vapour / rain.airborne,
                velocity=middle.flow.velocity,
                diameter=self.hole.diameter,
                jet_velocity=flies * jet.velocity,
                jet_diameter=flies * jet.diameter,
                elevation=self.elevation,
                droplet_diameter=min(rain.droplet_diameter, _LARGEST_DROPLET),
                phase=jet.phase,
                notes=(f"{outflow.regime.name}: {outflow.regime.reason}", rain.reason, *jet.notes),
            )

    def pool_release(self, pool: PoolHistory | None) -> Iterator[Release]:
        """What evaporates from the pool, in pieces of equal mass; its state is that of half its mass."""
        if pool is None or not pool.evaporated[-1] > 0.0:
            return
        times, gone = pool.times, pool.evaporated
        edges = cut_into_pieces(times, gone)
        middle = int(np.searchsorted(gone, 0.5 * gone[-1]))
        told = f"evaporation of a pool of up to {pool.area.max():.4g} m² on {pool.substrate.name}"
        yield Release(
            substance=self.of,
            **{**self.place, "label": f"{self.place['label']} pool"},
            z=0.0,
            edges=edges + self.start,
            mass_rates=pool.evaporation_pieces(edges),
            temperature=float(pool.temperature[middle]),
            area=float(pool.area[middle]),
            notes=(told, *pool.notes),
        )

    def notes(self, outflow: Outflow, pieces: tuple[_Piece, ...], pool: PoolHistory | None) -> tuple[str, ...]:
        """How the numbers came about, each once."""
        told = [f"{outflow.regime.name}: {outflow.regime.reason}", self.hole.described(outflow.regime), *outflow.notes]
        if self.park is None and self.asset.kind in _FED and math.isfinite(outflow.mass):
            told.append(f"no park was given, so nothing feeds it: only the {outflow.mass:.4g} kg it holds can leave")
        if outflow.blow_down is None:
            told.append("the shape of the inside is not known" if self.asset.kind not in _FED else "")
        elif self.section is not None:
            others = ", ".join(tag for tag in self.section.inside if tag != self.asset.tag)
            told.append("valves around a vessel do not stop a hole in its own wall: it empties all the same")
            told.append(f"what stays connected to it is not counted: {others}" if others else "")
        if self.asset.get("emergency_release"):
            told.append("its emergency release coupling is not counted on: it lets out what it would without one")
        if self.asset.kind in _LINES and self.hole.roughness is None:
            told.append("friction along the line up to the hole is left out: an upper bound")
        for _, group in groupby(pieces, key=lambda piece: (piece.kind, piece.rain.method)):
            first = next(group)
            told.append(first.rain.reason)
            if self.elevation and first.rain.method == "trajectory" and first.rain.droplets:
                told.append("rain-out is worked out for a horizontal jet")
        told += [note for piece in pieces for note in piece.jet.notes]
        told.append(self.of.notes)
        return tuple(note for note in dict.fromkeys([*told, *(pool.notes if pool else ())]) if note)
