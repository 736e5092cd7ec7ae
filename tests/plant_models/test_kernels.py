"""The kernel of the flashing flow against the same search in plain NumPy and SciPy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.interpolate import CubicHermiteSpline
from scipy.optimize import brentq, minimize_scalar

from plant_models._kernels import equilibrium_flux
from plant_models.substances import substance
from plant_models.two_phase import saturation_table


def columns(table):
    """The seven columns as functions of the place."""
    rows = np.arange(table.shape[1])
    return [CubicHermiteSpline(rows, table[0, :, c], table[1, :, c]) for c in range(7)]


def oracle(table, place, quality, over, back):
    """Largest ρ sqrt(2 (h₀ - h)) between the outside and the inside: a scan of 4001 places, then a bounded search
    around the best."""
    ln_p, rho_l, ln_rho_v, h_l, h_v, s_l, s_v = columns(table)
    s0 = (1 - quality) * s_l(place) + quality * s_v(place)
    h0 = (1 - quality) * h_l(place) + quality * h_v(place) + over / rho_l(place)

    def flux(z):
        x = np.clip((s0 - s_l(z)) / (s_v(z) - s_l(z)), 0.0, 1.0)
        v = (1 - x) / rho_l(z) + x / np.exp(ln_rho_v(z))
        return np.sqrt(np.maximum(2.0 * (h0 - h_l(z) - x * (h_v(z) - h_l(z))), 0.0)) / v

    outside = math.log(back)
    low = brentq(lambda q: float(ln_p(q)) - outside, 0.0, place, xtol=1e-12) if ln_p(0.0) < outside else 0.0
    z = np.linspace(low, place, 4001)
    k = int(np.argmax(flux(z)))
    around = (z[max(k - 1, 0)], z[min(k + 1, 4000)])
    best = minimize_scalar(lambda q: -float(flux(q)), bounds=around, method="bounded", options={"xatol": 1e-10})
    return max(-best.fun, float(flux(z[k])))


@pytest.mark.parametrize("name", ["ammonia", "chlorine", "phosgene"])
@pytest.mark.parametrize("row", [45.0, 61.37, 90.2])
@pytest.mark.parametrize(("quality", "over"), [(0.0, 0.0), (0.0, 3e4), (0.0, 2e6), (0.02, 0.0), (0.5, 0.0)])
def test_the_kernel_finds_what_numpy_finds(name, row, quality, over):
    table, out = saturation_table(substance(name)), np.empty(3)
    saturation = math.exp(columns(table)[0](row))
    for back in (0.97 * saturation, 0.6 * saturation, 0.05 * saturation):
        assert equilibrium_flux(table, row, quality, over, back, out) == 0
        # Near the inside the flux is steep in the place of the outside pressure, which is found to 1e-12 of a row.
        assert out[0] == pytest.approx(oracle(table, row, quality, over, back), rel=1e-8)
        assert 0.0 <= out[2] <= 1.0
        assert 0.0 <= out[1] <= row


def test_the_throat_without_a_limit_outside_is_exact():
    table, out = saturation_table(substance("ammonia")), np.empty(3)
    for row in (40.0, 70.3, 95.9):
        for quality in (0.0, 0.1, 0.8):
            assert equilibrium_flux(table, row, quality, 0.0, 1.0, out) == 0
            assert out[0] == pytest.approx(oracle(table, row, quality, 0.0, 1.0), rel=1e-10)


def test_what_does_not_boil_and_what_dries_is_told():
    table, out = saturation_table(substance("ammonia")), np.empty(3)
    saturation = math.exp(table[0, 50, 0])
    assert equilibrium_flux(table, 50.0, 0.0, 0.0, saturation * 1.0001, out) == 1
    # n-Pentane is a drying fluid: saturated vapour at 0.85 of the critical temperature is superheated after an
    # isentropic expansion.
    pentane = saturation_table(substance("n-pentane"))
    assert equilibrium_flux(pentane, 60.0, 1.0, 0.0, 1e5, out) == 2


def test_the_plain_python_of_the_kernel_says_the_same():
    table, out, plain = saturation_table(substance("chlorine")), np.empty(3), np.empty(3)
    equilibrium_flux(table, 66.6, 0.1, 0.0, 1e5, out)
    equilibrium_flux.py_func(table, 66.6, 0.1, 0.0, 1e5, plain)
    np.testing.assert_allclose(out, plain, rtol=1e-9)  # the compiler may reorder sums
