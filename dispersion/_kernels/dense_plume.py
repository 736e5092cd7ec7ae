# mypy: allow-untyped-defs, allow-untyped-calls
"""The steady plume of a dense gas, marched downwind in Runge-Kutta steps of its fluxes.

``source`` (5,): half the mass rate, half-width of the area it rises from (0: none), specific enthalpy of what is
released, velocity at which it leaves that area, 1 where the gas still rises.
Rows and ``air`` are those of :mod:`dispersion._kernels.dense_closure`.

What is integrated are fluxes and widths; concentration, temperature, density, speed and height follow from them at
every stage, so that species, energy and mass are conserved to rounding (Ermak 1990, section 2.4).
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from dispersion._kernels.dense_closure import (
    AT_TOP,
    COLUMNS,
    CORE,
    CP,
    ENTHALPY,
    F_T,
    F_U,
    F_V,
    F_W,
    GRAVITY,
    HEAT,
    LID,
    MOMENTUM,
    PRESSURE,
    RHO,
    RHO_A,
    ROOT3,
    STEAM,
    T_A,
    TIME,
    TOP,
    U_BAR,
    V_E,
    V_G,
    VAPOUR,
    W_C,
    W_E,
    WATER,
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
from dispersion._kernels.mixing import heat_capacity, state_of

HALF_RATE, EXTENT, RELEASED, LEAVING, RISING = range(5)
PRESS = 0.25  # alpha_g of eq. 4: share of the hydrostatic pressure that holds the flow back
PRESS_SIDE = 0.75  # of eq. 5a
_CLOSE, _PASSES = 1e-8, 40  # of the speed
_MOST, _SMALLEST = 0.2, 2.0**-10  # relative change in a step, and the smallest part of a step


@njit(cache=True, nogil=True, error_model="numpy")
def press_of(row, air):
    """alpha_g: only a cloud on the ground that is heavier than air spreads under its weight."""
    return PRESS if row[TOP] <= row[H] and row[RHO] > air[RHO_A] else 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def set_momentum(row, air):
    """Flux of momentum that friction changes: excess over the wind, and the hydrostatic push (eq. 4)."""
    push = 0.5 * press_of(row, air) * GRAVITY * (row[RHO] - air[RHO_A]) * row[B] * row[H] ** 2
    row[MOMENTUM] = row[R] * (row[U] - (1.0 - row[M]) * row[U_BAR]) + push


@njit(cache=True, nogil=True, error_model="numpy")
def thermo(row, air, material, released, guess):
    """Temperature, density and phases of a row from its heat; status."""
    m = row[M]
    water = (1.0 - m) * air[WATER]
    enthalpy = (1.0 - m) * air[ENTHALPY] + m * released + row[HEAT] / row[R]
    status, t, rho, vapour, steam = state_of(m, water, enthalpy, air[PRESSURE], material, guess)
    row[T], row[RHO], row[VAPOUR], row[STEAM] = t, rho, vapour, steam
    row[CP] = heat_capacity(m, water, vapour, steam, material)
    return status


@njit(cache=True, nogil=True, error_model="numpy")
def speed(drive, press):
    """Largest root of U³ - drive U² + press = 0 (eq. 4b), and by how much the cloud must widen to have one (eq. 4d)."""
    if press <= 0.0:
        return drive, 1.0
    most = 4.0 / 27.0 * drive**3
    if press > most:
        return 2.0 * drive / 3.0, press / most if drive > 0.0 else 1e3
    u = drive
    for _ in range(60):  # from above, where the cubic is convex: each step comes nearer and stays above
        step = (u * u * (u - drive) + press) / max(u * (3.0 * u - 2.0 * drive), 1e-300)
        u -= step
        if abs(step) < 1e-9 * u:
            break
    return max(u, 2.0 * drive / 3.0), 1.0


@njit(cache=True, nogil=True, error_model="numpy")
def shape(row, prev, gain, air, press, last):
    """Speed, height and widths that agree with each other and with the fluxes (eq. 2b, 4b, 7, 8); factor of widening.

    The cross-section stretches as its density falls, in proportion to its sides. The speed is found by secants, started
    with two thirds of the change that substitution asks for: all of it swings in dense clouds in light winds.
    """
    flux, rho, m = row[R], row[RHO], row[M]
    thin = prev[RHO] / rho
    fast = prev[U] > prev[U_BAR]
    b0, core0 = prev[B] + gain[1], prev[CORE] + gain[2]
    u = row[U]
    b = b0
    h = flux / (rho * u * b)
    lost = math.copysign(damped(gain[5], prev[R] * (prev[U] - prev[U_BAR])), prev[U_BAR] - prev[U])
    drive_0 = (prev[MOMENTUM] + lost) / flux
    half_push = press * GRAVITY * (rho - air[RHO_A]) * flux / (2.0 * rho * rho)
    stretch, factor, ubar, top, at_top = 1.0, 1.0, prev[U_BAR], prev[TOP], prev[AT_TOP]
    older, wrong = u, 0.0
    for n in range(_PASSES):
        base = thin * prev[U] / u if fast else thin
        stretch = base ** (h / (h + 2.0 * b))
        b = b0 * stretch
        h = flux / (rho * u * b)
        if h > 2.0 * b:
            b = math.sqrt(flux / (2.0 * rho * u))
            h = 2.0 * b
            stretch = math.sqrt(base)
        top = top_of(row[Z_C], h)
        at_top = profile(air, top)
        ubar = following_wind(air, prev[TOP], prev[U_BAR], prev[AT_TOP], top, at_top)
        new, factor = speed(ubar * (1.0 - m) + drive_0, half_push / b)
        if factor > 1.0:
            new = min(new, prev[U])
        off = new - u
        if abs(off) < _CLOSE * u:
            break
        step = 2.0 / 3.0 * off
        if n > 0 and abs(off) < abs(wrong):
            step = -off * (u - older) / (off - wrong)
        older, wrong = u, off
        u += step
    h = flux / (rho * u * b)
    if h < 2.0 * row[Z_C] and press > 0.0 and rho > air[RHO_A]:  # a cloud on the ground reaches up to twice its centre
        h = 2.0 * row[Z_C]
        u = flux / (rho * b * h)
    h = min(h, air[LID])
    row[Z_C] = min(row[Z_C], air[LID] - 0.5 * h)
    row[TOP] = top_of(row[Z_C], h)
    if row[TOP] != top:
        at_top = profile(air, row[TOP])
        ubar = following_wind(air, prev[TOP], prev[U_BAR], prev[AT_TOP], row[TOP], at_top)
    row[AT_TOP], row[U_BAR] = at_top, ubar
    wider = factor if last else 1.0
    row[U], row[H], row[B], row[CORE] = u, h, b * wider, core0 * stretch * wider
    return wider


@njit(cache=True, nogil=True, error_model="numpy")
def settle_velocities(row, prev, gain, air, inside):
    """Velocity at which the sides run out under their weight (eq. 5a) and at which the centre sinks (eq. 6a)."""
    row[V_G], row[W_C] = 0.0, 0.0
    if inside and row[RHO] <= air[RHO_A]:
        return
    if not inside and (row[TOP] > row[H] or row[RHO] <= air[RHO_A]):
        held = prev[R] * prev[W_C]
        kept = 1.0 if held == 0.0 else abs(held) / (abs(held) + abs(gain[10]))
        row[W_C] = kept * (gain[6] + held) / row[R]
        return
    v0, kept = prev[V_G], 1.0
    if v0 == 0.0:
        if prev[H] > 0.0:  # what sank now runs out
            v0 = -2.0 * prev[W_C] * prev[B] / prev[H]
    else:
        held = prev[R] * v0
        kept = held / (held + abs(gain[9]))
    row[V_G] = kept * (gain[3] + prev[R] * v0) / row[R]
    if not inside:
        row[W_C] = -row[V_G] * row[Z_C] / row[B]


@njit(cache=True, nogil=True, error_model="numpy")
def slopes(row, air, source, out):
    """Growth per metre of the flux of mass, widths, momenta, heat, height of the centre and age."""
    b, h, u = row[B], row[H], row[U]
    heavy = GRAVITY * (row[RHO] - air[RHO_A])
    feed = source[RISING] * source[HALF_RATE] / (2.0 * source[EXTENT]) if source[RISING] > 0.0 else 0.0
    out[0] = air[RHO_A] * ROOT3 * (row[V_E] * h + row[W_E] * b) + feed
    out[1] = (ROOT3 * air[RHO_A] / row[RHO] * row[V_E] + row[V_G]) / u
    out[2] = row[V_G] * row[CORE] / (u * b)
    out[3] = PRESS_SIDE * heavy * h * h
    out[4] = row[F_T]
    out[5] = row[F_U]
    out[6] = -heavy * b * h
    out[7] = row[W_C] / u
    out[8] = row[RHO] * b * h * row[M] / source[HALF_RATE]
    out[9] = row[F_V]
    out[10] = row[F_W]


@njit(cache=True, nogil=True, error_model="numpy")
def advance(prev, row, gain, x, air, material, source, last):
    """Row at x from the row before and what its fluxes have gained since; status and factor of widening."""
    inside = source[RISING] > 0.0
    row[X], row[TIME] = x, prev[TIME] + gain[8]
    row[R] = prev[R] + gain[0]
    if not row[R] > 0.0:
        return 2, 1.0
    half = source[HALF_RATE]
    if inside:
        half *= min(0.5 * (source[EXTENT] + x) / source[EXTENT], 1.0)
    row[M] = min(half / row[R], 1.0)
    row[Z_C] = min(max(prev[Z_C] + gain[7], 0.0), air[LID] - 0.5 * prev[H])
    given = damped(gain[4], prev[R] * prev[CP] * (prev[T] - air[T_A]))
    row[HEAT] = prev[HEAT] + math.copysign(given, air[T_A] - prev[T])
    status = thermo(row, air, material, source[RELEASED], row[T])
    if status > 0:
        return 1, 1.0
    wider = shape(row, prev, gain, air, press_of(prev, air), last)
    if not row[U] > 0.0:
        return 2, wider
    settle_velocities(row, prev, gain, air, inside)
    close(row, air, source[LEAVING] if inside else 0.0)
    return 0, wider


@njit(cache=True, nogil=True, error_model="numpy")
def leap(prev, row, dx, air, material, source, work):
    """One classical Runge-Kutta step from ``prev`` to ``row``; status and factor of widening."""
    slope, gain, total = work[0], work[1], work[2]
    row[:] = prev
    total[:] = 0.0
    wider = 1.0
    for k in range(4):
        slopes(row, air, source, slope)
        weight = 1.0 / 6.0 if k % 3 == 0 else 1.0 / 3.0
        part = 1.0 if k == 2 else 0.5
        for j in range(11):
            total[j] += weight * dx * slope[j]
            gain[j] = total[j] if k == 3 else part * dx * slope[j]
        x = prev[X] + (dx if k >= 2 else 0.5 * dx)
        status, wider = advance(prev, row, gain, x, air, material, source, k == 3)
        if status > 0:
            return status, wider
    set_momentum(row, air)
    return 0, wider


@njit(cache=True, nogil=True, error_model="numpy")
def too_far(prev, row, wider):
    """Whether a step has changed mass, width, speed or height of the centre by so much that it must be shorter."""
    if abs(row[R] - prev[R]) > _MOST * prev[R] or abs(row[U] - prev[U]) > _MOST * prev[U]:
        return True
    return abs(row[B] / wider - prev[B]) > _MOST * prev[B] or abs(row[Z_C] - prev[Z_C]) > _MOST * prev[H]


@njit(cache=True, nogil=True, error_model="numpy")
def march_plume(rows, ends, air, material, source, fed):
    """Fill ``rows`` (n + 1, 32) from the first one on: to each of ``ends`` (n,) one step, or more where much happens.

    The first ``fed`` steps cross the area the gas rises from and are never parted. Status 0, 1 (no temperature) or 2
    (no speed); the number of the last good row; and the width that had to be added inside that area for a speed to
    exist (eq. 4d). [m]
    """
    work, prev, row = np.empty((3, 11)), np.empty(COLUMNS), np.empty(COLUMNS)
    widened = 0.0
    for n in range(ends.size):
        source[RISING] = 1.0 if n < fed else 0.0
        prev[:] = rows[n]
        whole = ends[n] - prev[X]
        dx, least = whole, whole * _SMALLEST
        while prev[X] < ends[n]:
            dx = min(dx, ends[n] - prev[X])
            status, wider = leap(prev, row, dx, air, material, source, work)
            if n >= fed and dx > least and (status > 0 or too_far(prev, row, wider)):
                dx *= 0.5
                continue
            if status > 0:
                return status, n, widened
            if n < fed:
                widened += row[B] * (wider - 1.0) / wider
            if ends[n] - row[X] < 1e-9 * whole:
                row[X] = ends[n]
            prev[:] = row
            dx *= 2.0
        rows[n + 1] = row
    return 0, ends.size, widened
