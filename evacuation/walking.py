"""People walking on a network of links: queues with capacity, storage and spillback, one individual at a time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evacuation._kernels import queues as k
from twin.errors import ModelError

__all__ = ["Crossings", "Engine", "Links", "Walking"]

_MOST_BUCKETS = 1 << 20  # calendar of at most 8 MB


@dataclass(frozen=True, slots=True, kw_only=True)
class Walking:
    """Constants of the hydraulic movement model.

    A person enters a link with the speed of the moment: below 0.54 persons per m² the own free speed, above it no more
    than ``S = k (1 - a D)`` for the density D of those ahead, and reaches its end after length / speed. At the end
    people leave one by one, a headway 1 / C apart, C = Fs (w - 2 b): n people need (n - 1) / C, no interval t passes
    more than 1 + C t, and capacity that was not used while blocked is lost. A link holds at most
    ``storage_density * length * width`` people; those who find the next link full wait in line at the end of theirs
    (spillback), and after `stuck_time` the first one squeezes in, so that rings of full links dissolve.

    Parameters
    ----------
    density_slope
        a of the speed law. [m²]
    speed_constant
        k of the speed law on the level. [m s⁻¹]
    stair_speed_constant
        k on stairs of 7 in rise and 11 in tread. [m s⁻¹]
    free_density
        Density below which people do not influence each other. [m⁻²]
    specific_flow
        Fs on the level and through doors. [s⁻¹ m⁻¹]
    stair_specific_flow
        Fs on stairs of 7 in rise and 11 in tread. [s⁻¹ m⁻¹]
    boundary_layer
        b, unused width on either side of a door, gate, walkway or stair. [m]
    storage_density
        Density of a full link; the law of speed gives 0.38 m s⁻¹ there. A choice of this model, below the 3.8 m⁻²
        at which the law gives no movement at all. [m⁻²]
    stuck_time
        Longest wait for a full link. A choice of this model; a queue network without it can lock. [s]
    perception_length
        Density is felt over at least this length of path, so that the short links of a finely drawn bend do not slow
        a single couple down. A choice of this model. [m]
    passing_width
        Links at least this wide let fast people pass slow ones (two files of 0.6 m); narrower ones are first in,
        first out. A choice of this model. [m]
    least_speed
        Speed kept in the densest crowd. [m s⁻¹]

    Notes
    -----
    The two directions of a walkway are two links that share nothing: counterflow does not slow people here.

    References
    ----------
    Gwynne S.M.V., Rosenbaum E.R. (2016), Employing the hydraulic model in assessing emergency movement, SFPE Handbook
    of Fire Protection Engineering, 5th ed., chapter 59: a = 0.266, k = 1.40 and 1.08, 0.54 <= D <= 3.8 m⁻², Fs = 1.3
    and 1.01, b = 0.15 m. Nelson H.E., Mowrer F.W. (2002), Emergency movement, same handbook, 3rd ed., section 3-14.
    """

    density_slope: float = 0.266
    speed_constant: float = 1.40
    stair_speed_constant: float = 1.08
    free_density: float = 0.54
    specific_flow: float = 1.3
    stair_specific_flow: float = 1.01
    boundary_layer: float = 0.15
    storage_density: float = 2.75
    stuck_time: float = 60.0
    perception_length: float = 5.0
    passing_width: float = 1.2
    least_speed: float = 0.05

    def __post_init__(self) -> None:
        for name in self.__slots__:
            value = getattr(self, name)
            if not (np.isfinite(value) and (value > 0.0 or (name == "boundary_layer" and value == 0.0))):
                raise ModelError(f"{name} is {value!r}", where=f"Walking.{name}", fix="give a positive number")

    @property
    def stair_speed(self) -> float:
        """Free speed on stairs, S at the free density. [m s⁻¹]"""
        return self.stair_speed_constant * (1.0 - self.density_slope * self.free_density)

    def capacity(self, width: NDArray[np.float64], stairs: NDArray[np.bool_]) -> NDArray[np.float64]:
        """People a second through openings of a clear width. [s⁻¹]

        Openings narrower than three boundary layers count as that wide: one person squeezes through.

        Parameters
        ----------
        width
            Clear width. [m]
        stairs
            Whether it is a stair.
        """
        useful = np.maximum(width - 2.0 * self.boundary_layer, max(self.boundary_layer, 0.05))
        return np.where(stairs, self.stair_specific_flow, self.specific_flow) * useful


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """Directed links as the engine needs them; link 2 k and 2 k + 1 are the directions of one walkway.

    Parameters
    ----------
    length, width
        Shape (links,). [m]
    capacity
        People a second who can leave. [s⁻¹]
    stairs
        Whether the link is a stair.
    store
        Most people on it; None: by the storage density, at least one.
    """

    length: NDArray[np.float64]
    width: NDArray[np.float64]
    capacity: NDArray[np.float64]
    stairs: NDArray[np.bool_]
    store: NDArray[np.int64] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossings:
    """Who was on which link when, grouped by person in order of time.

    Parameters
    ----------
    first
        Person i has the crossings ``first[i]`` to ``first[i + 1]``, shape (people + 1,).
    link
        Directed link, shape (n,).
    times
        Times of entering, of reaching the end and of leaving (inf: still there), shape (n, 3). [s]
    """

    first: NDArray[np.int64]
    link: NDArray[np.int64]
    times: NDArray[np.float64]


class Engine:
    """The moving crowd: exact in time, and the same bits in one call or in slices.

    Events are played in the order of (time, starters before links, link number); there is no time step.

    Parameters
    ----------
    links
        The network.
    onward
        Next link on the way to each destination, shape (destinations, links); -1 where it is reached.
    speed
        Free walking speed of every person. [m s⁻¹]
    horizon
        Nothing is played after it. [s]
    walking
        Constants of motion.
    """

    def __init__(
        self,
        links: Links,
        *,
        onward: NDArray[np.int64],
        speed: NDArray[np.float64],
        horizon: float,
        walking: Walking | None = None,
    ) -> None:
        law = walking or Walking()
        people, count = speed.size, links.length.size
        self._links = np.zeros(count, k.LINK)
        for name in ("head", "tail", "target", "wait_head", "wait_tail", "wait_next", "starter_head", "starter_tail",
                     "before", "after", "bucket"):  # fmt: skip
            self._links[name] = -1
        room = np.maximum(np.floor(law.storage_density * links.length * links.width), 1.0)
        self._links["store"] = np.minimum(room if links.store is None else links.store, np.iinfo(np.int32).max)
        self._links["passing"] = links.width >= law.passing_width
        self._links["event"] = np.inf
        self._links["length"] = links.length
        self._links["area"] = np.maximum(links.length, law.perception_length) * links.width
        self._links["law_speed"] = np.where(links.stairs, law.stair_speed_constant, law.speed_constant)
        self._links["top_speed"] = np.where(links.stairs, law.stair_speed, np.inf)
        self._links["headway"] = 1.0 / links.capacity
        self._people = np.zeros(people, k.PERSON)
        for name in ("next", "previous", "link", "destination"):
            self._people[name] = -1
        self._people["speed"] = speed
        self._people["arrival"] = self._people["enter"] = np.inf
        self._start = np.full(people, np.inf)
        self._starters = np.empty(0, np.int64)
        self._records = np.empty(max(8 * people, 64), k.CROSSING)
        self._state = np.zeros(k.COUNTERS, np.int64)
        self._state[[k.STUCK_HEAD, k.STUCK_TAIL]] = -1
        self._onward = np.ascontiguousarray(onward, np.int64)
        buckets = int(min(max(64 * people, 1 << 12), _MOST_BUCKETS))
        width = horizon * (1.0 + 1e-9) / (buckets - 1)  # a little longer than the horizon, which is included
        self._calendar = np.full(buckets, -1, np.int64)
        self._laws = np.array([law.density_slope, law.free_density, law.least_speed, law.stuck_time, width])
        self.now = 0.0
        self.horizon = horizon

    def start(
        self,
        who: NDArray[np.int64],
        *,
        time: NDArray[np.float64],
        link: NDArray[np.int64],
        destination: NDArray[np.int64],
    ) -> None:
        """Let people set out at times to come, or change what was set for them before they started.

        Parameters
        ----------
        who
            People, none of whom has started.
        time
            When each comes to the first link, not before `now`; inf: not at all. [s]
        link
            First link; -1: the person is at the destination already.
        destination
            Row of `onward`.
        """
        self._start[who] = np.maximum(time, self.now)
        self._people["link"][who] = link
        self._people["destination"][who] = destination
        waiting = np.ones(self._start.size, np.bool_)
        waiting[self._starters[: self._state[k.STARTED]]] = False
        coming = np.flatnonzero(waiting & np.isfinite(self._start))
        coming = coming[np.lexsort((coming, self._start[coming]))]
        self._starters = np.concatenate([self._starters[: self._state[k.STARTED]], coming])

    def redirect(self, who: NDArray[np.int64], destination: NDArray[np.int64]) -> None:
        """Send walking people somewhere else; they turn at the next node whose link they have not yet asked for."""
        self._people["destination"][who] = destination

    def advance(self, until: float) -> None:
        """Play to a time, that moment included. [s]"""
        if until > self.horizon:
            raise ModelError(f"time {until:g} s is after the horizon {self.horizon:g} s", where="Engine.advance")
        while True:
            status = k.advance(
                until, self._starters, self._start, self._links, self._people, self._records, self._calendar,
                self._state, self._laws, self._onward,
            )  # fmt: skip
            if status == k.DONE:
                break
            self._records = np.concatenate([self._records, np.empty_like(self._records)])
        self.now = max(self.now, until)

    @property
    def arrival(self) -> NDArray[np.float64]:
        """Arrival time of every person, inf if not yet. [s]"""
        return np.array(self._people["arrival"])

    @property
    def started(self) -> NDArray[np.bool_]:
        """Whether each person has set out."""
        gone = np.zeros(self._start.size, np.bool_)
        gone[self._starters[: self._state[k.STARTED]]] = True
        return gone

    @property
    def arrived(self) -> int:
        """People who have arrived so far."""
        return int(self._state[k.ARRIVED])

    @property
    def walking(self) -> int:
        """People on the way, those who queue for their first link included."""
        return int(self._state[k.WALKING])

    @property
    def forced(self) -> int:
        """How often someone squeezed into a full link after the stuck time."""
        return int(self._state[k.FORCED])

    @property
    def next_start(self) -> float:
        """Time of the next person to set out, inf if none. [s]"""
        place = int(self._state[k.STARTED])
        return float(self._start[self._starters[place]]) if place < self._starters.size else float("inf")

    @property
    def on_link(self) -> NDArray[np.int64]:
        """People on each link now, places given to those about to enter included; shape (links,)."""
        return self._links["count"].astype(np.int64)

    def crossings(self) -> Crossings:
        """Everything walked so far, grouped by person."""
        finished = self._records[: self._state[k.RECORDS]]
        walking = np.flatnonzero(self.started & np.isinf(self._people["arrival"]) & np.isfinite(self._people["enter"]))
        under_way = np.zeros(walking.size, k.CROSSING)
        under_way["person"], under_way["leave"] = walking, np.inf
        for name in ("link", "enter", "ready"):
            under_way[name] = self._people[name][walking]
        records = np.concatenate([finished, under_way])
        first = np.empty(self._start.size + 1, np.int64)
        link, times = np.empty(records.size, np.int64), np.empty((records.size, 3))
        k.group_records(records, first, link, times)
        return Crossings(first=first, link=link, times=times)
