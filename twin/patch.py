"""What one layout file brings into a park, before it is merged and checked."""

from __future__ import annotations

from dataclasses import dataclass

from twin.assets import Asset, Link
from twin.errors import Problem
from twin.site import Site

__all__ = ["LayoutPatch", "Source"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a part of a park came from.

    Parameters
    ----------
    path
        File, as the caller named it.
    sha256
        Hex digest of the bytes of the file.
    reader
        Name of the reader (its entry point).
    features
        Features in the file.
    skipped
        Features that are no asset of any known kind.
    mapping
        The mapping that was used, as JSON text; empty: none.
    """

    path: str
    sha256: str
    reader: str
    features: int = 0
    skipped: int = 0
    mapping: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LayoutPatch:
    """Everything a reader found in one file.

    A reader is a function ``read(path, *, mapping=None, site=None, max_bytes=...) -> LayoutPatch`` under an entry point
    of the group ``parktwin.layouts`` whose name is the file suffix it reads. It raises :class:`twin.LayoutError` only
    when the file as a whole cannot be read; faults of single features go to `problems`.

    Parameters
    ----------
    assets
        Assets in the order of the file, with shapes in the frame of `site`.
    links
        Links the file declares; a target may live in another file.
    site
        Frame of the shapes: the one handed to the reader, or the file's own.
    problems
        Faults of single features, errors and warnings.
    source
        The file.
    foreign
        Tags of assets that were translated (OpenStreetMap, a mapping) rather than written for this program: what is
        wrong with the park around them is a warning, because their file is not the user's to edit.
    unread
        Tags that the file declares but that could not be built; links to them are not reported a second time.
    """

    assets: tuple[Asset, ...]
    site: Site
    source: Source
    links: tuple[Link, ...] = ()
    problems: tuple[Problem, ...] = ()
    foreign: frozenset[str] = frozenset()
    unread: frozenset[str] = frozenset()
