"""A cloud sampled on a grid, and the area in which it reaches a threshold."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dispersion.inputs import is_number, number
from plant_models.harm import ToxicLoad
from twin.errors import ModelError
from twin.site import Site

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from shapely import MultiPolygon

    from twin.store import Variable

__all__ = ["Bounds", "Field", "Footprint", "axis_of", "check_memory", "outline"]

Bounds = tuple[float, float, float, float]
_Array = NDArray[np.float64]
_CELLS = 300  # an automatic grid has about this many cells along its longer side
_UNIT = "kg m-3"  # CF spelling of kg m⁻³


def axis_of(bounds: Bounds, spacing: float | None) -> tuple[_Array, _Array, float]:
    """Grid points along x and y of a rectangle, and their distance; if none is given, about a 300th of the longer side.

    Raises
    ------
    ModelError
        The rectangle has no area, or the spacing is not positive or leaves fewer than two points a side.
    """
    sides = np.asarray(bounds, dtype=object).ravel()
    if sides.size != 4 or not all(is_number(side) and math.isfinite(side) for side in sides):
        sides = np.zeros(4)
    x0, y0, x1, y1 = (float(side) for side in sides)
    if not (x1 > x0 and y1 > y0):
        raise ModelError(
            f"the bounds {bounds!r} hold no area",
            where="bounds",
            fix="give x lowest, y lowest, x highest, y highest",
        )
    step = _round_step(x1 - x0, y1 - y0) if spacing is None else number(spacing, "spacing")
    if not 0.0 < step <= min(x1 - x0, y1 - y0):
        raise ModelError(f"the spacing is {step!r} m", where="spacing", fix="give a length shorter than both sides")
    nx, ny = int((x1 - x0) / step + 1e-9) + 1, int((y1 - y0) / step + 1e-9) + 1
    if nx * ny > 2**31:  # refuse before the axes themselves are made
        raise ModelError(f"{nx} x {ny} grid points", where="spacing", fix="take a wider spacing or smaller bounds")
    x = np.asarray(x0 + step * np.arange(nx), np.float64)
    return x, np.asarray(y0 + step * np.arange(ny), np.float64), step


def _round_step(wide: float, deep: float) -> float:
    """1, 2, 2.5 or 5 times a power of ten near a 300th of the longer side; not below 0.5 m unless a side is shorter."""
    wanted = min(max(wide / _CELLS, deep / _CELLS, 0.5), wide, deep)
    power = 10.0 ** math.floor(math.log10(wanted))
    step = next(f * power for f in (1.0, 2.0, 2.5, 5.0, 10.0) if f * power >= wanted * (1.0 - 1e-9))
    return min(step, wide, deep)


def check_memory(shape: tuple[int, ...], limit: float) -> None:
    """Refuse an array of doubles larger than `limit` bytes, before it is made.

    Raises
    ------
    ModelError
        Too large; the message names the size.
    """
    size = 8 * math.prod(shape)
    if size > limit:
        text = " x ".join(str(n) for n in shape)
        raise ModelError(
            f"a field of {text} values takes {size / 1024**3:.1f} GiB, over the limit of {limit / 1024**3:.1f} GiB",
            where="field",
            fix="take fewer times or heights, a wider spacing or smaller bounds, or raise memory_limit",
        )


def outline(x: _Array, y: _Array, values: _Array, level: float) -> MultiPolygon:
    """Area in which `values` (ny, nx) is at least `level`, as valid polygons with holes.

    The logarithm is interpolated, in which a Gaussian cloud is a parabola; values far below the level are first raised
    to a millionth of it.
    """
    from contourpy import FillType, contour_generator
    from shapely import MultiPolygon, Polygon, make_valid, union_all

    if not (values >= level).any():
        return MultiPolygon()
    raised = np.log(np.maximum(values, level * 1e-6) / level)
    drawn: Any = contour_generator(x, y, raised, fill_type=FillType.OuterOffset).filled(0.0, math.inf)
    rings, starts = drawn
    parts = []
    for points, offsets in zip(rings, starts, strict=True):
        loops = [points[a:b] for a, b in pairwise(offsets)]
        parts.append(make_valid(Polygon(loops[0], loops[1:])))
    whole: Any = union_all(parts)
    flat = [g for g in getattr(whole, "geoms", [whole]) if g.geom_type == "Polygon" and g.area > 0.0]
    return MultiPolygon(flat)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Field:
    """Concentration on a regular grid.

    Parameters
    ----------
    x, y, z
        Grid points east (nx,), north (ny,) and heights above ground (nz,). [m]
    t
        Times since scenario start (nt,). [s]
    values
        Concentration (nt, nz, ny, nx). [kg m⁻³]
    averaging_time
        Averaging time of the concentrations. [s]
    model
        Name of the dispersion model.
    substance
        Name of the gas.
    warnings
        Sentences a user of the numbers must know.
    """

    x: _Array
    y: _Array
    z: _Array
    t: _Array
    values: _Array
    averaging_time: float
    model: str
    substance: str
    warnings: tuple[str, ...] = ()

    def maximum(self) -> _Array:
        """Largest concentration over time, shape (nz, ny, nx). [kg m⁻³]"""
        largest: _Array = self.values.max(axis=0)
        return largest

    def contours(self, level: float, *, time: float | None = None, height: float | None = None) -> MultiPolygon:
        """Area in which the concentration is at least `level`.

        Parameters
        ----------
        level
            Concentration. [kg m⁻³]
        time
            The frame nearest to this time; None: the largest value over all frames. [s]
        height
            The nearest height; None: the lowest. [m]

        Raises
        ------
        ModelError
            `level` is not positive.
        """
        if not level > 0.0:
            raise ModelError(f"level is {level!r}", where="contours.level", fix="give a concentration above zero")
        k = 0 if height is None else int(np.abs(self.z - height).argmin())
        frames = self.values if time is None else self.values[int(np.abs(self.t - time).argmin())][None]
        return outline(self.x, self.y, frames[:, k].max(axis=0), level)

    def to_xarray(self) -> xr.DataArray:
        """Labelled array with units and long names."""
        import xarray as xr

        axes = {name: (name, getattr(self, name), attrs) for name, attrs in _AXES.items()}
        return xr.DataArray(
            self.values,
            dims=("t", "z", "y", "x"),
            coords=axes,
            name="concentration",
            attrs={
                "units": _UNIT,
                "long_name": f"mass concentration of {self.substance} in air",
                "averaging_time": self.averaging_time,
                "model": self.model,
                "warnings": " | ".join(self.warnings),
            },
        )

    def variables(self) -> Mapping[str, Variable]:
        """The arrays as :class:`twin.store.Variable`, ready to be written."""
        from twin.store import Variable

        found = {
            name: Variable((name,), getattr(self, name), attrs["units"], attrs["long_name"])
            for name, attrs in _AXES.items()
        }
        found["concentration"] = Variable(
            ("t", "z", "y", "x"),
            self.values,
            _UNIT,
            f"mass concentration of {self.substance} in air, {self.averaging_time:g} s average, {self.model}",
        )
        return found

    def plot(self, ax: Axes | None = None, *, time: float | None = None, height: float | None = None) -> Axes:
        """Draw one frame (or the largest value over time) as a map of the logarithm of the concentration."""
        from dispersion.view import plot_field

        return plot_field(self, ax, time=time, height=height)

    def __repr__(self) -> str:
        nt, nz, ny, nx = self.values.shape
        return (
            f"<Field of {self.substance}, {self.model}: {nt} times x {nz} heights x {ny} x {nx} points, "
            f"largest {self.values.max():.3g} kg m⁻³, {self.averaging_time:g} s averages>"
        )


_AXES = {
    "t": {"units": "s", "long_name": "time since scenario start"},
    "z": {"units": "m", "long_name": "height above ground"},
    "y": {"units": "m", "long_name": "distance north of the site origin"},
    "x": {"units": "m", "long_name": "distance east of the site origin"},
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Footprint:
    """Area in which the concentration reaches a threshold at some time.

    Parameters
    ----------
    x, y
        Grid points east (nx,) and north (ny,). [m]
    times
        Times looked at (nt,). [s]
    largest
        Largest concentration over time (ny, nx). [kg m⁻³]
    arrival, departure
        First and last of the times looked at when the threshold is reached (ny, nx), inf and -inf where it never is.
        [s]
    load
        Toxic load (ny, nx) over the times; None if none was asked for.
    load_error
        How far the load is from the same sum over every second time (ny, nx); None without a load.
    threshold
        Concentration of the outline. [kg m⁻³]
    label
        What the threshold is called.
    height
        Height above ground. [m]
    averaging_time
        Averaging time of the concentrations. [s]
    model, substance
        Names of the model and the gas.
    sources
        Places of the releases. [m]
    warnings
        Sentences a user of the numbers must know.
    """

    x: _Array
    y: _Array
    times: _Array
    largest: _Array
    arrival: _Array
    departure: _Array
    threshold: float
    label: str
    height: float
    averaging_time: float
    model: str
    substance: str
    sources: tuple[tuple[float, float], ...]
    load: ToxicLoad | None = None
    load_error: _Array | None = None
    warnings: tuple[str, ...] = ()

    @property
    def polygon(self) -> MultiPolygon:
        """The area, valid polygons with holes in the site's local frame; empty if the threshold is never reached."""
        return outline(self.x, self.y, self.largest, self.threshold)

    @property
    def area(self) -> float:
        """Size of the area. [m²]"""
        return float(self.polygon.area)

    @property
    def reach(self) -> float:
        """Largest distance of the outline from the nearest release; 0 if the threshold is never reached. [m]"""
        import shapely

        corners = shapely.get_coordinates(self.polygon)
        if corners.size == 0:
            return 0.0
        away = corners[:, None, :] - np.array(self.sources)[None, :, :]
        return float(np.hypot(away[..., 0], away[..., 1]).min(axis=1).max())

    @property
    def touches_border(self) -> bool:
        """Whether the area is cut off by the grid."""
        edge = np.concatenate([self.largest[0], self.largest[-1], self.largest[:, 0], self.largest[:, -1]])
        return bool((edge >= self.threshold).any())

    def to_geojson(self, site: Site) -> dict[str, Any]:
        """GeoJSON Feature in WGS 84 (RFC 7946).

        Raises
        ------
        LayoutError
            The site has no geographic anchor.
        """
        from shapely import transform
        from shapely.geometry import mapping

        def place(points: _Array) -> _Array:
            return np.column_stack(site.to_geographic(points[:, 0], points[:, 1]))

        return {
            "type": "Feature",
            "geometry": mapping(transform(self.polygon, place)),
            "properties": {
                "threshold": self.label,
                "concentration": f"{self.threshold:.6g} kg m-3",
                "height": f"{self.height:g} m",
                "averaging_time": f"{self.averaging_time:g} s",
                "model": self.model,
                "substance": self.substance,
                "warnings": list(self.warnings),
            },
        }

    def plot(self, ax: Axes | None = None, *, park: Any = None) -> Axes:
        """Draw the area, over the park if one is given."""
        from dispersion.view import plot_footprint

        return plot_footprint(self, ax, park=park)

    def __repr__(self) -> str:
        level = f"{self.threshold:.3g} kg m⁻³"
        named = level if self.label == level else f"{self.label} ({level})"
        return (
            f"<Footprint of {self.substance}, {named}: {self.area:.4g} m², "
            f"reach {self.reach:.4g} m, height {self.height:g} m, {self.averaging_time:g} s averages, {self.model}>"
        )
