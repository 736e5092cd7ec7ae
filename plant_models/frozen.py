"""Copying and pickling of frozen values that hold read-only mappings or arrays (worker processes need it)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

__all__ = ["reduce_value"]


def reduce_value(value: Any) -> tuple[Callable[..., Any], tuple[type, dict[str, Any]]]:
    """Answer of ``__reduce__``: the value is built anew from its arguments, so that it is checked and frozen again.

    Parameters
    ----------
    value
        A dataclass whose ``__post_init__`` freezes its mappings and arrays.
    """
    given = {f.name: getattr(value, f.name) for f in fields(value) if f.init}
    plain = {name: dict(item) if isinstance(item, Mapping) else item for name, item in given.items()}
    return _build, (type(value), plain)


def _build(kind: type, given: dict[str, Any]) -> Any:
    return kind(**given)
