"""Crews by hand: drive, air, search and rescue, votes; and what a rescue changes in a drill."""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest
import simpy

from drills.crews import Brigade, paces
from drills.detection import Alarm, Watch
from drills.medics import Aid
from drills.response import Response, respond
from drills.run import _people_entries, run_drill
from drills.words import Words, say_event
from evacuation.condition import Condition
from scenarios.fit import fit
from scenarios.references import references
from scenarios.responders import Air, Crew, Medics, VotingGroup
from scenarios.schema import Scenario
from scenarios.staging import staging
from twin.errors import ModelError
from twin.seeds import Streams

AIR = {"volume": "6.8 L", "pressure": "300 bar", "reserve": "50 bar", "consumption": "40 L/min"}


def showing(alarms) -> Watch:
    return Watch(alarms=tuple(alarms), quiet=((), ()))


def crew(**changed) -> Crew:
    given = {
        "id": "FB-1",
        "station": "FS-1",
        "turn_out": {"fixed": "60 s"},
        "drive": {"fixed": "10 m/s"},
        "standoff": "100 m",
        "donning": {"fixed": "120 s"},
        "air": AIR,
        "walk": {"fixed": "1 m/s"},
        "search": {"fixed": "300 s"},
        "carry": {"fixed": "200 s"},
        "change": {"fixed": "90 s"},
        "decontamination": {"fixed": "600 s"},
    }
    return Crew.model_validate(given | changed)


@dataclass(kw_only=True)
class Seen:
    """What a crew may see of people."""

    population: SimpleNamespace
    arrival_time: np.ndarray
    incapacitated_time: np.ndarray
    death_time: np.ndarray
    start_time: np.ndarray
    lying: np.ndarray
    tracks: SimpleNamespace | None = None

    def positions(self, _t):
        return self.lying.T


SPOTS = {"A": (100.0, 0.0), "B": (0.0, 50.0)}


def seen(places, place, *, arrival=None, fallen, dead=None, lying=None) -> Seen:
    """People who lie at their place, unless said otherwise, and had set out."""
    never = np.full(len(place), math.inf)
    return Seen(
        population=SimpleNamespace(places=tuple(places), place=np.array(place)),
        arrival_time=never if arrival is None else np.array(arrival),
        incapacitated_time=np.array(fallen, float),
        death_time=never if dead is None else np.array(dead, float),
        start_time=np.zeros(len(place)),
        lying=np.array([SPOTS[places[p]] for p in place] if lying is None else lying, float),
    )


def searched(people, *, zones=(), told=(), member=None, **given):
    """Log of one search that starts at 0 from (0, 0)."""
    member = member or crew()
    clock, log = simpy.Environment(), []
    brigade = Brigade(
        {tag: SimpleNamespace(x=x, y=y) for tag, (x, y) in SPOTS.items()},
        [member],
        clock=clock,
        draw=lambda _name, spread: spread.quantile(0.5),
        say=lambda _actor, name, _cause, detail: log.append((clock.now, name, dict(detail))),
        source=(0.0, 0.0),
        wind_from=lambda _time: 0.0,
        people=people,
        **given,
    )
    brigade._point["FB-1"] = (0.0, 0.0)
    clock.process(brigade.search("FB-1", zones, told, ""))
    clock.run()
    return log, brigade.rescues


def test_air_lasts_as_long_as_the_gas_in_the_cylinder() -> None:
    # 6.8 L x 250 bar = 1700 L bar = 1700 x 1e5 / 101325 L of free air; at 40 L/min
    assert Air.model_validate(AIR).duration == pytest.approx(6.8 * 250.0 * 1e5 / 101325.0 / 40.0 * 60.0, rel=1e-12)
    with pytest.raises(ValueError, match="not below the filling pressure"):
        Air.model_validate(AIR | {"reserve": "300 bar"})


def test_a_chain_of_fixed_durations_adds_up() -> None:
    log, rescues = searched(seen(["A"], [0, 0], fallen=[10.0, 20.0]))
    # in 100 s, search 300 s, out 100 s; then twice in 100 s and carry 200 s; air 2516.6 s is enough for all 1100 s
    assert [(r.time, r.person) for r in rescues] == [(800.0, 0), (1100.0, 1)]
    assert [(t, n) for t, n, _ in log] == [
        (0.0, "search.started:FB-1"),
        (500.0, "search.searched:A"),
        (800.0, "rescued:0"),
        (1100.0, "rescued:1"),
        (1700.0, "search.finished:FB-1"),
    ]


def test_a_crew_turns_back_for_air() -> None:
    # 1 L x 200 bar at 60 L/min: 1e-3 x 2e7 / 101325 / 1e-3 = 197.385 s of air
    short = {"volume": "1 L", "pressure": "200 bar", "reserve": "0 bar", "consumption": "60 L/min"}
    full = 2e7 / 101325.0
    near = crew(air=short, search={"fixed": "150 s"}, carry={"fixed": "100 s"})
    log, rescues = searched(seen(["B"], [0], fallen=[0.0]), member=near)
    # the first entry works full - 100 s, then cylinders are changed (90 s) and 150 - (full - 100) s are left to search
    rest = 150.0 - (full - 100.0)
    done = full + 90.0 + 100.0 + rest
    assert log[1][:2] == (pytest.approx(done, abs=1e-9), "search.searched:B")
    # 150 s are needed for the casualty and full - 100 - rest are left: cylinders are changed again
    assert rescues[0].time == pytest.approx(done + 90.0 + 50.0 + 100.0, abs=1e-9)
    far, nobody = searched(seen(["A"], [0], fallen=[0.0]), member=near)  # 200 s there and back exceed the air
    assert [name for _, name, _ in far][1] == "search.out_of_reach:A"
    assert not nobody


def test_places_are_searched_in_order_and_only_for_the_missing() -> None:
    people = seen(["A", "B"], [0, 1, 1], fallen=[math.inf] * 3)
    by_number = [n for _, n, _ in searched(people)[0] if "searched" in n]
    assert by_number == ["search.searched:B", "search.searched:A"]
    planned = [n for _, n, _ in searched(people, zones=("A", "B"))[0] if "searched" in n]
    assert planned == ["search.searched:A", "search.searched:B"]
    home = seen(["A", "B"], [0, 1, 1], arrival=[0.0, 0.0, 0.0], fallen=[math.inf] * 3)
    assert [n for _, n, _ in searched(home)[0]] == ["search.started:FB-1", "search.finished:FB-1"]
    assert [n for _, n, _ in searched(people, told=("A",))[0] if "searched" in n] == ["search.searched:A"]


def test_the_dead_and_those_who_fall_later_are_not_carried() -> None:
    people = seen(["A"], [0, 0, 0], fallen=[10.0, 499.0, 501.0], dead=[400.0, math.inf, math.inf])
    assert [r.person for r in searched(people)[1]] == [1]  # the place is searched at 500 s
    late = seen(["A"], [0, 0], fallen=[10.0, 20.0], dead=[700.0, 750.0])  # the first would be out at 800 s
    log, rescues = searched(late)
    assert not rescues
    assert [n for _, n, _ in log][2:] == ["recovered:0", "search.finished:FB-1"]  # nobody goes in again for the dead


def test_the_staging_point_is_upwind_and_as_far_as_asked(park) -> None:
    source = park["LB-101"]
    x, y, way = staging(park, "FS-1", (source.x, source.y), 90.0, 100.0)
    bearing = math.degrees(math.atan2(x - source.x, y - source.y))
    assert abs(bearing - 90.0) <= 45.0
    assert math.hypot(x - source.x, y - source.y) >= 100.0
    assert way >= math.hypot(x - park["FS-1"].x, y - park["FS-1"].y) - 1e-9  # no road is shorter than the straight line
    with pytest.raises(ModelError, match="no road within"):
        staging(park, "FS-1", (source.x, source.y), 90.0, 9000.0)


def test_two_out_of_three_with_one_dead_detector(chlorine, park) -> None:
    group = VotingGroup(id="G", detectors=("D-1", "D-2", "D-3"), need=2, level=2)
    voting = chlorine.voting.model_copy(update={"groups": (group,)})
    scenario = chlorine.model_copy(update={"voting": voting})

    def confirmed(*alarms):
        given = [Alarm(time=t, tag=tag, level=level, limit=1e-6) for t, tag, level in alarms]
        done = respond(scenario, park, watch=showing(given), streams=Streams(1))
        return [entry.time for entry in done.entries if entry.name == "detection.confirmed:G"]

    assert confirmed((10.0, "D-1", 2), (15.0, "D-2", 1), (20.0, "D-2", 2)) == [20.0]  # D-3 is dead
    assert confirmed((10.0, "D-1", 2), (20.0, "D-9", 2)) == []  # another group's detector
    with pytest.raises(ValueError, match="4 votes are asked of 3"):
        VotingGroup(id="G", detectors=("D-1", "D-2", "D-3"), need=4)


def test_two_crews_take_nobody_twice_and_search_no_place_together() -> None:
    people = seen(["A", "B"], [0, 0, 1], fallen=[1.0, 2.0, 3.0])
    clock, log = simpy.Environment(), []
    brigade = Brigade(
        {tag: SimpleNamespace(x=x, y=y) for tag, (x, y) in SPOTS.items()},
        [crew(), crew(id="FB-2")],
        clock=clock,
        draw=lambda _name, spread: spread.quantile(0.5),
        say=lambda actor, name, _cause, _detail: log.append((clock.now, actor, name)),
        source=(0.0, 0.0),
        wind_from=lambda _time: 0.0,
        people=people,
    )
    for name in ("FB-1", "FB-2"):
        brigade._point[name] = (0.0, 0.0)
        clock.process(brigade.search(name, (), (), ""))
    clock.run()
    # A (100 m off) by the first: 500 s, then 300 s each; B (50 m) by the second: 400 s, then 250 s
    assert sorted((r.time, r.person) for r in brigade.rescues) == [(650.0, 2), (800.0, 0), (1100.0, 1)]
    assert [n for _, _, n in log if "searched" in n] == ["search.searched:B", "search.searched:A"]


def test_a_casualty_is_fetched_from_where_the_person_lies() -> None:
    # searched at 500 s as before; the casualty lies 30 m from the vehicle, not at the place: 30 s in, 200 s carried
    assert searched(seen(["A"], [0], fallen=[10.0], lying=[(0.0, 30.0)]))[1][0].time == 730.0


def test_crews_walk_along_the_ways() -> None:
    # an L of two ways of 30 m and 40 m, and 5 m off either end: 5 + 70 + 5 m, against a straight line of 56.6 m
    links = SimpleNamespace(length=np.array([30.0, 30.0, 40.0, 40.0]))
    ways = SimpleNamespace(
        node_x=np.array([0.0, 30.0, 30.0]),
        node_y=np.array([0.0, 0.0, 40.0]),
        tail=np.array([0, 1, 1, 2]),
        head=np.array([1, 0, 2, 1]),
        links=links,
    )
    far = paces(ways, -5.0, 0.0)
    assert far(30.0, 45.0) == pytest.approx(80.0, abs=1e-12)
    assert far(-5.0, 300.0) >= 300.0  # never less than the straight line


def test_the_missing_are_known_from_reports_alone() -> None:
    people = seen(["A"], [0, 0, 0], arrival=[50.0, 150.0, math.inf], fallen=[math.inf] * 3)
    for reported, left in ((-math.inf, 3), (100.0, 2), (200.0, 1)):
        log, _ = searched(people, reported=lambda reported=reported: reported)
        assert log[0][2]["missing"] == left


def test_the_dead_and_those_still_in_are_accounted_for_by_the_search() -> None:
    people = seen(["A"], [0, 0, 0], fallen=[10.0, math.inf, math.inf], dead=[20.0, math.inf, math.inf])
    people.start_time[1] = math.inf  # has not left the room; the third is on the way and may yet come
    log, _ = searched(people)
    assert log[1][1:] == ("search.searched:A", {"fallen": 0, "dead": 1, "still_in": 1})
    assert log[-1][1:] == ("search.finished:FB-1", {"missing": 1})


def test_medics_and_ambulances_by_hand() -> None:
    team = Medics.model_validate(
        {
            "id": "M",
            "station": "S",
            "turn_out": {"fixed": "0 s"},
            "drive": {"fixed": "10 m/s"},
            "standoff": "100 m",
            "medics": 1,
            "triage": {"fixed": "60 s"},
            "vehicles": 1,
            "seats": 2,
            "journey": {"fixed": "300 s"},
            "back": {"fixed": "200 s"},
        }
    )
    clock, log = simpy.Environment(), []
    draw, note = (lambda _n, spread: spread.quantile(0.5)), (lambda _a, name, _c, _d: log.append((clock.now, name)))
    aid = Aid([team], clock=clock, draw=draw, say=note)

    def story():
        aid.receive(1)  # before the medics are there
        yield clock.timeout(100.0)
        aid.open("M")
        yield clock.timeout(10.0)
        for who in (2, 3, 4):
            aid.receive(who)

    clock.process(story())
    clock.run()
    # one medic, 60 s each from 100 s on: 160, 220, 280, 340; the ambulance leaves with the first at 160, is back at
    # 660, takes two of the three who wait, is back at 1160 and takes the last
    assert [(t, n) for t, n in log if n.startswith("triaged")] == [
        (160.0, "triaged:1"),
        (220.0, "triaged:2"),
        (280.0, "triaged:3"),
        (340.0, "triaged:4"),
    ]
    handed = [(460.0, "handed_over:1"), (960.0, "handed_over:2"), (960.0, "handed_over:3"), (1460.0, "handed_over:4")]
    assert [(t, n) for t, n in log if n.startswith("handed")] == handed


def test_crews_stand_outside_the_gas(park) -> None:
    source = park["LB-101"]
    plain = staging(park, "FS-1", (source.x, source.y), 90.0, 100.0)

    def gas(x, _y):
        return np.where(x < plain[0] + 50.0, 1e-5, 0.0)

    x, y, _ = staging(park, "FS-1", (source.x, source.y), 90.0, 100.0, gas=gas, limit=1e-6)
    assert x >= plain[0] + 50.0
    assert math.hypot(x - source.x, y - source.y) >= 100.0
    least = staging(park, "FS-1", (source.x, source.y), 90.0, 100.0, gas=lambda x, _y: 1e-3 + 0.0 * x, limit=1e-6)
    assert least == plain  # gas everywhere alike: the nearest again


def test_a_crew_without_a_staging_point_is_refused(chlorine, park) -> None:
    found = [p for p in fit(with_crew(chlorine, standoff="9 km"), park) if p.severity == "error"]
    assert [(p.where, "no road within" in p.what) for p in found] == [("responders.0.standoff", True)]


def with_crew(scenario, **changed) -> Scenario:
    tree = scenario.model_dump(mode="json", by_alias=True)
    tree["responders"] = [crew(**changed).model_dump(mode="json", by_alias=True)]
    fixed = {"fixed": 30.0}
    tree["plan"]["steps"] += [
        {"id": "C1", "role": "shift_lead", "do": "dispatch", "team": "FB-1", "after": "S6", "duration": fixed},
        {"id": "C2", "role": "shift_lead", "do": "search", "team": "FB-1", "after": "S5", "duration": fixed},
    ]
    return Scenario.model_validate(tree)


def test_a_dispatched_crew_is_ready_after_its_chain(chlorine, park) -> None:
    scenario = with_crew(chlorine)
    alarms = (Alarm(time=10.0, tag="GD-101", level=1, limit=1e-6), Alarm(time=20.0, tag="GD-103", level=1, limit=1e-6))
    done = respond(scenario, park, watch=showing(alarms), streams=Streams(3))
    at = {entry.name: entry.time for entry in done.entries}
    detail = {entry.name: entry.detail for entry in done.entries}
    staged = at["shift_lead.dispatch"] + 60.0 + detail["crew.staged:FB-1"]["drive_m"] / 10.0
    assert at["crew.turned_out:FB-1"] == pytest.approx(at["shift_lead.dispatch"] + 60.0, abs=1e-9)
    assert at["crew.staged:FB-1"] == pytest.approx(staged, abs=1e-9)
    assert at["crew.ready:FB-1"] == pytest.approx(staged + 120.0, abs=1e-9)
    idle = respond(scenario, park, watch=showing(alarms), streams=Streams(3), team="idle")
    assert not [entry for entry in idle.entries if entry.name.startswith(("crew.", "search.", "rescued"))]


@pytest.mark.slow
def test_whom_a_crew_brings_out_in_time_lives(chlorine, park) -> None:
    # People of the village are told to leave, and fall on waiting for it: a crew finds them at about half an hour.
    long = {"volume": "0.1 m3", "pressure": "300 bar", "reserve": "0 bar", "consumption": "10 L/min"}
    steps = [s.model_dump(mode="json", by_alias=True) for s in chlorine.plan.steps]
    for step in steps:
        if step["id"] == "S5":
            step["zones"], step["muster"] = [*step["zones"], "VL-WEST"], None
    tree = chlorine.model_dump(mode="json", by_alias=True)
    tree["plan"]["steps"] = steps
    scenario = Scenario.model_validate(tree)

    def play(carry):
        sent = with_crew(
            scenario, air=long, walk={"fixed": "10 m/s"}, search={"fixed": "900 s"}, carry={"fixed": carry}
        )
        return run_drill(sent, park)

    fast, slow = play("5 s"), play("2000 s")
    said = {int(e.name.split(":")[1]): e.time for e in fast.log if e.name.startswith("rescued:")}
    assert said
    people = fast.people
    for who, time in said.items():  # nobody is carried out before falling, and the people keep the time of the log
        assert people.incapacitated_time[who] <= time
        assert people.rescued_time[who] == time
        assert people.condition[who] == Condition.RESCUED
    assert (people.condition == Condition.DEAD).sum() < (slow.people.condition == Condition.DEAD).sum()
    dead = [who for who in said if slow.people.condition[who] == Condition.DEAD]
    assert dead  # the same people, left where they lay, die
    assert np.array_equal(people.population.tolerance, slow.people.population.tolerance)
    for entry in fast.log:
        if entry.name.startswith(("crew.", "search.", "rescued:")):
            assert entry.cause is not None


def test_what_crews_do_is_told_in_both_languages(chlorine) -> None:
    for name in ("crew.staged:FB-1", "search.searched:LB-101", "rescued:17", "shift_lead.dispatch"):
        said = say_event(name, chlorine)
        assert name not in (said.en, said.zh)
    assert say_event("rescued:17", chlorine) == Words("person 17 is carried out alive", "人员 17 获救")


def test_a_crew_nobody_wrote_down_is_named(chlorine) -> None:
    tree = with_crew(chlorine).model_dump(mode="json", by_alias=True)
    tree["plan"]["steps"][-2]["team"] = "FB-2"
    found = [(f.place, f.what) for f in references(tree)]
    assert ("plan.steps.10.team", "there is no crew 'FB-2' in responders") in found
    assert ("plan.steps.11.team", "no step dispatches the crew 'FB-1'") in found


def test_the_head_count_and_the_safe_area(chlorine, park) -> None:
    # One of the two is counted in at 700 s, the other never and is found by nobody; later both.
    def play(arrival, quiet, hold="5 min"):
        tree = chlorine.model_dump(mode="json", by_alias=True)
        tree["head_count"], tree["all_clear"] = {"interval": "200 s"}, {"hold": hold}
        people = seen(["LB-101"], [0, 0], arrival=arrival, fallen=[math.inf] * 2, lying=[(0.0, 0.0)] * 2)
        people.tracks = SimpleNamespace(graph=None)
        alarms = [
            Alarm(time=10.0, tag="GD-101", level=1, limit=1e-6),
            Alarm(time=20.0, tag="GD-103", level=1, limit=1e-6),
        ]
        watch = Watch(alarms=tuple(alarms), quiet=(quiet, ()))
        done = respond(Scenario.model_validate(tree), park, watch=watch, people=people, streams=Streams(1))
        told = next(e.time for e in done.entries if e.name == "order.evacuate:LB-101")
        reports = [(e.time - told, e.detail["missing"], e.cause) for e in done.entries if e.name == "headcount.report"]
        safe = [e.time for e in done.entries if e.name == "area.safe"]
        return told, reports, safe

    told, reports, safe = play([700.0, math.inf], ((900.0, 3600.0),))
    late = 200.0 * math.ceil((700.0 - told) / 200.0)  # a report after the arrival, not the arrival
    assert [(t, n) for t, n, _ in reports] == [(pytest.approx(200.0), 2), (pytest.approx(late), 1)]
    assert reports[0][2] == "order.evacuate:LB-101"
    assert reports[1][2] == "headcount.report"
    assert safe == []  # one is missing: the gas alone makes nothing safe
    (at,) = play([700.0, 710.0], ((900.0, 3600.0),))[2]
    assert 1200.0 <= at < 1210.0  # quiet from 900 s, held for 300 s, looked at every 10 s
    (at,) = play([700.0, 710.0], ((900.0, 1100.0), (2000.0, 3600.0)))[2]
    assert 2300.0 <= at < 2310.0  # gas in between begins the wait anew


def test_no_head_count_is_complete_while_somebody_lies_fallen() -> None:
    # The readers have counted everybody who can still walk; one of the two sent to MP-1 has fallen on the way.
    def shown(fallen):
        people = SimpleNamespace(
            muster=np.array([0, 0, 1]),
            arrival_time=np.array([50.0, math.inf if fallen else 60.0, 70.0]),
            incapacitated_time=np.array([math.inf, 40.0 if fallen else math.inf, math.inf]),
            tracks=SimpleNamespace(graph=SimpleNamespace(musters=("MP-1", "MP-2"))),
            events=(
                (50.0, "headcount.complete", "MP-1"),
                (70.0, "headcount.complete", "MP-2"),
                (70.0, "evacuation.complete", "3 people"),
            ),
        )
        return [entry.name for entry in _people_entries(people, Response(entries=(), isolated={}, orders=()))]

    assert shown(fallen=False) == ["headcount.complete:MP-1", "headcount.complete:MP-2", "headcount.complete"]
    assert shown(fallen=True) == ["headcount.complete:MP-2"]
