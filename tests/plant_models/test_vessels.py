"""Geometry of vessels against published volumes, an independent program, and what holds for every body."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Point

from plant_models.vessels import HEADS, Vessel, vessel_geometry
from twin.assets import Asset
from twin.errors import LayoutError, ModelError, TwinError, UnitError

GALLON = 231.0  # cubic inches
AXES = ("vertical", "horizontal")
EXACT = 1e-12  # closed forms, and a quadrature of 32 nodes that is converged to 1e-14

vessels = st.builds(
    Vessel,
    axis=st.sampled_from(AXES),
    diameter=st.floats(0.2, 60.0),
    length=st.floats(0.1, 80.0),
    heads=st.sampled_from(HEADS),
)


@pytest.mark.validation
@pytest.mark.parametrize(
    ("vessel", "height", "gallons"),
    [
        # Jones, D., Calculating tank volume, worked examples; inches and US gallons. The figures of the paper with more
        # digits are those of the documentation of `fluids` 1.x (V_horiz_ellipsoidal, V_horiz_torispherical).
        (
            Vessel(axis="horizontal", diameter=108.0, length=156.0, heads="ellipsoidal", head_depth=42.0),
            36.0,
            2380.9565,
        ),
        (
            Vessel(axis="horizontal", diameter=108.0, length=156.0, heads="ellipsoidal", head_depth=42.0),
            84.0,
            7103.4452,
        ),
        (Vessel(axis="horizontal", diameter=108.0, length=156.0, heads="dished", knuckle=0.06), 36.0, 2028.6267),
        (Vessel(axis="horizontal", diameter=108.0, length=156.0, heads="dished", knuckle=0.06), 84.0, 5939.8979),
        (Vessel(axis="vertical", diameter=132.0, length=100.0, heads="dished", knuckle=0.06), 24.0, 904.0688),
    ],
)
def test_published_volumes(vessel, height, gallons):
    assert vessel.liquid_volume(height) / GALLON == pytest.approx(gallons, abs=1e-4)  # the digits printed


FLUIDS = {
    "flat": {},
    "ellipsoidal": {"sideA": "ellipsoidal", "sideB": "ellipsoidal", "sideA_a_ratio": 0.25, "sideB_a_ratio": 0.25},
    "hemispherical": {"sideA": "spherical", "sideB": "spherical", "sideA_a_ratio": 0.5, "sideB_a_ratio": 0.5},
    "dished": {
        "sideA": "torispherical",
        "sideB": "torispherical",
        "sideA_f": 1.0,
        "sideA_k": 0.1,
        "sideB_f": 1.0,
        "sideB_k": 0.1,
    },
}


@pytest.mark.validation
@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("heads", HEADS)
def test_another_program_gives_the_same(axis, heads):
    geometry = pytest.importorskip("fluids.geometry")
    vessel = Vessel(axis=axis, diameter=3.2, length=14.0, heads=heads)
    other = geometry.TANK(D=3.2, L=14.0, horizontal=axis == "horizontal", **FLUIDS[heads])
    assert vessel.volume == pytest.approx(other.V_total, rel=EXACT)
    assert vessel.wall_area == pytest.approx(other.A, rel=EXACT)
    assert vessel.inner_height == pytest.approx(other.h_max, rel=EXACT)
    for level in (0.02, 0.1, 0.3, 0.5, 0.77, 0.98):
        height = level * vessel.inner_height
        # The quadrature of `fluids` stops at about 1e-11 near the bottom of a lying dished head.
        assert vessel.liquid_volume(height) == pytest.approx(other.V_from_h(height), rel=1e-10)
        assert vessel.wetted_area(height) == pytest.approx(other.SA_from_h(height), rel=1e-10)


def test_a_sphere_by_hand():
    sphere = Vessel.sphere(18.0)
    assert sphere.volume == pytest.approx(math.pi * 18.0**3 / 6.0, rel=EXACT)
    assert sphere.wall_area == pytest.approx(math.pi * 18.0**2, rel=EXACT)
    # Spherical cap of height h: V = π h² (3 R - h)/3, curved area 2 π R h, waterline radius² = h (2 R - h).
    assert sphere.liquid_volume(5.0) == pytest.approx(math.pi * 25.0 * (27.0 - 5.0) / 3.0, rel=EXACT)
    assert sphere.wetted_area(5.0) == pytest.approx(math.tau * 9.0 * 5.0, rel=EXACT)
    assert sphere.surface_area(5.0) == pytest.approx(math.pi * 5.0 * 13.0, rel=EXACT)


def test_a_standing_flat_tank_by_hand():
    tank = Vessel(axis="vertical", diameter=10.0, length=8.0, heads="flat")
    assert tank.liquid_volume(3.0) == pytest.approx(math.pi * 25.0 * 3.0, rel=EXACT)
    assert tank.wetted_area(3.0) == pytest.approx(math.pi * 25.0 + math.pi * 10.0 * 3.0, rel=EXACT)  # floor and shell
    assert tank.wall_area == pytest.approx(2.0 * math.pi * 25.0 + math.pi * 10.0 * 8.0, rel=EXACT)
    assert tank.height(math.pi * 100.0) == pytest.approx(4.0, rel=EXACT)


def test_the_volume_of_standard_heads():
    # A 2:1 head is half a spheroid: (2/3) π R² (R/2) = π D³/24. A hemisphere: π D³/12.
    for heads, share in (("ellipsoidal", 24.0), ("hemispherical", 12.0)):
        vessel = Vessel(axis="horizontal", diameter=2.0, length=1.0, heads=heads)
        assert vessel.volume - math.pi == pytest.approx(2.0 * math.pi * 8.0 / share, rel=EXACT)
    # Klöpper head of DIN 28011: depth 0.1935 D (less 0.455 s) and volume 0.1 D³ (inner diameter), rounded there.
    dished = Vessel(axis="vertical", diameter=1.0, length=1.0, heads="dished")
    assert 0.5 * (dished.inner_height - 1.0) == pytest.approx(0.1935, abs=5e-4)
    assert 0.5 * (dished.volume - 0.25 * math.pi) == pytest.approx(0.1, abs=2e-3)


@settings(deadline=None, max_examples=50)
@given(vessels, st.floats(0.0, 1.0))
def test_symmetry_about_the_middle(vessel, level):
    """Both ends are alike: what is empty above h is what would be full below H - h."""
    height = level * vessel.inner_height
    rest = vessel.volume - vessel.liquid_volume(max(0.0, vessel.inner_height - height))
    assert vessel.liquid_volume(height) == pytest.approx(rest, rel=EXACT, abs=EXACT * vessel.volume)
    half = vessel.liquid_volume(0.5 * vessel.inner_height)
    assert half == pytest.approx(0.5 * vessel.volume, rel=EXACT)


@settings(deadline=None, max_examples=50)
@given(vessels, st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_more_height_is_more_volume_and_more_wetted_wall(vessel, one, two):
    low, high = sorted((one * vessel.inner_height, two * vessel.inner_height))
    slack = EXACT * vessel.volume
    assert 0.0 <= vessel.liquid_volume(low) <= vessel.liquid_volume(high) + slack <= vessel.volume + 2.0 * slack
    assert vessel.wetted_area(low) <= vessel.wetted_area(high) * (1.0 + 1e-9)
    assert vessel.wetted_area(vessel.inner_height) == pytest.approx(vessel.wall_area, rel=EXACT)


@settings(deadline=None, max_examples=50)
@given(vessels, st.floats(0.01, 0.99))
def test_height_is_the_inverse_of_the_volume(vessel, level):
    height = level * vessel.inner_height
    assert vessel.height(vessel.liquid_volume(height)) == pytest.approx(height, rel=EXACT)
    assert vessel.liquid_volume(vessel.height(level * vessel.volume)) == pytest.approx(level * vessel.volume, rel=EXACT)


@settings(deadline=None, max_examples=50)
@given(vessels, st.floats(0.03, 0.97))
def test_the_free_surface_is_the_slope_of_the_volume(vessel, level):
    height, step = level * vessel.inner_height, 1e-5 * vessel.inner_height
    slope = (vessel.liquid_volume(height + step) - vessel.liquid_volume(height - step)) / (2.0 * step)
    # Central difference: error step² V'''/6, largest at the corner between shell and flat or dished head.
    assert vessel.surface_area(height) == pytest.approx(slope, rel=1e-4)


def test_the_ends_of_the_scale():
    for heads in HEADS:
        for axis in AXES:
            vessel = Vessel(axis=axis, diameter=2.0, length=3.0, heads=heads)
            assert vessel.liquid_volume(0.0) == pytest.approx(0.0, abs=EXACT)
            assert vessel.wetted_area(0.0) == pytest.approx(0.0, abs=EXACT)
            assert (vessel.height(0.0), vessel.height(vessel.volume)) == (0.0, vessel.inner_height)


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"diameter": -1.0}, ModelError, "diameter is -1.0"),
        ({"diameter": math.nan}, ModelError, "diameter is nan"),
        ({"length": -2.0}, ModelError, "0 to 1000 m"),
        ({"length": "3 m"}, UnitError, "text '3 m'"),
        ({"heads": "elipsoidal"}, ModelError, "'ellipsoidal'"),
        ({"axis": "lying"}, ModelError, "axis is 'lying'"),
        ({"heads": "flat", "length": 0.0}, ModelError, "no length"),
        ({"heads": "dished", "crown": 0.5}, ModelError, "crown above 0.5"),
    ],
)
def test_bad_vessels_are_refused(change, error, said):
    with pytest.raises(error) as caught:
        Vessel(**({"axis": "vertical", "diameter": 2.0, "length": 3.0, "heads": "dished"} | change))
    assert said in str(caught.value)
    assert len(caught.value.problems) == 1


def test_a_height_or_volume_outside_is_refused():
    vessel = Vessel.sphere(2.0)
    for call in (vessel.liquid_volume, vessel.wetted_area, vessel.surface_area):
        with pytest.raises(ModelError, match="height"):
            call(2.01)
    for volume in (-1.0, 4.2, math.nan):  # full at 4.18879 m³
        with pytest.raises(ModelError, match="volume"):
            vessel.height(volume)


def asset(**attributes) -> Asset:
    return Asset(tag="V-1", kind="vessel", layer="process", shape=Point(0.0, 0.0), attributes=attributes, where="p:3")


LYING = {"vessel_shape": "horizontal_cylinder", "diameter": 3.2, "heads": "ellipsoidal"}


def test_a_vessel_from_its_attributes():
    assert vessel_geometry(asset(vessel_shape="sphere", diameter=18.0)) == Vessel.sphere(18.0)
    walled = vessel_geometry(asset(vessel_shape="sphere", diameter=18.0, wall_thickness=0.05))
    assert walled.diameter == pytest.approx(17.9)
    standing = {"vessel_shape": "vertical_cylinder", "diameter": 10.0, "heads": "flat"}
    assert vessel_geometry(asset(**standing, height=8.0)).length == 8.0
    assert vessel_geometry(asset(**standing, height=8.0, length=7.0)).length == 7.0
    assert vessel_geometry(asset(**standing, volume=250.0 * math.pi)).length == pytest.approx(10.0)
    by_volume = vessel_geometry(asset(**LYING, volume=125.0, height=3.2))  # height above ground: not its length
    assert by_volume.volume == pytest.approx(125.0, rel=EXACT)
    # By hand: heads 2 π 3.2³/24 = 8.579 m³, cylinder (125 - 8.579)/(π 1.6²) = 14.476 m.
    assert by_volume.length == pytest.approx(14.476, abs=1e-3)


@pytest.mark.parametrize(
    ("attributes", "said", "count"),
    [
        ({"diameter": 3.2}, "has no vessel_shape", 1),
        ({"vessel_shape": "gas_holder", "diameter": 44.0}, "is a gas_holder", 1),
        ({"vessel_shape": "horizontal_cylinder"}, "has no diameter", 3),
        ({"vessel_shape": "sphere"}, "has no diameter", 1),
        (LYING, "add length or volume", 1),
        (LYING | {"volume": 125.0, "length": 20.0}, "may differ by 5%", 1),  # 169 m³
        (LYING | {"volume": 8.0}, "heads of 'V-1' alone hold 8.579", 1),
        (LYING | {"length": 10.0, "wall_thickness": 1.6}, "leave no room", 1),
        (LYING | {"length": 10.0, "heads": "dish"}, "dished", 1),
    ],
)
def test_missing_and_contradicting_data_are_said(attributes, said, count):
    with pytest.raises(TwinError) as caught:
        vessel_geometry(asset(**attributes))
    assert isinstance(caught.value, (ModelError, LayoutError))
    assert said in str(caught.value)
    assert len(caught.value.problems) == count


def test_a_volume_within_the_tolerance_is_accepted():
    # 18 m: 3053.6 m³, stated as 3000 (1.8 % less).
    assert vessel_geometry(asset(vessel_shape="sphere", diameter=18.0, volume=3000.0)).volume == pytest.approx(
        3053.6, abs=0.1
    )
