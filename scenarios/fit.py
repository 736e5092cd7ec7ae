"""Does the scenario fit the park: every tag, kind, substance and event it speaks of is there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import entry_points
from math import hypot
from pathlib import Path
from typing import TYPE_CHECKING

from plant_models.leaks import gas_leak, liquid_leak
from plant_models.parks import park_path
from plant_models.substances import substance
from scenarios.conditions import GasHole, LiquidHole, ReleasePaper
from scenarios.events import DETECTOR_EVENT, declared_events
from scenarios.responders import Crew, Medics
from scenarios.schema import Scenario
from scenarios.staging import staging
from twin.assets import Asset
from twin.errors import Problem, TwinError, near

if TYPE_CHECKING:
    from twin.graph import Twin

__all__ = ["LayoutFiles", "fit", "layout_files"]

_DETECTOR_REACH = 150.0  # m; beyond it a leak is called unwatched. Design choice: a quarter of the smallest plant block
_BLIND = ("dead", "stuck_low")  # modes in which a detector never alarms
_NEEDED = ("substance", "pressure", "temperature")  # what an asset must say so that a hole in it can leak


@dataclass(frozen=True, slots=True)
class LayoutFiles:
    """Files to hand to ``twin.load_layout(*paths, mapping=mapping)``."""

    paths: tuple[Path, ...]
    mapping: Path | None = None


def layout_files(scenario: Scenario) -> LayoutFiles:
    """Files of the layout a scenario names, whether they exist or not.

    Raises
    ------
    LayoutError
        The shipped park it names does not exist.
    """
    if scenario.layout.park is not None:
        return LayoutFiles((park_path(scenario.layout.park),))
    folder = Path(scenario.file).parent if scenario.file else Path()
    mapping = scenario.layout.mapping
    return LayoutFiles(
        tuple(folder / name for name in scenario.layout.files), None if mapping is None else folder / mapping
    )


def fit(scenario: Scenario, park: Twin) -> tuple[Problem, ...]:
    """Everything that keeps a scenario from being played in a park.

    Parameters
    ----------
    scenario
        Drill on paper.
    park
        Park it is to be played in.

    Returns
    -------
    tuple of Problem
        Errors (it cannot be run) and warnings (it runs, but look at it), with the line of the scenario file. Empty when
        the scenario fits.
    """
    check = _Check(scenario, park)
    found = [
        *check.releases(),
        *check.people(),
        *check.failures(),
        *check.crews(),
        *check.buses(),
        *check.plan(),
        *check.alternatives(),
        *check.events(),
        *check.model(),
    ]
    return tuple(sorted(found, key=lambda p: p.severity != "error"))


class _Check:
    """The scenario, the park, and what both need to be compared."""

    def __init__(self, scenario: Scenario, park: Twin) -> None:
        self.scenario, self.park = scenario, park
        self.places = tuple(asset.tag for asset in park.assets() if asset.layer == "space")
        self.lived_in = {group.at for group in scenario.population}

    def tag(self, tag: str, kinds: Iterable[str], what: str, *path: str | int) -> Iterator[Problem]:
        """Complain when `tag` is not in the park, or is of no kind in `kinds` (empty: any kind)."""
        where = self.scenario.where(*path)
        allowed = tuple(kinds)
        known = [asset.tag for asset in self.park.assets() if not allowed or asset.kind in allowed]
        if tag not in self.park:
            yield Problem(f"the park has no {what} {tag!r}", where, near(tag, known))
        elif allowed and self.park[tag].kind not in allowed:
            yield Problem(f"{tag!r} is a {self.park[tag].kind}, not a {what}", where, near(tag, known))

    def releases(self) -> Iterator[Problem]:
        for index, release in enumerate(self.scenario.releases):
            path = ("releases", index)
            missing = list(self.tag(release.at, (), "asset", *path, "at"))
            yield from missing
            for number, valve in enumerate(getattr(release, "isolated_by", ())):
                yield from self.tag(valve, ("valve",), "valve", *path, "isolated_by", number)
            if release.start >= self.scenario.time.horizon:
                yield Problem(
                    f"release {release.id!r} starts at {release.start:g} s, after the horizon of "
                    f"{self.scenario.time.horizon:g} s",
                    self.scenario.where(*path, "start"),
                    "start it earlier or lengthen the horizon",
                )
            yield from self.leaking(release, None if missing else self.park[release.at], index)
        gases = dict.fromkeys(_canonical(release.substance) for release in self.scenario.releases)
        if len(gases) > 1:
            yield Problem(
                f"releases of {' and '.join(gases)} in one drill",
                self.scenario.where("releases"),
                "write one scenario a substance: loads of different gases cannot be added",
            )

    def leaking(self, release: ReleasePaper, asset: Asset | None, index: int) -> Iterator[Problem]:
        """Whether the substance is known and the asset says what a leak needs."""
        try:
            gas = substance(release.substance)
            gas.harm.probit()
        except TwinError as error:
            yield Problem(error.what, self.scenario.where("releases", index, "substance"), error.fix)
            return
        if asset is None:
            return
        where = self.scenario.where("releases", index, "at")
        held = asset.get("substance")
        hole = isinstance(release, GasHole | LiquidHole)
        if isinstance(held, str) and held and _canonical(held) != gas.name:
            yield Problem(
                f"{asset.tag!r} holds {held}, the release is of {release.substance}",
                where,
                "correct one of them",
                "error" if hole else "warning",  # what comes out of a hole is what the asset holds
            )
        missing = [word for word in _NEEDED if hole and asset.get(word) is None]
        if release.height is None and asset.get("release_height") is None:
            missing.append("release_height")
        for word in missing:
            other = "height" if word == "release_height" else "rate"
            yield Problem(
                f"{asset.tag!r} says no {word}, which a {release.kind} release needs",
                where,
                f"add {word!r} to the feature in the layout, or give the release a {other}",
            )
        if isinstance(release, GasHole | LiquidHole) and not missing:
            yield from self.flowing(release, asset, where)
        yield from self.watched(asset, gas.name, where)

    def flowing(self, release: GasHole | LiquidHole, asset: Asset, where: str) -> Iterator[Problem]:
        """Whether something comes out of the hole: the phase, the pressure and the size are right."""
        leak = gas_leak if isinstance(release, GasHole) else liquid_leak
        try:
            leak(
                asset,
                hole_diameter=release.hole_diameter,
                duration=release.duration,
                height=release.height,
                ambient_pressure=self.scenario.weather.series().at(release.start).pressure,
            )
        except TwinError as error:
            for problem in error.problems:
                yield Problem(problem.what, where, problem.fix)

    def watched(self, asset: Asset, name: str, where: str) -> Iterator[Problem]:
        detectors = [d for d in self.park.assets("detector") if _canonical(str(d.get("gas", ""))) == name]
        dead = {failure.fail for failure in self.scenario.initial_state if failure.mode in _BLIND}
        alive = [d for d in detectors if d.tag not in dead]
        ready = [d for d in alive if d.get("alarm_1") is not None]
        if not ready:
            lack = "no detector" if not alive else "no detector with an alarm set point"
            yield Problem(
                f"the park has {lack} for {name}: the plan will never start by an alarm",
                where,
                f"add a detector with gas {name!r} and alarm_1",
                "warning",
            )
            return
        nearest = min(hypot(d.x - asset.x, d.y - asset.y) for d in ready)
        if nearest > _DETECTOR_REACH:
            yield Problem(
                f"the nearest detector for {name} is {nearest:.0f} m from {asset.tag!r}",
                where,
                "add one nearer",
                "warning",
            )
        enough = self.scenario.voting.confirm
        if len(ready) < enough:
            yield Problem(
                f"{enough} detectors must confirm, but the park has {len(ready)} for {name}",
                self.scenario.where("voting", "confirm"),
                "lower voting.confirm or add detectors",
                "warning",
            )

    def people(self) -> Iterator[Problem]:
        for index, group in enumerate(self.scenario.population):
            where = self.scenario.where("population", index, "at")
            if group.at not in self.park:
                yield Problem(f"the park has no place {group.at!r}", where, near(group.at, self.places))
                continue
            asset = self.park[group.at]
            if asset.layer not in ("space", "process") or asset.kind in ("fence", "water"):
                yield Problem(
                    f"people cannot start at {group.at!r}, a {asset.kind}", where, near(group.at, self.places)
                )
            elif group.indoors > 0.0 and asset.get("air_changes") is None:
                yield Problem(
                    f"{group.indoors:.0%} of {group.id!r} are indoors, but {group.at!r} is a {asset.kind} without "
                    "air_changes",
                    where,
                    "put them in a building, or write indoors: 0",
                )
        if not any(True for _ in self.park.assets("muster_point")):
            yield Problem(
                "the park has no muster point", self.scenario.where("layout"), "add features of the kind muster_point"
            )

    def failures(self) -> Iterator[Problem]:
        for index, failure in enumerate(self.scenario.initial_state):
            kinds = ("valve",) if failure.mode == "stuck_open" else ("detector",)
            yield from self.tag(failure.fail, kinds, kinds[0], "initial_state", index, "fail")

    def crews(self) -> Iterator[Problem]:
        for index, crew in enumerate(self.scenario.responders):
            yield from _standing(self.scenario, self.park, crew, "responders", index)
        for index, medics in enumerate(self.scenario.medics):
            yield from _standing(self.scenario, self.park, medics, "medics", index)
        for index, zone in enumerate(self.scenario.alarm_zones):
            for number, place in enumerate(zone.places):
                if place not in self.lived_in:
                    where = self.scenario.where("alarm_zones", index, "places", number)
                    yield Problem(f"nobody starts at {place!r}", where, near(place, self.lived_in))
        for index, group in enumerate(self.scenario.voting.groups):
            for number, tag in enumerate(group.detectors):
                yield from self.tag(tag, ("detector",), "detector", "voting", "groups", index, "detectors", number)

    def buses(self) -> Iterator[Problem]:
        fleets = self.scenario.vehicles.buses if self.scenario.vehicles is not None else ()
        for index, fleet in enumerate(fleets):
            path = ("vehicles", "buses", index)
            yield from self.tag(fleet.depot, (), "place", *path, "depot")
            yield from self.tag(fleet.pick_up, ("muster_point",), "muster point", *path, "pick_up")
            for number, tag in enumerate(fleet.safe):
                yield from self.tag(tag, (), "place", *path, "safe", number)
            for number, place in enumerate(fleet.places):
                where = self.scenario.where(*path, "places", number)
                if place not in self.lived_in:
                    yield Problem(f"nobody starts at {place!r}", where, near(place, self.lived_in))
        yield from _shared(self.scenario)

    def zones(self, zones: Iterable[str], *path: str | int) -> Iterator[Problem]:
        for number, zone in enumerate(zones):
            where = self.scenario.where(*path, "zones", number)
            if zone not in self.park:
                yield Problem(f"the park has no place {zone!r}", where, near(zone, self.places))
            elif zone not in self.lived_in:
                yield Problem(
                    f"nobody starts at {zone!r}: the order reaches nobody", where, near(zone, self.lived_in), "warning"
                )

    def plan(self) -> Iterator[Problem]:
        manual = {f.fail for f in self.scenario.initial_state if f.mode == "stuck_open"}
        for index, step in enumerate(self.scenario.plan.steps):
            path = ("plan", "steps", index)
            if step.do in ("close_valve", "manual_close"):
                for number, tag in enumerate(step.target):
                    missing = list(self.tag(tag, ("valve",), "valve", *path, "target", number))
                    yield from missing
                    if not missing and step.do == "close_valve" and self.park[tag].get("remote") is False:
                        yield Problem(
                            f"{tag!r} cannot be closed from the control room",
                            self.scenario.where(*path, "target", number),
                            "use manual_close",
                            "warning",
                        )
            yield from self.zones(step.zones, *path)
            if step.muster is not None:
                yield from self.tag(step.muster, ("muster_point",), "muster point", *path, "muster")
        closed_by_hand = {tag for s in self.scenario.plan.steps if s.do == "manual_close" for tag in s.target}
        for tag in sorted(manual - closed_by_hand):
            yield Problem(
                f"{tag!r} is stuck open and no step closes it by hand",
                self.scenario.where("initial_state"),
                "add a manual_close step, or the release is never isolated",
                "warning",
            )

    def alternatives(self) -> Iterator[Problem]:
        for index, alternative in enumerate(self.scenario.alternatives):
            for number, order in enumerate(alternative.orders):
                path = ("alternatives", index, "orders", number)
                yield from self.zones(order.zones, *path)
                if order.muster is not None:
                    yield from self.tag(order.muster, ("muster_point",), "muster point", *path, "muster")

    def events(self) -> Iterator[Problem]:
        """Events that belong to a detector: the detector is there and alive. All others were checked with the file."""
        tree = self.scenario
        named: list[tuple[str | None, tuple[str | int, ...]]] = []
        for index, step in enumerate(tree.plan.steps):
            named += [(step.when, ("plan", "steps", index, "when")), (step.verify, ("plan", "steps", index, "verify"))]
        named += [(inject.trigger.event, ("injects", i, "trigger", "event")) for i, inject in enumerate(tree.injects)]
        for index, expectation in enumerate(tree.expectations):
            for key in ("event", "anchor"):
                named.append((getattr(expectation.rule, key, None), ("expectations", index, "rule", key)))
        named += [(gate.when.never, ("gates", i, "when", "never")) for i, gate in enumerate(tree.gates)]
        possible = declared_events(tree.model_dump(mode="json", by_alias=True))
        dead = {f.fail: f.mode.replace("_", " ") for f in tree.initial_state if f.mode in _BLIND}
        for name, path in named:
            match = DETECTOR_EVENT.match(name) if name is not None and name not in possible else None
            if match is None:
                continue
            yield from self.tag(match["tag"], ("detector",), "detector", *path)
            if match["tag"] in dead:
                yield Problem(
                    f"{match['tag']!r} is {dead[match['tag']]}, {name!r} never happens",
                    tree.where(*path),
                    "name another detector",
                )

    def model(self) -> Iterator[Problem]:
        known = [point.name for point in entry_points(group="parktwin.dispersion")]
        if self.scenario.model.name not in known:
            yield Problem(
                f"there is no dispersion model {self.scenario.model.name!r}",
                self.scenario.where("model", "name"),
                near(self.scenario.model.name, known),
            )


def _standing(scenario: Scenario, park: Twin, team: Crew | Medics, *path: str | int) -> Iterator[Problem]:
    """Whether a team has a staging point upwind in every wind of the scenario; what gas there is, is not asked."""
    if team.station not in park:
        spaces = [asset.tag for asset in park.assets() if asset.layer == "space"]
        where = scenario.where(*path, "station")
        yield Problem(f"the park has no place {team.station!r}", where, near(team.station, spaces))
        return
    at = scenario.releases[0].at
    if at not in park:
        return
    source, series = park[at], scenario.weather.series()
    for wind in dict.fromkeys(state.wind_from for state in series.states):
        try:
            staging(park, team.station, (source.x, source.y), wind, team.standoff)
        except TwinError as error:
            yield Problem(error.what, scenario.where(*path, "standoff"), error.fix)
            return


def _canonical(name: str) -> str:
    try:
        return substance(name).name
    except TwinError:
        return name


def _shared(scenario: Scenario) -> Iterator[Problem]:
    """Complain of places and pick-up points with two fleets."""
    served: dict[str, str] = {}
    for index, fleet in enumerate(scenario.vehicles.buses if scenario.vehicles is not None else ()):
        for word, name in [*((place, "place") for place in fleet.places), (fleet.pick_up, "pick-up point")]:
            if served.setdefault(word, fleet.id) != fleet.id:
                yield Problem(
                    f"{name} {word!r} is served by {served[word]!r} and {fleet.id!r}",
                    scenario.where("vehicles", "buses", index),
                    "give every place and every pick-up point one fleet",
                )
