"""What a gas does to people: thresholds, toxic load and probit."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from numbers import Real
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plant_models.frozen import reduce_value
from twin.errors import ModelError, UnitError, near
from twin.weather import GAS_CONSTANT

__all__ = [
    "DangerousLoad",
    "Harm",
    "Probit",
    "Threshold",
    "ToxicLoad",
    "concentration_to_ppm",
    "ppm_to_concentration",
    "probability_to_probit",
    "probit_to_probability",
]

# s, the shortest and longest duration AEGLs are published for (NRC 2001, Standing Operating Procedures)
_SHORTEST, _LONGEST = 600.0, 28800.0
# K and Pa, the air a limit stated in mg/m³ is turned into ppm at: samples of workplace air are reduced to 20 °C and
# 101.3 kPa (GBZ 159-2004; not checked against the source text)
_LIMIT_TEMPERATURE, _LIMIT_PRESSURE = 293.15, 101325.0


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


def probability_to_probit(probability: ArrayLike) -> NDArray[np.float64]:
    """Probit of a probability: 5 plus the standard normal quantile.

    Parameters
    ----------
    probability
        Any shape.

    Returns
    -------
    ndarray
        Probit, the shape of `probability`; 5 for one half.

    Raises
    ------
    ModelError
        A probability outside 0 to 1, ends excluded.

    References
    ----------
    Finney, D.J., 1971, Probit Analysis, 3rd ed., Cambridge University Press.
    """
    from scipy.special import ndtri

    given = np.asarray(probability, float)
    if not np.all((given > 0.0) & (given < 1.0)):
        raise ModelError(f"probability is {probability!r}", fix="give values between 0 and 1")
    return np.asarray(ndtri(given) + 5.0)


def probit_to_probability(probit: ArrayLike) -> NDArray[np.float64]:
    """Probability that belongs to a probit of any shape, the inverse of :func:`probability_to_probit`."""
    from scipy.special import ndtr

    return np.asarray(ndtr(np.asarray(probit, float) - 5.0))


def _load_unit(unit: str, n: float) -> str:
    return f"{unit}^{n:g} min" if n != 1.0 else f"{unit} min"


def _steady(load: ArrayLike, n: float, duration: float, where: str) -> NDArray[np.float64]:
    """Concentration, in the unit of the load, that gathers it evenly in the duration [s]."""
    if not isinstance(duration, Real) or not 0.0 < duration < math.inf:
        raise ModelError(f"duration is {duration!r} s", where=where, fix="give a finite duration above 0 s")
    return np.asarray((np.asarray(load, float) * 60.0 / duration) ** (1.0 / n))


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """A concentration that means something, by name.

    Parameters
    ----------
    name
        "AEGL-2", "ERPG-3", "IDLH", "LFL", "MAC" ...
    ppm
        Volume fraction in air; worked out at 20 °C and 101 325 Pa where the limit is stated as a mass. [1e-6]
    duration
        Exposure it is stated for; None for a flammable limit and a limit that holds at any time. [s]
    substance
        Name of the substance.
    molar_mass
        Of the substance. [kg mol⁻¹]
    source
        Where the value was published.
    status
        "verified" when the value was read in the source or in a document that quotes it, else "unverified".
    mass_concentration
        The limit itself where it is stated as a mass, such as those of GBZ 2.1; None where it is stated in ppm.
        [kg m⁻³]

    Raises
    ------
    ModelError
        Neither ppm nor mass given, or a value that is not above 0.
    """

    name: str
    ppm: float = math.nan
    duration: float | None
    substance: str
    molar_mass: float
    source: str
    status: Literal["verified", "unverified"]
    mass_concentration: float | None = None

    def __post_init__(self) -> None:
        if self.mass_concentration is not None:
            air = {"temperature": _LIMIT_TEMPERATURE, "pressure": _LIMIT_PRESSURE}
            ppm = concentration_to_ppm(self.mass_concentration, molar_mass=self.molar_mass, **air)
            object.__setattr__(self, "ppm", float(ppm))
        if not self.ppm > 0.0:
            raise ModelError(
                f"{self.name} of {self.substance} is {self.ppm!r} ppm", fix="give ppm, or mass_concentration, above 0"
            )

    def concentration(self, temperature: float, pressure: float) -> float:
        """Mass concentration at the temperature [K] and pressure [Pa] of the air. [kg m⁻³]

        A limit stated as a mass is that mass, whatever the air.
        """
        if self.mass_concentration is not None:
            return self.mass_concentration
        return float(
            ppm_to_concentration(self.ppm, molar_mass=self.molar_mass, temperature=temperature, pressure=pressure)
        )

    def __repr__(self) -> str:
        minutes = "" if self.duration is None else f" ({self.duration / 60.0:.3g} min)"
        doubt = "" if self.status == "verified" else " (unverified)"
        mass = self.mass_concentration
        value = f"{self.ppm:.4g} ppm" if mass is None else f"{mass * 1e6:.4g} mg/m3"
        return f"<Threshold {self.substance} {self.name}{minutes} {value}{doubt}>"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ToxicLoad:
    """A toxic load cⁿ t that knows what it is made of, so that it cannot be read with the probit of another set.

    Parameters
    ----------
    value
        Any shape. [`load_unit`]
    n
        Load exponent.
    unit
        Concentration unit of the load.
    substance
        Name of the substance.
    """

    value: NDArray[np.float64]
    n: float
    unit: Literal["ppm", "mg/m3"]
    substance: str

    @property
    def load_unit(self) -> str:
        """Unit of the load, such as "ppm^2 min"."""
        return _load_unit(self.unit, self.n)

    def read_by(self, other: Probit | DangerousLoad) -> NDArray[np.float64]:
        """Value of the load, for a probit or a dangerous load of the same substance, exponent and unit.

        Raises
        ------
        ModelError
            The load was gathered for another substance, exponent or unit.
        """
        if (self.substance, self.n, self.unit) != (other.substance, other.n, other.unit):
            raise ModelError(
                f"a load of {self.substance} in {self.load_unit} is read by {other.name} of {other.substance}, "
                f"which is in {other.load_unit}",
                fix=f"gather the load with {other.name} itself; sets of different authors do not mix",
            )
        return self.value

    def __repr__(self) -> str:
        return f"<ToxicLoad {self.substance} {np.array2string(self.value, precision=4)} {self.load_unit}>"


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
        return _load_unit(self.unit, self.n)

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

    def load_of(self, times: ArrayLike, concentration: ArrayLike, *, temperature: float, pressure: float) -> ToxicLoad:
        """Toxic load of a history of concentration.

        Trapezoids of cⁿ between the samples. Where c runs straight between them this is too high for n above 1 and too
        low for n below 1, by a share that falls with the square of the step: sample the edges of a cloud finely.

        Parameters
        ----------
        times
            Rising, shape (k,) with k of at least 2. [s]
        concentration
            Mass concentration at the times, shape (..., k); negative values count as zero. [kg m⁻³]
        temperature, pressure
            Of the air. [K], [Pa]

        Returns
        -------
        ToxicLoad
            Shape (...).

        Raises
        ------
        ModelError
            Times that do not rise, or as many concentrations as there are not times.
        """
        at, given = np.asarray(times, float), np.asarray(concentration, float)
        where = f"probit {self.name}"
        if at.ndim != 1 or at.size < 2 or not np.all(np.diff(at) > 0.0):
            raise ModelError("the times do not rise", where=where, fix="give two or more rising times in seconds")
        if given.shape[-1:] != at.shape:
            raise ModelError(
                f"concentration has shape {given.shape} for {at.size} times", where=where, fix="time is the last axis"
            )
        rate = self.load_rate(given, temperature, pressure)
        value = np.sum(0.5 * (rate[..., 1:] + rate[..., :-1]) * np.diff(at), axis=-1)
        return ToxicLoad(value=np.asarray(value), n=self.n, unit=self.unit, substance=self.substance)

    def probability(self, load: ArrayLike | ToxicLoad) -> NDArray[np.float64]:
        """Probability of death after the load, exactly 0 for no load.

        Parameters
        ----------
        load
            Toxic load, any shape. [`load_unit`]

        Raises
        ------
        ModelError
            A :class:`ToxicLoad` gathered for another set.
        """
        given = np.asarray(load.read_by(self) if isinstance(load, ToxicLoad) else load, float)
        some = given > 0.0
        dead = probit_to_probability(self.a + self.b * np.log(np.where(some, given, 1.0)))
        return np.asarray(np.where(some, dead, np.where(np.isnan(given), np.nan, 0.0)))

    def load(self, probability: ArrayLike) -> NDArray[np.float64]:
        """Load that kills with the given probability, the inverse of :meth:`probability`. [`load_unit`]

        Raises
        ------
        ModelError
            A probability outside 0 to 1, ends excluded.
        """
        return np.asarray(np.exp((probability_to_probit(probability) - self.a) / self.b))

    def lethal_concentration(
        self, probability: ArrayLike, *, duration: float, temperature: float, pressure: float
    ) -> NDArray[np.float64]:
        """Steady mass concentration that kills with the probability: LC50 for 0.5, LC01 for 0.01.

        Parameters
        ----------
        probability
            Of death, any shape.
        duration
            Of the exposure. [s]
        temperature, pressure
            Of the air; matter for a load in ppm only. [K], [Pa]

        Returns
        -------
        ndarray
            The shape of `probability`. [kg m⁻³]

        Raises
        ------
        ModelError
            A probability outside 0 to 1, ends excluded, or a duration that is not above 0.
        """
        steady = _steady(self.load(probability), self.n, duration, f"probit {self.name}")
        if self.unit == "mg/m3":
            return np.asarray(steady * 1e-6)
        return ppm_to_concentration(steady, molar_mass=self.molar_mass, temperature=temperature, pressure=pressure)

    def lethal_ppm(
        self, probability: ArrayLike, *, duration: float, temperature: float, pressure: float
    ) -> NDArray[np.float64]:
        """:meth:`lethal_concentration` as a volume fraction; the air matters for a load in mg/m³ only. [1e-6]"""
        air = {"temperature": temperature, "pressure": pressure}
        mass = self.lethal_concentration(probability, duration=duration, **air)
        return concentration_to_ppm(mass, molar_mass=self.molar_mass, **air)

    def __repr__(self) -> str:
        doubt = "" if self.status == "verified" else " (unverified)"
        sign = "+" if self.b >= 0 else "-"
        return (
            f"<Probit {self.substance} {self.name}: Pr = {self.a:g} {sign} {abs(self.b):g} ln(c^{self.n:g} t), "
            f"c in {self.unit}, t in min{doubt}>"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DangerousLoad:
    """A toxic load with a published meaning, such as the SLOT and SLOD of the UK Health and Safety Executive.

    SLOT, the specified level of toxicity: severe distress to nearly everyone, a substantial part in need of medical
    care, some seriously injured, highly susceptible people possibly killed. SLOD: significant likelihood of death.

    Parameters
    ----------
    name
        "SLOT" or "SLOD".
    substance
        Name of the substance.
    value
        [`load_unit`]
    n
        Load exponent.
    unit
        Concentration unit of the load.
    molar_mass
        Of the substance, for ppm. [kg mol⁻¹]
    source
        Where the load was published.
    status
        "verified" when the value was read in the source or in a document that quotes it, else "unverified".

    References
    ----------
    Health and Safety Executive, Toxicity levels of chemicals: assessment of the dangerous toxic load (DTL) for
    specified level of toxicity (SLOT) and significant likelihood of death (SLOD).
    """

    name: str
    substance: str
    value: float
    n: float
    unit: Literal["ppm", "mg/m3"]
    molar_mass: float
    source: str
    status: Literal["verified", "unverified"]

    @property
    def load_unit(self) -> str:
        """Unit of the load, such as "ppm^2 min"."""
        return _load_unit(self.unit, self.n)

    def share(self, load: ToxicLoad) -> NDArray[np.float64]:
        """The load as a share of this one; 1 and more means that it was reached."""
        return np.asarray(load.read_by(self) / self.value)

    def concentration(self, *, duration: float, temperature: float, pressure: float) -> float:
        """Steady mass concentration that gathers the load in the duration [s], in air at [K] and [Pa]. [kg m⁻³]"""
        steady = float(_steady(self.value, self.n, duration, self.name))
        if self.unit == "mg/m3":
            return steady * 1e-6
        return float(
            ppm_to_concentration(steady, molar_mass=self.molar_mass, temperature=temperature, pressure=pressure)
        )

    def __repr__(self) -> str:
        doubt = "" if self.status == "verified" else " (unverified)"
        return f"<DangerousLoad {self.substance} {self.name}: {self.value:.4g} {self.load_unit}{doubt}>"


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
    dangerous_loads
        Published toxic loads by name.
    """

    substance: str
    thresholds: tuple[Threshold, ...] = ()
    refused: Mapping[str, str] = field(default_factory=dict, hash=False)
    probits: Mapping[str, Probit] = field(default_factory=dict, hash=False)
    default_probit: str = ""
    load_exponent: float | None = None
    load_exponent_source: str = ""
    dangerous_loads: Mapping[str, DangerousLoad] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "refused", MappingProxyType(dict(self.refused)))
        object.__setattr__(self, "probits", MappingProxyType(dict(self.probits)))
        object.__setattr__(self, "dangerous_loads", MappingProxyType(dict(self.dangerous_loads)))

    def __reduce__(self) -> tuple[Any, ...]:
        return reduce_value(self)

    def probit(self, name: str | None = None) -> Probit:
        """Probit set by name, or the default one.

        Raises
        ------
        ModelError
            The substance has no such set, or none is asked for and none is the default.
        """
        if not self.probits:
            raise ModelError(
                f"no probit is known for {self.substance}", fix="use a threshold, or another substance for this drill"
            )
        if name is None and not self.default_probit:
            sets = ", ".join(f"{p.name} ({p.status})" for p in self.probits.values())
            raise ModelError(f"no probit set of {self.substance} is the default", fix=f"name one: {sets}")
        wanted = self.default_probit if name is None else name
        for known, probit in self.probits.items():
            if _plain(known) == _plain(wanted):
                return probit
        raise ModelError(f"{self.substance} has no probit set {wanted!r}", fix=near(wanted, self.probits))

    def dangerous_load(self, name: str) -> DangerousLoad:
        """Published toxic load by name, "SLOT" or "SLOD".

        Raises
        ------
        ModelError
            The substance has no such load.
        """
        for known, load in self.dangerous_loads.items():
            if _plain(known) == _plain(name):
                return load
        fix = near(name, self.dangerous_loads) if self.dangerous_loads else "use a threshold or a probit"
        raise ModelError(f"{self.substance} has no dangerous load {name!r}", fix=fix)

    def threshold(self, name: str, *, duration: float | None = None) -> Threshold:
        """Threshold by name.

        Between two published durations the value follows ``c**n * t = constant`` with the n that joins the two
        published values, so that every published value is met exactly. Below the shortest duration known, 10 min or
        1 h, that value is held: a shorter exposure has a higher, less careful one.

        Parameters
        ----------
        name
            "AEGL-1" to "AEGL-3", "ERPG-1" to "ERPG-3", "PAC-1" to "PAC-3", "IDLH", "LFL", "UFL", "MAC", "PC-TWA",
            "PC-STEL", "TWA" or "STEL".
        duration
            Exposure; needed for an AEGL, 8 h at most. [s]

        Raises
        ------
        ModelError, UnitError
            Unknown name, no value published, duration missing, out of range or not a number.
        """
        if duration is not None and (isinstance(duration, bool) or not isinstance(duration, Real)):
            raise UnitError(f"duration is {duration!r}, not a number", fix="give seconds, such as 600.0")
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
        if duration in by_time:
            return by_time[duration]
        if duration < times[0]:
            first = by_time[times[0]]
            return replace(first, duration=duration, source=f"{first.source}; the {times[0] / 60:g}-min value held")
        if duration > times[-1]:
            raise ModelError(
                f"{name} of {self.substance} is known for up to {times[-1] / 60:g} min, not {duration / 60:g} min",
                fix=f"give a duration up to {times[-1]:g} s",
            )
        after = next(k for k, t in enumerate(times) if t > duration)
        low, high = by_time[times[after - 1]], by_time[times[after]]
        share = math.log(duration / times[after - 1]) / math.log(times[after] / times[after - 1])
        factor = (high.ppm / low.ppm) ** share
        both = low.status == high.status == "verified"
        return replace(
            low,
            ppm=low.ppm * factor,
            mass_concentration=None if low.mass_concentration is None else low.mass_concentration * factor,
            duration=duration,
            source=f"{low.source}; interpolated between {times[after - 1] / 60:g} and {times[after] / 60:g} min",
            status="verified" if both else "unverified",
        )

    def __repr__(self) -> str:
        names = ", ".join(dict.fromkeys(t.name for t in self.thresholds))
        probits = ", ".join(self.probits) or "none"
        return f"<Harm of {self.substance}: {names or 'no thresholds'}; probit sets: {probits}>"
