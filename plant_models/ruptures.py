"""Rupture of a long gas pipeline: mass rate in time out of each broken end, by formula or by a solved pipe."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from plant_models.discharge import ATMOSPHERE, check_ranges
from plant_models.frozen import reduce_value
from twin.errors import ModelError
from twin.weather import GAS_CONSTANT

__all__ = ["GasPipeline", "PipelineOutflow", "pipe_blow_down", "rupture_ends", "wilson_rupture"]

Array = NDArray[np.float64]
_PIECES = 60
_TAIL = 7.0  # time constants until the end, unless given: e⁻⁷ < 0.1 % of the mass is left
_GROWTH = 1.08  # of the steps of time
_AT_ONCE = 1e-12  # of the time looked at, shorter than which a phase is no time at all
_HALVINGS = 12
_WIDEST = 0.99  # of the bore: an end that is open altogether has no steady state when the flow is not choked


@dataclass(frozen=True, slots=True, kw_only=True)
class GasPipeline:
    """A length of gas pipeline at one pressure and temperature, shut at the end that is not broken.

    Parameters
    ----------
    length, diameter
        Inside; [m]
    pressure
        Absolute, along the whole length. [Pa]
    temperature
        Of the gas and the ground. [K]
    molar_mass
        [kg mol⁻¹]
    heat_capacity_ratio
        γ = cp/cv.
    roughness
        Of the wall, e.g. :data:`~plant_models.pipes.STEEL_ROUGHNESS`. [m]
    compressibility
        Z at the pressure in the pipe.

    Raises
    ------
    ModelError, UnitError
        A value out of range.
    """

    length: float
    diameter: float
    pressure: float
    temperature: float
    molar_mass: float
    heat_capacity_ratio: float
    roughness: float
    compressibility: float = 1.0

    def __post_init__(self) -> None:
        check_ranges(
            ("length", self.length, 1.0, 1e6, "m"),
            ("diameter", self.diameter, 0.01, 3.0, "m"),
            ("pressure", self.pressure, 1.2e5, 3e7, "Pa"),
            ("temperature", self.temperature, 100.0, 1000.0, "K"),
            ("molar_mass", self.molar_mass, 1e-3, 1.0, "kg mol⁻¹"),
            ("heat_capacity_ratio", self.heat_capacity_ratio, 1.001, 1.67, ""),
            ("roughness", self.roughness, 1e-7, 0.01, "m"),
            ("compressibility", self.compressibility, 0.2, 1.5, ""),
            where="GasPipeline",
        )
        if self.roughness > 0.05 * self.diameter or self.length < 5.0 * self.diameter:
            raise ModelError(
                f"length {self.length:g} m, diameter {self.diameter:g} m, roughness {self.roughness:g} m",
                where="GasPipeline",
                fix="give a length of 5 diameters or more and a roughness of 0.05 diameters or less",
            )

    @property
    def area(self) -> float:
        """Cross-section of the bore. [m²]"""
        return 0.25 * math.pi * self.diameter**2

    @property
    def density(self) -> float:
        """Of the gas before the rupture. [kg m⁻³]"""
        return self.pressure / self._square

    @property
    def mass(self) -> float:
        """Gas in the pipe before the rupture. [kg]"""
        return self.density * self.area * self.length

    @property
    def friction_factor(self) -> float:
        """Darcy factor of a fully rough wall, 1/√f = -2 lg(ε/(3.7 D)): a rupture flows at Re of 10⁷ and more."""
        return 1.0 / (2.0 * math.log10(self.roughness / (3.7 * self.diameter))) ** 2

    @property
    def sound_speed(self) -> float:
        """√(γ Z R T/M). [m s⁻¹]"""
        return math.sqrt(self.heat_capacity_ratio * self._square)

    @property
    def _square(self) -> float:
        """Z R T/M, the square of the isothermal speed of sound. [m² s⁻²]"""
        return self.compressibility * GAS_CONSTANT * self.temperature / self.molar_mass


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PipelineOutflow:
    """Flow out of one broken end, piecewise constant: the mean rate of each piece, so that no mass is lost.

    ``initial_mass + fed_mass = sum(mass_rates * diff(edges)) + left_mass``.

    Parameters
    ----------
    edges
        Times after the rupture that bound the pieces, shape (n + 1,), increasing from 0. [s]
    mass_rates
        Mean mass rate in each piece, shape (n,). [kg s⁻¹]
    initial_mass
        In this length of pipe before the rupture. [kg]
    fed_mass
        Pumped in after the rupture. [kg]
    left_mass
        In the pipe at the last edge. [kg]
    time_constant
        Of the slow part of the blow-down, as Wilson's model has it; of a liquid, the time it drains. [s]
    model
        ``"wilson"``, ``"pipe"`` or ``"liquid"``.
    notes
        Why this model, and what it neglects, one sentence each.
    """

    edges: Array
    mass_rates: Array
    initial_mass: float
    fed_mass: float
    left_mass: float
    time_constant: float
    model: Literal["wilson", "pipe", "liquid"]
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("edges", "mass_rates"):
            array = np.array(getattr(self, name), dtype=np.float64)
            array.flags.writeable = False
            object.__setattr__(self, name, array)

    def __reduce__(self) -> tuple[Any, ...]:
        return reduce_value(self)

    @property
    def total_mass(self) -> float:
        """Mass released up to the last edge. [kg]"""
        return float(self.mass_rates @ np.diff(self.edges))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """A checked rupture: what both models need."""

    pipeline: GasPipeline
    share: float  # effective area of the opening over that of the bore
    feed_rate: float
    close_time: float
    duration: float | None
    ambient_pressure: float

    @property
    def peak(self) -> float:
        """Q₀, the sonic rate through the opening at the full pressure. [kg s⁻¹]"""
        pipe = self.pipeline
        return self.share * pipe.area * pipe.density * pipe.sound_speed / math.sqrt(_choke(pipe.heat_capacity_ratio))

    @property
    def leaving(self) -> float:
        """Mass above what the pipe holds at the pressure of the air, at the ground's temperature, Z = 1. [kg]"""
        pipe = self.pipeline
        rest = self.ambient_pressure * pipe.molar_mass / (GAS_CONSTANT * pipe.temperature) * pipe.area * pipe.length
        return pipe.mass - rest

    @property
    def beta(self) -> float:
        """Time constant of the slow part. [s]"""
        pipe = self.pipeline
        opening = _choke(pipe.heat_capacity_ratio) / self.share**2
        friction = pipe.heat_capacity_ratio * pipe.friction_factor * pipe.length / pipe.diameter
        # (1 + x)^1.5 - 1 without the difference of close numbers, for a small hole
        grown = math.expm1(1.5 * math.log1p(friction / opening))
        return float(2.0 / 3.0 * pipe.length / pipe.sound_speed * opening**1.5 / friction * grown)

    def edges(self, alpha: float) -> Array:
        end = self.duration if self.duration is not None else self.close_time + _TAIL * self.beta
        times = np.geomspace(min(0.02 * alpha**2 * self.beta, 0.01 * end), end, _PIECES)
        shut = [self.close_time] if 0.0 < self.close_time < end else []
        return np.unique(np.concatenate(([0.0], times, shut)))


def _choke(gamma: float) -> float:
    """Γ = ((γ + 1)/2)^((γ + 1)/(γ - 1))."""
    return float((0.5 * (gamma + 1.0)) ** ((gamma + 1.0) / (gamma - 1.0)))


def wilson_rupture(
    pipeline: GasPipeline,
    *,
    hole_diameter: float | None = None,
    feed_rate: float = 0.0,
    close_time: float = 0.0,
    duration: float | None = None,
    discharge_coefficient: float = 1.0,
    ambient_pressure: float = ATMOSPHERE,
) -> PipelineOutflow:
    """Rate out of the broken end of a pipeline by Wilson's double exponential.

    ::

        Q = Q₀/(1 + α) (exp(-t/(α² β)) + α exp(-t/β)),   α = m/(β Q₀)
        Q₀ = k A ρ₀ c/√Γ,   Γ = ((γ + 1)/2)^((γ + 1)/(γ - 1)),   k = Cd (d/D)²
        β = 2/3 (L/c) F (√Γ/k)³ ((1 + k²/(Γ F))^1.5 - 1),   F = D/(γ f L)

    Against :func:`pipe_blow_down`, natural gas at 60 bar in open pipes of 1 to 50 km: the first rate is twice as high,
    the share released differs by up to 0.13 of the content, the time to release a half by up to a third.

    α makes the integral over all time the mass m that leaves. β is the time in which a choked opening draws the gas
    of the whole length through quasi-steady isothermal friction, so it also holds for a hole; a long pipe with an
    open end has β → 2/3 (L/c) √(γ f L/D), and a short one with a small hole α → 1 and β → m/Q₀, a vessel's emptying.

    The gas fed in (mass rate `feed_rate` until `close_time`) comes out through one more delay of time constant β, an
    addition of ours to the published model. It keeps the mass and is exact for a vessel.

    Parameters
    ----------
    pipeline
        The length of pipe behind this end.
    hole_diameter
        Of a hole at the end of that length; None: the open bore. [m]
    feed_rate
        Pumped in at the other end. [kg s⁻¹]
    close_time
        Time after the rupture when the feed stops. [s]
    duration
        Until the last edge; None: `close_time` and seven time constants, with over 99.9 % of the mass out. [s]
    discharge_coefficient
        Of the opening; 1, the upper bound, unless given.
    ambient_pressure
        Outside. [Pa]

    Raises
    ------
    ModelError, UnitError
        A value out of range, or a pressure in the pipe too low to choke the opening.

    References
    ----------
    Wilson, D.J., 1979, The release and dispersion of gas from pipeline ruptures, Alberta Environment, Edmonton.
    Hanna, S.R. and Drivas, P.J., 1987, Guidelines for use of vapor cloud dispersion models, CCPS, AIChE.
    van den Bosch, C.J.H. and Weterings, R.A.P.M. (eds), 2005, Yellow Book, CPR 14E, 3rd ed., section 2.5.2 (the
    Wilson model, with the constant 0.67 for 2/3).
    Jones, R., Lehr, W., Simecek-Beatty, D. and Reynolds, R.M., 2013, ALOHA 5.4.4: Technical documentation, NOAA
    Technical Memorandum NOS OR&R 43, pipe releases (the form of β with a hole).
    """
    case = _case(
        pipeline,
        hole_diameter=hole_diameter,
        feed_rate=feed_rate,
        close_time=close_time,
        duration=duration,
        discharge_coefficient=discharge_coefficient,
        ambient_pressure=ambient_pressure,
        where="wilson_rupture",
    )
    gamma = pipeline.heat_capacity_ratio
    least = ambient_pressure * (0.5 * (gamma + 1.0)) ** (gamma / (gamma - 1.0))
    if pipeline.pressure < least:
        raise ModelError(
            f"the opening does not choke at {pipeline.pressure:.6g} Pa",
            where="wilson_rupture.pipeline",
            fix=f"give a pressure from {least:.4g} Pa on, or use pipe_blow_down, which holds below too",
        )
    beta, peak = case.beta, case.peak
    alpha = case.leaving / (beta * peak)

    def drained(t: Array) -> Array:
        fast, slow = -np.expm1(-t / (alpha**2 * beta)), -np.expm1(-t / beta)
        return np.asarray(peak / (1.0 + alpha) * alpha * beta * (alpha * fast + slow))

    def passed(t: Array) -> Array:
        """Time-integral of 1 - exp(-t/β)."""
        return np.asarray(np.where(t > 0.0, t + beta * np.expm1(-np.maximum(t, 0.0) / beta), 0.0))

    edges = case.edges(alpha)
    released = drained(edges) + case.feed_rate * (passed(edges) - passed(edges - case.close_time))
    return _outflow(
        case,
        edges,
        released,
        "wilson",
        f"Wilson's double exponential: α = {alpha:.3g}, β = {beta:.4g} s, at first {peak:.4g} kg s⁻¹",
        "the first rate is that of a choked nozzle; the wave that runs up an open bore lets through about half",
        "one pressure and temperature along the pipe before the rupture; ideal friction, fully rough wall; no heating",
    )


def pipe_blow_down(
    pipeline: GasPipeline,
    *,
    hole_diameter: float | None = None,
    feed_rate: float = 0.0,
    close_time: float = 0.0,
    duration: float | None = None,
    discharge_coefficient: float = 1.0,
    ambient_pressure: float = ATMOSPHERE,
    cells: int = 60,
) -> PipelineOutflow:
    """Rate out of the broken end of a pipeline by solving the flow in the pipe.

    Mass and momentum of a gas at the temperature of the ground, with inertia and wall friction::

        ∂p/∂t = -a² ∂G/∂x,   ∂G/∂t = -∂p/∂x - ∂(a² G²/p)/∂x - a² f G|G|/(2 D p),   a² = Z R T/M

    on finite volumes (pressures) and the faces between them (mass fluxes), narrow at the opening, with implicit steps
    that grow by 8 %. Between the last volume and the opening the flow is quasi-steady: without loss to a
    throat of `hole_diameter`, choked or at the pressure of the air. The gas that left is what is no longer there, so
    the mass closes to the last digit. The gas does not cool in the pipe.

    Parameters
    ----------
    pipeline, hole_diameter, feed_rate, close_time, duration, discharge_coefficient, ambient_pressure
        As for :func:`wilson_rupture`. An open bore is taken as 99 % open.
    cells
        Finite volumes, from 20 to 1000. With 60 the released mass is within 0.1 % of
        that with 320 for 10 km of 0.5 m pipe.

    Raises
    ------
    ModelError, UnitError
        A value out of range, or a solution that does not converge.

    References
    ----------
    Fannelop, T.K. and Ryhming, I.L., 1982, Massive release of gas from long pipelines, J. Energy 6(2), 132-140 (the
    isothermal equations).
    """
    case = _case(
        pipeline,
        hole_diameter=hole_diameter,
        feed_rate=feed_rate,
        close_time=close_time,
        duration=duration,
        discharge_coefficient=discharge_coefficient,
        ambient_pressure=ambient_pressure,
        where="pipe_blow_down",
    )
    check_ranges(("cells", cells, 20, 1000, ""), where="pipe_blow_down")
    edges = case.edges(case.leaving / (case.beta * case.peak))
    widths = _widths(int(cells), 2.0 * pipeline.diameter / pipeline.length)
    kept = _solve_pipe(case, edges, widths) @ widths * pipeline.mass
    released = np.maximum.accumulate(pipeline.mass - kept + case.feed_rate * np.minimum(edges, case.close_time))
    return _outflow(
        case,
        edges,
        released,
        "pipe",
        f"pipe solved on {int(cells)} volumes, with inertia and friction, at one temperature",
        "one pressure along the pipe before the rupture; fully rough wall; Z constant; the gas does not cool",
    )


def rupture_ends(
    pipeline: GasPipeline,
    *,
    break_at: float,
    feed_rate: float,
    close_time: float,
    hole_diameter: float | None = None,
    model: Literal["wilson", "pipe"] = "wilson",
    **options: Any,
) -> tuple[PipelineOutflow, PipelineOutflow]:
    """Both sides of a broken pipeline: the upstream one, fed until its valve shuts, and the downstream one, shut.

    Parameters
    ----------
    pipeline
        The whole length between the two valves.
    break_at
        Distance of the break from the upstream valve. [m]
    feed_rate
        Through the upstream valve until `close_time`. [kg s⁻¹]
    close_time
        Time after the break when that valve is shut. [s]
    hole_diameter
        Of a hole in the wall, which each side feeds through half of its area; None: the pipe has parted. [m]
    model
        ``"wilson"``, or ``"pipe"`` for :func:`pipe_blow_down`.
    options
        Others of that model.

    Raises
    ------
    ModelError, UnitError
        A value out of range.
    """
    check_ranges(("break_at", break_at, 1.0, pipeline.length - 1.0, "m"), where="rupture_ends")
    models: dict[str, Callable[..., PipelineOutflow]] = {"wilson": wilson_rupture, "pipe": pipe_blow_down}
    if model not in models:
        raise ModelError(f"model is {model!r}", where="rupture_ends.model", fix="give 'wilson' or 'pipe'")
    if hole_diameter is not None:
        check_ranges(("hole_diameter", hole_diameter, 0.0, pipeline.diameter, "m"), where="rupture_ends")
        hole_diameter /= math.sqrt(2.0)
    lengths = (break_at, pipeline.length - break_at)
    up, down = (replace(pipeline, length=length) for length in lengths)
    run = models[model]
    return (
        run(up, hole_diameter=hole_diameter, feed_rate=feed_rate, close_time=close_time, **options),
        run(down, hole_diameter=hole_diameter, **options),
    )


def _case(
    pipeline: GasPipeline,
    *,
    hole_diameter: float | None,
    feed_rate: float,
    close_time: float,
    duration: float | None,
    discharge_coefficient: float,
    ambient_pressure: float,
    where: str,
) -> _Case:
    hole = pipeline.diameter if hole_diameter is None else hole_diameter
    check_ranges(
        ("hole_diameter", hole, 0.0, pipeline.diameter, "m"),
        ("feed_rate", feed_rate, 0.0, 1e5, "kg s⁻¹"),
        ("close_time", close_time, 0.0, 1e6, "s"),
        ("duration", 1.0 if duration is None else duration, 1e-3, 1e7, "s"),
        ("discharge_coefficient", discharge_coefficient, 0.0, 1.0, ""),
        ("ambient_pressure", ambient_pressure, 3e4, 1.2e5, "Pa"),
        where=where,
    )
    share = discharge_coefficient * (hole / pipeline.diameter) ** 2
    if share < 1e-4:
        raise ModelError(
            f"the opening is {share:.2g} of the bore",
            where=f"{where}.hole_diameter",
            fix="give a hole of a hundredth of the diameter or more; for less the pipe is a vessel",
        )
    if pipeline.pressure <= ambient_pressure:
        raise ModelError(
            f"the pressure in the pipe, {pipeline.pressure:.6g} Pa, is not above that of the air",
            where=f"{where}.pipeline",
            fix="nothing flows out; give an absolute pressure above the air pressure",
        )
    return _Case(
        pipeline=pipeline,
        share=share,
        feed_rate=feed_rate,
        close_time=close_time,
        duration=duration,
        ambient_pressure=ambient_pressure,
    )


def _outflow(
    case: _Case, edges: Array, released: Array, model: Literal["wilson", "pipe"], *notes: str
) -> PipelineOutflow:
    fed = case.feed_rate * min(case.close_time, float(edges[-1]))
    left = case.pipeline.mass + fed - float(released[-1])
    if case.feed_rate and case.close_time:
        notes = (*notes, f"fed with {case.feed_rate:.4g} kg s⁻¹ until {case.close_time:g} s")
    return PipelineOutflow(
        edges=edges,
        mass_rates=np.diff(released) / np.diff(edges),
        initial_mass=case.pipeline.mass,
        fed_mass=fed,
        left_mass=left,
        time_constant=case.beta,
        model=model,
        notes=(*notes, f"{left:.4g} kg still in the pipe at {edges[-1]:.4g} s"),
    )


def _widths(cells: int, finest: float) -> Array:
    """Widths of the volumes over the length, growing by one factor from the opening (last) to the far end."""
    if finest * cells >= 1.0:
        return np.full(cells, 1.0 / cells)
    from scipy.optimize import brentq

    growth = brentq(
        lambda r: math.log(finest * math.expm1(cells * math.log(r)) / (r - 1.0)),
        1.0 + 1e-9,
        min(10.0, math.exp(600.0 / cells)),
    )
    widths = finest * growth ** np.arange(cells)[::-1]
    return np.asarray(widths / widths.sum())


def _opening(share: float, outside: float) -> Callable[[float], float]:
    """Mass flux out of the pipe over its pressure there, both in the units of :func:`_solve_pipe`: a Mach number."""
    share, choked = min(share, _WIDEST), 0.0
    for _ in range(2000):  # M = k exp((M² - 1)/2), from below: the mass flux of a choked throat
        choked, before = share * math.exp(0.5 * (choked**2 - 1.0)), choked
        if choked - before < 1e-15:
            break
    sonic = outside * math.exp(0.5 * (1.0 - choked**2))  # pressure in the pipe from which on the throat is choked
    widest = math.log(sonic / outside)

    def mach(pressure: float) -> float:
        if pressure >= sonic:
            return choked
        if pressure < outside:  # the last swings of the gas about rest, far below any rate that counts
            return -mach(outside**2 / pressure)
        drop = math.log(pressure / outside)
        # √drop, made smooth within a thousandth of the pressure of the air, where its slope has no limit
        root = drop / math.sqrt(drop + 1e-3 * (1.0 - drop / widest))
        return root * math.sqrt(2.0 / ((pressure / outside / share) ** 2 - 1.0))

    return mach


def _solve_pipe(case: _Case, edges: Array, widths: Array) -> Array:
    """Pressures over the first one, shape (n + 1 edges, cells); unit of length L, of speed a, of mass flux p₀/a."""
    pipe, n = case.pipeline, len(widths)
    speed = pipe.sound_speed / math.sqrt(pipe.heat_capacity_ratio)
    drag = 0.5 * pipe.friction_factor * pipe.length / pipe.diameter
    mach = _opening(case.share, case.ambient_pressure / pipe.pressure)
    between = 0.5 * (widths[1:] + widths[:-1])
    flux, change = np.zeros(n + 1), np.empty(2 * n - 1)

    def slope(y: Array) -> Array:
        p, flux[1:-1] = y[::2], y[1::2]
        flux[-1] = mach(float(p[-1])) * p[-1]
        thrust = p + (0.5 * (flux[1:] + flux[:-1])) ** 2 / p
        inner = flux[1:-1]
        change[::2] = (flux[:-1] - flux[1:]) / widths
        change[1::2] = -np.diff(thrust) / between - 2.0 * drag * inner * np.abs(inner) / (p[1:] + p[:-1])
        return change.copy()

    unit = pipe.length / speed
    feed = case.feed_rate * speed / (pipe.pressure * pipe.area)
    state = np.empty(2 * n - 1)
    state[::2], state[1::2] = 1.0, feed if case.close_time > 0.0 else 0.0
    marks = edges / unit
    shut = min(case.close_time / unit, float(marks[-1]))
    first = 0.2 * float(widths[-1])  # a fifth of the time in which sound crosses the narrowest volume
    rows = [state]
    fed = int(np.searchsorted(marks, shut, side="right"))
    for inflow, start, end, inside in (
        (feed, 0.0, shut, marks[1:fed]), (0.0, shut, float(marks[-1]), marks[max(fed, 1) :]),
    ):  # fmt: skip
        flux[0] = inflow
        if end - start < _AT_ONCE * float(marks[-1]):  # a valve that shuts at once: nothing has moved
            rows += [rows[-1]] * len(inside)
            continue
        if not len(inside):
            continue
        count = 2 + int(math.log(max((end - start) / first, 2.0)) / math.log(_GROWTH))
        times = np.unique(np.concatenate((start + np.geomspace(first, end - start, count), inside)))
        times = times[(times > start) & (times <= end)]
        found = _march(slope, rows[-1], np.concatenate(([start], times)))
        rows.extend(found[k] for k in np.searchsorted(times, inside))
    return np.array(rows)[:, ::2]


def _march(slope: Callable[[Array], Array], state: Array, times: Array) -> list[Array]:
    """States at `times[1:]`: two implicit stages a step, second order, and any wave too fast for the step dies out.

    Alexander, R., 1977, SIAM Journal on Numerical Analysis 14, 1006-1021, the L-stable SDIRK formula of order 2.
    """
    found = []
    for step in np.diff(times):
        state = _step(slope, state, float(step), 0)
        found.append(state)
    return found


def _step(slope: Callable[[Array], Array], state: Array, step: float, depth: int) -> Array:
    from scipy.linalg import solve_banded

    part = 1.0 - math.sqrt(0.5)
    matrix = -step * part * _jacobian(slope, state)
    matrix[2] += 1.0

    def stage(base: Array, guess: Array) -> Array | None:
        for _ in range(12):
            move = solve_banded((2, 2), matrix, base + step * part * slope(guess) - guess, check_finite=False)
            guess = guess + move
            size = float(np.max(np.abs(move)))
            if size < 1e-10:
                return guess
            if not size < 1.0 or np.min(guess[::2]) <= 0.0:
                break
        return None

    first = stage(state, state)
    if first is not None:
        rate = (first - state) / (step * part)
        second = stage(state + step * (1.0 - part) * rate, first)
        if second is not None:
            return second
    if depth == _HALVINGS:
        raise ModelError(
            "the flow in the pipe is not solved: the steps became too short",
            where="pipe_blow_down",
            fix="use wilson_rupture, or another number of cells",
        )
    return _step(slope, _step(slope, state, 0.5 * step, depth + 1), 0.5 * step, depth + 1)


def _jacobian(slope: Callable[[Array], Array], state: Array) -> Array:
    """Derivatives of the slope in the diagonal form of LAPACK, two bands either side, by differences."""
    size, bands = len(state), np.zeros((5, len(state)))
    here = slope(state)
    for start in range(5):  # columns five apart share no row
        columns = np.arange(start, size, 5)
        shift = 1e-7 * (np.abs(state[columns]) + 1e-3)
        moved = state.copy()
        moved[columns] += shift
        change = slope(moved) - here
        for band in range(-2, 3):
            inside = (columns + band >= 0) & (columns + band < size)
            bands[2 + band, columns[inside]] = change[columns[inside] + band] / shift[inside]
    return bands
