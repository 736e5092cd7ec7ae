"""Plans by one backward pass over nodes and bins of time: tables of loads, the pass, and walks that follow a plan.

Times are counted in bins here. Links are in the order of their tails (`first[node]` to `first[node + 1]`); after the
last bin the air stays as it was in it.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from evacuation._kernels.loads import _room_step

ARRIVED, NO_WAY, WAIT, SHELTER, LEAVE = -1, -2, -3, -4, -5  # actions that are no link
_BLOCK = 16  # links whose costs are transposed together
_MOST_SWEEPS = 1000


@njit(cache=True, nogil=True, error_model="numpy")
def prefix(power, factor, width, out):
    """Load from time 0 to each bin edge, (rows, bins + 1), of the mean power of the concentration in each bin."""
    for row in range(power.shape[0]):
        gathered = 0.0
        out[row, 0] = 0.0
        for k in range(power.shape[1]):
            gathered += factor[k] * power[row, k] * width
            out[row, k + 1] = gathered


@njit(cache=True, nogil=True, error_model="numpy")
def rooms(air, factor, rate, power, width, out):
    """Add the load gathered in each bin in closed rooms whose air starts clean; `air` and `out` are (rooms, bins)."""
    for r in range(air.shape[0]):
        inside = 0.0
        for k in range(air.shape[1]):
            inside, integral = _room_step(inside, air[r, k], rate[r], width, power)
            out[r, k] += factor[k] * integral


@njit(cache=True, nogil=True, error_model="numpy")
def _total(total, row, time):
    """Load at a row from time 0, the last bin going on for ever."""
    cell = min(int(time), total.shape[1] - 2)
    return total[row, cell] + (time - cell) * (total[row, cell + 1] - total[row, cell])


@njit(cache=True, nogil=True, error_model="numpy")
def _on_link(total, row, pieces, back, enter, free, delay):
    """Load of one link: even walk over its pieces, then a wait at its end."""
    step, gathered, here = free / pieces, 0.0, row
    for s in range(pieces):
        here = row + (pieces - 1 - s if back == 1 else s)
        gathered += _total(total, here, enter + (s + 1) * step) - _total(total, here, enter + s * step)
    if delay > 0.0:
        gathered += _total(total, here, enter + free + delay) - _total(total, here, enter + free)
    return gathered


@njit(cache=True, nogil=True, error_model="numpy")
def walked(total, segment_row, segments, link, enter, ready, leave, out):
    """Load of each crossing of a link, times in bins."""
    for i in range(link.size):
        way = link[i] // 2
        late = max(leave[i] - ready[i], 0.0)
        out[i] = _on_link(total, segment_row[way], segments[way], link[i] % 2, enter[i], ready[i] - enter[i], late)


@njit(cache=True, nogil=True, error_model="numpy")
def _add_total(total, offset, share, out):
    """Add `share` times the load from time 0 to `offset` bins after the start of each bin; a plain sweep of a row."""
    bins, shift = out.size, int(offset)
    w, last = offset - shift, total[total.size - 1] - total[total.size - 2]
    inside = max(bins - shift, 0)
    for k in range(inside):
        here = total[k + shift]
        out[k] += share * (here + w * (total[k + shift + 1] - here))
    for k in range(inside, bins):
        out[k] += share * (total[bins] + (k + offset - bins) * last)


@njit(cache=True, nogil=True, error_model="numpy")
def crossings(total, segment_row, segments, link, free, delay, weight, share, out):
    """Cost of entering each link at the start of each bin: `share` times the load and `weight` times the time.

    `free`, `weight` are (links,); `delay` is (1 or bins, links); `out` is (bins, links). A weight is a cost a bin.
    """
    bins, count = out.shape
    held = np.zeros((_BLOCK, bins))
    steady = delay.shape[0] == 1
    for block in range(0, count, _BLOCK):
        size = min(_BLOCK, count - block)
        for i in range(size):
            q, cost = block + i, held[i]
            row, pieces, back = segment_row[link[q] // 2], segments[link[q] // 2], link[q] % 2
            if steady:
                cost[:] = 0.0  # the time is added last: where no load is gathered the two totals cancel exactly
                if share > 0.0:
                    step = free[q] / pieces
                    for s in range(pieces):
                        here = row + (pieces - 1 - s if back == 1 else s)
                        late = delay[0, q] if s == pieces - 1 else 0.0
                        _add_total(total[here], s * step, -share, cost)
                        _add_total(total[here], (s + 1) * step + late, share, cost)
                cost += weight[q] * (free[q] + delay[0, q])
                continue
            for k in range(bins):
                late = delay[k, q]
                load = _on_link(total, row, pieces, back, float(k), free[q], late) if share > 0.0 else 0.0
                cost[k] = share * load + weight[q] * (free[q] + late)
        for k in range(bins):
            for i in range(size):
                out[k, block + i] = held[i, k]


@njit(cache=True, nogil=True, error_model="numpy")
def _at(value, time, column):
    """Value at a time between two bin edges; the last row holds after the end."""
    last = value.shape[0] - 1
    if time >= last:
        return value[last, column]
    j = int(time)
    w = time - j
    if w == 0.0:
        return value[j, column]
    return (1.0 - w) * value[j, column] + w * value[j + 1, column]


@njit(cache=True, nogil=True, error_model="numpy")
def _short_links(k, first, head, link, cost, free, delay, value, action, short):
    """Settle links that end within the bin they are entered in: their ends have values of this same bin."""
    for _ in range(_MOST_SWEEPS):
        changed = False
        for v in short:
            if action[k, v] == ARRIVED:
                continue
            best = value[k, v]
            for q in range(first[v], first[v + 1]):
                time = free[q] + delay[k if delay.shape[0] > 1 else 0, q]
                if time < 1.0:
                    w, h = time, head[q]
                    c = cost[k, q] + (1.0 - w) * value[k, h] + w * value[k + 1, h]
                    if c < best - 1e-13 * abs(best):
                        best, changed = c, True
                        action[k, v] = link[q]
            value[k, v] = best
        if not changed:
            return 0
    return 1


@njit(cache=True, nogil=True, error_model="numpy")
def backward(
    first, head, link, cost, free, delay, stay, goal, short, room_node, room, door, enter, leave, since, value, inside,
    action, indoors,
):  # fmt: skip
    """Least cost from every node and room at the start of every bin, and what to do there.

    Parameters
    ----------
    first, head, link
        Links by tail, the nodes they lead to, their numbers.
    cost
        Of each link by bin of entering; inf: closed.
    free, delay
        Time on each link and the wait at its end, (links,) and (1 or bins, links). [bins]
    stay
        Cost of standing at each node through each bin, (bins, nodes).
    goal
        Whether people who come to the node stay there.
    short
        Nodes with links that may take less than a bin.
    room_node, room
        Node of each room; cost of each bin in it, (bins, rooms).
    door, enter, leave
        Time from each room to its node, door included, (rooms,) [bins]; costs of the way inwards and outwards, (bins,
        rooms).
    since
        First bin to plan.
    value, inside
        Out, (bins + 1, nodes) and (bins + 1, rooms); the last row comes in.
    action, indoors
        Out: link or code for those outside, (bins, nodes); WAIT or LEAVE for those in a room, (bins, rooms).

    Returns
    -------
    int
        0, or 1 if the short links of a bin did not settle.
    """
    bins, nodes = action.shape
    status = 0
    for k in range(bins - 1, since - 1, -1):
        late = k if delay.shape[0] > 1 else 0
        for v in range(nodes):
            if goal[v]:
                value[k, v], action[k, v] = stay[k, v] + value[k + 1, v], ARRIVED
                continue
            best, act = stay[k, v] + value[k + 1, v], WAIT
            for q in range(first[v], first[v + 1]):
                time = free[q] + delay[late, q]
                if time >= 1.0:
                    c = cost[k, q] + _at(value, k + time, head[q])
                    if c < best:
                        best, act = c, link[q]
            value[k, v], action[k, v] = best, act
        for r in range(room_node.size):
            v = room_node[r]
            inside[k, r], indoors[k, r] = room[k, r] + inside[k + 1, r], WAIT
            c = enter[k, r] + _at(inside, k + door[r], r)
            if c < value[k, v] and not goal[v]:
                value[k, v], action[k, v] = c, SHELTER
        if short.size:
            status |= _short_links(k, first, head, link, cost, free, delay, value, action, short)
        for r in range(room_node.size):
            c = leave[k, r] + _at(value, k + door[r], room_node[r])
            if c < inside[k, r]:
                inside[k, r], indoors[k, r] = c, LEAVE
    return status


@njit(cache=True, nogil=True, error_model="numpy")
def follow(
    who, node, depart, within, room_of, head, place, free, delay, total, segment_row, segments, node_row, room, door,
    apart, action, indoors, steps, arrival, load,
):  # fmt: skip
    """Let one person walk by a plan in continuous time; the steps are kept as long as `steps` has rows.

    `door` is the time through a door, `apart` that from the door of each room to its node, in the air of the node.
    `steps` rows: node, link or code, start, stop, load. `room` holds running totals, (rooms, bins + 1). Returns how
    many steps there were. The action is that of the bin of the moment; waiting and rooms last to the next bin edge.
    """
    bins = action.shape[0]
    now, v, gathered, count, inside = depart, node, 0.0, 0, within
    while now < bins - 1e-9:
        k = min(int(now + 1e-9), bins - 1)
        begin, r = now, room_of[v]
        act = indoors[k, r] if inside else action[k, v]
        before, at = gathered, v
        if not inside and act == ARRIVED:
            arrival[who] = now
            break
        if not inside and act == NO_WAY:
            act = WAIT
        if inside:
            now = now + door if act == LEAVE else k + 1.0
            gathered += _total(room, r, now) - _total(room, r, begin)
            inside = act != LEAVE
            if act == LEAVE:
                gathered += _total(total, node_row + v, now + apart[r]) - _total(total, node_row + v, now)
                now += apart[r]
        elif act in (WAIT, SHELTER):
            now = k + 1.0 if act == WAIT else now + door + apart[r]
            inside = act == SHELTER
            gathered += _total(total, node_row + v, now) - _total(total, node_row + v, begin)
        else:
            q = place[act]
            late = delay[k if delay.shape[0] > 1 else 0, q]
            gathered += _on_link(total, segment_row[act // 2], segments[act // 2], act % 2, now, free[q], late)
            now, v = now + free[q] + late, head[q]
        if count < steps.shape[0]:
            steps[count, 0], steps[count, 1], steps[count, 2], steps[count, 3] = at, act, begin, now
            steps[count, 4] = gathered - before
        count += 1
        if count > 100000:
            break
    if np.isinf(arrival[who]) and not inside and now >= bins - 1e-9 and action[bins - 1, v] == ARRIVED:
        arrival[who] = now
    load[who] = gathered
    return count


@njit(cache=True, nogil=True, error_model="numpy")
def follow_all(
    node, depart, within, room_of, head, place, free, delay, total, segment_row, segments, node_row, room, door, apart,
    action, indoors, arrival, load,
):  # fmt: skip
    """:func:`follow` for many people, no steps kept."""
    none = np.zeros((0, 5))
    for who in range(node.size):
        follow(
            who, node[who], depart[who], within[who], room_of, head, place, free, delay, total, segment_row, segments,
            node_row, room, door, apart, action, indoors, none, arrival, load,
        )  # fmt: skip
