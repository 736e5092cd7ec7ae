"""First cross-section of a dense cloud: a pool, a jet, a stack, a section another model hands over, or all at once.

References
----------
Ermak, D. L. (1990), User's manual for SLAB, UCRL-MA-105607, sections 2.2, 2.4 and 2.5.5, equations 45 to 47.
Hoot, T. G., Meroney, R. N. and Peterka, J. A. (1973), Wind tunnel tests of negatively buoyant plumes, EPA-650/3-74-003.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from twin.errors import ModelError

if TYPE_CHECKING:
    from dispersion.dense_air import SurfaceLayer
    from dispersion.sections import Section
    from plant_models.releases import Release

__all__ = ["SEEPING", "STEEP", "Start", "all_at_once", "from_section", "speed_of", "start_of", "upwind_edge"]

_Array = NDArray[np.float64]
STEEP = 60.0  # ° above the horizontal from which a jet is a stack
_DOWN = -30.0  # ° below which a jet spends its momentum on the ground
_LOW = 1.0  # m, a release without momentum up to this height seeps out on the ground
# m s⁻¹, fastest gas that still seeps: pools give off below 0.1 m s⁻¹, and a leak through a smaller area spreads before
# it is carried off. Half or a tenth of it changes concentrations beyond a few widths by less than 7 %; forty times as
# much lets the first step over the area mix the gas away (tests/dispersion/test_dense_gas.py).
SEEPING = 0.25
_CORE = 0.9  # b over B of a cloud that begins, Ermak 1990
_SHARP = 0.9999  # the same along the wind
_KARMAN, _ENTRAIN, _DRAG = 0.41, 1.5, 0.02  # as in dispersion._kernels.dense_closure


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Where a cloud begins and what feeds it.

    Parameters
    ----------
    row
        First cross-section, or the resting puff, as :mod:`dispersion._kernels.dense_closure` has it, shape (32,).
    rate
        Mass rate; 0 when the mass is let go at once. [kg s⁻¹]
    released
        Specific enthalpy of what is released. [J kg⁻¹]
    extent
        Half of a side of the square area it rises from; 0 when it does not. [m]
    leaving
        Velocity at which it leaves that area. [m s⁻¹]
    offset
        Distance downwind of the release at which the row lies, when there is no area. [m]
    size
        Length that sets the first steps. [m]
    """

    row: _Array
    rate: float
    released: float
    extent: float = 0.0
    leaving: float = 0.0
    offset: float = 0.0
    size: float


@dataclass(frozen=True, slots=True)
class _Stuff:
    """Released material before it mixes with air."""

    temperature: float
    vapour: float
    density: float
    enthalpy: float
    heat: float


def _kernels() -> tuple[Any, Any, Any]:
    from dispersion._kernels import dense_closure, dense_plume, mixing

    return dense_closure, dense_plume, mixing


def _stuff(release: Release, layer: SurfaceLayer, material: _Array) -> _Stuff:
    closure, _, mixing = _kernels()
    air, pressure = layer.values[closure.T_A], layer.values[closure.PRESSURE]
    temperature = float(air) if release.temperature is None else release.temperature
    vapour = release.vapour_fraction
    state = (1.0, 0.0, vapour, 0.0)
    return _Stuff(
        temperature=temperature,
        vapour=vapour,
        density=mixing.density_of(*state, temperature, pressure, material),
        enthalpy=mixing.enthalpy_of(*state, temperature, material),
        heat=mixing.heat_capacity(*state, material),
    )


def speed_of(release: Release) -> float:
    """Speed at which the expanded stream sets out. [m s⁻¹]"""
    return release.jet_velocity or release.velocity


def start_of(release: Release, rate: float, layer: SurfaceLayer, material: _Array) -> Start:
    """First cross-section of the plume of a release at one rate [kg s⁻¹].

    A pool is a square of its area. A jet between 30° below and 60° above the horizontal is a square stream that keeps
    its momentum; a steeper one rises as eq. 45 to 47 say; one that points to the ground, and what has no momentum and
    lies no higher than 1 m, seeps out of the area its volume takes at 0.25 m/s, and so does what leaves an area faster;
    what has no momentum higher up sets out with the wind.

    Raises
    ------
    ModelError
        A stack whose gas is not heavier than air.
    """
    stuff, speed = _stuff(release, layer, material), speed_of(release)
    if release.area > 0.0:
        return _area(rate, release.area, stuff, layer, material)
    if speed > 0.0 and release.elevation >= STEEP:
        return _stack(release, rate, stuff, layer, material)
    if speed > 0.0 and release.elevation > _DOWN:
        angle = math.radians(release.elevation)
        return _stream(release.z, rate, (speed * math.cos(angle), speed * math.sin(angle)), stuff, layer)
    if release.z <= _LOW or speed > 0.0:
        return _area(rate, 0.0, stuff, layer, material)
    return _stream(release.z, rate, (layer.wind(release.z), 0.0), stuff, layer)


def _row(**columns: float) -> _Array:
    closure, _, _ = _kernels()
    row: _Array = np.zeros(closure.COLUMNS)
    for name, value in columns.items():
        row[getattr(closure, name)] = value
    return row


def _finish(row: _Array, layer: SurfaceLayer, mean: Callable[[float], float]) -> _Array:
    """Complete a row that has mass, state, shape and speed with the wind around it and its fluxes."""
    closure, plume, _ = _kernels()
    air = layer.values
    row[closure.TOP] = closure.top_of(row[closure.Z_C], row[closure.H])
    row[closure.AT_TOP] = closure.profile(air, row[closure.TOP])
    row[closure.U_BAR] = mean(float(row[closure.TOP]))
    closure.close(row, air, 0.0)
    if row[closure.B_X] > 0.0:
        row[closure.MOMENTUM] = row[closure.R] * (row[closure.U] - (1.0 - row[closure.M]) * row[closure.U_BAR])
    else:
        plume.set_momentum(row, air)
    return row


def _mean(layer: SurfaceLayer) -> Callable[[float], float]:
    closure, _, _ = _kernels()
    return lambda top: float(closure.mean_wind(layer.values, top, 5))


def _area(rate: float, area: float, stuff: _Stuff, layer: SurfaceLayer, material: _Array) -> Start:
    area = max(area, rate / (stuff.density * SEEPING))
    half, leaving = 0.5 * math.sqrt(area), rate / (stuff.density * area)
    start = upwind_edge(half, 2.0 * half, layer, material)  # again when the area must be wider, and for other steps
    return Start(row=start, rate=rate, released=stuff.enthalpy, extent=half, leaving=leaving, size=half)


def upwind_edge(extent: float, step: float, layer: SurfaceLayer, material: _Array) -> _Array:
    """Row at the upwind edge of an area: pure air, no height yet, and the rate at which it will grow over a step [m].

    The height after a step follows from integrating neutral entrainment under a logarithmic wind:
    ``(h + z0) F² - 2 (h + z0) F + 2 h = Z`` with ``F = ln(1 + h/z0)`` and Z proportional to the step.
    """
    closure, _, mixing = _kernels()
    air, z0 = layer.values, float(layer.values[closure.Z_0])
    z = math.sqrt(3.0) * _ENTRAIN * _KARMAN**3 * float(air[closure.AT_4]) * step / layer.friction_velocity
    height = 3.0 * z / math.log1p((3.0 * z / z0) ** (1.0 / 3.0)) ** 2  # Ermak's first guess
    for _ in range(50):
        f = math.log1p(height / z0)
        change = ((height + z0) * f * (f - 2.0) + 2.0 * height - z) / (f * f)
        height = max(height - change, 0.1 * height)
        if abs(change) < 1e-10 * height:
            break
    mean = float(closure.mean_wind(air, height, 5))
    water = air[closure.WATER]
    return _row(
        X=-extent, B=extent, CORE=_CORE * extent, U=mean, U_BAR=mean, T=air[closure.T_A],
        RHO=air[closure.RHO_A], STEAM=water, CP=mixing.heat_capacity(0.0, water, 0.0, water, material),
        W_E=mean * height / (math.sqrt(3.0) * step), V_E=air[closure.WIDEN] * layer.wind(10.0),
    )  # fmt: skip


def _stream(z: float, rate: float, velocity: tuple[float, float], stuff: _Stuff, layer: SurfaceLayer) -> Start:
    level, upward = velocity
    area = rate / (stuff.density * level)
    half = 0.5 * math.sqrt(area)
    height = 2.0 * half
    if z <= half:  # flattened on the ground to the same area
        half = 0.5 * (math.sqrt(z * z + 2.0 * area) - z)
        height, upward = half + z, 0.0
    row = _row(
        B=half, CORE=_CORE * half, H=height, Z_C=z, U=level, T=stuff.temperature, RHO=stuff.density, M=1.0,
        VAPOUR=stuff.vapour, R=stuff.density * level * half * height, CP=stuff.heat, W_C=upward,
    )  # fmt: skip
    return Start(row=_finish(row, layer, _mean(layer)), rate=rate, released=stuff.enthalpy, size=2.0 * half)


def _stack(release: Release, rate: float, stuff: _Stuff, layer: SurfaceLayer, material: _Array) -> Start:
    """Top of the rise of a dense vertical jet: momentum against wind and weight, and what was drawn in on the way."""
    closure, plume, _ = _kernels()
    air = layer.values
    ratio = stuff.density / air[closure.RHO_A]
    if ratio <= 1.0:
        raise ModelError(
            f"the gas from the stack is {ratio:.2g} times as dense as the air",
            where="dense_gas",
            fix='a stack must release gas heavier than air: take model("jet")',
        )
    speed = speed_of(release)
    side = math.sqrt(rate / (stuff.density * speed))
    wind = layer.wind(max(release.z, 1.0))
    diameter = 2.0 * side / math.sqrt(math.pi)
    momentum = 0.5 * 1.0363 * speed * side / ((0.4 + 1.2 * wind / speed) * math.sqrt(wind * layer.friction_velocity))
    power = 6.0 / 7.0
    sevenths = momentum**power
    for _ in range(3):  # eq. 46b, solved as Ermak does
        t = sevenths * (release.z + momentum) ** (1.0 - power)
        momentum = (release.z + power * momentum) * t / (release.z + momentum - (1.0 - power) * t)
    froude = speed**2 / (closure.GRAVITY * diameter * (ratio - 1.0))
    dense = 1.32 * diameter * (speed / wind * ratio * froude) ** (1.0 / 3.0)  # Hoot et al.
    rise = min(momentum * dense / math.hypot(momentum, dense), air[closure.LID] - release.z)
    away = 0.435 * rise**3 / ((speed / wind) ** 2 * ratio * diameter**2)
    peak = min(1.69 * speed / wind / (rise / diameter) ** 1.85, 0.99)
    mole = (0.5236 * (1.0 - peak) + peak) * peak
    m = mole * material[0] / (mole * material[0] + (1.0 - mole) * layer.molar_mass)
    centre = release.z + rise
    mean = layer.wind(centre)
    drag = 3.0 * (2.0 + 2.0 * away / side) * _DRAG
    level = 0.5 * mean / (1.0 - drag) * (1.0 - m - 2.0 * drag + math.sqrt((1.0 - m) ** 2 + 4.0 * m * drag))
    row = _row(M=m, R=0.5 * rate / m, Z_C=centre, U=level)
    _checked(plume.thermo(row, air, material, stuff.enthalpy, stuff.temperature))
    area = rate / (row[closure.RHO] * level * m)
    squat = 2.4 + 1.6 / (1.0 + away**2 / (25.0 * side * side))
    half = max(math.sqrt(area / squat), 0.5 * side)
    core = _CORE * max(math.sqrt(area * m / squat), 0.5 * side)
    height = 0.5 * area / half
    if 0.5 * height > centre:
        top = centre + 0.5 * height
        half, core, height = half * height / top, core * height / top, top
    row[closure.B], row[closure.CORE], row[closure.H] = half, core, height
    row = _finish(row, layer, lambda top: mean)
    return Start(row=row, rate=rate, released=stuff.enthalpy, offset=away, size=2.0 * half)


def from_section(section: Section, layer: SurfaceLayer, material: _Array) -> Start:
    """First cross-section from one that another model hands over; fluxes of mass, momentum and enthalpy are kept.

    Raises
    ------
    ModelError
        The section does not move downwind, or states a temperature and density at which no such mixture exists.
    """
    closure, _, mixing = _kernels()
    air = layer.values
    east, north, up = section.toward
    level = section.velocity * math.hypot(east, north)
    total = section.mass_rate + section.air_rate
    m = section.mass_rate / total
    water = (1.0 - m) * air[closure.WATER]
    vapour = m * section.vapour_fraction
    steam = mixing.phases(m, water, section.temperature, air[closure.PRESSURE], material)[1]
    enthalpy = mixing.enthalpy_of(m, water, vapour, steam, section.temperature, material)
    squeeze = total / (section.density * level) / (2.0 * section.half_width * section.height)
    half, height = section.half_width * math.sqrt(squeeze), section.height * math.sqrt(squeeze)
    row = _row(
        B=half, CORE=_CORE * half, H=height, Z_C=section.z, U=level, T=section.temperature, RHO=section.density,
        M=m, VAPOUR=vapour, STEAM=steam, R=0.5 * total, W_C=section.velocity * up, TIME=section.age,
        CP=mixing.heat_capacity(m, water, vapour, steam, material),
    )  # fmt: skip
    released = (enthalpy - (1.0 - m) * air[closure.ENTHALPY]) / m
    return Start(row=_finish(row, layer, _mean(layer)), rate=section.mass_rate, released=released, size=2.0 * half)


def all_at_once(release: Release, mass: float, area: float, layer: SurfaceLayer, material: _Array) -> Start:
    """Resting puff of a mass [kg] over an area [m²], no higher than twice its width; with none, as high as wide."""
    stuff = _stuff(release, layer, material)
    volume = mass / stuff.density
    half = 0.5 * max(math.sqrt(area), (0.5 * volume) ** (1.0 / 3.0)) if area > 0.0 else 0.5 * volume ** (1.0 / 3.0)
    height = volume / (4.0 * half * half)
    row = _row(
        B=half, CORE=_CORE * half, B_X=half, CORE_X=_SHARP * half, H=height, Z_C=release.z,
        T=stuff.temperature, RHO=stuff.density, M=1.0, VAPOUR=stuff.vapour, R=0.25 * mass, CP=stuff.heat,
    )  # fmt: skip
    return Start(row=_finish(row, layer, _mean(layer)), rate=0.0, released=stuff.enthalpy, size=half)


def _checked(status: int) -> None:
    if status:
        raise ModelError(
            "no temperature holds the heat of the mixture",
            where="dense_gas",
            fix="check the temperature of the release and of the air",
        )
