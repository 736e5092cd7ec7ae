"""Toxic load of people: the air sampled where and when somebody breathes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import RLock

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evacuation._kernels import loads as k
from evacuation.routes import WalkGraph
from evacuation.walking import Air, Crossings
from plant_models.harm import Probit
from plant_models.substances import Substance
from twin.errors import ModelError
from twin.hazard import Hazard
from twin.weather import Weather, WeatherSeries

__all__ = ["Exposure", "Stay"]

_BLOCK = 30  # bins sampled together
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
        What the gas is: it carries the probits.
    weather
        Temperature and pressure of the air.
    horizon
        End of the count. [s]
    probit
        Name of the probit set; None: the default set of the substance.
    time_bin
        Concentration and load rate are averages over this time. [s]
    segment
        Links are cut into equal pieces no longer than this, sampled in their middle. [m]
    height
        Height at which people breathe. [m]
    standing_grid
        Standing positions are rounded to this grid; 0: each stands where it stands. [m]
    instants
        Instants of a bin over which the averages are taken, evenly spread. A puff that takes s seconds (one sigma) to
        pass is caught to 1 % when the instants are no farther apart than s.

    Raises
    ------
    ModelError
        A time, length or grid that makes no sense, or an unknown probit set.

    Notes
    -----
    The load of a person is the integral of ``c**n`` over time, in the unit of the probit. Walking people pass each
    segment of a link at constant speed and wait at its end; loads between bin edges come from running totals, so a
    crossing costs the same however long it takes. On the straight way from where they stood to the exit of their place
    people breathe the air of where they stood. Halving `time_bin` and `segment` and doubling `instants` tells the error
    of sampling: with the defaults the load of one person moves by up to 2 % in a cloud of 40 m (one sigma), 10 % at
    20 m and 145 % at 8 m, the sum over 200 people by 0.3 %. Make both smaller where single people in narrow clouds
    matter.
    """

    def __init__(
        self,
        graph: WalkGraph,
        hazard: Hazard,
        *,
        substance: Substance,
        weather: Weather | WeatherSeries,
        horizon: float,
        probit: str | None = None,
        time_bin: float = 10.0,
        segment: float = 10.0,
        height: float = 1.5,
        standing_grid: float = 0.0,
        instants: int = 5,
    ) -> None:
        for name, value, least in (
            ("horizon", horizon, 1e-9),
            ("time_bin", time_bin, 1e-9),
            ("segment", segment, 1e-9),
            ("height", height, 0.0),
            ("standing_grid", standing_grid, 0.0),
            ("instants", instants, 1),
        ):
            if not (np.isfinite(value) and value >= least):
                raise ModelError(f"{name} is {value!r}", where=f"Exposure.{name}", fix="give a positive number")
        self.graph, self.hazard, self.substance, self.horizon = graph, hazard, substance, float(horizon)
        self.probit: Probit = substance.harm.probit(probit)
        self.time_bin, self.segment, self.height = float(time_bin), float(segment), float(height)
        self.standing_grid, self.instants = float(standing_grid), int(instants)
        self._bins = max(int(np.ceil(horizon / time_bin - 1e-9)), 1)
        self._mid = (np.arange(self._bins) + 0.5) * self.time_bin
        self._states = WeatherSeries.of(weather)
        self._factor = self._unit_rates()
        self._rows: dict[tuple[float, float], int] = {}
        self._x, self._y = np.empty(0), np.empty(0)
        self._air, self._power = np.empty((0, self._bins)), np.empty((0, self._bins))
        self._total = np.empty((0, self._bins + 1))
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

    def at(self, rows: NDArray[np.int64], start: NDArray[np.float64], stop: NDArray[np.float64]) -> NDArray[np.float64]:
        """Load gathered at rows of the table between times [s]. [unit of the probit]"""
        out = np.zeros(rows.size)
        self._sample(rows, np.zeros(rows.size), stop)
        k.between(self._total, rows, np.ascontiguousarray(start), np.ascontiguousarray(stop), self.time_bin, out)
        return out

    def when(
        self,
        rows: NDArray[np.int64],
        start: NDArray[np.float64],
        stop: NDArray[np.float64],
        load: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        """When people who stay at rows of the table have gathered a load, inf if not by `stop`. [s]"""
        out = np.full(rows.size, np.inf)
        self._sample(rows, np.zeros(rows.size), stop)
        k.moments(self._total, rows, start, stop, load, self.time_bin, out)
        return out

    def rows(self, nodes: NDArray[np.int64]) -> NDArray[np.int64]:
        """Rows of the table for nodes of the ways, sampled over all time."""
        found = self.spots(self.graph.node_x[nodes], self.graph.node_y[nodes])
        self._sample(found, np.zeros(found.size), np.full(found.size, self.horizon))
        return found

    def concentration(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Mean concentration of every bin at rows of the table, shape (rows, bins). [kg m⁻³]"""
        self._sample(rows, np.zeros(rows.size), np.full(rows.size, self.horizon))
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
            Factor on the walking speed at concentrations [kg m⁻³]; None: nobody is slowed.
        """
        used = np.arange(len(self.graph.kinds)) if ways is None else np.flatnonzero(ways)
        rows = self._way_rows(used)
        self._sample(rows, np.zeros(rows.size), np.full(rows.size, self.horizon))
        slow = np.empty((0, 1))
        if slowing is not None:
            slow = np.clip(np.asarray(slowing(self._air), float), 0.0, 1.0)
        return Air(
            total=self._total,
            slow=slow,
            width=self.time_bin,
            segment_row=self._segment_row.copy(),
            segments=self._segments,
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
        }

    def __repr__(self) -> str:
        return (
            f"<Exposure to {self.substance.name} until {self.horizon:g} s: {self._x.size} places in bins of "
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
                    row = self._rows[spot] = self._x.size + len(fresh)
                    fresh.append(spot)
                rows[i] = row
            self._append(fresh)
        return rows[which]

    def _append(self, spots: list[tuple[float, float]]) -> None:
        if not spots:
            return
        n, xy = len(spots), np.array(spots)
        self._x, self._y = np.concatenate([self._x, xy[:, 0]]), np.concatenate([self._y, xy[:, 1]])
        self._air = np.concatenate([self._air, np.zeros((n, self._bins))])
        self._power = np.concatenate([self._power, np.zeros((n, self._bins))])
        self._total = np.concatenate([self._total, np.zeros((n, self._bins + 1))])
        self._known = np.concatenate([self._known, np.zeros((n, self._known.shape[1]), np.bool_)])

    def _sample(self, rows: NDArray[np.int64], start: NDArray[np.float64], stop: NDArray[np.float64]) -> None:
        """Ask the hazard for the blocks of bins in which a row is needed and not yet known.

        Whoever takes differences of running totals asks from time 0 on: their last bits must not depend on what was
        asked for before.
        """
        with self._lock:
            count, blocks = self._known.shape
            span = self.time_bin * _BLOCK
            since, until = np.full(count, np.inf), np.full(count, -np.inf)
            np.minimum.at(since, rows, start)
            np.maximum.at(until, rows, stop)
            edge = np.arange(blocks) * span
            wanted = (since[:, None] < edge + span) & (until[:, None] > edge) & ~self._known
            for block in np.flatnonzero(wanted.any(axis=0)).tolist():
                bins = slice(block * _BLOCK, min((block + 1) * _BLOCK, self._bins))
                shift = ((np.arange(self.instants) + 0.5) / self.instants - 0.5) * self.time_bin
                times = (self._mid[bins, None] + shift).ravel()
                new = np.flatnonzero(wanted[:, block])
                for part in np.array_split(new, max(1, -(-new.size * times.size // _MOST_POINTS))):
                    air = _ask(self.hazard, self._x[part], self._y[part], self.height, times)
                    shown = air.reshape(part.size, -1, self.instants)
                    self._air[part, bins] = shown.mean(axis=2)
                    self._power[part, bins] = (shown**self.probit.n).mean(axis=2)
                    self.samples += part.size * times.size
            self._known |= wanted
            changed = np.flatnonzero(wanted.any(axis=1))
            self._total[changed, 1:] = np.cumsum(self._factor * self._power[changed] * self.time_bin, axis=1)

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
        begin = np.zeros(x.size)
        outside = np.flatnonzero(ever_out | ~lived)
        spot[outside] = self.spots(x[outside], y[outside])
        self._sample(spot[outside], begin[outside], stay.stop[outside])
        inside = np.flatnonzero(lived & ever_in)
        room[inside] = self.spots(stay.room_x[inside], stay.room_y[inside])
        self._sample(room[inside], begin[inside], stay.stop[inside])
        k.standing(
            self._air, self._total, self._factor, self.probit.n, self.time_bin, spot, room, stay.stop, stay.exchange,
            stay.sealed, stay.first, stay.when, stay.mode, limit, moment, out,
        )  # fmt: skip

    def _add_way(self, crossings: Crossings, out: NDArray[np.float64]) -> None:
        if not crossings.link.size:
            return
        way = crossings.link // 2
        used = np.unique(way)
        rows = self._way_rows(used)
        end = np.full(used.size, -np.inf)
        np.maximum.at(end, np.searchsorted(used, way), np.minimum(crossings.times[:, 2], self.horizon))
        self._sample(rows, np.zeros(rows.size), np.repeat(end, self._segments[used]))
        k.along(
            self._total, self.time_bin, self.horizon, crossings.first, crossings.link, crossings.times,
            self._segment_row, self._segments, out,
        )  # fmt: skip

    def _way_rows(self, ways: NDArray[np.int64]) -> NDArray[np.int64]:
        """Rows of the segments of ways, one way after the other, new ones appended."""
        with self._lock:
            fresh: list[tuple[float, float]] = []
            for number in ways[self._segment_row[ways] < 0].tolist():
                self._segment_row[number] = self._x.size + len(fresh)
                fresh += self._middles(number)
            self._append(fresh)
            n = self._segments[ways]
            return np.repeat(self._segment_row[ways], n) + np.arange(n.sum()) - np.repeat(np.cumsum(n) - n, n)

    def _middles(self, way: int) -> list[tuple[float, float]]:
        """Middles of the segments of a way, in the direction of its even link."""
        n = int(self._segments[way])
        part = (np.arange(n) + 0.5) / n
        tail, head = self.graph.tail[2 * way], self.graph.head[2 * way]
        x = self.graph.node_x[tail] + part * (self.graph.node_x[head] - self.graph.node_x[tail])
        y = self.graph.node_y[tail] + part * (self.graph.node_y[head] - self.graph.node_y[tail])
        return list(zip(x.tolist(), y.tolist(), strict=True))


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
