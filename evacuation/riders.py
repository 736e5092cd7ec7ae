"""From the muster point on by bus: who of an evacuation rides, when each is safe, and with which load."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

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
    """

    evacuation: Evacuation
    came: NDArray[np.float64]
    shuttle: Shuttle
    load: NDArray[np.float64]

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
    boarding: NDArray[np.float64] | None = None,
    traffic: Traffic | None = None,
    closures: Sequence[tuple[str, float, float]] = (),
) -> Riders:
    """Take those who came on foot to pick-up points on to safe places.

    Who falls at the pick-up point before the bus lets the person in does not board. People wait in the air of the
    muster point, sit in the standing bus in that of the road beside it, ride in the air of the roads (the cabin keeps
    nothing out: the careful figure), and stay where they got off until the horizon. When people fall after boarding is
    not worked out: compare `load` with the loads of :meth:`evacuation.Tolerance.limits`.

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
    if exposure is not None:
        load = _ridden(evacuation, roads, exposure, stop=stop, ran=ran)
    return Riders(evacuation=evacuation, came=came, shuttle=ran, load=load)


def _ridden(
    way: Evacuation, roads: RoadMap, exposure: Exposure, *, stop: Sequence[str], ran: Shuttle
) -> NDArray[np.float64]:
    """Load with the ride in place of what riders would have breathed at the muster point from boarding on."""
    load = way.load.copy()
    share = way.population.inhaled**exposure.probit.n
    who = np.flatnonzero(ran.boarding < exposure.horizon)
    instead = roads.bus_loads(exposure, stop, replace(ran, ready=ran.boarding))
    load[who] += share[who] * (instead[who] - exposure.waiting(way.muster[who], ran.boarding[who]))
    for trip in ran.trips:
        off = np.array([i for i in trip.people if ran.arrival[i] < exposure.horizon], np.int64)
        row = exposure.spots(*(np.full(off.size, v) for v in roads.nodes[trip.safe or trip.stop]))
        load[off] += share[off] * exposure.at(row, ran.arrival[off], np.full(off.size, exposure.horizon))
    return np.maximum(load, 0.0)  # below it is nothing but rounding
