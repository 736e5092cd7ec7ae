"""What people do with orders: who hears them, and what becomes of everybody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Literal

import numpy as np
import shapely
from numpy.typing import NDArray

from evacuation.condition import Harm, Suffering
from evacuation.exposure import Exposure, Stay
from evacuation.population import Population
from evacuation.routes import SETTLEMENT_AREA, WalkGraph
from evacuation.walking import Crossings, Engine
from twin.errors import ModelError, Problem, near

if TYPE_CHECKING:
    from evacuation.planning import Plan
    from twin.graph import Twin

__all__ = ["Crowd", "Order", "State", "check_orders"]

# Who, when, and the mode from then on.
_Change = tuple[NDArray[np.int64], NDArray[np.float64], "NDArray[np.int64] | int"]
OUTSIDE, ROOM, CLOSED = 0, 1, 2  # modes of a stay, as `evacuation.exposure.Stay` counts them


class State(IntEnum):
    """What somebody is doing."""

    UNAWARE = 0  # has heard no order, or was released by an all-clear
    PREPARING = 1  # has heard an order and not yet acted on it (premovement)
    WALKING = 2  # on the way to a muster point, queues included
    MUSTERED = 3  # at a muster point
    SHELTERED = 4  # in a closed room
    EXPOSED = 5  # was to take shelter and has no building at the place


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order to people, at the moment they hear it.

    Every order is followed after the person's own premovement time, and a later order replaces an earlier one that has
    not been followed yet:

    - *evacuate*: walk to the muster point. Unaware or sheltered people, and those about to shelter, begin a premovement
      now; those already preparing to walk keep their time; those walking turn to the new muster point at the next
      junction; those mustered stay. People who cannot walk take shelter instead.
    - *shelter*: close the room one is in, or that of the building one stands at. People walking or mustered are not
      called back; people without a building stay outside.
    - *all_clear*: preparing people stop, sheltered people step outside at once, those walking or mustered go on.

    Parameters
    ----------
    time
        When it is heard. [s]
    action
        What to do.
    zones
        Whom it is for: people whose place has this tag, and people who started inside the outline of the asset with
        this tag; empty: everybody.
    people
        Numbers of those among them who hear it at this time; None: all of them.
    muster
        Tag of the muster point to walk to; empty: the one that is quickest to reach.
    label
        Text for the log.
    plan
        Plan to follow instead of walking to `muster` (evacuate only): everybody keeps to the class of people nearest in
        speed and mask, waits or shelters at the place for as long as the plan says, and goes where it says at every
        node. Without a plan people leave after their premovement time.
    """

    time: float
    action: Literal["evacuate", "shelter", "all_clear"]
    zones: tuple[str, ...] = ()
    people: tuple[int, ...] | None = None
    muster: str = ""
    label: str = ""
    plan: Plan | None = None


def check_orders(park: Twin, population: Population, orders: Sequence[Order], graph: WalkGraph) -> list[Problem]:
    """Every fault of the orders: unknown words and tags, bad times, muster points that cannot be reached."""
    tags = [asset.tag for asset in park.assets()]
    found = []
    for number, order in enumerate(orders, 1):
        where = f"order {number}{f' ({order.label})' if order.label else ''}"
        if order.action not in {"evacuate", "shelter", "all_clear"}:
            fix = near(str(order.action), ("evacuate", "shelter", "all_clear"))
            found.append(Problem(f"there is no action {order.action!r}", where, fix))
        if not (np.isfinite(order.time) and order.time >= 0.0):
            found.append(Problem(f"its time is {order.time!r}", where, "give seconds since scenario start"))
        if isinstance(order.zones, str):
            found.append(Problem(f"zones is the text {order.zones!r}", where, f"write zones=({order.zones!r},)"))
            continue
        if strange := [who for who in order.people or () if not 0 <= who < len(population)]:
            found.append(Problem(f"there is no person {strange[0]}", where, f"people are 0 to {len(population) - 1}"))
            continue
        unknown = [zone for zone in order.zones if zone not in park]
        found += [Problem(f"there is no zone {zone!r} in the layout", where, near(zone, tags)) for zone in unknown]
        if order.plan is not None and (order.action != "evacuate" or order.muster):
            what = "a plan is given with another action than evacuate, or with a muster point"
            found.append(Problem(what, where, "leave the plan or the other away"))
        if order.plan is not None and order.plan.graph is not graph:
            found.append(Problem("the plan was made on other ways", where, "make it on the graph of the evacuation"))
            continue
        if order.muster and order.muster not in graph.musters:
            what = f"there is no muster point {order.muster!r} on the ways"
            found.append(Problem(what, where, near(order.muster, graph.musters)))
            continue
        if order.action == "evacuate" and not unknown:
            who = _addressed(park, population, order)
            found += _cut_off(population, order, graph, who & population.mobile, where)
    return found


def _cut_off(
    population: Population, order: Order, graph: WalkGraph, who: NDArray[np.bool_], where: str
) -> list[Problem]:
    places = [population.places[k] for k in np.unique(population.place[who])]
    if not order.muster:
        return [Problem(p.what, where, p.fix) for p in graph.unreachable(places)]
    row = graph.muster(order.muster)
    lost = [p for p in places if p not in graph.places or not np.isfinite(graph.times[row, graph.places[p][0]])]
    if not lost:
        return []
    what = f"muster point {order.muster!r} cannot be reached on foot from {', '.join(map(repr, lost))}"
    return [Problem(what, where, "name another muster point, or draw the missing walkway")]


def _addressed(park: Twin, population: Population, order: Order) -> NDArray[np.bool_]:
    """Whom an order is for and who hears it at its time."""
    hear = np.ones(len(population), np.bool_)
    if order.people is not None:
        hear[:] = False
        hear[list(order.people)] = True
    if not order.zones:
        return hear
    who = np.zeros(len(population), np.bool_)
    for zone in order.zones:
        if zone in population.places:
            who |= population.place == population.places.index(zone)
        shape = park[zone].shape
        if shape.area > 0.0:
            who |= shapely.intersects_xy(shape, population.x, population.y)
    return who & hear


class Plans:
    """The plans that orders name, as rows of next links behind those of the muster points.

    Raises
    ------
    ModelError
        Plans with different bins.
    """

    def __init__(self, graph: WalkGraph, plans: Sequence[Plan] = ()) -> None:
        self._plans = list(dict.fromkeys(plans))
        widths = {(plan.forecast.width, plan.forecast.bins) for plan in self._plans}
        if len(widths) > 1:
            raise ModelError(
                "the plans of the orders have different bins", where="evacuate", fix="plan on one forecast"
            )
        self.width = widths.pop()[0] if widths else float("inf")
        self._rows = [plan.onward() for plan in self._plans]
        self._graph = graph

    def index(self, plan: Plan) -> tuple[int, int]:
        """Row of the first class of a plan, behind the muster points, and the number of classes."""
        place = self._plans.index(plan)
        return sum(len(rows) for rows in self._rows[:place]), len(self._rows[place])

    def onward(self, to_musters: NDArray[np.int64]) -> NDArray[np.int64]:
        """Next links to the muster points and by the plans, as the engine takes them."""
        if not self._rows:
            return to_musters
        bins = self._rows[0].shape[1]
        still = np.broadcast_to(to_musters[:, None, :], (len(to_musters), bins, to_musters.shape[1]))
        return np.concatenate([still, *self._rows])


class Crowd:
    """The people of one evacuation: what they have been told, and the engine that moves them.

    Parameters
    ----------
    park
        Twin of the park.
    population
        The people.
    graph
        Ways.
    horizon
        End of the evacuation. [s]
    harm
        What people breathe on the way, and what they bear; None: nobody falls.
    plans
        Plans that orders name; None: none.
    """

    def __init__(
        self,
        park: Twin,
        population: Population,
        graph: WalkGraph,
        horizon: float,
        *,
        harm: Harm | None = None,
        plans: Plans | None = None,
    ) -> None:
        n = len(population)
        self.plans = plans or Plans(graph)
        self._park, self.population, self.graph, self.horizon, self.harm = park, population, graph, horizon, harm
        self.engine = Engine(
            graph.links,
            onward=self.plans.onward(graph.onward),
            onward_width=self.plans.width,
            speed=population.speed,
            horizon=horizon,
            walking=graph.walking,
            air=None if harm is None else harm.air,
        )
        self.rescued = np.full(n, np.inf)
        self.order_time = np.full(n, np.inf)  # first order heard
        self.told_time = np.full(n, np.inf)  # was told to walk, and not taken back
        self.start_time = np.full(n, np.inf)  # sets out, as planned or done
        self.shelter_time = np.full(n, np.inf)  # closes the room, as planned or done
        self.muster = np.full(n, -1, np.int64)
        self._row = np.full(n, -1, np.int64)  # of the onward links: a muster point, or a class of a plan
        self.exposed = np.zeros(n, np.bool_)
        self.rooms = _Rooms.of(park, population, graph)
        mode = np.where(population.indoors, ROOM, OUTSIDE)
        self._changes: list[_Change] = [(np.arange(n), np.zeros(n), mode.astype(np.int64))]

    def follow(self, order: Order) -> NDArray[np.int64]:
        """Let people hear an order at its time; return those it is for."""
        now, people = order.time, self.population
        self.engine.advance(now)
        who = np.flatnonzero(_addressed(self._park, people, order))
        who = who[people.complies[who]]
        here = who[self.start_time[who] > now]
        if self.harm is not None and here.size:
            here = here[np.isinf(self._standing(here, np.full(here.size, now))[1])]
        if order.action == "all_clear":
            self._release(here, now)
            return who
        self.order_time[who] = np.minimum(self.order_time[who], now)
        if order.action == "shelter":
            self._hide(here, now)
            return who
        self._hide(here[~people.mobile[here]], now)
        self._send(here[people.mobile[here]], order)
        self._turn(who[(self.start_time[who] <= now) & np.isinf(self.engine.arrival[who])], order)
        return who

    def _goals(self, who: NDArray[np.int64], order: Order) -> NDArray[np.int64]:
        if order.muster:
            return np.full(who.size, self.graph.muster(order.muster), np.int64)
        nearest = [self.graph.nearest_muster(tag) for tag in self.population.places]
        return np.array(nearest, np.int64)[self.population.place[who]]

    def _send(self, who: NDArray[np.int64], order: Order) -> None:
        """Make people at their place prepare to walk."""
        preparing = np.isfinite(self.start_time[who])
        fresh = order.time + self.population.premovement[who]
        self.start_time[who] = np.where(preparing, self.start_time[who], fresh)
        self.told_time[who] = np.where(preparing, self.told_time[who], order.time)
        pending = who[self.shelter_time[who] > order.time]
        self.shelter_time[pending] = np.inf
        self.exposed[who] = False
        self._aim(who, order)
        if order.plan is not None:
            self._bide(who, order.plan)
            who = who[np.isfinite(self.start_time[who])]
        self._enlist(who)

    def _aim(self, who: NDArray[np.int64], order: Order) -> None:
        """Set where people go: a muster point, or wherever the plan leads."""
        if order.plan is None:
            self.muster[who] = self._row[who] = self._goals(who, order)
            return
        base = len(self.graph.musters) + self.plans.index(order.plan)[0]
        self.muster[who] = -1
        self._row[who] = base + order.plan.classes(self.population.speed[who], self.population.inhaled[who])

    def _bide(self, who: NDArray[np.int64], plan: Plan) -> None:
        """Let people who are ready wait at their place for as long as the plan says, in their closed rooms."""
        ready = self.start_time[who]
        row = self._row[who] - len(self.graph.musters) - self.plans.index(plan)[0]
        inside = self.rooms.home[who]
        leave, shelter = plan.setting_out(
            [self.population.places[k] for k in self.population.place[who]], row, ready, inside
        )
        self.start_time[who] = leave
        self.told_time[who] = np.where(leave > ready, leave, self.told_time[who])  # until then they are to stay
        hide = self.rooms.home[who] & shelter
        self.shelter_time[who[hide]] = np.minimum(self.shelter_time[who[hide]], ready[hide])
        gone = who[np.isinf(leave)]
        nowhere = np.full(gone.size, -1, np.int64)
        self.engine.start(gone, time=np.full(gone.size, np.inf), link=nowhere, destination=nowhere)

    def come(self, who: NDArray[np.int64]) -> None:
        """Note at which muster point people have arrived: by a plan, or round a closed way, it is not known before."""
        if who.size:
            ends = np.array([self.graph.places[tag][0] for tag in self.graph.musters], np.int64)
            here = np.array([self.graph.places.get(tag, (-1, -1))[0] for tag in self.population.places], np.int64)
            at = self.engine.node(who, self.graph.head)
            match = np.where(at < 0, here[self.population.place[who]], at)[:, None] == ends[None, :]
            known = match.any(axis=1)
            self.muster[who[known]] = np.argmax(match[known], axis=1)

    def _turn(self, who: NDArray[np.int64], order: Order) -> None:
        """Send people on their way to another muster point."""
        self._aim(who, order)
        begun = self.engine.started[who]
        self.engine.redirect(who[begun], self._row[who[begun]])
        self._enlist(who[~begun])

    def _enlist(self, who: NDArray[np.int64]) -> None:
        places = self.population.places
        musters = len(self.graph.musters)
        goals = [m if m < musters else -1 for m in range(max(int(self._row.max(initial=0)) + 1, 1))]
        known = self.graph.places
        first = [[self.graph.first_link(tag, m) if tag in known else -1 for m in goals] for tag in places]
        link = np.array(first, np.int64)[self.population.place[who], self._row[who]] if who.size else who
        time = self.start_time[who] + self.rooms.approach[who]
        if self.harm is not None and who.size:
            load, fell = self._standing(who, np.minimum(time, self.horizon))
            down = np.isfinite(fell)
            told = self.told_time[who[down]]
            self._stay(who[down])
            self.told_time[who[down]] = told  # they will be missed
            who, link, time, load = who[~down], link[~down], time[~down], load[~down]
            bear = self.harm.limits
            self.engine.bear(
                who,
                limit=bear.incapacitated[who] - load,
                mark=bear.impaired[who] - load,
                share=bear.share[who],
                row=self.harm.exit_row[who],
            )
        self.engine.start(who, time=time, link=link, destination=self._row[who])

    def _standing(
        self, who: NDArray[np.int64], stop: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """What people breathe at their place until a time, and when they fall there."""
        assert self.harm is not None
        bear = self.harm.limits
        load, fell = self.harm.table.stand(self._course(who, stop), bear.incapacitated[who] / bear.share[who])
        return load * bear.share[who], fell

    def _stay(self, who: NDArray[np.int64]) -> None:
        """Take back the walk of people who have not set out."""
        self.start_time[who] = self.told_time[who] = np.inf
        self.muster[who] = -1
        nowhere = np.full(who.size, -1, np.int64)
        self.engine.start(who, time=np.full(who.size, np.inf), link=nowhere, destination=nowhere)

    def _hide(self, who: NDArray[np.int64], now: float) -> None:
        """Make people at their place prepare to take shelter."""
        self._stay(who)
        lost = ~self.rooms.home[who]
        self.exposed[who[lost]] = True
        fresh = who[~lost & np.isinf(self.shelter_time[who])]
        self.shelter_time[fresh] = now + self.population.premovement[fresh]

    def _release(self, who: NDArray[np.int64], now: float) -> None:
        """Let people at their place stop preparing, and step out of their shelters."""
        self._stay(who)
        closed = who[self.shelter_time[who] <= now]
        self._change(closed, self.shelter_time[closed], CLOSED)
        self._change(closed, np.full(closed.size, now), OUTSIDE)
        self.shelter_time[who] = np.inf
        self.exposed[who] = False

    def _change(self, who: NDArray[np.int64], time: NDArray[np.float64], mode: int) -> None:
        self._changes.append((who, time, mode))

    def states(self) -> NDArray[np.int8]:
        """State of everybody at the horizon, shape (n,)."""
        end = self.horizon
        heard = (
            (np.isfinite(self.start_time) & (self.start_time > end))
            | (np.isfinite(self.shelter_time) & (self.shelter_time > end))
            | ((self.told_time <= end) & np.isinf(self.start_time))  # fell before setting out
        )
        choices = (
            (self.engine.arrival <= end, State.MUSTERED),
            (self.start_time <= end, State.WALKING),
            (heard, State.PREPARING),
            (self.shelter_time <= end, State.SHELTERED),
            (self.exposed, State.EXPOSED),
        )
        found = np.select([c for c, _ in choices], [int(s) for _, s in choices], int(State.UNAWARE))
        return np.asarray(found, np.int8)

    def stay(self, crossings: Crossings) -> Stay:
        """How everybody spent the time until they came to the exit of their place, for the toxic load."""
        stop = np.minimum(np.minimum(self.engine.arrival, self.horizon), self.start_time + self.rooms.approach)
        return self._course(np.arange(len(self.population)), stop)

    def queued(self, table: Exposure, crossings: Crossings) -> NDArray[np.float64]:
        """Load of everybody while waiting at the exit of the place for the first link, shape (n,). [probit unit]"""
        out = np.zeros(len(self.population))
        since, until = self.start_time + self.rooms.approach, np.full(out.size, self.horizon)
        moved = np.diff(crossings.first) > 0
        until[moved] = np.minimum(crossings.times[crossings.first[:-1][moved], 0], self.horizon)
        leaf = np.array([self.graph.places.get(tag, (-1, -1))[0] for tag in self.population.places], np.int64)
        exit_ = leaf[self.population.place]
        waited = np.flatnonzero((until > since) & (self.engine.arrival > since) & (exit_ >= 0))
        out[waited] = table.at(table.rows(exit_[waited]), since[waited], until[waited])
        return out

    def rescue(self, person: int) -> bool:
        """Carry somebody away now; false if the person has not fallen."""
        if self.harm is None or np.isfinite(self.rescued[person]):
            return False
        one, now = np.array([person]), self.engine.now
        waits = self.start_time[person] + self.rooms.approach[person] > now
        fell = bool(np.isfinite(self._standing(one, np.array([now]))[1][0])) if waits else self.engine.lift(person)
        if fell:
            self.rescued[person] = now
        return fell

    def suffering(self, crossings: Crossings) -> Suffering:
        """Loads and changes of condition of everybody until the horizon."""
        assert self.harm is not None
        table, bear, done = self.harm.table, self.harm.limits, self.engine.harmed()
        everybody, end = np.arange(len(self.population)), np.minimum(self.rescued, self.horizon)
        walked = self.start_time + self.rooms.approach
        course = self._course(everybody, np.minimum(walked, end))
        load, fell = table.stand(course, bear.incapacitated / bear.share)
        felt, died = (table.stand(course, limit / bear.share)[1] for limit in (bear.impaired, bear.dead))
        load = load * bear.share + done.gathered
        felt, fell = np.minimum(felt, done.marked), np.minimum(fell, done.fallen)
        lying = np.flatnonzero(np.isfinite(done.fallen))
        row, part, since, until = done.row[lying], done.part[lying], done.fallen[lying], end[lying]
        died[lying] = table.when(row, since, until, (bear.dead[lying] - load[lying]) / bear.share[lying], part)
        felt[lying] = np.minimum(
            felt[lying], table.when(row, since, until, (bear.impaired[lying] - load[lying]) / bear.share[lying], part)
        )
        load[lying] += bear.share[lying] * table.at(row, since, until, part)
        arrival = self.engine.arrival
        there = np.flatnonzero((arrival < self.horizon) & (self.muster >= 0))
        rows = table.rows(
            np.array([self.graph.places[tag][0] for tag in self.graph.musters] or [0])[self.muster[there]]
        )
        since, until = arrival[there], np.full(there.size, self.horizon)
        for moment, limit in ((felt, bear.impaired), (fell, bear.incapacitated), (died, bear.dead)):
            late = table.when(rows, since, until, (limit[there] - load[there]) / bear.share[there])
            moment[there] = np.minimum(moment[there], late)
        load[there] += bear.share[there] * table.at(rows, since, until)
        return Suffering(load=load, impaired=felt, incapacitated=fell, died=died, rescued=self.rescued)

    def _course(self, who: NDArray[np.int64], stop: NDArray[np.float64]) -> Stay:
        """How people spend the time at their place until they leave it, as far as it is known now."""
        changes = [
            *self._changes,
            (*_some(self.shelter_time, np.isfinite(self.shelter_time)), CLOSED),
            (*_some(self.start_time, self.rooms.scattered & np.isfinite(self.start_time)), OUTSIDE),
        ]
        place = np.full(len(self.population), -1, np.int64)
        place[who] = np.arange(who.size)
        people, when, mode = (
            np.concatenate(part)
            for part in zip(*((w, t, np.broadcast_to(m, w.shape)) for w, t, m in changes), strict=True)
        )
        kept = place[people] >= 0
        people, when, mode = place[people[kept]], when[kept], mode[kept]
        order = np.lexsort((np.arange(people.size), when, people))
        rooms = self.rooms
        return Stay(
            x=self.population.x[who], y=self.population.y[who], room_x=rooms.x[who], room_y=rooms.y[who],
            exchange=rooms.exchange[who], sealed=rooms.sealed[who], stop=stop,
            first=np.searchsorted(people[order], np.arange(who.size + 1)).astype(np.int64),
            when=when[order], mode=mode[order].astype(np.int64),
        )  # fmt: skip


def _some(time: NDArray[np.float64], chosen: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    who = np.flatnonzero(chosen)
    return who, time[who]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rooms:
    """What the place of each person is like, shape (n,): rooms, where they draw air, air changes, way to the exit."""

    home: NDArray[np.bool_]
    scattered: NDArray[np.bool_]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    exchange: NDArray[np.float64]
    sealed: NDArray[np.float64]
    approach: NDArray[np.float64]

    @classmethod
    def of(cls, park: Twin, people: Population, graph: WalkGraph) -> _Rooms:
        rows = np.zeros((len(people.places), 7))
        for row, tag in zip(rows, people.places, strict=True):
            asset = park[tag]
            if asset.get("air_changes") is not None:
                normal = asset.number("air_changes")
                closed = asset.get("air_changes_sheltered")
                row[:3] = 1.0, normal, normal if closed is None else asset.number("air_changes_sheltered")
            leaf = graph.places.get(tag, (-1, -1))[0]
            row[3:] = asset.x, asset.y, leaf, asset.shape.area > SETTLEMENT_AREA
        home, exchange, sealed, x, y, leaf, spread = rows[people.place].T if len(people) else np.zeros((7, 0))
        is_home, scattered, known = home > 0.0, spread > 0.0, leaf >= 0.0
        node = np.where(known, leaf, 0.0).astype(np.int64)
        gap = np.zeros(len(people))
        if known.any():
            gap = np.where(known, np.hypot(people.x - graph.node_x[node], people.y - graph.node_y[node]), 0.0)
        return cls(
            home=is_home,
            scattered=scattered,
            x=np.where(is_home, np.where(scattered, people.x, x), np.nan),
            y=np.where(is_home, np.where(scattered, people.y, y), np.nan),
            exchange=np.ascontiguousarray(exchange),
            sealed=np.ascontiguousarray(sealed),
            approach=gap / people.speed,
        )
