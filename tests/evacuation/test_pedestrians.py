"""People on a floor: the models against an independent program and plain NumPy, walls, doors, stairs, bad input."""

from __future__ import annotations

import math

import numpy as np
import pytest
import shapely
from shapely.geometry import LineString, Polygon, box

from evacuation._kernels import crowd as k
from evacuation.floor import Door, Floor, Zone, patch
from evacuation.pedestrians import AnticipationVelocity, CollisionFreeSpeed, Crowd, Walkers, walk, walk_out
from twin.assets import Asset
from twin.errors import ModelError

BOTH = pytest.mark.parametrize("model", ["collision_free_speed", "anticipation"])


def corridor(length=40.0, width=2.0, **settings):
    return Floor(
        walkable=box(0, 0, length, width), exits={"end": LineString([(length, 0), (length, width)])}, **settings
    )


def room(capacity=None):
    """IMO 4: a room of 8 m x 5 m with a door of 1 m to a corridor."""
    return Floor(
        walkable=box(0, 0, 8, 5).union(box(8, 2, 12, 3)),
        exits={"end": LineString([(12, 2), (12, 3)])},
        doors=(Door(LineString([(8, 2), (8, 3)]), capacity),),
    )


def hundred(seed):
    """100 people of IMO (males of 30 to 50: 0.97 to 1.62 m/s) spread over the room."""
    rng = np.random.default_rng(seed)
    x, y = np.meshgrid(np.linspace(0.4, 7.6, 10), np.linspace(0.4, 4.6, 10))
    x, y = x.ravel() + rng.uniform(-0.05, 0.05, 100), y.ravel() + rng.uniform(-0.05, 0.05, 100)
    return Walkers(x=x, y=y, speed=rng.uniform(0.97, 1.62, 100), radius=0.15)


def scattered(n=200, seed=1):
    rng = np.random.default_rng(seed)
    side = math.ceil(math.sqrt(n))
    x, y = np.meshgrid(np.arange(side) * 1.0, np.arange(side) * 1.0)
    return np.stack([x.ravel(), y.ravel()], 1)[:n] + rng.uniform(-0.25, 0.25, (n, 2)), rng.uniform(0.8, 1.6, n)


def plain_step(place, speed, aim, dt, settings, radius=0.2, gap=1.0):
    """One step of Tordeux et al. (2016), eq. 1-5, with all pairs in NumPy."""
    wish = aim - place
    wish /= np.linalg.norm(wish, axis=1)[:, None]
    to = place[None] - place[:, None]
    d = np.linalg.norm(to, axis=2)
    np.fill_diagonal(d, np.inf)
    seen = d < settings.reach
    n = to / np.where(seen, d, 1.0)[:, :, None]
    push = np.where(seen, settings.strength * np.exp((2 * radius - d) / settings.range), 0.0)
    e = wish - (push[:, :, None] * n).sum(axis=1)
    e /= np.linalg.norm(e, axis=1)[:, None]
    ahead = (e[:, None] * to).sum(axis=2) >= 0
    beside = np.abs(e[:, None, 0] * to[:, :, 1] - e[:, None, 1] * to[:, :, 0]) <= 2 * radius
    space = np.where(seen & ahead & beside, d - 2 * radius, np.inf).min(axis=1)
    return place + e * np.clip(space / gap, 0.0, speed)[:, None] * dt


def test_collision_free_speed_equals_plain_numpy():
    place, speed = scattered()
    aim = np.array([100.0, 7.0])
    crowd = Crowd(Walkers(x=place[:, 0], y=place[:, 1], speed=speed), aim=aim)
    crowd.advance(100)
    for _ in range(100):
        place = plain_step(place, speed, aim, 0.05, CollisionFreeSpeed())
    np.testing.assert_allclose(crowd.position(), place, rtol=0, atol=1e-12)


def test_collision_free_speed_equals_jupedsim():
    jps = pytest.importorskip("jupedsim")
    place, speed = scattered(400)
    sim = jps.Simulation(
        model=jps.CollisionFreeSpeedModel(), geometry=[(-200, -200), (400, -200), (400, 400), (-200, 400)], dt=0.05
    )
    target = (390.0, 9.0)
    stage = sim.add_waypoint_stage(target, 1.0)
    journey = sim.add_journey(jps.JourneyDescription([stage]))
    ids = [
        sim.add_agent(
            jps.CollisionFreeSpeedModelAgentParameters(
                position=tuple(p), desired_speed=v, radius=0.2, time_gap=1.0, journey_id=journey, stage_id=stage
            )
        )
        for p, v in zip(place, speed, strict=True)
    ]
    sim.iterate(100)
    theirs = np.array([sim.agent(i).position for i in ids])
    crowd = Crowd(Walkers(x=place[:, 0], y=place[:, 1], speed=speed), aim=target)
    crowd.advance(100)
    assert np.abs(crowd.position() - place).max() > 3.0
    np.testing.assert_allclose(crowd.position(), theirs, rtol=0, atol=1e-12)


@BOTH
def test_slices_and_repeats_change_no_bit(model):
    people = hundred(3)
    once, sliced = Crowd(people, room(), model=model), Crowd(people, room(), model=model)
    once.advance(600)
    for steps in (1, 7, 92, 500):
        sliced.advance(steps)
    assert once.people.tobytes() == sliced.people.tobytes()


class Slow(Crowd):
    """Looks for walls and gates everywhere, and up the maps at every step."""

    def _room(self, *floor):
        return super()._room(*floor) & ~np.uint8(k.FREE) | k.GATED

    def advance(self, steps):
        for _ in range(steps):
            self._spots[:] = -1
            super().advance(1)


@BOTH
def test_nothing_is_missed_by_looking_less(model):
    """The same bits with and without the shortcuts, of people who pass obstacles, a door, a slide and two exits."""
    floor = Floor(
        walkable=box(0, 0, 12, 8),
        obstacles=(box(3, 2, 4, 6), box(6, 0, 6.2, 3), Polygon([(8, 5), (9, 7), (10, 5)])),
        exits={"east": LineString([(12, 3), (12, 5)]), "south": Door(LineString([(1, 0), (2, 0)]), 0.5)},
        doors=(Door(LineString([(6.1, 3), (6.1, 8)]), 2.0),),
        zones=(Zone(box(6.5, 2, 8, 5), 1.8),),
        spacing=0.25,
    )
    x, y = np.meshgrid(np.arange(0.5, 2.9, 0.6), np.arange(0.6, 7.5, 0.75))
    speed = np.random.default_rng(5).uniform(0.5, 2.0, x.size)
    people = Walkers(
        x=x.ravel(), y=y.ravel(), speed=speed, exit=[["east", "south", None][n % 3] for n in range(x.size)]
    )
    quick, slow = (kind(people, floor, model=model, time_step=0.1) for kind in (Crowd, Slow))
    assert (quick._room(floor, floor.walls()[:0], k) & k.FREE).any()
    for _ in range(20):
        quick.advance(25)
        slow.advance(25)
        assert quick.people.tobytes() == slow.people.tobytes()
    assert quick.here().mean() < 0.5  # most are through door and exits


def test_slices_change_no_bit_where_ways_are_found_anew():
    people = hundred(3)
    once, sliced = (Crowd(people, room(), replan=1.0) for _ in range(2))
    once.advance(300)
    for steps in (1, 7, 92, 200):
        sliced.advance(steps)
    assert once.people.tobytes() == sliced.people.tobytes()
    with pytest.raises(ModelError, match="no time"):
        Crowd(people, room(), replan=-1.0)


def test_crowd_stretches_the_way():
    """Hughes (2002) with Weidmann (1993): at 2 people a square metre 1 / (1 - exp(-1.913 (1/2 - 1/5.4))) = 2.21 times.

    The lattice of 0.71 m and the first-order march err by less than 3 %; an empty floor keeps its way.
    """
    floor = corridor(20.0, 4.0)
    side = math.sqrt(0.5)
    x, y = np.meshgrid(np.arange(side / 2, 20.0, side), np.arange(side / 2, 4.0, side))
    full, empty = floor.way("end", np.stack([x.ravel(), y.ravel()], axis=1)), floor.way("end", np.zeros((0, 2)))
    x0, y0, h, *_ = floor.grid()
    near, far, row = (round((v - o) / h) for v, o in ((12.0, x0), (5.0, x0), (2.0, y0)))
    factor = 1.0 / (1.0 - math.exp(-1.913 * (1.0 / 2.0 - 1.0 / 5.4)))
    assert full[row, far] - full[row, near] == pytest.approx(7.0 * factor, rel=0.03)
    assert empty[row, far] - empty[row, near] == pytest.approx(7.0, rel=0.01)


def test_ways_found_anew_avoid_a_jam():
    """60 people stand before the nearer exit; who comes goes to the other one only if ways see the crowd.

    By hand: 60 people on 3.2 m x 6 m are 3.1 a square metre, where Weidmann (1993) walks at 0.23 of the free speed, so
    that 9 m to the west take as long as 5.8 + 3.2 / 0.23 = 20 m, and 11 m to the east are quicker.
    """
    floor = Floor(
        walkable=box(0, 0, 20, 6),
        exits={"west": LineString([(0, 2), (0, 4)]), "east": LineString([(20, 2), (20, 4)])},
    )
    x, y = (part.ravel() for part in np.meshgrid(np.linspace(3.0, 5.7, 6), np.linspace(0.3, 5.7, 10)))
    people = Walkers(x=np.append(x, 9.0), y=np.append(y, 3.0), radius=0.15, start=np.append(np.full(60, 1e3), 0.0))
    assert walk(floor, people, horizon=60.0).exit[-1] in (-1, 0)
    assert walk(floor, people, horizon=60.0, replan=1.0).exit[-1] == 1


@BOTH
def test_one_walker_keeps_his_speed(model):
    """IMO 1: 40 m at 1 m/s in 40 s (here 39.5 m); RiMEA 1: 26 to 34 s at 1.33 m/s."""
    assert walk(corridor(), Walkers(x=0.5, y=1.0, speed=1.0), model=model).exit_time[0] == pytest.approx(39.5, abs=0.05)
    assert 26.0 <= walk(corridor(), Walkers(x=0.01, y=1.0, speed=1.33), model=model).exit_time[0] <= 34.0


@pytest.mark.parametrize("factor", [0.5, 0.75])
def test_stairs_slow_down(factor):
    """Length over speed: 9 m of stair at the factor and 1.1 m on the flat."""
    floor = corridor(10.4, zones=(Zone(box(0.7, -1, 9.7, 3), factor),))
    time = walk(floor, Walkers(x=0.3, y=1.0, speed=1.0)).exit_time[0]
    assert time == pytest.approx(9.0 / factor + 1.1, abs=0.06)


@BOTH
def test_start_times_hold(model):
    """RiMEA 5, IMO 5: nobody moves before the own start, and everybody at it."""
    floor = Floor(walkable=box(0, 0, 8, 5), exits={"door": LineString([(8, 2), (8, 3)])})
    start = np.arange(10.0, 101.0, 10.0)
    x, y = np.meshgrid([1.0, 2.5, 4.0, 5.5, 7.0], [1.5, 3.5])
    told = walk(floor, Walkers(x=x.ravel(), y=y.ravel(), start=start, speed=1.0), model=model, every=1)
    moved = np.abs(np.diff(told.position, axis=0)).sum(axis=2) > 0.0
    np.testing.assert_allclose(told.frames[moved.argmax(axis=0)], start, atol=0.051)


@BOTH
def test_corner_keeps_everybody_inside(model):
    """RiMEA 6, IMO 6: 20 people round a corner; no position outside and no step through a wall."""
    shape = Polygon([(0, 0), (12, 0), (12, 12), (10, 12), (10, 2), (0, 2)])
    floor = Floor(walkable=shape, exits={"end": LineString([(10, 12), (12, 12)])})
    x, y = np.meshgrid(np.linspace(0.4, 5.0, 10), [0.6, 1.4])
    told = walk(floor, Walkers(x=x.ravel(), y=y.ravel(), speed=1.2), model=model, every=1)
    assert np.isfinite(told.exit_time).all()
    here = np.isfinite(told.position[:, :, 0])
    assert shapely.covers(shape, shapely.points(told.position[here])).all()
    both = here[1:] & here[:-1]
    steps = shapely.linestrings(np.stack([told.position[:-1][both], told.position[1:][both]], axis=1))
    assert not shapely.intersects(steps, LineString([(0, 2), (10, 2), (10, 12)])).any()


def test_thin_walls_are_not_walked_through():
    """Two rooms with a wall of 2 cm, thinner than the spacing of the map: the way leads round its end."""
    wall = box(4.99, 0.0, 5.01, 4.0)
    floor = Floor(walkable=box(0, 0, 10, 5), obstacles=(wall,), exits={"end": LineString([(10, 0), (10, 1)])})
    told = walk(floor, Walkers(x=[4.7, 4.0, 1.0], y=[0.5, 1.5, 0.5], speed=1.2), every=1)
    assert np.isfinite(told.exit_time).all()
    for person in range(3):
        track = told.position[np.isfinite(told.position[:, person, 0]), person]
        assert not LineString(track).intersects(wall)
        assert LineString(track).length > 7.0


def test_metered_door_keeps_its_capacity():
    """A door of 1 m lets through 1.3 (1 - 2 x 0.15) = 0.91 people a second, and no interval t more than 1 + C t."""
    told = walk(room(), hundred(0))
    times = told.times(0)
    assert times.size == 100
    assert np.diff(times).min() >= 1 / 0.91 - 1e-9
    assert told.flow(0) == pytest.approx(0.91, rel=0.01)
    exit_door = Floor(
        walkable=box(0, 0, 8, 5), exits={"door": Door(LineString([(8, 2), (8, 3)]), 1.2)}
    )  # a capacity between multiples of the time step
    assert walk(exit_door, hundred(0)).flow("door") == pytest.approx(1.2, rel=0.01)


def test_people_leave_by_their_own_exit():
    floor = Floor(
        walkable=box(0, 0, 8, 5),
        exits={"west": LineString([(0, 2), (0, 3)]), "east": LineString([(8, 2), (8, 3)])},
    )
    told = walk(floor, Walkers(x=[1.0, 1.0, 7.0], y=[1.0, 4.0, 2.5], exit=["east", None, "west"]))
    assert told.to_pandas()["exit"].tolist() == ["east", "west", "west"]


def test_people_enter_one_after_the_other():
    """All come at t = 5 s through one place: each waits until the one before has left it."""
    told = walk(corridor(10.0), Walkers(x=np.full(5, 0.5), y=np.full(5, 1.0), speed=1.0, enter=5.0))
    assert told.exit_time[0] == pytest.approx(14.5, abs=0.06)
    assert (np.diff(np.sort(told.exit_time)) >= 0.4 - 0.051).all()


def test_march_measures_ways():
    """In a free square the way is the distance: first-order fast marching errs by a few spacings at most."""
    floor = Floor(walkable=box(0, 0, 10, 10), exits={"end": LineString([(0, 4), (0, 6)])}, spacing=0.1)
    x0, y0, h, *_ = floor.grid()
    way = floor.way("end")
    for x, y in [(5.0, 5.0), (9.0, 1.0), (3.0, 9.0)]:
        true = shapely.Point(x, y).distance(LineString([(0, 4), (0, 6)]))
        assert way[round((y - y0) / h), round((x - x0) / h)] == pytest.approx(true, abs=0.15)


def test_all_problems_of_a_floor_at_once():
    with pytest.raises(ModelError) as caught:
        Floor(
            walkable=box(0, 0, 8, 5),
            exits={"gap": LineString([(8, 2), (8, 2)])},
            doors=(Door(LineString([(4, 0), (4, 1)]), -1.0),),
            zones=(Zone(box(0, 0, 1, 1), -0.5),),
        )
    assert len(caught.value.problems) == 3
    with pytest.raises(ModelError, match="does not lie on the floor"):
        Floor(walkable=box(0, 0, 8, 5), exits={"far": LineString([(20, 2), (20, 3)])})


def test_all_problems_of_people_at_once():
    floor = Floor(
        walkable=box(0, 0, 8, 5),
        obstacles=(box(3, 3, 4, 4), box(5.9, -1, 6.1, 6)),
        exits={"west": LineString([(0, 2), (0, 3)])},
    )
    with pytest.raises(ModelError) as caught:
        walk(
            floor,
            Walkers(x=[3.5, 20.0, 1.0, 1.1, 7.0], y=[3.5, 1.0, 1.0, 1.0, 2.0], exit=[None, None, None, "wst", None]),
        )
    text = str(caught.value)
    for part in ("inside an obstacle", "outside the floor", "overlaps", "did you mean 'west'", "no way to any exit"):
        assert part in text
    with pytest.raises(ModelError) as caught:
        walk(floor, Walkers(x=1.0, y=1.0, speed=-1.0, radius=0.0))
    assert len(caught.value.problems) == 2
    with pytest.raises(ModelError, match="the floor holds"):
        walk(corridor(2.0, 1.0), Walkers(x=np.linspace(0.3, 1.7, 40), y=0.5, radius=0.25))


@BOTH
@pytest.mark.parametrize(
    "seeds", [pytest.param(range(0, 12, 3), id="4"), pytest.param(range(50), id="50", marks=pytest.mark.slow)]
)
def test_nobody_is_stuck_in_rooms(model, seeds):
    """IMO 4: 100 people, metered door of 1 m: at most 1.33 people a second, and all get out."""
    told = [walk(room(), hundred(seed), model=model, horizon=400.0) for seed in seeds]
    assert all(np.isfinite(run.exit_time).all() for run in told)
    assert max(run.flow(0) for run in told) <= 1.33


@BOTH
def test_an_exit_close_before_a_wall_lets_everybody_out(model):
    """An exit 0.2 m before a wall: 24 people are out in the time of the way and of a lane of 0.82 people a second.

    Who anticipates must not shun the wall behind the exit: he would walk along the exit for good.
    """
    floor = Floor(walkable=box(0, 0, 10, 10), exits={"end": LineString([(9.8, 0), (9.8, 10)])})
    x, y = (part.ravel() for part in np.meshgrid(np.linspace(0.5, 4.5, 4), np.linspace(0.7, 9.3, 6)))
    told = walk(floor, Walkers(x=x, y=y, radius=0.15), model=model, horizon=120.0)
    assert told.clearance < 9.3 / 1.34 + 24 / 0.82


@pytest.mark.slow
@pytest.mark.parametrize(("width", "radius"), [(0.9, 0.15), (1.0, 0.18), (1.2, 0.18)])
def test_anticipation_leaves_nobody_at_other_doors(width, radius):
    """Doors and bodies other than those of IMO 4, or the freedom from jams would hang on one case."""
    low, high = 2.5 - width / 2, 2.5 + width / 2
    floor = Floor(
        walkable=box(0, 0, 8, 5).union(box(8, low, 12, high)),
        exits={"end": LineString([(12, low), (12, high)])},
        doors=(Door(LineString([(8, low), (8, high)])),),
    )
    for seed in range(10):
        people = hundred(seed)
        people = Walkers(x=people.x, y=people.y, speed=people.speed, radius=radius)
        assert np.isfinite(walk(floor, people, model="anticipation", horizon=400.0).exit_time).all()


@pytest.mark.parametrize(
    ("place", "aim", "speed"),
    [
        pytest.param([(0.0, 0.0), (10.0, 0.1)], [(20.0, 0.0), (-10.0, 0.1)], [1.2, 1.2], id="meeting"),
        pytest.param([(0.0, 0.0), (5.0, -5.3)], [(20.0, 0.0), (5.0, 20.0)], [1.2, 1.2], id="crossing"),
        pytest.param([(0.0, 0.0), (1.5, 0.05)], [(30.0, 0.0), (30.0, 0.05)], [1.4, 0.6], id="overtaking"),
    ],
)
def test_anticipation_equals_jupedsim(place, aim, speed):
    """Two people on open ground, nobody exactly ahead (there the side is drawn at random in theirs): 10 s, rounding."""
    jps = pytest.importorskip("jupedsim")
    sim = jps.Simulation(
        model=jps.AnticipationVelocityModel(rng_seed=1), geometry=[(-50, -50), (50, -50), (50, 50), (-50, 50)], dt=0.05
    )
    ids = []
    for p, target, v in zip(place, aim, speed, strict=True):
        stage = sim.add_waypoint_stage(target, 0.1)
        journey = sim.add_journey(jps.JourneyDescription([stage]))
        ids.append(
            sim.add_agent(
                jps.AnticipationVelocityModelAgentParameters(
                    position=p, desired_speed=v, radius=0.2, time_gap=1.0, journey_id=journey, stage_id=stage
                )
            )
        )
    x, y = np.array(place).T
    crowd = Crowd(Walkers(x=x, y=y, speed=speed), aim=aim, model="anticipation")
    for _ in range(200):
        sim.iterate()
        crowd.advance(1)
        np.testing.assert_allclose(crowd.position(), [sim.agent(i).position for i in ids], rtol=0, atol=1e-12)


def test_anticipation_of_the_one_ahead():
    """One step of somebody who runs past a standing person, by hand.

    i goes along x at 1.2 m/s from (0, 0), j stands at (1, -0.5), radius 0.2 both. In 1 s the gap would be
    1.118 - 1.2 x 1 / 1.118 - 0.4 < 0, so it counts as 0; j has no direction yet: 8 (1 + 0.5) = 12, to the left as j is
    on the right. The direction wished is (1, 12) / sqrt(145); 0.05 s of the 0.3 s of relaxation turn (1, 0) by a sixth
    of the difference. j is then beside the way (0.68 m > 0.4 m), so the speed stays 1.2 m/s.
    """
    crowd = Crowd(
        Walkers(x=[0.0, 1.0], y=[0.0, -0.5], speed=1.2, start=[0.0, 1e9]), aim=[(1e6, 0.0), (9.0, 9.0)],
        model="anticipation",
    )  # fmt: skip
    crowd.people["ex"][0], crowd.people["vx"][0] = 1.0, 1.2
    crowd.advance(1)
    turned = np.array([5.0 / 6.0 + 1.0 / (6.0 * math.sqrt(145.0)), 12.0 / (6.0 * math.sqrt(145.0))])
    turned /= np.linalg.norm(turned)
    np.testing.assert_allclose(crowd.position()[0], 0.06 * turned, rtol=0, atol=1e-6)  # of the far aim


def test_a_lane_is_passed_on_the_right_by_foresight():
    """Two who meet head-on in the anticipation model both step aside and reach their ends."""
    floor = Floor(
        walkable=box(0, 0, 20, 4),
        exits={"west": LineString([(0, 0), (0, 4)]), "east": LineString([(20, 0), (20, 4)])},
    )
    told = walk(
        floor,
        Walkers(x=[2.0, 18.0], y=[2.0, 2.0], exit=["east", "west"], speed=1.2),
        model=AnticipationVelocity(),
        every=1,
    )
    assert np.isfinite(told.exit_time).all()
    gap = np.linalg.norm(told.position[:, 0] - told.position[:, 1], axis=1)
    assert np.nanmin(gap) > 0.4 - 0.05


def test_building_of_the_twin_lets_out_who_comes_in():
    """Who comes in at the times of the network leaves by the far door, metered by 1.3 (1.2 - 0.3) = 1.17 a second."""
    house = Asset(tag="B-1", kind="building", layer="space", shape=box(100, 50, 110, 56))
    floor = patch(house, {"east": (110.0, 53.0, 1.2)})
    enter = np.arange(1.0, 31.0, 0.5)
    told = walk(floor, Walkers(x=np.full(60, 100.5), y=np.full(60, 53.0), enter=enter, radius=0.15))
    assert np.isfinite(told.exit_time).all()
    assert (told.exit_time - enter >= 9.5 / 1.34 - 0.05).all()
    assert np.diff(told.times("east")).min() >= 1 / 1.17 - 1e-9
    with pytest.raises(ModelError) as caught:
        patch(house, {"none": (110.0, 53.0, 0.0), "far": (130.0, 53.0, 1.0)})
    assert len(caught.value.problems) == 2


def test_people_of_the_network_walk_out_of_a_gate():
    """Who arrives leaves, once, no sooner than the way takes, at 1.3 (1.2 - 0.3) = 1.17 a second; the others never."""
    gate = patch(Asset(tag="G-1", kind="gate", layer="space", shape=box(0, 0, 10, 6)), {"road": (10.0, 3.0, 1.2)})
    arrival = np.random.default_rng(5).uniform(0.0, 60.0, 50)
    arrival[:3], arrival[3:5] = 0.0, [np.inf, np.nan]
    out = walk_out(gate, arrival, LineString([(0.5, 1.5), (0.5, 4.5)]), speed=np.full(50, 1.3), radius=0.15)
    assert np.isinf(out[3:5]).all()
    came = np.isfinite(arrival)
    assert np.isfinite(out[came]).all()
    assert (out[came] - arrival[came] >= 9.5 / 1.3 - 0.05).all()
    assert np.diff(np.sort(out[came])).min() >= 1 / 1.17 - 1e-9


def test_picture_of_a_walk():
    """Dots are those on the floor, and the curve ends at all who left."""
    pytest.importorskip("matplotlib").use("Agg")
    from evacuation.view import plot_walk

    told = walk(room(), hundred(0), horizon=60.0, every=10)
    ax = plot_walk(told, 20.0)
    there = int((told.exit_time > 20.0).sum())
    assert len(ax.collections[-1].get_offsets()) == there
    assert ax.figure.axes[1].lines[0].get_ydata()[-1] == np.isfinite(told.exit_time).sum()
    with pytest.raises(ModelError, match="no positions"):
        plot_walk(walk(room(), hundred(0), horizon=1.0), 0.0)


@pytest.mark.slow
@pytest.mark.parametrize("width", [1.0, 1.8])
def test_bottleneck_flows_as_jupedsim(width):
    """Flow of persons 20 to 200 from a room into a corridor, not metered: within 5 % of an independent program."""
    jps = pytest.importorskip("jupedsim")
    x, y = (side.ravel() for side in np.meshgrid(np.arange(0.3, 9.8, 0.6), np.arange(0.3, 9.8, 0.6)))
    speed = np.random.default_rng(1).normal(1.34, 0.1, x.size)
    low, high = 5 - width / 2, 5 + width / 2
    shape = box(0, 0, 10, 10).union(box(10, low, 14, high))
    told = walk(
        Floor(walkable=shape, exits={"end": LineString([(14, low), (14, high)])}),
        Walkers(x=x, y=y, speed=speed, radius=0.15),
        horizon=300.0,
    )
    sim = jps.Simulation(model=jps.CollisionFreeSpeedModel(), geometry=shape, dt=0.05)
    stage = sim.add_exit_stage([(13.5, low), (14, low), (14, high), (13.5, high)])
    journey = sim.add_journey(jps.JourneyDescription([stage]))
    for place, v in zip(zip(x, y, strict=True), speed, strict=True):
        sim.add_agent(
            jps.CollisionFreeSpeedModelAgentParameters(
                position=place, desired_speed=v, radius=0.15, time_gap=1.0, journey_id=journey, stage_id=stage
            )
        )
    times: list[float] = []
    while len(times) <= 200:
        before = sim.agent_count()
        sim.iterate()
        times += [sim.elapsed_time()] * (before - sim.agent_count())
    ours = told.times("end")
    assert 180 / (ours[200] - ours[20]) == pytest.approx(180 / (times[200] - times[20]), rel=0.05)


def test_times_and_steps_below_zero_are_refused():
    people = Walkers(x=np.array([1.0]), y=np.array([1.0]))
    for wrong in ({"every": -3}, {"horizon": -1.0}, {"horizon": math.nan}):
        with pytest.raises(ModelError, match=r"horizon .* every"):
            walk(corridor(20.0, 4.0), people, **wrong)
