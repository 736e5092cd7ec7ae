"""How much comes out of the end of a pipe: friction and fittings, liquid, gas choked or not, a broken liquid line."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from plant_models.discharge import ATMOSPHERE, GRAVITY, HoleFlow, check_ranges
from plant_models.ruptures import PipelineOutflow
from twin.errors import ModelError, near
from twin.weather import GAS_CONSTANT

__all__ = [
    "FITTINGS",
    "STEEL_ROUGHNESS",
    "PipeFlow",
    "fitting_losses",
    "friction_factor",
    "gas_pipe_rate",
    "liquid_pipe_rate",
    "liquid_pipeline_rupture",
]

# Moody 1944, Trans. ASME 66, 671, table of roughness: commercial steel or wrought iron 0.00015 ft.
STEEL_ROUGHNESS = 4.6e-5  # m
# Hooper 1981, Chem. Eng. 88(17), 96, the two-K method: K = K1/Re + K∞ (1 + 1/d), d in inches; K1 and K∞ of each
# fitting. The square-edged entrance, K = 160/Re + 0.5 at any d, as in Crowl and Louvar 2011, section 4-4.
FITTINGS: dict[str, tuple[float, float]] = {
    "90° elbow, screwed": (800.0, 0.40),
    "90° elbow, flanged": (800.0, 0.25),
    "90° elbow, long radius": (800.0, 0.20),
    "45° elbow": (500.0, 0.20),
    "180° bend, flanged": (1000.0, 0.35),
    "tee into branch, flanged": (800.0, 0.80),
    "tee run through, flanged": (150.0, 0.05),
    "gate valve": (300.0, 0.10),
    "ball valve, reduced": (500.0, 0.15),
    "globe valve": (1500.0, 4.0),
    "butterfly valve": (800.0, 0.25),
    "swing check valve": (1500.0, 1.5),
    "square entrance": (160.0, 0.5),
}
_INCH = 0.0254  # m

Wall = Literal["adiabatic", "isothermal"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PipeFlow(HoleFlow):
    """Flow out of a pipe: the fields of :class:`~plant_models.discharge.HoleFlow` are those of the open end.

    Parameters
    ----------
    reynolds
        Reynolds number in the pipe.
    friction_factor
        Darcy friction factor, four times the Fanning factor.
    friction_number
        N = f L/D + ΣK, with the Darcy factor f (4 f L/D with the Fanning factor).
    inlet_pressure
        Just inside the pipe, after the entrance; None for a liquid. [Pa]
    """

    reynolds: float
    friction_factor: float
    friction_number: float
    inlet_pressure: float | None


def friction_factor(
    *, reynolds: float, relative_roughness: float, formula: Literal["churchill", "colebrook"] = "churchill"
) -> float:
    """Darcy friction factor of a round pipe: head loss = f (L/D) u²/(2 g). The Fanning factor is a quarter of it.

    Churchill's formula holds in every regime and has no jump: 64/Re for slow flow, a bridge through the unstable
    range from Re 2000 to 4000, and Colebrook's values within 3.5 % above (1 % from
    Re = 10⁵ on). ``"colebrook"`` solves
    1/√f = -2 lg(ε/(3.7 D) + 2.51/(Re √f)) to the last digit, for turbulent flow only.

    Parameters
    ----------
    reynolds
        Re = ρ u D/μ, above 0; from 4000 on for ``"colebrook"``.
    relative_roughness
        ε/D; 0 is a hydraulically smooth wall.

    Raises
    ------
    ModelError, UnitError
        A value out of range, or an unknown formula.

    References
    ----------
    Churchill, S.W., 1977, Friction-factor equation spans all fluid-flow regimes, Chem. Eng. 84(24), 91-92.
    Colebrook, C.F., 1939, Turbulent flow in pipes, J. Inst. Civ. Eng. 11, 133-156.
    """
    lowest = {"churchill": 1e-6, "colebrook": 4000.0}.get(formula)
    if lowest is None:
        raise ModelError(
            f"friction formula {formula!r}", where="friction_factor.formula", fix="give 'churchill' or 'colebrook'"
        )
    check_ranges(
        ("reynolds", reynolds, lowest, 1e12, ""),
        ("relative_roughness", relative_roughness, 0.0, 0.05, ""),
        where="friction_factor",
    )
    return (
        _colebrook(reynolds, relative_roughness) if formula == "colebrook" else _churchill(reynolds, relative_roughness)
    )


def _churchill(reynolds: float, roughness: float) -> float:
    if reynolds < 100.0:  # there the other terms are below the last digit, and would overflow further down
        return 64.0 / reynolds
    a = (2.457 * math.log(1.0 / ((7.0 / reynolds) ** 0.9 + 0.27 * roughness))) ** 16
    b = (37530.0 / reynolds) ** 16
    return float(8.0 * ((8.0 / reynolds) ** 12 + (a + b) ** -1.5) ** (1.0 / 12.0))


def _colebrook(reynolds: float, roughness: float) -> float:
    x = 8.0  # 1/√f; Newton's steps converge for every start in this range, quadratically
    for _ in range(50):
        inner = roughness / 3.7 + 2.51 * x / reynolds
        step = (x + 2.0 * math.log10(inner)) / (1.0 + 2.0 * 2.51 / (reynolds * inner * math.log(10.0)))
        x -= step
        if abs(step) < 1e-14 * x:
            break
    return 1.0 / x**2


def fitting_losses(*, reynolds: float, pipe_diameter: float, fittings: Mapping[str, int]) -> float:
    """Loss coefficient ΣK of bends, valves and a square entrance, in velocity heads of the pipe: the two-K method.

    Parameters
    ----------
    reynolds
        In the pipe.
    pipe_diameter
        Inside. [m]
    fittings
        How many of each kind; the kinds are the keys of :data:`FITTINGS`.

    Raises
    ------
    ModelError, UnitError
        An unknown fitting, a number that is not a count, a value out of range.

    References
    ----------
    Hooper, W.B., 1981, The two-K method predicts head losses in pipe fittings, Chem. Eng. 88(17), 96-100.
    """
    check_ranges(
        ("reynolds", reynolds, 1e-6, 1e12, ""),
        ("pipe_diameter", pipe_diameter, 1e-4, 10.0, "m"),
        where="fitting_losses",
    )
    _check_fittings(fittings, where="fitting_losses")
    return _fitting_losses(reynolds, pipe_diameter, fittings)


def _fitting_losses(reynolds: float, diameter: float, fittings: Mapping[str, int]) -> float:
    total = 0.0
    for name, count in fittings.items():
        slow, fast = FITTINGS[name]
        # The entrance does not scale with the size of the pipe (Hooper 1981; Crowl and Louvar 2011, section 4-4).
        size = 1.0 if name == "square entrance" else 1.0 + _INCH / diameter
        total += count * (slow / reynolds + fast * size)
    return total


def _check_fittings(fittings: Mapping[str, int], *, where: str) -> None:
    for name, count in fittings.items():
        if name not in FITTINGS:
            raise ModelError(f"unknown fitting {name!r}", where=f"{where}.fittings", fix=near(name, FITTINGS))
        if isinstance(count, bool) or not isinstance(count, int) or not 0 <= count <= 1000:
            raise ModelError(
                f"{count!r} of {name!r}", where=f"{where}.fittings", fix="give a whole number from 0 to 1000"
            )


class _Pipe(NamedTuple):
    diameter: float
    length: float
    roughness: float
    loss: float
    fittings: Mapping[str, int]

    def friction(self, reynolds: float) -> tuple[float, float]:
        """Darcy factor and N = f L/D + ΣK."""
        factor = _churchill(reynolds, self.roughness / self.diameter)
        losses = self.loss + _fitting_losses(reynolds, self.diameter, self.fittings)
        return factor, factor * self.length / self.diameter + losses


def _check_pipe(pipe: _Pipe, viscosity: float, *, where: str) -> None:
    check_ranges(
        ("pipe_diameter", pipe.diameter, 1e-4, 10.0, "m"),
        ("pipe_length", pipe.length, 0.0, 1e6, "m"),
        ("roughness", pipe.roughness, 0.0, 0.5, "m"),
        ("viscosity", viscosity, 1e-7, 1e3, "Pa s"),
        ("loss_coefficient", pipe.loss, 0.0, 1e4, ""),
        where=where,
    )
    if pipe.roughness > 0.05 * pipe.diameter:
        raise ModelError(
            f"roughness {pipe.roughness:g} m in a pipe of {pipe.diameter:g} m",
            where=f"{where}.roughness",
            fix="give a roughness from 0 to 0.05 of the diameter: the friction factor is not known beyond",
        )
    _check_fittings(pipe.fittings, where=where)


def liquid_pipe_rate(
    *,
    pipe_diameter: float,
    pipe_length: float,
    roughness: float,
    density: float,
    viscosity: float,
    pressure: float,
    head: float = 0.0,
    loss_coefficient: float = 0.0,
    fittings: Mapping[str, int] | None = None,
    ambient_pressure: float = ATMOSPHERE,
) -> PipeFlow:
    """Steady flow of a liquid that does not flash, from a large vessel through a full pipe to the open end.

    p + ρ g h - pₐ = ½ ρ u² (1 + N), N = f L/D + ΣK; the friction factor and the fittings depend on u and are solved
    with it. The 1 is the kinetic energy of the jet, so no exit loss is to be added. A square-edged entrance has
    ΣK = 0.5: give it as a fitting. Without length and losses this is Torricelli's law.

    Parameters
    ----------
    pipe_diameter, pipe_length
        Inside; [m]
    roughness
        Of the wall, e.g. :data:`STEEL_ROUGHNESS`; 0 is hydraulically smooth. [m]
    density
        [kg m⁻³]
    viscosity
        [Pa s]
    pressure
        Above the liquid, absolute. [Pa]
    head
        Height of the surface of the liquid above the open end; negative when that end is higher. [m]
    loss_coefficient
        Further losses ΣK, in velocity heads of the pipe.
    fittings
        Count of each kind in :data:`FITTINGS`.
    ambient_pressure
        At the open end. [Pa]

    Raises
    ------
    ModelError, UnitError
        A value out of range, or no pressure to drive the flow.

    References
    ----------
    Crowl, D.A. and Louvar, J.F., 2011, Chemical Process Safety, 3rd ed., section 4-4 (flow of liquids through pipes).
    van den Bosch, C.J.H. and Weterings, R.A.P.M. (eds), 2005, Yellow Book, CPR 14E, 3rd ed., section 2.5.4.
    """
    where = "liquid_pipe_rate"
    pipe = _Pipe(pipe_diameter, pipe_length, roughness, loss_coefficient, fittings or {})
    _check_pipe(pipe, viscosity, where=where)
    check_ranges(
        ("density", density, 1.0, 25000.0, "kg m⁻³"),
        ("pressure", pressure, 1e3, 1e8, "Pa"),
        ("head", head, -1e3, 5e3, "m"),
        ("ambient_pressure", ambient_pressure, 3e4, 1.2e5, "Pa"),
        where=where,
    )
    drive = pressure + density * GRAVITY * head - ambient_pressure
    _check_driven(drive, where=where)
    free = math.sqrt(2.0 * drive / density)  # the speed without friction
    thickness = density * pipe_diameter / viscosity

    def surplus(log_speed: float) -> float:
        speed = math.exp(log_speed)
        return math.log((speed / free) ** 2 * (1.0 + pipe.friction(speed * thickness)[1]))

    speed = math.exp(_root(surplus, math.log(free) - 60.0, math.log(free) + 1e-9))
    factor, total = pipe.friction(speed * thickness)
    return PipeFlow(
        mass_rate=density * 0.25 * math.pi * pipe_diameter**2 * speed,
        velocity=speed,
        pressure=ambient_pressure,
        temperature=None,
        density=density,
        choked=False,
        reynolds=speed * thickness,
        friction_factor=factor,
        friction_number=total,
        inlet_pressure=None,
    )


def liquid_pipeline_rupture(
    *,
    pipe_diameter: float,
    pipe_length: float,
    roughness: float,
    density: float,
    viscosity: float,
    wave_speed: float,
    pressure: float,
    rise: float,
    feed_rate: float,
    close_time: float,
    ambient_pressure: float = ATMOSPHERE,
) -> PipelineOutflow:
    """Flow out of one end of a liquid pipeline that has parted: the spring of the liquid, the pump, then the drain.

    1. The drop of pressure runs up the pipe at the wave speed a and sets the liquid moving at Δp/(ρ a) (Joukowsky): a
       rate A Δp/a for the time L/a. That is the mass A L Δp/a² by which liquid and wall were strained.
    2. The pump feeds on until the valve shuts.
    3. The pipe behind the valve, which rises evenly by `rise`, drains: with the share s still full,
       u² (1 + f s L/D) = 2 g s `rise`, s falling at u/L. Air or vapour is taken to fill the top freely; a tight valve
       would hold up to some 10 m of water column back, so this is the upper bound.

    Parameters
    ----------
    pipe_diameter, pipe_length
        Inside; from the break to the valve. [m]
    roughness
        Of the wall; [m]
    density
        Of a liquid that does not flash. [kg m⁻³]
    viscosity
        [Pa s]
    wave_speed
        Of sound in the full pipe, √(K/ρ/(1 + K D/(E e))) with the bulk modulus K of the liquid, Young's modulus E and
        thickness e of the wall; some 1000 to 1200 for water in steel. [m s⁻¹]
    pressure
        Absolute, along the pipe. [Pa]
    rise
        Height of the valve above the break; 0 when nothing drains. [m]
    feed_rate, close_time
        Pumped in, [kg s⁻¹], until the valve is shut. [s]
    ambient_pressure
        Outside. [Pa]

    Raises
    ------
    ModelError, UnitError
        A value out of range, or no pressure to drive the flow.

    References
    ----------
    Wylie, E.B. and Streeter, V.L., 1993, Fluid transients in systems, chapter 1 (Joukowsky; wave speed).
    """
    where = "liquid_pipeline_rupture"
    check_ranges(
        ("wave_speed", wave_speed, 50.0, 3000.0, "m s⁻¹"),
        ("pressure", pressure, 1e3, 1e8, "Pa"),
        ("rise", rise, 0.0, 5e3, "m"),
        ("feed_rate", feed_rate, 0.0, 1e5, "kg s⁻¹"),
        ("close_time", close_time, 0.0, 1e6, "s"),
        ("pipe_length", pipe_length, 1.0, 1e6, "m"),
        where=where,
    )
    drain = liquid_pipe_rate(
        pipe_diameter=pipe_diameter,
        pipe_length=pipe_length,
        roughness=roughness,
        density=density,
        viscosity=viscosity,
        pressure=ambient_pressure if rise else pressure,
        head=rise,
        ambient_pressure=ambient_pressure,
    )
    area, wave = 0.25 * math.pi * pipe_diameter**2, pipe_length / wave_speed
    _check_driven(pressure - ambient_pressure, where=where)
    spring, content = area * (pressure - ambient_pressure) / wave_speed, density * area * pipe_length
    edges = np.unique([0.0, wave, close_time])
    rates = spring * (edges[:-1] < wave) + feed_rate * (edges[:-1] < close_time)
    drained = 0.0
    if rise:
        # ∫ √((1 + k s)/s) ds = √(s (1 + k s)) + asinh(√(k s))/√k, from s to 1
        k, share = drain.friction_factor * pipe_length / pipe_diameter, np.linspace(1.0, 0.0, 21)
        passed = np.sqrt(share * (1.0 + k * share)) + np.arcsinh(np.sqrt(k * share)) / math.sqrt(k)
        times = pipe_length / math.sqrt(2.0 * GRAVITY * rise) * (passed[0] - passed)
        rates = np.concatenate((rates, content / 20.0 / np.diff(times)))
        edges, drained = np.concatenate((edges, edges[-1] + times[1:])), float(times[-1])
    return PipelineOutflow(
        edges=edges,
        mass_rates=rates,
        initial_mass=content + spring * wave,
        fed_mass=feed_rate * close_time,
        left_mass=0.0 if rise else content,
        time_constant=drained,
        model="liquid",
        notes=(
            f"liquid springs back at {spring:.4g} kg s⁻¹ for {wave:.4g} s, is pumped at {feed_rate:.4g} kg s⁻¹ until "
            f"{close_time:.4g} s, and drains in {drained:.4g} s",
            "friction is left out of the spring; the drained liquid is replaced freely; no flashing",
        ),
    )


def gas_pipe_rate(
    *,
    pipe_diameter: float,
    pipe_length: float,
    roughness: float,
    viscosity: float,
    pressure: float,
    temperature: float,
    molar_mass: float,
    heat_capacity_ratio: float,
    wall: Wall = "adiabatic",
    loss_coefficient: float = 0.0,
    fittings: Mapping[str, int] | None = None,
    ambient_pressure: float = ATMOSPHERE,
    compressibility: float = 1.0,
) -> PipeFlow:
    """Steady flow of a gas from a large vessel through a pipe to the open end, choked there or not.

    The gas speeds up without loss into the pipe, then friction takes its Mach number from M₁ to M₂ (Fanno flow)::

        N = f L/D + ΣK = F(M₁) - F(M₂),   F(M) = (1 - M²)/(γ M²) + (γ + 1)/(2 γ) ln((γ + 1) M²/(2 + (γ - 1) M²))

    M₂ = 1 when that leaves the end at or above the outside pressure, else the end is at the outside pressure. Along
    the pipe p M √(2 + (γ - 1) M²) and T (2 + (γ - 1) M²) keep their values. The equations are solved, not a chart.
    With ``wall="isothermal"`` the pipe keeps the gas at the temperature of the vessel: the same equations with γ = 1,
    where the flow chokes at M₂ = 1 of the isothermal speed of sound. Without length and losses this is
    :func:`~plant_models.discharge.gas_hole_rate` with a discharge coefficient of 1.

    Parameters
    ----------
    pipe_diameter, pipe_length
        Inside; [m]
    roughness
        Of the wall, e.g. :data:`STEEL_ROUGHNESS`; 0 is hydraulically smooth, which a used pipe is not. [m]
    viscosity
        Of the gas at the vessel's temperature. [Pa s]
    pressure
        In the vessel, absolute. [Pa]
    temperature
        In the vessel. [K]
    molar_mass
        [kg mol⁻¹]
    heat_capacity_ratio
        γ = cp/cv.
    wall
        ``"adiabatic"`` for a short or insulated pipe, ``"isothermal"`` for a long one.
    loss_coefficient
        Losses ΣK besides the wall's, in velocity heads, spread along the pipe; 0.5 for a square-edged entrance.
    fittings
        Count of each kind in :data:`FITTINGS`.
    ambient_pressure
        At the open end. [Pa]
    compressibility
        Z, taken as constant.

    Raises
    ------
    ModelError, UnitError
        A value out of range, or no pressure to drive the flow.

    References
    ----------
    Shapiro, A.H., 1953, The dynamics and thermodynamics of compressible fluid flow, vol. I, chapter 6.
    Levenspiel, O., 1977, The discharge of gases from a reservoir through a pipe, AIChE J. 23, 402-403.
    Crowl, D.A. and Louvar, J.F., 2011, Chemical Process Safety, 3rd ed., section 4-6 (flow of gases through pipes).
    """
    where = "gas_pipe_rate"
    pipe = _Pipe(pipe_diameter, pipe_length, roughness, loss_coefficient, fittings or {})
    _check_pipe(pipe, viscosity, where=where)
    check_ranges(
        ("pressure", pressure, 1e3, 1e8, "Pa"),
        ("temperature", temperature, 20.0, 3000.0, "K"),
        ("molar_mass", molar_mass, 1e-3, 1.0, "kg mol⁻¹"),
        ("heat_capacity_ratio", heat_capacity_ratio, 1.001, 1.67, ""),
        ("ambient_pressure", ambient_pressure, 3e4, 1.2e5, "Pa"),
        ("compressibility", compressibility, 0.05, 2.0, ""),
        where=where,
    )
    if wall not in ("adiabatic", "isothermal"):
        raise ModelError(f"wall is {wall!r}", where=f"{where}.wall", fix="give 'adiabatic' or 'isothermal'")
    # a billionth: closer pressures cannot be told apart in the differences below
    _check_driven(pressure - ambient_pressure * (1.0 + 1e-9), where=where)
    gamma = heat_capacity_ratio if wall == "adiabatic" else 1.0
    specific = compressibility * GAS_CONSTANT / molar_mass
    sound = math.sqrt(gamma * specific * temperature)  # of the gas at rest
    ratio = ambient_pressure / pressure
    full = pressure / (specific * temperature) * sound  # the flux is this times the thrust of either end
    log_full = math.log(full * pipe_diameter / viscosity)

    def lag(log_reynolds: float) -> float:
        inlet = _mach_numbers(pipe.friction(math.exp(log_reynolds))[1], ratio, gamma)[0]
        return log_full + math.log(_thrust(inlet, gamma)) - log_reynolds

    # N depends on the rate through Re; the slope of the lag is from -2 to -1/2, so there is one root.
    reynolds = math.exp(_root(lag, log_full - 90.0, log_full))
    factor, total = pipe.friction(reynolds)
    inlet, outlet = _mach_numbers(total, ratio, gamma)
    flux = full * _thrust(inlet, gamma)
    cooled = temperature / _heat(outlet, gamma)
    speed = outlet * sound / math.sqrt(_heat(outlet, gamma))
    density = flux / speed
    return PipeFlow(
        mass_rate=flux * 0.25 * math.pi * pipe_diameter**2,
        velocity=speed,
        pressure=density * specific * cooled,
        temperature=cooled,
        density=density,
        choked=outlet == 1.0,
        reynolds=reynolds,
        friction_factor=factor,
        friction_number=total,
        inlet_pressure=pressure * _rest_ratio(inlet, gamma),
    )


def _heat(mach: float, gamma: float) -> float:
    """T₀/T of a gas brought from rest to a Mach number."""
    return 1.0 + 0.5 * (gamma - 1.0) * mach**2


def _rest_ratio(mach: float, gamma: float) -> float:
    """p/p₀ of a gas brought from rest to a Mach number without loss; γ = 1 at one temperature."""
    if gamma == 1.0:
        return math.exp(-0.5 * mach**2)
    return float(_heat(mach, gamma) ** (-gamma / (gamma - 1.0)))


def _fanno(mach: float, gamma: float) -> float:
    """N from a Mach number up to 1: Shapiro 1953, chapter 6."""
    square = mach**2
    return (1.0 - square) / (gamma * square) + (gamma + 1.0) / (2.0 * gamma) * math.log(
        0.5 * (gamma + 1.0) * square / _heat(mach, gamma)
    )


def _thrust(mach: float, gamma: float) -> float:
    """Give p M √(T₀/T) over the vessel's pressure at the inlet; along the pipe it keeps its value."""
    return _rest_ratio(mach, gamma) * mach * math.sqrt(_heat(mach, gamma))


def _mach_numbers(number: float, ratio: float, gamma: float) -> tuple[float, float]:
    """Mach numbers at the two ends of a pipe of a friction number, the outside at `ratio` of the vessel's pressure."""

    def outlet(inlet: float) -> float:
        """Mach number with which the end is at the outside pressure."""
        square = (_thrust(inlet, gamma) / ratio) ** 2
        # y in y (1 + (γ - 1) y/2) = square, y = M²; written without the difference of close numbers
        return math.sqrt(2.0 * square / (1.0 + math.sqrt(1.0 + 2.0 * (gamma - 1.0) * square)))

    low = 0.1 / math.sqrt(1.0 + gamma * number)  # there F > 50 N: below every root
    highest = _root(lambda m: _fanno(m, gamma) - number, low, 1.0) if number > 0.0 else 1.0
    if outlet(highest) >= 1.0:
        return highest, 1.0
    # Slow gas: F(M₁) - F(M₂) = (1 - ratio²)/(γ M²); a hundredth of the M that gives is below the root.
    low = 0.01 * math.sqrt((1.0 - ratio) * (1.0 + ratio) / (gamma * (number + 1.0)))
    inlet = _root(lambda m: _fanno(m, gamma) - _fanno(outlet(m), gamma) - number, low, highest)
    return inlet, outlet(inlet)


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    from scipy.optimize import brentq

    return float(brentq(function, low, high, xtol=1e-300, rtol=1e-14))


def _check_driven(drive: float, *, where: str) -> None:
    if drive <= 0.0:
        raise ModelError(
            f"the pressure that drives the flow is {drive:.6g} Pa",
            where=where,
            fix="nothing flows out; give an absolute pressure above the air pressure, or a head of liquid",
        )
