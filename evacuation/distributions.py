"""Distributions of human quantities: walking speed, premovement time."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twin.errors import ModelError

__all__ = ["LOVREGLIO", "PREMOVEMENT", "WALKING_SPEED", "Distribution", "premovement", "speed_of_age"]


_TAILED = frozenset({"normal", "lognormal", "gamma", "weibull"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """A distribution cut to [low, high], drawn by inversion: one uniform number a person.

    Build it by :meth:`fixed`, :meth:`uniform`, :meth:`triangular`, :meth:`normal`, :meth:`lognormal`, :meth:`gamma` or
    :meth:`weibull`.

    Parameters
    ----------
    kind
        Its name.
    centre
        Value, mode (triangular), mean (normal) or median (lognormal) before cutting, or scale (gamma, Weibull).
    spread
        Standard deviation (normal), sigma of the logarithm (lognormal) or shape (gamma, Weibull); 0 otherwise.
    low, high
        Cut; no draw lies outside.

    Raises
    ------
    ModelError
        A number that is not finite, a spread that is not positive, or an empty range.
    """

    kind: Literal["fixed", "uniform", "triangular", "normal", "lognormal", "gamma", "weibull"]
    centre: float
    spread: float = 0.0
    low: float = 0.0
    high: float = math.inf

    def __post_init__(self) -> None:
        where = f"Distribution.{self.kind}"
        if not (math.isfinite(self.centre) and math.isfinite(self.spread)) or math.isnan(self.low + self.high):
            raise ModelError(f"{self!r} has a number that is not finite", where=where, fix="give finite numbers")
        if self.kind in _TAILED and self.spread <= 0.0:
            raise ModelError(f"the spread is {self.spread:g}", where=where, fix="give a positive spread, or use fixed")
        if self.kind in _TAILED - {"normal"} and self.centre <= 0.0:
            raise ModelError(f"the median or scale is {self.centre:g}", where=where, fix="give a positive one")
        if self.low > self.high or (self.low == self.high and self.kind != "fixed"):
            raise ModelError(f"the range is {self.low:g} to {self.high:g}", where=where, fix="give low below high")
        if self.kind == "triangular" and not self.low <= self.centre <= self.high:
            raise ModelError(f"the mode {self.centre:g} is outside", where=where, fix="give low <= mode <= high")
        if self.kind in _TAILED and not self._chance(self.low) < self._chance(self.high):
            raise ModelError(f"{self!r} has nothing between its limits", where=where, fix="widen low and high")

    @classmethod
    def fixed(cls, value: float) -> Self:
        """Everybody has the same value."""
        return cls(kind="fixed", centre=value, low=value, high=value)

    @classmethod
    def uniform(cls, low: float, high: float) -> Self:
        """Equal density between two values."""
        return cls(kind="uniform", centre=0.5 * (low + high), low=low, high=high)

    @classmethod
    def normal(cls, mean: float, deviation: float, *, low: float | None = None, high: float | None = None) -> Self:
        """Normal distribution; cut at three deviations either side (and at 0) unless told otherwise."""
        least = max(0.0, mean - 3.0 * deviation) if low is None else low
        return cls(
            kind="normal",
            centre=mean,
            spread=deviation,
            low=least,
            high=mean + 3.0 * deviation if high is None else high,
        )

    @classmethod
    def lognormal(cls, median: float, sigma: float, *, low: float = 0.0, high: float = math.inf) -> Self:
        """Lognormal distribution by its median and the standard deviation of the logarithm."""
        return cls(kind="lognormal", centre=median, spread=sigma, low=low, high=high)

    @classmethod
    def triangular(cls, low: float, mode: float, high: float) -> Self:
        """Density that rises evenly to the mode and falls evenly from it."""
        return cls(kind="triangular", centre=mode, low=low, high=high)

    @classmethod
    def gamma(cls, shape: float, scale: float, *, low: float = 0.0, high: float = math.inf) -> Self:
        """Gamma distribution of mean shape times scale."""
        return cls(kind="gamma", centre=scale, spread=shape, low=low, high=high)

    @classmethod
    def weibull(cls, scale: float, shape: float, *, low: float = 0.0, high: float = math.inf) -> Self:
        """Weibull distribution: 63.2 % lie below the scale."""
        return cls(kind="weibull", centre=scale, spread=shape, low=low, high=high)

    def quantile(self, chance: ArrayLike) -> NDArray[np.float64]:
        """Value not exceeded with the given probability.

        Parameters
        ----------
        chance
            0 to 1, any shape.
        """
        p = np.asarray(chance, float)
        if self.kind == "fixed":
            return np.full(p.shape, self.centre)
        if self.kind == "uniform":
            return np.asarray(self.low + p * (self.high - self.low))
        if self.kind == "triangular":
            return self._triangle(p)
        least, most = self._chance(self.low), self._chance(self.high)
        return np.asarray(np.clip(self._uncut(least + p * (most - least)), self.low, self.high))

    def sample(self, rng: np.random.Generator, n: int) -> NDArray[np.float64]:
        """Draw `n` values; the first values do not depend on `n`."""
        return self.quantile(rng.random(n))

    def _triangle(self, p: NDArray[np.float64]) -> NDArray[np.float64]:
        low, mode, high = self.low, self.centre, self.high
        rising = low + np.sqrt(p * (high - low) * (mode - low))
        falling = high - np.sqrt((1.0 - p) * (high - low) * (high - mode))
        return np.asarray(np.where(p * (high - low) <= mode - low, rising, falling))

    def _uncut(self, p: NDArray[np.float64]) -> NDArray[np.float64]:
        """Quantile before cutting."""
        from scipy.special import gammaincinv, ndtri

        if self.kind == "gamma":
            return np.asarray(self.centre * gammaincinv(self.spread, p))
        if self.kind == "weibull":
            with np.errstate(divide="ignore"):
                return np.asarray(self.centre * (-np.log1p(-p)) ** (1.0 / self.spread))
        score = ndtri(p)
        if self.kind == "lognormal":
            return np.asarray(self.centre * np.exp(self.spread * score))
        return np.asarray(self.centre + self.spread * score)

    def _chance(self, value: float) -> float:
        """Probability before cutting."""
        from scipy.special import gammainc, ndtr

        if self.kind == "normal":
            return float(ndtr((value - self.centre) / self.spread))
        if value <= 0.0:
            return 0.0
        if not math.isfinite(value):
            return 1.0
        if self.kind == "gamma":
            return float(gammainc(self.spread, value / self.centre))
        if self.kind == "weibull":
            return -math.expm1(-((value / self.centre) ** self.spread))
        return float(ndtr(math.log(value / self.centre) / self.spread))

    def __repr__(self) -> str:
        if self.kind == "fixed":
            return f"<Distribution fixed {self.centre:g}>"
        if self.kind == "uniform":
            return f"<Distribution uniform {self.low:g} to {self.high:g}>"
        if self.kind == "triangular":
            return f"<Distribution triangular {self.low:g} to {self.high:g}, mode {self.centre:g}>"
        name = {"normal": "mean", "lognormal": "median"}.get(self.kind, "scale")
        return f"<Distribution {self.kind}, {name} {self.centre:g}, {self.spread:g}, in {self.low:g} to {self.high:g}>"


WALKING_SPEED = Distribution.normal(1.34, 0.26)
"""Free walking speed on the level, mixed adults. [m s⁻¹]

Weidmann U. (1992), Transporttechnik der Fussgänger, Schriftenreihe des IVT 90, ETH Zürich: mean 1.34, deviation 0.26.
Cut at three deviations."""


def _between(one: float, ninety_nine: float) -> Distribution:
    """Lognormal through the 1st and 99th percentile, the form of the tables of PD 7974-6."""
    reach = 2.3263478740408408  # 99th percentile of the standard normal distribution
    return Distribution.lognormal(math.sqrt(one * ninety_nine), math.log(ninety_nine / one) / (2.0 * reach))


PREMOVEMENT: Mapping[str, Distribution] = MappingProxyType(
    {"M1": _between(30.0, 90.0), "M2": _between(60.0, 180.0), "M3": _between(900.0, 1800.0)}
)
"""Premovement time by level of emergency management, for people awake and familiar with the place. [s]

BSI PD 7974-6 (human factors), behavioural scenario A (factory, office), simple buildings: 1st and 99th percentile 30
and 90 s where staff are trained and the system audited (M1), 60 and 180 s with trained staff (M2), 900 and 1800 s with
the least management (M3); lognormal between them, as tabulated in the open evacuation tool AAMKS."""

# Years and m s⁻¹: corners of Weidmann's curve of mean free walking speed over age.
_AGES = (20.0, 30.0, 40.0, 50.0, 70.0, 80.0)
_SPEEDS = (1.61, 1.54, 1.48, 1.41, 1.07, 0.68)


def speed_of_age(age: ArrayLike) -> NDArray[np.float64]:
    """Mean free walking speed on the level at an age. [m s⁻¹]

    Parameters
    ----------
    age
        20 to 80, any shape. [a]

    References
    ----------
    Weidmann U. (1992), Transporttechnik der Fussgänger, Schriftenreihe des IVT 90, ETH Zürich, mean speed over age, at
    the corners that RiMEA guideline 4.1.1, test 7, uses; linear between them.
    """
    return np.asarray(np.interp(np.asarray(age, float), _AGES, _SPEEDS))


# 1st and 99th percentile [s] by familiarity, management level and building level.
_LEVELS: Mapping[tuple[str, str, str], tuple[float, float]] = MappingProxyType(
    {
        ("A", "M1", "B1"): (30.0, 90.0),
        ("A", "M1", "B2"): (30.0, 90.0),
        ("A", "M1", "B3"): (60.0, 120.0),
        ("A", "M2", "B1"): (60.0, 180.0),
        ("A", "M2", "B2"): (60.0, 180.0),
        ("A", "M2", "B3"): (90.0, 210.0),
        ("A", "M3", "B1"): (900.0, 1800.0),
        ("A", "M3", "B2"): (900.0, 1800.0),
        ("A", "M3", "B3"): (930.0, 1830.0),
        ("B", "M1", "B2"): (60.0, 180.0),
        ("B", "M1", "B3"): (90.0, 210.0),
        ("B", "M2", "B1"): (60.0, 240.0),
        ("B", "M2", "B3"): (120.0, 300.0),
        ("B", "M3", "B1"): (900.0, 1800.0),
    }
)


def premovement(scenario: str, management: str, building: str) -> Distribution:
    """Premovement time by the levels of PD 7974-6, the alarm heard at once (level A1). [s]

    Parameters
    ----------
    scenario
        "A": awake and familiar (factory, office); "B": awake and unfamiliar (visitors, shops).
    management
        "M1" trained and audited, "M2" trained, "M3" the least.
    building
        "B1" simple to "B3" large and complex.

    Raises
    ------
    ModelError
        A combination without published percentiles.

    References
    ----------
    BSI PD 7974-6 (human factors), 1st and 99th percentile as tabulated in the open evacuation tool AAMKS; lognormal
    between them. The same tool adds a delay for alarm levels A2 (mean 180 s, standard deviation 120 s) and A3 (300 s,
    180 s), whose form it does not tell; it is not in here: let the order come later.
    """
    wanted = (scenario, management, building)
    if wanted not in _LEVELS:
        known = ", ".join("/".join(levels) for levels in _LEVELS)
        raise ModelError(
            f"no premovement times for {'/'.join(wanted)}", where="premovement", fix=f"take one of {known}"
        )
    return _between(*_LEVELS[wanted])


LOVREGLIO: Mapping[str, Distribution] = MappingProxyType(
    {
        "gamma": Distribution.gamma(1.291, 103.901),
        "lognormal": Distribution.lognormal(math.exp(4.586), 0.967),
        "weibull": Distribution.weibull(139.285, 1.195),
    }
)
"""Premovement times in business buildings, cluster 1, by form of the fit. [s]

Lovreglio R., Kuligowski E., Gwynne S., Boyce K. (2019), A pre-evacuation database for use in egress simulations, Fire
Safety Journal 105: 13 591 people in 9 incidents and 103 drills; figures as given by pyFDS-Evac."""
