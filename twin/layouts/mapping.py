"""Mappings: how the properties of somebody else's GIS file become tags, kinds and attributes.

A mapping is a dictionary, or a YAML or JSON file like this one::

    file: "tanks*.geojson"       # which file it is for; default: the first one
    kind: tank                   # one kind for all features, or
    kind:                        # by a property
      property: type
      values: {Tank: tank, Sphere: vessel}
      default: building          # without it, other values are skipped
    tag: "T-{tank_id}"           # template of properties, or {property: name}
    attributes: {volume: {property: vol, unit: m^3}, substance: {value: chlorine}}
    where: {status: [active, standby]}   # only features with these values
    frame: wgs84                 # or local (metres, or length_unit)
    length_unit: ft
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Literal

from twin.assets import Attribute, Kind, Value, kinds
from twin.errors import LayoutError, Problem, TwinError, near
from twin.layouts.drafts import Draft, Feature, as_text, check_tag, read_attribute
from twin.layouts.scan import open_document
from twin.layouts.shapes import adapt_shape, allowed_shape
from twin.units import to_si

__all__ = ["AttributeRule", "LayoutMapping", "draft_mapped", "read_mapping"]

_KEYS = ("file", "kind", "tag", "attributes", "where", "frame", "length_unit", "name")
_KIND_KEYS = ("property", "values", "default")
_RULE_KEYS = ("property", "unit", "value")
_FIELD = re.compile(r"\{([^{}]+)\}")
_MOST_BYTES = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeRule:
    """Where an attribute comes from: a property (with the unit of its numbers) or one value for all."""

    property: str = ""
    unit: str = ""
    value: object = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LayoutMapping:
    """A mapping that was read and found good.

    Parameters
    ----------
    file
        Pattern of the file names it is for; empty: the first file.
    kind
        The one kind of all features, or the kind of those whose value is not listed; empty: these are skipped.
    kind_property
        Property that tells the kind; empty: all are of `kind`.
    kind_values
        Kind for each value of that property.
    tag
        Template with ``{property}`` places.
    attributes
        Rule for each attribute.
    where
        Values a property must have, as text.
    frame
        "wgs84" or "local".
    length_unit
        Unit of local coordinates.
    name
        Name of the site.
    text
        The mapping as given, as JSON.
    """

    tag: str
    kind: str = ""
    file: str = ""
    kind_property: str = ""
    kind_values: Mapping[str, str] = field(default_factory=dict)
    attributes: Mapping[str, AttributeRule] = field(default_factory=dict)
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    frame: Literal["wgs84", "local"] = "wgs84"
    length_unit: str = "m"
    name: str = ""
    text: str = ""

    def fits(self, path: Path, *, first: bool) -> bool:
        """Whether the mapping is for a file, the first one or a later one."""
        return fnmatch(path.name, self.file) if self.file else first


class _Check:
    """Collects the faults of one mapping with their lines."""

    def __init__(self, name: str, lines: Mapping[tuple[str, ...], int]) -> None:
        self.name = name
        self.lines = lines
        self.problems: list[Problem] = []

    def fault(self, what: str, fix: str = "", *, at: tuple[str, ...] = ()) -> None:
        line = self.lines.get(at)
        place = f"{self.name}:{line}" if line else self.name
        self.problems.append(Problem(what, where=f"{place} ({'.'.join(at)})" if at else place, fix=fix))

    def keys(self, given: Mapping[str, object], known: tuple[str, ...], at: tuple[str, ...]) -> None:
        for key in given:
            if key not in known:
                self.fault(f"unknown key {key!r}", near(str(key), known), at=(*at, str(key)))

    def known_kind(self, word: object, at: tuple[str, ...]) -> str:
        if not isinstance(word, str) or word not in kinds():
            self.fault(f"unknown kind {word!r}", near(str(word), kinds()), at=at)
            return ""
        return word


def read_mapping(given: Mapping[str, object] | str | Path) -> LayoutMapping:
    """Read a mapping from a dictionary or a YAML or JSON file.

    Raises
    ------
    LayoutError
        The file cannot be read, or the mapping has faults; all of them are named, with their lines.
    """
    if isinstance(given, Mapping):
        content, lines, name = given, dict[tuple[str, ...], int](), "mapping"
    else:
        name = Path(given).name
        content, lines = _load(Path(given))
    check = _Check(name, lines)
    check.keys(content, _KEYS, ())
    kind, kind_property, kind_values = _read_kind(content.get("kind"), check)
    used = [kinds()[word] for word in {kind, *kind_values.values()} if word]
    tag = _read_tag(content.get("tag"), check)
    attributes = _read_rules(content.get("attributes"), used, check)
    where = _read_where(content.get("where"), check)
    frame = content.get("frame", "wgs84")
    if frame not in ("wgs84", "local"):  # a tuple: the word may be anything, a list too
        check.fault(f"frame is {frame!r}", "write wgs84 or local", at=("frame",))
    unit = str(content.get("length_unit", "m"))
    try:
        to_si(1.0, unit, "m")
    except TwinError as error:
        check.fault(f"length_unit: {error.what}", error.fix, at=("length_unit",))
    if "length_unit" in content and frame != "local":
        check.fault("length_unit without frame: local", "WGS 84 is in degrees; leave it out", at=("length_unit",))
    if check.problems:
        raise LayoutError.of(check.problems, where=name)
    return LayoutMapping(
        tag=tag,
        kind=kind,
        file=str(content.get("file") or ""),
        kind_property=kind_property,
        kind_values=kind_values,
        attributes=attributes,
        where=where,
        frame="local" if frame == "local" else "wgs84",
        length_unit=unit,
        name=str(content.get("name") or ""),
        text=json.dumps(content, ensure_ascii=False, sort_keys=True, default=str),
    )


def _load(path: Path) -> tuple[Mapping[str, object], dict[tuple[str, ...], int]]:
    document = open_document(path, max_bytes=_MOST_BYTES)
    lines: dict[tuple[str, ...], int] = {}
    try:
        if path.suffix.lower() == ".json":
            content = json.loads(document.text)
        else:
            content = _plain(_yaml(document.text, path.name), lines, ())
    except RecursionError:
        raise LayoutError("the mapping is nested too deeply", where=path.name) from None
    except json.JSONDecodeError as error:
        raise LayoutError(f"not valid JSON: {error.msg}", where=f"{path.name}:{error.lineno}:{error.colno}") from None
    except ValueError as error:  # integers of thousands of digits
        raise LayoutError(f"not readable: {error}", where=path.name) from None
    if not isinstance(content, Mapping):
        raise LayoutError(f"a mapping is a dictionary, not {type(content).__name__}", where=path.name)
    return content, lines


def _yaml(text: str, name: str) -> object:
    """Content of a YAML text, with the places of its keys.

    Raises
    ------
    LayoutError
        It is not YAML; with line and column where they are known.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        return YAML(typ="rt", pure=True).load(text)
    except (YAMLError, TypeError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{name}:{mark.line + 1}:{mark.column + 1}" if mark is not None else name
        what = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
        raise LayoutError(f"not valid YAML: {what}", where=place, fix="mend the file there") from None


def _plain(node: object, lines: dict[tuple[str, ...], int], at: tuple[str, ...]) -> object:
    """Plain dictionaries and lists out of ruamel's, with the line of every key."""
    if isinstance(node, Mapping):
        marks = getattr(getattr(node, "lc", None), "data", None) or {}
        for key in node:
            if key in marks:
                lines[(*at, str(key))] = marks[key][0] + 1
        return {str(key): _plain(value, lines, (*at, str(key))) for key, value in node.items()}
    if isinstance(node, list):
        return [_plain(value, lines, at) for value in node]
    return node


def _read_kind(given: object, check: _Check) -> tuple[str, str, dict[str, str]]:
    if isinstance(given, str):
        return check.known_kind(given, ("kind",)), "", {}
    if not isinstance(given, Mapping):
        check.fault("the mapping names no kind", "write kind: tank, or kind: {property: ..., values: {...}}")
        return "", "", {}
    check.keys(given, _KIND_KEYS, ("kind",))
    if not isinstance(given.get("property"), str):
        check.fault("kind has no property", "write kind: {property: type, values: {Tank: tank}}", at=("kind",))
    values = given.get("values") or {}
    if not isinstance(values, Mapping):
        check.fault("kind.values is no dictionary", "write values: {Tank: tank}", at=("kind", "values"))
        values = {}
    table = {as_text(word): check.known_kind(kind, ("kind", "values", str(word))) for word, kind in values.items()}
    default = given.get("default")
    fallback = check.known_kind(default, ("kind", "default")) if default is not None else ""
    return fallback, str(given.get("property")), table


def _read_tag(given: object, check: _Check) -> str:
    if isinstance(given, Mapping) and isinstance(given.get("property"), str):
        check.keys(given, ("property",), ("tag",))
        return "{" + str(given["property"]) + "}"
    if isinstance(given, str) and _FIELD.search(given):
        return given
    check.fault(
        "the mapping does not say how to name the assets" if given is None else f"tag is {given!r}",
        'write tag: "T-{id}" with the name of a property in braces, or tag: {property: id}',
        at=("tag",) if given is not None else (),
    )
    return ""


def _read_rules(given: object, used: list[Kind], check: _Check) -> dict[str, AttributeRule]:
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        check.fault("attributes is no dictionary", "write attributes: {volume: {property: vol, unit: m^3}}")
        return {}
    known: dict[str, Attribute] = {name: rule for kind in used for name, rule in kind.attributes.items()}
    rules = {}
    for name, rule in given.items():
        at = ("attributes", str(name))
        if name not in known:
            check.fault(f"no mapped kind has the attribute {name!r}", near(str(name), known), at=at)
            continue
        if not isinstance(rule, Mapping) or ("property" in rule) == ("value" in rule):
            check.fault(f"{name} needs either a property or a value", "write {property: vol, unit: m^3}", at=at)
            continue
        check.keys(rule, _RULE_KEYS, at)
        unit = str(rule.get("unit") or "")
        if unit and known[name].type == "number":
            try:
                to_si(1.0, unit, known[name].unit)
            except TwinError as error:
                check.fault(f"{name}: {error.what}", error.fix, at=(*at, "unit"))
        if "value" in rule:
            try:
                known[name].read(rule["value"], where=check.name)
            except TwinError as error:
                check.fault(f"{name}: {error.what}", error.fix, at=(*at, "value"))
        rules[str(name)] = AttributeRule(property=str(rule.get("property") or ""), unit=unit, value=rule.get("value"))
    return rules


def _read_where(given: object, check: _Check) -> dict[str, tuple[str, ...]]:
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        check.fault("where is no dictionary", "write where: {property: value}", at=("where",))
        return {}
    return {
        str(key): tuple(as_text(v) for v in (value if isinstance(value, list) else [value]))
        for key, value in given.items()
    }


def draft_mapped(feature: Feature, mapping: LayoutMapping) -> Draft | str | None:
    """Draft of a feature by a mapping, the reason why it is skipped, or None after writing down a fault."""
    properties = feature.properties
    for key, allowed in mapping.where.items():
        if key not in properties or as_text(properties[key]) not in allowed:
            return "not selected by 'where'"
    word = mapping.kind
    if mapping.kind_property:
        word = mapping.kind_values.get(as_text(properties.get(mapping.kind_property)), mapping.kind)
    if not word:
        return f"no kind for their {mapping.kind_property!r}"
    kind = kinds()[word]
    try:
        feature.label = check_tag(_FIELD.sub(lambda match: _part(match[1], properties), mapping.tag))
    except LayoutError as error:
        feature.note(error.what, fix=error.fix)
        return None
    built = feature.shape()
    if built is None:
        return None
    shape = adapt_shape(built[0], kind.geometry)
    if not allowed_shape(shape, kind.geometry):
        feature.note(
            f"a {kind.name} cannot be a {shape.geom_type}", fix="map it to another kind, or leave it out with 'where'"
        )
        return None
    used = {rule.property for rule in mapping.attributes.values()}
    notes = {key: as_text(value) for key, value in properties.items() if value is not None and key not in used}
    return Draft(
        tag=feature.label,
        kind=kind,
        shape=shape,
        attributes=_attributes(feature, kind, mapping),
        notes=notes,
        where=feature.where(),
        foreign=True,
    )


def _part(name: str, properties: Mapping[str, object]) -> str:
    value = properties.get(name)
    if value is None or isinstance(value, Mapping | list):
        raise LayoutError(f"the tag needs the property {name!r}, which is missing", fix=near(name, properties))
    return as_text(value)


def _attributes(feature: Feature, kind: Kind, mapping: LayoutMapping) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for name, rule in mapping.attributes.items():
        if name not in kind.attributes:
            continue
        given = feature.properties.get(rule.property) if rule.property else rule.value
        if given is None or given == "":
            continue
        if rule.property and rule.unit and isinstance(given, (int, float, str)):
            given = f"{given} {rule.unit}"
        value = read_attribute(feature, kind, name, given, key=rule.property, warning=bool(rule.property))
        if value is not None:
            found[name] = value
    return found
