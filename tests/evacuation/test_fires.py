"""Fires in place of clouds: ISO 20414 tests 18 and 19 through the front door, and the doses by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from evacuation import Condition, Distribution, Exposure, Fire, Group, Order, Tolerance, WalkGraph, evacuate, populate
from twin import ModelError, Streams


def told(**values):
    return Fire(field=lambda x, y, z, t: values)


def median(park, count=1, place="YD-1"):
    who = Group(
        name="one", place=place, count=count, premovement=Distribution.fixed(0.0), speed=Distribution.fixed(1.25)
    )
    people = populate(park, [who], Streams(1))
    return replace(people, tolerance=np.full(count, 0.5))


# when the dose is 1 in each gas, with the sources of tests/validation/evacuation_suites.csv, rows ISO-19-a to d
@pytest.mark.parametrize(
    ("gases", "when"),
    [
        ({"co": 1000.01, "co2": 2.0, "o2": 15.0003}, 981.71),
        ({"o2": 12.0002}, 1666.49),
        ({"co": 1000.01, "o2": 21.0003}, 1692.82),
        ({"co": 1000.01, "co2": 3.43, "o2": 21.0003}, 846.50),
    ],
)
def test_iso_20414_19_a_fixed_person_falls(park, weather, gases, when):
    fire = told(**gases)
    result = evacuate(
        park, median(park), hazard=fire, substance=fire, weather=weather, horizon=3600.0, tolerance=Tolerance()
    )
    assert result.incapacitated_time[0] == pytest.approx(when, abs=0.1)
    assert result.condition[0] in {Condition.INCAPACITATED, Condition.DEAD}


# time in smoke over time in clear air, as there, rows ISO-18-K0.5 to K10
@pytest.mark.parametrize(("extinction", "longer"), [(0.5, 1.04207), (1.0, 1.08783), (7.5, 2.53501), (10.0, 5.19118)])
def test_iso_20414_18_smoke_slows(park, weather, extinction, longer):
    times = []
    for k in (0.0, extinction):
        fire = told(extinction=k)
        result = evacuate(
            park, median(park), orders=[Order(time=0.0, action="evacuate", muster="MP-W")], hazard=fire, substance=fire,
            weather=weather, horizon=3600.0, tolerance=Tolerance(),
        )  # fmt: skip
        times.append(result.arrival_time[0] - result.tracks.walk_time[0])
    # to the yard's exit people walk at their own speed: counted from there
    assert times[1] / times[0] == pytest.approx(longer, abs=1e-5)


def test_doses_of_a_fire_by_hand(park, weather):
    # heat of 100 °C on the fully clothed: 4.1e8 / 100^3.61 min = 24.7 min; dead at three times that dose
    fire = Fire(field=lambda x, y, z, t: {"temperature": 373.15}, effect="heat")
    result = evacuate(
        park, median(park, 3), hazard=fire, substance=fire, weather=weather, horizon=7200.0, tolerance=Tolerance()
    )
    assert result.incapacitated_time == pytest.approx(np.full(3, 60.0 * 4.1e8 / 100.0**3.61), rel=1e-9)
    assert result.death_time == pytest.approx(np.full(3, 3.0 * 60.0 * 4.1e8 / 100.0**3.61), rel=1e-9)
    assert np.isinf(result.impaired_time).all()
    # ISO 13571: 11 % are incapacitated at a dose of 0.3, so 11 % are dead at 0.9
    assert fire.probit().probability(0.9) == pytest.approx(0.10, abs=0.015)
    assert fire.probit().load(0.5) == pytest.approx(3.0)


def test_plain_air_harms_nobody(park, weather):
    fire = told()
    air = Exposure(WalkGraph.of(park), fire, substance=fire, weather=weather, horizon=600.0)
    result = evacuate(park, median(park, 5), exposure=air, horizon=600.0, tolerance=Tolerance())
    assert (result.load == 0.0).all()
    assert (result.condition == Condition.FIT).all()
    assert result.settings["load_unit"] == "FED"


def test_faults_are_told(park, weather):
    with pytest.raises(ModelError, match=r"no effect 'heath'"):
        Fire(field=lambda x, y, z, t: {}, effect="heath")
    with pytest.raises(ModelError, match="no law 'fog'"):
        Fire(field=lambda x, y, z, t: {}, law="fog")
    wrong = told(carbon=3.0)
    with pytest.raises(ModelError, match="no quantity 'carbon'"):
        evacuate(park, median(park), hazard=wrong, substance=wrong, weather=weather, horizon=60.0)
    fire = told()
    with pytest.raises(ModelError, match="no probit 'lees'"):
        evacuate(park, median(park), hazard=fire, substance=fire, weather=weather, horizon=60.0, probit="lees")
