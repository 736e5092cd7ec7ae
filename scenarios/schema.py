"""The scenario: the drill on paper, as frozen models that know their units."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, BeforeValidator, Field, PrivateAttr, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError

from scenarios.conditions import ReleasePaper, WeatherPaper
from scenarios.plans import Plan
from scenarios.quantities import (
    DurationSpread,
    Fraction,
    Identifier,
    Paper,
    Quantity,
    Seconds,
    SpeedSpread,
    Tag,
    Text,
    Word,
    read_text,
)
from scenarios.references import references
from scenarios.responders import AlarmZone, AllClear, Crew, HeadCount, Medics, VotingGroup
from scenarios.standards import Alternative, Expectation, Gate, Objective
from scenarios.transport import Vehicles
from twin.errors import UnitError

__all__ = [
    "Clock",
    "Failure",
    "Inject",
    "LayoutChoice",
    "Meta",
    "ModelChoice",
    "PeopleHere",
    "Scenario",
    "Seeds",
    "Source",
    "Trigger",
    "Voting",
]

_Count = Annotated[int, Field(strict=True, ge=1, le=1_000_000)]
_RelativeFile = Annotated[str, Field(min_length=1, max_length=512)]


def _setting(given: object) -> object:
    """Turn a setting that reads as a time, a length or a speed into SI; leave words and plain numbers alone."""
    if isinstance(given, str) and given[:1].isdigit():
        for unit in ("s", "m", "m/s"):
            try:
                return read_text(given, unit)
            except UnitError:
                continue
        raise _wrong(f"{given!r} is neither a word nor a time, a length or a speed", 'such as "10 min"')
    return given


_Setting = Annotated[str | float | bool, BeforeValidator(_setting)]


class Meta(Paper):
    """What a library is sorted by."""

    pack: Word
    """Industry pack, such as chemical or steel."""
    tags: tuple[str, ...] = ()
    """Free words."""
    case_ref: tuple[str, ...] = ()
    """Accidents the figures lean on, by their name in the case library."""
    status: Literal["draft", "reviewed", "approved"] = "draft"
    """How far the review has come."""
    response_level: Annotated[int, Field(strict=True, ge=1, le=3)] | None = None
    """Response level the plan starts, 1 to 3."""


class LayoutChoice(Paper):
    """Where the drill takes place: a shipped park, or layout files beside the scenario."""

    park: Identifier | None = None
    """Name of a shipped park."""
    files: tuple[_RelativeFile, ...] = ()
    """Layout files, relative to the scenario file; the first one rules the frame."""
    mapping: _RelativeFile | None = None
    """Mapping file that gives foreign features a kind and a tag."""

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.park is None) == (not self.files):
            raise _wrong("a layout is either a shipped park or files", "write park: <name>, or files: [<file>, ...]")
        if self.park is not None and self.mapping is not None:
            raise _wrong("a shipped park takes no mapping", "remove mapping")
        for name in (*self.files, *([self.mapping] if self.mapping else ())):
            path = Path(name)
            if path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name:
                raise _wrong(f"{name!r} leaves the folder of the scenario", "put the file beside the scenario")
        return self


class Clock(Paper):
    """When the drill starts and how long it is computed."""

    start: AwareDatetime
    """Wall time of t = 0, with its offset from UTC: ``2026-01-12T02:10:00+08:00``."""
    horizon: Annotated[float, Quantity("s", low=60.0, high=86400.0, example="1 h")]
    """Time computed from the start."""


class ModelChoice(Paper):
    """Dispersion model, named by text and looked up when the drill is run."""

    name: Word = "gaussian_puff"
    """Name of the model."""
    settings: Mapping[Word, _Setting] = Field(default_factory=dict)
    """Settings of the model; times, lengths and speeds with their unit, stored in SI."""


PremovementLevel = Literal[
    "A/M1/B1", "A/M1/B2", "A/M1/B3", "A/M2/B1", "A/M2/B2", "A/M2/B3", "A/M3/B1", "A/M3/B2", "A/M3/B3",
    "B/M1/B2", "B/M1/B3", "B/M2/B1", "B/M2/B3", "B/M3/B1",
]  # fmt: skip
_Age = Annotated[float, Field(ge=20.0, le=80.0)]


class PeopleHere(Paper):
    """A group of people who start at one place."""

    id: Identifier
    """Name of the group."""
    at: Tag
    """Tag of the place."""
    count: _Count
    """Number of people."""
    indoors: Fraction
    """Share of them indoors."""
    premovement: DurationSpread | None = None
    """Time from an order reaching them until they move."""
    premovement_level: PremovementLevel | None = None
    """In place of `premovement`: levels of PD 7974-6, awake and familiar (A) or not (B), management and building."""
    speed: SpeedSpread | None = None
    """Walking speed on the level."""
    age: tuple[_Age, _Age] | None = None
    """In place of `speed`: youngest and oldest in years, evenly spread; the speed follows the age (Weidmann 1992)."""
    compliance: Fraction = 1.0
    """Share of them that follows orders."""
    mobile: bool = True
    """Whether they can walk away; who cannot takes shelter instead."""
    protection: Annotated[float, Field(strict=True, ge=1.0, le=1e5)] = 1.0
    """Protection factor of what they wear: concentration outside over inside the mask."""
    breathing: Annotated[float, Field(strict=True, gt=0.0, le=10.0)] = 1.0
    """Breathing rate over the one at which the harm of the substance was measured."""
    assisted_by: Identifier | None = None
    """Group at the same place whose people help these, one each."""

    @model_validator(mode="after")
    def _one_of_each(self) -> Self:
        for one, other in (("premovement", "premovement_level"), ("speed", "age")):
            given = [name for name in (one, other) if getattr(self, name) is not None]
            if len(given) != 1:
                what = f"both {one} and {other} are given" if given else f"neither {one} nor {other} is given"
                raise PydanticCustomError("people", "{what}", {"what": what, "fix": f"write {one} or {other}"})
        if self.age is not None and self.age[0] > self.age[1]:
            what = f"the youngest are {self.age[0]:g} years old, the oldest {self.age[1]:g}"
            raise PydanticCustomError("people", "{what}", {"what": what, "fix": "write [youngest, oldest]"})
        return self


class Failure(Paper):
    """Something that is broken from the start."""

    fail: Tag
    """Tag of a valve or detector."""
    mode: Literal["stuck_open", "dead", "stuck_low", "stuck_high", "drift"]
    """stuck_open: a valve that does not close from the control room; dead: a detector that shows nothing and is known
    not to work; stuck_low: one that shows clean air; stuck_high: one that shows full scale from the start, which counts
    as an alarm and a vote; drift: one that shows `gain` times the gas there is."""
    gain: Annotated[float, Field(strict=True, gt=0.0, le=10.0)] | None = None
    """What a drifted detector shows over what there is."""

    @model_validator(mode="after")
    def _drifted(self) -> Self:
        if (self.mode == "drift") != (self.gain is not None):
            raise _wrong("gain belongs to the mode drift, which needs it", "gain: 0.5")
        return self


class Voting(Paper):
    """When an alarm counts as confirmed."""

    confirm: Annotated[int, Field(strict=True, ge=1, le=100)] = 2
    """Number of detectors in alarm."""
    groups: tuple[VotingGroup, ...] = ()
    """Groups of detectors that vote by themselves besides."""


class Trigger(Paper):
    """When an inject is delivered: at a time, or some time after an event."""

    at: Seconds | None = None
    """Time since the scenario start."""
    event: Tag | None = None
    """Event it follows."""
    delay: Seconds | None = None
    """Time after the event; silent: at once."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.at is None) == (self.event is None):
            raise _wrong(
                "a trigger is either a time or an event", "{at: 5 min}, or {event: detection.first, delay: 1 min}"
            )
        if self.at is not None and self.delay is not None:
            raise _wrong("a delay belongs to an event", "add the delay to at")
        return self


class Inject(Paper):
    """A message that steers the drill."""

    id: Identifier
    """Name of the inject."""
    trigger: Trigger
    """When it is delivered."""
    to: tuple[Word, ...] = Field(min_length=1)
    """Roles that receive it."""
    channel: Literal["phone", "radio", "scada", "in_person", "message", "media"]
    """How it arrives."""
    text: Text
    """What is said."""
    expected: Text | None = None
    """What the receiver is expected to do; never shown to players."""


class Seeds(Paper):
    """Where the random numbers come from."""

    root: Annotated[int, Field(strict=True, ge=0, lt=2**63)]
    """Root seed."""
    replications: Annotated[int, Field(strict=True, ge=1, le=10_000)] = 1
    """Number of repetitions of an ensemble."""


class Source(Paper):
    """Where a figure of this file comes from."""

    field: str = Field(min_length=1)
    """Path of the figure, such as ``releases.R1.mass_rate``; ``*`` stands for any one step of a path."""
    note: str = Field(min_length=1)
    """Source, and how the figure follows from it."""
    mark: Literal["read", "recalled", "computed", "design"]
    """read: stands in the source; computed: follows from it; recalled: not checked; design: chosen for this drill."""


class Scenario(Paper):
    """A drill on paper: place, weather, release, people, plan, injects and the standards it is measured by."""

    schema_: Literal["drill/1"] = Field(alias="schema")
    """Format of the file."""
    id: Identifier
    """Name of the scenario."""
    title: Text
    """Name shown to people."""
    summary: Text
    """What happens, in a few sentences."""
    meta: Meta
    """What a library is sorted by."""
    layout: LayoutChoice
    """Where it takes place."""
    time: Clock
    """When, and for how long."""
    weather: WeatherPaper
    """Weather."""
    model: ModelChoice = Field(default_factory=ModelChoice)
    """Dispersion model."""
    releases: tuple[ReleasePaper, ...] = Field(min_length=1)
    """What comes out if nobody acts."""
    population: tuple[PeopleHere, ...] = Field(min_length=1)
    """Who is where."""
    initial_state: tuple[Failure, ...] = ()
    """What is broken from the start."""
    voting: Voting = Field(default_factory=Voting)
    """When an alarm is confirmed."""
    responders: tuple[Crew, ...] = ()
    """Crews that dispatch and search steps of the plan send; with any, people who breathe too much gas fall."""
    medics: tuple[Medics, ...] = ()
    """Teams that dispatch steps of the plan send for those who are brought out."""
    alarm_zones: tuple[AlarmZone, ...] = ()
    """By what means orders reach places; places in no zone hear them at once."""
    head_count: HeadCount | None = None
    """Reports of who is missing; silent: the search knows at any time who has been counted in."""
    all_clear: AllClear | None = None
    """When ``area.safe`` happens: everybody told to leave accounted for and the gas gone; silent: never."""
    vehicles: Vehicles | None = None
    """Buses of the policy "buses"; silent: none."""
    plan: Plan
    """Response plan; in a file also ``{ref: <plan file>}``."""
    injects: tuple[Inject, ...] = ()
    """Messages that steer the drill."""
    objectives: tuple[Objective, ...] = Field(min_length=1)
    """Capabilities exercised."""
    expectations: tuple[Expectation, ...] = Field(min_length=1)
    """Measured tasks."""
    alternatives: tuple[Alternative, ...] = Field(min_length=1)
    """Declared courses of action among which the best is found."""
    gates: tuple[Gate, ...] = ()
    """Findings that cap the grade."""
    seeds: Seeds
    """Random numbers."""
    provenance: tuple[Source, ...] = ()
    """Where the figures come from."""

    _file: str = PrivateAttr(default="")
    _places: Mapping[tuple[str | int, ...], str] = PrivateAttr(default_factory=dict)

    @model_validator(mode="after")
    def _refer(self, info: ValidationInfo) -> Self:
        if not (info.context or {}).get("file"):  # a file is checked with its line numbers by the loader
            found = list(references(self.model_dump(mode="json", by_alias=True)))
            if found:
                raise _wrong("; ".join(f"{f.place}: {f.what}" for f in found), found[0].fix)
        return self

    @property
    def file(self) -> str:
        """File it was read from; empty when made in Python."""
        return self._file

    def where(self, *path: str | int) -> str:
        """``file:line`` of a field, such as ``where("releases", 0, "at")``; the field's path when made in Python."""
        for end in range(len(path), 0, -1):
            if path[:end] in self._places:
                return self._places[path[:end]]
        return ".".join(str(part) for part in path)

    def wall_time(self, t: float) -> datetime:
        """Zone-aware wall time of `t` seconds after the start."""
        from datetime import timedelta

        return self.time.start + timedelta(seconds=t)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Scenario) and self.model_dump() == other.model_dump()

    def __hash__(self) -> int:
        return hash(self.model_dump_json())

    def __str__(self) -> str:
        return repr(self)

    def __repr__(self) -> str:
        people = sum(group.count for group in self.population)
        return (
            f"<Scenario {self.id!r}: {self.title.en}; {len(self.releases)} release(s), {people} people, "
            f"{len(self.plan.steps)} plan steps, {len(self.expectations)} expectations, "
            f"{self.time.horizon:g} s from {self.time.start.isoformat()}>"
        )


def _wrong(what: str, fix: str) -> PydanticCustomError:
    return PydanticCustomError("scenario", "{what}", {"what": what, "fix": fix})
