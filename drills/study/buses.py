"""The policy of buses: people walk to pick-up points and ride on from there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from drills.run import Play
from evacuation.behaviour import Order
from evacuation.condition import Condition, Tolerance
from evacuation.exposure import Exposure
from evacuation.riders import ride_on
from evacuation.roads import RoadMap
from evacuation.tracks import Evacuation
from evacuation.vehicles import Fleet
from scenarios.schema import Scenario
from scenarios.transport import BusFleet
from twin.errors import ModelError

__all__ = ["bus_orders", "fleets_of", "taken_on"]

_CHANGES = ("impaired_time", "incapacitated_time", "death_time")


def fleets_of(scenario: Scenario) -> tuple[BusFleet, ...]:
    """Fleets of a scenario.

    Raises
    ------
    ModelError
        It has none.
    """
    if scenario.vehicles is None:
        raise ModelError(
            f"the scenario {scenario.id!r} has no buses",
            where="policy buses",
            fix="name fleets in the section vehicles, or take another policy",
        )
    return scenario.vehicles.buses


def bus_orders(fleets: Sequence[BusFleet], places: Sequence[str], alert: float) -> list[Order]:
    """Orders that send the people of served places to their pick-up point and all others to the nearest one."""
    served = {place for fleet in fleets for place in fleet.places}
    orders = [
        Order(time=alert, action="evacuate", zones=fleet.places, muster=fleet.pick_up, label="buses")
        for fleet in fleets
    ]
    others = tuple(place for place in places if place not in served)
    return [*orders, *([Order(time=alert, action="evacuate", zones=others, label="buses")] if others else [])]


def taken_on(
    walked: Evacuation,
    fleets: Sequence[BusFleet],
    game: Play,
    exposure: Exposure,
    *,
    alert: float,
    tolerance: Tolerance,
) -> Evacuation:
    """The evacuation with the rides: at a pick-up point nobody is safe, arrivals there are those at the safe place."""
    roads = RoadMap.of(game.park, places=[t for f in fleets for t in (f.depot, f.pick_up, *f.safe)])
    arrival, load = walked.arrival_time.copy(), walked.load.copy()
    times = {name: getattr(walked, name).copy() for name in _CHANGES}
    for paper in fleets:
        fleet = Fleet(
            name=paper.id, depot=paper.depot, count=paper.count, capacity=paper.capacity, boarding=paper.boarding,
            alighting=paper.alighting, turn_round=paper.turn_round, patience=paper.patience, ready=alert + paper.ready,
        )  # fmt: skip
        ride = ride_on(
            walked, roads, fleet, pick_up=[paper.pick_up], safe=paper.safe, exposure=exposure, tolerance=tolerance
        )
        mine = np.isfinite(ride.came)
        arrival[mine], load[mine] = ride.arrival_time[mine], ride.load[mine]
        for name in _CHANGES:
            times[name][mine] = getattr(ride, name)[mine]
    condition = np.where(np.isfinite(times["impaired_time"]), int(Condition.IMPAIRED), int(Condition.FIT))
    condition[np.isfinite(times["incapacitated_time"])] = int(Condition.INCAPACITATED)
    condition[np.isfinite(walked.rescued_time)] = int(Condition.RESCUED)
    condition[np.isfinite(times["death_time"])] = int(Condition.DEAD)
    warnings = (*walked.settings["warnings"], *roads.warnings)
    return replace(
        walked, arrival_time=arrival, load=load, probability=exposure.probit.probability(load),
        condition=condition.astype(np.int8), settings={**walked.settings, "warnings": warnings}, **times,
    )  # fmt: skip
