# mypy: allow-untyped-defs, allow-untyped-calls
"""Round turbulent jet in a wind: conservation of mass, momentum and energy along the axis, and the field around it.

A section carries the fluxes ``state`` = (J, Px, Py, Pz, H, x, y, z, t): mass [kg s⁻¹], momentum east, north, up [N],
enthalpy with kinetic energy [W], place [m] and the time the released material has travelled [s]. Over the section
velocity and mass fraction have Gaussian profiles in the mass-weighted radius η, ``ρ_a d(η²) = ρ d(r²)``, in which a jet
of any density is one of the density of air:

    u = U + w exp(-η²/B²),  Y = Y_c exp(-η²/(λ²B²)),  the coflow U counted out to η² = 2 B²,

so ``V = |P|/J = U + w/2``, ``π ρ_a B² = J/(2V)``, and the flux of the substance gives ``Y_c`` (see `axis_share`).
``air`` (4, n) holds ln height, wind speed, potential temperature [K], dissipation [m² s⁻³]. ``source`` (5,) holds the
mass rate of the substance, pressure [Pa], mass fraction of water in the air, and the unit vector the wind blows
towards.

References
----------
Crane, L. J. and Pack, D. C. (1957), Laminar and turbulent mixing of jets of compressible fluid, part I, J. Fluid Mech.
2:449 (the density-weighted coordinate of Howarth and Dorodnitsyn).
Jirka, G. H. (2004), Integral model for turbulent buoyant jets in unbounded stratified flows, Environ. Fluid Mech. 4:1
(the coflow counted to √2 b).
List, E. J. (1982), Turbulent jets and plumes, Ann. Rev. Fluid Mech. 14:189.
Ooms, G. (1972), A new method for the calculation of the plume path of gases emitted by a stack, Atmos. Environ. 6:899.
Ricou, F. P. and Spalding, D. B. (1961), Measurements of entrainment by axisymmetrical turbulent jets, J. Fluid Mech.
11:21.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from dispersion._kernels.mixing import (
    AIR_HEAT,
    AIR_MOLAR_MASS,
    GAS_CONSTANT,
    WATER_LATENT_ZERO,
    WATER_MOLAR_MASS,
    WATER_VAPOUR_HEAT,
    state_of,
)

GRAVITY = 9.80665
SPREAD = 1.35  # λ², Ooms 1972: the concentration is wider than the velocity by 1.16
SHEAR, CROSS, AMBIENT, DRAG = 0.057, 0.5, 1.0, 0.3  # Ooms 1972; the first is Ricou and Spalding's 0.32 x/d
PLUME = 0.083  # entrainment of a pure plume, List 1982
PLUME_FROUDE = 1.25 * SPREAD / PLUME  # w²/(g' B) of a pure plume: from b = 6 α z / 5 and w ~ z^(-1/3)
GROWTH = 0.05  # of the mass flux, the most a step may add
DENSE = 0.15  # number of Britter and McQuaid 1988, HSE CRR 17, from which on weight matters
SLOW = 0.1  # of the wind: by how much the mean velocity may outrun or cross it when the air takes over
HALF = 0.5  # of the wind: what it must at least have by then

GOES_ON, PASSIVE, GROUND, DILUTE, FAR, STALLED, NO_STATE, NO_ROOM = -1, 0, 1, 2, 3, 4, 5, 6

# Dormand and Prince (1980), J. Comput. Appl. Math. 6:19: nodes do not matter, the equations hold no s.
_A = np.array(
    [
        [0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        [1 / 5, 0.0, 0.0, 0.0, 0.0, 0.0],
        [3 / 40, 9 / 40, 0.0, 0.0, 0.0, 0.0],
        [44 / 45, -56 / 15, 32 / 9, 0.0, 0.0, 0.0],
        [19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729, 0.0, 0.0],
        [9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656, 0.0],
        [35 / 384, 0.0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84],
    ]
)
_ERROR = np.array([71 / 57600, 0.0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40])


@njit(cache=True, nogil=True, error_model="numpy")
def air_at(height, air):
    """Wind speed, potential temperature and dissipation at a height, straight in its logarithm."""
    last = air.shape[1] - 1
    at = (math.log(max(height, 1e-9)) - air[0, 0]) / (air[0, last] - air[0, 0]) * last
    at = min(max(at, 0.0), float(last))
    k = min(int(at), last - 1)
    part = at - k
    return (
        air[1, k] + part * (air[1, k + 1] - air[1, k]),
        air[2, k] + part * (air[2, k + 1] - air[2, k]),
        air[3, k] + part * (air[3, k + 1] - air[3, k]),
    )


@njit(cache=True, nogil=True, error_model="numpy")
def air_state(temperature, pressure, water):
    """Specific enthalpy and density of air with a mass fraction of water vapour."""
    heat = (1.0 - water) * AIR_HEAT + water * WATER_VAPOUR_HEAT
    moles = (1.0 - water) / AIR_MOLAR_MASS + water / WATER_MOLAR_MASS
    return heat * temperature + water * WATER_LATENT_ZERO, pressure / (moles * GAS_CONSTANT * temperature)


@njit(cache=True, nogil=True, error_model="numpy")
def cut_circle(height, radius):
    """Circle that is cut by the ground and has the area of a whole one of `radius`, its centre at `height`.

    Returns its radius and the free part of its perimeter, both over those of the whole one, and how far its centroid
    lies above the centre. On the ground: √2, 1/√2 (as a jet and its image that have become one) and 0.6 radii.
    """
    if height >= radius:
        return 1.0, 1.0, 0.0
    target = (max(height, 0.0) / radius) ** 2
    low, high = 0.0, 0.5 * math.pi
    for _ in range(48):
        phi = 0.5 * (low + high)
        area = math.pi - phi + math.sin(phi) * math.cos(phi)
        if math.pi * math.cos(phi) ** 2 / area > target:
            low = phi
        else:
            high = phi
    wider = math.sqrt(math.pi / area)
    return wider, wider * (1.0 - phi / math.pi), radius * (wider * math.sin(phi)) ** 3 / (1.5 * math.pi)


@njit(cache=True, nogil=True, error_model="numpy")
def axis_share(velocity, along):
    """Mass fraction on the axis over that of the section: ``2 V / (λ² (U + w / (1 + λ²)))``; and that speed [m s⁻¹].

    The speed is the mean over the substance: flux over content. Where the share times the mean exceeds 1 the profiles
    are not established yet.
    """
    speed = along + 2.0 * (velocity - along) / (1.0 + SPREAD)
    return 2.0 * velocity / (SPREAD * speed), speed


@njit(cache=True, nogil=True, error_model="numpy")
def rates(state, source, air, material, slope, told):
    """Slopes of the state along the axis.

    ``told`` gets: temperature, density and radius of the section, density of the air, wind along the axis, mass
    fraction on the axis (before it is cut off at 1), entrainment of the jet itself and of the air's turbulence
    [kg s⁻¹ m⁻¹], velocity by which it outruns or crosses the wind, over the wind (a stream that grows into faster air
    lags behind, which counts for nothing), wind at the section, circle's widening, enthalpy of the air with its kinetic
    energy. ``told[0]`` is the first guess. Status 0 or NO_STATE.
    """
    flux, px, py, pz, height = state[0], state[1], state[2], state[3], state[7]
    mass_rate, pressure, water = source[0], source[1], source[2]
    momentum = math.sqrt(px * px + py * py + pz * pz)
    velocity = momentum / flux
    tx, ty, tz = px / momentum, py / momentum, pz / momentum
    mean = mass_rate / flux
    enthalpy = state[4] / flux - 0.5 * velocity * velocity
    status, temperature, density, _, _ = state_of(mean, water * (1.0 - mean), enthalpy, pressure, material, told[0])
    if status != 0:
        return NO_STATE
    radius = math.sqrt(flux / (math.pi * density * velocity))
    level = math.hypot(tx, ty)
    wider, free, lifted = cut_circle(height / max(level, 1e-9), radius)
    wind, warmth, dissipation = air_at(height + level * lifted, air)
    around, air_density = air_state(warmth, pressure, water)
    along = wind * (source[3] * tx + source[4] * ty)
    share, speed = axis_share(velocity, along)
    axis = mean * share
    settled = axis < 1.0
    width = math.sqrt(flux / (2.0 * math.pi * air_density * velocity))
    excess = 2.0 * (velocity - along)

    lift = GRAVITY * flux / velocity * (air_density / density - 1.0) * (velocity / speed if settled else 1.0)
    reduced = 2.0 * lift * velocity / (SPREAD * flux)
    plume = PLUME_FROUDE * max(reduced * tz, 0.0) * width / max(excess * excess, 1e-12)
    shear = SHEAR + (PLUME - SHEAR) * min(plume, 1.0)
    if not settled:
        shear /= 1.0 + SPREAD  # so that the far field starts at the opening: 1 - Y_mean/Y_axis of the end of this zone
    nx, ny, nz = wind * source[3] - along * tx, wind * source[4] - along * ty, -along * tz
    across = math.sqrt(nx * nx + ny * ny + nz * nz)
    lean = abs(along) / wind if wind > 0.0 else 0.0
    rim = 2.0 * math.pi * width * air_density * free
    own = rim * (shear * abs(excess) + CROSS * across * lean)
    turbulent = rim * AMBIENT * (dissipation * radius / math.sqrt(2.0)) ** (1.0 / 3.0)
    taken = own + turbulent
    push = DRAG * math.pi * radius * air_density * across * free

    slope[0] = taken
    slope[1] = taken * wind * source[3] + push * nx
    slope[2] = taken * wind * source[4] + push * ny
    slope[3] = lift + push * nz
    if height <= 0.0 and pz <= 0.0:  # slides along the ground, which bears it
        slope[3] = max(slope[3], 0.0)
    slope[4] = taken * (around + 0.5 * wind * wind)
    slope[5], slope[6], slope[7] = tx, ty, tz
    slope[8] = 1.0 / (speed if settled else velocity)
    told[0], told[1], told[2], told[3], told[4], told[5] = temperature, density, radius, air_density, along, axis
    told[6], told[7] = own, turbulent
    told[8] = math.inf
    if wind > 0.0:
        ahead = velocity * (source[3] * tx + source[4] * ty) / wind
        if ahead > HALF:
            aside = math.sqrt(max((velocity / wind) ** 2 - ahead * ahead, 0.0))
            told[8] = math.sqrt(max(ahead - 1.0, 0.0) ** 2 + aside * aside)
    told[9], told[10], told[11] = wind, wider, around + 0.5 * wind * wind
    return 0


@njit(cache=True, nogil=True, error_model="numpy")
def _heavy(state, told, air):
    """Whether a section is a dense cloud on the ground: number of Britter and McQuaid (1988), wind at 10 m."""
    wind = air_at(10.0, air)[0]
    flow = state[0] / told[1]
    return GRAVITY * (told[1] / told[3] - 1.0) * math.sqrt(flow) >= DENSE**3 * wind**2.5


@njit(cache=True, nogil=True, error_model="numpy")
def _step(state, length, source, air, material, slopes, told, following):
    """One step of Dormand and Prince: error and status; `slopes[0]` is known, `slopes[6]` becomes the new state's."""
    for k in range(1, 7):
        for i in range(state.size):
            total = 0.0
            for j in range(k):
                total += _A[k, j] * slopes[j, i]
            following[i] = state[i] + length * total
        if not following[0] > 0.0 or rates(following, source, air, material, slopes[k], told) != 0:
            return math.inf, NO_STATE
    momentum = math.sqrt(state[1] ** 2 + state[2] ** 2 + state[3] ** 2)
    worst = 0.0
    for i in range(state.size):
        total = 0.0
        for k in range(7):
            total += _ERROR[k] * slopes[k, i]
        if i in (0, 4, 8):
            scale = abs(state[i]) + abs(length * slopes[0, i])
        elif i < 4:
            scale = momentum
        else:
            scale = length + told[2]
        worst = max(worst, abs(length * total) / scale)
    return worst, 0


@njit(cache=True, nogil=True, error_model="numpy")
def _reason(state, told, air, limits, length):
    """Why a jet ends at this section, or GOES_ON."""
    momentum = math.sqrt(state[1] ** 2 + state[2] ** 2 + state[3] ** 2)
    reason = GOES_ON
    if state[7] == 0.0 and state[3] <= 0.0 and (-state[3] > math.sqrt(0.5) * momentum or _heavy(state, told, air)):
        reason = GROUND
    elif told[5] < 1.0 and told[6] <= told[7] and told[8] <= SLOW:
        reason = PASSIVE
    elif told[5] < limits[2]:
        reason = DILUTE
    elif length >= limits[1]:
        reason = FAR
    elif momentum < limits[4] * state[0]:
        reason = STALLED
    return reason


@njit(cache=True, nogil=True, error_model="numpy")
def follow(start, source, air, material, limits, out, detail):
    """Integrate a jet from its opening.

    Rows of ``out`` (n, 10) are the path length and the state, rows of ``detail`` (n, 12) what `rates` tells of it.
    ``limits`` (5,): relative error of a step, farthest path length [m], lowest mass fraction on the axis, temperature
    to start the search from [K], lowest mean speed [m s⁻¹]. Returns why it ended and the number of rows.
    """
    state, following = start.copy(), np.empty(start.size)
    slopes, told = np.empty((7, start.size)), np.zeros(12)
    told[0] = limits[3]
    if rates(state, source, air, material, slopes[0], told) != 0:
        return NO_STATE, 0
    s, length, count, reason = 0.0, 0.1 * told[2], 0, GOES_ON
    while True:
        out[count, 0], out[count, 1:], detail[count] = s, state, told
        count += 1
        if reason != GOES_ON or count == out.shape[0]:
            return NO_ROOM if reason == GOES_ON else reason, count
        before, size = told[0], told[2]
        length = min(length, GROWTH * state[0] / slopes[0, 0], limits[1] - s)
        while True:
            error, status = _step(state, length, source, air, material, slopes, told, following)
            under = status == 0 and error <= limits[0] and following[7] < -1e-6 * size and state[7] > 0.0
            if status == 0 and error <= limits[0] and not under:
                break
            told[0] = before
            if under:  # goes into the ground: shorten the step to end on it
                length *= state[7] / (state[7] - following[7])
            else:
                length *= 0.2 if status != 0 else max(0.9 * (limits[0] / error) ** 0.2, 0.2)
            if length < 1e-10 * size:
                return STALLED, count
        state[:] = following
        slopes[0, :] = slopes[6, :]
        s += length
        length *= min(0.9 * (limits[0] / max(error, 1e-300)) ** 0.2, 3.0)
        if abs(state[7]) <= 1e-6 * size and state[3] <= 0.0:
            state[7] = 0.0
        reason = _reason(state, told, air, limits, s)
        if reason == GOES_ON and state[7] == 0.0 and state[3] < 0.0:  # comes down flat and light: slides on
            state[3] = 0.0
            if rates(state, source, air, material, slopes[0], told) != 0:
                return NO_STATE, count


@njit(cache=True, nogil=True, error_model="numpy")
def profile(square, axis, width_square, ratio):
    """Mass fraction at a squared distance from the axis, and the density there over that of the air.

    ``ratio`` is the density of the air over that on the axis. The specific volume is straight in the mass fraction, so
    ``r² = η² + (ratio - 1) Λ² (1 - exp(-η²/Λ²))``: Newton's steps come from one side, for the right side bends one way.
    """
    target = square / width_square
    at = target
    for _ in range(60):
        drop = math.exp(-at)
        move = (at + (ratio - 1.0) * (1.0 - drop) - target) / (1.0 + (ratio - 1.0) * drop)
        at = max(at - move, 0.0)
        if abs(move) <= 1e-12 * (1.0 + at):
            break
    drop = math.exp(-at)
    return axis * drop, 1.0 / (1.0 + (ratio - 1.0) * drop)


@njit(cache=True, nogil=True, error_model="numpy")
def near_field(x, y, z, path, found, arrives, leaves):
    """Concentration of a jet at points while it is there, and how long after emission gas arrives and has passed.

    Rows of ``path`` (n, 11): x, y, z of the axis, travel time, mass fraction on the axis, squared width Λ² of the
    circle cut by the ground, part of the flux each of jet and image gets, share of the image, density of the air, that
    over the density on the axis, and the time after the last emission until which its gas is there. A point belongs to
    the nearest place of the axis, out to five standard deviations; the times of others are left as they are.
    """
    last = path.shape[0] - 1
    low_x = low_y = math.inf
    high_x = high_y = -math.inf
    for k in range(last + 1):
        reach = 5.0 * math.sqrt(0.5 * path[k, 5] * max(path[k, 9], 1.0))
        low_x, high_x = min(low_x, path[k, 0] - reach), max(high_x, path[k, 0] + reach)
        low_y, high_y = min(low_y, path[k, 1] - reach), max(high_y, path[k, 1] + reach)
    row = np.empty(path.shape[1])
    for i in range(x.size):
        if not (low_x <= x[i] <= high_x and low_y <= y[i] <= high_y and z[i] >= 0.0):
            continue
        best, where, part, outside = math.inf, 0, 0.0, False
        for k in range(last):
            ax, ay, az = path[k, 0], path[k, 1], path[k, 2]
            bx, by, bz = path[k + 1, 0] - ax, path[k + 1, 1] - ay, path[k + 1, 2] - az
            cx, cy, cz = x[i] - ax, y[i] - ay, z[i] - az
            f = (bx * cx + by * cy + bz * cz) / (bx * bx + by * by + bz * bz)
            clipped = min(max(f, 0.0), 1.0)
            dx, dy, dz = cx - clipped * bx, cy - clipped * by, cz - clipped * bz
            square = dx * dx + dy * dy + dz * dz
            if square < best:
                best, where, part = square, k, clipped
                outside = (k == 0 and f < 0.0) or (k == last - 1 and f > 1.0)
        if outside:
            continue
        for j in range(row.size):
            row[j] = path[where, j] + part * (path[where + 1, j] - path[where, j])
        if best > 12.5 * row[5] * max(row[9], 1.0):
            continue
        arrives[i], leaves[i] = row[3], row[10]
        fraction, thin = profile(best, row[4], row[5], row[9])
        found[i] = row[6] * row[8] * fraction * thin
        if row[7] > 0.0:
            fraction, thin = profile(best + 4.0 * z[i] * row[2], row[4], row[5], row[9])
            found[i] += row[6] * row[7] * row[8] * fraction * thin
