"""Who is drawn: distributions against their definitions, streams, places, and all faults at once."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import shapely
from scipy import stats

from evacuation import PREMOVEMENT, WALKING_SPEED, Distribution, Group, populate
from twin import ModelError, Streams


def test_walking_speed_is_weidmanns():
    drawn = WALKING_SPEED.sample(np.random.default_rng(1), 20_000)
    # standard errors of mean and deviation at n = 20 000 are 0.0018 and 0.0013; cutting at 3 sd narrows by 1.3 %
    assert drawn.mean() == pytest.approx(1.34, abs=4 * 0.0018)
    assert drawn.std() == pytest.approx(0.26 * 0.9866, abs=4 * 0.0013)
    assert drawn.min() >= 1.34 - 3 * 0.26
    assert drawn.max() <= 1.34 + 3 * 0.26


@pytest.mark.parametrize("level", ["M1", "M2", "M3"])
def test_premovement_percentiles_are_those_of_pd_7974_6(table, level):
    row = table[f"PRE-{level}"]
    assert PREMOVEMENT[level].quantile([0.01, 0.99]) == pytest.approx([float(row["low"]), float(row["high"])], rel=1e-9)
    drawn = np.sort(PREMOVEMENT[level].sample(np.random.default_rng(2), 20_000))
    # Kolmogorov-Smirnov distance, 1 % critical value 1.63 / sqrt(n)
    gap = np.abs(PREMOVEMENT[level].quantile((np.arange(20_000) + 0.5) / 20_000) - drawn)
    assert np.median(gap / drawn) < 0.01
    share = (drawn <= PREMOVEMENT[level].centre).mean()
    assert share == pytest.approx(0.5, abs=1.63 / np.sqrt(20_000))


def test_cut_distributions_stay_inside():
    for d in (
        Distribution.normal(1.0, 0.5, low=0.8, high=1.1),
        Distribution.lognormal(60.0, 1.0, low=30.0, high=90.0),
        Distribution.uniform(2.0, 3.0),
        Distribution.fixed(4.0),
    ):
        drawn = d.sample(np.random.default_rng(3), 1000)
        assert d.low <= drawn.min() <= drawn.max() <= d.high
        assert d.sample(np.random.default_rng(3), 10) == pytest.approx(drawn[:10], rel=0, abs=0)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Distribution.normal(1.0, 0.0),
        lambda: Distribution.lognormal(-1.0, 0.5),
        lambda: Distribution.uniform(3.0, 2.0),
        lambda: Distribution.fixed(float("nan")),
        lambda: Distribution.normal(1.0, 0.1, low=90.0, high=91.0),
    ],
)
def test_senseless_distributions_are_refused(make):
    with pytest.raises(ModelError, match="Distribution"):
        make()


def test_people_stand_in_their_place(park):
    yard, ops, road, point = (
        Group(name=n, place=p, count=300) for n, p in (("a", "YD-1"), ("b", "CR-1"), ("c", "RD-1"), ("d", "MP-E"))
    )
    people = populate(park, [yard, ops, road, point], Streams(7))
    for number, (tag, reach) in enumerate((("YD-1", 0.0), ("CR-1", 0.0), ("RD-1", 1e-9), ("MP-E", 5.0))):
        mine = people.group == number
        gap = shapely.distance(shapely.points(people.x[mine], people.y[mine]), park[tag].shape)
        assert gap.max() <= reach + 1e-9
    assert people.x[people.of("a")].std() == pytest.approx(40.0 / np.sqrt(12.0), rel=0.1)  # uniform over 40 m


def test_a_new_group_moves_nobody_else(park):
    first = [Group(name="a", place="YD-1", count=50), Group(name="b", place="CR-1", count=30, indoors=0.5)]
    alone, more = (
        populate(park, groups, Streams(7)) for groups in (first, [Group(name="z", place="YD-1", count=9), *first])
    )
    for name in ("x", "y", "premovement", "speed", "indoors"):
        assert np.array_equal(getattr(alone, name), getattr(more, name)[9:])
    assert int(alone.indoors.sum()) == 15
    other = populate(park, first, Streams(8))
    assert not np.array_equal(alone.x, other.x)


def test_a_generator_gives_one_seed(park):
    groups = [Group(name="a", place="YD-1", count=5)]
    a, b = (populate(park, groups, np.random.default_rng(5)) for _ in range(2))
    assert np.array_equal(a.x, b.x)
    assert a.seed is None


def test_all_faults_are_told_at_once(park):
    with pytest.raises(ModelError) as caught:
        populate(
            park,
            [
                Group(name="a", place="YD-2", count=-1),
                Group(name="a", place="YD-1", count=1, indoors=True),
                Group(name="b", place="IS-1", count=3),
                Group(name="c", place="YD-1", count=3, speed=Distribution.normal(1.0, 0.5)),
            ],
            Streams(1),
        )
    text = str(caught.value)
    assert len(caught.value.problems) == 6
    for part in ("count is -1", "'YD-2'", "did you mean 'YD-1'", "given twice", "no indoors", "within 500 m", "speed"):
        assert part in text


def test_people_who_stay_need_no_way(park):
    people = populate(park, [Group(name="b", place="IS-1", count=3, mobile=False)], Streams(1))
    assert len(people) == 3
    assert "3 people" in repr(people)


def test_nobody_at_all(park):
    assert len(populate(park, [], Streams(1))) == 0


@pytest.mark.parametrize(
    ("made", "family"),
    [
        (Distribution.gamma(1.291, 103.901), stats.gamma(1.291, scale=103.901)),
        (Distribution.weibull(139.285, 1.195), stats.weibull_min(1.195, scale=139.285)),
        (Distribution.triangular(10.0, 30.0, 90.0), stats.triang(0.25, loc=10.0, scale=80.0)),
        (Distribution.lognormal(math.exp(4.586), 0.967), stats.lognorm(0.967, scale=math.exp(4.586))),
    ],
)
def test_distributions_are_those_of_scipy(made, family):
    chance = np.linspace(0.001, 0.999, 37)
    assert np.allclose(made.quantile(chance), family.ppf(chance), rtol=1e-9)


def test_cut_distributions_keep_their_shape():
    """Between the cuts the distribution is the uncut one over the part that is left (scipy's, by hand)."""
    made, family = Distribution.gamma(2.0, 30.0, low=20.0, high=90.0), stats.gamma(2.0, scale=30.0)
    least, most = family.cdf(20.0), family.cdf(90.0)
    chance = np.linspace(0.0, 1.0, 21)
    assert np.allclose(made.quantile(chance), family.ppf(least + chance * (most - least)), rtol=1e-9)
    assert made.quantile(0.0) == 20.0
    assert made.quantile(1.0) == pytest.approx(90.0)


def test_what_is_no_distribution_is_refused():
    for make in (
        lambda: Distribution.triangular(10.0, 5.0, 20.0),
        lambda: Distribution.gamma(0.0, 1.0),
        lambda: Distribution.weibull(-1.0, 1.0),
        lambda: Distribution.triangular(10.0, 10.0, 10.0),
    ):
        with pytest.raises(ModelError):
            make()


def test_people_and_their_helpers_set_out_together(park):
    wheel = Group(
        name="wheel", place="CR-1", count=5, indoors=True, speed=Distribution.uniform(0.4, 0.8), assisted_by="ops"
    )
    ops = Group(name="ops", place="CR-1", count=12, indoors=True)
    people = populate(park, [wheel, ops], Streams(3))
    alone = populate(park, [replace(wheel, assisted_by=""), ops], Streams(3))
    slow, fast = people.of("wheel"), people.of("ops")[:5]
    assert (people.speed[slow] == people.speed[fast]).all()
    assert (people.speed[slow] == np.minimum(alone.speed[slow], alone.speed[fast])).all()
    assert (people.premovement[slow] == np.maximum(alone.premovement[slow], alone.premovement[fast])).all()
    assert (people.speed[people.of("ops")[5:]] == alone.speed[alone.of("ops")[5:]]).all()


def test_every_fault_of_places_helpers_and_positions_is_told_at_once(draw, feature, box):
    site = draw(
        feature("WK-1", "walkway", [(0, 0), (100, 0)], width="2 m"),
        feature("MP-1", "muster_point", (100, 0)),
        feature("YD-1", "area", box(20, 8, 10)),
        feature("CR-1", "control_room", box(50, 8, 6), capacity="4"),
        feature("T-1", "tank", box(20, 8, 4)),
    )
    with pytest.raises(ModelError) as caught:
        populate(
            site,
            [
                Group(name="crowd", place="YD-1", count=300),
                Group(name="full", place="CR-1", count=5),
                Group(name="wall", place="YD-1", count=2, positions=((20.0, 8.0), (90.0, 90.0))),
                Group(name="less", place="YD-1", count=2, positions=((16.0, 8.0),)),
                Group(name="nan", place="YD-1", count=1, positions=((math.nan, 8.0),)),
                Group(name="lost", place="YD-1", count=1, assisted_by="nobody"),
                Group(name="many", place="YD-1", count=9, assisted_by="less"),
                Group(name="fast", place="YD-1", count=1, speed=Distribution.uniform(-1.0, 1.0)),
            ],
            Streams(1),
        )
    told = str(caught.value)
    for part in (
        "people are more than 'YD-1' holds, 275",  # 100 m2 of 2.75 people
        "more than 'CR-1' holds, 4",
        "person 0 stands inside 'T-1'",
        "person 1 at (90, 90) stands outside 'YD-1'",
        "1 positions for 2 people",
        "position of person 0 is (nan, 8.0)",
        "there is no group 'nobody'",
        "are to help more than that",
        "speed can be -1 m/s",
    ):
        assert part in told


def test_given_positions_are_kept(park):
    spots = ((90.0, 30.0), (110.0, 20.0))
    people = populate(park, [Group(name="two", place="YD-1", count=2, positions=spots)], Streams(1))
    assert np.stack([people.x, people.y], axis=1).tolist() == [list(spot) for spot in spots]
