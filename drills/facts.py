"""What an after-action report says, worked out of a drill's summary and log; no layout, no drawing."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from drills.log import Event, EventLog
from drills.words import GRADES, Words, clock, figure, say_event, say_rule, stamp
from scenarios.schema import Scenario

__all__ = ["Finding", "LogLine", "Outcome", "ScoreLine", "facts", "score_lines"]

Verdict = Literal["at target", "late", "below", "missed", "not judged"]
VERDICTS: Mapping[Verdict, str] = {
    "at target": "达标",
    "late": "迟缓",
    "below": "未达目标",
    "missed": "未达成",
    "not judged": "无法评判",
}
_TIMED = ("timeliness", "occurrence")
# What a planner compares a course of action with is named first; the declared alternatives follow.
_COURSES = {
    "no action": Words("nobody acts", "无人处置"),
    "orders withheld": Words("same isolation, no orders to people", "同样切断、不下达人员指令"),
    "team": Words("what the team did", "本次演练"),
}
# In the log for machines and the chain of evidence, but not news: the summary of the timeline leaves them out.
_MINOR = (".alarm_2",)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreLine:
    """One expectation, written for people."""

    id: str
    objective: str
    rule: Words
    measured: str
    target: str
    limit: str
    value: str
    mark: float | None
    verdict: Verdict
    verdict_zh: str
    required: bool
    weight: str
    source: str
    text: str
    evidence: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """One event, written for people."""

    seq: int
    time: str
    wall: str
    actor: str
    name: str
    words: Words
    cause: int | None
    detail: str
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One course of action and its harm."""

    name: str
    words: Words
    deaths: str
    load: str
    most: str
    mustered: str
    over: tuple[str, ...]
    share: float
    saved: str
    played: bool
    best: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something to be mended."""

    level: Words
    what: Words
    proof: str
    evidence: tuple[int, ...]


def facts(summary: Mapping[str, Any], log: EventLog) -> dict[str, Any]:
    """Everything a report says.

    Parameters
    ----------
    summary
        Picture of the run, as :meth:`drills.DrillResult.summary` gives it and ``drill.json`` keeps it.
    log
        What happened.

    Returns
    -------
    dict
        Names the report's template knows.
    """
    scenario = Scenario.model_validate(summary["scenario"])
    lines = score_lines(summary)
    events = tuple(_log_line(event, scenario) for event in log)
    return {
        "summary": summary,
        "scenario": scenario,
        "title": scenario.title,
        "start": scenario.time.start.isoformat(sep=" "),
        "horizon": clock(scenario.time.horizon),
        "grade": summary["scores"]["grade"],
        "grade_words": Words(GRADES[summary["scores"]["grade"]], summary["scores"]["grade_zh"]),
        "process": _percent(summary["scores"]["process"]),
        "outcome": _percent(summary["scores"]["outcome"]),
        "outcome_deaths": _percent(summary["scores"]["outcome_deaths"]),
        "tiles": tuple(_tiles(summary, log, scenario)),
        "warnings": tuple(re.sub(r"<(\w[^<>]*)>", r"\1", text) for text in summary["warnings"]),
        "doubts": tuple(_doubts(summary, scenario)),
        "gates": tuple(summary["scores"]["gates"]),
        "objectives": tuple(
            (objective, tuple(line for line in lines if line.objective == objective.id))
            for objective in scenario.objectives
        ),
        "timeline": tuple(line for line in events if not line.name.endswith(_MINOR)),
        "log": events,
        "outcomes": tuple(_outcomes(summary, scenario)),
        "findings": tuple(_findings(lines, summary["scores"]["gates"])),
        "model": tuple(_model(summary, scenario)),
        "sources": scenario.provenance,
    }


def score_lines(summary: Mapping[str, Any]) -> tuple[ScoreLine, ...]:
    """Marks of a drill, one line an expectation, in the order of the scenario."""
    scenario = Scenario.model_validate(summary["scenario"])
    paper = {expectation.id: expectation for expectation in scenario.expectations}
    lines = []
    for row in summary["scores"]["rows"]:
        show = clock if row["kind"] in _TIMED else _percent
        verdict = _verdict(row)
        lines.append(
            ScoreLine(
                id=row["id"],
                objective=row["objective"],
                rule=say_rule(paper[row["id"]], scenario),
                measured=show(row["measured"]),
                target=show(row["target"]),
                limit=show(row["limit"]),
                value="-" if row["value"] is None else f"{math.floor(100.0 * row['value'] + 1e-9) / 100.0:.2f}",
                mark=row["value"],
                verdict=verdict,
                verdict_zh=VERDICTS[verdict],
                required=row["required"],
                weight=f"{row['weight']:g}",
                source=row["source"],
                text=row["text"],
                evidence=tuple(row["evidence"]),
            )
        )
    return tuple(lines)


def _verdict(row: Mapping[str, Any]) -> Verdict:
    if row["value"] is None:
        return "not judged"
    if row["met_target"]:
        return "at target"
    if not row["met_limit"]:
        return "missed"
    return "late" if row["kind"] in _TIMED else "below"


def _percent(share: float | None) -> str:
    """A share in per cent; "-" when there is none. What is not all is never shown as 100 %."""
    if share is None:
        return "-"
    if 0.995 <= share < 1.0:
        return f"{math.floor(1000.0 * share) / 10.0:.1f} %"
    return f"{100.0 * share:.0f} %"


def _deaths(expected: float) -> str:
    """Expected deaths: two significant digits below ten, whole numbers above, nothing finer than a hundredth."""
    if 0.0 < expected < 0.01:
        return "< 0.01"
    return f"{expected:.0f}" if expected >= 9.95 else figure(expected, 2)


def _log_line(event: Event, scenario: Scenario) -> LogLine:
    shown = {key: event.detail[key] for key in sorted(event.detail) if key not in ("en", "zh")}
    return LogLine(
        seq=event.seq,
        time=stamp(event.time),
        wall=event.wall_time[11:19],
        actor=event.actor,
        name=event.name,
        words=say_event(event.name, scenario),
        cause=event.cause,
        detail="; ".join(f"{key} {_plain(value)}" for key, value in shown.items()),
        hash=event.hash,
    )


def _plain(value: object) -> str:
    if isinstance(value, float):
        return figure(value)
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_plain, value))
    return str(value)


def _tiles(summary: Mapping[str, Any], log: EventLog, scenario: Scenario) -> Iterator[tuple[Words, str, str]]:
    """What to know first: label, figure, remark."""
    start = min(release.start for release in scenario.releases)
    first, confirmed = log.first("detection.first"), log.first("detection.confirmed")
    yield Words("release to first alarm", "泄漏至首次报警"), clock(first.time - start if first else None), ""
    if first and confirmed:
        yield Words("first alarm to confirmed", "首次报警至确认"), clock(confirmed.time - first.time), ""
    cut = [event for event in log if event.name.endswith(".isolated")]
    stoppable = [release for release in scenario.releases if getattr(release, "isolated_by", ())]
    if stoppable:
        done = cut[-1].time - first.time if first and len(cut) == len(stoppable) else None
        yield Words("first alarm to release cut off", "首次报警至泄漏切断"), clock(done), ""
    out = math.fsum(release["mass_released"] for release in summary["releases"])
    would = math.fsum(release["mass_if_nobody_acted"] for release in summary["releases"])
    yield Words("gas released", "泄漏量"), f"{figure(out)} kg", f"of / 共 {figure(would)} kg"
    people = summary["people"]
    yield (
        Words("counted at muster points", "集合点清点人数"),
        f"{people['mustered']}",
        f"people in the drill / 演练人数 {people['count']}",
    )
    losses = summary["scores"]["losses"]
    remark = f"nobody acts / 无人处置 {_deaths(losses['no action']['expected_deaths'])}"
    yield Words("expected deaths (model)", "预期死亡（模型值）"), _deaths(losses["team"]["expected_deaths"]), remark


def _doubts(summary: Mapping[str, Any], scenario: Scenario) -> Iterator[Words]:
    """What limits the use of the numbers, besides the warnings of the models."""
    yield Words(
        "For training and planning. Not a certified safety tool: no decision about people may rest on it alone.",
        "用于培训与预案编制。非经认证的安全工具，不得单独作为涉及人员安全的决策依据。",
    )
    recalled = [source.field for source in scenario.provenance if source.mark == "recalled"]
    if recalled:
        names = ", ".join(recalled)
        yield Words(f"figures taken from memory and not checked: {names}", f"下列数据凭记忆录入、未经核实：{names}")
    if scenario.meta.status != "approved":
        status = {"draft": "草案", "reviewed": "已审阅"}[scenario.meta.status]
        yield Words(f"the scenario is marked {scenario.meta.status}", f"情景状态：{status}")
    if any(step.do == "stop_work" for step in scenario.plan.steps):
        yield Words(
            "stopping work is an event in the log and nothing more: ignition is not modelled",
            "“停止作业”仅记入日志：未模拟点火",
        )
    if summary["harm"]["probit_status"] != "verified":
        yield Words("the dose-response figures are unverified", "剂量反应参数未经核实")
    ranges = summary["model"]["valid_range"]
    farthest = ranges["distance"][1] if isinstance(ranges, Mapping) and "distance" in ranges else None
    beyond = [f for f in summary["footprints"] if farthest is not None and f["reach"] > farthest]
    if beyond:
        names = "; ".join(f"{f['threshold']}: {f['reach']:.0f} m" for f in beyond)
        yield Words(
            f"reaches beyond {farthest:.0f} m, where the model is supported: {names}",
            f"影响距离超出模型适用范围（{farthest:.0f} m）：{names}",
        )
    if any("unverified" in footprint["threshold"] for footprint in summary["footprints"]):
        yield Words("a threshold is unverified", "有阈值未经核实")


def _outcomes(summary: Mapping[str, Any], scenario: Scenario) -> Iterator[Outcome]:
    losses = summary["scores"]["losses"]
    best = summary["scores"]["best"]
    most = max((loss["toxic_load"] for loss in losses.values()), default=0.0)
    least, idle = losses[best]["toxic_load"], losses["no action"]["toxic_load"]
    said = {alternative.id: _say_alternative(alternative) for alternative in scenario.alternatives}
    for name in (*_COURSES, *said):
        loss = losses[name]
        avertable = idle - least
        saved = (idle - loss["toxic_load"]) / avertable if avertable > 0.0 else None
        yield Outcome(
            name=name,
            words=_COURSES.get(name) or said[name],
            deaths=_deaths(loss["expected_deaths"]),
            load=figure(loss["toxic_load"]),
            most=figure(loss["most"]),
            mustered=str(loss["mustered"]),
            over=tuple(str(loss["over"][name]) for name in sorted(loss["over"], reverse=True)),
            share=loss["toxic_load"] / most if most > 0.0 else 0.0,
            saved=_percent(saved),
            played=name == "team",
            best=name == best,
        )


def _say_alternative(alternative: Any) -> Words:
    """A declared course of action in words; times count from the first alarm."""
    verbs = {"evacuate": ("evacuate", "疏散"), "shelter": ("shelter", "避险"), "all_clear": ("all-clear", "解除")}
    if alternative.isolate is None:
        en, zh = ["never isolated"], ["不切断"]
    else:
        en, zh = [f"isolated at {clock(alternative.isolate)}"], [f"{clock(alternative.isolate)} 切断"]
    for order in alternative.orders:
        zones = ", ".join(order.zones) or "everybody"
        en.append(f"{verbs[order.action][0]} {zones} at {clock(order.at)}")
        zh.append(f"{clock(order.at)} {verbs[order.action][1]}（{'、'.join(order.zones) or '全体'}）")
    return Words("; ".join(en), "；".join(zh))


def _findings(lines: Sequence[ScoreLine], gates: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    """Deficiencies first, then corrective actions, then improvements (three levels as in FEMA's REP Program Manual)."""
    deficiency = Words("deficiency", "不足项")
    corrective = Words("corrective action", "整改项")
    improvement = Words("improvement", "改进项")
    for gate in gates:
        if gate["tripped"]:
            yield Finding(
                level=deficiency, what=Words(gate["reason_en"], gate["reason_zh"]), proof=gate["text"], evidence=()
            )
    for level, wanted in (
        (deficiency, [line for line in lines if line.verdict == "missed" and line.required]),
        (corrective, [line for line in lines if line.verdict == "missed" and not line.required]),
        (improvement, [line for line in lines if line.verdict in ("late", "below")]),
    ):
        for line in wanted:
            proof = f"{line.id}: {line.text}; measured {line.measured}, target {line.target}, limit {line.limit}"
            yield Finding(level=level, what=line.rule, proof=proof, evidence=line.evidence)


def _say_range(given: Mapping[str, Sequence[Any]] | str) -> str:
    """Where the model is supported: quantity -> lowest, highest (None: no bound), unit."""
    if isinstance(given, str):
        return given
    told = []
    for name, (low, high, unit) in sorted(given.items()):
        last = f"to {high:g} " if high is not None and math.isfinite(high) else "and more, "
        told.append(f"{name} {low:g} {last}{unit}")
    return "; ".join(told)


def _say_weather(scenario: Scenario) -> str:
    series = scenario.weather.series()
    first = series.states[0]
    stable = f"stability {first.stability}" if first.stability else f"Obukhov length {figure(first.obukhov_length)} m"
    wind = "; ".join(
        f"{clock(t)} {figure(state.wind_speed)} m/s from {figure(state.wind_from)}°"
        for t, state in zip(series.times, series.states, strict=True)
    )
    return (
        f"{stable}, roughness {figure(first.roughness_length)} m, {first.temperature - 273.15:.1f} °C, "
        f"{first.pressure / 100.0:.0f} hPa, humidity {100.0 * first.humidity:.0f} %; "
        f"wind at {figure(first.wind_height)} m: {wind}"
    )


def _model(summary: Mapping[str, Any], scenario: Scenario) -> Iterator[tuple[Words, str]]:
    """Facts about the computation: label and text."""
    model, layout, harm = summary["model"], summary["layout"], summary["harm"]
    yield Words("dispersion model", "扩散模型"), model["name"]
    settings = dict(model["settings"])
    if reason := settings.pop("reason", ""):
        yield Words("reason of the choice", "选用理由"), reason
    if settings:
        yield Words("settings", "参数"), ", ".join(f"{key} = {value}" for key, value in sorted(settings.items()))
    yield Words("averaging time", "平均时间"), f"{clock(model['averaging_time'])} ({figure(model['averaging_time'])} s)"
    yield Words("valid range", "适用范围"), _say_range(model["valid_range"])
    yield Words("weather", "气象"), _say_weather(scenario)
    for release in summary["releases"]:
        x, y, z = release["position"]
        text = f"{release['substance']} {release['substance_zh']}, x {x:.1f} m, y {y:.1f} m, height {z:.1f} m"
        notes = "; ".join(release["notes"])
        yield Words(f"release {release['label']}", "泄漏源"), f"{text}{'; ' + notes if notes else ''}"
    yield (
        Words("dose-response", "剂量反应"),
        f"{harm['probit']} ({harm['probit_source']}); load {harm['load_unit']}",
    )
    yield Words("layout", "厂区布局"), f"{layout['name']}, {layout['assets']} assets, SHA-256 {layout['digest']}"
    for source in layout["sources"]:
        yield Words("layout file", "布局文件"), f"{source['file']}, SHA-256 {source['sha256']}"
    yield Words("seed and team", "随机种子与参演方"), f"{summary['seed']}, {summary['team']}"
    yield Words("versions", "版本"), ", ".join(f"{name} {text}" for name, text in sorted(summary["versions"].items()))
    yield Words("scenario", "情景"), f"{scenario.id} ({scenario.schema_})"
    yield Words("event log", "事件日志"), f"{summary['log']['events']} events, last hash {summary['log']['last_hash']}"
