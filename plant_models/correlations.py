"""Correlations of one property of one substance, chosen among those that ``thermo`` and ``chemicals`` collect."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["ESTIMATES", "Pick", "choose"]

# Share of the wanted temperatures that makes a correlation good, or better than an estimate.
_WHOLE, _COVERED = 0.9, 0.5
_SLACK = 1e-9  # of a temperature; a node that is meant to lie on the end of a range
# Methods of thermo that rest on corresponding states or on groups instead of data.
_NAMES = """
MORGAN_KOBAYASHI ALIBAKHSHI VELASCO SIVARAMAN_MAGEE_KOBAYASHI VETERE PITZER CLAPEYRON LIU RIEDEL CHEN
LEE_KESLER_PSAT AMBROSE_WALTON SANJARI EDALAT BOILING_CRITICAL RACKETT MMSNM0 MMSNM0FIT YEN_WOODS_SAT YAMADA_GUNN
TOWNSEND_HALES HTCOSTALD CAMPBELL_THODOS BHIRUD_NORMAL ROWLINSON_POLING ROWLINSON_BONDI DADGOSTAR_SHAW LASTOVKA_S
JOBACK BROCK_BIRD SASTRI_RAO PITZER_SIGMA ZUO_STENBY MIQUEU LETSOU_STIEL PRZEDZIECKI_SRIDHAR GHARAGHEIZI_L NICOLA
BAHADORI_L LAKSHMI_PRASAD SHEFFY_JOHNSON SATO_RIEDEL GHARAGHEIZI YOON_THODOS STIEL_THODOS LUCAS_GAS
"""
ESTIMATES = frozenset(_NAMES.split())
# Never a property of a saturated liquid or dilute gas over a range: a single point, or something made up by an
# equation of state.
_UNFIT = frozenset(
    {"EOS", "CRC_INORG_L_CONST", "CRC_INORG_L", "CRC_ORG_L", "CRCSTD", "POLING_CONST", "COMMON_CHEMISTRY"}
)
# Methods that hold one measured value, as if it were the same at every temperature; the first is taken.
_POINTS: Mapping[str, tuple[str, ...]] = {
    "VolumeLiquid": ("CRC_INORG_L_CONST", "CRC_INORG_L", "COMMON_CHEMISTRY"),
    "HeatCapacityLiquid": ("CRCSTD", "POLING_CONST"),
    "HeatCapacityGas": ("CRCSTD",),
}
# Measured heat capacities of liquids for which thermo has estimates alone, which are 17 to 108 % too high there:
# temperature [K] and [J mol⁻¹ K⁻¹]. Nitrogen dioxide: half of that of N2O4.
_CHEMSEP = "ChemSep pure component data (Kooijman and Taylor), as distributed with OMChemSim"
_LIQUID_HEATS: Mapping[str, tuple[float, float, str]] = {
    "10102-43-9": (121.4, 79.3, _CHEMSEP),  # nitric oxide
    "50-00-0": (254.05, 68.4, _CHEMSEP),  # formaldehyde
    "107-13-1": (298.15, 108.9, _CHEMSEP),  # acrylonitrile
    "10102-44-0": (294.3, 71.6, f"{_CHEMSEP}, half of dinitrogen tetroxide"),
}
# Correlations that other evidence speaks against. Formaldehyde: 43 mN/m at the boiling point, where five methods of
# corresponding states give 21 to 30. Epichlorohydrin: boils 1.8 K too hot. Allyl alcohol: less than half of Dutt and
# Prasad at 298 K, as if it were no alcohol. Hydrogen fluoride: not a liquid of single molecules.
_DISTRUSTED = frozenset(
    {
        ("50-00-0", "SurfaceTension", "VDI_PPDS"),
        ("106-89-8", "VaporPressure", "ANTOINE_WEBBOOK"),
        ("107-18-6", "ViscosityLiquid", "VISWANATH_NATARAJAN_2"),
        ("7664-39-3", "HeatCapacityLiquid", "ROWLINSON_POLING"),
        ("7664-39-3", "HeatCapacityLiquid", "ROWLINSON_BONDI"),
    }
)
_ROOM_POINT = 298.15  # K; where single heat capacities are stated
_CONSTANT_HEAT = (200.0, 400.0)  # K; where the heat capacity of a gas known at 298 K only is taken as constant


@dataclass(frozen=True, slots=True, kw_only=True)
class Pick:
    """A property by a method of thermo; where its range ends, an estimate goes on, scaled to meet it there.

    Parameters
    ----------
    item
        Property of thermo.
    library
        Name and version, for the source.
    method
        Of thermo; "" when nothing is known.
    low, high
        Range of the method. [K]
    base
        Estimate that goes on; "": none.
    straight
        Without such an estimate, a straight line goes on.
    short
        The method covers little of what is wanted.
    point
        A measured value at `low`, and its source; None: ask the method.
    """

    item: Any
    library: str = "thermo"
    method: str = ""
    low: float = 0.0
    high: float = 0.0
    base: str = ""
    straight: bool = False
    short: bool = False
    point: tuple[float, str] | None = None

    def at(self, temperature: float) -> float:
        """Value at the temperature [K], in the unit of thermo (molar)."""
        inside = min(max(temperature, self.low), self.high)
        if (self.covers(temperature) and not self.point) or not (self.base or self.straight):
            return float(self.item.calculate(temperature, self.method))
        if not self.base:
            end, before = (
                float(self.item.calculate(x, self.method))
                for x in (inside, inside + math.copysign(1.0, inside - temperature))
            )
            return end + (end - before) * abs(temperature - inside)
        known = self.point[0] if self.point else self.item.calculate(inside, self.method)
        return float(known * self.item.calculate(temperature, self.base) / self.item.calculate(inside, self.base))

    def covers(self, temperature: float) -> bool:
        """Whether the temperature [K] lies in the range of the method."""
        return bool(self.low * (1.0 - _SLACK) <= temperature <= self.high * (1.0 + _SLACK))

    def values(self, t: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values at temperatures, nan where nothing is known."""
        return np.array(
            [self.at(x) if self.base or self.straight or self.covers(x) else np.nan for x in t], dtype=float
        )

    def told(self, t: NDArray[np.float64]) -> str:
        """Where the values at rising temperatures come from."""
        where = f"{self.low:.4g} to {self.high:.4g} K" if self.low < self.high else f"one value at {self.low:.4g} K"
        named = self.point[1] if self.point else f"{self.method}, in {self.library}"
        guess = " (estimate)" if self.method in ESTIMATES and not self.point else ""
        if (self.covers(t[0]) and self.covers(t[-1])) or not (self.base or self.straight):
            return f"{named}, {where}{guess}"
        beyond = f"{self.base} scaled to meet it" if self.base else "a straight line"
        return f"{named}, {where}{guess}, beyond it {beyond} (estimate)"


def choose(item: Any, *, kind: str, cas: str, span: tuple[float, float], library: str = "thermo") -> Pick:
    """Method of a property of thermo that is best for the temperatures; one named "" when nothing is known.

    Data come before estimates, those that thermo prefers before others; data that cover less than `_COVERED` of the
    span, or a single measured value, fix the scale of an estimate.

    Parameters
    ----------
    item
        Property of thermo, such as a ``thermo.VaporPressure``.
    kind
        Name of its class.
    cas
        CAS number of the substance.
    span
        Temperatures that are wanted. [K]
    library
        Name and version, for the source.
    """
    refused = _UNFIT | {method for c, k, method in _DISTRUSTED if (c, k) == (cas, kind)}
    pick = _best(item, [m for m in _ranked(item) if m not in refused], span)
    if not pick.method or pick.method in ESTIMATES:
        pick = _point(item, kind, cas, pick)
    return replace(pick, library=library)


def _ranked(item: Any) -> list[str]:
    """Methods of an item, the one that thermo chose first, and those that it does not rank last."""
    known = [
        m for m in (*item.ranked_methods, *sorted(item.all_methods)) if m in item.all_methods and m in item.T_limits
    ]
    return sorted(dict.fromkeys(known), key=lambda m: m != item.method)


def _best(item: Any, ranked: list[str], span: tuple[float, float]) -> Pick:
    def covered(method: str) -> float:
        low, high = item.T_limits[method]
        return float(max(min(high, span[1]) - max(low, span[0]), 0.0) / (span[1] - span[0]))

    data = [m for m in ranked if m not in ESTIMATES and covered(m) > 0.0]
    widest = sorted(data, key=covered, reverse=True)
    estimates = [m for m in ranked if m in ESTIMATES and covered(m) >= _WHOLE]
    chosen = next((m for m in data if covered(m) >= _WHOLE), next(iter(widest or estimates), None))
    if chosen is None:
        return Pick(item=item)
    low, high = item.T_limits[chosen]
    base = estimates[0] if estimates and chosen not in estimates else ""
    few = covered(chosen) < _COVERED
    return Pick(item=item, method=chosen, low=low, high=high, base=base, short=few, straight=not estimates)


def _point(item: Any, kind: str, cas: str, pick: Pick) -> Pick:
    """An estimate brought to a measured value, where there is one."""
    if kind == "HeatCapacityLiquid" and cas in _LIQUID_HEATS:
        at, value, source = _LIQUID_HEATS[cas]
        return replace(pick, low=at, high=at, base=pick.method, short=True, point=(value, source))
    method = next((m for m in _POINTS.get(kind, ()) if m in item.all_methods), None)
    if method is None:
        return pick
    if kind == "HeatCapacityGas":
        return replace(pick, method=method, low=_CONSTANT_HEAT[0], high=_CONSTANT_HEAT[1]) if not pick.method else pick
    at = _ROOM_POINT if kind == "HeatCapacityLiquid" else item.T_limits[method][0]
    return replace(pick, method=method, low=at, high=at, base=pick.method, short=True)
