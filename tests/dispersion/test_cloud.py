"""What a cloud tells of places over time, and what it refuses."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from dispersion.models import model
from plant_models.releases import Release
from plant_models.substances import substance
from twin.errors import ModelError
from twin.weather import WeatherSeries

PPM = 8.31446261815324 * 293.15 / 101_325.0 / 0.01703052 * 1e6  # ppm of ammonia in 1 kg/m3 of air, ideal gas


def test_load_of_a_steady_plume_is_value_times_duration(kit):
    # A plume of 600 s has sharp ends and one value c between them: c**n * 600 s, sampled every `step` seconds from the
    # start of a step to the end of one, so that each end may be missed by half a step: 600 +- step.
    cloud = model("gaussian_plume").disperse(kit.release(), kit.weather())
    value = float(cloud.concentration(150.0, 5.0, 1.5, 300.0)) * PPM
    for step in (10.0, 1.0):
        found = cloud.exposure(150.0, 5.0, 1.5, load=2.0, times=np.arange(0.0, 801.0, step))
        assert float(found.load.value) == pytest.approx(value**2 * 10.0, rel=step / 600.0 + 1e-9)
        assert found.load.load_unit == "ppm^2 min"
        assert float(found.load_error) <= 2.0 * step / 600.0 * value**2 * 10.0
    assert (float(found.arrival), float(found.departure)) == (50.0, 649.0)  # 150 m at 3 m/s; the tail comes at 650 s
    assert float(found.largest) * PPM == pytest.approx(value)


@pytest.mark.parametrize("name", ["gaussian_plume", "gaussian_puff"])
def test_the_times_chosen_hold_the_whole_passage(kit, name):
    # 900 s of release, 300 m at 3 m/s: from 100 s to 1000 s; front and tail of puffs are half a minute long
    cloud = model(name).disperse(kit.release(edges=[0.0, 900.0]), kit.weather())
    value = float(cloud.concentration(300.0, 0.0, 1.5, 600.0))
    found = cloud.exposure(300.0, 0.0, threshold=0.5 * value, load=2.0)
    assert float(found.arrival) == pytest.approx(100.0, abs=12.0)  # the plume is looked at every 6 s
    assert float(found.departure) == pytest.approx(1000.0, abs=12.0)
    want = (value * PPM) ** 2 * 15.0
    # a sharp end may be missed by a step; puffs lose some of the square in their soft ends
    assert float(found.load.value) == pytest.approx(want, rel=0.03)
    grid = cloud.footprint(0.5 * value, bounds=(200.0, -50.0, 400.0, 50.0), spacing=50.0, load=2.0)
    j, i = 1, 2
    assert (grid.x[i], grid.y[j]) == (300.0, 0.0)
    assert grid.departure[j, i] == pytest.approx(1000.0, abs=15.0)
    assert grid.load.value[j, i] == pytest.approx(want, rel=0.05)


def test_load_of_a_passing_puff_against_the_integral(kit):
    release = kit.release(edges=[0.0], mass_rates=[], instantaneous_mass=5.0)
    cloud = model("gaussian_puff").disperse(release, kit.weather())
    # independent quadrature of the same history: adaptive, to 1e-7
    from scipy.integrate import quad

    def rate(t):
        return (float(cloud.concentration(400.0, 3.0, 1.5, t)) * PPM) ** 2 / 60.0

    want, _ = quad(rate, 100.0, 170.0, epsrel=1e-7, limit=200)  # 33 m, a sigma, is 11 s: five of them at least
    found = cloud.exposure(400.0, 3.0, load=2.0)
    # Trapezoids over steps h of a bell of width w, here c**2 with w = 11 s / sqrt(2) and h of about a second, are off
    # by far less than (h/w)**2 / 12 = 1e-3; the stated error is of the same order as the true one.
    assert abs(float(found.load.value) - want) <= 1e-4 * want
    assert float(found.load_error) <= 1e-4 * want
    assert float(found.arrival) < float(found.peak_time) < float(found.departure)
    # the middle passes at 400 m / 3 m/s; the puff grows meanwhile, so the peak comes 3 s**2 / (x u) = 2.5 s earlier
    assert float(found.peak_time) == pytest.approx(400.0 / 3.0 - 2.5, abs=1.0)


def test_the_streamed_pass_is_that_over_all_frames(kit):
    cloud = model("gaussian_puff").disperse(kit.release(), kit.turning(1))
    probit = cloud.releases[0].substance.harm.probit()
    times = np.arange(0.0, 701.0, 20.0)
    x, y = np.meshgrid(np.linspace(0.0, 400.0, 9), np.linspace(-100.0, 200.0, 7))
    history = cloud.concentration(x, y, 1.5, times[:, None, None])
    found = cloud.exposure(x, y, threshold=1e-4, load=probit, times=times)
    assert np.array_equal(found.largest, history.max(axis=0))
    over = history >= 1e-4
    first = np.where(over.any(axis=0), times[over.argmax(axis=0)], np.inf)
    last = np.where(over.any(axis=0), times[over.shape[0] - 1 - over[::-1].argmax(axis=0)], -np.inf)
    assert np.array_equal(found.arrival, first)
    assert np.array_equal(found.departure, last)
    want = probit.load_of(times, np.moveaxis(history, 0, -1), temperature=293.15, pressure=101_325.0)
    np.testing.assert_allclose(found.load.value, want.value, rtol=1e-12)
    assert probit.name
    assert found.load.read_by(probit) is found.load.value
    # the error is the difference to every second time, the last kept
    half = probit.load_of(times[::2], np.moveaxis(history[::2], 0, -1), temperature=293.15, pressure=101_325.0)
    if times.size % 2:
        np.testing.assert_allclose(found.load_error, np.abs(want.value - half.value), rtol=1e-9, atol=1e-12)
    assert "Exposure to ammonia at 63 point(s)" in repr(found)


def test_a_footprint_gathers_the_same_on_its_grid(kit):
    cloud = model("gaussian_puff").disperse(kit.release(), kit.turning(1))
    bounds, times = (-50.0, -100.0, 400.0, 300.0), np.arange(0.0, 701.0, 50.0)
    grid = cloud.footprint(1e-4, bounds=bounds, spacing=25.0, times=times, load=2.0)
    points = cloud.exposure(grid.x, grid.y[:, None], 1.5, threshold=1e-4, times=times, load=2.0)
    np.testing.assert_allclose(grid.largest, points.largest, rtol=1e-10, atol=1e-16)
    np.testing.assert_allclose(grid.load.value, points.load.value, rtol=1e-9, atol=1e-12)
    assert np.array_equal(grid.arrival, points.arrival)
    assert np.array_equal(grid.departure, points.departure)
    assert (grid.departure >= grid.arrival)[np.isfinite(grid.arrival)].all()
    assert np.array_equal(grid.times, times)
    assert cloud.footprint(1e-4, bounds=bounds, spacing=25.0, times=times).load is None


def test_a_load_is_made_for_its_substance(kit):
    cloud = model("gaussian_plume").disperse(kit.release(), kit.weather())
    with pytest.raises(ModelError, match="made for chlorine"):
        cloud.exposure(10.0, 0.0, load=substance("chlorine").harm.probit())
    with pytest.raises(ModelError, match="first emission"):
        cloud.exposure(10.0, 0.0, until=-1.0)
    with pytest.raises(ModelError, match="increase"):
        cloud.exposure(10.0, 0.0, times=[10.0, 5.0])


@pytest.mark.parametrize("name", ["gaussian_plume", "gaussian_puff"])
def test_bounds_that_hold_nothing_are_refused(kit, name):
    cloud = model(name).disperse(kit.release(), kit.weather())
    away = (-900.0, 400.0, -600.0, 700.0)
    for ask in (
        lambda: cloud.field(bounds=away, spacing=10.0, times=[100.0]),
        lambda: cloud.footprint(1e-4, bounds=away, spacing=10.0),
    ):
        with pytest.raises(ModelError, match="neither the source at"):
            ask()
    with pytest.raises(ModelError, match="hold no area"):
        cloud.footprint(1e-4, bounds=(5.0, 0.0, 0.0, math.nan))
    # a rectangle beside the source that the cloud crosses is fine, as is one around the source before it begins
    assert cloud.field(bounds=(100.0, -50.0, 200.0, 50.0), spacing=10.0, times=[100.0]).values.max() > 0.0
    assert cloud.field(bounds=(-10.0, -10.0, 10.0, 10.0), spacing=5.0, times=[-1.0]).values.max() == 0.0


@pytest.mark.parametrize("name", ["gaussian_plume", "gaussian_puff"])
def test_a_rate_of_zero_is_refused_but_not_a_cut(kit, name):
    with pytest.raises(ModelError, match="lets nothing out"):
        model(name).disperse(kit.release(mass_rates=[0.0]), kit.weather())
    late = kit.release(edges=[0.0, 10.0, 20.0], mass_rates=[0.0, 1.0])
    if name == "gaussian_puff":
        assert model(name).disperse(late.cut(5.0), kit.weather()).mass_in_air(100.0) == 0.0
    # the note of a cut is no proof of one
    noted = kit.release(mass_rates=[0.0], notes=("cut at 5 s",))
    with pytest.raises(ModelError, match="lets nothing out"):
        model(name).disperse(noted, kit.weather())
    assert late.cut(5.0).mass_rates.size == 0
    assert late.cut(15.0).total_mass == pytest.approx(5.0)
    assert model(name).disperse(kit.release().cut(-5.0), kit.weather()).mass_in_air(100.0) == 0.0


def test_no_wind_at_all_is_refused_and_a_light_one_told(kit):
    with pytest.raises(ModelError, match="no wind at all"):
        model("gaussian_puff").disperse(kit.release(), kit.weather(wind_speed=0.0))
    with pytest.raises(ModelError, match=r"from 0\.5 m s⁻¹ up"):
        model("gaussian_plume").disperse(kit.release(), kit.weather(wind_speed=0.0))
    cloud = model("gaussian_puff").disperse(kit.release(), kit.weather(wind_speed=0.2))
    assert "falls below 0.5 m s⁻¹" in cloud.warnings[-1]
    # 2 m/s from the west that turn to 2 m/s from the east through the vector in between, which is 0 half-way
    series = WeatherSeries.from_wind(kit.weather(), times=[0.0, 600.0], speeds=[2.0, 2.0], directions=[270.0, 90.0])
    assert "falls below 0.5 m s⁻¹" in model("gaussian_puff").disperse(kit.release(), series).warnings[-1]
    with pytest.raises(ModelError, match="wind_speed"):
        kit.weather(wind_speed=math.nan)
    with pytest.raises(ModelError, match="do not increase"):
        WeatherSeries((10.0, 0.0), (kit.weather(), kit.weather()))
    with pytest.raises(ModelError, match="edges do not increase"):
        kit.release(edges=[10.0, 0.0])


def test_weather_that_ends_before_the_cloud_is_told(kit):
    series = kit.turning(2, minutes=5)  # to 300 s
    cloud = model("gaussian_puff").disperse(kit.release(), series)
    assert "ends at 300 s, before the release at 600 s" in cloud.warnings[-1]
    short = model("gaussian_puff").disperse(kit.release(edges=[0.0, 60.0]), series)
    assert short.warnings == ()
    assert short.field(times=[100.0]).warnings == ()
    assert "its last state is held until 500 s" in short.field(times=[100.0, 500.0]).warnings[-1]
    assert "held until 500 s" in short.exposure(10.0, 0.0, times=[100.0, 500.0]).warnings[-1]


def test_settings_name_the_curves_taken(kit):
    release = kit.release()
    assert model("gaussian_puff").disperse(release, kit.weather()).settings["sigmas"] == "briggs_rural"
    known = kit.weather(stability=None, obukhov_length=-30.0)
    for name in ("gaussian_plume", "gaussian_puff"):
        assert model(name).disperse(release, known).settings["sigmas"] == "similarity"
        assert model(name, sigmas="isc3_rural").disperse(release, known).settings["sigmas"] == "isc3_rural"
    # a record in which the length is not always known takes the class curves throughout
    mixed = WeatherSeries((0.0, 60.0), (known, kit.weather()))
    assert model("gaussian_puff").disperse(release, mixed).settings["sigmas"] == "briggs_rural"


def test_mass_removed_is_what_is_missing(kit):
    burst = Release.instantaneous(substance("ammonia"), x=0.0, y=0.0, z=1.0, mass=2.0, start=10.0)
    plain = model("gaussian_puff").disperse(burst, kit.weather())
    assert plain.mass_removed(5.0) == plain.mass_removed(10.0) == plain.mass_removed(100.0) == 0.0
    decaying = model("gaussian_puff", half_life=60.0).disperse(burst, kit.weather())
    assert decaying.mass_removed(70.0) == pytest.approx(1.0, rel=1e-12)  # one half-life
    assert decaying.mass_in_air(70.0) + decaying.mass_removed(70.0) == pytest.approx(2.0, rel=1e-12)


@pytest.mark.parametrize("name", ["gaussian_puff", "gaussian_plume", "dense_gas", "jet", "britter_mcquaid"])
def test_nothing_is_missing_where_nothing_takes_gas_away(kit, name):
    """A second of gas is in the air from that second on, in the jet too; by hand, the rate times the time."""
    release = kit.dense(mass_rate=10.0)
    if name == "jet":
        release = kit.dense(jet_velocity=50.0, jet_diameter=0.25, elevation=0.0)
    elif name.startswith("gaussian"):
        release = kit.release(mass_rates=[10.0])
    cloud = model(name).disperse(release, kit.weather())
    for t in (-1.0, 0.0, 0.5, 30.0, 600.0, 700.0):  # after 0.5 s all of the gas is still in the jet
        assert cloud.mass_in_air(t) == pytest.approx(10.0 * min(max(t, 0.0), 600.0), rel=1e-9)
        assert cloud.mass_removed(t) == pytest.approx(0.0, abs=1e-5)


@pytest.mark.parametrize("name", ["gaussian_puff", "dense_gas", "britter_mcquaid"])
def test_what_is_let_go_at_once_is_in_the_air_at_once(kit, name):
    burst = Release.instantaneous(substance("chlorine"), x=0.0, y=0.0, z=0.0, mass=500.0, start=10.0, temperature=240.0)
    cloud = model(name).disperse(burst, kit.weather())
    assert [cloud.mass_in_air(t) for t in (9.9, 10.0, 60.0)] == pytest.approx([0.0, 500.0, 500.0])
    assert [cloud.mass_removed(t) for t in (9.9, 10.0, 60.0)] == pytest.approx([0.0] * 3, abs=1e-9)


@pytest.mark.parametrize("name", ["gaussian_plume", "britter_mcquaid"])
def test_beyond_what_a_model_is_supported_for_is_told_in_its_own_words(kit, name):
    release = kit.dense(mass_rate=200.0) if name == "britter_mcquaid" else kit.release(mass_rates=[100.0])
    cloud = model(name).disperse(release, kit.weather())
    told = replace(cloud, valid_range={"distance": (0.0, 150.0, "m")}).footprint(1e-3).warnings
    assert f"the area reaches beyond 0.15 km, farther than {name} is supported for" in told
