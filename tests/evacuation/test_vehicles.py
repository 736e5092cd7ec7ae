"""Vehicles and buses against hand calculations and conservation."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest

from evacuation.lanes import contraflow
from evacuation.traffic import Road, Traffic, drive
from evacuation.vehicles import Fleet, shuttle
from twin.errors import ModelError

C = 1900.0 / 3600.0  # one lane, HCM 2010


def road(tag, start, end, length=1000.0, lanes=1, speed=10.0):
    return Road(tag=tag, start=start, end=end, length=length, lanes=lanes, speed=speed)


def both(a, b, **kw):
    return [road(a + b, a, b, **kw), road(b + a, b, a, **kw)]


def test_queue_clears_in_n_minus_one_headways():
    # 100 vehicles on 1 km (133 places): first after 1000 / 10 s, then one each headway.
    arrival = drive([road("r", "a", "s")], origin=["a"] * 100, departure=np.zeros(100), safe=["s"])
    assert np.sort(arrival) == pytest.approx(100.0 + np.arange(100) / C, rel=1e-9)


def test_full_road_holds_vehicles_back():
    # Second road 75 m: ten places and one lane; first road has two lanes. Ends at the pace of the narrow one:
    # first at 100 + 7.5 s, the others a headway apart each.
    roads = [road("wide", "a", "b", lanes=2), road("thin", "b", "s", length=75.0)]
    arrival = np.sort(drive(roads, origin=["a"] * 60, departure=np.zeros(60), safe=["s"]))
    assert arrival == pytest.approx(107.5 + np.arange(60) / C, rel=1e-9)


def test_storage_limits_the_flow_of_a_road_of_one_place():
    # 7.5 m at 0.5 m/s hold one vehicle for 15 s, longer than a headway: one vehicle every 15 s.
    roads = [road("r", "a", "b"), road("one", "b", "s", length=7.5, speed=0.5)]
    arrival = np.sort(drive(roads, origin=["a"] * 5, departure=np.zeros(5), safe=["s"]))
    assert arrival == pytest.approx(115.0 + 15.0 * np.arange(5), rel=1e-9)


def test_closed_road_is_driven_round():
    roads = [road("in", "a", "b"), road("short", "b", "s"), road("long", "b", "s", length=3000.0)]
    late = drive(roads, origin=["a", "a"], departure=np.array([0.0, 300.0]), safe=["s"], closures=[("short", 50, 350)])
    # the first meets the closure at 100 s and drives 300 s round; the second comes at 400 s when it is open again
    assert late == pytest.approx([400.0, 500.0], rel=1e-9)


def test_one_bus_has_the_times_of_the_hand_calculation():
    # 1 km at 10 m/s = 100 s a run, 4 + 4 + 2 people of 3 s each, 1 s to get off, 20 s to turn.
    fleet = Fleet(name="f", depot="s", count=1, capacity=4, boarding=3.0, alighting=1.0, turn_round=20.0)
    ran = shuttle(fleet, both("v", "s"), stop=["v"] * 10, ready=np.zeros(10), safe="s")
    # trip 1: reach 100, leave 112, there 212, free 236; cycle 236. trip 2 there at 448; trip 3: 472 + 100 + 6 + 100
    assert [trip.arrived for trip in ran.trips] == pytest.approx([212.0, 448.0, 678.0])
    assert [len(trip.people) for trip in ran.trips] == [4, 4, 2]
    assert ran.arrival[[0, 3, 9]] == pytest.approx([213.0, 216.0, 680.0])
    assert ran.boarding[[0, 3, 4]] == pytest.approx([100.0, 109.0, 336.0])


def test_bus_exactly_full_makes_one_trip_and_takes_people_in_order():
    fleet = Fleet(name="f", depot="s", count=2, capacity=4, boarding=1.0)
    ran = shuttle(fleet, both("v", "s"), stop=["v"] * 4, ready=np.array([3.0, 2.0, 1.0, 0.0]), safe="s")
    assert [trip.people for trip in ran.trips] == [(3, 2, 1, 0)]


def test_free_bus_goes_where_most_wait():
    fleet = Fleet(name="f", depot="s", count=1, capacity=5, boarding=0.0)
    roads = both("a", "s", length=100.0) + both("b", "s", length=500.0)
    ran = shuttle(fleet, roads, stop=["a"] * 2 + ["b"] * 5, ready=np.zeros(7), safe="s")
    assert [(trip.stop, trip.arrived) for trip in ran.trips] == [("b", 100.0), ("a", 120.0)]


def test_patience_waits_for_one_who_comes_soon():
    fleet = Fleet(name="f", depot="s", count=1, capacity=5, boarding=2.0, patience=30.0)
    ran = shuttle(fleet, both("v", "s"), stop=["v"] * 3, ready=np.array([0.0, 120.0, 200.0]), safe="s")
    # aboard at 102, the second boards 120..122, nobody until 152: leaves; back for the third at 352
    assert [trip.left for trip in ran.trips] == pytest.approx([152.0, 354.0])


@pytest.mark.parametrize("seed", range(5))
def test_everybody_rides_once_and_no_bus_is_overfull(seed):
    rng = np.random.default_rng(seed)
    roads = both("a", "s") + both("b", "s", length=700.0)
    stop, ready = list(rng.choice(["a", "b"], 150)), rng.uniform(0, 3000, 150)
    fleet = Fleet(name="f", depot="s", count=3, capacity=20, boarding=2.0, patience=10.0)
    ran, again = (shuttle(fleet, roads, stop=stop, ready=ready, safe="s") for _ in range(2))
    assert sorted(i for trip in ran.trips for i in trip.people) == list(range(150))
    assert max(len(trip.people) for trip in ran.trips) <= 20
    assert (ran.boarding >= ready).all()
    assert np.isfinite(ran.arrival).all()
    assert (ran.arrival == again.arrival).all()


def test_turned_lanes_double_the_cut():
    out = contraflow(both("a", "s", lanes=2), candidates={"sa": "as"}, sources=["a"], safe=["s"])
    assert (out.reversed, out.before, out.after) == (("sa",), pytest.approx(2 * C), pytest.approx(4 * C))


def test_a_road_is_not_turned_without_gain():
    roads = both("a", "b", lanes=2) + both("b", "s")  # only the second is narrow; one more lane there suffices
    out = contraflow(roads, candidates={"ba": "ab", "sb": "bs"}, sources=["a"], safe=["s"])
    assert out.reversed == ("sb",)


def test_all_bad_input_is_told_at_once():
    with pytest.raises(ModelError, match=r"x: lanes is 0; x: speed is -1\.0"):
        drive([road("x", "a", "s", lanes=0, speed=-1.0)], origin=["a"], departure=np.zeros(1), safe=["s"])
    fleet = Fleet(name="f", depot="s", count=1, capacity=0, boarding=1.0)
    with pytest.raises(ModelError, match=r"capacity is not positive.*no road from s to v"):
        shuttle(fleet, both("a", "s"), stop=["v"], ready=np.zeros(1), safe="s")


def test_second_bus_takes_those_whom_the_first_leaves_behind():
    # A full bus of two leaves three: the second takes two of them at once, the first comes back for the last.
    fleet = Fleet(name="f", depot="s", count=2, capacity=2, boarding=5.0)
    ran = shuttle(fleet, both("v", "s"), stop=["v"] * 5, ready=np.zeros(5), safe="s")
    assert [(trip.bus, trip.left) for trip in ran.trips] == [(0, 110.0), (1, 110.0), (0, 315.0)]
    assert sorted(i for trip in ran.trips for i in trip.people) == list(range(5))


@pytest.mark.parametrize(("people", "by_bus"), [(200, 2 * 580.4), (400, 4 * 580.4)])
def test_village_by_bus_and_on_foot(people, by_bus):
    # Shiqiao, Lantern Bay: from the village street down Lantern Road (185 m), along North Ring (890 m) and East Ring
    # Road (420 m) to the east end of Harbour Avenue (90 m): 1585 m, at 30 km/h 190.2 s. Two buses of 50 that stand
    # there need 190.2 + 50 * 3 + 190.2 + 50 * 1 = 580.4 s a round. The first on foot at 1.2 m/s comes after 1321 s and
    # 4 m of way let (N - 1) / 4.81 s more pass: 200 people are quicker by bus, 400 on foot.
    legs = [
        ("village", "lantern", 185.0),
        ("lantern", "corner", 890.0),
        ("corner", "harbour", 420.0),
        ("harbour", "out", 90.0),
    ]
    roads = [r for a, b, length in legs for r in both(a, b, length=length, speed=30.0 / 3.6)]
    fleet = Fleet(name="village buses", depot="out", count=2, capacity=50, boarding=3.0, alighting=1.0)
    ran = shuttle(fleet, roads, stop=["village"] * people, ready=np.zeros(people), safe="out")
    assert ran.arrival.max() == pytest.approx(by_bus, rel=1e-9)
    on_foot = 1585.0 / 1.2 + (people - 1) / (1.3 * 3.7)
    assert (ran.arrival.max() < on_foot) == (people == 200)


def test_vehicles_that_set_out_during_a_closure_take_the_other_way():
    roads = [road("short", "a", "s"), road("long", "a", "s", length=3000.0)]
    arrival = drive(
        roads, origin=["a"] * 3, departure=np.array([0.0, 60.0, 400.0]), safe=["s"], closures=[("short", 50.0, 350.0)]
    )
    assert arrival == pytest.approx([100.0, 360.0, 500.0], rel=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_arrivals_at_a_narrow_end_keep_the_headway(seed):
    # whatever happens upstream, n vehicles need (n - 1) / C at the only road to the safe node, and all come
    rng = np.random.default_rng(seed)
    roads = [r for a, b in ("ab", "bc", "ac", "cd") for r in both(a, b, length=rng.uniform(60.0, 900.0))]
    roads.append(road("end", "d", "s", length=50.0))
    cars = {"origin": list(rng.choice(list("abc"), 300)), "departure": rng.uniform(0.0, 200.0, 300)}
    arrival = drive(roads, safe=["s"], **cars)
    assert np.isfinite(arrival).all()
    assert np.diff(np.sort(arrival)).min() >= 1.0 / C * (1.0 - 1e-9)
    assert (drive(roads, safe=["s"], **cars) == arrival).all()


@pytest.mark.parametrize("seed", range(6))
def test_best_turning_equals_brute_force_over_all_cuts(seed):
    # Max flow = least cut (Ford and Fulkerson 1956): every split of the inner nodes and every subset of turned roads.
    rng = np.random.default_rng(seed)
    pairs = ["ab", "ac", "bc", "bd", "cd", "ds", "bs"]
    lanes = {pair: int(rng.integers(1, 4)) for pair in pairs}
    roads = [r for pair in pairs for r in both(*pair, lanes=lanes[pair])]
    turnable = ["ab", "bd", "ds", "bs"]
    best = {}
    for bits in product([0, 1], repeat=4):
        given = {r.tag: r.lanes for r in roads}
        for pair, bit in zip(turnable, bits, strict=True):
            if bit:
                given[pair] += given[pair[::-1]]
                given[pair[::-1]] = 0
        cuts = [
            sum(n for tag, n in given.items() if tag[0] in {"a", *side} and tag[1] not in {"a", *side})
            for size in range(4)
            for side in combinations("bcd", size)
        ]
        best[bits] = min(cuts)
    out = contraflow(roads, candidates={p[::-1]: p for p in turnable}, sources=["a"], safe=["s"])
    assert out.before == pytest.approx(best[0, 0, 0, 0] * C)
    assert out.after == pytest.approx(max(best.values()) * C)
    assert len(out.reversed) == min(sum(bits) for bits, flow in best.items() if flow == max(best.values()))


def test_bus_waits_behind_the_cars():
    # 100 cars at 0 s on v-s leave at 100 + k / C, the last at 100 + 99 / C. The bus reaches v at 50 s, boards one for
    # 10 s, enters at 60 s behind those cars that entered by then: the road has 133 places and all 100 are in, so it
    # leaves a headway after the last: 100 + 100 / C.
    roads = [road("vs", "v", "s"), road("dv", "d", "v", length=500.0), road("sv", "s", "v")]
    cars = Traffic(roads, origin=["v"] * 100, departure=np.zeros(100), safe=["s"], horizon=4000.0)
    cars.advance(4000.0)
    fleet = Fleet(name="f", depot="d", count=1, capacity=4, boarding=10.0)
    ran = shuttle(fleet, roads, stop=["v"], ready=np.zeros(1), safe="s", traffic=cars)
    assert ran.arrival == pytest.approx([100.0 + 100.0 / C], rel=1e-9)


def test_bus_takes_the_safe_place_it_reaches_first_and_goes_round_a_closed_road():
    # v-s 1 km (100 s), v-t 1.5 km (150 s); v-s is closed from 105 s to 400 s, when waiting would bring 500 s.
    roads = [*both("v", "s"), *both("v", "t", length=1500.0)]
    fleet = Fleet(name="f", depot="s", count=1, capacity=1, boarding=10.0)
    ran = shuttle(fleet, roads, stop=["v"] * 2, ready=np.zeros(2), safe=["s", "t"], closures=[("vs", 105.0, 400.0)])
    # reach 100, leave 110, t at 260, back at v 410, leave 420 when v-s is open, s at 520
    assert [(trip.safe, trip.arrived) for trip in ran.trips] == [("t", 260.0), ("s", 520.0)]
    assert [leg.road for leg in ran.trips[0].legs] == ["vt"]


def test_everybody_is_somewhere_at_every_time():
    rng = np.random.default_rng(4)
    roads, ready = both("v", "s"), rng.uniform(0.0, 2000.0, 80)
    fleet = Fleet(name="f", depot="s", count=2, capacity=15, boarding=2.0, alighting=1.0)
    ran = shuttle(fleet, roads, stop=["v"] * 80, ready=ready, safe="s", horizon=2500.0)
    for time in np.linspace(0.0, 2500.0, 60):
        counts = ran.counts(time)
        assert sum(counts.values()) == 80
        # riders by the record of the trips: aboard from their own boarding until they got off
        aboard = sum(
            ran.boarding[i] <= time < trip.arrived + fleet.alighting * (k + 1)
            for trip in ran.trips
            for k, i in enumerate(trip.people)
        )
        assert aboard <= counts["riding"] <= 2 * 15  # those whose bus stands are not yet in a trip; two buses


@pytest.mark.parametrize("seed", range(3))
def test_slices_give_the_same_bits(seed):
    rng = np.random.default_rng(seed)
    roads = [r for a, b in ("ab", "bc", "ac", "cs") for r in both(a, b, length=rng.uniform(60.0, 900.0))]
    cars = {"origin": list(rng.choice(list("abc"), 200)), "departure": rng.uniform(0.0, 300.0, 200), "safe": ["s"]}
    shut = [("ac", 20.0, 500.0), ("bc", 100.0, 150.0)]
    whole, sliced = (Traffic(roads, closures=shut, horizon=5000.0, **cars) for _ in range(2))
    whole.advance(5000.0)
    for until in np.append(np.sort(rng.uniform(0.0, 5000.0, 40)), 5000.0):
        sliced.advance(until)
    assert whole.arrival.tobytes() == sliced.arrival.tobytes()
    assert whole.crossings().times.tobytes() == sliced.crossings().times.tobytes()


def test_gate_meters_a_road():
    # two lanes give 2 C, the gate lets one vehicle out every 5 s: 10 vehicles come at 100 + 5 k
    gated = Road(tag="r", start="a", end="s", length=1000.0, lanes=2, speed=10.0, capacity=0.2)
    arrival = drive([gated], origin=["a"] * 10, departure=np.zeros(10), safe=["s"])
    assert np.sort(arrival) == pytest.approx(100.0 + 5.0 * np.arange(10), rel=1e-9)


def test_turned_lane_shortens_the_clearance():
    # 100 vehicles over 100 s of one lane: (n - 1) / C + 100 = 287.6 s; two lanes: (n - 1) / 2 C + 100 = 193.8 s.
    # Steps of 5 s pass floor((k + 1) 5 C) - floor(k 5 C) vehicles, so the answer is at most two steps off.
    out = contraflow(both("a", "s"), candidates={"sa": "as"}, sources={"a": 100}, safe=["s"], time_step=5.0)
    assert out.reversed == ("sa",)
    assert out.clearance_before == pytest.approx(100.0 + 99 / C, abs=10.0)
    assert out.clearance_after == pytest.approx(100.0 + 99 / (2.0 * C), abs=10.0)


def test_long_way_of_more_lanes_is_not_worth_turning_for_few():
    # 10 vehicles by the short way of one lane: 50 + 9 / C = 67 s, long before the first has driven the long
    # one (500 s); the flow alone would turn it.
    roads = [*both("a", "s", length=500.0), *both("a", "t", length=5000.0)]
    turn = {"ta": "at"}
    assert contraflow(roads, candidates=turn, sources={"a": 10}, safe=["s", "t"]).reversed == ()
    assert contraflow(roads, candidates=turn, sources=["a"], safe=["s", "t"]).reversed == ("ta",)


def test_many_candidates_are_turned_one_by_one():
    # 14 roads side by side from a to s: each turned lane gains, so greedy turns all
    roads, turn = [], {}
    for k in range(14):
        roads += [road(f"out{k}", "a", "s"), road(f"in{k}", "s", "a")]
        turn[f"in{k}"] = f"out{k}"
    out = contraflow(roads, candidates=turn, sources=["a"], safe=["s"])
    assert not out.exact
    assert (len(out.reversed), out.after) == (14, pytest.approx(28 * C))


def test_gate_limits_what_turned_lanes_gain():
    gated = Road(tag="as", start="a", end="s", length=1000.0, lanes=1, speed=10.0, capacity=1.5 * C)
    out = contraflow([gated, road("sa", "s", "a")], candidates={"sa": "as"}, sources=["a"], safe=["s"])
    assert (out.before, out.after) == (pytest.approx(C), pytest.approx(1.5 * C))
