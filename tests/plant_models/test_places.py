"""Where a leak is, and what stands around it."""

from __future__ import annotations

import math

import pytest
from shapely.geometry import LineString, box

import twin
from plant_models.equipment import new_asset
from plant_models.places import Surroundings, bund_around, hole_place, largest_hole, lowest_point
from plant_models.vessels import vessel_geometry
from twin.errors import ModelError

AIR = {
    "air_temperature": 293.15,
    "air_pressure": 101325.0,
    "wind_speed": 3.0,
    "ground": "concrete",
    "ground_temperature": 293.15,
    "solar_flux": 0.0,
}


def tank(**more):
    return new_asset("tank", "T-1", x=5.0, y=5.0, **more)


def park(*bunds, asset=None):
    return twin.Twin([asset or tank(), *bunds], site=twin.Site(name="test"))


def bund(tag, side, **more):
    return new_asset("bund", tag, shape=box(5.0 - side / 2, 5.0 - side / 2, 5.0 + side / 2, 5.0 + side / 2), **more)


def test_the_smallest_bund_around_an_asset():
    both = park(bund("B-1", 10.0, height=1.0), bund("B-2", 30.0, height=2.0))
    found = bund_around(both, both["T-1"])
    assert (found.tag, found.area, found.height) == ("B-1", 100.0, 1.0)
    alone = park()
    assert bund_around(alone, alone["T-1"]) is None


def test_a_stated_volume_says_when_the_bund_runs_over():
    # 100 m² with a wall of 1 m hold 100 m³ only when nothing stands in them: a stated 60 m³ is 0.6 m of liquid.
    both = park(bund("B-1", 10.0, height=1.0, volume=60.0))
    assert bund_around(both, both["T-1"]).height == pytest.approx(0.6, rel=1e-12)


def test_the_middle_of_a_line_and_the_height_of_the_hole():
    bent = new_asset("pipe", "P-1", shape=LineString([(0, 0), (10, 0), (10, 30)]), release_height=2.0)
    assert hole_place(bent, None) == (10.0, 10.0, 2.0)
    assert hole_place(bent, 0.0) == (10.0, 10.0, 0.0)
    assert hole_place(tank(release_height=1.5), None) == (5.0, 5.0, 1.5)


def test_a_height_that_nobody_knows_is_asked_for():
    with pytest.raises(ModelError, match="height of the leak at 'B-1' is not known"):
        hole_place(bund("B-1", 10.0), None)


def test_a_hole_is_no_larger_than_the_bore():
    pipe = new_asset("pipe", "P-1", shape=LineString([(0, 0), (10, 0)]), diameter=0.08)
    assert largest_hole(pipe, 0.08) == 0.08
    assert largest_hole(new_asset("pump", "PU-1", x=0.0, y=0.0), 5.0) is None
    with pytest.raises(ModelError, match=r"diameter 0\.08 m"):
        largest_hole(pipe, 0.081)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        # a sphere of 18 m whose top is at 20 m hangs 2 m above ground, a drum of 3 m with its top at 5 m as well
        ({"vessel_shape": "sphere", "diameter": 18.0, "height": 20.0}, 2.0),
        ({"vessel_shape": "sphere", "diameter": 18.0}, 0.0),
        ({"vessel_shape": "horizontal_cylinder", "heads": "flat", "diameter": 3.0, "length": 9.0, "height": 5.0}, 2.0),
        ({"vessel_shape": "vertical_cylinder", "heads": "flat", "diameter": 10.0, "height": 12.0}, 0.0),
    ],
)
def test_the_lowest_point_inside(shape, expected):
    asset = new_asset("vessel", "V-1", x=0.0, y=0.0, **shape)
    assert lowest_point(asset, vessel_geometry(asset)) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    "wrong", [{"air_temperature": math.nan}, {"air_pressure": 1.0}, {"wind_speed": -1.0}, {"ground": "lava"}]
)
def test_surroundings_are_checked(wrong):
    with pytest.raises(ModelError):
        Surroundings(**AIR | wrong)
