"""Gas inside a building: how fast outside air gets in, what builds up there, and when to leave.

One well-mixed volume: ``dC/dt = a C_out - (a + k) C`` with the air change rate a and the rate k at which surfaces take
the gas up for good. Between the times at which the outside is known it is taken as straight, and the answer is then
exact whatever the step.

References
----------
ASHRAE (2005), Handbook of Fundamentals, chapter 27, basic model (tables as listed in the EnergyPlus Input Output
Reference, ZoneInfiltration:EffectiveLeakageArea).
Chan, W. R., Nazaroff, W. W., Price, P. N. and Gadgil, A. J. (2007), Effectiveness of urban shelter-in-place I:
idealized conditions, Atmos. Environ. 41:4962-4976, LBNL-61686 (ratio of toxic loads; when to leave).
Sherman, M. H. and Grimsrud, D. T. (1980), Infiltration-pressurization correlation: simplified physical modeling, ASHRAE
Trans. 86(2):778-807.
Singer, B. C. et al. (2005), Indoor sorption of surrogates for sarin and related nerve agents, Environ. Sci. Technol.
39:3203-3214 (uptake by surfaces as a first-order rate).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal, Self, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dispersion._kernels import indoor as _kernels
from dispersion.air import wind_ratio
from dispersion.inputs import finite, is_number, number
from plant_models.harm import Probit
from twin.errors import ModelError, Problem, near
from twin.weather import Weather, WeatherSeries

if TYPE_CHECKING:
    import pandas as pd

    from twin.assets import Asset
    from twin.hazard import Hazard

__all__ = ["Building", "IndoorAir", "Mode", "indoor_air", "infiltration", "passage"]

Mode = Literal["ventilated", "closed", "sealed", "open"]
_Array = NDArray[np.float64]
_run: Any = _kernels  # compiled functions carry no signature

# ASHRAE basic model, by storeys: (L/s)²/(cm⁴ K) and, for each shelter class, (L/s)²/(cm⁴ (m/s)²).
_STACK = (0.000145, 0.000290, 0.000435)
_WIND = (
    (0.000319, 0.000420, 0.000494),  # 1: no obstructions or local shielding
    (0.000246, 0.000325, 0.000382),  # 2: an isolated rural house
    (0.000174, 0.000231, 0.000271),  # 3: other buildings across the street
    (0.000104, 0.000137, 0.000161),  # 4: urban buildings on larger lots
    (0.000032, 0.000042, 0.000049),  # 5: buildings immediately adjacent
)
_LITRES = 10.0  # (L/s)/cm² in (m³/s)/m²
_INDOOR = 293.15  # K, 20 °C
_GONE = 1e-4  # of its peak: a cloud thinner than that has passed
_BLOCK = 256  # times asked of the hazard at once
_GAUSS = np.polynomial.legendre.leggauss(4)


def infiltration(
    leakage_area: float, *, storeys: int, shelter_class: int, wind_speed: float, temperature_difference: float
) -> float:
    """Outside air through the leaks of a closed building. [m³ s⁻¹]

    Q = A (Cs ΔT + Cw U²)^(1/2), the model of Sherman and Grimsrud (1980) with the coefficients of ASHRAE.

    Parameters
    ----------
    leakage_area
        Effective leakage area at 4 Pa. [m²]
    storeys
        1, 2 or 3; a higher building lies outside the tables.
    shelter_class
        1 (no obstructions), 2 (isolated house), 3 (buildings across the street), 4 (urban, larger lots), 5 (buildings
        immediately adjacent).
    wind_speed
        At the weather station, 10 m above ground. [m s⁻¹]
    temperature_difference
        Inside less outside; its size counts. [K]

    Raises
    ------
    ModelError
        A value outside the tables.
    """
    problems = []
    if not is_number(leakage_area) or not 0.0 <= leakage_area < math.inf:
        problems.append(Problem(f"leakage_area is {leakage_area!r} m²", where="infiltration", fix="give 0 or more"))
    if not is_number(storeys) or storeys not in (1, 2, 3):
        fix = "the tables know 1, 2 and 3; give the measured air changes of a higher building"
        problems.append(Problem(f"storeys is {storeys!r}", where="infiltration", fix=fix))
    if not is_number(shelter_class) or shelter_class not in (1, 2, 3, 4, 5):
        problems.append(Problem(f"shelter_class is {shelter_class!r}", where="infiltration", fix="give 1 to 5"))
    if problems:
        raise ModelError.of(problems, where="infiltration")
    number(wind_speed, "wind_speed", low=0.0, high=100.0, where="infiltration.wind_speed")
    number(temperature_difference, "temperature_difference", low=-200.0, high=200.0, where="infiltration")
    column = int(storeys) - 1
    stack = _STACK[column] * abs(temperature_difference)
    return _LITRES * leakage_area * math.sqrt(stack + _WIND[int(shelter_class) - 1][column] * wind_speed**2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Building:
    """What of a building matters for the air inside.

    Parameters
    ----------
    tag
        Name.
    x, y, height
        Where outside air is drawn in, height above ground. [m]
    air_changes
        Outside air change rate with ventilation running. [s⁻¹]
    air_changes_sheltered
        With ventilation off, windows and doors shut, where it was measured; the leakage area goes before it. [s⁻¹]
    air_changes_open
        With windows and doors open. [s⁻¹]
    volume
        Volume of air inside. [m³]
    leakage_area
        Effective leakage area at 4 Pa; with it the air changes of the closed building follow wind and temperature. [m²]
    storeys, shelter_class
        For :func:`infiltration`.
    temperature
        Of the air inside, 20 °C where nothing is said. [K]
    sealing
        Share of the leaks of a closed building that is left when a room is taped up ("sealed"); no share is assumed.
    hvac_shut_off_time
        From the command until no outside air is drawn in. [s]
    """

    tag: str
    x: float
    y: float
    height: float = 1.5
    air_changes: float | None = None
    air_changes_sheltered: float | None = None
    air_changes_open: float | None = None
    volume: float | None = None
    leakage_area: float | None = None
    storeys: int | None = None
    shelter_class: int | None = None
    temperature: float = _INDOOR
    sealing: float | None = None
    hvac_shut_off_time: float = 0.0

    def __post_init__(self) -> None:
        words = {"tag"}
        bad = [
            Problem(f"{f.name} is {value!r}", where=f"{self.tag}.{f.name}", fix="give a finite number, 0 or more")
            for f in fields(self)
            if f.name not in words
            and ((value := getattr(self, f.name)) is not None or f.default is not None)
            and not (is_number(value) and math.isfinite(value) and (value >= 0.0 or f.name in {"x", "y"}))
        ]
        unclear = None in (self.storeys, self.shelter_class) or not self.volume
        if not bad and self.leakage_area is not None and unclear:
            what = "a leakage area needs volume, storeys and shelter_class"
            bad.append(Problem(what, where=self.tag, fix="give them, or air_changes_sheltered instead"))
        if not bad and self.sealing is not None and self.sealing > 1.0:
            bad.append(Problem(f"sealing is {self.sealing!r}", where=self.tag, fix="give the share left, 0 to 1"))
        if bad:
            raise ModelError.of(bad, where=self.tag)

    @classmethod
    def of(cls, asset: Asset, **more: Any) -> Self:
        """Take a building from the park, with the attributes its kind has; `more` adds or replaces parameters.

        Raises
        ------
        ModelError
            The asset is no building.
        """
        if asset.get("air_changes") is None:
            what = f"a {asset.kind} has no air inside"
            raise ModelError(
                what, where=asset.tag, fix="give a building, a control_room or another kind with air_changes"
            )
        names = (
            "air_changes", "air_changes_sheltered", "air_changes_open", "volume", "leakage_area", "hvac_shut_off_time",
        )  # fmt: skip
        found: dict[str, Any] = {name: asset.number(name) for name in names if asset.get(name) is not None}
        found |= {n: int(asset.number(n)) for n in ("storeys", "shelter_class") if asset.get(n) is not None}
        if asset.get("intake_height") is not None:
            found["height"] = asset.number("intake_height")
        found |= {"tag": asset.tag, "x": asset.x, "y": asset.y}
        return cls(**{**found, **more})

    def exchange(self, mode: Mode, air: Weather) -> float:
        """Outside air changes in a mode and weather. [s⁻¹]

        Parameters
        ----------
        mode
            "ventilated" (as used), "closed" (ventilation off, windows and doors shut), "sealed" (closed, and a room
            taped up) or "open".
        air
            Weather of the moment.

        Raises
        ------
        ModelError
            An unknown mode, or one of which the building does not tell enough.
        """
        if not isinstance(mode, str) or mode not in get_args(Mode):
            raise ModelError(f"there is no mode {mode!r}", where=self.tag, fix=near(str(mode), get_args(Mode)))
        if mode == "ventilated":
            return self._known("air_changes")
        if mode == "open":
            return self._known("air_changes_open")
        share = self._known("sealing") if mode == "sealed" else 1.0
        if self.leakage_area is None:
            return share * self._known("air_changes_sheltered")
        assert self.storeys is not None  # checked on building it
        assert self.shelter_class is not None
        flow = infiltration(
            self.leakage_area,
            storeys=self.storeys,
            shelter_class=self.shelter_class,
            wind_speed=air.wind_speed * wind_ratio(air, 10.0),
            temperature_difference=self.temperature - air.temperature,
        )
        return share * flow / self._known("volume")

    def _known(self, name: str) -> float:
        value = getattr(self, name)
        if value is None:
            raise ModelError(f"the {name} of the building is not known", where=self.tag, fix=f"give {name}")
        return float(value)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class IndoorAir:
    """Gas inside one building over time; answers :class:`twin.Hazard`'s question for whoever is inside.

    Parameters
    ----------
    building
        The building.
    times
        Nodes, shape (n,), rising. [s]
    outdoor, indoor
        Concentration at the nodes at the intake and inside, shape (n,). [kg m⁻³]
    exchange
        Air changes in each step, shape (n - 1,). [s⁻¹]
    sorption
        Rate at which surfaces take the gas up. [s⁻¹]
    weather
        Weather the loads are reckoned in.
    warnings
        Sentences a user of the numbers must know.
    """

    building: Building
    times: _Array
    outdoor: _Array
    indoor: _Array
    exchange: _Array
    sorption: float
    weather: WeatherSeries
    warnings: tuple[str, ...] = ()

    def concentration(self, x: ArrayLike, y: ArrayLike, z: ArrayLike, t: ArrayLike) -> _Array:
        """Mass concentration inside, the same at every place of the building. [kg m⁻³]

        Before the first node as there; behind the last the outside is taken to stay as it was there.
        """
        shape = np.broadcast_shapes(*(np.shape(given) for given in (x, y, z, t)))
        return np.broadcast_to(self.at(t), shape).copy()

    def at(self, t: ArrayLike) -> _Array:
        """Concentration inside at the times `t` [s], the shape of `t`. [kg m⁻³]"""
        moments = finite(t, "t", where=self.building.tag)
        out = np.empty(moments.size)
        flat = np.ascontiguousarray(moments.ravel())
        _run.ask(self.times, self.outdoor, self.indoor, self.exchange, self.sorption, flat, out)
        return out.reshape(moments.shape)

    def loads(self, probit: Probit) -> tuple[_Array, _Array]:
        """Toxic load gathered outside and inside up to each node, shapes (n,). [unit of the probit]

        Four-point Gauss integration of cⁿ in each step, of the straight line outside and the exact answer inside.
        """
        if not isinstance(probit, Probit):
            what, fix = f"the probit is a {type(probit).__name__}", "take one from release.substance.harm"
            raise ModelError(what, where="IndoorAir.loads", fix=fix)
        air = self.weather.at(float(self.times[0]))
        step = np.diff(self.times)
        nodes, weights = _GAUSS
        moments = self.times[:-1, None] + 0.5 * (nodes + 1.0) * step[:, None]
        outside = np.interp(moments, self.times, self.outdoor)

        def gathered(c: _Array) -> _Array:
            rate = probit.load_rate(c, air.temperature, air.pressure)
            return np.concatenate([[0.0], np.cumsum(0.5 * step * (rate @ weights))])

        return gathered(outside), gathered(self.at(moments))

    def benefit(self, probit: Probit) -> float:
        """Load outside over load inside from the first to the last node: how many times better it is to stay in.

        Infinite where nothing gets in, NaN without gas outside.
        """
        outside, inside = (float(load[-1]) for load in self.loads(probit))
        if outside == 0.0:
            return math.nan
        return outside / inside if inside > 0.0 else math.inf

    def time_to_leave(self, probit: Probit) -> float:
        """Time at which to walk out so that the load of the whole time, inside before and outside after, is least. [s]

        The load no longer falls where the air inside is as bad as outside (C equal, whatever the exponent); of the
        times at which inside overtakes outside, the one with the least load is taken. Leaving at the first node means
        not to go in at all, at the last that staying is best all along.
        """
        outside, inside = self.loads(probit)
        total = inside + outside[-1] - outside
        best = int(np.argmin(total))
        low, high = max(best - 1, 0), min(best + 1, self.times.size - 1)

        def worse(t: float) -> float:
            return float(self.at(t) - np.interp(t, self.times, self.outdoor))

        for a, b in pairwise(self.times[low : high + 1].tolist()):
            if worse(a) < 0.0 < worse(b):
                from scipy.optimize import brentq

                return float(brentq(worse, a, b, xtol=1e-6))
        return float(self.times[best])

    def to_pandas(self) -> pd.DataFrame:
        """Table with the columns "outdoor", "indoor" [kg m⁻³] and "exchange" [s⁻¹], indexed by time [s]."""
        import pandas as pd

        return pd.DataFrame(
            {"outdoor": self.outdoor, "indoor": self.indoor, "exchange": np.append(self.exchange, self.exchange[-1])},
            index=pd.Index(self.times, name="t"),
        )

    def __repr__(self) -> str:
        per_hour = 3600.0 * self.exchange
        return (
            f"<IndoorAir of {self.building.tag}, {self.times[0]:g} to {self.times[-1]:g} s, {per_hour.min():.3g} to "
            f"{per_hour.max():.3g} h⁻¹: largest outside {self.outdoor.max():.3g}, inside {self.indoor.max():.3g} "
            "kg m⁻³>"
        )


def passage(
    hazard: Hazard,
    *,
    x: float,
    y: float,
    z: float,
    start: float,
    at_least: float = -math.inf,
    step: float = 10.0,
    longest: float = 21600.0,
) -> _Array:
    """Times from `start` until the cloud has passed a place.

    The place is asked every `step` seconds until the gas, once it has come, is thinner than 1/10 000 of its peak.

    Parameters
    ----------
    hazard
        The gas.
    x, y, z
        Place. [m]
    start
        First time, when the release begins or earlier. [s]
    at_least
        The place is asked up to then in any case. Give the end of the release, such as ``cloud.end``: as long as gas
        comes out, a wind that turns can bring it back. [s]
    step
        [s]
    longest
        Where to stop when the gas does not go away, or does not come. [s]
    """
    number(start, "start", low=-1e10, high=1e10, where="passage.start")
    number(at_least, "at_least", where="passage.at_least")
    fine = is_number(step) and is_number(longest)
    if not fine or not (0.0 < step <= longest < math.inf):
        what = f"step is {step!r}, longest {longest!r}"
        raise ModelError(what, where="passage", fix="give a positive step and a longer time")
    times = np.asarray(start + step * np.arange(int(longest / step + 1e-9) + 1), np.float64)
    peak = 0.0
    for first in range(0, times.size, _BLOCK):
        block = times[first : first + _BLOCK]
        found = hazard.concentration(x, y, z, block)
        peaks = np.maximum(np.maximum.accumulate(found), peak)
        gone = np.flatnonzero((peaks > 0.0) & (found < _GONE * peaks) & (block >= at_least))
        if gone.size:
            return times[: first + int(gone[0]) + 1]
        peak = float(peaks[-1])
    return times


def indoor_air(
    building: Building,
    hazard: Hazard,
    weather: Weather | WeatherSeries,
    *,
    times: ArrayLike,
    modes: Sequence[tuple[float, Mode]],
    sorption: float = 0.0,
    initial: float = 0.0,
) -> IndoorAir:
    """Follow the air inside a building while a cloud passes.

    Parameters
    ----------
    building
        The building.
    hazard
        The gas outside, asked at the intake.
    weather
        Weather, for the leaks; the air changes of a step are those of its middle.
    times
        Rising times at which the outside is asked, from before the gas comes until it has gone, see :func:`passage`;
        between them it is taken as straight. Changes of mode and weather are added. [s]
    modes
        (time of the command [s], mode) in order of time; the first holds from the start. Leaving "ventilated" takes the
        building's `hvac_shut_off_time`.
    sorption
        Rate at which surfaces take the gas up for good, none assumed; Singer et al. (2005) measured it for organic
        vapours, for other gases a measured value must be given. [s⁻¹]
    initial
        Concentration inside at the first time. [kg m⁻³]

    Raises
    ------
    ModelError
        Times that do not rise, no mode, a mode the building does not tell enough of, or a negative rate.
    """
    if not isinstance(building, Building):
        what = f"the building is a {type(building).__name__}"
        raise ModelError(what, where="indoor_air", fix="give a Building, such as Building.of(park[tag])")
    asked = finite(times, "times", where=building.tag)
    if asked.ndim != 1 or asked.size < 2 or (np.diff(asked) <= 0.0).any():
        raise ModelError("the times do not rise", where=building.tag, fix="give two or more rising times in seconds")
    if not (is_number(sorption) and is_number(initial) and 0.0 <= sorption < math.inf and 0.0 <= initial < math.inf):
        what = f"sorption is {sorption!r}, initial {initial!r}"
        raise ModelError(what, where=building.tag, fix="give 0 or more")
    series = WeatherSeries.of(weather)
    starts, names = _effective(building, modes)
    changes = np.concatenate([starts, series.times])
    inside = changes[(changes > asked[0]) & (changes < asked[-1])]
    nodes = np.unique(np.concatenate([asked, inside]))
    middle = 0.5 * (nodes[1:] + nodes[:-1])
    which = np.maximum(np.searchsorted(starts, middle, side="right") - 1, 0)
    steady = len(series.states) == 1
    if steady:
        rates = {mode: building.exchange(mode, series.states[0]) for mode in dict.fromkeys(names)}
        exchange = np.array([rates[names[k]] for k in which])
    else:
        pairs = zip(which, middle, strict=True)
        exchange = np.array([building.exchange(names[k], series.at(float(t))) for k, t in pairs])
    outdoor = np.ascontiguousarray(hazard.concentration(building.x, building.y, building.height, nodes), np.float64)
    indoor = np.empty(nodes.size)
    _run.fill(nodes, outdoor, exchange, float(sorption), float(initial), indoor)
    warnings = []
    if outdoor[-1] > 10.0 * _GONE * outdoor.max():
        warnings.append(
            f"the cloud has not passed {building.tag} at {nodes[-1]:g} s: loads and the time to leave count up to then"
        )
    return IndoorAir(
        building=building, times=nodes, outdoor=outdoor, indoor=indoor, exchange=exchange, sorption=float(sorption),
        weather=series, warnings=tuple(warnings),
    )  # fmt: skip


def _are_pairs(modes: object) -> bool:
    """Tell whether it is a sequence of one or more times with something."""
    if not isinstance(modes, list | tuple):
        return False
    return bool(modes) and all(isinstance(m, list | tuple) and len(m) == 2 and is_number(m[0]) for m in modes)


def _effective(building: Building, modes: Sequence[tuple[float, Mode]]) -> tuple[_Array, list[Mode]]:
    """Times at which the modes take hold, and the modes."""
    if not _are_pairs(modes) or any(b[0] <= a[0] for a, b in pairwise(modes)):
        fix = 'give (time, mode) in order of time, such as [(0.0, "ventilated"), (120.0, "closed")]'
        raise ModelError("the modes are not in order of time", where=building.tag, fix=fix)
    starts: list[float] = []
    names: list[Mode] = []
    running = False
    for when, mode in modes:
        delay = building.hvac_shut_off_time if running and mode != "ventilated" else 0.0
        while starts and starts[-1] >= when + delay:  # overtaken before it took hold
            starts.pop()
            names.pop()
        starts.append(when + delay)
        names.append(mode)
        running = mode == "ventilated"
    return np.array(starts), names
