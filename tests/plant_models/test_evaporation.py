"""Evaporation correlations against their published forms, and substrates against their own laws."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plant_models.evaporation import (
    CALM_WIND,
    Substrate,
    evaporation_flux,
    evaporation_rate,
    known_substrates,
    mass_transfer_coefficient,
    substrate,
)
from plant_models.substances import substance
from twin.errors import ModelError, TwinError, UnitError

VALIDATION = Path(__file__).resolve().parents[1] / "validation"
POUND, FOOT, MMHG = 0.45359237, 0.3048, 101325.0 / 760.0


def published() -> dict[tuple[str, str], float]:
    text = (VALIDATION / "evaporation_cases.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return {(row["case"], row["quantity"]): float(row["value"]) for row in rows if row["status"] != "recalled"}


@pytest.mark.validation
def test_mackay_and_matsugu_at_unit_arguments():
    k = mass_transfer_coefficient(wind_speed=1.0, diameter=1.0, schmidt_number=1.0, molar_mass=0.05)
    assert k == pytest.approx(published()["MM", "coefficient"], rel=1e-12)


@pytest.mark.validation
@pytest.mark.parametrize("wind", [1.5, 3.0])
def test_the_epa_equation_in_its_own_units(wind):
    # QR = 0.284 u^0.78 M^(2/3) A p/(82.05 T) lb/min; acrylonitrile 53.06 g/mol, 100 ft², 108 mmHg, 298 K.
    pounds = published()["EPA", "coefficient"] * wind**0.78 * 53.06 ** (2 / 3) * 100.0 * 108.0 / (82.05 * 298.0)
    k = mass_transfer_coefficient(
        wind_speed=wind, diameter=1.0, schmidt_number=1.0, molar_mass=0.05306, correlation="epa"
    )
    flux = evaporation_flux(
        coefficient=k, vapour_pressure=108.0 * MMHG, molar_mass=0.05306, temperature=298.0, stefan_flow=False
    )
    # 0.284 is printed with three digits: half a unit of the last is 0.2 %.
    assert flux * 100.0 * FOOT**2 * 60.0 / POUND == pytest.approx(pounds, rel=2e-3)


def test_toluene_from_an_open_tank_by_hand():
    # K = 0.83 (18/92)^(1/3) = 0.4819 cm/s; A = π/4 5² = 19.63 ft² = 1.8241 m²; p = 28.2 mmHg = 3759.7 Pa; T = 298.15 K:
    # 0.092 x 0.004819 x 1.8241 x 3759.7 / (8.314463 x 298.15) = 1.22652e-3 kg/s = 0.16224 lb/min.
    k = mass_transfer_coefficient(
        wind_speed=0.0, diameter=1.524, schmidt_number=1.8, molar_mass=0.092, correlation="still_air"
    )
    assert k == pytest.approx(0.004819, rel=1e-3)
    flux = evaporation_flux(
        coefficient=k, vapour_pressure=28.2 * MMHG, molar_mass=0.092, temperature=298.15, stefan_flow=False
    )
    area = 0.25 * math.pi * (5.0 * FOOT) ** 2
    assert flux * area * 60.0 / POUND == pytest.approx(0.1622, rel=1e-3)
    # With the library's own toluene: vapour pressure (1 %) and molar mass differ a little.
    rate = evaporation_rate(
        "toluene", area=area, temperature=298.15, wind_speed=0.0, correlation="still_air", stefan_flow=False
    )
    assert rate * 60.0 / POUND == pytest.approx(0.1622, rel=0.02)


@given(ratio=st.floats(1e-6, 0.99))
@settings(deadline=None, max_examples=50)
def test_stefan_flow_only_ever_adds(ratio):
    common = {"coefficient": 0.01, "vapour_pressure": ratio * 1e5, "molar_mass": 0.1, "temperature": 300.0}
    with_flow, without = (evaporation_flux(**common, pressure=1e5, stefan_flow=on) for on in (True, False))
    # ln(1/(1 - x))/x >= 1 + x/2, the first terms of its series.
    assert with_flow / without >= (1.0 + 0.5 * ratio) * (1.0 - 1e-9)


def test_calm_air_is_taken_as_the_least_wind():
    common = {"diameter": 10.0, "schmidt_number": 1.8, "molar_mass": 0.092}
    calm, least, more = (mass_transfer_coefficient(wind_speed=u, **common) for u in (0.0, CALM_WIND, 2.0))
    assert 0.0 < calm == least < more


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"area": -1.0}, "area"),
        ({"area": math.nan}, "area"),
        ({"wind_speed": -1.0}, "wind_speed"),
        ({"pressure": 10.0}, "pressure"),
        ({"temperature": 600.0}, "600"),
        ({"correlation": "mackay_matsugo"}, "did you mean 'mackay_matsugu'"),
    ],
)
def test_bad_input_is_named(changes, word):
    good = {"area": 10.0, "temperature": 298.15, "wind_speed": 3.0}
    with pytest.raises(TwinError, match=word):
        evaporation_rate("toluene", **(good | changes))


def test_text_and_boiling_are_refused():
    with pytest.raises(UnitError, match="text"):
        evaporation_rate("toluene", area="10 m2", temperature=298.15, wind_speed=3.0)
    with pytest.raises(ModelError, match="boils"):
        evaporation_rate("ammonia", area=10.0, temperature=250.0, wind_speed=3.0)


def test_substrates_are_found_and_checked():
    assert substrate(" Concrete ").name == "concrete"
    assert all(row.source for row in known_substrates())
    with pytest.raises(ModelError, match="did you mean 'concrete'"):
        substrate("concret")
    with pytest.raises(ModelError, match="conductivity"):
        Substrate(name="x", conductivity=-1.0, diffusivity=1e-6, minimum_depth=0.005)
    # Briscoe and Shaw's concrete: 0.92/sqrt(4.156e-7) = 1427; with ALOHA's 9 k and 9 α three times that.
    assert substrate("concrete").effusivity == pytest.approx(1427.0, rel=1e-3)
    assert 8.28 / math.sqrt(3.74e-6) == pytest.approx(3.0 * substrate("concrete").effusivity, rel=1e-9)


def test_the_rate_grows_with_everything_it_should():
    base = evaporation_rate("acetone", area=10.0, temperature=290.0, wind_speed=3.0)
    assert evaporation_rate(substance("acetone"), area=20.0, temperature=290.0, wind_speed=3.0) > base
    assert evaporation_rate("acetone", area=10.0, temperature=300.0, wind_speed=3.0) > base
    assert evaporation_rate("acetone", area=10.0, temperature=290.0, wind_speed=6.0) > base
