"""The built-in kinds of assets: what may stand in a park, as data rows.

The rows are offered to the twin through the entry point ``parktwin.packs``; an industry pack adds rows of its own the
same way. OpenStreetMap tags are matched in the order of `KINDS`, so a particular tag (``man_made=storage_tank``)
stands before a general one (``building=*``).

Defaults that come from a code of practice name it: GB 50016-2014 is the Chinese *Code for fire protection design of
buildings*. Other defaults are assumptions for a layout that is silent, and their text says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from twin.assets import Attribute, Kind, Value

__all__ = ["KINDS"]

_POINT = ("Point",)
_LINE = ("LineString", "MultiLineString")
_AREA = ("Polygon", "MultiPolygon")
_PLACE = _POINT + _AREA
_INFINITE = float("inf")


def _number(
    name: str, unit: str, text: str, span: tuple[float, float], default: float | None = None
) -> tuple[str, Attribute]:
    return name, Attribute(name=name, unit=unit, text=text, low=span[0], high=span[1], default=default)


def _text(name: str, text: str) -> tuple[str, Attribute]:
    return name, Attribute(name=name, text=text, type="text")


def _flag(name: str, text: str, *, default: Value | None = None) -> tuple[str, Attribute]:
    return name, Attribute(name=name, text=text, type="flag", default=default)


def _rows(*rows: tuple[str, Attribute]) -> Mapping[str, Attribute]:
    return MappingProxyType(dict(rows))


def _title(en: str, zh: str) -> Mapping[str, str]:
    return MappingProxyType({"en": en, "zh": zh})


_HEIGHT = _number("height", "m", "height above ground of the top, or shell height of a tank", (0.0, 500.0))
_RELEASE_HEIGHT = _number("release_height", "m", "height above ground at which a leak is assumed", (0.0, 500.0), 1.0)
_CONTENTS = (
    _text("substance", "what it holds: name, formula, CAS number or Chinese name"),
    _number("pressure", "Pa", "absolute pressure of the contents", (1e3, 1e8)),
    _number("temperature", "K", "temperature of the contents", (20.0, 2000.0)),
    _RELEASE_HEIGHT,
)
_HOLDING = (
    *_CONTENTS,
    _number("volume", "m^3", "inner volume", (0.0, 1e6)),
    _number("diameter", "m", "outer diameter", (0.0, 200.0)),
    _HEIGHT,
    _number("level", "", "filled fraction of the height", (0.0, 1.0)),
    _number("inventory", "kg", "mass that can escape; limits the duration of a leak", (0.0, 1e9)),
)
# Infiltration where the layout is silent. An assumption of ours; a measured value belongs in the layout.
_AIR = (
    _number(
        "air_changes",
        "1/s",
        "outside air change rate with ventilation running; 1 per hour assumed where the layout is silent",
        (0.0, 0.1),
        1.0 / 3600.0,
    ),
    _number(
        "air_changes_sheltered",
        "1/s",
        "outside air change rate with ventilation off, windows and doors shut; 0.5 per hour assumed where the layout "
        "is silent",
        (0.0, 0.1),
        0.5 / 3600.0,
    ),
)
_BUILDING = _rows(_HEIGHT, *_AIR)


def _width(text: str, default: float) -> tuple[str, Attribute]:
    return _number("width", "m", f"clear width; {text}", (0.1, 100.0), default)


_ROADS = (
    *("motorway", "trunk", "primary", "secondary", "tertiary", "unclassified", "residential", "living_street"),
    *("service", "track", "road", "busway", "motorway_link", "trunk_link", "primary_link", "secondary_link"),
    "tertiary_link",
)

KINDS: tuple[Kind, ...] = (
    # -- process
    Kind(
        name="tank",
        layer="process",
        title=_title("tank", "储罐"),
        geometry=_PLACE,
        attributes=_rows(*_HOLDING),
        osm=("man_made=storage_tank", "man_made=silo", "man_made=gasometer"),
    ),
    Kind(
        name="vessel",
        layer="process",
        title=_title("pressure vessel", "压力容器"),
        geometry=_PLACE,
        attributes=_rows(*_HOLDING),
    ),
    Kind(
        name="pipe",
        layer="process",
        title=_title("pipe", "管道"),
        geometry=_LINE,
        attributes=_rows(*_CONTENTS, _number("diameter", "m", "inner diameter", (0.0, 10.0))),
        osm=("man_made=pipeline",),
    ),
    Kind(
        name="valve",
        layer="process",
        title=_title("shut-off valve", "切断阀"),
        geometry=_POINT,
        attributes=_rows(
            _number(
                "closing_time",
                "s",
                "time from the command to shut; 10 s assumed where the layout is silent",
                (0.0, 3600.0),
                10.0,
            ),
            _flag("remote", "can be shut from the control room", default=True),
            _text("isolates", "tags of the assets it cuts off, separated by commas"),
        ),
        osm=("pipeline=valve",),
    ),
    Kind(
        name="pump",
        layer="process",
        title=_title("pump", "泵"),
        geometry=_PLACE,
        attributes=_rows(*_CONTENTS),
        osm=("man_made=pump",),
    ),
    Kind(
        name="compressor",
        layer="process",
        title=_title("compressor", "压缩机"),
        geometry=_PLACE,
        attributes=_rows(*_CONTENTS),
        osm=("pipeline=compressor",),
    ),
    Kind(
        name="loading_bay",
        layer="process",
        title=_title("loading bay", "装卸区"),
        geometry=_PLACE,
        attributes=_rows(
            *_CONTENTS,
            _number("hose_diameter", "m", "inner diameter of the loading hose or arm", (0.0, 1.0)),
            _number("inventory", "kg", "mass that can escape; limits the duration of a leak", (0.0, 1e9)),
        ),
        osm=("amenity=loading_dock",),
    ),
    Kind(
        name="flare",
        layer="process",
        title=_title("flare", "火炬"),
        geometry=_PLACE,
        attributes=_rows(_HEIGHT, _number("diameter", "m", "tip diameter", (0.0, 10.0))),
        osm=("man_made=flare",),
    ),
    Kind(
        name="bund",
        layer="process",
        title=_title("bund", "围堰"),
        geometry=_AREA + _LINE,
        attributes=_rows(
            _number("height", "m", "height of the wall above the floor inside", (0.0, 50.0)),
            _number("volume", "m^3", "liquid it can hold", (0.0, 1e6)),
        ),
        osm=("barrier=bund",),
    ),
    # -- space, the particular before the general
    Kind(
        name="control_room",
        layer="space",
        title=_title("control room", "控制室"),
        geometry=_PLACE,
        attributes=_BUILDING,
    ),
    Kind(
        name="fire_station",
        layer="space",
        title=_title("fire station", "消防站"),
        geometry=_PLACE,
        attributes=_BUILDING,
        osm=("amenity=fire_station", "building=fire_station"),
    ),
    Kind(
        name="village",
        layer="space",
        title=_title("village", "村庄"),
        geometry=_PLACE,
        attributes=_BUILDING,
        osm=("landuse=residential", "place=village", "place=hamlet"),
    ),
    Kind(
        name="area",
        layer="space",
        title=_title("area", "区域"),
        geometry=_AREA,
        osm=("landuse=industrial", "man_made=works"),
    ),
    Kind(
        name="water",
        layer="space",
        title=_title("water", "水域"),
        geometry=_AREA + _LINE,
        osm=("natural=water", "waterway=*"),
    ),
    # -- walkway
    Kind(
        name="muster_point",
        layer="walkway",
        title=_title("muster point", "集合点"),
        geometry=_PLACE,
        attributes=_rows(_number("capacity", "", "persons it can take; unlimited where silent", (0.0, _INFINITE))),
        osm=("emergency=assembly_point",),
    ),
    Kind(
        name="stairs",
        layer="walkway",
        title=_title("stairs", "楼梯"),
        geometry=_LINE,
        attributes=_rows(_width("1.1 m where silent, the least for an escape stair (GB 50016-2014, 3.7.5)", 1.1)),
        osm=("highway=steps",),
    ),
    Kind(
        name="walkway",
        layer="walkway",
        title=_title("walkway", "步道"),
        geometry=_LINE,
        attributes=_rows(
            _width("1.4 m where silent, the least for an escape way in a plant (GB 50016-2014, 3.7.5)", 1.4)
        ),
        osm=(
            "highway=footway",
            "highway=path",
            "highway=pedestrian",
            "highway=corridor",
            "highway=cycleway",
            "highway=bridleway",
        ),
    ),
    Kind(
        name="gate",
        layer="walkway",
        title=_title("gate", "大门"),
        geometry=_POINT + _LINE,
        attributes=_rows(_width("4 m where silent, passable for a fire engine (GB 50016-2014, 7.1.8)", 4.0)),
        osm=("barrier=gate", "barrier=lift_gate", "barrier=swing_gate", "barrier=sliding_gate", "barrier=entrance"),
    ),
    Kind(
        name="door",
        layer="walkway",
        title=_title("door", "门"),
        geometry=_POINT + _LINE,
        attributes=_rows(_width("0.9 m where silent, the least for an escape door (GB 50016-2014, 3.7.5)", 0.9)),
        osm=("entrance=*", "door=*"),
    ),
    # -- road
    Kind(
        name="road",
        layer="road",
        title=_title("road", "道路"),
        geometry=_LINE,
        attributes=_rows(_width("4 m where silent, the least for a fire lane (GB 50016-2014, 7.1.8)", 4.0)),
        osm=tuple(f"highway={word}" for word in _ROADS),
    ),
    # -- sensor
    Kind(
        name="detector",
        layer="sensor",
        title=_title("gas detector", "气体探测器"),
        geometry=_POINT,
        attributes=_rows(
            _text("gas", "substance it measures: name, formula, CAS number or Chinese name"),
            _number("height", "m", "height above ground; 1.5 m (breathing height) where silent", (0.0, 500.0), 1.5),
            _number(
                "t90", "s", "time to show 90 % of a step; 30 s assumed where the layout is silent", (0.0, 600.0), 30.0
            ),
            _number("alarm_1", "kg/m^3", "first alarm set point, for instance 3 mg/m^3", (0.0, 10.0)),
            _number("alarm_2", "kg/m^3", "second alarm set point, for instance 9 mg/m^3", (0.0, 10.0)),
            _number("range_high", "kg/m^3", "highest concentration it can show", (0.0, 10.0)),
        ),
    ),
    Kind(
        name="wind_mast",
        layer="sensor",
        title=_title("wind mast", "测风塔"),
        geometry=_POINT,
        attributes=_rows(_number("height", "m", "height above ground of the anemometer", (0.0, 300.0), 10.0)),
        osm=("monitoring:weather=yes",),
    ),
    # -- the general, last
    Kind(
        name="building",
        layer="space",
        title=_title("building", "建筑"),
        geometry=_PLACE,
        attributes=_BUILDING,
        osm=("building=*", "man_made=chimney"),
    ),
    Kind(
        name="fence",
        layer="space",
        title=_title("fence", "围墙"),
        geometry=_LINE + _AREA,
        attributes=_rows(_number("height", "m", "height", (0.0, 50.0))),
        osm=("barrier=*",),
    ),
)
