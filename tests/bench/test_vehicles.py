"""Speed of cars on a road grid; a record, not a pass mark."""

from __future__ import annotations

import numpy as np
import pytest

from evacuation import Road, Traffic


@pytest.mark.bench
def test_ten_thousand_cars_on_a_thousand_roads(benchmark):
    """16 x 16 crossings 200 m apart, 960 roads, everybody out to two sides."""
    n, rng = 16, np.random.default_rng(1)
    pairs = [((i, j), (i + a, j + b)) for i in range(n) for j in range(n) for a, b in ((1, 0), (0, 1))]
    pairs = [(a, b) for a, b in pairs if max(b) < n]
    roads = [
        Road(tag=f"{s}{e}", start=str(s), end=str(e), length=200.0, lanes=1, speed=10.0)
        for a, b in pairs
        for s, e in ((a, b), (b, a))
    ]
    origin = [str((int(i), int(j))) for i, j in rng.integers(1, n - 1, (10_000, 2))]
    safe = [str((i, k)) for i in (0, n - 1) for k in range(n)]
    departure = rng.uniform(0.0, 600.0, 10_000)

    def run():
        traffic = Traffic(roads, origin=origin, departure=departure, safe=safe, horizon=36000.0)
        traffic.advance(36000.0)
        return traffic.arrival

    assert np.isfinite(benchmark(run)).all()
