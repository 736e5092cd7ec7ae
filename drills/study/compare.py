"""What to tell people: the same people in the same cloud, alarmed at the same moment, under several policies."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from drills.run import Play
from drills.study.buses import bus_orders, fleets_of, taken_on
from evacuation.behaviour import Order
from evacuation.condition import Condition, Tolerance
from evacuation.forecasts import Forecast, rooms_of, zone_penalty
from evacuation.planning import TRAVELLERS, Plan, make_plan
from evacuation.population import populate
from evacuation.replications import Interval, mean_interval
from evacuation.routes import SETTLEMENT_AREA
from evacuation.simulate import evacuate
from evacuation.tracks import Evacuation
from scenarios.fit import fit
from scenarios.schema import Scenario
from twin.errors import ModelError, ScenarioError, near
from twin.graph import Twin
from twin.seeds import Streams

if TYPE_CHECKING:
    import pandas as pd

    from plant_models.harm import Threshold

__all__ = ["ANYWHERE", "MEASURES", "POLICIES", "Study", "compare"]

POLICIES: Mapping[str, str] = {
    "plan": "the orders of the scenario's own plan",
    "nearest": "everybody walks to the muster point that is quickest to reach",
    "zones": "the quickest ways, with those inside the zone of the moment of the alarm avoided",
    "least-dose": "everybody walks the way and at the time of least toxic load, without using rooms",
    "shelter": "everybody shuts the room and leaves when the gas at the place has gone",
    "buses": "served places walk to pick-up points and ride on, everybody else as for nearest",
    "best": "rooms, waiting, ways and muster points of least toxic load together",
}
ANYWHERE = tuple(name for name in POLICIES if name != "buses")  # what needs nothing special in the scenario
# What is told of every policy: name and unit. Of times and people.
MEASURES: Mapping[str, str] = {
    "walkers": "people told to walk who could set out",
    "mustered": "people at muster points, or brought to a safe place by bus, at the end",
    "clearance": "s until the last who can walk had arrived; null: not by the end, or nobody set out (walkers 0)",
    "impaired": "people over the load of AEGL-2 for 10 min",
    "incapacitated": "people who fell, the dead among them",
    "dead": "people whose load killed them by the end",
    "toxic_load": "sum of the toxic loads, each counted up to the load that kills 99 of 100",
    "unaccounted": "people told to walk and not counted in at the end, the fallen among them",
}
_AVOID = 10.0  # factor on the time of a way inside the zone: rather ten times the way round
_HOMES = 50  # people whose air stands for that of a settlement
_GONE = 0.01  # of the highest concentration at a place, where no AEGL-1 says when the gas has gone
_FATAL = 0.99
_ENOUGH = 10  # replications from which bootstrap intervals cover what they say
Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Study:
    """Policies compared.

    Parameters
    ----------
    scenario
        The drill.
    park
        Where.
    policies
        Names, in the order asked for.
    alert
        When people are told, and by what. [s]
    cause
        What told them.
    thresholds
        Those the loads were counted against.
    rows
        One mapping a policy and replication: policy, replication, measures, people over each threshold.
    shown
        Evacuation of the first replication by policy; empty for what was read from a journal.
    plans
        Plans by policy.
    seed
        Root seed.
    warnings
        What limits the comparison.
    """

    scenario: Scenario
    park: Twin
    policies: tuple[str, ...]
    alert: float
    cause: str
    thresholds: tuple[str, ...]
    rows: tuple[Mapping[str, Any], ...]
    shown: Mapping[str, Evacuation]
    plans: Mapping[str, Plan]
    seed: int
    warnings: tuple[str, ...]

    @property
    def replications(self) -> int:
        """How many each policy was played."""
        return 1 + max(int(row["replication"]) for row in self.rows)

    def values(self, policy: str, measure: str) -> NDArray[np.float64]:
        """A measure of every replication, shape (replications,); inf for a run that did not finish.

        The clearance of a run in which nobody set out is nan.

        Raises
        ------
        ModelError
            The policy was not played.
        """
        if policy not in self.policies:
            raise ModelError(f"no policy {policy!r} in the study", where="Study", fix=near(policy, self.policies))
        rows = [row for row in self.rows if row["policy"] == policy]
        missing = [math.inf if row["walkers"] else math.nan for row in rows]
        told = zip(rows, missing, strict=True)
        return np.array([none if row[measure] is None else row[measure] for row, none in told], float)

    def summary(self, policy: str, measure: str, *, against: str | None = None) -> Interval:
        """Mean and interval of a measure, or of its difference from another policy with the same people."""
        values = self.values(policy, measure)
        if against is not None:
            with np.errstate(invalid="ignore"):  # neither of two runs finished: no difference
                values = values - self.values(against, measure)
        elif not np.isnan(values).all():
            values = values[~np.isnan(values)]
        return mean_interval(values, Streams(self.seed)[f"bootstrap/{measure}"])

    def to_pandas(self) -> pd.DataFrame:
        """One row a policy and replication."""
        import pandas as pd

        return pd.DataFrame(list(self.rows))

    def facts(self) -> dict[str, Any]:
        """Everything the command tells, as plain values; a time that is not reached is None."""
        names = [*MEASURES, *(f"over {name}" for name in self.thresholds)]

        def plain(summary: Interval) -> dict[str, float | None]:
            return {
                name: value if math.isfinite(value) else None
                for name, value in (("mean", summary.value), ("low", summary.low), ("high", summary.high))
            }

        first = self.policies[0]
        return {
            "scenario": self.scenario.id,
            "title": {"en": self.scenario.title.en, "zh": self.scenario.title.zh},
            "people": sum(paper.count for paper in self.scenario.population),
            "horizon": self.scenario.time.horizon,
            "alert": self.alert,
            "alert_by": self.cause,
            "seed": self.seed,
            "replications": self.replications,
            "version": version("parktwin"),
            "policies": {
                policy: {
                    "what": POLICIES[policy],
                    **{name: plain(self.summary(policy, name)) for name in names},
                    "difference": {name: plain(self.summary(policy, name, against=first)) for name in names}
                    if policy != first
                    else {},
                }
                for policy in self.policies
            },
            "measures": dict(MEASURES),
            "warnings": list(self.warnings),
        }


def _few(replications: int) -> tuple[str, ...]:
    """Intervals of few replications are too narrow: of three, 73 % instead of 95 % hold the mean of a normal law."""
    if not 1 < replications < _ENOUGH:
        return ()
    return (f"intervals of fewer than {_ENOUGH} replications are narrower than the 95 % they stand for",)


def compare(
    scenario: Scenario,
    park: Twin,
    *,
    policies: Sequence[str] = ("plan",),
    replications: int = 1,
    seed: int | None = None,
    tolerance: Tolerance | None = None,
    journal: Path | None = None,
    progress: Progress | None = None,
) -> Study:
    """Play policies with the same people in the same cloud.

    The response of the plan is played once: it gives the cuts of the releases and the moment people are told. Every
    replication draws the people anew, the same for all policies.

    Parameters
    ----------
    scenario, park
        The drill and where it takes place.
    policies
        Names out of :data:`POLICIES`; differences are told against the first.
    replications
        How many draws of the people.
    seed
        Root seed; None: the scenario's own. Replication 0 has the people of the drill with this seed.
    tolerance
        When gas fells people; None: the rule of :class:`evacuation.Tolerance`.
    journal
        File to which every finished replication is appended at once. If it holds replications of the same study they
        are not played again, so that a study that was killed goes on where it was.
    progress
        Called with the name of a stage and its share done.

    Returns
    -------
    Study

    Raises
    ------
    ScenarioError
        The scenario does not fit the park.
    ModelError
        Unknown policy, no replication, or a journal of another study.
    """
    policies = tuple(dict.fromkeys(policies))
    unknown = [name for name in policies if name not in POLICIES]
    if unknown:
        raise ModelError(f"there is no policy {unknown[0]!r}", where="policies", fix=near(unknown[0], tuple(POLICIES)))
    if replications < 1 or not policies:
        raise ModelError(
            f"{replications} replications of {len(policies)} policies", where="compare", fix="give 1 or more"
        )
    say = progress or (lambda _stage, _share: None)
    if "buses" in policies:
        fleets_of(scenario)  # before anything long is played
    found = fit(scenario, park)
    wrong = [problem for problem in found if problem.severity == "error"]
    if wrong:
        raise ScenarioError.of(wrong, where=scenario.file or scenario.id)
    root = scenario.seeds.root if seed is None else seed
    stage = _Stage(Play(scenario, park, Streams(root), say), tolerance or Tolerance(), policies)
    head = {
        "study": hashlib.sha256(scenario.model_dump_json().encode()).hexdigest(),
        "policies": list(policies),
        "seed": root,
        "tolerance": stage.tolerance.incapacitating_share,
        "version": version("parktwin"),
    }
    rows, shown = _played(stage, replications, journal, head, say)
    say("evacuation", 1.0)
    return Study(
        scenario=scenario,
        park=park,
        policies=policies,
        alert=stage.alert,
        cause=stage.cause,
        thresholds=tuple(_label(threshold) for threshold in stage.thresholds),
        rows=tuple(rows),
        shown=shown,
        plans=stage.plans,
        seed=root,
        warnings=(*stage.warnings(shown), *_few(replications)),
    )


def _played(
    stage: _Stage, replications: int, journal: Path | None, head: Mapping[str, Any], say: Progress
) -> tuple[list[dict[str, Any]], dict[str, Evacuation]]:
    """Rows of all replications, read from the journal or played, and the evacuations of the first."""
    rows: list[dict[str, Any]] = []
    kept = _open_journal(journal, head) if journal is not None else []
    shown: dict[str, Evacuation] = {}
    for number in range(replications):
        say("evacuation", number / replications)
        if number < len(kept) and number > 0:
            rows += kept[number]
            continue
        fresh = []
        for policy, result in stage.play(number):
            fresh.append({"policy": policy, "replication": number, **stage.measures(result)})
            if number == 0:
                shown[policy] = result
        rows += fresh
        if journal is not None and number >= len(kept):
            with journal.open("a", encoding="utf-8") as file:
                file.write(json.dumps(fresh) + "\n")
                file.flush()
    return rows, shown


class _Stage:
    """One study being played: the cloud as the response cut it, and what each policy orders."""

    def __init__(self, play: Play, tolerance: Tolerance, policies: tuple[str, ...]) -> None:
        self.game, self.tolerance, self.policies = play, tolerance, policies
        self.response, _ = play.settle(
            "plan", play.scenario.alternatives[0]
        )  # which one matters to a perfect team only
        self.world = play.world(self.response.isolated)
        self.thresholds: tuple[Threshold, ...] = tuple(
            t for t in play.thresholds(self.world.cloud) if t.duration is not None
        )
        self.alert, self.cause = self._told()
        self.plans = {name: self._plan(name) for name in policies if name in {"zones", "least-dose", "best"}}
        self.fatal = float(play.gas.harm.probit().load(_FATAL))

    def play(self, number: int) -> Iterator[tuple[str, Evacuation]]:
        """All policies with the people of a replication."""
        game = self.game
        people = game.people
        if number > 0:
            people = populate(game.park, game.groups, game.streams.child(f"replication/{number}"), graph=game.ways)
        for policy in self.policies:
            result = evacuate(
                game.park, people, orders=self._orders(policy), exposure=self.world.exposure,
                horizon=game.scenario.time.horizon, tolerance=self.tolerance,
            )  # fmt: skip
            if policy == "buses":
                result = taken_on(
                    result, fleets_of(game.scenario), game, self.world.exposure,
                    alert=self.alert, tolerance=self.tolerance,
                )  # fmt: skip
            yield policy, result

    def measures(self, result: Evacuation) -> dict[str, Any]:
        """What is counted, as plain numbers."""
        clear = result.clearance_time
        return {
            "walkers": int(np.isfinite(result.start_time).sum()),
            "mustered": int(np.isfinite(result.arrival_time).sum()),
            "clearance": clear if math.isfinite(clear) else None,
            "impaired": int(np.isfinite(result.impaired_time).sum()),
            "incapacitated": int(np.isfinite(result.incapacitated_time).sum()),
            "dead": int((result.condition == Condition.DEAD).sum()),
            "toxic_load": math.fsum(np.minimum(result.load, self.fatal)),
            "unaccounted": int(result.unaccounted(self.game.scenario.time.horizon)),
            **{f"over {_label(t)}": int(result.over(t).sum()) for t in self.thresholds},
        }

    def warnings(self, shown: Mapping[str, Evacuation]) -> tuple[str, ...]:
        """What limits the comparison."""
        told = [warning for result in shown.values() for warning in result.settings["warnings"]]
        told += self.world.cloud.warnings
        if {"least-dose", "best", "shelter"} & set(self.policies):
            told.append(
                "least-dose, best and shelter know the cloud to come: they show what a perfect forecast could save,"
                " not what a control room can count on"
            )
        if self.game.scenario.responders:
            told.append("crews rescue nobody here: the fallen lie to the end under every policy, the plan's too")
        told.append(
            f"people fall at {self.tolerance.incapacitating_share:.2g} of their lethal load, a figure that was recalled"
            " and not checked against its source"
        )
        return tuple(dict.fromkeys(told))

    def _told(self) -> tuple[float, str]:
        """When people are first told by the plan: its first order, or else its alarm, the detectors, the release."""
        if self.response.orders:
            order = self.response.orders[0]
            return order.time, f"the first order of the plan, by {order.label}"
        for name in ("alarm.sounded", "detection.first"):
            for entry in self.response.entries:
                if entry.name == name:
                    return entry.time, name
        return min(paper.start for paper in self.game.scenario.releases), "the start of the release"

    def _orders(self, policy: str) -> Sequence[Order]:
        if policy == "plan":
            return self.response.orders
        if policy == "nearest":
            return [Order(time=self.alert, action="evacuate", label=policy)]
        if policy == "buses":
            return bus_orders(fleets_of(self.game.scenario), self.game.people.places, self.alert)
        if policy == "shelter":
            return [Order(time=self.alert, action="shelter", label=policy), *self._all_clear()]
        return [Order(time=self.alert, action="evacuate", label=policy, plan=self.plans[policy])]

    def _plan(self, policy: str) -> Plan:
        game, table = self.game, self.world.exposure
        rooms = rooms_of(game.park, game.ways) if policy == "best" else {}
        air = Forecast.of(table, rooms=rooms, spots=self._homes())
        walkers = [TRAVELLERS["walk"], TRAVELLERS["slow"]]
        if policy != "zones":
            return make_plan(game.ways, air, travellers=walkers)
        return make_plan(game.ways, air, travellers=walkers, policy="time", penalty=self._penalty())

    def _homes(self) -> dict[str, NDArray[np.float64]]:
        """Where the people of settlements live, at most some tens each."""
        people, park, found = self.game.people, self.game.park, {}
        for number, tag in enumerate(people.places):
            if park[tag].shape.area > SETTLEMENT_AREA:
                who = np.flatnonzero(people.place == number)
                who = who[:: max(who.size // _HOMES, 1)]
                found[tag] = np.stack([people.x[who], people.y[who]], axis=1)
        return found

    def _penalty(self) -> NDArray[np.float64]:
        """Factor on the links that touch the zone of the moment of the alarm, as a control room draws it."""
        game = self.game
        return zone_penalty(game.ways, self.world.cloud, time=self.alert, zones={self._level(): _AVOID})

    def _level(self) -> float:
        """Concentration that draws the zone: the lowest threshold of the substance. [kg m⁻³]"""
        state = self.game.weather.at(self.alert)
        found = [t.concentration(state.temperature, state.pressure) for t in self.game.thresholds(self.world.cloud)]
        return min(found, default=math.inf)

    def _all_clear(self) -> list[Order]:
        """For every place, when the gas outside has gone for good from where its people are."""
        game, table = self.game, self.world.exposure
        people, homes = game.people, self._homes()
        level, horizon = self._level(), game.scenario.time.horizon
        found = []
        for number, tag in enumerate(people.places):
            who = np.flatnonzero(people.place == number)
            spots = homes.get(tag, np.stack([people.x[who], people.y[who]], axis=1))
            air = table.concentration(table.spots(spots[:, 0], spots[:, 1])).max(axis=0, initial=0.0)
            bad = np.flatnonzero(air > (level if math.isfinite(level) else _GONE * float(air.max())))
            time = (int(bad[-1]) + 1) * table.time_bin if bad.size else 0.0
            if self.alert < time < horizon:
                found.append(Order(time=time, action="all_clear", zones=(tag,), label="shelter"))
        return sorted(found, key=lambda order: order.time)


def _open_journal(path: Path, head: Mapping[str, Any]) -> list[list[dict[str, Any]]]:
    """Finished replications of the same study in a journal; a line that was not finished is cut off.

    Raises
    ------
    ModelError
        The journal belongs to another study.
    """
    line = json.dumps(head, sort_keys=True) + "\n"
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    if "\n" not in text:
        path.write_text(line, encoding="utf-8")
        return []
    whole = text[: text.rfind("\n") + 1]
    first, *rest = whole.splitlines(keepends=True)
    if first != line:
        raise ModelError(
            "the journal is of another study: another scenario, seed, version or other policies",
            where=str(path),
            fix="remove it, or give another --out",
        )
    if whole != text:
        path.write_text(whole, encoding="utf-8")
    return [json.loads(each) for each in rest]


def _label(threshold: Threshold) -> str:
    return threshold.name if threshold.duration is None else f"{threshold.name} ({threshold.duration / 60.0:g} min)"
