"""The chain of detection, control room, valves and orders, step by step."""

from __future__ import annotations

import pytest

from drills.detection import Alarm, Watch
from drills.response import respond
from twin.errors import ScenarioError
from twin.seeds import Streams

ALARMS = (
    Alarm(time=130.0, tag="GD-101", level=1, limit=1e-6),
    Alarm(time=131.0, tag="GD-101", level=2, limit=2e-6),
    Alarm(time=160.0, tag="GD-103", level=1, limit=1e-6),
)


def play(scenario, park, *, team="plan", seed=7, alarms=ALARMS, **given):
    return respond(
        scenario, park, watch=Watch(alarms=tuple(alarms), quiet=((), ())), streams=Streams(seed), team=team, **given
    )


def times(response):
    found = {}
    for entry in response.entries:
        found.setdefault(entry.name, entry.time)
    return found


def test_each_step_takes_its_drawn_duration_from_its_trigger(chlorine, park) -> None:
    at = times(play(chlorine, park))
    draws = {
        step.id: step.duration.quantile(Streams(7)[f"response/{step.id}"].random()) for step in chlorine.plan.steps
    }
    assert at["detection.first"] == 130.0
    assert at["detection.confirmed"] == 160.0  # voting: two detectors
    acknowledged = 130.0 + draws["S1"]
    assert at["operator.acknowledge_alarm"] == pytest.approx(acknowledged, abs=1e-9)
    told = max(160.0, acknowledged) + draws["S2"]  # S2 waits for S1 and for the confirmation
    assert at["operator.close_valve"] == pytest.approx(told, abs=1e-9)
    stroke = park["XV-12"].number("closing_time")
    assert at["valve.failed:XV-12"] == pytest.approx(told + stroke, abs=1e-9)  # stuck_open in the scenario
    by_hand = told + stroke + draws["S3"]  # else of S2, after the missing closed signal
    assert at["valve.closed:XV-12"] == pytest.approx(by_hand, abs=1e-9)
    assert at["inject.I1"] == pytest.approx(told + stroke + 10.0, abs=1e-9)


def test_the_release_is_isolated_when_its_valves_are_closed(chlorine, park) -> None:
    response = play(chlorine, park)
    assert dict(response.isolated) == {"R1": times(response)["valve.closed:XV-12"]}
    closes = chlorine.model_copy(update={"initial_state": ()})
    sound = play(closes, park)
    stroke = park["XV-12"].number("closing_time")
    assert sound.isolated["R1"] == pytest.approx(times(sound)["operator.close_valve"] + stroke, abs=1e-9)
    assert "response_team.manual_close" not in times(sound)  # nobody is sent when the valve closes


def test_orders_go_to_their_zones_and_everything_has_a_cause(chlorine, park) -> None:
    response = play(chlorine, park)
    assert [(order.action, order.zones, order.muster) for order in response.orders] == [
        ("evacuate", ("LB-101", "BD-CELL", "BD-LIQ", "BD-MAINT"), "MP-7"),
        ("shelter", ("VL-WEST", "VL-EAST"), ""),
        ("all_clear", ("VL-WEST", "VL-EAST"), ""),
    ]
    seen = set()
    for entry in response.entries:
        root = entry.name.endswith(".start") or entry.name == "inject.I4"  # I4 comes at a time of its own
        assert root or entry.cause in seen, entry
        seen.add(entry.name)


def test_a_step_added_to_the_plan_moves_no_other(chlorine, park) -> None:
    extra = chlorine.plan.steps[0].model_copy(update={"id": "S0"})
    plan = chlorine.plan.model_copy(update={"steps": (extra, *chlorine.plan.steps)})
    before, after = times(play(chlorine, park)), times(play(chlorine.model_copy(update={"plan": plan}), park))
    before.pop("operator.acknowledge_alarm")
    assert all(after[name] == time for name, time in before.items())


def test_teams(chlorine, park) -> None:
    idle = play(chlorine, park, team="idle")
    assert not idle.orders
    assert not idle.isolated
    best = next(a for a in chlorine.alternatives if a.id == "A-SHELTER-VENT")
    perfect = play(chlorine, park, team="perfect", best=best)
    assert perfect.isolated == {"R1": 130.0 + 180.0}  # declared: 3 min after the first alarm
    assert [order.time for order in perfect.orders] == [130.0 + 60.0, 130.0 + 120.0, 130.0 + 1200.0]
    with pytest.raises(ScenarioError, match="did you mean 'idle'"):
        play(chlorine, park, team="idel")
    with pytest.raises(ScenarioError, match="needs an alternative"):
        play(chlorine, park, team="perfect")


def test_without_an_alarm_nobody_acts(chlorine, park) -> None:
    silent = play(chlorine, park, alarms=())
    assert not silent.orders
    assert {entry.name for entry in silent.entries} == {"R1.start", "inject.I2", "inject.I4"}


def test_a_perfect_team_acts_even_when_no_detector_sees_the_gas(chlorine, park) -> None:
    # the declared times then count from the first release, as they do for the alternatives it is measured against
    best = next(a for a in chlorine.alternatives if a.id == "A-SHELTER-VENT")
    start = chlorine.releases[0].start
    perfect = play(chlorine, park, team="perfect", best=best, alarms=())
    assert perfect.isolated == {"R1": start + 180.0}
    assert [order.time for order in perfect.orders] == [start + 60.0, start + 120.0, start + 1200.0]


def test_two_steps_may_fall_back_on_the_same_one(chlorine, park) -> None:
    steps = {step.id: step for step in chlorine.plan.steps}
    assert steps["S2"].else_ == "S3"
    twin = steps["S2"].model_copy(update={"id": "S2b"})
    plan = chlorine.plan.model_copy(update={"steps": (*chlorine.plan.steps, twin)})
    names = [entry.name for entry in play(chlorine.model_copy(update={"plan": plan}), park).entries]
    assert names.count("operator.close_valve") == 2
    assert names.count("response_team.manual_close") == 1
