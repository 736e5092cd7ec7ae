"""Pictures of a drill, composed of the views of the park, the cloud and the people (matplotlib, loaded to draw)."""

from __future__ import annotations

import io
import math
import tempfile
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drills.folder import write_whole
from drills.log import Event, EventLog
from drills.words import Words, say_event, stamp
from scenarios.schema import Scenario

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from dispersion.field import Bounds, Footprint
    from drills.dispersal import Dispersal
    from drills.result import DrillResult
    from plant_models.sources import SourceTerm
    from twin.graph import Twin

__all__ = [
    "evacuation_figure",
    "footprint_figure",
    "pictures",
    "plot_evacuation",
    "plot_footprint",
    "plot_timeline",
    "save_film",
    "save_section",
    "save_series",
    "save_source",
    "save_zones",
    "timeline_figure",
    "write_pictures",
]

_DPI = 150
_INK, _QUIET = "#1c2430", "#5c6673"
_LANE_COLOURS = {"release": "#b3261e", "detectors": "#a86400", "valves": "#1d7a46", "people": "#6a3d9a"}
_TARGET, _LIMIT = "#1d7a46", "#b3261e"


@dataclass(frozen=True, slots=True)
class _Mark:
    """One event on a lane of the timeline."""

    lane: str
    minutes: float
    text: str
    failed: bool


def pictures(result: DrillResult) -> dict[str, bytes]:
    """PNG files of a drill by name: "footprint", "evacuation", "timeline"; the same bytes for the same drill."""
    figures = {"footprint": footprint_figure, "evacuation": evacuation_figure, "timeline": timeline_figure}
    return {name: _png(draw(result)) for name, draw in figures.items()}


def write_pictures(drawn: Mapping[str, bytes], folder: str | Path) -> None:
    """Write pictures as ``<name>.png`` into a folder, each complete or not at all."""
    for name, data in drawn.items():
        write_whole(Path(folder) / f"{name}.png", data)


def save_source(source: SourceTerm, path: str | Path) -> Path:
    """Draw the rates of a source term into a PNG file, complete or not at all, and return its path."""
    from plant_models.view import plot_source

    with _fonts():  # axes take the font of the moment they are made
        figure = _new_figure(9.0, 5.0)
        plot_source(source, figure.add_subplot())
    return write_whole(path, _png(figure))


def save_zones(found: Dispersal, path: str | Path) -> Path:
    """Draw the zones of a dispersed leak over the park into a PNG file, complete or not at all."""
    with _fonts() as chinese:
        heading = _heading(found, Words("Footprint of the cloud", "气云影响范围"), chinese=chinese)
        figure = _zones_figure(found.park, [zone.footprint for zone in found.shown], heading, chinese=chinese)
    return write_whole(path, _png(figure))


def save_section(found: Dispersal, path: str | Path) -> Path:
    """Draw the vertical section of a dispersed leak along the wind into a PNG file, complete or not at all."""
    from dispersion.view import plot_section

    return _save_axes(path, 4.6, lambda ax: plot_section(found.drawn, ax, levels=found.levels))


def save_series(found: Dispersal, path: str | Path) -> Path:
    """Draw the concentration over time at detectors and points into a PNG file, complete or not at all."""
    from dispersion.view import plot_series

    return _save_axes(path, 5.0, lambda ax: plot_series(found.drawn, found.places, ax, levels=found.levels))


def save_film(found: Dispersal, path: str | Path) -> Path:
    """Write the film of a dispersed leak over the park as a GIF, complete or not at all."""
    from dispersion.scenes.view import animate

    with tempfile.TemporaryDirectory() as folder:
        film = animate(found.film(), Path(folder) / "film.gif", levels=found.levels, park=found.park)
        return write_whole(path, film.read_bytes())


def _save_axes(path: str | Path, height: float, draw: Callable[[Axes], Axes]) -> Path:
    with _fonts():
        figure = _new_figure(9.0, height)
        draw(figure.add_subplot())
    return write_whole(path, _png(figure))


def _heading(found: Dispersal, what: Words, *, chinese: bool) -> str:
    weather, gas = found.cloud.weather.at(found.cloud.start), found.source.substance
    stability = weather.stability or f"L = {weather.obukhov_length:g} m"
    air = f"{weather.wind_speed:g} m/s, {weather.wind_from:g}°, {stability}"
    if not chinese:
        return f"{what.en}: {found.source.tag}, {gas.name}, {air}"
    return f"{what.en} {what.zh}: {found.source.tag}, {gas.name} {gas.name_zh}, {air}"


def _png(figure: Figure) -> bytes:
    """A figure as PNG, without the software's name and without a date, so that equal pictures are equal files."""
    store = io.BytesIO()
    with _fonts():
        figure.savefig(store, format="png", dpi=_DPI, bbox_inches="tight", pad_inches=0.25, metadata={"Software": None})
    return store.getvalue()


@contextmanager
def _fonts() -> Iterator[bool]:
    """Draw with a Chinese font behind the usual one; tell whether there is one."""
    from twin.fonts import cjk_fonts, plot_fonts

    with plot_fonts():
        yield bool(cjk_fonts())


def _new_figure(width: float, height: float) -> Figure:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _title(result: DrillResult, what: Words, *, chinese: bool) -> str:
    title = result.scenario.title
    first = f"{what.en} {what.zh}" if chinese else what.en
    second = f"{title.en} {title.zh}" if chinese else title.en
    return f"{first}\n{second}, team {result.team}, seed {result.seed}"


def footprint_figure(result: DrillResult) -> Figure:
    """Where the concentration passed each threshold at any time: the park, and all of it if that is more."""
    with _fonts() as chinese:
        heading = _title(result, Words("Footprint of the cloud", "气云影响范围"), chinese=chinese)
        return _zones_figure(result.park, result.footprints, heading, chinese=chinese)


def _zones_figure(park: Twin, footprints: Sequence[Footprint], heading: str, *, chinese: bool) -> Figure:
    """Zones over the park, and beside it all of them where they reach beyond, or larger where they would be lost."""
    from dispersion.zones import close_up

    beyond, close = _reaches_beyond(park, footprints), close_up(footprints, park.bounds)
    figure = _new_figure(11.0 if beyond or close else 8.2, 7.0)
    near, *rest = figure.subplots(1, 2, width_ratios=(1.9, 1.0)) if beyond or close else [figure.add_subplot()]
    handles, what = _draw_zones(park, footprints, near)
    titles = [(near, Words("over the park", "园区范围"))]
    for ax in rest:
        _draw_beside(park, footprints, ax, close)
        titles.append((ax, Words("close up", "近景") if close else Words("full extent", "全部范围")))
    for ax, words in titles:
        ax.set_title("")
        ax.set_title(f"{words.en} {words.zh}" if chinese else words.en, fontsize=10, loc="left")
    figure.suptitle(f"{heading}\n{what}", fontsize=11, x=0.01, ha="left")
    if handles:
        figure.legend(handles=handles, loc="outside lower left", ncols=2, frameon=False, fontsize=9)
    return figure


def _reaches_beyond(park: Twin, footprints: Sequence[Footprint]) -> bool:
    """Whether a footprint leaves the map of the park."""
    x0, y0, x1, y1 = park.bounds
    boxes = [footprint.polygon.bounds for footprint in footprints if footprint.area > 0.0]
    return any(box[0] < x0 or box[1] < y0 or box[2] > x1 or box[3] > y1 for box in boxes)


def _draw_beside(park: Twin, footprints: Sequence[Footprint], ax: Axes, close: Bounds | None) -> None:
    """Draw the footprints over a part of the park, or to their full extent with the outline of its map."""
    from matplotlib.patches import Rectangle

    from dispersion.view import plot_footprint as plot_zones

    if close:
        park.plot(ax, legend=False, bounds=close)
    written, framed = list(ax.texts), (ax.get_xlim(), ax.get_ylim())
    plot_zones(footprints, ax)
    legend = ax.get_legend()
    both = [text for text in ax.texts if text not in written]  # what stands beside the park already
    for artist in (*both, *([legend] if legend is not None else [])):
        artist.remove()
    ax.set_aspect("equal", adjustable="box")
    if close:
        ax.set(xlim=framed[0], ylim=framed[1])
    else:
        x0, y0, x1, y1 = park.bounds
        ax.add_patch(Rectangle((x0, y0), x1 - x0, y1 - y0, fill=False, edgecolor=_INK, linewidth=1.2, zorder=7))
        ax.autoscale_view()
    ax.tick_params(labelsize=8)


def _draw_zones(park: Twin, footprints: Sequence[Footprint], ax: Axes) -> tuple[list[Artist], str]:
    """Draw the footprints over the park; return what belongs in a legend (taken off the map), and what is drawn."""
    from dispersion.view import plot_footprint as plot_zones

    park.plot(ax, legend=False)
    (left, right), (low, high) = ax.get_xlim(), ax.get_ylim()
    plot_zones(footprints, ax)
    legend, what = ax.get_legend(), ax.get_title() or ax.get_title(loc="left")
    handles: list[Artist] = []
    if legend is not None:
        for handle, text in zip(legend.legend_handles, legend.get_texts(), strict=True):
            if handle is not None:
                handle.set_label(text.get_text())
                handles.append(handle)
        legend.remove()
    ax.set_aspect("equal", adjustable="box")
    ax.set(xlim=(left, right), ylim=(low, high + 0.06 * (high - low)))  # room for the caution
    return handles, what


def evacuation_figure(result: DrillResult) -> Figure:
    """Where people were and what they breathed, and the curve of the head-count."""
    from evacuation.view import plot_clearance

    with _fonts() as chinese:
        figure = _new_figure(9.0, 9.6)
        above, below = figure.subplots(2, 1, height_ratios=(3.0, 1.0))
        plot_evacuation(result, ax=above)
        above.set_title(_title(result, Words("Evacuation", "疏散"), chinese=chinese), fontsize=11, loc="left")
        plot_clearance(result.people, below)
    return figure


def timeline_figure(result: DrillResult) -> Figure:
    """Who did what when, with the targets and limits of the plan."""
    with _fonts() as chinese:
        lanes = len(_lanes(result.log, result.scenario))
        figure = _new_figure(9.0, 1.6 + 0.62 * lanes)
        ax = figure.add_subplot()
        plot_timeline(result, ax=ax)
        title = _title(result, Words("Timeline", "时间线"), chinese=chinese)
        figure.suptitle(title, fontsize=11, x=0.01, ha="left")
    return figure


def plot_footprint(result: DrillResult, ax: Axes | None = None) -> Axes:
    """Draw the areas above the thresholds over the park; a new Axes when none is given."""
    with _fonts():
        ax = ax if ax is not None else _new_figure(9.0, 7.2).add_subplot()
        handles, _ = _draw_zones(result.park, result.footprints, ax)
        if handles:
            ax.legend(
                handles=handles, loc="upper left", bbox_to_anchor=(0.0, -0.08), ncols=2, frameon=False, fontsize=8
            )
    return ax


def plot_evacuation(result: DrillResult, ax: Axes | None = None) -> Axes:
    """Draw where people were and what they breathed; a new Axes when none is given."""
    ax = ax if ax is not None else _new_figure(9.0, 7.2).add_subplot()
    result.people.plot(ax, park=result.park)
    return ax


def plot_timeline(result: DrillResult, ax: Axes | None = None) -> Axes:
    """Draw who did what when; a new Axes when none is given."""
    log, scenario = result.log, result.scenario
    lanes = _lanes(log, scenario)
    ax = ax if ax is not None else _new_figure(9.0, 1.6 + 0.62 * len(lanes)).add_subplot()
    row = {lane: len(lanes) - 1 - index for index, lane in enumerate(lanes)}
    marks = [mark for event in log if (mark := _mark(event, scenario)) is not None]
    first = min([mark.minutes for mark in marks] + [0.0 if not marks else math.inf])
    last = max([mark.minutes for mark in marks] + [1.0])
    first, end = max(first - 0.04 * (last - first), 0.0), last + 0.14 * (last - first) + 0.1
    ax.set(xlim=(first, end), ylim=(-0.6, len(lanes) - 0.3), xlabel="time since scenario start [min]")
    _draw_releases(result, ax, row["release"], end)
    for lane, y in row.items():
        ax.axhline(y, color="#d5dae1", linewidth=0.8, zorder=0)
        _draw_lane([mark for mark in marks if mark.lane == lane], ax, y, end, _LANE_COLOURS.get(lane, "#1f5f99"))
    _draw_standards(result, ax, row, end)
    with _fonts() as chinese:
        wrapped = [textwrap.fill(words.en, 24) + (f"\n{words.zh}" if chinese else "") for words in lanes.values()]
        ax.set_yticks(list(row.values()), wrapped, fontsize=9)
    ax.tick_params(axis="y", length=0)
    for side in ("top", "right", "left"):
        ax.spines[side].set_visible(False)
    return ax


def _lanes(log: EventLog, scenario: Scenario) -> dict[str, Words]:
    """Lanes from top to bottom: key and label."""
    found = {"release": Words("release", "泄漏"), "detectors": Words("detectors", "探测器")}
    actors = {event.actor for event in log}
    for name, role in scenario.plan.roles.items():
        if name in actors:
            found[name] = Words(role.title.en, role.title.zh)
    found["valves"] = Words("valves", "阀门")
    teams = {crew.id: Words(f"crew {crew.id}", f"救援队 {crew.id}") for crew in scenario.responders}
    teams |= {medics.id: Words(f"medics {medics.id}", f"医疗组 {medics.id}") for medics in scenario.medics}
    found |= {f"team {name}": words for name, words in teams.items() if name in actors}
    if any(event.name.startswith("inject.") for event in log):
        found["injects"] = Words("injects", "情况注入")
    if any(_lane(event, scenario) == "people" for event in log):
        found["people"] = Words("people", "人员")
    return found


def _lane(event: Event, scenario: Scenario) -> str:
    name = event.name
    if name.endswith((".start", ".isolated")):
        return "release"
    if name.startswith("detection.") or name.endswith((".alarm_1", ".alarm_2")):
        return "detectors"
    if name.startswith("valve."):
        return "valves"
    if name.startswith("inject."):
        return "injects"
    if event.actor in {crew.id for crew in scenario.responders} | {medics.id for medics in scenario.medics}:
        return f"team {event.actor}"
    return event.actor if event.actor in scenario.plan.roles else "people"


def _mark(event: Event, scenario: Scenario) -> _Mark | None:
    lane = _lane(event, scenario)
    if event.name == "alarm.sounded" or event.name.startswith("order."):
        return None  # the step that led to it is on the lane already
    words = say_event(event.name, scenario).en
    text = words.rpartition(": ")[2] if lane in scenario.plan.roles else words
    if lane.startswith("team "):
        text = text.removeprefix(f"crew {event.actor} ")
    if lane == "detectors" and not event.name.startswith("detection."):
        text = ""
    if lane == "release":
        text = ""
    if lane == "injects":
        text = event.name.removeprefix("inject.")
    return _Mark(lane=lane, minutes=event.time / 60.0, text=text, failed=event.name.startswith("valve.failed"))


def _draw_lane(marks: list[_Mark], ax: Axes, y: float, end: float, colour: str) -> None:
    """Markers, and labels on two levels where there is room."""
    for failed, marker, size in ((False, "o", 5), (True, "X", 8)):
        shown = [m.minutes for m in marks if m.failed is failed]
        ax.plot(
            shown,
            [y] * len(shown),
            linestyle="none",
            marker=marker,
            markersize=size,
            color=_LIMIT if failed else colour,
            zorder=3,
        )
    first, span = ax.get_xlim()[0], end - ax.get_xlim()[0]
    free = {0.16: -math.inf, -0.36: -math.inf}
    for mark in marks:
        if not mark.text:
            continue
        text = f"{mark.text} {stamp(60.0 * mark.minutes)}"
        width = span * 0.0094 * len(text)
        start = max(min(mark.minutes - 0.004 * span, end - width), first)
        for level, taken in free.items():
            if start >= taken:
                ax.text(start, y + level, text, fontsize=7.5, color=_INK, zorder=4)
                free[level] = start + width
                break


def _draw_releases(result: DrillResult, ax: Axes, y: float, end: float) -> None:
    """Bars of what came out, over what would have come out."""
    for before, after in zip(result.releases, result.cut_releases, strict=True):
        start = before.start / 60.0
        would = max(min(before.start + before.duration, 60.0 * end) / 60.0 - start, 0.002 * end)
        did = max(min(after.start + after.duration, 60.0 * end) / 60.0 - start, 0.002 * end)
        ax.barh(y, would, left=start, height=0.34, color="#f2d3d0", zorder=1)
        ax.barh(y, did, left=start, height=0.34, color=_LANE_COLOURS["release"], zorder=2)
        kept = before.total_mass - after.total_mass
        text = f"{after.label or 'release'}: {after.total_mass:.0f} kg"
        ax.text(start, y + 0.24, text + (f", {kept:.0f} kg kept in" if kept >= 0.5 else ""), fontsize=7.5, color=_INK)


def _draw_standards(result: DrillResult, ax: Axes, row: Mapping[str, float], end: float) -> None:
    """Target and limit of every timed expectation, on the lane of its event."""
    drawn = False
    for expectation in result.scenario.expectations:
        rule = expectation.rule
        if rule.kind != "timeliness":
            continue
        anchor = result.log.first(rule.anchor)
        event = result.log.first(rule.event)
        lane = _lane_of_name(rule.event, result.scenario) if event is None else _lane(event, result.scenario)
        if anchor is None or lane not in row:
            continue
        for seconds, colour in ((rule.target, _TARGET), (rule.limit, _LIMIT)):
            at = (anchor.time + seconds) / 60.0
            if at <= end:
                ax.plot([at, at], [row[lane] - 0.14, row[lane] + 0.14], color=colour, linewidth=2.2, zorder=2)
                drawn = True
    if drawn:
        handles: list[Any] = [
            ax.plot([], [], color=_TARGET, linewidth=2.2, label="target")[0],
            ax.plot([], [], color=_LIMIT, linewidth=2.2, label="limit")[0],
        ]
        ax.legend(handles=handles, loc="lower right", bbox_to_anchor=(1.0, -0.13), ncols=2, frameon=False, fontsize=8)


def _lane_of_name(name: str, scenario: Scenario) -> str:
    """Lane on which an event would have been."""
    if name.startswith("valve."):
        return "valves"
    role = name.partition(".")[0]
    return role if role in scenario.plan.roles else "people"
