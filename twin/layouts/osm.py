"""OpenStreetMap features to assets, whatever program exported them.

Tags are looked for where the usual exporters put them: as properties (overpass-turbo, osmtogeojson, osmium), in a
property `tags` (an object or JSON text), and in the `other_tags` text of GDAL. The kind is the first in the order of
the packs one of whose `Kind.osm` tags matches.

The tag of such an asset is ``<kind>-<n|w|r|a><id>``, for example ``tank-w135511491`` for the way 135511491 (node, way,
relation, area of osmium): it stays the same from one extract to the next. `ref` and `name` are kept as notes, because
they are neither unique nor stable. A feature without an id is named after its position, ``tank-x3f2a9c41``.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from twin.assets import Kind, Value, kinds
from twin.errors import TwinError
from twin.layouts.drafts import Draft, Feature, as_text
from twin.layouts.shapes import adapt_shape, allowed_shape
from twin.units import parse_quantity

__all__ = ["draft_osm", "osm_identifier", "osm_kind", "osm_tags"]

_HSTORE = re.compile(r'"((?:[^"\\]|\\.)*)"\s*=>\s*(?:"((?:[^"\\]|\\.)*)"|NULL)')
_IDENTIFIER = re.compile(r"^(node|way|relation|area|n|w|r|a)[/ ]?(\d+)$")
# Attribute -> the keys of OpenStreetMap that mean it, with the unit of a bare number there (wiki, Key:width and
# Key:height: metres). `diameter` has no default unit (millimetres for pipelines, metres elsewhere), so only a stated
# unit counts.
_KEYS: Mapping[str, tuple[tuple[str, str | None], ...]] = {
    "width": (("width", "m"), ("est_width", "m")),
    "height": (("height", "m"), ("est_height", "m")),
    "diameter": (("diameter", None),),
    "substance": (("substance", ""), ("content", "")),
    "capacity": (("capacity", ""),),
}
_NUMBER = re.compile(r"^\s*\d+(\.\d+)?\s*$")


def osm_tags(properties: Mapping[str, object]) -> dict[str, str]:
    """OpenStreetMap tags among the properties of a feature, as text."""
    tags = {key: as_text(value) for key, value in properties.items() if isinstance(value, (str, int, float))}
    packed = properties.get("tags")
    if isinstance(packed, str) and packed.lstrip().startswith("{"):
        try:
            packed = json.loads(packed)
        except ValueError:
            packed = None
    if isinstance(packed, Mapping):
        tags.pop("tags", None)
        tags.update((str(key), as_text(value)) for key, value in packed.items() if value is not None)
    other = properties.get("other_tags")
    if isinstance(other, str):
        tags.pop("other_tags", None)
        for key, value in _HSTORE.findall(other):
            tags.setdefault(_unescape(key), _unescape(value))
    return tags


def _unescape(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def _rules() -> Iterator[tuple[str, str, Kind]]:
    for kind in kinds().values():
        for rule in kind.osm:
            key, _, value = rule.partition("=")
            yield key, value, kind


def osm_kind(tags: Mapping[str, str]) -> Kind | None:
    """Kind of the first rule, in the order of the packs, that one of the tags fulfils."""
    for key, value, kind in _rules():
        said = tags.get(key)
        if said is None or said == "no":
            continue
        if value == "*" or value in (word.strip() for word in said.split(";")):
            return kind
    return None


def osm_identifier(properties: Mapping[str, object], identifier: object, shape: BaseGeometry) -> str:
    """Short stable id of the element, such as ``w123``; empty when the feature has none."""
    for given in (properties.get("@id"), identifier, properties.get("id")):
        match = _IDENTIFIER.match(given.strip()) if isinstance(given, str) else None
        if match:
            return f"{match[1][0]}{match[2]}"
    letters = {"node": "n", "way": "w", "relation": "r", "area": "a"}
    stated = properties.get("@type", properties.get("osm_type", properties.get("type")))
    letter = letters.get(str(stated).lower(), "")
    if str(properties.get("osm_way_id") or "").isdigit():
        return f"w{properties['osm_way_id']}"
    for key in ("osm_id", "@id", "id"):
        number = str(properties.get(key) or "")
        if number.lstrip("-").isdigit():
            # GDAL and osm2pgsql: points are nodes, lines ways, polygons with only an osm_id relations; a negative id
            # of osm2pgsql is a relation too.
            guess = {"Point": "n", "LineString": "w"}.get(shape.geom_type, "r" if key == "osm_id" else "w")
            return f"{'r' if number.startswith('-') else letter or guess}{number.lstrip('-')}"
    if isinstance(identifier, int) and not isinstance(identifier, bool):
        return f"{letter or {'Point': 'n'}.get(shape.geom_type, 'w')}{abs(identifier)}"
    return ""


def _named_by_place(shape: BaseGeometry) -> str:
    """Eight hex digits of the coordinates, the same whatever corner a ring starts at."""
    digits = np.round(shapely.get_coordinates(shapely.normalize(shape)), 7) + 0.0
    return "x" + hashlib.sha256(digits.tobytes()).hexdigest()[:8]


def draft_osm(feature: Feature) -> Draft | str:
    """Draft of an OpenStreetMap feature, or the reason why it is skipped."""
    tags = osm_tags(feature.properties)
    kind = osm_kind(tags)
    if kind is None:
        return "no kind for their tags"
    before = len(feature.problems)
    built = feature.shape()
    if built is None:
        del feature.problems[before:]
        return "no usable geometry"
    shape = adapt_shape(built[0], kind.geometry)
    if not allowed_shape(shape, kind.geometry):
        return "a geometry their kind cannot have"
    identifier = osm_identifier(feature.properties, feature.identifier, built[0]) or _named_by_place(built[0])
    tag = feature.label = f"{kind.name}-{identifier}"
    attributes = _attributes(tags, kind)
    return Draft(
        tag=tag, kind=kind, shape=shape, attributes=attributes, notes=tags, where=feature.where(), foreign=True
    )


def _attributes(tags: Mapping[str, str], kind: Kind) -> dict[str, Value]:
    """Attributes the tags state in a readable way; the rest stays unknown, its text is in the notes."""
    found: dict[str, Value] = {}
    for name, keys in _KEYS.items():
        rule = kind.attributes.get(name)
        if rule is None:
            continue
        for key, unit in keys:
            text = tags.get(key)
            if text is None or name in found:
                continue
            try:
                if unit and _NUMBER.match(text):
                    text = f"{text.strip()} {unit}"
                if rule.type == "number":
                    parse_quantity(text, rule.unit)
                found[name] = rule.read(text, where="")
            except TwinError:
                continue
    return found
