"""The map of a park as a picture."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import LineString
from shapely.geometry.base import BaseGeometry

from twin.assets import Asset, kinds
from twin.card import Drawable
from twin.errors import LayoutError, near
from twin.fonts import plot_fonts
from twin.styles import LAYER_COLOURS, style_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot"]


_INK = "#33363b"
_AREA_ORDER = 2
_MOST_LABELS = 40
_SMALL = 18.0  # pt, the largest footprint that a label would hide
_MARKER = 4.0  # pt, half the width of a symbol that no label may cover


def plot(
    park: Drawable,
    ax: Axes | None = None,
    *,
    layers: Collection[str] | None = None,
    labels: Literal["auto", "all", "none"] | Collection[str] = "auto",
    legend: bool = True,
    language: str = "en",
    title: str | None = None,
    bounds: tuple[float, float, float, float] | None = None,
) -> Axes:
    """Draw the map of a park in local metres, north up.

    Parameters
    ----------
    park
        Park.
    ax
        Axes to draw on; None: a new figure.
    layers
        Layers to draw ("process", "space", "walkway", "road", "sensor"); None: all.
    labels
        "auto": the tags of what matters in an emergency, as far as there is room; "all": every tag there is room for;
        "none"; or the tags to write.
    legend
        Show what the colours mean, beside the map.
    language
        Language of the legend, "en" or "zh".
    title
        Heading; None: the name of the site.
    bounds
        West, south, east and north end of the map; None: everything shown. [m]

    Raises
    ------
    LayoutError
        There is no such layer.
    """
    import matplotlib.pyplot as plt

    for layer in layers or ():
        if layer not in LAYER_COLOURS:
            raise LayoutError(f"unknown layer {layer!r}", fix=near(layer, LAYER_COLOURS))
    shown = [asset for asset in park.assets() if layers is None or asset.layer in layers]
    if bounds is not None:
        window = shapely.box(*bounds)
        shown = [asset for asset in shown if asset.shape.intersects(window)]
    with plot_fonts():
        if ax is None:
            _, ax = plt.subplots(figsize=(9.0, _height(shown)), layout="compressed")
        groups: dict[str, list[Asset]] = {}
        for asset in sorted(shown, key=lambda a: style_of(a).order):
            groups.setdefault(asset.kind, []).append(asset)
        handles = [_draw(ax, group, language) for group in groups.values()]
        everything = tuple(shapely.total_bounds([a.shape for a in shown]).tolist()) if shown else (0.0, 0.0, 1.0, 1.0)
        _frame(ax, bounds or everything, park.site.name if title is None else title, language)
        if legend and handles:
            ax.legend(
                handles=handles,
                loc="upper left",
                bbox_to_anchor=(1.01, 1.0),
                frameon=False,
                fontsize=8,
                borderaxespad=0,
            )
        _label(ax, shown, labels)
    return ax


def _height(shown: Sequence[Asset]) -> float:
    """Height of a figure nine inches wide that leaves little white around the map. [inch]"""
    if not shown:
        return 6.0
    west, south, east, north = shapely.total_bounds([asset.shape for asset in shown]).tolist()
    reach = max(east - west, north - south, 10.0)
    ratio = (north - south + 0.08 * reach) / (east - west + 0.08 * reach)
    return float(min(max(6.8 * ratio + 0.9, 3.5), 9.0))


def _draw(ax: Axes, group: Sequence[Asset], language: str) -> Any:
    """Draw all assets of one kind; hand back their entry in the legend."""
    from matplotlib.collections import LineCollection, PatchCollection
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch, PathPatch
    from matplotlib.path import Path

    style = style_of(group[0])
    title = kinds()[group[0].kind].title.get(language, group[0].kind) if group[0].kind in kinds() else group[0].kind
    name = f"{title} ({len(group)})"
    parts = shapely.get_parts([asset.shape for asset in group])
    polygons = [part for part in parts if part.geom_type == "Polygon"]
    lines = [shapely.get_coordinates(part) for part in parts if part.geom_type == "LineString"]
    points = np.array([shapely.get_coordinates(part)[0] for part in parts if part.geom_type == "Point"]).reshape(-1, 2)
    paths = [
        Path.make_compound_path(*(Path(np.asarray(ring.coords)) for ring in (polygon.exterior, *polygon.interiors)))
        for polygon in polygons
    ]
    edge = _INK if style.order > _AREA_ORDER else "none"
    # Wide parks are drawn with thin edges, so that a thousand small tanks stay tanks and not ink.
    thin = 0.5 if len(group) < 200 else 0.2
    ax.add_collection(
        PatchCollection(
            [PathPatch(path) for path in paths],
            facecolor=style.colour,
            edgecolor=edge,
            linewidth=thin,
            zorder=style.order,
        )
    )
    ax.add_collection(
        LineCollection(lines, colors=style.colour, linewidths=style.width, zorder=style.order, capstyle="round")
    )
    size = {"*": 130.0, "1": 70.0}.get(style.marker, 28.0)
    if len(points):
        lone = (
            {"color": _INK}
            if style.marker == "1"
            else {"color": style.colour, "edgecolors": "white", "linewidths": 0.5}
        )
        ax.scatter(points[:, 0], points[:, 1], s=size, marker=style.marker, zorder=style.order + 20, **lone)
    if polygons:
        return Patch(facecolor=style.colour, edgecolor=edge, linewidth=0.5, label=name)
    if lines:
        return Line2D([], [], color=style.colour, linewidth=style.width, label=name)
    return Line2D([], [], color=style.colour, marker=style.marker, linestyle="none", markersize=6, label=name)


def _frame(ax: Axes, bounds: Sequence[float], title: str, language: str) -> None:
    """Limits, metres, north arrow and scale bar."""
    reach = max(bounds[2] - bounds[0], bounds[3] - bounds[1], 10.0)
    low, high = np.array(bounds[:2]) - 0.04 * reach, np.array(bounds[2:]) + 0.04 * reach
    ax.set_xlim(low[0], high[0])
    ax.set_ylim(low[1], high[1])
    ax.set_aspect("equal")
    ax.set_axisbelow(True)
    east, north = ("东 [m]", "北 [m]") if language == "zh" else ("east [m]", "north [m]")
    ax.set_xlabel(east, fontsize=9, color=_INK)
    ax.set_ylabel(north, fontsize=9, color=_INK)
    ax.tick_params(labelsize=8, colors=_INK, length=3)
    ax.ticklabel_format(style="plain", useOffset=False)
    for spine in ax.spines.values():
        spine.set_color("#c9c9c9")
    ax.set_title(title, fontsize=11, loc="left", color=_INK)
    ax.annotate(
        "北" if language == "zh" else "N",
        xy=(0.965, 0.975),
        xytext=(0.965, 0.885),
        xycoords="axes fraction",
        ha="center",
        va="top",
        fontsize=10,
        color=_INK,
        zorder=60,
        in_layout=False,
        arrowprops={"arrowstyle": "-|>", "color": _INK, "linewidth": 1.2, "shrinkA": 0, "shrinkB": 0},
    )
    _scale_bar(ax, float(high[0] - low[0]))


def _scale_bar(ax: Axes, width: float) -> None:
    """A bar of a round length of about a fifth of the map."""
    power = 10.0 ** math.floor(math.log10(width / 5.0))
    length = max(step * power for step in (1.0, 2.0, 5.0) if step * power <= width / 5.0)
    x0, x1 = ax.get_xlim()
    y0, y1 = ax.get_ylim()
    x, y = x0 + 0.03 * (x1 - x0), y0 + 0.035 * (y1 - y0)
    tick = 0.008 * (y1 - y0)
    ax.plot([x, x, x + length, x + length], [y + tick, y, y, y + tick], color=_INK, linewidth=1.3, zorder=60)
    text = f"{length / 1000:g} km" if length >= 1000 else f"{length:g} m"
    ax.text(x + length / 2, y + 1.4 * tick, text, ha="center", va="bottom", fontsize=8, color=_INK, zorder=60)


def _label(ax: Axes, shown: Sequence[Asset], labels: str | Collection[str]) -> None:
    """Write tags where there is room, the most important first; a label never covers another."""
    if isinstance(labels, str):
        wanted = [a for a in shown if labels == "all" or (labels == "auto" and style_of(a).rank < 9)]
        if labels == "auto":
            wanted = _worth_naming(wanted)
    else:
        names = set(labels)
        wanted = [a for a in shown if a.tag in names]
    if not wanted:
        return
    import matplotlib.patheffects as effects
    from matplotlib.transforms import Bbox

    figure = ax.figure
    figure.draw_without_rendering()  # type: ignore[union-attr]
    taken: list[Bbox] = [text.get_window_extent() for text in ax.texts]
    taken.extend(Bbox(corners) for corners in _symbols(ax, shown))
    frame = ax.get_window_extent()
    halo = [effects.withStroke(linewidth=2.0, foreground="white")]
    for asset in wanted:
        for x, y, dx, dy, ha, va in _spots(asset.shape):
            text = ax.annotate(
                asset.tag,
                (x, y),
                xytext=(dx, dy),
                textcoords="offset points",
                ha=ha,
                va=va,
                fontsize=7,
                color=_INK,
                zorder=70,
                path_effects=halo,
                annotation_clip=True,
                in_layout=False,
            )
            box = text.get_window_extent()
            corner, opposite = ax.transData.transform(np.reshape(shapely.bounds(asset.shape), (2, 2)))
            room = opposite - corner
            fits = (dx, dy) != (0.0, 0.0) or (box.width <= 0.9 * room[0] and box.height <= 0.9 * room[1])
            inside = box.x0 >= frame.x0 and box.x1 <= frame.x1 and box.y0 >= frame.y0 and box.y1 <= frame.y1
            if fits and inside and not any(box.overlaps(other) for other in taken):
                taken.append(box)
                break
            text.remove()


def _symbols(ax: Axes, shown: Sequence[Asset]) -> Iterable[NDArray[np.float64]]:
    """Corners of the small things that no label may cover, shape (2, 2). [pixel]"""
    point = ax.figure.dpi / 72.0
    for asset in shown:
        if style_of(asset).rank < 9 and "LineString" not in asset.shape.geom_type:
            corners = ax.transData.transform(np.reshape(shapely.bounds(asset.shape), (2, 2)))
            if max(corners[1] - corners[0]) < _SMALL * point:
                least = np.array([[-1.0, -1.0], [1.0, 1.0]]) * _MARKER * point
                yield corners + (least if asset.shape.geom_type == "Point" else -0.1 * least)


def _spots(shape: BaseGeometry) -> Iterable[tuple[float, float, float, float, str, str]]:
    """Places for a label, the best first: x and y [m], offset [pt], alignment. Without an offset it must fit inside."""
    if isinstance(shape, LineString):
        middle = shapely.line_interpolate_point(shape, 0.5, normalized=True)
        west, south, east, north = middle.bounds
    else:
        west, south, east, north = shape.bounds
    x, y = (west + east) / 2.0, (south + north) / 2.0
    gap = 7.0 if west == east else 2.0
    if "Polygon" in shape.geom_type:
        inner = shape.representative_point()
        yield inner.x, inner.y, 0.0, 0.0, "center", "center"
    yield x, north, 0.0, gap, "center", "bottom"
    yield east, y, gap, 0.0, "left", "center"
    yield x, south, 0.0, -gap, "center", "top"
    yield west, y, -gap, 0.0, "right", "center"


def _worth_naming(assets: Sequence[Asset]) -> list[Asset]:
    """What matters in an emergency: by rank, and within a rank the larger first; kinds too many to name stay silent."""
    groups: dict[str, list[Asset]] = {}
    for asset in sorted(assets, key=lambda a: (style_of(a).rank, -a.shape.area)):
        groups.setdefault(asset.kind, []).append(asset)
    return [asset for group in groups.values() if len(group) <= _MOST_LABELS for asset in group]
