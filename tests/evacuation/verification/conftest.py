"""The cases, which the documentation shares, and their verdict."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def cases() -> ModuleType:
    """The module of the cases."""
    spec = importlib.util.spec_from_file_location("evacuation_cases", Path(__file__).parent / "cases.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def check(cases: ModuleType) -> Callable[[str, str], None]:
    """Run a case and hold the value to its row."""

    def run(name: str, engine: str) -> None:
        row, measured = cases.rows()[name], cases.CASES[name, engine]()
        assert cases.met(row, measured), f"{name} ({engine}): {measured:.5g}, expected {row['expected']} {row['unit']}"

    return run
