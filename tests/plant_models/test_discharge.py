"""Holes against published answers, and leaks of assets against the same formulas and their own limits."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, Point, Polygon

from plant_models import gas_leak as from_the_face
from plant_models.discharge import gas_hole_rate, liquid_hole_rate
from plant_models.leaks import gas_leak, liquid_leak
from plant_models.substances import substance
from twin.assets import Asset
from twin.errors import LayoutError, ModelError, TwinError, UnitError
from twin.weather import Weather

VALIDATION = Path(__file__).resolve().parents[1] / "validation"
CHLORINE_GAS = {"substance": "chlorine", "pressure": 5e5, "temperature": 293.15, "release_height": 1.0}
CHLORINE_LIQUID = CHLORINE_GAS | {"pressure": 7e5, "level": 0.8, "height": 3.0}
HOLE = {"hole_diameter": 0.025, "duration": 600.0}


def tank(attributes, shape=None, **changes) -> Asset:
    kept = {k: v for k, v in (attributes | changes).items() if v is not None}
    return Asset(
        tag="T-101",
        kind="tank",
        layer="process",
        shape=shape or Point(10.0, 20.0),
        attributes=kept,
        where="park.geojson:3",
    )


def published() -> list[dict[str, str]]:
    text = (VALIDATION / "hole_discharge_cases.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))


@pytest.mark.validation
@pytest.mark.parametrize("row", published(), ids=lambda r: f"{r['case']}-{r['quantity']}")
def test_published_hole_flows(row):
    flow = {"gas": gas_hole_rate, "liquid": liquid_hole_rate}[row["fluid"]](**json.loads(row["inputs"]))
    assert getattr(flow, row["quantity"]) == pytest.approx(float(row["expected"]), rel=float(row["tolerance"]))


GAS = {"hole_diameter": 0.01, "temperature": 293.15, "molar_mass": 0.0280134, "heat_capacity_ratio": 1.4}


def test_the_flow_chokes_where_theory_says():
    # (2/2.4)^(1.4/0.4) = 0.528282: the flow is choked from 101325 / 0.528282 = 191801 Pa on.
    assert not gas_hole_rate(pressure=191700.0, **GAS).choked
    assert gas_hole_rate(pressure=191900.0, **GAS).choked
    choked = gas_hole_rate(pressure=5e5, **GAS)
    # Closed formula Cd A p sqrt(γ M / (R T)) (2/(γ+1))^((γ+1)/(2(γ-1))), Crowl and Louvar section 4-4.
    expected = math.pi / 4e4 * 5e5 * math.sqrt(1.4 * 0.0280134 / (8.314462618 * 293.15)) * (2 / 2.4) ** 3
    assert choked.mass_rate == pytest.approx(expected, rel=1e-9)
    assert choked.velocity == pytest.approx(math.sqrt(1.4 * 8.314462618 * choked.temperature / 0.0280134), rel=1e-9)
    # Below: Cd A p sqrt(2 M/(R T) γ/(γ-1) (r^(2/γ) - r^((γ+1)/γ))).
    r = 101325.0 / 1.5e5
    slow = (
        math.pi
        / 4e4
        * 1.5e5
        * math.sqrt(2 * 0.0280134 / (8.314462618 * 293.15) * 3.5 * (r ** (2 / 1.4) - r ** (2.4 / 1.4)))
    )
    assert gas_hole_rate(pressure=1.5e5, **GAS).mass_rate == pytest.approx(slow, rel=1e-9)


@given(low=st.floats(1.014e5, 5e5), step=st.floats(1.0, 1e5))
@settings(deadline=None, max_examples=50)
def test_more_pressure_never_means_less_flow(low, step):
    # 1e-12: rounding where the two pressures are close
    assert gas_hole_rate(pressure=low + step, **GAS).mass_rate >= gas_hole_rate(pressure=low, **GAS).mass_rate * (
        1.0 - 1e-12
    )


def test_the_rate_is_continuous_where_it_chokes():
    critical = 101325.0 / (2.0 / 2.4) ** 3.5
    below, above = (gas_hole_rate(pressure=critical * f, **GAS).mass_rate for f in (1.0 - 1e-9, 1.0 + 1e-9))
    assert above == pytest.approx(below, rel=1e-8)


def test_torricelli():
    # Hand: sqrt(2 x 9.80665 x 5) = 9.9029 m/s of water through a perfect hole of 0.1 m: 77.777 kg/s.
    flow = liquid_hole_rate(hole_diameter=0.1, density=1000.0, pressure=101325.0, head=5.0, discharge_coefficient=1.0)
    assert flow.velocity == pytest.approx(9.9029, rel=1e-5)
    assert flow.mass_rate == pytest.approx(77.777, rel=1e-4)


def test_a_gas_leak_is_the_hole_formula_at_the_assets_state():
    leak = gas_leak(tank(CHLORINE_GAS), **HOLE)
    chlorine = substance("chlorine")
    flow = gas_hole_rate(
        hole_diameter=0.025,
        pressure=5e5,
        temperature=293.15,
        molar_mass=chlorine.molar_mass,
        heat_capacity_ratio=chlorine.heat_capacity_ratio(293.15),
    )
    assert float(leak.rate(1.0)) == flow.mass_rate
    assert (leak.x, leak.y, leak.z) == (10.0, 20.0, 1.0)
    assert (leak.start, leak.duration, leak.phase, leak.label) == (0.0, 600.0, "gas", "T-101")
    assert leak.temperature == 293.15
    assert "choked" in leak.notes[0]
    assert any("ideal gas" in note for note in leak.notes)
    assert any("inventory not known" in note for note in leak.notes)
    assert from_the_face is gas_leak


def test_a_liquid_leak_is_the_hole_formula_and_flashes():
    leak = liquid_leak(tank(CHLORINE_LIQUID), **HOLE, start=60.0)
    chlorine = substance("chlorine")
    flow = liquid_hole_rate(
        hole_diameter=0.025, density=chlorine.liquid_density(293.15), pressure=7e5, head=0.8 * 3.0 - 1.0
    )
    assert float(leak.rate(61.0)) == flow.mass_rate
    assert leak.vapour_fraction == chlorine.flash_fraction(293.15, 101325.0)
    assert leak.temperature == pytest.approx(239.2, abs=0.1)  # boils at -34 °C
    assert any("two-phase flow is not modelled" in note for note in leak.notes)
    weather = Weather(wind_speed=3.0, wind_from=270.0, wind_height=10.0, stability="D", roughness_length=0.1)
    assert leak.is_dense(weather)


def test_a_cold_liquid_does_not_flash():
    cold = tank(CHLORINE_LIQUID, temperature=235.0, pressure=2e5)
    leak = liquid_leak(cold, **HOLE)
    assert leak.vapour_fraction == 0.0
    assert leak.temperature == 235.0
    assert any("pool" in note for note in leak.notes)


def test_the_inventory_limits_the_duration():
    leak = gas_leak(tank(CHLORINE_GAS, inventory=50.0), **HOLE)
    assert leak.total_mass == pytest.approx(50.0, rel=1e-12)
    assert leak.duration == pytest.approx(50.0 / float(leak.mass_rates[0]), rel=1e-12)
    assert any("limits the duration" in note for note in leak.notes)
    by_volume = liquid_leak(tank(CHLORINE_LIQUID, volume=1.0), hole_diameter=0.05, duration=3600.0)
    # 0.8 m3 of liquid chlorine at 20 °C
    assert by_volume.total_mass == pytest.approx(0.8 * substance("chlorine").liquid_density(293.15), rel=1e-12)
    assert gas_leak(tank(CHLORINE_GAS, inventory=1e6), **HOLE).duration == 600.0
    assert gas_leak(tank(CHLORINE_GAS), **HOLE, inventory=10.0).total_mass == pytest.approx(10.0)


def test_where_the_leak_is():
    pipe = tank(CHLORINE_GAS, shape=LineString([(0, 0), (10, 0), (10, 10)]))
    assert (gas_leak(pipe, **HOLE).x, gas_leak(pipe, **HOLE).y) == (10.0, 0.0)  # half-way along, on the pipe
    square = tank(CHLORINE_GAS, shape=Polygon([(0, 0), (4, 0), (4, 4), (0, 4)]))
    assert (gas_leak(square, **HOLE, height=7.5).x, gas_leak(square, **HOLE, height=7.5).z) == (2.0, 7.5)


def test_without_level_the_head_is_zero_and_said_so():
    leak = liquid_leak(tank(CHLORINE_LIQUID, level=None), **HOLE)
    assert "unknown head taken as 0 m" in leak.notes[0]
    assert liquid_leak(tank(CHLORINE_LIQUID), **HOLE, head=0.0).mass_rates[0] == leak.mass_rates[0]


@pytest.mark.parametrize(
    ("call", "attributes", "arguments", "word"),
    [
        (gas_leak, CHLORINE_GAS, {"hole_diameter": -0.01}, "above 0"),
        (gas_leak, CHLORINE_GAS, {"hole_diameter": 0.0}, "above 0"),
        (gas_leak, CHLORINE_GAS, {"hole_diameter": math.nan}, "above 0"),
        (gas_leak, CHLORINE_GAS, {"duration": -5.0}, "duration"),
        (gas_leak, CHLORINE_GAS, {"discharge_coefficient": 1.5}, "discharge_coefficient"),
        (gas_leak, CHLORINE_GAS | {"pressure": 9e4}, {}, "does not exceed the air pressure"),
        (gas_leak, CHLORINE_GAS | {"pressure": math.nan}, {}, "pressure"),
        (gas_leak, CHLORINE_GAS | {"diameter": 0.02}, {}, "larger than 'T-101'"),
        (gas_leak, CHLORINE_GAS | {"pressure": 9e5}, {}, "use liquid_leak"),
        (gas_leak, CHLORINE_GAS | {"substance": "clorine"}, {}, "did you mean 'chlorine'"),
        (gas_leak, CHLORINE_GAS | {"inventory": 0.0}, {}, "inventory is 0"),
        (gas_leak, {k: v for k, v in CHLORINE_GAS.items() if k != "release_height"}, {}, "release_height"),
        (liquid_leak, CHLORINE_LIQUID | {"pressure": 5e5}, {}, "vapour pressure"),
        (liquid_leak, CHLORINE_LIQUID | {"temperature": 430.0}, {}, "above its critical temperature"),
        (liquid_leak, CHLORINE_LIQUID | {"level": 0.1}, {}, "not below the liquid"),
        (liquid_leak, CHLORINE_LIQUID, {"head": -1.0}, "head"),
    ],
)
def test_nonsense_is_refused_with_a_mend(call, attributes, arguments, word):
    with pytest.raises(ModelError, match=word) as caught:
        call(tank(attributes), **(HOLE | arguments))
    assert all(problem.fix for problem in caught.value.problems)


def test_text_is_not_a_number_and_missing_attributes_are_named():
    with pytest.raises(UnitError, match="25 mm"):
        gas_leak(tank(CHLORINE_GAS), hole_diameter="25 mm", duration=600.0)
    with pytest.raises(LayoutError, match=r"park\.geojson:3"):
        gas_leak(tank(CHLORINE_GAS, temperature=None), **HOLE)
    with pytest.raises(TwinError):
        gas_leak(tank(CHLORINE_GAS, pressure="7 bar"), **HOLE)


def test_a_vessel_stated_at_its_vapour_pressure_may_leak_either_way():
    saturated = CHLORINE_LIQUID | {"pressure": substance("chlorine").vapour_pressure(293.15)}
    assert liquid_leak(tank(saturated), **HOLE).total_mass > gas_leak(tank(saturated), **HOLE).total_mass
    assert any("saturated" in note for note in gas_leak(tank(saturated), **HOLE).notes)
