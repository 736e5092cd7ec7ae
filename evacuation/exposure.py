"""Toxic load of people: the air sampled where and when somebody breathes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import RLock

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evacuation._kernels import loads as k
from evacuation.fires import Fire, FireDose
from evacuation.routes import WalkGraph
from evacuation.walking import Air, Crossings
from plant_models.harm import Probit
from plant_models.substances import Substance
from twin.errors import ModelError
from twin.hazard import Hazard
from twin.weather import Weather, WeatherSeries

__all__ = ["Exposure", "Stay"]

_BLOCK = 30  # bins sampled together
_BEND = 5.0 / 24.0  # see `_cut`
_SMOOTH = 0.02  # part of the concentration there by which a cubic may leave a straight line over two instants
_LOOK = 2.5  # how finely ways are looked at first: plumes of 0.5 m (one sigma) and wider are seen [m]
_SHORTEST = 0.5  # pieces are not made shorter [m]
_HARMLESS = 1e-6  # of the load that kills half of the people
_MOST_POINTS = 1 << 20  # points of one call of the hazard


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """How people spend the time at their place before they walk.

    Parameters
    ----------
    x, y
        Where each person stands, shape (n,). [m]
    room_x, room_y
        Where the room of each person draws its air; NaN for a place without rooms. [m]
    exchange, sealed
        Air changes of the room, as used and closed. [s⁻¹]
    stop
        When each person leaves the place, at most the horizon. [s]
    first, when, mode
        Changes of person i from ``first[i]`` to ``first[i + 1]``: time [s], and 0 outside, 1 in the room, 2 in the
        closed room. The first is at time 0.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    room_x: NDArray[np.float64]
    room_y: NDArray[np.float64]
    exchange: NDArray[np.float64]
    sealed: NDArray[np.float64]
    stop: NDArray[np.float64]
    first: NDArray[np.int64]
    when: NDArray[np.float64]
    mode: NDArray[np.int64]


class Exposure:
    """Table of air over places and times, filled as it is needed and shared by many evacuations.

    Build it once for a cloud and pass it to every evacuation in that cloud: places and times that another policy has
    sampled are not asked for again.

    Parameters
    ----------
    graph
        Ways of the park.
    hazard
        The gas.
    substance
        What the gas is: it carries the probits. For a :class:`~evacuation.Fire` the fire itself.
    weather
        Temperature and pressure of the air.
    horizon
        End of the count. [s]
    probit
        Name of the probit set; None: the default set of the substance.
    time_bin
        Concentration in rooms, speeds and plans are by averages over this time. [s]
    segment
        Links are cut into equal pieces no longer than this, and people breathe the air of the nearest end of a piece.
        Pieces are shorter where the cloud is narrow, see `accuracy`. [m]
    height
        Height at which people breathe. [m]
    standing_grid
        Standing positions are rounded to this grid; 0: each stands where it stands. [m]
    instants
        Instants of a bin at which the air is known, evenly spread, with parabolas between them; where it changes little
        every other one is asked for. A puff that takes s seconds (one sigma) to pass is caught to 1 % when the instants
        are no farther apart than s. Gas that comes or goes at once does so at the nearest edge between instants.
    accuracy
        Relative error of loads along links to which the pieces are cut, down to 0.5 m; 1: pieces of `segment`. Ways are
        looked at every 2.5 m first: what is narrower than 1 m may be missed. Places where nobody gathers a millionth of
        the load that kills half of the people are left as they are. [1]

    Raises
    ------
    ModelError
        A time, length or grid that makes no sense, or an unknown probit set.

    Notes
    -----
    The load of a person is the integral of ``c**n`` over time, in the unit of the probit. Walking people pass each
    piece of a link at constant speed and wait at the end of the link; loads between instants come from running totals,
    so a crossing costs the same however long it takes. On the straight way from where they stood to the exit of their
    place people breathe the air of where they stood.
    """

    def __init__(
        self,
        graph: WalkGraph,
        hazard: Hazard,
        *,
        substance: Substance | Fire,
        weather: Weather | WeatherSeries,
        horizon: float,
        probit: str | None = None,
        time_bin: float = 10.0,
        segment: float = 10.0,
        height: float = 1.5,
        standing_grid: float = 0.0,
        instants: int = 10,
        accuracy: float = 0.003,
    ) -> None:
        for name, value, least in (
            ("horizon", horizon, 1e-9),
            ("time_bin", time_bin, 1e-9),
            ("segment", segment, 1e-9),
            ("height", height, 0.0),
            ("standing_grid", standing_grid, 0.0),
            ("instants", instants, 1),
            ("accuracy", accuracy, 1e-6),
        ):
            if not (np.isfinite(value) and value >= least):
                raise ModelError(f"{name} is {value!r}", where=f"Exposure.{name}", fix="give a positive number")
        self.graph, self.hazard, self.substance, self.horizon = graph, hazard, substance, float(horizon)
        self.probit: Probit | FireDose = substance.harm.probit(probit)
        self.time_bin, self.segment, self.height = float(time_bin), float(segment), float(height)
        self.standing_grid, self.instants, self.accuracy = float(standing_grid), int(instants), float(accuracy)
        self._step = self.time_bin / self.instants
        self._bins = max(int(np.ceil(horizon / time_bin - 1e-9)), 1)
        self._mid = np.asarray((np.arange(self._bins) + 0.5) * self.time_bin, float)
        self._states = WeatherSeries.of(weather)
        self._factor = self._unit_rates()
        harmless = _HARMLESS * float(np.exp((5.0 - self.probit.a) / self.probit.b))
        self._few = harmless / float(self._factor.max())  # of the integral of c**n [kg m⁻³, s]
        self._rows: dict[tuple[float, float], int] = {}
        self._count = 0
        self._x, self._y = np.empty(0), np.empty(0)
        self._air, self._total = np.empty((0, self._bins)), np.empty((0, self._bins * self.instants + 1))
        self._known = np.empty((0, -(-self._bins // _BLOCK)), np.bool_)
        self._lock = RLock()  # evacuations in several threads fill one table
        self._segment_row = np.full(len(graph.kinds), -1, np.int64)
        self._segments = np.maximum(np.ceil(graph.links.length[::2] / self.segment - 1e-9), 1.0).astype(np.int64)
        self.samples = 0

    def load(
        self, stay: Stay, crossings: Crossings, *, arrival: NDArray[np.float64], muster: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Toxic load of everybody until the horizon, shape (n,). [unit of the probit]

        Parameters
        ----------
        stay
            The time at their place.
        crossings
            The way.
        arrival
            Arrival at the muster point, inf if never. [s]
        muster
            Number of the muster point, -1 if none.
        """
        out, _ = self.stand(stay)
        self._add_way(crossings, out)
        there = np.flatnonzero(np.isfinite(arrival) & (arrival < self.horizon) & (muster >= 0))
        out[there] += self.waiting(muster[there], arrival[there])
        return out

    def stand(
        self, stay: Stay, limit: NDArray[np.float64] | None = None
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Load of everybody at their place until they leave it, and when it reached a limit.

        Parameters
        ----------
        stay
            The time at their place.
        limit
            Load at which the moment is wanted, shape (n,); None: none. [unit of the probit]

        Returns
        -------
        load, reached
            Each of shape (n,); inf where the limit was not reached. [unit of the probit], [s]
        """
        out = np.zeros(stay.x.size)
        moment = np.full(out.size, np.inf)
        self._add_stay(stay, np.full(out.size, np.inf) if limit is None else limit, moment, out)
        return out, moment

    def waiting(self, muster: NDArray[np.int64], since: NDArray[np.float64]) -> NDArray[np.float64]:
        """Load at muster points from given times [s] until the horizon. [unit of the probit]"""
        leaf = np.array([self.graph.places[tag][0] for tag in self.graph.musters] or [0], np.int64)[muster]
        rows = self.spots(self.graph.node_x[leaf], self.graph.node_y[leaf])
        return self.at(rows, since, np.full(since.size, self.horizon))

    def at(
        self,
        rows: NDArray[np.int64],
        start: NDArray[np.float64],
        stop: NDArray[np.float64],
        part: NDArray[np.float64] | None = None,
    ) -> NDArray[np.float64]:
        """Load gathered at rows of the table, or parts of the way to the next ones, between times [s]. [probit unit]"""
        out = np.zeros(rows.size)
        begin, end = (np.ascontiguousarray(v) for v in (start, stop))
        k.between(self._total_of(rows, stop, part), rows, _parts(rows, part), begin, end, self._step, out)
        return out

    def when(
        self,
        rows: NDArray[np.int64],
        start: NDArray[np.float64],
        stop: NDArray[np.float64],
        load: NDArray[np.float64],
        part: NDArray[np.float64] | None = None,
    ) -> NDArray[np.float64]:
        """When people who stay at places, as in :meth:`at`, have gathered a load, inf if not by `stop`. [s]"""
        out = np.full(rows.size, np.inf)
        k.moments(self._total_of(rows, stop, part), rows, _parts(rows, part), start, stop, load, self._step, out)
        return out

    def _total_of(
        self, rows: NDArray[np.int64], stop: NDArray[np.float64], part: NDArray[np.float64] | None
    ) -> NDArray[np.float64]:
        """Running totals, with rows and their next ones sampled as far as they are asked for."""
        between = _parts(rows, part) > 0.0
        self._sample(np.concatenate([rows, rows[between] + 1]), np.concatenate([stop, stop[between]]))
        return self._total

    def rows(self, nodes: NDArray[np.int64]) -> NDArray[np.int64]:
        """Rows of the table for nodes of the ways, sampled over all time."""
        found = self.spots(self.graph.node_x[nodes], self.graph.node_y[nodes])
        self._sample(found, np.full(found.size, self.horizon))
        return found

    def concentration(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Mean concentration of every bin at rows of the table, shape (rows, bins). [kg m⁻³]"""
        self._sample(rows, np.full(rows.size, self.horizon))
        return self._air[rows]

    def tables(
        self, ways: NDArray[np.bool_] | None = None, slowing: Callable[[NDArray[np.float64]], ArrayLike] | None = None
    ) -> Air:
        """The air along ways over all time, for the engine and for plans.

        Parameters
        ----------
        ways
            Which two-way links are needed, shape (ways,); None: all.
        slowing
            Factor on the walking speed at concentrations [kg m⁻³]; None: nobody is slowed by them. A hazard that has a
            ``speed_factor(x, y, z, t)``, as :class:`~evacuation.Fire`, slows in any case.
        """
        used = np.arange(len(self.graph.kinds)) if ways is None else np.flatnonzero(ways)
        with self._lock:  # all of one state of the table
            rows = self._way_rows(used)
            self._sample(rows, np.full(rows.size, self.horizon))
            return Air(
                total=self._total,
                slow=_slow(self, rows, slowing),
                step=self._step,
                width=self.time_bin,
                segment_row=self._segment_row.copy(),
                segments=self._segments.copy(),
            )

    def load_of(self, concentration: ArrayLike, duration: ArrayLike) -> NDArray[np.float64]:
        """Load of a steady concentration [kg m⁻³] over a duration [s], in the weather of time 0."""
        state = self._states.states[0]
        rate = self.probit.load_rate(concentration, state.temperature, state.pressure)
        return np.asarray(rate * np.asarray(duration, float))

    @property
    def settings(self) -> Mapping[str, object]:
        """What the loads depend on, for the record."""
        state = self._states.states[0]
        return {
            "substance": self.substance.name,
            "probit": self.probit.name,
            "probit_a": self.probit.a,
            "probit_b": self.probit.b,
            "load_exponent": self.probit.n,
            "load_unit": self.probit.load_unit,
            "probit_source": self.probit.source,
            "probit_status": self.probit.status,
            "temperature": state.temperature,
            "pressure": state.pressure,
            "time_bin": self.time_bin,
            "segment": self.segment,
            "breathing_height": self.height,
            "standing_grid": self.standing_grid,
            "instants": self.instants,
            "accuracy": self.accuracy,
        }

    def __repr__(self) -> str:
        return (
            f"<Exposure to {self.substance.name} until {self.horizon:g} s: {self._count} places in bins of "
            f"{self.time_bin:g} s, {self.samples} samples, load in {self.probit.load_unit}>"
        )

    def _unit_rates(self) -> NDArray[np.float64]:
        """Load rate at 1 kg m⁻³ in every bin; the rate at c is this times c**n."""
        held = np.clip(np.searchsorted(self._states.times, self._mid, side="right") - 1, 0, None)
        rates = [float(self.probit.load_rate(1.0, s.temperature, s.pressure)) for s in self._states.states]
        return np.array(rates)[held]

    def spots(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.int64]:
        """Rows of places, new ones appended."""
        apart, which = np.unique(x + 1j * y, return_inverse=True)  # many stand on one point of the grid
        rows = np.empty(apart.size, np.int64)
        with self._lock:
            fresh: list[tuple[float, float]] = []
            for i, spot in enumerate(zip(apart.real.tolist(), apart.imag.tolist(), strict=True)):
                row = self._rows.get(spot)
                if row is None:
                    row = self._rows[spot] = self._count + len(fresh)
                    fresh.append(spot)
                rows[i] = row
            if fresh:
                self._append(*np.array(fresh).T)
        return rows[which]

    def _append(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> None:
        last = self._count + x.size
        if last > self._x.size:  # twice the room, so that many small additions copy little
            for name in ("_x", "_y", "_air", "_total", "_known"):
                old = getattr(self, name)
                new = np.zeros(
                    (max(last, 2 * self._x.size) if name == "_x" else self._x.size, *old.shape[1:]), old.dtype
                )
                new[: self._count] = old[: self._count]
                setattr(self, name, new)
        self._x[self._count : last], self._y[self._count : last] = x, y
        self._count = last

    def _sample(self, rows: NDArray[np.int64], stop: NDArray[np.float64]) -> None:
        """Ask the hazard for what rows need until a time and is not yet known.

        Always from time 0 on: the last bits of running totals must not depend on what was asked for before.
        """
        with self._lock:
            until = np.full(self._x.size, -np.inf)
            np.maximum.at(until, rows, stop)
            blocks = np.arange(self._known.shape[1])
            reach = until[:, None] + self._step  # the rate at an edge is of the steps on both sides
            wanted = (until[:, None] > 0.0) & (reach > blocks * self.time_bin * _BLOCK) & ~self._known
            for block in np.flatnonzero(wanted.any(axis=0)).tolist():
                bins = slice(block * _BLOCK, min((block + 1) * _BLOCK, self._bins))
                first, last = bins.start * self.instants, bins.stop * self.instants
                factor = np.repeat(self._factor[bins] * self._step, self.instants)
                new = np.flatnonzero(wanted[:, block])
                for part in np.array_split(new, max(1, -(-new.size * (last - first) // _MOST_POINTS))):
                    air = _shown(self, part, first, last)
                    self._air[part, bins] = air[:, 1:-1].reshape(part.size, -1, self.instants).mean(axis=2)
                    power = air**self.probit.n
                    # means of the parabola through neighbours; where they differ too much, as at a front, power itself
                    most = 2.0 * np.minimum(power[:, :-1], power[:, 1:])
                    mean = power[:, 1:-1] + np.diff(np.diff(power).clip(-most, most)) / 24.0
                    gained = np.concatenate([self._total[part, first, None], factor * mean], axis=1)
                    self._total[part, first : last + 1] = np.cumsum(gained, axis=1)
            self._known |= wanted

    def _add_stay(
        self, stay: Stay, limit: NDArray[np.float64], moment: NDArray[np.float64], out: NDArray[np.float64]
    ) -> None:
        if not out.size:
            return
        grid = self.standing_grid
        x, y = (np.round(v / grid) * grid if grid > 0.0 else v for v in (stay.x, stay.y))
        lived = np.isfinite(stay.room_x)
        room = np.full(x.size, -1, np.int64)
        ever_out = np.logical_or.reduceat(stay.mode == 0, stay.first[:-1])
        ever_in = np.logical_or.reduceat(stay.mode != 0, stay.first[:-1])
        spot = np.zeros(x.size, np.int64)
        outside = np.flatnonzero(ever_out | ~lived)
        spot[outside] = self.spots(x[outside], y[outside])
        self._sample(spot[outside], stay.stop[outside])
        inside = np.flatnonzero(lived & ever_in)
        room[inside] = self.spots(stay.room_x[inside], stay.room_y[inside])
        self._sample(room[inside], stay.stop[inside])
        k.standing(
            self._air, self._total, self._factor, self.probit.n, self.time_bin, self._step, spot, room, stay.stop,
            stay.exchange, stay.sealed, stay.first, stay.when, stay.mode, limit, moment, out,
        )  # fmt: skip

    def _add_way(self, crossings: Crossings, out: NDArray[np.float64]) -> None:
        if not crossings.link.size:
            return
        way = crossings.link // 2
        end = np.full(self._segments.size, -np.inf)
        np.maximum.at(end, way, np.minimum(crossings.times[:, 2], self.horizon))
        used = np.flatnonzero(end > -np.inf)
        rows = self._way_rows(used)
        self._sample(rows, np.repeat(end[used], self._segments[used] + 1))
        k.along(
            self._total, self._step, self.horizon, crossings.first, crossings.link, crossings.times,
            self._segment_row, self._segments, out,
        )  # fmt: skip

    def _way_rows(self, ways: NDArray[np.int64]) -> NDArray[np.int64]:
        """Rows of the ends of the pieces of ways, one way after the other, new ones appended."""
        with self._lock:
            new = ways[self._segment_row[ways] < 0]
            if new.size:
                self._segments[new] = _cut(self, new, self._segments[new])
                x, y = _ends(self.graph, new, self._segments[new])
                rows = self._segments[new] + 1
                self._segment_row[new] = self._count + np.cumsum(rows) - rows
                self._append(x, y)
            n = self._segments[ways] + 1
            return np.repeat(self._segment_row[ways], n) + np.arange(n.sum()) - np.repeat(np.cumsum(n) - n, n)


def _parts(rows: NDArray[np.int64], part: NDArray[np.float64] | None) -> NDArray[np.float64]:
    return np.zeros(rows.size) if part is None else part


def _slow(
    air: Exposure, rows: NDArray[np.int64], slowing: Callable[[NDArray[np.float64]], ArrayLike] | None
) -> NDArray[np.float64]:
    """Factor on the walking speed in each bin, by concentration and, at rows in use, by the hazard itself."""
    slow = np.empty((0, 1))
    if slowing is not None:
        slow = np.clip(np.asarray(slowing(air._air), float), 0.0, 1.0)
    if hasattr(air.hazard, "speed_factor"):
        factor = np.ones(air._air.shape)
        for part in np.array_split(rows, max(1, -(-rows.size * air._bins // _MOST_POINTS))):
            place = air._x[part, None], air._y[part, None], air.height, air._mid[None, :]
            factor[part] = np.clip(air.hazard.speed_factor(*place), 0.0, 1.0)
        slow = factor * slow if slow.size else factor
    return slow


def _shown(air: Exposure, rows: NDArray[np.int64], first: int, last: int) -> NDArray[np.float64]:
    """Concentration at instants ``first - 1`` to `last` of rows, (rows, last - first + 2).

    Every other instant is asked for, and those between them where they cannot be told from their neighbours.
    """

    def ask(who: NDArray[np.int64], instants: NDArray[np.int64]) -> NDArray[np.float64]:
        times = (instants.clip(0, air._bins * air.instants - 1) + 0.5) * air._step
        air.samples += who.size * times.size
        return _ask(air.hazard, air._x[who], air._y[who], air.height, np.asarray(times, float))

    even = np.arange(first - first % 2 - 4, last + 6, 2)
    asked = ask(rows, even)
    straight = 0.5 * (asked[:, 1:-2] + asked[:, 2:-1])
    bend = (straight - 0.5 * (asked[:, :-3] + asked[:, 3:])) / 8.0  # from the straight line to the cubic
    between = np.maximum(straight + bend, 0.0)
    near = np.max([asked[:, :-3], asked[:, 1:-2], asked[:, 2:-1], asked[:, 3:]], axis=0)
    rough = (np.abs(bend) > _SMOOTH * near).any(axis=1)
    rough &= (asked**air.probit.n).sum(axis=1) * 2.0 * air._step > air._few
    if rough.any():
        between[rough] = ask(rows[rough], even[1:-2] + 1)
    both = np.empty((rows.size, 2 * between.shape[1]))
    both[:, ::2], both[:, 1::2] = asked[:, 1:-2], between
    skipped = first - 1 - int(even[1])
    return both[:, skipped : skipped + last - first + 2]


def _cut(air: Exposure, ways: NDArray[np.int64], pieces: NDArray[np.int64]) -> NDArray[np.int64]:
    """Into how many pieces to cut ways, at least `pieces`: more where the cloud is narrow.

    Taking the air of the nearest point at distances h for a load rate f(x - u t), met by somebody walking at v,
    errs by h**2 (2 u / v - 1) f'' / 24 at each point (the means of both expanded to second order); u = -2 v, a
    cloud that comes towards the person at twice the walking pace, gives 5/24. The sum over the way and all time of
    the second differences, h**2 |f''|, is compared with that of f. It depends on nothing but the way.
    """
    length, pieces = air.graph.links.length[2 * ways], pieces.copy()
    tried = np.maximum(np.maximum(np.ceil(length / _LOOK).astype(np.int64), pieces), 2)
    left = np.arange(ways.size)
    while left.size:
        first = np.cumsum(tried[left] + 1) - tried[left] - 1
        x, y = _ends(air.graph, ways[left], tried[left])
        sums, bend = np.empty(x.size), np.zeros(x.size)
        for part in np.array_split(np.arange(x.size), max(1, -(-x.size * air._bins // _MOST_POINTS))):
            wide = np.arange(max(part[0] - 1, 0), min(part[-1] + 2, x.size))
            shown = _ask(air.hazard, x[wide], y[wide], air.height, air._mid)
            rate = shown**air.probit.n
            air.samples += rate.size
            sums[wide] = rate.sum(axis=1)
            bend[wide[1:-1]] = np.abs(rate[:-2] - 2.0 * rate[1:-1] + rate[2:]).sum(axis=1)
        bend[first], bend[np.append(first[1:] - 1, x.size - 1)] = 0.0, 0.0  # neighbours on another way
        all_of, curved = np.add.reduceat(sums, first), np.add.reduceat(bend, first)
        error = _BEND * curved / np.maximum(all_of, np.finfo(float).tiny)
        error[np.maximum.reduceat(sums, first) * air.time_bin < air._few] = 0.0
        factor = np.sqrt(error / air.accuracy)
        most = np.maximum(np.floor(length[left] / _SHORTEST), pieces[left]).astype(np.int64)
        wanted = np.minimum(np.ceil(tried[left] * np.minimum(factor, 4.0) - 1e-9).astype(np.int64), most)
        pieces[left] = np.maximum(pieces[left], wanted)
        more = wanted > tried[left]
        left = left[more]
        tried[left] = wanted[more]
    return pieces


def _ends(
    graph: WalkGraph, ways: NDArray[np.int64], pieces: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Ends of the pieces of ways, the beginning first, in the direction of the even link."""
    rows = pieces + 1
    way = np.repeat(ways, rows)
    part = (np.arange(way.size) - np.repeat(np.cumsum(rows) - rows, rows)) / np.repeat(pieces, rows)
    tail, head = graph.tail[2 * way], graph.head[2 * way]
    x, y = (v[tail] + part * (v[head] - v[tail]) for v in (graph.node_x, graph.node_y))
    return x, y


def _ask(
    hazard: Hazard, x: NDArray[np.float64], y: NDArray[np.float64], height: float, times: NDArray[np.float64]
) -> NDArray[np.float64]:
    """What a hazard shows, (places, times), with negative values taken as none. [kg m⁻³]

    Raises
    ------
    ModelError
        It answers no numbers, not one for each place and time, or some that are not finite.
    """
    answer = hazard.concentration(x[:, None], y[:, None], height, times[None, :])
    where, fix = f"{type(hazard).__name__}.concentration", "return kg m⁻³ in the broadcast shape of x, y, z, t"
    try:
        air = np.broadcast_to(np.asarray(answer, float), (x.size, times.size))
    except (TypeError, ValueError):
        what = f"the hazard answers {np.shape(answer)} of {type(answer).__name__}, not {(x.size, times.size)}"
        raise ModelError(what, where=where, fix=fix) from None
    if not np.isfinite(air).all():
        row, column = np.argwhere(~np.isfinite(air))[0]
        place = f"({x[row]:.1f}, {y[row]:.1f}) m at {times[column]:.0f} s"
        raise ModelError(f"the concentration at {place} is {air[row, column]}", where=where, fix=fix)
    shown: NDArray[np.float64] = np.maximum(air, 0.0)
    return shown
