# mypy: allow-untyped-defs, allow-untyped-calls
"""The cloud of a dense gas that is fed no more, marched in time (Ermak 1990, eq. 15 to 26).

Rows and ``air`` are those of :mod:`dispersion._kernels.dense_closure`; ``mass`` is a quarter of the released mass, and
so are the mass R and all fluxes those of a quarter of the cloud.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from dispersion._kernels.dense_closure import (
    AT_TOP,
    B_X,
    COLUMNS,
    CORE,
    CORE_X,
    CP,
    F_T,
    F_U,
    F_UG,
    F_V,
    F_W,
    GRAVITY,
    HEAT,
    LID,
    MOMENTUM,
    RHO,
    RHO_A,
    ROOT3,
    T_A,
    TIME,
    TOP,
    U_BAR,
    U_G,
    V_E,
    V_G,
    V_X,
    W_C,
    W_E,
    Z_C,
    B,
    H,
    M,
    R,
    T,
    U,
    X,
    close,
    damped,
    following_wind,
    profile,
    top_of,
)
from dispersion._kernels.dense_plume import PRESS_SIDE, thermo

_SHARP = 0.9999  # half-length of the core over that of the cloud when the feed stops


@njit(cache=True, nogil=True, error_model="numpy")
def cut_off(plume, fraction, mass, half_rate, air, material, released, out):
    """Row of a puff from two neighbouring rows of a plume, at the place where half of the release has passed (eq. 30).

    Between the rows everything is interpolated linearly, but what must agree with the mass is made to.
    """
    for j in range(COLUMNS):
        out[j] = plume[0, j] + fraction * (plume[1, j] - plume[0, j])
    out[M] = min(half_rate / out[R], 1.0)
    status = thermo(out, air, material, released, out[T])
    out[H] = min(out[R] / (out[RHO] * out[U] * out[B]), air[LID])
    longer = mass / out[M] / out[R]
    out[R] *= longer
    out[HEAT] *= longer
    out[B_X] = out[R] / (out[RHO] * out[B] * out[H])
    out[CORE_X] = _SHARP * out[B_X]
    out[U_G] = out[V_G] * out[B] / out[B_X]
    out[TOP] = top_of(out[Z_C], out[H])
    out[AT_TOP] = profile(air, out[TOP])
    close(out, air, 0.0)
    out[MOMENTUM] = out[R] * (out[U] - (1.0 - out[M]) * out[U_BAR])
    return status


@njit(cache=True, nogil=True, error_model="numpy")
def slopes(row, air, out):
    """Growth per second of mass, place, widths, lengths, momenta, heat and height of the centre."""
    b, bx, h = row[B], row[B_X], row[H]
    heavy = GRAVITY * (row[RHO] - air[RHO_A])
    out[0] = air[RHO_A] * ROOT3 * ((row[V_X] * b + row[V_E] * bx) * h + row[W_E] * b * bx)
    out[1] = row[U]
    out[2] = ROOT3 * air[RHO_A] / row[RHO] * row[V_E] + row[V_G]
    out[3] = row[V_G] * row[CORE] / b
    out[4] = ROOT3 * air[RHO_A] / row[RHO] * row[V_X] + row[U_G]
    out[5] = row[U_G] * row[CORE_X] / bx
    out[6] = PRESS_SIDE * heavy * h * h * bx
    out[7] = PRESS_SIDE * heavy * h * h * b
    out[8] = row[F_T]
    out[9] = row[F_U]
    out[10] = -heavy * b * bx * h
    out[11] = row[W_C]
    out[12] = row[F_V]
    out[13] = row[F_UG]
    out[14] = row[F_W]


@njit(cache=True, nogil=True, error_model="numpy")
def run_out(prev, row, gain, held, start):
    """Velocity of a side from the one before, the push and the drag (eq. 19a and 20a)."""
    before, push, drag = held, gain[0], abs(gain[1])
    if before == 0.0:
        return (push + prev[R] * start) / row[R]
    kept = prev[R] * before
    return kept / (kept + drag) * (push + kept) / row[R]


@njit(cache=True, nogil=True, error_model="numpy")
def advance(prev, row, gain, air, material, mass, released):
    """Row after a time from the row before and what its fluxes have gained since; status."""
    row[R] = prev[R] + gain[0]
    if not row[R] > 0.0:
        return 2
    row[X] = prev[X] + gain[1]
    row[M] = min(mass / row[R], 1.0)
    given = damped(gain[8], prev[R] * prev[CP] * (prev[T] - air[T_A]))
    row[HEAT] = prev[HEAT] + math.copysign(given, air[T_A] - prev[T])
    if thermo(row, air, material, released, row[T]) > 0:
        return 1
    thin = prev[RHO] / row[RHO]
    around = prev[H] * (prev[B_X] + prev[B]) + 2.0 * prev[B] * prev[B_X]
    wide = thin ** (prev[B_X] * prev[H] / around)
    long = thin ** (prev[B] * prev[H] / around)
    row[B], row[CORE] = (prev[B] + gain[2]) * wide, (prev[CORE] + gain[3]) * wide
    row[B_X], row[CORE_X] = (prev[B_X] + gain[4]) * long, (prev[CORE_X] + gain[5]) * long
    row[H] = min(row[R] / (row[RHO] * row[B] * row[B_X]), air[LID])
    row[Z_C] = min(max(prev[Z_C] + gain[11], 0.0), air[LID] - 0.5 * row[H])
    row[TOP] = top_of(row[Z_C], row[H])
    row[AT_TOP] = profile(air, row[TOP])
    row[U_BAR] = following_wind(air, prev[TOP], prev[U_BAR], prev[AT_TOP], row[TOP], row[AT_TOP])
    lost = math.copysign(damped(gain[9], prev[R] * (prev[U] - prev[U_BAR])), prev[U_BAR] - prev[U])
    row[U] = (1.0 - row[M]) * row[U_BAR] + (prev[MOMENTUM] + lost) / row[R]  # eq. 18
    row[V_G], row[U_G], row[W_C] = 0.0, 0.0, 0.0
    if row[TOP] > row[H] or row[RHO] <= air[RHO_A]:
        held = prev[R] * prev[W_C]
        kept = 1.0 if held == 0.0 else abs(held) / (abs(held) + abs(gain[14]))
        row[W_C] = kept * (gain[10] + held) / row[R]
    else:
        sunk = -2.0 * prev[B] * prev[B_X] / (prev[B] ** 2 + prev[B_X] ** 2) * prev[W_C] / prev[H]
        row[V_G] = run_out(prev, row, (gain[6], gain[12]), prev[V_G], sunk * prev[B_X])
        row[U_G] = run_out(prev, row, (gain[7], gain[13]), prev[U_G], sunk * prev[B])
        row[W_C] = -(row[V_G] / row[B] + row[U_G] / row[B_X]) * row[Z_C]
    close(row, air, 0.0)
    return 0


@njit(cache=True, nogil=True, error_model="numpy")
def march_puff(rows, first, growth, longest, farthest, air, material, mass, released):
    """Fill ``rows`` (n + 1, 32) from the first one on, with time steps that begin with ``first`` [s].

    Each step is longer than the one before by the factor ``growth``, but no longer than ``longest`` of the time that
    has passed since the release began. Ends beyond ``farthest`` [m] or when the rows are full. Status 0 or 1 (no
    temperature) or 2 (no speed); the number of the last good row.
    """
    slope, gain, total = np.empty(15), np.empty(15), np.empty(15)
    row = np.empty(COLUMNS)
    dt = first
    for n in range(rows.shape[0] - 1):
        prev = rows[n]
        if prev[X] > farthest:
            return 0, n
        row[:] = prev
        total[:] = 0.0
        for k in range(4):
            slopes(row, air, slope)
            weight = 1.0 / 6.0 if k % 3 == 0 else 1.0 / 3.0
            part = 1.0 if k == 2 else 0.5
            for j in range(15):
                total[j] += weight * dt * slope[j]
                gain[j] = total[j] if k == 3 else part * dt * slope[j]
            status = advance(prev, row, gain, air, material, mass, released)
            if status > 0:
                return status, n
        row[TIME] = prev[TIME] + dt
        row[MOMENTUM] = row[R] * (row[U] - (1.0 - row[M]) * row[U_BAR])
        rows[n + 1] = row
        dt = min(dt * growth, max(longest * row[TIME], first))
    return 0, rows.shape[0] - 1
