"""What a drill says people breathed, computed again from the formulas; and what it tells about a release."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import norm

from drills.run import run_drill
from plant_models.parks import park_path
from scenarios.load import load
from twin.loading import load_layout

MOLAR_MASS, GAS_CONSTANT = 0.0280101, 8.31446261815324  # carbon monoxide [kg/mol]; [J/mol/K]


@pytest.fixture(scope="module")
def gas_main():
    scenario = load("co-gas-main")
    return scenario, load_layout(park_path(scenario.layout.park))


def hole_rate(ambient: float) -> float:
    """Subsonic flow from the drip pot: 150 mm, 113 kPa, 313.15 K, gamma 1.399 (Crowl and Louvar 2011, chapter 4)."""
    gamma, ratio = 1.399, ambient / 113e3
    density = 113e3 * MOLAR_MASS / (GAS_CONSTANT * 313.15)
    drop = ratio ** (2.0 / gamma) - ratio ** ((gamma + 1.0) / gamma)
    return math.pi * 0.15**2 / 4.0 * math.sqrt(2.0 * density * 113e3 * gamma / (gamma - 1.0) * drop)


@pytest.mark.parametrize("pressure", [101_325.0, 96_000.0])
def test_a_hole_blows_against_the_air_of_the_day(gas_main, pressure) -> None:
    scenario, park = gas_main
    weather = scenario.weather.model_copy(update={"pressure": pressure})
    result = run_drill(scenario.model_copy(update={"weather": weather}), park, team="idle")
    assert float(result.releases[0].mass_rates[0]) == pytest.approx(hole_rate(pressure), rel=1e-3)  # gamma to 4 digits


def test_the_load_in_the_dispatch_room_by_hand(gas_main) -> None:
    scenario, park = gas_main
    result = run_drill(scenario, park, team="idle")
    release, room = result.releases[0], park["CR-3"]
    rate, start, horizon = float(release.mass_rates[0]), 180.0, 2700.0
    # wind at 2 m from 10 m, class D: 0.2**0.15; blowing from 309, 313, 305 degrees at 3.0, 3.4, 3.2 m/s
    t = np.arange(0.0, horizon + 0.25, 0.5)
    turned = np.radians([309.0, 313.0, 305.0])
    speeds = np.array([3.0, 3.4, 3.2]) * 0.2**0.15
    u, v = (np.interp(t, [0.0, 1200.0, 2700.0], -speeds * f(turned)) for f in (np.sin, np.cos))
    x, y, path = (np.concatenate([[0.0], np.cumsum(0.25 * (a[1:] + a[:-1]))]) for a in (u, v, np.hypot(u, v)))
    width, inside, load = 5.0, 0.0, 0.0
    for now in np.arange(start + width / 2.0, horizon, width):
        emitted = start + np.linspace(0.0, 1.0, 2 * int(now - start) + 3) * (now - start)
        emitted, mass = 0.5 * (emitted[1:] + emitted[:-1]), rate * np.diff(emitted)
        away = [np.interp(now, t, a) - np.interp(emitted, t, a) for a in (x, y, path)]
        sy = np.hypot(0.08 * away[2] / np.sqrt(1.0 + 1e-4 * away[2]), 0.1)  # Briggs rural, D
        sz = np.hypot(0.06 * away[2] / np.sqrt(1.0 + 1.5e-3 * away[2]), 0.1)
        flat = ((room.x - release.x - away[0]) ** 2 + (room.y - release.y - away[1]) ** 2) / sy**2
        rise = 1.0 + np.exp(-0.5 * (3.0 / sz) ** 2)  # source and nose at 1.5 m, with the ground
        outside = (mass / ((2.0 * math.pi) ** 1.5 * sy**2 * sz) * np.exp(-0.5 * flat) * rise).sum()
        outside *= 1e6 * GAS_CONSTANT * 289.15 / (101_325.0 * MOLAR_MASS)  # ppm
        fresh = math.exp(-room.number("air_changes") * width)
        load += (outside + (inside - outside) * math.sqrt(fresh)) * width / 60.0  # n = 1: ppm min
        inside = outside + (inside - outside) * fresh
    there = result.people.population.of("gas-dispatch")
    # steps of 5 s here and of 10 s there, while the gas comes within half a minute of 42
    assert result.no_action.load[there] == pytest.approx(np.full(there.size, load), rel=1e-3)
    expected = norm.cdf(-37.98 + 3.7 * math.log(load) - 5.0)  # Lees
    assert result.no_action.probability[there] == pytest.approx(np.full(there.size, expected), abs=2e-3)


def test_a_stated_mass_is_told_to_be_gas() -> None:
    scenario = load("ammonia-puff")
    result = run_drill(scenario, load_layout(park_path(scenario.layout.park)), team="idle")
    notes = " ".join(result.releases[0].notes)
    assert "droplets" in notes
    assert "aerosol" in notes  # what the substance itself has to tell
    # everybody on the bay is inside the burst of 19 t, however the wind blows: 15 m around the tanker at the start
    crew = result.no_action.probability[result.people.population.of("loading-crew")]
    assert crew.min() > 0.99
