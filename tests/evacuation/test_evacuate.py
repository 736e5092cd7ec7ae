"""Orders and what becomes of them; the result and its views."""

from __future__ import annotations

import hashlib

import matplotlib as mpl
import numpy as np
import pytest

from evacuation import (
    Distribution,
    Exposure,
    Group,
    Order,
    State,
    WalkGraph,
    evacuate,
    plot_clearance,
    plot_evacuation,
    populate,
)
from plant_models import substance
from twin import ModelError, Streams, read_h5, write_h5

CHLORINE = substance("chlorine")


def crew(park, *, seed=7, premovement=60.0):
    wait = Distribution.fixed(premovement)
    return populate(
        park,
        [
            Group(name="ops", place="CR-1", count=20, indoors=True, premovement=wait),
            Group(name="yard", place="YD-1", count=40, premovement=wait),
            Group(name="guard", place="MP-E", count=2, premovement=wait),
            Group(name="ward", place="CR-1", count=3, indoors=True, premovement=wait, mobile=False),
        ],
        Streams(seed),
    )


def test_everybody_walks_to_the_quickest_muster_point(park):
    people = crew(park)
    result = evacuate(park, people, orders=[Order(time=60.0, action="evacuate")], horizon=3600.0)
    mobile = people.mobile
    assert (result.state[mobile] == State.MUSTERED).all()
    assert (result.state[~mobile] == State.SHELTERED).all()
    assert (result.start_time[mobile] == 120.0).all()
    musters = np.array(result.tracks.graph.musters)[result.muster]
    assert set(musters[people.group == 1]) == {"MP-W"}  # the yard at x = 100 is nearer to the west
    assert set(musters[people.group == 2]) == {"MP-E"}
    assert result.clearance_time == result.arrival_time[mobile].max()
    assert result.headcount.mustered[-1] == 62
    assert result.unaccounted([0.0, 60.0, result.clearance_time, 3600.0]).tolist() == [0, 62, 0, 0]
    names = [name for _, name, _ in result.events]
    assert names.count("headcount.complete") == 2
    assert (result.clearance_time, "evacuation.complete", "62 people") in result.events
    assert [t for t, *_ in result.events] == sorted(t for t, *_ in result.events)


def test_people_are_missed_from_the_order_to_walk_on(park):
    orders = [Order(time=60.0, action="shelter"), Order(time=600.0, action="evacuate")]
    result = evacuate(park, crew(park), orders=orders, horizon=3600.0)
    assert (result.order_time == 60.0).all()
    # nobody is looked for at a muster point before being sent there; the 62 who can walk are from 600 s on
    assert result.unaccounted([60.0, 599.0, 600.0, 3600.0]).tolist() == [0, 0, 62, 0]


def test_a_lone_walker_takes_the_time_of_the_way(park):
    # yard centre (100, 30) to the road 30 m, 100 m west, 10 m to the point, at 1.25 m/s, from 0 + 10 s
    people = populate(
        park,
        [
            Group(
                name="one",
                place="YD-1",
                count=1,
                speed=Distribution.fixed(1.25),
                premovement=Distribution.fixed(10.0),
            )
        ],
        Streams(1),
    )
    result = evacuate(park, people, orders=[Order(time=0.0, action="evacuate", muster="MP-W")], horizon=600.0)
    approach = float(np.hypot(people.x[0] - 100.0, people.y[0] - 30.0))
    assert result.arrival_time[0] == pytest.approx(10.0 + (approach + 140.0) / 1.25, abs=1e-9)
    x, y = result.positions(10.0 + (approach + 30.0 + 50.0) / 1.25)
    assert (x[0], y[0]) == pytest.approx((50.0, 0.0), abs=1e-6)
    assert result.positions(600.0)[0][0] == -10.0
    assert result.positions(5.0)[0][0] == people.x[0]


def test_zones_are_places_and_outlines(park):
    people = crew(park)
    yard = people.group == 1
    for zone, who in (("YD-1", yard), ("CR-1", (people.group == 0) | (people.group == 3))):
        result = evacuate(park, people, orders=[Order(time=0.0, action="evacuate", zones=(zone,))], horizon=3600.0)
        assert np.array_equal(np.isfinite(result.order_time), who)
        assert (result.state[~who] == State.UNAWARE).all()


def test_a_later_order_replaces_one_not_yet_followed(park):
    people = crew(park)
    ops, yard = people.group == 0, people.group == 1
    late = Order(time=600.0, action="evacuate")
    # sheltered, then sent away: a new premovement
    result = evacuate(park, people, orders=[Order(time=0.0, action="shelter"), late], horizon=3600.0)
    assert (result.start_time[ops] == 660.0).all()
    assert (result.tracks.shelter_time[ops] == 60.0).all()
    assert (result.order_time == 0.0).all()
    # preparing to walk, then told to stay: nobody sets out; those without a building stay outside
    stay = Order(time=30.0, action="shelter")
    result = evacuate(park, people, orders=[Order(time=0.0, action="evacuate"), stay], horizon=3600.0)
    assert np.isinf(result.start_time).all()
    assert (result.state[ops] == State.SHELTERED).all()
    assert (result.state[yard] == State.EXPOSED).all()
    assert any("no building" in text for text in result.settings["warnings"])
    assert np.isnan(result.clearance_time)
    # on the way, then told to shelter: not called back
    back = Order(time=70.0, action="shelter")
    result = evacuate(park, people, orders=[Order(time=0.0, action="evacuate"), back], horizon=3600.0)
    assert (result.state[people.mobile] == State.MUSTERED).all()
    # the same order twice is one order
    twice = evacuate(
        park, people, orders=[Order(time=t, action="evacuate") for t in (0.0, 20.0, 100.0)], horizon=3600.0
    )
    once = evacuate(park, people, orders=[Order(time=0.0, action="evacuate")], horizon=3600.0)
    assert np.array_equal(once.arrival_time, twice.arrival_time)


def test_walking_people_turn_to_a_new_muster_point(park):
    people = populate(park, [Group(name="yard", place="YD-1", count=10)], Streams(1))
    orders = [
        Order(time=0.0, action="evacuate", muster="MP-W"),
        Order(time=130.0, action="evacuate", muster="MP-E"),
    ]
    result = evacuate(park, people, orders=orders, horizon=3600.0)
    straight = evacuate(park, people, orders=orders[:1], horizon=3600.0)
    assert set(np.array(result.tracks.graph.musters)[result.muster]) <= {"MP-W", "MP-E"}
    turned = straight.arrival_time > 130.0
    assert turned.any()
    assert (result.arrival_time[turned] > straight.arrival_time[turned]).all()
    assert (result.state == State.MUSTERED).all()


def test_all_clear_ends_preparing_and_sheltering(park):
    people = crew(park)
    clear = Order(time=30.0, action="all_clear")
    result = evacuate(park, people, orders=[Order(time=0.0, action="evacuate"), clear], horizon=3600.0)
    assert (result.state == State.UNAWARE).all()
    later = Order(time=100.0, action="all_clear")
    result = evacuate(park, people, orders=[Order(time=0.0, action="evacuate"), later], horizon=3600.0)
    assert (result.state[people.mobile] == State.MUSTERED).all()


def test_people_still_walking_at_the_end_are_told(park):
    people = crew(park)
    result = evacuate(park, people, orders=[Order(time=0.0, action="evacuate")], horizon=100.0)
    assert np.isinf(result.clearance_time)
    assert (result.state == State.WALKING).sum() == 60
    assert result.unaccounted(100.0) == 60
    assert result.events[-1] == (100.0, "horizon", "60 on the way")
    never = evacuate(park, people, orders=[Order(time=101.0, action="evacuate")], horizon=100.0)
    assert (never.state == State.UNAWARE).all()
    assert "after the horizon" in never.settings["warnings"][-1]
    early = evacuate(park, people, orders=[Order(time=0.0, action="evacuate")], horizon=30.0)
    assert (early.state == State.PREPARING).all()


def test_faulty_orders_are_told_at_once(park):
    people = crew(park)
    with pytest.raises(ModelError) as caught:
        evacuate(
            park,
            people,
            orders=[
                Order(time=0.0, action="evacuat"),  # type: ignore[arg-type]
                Order(time=-1.0, action="shelter", zones=("CR-2",)),
                Order(time=0.0, action="evacuate", muster="MP-X", label="bad"),
            ],
            horizon=60.0,
        )
    text = str(caught.value)
    assert len(caught.value.problems) == 4
    for part in ("did you mean 'evacuate'", "its time is -1.0", "did you mean 'CR-1'", "'MP-X'", "order 3 (bad)"):
        assert part in text


def test_a_muster_point_out_of_reach_is_named(draw, feature, box):
    park = draw(
        feature("WK-1", "walkway", [(0, 0), (100, 0)]),
        feature("WK-2", "walkway", [(0, 90), (100, 90)]),
        feature("MP-1", "muster_point", (110, 0)),
        feature("MP-2", "muster_point", (110, 90)),
        feature("A-1", "area", box(50, 20, 10)),
    )
    people = populate(park, [Group(name="a", place="A-1", count=2)], Streams(1))
    with pytest.raises(ModelError, match="'MP-2' cannot be reached on foot from 'A-1'"):
        evacuate(park, people, orders=[Order(time=0.0, action="evacuate", muster="MP-2")], horizon=60.0)


def test_what_belongs_together_is_asked_for(park, weather, uniform):
    people = crew(park)
    with pytest.raises(ModelError, match="without substance and weather"):
        evacuate(park, people, hazard=uniform(1.0), horizon=60.0)
    with pytest.raises(ModelError, match="horizon"):
        evacuate(park, people, horizon=0.0)
    exposure = Exposure(WalkGraph.of(park), uniform(1.0), substance=CHLORINE, weather=weather, horizon=60.0)
    with pytest.raises(ModelError, match="ends at 60 s"):
        evacuate(park, people, exposure=exposure, horizon=90.0)
    with pytest.raises(ModelError, match="both an exposure and"):
        evacuate(park, people, exposure=exposure, weather=weather, horizon=60.0)
    with pytest.raises(ModelError, match="other ways"):
        evacuate(park, people, exposure=exposure, graph=WalkGraph.of(park), horizon=60.0)


def digest(result):
    arrays = (result.state, result.start_time, result.arrival_time, result.load, result.tracks.crossings.times)
    return hashlib.sha256(b"".join(a.tobytes() for a in arrays)).hexdigest()


def test_same_seed_same_bits_whatever_the_time_step(park, weather, uniform):
    gas = {"hazard": uniform(1e-4), "substance": CHLORINE, "weather": weather, "horizon": 1800.0}
    orders = [Order(time=12.3, action="shelter"), Order(time=200.7, action="evacuate")]
    runs = {digest(evacuate(park, crew(park), orders=orders, time_step=s, **gas)) for s in (0.5, 1.0, 7.0, 1.0)}
    assert len(runs) == 1
    assert digest(evacuate(park, crew(park, seed=8), orders=orders, **gas)) not in runs


def test_premovement_shifts_everybody_alike(park):
    # RiMEA 5 / IMO 5: each starts at the own time
    people = populate(
        park,
        [Group(name="yard", place="YD-1", count=100, premovement=Distribution.uniform(10.0, 100.0))],
        Streams(2),
    )
    result = evacuate(park, people, orders=[Order(time=5.0, action="evacuate")], horizon=3600.0)
    assert result.start_time == pytest.approx(5.0 + people.premovement, abs=1e-12)


def test_the_result_goes_to_pandas_and_to_the_store(park, weather, uniform, tmp_path):
    result = evacuate(
        park, crew(park), orders=[Order(time=0.0, action="evacuate")], hazard=uniform(1e-3), substance=CHLORINE,
        weather=weather, horizon=1800.0,
    )  # fmt: skip
    frame = result.to_pandas()
    assert len(frame) == 65
    assert frame["muster"].iloc[-1] == ""
    assert frame["state"].isin([s.name.lower() for s in State]).all()
    assert frame["probability"].sum() == pytest.approx(result.expected_deaths)
    write_h5(tmp_path / "r.h5", {"people": result.variables()}, {"seed": 7})
    assert read_h5(tmp_path / "r.h5") is not None
    assert result.variables()["load"].units == result.settings["load_unit"]
    assert "expected deaths" in repr(result)
    assert result.settings["probit_source"]


def test_people_over_a_threshold(park, weather, uniform):
    level = CHLORINE.harm.threshold("AEGL-2", duration=600.0)
    mass = level.concentration(weather.temperature, weather.pressure)
    gas = {"substance": CHLORINE, "weather": weather, "horizon": 600.0}
    people = populate(park, [Group(name="yard", place="YD-1", count=5)], Streams(1))
    assert evacuate(park, people, hazard=uniform(1.01 * mass), **gas).over(level).all()
    assert not evacuate(park, people, hazard=uniform(0.99 * mass), **gas).over(level).any()
    with pytest.raises(ModelError, match="no loads"):
        evacuate(park, people, horizon=60.0).over(level)
    other = substance("ammonia").harm.threshold("AEGL-2", duration=600.0)
    with pytest.raises(ModelError, match="ammonia"):
        evacuate(park, people, hazard=uniform(mass), **gas).over(other)


def test_too_many_at_a_muster_point_are_told(draw, feature, box):
    park = draw(
        feature("WK-1", "walkway", [(0, 0), (100, 0)]),
        feature("MP-1", "muster_point", (110, 0), capacity="5"),
        feature("A-1", "area", box(50, 20, 10)),
    )
    people = populate(park, [Group(name="a", place="A-1", count=8)], Streams(1))
    result = evacuate(park, people, orders=[Order(time=0.0, action="evacuate")], horizon=900.0)
    (time,) = [t for t, name, _ in result.events if name == "muster.over_capacity"]
    assert time == np.sort(result.arrival_time)[5]


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("dosed", [True, False])
def test_pictures_show_everybody(park, weather, uniform, language, dosed):
    mpl.use("Agg")
    import matplotlib.pyplot as plt

    gas = {"hazard": uniform(1e-3), "substance": CHLORINE, "weather": weather} if dosed else {}
    result = evacuate(park, crew(park), orders=[Order(time=0.0, action="evacuate")], horizon=1800.0, **gas)
    for time in (None, 150.0):
        ax = plot_evacuation(result, park=park, time=time, language=language)
        told = [t.get_text() for t in ax.get_legend().texts if ": " in t.get_text()]
        names = {t.rsplit(": ", 1)[0] for t in told}
        dots = [len(c.get_offsets()) for c in ax.collections if c.get_label() in names]
        assert sum(dots) == 65
        assert sum(int(t.rsplit(": ", 1)[1]) for t in told) == 65
    ax = plot_clearance(result, language=language)
    assert len(ax.lines) >= 2
    assert result.plot() is not None
    plt.close("all")


def test_nobody_is_a_valid_crowd(park, weather, uniform):
    people = populate(park, [], Streams(1))
    result = evacuate(
        park, people, orders=[Order(time=0.0, action="evacuate")], hazard=uniform(1.0), substance=CHLORINE,
        weather=weather, horizon=60.0,
    )  # fmt: skip
    assert result.expected_deaths == 0.0
    assert len(result.positions(10.0)[0]) == 0


def test_a_hazard_and_zones_are_of_the_right_kind(park, weather):
    people = crew(park)
    with pytest.raises(ModelError, match=r"the hazard is a function without concentration"):
        evacuate(park, people, hazard=lambda x, y, z, t: 0.0, substance=CHLORINE, weather=weather, horizon=60.0)
    order = Order(time=0.0, action="evacuate", zones="CR-1")  # type: ignore[arg-type]
    with pytest.raises(ModelError, match=r"zones is the text 'CR-1' -> write zones=\('CR-1',\)"):
        evacuate(park, people, orders=[order], horizon=60.0)
