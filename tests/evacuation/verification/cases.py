"""Verification cases of evacuation models: each builds its case by the public interface and returns the value."""

from __future__ import annotations

import csv
import json
import math
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely.affinity import rotate
from shapely.geometry import LineString, box

import twin
from evacuation import (
    Distribution,
    Door,
    Floor,
    Group,
    Order,
    Walkers,
    WalkGraph,
    Walking,
    evacuate,
    populate,
    premovement,
    speed_of_age,
    walk,
)
from plant_models import substance

TABLE = Path(__file__).parents[2] / "validation" / "evacuation_suites.csv"
Case = Callable[[], float]
fixed = Distribution.fixed


def rows() -> dict[str, dict[str, str]]:
    """Expected values by id."""
    lines = [line for line in TABLE.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    return {row["id"]: row for row in csv.DictReader(lines)}


def met(row: dict[str, str], measured: float) -> bool:
    """Whether a measured value is in the band of its row, widened by the tolerance of the row."""
    tolerance = float(row["tolerance"])
    return float(row["low"]) - tolerance <= measured <= float(row["high"]) + tolerance


def park(*features: tuple[str, str, list[Any], dict[str, str]]) -> twin.Twin:
    """A park of points (x, y) and lines [(x, y), ...] in local metres."""
    shapes = [
        {
            "type": "Feature",
            "geometry": {
                "type": "LineString" if isinstance(shape[0], list) else "Point",
                "coordinates": shape,
            },
            "properties": {"tag": tag, "kind": kind, **more},
        }
        for tag, kind, shape, more in features
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "park.geojson"
        frame = {"frame": "local", "name": "case"}
        path.write_text(json.dumps({"type": "FeatureCollection", "parktwin": frame, "features": shapes}))
        return twin.load_layout(path)


def link(
    length: float, width: float, people: int, speed: float, *, kind: str = "walkway", gate: float = 0.0,
    wait: Distribution | None = None, law: Walking | None = None,
) -> tuple[Any, Any]:  # fmt: skip
    """People at one end of a way go to the other one, where a gate may stand."""
    gates = [("GT", "gate", [length, 0.0], {"width": f"{gate} m"})] if gate else []
    plan = park(
        ("WAY", kind, [[0.0, 0.0], [length, 0.0]], {"width": f"{width} m"}),
        ("FROM", "muster_point", [0.0, 0.0], {}),
        ("TO", "muster_point", [length, 0.0], {}),
        *gates,
    )
    group = Group(name="all", place="FROM", count=people, speed=fixed(speed), premovement=wait or fixed(0.0))
    crowd = populate(plan, [group], twin.Streams(1))
    crowd = replace(crowd, x=np.zeros(people), y=np.zeros(people))  # at the end of the way, not around it
    graph = WalkGraph.of(plan, places=["FROM"], walking=law)
    told = [Order(time=0.0, action="evacuate", muster="TO")]
    return crowd, evacuate(plan, crowd, orders=told, horizon=4000.0, graph=graph)


def link_time(*args: Any, **settings: Any) -> float:
    """From the first who enters the way to the last who leaves it; the accesses of 1 m at its ends do not count."""
    tracks = link(*args, **settings)[1].tracks
    on_way = np.isin(tracks.crossings.link, tracks.graph.links_of("WAY"))
    entered, _, left = tracks.crossings.times[on_way].T
    return float(left.max() - entered.min())


def imo_04_network() -> float:
    times = np.sort(link(6.0, 5.0, 100, 1.3, gate=1.0)[1].arrival_time)
    return float(99.0 / (times[-1] - times[0]))


def imo_05_network() -> float:
    crowd, told = link(6.0, 5.0, 10, 1.3, wait=Distribution.uniform(10.0, 100.0))
    return float(np.abs(told.start_time - crowd.premovement).max())


def speeds() -> np.ndarray:
    plan = park(("WAY", "walkway", [[0, 0], [9, 0]], {"width": "2 m"}), ("MP", "muster_point", [0, 0], {}))
    males = Group(name="males", place="MP", count=1000, speed=Distribution.uniform(0.97, 1.62), premovement=fixed(0.0))
    return np.asarray(populate(plan, [males], twin.Streams(7)).speed)


def imo_10_network() -> float:
    plan = park(
        ("WAY", "walkway", [[0, 0], [20, 0], [40, 0]], {"width": "2 m"}),
        ("MAIN", "muster_point", [0, 0], {}),
        ("SIDE", "muster_point", [40, 0], {}),
    )
    # all start at the other exit than theirs
    groups = [
        Group(name="main", place="SIDE", count=15, premovement=fixed(0.0)),
        Group(name="side", place="MAIN", count=8, premovement=fixed(0.0)),
    ]
    crowd = populate(plan, groups, twin.Streams(1))
    told = [
        Order(time=0.0, action="evacuate", zones=("SIDE",), muster="MAIN"),
        Order(time=0.0, action="evacuate", zones=("MAIN",), muster="SIDE"),
    ]
    run = evacuate(plan, crowd, orders=told, horizon=600.0)
    went = np.array([*run.tracks.graph.musters, ""])[run.muster]
    return float((went != np.where(crowd.group == 0, "MAIN", "SIDE")).sum())


def corridor(length: float, speed: float, turn: float = 0.0) -> float:
    """One person over a length; radius 0.2 m, so that the centre runs from 0.5 m on."""
    shape, end = box(0, 0, length + 0.5, 2), LineString([(length + 0.5, 0), (length + 0.5, 2)])
    start = shapely.Point(0.5, 1.0)
    shape, end, start = (rotate(part, turn, origin=(0, 0)) for part in (shape, end, start))
    floor = Floor(walkable=shape, exits={"end": end})
    return walk(floor, Walkers(x=start.x, y=start.y, speed=speed), horizon=120.0).clearance


def room(width: float = 1.0, capacity: float | None = None) -> Floor:
    """IMO 4: 8 m x 5 m, opening in the middle of a short side to a corridor."""
    low, high = 2.5 - width / 2.0, 2.5 + width / 2.0
    return Floor(
        walkable=box(0, 0, 8, 5).union(box(8, low, 12, high)),
        exits={"end": LineString([(12, low), (12, high)])},
        doors=(Door(LineString([(8, low), (8, high)]), capacity),),
    )


def hundred(seed: int) -> Walkers:
    """100 males of 30 to 50 spread over the room, U(0.97, 1.62) m/s."""
    rng = np.random.default_rng(seed)
    x, y = (part.ravel() for part in np.meshgrid(np.linspace(0.4, 7.6, 10), np.linspace(0.4, 4.6, 10)))
    x, y = x + rng.uniform(-0.05, 0.05, 100), y + rng.uniform(-0.05, 0.05, 100)
    return Walkers(x=x, y=y, speed=rng.uniform(0.97, 1.62, 100), radius=0.15)


def imo_04_crowd(seeds: int = 1) -> float:
    """Largest flow over the seeds; infinite if anyone stays in the room."""
    runs = [walk(room(), hundred(seed), horizon=400.0) for seed in range(seeds)]
    return max(run.flow(0) if np.isfinite(run.exit_time).all() else math.inf for run in runs)


def bottleneck(width: float) -> float:
    """Flow of 100 people through an opening that is counted and not metered."""
    return walk(room(width, math.inf), hundred(1), horizon=400.0).flow(0)


def imo_06_crowd() -> float:
    shape = box(0, 0, 12, 2).union(box(10, 0, 12, 12))
    floor = Floor(walkable=shape, exits={"end": LineString([(10, 12), (12, 12)])})
    x, y = (part.ravel() for part in np.meshgrid(np.linspace(0.5, 5.0, 5), np.linspace(0.4, 1.6, 4)))
    run = walk(floor, Walkers(x=x, y=y, radius=0.15), horizon=120.0, every=2)
    places = run.position[np.isfinite(run.position[..., 0])]
    if not np.isfinite(run.exit_time).all():
        return math.inf
    # who has just left may stand beyond the line of the exit
    inside = shapely.contains_xy(shape.union(box(10, 12, 12, 13)), places[:, 0], places[:, 1])
    return float((~inside).sum())


def public_room(exits: int) -> float:
    """IMO 9: 1000 people in 30 m x 20 m with exits of 1 m, metered."""
    lines = [[(7, 0), (8, 0)], [(22, 0), (23, 0)], [(7, 20), (8, 20)], [(22, 20), (23, 20)]][:exits]
    floor = Floor(walkable=box(0, 0, 30, 20), exits={str(n): Door(LineString(line)) for n, line in enumerate(lines)})
    x, y = (part.ravel() for part in np.meshgrid(np.linspace(0.5, 29.5, 40), np.linspace(0.5, 19.5, 25)))
    return walk(floor, Walkers(x=x, y=y, radius=0.15), horizon=1500.0).clearance


def imo_09_crowd() -> float:
    return public_room(2) / public_room(4)


def lc50(duration: float) -> float:
    return float(
        substance("chlorine")
        .harm.probit("lees")
        .lethal_ppm(0.5, duration=duration, temperature=298.15, pressure=101325.0)
    )


STEPS = Walking(stair_speed_constant=1.0768, stair_specific_flow=1.012)  # 18/28 cm: k and Fs of the SFPE handbook
FASTER = Walking(specific_flow=1.33)  # of the EvacuatioNZ door cases


def stairs(length: float, people: int) -> float:
    return link_time(length, 1.0, people, 2.0, kind="stairs", law=STEPS)


def door(width: float, law: Walking = FASTER) -> float:
    times = link(1.0, 50.0, 100, 1.3, gate=width, law=law)[1].arrival_time
    return float(times.max() - times.min())


def unimpeded() -> float:
    law = Walking()
    return law.speed_constant * (1.0 - law.density_slope * law.free_density)


CASES: dict[tuple[str, str], Case] = {
    ("IMO-01", "network"): lambda: link_time(40.0, 2.0, 1, 1.0),
    ("IMO-01", "crowd"): lambda: corridor(40.0, 1.0),
    ("IMO-02/03", "network"): lambda: link_time(10.0, 2.0, 1, 1.0, kind="stairs"),
    ("IMO-04", "network"): imo_04_network,
    ("IMO-04", "crowd"): imo_04_crowd,
    ("IMO-05", "network"): imo_05_network,
    ("IMO-06", "crowd"): imo_06_crowd,
    ("IMO-07-mean", "population"): lambda: float(speeds().mean()),
    ("IMO-07-var", "population"): lambda: float(speeds().var()),
    ("IMO-09", "crowd"): imo_09_crowd,
    ("IMO-10", "network"): imo_10_network,
    ("RIMEA-01", "network"): lambda: link_time(40.0, 2.0, 1, 1.33),
    ("RIMEA-01", "crowd"): lambda: corridor(40.0, 1.33),
    **{(f"RIMEA-07-{age}", "population"): lambda age=age: float(speed_of_age(age)) for age in (20, 30, 40, 70)},
    ("JUL-1", "crowd"): lambda: corridor(10.0, 1.0),
    ("JUL-2", "crowd"): lambda: abs(corridor(10.0, 1.0) - corridor(10.0, 1.0, 30.0)),
    ("SFPE-S", "network"): unimpeded,
    ("STAIR-10x1-1", "network"): lambda: stairs(10.0, 1),
    ("STAIR-10x1-100", "network"): lambda: stairs(10.0, 100),
    ("STAIR-200x1-100", "network"): lambda: stairs(200.0, 100),
    ("STAIR-10x1-10", "network"): lambda: stairs(10.0, 10),
    ("STAIR-10x1-1000", "network"): lambda: stairs(10.0, 1000),
    ("STAIR-200x1-1", "network"): lambda: stairs(200.0, 1),
    ("OPENING-1m-100", "network"): lambda: door(1.0, replace(FASTER, boundary_layer=0.0)),
    ("DOOR-1m-100", "network"): lambda: door(1.0),
    ("DOOR-3m-100", "network"): lambda: door(3.0),
    **{
        (name, "population"): lambda name=name: float(premovement(*name.split("-")[1:]).quantile(0.5))
        for name in rows()
        if name.startswith("PRE-")
    },
    ("LC50-10", "harm"): lambda: lc50(600.0),
    ("LC50-30", "harm"): lambda: lc50(1800.0),
    ("BOT-0.8", "crowd"): lambda: bottleneck(0.8),
    ("BOT-1.0", "crowd"): lambda: bottleneck(1.0),
    ("BOT-1.2", "crowd"): lambda: bottleneck(1.2),
}
