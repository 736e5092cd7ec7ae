"""Stability of the surface layer: Pasquill class and Obukhov length, each from the other or from what a site can see.

References
----------
EPA (2000), Meteorological monitoring guidance for regulatory modeling applications, EPA-454/R-99-005, section 6.4.
Golder, D. (1972), Relations among stability parameters in the surface layer, Boundary-Layer Meteorol. 3:47-58.
Pasquill, F. (1974), Atmospheric diffusion, 2nd edition, Halstead Press, New York.
Spencer, J. W. (1971), Fourier series representation of the position of the sun, Search 2:172.
Turner, D. B. (1964), A diffusion model for an urban area, J. Appl. Meteorol. 3:83-91.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from datetime import UTC, datetime, timedelta

from dispersion.inputs import is_number, number
from twin.errors import ModelError
from twin.weather import Weather

__all__ = [
    "CLASSES",
    "obukhov_length",
    "pasquill_class",
    "solar_elevation",
    "stability_from_radiation",
    "stability_from_sky",
]

CLASSES = ("A", "B", "C", "D", "E", "F")

# Pasquill (1974): |L| = a z0**b; A to C unstable, E and F stable.
_LENGTHS = {"A": (-11.4, 0.10), "B": (-26.0, 0.17), "C": (-123.0, 0.30), "E": (123.0, 0.30), "F": (26.0, 0.17)}


def pasquill_class(weather: Weather) -> str:
    """Pasquill class "A" to "F" of the weather.

    The stated class; with an Obukhov length, the class whose region of Golder's (1972) Fig. 5 holds it, through the
    fitted borders of the CTDMPLUS model that CALPUFF and EPA's MMIF use: with ``m = ln z0`` and z0 kept within 0.01 to
    0.5 m, unstable A | B | C | D at L = 70/(m - 4.35), 85.2/(m - 0.502), 245/(m - 0.05); stable D | E | F at
    L = -327/(m - 0.627), -70/(m - 0.295) metres.
    """
    if weather.stability is not None:
        return weather.stability
    length = weather.obukhov_length
    assert length is not None  # Weather holds one of the two
    m = math.log(min(max(weather.roughness_length, 0.01), 0.5))
    if length < 0.0:
        borders = (70.0 / (m - 4.35), 85.2 / (m - 0.502), 245.0 / (m - 0.05))
        return next((c for c, border in zip("ABC", borders, strict=True) if length >= border), "D")
    if length >= -327.0 / (m - 0.627):
        return "D"
    return "E" if length >= -70.0 / (m - 0.295) else "F"


def obukhov_length(weather: Weather) -> float:
    """Obukhov length: the stated one, or a typical one of the stated class. [m]

    A class spans a range of lengths; Pasquill (1974) gives ``-11.4 z0**0.10`` (A), ``-26 z0**0.17`` (B),
    ``-123 z0**0.30`` (C), ``123 z0**0.30`` (E) and ``26 z0**0.17`` (F) metres with the roughness length in metres;
    D is neutral.
    """
    if weather.obukhov_length is not None:
        return weather.obukhov_length
    assert weather.stability is not None  # Weather holds one of the two
    if weather.stability == "D":
        return math.inf
    factor, power = _LENGTHS[weather.stability]
    return math.copysign(max(abs(factor * weather.roughness_length**power), 1.0), factor)


# Table 6-4 of EPA (2000): upper end of the wind interval [m/s], class for net radiation index 4, 3, 2, 1, 0, -1, -2.
# Turner's seventh class is counted as F, as there.
_TURNER = (
    (0.75, "AABCDFF"),
    (1.85, "ABBCDFF"),
    (2.85, "ABCDDEF"),
    (3.35, "BBCDDEF"),
    (3.85, "BBCDDDE"),
    (4.85, "BCCDDDE"),
    (5.45, "CCDDDDE"),
    (5.95, "CCDDDDD"),
    (math.inf, "CDDDDDD"),
)
_HORIZON = -0.833  # degrees: upper limb at the horizon with usual refraction, the almanac's sunrise
_LOW_CLOUD, _HIGH_CLOUD = 7000 * 0.3048, 16000 * 0.3048  # m
# Table 6-7 of EPA (2000): wind from [m/s] -> class at 925, 675, 175 and less W/m².
_DAY = ((2.0, "AABD"), (3.0, "ABCD"), (5.0, "BBCD"), (6.0, "CCDD"), (math.inf, "CDDD"))
_NIGHT = ((2.0, "EF"), (2.5, "DE"), (math.inf, "DD"))  # temperature falling, not falling with height


def solar_elevation(time: datetime, *, latitude: float, longitude: float) -> float:
    """Elevation of the middle of the sun above the horizon, without refraction. [°]

    The low-precision series of the Astronomical Almanac (Michalsky 1988, Solar Energy 40:227), exact to 0.01° from 1950
    to 2050; a century outside the error grows to some hundredths of a degree.

    Parameters
    ----------
    time
        Zone-aware time.
    latitude, longitude
        Of the site, north and east positive. [°]

    Raises
    ------
    ModelError
        A time without a zone, or a place that is none.
    """
    if not isinstance(time, datetime) or time.tzinfo is None:
        raise ModelError("the time has no zone", where="solar_elevation.time", fix="give a zone-aware datetime")
    known = is_number(latitude) and is_number(longitude)
    if not (known and -90.0 <= latitude <= 90.0 and -180.0 <= longitude <= 360.0):
        raise ModelError(
            f"latitude {latitude!r}, longitude {longitude!r} is no place",
            where="solar_elevation",
            fix="give degrees, north and east positive",
        )
    days = (time.astimezone(UTC) - datetime(2000, 1, 1, 12, tzinfo=UTC)).total_seconds() / 86400.0
    anomaly = math.radians(357.528 + 0.9856003 * days)
    mean = 280.460 + 0.9856474 * days
    ecliptic = math.radians(mean + 1.915 * math.sin(anomaly) + 0.020 * math.sin(2.0 * anomaly))
    tilt = math.radians(23.439 - 4e-7 * days)
    ascension = math.atan2(math.cos(tilt) * math.sin(ecliptic), math.cos(ecliptic))
    declination = math.asin(math.sin(tilt) * math.sin(ecliptic))
    sidereal = 280.46062 + 360.98564737 * days + longitude  # degrees
    hour_angle = math.radians(sidereal) - ascension
    north = math.radians(latitude)
    sine = math.sin(north) * math.sin(declination) + math.cos(north) * math.cos(declination) * math.cos(hour_angle)
    return math.degrees(math.asin(max(-1.0, min(1.0, sine))))


def stability_from_sky(
    time: datetime,
    *,
    latitude: float,
    longitude: float,
    wind_speed: float,
    cloud_cover: float,
    ceiling: float | None = None,
) -> str:
    """Pasquill class from time, place, wind and clouds: Turner's (1964) method as in EPA (2000), section 6.4.1.

    The elevation of the sun gives an insolation class (above 60° 4, above 35° 3, above 15° 2, else 1), clouds weaken
    it, and the net radiation index so found and the wind give the class. Night lasts from an hour before sunset to an
    hour after sunrise; its index is -2, under more than four tenths of cloud -1.

    Parameters
    ----------
    time
        Zone-aware time.
    latitude, longitude
        Of the site, north and east positive. [°]
    wind_speed
        At 10 m. [m s⁻¹]
    cloud_cover
        Share of the sky, 0 to 1.
    ceiling
        Height of the lowest layer that covers more than half of the sky; None: none, or above 16 000 ft. [m]

    Raises
    ------
    ModelError
        Cloud cover or wind outside its range, a time without a zone.
    """
    _check_numbers(wind_speed=(wind_speed, 0.0, 75.0), cloud_cover=(cloud_cover, 0.0, 1.0))
    low = math.inf if ceiling is None else number(ceiling, "ceiling", low=0.0)
    if cloud_cover >= 1.0 and low < _LOW_CLOUD:
        index = 0
    elif _is_night(time, latitude, longitude):
        index = -2 if cloud_cover <= 0.4 else -1
    else:
        index = 1 + bisect_left((15.0, 35.0, 60.0), solar_elevation(time, latitude=latitude, longitude=longitude))
        if cloud_cover > 0.5:
            if low < _LOW_CLOUD:
                index -= 2
            elif low < _HIGH_CLOUD or cloud_cover >= 1.0:
                index -= 1
        index = max(index, 1)
    row = next(classes for end, classes in _TURNER if wind_speed < end)
    return row[4 - index]


def stability_from_radiation(
    *, wind_speed: float, solar_radiation: float, temperature_difference: float | None = None
) -> str:
    """Pasquill class from solar radiation by day and the temperature gradient by night (SRDT; EPA 2000, Table 6-7).

    Parameters
    ----------
    wind_speed
        At 10 m. [m s⁻¹]
    solar_radiation
        Global radiation on a level surface; 0 means night. [W m⁻²]
    temperature_difference
        Temperature at 10 m less that at 2 m; needed by night. [K]

    Raises
    ------
    ModelError
        A number outside its range, or no temperature difference by night.
    """
    _check_numbers(wind_speed=(wind_speed, 0.0, 75.0), solar_radiation=(solar_radiation, 0.0, 1500.0))
    if solar_radiation > 0.0:
        row = next(classes for end, classes in _DAY if wind_speed < end)
        return row[3 - bisect_right((175.0, 675.0, 925.0), solar_radiation)]
    if not is_number(temperature_difference) or math.isnan(temperature_difference):
        raise ModelError(
            "night needs the temperature difference",
            where="stability_from_radiation.temperature_difference",
            fix="give the temperature at 10 m less that at 2 m, or take stability_from_sky",
        )
    return next(classes for end, classes in _NIGHT if wind_speed < end)[int(temperature_difference >= 0.0)]


def _is_night(time: datetime, latitude: float, longitude: float) -> bool:
    """Tell whether the sun is down now, was an hour ago or will be in an hour."""
    solar_elevation(time, latitude=latitude, longitude=longitude)  # refuses what is no time and no place
    hour = timedelta(hours=1)
    return any(
        solar_elevation(t, latitude=latitude, longitude=longitude) <= _HORIZON for t in (time - hour, time, time + hour)
    )


def _check_numbers(**given: tuple[float, float, float]) -> None:
    for name, (value, low, high) in given.items():
        number(value, name, low=low, high=high)
