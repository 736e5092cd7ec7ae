"""Fields and footprints: areas against analysis, polygons, arrival, memory, and what they tell."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from dispersion.field import outline
from dispersion.models import model
from twin.errors import LayoutError, ModelError
from twin.site import Site


def analytic_area(level, rate, speed, height=0.0, source=0.0):
    """Area of c >= level of a class D Briggs rural plume: 2 sigma_y sqrt(2 ln(c0 / level)) summed over distance."""
    x = np.arange(0.05, 5000.0, 0.1)
    sy = np.hypot(0.08 * x / np.sqrt(1 + 1e-4 * x), 0.1)
    sz = np.hypot(0.06 * x / np.sqrt(1 + 1.5e-3 * x), 0.1)
    rise = np.exp(-0.5 * ((height - source) / sz) ** 2) + np.exp(-0.5 * ((height + source) / sz) ** 2)
    centre = rate / (2 * np.pi * speed * sy * sz) * rise
    half = sy * np.sqrt(2 * np.log(np.maximum(centre / level, 1.0)))
    return 2 * half.sum() * 0.1, x[half > 0].max()


@pytest.mark.parametrize("name", ["gaussian_plume", "gaussian_puff"])
def test_footprint_area_and_reach_against_analysis(kit, name):
    # 1500 s at 3 m/s: the front passes the farthest point (600 m) long before the end.
    release = kit.release(edges=[0.0, 1500.0], mass_rates=[1.0], z=0.0)
    cloud = model(name).disperse(release, kit.weather(wind_from=230.0))
    footprint = cloud.footprint(2e-4, height=0.0)
    area, reach = analytic_area(2e-4, 1.0, 3.0)
    assert not footprint.touches_border
    assert footprint.polygon.is_valid
    # About 25 grid points lie across the plume: linear interpolation of the logarithm is good to a few per mille.
    assert footprint.area == pytest.approx(area, rel=0.01)
    assert footprint.reach == pytest.approx(reach, rel=0.01)
    fine = cloud.footprint(2e-4, height=0.0, spacing=1.0)
    assert fine.area == pytest.approx(area, rel=2e-3)


def test_footprint_of_a_puff_has_no_beads(kit):
    release = kit.release(edges=[0.0], mass_rates=[], instantaneous_mass=20.0, z=0.0)
    cloud = model("gaussian_puff").disperse(release, kit.weather())
    footprint = cloud.footprint(1e-3, height=0.0)
    assert len(footprint.polygon.geoms) == 1
    # The largest concentration over time at (x, y) is that of the puff passing: 2 m / ((2 pi)^1.5 sy^2 sz) on the axis.
    x = np.arange(0.5, 3000.0, 1.0)
    sy = np.hypot(0.08 * x / np.sqrt(1 + 1e-4 * x), 0.1)
    sz = np.hypot(0.06 * x / np.sqrt(1 + 1.5e-3 * x), 0.1)
    centre = 2 * 20.0 / ((2 * np.pi) ** 1.5 * sy**2 * sz)
    half = sy * np.sqrt(2 * np.log(np.maximum(centre / 1e-3, 1.0)))
    # The puff still grows while it passes, and the times are about one sigma apart: a few per cent of the width.
    assert footprint.area == pytest.approx(2 * half.sum(), rel=0.05)
    assert footprint.reach == pytest.approx(x[half > 0].max(), rel=0.03)


def test_arrival_time_is_the_travel_time(kit):
    cloud = model("gaussian_puff").disperse(kit.release(z=0.0), kit.weather())
    footprint = cloud.footprint(2e-4, height=0.0, times=np.arange(0.0, 301.0, 2.0))
    j = int(np.abs(footprint.y).argmin())
    i = int(np.abs(footprint.x - 200.0).argmin())
    # At x = 200 m the steady value is 1 / (3 pi 15.8 10.5) = 6.4e-4, reached by half at x/u = 67 s. A third of it comes
    # 0.45 sigma_x = 7 m earlier, at 64 s; the times are 2 s apart and the nearest grid point is within 2 m.
    assert 60.0 <= footprint.arrival[j, i] <= 68.0
    assert np.isinf(footprint.arrival[0, 0])
    assert (np.isfinite(footprint.arrival) == (footprint.largest >= 2e-4)).all()


def test_thresholds_by_name(kit):
    from plant_models.substances import substance

    release = kit.release()
    cloud = model("gaussian_puff").disperse(release, kit.weather())
    threshold = release.substance.threshold("AEGL-2", duration=600.0)
    footprint = cloud.footprint(threshold)
    assert footprint.threshold == pytest.approx(threshold.concentration(293.15, 101325.0))
    assert "AEGL-2 (10 min)" in footprint.label
    assert "600 s averages" in repr(footprint)
    with pytest.raises(ModelError, match="is a threshold of chlorine"):
        cloud.footprint(substance("chlorine").threshold("AEGL-2", duration=600.0))
    for bad in (0.0, -1.0, math.nan, math.inf):
        with pytest.raises(ModelError, match="above zero"):
            cloud.footprint(bad)


def test_nothing_reached_is_an_empty_footprint(kit):
    footprint = model("gaussian_puff").disperse(kit.release(), kit.weather()).footprint(1e3)
    assert footprint.polygon.is_empty
    assert (footprint.area, footprint.reach) == (0.0, 0.0)


def test_a_reach_beyond_the_curves_is_told(kit):
    cloud = model("gaussian_plume").disperse(kit.release(edges=[0.0, 6000.0]), kit.weather())
    near, far = cloud.footprint(1e-4), cloud.footprint(cloud.concentration(10_500.0, 0.0, 1.5, 5000.0), spacing=50.0)
    assert near.warnings == ()
    assert "beyond 10 km" in far.warnings[0]


def test_elevated_source_reaches_the_ground_away_from_it(kit):
    cloud = model("gaussian_puff").disperse(kit.release(z=30.0, edges=[0.0, 60.0]), kit.weather(wind_height=30.0))
    footprint = cloud.footprint(3e-6, height=0.0)
    assert footprint.area > 0.0
    assert footprint.polygon.bounds[0] > 100.0  # nothing touches the ground near the mast
    assert not footprint.touches_border


def test_holes_are_kept():
    x = np.linspace(-10, 10, 201)
    radius = np.hypot(x, x[:, None])
    ring = np.exp(-(((radius - 6.0) / 2.0) ** 2))  # at least exp(-1) for 4 <= r <= 8
    found = outline(x, x, ring, math.exp(-1.0))
    assert found.is_valid
    assert len(found.geoms) == 1
    assert len(found.geoms[0].interiors) == 1
    # chords of a circle with 0.1 m cells and interpolation in the logarithm: below 1e-3
    assert found.area == pytest.approx(math.pi * (64 - 16), rel=1e-3)


def test_contours_of_one_frame_and_of_the_largest(kit):
    field = (
        model("gaussian_puff")
        .disperse(kit.release(), kit.turning(1))
        .field(spacing=5.0, heights=(0.0, 1.5), times=[60.0, 300.0])
    )
    early, late, ever = (field.contours(1e-3, time=t, height=1.5) for t in (60.0, 300.0, None))
    assert early.area > 0.0
    assert ever.area >= max(early.area, late.area)
    assert field.maximum().shape == field.values.shape[1:]
    with pytest.raises(ModelError, match="above zero"):
        field.contours(0.0)


def test_automatic_bounds_hold_the_cloud(kit):
    field = model("gaussian_puff").disperse(kit.release(), kit.turning(1)).field(times=[100.0, 550.0])
    edge = np.concatenate(
        [field.values[..., 0, :].ravel(), field.values[..., -1, :].ravel(), field.values[..., :, 0].ravel()]
    )
    assert edge.max() < 0.02 * field.values[1].max()


def test_xarray_has_units(kit):
    field = model("gaussian_puff").disperse(kit.release(), kit.weather()).field(times=[100.0], heights=(0.0, 2.0))
    data = field.to_xarray()
    assert data.dims == ("t", "z", "y", "x")
    assert data.attrs["units"] == "kg m-3"
    assert data.attrs["averaging_time"] == 600.0
    for name in data.dims:
        assert {"units", "long_name"} <= set(data[name].attrs)
    assert data.sel(t=100.0, z=2.0).shape == field.values.shape[2:]


def test_variables_for_the_store(kit):
    pytest.importorskip("twin.store")
    field = model("gaussian_puff").disperse(kit.release(), kit.weather()).field(times=[100.0])
    found = field.variables()
    assert set(found) == {"t", "z", "y", "x", "concentration"}
    assert found["concentration"].dims == ("t", "z", "y", "x")
    assert found["concentration"].units == "kg m-3"


def test_too_large_a_field_is_refused_before_it_is_made(kit):
    cloud = model("gaussian_puff").disperse(kit.release(), kit.weather())
    with pytest.raises(ModelError, match=r"181 x 10 x 20001 x 20001 values takes 5394\.8 GiB.*limit of 2\.0 GiB"):
        cloud.field(bounds=(0, 0, 1e4, 1e4), spacing=0.5, heights=np.arange(10.0), times=np.arange(181.0))
    with pytest.raises(ModelError, match="memory_limit"):
        cloud.field(bounds=(0, 0, 100, 100), spacing=1.0, times=[1.0], memory_limit=1000)
    with pytest.raises(ModelError, match="grid points"):
        cloud.field(bounds=(0, 0, 1e6, 1e6), spacing=1e-3, times=[1.0])


@pytest.mark.parametrize(
    "bad",
    [
        {"times": [2.0, 1.0]},
        {"times": []},
        {"times": [math.nan]},
        {"times": [1.0], "heights": (-1.0,)},
        {"times": [1.0], "bounds": (0, 0, 0, 10)},
        {"times": [1.0], "bounds": (0, 0, math.nan, 10)},
        {"times": [1.0], "bounds": (0, 0, 10, 10), "spacing": 0.0},
        {"times": [1.0], "bounds": (0, 0, 10, 10), "spacing": 11.0},
    ],
)
def test_bad_grids_are_refused(kit, bad):
    with pytest.raises(ModelError):
        model("gaussian_puff").disperse(kit.release(), kit.weather()).field(**bad)


def test_geojson_is_placed_and_labelled(kit):
    footprint = model("gaussian_plume").disperse(kit.release(), kit.weather()).footprint(1e-3)
    feature = footprint.to_geojson(Site(name="s", longitude=121.0, latitude=31.0))
    text = json.loads(json.dumps(feature))
    assert text["type"] == "Feature"
    assert text["geometry"]["type"] == "MultiPolygon"
    assert text["properties"]["averaging_time"] == "600 s"
    longitudes = np.array(text["geometry"]["coordinates"][0][0])[:, 0]
    # one degree of longitude at 31 N is 95.5 km
    assert (longitudes.max() - 121.0) * 95.5e3 == pytest.approx(footprint.polygon.bounds[2], rel=0.01)
    with pytest.raises(LayoutError):
        footprint.to_geojson(Site(name="local"))


@pytest.mark.parametrize("name", ["gaussian_plume", "gaussian_puff"])
def test_a_footprint_ends_when_it_is_told_to(kit, name):
    # Wind 3 m/s at 10 m; the cloud of a leak that goes on has come speed x time by `until`, give or take its own width.
    release = kit.release(edges=[0.0, 3600.0], mass_rates=[1.0], z=0.0)
    cloud = model(name).disperse(release, kit.weather())
    whole, early = cloud.footprint(1e-5, height=0.0), cloud.footprint(1e-5, height=0.0, until=300.0)
    assert early.area < whole.area
    assert early.arrival[np.isfinite(early.arrival)].max() <= 300.0
    u = 3.0 * (2.0 / 10.0) ** 0.15  # class D rural, Irwin 1979, at the transport height of 2 m
    sigma = 0.08 * 300.0 * u
    assert 300.0 * u - sigma < early.reach < 300.0 * u + 5.0 * sigma  # puffs end at 5 sigma
    with pytest.raises(ModelError, match="first emission"):
        cloud.footprint(1e-5, until=0.0)


def test_a_flammable_limit_on_a_long_average_is_told(kit):
    release = kit.release()
    limit, toxic = release.substance.threshold("LFL"), release.substance.threshold("IDLH")
    long, short = (model("gaussian_plume", averaging_time=t).disperse(release, kit.weather()) for t in (600.0, 20.0))
    (told,) = long.footprint(limit, spacing=2.0).warnings
    assert "LFL" in told
    assert "averaging_time=20" in told
    assert long.footprint(toxic, spacing=10.0).warnings == ()
    assert short.footprint(limit, spacing=2.0).warnings == ()
