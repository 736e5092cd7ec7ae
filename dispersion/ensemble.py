"""Many weathers and leaks at once: how likely each place is to lie in the footprint of a steady plume.

For live inversion, siting of sensors and zoning one release is not asked for but ten thousand. Each is a steady
Gaussian plume over ground from one place; whether its concentration is above a limit is a comparison with a half-width,
so no exponential is needed in a cell (see :mod:`dispersion._kernels.footprints`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dispersion._kernels import footprints as _kernels
from dispersion.air import CLASSES, ClassCurves, Growth, sigma_set
from dispersion.field import Bounds, axis_of, outline
from dispersion.inputs import finite, number
from dispersion.passive import LOWEST_SPEED
from twin.errors import ModelError, Problem
from twin.weather import Weather

if TYPE_CHECKING:
    import xarray as xr
    from shapely import MultiPolygon

__all__ = ["Exceedance", "exceedance"]

_FINE_REACH, _FINE = 24, 16  # cells from the source with a finer table, and its points a cell
_COARSE = 2  # points a cell beyond
_Array = NDArray[np.float64]
_run: Any = _kernels  # compiled functions carry no signature


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Exceedance:
    """Probability that a plume is above a threshold, place by place.

    Parameters
    ----------
    x, y
        Grid points east (nx,) and north (ny,). [m]
    probability
        Share of the samples (of their weights) above the threshold, shape (ny, nx).
    threshold
        Concentration. [kg m⁻³]
    height
        Height above ground. [m]
    averaging_time
        Averaging time of the concentrations. [s]
    sigmas
        Name of the sigma curves.
    source
        Place of the release. [m]
    samples
        Number of samples.
    """

    x: _Array
    y: _Array
    probability: _Array
    threshold: float
    height: float
    averaging_time: float
    sigmas: str
    source: tuple[float, float, float]
    samples: int

    def contours(self, probability: float) -> MultiPolygon:
        """Area in which the probability is at least `probability`, as polygons with holes.

        Raises
        ------
        ModelError
            Not above 0 and at most 1.
        """
        if not 0.0 < probability <= 1.0:
            what = f"probability is {probability!r}"
            raise ModelError(what, where="Exceedance.contours", fix="give a share above 0, at most 1")
        return outline(self.x, self.y, self.probability, probability)

    def to_xarray(self) -> xr.DataArray:
        """Labelled array with units and long names."""
        import xarray as xr

        metres = {"units": "m"}
        return xr.DataArray(
            self.probability,
            dims=("y", "x"),
            coords={"x": ("x", self.x, metres), "y": ("y", self.y, metres)},
            name="probability",
            attrs={
                "units": "1",
                "long_name": f"probability of more than {self.threshold:g} kg m-3 at {self.height:g} m",
                "averaging_time": self.averaging_time,
                "sigmas": self.sigmas,
                "samples": self.samples,
            },
        )

    def __repr__(self) -> str:
        return (
            f"<Exceedance of {self.threshold:.3g} kg m⁻³ at {self.height:g} m, {self.samples} samples on "
            f"{self.y.size} x {self.x.size} points, largest probability {self.probability.max():.3g}, "
            f"{self.averaging_time:g} s averages, {self.sigmas}>"
        )


def exceedance(
    *,
    wind_speed: ArrayLike,
    wind_from: ArrayLike,
    stability: Sequence[str],
    mass_rate: ArrayLike,
    threshold: float,
    source: tuple[float, float, float],
    bounds: Bounds,
    wind_height: float = 10.0,
    weights: ArrayLike | None = None,
    spacing: float | None = None,
    height: float = 1.5,
    averaging_time: float = 600.0,
    sigmas: str = "briggs_rural",
    roughness_length: float = 0.1,
    smallest_sigma: float = 0.1,
) -> Exceedance:
    """Probability map of a threshold over samples of weather and leak.

    Parameters
    ----------
    wind_speed
        Wind speed at `wind_height` of each sample, shape (n,). [m s⁻¹]
    wind_from
        Direction the wind blows from, clockwise from north, shape (n,). [°]
    stability
        Pasquill class of each sample, "A" to "F", n of them.
    mass_rate
        Rate of each sample, shape (n,); one number stands for all. [kg s⁻¹]
    threshold
        Concentration. [kg m⁻³]
    source
        East, north and height above ground of the release. [m]
    bounds
        x lowest, y lowest, x highest, y highest. [m]
    wind_height
        Height of the wind measurement; the profile of the class takes the wind to the source, not below 2 m. [m]
    weights
        Weight of each sample, shape (n,); None: all alike.
    spacing
        Distance between grid points; default: about 300 points along the longer side. [m]
    height
        Height above ground of the map. [m]
    averaging_time, smallest_sigma
        As in :class:`dispersion.GaussianPlume`. [s], [m]
    sigmas
        Name of sigma curves of Pasquill classes, see :data:`dispersion.SIGMA_SETS`.
    roughness_length
        Of the ground, for curves that depend on it. [m]

    Returns
    -------
    Exceedance
        Of steady plumes of neutral gas over flat ground without a lid; a source is a point.

    Raises
    ------
    ModelError
        A value is missing or out of range, all faults at once; a wind below 0.5 m s⁻¹ at the transport height.

    Notes
    -----
    Squared half-widths are tabled on distances half a cell apart, a sixteenth within 24 cells of the source, and taken
    as straight between; a cell is counted by its middle. The concentration at the border this draws is within 0.1 % of
    the threshold, so of 10 000 samples on 200 x 200 cells hardly one cell is counted otherwise than by an exponential
    in each (``tests/bench/test_footprints.py``).
    """
    speed, toward, kinds, rate, weight = _samples(wind_speed, wind_from, stability, mass_rate, weights)
    place = finite(source, "source", where="exceedance.source")
    if place.shape != (3,):
        raise ModelError(f"source is {source!r}", where="exceedance.source", fix="give x, y and height in metres")
    for name, value in (("threshold", threshold), ("height", height), ("smallest_sigma", smallest_sigma)):
        number(value, name, low=0.0, high=1e5, where=f"exceedance.{name}")
    growths = _growths(sigmas, wind_height, float(source[2]), averaging_time, roughness_length)
    if not (0.0 < threshold < math.inf and height >= 0.0 and source[2] >= 0.0 and smallest_sigma > 0.0):
        what = (
            f"threshold {threshold!r}, height {height!r}, source at {source[2]!r} m, smallest_sigma {smallest_sigma!r}"
        )
        raise ModelError(what, where="exceedance", fix="give a positive threshold and size, heights of 0 m or more")
    x, y, step = axis_of(bounds, spacing)
    speed = speed * np.array([float(growth.speed(0.0)) for growth in growths])[kinds]
    if (speed < LOWEST_SPEED).any():
        what = f"{int((speed < LOWEST_SPEED).sum())} samples have less than {LOWEST_SPEED:g} m s⁻¹ at the source"
        fix = "leave them out and state their share: a plume has no meaning in them"
        raise ModelError(what, where="exceedance.wind_speed", fix=fix)
    farthest = math.hypot(*(max(abs(a[0] - c), abs(a[-1] - c)) for a, c in ((x, source[0]), (y, source[1]))))
    nodes = _nodes(step, farthest)
    spread, shape = _tables(growths, nodes, smallest_sigma, float(source[2]), float(height))
    rest = np.ascontiguousarray(np.maximum.accumulate(shape[:, ::-1], axis=1)[:, ::-1])
    with np.errstate(divide="ignore"):  # a rate of zero is nowhere above
        gain = np.log(rate / (speed * threshold))
    grid = np.array([x[0], y[0], step, source[0], source[1], step * _FINE_REACH])
    found = np.zeros((y.size, x.size))
    room = np.empty((2, nodes.size))
    _run.add_footprints(grid, nodes, spread, shape, rest, toward, kinds, gain, weight, room[0], room[1], found)
    return Exceedance(
        x=x, y=y, probability=found, threshold=float(threshold), height=float(height), samples=speed.size,
        averaging_time=float(averaging_time), sigmas=sigmas,
        source=(float(source[0]), float(source[1]), float(source[2])),
    )  # fmt: skip


def _samples(
    wind_speed: ArrayLike,
    wind_from: ArrayLike,
    stability: Sequence[str],
    mass_rate: ArrayLike,
    weights: ArrayLike | None,
) -> tuple[_Array, _Array, NDArray[np.int64], _Array, _Array]:
    """Speed, unit vector (n, 2), number of the class, rate and weight of the samples, checked."""
    if not isinstance(stability, Iterable) or not all(isinstance(letter, str) for letter in stability):
        raise ModelError("stability holds no classes", where="exceedance.stability", fix="give the letters A to F")
    count = len(stability)
    problems = [] if count else [Problem("there is no sample", where="exceedance.stability", fix="give one or more")]
    columns = []
    given = {"wind_speed": wind_speed, "wind_from": wind_from, "mass_rate": mass_rate}
    given["weights"] = 1.0 if weights is None else weights
    for name, values in given.items():
        column = np.asarray(finite(values, name, where=f"exceedance.{name}"))
        if column.ndim and column.shape != (count,):
            fix = "give one for each stability class"
            problems.append(Problem(f"{name} has the shape {column.shape}", where=f"exceedance.{name}", fix=fix))
        elif name != "wind_from" and (column < 0.0).any():
            fix = "give finite numbers, 0 or more"
            problems.append(Problem(f"a value of {name} is no number in range", where=f"exceedance.{name}", fix=fix))
        else:
            columns.append(np.ascontiguousarray(np.broadcast_to(column, (count,))))
    unknown = sorted(set(stability) - set(CLASSES))
    if unknown:
        fix = "give the letters A to F"
        problems.append(Problem(f"there is no class {unknown[0]!r}", where="exceedance.stability", fix=fix))
    if not problems and not columns[3].sum() > 0.0:
        problems.append(Problem("the weights add up to nothing", where="exceedance.weights", fix="give some weight"))
    if problems:
        raise ModelError.of(problems, where="exceedance")
    speed, wind, rate, weight = columns
    angle = np.radians(wind)
    toward = np.column_stack([-np.sin(angle), -np.cos(angle)])
    number = {letter: k for k, letter in enumerate(CLASSES)}
    return speed, toward, np.array([number[c] for c in stability], np.int64), rate, weight / weight.sum()


def _growths(sigmas: str, measured: float, release: float, averaging_time: float, roughness: float) -> list[Growth]:
    """Growth of a plume in each class, for a wind of one where it was measured."""
    curves = sigma_set(sigmas)
    if not isinstance(curves, ClassCurves) or curves.averaging_time is None:
        what = f"{sigmas!r} are no curves of plumes for each Pasquill class"
        raise ModelError(what, where="exceedance.sigmas", fix="take briggs_rural, briggs_urban or isc3_rural")
    given = {"wind_speed": 1.0, "wind_from": 0.0, "wind_height": measured, "roughness_length": roughness}
    weathers = [Weather(stability=c, **given) for c in CLASSES]
    return [curves.growth(air, source_height=release, averaging_time=averaging_time) for air in weathers]


def _nodes(step: float, farthest: float) -> _Array:
    """Distances of the tables, fine near the source, to beyond the farthest corner."""
    near = np.arange(_FINE_REACH * _FINE) * (step / _FINE)
    beyond = max(math.ceil((farthest - _FINE_REACH * step) * _COARSE / step), 0) + 3
    return np.concatenate([near, _FINE_REACH * step + np.arange(beyond) * (step / _COARSE)])


def _tables(
    growths: Sequence[Growth], nodes: _Array, smallest: float, release: float, height: float
) -> tuple[_Array, _Array]:
    """2 sigma_y² and the logarithm of the axis concentration for a rate of one in a wind of one, (6, k)."""
    sy = np.array([np.hypot(growth.sigma_y(nodes), smallest) for growth in growths])
    sz = np.array([np.hypot(growth.sigma_z(nodes), smallest) for growth in growths])
    images = np.logaddexp(-0.5 * ((height - release) / sz) ** 2, -0.5 * ((height + release) / sz) ** 2)
    return 2.0 * sy**2, images - np.log(2.0 * math.pi * sy * sz)
