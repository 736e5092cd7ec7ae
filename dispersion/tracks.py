"""One release on its way through the weather: the arrays from which the kernels place puffs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dispersion._kernels import puffs
from dispersion.air import CLASSES, SigmaSet, averaging_factor, pasquill_class, wind_ratio
from twin.errors import ModelError
from twin.weather import WeatherSeries

if TYPE_CHECKING:
    from plant_models.releases import Release

__all__ = ["LOWEST_SPEED", "Track", "build_track", "lids_of", "undiluted_area"]

LOWEST_SPEED = 0.5  # m s⁻¹; below it the curves of Gaussian models have no meaning (EPA 1995 treats < 1 m s⁻¹ as calm)
_FIRST, _LAST, _POINTS = 1e-2, 1e6, 4096  # distances of the sigma tables [m]
_run: Any = puffs  # compiled functions carry no signature
_Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """One release in one weather: the arrays described in :mod:`dispersion._kernels.puffs`."""

    wind: _Array
    changes: _Array
    curves: _Array
    axis: _Array
    panels: _Array
    emission: _Array
    runs: _Array
    source: _Array

    @property
    def arrays(self) -> tuple[_Array, ...]:
        """All arrays in the order in which the kernels take them."""
        return (
            self.wind, self.changes, self.curves, self.axis, self.panels, self.emission, self.runs, self.source,
        )  # fmt: skip

    @property
    def first_emission(self) -> float:
        """Start of the release. [s]"""
        return float(self.source[5] if self.source[4] > 0.0 or not len(self.runs) else self.runs[0, 0])

    @property
    def last_emission(self) -> float:
        """End of the release. [s]"""
        return float(self.runs[-1, 1] if len(self.runs) else self.source[5])

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
    release: Release,
    series: WeatherSeries,
    curves: SigmaSet,
    *,
    height: float,
    smallest: float,
    node_spacing: float,
    averaging_time: float,
) -> Track:
    """Prepare one release for the kernels.

    Parameters
    ----------
    release
        What is emitted.
    series
        Weather it is emitted into.
    curves
        Sigma curves.
    height
        Height whose wind carries the cloud. [m]
    smallest
        Size of the cloud at the source. [m]
    node_spacing
        Distance between puffs in standard deviations.
    averaging_time
        Averaging time of the crosswind curve. [s]

    Raises
    ------
    ModelError
        A calm, or a source above the mixing lid.
    """
    wind = _wind_table(series, height, curves)
    classes = [CLASSES.index(pasquill_class(state)) for state in series.states]
    lowest_lid = float(lids_of(series).min())
    if release.z > lowest_lid:
        raise ModelError(
            f"the source at {release.z:g} m stands above the mixing lid at {lowest_lid:g} m",
            where=release.label or "release",
            fix="the Gaussian models have no layer above the lid: correct the height or the lid",
        )
    axis = np.array([math.log(_FIRST), math.log(_LAST / _FIRST) / (_POINTS - 1)])
    table = _curve_table(curves, np.exp(axis[0] + axis[1] * np.arange(_POINTS)), averaging_time)
    edges, rates = np.asarray(release.edges, float), np.asarray(release.mass_rates, float)
    given = np.cumsum(rates * np.diff(edges)) if rates.size else np.zeros(0)
    emission = np.array([edges, np.append(rates, 0.0), np.concatenate([[0.0], given])]) if rates.size else _NOTHING
    return Track(
        wind=wind,
        changes=_class_changes(series, classes, wind),
        curves=table,
        axis=axis,
        panels=_panels(table[0, max(classes)], axis, smallest, 2.0 * node_spacing),
        emission=np.ascontiguousarray(emission),
        runs=_runs(edges, rates),
        source=np.array(
            [
                *(release.x, release.y, release.z, smallest, release.instantaneous_mass, edges[0]),
                _undiluted_sigma(release, series),
                undiluted_area(release, series),
            ],
            float,
        ),
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


def _wind_table(series: WeatherSeries, height: float, curves: SigmaSet) -> _Array:
    """Wind at the transport height with its integrals; refined so that the speed too is close to linear."""
    ratio = np.array([wind_ratio(state, height, curves.terrain) for state in series.states])
    u, v, times = series.wind_u * ratio, series.wind_v * ratio, np.array(series.times)
    fastest = float(np.hypot(u, v).max())
    if fastest < LOWEST_SPEED:
        raise ModelError(
            f"the wind at {height:g} m never reaches {LOWEST_SPEED:g} m s⁻¹ (largest {fastest:.2g} m s⁻¹)",
            where="gaussian_puff",
            fix=f"Gaussian models hold from {LOWEST_SPEED:g} m s⁻¹ up; a calm needs a model of gravity spreading or a "
            "wind-field model",
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


def _class_changes(series: WeatherSeries, classes: list[int], wind: _Array) -> _Array:
    rows = [(-math.inf, -math.inf, float(classes[0]))]
    for t, before, after in zip(series.times[1:], classes[:-1], classes[1:], strict=True):
        if after != before:
            rows.append((t, _run.travel(wind, t)[2], float(after)))
    return np.ascontiguousarray(np.array(rows).T)


def _curve_table(curves: SigmaSet, distances: _Array, averaging_time: float) -> _Array:
    """Logarithms of both sigmas for the six classes; a published curve that dips at a joint is held level there."""
    wider = averaging_factor(curves, averaging_time)
    table = np.empty((2, len(CLASSES), distances.size))
    for k, name in enumerate(CLASSES):
        table[0, k] = np.log(np.maximum.accumulate(curves.sigma_y(name, distances) * wider))
        table[1, k] = np.log(np.maximum.accumulate(curves.sigma_z(name, distances)))
    return table


def _panels(curve: _Array, axis: _Array, smallest: float, width: float) -> _Array:
    """Travelled distances that stand `width` standard deviations apart, from the narrowest curve in force."""
    distance = np.concatenate([[0.0], np.exp(axis[0] + axis[1] * np.arange(curve.size))])
    sigma = np.concatenate([[smallest], np.hypot(np.exp(curve), smallest)])
    count = np.concatenate([[0.0], np.cumsum(np.diff(distance) * 0.5 * (1.0 / sigma[1:] + 1.0 / sigma[:-1]))]) / width
    edges: _Array = np.interp(np.arange(int(count[-1]) + 1), count, distance)
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
