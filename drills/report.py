"""The after-action report: one self-contained HTML file in English and Chinese (Jinja2)."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drills.facts import facts
from drills.folder import write_whole
from drills.log import EventLog, read_log
from twin.errors import TwinError

if TYPE_CHECKING:
    from drills.result import DrillResult

__all__ = ["read_summary", "render_report", "report_into", "report_of", "rewrite_report"]

# Pictures of a report by the file they are saved as.
PICTURES = {"footprint": "footprint.png", "evacuation": "evacuation.png", "timeline": "timeline.png"}
_FORMAT = "parktwin-drill/1"


def render_report(summary: Mapping[str, Any], log: EventLog, pictures: Mapping[str, bytes]) -> str:
    """Write a report as text.

    Parameters
    ----------
    summary
        As :meth:`drills.DrillResult.summary` gives it.
    log
        What happened.
    pictures
        PNG files by name: "footprint", "evacuation", "timeline"; a missing one is left out.

    Returns
    -------
    str
        HTML that asks for nothing from outside.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates", encoding="utf-8"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    inline = {name: "data:image/png;base64," + base64.b64encode(data).decode() for name, data in pictures.items()}
    return environment.get_template("report.html.j2").render(pictures=inline, **facts(summary, log))


def report_of(result: DrillResult, path: str | Path, *, pictures: Mapping[str, bytes] | None = None) -> Path:
    """Write the report of a drill, complete or not at all.

    Parameters
    ----------
    result
        A played drill.
    path
        HTML file.
    pictures
        Pictures of this drill that are drawn already, as :func:`drills.view.pictures` gives them; None: draw them.

    Returns
    -------
    Path
        The file.
    """
    if pictures is None:
        from drills import view

        pictures = view.pictures(result)
    return write_whole(Path(path), render_report(result.summary(), result.log, pictures))


def report_into(result: DrillResult, folder: str | Path) -> Path:
    """Write the pictures of a drill and its report into a folder, and return the report's path."""
    from drills import view

    drawn = view.pictures(result)
    view.write_pictures(drawn, folder)
    return report_of(result, Path(folder) / "report.html", pictures=drawn)


def rewrite_report(folder: str | Path) -> Path:
    """Write ``report.html`` of a saved run again, from its ``drill.json``, ``events.jsonl`` and pictures.

    Raises
    ------
    TwinError
        The folder does not hold a run, or its log was changed since.
    """
    folder = Path(folder)
    summary = read_summary(folder)
    log = read_log(folder / "events.jsonl")
    last = log[len(log) - 1].hash
    if last != summary["log"]["last_hash"]:
        raise TwinError(
            "the event log does not belong to this run: its last hash is another",
            where=str(folder / "events.jsonl"),
            fix="restore both files from a copy, or run the drill again",
        )
    saved = {name: (folder / file).read_bytes() for name, file in PICTURES.items() if (folder / file).is_file()}
    try:
        text = render_report(summary, log, saved)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise TwinError(
            f"drill.json is not complete: {type(error).__name__}: {str(error).splitlines()[0]}",
            where=str(folder / "drill.json"),
            fix="run the drill again with this version",
        ) from None
    return write_whole(folder / "report.html", text)


def read_summary(folder: str | Path) -> dict[str, Any]:
    """Summary of a saved run.

    Raises
    ------
    TwinError
        The folder does not hold one.
    """
    path = Path(folder) / "drill.json"
    mend = "name a folder written by parktwin run or demo"
    try:
        summary = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise TwinError("this folder holds no run: drill.json is missing", where=str(folder), fix=mend) from None
    except NotADirectoryError:
        raise TwinError("this is not a folder", where=str(folder), fix=mend) from None
    except (OSError, ValueError) as error:
        raise TwinError(f"drill.json cannot be read: {error}", where=str(path), fix=mend) from None
    if not isinstance(summary, dict) or summary.get("format") != _FORMAT:
        found = summary.get("format") if isinstance(summary, dict) else None
        raise TwinError(f"drill.json has the format {found!r}, not {_FORMAT!r}", where=str(path), fix=mend)
    return summary
