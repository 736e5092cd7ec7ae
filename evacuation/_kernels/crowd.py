"""People on a floor, all moved at once by one time step: the collision-free speed and the anticipation velocity model.

Only arrays and scalars go in; trouble comes back as an integer status. All new positions follow from the old ones, in
the order of the people, so nothing depends on threads or slices.
"""

from __future__ import annotations

from math import exp, inf, sqrt

import numpy as np
from numba import njit

from evacuation._kernels.options import BARE, INLINE

FINE, CROWDED, FULL = 0, 1, 2  # FULL: `passes` needs more rows; nothing was moved
NEAR = 512  # people that can limit the speed of one person; more is CROWDED
AWAY, HERE, GONE = 0, 1, 2  # of a person: not on the floor yet, on it, out
TOUCH = 1e-6  # nearer than this to a line, a person is at it [m]
STANDING = 0.01  # slower than this a person stands: foresees nothing, and turns on the spot [m/s]
AIM = 1.0  # from where people walk straight to the nearest point of their exit [m]
WALL_RANGES = 36.0  # beyond so many ranges a wall does less than the rounding of a unit vector
SLOPED, FREE, GATED = 1, 2, 4  # of the room between four nodes: off walls, no wall matters, a gate can be met

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
SPOT = np.dtype(  # what the maps say where a person is, looked up anew once the person is between other nodes
    [
        ("i", "i4"), ("j", "i4"), ("node_i", "i4"), ("node_j", "i4"),  # lower left node; the one last headed for
        ("exit", "i4"), ("sloped", "i4"), ("free", "i4"), ("gated", "i4"),  # exit near, or no way; as in the room
        ("lower", "f8"), ("upper", "f8"), ("left", "f8"), ("right", "f8"),  # spots along the four sides
        ("u", "f8"), ("w", "f8"),  # place between the nodes, in spacings
    ],
    align=True,
)  # fmt: skip
SEEN = np.dtype(  # what others see of a person; these records are sorted by cell
    [
        ("x", "f8"), ("y", "f8"), ("radius", "f8"), ("gap", "f8"), ("vx", "f8"), ("vy", "f8"), ("ex", "f8"),
        ("ey", "f8"), ("person", "i4"), ("cell", "i4"),
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


@njit(**INLINE)
def cells(people, x0, y0, size, nx, ny, start, which, now):
    """Gather those who are here by cell, ids ascending in a cell; return how many. No cell of the rim is used."""
    start[:] = 0
    for i in range(people.size):
        p = people[i]
        which[i] = -1
        if p.status == HERE:
            cx = min(max(int((p.x - x0) / size), 0), nx - 3) + 1
            cy = min(max(int((p.y - y0) / size), 0), ny - 3) + 1
            which[i] = cy * nx + cx
            start[which[i] + 2] += 1
    total = 0
    for c in range(2, nx * ny + 2):
        total += start[c]
        start[c] = total
    for i in range(people.size):
        c = which[i]
        if c >= 0:
            p, q = people[i], now[start[c + 1]]
            q.x, q.y, q.radius, q.gap, q.vx, q.vy, q.ex, q.ey = p.x, p.y, p.radius, p.gap, p.vx, p.vy, p.ex, p.ey
            q.person, q.cell = i, c
            start[c + 1] += 1  # runs up to the end of cell c, where cell c + 1 starts
    return total


@njit(**INLINE)
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


@njit(**INLINE)
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


@njit(**INLINE)
def look(people, spots, fields, room, grid):
    """Find where people are on their maps. This loop is kept tight, as reads of far memory then overlap."""
    x0, y0, h = grid
    for q in range(people.size):
        p, spot = people[q], spots[q]
        if p.status != HERE or p.map < 0:
            continue
        fx, fy, field = (p.x - x0) / h, (p.y - y0) / h, fields[p.map]
        i, j = min(max(int(fx), 0), field.shape[1] - 2), min(max(int(fy), 0), field.shape[0] - 2)
        if spot.i != i or spot.j != j:
            a, b, c, d = field[j, i], field[j, i + 1], field[j + 1, i], field[j + 1, i + 1]
            near = min(a, b, c, d)
            spot.i, spot.j, spot.exit, spot.sloped = i, j, near < 2.0 * AIM or near == inf, near < inf
            spot.sloped &= room[j, i] & SLOPED
            spot.free, spot.gated = room[j, i] & FREE, room[j, i] & GATED
            spot.lower, spot.upper, spot.left, spot.right = b - a, d - c, c - a, d - b
        spot.u, spot.w = fx - i, fy - j


@njit(**BARE)
def straight(px, py, radius, gates, gate_from, gate_to, walls, first, listed, cell):
    """Unit vector to the nearest exit that is in sight and nearer than `AIM`, or zeros; how far it is, or inf."""
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
    return gx, gy, best if best < AIM else inf


@njit(**BARE)
def round_corners(px, py, field, spot, grid, walls, first, listed, cell):
    """Unit vector to the node in sight over which the way is shortest, of the 36 around, or zeros.

    Of equals the first in place is taken. The node of the step before is tried first, which spares most of the others.
    """
    x0, y0, h = grid
    j, k = max(spot.j - 2, 0), max(spot.i - 2, 0)
    top, right = min(spot.j + 4, field.shape[0]), min(spot.i + 4, field.shape[1])
    done, last = -1.0, 0  # the node looked at last
    while True:
        best, at, gx, gy = inf, 0, 0.0, 0.0
        v, u = spot.node_j, spot.node_i
        if done < 0.0 and j <= v < top and k <= u < right:
            gx, gy = x0 + u * h - px, y0 + v * h - py
            away = sqrt(gx * gx + gy * gy)
            if away > 0.5 * h:
                best, at = field[v, u] + away, v * field.shape[1] + u
        for v in range(j, top):
            for u in range(k, right):
                qx, qy, left = x0 + u * h - px, y0 + v * h - py, best - field[v, u]
                square = qx * qx + qy * qy
                if (left <= 0.0) | (square > (1.0 + TOUCH) * left * left):  # farther, whatever the rounding
                    continue
                away = sqrt(square)
                total, place = field[v, u] + away, v * field.shape[1] + u
                fresh = away > 0.5 * h and (total > done or (total == done and place > last))
                if fresh and (total < best or (total == best < inf and place < at)):
                    best, at, gx, gy = total, place, qx, qy
        if best == inf:
            return 0.0, 0.0
        if hit(px, py, px + gx, py + gy, walls, first, listed, cell) < 0:
            away = sqrt(gx * gx + gy * gy)
            spot.node_j, spot.node_i = at // field.shape[1], at % field.shape[1]
            return gx / away, gy / away
        done, last = best, at


@njit(**INLINE)
def heading(p, spot, fields, grid, gates, map_gates, walls, first, listed, frame):
    """Unit vector of the shortest way on a person's map, or zeros; how far the exit is that is walked at straight."""
    if spot.exit:
        cell = wall_cell(p.x, p.y, frame)
        gx, gy, away = straight(
            p.x, p.y, p.radius, gates, map_gates[p.map, 0], map_gates[p.map, 1], walls, first, listed, cell
        )
        if away < inf:
            return gx, gy, away
    if spot.sloped:
        u, w = spot.u, spot.w
        gx, gy = -(spot.lower * (1.0 - w) + spot.upper * w), -(spot.left * (1.0 - u) + spot.right * u)
        m = sqrt(gx * gx + gy * gy)
        if 0.0 < m < inf:
            return gx / m, gy / m, inf
    gx, gy = round_corners(p.x, p.y, fields[p.map], spot, grid, walls, first, listed, wall_cell(p.x, p.y, frame))
    return gx, gy, inf


@njit(**INLINE)
def wall_cell(px, py, frame):
    """Cell of the lists of walls."""
    nx, ny = int(frame[6]), int(frame[7])
    cx = min(max(int((px - frame[0]) / frame[5]), 0), nx - 1)
    return min(max(int((py - frame[1]) / frame[5]), 0), ny - 1) * nx + cx


@njit(**INLINE)
def unit(x, y):
    """(x, y) at length 1, or zeros."""
    m = sqrt(x * x + y * y)
    if m > 0.0:
        return x / m, y / m
    return 0.0, 0.0


@njit(**INLINE)
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


@njit(**INLINE)
def velocity(k, ex, ey, free, now, nx, start, walls, first, listed, cell, model, step, buffer, leaves):
    """Speed and direction of the person at rank `k` of `now`, who wishes to go along (ex, ey) at `free` [m/s].

    Who anticipates but stands is pushed away from others instead, or rings of people block each other for good.
    """
    me = now[k]
    px, py, ri = me.x, me.y, me.radius
    far = model.reach * model.reach
    strength, width, seen = model.strength, model.range, free * me.gap
    rx, ry, count = ex, ey, 0
    moves = me.vx * me.vx + me.vy * me.vy > STANDING * STANDING
    anticipates = model.anticipates and (moves or me.ex * me.ex + me.ey * me.ey == 0.0)
    for row in range(me.cell - nx, me.cell + nx + 1, nx):
        for j in range(start[row - 1], start[row + 2]):
            o = now[j]
            dx, dy = o.x - px, o.y - py
            square = dx * dx + dy * dy
            if square >= far or j == k or square == 0.0:
                continue
            d = sqrt(square)
            size_ij = ri + o.radius
            if anticipates:
                ahead = me.ex * dx + me.ey * dy >= 0.0 or ex * dx + ey * dy >= 0.0
                if ahead:
                    gap = max(d + ((o.vx - me.vx) * dx + (o.vy - me.vy) * dy) / d * model.foresight - size_ij, 0.0)
                    f = strength * (1.0 + 0.5 * (1.0 - ex * o.ex - ey * o.ey)) * exp(-gap / width)
                    side = ex * (dy + o.vy * model.foresight) - ey * (dx + o.vx * model.foresight)
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
            rx, ry = me.ex + (rx - me.ex) * step / model.reaction, me.ey + (ry - me.ey) * step / model.reaction
            rx, ry = unit(rx, ry)
        rx, ry = slid(px, py, ri, rx, ry, walls, first, listed, cell, model, leaves)
    else:
        rx, ry = turned(px, py, ri, rx, ry, walls, first, listed, cell, model)
    space = inf
    for q in range(count):
        dx, dy, size_ij = buffer[q]
        if rx * dx + ry * dy >= 0.0 and abs(rx * dy - ry * dx) <= size_ij:
            space = min(space, sqrt(dx * dx + dy * dy) - size_ij)
    return min(max(space / me.gap, 0.0), free), rx, ry


@njit(**INLINE)
def turned(px, py, radius, rx, ry, walls, first, listed, cell, model):
    """The direction (rx, ry) pushed away by the walls, as a unit vector."""
    for q in range(first[cell], first[cell + 1]):
        s = listed[q]
        ax, ay = walls[s, 2] - walls[s, 0], walls[s, 3] - walls[s, 1]
        t = ((px - walls[s, 0]) * ax + (py - walls[s, 1]) * ay) / (ax * ax + ay * ay)
        t = min(max(t, 0.0), 1.0)
        dx, dy = walls[s, 0] + t * ax - px, walls[s, 1] + t * ay - py
        square, reach = dx * dx + dy * dy, radius + WALL_RANGES * model.wall_range
        if 0.0 < square < reach * reach:
            d = sqrt(square)
            f = model.wall_strength * exp((radius - d) / model.wall_range) / d
            rx -= f * dx
            ry -= f * dy
    return unit(rx, ry)


@njit(**BARE)
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


@njit(**INLINE)
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


@njit(**BARE)
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


@njit(**BARE)
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


@njit(**BARE)
def gates_met(people, spots, lines, gate, waiting, time, step):
    """Find who crosses a gate in this step; return how many."""
    count = 0
    for i in range(people.size):
        p = people[i]
        if p.status != HERE:
            continue
        p.meets, p.gate = inf, -1
        if not spots[i].gated:
            p.reached = inf
            continue
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


@njit(**BARE)
def advance(
    people, line, fields, room, map_grid, map_gates, lines, gate, servers, walls, first, listed, zones, zone_factor,
    models, frame, start, which, now, spots, buffer, waiting, passes, state, begin, step, steps,
):  # fmt: skip
    """Move everybody by `steps` steps; `state`: steps done since `begin`, place in `line`, rows of `passes`."""
    n = people.size
    model = models[0]
    x0, y0, size, nx, ny = frame[0], frame[1], frame[2], int(frame[3]), int(frame[4])
    for _ in range(steps):
        if state[2] + n > passes.size:
            return FULL
        time = begin + state[0] * step
        state[1] = enter(people, line, state[1], time)
        here = cells(people, x0, y0, size, nx, ny, start, which, now)
        look(people, spots, fields, room, map_grid)
        for k in range(here):
            p, spot = people[now[k].person], spots[now[k].person]
            p.mx, p.my, p.vx, p.vy = 0.0, 0.0, 0.0, 0.0
            if p.start > time:
                continue
            leaves = inf
            if p.map < 0:
                ex, ey = unit(p.aim_x - p.x, p.aim_y - p.y)
            else:
                ex, ey, leaves = heading(p, spot, fields, map_grid, lines, map_gates, walls, first, listed, frame)
            cell = first.size - 2 if spot.free == FREE else wall_cell(p.x, p.y, frame)  # the last lists none
            free = p.speed
            if zones.shape[0] > 0:
                free *= factor(p.x, p.y, zones, zone_factor)
            v, rx, ry = velocity(
                k, ex, ey, free, now, nx, start, walls, first, listed, cell, model, step, buffer, leaves
            )
            if v < 0.0:
                return CROWDED
            p.mx, p.my = kept(p.x, p.y, rx * v * step, ry * v * step, walls, first, listed, cell)
            p.vx, p.vy, p.ex, p.ey = p.mx / step, p.my / step, rx, ry
        count = 0
        if lines.shape[0] > 0:
            count = gates_met(people, spots, lines, gate, waiting, time, step)
        state[2] = serve(people, waiting, count, gate, servers, passes, state[2], time, step)
        for i in range(n):
            p = people[i]
            if which[i] >= 0:
                p.x += p.mx
                p.y += p.my
        state[0] += 1
    return FINE
