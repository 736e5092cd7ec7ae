"""Settling, decay and rain; clouds that begin elsewhere, later and larger; curves that carry a cloud faster."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import pytest

from dispersion.air import SIGMA_SETS, sigma_set
from dispersion.gaussian_plume import GaussianPlume
from dispersion.gaussian_puff import GaussianPuff
from dispersion.models import model
from dispersion.sections import Section
from dispersion.starts import Start, start_of
from plant_models.substances import substance
from twin.errors import ModelError
from twin.weather import WeatherSeries

BOTH = pytest.mark.parametrize("name", ["gaussian_plume", "gaussian_puff"])


def ground_share(x, h, lid=math.inf, smallest=0.1):
    """Vertical distribution at the ground of a class D Briggs rural plume after `x` metres, by the sum of images."""
    sz = np.hypot(0.06 * x / np.sqrt(1 + 1.5e-3 * x), smallest)
    orders = np.arange(-50, 51)[:, None] if math.isfinite(lid) else np.zeros((1, 1))
    shift = 2.0 * orders * (lid if math.isfinite(lid) else 0.0)
    return 2.0 * np.exp(-0.5 * ((h + shift) / sz) ** 2).sum(axis=0) / (math.sqrt(2 * np.pi) * sz)


@BOTH
@pytest.mark.parametrize("lid", [None, 60.0])
def test_settling_takes_what_meets_the_ground(kit, name, lid):
    # What is left after x metres is exp(-v/u * integral of the share at the ground): here by fine midpoints.
    weather = kit.weather(wind_height=10.0, mixing_height=lid)
    release = kit.release(z=10.0, edges=[0.0, 2000.0])
    wet, dry = (model(name, deposition_velocity=v).disperse(release, weather) for v in (0.03, 0.0))
    x = 1200.0
    fine = np.arange(0.005, x, 0.01)
    left = math.exp(-0.03 / 3.0 * ground_share(fine, 10.0, lid or math.inf).sum() * 0.01)
    a, b = (float(c.concentration(x, 10.0, 1.5, 1900.0)) for c in (wet, dry))
    assert 0.5 < left < 0.9
    # puffs of one place have come from a little nearer and farther: (sigma/x)**2
    assert a / b == pytest.approx(left, rel=2e-4 if name == "gaussian_plume" else 3e-3)


@BOTH
def test_mass_in_the_air_and_mass_on_the_ground_make_the_mass_released(kit, name):
    # The flux to the ground, v c(x, y, 0), integrated over area and time by plain sums, is what is missing in the air.
    weather = kit.weather()
    release = kit.release(z=5.0, edges=[0.0, 60.0])
    cloud = model(name, deposition_velocity=0.05).disperse(release, weather)
    bounds, step = (-60.0, -200.0, 1500.0, 200.0), 4.0
    times = np.arange(0.0, 300.1, 1.0)
    ground = 0.0
    for first in range(0, times.size, 60):
        part = times[first : first + 60]
        ground += cloud.field(bounds=bounds, spacing=step, heights=[0.0], times=part).values.sum() * step**2
    missing = cloud.mass_removed(300.0)
    assert missing > 5.0
    # sums with steps of a tenth of the width (13 m where the plume meets the ground) and of a fiftieth of the time
    assert 0.05 * ground == pytest.approx(missing, rel=0.01)
    assert cloud.mass_in_air(300.0) + missing == pytest.approx(60.0, rel=1e-12)


@BOTH
def test_decay_and_rain_against_the_exponential(kit, name):
    # 2 mm/h of rain at 1e-4 per second and mm/h, and a half-life of 600 s: k = 2e-4 + ln 2 / 600 = 1.35525e-3 1/s
    settings = {"half_life": 600.0, "rain_rate": 2e-3 / 3600.0, "scavenging_coefficient": 1e-4}
    release = kit.release(edges=[0.0, 1000.0])
    cloud, plain = (model(name, **s).disperse(release, kit.weather()) for s in (settings, {}))
    k = 2e-4 + math.log(2.0) / 600.0
    # in the air at the end: integral of q exp(-k age); the puffs hold it in parts of half a sigma
    want = (1.0 - math.exp(-k * 1000.0)) / k
    assert cloud.mass_in_air(1000.0) == pytest.approx(want, rel=1e-5 if name == "gaussian_plume" else 1e-3)
    later = 500.0
    assert cloud.mass_in_air(1000.0 + later) == pytest.approx(want * math.exp(-k * later), rel=1e-3)
    assert cloud.mass_in_air(1500.0) + cloud.mass_removed(1500.0) == pytest.approx(1000.0, rel=1e-9)
    # 900 m at 3 m/s: 300 s
    a, b = (float(c.concentration(900.0, 0.0, 1.5, 900.0)) for c in (cloud, plain))
    assert a / b == pytest.approx(math.exp(-k * 300.0), rel=1e-3)


def test_gas_never_comes_back_when_wind_and_class_change(kit):
    states = [kit.weather(stability=c, wind_speed=u) for c, u in (("D", 2.0), ("F", 1.0), ("B", 8.0), ("D", 3.0))]
    series = WeatherSeries((0.0, 100.0, 200.0, 300.0), tuple(states))
    puff = model("gaussian_puff", deposition_velocity=0.02, half_life=3600.0)
    burst = kit.release(edges=[0.0], mass_rates=[], instantaneous_mass=1.0)
    cloud = puff.disperse(burst, series)
    held = [cloud.mass_in_air(t) for t in np.arange(0.0, 600.0, 2.0)]
    assert (np.diff(held) < 0.0).all()
    assert 0.05 < held[-1] < 0.9
    whole = kit.release()
    before, after = (puff.disperse(r, series) for r in (whole, whole.cut(250.0)))
    x, y = np.linspace(0.0, 900.0, 80), np.linspace(-200.0, 200.0, 40)[:, None]
    assert np.array_equal(before.concentration(x, y, 1.5, 250.0), after.concentration(x, y, 1.5, 250.0))


def test_removal_settings_are_checked():
    with pytest.raises(ModelError, match="without a scavenging coefficient"):
        model("gaussian_puff", rain_rate=1e-6)
    with pytest.raises(ModelError, match="half_life"):
        model("gaussian_plume", half_life=0.0)
    with pytest.raises(ModelError, match="deposition_velocity"):
        model("gaussian_plume", deposition_velocity=-0.1)


def test_where_clouds_begin(kit):
    assert start_of(kit.release(), 0.1) == Start(x=0.0, y=0.0, z=1.0, sigma_y=0.1, sigma_z=0.1, rises=True)
    opening = start_of(kit.release(diameter=0.86), 0.1)
    assert (opening.sigma_y, opening.sigma_z) == pytest.approx((0.2, 0.2))
    # a disc of 100 m2 has a radius of 5.642 m; the variance of a coordinate over it is R**2 / 4
    rng = np.random.default_rng(0)
    radius, angle = 5.642 * np.sqrt(rng.random(200_000)), 2 * np.pi * rng.random(200_000)
    pool = start_of(kit.release(area=100.0, z=0.0), 0.1)
    assert pool.sigma_y == pytest.approx((radius * np.cos(angle)).std(), rel=5e-3)  # 200 000 draws: 0.2 %
    assert pool.sigma_z == 0.1
    for bad in ({"sigma_y": 0.0}, {"z": -1.0}, {"delay": -1.0}, {"x": math.nan}):
        with pytest.raises(ModelError, match="cannot begin"):
            Start(**({"x": 0.0, "y": 0.0, "z": 1.0, "sigma_y": 1.0, "sigma_z": 1.0} | bad))


def test_a_pool_is_a_disc_of_point_sources_from_some_way_off(kit):
    # 37 equal points over a disc of 400 m2 (rings of 1, 6, 12, 18), each a point source with its share of the rate
    pool = kit.release(area=400.0, z=0.0, edges=[0.0, 900.0])
    radius = math.sqrt(400.0 / math.pi)
    places = [(0.0, 0.0)]
    for ring in (1, 2, 3):
        r = radius * math.sqrt((3 * ring * ring + 1) / 37.0)  # equal areas: the middle radius of each ring
        places += [(r * math.cos(a), r * math.sin(a)) for a in np.arange(6 * ring) * 2 * math.pi / (6 * ring)]
    points = [kit.release(x=x, y=y, z=0.0, edges=[0.0, 900.0], mass_rates=[1.0 / 37.0]) for x, y in places]
    weather = kit.weather()
    one, many = (model("gaussian_puff").disperse(r, weather) for r in (pool, points))
    x, y = np.array([100.0, 200.0, 400.0]), np.array([[0.0], [12.0]])
    a, b = one.concentration(x, y, 1.0, 800.0), many.concentration(x, y, 1.0, 800.0)
    # second moments agree; the fourth leaves (R/sigma)**4 / 100 and the curvature of sigma_z over the disc
    np.testing.assert_allclose(a, b, rtol=0.05)
    np.testing.assert_allclose(a[:, 2], b[:, 2], rtol=0.01)


@pytest.mark.parametrize("build", [GaussianPlume, GaussianPuff])
def test_a_near_field_hands_over_place_time_and_size(kit, build):
    section = Section(
        substance=substance("ammonia"), x=30.0, y=4.0, z=6.0, toward=(1.0, 0.0, 0.0), mass_rate=1.0, air_rate=50.0,
        velocity=4.0, temperature=280.0, vapour_fraction=1.0, density=1.25, half_width=3.0, height=5.0, age=7.0,
    )  # fmt: skip
    start = Start.of_section(section)
    assert (start.sigma_y, start.sigma_z, start.delay) == pytest.approx((3 / math.sqrt(3), 5 / math.sqrt(12), 7.0))
    release, weather = kit.release(z=1.0, edges=[0.0, 600.0]), kit.weather(wind_height=6.0)
    solution = build().solution([(release, start)], weather)
    # the same as a release of that place and time whose curves are widened by these sizes
    x = 30.0 + 500.0
    sy = math.hypot(float(sigma_set("briggs_rural").sigma_y("D", 500.0)), start.sigma_y)
    sz = math.hypot(float(sigma_set("briggs_rural").sigma_z("D", 500.0)), start.sigma_z)
    want = math.exp(-0.5 * (6.0 / sz) ** 2) / (math.pi * 3.0 * sy * sz)
    found = solution.concentration(*(np.array(v) for v in (x, 4.0, 0.0, 500.0)))
    assert float(found) == pytest.approx(want, rel=0.01)
    assert solution.released(7.0) == 0.0
    assert solution.released(107.0) == pytest.approx(100.0, rel=1e-12)
    cut = build().solution([(release.cut(300.0), start)], weather)
    where = [np.array(v) for v in (np.linspace(31.0, 900.0, 50), 4.0, 1.5, 307.0)]
    assert np.array_equal(cut.concentration(*where), solution.concentration(*where))


def test_what_a_near_field_has_lifted_does_not_rise_again(kit):
    stack = kit.release(z=30.0, velocity=10.0, diameter=1.0, elevation=90.0, temperature=400.0)
    own = start_of(stack, 0.1)
    handed = Start(x=20.0, y=0.0, z=60.0, sigma_y=3.0, sigma_z=3.0, delay=5.0)
    for start, rise in ((own, 38.7), (handed, 0.0)):
        solution = GaussianPuff().solution([(stack, start)], kit.weather(wind_speed=4.0, wind_height=30.0))
        highest = solution.tracks[0].nodes(600.0)[:, 2].max()
        assert highest == pytest.approx(start.z + rise, abs=0.1)


@dataclass(frozen=True)
class Faster:
    """Class D growth, carried at 2 m/s at first and ever faster: u = 2 (1 + s/100)**0.5, over a wind of 3 m/s."""

    name: str = "faster"
    terrain: str = "rural"
    averaging_time: float | None = 600.0
    distances: tuple[float, float] = (20.0, 10_000.0)
    reference: str = "made up"
    warnings: tuple[str, ...] = ()
    wind: float = 3.0

    def growth(self, weather, *, source_height, averaging_time):
        return replace(self, wind=weather.wind_speed)

    def sigma_y(self, distance):
        return sigma_set("briggs_rural").sigma_y("D", distance)

    def sigma_z(self, distance):
        return sigma_set("briggs_rural").sigma_z("D", distance)

    def speed(self, distance):
        return self.wind / 3.0 * 2.0 * np.sqrt(1.0 + distance / 100.0)


@pytest.fixture
def _faster(monkeypatch):
    monkeypatch.setitem(SIGMA_SETS, "faster", Faster())


def way(t):
    """Distance after `t` seconds: ds/dt = 2 (1 + s/100)**0.5 gives (1 + s/100)**0.5 = 1 + t/100."""
    return 100.0 * ((1.0 + t / 100.0) ** 2 - 1.0)


@pytest.mark.usefixtures("_faster")
def test_a_puff_is_carried_as_its_curves_say(kit):
    burst = kit.release(edges=[0.0], mass_rates=[], instantaneous_mass=1e-6)  # thinner than 0.1 m even undiluted
    track = model("gaussian_puff", sigmas="faster").disperse(burst, kit.weather()).solution.tracks[0]
    for t in (1.0, 30.0, 200.0, 500.0):
        (x, y, _, sy, _, _) = track.nodes(t)[0]
        assert x == pytest.approx(way(t), rel=1e-5)  # tables of 111 points an e-fold
        assert abs(y) < 1e-9 * x
        assert sy == pytest.approx(math.hypot(float(Faster().sigma_y(way(t))), 0.1), rel=2e-5)
    # a wind that freshens hastens everything alike: ds = f(s) dL with the run L of the wind
    series = WeatherSeries.from_wind(kit.weather(), times=[0.0, 200.0], speeds=[1.5, 4.5], directions=[270.0, 270.0])
    track = model("gaussian_puff", sigmas="faster").disperse(burst, series).solution.tracks[0]
    assert len(track.tables) == 1  # the speed alone makes no other state
    assert track.nodes(200.0)[0, 0] == pytest.approx(way(200.0), rel=1e-5)  # a run of 600 m, as 200 s of 3 m/s


@BOTH
@pytest.mark.usefixtures("_faster")
def test_a_faster_plume_is_thinner_and_conserves_its_flux(kit, name):
    release = kit.release(edges=[0.0, 2000.0], mass_rates=[1.3])
    cloud = model(name, sigmas="faster").disperse(release, kit.weather())
    y, z = np.linspace(-400, 400, 401), np.linspace(0.0, 300.0, 601)
    weights = np.full(z.size, z[1])
    weights[[0, -1]] *= 0.5
    x = 500.0
    plane = cloud.concentration(x, y[:, None], z, 1900.0)
    flux = 2.0 * math.sqrt(1.0 + x / 100.0) * (plane * weights).sum() * 2.0
    # tables: 1e-5; puffs come from a little nearer and farther, where the speed is another: (sigma/x)**2
    assert flux == pytest.approx(1.3, rel=1e-4 if name == "gaussian_plume" else 5e-3)


@pytest.mark.parametrize("spacing", [0.25, 0.5])
def test_puffs_that_no_longer_grow_are_the_plume(kit, monkeypatch, spacing):
    # Where sigma no longer changes along the way, along-wind spread changes nothing in a steady stream: puffs and
    # formula are one, but for the quadrature (1e-4 of the peak with the usual spacing) and the cut at 5 sigma (6e-7).
    class Level(Faster):
        def sigma_y(self, distance):
            return 8.0 * -np.expm1(-np.asarray(distance, float) / 20.0) + 1e-6

        sigma_z = sigma_y

        def speed(self, distance):
            return np.full(np.shape(distance), self.wind)

    monkeypatch.setitem(SIGMA_SETS, "faster", Level())
    release = kit.release(edges=[0.0, 2000.0])
    x, y = np.array([400.0, 700.0, 1500.0]), np.array([[0.0], [8.0], [20.0]])
    puff, plume = (
        model(name, sigmas="faster", **more).disperse(release, kit.weather(mixing_height=25.0))
        for name, more in (("gaussian_puff", {"node_spacing": spacing}), ("gaussian_plume", {}))
    )
    a, b = (c.concentration(x, y, 1.5, 1900.0) for c in (puff, plume))
    assert np.abs(a - b).max() <= (1e-6 if spacing < 0.5 else 1e-4) * b.max()


@pytest.mark.usefixtures("_faster")
def test_the_front_of_a_faster_plume(kit):
    cloud = model("gaussian_plume", sigmas="faster").disperse(kit.release(edges=[0.0, 300.0]), kit.weather())
    x = way(120.0)
    times = np.array([119.9, 120.1, 419.9, 420.1])
    assert (cloud.concentration(x, 0.0, 1.5, times) > 0.0).tolist() == [False, True, True, False]


@BOTH
def test_similarity_is_the_default_where_the_length_is_known(kit, name):
    weather = kit.weather(stability=None, obukhov_length=-40.0, wind_height=10.0, mixing_height=800.0)
    release = kit.release(z=0.5, edges=[0.0, 2400.0])
    cloud = model(name).disperse(release, weather)
    growth = sigma_set("similarity").growth(weather, source_height=0.5, averaging_time=600.0)
    x = 300.0
    sy, sz, u = (float(f(np.array(x))) for f in (growth.sigma_y, growth.sigma_z, growth.speed))
    want = math.exp(-0.5 * (0.5 / sz) ** 2) / (math.pi * u * sy * sz)
    assert float(cloud.concentration(x, 0.0, 0.0, 2300.0)) == pytest.approx(want, rel=1e-3 if "plume" in name else 0.05)


def test_still_air_widens_in_time(kit):
    # From 100 s on no wind: the puff stands, and grows as in 0.5 m/s: 300 m + 0.5 * 400 = 500 m of class D
    series = WeatherSeries((0.0, 100.0, 100.001), (kit.weather(), kit.weather(), kit.weather(wind_speed=0.0)))
    cloud = model("gaussian_puff").disperse(kit.release(edges=[0.0], mass_rates=[], instantaneous_mass=1.0), series)
    x, _, _, sy, _, _ = cloud.solution.tracks[0].nodes(500.0)[0]
    assert x == pytest.approx(300.0, rel=1e-4)
    assert sy == pytest.approx(float(sigma_set("briggs_rural").sigma_y("D", 500.0)), rel=1e-4)
    assert any("below 0.5 m s⁻¹" in told for told in cloud.warnings)
