"""Published sigma curves by Pasquill class.

References
----------
Bakkum, E. A. and Duijm, N. J. (2005), Vapour cloud dispersion, chapter 4 of Methods for the calculation of physical
effects, CPR 14E (TNO Yellow Book), edited by C. J. H. van den Bosch and R. A. P. M. Weterings.
Briggs, G. A. (1973), Diffusion estimation for small emissions, ATDL contribution 79, NOAA.
CCPS (1999), Guidelines for Consequence Analysis of Chemical Releases, AIChE, New York.
EPA (1995), User's guide for the Industrial Source Complex (ISC3) dispersion models, volume II, EPA-454/B-95-003b.
Hanna, S. R., Briggs, G. A. and Hosker, R. P. (1982), Handbook on atmospheric diffusion, DOE/TIC-11223.
Lees, F. P. (1996), Loss prevention in the process industries, 2nd edition, Butterworth-Heinemann, Oxford.
Turner, D. B. (1970), Workbook of atmospheric dispersion estimates, US EPA AP-26.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from dispersion.sigmas import ClassCurves
from dispersion.stability import CLASSES

__all__ = ["published"]

_Array = NDArray[np.float64]
_Curve = Callable[[str, _Array, float], _Array]


def _briggs_curve(rows: dict[str, tuple[float, float, float]], stability: str, x: _Array, _rough: float) -> _Array:
    a, b, p = rows[stability]
    return a * x * (1.0 + b * x) ** p


def _briggs(rows: dict[str, tuple[float, float, float]]) -> _Curve:
    """Curves of the form ``a x (1 + b x)**p`` (Briggs 1973)."""
    return partial(_briggs_curve, rows)  # not a closure: clouds are pickled


def _power_curve(rows: dict[str, tuple[float, float]], stability: str, x: _Array, _rough: float) -> _Array:
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


def _isc3_crosswind(stability: str, x: _Array, _rough: float) -> _Array:
    c, d = _PG_Y[stability]
    km = np.maximum(x, 1e-9) / 1000.0
    return 465.11628 * km * np.tan(0.017453293 * (c - d * np.log(km)))


def _isc3_vertical(stability: str, x: _Array, _rough: float) -> _Array:
    rows = _PG_Z[stability]
    km = np.maximum(x, 1e-9) / 1000.0
    which = np.searchsorted([end for end, _, _ in rows[:-1]], km, side="left")
    a, b = np.array([row[1] for row in rows]), np.array([row[2] for row in rows])
    sigma: _Array = np.minimum(a[which] * km ** b[which], 5000.0)
    return sigma


# Turner (1970) as fitted by Lees (1996): crosswind a x**b; vertical a x**b up to a distance and
# 10**(c + d log x + e (log x)**2) beyond, x in m and decimal logarithms.
_TURNER_Y = dict(
    zip(
        CLASSES, ((0.493, 0.88), (0.337, 0.88), (0.195, 0.90), (0.128, 0.90), (0.091, 0.91), (0.067, 0.90)), strict=True
    )
)
_TURNER_Z: dict[str, tuple[float, float, float, float, float, float]] = {
    "A": (0.087, 1.10, 300.0, -1.67, 0.902, 0.181),
    "B": (0.135, 0.95, 500.0, -1.25, 1.09, 0.0018),
    "C": (0.112, 0.91, math.inf, 0.0, 0.0, 0.0),
    "D": (0.093, 0.85, 500.0, -1.22, 1.08, -0.061),
    "E": (0.082, 0.82, 500.0, -1.18, 1.04, -0.070),
    "F": (0.057, 0.80, 500.0, -1.91, 1.37, -0.119),
}
# TNO Yellow Book: a, b of a x**b; the vertical curve is for a roughness of 0.1 m.
_TNO_Y = dict(
    zip(
        CLASSES,
        ((0.527, 0.865), (0.371, 0.866), (0.209, 0.897), (0.128, 0.905), (0.098, 0.902), (0.065, 0.902)),
        strict=True,
    )
)
_TNO_Z = dict(
    zip(CLASSES, ((0.28, 0.90), (0.23, 0.85), (0.22, 0.80), (0.20, 0.76), (0.15, 0.73), (0.12, 0.67)), strict=True)
)


def _turner_vertical(stability: str, x: _Array, _rough: float) -> _Array:
    a, b, border, c, d, e = _TURNER_Z[stability]
    far = np.log10(np.maximum(x, 1.0))
    sigma: _Array = np.where(x <= border, a * x**b, 10.0 ** np.minimum(c + d * far + e * far**2, math.log10(5000.0)))
    return sigma


def _tno_vertical(stability: str, x: _Array, rough: float) -> _Array:
    a, b = _TNO_Z[stability]
    # The exponent of the roughness factor grows without bound towards the source; the curves begin at 100 m.
    return a * x**b * (10.0 * rough) ** (0.53 * np.maximum(x, 100.0) ** -0.22)


def published() -> tuple[ClassCurves, ...]:
    """All sets of this file."""
    briggs = "Briggs 1973 (ATDL 79), as in Hanna, Briggs & Hosker 1982, Table 4.5"
    return (
        ClassCurves(
            name="briggs_rural",
            terrain="rural",
            crosswind=_briggs(_RURAL_Y),
            vertical=_briggs(_RURAL_Z),
            averaging_time=600.0,
            distances=(100.0, 10_000.0),
            reference=briggs,
        ),
        ClassCurves(
            name="briggs_urban",
            terrain="urban",
            crosswind=_briggs(_URBAN_Y),
            vertical=_briggs(_URBAN_Z),
            averaging_time=600.0,
            distances=(100.0, 10_000.0),
            reference=briggs,
        ),
        ClassCurves(
            name="isc3_rural",
            terrain="rural",
            crosswind=_isc3_crosswind,
            vertical=_isc3_vertical,
            averaging_time=600.0,
            distances=(100.0, 50_000.0),
            reference="Pasquill-Gifford curves, EPA 1995 (EPA-454/B-95-003b), Tables 1-1 and 1-2",
        ),
        ClassCurves(
            name="ccps_puff",
            terrain="rural",
            crosswind=_power(_PUFF_Y),
            vertical=_power(_PUFF_Z),
            averaging_time=None,
            distances=(100.0, 10_000.0),
            reference="puff curves of CCPS 1999",
        ),
        ClassCurves(
            name="turner",
            terrain="rural",
            crosswind=_power(_TURNER_Y),
            vertical=_turner_vertical,
            averaging_time=600.0,
            distances=(100.0, 20_000.0),
            reference="Pasquill-Gifford curves of Turner 1970 (AP-26) as fitted in Lees 1996, class A to 3 km",
        ),
        ClassCurves(
            name="tno",
            terrain="rural",
            crosswind=_power(_TNO_Y),
            vertical=_tno_vertical,
            averaging_time=600.0,
            distances=(100.0, 10_000.0),
            reference="TNO Yellow Book (CPR 14E, 2005), section 4.5.3.4, with its factor for the roughness length",
        ),
    )
