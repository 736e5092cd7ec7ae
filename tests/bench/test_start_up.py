"""How long a user waits before anything happens: imports and the command's help, beside an empty Python."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

pytestmark = pytest.mark.bench

CASES = {
    "import twin": ["-c", "import twin"],
    "import all six packages": ["-c", "import twin, plant_models, dispersion, evacuation, scenarios, drills"],
    "from dispersion import model": ["-c", "from dispersion import model"],
    "parktwin --help": ["-c", "import sys; sys.argv = ['parktwin', '--help']; from drills.cli import main; main()"],
}


def wall(arguments) -> float:
    begin = time.perf_counter()
    done = subprocess.run([sys.executable, *arguments], check=True, capture_output=True, text=True)
    spent = time.perf_counter() - begin
    assert "--help" not in arguments[-1] or "demo" in done.stdout  # the help was really printed
    assert done.stderr == ""
    return spent


@pytest.mark.parametrize("name", CASES)
def test_start_up(benchmark, name) -> None:
    benchmark.pedantic(wall, args=(CASES[name],), rounds=5, warmup_rounds=1)
    empty = sorted(wall(["-c", "pass"]) for _ in range(5))[2]
    benchmark.extra_info["empty python [s]"] = empty
    benchmark.extra_info["above empty python [s]"] = benchmark.stats.stats.median - empty
