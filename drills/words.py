"""What a report calls things: events, grades and figures in words people read, English and Chinese."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from scenarios.schema import Scenario
from scenarios.standards import Expectation

__all__ = ["GRADES", "Words", "clock", "figure", "say_event", "say_rule", "stamp"]


@dataclass(frozen=True, slots=True)
class Words:
    """The same in two languages."""

    en: str
    zh: str


# Ratings of the Homeland Security Exercise and Evaluation Program (HSEEP 2020, FEMA).
GRADES: Mapping[str, str] = MappingProxyType(
    {
        "P": "performed without challenges",
        "S": "performed with some challenges",
        "M": "performed with major challenges",
        "U": "unable to be performed",
    }
)

_ACTIONS = {
    "acknowledge_alarm": Words("acknowledges the alarm", "确认报警"),
    "sound_alarm": Words("sounds the alarm", "发出警报"),
    "close_valve": Words("sends the close command", "发出关阀指令"),
    "manual_close": Words("closes the valve by hand", "手动关阀"),
    "call_fire_brigade": Words("calls the fire brigade", "报告消防队"),
    "order_evacuate": Words("orders evacuation", "下令疏散"),
    "order_shelter": Words("orders shelter in place", "下令就地避险"),
    "order_all_clear": Words("gives the all-clear", "宣布解除"),
    "headcount": Words("takes the head-count", "清点人数"),
    "report": Words("reports", "上报"),
    "stop_work": Words("stops work", "下令停止作业"),
    "dispatch": Words("dispatches a crew", "调派救援队"),
    "search": Words("asks for a search for the missing", "下令搜救失联人员"),
}
_CREWS = {
    "detection.confirmed": Words("alarm confirmed by the voting of group {tag}", "{tag} 组报警经表决确认"),
    "crew.turned_out": Words("crew {tag} turns out", "救援队 {tag} 出动"),
    "crew.staged": Words("crew {tag} is at the staging point", "救援队 {tag} 到达集结点"),
    "crew.ready": Words("crew {tag} is ready in breathing apparatus", "救援队 {tag} 佩戴空呼完毕"),
    "search.started": Words("crew {tag} begins the search for the missing", "救援队 {tag} 开始搜救"),
    "search.searched": Words("{tag} is searched", "{tag} 搜索完毕"),
    "search.out_of_reach": Words("{tag} is further than the air of the crew lasts", "{tag} 超出空呼气量可达范围"),
    "search.finished": Words("crew {tag} is back and decontaminated", "救援队 {tag} 撤回并洗消完毕"),
    "rescued": Words("person {tag} is carried out alive", "人员 {tag} 获救"),
    "triaged": Words("person {tag} is sorted by the medics", "人员 {tag} 完成检伤"),
    "transported": Words("person {tag} is taken away by ambulance", "人员 {tag} 由救护车转运"),
    "handed_over": Words("person {tag} is handed over", "人员 {tag} 送达医疗机构"),
    "announced": Words("alarm zone {tag}: the first people hear the order", "警报区 {tag}：首批人员收到指令"),
    "recovered": Words("person {tag} is carried out dead", "人员 {tag} 遇难，已运出"),
}
_ORDERS = {
    "evacuate": Words("evacuation order", "疏散指令"),
    "shelter": Words("shelter-in-place order", "就地避险指令"),
    "all_clear": Words("all-clear", "解除指令"),
}
_FIXED = {
    "detection.first": Words("first detector in alarm", "首个探测器报警"),
    "detection.confirmed": Words("alarm confirmed by voting", "报警经表决确认"),
    "alarm.sounded": Words("alarm sounded", "警报响起"),
    "headcount.report": Words("report of the head-count", "清点人数报告"),
    "area.safe": Words("everybody accounted for and no gas: the area is safe", "人员全部核实、无气体报警，区域安全"),
    "headcount.complete": Words("everybody ordered to muster is counted", "集合人员清点完毕"),
}


def clock(seconds: float | None) -> str:
    """A length of time as people say it: ``clock(185.0) == "3 min 05 s"``.

    Parameters
    ----------
    seconds
        None or infinite: never. [s]
    """
    if seconds is None or not math.isfinite(seconds):
        return "never"
    sign = "-" if seconds < -0.05 else ""
    seconds = abs(seconds)
    if seconds < 9.95:
        return f"{sign}{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{sign}{whole} s"
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    parts = [f"{hours} h"] if hours else []
    if minutes or (hours and rest):
        parts.append(f"{minutes:02d} min" if hours else f"{minutes} min")
    if rest:
        parts.append(f"{rest:02d} s")
    return sign + " ".join(parts)


def stamp(seconds: float) -> str:
    """Time since the scenario start [s] as a clock shows it: ``stamp(185.9) == "0:03:05"``."""
    whole = math.floor(seconds)
    return f"{whole // 3600}:{whole % 3600 // 60:02d}:{whole % 60:02d}"


def figure(value: float | None, digits: int = 3) -> str:
    """A number with so many significant digits, without exponent where people would not write one."""
    if value is None or math.isnan(value):
        return "-"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    if value == 0.0:
        return "0"
    places = digits - 1 - math.floor(math.log10(abs(value)))
    if -digits < places < digits + 3:
        value = round(value, places)
        return f"{value:.{max(places, 0)}f}"
    return f"{value:.{digits - 1}e}"


def say_event(name: str, scenario: Scenario) -> Words:
    """The event's name in the log, said in words."""
    if name in _FIXED:
        return _FIXED[name]
    for pattern, words in _PATTERNS:
        match = pattern.fullmatch(name)
        if match:
            found = words(scenario, **match.groupdict())
            if found is not None:
                return found
    return Words(name, name)


def _say_release(scenario: Scenario, name: str, what: str) -> Words | None:
    if name not in {release.id for release in scenario.releases}:
        return None
    if what == "start":
        return Words(f"release {name} begins", f"泄漏 {name} 开始")
    return Words(f"release {name} is cut off", f"泄漏 {name} 被切断")


def _say_action(scenario: Scenario, role: str, do: str) -> Words | None:
    if do not in _ACTIONS:
        return None
    known = scenario.plan.roles.get(role)
    title = Words(known.title.en, known.title.zh) if known else Words(role, role)
    return Words(f"{title.en}: {_ACTIONS[do].en}", f"{title.zh}：{_ACTIONS[do].zh}")


def _say_alarm(_: Scenario, tag: str, level: str) -> Words:
    return Words(f"detector {tag}, alarm level {level}", f"探测器 {tag} {'一二'[int(level) - 1]}级报警")


def _say_valve(_: Scenario, tag: str, end: str) -> Words:
    if end == "closed":
        return Words(f"valve {tag} is closed", f"阀门 {tag} 关闭")
    return Words(f"valve {tag} does not close", f"阀门 {tag} 未能关闭")


def _say_order(_: Scenario, action: str, zone: str) -> Words | None:
    if action not in _ORDERS:
        return None
    where = Words("everybody", "全体人员") if zone == "all" else Words(zone, zone)
    return Words(f"{_ORDERS[action].en}: {where.en}", f"{_ORDERS[action].zh}：{where.zh}")


def _say_muster(_: Scenario, what: str, tag: str) -> Words:
    if what == "muster.first":
        return Words(f"first arrival at muster point {tag}", f"首人到达集合点 {tag}")
    return Words(f"everybody bound for {tag} is counted", f"集合点 {tag} 清点完毕")


def _say_crew(_: Scenario, what: str, tag: str) -> Words:
    return Words(_CREWS[what].en.format(tag=tag), _CREWS[what].zh.format(tag=tag))


def _say_inject(scenario: Scenario, name: str) -> Words:
    for inject in scenario.injects:
        if inject.id == name:
            return Words(f"inject {name}: {inject.text.en}", f"情况注入 {name}：{inject.text.zh}")
    return Words(f"inject {name}", f"情况注入 {name}")


_PATTERNS: tuple[tuple[re.Pattern[str], Callable[..., Words | None]], ...] = (
    (re.compile(r"inject\.(?P<name>.+)"), _say_inject),
    (re.compile(r"valve\.(?P<end>closed|failed):(?P<tag>.+)"), _say_valve),
    (re.compile(rf"(?P<what>{'|'.join(map(re.escape, _CREWS))}):(?P<tag>.+)"), _say_crew),
    (re.compile(r"order\.(?P<action>[a-z_]+):(?P<zone>.+)"), _say_order),
    (re.compile(r"(?P<what>muster\.first|headcount\.complete):(?P<tag>.+)"), _say_muster),
    (re.compile(r"(?P<tag>.+)\.alarm_(?P<level>[12])"), _say_alarm),
    (re.compile(r"(?P<name>.+)\.(?P<what>start|isolated)"), _say_release),
    (re.compile(r"(?P<role>.+)\.(?P<do>[a-z_]+)"), _say_action),
)


def say_rule(expectation: Expectation, scenario: Scenario) -> Words:
    """What an expectation asks, in words."""
    rule = expectation.rule
    if rule.kind == "outcome":
        return Words("share of the avertable harm that was averted", "避免的可避免伤害占比")
    anchor = say_event(rule.anchor, scenario)
    if rule.kind == "coverage":
        share = f"{100.0 * rule.target:.0f} %"
        return Words(
            f"{share} of the people ordered to muster are counted within {clock(rule.within)} of: {anchor.en}",
            f"{clock(rule.within)}内清点到应集合人员的 {share}（自“{anchor.zh}”起）",
        )
    event = say_event(rule.event, scenario)
    if rule.kind == "occurrence":
        return Words(
            f"{event.en}, within {clock(rule.within)} of: {anchor.en}",
            f"{event.zh}（{clock(rule.within)}内，自“{anchor.zh}”起）",
        )
    return Words(f"{event.en}, timed from: {anchor.en}", f"{event.zh}（自“{anchor.zh}”起计时）")
