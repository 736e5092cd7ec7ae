"""The response on one clock: detection, control room, alarm, valves and orders (SimPy).

The world answers the response (a valve closed early means other alarms later; people ordered out are counted), but what
the world shows up to time t depends only on what was done before t. The response is therefore played against a record
of what the world showed, and played again with the record its own actions lead to, until nothing changes; every
pass extends the part that is right (see :func:`drills.run.run_drill`).
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import simpy

from drills.announcements import Hearing, hearing
from drills.crews import Brigade, Gas
from drills.detection import Alarm, Watch
from drills.log import Entry
from evacuation.behaviour import Order
from evacuation.population import Population
from evacuation.simulate import Rescue
from evacuation.tracks import Evacuation
from scenarios.plans import Step
from scenarios.quantities import DurationSpread, SpeedSpread
from scenarios.schema import Inject, Scenario
from scenarios.standards import Alternative
from twin.errors import ScenarioError, near
from twin.graph import Twin
from twin.seeds import Streams

__all__ = ["TEAMS", "Response", "Team", "respond"]

Team = Literal["plan", "idle", "perfect"]
TEAMS: tuple[Team, ...] = ("plan", "idle", "perfect")
_VERB: Mapping[str, Literal["evacuate", "shelter", "all_clear"]] = {
    "order_evacuate": "evacuate",
    "order_shelter": "shelter",
    "order_all_clear": "all_clear",
}
EVERYBODY = "all"
_LOOK = 10.0  # s: how often it is asked whether the area is safe
_Waiting = Generator[simpy.Event, Any, None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What was done.

    Parameters
    ----------
    entries
        Everything that happened, in the order it was recorded.
    isolated
        Time at which each release was cut off, by release id. [s]
    orders
        Orders to people, in order of time.
    rescues
        Who was carried out when.
    """

    entries: tuple[Entry, ...]
    isolated: Mapping[str, float]
    orders: tuple[Order, ...]
    rescues: tuple[Rescue, ...] = ()


def respond(
    scenario: Scenario,
    park: Twin,
    *,
    watch: Watch,
    crowd: Population | None = None,
    counted: Iterable[Entry] = (),
    people: Evacuation | None = None,
    gas: Gas | None = None,
    contour: float = math.inf,
    streams: Streams,
    team: Team = "plan",
    best: Alternative | None = None,
) -> Response:
    """Play the response to the alarms.

    Parameters
    ----------
    scenario
        Plan, broken equipment, injects and releases.
    park
        Valves with their `closing_time` [s].
    watch
        What the detectors showed.
    crowd
        The people, who hear orders by the means of their alarm zone; None: everybody hears them at once.
    counted
        What the head-count showed.
    people
        Where people were: what a crew that searches a place at a time finds there. None: nobody is missing.
    gas
        Concentration at points at a time, for crews that choose where to stand; None: unknown. [kg m⁻³]
    contour
        Crews stand outside the contour of this concentration. [kg m⁻³]
    streams
        Each step draws its duration from its own stream, so a step added to the plan moves no other.
    team
        "plan": as written, durations drawn from their spreads; "idle": nobody does anything; "perfect": `best`, with
        every other step done as soon as it can start.
    best
        The declared alternative a perfect team carries out.

    Returns
    -------
    Response

    Raises
    ------
    ScenarioError
        Unknown team, or a perfect team without an alternative.
    """
    if team not in TEAMS:
        raise ScenarioError(f"unknown team {team!r}", where="team", fix=near(str(team), TEAMS))
    if team == "perfect" and best is None:
        raise ScenarioError("a perfect team needs an alternative to carry out", where="best")
    stage = _Stage(scenario, park, streams, team, crowd=crowd, people=people)
    stage.equip(gas, contour)
    stage.open(watch, counted, best if team == "perfect" else None)
    stage.clock.run(until=scenario.time.horizon)
    return Response(
        entries=tuple(stage.entries),
        isolated=dict(stage.isolated),
        orders=tuple(sorted(stage.orders, key=lambda order: order.time)),
        rescues=tuple(stage.brigade.rescues),
    )


class _Stage:
    """One play: the SimPy clock and what has happened on it."""

    def __init__(
        self,
        scenario: Scenario,
        park: Twin,
        streams: Streams,
        team: Team,
        *,
        crowd: Population | None,
        people: Evacuation | None,
    ) -> None:
        self.scenario, self.park, self.streams, self.team, self.people = scenario, park, streams, team, people
        zones = scenario.alarm_zones
        self._hearing: Hearing | None = hearing(zones, crowd, streams) if zones and crowd is not None else None
        self._reported = -math.inf
        self.clock = simpy.Environment()
        self.entries: list[Entry] = []
        self.orders: list[Order] = []
        self.isolated: dict[str, float] = {}
        self._happened: dict[str, simpy.Event] = {}
        self._alarmed: set[str] = set()
        self._stuck = {failure.fail for failure in scenario.initial_state if failure.mode == "stuck_open"}
        self._shut: set[str] = set()
        self._votes: dict[str, set[str]] = {group.id: set() for group in scenario.voting.groups}

    def equip(self, gas: Gas | None, contour: float) -> None:
        """Have crews and medics ready to be called."""
        scenario = self.scenario
        source, weather = self.park[scenario.releases[0].at], scenario.weather.series()
        self.brigade = Brigade(
            self.park,
            scenario.responders,
            medics=scenario.medics,
            clock=self.clock,
            draw=self._draw,
            say=self._say,
            source=(source.x, source.y),
            wind_from=lambda time: weather.at(time).wind_from,
            people=self.people,
            ways=None if self.people is None else self.people.tracks.graph,
            reported=None if scenario.head_count is None else lambda: self._reported,
            gas=gas,
            limit=contour,
        )

    def open(self, watch: Watch, counted: Iterable[Entry], best: Alternative | None) -> None:
        """Put everybody in place."""
        for release in self.scenario.releases:
            detail = {"substance": release.substance, "at": release.at, "kind": release.kind}
            self._at(release.start, self._say, release.at, f"{release.id}.start", "", detail)
        for alarm in watch.alarms:
            self._at(alarm.time, self._alarm, alarm)
        for entry in counted:
            self._at(entry.time, self._say, entry.actor, entry.name, entry.cause, dict(entry.detail))
        for inject in self.scenario.injects:
            self.clock.process(self._inject(inject))
        if best is not None:
            self.clock.process(self._declared(best, unseen=not watch.alarms))
        if self.team != "idle":
            for step in self.scenario.plan.steps:
                self.clock.process(self._step(step))
        if self.people is not None:
            if self.scenario.head_count is not None:
                self.clock.process(self._reports(self.scenario.head_count.interval))
            if self.scenario.all_clear is not None:
                rule = self.scenario.all_clear
                self.clock.process(self._safe(watch.quiet[rule.below - 1], rule.hold))

    # -- what the world shows

    def _say(self, actor: str, name: str, cause: str = "", detail: Mapping[str, Any] | None = None) -> None:
        self.entries.append(
            Entry(time=float(self.clock.now), actor=actor, name=name, cause=cause, detail=dict(detail or {}))
        )
        event = self._event(name)
        if not event.triggered:
            event.succeed()

    def _alarm(self, alarm: Alarm) -> None:
        first = min(self.scenario.releases, key=lambda release: release.start)
        cause = f"{first.id}.start" if alarm.time >= first.start else ""  # a detector at full scale from the start
        name = f"{alarm.tag}.alarm_{alarm.level}"
        self._say(alarm.tag, name, cause, {"limit_kg_m3": alarm.limit})
        if not self._alarmed:
            self._say("detectors", "detection.first", name, {"detector": alarm.tag})
        before = len(self._alarmed)
        self._alarmed.add(alarm.tag)
        if before < self.scenario.voting.confirm <= len(self._alarmed):
            self._say("detectors", "detection.confirmed", name, {"detectors": len(self._alarmed)})

        for group in self.scenario.voting.groups:
            votes = self._votes[group.id]
            if alarm.level == group.level and alarm.tag in group.detectors and alarm.tag not in votes:
                votes.add(alarm.tag)
                if len(votes) == group.need:
                    self._say("detectors", f"detection.confirmed:{group.id}", name, {"detectors": len(votes)})

    def _inject(self, inject: Inject) -> _Waiting:
        trigger = inject.trigger
        if trigger.event is not None:
            yield self._event(trigger.event)
        yield self.clock.timeout(trigger.delay or 0.0 if trigger.event is not None else trigger.at or 0.0)
        self._say(
            "controller",
            f"inject.{inject.id}",
            trigger.event or "",
            {"to": list(inject.to), "channel": inject.channel, "en": inject.text.en, "zh": inject.text.zh},
        )

    # -- what the team does

    def _step(self, step: Step) -> _Waiting:
        cause = ""
        if step.when is None and step.after is None:
            cause = f"else.{step.id}"
            yield self._event(cause)
        for name in (step.when, f"finished.{step.after}" if step.after else None):
            if name is not None:
                before = self.clock.now
                yield self._event(name)
                if not cause or self.clock.now > before:
                    cause = name
        yield self.clock.timeout(self._duration(step))
        strokes = self._act(step, self._public(cause))
        self._event(f"finished.{step.id}").succeed()
        yield simpy.AllOf(self.clock, strokes)
        if step.verify and step.else_ and not self._event(step.verify).triggered:
            fallback = self._event(f"else.{step.else_}")
            if not fallback.triggered:  # several steps may fall back on the same one
                fallback.succeed()

    def _duration(self, step: Step) -> float:
        if self.team == "perfect":
            return 0.0
        return float(step.duration.quantile(self.streams[f"response/{step.id}"].random()))

    def _draw(self, name: str, spread: DurationSpread | SpeedSpread) -> float:
        return float(spread.quantile(self.streams[f"response/crew/{name}"].random()))

    def _search(self, step: Step, cause: str) -> _Waiting:
        """Search once the crew is ready; missing are those told to leave by then."""
        yield self._event(f"crew.ready:{step.team}")
        if self.scenario.head_count is not None:
            yield self._event("headcount.report")  # nobody is known to be missing before
        if (zones := self._told()) is not None:
            yield from self.brigade.search(str(step.team), step.zones, zones, cause)

    def _told(self) -> list[str] | None:
        """Places that were told to leave, empty for everybody; None: nobody was told."""
        told = [order for order in self.orders if order.action == "evacuate" and order.time <= self.clock.now]
        if not told:
            return None
        return [] if any(not order.zones for order in told) else [zone for order in told for zone in order.zones]

    def _missing(self) -> int:
        zones = self._told()
        return 0 if zones is None else sum(map(len, self.brigade.missing(zones).values()))

    def _reports(self, interval: float) -> _Waiting:
        """The muster points report who has come; a report that says nothing new is not written down."""
        cause: str = yield self._event("order.evacuate")
        said: int | None = None
        while True:
            yield self.clock.timeout(interval)
            self._reported = float(self.clock.now)
            missing = self._missing()
            if missing != said:
                self._say("muster points", "headcount.report", cause, {"missing": missing})
            said, cause = missing, "headcount.report"

    def _safe(self, quiet: Sequence[tuple[float, float]], hold: float) -> _Waiting:
        """The area is safe once everybody told to leave is accounted for and no detector has shown gas for so long."""
        yield self._event("detection.first")
        yield self._event("headcount.report" if self.scenario.head_count else "order.evacuate")
        while True:
            now = self.clock.now
            calm = any(begin + hold <= now <= end for begin, end in quiet)
            if calm and self._missing() == 0:
                break
            yield self.clock.timeout(_LOOK)
        count = "headcount.report" if self.scenario.head_count else "detection.first"
        self._say("control room", "area.safe", self.brigade.last_found or count, {"hold_s": hold})

    def _public(self, name: str) -> str:
        """Name in the log of an inner signal: a finished step is known by its event."""
        kind, _, step = name.partition(".")
        if kind == "finished":
            return self.scenario.plan.step(step).event
        if kind == "else":
            return next((s.event for s in self.scenario.plan.steps if s.else_ == step), "")
        return name

    def _act(self, step: Step, cause: str) -> list[simpy.Event]:
        detail: dict[str, Any] = {"step": step.id}
        if step.target:
            detail["target"] = list(step.target)
        self._say(step.role, step.event, cause, detail)
        if step.do == "sound_alarm":
            self._say(step.role, "alarm.sounded", step.event)
        if self.team == "perfect":  # valves and orders follow the declared alternative
            return []
        if step.do in _VERB:
            self._order(_VERB[step.do], step.zones, step.muster, step.role, step.event)
        if step.do == "dispatch":
            self.clock.process(self.brigade.dispatch(str(step.team), step.event))
        if step.do == "search":
            self.clock.process(self._search(step, step.event))
        if step.do in ("close_valve", "manual_close"):
            by_hand = step.do == "manual_close"
            return [self.clock.process(self._stroke(tag, step.event, by_hand=by_hand)) for tag in step.target]
        return []

    def _stroke(self, tag: str, cause: str, *, by_hand: bool) -> _Waiting:
        """Move a valve: by hand it is shut when the step ends, by its actuator after its closing time."""
        if not by_hand:
            yield self.clock.timeout(self.park[tag].number("closing_time"))
        if tag in self._shut:
            return
        if tag in self._stuck and not by_hand:
            self._say(tag, f"valve.failed:{tag}", cause)
        else:
            self._close(tag, cause)

    def _close(self, tag: str, cause: str) -> None:
        self._shut.add(tag)
        self._say(tag, f"valve.closed:{tag}", cause)
        for release in self.scenario.releases:
            valves = getattr(release, "isolated_by", ())
            if valves and release.id not in self.isolated and self._shut.issuperset(valves):
                self.isolated[release.id] = float(self.clock.now)
                self._say(release.at, f"{release.id}.isolated", f"valve.closed:{tag}")

    def _order(
        self,
        action: Literal["evacuate", "shelter", "all_clear"],
        zones: Sequence[str],
        muster: str | None,
        actor: str,
        cause: str,
    ) -> None:
        now, to = float(self.clock.now), muster or ""
        for zone in zones or (EVERYBODY,):
            self._say(actor, f"order.{action}:{zone}", cause, {"muster": muster} if muster else {})
        given = f"order.{action}:{(*zones, EVERYBODY)[0]}"
        heard = self._hearing if actor != "declared" else None  # declared orders have the time they are heard
        batches = [(0.0, None)] if heard is None else heard.batches()
        for delay, who in batches:
            self.orders.append(
                Order(time=now + delay, action=action, zones=tuple(zones), people=who, muster=to, label=actor)
            )
        for zone, delay in (heard.zones if heard else {}).items():
            served = heard is not None and (not zones or set(zones) & set(heard.places[zone]))
            if served and math.isfinite(delay):
                self._at(now + delay, self._say, zone, f"announced:{zone}", given, {"order": action})
        begun = self._event("order.evacuate")
        if action == "evacuate" and not begun.triggered:
            begun.succeed(given)

    def _declared(self, best: Alternative, *, unseen: bool) -> _Waiting:
        """Carry out a declared alternative; its times count from the first alarm, or else from the first release."""
        begin = "detection.first"
        if unseen:
            begin = f"{min(self.scenario.releases, key=lambda release: release.start).id}.start"
        yield self._event(begin)
        if best.isolate is not None:
            self.clock.process(self._declared_isolation(best.isolate, begin))
        for order in best.orders:
            self._at(
                self.clock.now + order.at, self._order, order.action, order.zones, order.muster, "declared", best.id
            )

    def _declared_isolation(self, delay: float, cause: str) -> _Waiting:
        yield self.clock.timeout(delay)
        for release in self.scenario.releases:
            for tag in getattr(release, "isolated_by", ()):
                if tag not in self._shut:
                    self._close(tag, cause)

    # -- the clock

    def _event(self, name: str) -> simpy.Event:
        return self._happened.setdefault(name, self.clock.event())

    def _at(self, time: float, what: Any, *given: Any) -> None:
        def later() -> _Waiting:
            yield self.clock.timeout(max(time - self.clock.now, 0.0))
            what(*given)

        self.clock.process(later())
