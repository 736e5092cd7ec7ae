"""Speed of the critical flux of a flashing liquid: the kernel on the saturation table, and the same search with
CoolProp in the same run.

Nothing is asserted about time. Ammonia, saturated at 0.6 to 0.95 of the critical temperature, with 0, 1 and 10 %
vapour.
"""

from __future__ import annotations

import math
import time

import numpy as np
import pytest
from numba import njit

from plant_models._kernels import equilibrium_flux
from plant_models.blowdown import Opening, blow_down
from plant_models.fluids import critical_flux, fluid
from plant_models.substances import substance
from plant_models.two_phase import equilibrium_flux as checked
from plant_models.two_phase import saturation_table
from plant_models.vessels import Vessel

pytestmark = pytest.mark.bench

AIR, CALLS = 101325.0, 50_000
QUALITIES = np.array([0.0, 0.01, 0.1])


@njit
def many(table, places, qualities, back, out):
    total = 0.0
    for place in places:
        for quality in qualities:
            equilibrium_flux(table, place, quality, 0.0, back, out)
            total += out[0]
    return total


def cpu(work, rounds=3):
    work()
    best = math.inf
    for _ in range(rounds):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


def show(request, benchmark, lines):
    """Keep the numbers with the benchmark and print them whatever the capture mode."""
    benchmark.extra_info.update(lines)
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        print()  # noqa: T201
        for name, value in lines.items():
            print(f"    {name}: {value}")  # noqa: T201


def test_critical_flux(benchmark, request):
    ammonia, out = substance("ammonia"), np.empty(3)
    real, table = fluid(ammonia), saturation_table(ammonia)
    critical, curve = ammonia.critical_temperature, ammonia.curves["vapour_pressure"]
    temperatures = np.linspace(0.62, 0.95, 12) * critical
    first = math.cbrt(1.0 - curve.low / critical)
    places = np.array([(1.0 - math.cbrt(1.0 - t / critical) / first) * (table.shape[1] - 1) for t in temperatures])
    wide = np.repeat(places, CALLS // places.size)
    benchmark.pedantic(lambda: many(table, wide, QUALITIES, AIR, out), rounds=5, warmup_rounds=1)
    ours = cpu(lambda: many(table, wide, QUALITIES, AIR, out)) / (wide.size * QUALITIES.size)

    def public():
        return [
            checked(ammonia, temperature=t, vapour_fraction=x).flux for t in temperatures for x in QUALITIES.tolist()
        ]

    def reference():
        return [critical_flux(real, real.at_tx(t, x), AIR)[0] for t in temperatures for x in QUALITIES.tolist()]

    calls = temperatures.size * QUALITIES.size
    door, plain = cpu(public) / calls, cpu(reference) / calls
    error = np.abs(np.array(public()) / np.array(reference()) - 1.0).max()
    lines = {
        "kernel, a call": f"{ours * 1e6:.2f} us",
        "equilibrium_flux with its checks, a call": f"{door * 1e6:.0f} us",
        "the same search with CoolProp": f"{plain * 1e6:.0f} us, {plain / ours:.0f} x the kernel",
        "largest relative difference": f"{error:.1e}",
    }
    show(request, benchmark, lines)
    assert error < 2e-4


def test_blow_down_of_a_bottle(benchmark, request):
    case = {
        "vessel": Vessel(axis="vertical", diameter=0.273, length=1.524, heads="flat"),
        "opening": Opening(diameter=0.00635, height=1.5, gas_coefficient=0.8, liquid_coefficient=0.61),
        "temperature": 288.0,
        "until": 100.0,
        "ambient_pressure": AIR,
    }
    nitrogen, phosgene = substance("nitrogen"), substance("phosgene")
    gas = case | {"pressure": 1.5e7}
    boiling = case | {"pressure": phosgene.vapour_pressure(288.0), "liquid_height": 1.0}
    benchmark.pedantic(lambda: blow_down(nitrogen, **gas), rounds=3, warmup_rounds=1)
    lines = {
        "nitrogen, 150 bar, reference equation": f"{cpu(lambda: blow_down(nitrogen, **gas)):.2f} s",
        "phosgene, vented from above, cubic equation": f"{cpu(lambda: blow_down(phosgene, **boiling)):.2f} s",
    }
    show(request, benchmark, lines)
    assert blow_down(nitrogen, **gas).energy_closure < 1e-12
