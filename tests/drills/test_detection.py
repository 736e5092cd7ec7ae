"""Detectors follow the gas with a lag, and alarm when their signal passes a limit."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from drills.detection import detect
from plant_models.substances import substance
from twin.loading import load_layout


class Formula:
    """A cloud given by a function of time alone."""

    def __init__(self, law) -> None:
        self.law = law

    def concentration(self, x, y, z, t):
        shape = np.broadcast_shapes(*(np.shape(v) for v in (x, y, z, t)))
        return np.broadcast_to(self.law(np.asarray(t, float)), shape).astype(float)


@pytest.fixture
def heads(tmp_path):
    rows = [
        {"tag": "GD-1", "gas": "chlorine", "t90": "30 s"},
        {"tag": "GD-2", "gas": "chlorine", "t90": "60 s"},
        {"tag": "GD-3", "gas": "ammonia", "t90": "30 s"},
    ]
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [10.0 * k, 0.0]},
            "properties": {"kind": "detector", "height": "1 m", "alarm_1": "3 mg/m3", "alarm_2": "6 mg/m3", **head},
        }
        for k, head in enumerate(rows)
    ]
    path = tmp_path / "heads.geojson"
    path.write_text(
        json.dumps({"type": "FeatureCollection", "parktwin": {"frame": "local"}, "features": features}, indent=0)
    )
    return load_layout(path)


def test_alarm_times_of_a_ramp_follow_the_exact_lag(heads) -> None:
    # c = a t: a first-order lag shows s(t) = a (t - tau (1 - exp(-t / tau))), tau = T90 / ln 10
    slope = 0.05e-6
    alarms = detect(heads, Formula(lambda t: slope * t), substance("chlorine"), horizon=600.0).alarms
    assert [(a.tag, a.level) for a in alarms] == [("GD-1", 1), ("GD-2", 1), ("GD-1", 2), ("GD-2", 2)]
    for alarm in alarms:
        tau = {"GD-1": 30.0, "GD-2": 60.0}[alarm.tag] / math.log(10.0)
        before, shown = (slope * (t - tau * (1.0 - math.exp(-t / tau))) for t in (alarm.time - 1.0, alarm.time))
        assert before < alarm.limit <= shown  # the first of the scans, one a second, that finds it


def test_t90_is_the_time_to_90_percent_of_a_step(heads) -> None:
    # a step to c at t = 0.. reaches 0.9 c after T90; the limit 3 mg/m3 is 90 % of 3.3333 mg/m3 (but for rounding).
    step = 3e-6 / 0.9 * (1.0 + 1e-9)
    alarms = detect(heads, Formula(lambda t: np.where(t > 0.0, step, 0.0)), substance("Cl2"), horizon=200.0).alarms
    times = {a.tag: a.time for a in alarms if a.level == 1}
    # sampled once a second, the step is first seen at 1 s
    assert times == {"GD-1": 31.0, "GD-2": 61.0}


def test_no_alarm_before_the_gas(heads) -> None:
    # all at once at 60 s, a million times the limit: a straight line between the scans would pass the limit at 59 s
    burst = Formula(lambda t: np.where(t >= 60.0, 3.0, 0.0))
    assert {a.time for a in detect(heads, burst, substance("chlorine"), horizon=200.0).alarms} == {61.0}


def test_dead_heads_and_other_gases_show_nothing(heads) -> None:
    cloud = Formula(lambda t: 1e-4 + 0.0 * t)
    seen = {a.tag for a in detect(heads, cloud, substance("chlorine"), horizon=60.0, faults={"GD-1": 0.0}).alarms}
    assert seen == {"GD-2"}
    assert {a.tag for a in detect(heads, cloud, substance("ammonia"), horizon=60.0).alarms} == {"GD-3"}
    assert detect(heads, cloud, substance("propane"), horizon=60.0).alarms == ()
    assert detect(heads, Formula(lambda t: 0.0 * t), substance("chlorine"), horizon=60.0).alarms == ()


def test_a_faulty_detector_shows_its_fault(heads) -> None:
    # 3 mg/m3 is the limit; 0.1 mg/m3 more every second up to 10 mg/m3, and nothing from 200 s on
    cloud = Formula(lambda t: 1e-7 * np.clip(t, 0.0, 100.0) * (t < 200.0))

    def watch(faults):
        found = detect(heads, cloud, substance("chlorine"), horizon=600.0, faults=faults)
        return found, {a.tag: a.time for a in found.alarms if a.level == 1}

    right, sound = watch({})
    tau = 30.0 / math.log(10.0)
    half = watch({"GD-1": 0.5})[1]  # shows 3 when there are 6: s(t) = t - tau (1 - exp(-t / tau)) = 60 s
    exact = next(t for t in range(600) if t - tau * (1.0 - math.exp(-t / tau)) >= 60.0)
    assert half == {"GD-1": exact, "GD-2": sound["GD-2"]}
    assert watch({"GD-1": 0.0})[1] == {"GD-2": sound["GD-2"]}
    stuck, high = watch({"GD-1": math.inf})
    assert high == {"GD-1": 0.0, "GD-2": sound["GD-2"]}
    before, after = right.quiet[0]
    assert before == (0.0, min(sound.values()) - 1.0)
    # GD-2 shows nearly 10 at 200 s and falls below 3 a time of tau ln(10 / 3) later
    last = 200.0 + 60.0 / math.log(10.0) * math.log(10.0 / 3.0)
    assert after == (pytest.approx(last, abs=2.0), 600.0)  # two scans
    assert stuck.quiet[0][1] == after  # nobody waits for a detector known to be false
