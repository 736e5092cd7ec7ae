"""From a jet to the model that carries its gas on: pieces of emission, where they begin anew, and the joined cloud."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dispersion.cloud import dense_warning
from dispersion.materials import material_of
from dispersion.similarity import wind_speed_at
from plant_models.discharge import GRAVITY
from twin.errors import ModelError
from twin.weather import Weather, WeatherSeries

if TYPE_CHECKING:
    from dispersion.cloud import Solution
    from dispersion.field import Bounds
    from dispersion.gaussian_puff import GaussianPuff
    from dispersion.jet_path import JetPath
    from dispersion.starts import Start
    from plant_models.releases import Release

__all__ = ["FarField", "JetSolution", "Piece", "far_field", "pieces_of"]

_LONGEST = 60.0  # s of emission in one piece where the wind changes
_MOST = 2000  # pieces
_HIGHEST = 3000.0  # m
_DENSE = 0.15  # number of Britter and McQuaid 1988, as Release.is_dense
_LASTING = 3600.0  # s
_SPREAD = 0.05  # of the fitted saturation pressure, from which on it is told
_BACK = 3.0  # standard deviations upwind at which puffs begin, so that their row is whole where the jet ends
_Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Piece:
    """Part of a release that makes one steady jet.

    Parameters
    ----------
    release
        The part alone.
    air
        Weather at its beginning.
    path
        Its jet.
    bridge
        Rows to put behind those of the jet, shape (k, 11), see :meth:`JetPath.field_rows`.
    follower
        Jet that comes after it without a pause: its gas replaces the gas of this one as it arrives. None: none does.
    follows
        Whether it is the follower of another.
    """

    release: Release
    air: Weather
    path: JetPath
    bridge: _Array = field(default_factory=lambda: np.empty((0, 11)))
    follower: JetPath | None = None
    follows: bool = False

    @property
    def rows(self) -> _Array:
        """Rows of the near field, shape (n, 11)."""
        rows: _Array = np.concatenate([self.path.field_rows(), self.bridge])
        if self.follower is not None:
            length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(rows[:, :3], axis=0), axis=1))])
            end = float(self.follower.length[-1])
            own = np.interp(end, length, rows[:, 3])
            rows[:, 10] = np.interp(length, self.follower.length, self.follower.age) + np.maximum(rows[:, 3] - own, 0.0)
        return rows

    @property
    def window(self) -> _Array:
        """First and last emission. [s]"""
        return np.array([self.release.edges[0], self.release.edges[-1]])

    def shown(self, arrives: _Array, leaves: _Array, t: _Array | float) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Whether its gas is at points, and whether it answers for them, given the times of :func:`near_field`.

        It does from the first emission on (one that follows another from its arrival) until the last gas has passed.
        """
        begin, end = self.window
        held = (t >= begin) & (t - leaves <= end)
        now = held & (t - arrives >= begin)
        return now, now if self.follows else held

    @property
    def downwind(self) -> bool:
        """Whether the stream that is handed over moves with the wind, within 2.5°."""
        east, north, _ = self.path.section().toward
        level = math.hypot(east, north)
        turned = math.radians(self.air.wind_from)
        return level > 0.01 and -(east * math.sin(turned) + north * math.cos(turned)) >= 0.999 * level

    @property
    def density_number(self) -> float:
        """Number of Britter and McQuaid (1988) of the stream handed over, 0 when it is not heavier than air."""
        section, wind = self.path.section(), max(float(wind_speed_at(self.air, 10.0)), 1e-3)
        reduced = GRAVITY * (section.density / float(self.path.air_density[-1]) - 1.0)
        flow = section.area * section.velocity
        return math.cbrt(max(reduced, 0.0) * math.sqrt(flow) / wind**2.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class FarField:
    """The far field of jets with the pieces it continues, and what to tell of it."""

    pieces: tuple[Piece, ...]
    model: str
    sigmas: str | None
    solution: Solution
    farthest: float
    warnings: tuple[str, ...]


def pieces_of(
    release: Release, series: WeatherSeries, follow: Callable[[Release, Weather, float], JetPath]
) -> list[Piece]:
    """Split a release into steady jets.

    The pieces are those of its rate; where the wind changes they are cut at every full minute from their left edge, so
    that a later cut moves no earlier one.

    Raises
    ------
    ModelError
        Too many pieces, or a jet that ends before it has become part of the air.
    """
    edges = []
    for k, rate in enumerate(release.mass_rates):
        left, right = float(release.edges[k]), float(release.edges[k + 1])
        if rate > 0.0:
            inner = np.arange(left + _LONGEST, right, _LONGEST) if len(series.states) > 1 else np.empty(0)
            cuts = [left, *(float(t) for t in inner), right]
            edges += [(a, b, float(rate)) for a, b in pairwise(cuts)]
    if len(edges) > _MOST:
        fix = "give a shorter release, fewer rates or a steady wind; or use gaussian_puff"
        raise ModelError(f"{len(edges)} pieces of a jet", where=release.label or "release", fix=fix)
    known: dict[tuple[float, Weather], JetPath] = {}
    pieces = []
    for left, right, rate in edges:
        air = series.at(left)
        if (rate, air) not in known:
            known[rate, air] = _checked(follow(release, air, rate), release)
        part = replace(
            release, edges=np.array([left, right]), mass_rates=np.array([rate]),
            velocity=0.0, diameter=0.0, jet_velocity=0.0, jet_diameter=0.0, elevation=0.0,
        )  # fmt: skip
        pieces.append(Piece(release=part, air=air, path=known[rate, air]))
    for k, (one, later) in enumerate(pairwise(list(pieces))):
        if one.window[1] == later.window[0]:
            pieces[k] = replace(pieces[k], follower=later.path)
            pieces[k + 1] = replace(later, follows=True)
    return pieces


def _checked(path: JetPath, release: Release) -> JetPath:
    if path.highest > _HIGHEST:
        why = f"it rises above {_HIGHEST:g} m, where its air is not described"
    elif path.end in {"passive", "ground"}:
        return path
    else:
        why = {
            "stalled": f"its momentum is used up at {path.place[-1, 2]:.3g} m, and it falls back onto itself",
            "dilute": "it thins out before it moves with the wind",
            "far": f"it is still a jet after {path.length[-1]:.4g} m",
        }[path.end]
    raise ModelError(
        f"the jet does not become part of the air: {why}",
        where=release.label or "release",
        fix="Jet.path shows how far it goes; use dense_gas for a heavy gas in a light wind, gaussian_puff otherwise",
    )


def far_field(
    pieces: Sequence[Piece], series: WeatherSeries, *, then: str | None, averaging_time: float, sigmas: str | None
) -> FarField:
    """Hand the pieces over.

    Parameters
    ----------
    pieces
        Of all releases.
    series
        Weather the far field moves in.
    then
        Name of the model, or None to choose it.
    averaging_time, sigmas
        Of the far field. [s]
    """
    heaviest = max(piece.density_number for piece in pieces)
    slumps = heaviest >= _DENSE and all(piece.downwind for piece in pieces)
    chosen = then or ("dense_gas" if slumps else "gaussian_puff")
    told = _told(pieces)
    if chosen == "dense_gas":
        return _dense(pieces, series, averaging_time, told)
    from dispersion.air import sigma_set
    from dispersion.gaussian_puff import GaussianPuff
    from dispersion.passive import chosen_sigmas

    puffs = GaussianPuff(averaging_time=averaging_time, sigmas=sigmas)
    curves = sigma_set(chosen_sigmas(puffs, series))
    if heaviest >= _DENSE:
        told += dense_warning([piece.release for piece in pieces], series, "gaussian_puff")
    return FarField(
        pieces=tuple(pieces),
        model="gaussian_puff",
        sigmas=curves.name,
        solution=puffs.solution([puff_start(piece, puffs, curves.name) for piece in pieces], series),
        farthest=curves.distances[1],
        warnings=told,
    )


def _told(pieces: Sequence[Piece]) -> tuple[str, ...]:
    told = []
    steep = [p.path for p in pieces if p.path.end == "ground" and p.path.section().toward[2] < -math.sqrt(0.5)]
    if steep:
        x, y = steep[0].place[-1, :2]
        told.append(
            f"the jet strikes the ground at ({x:.3g}, {y:.3g}) m; its downward momentum ends there, and how the gas "
            "spreads over the first metres is not modelled"
        )
    wet = max(1.0 - float(piece.path.vapour_fraction[-1]) for piece in pieces)
    if wet > 1e-3:
        told.append(f"where the jet ends {wet:.2g} of the released mass are still droplets; they are counted as gas")
    air, gas = pieces[0].air, pieces[0].release.substance
    material = material_of(gas, pressure=air.pressure, temperature=air.temperature)
    if material.condenses and material.spread > _SPREAD:
        told.append(f"the saturation curve is off the table of {gas.name} by up to {material.spread:.0%}")
    if gas.associates:
        told.append(f"{gas.name} forms clusters, which the jet takes for single molecules")
    return tuple(told)


def puff_start(piece: Piece, puffs: GaussianPuff, sigmas: str) -> tuple[Release, Start]:
    """Where, when and how wide the puffs of a piece begin.

    At the end of the jet their row holds the jet's concentration on the axis, ``m / (2 π u σ²)`` without the image, and
    it is whole there: they begin some standard deviations upwind of it and as much earlier, but not before the gas came
    out, and smaller by their own growth over that way.
    """
    from dispersion.spreads import spread_of
    from dispersion.starts import Start

    path, turned = piece.path, math.radians(piece.air.wind_from)
    x, y, z = (float(v) for v in path.place[-1])
    z = max(z, 0.0)
    axis = float(path.concentration[-1] / path.widening[-1] ** 2)
    age = float(path.age[-1])
    part = replace(piece.release, x=x, y=y, z=z)
    way, speed = 0.0, max(float(path.speed[-1]), 0.1)
    grown = (0.0, 0.0)
    for _ in range(4):  # the way depends on the width and the speed at its end; it hardly moves after two rounds
        sigma = math.sqrt(path.mass_rate / (2.0 * math.pi * speed * axis))
        way = min(_BACK * sigma, 0.99 * age * speed)
        trial = Start(x=x, y=y, z=z, sigma_y=sigma, sigma_z=sigma)
        sy, sz, _, mean, _, _ = spread_of(part, trial, piece.air, puffs, sigmas).at(np.array([way]))
        grown, speed = (float(sy[0]), float(sz[0])), float(mean[0])
    least = 0.1 * sigma
    start = Start(
        x=x + way * math.sin(turned), y=y + way * math.cos(turned), z=z,
        sigma_y=math.sqrt(max(sigma**2 - grown[0] ** 2, least**2)),
        sigma_z=math.sqrt(max(sigma**2 - grown[1] ** 2, least**2)), delay=age - way / speed,
    )  # fmt: skip
    return part, start


def _dense(pieces: Sequence[Piece], series: WeatherSeries, averaging_time: float, told: tuple[str, ...]) -> FarField:
    """Dense clouds of the pieces, each begun by the last section of its jet; those without a pause make one cloud."""
    from dispersion.dense_gas import DenseGas

    model = DenseGas(averaging_time=averaging_time)
    clouds = []
    for row in _rows_of(pieces):
        rates = np.array([piece.path.mass_rate for piece in row])
        edges = np.array([row[0].window[0], *(piece.window[1] for piece in row)])
        sections = list({piece.path.mass_rate: piece.path.section() for piece in row}.values())
        clouds.append(model.disperse(replace(row[0].release, edges=edges, mass_rates=rates), series, section=sections))
    bridges = {}
    for piece in pieces:  # of a release that lasts: what flows at one time must not depend on when it will be cut off
        if id(piece.path) not in bridges:
            lasting = replace(piece.release, edges=np.array([0.0, 2.0 * _LASTING]))
            steady = model.disperse(lasting, piece.air, section=piece.path.section())
            bridges[id(piece.path)] = _bridge(piece.path, steady.solution)
    return FarField(
        pieces=tuple(replace(piece, bridge=bridges[id(piece.path)]) for piece in pieces),
        model="dense_gas",
        sigmas=None,
        solution=clouds[0].solution if len(clouds) == 1 else _Sum(tuple(cloud.solution for cloud in clouds)),
        farthest=model.distance,
        warnings=tuple(dict.fromkeys([*told, *(text for cloud in clouds for text in cloud.warnings)])),
    )


def _rows_of(pieces: Sequence[Piece]) -> list[list[Piece]]:
    """Pieces that follow each other in the same air without a pause."""
    rows: list[list[Piece]] = []
    for piece in pieces:
        last = rows[-1][-1] if rows else None
        if last is not None and last.follower is piece.path and last.air == piece.air:
            rows[-1].append(piece)
        else:
            rows.append([piece])
    return rows


def _bridge(path: JetPath, far: Solution) -> _Array:
    """Row that leads from the axis of a jet to that of the dense cloud, two half-widths downstream of the joint.

    A dense cloud begins as a box with soft edges, a jet ends as a bell: between them the concentration on the axis goes
    over evenly, and the width follows, so that the flux stays. None where the cloud is not the thinner of the two.
    """
    last, section = path.field_rows()[-1], path.section()
    way = 2.0 * section.half_width
    level = math.hypot(section.toward[0], section.toward[1])
    place = last[:3] + way / level * np.array([section.toward[0], section.toward[1], 0.0])
    x, y, z = (np.array(v) for v in place)
    found = float(far.concentration(x, y, z, np.array(_LASTING)))
    ends = last[6] * last[4] * last[8] / last[9] * (1.0 + last[7] * math.exp(-4.0 * last[2] ** 2 / last[5]))
    if not 0.0 < found < ends:
        return np.empty((0, 11))
    row = last.copy()
    row[:3], row[3] = place, last[3] + way / section.velocity
    row[10] = row[3]
    thinned = found / ends
    row[4], row[5] = last[4] * thinned, last[5] / thinned
    row[9] = 1.0 + (last[9] - 1.0) * thinned
    row[4] *= row[9] / last[9]
    bridge: _Array = row[None, :]
    return bridge


@dataclass(frozen=True, slots=True)
class _Sum:
    """Clouds whose concentrations add."""

    parts: tuple[Solution, ...]

    def concentration(self, x: _Array, y: _Array, z: _Array, t: _Array) -> _Array:
        found: _Array = np.sum([part.concentration(x, y, z, t) for part in self.parts], axis=0)
        return found

    def add_frames(self, grid: _Array, heights: _Array, times: _Array, out: _Array) -> None:
        for part in self.parts:
            part.add_frames(grid, heights, times, out)

    def released(self, t: float) -> float:
        return sum(part.released(t) for part in self.parts)

    def swept(self, level: float | None, height: float, times: _Array | None) -> tuple[_Array, Bounds | None]:
        found = [part.swept(level, height, times) for part in self.parts]
        return np.unique(np.concatenate([moments for moments, _ in found])), _around([box for _, box in found if box])


def _around(boxes: Sequence[Bounds]) -> Bounds | None:
    """Rectangle around rectangles."""
    if not boxes:
        return None
    corners = np.array(boxes)
    (west, south), (east, north) = corners[:, :2].min(axis=0), corners[:, 2:].max(axis=0)
    return float(west), float(south), float(east), float(north)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class JetSolution:
    """Concentration of jets and of what they hand over, the computing part of a cloud.

    Along a jet, up to its last section, the jet answers from its first emission until its last gas has passed;
    everywhere else the far field does.

    Parameters
    ----------
    pieces
        Steady jets.
    far
        Far field.
    releases
        What comes out, whole.
    """

    pieces: tuple[Piece, ...]
    far: Solution
    releases: tuple[Release, ...]

    def concentration(self, x: _Array, y: _Array, z: _Array, t: _Array) -> _Array:
        """Concentration at points, broadcast. [kg m⁻³]"""
        shape = np.broadcast_shapes(x.shape, y.shape, z.shape, t.shape)
        found, inside = np.zeros(shape), np.zeros(shape, dtype=bool)
        for piece in self._there(t):
            value, arrives, leaves = _near_field(piece, x, y, z)
            now, held = piece.shown(arrives, leaves, t)
            found += np.where(now, value, 0.0)
            inside |= held
        answer: _Array = np.where(inside, found, self.far.concentration(x, y, z, t))
        return answer

    def add_frames(self, grid: _Array, heights: _Array, times: _Array, out: _Array) -> None:
        """Add the concentration on a regular grid (x0, y0, dx, dy) to `out`, shape (times, heights, ny, nx)."""
        x = grid[0] + grid[2] * np.arange(out.shape[3])
        y = grid[1] + grid[3] * np.arange(out.shape[2])
        frames = np.zeros(out.shape)
        self.far.add_frames(grid, heights, times, frames)
        found, inside = np.zeros(out.shape), np.zeros(out.shape, dtype=bool)
        for piece in self._there(times):
            value, arrives, leaves = _near_field(piece, x, y[:, None], heights[:, None, None])
            places = np.nonzero(np.isfinite(arrives))
            for k, time in enumerate(times):
                now, held = piece.shown(arrives[places], leaves[places], time)
                found[k][places] += np.where(now, value[places], 0.0)
                inside[k][places] |= held
        out += np.where(inside, found, frames)

    def released(self, t: float) -> float:
        """Mass released up to `t`, in the jet and beyond. [kg]"""
        return sum(release.mass_until(t) for release in self.releases)

    def swept(self, level: float | None, height: float, times: _Array | None) -> tuple[_Array, Bounds | None]:
        """Times at which to look for the largest concentration, and the rectangle in which `level` is exceeded then."""
        moments, box = self.far.swept(level, height, times)
        if times is None:
            jets = [piece.window[0] + np.linspace(0.0, float(piece.path.age[-1]), 9)[1:] for piece in self.pieces]
            moments = np.unique(np.concatenate([moments, *jets]))
        boxes = [] if box is None else [box]
        for piece in self.pieces:
            boxes += self._hull(piece, level, height, moments)
        return moments, _around(boxes)

    def _hull(self, piece: Piece, level: float | None, height: float, moments: _Array) -> list[Bounds]:
        """Rectangle around the sections of a jet that hold the level, at the times they are there."""
        path = piece.path
        first, last = piece.window
        there = ((moments[:, None] - path.age >= first) & (moments[:, None] - path.age <= last)).any(axis=0)
        x, y = path.place[there, 0], path.place[there, 1]
        reach = np.asarray(path.width * path.widening * np.sqrt(np.maximum(path.air_density / path.axis_density, 1.0)))
        reach = reach[there]
        if level is None:
            reach = 3.0 / math.sqrt(2.0) * reach
        elif x.size:
            ridge = _near_field(piece, x, y, np.full(x.size, height))[0]
            over = ridge >= level
            x, y, reach = x[over], y[over], reach[over] * np.sqrt(np.log(ridge[over] / level))
        if not x.size:
            return []
        return [
            (float((x - reach).min()), float((y - reach).min()), float((x + reach).max()), float((y + reach).max()))
        ]

    def _there(self, t: _Array) -> list[Piece]:
        """Pieces whose jet is in the air at some of the times."""
        first, last = (float(t.min()), float(t.max())) if t.size else (math.inf, -math.inf)
        return [p for p in self.pieces if p.window[0] <= last and first <= p.window[1] + p.rows[:, 10].max()]


def _near_field(piece: Piece, x: _Array, y: _Array, z: _Array) -> tuple[_Array, _Array, _Array]:
    """Concentration of one jet at points, broadcast, and how long after emission gas arrives and has passed there.

    The times are nan where the jet does not reach.
    """
    from dispersion._kernels import jets

    run: Any = jets  # compiled functions carry no signature
    points = np.broadcast_arrays(x, y, z)
    shape = points[0].shape
    flat = [np.ascontiguousarray(a, dtype=float).ravel() for a in points]
    found, arrives, leaves = np.zeros(flat[0].size), np.full(flat[0].size, np.nan), np.full(flat[0].size, np.nan)
    run.near_field(*flat, piece.rows, found, arrives, leaves)
    return found.reshape(shape), arrives.reshape(shape), leaves.reshape(shape)
