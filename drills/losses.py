"""Harm of a course of action, summed over everybody, and the share of it that was averted."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from evacuation.tracks import Evacuation
from plant_models.harm import Threshold

__all__ = ["Loss", "dose_saved_fraction", "loss_of"]

_CONSEQUENTIAL = 0.02  # below this share of the no-action dose no action matters: design choice, stated in the report


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """Harm of one course of action, summed over everybody.

    Parameters
    ----------
    toxic_load
        Sum of toxic loads, each counted up to the load that kills 99 % (more cannot harm the same person), in the unit
        of the probit set, c^n·min.
    expected_deaths
        Sum of probabilities of death.
    most
        Largest toxic load of one person, uncut.
    over
        People whose load is above that of a threshold held for its duration, by name and duration.
    mustered
        People counted at muster points at the horizon.
    """

    toxic_load: float
    expected_deaths: float
    most: float
    over: Mapping[str, int]
    mustered: int


def loss_of(people: Evacuation, ceiling: float, thresholds: Sequence[Threshold] = ()) -> Loss:
    """Harm of one course of action.

    Parameters
    ----------
    people
        What became of everybody.
    ceiling
        Load above which nothing more is counted; a few people beside the leak would outweigh a village otherwise.
    thresholds
        Thresholds to count people against.
    """
    load = people.load
    fall = "incapacitating_share" in people.settings  # then the dead of this draw of people: see Evacuation
    return Loss(
        toxic_load=math.fsum(np.minimum(load, ceiling)),
        expected_deaths=people.expected_deaths if fall else math.fsum(people.probability),
        most=float(load.max(initial=0.0)),
        over={_label(threshold): int(people.over(threshold).sum()) for threshold in thresholds},
        mustered=int(np.isfinite(people.arrival_time).sum()),
    )


def _label(threshold: Threshold) -> str:
    return threshold.name if threshold.duration is None else f"{threshold.name} ({threshold.duration / 60.0:g} min)"


def dose_saved_fraction(team: float, no_action: float, best: float) -> float | None:
    """Share of the avertable harm that was averted: ``(no_action - team) / (no_action - best)``.

    A ratio of sums, not clipped: below 0 is worse than doing nothing, above 1 better than every declared action. None
    when the best action averts less than 2 % of the harm (the drill cannot tell teams apart by outcome).
    """
    avertable = no_action - best
    if not avertable > _CONSEQUENTIAL * no_action:
        return None
    return (no_action - team) / avertable
