"""Plans that reckon with queues: simulate, measure the waits, plan again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evacuation._kernels import plans
from evacuation.planning import Plan
from evacuation.walking import Crossings, Engine
from twin.errors import ModelError

__all__ = ["Settled", "settle"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Settled:
    """A plan and the queues it makes.

    Parameters
    ----------
    plan
        The plan of the rounds whose people gathered the least load together.
    loads
        Load of all people together in each round, queues included. [unit of the forecast]
    settled
        Whether the last two rounds differ by no more than asked.
    """

    plan: Plan
    loads: tuple[float, ...]
    settled: bool


def settle(
    plan: Plan,
    nodes: NDArray[np.int64],
    times: NDArray[np.float64],
    *,
    traveller: str | None = None,
    change: float = 0.01,
    rounds: int = 6,
) -> Settled:
    """Let people walk by a plan, and plan again with the waits they met, until their total load settles.

    Parameters
    ----------
    plan
        First plan; its policy and air are kept.
    nodes, times
        Where and when each person begins, shape (n,). [s]
    traveller
        Class of these people; None: the first.
    change
        Relative change of the total load at which the rounds end. [1]
    rounds
        Most rounds.

    Raises
    ------
    ModelError
        Nobody to walk.

    Notes
    -----
    The waits of round k enter with the step 1 / k (method of successive averages). Whoever has not arrived by the end
    of the forecast takes on the load to come from the end of the link last entered.

    References
    ----------
    Robbins H., Monro S. (1951), A stochastic approximation method, Annals of Mathematical Statistics 22, 400-407.
    Sheffi Y. (1985), Urban transportation networks, Prentice-Hall, chapter 12.
    """
    if not nodes.size:
        raise ModelError("there is nobody to walk", where="settle", fix="give the nodes of at least one person")
    told: list[float] = []
    best, waits = plan, np.zeros((plan.forecast.bins, plan.graph.links.length.size))
    for number in range(1, rounds + 1):
        load, met = _play(plan, nodes, times, traveller)
        told.append(load)
        if load <= min(told):
            best = plan
        if number > 1 and abs(told[-1] - told[-2]) <= change * max(told[-2], 1e-300):
            return Settled(plan=best, loads=tuple(told), settled=True)
        waits += (met - waits) / number
        if number < rounds:
            plan = plan.replan(plan.since, delays=waits.copy())
    return Settled(plan=best, loads=tuple(told), settled=False)


def _play(
    plan: Plan, nodes: NDArray[np.int64], times: NDArray[np.float64], traveller: str | None
) -> tuple[float, NDArray[np.float64]]:
    """Load of everybody, and the mean wait by bin of entering and link."""
    graph, air = plan.graph, plan.forecast
    horizon = air.bins * air.width
    names = [t.name for t in plan.travellers]
    row = 0 if traveller is None else names.index(traveller)
    who = plan.travellers[row]
    begins, group = np.unique(np.stack([nodes, times], 1), axis=0, return_inverse=True)
    first = np.full(len(begins), -1, np.int64)
    out, before = np.full(len(begins), np.inf), np.zeros(len(begins))
    for i, (node, time) in enumerate(begins.tolist()):
        for step in plan.route(int(node), time, traveller=traveller).steps:
            if step.link >= 0:
                first[i], out[i] = step.link, step.start
                break
            before[i] += step.load
    group = group.ravel()
    moving = np.flatnonzero(first[group] >= 0)
    engine = Engine(
        graph.links, onward=plan.onward()[[row]], speed=np.full(nodes.size, who.speed), horizon=horizon,
        walking=graph.walking, onward_width=air.width,
    )  # fmt: skip
    place = np.zeros(moving.size, np.int64)
    engine.start(moving, time=out[group][moving], link=first[group][moving], destination=place)
    engine.advance(horizon)
    told = engine.crossings()
    enter, ready, leave = (np.minimum(told.times, [np.inf, np.inf, horizon]) / air.width).T
    walked = np.zeros(told.link.size)
    plans.walked(air.total, air.segment_row, air.segments, told.link, enter, ready, leave, walked)
    last = told.first[1:] - 1
    late = moving[np.isinf(engine.arrival[moving]) & (told.first[1:] > told.first[:-1])[moving]]
    to_come = plan.value[row, -1, graph.head[told.link[last[late]]]].sum() if plan.policy == "load" else 0.0
    share = (who.breathing / who.protection) ** air.exponent
    return float(share * walked.sum() + before[group].sum() + to_come), _waits(told, plan, row)


def _waits(told: Crossings, plan: Plan, row: int) -> NDArray[np.float64]:
    """Mean time on each link beyond the free walk, by bin of entering."""
    air, links, who = plan.forecast, plan.graph.links, plan.travellers[row]
    stair = who.stair_speed or min(who.speed, plan.graph.walking.stair_speed)
    free = links.length / np.where(links.stairs, stair, who.speed)
    done = np.isfinite(told.times[:, 2])
    link, enter, leave = told.link[done], told.times[done, 0], told.times[done, 2]
    at = np.minimum((enter / air.width).astype(np.int64), air.bins - 1)
    total, count = (np.zeros((air.bins, free.size)) for _ in range(2))
    np.add.at(total, (at, link), np.maximum(leave - enter - free[link], 0.0))
    np.add.at(count, (at, link), 1.0)
    return total / np.maximum(count, 1.0)
