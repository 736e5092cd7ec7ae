"""People who fall, are slowed and are rescued: against closed forms and against the engine in slices."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from evacuation import (
    Closure,
    Condition,
    Distribution,
    Group,
    Order,
    Rescue,
    State,
    Tolerance,
    WalkGraph,
    evacuate,
    irritant_slowing,
    populate,
)
from evacuation.population import Population
from evacuation.walking import Air, Engine, Links, Walking
from plant_models import substance
from twin import ModelError, Streams

CHLORINE = substance("chlorine")
LEAVE = [Order(time=0.0, action="evacuate")]


def row_of(n, *, x=100.0, speed=1.0, premovement=60.0, tolerance=0.5, inhaled=1.0):
    """People at one place, drawn by hand."""
    full = np.full(n, 1.0)
    return Population(
        x=full * x, y=full * 30.0, place=np.zeros(n, np.int64), group=np.zeros(n, np.int64),
        indoors=np.zeros(n, np.bool_), mobile=np.ones(n, np.bool_), premovement=full * premovement,
        speed=full * speed, places=("YD-1",), groups=("yard",), tolerance=np.broadcast_to(tolerance, n) * full,
        inhaled=np.broadcast_to(inhaled, n) * full,
    )  # fmt: skip


def play(park, people, hazard, weather, **more):
    given = {"orders": LEAVE, "horizon": 3600.0, "tolerance": Tolerance(), **more}
    return evacuate(park, people, hazard=hazard, substance=CHLORINE, weather=weather, **given)


def falling_time(concentration, tolerance, weather, inhaled=1.0, share=1.0 / 3.0):
    """Hand calculation: load rate c**n a minute; the probit gives the lethal load of the tolerance."""
    probit = CHLORINE.harm.probit()
    c = concentration * 1e6 * inhaled
    if probit.unit == "ppm":
        c *= 8.31446261815324 * weather.temperature / (weather.pressure * CHLORINE.molar_mass)
    return 60.0 * share * float(probit.load(tolerance)) / c**probit.n


@pytest.mark.parametrize(("level", "where"), [(8e-3, "place"), (2e-3, "way"), (7e-4, "muster")])
def test_everybody_falls_after_the_same_time_in_even_gas(park, weather, uniform, level, where):
    """In the same gas everywhere it does not matter whether one stands, walks or waits: limit over rate."""
    people = row_of(40)
    due = falling_time(level, 0.5, weather)
    result = play(park, people, uniform(level), weather, horizon=7200.0)
    assert np.allclose(result.incapacitated_time, due, rtol=1e-9)
    walking = 60.0 < due < 160.0  # 100 m of way at 1 m/s
    assert {"place": due < 60.0, "way": walking, "muster": due > 200.0}[where]
    assert np.isfinite(result.arrival_time).all() == (where == "muster")
    assert (result.condition >= Condition.INCAPACITATED).all()
    # who lies in the gas goes on breathing it: dead at three times the time to fall, by the share of a third
    assert np.allclose(result.death_time, 3.0 * due, rtol=1e-9)
    rate = due / (1.0 / 3.0 * CHLORINE.harm.probit().load(0.5))
    assert np.allclose(result.load, 7200.0 / rate, rtol=1e-9)


def test_a_fall_before_setting_out_is_not_undone_by_the_end_of_the_premovement(park, weather, uniform):
    due = falling_time(3e-3, 0.5, weather)
    people = row_of(5, premovement=60.0)
    result = play(park, people, uniform(3e-3, 0.0, 40.0), weather)  # the gas is gone before they would walk
    assert 30.0 < due < 40.0
    assert np.allclose(result.incapacitated_time, due, rtol=1e-9)
    assert not np.isfinite(result.arrival_time).any()
    assert (result.condition == Condition.INCAPACITATED).all()
    assert np.isnan(result.clearance_time)  # nobody who could walk was to walk


def test_the_tolerant_arrive_and_the_clearance_is_theirs(park, weather, uniform):
    tolerance = np.linspace(0.01, 0.99, 60)
    level = 3e-3
    people = row_of(60, tolerance=tolerance)
    result = play(park, people, uniform(level), weather)
    due = np.array([falling_time(level, u, weather) for u in tolerance])
    fell = due < 3600.0
    assert np.allclose(result.incapacitated_time[fell], due[fell], rtol=1e-9)
    come = np.isfinite(result.arrival_time)
    assert 0 < come.sum() < 60
    assert result.clearance_time == result.arrival_time[come].max()
    assert (due[~come] < result.clearance_time).all()  # whoever did not come had fallen
    assert result.unaccounted(3600.0) == (~come).sum()  # all were told, wherever they fell
    assert not [name for _, name, _ in result.events if name.endswith(".complete")]


def test_a_mask_divides_the_concentration(park, weather, uniform):
    plain = play(park, row_of(1), uniform(3e-3), weather, horizon=36000.0)
    masked = play(park, row_of(1, inhaled=0.1), uniform(3e-3), weather, horizon=36000.0)
    n = CHLORINE.harm.probit().n
    assert masked.load[0] == pytest.approx(plain.load[0] * 0.1**n, rel=1e-12)


def test_rescue_ends_the_load_and_frees_the_way(park, weather, uniform):
    level = 3e-3
    due = falling_time(level, 0.5, weather)
    rate = CHLORINE.harm.probit().load(0.5) / 3.0 / due
    hazard = uniform(level)
    early = [Rescue(time=1.5 * due, person=0), Rescue(time=due - 1.0, person=1)]
    result = play(park, row_of(3), hazard, weather, rescues=early)
    assert result.rescued_time.tolist() == [1.5 * due, np.inf, np.inf]  # person 1 had not fallen yet
    assert result.load[0] == pytest.approx(1.5 * due * rate, rel=1e-9)
    assert result.condition.tolist() == [Condition.RESCUED, Condition.DEAD, Condition.DEAD]
    assert (1.5 * due, "rescued", "person 0") in result.events
    late = play(park, row_of(3), hazard, weather, rescues=[Rescue(time=3.5 * due, person=0)])
    assert late.condition[0] == Condition.DEAD
    assert late.death_time[0] == pytest.approx(3.0 * due, rel=1e-9)
    home = play(park, row_of(1, premovement=2.0 * due), hazard, weather, rescues=[Rescue(time=1.5 * due, person=0)])
    assert home.condition[0] == Condition.RESCUED
    assert home.load[0] == pytest.approx(1.5 * due * rate, rel=1e-9)


def test_slowing_is_gone_with_the_gas(park, weather, uniform):
    """50 s of gas that halves the speed cost 25 m at 1 m/s, on the way; before setting out they cost nothing."""
    slow = Tolerance(slowing=irritant_slowing(noticed=1e-7, stopped=2e-7, least=0.5))
    thin = 1e-6
    plain = play(park, row_of(1), uniform(thin), weather)
    before = play(park, row_of(1), uniform(thin, 0.0, 50.0), weather, tolerance=slow)
    during = play(park, row_of(1), uniform(thin, 100.0, 150.0), weather, tolerance=slow)
    assert before.arrival_time[0] == pytest.approx(plain.arrival_time[0], rel=1e-12)
    # a segment is walked at the speed of its beginning: at most one segment of 10 m too slow or too fast
    assert during.arrival_time[0] - plain.arrival_time[0] == pytest.approx(25.0, abs=10.0)


def test_slices_and_reruns_give_the_same_bits(park, weather, uniform):
    people = row_of(60, tolerance=np.linspace(0.01, 0.99, 60), speed=1.2)
    events = {
        "rescues": [Rescue(time=900.0, person=k) for k in range(5)],
        "closures": [Closure(tag="RD-1", start=120.0, stop=200.0)],
    }

    def digest(step):
        result = play(park, people, uniform(3e-3), weather, time_step=step, **events)
        arrays = result.arrival_time, result.load, result.incapacitated_time, result.death_time, result.rescued_time
        return hashlib.sha256(b"".join(a.tobytes() for a in arrays)).hexdigest()

    assert len({digest(step) for step in (1.0, 1.0, 0.3, 7.0, 500.0)}) == 1


def test_the_fallen_take_room_and_width_and_hold_nobody_up_for_ever():
    """A way 1.5 m wide: 1.3 (1.5 - 0.3) people a second, and 1.3 (1.2 - 0.5) past somebody who lies there."""
    net = Links(
        length=np.array([50.0]), width=np.array([1.5]), capacity=np.array([1.3 * 1.2]), stairs=np.array([False])
    )
    total = np.tile(np.linspace(0.0, 1000.0, 1001), (2, 1))  # load 1 a second
    air = Air(
        total=total, slow=np.empty((0, 1)), step=1.0, width=1.0, segment_row=np.zeros(1, np.int64),
        segments=np.ones(1, np.int64),
    )  # fmt: skip
    made = Engine(net, onward=np.array([[-1]]), speed=np.full(41, 1.0), horizon=1000.0, walking=Walking(), air=air)
    limit = np.full(41, np.inf)
    limit[0] = 20.0
    who = np.arange(41)
    made.bear(who, limit=limit, mark=np.full(41, 5.0), share=np.ones(41))
    start = np.concatenate([[0.0], np.linspace(0.0, 40.0, 40)])
    made.start(who, time=start, link=np.zeros(41, np.int64), destination=np.zeros(41, np.int64))
    made.advance(1000.0)
    harm = made.harmed()
    assert harm.fallen[0] == pytest.approx(20.0, rel=1e-12)
    assert np.isinf(made.arrival[0])
    assert np.allclose(harm.marked, start + 5.0)
    come = np.sort(made.arrival[1:])
    assert np.isfinite(come).all()
    assert np.diff(come).min() >= 1.0 / (1.3 * 0.7) - 1e-9
    assert made.walking == 0
    assert made.on_link[0] == 1  # still lies there
    assert made.lift(0)
    assert made.on_link[0] == 0


def test_two_streams_share_a_way():
    """100 against n people on a way 2 m wide: the capacity is shared in proportion to the people on it.

    IMO test 8 asks that the time grows with the stream against; with equal streams each has half of the capacity, so
    the last of 100 needs twice as long, less the walk.
    """
    net = Links(
        length=np.full(2, 10.0),
        width=np.full(2, 2.0),
        capacity=np.full(2, 1.3 * 1.7),
        stairs=np.zeros(2, np.bool_),
        shared=True,
    )
    times = []
    for against in (0, 10, 50, 100):
        n = 100 + against
        made = Engine(net, onward=np.array([[-1, -1]]), speed=np.full(n, 1.25), horizon=3600.0)
        link = np.repeat([0, 1], [100, against])
        made.start(np.arange(n), time=np.zeros(n), link=link, destination=np.zeros(n, np.int64))
        made.advance(3600.0)
        assert np.isfinite(made.arrival).all()
        times.append(made.arrival[:100].max())
    assert times == sorted(times)
    assert len(set(times)) == 4
    first = 99.0 / (1.3 * 1.7)
    assert times[0] == pytest.approx(first, rel=0.4)  # the walk comes on top: 10 m at 1.25 down to 0.4 m/s
    # half of the capacity doubles the queue; the density of both slows the walk besides: FDS+Evac has 2.7 in IMO 8
    assert 1.7 < times[3] / times[0] < 2.7


def test_closed_ways_are_walked_round_or_waited_for(draw, feature, box):
    ring = draw(
        feature("W-A", "walkway", [(0, 0), (100, 0)], width="2 m"),
        feature("W-N", "walkway", [(100, 0), (100, 100), (200, 100), (200, 0)], width="2 m"),
        feature("W-S", "walkway", [(100, 0), (200, 0)], width="2 m"),
        feature("W-B", "walkway", [(200, 0), (300, 0)], width="2 m"),
        feature("YD-1", "area", box(0, 1, 1)),
        feature("MP-1", "muster_point", (300, 1)),
    )
    people = populate(
        ring,
        [Group(name="one", place="YD-1", count=1, speed=Distribution.fixed(1.0), premovement=Distribution.fixed(0.0))],
        Streams(1),
    )

    def arrive(*closures):
        return evacuate(ring, people, orders=LEAVE, horizon=3600.0, closures=closures).arrival_time[0]

    free = arrive()
    assert arrive(Closure(tag="W-S", start=0.0)) == pytest.approx(free + 200.0, abs=1e-6)  # 300 m instead of 100 m
    waited = arrive(Closure(tag="W-S", start=0.0, stop=500.0, reroute=False))
    # at the closed way from about 100 s on, through at 500 s, then 200 m and the last step
    assert waited == pytest.approx(500.0 + (free - 100.0 - (free - 300.0)) + (free - 300.0), abs=12.0)
    assert arrive(Closure(tag="W-S", start=150.0)) == pytest.approx(free, abs=1e-6)  # already on it
    assert np.isinf(arrive(Closure(tag="W-B", start=0.0)))
    assert arrive(Closure(tag="W-B", start=0.0, stop=400.0)) > 400.0
    with pytest.raises(ModelError, match="no way is part of 'W-X'"):
        arrive(Closure(tag="W-X", start=0.0))
    with pytest.raises(ModelError, match="later stop"):
        arrive(Closure(tag="W-S", start=5.0, stop=1.0))


def test_people_turn_to_another_muster_point_when_theirs_is_cut_off(park):
    """The road to the west end is closed beyond the yard's exit: everybody walks to the east instead."""
    people = row_of(20, x=100.0)
    free = evacuate(park, people, orders=LEAVE, horizon=3600.0)
    assert {free.tracks.graph.musters[m] for m in free.muster} == {"MP-W"}
    shut = evacuate(park, people, orders=LEAVE, horizon=3600.0, closures=[Closure(tag="MP-W", start=0.0)])
    assert {shut.tracks.graph.musters[m] for m in shut.muster} == {"MP-E"}
    assert shut.headcount.mustered[-1] == 20
    assert ("MP-E", "headcount.complete") in {(detail, name) for _, name, detail in shut.events}


def test_what_does_not_fit_is_refused(park, weather, uniform):
    with pytest.raises(ModelError, match="without a hazard"):
        evacuate(park, row_of(2), horizon=60.0, tolerance=Tolerance())
    with pytest.raises(ModelError, match="no person 7"):
        play(park, row_of(2), uniform(1e-3), weather, rescues=[Rescue(time=1.0, person=7)])
    with pytest.raises(ModelError, match="incapacitating_share"):
        Tolerance(incapacitating_share=0.0)
    with pytest.raises(ModelError, match="noticed"):
        irritant_slowing(noticed=2.0, stopped=1.0)
    assert (play(park, row_of(2), uniform(0.0), weather).state == State.MUSTERED).all()
    assert WalkGraph.of(park).links_of("RD-1").size >= 4


def test_people_differ_in_age_compliance_and_masks(park):
    group = Group(
        name="a",
        place="YD-1",
        count=4000,
        age=Distribution.uniform(20.0, 80.0),
        compliance=0.7,
        protection=50.0,
        breathing=2.0,
    )
    people = populate(park, [group], Streams(3))
    assert (people.inhaled == 2.0 / 50.0).all()
    assert people.complies.mean() == pytest.approx(0.7, abs=4.0 * np.sqrt(0.21 / 4000))  # four standard errors
    assert people.speed.min() >= 0.68
    assert people.speed.max() <= 1.61
    assert people.tolerance.mean() == pytest.approx(0.5, abs=4.0 * np.sqrt(1.0 / 12.0 / 4000))
    result = evacuate(park, people, orders=LEAVE, horizon=7200.0)
    assert np.isfinite(result.start_time[people.complies]).all()
    assert not np.isfinite(result.start_time[~people.complies]).any()
    with pytest.raises(ModelError) as caught:
        populate(
            park,
            [
                Group(
                    name="a",
                    place="YD-1",
                    count=1,
                    compliance=2.0,
                    protection=0.5,
                    breathing=0.0,
                    age=Distribution.fixed(5.0),
                )
            ],
            Streams(3),
        )
    assert len(caught.value.problems) == 4


def test_who_is_carried_away_lay_where_the_fall_was(park, weather, uniform):
    from evacuation import Rescue

    people = populate(park, [Group(name="yard", place="YD-1", count=40)], Streams(3))
    gas = {"hazard": uniform(1.5e-3), "substance": substance("chlorine"), "weather": weather, "horizon": 900.0}
    told = [Order(time=10.0, action="evacuate")]
    left = evacuate(park, people, orders=told, tolerance=Tolerance(), **gas)
    person = int(
        np.flatnonzero(np.isfinite(left.incapacitated_time) & (left.incapacitated_time > left.tracks.walk_time))[0]
    )
    when = float(left.incapacitated_time[person])
    saved = evacuate(
        park, people, orders=told, tolerance=Tolerance(), rescues=[Rescue(time=when + 5.0, person=person)], **gas
    )
    assert saved.rescued_time[person] == when + 5.0
    assert (saved.tracks.crossings.link >= 0).all()
    for time in (when - 1.0, when, when + 4.0):
        there, here = (np.array(run.positions(time))[:, person] for run in (left, saved))
        assert there == pytest.approx(here)
