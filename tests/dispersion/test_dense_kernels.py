"""The kernels of the dense-gas model against scipy, hand formulas and, for the whole march, slabx."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import erf

from dispersion._kernels import dense_closure as c
from dispersion._kernels import dense_field as f
from dispersion._kernels import dense_plume, dense_puff
from dispersion.dense_air import SurfaceLayer


def layers(kit):
    for stability in "ABCDEF":
        yield SurfaceLayer.of(kit.weather(stability=stability))
    for length in (-12.0, 40.0, math.inf):
        yield SurfaceLayer.of(kit.weather(stability=None, obukhov_length=length, roughness_length=2e-4))


def test_wind_is_the_integral_of_its_gradient(kit):
    """Ermak's eq. 32 with 33: d(profile)/dz = phi_m (1 - z/lid)/z, by quadrature from e z0 up; zero at the ground."""
    for layer in layers(kit):
        air = layer.values
        low = math.e * air[c.Z_0]
        for z in (1.0, 5.0, 40.0):
            slope = quad(lambda h, air=air: c.phi_m(air, h) * (1.0 - h / air[c.LID]) / h, low, z, epsrel=1e-10)[0]
            assert c.profile(air, z) - c.profile(air, low) == pytest.approx(slope, rel=1e-8)
        assert c.profile(air, 0.0) == 0.0
        assert c.profile(air, low * (1 - 1e-9)) == pytest.approx(c.profile(air, low), rel=1e-6)


def test_mean_wind_is_the_mean(kit):
    for layer in layers(kit):
        air = layer.values
        mean = quad(lambda z, air=air: c.profile(air, z), 0.0, 6.0, points=[air[c.Z_T]], limit=200)[0] / 6.0
        assert c.mean_wind(air, 6.0, 5) == pytest.approx(mean * air[c.U_STAR] / 0.41, rel=0.03)  # five panels, as Ermak
        assert c.mean_wind(air, 6.0, 4000) == pytest.approx(mean * air[c.U_STAR] / 0.41, rel=1e-4)


def test_classes_and_lengths_are_each_others_inverse_where_ermak_has_them_so(kit):
    """One and two classes from neutral 1/L is Golder's as fitted: 0.0081/z0^0.3044 and 0.0385/z0^0.1715 by hand."""
    for stability, far in (("E", 1), ("C", 1), ("F", 2), ("B", 2)):
        layer = SurfaceLayer.of(kit.weather(stability=stability))
        size = 0.0081 / 0.1**0.3044 if far == 1 else 0.0385 / 0.1**0.1715
        sign = 1.0 if stability in "EF" else -1.0
        assert layer.inverse_length == pytest.approx(sign * size, rel=1e-12)
        again = SurfaceLayer.of(kit.weather(stability=None, obukhov_length=1.0 / layer.inverse_length))
        np.testing.assert_allclose(again.values, layer.values, rtol=1e-9)
    assert SurfaceLayer.of(kit.weather(stability="D")).inverse_length == 0.0


@pytest.mark.parametrize("drive", [0.5, 3.0, 30.0])
@pytest.mark.parametrize("share", [-0.1, 0.0, 1e-6, 0.3, 0.9, 0.999999])
def test_speed_is_the_largest_root(drive, share):
    press = share * 4.0 / 27.0 * drive**3
    u, factor = dense_plume.speed(drive, press)
    roots = np.roots([1.0, -drive, 0.0, max(press, 0.0)])
    assert u == pytest.approx(roots.real.max(), rel=2e-6)
    assert factor == 1.0


def test_a_speed_that_does_not_exist_says_how_much_wider():
    """press/b with b grown by the factor is just what the cubic can bear."""
    u, factor = dense_plume.speed(2.0, 5.0)
    assert factor == pytest.approx(5.0 * 27.0 / (4.0 * 8.0))
    assert u == pytest.approx(4.0 / 3.0)
    assert dense_plume.speed(2.0, 5.0 / factor)[1] == pytest.approx(1.0)


def resting_row(layer, **changes):
    row = np.zeros(c.COLUMNS)
    given = {
        "H": 2.0, "Z_C": 0.0, "B": 10.0, "CORE": 8.0, "U": 2.0, "T": 250.0, "RHO": 2.0, "M": 0.4, "R": 80.0,
        "CP": 900.0, "V_G": 0.6, "U_BAR": 3.0,
    }  # fmt: skip
    for name, value in (given | changes).items():
        row[getattr(c, name)] = value
    row[c.TOP] = c.top_of(row[c.Z_C], row[c.H])
    row[c.AT_TOP] = c.profile(layer.values, row[c.TOP])
    return row


def entrained_by_hand(layer, row):
    """Ermak's eq. 35a to 39 for a grounded plume, written out with numbers."""
    air = layer.values
    ra, ta, us, lid = air[c.RHO_A], air[c.T_A], air[c.U_STAR], air[c.LID]
    rho, u, v, mean, h, t = row[c.RHO], row[c.U], row[c.V_G], row[c.U_BAR], row[c.H], row[c.T]
    slip = (mean - u) * ra / rho
    over = 0.02 * (slip**2 + (0.5 * v * ra / rho) ** 2)
    under = (us / mean) ** 2 * (u**2 + v**2 / 4.0)
    heat = us / mean * math.sqrt(under)
    thermal = (0.14 * 9.80665 * (ta - t) * heat * h / (0.5 * (ta + t))) ** (2.0 / 3.0)
    total = under + over + thermal
    inverse = air[c.INV_L] / (1.0 + h / air[c.Z_L]) * us**2 + 0.025 * 9.80665 * (rho - ra) / rho
    damping = 1.0 + 5.0 * h * inverse / total
    w = c.profile(air, 4.0) / c.profile(air, h) * 1.5 * 0.41 * math.sqrt(total) * (1.0 - h / lid) / damping
    a = air[c.WIDEN]
    v_e = math.hypot(a * mean / (1.0 + 0.0002 / a * row[c.B] / math.sqrt(3.0)), math.sqrt(0.02) * 0.615 * slip)
    f_t = rho * row[c.B] * heat * row[c.CP] * (ta - t)
    f_u = -rho * (row[c.B] * ((us / mean * u) ** 2 - us**2) - (row[c.B] + h) * 0.02 * abs(slip) * slip)
    return w, v_e, f_t, f_u


def test_closure_is_ermaks_by_hand(kit):
    for stability in "DEF":
        layer = SurfaceLayer.of(kit.weather(stability=stability))
        row = resting_row(layer)
        c.close(row, layer.values, 0.0)
        expected = entrained_by_hand(layer, row)
        np.testing.assert_allclose([row[c.W_E], row[c.V_E], row[c.F_T], row[c.F_U]], expected, rtol=1e-12)


def test_a_lofted_cloud_feels_no_ground(kit):
    layer = SurfaceLayer.of(kit.weather())
    row = resting_row(layer, Z_C=8.0, V_G=0.0)
    c.close(row, layer.values, 0.0)
    assert row[c.TOP] == 9.0
    assert row[c.F_T] == row[c.F_V] == 0.0
    assert row[c.F_U] > 0.0  # the faster wind drags it along
    grounded = resting_row(layer)
    c.close(grounded, layer.values, 0.0)
    spouted = resting_row(layer)
    c.close(spouted, layer.values, 0.3)
    assert spouted[c.W_E] > grounded[c.W_E]


def test_what_is_exchanged_never_passes_equilibrium():
    """Half of a harmonic mean: all of a small flux, no more than what is held of a large one."""
    assert c.damped(1e-9, 1.0) == pytest.approx(1e-9, rel=1e-8)
    assert c.damped(-1e9, -2.0) == pytest.approx(2.0, rel=1e-8)
    assert c.damped(0.0, 1.0) == c.damped(1.0, 0.0) == 0.0


def table():
    """Three fed rows and three of a puff, made up, to be checked by formula."""
    rows = np.zeros((6, 9))
    rows[:, f.AT] = [0.0, 50.0, 100.0, 100.0, 200.0, 400.0]
    rows[:, f.WHEN] = [0.0, 10.0, 20.0, 40.0, 60.0, 95.0]
    rows[:, f.AMPLITUDE] = np.log([0.2, 0.1, 0.05, 0.05, 0.02, 0.005])
    rows[:, f.HALF_CORE] = [5.0, 8.0, 12.0, 12.0, 20.0, 30.0]
    rows[:, f.SIDES] = [2.0, 4.0, 7.0, 7.0, 11.0, 20.0]
    rows[:, f.CENTRE] = [0.0, 1.0, 2.0, 2.0, 1.0, 0.0]
    rows[:, f.VERTICAL] = [1.0, 2.0, 3.0, 3.0, 6.0, 12.0]
    rows[3:, f.PASSING] = [90.0, 95.0, 110.0]
    rows[3:, f.BLUR] = [2.0, 20.0, 45.0]
    return rows


def by_formula(rows, x, y, z, look):
    """Eq. 13 and 28 with the columns interpolated by NumPy at a place of the table, between two edges."""
    lowest, highest, stretch, weight, opens, blur, closes, closes_blur = look
    if not lowest <= x < highest:
        return 0.0
    _, _, amplitude, core, sides, centre, high, *_ = (np.interp(x * stretch, rows[:, 0], col) for col in rows.T)
    across = erf((y + core) / math.sqrt(2.0) / sides) - erf((y - core) / math.sqrt(2.0) / sides)
    up = math.exp(-0.5 * ((z - centre) / high) ** 2) + math.exp(-0.5 * ((z + centre) / high) ** 2)
    opened, closed = (
        float(x <= edge) if wide == 0.0 else 0.5 * (1.0 - erf((x - edge) / math.sqrt(2.0) / wide))
        for edge, wide in ((opens, blur), (closes, closes_blur))
    )
    return weight * math.exp(amplitude) * across * up * (opened - closed)


def test_points_and_grid_follow_the_formula():
    rows, rng = table(), np.random.default_rng(5)
    x, y, z = rng.uniform(0.0, 390.0, 300), rng.uniform(-40.0, 40.0, 300), rng.uniform(0.0, 10.0, 300)
    looks = np.zeros((300, 8))
    looks[:, f.LOWEST], looks[:, f.HIGHEST] = rng.uniform(-50.0, 100.0, 300), rng.uniform(200.0, 400.0, 300)
    looks[:, f.STRETCH], looks[:, f.WEIGHT] = rng.uniform(0.9, 1.0, 300), rng.uniform(0.5, 1.0, 300)
    looks[:, f.CLOSES], looks[:, f.CLOSES_BLUR] = rng.uniform(0.0, 200.0, 300), rng.uniform(0.0, 20.0, 300)
    looks[:, f.OPENS], looks[:, f.OPENS_BLUR] = rng.uniform(200.0, 400.0, 300), rng.uniform(0.0, 20.0, 300)
    looks[::3, [f.OPENS_BLUR, f.CLOSES_BLUR]] = 0.0
    looks[::7, f.CLOSES], looks[::5, f.OPENS] = -math.inf, math.inf
    out = np.zeros(300)
    f.add_points(rows, x, y, z, np.arange(300), looks, out)
    expected = [by_formula(rows, *p, look) for *p, look in zip(x, y, z, looks, strict=True)]
    np.testing.assert_allclose(out, expected, rtol=1e-10, atol=1e-9)  # cut at six spreads, erfc(6 over root 2) = 2e-9
    grid, heights = np.array([-20.0, -30.0, 11.0, 10.0]), np.array([0.0, 3.0])
    frames = np.zeros((3, 2, 7, 35))
    f.add_grid(rows, np.array([0.0, 0.0, 1.0, 0.0]), grid, heights, looks[3:6], np.array([2, 0, 2]), frames)
    for n, z_at in enumerate(heights):
        for j in range(7):
            for i in range(2, 35):
                place = (-20.0 + 11.0 * i, -30.0 + 10.0 * j, z_at)
                first, second, third = (by_formula(rows, *place, look) for look in looks[3:6])
                assert frames[2, n, j, i] == pytest.approx(first + third, rel=1e-10, abs=1e-9)
                assert frames[0, n, j, i] == pytest.approx(second, rel=1e-10, abs=1e-9)
    assert not frames[1].any()
    assert not frames[..., :2].any()


def test_a_puff_seen_at_a_time_follows_the_formula():
    rows = table()[3:]
    rows[:, f.PASSING], rows[:, f.BLUR] = [30.0, 40.0, 60.0], [1.0, 10.0, 25.0]  # lengths
    x, y, z, t = np.array([90.0, 150.0, 10.0]), np.array([0.0, 8.0, 3.0]), np.array([0.0, 1.0, 2.0]), np.full(3, 50.0)
    out = np.zeros(3)
    f.add_puff_points(rows, x, y, z, t, out)
    at, _, amplitude, core, sides, centre, high, half, blur = (np.interp(50.0, rows[:, 1], col) for col in rows.T)
    s, b = math.sqrt(2.0) * sides, math.sqrt(2.0) * blur
    expected = 0.5 * (erf((x - at + half) / b) - erf((x - at - half) / b)) * math.exp(amplitude)
    expected *= erf((y + core) / s) - erf((y - core) / s)
    expected *= np.exp(-0.5 * ((z - centre) / high) ** 2) + np.exp(-0.5 * ((z + centre) / high) ** 2)
    np.testing.assert_allclose(out, expected, rtol=1e-12)
    frame = np.zeros((1, 1, 3))
    f.add_puff_grid(rows, np.array([0.0, 0.0, 1.0, 0.0]), np.array([90.0, 0.0, 60.0, 1.0]), np.zeros(1), 50.0, frame)
    assert frame[0, 0, 0] == pytest.approx(out[0], rel=1e-12)


def test_a_march_that_fails_says_where(kit):
    layer = SurfaceLayer.of(kit.weather())
    material = np.array([0.0709, 470.0, 940.0, 239.0, 287_000.0, 1560.0, 2020.0, -25.0])
    rows = np.zeros((3, c.COLUMNS))
    rows[0] = resting_row(layer, HEAT=1e12)
    c.close(rows[0], layer.values, 0.0)
    source = np.array([1.0, 0.0, 4e5, 0.0, 0.0])
    status, last, _ = dense_plume.march_plume(rows, np.array([1.0, 2.0]), layer.values, material, source, 0)
    assert (status, last) == (1, 0)
    rows[0, c.B_X] = 10.0
    status, last = dense_puff.march_puff(rows, 1.0, 1.1, 0.1, 100.0, layer.values, material, 1.0, 4e5)
    assert (status, last) == (1, 0)


def lofted_jet(air, material, first, half_rate, released):
    """Right-hand side and closure of a jet in the air, written for scipy.

    R' = rho_a root3 (v h + w B), S' = f_u, z' = w_c/U, (R w_c)' = -g (rho - rho_a) B h + f_w, and
    (ln B)' = root3 rho_a v/(rho U B) - h/(h + 2 B) (ln rho U)', but no cloud is taller than wide; R = rho U B h,
    R (U - (1 - m) u_mean) = S, and the mean wind below the top is carried on from the first row.
    """
    from scipy.optimize import brentq

    from dispersion._kernels import mixing

    ra, us, lid = air[c.RHO_A], air[c.U_STAR], air[c.LID]
    begun = first[c.TOP] * first[c.U_BAR]

    def state(y):
        r, s, z, _, log_b = y
        m = min(half_rate / r, 1.0)
        heat = (1.0 - m) * air[c.ENTHALPY] + m * released
        rho = mixing.state_of(m, (1.0 - m) * air[c.WATER], heat, air[c.PRESSURE], material, 250.0)[2]
        b = math.exp(log_b)

        def mean(u):
            top = z + 0.5 * r / (rho * u * b)
            heights = np.linspace(first[c.TOP], top, 21)
            wind = np.array([c.profile(air, h) for h in heights]) * us / 0.41
            return (begun + np.trapezoid(wind, heights)) / top

        u = brentq(lambda u: r * (u - (1.0 - m) * mean(u)) - s, 1.0, 200.0, xtol=1e-12)
        return m, rho, u, b, r / (rho * u * b), mean(u)

    def slope(_, y):
        _, rho, u, b, h, mean = state(y)
        w_c, top = y[3] / y[0], y[2] + 0.5 * h
        slip = (mean - u) * ra / rho
        square = us**2 + 2.0 * 0.02 * slip**2
        inverse = air[c.INV_L] / (1.0 + top / air[c.Z_L]) * us**2 + max(0.025 * 9.80665 * (rho - ra) / rho, 0.0)
        damping = [1.0 + 5.0 * z * inverse / square for z in (top, top - h)]
        into = (1.0 - top / lid) / damping[0] + (1.0 - (top - h) / lid) / damping[1]
        w = c.profile(air, 4.0) / c.profile(air, top) * 0.615 * math.sqrt(square) * into
        a = air[c.WIDEN]
        v = math.hypot(a * mean / (1.0 + 0.0002 / a * b / math.sqrt(3.0)), math.sqrt(0.02) * 0.615 * slip)
        sinks = -9.80665 * (rho - ra) * b * h - rho * h * 0.02 * abs(w_c) * w_c
        mass = ra * math.sqrt(3.0) * (v * h + w * b)
        found = np.array([mass, rho * (2.0 * b + h) * 0.02 * abs(slip) * slip, w_c / u, sinks, 0.0])
        for _ in range(4):  # (ln rho U)' holds (ln B)' through the wind at the top
            _, rho_1, u_1, *_ = state(np.asarray(y) + 1e-4 * found)
            thins = -math.log(rho_1 * u_1 / (rho * u)) / 1e-4
            widens = math.sqrt(3.0) * ra * v / (rho * u * b) + h / (h + 2.0 * b) * thins
            squares = 0.5 * (mass / y[0] + thins)
            found[4] = max(widens, squares) if h > 2.0 * b * (1.0 - 1e-6) else widens
        return found

    return state, slope


def test_a_jet_in_the_air_is_the_solution_scipy_finds(kit):
    """Up to 10 m and before it falls to the ground; 0.5 % for the stretch, which is of first order in the steps."""
    from scipy.integrate import solve_ivp

    from dispersion.dense_march import Setting, follow_plume
    from dispersion.dense_source import start_of
    from dispersion.materials import material_of

    release = kit.dense(jet_velocity=60.0, jet_diameter=0.2, vapour_fraction=0.3, z=8.0)
    air = kit.weather(wind_height=10.0)
    material = material_of(release.substance, pressure=air.pressure, temperature=air.temperature).array()
    setting = Setting(SurfaceLayer.of(air), material, 200.0, 8, 20.0)
    plume = follow_plume(start_of(release, 10.0, setting.layer, material), setting)
    rows, first = plume.rows, plume.rows[0]
    state, slope = lofted_jet(setting.layer.values, material, first, 5.0, plume.start.released)
    begin = [
        first[c.R], first[c.R] * (first[c.U] - (1.0 - first[c.M]) * first[c.U_BAR]), first[c.Z_C], 0.0,
        math.log(first[c.B]),
    ]  # fmt: skip
    x = np.array([0.3, 1.0, 3.0, 6.0, 10.0])
    found = solve_ivp(slope, (0.0, 10.0), begin, t_eval=x, rtol=1e-6, atol=1e-8)
    for k, place in enumerate(x):
        expected = [found.y[0, k], *state(found.y[:, k]), found.y[2, k]]
        columns = (c.R, c.M, c.RHO, c.U, c.B, c.H, c.U_BAR, c.Z_C)
        assert np.interp(place, rows[:, c.X], rows[:, c.TOP] - rows[:, c.H]) > 0.0
        ours = [np.interp(place, rows[:, c.X], rows[:, column]) for column in columns]
        np.testing.assert_allclose(ours, expected, rtol=5e-3)
        assert np.interp(place, rows[:, c.X], rows[:, c.W_C]) == pytest.approx(found.y[3, k] / found.y[0, k], rel=0.01)
