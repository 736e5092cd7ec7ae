"""What a drill leaves behind: everything needed to look at it, judge it and run it again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dispersion.cloud import Cloud
from dispersion.field import Field, Footprint
from drills.folder import write_whole
from drills.log import EventLog
from drills.scoring import Scores
from evacuation.tracks import Evacuation
from plant_models.releases import Release
from scenarios.schema import Scenario
from twin.graph import Twin
from twin.store import write_h5
from twin.weather import WeatherSeries

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["DrillResult"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillResult:
    """A played and judged drill.

    Parameters
    ----------
    scenario, park, seed, team
        What was played, where, with which seed, by whom.
    versions
        Version of parktwin.
    weather
        Weather the models were given.
    releases, cut_releases
        What would have come out if nobody acted, and what did come out.
    cloud
        Cloud of the cut releases.
    field
        That cloud at breathing height over the park, frame by frame.
    footprints
        Areas above the thresholds at any time, most severe first.
    people, no_action
        What became of people under the team's actions, and if nobody had acted.
    best
        Name of the least harmful declared alternative, and what became of people under it.
    log
        What happened.
    scores
        Marks.
    warnings
        What limits the use of these numbers.
    """

    scenario: Scenario
    park: Twin
    seed: int
    team: str
    versions: Mapping[str, str]
    weather: WeatherSeries
    releases: tuple[Release, ...]
    cut_releases: tuple[Release, ...]
    cloud: Cloud
    field: Field
    footprints: tuple[Footprint, ...]
    people: Evacuation
    no_action: Evacuation
    best: tuple[str, Evacuation]
    log: EventLog
    scores: Scores
    warnings: tuple[str, ...]

    def summary(self) -> dict[str, Any]:
        """Complete, JSON-safe picture of the run: what the report is made of."""
        scenario = self.scenario
        return {
            "format": "parktwin-drill/1",
            "scenario": scenario.model_dump(mode="json", by_alias=True),
            "seed": self.seed,
            "team": self.team,
            "versions": dict(self.versions),
            "layout": {
                "name": self.park.site.name,
                "digest": self.park.digest,
                "assets": len(self.park),
                "sources": [
                    {"file": Path(source.path).name, "sha256": source.sha256, "mapping": source.mapping}
                    for source in self.park.sources
                ],
            },
            "weather": repr(self.weather),
            "releases": [
                _release_facts(before, after) for before, after in zip(self.releases, self.cut_releases, strict=True)
            ],
            "model": {
                "name": self.cloud.model,
                "settings": {name: str(value) for name, value in self.cloud.settings.items()},
                "averaging_time": self.cloud.averaging_time,
                "valid_range": {
                    name: [_number(low), _number(high), unit]
                    for name, (low, high, unit) in self.cloud.valid_range.items()
                },
            },
            "harm": {
                name: self.people.settings[name]
                for name in ("probit", "probit_source", "probit_status", "load_exponent", "load_unit")
            },
            "footprints": [
                {
                    "threshold": footprint.label,
                    "concentration": footprint.threshold,
                    "area": footprint.area,
                    "reach": footprint.reach,
                    "height": footprint.height,
                }
                for footprint in self.footprints
            ],
            "people": {
                "count": len(self.people.population),
                "clearance_time": _number(self.people.clearance_time),
                "mustered": self.scores.losses["team"].mustered,
            },
            "scores": self.scores.to_dict(),
            "warnings": list(self.warnings),
            "log": {"events": len(self.log), "last_hash": self.log[-1].hash if len(self.log) else ""},
        }

    def save(self, folder: str | Path) -> None:
        """Write ``result.h5``, ``events.jsonl`` and ``drill.json`` into a folder, each complete or not at all.

        ``xarray.open_dataset(path, engine="h5netcdf")`` shows the cloud, frame by frame, and with ``group="people"``,
        ``"people_no_action"`` or ``"people_best"`` what became of everybody.
        """
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        field = self.field.variables()
        write_h5(
            folder / "result.h5",
            {
                "": field,
                "people": self.people.variables(),
                "people_no_action": self.no_action.variables(),
                "people_best": self.best[1].variables(),
            },
            attributes={
                "title": self.scenario.title.en,
                "scenario": self.scenario.id,
                "seed": self.seed,
                "team": self.team,
                "model": self.cloud.model,
                "settings": json.dumps({k: str(v) for k, v in self.cloud.settings.items()}, sort_keys=True),
                "averaging_time_s": self.cloud.averaging_time,
                "layout_digest": self.park.digest,
                "best_alternative": self.best[0],
                "parktwin_version": self.versions["parktwin"],
                "warnings": "\n".join(self.warnings),
                "scores": json.dumps(self.scores.to_dict(), sort_keys=True),
            },
        )
        self.log.write(folder / "events.jsonl")
        text = json.dumps(self.summary(), ensure_ascii=False, indent=1, sort_keys=True, allow_nan=False)
        write_whole(folder / "drill.json", text + "\n")

    def report(self, path: str | Path) -> Path:
        """Write the after-action report as one self-contained HTML file and return its path."""
        from drills.report import report_of

        return report_of(self, path)

    def plot_footprint(self, ax: Axes | None = None) -> Axes:
        """Draw the areas above the thresholds over the park."""
        from drills.view import plot_footprint

        return plot_footprint(self, ax=ax)

    def plot_evacuation(self, ax: Axes | None = None) -> Axes:
        """Draw where people were and what they breathed."""
        from drills.view import plot_evacuation

        return plot_evacuation(self, ax=ax)

    def __repr__(self) -> str:
        process = "-" if self.scores.process is None else f"{self.scores.process:.2f}"
        outcome = "-" if self.scores.outcome is None else f"{self.scores.outcome:.2f}"
        return (
            f"<DrillResult {self.scenario.id!r}, team {self.team}, seed {self.seed}: grade {self.scores.grade}, "
            f"process {process}, outcome {outcome}, {len(self.log)} events>"
        )


def _release_facts(before: Release, after: Release) -> dict[str, Any]:
    return {
        "label": before.label,
        "substance": before.substance.name,
        "substance_zh": before.substance.name_zh,
        "position": [before.x, before.y, before.z],
        "start": before.start,
        "mass_if_nobody_acted": before.total_mass,
        "mass_released": after.total_mass,
        "notes": list(before.notes),
    }


def _number(value: float) -> float | None:
    """JSON has no infinity: never is None."""
    return value if value == value and abs(value) != float("inf") else None  # noqa: PLR0124
