"""Numbers a caller gives: taken as floats, or refused by name with one clear error."""

from __future__ import annotations

import math
import numbers
from typing import TypeGuard

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twin.errors import ModelError

__all__ = ["finite", "is_number", "number", "rising"]

_Array = NDArray[np.float64]


def is_number(value: object) -> TypeGuard[float]:
    """Tell whether it is one real number, NaN and infinity included; True and False are none."""
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def number(
    value: object, name: str, *, low: float = -math.inf, high: float = math.inf, where: str = "", fix: str = ""
) -> float:
    """Take one real number within a range, its ends included.

    Raises
    ------
    ModelError
        It is none, NaN, or out of range.
    """
    one = value[()] if isinstance(value, np.ndarray) and value.ndim == 0 else value
    if not is_number(one) or not low <= one <= high:
        what = f"{name} is {value!r}" if np.size(value) <= 1 else f"{name} is a {type(value).__name__}"  # type: ignore[arg-type]
        raise ModelError(what, where=where or name, fix=fix or _range(low, high))
    return float(one)


def _range(low: float, high: float) -> str:
    if math.isinf(low) and math.isinf(high):
        return "give one number"
    return f"give {low:g} or more" if math.isinf(high) else f"give {low:g} to {high:g}"


def finite(values: ArrayLike, name: str, *, where: str = "", fix: str = "give finite numbers") -> _Array:
    """Take finite real numbers of any shape.

    Raises
    ------
    ModelError
        They are no numbers, or one of them is not finite.
    """
    try:
        found = np.asarray(values)
        if found.dtype.kind not in "fiu" and found.size:
            found = np.asarray(values, dtype=object).astype(float) if found.dtype.kind == "O" else np.full(1, np.nan)
        found = found.astype(float, copy=False)
    except (TypeError, ValueError):
        raise ModelError(f"{name} is no number and no array of numbers", where=where or name, fix=fix) from None
    if not np.isfinite(found).all():
        raise ModelError(f"{name} is not finite", where=where or name, fix=fix)
    return found


def rising(values: ArrayLike, name: str) -> _Array:
    """Take a row of finite numbers, each larger than the one before.

    Raises
    ------
    ModelError
        They are none.
    """
    fix = "give them sorted, each once"
    found = np.atleast_1d(finite(values, name, fix=fix))
    if found.ndim != 1 or found.size == 0 or (np.diff(found) <= 0.0).any():
        raise ModelError(f"{name} must be finite and increase", where=name, fix=fix)
    return found
