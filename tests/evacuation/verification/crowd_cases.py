"""Verification cases of the crowd engine; `cases.py` adds them to its own."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import numpy as np
from shapely.geometry import LineString, Polygon, box
from shapely.ops import unary_union

from evacuation import Crowd, Door, Floor, Walkers, Zone, walk
from evacuation.pedestrians import Walk

MODELS = {"crowd": "collision_free_speed", "crowd, anticipation": "anticipation"}
RADIUS = 0.15  # of the peers' cases, half of the 0.3 m of Tordeux et al. (2016) [m]
FREE = math.inf  # capacity of an opening that is counted and not metered


def spread(people: int, x0: float, y0: float, x1: float, y1: float, radius: float = RADIUS) -> dict[str, Any]:
    """Places of people over a rectangle: a lattice, each moved by up to a quarter of its free gap."""
    wide, high = x1 - x0 - 2.0 * radius - 0.1, y1 - y0 - 2.0 * radius - 0.1
    columns = max(math.ceil(math.sqrt(people * wide / high)), 1)
    lines = math.ceil(people / columns)
    x, y = np.meshgrid(np.linspace(0.0, wide, columns), np.linspace(0.0, high, lines))
    gap = min(wide / max(columns - 1, 1), high / max(lines - 1, 1)) - 2.0 * radius
    draw = np.random.default_rng(1)
    who = draw.permutation(x.size)[:people]
    shift = draw.uniform(-0.25, 0.25, (2, people)) * min(gap, 0.2)
    margin = radius + 0.05
    return {
        "x": np.clip(x.ravel()[who] + x0 + margin + shift[0], x0 + radius, x1 - radius),
        "y": np.clip(y.ravel()[who] + y0 + margin + shift[1], y0 + radius, y1 - radius),
        "radius": radius,
    }


def line(x: float, low: float, high: float) -> LineString:
    return LineString([(x, low), (x, high)])


def flow(run: Walk, door: int) -> float:
    """Mean flow (N - 1) / (last - first) through an inner door; who comes back and passes again counts once."""
    mine = run.passes[run.passes["server"] == len(run.exits) + door]
    times = np.sort(mine["time"][np.unique(mine["person"], return_index=True)[1]])
    return float((times.size - 1) / (times[-1] - times[0]))


# --- fundamental diagrams ---------------------------------------------------------------------------------------------

DENSITIES = (0.5, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0)


def weidmann(density: float) -> float:
    """Speed of Weidmann (1993), fit of Kladek. [m/s]"""
    return 1.34 * (1.0 - math.exp(-1.913 * (1.0 / density - 1.0 / 5.4))) if density < 5.4 else 0.0


@cache
def corridor_speed(density: float, model: str) -> float:
    """RiMEA 4: mean speed over 20 s, after 10 s, in a corridor of 4 m that was filled over 60 m, or 40 m from 2 /m2 on.

    Measured are those who started 5 to 15 m from the rear: news of the front travels one spacing in a time gap of 1 s,
    at most 1.4 m at 0.5 /m2 and 0.7 m at 2 /m2, and has not come there in 30 s, so their density is the one given.
    """
    length = 60.0 if density < 2.0 else 40.0
    place = spread(round(density * 4.0 * length), 0.0, 0.0, length, 4.0)
    floor = Floor(walkable=box(0, 0, length + 60.0, 4), exits={"end": line(length + 60.0, 0, 4)})
    crowd = Crowd(Walkers(**place, speed=1.3), floor, model=model)
    inner = (place["x"] > 5.0) & (place["x"] < 15.0)
    crowd.advance(200)
    begin = crowd.position()[inner, 0]
    crowd.advance(400)
    return float((crowd.position()[inner, 0] - begin).mean() / 20.0)


def speed_falls(model: str) -> float:
    """How many of the six steps of density lower the speed."""
    return float(np.sum(np.diff([corridor_speed(density, model) for density in DENSITIES]) < 0.0))


@cache
def single_file(radius: float, model: str = "collision_free_speed") -> np.ndarray:
    """Density [1/m] and speed [m/s] in the middle 31 of 41 people behind a slow leader, over 60 s after 120 s.

    On the open plane; who anticipates would pass there, so they walk between walls 0.5 m apart.
    """
    told = []
    for speed in (1.0, 0.8, 0.6, 0.4, 0.25, 0.15, 0.1, 0.05, 0.02):
        free = np.r_[speed, np.full(40, 1.34)]
        x = -np.arange(41) * (speed + 2.0 * radius + 0.05)
        people = Walkers(x=x, y=np.zeros(41), speed=free, radius=radius)
        if model == "anticipation":
            floor = Floor(walkable=box(x[-1] - 1.0, -0.25, 200.0, 0.25), exits={"end": line(200.0, -0.25, 0.25)})
            crowd = Crowd(people, floor, model=model)
        else:
            crowd = Crowd(people, aim=(1e6, 0.0), model=model)
        crowd.advance(2400)
        begin = crowd.position()[5:36, 0]
        crowd.advance(1200)
        end = crowd.position()[5:36, 0]
        told.append((-1.0 / np.diff(end).mean(), (end - begin).mean() / 60.0))
    return np.array(told)


def single_file_speed(density: float, radius: float, model: str = "collision_free_speed") -> float:
    """RiMEA 16; beyond the densest platoon the curve goes on as the line to standing at body length."""
    rho, speed = np.vstack([single_file(radius, model), [[0.5 / radius, 0.0]]]).T
    return float(np.interp(density, rho, speed))


# --- stairs -----------------------------------------------------------------------------------------------------------

GROUPS = {1.34: 15, 1.30: 15, 1.24: 15, 1.20: 15, 1.14: 15, 1.10: 15, 0.96: 10}  # free speed [m/s] of 100 people


@cache
def stair_run(factor: float, model: str) -> tuple[np.ndarray, np.ndarray]:
    """RiMEA 13 of 4.1.1: density on 5 m x 2 m of stairs and speed there, by person and 0.1 s, from 0.6 to 1.5 /m2.

    Five starts, as one of them has a few dozen points in a bin of density and whoever turns round decides it.
    """
    shape, stair = box(0, 0, 10, 10).union(box(10, 4, 19, 6)), box(12, 4, 17, 6)
    floor = Floor(walkable=shape, exits={"end": line(19, 4, 6)}, zones=(Zone(stair, factor),))
    free = np.repeat(list(GROUPS), list(GROUPS.values()))
    found = []
    for seed in range(5):
        x, y = (part.ravel() for part in np.meshgrid(np.linspace(0.55, 9.05, 10), np.linspace(0.55, 9.05, 10)))
        shift = np.random.default_rng(seed).uniform(-0.2, 0.2, (2, 100))
        people = Walkers(x=x + shift[0], y=y + shift[1], speed=free, radius=0.12)
        run = walk(floor, people, model=model, horizon=200.0, every=2)
        if not np.isfinite(run.exit_time).all():
            return np.zeros(0), np.zeros(0)
        x, y = run.position[..., 0], run.position[..., 1]
        on = (x >= 12.0) & (x <= 17.0)
        density = np.broadcast_to(on.sum(axis=1)[:, None] / 10.0, on.shape)[5:-5]
        speed = np.hypot(x[10:] - x[:-10], y[10:] - y[:-10])  # over 1 s, as there
        good = on[5:-5] & np.isfinite(speed) & (density >= 0.6) & (density <= 1.5)
        found.append(np.stack([density[good], speed[good]]))
    density, speed = np.hstack(found)
    return density, speed


def corbetta(direction: str, density: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Band of speeds on stairs: of the fast and the slow, a standard deviation below and above."""
    if direction == "up":
        mean = np.stack([0.18 * density**2 - 0.55 * density + 1.02, 0.01 * density + 0.48])
        sd = np.stack([-0.14 * density + 0.35, -0.02 * density + 0.10])
    else:
        mean = np.stack([0.33 * density**2 - 1.02 * density + 1.39, -0.08 * density + 0.67])
        sd = np.stack([-0.11 * density + 0.29, -0.06 * density + 0.14])
    return (mean - sd.clip(0.0)).min(axis=0), (mean + sd.clip(0.0)).max(axis=0)


STAIR_FACTORS = {"up": 0.5, "down": 0.7}


def in_band(direction: str, model: str) -> float:
    """Share of the points in the band of Corbetta."""
    density, speed = stair_run(STAIR_FACTORS[direction], model)
    low, high = corbetta(direction, density)
    return float(((speed >= low) & (speed <= high)).mean()) if speed.size > 500 else 0.0


def down_faster(model: str) -> float:
    """Density bins of 0.1 /m2 in which people go down faster than up; 0 if in one they do not."""
    means = []
    for factor in STAIR_FACTORS.values():
        density, speed = stair_run(factor, model)
        bins = np.round(density, 1)
        means.append({b: speed[bins == b].mean() for b in np.unique(bins)})
    common = [b for b in means[0] if b in means[1]]
    return float(len(common)) if all(means[1][b] > means[0][b] for b in common) else 0.0


def zone_time(factor: float) -> float:
    """RiMEA 2 and 3 as a zone: 10.2 m from the middle of the start area to the exit."""
    shape = box(0, 0, 10.4, 2)
    floor = Floor(walkable=shape, exits={"end": line(10.35, 0.8, 1.2)}, zones=(Zone(shape, factor),))
    return walk(floor, Walkers(x=0.15, y=1.0, speed=1.0, radius=0.08), horizon=60.0).clearance


@cache
def before_stairs(model: str) -> tuple[Walk, float]:
    """RiMEA 13 and IMO 11: 150 people, room, corridor of 12 m x 2 m, stairs at 0.675 m/s; densest corridor [1/m2]."""
    shape = box(-5, -3, 0, 5).union(box(0, 0, 16, 2))
    floor = Floor(
        walkable=shape,
        exits={"end": line(16, 0, 2)},
        doors=(Door(line(0, 0, 2), FREE), Door(line(12, 0, 2), FREE)),
        zones=(Zone(box(12, -1, 15, 3), 0.675 / 1.3),),
    )
    place = spread(150, -5.0, -3.0, -0.5, 5.0)
    run = walk(floor, Walkers(**place, speed=1.3), model=model, horizon=400.0, every=10)
    x = run.position[..., 0]
    return run, float(((x >= 0.0) & (x <= 12.0)).sum(axis=1).max() / 24.0)


def stair_jam(model: str) -> float:
    """Flow into the corridor less flow onto the stairs."""
    run, _ = before_stairs(model)
    return flow(run, 0) - flow(run, 1) if np.isfinite(run.exit_time).all() else math.nan


# --- rooms and bottlenecks --------------------------------------------------------------------------------------------


def bottleneck_floor(width: float, length: float, room: float = 10.0, half: float = 4.0) -> Floor:
    """A room, a bottleneck and open ground behind it; the end of the bottleneck is counted."""
    shape = [box(-room, -half, 0, half), box(0, -width / 2, length, width / 2), box(length, -half, length + 3, half)]
    return Floor(
        walkable=unary_union(shape),
        exits={"end": line(length + 3, -half, half)},
        doors=(Door(line(length, -width / 2, width / 2), FREE),),
    )


@cache
def bottleneck_flow(width: float, model: str, length: float = 2.0, gap: float = 1.0) -> float:
    """200 people from 10 m x 8 m through a bottleneck of 2 m length, 1.34 m/s; 0 if anyone stays.

    Whoever stays has a narrow bottleneck wedged for good, which is looked for after 100 s to spare the other 200 s.
    """
    floor, people = bottleneck_floor(width, length), Walkers(**spread(200, -10.0, -4.0, -0.3, 4.0), time_gap=gap)
    if width < 0.7 and walk(floor, people, model=model, horizon=100.0).times(0).max(initial=0.0) < 40.0:
        return 0.0
    run = walk(floor, people, model=model, horizon=300.0)
    return flow(run, 0) if np.isfinite(run.exit_time).all() else 0.0


EXPERIMENTS = {
    "Kretz2006": (0.4, 0.6, 0.8, 1.0, 1.2),
    "EG2006": (0.9, 1.0, 1.2, 1.4, 1.8, 2.2, 2.5),
    "Seyfried2009": (0.8, 0.9, 1.0, 1.1, 1.2),
    "Mueller1981": (0.6, 0.9, 1.2, 1.5, 1.8),
    "Nagai2006": (0.8, 1.2, 1.6, 2.0),
    "AO2009": (2.4, 3.0, 3.6, 4.4, 5.0),
}


def rooms(length: float, model: str, people: int, width: float = 1.0, goal: float = 8.0) -> float:
    """RiMEA 12 a, b, d: a room of 10 m, a bottleneck, a room of 10 m; until all are at the goal so far behind it.

    What lies beyond the goal is left out: nobody comes there, and a wall within a step of a goal would be shunned.
    """
    end = 10.0 + length
    half = 5.0 if goal else width / 2.0
    shape = unary_union([
        box(0, 0, 10, 10), box(10, 5 - width / 2, end, 5 + width / 2), box(end, 5 - half, end + goal, 5 + half)
    ])  # fmt: skip
    floor = Floor(walkable=shape, exits={"end": line(end + goal, 5 - half, 5 + half)})
    return walk(floor, Walkers(**spread(people, 0, 0, 5, 10), speed=1.2), model=model, horizon=600.0).clearance


def goal_nearer(model: str) -> float:
    """RiMEA 12 a: time with the goal 8 m behind the bottleneck less time with the goal at it."""
    return rooms(0.2, model, 50) - rooms(0.2, model, 50, goal=0.0)


def bottleneck_longer(model: str) -> float:
    """RiMEA 12 b: time through 5 m less time through 0.2 m, from room to goal at its end."""
    return rooms(5.0, model, 100) - rooms(0.2, model, 100, goal=7.8)


def second_bottleneck(model: str) -> float:
    """RiMEA 12 c: most people before the first of two bottlenecks less most before the second, in 2 m x 3 m."""
    shape = unary_union([
        box(0, 0, 10, 10), box(10, 4.5, 10.2, 5.5), box(10.2, 0, 20.2, 10), box(20.2, 4.5, 20.4, 5.5),
        box(20.4, 0, 25.2, 10),
    ])  # fmt: skip
    floor = Floor(walkable=shape, exits={"end": line(25.2, 0, 10)})
    run = walk(floor, Walkers(**spread(150, 0, 0, 5, 10), speed=1.2), model=model, horizon=400.0, every=10)
    if not np.isfinite(run.exit_time).all():
        return math.nan
    x, y = run.position[..., 0], run.position[..., 1]
    most = [((x >= e - 2.0) & (x <= e) & (abs(y - 5.0) <= 1.5)).sum(axis=1).max() for e in (10.0, 20.2)]
    return float(most[0] - most[1])


def wider_is_faster(model: str) -> float:
    """RiMEA 12 d: how many of the steps 0.8, 1.0, 1.2 m shorten the time of 50 people."""
    return float(np.sum(np.diff([rooms(5.0, model, 50, width) for width in (0.8, 1.0, 1.2)]) < 0.0))


def last_exit(model: str) -> float:
    """RiMEA 12: flow out of a bottleneck of 5 m less flow 1 m before the last exit, 150 people."""
    shape = unary_union([box(4.13, -5.05, 14.13, 4.95), box(14.13, -0.55, 19.13, 0.45), box(19.13, -5.05, 29.13, 4.95)])
    floor = Floor(
        walkable=shape,
        exits={"end": line(29.13, -0.55, 0.45)},
        doors=(Door(line(19.13, -0.55, 0.45), FREE), Door(line(28.13, -5.05, 4.95), FREE)),
    )
    people = Walkers(**spread(150, 4.13, -4.5, 9.0, 4.5), speed=1.33)
    run = walk(floor, people, model=model, horizon=600.0)
    return flow(run, 0) - flow(run, 1) if np.isfinite(run.exit_time).all() else math.nan


def two_exits(model: str) -> float:
    """RiMEA 11: people of 1000 who take the farther of two exits of 1 m."""
    exits = {"near": LineString([(21, 20), (22, 20)]), "far": LineString([(27, 20), (28, 20)])}
    floor = Floor(walkable=box(0, 0, 30, 20), exits=exits)
    run = walk(floor, Walkers(**spread(1000, 2, 2, 15, 18), speed=1.33), model=model, horizon=1200.0)
    return float((run.exit == 1).sum()) if np.isfinite(run.exit_time).all() else math.nan


def by_stairs(model: str) -> float:
    """RiMEA 14: people of 100 who take the short way by two stairs and not the long one on the level."""
    shape = unary_union([box(0, 0, 5, 20), box(5, 15, 25, 20), box(25, 0, 30, 20), box(5, 4, 25, 6), box(10, 3, 20, 7)])
    floor = Floor(
        walkable=shape,
        exits={"end": LineString([(27, 0), (29, 0)])},
        doors=(Door(line(20, 4, 6), FREE),),
        zones=(Zone(box(5, 4, 10, 6), 0.75), Zone(box(20, 4, 25, 6), 0.668)),
    )
    run = walk(floor, Walkers(**spread(100, 0, 0, 5, 15), speed=1.0), model=model, horizon=600.0)
    return float(run.times(0).size) if np.isfinite(run.exit_time).all() else math.nan


CORNERS = {
    "short": (box(0, 0, 20, 50), LineString([(0, 0), (20, 0)]), 44.0),
    "corner": (Polygon([(30, 0), (10, 0), (0, 10), (0, 60), (20, 60), (20, 20), (30, 20)]), line(30, 0, 20), 54.0),
    "long": (box(0, 0, 20, 81), LineString([(0, 0), (20, 0)]), 75.0),
}


@cache
def corner(which: str, model: str, replan: float) -> float:
    """RiMEA 15: 500 people over corridors of 20 m width, straight or round a corner."""
    shape, end, low = CORNERS[which]
    people = Walkers(**spread(500, 0.0, low, 20.0, low + 6.0), speed=1.0)
    floor = Floor(walkable=shape, exits={"end": end})
    return walk(floor, people, model=model, horizon=600.0, replan=replan).clearance


def corner_between(model: str, replan: float = 0.0) -> float:
    """How many of short <= corner <= long hold."""
    short, bent, long = (corner(which, model, replan) for which in CORNERS)
    return float((short <= bent) + (bent <= long))


def faster_people(model: str) -> float:
    """RiMEA 8 on one storey: how many of the steps 0.5, 0.75, 1.0 m/s shorten the time of 4 people in each room."""
    parts = [box(0, 8, 26, 10)]
    x, y = [], []
    for k in range(4):
        for low, door in ((2.0, 8.0), (10.2, 10.0)):
            left = 0.5 + 6.0 * k
            parts += [box(left, low, left + 5.0, low + 5.8), box(left + 2.0, door - 0.3, left + 3.0, door + 0.3)]
            x += [left + 1.0, left + 4.0, left + 1.0, left + 4.0]
            y += [low + 1.0, low + 1.0, low + 4.5, low + 4.5]
    zones = (Zone(box(22, 8, 26, 10), 0.75),)
    floor = Floor(walkable=unary_union(parts), exits={"end": line(26, 8, 10)}, zones=zones)
    times = [
        walk(floor, Walkers(x=x, y=y, speed=v, radius=RADIUS), model=model, horizon=400.0).clearance
        for v in (0.5, 0.75, 1.0)
    ]
    return float(np.sum(np.diff(times) < 0.0))


@cache
def public_room_open(model: str) -> float:
    """RiMEA 9 as in Vadere: 1000 people of radius 0.195 m, four doors of 1 m x 1 m, until all are at goals outside."""
    room = box(0.5, 6, 29.5, 25)
    doors = [box(a, b, a + 1.0, b + 1.0) for a in (4.5, 25.5) for b in (5.0, 25.0)]
    outside = [box(0.5, 4, 29.5, 5), box(0.5, 26, 29.5, 27)]
    ends = [LineString([(2, y), (29.5, y)]) for y in (4.0, 27.0)]
    floor = Floor(
        walkable=unary_union([room, *doors, *outside]), exits=dict(zip(("south", "north"), ends, strict=True))
    )
    speed = np.clip(np.random.default_rng(1).normal(1.34, 0.26, 1000), 0.5, 2.2)
    place = spread(1000, 2.5, 8.0, 27.5, 23.0, 0.195)
    return walk(floor, Walkers(**place, speed=speed), model=model, horizon=900.0).clearance


def field_times() -> float:
    """RiMEA 7 as in Vadere: how many of 60 people need less than 50 or more than 220 s over a field of 101 m."""
    draw = np.random.default_rng(1)
    enter = np.repeat(np.arange(0.0, 101.0, 20.0), 10)
    x, y = draw.uniform(2.0, 4.0, 60), np.tile(np.linspace(3.0, 51.0, 10), 6)
    speed = np.clip(draw.normal(1.34, 0.26, 60), 0.5, 2.0)
    floor = Floor(walkable=box(1, 1, 111, 54), exits={"end": line(105, 2.5, 52.5)}, spacing=0.5)
    people = Walkers(x=x, y=y, speed=speed, radius=0.195, enter=enter)
    taken = walk(floor, people, horizon=500.0).exit_time - enter
    return float(((taken < 50.0) | (taken > 220.0)).sum())


def regulated_door(capacity: float) -> float:
    """Flow of 25 people out of a room of 10 m through a door of 1 m that is regulated."""
    floor = Floor(walkable=box(0, 0, 10, 10), exits={"door": Door(line(10, 4.5, 5.5), capacity)})
    return walk(floor, Walkers(**spread(25, 0, 0, 10, 10), speed=1.0), horizon=200.0).flow("door")


# --- counterflow ------------------------------------------------------------------------------------------------------


@cache
def counterflow(against: int, model: str) -> float:
    """IMO 8: 100 people from one room of 10 m through 10 m x 2 m to another, against others: until the last is through.

    Speeds of males of 30 to 50, as in the test.
    """
    shape = unary_union([box(0, 0, 10, 10), box(10, 4, 20, 6), box(20, 0, 30, 10)])
    floor = Floor(walkable=shape, exits={"east": line(30, 0, 10), "west": line(0, 0, 10)})
    ours, theirs = spread(100, 0.3, 0, 8, 10), spread(max(against, 1), 22, 0, 29.7, 10)
    n = 100 + against
    x, y = (np.r_[ours[k], theirs[k][:against]] for k in "xy")
    speed = np.random.default_rng(1).uniform(0.97, 1.62, n)
    aims = ["east"] * 100 + ["west"] * against
    people = Walkers(x=x, y=y, radius=RADIUS, speed=speed, exit=aims)
    return float(walk(floor, people, model=model, horizon=600.0).exit_time[:100].max())


def counterflow_steps(model: str) -> float:
    """How many of the steps 0, 10, 50, 100 against take longer than the one before; people stuck count as none."""
    times = np.array([counterflow(n, model) for n in (0, 10, 50, 100)])
    return float(np.sum((times[1:] > times[:-1]) & np.isfinite(times[1:])))


def both(name: str, case: Callable[[str], float]) -> dict[tuple[str, str], Callable[[], float]]:
    """The case by either model."""
    return {(name, engine): partial(case, model) for engine, model in MODELS.items()}


FILE_DENSITIES = ("0.8989", "1.0989", "1.4989", "1.8989", "2.4989", "2.8989")

CASES: dict[tuple[str, str], Callable[[], float]] = {}
for _density in DENSITIES:
    CASES |= both(f"RIMEA-04-{_density:g}", partial(corridor_speed, _density))
for _experiment, _widths in EXPERIMENTS.items():
    for _width in _widths:
        CASES |= both(f"BOT-{_experiment}-{_width:g}", partial(bottleneck_flow, _width))
for _name in FILE_DENSITIES:
    CASES["RIMEA-16-" + _name, "crowd"] = partial(single_file_speed, float(_name), RADIUS)
    CASES["RIMEA-16-" + _name, "crowd, anticipation"] = partial(single_file_speed, float(_name), RADIUS, "anticipation")
    CASES["RIMEA-16-" + _name, "crowd, radius 0.2 m"] = partial(single_file_speed, float(_name), 0.2)
for _direction in STAIR_FACTORS:
    CASES |= both(f"RIMEA-13-{_direction}", partial(in_band, _direction))
for _against in (0, 10, 50, 100):
    CASES |= both(f"IMO-08-{_against}", partial(counterflow, _against))
CASES |= {
    **both("RIMEA-04", speed_falls),
    **both("RIMEA-08", faster_people),
    **both("RIMEA-12", last_exit),
    **both("RIMEA-12a", goal_nearer),
    **both("RIMEA-12b", bottleneck_longer),
    **both("RIMEA-12c", second_bottleneck),
    **both("RIMEA-12d", wider_is_faster),
    **both("RIMEA-13", stair_jam),
    **both("RIMEA-13-bins", down_faster),
    **both("RIMEA-14", by_stairs),
    ("RIMEA-15-500", "crowd"): partial(corner_between, MODELS["crowd"]),
    **both("IMO-08", counterflow_steps),
    **both("IMO-11", lambda model: before_stairs(model)[1]),
    ("RIMEA-09-V4", "crowd"): partial(public_room_open, MODELS["crowd"]),
    ("RIMEA-11", "crowd"): partial(two_exits, MODELS["crowd"]),
    ("RIMEA-15-500", "crowd, quickest ways"): partial(corner_between, MODELS["crowd"], 1.0),
    ("RIMEA-02b", "crowd"): partial(zone_time, 0.5),
    ("RIMEA-03b", "crowd"): partial(zone_time, 0.75),
    ("RIMEA-07-V", "crowd"): field_times,
    ("DOOR-REG", "crowd"): partial(regulated_door, 1.0),
}
