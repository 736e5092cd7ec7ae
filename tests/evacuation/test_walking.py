"""The link network against standards, hand calculations, conservation laws and a plain reference."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evacuation.walking import Engine, Links, Walking
from twin.errors import ModelError


@pytest.fixture
def bounds(table):
    return {name: (float(row["low"]), float(row["high"])) for name, row in table.items()}


def links(length, width, capacity, store=None):
    n = len(length)
    return Links(
        length=np.array(length, float),
        width=np.array(width, float),
        capacity=np.array(capacity, float),
        stairs=np.zeros(n, bool),
        store=None if store is None else np.array(store, np.int64),
    )


def engine(net, onward, *, speeds, starts, first, goal=None, horizon=1e4, walking=None):
    n = len(speeds)
    made = Engine(
        net, onward=np.array(onward, np.int64), speed=np.array(speeds, float), horizon=horizon, walking=walking
    )
    made.start(
        np.arange(n),
        time=np.array(starts, float),
        link=np.array(first, np.int64),
        destination=np.zeros(n, np.int64) if goal is None else np.array(goal, np.int64),
    )
    return made


def single(length, width, capacity, people, speed):
    """Arrivals of people who start together on one link. No storage limit: the queue is the subject."""
    net = links([length], [width], [capacity], [10**6])
    made = engine(net, [[-1]], speeds=[speed] * people, starts=[0.0] * people, first=[0] * people)
    made.advance(1e4)
    return np.sort(made.arrival)


def test_imo_1_corridor(bounds):
    low, high = bounds["IMO-01"]
    assert low <= single(40.0, 2.0, 2.21, 1, 1.0)[-1] <= high  # exact: there is no time step


def test_rimea_1_corridor(bounds):
    low, high = bounds["RIMEA-01"]
    assert low <= single(40.0, 2.0, 2.21, 1, 1.33)[-1] <= high


@pytest.mark.parametrize(("row", "capacity", "people"), [("DOOR-100", 0.931, 100), ("OPEN-50", 0.78, 50)])
def test_door_lets_n_minus_one_over_c(bounds, row, capacity, people):
    # 0.01 s: the table is rounded to that. A link of no length and huge width is a bare door.
    assert single(1e-9, 1e9, capacity, people, 1.0)[-1] == pytest.approx(bounds[row][0], abs=0.01)


def test_imo_4_door_flow(bounds):
    times = single(1e-9, 1e9, float(Walking().capacity(np.array([1.0]), np.array([False]))[0]), 100, 1.0)
    assert 99.0 / (times[-1] - times[0]) <= bounds["IMO-04"][1]


def test_sfpe_congested_walk(bounds):
    # exit flow without limit: the speed law alone. The last sees 199 people on 100 m².
    low, high = bounds["SFPE-COR"]
    assert low <= single(20.0, 5.0, 1e9, 200, 2.0)[-1] <= high


def test_sfpe_unimpeded_speed(bounds):
    law = Walking()
    low, high = bounds["SFPE-S"]
    assert low <= law.speed_constant * (1.0 - law.density_slope * law.free_density) <= high


def test_stairs_slow_a_lone_person_down():
    # 1.08 (1 - 0.266 x 0.54) = 0.92487 m/s on stairs of 7 x 11 in, whatever the own speed
    net = Links(length=np.array([10.0]), width=np.array([1.2]), capacity=np.array([1.0]), stairs=np.array([True]))
    made = engine(net, [[-1]], speeds=[2.0], starts=[0.0], first=[0])
    made.advance(100.0)
    assert made.arrival[0] == pytest.approx(10.0 / (1.08 * (1.0 - 0.266 * 0.54)), rel=1e-12)


def test_fast_people_pass_only_where_there_is_room():
    for width, order in ((1.4, [1, 0]), (1.0, [0, 1])):
        net = links([100.0], [width], [5.0])
        made = engine(net, [[-1]], speeds=[0.8, 1.6], starts=[0.0, 10.0], first=[0, 0])
        made.advance(1e3)
        assert np.argsort(made.arrival).tolist() == order


def test_capacity_is_not_banked_while_blocked():
    # Link 1 holds one person and needs 50 s; ten people wait on link 0 (0.5 a second). Were capacity banked, several
    # would leave link 0 at once when link 1 opens; and no interval of length t may pass more than 1 + C t.
    net = links([1.0, 50.0], [2.0, 2.0], [0.5, 10.0], [100, 1])
    law = Walking(stuck_time=1e9)
    made = engine(net, [[1, -1]], speeds=[1.0] * 10, starts=[0.0] * 10, first=[0] * 10, walking=law)
    made.advance(1e4)
    left = np.sort(made.crossings().times[made.crossings().link == 0, 2])
    assert np.allclose(np.diff(left), 50.0)  # one in, one out
    opened = links([1.0, 50.0], [2.0, 2.0], [0.5, 10.0], [100, 5])
    made = engine(opened, [[1, -1]], speeds=[1.0] * 10, starts=[0.0] * 10, first=[0] * 10, walking=law)
    made.advance(1e4)
    left = np.sort(made.crossings().times[made.crossings().link == 0, 2])
    for i in range(len(left)):
        for j in range(i + 1, len(left)):
            assert j - i + 1 <= 1.0 + 0.5 * (left[j] - left[i]) + 1e-9  # rounding only


def test_spillback_fills_the_link_before():
    # 30 people through a store of 4 and an exit of one person in 10 s: link 1 never holds more than 4, the rest wait.
    net = links([10.0, 10.0], [2.0, 2.0], [10.0, 0.1], [100, 4])
    made = engine(net, [[1, -1]], speeds=[1.2] * 30, starts=[0.0] * 30, first=[0] * 30, walking=Walking(stuck_time=1e9))
    for t in range(1, 250):
        made.advance(float(t))
        assert made.on_link[1] <= 4
    made.advance(1e4)
    assert made.forced == 0
    assert np.allclose(np.diff(np.sort(made.arrival)), 10.0)


def test_ring_of_full_links_dissolves():
    # Four links in a ring, each full of people who want to go two links on: nobody could ever move without the rule.
    ring, out = [1, 2, 3, 0], [4, 5, 6, 7]
    net = links([5.0] * 4 + [5.0] * 4, [1.0] * 8, [5.0] * 8, [2] * 4 + [10] * 4)
    onward = [[ring[k] if (k + 2) % 4 != goal else out[ring[k]] for k in range(4)] + [-1] * 4 for goal in range(4)]
    # goal g is reached through the exit behind link (g + 3) % 4; each person passes at least one further link first
    first = [k for k in range(4) for _ in range(2)]
    goal = [k for k in range(4) for _ in range(2)]
    made = engine(net, onward, speeds=[1.2] * 8, starts=[0.0] * 8, first=first, goal=goal)
    made.advance(1e4)
    assert np.isfinite(made.arrival).all()
    assert made.forced >= 1
    assert made.arrival.min() >= 60.0  # the stuck time has passed once


def grid(rng, side, people):
    """Random grid network, everybody to one corner."""
    tail, head = [], []
    for y in range(side):
        for x in range(side):
            u = y * side + x
            for v in ([u + 1] if x + 1 < side else []) + ([u + side] if y + 1 < side else []):
                tail += [u, v]
                head += [v, u]
    tail, head = np.array(tail), np.array(head)
    n = tail.size
    net = links(
        np.repeat(rng.uniform(3.0, 30.0, n // 2), 2),
        np.repeat(rng.uniform(0.9, 2.0, n // 2), 2),
        np.repeat(rng.uniform(0.2, 1.5, n // 2), 2),
        rng.integers(2, 12, n),
    )
    distance = (side - 1 - tail % side) + (side - 1 - tail // side)
    best = {}
    for link in range(n):
        if distance[link] > (side - 1 - head[link] % side) + (side - 1 - head[link] // side):
            best.setdefault(int(tail[link]), link)
    onward = [[best.get(int(v), -1) for v in head]]
    first = [best[int(v)] for v in rng.integers(0, side * side - 1, people)]
    return net, onward, first, rng.uniform(0.6, 1.9, people), rng.uniform(0.0, 30.0, people).round(1)


@pytest.mark.parametrize("seed", range(6))
def test_kernel_equals_the_plain_reference(reference, seed):
    rng = np.random.default_rng(seed)
    net, onward, first, speeds, starts = grid(rng, 4, 150)
    law = Walking(stuck_time=4.0)  # short, so that squeezing in is exercised as well as waiting
    made = engine(net, onward, speeds=speeds, starts=starts, first=first, horizon=4000.0, walking=law)
    made.advance(4000.0)
    roads = [
        reference.Road(float(a), float(b), float(c), int(d))
        for a, b, c, d in zip(net.length, net.width, net.capacity, net.store, strict=True)
    ]
    arrival, walked = reference.simulate(
        roads,
        onward,
        speeds=speeds.tolist(),
        starts=starts.tolist(),
        first=first,
        goal=[0] * 150,
        horizon=4000.0,
        stuck=4.0,
    )
    assert np.array_equal(made.arrival, arrival)  # same arithmetic in the same order: the same bits
    told = made.crossings()
    mine = [
        (i, int(told.link[r]), *told.times[r].tolist())
        for i in range(150)
        for r in range(told.first[i], told.first[i + 1])
    ]
    finished = [row for row in mine if np.isfinite(row[4])]
    assert finished == sorted(walked, key=lambda row: (row[0], row[2]))
    assert made.forced > 0


def test_slices_give_the_same_bits():
    net, onward, first, speeds, starts = grid(np.random.default_rng(1), 5, 300)
    whole = engine(net, onward, speeds=speeds, starts=starts, first=first, horizon=2000.0)
    whole.advance(2000.0)
    sliced = engine(net, onward, speeds=speeds, starts=starts, first=first, horizon=2000.0)
    for t in np.arange(1, 2001) * 1.0:
        sliced.advance(float(t))
    a, b = whole.crossings(), sliced.crossings()
    assert whole.arrival.tobytes() == sliced.arrival.tobytes()
    assert a.times.tobytes() == b.times.tobytes()
    assert a.link.tobytes() == b.link.tobytes()


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), people=st.integers(1, 80), until=st.floats(0.0, 400.0))
def test_nobody_is_lost(seed, people, until):
    rng = np.random.default_rng(seed)
    net, onward, first, speeds, starts = grid(rng, 3, people)
    made = engine(net, onward, speeds=speeds, starts=starts, first=first, horizon=1000.0)
    made.advance(until)
    begun = int((starts <= until).sum())
    assert made.arrived + made.walking == begun
    told = made.crossings()
    assert (told.times[:, 1] >= told.times[:, 0]).all()
    assert (told.times[:, 2] >= told.times[:, 1]).all()
    for i in range(people):  # each way is a chain: one link is left when the next is entered
        rows = slice(told.first[i], told.first[i + 1])
        assert np.array_equal(told.times[rows, 2][:-1], told.times[rows, 0][1:])
        assert [onward[0][k] for k in told.link[rows][:-1]] == told.link[rows][1:].tolist()


def test_links_never_pass_more_than_their_capacity():
    net, onward, first, speeds, starts = grid(np.random.default_rng(3), 5, 400)
    made = engine(net, onward, speeds=speeds, starts=starts, first=first, horizon=5000.0)
    made.advance(5000.0)
    told = made.crossings()
    for link in np.unique(told.link):
        left = np.sort(told.times[(told.link == link) & np.isfinite(told.times[:, 2]), 2])
        assert (np.diff(left) >= 1.0 / net.capacity[link] - 1e-9).all()  # rounding only


def test_redirected_people_turn_at_the_next_junction():
    # 0 -> node -> 1 (goal 0) or 2 (goal 1); redirected on link 0
    net = links([20.0, 10.0, 30.0], [2.0] * 3, [2.0] * 3)
    made = engine(net, [[1, -1, -1], [2, -1, -1]], speeds=[1.0], starts=[0.0], first=[0])
    made.advance(5.0)
    made.redirect(np.array([0]), np.array([1]))
    made.advance(1e3)
    assert made.arrival[0] == pytest.approx(50.0, abs=1e-12)


def test_constants_must_make_sense():
    with pytest.raises(ModelError, match="stuck_time"):
        Walking(stuck_time=-1.0)
    made = engine(links([1.0], [1.0], [1.0]), [[-1]], speeds=[1.0], starts=[0.0], first=[0], horizon=10.0)
    with pytest.raises(ModelError, match="horizon"):
        made.advance(11.0)
