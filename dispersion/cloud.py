"""What a dispersion model returns: a cloud that can be asked anywhere, sampled on a grid, and drawn as a footprint."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dispersion.exposure import Exposure, LoadOf, Tally, halved
from dispersion.field import Bounds, Field, Footprint, axis_of, check_memory
from dispersion.inputs import finite, number, rising
from plant_models.harm import Threshold
from plant_models.releases import Release
from twin.errors import ModelError
from twin.weather import WeatherSeries

__all__ = ["MEMORY_LIMIT", "Cloud", "Solution", "accept_releases", "dense_warning", "mass_let_out"]

MEMORY_LIMIT = 2 * 1024**3  # bytes one field may take unless the caller allows more
_AT_ONCE = 2**22  # values computed before they are added up: 32 MiB
_LONGEST = 1e10  # s, three centuries
_MOMENT = 20.0  # s, the shortest averaging time of the one-fifth power law; flammable limits need no exposure
_Array = NDArray[np.float64]


class Solution(Protocol):
    """What a model must be able to compute about its cloud (the author of a model writes this)."""

    def concentration(self, x: _Array, y: _Array, z: _Array, t: _Array) -> _Array:
        """Concentration at points, broadcast. [kg m⁻³]"""
        ...

    def add_frames(self, grid: _Array, heights: _Array, times: _Array, out: _Array) -> None:
        """Add the concentration on a regular grid (x0, y0, dx, dy) to `out`, shape (times, heights, ny, nx)."""
        ...

    def released(self, t: float) -> float:
        """Mass released up to `t` that is still airborne. [kg]"""
        ...

    def swept(self, level: float | None, height: float, times: _Array | None) -> tuple[_Array, Bounds | None]:
        """Times at which to look for the largest concentration, and the rectangle in which `level` is exceeded then.

        Given `times` are kept as they are. Without a level the rectangle holds the cloud out to three standard
        deviations. It is None when there is nothing to hold.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cloud:
    """Gas in the air after one or more releases; answers :class:`twin.Hazard`'s question.

    Parameters
    ----------
    model
        Name of the model.
    releases
        The releases whose concentrations are added.
    weather
        Weather the cloud moves in.
    settings
        All settings of the model, by name.
    averaging_time
        Averaging time the concentrations stand for. [s]
    valid_range
        Quantity -> (lowest, highest, unit) for which the model is supported by measurements.
    warnings
        Sentences a user of the numbers must know.
    solution
        The computing part.
    """

    model: str
    releases: tuple[Release, ...]
    weather: WeatherSeries
    settings: Mapping[str, object]
    averaging_time: float
    valid_range: Mapping[str, tuple[float, float, str]]
    warnings: tuple[str, ...]
    solution: Solution

    @property
    def start(self) -> float:
        """Time of the first emission. [s]"""
        return min(release.start for release in self.releases)

    @property
    def end(self) -> float:
        """Time of the last emission. [s]"""
        return max(release.start + release.duration for release in self.releases)

    @property
    def duration(self) -> float:
        """Time from the first to the last emission. [s]"""
        return self.end - self.start

    def concentration(self, x: ArrayLike, y: ArrayLike, z: ArrayLike, t: ArrayLike) -> _Array:
        """Mass concentration, averaged over `averaging_time`. [kg m⁻³]

        Parameters
        ----------
        x, y, z
            East, north and height above ground in the site's local frame. [m]
        t
            Seconds since scenario start. [s]

        Returns
        -------
        ndarray
            The broadcast shape of the four arguments; 0 below the ground, above the mixing lid and before the release.

        Raises
        ------
        ModelError
            A coordinate or time is no finite number, or their shapes do not broadcast.
        """
        return self.solution.concentration(*_coordinates(self.model, x, y, z, t))

    def mass_in_air(self, t: float) -> float:
        """Mass released up to `t` that is in the air: all of it, unless it settles, decays or is washed out. [kg]"""
        return self.solution.released(number(t, "t", low=-_LONGEST, high=_LONGEST))

    def mass_removed(self, t: float) -> float:
        """Mass released up to `t` that is no longer in the air. [kg]"""
        held = self.mass_in_air(t)
        return mass_let_out(self.releases, float(t)) - held

    def field(
        self,
        *,
        bounds: Bounds | None = None,
        spacing: float | None = None,
        heights: Sequence[float] = (1.5,),
        times: ArrayLike,
        memory_limit: int = MEMORY_LIMIT,
    ) -> Field:
        """Sample the cloud on a regular grid.

        Parameters
        ----------
        bounds
            x lowest, y lowest, x highest, y highest; default: the rectangle that holds the cloud out to three
            standard deviations at all the times. [m]
        spacing
            Distance between grid points; default: about 300 points along the longer side. [m]
        heights
            Heights above ground; default 1.5 m, the breathing height. [m]
        times
            Times of the frames. [s]
        memory_limit
            Largest array that may be made; default 2 GiB. [byte]

        Raises
        ------
        ModelError
            Bad grid, or a field larger than `memory_limit` (checked before anything is allocated).
        """
        t = rising(times, "times")
        z = rising(heights, "heights")
        if (z < 0.0).any():
            raise ModelError("a height is below ground", where="field.heights", fix="give heights of 0 m or more")
        given = bounds
        if bounds is None:
            bounds = self._around(self.solution.swept(None, float(z[0]), t)[1])
        x, y, step = axis_of(bounds, spacing)
        check_memory((t.size, z.size, y.size, x.size), number(memory_limit, "memory_limit", low=0.0))
        if given is not None:
            self._check_inside(given, float(z[0]), t)
        values = np.zeros((t.size, z.size, y.size, x.size))
        self.solution.add_frames(np.array([x[0], y[0], step, step]), z, t, values)
        return Field(
            x=x, y=y, z=z, t=t, values=values, averaging_time=self.averaging_time, model=self.model,
            substance=self.releases[0].substance.name, warnings=(*self.warnings, *self._held_beyond(t)),
        )  # fmt: skip

    def exposure(
        self,
        x: ArrayLike,
        y: ArrayLike,
        z: ArrayLike = 1.5,
        *,
        threshold: Threshold | float | None = None,
        load: LoadOf | None = None,
        times: ArrayLike | None = None,
        until: float = math.inf,
    ) -> Exposure:
        """Largest concentration, arrival, departure and toxic load at points, in one pass that keeps no history.

        Parameters
        ----------
        x, y, z
            Points, broadcast; z defaults to the breathing height. [m]
        threshold
            What counts as arrival: a named threshold or a concentration; None: any gas. [kg m⁻³]
        load
            Gather a toxic load for this probit or dangerous load, or with this exponent n (in ppm^n min).
        times
            Times looked at; default: those of :meth:`footprint` and one halfway between each two. The load is the sum
            of trapezoids over them; its error is stated by the sum over every second one. [s]
        until
            End of the times chosen by the model; default: none. [s]

        Raises
        ------
        ModelError
            Bad points or times, a threshold or a load of another substance, or an end before the first emission.
        """
        px, py, pz, _ = (
            np.array(a, float, order="C") for a in np.broadcast_arrays(*_coordinates(self.model, x, y, z, 0.0))
        )
        level, label = (0.0, "any gas") if threshold is None else self._level(threshold)
        chosen = None if times is None else rising(times, "times")
        wanted = level if level > 0.0 and load is None else None  # a load is gathered to the end
        moments = self._moments(wanted, float(pz.min(initial=1.5)), chosen, until)[0]
        if times is None:
            moments = halved(moments)
        tally = self._tally(px.shape, level, load)
        group = max(1, _AT_ONCE // max(px.size, 1))
        for first in range(0, moments.size, group):
            part = moments[first : first + group]
            found = self.solution.concentration(px, py, pz, part.reshape(-1, *(1,) * px.ndim))
            for t, values in zip(part, found, strict=True):
                tally.take(float(t), values, last=t == moments[-1])
        gathered, error = tally.toxic_load
        return Exposure(
            x=px, y=py, z=pz, times=moments, largest=tally.largest, peak_time=tally.peak_time, arrival=tally.arrival,
            departure=tally.departure, threshold=level, label=label, load=gathered, load_error=error,
            averaging_time=self.averaging_time, model=self.model, substance=self.releases[0].substance.name,
            warnings=(*self.warnings, *self._held_beyond(moments)),
        )  # fmt: skip

    def footprint(
        self,
        threshold: Threshold | float,
        *,
        bounds: Bounds | None = None,
        spacing: float | None = None,
        height: float = 1.5,
        times: ArrayLike | None = None,
        until: float = math.inf,
        load: LoadOf | None = None,
    ) -> Footprint:
        """Area in which the concentration reaches a threshold at some time.

        Parameters
        ----------
        threshold
            A named threshold of the released substance, or a concentration. [kg m⁻³]
        bounds
            Rectangle looked at; default: chosen from the widths of the cloud and enlarged until the outline does not
            touch it. [m]
        spacing
            Distance between grid points; default: about 300 points along the longer side. [m]
        height
            Height above ground; default 1.5 m, the breathing height. [m]
        times
            Times looked at; default: chosen by the model so that the cloud moves by no more than about one standard
            deviation between two of them, until it is thinner than the threshold everywhere or has travelled the
            distance it is supported for. [s]
        until
            End of the times chosen by the model; default: none. [s]
        load
            Gather a toxic load on the grid too, see :meth:`exposure`. The times chosen by the model are then halved;
            they end when the cloud is thinner than the threshold everywhere.

        Returns
        -------
        Footprint
            Its outline is found by linear interpolation of the logarithm of the largest concentration.

        Raises
        ------
        ModelError
            Threshold of another substance or not positive, a bad grid, or an end before the first emission.
        """
        level, label = self._level(threshold)
        height = number(height, "height", low=0.0, high=1e5, where="footprint.height")
        chosen = None if times is None else rising(times, "times")
        moments, hull = self._moments(level, height, chosen, until)
        if load is not None and times is None:
            moments = halved(moments)
        if bounds is not None:
            axis_of(bounds, spacing)  # refuses what is no rectangle
            self._check_inside(bounds, height, moments)
        fixed = bounds is not None
        box = self._around(hull) if bounds is None else bounds
        for attempt in range(4):
            found = self._sweep(
                level=level, label=label, bounds=box, spacing=spacing, height=height, times=moments, load=load
            )
            if fixed or attempt == 3 or not found.touches_border:
                break
            box = _grown(box)
        farthest = self.valid_range["distance"][1]
        told = []
        if found.reach > farthest:
            told.append(f"the area reaches beyond {farthest / 1000.0:g} km, farther than {self.model} is supported for")
        if isinstance(threshold, Threshold) and threshold.duration is None and self.averaging_time > _MOMENT:
            what = "gas can burn" if threshold.name in {"LFL", "UFL"} else "it can be passed"
            told.append(
                f"{threshold.name} counts at once and this is an average over {self.averaging_time:g} s: {what} "
                f"farther out; take averaging_time={_MOMENT:g}"
            )
        return replace(found, warnings=(*found.warnings, *told)) if told else found

    def _moments(
        self, level: float | None, height: float, times: _Array | None, until: float
    ) -> tuple[_Array, Bounds | None]:
        """Times to look at, and the rectangle that holds the level then."""
        if not number(until, "until", fix="give one time in seconds") > self.start:
            what = f"until is {until!r} s, the first emission is at {self.start:g} s"
            raise ModelError(what, where="until", fix="give a later time")
        moments, hull = self.solution.swept(level, height, times)
        if times is None and moments[-1] > until:
            moments = np.append(moments[moments < until], until)
            moments, hull = self.solution.swept(level, height, moments)
        return moments, hull

    def _tally(self, shape: tuple[int, ...], level: float, load: LoadOf | None) -> Tally:
        air = self.weather.at(self.start)
        return Tally(shape=shape, level=level, load=load, substance=self.releases[0].substance, air=air)

    def _sweep(
        self,
        *,
        level: float,
        label: str,
        bounds: Bounds,
        spacing: float | None,
        height: float,
        times: _Array,
        load: LoadOf | None,
    ) -> Footprint:
        x, y, step = axis_of(bounds, spacing)
        check_memory((8, 1, y.size, x.size), MEMORY_LIMIT)
        grid, heights = np.array([x[0], y[0], step, step]), np.array([height])
        tally = self._tally((y.size, x.size), level, load)
        frames = np.empty((min(max(1, _AT_ONCE // (x.size * y.size)), times.size), 1, y.size, x.size))
        for first in range(0, times.size, len(frames)):
            part = times[first : first + len(frames)]
            frames[: part.size] = 0.0
            self.solution.add_frames(grid, heights, part, frames[: part.size])
            for k, t in enumerate(part):
                tally.take(float(t), frames[k, 0], last=t == times[-1])
        gathered, error = tally.toxic_load
        return Footprint(
            x=x, y=y, times=times, largest=tally.largest, arrival=tally.arrival, departure=tally.departure,
            threshold=level, label=label, height=height, load=gathered, load_error=error,
            averaging_time=self.averaging_time, model=self.model, substance=self.releases[0].substance.name,
            sources=tuple((r.x, r.y) for r in self.releases),
            warnings=(*self.warnings, *self._held_beyond(times)),
        )  # fmt: skip

    def _check_inside(self, bounds: Bounds, height: float, times: _Array) -> None:
        """Refuse a rectangle that holds neither a source nor any of the cloud."""
        x0, y0, x1, y1 = bounds
        if any(x0 <= r.x <= x1 and y0 <= r.y <= y1 for r in self.releases):
            return
        hull = self.solution.swept(None, height, times)[1]
        if hull is not None and hull[0] <= x1 and hull[2] >= x0 and hull[1] <= y1 and hull[3] >= y0:
            return
        where = ", ".join(f"({r.x:g}, {r.y:g})" for r in self.releases[:3])
        raise ModelError(
            f"the bounds {tuple(bounds)} hold neither the source at {where} m nor any of the cloud",
            where="bounds",
            fix="give bounds around the source in the site's local metres, or leave them out",
        )

    def _held_beyond(self, times: _Array) -> tuple[str, ...]:
        """One sentence when the weather is asked for beyond its record."""
        last = self.weather.times[-1]
        if len(self.weather.times) < 2 or times[-1] <= last:
            return ()
        return (f"the weather record ends at {last:g} s; its last state is held until {times[-1]:g} s",)

    def _level(self, threshold: Threshold | float) -> tuple[float, str]:
        if isinstance(threshold, Threshold):
            released = self.releases[0].substance.name
            if threshold.substance != released:
                raise ModelError(
                    f"{threshold.name} is a threshold of {threshold.substance}, but the cloud is {released}",
                    where="footprint.threshold",
                    fix="take it from release.substance.threshold(...)",
                )
            air = self.weather.at(self.start)
            level = float(threshold.concentration(air.temperature, air.pressure))
            for_time = f" ({threshold.duration / 60.0:.3g} min)" if threshold.duration else ""
            label = f"{threshold.name}{for_time}, {threshold.ppm:g} ppm"
        elif isinstance(threshold, str):
            fix = "give a concentration in kg m⁻³, or release.substance.threshold(...) for a named one"
            raise ModelError(f"the threshold is the text {threshold!r}", where="footprint.threshold", fix=fix)
        else:
            fix = "give one concentration above zero in kg m⁻³, or release.substance.threshold(...)"
            level = number(threshold, "threshold", where="footprint.threshold", fix=fix)
            label = f"{level:.3g} kg m⁻³"
        if not 0.0 < level < math.inf:
            raise ModelError(
                f"the threshold is {level!r} kg m⁻³", where="footprint.threshold", fix="give a concentration above zero"
            )
        return level, label

    def _around(self, hull: Bounds | None) -> Bounds:
        """Take the hull with a margin of a twentieth, or 100 m around the sources when there is none."""
        if hull is None:
            xs, ys = [r.x for r in self.releases], [r.y for r in self.releases]
            return min(xs) - 100.0, min(ys) - 100.0, max(xs) + 100.0, max(ys) + 100.0
        margin = 0.05 * max(hull[2] - hull[0], hull[3] - hull[1], 20.0)
        return hull[0] - margin, hull[1] - margin, hull[2] + margin, hull[3] + margin

    def __repr__(self) -> str:
        what = ", ".join(dict.fromkeys(r.substance.name for r in self.releases))
        warned = f", {len(self.warnings)} warning(s)" if self.warnings else ""
        return (
            f"<Cloud of {what} from {len(self.releases)} release(s), {self.model}, emission {self.start:g} to "
            f"{self.end:g} s, {self.averaging_time:g} s averages{warned}>"
        )


def accept_releases(release: Release | Sequence[Release], model: str) -> tuple[Release, ...]:
    """Take one release or several of one substance as a tuple.

    Raises
    ------
    ModelError
        No release, something that is none, one of nothing (unless it was cut), or releases of different substances.
    """
    given: tuple[object, ...] = (release,)
    if isinstance(release, Iterable) or release is None:
        given = () if release is None else tuple(release)
    if not given:
        raise ModelError("no release was given", where=model, fix="give one release or a sequence of them")
    releases = tuple(one for one in given if isinstance(one, Release))
    for other in given:
        if not isinstance(other, Release):
            what = f"{type(other).__name__} is not a release"
            fix = "give its releases: source.releases" if hasattr(other, "releases") else "give one Release or a list"
            raise ModelError(what, where=model, fix=fix)
    # a release that was cut before its first gas has no piece left, and a cloud of nothing is the right answer
    empty = [r for r in releases if r.total_mass == 0.0 and r.mass_rates.size]
    if empty:
        raise ModelError(
            f"{empty[0].label or 'the release'} lets nothing out: its mass rate is 0 throughout",
            where=model,
            fix="give a rate above 0 kg s⁻¹, or leave the release out",
        )
    names = dict.fromkeys(r.substance.name for r in releases)
    if len(names) > 1:
        raise ModelError(
            f"releases of different substances ({', '.join(names)}) do not make one cloud",
            where=model,
            fix="disperse each substance on its own",
        )
    return releases


def mass_let_out(releases: Sequence[Release], t: float) -> float:
    """Mass that has come out up to `t`, what is let go at that very moment included. [kg]"""
    return float(sum(r.mass_until(t) if t > r.start else r.instantaneous_mass * (t == r.start) for r in releases))


def dense_warning(releases: Sequence[Release], weather: WeatherSeries, model: str) -> tuple[str, ...]:
    """One sentence when a passive model is given gas that is heavier than air."""
    dense = [r for r in releases if r.is_dense(weather.at(r.start))]
    if not dense:
        return ()
    heaviest = max(r.density_ratio(weather.at(r.start)) for r in dense)
    return (
        f"passive model, dense release: the released {dense[0].substance.name} is {heaviest:.2g} times as dense as the "
        f"air, so near the source a real cloud is lower and wider than {model} says and may move against the slope",
    )


def _grown(bounds: Bounds) -> Bounds:
    wide, deep = 0.25 * (bounds[2] - bounds[0]), 0.25 * (bounds[3] - bounds[1])
    return bounds[0] - wide, bounds[1] - deep, bounds[2] + wide, bounds[3] + deep


def _coordinates(model: str, *values: ArrayLike) -> tuple[_Array, ...]:
    where = f"{model}.concentration"
    fix = "give finite numbers, or arrays of them that broadcast together"
    given = tuple(finite(value, name, where=where, fix=fix) for name, value in zip("xyzt", values, strict=True))
    try:
        np.broadcast_shapes(*(value.shape for value in given))
    except ValueError as error:
        raise ModelError(str(error), where=where, fix=fix) from None
    return given
