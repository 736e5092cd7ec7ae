"""What the drill is measured by: objectives, expectations, gates, and the declared alternatives."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from scenarios.quantities import Fraction, Identifier, Paper, PositiveSeconds, Quantity, Seconds, Tag, Text

__all__ = [
    "Alternative",
    "Coverage",
    "DeclaredOrder",
    "Expectation",
    "Gate",
    "GateCondition",
    "Objective",
    "Occurrence",
    "Outcome",
    "Rule",
    "Timeliness",
]

Weight = Annotated[float, Quantity("", low=0.0, high=100.0, above=True, example="2")]


class Objective(Paper):
    """A capability the drill exercises."""

    id: Identifier
    """Name, used by the expectations."""
    title: Text
    """Name shown to people."""


class Timeliness(Paper):
    """The time from an anchor event to an event: full marks up to `target`, none from `limit` on."""

    kind: Literal["timeliness"]
    event: Tag
    """Event that ends the interval."""
    anchor: Tag
    """Event that starts it."""
    target: PositiveSeconds
    """Interval with full marks."""
    limit: PositiveSeconds
    """Interval from which on there are no marks."""
    shape: Literal["linear", "step"] = "linear"
    """Between target and limit: falling on a line, or nothing (step)."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.target > self.limit:
            raise PydanticCustomError(
                "rule",
                "{what}",
                {"what": "the target is later than the limit", "fix": "make target smaller than, or equal to, limit"},
            )
        return self


class Occurrence(Paper):
    """An event happens within some time of an anchor event."""

    kind: Literal["occurrence"]
    event: Tag
    """Event that must happen."""
    anchor: Tag
    """Event the time is counted from."""
    within: PositiveSeconds
    """Time allowed."""


class Coverage(Paper):
    """A share is reached within some time of an anchor event."""

    kind: Literal["coverage"]
    metric: Literal["headcount.fraction"]
    """Share of the people ordered to muster who were counted."""
    target: Fraction
    """Share to be reached."""
    within: PositiveSeconds
    """Time allowed."""
    anchor: Tag
    """Event the time is counted from."""


class Outcome(Paper):
    """The share of the avertable harm that was averted, between no action and the best declared alternative."""

    kind: Literal["outcome"]
    metric: Literal["dose_saved_fraction"]
    """(harm of no action - harm of the team) / (harm of no action - harm of the best alternative)."""
    target: Fraction = 1.0
    """Share at which the outcome is at target; 1: as good as the best alternative."""
    limit: Fraction = 0.0
    """Share up to which the outcome is not achieved; 0: no better than no action."""


Rule = Annotated[Timeliness | Occurrence | Coverage | Outcome, Field(discriminator="kind")]


class Expectation(Paper):
    """A critical task with a measurable standard."""

    id: Identifier
    """Name of the expectation."""
    objective: Identifier
    """Objective it counts for."""
    weight: Weight = 1.0
    """Weight within the objective."""
    required: Annotated[bool, Field(strict=True)] = False
    """Whether the objective fails without it."""
    source: str = ""
    """Clause or plan step it comes from."""
    rule: Rule
    """How it is measured."""


class GateCondition(Paper):
    """When a gate caps the grade: one of the two."""

    never: Tag | None = None
    """The event never happened."""
    worse_than_no_action: Annotated[bool, Field(strict=True)] | None = None
    """The orders given did more harm than no order would have done."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.never is None) == (self.worse_than_no_action is None) or self.worse_than_no_action is False:
            raise PydanticCustomError(
                "gate",
                "{what}",
                {
                    "what": "a gate has exactly one condition",
                    "fix": "{never: <event>} or {worse_than_no_action: true}",
                },
            )
        return self


class Gate(Paper):
    """A finding that caps the grade, whatever the marks say."""

    id: Identifier
    """Name of the gate."""
    when: GateCondition
    """Condition."""
    cap: Literal["M", "U"]
    """Best grade still possible: M (中) or U (差)."""
    reason: Text
    """What the report says."""


class DeclaredOrder(Paper):
    """One order of an alternative."""

    action: Literal["evacuate", "shelter", "all_clear"]
    """What people are told."""
    at: Seconds
    """Time after the first alarm."""
    zones: tuple[Tag, ...] = ()
    """Places it is for; none means everybody."""
    muster: Tag | None = None
    """Muster point; none means the nearest safe one."""

    @model_validator(mode="after")
    def _muster(self) -> Self:
        if self.muster is not None and self.action != "evacuate":
            raise PydanticCustomError(
                "order", "{what}", {"what": f"{self.action} takes no muster point", "fix": "remove muster"}
            )
        return self


class Alternative(Paper):
    """One of the declared courses of action among which the best is found; times count from the first alarm."""

    id: Identifier
    """Name of the alternative."""
    isolate: Seconds | None = None
    """Time at which the release is isolated; none: never."""
    orders: tuple[DeclaredOrder, ...] = ()
    """Orders given."""
