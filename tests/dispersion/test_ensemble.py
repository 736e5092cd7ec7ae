"""Exceedance maps against an exponential in every cell, and against the plume model itself."""

from __future__ import annotations

import math

import numpy as np
import pytest

from dispersion.air import sigma_set
from dispersion.ensemble import exceedance
from dispersion.models import model
from twin.errors import ModelError

BOUNDS = (-200.0, -300.0, 400.0, 260.0)
SOURCE = (37.0, -12.0, 6.0)


def drawn(n=400, seed=0):
    rng = np.random.default_rng(seed)
    return {
        "wind_speed": rng.uniform(1.5, 9.0, n),
        "wind_from": np.concatenate([[0.0, 90.0, 180.0, 270.0, 360.0, 45.0], rng.uniform(0.0, 360.0, n - 6)]),
        "stability": list(rng.choice(list("ABCDEF"), n)),
        "mass_rate": rng.lognormal(-1.0, 1.0, n),
    }


def by_exponentials(samples, x, y, *, threshold, height, speed_at_source, wider=1.0, curves="briggs_rural"):
    """Concentration over the threshold of each sample, (n, ny, nx), from the textbook plume."""
    found = []
    east, north = np.meshgrid(x - SOURCE[0], y - SOURCE[1])
    for speed, wind, c, rate in zip(*samples.values(), strict=True):
        u, v = -math.sin(math.radians(wind)), -math.cos(math.radians(wind))
        s, n = east * u + north * v, north * u - east * v
        d = np.maximum(s, 0.0)
        sy, sz = np.hypot(sigma_set(curves).sigma_y(c, d) * wider, 0.1), np.hypot(sigma_set(curves).sigma_z(c, d), 0.1)
        rise = np.exp(-0.5 * ((height - SOURCE[2]) / sz) ** 2) + np.exp(-0.5 * ((height + SOURCE[2]) / sz) ** 2)
        plume = rate / (2.0 * math.pi * speed_at_source(speed, c) * sy * sz) * np.exp(-0.5 * (n / sy) ** 2) * rise
        found.append(np.where(s >= 0.0, plume / threshold, 0.0))
    return np.array(found)


# exponents of Irwin (1979) as EPA (1995) gives them for rural ground: wind at 6 m from that at 10 m
IRWIN = dict(zip("ABCDEF", (0.07, 0.07, 0.10, 0.15, 0.35, 0.55), strict=True))


@pytest.mark.parametrize(
    ("height", "threshold", "averaging"), [(0.0, 1e-5, 600.0), (1.5, 1e-4, 60.0), (6.0, 1e-3, 600.0)]
)
def test_every_sample_covers_the_cells_that_an_exponential_finds(height, threshold, averaging):
    samples = drawn()
    found = exceedance(
        **samples,
        threshold=threshold,
        source=SOURCE,
        bounds=BOUNDS,
        spacing=8.0,
        height=height,
        averaging_time=averaging,
    )
    over = by_exponentials(
        samples, found.x, found.y, threshold=threshold, height=height,
        speed_at_source=lambda speed, c: speed * 0.6 ** IRWIN[c], wider=(averaging / 600.0) ** 0.2,
    )  # fmt: skip
    # a cell may differ where it lies on the border: within 0.1 % of the threshold, the error of the half-widths' table
    clear = np.abs(over - 1.0) > 1e-3
    surely, perhaps = ((over > 1.0) & clear).mean(axis=0), ((over > 1.0) | ~clear).mean(axis=0)
    assert (found.probability >= surely - 1e-12).all()
    assert (found.probability <= perhaps + 1e-12).all()
    assert (perhaps - surely).max() <= 0.005  # two of 400: so the two hold the map tightly
    assert 0.05 < found.probability.max() <= 1.0


def test_one_sample_is_the_footprint_of_the_plume_model(kit):
    weather = kit.weather(wind_speed=4.0, wind_from=205.0, wind_height=10.0, stability="D")
    plume = model("gaussian_plume").disperse(kit.release(x=SOURCE[0], y=SOURCE[1], z=SOURCE[2]), weather)
    found = exceedance(
        wind_speed=[4.0], wind_from=[205.0], stability=["D"], mass_rate=1.0, threshold=1e-4, source=SOURCE,
        bounds=BOUNDS, spacing=4.0,
    )  # fmt: skip
    # 1 kg/s of ammonia is no wider than the plume itself beyond a few metres
    c = plume.concentration(found.x[None, :], found.y[:, None], 1.5, 599.0)
    clear = np.abs(c / 1e-4 - 1.0) > 0.01
    assert np.array_equal((found.probability == 1.0)[clear], (c >= 1e-4)[clear])
    assert (~clear).mean() < 0.01
    area = found.contours(0.5).area
    assert area == pytest.approx(found.probability.sum() * 16.0, rel=0.1)


def test_weights_count_and_nothing_is_nowhere():
    samples = drawn(40)
    both = exceedance(**samples, threshold=1e-4, source=SOURCE, bounds=BOUNDS, spacing=8.0)
    twice = {k: np.concatenate([v, v]) if k != "stability" else v + v for k, v in samples.items()}
    weights = np.concatenate([np.full(40, 3.0), np.zeros(40)])
    again = exceedance(**twice, weights=weights, threshold=1e-4, source=SOURCE, bounds=BOUNDS, spacing=8.0)
    assert again.probability == pytest.approx(both.probability, abs=1e-12)
    none = exceedance(**(samples | {"mass_rate": 0.0}), threshold=1e-4, source=SOURCE, bounds=BOUNDS, spacing=8.0)
    assert not none.probability.any()
    assert none.contours(0.1).is_empty
    away = exceedance(**samples, threshold=1e-4, source=(5000.0, 5000.0, 2.0), bounds=BOUNDS, spacing=8.0)
    assert away.probability.shape == both.probability.shape


def test_contours_nest_and_it_tells_what_it_is():
    samples = drawn(300) | {"wind_from": np.random.default_rng(1).normal(250.0, 20.0, 300)}
    found = exceedance(**samples, threshold=1e-5, source=SOURCE, bounds=BOUNDS)
    assert found.contours(0.1).buffer(1e-6).contains(found.contours(0.5))
    assert found.contours(0.1).area > found.contours(0.5).area > 0.0
    label = found.to_xarray()
    assert label.attrs["samples"] == 300
    assert label.dims == ("y", "x")
    assert repr(found).startswith("<Exceedance of 1e-05 kg m⁻³ at 1.5 m, 300 samples on ")
    with pytest.raises(ModelError, match="probability is 0"):
        found.contours(0.0)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"wind_speed": [1.0, 2.0]}, "wind_speed has the shape"),
        ({"mass_rate": -1.0}, "mass_rate is no number in range"),
        ({"stability": ["G"] * 10}, "no class 'G'"),
        ({"stability": []}, "no sample"),
        ({"weights": 0.0}, "add up to nothing"),
        ({"wind_speed": 0.1}, "10 samples have less than 0.5"),
        ({"threshold": 0.0}, "threshold 0"),
        ({"sigmas": "ccps_puff"}, "no curves of plumes"),
        ({"sigmas": "similarity"}, "no curves of plumes"),
    ],
)
def test_faults(change, words):
    given = drawn(10) | {"threshold": 1e-4, "source": SOURCE, "bounds": BOUNDS}
    with pytest.raises(ModelError, match=words):
        exceedance(**(given | change))
