"""The shipped parks: invented places with everything a drill needs."""

from __future__ import annotations

from pathlib import Path

from twin.errors import LayoutError, near

__all__ = ["park_path", "parks"]

_FOLDER = Path(__file__).resolve().parent / "park_files"


def parks() -> tuple[str, ...]:
    """Names of the shipped parks, sorted."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.geojson")))


def park_path(name: str) -> Path:
    """Layout file of a shipped park.

    Parameters
    ----------
    name
        One of :func:`parks`, such as ``"lantern-bay"``.

    Returns
    -------
    Path
        GeoJSON file, to be read by ``twin.load_layout``.

    Raises
    ------
    LayoutError
        There is no such park; the message names the nearest ones.
    """
    known = parks()
    if name not in known:
        raise LayoutError(f"there is no shipped park {name!r}", fix=near(name, known))
    return _FOLDER / f"{name}.geojson"
