"""Which regime a state makes, and what is refused."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plant_models.regimes import REGIMES, discharge_regime
from plant_models.substances import substance
from twin.errors import ModelError

AIR = 101325.0
CHLORINE = substance("chlorine")
SATURATED = CHLORINE.vapour_pressure(293.15)


def of(name="chlorine", pressure=SATURATED, temperature=293.15, *, submerged=True, length=0.0, **more):
    return discharge_regime(
        substance(name),
        pressure=pressure,
        temperature=temperature,
        submerged=submerged,
        length=length,
        ambient_pressure=AIR,
        **more,
    )


@pytest.mark.parametrize(
    ("regime", "given_state"),
    [
        ("frozen", {}),
        ("relaxation", {"length": 0.05}),
        ("equilibrium", {"length": 0.1}),
        ("vapour", {"submerged": False}),
        ("gas", {"pressure": 0.5 * SATURATED}),
        ("gas", {"name": "carbon monoxide", "pressure": 3e5}),
        ("gas", {"name": "BFG", "pressure": 1.1e5}),
        ("supercritical", {"name": "hydrogen", "pressure": 3e7}),
        ("liquid", {"name": "toluene", "pressure": 2e5, "length": 3.0}),
        ("liquid", {"name": "water", "pressure": 2e5}),
    ],
)
def test_the_state_makes_the_regime(regime, given_state):
    found = of(**given_state)
    assert found.name == regime
    assert found.reason
    assert found.is_liquid == (regime in {"liquid", "frozen", "relaxation", "equilibrium"})


def test_a_pressure_rounded_off_saturation_is_still_saturated():
    # The layout of a park says 0.7 MPa for 6.76 bar, or 6.6: within 3 % it is the same vessel.
    assert of(pressure=0.975 * SATURATED).name == "frozen"
    assert of(pressure=0.965 * SATURATED).name == "gas"


@pytest.mark.parametrize(("override", "length", "expected"), [("frozen", 2.0, 0.0), ("equilibrium", 0.0, 0.1)])
def test_a_boiling_liquid_may_be_taken_otherwise(override, length, expected):
    found = of(length=length, override=override)
    assert (found.name, found.length) == (override, expected)
    assert "as asked" in found.reason


@pytest.mark.parametrize(
    ("given_state", "word"),
    [
        ({"override": "frozzen"}, "did you mean 'frozen'"),
        ({"override": "gas"}, "leave the choice open"),
        ({"override": "relaxation"}, "between 0 and 0.1 m"),
        ({"override": "relaxation", "length": 2.0}, "between 0 and 0.1 m"),
        ({"name": "toluene", "pressure": AIR, "override": "equilibrium"}, "does not boil at the air pressure"),
        ({"name": "toluene", "pressure": 3e5, "submerged": False}, "lower the hole"),
        ({"name": "LPG", "pressure": 8e5}, "propane for LPG"),
        ({"name": "LNG", "pressure": 1.2e5, "temperature": 112.0}, "methane for LNG"),
        ({"pressure": math.nan}, "pressure is nan"),
        ({"length": -1.0}, "length is -1.0"),
    ],
)
def test_what_does_not_fit_is_refused_with_a_mend(given_state, word):
    with pytest.raises(ModelError, match=word):
        of(**given_state)


@settings(deadline=None, max_examples=50)
@given(st.floats(200.0, 410.0), st.floats(1.1e5, 5e7), st.booleans(), st.floats(0.0, 3.0))
def test_every_state_of_chlorine_has_a_regime_or_a_clear_refusal(temperature, pressure, submerged, length):
    if not submerged and CHLORINE.vapour_pressure(temperature) <= AIR:
        with pytest.raises(ModelError, match="lower the hole"):
            of(pressure=pressure, temperature=temperature, submerged=submerged, length=length)
        return
    found = of(pressure=pressure, temperature=temperature, submerged=submerged, length=length)
    assert found.name in REGIMES
    assert not (submerged and found.name == "vapour")
