# mypy: allow-untyped-defs, allow-untyped-calls
"""Gas, droplets and moist air in homogeneous equilibrium: one temperature, ideal vapours, droplets that do not mix.

Mass fractions are of the mixture: ``substance`` (vapour and droplets), ``water`` (vapour and fog), the rest dry air. A
``material`` (8,) holds molar mass [kg mol⁻¹], heat capacities of vapour and of liquid [J kg⁻¹ K⁻¹], boiling point at
the pressure of the air [K], latent heat there [J kg⁻¹], density of the liquid [kg m⁻³], and B, C [K] of
``p_saturated / p = exp(B/(T_boil + C) - B/(T + C))``; B = 0 is a vapour that never condenses. Heat capacities are
constant, so specific enthalpies are straight lines with their zero at 0 K: ``c_l T`` for liquids, ``c_v T + L0`` for
their vapours, where ``L0 = L + T_boil (c_l - c_v)``, and ``c T`` for dry air.

References
----------
Alduchov, O. A. and Eskridge, R. E. (1996), Improved Magnus form approximation of saturation vapor pressure, J. Appl.
Meteorol. 35:601-609.
Ermak, D. L. (1990), User's manual for SLAB, UCRL-MA-105607, section 2.5.4 and equations 10 and 40 to 44.
"""

from __future__ import annotations

import math

from numba import njit

MOLAR_MASS, VAPOUR_HEAT, LIQUID_HEAT, BOILING, LATENT, LIQUID_DENSITY, CURVE_B, CURVE_C = range(8)
GAS_CONSTANT = 8.31446261815324  # J mol⁻¹ K⁻¹, and the molar mass of dry air: as in twin.weather
AIR_MOLAR_MASS = 0.0289652
AIR_HEAT = 1005.87  # J kg⁻¹ K⁻¹, Ermak 1990 (as the heat capacities and the latent heat of water at 298.2 K)
WATER_MOLAR_MASS = 0.01801528  # kg mol⁻¹, IAPWS
WATER_VAPOUR_HEAT, WATER_LIQUID_HEAT, WATER_DENSITY = 1846.0, 4178.0, 1000.0
WATER_LATENT_ZERO = 2441000.0 + 298.2 * (WATER_LIQUID_HEAT - WATER_VAPOUR_HEAT)  # L0, J kg⁻¹
# ln p [Pa] = A - B/(T + C): p = 610.94 Pa exp(17.625 t/(t + 243.04 °C)), Alduchov and Eskridge 1996, -40 to 50 °C
WATER_A, WATER_B, WATER_C = math.log(610.94) + 17.625, 17.625 * 243.04, 243.04 - 273.15

_PASSES, _LOWEST, _HIGHEST = 80, 1.0, 10_000.0
_EXACT = 1e-11  # of the enthalpy


@njit(cache=True, nogil=True, error_model="numpy")
def saturation(material, temperature):
    """Saturation pressure over that of the air, and its slope; beyond 1 (superheated liquid) a straight line."""
    b, boiling = material[CURVE_B], material[BOILING] + material[CURVE_C]
    if b <= 0.0:
        return 2.0, 0.0
    t = temperature + material[CURVE_C]
    if t <= 0.0:
        return 0.0, 0.0
    ratio = math.exp(min(b / boiling - b / t, 0.0))
    if t > boiling:
        slope = b / (boiling * boiling)
        return 1.0 + slope * (t - boiling), slope
    return ratio, ratio * b / (t * t)


@njit(cache=True, nogil=True, error_model="numpy")
def water_saturation(temperature, pressure):
    """Saturation pressure of water over that of the air, and its slope."""
    t = temperature + WATER_C
    if t <= 0.0:
        return 0.0, 0.0
    ratio = math.exp(min(WATER_A - WATER_B / t, 60.0)) / pressure
    return ratio, ratio * WATER_B / (t * t)


@njit(cache=True, nogil=True, error_model="numpy")
def phases(substance, water, temperature, pressure, material):
    """Vapour parts of substance and water (mass fractions of the mixture), and their slopes with temperature.

    With N moles of gas in all a vapour is saturated when its moles would exceed its saturation ratio times N. What
    condenses lowers N and so brings the other nearer to saturation: flags that were set stay set, two passes settle it.
    Both cannot be set with f + g >= 1, for then their moles would exceed N.
    """
    f, df = saturation(material, temperature)
    g, dg = water_saturation(temperature, pressure)
    dry = max(1.0 - substance - water, 0.0) / AIR_MOLAR_MASS
    s, w = substance / material[MOLAR_MASS], water / WATER_MOLAR_MASS
    wet_s, wet_w = False, False
    moles, left = dry + s + w, 1.0
    for _ in range(2):
        if f < 1.0 and s > f * moles:
            wet_s = True
        if g < 1.0 and w > g * moles:
            wet_w = True
        left = 1.0 - (f if wet_s else 0.0) - (g if wet_w else 0.0)
        moles = (dry + (0.0 if wet_s else s) + (0.0 if wet_w else w)) / left
    rise = moles * ((df if wet_s else 0.0) + (dg if wet_w else 0.0))
    vapour, steam, slope_v, slope_w = substance, water, 0.0, 0.0
    if wet_s:
        vapour = min(material[MOLAR_MASS] * f * moles, substance)
        slope_v = material[MOLAR_MASS] * (df * moles + f * rise / left)
    if wet_w:
        steam = min(WATER_MOLAR_MASS * g * moles, water)
        slope_w = WATER_MOLAR_MASS * (dg * moles + g * rise / left)
    return vapour, steam, slope_v, slope_w


@njit(cache=True, nogil=True, error_model="numpy")
def heat_capacity(substance, water, vapour, steam, material):
    """Heat capacity of the mixture with its phases held. [J kg⁻¹ K⁻¹]"""
    return (
        (1.0 - substance - water) * AIR_HEAT
        + vapour * material[VAPOUR_HEAT]
        + (substance - vapour) * material[LIQUID_HEAT]
        + steam * WATER_VAPOUR_HEAT
        + (water - steam) * WATER_LIQUID_HEAT
    )


@njit(cache=True, nogil=True, error_model="numpy")
def latent_zero(material):
    """Latent heat of the substance carried back to 0 K, where enthalpies have their zero. [J kg⁻¹]"""
    return material[LATENT] + material[BOILING] * (material[LIQUID_HEAT] - material[VAPOUR_HEAT])


@njit(cache=True, nogil=True, error_model="numpy")
def enthalpy_of(substance, water, vapour, steam, temperature, material):
    """Specific enthalpy of a mixture whose phases are given. [J kg⁻¹]"""
    return (
        heat_capacity(substance, water, vapour, steam, material) * temperature
        + vapour * latent_zero(material)
        + steam * WATER_LATENT_ZERO
    )


@njit(cache=True, nogil=True, error_model="numpy")
def density_of(substance, water, vapour, steam, temperature, pressure, material):
    """Density of a mixture whose phases are given: volumes of ideal vapours and of droplets add. [kg m⁻³]"""
    dry = 1.0 - substance - water
    moles = dry / AIR_MOLAR_MASS + vapour / material[MOLAR_MASS] + steam / WATER_MOLAR_MASS
    drops = (substance - vapour) / material[LIQUID_DENSITY] + (water - steam) / WATER_DENSITY
    return 1.0 / (moles * GAS_CONSTANT * temperature / pressure + drops)


@njit(cache=True, nogil=True, error_model="numpy")
def state_at(substance, water, temperature, pressure, material):
    """Specific enthalpy, density, vapour of the substance and of the water at a temperature."""
    vapour, steam, _, _ = phases(substance, water, temperature, pressure, material)
    enthalpy = enthalpy_of(substance, water, vapour, steam, temperature, material)
    density = density_of(substance, water, vapour, steam, temperature, pressure, material)
    return enthalpy, density, vapour, steam


@njit(cache=True, nogil=True, error_model="numpy")
def state_of(substance, water, enthalpy, pressure, material, guess):
    """Status, temperature, density, vapour of the substance and of the water at a specific enthalpy.

    Newton on the enthalpy, which rises with temperature, kept inside a shrinking bracket. Where a nearly pure substance
    boils the enthalpy is almost a step in temperature: what the step in the last bit of temperature leaves is put right
    in the droplets, so the energy closes. Status 0, or 1 when no temperature from 1 to 10 000 K holds the enthalpy.
    """
    low, high, t = _LOWEST, _HIGHEST, guess
    if not low < t < high:
        t = 300.0
    vapour, steam, excess = substance, water, 0.0
    scale = heat_capacity(substance, water, substance, water, material) * t + abs(enthalpy)
    for _ in range(_PASSES):
        vapour, steam, slope_v, slope_w = phases(substance, water, t, pressure, material)
        excess = enthalpy_of(substance, water, vapour, steam, t, material) - enthalpy
        if abs(excess) <= _EXACT * scale:
            break
        if excess > 0.0:
            high = t
        else:
            low = t
        slope = heat_capacity(substance, water, vapour, steam, material)
        slope += slope_v * (latent_zero(material) + t * (material[VAPOUR_HEAT] - material[LIQUID_HEAT]))
        slope += slope_w * (WATER_LATENT_ZERO + t * (WATER_VAPOUR_HEAT - WATER_LIQUID_HEAT))
        following = t - excess / slope
        if not low < following < high:
            following = 0.5 * (low + high)
        if following == t or high - low <= 4e-16 * high:
            break
        t = following
    status = 0
    if abs(excess) > _EXACT * scale:
        heat = latent_zero(material) + t * (material[VAPOUR_HEAT] - material[LIQUID_HEAT])
        vapour = min(max(vapour - excess / heat, 0.0), substance)
        excess = enthalpy_of(substance, water, vapour, steam, t, material) - enthalpy
        if not abs(excess) <= 1e-10 * scale:
            status = 1
    return status, t, density_of(substance, water, vapour, steam, t, pressure, material), vapour, steam


@njit(cache=True, nogil=True, error_model="numpy")
def moist_air(temperature, pressure, humidity):
    """Mass fraction of water, specific enthalpy and density of air at a relative humidity of 0 to 1."""
    x = min(humidity * water_saturation(temperature, pressure)[0], 1.0)
    water = x * WATER_MOLAR_MASS / (x * WATER_MOLAR_MASS + (1.0 - x) * AIR_MOLAR_MASS)
    heat = (1.0 - water) * AIR_HEAT + water * WATER_VAPOUR_HEAT
    moles = (1.0 - water) / AIR_MOLAR_MASS + water / WATER_MOLAR_MASS
    density = pressure / (moles * GAS_CONSTANT * temperature)
    return water, heat * temperature + water * WATER_LATENT_ZERO, density


@njit(cache=True, nogil=True, error_model="numpy")
def states_of(substance, water, enthalpy, pressure, material, out):
    """`state_of` for arrays of equal length; rows of ``out`` (4, n): temperature, density, vapours. First status."""
    worst = 0
    t = 300.0
    for k in range(substance.size):
        status, t, rho, vapour, steam = state_of(substance[k], water[k], enthalpy[k], pressure, material, t)
        out[0, k], out[1, k], out[2, k], out[3, k] = t, rho, vapour, steam
        worst = max(worst, status)
    return worst
