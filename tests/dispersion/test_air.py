"""Sigma curves, stability classes and wind profile against published numbers and their own definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest

from dispersion.air import CLASSES, SIGMA_SETS, averaging_factor, pasquill_class, sigma_set, wind_ratio
from twin.errors import ModelError


def test_sigma_curves_and_wind_exponents_meet_published_values(kit):
    seen = 0
    for row in kit.table("gaussian_cases.csv"):
        expected, tolerance = float(row["expected"]), float(row["relative_tolerance"])
        if row["quantity"] in {"sigma_y", "sigma_z"}:
            found = getattr(sigma_set(row["curves"]), row["quantity"])(row["stability"], float(row["distance [m]"]))
        elif row["quantity"] == "wind_ratio":
            found = wind_ratio(kit.weather(stability=row["stability"], wind_height=1.0), 10.0)
        else:
            continue
        assert float(found) == pytest.approx(expected, rel=tolerance), row
        seen += 1
    assert seen > 50


# Hanna, Briggs and Hosker 1982, Table 4.5, evaluated by hand at 1 km:
# rural D: 80/sqrt(1.1), 60/sqrt(2.5); urban D: 160/sqrt(1.4), 140/sqrt(1.3); urban A: 320/sqrt(1.4), 240 sqrt(2).
@pytest.mark.parametrize(
    ("name", "stability", "sy", "sz"),
    [
        ("briggs_rural", "D", 76.277, 37.947),
        ("briggs_rural", "F", 38.139, 12.308),
        ("briggs_urban", "D", 135.225, 122.788),
        ("briggs_urban", "A", 270.449, 339.411),
    ],
)
def test_briggs_at_one_kilometre(name, stability, sy, sz):
    curves = sigma_set(name)
    assert float(curves.sigma_y(stability, 1000.0)) == pytest.approx(sy, rel=1e-4)  # five digits were kept
    assert float(curves.sigma_z(stability, 1000.0)) == pytest.approx(sz, rel=1e-4)


@pytest.mark.parametrize("name", sorted(set(SIGMA_SETS) - {"similarity"}))
def test_every_curve_grows_and_orders_by_stability(name):
    x = np.geomspace(100.0, 5000.0, 200)
    curves = SIGMA_SETS[name]
    wide = np.array([curves.sigma_y(c, x) for c in CLASSES])
    high = np.array([curves.sigma_z(c, x) for c in CLASSES])
    # Published pieces that do not meet: ISC3 by about 0.6 %, Turner's E by 2.3 % at 500 m (13.4 and 13.1 m).
    assert (wide[:, 1:] > wide[:, :-1]).all()
    assert (high[:, 1:] > 0.97 * high[:, :-1]).all()
    assert (np.diff(wide, axis=0) <= 1e-9).all()
    assert name in repr(curves)
    if name != "ccps_puff":  # the CCPS vertical power laws of A and B cross
        assert (np.diff(high, axis=0) <= 1e-9).all()


def test_averaging_factor_is_the_fifth_root():
    curves = sigma_set("briggs_rural")
    assert averaging_factor(curves, 600.0) == 1.0
    assert averaging_factor(curves, 3600.0) == pytest.approx(6.0**0.2)
    assert averaging_factor(sigma_set("ccps_puff"), 60.0) == 1.0
    with pytest.raises(ModelError, match="20 to 3600 s"):
        averaging_factor(curves, 5.0)


# Golder's borders for z0 = 0.1 m (ln z0 = -2.3026), by hand: A|B 70/(-6.6526) = -10.52, B|C 85.2/(-2.8046) = -30.38,
# C|D 245/(-2.3526) = -104.14, D|E 327/2.9296 = 111.62, E|F 70/2.5976 = 26.95 m.
@pytest.mark.parametrize(
    ("length", "expected"),
    [(-10.0, "A"), (-11.0, "B"), (-30.0, "B"), (-31.0, "C"), (-104.0, "C"), (-105.0, "D"), (math.inf, "D"),
     (-math.inf, "D"), (112.0, "D"), (111.0, "E"), (27.0, "E"), (26.0, "F")],
)  # fmt: skip
def test_class_of_an_obukhov_length(kit, length, expected):
    assert pasquill_class(kit.weather(stability=None, obukhov_length=length)) == expected


def test_class_given_is_kept(kit):
    assert pasquill_class(kit.weather(stability="B")) == "B"


def test_similarity_profile(kit):
    neutral = kit.weather(stability=None, obukhov_length=math.inf, wind_height=10.0)
    assert wind_ratio(neutral, 2.0) == pytest.approx(math.log(20.0) / math.log(100.0))  # logarithmic law
    stable = kit.weather(stability=None, obukhov_length=50.0, wind_height=10.0)
    unstable = kit.weather(stability=None, obukhov_length=-50.0, wind_height=10.0)
    assert wind_ratio(stable, 2.0) < wind_ratio(neutral, 2.0) < wind_ratio(unstable, 2.0)
    assert wind_ratio(stable, 10.0) == pytest.approx(1.0)
    # At small z/L the stable function tends to -17 * 0.29 z/L = -4.93 z/L, Dyer's -5 z/L within 2 %.
    weak = kit.weather(stability=None, obukhov_length=1e4, wind_height=10.0)
    dyer = (math.log(20.0) + 5 * 2e-4) / (math.log(100.0) + 5 * 1e-3)
    assert wind_ratio(weak, 2.0) == pytest.approx(dyer, rel=2e-5)
    # linear towards the ground below 7 z0 = 0.7 m
    assert wind_ratio(neutral, 0.35) == pytest.approx(0.5 * wind_ratio(neutral, 0.7))


def test_unknown_curves_name_a_near_match():
    with pytest.raises(ModelError, match="briggs_rural"):
        sigma_set("brigs_rural")
