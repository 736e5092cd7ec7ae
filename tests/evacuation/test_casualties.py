"""The distribution of the number of casualties against closed forms and plain enumeration."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from evacuation import casualty_count
from twin import ModelError


def test_equal_chances_are_the_binomial_distribution():
    from scipy.stats import binom

    told = casualty_count(np.full(1000, 0.03))
    assert np.allclose(told.chance, binom.pmf(np.arange(1001), 1000, 0.03), atol=1e-13)
    # scipy's equal-tailed interval: the least numbers whose distribution function reaches 2.5 % and 97.5 %
    assert (told.low, told.high) == (binom.ppf(0.025, 1000, 0.03), binom.ppf(0.975, 1000, 0.03))
    assert told.mean == pytest.approx(30.0)


def test_different_chances_are_all_cases_added_up():
    p = np.array([0.0, 0.1, 0.5, 0.9, 1.0, 0.33, 0.72])
    expected = np.zeros(8)
    for hit in itertools.product([0, 1], repeat=7):
        expected[sum(hit)] += np.prod(np.where(hit, p, 1.0 - p))
    assert np.allclose(casualty_count(p).chance, expected, atol=1e-15)


def test_mean_and_variance_of_a_town():
    """Moments in closed form: sum p and sum p (1 - p)."""
    p = np.random.default_rng(0).random(30_001) ** 8
    told = casualty_count(p)
    k = np.arange(p.size + 1)
    mean = float(told.chance @ k)
    assert mean == pytest.approx(p.sum(), rel=1e-9)
    assert float(told.chance @ (k - mean) ** 2) == pytest.approx((p * (1 - p)).sum(), rel=1e-6)
    half = 1.96 * np.sqrt((p * (1 - p)).sum())  # normal, good to a person or two at this size
    assert told.low == pytest.approx(p.sum() - half, abs=2)
    assert told.high == pytest.approx(p.sum() + half, abs=2)


def test_nobody_and_wrong_chances():
    assert (casualty_count([]).low, casualty_count([]).high) == (0, 0)
    with pytest.raises(ModelError, match="not between 0 and 1"):
        casualty_count([0.5, np.nan])
