"""Reading scenario files: every fault with its line and its mend, and nothing a file holds can hurt the program."""

from __future__ import annotations

import pickle
import tracemalloc
from pathlib import Path

import pytest

import scenarios
from twin.errors import ScenarioError


def line_of(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


def faults(tmp_path: Path, text: str) -> list[str]:
    file = tmp_path / "drill.yaml"
    file.write_text(text, encoding="utf-8")
    found = [str(problem) for problem in scenarios.check(file) if problem.severity == "error"]
    if found:
        with pytest.raises(ScenarioError) as caught:
            scenarios.load(file)
        assert len(caught.value.problems) == len(found)
    return found


def test_the_smallest_file_is_sound(tmp_path, small):
    assert faults(tmp_path, small) == []
    drill = scenarios.load(tmp_path / "drill.yaml")
    assert drill.releases[0].mass_rate == 0.5
    assert drill.population[0].indoors == pytest.approx(0.8)
    assert drill.weather.temperature == pytest.approx(283.15)
    assert drill.weather.series().states[0].stability == "F"
    assert drill.file.endswith("drill.yaml")
    assert drill.where("releases", 0, "at").endswith(f"drill.yaml:{line_of(small, 'at: LB-101')}")


# what the file says -> what it should have said, the words of the message, the words of the mend
FAULTS = {
    "unknown key": ("mass_rate: 0.5", "mas_rate: 0.5", "unknown key 'mas_rate'", "'mass_rate'"),
    "missing unit": ("start: 1 min", "start: 60", "has no unit", "60 s"),
    "wrong dimension": ("duration: 20 min", "duration: 20 kg", "not a measure", "3 min"),
    "clock as duration": ("horizon: 30 min", "horizon: 14:48", "14:48", "1 h"),
    "out of range": ("from: 200 deg", "from: 400 deg", "out of range", "360 deg"),
    "negative": ("mass_rate: 0.5 kg/s", "mass_rate: -0.5 kg/s", "out of range", "more than 0"),
    "misspelt word": ("kind: rate", "kind: rates", "kind 'rates' is unknown", "'rate'"),
    "misspelt action": ("do: close_valve", "do: close_valves", "not one of the words", "'close_valve'"),
    "misspelt event": (
        "when: detection.first",
        "when: detection.frist",
        "nothing in this scenario",
        "'detection.first'",
    ),
    "misspelt objective": ("objective: isolate", "objective: isolat", "no objective 'isolat'", "'isolate'"),
    "unknown role": ("role: operator", "role: operater", "no role 'operater'", "'operator'"),
    "no stability": ("  stability: F\n", "", "stability or obukhov_length", ""),
    "no time zone": ("02:10:00+08:00", "02:10:00", "offset from UTC", "+08:00"),
    "number as text": ("id: crew", "id: 12", "is not text", '"12"'),
    "bare yes": (
        "objective: isolate\n",
        "objective: isolate\n    required: yes\n",
        "neither true nor false",
        "true or false",
    ),
    "text as list": ("target: [XV-12]", "target: XV-12", "is not a list", "[XV-12]"),
    "fraction of people": ("count: 5", "count: 5.5", "not a whole number", ""),
    "two families": ("{fixed: 30 s}", "{fixed: 30 s, uniform: [1 s, 2 s]}", "exactly one family", "lognormal"),
    "ends swapped": ("[20 s, 40 s]", "[40 s, 20 s]", "wrong way round", "lowest"),
    "target after limit": ("target: 1 min", "target: 10 min", "later than the limit", "smaller"),
    "order without zone action": (
        "duration: {uniform",
        "zones: [BD-CELL]\n      duration: {uniform",
        "takes no zones",
        "order_",
    ),
    "valve step without valve": ("      target: [XV-12]\n", "", "names no valve", "target"),
    "two layouts": (
        "{park: lantern-bay}",
        "{park: lantern-bay, files: [a.json]}",
        "either a shipped park or files",
        "",
    ),
    "file outside": ("{park: lantern-bay}", "{files: [../../secret.json]}", "leaves the folder", "beside"),
    "duplicate key": ("id: small\n", "id: small\nid: other\n", "'id' stands here and on line 2", "keep one"),
    "anchor": ("id: small", "id: &x small", "anchors and aliases", "write"),
    "tag": ("id: small", "id: !!str small", "tags are not read", "remove"),
    "python tag": ("id: small", "id: !!python/object/apply:os.system [x]", "tags are not read", "remove"),
    "tab": ("  stability: F", "\tstability: F", "not valid YAML", ""),
    "colon": ("en: One sentence.", "en: One: two: three", "not valid YAML", "quotes"),
    "two documents": ("seeds: {root: 1}", "seeds: {root: 1}\n---\nid: other", "more than one document", "---"),
    "empty text": ("en: Small drill", 'en: ""', "title.en", ""),
    "full-width colon": ("id: small", "id： small", "", ""),
    "provenance of nothing": (
        "seeds: {root: 1}",
        "seeds: {root: 1}\nprovenance:\n  - {field: releases.R1.mass, mark: read, note: x}",
        "leads nowhere",
        "'mass_rate'",
    ),
}


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("when: detection.first", "when: detection.first\n      after: [S1]"),
        ("when: detection.first", "when: detection.first\n      else: {a: 1}"),
        ("- id: S1", "- id: [S1]"),
        ("objective: isolate", "objective: {isolate: 1}"),
        ("seeds: {root: 1}", "seeds: {root: 1}\nprovenance:\n  - {field: releases.²., mark: read, note: x}"),
    ],
)
def test_lists_and_blocks_where_a_name_belongs_are_faults(tmp_path, small, right, wrong):
    assert right in small
    assert faults(tmp_path, small.replace(right, wrong, 1))


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_has_its_line_and_its_mend(name, tmp_path, small):
    right, wrong, words, mend = FAULTS[name]
    assert small.count(right) >= 1
    text = small.replace(right, wrong, 1)
    found = faults(tmp_path, text)
    assert found
    assert all("drill.yaml:" in message for message in found)
    matching = [message for message in found if words in message and mend in message]
    assert matching, found


def test_the_line_is_the_line_of_the_fault(tmp_path, small):
    text = small.replace("mass_rate: 0.5 kg/s", "mass_rate: 0.5")
    (message,) = faults(tmp_path, text)
    assert f"drill.yaml:{line_of(text, 'mass_rate')}: releases.0.mass_rate: " in message
    assert message.endswith('-> write its unit too: "0.5 kg/s", or another, such as "2.0 kg/s"')


def test_all_faults_come_at_once_in_the_order_of_the_file(tmp_path, small):
    text = small
    for right, wrong in (
        ("stability: F", "stability: G"),
        ("start: 1 min", "start: 1"),
        ("anchor: detection.first", "anchor: R2.start"),
        ("root: 1", "root: -1"),
    ):
        text = text.replace(right, wrong)
    found = faults(tmp_path, text)
    lines = [int(message.split("drill.yaml:")[1].split(":")[0]) for message in found]
    assert len(found) == 4
    assert lines == sorted(lines) == [line_of(text, p) for p in ("stability: G", "start: 1\n", "rule:", "seeds")]


def test_words_that_yaml_1_1_would_change_stay_text(tmp_path, small):
    text = (
        small.replace("substance: chlorine", "substance: NO")
        .replace("id: crew", "id: on")
        .replace("en: Isolate", "en: 14:48")
    )
    file = tmp_path / "drill.yaml"
    file.write_text(text, encoding="utf-8")
    drill = scenarios.load(file)
    assert drill.releases[0].substance == "NO"
    assert drill.population[0].id == "on"
    assert drill.objectives[0].title.en == "14:48"


def test_steps_that_wait_for_one_another(tmp_path, small):
    circle = """\
    - {id: S2, role: operator, do: report, after: S3, duration: {fixed: 1 s}}
    - {id: S3, role: operator, do: headcount, when: operator.report, duration: {fixed: 1 s}}
    - {id: S4, role: operator, do: acknowledge_alarm, duration: {fixed: 1 s}}
objectives:"""
    found = faults(tmp_path, small.replace("objectives:", circle, 1))
    assert [message.split(": ", 2)[2].split(" ->")[0] for message in found][-1] == "step 'S4' is never started"
    without = "\n".join(line for line in circle.splitlines() if "S4" not in line)
    found = faults(tmp_path, small.replace("objectives:", without, 1))
    assert len(found) == 2
    assert all("waits for a step that waits for it" in message for message in found)


def test_else_starts_a_step_that_has_no_other_start(tmp_path, small):
    text = small.replace(
        "      duration: {uniform: [20 s, 40 s]}\n",
        '      duration: {fixed: 20 s}\n      verify: "valve.closed:XV-12"\n      else: S2\n'
        "    - {id: S2, role: operator, do: manual_close, target: [XV-12], duration: {fixed: 5 min}}\n",
    )
    assert faults(tmp_path, text) == []
    plan = scenarios.load(tmp_path / "drill.yaml").plan
    assert plan.first_alarm_to_end("S2") == 320.0  # 20 s of S1, then 300 s by hand
    assert faults(tmp_path, text.replace("else: S2", "else: S9")) != []
    (message,) = faults(tmp_path, text.replace("do: manual_close", "when: detection.first, do: manual_close"))
    assert "else cannot start step 'S2'" in message


def test_a_plan_may_live_in_its_own_file(tmp_path, small):
    start, end = small.index("plan:\n"), small.index("objectives:")
    plan = "schema: plan/1\n" + "".join(line[2:] + "\n" for line in small[start:end].splitlines()[1:])
    (tmp_path / "plans").mkdir()
    (tmp_path / "plans" / "p.yaml").write_text(plan, encoding="utf-8")
    text = small[:start] + "plan: {ref: plans/p.yaml}\n" + small[end:]
    assert faults(tmp_path, text) == []
    own = scenarios.load(tmp_path / "drill.yaml")
    (tmp_path / "whole.yaml").write_text(small, encoding="utf-8")
    assert own == scenarios.load(tmp_path / "whole.yaml")
    (tmp_path / "plans" / "p.yaml").write_text(plan.replace("close_valve", "open_valve"), encoding="utf-8")
    (message,) = (m for m in faults(tmp_path, text) if "open_valve" in m)
    assert f"p.yaml:{line_of(plan, 'do:')}: " in message
    assert any("not a file in or below" in m for m in faults(tmp_path, text.replace("plans/p.yaml", "../p.yaml")))
    assert any("cannot be read" in m for m in faults(tmp_path, text.replace("plans/p.yaml", "plans/q.yaml")))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "the file is empty"),
        (b"# only a remark\n", "the file is empty"),
        (b"\x00\x01\x02PNG", "control characters"),
        (b"\xff\xfe\x00", "UTF-8"),
        ("title: 夜间".encode("gbk"), "UTF-8"),
        (b"- a\n- b\n", "not a block"),
        (b"just words", "not a block"),
        (b"[" * 100_000, "nested too deeply"),
        (b"a:\n" + b"- b\n" * 60_000, "more than 50000 values"),
        (b"a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n", "anchors and aliases"),
    ],
)
def test_files_that_are_no_scenario(tmp_path, content, words):
    file = tmp_path / "drill.yaml"
    file.write_bytes(content)
    found = scenarios.check(file)
    assert any(words in problem.what for problem in found)
    with pytest.raises(ScenarioError):
        scenarios.load(file)


def test_a_huge_file_is_refused_without_reading_it(tmp_path):
    file = tmp_path / "huge.yaml"
    with file.open("wb") as stream:
        stream.truncate(100_000_000)  # sparse on disk, 100 MB to a reader
    tracemalloc.start()
    (problem,) = scenarios.check(file)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "larger than 2 MB" in problem.what
    assert peak < 10e6  # 2 MB of text at most, twice


def test_unknown_names_and_folders(tmp_path):
    with pytest.raises(ScenarioError, match="did you mean 'chlorine-hose-night'"):
        scenarios.load("chlorine-hose-nigth")
    with pytest.raises(ScenarioError, match="folder"):
        scenarios.load(tmp_path)
    (problem,) = scenarios.check(tmp_path / "none.yaml")
    assert "cannot be read" in problem.what


def test_an_error_survives_pickling(tmp_path, small):
    file = tmp_path / "drill.yaml"
    file.write_text(small.replace("stability: F", "stability: G").replace("root: 1", "root: x"), encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        scenarios.load(file)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
