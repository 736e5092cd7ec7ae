"""Pictures of an evacuation: the map of people and ways, the curve of the head-count."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from evacuation.behaviour import State
from evacuation.population import Population
from twin.errors import ModelError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from evacuation.pedestrians import Walk
    from evacuation.planning import Plan
    from twin.graph import Twin

__all__ = ["plot_clearance", "plot_evacuation", "plot_plan", "plot_walk"]

_INK, _WAY = "#33363b", "#5b8db8"
_BANDS = (0.001, 0.01, 0.1, 0.5)  # edges of the bands of the probability of death
_BAND_COLOURS = ("#9aa5ad", "#fdd049", "#f68b1f", "#d7301f", "#67001f")
_STATE_COLOURS = {
    State.UNAWARE: "#9aa5ad",
    State.PREPARING: "#e1b12c",
    State.WALKING: "#d95f02",
    State.MUSTERED: "#1b9e77",
    State.SHELTERED: "#7570b3",
    State.EXPOSED: "#d7301f",
}
_WORDS = {
    "en": {
        "east": "east [m]",
        "north": "north [m]",
        "bands": "probability of death",
        "state": "at the end",
        "use": "people on a way",
        "start": "where they stood at the start",
        "at": "{:.0f} s after the start",
        "people": "{} people, {}",
        "minutes": "time since scenario start [min]",
        "seconds": "time [s]",
        "speed": "speed [m/s]",
        "left": "people who have left",
        "moment": "after {:.0f} s, {} people on the floor",
        "count": "people",
        "mustered": "mustered",
        "unaccounted": "told to walk, not yet counted in",
        "order.evacuate": "evacuate",
        "order.shelter": "shelter",
        "order.all_clear": "all clear",
        "clear": "clear after {:.1f} min",
        "open": "not clear by the end",
    },
    "zh": {
        "east": "东 [m]",
        "north": "北 [m]",
        "bands": "死亡概率",
        "state": "结束时状态",
        "use": "路段通过人数",
        "start": "初始位置",
        "seconds": "时间 [s]",
        "speed": "速度 [m/s]",
        "left": "已离开人数",
        "moment": "{:.0f} s 时场内 {} 人",
        "at": "开始后 {:.0f} s",
        "people": "{} 人，{}",
        "minutes": "情景开始后时间 [min]",
        "count": "人数",
        "mustered": "已集合",
        "unaccounted": "已通知、尚未清点到",
        "order.evacuate": "疏散",
        "order.shelter": "就地避难",
        "order.all_clear": "解除警报",
        "clear": "{:.1f} min 后清空",
        "open": "结束时尚未清空",
    },
}
_STATES_ZH = {
    State.UNAWARE: "未获知",
    State.PREPARING: "准备中",
    State.WALKING: "行走中",
    State.MUSTERED: "已集合",
    State.SHELTERED: "已避难",
    State.EXPOSED: "无处避难",
}


class Played(Protocol):
    """What a picture needs to know of an :class:`evacuation.Evacuation`."""

    @property
    def population(self) -> Population: ...
    @property
    def tracks(self) -> Any: ...
    @property
    def state(self) -> NDArray[np.int8]: ...
    @property
    def order_time(self) -> NDArray[np.float64]: ...
    @property
    def arrival_time(self) -> NDArray[np.float64]: ...
    @property
    def muster(self) -> NDArray[np.int64]: ...
    @property
    def probability(self) -> NDArray[np.float64]: ...
    @property
    def events(self) -> tuple[tuple[float, str, str], ...]: ...
    @property
    def settings(self) -> Mapping[str, Any]: ...
    @property
    def headcount(self) -> tuple[NDArray[np.float64], NDArray[np.int64]]: ...
    @property
    def clearance_time(self) -> float: ...
    def unaccounted(self, t: Any) -> NDArray[np.int64]: ...
    def positions(self, t: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]: ...


def plot_evacuation(
    evacuation: Played,
    ax: Axes | None = None,
    *,
    park: Twin | None = None,
    time: float | None = None,
    language: Literal["en", "zh"] = "en",
) -> Axes:
    """Map of the people, coloured by what the gas did to them until the end, and the ways by how many took them.

    Without a hazard the colour is the state at the end.

    Parameters
    ----------
    evacuation
        Result.
    ax
        Axes to draw on; None: a new figure.
    park
        Park to draw beneath.
    time
        Moment to show; None: where people stood at the start. [s]
    language
        Language of the words.
    """
    import matplotlib.pyplot as plt

    from twin.fonts import plot_fonts

    words = _WORDS[language]
    with plot_fonts():
        if ax is None:
            _, ax = plt.subplots(figsize=(9.0, 6.5), layout="constrained")
        moment = words["start"] if time is None else words["at"].format(time)
        title = words["people"].format(len(evacuation.population), moment)
        if park is not None:
            from twin.view import plot

            plot(park, ax, legend=False, language=language, title=title, bounds=_reach(evacuation, park))
        else:
            ax.set_title(title, fontsize=11, loc="left", color=_INK)
            ax.set_aspect("equal")
            ax.set_xlabel(words["east"], fontsize=9, color=_INK)
            ax.set_ylabel(words["north"], fontsize=9, color=_INK)
        ways = _draw_ways(ax, evacuation, alpha=0.75 if time is None else 0.3)
        people = _draw_people(ax, evacuation, time, language)
        _draw_counts(ax, evacuation, time)
        heading = words["bands"] if "load_unit" in evacuation.settings else words["state"]
        handles = [_heading(heading), *people]
        if ways:
            handles += [_heading(""), _heading(words["use"]), *ways]
        ax.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False, fontsize=8)
        if park is None:
            ax.autoscale_view()
    return ax


def _heading(text: str) -> Any:
    """Line of a legend that is text alone."""
    from matplotlib.lines import Line2D

    return Line2D([], [], linestyle="none", label=text)


def _reach(evacuation: Played, park: Twin) -> tuple[float, float, float, float]:
    """The whole park, or what people and their ways take of it where that is less than half as wide and deep."""
    graph, used = evacuation.tracks.graph, np.unique(evacuation.tracks.crossings.link)
    nodes = np.concatenate([graph.tail[used], graph.head[used]])
    x = np.concatenate([evacuation.population.x, graph.node_x[nodes]])
    y = np.concatenate([evacuation.population.y, graph.node_y[nodes]])
    west, south, east, north = park.bounds
    if not x.size or max(np.ptp(x), np.ptp(y)) > 0.5 * max(east - west, north - south):
        return west, south, east, north
    room = 0.15 * max(np.ptp(x), np.ptp(y), 100.0)
    return float(x.min() - room), float(y.min() - room), float(x.max() + room), float(y.max() + room)


def _draw_ways(ax: Axes, evacuation: Played, *, alpha: float) -> list[Any]:
    """Ways as lines as wide as the square root of the people who took them; three of them for the legend."""
    from matplotlib.collections import LineCollection
    from matplotlib.lines import Line2D

    graph = evacuation.tracks.graph
    used = np.bincount(evacuation.tracks.crossings.link // 2, minlength=len(graph.kinds))
    ends = np.stack([graph.node_x[graph.tail[::2]], graph.node_y[graph.tail[::2]]], axis=1)
    stops = np.stack([graph.node_x[graph.head[::2]], graph.node_y[graph.head[::2]]], axis=1)
    walked = np.flatnonzero(used)
    if not walked.size:
        return []
    most = int(used.max())

    def width(count: NDArray[np.int64] | int) -> NDArray[np.float64]:
        return np.asarray(0.8 + 6.0 * np.sqrt(np.asarray(count) / most))

    lines = np.stack([ends[walked], stops[walked]], axis=1)
    ax.add_collection(
        LineCollection(
            list(lines), colors=_WAY, linewidths=width(used[walked]), alpha=alpha, zorder=30, capstyle="round"
        )
    )
    shown = sorted({max(most // 10, 1), max(most // 3, 1), most})
    return [Line2D([], [], color=_WAY, alpha=alpha, linewidth=float(width(n)), label=str(n)) for n in shown]


def _classes(evacuation: Played, language: str) -> tuple[NDArray[np.int64], list[tuple[str, str]]]:
    """Class of everybody, and colour and name of the classes, the worst last."""
    if "load_unit" in evacuation.settings:
        names = ["< 0.1 %", "0.1 - 1 %", "1 - 10 %", "10 - 50 %", "≥ 50 %"]
        number = np.searchsorted(np.array(_BANDS), evacuation.probability, side="right")
        return number.astype(np.int64), list(zip(_BAND_COLOURS, names, strict=True))
    names = [s.name.lower() if language == "en" else _STATES_ZH[s] for s in State]
    return evacuation.state.astype(np.int64), list(zip(_STATE_COLOURS.values(), names, strict=True))


def _draw_people(ax: Axes, evacuation: Played, time: float | None, language: str) -> list[Any]:
    from matplotlib.lines import Line2D

    people = evacuation.population
    x, y = (people.x, people.y) if time is None else evacuation.positions(time)
    if time is not None:
        x, y = _spread(evacuation, x.copy(), y.copy(), time)
    number, classes = _classes(evacuation, language)
    size = float(np.clip(6000.0 / max(len(people), 1), 6.0, 24.0)) * (1.0 if time is None else 2.0)
    handles = []
    for k, (colour, name) in enumerate(classes):
        mine = number == k
        ax.scatter(
            x[mine], y[mine], s=size, color=colour, linewidths=0.2, edgecolors="white", zorder=40 + k, label=name
        )
        label = f"{name}: {int(mine.sum())}"
        handles.append(Line2D([], [], color=colour, marker="o", linestyle="none", markersize=6, label=label))
    return handles


def _spread(
    evacuation: Played, x: NDArray[np.float64], y: NDArray[np.float64], time: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lay the people at a muster point out in a sunflower, one a square metre, so that they can be seen."""
    there = evacuation.arrival_time <= time
    for number in range(len(evacuation.tracks.graph.musters)):
        mine = np.flatnonzero(there & (evacuation.muster == number))
        rank = np.arange(mine.size)
        radius, angle = np.sqrt((rank + 0.5) / np.pi), rank * 2.399963229728653  # the golden angle
        x[mine] += radius * np.cos(angle)
        y[mine] += radius * np.sin(angle)
    return x, y


def _draw_counts(ax: Axes, evacuation: Played, time: float | None) -> None:
    """Write how many came to each muster point, until the moment or the end."""
    graph = evacuation.tracks.graph
    until = float(evacuation.settings["horizon"]) if time is None else time
    middle = float(np.mean(evacuation.population.y)) if len(evacuation.population) else 0.0
    for number, tag in enumerate(graph.musters):
        leaf = graph.places[tag][0]
        count = int(((evacuation.muster == number) & (evacuation.arrival_time <= until)).sum())
        if not count:
            continue
        ax.annotate(
            f"{tag}: {count}",
            (graph.node_x[leaf], graph.node_y[leaf]),
            xytext=(0, -14 if graph.node_y[leaf] > middle else 18),
            textcoords="offset points",
            ha="center",
            va="top" if graph.node_y[leaf] > middle else "bottom",
            fontsize=8,
            color="white",
            zorder=90,
            bbox={"boxstyle": "round,pad=0.25", "facecolor": "#1b7a5a", "edgecolor": "none"},
        )


def plot_clearance(evacuation: Played, ax: Axes | None = None, *, language: Literal["en", "zh"] = "en") -> Axes:
    """Curves of the people mustered and of those told to walk and not yet counted in, with the orders.

    Parameters
    ----------
    evacuation
        Result.
    ax
        Axes to draw on; None: a new figure.
    language
        Language of the words.
    """
    import matplotlib.pyplot as plt

    from twin.fonts import plot_fonts

    words = _WORDS[language]
    with plot_fonts():
        if ax is None:
            _, ax = plt.subplots(figsize=(8.0, 4.5), layout="constrained")
        times, mustered = evacuation.headcount
        told = [t for t, name, _ in evacuation.events if name == "order.evacuate"]
        knots = np.unique(np.concatenate([times, told]))
        ax.step(times / 60.0, mustered, where="post", color="#1b9e77", linewidth=2.0, label=words["mustered"])
        left = evacuation.unaccounted(knots)
        ax.step(knots / 60.0, left, where="post", color="#d95f02", linewidth=2.0, label=words["unaccounted"])
        top = max(int(mustered.max()), int(left.max()), 1)
        ax.set_ylim(0.0, 1.18 * top)
        clear, end = evacuation.clearance_time, float(evacuation.settings["horizon"])
        end = min(end, 1.25 * clear) if np.isfinite(clear) else end
        written: list[tuple[float, int]] = []
        for t, name, _ in evacuation.events:
            if name in words and t <= end:
                taken = {level for other, level in written if t - other < 0.1 * end}  # no room beside that word
                level = next(k for k in range(len(taken) + 1) if k not in taken)
                written.append((t, level))
                ax.axvline(t / 60.0, color=_INK, linewidth=0.8, linestyle=":")
                at = (t / 60.0, 1.16 * top - 0.07 * top * level)
                ax.annotate(
                    words[name], at, xytext=(4, 0), textcoords="offset points", va="top", fontsize=8, color=_INK
                )
        if np.isfinite(clear):
            ax.axvline(clear / 60.0, color="#1b9e77", linewidth=0.8, linestyle="--")
        heading = words["clear"].format(clear / 60.0) if np.isfinite(clear) else words["open"]
        ax.set_title("" if np.isnan(clear) else heading, fontsize=11, loc="left", color=_INK)
        ax.set_xlim(0.0, end / 60.0)
        ax.set_xlabel(words["minutes"], fontsize=9, color=_INK)
        ax.set_ylabel(words["count"], fontsize=9, color=_INK)
        ax.tick_params(labelsize=8, colors=_INK)
        for side in ("top", "right"):
            ax.spines[side].set_visible(False)
        ax.legend(frameon=False, fontsize=8, loc="center right")
    return ax


_PLAN_WORDS = {
    "en": {
        "title": "what to do at {:.0f} s",
        "load": "least load to come",
        "seconds": "time to come [s]",
        "wait": "wait",
        "shelter": "go inside",
        "safe": "safe",
        "none": "no way out",
    },
    "zh": {
        "title": "第 {:.0f} s 的行动",
        "load": "此后最小毒负荷",
        "seconds": "此后所需时间 [s]",
        "wait": "等待",
        "shelter": "进入室内",
        "safe": "安全",
        "none": "无路可走",
    },
}
_DOING = (("wait", -3, "o", "#e1b12c"), ("shelter", -4, "s", "#7570b3"), ("safe", -1, "^", "#1b9e77"),
          ("none", -2, "x", "#d7301f"))  # fmt: skip


def plot_plan(
    plan: Plan,
    ax: Axes | None = None,
    *,
    time: float = 0.0,
    traveller: str | None = None,
    language: Literal["en", "zh"] = "en",
) -> Axes:
    """Map of what a plan says to do at a time: an arrow where to walk, a mark where to wait or to go inside.

    Arrows are coloured by the cost to come from where they begin: load, or time for a plan of least time.

    Parameters
    ----------
    plan
        The plan.
    ax
        Axes to draw on; None: a new figure.
    time
        Moment to show. [s]
    traveller
        Class of people; None: the first.
    language
        Language of the words.
    """
    import matplotlib.pyplot as plt
    from matplotlib.colors import ListedColormap, LogNorm, Normalize

    from twin.fonts import plot_fonts

    words, graph = _PLAN_WORDS[language], plan.graph
    row = 0 if traveller is None else [t.name for t in plan.travellers].index(traveller)
    column = min(max(int(time / plan.forecast.width), 0), plan.forecast.bins - 1)
    act, cost, x, y = plan.action[row, column], plan.value[row, column], graph.node_x, graph.node_y
    node = np.flatnonzero(act >= 0)
    ahead = graph.head[act[node]]
    with plot_fonts():
        if ax is None:
            _, ax = plt.subplots(figsize=(9.0, 6.5), layout="constrained")
        ends = [np.stack([v[graph.tail[::2]], v[graph.head[::2]]]) for v in (x, y)]
        ax.plot(*ends, color="#d5dade", linewidth=1.0, zorder=1)
        if node.size:
            most = max(float(cost[node].max()), 1e-300)
            least = max(float(cost[node].min()), 1e-6 * most)
            scale = LogNorm(least, most) if plan.policy == "load" and least < most else Normalize(0.0, most)
            colours = ListedColormap(plt.get_cmap("YlOrRd")(np.linspace(0.3, 1.0, 256)))  # seen on white
            arrows = ax.quiver(
                x[node], y[node], 0.8 * (x[ahead] - x[node]), 0.8 * (y[ahead] - y[node]),
                np.clip(cost[node], least, None),
                angles="xy", scale_units="xy", scale=1.0, width=0.003, cmap=colours, norm=scale, zorder=2,
            )  # fmt: skip
            bar = ax.figure.colorbar(arrows, ax=ax, shrink=0.7)
            bar.set_label(words["load" if plan.policy == "load" else "seconds"], fontsize=9, color=_INK)
        for name, code, mark, colour in _DOING:
            here = np.flatnonzero(act == code)
            if here.size:
                ax.scatter(x[here], y[here], s=22, marker=mark, color=colour, label=words[name], zorder=3)
        ax.set_title(words["title"].format(column * plan.forecast.width), fontsize=11, loc="left", color=_INK)
        ax.set_aspect("equal")
        ax.set_xlabel(_WORDS[language]["east"], fontsize=9, color=_INK)
        ax.set_ylabel(_WORDS[language]["north"], fontsize=9, color=_INK)
        ax.legend(loc="upper left", bbox_to_anchor=(0.0, -0.08), ncols=4, frameon=False, fontsize=8)
    return ax


def plot_walk(told: Walk, time: float, *, language: Literal["en", "zh"] = "en") -> Axes:
    """Floor with its people at a moment, coloured by speed, above the curve of those who have left by each exit.

    Parameters
    ----------
    told
        Walk with positions, made with ``every=``.
    time
        The frame nearest to it is drawn. [s]
    language
        Language of the words.

    Raises
    ------
    ModelError
        The walk kept fewer than two frames.
    """
    import matplotlib.pyplot as plt
    import shapely

    from twin.fonts import plot_fonts

    if told.frames.size < 2:
        raise ModelError("the walk kept no positions", where="plot_walk", fix="walk(..., every=10)")
    f = max(int(np.abs(told.frames - time).argmin()), 1)
    step = told.position[f] - told.position[f - 1]
    speed = np.hypot(*step.T) / (told.frames[f] - told.frames[f - 1])
    here = np.isfinite(speed)
    words = _WORDS[language]
    with plot_fonts():
        axes: tuple[Axes, Axes]
        _, axes = plt.subplots(2, 1, figsize=(8.0, 8.0), layout="constrained", height_ratios=(3, 1))
        ax, curve = axes
        for polygon in shapely.get_parts(told.floor.space):
            for ring in (polygon.exterior, *polygon.interiors):
                ax.plot(*ring.xy, color=_INK, linewidth=1.0)
        for door in (*(door for _, door in told.floor.openings()), *told.floor.doors):
            line = door.line if isinstance(door.line, shapely.LineString) else door.line.exterior
            ax.plot(*line.xy, color="#1b9e77", linewidth=3.0)
        dots = ax.scatter(
            told.position[f, here, 0],
            told.position[f, here, 1],
            c=speed[here],
            cmap="viridis",
            vmin=0.0,
            s=18.0,
            zorder=3,
        )
        ax.figure.colorbar(dots, ax=ax, label=words["speed"], shrink=0.7)
        ax.set(xlabel="x [m]", ylabel="y [m]", aspect="equal", title=words["moment"].format(told.frames[f], here.sum()))
        for name in told.exits:
            times = np.sort(told.exit_time[told.exit == told.exits.index(name)])
            curve.step([0.0, *times, told.end], [*range(times.size + 1), times.size], where="post", label=name)
        curve.axvline(told.frames[f], color=_INK, linewidth=0.8, linestyle=":")
        curve.set(xlabel=words["seconds"], ylabel=words["left"], ylim=(0.0, None), xlim=(0.0, told.end))
        curve.legend(frameon=False)
    return ax
