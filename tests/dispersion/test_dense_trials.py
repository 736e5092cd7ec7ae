"""Dense gas against SLAB's own output and against spills of LNG and ammonia; every number here is measured or SLAB's.

Measures: MG > 1 is under-prediction. What does not meet the aim is marked as expected to fail, with the reason.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from dispersion.dense_air import SurfaceLayer
from dispersion.dense_gas import DenseGas
from dispersion.dense_march import Setting, follow_plume, follow_puff
from dispersion.dense_source import start_of
from dispersion.performance import performance
from plant_models.releases import Release
from plant_models.substances import substance
from twin.weather import Weather

pytestmark = pytest.mark.validation

# Properties of the decks: molar mass, heat capacities, boiling point, latent heat, liquid density, B and C of the
# saturation curve (without them SLAB takes B = L M / R).
AMMONIA = np.array([0.017031, 2045.9, 4611.8, 239.57, 1_170_000.0, 603.0, 2976.01, 0.0])
METHANE = np.array([0.016043, 2238.0, 3348.5, 111.7, 609_900.0, 424.1, 609_900.0 * 0.016043 / 8.31431, 0.0])
TIMES = np.arange(2.0, 1500.0, 4.0)


def numbers(rows, *columns):
    return tuple(np.array([float(row[c]) for row in rows]) for c in columns)


@pytest.fixture(scope="module")
def desert_tortoise():
    """Rows of plume and puff for SLAB's deck of Desert Tortoise 4."""
    air = Weather(
        wind_speed=4.5, wind_from=270.0, wind_height=2.0, obukhov_length=1.0 / 0.0221, roughness_length=0.003,
        temperature=306.2, humidity=0.213,
    )  # fmt: skip
    density = 1.0 / (0.19 * 8.314463 * 239.57 / (101325.0 * 0.017031) + 0.81 / 603.0)
    jet = Release.steady(
        substance("ammonia"), x=0.0, y=0.0, z=1.0, mass_rate=107.87, duration=381.0, temperature=239.57,
        vapour_fraction=0.19, jet_velocity=107.87 / (density * 0.93), jet_diameter=1.09,
    )  # fmt: skip
    setting = Setting(SurfaceLayer.of(air), AMMONIA, 3500.0, 1, 10.0)
    plume = follow_plume(start_of(jet, 107.87, setting.layer, AMMONIA), setting)
    first, puff = follow_puff(plume, 381.0, setting)
    return np.concatenate([plume.rows[plume.rows[:, 0] < first[0]], puff]), setting


@pytest.mark.parametrize(
    ("column", "name", "within"),
    [
        ("zc_m", "Z_C", 0.05), ("h_m", "H", 0.05), ("bb_m", "B", 0.05), ("rho_kg_m3", "RHO", 0.02), ("T_K", "T", 0.01),
        ("u_m_s", "U", 0.02), ("uab_m_s", "U_BAR", 0.01), ("cm", "M", 0.02), ("cmev", "VAPOUR", 0.02),
        ("vg", "V_G", 0.05), ("b_m", "CORE", 0.08),
    ],
)  # fmt: skip
def test_slab_output_is_met_along_plume_and_puff(kit, desert_tortoise, column, name, within):
    """Height, width, density, temperature, speeds, mass fraction and vapour of 15 stations from 1 m to 3 km.

    The half-width of the core is up to 7 % wider than SLAB's, which leaves its fixed point at 1e-3 (slabx with that
    tolerance tightened agrees within 1 %, see test_dense_slabx).
    """
    from dispersion._kernels import dense_closure

    rows, _ = desert_tortoise
    table = kit.table("dense_gas_slab_ammonia.csv")
    x, theirs = numbers(table, "x_m", column)
    ours = np.interp(np.log(x), np.log(rows[:, 0] + 1.0), rows[:, getattr(dense_closure, name)])
    seen = np.abs(theirs) > 1e-9
    np.testing.assert_allclose(ours[seen], theirs[seen], rtol=within)


def test_slab_volume_fraction_and_length_of_the_puff_are_met(kit, desert_tortoise):
    rows, setting = desert_tortoise
    x, fraction, length = numbers(kit.table("dense_gas_slab_ammonia.csv"), "x_m", "cv", "bbx_m")
    m, air = rows[:, 11], setting.layer.molar_mass
    mole = air * m / (AMMONIA[0] + (air - AMMONIA[0]) * m)
    ours = np.exp(np.interp(np.log(x), np.log(rows[:, 0] + 1.0), np.log(mole)))
    np.testing.assert_allclose(ours, fraction, rtol=0.02)
    late = x > 1010.0
    np.testing.assert_allclose(np.interp(x[late], rows[:, 0] + 1.0, rows[:, 6]), length[late], rtol=0.01)


def test_burro_8_as_printed_in_slabs_manual(kit):
    """Concentrations within 2 % and durations within 5 %: an area that must widen, a plume and a puff."""
    from scipy.special import erf

    from dispersion._kernels import dense_closure as c
    from dispersion._kernels import dense_field as f
    from dispersion.dense_march import table_of

    air = Weather(
        wind_speed=1.92, wind_from=270.0, wind_height=2.88, obukhov_length=1.0 / 0.0665, roughness_length=2e-4,
        temperature=306.0, humidity=0.046,
    )  # fmt: skip
    pool = Release.steady(
        substance("methane"), x=0.0, y=0.0, z=0.0, mass_rate=117.0, duration=107.0, temperature=111.7, area=657.0
    )
    setting = Setting(SurfaceLayer.of(air), METHANE, 1000.0, 1, 10.0)
    plume = follow_plume(start_of(pool, 117.0, setting.layer, METHANE), setting)
    assert plume.start.extent == pytest.approx(0.5 * math.sqrt(657.0))
    assert plume.extent == pytest.approx(31.148, rel=0.02)  # SLAB's, as slabx quotes it
    _, puff = follow_puff(plume, 107.0, setting)
    t = table_of(puff, setting, begins=-plume.extent, passing="puff")
    axis = np.exp(t[:, f.AMPLITUDE]) * 4.0 * erf(t[:, f.HALF_CORE] / (math.sqrt(2.0) * t[:, f.SIDES]))
    axis *= np.exp(-0.5 * (t[:, f.CENTRE] / t[:, f.VERTICAL]) ** 2)
    axis *= erf(t[:, f.PASSING] / (math.sqrt(2.0) * t[:, f.BLUR]))
    x, fraction, duration = numbers(kit.table("dense_gas_slab_burro8.csv"), "x_m", "fraction", "duration_s")
    np.testing.assert_allclose(np.interp(x, puff[:, 0], axis), fraction, rtol=0.02)
    np.testing.assert_allclose(np.interp(x, puff[:, 0], 2.0 * puff[:, c.B_X] / puff[:, c.U]), duration, rtol=0.05)


def spill(row, *, by_class=False):
    """Cloud of one spill of LNG, as methane, averaged as the trial was (10 s where that is not stated).

    The stability is the measured Obukhov length, or the published Pasquill class where there is one.
    """
    stated = {"obukhov_length": float(row["obukhov_m"])}
    if by_class and row["pasquill"]:
        stated = {"stability": row["pasquill"]}
    rate, duration, diameter = (float(row[c]) for c in ("rate_kg_s", "duration_s", "diameter_m"))
    air = Weather(
        wind_speed=float(row["wind_m_s"]), wind_from=270.0, wind_height=float(row["wind_height_m"]),
        roughness_length=float(row["roughness_m"]), temperature=float(row["temperature_K"]),
        pressure=float(row["pressure_Pa"]), humidity=float(row["humidity"]), **stated,
    )  # fmt: skip
    gas = substance("methane")
    pool = Release.steady(
        gas, x=0.0, y=0.0, z=0.0, mass_rate=rate, duration=duration, temperature=gas.boiling_point,
        area=math.pi * diameter**2 / 4.0,
    )  # fmt: skip
    model = DenseGas(averaging_time=float(row["averaging_s"] or 10.0), distance=2000.0)
    cloud = model.disperse(pool, air)
    pure = gas.gas_density(air.temperature, air.pressure)
    return lambda x: cloud.concentration(np.atleast_1d(x)[:, None], 0.0, 1.0, TIMES).max(axis=1) / pure, cloud


def pairs(kit, *, by_class=False):
    found = []
    for row in kit.table("dense_gas_lng_trials.csv"):
        fraction, _ = spill(row, by_class=by_class)
        here = [a for a in kit.table("dense_gas_lng_arcs.csv") if a["trial"] == row["trial"]]
        x, observed = numbers(here, "distance_m", "percent")
        found += [(row["trial"], o, p) for o, p in zip(observed, 100.0 * fraction(x), strict=True)]
    return found


@pytest.fixture(scope="module")
def arcs(kit):
    return pairs(kit)


def judged(arcs, *names):
    chosen = [a for a in arcs if not names or a[0].startswith(names)]
    trials, observed, predicted = zip(*chosen, strict=True)
    return performance(observed, predicted, groups=trials)


def test_friction_velocity_follows_from_the_wind_of_the_trials(kit):
    """Measured, with the measured Obukhov length and roughness: within 5 %, which a wrong profile would miss."""
    for row in kit.table("dense_gas_lng_trials.csv"):
        layer = spill(row)[1].solution.sources[0].pieces[0].setting.layer
        assert layer.friction_velocity == pytest.approx(float(row["ustar_m_s"]), rel=0.05), row["trial"]


def test_arcs_of_the_spills(arcs):
    found = judged(arcs)
    assert found.n == 25
    assert found.fac2 >= 0.80
    assert found.vg < 1.6
    assert 0.67 < found.mg < 1.5  # the protocol for LNG (Ivings et al. 2007)
    told = f"{found.n} arc maxima | FAC2 {found.fac2:.2f}, MG {found.mg:.2f}, VG {found.vg:.2f}"
    assert told in (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


@pytest.mark.xfail(strict=True, reason="Maplin Sands 27 and 34 lie up to a factor 5 above the model")
def test_bias_of_all_spills(arcs):
    """Arcs of Maplin Sands seem to be peaks of 3 s, and the model gives a mean over many clouds.

    Its averaging time widens a plume and knows no peaks. Over 50 to 140 s the same kind of spill was seen to peak 1.2
    to 2.4 times above its mean (Burro 3, 8, 9, Coyote 3, 5, 6, PHMSA's assessment of Phast 8.4, table 3, by way of
    slabx). That SLAB mixes shallow clouds in unstable air too fast (see below) is no more than a part of it: where the
    model lies lowest, at 322 and 399 m, the height is right, and slabx lies as low.
    """
    assert 0.8 < judged(arcs).mg < 1.25


def test_arcs_with_maplin_sands_in_the_class_it_is_published_with(kit):
    """Class D, which is neutral, instead of the measured -14 and -76 m: all three measures then meet the aim.

    It is no better input: water warmer than the air made it unstable, as wind and temperature of the masts show. Mixing
    that is too slow makes up for peaks that the model does not give.
    """
    found = judged(pairs(kit, by_class=True))
    assert found.fac2 >= 0.80
    assert 0.8 < found.mg < 1.25
    assert found.vg < 1.6


def test_bias_of_the_spills_in_the_desert(arcs):
    found = judged(arcs, "Burro", "Coyote")
    assert found.n == 15
    assert 0.8 < found.mg < 1.25
    assert found.vg < 1.6


def similar_height(x, z0, length):
    """Mean height of passive gas from the ground at distances: van Ulden 1978, Atmos. Environ. 12:2125. [m]

    ``dz/dx = k0**2 / (phi_h(1.55 z/L) (ln(0.6 z/z0) - psi(0.6 z/L)))`` with Businger's functions and k0 = 0.35.
    """
    z = np.geomspace(3.0 * z0, 100.0, 4000)
    a = (1.0 - 15.0 * 0.6 * z / length) ** 0.25
    psi = 2.0 * np.log((1.0 + a) / 2.0) + np.log((1.0 + a * a) / 2.0) - 2.0 * np.arctan(a) + 0.5 * math.pi
    slope = 0.35**2 / (0.74 * (1.0 - 9.0 * 1.55 * z / length) ** -0.5 * (np.log(0.6 * z / z0) - psi))
    way = np.concatenate([[0.0], np.cumsum(0.5 * (1.0 / slope[1:] + 1.0 / slope[:-1]) * np.diff(z))])
    return np.interp(x, way, z)


@pytest.mark.parametrize(
    ("length", "low", "high"),
    [(-1e9, 1.0, 1.2), (-75.5, 1.0, 1.4), (-14.4, 0.9, 1.8)],
)  # fmt: skip
def test_height_of_passive_gas_over_the_sea_against_similarity(length, low, high):
    """Neutral: up to a fifth above. Unstable, as off Maplin Sands: up to 1.8 times too high nearby, right at 400 m.

    SLAB takes the damping at the top of the cloud and makes 1/L below 3 m up to 3.7 times the measured one.
    """
    x = np.array([58.0, 129.0, 248.0, 399.0])
    air = Weather(
        wind_speed=5.1, wind_from=270.0, wind_height=2.0, obukhov_length=length, roughness_length=2e-5,
        temperature=288.0, humidity=0.0,
    )  # fmt: skip
    gas = np.array([0.0289652, 1005.0, 1005.0, 100.0, 2e5, 1000.0, 800.0, 0.0])  # as heavy as the air
    seep = Release.steady(
        substance("methane"), x=0.0, y=0.0, z=0.0, mass_rate=0.01, duration=3600.0, temperature=288.0, area=1.0
    )
    setting = Setting(SurfaceLayer.of(air), gas, 1000.0, 1, 10.0)
    rows = follow_plume(start_of(seep, 0.01, setting.layer, gas), setting).rows
    mean = math.sqrt(2.0 / math.pi / 3.0) * np.interp(x, rows[:, 0], rows[:, 2])  # half a bell of spread h/sqrt(3)
    ratio = mean / similar_height(x, 2e-5, length)
    assert np.all((ratio > low) & (ratio < high))
    assert ratio[-1] < 1.1


def test_distance_to_the_lower_flammable_limit(kit):
    """Within a factor 2 of the distances of the Phast assessment, which are those of short peaks."""
    x = np.geomspace(30.0, 1500.0, 300)
    for row in kit.table("dense_gas_lng_trials.csv"):
        if row["lfl_m"]:
            reach = x[spill(row)[0](x) >= 0.05].max()
            assert 0.5 < reach / float(row["lfl_m"]) < 2.0, row["trial"]


def test_ammonia_of_desert_tortoise_4():
    """Half-widths at 1/e (23 m at 100 m, 150 m at 800 m, data of REDIPHEM) within 50 %; one arc of three within 2.

    Observed at 1 m: 0.0494, 0.0133 and 0.0038 kg/m3 at 100, 800 and 2800 m (EPA 1999 after Goldwire 1985), stated
    without the temperature of the conversion, and with rates of 107.9 (SLAB) and 113.4 kg/s (EPA) in conflict. SLAB
    itself, which rains nothing out, gives the same numbers as this model.
    """
    air = Weather(
        wind_speed=4.5, wind_from=270.0, wind_height=2.0, obukhov_length=45.2, roughness_length=0.003,
        temperature=306.2, humidity=0.213,
    )  # fmt: skip
    jet = Release.steady(
        substance("ammonia"), x=0.0, y=0.0, z=1.0, mass_rate=107.87, duration=381.0, temperature=239.57,
        vapour_fraction=0.19, jet_velocity=24.94, jet_diameter=1.09,
    )  # fmt: skip
    cloud = DenseGas(averaging_time=10.0).disperse(jet, air)
    y = np.arange(0.0, 400.0)
    for x, t, wide in ((100.0, 200.0, 23.0), (800.0, 375.0, 150.0)):
        profile = cloud.concentration(x, y, 1.0, t)
        assert np.interp(-profile[0] / math.e, -profile, y) == pytest.approx(wide, rel=0.5)
    found = cloud.concentration(np.array([100.0, 800.0, 2800.0])[:, None], 0.0, 1.0, TIMES).max(axis=1)
    ratio = np.array([0.0494, 0.0133, 0.0038]) / found
    assert 0.5 < ratio[1] < 2.0
    assert ratio[0] > 1.0 / 3.0
    assert ratio[2] < 3.0
