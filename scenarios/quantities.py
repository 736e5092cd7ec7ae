"""The words a scenario is written in: quantities with units, bilingual text, spreads of times and speeds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import exp, inf, isfinite
from statistics import NormalDist
from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    StringConstraints,
    ValidationInfo,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from twin.errors import UnitError
from twin.units import parse_quantity, show_quantity

__all__ = [
    "Angle",
    "DurationSpread",
    "Fraction",
    "Identifier",
    "Kelvin",
    "Length",
    "Mass",
    "MassRate",
    "Paper",
    "Pascal",
    "PositiveSeconds",
    "Quantity",
    "Seconds",
    "Speed",
    "SpeedSpread",
    "Tag",
    "Text",
    "Word",
    "read_text",
]

# What a scenario may write as a quantity; anything else never reaches the unit parser, which evaluates expressions.
_FACTOR = r"(?:1|[A-Za-zµμΩ°℃%]+(?:(?:\^|\*\*)-?\d|\d)?)"
_SHAPE = re.compile(
    rf"^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*(?:{_FACTOR}(?:\s*[/* ]\s*{_FACTOR}){{0,3}})?\s*$"
)
_LONGEST = 80
_WITH_UNIT = r"^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?(?![eE]?[+-]?\d*\s*$)\s*[A-Za-z%°℃µμ1].*$"


class Paper(BaseModel):
    """Base of everything written on paper: frozen, and unknown keys are refused."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        populate_by_name=True,
        protected_namespaces=(),
        use_attribute_docstrings=True,
    )


@dataclass(frozen=True, slots=True)
class Quantity:
    """Field marker: a number with a unit, stored in SI.

    In a file the value is text with its unit (``"3 min"``) and a bare number is refused; in Python a bare number is SI.
    The marker stays in the field's metadata, so the unit of every field can be asked for.

    Parameters
    ----------
    unit
        Unit of the stored value; "" for a plain number or fraction.
    low, high
        Allowed range, both ends included.
    above
        Whether `low` itself is refused.
    example
        How a planner writes it.
    """

    unit: str
    low: float = -inf
    high: float = inf
    above: bool = False
    example: str = ""

    def read(self, given: object, info: ValidationInfo) -> float:
        """Parse what a file or a program gives."""
        from_file = bool((info.context or {}).get("file"))
        if isinstance(given, bool) or not isinstance(given, (int, float, str)):
            raise _refuse(f"{given!r} is not a quantity", f'write a number with its unit, such as "{self.example}"')
        try:
            if isinstance(given, str):
                value = read_text(given, self.unit, bare=not from_file)
            else:
                value = parse_quantity(given, self.unit, bare=not from_file)
        except UnitError as error:
            mend = f'{error.fix or "write a number and a unit"}, such as "{self.example}"'
            if isinstance(given, (int, float)):
                mend = f'write its unit too: "{given} {self.unit}", or another, such as "{self.example}"'
            raise _refuse(error.what, mend) from None
        if not self.low <= value <= self.high or (self.above and value == self.low):
            raise _refuse(f"{given!r} is out of range", self._range())
        return value

    def write(self, value: float) -> str | float:
        """Write the stored value so that reading it gives the same number."""
        return f"{value!r} {self.unit}" if self.unit else value

    def _range(self) -> str:
        low = show_quantity(self.low, self.unit) if isfinite(self.low) else ""
        high = show_quantity(self.high, self.unit) if isfinite(self.high) else ""
        first = f"{'more than' if self.above else 'at least'} {low}" if low else ""
        last = f"at most {high}" if high else ""
        return "give " + " and ".join(part for part in (first, last) if part)

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(
            self.read, serialization=core_schema.plain_serializer_function_ser_schema(self.write, when_used="json")
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        if self.unit:
            shape: JsonSchemaValue = {"type": "string", "pattern": _WITH_UNIT}
        else:
            shape = {"type": ["number", "string"]}
        shape["x-unit"] = self.unit
        shape["examples"] = [self.example]
        return shape


def read_text(given: str, unit: str, *, bare: bool = False) -> float:
    """Read a quantity that is written as a number and a simple unit, in `unit`.

    Raises
    ------
    UnitError
        It is written in any other way, or the unit is unknown or of another dimension.
    """
    if len(given) > _LONGEST or not _SHAPE.match(given):
        raise UnitError(f"{given[:_LONGEST]!r} is not a quantity")
    try:
        return parse_quantity(given, unit, bare=bare)
    except ArithmeticError:
        raise UnitError(f"{given!r} is not a finite number") from None


def _refuse(what: str, fix: str) -> PydanticCustomError:
    return PydanticCustomError("quantity", "{what}", {"what": what, "fix": fix})


Seconds = Annotated[float, Quantity("s", low=0.0, example="3 min")]
PositiveSeconds = Annotated[float, Quantity("s", low=0.0, above=True, example="3 min")]
Length = Annotated[float, Quantity("m", low=0.0, above=True, example="25 mm")]
Speed = Annotated[float, Quantity("m/s", low=0.0, above=True, example="1.25 m/s")]
Angle = Annotated[float, Quantity("deg", low=0.0, high=360.0, example="250 deg")]
MassRate = Annotated[float, Quantity("kg/s", low=0.0, above=True, example="2.0 kg/s")]
Mass = Annotated[float, Quantity("kg", low=0.0, above=True, example="19 t")]
Kelvin = Annotated[float, Quantity("K", low=0.0, above=True, example="20 degC")]
Pascal = Annotated[float, Quantity("Pa", low=0.0, above=True, example="101.3 kPa")]
Fraction = Annotated[float, Quantity("", low=0.0, high=1.0, example="0.8")]
Factor = Annotated[float, Quantity("", low=0.0, high=3.0, above=True, example="0.4")]

Identifier = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_.\-]*$", max_length=64)]
Word = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=48)]
Tag = Annotated[str, StringConstraints(min_length=1, max_length=128)]
_Line = Annotated[str, StringConstraints(min_length=1, max_length=4000, strip_whitespace=True)]


class Text(Paper):
    """What people read, in Chinese and English."""

    zh: _Line
    """Chinese text."""
    en: _Line
    """English text."""

    def say(self, language: Literal["zh", "en"] = "en") -> str:
        """Text in one language."""
        return self.zh if language == "zh" else self.en

    def __str__(self) -> str:
        return self.en


class _Spread(Paper):
    """One of the families, with its numbers."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})

    @model_validator(mode="after")
    def _one_family(self) -> Self:
        given = [name for name in type(self).model_fields if getattr(self, name) is not None]
        if len(given) != 1:
            raise PydanticCustomError(
                "spread",
                "{what}",
                {
                    "what": f"a spread has exactly one family, not {len(given)}",
                    "fix": "write one of " + ", ".join(type(self).model_fields),
                },
            )
        pair = getattr(self, "uniform", None)
        if pair is not None and pair[0] > pair[1]:
            raise PydanticCustomError(
                "spread", "{what}", {"what": "uniform has its ends the wrong way round", "fix": "[lowest, highest]"}
            )
        return self

    @property
    def family(self) -> Literal["fixed", "uniform", "normal", "lognormal"]:
        """Name of the family."""
        for name in ("fixed", "uniform", "normal"):
            if getattr(self, name) is not None:
                return name
        return "lognormal"

    @property
    def parameters(self) -> tuple[float, ...]:
        """Numbers of the family: (value,), (lowest, highest), (mean, deviation) or (median, log-sigma). [SI]"""
        value = getattr(self, self.family)
        return tuple(value) if isinstance(value, tuple) else (float(value),)

    def quantile(self, probability: float) -> float:
        """Value that is not exceeded with the given probability, 0 < p < 1; a normal is cut at zero. [SI]"""
        a, *rest = self.parameters
        if self.family == "fixed":
            return a
        if self.family == "uniform":
            return a + probability * (rest[0] - a)
        z = NormalDist().inv_cdf(probability)
        return max(a + z * rest[0], 0.0) if self.family == "normal" else a * exp(z * rest[0])

    @property
    def median(self) -> float:
        """Middle value. [SI]"""
        return self.quantile(0.5)


class DurationSpread(_Spread):
    """How long something takes: ``{lognormal: [60 s, 0.4]}``, ``{uniform: [30 s, 90 s]}``, ``{fixed: 1 min}``."""

    lognormal: tuple[PositiveSeconds, Factor] | None = None
    """Median and standard deviation of the natural logarithm."""
    normal: tuple[PositiveSeconds, PositiveSeconds] | None = None
    """Mean and standard deviation, cut at zero."""
    uniform: tuple[Seconds, Seconds] | None = None
    """Lowest and highest."""
    fixed: Seconds | None = None
    """Always the same."""


class SpeedSpread(_Spread):
    """How fast people walk: ``{normal: [1.25 m/s, 0.2 m/s]}``, ``{uniform: [...]}``, ``{fixed: ...}``."""

    lognormal: tuple[Speed, Factor] | None = None
    """Median and standard deviation of the natural logarithm."""
    normal: tuple[Speed, Speed] | None = None
    """Mean and standard deviation."""
    uniform: tuple[Speed, Speed] | None = None
    """Lowest and highest."""
    fixed: Speed | None = None
    """Always the same."""
