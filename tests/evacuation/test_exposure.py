"""Toxic load against closed forms, and against finer sampling."""

from __future__ import annotations

import math

import numpy as np
import pytest

from evacuation import Distribution, Exposure, Group, Order, Tolerance, WalkGraph, evacuate, populate
from evacuation.exposure import Stay
from evacuation.walking import Crossings
from plant_models import substance
from twin import ModelError, Streams, WeatherSeries

CHLORINE = substance("chlorine")


class Puff:
    """A Gaussian cloud that drifts east along the road at 2 m/s and grows: steep in place and time."""

    def concentration(self, x, y, z, t):
        x, y, z, t = np.broadcast_arrays(x, y, z, t)
        sigma = 8.0 + 0.05 * t
        away = ((x - 2.0 * (t - 60.0)) ** 2 + (y - 5.0) ** 2) / sigma**2
        return 2e-3 * (8.0 / sigma) ** 3 * np.exp(-0.5 * away)


def stay(n=1, *, home=False, stop=1800.0, first=None, when=(0.0,), mode=(0,), rate=0.0):
    full = np.full(n, 0.0)
    room = np.full(n, 0.0 if home else np.nan)
    return Stay(
        x=full,
        y=full.copy(),
        room_x=room,
        room_y=room.copy(),
        exchange=np.full(n, rate),
        sealed=np.full(n, rate),
        stop=np.full(n, float(stop)),
        first=np.array(first or [0, len(when)], np.int64),
        when=np.array(when, float),
        mode=np.array(mode, np.int64),
    )


def nowhere(n=1):
    return Crossings(first=np.zeros(n + 1, np.int64), link=np.empty(0, np.int64), times=np.empty((0, 3)))


def still(exposure, who):
    n = who.x.size
    return exposure.load(who, nowhere(n), arrival=np.full(n, np.inf), muster=np.full(n, -1, np.int64))


@pytest.fixture
def graph(park):
    return WalkGraph.of(park)


@pytest.mark.parametrize("name", ["chlorine", "ammonia"])
def test_a_still_person_gathers_c_to_the_n_times_t(graph, weather, uniform, name):
    gas = substance(name)
    exposure = Exposure(graph, uniform(2e-4), substance=gas, weather=weather, horizon=1800.0)
    probit = gas.harm.probit()
    # c in the unit of the probit by the ideal gas law, time in minutes
    c = 2e-4 * 1e6
    if probit.unit == "ppm":
        c = 2e-4 * 8.31446261815324 * weather.temperature / (weather.pressure * gas.molar_mass) * 1e6
    assert still(exposure, stay())[0] == pytest.approx(c**probit.n * 30.0, rel=1e-6)
    assert exposure.load_of(2e-4, 1800.0) == pytest.approx(c**probit.n * 30.0, rel=1e-12)


def test_a_still_person_in_a_moving_cloud(graph, weather):
    # independent integral: Simpson's rule in steps of 0.1 s at the very place
    exposure = Exposure(graph, Puff(), substance=CHLORINE, weather=weather, horizon=600.0, time_bin=2.0)
    who = stay(stop=600.0)
    who.x[:] = 130.0
    t = np.linspace(0.0, 600.0, 6001)
    rate = CHLORINE.harm.probit().load_rate(Puff().concentration(130.0, 0.0, 1.5, t), 293.15, 101325.0)
    weights = np.ones(t.size)
    weights[1:-1:2], weights[2:-1:2] = 4.0, 2.0
    expected = (rate * weights).sum() * 0.1 / 3.0
    # the midpoint rule in bins of 2 s on a cloud that passes in about 8 s (one sigma)
    assert still(exposure, who)[0] == pytest.approx(expected, rel=5e-3)


@pytest.mark.parametrize(("exponent", "row"), [(2.0, "SIP-2-STAY"), (2.0, "SIP-2-LEAVE"), (1.0, "SIP-1-STAY")])
def test_shelter_closed_forms(table, exponent, row):
    """The kernel alone, so that the load exponent can be set: outside 1 for 30 min, 0.5 air changes an hour."""
    from evacuation._kernels import loads as k

    width, passed = 60.0, 1800.0
    end = passed if row.endswith("LEAVE") else 60 * 3600.0
    bins = int(60 * 3600.0 / width)
    air = np.zeros((1, bins))
    air[0, : int(passed / width)] = 1.0
    total = np.concatenate([[0.0], np.cumsum(air[0] * width)])[None, :]
    out = np.zeros(1)
    one = np.zeros(1, np.int64)
    rate = np.array([0.5 / 3600.0])
    k.standing(
        air, total, np.ones(bins), exponent, width, width, one, one, np.array([end]), np.array([9.9]), rate,
        np.array([0, 1]), np.zeros(1), np.array([2]), np.full(1, np.inf), np.full(1, np.inf), out,
    )  # fmt: skip
    # 60 h is 30 time constants: the tail left out is below 1e-12; the table is rounded to two decimals
    assert passed / out[0] == pytest.approx(float(table[row]["low"]), abs=0.005)
    lam, e = 0.5 / 3600.0, math.exp(-0.5 / 3600.0 * passed)
    rise = passed - 2.0 * (1.0 - e) / lam + (1.0 - e * e) / (2.0 * lam)
    if row == "SIP-2-LEAVE":
        assert out[0] == pytest.approx(rise, rel=1e-9)
    if row == "SIP-2-STAY":
        assert out[0] == pytest.approx(rise + (1.0 - e) ** 2 / (2.0 * lam), rel=1e-9)


def test_shelter_through_the_front_door(park, weather, uniform):
    # the same through evacuate: sheltered at once, released when the cloud has passed, n = 2 (chlorine, Lees)
    people = populate(
        park,
        [Group(name="ops", place="CR-1", count=2, indoors=True, premovement=Distribution.fixed(0.0))],
        Streams(1),
    )
    gas = {"hazard": uniform(1e-4, stop=1800.0), "substance": CHLORINE, "weather": weather, "horizon": 7200.0}
    hide = Order(time=0.0, action="shelter")
    left = evacuate(park, people, orders=[hide, Order(time=1800.0, action="all_clear")], **gas)
    stayed = evacuate(park, people, orders=[hide], **gas)
    idle = evacuate(park, people, **gas)
    outside = CHLORINE.harm.probit().load_rate(1e-4, 293.15, 101325.0) * 1800.0
    lam, e = 0.1 / 3600.0, math.exp(-0.1 / 3600.0 * 1800.0)
    rise = 1800.0 - 2.0 * (1.0 - e) / lam + (1.0 - e * e) / (2.0 * lam)
    tail = (1.0 - e) ** 2 * (1.0 - math.exp(-2.0 * lam * 5400.0)) / (2.0 * lam)
    assert left.load == pytest.approx(np.full(2, outside / 1800.0 * rise), rel=1e-9)
    assert stayed.load == pytest.approx(np.full(2, outside / 1800.0 * (rise + tail)), rel=1e-9)
    assert (idle.load > stayed.load).all()  # 0.5 instead of 0.1 air changes an hour


def test_walking_in_a_uniform_cloud_is_standing_in_it(park, weather, uniform):
    people = populate(park, [Group(name="yard", place="YD-1", count=60)], Streams(1))
    result = evacuate(
        park, people, orders=[Order(time=30.0, action="evacuate")], hazard=uniform(1e-4), substance=CHLORINE,
        weather=weather, horizon=1234.0,
    )  # fmt: skip
    rate = float(CHLORINE.harm.probit().load_rate(1e-4, 293.15, 101325.0))
    assert result.load == pytest.approx(np.full(60, rate * 1234.0), rel=1e-9)  # on the way, queueing and mustered
    partly = evacuate(
        park, people, orders=[Order(time=30.0, action="evacuate")], hazard=uniform(1e-4), substance=CHLORINE,
        weather=weather, horizon=100.0,
    )  # fmt: skip
    assert partly.load == pytest.approx(np.full(60, rate * 100.0), rel=1e-9)  # nobody has arrived yet


def test_load_on_the_way_equals_fine_steps_along_the_positions(park, weather):
    people = populate(park, [Group(name="yard", place="YD-1", count=12)], Streams(3))
    graph = WalkGraph.of(park)
    fine = Exposure(graph, Puff(), substance=CHLORINE, weather=weather, horizon=500.0, time_bin=0.5, segment=1.0)
    result = evacuate(park, people, orders=[Order(time=0.0, action="evacuate")], exposure=fine, horizon=500.0)
    probit, load = CHLORINE.harm.probit(), np.zeros(12)
    step = 0.25
    for t in np.arange(0.0, 500.0, step) + step / 2:
        x, y = result.positions(float(t))
        setting_out = (t >= result.start_time) & (t < result.tracks.walk_time)  # counted where they stood
        x, y = np.where(setting_out, people.x, x), np.where(setting_out, people.y, y)
        load += probit.load_rate(Puff().concentration(x, y, 1.5, t), 293.15, 101325.0) * step
    # 1 m and 0.5 s against a cloud of 8 m that drifts at 2 m/s
    assert result.load == pytest.approx(load, rel=0.01)


class Drifting:
    """A Gaussian cloud of one width [m] that drifts along the road [m/s], or a steady plume across it."""

    def __init__(self, sigma, drift):
        self.sigma, self.drift = sigma, drift

    def concentration(self, x, y, z, t):
        x, y, z, t = np.broadcast_arrays(x, y, z, t)
        if self.drift == 0.0:
            return 2e-3 * np.exp(-0.5 * ((x - 60.0) / self.sigma) ** 2)
        away = (x - self.drift * (t - 60.0)) ** 2 + (y - 5.0) ** 2
        return 2e-3 * np.exp(-0.5 * away / self.sigma**2)


@pytest.mark.parametrize("falls", [False, True])
@pytest.mark.parametrize(
    ("sigma", "drift"), [(40.0, 2.0), (40.0, 5.0), (20.0, 2.0), (20.0, 5.0), (8.0, 2.0), (8.0, 0.0)]
)
def test_halving_bins_and_segments_changes_the_load_of_nobody(park, weather, sigma, drift, falls):
    groups = [Group(name="yard", place="YD-1", count=200), Group(name="ops", place="CR-1", count=20, indoors=True)]
    people = populate(park, groups, Streams(3))
    graph, runs = WalkGraph.of(park), []
    more = {"tolerance": Tolerance()} if falls else {}
    for width, segment in ((10.0, 10.0), (5.0, 5.0)):
        air = Exposure(
            graph, Drifting(sigma, drift), substance=CHLORINE, weather=weather, horizon=600.0, time_bin=width,
            segment=segment,
        )  # fmt: skip
        told = [Order(time=10.0, action="evacuate")]
        runs.append(evacuate(park, people, orders=told, exposure=air, horizon=600.0, **more))
    a, b = (run.load for run in runs)
    counts = b > 1e-3 * b.max()
    assert counts.sum() > 100
    assert a[counts] == pytest.approx(b[counts], rel=0.01)
    if falls and sigma == 40.0 and drift == 2.0:
        assert (runs[0].condition != runs[1].condition).sum() == 0
        assert np.isfinite(runs[0].incapacitated_time).sum() > 10


@pytest.mark.parametrize("begin", [60.0, 63.0, 65.0, 68.0])
def test_a_burst_that_passes_in_seconds_is_caught(graph, weather, begin):
    class Burst:
        """A cloud that passes everywhere at once in s = 2 s (one sigma): the integral of c**2 is c0**2 s sqrt(pi)."""

        def concentration(self, x, y, z, t):
            t = np.broadcast_arrays(x, y, z, t)[3]
            return 5e-3 * np.exp(-0.5 * ((t - begin) / 2.0) ** 2)

    exposure = Exposure(graph, Burst(), substance=CHLORINE, weather=weather, horizon=600.0)
    unit = float(CHLORINE.harm.probit().load_rate(1.0, weather.temperature, weather.pressure))
    assert CHLORINE.harm.probit().n == 2.0
    # instants 1 s apart, 1.41 of them to a sigma of c**2: the sum is off by 2 exp(-4 pi**2) < 1e-16; 1e-6 is rounding
    assert still(exposure, stay())[0] == pytest.approx(unit * 5e-3**2 * 2.0 * math.sqrt(math.pi), rel=1e-6)


def test_an_exposure_is_sampled_once(park, weather, uniform):
    gas = uniform(1e-4)
    people = populate(park, [Group(name="yard", place="YD-1", count=20)], Streams(3))
    exposure = Exposure(WalkGraph.of(park), gas, substance=CHLORINE, weather=weather, horizon=600.0)
    orders = [Order(time=10.0, action="evacuate")]
    first = evacuate(park, people, orders=orders, exposure=exposure, horizon=600.0)
    asked = gas.calls
    again = evacuate(park, people, orders=orders, exposure=exposure, horizon=600.0)
    assert gas.calls == asked
    assert first.load.tobytes() == again.load.tobytes()
    direct = evacuate(park, people, orders=orders, hazard=gas, substance=CHLORINE, weather=weather, horizon=600.0)
    assert direct.load.tobytes() == first.load.tobytes()
    assert "samples" in repr(exposure)


def test_the_table_does_not_depend_on_who_asked_first(park, weather):
    people = populate(park, [Group(name="yard", place="YD-1", count=20)], Streams(3))
    graph = WalkGraph.of(park)
    early, late = ([Order(time=t, action="evacuate")] for t in (10.0, 200.0))
    shared = Exposure(graph, Puff(), substance=CHLORINE, weather=weather, horizon=600.0)
    loads = {}
    for orders in (early, late, ()):
        loads[len(loads)] = evacuate(park, people, orders=orders, exposure=shared, horizon=600.0).load
    for number, orders in enumerate((early, late, ())):
        own = Exposure(graph, Puff(), substance=CHLORINE, weather=weather, horizon=600.0)
        alone = evacuate(park, people, orders=orders, exposure=own, horizon=600.0).load
        assert alone == pytest.approx(loads[number], rel=1e-9)  # sums over blocks begin elsewhere


def test_warm_air_counts_more_ppm(park, weather, uniform, graph):
    from dataclasses import replace

    series = WeatherSeries((0.0, 600.0), (weather, replace(weather, temperature=weather.temperature * 1.1)))
    exposure = Exposure(graph, uniform(1e-4), substance=CHLORINE, weather=series, horizon=1200.0)
    rate = float(CHLORINE.harm.probit().load_rate(1e-4, weather.temperature, weather.pressure))
    assert CHLORINE.harm.probit().unit == "ppm"
    assert still(exposure, stay(stop=1200.0))[0] == pytest.approx(rate * 600.0 * (1.0 + 1.1**2), rel=1e-9)  # n = 2


def test_senseless_settings_are_refused(graph, weather, uniform):
    with pytest.raises(ModelError, match="time_bin"):
        Exposure(graph, uniform(1.0), substance=CHLORINE, weather=weather, horizon=10.0, time_bin=0.0)
    with pytest.raises(ModelError, match="probit"):
        Exposure(graph, uniform(1.0), substance=CHLORINE, weather=weather, horizon=10.0, probit="nobody")


class Slope:
    """More gas in the east, the same at all times."""

    def concentration(self, x, y, z, t):
        x, y, z, t = np.broadcast_arrays(x, y, z, t)
        return 1e-7 * (x + 500.0)


def test_rooms_draw_air_at_the_building_or_at_home(draw, feature, box, weather):
    park = draw(
        feature("RD-1", "road", [(0, 0), (400, 0)]),
        feature("MP-1", "muster_point", (410, 0)),
        feature("B-1", "building", box(50, 40, 30)),
        feature("V-1", "village", box(200, 150, 200)),
    )
    groups = [Group(name="works", place="B-1", count=6, indoors=True)]
    groups += [Group(name="home", place="V-1", count=6, indoors=True), Group(name="field", place="V-1", count=6)]
    people = populate(park, groups, Streams(4))
    result = evacuate(park, people, hazard=Slope(), substance=CHLORINE, weather=weather, horizon=3600.0)
    works, home, field = (result.load[people.group == k] for k in range(3))
    assert np.ptp(works) == 0.0  # one building, one air
    assert np.array_equal(
        np.argsort(home), np.argsort(people.x[people.group == 1])
    )  # each house breathes where it stands
    rate = CHLORINE.harm.probit().load_rate(1e-7 * (people.x[people.group == 2] + 500.0), 293.15, 101325.0)
    assert field == pytest.approx(rate * 3600.0, rel=1e-9)
    assert home.max() < field.min()


def test_standing_places_may_be_rounded(park, weather):
    people = populate(park, [Group(name="yard", place="YD-1", count=300)], Streams(4))
    graph = WalkGraph.of(park)
    exact, coarse = (
        Exposure(graph, Slope(), substance=CHLORINE, weather=weather, horizon=600.0, standing_grid=grid)
        for grid in (0.0, 5.0)
    )
    a, b = (evacuate(park, people, exposure=e, horizon=600.0).load for e in (exact, coarse))
    assert coarse.samples < exact.samples / 3
    # 2.5 m of 580 m, squared
    assert b == pytest.approx(a, rel=2 * 2.5 / 580.0 * 1.01)


class Answers:
    """A hazard that answers what it was told to."""

    def __init__(self, answer):
        self.answer = answer

    def concentration(self, x, y, z, t):
        return self.answer(np.broadcast(x, y, z, t).shape)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda shape: np.full(shape, np.nan), r"the concentration at \(.*\) m at .* s is nan"),
        (lambda shape: np.full(shape, np.inf), "is inf"),
        (lambda shape: np.zeros((3, *shape)), r"the hazard answers \(3, "),
        (lambda shape: None, "is nan"),  # None becomes nan: no number either
        (lambda shape: "much", "of str"),
    ],
)
def test_what_a_hazard_answers_is_looked_at(graph, weather, answer, said) -> None:
    exposure = Exposure(graph, Answers(answer), substance=CHLORINE, weather=weather, horizon=600.0)
    with pytest.raises(ModelError, match=said):
        still(exposure, stay(stop=600.0))


def test_a_hazard_may_answer_one_number(graph, weather) -> None:
    everywhere = Exposure(graph, Answers(lambda shape: 1e-3), substance=CHLORINE, weather=weather, horizon=600.0)
    # a steady concentration: the load is its rate times the time
    assert still(everywhere, stay(stop=600.0))[0] == pytest.approx(everywhere.load_of(1e-3, 600.0), rel=1e-9)


@pytest.mark.parametrize("begin", [101.0, 297.75, 298.5, 299.3, 300.4])
def test_gas_for_two_seconds_is_not_missed(graph, weather, begin):
    class Pulse:
        """Gas everywhere, at once there and at once gone."""

        def concentration(self, x, y, z, t):
            t = np.broadcast_arrays(x, y, z, t)[3]
            return np.where((t >= begin) & (t < begin + 2.0), 1e-4, 0.0)

    air = Exposure(graph, Pulse(), substance=CHLORINE, weather=weather, horizon=600.0)
    # asked for every second, on both sides of the edge of a block of 300 s
    assert still(air, stay(stop=600.0))[0] == pytest.approx(float(air.load_of(1e-4, 2.0)), rel=1e-9)


def test_who_falls_on_the_way_lies_there_and_breathes_on(park, weather):
    """The sum over steps of 0.25 s at the positions told by the result, falls between the ends of pieces included."""
    people = populate(park, [Group(name="yard", place="YD-1", count=60)], Streams(3))
    cloud, load = Drifting(40.0, 2.0), np.zeros(60)
    result = evacuate(
        park, people, orders=[Order(time=10.0, action="evacuate")], hazard=cloud, substance=CHLORINE, weather=weather,
        horizon=600.0, tolerance=Tolerance(),
    )  # fmt: skip
    for t in np.arange(0.0, 600.0, 0.25) + 0.125:
        x, y = result.positions(float(t))
        setting_out = (t >= result.start_time) & (t < result.tracks.walk_time)  # counted where they stood
        x, y = np.where(setting_out, people.x, x), np.where(setting_out, people.y, y)
        load += CHLORINE.harm.probit().load_rate(cloud.concentration(x, y, 1.5, t), 293.15, 101325.0) * 0.25
    fell = np.isfinite(result.incapacitated_time) & (result.incapacitated_time > result.tracks.walk_time)
    assert fell.sum() >= 5
    # pieces of 10 m in a cloud of 40 m are right to 0.3 %
    assert result.load == pytest.approx(load, rel=0.003)


class Steady:
    """A plume that stands across the road, and nothing else."""

    def __init__(self, at, sigma, peak):
        self.at, self.sigma, self.peak = at, sigma, peak

    def concentration(self, x, y, z, t):
        x = np.broadcast_arrays(x, y, z, t)[0]
        return self.peak * np.exp(-0.5 * ((x - self.at) / self.sigma) ** 2)


@pytest.mark.parametrize("at", [53.0, 55.0, 56.3])
@pytest.mark.parametrize("sigma", [1.0, 3.0])
def test_a_plume_narrower_than_a_piece_is_seen(park, weather, at, sigma):
    group = Group(
        name="yard", place="YD-1", count=5, speed=Distribution.fixed(1.25), premovement=Distribution.fixed(0.0)
    )
    people = populate(park, [group], Streams(3))
    result = evacuate(
        park, people, orders=[Order(time=0.0, action="evacuate", muster="MP-W")], hazard=Steady(at, sigma, 2e-3),
        substance=CHLORINE, weather=weather, horizon=900.0,
    )  # fmt: skip
    unit = float(CHLORINE.harm.probit().load_rate(1.0, weather.temperature, weather.pressure))
    # walked through once at 1.25 m/s: the integral of c**2 is peak**2 sigma sqrt(pi) / v; 1 % is what is promised
    expected = unit * 2e-3**2 * sigma * math.sqrt(math.pi) / 1.25
    assert result.load == pytest.approx(np.full(5, expected), rel=0.01)


def test_who_queues_at_the_exit_breathes_there_with_and_without_falls(draw, feature, box, weather):
    park = draw(
        feature("RD-1", "walkway", [(0, 0), (200, 0)], width="1 m"),
        feature("MP-W", "muster_point", (-10, 0)),
        feature("YD", "area", box(160, 10, 20)),
    )
    group = Group(name="yard", place="YD", count=600, premovement=Distribution.fixed(0.0))
    people, runs = populate(park, [group], Streams(1)), []
    for more in ({}, {"tolerance": Tolerance()}):
        told = [Order(time=5.0, action="evacuate")]
        gas = {"hazard": Steady(150.0, 6.0, 2e-5), "substance": CHLORINE, "weather": weather}
        runs.append(evacuate(park, people, orders=told, horizon=900.0, **gas, **more))
    first = runs[0].tracks.crossings.times[runs[0].tracks.crossings.first[:-1], 0]
    assert (first - runs[0].tracks.walk_time).max() > 30.0
    assert not np.isfinite(runs[1].incapacitated_time).any()
    assert runs[0].load == pytest.approx(runs[1].load, rel=1e-9)


def test_a_weak_burst_after_a_strong_cloud_is_caught(graph, weather):
    class Two:
        """A long cloud, and one a tenth as dense that passes in 1 s."""

        def concentration(self, x, y, z, t):
            t = np.broadcast_arrays(x, y, z, t)[3]
            return 1e-2 * np.exp(-0.5 * ((t - 80.0) / 30.0) ** 2) + 1e-3 * np.exp(-0.5 * (t - 281.0) ** 2)

    air = Exposure(graph, Two(), substance=CHLORINE, weather=weather, horizon=600.0)
    row = air.spots(np.zeros(1), np.zeros(1))
    unit = float(CHLORINE.harm.probit().load_rate(1.0, weather.temperature, weather.pressure))
    late = air.at(row, np.array([270.0]), np.array([290.0]))[0]
    # what is left of the long cloud after 190 s, 6.3 of its widths, is below 1e-9 of the burst
    assert late == pytest.approx(unit * 1e-3**2 * math.sqrt(math.pi), rel=0.01)


def test_who_falls_has_the_same_bits_in_a_table_used_before(park, weather):
    people, graph = populate(park, [Group(name="yard", place="YD-1", count=60)], Streams(3)), WalkGraph.of(park)
    gas = {"substance": CHLORINE, "weather": weather, "horizon": 600.0}
    told = [Order(time=10.0, action="evacuate")]
    fresh, used = (Exposure(graph, Drifting(40.0, 2.0), **gas) for _ in range(2))
    used.spots(np.arange(777.0), np.zeros(777))
    evacuate(park, people, orders=told, exposure=used, horizon=600.0)
    a, b = (
        evacuate(park, people, orders=told, exposure=e, horizon=600.0, tolerance=Tolerance()) for e in (fresh, used)
    )
    assert np.isfinite(a.incapacitated_time).sum() > 5
    assert a.load.tobytes() == b.load.tobytes()
    assert a.death_time.tobytes() == b.death_time.tobytes()
