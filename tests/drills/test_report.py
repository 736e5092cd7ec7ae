"""The after-action report: complete, self-contained, in two languages, and true to its rows."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from drills.facts import facts, score_lines
from drills.log import Entry, EventLog
from drills.report import read_summary, render_report, rewrite_report
from drills.words import Words, clock, figure, say_event, stamp
from scenarios.schema import Scenario
from twin.errors import TwinError

_PAPER: dict[str, Any] = {
    "schema": "drill/1",
    "id": "hose",
    "title": {"zh": "软管破裂", "en": "Hose failure <night & day>"},
    "summary": {"zh": "阀门卡涩。", "en": "The valve sticks."},
    "meta": {"pack": "chemical", "status": "draft"},
    "layout": {"park": "lantern-bay"},
    "time": {"start": "2026-01-12T02:10:00+08:00", "horizon": "1 h"},
    "weather": {
        "wind": {"speed": "2 m/s", "from": "250 deg"},
        "wind_height": "10 m",
        "stability": "F",
        "roughness_length": "0.1 m",
        "temperature": "275 K",
    },
    "releases": [
        {
            "id": "R1",
            "substance": "chlorine",
            "at": "LB-3",
            "start": "5 min",
            "kind": "rate",
            "mass_rate": "2 kg/s",
            "duration": "30 min",
            "isolated_by": ["XV-12"],
        }
    ],
    "population": [
        {
            "id": "village",
            "at": "V-1",
            "count": 900,
            "indoors": 0.9,
            "premovement": {"fixed": "60 s"},
            "speed": {"fixed": "1.2 m/s"},
        }
    ],
    "plan": {
        "id": "P",
        "roles": {"operator": {"title": {"zh": "操作员", "en": "control-room operator"}, "level": "enterprise"}},
        "steps": [
            {
                "id": "ack",
                "role": "operator",
                "do": "acknowledge_alarm",
                "when": "detection.first",
                "duration": {"fixed": "20 s"},
            },
            {
                "id": "hand",
                "role": "operator",
                "do": "manual_close",
                "target": ["XV-12"],
                "after": "ack",
                "duration": {"fixed": "4 min"},
            },
        ],
    },
    "objectives": [
        {"id": "detect", "title": {"zh": "发现与报警", "en": "Detect and alarm"}},
        {"id": "isolate", "title": {"zh": "切断泄漏源", "en": "Isolate the release"}},
        {"id": "protect", "title": {"zh": "保护公众", "en": "Protect the public"}},
    ],
    "expectations": [
        {
            "id": "E-ACK",
            "objective": "detect",
            "rule": {
                "kind": "timeliness",
                "event": "operator.acknowledge_alarm",
                "anchor": "detection.first",
                "target": "30 s",
                "limit": "2 min",
            },
        },
        {
            "id": "E-ISO",
            "objective": "isolate",
            "required": True,
            "rule": {
                "kind": "timeliness",
                "event": "valve.closed:XV-12",
                "anchor": "detection.first",
                "target": "3 min",
                "limit": "30 min",
            },
        },
        {
            "id": "E-COUNT",
            "objective": "protect",
            "rule": {
                "kind": "coverage",
                "metric": "headcount.fraction",
                "target": 0.95,
                "within": "20 min",
                "anchor": "detection.first",
            },
        },
        {"id": "E-DOSE", "objective": "protect", "rule": {"kind": "outcome", "metric": "dose_saved_fraction"}},
    ],
    "alternatives": [
        {"id": "fast", "isolate": "3 min", "orders": [{"action": "shelter", "at": "2 min", "zones": ["V-1"]}]},
        {"id": "leave", "isolate": "3 min", "orders": [{"action": "evacuate", "at": "2 min", "zones": ["V-1"]}]},
    ],
    "gates": [
        {
            "id": "G-HARM",
            "when": {"worse_than_no_action": True},
            "cap": "M",
            "reason": {"zh": "适得其反", "en": "did harm"},
        }
    ],
    "seeds": {"root": 7},
    "provenance": [
        {"field": "weather", "note": "a usual winter night, https://example.org/table-3", "mark": "recalled"}
    ],
}
_PNG = bytes.fromhex(  # the smallest PNG: one grey pixel
    "89504e470d0a1a0a0000000d4948445200000001000000010800000000"
    "3a7e9b550000000a49444154789c636800000082008177cd72b60000000049454e44ae426082"
)


def _row(name: str, objective: str, kind: str, **given: Any) -> dict[str, Any]:
    blank = {"weight": 1.0, "required": False, "source": "", "evidence": [], "text": "so it was", "limit": None}
    return {"id": name, "objective": objective, "kind": kind, **blank, **given}


def _loss(load: float, deaths: float) -> dict[str, Any]:
    over = {"AEGL-3": 7, "AEGL-2": 19}
    return {"toxic_load": load, "expected_deaths": deaths, "most": load / 100.0, "over": over, "mustered": 12}


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return Scenario.model_validate(_PAPER)


@pytest.fixture(scope="module")
def log(scenario: Scenario) -> EventLog:
    told = (
        (300.0, "LB-3", "R1.start", ""),
        (345.0, "GD-101", "GD-101.alarm_1", "R1.start"),
        (345.0, "detectors", "detection.first", "GD-101.alarm_1"),
        (350.0, "GD-101", "GD-101.alarm_2", "R1.start"),
        (365.0, "operator", "operator.acknowledge_alarm", "detection.first"),
        (405.0, "XV-12", "valve.failed:XV-12", "operator.acknowledge_alarm"),
        (645.0, "XV-12", "valve.closed:XV-12", "operator.acknowledge_alarm"),
        (645.0, "LB-3", "R1.isolated", "valve.closed:XV-12"),
    )
    return EventLog.of(scenario.time.start, [Entry(time=t, actor=a, name=n, cause=c) for t, a, n, c in told])


@pytest.fixture
def summary(scenario: Scenario, log: EventLog) -> dict[str, Any]:
    met, late, missed = (
        {"met_limit": limit, "met_target": target} for limit, target in ((True, True), (True, False), (False, False))
    )
    ack = {"value": 1.0, "measured": 20.0, "target": 30.0, "limit": 120.0, "evidence": [2, 4], **met}
    iso = {"value": 0.93, "measured": 300.0, "target": 180.0, "limit": 1800.0, "required": True, **late}
    rows = [
        _row("E-ACK", "detect", "timeliness", **ack),
        _row("E-ISO", "isolate", "timeliness", **iso),
        _row("E-COUNT", "protect", "coverage", value=0.0, measured=None, target=0.95, **missed),
        _row("E-DOSE", "protect", "outcome", value=None, measured=None, target=1.0, **met),
    ]
    gate = {
        "id": "G-HARM",
        "cap": "M",
        "tripped": True,
        "reason_en": "did harm",
        "reason_zh": "适得其反",
        "text": "3 > 2",
    }
    return {
        "format": "parktwin-drill/1",
        "scenario": scenario.model_dump(mode="json", by_alias=True),
        "seed": 7,
        "team": "plan",
        "versions": {"parktwin": "0.1.0"},
        "layout": {
            "name": "demo",
            "digest": "ab" * 32,
            "assets": 2,
            "sources": [{"file": "a.geojson", "sha256": "cd" * 32}],
        },
        "weather": "<WeatherSeries constant>",
        "releases": [
            {
                "label": "R1",
                "substance": "chlorine",
                "substance_zh": "氯",
                "position": [1.0, 2.0, 1.0],
                "start": 300.0,
                "mass_if_nobody_acted": 3600.0,
                "mass_released": 690.0,
                "notes": [],
            }
        ],
        "model": {
            "name": "gaussian_puff",
            "settings": {"sigmas": "x"},
            "averaging_time": 600.0,
            "valid_range": "100 m",
        },
        "harm": {
            "probit": "a set",
            "probit_source": "a book",
            "probit_status": "unverified",
            "load_exponent": 2.0,
            "load_unit": "ppm^2·min",
        },
        "footprints": [{"threshold": "AEGL-2 (60 min), 2 ppm", "area": 154320.0, "reach": 912.3, "height": 1.5}],
        "people": {"count": 900, "clearance_time": None, "mustered": 12},
        "scores": {
            "process": 0.64,
            "outcome": None,
            "outcome_deaths": 0.5,
            "grade": "M",
            "grade_zh": "中",
            "best": "fast",
            "rows": rows,
            "gates": [gate],
            "losses": {
                "team": _loss(2e8, 3.2),
                "no action": _loss(6e8, 14.0),
                "orders withheld": _loss(1.5e8, 3.0),
                "fast": _loss(1e8, 0.9),
                "leave": _loss(7e8, 17.0),
            },
        },
        "warnings": ["passive model, dense release: near the source a real cloud is lower and wider"],
        "log": {"events": len(log), "last_hash": log[len(log) - 1].hash},
    }


class _Reader(HTMLParser):
    """Everything that could load something, the links and the anchors of a page, and its visible text."""

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.tags: set[str] = set()
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            if name in {"src", "srcset", "data", "poster", "action", "background"}:
                self.loads.append(value or "")
            elif name == "href":
                (self.links if tag == "a" else self.loads).append(value or "")
            elif name == "id":
                self.ids.add(value or "")

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def _read(html: str) -> _Reader:
    reader = _Reader()
    reader.feed(html)
    return reader


@pytest.fixture
def html(summary: dict[str, Any], log: EventLog) -> str:
    return render_report(summary, log, {"footprint": _PNG, "evacuation": _PNG, "timeline": _PNG})


def test_the_report_asks_for_nothing_from_outside(html: str) -> None:
    page = _read(html)
    assert len(page.loads) == 3  # the pictures
    assert all(source.startswith("data:image/png;base64,") for source in page.loads)
    assert not {"script", "link", "iframe", "object", "base"} & page.tags
    assert all(link.startswith("#") for link in page.links)
    style = re.search(r"<style>(.*?)</style>", html, re.DOTALL)
    assert style is not None
    assert "url(" not in style[1]
    assert "@import" not in style[1]
    assert "default-src 'none'" in html


def test_an_address_in_a_source_is_text_not_a_link(html: str) -> None:
    assert "https://example.org/table-3" in "".join(_read(html).text)
    assert 'href="http' not in html


def test_every_section_is_named_in_both_languages(html: str) -> None:
    headings = re.findall(r"<h2>(.*?)</h2>", html, re.DOTALL)
    assert [int(h.split()[0]) for h in headings] == list(range(1, 9))
    for heading in headings:
        assert re.search(r"[A-Za-z]{4}", heading)
        assert re.search(r"[\u4e00-\u9fff]{2}", heading)


def test_evidence_points_at_lines_of_the_log(html: str, log: EventLog) -> None:
    page = _read(html)
    assert {f"e{event.seq}" for event in log} <= page.ids
    assert {link.removeprefix("#") for link in page.links} <= page.ids


def test_text_from_files_is_escaped(html: str) -> None:
    assert "Hose failure &lt;night &amp; day&gt;" in html
    assert "<night" not in html


def test_warnings_and_limits_come_before_the_timeline(html: str) -> None:
    text = "".join(_read(html).text)
    for words in (
        "passive model, dense release",
        "Not a certified safety tool",
        "dose-response figures are unverified",
    ):
        assert words in text
        assert text.index(words) < text.index("2 Timeline")


def test_findings_follow_from_rows_and_gates(summary: dict[str, Any], log: EventLog) -> None:
    # gate tripped: deficiency; E-COUNT missed but not required: corrective action; E-ISO within its limit but after its
    # target: improvement; E-ACK at target and E-DOSE not judged: nothing
    found = facts(summary, log)["findings"]
    assert [(f.level.en, f.level.zh) for f in found] == [
        ("deficiency", "不足项"),
        ("corrective action", "整改项"),
        ("improvement", "改进项"),
    ]
    assert found[1].proof.startswith("E-COUNT")
    assert found[2].proof.startswith("E-ISO")


def test_a_missed_required_expectation_is_a_deficiency(summary: dict[str, Any], log: EventLog) -> None:
    summary["scores"]["rows"][1].update(value=0.0, measured=None, met_limit=False, met_target=False)
    found = facts(summary, log)["findings"]
    assert ("deficiency", "E-ISO") in {(f.level.en, f.proof.partition(":")[0]) for f in found}


def test_lines_say_what_was_measured(summary: dict[str, Any]) -> None:
    lines = {line.id: line for line in score_lines(summary)}
    assert (lines["E-ISO"].measured, lines["E-ISO"].target, lines["E-ISO"].verdict) == (
        "5 min",
        "3 min",
        "late",
    )
    assert (lines["E-COUNT"].measured, lines["E-COUNT"].target, lines["E-COUNT"].verdict) == ("-", "95 %", "missed")
    assert lines["E-DOSE"].verdict == "not judged"


def test_courses_of_action_are_compared_by_dose_saved(summary: dict[str, Any], log: EventLog) -> None:
    rows = {row.name: row for row in facts(summary, log)["outcomes"]}
    # (6 - 2) / (6 - 1) = 80 %; the best is 100 % and nobody acting 0 % by definition; leaving: (6 - 7) / 5 = -20 %
    assert {name: row.saved for name, row in rows.items()} == {
        "no action": "0 %",
        "orders withheld": "90 %",
        "team": "80 %",
        "fast": "100 %",
        "leave": "-20 %",
    }
    assert rows["leave"].words.zh == "3 min 切断；2 min 疏散（V-1）"
    assert rows["leave"].share == 1.0


def test_a_saved_run_gives_the_same_report_again(tmp_path: Path, summary: dict[str, Any], log: EventLog) -> None:
    (tmp_path / "drill.json").write_text(json.dumps(summary), encoding="utf-8")
    log.write(tmp_path / "events.jsonl")
    (tmp_path / "footprint.png").write_bytes(_PNG)
    path = rewrite_report(tmp_path)
    assert path.read_text(encoding="utf-8") == render_report(summary, log, {"footprint": _PNG})
    assert not list(tmp_path.glob("*.part"))


def test_a_changed_log_gives_no_report(tmp_path: Path, summary: dict[str, Any], log: EventLog) -> None:
    summary["log"]["last_hash"] = "0" * 64
    (tmp_path / "drill.json").write_text(json.dumps(summary), encoding="utf-8")
    log.write(tmp_path / "events.jsonl")
    with pytest.raises(TwinError, match="does not belong to this run"):
        rewrite_report(tmp_path)
    assert not (tmp_path / "report.html").exists()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"format": "other"}', "\x00\x01"])
def test_a_broken_summary_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "drill.json").write_text(content, encoding="utf-8")
    with pytest.raises(TwinError, match=r"drill\.json"):
        read_summary(tmp_path)


def test_a_summary_without_its_parts_is_refused(tmp_path: Path, summary: dict[str, Any], log: EventLog) -> None:
    del summary["model"]
    (tmp_path / "drill.json").write_text(json.dumps(summary), encoding="utf-8")
    log.write(tmp_path / "events.jsonl")
    with pytest.raises(TwinError, match="not complete"):
        rewrite_report(tmp_path)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "never"),
        (float("inf"), "never"),
        (0.0, "0.0 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (185.0, "3 min 05 s"),
        (3600.0, "1 h"),
        (3605.0, "1 h 00 min 05 s"),
        (7380.0, "2 h 03 min"),
        (-20.0, "-20 s"),
    ],
)
def test_clock(seconds: float | None, text: str) -> None:
    assert clock(seconds) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (None, "-"),
        (float("nan"), "-"),
        (float("inf"), "∞"),
        (0.0123456, "0.0123"),
        (690.0, "690"),
        (3599.6, "3600"),
        (14.31, "14.3"),
        (-2.5, "-2.50"),
        (6.1e8, "6.10e+08"),
        (2.9e-6, "2.90e-06"),
    ],
)
def test_figure(value: float | None, text: str) -> None:
    assert figure(value) == text


def test_stamp() -> None:
    assert stamp(3725.9) == "1:02:05"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("R1.start", Words("release R1 begins", "泄漏 R1 开始")),
        ("GD-101.alarm_2", Words("detector GD-101, alarm level 2", "探测器 GD-101 二级报警")),
        ("operator.acknowledge_alarm", Words("control-room operator: acknowledges the alarm", "操作员：确认报警")),
        ("valve.failed:XV-12", Words("valve XV-12 does not close", "阀门 XV-12 未能关闭")),
        ("order.shelter:V-1", Words("shelter-in-place order: V-1", "就地避险指令：V-1")),
        ("order.evacuate:all", Words("evacuation order: everybody", "疏散指令：全体人员")),
        ("something.else", Words("something.else", "something.else")),
    ],
)
def test_events_are_said_in_words(scenario: Scenario, name: str, words: Words) -> None:
    assert say_event(name, scenario) == words


def test_a_reach_beyond_the_range_of_the_model_is_said(summary: dict[str, Any], log: EventLog) -> None:
    summary["model"]["valid_range"] = {"distance": [100.0, 900.0, "m"], "wind speed": [0.5, None, "m/s"]}
    found = facts(summary, log)
    assert any("beyond 900 m" in doubt.en and "912 m" in doubt.en for doubt in found["doubts"])
    told = {label.en: text for label, text in found["model"]}["valid range"]
    assert told == "distance 100 to 900 m; wind speed 0.5 and more, m/s"
