"""More cases of the network and of the people drawn; `cases.py`, whose helpers it uses, merges it."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

import twin
from evacuation import (
    LOVREGLIO,
    Distribution,
    Group,
    Order,
    WalkGraph,
    Walking,
    evacuate,
    populate,
    premovement,
    quickest,
)

_spec = importlib.util.spec_from_file_location("evacuation_helpers", Path(__file__).with_name("cases.py"))
assert _spec is not None
assert _spec.loader is not None
_spec.loader.exec_module(base := importlib.util.module_from_spec(_spec))

Case = Callable[[], float]
park, fixed = base.park, base.fixed


def triangular(mode: float) -> float:
    """Clearance of a door of 1 m by 100 people with triangular delays, over the least that is possible.

    Whoever has the i-th shortest delay passes before the 99 - i others, a headway apart: max_i(delay_i + (99 - i) / C)
    with C = 1.33 x 0.7, and the way of 3 m (1 m from the place, 1 m to the door, 1 m to the muster point) at 1.3 m/s.
    """
    wait = Distribution.triangular(0.0, mode, 2.0 * mode)
    crowd, told = base.link(1.0, 50.0, 100, 1.3, gate=1.0, wait=wait, law=base.FASTER)
    delays = np.sort(crowd.premovement)
    least = np.max(delays + np.arange(99, -1, -1) / (1.33 * 0.7))
    return float(told.arrival_time.max() - 3.0 / 1.3 - least)


def lovreglio_mean(form: str) -> float:
    """Mean by the middle of 200 000 equal parts of the people."""
    return float(LOVREGLIO[form].quantile((np.arange(200_000) + 0.5) / 200_000).mean())


def response(alarm: float, median: float, sigma: float) -> float:
    """Kolmogorov-Smirnov distance of when 20 000 people set out, who hear at `alarm`, from a cut lognormal law."""
    plan = park(("WAY", "walkway", [[0, 0], [9, 0]], {"width": "2 m"}), ("MP", "muster_point", [0, 0], {}))
    wait = Distribution.lognormal(median, sigma, low=0.0, high=300.0)
    crowd = populate(plan, [Group(name=f"told-{alarm:g}", place="MP", count=20_000, premovement=wait)], twin.Streams(3))
    run = evacuate(plan, crowd, orders=[Order(time=alarm, action="evacuate", muster="MP")], horizon=900.0)
    after = np.sort(run.start_time) - alarm
    law = stats.lognorm(sigma, scale=median)
    return float(stats.kstest(after, lambda x: law.cdf(x) / law.cdf(300.0)).statistic)


FOOT, INCH = 0.3048, 0.0254
FREE = 1.0 - 0.266 * 0.54  # part of k that is left at the free density


def stair_k(riser: float, tread: float) -> float:
    """k of the SFPE handbook in m/s: 51.8 (tread / riser)^0.5 m/min."""
    return 51.8 * math.sqrt(tread / riser) / 60.0


def send(plan: twin.Twin, people: dict[str, int], law: Walking, speed: float = 1.2) -> Any:
    """People who stand at muster points, and walk to TO, told at 0 s; they take 1 m to the first way."""
    groups = [Group(name=at, place=at, count=n, speed=fixed(speed), premovement=fixed(0.0)) for at, n in people.items()]
    crowd, graph = populate(plan, groups, twin.Streams(1)), WalkGraph.of(plan, walking=law)
    crowd = replace(crowd, x=np.zeros(len(crowd)), y=np.zeros(len(crowd)))
    nodes = np.array([graph.places[at][0] for at in crowd.places])[crowd.place]
    crowd = replace(crowd, x=graph.node_x[nodes], y=graph.node_y[nodes])
    run = evacuate(plan, crowd, orders=[Order(time=0.0, action="evacuate", muster="TO")], horizon=6000.0, graph=graph)
    assert np.isfinite(run.arrival_time).all()
    return run.tracks


def times_on(tracks: Any, tag: str) -> np.ndarray:
    """Times of entering, of coming to the end and of leaving, of everybody on a way."""
    return np.asarray(tracks.crossings.times[np.isin(tracks.crossings.link, tracks.graph.links_of(tag))])


def storeys(highest: int = 9, people: int = 150, speed: float = 1.2) -> float:
    """SFPE handbook, nine-storey building: one of two stairs and the half of every floor, 150 people from floor 2 up.

    Sizes as in the peer: room to door 14.12 m, corridor 40.7 m (4.8 m longer on the top floor, without landing) with
    a door of 0.91 m, landings of 4.8 m x 1.2 m, stairs of 12 ft up, 18/28 cm and 1.12 m wide, exit door of 0.91 m.
    """
    flight = 12.0 * FOOT * math.hypot(1.0, 0.28 / 0.18)
    parts: list[Any] = [("TO", "muster_point", [0.0, 0.0], {}), ("OUT", "gate", [0.0, 0.0], {"width": "0.91 m"})]
    for floor in range(1, highest + 1):
        foot = (floor - 1) * (flight + 4.8)  # where the landing begins that leads down, and the corridor ends
        top = foot + 4.8
        parts.append((f"L{floor}", "walkway", [[foot, 0.0], [top, 0.0]], {"width": "1.2 m"}))
        if floor < highest:
            parts.append((f"S{floor + 1}", "stairs", [[top, 0.0], [top + flight, 0.0]], {"width": "1.12 m"}))
        if floor > 1:
            corner, room = [top, 40.7], [top, 40.7 + 14.12]
            parts += [
                (f"C{floor}", "walkway", [[top, 0.0], corner], {"width": f"{8.0 * FOOT} m"}),
                (f"R{floor}", "walkway", [corner, room], {"width": "5.79 m"}),
                (f"D{floor}", "gate", [top, 2.5], {"width": "0.91 m"}),  # off the landing, which it does not meter
                (f"F{floor}", "muster_point", room, {}),
            ]
    tracks = send(park(*parts), {f"F{floor}": people for floor in range(2, highest + 1)}, NINE, speed)
    begin = min(times_on(tracks, f"R{floor}")[:, 0].min() for floor in range(2, highest + 1))
    return float(times_on(tracks, "L1")[:, 2].max() - begin)


NINE = replace(base.STEPS, specific_flow=1.33)


def guide_example(walk: float) -> float:
    """SFPE guide, example 1: half of 300 people through a door of 32 in down one of two stairs of 50.1 ft, 7/11 in.

    From the first step of the walk, or if there is none from the first person in the door.
    """
    hall, k = max(walk, 1.0), stair_k(7.0, 11.0)
    law = Walking(specific_flow=1.33, stair_speed_constant=k, stair_specific_flow=k / (4.0 * 0.266))
    end = hall + 50.1 * FOOT
    plan = park(
        ("HALL", "walkway", [[0.0, 0.0], [hall, 0.0]], {"width": f"{30.0 * FOOT if walk else 50.0} m"}),
        ("DOOR", "gate", [hall, 0.0], {"width": f"{32.0 * INCH} m"}),
        ("STAIR", "stairs", [[hall, 0.0], [end, 0.0]], {"width": f"{44.0 * INCH} m"}),
        ("FROM", "muster_point", [0.0, 0.0], {}),
        ("TO", "muster_point", [end, 0.0], {}),
    )
    tracks = send(plan, {"FROM": 150}, law, 275.0 * FOOT / 60.0)
    begin = times_on(tracks, "HALL")[:, 0 if walk else 2].min()
    return float(times_on(tracks, "STAIR")[:, 2].max() - begin)


def design_guide() -> float:
    """Fire Engineering Design Guide: 90 people 20 m from a door of 1 m to a stair of 10 m x 1.2 m, 18/28 cm."""
    plan = park(
        ("ROOM", "walkway", [[0.0, 0.0], [20.0, 0.0]], {"width": "5 m"}),  # 100 m²
        ("DOOR", "gate", [20.0, 0.0], {"width": "1 m"}),
        ("STAIR", "stairs", [[20.0, 0.0], [30.0, 0.0]], {"width": "1.2 m"}),
        ("FROM", "muster_point", [0.0, 0.0], {}),
        ("TO", "muster_point", [30.0, 0.0], {}),
    )
    tracks = send(plan, {"FROM": 90}, NINE)
    return float(times_on(tracks, "STAIR")[:, 2].max() - times_on(tracks, "ROOM")[:, 0].min())


def merge() -> float:
    """People from the second of two ways over those from the first in 150 s, who come into a full corridor."""
    plan = park(
        ("A", "walkway", [[-20.0, 20.0], [0.0, 0.0]], {"width": "10 m"}),
        ("B", "walkway", [[-20.0, -20.0], [0.0, 0.0]], {"width": "10 m"}),
        ("COR", "walkway", [[0.0, 0.0], [2.0, 0.0]], {"width": "2 m"}),
        ("OUT", "gate", [2.0, 0.0], {"width": "1 m"}),
        ("FA", "muster_point", [-20.0, 20.0], {}),
        ("FB", "muster_point", [-20.0, -20.0], {}),
        ("TO", "muster_point", [2.0, 0.0], {}),
    )
    tracks = send(plan, {"FA": 300, "FB": 300}, Walking())
    start = times_on(tracks, "COR")[:, 0].min()
    a, b = ((times_on(tracks, tag)[:, 2] < start + 150.0).sum() for tag in "AB")
    return float(b / a)


def crowded(density: float, length: float = 20.0, width: float = 5.0) -> float:
    """Time of somebody over a walk on which that many people are, who all set out together."""
    people = round(density * length * width)
    half = [[-200.0, -200.0], [200.0, -200.0], [200.0, 200.0], [-200.0, 200.0], [-200.0, -200.0]]  # 400 m of exits
    plan = park(
        ("WAY", "walkway", [[0.0, 0.0], [length, 0.0]], {"width": f"{width} m"}),
        ("FROM", "muster_point", [half], {}),
        ("TO", "muster_point", [length, 0.0], {}),
    )
    enter, ready, _ = times_on(send(plan, {"FROM": people + 1}, Walking()), "WAY").T
    last = np.argmax(enter)
    assert enter[last] < ready.min()  # nobody has gone yet
    return float(ready[last] - enter[last])


def useful_flow(width: float, law: Walking, kind: str = "door", people: int = 100) -> float:
    """People a second between the first and the last through a door, or of the later half off a way of 10 m."""
    if kind == "door":
        return (people - 1) / base.door(width, law, people)
    leave = np.sort(times_on(base.link(10.0, width, people, 2.0, kind=kind, law=law)[1].tracks, "WAY")[:, 2])
    steady = leave[people // 2 :]  # the first comes along an empty way, well ahead of the others
    return float((steady.size - 1) / (steady[-1] - steady[0]))


def layer(narrow: float, wide: float, kind: str) -> float:
    """Width on either side that does not count, from the flows through two widths: C = Fs (w - 2 b)."""
    less, more = useful_flow(narrow, Walking(), kind), useful_flow(wide, Walking(), kind)
    specific = (more - less) / (wide - narrow)
    return (narrow - less / specific) / 2.0


def alone(width: float, law: Walking) -> float:
    """Wait of one person who meets nobody at a door: time beyond 3 m at 1.3 m/s, 1 m either side of the way of 1 m."""
    return float(base.link(1.0, 50.0, 1, 1.3, gate=width, law=law)[1].arrival_time[0] - 3.0 / 1.3)


def exit_choice(share_out: bool) -> float:
    """RiMEA 11: 1000 people in a room of 30 m x 20 m, 5 m from an exit of 1 m and 25 m from another: who goes far."""
    plan = park(
        ("ROOM", "walkway", [[0.0, 0.0], [30.0, 0.0]], {"width": "20 m"}),
        ("G1", "gate", [0.0, 0.0], {"width": "1 m"}),
        ("G2", "gate", [30.0, 0.0], {"width": "1 m"}),
        ("FROM", "muster_point", [5.0, 0.0], {}),
        ("NEAR", "muster_point", [0.0, 0.0], {}),
        ("FAR", "muster_point", [30.0, 0.0], {}),
    )
    graph = WalkGraph.of(plan)
    told = [Order(time=0.0, action="evacuate", muster="NEAR")]
    if share_out:
        near, far = quickest(graph, {"FROM": 1000}, {"NEAR": 1000, "FAR": 1000}, time_step=1.0).people[0]
        assert near + far == 1000
        who = tuple(range(near, 1000))
        told.append(Order(time=0.0, action="evacuate", muster="FAR", people=who))
    crowd = populate(plan, [Group(name="all", place="FROM", count=1000, premovement=fixed(0.0))], twin.Streams(1))
    run = evacuate(plan, crowd, orders=told, horizon=3000.0, graph=graph)
    went = np.array(graph.musters)[run.muster]
    return float((went[np.isfinite(run.arrival_time)] == "FAR").sum())


def route_choice(short: list[tuple[str, list[list[float]]]], people: int = 50) -> float:
    """People of 50 who go a way round of 60 m on the level, not a short way of pieces from (0, 0) to (30, 0)."""
    plan = park(
        *((f"S{n}", kind, line, {"width": "2 m"}) for n, (kind, line) in enumerate(short)),
        ("ROUND", "walkway", [[0.0, 0.0], [0.0, 15.0], [30.0, 15.0], [30.0, 0.0]], {"width": "2 m"}),
        ("END", "walkway", [[30.0, 0.0], [35.0, 0.0]], {"width": "2 m"}),
        ("START", "walkway", [[-5.0, 0.0], [0.0, 0.0]], {"width": "2 m"}),
        ("FROM", "muster_point", [-5.0, 0.0], {}),
        ("TO", "muster_point", [35.0, 0.0], {}),
    )
    tracks = send(plan, {"FROM": people}, Walking())
    return float(np.unique(times_on(tracks, "ROUND")[:, 0]).size)


UP_AND_DOWN = [
    ("walkway", [[0.0, 0.0], [10.0, 0.0]]),
    ("stairs", [[10.0, 0.0], [14.0, 0.0]]),
    ("walkway", [[14.0, 0.0], [18.0, 0.0]]),
    ("stairs", [[18.0, 0.0], [22.0, 0.0]]),
    ("walkway", [[22.0, 0.0], [30.0, 0.0]]),
]


def pair() -> float:
    """Arrival of the first of two: 0.5 m/s and ready at once, and a helper of 1.4 m/s who is ready after 30 s."""
    plan = park(
        ("WAY", "walkway", [[0.0, 0.0], [40.0, 0.0]], {"width": "5 m"}),
        ("FROM", "muster_point", [0.0, 0.0], {}),
        ("TO", "muster_point", [40.0, 0.0], {}),
    )
    groups = [
        Group(name="slow", place="FROM", count=1, speed=fixed(0.5), premovement=fixed(0.0), assisted_by="helper"),
        Group(name="helper", place="FROM", count=1, speed=fixed(1.4), premovement=fixed(30.0)),
    ]
    crowd = replace(populate(plan, groups, twin.Streams(1)), x=np.zeros(2), y=np.zeros(2))
    run = evacuate(plan, crowd, orders=[Order(time=0.0, action="evacuate", muster="TO")], horizon=900.0)
    return float(run.arrival_time.min())


# Tests of other standards that are the same as those of IMO and RiMEA.
SAME = {
    "ISO-01": ("IMO-05", "network"),
    "ISO-02": ("IMO-01", "network"),
    "ISO-03": ("IMO-02/03", "network"),
    "ISO-04": ("IMO-06", "crowd"),
    "ISO-05": ("IMO-07-mean", "population"),
    "ISO-06": ("IMO-08", "network"),
    "ISO-08": ("IMO-10", "network"),
    "ISO-10": ("IMO-11", "network"),
    "ISO-11": ("IMO-04", "network"),
}
OF_NIST = {
    "1.1": ("IMO-05", "network"),
    "2.2": ("IMO-02/03", "network"),
    "2.3": ("IMO-06", "crowd"),
    "2.4": ("IMO-07-mean", "population"),
    "2.5": ("ISO-18-K1", "harm"),
    "2.6": ("ISO-19-a", "harm"),
    "2.10": ("ISO-07", "network"),
    "3.1": ("IMO-10", "network"),
    "4.1": ("ISO-09", "network"),
    "5.1": ("IMO-11", "network"),
}

CASES: dict[tuple[str, str], Case] = {
    **{
        (name, "population"): lambda name=name: float(
            premovement(*name.split("-")[1:]).quantile(int(name[3:5]) / 100.0)
        )
        for name in base.rows()
        if name.startswith(("PRE01-", "PRE99-"))
    },
    **{(f"PRE-TRI-{mode}", "network"): lambda mode=mode: triangular(mode) for mode in (15, 30, 60)},
    ("PRE-LOV-gamma", "population"): lambda: lovreglio_mean("gamma"),
    ("PRE-LOV-lognormal", "population"): lambda: float(LOVREGLIO["lognormal"].quantile(0.5)),
    ("PRE-LOV-weibull", "population"): lambda: float(LOVREGLIO["weibull"].quantile(0.5)),
    ("IMO-RT-day", "network"): lambda: response(0.0, math.exp(3.44), 0.94),
    ("IMO-RT-night", "network"): lambda: response(400.0, math.exp(3.95), 0.84),
    ("SFPE-9", "network"): storeys,
    ("SFPE-G1-0", "network"): lambda: guide_example(0.0),
    ("SFPE-G1-200", "network"): lambda: guide_example(200.0 * FOOT),
    ("FEDG", "network"): design_guide,
    ("SFPE-MERGE", "network"): merge,
    ("SFPE-COR", "network"): lambda: crowded(2.0),
    ("SFPE-STAIR", "network"): lambda: 10.0 / base.link_time(10.0, 1.0, 1, 2.0, kind="stairs") / FREE,
    ("SFPE-FS-level", "network"): lambda: useful_flow(1.0, Walking(), "walkway") / 0.7,
    ("SFPE-FS-door", "network"): lambda: useful_flow(1.0, Walking()) / 0.7,
    ("SFPE-FS-stair", "network"): lambda: useful_flow(1.0, Walking(), "stairs") / 0.7,
    ("SFPE-FS-stair-18/28", "network"): lambda: useful_flow(1.0, base.STEPS, "stairs") / 0.7,
    ("SFPE-FS-stair-2m", "network"): lambda: useful_flow(2.0, Walking(), "stairs", 400) / 1.7,
    ("SFPE-B-door", "network"): lambda: layer(1.0, 2.0, "door"),
    ("SFPE-B-stair", "network"): lambda: layer(0.8, 1.2, "stairs"),
    ("DOOR-1m-1", "network"): lambda: alone(1.0, base.FASTER),
    ("DOOR-3m-1", "network"): lambda: alone(3.0, base.FASTER),
    ("OPENING-1m-1", "network"): lambda: alone(1.0, replace(base.FASTER, boundary_layer=0.0)),
    ("OPENING-1m-10", "network"): lambda: base.door(1.0, replace(base.FASTER, boundary_layer=0.0), 10),
    ("IMO-T1.1-0.5", "network"): lambda: 20.0 / crowded(0.5),
    ("IMO-T1.1-1.9", "network"): lambda: 20.0 / crowded(1.9),
    ("IMO-T1.2-door", "network"): lambda: useful_flow(1.0, Walking()) / 0.7,
    ("IMO-T1.2-down", "network"): lambda: useful_flow(1.0, Walking(), "stairs") / 0.7,
    ("IMO-T1.2-up", "network"): lambda: useful_flow(1.0, Walking(), "stairs") / 0.7,
    ("RIMEA-08-storeys", "network"): lambda: float(
        np.sum(np.diff([storeys(4, 40, v) for v in (0.5, 0.75, 1.0)]) < 0.0)
    ),
    ("RIMEA-11-shared", "network"): lambda: exit_choice(share_out=True),
    ("RIMEA-11-nearest", "network"): lambda: exit_choice(share_out=False),
    ("RIMEA-14-level", "network"): lambda: route_choice(UP_AND_DOWN),
    ("ISO-12", "network"): lambda: useful_flow(1.0, Walking(), "stairs") / 0.7,
    ("ISO-13", "network"): lambda: 20.0 / crowded(1.0),
    ("ISO-14", "network"): pair,
    ("ISO-17", "network"): lambda: route_choice([("walkway", [[0.0, 0.0], [30.0, 0.0]])]),
    **{(new, engine): base.CASES[old, engine] for new, (old, engine) in SAME.items()},
    **{(f"NIST-{new}", engine): base.CASES[old, engine] for new, (old, engine) in OF_NIST.items()},
    ("NIST-2.9", "network"): pair,
}
