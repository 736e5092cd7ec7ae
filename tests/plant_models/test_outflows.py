"""What runs out in time: first rates by hand, supplies that end, valves that shut, vessels that empty."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString

import twin
from plant_models.discharge import GRAVITY
from plant_models.equipment import new_asset
from plant_models.inventory import asset_inventory
from plant_models.outflows import Hole, steady_outflow, vessel_outflow
from plant_models.sections import isolatable_section
from plant_models.substances import substance
from plant_models.vessels import vessel_geometry
from twin.errors import ModelError

AIR = 101325.0
WARM = 293.15
CHLORINE, AMMONIA = substance("chlorine"), substance("ammonia")
AREA = 0.25 * math.pi * 0.025**2


def steady(of, pressure, *, temperature=WARM, hole=None, head=None, mass=1e4, until=3600.0, **more):
    hole = hole or Hole(diameter=0.025, height=1.0)
    return steady_outflow(
        of,
        hole,
        pressure=pressure,
        temperature=temperature,
        head=head,
        mass=mass,
        until=until,
        ambient_pressure=AIR,
        **more,
    )


def test_bernoulli_until_the_inventory_is_out():
    water = substance("water")
    found = steady(water, 5e5, mass=3000.0)
    rate = 0.61 * AREA * math.sqrt(2.0 * water.liquid_density(WARM) * (5e5 - AIR))
    assert found.flows[0].mass_rate == pytest.approx(rate, rel=1e-12)
    assert found.times[-1] == pytest.approx(3000.0 / rate, rel=1e-12)
    assert found.released[-1] == pytest.approx(3000.0, rel=1e-12)
    assert found.events == ((found.times[-1], "the inventory of 3000 kg is out"),)
    assert found.rate(0.0, 10.0) == pytest.approx(rate, rel=1e-12)


def test_a_boiling_liquid_stands_at_least_at_its_vapour_pressure():
    # A layout may state 2 % less than the vapour pressure; what drives the flow is the vapour pressure and the head.
    saturation, density = AMMONIA.vapour_pressure(WARM), AMMONIA.liquid_density(WARM)
    found = steady(AMMONIA, 0.98 * saturation, head=2.0)
    drive = saturation + density * GRAVITY * 2.0 - AIR
    assert found.flows[0].mass_rate == pytest.approx(0.61 * AREA * math.sqrt(2.0 * density * drive), rel=1e-12)
    assert any("taken as liquid" in note for note in found.notes)


def test_a_hole_above_the_liquid_lets_vapour_out():
    # Choked ideal: A p sqrt(γ M/(R T)) (2/(γ + 1))^((γ + 1)/(2(γ - 1))). The saturated vapour of chlorine at 6.8 bar
    # is a tenth denser than an ideal gas, so that the real flow is above it by about half of that.
    saturation = CHLORINE.vapour_pressure(WARM)
    found = steady(CHLORINE, saturation, head=-0.5)
    gamma = CHLORINE.heat_capacity_ratio(WARM)
    ideal = AREA * saturation * math.sqrt(gamma * CHLORINE.molar_mass / (8.314462618 * WARM))
    ideal *= (2.0 / (gamma + 1.0)) ** ((gamma + 1.0) / (2.0 * (gamma - 1.0)))
    assert found.regime.name == "vapour"
    assert 1.0 < found.flows[0].mass_rate / ideal < 1.10
    # The inert gas above the liquid is left out: a padded vessel gives the same vapour.
    padded = steady(CHLORINE, 2.0 * saturation, head=-0.5)
    assert padded.flows[0].mass_rate == found.flows[0].mass_rate
    assert any("another gas" in note for note in padded.notes)


@pytest.mark.parametrize(
    ("of", "pressure", "temperature"),
    [("carbon monoxide", 1.13e5, 313.0), ("chlorine", 2.5e5, WARM), ("methane", 8e6, WARM), ("toluene", 3e5, WARM)],
)
def test_friction_along_a_broken_line_lowers_the_flow(of, pressure, temperature):
    bore = {"diameter": 0.1, "height": 1.0}
    free = steady(substance(of), pressure, temperature=temperature, hole=Hole(**bore, liquid_coefficient=1.0))
    long = steady(substance(of), pressure, temperature=temperature, hole=Hole(**bore, length=100.0, roughness=4.6e-5))
    longer = steady(substance(of), pressure, temperature=temperature, hole=Hole(**bore, length=400.0, roughness=4.6e-5))
    assert longer.flows[0].mass_rate < long.flows[0].mass_rate < free.flows[0].mass_rate
    assert any("friction over 100 m" in note for note in long.notes)


def test_a_flashing_line_is_between_nothing_and_its_nozzle():
    saturation = CHLORINE.vapour_pressure(WARM)
    nozzle = steady(CHLORINE, saturation, hole=Hole(diameter=0.05, height=1.0, length=0.1))
    line = steady(CHLORINE, saturation, hole=Hole(diameter=0.05, height=1.0, length=20.0, roughness=4.6e-5))
    assert nozzle.regime.name == line.regime.name == "equilibrium"
    assert 0.2 < line.flows[0].mass_rate / nozzle.flows[0].mass_rate < 0.8


def test_a_dense_gas_in_a_long_line_is_refused():
    with pytest.raises(ModelError, match="opening length of 0 m"):
        steady(
            substance("carbon dioxide"),
            1e7,
            temperature=313.0,
            hole=Hole(diameter=0.1, height=1.0, length=50.0, roughness=4.6e-5),
        )


@pytest.fixture
def line_park():
    def made(closing_time=20.0, opening=1.0):
        vessel = new_asset(
            "vessel", "V-1", x=-50.0, y=0.0, substance="ammonia", pressure=1e6, temperature=WARM, inventory=5000.0
        )
        valves = [
            new_asset("valve", tag, x=x, y=0.0, closing_time=t, opening=o)
            for tag, x, t, o in (("XV-1", 0.0, closing_time, opening), ("XV-2", 40.0, 5.0, 1.0))
        ]
        pipe = new_asset(
            "pipe",
            "P-1",
            shape=LineString([(0, 0), (40, 0)]),
            substance="ammonia",
            pressure=1e6,
            temperature=WARM,
            diameter=0.08,
        )
        end = new_asset(
            "vessel", "V-2", x=90.0, y=0.0, substance="ammonia", pressure=1e6, temperature=WARM, inventory=100.0
        )
        links = [
            twin.Link(source=a, target=b, relation="flows_to", layer="process")
            for a, b in (("V-1", "XV-1"), ("XV-1", "P-1"), ("P-1", "XV-2"), ("XV-2", "V-2"))
        ]
        return twin.Twin([vessel, *valves, pipe, end], links, site=twin.Site(name="test"))

    return made


def test_a_shut_section_runs_out_by_hand(line_park):
    # Until 30 s at the full rate, then the slowest valve (20 s) closes evenly: half the rate for 20 s; then it drains.
    park = line_park()
    section = isolatable_section(park, "P-1")
    found = steady(AMMONIA, 1e6, mass=section.connected_mass, isolate_at=30.0, section=section)
    rate = found.flows[0].mass_rate
    inside = 0.25 * math.pi * 0.08**2 * 40.0 * AMMONIA.liquid_density(WARM)
    assert section.mass == pytest.approx(inside, rel=1e-9)
    assert found.released[-1] == pytest.approx(30.0 * rate + 0.5 * 20.0 * rate + inside, rel=1e-9)
    assert [text.split(" ")[0] for _, text in found.events] == ["XV-1,", "the"]
    # A valve half open needs half its stroke.
    half = steady(AMMONIA, 1e6, mass=1e5, isolate_at=30.0, section=isolatable_section(line_park(opening=0.5), "P-1"))
    assert half.released[-1] == pytest.approx(30.0 * rate + 0.5 * 10.0 * rate + inside, rel=1e-9)


def test_a_failed_valve_lets_the_vessel_run_out(line_park):
    park = line_park()
    section = isolatable_section(park, "P-1", valves_failed=["XV-1"])
    found = steady(AMMONIA, 1e6, mass=section.connected_mass, isolate_at=30.0, section=section, until=1e5)
    shut = isolatable_section(park, "P-1")
    assert found.released[-1] > 4900.0  # the vessel of 5000 kg is inside
    assert section.connected_mass == pytest.approx(shut.mass + 5100.0, rel=1e-9)
    assert "V-1" in found.notes[-1]


def test_what_happens_after_the_end_is_not_told(line_park):
    section = isolatable_section(line_park(), "P-1")
    found = steady(AMMONIA, 1e6, mass=math.inf, isolate_at=180.0, section=section, until=60.0)
    assert found.events == ()
    assert found.times[-1] == 60.0


def test_a_section_fed_without_limit_says_so():
    pipe = new_asset(
        "pipe",
        "P-1",
        shape=LineString([(0, 0), (40, 0)]),
        substance="ammonia",
        pressure=1e6,
        temperature=WARM,
        diameter=0.08,
    )
    valve = new_asset("valve", "XV-1", x=40.0, y=0.0)
    park = twin.Twin(
        [pipe, valve],
        [twin.Link(source="P-1", target="XV-1", relation="flows_to", layer="process")],
        site=twin.Site(name="test"),
    )
    section = isolatable_section(park, "P-1")
    found = steady(AMMONIA, 1e6, mass=section.connected_mass, isolate_at=30.0, section=section)
    assert found.times[-1] == 3600.0
    assert any("fed without limit" in note for note in found.notes)


def test_nothing_to_leave_is_refused():
    with pytest.raises(ModelError, match="0 kg"):
        steady(AMMONIA, 1e6, mass=0.0)
    with pytest.raises(ModelError, match="air pressure"):
        steady(substance("carbon monoxide"), 0.9 * AIR)


def emptied(height, *, level=0.6, bottom=0.0, **more):
    tank = new_asset(
        "tank", "T-1", x=0.0, y=0.0, **{"substance": "toluene", "pressure": AIR, "temperature": WARM, "level": level,
        "vessel_shape": "vertical_cylinder", "heads": "flat", "diameter": 4.0, "height": 6.0} | more,
    )  # fmt: skip
    return vessel_outflow(
        substance("toluene"),
        Hole(diameter=0.05, height=height),
        vessel=vessel_geometry(tank),
        held=asset_inventory(tank),
        until=1e6,
        ambient_pressure=AIR,
        vented=True,
        bottom=bottom,
    )


def test_torricelli_empties_a_tank():
    # t = (S/(Cd A)) sqrt(2/g) (sqrt(h1) - 0), h from 3.6 m down to the hole at 1 m. The solver keeps 1e-7.
    found = emptied(1.0)
    taken = 4.0**2 / (0.61 * 0.05**2) * math.sqrt(2.0 / GRAVITY) * math.sqrt(2.6)
    # It stops when less than a millionth of the head is left, for which a thousandth of the time would be needed.
    assert found.times[-1] == pytest.approx(taken, rel=1e-3)
    held = math.pi * 4.0 * 2.6 * substance("toluene").liquid_density(WARM)
    assert found.released[-1] == pytest.approx(held, rel=1e-6)
    assert np.all(np.diff(found.released) >= 0.0)


def test_the_height_of_the_vessel_above_ground_counts():
    raised, stands = emptied(3.0, bottom=2.0), emptied(1.0)
    assert raised.released[-1] == pytest.approx(stands.released[-1], rel=1e-12)
    assert any("lowest point of the vessel, 2 m above ground" in note for note in emptied(1.0, bottom=2.0).notes)
    with pytest.raises(ModelError, match="up to 8 m"):
        emptied(8.5, bottom=2.0)


def test_a_hole_above_the_liquid_of_an_open_tank_is_refused():
    with pytest.raises(ModelError, match="lower the hole"):
        emptied(5.0)


@settings(deadline=None, max_examples=50)
@given(st.floats(0.0, 1.0))
def test_a_sample_is_never_from_the_future(share):
    found = _CHLORINE_TANK
    k = found.sample(share * found.times[-1])
    assert found.flows[k] is not None
    assert found.times[k] <= share * found.times[-1]


def _chlorine_tank():
    tank = new_asset(
        "vessel", "T-1", x=0.0, y=0.0, substance="chlorine", pressure=6.76e5, temperature=WARM, level=0.5,
        vessel_shape="sphere", diameter=2.0,
    )  # fmt: skip
    return vessel_outflow(
        CHLORINE,
        Hole(diameter=0.05, height=0.8),
        vessel=vessel_geometry(tank),
        held=asset_inventory(tank),
        until=3600.0,
        ambient_pressure=AIR,
        vented=False,
    )


_CHLORINE_TANK = _chlorine_tank()


def test_just_before_the_liquid_is_gone_it_is_still_liquid():
    fallen = next(time for time, text in _CHLORINE_TANK.events if "fallen" in text)
    before, after = (_CHLORINE_TANK.flows[_CHLORINE_TANK.sample(fallen + step)] for step in (-1e-6, 1e-6))
    assert before.density > 1000.0
    assert after.density < 100.0
