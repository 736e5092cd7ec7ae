"""Layout files to a park: find the reader, merge, check everything, report all problems at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import MappingProxyType

from twin.checks import check_assets, check_links, check_park
from twin.errors import LayoutError, Problem, TwinError, near
from twin.graph import Twin
from twin.layouts.mapping import LayoutMapping, read_mapping
from twin.layouts.scan import MAX_BYTES, open_document
from twin.patch import LayoutPatch
from twin.site import Site

__all__ = ["check_layout", "load_layout", "readers"]

Mappings = Mapping[str, object] | str | Path | Sequence[Mapping[str, object] | str | Path] | None
_MOST_SHOWN = 100


@lru_cache(maxsize=1)
def _points() -> Mapping[str, EntryPoint]:
    return MappingProxyType({point.name.lower(): point for point in entry_points(group="parktwin.layouts")})


def readers() -> tuple[str, ...]:
    """File suffixes that can be read, without the dot."""
    return tuple(sorted(_points()))


def load_layout(*paths: str | Path, mapping: Mappings = None, name: str = "", max_bytes: int = MAX_BYTES) -> Twin:
    """Load one or more layout files as one park.

    The first file sets the frame: its anchor, or the centre of its bounding box. Later files are merged into it.

    Parameters
    ----------
    *paths
        Files, each read by the reader of its suffix.
    mapping
        How to translate foreign GIS files: a dictionary, a YAML or JSON file, or several of them
        (see :mod:`twin.layouts.mapping`). A mapping without ``file`` is for the first file.
    name
        Name of the site; default: what the first file says, or its file name.
    max_bytes
        Largest file that is read. [byte]

    Returns
    -------
    Twin
        The park; what was noticed but does not stop the work is in `park.warnings`.

    Raises
    ------
    LayoutError
        Every error of all files, with ``file:line`` and how to mend it.
    """
    patches, problems = _gather(paths, mapping, max_bytes)
    errors = [problem for problem in problems if problem.severity == "error"]
    if errors:
        shown = errors[:_MOST_SHOWN]
        if len(errors) > len(shown):
            shown.append(Problem(f"and {len(errors) - len(shown)} more", fix="check_layout lists all of them"))
        raise LayoutError.of(shown, where=", ".join(Path(path).name for path in paths))
    site = patches[0].site
    return Twin(
        [asset for patch in patches for asset in patch.assets],
        [link for patch in patches for link in patch.links],
        site=Site(name=name, longitude=site.longitude, latitude=site.latitude) if name else site,
        warnings=problems,
        sources=[patch.source for patch in patches],
    )


def check_layout(*paths: str | Path, mapping: Mappings = None, max_bytes: int = MAX_BYTES) -> tuple[Problem, ...]:
    """All problems of layout files, errors first; nothing is raised for what they contain.

    Parameters
    ----------
    *paths, mapping, max_bytes
        As for :func:`load_layout`.
    """
    problems = _gather(paths, mapping, max_bytes)[1]
    return tuple(sorted(problems, key=lambda problem: problem.severity != "error"))


def _gather(paths: Sequence[str | Path], mapping: Mappings, max_bytes: int) -> tuple[list[LayoutPatch], list[Problem]]:
    if not paths:
        return [], [Problem("no layout file is named", fix="give one, such as load_layout('park.geojson')")]
    patches: list[LayoutPatch] = []
    problems: list[Problem] = []
    mappings = _mappings(mapping, problems)
    pairs = _pair([Path(path) for path in paths], mappings, problems)
    for path, chosen in pairs if not problems else []:
        try:
            reader = _reader(path)
            patch = reader(path, mapping=chosen, site=patches[0].site if patches else None, max_bytes=max_bytes)
        except TwinError as error:
            problems.extend(error.problems)
            if not patches:
                break  # without the first file there is no frame
            continue
        patches.append(patch)
        problems.extend(patch.problems)
    if patches:
        problems.extend(_check(patches, whole=len(patches) == len(paths)))
        if not any(patch.assets for patch in patches) and not any(p.severity == "error" for p in problems):
            problems.append(_nothing(patches))
    return patches, problems


def _check(patches: Sequence[LayoutPatch], *, whole: bool) -> list[Problem]:
    """Faults of the assets and, when every file could be read, of the park they make."""
    assets = [asset for patch in patches for asset in patch.assets]
    unread = frozenset[str]().union(*(patch.unread for patch in patches))
    foreign = frozenset[str]().union(*(patch.foreign for patch in patches))
    found = check_assets(assets, patches[0].site)
    if not whole:
        return found
    found.extend(check_links(assets, [link for patch in patches for link in patch.links], unread))
    sound = [asset for asset in assets if asset.shape.is_valid and not asset.shape.is_empty]
    found.extend(check_park(sound, foreign))
    return found


def _nothing(patches: Sequence[LayoutPatch]) -> Problem:
    features = sum(patch.source.features for patch in patches)
    return Problem(
        f"none of the {features} features is an asset" if features else "the layout has no features",
        where=Path(patches[0].source.path).name,
        fix="add the properties 'tag' and 'kind' to the features, or give a mapping",
    )


def _reader(path: Path) -> Callable[..., LayoutPatch]:
    suffix = path.suffix.lower().lstrip(".")
    point = _points().get(suffix)
    if point is None:
        if not path.is_file():
            open_document(path)  # tells that it is missing, or a folder
        known = ", ".join(f".{name}" for name in readers())
        raise LayoutError(
            f"no reader for {'.' + suffix if suffix else 'a file without a suffix'}",
            where=path.name,
            fix=f"known suffixes: {known}; convert it, for example 'ogr2ogr -t_srs EPSG:4326 {path.stem}.geojson "
            f"{path.name}'",
        )
    try:
        loaded: Callable[..., LayoutPatch] = point.load()
    except (ImportError, AttributeError) as error:
        raise LayoutError(
            f"the reader for .{suffix} ({point.value}) cannot be loaded: {error}",
            where=path.name,
            fix="install the package it comes from again",
        ) from error
    return loaded


def _mappings(given: Mappings, problems: list[Problem]) -> list[LayoutMapping]:
    if given is None:
        return []
    several = [given] if isinstance(given, Mapping | str | Path) else list(given)
    found = []
    for one in several:
        try:
            found.append(read_mapping(one))
        except TwinError as error:
            problems.extend(error.problems)
    return found


def _pair(
    paths: Sequence[Path], mappings: Sequence[LayoutMapping], problems: list[Problem]
) -> list[tuple[Path, LayoutMapping | None]]:
    """Each file with its mapping; a mapping for no file is a fault."""
    chosen: dict[int, LayoutMapping] = {}
    for mapping in mappings:
        fitting = [i for i, path in enumerate(paths) if mapping.fits(path, first=i == 0) and i not in chosen]
        if not fitting:
            names = [path.name for path in paths]
            problems.append(
                Problem(
                    f"the mapping for {mapping.file or 'the first file'!r} fits no file", fix=near(mapping.file, names)
                )
            )
        chosen.update((i, mapping) for i in fitting)
    return [(path, chosen.get(i)) for i, path in enumerate(paths)]
