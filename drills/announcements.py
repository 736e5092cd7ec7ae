"""When people hear an order: siren, public address, telephone, runner."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from evacuation.distributions import Distribution
from scenarios.responders import AlarmZone
from twin.seeds import Streams

if TYPE_CHECKING:
    from evacuation.population import Population

__all__ = ["Hearing", "hearing"]

_BATCH = 5.0  # s: telephones that ring within it count as one; a premovement time is not known more finely


class Hearing:
    """How long after an order each person hears it.

    Parameters
    ----------
    delays
        Shortest delay over the means that reach the person, inf when none does; shape (n,). [s]
    zones
        Delay until the first of each alarm zone hear an order, inf when nobody does. [s]
    places
        Tags of the places of each alarm zone.
    """

    def __init__(
        self, delays: NDArray[np.float64], zones: dict[str, float], places: dict[str, tuple[str, ...]]
    ) -> None:
        self.delays, self.zones, self.places = delays, zones, places

    def batches(self) -> list[tuple[float, tuple[int, ...]]]:
        """Delay [s] and the people who hear at the same time, in order of time; who never hears is in none."""
        times = np.unique(self.delays[np.isfinite(self.delays)])
        return [(float(t), tuple(np.flatnonzero(self.delays == t).tolist())) for t in times]


def hearing(zones: Sequence[AlarmZone], people: Population, streams: Streams) -> Hearing:
    """Delays of all people, each means from its own stream.

    A siren and a runner reach a place at one time. Of a spoken message each person takes in the first with probability
    `reach`, and so on with every repetition (independent trials, hence a geometric number of messages), and acts at its
    end. A telephone has a latency of its own; it is rounded up to 5 s. The delays of a person are the same for every
    order of the drill.

    Parameters
    ----------
    zones
        Alarm zones. People of places in no zone hear an order at once.
    people
        The people.
    streams
        Of the drill.
    """

    def at(tags: Sequence[str]) -> NDArray[np.bool_]:
        return np.array([place in tags for place in people.places])[people.place]

    served = at([place for zone in zones for place in zone.places])
    delays = np.where(served, np.inf, 0.0)
    first = {}
    for zone in zones:
        here = at(zone.places)
        chance = streams[f"response/heard/{zone.id}"].random(len(people))
        begin = zone.delay.quantile(streams[f"response/announced/{zone.id}"].random())
        if zone.means == "mobile":
            own = streams[f"response/latency/{zone.id}"].random(len(people))
            spread: Distribution = getattr(Distribution, zone.delay.family)(*zone.delay.parameters)
            late = spread.quantile(own)
            heard = np.where(chance < zone.reach, np.ceil(late / _BATCH) * _BATCH, np.inf)
        else:
            miss = 1.0 - zone.reach  # the k-th message is the first taken in when miss**k <= 1 - chance < miss**(k - 1)
            count = np.ones(len(people))
            for number in range(1, zone.repeats + 1):
                count = np.where(1.0 - chance < miss**number, number + 1.0, count)
            heard = np.where(count <= zone.repeats, begin + count * (zone.message or 0.0), np.inf)
        delays[here] = np.minimum(delays[here], heard[here])
        first[zone.id] = float(heard[here].min(initial=np.inf))
    return Hearing(delays, first, {zone.id: zone.places for zone in zones})
