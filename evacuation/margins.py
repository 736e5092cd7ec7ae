"""Time that is left: when people of a place are safe (RSET) against when the gas gets there (ASET)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from evacuation.exposure import Exposure
from evacuation.tracks import Evacuation
from plant_models.harm import Threshold
from twin.errors import ModelError

if TYPE_CHECKING:
    import pandas as pd

    from evacuation.routes import WalkGraph

__all__ = ["Margins", "egress_margins"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Margins:
    """Required and available safe egress times of places and of ways.

    Parameters
    ----------
    graph
        Ways.
    limit, by
        Name of the threshold, and whether its concentration or its load is counted as unsafe.
    places
        Tags of the places from which somebody walked, shape (p,).
    people
        How many, shape (p,).
    detection, alarm, premovement, travel
        Parts of the required time of each place, shape (p,). They are those of one person, the one at the share asked
        for in the order of safety, so that they add up. [s]
    aset
        When the air outside at the place reaches the limit, inf if not by the horizon, shape (p,). [s]
    way_rset
        When the last one left each two-way link, inf if somebody never does, NaN where nobody walked, shape (ways,).
        [s]
    way_aset
        When the air at one of its ends reaches the limit, inf if not by the horizon; NaN where nobody walked,
        shape (ways,). [s]
    """

    graph: WalkGraph
    limit: str
    by: str
    places: tuple[str, ...]
    people: NDArray[np.int64]
    detection: NDArray[np.float64]
    alarm: NDArray[np.float64]
    premovement: NDArray[np.float64]
    travel: NDArray[np.float64]
    aset: NDArray[np.float64]
    way_rset: NDArray[np.float64]
    way_aset: NDArray[np.float64]

    @property
    def rset(self) -> NDArray[np.float64]:
        """Required time of each place since scenario start, inf if somebody does not arrive. [s]"""
        return self.detection + self.alarm + self.premovement + self.travel

    @property
    def margin(self) -> NDArray[np.float64]:
        """Available less required time of each place; inf where the gas does not come. [s]"""
        return _less(self.aset, self.rset)

    @property
    def way_margin(self) -> NDArray[np.float64]:
        """Available less required time of each two-way link; NaN where nobody walked. [s]"""
        return _less(self.way_aset, self.way_rset)

    def to_pandas(self) -> pd.DataFrame:
        """One row a place, the least margin first."""
        import pandas as pd

        names = ("people", "detection", "alarm", "premovement", "travel", "rset", "aset", "margin")
        rows = pd.DataFrame({name: getattr(self, name) for name in names}, index=pd.Index(self.places, name="place"))
        return rows.sort_values("margin", kind="stable")

    def __repr__(self) -> str:
        short = int((self.margin < 0.0).sum())
        return f"<Margins to the {self.by} of {self.limit}: {len(self.places)} places, {short} of them too late>"


def egress_margins(
    evacuation: Evacuation,
    exposure: Exposure,
    threshold: Threshold,
    *,
    by: Literal["concentration", "load"] = "concentration",
    detection: float = 0.0,
    share: float = 1.0,
) -> Margins:
    """Compare when people are safe with when the gas makes places and ways unsafe.

    Parameters
    ----------
    evacuation
        Result.
    exposure
        Air of the places, on the ways of the evacuation.
    threshold
        Limit.
    by
        Unsafe once the mean concentration of a time bin reaches that of the threshold (from the beginning of the bin),
        or once somebody who stood there from the start gathered its load: concentration held for its duration.
    detection
        When the gas was detected, the first part of the required time. [s]
    share
        Share of the people of a place who must be safe: 1 for the last one.

    Returns
    -------
    Margins
        Required times of the people who were to walk. Who fell is never safe.

    Raises
    ------
    ModelError
        The exposure is of other ways or of another substance, the threshold has no duration though loads are asked
        for, somebody heard an order before the detection, or the share is not in (0, 1].

    References
    ----------
    ISO/TR 16738:2009, Fire-safety engineering: methods for evaluating behaviour and movement of people: the required
    safe escape time as the sum of detection, warning, pre-travel and travel times. Purser D.A. (2016), SFPE Handbook of
    Fire Protection Engineering, 5th ed., chapter 63: the available time by limits of exposure.
    """
    _check(evacuation, exposure, threshold, by=by, detection=detection, share=share)
    graph, people = evacuation.tracks.graph, evacuation.population
    sent = np.flatnonzero(np.isfinite(evacuation.start_time))
    chosen = np.unique(people.place[sent])
    one = np.array([_last(evacuation, sent[people.place[sent] == k], share) for k in chosen], np.int64)
    # the moment of the order that was followed; an earlier one to take shelter is part of the time to the alarm
    told = np.maximum(evacuation.start_time[one] - people.premovement[one], detection)
    exits = np.array([graph.places.get(people.places[k], (-1, -1))[0] for k in chosen], np.int64)
    at_exit = _unsafe(exposure, exposure.spots(graph.node_x[exits], graph.node_y[exits]), threshold, by)
    middle = np.array([[v[sent[people.place[sent] == k]].mean() for v in (people.x, people.y)] for k in chosen])
    middle = middle.reshape(-1, 2)
    at_middle = _unsafe(exposure, exposure.spots(middle[:, 0], middle[:, 1]), threshold, by)
    way_rset, way_aset = _ways(evacuation, exposure, threshold, by)
    return Margins(
        graph=graph, limit=threshold.name,
        by=by, places=tuple(people.places[k] for k in chosen),
        people=np.bincount(people.place[sent], minlength=len(people.places))[chosen],
        detection=np.full(chosen.size, float(detection)), alarm=told - detection,
        premovement=evacuation.start_time[one] - told,
        travel=evacuation.arrival_time[one] - evacuation.start_time[one], aset=np.minimum(at_exit, at_middle),
        way_rset=way_rset, way_aset=way_aset,
    )  # fmt: skip


def _check(
    evacuation: Evacuation, exposure: Exposure, threshold: Threshold, *, by: str, detection: float, share: float
) -> None:
    def refuse(what: str, fix: str) -> ModelError:
        return ModelError(what, where="egress_margins", fix=fix)

    if exposure.graph is not evacuation.tracks.graph:
        raise refuse("the exposure was built on other ways", "give the exposure the evacuation was played in")
    if threshold.substance != exposure.substance.name:
        what = f"{threshold.name} is of {threshold.substance}, the gas is {exposure.substance.name}"
        raise refuse(what, "take the threshold of the released substance")
    if by not in {"concentration", "load"}:
        raise refuse(f"by is {by!r}", 'give "concentration" or "load"')
    if by == "load" and threshold.duration is None:
        raise refuse(f"{threshold.name} has no duration", "take a toxic threshold, or margins by concentration")
    if not 0.0 < share <= 1.0:
        raise refuse(f"share is {share!r}", "give a share above 0, at most 1")
    first = float(evacuation.order_time.min(initial=np.inf))
    if not (np.isfinite(detection) and 0.0 <= detection <= first):
        raise refuse(f"detection at {detection:g} s, first order at {first:g} s", "give the time of the detection")


def _last(evacuation: Evacuation, who: NDArray[np.int64], share: float) -> int:
    """Person who makes the share of those at a place safe."""
    order = who[np.argsort(evacuation.arrival_time[who], kind="stable")]
    return int(order[int(np.ceil(share * order.size - 1e-9)) - 1])


def _unsafe(exposure: Exposure, rows: NDArray[np.int64], threshold: Threshold, by: str) -> NDArray[np.float64]:
    """When the air at rows of the table reaches the limit, inf if not by the horizon. [s]"""
    air = exposure.settings
    level = float(threshold.concentration(float(str(air["temperature"])), float(str(air["pressure"]))))
    if by == "load":
        load = np.full(rows.size, float(exposure.load_of(level, threshold.duration or 0.0)))
        return exposure.when(rows, np.zeros(rows.size), np.full(rows.size, exposure.horizon), load)
    over = exposure.concentration(rows) >= level
    return np.where(over.any(axis=1), over.argmax(axis=1) * exposure.time_bin, np.inf)


def _ways(
    evacuation: Evacuation, exposure: Exposure, threshold: Threshold, by: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    told, graph = evacuation.tracks.crossings, evacuation.tracks.graph
    rset = np.full(len(graph.kinds), -np.inf)
    np.maximum.at(rset, told.link // 2, told.times[:, 2])
    used = np.flatnonzero(np.isfinite(rset) | (rset == np.inf))
    rset[rset == -np.inf] = np.nan
    aset = np.full(rset.size, np.nan)
    nodes, place = np.unique(np.concatenate([graph.tail[2 * used], graph.head[2 * used]]), return_inverse=True)
    moment = _unsafe(exposure, exposure.spots(graph.node_x[nodes], graph.node_y[nodes]), threshold, by)
    aset[used] = moment[place].reshape(2, -1).min(axis=0)
    return rset, aset


def _less(available: NDArray[np.float64], required: NDArray[np.float64]) -> NDArray[np.float64]:
    safe = np.isinf(available)
    return np.where(safe, np.where(np.isnan(required), np.nan, np.inf), np.where(safe, 0.0, available) - required)
