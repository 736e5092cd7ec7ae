# mypy: allow-untyped-defs, allow-untyped-calls
"""Array kernels of the Gaussian models: numbers in, numbers out, the caller allocates.

Layout of the arrays shared by the kernels (all float64, C-contiguous)

``wind`` (7, m)
    time, u, v, speed (never below the growth limit), and their integrals x, y and travelled length; between the columns
    u, v and speed are linear in time, outside them constant.
``changes`` (3, c)
    time, travelled length and number of the table that holds from then on; the first time is -inf.
``tables`` (s, 5, k)
    one table for each distinct state of the air, on travelled lengths uniform in the logarithm; ``axis`` (2,) holds the
    logarithm of the first length and the step. Rows: natural logarithm of crosswind and vertical sigma, distance from
    the source over travelled length, exponent of deposition (what is left is exp of minus it), rise above the source.
``panels`` (p,)
    travelled lengths that cut the cloud into panels, first 0.
``grown`` (s, 2 (p - 1), 5)
    what `spread` gives, for each table, at the two puffs of each whole panel.
``emission`` (3, n + 1)
    edges, rates (last unused) and mass emitted up to the edge; ``runs`` (r, 2) are the intervals to be filled.
``source`` (11,)
    x, y, z, crosswind and vertical sigma at the start, mass and time of the instantaneous part, the size below which it
    would be denser than the pure gas, the area of undiluted flow (times rate over speed, the square of that size for
    what is emitted), the rate at which mass is lost in time, and the largest of those undiluted sizes.
``nodes`` (capacity, 6)
    x, y, z, crosswind sigma, vertical sigma, mass of the puffs at one time.

Only the accumulation on a grid may fuse a multiplication with an addition (``contract``); no other fast-math liberty is
taken, so equal nodes give equal bits, whatever the number of threads and whatever happens after the time asked for.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

LANES = 8
STRIDE = 256
_4, _6, _8, _10 = 1.0 / 24.0, 1.0 / 720.0, 1.0 / 40320.0, 1.0 / 3628800.0  # of the series of cosh
_ROOT_TWO_PI = math.sqrt(2.0 * math.pi)
_OWN = 1.0 / 3.5  # sigma of buoyancy-induced dispersion over rise: Pasquill 1976, as in EPA 1995, eq. 1-48
_GAUSS = 1.0 / math.sqrt(3.0)  # two-point Gauss-Legendre abscissa


@njit(cache=True, nogil=True, error_model="numpy")
def _last(row, value):
    """Place of the last entry of a rising row that is not above the value, -1 if there is none.

    ``np.searchsorted(row, value, side="right") - 1``, which takes half a second longer to compile.
    """
    low, high = 0, row.size
    while low < high:
        middle = (low + high) // 2
        if row[middle] <= value:
            low = middle + 1
        else:
            high = middle
    return low - 1


@njit(cache=True, nogil=True, error_model="numpy")
def travel(wind, t):
    """Integrals of u, v and speed from the first wind record to time t."""
    return travel_in(wind, t, max(_last(wind[0], t), 0))


@njit(cache=True, nogil=True, error_model="numpy")
def travel_in(wind, t, k):
    """`travel` for a time that lies behind column k and not behind the next (or before the first)."""
    if k == wind.shape[1] - 1 or t < wind[0, k]:
        tau = t - wind[0, k]
        return wind[4, k] + tau * wind[1, k], wind[5, k] + tau * wind[2, k], wind[6, k] + tau * wind[3, k]
    tau = t - wind[0, k]
    f = 0.5 * tau / (wind[0, k + 1] - wind[0, k])
    x = wind[4, k] + tau * (wind[1, k] + f * (wind[1, k + 1] - wind[1, k]))
    y = wind[5, k] + tau * (wind[2, k] + f * (wind[2, k + 1] - wind[2, k]))
    length = wind[6, k] + tau * (wind[3, k] + f * (wind[3, k + 1] - wind[3, k]))
    return x, y, length


@njit(cache=True, nogil=True, error_model="numpy")
def when_at(wind, length, k):
    """Time at which the travelled length is `length`, and the column before it; the search starts at column k."""
    last = wind.shape[1] - 1
    while k > 0 and wind[6, k] > length:
        k -= 1
    while k < last and wind[6, k + 1] <= length:
        k += 1
    rest = length - wind[6, k]
    if rest < 0.0 or k == last:
        return wind[0, k] + rest / wind[3, k], k
    whole = wind[0, k + 1] - wind[0, k]
    gain = (wind[3, k + 1] - wind[3, k]) / whole
    root = math.sqrt(max(wind[3, k] * wind[3, k] + 2.0 * gain * rest, 0.0))
    return wind[0, k] + min(2.0 * rest / (wind[3, k] + root), whole), k


@njit(cache=True, nogil=True, error_model="numpy")
def time_at(wind, length):
    """Time at which the travelled length is `length`."""
    return when_at(wind, length, 0)[0]


@njit(cache=True, nogil=True, error_model="numpy")
def _cell(axis, size, length):
    """Column of a table left of a travelled length, and the share of the step behind it (above 1 beyond the end)."""
    p = (math.log(max(length, 1e-6)) - axis[0]) / axis[1]
    k = min(max(int(p), 0), size - 2)
    return k, p - k


@njit(cache=True, nogil=True, error_model="numpy")
def _row(row, k, f):
    return row[k] + f * (row[k + 1] - row[k])


@njit(cache=True, nogil=True, error_model="numpy")
def _entry(row, level, k):
    """Column left of where a row of logarithms is at `level`, the share of the step, searched from column k on.

    The end of the table if the row never is as high.
    """
    last = row.size - 2
    if level >= row[last + 1]:
        return last, 1.0
    while k > 0 and row[k] > level:
        k -= 1
    while k < last and row[k + 1] <= level:
        k += 1
    rise = row[k + 1] - row[k]
    return k, (level - row[k]) / rise if rise > 0.0 else 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def _sizes(sy, sz, rise, source):
    """Sigmas with the size at the start and the turbulence of the rising plume itself."""
    own = rise * _OWN
    return math.sqrt(sy * sy + source[3] * source[3] + own * own), math.sqrt(
        sz * sz + source[4] * source[4] + own * own
    )


@njit(cache=True, nogil=True, error_model="numpy")
def spread(table, axis, length, source):
    """Both sigmas, distance over length, exponent of deposition and rise after a travelled length in one state."""
    i, f = _cell(axis, table.shape[1], length)
    sy = math.exp(_row(table[0], i, f))
    sz = math.exp(_row(table[1], i, f))
    f = max(f, 0.0)
    rise = _row(table[4], i, min(f, 1.0))
    sy, sz = _sizes(sy, sz, rise, source)
    return sy, sz, _row(table[2], i, f), _row(table[3], i, f), rise


@njit(cache=True, nogil=True, error_model="numpy")
def fill_grown(tables, axis, panels, source, grown):
    """Fill `grown`."""
    for s in range(tables.shape[0]):
        for j in range(panels.size - 1):
            half = 0.5 * (panels[j + 1] - panels[j])
            for side in range(2):
                length = panels[j] + half + (_GAUSS * half if side else -_GAUSS * half)
                row = grown[s, 2 * j + side]
                row[0], row[1], row[2], row[3], row[4] = spread(tables[s], axis, length, source)


@njit(cache=True, nogil=True, error_model="numpy")
def _spread_on(emitted, length, t, length_now, changes, tables, axis, source):
    """`spread` of a puff for which the state of the air has changed since it was emitted.

    The table of the new state is entered at the size reached: that of the crosswind row for it, that of the vertical
    row for everything that depends on the depth. The rise is that of the state at emission.
    """
    k = _last(changes[0], emitted)
    last = _last(changes[0], t)
    table = tables[int(changes[2, k])]
    size = table.shape[1]
    whole = length_now - length
    first = changes[1, k + 1] - length
    i, f = _cell(axis, size, whole)
    rise = _row(table[4], i, min(max(f, 0.0), 1.0))
    i, f = _cell(axis, size, first)
    wide, deep = _row(table[0], i, f), _row(table[1], i, f)
    iy = iz = i
    f = max(f, 0.0)
    distance = _row(table[2], i, f) * first
    lost = _row(table[3], i, f)
    for j in range(k + 1, last + 1):
        table = tables[int(changes[2, j])]
        step = (length_now if j == last else changes[1, j + 1]) - changes[1, j]
        iy, f = _entry(table[0], wide, iy)
        iy, f = _cell(axis, size, math.exp(axis[0] + (iy + f) * axis[1]) + step)
        wide = max(_row(table[0], iy, f), wide)
        iz, f = _entry(table[1], deep, iz)
        before = math.exp(axis[0] + (iz + f) * axis[1])
        f = max(f, 0.0)
        distance -= _row(table[2], iz, f) * before
        lost -= _row(table[3], iz, f)
        iz, f = _cell(axis, size, before + step)
        deep = max(_row(table[1], iz, f), deep)
        f = max(f, 0.0)
        distance += _row(table[2], iz, f) * (before + step)
        lost += _row(table[3], iz, f)
    sy, sz = math.exp(wide), math.exp(deep)
    sy, sz = _sizes(sy, sz, rise, source)
    return sy, sz, distance / whole if whole > 0.0 else 1.0, lost, rise


@njit(cache=True, nogil=True, error_model="numpy")
def _emitted(emission, t):
    """Mass of the continuous part emitted up to time t."""
    last = emission.shape[1] - 1
    k = _last(emission[0], t)
    if k < 0:
        return 0.0
    if k >= last:
        return emission[2, last]
    return emission[2, k] + emission[1, k] * (t - emission[0, k])


@njit(cache=True, nogil=True, error_model="numpy")
def _rate(emission, t):
    """Mass rate at time t, at the end of the emission that of the last piece."""
    last = emission.shape[1] - 2
    return emission[1, min(max(_last(emission[0], t), 0), last)]


@njit(cache=True, nogil=True, error_model="numpy")
def _speed(wind, t, k):
    """Speed at a time that lies behind column k and not behind the next (or before the first)."""
    if k == wind.shape[1] - 1 or t < wind[0, k]:
        return wind[3, k]
    f = (t - wind[0, k]) / (wind[0, k + 1] - wind[0, k])
    return wind[3, k] + f * (wind[3, k + 1] - wind[3, k])


@njit(cache=True, nogil=True, error_model="numpy")
def _put(node, emitted, k, mass, t, here, wind, changes, tables, axis, grown, whole, source):
    """Write one puff; `whole` is its place in `grown`, below 0 if it stands elsewhere."""
    x, y, length = travel_in(wind, emitted, k)
    now = changes.shape[1] - 1
    if now > 0:
        now = _last(changes[0], t)
    state = int(changes[2, now])
    if emitted < changes[0, now]:
        sy, sz, ratio, lost, rise = _spread_on(emitted, length, t, here[2], changes, tables, axis, source)
    elif whole >= 0:
        sy, sz, ratio, lost, rise = grown[state, whole]
    else:
        sy, sz, ratio, lost, rise = spread(tables[state], axis, here[2] - length, source)
    node[0] = source[0] + (here[0] - x) * ratio
    node[1] = source[1] + (here[1] - y) * ratio
    node[2] = source[2] + rise
    node[3] = sy
    node[4] = sz
    lost += source[9] * (t - emitted)
    node[5] = mass * math.exp(-lost) if lost > 0.0 else mass


@njit(cache=True, nogil=True, error_model="numpy")
def place_nodes(t, wind, changes, tables, axis, panels, grown, emission, runs, source, nodes):
    """Fill `nodes` with the puffs of one release at time t; return their number, -1 if `nodes` is too short.

    The integral over emission time is cut at travelled distances `panels` (fixed for the life of the cloud; only the
    panels at the two ends of a run are partial). A panel holds two puffs at the Gauss-Legendre points of its distance
    interval; each carries the exact mass emitted in its half.
    """
    n = 0
    here = travel(wind, t)
    if source[5] > 0.0 and t >= source[6]:
        if nodes.shape[0] < 1:
            return -1
        k = max(_last(wind[0], source[6]), 0)
        elsewhere = -1 - k  # a literal would have `_put` compiled twice
        _put(nodes[0], source[6], k, source[5], t, here, wind, changes, tables, axis, grown, elsewhere, source)
        nodes[0, 3] = max(nodes[0, 3], source[7])
        nodes[0, 4] = max(nodes[0, 4], source[7])
        n = 1
    for r in range(runs.shape[0]):
        first = runs[r, 0]
        if t <= first:
            break
        young = min(t, runs[r, 1])
        near = max(here[2] - travel(wind, young)[2], 0.0) if young < t else 0.0
        far = here[2] - travel(wind, first)[2]
        j = max(_last(panels, near) + 1, 1)
        held = _emitted(emission, young)
        k = max(_last(wind[0], young), 0)
        while near < far:
            if n + 2 > nodes.shape[0]:
                return -1
            edge = far if j >= panels.size or panels[j] >= far else panels[j]
            whole = 2 * (j - 1) if edge < far and near == panels[j - 1] else -2
            half = 0.5 * (edge - near)
            middle = near + half
            m0 = _emitted(emission, max(when_at(wind, here[2] - middle, k)[0], first))
            m1 = _emitted(emission, first if edge == far else max(when_at(wind, here[2] - edge, k)[0], first))
            for side in range(2):
                d = middle - _GAUSS * half if side == 0 else middle + _GAUSS * half
                mass = held - m0 if side == 0 else m0 - m1
                te, k = when_at(wind, here[2] - d, k)
                te = min(max(te, first), young)
                if mass > 0.0:
                    _put(
                        nodes[n], te, k, mass, t, here, wind, changes, tables, axis, grown, whole + side, source
                    )  # fmt: skip
                    if min(nodes[n, 3], nodes[n, 4]) < source[10]:
                        pure = math.sqrt(source[8] * _rate(emission, te) / _speed(wind, te, k))
                        nodes[n, 3] = max(nodes[n, 3], pure)
                        nodes[n, 4] = max(nodes[n, 4], pure)
                    n += 1
            held = m1
            near = edge
            j += 1
    return n


@njit(cache=True, nogil=True, error_model="numpy")
def vertical(z, h, sigma, lid):
    """Vertical distribution with ground (and lid) reflection, integral 1 over the layer. [1/m]

    Images while sigma <= lid / 2, then the cosine series of the same sum; either is cut where the next term is below
    1e-14 of the leading one. What would have risen above the lid is held under it.
    """
    if z > lid or z < 0.0:
        return 0.0
    h = min(h, lid)
    if sigma <= 0.5 * lid:
        a = (z - h) / sigma
        b = (z + h) / sigma
        total = math.exp(-0.5 * a * a) + math.exp(-0.5 * b * b)
        for k in range(1, 4):
            s = 2.0 * k * lid / sigma
            if (s - b) ** 2 - a * a > 65.0:  # the nearest image of this order is below 1e-14 of the cloud itself
                break
            total += math.exp(-0.5 * (a - s) ** 2) + math.exp(-0.5 * (a + s) ** 2)
            total += math.exp(-0.5 * (b - s) ** 2) + math.exp(-0.5 * (b + s) ** 2)
        return total / (_ROOT_TWO_PI * sigma)
    total = 1.0
    for k in range(1, 7):
        w = k * math.pi / lid
        total += 2.0 * math.cos(w * z) * math.cos(w * h) * math.exp(-0.5 * (w * sigma) ** 2)
    return total / lid


@njit(cache=True, nogil=True, error_model="numpy")
def vertical_many(z, h, sigma, lid, out):
    """Write `vertical` for each z, h and sigma, all (n,)."""
    for i in range(z.size):
        out[i] = vertical(z[i], h[i], sigma[i], lid)


@njit(cache=True, nogil=True, error_model="numpy")
def _window(low, high, origin, step, count):
    """Index range of the grid points within [low, high]."""
    i0 = max(0, math.ceil(max((low - origin) / step, -1.0)))
    i1 = min(count, math.floor(min((high - origin) / step, float(count))) + 1)
    return i0, i1


@njit(cache=True, nogil=True, error_model="numpy")
def _bell(out, first, count, origin, step, centre, sigma, reach, factor):
    """Write factor * exp(-((x - centre) / sigma)**2 / 2) for `count` grid points, zero beyond the reach."""
    inverse = 1.0 / sigma
    for i in range(count):
        d = (origin + (first + i) * step - centre) * inverse
        out[i] = factor * math.exp(-0.5 * d * d) if abs(d) <= reach else 0.0


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"}, inline="always")
def _add_lanes(row, f, b0, b1, b2, b3, b4, b5, b6, b7):
    # One buffer with a compile-time stride: this is what lets LLVM use whole vector registers.
    for i in range(row.size):
        low = (b0 * f[i] + b1 * f[STRIDE + i]) + (b2 * f[2 * STRIDE + i] + b3 * f[3 * STRIDE + i])
        high = (b4 * f[4 * STRIDE + i] + b5 * f[5 * STRIDE + i]) + (b6 * f[6 * STRIDE + i] + b7 * f[7 * STRIDE + i])
        row[i] += low + high


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def add_nodes(nodes, n, grid, z, lid, reach, out, f, b, v):
    """Add n puffs to out (nz, ny, nx); a puff on a grid is the product a(x) b(y) c(z), eight at a time.

    grid (4,): x origin, y origin, x step, y step. Work space f (LANES * STRIDE,), b (ny, LANES), v (nz, LANES).
    """
    nz, ny, nx = out.shape
    for p0 in range(0, n, LANES):
        p1 = min(n, p0 + LANES)
        xl = yl = np.inf
        xh = yh = -np.inf
        for p in range(p0, p1):
            w = reach * nodes[p, 3]
            xl = min(xl, nodes[p, 0] - w)
            xh = max(xh, nodes[p, 0] + w)
            yl = min(yl, nodes[p, 1] - w)
            yh = max(yh, nodes[p, 1] + w)
        i0, i1 = _window(xl, xh, grid[0], grid[2], nx)
        j0, j1 = _window(yl, yh, grid[1], grid[3], ny)
        if i1 <= i0 or j1 <= j0:
            continue
        for q in range(LANES):
            p = p0 + q
            if p >= p1:
                b[j0:j1, q] = 0.0
                v[:, q] = 0.0
                continue
            sy = nodes[p, 3]
            _bell(
                b[j0:j1, q],
                j0,
                j1 - j0,
                grid[1],
                grid[3],
                nodes[p, 1],
                sy,
                reach,
                nodes[p, 5] / (2.0 * math.pi * sy * sy),
            )
            for k in range(nz):
                inside = abs(z[k] - nodes[p, 2]) <= reach * nodes[p, 4]
                v[k, q] = vertical(z[k], nodes[p, 2], nodes[p, 4], lid) if inside else 0.0
        for c0 in range(i0, i1, STRIDE):
            c1 = min(i1, c0 + STRIDE)
            for q in range(LANES):
                if p0 + q >= p1:
                    f[q * STRIDE : q * STRIDE + c1 - c0] = 0.0
                else:
                    p = p0 + q
                    _bell(f[q * STRIDE :], c0, c1 - c0, grid[0], grid[2], nodes[p, 0], nodes[p, 3], reach, 1.0)
            for k in range(nz):
                e = v[k]
                if e[0] + e[1] + e[2] + e[3] + e[4] + e[5] + e[6] + e[7] <= 0.0:
                    continue
                for j in range(j0, j1):
                    a = b[j]
                    _add_lanes(
                        out[k, j, c0:c1], f, a[0] * e[0], a[1] * e[1], a[2] * e[2], a[3] * e[3],
                        a[4] * e[4], a[5] * e[5], a[6] * e[6], a[7] * e[7],
                    )  # fmt: skip


@njit(cache=True, nogil=True, error_model="numpy")
def add_frames(
    times, lids, wind, changes, tables, axis, panels, grown, emission, runs, source, grid, z, reach, out, nodes
):
    """Add one release to out (nt, nz, ny, nx); return the number of puffs used, -1 if `nodes` is too short."""
    f = np.zeros(LANES * STRIDE)
    b = np.zeros((out.shape[2], LANES))
    v = np.zeros((out.shape[1], LANES))
    used = 0
    for i in range(times.size):
        n = place_nodes(times[i], wind, changes, tables, axis, panels, grown, emission, runs, source, nodes)
        if n < 0:
            return -1
        add_nodes(nodes, n, grid, z, lids[i], reach, out[i], f, b, v)
        used += n
    return used


@njit(cache=True, nogil=True, error_model="numpy")
def add_points(
    times, lids, offsets, x, y, z, wind, changes, tables, axis, panels, grown, emission, runs, source, reach, out, nodes
):
    """Add one release to out (points,); the points of times[i] are offsets[i] to offsets[i + 1]."""
    boxes = np.empty((nodes.shape[0] // LANES + 1, 4))
    used = 0
    for i in range(times.size):
        n = place_nodes(times[i], wind, changes, tables, axis, panels, grown, emission, runs, source, nodes)
        if n < 0:
            return -1
        used += n
        for p in range(n):
            w = reach * nodes[p, 3]
            k = p // LANES
            if p % LANES == 0:
                boxes[k, 0] = boxes[k, 2] = np.inf
                boxes[k, 1] = boxes[k, 3] = -np.inf
            boxes[k, 0] = min(boxes[k, 0], nodes[p, 0] - w)
            boxes[k, 1] = max(boxes[k, 1], nodes[p, 0] + w)
            boxes[k, 2] = min(boxes[k, 2], nodes[p, 1] - w)
            boxes[k, 3] = max(boxes[k, 3], nodes[p, 1] + w)
        lid = lids[i]
        for m in range(offsets[i], offsets[i + 1]):
            total = 0.0
            for k in range((n + LANES - 1) // LANES):
                if x[m] < boxes[k, 0] or x[m] > boxes[k, 1] or y[m] < boxes[k, 2] or y[m] > boxes[k, 3]:
                    continue
                for p in range(k * LANES, min(n, (k + 1) * LANES)):
                    s = nodes[p, 3]
                    dx = abs(x[m] - nodes[p, 0])
                    dy = abs(y[m] - nodes[p, 1])
                    if dx > reach * s or dy > reach * s or abs(z[m] - nodes[p, 2]) > reach * nodes[p, 4]:
                        continue
                    flat = (dx * dx + dy * dy) / (s * s)
                    share = nodes[p, 5] / (2.0 * math.pi * s * s)
                    if lid == np.inf:  # the two terms of `vertical` with the bell drawn in
                        if z[m] >= 0.0:
                            deep = nodes[p, 4]
                            w = z[m] * nodes[p, 2] / (deep * deep)
                            if w < 0.3:  # 2 cosh(w) exp(-(z**2 + h**2) / 2); the series leaves 1e-13
                                v = w * w
                                both = 1.0 + v * (0.5 + v * (_4 + v * (_6 + v * (_8 + v * _10))))
                                up = (z[m] * z[m] + nodes[p, 2] * nodes[p, 2]) / (deep * deep)
                                both *= 2.0 * math.exp(-0.5 * (flat + up))
                            else:
                                a = (z[m] - nodes[p, 2]) / deep
                                b = (z[m] + nodes[p, 2]) / deep
                                both = math.exp(-0.5 * (flat + a * a)) + math.exp(-0.5 * (flat + b * b))
                            total += share * both / (_ROOT_TWO_PI * deep)
                    else:
                        total += share * math.exp(-0.5 * flat) * vertical(z[m], nodes[p, 2], nodes[p, 4], lid)
            out[m] += total
    return used
