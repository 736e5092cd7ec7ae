"""Verification cases of evacuation models: each builds its case by the public interface and returns the value."""

from __future__ import annotations

import csv
import importlib.util
import json
import math
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import shapely
from shapely.affinity import rotate
from shapely.geometry import LineString, box

import twin
from evacuation import (
    Closure,
    Distribution,
    Door,
    Floor,
    Group,
    Order,
    Walkers,
    WalkGraph,
    Walking,
    Zone,
    asphyxiant_rate,
    evacuate,
    populate,
    premovement,
    smoke_speed,
    speed_of_age,
    time_to_dose,
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


def verdict(row: dict[str, str], measured: float) -> str:
    """Met or not met; listed where the row has no band."""
    return ("met" if met(row, measured) else "not met") if row["low"] else "listed"


def park(*features: tuple[str, str, list[Any], dict[str, str]]) -> twin.Twin:
    """A park of points (x, y) and lines [(x, y), ...] in local metres."""
    shapes = [
        {
            "type": "Feature",
            "geometry": {
                "type": ("Polygon" if isinstance(shape[0][0], list) else "LineString")
                if isinstance(shape[0], list)
                else "Point",
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
# the test sets the speed on the stair, 1 m/s: the law's own steps allow 1.08 (1 - 0.266 * 0.54) = 0.92 m/s
ONE_UP = Walking(stair_speed_constant=1.0 / (1.0 - 0.266 * 0.54))
FASTER = Walking(specific_flow=1.33)  # of the EvacuatioNZ door cases


def stairs(length: float, people: int) -> float:
    return link_time(length, 1.0, people, 2.0, kind="stairs", law=STEPS)


def door(width: float, law: Walking = FASTER, people: int = 100) -> float:
    times = link(1.0, 50.0, people, 1.3, gate=width, law=law)[1].arrival_time
    return float(times.max() - times.min())


def unimpeded() -> float:
    law = Walking()
    return law.speed_constant * (1.0 - law.density_slope * law.free_density)


def counterflow(against: int) -> float:
    """IMO 8: 100 people through a corridor of 10 m x 2 m against others, until the last of the 100 is through."""
    plan = park(
        ("WAY", "walkway", [[0.0, 0.0], [10.0, 0.0]], {"width": "2 m"}),
        ("EAST", "muster_point", [0.0, 0.0], {}),
        ("WEST", "muster_point", [10.0, 0.0], {}),
    )
    groups = [Group(name="with", place="EAST", count=100, speed=fixed(1.3), premovement=fixed(0.0))]
    if against:
        groups.append(Group(name="against", place="WEST", count=against, speed=fixed(1.3), premovement=fixed(0.0)))
    told = [
        Order(time=0.0, action="evacuate", zones=("EAST",), muster="WEST"),
        Order(
            time=0.0, action="evacuate", zones=("WEST",) if against else ("EAST",), muster="EAST" if against else "WEST"
        ),
    ]
    run = evacuate(plan, populate(plan, groups, twin.Streams(1)), orders=told, horizon=3000.0)
    return float(run.arrival_time[:100].max())


def imo_08_network() -> float:
    """How many of the steps 0, 10, 50, 100 against take longer than the one before."""
    times = [counterflow(n) for n in (0, 10, 50, 100)]
    return float(np.sum(np.diff(times) > 0.0))


def imo_04_network_seeds(seeds: int) -> float:
    """Largest flow over draws of U(0.97, 1.62) m/s; infinite if anyone does not arrive."""
    flows = []
    for seed in range(seeds):
        plan = park(
            ("WAY", "walkway", [[0.0, 0.0], [6.0, 0.0]], {"width": "5 m"}),
            ("FROM", "muster_point", [0.0, 0.0], {}),
            ("TO", "muster_point", [6.0, 0.0], {}),
            ("GT", "gate", [6.0, 0.0], {"width": "1 m"}),
        )
        males = Group(
            name="males", place="FROM", count=100, speed=Distribution.uniform(0.97, 1.62), premovement=fixed(0.0)
        )
        told = [Order(time=0.0, action="evacuate", muster="TO")]
        times = np.sort(
            evacuate(plan, populate(plan, [males], twin.Streams(seed)), orders=told, horizon=900.0).arrival_time
        )
        flows.append(float(99.0 / (times[-1] - times[0])) if np.isfinite(times).all() else math.inf)
    return max(flows)


def imo_11_network() -> float:
    """150 people from a corridor of 2 m x 12 m up a stair of 2 m: densest moment on the corridor, people a m²."""
    plan = park(
        ("COR", "walkway", [[0.0, 0.0], [12.0, 0.0]], {"width": "2 m"}),
        ("STAIR", "stairs", [[12.0, 0.0], [22.0, 0.0]], {"width": "2 m"}),
        ("FROM", "muster_point", [0.0, 0.0], {}),
        ("TO", "muster_point", [22.0, 0.0], {}),
    )
    group = Group(name="all", place="FROM", count=150, speed=fixed(1.3), premovement=Distribution.uniform(0.0, 30.0))
    told = [Order(time=0.0, action="evacuate", muster="TO")]
    tracks = evacuate(plan, populate(plan, [group], twin.Streams(1)), orders=told, horizon=900.0).tracks
    on = np.isin(tracks.crossings.link, tracks.graph.links_of("COR"))
    enter, _, leave = tracks.crossings.times[on].T
    moments = np.concatenate([enter, leave])
    change = np.concatenate([np.ones(enter.size), -np.ones(leave.size)])[np.argsort(moments, kind="stable")]
    return float(np.cumsum(change).max() / 24.0)


def on_stairs(speed: float, factor: float) -> float:
    """RiMEA 2 and 3: one person over 8 m of stairs in the crowd engine."""
    shape = box(0, 0, 9, 2)
    floor = Floor(
        walkable=shape, exits={"end": LineString([(8.5, 0), (8.5, 2)])}, zones=(Zone(box(0, 0, 9, 2), factor),)
    )
    return walk(floor, Walkers(x=0.5, y=1.0, speed=speed), horizon=60.0).clearance


def rimea_05_crowd() -> float:
    """Largest difference of setting out and drawn time of ten people, from when they first move."""
    start = np.arange(10.0, 101.0, 10.0)
    floor = Floor(walkable=box(0, 0, 8, 5), exits={"end": LineString([(8, 2), (8, 3)])})
    x, y = (part.ravel() for part in np.meshgrid(np.linspace(1.0, 5.0, 5), (1.5, 3.5)))
    run = walk(floor, Walkers(x=x, y=y, start=start), horizon=150.0, every=1)
    moved = np.hypot(*(run.position[1:] - run.position[:-1]).transpose(2, 0, 1)) > 1e-9
    first = np.array([run.frames[np.argmax(moved[:, k])] for k in range(10)])
    return float(np.abs(first - start).max())


def iso_09_network() -> float:
    """People who pass an exit after it was closed, of 100 for whom it was the nearer one."""
    plan = park(
        ("WAY", "walkway", [[0.0, 0.0], [20.0, 0.0], [60.0, 0.0]], {"width": "2 m"}),
        ("NEAR", "muster_point", [0.0, 0.0], {}),
        ("FAR", "muster_point", [60.0, 0.0], {}),
        ("MID", "muster_point", [20.0, 0.0], {}),
    )
    group = Group(name="all", place="MID", count=100, speed=fixed(1.2), premovement=Distribution.uniform(0.0, 60.0))
    told = [Order(time=0.0, action="evacuate", muster="NEAR")]
    shut = [Closure(tag="NEAR", start=40.0)]
    run = evacuate(plan, populate(plan, [group], twin.Streams(1)), orders=told, horizon=900.0, closures=shut)
    went = np.array(run.tracks.graph.musters)[run.muster]
    late = (went == "NEAR") & (run.arrival_time > 40.0 + 5.0)  # who was on the last metre goes on
    return float(late.sum() + np.isinf(run.arrival_time).sum())


def iso_07_network() -> float:
    """Time of fast people with slow ones ahead on a wide way over their time alone."""
    alone = link_time(50.0, 3.0, 5, 1.4)
    plan = park(
        ("WAY", "walkway", [[0.0, 0.0], [50.0, 0.0]], {"width": "3 m"}),
        ("FROM", "muster_point", [0.0, 0.0], {}),
        ("TO", "muster_point", [50.0, 0.0], {}),
    )
    groups = [
        Group(name="slow", place="FROM", count=5, speed=fixed(0.5), premovement=fixed(0.0)),
        Group(name="fast", place="FROM", count=5, speed=fixed(1.4), premovement=fixed(5.0)),
    ]
    told = [Order(time=0.0, action="evacuate", muster="TO")]
    crowd = populate(plan, groups, twin.Streams(1))
    crowd = replace(crowd, x=np.zeros(10), y=np.zeros(10))
    tracks = evacuate(plan, crowd, orders=told, horizon=900.0).tracks
    crossings, way = tracks.crossings, tracks.graph.links_of("WAY")
    parts = [slice(crossings.first[k], crossings.first[k + 1]) for k in range(5, 10)]
    times = [crossings.times[part][np.isin(crossings.link[part], way)] for part in parts]
    return float(max(t[-1, 2] for t in times) - min(t[0, 0] for t in times)) / alone


def fire(**gas: float) -> float:
    """ISO 20414 test 19: when a fixed person has gathered a dose of 1."""
    times = np.arange(0.0, 4000.0, 10.0)
    return time_to_dose(times, np.full(times.size, float(asphyxiant_rate(**gas))))


def shelter(stay: float) -> float:
    """Load outside over inside at n = 2, air changes 0.5 /h, gas for 30 min; the person stays for `stay` seconds."""
    plan = twin_of_shelter()
    gas, horizon = substance("chlorine"), 60.0 * 3600.0
    weather = twin.Weather(wind_speed=3.0, wind_from=270.0, wind_height=10.0, stability="D", roughness_length=0.1)
    one = Group(name="one", place="CR", count=1, indoors=True, premovement=fixed(0.0), mobile=False)
    told = [Order(time=0.0, action="shelter"), Order(time=min(stay, horizon), action="all_clear")]
    crowd = populate(plan, [one], twin.Streams(1))
    run = evacuate(
        plan, crowd, orders=told, hazard=Gas(), substance=gas, weather=weather, probit="lees", horizon=horizon
    )
    c = 1e-4 * 1e6 * 8.31446261815324 * weather.temperature / (weather.pressure * gas.molar_mass)
    return float(c**2 * 30.0 / run.load[0])


class Gas:
    """The same concentration everywhere for 30 min."""

    def concentration(self, x: Any, y: Any, z: Any, t: Any) -> np.ndarray:
        x, y, z, t = np.broadcast_arrays(x, y, z, t)
        return np.where((t >= 0.0) & (t < 1800.0), 1e-4, 0.0) + 0.0 * x


def twin_of_shelter() -> twin.Twin:
    """One building with 0.5 air changes an hour, open or shut."""
    ring = [[0.0, 0.0], [10.0, 0.0], [10.0, 8.0], [0.0, 8.0], [0.0, 0.0]]
    rates = {"air_changes": "0.5 1/h", "air_changes_sheltered": "0.5 1/h"}
    return park(
        ("WAY", "walkway", [[0.0, -5.0], [50.0, -5.0]], {"width": "2 m"}),
        ("MP", "muster_point", [50.0, -5.0], {}),
        ("CR", "control_room", [ring], rates),
    )


def pre_clear(delay: float) -> float:
    """100 people of IMO 4 who all wait the same time: delay + (N - 1) / C, from the first through the door."""
    wide = link(6.0, 5.0, 100, 1.3, gate=1.0, wait=fixed(delay), law=Walking(specific_flow=1.33))[1].arrival_time
    return float(delay + wide.max() - wide.min())


def corridor_of(shape: Any, start: Any, end: LineString, people: int, replan: float) -> float:
    """Time of a crowd that fills a start area until the last has passed the end."""
    low_x, low_y, high_x, high_y = start.bounds
    rows_of = max(int((high_y - low_y - 0.4) / 0.5), 1)
    y = np.tile(np.linspace(low_y + 0.3, high_y - 0.3, rows_of), -(-people // rows_of))[:people]
    x = low_x + 0.3 + 0.5 * (np.arange(people) // rows_of)
    assert x.max() < high_x
    floor = Floor(walkable=shape, exits={"end": end})
    run = walk(floor, Walkers(x=x, y=y, speed=1.3, radius=0.15), horizon=400.0, replan=replan)
    return float(run.clearance)


def rimea_15_crowd(replan: float = 0.0) -> float:
    """How many of short <= corner <= long hold, 100 people in corridors of 4 m, the corner between the lengths."""
    room_ = box(-16, 0, 0, 4)
    short = corridor_of(room_.union(box(0, 0, 10, 4)), room_, LineString([(10, 0), (10, 4)]), 100, replan)
    long = corridor_of(room_.union(box(0, 0, 24, 4)), room_, LineString([(24, 0), (24, 4)]), 100, replan)
    bent = box(0, 0, 10, 4).union(box(6, 0, 10, 14))
    corner = corridor_of(room_.union(bent), room_, LineString([(6, 14), (10, 14)]), 100, replan)
    return float((short <= corner) + (corner <= long))


def jul_12_crowd() -> float:
    """Sideways way of somebody who stands while another passes at 1.5 m."""
    floor = Floor(walkable=box(0, 0, 20, 6), exits={"end": LineString([(20, 0), (20, 6)])})
    who = Walkers(x=np.array([10.0, 1.0]), y=np.array([4.5, 3.0]), start=np.array([100.0, 0.0]))
    run = walk(floor, who, horizon=30.0, every=1)
    return float(np.nansum(np.abs(np.diff(run.position[:, 0, 1]))))


CASES: dict[tuple[str, str], Case] = {
    ("IMO-01", "network"): lambda: link_time(40.0, 2.0, 1, 1.0),
    ("IMO-01", "crowd"): lambda: corridor(40.0, 1.0),
    ("IMO-02/03", "network"): lambda: link_time(10.0, 2.0, 1, 1.0, kind="stairs", law=ONE_UP),
    ("IMO-04", "network"): imo_04_network,
    ("IMO-04", "crowd"): imo_04_crowd,
    ("IMO-05", "network"): imo_05_network,
    ("IMO-06", "crowd"): imo_06_crowd,
    ("IMO-07-mean", "population"): lambda: float(speeds().mean()),
    ("IMO-07-var", "population"): lambda: float(speeds().var()),
    ("IMO-08", "network"): imo_08_network,
    ("IMO-09", "crowd"): imo_09_crowd,
    ("IMO-11", "network"): imo_11_network,
    ("RIMEA-02", "crowd"): lambda: on_stairs(1.0, 0.5),
    ("RIMEA-03", "crowd"): lambda: on_stairs(1.0, 0.65),
    ("RIMEA-05", "crowd"): rimea_05_crowd,
    ("ISO-07", "network"): iso_07_network,
    ("ISO-09", "network"): iso_09_network,
    **{(f"ISO-18-K{k:g}", "harm"): lambda k=k: 1.0 / float(smoke_speed(k)) for k in (0.5, 1.0, 7.5, 10.0)},
    ("ISO-19-a", "harm"): lambda: fire(co=1000.01, co2=2.0, o2=15.0003),
    ("ISO-19-b", "harm"): lambda: fire(o2=12.0002),
    ("ISO-19-c", "harm"): lambda: fire(co=1000.01, o2=21.0003),
    ("ISO-19-d", "harm"): lambda: fire(co=1000.01, co2=3.43, o2=21.0003),
    ("CO-ROOM", "harm"): lambda: fire(co=1999.86, co2=0.049992, o2=20.8985),
    ("SHELTER-STAY", "harm"): lambda: shelter(60.0 * 3600.0),
    ("SHELTER-LEAVE", "harm"): lambda: shelter(1800.0),
    ("PRE-CLEAR-0", "network"): lambda: pre_clear(0.0),
    ("PRE-CLEAR-30", "network"): lambda: pre_clear(30.0),
    ("PRE-CLEAR-120", "network"): lambda: pre_clear(120.0),
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
        if name.startswith(("PRE-A-", "PRE-B-"))
    },
    ("RIMEA-06", "crowd"): imo_06_crowd,
    ("DOOR-1m-10", "network"): lambda: door(1.0, people=10),
    ("DOOR-3m-10", "network"): lambda: door(3.0, people=10),
    ("SFPE-OPEN", "network"): lambda: door(0.6, Walking(boundary_layer=0.0), 50),
    ("STAIR-200x5-1000", "network"): lambda: link_time(200.0, 5.0, 1000, 2.0, kind="stairs", law=STEPS),
    ("RIMEA-15", "crowd"): rimea_15_crowd,
    ("RIMEA-15", "crowd, quickest ways"): lambda: rimea_15_crowd(1.0),
    ("JUL-12", "crowd"): jul_12_crowd,
    ("LC50-10", "harm"): lambda: lc50(600.0),
    ("LC50-30", "harm"): lambda: lc50(1800.0),
    ("BOT-0.8", "crowd"): lambda: bottleneck(0.8),
    ("BOT-1.0", "crowd"): lambda: bottleneck(1.0),
    ("BOT-1.2", "crowd"): lambda: bottleneck(1.2),
}

MORE: dict[str, ModuleType] = {}
if __name__ == "evacuation_cases":  # under another name it lends its helpers to the files it would merge
    for _stem in ("network_cases", "crowd_cases"):
        _spec = importlib.util.spec_from_file_location(_stem, Path(__file__).with_name(f"{_stem}.py"))
        assert _spec is not None
        assert _spec.loader is not None
        _spec.loader.exec_module(_more := importlib.util.module_from_spec(_spec))
        CASES |= _more.CASES
        MORE[_stem] = _more
