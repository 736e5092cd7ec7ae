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
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
    return time.perf_counter() - begin


@pytest.mark.parametrize("name", CASES)
def test_start_up(benchmark, name) -> None:
    benchmark.pedantic(wall, args=(CASES[name],), rounds=5, warmup_rounds=1)
    empty = sorted(wall(["-c", "pass"]) for _ in range(5))[2]
    benchmark.extra_info["empty python [s]"] = empty
    benchmark.extra_info["above empty python [s]"] = benchmark.stats.stats.median - empty
    # the work was done: an import that fails would have raised
    assert benchmark.stats.stats.rounds == 5
