"""Stability, wind, temperature and turbulence of the surface layer against published numbers and definitions."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest

from dispersion.air import pasquill_class, wind_ratio
from dispersion.similarity import (
    convective_velocity,
    diffusivity,
    friction_velocity,
    mixing_height,
    sigma_v,
    sigma_w,
    temperature_at,
    time_scale,
    wind_speed_at,
)
from dispersion.stability import (
    CLASSES,
    obukhov_length,
    solar_elevation,
    stability_from_radiation,
    stability_from_sky,
)
from twin.errors import ModelError
from twin.weather import Weather


@pytest.fixture
def layer(kit):
    def made(length, **changes):
        return kit.weather(**({"stability": None, "obukhov_length": length, "wind_height": 10.0} | changes))

    return made


# Golder's borders for z0 = 0.1 m (ln z0 = -2.3026), by hand: A|B 70/(-6.6526) = -10.52, B|C 85.2/(-2.8046) = -30.38,
# C|D 245/(-2.3526) = -104.14, D|E 327/2.9296 = 111.62, E|F 70/2.5976 = 26.95 m.
@pytest.mark.parametrize(
    ("length", "expected"),
    [(-10.0, "A"), (-11.0, "B"), (-30.0, "B"), (-31.0, "C"), (-104.0, "C"), (-105.0, "D"), (math.inf, "D"),
     (-math.inf, "D"), (112.0, "D"), (111.0, "E"), (27.0, "E"), (26.0, "F")],
)  # fmt: skip
def test_class_of_an_obukhov_length(layer, length, expected):
    assert pasquill_class(layer(length)) == expected


def test_obukhov_length_of_a_class_meets_published_values(kit):
    rows = [r for r in kit.table("sigma_cases.csv") if r["quantity"] == "obukhov_length"]
    assert len(rows) == 5
    for row in rows:
        found = obukhov_length(kit.weather(stability=row["stability"], roughness_length=1.2))
        assert found == pytest.approx(float(row["expected"]), rel=float(row["relative_tolerance"]))


@pytest.mark.parametrize("stability", CLASSES)
def test_class_and_length_lead_back_to_each_other(kit, stability):
    length = obukhov_length(kit.weather(stability=stability))  # over 0.1 m
    assert pasquill_class(kit.weather(stability=None, obukhov_length=length)) == stability


def test_wind_over_a_town_meets_published_values(kit):
    rows = [r for r in kit.table("sigma_cases.csv") if r["quantity"] == "wind_ratio"]
    assert len(rows) == 6
    for row in rows:
        found = wind_ratio(kit.weather(stability=row["stability"], wind_height=1.0), 10.0, "urban")
        assert found == pytest.approx(float(row["expected"]), rel=float(row["relative_tolerance"]))


def test_sun_of_the_published_examples():
    # Reda and Andreas (2004), NREL/TP-560-34302, Appendix A.5: zenith 50.11162 degrees with refraction at 820 mbar and
    # 11 degC. Their equation 42 gives that refraction at 39.872 degrees:
    # 820/1010 * 283/284 * 1.02 / (60 tan(39.872 + 10.3/(39.872 + 5.11))) = 0.0163 degrees.
    mountain = timezone(timedelta(hours=-7))
    found = solar_elevation(
        datetime(2003, 10, 17, 12, 30, 30, tzinfo=mountain), latitude=39.742476, longitude=-105.1786
    )
    assert found == pytest.approx(90.0 - 50.11162 - 0.0163, abs=0.01)  # the stated accuracy of the series
    # Meeus (1998), Astronomical Algorithms, example 25.a: declination -7.78507 degrees on 1992-10-13 at 0 h, which is
    # the elevation at the pole. Dynamical time is a minute ahead, 2e-4 degrees of declination.
    pole = solar_elevation(datetime(1992, 10, 13, tzinfo=UTC), latitude=90.0, longitude=0.0)
    assert pole == pytest.approx(-7.78507, abs=0.01)
    with pytest.raises(ModelError, match="zone"):
        solar_elevation(datetime(2003, 10, 17, 12), latitude=0.0, longitude=0.0)  # noqa: DTZ001
    with pytest.raises(ModelError, match="no place"):
        solar_elevation(datetime(2003, 10, 17, 12, tzinfo=UTC), latitude=91.0, longitude=0.0)


SUMMER = {
    "latitude": 40.0,
    "longitude": 0.0,
}  # sun at noon on 21 June: 90 - 40 + 23.4 = 73.4 degrees, insolation class 4


# Turner's key, Table 6-4 of EPA-454/R-99-005, read by hand: column of the net radiation index, row of the wind.
@pytest.mark.parametrize(
    ("hour", "wind", "cloud", "ceiling", "expected"),
    [
        (12, 1.0, 0.0, None, "A"),  # index 4
        (12, 3.0, 0.5, None, "B"),  # five tenths do not count yet
        (12, 3.0, 0.8, 1500.0, "C"),  # below 7000 ft: 4 - 2 = 2
        (12, 3.0, 0.8, 3000.0, "B"),  # below 16 000 ft: 3
        (12, 5.0, 1.0, None, "C"),  # overcast by high cloud: 3
        (12, 1.0, 1.0, 1500.0, "D"),  # overcast by low cloud: 0, whatever the sun does
        (12, 7.0, 0.0, None, "C"),  # index 4 in a strong wind
        (0, 1.0, 0.2, None, "F"),  # index -2; Turner's seventh class counts as F
        (0, 3.0, 0.2, None, "F"),
        (0, 3.0, 0.9, None, "E"),  # index -1
        (0, 4.5, 0.2, None, "E"),
        (0, 7.0, 0.0, None, "D"),
        (0, 1.0, 1.0, 1500.0, "D"),
        (5, 2.5, 0.0, None, "F"),  # the sun rises at 4:32 there (almanac), so five o'clock is still night
        (7, 2.5, 0.0, None, "C"),  # 15 to 35 degrees high: index 2
    ],
)  # fmt: skip
def test_turner_key(hour, wind, cloud, ceiling, expected):
    when = datetime(2024, 6, 21, hour, tzinfo=UTC)
    assert stability_from_sky(when, wind_speed=wind, cloud_cover=cloud, ceiling=ceiling, **SUMMER) == expected


def test_turner_key_knows_the_zone_and_refuses_nonsense():
    tokyo = datetime(2024, 6, 21, 21, tzinfo=timezone(timedelta(hours=9)))  # noon in Greenwich
    assert stability_from_sky(tokyo, wind_speed=1.0, cloud_cover=0.0, **SUMMER) == "A"
    with pytest.raises(ModelError, match="cloud_cover"):
        stability_from_sky(tokyo, wind_speed=1.0, cloud_cover=8.0, **SUMMER)
    with pytest.raises(ModelError, match="wind_speed"):
        stability_from_sky(tokyo, wind_speed=math.nan, cloud_cover=0.0, **SUMMER)


def test_class_from_radiation_by_day_and_temperature_by_night():
    # Table 6-7 of EPA-454/R-99-005: rows of wind, columns >= 925, >= 675, >= 175, < 175 W/m2.
    day = {1.0: "AABD", 2.0: "ABCD", 3.0: "BBCD", 5.0: "CCDD", 6.0: "CDDD"}
    for wind, row in day.items():
        found = [stability_from_radiation(wind_speed=wind, solar_radiation=r) for r in (925.0, 675.0, 175.0, 174.0)]
        assert "".join(found) == row
    night = {1.9: "EF", 2.0: "DE", 2.5: "DD"}  # temperature falls with height, does not
    for wind, row in night.items():
        found = [
            stability_from_radiation(wind_speed=wind, solar_radiation=0.0, temperature_difference=d)
            for d in (-0.1, 0.0)
        ]
        assert "".join(found) == row
    with pytest.raises(ModelError, match="temperature difference"):
        stability_from_radiation(wind_speed=2.0, solar_radiation=0.0)


def test_similarity_wind_profile(layer):
    neutral, stable, unstable = layer(math.inf), layer(50.0), layer(-50.0)
    assert wind_ratio(neutral, 2.0) == pytest.approx(math.log(20.0) / math.log(100.0))  # logarithmic law
    assert wind_ratio(stable, 2.0) < wind_ratio(neutral, 2.0) < wind_ratio(unstable, 2.0)
    assert wind_ratio(stable, 10.0) == pytest.approx(1.0)
    # At small z/L the stable function tends to -17 * 0.29 z/L = -4.93 z/L, Dyer's -5 z/L within 2 %.
    dyer = (math.log(20.0) + 5 * 2e-4) / (math.log(100.0) + 5 * 1e-3)
    assert wind_ratio(layer(1e4), 2.0) == pytest.approx(dyer, rel=2e-5)
    # linear towards the ground below 7 z0 = 0.7 m
    assert wind_ratio(neutral, 0.35) == pytest.approx(0.5 * wind_ratio(neutral, 0.7))
    assert float(wind_speed_at(layer(-50.0, mixing_height=100.0), 500.0)) == pytest.approx(
        float(wind_speed_at(unstable, 100.0))
    )


def test_shear_is_that_of_the_stability_function(layer):
    """du/dz = u*/(k z) phi_m with Dyer's phi_m = (1 - 16 z/L)**-0.25, by central differences of 1e-4 of the height."""
    air = layer(-50.0)
    z = np.array([1.0, 5.0, 20.0, 100.0])
    slope = (wind_speed_at(air, z * 1.0001) - wind_speed_at(air, z * 0.9999)) / (2e-4 * z)
    np.testing.assert_allclose(0.40 * z * slope / friction_velocity(air), (1.0 + 16.0 * z / 50.0) ** -0.25, rtol=1e-6)


@pytest.mark.parametrize("length", [-20.0, 40.0])
def test_temperature_gradient_is_that_of_the_obukhov_length(layer, length):
    """(k z)² g/T dtheta/dz / u*² = phi_h z/L by the definition of L, with Businger's phi_h for k = 0.35."""
    air, z = layer(length, friction_velocity=0.3), np.array([0.5, 2.0, 10.0])
    theta = [temperature_at(air, z * f) + 9.80665 / 1004.7 * z * f for f in (0.9999, 1.0001)]
    slope = (theta[1] - theta[0]) / (2e-4 * z)
    phi = 0.74 + 4.7 * z / length if length > 0.0 else 0.74 / np.sqrt(1.0 - 9.0 * z / length)
    measured = (0.35 * z) ** 2 * 9.80665 / air.temperature * slope / 0.3**2
    np.testing.assert_allclose(measured, phi * z / length, rtol=1e-5)
    assert float(temperature_at(air, 2.0)) == pytest.approx(air.temperature)


def test_neutral_air_is_adiabatic(layer):
    assert float(temperature_at(layer(math.inf), 102.0)) == pytest.approx(293.15 - 0.976, abs=1e-3)


def test_friction_velocity_and_diffusivity(layer):
    # 0.40 * 3 / ln(100) = 0.2606 m/s; the gas sees 0.35/0.40 of it: K = 0.35 * 0.2280 * 2 / 0.74 = 0.2157 m2/s at 2 m
    assert friction_velocity(layer(math.inf)) == pytest.approx(0.26058, rel=1e-4)
    assert float(diffusivity(layer(math.inf), 2.0)) == pytest.approx(0.21568, rel=1e-4)
    stated = layer(-20.0, friction_velocity=0.5)
    assert friction_velocity(stated) == 0.5
    # 0.35 * 0.5 * 2 / 0.74 * sqrt(1 + 9 * 2/20) = 0.6520
    assert float(diffusivity(stated, 2.0)) == pytest.approx(0.65196, rel=1e-4)


def test_very_long_obukhov_lengths_are_neutral(layer):
    z = np.array([0.5, 2.0, 30.0])
    for length in (1e8, -1e8, -math.inf):
        np.testing.assert_allclose(wind_speed_at(layer(length), z), wind_speed_at(layer(math.inf), z), rtol=1e-5)
        np.testing.assert_allclose(diffusivity(layer(length), z), diffusivity(layer(math.inf), z), rtol=1e-5)


def test_mixing_height(layer):
    # f at 45 degrees: 2 * 7.2921e-5 * sin 45 = 1.0313e-4 per second
    given = {"friction_velocity": 0.4}
    assert mixing_height(layer(-30.0, mixing_height=700.0)) == 700.0
    assert mixing_height(layer(-30.0)) is None
    assert mixing_height(layer(math.inf, **given), latitude=45.0) == pytest.approx(0.3 * 0.4 / 1.0313e-4, rel=1e-4)
    # 0.4 sqrt(0.4 * 50 / 1.0313e-4) = 176.2 m
    assert mixing_height(layer(50.0, **given), latitude=-45.0) == pytest.approx(176.15, rel=1e-3)
    assert mixing_height(layer(1e9, **given)) == mixing_height(layer(math.inf, **given), latitude=45.0)
    with pytest.raises(ModelError, match="equator"):
        mixing_height(layer(50.0), latitude=1.0)


def test_turbulence(layer):
    day = layer(-28.0, friction_velocity=0.39, mixing_height=782.0)
    # w* = 0.39 (782/(0.4 * 28))**(1/3) = 0.39 * 4.1178 = 1.6060 m/s
    assert convective_velocity(day) == pytest.approx(1.6060, rel=1e-4)
    assert convective_velocity(layer(50.0)) == convective_velocity(layer(math.inf)) == 0.0
    with pytest.raises(ModelError, match="mixing height"):
        convective_velocity(layer(-28.0))
    # sqrt(3.6 * 0.1521 + 0.35 * 2.5791) = 1.2042; with a measured swing 0.2 rad * 3 m/s
    assert sigma_v(day, 782.0) == pytest.approx(1.2042, rel=1e-4)
    assert sigma_v(layer(-28.0, sigma_theta=math.degrees(0.2)), 782.0) == pytest.approx(0.6)
    assert sigma_w(layer(math.inf, friction_velocity=0.3), 0.0, 500.0) == pytest.approx(0.39)  # 1.3 u*
    # in the middle of the mixed layer: sqrt(1.69 * 0.1521 * 0.5 + 0.35 * 2.5791) = 1.0154
    assert sigma_w(day, 391.0, 782.0) == pytest.approx(1.0154, rel=1e-3)
    # neutral and near the ground, 0.35/(0.74 * 1.3) z / sigma_w = 0.364 z/sigma_w
    assert time_scale(layer(math.inf, friction_velocity=0.3), 5.0, 1e4) == pytest.approx(0.3638 * 5.0 / 0.39, rel=1e-3)


@pytest.mark.parametrize(
    ("field", "value"),
    [("friction_velocity", 0.0), ("sigma_theta", 0.0), ("sigma_theta", 120.0), ("sigma_theta_time", 5.0),
     ("friction_velocity", math.nan), ("sigma_theta", "wide")],
)  # fmt: skip
def test_weather_refuses_what_no_air_is(layer, field, value):
    with pytest.raises(ModelError, match=field):
        layer(-20.0, **{field: value})


def test_weather_shows_what_was_measured(layer):
    shown = repr(layer(-20.0, friction_velocity=0.31, sigma_theta=9.5))
    assert "friction velocity 0.31 m s⁻¹" in shown
    assert "9.5° in 600 s" in shown
    assert isinstance(layer(-20.0), Weather)
