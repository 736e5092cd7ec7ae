"""Run a drill: the one room where the wings meet."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version

import numpy as np
from numpy.typing import NDArray

from dispersion.cloud import Cloud
from dispersion.field import Field
from dispersion.models import Model, model
from drills.detection import Alarm, Watch, detect
from drills.log import Entry, EventLog
from drills.losses import Loss, loss_of
from drills.response import Response, Team, respond
from drills.result import DrillResult
from drills.scoring import score
from evacuation.behaviour import Order
from evacuation.condition import Tolerance
from evacuation.distributions import WALKING_SPEED, Distribution, premovement
from evacuation.exposure import Exposure
from evacuation.population import Group, populate
from evacuation.routes import WalkGraph
from evacuation.simulate import Rescue, evacuate
from evacuation.tracks import Evacuation
from plant_models.harm import Threshold
from plant_models.leaks import gas_leak, liquid_leak
from plant_models.releases import Release
from plant_models.substances import substance
from scenarios.conditions import GasHole, Instantaneous, LiquidHole, ReleasePaper
from scenarios.fit import fit
from scenarios.quantities import DurationSpread, SpeedSpread
from scenarios.schema import PeopleHere, Scenario
from scenarios.standards import Alternative
from twin.errors import ModelError, Problem, ScenarioError
from twin.graph import Twin
from twin.seeds import Streams
from twin.weather import WeatherSeries

__all__ = ["Play", "World", "model_of", "run_drill"]

Progress = Callable[[str, float], None]
_PASSES = 50  # each pass settles at least one more isolation or head-count; far more than a plan can hold
_FATAL = 0.99  # probability of death beyond which a higher load is not counted as more harm
_STANDING = 1.0  # m: people outdoors within this distance of each other breathe the same air
_SHOWN = {"dead": 0.0, "stuck_low": 0.0, "stuck_high": math.inf, "drift": 1.0}  # over the gas there is
_BREATH = 1.5  # m: height of a standing mouth
_FRAME = 60.0  # s between the stored frames of the cloud
_CELLS = 160  # stored points along the longer side of the map
_DURATIONS = (600.0, 1800.0, 3600.0, 14400.0, 28800.0)  # s, for which AEGLs are published (NRC 2001)
_LEVELS = (("AEGL-3", "AEGL-2", "AEGL-1"), ("ERPG-3", "ERPG-2", "ERPG-1"), ("LFL",))


def run_drill(
    scenario: Scenario,
    park: Twin,
    *,
    seed: int | None = None,
    team: Team = "plan",
    progress: Progress | None = None,
) -> DrillResult:
    """Play a scenario on a park and judge it.

    Parameters
    ----------
    scenario
        The drill on paper.
    park
        Where it takes place.
    seed
        Seed of everything random; None: the scenario's own.
    team
        "plan": the plan as written, with durations drawn from their spreads; "idle": nobody acts; "perfect": the
        declared alternative with the least harm.
    progress
        Called with the name of a stage and its share done, 0 to 1.

    Returns
    -------
    DrillResult

    Raises
    ------
    ScenarioError
        The scenario does not fit the park; every problem is named.
    ModelError
        A model was asked something outside its valid range.
    """
    say = progress or (lambda _stage, _share: None)
    say("layout", 0.0)
    found = fit(scenario, park)
    wrong = [problem for problem in found if problem.severity == "error"]
    if wrong:
        raise ScenarioError.of(wrong, where=scenario.file or scenario.id)
    say("layout", 1.0)
    return Play(scenario, park, Streams(scenario.seeds.root if seed is None else seed), say).run(team, found)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A cloud, what it does at each place, and what the detectors show of it."""

    cloud: Cloud
    exposure: Exposure
    watch: Watch


class Play:
    """One drill being played; a cloud and what it does to each place are computed once and kept."""

    def __init__(self, scenario: Scenario, park: Twin, streams: Streams, say: Progress) -> None:
        self.scenario, self.park, self.streams, self.say = scenario, park, streams, say
        say("release", 0.0)
        self.weather = scenario.weather.series()
        self.releases = tuple(_release(paper, park, self.weather) for paper in scenario.releases)
        self.gas = self.releases[0].substance  # of all: `fit` refuses several
        self.model = model_of(scenario)
        self.ways = WalkGraph.of(park, places=tuple(dict.fromkeys(paper.at for paper in scenario.population)))
        self.groups = tuple(_group(paper) for paper in scenario.population)
        self.people = populate(park, self.groups, streams, graph=self.ways)
        self.faults = {f.fail: f.gain or _SHOWN[f.mode] for f in scenario.initial_state if f.mode != "stuck_open"}
        self._worlds: dict[tuple[float, ...], World] = {}
        say("release", 1.0)

    def run(self, team: Team, found: Sequence[Problem]) -> DrillResult:
        """Play the declared alternatives and the team, then judge."""
        self.say("dispersion", 0.0)
        alarms = self.world({}).watch.alarms
        self.say("dispersion", 1.0)
        options = {option.id: option for option in self.scenario.alternatives}
        first = alarms[0].time if alarms else min(paper.start for paper in self.scenario.releases)
        others: dict[str, Evacuation] = {}
        for number, option in enumerate(options.values()):
            self.say("counterfactuals", number / (len(options) + 2))
            others[option.id] = self._follow(option, first)
        best = min(options, key=lambda name: (self._loss(others[name]).toxic_load, name))
        self.say("response", 0.0)
        response, people = self.settle(team, options[best])
        self.say("evacuation", 1.0)
        idle = self._evacuate({}, ())
        withheld = self._evacuate(response.isolated, ()) if response.orders else people
        self.say("counterfactuals", 1.0)
        self.say("scores", 0.0)
        log = EventLog.of(self.scenario.time.start, response.entries)
        courses = {"team": people, "no action": idle, "orders withheld": withheld, **others}
        scores = score(self.scenario, log, people, {name: self._loss(p) for name, p in courses.items()}, best)
        cloud = self.world(response.isolated).cloud
        horizon = self.scenario.time.horizon
        footprints = tuple(cloud.footprint(threshold, until=horizon) for threshold in self.thresholds(cloud))
        self.say("scores", 0.5)
        result = DrillResult(
            scenario=self.scenario,
            park=self.park,
            seed=self.streams.seed,
            team=team,
            versions={"parktwin": version("parktwin")},
            weather=self.weather,
            releases=self.releases,
            cut_releases=cloud.releases,
            cloud=cloud,
            field=self._field(cloud),
            footprints=footprints,
            people=people,
            no_action=idle,
            best=(best, others[best]),
            log=log,
            scores=scores,
            warnings=self._warnings(cloud, found, alarms, people),
        )
        self.say("scores", 1.0)
        return result

    # -- the world

    def world(self, isolated: Mapping[str, float]) -> World:
        """What the releases do when they are cut at the given times."""
        cuts = tuple(isolated.get(paper.id, math.inf) for paper in self.scenario.releases)
        if cuts not in self._worlds:
            horizon = self.scenario.time.horizon
            cut = [r if at == math.inf else r.cut(at) for r, at in zip(self.releases, cuts, strict=True)]
            cloud = self.model.disperse(cut, self.weather)
            exposure = Exposure(
                self.ways,
                cloud,
                substance=self.gas,
                weather=self.weather,
                horizon=horizon,
                standing_grid=_STANDING,
            )
            watch = detect(self.park, cloud, self.gas, horizon=horizon, faults=self.faults)
            self._worlds[cuts] = World(cloud=cloud, exposure=exposure, watch=watch)
        return self._worlds[cuts]

    def _evacuate(
        self, isolated: Mapping[str, float], orders: Sequence[Order], rescues: Sequence[Rescue] = ()
    ) -> Evacuation:
        return evacuate(
            self.park,
            self.people,
            orders=orders,
            exposure=self.world(isolated).exposure,
            horizon=self.scenario.time.horizon,
            tolerance=Tolerance() if self.scenario.responders else None,  # people fall where somebody can find them
            rescues=rescues,
        )

    # -- courses of action

    def settle(self, team: Team, best: Alternative) -> tuple[Response, Evacuation]:
        """Play the response against what its own actions show, until nothing changes.

        What the world shows up to t depends only on what was done before t, so each pass extends the part of the record
        that is right by at least one isolation, head-count or rescue: whom a crew finds at t fell by t.
        """
        paper = self.scenario
        isolated: Mapping[str, float] = {}
        counted: tuple[Entry, ...] = ()
        seen: Evacuation | None = None
        rescues: tuple[Rescue, ...] = ()
        for attempt in range(_PASSES):
            world = self.world(isolated)
            response = respond(
                self.scenario,
                self.park,
                watch=world.watch,
                crowd=self.people,
                counted=counted,
                people=seen,
                gas=partial(_breathed, world.cloud),
                contour=self._contour(world.cloud),
                streams=self.streams,
                team=team,
                best=best,
            )
            people = self._evacuate(response.isolated, response.orders, response.rescues)
            shown = _people_entries(people, response)
            self.say("evacuation", 1.0 - 0.5 ** (attempt + 1))
            same = response.isolated == isolated and shown == counted and response.rescues == rescues
            looked = seen is not None or not (paper.responders or paper.head_count or paper.all_clear)
            if same and looked:
                return response, people
            isolated, counted, rescues, seen = response.isolated, shown, response.rescues, people
        raise ModelError(
            f"the response did not settle in {_PASSES} passes",
            where=self.scenario.file or self.scenario.id,
            fix="look for steps of the plan that start one another in a circle",
        )

    def _follow(self, option: Alternative, first: float) -> Evacuation:
        """What becomes of people under a declared alternative."""
        isolated: dict[str, float] = {}
        if option.isolate is not None:
            at = first + option.isolate
            isolated = {paper.id: at for paper in self.scenario.releases if getattr(paper, "isolated_by", ())}
        orders = [
            Order(
                time=first + order.at,
                action=order.action,
                zones=order.zones,
                muster=order.muster or "",
                label=option.id,
            )
            for order in option.orders
        ]
        return self._evacuate(isolated, orders)

    def _loss(self, people: Evacuation) -> Loss:
        toxic = [t for t in self.thresholds(self.world({}).cloud) if t.duration is not None]
        return loss_of(people, float(self.gas.harm.probit().load(_FATAL)), toxic)

    # -- what is shown

    def thresholds(self, cloud: Cloud) -> tuple[Threshold, ...]:
        """The most severe level first; AEGL for the shortest published duration that covers the emission."""
        emission = min(cloud.end, self.scenario.time.horizon) - cloud.start
        duration = next((d for d in _DURATIONS if d >= emission), _DURATIONS[-1])
        for names in _LEVELS:
            found = []
            for name in names:
                try:
                    found.append(self.gas.threshold(name, duration=duration if name.startswith("AEGL") else None))
                except ModelError:
                    continue
            if found:
                return tuple(found)
        return ()

    def _contour(self, cloud: Cloud) -> float:
        """Concentration crews stay outside of before they have put on apparatus: the second level, or the lowest."""
        found = self.thresholds(cloud)
        if not found:
            return math.inf
        level = next((t for t in found if t.name.endswith("-2")), found[-1])
        air = self.weather.at(cloud.start)
        return level.concentration(air.temperature, air.pressure)

    def _field(self, cloud: Cloud) -> Field:
        """The cloud at breathing height where people are, frame by frame."""
        x = [*self.people.x, *(release.x for release in self.releases)]
        y = [*self.people.y, *(release.y for release in self.releases)]
        west, south, east, north = min(x) - 100.0, min(y) - 100.0, max(x) + 100.0, max(y) + 100.0
        spacing = max(east - west, north - south) / _CELLS
        times = np.arange(0.0, self.scenario.time.horizon + 0.5 * _FRAME, _FRAME)
        return cloud.field(bounds=(west, south, east, north), spacing=spacing, times=times)

    def _warnings(
        self, cloud: Cloud, found: Sequence[Problem], alarms: Sequence[Alarm], people: Evacuation
    ) -> tuple[str, ...]:
        told = [*cloud.warnings, *(str(problem) for problem in found), *people.settings["warnings"]]
        if not alarms:
            told.append("no detector alarms within the horizon; the declared alternatives count from the first release")
        nearest = cloud.valid_range.get("distance", (0.0, math.inf, "m"))[0]
        away = [np.hypot(self.people.x - r.x, self.people.y - r.y) for r in self.releases]
        near = int((np.min(away, axis=0) < nearest).sum())
        if near:
            told.append(f"{near} people stand within {nearest:g} m of the release, nearer than the model is supported")
        doubtful = [f"{t.name} {t.ppm:g} ppm" for t in self.thresholds(cloud) if t.status != "verified"]
        if doubtful:
            told.append(f"thresholds not checked against their publication: {', '.join(doubtful)}")
        return tuple(dict.fromkeys(told))


def model_of(scenario: Scenario) -> Model:
    """The dispersion model a scenario names, with its settings.

    Raises
    ------
    ScenarioError
        There is no such model or setting, or a value is out of range; the line of the file is named.
    """
    try:
        return model(scenario.model.name, **scenario.model.settings)
    except ModelError as error:
        where = scenario.where("model", "settings")
        raise ScenarioError.of([Problem(p.what, where, p.fix) for p in error.problems], where=where) from None


def _release(paper: ReleasePaper, park: Twin, weather: WeatherSeries) -> Release:
    """The release a scenario describes, from the asset it names, against the air pressure of the moment."""
    asset = park[paper.at]
    height = asset.number("release_height") if paper.height is None else paper.height
    if isinstance(paper, GasHole | LiquidHole):
        leak = gas_leak if isinstance(paper, GasHole) else liquid_leak
        return leak(
            asset,
            hole_diameter=paper.hole_diameter,
            duration=paper.duration,
            start=paper.start,
            height=height,
            ambient_pressure=weather.at(paper.start).pressure,
            label=paper.id,
        )
    gas = substance(paper.substance)
    told = "a stated mass is taken as gas at the temperature of the air: neither cold vapour nor droplets are modelled"
    notes = (told, *filter(None, [gas.notes]))
    if isinstance(paper, Instantaneous):
        return Release.instantaneous(
            gas, x=asset.x, y=asset.y, z=height, mass=paper.mass, start=paper.start, label=paper.id, notes=notes
        )
    return Release.steady(
        gas,
        x=asset.x,
        y=asset.y,
        z=height,
        mass_rate=paper.mass_rate,
        start=paper.start,
        duration=paper.duration,
        label=paper.id,
        notes=notes,
    )


def _breathed(cloud: Cloud, x: NDArray[np.float64], y: NDArray[np.float64], time: float) -> NDArray[np.float64]:
    return cloud.concentration(x, y, np.full(x.shape, _BREATH), np.full(x.shape, time))


def _group(paper: PeopleHere) -> Group:
    return Group(
        name=paper.id,
        place=paper.at,
        count=paper.count,
        indoors=paper.indoors,
        premovement=_premovement(paper),
        speed=WALKING_SPEED if paper.speed is None else _distribution(paper.speed),
        age=None if paper.age is None else _ages(*paper.age),
        compliance=paper.compliance,
        mobile=paper.mobile,
        protection=paper.protection,
        breathing=paper.breathing,
        assisted_by=paper.assisted_by or "",
    )


def _ages(youngest: float, oldest: float) -> Distribution:
    return Distribution.uniform(youngest, oldest) if oldest > youngest else Distribution.fixed(oldest)


def _premovement(paper: PeopleHere) -> Distribution:
    if paper.premovement_level is not None:
        return premovement(*paper.premovement_level.split("/"))
    assert paper.premovement is not None  # one of the two is given
    return _distribution(paper.premovement)


def _distribution(spread: DurationSpread | SpeedSpread) -> Distribution:
    make: Callable[..., Distribution] = getattr(Distribution, spread.family)
    return make(*spread.parameters)


def _people_entries(people: Evacuation, response: Response) -> tuple[Entry, ...]:
    """What the readers at the muster points show, as log entries; no count is complete while somebody lies fallen."""
    sent = [entry for entry in response.entries if entry.name.startswith("order.evacuate:")]

    def cause(muster: str) -> str:
        """The first order to this muster point, or to whichever is nearest."""
        fitting = [entry.name for entry in sent if entry.detail.get("muster", muster) == muster]
        return fitting[0] if fitting else ""

    fallen = (people.muster >= 0) & np.isinf(people.arrival_time) & np.isfinite(people.incapacitated_time)
    short = {people.tracks.graph.musters[k] for k in np.unique(people.muster[fallen]).tolist()}
    found = []
    for time, name, detail in people.events:
        if short and (name == "evacuation.complete" or (name == "headcount.complete" and detail in short)):
            continue
        if name == "evacuation.complete":
            first = sent[0].name if sent else ""
            given = {"text": detail}
            found.append(Entry(time=time, actor="muster points", name="headcount.complete", cause=first, detail=given))
        elif name in {"headcount.complete", "muster.first", "muster.over_capacity"}:
            found.append(Entry(time=time, actor=detail, name=f"{name}:{detail}", cause=cause(detail)))
    return tuple(found)
