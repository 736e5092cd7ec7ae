"""Speed of the dense-gas model against slabx, CPU time of one thread in the same run: pools, a jet, mass at once.

Both follow the cloud from its source over plume and puff to the same distance, from inputs to cross-sections. The time
of compilation is told apart; nothing about time is asserted.
"""

from __future__ import annotations

import math
import sys
import time
import warnings

import numpy as np
import pytest

from dispersion.dense_air import SurfaceLayer
from dispersion.dense_march import Setting, follow_plume, follow_puff, let_go
from dispersion.dense_source import all_at_once, start_of
from plant_models.releases import Release
from plant_models.substances import substance
from twin.weather import Weather

pytestmark = pytest.mark.bench
slabx = pytest.importorskip("slabx")

METHANE = (0.016043, 2238.0, 3348.5, 111.7, 509_900.0, 424.1, 509_900.0 * 0.016043 / 8.31431, 0.0)
AMMONIA = (0.017031, 2045.9, 4611.8, 239.57, 1_170_000.0, 603.0, 2976.01, 0.0)
# wind, its height, roughness, inverse Obukhov length, temperature, humidity
AIRS = {
    "pool, Burro 8": (1.92, 2.88, 2e-4, 0.0665, 306.0, 0.046),
    "pool, Burro 7": (8.3, 2.0, 2e-4, -1.0 / 111.0, 306.95, 0.074),
    "jet, Desert Tortoise 4": (4.5, 2.0, 0.003, 0.0221, 306.2, 0.213),
    "at once, 5 t of LNG": (1.92, 2.88, 2e-4, 0.0665, 306.0, 0.046),
}
FAR = 1000.0


def ours(case):
    """Cross-sections from the inputs on; their number."""
    wind, height, z0, inverse, temperature, humidity = AIRS[case]
    air = Weather(
        wind_speed=wind, wind_from=270.0, wind_height=height, roughness_length=z0, obukhov_length=1.0 / inverse,
        temperature=temperature, humidity=humidity,
    )  # fmt: skip
    layer = SurfaceLayer.of(air)
    if case.startswith("at once"):
        release = Release.instantaneous(GAS["methane"], x=0.0, y=0.0, z=0.0, mass=5000.0, temperature=111.7)
        setting = Setting(layer, np.array(METHANE), FAR, 1, 10.0)
        return let_go(all_at_once(release, 5000.0, 900.0, layer, setting.material), setting)
    if case.startswith("jet"):
        gas, material, lasts, rate = "ammonia", AMMONIA, 381.0, 107.87
        more = {"temperature": 239.57, "vapour_fraction": 0.19, "jet_velocity": 25.5932, "jet_diameter": 1.1, "z": 1.0}
    else:
        gas, material = "methane", METHANE
        rate, lasts, area = (117.0, 107.0, 657.0) if case.endswith("8") else (99.36, 174.0, math.pi * 27.5**2 / 4.0)
        more = {"temperature": 111.7, "area": area, "z": 0.0}
    setting = Setting(layer, np.array(material), FAR, 1, 10.0)
    release = Release.steady(GAS[gas], x=0.0, y=0.0, mass_rate=rate, duration=lasts, **more)
    plume = follow_plume(start_of(release, rate, layer, setting.material), setting)
    return plume.rows, follow_puff(plume, lasts, setting)


def theirs(case):
    from slabx.core.plume import run_dispersion
    from slabx.core.source import EvaporatingPool, HorizontalJet, InstantaneousRelease
    from slabx.submodels.atmosphere import Atmosphere
    from slabx.thermo.base import LegacyThermo, Substance, water_backend

    wind, height, z0, inverse, temperature, humidity = AIRS[case]
    numbers = AMMONIA if case.startswith("jet") else METHANE
    names = ("mw", "cp_vapour", "cp_liquid", "T_boil", "dh_vap", "rho_liquid", "sat_B", "sat_C")
    gas = Substance(name="gas", **dict(zip(names, numbers, strict=True)))
    air = Atmosphere(u_ref=wind, z_ref=height, T=temperature, rh=100.0 * humidity, z0=z0, inv_L=inverse)
    if case.startswith("at once"):
        source = InstantaneousRelease(substance=gas, rate=0.0, area=900.0, duration=0.0, mass=5000.0)
    elif case.startswith("jet"):
        source = HorizontalJet(substance=gas, rate=107.87, area=0.93, duration=381.0, liquid_fraction=0.81, height=1.0)
    else:
        rate, lasts, area = (117.0, 107.0, 657.0) if case.endswith("8") else (99.36, 174.0, math.pi * 27.5**2 / 4.0)
        source = EvaporatingPool(substance=gas, rate=rate, area=area, duration=lasts)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return run_dispersion(source, air, LegacyThermo(gas), water_backend(), x_max=FAR)


GAS = {name: substance(name) for name in ("methane", "ammonia")}


def cpu(run, case, times):
    best = math.inf
    for _ in range(3):
        begin = time.process_time()
        for _ in range(times):
            run(case)
        best = min(best, (time.process_time() - begin) / times)
    return best


def test_dense_gas_against_slabx(capsys):
    begin = time.process_time()
    for case in AIRS:
        ours(case)
    lines = [f"first calls (load or compile) {time.process_time() - begin:.2f} s of CPU"]
    for case in AIRS:
        fast, slow = cpu(ours, case, 20), cpu(theirs, case, 1)
        lines.append(f"{case:24s} slabx {slow * 1e3:8.1f} ms, here {fast * 1e3:6.3f} ms, {slow / fast:6.0f} times")
    with capsys.disabled():
        sys.stdout.write("\n" + "\n".join(lines) + "\n")
