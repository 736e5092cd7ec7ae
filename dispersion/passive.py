"""What the passive models, plume and puff, have in common: their settings, and what they must tell."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from dispersion.air import averaging_factor, default_sigmas, sigma_set, wind_ratio
from dispersion.downwash import in_wake, meander_factor
from dispersion.inputs import is_number
from dispersion.plume_rise import goes_up, height_at_wall, stack_rise
from twin.errors import ModelError, Problem
from twin.weather import Weather, WeatherSeries

if TYPE_CHECKING:
    from dispersion.similarity import Terrain
    from plant_models.releases import Release

__all__ = [
    "LOWEST_SPEED",
    "Passive",
    "blowing",
    "check_settings",
    "chosen_sigmas",
    "removal_rate",
    "swaying_factor",
    "told",
    "transport_height",
]

LOWEST_SPEED = 0.5  # m s⁻¹; below it the curves of Gaussian models have no meaning (EPA 1995 treats < 1 m s⁻¹ as calm)
_LOWEST_TRANSPORT = 2.0  # m; see Passive.transport_height
_MILLIMETRE_AN_HOUR = 1e-3 / 3600.0  # m s⁻¹


@dataclass(frozen=True, slots=True, kw_only=True)
class Passive:
    """Settings of the Gaussian models.

    Parameters
    ----------
    averaging_time
        Averaging time the concentrations stand for; 600 s takes the curves as they are, another one widens or narrows
        the cloud by ``(averaging_time / 600 s)**0.2``. A wind record that turns already carries the slow meander, so
        with records closer than the averaging time the cloud is somewhat wider than an average alone. [s]
    sigmas
        Name of the sigma curves, see :data:`dispersion.SIGMA_SETS`; None: "similarity" where the Obukhov length is
        known, else "briggs_rural". The settings of the cloud name the curves taken.
    transport_height
        Height whose wind carries the cloud over its whole way; None: the release height, but not below 2 m (the wind
        height with which the plume reproduces the Prairie Grass arcs, whose source stood at 0.46 m), and with the
        similarity curves the speed they state for each distance. [m]
    smallest_sigma
        Size of the cloud at a point source. It is added in quadrature to the curves, so that the concentration at the
        source is finite and unaffected beyond a few metres. An opening starts with diameter / 4.3 and a pool with the
        variance of its disc (:func:`dispersion.starts.start_of`) if that is more. [m]
    plume_rise
        Whether a vertical stream of known speed and size that is not denser than air rises after Briggs
        (:mod:`dispersion.plume_rise`), in the air of the moment of emission. The rise widens the cloud by rise / 3.5
        (Pasquill 1976, as in EPA 1995). A mixing lid stops it. No stack-tip downwash.
    building_height, building_width
        Of a building whose wake holds the source, the width across the wind, after Huber and Snyder
        (:mod:`dispersion.downwash`); give both or neither. [m]
    meander
        Whether the crosswind sigma is widened in a light wind and neutral to stable air as US NRC Regulatory Guide
        1.145 has it for averages of an hour (:func:`dispersion.downwash.meander_factor`). Not by default: it lowers
        the middle of the cloud, and a wind record, or a measured sigma_theta, already holds the swaying.
    deposition_velocity
        Speed at which gas settles on the ground: flux over concentration at the ground. What is left of the cloud is
        ``exp`` of minus its integral along the way (source depletion, Chamberlain 1953, as in EPA 1995). [m s⁻¹]
    half_life
        Half-life of decay in the air; None: none. [s]
    rain_rate
        Rate of rain. [m s⁻¹]
    scavenging_coefficient
        Share washed out in a second by a rain of 1 mm/h, in proportion to the rain (Scire, Strimaitis and Yamartino
        2000, CALPUFF user's guide: 3e-5 for SO2, 6e-5 for HNO3). [s⁻¹]
    """

    averaging_time: float = 600.0
    sigmas: str | None = None
    transport_height: float | None = None
    smallest_sigma: float = 0.1
    plume_rise: bool = True
    building_height: float | None = None
    building_width: float | None = None
    meander: bool = False
    deposition_velocity: float = 0.0
    half_life: float | None = None
    rain_rate: float = 0.0
    scavenging_coefficient: float = 0.0

    @property
    def building(self) -> tuple[float, float] | None:
        """Height and width of the building, None on open ground. [m]"""
        if self.building_height is None or self.building_width is None:
            return None
        return self.building_height, self.building_width


_RANGES = {
    "node_spacing": (0.05, 2.0, ""),
    "reach": (3.0, 12.0, "standard deviations"),
    "transport_height": (0.5, 300.0, "m"),
    "smallest_sigma": (1e-3, 100.0, "m"),
    "threads": (1, 256, ""),
    "averaging_time": (20.0, 3600.0, "s"),
    "building_height": (0.5, 1000.0, "m"),
    "building_width": (0.5, 1000.0, "m"),
    "deposition_velocity": (0.0, 1.0, "m s⁻¹"),
    "half_life": (1.0, 1e9, "s"),
    "rain_rate": (0.0, 1e-4, "m s⁻¹, which is 360 mm an hour"),
    "scavenging_coefficient": (0.0, 1.0, "s⁻¹"),
}
_MAY_BE_NONE = {"transport_height", "building_height", "building_width", "half_life"}


def check_settings(settings: Passive, where: str) -> None:
    """Refuse numbers outside their range and unknown curves.

    Raises
    ------
    ModelError
        All faults at once.
    """
    problems = []
    for name, (low, high, unit) in _RANGES.items():
        value = getattr(settings, name, None)
        if not hasattr(settings, name) or (value is None and name in _MAY_BE_NONE):
            continue
        if not is_number(value) or not low <= value <= high or (name == "threads" and value != int(value)):
            fix = f"give {low:g} to {high:g} {unit}".rstrip()
            problems.append(Problem(f"{name} is {value!r}", where=f"{where}.{name}", fix=fix))
    if (settings.building_height is None) != (settings.building_width is None):
        fix = "give building_height and building_width, or neither"
        problems.append(Problem("half a building", where=f"{where}.building_height", fix=fix))
    for name in ("plume_rise", "meander"):
        if not isinstance(getattr(settings, name), bool | np.bool_):
            what = f"{name} is {getattr(settings, name)!r}"
            problems.append(Problem(what, where=f"{where}.{name}", fix="give True or False"))
    if not problems and settings.rain_rate > 0.0 and not settings.scavenging_coefficient > 0.0:
        fix = "give scavenging_coefficient too: the share washed out in a second by a rain of 1 mm/h"
        problems.append(Problem("rain without a scavenging coefficient", where=f"{where}.rain_rate", fix=fix))
    if problems:
        raise ModelError.of(problems, where=where)
    if settings.sigmas is not None:
        averaging_factor(sigma_set(settings.sigmas), settings.averaging_time)


def chosen_sigmas(settings: Passive, series: WeatherSeries) -> str:
    """Name of the curves: those asked for, or the default of the weather; of its lowest rung where that changes."""
    if settings.sigmas is not None:
        return settings.sigmas
    names = {default_sigmas(state) for state in series.states}
    return names.pop() if len(names) == 1 else "briggs_rural"


def transport_height(settings_height: float | None, height: float) -> float:
    """Height whose wind carries a cloud that begins at `height`. [m]"""
    return max(height, _LOWEST_TRANSPORT) if settings_height is None else float(settings_height)


def blowing(weather: Weather, height: float, terrain: Terrain = "rural") -> Weather:
    """Return the weather with a wind of at least the growth limit at `height` [m]."""
    lowest = LOWEST_SPEED / wind_ratio(weather, height, terrain)
    return weather if weather.wind_speed >= lowest else replace(weather, wind_speed=lowest)


def removal_rate(settings: Passive) -> float:
    """Rate at which decay and rain take gas out of the air. [s⁻¹]"""
    decay = 0.0 if settings.half_life is None else math.log(2.0) / settings.half_life
    return decay + settings.scavenging_coefficient * settings.rain_rate / _MILLIMETRE_AN_HOUR


def told(releases: Sequence[Release], series: WeatherSeries, settings: Passive) -> tuple[str, ...]:
    """Sentences about what the settings and the weather did to these releases."""
    found: list[str] = []
    curves = sigma_set(chosen_sigmas(settings, series))
    for release in releases:
        name = release.label or release.substance.name
        height = transport_height(settings.transport_height, release.z)
        air = blowing(series.at(release.start), height)
        speed = air.wind_speed * wind_ratio(air, height)
        growth = curves.growth(air, source_height=release.z, averaging_time=settings.averaging_time)
        found.extend(growth.warnings)
        rise = stack_rise(release, air, speed) if settings.plume_rise else None
        if rise is not None:
            lid = math.inf if air.mixing_height is None else air.mixing_height
            gained = min(rise.final, max(lid - release.z, 0.0))
            found.append(f"the stream of {name} leaves upward and rises by {gained:.3g} m (Briggs)")
        elif settings.plume_rise and goes_up(release):
            found.append(
                f"the stream of {name} leaves upward and is denser than the air: no rise is taken; "
                'model("jet") follows such a stream'
            )
        if settings.building is not None:
            tall = settings.building[0]
            caught = in_wake(height_at_wall(release.z, rise, tall), settings.building)
            state = "is drawn into" if caught else "passes above"
            found.append(f"{name} {state} the wake of a building {tall:g} m high (Huber and Snyder)")
    found.extend(_of_the_wind(releases, series, settings))
    return tuple(dict.fromkeys(found))


def _of_the_wind(releases: Sequence[Release], series: WeatherSeries, settings: Passive) -> list[str]:
    found = []
    height = min(transport_height(settings.transport_height, release.z) for release in releases)
    if _least_wind(series, height) < LOWEST_SPEED:
        found.append(
            f"the wind falls below {LOWEST_SPEED:g} m s⁻¹: gas then moves with the wind but grows as in "
            f"{LOWEST_SPEED:g} m s⁻¹, so its spread is a guess"
        )
    if settings.meander:
        found.append("the crosswind sigma is widened for the swaying of a light wind within an hour (NRC 1.145)")
    last = max(release.start + release.duration for release in releases)
    if len(series.times) > 1 and last > series.times[-1]:
        found.append(
            f"the weather record ends at {series.times[-1]:g} s, before the release at {last:g} s: its last state is "
            "held from there on"
        )
    return found


def _least_wind(series: WeatherSeries, height: float) -> float:
    """Least speed at a height of the vector that is linear between the records; it passes near 0 where it reverses."""
    ratio = np.array([wind_ratio(state, height) for state in series.states])
    u, v = series.wind_u * ratio, series.wind_v * ratio
    if u.size == 1:
        return float(np.hypot(u[0], v[0]))
    du, dv = np.diff(u), np.diff(v)
    along = np.clip(-(u[:-1] * du + v[:-1] * dv) / np.maximum(du**2 + dv**2, 1e-12), 0.0, 1.0)
    return float(np.minimum(np.hypot(u[:-1] + along * du, v[:-1] + along * dv).min(), np.hypot(u[-1], v[-1])))


def swaying_factor(weather: Weather, stability: str) -> float:
    """Factor on the crosswind sigma of the weather's wind at 10 m."""
    return meander_factor(stability, weather.wind_speed * wind_ratio(weather, 10.0))
