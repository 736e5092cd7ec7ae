"""Who comes to help, on paper: crews with their station, equipment and times."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from scenarios.quantities import DurationSpread, Identifier, Paper, Quantity, SpeedSpread, Tag

__all__ = ["Air", "Crew", "VotingGroup"]

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
