"""Pictures of fields and footprints: plan views in local metres, over the park if there is one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from twin.fonts import plot_fonts

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from dispersion.field import Field, Footprint

__all__ = ["plot_field", "plot_footprint"]

# Worst first. Each zone also has its own line style and its name on the outline: colour alone is not relied on.
_ZONES: tuple[tuple[str, Any], ...] = (("#b2182b", "-"), ("#e08214", "--"), ("#d9b300", "-."), ("#2166ac", ":"))


def plot_footprint(footprint: Footprint | Sequence[Footprint], ax: Axes | None = None, *, park: Any = None) -> Axes:
    """Draw one or several footprints as zones, worst in red, then orange, yellow and blue.

    Parameters
    ----------
    footprint
        Footprints of one cloud; the highest concentration is the worst zone.
    ax
        Where to draw; None: a new figure.
    park
        A park to draw beneath; the map holds both the park and the areas.

    Returns
    -------
    matplotlib.axes.Axes
        Metres east and north at equal scale, with a legend of threshold, averaging time and model.
    """
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    given = list(footprint) if isinstance(footprint, Sequence) else [footprint]
    zones = sorted(given, key=lambda f: f.threshold, reverse=True)
    with plot_fonts():
        ax = _axes(ax)
        if park is not None:
            reached = [zone.polygon.bounds for zone in zones if zone.area]
            ends = np.array([park.bounds, *reached])
            bounds = (*ends[:, :2].min(axis=0).tolist(), *ends[:, 2:].max(axis=0).tolist())
            park.plot(ax, legend=False, bounds=bounds)  # the legend is for the zones; the map carries its own labels
        handles: list[Any] = []
        count = len(zones)
        for rank in range(count - 1, -1, -1):  # the widest, mildest zone first
            colour, style = _ZONES[min(rank, len(_ZONES) - 1)]
            _draw_zone(ax, zones[rank], colour, style, order=3 + 0.1 * (count - rank))
        for rank, zone in enumerate(zones):
            colour, style = _ZONES[min(rank, len(_ZONES) - 1)]
            text = f"{zone.label} ({zone.threshold:.2g} kg m⁻³)" if "kg" not in zone.label else zone.label
            text += f": {zone.reach:.0f} m" if zone.area else ": not reached"
            handles.append(
                Patch(facecolor=_faded(colour), edgecolor=colour, linestyle=style, linewidth=1.5, label=text)
            )
        source = np.array(sorted({place for zone in zones for place in zone.sources}))
        if source.size:
            ax.plot(source[:, 0], source[:, 1], "x", color="black", markersize=8, markeredgewidth=2, zorder=75)
            handles.append(Line2D([], [], marker="x", linestyle="", color="black", markeredgewidth=2, label="release"))
        if zones:
            _dress(ax, zones, handles)
    return ax


def plot_field(field: Field, ax: Axes | None = None, *, time: float | None = None, height: float | None = None) -> Axes:
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

    Returns
    -------
    matplotlib.axes.Axes
        Metres east and north at equal scale.
    """
    from matplotlib.colors import BoundaryNorm
    from matplotlib.ticker import LogFormatterSciNotation

    k = 0 if height is None else int(np.abs(field.z - height).argmin())
    frame = None if time is None else int(np.abs(field.t - time).argmin())
    layer = field.values[:, k].max(axis=0) if frame is None else field.values[frame, k]
    when = "largest over time" if frame is None else f"t = {field.t[frame]:g} s"
    with plot_fonts():
        ax = _axes(ax)
        top = float(layer.max())
        if top > 0.0:
            highest = int(np.ceil(np.log10(top)))
            levels = 10.0 ** np.arange(highest - 6, highest + 1)
            norm = BoundaryNorm(levels.tolist(), 256)
            drawn = ax.contourf(field.x, field.y, layer, levels=levels, norm=norm, cmap="YlOrRd", zorder=3, alpha=0.85)
            bar = ax.figure.colorbar(drawn, ax=ax, shrink=0.8, format=LogFormatterSciNotation())
            bar.set_label(f"{field.substance} [kg m⁻³], {field.averaging_time:g} s average")
        _frame(ax)
        ax.set_title(f"{field.model}: {when}, {field.z[k]:g} m above ground", fontsize=10)
        _warn(ax, field.warnings)
    return ax


def _draw_zone(ax: Axes, zone: Footprint, colour: str, style: Any, order: float) -> None:
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    for part in zone.polygon.geoms:
        rings = [part.exterior, *part.interiors]
        path = Path.make_compound_path(*(Path(np.asarray(ring.coords), closed=True) for ring in rings))
        ax.add_patch(
            PathPatch(path, facecolor=_faded(colour), edgecolor=colour, linestyle=style, linewidth=1.5, zorder=order)
        )
    if zone.area:
        largest = max(zone.polygon.geoms, key=lambda part: part.area)
        corners = np.asarray(largest.exterior.coords)
        source = np.array(zone.sources[0])
        tip = corners[np.hypot(*(corners - source).T).argmax()]
        inward = tip + 0.06 * (source - tip)
        ax.annotate(
            zone.label.split(",")[0], inward, ha="center", va="center", fontsize=8, color="black", zorder=80,
            bbox={"boxstyle": "round,pad=0.2", "facecolor": "white", "edgecolor": colour, "alpha": 0.85},
        )  # fmt: skip
        ax.update_datalim(corners)
        ax.autoscale_view()


def _dress(ax: Axes, zones: list[Footprint], handles: list[Any]) -> None:
    first = zones[0]
    _frame(ax)
    ax.set_title(
        f"{first.substance}, {first.model}: largest over time, {first.height:g} m above ground, "
        f"{first.averaging_time:g} s average",
        fontsize=10,
        loc="left",  # where a park beneath has written its name
    )
    beneath = ax.get_legend()
    if beneath is not None:
        ax.add_artist(beneath)
    ax.legend(handles=handles, loc="best", fontsize=8, framealpha=0.9).set_zorder(85)
    _warn(ax, tuple(dict.fromkeys(text for zone in zones for text in zone.warnings)))


def _warn(ax: Axes, warnings: tuple[str, ...]) -> None:
    """Write the first clause of each warning below the axes."""
    if not warnings:
        return
    text = "\n".join(f"Caution: {warning.split(':')[0]}" for warning in warnings)
    ax.text(
        0.01, 0.99, text, transform=ax.transAxes, fontsize=9, va="top", color="#b2182b", weight="bold", zorder=90,
        bbox={"facecolor": "white", "edgecolor": "#b2182b", "alpha": 0.9},
    )  # fmt: skip


def _frame(ax: Axes) -> None:
    if ax.get_aspect() != 1.0:  # a park drawn beneath has set its own frame
        ax.set_aspect("equal", adjustable="datalim")
    ax.set_xlabel("east [m]")
    ax.set_ylabel("north [m]")


def _axes(ax: Axes | None) -> Axes:
    if ax is not None:
        return ax
    from matplotlib import pyplot as plt

    return plt.subplots(figsize=(8, 6), layout="constrained")[1]


def _faded(colour: str) -> tuple[float, float, float, float]:
    from matplotlib.colors import to_rgba

    red, green, blue, _ = to_rgba(colour)
    return red, green, blue, 0.35
