"""More cases of the network and of the people drawn; `cases.py`, whose helpers it uses, merges it."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

_spec = importlib.util.spec_from_file_location("evacuation_helpers", Path(__file__).with_name("cases.py"))
assert _spec is not None
assert _spec.loader is not None
_spec.loader.exec_module(base := importlib.util.module_from_spec(_spec))

Case = Callable[[], float]

CASES: dict[tuple[str, str], Case] = {}
