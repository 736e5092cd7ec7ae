"""Releases, weather and slow oracles shared by the dispersion tests."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import pytest

from dispersion.air import sigma_set
from plant_models.releases import Release
from plant_models.substances import substance
from twin.weather import Weather, WeatherSeries

VALIDATION = Path(__file__).parents[1] / "validation"


def make_weather(**changes):
    given = {"wind_speed": 3.0, "wind_from": 270.0, "wind_height": 2.0, "stability": "D", "roughness_length": 0.1}
    return Weather(**(given | changes))


def make_release(**changes):
    given = {"x": 0.0, "y": 0.0, "z": 1.0, "edges": [0.0, 600.0], "mass_rates": [1.0]}
    return Release(substance=substance("ammonia"), **(given | changes))


def make_dense(**changes):
    given = {"x": 0.0, "y": 0.0, "z": 1.0, "mass_rate": 10.0, "duration": 600.0, "temperature": 240.0}
    return Release.steady(substance("chlorine"), **(given | changes))


def turning(seed=0, minutes=10, stability="C"):
    """One record a minute: speed around 3.5 m/s, direction swinging by tens of degrees."""
    rng = np.random.default_rng(seed)
    n = minutes + 1
    speeds = np.clip(3.5 + np.sin(np.linspace(0, 7, n)) + 0.3 * rng.standard_normal(n), 2.1, None)
    directions = (250 + 35 * np.sin(np.linspace(0, 9, n)) + 6 * rng.standard_normal(n)) % 360
    base = make_weather(stability=stability)
    return WeatherSeries.from_wind(base, times=60.0 * np.arange(n), speeds=speeds, directions=directions)


def one_puff(dx, dy, z, h, sy, sz, lid=math.inf, terms=200):
    """Concentration per kilogram of a puff, by the textbook sum over images."""
    bell = np.exp(-0.5 * (dx * dx + dy * dy) / sy**2) / (2 * np.pi * sy**2)
    orders = np.arange(-terms, terms + 1) if math.isfinite(lid) else np.zeros(1)
    shift = 2.0 * orders * (lid if math.isfinite(lid) else 0.0)
    images = sum(np.exp(-0.5 * ((z - s * h + shift) / sz) ** 2).sum() for s in (1, -1))
    return bell * images / (math.sqrt(2 * np.pi) * sz)


def brute(series, release, t, x, y, z, *, step=0.05, smallest=0.1, curves="briggs_rural"):
    """Sum of one puff every `step` seconds, one stability class, wind measured at the transport height.

    The displacement is the exact integral of the linear wind vector; the travelled path is summed on the same fine
    steps.
    """
    times, u, v = np.array(series.times), series.wind_u, series.wind_v
    fine = np.arange(0.0, t + step / 2, step)
    fu, fv = np.interp(fine, times, u), np.interp(fine, times, v)
    sums = [np.concatenate([[0], np.cumsum(0.5 * step * (a[1:] + a[:-1]))]) for a in (fu, fv, np.hypot(fu, fv))]
    emitted = fine[:-1] + step / 2
    px, py, path = (s[-1] - np.interp(emitted, fine, s) for s in sums)
    stability = series.states[0].stability
    sy = np.hypot(sigma_set(curves).sigma_y(stability, path), smallest)
    sz = np.hypot(sigma_set(curves).sigma_z(stability, path), smallest)
    mass = release.rate(emitted) * step
    x, y, z = (np.atleast_1d(a).astype(float) for a in (x, y, z))
    total = np.zeros(x.size)
    for k in range(x.size):
        flat = ((x[k] - release.x - px) ** 2 + (y[k] - release.y - py) ** 2) / sy**2
        rise = np.exp(-0.5 * ((z[k] - release.z) / sz) ** 2) + np.exp(-0.5 * ((z[k] + release.z) / sz) ** 2)
        total[k] = (mass * np.exp(-0.5 * flat) * rise / ((2 * np.pi) ** 1.5 * sy**2 * sz)).sum()
    return total


def read_table(name):
    text = (VALIDATION / name).read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader(line for line in text if not line.startswith("#")))


@pytest.fixture(scope="session")
def kit():
    """Everything above under one name."""
    from types import SimpleNamespace

    return SimpleNamespace(
        weather=make_weather, release=make_release, dense=make_dense, turning=turning, one_puff=one_puff, brute=brute,
        table=read_table,
    )  # fmt: skip
