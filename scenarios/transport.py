"""Vehicles on paper: the buses that fetch people from pick-up points."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from scenarios.quantities import Identifier, Paper, PositiveSeconds, Seconds, Tag

__all__ = ["BusFleet", "Vehicles"]

_Few = Annotated[int, Field(strict=True, ge=1, le=1000)]


class BusFleet(Paper):
    """Buses of one depot that serve one pick-up point."""

    id: Identifier
    """Name of the fleet."""
    depot: Tag
    """Tag of the place the buses stand at first."""
    count: _Few
    """Number of buses."""
    capacity: _Few
    """People each of them takes."""
    places: Annotated[tuple[Tag, ...], Field(min_length=1)]
    """Places whose people walk to the pick-up point."""
    pick_up: Tag
    """Muster point where people board."""
    safe: Annotated[tuple[Tag, ...], Field(min_length=1)]
    """Places where they get off: the one the bus reaches first."""
    ready: Seconds = 0.0
    """From the order to evacuate until the buses leave the depot."""
    boarding: PositiveSeconds
    """Time each person takes to board."""
    alighting: Seconds = 0.0
    """Time each person takes to get off."""
    turn_round: Seconds = 0.0
    """Time at the safe place after the last has got off."""
    patience: Seconds = 0.0
    """A bus with somebody aboard leaves when nobody has come for so long."""


class Vehicles(Paper):
    """What takes people away who cannot walk far enough."""

    buses: Annotated[tuple[BusFleet, ...], Field(min_length=1)]
    """Fleets."""
