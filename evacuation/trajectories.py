"""Trajectories on disk: the layout of the pedestrian dynamics data archive, and a compact one of centimetres."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from evacuation.pedestrians import Walk
from evacuation.tracks import Evacuation
from twin.errors import ModelError

if TYPE_CHECKING:
    import pandas as pd
    from shapely.geometry.base import BaseGeometry

__all__ = ["Trajectories"]

_STEP = 0.01  # m, of the compact form
_FARTHEST = np.iinfo(np.int16).max  # steps between two frames
_MOST_ROWS = 100_000_000  # 2.8 GB of rows in the archive's layout
_ROW = np.dtype([("frame", "<i8"), ("id", "<i8"), ("x", "<f8"), ("y", "<f8"), ("z", "<f8")])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trajectories:
    """Where everybody was at evenly spaced times, one row a person and frame, by person and then by frame.

    Parameters
    ----------
    frame
        Number of the frame, shape (rows,); its time is ``start + frame / fps``.
    person
        Number of the person, shape (rows,).
    x, y
        Place, shape (rows,). [m]
    fps
        Frames a second. [s⁻¹]
    start
        Time of frame 0. [s]
    ground
        Where people can be, as well-known text; "" if not told.
    """

    frame: NDArray[np.int64]
    person: NDArray[np.int64]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    fps: float
    start: float = 0.0
    ground: str = ""

    @classmethod
    def of(
        cls,
        played: Evacuation | Walk,
        *,
        fps: float | None = None,
        start: float = 0.0,
        stop: float | None = None,
        ground: BaseGeometry | None = None,
    ) -> Trajectories:
        """Trajectories of an evacuation or of a crowd on a floor.

        Parameters
        ----------
        played
            Evacuation, or a walk that kept its positions.
        fps
            Frames a second of an evacuation; None: 1. A walk has its own frames. [s⁻¹]
        start, stop
            First and last time of an evacuation; None: the horizon. [s]
        ground
            Where people can be; None: the floor of the walk, or the ways of the evacuation as wide as they are.

        Raises
        ------
        ModelError
            No frames, frames that are not evenly spaced, or too many rows for one file.
        """
        if isinstance(played, Walk):
            return _of_walk(played, ground)
        rate = 1.0 if fps is None else fps
        stop = float(played.settings["horizon"]) if stop is None else stop
        if not (0.0 < rate < np.inf and 0.0 <= start <= stop):
            what = f"frames from {start:g} to {stop:g} s at {rate:g} a second"
            raise ModelError(what, where="Trajectories.of", fix="give a positive fps and a stop after the start")
        n, frames = len(played.population), int(np.floor((stop - start) * rate + 1e-9)) + 1
        if n * frames > _MOST_ROWS:
            what = f"{n} people in {frames} frames are {n * frames / 1e6:.0f} million rows"
            raise ModelError(what, where="Trajectories.of", fix="give fewer frames a second, or a shorter time")
        place = np.empty((2, frames, n))
        for k in range(frames):
            place[:, k] = played.positions(start + k / rate)
        return cls(
            frame=np.tile(np.arange(frames), n), person=np.repeat(np.arange(n), frames), x=place[0].T.ravel(),
            y=place[1].T.ravel(), fps=float(rate), start=start, ground=(ground or _ways(played)).wkt,
        )  # fmt: skip

    def to_pandas(self) -> pd.DataFrame:
        """One row a person and frame: id, frame, time [s], x, y [m]."""
        import pandas as pd

        time = self.start + self.frame / self.fps
        return pd.DataFrame({"id": self.person, "frame": self.frame, "time": time, "x": self.x, "y": self.y})

    def save_archive(self, path: str | Path) -> None:
        """Write the HDF5 layout of the pedestrian dynamics data archive, which PedPy and JPSvis read.

        References
        ----------
        Forschungszentrum Jülich, Pedestrian Dynamics Data Archive, format of the trajectory files: a table
        ``trajectory`` with the columns frame, id, x, y, z [m] and the attribute ``fps``; ``wkt_geometry`` of the file.
        """
        from twin.store import Variable, write_h5

        rows = np.zeros(self.frame.size, _ROW)
        rows["frame"], rows["id"], rows["x"], rows["y"] = self.frame, self.person, self.x, self.y
        table = Variable(("row",), rows, "m", "trajectory", {"fps": self.fps})
        write_h5(path, {"": {"trajectory": table}}, {"wkt_geometry": self.ground, "start_time": self.start})

    def save(self, path: str | Path) -> None:
        """Write the compact form: places in whole centimetres (within 5 mm), as differences from frame to frame.

        A person's rows are cut into runs wherever frames are missing or a step is longer than 327 m.
        """
        from twin.store import Variable, write_h5

        whole = np.rint(np.stack([self.x, self.y]) / _STEP).astype(np.int64)
        step = np.diff(whole, axis=1, prepend=whole[:, :1])
        fresh = np.diff(self.person, prepend=-1) != 0
        fresh |= np.diff(self.frame, prepend=-1) != 1
        fresh |= (np.abs(step) > _FARTHEST).any(axis=0)
        first = np.flatnonzero(fresh)
        step[:, first] = 0
        tree = {
            "person": Variable(("run",), self.person[first], "", "number of the person"),
            "frame": Variable(("run",), self.frame[first], "", "first frame of the run"),
            "row": Variable(("run",), first, "", "first row of the run"),
            "origin": Variable(("axis", "run"), whole[:, first].astype(np.int32), "cm", "place in the first frame"),
            "step": Variable(("axis", "step_row"), step.astype(np.int16), "cm", "way since the frame before"),
        }
        about: dict[str, str | float] = {"fps": self.fps, "start_time": self.start, "wkt_geometry": self.ground}
        write_h5(path, {"trajectories": tree}, about)

    @classmethod
    def load(cls, path: str | Path) -> Trajectories:
        """Read the compact form back, within 5 mm.

        Raises
        ------
        TwinError
            The file is missing or damaged.
        ModelError
            The file holds no trajectories in the compact form.
        """
        from twin.store import read_h5

        tree, about = read_h5(path)
        if "trajectories" not in tree:
            fix = "give a file of Trajectories.save"
            raise ModelError("the file holds no compact trajectories", where=str(path), fix=fix)
        data = {name: row.data for name, row in tree["trajectories"].items()}
        first, step = data["row"], data["step"].astype(np.int64)
        length = np.diff(first, append=step.shape[1])
        gone = np.cumsum(step, axis=1)
        whole = gone - np.repeat(gone[:, first], length, axis=1) + np.repeat(data["origin"], length, axis=1)
        return cls(
            frame=np.arange(step.shape[1]) - np.repeat(first - data["frame"], length),
            person=np.repeat(data["person"], length), x=whole[0] * _STEP, y=whole[1] * _STEP,
            fps=float(about["fps"]), start=float(about["start_time"]), ground=str(about["wkt_geometry"]),
        )  # fmt: skip

    def __repr__(self) -> str:
        people = np.unique(self.person).size
        return f"<Trajectories of {people} people, {self.frame.size} rows at {self.fps:g} frames a second>"


def _of_walk(played: Walk, ground: BaseGeometry | None) -> Trajectories:
    gaps = np.diff(played.frames)
    if gaps.size > 1 and gaps[-1] < gaps[0] - 1e-6:
        gaps = gaps[:-1]  # the horizon came between two frames
    if not gaps.size or not np.allclose(gaps, gaps[0], rtol=0.0, atol=1e-6):
        what = f"the walk kept {played.frames.size} frames" + (", unevenly spaced" if gaps.size else "")
        raise ModelError(what, where="Trajectories.of", fix="walk again and ask for positions at even times")
    person, frame = np.nonzero(np.isfinite(played.position[: gaps.size + 1, :, 0]).T)
    x, y = played.position[frame, person].T
    return Trajectories(
        frame=frame, person=person, x=x, y=y, fps=round(1.0 / float(gaps[0]), 6), start=float(played.frames[0]),
        ground=(ground or played.floor.walkable).wkt,
    )  # fmt: skip


def _ways(played: Evacuation) -> Any:
    """The ways as wide as they are, and the ground people stood on at the start."""
    import shapely

    graph, people = played.tracks.graph, played.population
    ends = [np.stack([v[graph.tail[::2]], v[graph.head[::2]]], axis=1) for v in (graph.node_x, graph.node_y)]
    lines = shapely.linestrings(np.stack(ends, axis=2))
    parts: list[Any] = [shapely.union_all(shapely.buffer(lines, 0.5 * graph.links.width[::2]))]
    for number in range(len(people.places)):
        mine = people.place == number
        points = np.stack([people.x[mine], people.y[mine]], axis=1)
        doors = graph.places.get(people.places[number])
        if doors is not None:
            points = np.concatenate([points, [[graph.node_x[doors[0]], graph.node_y[doors[0]]]]])
        parts.append(shapely.buffer(shapely.convex_hull(shapely.multipoints(points)), 1.0))
    return shapely.union_all(parts)
