"""A release keeps its mass, and a cut never touches the past."""

from __future__ import annotations

import copy
import itertools
import math
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plant_models.releases import Release
from plant_models.substances import substance
from twin.errors import ModelError
from twin.weather import Weather, WeatherSeries

CHLORINE, AMMONIA, METHANE = substance("chlorine"), substance("ammonia"), substance("methane")
PLACE = {"x": 1.0, "y": 2.0, "z": 0.5}


def air(**changes) -> Weather:
    base = {"wind_speed": 3.0, "wind_from": 270.0, "wind_height": 10.0, "stability": "D", "roughness_length": 0.1}
    return Weather(**(base | changes))


@st.composite
def any_release(draw) -> Release:
    n = draw(st.integers(0, 6))
    steps = draw(st.lists(st.floats(0.01, 1e3), min_size=n, max_size=n))
    rates = draw(st.lists(st.floats(0.0, 1e3), min_size=n, max_size=n))
    start = draw(st.floats(-1e3, 1e4))
    edges = start + np.concatenate(([0.0], np.cumsum(steps)))
    mass = draw(st.floats(0.0, 1e4)) if n else draw(st.floats(1e-3, 1e4))
    return Release(substance=CHLORINE, **PLACE, edges=edges, mass_rates=np.array(rates), instantaneous_mass=mass)


@given(release=any_release(), where=st.floats(-0.2, 1.2), looks=st.lists(st.floats(-0.5, 1.5), min_size=2, max_size=8))
@settings(deadline=None, max_examples=200)
def test_a_cut_leaves_the_past_bit_for_bit(release, where, looks):
    span = max(release.duration, 1.0)
    at = release.start + where * span
    after = release.cut(at)
    times = sorted({t for t in (release.start + u * span for u in looks) if t < at})
    for t in times:
        assert float(after.rate(t)) == float(release.rate(t))
        assert after.mass_until(t) == release.mass_until(t)
    for t0, t1 in itertools.pairwise(times):
        assert after.mass_between(t0, t1) == release.mass_between(t0, t1)
    kept = len(after.mass_rates)
    assert np.array_equal(after.cumulative[:kept], release.cumulative[:kept])
    # nothing comes out afterwards, and what came out before is all there is
    assert float(after.rate(at)) == 0.0 or at >= release.edges[-1]
    assert after.total_mass == release.mass_until(at)
    assert after.total_mass <= release.total_mass


@given(release=any_release(), looks=st.lists(st.floats(-0.5, 1.5), min_size=1, max_size=6))
@settings(deadline=None, max_examples=100)
def test_mass_is_conserved(release, looks):
    span = max(release.duration, 1.0)
    times = [release.start - span, *sorted(release.start + u * span for u in looks), release.edges[-1] + 2.0 * span]
    parts = [release.mass_between(a, b) for a, b in itertools.pairwise(times)]
    # independent sum: every piece's rate times its length
    whole = math.fsum([release.instantaneous_mass, *(release.mass_rates * np.diff(release.edges))])
    scale = max(release.total_mass, 1e-9)
    # a dozen additions of numbers not larger than the total
    assert release.total_mass == pytest.approx(whole, abs=1e-14 * 20 * scale)
    assert math.fsum(parts) == pytest.approx(release.total_mass, abs=1e-14 * 20 * scale)
    assert all(part >= -1e-12 * scale for part in parts)


def test_a_steady_release():
    release = Release.steady(CHLORINE, **PLACE, mass_rate=2.0, start=10.0, duration=60.0, label="R1")
    np.testing.assert_array_equal(release.edges, [10.0, 70.0])
    np.testing.assert_array_equal(release.cumulative, [0.0, 120.0])
    np.testing.assert_array_equal(release.rate([9.999, 10.0, 69.999, 70.0]), [0.0, 2.0, 2.0, 0.0])
    assert (release.start, release.duration, release.total_mass) == (10.0, 60.0, 120.0)
    assert release.mass_between(0.0, 40.0) == 60.0
    assert repr(release) == "<Release R1: chlorine at (1.0, 2.0, 0.5) m, 2 kg s⁻¹ from 10 to 70 s, 120 kg>"


def test_an_instantaneous_release_cannot_be_called_back():
    release = Release.instantaneous(AMMONIA, **PLACE, mass=500.0, start=30.0)
    assert (len(release.edges), len(release.mass_rates), release.duration) == (1, 0, 0.0)
    assert release.mass_between(30.0, 31.0) == 500.0
    assert release.mass_between(0.0, 30.0) == 0.0
    assert release.cut(31.0) is release
    gone = release.cut(29.0)
    assert gone.total_mass == 0.0
    assert not gone.is_dense(air())
    assert "nothing" in repr(gone)


def test_a_cut_before_the_start_leaves_nothing_and_after_the_end_everything():
    release = Release.steady(CHLORINE, **PLACE, mass_rate=2.0, start=10.0, duration=60.0)
    nothing = release.cut(5.0)
    assert nothing.total_mass == 0.0
    assert float(nothing.rate(20.0)) == 0.0
    assert nothing.buoyancy_number(air()) == 0.0
    assert nothing.cut(1.0).total_mass == 0.0
    assert release.cut(70.0) is release
    assert release.cut(1e9) is release
    half = release.cut(40.0)
    assert half.total_mass == 60.0
    assert half.notes[-1] == "cut at 40 s"
    assert half.cut(20.0).total_mass == 20.0


def test_arrays_are_read_only_and_a_release_travels():
    release = Release.steady(CHLORINE, **PLACE, mass_rate=2.0, duration=60.0)
    for array in (release.edges, release.mass_rates, release.cumulative):
        assert array.dtype == np.float64
        assert array.flags["C_CONTIGUOUS"]
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1.0
    edges = np.array([0.0, 1.0])
    own = Release(substance=CHLORINE, **PLACE, edges=edges, mass_rates=np.array([1.0]))
    edges[1] = 5.0
    assert own.duration == 1.0
    for twin in (pickle.loads(pickle.dumps(release)), copy.deepcopy(release)):
        assert twin.substance == release.substance
        assert hash(twin.substance) == hash(release.substance)
        assert twin.total_mass == release.total_mass
        assert not twin.edges.flags.writeable


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"edges": [0.0]}, "edges"),
        ({"edges": [1.0, 0.0]}, "increase"),
        ({"edges": [0.0, math.inf]}, "increase"),
        ({"mass_rates": [-1.0]}, "negative"),
        ({"mass_rates": [math.nan]}, "negative or not finite"),
        ({"instantaneous_mass": -1.0}, "instantaneous_mass"),
        ({"z": -1.0}, "z is"),
        ({"x": math.nan}, "x is"),
        ({"temperature": 5.0}, "temperature"),
        ({"vapour_fraction": 1.5}, "vapour_fraction"),
    ],
)
def test_nonsense_is_refused(changes, word):
    good = {"substance": CHLORINE, **PLACE, "edges": [0.0, 1.0], "mass_rates": [1.0]}
    with pytest.raises(ModelError, match=word):
        Release(**(good | changes))


def test_all_faults_are_named_at_once():
    with pytest.raises(ModelError) as caught:
        Release(substance=CHLORINE, x=0.0, y=0.0, z=-1.0, edges=[0.0, 1.0], mass_rates=[-1.0])
    assert len(caught.value.problems) == 2


def test_wrong_durations_masses_and_windows():
    with pytest.raises(ModelError, match="duration"):
        Release.steady(CHLORINE, **PLACE, mass_rate=1.0, duration=0.0)
    with pytest.raises(ModelError, match="duration"):
        Release.steady(CHLORINE, **PLACE, mass_rate=1.0, duration=math.nan)
    with pytest.raises(ModelError, match="mass"):
        Release.instantaneous(CHLORINE, **PLACE, mass=0.0)
    release = Release.steady(CHLORINE, **PLACE, mass_rate=1.0, duration=1.0)
    with pytest.raises(ModelError, match="t0 <= t1"):
        release.mass_between(1.0, 0.0)
    with pytest.raises(ModelError, match="not a number"):
        release.cut(math.nan)


def test_density_of_gas_and_of_a_flashing_liquid():
    gas = Release.steady(CHLORINE, **PLACE, mass_rate=1.0, duration=60.0)
    # same temperature and pressure: the ratio is that of the molar masses, 70.906 / 28.9652
    assert gas.density_ratio(air()) == pytest.approx(70.906 / 28.9652, rel=1e-6)
    # Hand: 80 % droplets of 682 kg/m3 and 20 % vapour at 239.8 K of 101325 x 0.017031 / (8.314463 x 239.8) =
    # 0.8655 kg/m3 have 1 / (0.2 / 0.8655 + 0.8 / 682) = 4.306 kg/m3; 0.2 % for the liquid density read off.
    wet = Release.steady(
        AMMONIA, **PLACE, mass_rate=1.0, duration=60.0, temperature=239.8, vapour_fraction=0.2, phase="liquid"
    )
    assert wet.density(air()) == pytest.approx(4.306, rel=2e-3)
    assert wet.is_dense(air())
    dry = Release.steady(AMMONIA, **PLACE, mass_rate=1.0, duration=60.0)
    assert dry.density_ratio(air()) < 1.0
    assert not dry.is_dense(air())


def test_buoyancy_number_by_hand():
    # 1 kg/s of chlorine at air temperature, wind 3 m/s at 10 m: g' = 9.80665 x 1.44797 = 14.1997,
    # density 2.44797 x 1.20411 = 2.94763, q = 0.339256, D = sqrt(q/3) = 0.336282,
    # (14.1997 x 0.339256 / (27 x 0.336282))^(1/3) = 0.80946.
    release = Release.steady(CHLORINE, **PLACE, mass_rate=1.0, duration=60.0)
    assert release.buoyancy_number(air()) == pytest.approx(0.8095, rel=1e-3)
    # 10 kg at once: V = 3.39256, sqrt(14.1997 x 3.39256) / (3 x 3.39256^(1/3)) = 1.53984, times 0.15/0.20.
    puff = Release.instantaneous(CHLORINE, **PLACE, mass=10.0)
    assert puff.buoyancy_number(air()) == pytest.approx(1.53984 * 0.75, rel=1e-3)


def test_little_gas_in_much_wind_is_passive_and_calm_is_dense():
    little = Release.steady(CHLORINE, **PLACE, mass_rate=1e-4, duration=60.0)
    assert little.is_dense(air(wind_speed=1.0))
    assert not little.is_dense(air(wind_speed=15.0))
    assert little.buoyancy_number(air(wind_speed=0.0)) == math.inf
    assert not Release.steady(METHANE, **PLACE, mass_rate=100.0, duration=60.0).is_dense(air())


def test_the_weather_at_the_start_counts_and_wind_is_taken_to_10_m():
    release = Release.steady(CHLORINE, **PLACE, mass_rate=1.0, duration=60.0, start=100.0)
    series = WeatherSeries((0.0, 100.0), (air(wind_speed=15.0), air(wind_speed=2.0)))
    assert release.buoyancy_number(series) == release.buoyancy_number(air(wind_speed=2.0))
    # logarithmic profile: u(10)/u(2) = ln(10/0.1) / ln(2/0.1)
    low = air(wind_height=2.0, wind_speed=3.0 * math.log(20.0) / math.log(100.0))
    assert release.buoyancy_number(low) == pytest.approx(release.buoyancy_number(air()), rel=1e-12)


def test_a_vapour_that_forms_clusters_counts_as_dense():
    fluoride = Release.steady(substance("hydrogen fluoride"), **PLACE, mass_rate=0.1, duration=60.0)
    assert fluoride.density_ratio(air()) < 1.0
    assert fluoride.is_dense(air())
