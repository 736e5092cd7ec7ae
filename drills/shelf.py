"""What the command line needs to know of files and of the installed library: open, check, list, sum up."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from twin.errors import LayoutError, Problem, TwinError, near

if TYPE_CHECKING:
    from scenarios.schema import Scenario
    from twin.graph import Twin

__all__ = ["check_files", "open_drill", "shelf"]

_SCENARIO_SUFFIXES = (".yaml", ".yml")


def shelf() -> dict[str, Any]:
    """Everything installed that a drill can name, as plain data: scenarios, parks, dispersion models."""
    from plant_models.parks import parks
    from scenarios.load import load
    from scenarios.shelves import names

    rows = []
    for name in names():
        scenario = load(name)
        rows.append(
            {
                "id": scenario.id,
                "title": {"en": scenario.title.en, "zh": scenario.title.zh},
                "summary": {"en": scenario.summary.en, "zh": scenario.summary.zh},
                "pack": scenario.meta.pack,
                "status": scenario.meta.status,
                "park": scenario.layout.park,
                "substances": sorted({release.substance for release in scenario.releases}),
                "horizon_s": scenario.time.horizon,
            }
        )
    models = sorted({point.name for point in entry_points(group="parktwin.dispersion")})
    return {"scenarios": rows, "parks": list(parks()), "models": models}


def open_drill(name: str, *, layouts: Sequence[Path] = (), mappings: Sequence[Path] = ()) -> tuple[Scenario, Twin]:
    """Load a scenario and the park it plays on.

    Parameters
    ----------
    name
        Library name or scenario file.
    layouts
        Layout files to merge; none: the scenario's own layout.
    mappings
        Mapping files for the layouts.

    Raises
    ------
    TwinError
        A file is not usable; every problem is named.
    """
    from scenarios.load import load
    from twin.loading import load_layout

    if mappings and not layouts:
        raise LayoutError("a mapping is for layouts given here", where=str(mappings[0]), fix="name the layouts, too")
    scenario = load(name)
    paths, own = (layouts, mappings) if layouts else _own_layout(scenario)
    return scenario, load_layout(*paths, mapping=own or None)


def _own_layout(scenario: Scenario) -> tuple[Sequence[Path], Sequence[Path]]:
    """Layout and mapping files a scenario names."""
    from plant_models.parks import park_path

    if scenario.layout.park is not None:
        return [park_path(scenario.layout.park)], []
    folder = Path(scenario.file).parent if scenario.file else Path()
    mapping = scenario.layout.mapping
    return [folder / file for file in scenario.layout.files], [folder / mapping] if mapping else []


def check_files(files: Sequence[Path], *, mappings: Sequence[Path] = ()) -> tuple[Problem, ...]:
    """All problems of layouts and scenarios.

    Layouts named together are checked as the one park they make. A scenario without errors is also checked against that
    park, or, without layouts, against its own.

    Parameters
    ----------
    files
        Layouts and scenarios in any order.
    mappings
        Mapping files for the layouts.

    Returns
    -------
    tuple of Problem
        In the order of the files; empty when there is nothing to say.
    """
    from scenarios.check import check
    from twin.loading import check_layout

    sorts = {file: _sort_of(file) for file in files}
    found = [sort for sort in sorts.values() if isinstance(sort, Problem)]
    layouts = [file for file, sort in sorts.items() if sort == "layout"]
    if layouts:
        found += check_layout(*layouts, mapping=mappings or None)
    sound = bool(layouts) and not any(problem.severity == "error" for problem in found)
    for file, sort in sorts.items():
        if sort != "scenario":
            continue
        own = check(file)
        found += own
        if not any(problem.severity == "error" for problem in own) and (sound or not layouts):
            found += _fit(file, layouts, mappings)
    return tuple(dict.fromkeys(found))


def _fit(file: Path, layouts: Sequence[Path], mappings: Sequence[Path]) -> Sequence[Problem]:
    """Problems of a sound scenario on its park and with its model."""
    from drills.run import model_of
    from scenarios.fit import fit

    try:
        scenario, park = open_drill(str(file), layouts=layouts, mappings=mappings if layouts else ())
    except TwinError as error:
        return error.problems
    found = fit(scenario, park)
    try:
        model_of(scenario)
    except TwinError as error:
        return (*error.problems, *found)
    return found


def _sort_of(file: Path) -> Literal["layout", "scenario"] | Problem:
    """Tell a layout from a scenario by suffix, and JSON by content."""
    from twin.loading import readers

    if not file.exists():
        return Problem("there is no such file", str(file), "check the path")
    if file.is_dir():
        return Problem("this is a folder", str(file), "name the files in it")
    suffix = file.suffix.lower()
    if suffix in _SCENARIO_SUFFIXES:
        return "scenario"
    if suffix == ".json" and _is_scenario(file):
        return "scenario"
    known = {f".{name}" for name in readers()}
    if suffix in known:
        return "layout"
    return Problem(
        f"neither a layout nor a scenario: the suffix {suffix!r} is unknown",
        str(file),
        near(suffix, {*known, *_SCENARIO_SUFFIXES}),
    )


def _is_scenario(file: Path) -> bool:
    try:
        tree = json.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(tree, dict) and "schema" in tree and tree.get("type") != "FeatureCollection"
