"""Quantities at the doors: text with a unit in, SI floats out (pint behind it, loaded on first use)."""

from __future__ import annotations

import math
import re
import reprlib
import sys
from functools import lru_cache
from typing import Any

from twin.errors import UnitError

__all__ = ["parse_quantity", "show_quantity", "to_si"]

# The usual ways of writing a unit in plant files that pint does not read as meant.
_SPELLINGS = {
    "%": "percent",
    "℃": "degC",
    "°C": "degC",
    "°F": "degF",
    "°": "degree",
    "deg": "degree",
    "Nm3": "m^3",
    "m3": "m^3",
    "m2": "m^2",
    "t": "metric_ton",
}
# Names with whole powers, joined by a space, dot, star or slash: nothing a unit parser could take for arithmetic.
_NAME = r"[A-Za-zµμΩ°℃%_]+(?:\^?-?[1-9]|⁻?[¹²³⁴⁵⁶])?"
_UNIT = re.compile(rf"^(?:1\s*/\s*)?{_NAME}(?:\s*[·*/ ]\s*{_NAME})*$")
_LARGEST = sys.float_info.max
_MANY = 1e7  # from here on numbers are shown with an exponent
_SPAN = 2.0**20  # far enough that an offset takes no digits from the scale; a power of two loses none itself
_TEXT = re.compile(r"^\s*(?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(?P<unit>\S.*?)?\s*$")


@lru_cache(maxsize=1)
def _registry() -> Any:
    import pint

    registry: Any = pint.UnitRegistry(autoconvert_offset_to_baseunit=True)
    if "ppm" not in registry:
        registry.define("ppm = 1e-6")
    registry.define("person = [] = persons")
    return registry


def _spell(unit: str) -> str:
    if unit in _SPELLINGS:
        return _SPELLINGS[unit]
    return re.sub(r"(?<![A-Za-z])(m|cm|mm|km)([23])(?!\d)", r"\1^\2", unit)


@lru_cache(maxsize=4096)
def _factor(unit: str, wanted: str) -> tuple[float, float]:
    """Scale and offset from `unit` to `wanted`: ``wanted = scale * value + offset``."""
    import pint

    registry = _registry()
    unknown = UnitError(f"unknown unit {unit!r}", fix=_advice(unit, wanted))
    if unit and not _UNIT.match(unit):
        raise unknown
    try:
        have = registry.Unit(_spell(unit) or "dimensionless")
        want = registry.Unit(_spell(wanted) or "dimensionless")
    except (pint.UndefinedUnitError, AttributeError, ValueError, TypeError, pint.errors.DefinitionSyntaxError):
        raise unknown from None
    try:
        zero = registry.Quantity(0.0, have).to(want).magnitude
        far = registry.Quantity(_SPAN, have).to(want).magnitude
    except pint.DimensionalityError:
        raise UnitError(f"unit {unit!r} is not a measure of the wanted kind", fix=_advice(unit, wanted)) from None
    return float(far - zero) / _SPAN, float(zero)


def _advice(unit: str, wanted: str) -> str:
    if wanted == "K" and unit in {"C", "F"}:
        return f"write deg{unit}"  # C is the coulomb, F the farad
    if wanted == "Pa" and unit.endswith(("g", "(g)", "gauge")):
        return "give the absolute pressure: gauge and air pressure (1.013 bar at sea level) together"
    return f"write a unit that converts to {wanted or 'a plain number'}"


def to_si(value: float, unit: str, wanted: str) -> float:
    """Convert `value` from `unit` to `wanted` (an SI unit, or "" for a plain number).

    Raises
    ------
    UnitError
        The unit is unknown or of another dimension.
    """
    scale, offset = _factor(unit, wanted)
    if (scale, offset) == (1.0, 0.0):
        return value
    return float(f"{scale * value + offset:.15g}")  # 10 mg/m3 is 1e-05 kg/m3, not 9.999999999999999e-06


def parse_quantity(text: object, wanted: str, *, where: str = "", bare: bool = False) -> float:
    """Read a quantity written with its unit, such as ``"25 mm"`` or ``"-3 degC"``.

    Parameters
    ----------
    text
        The quantity; a number is accepted only if `bare` is true or `wanted` is "".
    wanted
        Unit of the answer, normally SI; "" for a plain number (a fraction may be given as ``"50 %"``).
    where
        Place named in the error.
    bare
        Accept a number without a unit as already being in `wanted`.

    Returns
    -------
    float
        The value in `wanted`.

    Raises
    ------
    UnitError
        No number, no unit, unknown unit, wrong dimension, or not finite.
    """
    free = bare or not wanted
    if isinstance(text, (int, float)) and not isinstance(text, bool):
        if not free:
            raise UnitError(f"{text!r} has no unit", where=where, fix=f'write its unit too, such as "{text} {wanted}"')
        if not -_LARGEST <= text <= _LARGEST:
            raise UnitError(f"{reprlib.repr(text)} is not a finite number", where=where)
        return float(text)
    match = _TEXT.match(text) if isinstance(text, str) else None
    if match is None:
        raise UnitError(
            f"{text!r} is not a quantity", where=where, fix=f'write a number and a unit, such as "1 {wanted}"'
        )
    value, unit = float(match["number"]), match["unit"]
    if unit is None:
        if not free:
            raise UnitError(f"{text!r} has no unit", where=where, fix=f'write its unit too, such as "{text} {wanted}"')
        return value
    try:
        answer = to_si(value, unit, wanted)
    except UnitError as error:
        raise UnitError(f"{text!r}: {error.what}", where=where, fix=error.fix) from None
    if not math.isfinite(answer):
        raise UnitError(f"{text!r} is not a finite number", where=where)
    return answer


def show_quantity(value: float, unit: str) -> str:
    """Write a value with its unit, four significant digits: ``show_quantity(0.025, "m") == "0.025 m"``."""
    number = f"{value:.4g}"
    if "e+" in number and abs(value) < _MANY:
        number = f"{float(number):.0f}"
    return f"{number} {unit}".rstrip()
