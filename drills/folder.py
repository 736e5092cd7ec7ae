"""Files and folders of results: written beside their place and moved into it when complete."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path

from twin.errors import TwinError

__all__ = ["RESULT_FILES", "result_folder", "write_whole"]

# What parktwin writes into a folder of results. Only a folder that holds nothing else is ever replaced.
RESULT_FILES = (
    "clearance.png",
    "drill.json",
    "events.jsonl",
    "evacuation.png",
    "footprint.png",
    "report.html",
    "policies.png",
    "result.h5",
    "study.csv",
    "study.json",
    "study.jsonl",
    "timeline.png",
)
RESULT_PATTERNS = ("map-*.png", "people-*.csv", "people-*.h5")


def write_whole(path: str | Path, content: str | bytes) -> Path:
    """Write a file completely or not at all, and return its path; text is UTF-8 with plain line ends.

    Raises
    ------
    OSError
        The place cannot be written; what stood there before is untouched.
    """
    path = Path(path)
    partial = path.with_name(path.name + ".part")
    try:
        with partial.open("wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        return partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


@contextmanager
def result_folder(target: str | Path) -> Iterator[Path]:
    """Give an empty folder to write into and move it to `target` when the block ends well.

    Until then `target` is as it was; when the block raises, the new folder is removed.

    Parameters
    ----------
    target
        Where the results shall be. A folder that already holds results of parktwin, and nothing else, is replaced.

    Yields
    ------
    Path
        The folder to write into, beside `target`.

    Raises
    ------
    TwinError
        The place is taken by something else, or cannot be written.
    """
    place = _usable(Path(target))
    partial = place.with_name(f".{place.name}.{secrets.token_hex(4)}.part")
    made = [parent for parent in place.parents if not parent.exists()]
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        partial.mkdir()
    except OSError as error:
        raise TwinError(
            f"the folder cannot be made: {error.strerror or error}",
            where=str(target),
            fix="choose another place with --out",
        ) from None
    try:
        yield partial
        _move_into(partial, _usable(place))
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        if not place.exists():
            _remove_empty(made)


def _remove_empty(folders: Iterable[Path]) -> None:
    """Remove folders, the innermost first, as far as nobody else has put anything into them."""
    for folder in folders:
        try:
            folder.rmdir()
        except OSError:
            return


def _usable(target: Path) -> Path:
    """The resolved target, once it is sure that nothing of somebody else stands there."""
    place = target.resolve()
    another = "choose another place with --out"
    if place in (Path.cwd(), *Path.cwd().parents):
        raise TwinError("this is the working directory or above it", where=str(target), fix="name a folder inside it")
    if not place.exists():
        return place
    if not place.is_dir():
        raise TwinError("a file stands where the folder shall be", where=str(target), fix=another)
    inside = sorted(entry.name for entry in place.iterdir())
    foreign = [name for name in inside if name not in RESULT_FILES and not _is_ours(name)]
    if foreign:
        shown = ", ".join(foreign[:5]) + (", ..." if len(foreign) > 5 else "")
        raise TwinError(f"the folder holds files that are not ours: {shown}", where=str(target), fix=another)
    return place


def _is_ours(name: str) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in RESULT_PATTERNS)


def _move_into(partial: Path, place: Path) -> None:
    if not place.exists():
        partial.rename(place)
        return
    old = partial.with_suffix(".old")
    place.rename(old)
    try:
        partial.rename(place)
    except BaseException:
        old.rename(place)
        raise
    shutil.rmtree(old)
