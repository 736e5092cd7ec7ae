"""What the drill is computed from: the weather and the releases on paper."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from scenarios.quantities import (
    Angle,
    Fraction,
    Identifier,
    Kelvin,
    Length,
    Mass,
    MassRate,
    Paper,
    Pascal,
    PositiveSeconds,
    Quantity,
    Seconds,
    Tag,
)
from twin.errors import ModelError
from twin.weather import Weather, WeatherSeries

__all__ = ["GasHole", "Instantaneous", "LiquidHole", "Rate", "ReleasePaper", "WeatherPaper", "Wind", "WindRecord"]

_WindSpeed = Annotated[float, Quantity("m/s", low=0.0, high=75.0, example="2.6 m/s")]
_FrictionVelocity = Annotated[float, Quantity("m/s", low=0.005, high=5.0, example="0.3 m/s")]
_Swing = Annotated[float, Quantity("deg", low=0.1, high=104.0, example="10 deg")]
_Obukhov = Annotated[float, Quantity("m", example="-20 m")]


class Wind(Paper):
    """Wind that does not change."""

    speed: _WindSpeed
    """Mean speed."""
    from_: Angle = Field(alias="from")
    """Direction it blows from, clockwise from north."""
    height: Length | None = None
    """Height of the measurement; may be given as wind_height instead."""


class WindRecord(Paper):
    """Wind at a time; between records the vector is interpolated."""

    at: Seconds
    """Time since the start."""
    speed: _WindSpeed
    """Mean speed."""
    from_: Angle = Field(alias="from")
    """Direction it blows from, clockwise from north."""


class WeatherPaper(Paper):
    """Weather of the drill. There is no silent stability class."""

    wind: Wind | None = None
    """Constant wind; or give records."""
    records: tuple[WindRecord, ...] = ()
    """Wind in time."""
    wind_height: Length | None = None
    """Height of the wind measurement."""
    stability: Literal["A", "B", "C", "D", "E", "F"] | None = None
    """Pasquill class; or give obukhov_length."""
    obukhov_length: _Obukhov | None = None
    """Obukhov length, negative when unstable."""
    roughness_length: Length
    """Aerodynamic roughness of the surroundings."""
    temperature: Kelvin
    """Air temperature."""
    pressure: Pascal | None = None
    """Air pressure; silent: standard pressure."""
    humidity: Fraction | None = None
    """Relative humidity, 0 to 1; silent: one half."""
    mixing_height: Length | None = None
    """Height of the lid that reflects the gas; silent: no lid."""
    friction_velocity: _FrictionVelocity | None = None
    """Measured friction velocity; silent: derived from wind, roughness and stability."""
    sigma_theta: _Swing | None = None
    """Measured standard deviation of the wind direction; silent: not measured."""
    sigma_theta_time: PositiveSeconds | None = None
    """Averaging time of sigma_theta; silent: ten minutes."""

    @model_validator(mode="after")
    def _meaningful(self) -> Self:
        if (self.wind is None) == (not self.records):
            raise _wrong("give either wind or records", "wind: {speed: 2.6 m/s, from: 250 deg}")
        inner = self.wind.height if self.wind is not None else None
        if (inner is None) == (self.wind_height is None):
            raise _wrong("the height of the wind measurement is needed once", "wind_height: 10 m")
        try:
            self.series()
        except ModelError as error:
            raise _wrong("; ".join(p.what for p in error.problems), error.problems[0].fix) from None
        return self

    def series(self) -> WeatherSeries:
        """Weather in the form the models take, t counted from the scenario start."""
        given = {
            "stability": self.stability,
            "obukhov_length": self.obukhov_length,
            "pressure": self.pressure,
            "humidity": self.humidity,
            "mixing_height": self.mixing_height,
            "friction_velocity": self.friction_velocity,
            "sigma_theta": self.sigma_theta,
            "sigma_theta_time": self.sigma_theta_time,
        }
        first = self.wind or self.records[0]
        height = self.wind_height if self.wind is None or self.wind.height is None else self.wind.height
        base = Weather(
            wind_speed=first.speed,
            wind_from=first.from_,
            wind_height=height or 0.0,
            roughness_length=self.roughness_length,
            temperature=self.temperature,
            **{name: value for name, value in given.items() if value is not None},  # type: ignore[arg-type]
        )
        if self.wind is not None:
            return WeatherSeries.of(base)
        return WeatherSeries.from_wind(
            base,
            times=[record.at for record in self.records],
            speeds=[record.speed for record in self.records],
            directions=[record.from_ for record in self.records],
        )


class _Loss(Paper):
    """What every release has."""

    id: Identifier
    """Name of the release."""
    substance: Tag
    """Name of the substance."""
    at: Tag
    """Tag of the asset that leaks."""
    height: Length | None = None
    """Height of the leak above ground; silent: release_height of the asset."""
    start: Seconds
    """Time since the scenario start."""


class Rate(_Loss):
    """A steady mass rate."""

    kind: Literal["rate"]
    mass_rate: MassRate
    """Mass rate."""
    duration: PositiveSeconds
    """Duration if nobody closes anything."""
    isolated_by: tuple[Tag, ...] = ()
    """Valves that stop the release once all of them are closed."""


class Instantaneous(_Loss):
    """A mass let loose at once; no valve can stop it."""

    kind: Literal["instantaneous"]
    mass: Mass
    """Mass in the cloud at the start."""


class GasHole(_Loss):
    """A hole in equipment holding gas; the rate follows from pressure, temperature and hole."""

    kind: Literal["gas_hole"]
    hole_diameter: Length
    """Diameter of a round hole of the same area."""
    duration: PositiveSeconds
    """Duration if nobody closes anything."""
    isolated_by: tuple[Tag, ...] = ()
    """Valves that stop the release once all of them are closed."""


class LiquidHole(_Loss):
    """A hole below the liquid level; the rate follows from pressure, head and hole."""

    kind: Literal["liquid_hole"]
    hole_diameter: Length
    """Diameter of a round hole of the same area."""
    duration: PositiveSeconds
    """Duration if nobody closes anything."""
    isolated_by: tuple[Tag, ...] = ()
    """Valves that stop the release once all of them are closed."""


ReleasePaper = Annotated[Rate | Instantaneous | GasHole | LiquidHole, Field(discriminator="kind")]


def _wrong(what: str, fix: str) -> PydanticCustomError:
    return PydanticCustomError("conditions", "{what}", {"what": what, "fix": fix})
