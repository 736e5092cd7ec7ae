"""The face of the package hands on what its stub promises, whatever was imported before."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import plant_models

ROOT = Path(__file__).resolve().parents[2]


def test_every_promised_name_is_there():
    stub = (ROOT / "plant_models" / "__init__.pyi").read_text(encoding="utf-8")
    names = {line.split()[-1] for line in stub.splitlines() if line.startswith("from")}
    assert names == set(plant_models.__all__)
    rooms = {path.stem for path in (ROOT / "plant_models").glob("*.py")}
    assert not names & rooms  # a name that is also a room would be hidden by the room once that is imported
    for name in names:
        assert getattr(plant_models, name) is not None


def test_leaks_need_no_drawing_or_table_library():
    heavy = ["matplotlib", "pandas", "scipy", "numba", "networkx", "pint", "pydantic", "xarray"]
    code = f"import sys; from plant_models import gas_leak; print([m for m in {heavy!r} if m in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert answer.stdout.strip() == "[]"
