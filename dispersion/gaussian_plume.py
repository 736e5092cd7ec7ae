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
from dispersion.air import SigmaSet, averaging_factor, pasquill_class, sigma_set, wind_ratio
from dispersion.cloud import Cloud, accept_releases, dense_warning
from dispersion.gaussian_puff import check_settings, source_sigma, transport_height
from dispersion.tracks import LOWEST_SPEED, undiluted_area
from twin.errors import ModelError
from twin.weather import Weather, WeatherSeries

if TYPE_CHECKING:
    from dispersion.field import Bounds
    from plant_models.releases import Release

__all__ = ["GaussianPlume"]

_FRAMES = 300  # most times at which a default footprint looks
_run: Any = puffs  # compiled functions carry no signature
_Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class GaussianPlume:
    """Gaussian plume of a steady release.

    Parameters
    ----------
    averaging_time
        Averaging time the concentrations stand for; see :class:`dispersion.GaussianPuff`. [s]
    sigmas
        Name of the sigma curves, see :data:`dispersion.SIGMA_SETS`.
    transport_height
        Height whose wind carries the gas; None: the release height, but not below 2 m. [m]
    smallest_sigma
        Size of the plume at a point source, added in quadrature to the curves. [m]

    Raises
    ------
    ModelError
        A setting is outside its range; all such settings are named at once.

    Notes
    -----
    The formula is steady. At a place `x` downwind it applies from ``start + x/u`` until ``end + x/u``: front and tail
    are carried by the wind and are sharp, for along-wind spread is not modelled (gaussian_puff does). There is no gas
    upwind. Near the source the plume is no thinner than one whose axis is the released material without any air.
    """

    averaging_time: float = 600.0
    sigmas: str = "briggs_rural"
    transport_height: float | None = None
    smallest_sigma: float = 0.1

    name: ClassVar[str] = "gaussian_plume"

    def __post_init__(self) -> None:
        check_settings(self, self.name)
        if averaging_factor(sigma_set(self.sigmas), self.averaging_time) and self.sigmas == "ccps_puff":
            raise ModelError(
                "the curves 'ccps_puff' describe a single puff",
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
            The release is not steady, the weather changes, the wind at the transport height is below 0.5 m s⁻¹, or a
            source stands above the mixing lid.
        """
        releases = accept_releases(release, self.name)
        series = WeatherSeries.of(weather)
        state = series.states[0]
        if any(other != state for other in series.states):
            raise ModelError(
                "the weather changes",
                where=self.name,
                fix='a plume needs constant weather: take model("gaussian_puff")',
            )
        curves = sigma_set(self.sigmas)
        return Cloud(
            model=self.name,
            releases=releases,
            weather=series,
            settings=asdict(self),
            averaging_time=self.averaging_time,
            valid_range={
                "distance": (*curves.distances, "m"),
                "wind speed": (LOWEST_SPEED, math.inf, "m s⁻¹"),
            },
            warnings=dense_warning(releases, series, self.name),
            solution=_PlumeSolution(plumes=tuple(_plume(r, state, self, curves) for r in releases)),
        )


def _plume(release: Release, weather: Weather, settings: GaussianPlume, curves: SigmaSet) -> _Plume:
    rates = np.asarray(release.mass_rates, float)
    if release.total_mass == 0.0:  # cut before it began
        rates = np.zeros(1)
    label = f"gaussian_plume: {release.label or 'release'}"
    if release.instantaneous_mass > 0.0 or (rates != rates[0]).any():
        raise ModelError(
            "the release is not steady", where=label, fix='a plume needs one constant rate: take model("gaussian_puff")'
        )
    height = transport_height(settings.transport_height, release)
    speed = weather.wind_speed * wind_ratio(weather, height, curves.terrain)
    if speed < LOWEST_SPEED:
        raise ModelError(
            f"the wind at {height:g} m is {speed:.2g} m s⁻¹",
            where=label,
            fix=f"a plume holds from {LOWEST_SPEED:g} m s⁻¹ up; in a light changing wind take model("
            '"gaussian_puff") with a wind record',
        )
    lid = math.inf if weather.mixing_height is None else weather.mixing_height
    if release.z > lid:
        raise ModelError(
            f"the source at {release.z:g} m stands above the mixing lid at {lid:g} m",
            where=label,
            fix="the Gaussian models have no layer above the lid: correct the height or the lid",
        )
    toward = np.array([weather.wind_u, weather.wind_v]) / weather.wind_speed
    return _Plume(
        x=release.x,
        y=release.y,
        z=release.z,
        rate=float(rates[0]),
        start=float(release.edges[0]),
        end=float(release.edges[-1]),
        speed=speed,
        toward=(float(toward[0]), float(toward[1])),
        lid=lid,
        smallest=source_sigma(settings.smallest_sigma, release),
        undiluted=math.sqrt(undiluted_area(release, WeatherSeries.of(weather)) * float(rates[0]) / speed),
        wider=averaging_factor(curves, settings.averaging_time),
        stability=pasquill_class(weather),
        curves=curves,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plume:
    x: float
    y: float
    z: float
    rate: float
    start: float
    end: float
    speed: float
    toward: tuple[float, float]
    lid: float
    smallest: float
    undiluted: float
    wider: float
    stability: str
    curves: SigmaSet

    def sigmas(self, downwind: _Array) -> tuple[_Array, _Array]:
        """Crosswind and vertical sigma, not below the size at the source and that of undiluted gas."""
        sy = np.hypot(self.curves.sigma_y(self.stability, downwind) * self.wider, self.smallest)
        sz = np.hypot(self.curves.sigma_z(self.stability, downwind), self.smallest)
        return np.maximum(sy, self.undiluted), np.maximum(sz, self.undiluted)

    def along(self, x: _Array, y: _Array) -> tuple[_Array, _Array]:
        """Downwind and crosswind distance from the source."""
        dx, dy = x - self.x, y - self.y
        return dx * self.toward[0] + dy * self.toward[1], dy * self.toward[0] - dx * self.toward[1]

    def steady(self, downwind: _Array, crosswind: _Array, z: _Array) -> _Array:
        """Concentration of the plume that has always been there; 0 upwind."""
        s, n, height = np.broadcast_arrays(downwind, crosswind, z)
        out = np.zeros(s.shape)
        inside = s >= 0.0
        sy, sz = self.sigmas(s[inside])
        bell = np.exp(-0.5 * (n[inside] / sy) ** 2) / (math.sqrt(2.0 * math.pi) * sy)
        rise = np.empty_like(sz)
        _run.vertical_many(np.ascontiguousarray(height[inside]), self.z, sz, self.lid, rise)
        out[inside] = self.rate / self.speed * bell * rise
        return out

    def there(self, downwind: _Array, t: _Array) -> NDArray[np.bool_]:
        """Whether the plume has come and not yet gone."""
        travelled = downwind / self.speed
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
        return float(sum(p.rate * min(max(t - p.start, 0.0), p.end - p.start) for p in self.plumes))

    def swept(self, level: float | None, height: float, times: _Array | None) -> tuple[_Array, Bounds | None]:
        moments: list[_Array] = []
        boxes: list[_Array] = []
        for plume in self.plumes:
            farthest = plume.curves.distances[1]
            s = np.concatenate([[0.0], np.geomspace(0.1, farthest, 2000)])
            sy, _ = plume.sigmas(s)
            if level is None:
                wide = np.full(s.size, 3.0)
            else:
                axis = plume.steady(s, np.zeros(1), np.array(height))
                wide = np.sqrt(2.0 * np.log(np.maximum(axis / level, 1.0)))
            over = np.flatnonzero(wide > 0.0)
            last = float(s[over[-1]]) if over.size else 0.0
            moments.append(plume_times(plume.start, plume.end, last / plume.speed))
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
    """Times at which the moving band between front and tail leaves no gap up to `travel` seconds downwind. [s]"""
    whole = end - start
    if whole <= 0.0:
        return np.array([start])
    step = min(0.999 * whole, max(10.0, (whole + travel) / _FRAMES))
    count = math.ceil(travel / step) + 1
    return np.asarray(start + step * np.arange(count), np.float64)
