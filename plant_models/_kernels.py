"""Kernels of the source terms: arrays and scalars in, numbers out."""

from __future__ import annotations

import math

from numba import njit

# Columns of a saturation table, shape (2, n, 7): values and slopes per row, rows evenly spaced in θ from the coldest
# on.
LN_PRESSURE, LIQUID_DENSITY, LN_VAPOUR_DENSITY, LIQUID_ENTHALPY, VAPOUR_ENTHALPY, LIQUID_ENTROPY, VAPOUR_ENTROPY = (
    range(7)
)
_GOLDEN = 0.6180339887498949
_DRY = 1e-6  # quality above 1 that is rounding
_SECTIONS, _HALVINGS = (
    27,
    40,
)  # the throat to 3e-6 of the way, where the flux, flat there, has 1e-11; the outside to 1e-12 of a row


@njit(cache=True, nogil=True, inline="always")
def _weights(rows, place):
    """Row below a place, and the weights of cubic Hermite interpolation: two values, two slopes."""
    k = min(max(int(place), 0), rows - 2)
    t = place - k
    up = t * t * (3.0 - 2.0 * t)
    return k, 1.0 - up, up, t * (1.0 - t) * (1.0 - t), t * t * (t - 1.0)


@njit(cache=True, nogil=True, inline="always")
def _read(table, column, where):
    """Value of a column."""
    k, a, b, da, db = where
    return (
        a * table[0, k, column] + b * table[0, k + 1, column] + da * table[1, k, column] + db * table[1, k + 1, column]
    )


@njit(cache=True, nogil=True, inline="always")
def _flux(table, place, h0, s0):
    """Mass flux on the isentrope at a place, and the quality there, above 1 where the vapour has dried."""
    at = _weights(table.shape[1], place)
    sl, hl = _read(table, LIQUID_ENTROPY, at), _read(table, LIQUID_ENTHALPY, at)
    quality = (s0 - sl) / max(_read(table, VAPOUR_ENTROPY, at) - sl, 1e-300)
    x = min(max(quality, 0.0), 1.0)
    h = hl + x * (_read(table, VAPOUR_ENTHALPY, at) - hl)
    v = (1.0 - x) / _read(table, LIQUID_DENSITY, at) + x * math.exp(-_read(table, LN_VAPOUR_DENSITY, at))
    return math.sqrt(max(2.0 * (h0 - h), 0.0)) / v, quality


@njit(cache=True, nogil=True, inline="always")
def _place_of(table, target, high):
    """Place up to `high` where the logarithm of the pressure has a value; 0 where the table begins above it."""
    if table[0, 0, LN_PRESSURE] >= target:
        return 0.0
    first, last = 0, int(high) + 1
    while last - first > 1:
        middle = (first + last) // 2
        if table[0, middle, LN_PRESSURE] < target:
            first = middle
        else:
            last = middle
    low, high = float(first), min(high, float(last))
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        if _read(table, LN_PRESSURE, _weights(table.shape[1], middle)) < target:
            low = middle
        else:
            high = middle
    return high


@njit(cache=True, nogil=True)
def equilibrium_flux(table, place, quality, overpressure, back_pressure, out):
    """Critical flux of a flashing fluid, phases in equilibrium: the largest on the isentrope down to the back pressure.

    Parameters
    ----------
    table
        Saturation table, shape (2, n, 7).
    place
        Row (a real number) of the saturated state inside.
    quality
        Vapour mass fraction inside.
    overpressure
        Pressure inside above saturation, for a liquid without vapour. [Pa]
    back_pressure
        Outside. [Pa]
    out
        Shape (3,): mass flux [kg m⁻² s⁻¹], row of the throat, vapour fraction of the throat.

    Returns
    -------
    int
        0; 1: saturation inside lies below the back pressure, so nothing boils in the hole; 2: the throat lies beyond
        dry vapour, which the table does not know.
    """
    inside = _weights(table.shape[1], place)
    sl, hl = _read(table, LIQUID_ENTROPY, inside), _read(table, LIQUID_ENTHALPY, inside)
    s0 = sl + quality * (_read(table, VAPOUR_ENTROPY, inside) - sl)
    h0 = (
        hl
        + quality * (_read(table, VAPOUR_ENTHALPY, inside) - hl)
        + overpressure / _read(table, LIQUID_DENSITY, inside)
    )
    target = math.log(back_pressure)
    if _read(table, LN_PRESSURE, inside) <= target:
        return 1
    low = _place_of(table, target, place)
    a, b = low, place
    c, d = b - _GOLDEN * (b - a), a + _GOLDEN * (b - a)
    fc, fd = _flux(table, c, h0, s0)[0], _flux(table, d, h0, s0)[0]
    for _ in range(_SECTIONS):
        if fc >= fd:
            b, d, fd = d, c, fc
            c = b - _GOLDEN * (b - a)
            fc = _flux(table, c, h0, s0)[0]
        else:
            a, c, fc = c, d, fd
            d = a + _GOLDEN * (b - a)
            fd = _flux(table, d, h0, s0)[0]
    best = 0.5 * (a + b)
    out[0], out[2] = _flux(table, best, h0, s0)
    out[1] = best
    for end in (low, place):
        flux, x = _flux(table, end, h0, s0)
        if flux > out[0]:
            out[0], out[1], out[2] = flux, end, x
    if out[2] > 1.0 + _DRY:
        return 2
    out[2] = min(max(out[2], 0.0), 1.0)
    return 0
