"""Pictures of source terms: what leaves, what becomes of it, and what is left behind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from twin.fonts import plot_fonts

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from plant_models.blowdown import BlowDown
    from plant_models.sources import SourceTerm

__all__ = ["plot_blow_down", "plot_source"]

_COLOURS = {"out": "#bbbbbb", "gas": "#e08214", "liquid": "#1b7837", "two-phase": "#b2182b", "pool": "#2166ac"}
_PHASES = {"gas": "gas 气", "liquid": "liquid 液", "two-phase": "two-phase 两相"}
_REGIMES_ZH = {
    "gas": "气体",
    "vapour": "蒸气",
    "supercritical": "超临界",
    "liquid": "液体",
    "frozen": "孔内不汽化",
    "relaxation": "孔内初汽化",
    "equilibrium": "平衡两相",
}
_MARGIN = 1.05
_MINUTE, _BAR = 60.0, 1e5


def plot_source(source: SourceTerm, ax: Axes | None = None) -> Axes:
    """Draw mass rates over time: out of the hole, into the air from the jet, and from the pool.

    Parameters
    ----------
    source
        Source term.
    ax
        Where to draw; None: a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        Minutes and kilograms a second.
    """
    with plot_fonts():
        ax = _axes(ax)
        out, last = source.mass_rates, source.edges[-1]
        ax.stairs(out, source.edges / _MINUTE, color=_COLOURS["out"], linewidth=3.0, label="out of the hole 流出")
        for release in source.releases:
            pool = release.area > 0.0
            phase = _PHASES[release.phase]
            ax.stairs(
                release.mass_rates,
                (release.edges - source.start) / _MINUTE,
                color=_COLOURS["pool" if pool else release.phase],
                linestyle="--" if pool else "-",
                label="from the pool 液池蒸发" if pool else f"in the air from the jet 射流入空 ({phase})",
            )
            last = max(last, release.edges[-1] - source.start)
        for number, (time, text) in enumerate(source.outflow.events, 1):
            label = f"{number}: {time / _MINUTE:.3g} min, {text}"
            ax.axvline(time / _MINUTE, color="0.6", linewidth=0.8, linestyle=":", label=label)
            place = (time / _MINUTE, 1.0)
            ax.annotate(
                str(number),
                place,
                (0.0, 2.0),
                xycoords=("data", "axes fraction"),
                textcoords="offset points",
                ha="center",
                fontsize=8,
                color="0.35",
            )
        ax.set_xlabel("time 时间 [min]")
        ax.set_ylabel("mass rate 质量流量 [kg s⁻¹]")
        ax.set_xlim(0.0, last / _MINUTE * _MARGIN)
        ax.set_ylim(0.0, max(float(out.max()), *(float(r.mass_rates.max()) for r in source.releases), 0.0) * _MARGIN)
        name = source.substance
        regime = source.outflow.regime.name
        ax.set_title(f"{source.tag}: {name.name} {name.name_zh}, {regime} {_REGIMES_ZH[regime]}", pad=14.0)
        ax.legend(fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.14), frameon=False)
    return ax


def plot_blow_down(run: BlowDown, ax: Any = None) -> Any:
    """Draw pressure, temperatures, liquid height and mass rate of a blow-down.

    Parameters
    ----------
    run
        Blow-down.
    ax
        Four axes to draw on; None: a new figure.

    Returns
    -------
    ndarray of matplotlib.axes.Axes
        Shape (2, 2).
    """
    from matplotlib import pyplot as plt

    with plot_fonts():
        axes = np.asarray(
            plt.subplots(2, 2, figsize=(9, 6), sharex=True, layout="constrained")[1] if ax is None else ax
        )
        t = run.times
        for place, values, label in (
            (axes[0, 0], run.pressure / _BAR, "pressure 压力 [bar]"),
            (axes[0, 1], run.temperature, "temperature 温度 [K]"),
            (axes[1, 0], run.mass_rate, "mass rate 质量流量 [kg s⁻¹]"),
            (axes[1, 1], run.liquid_height, "liquid height 液位 [m]"),
        ):
            place.plot(t, values, color="#222222", label="contents 介质")
            place.set_ylabel(label)
            place.grid(visible=True, alpha=0.3)
        if np.isfinite(run.wall_temperature).any():
            axes[0, 1].plot(t, run.wall_temperature, color=_COLOURS["two-phase"], linestyle="--", label="wall 壁")
            axes[0, 1].legend(fontsize=8)
        for place in axes[1]:
            place.set_xlabel("time 时间 [s]")
    return axes


def _axes(ax: Axes | None) -> Axes:
    if ax is not None:
        return ax
    from matplotlib import pyplot as plt

    return plt.subplots(figsize=(8, 4.5), layout="constrained")[1]
