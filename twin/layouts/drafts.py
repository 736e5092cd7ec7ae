"""Features on their way to becoming assets: names, attributes, notes and links of one feature."""

from __future__ import annotations

import difflib
import json
import reprlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from shapely.geometry.base import BaseGeometry

from twin.assets import Kind, Link, Value, kinds
from twin.errors import LayoutError, Problem, TwinError, UnitError, near
from twin.layouts.scan import Document, RawFeature
from twin.layouts.shapes import allowed_shape, build_shape

__all__ = ["LINK_PROPERTIES", "Draft", "Feature", "as_text", "check_tag", "draft_native", "read_attribute"]

# Property -> (relation, whether the property names the source of the link rather than its target).
LINK_PROPERTIES: Mapping[str, tuple[str, bool]] = {
    "from": ("flows_to", True),
    "to": ("flows_to", False),
    "isolates": ("isolates", False),
    "monitors": ("monitors", False),
}
_LONGEST_TAG = 200


@dataclass(slots=True, kw_only=True)
class Draft:
    """An asset in the coordinates of its file."""

    tag: str
    kind: Kind
    shape: BaseGeometry
    attributes: dict[str, Value]
    notes: dict[str, str]
    where: str
    links: tuple[Link, ...] = ()
    foreign: bool = False


@dataclass(slots=True)
class Feature:
    """One feature with its place in the file and the faults found in it so far."""

    document: Document
    raw: RawFeature
    properties: Mapping[str, object]
    geometry: object
    identifier: object = None
    label: str = ""
    problems: list[Problem] = field(default_factory=list)

    @classmethod
    def of(cls, document: Document, raw: RawFeature) -> Feature:
        """Take a decoded feature apart.

        Raises
        ------
        LayoutError
            It is not a GeoJSON Feature.
        """
        content = raw.content
        bare = cls(document, raw, {}, None)
        if not isinstance(content, Mapping) or content.get("type") != "Feature":
            found = content.get("type") if isinstance(content, Mapping) else content
            raise LayoutError(
                f"{reprlib.repr(found)} stands where a Feature should be",
                where=bare.where(),
                fix='a feature is {"type": "Feature", "properties": {...}, "geometry": {...}}',
            )
        properties = content.get("properties")
        if properties is None:
            properties = {}
        if not isinstance(properties, Mapping):
            raise LayoutError(f"the properties are {reprlib.repr(properties)}, not an object", where=bare.where())
        return cls(document, raw, properties, content.get("geometry"), content.get("id"))

    def where(self, key: str = "") -> str:
        """Place in the file, ``file.geojson:123 (feature 7, 'T-101')``; with `key`, the line of that property."""
        raw = self.raw
        line = self.document.line_of_key(key, raw.start, raw.end) if key else self.document.line(raw.start)
        name = f", {self.label!r}" if self.label else ""
        return f"{self.document.name}:{line} (feature {raw.number}{name})"

    def note(self, what: str, *, key: str = "", fix: str = "", warning: bool = False) -> None:
        """Write down a fault."""
        self.problems.append(Problem(what, where=self.where(key), fix=fix, severity="warning" if warning else "error"))

    def shape(self) -> tuple[BaseGeometry, float | None] | None:
        """Geometry in the coordinates of the file, or None after writing down why not."""
        try:
            return build_shape(self.geometry)
        except LayoutError as error:
            self.note(error.what, key="geometry", fix=error.fix)
            return None


def as_text(value: object) -> str:
    """Any JSON value as the text of a note."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def check_tag(given: object) -> str:
    """Tag of an asset from what a file says.

    Raises
    ------
    LayoutError
        It is empty, too long, or has a comma or a control character.
    """
    if isinstance(given, bool) or not isinstance(given, (str, int)):
        raise LayoutError(f"the tag is {reprlib.repr(given)}, not text", fix='write "tag": "T-101"')
    tag = str(given).strip()
    if not tag:
        raise LayoutError("the tag is empty", fix='write "tag": "T-101"')
    if len(tag) > _LONGEST_TAG or "," in tag or not tag.isprintable():
        raise LayoutError(
            f"the tag {reprlib.repr(tag)} is not usable",
            fix=f"use at most {_LONGEST_TAG} printable characters and no comma (lists of tags are split at commas)",
        )
    return tag


def read_attribute(feature: Feature, kind: Kind, name: str, given: object, *, key: str, warning: bool) -> Value | None:
    """Stored value of an attribute, or None after writing down why not."""
    rule = kind.attributes[name]
    if isinstance(given, list) and rule.type == "text":
        given = ", ".join(as_text(item) for item in given)
    if isinstance(given, Mapping | list):
        feature.note(f"{name} is {reprlib.repr(given)}", key=key, fix=f"write one value: {rule.text}", warning=warning)
        return None
    try:
        return rule.read(given, where=feature.where(key))
    except UnitError as error:
        feature.note(f"{name}: {error.what}", key=key, fix=error.fix, warning=warning)
    except TwinError as error:
        feature.note(error.what, key=key, fix=error.fix, warning=warning)
    return None


def draft_native(feature: Feature) -> Draft | None:
    """Draft of a feature written for this program: properties `tag`, `kind`, attributes with units, links."""
    properties = feature.properties
    tag = _native_tag(feature)
    kind = kinds().get(str(properties.get("kind")).strip())
    if kind is None:
        feature.note(
            f"unknown kind {reprlib.repr(properties.get('kind'))}",
            key="kind",
            fix=near(str(properties.get("kind")), kinds()),
        )
    built = feature.shape()
    if kind is None:
        return None
    if built is not None and not allowed_shape(built[0], kind.geometry):
        feature.note(
            f"a {kind.name} cannot be a {built[0].geom_type}",
            key="geometry",
            fix=f"draw it as a {' or '.join(kind.geometry)}",
        )
        built = None
    attributes, notes = _sort_properties(feature, kind)
    links = _links(feature, kind, tag) if tag else ()
    if built is None or not tag:
        return None
    shape, elevation = built
    if elevation:
        notes.setdefault("elevation", f"{elevation:g} m")
    where = feature.where()
    return Draft(tag=tag, kind=kind, shape=shape, attributes=attributes, notes=notes, where=where, links=links)


def _native_tag(feature: Feature) -> str:
    if "tag" not in feature.properties:
        feature.note("the feature has a kind but no tag", key="kind", fix='add a unique name: "tag": "T-101"')
        return ""
    try:
        feature.label = check_tag(feature.properties["tag"])
    except LayoutError as error:
        feature.note(error.what, key="tag", fix=error.fix)
    return feature.label


def _sort_properties(feature: Feature, kind: Kind) -> tuple[dict[str, Value], dict[str, str]]:
    """Attributes and notes of a native feature; a note that looks like a misspelt attribute earns a warning."""
    attributes: dict[str, Value] = {}
    notes: dict[str, str] = {}
    known = {name.casefold(): name for name in (*kind.attributes, *LINK_PROPERTIES, "tag", "kind")}
    for key, given in feature.properties.items():
        if key in {"tag", "kind"} or given is None:
            continue
        if key in kind.attributes:
            value = read_attribute(feature, kind, key, given, key=key, warning=False)
            if value is not None:
                attributes[key] = value
        elif key not in LINK_PROPERTIES:
            notes[key] = as_text(given)
            close = difflib.get_close_matches(key.casefold(), known, n=1, cutoff=0.75)
            if close and known[close[0]] not in feature.properties:
                feature.note(
                    f"{key!r} is no attribute of a {kind.name} and is kept as a note",
                    key=key,
                    fix=f"did you mean {known[close[0]]!r}?",
                    warning=True,
                )
    return attributes, notes


def _links(feature: Feature, kind: Kind, tag: str) -> tuple[Link, ...]:
    found = []
    for key, (relation, is_source) in LINK_PROPERTIES.items():
        given = feature.properties.get(key)
        if given is None:
            continue
        names = given if isinstance(given, list) else as_text(given).split(",")
        for name in names:
            try:
                other = check_tag(name)
            except LayoutError as error:
                feature.note(f"{key}: {error.what}", key=key, fix="name the tag of another asset")
                continue
            source, target = (other, tag) if is_source else (tag, other)
            layer = "sensor" if relation == "monitors" else kind.layer
            found.append(Link(source=source, target=target, layer=layer, relation=relation, where=feature.where(key)))
    return tuple(found)
