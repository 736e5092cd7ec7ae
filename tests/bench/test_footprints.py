"""Speed of an exceedance map (W5): 10 000 weathers and leaks on 200 x 200 cells. Nothing is asserted about time.

Two plain programs stand beside it in the same run: NumPy, a field of exponentials for each sample (measured on 300
samples), and straight Numba with an exponential in every cell (on 1000). Times are of the processor, one thread. The
deviation is against the exponential in every cell, all samples.
"""

from __future__ import annotations

import math
import time

import numpy as np
import pytest
from numba import njit

from dispersion.air import CLASSES, sigma_set
from dispersion.ensemble import exceedance

pytestmark = pytest.mark.bench

N, LIMIT, HEIGHT = 10_000, 1e-5, 2.0
BOUNDS, STEP = (-1000.0, -1000.0, 990.0, 990.0), 10.0


def samples():
    rng = np.random.default_rng(0)
    return {
        "wind_speed": 1.5 + 3.5 * rng.weibull(2.0, N),
        "wind_from": rng.uniform(0.0, 360.0, N),
        "stability": list(rng.choice(list(CLASSES), N, p=[0.05, 0.1, 0.2, 0.4, 0.15, 0.1])),
        "mass_rate": rng.lognormal(0.0, 0.8, N),
    }


def run(given):
    return exceedance(
        **given, threshold=LIMIT, source=(0.0, 0.0, HEIGHT), bounds=BOUNDS, spacing=STEP, height=0.0, wind_height=HEIGHT
    )


def with_numpy(given, x, y, count):
    """Cells over the limit, summed over the first `count` samples."""
    curves, total = sigma_set("briggs_rural"), np.zeros((y.size, x.size))
    east, north = np.meshgrid(x, y)
    for k in range(count):
        angle, c = math.radians(given["wind_from"][k]), given["stability"][k]
        u, v = -math.sin(angle), -math.cos(angle)
        s, n = east * u + north * v, north * u - east * v
        d = np.maximum(s, 0.0)
        sy, sz = np.hypot(curves.sigma_y(c, d), 0.1), np.hypot(curves.sigma_z(c, d), 0.1)
        top = given["mass_rate"][k] / (math.pi * given["wind_speed"][k] * sy * sz)
        total += (top * np.exp(-0.5 * (n / sy) ** 2 - 0.5 * (HEIGHT / sz) ** 2) >= LIMIT) & (s >= 0.0)
    return total


@njit
def with_exponentials(table, fine, speed, rate, kind, angle, x, y, out):
    """The same in straight Numba; sigmas from a table of a metre, which is what its cells are good for."""
    for k in range(speed.size):
        u, v = -math.sin(angle[k]), -math.cos(angle[k])
        for j in range(y.size):
            for i in range(x.size):
                s, n = x[i] * u + y[j] * v, y[j] * u - x[i] * v
                if s >= 0.0:
                    place = s / fine
                    m = int(place)
                    f = place - m
                    sy = table[0, kind[k], m] + f * (table[0, kind[k], m + 1] - table[0, kind[k], m])
                    sz = table[1, kind[k], m] + f * (table[1, kind[k], m + 1] - table[1, kind[k], m])
                    e = n / sy
                    h = HEIGHT / sz
                    if rate[k] / (math.pi * speed[k] * sy * sz) * math.exp(-0.5 * (e * e + h * h)) >= LIMIT:
                        out[j, i] += 1.0


def cpu(work, rounds=3):
    took = []
    for _ in range(rounds):
        start = time.process_time()
        work()
        took.append(time.process_time() - start)
    return min(took)


def test_w5_exceedance(benchmark, request):
    given = samples()
    found = run(given)
    benchmark.pedantic(lambda: run(given), rounds=3, warmup_rounds=1)
    ours = cpu(lambda: run(given), 5)
    plain = cpu(lambda: with_numpy(given, found.x, found.y, 300), 1) / 300

    curves, distance = sigma_set("briggs_rural"), 0.25 * np.arange(6000)
    growth = (curves.sigma_y, curves.sigma_z)
    table = np.array([[np.hypot(sigma(c, distance), 0.1) for c in CLASSES] for sigma in growth])
    kind = np.array([CLASSES.index(c) for c in given["stability"]])
    angle = np.radians(given["wind_from"])
    total = np.zeros(found.probability.shape)
    columns = (given["wind_speed"], given["mass_rate"], kind, angle)
    with_exponentials(table, 0.25, *(a[:10] for a in columns), found.x, found.y, total)
    loop = cpu(lambda: with_exponentials(table, 0.25, *(a[:1000] for a in columns), found.x, found.y, total), 1) / 1000
    total[:] = 0.0
    with_exponentials(table, 0.25, *columns, found.x, found.y, total)
    off = np.abs(found.probability - total / N).max()
    lines = {
        "W5 CPU time": f"{ours * 1e3:.0f} ms for {N} samples on 200 x 200",
        "samples per second": f"{N / ours:.3g}",
        "against NumPy": f"{plain * N / ours:.0f} x faster ({1 / plain:.0f} samples/s)",
        "against Numba with an exponential in every cell": f"{loop * N / ours:.0f} x faster ({1 / loop:.0f} samples/s)",
        "largest deviation of the probability": f"{off:.1e}",
    }
    benchmark.extra_info.update(lines)
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        print()  # noqa: T201
        for name, value in lines.items():
            print(f"    {name}: {value}")  # noqa: T201
    assert off <= 1e-3
