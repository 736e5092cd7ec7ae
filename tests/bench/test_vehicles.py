"""Speed of cars: 10 000 vehicles on a grid of 960 roads."""

from __future__ import annotations

import numpy as np
import pytest

from evacuation.vehicles import Road, drive

pytestmark = pytest.mark.bench

SIDE = 16  # 2 * 2 * 16 * 15 = 960 directed roads


def grid():
    made = []
    for x in range(SIDE):
        for y in range(SIDE):
            for u, v in ((x + 1, y), (x, y + 1)):
                if u < SIDE and v < SIDE:
                    ends = f"{x},{y}", f"{u},{v}"
                    made += [
                        Road(tag=f"{a} {b}", start=a, end=b, length=400.0, lanes=1, speed=12.0)
                        for a, b in (ends, ends[::-1])
                    ]
    return made


def test_ten_thousand_vehicles_leave_a_town(benchmark):
    rng = np.random.default_rng(1)
    origin = [f"{x},{y}" for x, y in rng.integers(1, SIDE - 1, (10_000, 2))]
    departure, safe = rng.uniform(0.0, 1800.0, 10_000), [f"0,{y}" for y in range(SIDE)]
    roads = grid()
    arrival = benchmark(drive, roads, origin=origin, departure=departure, safe=safe)
    assert len(roads) == 960
    assert np.isfinite(arrival).all()
