"""Pictures of what an evacuation tells beyond its map: condition, congestion, margins, replications, a film."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from evacuation.condition import Condition
from evacuation.flows import Flows
from evacuation.margins import Margins
from evacuation.replications import Replications
from evacuation.tracks import Evacuation
from twin.errors import ModelError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from evacuation.routes import WalkGraph
    from twin.graph import Twin

__all__ = ["animate_evacuation", "plot_condition", "plot_congestion", "plot_margins", "plot_replications"]

Language = Literal["en", "zh"]
_INK, _PALE = "#33363b", "#d5dade"
_LINES = ("#1b6ca8", "#d95f02", "#1b9e77", "#7570b3", "#8c510a", "#c51b7d")
_LOOKS = {
    Condition.FIT: ("#1b9e77", "fit", "正常"),
    Condition.IMPAIRED: ("#f2a900", "impaired", "受影响"),
    Condition.INCAPACITATED: ("#d7301f", "incapacitated", "失能"),
    Condition.DEAD: ("#1a1a1a", "dead", "死亡"),
    Condition.RESCUED: ("#2b6cb0", "rescued", "已救出"),
}
_WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "east": "east [m]", "north": "north [m]", "condition": "{} people after {:.1f} min",
        "congestion": "places where people jam: {}", "queue": "longest queue {:.0f} at {}",
        "density": "highest density on the way [m⁻²]", "margins": "time that is left to the {} of {}",
        "margin": "margin: available less required time [min]", "never": "gas does not come",
        "late": "too late by {:.1f} min", "lost": "somebody does not get out",
        "share": "share of walkers arrived [%]", "minutes": "time since scenario start [min]",
        "band": "mean of {} runs and 95 % interval of the mean", "runs": "single runs: 5 to 95 %",
        "open": "{} of {} runs not finished", "concentration": "concentration", "load": "load",
    },
    "zh": {
        "east": "东 [m]", "north": "北 [m]", "condition": "{} 人，{:.1f} min 时",
        "congestion": "拥堵地点：{} 处", "queue": "最长排队 {:.0f} 人，{}",
        "density": "路段最高人员密度 [m⁻²]", "margins": "距{} {} 的剩余时间",
        "margin": "裕度：可用时间减所需时间 [min]", "never": "气体未到达",
        "late": "迟 {:.1f} min", "lost": "有人未能撤离",
        "share": "已到达人员比例 [%]", "minutes": "情景开始后时间 [min]",
        "band": "{} 次模拟的平均值与其 95 % 置信区间", "runs": "单次模拟：5 至 95 %",
        "open": "{}/{} 次未完成", "concentration": "浓度", "load": "毒负荷",
    },
}  # fmt: skip


def plot_condition(
    evacuation: Evacuation, time: float, ax: Axes | None = None, *, park: Twin | None = None, language: Language = "en"
) -> Axes:
    """Map of the people at a moment, coloured by their condition then.

    Parameters
    ----------
    evacuation
        Result, played with a tolerance.
    time
        Moment. [s]
    ax
        Axes to draw on; None: a new figure.
    park
        Park to draw beneath.
    language
        Language of the words.
    """
    from twin.fonts import plot_fonts

    with plot_fonts():
        ax = _map(ax, evacuation.tracks.graph, language, park=park, around=_extent(evacuation))
        _draw_people(ax, evacuation, time, language)
        title = _WORDS[language]["condition"].format(len(evacuation.population), time / 60.0)
        ax.set_title(title, fontsize=11, loc="left", color=_INK)
    return ax


def plot_congestion(
    flows: Flows, ax: Axes | None = None, *, park: Twin | None = None, most: int = 5, language: Language = "en"
) -> Axes:
    """Map of the highest density of every way, with the points of congestion; the worst are named.

    Parameters
    ----------
    flows
        Of :func:`evacuation.link_flows`.
    ax
        Axes to draw on; None: a new figure.
    park
        Park to draw beneath.
    most
        How many of the points are named.
    language
        Language of the words.
    """
    from twin.fonts import plot_fonts

    words, points = _WORDS[language], flows.congestion()
    with plot_fonts():
        ax = _map(ax, flows.graph, language, park=park, around=_around(flows.graph, flows.present.max(axis=1) > 0.0))
        density = flows.density.max(axis=1)
        used = np.flatnonzero(density > 0.0)
        _draw_ways(ax, flows.graph, used, density[used], colours="YlOrRd", label=words["density"], low=0.0)
        if points:
            ax.scatter(
                [p.x for p in points], [p.y for p in points], s=[30.0 + 3.0 * p.queue for p in points],
                facecolor="none", edgecolor="#7a0177", linewidths=1.6, zorder=45,
            )  # fmt: skip
        spots = dict.fromkeys((p.x, p.y) for p in points)
        for spot in list(spots)[:most]:
            worst = next(p for p in points if (p.x, p.y) == spot)
            ax.annotate(
                words["queue"].format(worst.queue, worst.tag), spot, xytext=(9, 9), textcoords="offset points",
                fontsize=8, color=_INK, zorder=60, bbox={"facecolor": "white", "alpha": 0.8, "edgecolor": "none"},
            )  # fmt: skip
        ax.set_title(words["congestion"].format(len(spots)), fontsize=11, loc="left", color=_INK)
    return ax


def plot_margins(
    margins: Margins, ax: Axes | None = None, *, park: Twin | None = None, language: Language = "en"
) -> Axes:
    """Map of the time left on every way and at every place, red where the gas is there before the people are gone.

    Blue where time is left.

    Parameters
    ----------
    margins
        Of :func:`evacuation.egress_margins`.
    ax
        Axes to draw on; None: a new figure.
    park
        Park to draw beneath.
    language
        Language of the words.
    """
    from matplotlib.lines import Line2D

    from twin.fonts import plot_fonts

    words, graph, left = _WORDS[language], margins.graph, margins.way_margin / 60.0
    known = np.flatnonzero(np.isfinite(left))
    reach = max(float(np.abs(left[known]).max(initial=0.0)), 1.0)
    groups = (("never", np.flatnonzero(left == np.inf), "#1b9e77"), ("lost", np.flatnonzero(left == -np.inf), "black"))
    with plot_fonts():
        walked = np.repeat(~np.isnan(left), 2)
        ax = _map(ax, graph, language, park=park, around=_around(graph, walked))
        handles = []
        for name, ways, colour in groups:
            if ways.size:
                ax.add_collection(_lines(graph, ways, colors=colour))
                handles.append(Line2D([], [], color=colour, linewidth=3.0, label=words[name]))
        _draw_ways(ax, graph, known, left[known], colours="RdYlBu", label=words["margin"], low=-reach, high=reach)
        for tag, margin in zip(margins.places, margins.margin.tolist(), strict=True):
            if margin < 0.0:
                node = graph.places[tag][0]
                side = "right" if graph.node_x[node] > np.mean(ax.get_xlim()) else "left"
                text = words["lost"] if np.isinf(margin) else words["late"].format(-margin / 60.0)
                ax.annotate(
                    f"{tag}: {text}", (graph.node_x[node], graph.node_y[node]), xytext=(0, 8), fontsize=8, ha=side,
                    textcoords="offset points", color="#7f0000", zorder=60,
                    bbox={"facecolor": "white", "alpha": 0.8, "edgecolor": "none"},
                )  # fmt: skip
        if handles:
            ax.legend(
                handles=handles,
                loc="upper left",
                bbox_to_anchor=(0.0, 0.0),
                borderaxespad=4.5,
                ncols=2,
                frameon=False,
                fontsize=8,
            )
        ax.set_title(words["margins"].format(words[margins.by], margins.limit), fontsize=11, loc="left", color=_INK)
    return ax


def plot_replications(replications: Replications, ax: Axes | None = None, *, language: Language = "en") -> Axes:
    """Average egress curve of every policy with the interval of the mean and the reach of the single runs.

    Parameters
    ----------
    replications
        Result.
    ax
        Axes to draw on; None: a new figure.
    language
        Language of the words.
    """
    import matplotlib.pyplot as plt
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    from twin.fonts import plot_fonts

    words, n = _WORDS[language], len(replications)
    with plot_fonts():
        if ax is None:
            _, ax = plt.subplots(figsize=(8.0, 4.8), layout="constrained")
        handles: list[Any] = []
        for policy, colour in zip(replications.policies, _cycle(len(replications.policies)), strict=True):
            curve, runs = replications.curve(policy), replications.curves[policy] / 60.0
            share = 100.0 * curve.share
            low, high = np.quantile(runs, [0.05, 0.95], axis=0, method="inverted_cdf")
            seen = np.isfinite(high)
            ax.fill_betweenx(share[seen], low[seen], high[seen], color=colour, alpha=0.15, linewidth=0.0)
            seen = np.isfinite(curve.low)
            ax.fill_betweenx(share[seen], curve.low[seen] / 60.0, curve.high[seen] / 60.0, color=colour, alpha=0.45)
            seen = np.isfinite(curve.mean)
            ax.plot(curve.mean[seen] / 60.0, share[seen], color=colour, linewidth=1.5)
            late = replications.unfinished(policy)
            more = f" ({words['open'].format(late, n)})" if late else ""
            handles.append(Line2D([], [], color=colour, linewidth=2.0, label=policy + more))
        handles.append(Patch(color="#808080", alpha=0.45, label=words["band"].format(n)))
        handles.append(Patch(color="#808080", alpha=0.15, label=words["runs"]))
        ax.set(ylim=(0.0, 101.0))
        ax.set_xlim(left=0.0)
        ax.set_xlabel(words["minutes"], fontsize=9, color=_INK)
        ax.set_ylabel(words["share"], fontsize=9, color=_INK)
        ax.tick_params(labelsize=8, colors=_INK)
        for side in ("top", "right"):
            ax.spines[side].set_visible(False)
        ax.legend(
            handles=handles,
            loc="upper left",
            bbox_to_anchor=(0.0, 0.0),
            borderaxespad=4.5,
            ncols=2,
            frameon=False,
            fontsize=8,
        )
    return ax


def animate_evacuation(
    evacuation: Evacuation,
    path: str | Path,
    *,
    times: Sequence[float] | None = None,
    park: Twin | None = None,
    frames_per_second: float = 8.0,
    language: Language = "en",
) -> Path:
    """Write the replay as a GIF: people on the map, coloured by their condition of the moment.

    Parameters
    ----------
    evacuation
        Result.
    path
        File to write, whose name ends in .gif.
    times
        Moments; None: 60 from the first order to the last arrival or the horizon. [s]
    park
        Park to draw beneath.
    frames_per_second
        Speed of the film. [s⁻¹]
    language
        Language of the words.

    Raises
    ------
    ModelError
        The name does not end in .gif, or there is no moment.
    """
    from matplotlib.animation import PillowWriter
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    from twin.fonts import plot_fonts

    place, moments = Path(path), _moments(evacuation) if times is None else times
    if place.suffix.lower() != ".gif" or not len(moments):
        what = f"the film {str(place)!r} of {len(moments)} moments cannot be written"
        raise ModelError(what, where="animate_evacuation", fix="end its name in .gif, and give moments")
    words, part = _WORDS[language], place.with_name(f".{place.name}.part.gif")
    with plot_fonts():
        figure = Figure(figsize=(8.0, 6.5), dpi=80.0, layout="constrained")
        FigureCanvasAgg(figure)
        ax = _map(figure.add_subplot(), evacuation.tracks.graph, language, park=park, around=_extent(evacuation))
        writer = PillowWriter(fps=frames_per_second)  # type: ignore[arg-type]
        try:
            with writer.saving(figure, str(part), 80.0):
                for t in moments:
                    title = words["condition"].format(len(evacuation.population), t / 60.0)
                    ax.set_title(title, fontsize=11, loc="left", color=_INK)
                    drawn = _draw_people(ax, evacuation, float(t), language)
                    writer.grab_frame()
                    for artist in drawn:
                        artist.remove()
            part.replace(place)
        finally:
            part.unlink(missing_ok=True)
    return place


def _moments(evacuation: Evacuation) -> NDArray[np.float64]:
    come = evacuation.arrival_time[np.isfinite(evacuation.arrival_time)]
    told = float(evacuation.order_time.min(initial=np.inf))
    end = float(come.max()) if come.size else float(evacuation.settings["horizon"])
    return np.linspace(told if told < end else 0.0, end, 60)


def _condition_at(evacuation: Evacuation, time: float) -> NDArray[np.int64]:
    out = np.full(len(evacuation.population), int(Condition.FIT))
    for moment, state in (
        (evacuation.impaired_time, Condition.IMPAIRED), (evacuation.incapacitated_time, Condition.INCAPACITATED),
        (evacuation.rescued_time, Condition.RESCUED), (evacuation.death_time, Condition.DEAD),
    ):  # fmt: skip
        out[moment <= time] = int(state)
    return out


def _draw_people(ax: Axes, evacuation: Evacuation, time: float, language: str) -> list[Any]:
    """Dots, those at muster points laid out in a sunflower, and the legend with the numbers."""
    from matplotlib.lines import Line2D

    x, y = evacuation.positions(time)
    for number in range(len(evacuation.tracks.graph.musters)):
        mine = np.flatnonzero((evacuation.arrival_time <= time) & (evacuation.muster == number))
        rank = np.arange(mine.size)
        x[mine] += np.sqrt((rank + 0.5) / np.pi) * np.cos(rank * 2.399963229728653)  # the golden angle, one a m²
        y[mine] += np.sqrt((rank + 0.5) / np.pi) * np.sin(rank * 2.399963229728653)
    state, drawn, handles = _condition_at(evacuation, time), [], []
    for k, (condition, (colour, *names)) in enumerate(_LOOKS.items()):
        mine = state == condition
        size = float(np.clip(12000.0 / max(state.size, 1), 8.0, 30.0))
        drawn.append(
            ax.scatter(x[mine], y[mine], s=size, color=colour, linewidths=0.2, edgecolors="white", zorder=40 + k)
        )
        label = f"{names[language == 'zh']}: {int(mine.sum())}"
        handles.append(Line2D([], [], color=colour, marker="o", linestyle="none", markersize=6, label=label))
    ax.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(0.0, 0.0),
        borderaxespad=4.5,
        ncols=5,
        frameon=False,
        fontsize=8,
    )
    return drawn


def _around(graph: WalkGraph, links: NDArray[np.bool_]) -> tuple[float, float, float, float]:
    """Box of links, with some room."""
    nodes = np.concatenate([graph.tail[links], graph.head[links]])
    return _box(graph.node_x[nodes], graph.node_y[nodes])


def _extent(evacuation: Evacuation) -> tuple[float, float, float, float]:
    graph, used = evacuation.tracks.graph, np.unique(evacuation.tracks.crossings.link)
    nodes = np.concatenate([graph.tail[used], graph.head[used]])
    people = evacuation.population
    return _box(np.concatenate([people.x, graph.node_x[nodes]]), np.concatenate([people.y, graph.node_y[nodes]]))


def _box(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, float, float, float]:
    if not x.size:
        return -50.0, -50.0, 50.0, 50.0
    room = 0.08 * max(float(np.ptp(x)), float(np.ptp(y)), 100.0)
    return float(x.min() - room), float(y.min() - room), float(x.max() + room), float(y.max() + room)


def _map(
    ax: Axes | None,
    graph: WalkGraph,
    language: str,
    *,
    park: Twin | None,
    around: tuple[float, float, float, float],
) -> Axes:
    import matplotlib.pyplot as plt

    if ax is None:
        _, ax = plt.subplots(figsize=(9.0, 6.5), layout="constrained")
    if park is not None:
        from twin.view import plot

        plot(park, ax, legend=False, language=language, bounds=around)
    ax.add_collection(_lines(graph, np.arange(len(graph.kinds)), colors=_PALE, linewidths=1.0, zorder=20))
    ax.set(xlim=around[::2], ylim=around[1::2])
    ax.set_aspect("equal")
    ax.set_xlabel(_WORDS[language]["east"], fontsize=9, color=_INK)
    ax.set_ylabel(_WORDS[language]["north"], fontsize=9, color=_INK)
    ax.tick_params(labelsize=8, colors=_INK)
    return ax


def _lines(graph: WalkGraph, ways: NDArray[np.int64], **looks: Any) -> Any:
    from matplotlib.collections import LineCollection

    ends = [np.stack([graph.node_x[node], graph.node_y[node]], axis=1) for node in
            (graph.tail[2 * ways], graph.head[2 * ways])]  # fmt: skip
    return LineCollection(list(np.stack(ends, axis=1)), capstyle="round", **{"linewidths": 4.0, "zorder": 30, **looks})


def _draw_ways(
    ax: Axes,
    graph: WalkGraph,
    ways: NDArray[np.int64],
    value: NDArray[np.float64],
    *,
    colours: str,
    label: str,
    low: float,
    high: float | None = None,
) -> None:
    """Ways coloured by a value, with its bar."""
    from matplotlib.colors import Normalize

    if not ways.size:
        return
    top = max(float(value.max()), 1e-9) if high is None else high
    lines = _lines(graph, ways, cmap=colours, norm=Normalize(low, top), array=value)
    ax.add_collection(lines)
    bar = ax.figure.colorbar(lines, cax=ax.inset_axes((1.02, 0.0, 0.025, 1.0)))
    bar.set_label(label, fontsize=8, color=_INK)
    bar.ax.tick_params(labelsize=8, colors=_INK)


def _cycle(n: int) -> list[str]:
    return [_LINES[k % len(_LINES)] for k in range(n)]
