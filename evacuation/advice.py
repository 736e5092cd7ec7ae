"""Shelter or evacuate: advice for each zone, with its margin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from evacuation.planning import Plan, Traveller, make_plan
from twin.errors import ModelError, Problem, near

__all__ = ["Advice", "Choice", "advise"]

_LEAST_PART = 0.001  # of the load either way that is told as a number
_SENTENCE = {
    "en": {
        "evacuate": "{zone}: evacuate, {ratio} as much load by walking as by sheltering{over}.",
        "shelter": "{zone}: shelter and leave {leave}, {ratio} as much load as by walking{over}.",
        "either": "{zone}: no clear advantage, sheltering and walking differ by less than the uncertainty of a factor "
        "of {doubt:g}{over}.",
        "only": "{zone}: evacuate, there is no room to shelter in{over}.",
        "clean": "{zone}: no clear advantage, no gas is expected either way.",
        "over": "; {name}: {walk} people over it by walking, {stay} by sheltering",
        "over_alone": "; {name}: {walk} people over it",
        "leave": "after {:.0f} min",
        "stay": "not before the end of the forecast",
        "part": "{:.2g} times",
        "less": "less than {:g} times",
    },
    "zh": {
        "evacuate": "{zone}：建议撤离，步行所受毒负荷为就地避难的 {ratio}{over}。",
        "shelter": "{zone}：建议就地避难，{leave}离开，毒负荷为步行撤离的 {ratio}{over}。",
        "either": "{zone}：两种方案无明显优劣，毒负荷差别小于不确定度（{doubt:g} 倍）{over}。",
        "only": "{zone}：建议撤离，没有可避难的房间{over}。",
        "clean": "{zone}：两种方案无明显优劣，预计均不受毒气影响。",
        "over": "；超过 {name} 的人数：步行 {walk}，避难 {stay}",
        "over_alone": "；超过 {name} 的人数：{walk}",
        "leave": "{:.0f} 分钟后",
        "stay": "预报时段结束前不",
        "part": "{:.2g} 倍",
        "less": "{:g} 倍以下",
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The two loads for one departure delay.

    Parameters
    ----------
    delay
        Time from the order to setting out on foot. [s]
    walk, stay
        Mean load of a person who walks, and who shelters and leaves at the best time; `stay` is nan where no place of
        the zone has a room. [unit of the forecast]
    leave
        Mean time from the order to leaving the shelter, inf if the best is to stay to the end. [s]
    over_walk, over_stay
        People over each limit.
    action
        What is better by more than the uncertainty.
    """

    delay: float
    walk: float
    stay: float
    leave: float
    over_walk: Mapping[str, int]
    over_stay: Mapping[str, int]
    action: Literal["evacuate", "shelter", "either"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """Advice for one zone.

    Parameters
    ----------
    zone
        Name.
    people
        Number of people.
    choice
        For the expected departure delay.
    delays
        The same for other delays: how the advice depends on them.
    uncertainty
        Factor within which loads are taken as equal.
    """

    zone: str
    people: int
    choice: Choice
    delays: tuple[Choice, ...]
    uncertainty: float

    @property
    def action(self) -> Literal["evacuate", "shelter", "either"]:
        """What is better by more than the uncertainty."""
        return self.choice.action

    @property
    def ratio(self) -> float:
        """Load of sheltering over that of walking; above 1 walking is better, nan without a room or without gas."""
        return self.choice.stay / self.choice.walk if self.choice.walk > 0.0 else float("nan")

    @property
    def margin(self) -> float:
        """Load of walking less that of sheltering, all people of the zone together. [unit of the forecast]"""
        return self.people * (self.choice.walk - self.choice.stay)

    @property
    def turning_delay(self) -> float:
        """Least of the delays looked at for which the advice is another one, inf if none is. [s]"""
        return min((c.delay for c in self.delays if c.action != self.action), default=float("inf"))

    def sentence(self, language: Literal["en", "zh"] = "en") -> str:
        """The advice in one plain sentence."""
        words, told = _SENTENCE[language], self.choice
        alone = "" if told.over_stay else "_alone"
        over = "".join(
            words["over" + alone].format(name=n, walk=told.over_walk[n], stay=told.over_stay.get(n, "-"))
            for n in told.over_walk
        )
        if np.isnan(told.stay):
            return words["only"].format(zone=self.zone, over=over)
        if told.walk == told.stay == 0.0:
            return words["clean"].format(zone=self.zone)
        low, high = sorted((told.walk, told.stay))
        leave = words["leave"].format(told.leave / 60.0) if np.isfinite(told.leave) else words["stay"]
        part = words["part"].format(low / high) if low / high >= _LEAST_PART else words["less"].format(_LEAST_PART)
        return words[self.action].format(zone=self.zone, ratio=part, over=over, leave=leave, doubt=self.uncertainty)


def advise(
    plan: Plan,
    zones: Mapping[str, Mapping[str, int]],
    *,
    time: float,
    uncertainty: float,
    limits: Mapping[str, float],
    delay: float = 0.0,
    delays: Sequence[float] = (0.0, 60.0, 180.0, 300.0, 600.0),
    least_stay: float = 600.0,
    traveller: str | None = None,
) -> tuple[Advice, ...]:
    """Compare walking with sheltering for the people of each zone.

    Parameters
    ----------
    plan
        Plan of least load, whose forecast has the rooms.
    zones
        People by place, by name of the zone.
    time
        When the order is heard. [s]
    uncertainty
        Factor on the load, at least 1, below which a difference is no advantage. Air known to a factor f means f to
        the power n here.
    limits
        Loads by name, such as those of AEGL-2 and AEGL-3, in the unit of the forecast.
    delay
        Time from the order to setting out on foot; spent in the room where there is one. [s]
    delays
        Others to look at. [s]
    least_stay
        Time from the order before which nobody in a shelter can be told to leave it; a choice of this model. [s]
    traveller
        Class of these people; None: the first.

    Raises
    ------
    ModelError
        Names that do not fit, or numbers that make no sense.

    Notes
    -----
    Whoever walks takes the way of least load without shelter on it. Whoever shelters stays in the room, closed since
    the start of the forecast, and leaves at the bin edge from which the rest is least (not before `least_stay`), or
    stays to its end; those at places without a room walk under both orders. Whoever is not there by the end of the
    forecast takes on the load to come as the plan reckons it.
    """
    _check(plan, zones, time=time, uncertainty=uncertainty, delays=(delay, *delays))
    names = [t.name for t in plan.travellers]
    who = plan.travellers[0 if traveller is None else names.index(traveller)]
    walk = make_plan(
        plan.graph, plan.forecast, travellers=[replace(who, shelters=False)], time_weight=plan.time_weight,
        goals=plan.goals, closures=plan.closures, delays=plan.delays,
    )  # fmt: skip
    found = []
    for zone, people in zones.items():
        count = np.array([*people.values()], np.int64)
        nodes = np.array([plan.graph.places[p][0] for p in people], np.int64)
        choices = [
            _choose(walk=walk, who=who, nodes=nodes, count=count, time=time, delay=d, least_stay=least_stay,
                    limits=limits, uncertainty=uncertainty)
            for d in (delay, *delays)
        ]  # fmt: skip
        found.append(
            Advice(zone=zone, people=int(count.sum()), choice=choices[0], delays=tuple(choices[1:]),
                   uncertainty=uncertainty)
        )  # fmt: skip
    return tuple(found)


def _check(
    plan: Plan, zones: Mapping[str, Mapping[str, int]], *, time: float, uncertainty: float, delays: Sequence[float]
) -> None:
    found = [
        Problem(f"no place {place!r} on the ways", f"zone {zone!r}", near(place, plan.graph.places))
        for zone, people in zones.items()
        for place in people
        if place not in plan.graph.places
    ]
    found += [
        Problem("there are no people", f"zone {zone!r}", "give at least one place with people")
        for zone, people in zones.items()
        if not people or sum(people.values()) <= 0 or min(people.values()) < 0
    ]
    if not uncertainty >= 1.0:
        found.append(Problem(f"uncertainty is {uncertainty!r}", "advise", "give a factor of at least 1"))
    end = plan.forecast.bins * plan.forecast.width
    if not (0.0 <= time < end and all(d >= 0.0 and time + d < end for d in delays)):
        found.append(
            Problem("an order or a departure is outside the forecast", "advise", f"stay within 0 to {end:g} s")
        )
    if found:
        raise ModelError.of(found)


def _choose(
    *, walk: Plan, who: Traveller, nodes: NDArray[np.int64], count: NDArray[np.int64], time: float, delay: float,
    least_stay: float, limits: Mapping[str, float], uncertainty: float,
) -> Choice:  # fmt: skip
    air = walk.forecast
    share = (who.breathing / who.protection) ** air.exponent
    edges = np.arange(air.bins + 1) * air.width
    room = {int(v): r for r, v in enumerate(air.room_node)}
    gone, stay, leave = np.empty(nodes.size), np.empty(nodes.size), np.full(nodes.size, np.nan)
    for i, node in enumerate(nodes.tolist()):
        r = room.get(node, -1)
        rows = np.r_[0.0, np.cumsum(air.room[r])] if r >= 0 else air.total[air.node_row + node]
        now, out = np.interp([time, time + delay], edges, rows)
        gone[i] = share * (out - now) + _to_come(walk, node, np.array([time + delay], np.float64))[0]
        if r < 0:
            stay[i] = gone[i]
            continue
        when = np.asarray(edges[:-1][edges[:-1] >= time + least_stay - 1e-9], np.float64)
        gathered = share * (np.interp(when, edges, rows) - now)
        whole = np.r_[gathered + _to_come(walk, node, when), share * (rows[-1] - now)]
        best = int(np.flatnonzero(whole <= whole.min() * (1.0 + 1e-9))[0])
        stay[i] = whole[best]
        leave[i] = when[best] - time if best < when.size else np.inf
    over = {n: int(count[gone >= limit].sum()) for n, limit in limits.items()}
    under = {n: int(count[stay >= limit].sum()) for n, limit in limits.items()}
    sheltered = np.isfinite(leave) | np.isinf(leave)
    mean_walk = float(np.average(gone, weights=count))
    if not (sheltered & (count > 0)).any():
        return Choice(delay=delay, walk=mean_walk, stay=np.nan, leave=np.nan, over_walk=over, over_stay={},
                      action="evacuate")  # fmt: skip
    mean_stay = float(np.average(stay, weights=count))
    action: Literal["evacuate", "shelter", "either"] = "either"
    if mean_stay > mean_walk * uncertainty:
        action = "evacuate"
    elif mean_walk > mean_stay * uncertainty:
        action = "shelter"
    inside = sheltered & (count > 0)
    return Choice(
        delay=delay, walk=mean_walk, stay=mean_stay, leave=float(np.average(leave[inside], weights=count[inside])),
        over_walk=over, over_stay=under, action=action,
    )  # fmt: skip


def _to_come(walk: Plan, node: int, times: NDArray[np.float64]) -> NDArray[np.float64]:
    """Load of walking from a node at these times, what comes after the forecast included."""
    arrival, load = walk.walk(np.full(times.size, node), times)
    edges = np.arange(walk.forecast.bins + 1) * walk.forecast.width
    late = np.interp(times, edges, walk.value[0, :, node])
    return np.where(np.isfinite(arrival), load, late)
