"""Steady Gaussian plume in constant weather: the closed formula, cut where the front and the tail have travelled to.

References
----------
Hanna, S. R., Briggs, G. A. and Hosker, R. P. (1982), Handbook on atmospheric diffusion, DOE/TIC-11223, chapter 4.
Turner, D. B. (1970), Workbook of atmospheric dispersion estimates, US EPA AP-26.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from dispersion._kernels import puffs
from dispersion.air import sigma_set, wind_ratio
from dispersion.cloud import Cloud, accept_releases, dense_warning
from dispersion.passive import (
    LOWEST_SPEED,
    Passive,
    check_settings,
    chosen_sigmas,
    removal_rate,
    told,
    transport_height,
)
from dispersion.spreads import Spread, spread_of
from dispersion.starts import Start, start_of
from dispersion.tracks import check_lid, undiluted_area
from twin.errors import ModelError
from twin.weather import Weather, WeatherSeries

if TYPE_CHECKING:
    from dispersion.cloud import Solution
    from dispersion.field import Bounds
    from plant_models.releases import Release

__all__ = ["GaussianPlume"]

_FRAMES = 300  # most times at which a default footprint looks
_run: Any = puffs  # compiled functions carry no signature
_Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class GaussianPlume(Passive):
    """Gaussian plume of a steady release; its settings are those of :class:`dispersion.passive.Passive`.

    Range: 0.1 to 10 km (that of the sigma curves), a constant rate, constant weather with a wind of 0.5 m/s and more at
    the transport height; open, flat ground but for the wake of one building. Sources: point, opening, pool, elevated,
    several at once.

    Raises
    ------
    ModelError
        A setting is outside its range; all such settings are named at once.

    Notes
    -----
    The formula is steady. At a place `x` downwind it applies from ``start`` until ``end`` plus the travel time to
    there: front and tail are carried by the wind and are sharp, for along-wind spread is not modelled (gaussian_puff
    does). There is no gas upwind. Near the source the plume is no thinner than one whose axis is the released material
    without any air.
    """

    name: ClassVar[str] = "gaussian_plume"

    def __post_init__(self) -> None:
        check_settings(self, self.name)
        if self.sigmas is not None and sigma_set(self.sigmas).averaging_time is None:
            raise ModelError(
                f"the curves {self.sigmas!r} describe a single puff",
                where="gaussian_plume.sigmas",
                fix="take briggs_rural, briggs_urban or isc3_rural",
            )

    def disperse(self, release: Release | Sequence[Release], weather: Weather | WeatherSeries) -> Cloud:
        """Carry the released gas with the wind.

        Parameters
        ----------
        release
            One steady release, or several of one substance whose concentrations add.
        weather
            Weather that does not change.

        Raises
        ------
        ModelError
            The release is not steady or lets nothing out, the weather changes, the wind at the transport height is
            below 0.5 m s⁻¹, or a source stands above the mixing lid.
        """
        releases = accept_releases(release, self.name)
        series = WeatherSeries.of(weather)
        parts = [(r, start_of(r, self.smallest_sigma)) for r in releases]
        solution = self.solution(parts, series)
        curves = sigma_set(chosen_sigmas(self, series))
        return Cloud(
            model=self.name,
            releases=releases,
            weather=series,
            settings=asdict(self) | {"sigmas": curves.name},
            averaging_time=self.averaging_time,
            valid_range={
                "distance": (*curves.distances, "m"),
                "wind speed": (LOWEST_SPEED, math.inf, "m s⁻¹"),
            },
            warnings=(*dense_warning(releases, series, self.name), *told(releases, series, self)),
            solution=solution,
        )

    def solution(self, parts: Sequence[tuple[Release, Start]], weather: Weather | WeatherSeries) -> Solution:
        """Computing part of a cloud whose releases begin where, when and as large as a model of the near field says.

        Parameters
        ----------
        parts
            Steady releases, whose emission times are those at the opening, and the beginning of their plumes.
        weather
            Weather that does not change.

        Raises
        ------
        ModelError
            As :meth:`disperse`.
        """
        series = WeatherSeries.of(weather)
        state = series.states[0]
        if any(other != state for other in series.states):
            raise ModelError(
                "the weather changes",
                where=self.name,
                fix='a plume needs constant weather: take model("gaussian_puff")',
            )
        return _PlumeSolution(plumes=tuple(_plume(release, start, series, self) for release, start in parts))


def _plume(release: Release, start: Start, series: WeatherSeries, settings: GaussianPlume) -> _Plume:
    weather, sigmas = series.states[0], chosen_sigmas(settings, series)
    rates = np.asarray(release.mass_rates, float)
    if release.total_mass == 0.0:  # cut before it began
        rates = np.zeros(1)
    label = f"gaussian_plume: {release.label or 'release'}"
    if release.instantaneous_mass > 0.0 or (rates != rates[0]).any():
        raise ModelError(
            "the release is not steady", where=label, fix='a plume needs one constant rate: take model("gaussian_puff")'
        )
    height = transport_height(settings.transport_height, start.z)
    curves = sigma_set(sigmas)
    speed = weather.wind_speed * wind_ratio(weather, height, curves.terrain)
    if speed < LOWEST_SPEED:
        raise ModelError(
            f"the wind at {height:g} m is {speed:.2g} m s⁻¹",
            where=label,
            fix=f"a plume holds from {LOWEST_SPEED:g} m s⁻¹ up; in a light changing wind take model("
            '"gaussian_puff") with a wind record',
        )
    check_lid(start.z, series, label)
    toward = np.array([weather.wind_u, weather.wind_v]) / weather.wind_speed
    return _Plume(
        x=start.x,
        y=start.y,
        z=start.z,
        rate=float(rates[0]),
        start=float(release.edges[0]) + start.delay,
        end=float(release.edges[-1]) + start.delay,
        toward=(float(toward[0]), float(toward[1])),
        sigma_y=start.sigma_y,
        sigma_z=start.sigma_z,
        undiluted=math.sqrt(undiluted_area(release, series) * float(rates[0]) / speed),
        lost_in_time=removal_rate(settings),
        farthest=curves.distances[1],
        spread=spread_of(release, start, weather, settings, sigmas),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plume:
    x: float
    y: float
    z: float
    rate: float
    start: float
    end: float
    toward: tuple[float, float]
    sigma_y: float
    sigma_z: float
    undiluted: float
    lost_in_time: float
    farthest: float
    spread: Spread

    def sigmas(self, downwind: _Array) -> tuple[_Array, _Array]:
        """Crosswind and vertical sigma, not below the size at the source and that of undiluted gas."""
        sy, sz, _, _, _, rise = self.spread.at(downwind)
        sizes = (np.sqrt(s**2 + s0**2 + (rise / 3.5) ** 2) for s, s0 in ((sy, self.sigma_y), (sz, self.sigma_z)))
        sy, sz = (np.maximum(size, self.undiluted) for size in sizes)
        return sy, sz

    def travel(self, downwind: _Array) -> _Array:
        """Time the gas takes to a distance; 0 upwind. [s]"""
        reached: _Array = np.maximum(downwind, 0.0) / self.spread.at(downwind)[3]
        return reached

    def along(self, x: _Array, y: _Array) -> tuple[_Array, _Array]:
        """Downwind and crosswind distance from the source."""
        dx, dy = x - self.x, y - self.y
        return dx * self.toward[0] + dy * self.toward[1], dy * self.toward[0] - dx * self.toward[1]

    def steady(self, downwind: _Array, crosswind: _Array, z: _Array) -> _Array:
        """Concentration of the plume that has always been there; 0 upwind."""
        s, n, height = np.broadcast_arrays(downwind, crosswind, z)
        out = np.zeros(s.shape)
        inside = s >= 0.0
        way = s[inside]
        sy, sz = self.sigmas(way)
        _, _, speed, mean_speed, lost, rise = self.spread.at(way)
        bell = np.exp(-0.5 * (n[inside] / sy) ** 2) / (math.sqrt(2.0 * math.pi) * sy)
        high = np.empty_like(sz)
        _run.vertical_many(np.ascontiguousarray(height[inside]), self.z + rise, sz, self.spread.lid, high)
        left = np.exp(-lost - self.lost_in_time * way / mean_speed)
        out[inside] = self.rate / speed * left * bell * high
        return out

    def airborne(self, t: float) -> float:
        """Mass in the air at time t: the rate times the share left, over the ages the gas has. [kg]"""
        youngest, oldest = max(t - self.end, 0.0), max(t - self.start, 0.0)
        if oldest <= youngest:
            return 0.0
        if self.lost_in_time == 0.0 and not self.spread.lost.any():
            return self.rate * (oldest - youngest)
        ages = np.concatenate([[0.0], self.spread.distance / self.spread.mean_speed])
        within = np.unique(np.concatenate([ages[(ages > youngest) & (ages < oldest)], [youngest, oldest]]))
        left = np.exp(-np.interp(within, ages, np.concatenate([[0.0], self.spread.lost])) - self.lost_in_time * within)
        return float(self.rate * np.trapezoid(left, within))

    def there(self, downwind: _Array, t: _Array) -> NDArray[np.bool_]:
        """Whether the plume has come and not yet gone."""
        travelled = self.travel(downwind)
        return (t >= self.start + travelled) & (t < self.end + travelled)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _PlumeSolution:
    plumes: tuple[_Plume, ...]

    def concentration(self, x: _Array, y: _Array, z: _Array, t: _Array) -> _Array:
        total = np.zeros(np.broadcast_shapes(x.shape, y.shape, z.shape, t.shape))
        for plume in self.plumes:
            s, n = plume.along(x, y)
            total += np.where(plume.there(s, t), plume.steady(s, n, z), 0.0)
        return total

    def add_frames(self, grid: _Array, heights: _Array, times: _Array, out: _Array) -> None:
        x = grid[0] + grid[2] * np.arange(out.shape[3])
        y = grid[1] + grid[3] * np.arange(out.shape[2])
        for plume in self.plumes:
            s, n = plume.along(x[None, :], y[:, None])
            steady = plume.steady(s[None], n[None], heights[:, None, None])
            for k, t in enumerate(times):
                out[k] += np.where(plume.there(s, t), steady, 0.0)

    def released(self, t: float) -> float:
        return float(sum(plume.airborne(t) for plume in self.plumes))

    def swept(self, level: float | None, height: float, times: _Array | None) -> tuple[_Array, Bounds | None]:
        moments: list[_Array] = []
        boxes: list[_Array] = []
        for plume in self.plumes:
            s = np.concatenate([[0.0], np.geomspace(0.1, plume.farthest, 2000)])
            sy, _ = plume.sigmas(s)
            if level is None:
                wide = np.full(s.size, 3.0)
            else:
                axis = plume.steady(s, np.zeros(1), np.array(height))
                wide = np.sqrt(2.0 * np.log(np.maximum(axis / level, 1.0)))
            over = np.flatnonzero(wide > 0.0)
            last = float(s[over[-1]]) if over.size else 0.0
            moments.append(plume_times(plume.start, plume.end, float(plume.travel(np.array(last)))))
            if over.size:
                half = wide[over] * sy[over]
                u, v = plume.toward
                boxes.extend(
                    np.array([plume.x + s[over] * u - side * half * v, plume.y + s[over] * v + side * half * u])
                    for side in (-1.0, 1.0)
                )
        chosen = np.unique(np.concatenate(moments)) if times is None else times
        if not boxes:
            return chosen, None
        every = np.concatenate(boxes, axis=1)
        low, high = every.min(axis=1), every.max(axis=1)
        return chosen, (float(low[0]), float(low[1]), float(high[0]), float(high[1]))


def plume_times(start: float, end: float, travel: float) -> _Array:
    """Times from the first emission until the tail has gone, `travel` seconds after the last. [s]

    They are close enough for the moving band between front and tail to leave no gap between two of them.
    """
    whole = end - start
    if whole <= 0.0:
        return np.array([start])
    step = min(0.999 * whole, max(10.0, (whole + travel) / _FRAMES))
    count = math.ceil((whole + travel) / step) + 1
    return np.asarray(start + step * np.arange(count), np.float64)
