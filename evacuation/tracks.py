"""What an evacuation tells: times, ways, toxic loads, head-count."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evacuation.behaviour import State
from evacuation.casualties import Casualties, casualty_count
from evacuation.condition import Condition
from evacuation.population import Population
from evacuation.routes import WalkGraph
from evacuation.walking import Crossings
from plant_models.harm import Threshold
from twin.errors import ModelError, near

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from twin.graph import Twin
    from twin.store import Variable

__all__ = ["Evacuation", "Headcount", "Tracks"]


_CHANGES = ("impaired_time", "incapacitated_time", "death_time", "rescued_time")


class Headcount(NamedTuple):
    """People counted in at the muster points.

    Parameters
    ----------
    times
        Arrival times in order, beginning with 0 and ending with the horizon. [s]
    mustered
        People mustered from that time on.
    """

    times: NDArray[np.float64]
    mustered: NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tracks:
    """Where everybody was.

    Parameters
    ----------
    graph
        Ways.
    crossings
        Links walked.
    shelter_time
        When each closed the room, inf if never or if left again, shape (n,). [s]
    walk_time
        When each came to the exit of the place, shape (n,). [s]
    """

    graph: WalkGraph
    crossings: Crossings
    shelter_time: NDArray[np.float64]
    walk_time: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evacuation:
    """Result of an evacuation; person i is entry i of every array.

    Parameters
    ----------
    population
        The people.
    tracks
        Their ways.
    state
        :class:`evacuation.State` at the horizon, shape (n,).
    order_time
        First order heard, inf if none. [s]
    start_time
        Setting out to walk, inf if not. [s]
    arrival_time
        Reaching the muster point, inf if not by the horizon. [s]
    muster
        Number of the muster point walked to, in ``tracks.graph.musters``; -1 if none.
    load
        Toxic load until the horizon, in ``settings["load_unit"]``; NaN without a hazard.
    probability
        Part of people whom that load kills; NaN without a hazard.
    events
        (time [s], name, detail), in order of time.
    settings
        Horizon, seed, constants, probit set with its source, warnings.
    condition
        :class:`evacuation.Condition` at the horizon; fit where nobody's tolerance was asked for.
    told_time
        Hearing the order to walk, or the time to leave a shelter by a plan; inf if not told, or told to stay since. [s]
    impaired_time, incapacitated_time, death_time, rescued_time
        Changes of condition, inf where it did not come to that. [s]
    """

    population: Population
    tracks: Tracks
    state: NDArray[np.int8]
    order_time: NDArray[np.float64]
    start_time: NDArray[np.float64]
    arrival_time: NDArray[np.float64]
    muster: NDArray[np.int64]
    load: NDArray[np.float64]
    probability: NDArray[np.float64]
    events: tuple[tuple[float, str, str], ...]
    settings: Mapping[str, Any]
    condition: NDArray[np.int8] = field(default_factory=lambda: np.empty(0, np.int8))
    told_time: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    impaired_time: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    incapacitated_time: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    death_time: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    rescued_time: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))

    def __post_init__(self) -> None:
        n = len(self.population)
        if self.condition.size != n:
            object.__setattr__(self, "condition", np.full(n, int(Condition.FIT), np.int8))
        for name in ("told_time", *_CHANGES):
            if getattr(self, name).size != n:
                object.__setattr__(self, name, np.full(n, np.inf))

    @property
    def headcount(self) -> Headcount:
        """People mustered over time."""
        return self._counted(self.arrival_time)

    def headcounts(self, by: Literal["group", "place", "muster"]) -> dict[str, Headcount]:
        """People mustered over time of every group, of every place they started from, or at every muster point.

        Raises
        ------
        ModelError
            Another word.
        """
        kinds = {
            "group": (self.population.groups, self.population.group),
            "place": (self.population.places, self.population.place),
            "muster": (self.tracks.graph.musters, self.muster),
        }
        if by not in kinds:
            raise ModelError(f"no head-counts by {by!r}", where="Evacuation.headcounts", fix=near(by, tuple(kinds)))
        names, number = kinds[by]
        return {name: self._counted(self.arrival_time[number == k]) for k, name in enumerate(names)}

    @property
    def clearance_time(self) -> float:
        """When the last person who was to walk and can walk had arrived.

        People who fell on the way are casualties, not late: they do not count. Inf if somebody who can walk had not
        arrived by the horizon, NaN if nobody was to walk. [s]
        """
        sent = self._sent & ~((self.incapacitated_time < np.inf) & np.isinf(self.arrival_time))
        return float(self.arrival_time[sent].max()) if sent.any() else float("nan")

    def unaccounted(self, t: ArrayLike) -> NDArray[np.int64]:
        """People who were told to walk and have not been counted in, the fallen among them.

        Parameters
        ----------
        t
            Any shape. [s]
        """
        time = np.asarray(t, float)
        told = np.sort(self.told_time[np.isfinite(self.told_time)])
        come = np.sort(self.arrival_time[np.isfinite(self.told_time)])
        return np.searchsorted(told, time, side="right") - np.searchsorted(come, time, side="right")

    def positions(self, t: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Where everybody is at a time: x and y, shape (n,). [m]

        People stand at their place, walk straight to its exit, move along links at the speed of each crossing, wait
        at link ends, and stay at the muster point. Who falls stays there, also when carried out later, for nobody knows
        where to.
        """
        moment = np.minimum(t, self.incapacitated_time)
        graph, crossings = self.tracks.graph, self.tracks.crossings
        x, y = self.population.x.copy(), self.population.y.copy()
        if not graph.node_x.size:
            return x, y
        leaf = np.array([graph.places.get(tag, (-1, -1))[0] for tag in self.population.places] or [-1], np.int64)
        exit_node = leaf[self.population.place]
        out = np.flatnonzero((moment >= self.start_time) & (exit_node >= 0))
        begun, door = self.start_time[out], exit_node[out]
        part = np.clip((moment[out] - begun) / np.maximum(self.tracks.walk_time[out] - begun, 1e-9), 0.0, 1.0)
        x[out] += part * (graph.node_x[door] - x[out])
        y[out] += part * (graph.node_y[door] - y[out])
        row = self._crossing_at(moment)
        on = np.flatnonzero(row >= 0)
        link, (enter, ready) = crossings.link[row[on]], crossings.times[row[on], :2].T
        part = np.clip((moment[on] - enter) / (ready - enter), 0.0, 1.0)
        tail, head = graph.tail[link], graph.head[link]
        x[on] = graph.node_x[tail] + part * (graph.node_x[head] - graph.node_x[tail])
        y[on] = graph.node_y[tail] + part * (graph.node_y[head] - graph.node_y[tail])
        there = np.flatnonzero(self.arrival_time <= moment)
        ends = np.array([graph.places[tag][0] for tag in graph.musters] or [0], np.int64)[self.muster[there]]
        x[there], y[there] = graph.node_x[ends], graph.node_y[ends]
        return x, y

    @property
    def expected_deaths(self) -> float:
        """Sum of the probabilities of death; NaN without a hazard.

        Where people fall by their own tolerance, whoever is susceptible stays longer in the gas, so that the sum of the
        probabilities at the loads is no expectation: then it is the number of the dead of this draw of people, whose
        mean over replications is the expectation.
        """
        if "incapacitating_share" in self.settings:
            return float((self.condition == Condition.DEAD).sum())
        return float(self.probability.sum())

    def casualties(self, *, cover: float = 0.95) -> Casualties:
        """Distribution of the number of deaths at the loads of these people: what is left to chance is who dies.

        Raises
        ------
        ModelError
            No hazard was given, or people fell by their own tolerance: then the dead are counted in this run, and the
            interval is that over replications.
        """
        fix = "evacuate with a hazard and without a tolerance, or ask for the interval of replications"
        if "load_unit" not in self.settings or "incapacitating_share" in self.settings:
            raise ModelError("deaths are no matter of chance here", where="Evacuation.casualties", fix=fix)
        return casualty_count(self.probability, cover=cover)

    def over(self, threshold: Threshold) -> NDArray[np.bool_]:
        """Who gathered more than the load of a threshold held for its duration, shape (n,).

        The load exponent is that of the probit set, which may differ from the one behind the threshold.

        Raises
        ------
        ModelError
            No hazard was given, the threshold has no duration, or it is of another substance.
        """
        if "load_unit" not in self.settings:
            raise ModelError("there are no loads", where="Evacuation.over", fix="evacuate with a hazard")
        if threshold.duration is None:
            raise ModelError(f"{threshold.name} has no duration", where="Evacuation.over", fix="take a toxic threshold")
        if threshold.substance != self.settings["substance"]:
            what = f"{threshold.name} is of {threshold.substance}, the gas is {self.settings['substance']}"
            raise ModelError(what, where="Evacuation.over", fix="take the threshold of the released substance")
        n, unit = float(self.settings["load_exponent"]), str(self.settings["load_unit"])
        mass = threshold.concentration(float(self.settings["temperature"]), float(self.settings["pressure"]))
        c = threshold.ppm if unit.startswith("ppm") else mass * 1e6
        return np.asarray(self.load > c**n * threshold.duration / 60.0)

    def to_pandas(self) -> pd.DataFrame:
        """One row a person, times in seconds."""
        import pandas as pd

        people, musters = self.population, np.array([*self.tracks.graph.musters, ""])
        return pd.DataFrame(
            {
                "group": np.array([*people.groups, ""])[people.group],
                "place": np.array([*people.places, ""])[people.place],
                "x": people.x,
                "y": people.y,
                "indoors": people.indoors,
                "mobile": people.mobile,
                "speed": people.speed,
                "premovement": people.premovement,
                "state": np.array([s.name.lower() for s in State])[self.state],
                "order_time": self.order_time,
                "told_time": self.told_time,
                "start_time": self.start_time,
                "shelter_time": self.tracks.shelter_time,
                "arrival_time": self.arrival_time,
                "muster": musters[self.muster],
                "load": self.load,
                "probability": self.probability,
                "condition": np.array([c.name.lower() for c in Condition])[self.condition],
                **{name: getattr(self, name) for name in _CHANGES},
            }
        ).rename_axis("person")

    def variables(self) -> dict[str, Variable]:
        """Arrays with units, for `twin.store`."""
        from twin.store import Variable

        unit = str(self.settings.get("load_unit", ""))
        people, crossings, person = self.population, self.tracks.crossings, ("person",)
        rows = (
            ("x", person, people.x, "m", "east coordinate at the start"),
            ("y", person, people.y, "m", "north coordinate at the start"),
            ("place", person, people.place, "1", "number of the place"),
            ("group", person, people.group, "1", "number of the group"),
            ("indoors", person, people.indoors.astype(np.int8), "1", "1 if inside at the start"),
            ("speed", person, people.speed, "m s-1", "free walking speed"),
            ("premovement", person, people.premovement, "s", "premovement time"),
            ("state", person, self.state, "1", ", ".join(f"{int(s)} {s.name.lower()}" for s in State)),
            ("order_time", person, self.order_time, "s", "first order heard"),
            ("told_time", person, self.told_time, "s", "hearing the order to walk"),
            ("start_time", person, self.start_time, "s", "setting out to walk"),
            ("shelter_time", person, self.tracks.shelter_time, "s", "closing the room"),
            ("arrival_time", person, self.arrival_time, "s", "arrival at the muster point"),
            ("muster", person, self.muster, "1", "number of the muster point"),
            ("load", person, self.load, unit or "1", "toxic load until the horizon"),
            ("probability", person, self.probability, "1", "probability of death"),
            ("condition", person, self.condition, "1", ", ".join(f"{int(c)} {c.name.lower()}" for c in Condition)),
            *((name, person, getattr(self, name), "s", name.replace("_", " ")) for name in _CHANGES),
            ("first_crossing", ("person_edge",), crossings.first, "1", "first crossing of each person"),
            ("crossing_link", ("crossing",), crossings.link, "1", "directed link"),
            ("crossing_enter", ("crossing",), crossings.times[:, 0].copy(), "s", "entering the link"),
            ("crossing_ready", ("crossing",), crossings.times[:, 1].copy(), "s", "reaching its end"),
            ("crossing_leave", ("crossing",), crossings.times[:, 2].copy(), "s", "leaving it"),
        )
        return {name: Variable(dims=d, data=a, units=u, long_name=text) for name, d, a, u, text in rows}

    def plot(self, ax: Axes | None = None, *, park: Twin | None = None, time: float | None = None) -> Axes:
        """Draw the map, see :func:`evacuation.plot_evacuation`."""
        from evacuation.view import plot_evacuation

        return plot_evacuation(self, ax=ax, park=park, time=time)

    def _counted(self, arrival: NDArray[np.float64]) -> Headcount:
        come = np.sort(arrival[np.isfinite(arrival)])
        times = np.concatenate([[0.0], come, [float(self.settings["horizon"])]])
        return Headcount(times, np.concatenate([[0], np.arange(1, come.size + 1), [come.size]]))

    @property
    def _sent(self) -> NDArray[np.bool_]:
        return np.isfinite(self.start_time)

    def _crossing_at(self, moment: NDArray[np.float64]) -> NDArray[np.int64]:
        """Row of the crossing each person is on at a time of its own, -1 if none."""
        crossings = self.tracks.crossings
        until = np.repeat(moment, np.diff(crossings.first))
        begun = np.concatenate([[0], np.cumsum(crossings.times[:, 0] <= until)])
        done = begun[crossings.first[1:]] - begun[crossings.first[:-1]]
        row = crossings.first[:-1] + done - 1
        gone = self.arrival_time <= moment
        return np.where((done > 0) & ~gone, row, -1)

    def __repr__(self) -> str:
        counts = ", ".join(f"{int((self.state == s).sum())} {s.name.lower()}" for s in State if (self.state == s).any())
        clear = f", clear after {self.clearance_time:.0f} s" if np.isfinite(self.clearance_time) else ""
        harm = ""
        if "load_unit" in self.settings:
            doubt = "" if self.settings["probit_status"] == "verified" else " (unverified)"
            harm = f"; expected deaths {self.expected_deaths:.3g} by probit {self.settings['probit']}{doubt}"
        return (
            f"<Evacuation of {len(self.population)} people until {self.settings['horizon']:g} s: {counts}{clear}{harm}>"
        )
