"""Tables of the properties of a pure substance, made from well-kept property libraries.

CoolProp (reference equations of state) is taken where it has the fluid; otherwise the correlations collected in
``chemicals`` and ``thermo``. The tables shipped in ``plant_models/data/properties`` were written by :func:`tabulate`,
so that neither library has to be loaded to look a property up, and the numbers do not move with their versions. A
substance that is not shipped is tabulated when it is asked for.

Saturated states of a substance without a reference equation are made consistent: the latent heat, the volumes and the
slope of the vapour pressure obey the equation of Clausius and Clapeyron, and the entropy of the liquid is integrated
from ``dh = T ds + v dp``. Isentropes computed from such a table are isentropes.
"""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from plant_models.correlations import ESTIMATES, Pick, choose
from twin.errors import ModelError

__all__ = ["GAS", "SATURATION", "Constants", "constants", "coolprop_name", "identify", "tabulate"]

SATURATION: Mapping[str, str] = {
    "temperature": "K",
    "vapour_pressure": "Pa",
    "liquid_density": "kg m-3",
    "vapour_density": "kg m-3",
    "liquid_enthalpy": "J kg-1",
    "vapour_enthalpy": "J kg-1",
    "liquid_entropy": "J kg-1 K-1",
    "vapour_entropy": "J kg-1 K-1",
    "liquid_heat_capacity": "J kg-1 K-1",
    "surface_tension": "N m-1",
    "liquid_viscosity": "Pa s",
    "liquid_conductivity": "W m-1 K-1",
}
GAS: Mapping[str, str] = {"temperature": "K", "gas_heat_capacity": "J kg-1 K-1", "gas_viscosity": "Pa s"}
_ROWS = 97
_LEAST_PRESSURE = 10.0  # Pa; colder liquids evaporate too slowly to matter
_GAS_TEMPERATURES = np.arange(100.0, 1501.0, 50.0)
_SIMPLE_TOP = 0.99  # of the critical temperature; closer to it the correlations lose their meaning
# What the libraries raise where a correlation is asked for something it was not made for (salts, metals).
_LIBRARY_FAILS = (ValueError, AttributeError, TypeError, ArithmeticError)
# Of the critical temperature, and rows of the table: where fits of liquid properties may turn, and how far it reaches.
_NEAR_CRITICAL, _MARGIN = 0.7, 3
_STEP = 0.01  # K; for slopes of ln p, which are then exact to 1e-7
_COLD, _ROOM, _HOT = 150.0, 300.0, 700.0  # K
_MEASURED_LIMITS = frozenset({"IEC 60079-20-1 (2010)", "NFPA 497 (2008)"})
# Nitrogen dioxide boils as a mixture with its dimer: correlations for either molecule miss the heat of dissociation.
_DISSOCIATES = frozenset({"10102-44-0", "10544-72-6"})

Table = dict[str, NDArray[np.float64]]


def tabulate(cas: str, name: str) -> str:
    """Text of the property table of a substance, in the form that :func:`plant_models.properties.read_curves` reads.

    Parameters
    ----------
    cas
        CAS number.
    name
        Name, for the heading.

    Raises
    ------
    ModelError
        The libraries lack a constant or correlation that the table needs.

    References
    ----------
    Bell, I.H. et al., 2014, Ind. Eng. Chem. Res. 53:2498 (CoolProp). Bell, C., chemicals and thermo (Python packages),
    with the source of each correlation named in the heading of the table.
    """
    fluid = coolprop_name(cas)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            critical, saturation, told = _reference(fluid) if fluid else _correlated(cas, name)
            transport, sources = _transport(cas, saturation["temperature"], fluid)
            gas, gas_sources = _gas(cas, fluid)
        except _LIBRARY_FAILS as error:
            raise _unknown(name, cas) from error
    heading = [
        f"substance: {name}, CAS {cas}",
        f"critical_temperature: {critical:.9g} K",
        *told,
        *sources,
        *gas_sources,
    ]
    blocks = [*(f"# {line}" for line in heading), "[saturation]", *_rows(SATURATION, {**saturation, **transport})]
    return "\n".join([*blocks, "[gas]", *_rows(GAS, gas)]) + "\n"


@lru_cache(maxsize=1)
def _coolprop_names() -> dict[str, str]:
    from CoolProp import CoolProp

    fluids = CoolProp.get_global_param_string("FluidsList").split(",")
    return {CoolProp.get_fluid_param_string(fluid, "CAS"): fluid for fluid in sorted(fluids)}


def coolprop_name(cas: str) -> str:
    """Name of the fluid in CoolProp; "" when it has no equation of state for it."""
    return _coolprop_names().get(cas, "")


def identify(name: str) -> str:
    """CAS number of a substance by any name, formula or number that the libraries know; "" when they know none."""
    import chemicals
    from CoolProp import CoolProp

    if not re.search(r"[A-Za-z]|^\d+-\d\d-\d$", name):
        return ""
    for look_up in (chemicals.CAS_from_any, lambda word: CoolProp.get_fluid_param_string(word, "CAS")):
        try:
            return str(look_up(name))
        except (ValueError, IndexError, KeyError):
            continue
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Constants:
    """Constants of a substance as the library ``chemicals`` has them; SI units, limits as mole fractions."""

    name: str
    formula: str
    molar_mass: float
    boiling_point: float
    critical_temperature: float
    critical_pressure: float
    acentric_factor: float | None
    freezing_point: float | None
    lfl: float | None
    ufl: float | None
    limits_source: str
    source: str


def constants(cas: str) -> Constants:
    """Constants of a substance that is not shipped.

    Raises
    ------
    ModelError
        The library lacks one that is needed.
    """
    import chemicals

    found = chemicals.search_chemical(cas)
    limits: tuple[float | None, float | None] = (None, None)
    method = next((m for m in chemicals.LFL_methods(CASRN=cas) if m in chemicals.UFL_methods(CASRN=cas)), "")
    if method in _MEASURED_LIMITS:
        limits = chemicals.LFL(CASRN=cas, method=method), chemicals.UFL(CASRN=cas, method=method)
    return Constants(
        name=found.common_name,
        formula=found.formula,
        molar_mass=_constant("MW", cas, found.common_name) * 1e-3,
        boiling_point=_constant("Tb", cas, found.common_name),
        critical_temperature=_constant("Tc", cas, found.common_name),
        critical_pressure=_constant("Pc", cas, found.common_name),
        acentric_factor=chemicals.omega(cas),
        freezing_point=_freezing(cas) or None,
        lfl=limits[0],
        ufl=limits[1],
        limits_source=f"{method} in chemicals {chemicals.__version__}",
        source=f"chemicals {chemicals.__version__}",
    )


def _rows(columns: Mapping[str, str], table: Mapping[str, NDArray[np.float64]]) -> list[str]:
    known = [name for name in columns if name in table]
    lines = [",".join(known), ",".join(columns[name] for name in known)]
    rows = zip(*(table[name] for name in known), strict=True)
    return lines + [",".join("" if not np.isfinite(v) else f"{v:.9g}" for v in row) for row in rows]


def _nodes(low: float, high: float, critical: float) -> NDArray[np.float64]:
    """Temperatures spaced evenly in θ = (1 - T/Tc)^(1/3), in which properties are smooth up to the critical point."""
    first, last = math.cbrt(1.0 - low / critical), math.cbrt(1.0 - high / critical)
    return np.asarray(critical * (1.0 - np.linspace(first, last, _ROWS) ** 3))


# --- CoolProp


def _reference(fluid: str) -> tuple[float, Table, list[str]]:
    import CoolProp

    state = CoolProp.CoolProp.AbstractState("HEOS", fluid)
    critical, low = state.T_critical(), max(state.Ttriple(), state.Tmin())
    state.update(CoolProp.QT_INPUTS, 0.0, low)
    if state.p() < _LEAST_PRESSURE:
        state.update(CoolProp.PQ_INPUTS, _LEAST_PRESSURE, 0.0)
        low = state.T()
    nodes = _nodes(low, critical, critical)
    table: Table = {name: np.full(_ROWS, np.nan) for name in list(SATURATION)[:9]}
    table["temperature"] = nodes
    for k, temperature in enumerate(nodes):
        if k == _ROWS - 1:
            state.update(CoolProp.DmassT_INPUTS, state.rhomass_critical(), critical)
        for quality, phase in ((0.0, "liquid"), (1.0, "vapour")):
            if k < _ROWS - 1:
                state.update(CoolProp.QT_INPUTS, quality, temperature)
            table["vapour_pressure"][k] = state.p()
            table[f"{phase}_density"][k] = state.rhomass()
            table[f"{phase}_enthalpy"][k] = state.hmass()
            table[f"{phase}_entropy"][k] = state.smass()
            if phase == "liquid" and temperature < 0.98 * critical:  # it diverges at the critical point
                table["liquid_heat_capacity"][k] = state.cpmass()
    key = CoolProp.CoolProp.get_BibTeXKey(fluid, "EOS")
    return critical, table, [f"saturation: CoolProp {CoolProp.__version__}, reference equation of state {key}"]


# --- correlations


def _correlated(cas: str, name: str) -> tuple[float, Table, list[str]]:
    """Saturation table from correlations, with the vapour volume or the latent heat from Clausius and Clapeyron."""
    molar_mass, critical = _constant("MW", cas, name) * 1e-3, _constant("Tc", cas, name)
    cold = min(_constant("Tb", cas, name) - 60.0, 255.0)  # a pool cools itself that far
    span = (max(cold, _freezing(cas)), 0.85 * critical)  # what a storage tank or a spill goes through
    wide = (span[0], 0.95 * critical)  # liquid volumes and heat capacities are wanted as far as flashing flow goes
    vapour, latent = (_whole(_library(kind, cas, name, span)) for kind in ("VaporPressure", "EnthalpyVaporization"))
    volume, heat = (_library(kind, cas, name, wide) for kind in ("VolumeLiquid", "HeatCapacityLiquid"))
    log_pressure, anchor = _log_pressure(vapour, _constant("Tb", cas, name), critical)
    measured = not {latent.method, vapour.method} & ESTIMATES
    spans = [(vapour.low, vapour.high), *([(latent.low, latent.high)] if measured else [])]
    spans += [] if volume.base or volume.straight else [(volume.low, volume.high)]
    low = max(*(span[0] for span in spans), _freezing(cas))
    high = min(*(span[1] for span in spans), _SIMPLE_TOP * critical)
    if not low < high or log_pressure(high) < math.log(_LEAST_PRESSURE):
        raise _unknown(name, cas)
    if log_pressure(low) < math.log(_LEAST_PRESSURE):
        low = _solve(lambda t: log_pressure(t) - math.log(_LEAST_PRESSURE), low, high)
    t = _nodes(low, high, critical)
    p = np.exp([log_pressure(x) for x in t])
    slope = p * np.array([(log_pressure(x + _STEP) - log_pressure(x - _STEP)) / (2.0 * _STEP) for x in t])
    liquid, heats = volume.values(t), heat.values(t)
    if measured:
        molar_latent = latent.values(t)
        gas = liquid + molar_latent / (t * slope)
    else:
        gas = _cubic_volumes(cas, name, t, p)
        molar_latent = t * slope * (gas - liquid)
    if not np.all(np.isfinite([p, slope, liquid, heats, molar_latent, gas])):
        raise _unknown(name, cas)
    enthalpy, entropy = _integrate(t, p, liquid, heats)
    table = {
        "temperature": t,
        "vapour_pressure": p,
        "liquid_density": molar_mass / liquid,
        "vapour_density": molar_mass / gas,
        "liquid_enthalpy": enthalpy / molar_mass,
        "vapour_enthalpy": (enthalpy + molar_latent) / molar_mass,
        "liquid_entropy": entropy / molar_mass,
        "vapour_entropy": (entropy + molar_latent / t) / molar_mass,
        "liquid_heat_capacity": heats / molar_mass,
    }
    told = [f"vapour_pressure: {vapour.told(t)}{anchor}", f"liquid_density: {volume.told(t)}"]
    told += [f"latent_heat: {latent.told(t)}" if measured else "latent_heat: estimate, see saturation"]
    told += [f"liquid_heat_capacity: {heat.told(t)}"]
    if cas in _DISSOCIATES:
        table = {k: v for k, v in table.items() if not re.match("vapour_(density|ent)|liquid_ent", k)}
        told = [line for line in told if not line.startswith("latent_heat")]
        return critical, table, [*told, "saturation: left out, the vapour is a mixture of NO2 and N2O4"]
    how = "vapour density" if measured else "latent heat, with the vapour density of Peng and Robinson 1976 (estimate),"
    return critical, table, [*told, f"saturation: {how} from the equation of Clausius and Clapeyron"]


def _unknown(name: str, cas: str) -> ModelError:
    return ModelError(
        f"the libraries do not know {name} (CAS {cas}) as a liquid that evaporates",
        fix="build the Substance by hand, or use another one",
    )


def _whole(pick: Pick) -> Pick:
    """The estimate where data are short: a kink in a vapour pressure would be a jump of the latent heat."""
    if not (pick.short and pick.base):
        return replace(pick, base="", straight=False)
    low, high = pick.item.T_limits[pick.base]
    return replace(pick, method=pick.base, low=low, high=high, base="", straight=False)


def _log_pressure(vapour: Pick, boiling: float, critical: float) -> tuple[Callable[[float], float], str]:
    """Logarithm of the vapour pressure, and what was done to it.

    An estimate is bent by a + b/T to an Antoine equation fitted to measurements, where there is one, else by
    b (1/T - 1/Tc) to the normal boiling point, so that it keeps its smooth way to the critical point.
    """

    def plain(t: float) -> float:
        return math.log(vapour.at(t))

    if vapour.method not in ESTIMATES:
        return plain, ""
    antoine = next((m for m in ("LANDOLT", "ANTOINE_POLING") if m in vapour.item.all_methods), None)
    if antoine is None:
        lift = (math.log(101325.0) - plain(boiling)) / (1.0 / boiling - 1.0 / critical)
        return lambda t: plain(t) + lift * (1.0 / t - 1.0 / critical), ", brought to the normal boiling point"
    low, high = vapour.item.T_limits[antoine]
    at = np.append(np.linspace(low, min(high, boiling + 20.0), 5), critical)
    off = [math.log(vapour.item.calculate(x, antoine)) - plain(x) for x in at[:-1]] + [0.0]
    b, a = np.polyfit(1.0 / at, off, 1)
    return lambda t: plain(t) + float(a + b / t), f", brought to {antoine}, {low:.4g} to {high:.4g} K"


def _cubic_volumes(cas: str, name: str, t: NDArray[np.float64], p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Molar volumes of the saturated vapour by Peng and Robinson 1976, Ind. Eng. Chem. Fundam. 15:59. [m³ mol⁻¹]"""
    from thermo.eos import PR

    constants = {
        "Tc": _constant("Tc", cas, name),
        "Pc": _constant("Pc", cas, name),
        "omega": _constant("omega", cas, name),
    }
    return np.array([PR(**constants, T=a, P=b).V_g for a, b in zip(t, p, strict=True)])


def _integrate(
    t: NDArray[np.float64], p: NDArray[np.float64], volume: NDArray[np.float64], heat: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Molar enthalpy and entropy of the saturated liquid along the saturation line, 0 at the coldest node."""
    from scipy.interpolate import CubicSpline

    pressure, swelling = CubicSpline(t, p), CubicSpline(t, volume)
    enthalpy_slope = heat + (volume - t * swelling(t, 1)) * pressure(t, 1)  # dh = cp dT + (v - T dv/dT) dp
    entropy_slope = (enthalpy_slope - volume * pressure(t, 1)) / t  # T ds = dh - v dp
    return (
        np.asarray(CubicSpline(t, enthalpy_slope).antiderivative()(t)),
        np.asarray(CubicSpline(t, entropy_slope).antiderivative()(t)),
    )


def _solve(f: Callable[[float], float], low: float, high: float) -> float:
    from scipy.optimize import brentq

    return float(brentq(f, low, high))


# --- transport and gas


def _transport(cas: str, t: NDArray[np.float64], fluid: str) -> tuple[Table, list[str]]:
    """Surface tension, viscosity and conductivity of the saturated liquid, each within its own range."""
    wanted = (
        ("surface_tension", "SurfaceTension"),
        ("liquid_viscosity", "ViscosityLiquid"),
        ("liquid_conductivity", "ThermalConductivityLiquid"),
    )
    table: Table = {}
    told = []
    for column, kind in wanted:
        item = _library(kind, cas, fluid, (max(t[0], 0.4 * t[-1]), 0.8 * t[-1]), need=False)
        if not item.method:
            continue
        item = replace(item, base=item.base if item.short else "", straight=False)
        values = item.values(t)
        values[~(values > 0.0)] = np.nan
        values[_turn(t / t[-1], values) :] = np.nan
        if np.isfinite(values).sum() > 3:
            table[column] = values
            told.append(f"{column}: {item.told(t)}")
    return table, told


def _turn(place: NDArray[np.float64], values: NDArray[np.float64]) -> int:
    """Row from which a liquid property is left out: a fit that turns upward near the critical point has run away."""
    rises = np.flatnonzero((np.diff(values) >= 0.0) & (place[1:] > _NEAR_CRITICAL))
    return max(int(rises[0]) - _MARGIN, 0) if rises.size else len(values)


def _gas(cas: str, fluid: str) -> tuple[Table, list[str]]:
    """Heat capacity of the ideal gas and viscosity of the dilute gas."""
    capacity, source = _reference_heat(fluid) if fluid else _correlated_heat(cas)
    told = [f"gas_heat_capacity: {source}"]
    table: Table = {"temperature": _GAS_TEMPERATURES, "gas_heat_capacity": capacity}
    viscosity = replace(_library("ViscosityGas", cas, fluid, (250.0, 600.0), need=False), base="", straight=False)
    if viscosity.method:
        low, high = viscosity.low, min(viscosity.high, 1000.0)
        values = [viscosity.at(x) if low <= x <= high else np.nan for x in _GAS_TEMPERATURES]
        table["gas_viscosity"] = np.array(values, dtype=float)
        told.append(f"gas_viscosity: {viscosity.told(_GAS_TEMPERATURES)}")
    return table, told


def _reference_heat(fluid: str) -> tuple[NDArray[np.float64], str]:
    import CoolProp

    state = CoolProp.CoolProp.AbstractState("HEOS", fluid)
    state.specify_phase(CoolProp.iphase_gas)
    top = max(state.Tmax(), _HOT)  # the ideal part of the equation is a sum of Planck-Einstein terms: smooth far beyond
    values = np.full(len(_GAS_TEMPERATURES), np.nan)
    for k, temperature in enumerate(_GAS_TEMPERATURES):
        if min(state.Tmin(), _COLD) <= temperature <= top:
            state.update(CoolProp.DmassT_INPUTS, 1e-6, temperature)
            values[k] = state.cp0mass()
    return values, f"ideal part of the equation of state in CoolProp {CoolProp.__version__}"


def _correlated_heat(cas: str) -> tuple[NDArray[np.float64], str]:
    """Heat capacity of the ideal gas from a correlation.

    The forms are smooth and physical, so that one which begins at 298 K is continued to 200 K.
    """
    molar_mass = _constant("MW", cas, cas) * 1e-3
    heat = replace(_library("HeatCapacityGas", cas, cas, (200.0, 1000.0)), base="", straight=False)
    low, high = min(heat.low, 200.0) if heat.low < _ROOM else heat.low, heat.high
    values = [heat.at(t) / molar_mass if low <= t <= high else np.nan for t in _GAS_TEMPERATURES]
    return np.array(values, dtype=float), heat.told(_GAS_TEMPERATURES)


def _constant(name: str, cas: str, substance: str) -> float:
    import chemicals

    value = getattr(chemicals, name)(cas)
    if value is None:
        raise ModelError(
            f"{name} of {substance} (CAS {cas}) is not known to the library", fix="build the Substance by hand"
        )
    return float(value)


def _freezing(cas: str) -> float:
    import chemicals  # others have sulfur trioxide in another of its solid forms

    handbook = [m for m in chemicals.Tm_methods(cas) if m.startswith("CRC")]
    return float(chemicals.Tm(cas, method=handbook[0] if handbook else None) or 0.0)


def _library(kind: str, cas: str, name: str, span: tuple[float, float], *, need: bool = True) -> Pick:
    """One property by the method of thermo that is best for the temperatures."""
    import inspect

    import chemicals
    import thermo

    maker = getattr(thermo, kind)
    known = {k: getattr(chemicals, k)(cas) for k in ("MW", "Tc", "Pc", "Vc", "omega", "Tb", "Tm")} | {"CASRN": cas}
    takes = inspect.signature(maker.__init__).parameters
    given = {k: v for k, v in known.items() if k in takes and v is not None}
    if kind == "HeatCapacityLiquid":
        heat = _library("HeatCapacityGas", cas, name, (200.0, 1000.0), need=need)
        given["Cpgm"] = lambda t: heat.item.calculate(t, heat.method)
    pick = choose(maker(**given), kind=kind, cas=cas, span=span, library=f"thermo {thermo.__version__}")
    if not pick.method and need:
        raise ModelError(f"{kind} of {name} (CAS {cas}) is not known to the library", fix="build the Substance by hand")
    return pick
