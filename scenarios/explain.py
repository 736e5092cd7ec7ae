"""Turns the findings of the schema into sentences a planner can act on."""

from __future__ import annotations

import re
import types
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from scenarios.events import Path
from scenarios.references import Finding
from twin.errors import near

__all__ = ["findings"]

_QUOTED = re.compile(r"'([^']*)'")
_BLOCK = ("model_type", "model_attributes_type", "dict_type", "mapping_type", "dataclass_type")
_WHOLE = ("int_type", "int_from_float", "int_parsing")
_LIST = ("tuple_type", "list_type", "iterable_type")


def findings(error: ValidationError, tree: object, model: type[BaseModel]) -> Iterator[Finding]:
    """One finding for every error of the schema, with the path in the file and the mend."""
    entries = error.errors(include_url=False)
    for entry in entries:
        loc = tuple(entry["loc"])
        if entry["type"] == "too_short" and any(len(e["loc"]) > len(loc) == _common(e["loc"], loc) for e in entries):
            continue  # the list only seems empty because its entries have faults of their own
        path = _path(tree, loc)
        what, fix = _say(str(entry["type"]), loc, entry, model)
        yield Finding(path, what, fix)


def _common(first: Sequence[str | int], second: Sequence[str | int]) -> int:
    return next(
        (i for i, (a, b) in enumerate(zip(first, second, strict=False)) if a != b), min(len(first), len(second))
    )


def _say(kind: str, loc: Path, entry: Mapping[str, Any], model: type[BaseModel]) -> tuple[str, str]:
    context: Mapping[str, Any] = entry.get("ctx", {})
    last = str(loc[-1]) if loc else ""
    if "fix" in context:
        answer = str(context.get("what", entry["msg"])), str(context["fix"])
    elif kind == "extra_forbidden":
        answer = f"unknown key {last!r}", near(last, _fields(model, loc[:-1]))
    elif kind == "missing":
        answer = f"{last!r} is missing", _fields(model, loc[:-1]).get(last, "")
    elif kind == "literal_error":
        answer = (
            f"{_short(entry['input'])} is not one of the words allowed here",
            near(str(entry["input"]), _words(context["expected"])),
        )
    elif kind == "union_tag_invalid":
        answer = f"kind {context['tag']!r} is unknown", near(context["tag"], _words(context["expected_tags"]))
    elif kind == "union_tag_not_found":
        answer = "'kind' is missing", "kind: one of " + ", ".join(_tags(model, loc))
    else:
        answer = _say_type(kind, entry.get("input"), str(entry["msg"]))
    return answer


def _say_type(kind: str, given: object, message: str) -> tuple[str, str]:
    shown, scalar = _short(given), isinstance(given, (str, bool, int, float))
    table = {
        **dict.fromkeys(
            _BLOCK, ("stands where a block of 'key: value' lines belongs", "write the keys below it, indented")
        ),
        **dict.fromkeys(_LIST, ("is not a list", f"write [{given}]" if scalar else "write [..., ...]")),
        **dict.fromkeys(_WHOLE, ("is not a whole number", "write a whole number without quotes")),
        "string_type": ("is not text", f'write it in quotes: "{given}"' if scalar else "write a text"),
        "too_short": ("is empty", "give at least one entry"),
        "bool_type": ("is neither true nor false", "write true or false"),
        "string_pattern_mismatch": (
            "is not a name",
            "begin with a letter, then letters, digits, '_', '-' or '.'; roles, packs, models: small letters and '_'",
        ),
    }
    if kind.startswith(("datetime", "timezone", "date_")):
        what, fix = "is not a time with an offset from UTC", 'write it like "2026-01-12T02:10:00+08:00"'
    else:
        what, fix = table.get(kind, (f"is not accepted: {message[:1].lower()}{message[1:]}", ""))
    return f"{shown} {what}", fix


def _short(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else shown[:57] + "..."


def _words(expected: str) -> list[str]:
    return _QUOTED.findall(expected)


def _path(tree: object, loc: Sequence[str | int]) -> Path:
    """Path in the file of a schema location, which also names the branch of a union."""
    node, path = tree, []
    for position, part in enumerate(loc):
        branch = isinstance(node, Mapping) and node.get("kind") == part
        known = range(len(node)) if isinstance(node, (list, tuple)) else node if isinstance(node, Mapping) else ()
        if part in known:
            node = node[part]  # type: ignore[index]
        elif branch or position < len(loc) - 1:  # not a missing key: no place of its own in the file
            continue
        path.append(part)
    return tuple(path)


def _unwrap(annotation: Any) -> list[Any]:
    origin = get_origin(annotation)
    if origin is Annotated:
        return _unwrap(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        return [inner for part in get_args(annotation) for inner in _unwrap(part)]
    return [] if annotation is type(None) else [annotation]


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _inward(kinds: Sequence[Any], part: str | int) -> list[Any]:
    found: list[Any] = []
    for kind in kinds:
        if _is_model(kind):
            tag = kind.model_fields.get("kind")
            if tag is not None and get_origin(tag.annotation) is Literal and part in get_args(tag.annotation):
                found.append(kind)
            for name, field in kind.model_fields.items():
                if part in (name, field.alias):
                    found += _unwrap(field.annotation)
        elif get_args(kind):
            inner = get_args(kind)
            found += _unwrap(inner[1] if get_origin(kind) not in (tuple, list) else inner[0])
    return found


def _at(model: type[BaseModel], loc: Sequence[str | int]) -> list[Any]:
    kinds: list[Any] = [model]
    for part in loc:
        kinds = _inward(kinds, part)
    return [kind for kind in kinds if _is_model(kind)]


def _fields(model: type[BaseModel], loc: Sequence[str | int]) -> dict[str, str]:
    """Keys allowed at a location, with what they mean."""
    return {
        field.alias or name: field.description or ""
        for kind in _at(model, loc)
        for name, field in kind.model_fields.items()
    }


def _tags(model: type[BaseModel], loc: Sequence[str | int]) -> list[str]:
    return [str(word) for kind in _at(model, loc) for word in get_args(kind.model_fields["kind"].annotation)]
