"""A small study with a journal, run by a test as a program of its own so that it can be killed."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np

import twin
from evacuation import Exposure, Group, Order, StopRule, WalkGraph, evacuate, populate, replicate
from plant_models import substance


class Gas:
    """Gas that drifts over the yard and is diluted."""

    def concentration(self, x, y, z, t):
        x, y, z, t = np.broadcast_arrays(x, y, z, t)
        return 2e-3 * np.exp(-(((x - 0.5 * t) / 150.0) ** 2)) * np.exp(-t / 900.0)


def study(layout: Path, journal: Path | None, *, threads: int = 1, pause: float = 0.0, width: float = 1e-6):
    park = twin.load_layout(layout)
    graph = WalkGraph.of(park)
    weather = twin.Weather(wind_speed=3.0, wind_from=270.0, wind_height=10.0, stability="D", roughness_length=0.1)
    air = Exposure(graph, Gas(), substance=substance("chlorine"), weather=weather, horizon=900.0, standing_grid=5.0)

    def draw(streams):
        time.sleep(pause)
        return populate(park, [Group(name="yard", place="YD-1", count=50)], streams, graph=graph)

    def play(people, policy):
        at = {"early": 10.0, "late": 120.0}[policy]
        return evacuate(park, people, orders=[Order(time=at, action="evacuate")], exposure=air, horizon=900.0)

    return replicate(
        draw, play, policies=("early", "late"), seed=5, threads=threads, journal=journal, study="drift",
        rule=StopRule(least=5, most=12, every=2, width=width),
    )  # fmt: skip


if __name__ == "__main__":
    study(Path(sys.argv[1]), Path(sys.argv[2]), pause=float(sys.argv[3]))
