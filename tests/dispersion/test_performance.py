"""Measures of performance against values worked out by hand from their definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest

from dispersion.performance import MEASURES, performance
from twin.errors import ModelError


def test_a_uniform_factor_two_as_chang_and_hanna_tabulate_it():
    # Every prediction twice the observation x: ln(o/p) = -ln 2; FB = 2 (x - 2x) / 3x = -2/3; NMSE of equal pairs
    # x² / 2x² = 1/2. Chang & Hanna (2004), section 3: FB -0.67 and MG 0.5 stand for a factor-of-two over-prediction.
    found = performance([3.0, 3.0, 3.0], [6.0, 6.0, 6.0])
    assert (found.n, found.zeros, found.groups, found.intervals) == (3, 0, 3, {})
    assert found.fac2 == 1.0  # the limit itself is inside
    assert found.mg == pytest.approx(0.5)
    assert found.vg == pytest.approx(math.exp(math.log(2.0) ** 2))
    assert found.fb == pytest.approx(-2.0 / 3.0)
    assert found.nmse == pytest.approx(0.5)
    assert found.mrb == pytest.approx(-2.0 / 3.0)
    assert found.mrse == pytest.approx(4.0 / 9.0)


def test_three_pairs_by_hand():
    # o = 1, 4, 9; p = 2, 2, 3.  ln(o/p) = -ln 2, ln 2, ln 3.  mean o = 14/3, mean p = 7/3; squares 1, 4, 36.
    found = performance([1.0, 4.0, 9.0], [2.0, 2.0, 3.0])
    assert found.fac2 == pytest.approx(2.0 / 3.0)
    assert found.mg == pytest.approx(3.0 ** (1.0 / 3.0))
    assert found.vg == pytest.approx(math.exp((2.0 * math.log(2.0) ** 2 + math.log(3.0) ** 2) / 3.0))
    assert found.fb == pytest.approx(2.0 * (14.0 - 7.0) / 21.0)
    assert found.nmse == pytest.approx((41.0 / 3.0) / (14.0 / 3.0 * 7.0 / 3.0))
    assert found.mrb == pytest.approx((-2.0 / 3.0 + 2.0 / 3.0 + 1.0) / 3.0)
    assert found.mrse == pytest.approx((4.0 / 9.0 + 4.0 / 9.0 + 1.0) / 3.0)


def test_the_best_is_the_best_and_swapping_turns_the_bias():
    perfect = performance([0.2, 5.0], [0.2, 5.0])
    assert [getattr(perfect, name.lower()) for name in MEASURES] == [1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0]
    there, back = performance([1.0, 7.0], [3.0, 5.0]), performance([3.0, 5.0], [1.0, 7.0])
    assert there.mg == pytest.approx(1.0 / back.mg)
    assert there.fb == pytest.approx(-back.fb)
    assert there.vg == pytest.approx(back.vg)


def test_zeros():
    # a zero has no logarithm: out of MG and VG and counted; in FAC2 a miss unless both are zero
    found = performance([0.0, 0.0, 2.0, 4.0], [0.0, 1.0, 0.0, 4.0])
    assert found.zeros == 3
    assert (found.fac2, found.mg, found.vg) == (0.5, 1.0, 1.0)
    assert found.fb == pytest.approx(2.0 * (6.0 - 5.0) / 11.0)
    assert "3 with a zero left out of MG and VG" in repr(found)
    # with a floor of 1: ln of 1/1, 1/1, 2/1, 4/4
    floored = performance([0.0, 0.0, 2.0, 4.0], [0.0, 1.0, 0.0, 4.0], floor=1.0)
    assert floored.zeros == 0
    assert floored.mg == pytest.approx(2.0**0.25)
    nothing = performance([0.0], [1.0])
    assert math.isnan(nothing.mg)
    assert (nothing.fb, nothing.nmse) == (-2.0, math.inf)


def test_the_bootstrap_draws_whole_groups():
    # two runs of equal pairs: a resample is run a twice, one of each, or run b twice with chances 1/4, 1/2, 1/4,
    # so the 95 % interval of MG spans the two runs' own MG, 1/2 and 2, exactly
    o, p = np.ones(20), np.repeat([2.0, 0.5], 10)
    whole = performance(o, p, np.repeat(["a", "b"], 10), np.random.default_rng(1))
    assert whole.groups == 2
    assert whole.intervals["MG"] == pytest.approx((0.5, 2.0))
    # the same pairs taken as independent: standard error of the mean logarithm ln 2 / sqrt(20); 4000 samples leave
    # an end of the interval about 4 % of its half-width uncertain
    single = performance(o, p, None, np.random.default_rng(1), 4000)
    half = 1.96 * math.log(2.0) / math.sqrt(20.0)
    assert np.log(single.intervals["MG"]) == pytest.approx([-half, half], rel=0.15)


def test_the_same_generator_gives_the_same_interval_and_a_direct_resampling_agrees():
    made = np.random.default_rng(5)
    o = made.lognormal(size=60)
    p = o * made.lognormal(sigma=0.6, size=60)
    runs = np.repeat(np.arange(12), 5)
    found = performance(o, p, runs, np.random.default_rng(2), 3000)
    assert found == performance(o, p, runs, np.random.default_rng(2), 3000)
    # plain resampling of the rows, 3000 times with other draws
    draw = np.random.default_rng(3)
    spread = []
    for _ in range(3000):
        rows = np.concatenate([np.flatnonzero(runs == k) for k in draw.integers(0, 12, 12)])
        a, b = o[rows].mean(), p[rows].mean()
        spread.append(((o[rows] - p[rows]) ** 2).mean() / (a * b))
    low, high = found.intervals["NMSE"]
    assert (low, high) == pytest.approx(np.quantile(spread, [0.025, 0.975]), rel=0.1)


def test_what_it_shows():
    found = performance([1.0, 4.0], [2.0, 2.0], rng=np.random.default_rng(0))
    assert repr(found).startswith("<Performance of 2 pairs in 2 groups: FAC2 1.00 [1.00, 1.00], MG 1.00 [")
    table = found.to_pandas()
    assert list(table.index) == list(MEASURES)
    assert table.loc["FAC2", "value"] == 1.0
    assert performance([1.0], [1.0]).to_pandas()["low"].isna().all()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (([1.0], [1.0, 2.0]), "shape"),
        (([], []), "shape"),
        (([1.0], [-1.0]), "predicted has a value that is negative"),
        (([np.nan], [1.0]), "observed has a value"),
        (([1.0], [1.0], ["a", "b"]), "2 groups for 1 pairs"),
    ],
)
def test_faults(given, words):
    with pytest.raises(ModelError, match=words):
        performance(*given)
    with pytest.raises(ModelError, match="samples"):
        performance([1.0], [1.0], samples=0)
