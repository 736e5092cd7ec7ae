"""The shipped park and its chlorine drill, loaded once."""

from __future__ import annotations

import pytest

from drills.run import run_drill
from plant_models.parks import park_path
from scenarios.load import load
from twin.loading import load_layout


@pytest.fixture(scope="session")
def park():
    return load_layout(park_path("lantern-bay"))


@pytest.fixture(scope="session")
def chlorine():
    return load("chlorine-hose-night")


@pytest.fixture(scope="session")
def played(chlorine, park):
    return {team: run_drill(chlorine, park, team=team) for team in ("plan", "idle", "perfect")}
