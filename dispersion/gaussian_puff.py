"""Gaussian puffs that follow the wind of the moment: any release history, any wind record.

The concentration is an integral over emission time; a puff emitted at ``te`` stands at ``t`` where the wind between
the two has carried it, ``source + integral of the wind from te to t``, and has the size its travelled path has given
it. The integral is summed with a few puffs per standard deviation of the cloud
(:func:`dispersion._kernels.puffs.place_nodes`), so that neither beads appear far away nor are puffs wasted near the
source. The masses of the puffs add up to the mass released, and no puff knows anything of what is emitted later:
cutting a release leaves the cloud before the cut as it was, bit for bit.

References
----------
EPA (1986), INPUFF 2.0 user's guide, EPA/600/8-86/024 (Petersen and Lavdas): Gaussian puffs in a changing wind.
EPA (1995), ISC3 user's guide, volume II, EPA-454/B-95-003b: initial sigma of a volume source, width / 4.3.
Hanna, S. R., Briggs, G. A. and Hosker, R. P. (1982), Handbook on atmospheric diffusion, DOE/TIC-11223.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from dispersion._kernels import puffs
from dispersion.air import SigmaSet, sigma_set
from dispersion.cloud import Cloud, accept_releases, dense_warning
from dispersion.passive import LOWEST_SPEED, Passive, check_settings, chosen_sigmas, told
from dispersion.starts import Start, start_of
from dispersion.tracks import Track, build_track, lids_of
from twin.errors import ModelError
from twin.weather import Weather, WeatherSeries

if TYPE_CHECKING:
    from dispersion.cloud import Solution
    from dispersion.field import Bounds
    from plant_models.releases import Release

__all__ = ["GaussianPuff"]

_run: Any = puffs  # compiled functions carry no signature
_Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class GaussianPuff(Passive):
    """Gaussian puff model with emission-time quadrature.

    Range: 0.1 to 10 km (that of the sigma curves), any rate history, wind of 0.5 m/s and more at the transport height;
    open, flat ground but for the wake of one building. Sources: point, opening, pool, elevated, several at once, let
    go at once. The settings not named here are those of :class:`dispersion.passive.Passive`.

    Parameters
    ----------
    node_spacing
        Distance between puffs in standard deviations. 0.5 keeps the error below 1e-3 of the peak beyond 20 m; more than
        1 leaves beads.
    reach
        Distance, in standard deviations along each axis, beyond which a puff is not counted.
    threads
        Threads over which the times are spread; the answer has the same bits for any number.

    Raises
    ------
    ModelError
        A setting is outside its range; all such settings are named at once.

    Notes
    -----
    The downwind sigma equals the crosswind sigma. The profile factor from measuring to transport height is applied to
    each wind record and the wind vector is linear in time between. Where the state of the air changes, its curves are
    entered at the size reached, for both sigmas. The mixing lid in force at `t` reflects as the ground does, and a
    cloud deeper than the layer is well mixed. The plume curves describe diffusion about a mean axis over the averaging
    time; for a single short puff they are too wide, which "ccps_puff" answers.

    Similarity curves carry a deepening cloud faster: the gas has come ``s`` along its way while the wind at the
    transport height has run ``L``, with ds/dL the speed at distance s over that wind. A puff stands at the integral of
    the wind vector times s/L. In a wind of steady direction this is exact, whatever its speed; where the wind turns,
    the young and the old part of the way are stretched alike, although the older was a little slower.

    In a calm the gas moves with the wind there is and grows as in 0.5 m/s, so that a puff over the source in still air
    widens with time, and the warnings say so; a record that is 0 throughout is refused.

    Nowhere is there more gas than came out: a mass let go at once starts as a puff whose middle holds the released
    material without any air, and no smaller (19 t of ammonia gas are 15 m wide at the start, one sigma), and a rate
    starts as such a plume. Air drawn in by a burst or a jet would make them larger yet.
    """

    node_spacing: float = 0.5
    reach: float = 5.0
    threads: int = 1

    name: ClassVar[str] = "gaussian_puff"

    def __post_init__(self) -> None:
        check_settings(self, self.name)

    def disperse(self, release: Release | Sequence[Release], weather: Weather | WeatherSeries) -> Cloud:
        """Carry the released gas with the wind.

        Parameters
        ----------
        release
            One release, or several of one substance whose concentrations add.
        weather
            Constant or changing weather.

        Raises
        ------
        ModelError
            No wind at all, a source above the mixing lid, a release of nothing, or releases of different substances.
        """
        releases = accept_releases(release, self.name)
        series = WeatherSeries.of(weather)
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
            warnings=(
                *dense_warning(releases, series, self.name),
                *_burst_warning(releases, curves),
                *told(releases, series, self),
            ),
            solution=self.solution([(r, start_of(r, self.smallest_sigma)) for r in releases], series),
        )

    def solution(self, parts: Sequence[tuple[Release, Start]], weather: Weather | WeatherSeries) -> Solution:
        """Computing part of a cloud whose releases begin where, when and as large as a model of the near field says.

        Parameters
        ----------
        parts
            Releases, whose emission times are those at the opening, and the beginning of their passive clouds.
        weather
            Constant or changing weather.

        Raises
        ------
        ModelError
            No wind at all, or a source above the mixing lid.
        """
        series = WeatherSeries.of(weather)
        sigmas = chosen_sigmas(self, series)
        return _PuffSolution(
            tracks=tuple(
                build_track(release, start, series, self, sigmas=sigmas, node_spacing=float(self.node_spacing))
                for release, start in parts
            ),
            lids=lids_of(series),
            lid_times=np.array(series.times),
            reach=float(self.reach),
            farthest=sigma_set(sigmas).distances[1],
            threads=self.threads,
        )


def _burst_warning(releases: Sequence[Release], curves: SigmaSet) -> tuple[str, ...]:
    """One sentence when the curves of a lasting plume are put to a single puff."""
    if curves.averaging_time is None or not any(r.instantaneous_mass > 0.0 for r in releases):
        return ()
    return (
        f"the curves {curves.name!r} hold the swaying of a plume over {curves.averaging_time:g} s: the middle of a "
        "single puff, which passes sooner, can be richer than shown",
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _PuffSolution:
    tracks: tuple[Track, ...]
    lids: _Array
    lid_times: _Array
    reach: float
    farthest: float
    threads: int

    def concentration(self, x: _Array, y: _Array, z: _Array, t: _Array) -> _Array:
        shape = np.broadcast_shapes(x.shape, y.shape, z.shape, t.shape)
        moments, which = np.unique(t, return_inverse=True)
        which = np.broadcast_to(which.reshape(t.shape), shape).ravel()
        order = None if moments.size < 2 or (np.diff(which) >= 0).all() else np.argsort(which, kind="stable")
        counts = np.bincount(which, minlength=moments.size)
        offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        flat = [np.broadcast_to(a, shape).ravel() for a in (x, y, z)]
        if order is not None:
            flat = [a[order] for a in flat]
        points = [np.ascontiguousarray(a) for a in flat]
        found = np.zeros(which.size)
        self._share(
            moments.size,
            lambda part: self._points(moments[part], offsets[part.start : part.stop + 1], points, found),
        )
        if order is None:
            return found.reshape(shape)
        answer = np.empty_like(found)
        answer[order] = found
        return answer.reshape(shape)

    def add_frames(self, grid: _Array, heights: _Array, times: _Array, out: _Array) -> None:
        self._share(times.size, lambda part: self._frames(grid, heights, times[part], out[part]))

    def released(self, t: float) -> float:
        return float(sum(track.nodes(t)[:, 5].sum() for track in self.tracks))

    def swept(self, level: float | None, height: float, times: _Array | None) -> tuple[_Array, Bounds | None]:
        moments = self._moments() if times is None else times
        clouds = [np.concatenate([track.nodes(t) for track in self.tracks]) for t in moments]
        counts = np.array([len(cloud) for cloud in clouds])
        nodes, when = np.concatenate(clouds), np.repeat(moments, counts)
        if not len(nodes):
            return moments, None
        x, y, sigma = nodes[:, 0], nodes[:, 1], nodes[:, 3]
        if level is None:
            wide = np.full(len(nodes), 3.0)
        else:
            ridge = self.concentration(x, y, np.array(height), when)
            if times is None:
                moments = self._until_thin(moments, counts, self.concentration(x, y, nodes[:, 2], when), level)
            over = (ridge >= level) & (when <= moments[-1])
            if not over.any():
                return moments, None
            x, y, sigma = x[over], y[over], sigma[over]
            wide = np.sqrt(2.0 * np.log(ridge[over] / level))
        reach = wide * sigma
        return moments, (
            float((x - reach).min()), float((y - reach).min()), float((x + reach).max()), float((y + reach).max()),
        )  # fmt: skip

    def _until_thin(self, moments: _Array, counts: _Array, centre: _Array, level: float) -> _Array:
        """Drop the moments after which the cloud is below the level even on its own axis.

        With full reflection the ground is at most 1.14 times as rich as the axis, hence the margin of 1.2.
        """
        ends = np.cumsum(counts)
        thick = [bool((1.2 * centre[e - n : e] >= level).any()) for e, n in zip(ends, counts, strict=True)]
        emitting = moments <= max(track.last_emission for track in self.tracks)
        kept = np.flatnonzero(np.array(thick) | emitting)
        return moments[: min(int(kept[-1]) + 2, moments.size)] if kept.size else moments[:1]

    def _moments(self) -> _Array:
        """Times between which no part of the cloud moves much more than its own size.

        Behind the first and the last emission of each release the steps are half a panel of the quadrature (half a
        standard deviation with the usual spacing), an eighth after a release of less than a minute, whose cloud is not
        much longer than it is wide; while emission goes on there is one every 10 s at least, but not more than 120. The
        last is when the youngest gas has travelled the supported distance of the curves.
        """
        found = []
        for track in self.tracks:
            emitting = track.last_emission - track.first_emission
            part = 8 if emitting < 60.0 else 2
            for t in (track.first_emission, track.last_emission):
                distances = track.panels[track.panels <= self.farthest]
                count = part * (distances.size - 1) + 1
                distances = np.interp(np.arange(count) / part, np.arange(distances.size), distances)
                base = track.length_at(t)
                found.append(np.array([_run.time_at(track.wind, base + d) for d in distances[1:]]))
            steps = min(math.ceil(emitting / 10.0), 120)
            found.append(np.linspace(track.first_emission, track.last_emission, steps + 1)[1:])
            found.append(np.array([track.first_emission]))
        times = np.unique(np.concatenate(found))
        seconds = np.floor(times)  # at most one a second
        keep: _Array = times[np.concatenate([seconds[1:] > seconds[:-1], [True]])]
        return keep

    def _points(self, times: _Array, offsets: NDArray[np.int64], points: list[_Array], out: _Array) -> None:
        lids = self._lid(times)
        for track in self.tracks:
            _checked(_run.add_points(times, lids, offsets, *points, *track.arrays, self.reach, out, track.room()))

    def _frames(self, grid: _Array, heights: _Array, times: _Array, out: _Array) -> None:
        lids = self._lid(times)
        for track in self.tracks:
            _checked(_run.add_frames(times, lids, *track.arrays, grid, heights, self.reach, out, track.room()))

    def _lid(self, times: _Array) -> _Array:
        return self.lids[np.maximum(np.searchsorted(self.lid_times, times, side="right") - 1, 0)]

    def _share(self, count: int, work: Callable[[slice], None]) -> None:
        """Spread `count` times over the threads; each time is computed by itself, so the bits do not depend on it."""
        parts = min(self.threads, count)
        if parts < 2:
            work(slice(0, count))
            return
        cuts = np.linspace(0, count, 4 * parts + 1).astype(int)
        slices = [slice(int(a), int(b)) for a, b in pairwise(cuts) if b > a]
        with ThreadPoolExecutor(parts) as pool:
            for done in [pool.submit(work, part) for part in slices]:
                done.result()


def _checked(used: int) -> None:
    if used < 0:
        raise ModelError(
            "the table of puffs is too short", where="gaussian_puff", fix="report this release and weather"
        )
