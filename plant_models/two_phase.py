"""Flow of a liquid that boils on its way out: through a hole, a nozzle or a short pipe.

Three answers stand beside each other, from the least to the most that can come out:

``"equilibrium"``
    Phases in equilibrium, moving together (HEM), on the isentrope of the saturation table. Holds where the fluid stays
    in the opening long enough, from about 0.1 m on.
``"relaxation"``
    Fauske's equilibrium rate model, with a non-equilibrium number for an opening shorter than 0.1 m.
``"frozen"``
    Nothing boils before the outside: Bernoulli. A hole in a thin wall.

``"omega"`` is Leung's closed formula for the first, with or without the boiling delay of Diener and Schmidt; it serves
as a check.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from plant_models.discharge import ATMOSPHERE, HoleFlow, check_ranges, liquid_hole_rate
from plant_models.matter import Substance
from plant_models.properties import hermite_slopes
from twin.errors import ModelError, near

__all__ = [
    "RELAXATION_LENGTH",
    "CriticalFlow",
    "TwoPhaseModel",
    "equilibrium_flux",
    "omega_flux",
    "relaxation_flux",
    "saturation_table",
    "two_phase_hole_rate",
]

TwoPhaseModel = Literal["equilibrium", "relaxation", "frozen", "omega"]
MODELS = ("equilibrium", "relaxation", "frozen", "omega")
# Length in which a flashing liquid comes to equilibrium: Fauske 1985, Plant/Operations Progress 4:132; Crowl and
# Louvar 2011, section 4-7.
RELAXATION_LENGTH = 0.1  # m
_COLUMNS = (
    "vapour_pressure",
    "liquid_density",
    "vapour_density",
    "liquid_enthalpy",
    "vapour_enthalpy",
    "liquid_entropy",
    "vapour_entropy",
)
_LOGARITHMS = (0, 2)
_NEAR = 1e-4  # relative, in which a stated pressure is the vapour pressure


@dataclass(frozen=True, slots=True, kw_only=True)
class CriticalFlow:
    """Mass flux and state in the throat of an ideal opening.

    Parameters
    ----------
    flux
        [kg m⁻² s⁻¹]
    pressure, temperature
        In the throat. [Pa], [K]
    vapour_fraction
        Mass fraction of vapour in the throat.
    density
        Of both phases together in the throat. [kg m⁻³]
    choked
        The throat pressure stands above the outside pressure.
    """

    flux: float
    pressure: float
    temperature: float
    vapour_fraction: float
    density: float
    choked: bool


@lru_cache(maxsize=64)
def saturation_table(of: Substance) -> NDArray[np.float64]:
    """Saturation table of a substance for the kernels, shape (2, n, 7): values and slopes of the columns per row.

    Rows are evenly spaced in θ = (1 - T/Tc)^(1/3), coldest first. Columns: ln pressure, liquid density, ln vapour
    density, liquid and vapour enthalpy, liquid and vapour entropy.

    Raises
    ------
    ModelError
        The saturated states of the substance are not known.
    """
    missing = [name for name in _COLUMNS if name not in of.curves]
    if missing:
        raise ModelError(
            f"the saturated states of {of.name} are not known ({', '.join(missing).replace('_', ' ')})",
            fix="flashing flow needs a pure substance with a saturation table",
        )
    values = np.array([of.curves[name].values for name in _COLUMNS], dtype=np.float64).T
    values[:, _LOGARITHMS] = np.log(values[:, _LOGARITHMS])
    table = np.stack([values, hermite_slopes(values)])
    table.flags.writeable = False
    return table


def _grid(of: Substance) -> tuple[float, float, float]:
    """Critical temperature of the table, θ of its first row, and θ of its last."""
    curve = of.curves["vapour_pressure"]
    critical = curve.critical_temperature or of.critical_temperature
    first, last = (math.cbrt(max(1.0 - t / critical, 0.0)) for t in (curve.low, curve.high))
    return critical, first, last


def equilibrium_flux(
    of: Substance,
    *,
    temperature: float,
    pressure: float | None = None,
    vapour_fraction: float = 0.0,
    ambient_pressure: float = ATMOSPHERE,
) -> CriticalFlow:
    """Critical flow with the phases in equilibrium and moving together (homogeneous equilibrium model, HEM).

    ``G = max ρ sqrt(2 (h₀ - h))`` over the pressures of the isentrope, from the saturation table. A liquid above its
    vapour pressure is taken as incompressible until it boils.

    Parameters
    ----------
    of
        Substance.
    temperature
        Inside. [K]
    pressure
        Inside; None: the vapour pressure. [Pa]
    vapour_fraction
        Inside; not 0 only at the vapour pressure.
    ambient_pressure
        Outside. [Pa]

    Raises
    ------
    ModelError
        Out of range; pressure below the vapour pressure; nothing boils above the outside pressure; a vapour that dries
        as it expands (heavy molecules near saturation).

    References
    ----------
    Leung, J.C., 1986, AIChE J. 32:1743; Starkman, E.S. et al., 1964, J. Basic Eng. 86:257 (homogeneous equilibrium).
    """
    from plant_models._kernels import equilibrium_flux as kernel

    over = _overpressure(of, temperature, pressure, vapour_fraction, ambient_pressure, where="equilibrium_flux")
    table, (critical, first, last) = saturation_table(of), _grid(of)
    rows = table.shape[1] - 1
    place = (math.cbrt(1.0 - temperature / critical) - first) / (last - first) * rows
    out = np.empty(3)
    fault = kernel(table, place, vapour_fraction, over, ambient_pressure, out)
    if fault == 2:
        raise ModelError(
            f"{of.name} with {vapour_fraction:.4g} vapour at {temperature:.5g} K dries on its way out",
            where="equilibrium_flux",
            fix="use real_hole_rate of plant_models.real_flow for a dry vapour, or give less vapour",
        )
    if fault:
        raise ModelError(
            f"{of.name} at {temperature:.5g} K does not boil at {ambient_pressure:.4g} Pa",
            where="equilibrium_flux",
            fix="use liquid_hole_rate; its vapour pressure is below the outside pressure",
        )
    throat = critical * (1.0 - (first + (last - first) * out[1] / rows) ** 3)
    throat = min(max(float(throat), of.curves["vapour_pressure"].low), temperature)
    x, at = float(out[2]), of.vapour_pressure(throat)
    volume = (1.0 - x) / of.liquid_density(throat) + x / of.curves["vapour_density"].at(throat)
    return CriticalFlow(
        flux=float(out[0]),
        pressure=at,
        temperature=throat,
        vapour_fraction=x,
        density=1.0 / volume,
        choked=at > ambient_pressure * (1.0 + 1e-6),
    )


def _overpressure(
    of: Substance,
    temperature: float,
    pressure: float | None,
    vapour_fraction: float,
    ambient_pressure: float,
    *,
    where: str,
) -> float:
    """Pressure above saturation, after checking the state inside and the pressure outside. [Pa]"""
    check_ranges(
        ("temperature", temperature, 1.0, 3000.0, "K"),
        ("vapour_fraction", vapour_fraction, 0.0, 1.0, ""),
        ("ambient_pressure", ambient_pressure, 1e3, 1e8, "Pa"),
        *([("pressure", pressure, 1e3, 1e9, "Pa")] if pressure is not None else []),
        where=where,
    )
    if temperature >= of.critical_temperature:
        raise ModelError(
            f"{of.name} at {temperature:.5g} K is above its critical temperature",
            where=where,
            fix=f"give a temperature below {of.critical_temperature:.5g} K, or use the flow of a gas",
        )
    saturation = of.vapour_pressure(temperature)
    if max(pressure or 0.0, saturation) <= ambient_pressure:
        raise ModelError(
            f"the pressure inside, {pressure or saturation:.6g} Pa, does not exceed {ambient_pressure:.6g} Pa outside",
            where=where,
            fix="nothing flows out; give an absolute pressure above that outside",
        )
    if pressure is None:
        return 0.0
    if pressure < saturation * (1.0 - _NEAR):
        raise ModelError(
            f"{of.name} at {temperature:.5g} K and {pressure:.5g} Pa is below its vapour pressure: it is a gas",
            where=where,
            fix=f"give a pressure from {saturation:.5g} Pa up, or use gas_hole_rate",
        )
    if vapour_fraction > 0.0 and pressure > saturation * (1.0 + _NEAR):
        raise ModelError(
            f"{of.name} with {vapour_fraction:.3g} vapour cannot stand at {pressure:.5g} Pa and {temperature:.5g} K",
            where=where,
            fix=f"leave the pressure out, or give the vapour pressure, {saturation:.5g} Pa",
        )
    return max(pressure - saturation, 0.0)


def omega_flux(
    of: Substance,
    *,
    temperature: float,
    pressure: float | None = None,
    vapour_fraction: float = 0.0,
    ambient_pressure: float = ATMOSPHERE,
    boiling_delay: float = 0.0,
) -> float:
    """Critical flux by Leung's ω: the two-phase mixture expands as v/v₀ = ω (p₀/p - 1) + 1. [kg m⁻² s⁻¹]

    ω = x₀ v_g/v₀ + c T₀ p_s/v₀ (v_fg/h_fg)² N. Saturated inside: the critical ratio η solves η² + (ω² - 2ω)(1 - η)² +
    2ω² ln η + 2ω²(1 - η) = 0 and G = η sqrt(p₀/(v₀ ω)). Subcooled: high subcooling, p_s/p₀ < 2ω/(1 + 2ω), gives
    sqrt(2ρ(p₀ - p_s)), low subcooling the ratio of Leung and Grolmes.

    Parameters
    ----------
    of, temperature, pressure, vapour_fraction, ambient_pressure
        As of :func:`equilibrium_flux`.
    boiling_delay
        Exponent a of N = (x₀ + c T₀ p₀ v_fg/h_fg² ln(1/η))^a, with the critical ratio η of the equilibrium: 0
        equilibrium; 0.4 a long nozzle (safety valve); 0.6 a short one (orifice, control valve).

    Raises
    ------
    ModelError
        Out of range; pressure below the vapour pressure; no pressure to drive a flow.

    Notes
    -----
    ω is that of 1986. Against :func:`equilibrium_flux` (ammonia, propane, chlorine): a saturated liquid within 1 % to
    0.78 of the critical temperature, 6 % less at 0.9, 20 % less at 0.97; with vapour 5 to 7 % less, to 0.8 of it.

    References
    ----------
    Leung, J.C., 1986, AIChE J. 32:1743; Leung, J.C. and Grolmes, M.A., 1988, AIChE J. 34:688 (subcooled inlet), as in
    API Std 520 Part I, 10th ed., sections C.2.2 and C.2.3. Diener, R. and Schmidt, J., 2004, Process Safety Progress
    23:335 (N).
    """
    over = _overpressure(of, temperature, pressure, vapour_fraction, ambient_pressure, where="omega_flux")
    check_ranges(("boiling_delay", boiling_delay, 0.0, 1.0, ""), where="omega_flux")
    x, saturation = vapour_fraction, of.vapour_pressure(temperature)
    gas, liquid = 1.0 / of.curves["vapour_density"].at(temperature), 1.0 / of.liquid_density(temperature)
    latent, heat = of.latent_heat(temperature), of.liquid_heat_capacity(temperature)
    v0, swell = x * gas + (1.0 - x) * liquid, gas - liquid
    boil = heat * temperature * saturation * (swell / latent) ** 2 / v0
    ratio, flux = _leung(x * gas / v0 + boil, saturation, saturation + over, v0, ambient_pressure)
    if boiling_delay and ratio < 1.0:
        share = x + heat * temperature * saturation * swell / latent**2 * math.log(1.0 / ratio)
        delayed = x * gas / v0 + boil * min(share, 1.0) ** boiling_delay
        flux = _leung(delayed, saturation, saturation + over, v0, ambient_pressure)[1]
    return flux


def _leung(omega: float, saturation: float, p0: float, v0: float, back: float) -> tuple[float, float]:
    """Pressure ratio in the throat over saturation (at most 1) and flux of a fluid with this ω."""
    from scipy.optimize import brentq

    if saturation < p0 * (1.0 - 1e-9):
        return _leung_subcooled(omega, saturation, p0, v0, back)

    def choke(r: float) -> float:
        return r * r + omega * (omega - 2.0) * (1.0 - r) ** 2 + 2.0 * omega**2 * (math.log(r) + 1.0 - r)

    critical = float(brentq(choke, 1e-9, 1.0 - 1e-12)) if choke(1.0 - 1e-12) > 0.0 else 1.0
    if back / p0 <= critical:
        return critical, critical * math.sqrt(p0 / (v0 * omega))
    r = min(back / p0, 1.0)
    work = -2.0 * (omega * math.log(r) + (omega - 1.0) * (1.0 - r))
    return r, math.sqrt(max(work, 0.0) * p0 / v0) / (omega * (1.0 / r - 1.0) + 1.0)


def _leung_subcooled(omega: float, saturation: float, p0: float, v0: float, back: float) -> tuple[float, float]:
    from scipy.optimize import brentq

    rs = saturation / p0
    if back >= saturation or rs <= 2.0 * omega / (1.0 + 2.0 * omega):
        return 1.0, math.sqrt(2.0 * (p0 - max(saturation, back)) / v0)

    def choke(r: float) -> float:
        return (
            (omega + 1.0 / omega - 2.0) / (2.0 * rs) * r * r
            - 2.0 * (omega - 1.0) * r
            + omega * rs * math.log(r / rs)
            + 1.5 * omega * rs
            - 1.0
        )

    r = max(float(brentq(choke, 1e-9, rs)), back / p0)
    if r >= rs:
        return 1.0, math.sqrt(2.0 * (p0 - back) / v0)
    work = 2.0 * (1.0 - rs) + 2.0 * (omega * rs * math.log(rs / r) - (omega - 1.0) * (rs - r))
    return r / rs, math.sqrt(p0 / v0 * work) / (omega * (rs / r - 1.0) + 1.0)


def relaxation_flux(
    of: Substance,
    *,
    temperature: float,
    pressure: float | None = None,
    length: float,
    discharge_coefficient: float,
    ambient_pressure: float = ATMOSPHERE,
) -> float:
    """Flux of a liquid that boils in an opening of a stated length, by Fauske's equilibrium rate model. [kg m⁻² s⁻¹]

    ``G = h_fg/v_fg sqrt(1/(N T c))``, with ``N = h_fg²/(2 Δp ρ K² v_fg² T c) + L/L_e`` below L_e = 0.1 m and 1 from
    there on; Δp = p_s - p_air. At L = 0 it is Bernoulli through an orifice with the coefficient K. Above the vapour
    pressure the drop to it adds: ``sqrt(2ρ(p - p_s) k + G²)``, where k goes evenly from K² at L = 0 to 1 at L_e. At
    L_e the flux rises by a few per cent, as N loses its first term; it is 17 to 20 % above :func:`equilibrium_flux`
    there.

    Parameters
    ----------
    of, temperature, pressure, ambient_pressure
        As of :func:`equilibrium_flux`.
    length
        Of the opening. [m]
    discharge_coefficient
        K of the orifice at length 0.

    References
    ----------
    Fauske, H.K., 1985, Plant/Operations Progress 4:132; Fauske, H.K. and Epstein, M., 1988, J. Loss Prev. Process Ind.
    1:75; Crowl, D.A. and Louvar, J.F., 2011, Chemical Process Safety, 3rd ed., section 4-7 (flashing liquids).
    """
    over = _overpressure(of, temperature, pressure, 0.0, ambient_pressure, where="relaxation_flux")
    check_ranges(
        ("length", length, 0.0, 1e4, "m"),
        ("discharge_coefficient", discharge_coefficient, 0.0, 1.0, ""),
        where="relaxation_flux",
    )
    density, heat = of.liquid_density(temperature), of.liquid_heat_capacity(temperature)
    swell = 1.0 / of.curves["vapour_density"].at(temperature) - 1.0 / density
    equilibrium = (of.latent_heat(temperature) / swell) ** 2 / (temperature * heat)
    drop = of.vapour_pressure(temperature) - ambient_pressure
    if drop <= 0.0:
        return math.sqrt(2.0 * density * (over + drop)) * discharge_coefficient
    share = min(length / RELAXATION_LENGTH, 1.0)
    frozen = 2.0 * drop * density * discharge_coefficient**2
    number = share + (equilibrium / frozen if share < 1.0 else 0.0)
    flashing = equilibrium / number
    lift = discharge_coefficient**2 * (1.0 - share) + share
    return math.sqrt(flashing + 2.0 * density * over * lift)


def two_phase_hole_rate(
    of: Substance,
    *,
    hole_diameter: float,
    temperature: float,
    pressure: float | None = None,
    vapour_fraction: float = 0.0,
    discharge_coefficient: float,
    model: TwoPhaseModel = "equilibrium",
    length: float | None = None,
    ambient_pressure: float = ATMOSPHERE,
) -> HoleFlow:
    """Flow of a flashing liquid, or of a liquid and its vapour, through a hole.

    Parameters
    ----------
    of
        Substance.
    hole_diameter
        [m]
    temperature
        Inside. [K]
    pressure
        Inside, absolute; None: the vapour pressure. [Pa]
    vapour_fraction
        Mass fraction of vapour that enters the hole.
    discharge_coefficient
        Factor on the flux; for "relaxation" and "frozen" that of the orifice.
    model
        "equilibrium", "relaxation", "frozen" or "omega".
    length
        Of the opening, for "relaxation". [m]
    ambient_pressure
        Outside. [Pa]

    Raises
    ------
    ModelError
        A value out of range, or a model that does not hold for the state.
    """
    check_ranges(
        ("hole_diameter", hole_diameter, 0.0, 10.0, "m"),
        ("discharge_coefficient", discharge_coefficient, 0.0, 1.0, ""),
        ("vapour_fraction", vapour_fraction, 0.0, 1.0, ""),
        ("ambient_pressure", ambient_pressure, 3e4, 1.2e5, "Pa"),
        where="two_phase_hole_rate",
    )
    if model not in MODELS:
        raise ModelError(
            f"there is no two-phase model {model!r}", where="two_phase_hole_rate", fix=near(str(model), MODELS)
        )
    state: dict[str, Any] = {"temperature": temperature, "pressure": pressure, "ambient_pressure": ambient_pressure}
    if vapour_fraction > 0.0 and model in {"relaxation", "frozen"}:
        raise ModelError(
            f"the model {model!r} is for a liquid without vapour",
            where="two_phase_hole_rate",
            fix='use model="equilibrium"',
        )
    area = 0.25 * math.pi * hole_diameter**2
    if model == "frozen":
        over = _overpressure(of, temperature, pressure, 0.0, ambient_pressure, where="two_phase_hole_rate")
        return liquid_hole_rate(
            hole_diameter=hole_diameter,
            density=of.liquid_density(temperature),
            pressure=of.vapour_pressure(temperature) + over,
            discharge_coefficient=discharge_coefficient,
            ambient_pressure=ambient_pressure,
        )
    if model == "relaxation":
        if length is None:
            raise ModelError(
                "the length of the opening is missing", where="two_phase_hole_rate", fix="give length in metres"
            )
        flux = relaxation_flux(of, length=length, discharge_coefficient=discharge_coefficient, **state)
        return _flow(of, flux, area, temperature, ambient_pressure)
    throat = equilibrium_flux(of, vapour_fraction=vapour_fraction, **state)
    flux = throat.flux if model == "equilibrium" else omega_flux(of, vapour_fraction=vapour_fraction, **state)
    return HoleFlow(
        mass_rate=discharge_coefficient * area * flux,
        velocity=discharge_coefficient * flux / throat.density,
        pressure=throat.pressure,
        temperature=throat.temperature,
        density=throat.density,
        choked=throat.choked,
        vapour_fraction=throat.vapour_fraction,
    )


def _flow(of: Substance, flux: float, area: float, temperature: float, ambient_pressure: float) -> HoleFlow:
    """Flow of a liquid that leaves the hole before it boils."""
    density = of.liquid_density(temperature)
    return HoleFlow(
        mass_rate=area * flux,
        velocity=flux / density,
        pressure=max(of.vapour_pressure(temperature), ambient_pressure),
        temperature=temperature,
        density=density,
        choked=of.vapour_pressure(temperature) > ambient_pressure,
        vapour_fraction=0.0,
    )
