"""Roads of a park and people who leave by car, against hand calculations and closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from evacuation import (
    Distribution,
    Exposure,
    Fleet,
    Group,
    Motorists,
    Order,
    RoadMap,
    Tolerance,
    WalkGraph,
    drive_out,
    evacuate,
    populate,
    ride_on,
    shuttle,
)
from plant_models import park_path, substance
from twin import Streams, load_layout
from twin.errors import ModelError

C = 1900.0 / 3600.0  # one lane, HCM 2010


@pytest.fixture
def town(draw, feature, box):
    """A road 8 m wide and 1200 m long with a gate of 4 m at 900 m, a side road of 4 m, a lot and a hall."""
    return draw(
        feature("RD-1", "road", [(0, 0), (1200, 0)], width="8 m"),
        feature("RD-2", "road", [(600, 0), (600, 400)], width="4 m"),
        feature("GT-1", "gate", (900, 0), width="4 m"),
        feature("LOT", "area", box(300, 20, 20)),
        feature("HALL", "area", box(615, 400, 20)),
        feature("MP-1", "muster_point", (1210, 0)),
        feature("WEST", "muster_point", (-10, 0)),
        feature("FAR", "area", box(5000, 5000, 20)),
    )


def test_lanes_lengths_and_limits_follow_the_layout(town):
    roads = RoadMap.of(town, places=["LOT", "HALL"], points={"OUT": (1200.0, 3.0)}, speeds={"RD-2": 4.0})
    # RD-1 is cut at 300 (lot), 600 (side road), 900 (gate); both directions of four pieces, and one piece of RD-2
    east = sorted(
        (roads.nodes[r.start][0], r.length) for r in roads.roads if r.tag.startswith("RD-1") and r.tag[-1] == "+"
    )
    assert east == [(0.0, 300.0), (300.0, 300.0), (600.0, 300.0), (900.0, 300.0)]
    assert {(r.lanes, r.speed) for r in roads.roads if r.tag.startswith("RD-1")} == {(1, 30.0 / 3.6)}
    side = [r for r in roads.roads if r.tag.startswith("RD-2")]
    assert [(r.length, r.lanes, r.speed) for r in side] == [(400.0, 1, 4.0)] * 2
    assert roads.nodes[roads.node("LOT")] == (300.0, 0.0)
    assert roads.nodes[roads.node("OUT")] == (1200.0, 0.0)
    assert len(roads.warnings) == 1  # RD-2 has a single lane
    assert "RD-2" in roads.warnings[0]


def test_gate_narrower_than_the_road_meters_it(draw, feature):
    # two lanes each way (14 m) at 30 km/h, a gate of one lane at 500 m: n cars need (n - 1) / C there
    park = draw(
        feature("RD-1", "road", [(0, 0), (1000, 0)], width="14 m"), feature("GT-1", "gate", (500, 0), width="4 m")
    )
    roads = RoadMap.of(park, points={"IN": (0.0, 0.0), "OUT": (1000.0, 0.0)})
    out = drive_out(roads, [Motorists(place="IN", ready=np.zeros(30), occupancy=1)], safe=["OUT"], rates={"IN": 10.0})
    assert out.arrival.max() == pytest.approx(1000.0 * 3.6 / 30.0 + 29 / C, rel=1e-9)


def test_people_fill_cars_in_order_of_coming(town):
    # Four to a car: 0, 1, 2, 3 ready by 30 s, then 4 and 5 by 90 s. From the lot at 300 m to 1200 m at 30 km/h: 108 s.
    ready = np.array([30.0, 10.0, 0.0, 20.0, 90.0, 60.0, np.inf])
    out = drive_out(town, [Motorists(place="LOT", ready=ready, occupancy=4)], safe=["MP-1"])
    assert out.car.tolist() == [0, 0, 0, 0, 1, 1, -1]
    assert out.departure == pytest.approx([30.0, 90.0])
    assert out.arrival_time == pytest.approx([138.0] * 4 + [198.0] * 2 + [np.inf])


def test_parking_place_lets_cars_out_one_by_one_all_groups_together(town):
    # 5 and 5 people alone in cars, one car each 20 s: the last leaves at 180 s and comes at 288 s
    groups = [Motorists(place="LOT", ready=np.zeros(5), occupancy=1)] * 2
    out = drive_out(town, groups, safe=["MP-1"], rates={"LOT": 0.05})
    assert out.departure == pytest.approx(20.0 * np.arange(10))
    assert out.arrival_time.max() == pytest.approx(288.0, rel=1e-9)
    for time in np.linspace(0.0, 300.0, 31):
        assert sum(out.counts(time).values()) == 10
    assert out.counts(100.0) == {"away": 0, "waiting": 4, "riding": 6, "safe": 0}


def test_closed_road_of_the_layout_closes_its_pieces(town):
    # To the east end the road is closed from 50 s to 500 s beyond the lot; the west end is 36 s away.
    group = [Motorists(place="LOT", ready=np.array([0.0, 100.0]), occupancy=1)]
    free = drive_out(town, group, safe=["MP-1"])
    shut = drive_out(town, group, safe=["MP-1"], closures=[("RD-1", 50.0, 500.0)])
    assert free.arrival_time == pytest.approx([108.0, 208.0])
    # the first is on the piece 300..600 (36 s) and at 600 at 36 s, on 600..900 until 72 s, there it waits until 500
    assert shut.arrival_time == pytest.approx([536.0, 608.0])


def test_loads_of_drivers_in_steady_air_are_the_closed_form(town, uniform, weather):
    # c = 1e-3 kg/m³ everywhere: load = rate * (time from coming to the car until safe), whoever waits where
    gas = uniform(1e-3)
    air = Exposure(WalkGraph.of(town), gas, substance=substance("chlorine"), weather=weather, horizon=2000.0)
    group = [Motorists(place="LOT", ready=np.linspace(0.0, 50.0, 40), occupancy=3)]
    out = drive_out(town, group, safe=["MP-1"], rates={"LOT": 0.1})
    assert out.loads(air) == pytest.approx(air.load_of(1e-3, out.arrival_time - out.ready), rel=1e-9)


def test_loads_of_bus_passengers_in_steady_air_are_the_closed_form(town, uniform, weather):
    roads = RoadMap.of(town, places=["HALL", "MP-1"])
    fleet = Fleet(name="f", depot=roads.node("MP-1"), count=2, capacity=6, boarding=3.0, alighting=1.0, patience=20.0)
    stop, ready = [roads.node("HALL")] * 25, np.linspace(0.0, 400.0, 25)
    ran = shuttle(fleet, roads.roads, stop=stop, ready=ready, safe=roads.node("MP-1"))
    air = Exposure(WalkGraph.of(town), uniform(1e-3), substance=substance("chlorine"), weather=weather, horizon=9000.0)
    assert np.isfinite(ran.arrival).all()
    assert roads.bus_loads(air, stop, ran) == pytest.approx(air.load_of(1e-3, ran.arrival - ready), rel=1e-9)


def test_gas_on_one_end_is_breathed_only_there(town, weather):
    class East:
        def concentration(self, x, y, z, t):
            x, y, z, t = np.broadcast_arrays(x, y, z, t)
            return np.where(x > 900.0, 1e-3, 0.0)

    air = Exposure(WalkGraph.of(town), East(), substance=substance("chlorine"), weather=weather, horizon=2000.0)
    out = drive_out(town, [Motorists(place="LOT", ready=np.zeros(1), occupancy=1)], safe=["MP-1"])
    # the last 300 m at 30 km/h: 36 s
    assert out.loads(air) == pytest.approx(air.load_of(1e-3, [36.0]), rel=1e-9)


def test_lantern_bay_drives_out():
    # North-west and south-east crews: everybody comes out at the ends of Harbour Avenue outside the gates.
    park = load_layout(park_path("lantern-bay"))
    ends = {"WEST END": (-60.0, 450.0), "EAST END": (1460.0, 450.0)}
    roads = RoadMap.of(park, places=["VL-WEST", "VL-EAST", "BD-ROLL"], points=ends)
    groups = [Motorists(place=p, ready=np.zeros(90), occupancy=3) for p in ("VL-WEST", "VL-EAST", "BD-ROLL")]
    out = drive_out(roads, groups, safe=list(ends))
    assert np.isfinite(out.arrival_time).all()
    # no end lets out more than its lanes do
    at = [roads.places[e] for e in ends]
    lanes = sum(r.flow for r in roads.roads if r.end in at)
    assert out.arrival.max() - out.arrival.min() >= (90 - len(at)) / lanes - 1e-6


def test_all_bad_input_is_told_at_once(town):
    with pytest.raises(ModelError, match=r"(?s)no place 'HUT'.*no road 'RD-9'.*speed limit of 'RD-1' is 0\.0"):
        RoadMap.of(town, places=["HUT"], speeds={"RD-9": 3.0, "RD-1": 0.0})
    with pytest.raises(ModelError, match="no road within 500 m of 'FAR'"):
        RoadMap.of(town, places=["FAR"])
    roads = RoadMap.of(town, places=["LOT", "MP-1"])
    bad = [
        Motorists(place="LOT", ready=np.array([-1.0]), occupancy=0),
        Motorists(place="X", ready=np.zeros(1), occupancy=1),
    ]
    with pytest.raises(ModelError, match=r"no place 'X'.*LOT: 0 people.*LOT: ready.*LOT: -1\.0 cars"):
        drive_out(roads, bad, safe=["MP-1"], rates={"LOT": -1.0})


def walk_and_ride(town, gas, weather, *, tolerance=None, horizon=3000.0, people=30):
    roads = RoadMap.of(town, places=["WEST", "MP-1"])
    ways = WalkGraph.of(town)
    air = Exposure(ways, gas, substance=substance("chlorine"), weather=weather, horizon=horizon, standing_grid=1.0)
    group = Group(
        name="crew", place="LOT", count=people, indoors=0.0,
        premovement=Distribution.uniform(0.0, 300.0), speed=Distribution.fixed(1.2),
    )  # fmt: skip
    crowd = populate(town, [group], Streams(3), graph=ways)
    order = Order(time=0.0, action="evacuate", muster="WEST")
    result = evacuate(town, crowd, orders=[order], exposure=air, horizon=horizon, tolerance=tolerance)
    fleet = Fleet(name="f", depot="MP-1", count=1, capacity=10, boarding=3.0, alighting=1.0, patience=30.0)
    ride = ride_on(result, roads, fleet, pick_up=["WEST"], safe=["MP-1"], exposure=air, tolerance=tolerance)
    return air, result, ride


def test_walkers_ride_on_and_breathe_all_the_time_in_even_gas(town, uniform, weather):
    air, result, ride = walk_and_ride(town, uniform(1e-4), weather)
    assert np.isfinite(ride.arrival_time).all()
    assert (ride.shuttle.boarding >= result.arrival_time).all()
    # the same gas everywhere: whoever does what has the load of the horizon
    assert ride.load == pytest.approx(np.full(30, float(air.load_of(1e-4, 3000.0))), rel=1e-9)
    for time in np.linspace(0.0, 3000.0, 61):
        counts = ride.counts(time)
        assert sum(counts.values()) == 30
        assert counts["away"] == (result.arrival_time > time).sum()


def test_riders_are_spared_what_comes_to_the_muster_point_later(town, weather):
    class Late:
        def concentration(self, x, y, z, t):
            x, y, z, t = np.broadcast_arrays(x, y, z, t)
            return np.where((x < 0.0) & (t >= 2500.0), 1e-4, 0.0)

    air, result, ride = walk_and_ride(town, Late(), weather)
    gone = ride.arrival_time < 2500.0
    assert gone.any()
    assert result.load == pytest.approx(np.full(30, float(air.load_of(1e-4, 500.0))), rel=1e-9)
    assert ride.load[gone] == pytest.approx(np.zeros(gone.sum()), abs=1e-9 * result.load[0])


def test_who_falls_at_the_pick_up_point_does_not_board(town, uniform, weather):
    # 1.5 g/m³ chlorine: some of the people fall before there is a seat for them
    _, result, ride = walk_and_ride(town, uniform(1.5e-3), weather, tolerance=Tolerance())
    boarded = np.isfinite(ride.shuttle.boarding)
    came = np.isfinite(result.arrival_time)
    assert 0 < boarded.sum() < came.sum()
    assert (result.incapacitated_time > ride.shuttle.boarding)[boarded].all()
    left = came & ~boarded
    assert np.isfinite(result.incapacitated_time[left]).all()
    # in even gas it does not matter for the moment where one is: aboard as at the muster point
    for name in ("impaired_time", "incapacitated_time", "death_time"):
        assert getattr(ride, name) == pytest.approx(getattr(result, name), rel=1e-9)
    assert sum(ride.counts(3000.0).values()) == 30
