"""200 replications of an evacuation of 10 000 people with gas: people drawn anew, alarm, queues, loads, journal."""

from __future__ import annotations

import json
import time

import numpy as np
import pytest

import twin
from evacuation import Exposure, Group, Order, StopRule, WalkGraph, evacuate, populate, replicate
from plant_models import substance

pytestmark = pytest.mark.bench
SIDE, STEP, PEOPLE, HORIZON = 30, 50.0, 10_000, 3600.0


class Gas:
    """A cloud that drifts over the town and is diluted."""

    def concentration(self, x, y, z, t):
        x, y, z, t = np.broadcast_arrays(x, y, z, t)
        return 1e-3 * np.exp(-(((x - 0.5 * t) / 300.0) ** 2)) * np.exp(-t / 1200.0)


def feature(tag, kind, shape, **attributes):
    geometry = {"type": "Point" if isinstance(shape[0], float) else "LineString", "coordinates": shape}
    return {"type": "Feature", "geometry": geometry, "properties": {"tag": tag, "kind": kind, **attributes}}


@pytest.fixture(scope="module")
def park(tmp_path_factory):
    """A town of 30 streets each way, 50 m apart, with muster points at eight places on the rim."""
    rng, last = np.random.default_rng(1), (SIDE - 1) * STEP
    features = []
    for k in range(SIDE):
        at, width = k * STEP, rng.choice([2.0, 3.0, 4.0, 6.0], 2)
        cross = [j * STEP for j in range(SIDE)]
        features.append(feature(f"EW-{k}", "road", [[x, at] for x in cross], width=f"{width[0]} m"))
        features.append(feature(f"NS-{k}", "road", [[at, y] for y in cross], width=f"{width[1]} m"))
    rim = [(0.0, 0.0), (last, 0.0), (0.0, last), (last, last)]
    rim += [(0.0, 14 * STEP), (last, 14 * STEP), (14 * STEP, 0.0), (14 * STEP, last)]
    features += [feature(f"MP-{k}", "muster_point", list(spot)) for k, spot in enumerate(rim)]
    spots = rng.integers(1, SIDE - 1, size=(30, 2)) * STEP + 10.0
    for k, (x, y) in enumerate(np.unique(spots, axis=0).tolist()):
        box = [[x, y], [x + 20, y], [x + 20, y + 20], [x, y + 20], [x, y]]
        house = feature(f"H-{k}", "area", [[0.0, 0.0]])
        house["geometry"] = {"type": "Polygon", "coordinates": [box]}
        features.append(house)
    path = tmp_path_factory.mktemp("town") / "town.geojson"
    content = {"type": "FeatureCollection", "parktwin": {"frame": "local", "name": "town"}, "features": features}
    path.write_text(json.dumps(content))
    return twin.load_layout(path)


@pytest.mark.parametrize("threads", [1, 2])
def test_two_hundred_replications(benchmark, park, tmp_path, threads):
    houses = [asset.tag for asset in park.assets() if asset.kind == "area"]
    each = [PEOPLE // len(houses) + (k < PEOPLE % len(houses)) for k in range(len(houses))]
    groups = [Group(name=tag, place=tag, count=n) for tag, n in zip(houses, each, strict=True)]
    graph = WalkGraph.of(park, places=houses)
    weather = twin.Weather(wind_speed=3.0, wind_from=270.0, wind_height=10.0, stability="D", roughness_length=0.1)
    air = Exposure(
        graph,
        Gas(),
        substance=substance("chlorine"),
        weather=weather,
        horizon=HORIZON,
        standing_grid=10.0,
        segment=25.0,
    )

    def draw(streams):
        return populate(park, groups, streams, graph=graph)

    def play(people, policy):
        return evacuate(
            park, people, orders=[Order(time=60.0, action="evacuate")], exposure=air, horizon=HORIZON, time_step=600.0
        )

    def run(most=200, journal=None):
        rule = StopRule(least=most, most=most, width=1e-9)
        return replicate(draw, play, seed=1, rule=rule, threads=threads, journal=journal)

    run(2)  # compiles the kernels
    begun = time.process_time()
    told = benchmark.pedantic(lambda: run(journal=tmp_path / "journal.jsonl"), rounds=1)
    assert len(told) == 200
    assert told.unfinished("plan") == 0
    clearance = told.quantile("plan", "clearance")
    benchmark.extra_info |= {
        "cpu_s": time.process_time() - begun,
        "clearance_q95_s": [clearance.low, clearance.value, clearance.high],
        "deaths": told.mean("plan", "deaths").value,
        "links": graph.tail.size,
    }
