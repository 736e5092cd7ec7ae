"""Broken gas lines: the mass packed in them, the feed, and what a valve is worth."""

from __future__ import annotations

import math

import numpy as np
import pytest
from shapely.geometry import LineString

from plant_models import Surroundings, new_asset, source_term
from plant_models.flashing_pipes import flashing_pipe_rate
from plant_models.fluids import compressibility
from plant_models.pipes import gas_pipe_rate
from plant_models.substances import substance
from plant_models.two_phase import equilibrium_flux
from twin.assets import Link
from twin.graph import Twin

AIR = Surroundings(
    air_temperature=288.15,
    air_pressure=101325.0,
    wind_speed=3.0,
    ground="concrete",
    ground_temperature=288.15,
    solar_flux=0.0,
)
LENGTH, BORE, PRESSURE, TEMPERATURE = 4000.0, 0.3, 4e6, 288.15


def park(length: float = LENGTH) -> Twin:
    """A well-fed methane line: B-1 (battery limit) -> XV-1 -> P-1, dead at its other end."""
    line = LineString([(10.0, 0.0), (10.0 + length, 0.0)])
    state = {"substance": "methane", "pressure": PRESSURE, "temperature": TEMPERATURE}
    assets = [
        new_asset("battery_limit", "B-1", x=0.0, y=0.0, **state),
        new_asset("valve", "XV-1", x=5.0, y=0.0, closing_time=20.0),
        new_asset("pipe", "P-1", shape=line, diameter=BORE, release_height=1.0, **state),
    ]
    ways = [("B-1", "XV-1"), ("XV-1", "P-1")]
    return Twin(assets, [Link(source=a, target=b, layer="process", relation="flows_to") for a, b in ways])


def broken(**options):
    plant = park()
    return source_term(plant["P-1"], hole_diameter=BORE, until=1800.0, surroundings=AIR, park=plant, **options)


def packed() -> float:
    """Gas in the line by hand: p M A L / (Z R T)."""
    z = compressibility(substance("methane"), temperature=TEMPERATURE, pressure=PRESSURE)
    return PRESSURE * 0.01604246 * math.pi / 4.0 * BORE**2 * LENGTH / (z * 8.314462618 * TEMPERATURE)


def feed() -> float:
    methane = substance("methane")
    z = compressibility(methane, temperature=TEMPERATURE, pressure=PRESSURE)
    return gas_pipe_rate(
        pipe_diameter=BORE,
        pipe_length=0.5 * LENGTH,
        roughness=4.6e-5,
        viscosity=methane.gas_viscosity(TEMPERATURE),
        pressure=PRESSURE,
        temperature=TEMPERATURE,
        molar_mass=methane.molar_mass,
        heat_capacity_ratio=methane.heat_capacity_ratio(TEMPERATURE),
        compressibility=z,
    ).mass_rate


def test_a_shut_line_gives_what_was_packed_and_what_was_fed():
    """Told to shut at 60 s with a 20-s stroke, the feed counts as ending at 70 s. After half an hour both halves are at
    the pressure of the air, where 101325/4e6 of the moles (Z near 1) are left: within 0.5 % of the mass."""
    source = broken(isolate_at=60.0)
    expected = packed() * (1.0 - 101325.0 / PRESSURE * 0.92) + 70.0 * feed()  # Z is 0.92 before and 1 after
    assert source.masses["released"] == pytest.approx(expected, rel=0.005)
    assert source.closure < 1e-9
    assert any("packed" in note for note in source.notes)
    assert source.outflow.events[0] == (60.0, "XV-1 told to shut, 20 s to close")


def test_it_bursts_first_and_settles_at_the_feed():
    source = broken()
    rates = source.mass_rates
    assert rates[0] > 3.0 * feed()  # both ends, full of gas at 40 bar
    assert np.all(np.diff(rates) <= 1e-6 * rates[0])
    # The feed is that of an adiabatic line, the line itself is isothermal: 5 % between them for f L/D = 90.
    assert rates[-1] == pytest.approx(feed(), rel=0.05)


def test_a_valve_shut_sooner_never_lets_more_out_and_the_past_is_the_same():
    sooner, later = broken(isolate_at=60.0), broken(isolate_at=300.0)
    assert sooner.masses["released"] < later.masses["released"]
    early = np.interp(50.0, sooner.outflow.times, sooner.outflow.released)
    assert early == pytest.approx(np.interp(50.0, later.outflow.times, later.outflow.released), rel=1e-3)


def test_the_states_carry_the_rates():
    """Every jet carries the rate of its piece to within the fall of the rate over the piece."""
    source = broken(isolate_at=60.0)
    for jet in source.jets:
        assert jet.density * jet.area * jet.velocity == pytest.approx(jet.mass_rate, rel=1e-9)
    assert source.outflow.flows[0].mass_rate == pytest.approx(
        source.outflow.rate(*source.outflow.times[:2]), rel=1e-5
    ) or source.outflow.pressure[0] == pytest.approx(PRESSURE)


def test_a_short_line_keeps_its_held_rate():
    plant = park(length=4.0)
    source = source_term(plant["P-1"], hole_diameter=BORE, until=600.0, surroundings=AIR, park=plant, isolate_at=60.0)
    assert not any("packed" in note for note in source.notes)


def test_a_boiling_liquid_leaves_through_both_ends_first():
    """Propane, 50 mm, 200 m, 8.5 bar: twice the equilibrium flux until the liquid packed in the line is out."""
    line = LineString([(10.0, 0.0), (210.0, 0.0)])
    state = {"substance": "propane", "pressure": 8.5e5, "temperature": 293.15}
    assets = [
        new_asset("battery_limit", "B-1", x=0.0, y=0.0, **state),
        new_asset("valve", "XV-1", x=5.0, y=0.0, closing_time=20.0),
        new_asset("pipe", "P-1", shape=line, diameter=0.05, release_height=1.0, **state),
    ]
    ways = [("B-1", "XV-1"), ("XV-1", "P-1")]
    plant = Twin(assets, [Link(source=a, target=b, layer="process", relation="flows_to") for a, b in ways])
    source = source_term(plant["P-1"], hole_diameter=0.05, until=600.0, surroundings=AIR, park=plant, isolate_at=60.0)
    propane = substance("propane")
    area = math.pi / 4.0 * 0.05**2
    flux = equilibrium_flux(propane, temperature=293.15, pressure=8.5e5).flux
    mass = propane.liquid_density(293.15) * area * 200.0
    assert source.mass_rates[0] == pytest.approx(2.0 * flux * area, rel=1e-9)
    assert source.edges[1] == pytest.approx(mass / (2.0 * flux * area), rel=1e-9)
    assert source.mass_rates[1] == pytest.approx(
        flashing_pipe_rate(
            propane, pipe_diameter=0.05, pipe_length=100.0, roughness=4.57e-5, temperature=293.15, pressure=8.5e5
        ).mass_rate,
        rel=1e-3,  # the default roughness of a layout is 45.7 µm
    )
    # 60 s to the command at the steady rate, half the stroke of 20 s, and what was packed: the rule of the section.
    assert source.masses["released"] == pytest.approx(70.0 * source.mass_rates[1] + mass, rel=1e-6)
    assert source.closure < 1e-9


def test_the_burst_does_not_break_off_at_the_critical_pressure():
    """Methane is critical at 45.99 bar; a tenth of a bar on either side of it moves the first rate by less than 1 %."""

    def first(pressure: float) -> float:
        line = LineString([(0.0, 0.0), (4000.0, 0.0)])
        state = {"substance": "methane", "pressure": pressure, "temperature": TEMPERATURE}
        pipe = new_asset("pipe", "P-1", shape=line, diameter=BORE, release_height=1.0, **state)
        return source_term(pipe, hole_diameter=BORE, until=600.0, surroundings=AIR).mass_rates[0]

    below, above = first(4.59e6), first(4.61e6)
    assert above == pytest.approx(below, rel=0.01)
    assert above > below
