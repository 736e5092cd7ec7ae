"""Speed of the crowd engine beside JuPedSim: an open crowd of 10 000 people, and a plant with 400 obstacles."""

from __future__ import annotations

import time

import numpy as np
import pytest
from shapely.geometry import LineString, box

from evacuation.floor import Floor
from evacuation.pedestrians import Crowd, Walkers

jps = pytest.importorskip("jupedsim")
pytestmark = pytest.mark.bench


def theirs(geometry, place, speed, stages):
    """Build JuPedSim's simulation of the same model and values; person k goes to stage k mod len(stages)."""
    sim = jps.Simulation(model=jps.CollisionFreeSpeedModel(), geometry=geometry, dt=0.05)
    goals = [make(sim) for make in stages]
    journeys = [sim.add_journey(jps.JourneyDescription([goal])) for goal in goals]
    ids = [
        sim.add_agent(
            jps.CollisionFreeSpeedModelAgentParameters(
                position=tuple(p), desired_speed=v, radius=0.2, time_gap=1.0,
                journey_id=journeys[k % len(goals)], stage_id=goals[k % len(goals)],
            )
        )
        for k, (p, v) in enumerate(zip(place, speed, strict=True))
    ]  # fmt: skip
    return sim, ids


def timed(act):
    begin = time.process_time()
    act()
    return time.process_time() - begin


def test_ten_thousand_people_on_open_ground():
    """Same start, same cut-off of 3 m, one thread, CPU time; positions equal to 1e-12 m after 100 steps."""
    rng = np.random.default_rng(4)
    x, y = np.meshgrid(np.arange(100.0), np.arange(100.0))
    place = np.stack([x.ravel(), y.ravel()], 1) + rng.uniform(-0.25, 0.25, (10_000, 2))
    speed, target = rng.uniform(0.8, 1.6, 10_000), (900.0, 50.0)
    ground = [(-200, -300), (1000, -300), (1000, 400), (-200, 400)]
    sim, ids = theirs(ground, place, speed, [lambda s: s.add_waypoint_stage(target, 1.0)])
    compile_time = timed(lambda: Crowd(Walkers(x=[0.0, 1.0], y=[0.0, 0.0]), aim=target).advance(1))
    crowd = Crowd(Walkers(x=place[:, 0], y=place[:, 1], speed=speed), aim=target)
    ours = timed(lambda: crowd.advance(100))
    other = timed(lambda: sim.iterate(100))
    told = np.array([sim.agent(i).position for i in ids])
    np.testing.assert_allclose(crowd.position(), told, rtol=0, atol=1e-12)
    print(  # noqa: T201
        f"\n10 000 people x 100 steps: {ours:.2f} s, JuPedSim {other:.2f} s: {other / ours:.1f} times as fast;"
        f" first call {compile_time:.2f} s, with it {other / (ours + compile_time):.1f} times;"
        f" {1e6 / ours / 1e3:.0f} k person-steps/s"
    )


def test_plant_with_four_hundred_obstacles():
    """1 000 people on 600 m x 600 m with 20 x 20 units, three exits; geometry and maps are timed apart.

    The ratio is of the first 2 000 steps, in which people reach the corners, to the first 60 of JuPedSim.
    """
    units = [box(30 * i + 8, 30 * j + 8, 30 * i + 22, 30 * j + 22) for i in range(20) for j in range(20)]
    rng = np.random.default_rng(7)
    cell = rng.choice(400, 1000)
    lane = np.stack([30 * (cell % 20) + rng.uniform(1, 6, 1000), 30 * (cell // 20) + rng.uniform(1, 29, 1000)], 1)
    slot = np.unique((lane // 1.0).astype(int), axis=0)
    place, speed = slot + 0.5, rng.uniform(0.9, 1.6, len(slot))
    gates = [[(600, 290), (600, 310)], [(290, 600), (310, 600)], [(0, 290), (0, 310)]]
    names = ["east", "north", "west"]
    begin = time.process_time()
    floor = Floor(
        walkable=box(0, 0, 600, 600), obstacles=units, exits=dict(zip(names, map(LineString, gates), strict=True))
    )
    people = Walkers(x=place[:, 0], y=place[:, 1], speed=speed, exit=[names[k % 3] for k in range(len(place))])
    crowd = Crowd(people, floor)
    build = time.process_time() - begin
    load = timed(lambda: crowd.advance(1))
    begun = timed(lambda: crowd.advance(60))
    ours = (load + begun + timed(lambda: crowd.advance(1939))) / 2000
    areas = [
        [(598, 290), (599.9, 290), (599.9, 310), (598, 310)],
        [(290, 598), (310, 598), (310, 599.9), (290, 599.9)],
        [(0.1, 290), (2, 290), (2, 310), (0.1, 310)],
    ]
    begin = time.process_time()
    stages = [lambda s, a=a: s.add_exit_stage(a) for a in areas]
    sim, _ = theirs(floor.space, place, speed, stages)
    their_build = time.process_time() - begin
    other = timed(lambda: sim.iterate(60)) / 60
    sim, _ = theirs(floor.walkable, place, speed, stages)  # one polygon: nothing to search
    unrouted = timed(lambda: sim.iterate(60)) / 60
    assert crowd.here().sum() > 500
    print(  # noqa: T201
        f"\n{len(place)} people, 400 obstacles: {ours * 1e6:.0f} us a step, JuPedSim {other * 1e3:.1f} ms:"
        f" {other / ours:.0f} times as fast (first 60 steps alone {60 * other / begun:.0f}); without obstacles"
        f" JuPedSim takes {unrouted * 1e3:.2f} ms, so {1 - unrouted / other:.1%} of its time goes into obstacles;"
        f" floor and maps {build:.2f} s, JuPedSim {their_build:.2f} s;"
        f" {len(place) / ours / 1e6:.1f} M person-steps/s"
    )
