# mypy: allow-untyped-defs, allow-untyped-calls
"""What the dense cloud draws in, and the drag and heat it takes up: the closures of SLAB.

``air`` (17,): density, temperature, pressure, mass fraction of water, specific enthalpy, friction velocity, inverse
Obukhov length at the ground, the height that limits its growth, lid, roughness length, height below which the wind is a
parabola and its two coefficients, the two constants of the unstable profile, the wind function at 4 m, and the part of
the wind with which a narrow cloud widens.

``row`` (32,): a cross-section of the cloud; in a plume its half-length is 0 and its fluxes are those of one half of
the cross-section, in a puff they are those of a quarter of the cloud. ``half-width`` and ``core`` are B and b of
``B² = b² + 3 beta²``.

References
----------
Ermak, D. L. (1990), User's manual for SLAB, UCRL-MA-105607; equation numbers are his.
Zeman, O. (1982), The dynamics and modeling of heavier-than-air, cold gas releases, Atmos. Environ. 16:741-751.
"""

from __future__ import annotations

import math

from numba import njit

RHO_A, T_A, PRESSURE, WATER, ENTHALPY, U_STAR, INV_L, Z_L, LID, Z_0, Z_T, C_1, C_2, PHI, GU, AT_4, WIDEN = range(17)
COLUMNS = 32
(X, TIME, H, Z_C, B, CORE, B_X, CORE_X, U, T, RHO, M, VAPOUR, STEAM, R, MOMENTUM, HEAT, V_G, U_G, W_C, U_BAR, TOP,
 AT_TOP, W_E, V_E, V_X, F_U, F_UG, F_V, F_W, F_T, CP) = range(COLUMNS)  # fmt: skip

GRAVITY = 9.80665
KARMAN = 0.41  # eq. 32
ROOT3 = math.sqrt(3.0)
ENTRAIN = 1.5  # a of eq. 35a, Zeman 1982
DRAG = 0.02  # C_f of eq. 35e, as in Ermak's program; the Yellow Book's copy of the model has 0.0195
STRATIFY = 0.025  # C_mu of eq. 35d
THERMAL = 0.14  # C_t of eq. 35e
SPOUT = 0.05  # shear made by gas that leaves a pool, eq. 35e
DAMP = 0.0004  # a_2 of eq. 36a, m⁻¹
SHEAR_X = 0.6  # eq. 36b
STABLE, UNSTABLE = 5.0, 16.0  # eq. 33a and 33b


@njit(cache=True, nogil=True, error_model="numpy")
def profile(air, z):
    """Wind at a height over u*/k: integral of eq. 32, a parabola below e roughness lengths (eq. 34)."""
    if z < air[Z_T]:
        return z * (air[C_1] + air[C_2] * z)
    z0, lid = air[Z_0], air[LID]
    if air[INV_L] < 0.0:
        phi, gu = air[PHI], air[GU]
        s, s0 = math.sqrt(1.0 + gu * z), math.sqrt(1.0 + gu * z0)
        bend = math.log((1.0 + s) / (1.0 + s0)) + (s - s0) / (gu * lid)
        return math.log(z / z0) - phi * (z - z0) / lid - 2.0 * (1.0 - phi) * bend
    if air[INV_L] == 0.0:
        return math.log(z / z0) - (z - z0) / lid
    zl = air[Z_L]
    bend = (1.0 + zl / lid) * math.log((z + zl) / (z0 + zl)) - (z - z0) / lid
    return math.log(z / z0) - (z - z0) / lid + STABLE * air[INV_L] * zl * bend


@njit(cache=True, nogil=True, error_model="numpy")
def phi_m(air, z):
    """Slope of the wind over that of a neutral one, eq. 33."""
    if air[INV_L] < 0.0:
        return air[PHI] + (1.0 - air[PHI]) / math.sqrt(1.0 + air[GU] * z)
    return 1.0 + STABLE * air[INV_L] * z / (1.0 + z / air[Z_L])


@njit(cache=True, nogil=True, error_model="numpy")
def phi_h(z, inverse_length):
    """Damping of vertical mixing at a height, eq. 35c."""
    if inverse_length < 0.0:
        return 1.0 / math.sqrt(1.0 - UNSTABLE * z * inverse_length)
    return 1.0 + STABLE * z * inverse_length


@njit(cache=True, nogil=True, error_model="numpy")
def mean_wind(air, z, panels):
    """Mean wind from the ground to a height by Simpson's rule (eq. 4c)."""
    total, step = 0.0, z / panels
    for k in range(panels):
        a = k * step
        total += profile(air, a) + 4.0 * profile(air, a + 0.5 * step) + profile(air, a + step)
    return air[U_STAR] / KARMAN * total / (6.0 * panels)


@njit(cache=True, nogil=True, error_model="numpy")
def top_of(z_c, h):
    """Height of the top: a cloud whose centre is above half its height has left the ground (eq. 13)."""
    return z_c + 0.5 * h if z_c > 0.5 * h else h


@njit(cache=True, nogil=True, error_model="numpy")
def close(row, air, spout):
    """Fill the entrainment velocities (without their factor root 3) and the fluxes of a row, eq. 35 to 39.

    ``spout`` is the velocity at which gas leaves the pool below.
    """
    ubar = max(row[U_BAR], 1e-6)
    ratio = air[RHO_A] / row[RHO]
    v_half = 0.5 * row[V_G]
    slip = (ubar - row[U]) * ratio
    c_f = air[U_STAR] / ubar
    h, top, b = row[H], row[TOP], row[B]
    lofted = top > h

    over = DRAG * (slip * slip + (v_half * ratio) ** 2)
    ground = c_f * c_f * (row[U] ** 2 + v_half * v_half) + SPOUT * spout * ubar
    under = air[U_STAR] ** 2 + over if lofted else ground
    transfer = c_f * math.sqrt(under)
    thermal = 0.0
    if not lofted and row[T] < air[T_A]:
        lift = THERMAL * GRAVITY * (air[T_A] - row[T]) * transfer * h / (0.5 * (air[T_A] + row[T]))
        thermal = lift ** (2.0 / 3.0)
    square = under + over + thermal
    inverse = air[INV_L] / (1.0 + top / air[Z_L]) * air[U_STAR] ** 2
    inverse += max(STRATIFY * GRAVITY * (row[RHO] - air[RHO_A]) / row[RHO], 0.0)
    inverse /= square
    mixing = (1.0 - top / air[LID]) / phi_h(top, inverse)
    if top > 1.01 * h:  # through its underside too
        mixing += (1.0 - (top - h) / air[LID]) / phi_h(top - h, inverse)
    row[W_E] = air[AT_4] / row[AT_TOP] * ENTRAIN * KARMAN * math.sqrt(square) * mixing

    widen, damp = air[WIDEN], 0.5 * DAMP / air[WIDEN] / ROOT3
    row[V_E] = math.hypot(widen * ubar / (1.0 + damp * b), math.sqrt(DRAG) * ENTRAIN * KARMAN * slip)

    mass = row[RHO] * (row[B_X] if row[B_X] > 0.0 else 1.0)
    drag = DRAG * abs(slip) * slip
    if lofted:
        row[F_U] = mass * (2.0 * b + h) * drag
        row[F_UG], row[F_V], row[F_T] = 0.0, 0.0, 0.0
        row[F_W] = -mass * h * DRAG * abs(row[W_C]) * row[W_C]
    else:
        side = v_half * ratio
        row[F_U] = -mass * (b * ((c_f * row[U]) ** 2 - air[U_STAR] ** 2) - (b + h) * drag)
        row[F_V] = -mass * b * ((c_f * v_half) ** 2 + DRAG * abs(side) * side)
        row[F_UG] = -mass * b * ((c_f * 0.5 * row[U_G]) ** 2 + DRAG * abs(row[U_G]) * row[U_G] * (0.5 * ratio) ** 2)
        row[F_W] = 0.0
        row[F_T] = mass * b * transfer * row[CP] * (air[T_A] - row[T])
    if row[B_X] > 0.0:
        sigma = spread(row[Z_C], h)
        z = row[Z_C] + 0.5 * sigma
        shear = SHEAR_X * air[U_STAR] / KARMAN * z / (z + air[Z_0]) * phi_m(air, z) * (1.0 - z / air[LID])
        row[V_X] = math.hypot(widen * ubar / (1.0 + damp * row[B_X]), shear)


@njit(cache=True, nogil=True, error_model="numpy")
def spread(z_c, h):
    """Standard deviation of the vertical profile (eq. 13)."""
    return 0.5 * h / ROOT3 if z_c > 0.5 * h else (h - z_c) / ROOT3


@njit(cache=True, nogil=True, error_model="numpy")
def damped(flux, held):
    """Part of a flux that can be exchanged when it draws down no more than what is held: never past equilibrium."""
    flux, held = abs(flux), abs(held)
    return flux * held / (flux + held) if flux > 0.0 and held > 0.0 else 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def following_wind(air, top0, mean0, at_top0, top, at_top):
    """Mean wind below a top that has moved from ``top0``, where the mean was ``mean0``."""
    middle = profile(air, 0.5 * (top0 + top))
    added = air[U_STAR] / KARMAN * (at_top0 + 4.0 * middle + at_top) * (top - top0) / 6.0
    return min((top0 * mean0 + added) / top, air[U_STAR] / KARMAN * at_top)
