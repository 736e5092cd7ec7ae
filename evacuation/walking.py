"""People walking on a network of links: queues with capacity, storage and spillback, one individual at a time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evacuation._kernels import interventions as outside
from evacuation._kernels import queues as k
from twin.errors import ModelError

__all__ = ["Air", "Crossings", "Engine", "Harmed", "Links", "Walking"]

_MOST_BUCKETS = 1 << 20  # calendar of at most 8 MB


@dataclass(frozen=True, slots=True, kw_only=True)
class Walking:
    """Constants of the hydraulic movement model.

    A person enters a link with the speed of the moment: below 0.54 persons per m² the own free speed, above it no more
    than ``S = k (1 - a D)`` for the density D of those ahead, and reaches its end after length / speed. At the end
    people leave one by one, a headway 1 / C apart, C = Fs (w - 2 b): n people need (n - 1) / C, no interval t passes
    more than 1 + C t, and capacity that was not used while blocked is lost. A link holds at most
    ``storage_density * length * width`` people; those who find the next link full wait in line at the end of theirs
    (spillback), and after `stuck_time` the first one squeezes in, so that rings of full links dissolve. A way full of
    people passes less than C once it is wider than about 1.45 m, as the speed law has it: on 3 m 1.2 instead of 1.3
    people a second and metre of useful width.

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
        Speed kept in the densest crowd. A choice of this model. [m s⁻¹]
    body_width
        Width that somebody who lies on a link takes from those who pass, one person's shoulders (the boundary layers
        stay). A choice of this model. [m]

    Notes
    -----
    The two directions of a shared way hold no more people together than one of them, but each always has room for half
    of that, so that streams that meet do not lock; the density of both slows them, and they share the capacity in
    proportion to the people on the way, as two streams do that have formed lanes: equal streams get half each. The
    friction of forming lanes is not modelled.

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
    body_width: float = 0.5

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
    shared
        Whether links 2 k and 2 k + 1 are one way, whose room and capacity both directions share.
    """

    length: NDArray[np.float64]
    width: NDArray[np.float64]
    capacity: NDArray[np.float64]
    stairs: NDArray[np.bool_]
    store: NDArray[np.int64] | None = None
    shared: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Air:
    """The air along the ways, as the engine breathes it.

    Parameters
    ----------
    total
        Load from time 0 to the edge of each step, shape (rows, steps + 1). [unit of the load]
    slow
        Factor on the walking speed in each bin, shape (rows, bins); no rows: nobody is slowed. [1]
    step, width
        Width of a step of `total` and of a bin of `slow`. [s]
    segment_row, segments
        Row of the beginning of each two-way link and number of its pieces, shape (ways,); a row for the end of each
        piece follows along its even direction.
    """

    total: NDArray[np.float64]
    slow: NDArray[np.float64]
    step: float
    width: float
    segment_row: NDArray[np.int64]
    segments: NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Harmed:
    """What people breathed on their way, queues included, and who fell; each of shape (people,).

    Parameters
    ----------
    gathered
        Load since setting out, at most the limit. [unit of the load]
    marked, fallen
        When the load of the first effect and the limit were reached on the way, inf if not. [s]
    row, part
        Row of the air where the person lies, and the part of the way from there to the next row.
    """

    gathered: NDArray[np.float64]
    marked: NDArray[np.float64]
    fallen: NDArray[np.float64]
    row: NDArray[np.int64]
    part: NDArray[np.float64]


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
        Next link on the way to each destination, shape (destinations, links) or, by the time of asking, (destinations,
        bins, links); -1 where it is reached, -2 where there is no way, -3 to wait for the next bin.
    speed
        Free walking speed of every person. [m s⁻¹]
    horizon
        Nothing is played after it. [s]
    walking
        Constants of motion.
    air
        What people breathe on the way; None: nothing.
    onward_width
        Width of a bin of `onward`. [s]
    """

    def __init__(
        self,
        links: Links,
        *,
        onward: NDArray[np.int64],
        speed: NDArray[np.float64],
        horizon: float,
        walking: Walking | None = None,
        air: Air | None = None,
        onward_width: float = np.inf,
    ) -> None:
        law = walking or Walking()
        people = speed.size
        self._links = _state_of(links, law)
        self._people = np.zeros(people, k.PERSON)
        for name in ("next", "previous", "link", "destination"):
            self._people[name] = -1
        self._people["speed"] = speed
        self._people["arrival"] = self._people["enter"] = np.inf
        self._harm = np.zeros(people if air is not None else 0, k.HARM)
        for name in ("limit", "fallen", "mark", "marked"):
            self._harm[name] = np.inf
        self._harm["share"], self._harm["row"] = 1.0, -1
        none = np.zeros((0, 1)), np.zeros(0, np.int64)
        self._air = (
            (none[0], none[0], none[1], none[1])
            if air is None
            else (air.total, air.slow, air.segment_row, air.segments)
        )
        self._carried: dict[int, int] = {}  # people lifted, and the link they lay on
        self._start = np.full(people, np.inf)
        self._starters = np.empty(0, np.int64)
        self._records = np.empty(max(16 * people, 64), k.CROSSING)  # pages that are not used cost nothing
        self._state = np.zeros(k.COUNTERS, np.int64)
        self._state[[k.STUCK_HEAD, k.STUCK_TAIL]] = -1
        self._state[k.BREATHING] = air is not None
        self.set_onward(onward)
        buckets = int(min(max(64 * people, 1 << 12), _MOST_BUCKETS))
        width = horizon * (1.0 + 1e-9) / (buckets - 1)  # a little longer than the horizon, which is included
        self._calendar = np.full(buckets, -1, np.int64)
        step, bin_width = (np.inf, np.inf) if air is None else (air.step, air.width)
        speeds = [law.density_slope, law.free_density, law.least_speed, law.stuck_time]
        self._laws = np.array([*speeds, width, horizon, step, onward_width, bin_width])
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

    def bear(
        self,
        who: NDArray[np.int64],
        *,
        limit: NDArray[np.float64],
        mark: NDArray[np.float64],
        share: NDArray[np.float64],
        row: NDArray[np.int64] | int = -1,
    ) -> None:
        """Say what people who have not started can bear on the way.

        Parameters
        ----------
        who
            People.
        limit, mark
            Loads at which each falls and first feels an effect, counted from setting out. [unit of the load]
        share
            Factor on the load of the air.
        row
            Row of the air where each waits for the first link, -1 if nothing is breathed there.
        """
        self._harm["limit"][who], self._harm["mark"][who] = limit, mark
        self._harm["share"][who], self._harm["row"][who] = share, row

    def redirect(self, who: NDArray[np.int64], destination: NDArray[np.int64]) -> None:
        """Send walking people somewhere else; they turn at the next node whose link they have not yet asked for."""
        self._people["destination"][who] = destination

    def set_onward(self, onward: NDArray[np.int64]) -> None:
        """Show other ways from now on; those who wait at a node see them after :meth:`reconsider`."""
        ways = onward if onward.ndim == 3 else onward[:, None, :]
        self._onward = np.ascontiguousarray(ways, np.int64)

    def close(self, links: NDArray[np.int64], *, closed: bool = True) -> None:
        """Let nobody enter these links, or let people in again; those on them go on."""
        self._links["closed"][links] = closed

    def reconsider(self) -> None:
        """Let everybody who waits at a node ask again for the way, after it was closed, opened or changed."""
        outside.reconsider(
            self.now, self._links, self._people, self._harm, *self._air, self._calendar, self._state, self._laws
        )

    def lift(self, person: int) -> bool:
        """Carry somebody away who has fallen by now; false if the person lies on no link."""
        link = int(self._people["link"][person])
        lifted = bool(
            outside.lift(
                person, self.now, self._links, self._people, self._harm, *self._air, self._calendar, self._state,
                self._laws,
            )
        )  # fmt: skip
        if lifted:
            self._carried[person] = link
        return lifted

    def harmed(self) -> Harmed:
        """What everybody has breathed on the way so far, and who has fallen."""
        out = self._harm.copy()
        outside.settle(self.now, self._links, self._people, self._harm, *self._air, self._laws, out)
        gathered, marked, fallen, part = (out[name].copy() for name in ("gathered", "marked", "fallen", "part"))
        row = out["lying"].astype(np.int64)
        return Harmed(gathered=gathered, marked=marked, fallen=fallen, row=row, part=part)

    def advance(self, until: float) -> None:
        """Play to a time, that moment included. [s]"""
        if until > self.horizon:
            raise ModelError(f"time {until:g} s is after the horizon {self.horizon:g} s", where="Engine.advance")
        while True:
            status = k.advance(
                until, self._starters, self._start, self._links, self._people, self._harm, *self._air, self._records,
                self._calendar, self._state, self._laws, self._onward,
            )  # fmt: skip
            if status == k.DONE:
                break
            self._records = np.concatenate([self._records, np.empty_like(self._records)])
        self.now = max(self.now, until)

    @property
    def arrival(self) -> NDArray[np.float64]:
        """Arrival time of every person, inf if not yet. [s]"""
        return np.array(self._people["arrival"])

    def node(self, who: NDArray[np.int64], head: NDArray[np.int64]) -> NDArray[np.int64]:
        """Node at the end of the link each person is or was last on, -1 for those who walked none."""
        link = self._people["link"][who]
        return np.where(link >= 0, head[link], -1)

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
        finished = int(self._state[k.RECORDS])
        walking = np.flatnonzero(self.started & np.isinf(self._people["arrival"]) & np.isfinite(self._people["enter"]))
        size = finished + walking.size
        if size > self._records.size:
            self._records = np.concatenate([self._records, np.empty(walking.size, k.CROSSING)])
        records, under_way = self._records[:size], self._records[finished:size]  # the latter are written over later
        under_way["person"], under_way["leave"] = walking, np.inf
        for name in ("link", "enter", "ready"):
            under_way[name] = self._people[name][walking]
        for row in np.flatnonzero(under_way["link"] < 0).tolist():  # carried away from there
            under_way["link"][row] = self._carried[int(walking[row])]
        first = np.empty(self._start.size + 1, np.int64)
        link, times = np.empty(records.size, np.int64), np.empty((records.size, 3))
        k.group_records(records, first, link, times)
        return Crossings(first=first, link=link, times=times)


def _state_of(links: Links, law: Walking) -> NDArray[np.void]:
    """Empty links, as the kernels hold them."""
    state = np.zeros(links.length.size, k.LINK)
    for name in ("head", "tail", "target", "wait_head", "wait_tail", "wait_next", "starter_head", "starter_tail",
                 "before", "after", "bucket", "fallen"):  # fmt: skip
        state[name] = -1
    room = np.maximum(np.floor(law.storage_density * links.length * links.width), 1.0)
    state["store"] = np.minimum(room if links.store is None else links.store, np.iinfo(np.int32).max)
    state["passing"] = links.width >= law.passing_width
    state["event"] = np.inf
    state["length"] = links.length
    state["area"] = np.maximum(links.length, law.perception_length) * links.width
    state["law_speed"] = np.where(links.stairs, law.stair_speed_constant, law.speed_constant)
    state["top_speed"] = np.where(links.stairs, law.stair_speed, np.inf)
    state["headway"] = 1.0 / links.capacity
    useful = np.maximum(links.width - 2.0 * law.boundary_layer, law.boundary_layer)
    left = np.maximum(useful - law.body_width, law.boundary_layer)
    state["narrow"] = np.maximum(useful / left, 1.0) / links.capacity
    state["shared"] = links.shared
    return state
