"""Pictures of clouds: plan views over the park, vertical sections and histories at points.

Every picture names its averaging time and the model, and carries the warnings of the cloud. The zones are red, orange,
yellow and blue, worst first, each with a line style and a name of its own, so that colour alone is not relied on.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dispersion.cautions import told_once
from twin.errors import ModelError
from twin.fonts import plot_fonts
from twin.units import show_quantity

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from shapely import MultiPolygon

    from dispersion.cloud import Cloud
    from dispersion.field import Bounds, Field, Footprint

__all__ = [
    "WORDS",
    "Language",
    "Level",
    "draw_caution",
    "draw_frame",
    "draw_legend",
    "draw_zone",
    "gas_name",
    "plot_field",
    "plot_footprint",
    "plot_section",
    "plot_series",
    "rank_levels",
    "rectangle_of",
    "say_when",
]

Language = Literal["en", "zh"]
_Array = NDArray[np.float64]
_ZONES: tuple[tuple[str, Any], ...] = (("#b2182b", "-"), ("#e08214", "--"), ("#d9b300", "-."), ("#2166ac", ":"))
_LINES = ("#1b7837", "#762a83", "#01665e", "#8c510a", "#4d4d4d", "#c51b7d")  # of places: none of the colours of zones
_MINUTE = 60.0
WORDS: dict[str, dict[str, str]] = {
    "en": {
        "east": "east [m]",
        "north": "north [m]",
        "downwind": "distance downwind [m]",
        "height": "height above ground [m]",
        "minutes": "time since scenario start [min]",
        "ppm": "{gas} [ppm], {average:g} s average",
        "mass": "{gas} [kg m⁻³], {average:g} s average",
        "largest": "largest over time",
        "moment": "t = {time:g} s",
        "plan": "{gas}, {model}: {when}, {height:g} m above ground, {average:g} s average",
        "layer": "{model}: {when}, {height:g} m above ground",
        "section": "{gas}, {model}: {when}, {average:g} s average, towards {toward:.0f}°, heights x {stretch:.2g}",
        "series": "{gas}, {model}, {average:g} s average",
        "scene": "{gas}, {model}, {when}, {average:g} s average",
        "release": "release",
        "missed": "not reached",
        "caution": "Caution",
    },
    "zh": {
        "east": "东 [m]",
        "north": "北 [m]",
        "downwind": "下风向距离 [m]",
        "height": "离地高度 [m]",
        "minutes": "情景开始后时间 [min]",
        "ppm": "{gas} [ppm]，{average:g} s 平均",
        "mass": "{gas} [kg m⁻³]，{average:g} s 平均",
        "largest": "全过程最大值",
        "moment": "t = {time:g} s",
        "plan": "{gas}，{model}：{when}，离地 {height:g} m，{average:g} s 平均",
        "layer": "{model}：{when}，离地 {height:g} m",
        "section": "{gas}，{model}：{when}，{average:g} s 平均，朝 {toward:.0f}°，高度放大 {stretch:.2g} 倍",
        "series": "{gas}，{model}，{average:g} s 平均",
        "scene": "{gas}，{model}，{when}，{average:g} s 平均",
        "release": "泄漏点",
        "missed": "未达到",
        "caution": "注意",
    },
}


@dataclass(frozen=True, slots=True)
class Level:
    """A concentration with the look of its zone."""

    name: str
    value: float
    colour: str
    style: Any

    @property
    def text(self) -> str:
        """Name and value."""
        return f"{self.name}, {self.value:.2g} kg m⁻³"

    @property
    def fill(self) -> tuple[float, float, float, float]:
        """The colour, thinned so that the map stays readable beneath."""
        from matplotlib.colors import to_rgba

        red, green, blue, _ = to_rgba(self.colour)
        return red, green, blue, 0.35


def rank_levels(named: Mapping[str, float]) -> list[Level]:
    """Concentrations with their look, the worst first.

    Raises
    ------
    ModelError
        None is given, or one is not above zero.
    """
    if not named or not all(0.0 < value < math.inf for value in named.values()):
        raise ModelError(
            f"the levels are {dict(named)!r}", where="levels", fix='give {"AEGL-2": concentration in kg m⁻³, ...}'
        )
    worst_first = sorted(named.items(), key=lambda item: -item[1])
    return [Level(name, value, *_ZONES[min(rank, len(_ZONES) - 1)]) for rank, (name, value) in enumerate(worst_first)]


def plot_footprint(
    footprint: Footprint | Sequence[Footprint],
    ax: Axes | None = None,
    *,
    park: Any = None,
    bounds: Bounds | None = None,
    language: Language = "en",
) -> Axes:
    """Draw one or several footprints as zones, worst in red, then orange, yellow and blue.

    Parameters
    ----------
    footprint
        Footprints of one cloud; the highest concentration is the worst zone.
    ax
        Where to draw; None: a new figure.
    park
        A park to draw beneath; the map holds both the park and the areas.
    bounds
        Ends of the map instead, west, south, east and north, such as those of the park. [m]
    language
        Of the labels, "en" or "zh".

    Returns
    -------
    matplotlib.axes.Axes
        Metres east and north at equal scale, with a legend of threshold, averaging time and model.
    """
    from matplotlib.patches import Patch

    given = list(footprint) if isinstance(footprint, Sequence) else [footprint]
    zones = sorted(given, key=lambda f: f.threshold, reverse=True)
    averages = {zone.averaging_time for zone in zones}
    words = WORDS[language]
    with plot_fonts():
        ax = _axes(ax)
        if park is not None:
            held = bounds or rectangle_of([park.bounds, *(zone.polygon.bounds for zone in zones if zone.area)])
            park.plot(ax, legend=False, bounds=held, language=language)  # its legend gives way to that of the zones
        framed = (ax.get_xlim(), ax.get_ylim())
        handles: list[Any] = []
        looks = [Level(zone.label, zone.threshold, *_ZONES[min(k, len(_ZONES) - 1)]) for k, zone in enumerate(zones)]
        for rank, (zone, look) in reversed(list(enumerate(zip(zones, looks, strict=True)))):  # the mildest first
            draw_zone(ax, zone.polygon, look, order=3 + 0.1 * (len(zones) - rank))
            _name_tip(ax, zone, look)
        for zone, look in zip(zones, looks, strict=True):
            text = f"{zone.label} ({zone.threshold:.2g} kg m⁻³)" if "kg" not in zone.label else zone.label
            text += f", {zone.averaging_time:g} s" if len(averages) > 1 else ""
            text += f": {zone.reach:.0f} m" if zone.area else f": {words['missed']}"
            handles.append(Patch(facecolor=look.fill, edgecolor=look.colour, linestyle=look.style, label=text))
        handles += _mark_sources(ax, {place for zone in zones for place in zone.sources}, words["release"])
        if zones:
            first = zones[0]
            draw_frame(ax, language)
            title = words["plan"].format(
                gas=gas_name(first.substance, language), model=first.model, when=words["largest"], height=first.height,
                average=max(averages),
            )  # fmt: skip
            ax.set_title(title, fontsize=10, loc="left")  # where a park beneath has written its name
            if bounds is not None:
                x, y = framed if park is not None else (bounds[::2], bounds[1::2])
                ax.set(xlim=x, ylim=y)
            draw_legend(ax, handles)
            draw_caution(ax, tuple(dict.fromkeys(text for zone in zones for text in zone.warnings)), language)
    return ax


def plot_field(
    field: Field,
    ax: Axes | None = None,
    *,
    time: float | None = None,
    height: float | None = None,
    language: Language = "en",
) -> Axes:
    """Draw one frame of a field, or its largest value over time, in decades of concentration.

    Parameters
    ----------
    field
        What to draw.
    ax
        Where to draw; None: a new figure.
    time
        The frame nearest to this time; None: the largest value over all frames. [s]
    height
        The nearest height; None: the lowest. [m]
    language
        Of the labels, "en" or "zh".

    Returns
    -------
    matplotlib.axes.Axes
        Metres east and north at equal scale.
    """
    from matplotlib.colors import BoundaryNorm
    from matplotlib.ticker import LogFormatterSciNotation

    words = WORDS[language]
    k = 0 if height is None else int(np.abs(field.z - height).argmin())
    frame = None if time is None else int(np.abs(field.t - time).argmin())
    layer = field.values[:, k].max(axis=0) if frame is None else field.values[frame, k]
    with plot_fonts():
        ax = _axes(ax)
        top = float(layer.max())
        if top > 0.0:
            highest = int(np.ceil(np.log10(top)))
            levels = 10.0 ** np.arange(highest - 6, highest + 1)
            norm = BoundaryNorm(levels.tolist(), 256)
            drawn = ax.contourf(field.x, field.y, layer, levels=levels, norm=norm, cmap="YlOrRd", zorder=3, alpha=0.85)
            bar = ax.figure.colorbar(drawn, ax=ax, shrink=0.8, format=LogFormatterSciNotation())
            bar.set_label(words["mass"].format(gas=gas_name(field.substance, language), average=field.averaging_time))
        draw_frame(ax, language)
        when = say_when(None if frame is None else float(field.t[frame]), language)
        ax.set_title(words["layer"].format(model=field.model, when=when, height=field.z[k]), fontsize=10)
        draw_caution(ax, field.warnings, language)
    return ax


def plot_section(
    cloud: Cloud,
    ax: Axes | None = None,
    *,
    levels: Mapping[str, float],
    times: ArrayLike | None = None,
    toward: float | None = None,
    language: Language = "en",
) -> Axes:
    """Draw the vertical section along the wind through the first release: zones over distance and height.

    Parameters
    ----------
    cloud
        What to draw.
    ax
        Where to draw; None: a new figure.
    levels
        Concentrations by name. [kg m⁻³]
    times
        One time, or several of which the largest concentration is drawn; None: some forty over the life of the lowest
        level. [s]
    toward
        Direction of the section, clockwise from north; None: that of the wind in the middle of the emission. [°]
    language
        Of the labels, "en" or "zh".

    Returns
    -------
    matplotlib.axes.Axes
        Metres downwind and metres above ground; the stretch of the heights is in the title.

    Raises
    ------
    ModelError
        No level is reached in the section.
    """
    from matplotlib.patches import Patch

    looks, words, release = rank_levels(levels), WORDS[language], cloud.releases[0]
    if toward is None:
        toward = (cloud.weather.at(0.5 * (cloud.start + cloud.end)).wind_from + 180.0) % 360.0
    moments = _moments(cloud, looks[-1].value, times, most=250)
    east, north = math.sin(math.radians(toward)), math.cos(math.radians(toward))

    def largest(distance: _Array, height: _Array) -> _Array:
        x, y = release.x + distance * east, release.y + distance * north
        found = np.zeros((height.size, distance.size))
        for t in moments:
            np.maximum(found, cloud.concentration(x, y, height[:, None], t), out=found)
        return found

    # A look at every scale first, then a grid that fits the outermost zone.
    scales = np.geomspace(0.5, 1e5, 110)
    coarse_distance = np.concatenate((-scales[scales < 500.0][::-1], [0.0], scales))
    coarse_height = np.concatenate(([0.0], np.geomspace(0.1, 3000.0, 45)))
    held = largest(coarse_distance, coarse_height) >= looks[-1].value
    if not held.any():
        raise ModelError(
            f"the section towards {toward:.0f}° holds no {looks[-1].name}", where="plot_section",
            fix="give a lower level, another time or the direction the cloud went",
        )  # fmt: skip
    columns, rows = np.flatnonzero(held.any(axis=0)), np.flatnonzero(held.any(axis=1))
    ends = coarse_distance[[max(columns[0] - 1, 0), min(columns[-1] + 1, coarse_distance.size - 1)]]
    top = coarse_height[min(rows[-1] + 1, coarse_height.size - 1)]
    distance, height = np.linspace(ends[0], ends[1], 361), np.linspace(0.0, top, 121)
    values = np.log(np.maximum(largest(distance, height), 1e-6 * looks[-1].value))
    with plot_fonts():
        ax = _axes(ax, height=4.2)
        handles: list[Any] = []
        for look in looks:
            if values.max() >= math.log(look.value):
                cut = [math.log(look.value), math.inf]
                ax.contourf(distance, height, values, levels=cut, colors=[look.fill], zorder=2)
                ax.contour(distance, height, values, cut[:1], colors=[look.colour], linestyles=[look.style], zorder=3)
            missed = "" if values.max() >= math.log(look.value) else f": {words['missed']}"
            label = f"{look.text}{missed}"
            handles.append(Patch(facecolor=look.fill, edgecolor=look.colour, linestyle=look.style, label=label))
        ax.plot([0.0], [release.z], "x", color="black", markersize=8, markeredgewidth=2, zorder=5, clip_on=False)
        ax.set(xlabel=words["downwind"], ylabel=words["height"], xlim=distance[[0, -1]], ylim=(0.0, top))
        draw_legend(ax, handles)
        draw_caution(ax, cloud.warnings, language, below=True)
        box = ax.get_window_extent()
        stretch = box.height / top * (ends[1] - ends[0]) / box.width
        when = say_when(float(moments[0]) if moments.size == 1 else None, language)
        title = words["section"].format(
            gas=gas_name(release.substance.name, language), model=cloud.model, when=when, average=cloud.averaging_time,
            toward=toward, stretch=stretch,
        )  # fmt: skip
        ax.set_title(title, fontsize=10, loc="left")
    return ax


def plot_series(
    cloud: Cloud,
    places: Mapping[str, tuple[float, float, float]],
    ax: Axes | None = None,
    *,
    levels: Mapping[str, float] | None = None,
    times: ArrayLike | None = None,
    language: Language = "en",
) -> Axes:
    """Draw the concentration over time at detectors or other places, with thresholds as lines.

    Parameters
    ----------
    cloud
        What to draw.
    places
        East, north and height above ground by name. [m]
    ax
        Where to draw; None: a new figure.
    levels
        Concentrations by name, drawn as lines. [kg m⁻³]
    times
        Times drawn; None: from the first emission until the gas has passed. [s]
    language
        Of the labels, "en" or "zh".

    Returns
    -------
    matplotlib.axes.Axes
        Minutes and ppm, the concentration on a logarithmic axis.

    Raises
    ------
    ModelError
        No place, or no gas comes to any of them in these times.
    """
    from plant_models.harm import concentration_to_ppm

    if not places:
        raise ModelError("no place is given", where="plot_series", fix='give {"gate": (x, y, z), ...} in metres')
    words, gas = WORDS[language], cloud.releases[0].substance
    at = np.array(list(places.values()), float)
    looks = rank_levels(levels) if levels else []
    floor = 0.01 * looks[-1].value if looks else 1e-9
    moments = _moments(cloud, floor, times, most=601)
    if times is None:
        moments = np.linspace(moments[0], moments[-1], 1201)
    air = cloud.weather.at(cloud.start)
    mass = cloud.concentration(at[:, 0, None], at[:, 1, None], at[:, 2, None], moments)
    if not (mass > floor).any():
        what = f"no gas above {floor:.2g} kg m⁻³ comes to {', '.join(places)}"
        raise ModelError(what, where="plot_series", fix="give places downwind, or other times")

    def ppm(value: ArrayLike) -> _Array:
        air_state = {"temperature": air.temperature, "pressure": air.pressure}
        return concentration_to_ppm(value, molar_mass=gas.molar_mass, **air_state)

    with plot_fonts():
        ax = _axes(ax, height=4.5)
        for k, name in enumerate(places):
            shown = np.where(mass[k] > 0.0, ppm(mass[k]), np.nan)
            label = name if (mass[k] > floor).any() else f"{name}: {words['missed']}"
            dash = ("-", "--", ":")[k // len(_LINES) % 3]
            ax.plot(moments / _MINUTE, shown, color=_LINES[k % len(_LINES)], linestyle=dash, label=label, zorder=3)
        for look in looks:
            value = float(ppm(look.value))
            ax.axhline(value, color=look.colour, linestyle=look.style, linewidth=1.2, zorder=2)
            ax.annotate(
                f"{look.name}, {show_quantity(value, 'ppm')}", (1.0, value), xycoords=("axes fraction", "data"),
                ha="right", va="bottom", fontsize=8, color=look.colour, xytext=(-3, 1), textcoords="offset points",
            )  # fmt: skip
        there = np.flatnonzero((mass > floor).any(axis=0))
        span = moments[[0, -1]] if times is not None else np.array([moments[0], 1.1 * moments[there[-1]]])
        top = max(float(ppm(mass.max())), *(float(ppm(look.value)) for look in looks), 0.0)
        ax.set(yscale="log", ylim=(float(ppm(floor)), 3.0 * top), xlim=span / _MINUTE)
        title = words["ppm"].format(gas=gas_name(gas.name, language), average=cloud.averaging_time)
        ax.set(xlabel=words["minutes"], ylabel=title)
        what = words["series"].format(
            gas=gas_name(gas.name, language), model=cloud.model, average=cloud.averaging_time
        )  # fmt: skip
        ax.set_title(what, fontsize=10, loc="left")
        ax.grid(visible=True, which="major", color="#e3e6ea", linewidth=0.7, zorder=0)
        draw_legend(ax, [])
        draw_caution(ax, cloud.warnings, language, below=True)
    return ax


def draw_zone(ax: Axes, area: MultiPolygon, level: Level, *, order: float) -> list[Any]:
    """Fill an area with the look of its level; return what was drawn."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    drawn = []
    for part in area.geoms:
        rings = (part.exterior, *part.interiors)
        path = Path.make_compound_path(*(Path(np.asarray(ring.coords), closed=True) for ring in rings))
        look = {"facecolor": level.fill, "edgecolor": level.colour, "linestyle": level.style}
        drawn.append(ax.add_patch(PathPatch(path, linewidth=1.5, zorder=order, **look)))
        ax.update_datalim(np.asarray(part.exterior.coords))
    return drawn


def _name_tip(ax: Axes, zone: Footprint, level: Level) -> None:
    """Write the name of a zone near the end that is farthest from the release."""
    if not zone.area:
        return
    corners = np.asarray(max(zone.polygon.geoms, key=lambda part: part.area).exterior.coords)
    source = np.array(zone.sources[0])
    tip = corners[np.hypot(*(corners - source).T).argmax()]
    inward = tip + 0.06 * (source - tip)
    ax.annotate(
        zone.label.split(",")[0], inward, ha="center", va="center", fontsize=8, color="black", zorder=80,
        bbox={"boxstyle": "round,pad=0.2", "facecolor": "white", "edgecolor": level.colour, "alpha": 0.85},
    )  # fmt: skip
    ax.autoscale_view()


def _mark_sources(ax: Axes, sources: Collection[tuple[float, float]], word: str) -> list[Any]:
    """Cross out the places of the releases; return their entry in the legend."""
    from matplotlib.lines import Line2D

    if not sources:
        return []
    x, y = np.array(sorted(sources)).T
    ax.plot(x, y, "x", color="black", markersize=8, markeredgewidth=2, zorder=75)
    return [Line2D([], [], marker="x", linestyle="", color="black", markeredgewidth=2, label=word)]


def rectangle_of(boxes: Sequence[Bounds]) -> Bounds:
    """Rectangle that holds several."""
    ends = np.array(boxes)
    low, high = ends[:, :2].min(axis=0), ends[:, 2:].max(axis=0)
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def draw_frame(ax: Axes, language: Language, *, adjustable: Literal["datalim", "box"] = "datalim") -> None:
    """Equal scales and the names of the axes; a park drawn beneath has set its own scales."""
    if ax.get_aspect() != 1.0:
        ax.set_aspect("equal", adjustable=adjustable)
    ax.set(xlabel=WORDS[language]["east"], ylabel=WORDS[language]["north"])


def draw_legend(ax: Axes, handles: list[Any]) -> None:
    """Legend above everything, beside one that stands there already."""
    beneath = ax.get_legend()
    if beneath is not None:
        ax.add_artist(beneath)
    entries: Any = handles or None  # none given: what has a label
    ax.legend(handles=entries, loc="best", fontsize=8, framealpha=0.9).set_zorder(85)


def draw_caution(ax: Axes, warnings: Sequence[str], language: Language, *, below: bool = False) -> None:
    """Write the first clause of each warning into the upper left corner, or below the axes."""
    if not warnings:
        return
    text = "\n".join(f"{WORDS[language]['caution']}: {warning.split(':')[0]}" for warning in told_once(warnings))
    box = {"facecolor": "white", "edgecolor": "#b2182b", "alpha": 0.9}
    at: dict[str, Any] = {"xy": (0.0, 0.0), "xytext": (0, -38), "textcoords": "offset points"} if below else {
        "xy": (0.01, 0.99)
    }  # fmt: skip
    ax.annotate(
        text, xycoords="axes fraction", fontsize=8 if below else 9, va="top", color="#b2182b", weight="bold",
        zorder=90, bbox=box, **at,
    )  # fmt: skip


def gas_name(substance: str, language: Language) -> str:
    """Name of a substance for a reader; the English one where the other is not known."""
    if language == "zh":
        from plant_models.substances import substance as known
        from twin.errors import TwinError

        try:
            return known(substance).name_zh or substance
        except TwinError:
            return substance
    return substance


def say_when(time: float | None, language: Language) -> str:
    """Moment of a picture; None is the largest over time."""
    return WORDS[language]["largest"] if time is None else WORDS[language]["moment"].format(time=time)


def _moments(cloud: Cloud, level: float, times: ArrayLike | None, *, most: int) -> _Array:
    """Times given, or at most so many of those at which the model would look for the largest concentration."""
    if times is not None:
        return np.atleast_1d(np.asarray(times, float))
    chosen = cloud.solution.swept(level, 1.5, None)[0]
    kept: _Array = chosen[np.unique(np.linspace(0, chosen.size - 1, most).astype(int))]
    return kept


def _axes(ax: Axes | None, *, height: float = 6.0) -> Axes:
    if ax is not None:
        return ax
    from matplotlib import pyplot as plt

    return plt.subplots(figsize=(8, height), layout="constrained")[1]
