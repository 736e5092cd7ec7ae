"""Speed of the puff field: a plant-sized grid (W1) and a hundred sensors (W2). Nothing is asserted about time.

W1: 30 min of release in a wind that turns every minute, 200 x 200 x 10 cells of 5 m, a frame every 10 s.
W2: the same cloud at 100 sensors, every second.

Two plain programs stand beside it in the same run: an exponential for every cell and puff (straight Numba, measured on
a few frames and scaled by the number of puffs), and writing the array once. The loop is run with a puff every 10 s,
which leaves beads, and for the sensors also with one every second, the coarsest that comes near the same error. Times
are of the processor, one thread. The error is against 0.05-s puffs, the limit of the emission integral, beyond 20 m of
the source. Both cases are run once more with the similarity curves, for which every minute is another state of the
air; their error is against the same cloud from puffs a tenth as far apart.

Last, what a new user waits for: the first field after the installation, when the kernels are compiled, and from the
cache of the compiler.
"""

from __future__ import annotations

import math
import os
import subprocess
import sys
import time

import numpy as np
import pytest
from numba import njit

from dispersion.air import sigma_set
from dispersion.models import model
from plant_models.releases import Release
from plant_models.substances import substance
from twin.weather import Weather, WeatherSeries

pytestmark = pytest.mark.bench

SOURCE = (100.0, 500.0, 5.0)
AXIS, HEIGHTS, FRAMES = 5.0 * np.arange(200), 5.0 * np.arange(10), 10.0 * np.arange(181)
CHECKED = np.array([6, 20, 60, 120, 180])
GRID = np.array([0.0, 0.0, 5.0, 5.0])


def weather(**state):
    rng = np.random.default_rng(0)
    speeds = np.clip(3.5 + np.sin(np.linspace(0, 7, 31)) + 0.3 * rng.standard_normal(31), 2.1, None)
    directions = 250 + 35 * np.sin(np.linspace(0, 9, 31)) + 6 * rng.standard_normal(31)
    state = state or {"stability": "C"}
    base = Weather(wind_speed=3.0, wind_from=270.0, wind_height=5.0, roughness_length=0.1, **state)
    return WeatherSeries.from_wind(base, times=60.0 * np.arange(31), speeds=speeds, directions=directions)


def cloud(series=None, **settings):
    x, y, z = SOURCE
    release = Release.steady(substance("methane"), x=x, y=y, z=z, mass_rate=1.0, duration=1800.0)
    return model("gaussian_puff", **settings).disperse(release, series or weather())


def puffs(t, step):
    """Place, size and mass of one puff every `step` seconds, carried by the current wind."""
    series = weather()
    fine = np.arange(0.0, t + 0.025, 0.05)
    u, v = np.interp(fine, series.times, series.wind_u), np.interp(fine, series.times, series.wind_v)
    sums = [np.concatenate([[0.0], np.cumsum(0.025 * (a[1:] + a[:-1]))]) for a in (u, v, np.hypot(u, v))]
    x, y, path = (s[-1] - np.interp(np.arange(0.5 * step, t, step), fine, s) for s in sums)
    curves = sigma_set("briggs_rural")
    sy, sz = np.hypot(curves.sigma_y("C", path), 0.1), np.hypot(curves.sigma_z("C", path), 0.1)
    return np.column_stack([SOURCE[0] + x, SOURCE[1] + y, sy, sz, np.full(x.size, step)])


@njit
def plain(table, height, xs, ys, zs, out):
    """An exponential for every cell and puff."""
    for p in range(table.shape[0]):
        sy, sz = table[p, 2], table[p, 3]
        top = table[p, 4] / ((2.0 * math.pi) ** 1.5 * sy * sy * sz)
        for k in range(zs.size):
            a, b = (zs[k] - height) / sz, (zs[k] + height) / sz
            for j in range(ys.size):
                e = (ys[j] - table[p, 1]) / sy
                for i in range(xs.size):
                    d = (xs[i] - table[p, 0]) / sy
                    flat = d * d + e * e
                    out[k, j, i] += top * (math.exp(-0.5 * (flat + a * a)) + math.exp(-0.5 * (flat + b * b)))


@njit
def plain_points(table, height, x, y, z, out):
    """An exponential for every sensor and puff."""
    for p in range(table.shape[0]):
        sy, sz = table[p, 2], table[p, 3]
        top = table[p, 4] / ((2.0 * math.pi) ** 1.5 * sy * sy * sz)
        for m in range(x.size):
            a, b = (z[m] - height) / sz, (z[m] + height) / sz
            d, e = (x[m] - table[p, 0]) / sy, (y[m] - table[p, 1]) / sy
            flat = d * d + e * e
            out[m] += top * (math.exp(-0.5 * (flat + a * a)) + math.exp(-0.5 * (flat + b * b)))


@njit
def limit(table, height, xs, ys, zs, out):
    """The same with everything beyond eight standard deviations left out, for a puff every 0.05 s."""
    flat = np.zeros((ys.size, xs.size))
    for p in range(table.shape[0]):
        sy, sz = table[p, 2], table[p, 3]
        top = table[p, 4] / ((2.0 * math.pi) ** 1.5 * sy * sy * sz)
        for k in range(zs.size):
            a, b = (zs[k] - height) / sz, (zs[k] + height) / sz
            rise = top * (math.exp(-0.5 * a * a) + math.exp(-0.5 * b * b))
            for j in range(ys.size):
                e = (ys[j] - table[p, 1]) / sy
                if abs(e) > 8.0:
                    continue
                for i in range(xs.size):
                    d = (xs[i] - table[p, 0]) / sy
                    if k == 0 and abs(d) <= 8.0:
                        flat[j, i] = math.exp(-0.5 * (d * d + e * e))
                    if abs(d) <= 8.0:
                        out[k, j, i] += rise * flat[j, i]


def cpu(work, rounds=3):
    work()
    best = math.inf
    for _ in range(rounds):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


def show(request, benchmark, lines):
    """Keep the numbers with the benchmark and print them whatever the capture mode."""
    benchmark.extra_info.update(lines)
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        print()  # noqa: T201
        for name, value in lines.items():
            print(f"    {name}: {value}")  # noqa: T201


def test_w1_field(benchmark, request):
    solution = cloud().solution
    out = np.zeros((FRAMES.size, HEIGHTS.size, AXIS.size, AXIS.size))

    def run():
        out.fill(0.0)
        solution.add_frames(GRID, HEIGHTS, FRAMES, out)

    benchmark.pedantic(run, rounds=3, warmup_rounds=1)
    ours = cpu(run)
    true = np.zeros((CHECKED.size, *out.shape[1:]))
    for k, frame in enumerate(CHECKED):
        limit(puffs(FRAMES[frame], 0.05), SOURCE[2], AXIS, AXIS, HEIGHTS, true[k])
    far = np.hypot(AXIS[None, :] - SOURCE[0], AXIS[:, None] - SOURCE[1]) > 20.0
    peak = (true * far).max()
    error = np.abs(out[CHECKED] - true) * far
    rich = (true > 1e-3 * peak) & far
    relative = (error / np.where(rich, true, 1.0))[rich]

    some, layer = [30, 90, 150], np.zeros(out.shape[1:])
    tables = {k: puffs(FRAMES[k], 10.0) for k in some}
    plain(tables[30][:1], SOURCE[2], AXIS, AXIS, HEIGHTS, layer)
    start = time.process_time()
    for k in some:
        plain(tables[k], SOURCE[2], AXIS, AXIS, HEIGHTS, layer)
    per_puff = (time.process_time() - start) / sum(len(t) for t in tables.values())
    loop = per_puff * sum(len(puffs(t, 10.0)) for t in FRAMES)
    write = cpu(lambda: out.fill(1.0))
    used = np.mean([len(solution.tracks[0].nodes(t)) for t in FRAMES])
    lines = {
        "W1 CPU time": f"{ours * 1e3:.0f} ms, {used:.0f} puffs a frame",
        "cell values per second": f"{out.size / ours:.3g}",
        "against a loop with an exponential per cell and 10-s puff": f"{loop / ours:.0f} x faster ({loop:.0f} s)",
        "against writing the array once": f"{ours / write:.1f} x the time ({write * 1e3:.0f} ms)",
        "largest error over peak beyond 20 m": f"{error.max() / peak:.1e}",
        "median relative error where c > 1e-3 peak": f"{np.median(relative):.1e}",
        "99th percentile of it": f"{np.quantile(relative, 0.99):.1e}",
    }
    show(request, benchmark, lines)
    assert error.max() <= 1.5e-3 * peak


def sensors():
    return np.random.default_rng(1).uniform(0.0, 995.0, (2, 100)), np.random.default_rng(2).uniform(1.0, 5.0, 100)


def loop_of_sensors(step):
    """CPU time of the plain loop over all 1801 seconds, from every twentieth."""
    place, height = sensors()
    tables, out = [puffs(float(t), step) for t in range(0, 1801, 20)], np.zeros(100)
    plain_points(tables[-1], SOURCE[2], *place, height, out)
    begin = time.process_time()
    for table in tables:
        plain_points(table, SOURCE[2], *place, height, out)
    return (time.process_time() - begin) * 1801 / len(tables)


def test_w2_sensors(benchmark, request):
    one = cloud()
    place, height = sensors()
    seconds = np.arange(1801.0)[:, None]

    def run():
        return one.concentration(place[0], place[1], height, seconds)

    benchmark.pedantic(run, rounds=3, warmup_rounds=1)
    ours = cpu(run)
    found = run()
    rows = np.arange(60, 1801, 348)
    true, seconds_apart = np.zeros((rows.size, 100)), np.zeros((rows.size, 100))
    cell = np.zeros((1, 1, 1))
    for k, row in enumerate(rows):
        table = puffs(float(row), 0.05)
        for m in range(100):
            cell[:] = 0.0
            limit(table, SOURCE[2], place[0, m : m + 1], place[1, m : m + 1], height[m : m + 1], cell)
            true[k, m] = cell[0, 0, 0]
        plain_points(puffs(float(row), 1.0), SOURCE[2], *place, height, seconds_apart[k])
    error = np.abs(found[rows] - true).max() / true.max()
    coarse = np.abs(seconds_apart - true).max() / true.max()
    loops = {step: loop_of_sensors(step) for step in (10.0, 1.0)}
    lines = {
        "W2 CPU time": f"{ours * 1e3:.0f} ms for 1801 x 100",
        "against the loop with 10-s puffs": f"{loops[10.0] / ours:.1f} x faster ({loops[10.0] * 1e3:.0f} ms)",
        f"against the loop with 1-s puffs (error {coarse:.1e})": (
            f"{loops[1.0] / ours:.0f} x faster ({loops[1.0] * 1e3:.0f} ms)"
        ),
        "point values per second": f"{found.size / ours:.3g}",
        "largest error over peak": f"{error:.1e}",
    }
    show(request, benchmark, lines)
    assert error <= 1.5e-3


def test_similarity(benchmark, request):
    series = weather(obukhov_length=-50.0, mixing_height=800.0)
    begin = time.process_time()
    one, fine = cloud(series), cloud(series, node_spacing=0.05)
    built = (time.process_time() - begin) / 2.0
    place, height = sensors()
    seconds, out = np.arange(1801.0)[:, None], np.zeros((FRAMES.size, HEIGHTS.size, AXIS.size, AXIS.size))

    def field():
        out.fill(0.0)
        one.solution.add_frames(GRID, HEIGHTS, FRAMES, out)

    def points():
        return one.concentration(place[0], place[1], height, seconds)

    benchmark.pedantic(field, rounds=2, warmup_rounds=1)
    times = cpu(field), cpu(points)
    true = np.zeros((CHECKED.size, *out.shape[1:]))
    fine.solution.add_frames(GRID, HEIGHTS, FRAMES[CHECKED], true)
    far = np.hypot(AXIS[None, :] - SOURCE[0], AXIS[:, None] - SOURCE[1]) > 20.0
    error = (np.abs(out[CHECKED] - true) * far).max() / (true * far).max()
    at_points = fine.concentration(place[0], place[1], height, seconds[::20])
    error_at_points = np.abs(points()[::20] - at_points).max() / at_points.max()
    lines = {
        "similarity, 31 states of the air, built in": f"{built * 1e3:.0f} ms",
        "W1 with it": f"{times[0] * 1e3:.0f} ms, error over peak {error:.1e}",
        "W2 with it": (
            f"{times[1] * 1e3:.0f} ms, error over peak {error_at_points:.1e}, "
            f"{loop_of_sensors(1.0) / times[1]:.0f} x faster than the loop with 1-s puffs"
        ),
    }
    show(request, benchmark, lines)
    assert max(error, error_at_points) <= 1.5e-3


FIRST = """
import time
begin = time.perf_counter()
import twin
from dispersion import model
from plant_models import Release, substance
weather = twin.Weather(wind_speed=3.0, wind_from=270.0, wind_height=10.0, stability="D", roughness_length=0.1)
release = Release.steady(substance("ammonia"), x=0.0, y=0.0, z=1.0, mass_rate=1.0, duration=600.0)
field = model("gaussian_puff").disperse(release, weather).field(times=[100.0, 300.0])
assert field.values.max() > 0.0
print(time.perf_counter() - begin, time.process_time())
"""


def test_first_field(benchmark, request, tmp_path):
    """A new process: kernels compiled, then taken from the cache of the compiler."""
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}

    def run():
        done = subprocess.run(
            [sys.executable, "-c", FIRST], env=environment, capture_output=True, text=True, check=True
        )  # fmt: skip
        return [float(word) for word in done.stdout.split()]

    cold = run()
    warm = min(run() for _ in range(3))
    benchmark.pedantic(run, rounds=1)
    lines = {
        "first field after the installation": f"{cold[0]:.1f} s ({cold[1]:.1f} s of the processor)",
        "first field from the cache": f"{warm[0]:.2f} s ({warm[1]:.2f} s of the processor)",
    }
    show(request, benchmark, lines)
