"""The surface layer as a Gaussian model sees it: stability class, wind profile and sigma curves.

References
----------
Briggs, G. A. (1973), Diffusion estimation for small emissions, ATDL contribution 79, NOAA.
CCPS (1999), Guidelines for Consequence Analysis of Chemical Releases, AIChE, New York.
Cimorelli, A. J. et al. (2005), AERMOD: a dispersion model for industrial source applications, Part I,
J. Appl. Meteorol. 44:682-693.
EPA (1995), User's guide for the Industrial Source Complex (ISC3) dispersion models, volume II, EPA-454/B-95-003b.
Golder, D. (1972), Relations among stability parameters in the surface layer, Boundary-Layer Meteorol. 3:47-58.
Hanna, S. R., Briggs, G. A. and Hosker, R. P. (1982), Handbook on atmospheric diffusion, DOE/TIC-11223.
Irwin, J. S. (1979), A theoretical variation of the wind profile power-law exponent as a function of surface roughness
and stability, Atmos. Environ. 13:191-194.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twin.errors import ModelError, near
from twin.weather import Weather

__all__ = ["CLASSES", "SIGMA_SETS", "SigmaSet", "averaging_factor", "pasquill_class", "sigma_set", "wind_ratio"]

CLASSES = ("A", "B", "C", "D", "E", "F")
Terrain = Literal["rural", "urban"]
_Array = NDArray[np.float64]
_Curve = Callable[[str, _Array], _Array]

# Power-law exponents of the wind profile: Irwin (1979), as the defaults of EPA (1995), A to F.
_EXPONENTS: dict[Terrain, tuple[float, ...]] = {
    "rural": (0.07, 0.07, 0.10, 0.15, 0.35, 0.55),
    "urban": (0.15, 0.15, 0.20, 0.25, 0.30, 0.30),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SigmaSet:
    """A pair of curves: how wide and how high a cloud has grown after a travelled distance.

    Parameters
    ----------
    name
        Name in settings.
    terrain
        Surroundings the curves were made for; chooses the wind-profile exponents too.
    crosswind, vertical
        Functions of stability class and distance [m] that return the standard deviation [m].
    averaging_time
        Averaging time the crosswind curve stands for; None for curves of a single puff. [s]
    distances
        Travelled distances the curves are supported by. [m]
    reference
        Where the curves were published.
    """

    name: str
    terrain: Terrain
    crosswind: _Curve
    vertical: _Curve
    averaging_time: float | None
    distances: tuple[float, float]
    reference: str

    def sigma_y(self, stability: str, distance: ArrayLike) -> _Array:
        """Crosswind standard deviation after `distance` [m] in a Pasquill class. [m]"""
        return self.crosswind(stability, np.maximum(np.asarray(distance, float), 0.0))

    def sigma_z(self, stability: str, distance: ArrayLike) -> _Array:
        """Vertical standard deviation after `distance` [m] in a Pasquill class. [m]"""
        return self.vertical(stability, np.maximum(np.asarray(distance, float), 0.0))

    def __repr__(self) -> str:
        low, high = self.distances
        time = "single puff" if self.averaging_time is None else f"averaging time {self.averaging_time:g} s"
        return f"<SigmaSet {self.name!r}: {self.terrain}, {low:g} to {high:g} m, {time}; {self.reference}>"


def _briggs_curve(rows: dict[str, tuple[float, float, float]], stability: str, x: _Array) -> _Array:
    a, b, p = rows[stability]
    return a * x * (1.0 + b * x) ** p


def _briggs(rows: dict[str, tuple[float, float, float]]) -> _Curve:
    """Curves of the form ``a x (1 + b x)**p`` (Briggs 1973)."""
    return partial(_briggs_curve, rows)  # not a closure: clouds are pickled


def _power_curve(rows: dict[str, tuple[float, float]], stability: str, x: _Array) -> _Array:
    a, b = rows[stability]
    return a * x**b


def _power(rows: dict[str, tuple[float, float]]) -> _Curve:
    """Curves of the form ``a x**b``."""
    return partial(_power_curve, rows)


# Briggs (1973), as tabulated by Hanna, Briggs and Hosker (1982), Table 4.5: a, b, p of a x (1 + b x)**p.
_RURAL_Y = {c: (a, 1e-4, -0.5) for c, a in zip(CLASSES, (0.22, 0.16, 0.11, 0.08, 0.06, 0.04), strict=True)}
_RURAL_Z = {
    "A": (0.20, 0.0, 1.0),
    "B": (0.12, 0.0, 1.0),
    "C": (0.08, 2e-4, -0.5),
    "D": (0.06, 1.5e-3, -0.5),
    "E": (0.03, 3e-4, -1.0),
    "F": (0.016, 3e-4, -1.0),
}
_URBAN_Y = {c: (a, 4e-4, -0.5) for c, a in zip(CLASSES, (0.32, 0.32, 0.22, 0.16, 0.11, 0.11), strict=True)}
_URBAN_Z = {
    "A": (0.24, 1e-3, 0.5),
    "B": (0.24, 1e-3, 0.5),
    "C": (0.20, 0.0, 1.0),
    "D": (0.14, 3e-4, -0.5),
    "E": (0.08, 1.5e-3, -0.5),
    "F": (0.08, 1.5e-3, -0.5),
}
# CCPS (1999), puff (instantaneous release) curves over rural and urban ground alike: a, b of a x**b.
_PUFF_Y = dict(
    zip(CLASSES, ((0.18, 0.92), (0.14, 0.92), (0.10, 0.92), (0.06, 0.92), (0.04, 0.92), (0.02, 0.89)), strict=True)
)
_PUFF_Z = dict(
    zip(CLASSES, ((0.60, 0.75), (0.53, 0.73), (0.34, 0.71), (0.15, 0.70), (0.10, 0.65), (0.05, 0.61)), strict=True)
)

# Pasquill-Gifford curves of ISC3, rural: EPA (1995), Tables 1-1 (crosswind) and 1-2 (vertical).
# Crosswind: 465.11628 x tan(0.017453293 (c - d ln x)) with x in km.
_PG_Y = {
    "A": (24.1670, 2.5334),
    "B": (18.3330, 1.8096),
    "C": (12.5000, 1.0857),
    "D": (8.3330, 0.72382),
    "E": (6.2500, 0.54287),
    "F": (4.1667, 0.36191),
}
# Vertical: (upper end of the interval [km], a, b) of a x**b with x in km; never above 5000 m.
_PG_Z: dict[str, tuple[tuple[float, float, float], ...]] = {
    "A": (
        (0.10, 122.800, 0.94470),
        (0.15, 158.080, 1.05420),
        (0.20, 170.220, 1.09320),
        (0.25, 179.520, 1.12620),
        (0.30, 217.410, 1.26440),
        (0.40, 258.890, 1.40940),
        (0.50, 346.750, 1.72830),
        (math.inf, 453.850, 2.11660),
    ),
    "B": ((0.20, 90.673, 0.93198), (0.40, 98.483, 0.98332), (math.inf, 109.300, 1.09710)),
    "C": ((math.inf, 61.141, 0.91465),),
    "D": (
        (0.30, 34.459, 0.86974),
        (1.00, 32.093, 0.81066),
        (3.00, 32.093, 0.64403),
        (10.0, 33.504, 0.60486),
        (30.0, 36.650, 0.56589),
        (math.inf, 44.053, 0.51179),
    ),
    "E": (
        (0.10, 24.260, 0.83660),
        (0.30, 23.331, 0.81956),
        (1.00, 21.628, 0.75660),
        (2.00, 21.628, 0.63077),
        (4.00, 22.534, 0.57154),
        (10.0, 24.703, 0.50527),
        (20.0, 26.970, 0.46713),
        (40.0, 35.420, 0.37615),
        (math.inf, 47.618, 0.29592),
    ),
    "F": (
        (0.20, 15.209, 0.81558),
        (0.70, 14.457, 0.78407),
        (1.00, 13.953, 0.68465),
        (2.00, 13.953, 0.63227),
        (3.00, 14.823, 0.54503),
        (7.00, 16.187, 0.46490),
        (15.0, 17.836, 0.41507),
        (30.0, 22.651, 0.32681),
        (60.0, 27.074, 0.27436),
        (math.inf, 34.219, 0.21716),
    ),
}


def _isc3_crosswind(stability: str, x: _Array) -> _Array:
    c, d = _PG_Y[stability]
    km = np.maximum(x, 1e-9) / 1000.0
    return 465.11628 * km * np.tan(0.017453293 * (c - d * np.log(km)))


def _isc3_vertical(stability: str, x: _Array) -> _Array:
    rows = _PG_Z[stability]
    km = np.maximum(x, 1e-9) / 1000.0
    which = np.searchsorted([end for end, _, _ in rows[:-1]], km, side="left")
    a, b = np.array([row[1] for row in rows]), np.array([row[2] for row in rows])
    sigma: _Array = np.minimum(a[which] * km ** b[which], 5000.0)
    return sigma


def _sets() -> dict[str, SigmaSet]:
    briggs = "Briggs 1973 (ATDL 79), as in Hanna, Briggs & Hosker 1982, Table 4.5"
    found = (
        SigmaSet(
            name="briggs_rural",
            terrain="rural",
            crosswind=_briggs(_RURAL_Y),
            vertical=_briggs(_RURAL_Z),
            averaging_time=600.0,
            distances=(100.0, 10_000.0),
            reference=briggs,
        ),
        SigmaSet(
            name="briggs_urban",
            terrain="urban",
            crosswind=_briggs(_URBAN_Y),
            vertical=_briggs(_URBAN_Z),
            averaging_time=600.0,
            distances=(100.0, 10_000.0),
            reference=briggs,
        ),
        SigmaSet(
            name="isc3_rural",
            terrain="rural",
            crosswind=_isc3_crosswind,
            vertical=_isc3_vertical,
            averaging_time=600.0,
            distances=(100.0, 50_000.0),
            reference="Pasquill-Gifford curves, EPA 1995 (EPA-454/B-95-003b), Tables 1-1 and 1-2",
        ),
        SigmaSet(
            name="ccps_puff",
            terrain="rural",
            crosswind=_power(_PUFF_Y),
            vertical=_power(_PUFF_Z),
            averaging_time=None,
            distances=(100.0, 10_000.0),
            reference="puff curves of CCPS 1999",
        ),
    )
    return {s.name: s for s in found}


SIGMA_SETS = _sets()


def sigma_set(name: str) -> SigmaSet:
    """Return the sigma curves called `name`.

    Raises
    ------
    ModelError
        No such set; the error names near matches.
    """
    if name not in SIGMA_SETS:
        raise ModelError(f"unknown sigma curves {name!r}", where="sigmas", fix=near(str(name), SIGMA_SETS))
    return SIGMA_SETS[name]


def averaging_factor(curves: SigmaSet, averaging_time: float) -> float:
    """Factor on the crosswind sigma for another averaging time.

    ``(averaging_time / curves.averaging_time)**0.2``, the exponent of Gifford (1975) for 3 min to 1 h as given by
    Hanna, Briggs and Hosker (1982), chapter 4. The curves of a single puff are not scaled.

    Raises
    ------
    ModelError
        Averaging time outside 20 s to 3600 s.
    """
    if not 20.0 <= averaging_time <= 3600.0:
        raise ModelError(
            f"averaging_time is {averaging_time!r}",
            where="averaging_time",
            fix="give 20 to 3600 s: the one-fifth power law is not used outside (at 20 s it already halves the width)",
        )
    if curves.averaging_time is None:
        return 1.0
    return float((averaging_time / curves.averaging_time) ** 0.2)


def pasquill_class(weather: Weather) -> str:
    """Pasquill class "A" to "F" of the weather.

    The stated class; with an Obukhov length, the class whose region of Golder's (1972) Fig. 5 holds it, through the
    fitted borders of the CTDMPLUS model that CALPUFF and EPA's MMIF use: with ``m = ln z0`` and z0 kept within 0.01 to
    0.5 m, unstable A | B | C | D at L = 70/(m - 4.35), 85.2/(m - 0.502), 245/(m - 0.05); stable D | E | F at
    L = -327/(m - 0.627), -70/(m - 0.295) metres.
    """
    if weather.stability is not None:
        return weather.stability
    length = weather.obukhov_length
    assert length is not None  # Weather holds one of the two
    m = math.log(min(max(weather.roughness_length, 0.01), 0.5))
    if length < 0.0:
        borders = (70.0 / (m - 4.35), 85.2 / (m - 0.502), 245.0 / (m - 0.05))
        return next((c for c, border in zip("ABC", borders, strict=True) if length >= border), "D")
    if length >= -327.0 / (m - 0.627):
        return "D"
    return "E" if length >= -70.0 / (m - 0.295) else "F"


def wind_ratio(weather: Weather, height: float, terrain: Terrain = "rural") -> float:
    """Mean wind at `height` over the mean wind at ``weather.wind_height``.

    With a stability class: power law with Irwin's (1979) exponents. With an Obukhov length: similarity profile with the
    stability functions of AERMOD (Cimorelli et al. 2005: Paulson's integral with ``(1 - 16 z/L)**0.25`` when unstable,
    ``-17 (1 - exp(-0.29 z/L))`` when stable), linear in height below seven roughness lengths, as there.

    Parameters
    ----------
    weather
        State of the air.
    height
        Height above ground. [m]
    terrain
        "rural" or "urban": which exponents.
    """
    if weather.stability is not None:
        exponent = _EXPONENTS[terrain][CLASSES.index(weather.stability)]
        return float((height / weather.wind_height) ** exponent)
    return _similarity(weather, height) / _similarity(weather, weather.wind_height)


def _similarity(weather: Weather, height: float) -> float:
    """Wind at `height` over u*/k."""
    rough, length = weather.roughness_length, weather.obukhov_length
    assert length is not None
    lowest = 7.0 * rough
    if height < lowest:
        return height / lowest * _similarity(weather, lowest)
    return math.log(height / rough) - _psi(height / length) + _psi(rough / length)


def _psi(zeta: float) -> float:
    if zeta >= 0.0:
        return -17.0 * (1.0 - math.exp(-0.29 * zeta))
    mu = (1.0 - 16.0 * zeta) ** 0.25
    return 2.0 * math.log((1.0 + mu) / 2.0) + math.log((1.0 + mu * mu) / 2.0) - 2.0 * math.atan(mu) + math.pi / 2.0
