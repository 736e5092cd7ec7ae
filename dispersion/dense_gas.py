"""Dense gas in one dimension: cross-sections of a cloud that runs out under its weight, mixes and is carried off.

The model is SLAB's (Ermak 1990), written anew: a steady plume of any length, after whose feed stops a puff, or a puff
from the start; mass, momentum and energy of moist air, vapour and droplets are kept over the cross-section. What is
different is said under Notes.

References
----------
Ermak, D. L. (1990), User's manual for SLAB: an atmospheric dispersion model for denser-than-air releases,
UCRL-MA-105607, Lawrence Livermore National Laboratory.
Morgan, D. L., Morris, L. K. and Ermak, D. L. (1983), SLAB: a time-dependent computer model for the dispersion of heavy
gases released in the atmosphere, UCRL-53383.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from dispersion.cloud import Cloud, accept_releases
from dispersion.dense_air import SurfaceLayer
from dispersion.dense_cloud import Axis, Burst, DenseSolution, Piece, Stream
from dispersion.dense_march import Plume, Setting, follow_plume, let_go, table_of
from dispersion.dense_source import SEEPING, STEEP, Start, all_at_once, from_section, speed_of, start_of
from dispersion.materials import Material, material_of
from dispersion.sections import Section
from twin.errors import ModelError, Problem
from twin.weather import Weather, WeatherSeries

if TYPE_CHECKING:
    from plant_models.releases import Release

__all__ = ["DenseGas"]

_LOWEST, _HIGHEST = 0.5, 25.0  # m s⁻¹ at 10 m
_MEASURED = (1.5, 12.0)  # of the trials with dense gas, at the height of their masts
_ROUGHEST = 0.1  # m, beyond which roughness is made by things the model does not see
_STEADY = 0.1  # relative change of wind speed, and 10° of direction, that count as none


@dataclass(frozen=True, slots=True, kw_only=True)
class DenseGas:
    """SLAB's model of a cloud heavier than air over open, flat ground.

    Range: wind from 0.5 to 25 m/s at 10 m, released gas heavier than air and enough of it (see
    :meth:`plant_models.releases.Release.is_dense`), distances up to `distance`; trials bear it out for wind from 1.5 to
    12 m/s and roughness up to 0.1 m. Sources: evaporating pool, horizontal and inclined jet, stack, leak without
    momentum, mass let go at once, droplets that stay in the air, and a :class:`dispersion.sections.Section` of a jet
    model. The wind is constant. Not covered: obstacles, slopes, rain-out, hydrogen fluoride.

    Parameters
    ----------
    averaging_time
        Averaging time, which sets how much the meander of the plume widens it; 1 to 3600 s, default 600 s. It should be
        no longer than the cloud takes to pass; for a mass let go at once the shorter of the two counts. [s]
    distance
        How far the cloud is followed; default 10 km. Passive behaviour sets in by itself as the excess of density
        fades, so no model takes over on the way. [m]
    refinement
        Factor on the number of steps. With 1, the steps of SLAB, concentrations behind a pool are about 3 % lower than
        with infinitely short ones; 1 to 8.

    Raises
    ------
    ModelError
        A setting is outside its range; all such settings are named at once.

    Notes
    -----
    Against SLAB: saturation curves and heat capacities are fitted to the substance's tables at the pressure of the air,
    which need not be 1 atm; two vapours condense in equilibrium with each other; the fixed points that SLAB leaves at
    1e-3 are converged; steps are shorter where a falling cloud strikes the ground; the concentration belongs to a
    moment (the averaging time acts on the width alone) and to air warmed back to its own temperature; the ends of a
    plume are blurred by the shear that blurs those of a puff; a release that still runs is taken as one that has lasted
    until now, so that ending it later or sooner changes nothing before; a rate that changes makes a plume for each
    rate, of which the pieces of gas follow each other. Over the area it rises from the gas shows as it is carried
    across.
    """

    averaging_time: float = 600.0
    distance: float = 10_000.0
    refinement: int = 1

    name: ClassVar[str] = "dense_gas"

    def __post_init__(self) -> None:
        checks = (("averaging_time", 1.0, 3600.0, "s"), ("distance", 100.0, 50_000.0, "m"), ("refinement", 1, 8, ""))
        problems = [
            Problem(
                f"{name} is {getattr(self, name)!r}",
                where=f"dense_gas.{name}",
                fix=f"give a {'whole ' if name == 'refinement' else ''}number from {low:g} to {high:g} {unit}".rstrip(),
            )
            for name, low, high, unit in checks
            if not _is_number(getattr(self, name), whole=name == "refinement") or not low <= getattr(self, name) <= high
        ]
        if problems:
            raise ModelError.of(problems)

    def disperse(
        self,
        release: Release | Sequence[Release],
        weather: Weather | WeatherSeries,
        *,
        section: Section | Sequence[Section] | None = None,
    ) -> Cloud:
        """Carry the released gas with the wind.

        Parameters
        ----------
        release
            One release, or several of one substance, each of which makes a cloud of its own.
        weather
            Weather that hardly changes from the start of the release on.
        section
            Where a jet model hands over; the release then gives only the times. Its flux of mass, momentum and enthalpy
            are kept. When the rate changes, one section for each rate.

        Raises
        ------
        ModelError
            The gas is light, passive or hydrogen fluoride, the wind changes or is too light or too strong, or the
            equations have no solution; another model is named.
        """
        releases = accept_releases(release, self.name)
        series = WeatherSeries.of(weather)
        air = _constant(series, min(r.start for r in releases))
        layer = SurfaceLayer.of(air)
        _check_air(air, layer)
        material = material_of(releases[0].substance, pressure=air.pressure, temperature=air.temperature)
        _check_gas(releases, air, material)
        sections = {} if section is None else _sections(section, releases, air)
        if section is None:
            _check_weight(releases, air)
        setting = Setting(layer, material.array(), self.distance, self.refinement, self.averaging_time)
        sources = [source for one in releases for source in _sources(one, air, setting, sections)]
        pure = releases[0].substance.gas_density(air.temperature, air.pressure)
        return Cloud(
            model=self.name,
            releases=releases,
            weather=series,
            settings=asdict(self),
            averaging_time=self.averaging_time,
            valid_range={
                "distance": (1.0, self.distance, "m"),
                "wind speed at 10 m": (_LOWEST, _HIGHEST, "m s⁻¹"),
                "roughness length": (1e-5, _ROUGHEST, "m"),
                "density over that of air": (1.0, math.inf, ""),
            },
            warnings=(
                *_told(releases, air, material, self.averaging_time),
                *(said for one in releases if section is None for said in _told_of_source(one, air)),
                *_told_of_clouds(sources, layer),
            ),
            solution=DenseSolution(releases=releases, sources=tuple(sources), pure=pure),
        )


def _is_number(value: object, *, whole: bool) -> bool:
    kinds = (int, np.integer) if whole else (int, float, np.integer, np.floating)
    return isinstance(value, kinds) and not isinstance(value, bool)


def _constant(series: WeatherSeries, start: float) -> Weather:
    """State at the start of the release, if nothing changes much afterwards."""
    air = series.at(start)
    for time, other in zip(series.times, series.states, strict=True):
        if time <= start:
            continue
        turned = abs((other.wind_from - air.wind_from + 180.0) % 360.0 - 180.0)
        faster = abs(other.wind_speed - air.wind_speed) / max(air.wind_speed, 1e-9)
        same = (other.stability, other.obukhov_length) == (air.stability, air.obukhov_length)
        if turned > 100.0 * _STEADY or faster > _STEADY or not same:
            raise ModelError(
                f"the weather changes at {time:g} s",
                where="dense_gas.weather",
                fix="one wind carries this cloud: give a constant weather (10 % of speed and 10° may vary), or take "
                'model("gaussian_puff")',
            )
    return air


def _check_air(air: Weather, layer: SurfaceLayer) -> None:
    if air.wind_height <= 2.0 * air.roughness_length or not 0.0 < air.roughness_length <= 1.0:
        raise ModelError(
            f"the roughness length is {air.roughness_length:g} m and the wind is given at {air.wind_height:g} m",
            where="dense_gas.weather",
            fix='give a roughness up to 1 m and a wind from well above it, or take model("gaussian_puff")',
        )
    wind = layer.wind(10.0) if air.wind_speed > 0.0 else 0.0
    if not _LOWEST <= wind <= _HIGHEST:
        raise ModelError(
            f"the wind at 10 m is {wind:.2g} m s⁻¹",
            where="dense_gas.weather",
            fix=f"the model holds from {_LOWEST:g} to {_HIGHEST:g} m s⁻¹: take "
            'model("gaussian_puff") with a wind record, or model("britter_mcquaid")',
        )


def _check_gas(releases: Sequence[Release], air: Weather, material: Material) -> None:
    gas = releases[0].substance
    if gas.associates:
        raise ModelError(
            f"the vapour of {gas.name} forms clusters that break up as it mixes, and the heat of that is not modelled",
            where="dense_gas",
            fix='take model("britter_mcquaid") for a first estimate',
        )
    if not material.condenses and any(r.vapour_fraction < 1.0 for r in releases):
        raise ModelError(
            f"droplets of {gas.name} do not exist at {air.pressure:.0f} Pa, or nothing is known of them",
            where="dense_gas",
            fix="give vapour_fraction=1, and the mass of the vapour alone when the rest falls as snow",
        )


def _sections(section: Section | Sequence[Section], releases: Sequence[Release], air: Weather) -> dict[float, Section]:
    """Sections by the rates of the release they go with."""
    given = (section,) if isinstance(section, Section) else tuple(section)
    rates = {rate for one in releases for rate in one.mass_rates.tolist() if rate > 0.0}
    found = {rate: one for one in given for rate in (rates if len(given) == len(rates) == 1 else (one.mass_rate,))}
    gases = {one.substance.name for one in given} | {releases[0].substance.name}
    if len(gases) > 1 or len(releases) > 1 or not rates <= found.keys():
        raise ModelError(
            "a section goes with one release of its substance at one rate",
            where="dense_gas.section",
            fix="disperse the releases one by one, with a section for each rate",
        )
    for one in given:
        east, north, _ = one.toward
        level = math.hypot(east, north)
        if level < 0.01 or east * air.wind_u + north * air.wind_v < 0.999 * air.wind_speed * level:
            raise ModelError(
                f"the section moves toward {one.toward}, not downwind",
                where="dense_gas.section",
                fix="hand over where the jet has bent into the wind",
            )
    return found


def _check_weight(releases: Sequence[Release], air: Weather) -> None:
    let_out = [r for r in releases if r.total_mass > 0.0]
    for one in let_out:
        ratio = one.density_ratio(air)
        if ratio <= 1.0:
            raise ModelError(
                f"the released {one.substance.name} is {ratio:.2g} times as dense as the air",
                where="dense_gas",
                fix='it must be heavier than air: take model("gaussian_plume") or model("gaussian_puff")',
            )
    if let_out and not any(one.is_dense(air) for one in let_out):
        number = max(one.buoyancy_number(air) for one in let_out)
        raise ModelError(
            f"the release is passive: Britter and McQuaid's number of its weight against the wind is {number:.2g}",
            where="dense_gas",
            fix='from 0.15 up it slumps: take model("gaussian_plume") or model("gaussian_puff")',
        )


def _sources(
    release: Release, air: Weather, setting: Setting, sections: Mapping[float, Section]
) -> list[Stream | Burst]:
    speed = air.wind_speed
    first_section = next((sections[rate] for rate in release.mass_rates.tolist() if rate in sections), None)
    place = (release.x, release.y) if first_section is None else (first_section.x, first_section.y)
    axis = Axis(*place, air.wind_u / speed, air.wind_v / speed)
    found: list[Stream | Burst] = []
    if release.instantaneous_mass > 0.0:
        at_once = all_at_once(release, release.instantaneous_mass, release.area, setting.layer, setting.material)
        found.append(_burst(at_once, axis, release.start, release.start, setting))
    plumes = {}
    for begin, end, pieces in _stretches(release):
        made = []
        for first, last, rate in pieces:
            if rate not in plumes:
                plumes[rate] = _plume(release, rate, axis, setting, sections)
            plume, aside = plumes[rate]
            made.append(Piece(first - begin, last - begin, plume, setting, aside))
        stream = Stream(axis, begin, end - begin, tuple(made))
        found.append(stream)
        if stream.brief:
            mass = sum(rate * (last - first) for first, last, rate in pieces)
            area = max((2.0 * piece.plume.start.extent) ** 2 for piece in made)
            at_once = all_at_once(release, mass, area, setting.layer, setting.material)
            found.append(_burst(at_once, axis, 0.5 * (begin + end), end, setting))
    return found


def _plume(
    release: Release, rate: float, axis: Axis, setting: Setting, sections: Mapping[float, Section]
) -> tuple[Plume, float]:
    """Plume of one rate, and how far to the left of the axis it runs. [m]"""
    if not sections:
        return follow_plume(start_of(release, rate, setting.layer, setting.material), setting), 0.0
    section = sections[rate]
    plume = follow_plume(from_section(section, setting.layer, setting.material), setting)
    onward, aside = axis.along(np.array(section.x), np.array(section.y))
    rows = plume.rows.copy()
    rows[:, 0] += float(onward)
    return replace(plume, rows=rows), float(aside)


def _burst(start: Start, axis: Axis, begin: float, shown: float, setting: Setting) -> Burst:
    return Burst(axis, begin, shown, table_of(let_go(start, setting), setting, begins=0.0, passing="burst"))


def _stretches(release: Release) -> list[tuple[float, float, list[tuple[float, float, float]]]]:
    """Stretches of time without a pause: begin, end and pieces (begin, end, rate), equal neighbours made one."""
    found: list[tuple[float, float, list[tuple[float, float, float]]]] = []
    edges = [float(t) for t in release.edges]
    for begin, end, rate in zip(edges[:-1], edges[1:], (float(q) for q in release.mass_rates), strict=True):
        if rate <= 0.0:
            continue
        if found and found[-1][1] == begin:
            first, _, pieces = found.pop()
            if pieces[-1][2] == rate:
                pieces[-1] = (pieces[-1][0], end, rate)
            else:
                pieces.append((begin, end, rate))
            found.append((first, end, pieces))
        else:
            found.append((begin, end, [(begin, end, rate)]))
    return found


def _told(releases: Sequence[Release], air: Weather, material: Material, averaging: float) -> tuple[str, ...]:
    """Sentences a user of the numbers must know."""
    told = [material.note] if material.note else []
    if material.spread > 0.05:
        told.append(f"The saturation curve is off the table of the substance by up to {material.spread:.0%}.")
    if not _MEASURED[0] <= air.wind_speed <= _MEASURED[1]:
        told.append(
            f"The wind of {air.wind_speed:g} m s⁻¹ is outside that of the trials with dense gas, {_MEASURED[0]:g} to "
            f"{_MEASURED[1]:g} m s⁻¹."
        )
    if air.roughness_length > _ROUGHEST:
        told.append(
            f"A roughness of {air.roughness_length:g} m comes from obstacles, which the model does not see; trials "
            f"bear it out up to {_ROUGHEST:g} m."
        )
    if len(releases) > 1:
        told.append("Each release makes a cloud of its own; their mole fractions are added and they do not mix as one.")
    for one in releases:
        name = one.label or "the release"
        if one.duration > 0.0 and averaging > one.duration:
            told.append(
                f"The averaging time of {averaging:g} s is longer than {name}, {one.duration:g} s: the plume is drawn "
                "wider than a plume that short is seen."
            )
        if len({*one.mass_rates.tolist()} - {0.0}) > 1:
            told.append(
                f"The rate of {name} changes: each rate makes a steady plume, and their gas follows each other."
            )
    return tuple(dict.fromkeys(told))


def _told_of_source(one: Release, air: Weather) -> list[str]:
    told, name = [], one.label or "the release"
    if one.area > 0.0 and one.mass_rates.max(initial=0.0) > SEEPING * one.area * one.density(air):
        what = f"The gas of {name} would leave its area faster than {SEEPING:g} m s⁻¹"
        told.append(f"{what}: it is taken to seep out of a wider one.")
    if one.vapour_fraction < 1.0:
        told.append(f"All droplets of {name} stay in the air: none rain out.")
    if one.duration > 0.0 and one.area == 0.0:
        if speed_of(one) == 0.0:
            what = "seeps out on the ground" if one.z <= 1.0 else "sets out with the wind"
            told.append(f"The momentum of {name} is not given: its gas {what}.")
        elif one.elevation <= -30.0:
            told.append(f"The jet of {name} points to the ground and is taken to lose its momentum there.")
        elif 0.0 < one.elevation < STEEP:
            told.append(f"The jet of {name} rises as a cloud does; model jet follows its path better.")
    return told


def _told_of_clouds(sources: Sequence[Stream | Burst], layer: SurfaceLayer) -> list[str]:
    """Sentences on what the plumes do: run out upwind, or become lighter than air and rise."""
    plumes = [piece.plume for source in sources if isinstance(source, Stream) for piece in source.pieces]
    told = []
    widest = max((plume.extent for plume in plumes if plume.extent > 1.5 * plume.start.extent), default=0.0)
    if widest > 0.0:
        told.append(
            f"The gas runs out {widest:.3g} m to all sides, upwind too, before this wind can carry it off; it takes "
            f"{max(float(plume.times[plume.fed]) for plume in plumes):.2g} s to get clear of that area."
        )
    nearest = min((plume.rises(layer) for plume in plumes), default=math.inf)
    if math.isfinite(nearest):
        told.append(
            f"The cloud becomes lighter than air and rises from {nearest:.3g} m downwind on: no trial bears the model "
            "out beyond."
        )
    return told
