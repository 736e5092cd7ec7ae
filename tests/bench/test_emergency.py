"""Speed of an emergency on the clock: 5 000 people on a grid of ways, orders, a closed way, muster readers."""

from __future__ import annotations

import json
import time

import pytest

import twin
from evacuation import Closure, Group, Order, WalkGraph, evacuate, populate

pytestmark = pytest.mark.bench

SIDE, STEP = 30, 25.0  # 900 nodes


def works(path):
    """A works of 30 by 30 streets, a hundred buildings and five muster points."""
    features = []

    def draw(tag, kind, geometry, shape, **attributes):
        features.append({
            "type": "Feature",
            "geometry": {"type": geometry, "coordinates": shape},
            "properties": {"tag": tag, "kind": kind, **attributes},
        })  # fmt: skip

    for k in range(SIDE):
        draw(f"R{k}", "walkway", "LineString", [[x * STEP, k * STEP] for x in range(SIDE)], width="4 m")
        draw(f"C{k}", "walkway", "LineString", [[k * STEP, y * STEP] for y in range(SIDE)], width="4 m")
    last = (SIDE - 1) * STEP
    for k, (x, y) in enumerate(((0, 0), (last, 0), (0, last), (last, last), (15 * STEP, 15 * STEP))):
        draw(f"MP-{k}", "muster_point", "Point", [x + 2.0, y + 2.0])
    for i in range(20):
        for j in range(5):
            x, y = i * 36.0 + 10.0, j * 140.0 + 12.0
            ring = [[x, y], [x + 10.0, y], [x + 10.0, y + 8.0], [x, y + 8.0], [x, y]]
            draw(f"B{i}-{j}", "building", "Polygon", [ring])
    frame = {"frame": "local", "name": "works"}
    path.write_text(json.dumps({"type": "FeatureCollection", "parktwin": frame, "features": features}))
    return twin.load_layout(path)


def test_five_thousand_people_and_their_orders(benchmark, tmp_path):
    park = works(tmp_path / "works.geojson")
    groups = [Group(name=f"g{i}-{j}", place=f"B{i}-{j}", count=50, indoors=True) for i in range(20) for j in range(5)]
    ways = WalkGraph.of(park)
    people = populate(park, groups, twin.Streams(1), graph=ways)
    orders = [Order(time=86.0, action="evacuate"), Order(time=200.0, action="shelter", zones=("B19-4",))]

    def run():
        return evacuate(
            park, people, orders=orders, horizon=3600.0, graph=ways, closures=[Closure(tag="R15", start=180.0)]
        )

    result = benchmark.pedantic(run, rounds=5, warmup_rounds=1)
    assert result.headcount.mustered[-1] + (result.state == 4).sum() == 5000
    begun = time.process_time()
    run()
    benchmark.extra_info |= {
        "cpu_s": time.process_time() - begun,
        "clearance_s": result.clearance_time,
        "events": len(result.events),
    }
