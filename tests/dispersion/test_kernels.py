"""Kernels against plain NumPy oracles."""

from __future__ import annotations

import math

import numpy as np
import pytest

from dispersion._kernels import puffs as kernels
from dispersion.gaussian_puff import GaussianPuff
from twin.weather import WeatherSeries


def _puffs(n=20, seed=3):
    rng = np.random.default_rng(seed)
    place = rng.uniform(0.0, 400.0, (n, 2))
    return np.column_stack(
        [
            place,
            rng.uniform(0.5, 8.0, n),
            rng.uniform(3.0, 40.0, n),
            rng.uniform(2.0, 20.0, n),
            rng.uniform(0.1, 2.0, n),
        ]
    )


@pytest.mark.parametrize("lid", [math.inf, 30.0])
@pytest.mark.parametrize("count", [1, 8, 20])
def test_grid_sum_is_the_sum_of_puffs(kit, lid, count):
    puffs, reach = _puffs(count), 12.0  # 12 sigma: what is cut is below 1e-31
    x, y, z = 10.0 * np.arange(300), 12.0 * np.arange(30), np.array([0.0, 1.5, 25.0])  # 300 > one stride of 256
    out = np.zeros((3, 30, 300))
    work = np.zeros(kernels.LANES * kernels.STRIDE), np.zeros((30, kernels.LANES)), np.zeros((3, kernels.LANES))
    kernels.add_nodes(puffs, count, np.array([0.0, 0.0, 10.0, 12.0]), z, lid, reach, out, *work)
    want = np.zeros_like(out)
    for px, py, h, sy, sz, mass in puffs:
        for k in range(3):
            rise = kit.one_puff(0.0, 0.0, z[k], h, 1.0, sz, lid) * (2 * np.pi)
            bell = np.exp(-0.5 * ((x[None] - px) ** 2 + (y[:, None] - py) ** 2) / sy**2) / (2 * np.pi * sy**2)
            want[k] += mass * bell * rise
    # Eight products are added in another order than the oracle's: a few rounding errors of the largest term.
    np.testing.assert_allclose(out, want, rtol=1e-11, atol=1e-13 * want.max())


@pytest.mark.parametrize("ratio", [0.01, 0.04, 0.06, 0.2, 0.499, 0.501, 0.8, 2.0, 10.0])
@pytest.mark.parametrize("h", [0.0, 3.0, 50.0, 99.0, 100.0])
def test_vertical_sum_with_a_lid(kit, ratio, h):
    lid, sz = 100.0, 100.0 * ratio
    for z in (0.0, 1.5, 40.0, 97.0, 100.0):
        want = kit.one_puff(0.0, 0.0, z, h, 1.0, sz, lid, terms=400) * 2 * np.pi
        # The terms left out are below 1e-10 of the largest in either form.
        assert kernels.vertical(z, h, sz, lid) == pytest.approx(want, rel=1e-9, abs=1e-9 / lid)
    assert kernels.vertical(101.0, h, sz, lid) == 0.0
    assert kernels.vertical(-0.1, h, sz, lid) == 0.0


def test_deep_cloud_is_well_mixed():
    assert kernels.vertical(12.0, 40.0, 500.0, 100.0) == pytest.approx(1 / 100.0, rel=1e-12)


def test_travel_and_its_inverse(kit):
    series = kit.turning(5)
    track = GaussianPuff().disperse(kit.release(z=2.0), series).solution.tracks[0]
    for t in (-50.0, 0.0, 17.3, 60.0, 200.0, 599.0, 600.0, 900.0):
        x, y, length = kernels.travel(track.wind, t)
        # Independent integral of the interpolated wind vector, midpoints of 1 ms steps.
        step = 1e-3 if t >= 0 else -1e-3
        s = np.arange(0.0, t, step) + step / 2 if t else np.zeros(0)
        want_x = np.interp(s, series.times, series.wind_u).sum() * step
        want_y = np.interp(s, series.times, series.wind_v).sum() * step
        assert (x, y) == pytest.approx(
            (want_x, want_y), abs=2e-2
        )  # the last step may be cut: 1 ms of 5 m/s, and rounding
        assert kernels.time_at(track.wind, length) == pytest.approx(t, abs=1e-9)


def test_a_puff_through_two_states_against_plain_interpolation(kit):
    """By np.interp on the tables: each enters the new one at its size, crosswind and vertical apart."""
    series = WeatherSeries((0.0, 120.0), (kit.weather(stability="D"), kit.weather(stability="F", wind_speed=2.0)))
    burst = kit.release(edges=[0.0], mass_rates=[], instantaneous_mass=1e-6)
    track = GaussianPuff(deposition_velocity=0.02).disperse(burst, series).solution.tracks[0]
    lengths = np.exp(track.axis[0] + track.axis[1] * np.arange(track.tables.shape[2]))
    first, second = track.tables
    begun, changed, now = (kernels.travel(track.wind, t)[2] for t in (0.0, 120.0, 500.0))

    def at(row, length):
        return np.interp(math.log(length), np.log(lengths), row)

    wide, deep = at(first[0], changed - begun), at(first[1], changed - begun)
    entry_y = math.exp(np.interp(wide, second[0], np.log(lengths)))
    entry_z = math.exp(np.interp(deep, second[1], np.log(lengths)))
    step = now - changed
    sy, sz = math.exp(at(second[0], entry_y + step)), math.exp(at(second[1], entry_z + step))
    lost = at(first[3], changed - begun) + at(second[3], entry_z + step) - at(second[3], entry_z)
    x, y, _, found_y, found_z, mass = track.nodes(500.0)[0]
    assert (found_y, found_z) == pytest.approx((math.hypot(sy, 0.1), math.hypot(sz, 0.1)), rel=1e-9)
    assert mass == pytest.approx(1e-6 * math.exp(-lost), rel=1e-9)
    assert 0.01 < lost < 2.0
    assert (x, y) == pytest.approx(kernels.travel(track.wind, 500.0)[:2], rel=1e-9)  # class curves: no faster than wind


def test_whole_panels_hold_what_the_tables_say(kit):
    track = GaussianPuff().disperse(kit.release(), kit.weather(stability="B")).solution.tracks[0]
    lengths = np.exp(track.axis[0] + track.axis[1] * np.arange(track.tables.shape[2]))
    middle, half = 0.5 * (track.panels[1:] + track.panels[:-1]), 0.5 * np.diff(track.panels)
    for side in (0, 1):
        where = np.log(middle + (2 * side - 1) * half / math.sqrt(3.0))
        sigma = np.exp(np.interp(where, np.log(lengths), track.tables[0, 0]))
        inside = where > np.log(lengths[0])
        np.testing.assert_allclose(track.grown[0, side::2, 0][inside], np.hypot(sigma, 0.1)[inside], rtol=1e-9)
