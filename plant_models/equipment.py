"""The built-in kinds of assets: what may stand in a park, as data rows.

The rows are offered to the twin through the entry point ``parktwin.packs``; an industry pack adds rows of its own the
same way. OpenStreetMap tags are matched in the order of `KINDS`, so a particular tag (``man_made=storage_tank``)
stands before a general one (``building=*``).

Defaults that come from a code of practice name it: GB 50016-2014 is the Chinese *Code for fire protection design of
buildings*. Other defaults are assumptions for a layout that is silent, and their text says so.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from numbers import Real
from types import MappingProxyType
from typing import Any

from shapely.geometry import Point
from shapely.geometry.base import BaseGeometry

from plant_models import attributes as a
from plant_models.attributes import TITLES_ZH, Row, number, rows
from twin.assets import Asset, Attribute, Kind, Layer, Value, kinds
from twin.checks import check_assets
from twin.errors import LayoutError, Problem, TwinError, near
from twin.layouts.drafts import check_tag
from twin.layouts.shapes import allowed_shape
from twin.site import Site
from twin.units import show_quantity

__all__ = ["KINDS", "kind_schema", "kind_table", "markdown_table", "new_asset"]

_POINT = ("Point",)
_LINE = ("LineString", "MultiLineString")
_AREA = ("Polygon", "MultiPolygon")
_PLACE = _POINT + _AREA


def _kind(name: str, zh: str, layer: Layer, geometry: tuple[str, ...], given: Iterable[Row] = (), **more: Any) -> Kind:
    """Row of a kind; the English title is its name unless `en` is given, `osm` are its OpenStreetMap tags."""
    title = MappingProxyType({"en": more.pop("en", name.replace("_", " ")), "zh": zh})
    return Kind(name=name, layer=layer, title=title, geometry=geometry, attributes=rows(*given), **more)


def _width(text: str, default: float) -> Row:
    return number("width", "m", f"clear width; {text}", (0.1, 100.0), default)


_ROADS = (
    *("motorway", "trunk", "primary", "secondary", "tertiary", "unclassified", "residential", "living_street"),
    *("service", "track", "road", "busway", "motorway_link", "trunk_link", "primary_link", "secondary_link"),
    "tertiary_link",
)

KINDS: tuple[Kind, ...] = (
    # -- process
    _kind(
        "tank",
        "储罐",
        "process",
        _PLACE,
        a.STORAGE,
        osm=("man_made=storage_tank", "man_made=silo", "man_made=gasometer"),
    ),
    _kind("vessel", "压力容器", "process", _PLACE, a.STORAGE, en="pressure vessel"),
    _kind("pipe", "管道", "process", _LINE, a.PIPE, osm=("man_made=pipeline",)),
    _kind("valve", "切断阀", "process", _POINT, a.VALVE, en="shut-off valve", osm=("pipeline=valve",)),
    _kind("pump", "泵", "process", _PLACE, a.PUMP, osm=("man_made=pump",)),
    _kind("compressor", "压缩机", "process", _PLACE, a.PUMP, osm=("pipeline=compressor",)),
    _kind("loading_bay", "装卸区", "process", _PLACE, (*a.LOADING, a.OCCUPANTS), osm=("amenity=loading_dock",)),
    _kind(
        "flare",
        "火炬",
        "process",
        _PLACE,
        (
            a.HEIGHT,
            number("diameter", "m", "tip diameter", (0.0, 10.0)),
        ),
        osm=("man_made=flare",),
    ),
    _kind("bund", "围堰", "process", _AREA + _LINE, a.BUND, osm=("barrier=bund",)),
    _kind("reactor", "反应器", "process", _PLACE, a.REACTOR),
    _kind("heat_exchanger", "换热器", "process", _PLACE, a.EXCHANGER),
    _kind("hose", "软管", "process", _POINT + _LINE, a.HOSE),
    _kind("loading_arm", "装卸臂", "process", _POINT + _LINE, a.HOSE),
    _kind("check_valve", "止回阀", "process", _POINT),
    _kind("relief_valve", "安全阀", "process", _POINT, a.RELIEF),
    _kind("battery_limit", "界区", "process", _PLACE, a.CONTENTS, en="battery limit: where a line leaves the park"),
    _kind("hydrant", "消火栓", "process", _POINT, a.HYDRANT, osm=("emergency=fire_hydrant",)),
    _kind("water_curtain", "水幕", "process", _LINE, a.WATER_CURTAIN),
    # -- space, the particular before the general
    _kind("control_room", "控制室", "space", _PLACE, a.BUILDING),
    _kind("fire_station", "消防站", "space", _PLACE, a.BUILDING, osm=("amenity=fire_station", "building=fire_station")),
    _kind("village", "村庄", "space", _PLACE, a.BUILDING, osm=("landuse=residential", "place=village", "place=hamlet")),
    _kind("area", "区域", "space", _AREA, (a.OCCUPANTS, a.CAPACITY), osm=("landuse=industrial", "man_made=works")),
    _kind("water", "水域", "space", _AREA + _LINE, osm=("natural=water", "waterway=*")),
    # -- walkway
    _kind(
        "muster_point",
        "集合点",
        "walkway",
        _PLACE,
        (number("capacity", "", "persons it can take; unlimited where silent", (0.0, math.inf)),),
        osm=("emergency=assembly_point",),
    ),
    _kind(
        "stairs",
        "楼梯",
        "walkway",
        _LINE,
        (_width("1.1 m where silent, the least for an escape stair (GB 50016-2014, 3.7.5)", 1.1),),
        osm=("highway=steps",),
    ),
    _kind(
        "walkway",
        "步道",
        "walkway",
        _LINE,
        (_width("1.4 m where silent, the least for an escape way in a plant (GB 50016-2014, 3.7.5)", 1.4),),
        osm=(
            "highway=footway",
            "highway=path",
            "highway=pedestrian",
            "highway=corridor",
            "highway=cycleway",
            "highway=bridleway",
        ),
    ),
    _kind(
        "gate",
        "大门",
        "walkway",
        _POINT + _LINE,
        (_width("4 m where silent, passable for a fire engine (GB 50016-2014, 7.1.8)", 4.0),),
        osm=("barrier=gate", "barrier=lift_gate", "barrier=swing_gate", "barrier=sliding_gate", "barrier=entrance"),
    ),
    _kind(
        "door",
        "门",
        "walkway",
        _POINT + _LINE,
        (_width("0.9 m where silent, the least for an escape door (GB 50016-2014, 3.7.5)", 0.9),),
        osm=("entrance=*", "door=*"),
    ),
    # -- road
    _kind(
        "road",
        "道路",
        "road",
        _LINE,
        (_width("4 m where silent, the least for a fire lane (GB 50016-2014, 7.1.8)", 4.0),),
        osm=tuple(f"highway={word}" for word in _ROADS),
    ),
    # -- sensor
    _kind("detector", "气体探测器", "sensor", _POINT, a.DETECTOR, en="gas detector"),
    _kind(
        "wind_mast",
        "测风塔",
        "sensor",
        _POINT,
        (
            number(
                "height",
                "m",
                "height above ground of the anemometer; 10 m where silent, the standard height (WMO-No. 8)",
                (0.0, 300.0),
                10.0,
            ),
        ),
        osm=("monitoring:weather=yes",),
    ),
    # -- the general, last
    _kind("building", "建筑", "space", _PLACE, a.BUILDING, osm=("building=*", "man_made=chimney")),
    _kind("fence", "围墙", "space", _LINE + _AREA, (number("height", "m", "height", (0.0, 50.0)),), osm=("barrier=*",)),
)


def new_asset(  # any attribute is a keyword
    kind: str,
    tag: str,
    *,
    x: float | None = None,
    y: float | None = None,
    shape: BaseGeometry | None = None,
    **attributes: object,
) -> Asset:
    """Build an asset without a layout file: the same checks and defaults as in one.

    Parameters
    ----------
    kind, tag
        Name of the kind, and a unique name.
    x, y
        Place of a point. [m]
    shape
        Shapely geometry in local metres, instead of x and y.
    attributes
        Numbers in SI, or text with a unit such as ``"25 mm"``.

    Raises
    ------
    LayoutError
        Every problem at once: an unknown kind or attribute (with the nearest known), a value without a unit, not
        finite or out of range, no usable shape.

    Examples
    --------
    >>> new_asset("pipe", "P-1", shape=LineString([(0, 0), (40, 0)]), diameter="80 mm", pressure=7e5)
    """
    rule = kinds().get(kind)
    if rule is None:
        raise LayoutError(f"unknown kind {kind!r}", where=str(tag), fix=near(str(kind), kinds()))
    problems: list[Problem] = []
    try:
        name = check_tag(tag)
    except LayoutError as error:
        name = str(tag)
        problems += error.problems
    values = dict(_defaults(rule))
    for key, given in attributes.items():
        known = rule.attributes.get(key)
        if known is None:
            fix = near(key, rule.attributes) or f"a {kind} has no attributes"
            problems.append(Problem(f"a {kind} has no attribute {key!r}", name, fix))
            continue
        try:
            values[key] = _value(known, given, where=name)
        except TwinError as error:
            problems += [
                Problem(f"{key}: {p.what}" if key not in p.what else p.what, name, p.fix) for p in error.problems
            ]
    place = _shape(rule, (x, y), shape, name, problems)
    if place is not None:
        asset = Asset(tag=name, kind=kind, layer=rule.layer, shape=place, attributes=values)
        problems += [Problem(p.what, name, p.fix) for p in check_assets((asset,), Site()) if p.severity == "error"]
    if problems or place is None:
        raise LayoutError.of(problems, where=name)
    return asset


def _defaults(kind: Kind) -> Iterable[tuple[str, Value]]:
    return ((n, rule.default) for n, rule in kind.attributes.items() if rule.default is not None)


def _value(rule: Attribute, given: object, *, where: str) -> Value:
    """Stored value of what was given: an SI number, or what a layout may say."""
    if rule.type == "number" and isinstance(given, Real) and not isinstance(given, bool):
        value = float(given)
        if not rule.low <= value <= rule.high:  # NaN too
            low, high = show_quantity(rule.low, rule.unit), show_quantity(rule.high, rule.unit)
            raise LayoutError(f"{rule.name} is {value!r}", where=where, fix=f"give a value from {low} to {high}")
        return value
    if rule.type == "text" and isinstance(given, (list, tuple)):
        given = ", ".join(map(str, given))
    return rule.read(given, where=where)


def _shape(
    kind: Kind, at: tuple[float | None, float | None], shape: BaseGeometry | None, tag: str, problems: list[Problem]
) -> BaseGeometry | None:
    """Geometry of the asset; what is wrong with it is added to the problems."""
    x, y = at
    if shape is None:
        if x is None or y is None or not all(isinstance(v, Real) and math.isfinite(v) for v in (x, y)):
            problems.append(Problem(f"the place is x = {x!r}, y = {y!r}", tag, "give finite x and y, or a shape"))
            return None
        shape = Point(x, y)
    elif x is not None or y is not None:
        problems.append(Problem("both a shape and x, y are given", tag, "give one of them"))
    if not isinstance(shape, BaseGeometry):
        problems.append(Problem(f"the shape is {shape!r}", tag, "give a shapely geometry in local metres"))
        return None
    if not allowed_shape(shape, kind.geometry):
        fix = f"draw it as a {' or '.join(kind.geometry)}"
        problems.append(Problem(f"a {kind.name} cannot be a {shape.geom_type}", tag, fix))
    return shape


def _known_kind(name: str) -> Kind:
    try:
        return kinds()[name]
    except KeyError:
        raise LayoutError(f"unknown kind {name!r}", fix=near(str(name), kinds())) from None


def kind_schema(kind: str) -> dict[str, Any]:
    """JSON Schema (2020-12) of the attributes of a kind, for forms: numbers in SI with their unit, range and default.

    Besides the standard words each property has ``unit`` and ``titles`` (``en``, ``zh``).

    Raises
    ------
    LayoutError
        Unknown kind.
    """
    rule = _known_kind(kind)
    properties: dict[str, Any] = {"tag": {"type": "string", "minLength": 1, "titles": {"en": "tag", "zh": "位号"}}}
    for name, attribute in rule.attributes.items():
        row: dict[str, Any] = {
            "title": name.replace("_", " "),
            "titles": {"en": name.replace("_", " "), "zh": TITLES_ZH.get(name, name)},
            "description": attribute.text,
            "type": {"number": "number", "text": "string", "flag": "boolean"}[attribute.type],
        }
        if attribute.type == "number":
            row["unit"] = attribute.unit
            limits = {"minimum": attribute.low, "maximum": attribute.high}
            row |= {word: limit for word, limit in limits.items() if math.isfinite(limit)}
        if attribute.choices:
            row["enum"] = list(attribute.choices)
        if attribute.default is not None:
            row["default"] = attribute.default
        properties[name] = row
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": rule.title.get("en", kind),
        "titles": dict(rule.title),
        "type": "object",
        "properties": properties,
        "required": ["tag"],
        "additionalProperties": False,
    }


_TABLE_HEAD = ("attribute", "中文", "of", "SI unit", "range", "where silent", "meaning")


def kind_table(*names: str) -> tuple[tuple[str, ...], ...]:
    """Attributes of some kinds, or of all, as the rows of a table; the first row is its head.

    Kinds that share an attribute with the same unit, range, default and meaning share the row.

    Raises
    ------
    LayoutError
        Unknown kind.
    """
    owners: dict[tuple[str, ...], list[str]] = {}
    for kind in map(_known_kind, names or kinds()):
        for rule in kind.attributes.values():
            cells = (rule.name, rule.unit or "1", _span(rule), _silent(rule), rule.text)
            owners.setdefault(cells, []).append(kind.name)
    body = (
        (f"`{name}`", TITLES_ZH.get(name, ""), ", ".join(of), unit, span, silent, meaning)
        for (name, unit, span, silent, meaning), of in sorted(owners.items(), key=lambda item: item[0][0])
    )
    return (_TABLE_HEAD, *body)


def _span(rule: Attribute) -> str:
    if rule.type == "flag":
        return "yes or no"
    if rule.type == "text":
        return "one of " + ", ".join(rule.choices) if rule.choices else "text"
    low = show_quantity(rule.low, "") if math.isfinite(rule.low) else "any"
    high = show_quantity(rule.high, "") if math.isfinite(rule.high) else "any"
    return f"{low} to {high}" if low != high else "any number"


def _silent(rule: Attribute) -> str:
    if isinstance(rule.default, bool):
        return "yes" if rule.default else "no"
    if isinstance(rule.default, float):
        return show_quantity(rule.default, rule.unit)
    return "unknown" if rule.default is None else rule.default


def markdown_table(cells: Iterable[Iterable[object]]) -> str:
    """Rows as a table in Markdown; the first is the head."""
    head, *body = [[str(cell).replace("|", "\\|") for cell in row] for row in cells]
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *body])
