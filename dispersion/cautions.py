"""Warnings of clouds in few words."""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["told_once"]


def told_once(warnings: Iterable[str]) -> tuple[str, ...]:
    """Warnings less those that differ from an earlier one in numbers alone: a leak in pieces repeats them."""
    first: dict[str, str] = {}
    for text in warnings:
        first.setdefault(re.sub(r"(?<=\s)\d[\d.e+-]*", "#", text), text)  # the number of a tag stays
    return tuple(first.values())
