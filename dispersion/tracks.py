"""One release on its way through the weather: the arrays from which the kernels place puffs."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dispersion._kernels import puffs
from dispersion.air import SigmaSet, sigma_set, wind_ratio
from dispersion.passive import LOWEST_SPEED, Passive, removal_rate, transport_height
from dispersion.spreads import reference_speed, spread_of
from dispersion.starts import Start
from twin.errors import ModelError
from twin.weather import WeatherSeries

if TYPE_CHECKING:
    from plant_models.releases import Release

__all__ = ["Track", "build_track", "check_lid", "lids_of", "undiluted_area"]

_run: Any = puffs  # compiled functions carry no signature
_Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """One release in one weather: the arrays described in :mod:`dispersion._kernels.puffs`."""

    wind: _Array
    changes: _Array
    tables: _Array
    axis: _Array
    panels: _Array
    grown: _Array
    emission: _Array
    runs: _Array
    source: _Array

    @property
    def arrays(self) -> tuple[_Array, ...]:
        """All arrays in the order in which the kernels take them."""
        return (
            self.wind, self.changes, self.tables, self.axis, self.panels, self.grown, self.emission, self.runs,
            self.source,
        )  # fmt: skip

    @property
    def first_emission(self) -> float:
        """Start of the release. [s]"""
        return float(self.source[6] if self.source[5] > 0.0 or not len(self.runs) else self.runs[0, 0])

    @property
    def last_emission(self) -> float:
        """End of the release. [s]"""
        return float(self.runs[-1, 1] if len(self.runs) else self.source[6])

    def room(self) -> _Array:
        """Space for the puffs of one time: runs never overlap, so they share the panels but for one a run."""
        return np.empty((2 * (self.panels.size + len(self.runs) + 1) + 1, 6))

    def nodes(self, t: float) -> _Array:
        """Puffs at time t: x, y, z, crosswind sigma, vertical sigma, mass; shape (n, 6)."""
        room = self.room()
        return room[: _run.place_nodes(t, *self.arrays, room)]

    def length_at(self, t: float) -> float:
        """Travelled length at time t, from the first wind record. [m]"""
        return float(_run.travel(self.wind, t)[2])


def build_track(
    release: Release, start: Start, series: WeatherSeries, settings: Passive, *, sigmas: str, node_spacing: float
) -> Track:
    """Prepare one release for the kernels.

    Parameters
    ----------
    release
        What is emitted.
    start
        Where, when and how large its cloud begins.
    series
        Weather it is emitted into.
    settings
        Of the model.
    sigmas
        Name of the sigma curves.
    node_spacing
        Distance between puffs in standard deviations.

    Raises
    ------
    ModelError
        No wind at all, or a source above the mixing lid.
    """
    check_lid(start.z, series, release.label or "release")
    curves = sigma_set(sigmas)
    wind = _wind_table(series, transport_height(settings.transport_height, start.z), curves)
    tables, held = _tables(release, start, series, settings, sigmas)
    first, last = math.log(tables.way[0]), math.log(tables.way[-1])
    axis = np.array([first, (last - first) / (tables.way.size - 1)])
    edges, rates = np.asarray(release.edges, float) + start.delay, np.asarray(release.mass_rates, float)
    given = np.cumsum(rates * np.diff(edges)) if rates.size else np.zeros(0)
    emission = np.array([edges, np.append(rates, 0.0), np.concatenate([[0.0], given])]) if rates.size else _NOTHING
    area = undiluted_area(release, series)
    largest = math.sqrt(area * float(rates.max(initial=0.0)) / float(wind[3].min()))
    source = np.array(
        [
            *(start.x, start.y, start.z, start.sigma_y, start.sigma_z, release.instantaneous_mass, edges[0]),
            *(_undiluted_sigma(release, series), area, removal_rate(settings), largest),
        ],
        float,
    )
    panels = _panels(tables, start.sigma_y, 2.0 * node_spacing)
    grown = np.empty((len(tables.rows), 2 * (panels.size - 1), 5))
    _run.fill_grown(tables.rows, axis, panels, source, grown)
    return Track(
        wind=wind, changes=_changes(series, held, wind), tables=tables.rows, axis=axis, panels=panels, grown=grown,
        emission=np.ascontiguousarray(emission), runs=_runs(edges, rates), source=source,
    )  # fmt: skip


def check_lid(height: float, series: WeatherSeries, where: str) -> None:
    """Refuse a source above the mixing lid.

    Raises
    ------
    ModelError
        It is.
    """
    lowest = float(lids_of(series).min())
    if height > lowest:
        raise ModelError(
            f"the source at {height:g} m stands above the mixing lid at {lowest:g} m",
            where=where,
            fix="the Gaussian models have no layer above the lid: correct the height or the lid",
        )


_NOTHING = np.zeros((3, 1))


def _undiluted_sigma(release: Release, series: WeatherSeries) -> float:
    """Size at which a puff on the ground is, in its middle, just the released material without any air. [m]

    The middle of such a puff holds ``2 m / ((2 pi)**1.5 sigma**3)``; a smaller one would be denser than what came out.
    """
    if release.instantaneous_mass <= 0.0:
        return 0.0
    return float(math.cbrt(2.0 * release.instantaneous_mass / release.density(series)) / math.sqrt(2.0 * math.pi))


def undiluted_area(release: Release, series: WeatherSeries) -> float:
    """Square of the smallest sigma of a plume, for a rate over speed of 1 kg m⁻¹. [m² / (kg m⁻¹)]

    The axis of a plume on the ground holds ``rate / (pi speed sigma**2)``; a thinner one would be denser than what
    came out.
    """
    return 1.0 / (math.pi * release.density(series)) if release.mass_rates.size else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tables:
    """Tables of the distinct states of the air, on the same travelled lengths `way`."""

    rows: _Array
    way: _Array


def _tables(
    release: Release, start: Start, series: WeatherSeries, settings: Passive, sigmas: str
) -> tuple[_Tables, list[int]]:
    """Tables of the states that differ, and for each record the number of its table.

    States that differ by nothing that bears on growth, such as the direction of the wind, share one: class curves do
    not know the speed, for example, so a record of one class needs a single table unless gas settles or rises.
    """
    terrain, height = sigma_set(sigmas).terrain, transport_height(settings.transport_height, start.z)
    tables: list[_Array] = []
    alike: dict[bytes, int] = {}
    known: dict[object, int] = {}
    held = []
    for state in series.states:
        still = replace(state, wind_from=0.0)
        if still not in known:
            spread = spread_of(release, start, still, settings, sigmas)
            table = spread.table(reference_speed(still, height, terrain))
            known[still] = alike.setdefault(np.round(table, 9).tobytes(), len(tables))
            if known[still] == len(tables):
                tables.append(table)
        held.append(known[still])
    return _Tables(rows=np.ascontiguousarray(tables), way=spread.distance), held


def _wind_table(series: WeatherSeries, height: float, curves: SigmaSet) -> _Array:
    """Wind at the transport height with its integrals; refined so that the speed too is close to linear."""
    ratio = np.array([wind_ratio(state, height, curves.terrain) for state in series.states])
    u, v, times = series.wind_u * ratio, series.wind_v * ratio, np.array(series.times)
    if not np.hypot(u, v).any():
        raise ModelError(
            "there is no wind at all",
            where="gaussian_puff",
            fix="nothing says where the gas goes: give the least wind you believe in (an anemometer that reads 0 "
            f"stands still below about {LOWEST_SPEED:g} m s⁻¹), or take a model of gravity spreading",
        )
    fine = [times[:1]]
    for k in range(times.size - 1):
        steady = u[k] == u[k + 1] and v[k] == v[k + 1]
        parts = 1 if steady else min(max(math.ceil((times[k + 1] - times[k]) / 5.0), 1), 64)
        fine.append(np.linspace(times[k], times[k + 1], parts + 1)[1:])
    t = np.concatenate(fine)
    fine_u, fine_v = np.interp(t, times, u), np.interp(t, times, v)
    speed = np.maximum(np.hypot(fine_u, fine_v), LOWEST_SPEED)
    step = np.diff(t)
    paths = [np.concatenate([[0.0], np.cumsum(0.5 * step * (a[1:] + a[:-1]))]) for a in (fine_u, fine_v, speed)]
    return np.ascontiguousarray([t, fine_u, fine_v, speed, *paths])


def _changes(series: WeatherSeries, held: list[int], wind: _Array) -> _Array:
    rows = [(-math.inf, -math.inf, float(held[0]))]
    for t, before, after in zip(series.times[1:], held[:-1], held[1:], strict=True):
        if after != before:
            rows.append((t, _run.travel(wind, t)[2], float(after)))
    return np.ascontiguousarray(np.array(rows).T)


def _panels(tables: _Tables, smallest: float, width: float) -> _Array:
    """Travelled lengths between which no cloud of any state moves more than `width` standard deviations."""
    length = np.concatenate([[0.0], tables.way])
    dense = np.zeros(length.size)
    for rows in tables.rows:
        distance = np.concatenate([[0.0], rows[2] * tables.way])
        sigma = np.concatenate([[smallest], np.hypot(np.exp(rows[0]), smallest)])
        dense = np.maximum(dense, np.gradient(distance, length) / sigma)
    count = np.concatenate([[0.0], np.cumsum(np.diff(length) * 0.5 * (dense[1:] + dense[:-1]))]) / width
    edges: _Array = np.interp(np.arange(int(count[-1]) + 1), count, length)
    return edges


def _runs(edges: _Array, rates: _Array) -> _Array:
    """Intervals of emission without a pause or a jump of more than a tenth, over which one quadrature runs.

    A run ends at its own last edge, so runs that have begun do not change when a later part of the release is cut off.
    """
    runs: list[list[float]] = []
    for k, rate in enumerate(rates):
        if rate <= 0.0:
            continue
        joined = k > 0 and rates[k - 1] > 0.0 and abs(rate - rates[k - 1]) <= 0.1 * max(rate, rates[k - 1])
        if joined and runs:
            runs[-1][1] = float(edges[k + 1])
        else:
            runs.append([float(edges[k]), float(edges[k + 1])])
    return np.array(runs, float).reshape(-1, 2)


def lids_of(series: WeatherSeries) -> _Array:
    """Height of the mixing lid in each state, inf without one. [m]"""
    return np.array([math.inf if s.mixing_height is None else s.mixing_height for s in series.states])
