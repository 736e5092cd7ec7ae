"""Smoke and fire gases: fractional effective dose and concentration, heat, and walking speed in smoke."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twin.errors import ModelError, near

__all__ = [
    "IRRITANTS",
    "asphyxiant_rate",
    "heat_rate",
    "incapacitated_part",
    "irritant_concentration",
    "smoke_speed",
    "time_to_dose",
]

IRRITANTS: Mapping[str, float] = MappingProxyType(
    {
        "hydrogen chloride": 1000.0,
        "hydrogen bromide": 1000.0,
        "hydrogen fluoride": 500.0,
        "sulfur dioxide": 150.0,
        "nitrogen dioxide": 250.0,
        "acrolein": 30.0,
        "formaldehyde": 250.0,
    }
)
"""Concentration of irritant gases that seriously hinders escape of half of the people. [ppm]

ISO 13571:2012; recalled and not checked against the text."""

_LEAST_OXYGEN = 20.0  # % by volume: the air people live in does not harm them, so nothing is counted above
_SPREAD = 0.94  # sigma of the logarithm of the dose that incapacitates


def asphyxiant_rate(
    *, co: ArrayLike = 0.0, hcn: ArrayLike = 0.0, no2: ArrayLike = 0.0, co2: ArrayLike = 0.0, o2: ArrayLike = 20.9
) -> NDArray[np.float64]:
    """Fractional effective dose of asphyxiants a second; 1 incapacitates the median person. [s⁻¹]

    Parameters
    ----------
    co, hcn, no2
        Volume fractions, any shape. [ppm]
    co2, o2
        Volume fractions. [%]

    Returns
    -------
    ndarray
        The broadcast shape. ``(CO + HCN) * hyperventilation + lack of oxygen``; the rates below are a minute:

        - CO: 2.764e-5 C^1.036, light work, 25 l/min, 30 % carboxyhaemoglobin;
        - HCN: exp(C / 43) / 220 - 0.0045 for C = HCN - NO2, none below 0;
        - hyperventilation by CO2: exp(0.1903 CO2 + 2.0004) / 7.1, 1 without CO2;
        - oxygen: 1 / exp(8.13 - 0.54 (20.9 - O2)) below 20 %, none above, so that plain air gives no dose.

    Raises
    ------
    ModelError
        A negative concentration, or one above 100 %.

    References
    ----------
    Purser D.A. (2002), Toxicity assessment of combustion products, SFPE Handbook, 3rd ed., section 2-6; Korhonen T.,
    FDS+Evac technical reference and user's guide 2.6.0, eqs. 13-19.
    """
    gases = {"co": co, "hcn": hcn, "no2": no2, "co2": co2, "o2": o2}
    values = {name: np.asarray(value, float) for name, value in gases.items()}
    for name, value in values.items():
        most = 1e6 if name in {"co", "hcn", "no2"} else 100.0
        _within(f"asphyxiant_rate({name})", value, 0.0, most, "ppm" if most > 100.0 else "%")
    carbon = 2.764e-5 * values["co"] ** 1.036
    cyanide = np.maximum(values["hcn"] - values["no2"], 0.0)
    nitrile = np.where(cyanide > 0.0, np.maximum(np.exp(cyanide / 43.0) / 220.0 - 0.0045, 0.0), 0.0)
    breath = np.where(values["co2"] > 0.0, np.exp(0.1903 * values["co2"] + 2.0004) / 7.1, 1.0)
    lack = np.where(values["o2"] < _LEAST_OXYGEN, 1.0 / np.exp(8.13 - 0.54 * (20.9 - values["o2"])), 0.0)
    return np.asarray(((carbon + nitrile) * breath + lack) / 60.0)


def irritant_concentration(gases: Mapping[str, ArrayLike]) -> NDArray[np.float64]:
    """Fractional effective concentration of irritants, the sum of each over its limit; 1 seriously hinders escape.

    Parameters
    ----------
    gases
        Volume fractions by name, any shape, names as in :data:`IRRITANTS`. [ppm]

    Raises
    ------
    ModelError
        A gas without a limit, or a fraction that is negative or above 1e6 ppm.
    """
    total = np.zeros(())
    for name, value in gases.items():
        if name not in IRRITANTS:
            fix = near(name, IRRITANTS)
            raise ModelError(f"no limit of irritation is known for {name!r}", where="irritant_concentration", fix=fix)
        _within(f"irritant_concentration({name!r})", value, 0.0, 1e6, "ppm")
        total = total + np.asarray(value, float) / IRRITANTS[name]
    return np.asarray(total)


def heat_rate(
    *, temperature: ArrayLike = 293.15, radiant_flux: ArrayLike = 0.0, clothed: bool = True
) -> NDArray[np.float64]:
    """Fractional effective dose of heat a second; 1 incapacitates by pain. [s⁻¹]

    Parameters
    ----------
    temperature
        Of the air, less than 10 % of it steam. [K]
    radiant_flux
        On the skin; below 2.5 kW m⁻² it is borne for long and counts nothing. [W m⁻²]
    clothed
        Fully clothed, or lightly or not.

    Raises
    ------
    ModelError
        A temperature that is not above 0 K, or a negative flux.

    References
    ----------
    ISO 13571:2012: radiant pain after 4.2 q^-1.9 min (q in kW m⁻²); convection after 4.1e8 T^-3.61 min fully and
    5e7 T^-3.4 min lightly clothed (T in °C). Recalled and not checked against the text.
    """
    _within("heat_rate(temperature)", temperature, np.nextafter(0.0, 1.0), 5000.0, "K")
    _within("heat_rate(radiant_flux)", radiant_flux, 0.0, np.finfo(float).max, "W m⁻²")
    warm = np.maximum(np.asarray(temperature, float) - 273.15, 0.0)
    flux = np.asarray(radiant_flux, float) / 1e3
    convection = warm**3.61 / 4.1e8 if clothed else warm**3.4 / 5e7
    radiation = np.where(flux >= 2.5, flux**1.9 / 4.2, 0.0)
    return np.asarray((convection + radiation) / 60.0)


def _within(where: str, value: ArrayLike, least: float, most: float, unit: str) -> None:
    """Refuse what is no number or outside a range."""
    values = np.asarray(value, float)
    wrong = ~((values >= least) & (values <= most))
    if wrong.any():
        raise ModelError(
            f"{values[wrong].ravel()[0]:g} is given", where=where, fix=f"give {least:g} to {most:g} {unit}"
        )


def time_to_dose(times: ArrayLike, rate: ArrayLike, dose: float = 1.0) -> float:
    """When the integral of a rate reaches a dose; the rate is linear between its times. [s]

    Parameters
    ----------
    times
        Increasing, shape (n,). [s]
    rate
        At those times, shape (n,). [s⁻¹]
    dose
        Dose.

    Returns
    -------
    float
        Inf if not by the last time.
    """
    t, r = np.asarray(times, float), np.asarray(rate, float)
    gained = np.concatenate([[0.0], np.cumsum(0.5 * (r[1:] + r[:-1]) * np.diff(t))])
    at = int(np.searchsorted(gained, dose))
    if at == 0:
        return float(t[0])
    if at == t.size:
        return float("inf")
    start, slope = r[at - 1], (r[at] - r[at - 1]) / (t[at] - t[at - 1])
    need = dose - gained[at - 1]
    root = np.sqrt(max(start**2 + 2.0 * slope * need, 0.0))
    return float(t[at - 1] + 2.0 * need / (start + root))  # the stable form of the root of start x + slope x^2 / 2


def incapacitated_part(dose: ArrayLike, spread: float = _SPREAD) -> NDArray[np.float64]:
    """Part of people incapacitated at a fractional effective dose: lognormal around 1.

    Parameters
    ----------
    dose
        Any shape.
    spread
        Standard deviation of the logarithm; 0.94 puts 11 % at a dose of 0.3.

    References
    ----------
    ISO 13571:2012, the distribution of susceptibility: half of the people at a dose of 1, 11 % at 0.3.
    """
    from scipy.special import ndtr

    with np.errstate(divide="ignore"):
        return np.asarray(ndtr(np.log(np.asarray(dose, float)) / spread))


def smoke_speed(
    extinction: ArrayLike, *, law: Literal["frantzich_nilsson", "fridolf"] = "frantzich_nilsson", lit: bool = False
) -> NDArray[np.float64]:
    """Factor on the walking speed in smoke.

    Parameters
    ----------
    extinction
        Extinction coefficient, any shape. [m⁻¹]
    law
        "frantzich_nilsson": 1 - 0.057 K / 0.706, at least 0.1. "fridolf": V / (V + 2) for a visibility V of 3 / K.
    lit
        Signs shine by themselves: visibility 8 / K.

    Raises
    ------
    ModelError
        Unknown law or negative extinction.

    References
    ----------
    Frantzich H., Nilsson D. (2003), Utrymning genom tät rök, Lund University, report 3126, as used in FDS+Evac 2.6.0,
    eq. 11. Fridolf K. et al. (2019), The representation of evacuation movement in smoke-filled underground
    transportation systems, Tunnelling and Underground Space Technology 90.
    """
    k = np.asarray(extinction, float)
    if not (k >= 0.0).all():
        raise ModelError(f"extinction is {k[~(k >= 0.0)].ravel()[0]:g}", where="smoke_speed", fix="give 0 m⁻¹ or more")
    if law == "frantzich_nilsson":
        return np.asarray(np.maximum(1.0 - 0.057 * k / 0.706, 0.1))
    if law == "fridolf":
        return np.asarray(1.0 / (1.0 + 2.0 * k / (8.0 if lit else 3.0)))
    names = ("frantzich_nilsson", "fridolf")
    raise ModelError(f"there is no law {law!r}", where="smoke_speed", fix=near(str(law), names))
