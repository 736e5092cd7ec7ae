"""The response plan on paper: who does what, on which event, how long it takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Self, get_args

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from scenarios.quantities import DurationSpread, Identifier, Paper, PositiveSeconds, Tag, Text, Word

__all__ = ["ACTIONS", "PLAN_SCHEMA", "Action", "Plan", "PlanFile", "Role", "Step"]

Action = Literal[
    "acknowledge_alarm",
    "sound_alarm",
    "close_valve",
    "manual_close",
    "call_fire_brigade",
    "order_evacuate",
    "order_shelter",
    "order_all_clear",
    "headcount",
    "report",
    "stop_work",
    "dispatch",
    "search",
]
ACTIONS: tuple[str, ...] = get_args(Action)
PLAN_SCHEMA = "plan/1"
_ON_VALVES = ("close_valve", "manual_close")
_BY_CREW = ("dispatch", "search")
_ORDERS = ("order_evacuate", "order_shelter", "order_all_clear")


class Role(Paper):
    """A function in the response, never a person's name."""

    title: Text
    """Name of the function."""
    level: Literal["enterprise", "park", "government"]
    """Tier of command it belongs to."""
    deputy: Word | None = None
    """Role that steps in."""


class Step(Paper):
    """One thing the plan asks a role to do.

    A step starts when its event has happened (`when`) and its predecessor is finished (`after`); with neither, it
    starts only as the `else` of another step. It is finished `duration` later: then ``<role>.<do>`` happens.
    """

    id: Identifier
    """Name of the step, unique in the plan."""
    role: Word
    """Who does it."""
    do: Action
    """What is done."""
    duration: DurationSpread
    """Time from the start of the step until it is finished."""
    when: Tag | None = None
    """Event that starts the step, such as ``detection.confirmed``."""
    after: Identifier | None = None
    """Step that must be finished first."""
    deadline: PositiveSeconds | None = None
    """Latest end the plan allows, counted from the first alarm."""
    target: tuple[Tag, ...] = ()
    """Tags acted upon: the valves of close_valve and manual_close."""
    zones: tuple[Tag, ...] = ()
    """Tags of the places an order is for, none means everybody; for search: the order in which places are searched."""
    muster: Tag | None = None
    """Muster point of order_evacuate or headcount; none means the nearest safe one."""
    verify: Tag | None = None
    """Event that proves success once the step is finished, such as ``valve.closed:XV-12``."""
    else_: Identifier | None = Field(default=None, alias="else")
    """Step started when `verify` has not happened."""
    team: Identifier | None = None
    """Crew or medics that dispatch sends, or crew that searches once it is ready."""
    title: Text | None = None
    """What the step says in the plan's own words."""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.do in _ON_VALVES and not self.target:
            raise _wrong(f"{self.do} names no valve", "target: [XV-12]")
        if self.do not in (*_ORDERS, "search") and self.zones:
            raise _wrong(
                f"{self.do} takes no zones", "zones belong to order_evacuate, order_shelter, order_all_clear and search"
            )
        if (self.do in _BY_CREW) != (self.team is not None):
            what = f"{self.do} names no team" if self.do in _BY_CREW else f"{self.do} takes no team"
            raise _wrong(what, "team belongs to dispatch and search, and names an entry of responders")
        if self.muster is not None and self.do not in ("order_evacuate", "headcount"):
            raise _wrong(f"{self.do} takes no muster point", "muster belongs to order_evacuate and headcount")
        if self.else_ is not None and self.verify is None:
            raise _wrong("a step with else has nothing to verify", "verify: valve.closed:XV-12")
        return self

    @property
    def event(self) -> str:
        """Event that happens when the step is finished."""
        return f"{self.role}.{self.do}"


class Plan(Paper):
    """Roles and steps of a response."""

    id: Identifier
    """Name of the plan."""
    title: Text | None = None
    """Name shown to people."""
    roles: Mapping[Word, Role] = Field(min_length=1)
    """Functions by name."""
    steps: tuple[Step, ...] = Field(min_length=1)
    """What is done."""

    def step(self, name: str) -> Step:
        """Step of that id.

        Raises
        ------
        KeyError
            No such step.
        """
        for step in self.steps:
            if step.id == name:
                return step
        raise KeyError(name)

    def first_alarm_to_end(self, name: str, probability: float = 0.5) -> float:
        """Sum of the step durations from the trigger of a chain to the end of a step, each at the same quantile. [s]

        The chain follows `after`, and `else` backwards. It is what the plan needs at least, because waiting for the
        events that start its steps comes on top.
        """
        fallback = {step.else_: step.id for step in self.steps if step.else_ is not None}
        total, seen, at = 0.0, set(), name
        while at and at not in seen:
            seen.add(at)
            step = self.step(at)
            total += step.duration.quantile(probability)
            at = step.after or fallback.get(at, "")
        return total


class PlanFile(Plan):
    """A plan in a file of its own, to be named by ``plan: {ref: plans/chlorine.yaml}``."""

    schema_: Literal["plan/1"] = Field(alias="schema")
    """Format of the file."""


def _wrong(what: str, fix: str) -> PydanticCustomError:
    return PydanticCustomError("step", "{what}", {"what": what, "fix": fix})
