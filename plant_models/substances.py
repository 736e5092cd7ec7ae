"""Substances: physical properties with their ranges and sources, and the harm they do.

The tables in ``plant_models/data`` carry a source for every group of values. A property asked for outside the range
of its correlation raises :class:`~twin.errors.ModelError`; nothing is extrapolated.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Literal, cast

from plant_models.frozen import reduce_value
from plant_models.harm import Harm, Probit, Threshold
from twin.errors import ModelError, near
from twin.weather import GAS_CONSTANT

__all__ = ["Curve", "Substance", "known_substances", "substance"]


def _dippr101(t: float, c: Sequence[float]) -> float:
    return math.exp(c[0] + c[1] / t + c[2] * math.log(t) + c[3] * t ** c[4])


def _dippr105(t: float, c: Sequence[float]) -> float:
    return float(c[0] / c[1] ** (1.0 + (1.0 - t / c[2]) ** c[3]))


def _dippr106(t: float, c: Sequence[float]) -> float:
    tr = t / c[4]
    return float(c[0] * (1.0 - tr) ** (c[1] + c[2] * tr + c[3] * tr * tr))


def _polynomial(t: float, c: Sequence[float]) -> float:
    return c[0] + t * (c[1] + t * (c[2] + t * (c[3] + t * c[4])))


def _molar_polynomial(t: float, c: Sequence[float]) -> float:
    return GAS_CONSTANT * _polynomial(t, c)


_FORMS: Mapping[str, Callable[[float, Sequence[float]], float]] = MappingProxyType(
    {
        "dippr101": _dippr101,
        "dippr105": _dippr105,
        "dippr106": _dippr106,
        "polynomial": _polynomial,
        "gas_constant_polynomial": _molar_polynomial,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A property as a function of temperature.

    Forms (T in K): ``dippr101`` exp(c1 + c2/T + c3 ln T + c4 T^c5); ``dippr105`` c1 / c2^(1 + (1 - T/c3)^c4);
    ``dippr106`` c1 (1 - Tr)^(c2 + c3 Tr + c4 Tr²) with Tr = T/c5; ``polynomial`` c1 + c2 T + ... + c5 T⁴;
    ``gas_constant_polynomial`` R times that.

    Parameters
    ----------
    name
        What it gives.
    unit
        Unit of the answer.
    form
        One of the forms above.
    coefficients
        c1 to c5.
    low, high
        Range of temperature. [K]
    source
        Where the coefficients were published.
    """

    name: str
    unit: str
    form: str
    coefficients: tuple[float, ...]
    low: float
    high: float
    source: str

    def at(self, temperature: float, *, of: str = "") -> float:
        """Value at the temperature [K]; `of` names the substance in an error.

        Raises
        ------
        ModelError
            The temperature is outside `low` to `high`.
        """
        if not self.low <= temperature <= self.high:
            raise ModelError(
                f"{self.name} of {of or 'the substance'} is asked for at {temperature:.5g} K",
                fix=f"give a temperature from {self.low:.5g} to {self.high:.5g} K",
            )
        return _FORMS[self.form](temperature, self.coefficients)


@dataclass(frozen=True, slots=True, kw_only=True)
class Substance:
    """A pure substance.

    Parameters
    ----------
    name, name_zh, formula, cas
        Names it is found by.
    aliases
        Further names it is found by.
    molar_mass
        [kg mol⁻¹]
    boiling_point
        At 101 325 Pa. [K]
    critical_temperature
        [K]
    critical_pressure
        [Pa]
    lfl, ufl
        Flammable limits in air, mole fraction; None: not flammable in air.
    associates
        The vapour forms clusters, so that it is heavier than an ideal gas of single molecules.
    curves
        "vapour_pressure", "liquid_density", "latent_heat", "liquid_heat_capacity", "gas_heat_capacity".
    harm
        Thresholds and probits.
    sources
        Source of each group of constants.
    notes
        What a user must know before trusting the numbers.
    """

    name: str
    name_zh: str
    formula: str
    cas: str
    molar_mass: float
    boiling_point: float
    critical_temperature: float
    critical_pressure: float
    curves: Mapping[str, Curve] = field(hash=False)
    harm: Harm
    aliases: tuple[str, ...] = ()
    lfl: float | None = None
    ufl: float | None = None
    associates: bool = False
    sources: Mapping[str, str] = field(default_factory=dict, hash=False)
    notes: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "curves", MappingProxyType(dict(self.curves)))
        object.__setattr__(self, "sources", MappingProxyType(dict(self.sources)))

    def __reduce__(self) -> tuple[Any, ...]:
        return reduce_value(self)

    def vapour_pressure(self, temperature: float) -> float:
        """Saturation pressure at the temperature [K]. [Pa]

        Raises
        ------
        ModelError
            Outside the range of the correlation (triple point to critical point).
        """
        return self.curves["vapour_pressure"].at(temperature, of=self.name)

    def saturation_temperature(self, pressure: float) -> float:
        """Temperature at which the substance boils under the pressure [Pa]. [K]

        Raises
        ------
        ModelError
            No boiling at this pressure: below the triple point or above the critical point.
        """
        curve = self.curves["vapour_pressure"]
        low, high = curve.low, curve.high
        bottom, top = self.vapour_pressure(low), self.vapour_pressure(high)
        if not bottom <= pressure <= top:
            raise ModelError(
                f"{self.name} does not boil at {pressure:.4g} Pa",
                fix=f"give a pressure from {bottom:.4g} to {top:.4g} Pa",
            )
        for _ in range(60):  # bisection: 400 K / 2^60 is below the spacing of doubles
            middle = 0.5 * (low + high)
            low, high = (middle, high) if self.vapour_pressure(middle) < pressure else (low, middle)
        return 0.5 * (low + high)

    def liquid_density(self, temperature: float) -> float:
        """Density of the saturated liquid at the temperature [K]. [kg m⁻³]"""
        return self.curves["liquid_density"].at(temperature, of=self.name) * self.molar_mass

    def gas_density(self, temperature: float, pressure: float) -> float:
        """Density as an ideal gas at the temperature [K] and pressure [Pa]. [kg m⁻³]

        At 1 atm and 20 °C the real gas is denser by 0.04 % (carbon monoxide) to 1.8 % (sulfur dioxide), chlorine by
        1.3 % (reference equations of state, ``tests/validation/substance_properties.csv``); near saturation at
        pressure the difference grows to tens of per cent. Hydrogen fluoride associates and is not covered at all.
        """
        return pressure * self.molar_mass / (GAS_CONSTANT * temperature)

    def latent_heat(self, temperature: float) -> float:
        """Heat of vaporisation at the temperature [K]. [J kg⁻¹]"""
        return self.curves["latent_heat"].at(temperature, of=self.name) / self.molar_mass

    def gas_heat_capacity(self, temperature: float) -> float:
        """Isobaric heat capacity of the ideal gas at the temperature [K]. [J kg⁻¹ K⁻¹]"""
        return self.curves["gas_heat_capacity"].at(temperature, of=self.name) / self.molar_mass

    def heat_capacity_ratio(self, temperature: float) -> float:
        """Ratio cp/cv of the ideal gas at the temperature [K]."""
        cp = self.curves["gas_heat_capacity"].at(temperature, of=self.name)
        return cp / (cp - GAS_CONSTANT)

    def flash_fraction(self, temperature: float, pressure: float) -> float:
        """Mass fraction that boils off when the liquid at `temperature` [K] is let down to `pressure` [Pa].

        One adiabatic stage: x = cp (T - Tb) / L, the heat capacity half-way and the latent heat at the boiling point.

        Raises
        ------
        ModelError
            Outside the range of a correlation, or hotter than what would leave any liquid.

        References
        ----------
        Crowl, D.A. and Louvar, J.F., 2011, Chemical Process Safety, 3rd ed., section 4-7 (flashing liquids).
        """
        boiling = self.saturation_temperature(pressure)
        if temperature <= boiling:
            return 0.0
        heat = self.curves["liquid_heat_capacity"].at(0.5 * (temperature + boiling), of=self.name) / self.molar_mass
        fraction = heat * (temperature - boiling) / self.latent_heat(boiling)
        if fraction > 1.0:
            raise ModelError(
                f"{self.name} at {temperature:.5g} K boils away completely",
                fix="give a lower temperature, or use a gas leak",
            )
        return fraction

    def threshold(self, name: str, *, duration: float | None = None) -> Threshold:
        """Threshold by name; see :meth:`plant_models.harm.Harm.threshold`."""
        return self.harm.threshold(name, duration=duration)

    def __repr__(self) -> str:
        return (
            f"<Substance {self.name} {self.name_zh} {self.formula} CAS {self.cas}: "
            f"{self.molar_mass * 1e3:.4g} g mol⁻¹, boils at {self.boiling_point:.4g} K>"
        )


def _plain(word: str) -> str:
    return re.sub(r"[\s_]+", " ", word).strip().casefold()


@lru_cache(maxsize=1)
def known_substances() -> tuple[Substance, ...]:
    """All substances shipped with the package, in alphabetical order."""
    curves, thresholds = _group(_table("curves")), _group(_table("thresholds"))
    probits = _group(_table("probits"))
    known = [
        _build(row, curves[row["cas"]], thresholds.get(row["cas"], []), probits.get(row["cas"], []))
        for row in _table("substances")
    ]
    return tuple(sorted(known, key=lambda s: s.name))


@lru_cache(maxsize=1)
def _index() -> Mapping[str, Substance]:
    return MappingProxyType(
        {_plain(word): s for s in known_substances() for word in (s.name, s.name_zh, s.formula, s.cas, *s.aliases)}
    )


def substance(name: str) -> Substance:
    """Substance by name, formula, CAS number or Chinese name; upper and lower case are the same.

    Raises
    ------
    ModelError
        Not in the tables; the message names the closest ones.
    """
    found = _index().get(_plain(name))
    if found is None:
        words = [word for s in known_substances() for word in (s.name, s.name_zh, s.formula, s.cas, *s.aliases)]
        hint = near(name, words)
        if hint.startswith("known:"):
            hint = near("", [s.name for s in known_substances()])
        raise ModelError(f"there is no substance {name!r}", fix=hint)
    return found


def _table(name: str) -> list[dict[str, str]]:
    text = (files("plant_models") / "data" / f"{name}.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))


def _group(rows: Sequence[dict[str, str]]) -> dict[str, list[dict[str, str]]]:
    grouped: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        grouped.setdefault(row["cas"], []).append(row)
    return grouped


def _maybe(text: str) -> float | None:
    return float(text) if text else None


def _build(
    row: dict[str, str], curves: list[dict[str, str]], thresholds: list[dict[str, str]], probits: list[dict[str, str]]
) -> Substance:
    name, molar_mass = row["name"], float(row["molar_mass"])
    lfl, ufl = _maybe(row["lfl"]), _maybe(row["ufl"])
    published = [_threshold(name, molar_mass, given) for given in thresholds if given["ppm"]]
    published += [
        Threshold(
            name=limit,
            ppm=value * 1e6,
            duration=None,
            substance=name,
            molar_mass=molar_mass,
            source=row["flammability_source"],
            status="verified",
        )
        for limit, value in (("LFL", lfl), ("UFL", ufl))
        if value is not None
    ]
    sets = {given["set"]: _probit(name, molar_mass, given) for given in probits}
    harm = Harm(
        substance=name,
        thresholds=tuple(published),
        refused={given["name"]: given["source"] for given in thresholds if not given["ppm"]},
        probits=sets,
        default_probit=next((given["set"] for given in probits if given["default"] == "yes"), ""),
        load_exponent=_maybe(row["load_exponent"]),
        load_exponent_source=row["load_exponent_source"],
    )
    return Substance(
        name=name,
        name_zh=row["name_zh"],
        formula=row["formula"],
        cas=row["cas"],
        aliases=tuple(word.strip() for word in row["aliases"].split(";") if word.strip()),
        molar_mass=molar_mass,
        boiling_point=float(row["boiling_point"]),
        critical_temperature=float(row["critical_temperature"]),
        critical_pressure=float(row["critical_pressure"]),
        lfl=lfl,
        ufl=ufl,
        associates=row["associates"] == "yes",
        curves={given["property"]: _curve(given) for given in curves},
        harm=harm,
        sources={"constants": row["constants_source"], "flammability": row["flammability_source"]},
        notes=row["notes"],
    )


def _curve(row: dict[str, str]) -> Curve:
    return Curve(
        name=row["property"].replace("_", " "),
        unit=row["unit"],
        form=row["form"],
        coefficients=tuple(float(row[f"c{k}"] or 0.0) for k in range(1, 6)),
        low=float(row["low"]),
        high=float(row["high"]),
        source=row["source"],
    )


def _threshold(name: str, molar_mass: float, row: dict[str, str]) -> Threshold:
    return Threshold(
        name=row["name"],
        ppm=float(row["ppm"]),
        duration=float(row["minutes"]) * 60.0,
        substance=name,
        molar_mass=molar_mass,
        source=row["source"],
        status="verified" if row["status"] == "verified" else "unverified",
    )


def _probit(name: str, molar_mass: float, row: dict[str, str]) -> Probit:
    return Probit(
        name=row["set"],
        substance=name,
        a=float(row["a"]),
        b=float(row["b"]),
        n=float(row["n"]),
        unit=cast("Literal['ppm', 'mg/m3']", row["unit"]),
        molar_mass=molar_mass,
        source=row["source"],
        status="verified" if row["status"] == "verified" else "unverified",
    )
