"""The library: which scenarios are shipped, and where."""

from __future__ import annotations

from pathlib import Path

__all__ = ["library_path", "names"]


def library_path() -> Path:
    """Folder of the shipped scenarios."""
    return Path(__file__).resolve().parent / "library"


def names() -> tuple[str, ...]:
    """Names of the shipped scenarios, sorted."""
    return tuple(sorted(path.stem for path in library_path().glob("*.yaml")))
