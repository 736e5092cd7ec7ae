"""Where the gas of a leak goes, for the command line: words with their units in, a cloud and its zones out."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drills.sources import open_park, read_word, source_from_words
from twin.errors import LayoutError, ModelError, UnitError
from twin.units import parse_quantity

if TYPE_CHECKING:
    from dispersion.cloud import Cloud
    from dispersion.field import Field
    from dispersion.models import Model
    from dispersion.zones import Zone
    from plant_models.harm import Threshold
    from plant_models.matter import Substance
    from plant_models.sources import SourceTerm
    from twin.graph import Twin
    from twin.site import Site
    from twin.weather import Weather

__all__ = ["ASSUMED", "OUTPUTS", "Dispersal", "check_outputs", "dispersal_from_words", "write_outputs"]

# What is taken where the command says nothing, and shown as assumed, besides what the source term assumes.
ASSUMED: dict[str, tuple[str, str]] = {
    "averaging_time": ("s", "600 s"),
    "roughness": ("m", "0.1 m"),
    "humidity": ("", "50 %"),
    "height": ("m", "1.5 m"),
}
_FLAMMABLE = ("LFL", "LFL/2", "UFL")
# s: gas burns where it is rich enough for a moment, so these limits want the shortest average the sigma curves know
_FLAMMABLE_AVERAGE = 20.0
_WIND_HEIGHT = 10.0  # m, at which the source term takes its wind too
_AIR = {"air_temperature": "K", "air_pressure": "Pa"}
_OF_THE_LEAK = ("isolate_at", "duration", "elevation", "rain_out", "ground", "sun", "wind", *_AIR)
_TIMES = (10, 20, 30, 60, 120, 180, 300, 600, 900, 1200, 1800, 2700, 3600, 5400, 7200, 10800, 14400, 21600, 28800)
_MOST_TIMES = 6  # of the table of distances
_FRAMES = 40  # of a film: five seconds
# Option and the ends its file may have.
OUTPUTS: Mapping[str, tuple[str, ...]] = {
    "picture": (".png",),
    "section": (".png",),
    "series": (".png",),
    "gif": (".gif",),
    "geojson": (".geojson", ".json"),
    "kml": (".kml",),
}
Place = tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dispersal:
    """Cloud of a leak and what it reaches.

    Parameters
    ----------
    park
        Park.
    site
        Its frame, with the anchor that was given.
    source
        Source term.
    asked
        Name of the model that was asked for.
    cloud
        Cloud at the averaging time of the toxic thresholds.
    drawn
        Cloud at that of the thresholds that are drawn.
    zones
        All thresholds, with where and when they are reached.
    shown
        Those that are drawn, reached or not.
    places
        East, north and height of detectors and points by name. [m]
    height
        Height of the zones above ground. [m]
    time
        Wall time of the start, zone-aware; None where it was not given.
    assumed
        What was taken because nothing was said.
    """

    park: Twin
    site: Site
    source: SourceTerm
    asked: str
    cloud: Cloud
    drawn: Cloud
    zones: tuple[Zone, ...]
    shown: tuple[Zone, ...]
    places: Mapping[str, Place]
    height: float
    time: datetime | None
    assumed: Mapping[str, str]

    @property
    def levels(self) -> dict[str, float]:
        """Drawn thresholds that stand for the averaging time of the drawn cloud, by name. [kg m⁻³]

        Raises
        ------
        ModelError
            None of them is reached.
        """
        same = [z for z in self.shown if z.footprint.averaging_time == self.drawn.averaging_time]
        if not any(zone.reached for zone in same):
            names = ", ".join(zone.threshold.name for zone in self.shown)
            raise ModelError(
                f"none of {names} is reached, so there is nothing to draw",
                where="the outputs",
                fix='name a lower concentration, such as --threshold "1 ppm"',
            )
        return {zone.footprint.label.split(",")[0]: zone.footprint.threshold for zone in same}

    def film(self) -> Field:
        """Frames over the park, or close to the release, from the start until the drawn zones have left the map."""
        import numpy as np

        from dispersion.zones import close_up

        lowest, cloud = min(self.levels.values()), self.drawn
        moments = cloud.solution.swept(lowest, self.height, None)[0]
        bounds = close_up([zone.footprint for zone in self.shown], self.park.bounds) or self.park.bounds
        look: dict[str, Any] = {"bounds": bounds, "heights": (self.height,)}
        coarse = cloud.field(
            times=moments[:: max(moments.size // 60, 1)], spacing=(bounds[2] - bounds[0]) / 75.0, **look
        )
        there = np.flatnonzero(coarse.values.max(axis=(1, 2, 3)) >= lowest)
        end = coarse.t[min(there[-1] + 1, coarse.t.size - 1)] if there.size else moments[-1]
        step = math.ceil((end - cloud.start) / _FRAMES)
        return cloud.field(times=cloud.start + step * np.arange(1, _FRAMES + 1), **look)


def dispersal_from_words(
    words: Mapping[str, str],
    *,
    thresholds: Sequence[str] | None = None,
    points: Sequence[str] | None = None,
    mappings: Sequence[Path] | None = None,
    failed: Sequence[str] | None = None,
) -> Dispersal:
    """Disperse a leak that is described by quantities written with their units.

    Parameters
    ----------
    words
        What the command was given by the names of its options: layout, tag, hole, wind, wind_from, model and one of
        stability, obukhov and cloud (with time); the others where they were said.
    thresholds
        Names or concentrations; None: all that were published for emergencies.
    points
        Tags, or "x,y" or "x,y,height" with units, besides the detectors for the gas.
    mappings
        Mapping files for the layout.
    failed
        Tags of valves that do not shut.

    Raises
    ------
    TwinError
        A word cannot be read, or the source term or the cloud cannot be computed.
    """
    from twin.weather import Weather

    value = {name: read_word(name, words.get(name, text), unit) for name, (unit, text) in ASSUMED.items()}
    layouts, stated = [words["layout"]], "averaging_time" in words
    park = open_park(layouts, mappings or ())
    site, time = _anchored(park.site, words.get("anchor")), _wall_time(words.get("time"))
    speed = read_word("wind", words["wind"], "m/s")
    stability = _stability(words, speed, time, site)
    leak = {name: words.get(name) for name in _OF_THE_LEAK}
    source, assumed = source_from_words(
        layouts, words["tag"], hole=words["hole"], words=leak, valves_failed=failed or (), park=park
    )
    air = {name: read_word(name, words.get(name, assumed.get(name, "")), unit) for name, unit in _AIR.items()}
    weather = Weather(
        wind_speed=speed,
        wind_from=_degrees(words["wind_from"], "--from"),
        wind_height=_WIND_HEIGHT,
        roughness_length=value["roughness"],
        humidity=value["humidity"],
        temperature=air["air_temperature"],
        pressure=air["air_pressure"],
        **stability,
    )
    wanted = _wanted(source, thresholds)
    average = {t.name: _average(t, value["averaging_time"], stated=stated) for t in wanted}
    clouds = {seconds: _cloud(words, seconds, source, weather) for seconds in sorted(set(average.values()))}
    zones = _zones([(clouds[average[t.name]], t) for t in wanted], value["height"])
    assumed |= {name: text for name, (_, text) in ASSUMED.items() if name not in words}
    if "averaging_time" in assumed:
        taken = sorted({cloud.averaging_time for cloud in clouds.values()}, reverse=True)
        assumed["averaging_time"] = " and for flammable limits ".join(f"{seconds:g} s" for seconds in taken)
    shown = _shown(zones, everything=bool(thresholds))
    return Dispersal(
        park=park,
        site=site,
        source=source,
        asked=words["model"],
        cloud=clouds[max(clouds)],
        drawn=clouds[max(average[zone.threshold.name] for zone in shown)],
        zones=zones,
        shown=shown,
        places=_places(park, source.substance, points or (), value["height"]),
        height=value["height"],
        time=time,
        assumed=assumed,
    )


def _anchored(site: Site, word: str | None) -> Site:
    """Frame of the park, tied to "longitude,latitude" in degrees."""
    if word is None:
        return site
    fix = "write the longitude and latitude of x = y = 0 in degrees, such as --anchor 121.53,31.21"
    if site.anchored:
        raise LayoutError(f"the layout has its own anchor, {site!r}", where="--anchor", fix="leave --anchor out")
    try:
        longitude, latitude = (float(part) for part in word.split(","))
    except ValueError:
        raise LayoutError(f"{word!r} is no anchor", where="--anchor", fix=fix) from None
    if not (-180.0 <= longitude <= 180.0 and -90.0 < latitude < 90.0):
        raise LayoutError(f"{word!r} is nowhere on the globe", where="--anchor", fix=fix)
    return replace(site, longitude=longitude, latitude=latitude)


def _wall_time(word: str | None) -> datetime | None:
    if word is None:
        return None
    fix = "write date, time and zone, such as 2026-07-01T14:00+08:00"
    try:
        time = datetime.fromisoformat(word)
    except ValueError:
        raise UnitError(f"{word!r} is no time", where="--time", fix=fix) from None
    if time.tzinfo is None:
        raise UnitError(f"{word!r} has no time zone", where="--time", fix=fix)
    return time


def _stability(said: Mapping[str, str], speed: float, time: datetime | None, site: Site) -> dict[str, Any]:
    """Stability as Weather takes it; there is no default."""
    given = [f"--{name}" for name in ("stability", "obukhov", "cloud") if name in said]
    if len(given) != 1:
        raise ModelError(
            f"the stability is given by {' and '.join(given)}" if given else "no stability is given",
            where="--stability",
            fix="give one of --stability D, --obukhov 50m, or --cloud 4/8 with --time 2026-07-01T14:00+08:00",
        )
    if given == ["--stability"]:
        return {"stability": said["stability"].upper()}
    if given == ["--obukhov"]:
        return {"obukhov_length": read_word("obukhov", said["obukhov"], "m")}
    if time is None:
        raise ModelError("--cloud needs a --time", where="--time", fix="such as --time 2026-07-01T14:00+08:00")
    if not site.anchored:
        fix = "give the place of the site, such as --anchor 121.53,31.21"
        raise ModelError("the height of the sun needs a place on the globe", where="--anchor", fix=fix)
    from dispersion.stability import stability_from_sky

    covered, _, of = said["cloud"].partition("/")
    eighths = read_word("cloud", of, "") if of else 1.0
    if not eighths > 0.0:
        raise UnitError(f"{said['cloud']!r} is no cover", where="--cloud", fix="write eighths, such as 4/8, or 50%")
    share = read_word("cloud", covered, "") / eighths
    where = {"latitude": float(site.latitude or 0.0), "longitude": float(site.longitude or 0.0)}
    return {"stability": stability_from_sky(time, **where, wind_speed=speed, cloud_cover=share)}


def _wanted(source: SourceTerm, names: Sequence[str] | None) -> tuple[Threshold, ...]:
    """Thresholds by name, or concentrations; none named: those published for emergencies."""
    from dispersion.zones import hazard_thresholds

    duration = max(r.start + r.duration for r in source.releases) - min(r.start for r in source.releases)
    if not names:
        return hazard_thresholds(source.substance, duration)
    return tuple(_threshold(source.substance, name, duration) for name in dict.fromkeys(names))


def _threshold(substance: Substance, word: str, duration: float) -> Threshold:
    from dispersion.zones import named_threshold
    from plant_models.harm import Threshold

    if not word[:1].isdigit():
        try:
            return named_threshold(substance, word, duration)
        except ModelError as error:
            more = ', or give a concentration, such as "100 ppm"'
            raise ModelError.of([replace(p, fix=p.fix + more) for p in error.problems], where="--threshold") from None
    about: dict[str, Any] = {"name": word, "duration": None, "substance": substance.name, "source": "as asked for"}
    about |= {"molar_mass": substance.molar_mass, "status": "unverified"}
    try:
        return Threshold(ppm=1e6 * parse_quantity(word, ""), **about)
    except UnitError:
        mass = parse_quantity(word, "kg/m^3", where="--threshold")
        return Threshold(mass_concentration=mass, **about)


def _average(threshold: Threshold, seconds: float, *, stated: bool) -> float:
    return seconds if stated or threshold.name not in _FLAMMABLE else _FLAMMABLE_AVERAGE


def _model(words: Mapping[str, str], seconds: float) -> Model:
    """Model at an averaging time; one that has its own keeps it, unless another was asked for."""
    from dispersion.models import model

    settings = {"direction": _degrees(words["direction"], "--direction")} if "direction" in words else {}
    try:
        return model(words["model"], averaging_time=seconds, **settings)
    except ModelError:
        if "averaging_time" in words:
            raise
        return model(words["model"], **settings)


def _cloud(words: Mapping[str, str], seconds: float, source: SourceTerm, weather: Weather) -> Cloud:
    """Cloud of a source; a model that was named and does not fit points to the one that fits each release."""
    chosen = _model(words, seconds)
    try:
        return chosen.disperse(source.releases, weather)
    except ModelError as error:
        if words["model"] == "auto":
            raise
        more = "; on the command line --model auto picks what fits each release"
        raise ModelError.of([replace(p, fix=p.fix + more) for p in error.problems], where=words["model"]) from None


def _degrees(word: str, option: str) -> float:
    """Direction on the map, with or without its unit. [°]"""
    return parse_quantity(word, "degree", where=option, bare=True)


def _zones(asked: Sequence[tuple[Cloud, Threshold]], height: float) -> tuple[Zone, ...]:
    """Zones with snapshots at round times that span the life of all of them."""
    from dispersion.zones import add_snapshots, find_zone

    found = [find_zone(cloud, threshold, height=height) for cloud, threshold in asked]
    start = asked[0][0].start
    end = max((_end(zone) for zone in found if zone.reached), default=start) - start
    round_times = [t for t in _TIMES if t <= end] or [_TIMES[0]]
    count = min(len(round_times), _MOST_TIMES)
    times = [start + round_times[k * (len(round_times) - 1) // max(count - 1, 1)] for k in range(count)]
    return tuple(add_snapshots(cloud, zone, times) for (cloud, _), zone in zip(asked, found, strict=True))


def _end(zone: Zone) -> float:
    """Time at which a zone that was reached has gone, or the last arrival where it never went."""
    arrival = zone.footprint.arrival
    last = math.inf if zone.last is None else zone.last
    return last if math.isfinite(last) else float(arrival[arrival < math.inf].max())


def _shown(zones: Sequence[Zone], *, everything: bool) -> tuple[Zone, ...]:
    """What is drawn: what was asked for, or one family of toxic thresholds, or fire where that is the wider hazard."""
    if everything:
        return tuple(zones)
    families = [[z for z in zones if z.threshold.name.startswith(name)] for name in ("AEGL", "ERPG", "PAC", "IDLH")]
    toxic = next(filter(None, families), [])
    fire = [zone for zone in zones if zone.threshold.name in _FLAMMABLE]
    if fire and min(z.threshold.ppm for z in fire) < max((z.threshold.ppm for z in toxic), default=math.inf):
        return tuple(fire)
    return tuple(toxic)


def _places(park: Twin, gas: Substance, points: Sequence[str], height: float) -> dict[str, Place]:
    """Detectors for the gas, and the points that were named."""
    from plant_models.substances import substance

    found: dict[str, Place] = {}
    for head in park.assets("detector"):
        named = head.get("gas")
        if isinstance(named, str) and substance(named).name == gas.name:
            found[head.tag] = (head.x, head.y, head.number("height"))
    for word in points:
        if "," in word:
            found[word] = _point(word, height)
        else:
            asset = park[word]
            own = asset.get("height") if asset.kind == "detector" else None
            found[word] = (asset.x, asset.y, own if isinstance(own, float) else height)
    return found


def _point(word: str, height: float) -> Place:
    parts = word.split(",")
    if len(parts) not in {2, 3}:
        fix = "write x,y or x,y,height with units, such as 400m,250m"
        raise UnitError(f"{word!r} is no point", where="--at-points", fix=fix)
    x, y, *above = (parse_quantity(part.strip(), "m", where="--at-points") for part in parts)
    return x, y, above[0] if above else height


def check_outputs(files: Mapping[str, Path | None]) -> dict[str, Path]:
    """Files to write by option, each with a name that ends as it should and a folder that is there.

    Raises
    ------
    LayoutError
        One has not.
    """
    wanted = {option: path for option, path in files.items() if path is not None}
    for option, path in wanted.items():
        if path.suffix.lower() not in OUTPUTS[option]:
            fix = f"end its name in {' or '.join(OUTPUTS[option])}"
            raise LayoutError(f"{str(path)!r} is no name for it", where=f"--{option}", fix=fix)
        if not path.absolute().parent.is_dir():
            fix = "make the folder first"
            raise LayoutError(f"there is no folder {str(path.parent)!r}", where=f"--{option}", fix=fix)
    return wanted


def write_outputs(found: Dispersal, files: Mapping[str, Path]) -> None:
    """Write pictures and maps, each complete or not at all.

    Raises
    ------
    TwinError
        Nothing to draw, or no geographic anchor for a map.
    OSError
        A place cannot be written.
    """
    if not files:
        return
    from dispersion.zones import zones_geojson, zones_kml
    from drills import view
    from drills.folder import write_whole

    if not found.site.anchored and {"geojson", "kml"} & files.keys():
        fix = "give the place of x = y = 0 in degrees, such as --anchor 121.53,31.21"
        raise LayoutError(f"the site {found.site.name!r} has no geographic anchor", where="--anchor", fix=fix)
    reached = [zone for zone in found.shown if zone.reached]
    if not reached:
        _ = found.levels  # tells what is missing
    title = f"{found.source.tag}: {found.source.substance.name}"
    draw: dict[str, Callable[[Dispersal, Path], object]] = {
        "picture": view.save_zones,
        "section": view.save_section,
        "series": view.save_series,
        "gif": view.save_film,
        "geojson": lambda _, path: write_whole(
            path, json.dumps(zones_geojson(reached, found.site), ensure_ascii=False)
        ),
        "kml": lambda _, path: write_whole(path, zones_kml(reached, found.site, title=title, start=found.time)),
    }
    for option, path in files.items():
        draw[option](found, path)
