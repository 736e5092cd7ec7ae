"""Doses of fire gases against the tests of ISO 20414 and hand calculations."""

from __future__ import annotations

import math

import numpy as np
import pytest

from evacuation import asphyxiants as fire
from twin import ModelError


def fell(**gas):
    times = np.arange(0.0, 4000.0, 10.0)
    return fire.time_to_dose(times, np.full(times.size, float(fire.asphyxiant_rate(**gas))))


# Test 19 of ISO 20414, a fixed person in a room of 10 x 10 x 3 m: times at which the dose is 1, of the FDS+Evac guide
# and its implementation in pyFDS-Evac (verification/iso-test-19), whose volume fractions are given with six digits.
@pytest.mark.parametrize(
    ("gas", "expected"),
    [
        ({"co": 1000.01, "co2": 2.0, "o2": 15.0003}, 981.71),
        ({"o2": 12.0002}, 1666.49),
        ({"co": 1000.01, "o2": 21.0003}, 1692.82),
        ({"co": 1000.01, "co2": 3.43, "o2": 21.0003}, 846.50),
        ({"co": 1999.86, "co2": 0.049992, "o2": 20.8985}, 785.49),  # the CO room
    ],
)
def test_iso_20414_19_time_of_incapacitation(gas, expected):
    assert fell(**gas) == pytest.approx(expected, abs=0.1)


def test_plain_air_gives_no_dose():
    """The lack of oxygen counts below 20 % only: at 20.9 % the formula alone would give 1 after 57 h."""
    assert fire.asphyxiant_rate(o2=20.9) == 0.0
    assert fire.asphyxiant_rate(o2=20.0) == 0.0
    assert fire.asphyxiant_rate(o2=19.9) > 0.0


def test_cyanide_less_nitrogen_dioxide():
    """exp(100 / 43) / 220 - 0.0045 = 0.04200 a minute."""
    assert fire.asphyxiant_rate(hcn=100.0) * 60.0 == pytest.approx(math.exp(100.0 / 43.0) / 220.0 - 0.0045, rel=1e-12)
    assert fire.asphyxiant_rate(hcn=150.0, no2=50.0) == fire.asphyxiant_rate(hcn=100.0)
    assert fire.asphyxiant_rate(hcn=50.0, no2=80.0) == 0.0


# Test 18 of ISO 20414: time in smoke over time in clear air, 100 m at 1.25 m/s, by the law of Frantzich and Nilsson.
@pytest.mark.parametrize(("extinction", "ratio"), [(0.5, 1.04207), (1.0, 1.08783), (7.5, 2.53501), (10.0, 5.19118)])
def test_iso_20414_18_speed_in_smoke(extinction, ratio):
    assert 1.0 / fire.smoke_speed(extinction) == pytest.approx(ratio, rel=1e-5)


def test_speed_in_smoke_by_fridolf():
    assert fire.smoke_speed(1.0, law="fridolf") == pytest.approx(3.0 / 5.0)  # V = 3 m: 3 / (3 + 2)
    assert fire.smoke_speed(1.0, law="fridolf", lit=True) == pytest.approx(0.8)
    assert fire.smoke_speed(0.0, law="fridolf") == 1.0
    assert fire.smoke_speed(100.0) == 0.1
    with pytest.raises(ModelError, match="there is no law"):
        fire.smoke_speed(1.0, law="fridolff")


def test_part_of_people_incapacitated():
    """CO room at 999 s: 60.1 % of people with sigma 0.94 (pyFDS-Evac); a half at 1; 11 % at 0.3 says ISO 13571."""
    dose = 999.0 * float(fire.asphyxiant_rate(co=1999.86, co2=0.049992, o2=20.8985))
    assert fire.incapacitated_part(dose) == pytest.approx(0.601, abs=5e-4)
    assert fire.incapacitated_part(1.0) == 0.5
    assert fire.incapacitated_part(0.3) == pytest.approx(0.11, abs=0.012)
    assert fire.incapacitated_part(0.0) == 0.0


def test_irritants_add_up():
    told = fire.irritant_concentration({"hydrogen chloride": 500.0, "acrolein": np.array([0.0, 15.0])})
    assert told.tolist() == [0.5, 1.0]
    with pytest.raises(ModelError, match="no limit of irritation"):
        fire.irritant_concentration({"chlorine": 1.0})


def test_heat():
    """At 10 kW/m2: 4.2 10^-1.9 min = 3.17 s; convection at 100 degC: 4.1e8 100^-3.61 min = 24.7 min."""
    assert 1.0 / fire.heat_rate(radiant_flux=1e4, temperature=273.15) == pytest.approx(60.0 * 4.2 * 10.0**-1.9)
    assert 1.0 / fire.heat_rate(temperature=373.15) == pytest.approx(60.0 * 4.1e8 * 100.0**-3.61)
    assert fire.heat_rate(temperature=373.15, clothed=False) > fire.heat_rate(temperature=373.15)
    assert fire.heat_rate(radiant_flux=2400.0, temperature=273.15) == 0.0


def test_time_of_a_rising_rate():
    """Rate t / 100 a second: the dose is t^2 / 200, 1 at sqrt(200) s whatever the steps."""
    for step in (1.0, 7.0, 20.0):
        times = np.arange(0.0, 60.0, step)
        assert fire.time_to_dose(times, times / 100.0) == pytest.approx(math.sqrt(200.0), rel=1e-12)
    assert fire.time_to_dose([0.0, 10.0], [0.01, 0.01]) == math.inf
    assert fire.time_to_dose([5.0, 10.0], [0.5, 0.5], dose=0.0) == 5.0


def test_bad_fractions_are_refused():
    with pytest.raises(ModelError, match=r"asphyxiant_rate\(co\): -1 is given"):
        fire.asphyxiant_rate(co=-1.0)
    with pytest.raises(ModelError, match=r"asphyxiant_rate\(o2\): 120 is given"):
        fire.asphyxiant_rate(o2=120.0)
    with pytest.raises(ModelError, match="extinction"):
        fire.smoke_speed(-1.0)
