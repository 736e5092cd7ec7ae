"""Trajectories written and read back, by PedPy and by ourselves."""

from __future__ import annotations

import numpy as np
import pytest
from shapely import Polygon, wkt
from shapely.geometry import LineString

from evacuation import Floor, Group, Order, Trajectories, Walkers, evacuate, populate, walk
from twin import ModelError, Streams


@pytest.fixture
def played(park):
    people = populate(park, [Group(name="yard", place="YD-1", count=30)], Streams(1))
    return evacuate(park, people, orders=[Order(time=5.0, action="evacuate")], horizon=600.0)


@pytest.fixture
def crowd():
    floor = Floor(walkable=Polygon([(0, 0), (20, 0), (20, 5), (0, 5)]), exits={"east": LineString([(20, 1), (20, 4)])})
    grid = np.mgrid[1.0:6.0, 1.0:5.0].reshape(2, -1)
    return walk(floor, Walkers(x=grid[0], y=grid[1]), horizon=40.0, every=5)


def test_pedpy_reads_an_evacuation(played, tmp_path):
    pedpy = pytest.importorskip("pedpy")
    file = tmp_path / "people.h5"
    told = Trajectories.of(played, fps=2.0, stop=300.0)
    told.save_archive(file)
    read = pedpy.load_trajectory_from_ped_data_archive_hdf5(trajectory_file=file)
    assert read.frame_rate == 2.0
    assert read.data["frame"].nunique() == 601
    for k in (0, 97, 600):
        x, y = played.positions(k / 2.0)
        rows = read.data[read.data["frame"] == k].sort_values("id")
        assert np.array_equal(rows["x"], x)
        assert np.array_equal(rows["y"], y)
    speed = pedpy.compute_individual_speed(
        traj_data=read, frame_step=1, speed_calculation=pedpy.SpeedCalculation.BORDER_EXCLUDE
    )
    # nobody is faster on the way than he walks at most: 1.92 m/s, the upper cut of the speeds
    assert speed["speed"].max() <= played.population.speed.max() + 1e-9
    assert speed["speed"].max() > 1.0


def test_pedpy_reads_a_crowd_and_finds_its_flow(crowd, tmp_path):
    pedpy = pytest.importorskip("pedpy")
    file = tmp_path / "crowd.h5"
    Trajectories.of(crowd).save_archive(file)
    read = pedpy.load_trajectory_from_ped_data_archive_hdf5(trajectory_file=file)
    ground = pedpy.load_walkable_area_from_ped_data_archive_hdf5(trajectory_file=file)
    assert ground.polygon.equals(crowd.floor.walkable)
    line = pedpy.MeasurementLine([(19.0, 0.0), (19.0, 5.0)])
    count, _ = pedpy.compute_n_t(traj_data=read, measurement_line=line)
    assert count["cumulative_pedestrians"].max() == np.isfinite(crowd.exit_time).sum() == 20


def test_the_compact_form_is_within_half_a_centimetre(played, crowd, tmp_path):
    for name, source in (("network", played), ("crowd", crowd)):
        told = Trajectories.of(source)
        told.save(tmp_path / f"{name}.h5")
        read = Trajectories.load(tmp_path / f"{name}.h5")
        assert np.array_equal(read.frame, told.frame)
        assert np.array_equal(read.person, told.person)
        assert max(np.abs(read.x - told.x).max(), np.abs(read.y - told.y).max()) <= 0.005 + 1e-9
        assert (read.fps, read.start, read.ground) == (told.fps, told.start, told.ground)


def test_gaps_and_leaps_begin_anew(tmp_path):
    told = Trajectories(
        frame=np.array([3, 4, 9, 10, 0]), person=np.array([7, 7, 7, 7, 8]), x=np.array([0.0, 1.0, 5e6, 5e6 + 400, -3]),
        y=np.array([0.0, 0.004, 1.0, 1.0, -1e7]), fps=10.0,
    )  # fmt: skip
    told.save(tmp_path / "a.h5")
    read = Trajectories.load(tmp_path / "a.h5")
    assert read.frame.tolist() == [3, 4, 9, 10, 0]
    assert read.person.tolist() == [7, 7, 7, 7, 8]
    assert np.abs(read.x - told.x).max() <= 0.005 + 1e-8
    assert np.abs(read.y - told.y).max() <= 0.005 + 1e-8


def test_the_compact_form_takes_few_bytes(tmp_path):
    """200 000 rows of a walk that wavers: 2 to 3 bytes a row, where four float64 take 32."""
    rng, n, frames = np.random.default_rng(0), 100, 2000
    step = 0.134 + rng.normal(0.0, 0.01, (2, n, frames))  # 1.34 m/s at 10 frames a second
    place = np.cumsum(step, axis=2)
    told = Trajectories(
        frame=np.tile(np.arange(frames), n), person=np.repeat(np.arange(n), frames), x=place[0].ravel(),
        y=place[1].ravel(), fps=10.0,
    )  # fmt: skip
    told.save(tmp_path / "a.h5")
    assert (tmp_path / "a.h5").stat().st_size < 3.0 * n * frames
    assert np.abs(Trajectories.load(tmp_path / "a.h5").x - told.x).max() <= 0.005 + 1e-9


def test_the_ground_of_an_evacuation_holds_its_people(played):
    import shapely

    told = Trajectories.of(played, fps=0.1)
    ground = wkt.loads(told.ground).buffer(0.1)
    assert shapely.contains_xy(ground, told.x, told.y).all()


def test_what_makes_no_trajectories_is_refused(played, crowd, tmp_path):
    with pytest.raises(ModelError, match="frames"):
        Trajectories.of(played, fps=0.0)
    with pytest.raises(ModelError, match="million rows"):
        Trajectories.of(played, fps=1e5)
    still = walk(crowd.floor, Walkers(x=[1.0], y=[1.0]), horizon=5.0)
    with pytest.raises(ModelError, match="kept 0 frames"):
        Trajectories.of(still)
    Trajectories.of(crowd).save_archive(tmp_path / "a.h5")
    with pytest.raises(ModelError, match="no compact"):
        Trajectories.load(tmp_path / "a.h5")
