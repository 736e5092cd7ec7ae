"""Free jets in the wind: the near field by an integral model, the far field by the model it hands over to.

References
----------
Briggs, G. A. (1969), Plume rise, USAEC critical review TID-25075 (a stream slower than 1.5 times the wind is drawn into
the wake of its pipe).
Chen, C. J. and Rodi, W. (1980), Vertical turbulent buoyant jets: a review of experimental data, Pergamon, Oxford.
Long, V. D. (1963), Estimation of the extent of hazard areas round a vent, Chemical Process Hazards II, 6-14.
Ooms, G. (1972), A new method for the calculation of the plume path of gases emitted by a stack, Atmos. Environ. 6:899.
Witlox, H. W. M. and Holt, A. (1999), A unified model for jet, heavy and passive dispersion, CCPS, San Francisco.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dispersion.cloud import Cloud, accept_releases
from dispersion.handover import JetSolution, Piece, far_field, pieces_of
from dispersion.jet_path import JetAir, JetPath, follow_jet
from twin.errors import ModelError, near
from twin.weather import WeatherSeries

if TYPE_CHECKING:
    from plant_models.matter import Substance
    from plant_models.releases import Release
    from twin.weather import Weather

__all__ = ["Jet", "jet_decay", "nozzle_jet"]

_FASTER = 1.5  # times the wind: a slower stream is no jet (Briggs 1969)
_THEN = ("gaussian_puff", "dense_gas")
_Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Jet:
    """Integral model of a round turbulent jet in a wind, with a far field behind it.

    Range: releases that go on for a time and whose expanded stream (``Release.jet_velocity``) is at least 1.5 times as
    fast as the wind; open, flat ground. Mean concentrations of a steady jet; the averaging time counts in the far
    field.

    Parameters
    ----------
    direction
        Where the jet points on the map, clockwise from north; None: with the wind of the moment. A `Release` holds only
        the angle above the horizontal. [°]
    then
        Model of the far field, "gaussian_puff" or "dense_gas"; None: the dense one where the stream that the jet hands
        over is still heavy (number of Britter and McQuaid of 0.15 and more) and moves with the wind, which that model
        asks for, else the puffs.
    averaging_time
        Of the far field. [s]
    sigmas
        Curves of the puffs; None: those their model chooses.

    Raises
    ------
    ModelError
        A setting is outside its range.

    Notes
    -----
    Fluxes of mass, momentum (three components) and enthalpy (with kinetic energy) are followed along the axis; profiles
    are Gaussian, the concentration 1.16 times as wide as the velocity. The coefficients are those of Ooms (1972):
    entrainment by shear 0.057 (rising to 0.083 of a pure plume as buoyancy takes over, List 1982), by the wind across
    0.5, by the turbulence of the air 1.0, drag 0.3. In still air the axis has 5.4 √(ρ/ρ_air) d/x of mass fraction
    (measured: 5 to 5.4, Chen and Rodi 1980, and 4.8, Richards and Pitts 1993). Until the profile is established, 5.4
    such diameters, the axis is undiluted. Droplets are in equilibrium with the gas and move with it; nothing more
    rains out than the release says.

    Ground: a section that reaches down to it is a circle cut by the ground, with the free part of its rim to take in
    air, and the gas is reflected; so a level jet at height 0 thins as half of a jet of twice the flux. An axis that
    comes down at less than 45° slides on, for the ground bears it, unless the stream is a dense cloud by then; that,
    and a steeper jet, which splashes, is no longer a free jet: it ends there and hands over.

    Hand-over: where the turbulence of the air mixes in more than the jet itself, and the mean velocity outruns or
    crosses the wind by no more than a tenth of it, the margin of the UDM (Witlox and Holt 1999). Mass, momentum and
    enthalpy are those of the section (:class:`dispersion.sections.Section`). Puffs begin with the width that gives the
    jet's concentration on the axis. A dense cloud begins as a box with soft edges, of less concentration on the axis
    than the bell of the jet: over two half-widths of the section the one goes over into the other. So the concentration
    on the axis is continuous within 5 % at the joint.

    Time: a release whose rate or wind changes is a row of steady jets, each with the rate of its piece and the wind at
    its beginning (pieces of 60 s at most where the wind changes); they keep the velocity, and the diameter follows the
    rate. Gas is where it has had the time to travel to.
    """

    direction: float | None = None
    then: str | None = None
    averaging_time: float = 600.0
    sigmas: str | None = None

    name: ClassVar[str] = "jet"

    def __post_init__(self) -> None:
        if self.direction is not None and not -360.0 <= self.direction <= 360.0:
            raise ModelError(
                f"direction is {self.direction!r}",
                where="jet.direction",
                fix="give -360 to 360 °, or None for downwind",
            )
        if self.then is not None and self.then not in _THEN:
            raise ModelError(f"no far field is called {self.then!r}", where="jet.then", fix=near(str(self.then), _THEN))
        if not 20.0 <= self.averaging_time <= 3600.0:
            what = f"averaging_time is {self.averaging_time!r}"
            raise ModelError(what, where="jet.averaging_time", fix="give 20 to 3600 s")

    def path(self, release: Release, weather: Weather | WeatherSeries, *, time: float | None = None) -> JetPath:
        """Follow one steady jet; a calm is welcome.

        Parameters
        ----------
        release
            What comes out.
        weather
            Constant or changing weather.
        time
            Moment of emission; None: the beginning of the piece with the greatest rate. [s]

        Raises
        ------
        ModelError
            Not a jet, or nothing comes out at that time.

        Examples
        --------
        >>> from plant_models import Release, substance
        >>> from twin import Weather
        >>> calm = Weather(wind_speed=0.0, wind_from=0.0, wind_height=10.0, stability="D", roughness_length=0.1)
        >>> leak = Release.steady(
        ...     substance("hydrogen"), x=0, y=0, z=2, mass_rate=0.01, duration=60, jet_velocity=1300, jet_diameter=0.011
        ... )
        >>> round(float(Jet().path(leak, calm).at(5.0)), 3)
        0.042
        """
        moment = _greatest(release) if time is None else time
        rate = float(release.rate(moment))
        air = WeatherSeries.of(weather).at(moment)
        self._check(release, air, rate)
        return self._follow(release, air, rate)

    def disperse(self, release: Release | Sequence[Release], weather: Weather | WeatherSeries) -> Cloud:
        """Carry the released gas with its momentum, then with the wind.

        Parameters
        ----------
        release
            One release, or several of one substance whose concentrations add.
        weather
            Constant or changing weather.

        Raises
        ------
        ModelError
            Not a jet, mass let go at once, a jet that ends in the air without having become part of it, or what the
            model of the far field refuses.
        """
        releases = accept_releases(release, self.name)
        series = WeatherSeries.of(weather)
        pieces: list[Piece] = []
        for one in releases:
            self._check(one, series.at(one.start), _largest(one))
            pieces += pieces_of(one, series, self._follow)
        far = far_field(pieces, series, then=self.then, averaging_time=self.averaging_time, sigmas=self.sigmas)
        return Cloud(
            model=self.name,
            releases=releases,
            weather=series,
            settings=asdict(self) | {"then": far.model, "sigmas": far.sigmas},
            averaging_time=self.averaging_time,
            valid_range={"distance": (0.0, far.farthest, "m"), "velocity over wind": (_FASTER, math.inf, "")},
            warnings=far.warnings,
            solution=JetSolution(pieces=far.pieces, far=far.solution, releases=releases),
        )

    def _follow(self, release: Release, air: Weather, rate: float) -> JetPath:
        around = JetAir.of(air)
        rise = math.radians(release.elevation)
        east, north = around.toward
        if self.direction is not None:
            east, north = math.sin(math.radians(self.direction)), math.cos(math.radians(self.direction))
        return follow_jet(
            release.substance, around,
            mass_rate=rate, velocity=release.jet_velocity,
            temperature=air.temperature if release.temperature is None else release.temperature,
            vapour_fraction=release.vapour_fraction, place=(release.x, release.y, release.z),
            toward=(math.cos(rise) * east, math.cos(rise) * north, math.sin(rise)),
        )  # fmt: skip

    def _check(self, release: Release, air: Weather, rate: float) -> None:
        where = release.label or "release"
        other = "dense_gas or britter_mcquaid" if release.is_dense(air) else "gaussian_puff or gaussian_plume"
        if release.instantaneous_mass > 0.0:
            what = f"{release.instantaneous_mass:g} kg are let go at once: that is no jet"
            raise ModelError(what, where=where, fix=f"use {other}")
        if release.jet_velocity <= 0.0:
            what = (
                "the velocity of the expanded stream is not known, or most of it falls to the ground (jet_velocity 0)"
            )
            raise ModelError(what, where=where, fix=f"state jet_velocity, or use {other}")
        if not rate > 0.0:
            raise ModelError("nothing comes out", where=where, fix="give a time and a release with a mass rate")
        wind = float(np.interp(math.log(max(release.z, 2.0)), *JetAir.of(air).table[:2]))
        if release.jet_velocity < _FASTER * wind:
            raise ModelError(
                f"the stream leaves at {release.jet_velocity:.3g} m s⁻¹ into a wind of {wind:.3g} m s⁻¹: a jet is at "
                f"least {_FASTER:g} times as fast",
                where=where,
                fix=f"use {other}",
            )


def _largest(release: Release) -> float:
    return float(release.mass_rates.max(initial=0.0))


def _greatest(release: Release) -> float:
    return float(release.edges[int(np.argmax(release.mass_rates))]) if release.mass_rates.size else release.start


def nozzle_jet(
    gas: Substance,
    air: JetAir,
    *,
    pressure: float,
    temperature: float,
    diameter: float,
    discharge_coefficient: float = 1.0,
    closure: str = "conservation",
    place: tuple[float, float, float] = (0.0, 0.0, 10.0),
    toward: tuple[float, float, float] = (1.0, 0.0, 0.0),
) -> JetPath:
    """Jet of a gas from a vessel: flow through the nozzle as a real gas, expansion to the air, and the path.

    Behind a choked nozzle the shocks hold off the air for some nozzle diameters, which the jet model does not know: for
    hydrogen at 10 bar the mass fraction comes out at 0.78 to 0.92 of the measured (Ruggles and Ekoto 2012, 70 to 160
    nozzle diameters away), with "birch_1984" at 0.93 to 1.10. Farther away, in the unit of length of a jet that keeps
    its momentum, hydrogen at 53 and 110 bar falls within 3 and 10 % of the law 5.4/x to which the jet tends, and from
    0.25 mm at 160 bar within 34 % (Papanikolaou et al. 2012, Int. J. Hydrogen Energy 37:18563).

    Parameters
    ----------
    gas, air
        What comes out, and into what.
    pressure, temperature
        In the vessel, absolute. [Pa], [K]
    diameter
        Of the nozzle. [m]
    discharge_coefficient
        Flow over that of an ideal nozzle.
    closure
        What the expansion to the air conserves (:func:`plant_models.expansion.expand`). A permanent gas that
        "conservation" makes colder than its tables keeps its temperature at rest.
    place
        Nozzle, z above ground; clear of the ground unless given. [m]
    toward
        Direction, unit vector east, north, up.

    Raises
    ------
    ModelError
        No pressure to drive a flow, or a fluid that is no gas in the throat.

    Examples
    --------
    >>> from plant_models import substance
    >>> still = JetAir.uniform(wind_speed=0.0, temperature=288.0)
    >>> path = nozzle_jet(substance("hydrogen"), still, pressure=101e5, temperature=288.0, diameter=1e-3)
    >>> path.at([0.5, 1.0, 2.0]).round(3)  # mole fraction on the axis
    array([0.201, 0.111, 0.058])
    """
    from plant_models.expansion import Throat, expand
    from plant_models.real_flow import real_hole_rate

    flow = real_hole_rate(
        gas, hole_diameter=diameter, pressure=pressure, temperature=temperature,
        discharge_coefficient=discharge_coefficient, ambient_pressure=air.pressure,
    )  # fmt: skip
    if flow.temperature is None or flow.vapour_fraction not in {None, 1.0}:
        fix = "build a Release with source_term and ask Jet.path"
        raise ModelError(f"{gas.name} is not all gas in the nozzle", where="nozzle_jet", fix=fix)
    throat = Throat(
        mass_rate=flow.mass_rate, pressure=max(flow.pressure, air.pressure), velocity=flow.velocity,
        density=flow.density, vapour_fraction=1.0, temperature=flow.temperature,
    )  # fmt: skip
    try:
        stream = expand(throat, gas, ambient_pressure=air.pressure, closure=closure)
    except ModelError:
        if closure != "conservation" or throat.pressure <= air.pressure:
            raise
        stream = expand(throat, gas, ambient_pressure=air.pressure, closure="birch_1987")
    return follow_jet(
        gas, air, mass_rate=stream.mass_rate, velocity=stream.velocity, temperature=stream.temperature,
        vapour_fraction=stream.vapour_fraction, place=place, toward=toward,
    )  # fmt: skip


def jet_decay(
    distance: ArrayLike,
    offset: ArrayLike = 0.0,
    *,
    diameter: float,
    density_ratio: float,
    k2: float = 6.0,
    k3: float = 5.0,
) -> _Array:
    """Volume fraction in a jet in still air by one formula: ``k2 (d/x) √ρ exp(-(k3 r/x)²)``, not above 1.

    A quick check, free of buoyancy and wind. The preset constants are those Long (1963) recommends for the extent of
    hazard areas, on the safe side; measured ones he lists are 4.1 to 5.9 and 5.3 to 9.2.

    Parameters
    ----------
    distance, offset
        Along the axis and from it. [m]
    diameter
        Of the jet at the pressure of the air (or of an opening that is not choked). [m]
    density_ratio
        Density of the jet over that of the air.
    k2, k3
        Constants of decay and of width.

    References
    ----------
    Long, V. D. (1963), Estimation of the extent of hazard areas round a vent, Chemical Process Hazards II, 6-14.
    """
    x, r = np.broadcast_arrays(np.asarray(distance, float), np.asarray(offset, float))
    if not (x > 0.0).all() or not diameter > 0.0 or not density_ratio > 0.0:
        fix = "give distances, a diameter and a density ratio above zero"
        raise ModelError("a distance, the diameter or the density ratio is not positive", where="jet_decay", fix=fix)
    axis = np.minimum(k2 * diameter / x * math.sqrt(density_ratio), 1.0)
    found: _Array = axis * np.exp(-((k3 * r / x) ** 2))
    return found
