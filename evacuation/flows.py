"""How people filled the ways: flows, numbers, queues, densities, points of congestion, all from the crossings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evacuation.routes import WalkGraph
from evacuation.tracks import Evacuation
from twin.errors import ModelError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Congestion", "DensityMap", "Flows", "density_map", "link_flows"]

CONGESTED_DENSITY = 3.5  # m⁻², IMO MSC.1/Circ.1533 annex 2, section 3
CONGESTED_SURPLUS = 1.5  # s⁻¹, same place
_MOST_CELLS = 200_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Congestion:
    """A link where people jam.

    Parameters
    ----------
    link, tag
        Directed link, and the tag of the asset it is a piece of.
    x, y
        Its end, where people wait. [m]
    start, stop
        First and last moment of it, to the width of the bins. [s]
    density
        Highest mean density of a bin on the way, both directions together. [m⁻²]
    surplus
        Highest difference between those who reach the end and those who leave it. [s⁻¹]
    queue
        Highest mean number of people waiting at the end.
    reasons
        Out of "density", "full" and "surplus".
    """

    link: int
    tag: str
    x: float
    y: float
    start: float
    stop: float
    density: float
    surplus: float
    queue: float
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Flows:
    """People on links over time; arrays of shape (links, bins).

    Parameters
    ----------
    graph
        Ways.
    width
        Width of a bin. [s]
    entered, reached, left
        People who entered each directed link, reached its end and left it in each bin.
    present, waiting
        Mean number of people on the link, the fallen included, and of those who wait at its end.
    """

    graph: WalkGraph
    width: float
    entered: NDArray[np.int64]
    reached: NDArray[np.int64]
    left: NDArray[np.int64]
    present: NDArray[np.float64]
    waiting: NDArray[np.float64]

    @property
    def edges(self) -> NDArray[np.float64]:
        """Edges of the bins, shape (bins + 1,). [s]"""
        return self.width * np.arange(self.entered.shape[1] + 1)

    @property
    def flow(self) -> NDArray[np.float64]:
        """People who leave each link per second, shape (links, bins). [s⁻¹]"""
        return self.left / self.width

    @property
    def density(self) -> NDArray[np.float64]:
        """People on each two-way link over its area, shape (ways, bins). [m⁻²]"""
        area = self.graph.links.length[::2] * self.graph.links.width[::2]
        return (self.present[::2] + self.present[1::2]) / area[:, None]

    def congestion(self) -> tuple[Congestion, ...]:
        """Links with a density of 3.5 m⁻² or more, or where 1.5 people a second more come than leave; worst first.

        The network fills no way beyond its storage density (2.75 m⁻² as a rule), so that a way filled to that number
        of people counts as congested too.

        References
        ----------
        IMO (2016), Revised guidelines on evacuation analysis for new and existing passenger ships, MSC.1/Circ.1533,
        annex 2, section 3: identification of congestion.
        """
        links = self.graph.links
        area = links.length * links.width
        room = np.maximum(np.floor(area * self.graph.walking.storage_density), 1.0)
        density = np.repeat(self.density, 2, axis=0)
        standing = self.present > 0.0
        surplus = (self.reached - self.left) / self.width
        tests = {
            "density": standing & (density >= CONGESTED_DENSITY),
            # a full way: its mean over a bin, for one person leaves before the next comes
            "full": standing & (self.present >= np.maximum(room - 1.0, 2.0)[:, None]),
            "surplus": surplus > CONGESTED_SURPLUS,
        }
        jammed = tests["density"] | tests["full"] | tests["surplus"]
        found = []
        for link in np.flatnonzero(jammed.any(axis=1)).tolist():
            when, head = np.flatnonzero(jammed[link]), self.graph.head[link]
            found.append(
                Congestion(
                    link=link, tag=self.graph.tags[link // 2], x=float(self.graph.node_x[head]),
                    y=float(self.graph.node_y[head]), start=float(when[0] * self.width),
                    stop=float((when[-1] + 1) * self.width), density=float(density[link].max()),
                    surplus=float(surplus[link].max()), queue=float(self.waiting[link].max()),
                    reasons=tuple(name for name, test in tests.items() if test[link].any()),
                )
            )  # fmt: skip
        return tuple(sorted(found, key=lambda point: (-point.queue, point.link)))

    def to_pandas(self) -> pd.DataFrame:
        """One row a directed link and bin in which somebody was on it."""
        import pandas as pd

        link, column = np.nonzero((self.present > 0.0) | (self.left > 0))
        at = (link, column)
        return pd.DataFrame(
            {
                "link": link,
                "tag": np.array([*self.graph.tags, ""])[link // 2],
                "start": column * self.width,
                "entered": self.entered[at],
                "reached": self.reached[at],
                "left": self.left[at],
                "flow": self.flow[at],
                "present": self.present[at],
                "waiting": self.waiting[at],
                "density": self.density[link // 2, column],
            }
        )


def link_flows(evacuation: Evacuation, *, width: float = 10.0) -> Flows:
    """Count the people on every link over time.

    Parameters
    ----------
    evacuation
        Result.
    width
        Width of the time bins. [s]

    Returns
    -------
    Flows
        Numbers of bins that reach to the horizon or just beyond.

    Raises
    ------
    ModelError
        A width that is not positive, or more links times bins than fit into memory.

    Notes
    -----
    The mean number on a link over a bin is exact: the person-seconds up to a time t are the sum of max(t - enter, 0)
    less that of max(t - leave, 0), and both come from counts and sums of times by bin. Who falls waits no more, but is
    on the link until carried away.
    """
    told, graph = evacuation.tracks.crossings, evacuation.tracks.graph
    horizon, links = float(evacuation.settings["horizon"]), graph.tail.size
    if not (np.isfinite(width) and width > 0.0):
        raise ModelError(f"width is {width!r}", where="link_flows.width", fix="give a positive number of seconds")
    bins = max(int(np.ceil(horizon / width - 1e-9)), 1)
    if links * bins > _MOST_CELLS:
        raise ModelError(f"{links} links in {bins} bins are too many", where="link_flows.width", fix="give wider bins")
    person = np.repeat(np.arange(len(evacuation.population)), np.diff(told.first))
    enter, ready, leave = told.times.T
    gone = np.minimum(leave, np.maximum(evacuation.rescued_time[person], enter))
    fell = np.maximum(evacuation.incapacitated_time[person], enter)
    served = np.minimum(gone, np.where(np.isfinite(leave), np.inf, fell))  # who fell in line is no longer waiting
    counts, until = {}, {}
    for name, time in (("enter", enter), ("ready", np.where(ready <= fell, ready, np.inf)), ("leave", gone),
                       ("served", np.where(ready <= fell, served, np.inf))):  # fmt: skip
        counts[name], until[name] = _passed(told.link, time, (links, bins), width, horizon)
    return Flows(
        graph=graph, width=float(width), entered=counts["enter"], reached=counts["ready"], left=counts["leave"],
        present=np.diff(until["enter"] - until["leave"], axis=1) / width,
        waiting=np.diff(until["ready"] - until["served"], axis=1) / width,
    )  # fmt: skip


def _passed(
    link: NDArray[np.int64], time: NDArray[np.float64], shape: tuple[int, int], width: float, horizon: float
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Events in each bin, shape (links, bins), and person-seconds since them at each edge, shape (links, bins + 1)."""
    links, bins = shape
    seen = np.flatnonzero(time <= horizon)
    column = np.minimum((time[seen] / width).astype(np.int64), bins - 1)
    cell = link[seen] * bins + column
    count = np.bincount(cell, minlength=links * bins).reshape(links, bins)
    # times counted from the edge of their own bin, so that sums of many large times lose no digits
    rest = np.bincount(cell, (column + 1) * width - time[seen], minlength=links * bins).reshape(links, bins)
    before = np.cumsum(count, axis=1) - count
    until = np.zeros((links, bins + 1))
    until[:, 1:] = np.cumsum(before * width + rest, axis=1)
    return count, until


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DensityMap:
    """People on the cells of a grid.

    Parameters
    ----------
    x, y
        Edges of the cells. [m]
    times
        Moments, shape (t,). [s]
    density
        People over the area of each cell, shape (t, y, x). [m⁻²]
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    times: NDArray[np.float64]
    density: NDArray[np.float64]

    @property
    def highest(self) -> NDArray[np.float64]:
        """Highest density of each cell over all moments, shape (y, x). [m⁻²]"""
        return np.asarray(self.density.max(axis=0))


def density_map(evacuation: Evacuation, times: ArrayLike, *, cell: float = 10.0) -> DensityMap:
    """Count people on a grid who are not at their muster point yet.

    People walk on the middle lines of the ways: cells much narrower than a way tell more than the model knows. Where
    people stand at a muster point is not known, so that they are left out.

    Parameters
    ----------
    evacuation
        Result.
    times
        Moments. [s]
    cell
        Side of the cells. [m]

    Raises
    ------
    ModelError
        No moment, no people, or a side that is not positive.
    """
    when = np.atleast_1d(np.asarray(times, float))
    if not (np.isfinite(cell) and cell > 0.0 and when.size and len(evacuation.population)):
        what = f"{len(evacuation.population)} people at {when.size} moments on cells of {cell:g} m"
        raise ModelError(what, where="density_map", fix="give people, moments and a positive side")
    places = np.array([evacuation.positions(float(t)) for t in when])
    low, high = np.floor(places.min(axis=(0, 2)) / cell), np.floor(places.max(axis=(0, 2)) / cell) + 1.0
    x, y = (cell * np.arange(low[k], high[k] + 1.0) for k in (0, 1))
    out = [evacuation.arrival_time > t for t in when]
    count = [np.histogram2d(py[o], px[o], bins=(y, x))[0] for (px, py), o in zip(places, out, strict=True)]
    return DensityMap(x=x, y=y, times=when, density=np.stack(count) / cell**2)
