"""Gaussian plume: published examples, conservation, limits of use, and the Prairie Grass arcs."""

from __future__ import annotations

import math

import numpy as np
import pytest

from dispersion.models import model
from twin.errors import ModelError
from twin.weather import WeatherSeries


def test_published_stack_example(kit):
    # Crowl and Louvar, example 5-1: 80 g/s of SO2 at an effective height of 60 m, 6 m/s at that height, class D, rural.
    rows = {r["quantity"]: r for r in kit.table("gaussian_cases.csv") if r["quantity"].startswith("plume")}
    release = kit.release(edges=[0.0, 1e4], mass_rates=[0.08], z=60.0)
    cloud = model("gaussian_plume").disperse(release, kit.weather(wind_speed=6.0, wind_height=60.0))
    for name, y in (("plume_centre", 0.0), ("plume_50_m_aside", 50.0)):
        expected, tolerance = float(rows[name]["expected"]) / 1000.0, float(rows[name]["relative_tolerance"])
        assert float(cloud.concentration(500.0, y, 0.0, 5000.0)) == pytest.approx(expected, rel=tolerance)


def test_largest_ground_concentration_of_the_stack_example(kit):
    (row,) = [r for r in kit.table("passive_cases.csv") if r["case"] == "stack"]
    release = kit.release(edges=[0.0, 1e4], mass_rates=[0.08], z=60.0)
    cloud = model("gaussian_plume").disperse(release, kit.weather(wind_speed=6.0, wind_height=60.0))
    found = cloud.concentration(np.linspace(100.0, 5000.0, 2000), 0.0, 0.0, 5000.0).max() * 1000.0
    assert found == pytest.approx(float(row["expected"]), rel=float(row["relative_tolerance"]))


def ppm(concentration, molar_mass, temperature):
    """Volume fraction of an ideal gas at 101 325 Pa."""
    return concentration / molar_mass * 8.31446261815324 * temperature / 101_325.0 * 1e6


def test_distances_of_an_aloha_run(kit):
    # ALOHA: 500 g/s of ammonia, 3 m/s at 10 m (its default height), D, 25 degC, open country
    rows = [r for r in kit.table("passive_cases.csv") if r["case"] == "aloha_ammonia"]
    assert len(rows) == 3
    release = kit.release(z=0.0, edges=[0.0, 3600.0], mass_rates=[0.5])
    weather = kit.weather(wind_height=10.0, roughness_length=0.03, temperature=298.15)
    cloud = model("gaussian_plume").disperse(release, weather)
    x = np.linspace(50.0, 2000.0, 4000)
    found = ppm(cloud.concentration(x, 0.0, 0.0, 3500.0), 0.01703052, 298.15)
    for row in rows:
        reach = float(x[found >= float(row["at"])].max())
        # allowed: a factor of 1.5, for another model; found within 1 %
        assert reach == pytest.approx(float(row["expected"]), rel=float(row["relative_tolerance"]))


def test_fall_along_an_aloha_run(kit):
    # 0.501 kg/s of methane, F, urban. The level is not compared: ALOHA is a steady factor of 2.45 above the textbook
    # plume with the wind as stated (2 m/s at 3 m), so it carries its gas by a slower wind, which its output does not
    # tell. The fall with distance, that of sigma_y sigma_z, is compared: values are given to two or three digits.
    rows = [r for r in kit.table("passive_cases.csv") if r["case"] == "aloha_methane"]
    release = kit.release(z=0.0, edges=[0.0, 3600.0], mass_rates=[0.501])
    weather = kit.weather(wind_speed=2.0, wind_height=3.0, stability="F", roughness_length=1.0)
    cloud = model("gaussian_plume", sigmas="briggs_urban").disperse(release, weather)
    x = np.array([float(r["at"]) for r in rows])
    found, told = cloud.concentration(x, 0.0, 0.0, 3500.0), np.array([float(r["expected"]) for r in rows])
    np.testing.assert_allclose(found / found[-1], told / told[-1], rtol=0.03)  # 1900 to 50


@pytest.mark.parametrize("lid", [None, 80.0])
def test_flux_through_a_plane_is_the_rate(kit, lid):
    cloud = model("gaussian_plume").disperse(kit.release(mass_rates=[1.7]), kit.weather(mixing_height=lid))
    y, z = np.linspace(-400, 400, 801), np.linspace(0.0, lid or 300.0, 1201)
    weights = np.full(z.size, z[1])
    weights[[0, -1]] *= 0.5
    plane = cloud.concentration(900.0, y[:, None], z, 500.0)
    # Trapezoid sums with steps far below the sigmas; 400 m are six sigma_y, 300 m are nearly nine sigma_z.
    assert 3.0 * (plane * weights).sum() == pytest.approx(1.7, rel=1e-7)


def test_front_and_tail_travel_with_the_wind(kit):
    cloud = model("gaussian_plume").disperse(kit.release(edges=[50.0, 150.0], mass_rates=[1.0]), kit.weather())
    times = np.array([0.0, 149.9, 150.0, 249.9, 250.0, 400.0])  # 300 m at 3 m/s: from 150 s to 250 s
    found = cloud.concentration(300.0, 0.0, 1.5, times)
    assert (found > 0.0).tolist() == [False, False, True, True, False, False]
    assert float(cloud.concentration(-1.0, 0.0, 1.0, 100.0)) == 0.0
    assert cloud.mass_in_air(100.0) == pytest.approx(50.0)
    assert cloud.mass_in_air(1e4) == pytest.approx(100.0)


def test_what_is_not_steady_is_refused(kit):
    plume = model("gaussian_plume")
    with pytest.raises(ModelError, match="gaussian_puff"):
        plume.disperse(kit.release(edges=[0.0, 1.0, 2.0], mass_rates=[1.0, 2.0]), kit.weather())
    with pytest.raises(ModelError, match="gaussian_puff"):
        plume.disperse(kit.release(instantaneous_mass=1.0), kit.weather())
    with pytest.raises(ModelError, match="gaussian_puff"):
        plume.disperse(kit.release(), WeatherSeries((0.0, 60.0), (kit.weather(), kit.weather(wind_from=200.0))))
    with pytest.raises(ModelError, match="single puff"):
        model("gaussian_plume", sigmas="ccps_puff")
    same = WeatherSeries((0.0, 60.0), (kit.weather(), kit.weather()))
    assert float(plume.disperse(kit.release(), same).concentration(100.0, 0.0, 1.5, 300.0)) > 0.0


def test_cut_keeps_the_past(kit):
    whole = kit.release()
    plume = model("gaussian_plume")
    before, after = (plume.disperse(r, kit.weather()) for r in (whole, whole.cut(200.0)))
    x, t = np.linspace(1.0, 900.0, 300), np.arange(0.0, 201.0, 10.0)[:, None]
    assert np.array_equal(before.concentration(x, 0.0, 1.5, t), after.concentration(x, 0.0, 1.5, t))
    assert plume.disperse(whole.cut(-1.0), kit.weather()).mass_in_air(100.0) == 0.0


def test_field_and_points_agree(kit):
    cloud = model("gaussian_plume").disperse([kit.release(), kit.release(x=30.0, y=40.0)], kit.weather(wind_from=225.0))
    field = cloud.field(spacing=20.0, heights=(0.0, 5.0), times=[30.0, 300.0, 700.0])
    x, y, z, t = field.x, field.y[:, None], field.z[:, None, None], field.t[:, None, None, None]
    np.testing.assert_allclose(field.values, cloud.concentration(x, y, z, t), rtol=1e-12, atol=1e-18)


@pytest.mark.validation
def test_prairie_grass_arc_maxima(kit):
    """Untuned Briggs rural plume on the odd runs: as good as an independent evaluation of the same formula.

    That evaluation (2 m wind, same classes) gave FAC2 0.832, MG 1.057, VG 1.350, FB -0.045, NMSE 0.516 on these 119
    arcs. The limits of Chang and Hanna (2004, Meteorol. Atmos. Phys. 87:167) are FAC2 > 0.5, |FB| < 0.3, 0.7 < MG <
    1.3.
    """
    observed, predicted = [], []
    for row in kit.table("prairie_grass_arc_maxima.csv"):
        release = kit.release(edges=[0.0, 1e4], mass_rates=[float(row["release_rate [g/s]"]) / 1000.0], z=0.46)
        weather = kit.weather(
            wind_speed=float(row["wind_2m [m/s]"]), stability=row["stability"], roughness_length=0.008
        )
        cloud = model("gaussian_plume", smallest_sigma=1e-3).disperse(release, weather)  # a point source, as there
        predicted.append(float(cloud.concentration(float(row["arc [m]"]), 0.0, 1.5, 9000.0)) * 1e6)  # mg/m3
        observed.append(float(row["arc_maximum [mg/m3]"]))
    o, p = np.array(observed), np.array(predicted)
    assert o.size == 119
    ratio = p / o
    # Three decimals were given: half a unit of the last one, or one arc of 119 for the fraction.
    assert ((ratio >= 0.5) & (ratio <= 2.0)).mean() == pytest.approx(0.832, abs=0.009)
    assert math.exp(np.log(o / p).mean()) == pytest.approx(1.057, abs=6e-4)
    assert math.exp((np.log(o / p) ** 2).mean()) == pytest.approx(1.350, abs=6e-4)
    assert 2 * (o.mean() - p.mean()) / (o.mean() + p.mean()) == pytest.approx(-0.045, abs=6e-4)
    assert ((o - p) ** 2).mean() / (o.mean() * p.mean()) == pytest.approx(0.516, abs=6e-4)


@pytest.mark.parametrize("curves", ["turner", "isc3_rural"])
def test_turner_problems_2_and_3(kit, curves):
    """80 g/s from an effective height of 60 m, class D, 6 m/s: 3.3e-5 g/m³ at 500 m, 1.3e-5 50 m off the axis.

    Turner (1970), chapter 7, reads 36 m and 18.5 m from his curves. The exponent (60/18.5)**2 / 2 = 5.3 makes 10.5 % of
    1 % of sigma_z, and the fits follow the drawn curves within 1 to 5 %: hence 20 %; without the image or with another
    class the answer is off by a factor of two or more.
    """
    release = kit.release(z=60.0, edges=[0.0, 3600.0], mass_rates=[0.08])
    air = kit.weather(wind_speed=6.0, wind_height=60.0)
    cloud = model("gaussian_plume", sigmas=curves).disperse(release, air)
    found = cloud.concentration(500.0, [0.0, 50.0], 0.0, 1800.0)
    np.testing.assert_allclose(found * 1e3, [3.3e-5, 1.3e-5], rtol=0.2)
