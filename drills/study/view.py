"""Pictures of a study: bars of the harm by policy, curves of the head-count, a map for each policy."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from drills.study.compare import Study

__all__ = ["plot_harm", "plot_headcounts", "save_study"]

_DPI = 150
_INK = "#1c2430"
_COLOURS = {
    "plan": "#33363b",
    "nearest": "#d95f02",
    "zones": "#e1b12c",
    "least-dose": "#1b9e77",
    "shelter": "#7570b3",
    "buses": "#a6611a",
    "best": "#1f78b4",
}
_WORDS = {
    "plan": "预案",
    "nearest": "最近集合点",
    "zones": "避开危险区",
    "least-dose": "最小毒负荷",
    "shelter": "就地避难",
    "buses": "公交疏散",
    "best": "最优组合",
}
_HARM = (
    ("dead", "dead 死亡人数"),
    ("incapacitated", "people who fell 失能人数"),
    ("impaired", "people over the AEGL-2 load 超 AEGL-2 人数"),
)


def plot_harm(study: Study, measure: str, ax: Axes | None = None) -> Axes:
    """Bars of a measure by policy, with the 95 % interval of the mean over the replications.

    Parameters
    ----------
    study
        The policies compared.
    measure
        Out of :data:`drills.study.compare.MEASURES`, or "over ..." a threshold.
    ax
        Axes to draw on; None: a new figure.
    """
    import matplotlib.pyplot as plt

    from twin.fonts import plot_fonts

    with plot_fonts():
        if ax is None:
            _, ax = plt.subplots(figsize=(6.0, 3.5), layout="constrained")
        for place, policy in enumerate(study.policies):
            told = study.summary(policy, measure)
            ax.barh(place, told.value, color=_COLOURS[policy], height=0.65)
            reach = told.value
            if np.isfinite([told.low, told.high]).all():
                ax.plot([told.low, told.high], [place, place], color=_INK, linewidth=1.6, solid_capstyle="butt")
                reach = max(told.high, told.value)
            ax.annotate(
                f"{told.value:.3g}", (reach, place), xytext=(4, 0), textcoords="offset points", va="center", fontsize=8
            )
        ax.set_yticks(range(len(study.policies)), [f"{name} {_WORDS[name]}" for name in study.policies], fontsize=8)
        ax.invert_yaxis()
        ax.margins(x=0.14)
        ax.set_xlim(left=0.0)
        ax.set_xlabel(dict(_HARM).get(measure, measure), fontsize=9)
        ax.spines[["top", "right"]].set_visible(False)
    return ax


def plot_headcounts(study: Study, ax: Axes | None = None) -> Axes:
    """People at muster points over time in the first replication, a curve for each policy."""
    import matplotlib.pyplot as plt

    from twin.fonts import plot_fonts

    with plot_fonts():
        if ax is None:
            _, ax = plt.subplots(figsize=(8.0, 4.5), layout="constrained")
        dashes = ("-", "--", "-.", ":")
        for number, (policy, result) in enumerate(study.shown.items()):
            times, mustered = result.headcount
            ax.step(
                times / 60.0, mustered, where="post", color=_COLOURS[policy], linewidth=2.0,
                linestyle=dashes[number % len(dashes)], label=f"{policy} {_WORDS[policy]}",
            )  # fmt: skip
        ax.axvline(study.alert / 60.0, color=_INK, linewidth=0.8, linestyle=":")
        ax.annotate(
            "told 通知", (study.alert / 60.0, ax.get_ylim()[1]), xytext=(4, -2), textcoords="offset points",
            va="top", fontsize=8, color=_INK,
        )  # fmt: skip
        ax.set_xlim(0.0, study.scenario.time.horizon / 60.0)
        ax.set_ylim(bottom=0.0)
        ax.set_xlabel("time since scenario start 情景开始后时间 [min]")
        ax.set_ylabel("people at muster points 已集合人数")
        ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False, fontsize=8)
        ax.spines[["top", "right"]].set_visible(False)
    return ax


def save_study(study: Study, folder: Path) -> None:
    """Write policies.png, clearance.png and a map for each policy into a folder."""
    import matplotlib.pyplot as plt

    from evacuation.view import plot_evacuation
    from twin.fonts import plot_fonts

    title = f"{study.scenario.title.zh} {study.scenario.title.en}"
    with plot_fonts(), plt.rc_context({"savefig.dpi": _DPI, "savefig.bbox": "tight"}):
        size = (9.5, 1.2 + 0.33 * len(study.policies) * len(_HARM) + 0.55 * len(_HARM))
        figure, axes = plt.subplots(len(_HARM), 1, figsize=size, layout="constrained")
        for ax, (measure, _) in zip(axes, _HARM, strict=True):
            plot_harm(study, measure, ax)
        figure.suptitle(title, fontsize=11)
        figure.savefig(folder / "policies.png")
        plt.close(figure)
        figure, ax = plt.subplots(figsize=(9.5, 4.8), layout="constrained")
        plot_headcounts(study, ax).set_title(title, fontsize=11)
        figure.savefig(folder / "clearance.png")
        plt.close(figure)
        for policy, result in study.shown.items():
            figure, ax = plt.subplots(figsize=(9.5, 8.0), layout="constrained")
            plot_evacuation(result, ax=ax, park=study.park)
            figure.suptitle(f"{policy} {_WORDS[policy]}: {title}", fontsize=11)
            figure.savefig(folder / f"map-{policy}.png")
            plt.close(figure)
