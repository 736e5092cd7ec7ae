"""Dense gas by the curves of Britter and McQuaid: a screening answer from three numbers, no integration.

Laboratory and field measurements of gas heavier than air, let go at ground level over flat open ground, fall together
when distance is measured in the size of the source and buoyancy in the speed of the wind. The curves give the largest
concentration over that at the source. The lines drawn through them are those of the CCPS guidelines (they meet within
0.006 at their ends); between the curves the concentration is linear in the logarithm of distance.

References
----------
Britter, R. E. and McQuaid, J. (1988), Workbook on the dispersion of dense gases, HSE Contract Research Report 17/1988.
CCPS (1999), Guidelines for Consequence Analysis of Chemical Releases, AIChE, New York, pp. 118-122.
CPR 14E (2005), Methods for the calculation of physical effects (Yellow Book), 3rd ed., TNO, eq. 4.104 and the text
beside it (half-width; the cloud upwind of the source as a rectangle).
Crowl, D. A. and Louvar, J. F. (2011), Chemical Process Safety, 3rd ed., chapter 5 (the larger of both answers between
continuous and instantaneous).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dispersion.air import wind_ratio
from dispersion.cloud import Cloud, accept_releases, mass_let_out
from plant_models.discharge import GRAVITY
from twin.errors import ModelError
from twin.weather import AIR_MOLAR_MASS, GAS_CONSTANT, Weather, WeatherSeries

if TYPE_CHECKING:
    from dispersion.field import Bounds
    from plant_models.releases import Release

__all__ = [
    "BritterMcQuaid",
    "DenseSource",
    "dense_source",
    "plume_dilution",
    "plume_extent",
    "puff_dilution",
    "warmed",
]

_Array = NDArray[np.float64]
_Lines = tuple[tuple[float, float, float], ...]

# C_m/C_0 -> lines of beta over alpha: (alpha up to which it holds, slope, beta at alpha 0); CCPS (1999), p. 118, with
# beta = log10(x / (Q0/u)^(1/2)) and alpha = log10((g0'^2 Q0 / u^5)^(1/5)).
_PLUME: dict[float, _Lines] = {
    0.1: ((-0.55, 0.0, 1.75), (-0.14, 0.24, 1.88), (1.0, -0.50, 1.78)),
    0.05: ((-0.68, 0.0, 1.92), (-0.29, 0.36, 2.16), (-0.18, 0.0, 2.06), (1.0, -0.56, 1.96)),
    0.02: ((-0.69, 0.0, 2.08), (-0.31, 0.45, 2.39), (-0.16, 0.0, 2.25), (1.0, -0.54, 2.16)),
    0.01: ((-0.70, 0.0, 2.25), (-0.29, 0.49, 2.59), (-0.20, 0.0, 2.45), (1.0, -0.52, 2.35)),
    0.005: ((-0.67, 0.0, 2.40), (-0.28, 0.59, 2.80), (-0.15, 0.0, 2.63), (1.0, -0.48, 2.56)),
    0.002: ((-0.69, 0.0, 2.60), (-0.25, 0.39, 2.87), (-0.13, 0.0, 2.77), (1.0, -0.50, 2.71)),
}
# The same for mass let go at once, beta = log10(x / V0^(1/3)), alpha = log10((g0' V0^(1/3) / u^2)^(1/2)).
_PUFF: dict[float, _Lines] = {
    0.1: ((-0.44, 0.0, 0.70), (0.43, 0.26, 0.81), (1.0, 0.0, 0.93)),
    0.05: ((-0.56, 0.0, 0.85), (0.31, 0.26, 1.00), (1.0, -0.12, 1.12)),
    0.02: ((-0.66, 0.0, 0.95), (0.32, 0.36, 1.19), (1.0, -0.26, 1.38)),
    0.01: ((-0.71, 0.0, 1.15), (0.37, 0.34, 1.39), (1.0, -0.38, 1.66)),
    0.005: ((-0.52, 0.0, 1.48), (0.24, 0.26, 1.62), (1.0, -0.30, 1.75)),
    0.002: ((0.27, 0.0, 1.83), (1.0, -0.32, 1.92)),
    0.001: ((-0.10, 0.0, 2.075), (1.0, -0.27, 2.05)),
}
_STEEPEST = 1.0  # alpha at which both sets of curves end
_NEAR = 30.0  # x / (Q0/u)^(1/2) up to which the near-field formula of the plume holds
_DENSE_PLUME, _DENSE_PUFF = 0.15, 0.20  # Britter & McQuaid (1988): less buoyant than this is passive from the start
_CONTINUOUS, _INSTANTANEOUS = 2.5, 0.6  # of u T0 / x: a plume from the first on, a puff up to the second
_DRIFT = 1.0 / _CONTINUOUS  # of the wind at 10 m: speed of the cloud (Britter & McQuaid give 0.4 for the puff)
_SPREAD = 1.2  # Britter & McQuaid (1988): R^2 = R0^2 + 1.2 t (g0' V0)^(1/2)
_AVERAGE = 100.0  # s
_AIR_HEAT = 1006.0  # J kg⁻¹ K⁻¹, dry air near 280 K (Lemmon et al. 2000)
_HEIGHT = 10.0  # m, height of the workbook's reference wind


def _curve(table: dict[float, _Lines], alpha: float) -> tuple[_Array, _Array]:
    """Logarithm of reach at which each concentration ratio is met, and the ratios."""
    chosen = [next(line for line in lines if alpha <= line[0]) for lines in table.values()]
    beta = [slope * alpha + level for _, slope, level in chosen]
    return np.array(beta), np.array(list(table))


def _between(reach: _Array, beta: _Array, ratio: _Array) -> _Array:
    """Concentration ratio from the first node on: the curves, then falling with the square of distance."""
    log = np.log10(reach)
    far: _Array = ratio[-1] * (10.0 ** beta[-1] / reach) ** 2
    return np.where(log > beta[-1], far, np.interp(log, beta, ratio))


def plume_dilution(reach: ArrayLike, alpha: float) -> _Array:
    """Largest concentration over that at the source, downwind of a continuous release.

    Parameters
    ----------
    reach
        Distance over (Q0/u)^(1/2), any shape, not negative; Q0 is the volume rate at the source, u the wind at 10 m.
    alpha
        log10 of (g0'² Q0/u⁵)^(1/5).

    Notes
    -----
    Near the source 306/(306 + reach²) up to a reach of 30, from there straight to the first curve; where that begins
    before 30 (alpha above 0.6) the curve counts. Beyond the last curve it falls with the square of distance.
    """
    r = np.maximum(np.asarray(reach, float), 1e-12)
    beta, ratio = _curve(_PLUME, alpha)
    near = math.log10(_NEAR)
    if beta[0] > near:
        beta, ratio = np.insert(beta, 0, near), np.insert(ratio, 0, 306.0 / (306.0 + _NEAR**2))
    return np.where(np.log10(r) < beta[0], 306.0 / (306.0 + r * r), _between(r, beta, ratio))


def puff_dilution(reach: ArrayLike, alpha: float) -> _Array:
    """Concentration over that at the source when the front of an instantaneous cloud is at a distance.

    Parameters
    ----------
    reach
        Distance of the front over V0^(1/3), any shape, not negative; V0 is the volume at the source.
    alpha
        log10 of (g0' V0^(1/3)/u²)^(1/2).

    Notes
    -----
    Before the first curve 3.24/(3.24 + reach²), but not below 0.1; beyond the last it falls with the square of
    distance.
    """
    r = np.maximum(np.asarray(reach, float), 1e-12)
    beta, ratio = _curve(_PUFF, alpha)
    near = np.maximum(3.24 / (3.24 + r * r), ratio[0])
    return np.where(np.log10(r) < beta[0], near, _between(r, beta, ratio))


def plume_extent(x: ArrayLike, *, length: float, buoyancy: float) -> tuple[_Array, float]:
    """Half-width of the plume at the distances `x` and its extent upwind. [m]

    Britter and McQuaid (1988): half-width D + 8 l + 2.5 (l x²)^(1/3), upwind D/2 + 2 l.

    Parameters
    ----------
    x
        Distance downwind, any shape; below 0 the width at the source. [m]
    length
        D = (Q0/u)^(1/2). [m]
    buoyancy
        Buoyancy length l = g0' Q0/u³. [m]
    """
    downwind = np.maximum(np.asarray(x, float), 0.0)
    return length + 8.0 * buoyancy + 2.5 * np.cbrt(buoyancy * downwind**2), 0.5 * length + 2.0 * buoyancy


def warmed(dilution: ArrayLike, temperature_ratio: float) -> _Array:
    """Mole fraction in the source gas's own terms when a cold cloud has warmed to the temperature of the air.

    C/(C + (1 - C) T0/Ta): a volume of cold gas holds more moles than one of air (Britter and McQuaid 1988,
    CCPS 1999).

    Parameters
    ----------
    dilution
        Volume fraction C of the source gas in the isothermal mixture, any shape.
    temperature_ratio
        Temperature of the source over that of the air, T0/Ta.
    """
    c = np.asarray(dilution, float)
    return c / (c + (1.0 - c) * temperature_ratio)


@dataclass(frozen=True, slots=True, kw_only=True)
class DenseSource:
    """Gas, or gas and the air that has evaporated its droplets, as the curves begin with it.

    Parameters
    ----------
    mole_fraction
        Of the released substance; 1 without droplets.
    temperature
        [K]
    density
        [kg m⁻³]
    volume_per_mass
        Volume of source gas for each kilogram released. [m³ kg⁻¹]
    """

    mole_fraction: float
    temperature: float
    density: float
    volume_per_mass: float


def dense_source(release: Release, air: Weather) -> DenseSource:
    """State in which a release enters the curves.

    Vapour enters as it is. Droplets are first evaporated by just enough surrounding air, adiabatically, as Britter and
    McQuaid (1988) advise: the heat the air gives up on its way to the common temperature evaporates the droplets and
    the vapour then just saturates the mixture. The humidity of that air is left out.

    Raises
    ------
    ModelError
        The droplets do not evaporate above the lowest temperature of the vapour pressure table, or a property of the
        substance is not known.
    """
    substance = release.substance
    start = air.temperature if release.temperature is None else release.temperature
    if release.vapour_fraction == 1.0:
        density = substance.gas_density(start, air.pressure)
        return DenseSource(mole_fraction=1.0, temperature=start, density=density, volume_per_mass=1.0 / density)
    molar, boiling = substance.molar_mass, min(start, substance.boiling_point)
    heat = molar * (1.0 - release.vapour_fraction) * substance.latent_heat(boiling)
    vapour_heat = molar * substance.gas_heat_capacity(boiling)

    def surplus(temperature: float) -> float:
        """Heat the air gives less that needed, a mole of substance. [J]"""
        share = min(substance.vapour_pressure(temperature) / air.pressure, 1.0)
        given = (1.0 / share - 1.0) * AIR_MOLAR_MASS * _AIR_HEAT * (air.temperature - temperature)
        return given - heat + vapour_heat * (boiling - temperature)

    from scipy.optimize import brentq

    curve = substance.curves.get("vapour_pressure")
    lowest = boiling if curve is None else curve.low
    if not (lowest < boiling and surplus(lowest) > 0.0 > surplus(boiling)):
        raise ModelError(
            f"the droplets of {substance.name} do not evaporate above {lowest:.4g} K",
            where="britter_mcquaid",
            fix='take model("dense_gas"), which carries droplets along',
        )
    cold = float(brentq(surplus, lowest, boiling, xtol=1e-6))
    share = substance.vapour_pressure(cold) / air.pressure
    mole_volume = GAS_CONSTANT * cold / air.pressure
    return DenseSource(
        mole_fraction=share,
        temperature=cold,
        density=(share * molar + (1.0 - share) * AIR_MOLAR_MASS) / mole_volume,
        volume_per_mass=mole_volume / (share * molar),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class BritterMcQuaid:
    """Screening model of dense gas from the curves of Britter and McQuaid.

    Parameters
    ----------
    thermal
        Count that a cold cloud has warmed when it arrives, see :func:`warmed`. Off: with it the model over-predicts
        the cold releases it is asked about. Of 25 arc maxima of six LNG spills 28 % are within a factor of two with the
        correction (over-predicted 2.4 times in the geometric mean), 80 % without (1.05 times); the heat that warms the
        cloud also takes its weight, which the isothermal curves do not know.

    Notes
    -----
    *Source.* One steady rate or mass let go at once, at ground level, on flat open ground, in constant weather. The
    volume is that of :func:`dense_source`; the wind is that at 10 m.

    *Continuous or instantaneous.* With a duration T0, at the distance x: a plume where u T0/x is 2.5 or more, a puff of
    all the mass where it is 0.6 or less, the larger answer of both between. The workbook's 2.5 says that gas moves with
    0.4 of the wind at 10 m; the plume is at x from ``start + 2.5 x/u`` to ``end + 2.5 x/u``. The puff is seen from the
    end of the release on: what has not been let go cannot be anywhere, and a release that is cut leaves the past as it
    was.

    *Shape.* The concentration is uniform over the section, as in the workbook, with sharp edges. The plume is a
    rectangle of the half-width of :func:`plume_extent` and reaches upwind as a rectangle of undiluted gas (Yellow
    Book). The puff is a cylinder of radius R = (R0² + 1.2 t (g0' V0)^(1/2))^(1/2), R0 that of a sphere of V0, around
    0.4 u t, with the concentration the curve gives for its front. The height is what conserves mass at that speed; the
    height printed in the workbook leaves the dilution out. Above that height there is nothing.

    *Averaging time.* The curves have none of their own. The trials they have been compared with here were averaged
    over 50 to 140 s, so the answer is stated as a 100 s average.

    *Range.* Buoyancy numbers of Britter and McQuaid from 0.15 (continuous) and 0.20 (instantaneous) up, below which a
    passive model serves; alpha up to 1, where the curves end. Beyond the last curve (1/500 and 1/1000 of the source)
    the concentration falls with the square of the distance. That is an extrapolation and tends to under-predict, for a
    passive plume thins more slowly (at 2.8 km of Desert Tortoise 4 the observed ammonia is five times as much).
    """

    thermal: bool = False

    name: ClassVar[str] = "britter_mcquaid"

    def __post_init__(self) -> None:
        if not isinstance(self.thermal, bool):
            what = f"thermal is {self.thermal!r}"
            raise ModelError(what, where=f"{self.name}.thermal", fix="give True or False")

    def disperse(self, release: Release | Sequence[Release], weather: Weather | WeatherSeries) -> Cloud:
        """Carry the released gas with the wind.

        Parameters
        ----------
        release
            One steady or instantaneous release, or several of one substance whose concentrations add.
        weather
            Weather that does not change.

        Raises
        ------
        ModelError
            The release is not dense, not steady, its vapour forms clusters, the wind is too light for the curves, or
            the weather changes; the error names another model.
        """
        releases = accept_releases(release, self.name)
        series = WeatherSeries.of(weather)
        air = series.states[0]
        if any(other != air for other in series.states):
            fix = 'the curves need constant weather: take model("dense_gas") with the weather of the moment'
            raise ModelError("the weather changes", where=self.name, fix=fix)
        layers = tuple(_layer(r, air, thermal=self.thermal) for r in releases if r.total_mass > 0.0)
        return Cloud(
            model=self.name,
            releases=releases,
            weather=series,
            settings=asdict(self),
            averaging_time=_AVERAGE,
            valid_range={
                "distance": (0.0, max((layer.farthest for layer in layers), default=math.inf), "m"),
                "alpha": (-math.inf, _STEEPEST, ""),
            },
            warnings=_warnings(layers),
            solution=_Solution(layers=layers, releases=releases),
        )


def _warnings(layers: Sequence[_Layer]) -> tuple[str, ...]:
    if not layers:
        return ()
    shallow = min(layer.depth_at_source for layer in layers)
    end = min(layer.farthest for layer in layers)
    found = [
        f"britter_mcquaid answers with a layer of uniform depth, {shallow:.2g} m at the source, above which there is "
        "nothing: ask for height=0 to see how far the gas reaches",
        f"the curves end at {end:.3g} m; beyond, the concentration is taken to fall "
        'with the square of distance, faster than in a passive plume: take model("dense_gas") there',
    ]
    raised = [layer for layer in layers if layer.z > layer.size]
    if raised:
        found.append(
            f"the curves are for gas let go at ground level, the source at {raised[0].z:g} m is taken down to it"
        )
    return tuple(found)


def _layer(release: Release, air: Weather, *, thermal: bool) -> _Layer:
    where = f"{BritterMcQuaid.name}: {release.label or 'release'}"
    rates = np.asarray(release.mass_rates, float)
    steady = rates.size > 0 and rates[0] > 0.0
    if (rates != rates[:1]).any() or (steady and release.instantaneous_mass > 0.0):
        fix = 'give one constant rate or one mass, or take model("dense_gas")'
        raise ModelError("the release is not steady", where=where, fix=fix)
    if release.substance.associates:
        what = f"the vapour of {release.substance.name} forms clusters, so that its density is not known"
        raise ModelError(what, where=where, fix='take model("gaussian_puff"), as if it were neutral')
    source = dense_source(release, air)
    speed = air.wind_speed * wind_ratio(air, _HEIGHT)
    mass = float(rates[0]) if steady else release.instantaneous_mass
    volume = mass * source.volume_per_mass
    reduced = GRAVITY * (source.density - air.air_density) / air.air_density
    _refuse(reduced, volume, speed, steady=steady, where=where)
    return _Layer(
        x=release.x,
        y=release.y,
        z=release.z,
        toward=(air.wind_u / air.wind_speed, air.wind_v / air.wind_speed),
        speed=speed,
        start=release.start,
        lasts=release.duration if steady else 0.0,
        mass=mass,
        volume=volume,
        reduced=reduced,
        full=source.mole_fraction * release.substance.gas_density(air.temperature, air.pressure),
        ratio=source.temperature / air.temperature if thermal else 1.0,
    )


def _refuse(reduced: float, volume: float, speed: float, *, steady: bool, where: str) -> None:
    """Refuse what the curves do not cover."""
    passive = "gaussian_plume" if steady else "gaussian_puff"
    limit = _DENSE_PLUME if steady else _DENSE_PUFF
    if reduced <= 0.0:
        what, fix = "the release is not heavier than the air", f'take model("{passive}")'
        raise ModelError(what, where=where, fix=fix)
    if speed <= 0.0:
        raise ModelError("there is no wind", where=where, fix='take model("dense_gas")')
    number = _buoyancy(reduced, volume, speed, steady=steady)
    if number < limit:
        raise ModelError(
            f"the buoyancy number of the release is {number:.2g}",
            where=where,
            fix=f'the curves of dense gas hold from {limit:g} up: take model("{passive}")',
        )
    alpha = _alpha(reduced, volume, speed, steady=steady)
    if alpha > _STEEPEST:
        raise ModelError(
            f"alpha is {alpha:.2g} with a wind of {speed:.2g} m s⁻¹ at 10 m",
            where=where,
            fix=f'the curves end at alpha = {_STEEPEST:g}: take model("dense_gas")',
        )


def _buoyancy(reduced: float, volume: float, speed: float, *, steady: bool) -> float:
    if steady:
        return float((reduced * volume / (speed**3 * math.sqrt(volume / speed))) ** (1.0 / 3.0))
    return math.sqrt(reduced * volume) / (speed * math.cbrt(volume))


def _alpha(reduced: float, volume: float, speed: float, *, steady: bool) -> float:
    if steady:
        return 0.2 * math.log10(reduced**2 * volume / speed**5)
    return 0.5 * math.log10(reduced * math.cbrt(volume) / speed**2)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layer:
    """One release: `mass` and `volume` are rates [s⁻¹] when it lasts, else amounts; `full` is C at no dilution."""

    x: float
    y: float
    z: float
    toward: tuple[float, float]
    speed: float
    start: float
    lasts: float
    mass: float
    volume: float
    reduced: float
    full: float
    ratio: float

    @property
    def end(self) -> float:
        return self.start + self.lasts

    @property
    def drift(self) -> float:
        return _DRIFT * self.speed

    @property
    def total(self) -> tuple[float, float]:
        """Mass and volume of all that comes out. [kg], [m³]"""
        times = self.lasts if self.lasts > 0.0 else 1.0
        return self.mass * times, self.volume * times

    @property
    def size(self) -> float:
        """Length that scales distance. [m]"""
        return math.sqrt(self.volume / self.speed) if self.lasts > 0.0 else math.cbrt(self.volume)

    @property
    def buoyancy(self) -> float:
        return self.reduced * self.volume / self.speed**3

    @property
    def farthest(self) -> float:
        """End of the last curve. [m]"""
        steady = self.lasts > 0.0
        alpha = _alpha(self.reduced, self.volume, self.speed, steady=steady)
        return self.size * float(10.0 ** _curve(_PLUME if steady else _PUFF, alpha)[0][-1])

    @property
    def depth_at_source(self) -> float:
        return float(self.plume(np.zeros(1))[2][0]) if self.lasts > 0.0 else float(self.puff(self.start)[3])

    def along(self, x: _Array, y: _Array) -> tuple[_Array, _Array]:
        """Downwind and crosswind distance from the source."""
        dx, dy = x - self.x, y - self.y
        return dx * self.toward[0] + dy * self.toward[1], dy * self.toward[0] - dx * self.toward[1]

    def plume(self, s: _Array) -> tuple[_Array, _Array, _Array]:
        """Concentration, half-width and height of the plume at the distances `s`; undiluted upwind."""
        alpha = _alpha(self.reduced, self.volume, self.speed, steady=True)
        c = self.full * warmed(plume_dilution(np.maximum(s, 0.0) / self.size, alpha), self.ratio)
        half, _ = plume_extent(s, length=self.size, buoyancy=self.buoyancy)
        return c, half, self.mass / (2.0 * c * half * self.drift)

    def puff(self, t: ArrayLike) -> tuple[_Array, _Array, _Array, _Array]:
        """Concentration, centre, radius and height of the puff at the times `t`."""
        mass, volume = self.total
        age = np.maximum(np.asarray(t, float) - self.start, 0.0)
        sphere = math.cbrt(0.75 * volume / math.pi)
        radius = np.sqrt(sphere**2 + _SPREAD * age * math.sqrt(self.reduced * volume))
        centre = self.drift * age
        alpha = min(_alpha(self.reduced, volume, self.speed, steady=False), _STEEPEST)
        c = self.full * warmed(puff_dilution((centre + radius) / math.cbrt(volume), alpha), self.ratio)
        return c, centre, radius, mass / (c * math.pi * radius**2)

    def concentration(self, x: _Array, y: _Array, z: _Array, t: _Array) -> _Array:
        s, n = self.along(x, y)
        found = np.zeros(np.broadcast_shapes(s.shape, z.shape, t.shape))
        above = z >= 0.0
        if self.lasts > 0.0:
            c, half, height = self.plume(s)
            _, upwind = plume_extent(0.0, length=self.size, buoyancy=self.buoyancy)
            passed = np.maximum(s, 0.0) / self.drift
            here = (s >= -upwind) & (s <= self.speed * self.lasts / _INSTANTANEOUS) & (np.abs(n) <= half)
            there = (t >= self.start + passed) & (t < self.end + passed)
            found = np.where(here & above & (z <= height) & there, c, 0.0)
        c, centre, radius, height = self.puff(t)
        here = (s - centre) ** 2 + n**2 <= radius**2
        if self.lasts > 0.0:
            here = here & (s > self.drift * self.lasts)
        return np.where(here & above & (z <= height) & (t >= self.end), np.maximum(found, c), found)

    def moments(self, level: float) -> _Array:
        """Times until the puff is thinner than the level; it moves or grows by a quarter of its radius between."""
        travel = min(self._reach(level, 0.0) / self.drift, self.lasts / _INSTANTANEOUS * _CONTINUOUS)
        last = self.end + travel
        times = list(np.linspace(self.start, last, min(math.ceil((last - self.start) / 10.0), 120) + 1))
        t = self.end
        growth = 0.5 * _SPREAD * math.sqrt(self.reduced * self.total[1])
        while True:
            c, _, radius, _ = self.puff(t)
            times.append(t)
            if c < level:
                return np.array(times)
            t += 0.25 * float(radius) / (self.drift + growth / float(radius))

    def _reach(self, level: float, height: float) -> float:
        """Distance to which the plume is at least `level` at `height`; 0 if nowhere. [m]"""
        if self.lasts == 0.0:
            return 0.0
        s = np.concatenate([[0.0], np.geomspace(1e-2, 1e5, 4000) * self.size])
        c, _, deep = self.plume(s)
        over = np.flatnonzero((c >= level) & (deep >= height) & (s <= self.speed * self.lasts / _INSTANTANEOUS))
        return float(s[over[-1]]) if over.size else 0.0

    def corners(self, level: float | None, height: float, times: _Array) -> list[tuple[float, float]]:
        """Downwind and crosswind extremes of where the level (or any gas) is at some of the times."""
        found = []
        if self.lasts > 0.0:
            reach = min(self._reach(level or 0.0, height), max(self.drift * float(times[-1] - self.start), 0.0))
            half, upwind = plume_extent(reach, length=self.size, buoyancy=self.buoyancy)
            found += [(s, side * float(half)) for s in (-upwind, reach) for side in (-1.0, 1.0)]
        c, centre, radius, deep = self.puff(times)
        seen = (times >= self.end) & (c >= (level or 0.0)) & (deep >= height)
        for middle, wide in zip(centre[seen], radius[seen], strict=True):
            found += [(middle + a * wide, b * wide) for a in (-1.0, 1.0) for b in (-1.0, 1.0)]
        return [
            (self.x + s * self.toward[0] - n * self.toward[1], self.y + s * self.toward[1] + n * self.toward[0])
            for s, n in found
        ]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Solution:
    layers: tuple[_Layer, ...]
    releases: tuple[Release, ...]

    def concentration(self, x: _Array, y: _Array, z: _Array, t: _Array) -> _Array:
        total = np.zeros(np.broadcast_shapes(x.shape, y.shape, z.shape, t.shape))
        for layer in self.layers:
            total += layer.concentration(x, y, z, t)
        return total

    def add_frames(self, grid: _Array, heights: _Array, times: _Array, out: _Array) -> None:
        x = grid[0] + grid[2] * np.arange(out.shape[3])
        y = grid[1] + grid[3] * np.arange(out.shape[2])
        for k, t in enumerate(times):
            out[k] += self.concentration(x[None, None, :], y[None, :, None], heights[:, None, None], np.array(t))

    def released(self, t: float) -> float:
        return mass_let_out(self.releases, t)

    def swept(self, level: float | None, height: float, times: _Array | None) -> tuple[_Array, Bounds | None]:
        if times is None:
            found = [layer.moments(level or 0.0) for layer in self.layers]
            chosen = np.unique(np.concatenate(found)) if found else np.array([r.start for r in self.releases[:1]])
        else:
            chosen = times
        corners = [corner for layer in self.layers for corner in layer.corners(level, height, chosen)]
        if not corners:
            return chosen, None
        low, high = np.min(corners, axis=0), np.max(corners, axis=0)
        return chosen, (float(low[0]), float(low[1]), float(high[0]), float(high[1]))
