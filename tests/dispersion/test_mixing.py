"""Equilibrium of a substance with moist air, against scipy, and the material that stands for a substance."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import brentq

from dispersion._kernels import mixing
from dispersion.materials import material_of
from plant_models.substances import substance
from twin.weather import AIR_MOLAR_MASS, GAS_CONSTANT, Weather

PRESSURE = 101325.0


def material(name):
    return material_of(substance(name), pressure=PRESSURE, temperature=293.15).array()


def oracle_phases(s, w, temperature, m):
    """Moles of gas by root finding: each vapour holds no more than its saturation ratio of them."""
    f = math.exp(m[6] / (m[3] + m[7]) - m[6] / (temperature + m[7])) if m[6] else 2.0
    celsius = temperature - 273.15
    g = 610.94 * math.exp(17.625 * celsius / (celsius + 243.04)) / PRESSURE  # Alduchov and Eskridge 1996
    dry, ns, nw = (1.0 - s - w) / AIR_MOLAR_MASS, s / m[0], w / mixing.WATER_MOLAR_MASS

    def vapours(n):
        return min(ns, f * n), min(nw, g * n)

    total = brentq(lambda n: n - dry - sum(vapours(n)), 1e-3 * dry, dry + ns + nw + 1.0, xtol=1e-14, rtol=1e-15)
    return vapours(total)[0] * m[0], vapours(total)[1] * mixing.WATER_MOLAR_MASS


def oracle_enthalpy(s, w, v, g, temperature, m):
    """Sum over the five species, latent heats counted at the boiling point and at 298.2 K."""
    latent = m[4] + (m[3] - temperature) * (m[2] - m[1])  # Kirchhoff
    steam = 2441000.0 + (298.2 - temperature) * (4178.0 - 1846.0)
    liquids = s * m[2] * temperature + w * 4178.0 * temperature
    return (1.0 - s - w) * 1005.87 * temperature + liquids + v * latent + g * steam


@pytest.mark.parametrize("name", ["ammonia", "chlorine", "propane", "methane"])
@pytest.mark.parametrize("temperature", [120.0, 200.0, 235.0, 270.0, 300.0])
@pytest.mark.parametrize("s", [0.001, 0.05, 0.4, 0.95])
def test_phases_and_enthalpy_match_a_root_finder(name, temperature, s):
    m, w = material(name), 0.008 * (1.0 - s)
    v, g = oracle_phases(s, w, temperature, m)
    h, rho, vapour, steam = mixing.state_at(s, w, temperature, PRESSURE, m)
    assert vapour == pytest.approx(v, rel=1e-9, abs=1e-15)
    assert steam == pytest.approx(g, rel=1e-9, abs=1e-15)
    assert h == pytest.approx(oracle_enthalpy(s, w, v, g, temperature, m), rel=1e-12)
    moles = (1.0 - s - w) / AIR_MOLAR_MASS + v / m[0] + g / mixing.WATER_MOLAR_MASS
    volume = moles * GAS_CONSTANT * temperature / PRESSURE + (s - v) / m[5] + (w - g) / 1000.0
    assert rho == pytest.approx(1.0 / volume, rel=1e-12)


def test_temperature_comes_back_and_the_energy_closes():
    rng = np.random.default_rng(4)
    s = rng.random(4000) ** rng.integers(1, 5, 4000)
    s[::40] = 1.0  # pure
    s[1::40] = 1.0 - 1e-9  # nearly pure: enthalpy is almost a step at the boiling point
    w = 0.03 * rng.random(4000) * (1.0 - s)
    for name in ("ammonia", "chlorine", "methane"):
        m = material(name)
        temperature = rng.uniform(m[3] - 40.0, 340.0, 4000)
        h = np.array([mixing.state_at(a, b, t, PRESSURE, m)[0] for a, b, t in zip(s, w, temperature, strict=True)])
        out = np.empty((4, 4000))
        assert mixing.states_of(s, w, h, PRESSURE, m, out) == 0
        back = oracle_enthalpy(s, w, out[2], out[3], out[0], m)
        assert np.max(np.abs(back - h) / (np.abs(h) + 1e5)) < 1e-10
        mixed = s < 0.999
        assert np.max(np.abs(out[0] - temperature)[mixed]) < 1e-6


def test_a_flashed_pure_liquid_stays_at_its_boiling_point():
    m = material("ammonia")
    h = m[2] * m[3] + 0.19 * m[4]  # by hand: liquid at the boiling point and 19 % of the latent heat
    status, temperature, rho, vapour, _ = mixing.state_of(1.0, 0.0, h, PRESSURE, m, 300.0)
    assert status == 0
    assert temperature == pytest.approx(m[3], abs=1e-9)
    assert vapour == pytest.approx(0.19, abs=1e-9)
    gas = PRESSURE * m[0] / (GAS_CONSTANT * m[3])
    assert rho == pytest.approx(1.0 / (0.19 / gas + 0.81 / m[5]), rel=1e-9)


def test_a_temperature_that_does_not_exist_is_told():
    assert mixing.state_of(0.5, 0.0, 1e9, PRESSURE, material("ammonia"), 300.0)[0] == 1


def test_constants_are_those_of_the_weather():
    assert (mixing.GAS_CONSTANT, mixing.AIR_MOLAR_MASS) == (GAS_CONSTANT, AIR_MOLAR_MASS)
    water, enthalpy, density = mixing.moist_air(300.0, PRESSURE, 0.0)
    air = Weather(wind_speed=2.0, wind_from=0.0, wind_height=10.0, stability="D", roughness_length=0.1, temperature=300)
    assert (water, density) == (0.0, pytest.approx(air.air_density, rel=1e-12))
    assert enthalpy == pytest.approx(1005.87 * 300.0)


@pytest.mark.parametrize(("temperature", "saturated"), [(273.16, 611.657), (293.15, 2339.3), (313.15, 7384.9)])
def test_water_saturates_as_steam_tables_say(temperature, saturated):
    """IAPWS-95 (Wagner and Pruss 2002); the Magnus form is stated to 0.4 % from -40 to 50 °C."""
    assert mixing.water_saturation(temperature, PRESSURE)[0] * PRESSURE == pytest.approx(saturated, rel=0.004)


@pytest.mark.parametrize("name", ["ammonia", "chlorine", "propane", "methane", "sulfur dioxide", "LNG"])
def test_saturation_curve_follows_the_table_within_its_stated_spread(name):
    known = substance(name)
    found = material_of(known, pressure=PRESSURE, temperature=293.15)
    m = found.array()
    assert found.spread < 0.02
    for fall in (2.0, 6.0, 12.0):
        t = found.boiling_point - fall
        assert mixing.saturation(m, t)[0] * PRESSURE == pytest.approx(known.vapour_pressure(t), rel=found.spread + 5e-4)
    assert mixing.saturation(m, found.boiling_point)[0] == pytest.approx(1.0, abs=1e-12)


def test_what_does_not_boil_here_never_condenses_and_says_so():
    for name in ("carbon dioxide", "town gas"):
        found = material_of(substance(name), pressure=PRESSURE, temperature=293.15)
        assert not found.condenses
        assert name in found.note
        assert mixing.phases(0.5, 0.0, 150.0, PRESSURE, found.array())[0] == 0.5


def test_boiling_point_follows_the_pressure_of_the_air():
    low = material_of(substance("ammonia"), pressure=80_000.0, temperature=293.15)
    assert low.boiling_point == pytest.approx(substance("ammonia").saturation_temperature(80_000.0))
    assert mixing.saturation(low.array(), low.boiling_point)[0] == pytest.approx(1.0, abs=1e-12)
