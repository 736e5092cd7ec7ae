"""Faults found in other evacuation programs, each as a test that it is not here.

Where a fault has a fuller test elsewhere, this is the short form: reported times with casualties, falls during the
premovement, slowing that outlasts the gas, oxygen at ambient air, banked door capacity, full rings, runs that did not
end, N / C against (N - 1) / C, and the same bits from threads and slices.
"""

from __future__ import annotations

import hashlib
import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from evacuation import Group, Order, Tolerance, asphyxiant_rate, evacuate, populate
from evacuation.walking import Engine, Links, Walking
from plant_models import substance
from twin import Streams

CHLORINE = substance("chlorine")
LEAVE = [Order(time=0.0, action="evacuate")]


def gassed(park, weather, hazard, *, seed=1, step=1.0):
    groups = [Group(name="yard", place="YD-1", count=150), Group(name="ops", place="CR-1", count=30, indoors=True)]
    people = populate(park, groups, Streams(seed))
    return evacuate(
        park, people, orders=LEAVE, hazard=hazard, substance=CHLORINE, weather=weather, horizon=3600.0,
        tolerance=Tolerance(), time_step=step,
    )  # fmt: skip


def digest(result):
    arrays = result.arrival_time, result.load, result.incapacitated_time, result.death_time, result.state
    return hashlib.sha256(b"".join(a.tobytes() for a in arrays)).hexdigest()


def test_the_reported_time_is_of_the_last_mobile_person_and_never_a_success_with_people_left(park, weather, uniform):
    result = gassed(park, weather, uniform(2e-3))
    fell, there = np.isfinite(result.incapacitated_time), np.isfinite(result.arrival_time)
    assert (fell & ~there).any()
    assert there.any()
    assert result.clearance_time == result.arrival_time[there].max() < 3600.0  # not the time limit
    assert result.unaccounted(3600.0) == (~there).sum() > 0
    assert "evacuation.complete" not in {name for _, name, _ in result.events}


def test_a_fall_is_never_undone(park, weather, uniform):
    """Whoever lies does not walk: no arrival after the fall but at the muster point itself."""
    result = gassed(park, weather, uniform(2e-3, 0.0, 90.0))
    down = result.incapacitated_time < np.minimum(result.arrival_time, np.inf)
    fallen = np.isfinite(result.incapacitated_time) & down
    assert fallen.any()
    assert np.isinf(result.arrival_time[fallen]).all()


def test_oxygen_of_plain_air_gives_no_dose():
    assert asphyxiant_rate(o2=20.9) == 0.0


def test_a_door_lets_n_minus_one_over_c():
    """100 people through a door of 0.931 a second: the last passes 99 / 0.931 s after the first, not 100 / 0.931."""
    net = Links(length=np.array([1e-6]), width=np.array([1e6]), capacity=np.array([0.931]), stairs=np.zeros(1, bool))
    made = Engine(net, onward=np.array([[-1]]), speed=np.ones(100), horizon=1e4)
    made.start(np.arange(100), time=np.zeros(100), link=np.zeros(100, np.int64), destination=np.zeros(100, np.int64))
    made.advance(1e4)
    out = np.sort(made.arrival)
    assert out[-1] - out[0] == pytest.approx(99.0 / 0.931, rel=1e-9)


def test_a_dense_start_does_not_double_the_time():
    """Four full links in a row, out by the last: the exit sets the time, not the density at the start.

    That rings of full links dissolve is tested with the engine (`test_walking`).
    """
    net = Links(
        length=np.full(4, 10.0), width=np.full(4, 2.0), capacity=np.array([2.2, 2.2, 2.2, 1.0]),
        stairs=np.zeros(4, bool), store=np.full(4, 20),
    )  # fmt: skip
    made = Engine(net, onward=np.array([[1, 2, 3, -1]]), speed=np.full(80, 1.2), horizon=3600.0, walking=Walking())
    first = np.repeat(np.arange(4), 20)
    made.start(np.arange(80), time=np.zeros(80), link=first, destination=np.zeros(80, np.int64))
    made.advance(3600.0)
    assert np.isfinite(made.arrival).all()
    # 79 headways of the way out and the walk from the far end, at most the slowest of the law: 40 m at 0.38 m/s
    assert 79.0 / 1.0 <= made.arrival.max() <= 79.0 / 1.0 + 40.0 / 0.38


def test_a_run_that_did_not_finish_is_infinite(park):
    people = populate(park, [Group(name="yard", place="YD-1", count=20)], Streams(1))
    assert math.isinf(evacuate(park, people, orders=LEAVE, horizon=70.0).clearance_time)


def test_the_same_seed_gives_the_same_bits_in_runs_threads_and_slices(park, weather, uniform):
    hazard = uniform(2e-3)
    plain = digest(gassed(park, weather, hazard))
    assert {digest(gassed(park, weather, hazard, step=step)) for step in (1.0, 0.25, 13.0, 3600.0)} == {plain}
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: digest(gassed(park, weather, hazard)), range(4)))
    assert set(found) == {plain}
    assert digest(gassed(park, weather, hazard, seed=2)) != plain
