"""People on a floor in continuous space: collision-free speed and anticipation velocity model, one call to choose."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from evacuation.floor import CLOSEST_PACKING, Floor, sides
from twin.errors import ModelError, Problem, near

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray
    from shapely.geometry import LineString

__all__ = ["AnticipationVelocity", "CollisionFreeSpeed", "Crowd", "Walk", "Walkers", "walk", "walk_out"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CollisionFreeSpeed:
    """People turn away from each other and go as fast as the gap ahead allows: v = min(free speed, gap / time gap).

    Parameters
    ----------
    strength, range
        Repulsion of people. [-], [m]
    wall_strength, wall_range
        Repulsion of walls. [-], [m]
    reach
        People farther away are not seen. [m]

    Notes
    -----
    Flows through openings that are not metered are below experiments: 1.55 s⁻¹ at 1.0 m and 3.6 s⁻¹ at 2.4 m with
    radius 0.15 m (1.9 s⁻¹, Seyfried 2009; 5.8 s⁻¹, AO 2009), as in other programs with these values. Without noise,
    people of radius 0.2 m wedge in openings of 0.8 m or less: give those as links of the network.

    References
    ----------
    Tordeux, Chraibi and Seyfried (2016), Collision-free speed model for pedestrian dynamics, eq. 1-5, with the
    repulsion of walls and the values of the JuPedSim manual (8, 0.1 m; 5, 0.02 m; 3 m).
    """

    strength: float = 8.0
    range: float = 0.1
    wall_strength: float = 5.0
    wall_range: float = 0.02
    reach: float = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AnticipationVelocity:
    """People pass each other sideways, by where the others will be, and turn with a delay.

    Parameters
    ----------
    strength, range
        Influence of people. [-], [m]
    wall_buffer, pushout
        Nearer than this to a wall people turn along it, and by this share off it. [m], [-]
    foresight
        Anticipation time. [s]
    reaction
        Relaxation time of the direction. [s]
    reach
        People farther away are not seen. [m]

    Notes
    -----
    Somebody straight ahead is passed on the right, where the publication draws the side at random. As published,
    people at rest block each other for good in front of doors: the influence of others is only sideways, and each may
    point at the next in a ring. Who stands (below 0.01 m s⁻¹, where nothing is left to foresee) therefore chooses his
    direction as in `CollisionFreeSpeed`, pushed away from those around him, and turns on the spot. Ten times that
    threshold leaves nobody stuck either. Flow through an open door of 1.0 m is about 1.4 s⁻¹ (radius 0.15 m).

    References
    ----------
    Xu, Chraibi and Seyfried (2021), Anticipation in a velocity-based model for pedestrian dynamics, Transportation
    Research Part C 133, 103464; walls and values of the JuPedSim manual (8, 0.1 m, 0.1 m, 0.3, 1.0 s, 0.3 s). Who
    stands: Tordeux, Chraibi and Seyfried (2016), eq. 5.
    """

    strength: float = 8.0
    range: float = 0.1
    wall_buffer: float = 0.1
    pushout: float = 0.3
    foresight: float = 1.0
    reaction: float = 0.3
    reach: float = 3.0


WALL_CELL = 3.0  # side of the cells that list the walls near them [m]

MODELS: dict[str, CollisionFreeSpeed | AnticipationVelocity] = {
    "collision_free_speed": CollisionFreeSpeed(),
    "anticipation": AnticipationVelocity(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Walkers:
    """People on a floor; a single number stands for all of them.

    Parameters
    ----------
    x, y
        Places of the body centres. (n,) [m]
    speed
        Free walking speed. (n,) [m s⁻¹]
    radius
        Of the body, a disc. (n,) [m]
    time_gap
        Time to the one ahead. (n,) [s]
    exit
        Names of their exits, or None for the nearest. (n,)
    start
        When they set out; until then they stand at their place. (n,) [s]
    enter
        When they come onto the floor, such as out of the link network; while their place is taken they wait
        outside. (n,) [s]
    """

    x: ArrayLike
    y: ArrayLike
    speed: ArrayLike = 1.34  # Weidmann (1993)
    radius: ArrayLike = 0.2
    time_gap: ArrayLike = 1.0  # Tordeux et al. (2016)
    exit: Any = None
    start: ArrayLike = 0.0
    enter: ArrayLike = 0.0

    def exits(self) -> list[str | None]:
        """Name of the exit, by person."""
        n = np.atleast_1d(np.asarray(self.x)).size
        return [self.exit] * n if self.exit is None or isinstance(self.exit, str) else list(self.exit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """What became of the people on a floor.

    Parameters
    ----------
    floor
        Where they were.
    exits
        Names, in the order of `exit`.
    exit_time
        When each left, inf if never. (n,) [s]
    exit
        Number of the exit of each, -1 if none. (n,)
    passes
        Every passage of an exit or inner door: person, opening (exits first, then doors), time; by time.
    frames, position
        Times and places of all people, NaN while they are not on the floor. (f,) [s], (f, n, 2) [m]
    model, time_step, end
        Model, step and end of the run. [-], [s], [s]
    """

    floor: Floor
    exits: tuple[str, ...]
    exit_time: NDArray[np.float64]
    exit: NDArray[np.int64]
    passes: NDArray[Any]
    frames: NDArray[np.float64]
    position: NDArray[np.float64]
    model: CollisionFreeSpeed | AnticipationVelocity
    time_step: float
    end: float

    @property
    def clearance(self) -> float:
        """When the last one left; inf if somebody is still there. [s]"""
        return float(self.exit_time.max(initial=0.0))

    def times(self, opening: str | int) -> NDArray[np.float64]:
        """Times at which people pass an exit (name) or an inner door (number). [s]"""
        number = self.exits.index(opening) if isinstance(opening, str) else len(self.exits) + opening
        return np.asarray(self.passes["time"][self.passes["server"] == number])

    def flow(self, opening: str | int) -> float:
        """Mean flow (N - 1) / (last - first) through an exit or inner door. [s⁻¹]"""
        times = self.times(opening)
        return float((times.size - 1) / (times[-1] - times[0])) if times.size > 1 else math.nan

    def to_pandas(self) -> pd.DataFrame:
        """One row a person: exit and exit time; positions are columns of `Walk.trajectories`."""
        import pandas as pd

        names = np.array([*self.exits, ""], dtype=object)[self.exit]
        return pd.DataFrame({"exit": names, "exit_time": self.exit_time}).rename_axis("person")

    def trajectories(self) -> pd.DataFrame:
        """One row a person and frame: id, frame, time [s], x, y [m]."""
        import pandas as pd

        frame, person = np.nonzero(np.isfinite(self.position[:, :, 0]))
        x, y = self.position[frame, person].T
        return pd.DataFrame({"id": person, "frame": frame, "time": self.frames[frame], "x": x, "y": y})


class Crowd:
    """People who move, advanced from moment to moment; slicing does not change a bit.

    Parameters
    ----------
    people
        Who.
    floor
        Where; None for the open plane, with `aim`.
    aim
        Points at which people walk straight on the open plane. (n, 2) [m]
    model
        Name in `MODELS` or settings of a model.
    time_step
        [s]
    replan
        Find the ways anew so often, around where people are (`Floor.way`); 0: the shortest ways. [s]

    Raises
    ------
    ModelError
        With every problem of the people at once.
    """

    def __init__(
        self,
        people: Walkers,
        floor: Floor | None = None,
        *,
        aim: ArrayLike | None = None,
        model: str | CollisionFreeSpeed | AnticipationVelocity = "collision_free_speed",
        time_step: float = 0.05,
        replan: float = 0.0,
    ) -> None:
        from evacuation._kernels import crowd as k

        self.model = _model(model)
        if not (math.isfinite(time_step) and time_step > 0.0):
            raise ModelError(f"time step {time_step!r} is no positive number", where="time_step", fix="give 0.05 s")
        if not (math.isfinite(replan) and replan >= 0.0):
            raise ModelError(f"{replan!r} is no time", where="replan", fix="give 1 s, or 0 for the shortest ways")
        self.time_step = time_step
        self._again = max(round(replan / time_step), 1) if replan > 0.0 and floor is not None else 0
        self._map = floor
        self.people = _records(people, k.PERSON)
        if floor is None:
            self.people["map"] = -1
            self.people["aim_x"], self.people["aim_y"] = np.broadcast_to(
                np.asarray(aim, float), (self.people.size, 2)
            ).T
        else:
            _place(self.people, people, floor)
        line = np.lexsort((np.arange(self.people.size), self.people["enter"]))
        self._line = line[self.people["status"][line] == k.AWAY]
        self._settings = np.zeros(1, k.MODEL)
        for name in type(self.model).__slots__:
            self._settings[name] = getattr(self.model, name)
        self._settings["anticipates"] = isinstance(self.model, AnticipationVelocity)
        self._settings["reaction"] = max(getattr(self.model, "reaction", time_step), time_step)
        self._ground(floor, k)
        self.passes = np.zeros(4 * self.people.size + 64, k.PASS)
        self._state = np.zeros(3, np.int64)

    def _ground(self, floor: Floor | None, k: Any) -> None:
        """Lay out maps, gates, walls and cells as the kernel wants them."""
        p = self.people
        self._fields, room, grid = [np.zeros((2, 2))], np.zeros((1, 1), np.uint8), (0.0, 0.0, 0.0)
        walls, lines = np.zeros((0, 4)), [np.zeros((0, 4))]
        gates: list[tuple[int, int, int, float]] = []
        self._map_gates, zones, factors = np.zeros((1, 2), np.int64), [np.zeros((0, 5))], [1.0]
        headways: list[float] = []
        bounds = p["x"].min(initial=0.0), p["y"].min(initial=0.0), p["x"].max(initial=0.0), p["y"].max(initial=0.0)
        if floor is not None:
            bounds, walls, grid = floor.walkable.bounds, floor.walls(), floor.grid()[:3]
            names = [name for name, _ in floor.openings()]
            ranges = []
            for number, (_, door) in enumerate([*floor.openings(), *(("", door) for door in floor.doors)]):
                rows, inner = sides(door.line), number >= len(names)
                holds = int(
                    door.line.geom_type == "LineString" and door.line.centroid.distance(floor.space.boundary) < 0.05
                )
                ranges.append((len(gates), len(gates) + len(rows)))
                gates += [(-1 if inner else number, number, holds, door.headway)] * len(rows)
                lines.append(rows)
                headways.append(door.headway)
            used = sorted(set(p["map"].tolist()))
            self._exits = [names[m] if m < len(names) else None for m in used]
            self._fields = [floor.way(name) for name in self._exits]
            last = ranges[len(names) - 1][1]
            self._map_gates = np.array([ranges[m] if m < len(names) else (0, last) for m in used], np.int64).reshape(
                -1, 2
            )
            p["map"] = np.searchsorted(used, p["map"])
            for number, zone in enumerate(floor.zones):
                rows = sides(zone.area)
                zones.append(np.hstack([rows, np.full((len(rows), 1), float(number))]))
                factors = [*factors[:number], zone.factor, 1.0]
            room = self._room(floor, np.concatenate(lines), k)
        corner, extent = np.array(bounds[:2]) - 1.0, np.array(bounds[2:]) - np.array(bounds[:2]) + 2.0
        # Cells of people are no more than 8 a person, or clearing them would cost more than moving the people.
        sizes = max(self.model.reach, math.sqrt(float(extent.prod()) / (8.0 * max(p.size, 1)))), WALL_CELL
        counts = [(extent // size).astype(int) + more for size, more in zip(sizes, (3, 1), strict=True)]
        first, listed = _near_cells(walls, corner, counts[1], max(1.2, 4.5 * float(grid[2])))
        frame = np.array([*corner, sizes[0], *counts[0], sizes[1], *counts[1]], float)
        self._spots = np.full(p.size, -1, k.SPOT)
        self._floor = (
            np.stack(self._fields) if self._fields else np.zeros((1, 2, 2)), room, grid, self._map_gates,
            np.concatenate(lines), np.array(gates, k.GATE), np.full(len(headways), -np.inf), walls, first, listed,
            np.concatenate(zones), np.array(factors), self._settings, frame,
            np.zeros(counts[0].prod() + 2, np.int32), np.zeros(p.size, np.int32), np.zeros(p.size, k.SEEN),
            self._spots, np.zeros((k.NEAR, 3)), np.zeros(p.size, np.int64),
        )  # fmt: skip

    def _room(self, floor: Floor, lines: NDArray[np.float64], k: Any) -> NDArray[np.uint8]:
        """What there is between four nodes of the maps, as the sum of `SLOPED`, `FREE` and `GATED` of the kernel."""
        from evacuation._kernels import distance

        x0, y0, h, rows, columns = floor.grid()
        step = self.people["speed"].max(initial=0.0) * self.time_step * max([1.0, *(z.factor for z in floor.zones)])
        wall = k.WALL_RANGES * getattr(self.model, "wall_range", 0.0) + getattr(self.model, "wall_buffer", 0.0)
        reach = max(self.people["radius"].max(initial=0.0) + wall, step)
        far = []
        for segments, away in ((floor.walls(), reach), (lines, step)):
            nodes = np.full((rows, columns), np.inf)
            distance.lower(segments, x0, y0, h, away + h, nodes)  # a point is within 0.71 h of a node around it
            far.append(np.isinf(nodes))
        sloped, free, gateless = (
            off[:-1, :-1] & off[:-1, 1:] & off[1:, :-1] & off[1:, 1:] for off in (floor.ground()[0] > 1.5 * h, *far)
        )
        return np.asarray(k.SLOPED * sloped + k.FREE * free + k.GATED * ~gateless, np.uint8)

    @property
    def time(self) -> float:
        """Time reached. [s]"""
        return float(self._state[0] * self.time_step)

    def advance(self, steps: int) -> None:
        """Move everybody by a number of steps."""
        from evacuation._kernels import crowd as k

        until = self._state[0] + steps
        while self._state[0] < until:
            pause = until
            if self._again and self._map is not None:
                if self._state[0] % self._again == 0:
                    place = self.position()[self.here()]
                    for field, name in zip(self._floor[0], self._exits, strict=True):
                        field[:] = self._map.way(name, place)
                    self._spots["i"] = -1  # what people know of their maps is old
                pause = min(until, (self._state[0] // self._again + 1) * self._again)
            status = k.advance(
                self.people, self._line, *self._floor, self.passes, self._state, 0.0, self.time_step,
                pause - self._state[0],
            )  # fmt: skip
            if status == k.CROWDED:
                raise ModelError(
                    f"more than {k.NEAR} people stand in the way of one",
                    where=f"t = {self.time:g} s",
                    fix="use true body radii",
                )
            if status == k.FULL:
                self.passes = np.concatenate([self.passes, np.zeros_like(self.passes)])

    def here(self) -> NDArray[np.bool_]:
        """Who is on the floor. (n,)"""
        return np.asarray(self.people["status"] == 1)

    def waiting(self) -> bool:
        """Whether somebody is on the floor or will come."""
        return bool((self.people["status"] < 2).any())

    def position(self) -> NDArray[np.float64]:
        """Places, NaN of those who are not on the floor. (n, 2) [m]"""
        place = np.stack([self.people["x"], self.people["y"]], axis=1)
        place[~self.here()] = np.nan
        return place


def walk(
    floor: Floor,
    people: Walkers,
    *,
    model: str | CollisionFreeSpeed | AnticipationVelocity = "collision_free_speed",
    horizon: float = 3600.0,
    time_step: float = 0.05,
    every: int = 0,
    replan: float = 0.0,
) -> Walk:
    """Let people walk to their exits until all are out or time is over.

    Parameters
    ----------
    floor, people
        Where and who.
    model
        ``"collision_free_speed"``, ``"anticipation"`` or the settings of one of them.
    horizon
        Longest time. [s]
    time_step
        [s]
    every
        Keep the positions of every such step; 0 keeps none.
    replan
        Find the ways anew so often, around where people are; 0: everybody takes the shortest way, and a crowd jams at
        the inner edge of a corner (RiMEA 15). Costs a map by exit and time. [s]

    Returns
    -------
    Walk
        Exit times, flows and, if asked for, positions. Nothing is drawn: same people, same walk.

    Raises
    ------
    ModelError
        People outside the floor, in walls, overlapping, without a way, with impossible values: all at once.
    """
    if not (math.isfinite(horizon) and horizon >= 0.0 and every >= 0):
        what = f"horizon {horizon!r} s, every {every!r} steps"
        raise ModelError(what, where="walk", fix="give a time and a number of steps, neither below 0")
    crowd = Crowd(people, floor, model=model, time_step=time_step, replan=replan)
    frames, places = [], []
    total, done = math.ceil(horizon / time_step - 1e-9), 0
    stride = every or max(round(1.0 / time_step), 1)
    while True:
        if every:
            frames.append(crowd.time)
            places.append(crowd.position())
        if done >= total or not crowd.waiting():
            break
        crowd.advance(min(stride, total - done))
        done += min(stride, total - done)
    passes = crowd.passes[: crowd._state[2]]
    n = crowd.people.size
    left = crowd.people["status"] == 2
    return Walk(
        floor=floor,
        exits=tuple(floor.exits),
        exit_time=np.where(left, crowd.people["out"], np.inf),
        exit=np.where(left, crowd.people["exit"], -1).astype(np.int64),
        passes=passes[np.argsort(passes["time"], kind="stable")],
        frames=np.array(frames),
        position=np.stack(places) if places else np.zeros((0, n, 2)),
        model=crowd.model,
        time_step=time_step,
        end=crowd.time,
    )


def walk_out(
    floor: Floor,
    arrival: ArrayLike,
    entry: LineString,
    *,
    speed: ArrayLike = 1.34,
    radius: float = 0.2,
    **settings: Any,
) -> NDArray[np.float64]:
    """Let people whom the link network brings to a floor walk over it: from their arrival to their way out.

    Parameters
    ----------
    floor
        Such as `patch` gives for a gate, building or muster point.
    arrival
        When each reaches the entry, as `Evacuation.arrival_time`; not finite: never. (n,) [s]
    entry
        Line on the floor on which they appear, side by side in the order of arrival; while a place is taken, whoever
        is to appear there waits outside.
    speed, radius
        Free walking speed and body radius. (n,) [m s⁻¹], [m]
    settings
        Of `walk`; `horizon` is counted from the last arrival.

    Returns
    -------
    NDArray
        When each leaves the floor; inf: never came, or still there. (n,) [s]

    Examples
    --------
    >>> gate = patch(park["G-1"], {"road": (120.0, 40.0, 2.4)})  # doctest: +SKIP
    >>> walk_out(gate, evacuation.arrival_time, LineString([(101, 38), (101, 42)]))  # doctest: +SKIP
    """
    told = np.atleast_1d(np.asarray(arrival, float))
    out = np.full(told.size, np.inf)
    come = np.flatnonzero(np.isfinite(told))
    if come.size == 0:
        return out
    come = come[np.argsort(told[come], kind="stable")]
    slots = max(int(entry.length / (2.0 * radius)), 1)
    spots = np.array([entry.interpolate((k + 0.5) / slots, normalized=True).coords[0] for k in range(slots)])
    x, y = spots[np.arange(come.size) % slots].T
    # Who is there at the start appears just after it, or all of them would have to stand apart.
    enter = np.maximum(told[come], np.finfo(float).tiny)
    people = Walkers(x=x, y=y, speed=np.broadcast_to(speed, told.shape)[come], radius=radius, enter=enter)
    horizon = float(enter[-1]) + settings.pop("horizon", 3600.0)
    out[come] = walk(floor, people, horizon=horizon, **settings).exit_time
    return out


def _model(model: str | CollisionFreeSpeed | AnticipationVelocity) -> CollisionFreeSpeed | AnticipationVelocity:
    if not isinstance(model, str):
        return model
    if model not in MODELS:
        raise ModelError(f"there is no crowd model {model!r}", where="model", fix=near(model, MODELS))
    return MODELS[model]


def _records(people: Walkers, kind: np.dtype[Any]) -> NDArray[Any]:
    """Person records; refuse what is no number of its kind."""
    x = np.atleast_1d(np.asarray(people.x, float))
    told = np.zeros(x.size, kind)
    problems = []
    columns = {
        "x": "x",
        "y": "y",
        "speed": "speed",
        "radius": "radius",
        "gap": "time_gap",
        "start": "start",
        "enter": "enter",
    }
    for column, name in columns.items():
        given = np.atleast_1d(np.asarray(getattr(people, name), float))
        if given.size not in (1, x.size):
            problems.append(
                Problem(f"{given.size} values for {x.size} people", f"Walkers.{name}", "give one, or one each")
            )
            continue
        told[column] = given
        bad = np.isnan(given) if column in ("start", "enter") else ~np.isfinite(given)
        if column in ("speed", "radius", "gap"):
            bad |= given <= 0.0
        if bad.any():
            who = np.flatnonzero(bad)[:5].tolist()
            wrong = ", ".join(f"{value:g}" for value in given[bad][:5])
            problems.append(Problem(f"people {who}: {wrong}", f"Walkers.{name}", "give finite, positive SI values"))
    if len(people.exits()) != x.size:
        problems.append(Problem(f"{len(people.exits())} exits for {x.size} people", "Walkers.exit", "give one each"))
    if problems:
        raise ModelError.of(problems, where="Walkers")
    told["exit"], told["gate"], told["meets"], told["reached"], told["out"] = -1, -1, np.inf, np.inf, np.inf
    told["status"] = told["enter"] <= 0.0
    return told


def _place(told: NDArray[Any], people: Walkers, floor: Floor) -> None:
    """Give people their exits and maps; refuse places that cannot be, all at once."""
    import shapely
    from scipy.spatial import cKDTree

    names = list(floor.exits)
    unknown = sorted({name for name in people.exits() if name is not None} - set(names))
    problems = [Problem(f"there is no exit {name!r}", "Walkers.exit", near(name, names)) for name in unknown]
    told["exit"] = [names.index(name) if name in names else -1 for name in people.exits()]
    told["map"] = np.where(told["exit"] < 0, len(names), told["exit"])
    point = np.stack([told["x"], told["y"]], axis=1)
    shapely.prepare(floor.space)
    on = shapely.contains_xy(floor.space, point)
    for what, outside in (
        ("outside the floor", ~shapely.intersects_xy(floor.walkable, point)),
        ("inside an obstacle", None),
    ):
        who = np.flatnonzero(~on & (outside if outside is not None else shapely.intersects_xy(floor.walkable, point)))
        problems += [
            Problem(f"stands {what} at ({told['x'][i]:g}, {told['y'][i]:g}) m", f"person {i}", "move it") for i in who
        ]
    here = np.flatnonzero(told["status"] == 1)
    tree = cKDTree(point[here])
    pairs = tree.query_pairs(2.0 * float(told["radius"].max(initial=0.0)), output_type="ndarray")
    i, j = here[pairs[:, 0]], here[pairs[:, 1]]
    away = np.hypot(*(point[i] - point[j]).T)
    for a, b in sorted(
        zip(
            i[away < told["radius"][i] + told["radius"][j] - 1e-9],
            j[away < told["radius"][i] + told["radius"][j] - 1e-9],
            strict=True,
        )
    ):
        problems.append(Problem(f"overlaps person {b}", f"person {a}", "keep bodies apart by the sum of their radii"))
    covered = float(np.pi * (told["radius"][here] ** 2).sum())
    if covered > CLOSEST_PACKING * floor.space.area:
        most = int(CLOSEST_PACKING * floor.space.area / (covered / here.size))
        problems.append(
            Problem(f"{here.size} people, and the floor holds {most}", "Walkers", "let them enter later, or fewer")
        )
    x0, y0, h, rows, columns = floor.grid()
    for m in set(told["map"].tolist()):
        who = np.flatnonzero((told["map"] == m) & on)
        way, best = floor.way(names[m] if m < len(names) else None), np.full(who.size, np.inf)
        a, b = ((told["x"][who] - x0) / h).astype(int), ((told["y"][who] - y0) / h).astype(int)
        for dj in range(-2, 4):
            for di in range(-2, 4):
                best = np.minimum(best, way[np.clip(b + dj, 0, rows - 1), np.clip(a + di, 0, columns - 1)])
        name = repr(names[m]) if m < len(names) else "any"
        for i in who[np.isinf(best)]:
            problems.append(Problem(f"has no way to {name} exit", f"person {i}", "open a door, or choose another exit"))
    if problems:
        raise ModelError.of(problems, where="Walkers")


def _near_cells(
    walls: NDArray[np.float64], corner: NDArray[np.float64], count: NDArray[np.int64], reach: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Walls by cell in which somebody may be within `reach` of them; one more cell, at the end, has none."""
    low = np.minimum(walls[:, :2], walls[:, 2:]) - reach - corner
    high = np.maximum(walls[:, :2], walls[:, 2:]) + reach - corner
    first, last = (np.clip((side // WALL_CELL).astype(int), 0, count - 1) for side in (low, high))
    rows, which = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for s, ((i0, j0), (i1, j1)) in enumerate(zip(first, last, strict=True)):
        cell = (np.arange(j0, j1 + 1)[:, None] * count[0] + np.arange(i0, i1 + 1)).ravel()
        rows.append(cell)
        which.append(np.full(cell.size, s))
    cell, wall = np.concatenate(rows), np.concatenate(which)
    order = np.lexsort((wall, cell))
    start = np.concatenate([[0], np.cumsum(np.bincount(cell, minlength=int(count.prod()) + 1))])
    return start.astype(np.int64), wall[order].astype(np.int64)
