"""Dense gas against slabx (MIT, an independent rewrite of SLAB) in the same run, where the physics is the same.

Dry air, for the saturation curve of water differs, and slabx's fixed points converged, which by default it leaves at
1e-3 as SLAB does: that alone moves the speed of a jet by 1.5 %.
"""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest

from dispersion._kernels import dense_closure as c
from dispersion.dense_air import SurfaceLayer
from dispersion.dense_march import Setting, follow_plume, follow_puff, let_go
from dispersion.dense_source import all_at_once, start_of
from dispersion.models import model
from plant_models.releases import Release
from plant_models.substances import substance
from twin.weather import Weather

pytestmark = pytest.mark.validation
slabx = pytest.importorskip("slabx")

# SLAB's decks: molar mass, heat capacities, boiling point, latent heat, liquid density, B and C of saturation.
GASES = {
    "methane": (0.016043, 2238.0, 3348.5, 111.7, 509_900.0, 424.1, -1.0, 0.0),
    "ammonia": (0.017031, 2045.9, 4611.8, 239.57, 1_170_000.0, 603.0, 2976.01, 0.0),
    "chlorine": (0.070906, 498.1, 926.3, 239.1, 287_840.0, 1574.0, 1978.34, -27.01),
}
COLUMNS = {
    "h": c.H, "b_half": c.B, "b_shape": c.CORE, "u": c.U, "T": c.T, "rho": c.RHO, "mass_frac": c.M,
    "mass_frac_emission_vapour": c.VAPOUR, "u_ambient_mean": c.U_BAR,
}  # fmt: skip
PUFF = COLUMNS | {"b_half_x": c.B_X, "b_shape_x": c.CORE_X}


def material(gas):
    values = np.array(GASES[gas])
    if values[6] < 0.0:
        values[6] = values[4] * values[0] / 8.31431
    return values


def as_slabx(gas):
    from slabx.thermo.base import Substance

    names = "mw", "cp_vapour", "cp_liquid", "T_boil", "dh_vap", "rho_liquid", "sat_B", "sat_C"
    return Substance(name=gas, **dict(zip(names, GASES[gas], strict=True)))


def theirs(gas, source, air, **settings):
    """Trajectory of slabx for one of its sources."""
    from slabx.coefficients import COEFFS
    from slabx.core.plume import run_dispersion
    from slabx.submodels.atmosphere import Atmosphere
    from slabx.thermo.base import LegacyThermo, water_backend

    known = as_slabx(gas)
    coeffs = COEFFS.perturb(eval_tol=1e-7, eval_max_iter=300, newton_tol=1e-7, newton_max_iter=60)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        around = Atmosphere(
            u_ref=air.wind_speed, z_ref=air.wind_height, T=air.temperature, rh=0.0, z0=air.roughness_length,
            inv_L=1.0 / air.obukhov_length,
        )  # fmt: skip
        thermo = LegacyThermo(known)
        return run_dispersion(source(known), around, thermo, water_backend(), coeffs=coeffs, **settings)[0]


def check(trajectory, which, rows, x, columns, within=0.01):
    """Compare at the stations of slabx inside our range; x is what both are interpolated on."""
    here = which & (x(trajectory) > x(rows)[1]) & (x(trajectory) < x(rows)[-1])
    assert here.sum() > 5
    for name, column in columns.items():
        ours = np.interp(x(trajectory)[here], x(rows), rows[:, column])
        np.testing.assert_allclose(ours, getattr(trajectory, name)[here], rtol=within, err_msg=name)


def by_place(shift):
    return lambda one: one[:, c.X] + shift if isinstance(one, np.ndarray) else one.x


def by_time(one):
    return one[:, c.TIME] if isinstance(one, np.ndarray) else one.t


def weather(wind, height, roughness, length, temperature):
    return Weather(
        wind_speed=wind, wind_from=270.0, wind_height=height, roughness_length=roughness, obukhov_length=length,
        temperature=temperature, humidity=0.0,
    )  # fmt: skip


def test_pool():
    from slabx.core.source import EvaporatingPool

    air = weather(8.3, 2.0, 2e-4, -111.0, 306.95)
    area = math.pi * 27.5**2 / 4.0
    found = theirs(
        "methane", lambda s: EvaporatingPool(substance=s, rate=99.36, area=area, duration=174.0), air, x_max=1000.0
    )
    pool = Release.steady(
        substance("methane"), x=0.0, y=0.0, z=0.0, mass_rate=99.36, duration=174.0, temperature=111.7, area=area
    )
    setting = Setting(SurfaceLayer.of(air), material("methane"), 1500.0, 2, 10.0)
    plume = follow_plume(start_of(pool, 99.36, setting.layer, setting.material), setting)
    assert plume.extent == plume.start.extent
    once = Setting(setting.layer, setting.material, 1500.0, 1, 10.0)
    plume = follow_plume(plume.start, once)
    outside = found.is_plume & (found.x > plume.extent)
    check(found, outside, plume.rows[plume.fed :], by_place(0.0), COLUMNS)
    _, puff = follow_puff(plume, 174.0, once)
    check(found, found.is_puff, puff, by_time, PUFF)


@pytest.mark.parametrize("elevation", [0.0, 90.0])
def test_jet_and_stack(elevation):
    from slabx.core.source import HorizontalJet
    from slabx.core.vertical_jet import VerticalJet

    if elevation:
        gas, rate, area, liquid, z, lasts = "chlorine", 3.33, 0.02, 0.88, 20.0, 300.0
        air = weather(5.0, 10.0, 0.1, 80.0, 276.0)
    else:
        gas, rate, area, liquid, z, lasts = "ammonia", 107.87, 0.93, 0.81, 1.0, 381.0
        air = weather(4.5, 2.0, 0.003, 45.2, 306.2)
    kind = VerticalJet if elevation else HorizontalJet
    found = theirs(
        gas,
        lambda s: kind(substance=s, rate=rate, area=area, duration=lasts, liquid_fraction=liquid, height=z),
        air,
        x_max=2000.0,
        n_field_steps=160 if elevation else 40,
    )
    m = GASES[gas]
    density = 1.0 / ((1.0 - liquid) * 8.314463 * m[3] / (101325.0 * m[0]) + liquid / m[5])
    jet = Release.steady(
        substance(gas), x=0.0, y=0.0, z=z, mass_rate=rate, duration=lasts, temperature=m[3], jet_diameter=1.0,
        vapour_fraction=1.0 - liquid, jet_velocity=rate / (density * area), elevation=elevation,
    )  # fmt: skip
    setting = Setting(SurfaceLayer.of(air), material(gas), 2000.0, 2, 10.0)
    plume = follow_plume(start_of(jet, rate, setting.layer, setting.material), setting)
    fed = found.is_plume & (found.x > plume.rows[0, c.X] + 1.05)
    grown = np.diff(np.log(found.b_half), append=np.log(found.b_half[-1]))
    strikes = (grown > 0.15) | (np.roll(grown, 1) > 0.15)  # where a falling cloud splashes on the ground in one station
    fed &= ~strikes if elevation else True
    assert not elevation or strikes.sum() <= 8
    check(found, fed, plume.rows, by_place(1.0), COLUMNS, 0.03 if elevation else 0.01)
    _, puff = follow_puff(plume, lasts, setting)
    check(found, found.is_puff, puff, by_time, PUFF, 0.015)


def test_mass_let_go_at_once():
    from slabx.core.source import InstantaneousRelease

    air = weather(1.92, 2.88, 2e-4, 1.0 / 0.0665, 306.0)
    found = theirs(
        "methane",
        lambda s: InstantaneousRelease(substance=s, rate=0.0, area=900.0, duration=0.0, mass=5000.0),
        air,
        x_max=1000.0,
        n_puff_steps=60,
    )
    all_of_it = Release.instantaneous(
        substance("methane"), x=0.0, y=0.0, z=0.0, mass=5000.0, temperature=111.7, area=900.0
    )
    setting = Setting(SurfaceLayer.of(air), material("methane"), 3000.0, 2, 10.0)
    puff = let_go(all_at_once(all_of_it, 5000.0, 900.0, setting.layer, setting.material), setting)
    columns = {name: column for name, column in PUFF.items() if name != "u"}
    check(found, found.t > 1.0, puff, by_time, columns)
    check(found, found.t > 1.0, puff, by_time, {"u": c.U, "x": c.X}, 0.02)


@pytest.mark.parametrize(("stability", "wind"), [("D", 5.0), ("F", 2.0)])
@pytest.mark.parametrize("averaging", [10.0, 600.0])
def test_chlorine_from_a_pool_through_the_door(stability, wind, averaging):
    """Moist air, a Pasquill class, the averaging time, and ppm: at 1 m on the axis from 50 m to 1 km within 3 %.

    3 % and not 1 %, for the curves of water and chlorine differ and slabx is run as it comes.
    """
    from slabx.core.plume import run_dispersion
    from slabx.core.source import EvaporatingPool
    from slabx.post.concentration import concentration_field
    from slabx.submodels.atmosphere import Atmosphere
    from slabx.thermo.base import LegacyThermo, water_backend

    known = as_slabx("chlorine")
    around = Atmosphere(u_ref=wind, z_ref=10.0, T=293.15, rh=50.0, z0=0.03, stability=stability)
    source = EvaporatingPool(substance=known, rate=2.0, area=20.0, duration=1800.0)
    way = run_dispersion(source, around, LegacyThermo(known), water_backend(), x_max=2000.0)[0]
    field = concentration_field(way, around, z=1.0, t_avg=averaging, t_release=1800.0)
    x = np.array([50.0, 100.0, 200.0, 500.0, 1000.0])
    their = 1e6 * np.exp(np.interp(x, field.x, np.log(np.maximum(field.peak, 1e-12))))
    air = Weather(wind_speed=wind, wind_from=270.0, wind_height=10.0, stability=stability, roughness_length=0.03)
    pool = Release.steady(
        substance("chlorine"), x=0.0, y=0.0, z=0.0, mass_rate=2.0, duration=1800.0, temperature=239.1, area=20.0
    )
    cloud = model("dense_gas", averaging_time=averaging).disperse(pool, air)
    densest = cloud.concentration(x[:, None], 0.0, 1.0, np.arange(10.0, 3000.0, 15.0)).max(axis=1)
    ppm = densest * 8.314463 * 293.15 / (101325.0 * 0.070906) * 1e6
    np.testing.assert_allclose(ppm, their, rtol=0.03)
