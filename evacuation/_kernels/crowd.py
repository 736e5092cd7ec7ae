"""People on a floor, all moved at once by one time step: the collision-free speed and the anticipation velocity model.

Only arrays and scalars go in; trouble comes back as an integer status. All new positions follow from the old ones, in
the order of the people, so nothing depends on threads or slices.
"""

from __future__ import annotations

from math import exp, inf, sqrt

import numpy as np
from numba import njit

FINE, CROWDED, FULL = 0, 1, 2  # FULL: `passes` needs more rows; nothing was moved
NEAR = 512  # people that can limit the speed of one person; more is CROWDED
AWAY, HERE, GONE = 0, 1, 2  # of a person: not on the floor yet, on it, out
TOUCH = 1e-6  # nearer than this to a line, a person is at it [m]
STANDING = 0.01  # slower than this a person stands: foresees nothing, and turns on the spot [m/s]
AIM = 1.0  # from where people walk straight to the nearest point of their exit [m]

PERSON = np.dtype(
    [
        ("x", "f8"), ("y", "f8"), ("speed", "f8"), ("radius", "f8"), ("gap", "f8"),  # free speed, time gap
        ("start", "f8"), ("enter", "f8"),  # sets out; is on the floor from this time on [s]
        ("vx", "f8"), ("vy", "f8"), ("ex", "f8"), ("ey", "f8"),  # velocity and direction of the last step
        ("aim_x", "f8"), ("aim_y", "f8"),  # of people without a map
        ("mx", "f8"), ("my", "f8"), ("meets", "f8"), ("reached", "f8"),  # move; share of it up to a gate; there since
        ("out", "f8"), ("map", "i4"), ("exit", "i4"), ("status", "i4"), ("gate", "i4"),
    ],
    align=True,
)  # fmt: skip
GATE = np.dtype(
    [("exit", "i4"), ("server", "i4"), ("holds", "i4"), ("headway", "f8")], align=True
)  # exit -1: a door inside; holds: who may not leave here is held, as behind it is no floor
PASS = np.dtype([("person", "i4"), ("server", "i4"), ("time", "f8")], align=True)
MODEL = np.dtype(
    [
        ("anticipates", "i8"),
        ("strength", "f8"), ("range", "f8"),  # repulsion of people [-], [m]
        ("wall_strength", "f8"), ("wall_range", "f8"),
        ("foresight", "f8"), ("reaction", "f8"),  # anticipation and relaxation time [s]
        ("wall_buffer", "f8"), ("pushout", "f8"),  # people slide along walls nearer than this [m], turned off them [-]
        ("reach", "f8"),  # people farther away are not seen [m]
    ]
)  # fmt: skip


@njit(cache=True, nogil=True, error_model="numpy")
def cells(x, y, status, x0, y0, size, nx, ny, start, order, which):
    """Sort those who are here by cell, ids ascending in a cell; return how many."""
    start[:] = 0
    for i in range(x.size):
        if status[i] == HERE:
            cx = min(max(int((x[i] - x0) / size), 0), nx - 1)
            cy = min(max(int((y[i] - y0) / size), 0), ny - 1)
            which[i] = cy * nx + cx
            start[which[i] + 1] += 1
    for c in range(nx * ny):
        start[c + 1] += start[c]
    fill = start[:-1].copy()
    for i in range(x.size):
        if status[i] == HERE:
            order[fill[which[i]]] = i
            fill[which[i]] += 1
    return start[nx * ny]


@njit(cache=True, nogil=True, error_model="numpy")
def crossing(ax, ay, bx, by, cx, cy, dx, dy):
    """Share of the way from a to b at which it meets the segment c-d, or inf."""
    ux, uy, vx, vy = bx - ax, by - ay, dx - cx, dy - cy
    turn = ux * vy - uy * vx
    if turn == 0.0:
        return inf
    t = ((cx - ax) * vy - (cy - ay) * vx) / turn
    s = ((cx - ax) * uy - (cy - ay) * ux) / turn
    if -1e-9 <= t <= 1.0 + 1e-9 and -1e-9 <= s <= 1.0 + 1e-9:
        return min(max(t, 0.0), 1.0)
    return inf


@njit(cache=True, nogil=True, error_model="numpy")
def hit(ax, ay, bx, by, walls, first, listed, cell):
    """The first wall near `cell` on the way from a to b, or -1."""
    best, which = inf, -1
    for q in range(first[cell], first[cell + 1]):
        s = listed[q]
        if max(walls[s, 0], walls[s, 2]) < min(ax, bx) - TOUCH or min(walls[s, 0], walls[s, 2]) > max(ax, bx) + TOUCH:
            continue
        t = crossing(ax, ay, bx, by, walls[s, 0], walls[s, 1], walls[s, 2], walls[s, 3])
        if t < best:
            best, which = t, s
    return which


@njit(cache=True, nogil=True, error_model="numpy")
def heading(px, py, radius, field, clear, x0, y0, h, gates, gate_from, gate_to, walls, first, listed, cell):
    """Unit vector of the shortest way on a map, or zeros; how far the exit is that is walked at straight, or inf."""
    rows, columns = field.shape
    fx, fy = (px - x0) / h, (py - y0) / h
    i, j = min(max(int(fx), 0), columns - 2), min(max(int(fy), 0), rows - 2)
    near = min(field[j, i], field[j, i + 1], field[j + 1, i], field[j + 1, i + 1])
    if near < 2.0 * AIM or near == inf:
        best, gx, gy = AIM, 0.0, 0.0
        for g in range(gate_from, gate_to):
            dx, dy = gates[g, 2] - gates[g, 0], gates[g, 3] - gates[g, 1]
            length = sqrt(dx * dx + dy * dy)
            edge = min(radius / length, 0.5)
            t = ((px - gates[g, 0]) * dx + (py - gates[g, 1]) * dy) / (length * length)
            t = min(max(t, edge), 1.0 - edge)
            qx, qy = gates[g, 0] + t * dx - px, gates[g, 1] + t * dy - py
            away = sqrt(qx * qx + qy * qy)
            if TOUCH < away < best and hit(px, py, px + qx, py + qy, walls, first, listed, cell) < 0:
                best, gx, gy = away, qx / away, qy / away
        if best < AIM:
            return gx, gy, best
    if min(clear[j, i], clear[j, i + 1], clear[j + 1, i], clear[j + 1, i + 1]) > 1.5 * h and near < inf:
        u, w = fx - i, fy - j
        a, b, c, d = field[j, i], field[j, i + 1], field[j + 1, i], field[j + 1, i + 1]
        gx, gy = -((b - a) * (1.0 - w) + (d - c) * w), -((c - a) * (1.0 - u) + (d - b) * u)
        m = sqrt(gx * gx + gy * gy)
        if 0.0 < m < inf:
            return gx / m, gy / m, inf
    best, gx, gy = inf, 0.0, 0.0
    for v in range(max(j - 2, 0), min(j + 4, rows)):
        for k in range(max(i - 2, 0), min(i + 4, columns)):
            qx, qy = x0 + k * h - px, y0 + v * h - py
            away = sqrt(qx * qx + qy * qy)
            if field[v, k] + away >= best or away <= 0.5 * h:
                continue
            if hit(px, py, px + qx, py + qy, walls, first, listed, cell) < 0:
                best, gx, gy = field[v, k] + away, qx / away, qy / away
    return gx, gy, inf


@njit(cache=True, nogil=True, error_model="numpy")
def unit(x, y):
    """(x, y) at length 1, or zeros."""
    m = sqrt(x * x + y * y)
    if m > 0.0:
        return x / m, y / m
    return 0.0, 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def slid(px, py, radius, rx, ry, walls, first, listed, cell, model, leaves):
    """The direction (rx, ry) along the walls that are near and ahead, and a little off them, as a unit vector.

    Walls farther than the exit, at `leaves`, do not matter: who shuns a wall behind it walks along it for good.
    """
    for q in range(first[cell], first[cell + 1]):
        s = listed[q]
        ax, ay = walls[s, 2] - walls[s, 0], walls[s, 3] - walls[s, 1]
        t = ((px - walls[s, 0]) * ax + (py - walls[s, 1]) * ay) / (ax * ax + ay * ay)
        t = min(max(t, 0.0), 1.0)
        dx, dy = px - walls[s, 0] - t * ax, py - walls[s, 1] - t * ay
        d = sqrt(dx * dx + dy * dy)
        if 0.0 < d < min(radius + model.wall_buffer, leaves):
            into = (rx * dx + ry * dy) / d
            if into < 0.0:
                rx += (model.pushout - into) * dx / d
                ry += (model.pushout - into) * dy / d
    return unit(rx, ry)


@njit(cache=True, nogil=True, error_model="numpy")
def velocity(
    k, ex, ey, free, now, x0, y0, size, nx, ny, start, walls, first, listed, cell, model, step, buffer, leaves
):  # fmt: skip
    """Speed and direction of the person at rank `k` of `now`, who wishes to go along (ex, ey) at `free` [m/s].

    Who anticipates but stands is pushed away from others instead, or rings of people block each other for good.
    """
    sx, sy, sr, sgap, svx, svy, spx, spy = now
    px, py, ri = sx[k], sy[k], sr[k]
    cx = min(max(int((px - x0) / size), 0), nx - 1)
    cy = min(max(int((py - y0) / size), 0), ny - 1)
    far = model.reach * model.reach
    strength, width, seen = model.strength, model.range, free * sgap[k]
    rx, ry, count = ex, ey, 0
    moves = svx[k] * svx[k] + svy[k] * svy[k] > STANDING * STANDING
    anticipates = model.anticipates and (moves or spx[k] * spx[k] + spy[k] * spy[k] == 0.0)
    for row in range(max(cy - 1, 0), min(cy + 1, ny - 1) + 1):
        for j in range(start[row * nx + max(cx - 1, 0)], start[row * nx + min(cx + 1, nx - 1) + 1]):
            dx, dy = sx[j] - px, sy[j] - py
            square = dx * dx + dy * dy
            if square >= far or j == k or square == 0.0:
                continue
            d = sqrt(square)
            size_ij = ri + sr[j]
            if anticipates:
                ahead = spx[k] * dx + spy[k] * dy >= 0.0 or ex * dx + ey * dy >= 0.0
                if ahead:
                    gap = max(
                        d + ((svx[j] - svx[k]) * dx + (svy[j] - svy[k]) * dy) / d * model.foresight - size_ij, 0.0
                    )
                    f = strength * (1.0 + 0.5 * (1.0 - ex * spx[j] - ey * spy[j])) * exp(-gap / width)
                    side = ex * (dy + svy[j] * model.foresight) - ey * (dx + svx[j] * model.foresight)
                    if side < -TOUCH:  # straight ahead, to rounding: on the right
                        f = -f
                    rx += f * ey
                    ry -= f * ex
            else:
                f = strength * exp((size_ij - d) / width) / d
                rx -= f * dx
                ry -= f * dy
            if d - size_ij < seen:
                if count == NEAR:
                    return -1.0, 0.0, 0.0
                buffer[count, 0], buffer[count, 1], buffer[count, 2] = dx, dy, size_ij
                count += 1
    if model.anticipates:
        rx, ry = unit(rx, ry)
        if moves:
            rx, ry = spx[k] + (rx - spx[k]) * step / model.reaction, spy[k] + (ry - spy[k]) * step / model.reaction
            rx, ry = unit(rx, ry)
        rx, ry = slid(px, py, ri, rx, ry, walls, first, listed, cell, model, leaves)
    else:
        rx, ry = turned(px, py, ri, rx, ry, walls, first, listed, cell, model)
    space = inf
    for q in range(count):
        dx, dy, size_ij = buffer[q]
        if rx * dx + ry * dy >= 0.0 and abs(rx * dy - ry * dx) <= size_ij:
            space = min(space, sqrt(dx * dx + dy * dy) - size_ij)
    return min(max(space / sgap[k], 0.0), free), rx, ry


@njit(cache=True, nogil=True, error_model="numpy")
def turned(px, py, radius, rx, ry, walls, first, listed, cell, model):
    """The direction (rx, ry) pushed away by the walls, as a unit vector."""
    for q in range(first[cell], first[cell + 1]):
        s = listed[q]
        ax, ay = walls[s, 2] - walls[s, 0], walls[s, 3] - walls[s, 1]
        t = ((px - walls[s, 0]) * ax + (py - walls[s, 1]) * ay) / (ax * ax + ay * ay)
        t = min(max(t, 0.0), 1.0)
        dx, dy = walls[s, 0] + t * ax - px, walls[s, 1] + t * ay - py
        d = sqrt(dx * dx + dy * dy)
        if 0.0 < d < radius + 36.0 * model.wall_range:  # beyond, less than the rounding of a unit vector
            f = model.wall_strength * exp((radius - d) / model.wall_range) / d
            rx -= f * dx
            ry -= f * dy
    return unit(rx, ry)


@njit(cache=True, nogil=True, error_model="numpy")
def factor(px, py, zones, zone_factor):
    """Speed factor of the last zone in which a point lies, 1 outside; `zones` rows: x1, y1, x2, y2, number of zone."""
    value, odd, k = 1.0, False, 0
    while k < zones.shape[0]:
        zone = int(zones[k, 4])
        odd = False
        while k < zones.shape[0] and int(zones[k, 4]) == zone:
            ax, ay, bx, by = zones[k, 0], zones[k, 1], zones[k, 2], zones[k, 3]
            if (ay > py) != (by > py) and px < ax + (py - ay) / (by - ay) * (bx - ax):
                odd = not odd
            k += 1
        if odd:
            value = zone_factor[zone]
    return value


@njit(cache=True, nogil=True, error_model="numpy")
def kept(px, py, mx, my, walls, first, listed, cell):
    """The move (mx, my) as far as no wall is crossed: along the wall that is met, or none at all."""
    s = hit(px, py, px + mx, py + my, walls, first, listed, cell)
    if s < 0:
        return mx, my
    ax, ay = walls[s, 2] - walls[s, 0], walls[s, 3] - walls[s, 1]
    along = (mx * ax + my * ay) / (ax * ax + ay * ay)
    mx, my = along * ax, along * ay
    if hit(px, py, px + mx, py + my, walls, first, listed, cell) < 0:
        return mx, my
    return 0.0, 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def enter(people, line, at, time):
    """Let those in whose time has come and whose place is free; `line` is the order of entry."""
    while at < line.size and people[line[at]].status != AWAY:
        at += 1
    for q in range(at, line.size):
        p = people[line[q]]
        if p.enter > time:
            break
        if p.status != AWAY:
            continue
        free = True
        for i in range(people.size):
            o = people[i]
            if o.status == HERE and (o.x - p.x) ** 2 + (o.y - p.y) ** 2 < (o.radius + p.radius) ** 2:
                free = False
                break
        if free:
            p.status = HERE
    return at


@njit(cache=True, nogil=True, error_model="numpy")
def serve(people, waiting, count, gate, servers, passes, logged, time, step):
    """Let people through the metered gates, who came first goes first; who must wait does not move."""
    for _ in range(count):
        first = -1
        for q in range(count):
            i = waiting[q]
            if i >= 0 and (first < 0 or people[i].reached < people[waiting[first]].reached):
                first = q
        p = people[waiting[first]]
        g = gate[p.gate]
        at = max(servers[g.server], time, p.reached)
        if at <= time + step:
            servers[g.server] = at + g.headway
            passes[logged].person, passes[logged].server, passes[logged].time = waiting[first], g.server, at
            logged += 1
            p.reached = inf
            if g.exit >= 0:
                p.status, p.exit, p.out = GONE, g.exit, at
        else:
            p.mx, p.my, p.vx, p.vy = 0.0, 0.0, 0.0, 0.0
        waiting[first] = -1
    return logged


@njit(cache=True, nogil=True, error_model="numpy")
def gates_met(people, lines, gate, waiting, time, step):
    """Find who crosses a gate in this step; return how many."""
    count = 0
    for i in range(people.size):
        p = people[i]
        if p.status != HERE:
            continue
        p.meets, p.gate = inf, -1
        for g in range(lines.shape[0]):
            if max(p.x, p.x + p.mx) < min(lines[g, 0], lines[g, 2]) - TOUCH:
                continue
            if min(p.x, p.x + p.mx) > max(lines[g, 0], lines[g, 2]) + TOUCH:
                continue
            t = crossing(p.x, p.y, p.x + p.mx, p.y + p.my, lines[g, 0], lines[g, 1], lines[g, 2], lines[g, 3])
            if t < p.meets:
                mine = gate[g].exit < 0 or p.exit < 0 or p.exit == gate[g].exit
                if mine or gate[g].holds:
                    p.meets, p.gate = t, g
                    if not mine:
                        p.gate = -2
        if p.gate == -2:
            p.mx, p.my, p.vx, p.vy = 0.0, 0.0, 0.0, 0.0
        if p.gate >= 0:
            if p.reached == inf:
                p.reached = time + p.meets * step
            waiting[count] = i
            count += 1
        else:
            p.reached = inf
    return count


@njit(cache=True, nogil=True, error_model="numpy")
def advance(
    people, line, fields, clear, map_grid, map_gates, lines, gate, servers, walls, first, listed, zones, zone_factor,
    models, frame, passes, state, begin, step, steps,
):  # fmt: skip
    """Move everybody by `steps` steps; `state`: steps done since `begin`, place in `line`, rows of `passes`."""
    n = people.size
    model = models[0]
    x0, y0, size, nx, ny = frame[0], frame[1], frame[2], int(frame[3]), int(frame[4])
    wall_size, wall_nx, wall_ny = frame[5], int(frame[6]), int(frame[7])
    x, y, status = np.empty(n), np.empty(n), np.empty(n, np.int32)
    start, order, which = np.zeros(nx * ny + 1, np.int64), np.zeros(n, np.int64), np.zeros(n, np.int64)
    now = (np.empty(n), np.empty(n), np.empty(n), np.empty(n), np.empty(n), np.empty(n), np.empty(n), np.empty(n))
    buffer, waiting = np.empty((NEAR, 3)), np.empty(n, np.int64)
    for _ in range(steps):
        if state[2] + n > passes.size:
            return FULL
        time = begin + state[0] * step
        state[1] = enter(people, line, state[1], time)
        for i in range(n):
            x[i], y[i], status[i] = people[i].x, people[i].y, people[i].status
        here = cells(x, y, status, x0, y0, size, nx, ny, start, order, which)
        for k in range(here):
            p = people[order[k]]
            now[0][k], now[1][k], now[2][k], now[3][k] = p.x, p.y, p.radius, p.gap
            now[4][k], now[5][k], now[6][k], now[7][k] = p.vx, p.vy, p.ex, p.ey
        for k in range(here):
            p = people[order[k]]
            p.mx, p.my, p.vx, p.vy = 0.0, 0.0, 0.0, 0.0
            if p.start > time:
                continue
            cell = min(max(int((p.y - y0) / wall_size), 0), wall_ny - 1) * wall_nx
            cell += min(max(int((p.x - x0) / wall_size), 0), wall_nx - 1)
            m, leaves = p.map, inf
            if m < 0:
                ex, ey = p.aim_x - p.x, p.aim_y - p.y
                away = sqrt(ex * ex + ey * ey)
                if away > 0.0:
                    ex, ey = ex / away, ey / away
            else:
                ex, ey, leaves = heading(
                    p.x, p.y, p.radius, fields[m], clear, map_grid[0], map_grid[1], map_grid[2],
                    lines, map_gates[m, 0], map_gates[m, 1], walls, first, listed, cell,
                )  # fmt: skip
            free = p.speed
            if zones.shape[0] > 0:
                free *= factor(p.x, p.y, zones, zone_factor)
            v, rx, ry = velocity(
                k, ex, ey, free, now, x0, y0, size, nx, ny, start, walls, first, listed, cell, model, step,
                buffer, leaves,
            )  # fmt: skip
            if v < 0.0:
                return CROWDED
            p.mx, p.my = kept(p.x, p.y, rx * v * step, ry * v * step, walls, first, listed, cell)
            p.vx, p.vy, p.ex, p.ey = p.mx / step, p.my / step, rx, ry
        count = 0
        if lines.shape[0] > 0:
            count = gates_met(people, lines, gate, waiting, time, step)
        state[2] = serve(people, waiting, count, gate, servers, passes, state[2], time, step)
        for k in range(here):
            p = people[order[k]]
            p.x += p.mx
            p.y += p.my
        state[0] += 1
    return FINE
