"""Alarm, help and head-count on paper: by what means orders arrive, who comes to help, when the area is safe."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from scenarios.quantities import (
    DurationSpread,
    Fraction,
    Identifier,
    Paper,
    PositiveSeconds,
    Quantity,
    SpeedSpread,
    Tag,
)

__all__ = ["Air", "AlarmZone", "AllClear", "Crew", "HeadCount", "Medics", "VotingGroup"]

_ATMOSPHERE = 101_325.0  # Pa: consumption is told in free air


class Air(Paper):
    """Breathing apparatus of one wearer."""

    volume: Annotated[float, Quantity("m3", low=1e-4, high=0.1, example="6.8 L")]
    """Water volume of the cylinders."""
    pressure: Annotated[float, Quantity("Pa", low=1e6, high=5e7, example="300 bar")]
    """Filling pressure."""
    reserve: Annotated[float, Quantity("Pa", low=0.0, high=5e7, example="50 bar")]
    """Pressure at which the wearer must be out: the warning whistle."""
    consumption: Annotated[float, Quantity("m3/s", low=1e-4, high=1e-2, example="40 L/min")]
    """Free air breathed while working."""

    @model_validator(mode="after")
    def _something_left(self) -> Air:
        if self.reserve >= self.pressure:
            raise PydanticCustomError(
                "air",
                "{what}",
                {"what": "the reserve is not below the filling pressure", "fix": "reserve: 50 bar, pressure: 300 bar"},
            )
        return self

    @property
    def duration(self) -> float:
        """Time from opening the cylinder to the reserve, the air taken as ideal at constant temperature. [s]"""
        return self.volume * (self.pressure - self.reserve) / _ATMOSPHERE / self.consumption


class Crew(Paper):
    """A crew that leaves its station together, works together and shares the times of its slowest member."""

    id: Identifier
    """Name of the crew."""
    station: Tag
    """Tag of the place it leaves from."""
    turn_out: DurationSpread
    """From the call until it drives."""
    drive: SpeedSpread
    """Mean driving speed."""
    standoff: Annotated[float, Quantity("m", low=1.0, high=10_000.0, example="150 m")]
    """Least distance of the staging point from the release."""
    donning: DurationSpread
    """Putting on protective clothing and breathing apparatus, at the staging point."""
    air: Air
    """Breathing apparatus of each member."""
    walk: SpeedSpread
    """Walking speed in apparatus, without a casualty."""
    search: DurationSpread
    """Searching one place."""
    carry: DurationSpread
    """Bringing one casualty from a place to the staging point."""
    change: DurationSpread
    """Changing cylinders at the staging point."""
    decontamination: DurationSpread
    """Cleaning the crew after its last entry."""


class Medics(Paper):
    """Medics who wait at a staging point for those who are brought out, sort them and take them away."""

    id: Identifier
    """Name of the team."""
    station: Tag
    """Tag of the place it leaves from."""
    turn_out: DurationSpread
    """From the call until it drives."""
    drive: SpeedSpread
    """Mean driving speed to the staging point."""
    standoff: Annotated[float, Quantity("m", low=1.0, high=10_000.0, example="300 m")]
    """Least distance of the staging point from the release."""
    medics: Annotated[int, Field(strict=True, ge=1, le=1000)]
    """Casualties sorted at the same time."""
    triage: DurationSpread
    """Sorting and first treatment of one casualty."""
    vehicles: Annotated[int, Field(strict=True, ge=1, le=1000)]
    """Ambulances."""
    seats: Annotated[int, Field(strict=True, ge=1, le=20)] = 1
    """Casualties in one ambulance; it leaves with those who wait."""
    journey: DurationSpread
    """From leaving the staging point until the casualty is handed over."""
    back: DurationSpread
    """From there until the ambulance is ready at the staging point again."""


class AlarmZone(Paper):
    """Places that hear orders by one means; a place in several zones hears by whichever comes first."""

    id: Identifier
    """Name of the zone; ``announced:<id>`` happens when the first of its people hear an order."""
    places: tuple[Tag, ...] = Field(min_length=1)
    """Tags of the places, as `at` of the population names them."""
    means: Literal["siren", "pa", "mobile", "runner"]
    """siren and runner: all hear at once; pa: at the end of a message; mobile: everybody at a time of his own."""
    delay: DurationSpread = Field(default_factory=lambda: DurationSpread(fixed=0.0))
    """From the order until the siren sounds, the first message begins, the runner has been round; mobile: latency of
    each phone."""
    message: PositiveSeconds | None = None
    """Length of one spoken message, for pa alone."""
    repeats: Annotated[int, Field(strict=True, ge=1, le=100)] = 1
    """How often the message is spoken."""
    reach: Fraction = 1.0
    """Share of the people who take in the signal, at each message anew."""

    @model_validator(mode="after")
    def _spoken(self) -> Self:
        if (self.means == "pa") != (self.message is not None) or (self.means != "pa" and self.repeats != 1):
            what = {"what": "message and repeats belong to the means pa, which needs a message", "fix": "message: 15 s"}
            raise PydanticCustomError("alarm_zone", "{what}", what)
        return self


class HeadCount(Paper):
    """How the command learns who is missing: by reports from the muster points, and by nothing else."""

    interval: Annotated[float, Quantity("s", low=10.0, high=7200.0, example="5 min")]
    """From the first order to leave to the first report, and from one report to the next."""


class AllClear(Paper):
    """When the area counts as safe: the event ``area.safe``."""

    below: Annotated[int, Field(strict=True, ge=1, le=2)] = 1
    """Alarm level that no working detector may show."""
    hold: PositiveSeconds
    """For how long without a break."""


class VotingGroup(Paper):
    """Detectors that vote together, such as two out of three (2oo3)."""

    id: Identifier
    """Name of the group; ``detection.confirmed:<id>`` happens when the vote is won."""
    detectors: tuple[Tag, ...] = Field(min_length=1)
    """Tags of its detectors."""
    need: Annotated[int, Field(strict=True, ge=1, le=100)]
    """Detectors that must be in alarm."""
    level: Annotated[int, Field(strict=True, ge=1, le=2)] = 1
    """Alarm level that counts as a vote."""

    @model_validator(mode="after")
    def _enough(self) -> VotingGroup:
        if self.need > len(set(self.detectors)):
            raise PydanticCustomError(
                "voting",
                "{what}",
                {"what": f"{self.need} votes are asked of {len(set(self.detectors))} detectors", "fix": "lower need"},
            )
        return self
