"""Buses in a scenario: the section, the policy, and what it counts."""

from __future__ import annotations

import numpy as np
import pytest

from drills.study.compare import compare
from evacuation.condition import Condition
from scenarios.fit import fit
from scenarios.schema import Scenario
from twin.errors import ModelError

VILLAGE = {
    "id": "B1",
    "depot": "MP-3",
    "count": 4,
    "capacity": 45,
    "places": ["VL-WEST", "VL-EAST"],
    "pick_up": "MP-11",
    "safe": ["MP-3", "MP-7"],
    "ready": "5 min",
    "boarding": "3 s",
    "alighting": "1 s",
}


def with_buses(scenario, *fleets):
    plain = scenario.model_dump(mode="json", by_alias=True)
    vehicles = Scenario.model_fields["vehicles"].annotation.__args__[0].model_validate({"buses": list(fleets)})
    return scenario.model_copy(update={"vehicles": vehicles}) if plain["vehicles"] is None else scenario


@pytest.fixture(scope="module")
def study(chlorine, park):
    return compare(with_buses(chlorine, VILLAGE), park, policies=["nearest", "buses"])


@pytest.mark.slow
def test_village_rides_on_and_nobody_is_lost(study, park):
    walked, rode = study.shown["nearest"], study.shown["buses"]
    people = rode.population
    places = np.array([people.places.index(tag) for tag in VILLAGE["places"]])
    village = np.isin(people.place, places)
    there = village & np.isfinite(rode.arrival_time)
    assert there.sum() > 45  # more than one trip
    # nobody is safe before a bus could be: ready 5 min after the order, and the way there and back
    assert rode.arrival_time[there].min() > study.alert + 300.0
    # arrivals come by bus: no more in any turn than four full buses bring; people get off one by one
    assert len(np.unique(rode.arrival_time[there])) > there.sum() / 4
    assert rode.population is walked.population
    assert ((rode.probability >= people.tolerance) == (rode.condition == Condition.DEAD)).all()
    horizon = study.scenario.time.horizon
    told = np.isfinite(rode.told_time)
    assert rode.unaccounted(horizon) == (told & ~np.isfinite(rode.arrival_time)).sum()


@pytest.mark.slow
def test_pictures_show_buses_too(study, tmp_path):
    from drills.study.view import save_study

    save_study(study, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} >= {"policies.png", "clearance.png", "map-buses.png"}


def test_every_policy_has_a_colour_and_a_name():
    from drills.study.compare import POLICIES
    from drills.study.view import _COLOURS, _WORDS

    assert set(_COLOURS) == set(_WORDS) == set(POLICIES)


def test_without_buses_the_policy_is_refused(chlorine, park):
    with pytest.raises(ModelError, match="has no buses"):
        compare(chlorine, park, policies=["buses"])


def test_fleets_are_checked_against_the_park(chlorine, park):
    wrong = VILLAGE | {"depot": "MP-33", "pick_up": "GT-N", "places": ["VL-WEST", "BD-NONE"]}
    found = fit(with_buses(chlorine, wrong, VILLAGE | {"id": "B2"}), park)
    told = "; ".join(problem.what for problem in found if problem.severity == "error")
    for what in (
        "'MP-33'",
        "'GT-N' is a gate",
        "nobody starts at 'BD-NONE'",
        "place 'VL-WEST' is served by 'B1' and 'B2'",
    ):
        assert what in told
