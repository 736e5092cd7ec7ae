"""What a gas does to people: thresholds, toxic load and probit."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plant_models.frozen import reduce_value
from twin.errors import ModelError, near
from twin.weather import GAS_CONSTANT

__all__ = [
    "Harm",
    "Probit",
    "Threshold",
    "concentration_to_ppm",
    "ppm_to_concentration",
]

_SHORTEST, _LONGEST = (
    600.0,
    28800.0,
)  # s, the durations AEGLs are published for (NRC 2001, Standing Operating Procedures)


def ppm_to_concentration(
    ppm: ArrayLike, *, molar_mass: float, temperature: float, pressure: float
) -> NDArray[np.float64]:
    """Mass concentration of a volume fraction, as an ideal gas.

    Parameters
    ----------
    ppm
        Volume (mole) fraction, any shape. [1e-6]
    molar_mass
        Of the gas. [kg mol⁻¹]
    temperature
        Of the air. [K]
    pressure
        Of the air. [Pa]

    Returns
    -------
    ndarray
        Concentration, the shape of `ppm`. [kg m⁻³]
    """
    molar_density = pressure / (GAS_CONSTANT * temperature)
    return np.asarray(np.asarray(ppm, float) * 1e-6 * molar_density * molar_mass)


def concentration_to_ppm(
    concentration: ArrayLike, *, molar_mass: float, temperature: float, pressure: float
) -> NDArray[np.float64]:
    """Volume fraction of a mass concentration, as an ideal gas; the inverse of :func:`ppm_to_concentration`.

    Parameters
    ----------
    concentration
        Mass concentration, any shape. [kg m⁻³]
    molar_mass
        Of the gas. [kg mol⁻¹]
    temperature
        Of the air. [K]
    pressure
        Of the air. [Pa]

    Returns
    -------
    ndarray
        Volume fraction, the shape of `concentration`. [1e-6]
    """
    molar_density = pressure / (GAS_CONSTANT * temperature)
    return np.asarray(np.asarray(concentration, float) * 1e6 / (molar_density * molar_mass))


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """A concentration that means something, by name.

    Parameters
    ----------
    name
        "AEGL-2", "ERPG-3", "IDLH", "LFL" ...
    ppm
        Volume fraction in air. [1e-6]
    duration
        Exposure it is stated for; None for a flammable limit. [s]
    substance
        Name of the substance.
    molar_mass
        Of the substance. [kg mol⁻¹]
    source
        Where the value was published.
    status
        "verified" when the value was read in the source or in a document that quotes it, else "unverified".
    """

    name: str
    ppm: float
    duration: float | None
    substance: str
    molar_mass: float
    source: str
    status: Literal["verified", "unverified"]

    def concentration(self, temperature: float, pressure: float) -> float:
        """Mass concentration at the temperature [K] and pressure [Pa] of the air. [kg m⁻³]"""
        return float(
            ppm_to_concentration(self.ppm, molar_mass=self.molar_mass, temperature=temperature, pressure=pressure)
        )

    def __repr__(self) -> str:
        minutes = "" if self.duration is None else f" ({self.duration / 60.0:.3g} min)"
        doubt = "" if self.status == "verified" else " (unverified)"
        return f"<Threshold {self.substance} {self.name}{minutes} {self.ppm:.4g} ppm{doubt}>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Probit:
    """One published probit: Pr = a + b ln(load), load = cⁿ t with c in `unit` and t in minutes.

    Sets of different authors are kept side by side and never mixed: `a`, `b`, `n` and `unit` belong together.

    Parameters
    ----------
    name
        Name of the set, such as "lees".
    substance
        Name of the substance.
    a, b
        Probit coefficients.
    n
        Load exponent.
    unit
        Concentration unit of the load.
    molar_mass
        Of the substance, for ppm. [kg mol⁻¹]
    source
        Where the set was published.
    status
        "verified" when the coefficients were read in the source or in a document that quotes it, else "unverified".

    References
    ----------
    Finney, D.J., 1971, Probit Analysis, 3rd ed., Cambridge University Press.
    """

    name: str
    substance: str
    a: float
    b: float
    n: float
    unit: Literal["ppm", "mg/m3"]
    molar_mass: float
    source: str
    status: Literal["verified", "unverified"]

    @property
    def load_unit(self) -> str:
        """Unit of the load, such as "ppm^2 min"."""
        return f"{self.unit}^{self.n:g} min" if self.n != 1.0 else f"{self.unit} min"

    def load_rate(self, concentration: ArrayLike, temperature: float, pressure: float) -> NDArray[np.float64]:
        """Toxic load gathered per second of exposure.

        Parameters
        ----------
        concentration
            Mass concentration, any shape; negative values count as zero. [kg m⁻³]
        temperature
            Of the air; matters for a load in ppm only. [K]
        pressure
            Of the air; matters for a load in ppm only. [Pa]

        Returns
        -------
        ndarray
            ``c**n / 60``, the shape of `concentration`. [`load_unit` s⁻¹]
        """
        mass = np.maximum(np.asarray(concentration, float), 0.0)
        if self.unit == "ppm":
            c = concentration_to_ppm(mass, molar_mass=self.molar_mass, temperature=temperature, pressure=pressure)
        else:
            c = mass * 1e6
        return np.asarray(c**self.n / 60.0)

    def probability(self, load: ArrayLike) -> NDArray[np.float64]:
        """Probability of death after the load, exactly 0 for no load.

        Parameters
        ----------
        load
            Toxic load, any shape. [`load_unit`]
        """
        from scipy.special import ndtr

        given = np.asarray(load, float)
        some = given > 0.0
        probit = self.a + self.b * np.log(np.where(some, given, 1.0))
        return np.asarray(np.where(some, ndtr(probit - 5.0), np.where(np.isnan(given), np.nan, 0.0)))

    def load(self, probability: ArrayLike) -> NDArray[np.float64]:
        """Load that kills with the given probability, the inverse of :meth:`probability`. [`load_unit`]

        Raises
        ------
        ModelError
            A probability outside 0 to 1, ends excluded.
        """
        from scipy.special import ndtri

        given = np.asarray(probability, float)
        if not np.all((given > 0.0) & (given < 1.0)):
            raise ModelError(
                f"probability is {probability!r}", where=f"probit {self.name}", fix="give values between 0 and 1"
            )
        return np.asarray(np.exp((ndtri(given) + 5.0 - self.a) / self.b))

    def __repr__(self) -> str:
        doubt = "" if self.status == "verified" else " (unverified)"
        sign = "+" if self.b >= 0 else "-"
        return (
            f"<Probit {self.substance} {self.name}: Pr = {self.a:g} {sign} {abs(self.b):g} ln(c^{self.n:g} t), "
            f"c in {self.unit}, t in min{doubt}>"
        )


def _plain(name: str) -> str:
    """Spelling in which names are compared: "aegl 2" and "AEGL-2" are one."""
    return re.sub(r"[\s_-]+", "", name).casefold()


@dataclass(frozen=True, slots=True, kw_only=True)
class Harm:
    """What is known of the harm a substance does.

    Parameters
    ----------
    substance
        Name of the substance.
    thresholds
        Published values, AEGLs once a duration.
    refused
        Thresholds whose authors gave no value, by name, with their reason.
    probits
        Probit sets by name.
    default_probit
        Name of the set taken when none is asked for; "" when there is none.
    load_exponent
        Exponent n of the toxic load cⁿ t; None when not known.
    load_exponent_source
        Where n was published, and its status.
    """

    substance: str
    thresholds: tuple[Threshold, ...] = ()
    refused: Mapping[str, str] = field(default_factory=dict, hash=False)
    probits: Mapping[str, Probit] = field(default_factory=dict, hash=False)
    default_probit: str = ""
    load_exponent: float | None = None
    load_exponent_source: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "refused", MappingProxyType(dict(self.refused)))
        object.__setattr__(self, "probits", MappingProxyType(dict(self.probits)))

    def __reduce__(self) -> tuple[Any, ...]:
        return reduce_value(self)

    def probit(self, name: str | None = None) -> Probit:
        """Probit set by name, or the default one.

        Raises
        ------
        ModelError
            The substance has no such set.
        """
        if not self.probits:
            raise ModelError(
                f"no probit is known for {self.substance}", fix="use a threshold, or another substance for this drill"
            )
        wanted = self.default_probit if name is None else name
        for known, probit in self.probits.items():
            if _plain(known) == _plain(wanted):
                return probit
        raise ModelError(f"{self.substance} has no probit set {wanted!r}", fix=near(wanted, self.probits))

    def threshold(self, name: str, *, duration: float | None = None) -> Threshold:
        """Threshold by name.

        Between two published durations the value follows ``c**n * t = constant`` with the n that joins the two
        published values, so that every published value is met exactly. Below 10 min the 10-min value is held: going on
        with the same n would give a higher, less careful value.

        Parameters
        ----------
        name
            "AEGL-1", "AEGL-2", "AEGL-3", "ERPG-1", "ERPG-2", "ERPG-3", "IDLH", "LFL" or "UFL".
        duration
            Exposure; needed for an AEGL, 8 h at most. [s]

        Raises
        ------
        ModelError
            Unknown name, no value published, duration missing or out of range.
        """
        found = [t for t in self.thresholds if _plain(t.name) == _plain(name)]
        if not found:
            for word, reason in self.refused.items():
                if _plain(word) == _plain(name):
                    raise ModelError(f"there is no {word} for {self.substance}: {reason}", fix=self._others())
            known = {t.name for t in self.thresholds}
            raise ModelError(f"{self.substance} has no threshold {name!r}", fix=near(name, known))
        if found[0].name.startswith("AEGL"):
            return self._at_duration(found, duration)
        only = found[0]
        if duration is not None and only.duration != duration:
            stated = "no duration" if only.duration is None else f"{only.duration / 60.0:g} min"
            raise ModelError(f"{only.name} is stated for {stated}, not {duration:g} s", fix="leave the duration out")
        return only

    def _others(self) -> str:
        names = sorted({t.name for t in self.thresholds})
        return f"{self.substance} has {', '.join(names)}" if names else ""

    def _at_duration(self, published: Sequence[Threshold], duration: float | None) -> Threshold:
        name = published[0].name
        if duration is None:
            raise ModelError(f"{name} needs a duration", fix="duration=600.0 for ten minutes; published: 10 min to 8 h")
        if not 0.0 < duration <= _LONGEST:
            raise ModelError(
                f"{name} is not defined for {duration:g} s",
                fix=f"give a duration up to {_LONGEST:g} s (8 h); below {_SHORTEST:g} s the 10-min value is held",
            )
        by_time = {t.duration: t for t in published if t.duration is not None}
        times = sorted(by_time)
        if duration <= times[0]:
            return replace(by_time[times[0]], duration=duration)
        if duration in by_time:
            return by_time[duration]
        after = next(k for k, t in enumerate(times) if t > duration)
        low, high = by_time[times[after - 1]], by_time[times[after]]
        share = math.log(duration / times[after - 1]) / math.log(times[after] / times[after - 1])
        ppm = low.ppm * (high.ppm / low.ppm) ** share
        both = low.status == high.status == "verified"
        return replace(
            low,
            ppm=ppm,
            duration=duration,
            source=f"{low.source}; interpolated between {times[after - 1] / 60:g} and {times[after] / 60:g} min",
            status="verified" if both else "unverified",
        )

    def __repr__(self) -> str:
        names = ", ".join(dict.fromkeys(t.name for t in self.thresholds))
        probits = ", ".join(self.probits) or "none"
        return f"<Harm of {self.substance}: {names or 'no thresholds'}; probit sets: {probits}>"
