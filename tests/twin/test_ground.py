"""Errors, units, seeds, weather and the local frame: what every wing stands on."""

from __future__ import annotations

import math
import pickle
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.errors import LayoutError, ModelError, Problem, TwinError, UnitError, near
from twin.seeds import Streams
from twin.site import Site
from twin.units import parse_quantity, show_quantity
from twin.weather import Weather, WeatherSeries

# -- errors


def test_one_problem_speaks_for_itself_and_many_are_listed() -> None:
    one = LayoutError.of([Problem("the tag is given twice", "park.geojson:7", "rename one of them")])
    assert str(one) == "park.geojson:7: the tag is given twice -> rename one of them"
    two = LayoutError.of([Problem("a", "x:1"), Problem("b", "x:2", "c")], where="x")
    assert str(two) == "x: 2 problems\n  1. x:1: a\n  2. x:2: b -> c"
    assert isinstance(two, TwinError)
    again = pickle.loads(pickle.dumps(two))
    assert str(again) == str(two)
    assert type(again) is LayoutError


def test_near_matches() -> None:
    assert near("T-110", ["T-101", "T-111", "GD-1"]) == "did you mean 'T-111' or 'T-101'?"
    assert near("chlorin", ["Chlorine", "Ammonia"]) == "did you mean 'Chlorine'?"
    assert near("zzz", ["a", "b"]) == "known: a, b"
    assert near("zzz", []) == ""


# -- units


@pytest.mark.parametrize(
    ("text", "wanted", "value"),
    [
        ("25 mm", "m", 0.025),
        ("0.7 MPa", "Pa", 7e5),
        ("-33.3 degC", "K", 239.85),  # 273.15 - 33.3
        ("2 mg/m3", "kg/m^3", 2e-6),
        ("0.5 1/h", "1/s", 0.5 / 3600.0),
        ("48000 lb", "kg", 48000 * 0.45359237),  # the pound of 1959
        ("50 %", "", 0.5),
        ("20 t", "kg", 20000.0),
        ("5.8 mph", "m/s", 5.8 * 1609.344 / 3600.0),
        ("10 m3/h", "m^3/s", 10.0 / 3600.0),
        ("3 min", "s", 180.0),
    ],
)
def test_quantities_become_si(text, wanted, value) -> None:
    assert parse_quantity(text, wanted) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(
    ("given_", "wanted", "said"),
    [
        ("25", "m", "has no unit"),
        (25, "m", "has no unit"),
        ("25 kg", "m", "not a measure of the wanted kind"),
        ("25 furlongz", "m", "unknown unit"),
        ("deep", "m", "not a quantity"),
        (None, "m", "not a quantity"),
        (True, "", "not a quantity"),
        ("NaN m", "m", "not a quantity"),
        ("1e999 m", "m", "not a finite number"),
        (math.nan, "", "not a finite number"),
        ("3 ()", "m", "unknown unit"),
        ("3 m**99999999", "m", "unknown unit"),
        ("3 0/0", "m", "unknown unit"),
    ],
)
def test_what_is_no_quantity_is_refused_with_a_mend(given_, wanted, said) -> None:
    with pytest.raises(UnitError, match=said.replace("(", r"\(")) as caught:
        parse_quantity(given_, wanted, where="park.geojson:3")
    assert "park.geojson:3" in str(caught.value)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=20))
def test_no_text_escapes_as_a_foreign_error(text) -> None:
    try:
        value = parse_quantity(f"1 {text}", "m")
    except UnitError:
        return
    assert math.isfinite(value)


def test_bare_numbers_pass_where_they_are_meant() -> None:
    assert parse_quantity(25, "m", bare=True) == 25.0
    assert parse_quantity("0.5", "") == 0.5
    assert show_quantity(0.025, "m") == "0.025 m"


# -- seeds


def test_a_new_stream_moves_no_other() -> None:
    alone = Streams(7)["people"].random(5)
    streams = Streams(7)
    streams["weather"].random(100)
    np.testing.assert_array_equal(streams["people"].random(5), alone)
    assert (Streams(8)["people"].random(5) != alone).all()
    assert (Streams(7)["leak"].random(5) != alone).all()
    assert (Streams(7).child("run 1")["people"].random(5) != alone).all()


def test_streams_are_the_same_in_another_process() -> None:
    code = "from twin.seeds import Streams; print(Streams(7)['people'].random().hex())"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    assert told == Streams(7)["people"].random().hex()


@pytest.mark.parametrize("seed", [-1, 1.5, "7", True])
def test_a_seed_is_a_whole_number(seed) -> None:
    with pytest.raises(ValueError, match="non-negative integer"):
        Streams(seed)


# -- weather


def weather(**given) -> Weather:
    base = {"wind_speed": 3.0, "wind_from": 270.0, "wind_height": 10.0, "stability": "D", "roughness_length": 0.1}
    return Weather(**{**base, **given})


def test_wind_from_the_west_blows_to_the_east() -> None:
    assert weather().wind_u == pytest.approx(3.0)
    assert weather().wind_v == pytest.approx(0.0, abs=1e-12)
    assert weather(wind_from=0.0).wind_v == pytest.approx(-3.0)  # a north wind blows south


def test_air_density_of_the_standard_atmosphere() -> None:
    # ISO 2533: 1.2250 kg/m3 at 15 degC and 101325 Pa
    assert weather(temperature=288.15).air_density == pytest.approx(1.2250, rel=1e-4)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"wind_speed": math.nan}, "wind_speed"),
        ({"wind_speed": -1.0}, "wind_speed"),
        ({"stability": None}, "either stability or obukhov_length"),
        ({"obukhov_length": 50.0}, "either stability or obukhov_length"),
        ({"stability": "G"}, "Pasquill"),
        ({"temperature": 20.0}, "temperature"),
        ({"humidity": 50.0}, "humidity"),
        ({"roughness_length": 0.0}, "roughness_length"),
        ({"stability": None, "obukhov_length": math.nan}, "obukhov_length"),
    ],
)
def test_weather_has_no_silent_nonsense(wrong, said) -> None:
    with pytest.raises(ModelError, match=said):
        weather(**wrong)


def test_all_wrong_values_are_named_at_once() -> None:
    with pytest.raises(ModelError) as caught:
        weather(wind_speed=-1.0, humidity=2.0, stability="X")
    assert len(caught.value.problems) == 3


def test_the_wind_vector_is_interpolated_and_the_rest_holds() -> None:
    series = WeatherSeries((0.0, 60.0), (weather(wind_from=350.0), weather(wind_from=10.0, stability="F")))
    middle = series.at(30.0)
    assert middle.wind_from % 360.0 == pytest.approx(0.0, abs=1e-9)  # through north, not through south
    assert middle.wind_speed == pytest.approx(3.0 * math.cos(math.radians(10.0)))
    assert middle.stability == "D"
    assert series.at(60.0).stability == "F"
    assert series.at(-5.0).wind_from == pytest.approx(350.0)
    assert series.at(1e6).wind_from == pytest.approx(10.0)
    assert series.changes("stability")
    assert not series.changes("temperature")


@pytest.mark.parametrize("times", [(), (0.0,), (60.0, 0.0), (0.0, 0.0), (0.0, math.nan)])
def test_a_series_has_increasing_times(times) -> None:
    with pytest.raises(ModelError):
        WeatherSeries(times, (weather(), weather()))


# -- site


def test_the_local_frame_is_metric_and_returns() -> None:
    # WGS 84 at 45°: one degree of latitude is 111 131.8 m, of longitude 78 846.8 m (series of the meridian and parallel
    # radii, Snyder 1987, USGS PP 1395, table 1); a thousandth is linear to the millimetre here.
    site = Site(longitude=10.0, latitude=45.0)
    x, y = site.to_local([10.0, 10.001, 10.0], [45.0, 45.0, 45.001])
    assert (x[0], y[0]) == pytest.approx((0.0, 0.0), abs=1e-9)
    assert x[1] == pytest.approx(78.8468, abs=2e-3)
    assert y[2] == pytest.approx(111.1318, abs=2e-3)
    longitude, latitude = site.to_geographic(x, y)
    np.testing.assert_allclose(longitude, [10.0, 10.001, 10.0], atol=1e-12)
    np.testing.assert_allclose(latitude, [45.0, 45.0, 45.001], atol=1e-12)


def test_a_frame_of_its_own_has_no_geography() -> None:
    with pytest.raises(LayoutError, match="no geographic anchor"):
        Site(name="park").to_geographic(0.0, 0.0)


@pytest.mark.parametrize(
    ("text", "unit", "mend"),
    [
        ("20 C", "K", "write degC"),
        ("8 barg", "Pa", "absolute pressure"),
        ("0.8 MPa(g)", "Pa", "absolute pressure"),
        ("8 barg", "m", "converts to m"),
    ],
)
def test_usual_slips_in_units_are_answered(text, unit, mend):
    with pytest.raises(UnitError) as caught:
        parse_quantity(text, unit)
    assert mend in caught.value.fix


def test_large_numbers_are_shown_in_full():
    assert show_quantity(86400.0, "s") == "86400 s"
    assert show_quantity(-837512.0, "Pa") == "-837500 Pa"  # four significant digits
    assert show_quantity(2e8, "Pa") == "2e+08 Pa"
