"""The attributes of the built-in kinds: unit, range, meaning and default.

A default names the code of practice or the publication it comes from, or says that it is assumed. What has no
accepted value, such as the effect of a water curtain, has no default.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from plant_models.vessels import HEADS, VESSEL_SHAPES
from twin.assets import Attribute, Value

__all__ = [
    "BUILDING",
    "BUND",
    "CAPACITY",
    "CONTENTS",
    "DETECTOR",
    "EXCHANGER",
    "HEIGHT",
    "HOLDING",
    "HOSE",
    "HYDRANT",
    "LOADING",
    "OCCUPANTS",
    "PIPE",
    "PUMP",
    "REACTOR",
    "RELIEF",
    "STORAGE",
    "TITLES_ZH",
    "VALVE",
    "WATER_CURTAIN",
    "Row",
    "flag",
    "number",
    "rows",
    "text",
]

Row = tuple[str, Attribute]


def number(name: str, unit: str, text: str, span: tuple[float, float], default: float | None = None) -> Row:
    """Row of a number: name, SI unit, meaning, lowest and highest value, default."""
    return name, Attribute(name=name, unit=unit, text=text, low=span[0], high=span[1], default=default)


def text(name: str, text: str, choices: tuple[str, ...] = ()) -> Row:
    """Row of a text, with the words it may be."""
    return name, Attribute(name=name, text=text, type="text", choices=choices)


def flag(name: str, text: str, *, default: Value | None = None) -> Row:
    """Row of a yes or no."""
    return name, Attribute(name=name, text=text, type="flag", default=default)


def rows(*given: Row) -> Mapping[str, Attribute]:
    """Attributes by name."""
    return MappingProxyType(dict(given))


_SHARE = (0.0, 1.0)
_ABSOLUTE = (1e3, 1e8)  # Pa

HEIGHT = number("height", "m", "height above ground of the top, or shell height of a tank", (0.0, 500.0))
CONTENTS = (
    text("substance", "what it holds: name, formula, CAS number or Chinese name"),
    number("pressure", "Pa", "absolute pressure of the contents", _ABSOLUTE),
    number("temperature", "K", "temperature of the contents", (20.0, 2000.0)),
    number(
        "release_height",
        "m",
        "height above ground at which a leak is taken; 1 m assumed where the layout is silent",
        (0.0, 500.0),
        1.0,
    ),
)
_VOLUME = number("volume", "m^3", "inner volume", (0.0, 1e6))
_INVENTORY = number("inventory", "kg", "mass that can escape; limits the duration of a leak", (0.0, 1e9))
_WALL = (
    number("wall_thickness", "m", "thickness of the wall; the diameter inside is smaller by twice that", (1e-4, 1.0)),
    number("insulation_thickness", "m", "thickness of the thermal insulation; 0: bare", (0.0, 2.0)),
    number("insulation_conductivity", "W/m/K", "thermal conductivity of the insulation", (1e-3, 5.0)),
)
_DESIGN = (
    number("design_pressure", "Pa", "absolute design pressure", _ABSOLUTE),
    number("design_temperature", "K", "design temperature", (20.0, 2000.0)),
)
HOLDING = (
    *CONTENTS,
    _VOLUME,
    number("diameter", "m", "outer diameter", (0.0, 200.0)),
    HEIGHT,
    number("level", "", "filled fraction of the height", _SHARE),
    _INVENTORY,
    text("vessel_shape", "shape of the inside; a gas_holder has a volume that follows its level", VESSEL_SHAPES),
    text("heads", "ends of a cylinder; ellipsoidal is 2:1, dished is torispherical (DIN 28011, GB/T 25198)", HEADS),
    number("length", "m", "length of the cylinder between its tangent lines", (1e-3, 1e3)),
    *_WALL,
    *_DESIGN,
)
STORAGE = (
    *HOLDING,
    text(
        "service",
        "how it keeps its contents: at the pressure of the air, under pressure, or cold",
        ("atmospheric", "pressurised", "refrigerated"),
    ),
)
REACTOR = (
    *HOLDING,
    text("relief", "tags of its relief valves and rupture discs, separated by commas"),
    number("relief_area", "m^2", "free area of its relief in all", (0.0, 10.0)),
)
EXCHANGER = (
    *CONTENTS,
    _VOLUME,
    _INVENTORY,
    number("tube_diameter", "m", "inner diameter of a tube", (1e-3, 1.0)),
    number("tubes", "", "number of tubes", (1.0, 1e5)),
    *_DESIGN,
)
PIPE = (
    *CONTENTS,
    number("diameter", "m", "inner diameter", (0.0, 10.0)),
    number("length", "m", "length of the axis; that of the drawn line where silent", (1e-3, 1e6)),
    number(
        "roughness",
        "m",
        "roughness of the inner wall; 0.0457 mm where silent, commercial steel (Moody 1944, Trans. ASME 66, fig. 2)",
        (0.0, 0.01),
        4.57e-5,
    ),
    *_WALL,
    *_DESIGN,
)
_COUPLING = (
    flag("emergency_release", "has a coupling that parts and shuts both ends when it is pulled or told to"),
    number("emergency_release_time", "s", "time from the pull or the command until both ends are shut", (0.0, 600.0)),
)
HOSE = (
    *CONTENTS,
    number("diameter", "m", "inner diameter", (1e-3, 1.0)),
    number("length", "m", "length of the axis; that of the drawn line where silent", (0.1, 500.0)),
    *_COUPLING,
)
LOADING = (
    *CONTENTS,
    number("hose_diameter", "m", "inner diameter of the loading hose or arm", (0.0, 1.0)),
    _INVENTORY,
)
VALVE = (
    number(
        "closing_time",
        "s",
        "time from the command to shut; 10 s assumed where the layout is silent",
        (0.0, 3600.0),
        10.0,
    ),
    flag("remote", "can be shut from the control room; assumed where the layout is silent", default=True),
    text("isolates", "tags of the assets it cuts off, separated by commas"),
    text("failure_mode", "what it does without power or air", ("fail_open", "fail_closed", "stuck")),
    number("fail_position", "", "opening at which it sticks: 0 shut, 1 open", _SHARE),
    number("failure_probability", "", "probability that it does not shut when told to", _SHARE),
    number("opening", "", "opening now: 0 shut, 1 open", _SHARE),
    number("diameter", "m", "bore", (1e-3, 10.0)),
)
RELIEF = (
    number("set_pressure", "Pa", "absolute pressure at which it opens", _ABSOLUTE),
    number(
        "overpressure",
        "",
        "rise above the set (gauge) pressure at full lift; 10 % where silent, a single valve without a fire "
        "(ASME BPVC VIII-1, UG-125)",
        (0.0, 1.0),
        0.1,
    ),
    number("orifice_area", "m^2", "effective area of the orifice", (1e-7, 1.0)),
    text("orifice_letter", "letter of the orifice in API Standard 526", tuple("DEFGHJKLMNPQRT")),
    number("back_pressure", "Pa", "absolute pressure behind it", _ABSOLUTE),
    number("discharge_coefficient", "", "certified or effective coefficient of discharge", (0.01, 1.0)),
    number("discharge_height", "m", "height above ground at which it lets out", (0.0, 500.0)),
    number("discharge_diameter", "m", "inner diameter of the outlet", (1e-3, 5.0)),
    text("protects", "tags of the assets it protects, separated by commas"),
)
PUMP = (
    *CONTENTS,
    _VOLUME,
    number("mass_rate", "kg/s", "mass rate it delivers in normal running", (0.0, 1e5)),
    number("shut_off_pressure", "Pa", "absolute pressure it makes against a shut valve", _ABSOLUTE),
)
BUND = (
    number("height", "m", "height of the wall above the floor inside", (0.0, 50.0)),
    number("volume", "m^3", "liquid it can hold", (0.0, 1e6)),
    number("area", "m^2", "floor inside; that of the drawn area where silent", (0.01, 1e6)),
    text(
        "floor",
        "what the floor is made of, a substrate of the pool model",
        ("average soil", "concrete", "dry sandy soil", "moist sandy soil", "insulated"),
    ),
)
# Infiltration where the layout is silent. An assumption of ours; a measured value belongs in the layout.
OCCUPANTS = number("occupants", "", "people there now, as badge readers or head-counts say", (0.0, 1e6))
CAPACITY = number("capacity", "", "most people the place holds", (0.0, 1e6))
BUILDING = (
    HEIGHT,
    OCCUPANTS,
    CAPACITY,
    number(
        "air_changes",
        "1/s",
        "outside air change rate with ventilation running; 1 per hour assumed where the layout is silent",
        (0.0, 0.1),
        1.0 / 3600.0,
    ),
    number(
        "air_changes_sheltered",
        "1/s",
        "outside air change rate with ventilation off, windows and doors shut; 0.5 per hour assumed where the layout "
        "is silent",
        (0.0, 0.1),
        0.5 / 3600.0,
    ),
    number("air_changes_open", "1/s", "outside air change rate with windows and doors open", (0.0, 0.1)),
    number("volume", "m^3", "volume of air inside", (1.0, 1e7)),
    number(
        "leakage_area",
        "m^2",
        "effective leakage area at 4 Pa; with it the air changes of the closed building follow wind and temperature",
        (0.0, 100.0),
    ),
    number("storeys", "", "storeys above ground", (1.0, 200.0)),
    number("shelter_class", "", "shelter from the wind, 1 (none) to 5 (buildings immediately adjacent)", (1.0, 5.0)),
    number("intake_height", "m", "height above ground of the air intake", (0.0, 500.0)),
    number("hvac_shut_off_time", "s", "time from the command until no outside air is drawn in", (0.0, 3600.0)),
)
DETECTOR = (
    text("gas", "substance it measures: name, formula, CAS number or Chinese name"),
    number("height", "m", "height above ground; 1.5 m (breathing height) where silent", (0.0, 500.0), 1.5),
    number("t90", "s", "time to show 90 % of a step; 30 s assumed where the layout is silent", (0.0, 600.0), 30.0),
    number("alarm_1", "kg/m^3", "first alarm set point, for instance 3 mg/m^3", (0.0, 10.0)),
    number("alarm_2", "kg/m^3", "second alarm set point, for instance 9 mg/m^3", (0.0, 10.0)),
    number("range_high", "kg/m^3", "highest concentration it can show", (0.0, 10.0)),
    number("dead_time", "s", "time before it shows anything, such as that of a sampling line", (0.0, 600.0)),
    number("drift", "1/s", "change of its reading, fraction of range_high in a time (0.02 1/month)", (-1e-3, 1e-3)),
    number("response", "", "what it shows over what is there", (0.0, 10.0)),
    text("voting_group", "name of the group of detectors that vote on an action"),
    number("votes_needed", "", "detectors of the group that must agree", (1.0, 100.0)),
)
HYDRANT = (number("flow", "m^3/s", "water it gives", (0.0, 1.0)),)
WATER_CURTAIN = (
    number("flow", "m^3/s", "water it takes", (0.0, 10.0)),
    number("length", "m", "length of the curtain; that of the drawn line where silent", (0.1, 1e4)),
    number("height", "m", "height of the curtain", (0.1, 100.0)),
    number("effectiveness", "", "part of the gas taken out of the air; unknown unless measured for the gas", _SHARE),
)

# Chinese names of the attributes, for forms; the English name is the attribute's own.
TITLES_ZH: Mapping[str, str] = MappingProxyType(
    {
        "air_changes": "换气率（通风开启）",
        "air_changes_open": "换气率（门窗开启）",
        "air_changes_sheltered": "换气率（关闭通风门窗）",
        "alarm_1": "一级报警值",
        "alarm_2": "二级报警值",
        "area": "面积",
        "back_pressure": "背压（绝压）",
        "capacity": "容纳人数",
        "closing_time": "关闭时间",
        "dead_time": "滞后时间",
        "design_pressure": "设计压力（绝压）",
        "design_temperature": "设计温度",
        "diameter": "直径",
        "discharge_coefficient": "泄放系数",
        "discharge_diameter": "排放口直径",
        "discharge_height": "排放高度",
        "drift": "漂移",
        "effectiveness": "有效率",
        "emergency_release": "紧急脱离接头",
        "emergency_release_time": "紧急脱离时间",
        "fail_position": "卡滞开度",
        "failure_mode": "故障模式",
        "failure_probability": "要求时失效概率",
        "floor": "地面材料",
        "flow": "水流量",
        "gas": "检测气体",
        "heads": "封头",
        "height": "高度",
        "hose_diameter": "软管内径",
        "hvac_shut_off_time": "通风关停时间",
        "insulation_conductivity": "保温层导热系数",
        "insulation_thickness": "保温层厚度",
        "intake_height": "进风口高度",
        "inventory": "可泄漏量",
        "isolates": "切断对象",
        "leakage_area": "漏风面积",
        "length": "长度",
        "level": "液位",
        "mass_rate": "正常质量流量",
        "occupants": "在场人数",
        "opening": "当前开度",
        "orifice_area": "喉部面积",
        "orifice_letter": "喉径代号",
        "overpressure": "超压",
        "pressure": "压力（绝压）",
        "protects": "保护对象",
        "range_high": "量程上限",
        "release_height": "泄漏高度",
        "relief": "泄放装置",
        "relief_area": "泄放面积",
        "remote": "可远程关闭",
        "response": "响应系数",
        "roughness": "粗糙度",
        "service": "储存方式",
        "set_pressure": "整定压力（绝压）",
        "shelter_class": "避风等级",
        "shut_off_pressure": "关死压力（绝压）",
        "storeys": "层数",
        "substance": "介质",
        "t90": "响应时间 T90",
        "temperature": "温度",
        "tube_diameter": "换热管内径",
        "tubes": "换热管数",
        "vessel_shape": "容器形状",
        "volume": "容积",
        "votes_needed": "表决数",
        "voting_group": "表决组",
        "wall_thickness": "壁厚",
        "width": "净宽",
    }
)
