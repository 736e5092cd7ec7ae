"""The whole chain on small parks: hand calculations, balances, live readings, bunds, and what is refused."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, box

import twin
from plant_models.discharge import GRAVITY
from plant_models.equipment import new_asset
from plant_models.sources import Surroundings, source_term
from plant_models.substances import substance
from twin.errors import ModelError, TwinError
from twin.readings import Reading

AIR = Surroundings(
    air_temperature=293.15,
    air_pressure=101325.0,
    wind_speed=3.0,
    ground="concrete",
    ground_temperature=293.15,
    solar_flux=0.0,
)
WARM, NOON = 293.15, datetime(2026, 3, 1, 12, tzinfo=UTC)
SPHERE = {"vessel_shape": "sphere", "diameter": 3.0, "height": 3.0, "release_height": 1.0}
TANK = {"vessel_shape": "vertical_cylinder", "heads": "flat", "diameter": 10.0, "height": 10.0, "release_height": 1.0}
DRUM = {"vessel_shape": "horizontal_cylinder", "heads": "flat", "diameter": 1.0, "length": 5.0, "release_height": 0.5}


def vessel(of, pressure, temperature=WARM, *, kind="vessel", level=0.6, **more):
    state = {"substance": of, "pressure": pressure, "temperature": temperature, "level": level}
    return new_asset(kind, "V-1", x=10.0, y=20.0, **state | (SPHERE if kind == "vessel" else TANK) | more)


def pipe(of, pressure, temperature=WARM, *, diameter=0.05, length=20.0, **more):
    line = LineString([(0.0, 0.0), (length, 0.0)])
    return new_asset(
        "pipe",
        "P-1",
        shape=line,
        **{"substance": of, "pressure": pressure, "temperature": temperature, "diameter": diameter} | more,
    )


def drum(of, pressure, **more):
    return new_asset("vessel", "V-1", x=0.0, y=0.0, substance=of, pressure=pressure, temperature=WARM, **DRUM, **more)


def source(asset, *, hole=0.025, until=3600.0, **more):
    return source_term(asset, **{"hole_diameter": hole, "until": until, "surroundings": AIR} | more)


# --- by hand


def test_a_toluene_tank_by_hand():
    toluene = substance("toluene")
    found = source(vessel("toluene", 101325.0, kind="tank"), until=60.0)
    # Torricelli through a sharp hole; the jet contracts to 0.61 of the hole, so that it has the full velocity.
    # In a minute the level of 5 m above the hole falls by less than a millimetre.
    speed = math.sqrt(2.0 * GRAVITY * 5.0)
    rate = 0.61 * 0.25 * math.pi * 0.025**2 * toluene.liquid_density(WARM) * speed
    assert found.mass_rates[0] == pytest.approx(rate, rel=1e-3)
    assert found.jets[0].velocity == pytest.approx(speed, rel=1e-3)
    assert found.jets[0].diameter == pytest.approx(0.025 * math.sqrt(0.61), rel=1e-6)
    jet, pool = found.releases
    assert (jet.phase, jet.vapour_fraction, jet.z) == ("liquid", 0.0, 1.0)
    assert jet.velocity == pytest.approx(0.61 * speed, rel=1e-3)
    assert (pool.phase, pool.z, pool.label) == ("gas", 0.0, "V-1 pool")
    assert 0.0 < pool.area <= found.pool.area.max()


def test_a_flash_by_hand():
    ammonia = substance("ammonia")
    found = source(pipe("ammonia", 1e6), until=60.0)
    # x = (h(T) + u²/2 - u'²/2 - h(Tb))/L: the flash fraction less the kinetic energy gained, 0.05 % here
    flash = ammonia.flash_fraction(WARM, 101325.0)
    assert found.jets[0].vapour_fraction == pytest.approx(flash, abs=0.003)
    assert found.rainouts[0].method == "all_airborne"
    assert found.pool is None
    assert found.masses["droplets"] == pytest.approx((1.0 - found.jets[0].vapour_fraction) * found.masses["released"])


def test_a_liquid_that_fills_its_line_does_not_contract():
    # Out of the full bore the jet is as wide as the line and as fast as the flow in it.
    found = source(pipe("water", 5e5), hole=0.05, until=60.0)
    assert found.jets[0].diameter == pytest.approx(0.05, rel=1e-9)
    assert found.jets[0].velocity == pytest.approx(found.outflow.flows[0].velocity, rel=1e-9)


def test_a_wide_hole_is_a_break_of_the_bore():
    wide, break_ = (source(pipe("water", 5e5), hole=h, until=60.0) for h in (0.041, 0.05))
    assert wide.mass_rates[0] == break_.mass_rates[0]
    hole = source(pipe("water", 5e5), hole=0.039, until=60.0)
    assert hole.outflow.regime.name == "liquid"
    assert hole.jets[0].diameter == pytest.approx(0.039 * math.sqrt(0.61), rel=1e-9)


def test_the_momentum_of_a_boiling_jet_has_no_jump_at_a_thin_wall():
    # A hair of an opening is a thin wall: 0.1 mm of 100 mm may move the velocity by no more than about their ratio.
    thin, hair = (source(pipe("chlorine", 7e5), opening_length=length, until=60.0) for length in (0.0, 1e-4))
    assert (thin.outflow.regime.name, hair.outflow.regime.name) == ("frozen", "relaxation")
    assert hair.jets[0].velocity == pytest.approx(thin.jets[0].velocity, rel=5e-3)


def test_a_real_gas_cools_as_it_expands():
    # Stagnation enthalpy is kept: h(p0, T0) = h(1 atm, T) + u²/2. From nitrogen at 100 bar the ideal gas would come out
    # 15 to 25 K warmer: the Joule-Thomson coefficient is 0.2 K/bar (NIST, nitrogen at 293 K, 100 bar).
    from plant_models.fluids import fluid

    nitrogen = fluid(substance("nitrogen"))
    found = source(pipe("nitrogen", 1e7), until=60.0)
    jet = found.jets[0]
    held = nitrogen.at_pt(1e7, WARM).enthalpy
    left = nitrogen.at_pt(101325.0, jet.temperature).enthalpy + 0.5 * jet.velocity**2
    assert left == pytest.approx(held, abs=2000.0)  # 2 K: the heat capacity of the real gas at 1 atm is not quite ideal


def test_a_gas_too_cold_for_the_tables_is_taken_at_rest():
    # Hydrogen of 300 bar: the jet is fast, so that its static temperature falls below 100 K as the vessel cools.
    found = source(drum("hydrogen", 3e7, wall_thickness=0.05), hole=0.01)
    assert any("Birch 1987" in note for note in found.notes)
    with pytest.raises(ModelError, match="wall_thickness"):  # adiabatic, even what is at rest inside gets too cold
        source(drum("hydrogen", 3e7))


# --- balances


CASES = {
    "chlorine vessel": (vessel("chlorine", 6.76e5), {}),
    "chlorine rains out": (vessel("chlorine", 6.76e5), {"rain_out_method": "trajectory"}),
    "twice the flash": (vessel("chlorine", 6.76e5), {"rain_out_method": "twice_flash"}),
    "cut short": (vessel("chlorine", 6.76e5), {"until": 20.0}),
    "refrigerated": (vessel("ammonia", 1.05e5, 240.0, kind="tank"), {}),
    "bottom of the tank": (vessel("toluene", 101325.0, kind="tank"), {"height": 0.0}),
    "wide hole": (vessel("toluene", 101325.0, kind="tank"), {"hole": 0.5}),
    "padded": (vessel("chlorine", 1.2e6), {}),
    "full": (vessel("chlorine", 6.76e5, level=1.0), {}),
    "vapour": (vessel("chlorine", 6.76e5), {"height": 2.9}),
    "gas": (vessel("carbon monoxide", 3e5, level=0.0), {}),
    "hydrogen fluoride": (vessel("hydrogen fluoride", 4e5, 333.0), {"until": 100.0}),
    "hydrogen": (drum("hydrogen", 3e7, wall_thickness=0.05), {"hole": 0.01}),
    "gas main": (pipe("carbon monoxide", 1.13e5, diameter=1.6), {"hole": 1.6}),
    "mixture": (pipe("BFG", 1.13e5, diameter=1.6), {}),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_no_mass_is_lost(name):
    asset, more = CASES[name]
    found = source(asset, start=500.0, **more)
    assert found.closure < 1e-9
    parts = dict(found.masses)
    assert parts.pop("released") == pytest.approx(math.fsum(parts.values()), rel=1e-9)
    assert min(parts.values()) >= 0.0
    assert found.edges[0] == 0.0
    assert found.edges[-1] <= more.get("until", 3600.0)
    assert min(release.start for release in found.releases) == 500.0
    for release in found.releases:
        assert release.edges[-1] <= 500.0 + more.get("until", 3600.0) * (1.0 + 1e-12)


@settings(deadline=None, max_examples=20)
@given(st.floats(0.002, 0.2), st.floats(0.0, 1.0), st.floats(0.0, 9.9), st.floats(10.0, 1e5))
def test_a_tank_keeps_its_mass_whatever_the_hole(hole, level, height, until):
    asset = vessel("toluene", 101325.0, kind="tank", level=level)
    if height >= level * 10.0:
        with pytest.raises(ModelError, match="lower the hole"):
            source(asset, hole=hole, height=height, until=until)
        return
    if level * 10.0 - height < 1e-3:  # a film: whether anything flows is a matter of rounding
        return
    assert source(asset, hole=hole, height=height, until=until, rain_out_method="twice_flash").closure < 1e-9


def test_liquid_and_vapour_are_two_releases():
    found = source(vessel("chlorine", 6.76e5), hole=0.1, until=3600.0)
    liquid, vapour = found.releases
    fallen = next(time for time, text in found.outflow.events if "fallen" in text)
    assert liquid.edges[-1] == vapour.start == pytest.approx(fallen)
    assert liquid.vapour_fraction < 0.3
    assert vapour.vapour_fraction > 0.8
    assert vapour.mass_rates.max() < liquid.mass_rates.min()


def test_the_pieces_of_a_falling_rate_step_finely():
    found = source(drum("carbon monoxide", 2e6), hole=0.01)
    steps = found.mass_rates[1:] / found.mass_rates[:-1]
    assert np.all(steps < 1.0)
    assert steps[:6].min() > 0.85  # the first half of the mass: equal pieces
    assert (
        steps.min() > 0.49
    )  # the tail: told anew at every fall to 0.7, so two neighbours are less than two falls apart


# --- park


def park_of(*assets):
    return twin.Twin(list(assets), site=twin.Site(name="test"))


def bund(side, **more):
    return new_asset(
        "bund", "B-1", shape=box(10.0 - side / 2, 20.0 - side / 2, 10.0 + side / 2, 20.0 + side / 2), **more
    )


def test_a_bund_holds_the_pool_and_runs_over():
    tank = vessel("toluene", 101325.0, kind="tank")
    open_air = source(tank, hole=0.1)
    held = source(tank, hole=0.1, park=park_of(tank, bund(16.0, height=0.1)))
    assert held.pool.area.max() <= 256.0 * (1.0 + 1e-12) < open_air.pool.area.max()
    assert any("bund B-1 of 256 m²" in note for note in held.notes)
    over = held.masses["overflow"]
    # the bund keeps 0.1 m of 256 m² = 25.6 m³; what is spilled beyond that and has not evaporated has run over
    kept = 25.6 * substance("toluene").liquid_density(held.pool.temperature[-1])
    assert over > 0.0
    assert held.masses["in_pool"] == pytest.approx(kept, rel=0.02)
    assert held.closure < 1e-9


def test_a_live_reading_changes_the_answer():
    tank = vessel("toluene", 101325.0, kind="tank")
    park = park_of(tank)
    before = source(tank, park=park, until=60.0)
    park.apply(Reading(tag="V-1.level", time=NOON, value=0.3))
    after = source(tank, park=park, until=60.0)
    # heads of 5 and 2 m
    assert after.mass_rates[0] / before.mass_rates[0] == pytest.approx(math.sqrt(2.0 / 5.0), rel=2e-3)


def test_a_live_reading_counts_where_the_inside_is_not_known():
    bare = new_asset(
        "vessel", "V-1", x=0.0, y=0.0, substance="chlorine", pressure=6.76e5, temperature=WARM, level=0.6, height=3.0,
        volume=10.0, inventory=8000.0, release_height=1.0,
    )  # fmt: skip
    park = park_of(bare)
    above = source(bare, park=park, until=1e5)
    park.apply(Reading(tag="V-1.level", time=NOON, value=0.2))
    below = source(bare, park=park, until=1e5)
    assert (above.outflow.regime.name, below.outflow.regime.name) == ("frozen", "vapour")
    density = substance("chlorine").liquid_density(WARM)
    assert above.masses["released"] == pytest.approx(6.0 * density, rel=0.02)  # and some vapour


def test_valves_do_not_stop_a_hole_in_the_wall():
    tank = vessel("toluene", 101325.0, kind="tank")
    found = source(tank, park=park_of(tank), isolate_at=60.0, until=600.0)
    assert found.masses["released"] == pytest.approx(source(tank, until=600.0).masses["released"], rel=1e-12)
    assert any("do not stop a hole in its own wall" in note for note in found.notes)


def test_a_wall_keeps_the_contents_warmer():
    bare, thick = (source(drum("nitrogen", 1e6, **wall), hole=0.01) for wall in ({}, {"wall_thickness": 0.03}))
    assert thick.outflow.temperature.min() > bare.outflow.temperature.min() + 10.0
    assert any("steel wall" in note for note in thick.notes)


def test_a_compressor_leaks_what_is_connected_to_it():
    small = new_asset(
        "compressor", "C-1", x=0.0, y=0.0, substance="carbon monoxide", pressure=1e6, temperature=WARM, volume=0.01
    )
    tank = vessel("carbon monoxide", 1e6, level=0.0)
    link = twin.Link(source="V-1", target="C-1", relation="flows_to", layer="process")
    park = twin.Twin([small, tank], [link], site=twin.Site(name="test"))
    found = source(small, park=park, until=1e5)
    # the sphere of 14.1 m³ at 11.5 kg/m³ (ideal, as is the gas within 1 %), not the 0.1 kg in the compressor
    density = substance("carbon monoxide").gas_density(WARM, 1e6)
    assert found.masses["released"] == pytest.approx((math.pi * 27.0 / 6.0 + 0.01) * density, rel=0.01)


# --- refused


@pytest.mark.parametrize(
    ("asset", "more", "word"),
    [
        (vessel("chlorine", 6.76e5), {"hole": math.nan}, "hole_diameter is nan"),
        (vessel("chlorine", 6.76e5), {"until": 0.0}, "until is 0.0"),
        (vessel("chlorine", 6.76e5), {"height": -1.0}, "height is -1.0"),
        (vessel("chlorine", 6.76e5), {"height": 3.5}, "up to 3 m"),
        (vessel("chlorine", 6.76e5), {"elevation": 91.0}, "elevation is 91.0"),
        (vessel("chlorine", 6.76e5), {"start": math.inf}, "start is inf"),
        (vessel("chlorine", 6.76e5), {"rain_out_method": "trajectories"}, "did you mean 'trajectory'"),
        (vessel("chlorine", 6.76e5), {"regime": "gas"}, "leave the choice open"),
        (vessel("chlorine", 6.76e5), {"isolate_at": 60.0}, "give park"),
        (vessel("toluene", 101325.0, kind="tank", level=0.0), {}, "lower the hole"),
        (vessel("toluene", 101325.0, kind="tank"), {"height": 9.0}, "lower the hole"),
        (vessel("LPG", 1e6), {}, "propane for LPG"),
        (pipe("carbon dioxide", 5.8e6), {}, "solid"),
        (pipe("nitrogen dioxide", 3e5), {}, "nitrogen dioxide"),
        (pipe("chlorine", 7e5), {"hole": 0.06}, "up to 0.05 m"),
        (pipe("carbon monoxide", 1e5), {}, "air pressure"),
        (new_asset("valve", "XV-1", x=0.0, y=0.0), {}, "without a substance"),
        (new_asset("pump", "PU-1", x=0.0, y=0.0, substance="ammonia"), {}, "pressure of 'PU-1'"),
    ],
)
def test_what_cannot_be_computed_is_one_clear_error(asset, more, word):
    with pytest.raises(TwinError, match=word) as caught:
        source(asset, **more)
    assert all(problem.fix for problem in caught.value.problems)


def test_the_answer_is_fixed():
    found = source(vessel("toluene", 101325.0, kind="tank"), until=60.0)
    with pytest.raises(ValueError, match="read-only"):
        found.mass_rates[0] = 1.0
    assert "V-1 toluene, liquid" in repr(found)


# --- what a newcomer does


@pytest.mark.parametrize(
    ("wrong", "mend"),
    [
        ({"asset": "V-201"}, r"source_term.asset: asset is 'V-201', a str -> give an asset: park\["),
        ({"surroundings": None}, "surroundings is None, a NoneType -> give plant_models.Surroundings"),
        ({"surroundings": {"wind_speed": 3.0}}, "surroundings is {'wind_speed': 3.0}, a dict"),
        ({"park": "lantern-bay"}, "park is 'lantern-bay', a str -> give what twin.load_layout returns"),
    ],
)
def test_something_else_than_an_asset_a_park_or_surroundings_is_refused(wrong, mend):
    with pytest.raises(ModelError, match=mend):
        source(**{"asset": vessel("propane", 9e5)} | wrong)


def test_what_was_taken_of_the_hole_and_its_supply_is_told():
    by_tank = source(vessel("benzene", 1.02e5, kind="tank"), hole=0.05, until=60.0).notes
    assert "the hole is 1 m above ground; discharge coefficient 0.61" in by_tank
    by_pipe = source(pipe("nitrogen", 7e5), hole=0.01, until=60.0).notes
    assert "the hole is 1 m above ground; discharge coefficient 1" in by_pipe
    assert any("no park was given, so nothing feeds it: only the" in note for note in by_pipe)
