"""From the muster point on by bus: who of an evacuation rides, when each is safe, and with which load."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from evacuation.condition import Limits, Tolerance
from evacuation.exposure import Exposure
from evacuation.roads import RoadMap
from evacuation.tracks import Evacuation
from evacuation.traffic import Traffic
from evacuation.vehicles import Fleet, Shuttle, shuttle
from twin.errors import ModelError

__all__ = ["Riders", "ride_on"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Riders:
    """The way on by bus; person i is person i of the evacuation.

    Parameters
    ----------
    evacuation
        How people came to the pick-up points.
    came
        When each came to a pick-up point, those who fell there included, shape (n,); inf: never. [s]
    shuttle
        What the buses did; `ready` is inf for those who fell before they could board.
    load
        Toxic load until the horizon with the ride, shape (n,); NaN without a hazard. [unit of the probit]
    impaired_time, incapacitated_time, death_time
        Changes of condition with the ride, inf where it did not come to that; those of the evacuation without a
        tolerance. [s]
    """

    evacuation: Evacuation
    came: NDArray[np.float64]
    shuttle: Shuttle
    load: NDArray[np.float64]
    impaired_time: NDArray[np.float64]
    incapacitated_time: NDArray[np.float64]
    death_time: NDArray[np.float64]

    @property
    def arrival_time(self) -> NDArray[np.float64]:
        """When each got off at a safe place, inf for all others, shape (n,). [s]"""
        return self.shuttle.arrival

    def counts(self, time: float) -> dict[str, int]:
        """People on foot or at their places, waiting for a bus, riding and safe at a time [s].

        Those who fell at a pick-up point count as waiting there.
        """
        return replace(self.shuttle, ready=self.came).counts(time)


def ride_on(
    evacuation: Evacuation,
    roads: RoadMap,
    fleet: Fleet,
    *,
    pick_up: Sequence[str],
    safe: Collection[str],
    exposure: Exposure | None = None,
    tolerance: Tolerance | None = None,
    boarding: NDArray[np.float64] | None = None,
    traffic: Traffic | None = None,
    closures: Sequence[tuple[str, float, float]] = (),
) -> Riders:
    """Take those who came on foot to pick-up points on to safe places.

    Who falls at the pick-up point before the bus lets the person in does not board. People wait in the air of the
    muster point, sit in the standing bus in that of the road beside it, ride in the air of the roads (the cabin keeps
    nothing out: the careful figure), and stay where they got off until the horizon. Who falls aboard rides on.

    Parameters
    ----------
    evacuation
        How people came to the muster points.
    roads
        Roads with the pick-up points, the depot and the safe places on them.
    fleet
        The buses; its depot is a place on the roads.
    pick_up
        Muster points the buses serve.
    safe
        Places where people get off.
    exposure
        Air that the evacuation was played in; None: loads are not followed.
    tolerance
        The one the evacuation was played with, to follow who falls during the ride.
    boarding
        Time each person needs to board, shape (n,); None: that of the fleet. [s]
    traffic, closures
        As for :func:`~evacuation.vehicles.shuttle`.

    Raises
    ------
    ModelError
        A place that is no muster point or not on the roads, another exposure than that of the evacuation, and what the
        shuttle finds.
    """
    graph, horizon = evacuation.tracks.graph, float(evacuation.settings["horizon"])
    wrong = [f"no muster point {tag!r} on the ways" for tag in pick_up if tag not in graph.musters]
    wrong += [f"no place {t!r} on the roads" for t in (*pick_up, fleet.depot, *safe) if t not in roads.places]
    if exposure is not None and (exposure.graph is not graph or exposure.horizon != horizon):
        wrong.append("the exposure is not the one of the evacuation")
    if wrong:
        raise ModelError("; ".join(wrong), where="ride_on", fix="attach the places to the roads, name muster points")
    numbers = [graph.muster(tag) for tag in pick_up]
    waits = np.isin(evacuation.muster, numbers) & np.isfinite(evacuation.arrival_time)
    ready = came = np.where(waits, evacuation.arrival_time, np.inf)
    stops = [roads.places[tag] if tag in pick_up else roads.places[pick_up[0]] for tag in graph.musters] or [""]
    stop = [stops[m] for m in evacuation.muster.tolist()]
    buses = replace(fleet, depot=roads.places[fleet.depot])
    while True:  # each pass leaves somebody behind for good, so it ends
        ran = shuttle(
            buses, roads.roads, stop=stop, ready=ready, safe={roads.places[tag] for tag in safe}, boarding=boarding,
            traffic=traffic, closures=closures, horizon=horizon,
        )  # fmt: skip
        fell = np.isfinite(ran.boarding) & (evacuation.incapacitated_time <= ran.boarding)
        if not fell.any():
            break
        ready = np.where(fell, np.inf, ready)
    load = evacuation.load
    times = [evacuation.impaired_time, evacuation.incapacitated_time, evacuation.death_time]
    if exposure is not None:
        limits = tolerance.limits(exposure, evacuation.population) if tolerance is not None else None
        load, times = _ridden(evacuation, roads, exposure, stop=stop, ran=ran, limits=limits)
    return Riders(
        evacuation=evacuation, came=came, shuttle=ran, load=load,
        impaired_time=times[0], incapacitated_time=times[1], death_time=times[2],
    )  # fmt: skip


def _ridden(
    way: Evacuation, roads: RoadMap, exposure: Exposure, *, stop: Sequence[str], ran: Shuttle, limits: Limits | None
) -> tuple[NDArray[np.float64], list[NDArray[np.float64]]]:
    """Load and changes of condition with the ride in place of staying at the muster point from boarding on."""
    load, share = way.load.copy(), way.population.inhaled**exposure.probit.n
    who = np.flatnonzero(ran.boarding < exposure.horizon)
    load[who] -= share[who] * exposure.waiting(way.muster[who], ran.boarding[who])
    stages = roads.bus_stages(exposure, stop, replace(ran, ready=ran.boarding), stay=True)
    each = share[stages.who] * stages.loads(exposure)
    first = np.searchsorted(stages.who, stages.who)  # stages are sorted by person: that of the first of each
    before = np.cumsum(each) - each
    before += load[stages.who] - before[first]
    times = []
    for name, bound in (("impaired", "impaired"), ("incapacitated", "incapacitated"), ("death", "dead")):
        moment: NDArray[np.float64] = getattr(way, f"{name}_time").copy()
        if limits is not None:
            moment[who] = np.where(moment[who] <= ran.boarding[who], moment[who], np.inf)
            lack = (getattr(limits, bound)[stages.who] - before) / share[stages.who]
            due = np.flatnonzero((lack > 0.0) & (lack * share[stages.who] <= each))
            end = exposure.horizon
            since, until = (np.minimum(part[due], end) for part in (stages.since, stages.until))
            late = exposure.when(stages.row[due], since, until, lack[due])
            np.minimum.at(moment, stages.who[due], late)
        times.append(moment)
    np.add.at(load, stages.who, each)
    return np.maximum(load, 0.0), times  # below 0 is nothing but rounding
