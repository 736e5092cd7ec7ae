"""Intervals that cover what they say, runs that do not finish, and studies that are killed and go on."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from evacuation import StopRule, curve_interval, mean_interval, quantile_interval, replicate
from evacuation.replications import SHARES, Interval, Replications
from twin import ModelError

PROGRAM = Path(__file__).parent / "replay_study.py"


@pytest.fixture(scope="module")
def study():
    spec = importlib.util.spec_from_file_location("replay_study", PROGRAM)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.study


@pytest.fixture
def layout(park, tmp_path):
    return tmp_path / "park.geojson"  # where the fixture drew it


def same(one: Replications, other: Replications) -> bool:
    return one.rows == other.rows and all(np.array_equal(one.curves[p], other.curves[p]) for p in one.policies)


@pytest.mark.slow
@pytest.mark.parametrize("runs", [10, 50])
def test_the_interval_of_the_average_egress_curve_covers_the_truth(runs):
    """A theoretical model: 100 people arrive at independent uniform times in [0, 1), so that the mean arrival of the
    i-th is i / 101 exactly. 95 % of the intervals must hold it; 4 000 studies tell the coverage within 0.7 % (two
    sigma of a binomial), and neighbours on the curve are nearly dependent, so the band is 94 to 96 % on the mean over
    the curve and 93.5 to 96.5 % for each share."""
    rng, studies, shares = np.random.default_rng(runs), 4000, np.array([0.1, 0.25, 0.5, 0.75, 0.9])
    rank = (shares * 100).astype(int)
    truth, held = rank / 101.0, np.zeros(5)
    for _ in range(studies):
        curves = np.sort(rng.random((runs, 100)), axis=1)[:, rank - 1]
        told = curve_interval(curves, shares, rng)
        held += (told.low <= truth) & (truth <= told.high)
    assert np.all((held / studies > 0.935) & (held / studies < 0.965)), held / studies
    assert 0.94 <= held.mean() / studies <= 0.96


@pytest.mark.slow
def test_the_mean_of_a_skewed_time_is_covered():
    """Gamma of shape 4 (skewness 1): the mean is 4 times the scale. Percentile intervals of a skewed mean cover a
    little less than they say; from 50 runs on within 93 to 96 %."""
    rng, held, studies = np.random.default_rng(1), 0, 2000
    for _ in range(studies):
        told = mean_interval(rng.gamma(4.0, 100.0, 50), rng)
        held += told.low <= 400.0 <= told.high
    assert 0.93 <= held / studies <= 0.96


@pytest.mark.slow
def test_the_quantile_is_covered():
    """The 95 % quantile of an exponential time of mean 1 is ln 20. Ends are values of the sample, so the coverage is
    that of ranks, which are whole numbers: at least 92 %, at most 98 % for 200 runs."""
    rng, held, studies = np.random.default_rng(2), 0, 2000
    for _ in range(studies):
        told = quantile_interval(rng.exponential(size=200), 0.95, rng)
        held += told.low <= np.log(20.0) <= told.high
    assert 0.92 <= held / studies <= 0.98


@pytest.mark.parametrize("runs", [10, 50, 200])
def test_the_interval_of_a_mean_is_that_of_student(runs):
    """For a symmetric sample the interval is mean +- t s / sqrt(n); 2 000 resamples tell its ends within 6 %."""
    from scipy.stats import norm, t

    values = 600.0 + 50.0 * norm.ppf((np.arange(runs) + 0.5) / runs)
    half = t.ppf(0.975, runs - 1) * values.std(ddof=1) / np.sqrt(runs)
    told = mean_interval(values, np.random.default_rng(0))
    assert told.value == pytest.approx(600.0)
    assert told.high - 600.0 == pytest.approx(half, rel=0.06)
    assert 600.0 - told.low == pytest.approx(half, rel=0.06)


def test_the_ends_of_the_quantile_are_those_of_the_binomial():
    """The k-th smallest of a resample is at most x(j) when at least k of n draws are: a binomial chance of j / n."""
    from scipy.stats import binom

    n, rank = 200, 190
    chance = np.array([binom.sf(rank - 1, n, j / n) for j in range(1, n + 1)])
    low, high = (1 + np.searchsorted(chance, level) for level in (0.025, 0.975))
    told = quantile_interval(np.arange(1.0, n + 1.0), 0.95, np.random.default_rng(0))
    assert told.value == 190.0
    assert abs(told.low - low) <= 1
    assert abs(told.high - high) <= 1


def test_unfinished_runs_are_infinite():
    values = np.r_[np.arange(1.0, 98.0), [np.inf] * 3]
    rng = np.random.default_rng(0)
    told = quantile_interval(values, 0.95, rng)
    assert told.value == 95.0
    assert np.isinf(told.high)
    assert np.isinf(told.relative)
    assert np.isinf(quantile_interval(values, 0.98, rng).value)
    mean = mean_interval(values, rng)
    assert np.isinf(mean.value)
    assert np.isnan(mean.low)
    rows = tuple({"p": {"clearance": v, "deaths": 0.0}} for v in values)
    study = Replications(policies=("p",), rows=rows, curves={"p": np.zeros((100, SHARES.size))}, seed=1)
    assert study.unfinished("p") == 3
    assert "3 of 100 runs of p did not finish" in study.warnings[0]


def test_runs_in_which_nobody_walked_are_left_out_and_told():
    """One run without a clearance time neither hides the 199 others nor ends the study."""
    times = np.linspace(100.0, 900.0, 199)
    rows = tuple({"p": {"clearance": v, "deaths": 5.0}} for v in [*times, np.nan])
    curves = np.vstack([np.repeat(times[:, None], SHARES.size, axis=1), np.full((1, SHARES.size), np.nan)])
    study = Replications(policies=("p",), rows=rows, curves={"p": curves}, seed=1)
    assert study.quantile("p", "clearance").value == times[189]  # the 190th of 199 is the first not passed by 95 %
    assert study.mean("p", "clearance").value == pytest.approx(500.0)
    assert study.mean("p", "clearance").relative > 0.05  # sd 231 s: half-width 32 s of 500 s
    assert study.curve("p").mean == pytest.approx(500.0)
    assert "in 1 of 200 runs of p nobody could walk" in study.warnings[0]


def test_widths_that_cannot_be_told_are_infinite():
    assert Interval(value=0.0, low=0.0, high=0.0).relative == 0.0
    assert Interval(value=10.0, low=9.0, high=11.0).relative == pytest.approx(0.1)
    assert np.isinf(Interval(value=np.inf, low=1.0, high=np.inf).relative)
    assert np.isinf(Interval(value=1.0, low=np.nan, high=np.nan).relative)


def test_the_same_people_are_played_under_every_policy(study, layout):
    """The order comes 110 s later and there is no queue for 50 people: each arrives 110 s later."""
    told = study(layout, None)
    assert len(told) == 12
    assert not told.converged
    difference = told.mean("late", "clearance", against="early")
    assert difference.value == pytest.approx(110.0, abs=0.5)
    assert difference.high - difference.low < 1.0
    assert told.mean("late", "clearance").high - told.mean("late", "clearance").low > 5.0  # alone it scatters
    curve = told.curve("early")
    assert np.all(np.diff(curve.mean) >= 0.0)
    assert np.all((curve.low <= curve.mean) & (curve.mean <= curve.high))
    assert curve.mean[-1] == pytest.approx(told.values("early", "clearance").mean())
    assert told.mean("late", "deaths").value > 0.0
    assert len(told.to_pandas()) == 24


def test_threads_give_the_same_bits(study, layout, tmp_path):
    plain = study(layout, tmp_path / "one.jsonl")
    assert same(plain, study(layout, tmp_path / "two.jsonl", threads=3))
    assert (tmp_path / "one.jsonl").read_bytes() == (tmp_path / "two.jsonl").read_bytes()


@pytest.mark.slow
def test_a_killed_study_goes_on_and_ends_with_the_same_bytes(study, layout, tmp_path):
    whole, broken = tmp_path / "whole.jsonl", tmp_path / "broken.jsonl"
    plain = study(layout, whole)
    program = subprocess.Popen([sys.executable, str(PROGRAM), str(layout), str(broken), "0.1"], cwd=Path.cwd())
    try:
        since = time.monotonic()
        while time.monotonic() - since < 60.0:
            if broken.exists() and broken.read_bytes().count(b"\n") >= 4:
                break
            time.sleep(0.02)
    finally:
        os.kill(program.pid, signal.SIGKILL)
        program.wait()
    left = broken.read_bytes()
    done = left.count(b"\n") - 1
    assert 3 <= done < 12
    assert whole.read_bytes().startswith(left[: left.rfind(b"\n") + 1])  # nothing finished was lost or changed
    assert same(plain, study(layout, broken))
    assert broken.read_bytes() == whole.read_bytes()


def test_a_line_torn_by_the_fall_of_the_power_is_cut_off(study, layout, tmp_path):
    book = tmp_path / "book.jsonl"
    study(layout, book)
    whole = book.read_bytes()
    book.write_bytes(whole[: len(whole) // 2])
    study(layout, book)
    assert book.read_bytes() == whole
    book.write_bytes(whole[:10])  # torn in the first line
    study(layout, book)
    assert book.read_bytes() == whole


def test_the_journal_of_another_study_is_kept(study, layout, tmp_path):
    book = tmp_path / "book.jsonl"
    study(layout, book, width=10.0)
    other = book.read_text().replace('"seed": 5', '"seed": 6')
    book.write_text(other)
    with pytest.raises(ModelError, match="another study"):
        study(layout, book)
    assert book.read_text() == other
    lines = other.replace('"seed": 6', '"seed": 5').splitlines()
    book.write_text("\n".join([lines[0], lines[2], ""]))
    with pytest.raises(ModelError, match="not replication 0"):
        study(layout, book)
    assert json.loads(lines[1])["replication"] == 0


def test_the_rule_stops_when_the_intervals_are_narrow(study, layout):
    """A rule that is met at once stops at the least number; one that cannot be met goes to the most."""
    met = study(layout, None, width=10.0)
    assert (len(met), met.converged, met.warnings) == (5, True, ())
    assert "wider than the rule" in study(layout, None).warnings[0]
    with pytest.raises(ModelError, match="StopRule"):
        StopRule(least=10, most=5)
    with pytest.raises(ModelError, match="0 policies"):
        replicate(lambda s: s, lambda d, p: d, policies=(), seed=1)
