"""Reads scenario files: YAML 1.2 with line numbers, every problem at once, nothing executed.

The file is read as a stream of YAML events and built into plain data here, not by a YAML constructor. So ``NO`` stays
the text NO, ``14:48`` and ``on`` stay text, a key given twice is a fault, and anchors, aliases and tags are refused,
which also leaves nothing for an alias bomb to expand. Size, depth and number of values are limited.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from scenarios import events as event_names
from scenarios.explain import findings
from scenarios.plans import PLAN_SCHEMA
from scenarios.references import Finding, references
from scenarios.schema import Scenario
from scenarios.shelves import library_path, names
from twin.errors import Problem, ScenarioError, near

__all__ = ["load", "read_scenario"]

_LARGEST = 2_000_000  # bytes; the largest library file is a hundredth of it
_DEEPEST = 24
_MOST_VALUES = 50_000
_MOST_PROBLEMS = 100
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_INTEGER = re.compile(r"^[-+]?[0-9]{1,18}$")
_REAL = re.compile(r"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$")
_WORDS: Mapping[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


@dataclass(slots=True)
class _Tree:
    """Plain content of a file, and where each value stands."""

    file: str
    data: Any = None
    places: dict[event_names.Path, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    values: int = 0

    def complain(self, what: str, where: str, fix: str = "") -> None:
        if len(self.problems) < _MOST_PROBLEMS:
            self.problems.append(Problem(what, where or self.file, fix))

    def add(self, found: Iterator[Finding]) -> None:
        for finding in found:
            where, left = self.place(finding.path)
            tail = ".".join(str(part) for part in left)
            path = ".".join(str(part) for part in finding.path)
            what = finding.what if not path or path == tail else f"{path}: {finding.what}"
            self.complain(what, where, finding.fix)

    def place(self, path: event_names.Path) -> tuple[str, event_names.Path]:
        for end in range(len(path), -1, -1):
            if path[:end] in self.places:
                return self.places[path[:end]], path[end:]
        return self.file, path


class _StopReadingError(Exception):
    """The rest of the file is not worth reading."""


class _Builder:
    """Builds the tree from YAML events."""

    def __init__(self, tree: _Tree, events: Iterator[Any]) -> None:
        self.tree, self.events = tree, events

    def at(self, event: Any) -> str:
        return f"{self.tree.file}:{event.start_mark.line + 1}"

    def build(self, event: Any, path: event_names.Path) -> Any:
        tree, kind = self.tree, type(event).__name__
        tree.values += 1
        if tree.values > _MOST_VALUES or len(path) > _DEEPEST:
            fault = "nested too deeply" if len(path) > _DEEPEST else f"more than {_MOST_VALUES} values"
            tree.complain(f"the file is {fault}" if len(path) > _DEEPEST else f"the file has {fault}", self.at(event))
            raise _StopReadingError
        tree.places.setdefault(path, self.at(event))
        if kind == "AliasEvent" or event.anchor is not None:
            tree.complain(
                f"anchors and aliases (&, *) are not read: {event.anchor!r}", self.at(event), "write the value out"
            )
            if kind == "AliasEvent":
                return None
        if event.tag is not None:
            tree.complain(f"tags are not read: {event.tag!r}", self.at(event), "remove the tag")
        if kind == "ScalarEvent":
            return _scalar(event.value) if event.style is None else event.value
        return self._mapping(path) if kind == "MappingStartEvent" else self._sequence(path)

    def _sequence(self, path: event_names.Path) -> list[Any]:
        found: list[Any] = []
        while type(event := next(self.events)).__name__ != "SequenceEndEvent":
            found.append(self.build(event, (*path, len(found))))
        return found

    def _mapping(self, path: event_names.Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while type(event := next(self.events)).__name__ != "MappingEndEvent":
            if type(event).__name__ != "ScalarEvent":
                self.tree.complain("a key is not a plain word", self.at(event), "write key: value")
                raise _StopReadingError
            key, inner = str(event.value), (*path, str(event.value))
            if event.anchor is not None or event.tag is not None:
                self.tree.complain("anchors and tags are not read", self.at(event), "write the key out")
            twice = key in found
            if twice:
                first = self.tree.places[inner].rpartition(":")[2]
                self.tree.complain(
                    f"the key {key!r} stands here and on line {first}", self.at(event), "keep one of them"
                )
            else:
                self.tree.places[inner] = self.at(event)
            value = self.build(next(self.events), inner)
            if not twice:
                found[key] = value
        return found


def _scalar(text: str) -> str | int | float | bool | None:
    """A plain scalar by the YAML 1.2 core schema, without octal, hexadecimal, infinity and NaN."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.match(text):
        return int(text)
    return float(text) if _REAL.match(text) and len(text) < 40 else text


def _text_of(path: Path, tree: _Tree) -> str:
    """Text of a file, at most `_LARGEST` bytes of it in memory; empty when it cannot be used."""
    try:
        with path.open("rb") as stream:
            raw = stream.read(_LARGEST + 1)
    except OSError as error:
        tree.complain(f"the file cannot be read: {error.strerror}", "", "check the path and the permissions")
        return ""
    if len(raw) > _LARGEST:
        tree.complain(f"the file is larger than {_LARGEST / 1e6:g} MB", "", "is this really a scenario file?")
        return ""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        tree.complain("the file is not text in UTF-8", f"{tree.file}:{line}", "save it as UTF-8")
        return ""
    found = _CONTROL.search(text)
    if found:
        line = text.count("\n", 0, found.start()) + 1
        tree.complain(
            "the file holds control characters, it is not a text file", f"{tree.file}:{line}", "save it as UTF-8 text"
        )
        return ""
    if not text.strip():
        tree.complain("the file is empty", "", "start from a copy of a library scenario")
        return ""
    return text


def _read_tree(path: Path, shown: str) -> _Tree:
    """Read one YAML file into plain data."""
    tree = _Tree(shown)
    text = _text_of(path, tree)
    if not text:
        return tree
    try:
        events = iter(YAML(typ="safe", pure=True).parse(text))
        builder = _Builder(tree, events)
        for event in events:
            kind = type(event).__name__
            if kind.startswith(("Stream", "Document")):
                continue
            if tree.data is not None:
                tree.complain("the file holds more than one document", builder.at(event), "split it at the line ---")
                break
            tree.data = builder.build(event, ())
    except _StopReadingError:
        tree.data = None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{shown}:{mark.line + 1}" if mark is not None else shown
        tree.complain(
            f"not valid YAML: {error.problem or error.context}", where, "check indentation, colons and quotes"
        )
        tree.data = None
    except (YAMLError, RecursionError, ValueError) as error:
        tree.complain(f"not valid YAML: {str(error).splitlines()[0] if str(error) else type(error).__name__}", shown)
        tree.data = None
    if tree.data is None and not tree.problems:
        tree.complain("the file is empty", "", "start from a copy of a library scenario")
    if tree.data is not None and not isinstance(tree.data, dict):
        tree.complain("the file is not a block of 'key: value' lines", f"{shown}:1", "start from a library scenario")
        tree.data = None
    return tree


def _validate(tree: _Tree) -> Scenario | None:
    try:
        return Scenario.model_validate(tree.data, context={"file": True})
    except ValidationError as error:
        tree.add(findings(error, tree.data, Scenario))
        return None


def _bring_plan(tree: _Tree, folder: Path) -> None:
    """Replace ``plan: {ref: file}`` by the content of the file."""
    plan = tree.data.get("plan")
    if not isinstance(plan, dict) or "ref" not in plan:
        return
    where, _ = tree.place(("plan", "ref"))
    ref = plan["ref"]
    tree.data.pop("plan")
    if len(plan) > 1:
        tree.complain("plan.ref stands alone", where, "move the other keys into the plan file")
    if not isinstance(ref, str) or Path(ref).is_absolute() or ".." in Path(ref).parts or "\\" in ref:
        tree.complain(
            f"plan.ref: {ref!r} is not a file in or below this folder", where, "plan: {ref: plans/chlorine.yaml}"
        )
        return
    inner = _read_tree(folder / ref, str(Path(tree.file).parent / ref) if tree.file else ref)
    if inner.data is not None:
        if inner.data.get("schema") != PLAN_SCHEMA:
            found = inner.data.get("schema")
            inner.complain(f"schema is {found!r}", inner.place(("schema",))[0], f"schema: {PLAN_SCHEMA}")
        tree.places.update({("plan", *path): place for path, place in inner.places.items()})
        tree.data["plan"] = {key: value for key, value in inner.data.items() if key != "schema"}
    for problem in inner.problems:
        tree.complain(problem.what, problem.where, problem.fix)


def read_scenario(path: Path, *, shown: str = "") -> tuple[Scenario | None, tuple[Problem, ...]]:
    """Read a scenario file and report everything that is wrong with it.

    Parameters
    ----------
    path
        File.
    shown
        Name used in the messages; silent: the path as given.

    Returns
    -------
    tuple
        The scenario, or None, and the problems.
    """
    tree = _read_tree(path, shown or str(path))
    if tree.data is None:
        return None, tuple(tree.problems)
    _bring_plan(tree, path.parent)
    broken_plan = "plan" not in tree.data and bool(tree.problems)
    scenario = _validate(tree)
    tree.add(finding for finding in references(tree.data) if not broken_plan)
    seen: dict[tuple[str, str], Problem] = {}
    for problem in tree.problems:
        if not (broken_plan and problem.what == "'plan' is missing"):
            seen.setdefault((problem.where, problem.what), problem)
    problems = tuple(sorted(seen.values(), key=_by_line))
    if problems or scenario is None:
        return None, problems
    scenario._file, scenario._places = str(path), tree.places
    return scenario, ()


def _by_line(problem: Problem) -> tuple[str, int]:
    file, _, line = problem.where.rpartition(":")
    return (file, int(line)) if line.isdigit() else (problem.where, 0)


def load(name_or_path: str | Path) -> Scenario:
    """Load a scenario of the library, or a scenario file.

    Parameters
    ----------
    name_or_path
        Name of a library scenario, such as ``"chlorine-hose-night"``, or the path of a YAML (or JSON) file.

    Returns
    -------
    Scenario
        Frozen; every quantity in SI.

    Raises
    ------
    ScenarioError
        No such scenario, or the file has faults: all of them are named, each with ``file:line`` and a mend.
    """
    name = str(name_or_path)
    path = Path(name_or_path)
    if name in names():
        path = library_path() / f"{name}.yaml"
    elif not path.exists():
        raise ScenarioError(f"there is no scenario or file {name!r}", fix=near(path.stem, names()))
    if path.is_dir():
        raise ScenarioError(f"{name!r} is a folder", fix="name the file in it")
    scenario, problems = read_scenario(path, shown=path.name if name in names() else name)
    if scenario is None:
        raise ScenarioError.of(problems, where=name)
    return scenario
