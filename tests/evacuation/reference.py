"""The queue network once more, written plainly: objects, deques and one heap. Slow, and independent of the kernels."""

from __future__ import annotations

import heapq
import math
from collections import deque
from dataclasses import dataclass, field


@dataclass
class Road:
    length: float
    width: float
    capacity: float
    store: int
    queue: list[int] = field(default_factory=list)
    count: int = 0
    free: float = 0.0
    waiting: deque[int] = field(default_factory=deque)
    starters: deque[int] = field(default_factory=deque)
    turn: str = "link"
    mode: str = "idle"
    target: int = -1
    version: int = 0


def simulate(roads, onward, *, speeds, starts, first, goal, horizon, stuck=60.0, passing=1.2):
    """Arrival times and crossings [(person, link, enter, ready, leave)] of everybody."""
    heap: list[tuple[float, int, int, int, int]] = []  # time, 0 start or 1 link, number, version, -
    ready: dict[int, float] = {}
    entered: dict[int, float] = {}
    arrival = dict.fromkeys(range(len(speeds)), math.inf)
    walked = []
    for i, t in enumerate(starts):
        heapq.heappush(heap, (t, 0, i, 0, 0))

    def plan(number, time, mode):
        road = roads[number]
        road.version += 1
        road.mode = mode
        heapq.heappush(heap, (time, 1, number, road.version, 0))

    def enter(i, number, time):
        road = roads[number]
        density = (road.count - 1) / (max(road.length, 5.0) * road.width)
        speed = speeds[i]
        if density > 0.54:
            speed = min(speed, max(1.4 * (1.0 - 0.266 * density), 0.05))
        entered[i], ready[i] = time, time + road.length / speed
        at = len(road.queue)
        while road.width >= passing and at > 0 and ready[road.queue[at - 1]] > ready[i]:
            at -= 1
        road.queue.insert(at, i)
        if at == 0:
            plan(number, max(ready[i], road.free), "due")

    def admit(number, time):
        road = roads[number]
        while road.count < road.store and (road.waiting or road.starters):
            road.count += 1
            if road.waiting and (not road.starters or road.turn == "link"):
                road.turn = "starter"
                plan(road.waiting.popleft(), time, "granted")
            else:
                road.turn = "link"
                enter(road.starters.popleft(), number, time)

    def serve(number, time):
        road = roads[number]
        i = road.queue[0]
        if road.mode == "due":
            road.target = onward[goal[i]][number]
            if road.target >= 0:
                following = roads[road.target]
                if following.count >= following.store:
                    following.waiting.append(number)
                    plan(number, time + stuck, "blocked")
                    return
                following.count += 1
        elif road.mode == "blocked":
            roads[road.target].waiting.remove(number)
            roads[road.target].count += 1
        road.queue.pop(0)
        road.count -= 1
        road.free = time + 1.0 / road.capacity
        road.mode = "idle"
        walked.append((i, number, entered[i], ready[i], time))
        if road.queue:
            plan(number, max(ready[road.queue[0]], road.free), "due")
        if road.target < 0:
            arrival[i] = time
        else:
            enter(i, road.target, time)
        admit(number, time)

    while heap and heap[0][0] <= horizon:
        time, kind, number, version, _ = heapq.heappop(heap)
        if kind == 1:
            if version == roads[number].version:
                serve(number, time)
            continue
        road = roads[first[number]]
        if road.count < road.store and not road.starters and not road.waiting:
            road.count += 1
            enter(number, first[number], time)
        else:
            road.starters.append(number)
    return [arrival[i] for i in range(len(speeds))], walked
