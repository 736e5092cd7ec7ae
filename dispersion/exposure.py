"""What a cloud does at places over time: largest value, arrival, departure and toxic load, gathered frame by frame."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from dispersion.inputs import number
from plant_models.harm import DangerousLoad, Probit, ToxicLoad, concentration_to_ppm
from plant_models.matter import Substance
from twin.errors import ModelError
from twin.weather import Weather

__all__ = ["Exposure", "LoadOf", "Tally", "halved"]

_Array = NDArray[np.float64]
LoadOf = Probit | DangerousLoad | float
"""What a toxic load is gathered for: a probit or dangerous load of the substance, or an exponent n (of ppm)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Exposure:
    """Exposure at points, outdoors; every array has the broadcast shape of the points.

    Parameters
    ----------
    x, y, z
        The points. [m]
    times
        Times looked at, shape (nt,); arrival and departure are two of them. [s]
    largest
        Largest concentration. [kg m⁻³]
    peak_time
        Time of it; nan where no gas comes. [s]
    arrival, departure
        First and last time at which the threshold (or any gas, without one) is reached; inf and -inf where it never
        is. [s]
    threshold
        Concentration that counts as arrival; 0 for any gas. [kg m⁻³]
    label
        What the threshold is called.
    load
        Toxic load over all the times, None if none was asked for.
    load_error
        Difference between the load and the same sum over every second time, an estimate of the error of the sum; None
        without a load.
    averaging_time
        Averaging time of the concentrations. [s]
    model, substance
        Names of the model and the gas.
    warnings
        Sentences a user of the numbers must know.
    """

    x: _Array
    y: _Array
    z: _Array
    times: _Array
    largest: _Array
    peak_time: _Array
    arrival: _Array
    departure: _Array
    threshold: float
    label: str
    load: ToxicLoad | None
    load_error: _Array | None
    averaging_time: float
    model: str
    substance: str
    warnings: tuple[str, ...] = ()

    def __repr__(self) -> str:
        load = "" if self.load is None else f", load up to {float(np.max(self.load.value)):.3g} {self.load.load_unit}"
        return (
            f"<Exposure to {self.substance} at {self.largest.size} point(s), {self.times.size} times to "
            f"{self.times[-1]:g} s, largest {float(self.largest.max(initial=0.0)):.3g} kg m⁻³{load}, "
            f"{self.averaging_time:g} s averages, {self.model}>"
        )


@dataclass(slots=True, kw_only=True)
class Tally:
    """Running sums over frames of one shape.

    Parameters
    ----------
    shape
        Shape of a frame.
    level
        Concentration that counts as arrival. [kg m⁻³]
    load
        What a load is gathered for, None for no load.
    substance
        The gas.
    air
        Air whose temperature and pressure turn a mass into ppm.
    """

    shape: tuple[int, ...]
    level: float
    load: LoadOf | None
    substance: Substance
    air: Weather
    largest: _Array = field(init=False)
    peak_time: _Array = field(init=False)
    arrival: _Array = field(init=False)
    departure: _Array = field(init=False)
    _sums: list[_Array] = field(init=False)  # toxic load over every time, and over every second one
    _before: list[tuple[float, _Array] | None] = field(init=False)
    _seen: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        if isinstance(self.load, Probit | DangerousLoad) and self.load.substance != self.substance.name:
            raise ModelError(
                f"{self.load.name} is made for {self.load.substance}, but the cloud is {self.substance.name}",
                where="load",
                fix="take it from release.substance.harm",
            )
        if not isinstance(self.load, Probit | DangerousLoad | None):
            fix = "give a probit or dangerous load of the substance, or an exponent n above 0, at most 10"
            number(self.load, "load", low=1e-3, high=10.0, fix=fix)
        self.largest = np.zeros(self.shape)
        self.peak_time = np.full(self.shape, np.nan)
        self.arrival, self.departure = np.full(self.shape, np.inf), np.full(self.shape, -np.inf)
        self._sums = [np.zeros(self.shape), np.zeros(self.shape)]
        self._before = [None, None]

    def take(self, t: float, values: _Array, *, last: bool) -> None:
        """Add the frame at time `t` [s], later than the one before; `last` tells whether it is the last of them."""
        higher = values > self.largest
        self.largest[higher] = values[higher]
        self.peak_time[higher] = t
        reached = values >= self.level if self.level > 0.0 else values > 0.0
        self.arrival[reached & (self.arrival == np.inf)] = t
        self.departure[reached] = t
        if self.load is not None:
            rate = self._rate(values)
            for k in (0, 1):
                if k and self._seen % 2 and not last:
                    continue
                before = self._before[k]
                if before is not None:
                    self._sums[k] += 0.5 * (t - before[0]) * (rate + before[1])
                self._before[k] = (t, rate)
        self._seen += 1

    def _rate(self, values: _Array) -> _Array:
        """Load gathered in a second."""
        n, unit = self._kind()
        given = np.maximum(values, 0.0)
        if unit == "ppm":
            molar_mass = self.substance.molar_mass
            given = concentration_to_ppm(
                given, molar_mass=molar_mass, temperature=self.air.temperature, pressure=self.air.pressure
            )
        else:
            given = given * 1e6
        rate: _Array = given**n / 60.0
        return rate

    def _kind(self) -> tuple[float, str]:
        if isinstance(self.load, Probit | DangerousLoad):
            return self.load.n, self.load.unit
        assert self.load is not None
        return float(self.load), "ppm"

    @property
    def toxic_load(self) -> tuple[ToxicLoad, _Array] | tuple[None, None]:
        """Load, and how far it is from that over every second time."""
        if self.load is None:
            return None, None
        n, unit = self._kind()
        fine, coarse = self._sums
        load = ToxicLoad(
            value=fine, n=n, unit="ppm" if unit == "ppm" else "mg/m3", substance=self.substance.name
        )  # fmt: skip
        return load, np.abs(fine - coarse)


def halved(times: _Array) -> _Array:
    """The times with one more halfway between each two."""
    middle = 0.5 * (times[1:] + times[:-1])
    return np.sort(np.concatenate([times, middle]))
