"""Indoors: leaks by hand, exact solutions of the room, loads and the time to leave."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad, solve_ivp

from dispersion.indoor import _STACK, Building, indoor_air, infiltration, passage
from dispersion.models import model
from plant_models.equipment import new_asset
from plant_models.substances import substance
from twin.errors import ModelError
from twin.hazard import Hazard
from twin.weather import WeatherSeries

HOUR = 3600.0


class Outside:
    """Gas as a function of time alone."""

    def __init__(self, of_time):
        self.of_time = of_time

    def concentration(self, x, y, z, t):
        return np.broadcast_to(self.of_time(np.asarray(t, float)), np.broadcast_shapes(*map(np.shape, (x, y, z, t))))


def room(**changes):
    given = {"tag": "B-1", "x": 0.0, "y": 0.0, "air_changes": 2.0 / HOUR, "air_changes_sheltered": 0.5 / HOUR}
    return Building(**(given | changes))


def follow(kit, outside, times, building=None, modes=((0.0, "closed"),), **more):
    return indoor_air(building or room(), Outside(outside), kit.weather(), times=times, modes=list(modes), **more)


def box(t, *, until=600.0, level=1e-3):
    return np.where((t >= 0.0) & (t <= until), level, 0.0)


def test_leaks_by_hand():
    # 500 cm², two storeys, class 3, 39 K and 6.7 m/s: 500 (0.00029 x 39 + 0.000231 x 44.89)^(1/2) = 500 x 0.14724 L/s
    given = {"storeys": 2, "shelter_class": 3, "wind_speed": 6.7}
    assert infiltration(0.05, temperature_difference=39.0, **given) == pytest.approx(0.07362, rel=1e-4)
    assert infiltration(0.05, temperature_difference=-39.0, **given) == pytest.approx(0.07362, rel=1e-4)
    assert infiltration(0.0, temperature_difference=39.0, **given) == 0.0


@pytest.mark.parametrize("storeys", [1, 2, 3])
def test_the_stack_coefficients_are_those_of_sherman_and_grimsrud(storeys):
    # their stack parameter (1 + R/2)/3 (1 - X²/(2 - R)²)^(3/2) (g H/T)^(1/2) with half of the leaks in floor and
    # ceiling (R = 1/2, X = 0), 2.5 m a storey and 295 K; the printed table is rounded to 0.5 %
    parameter = (1.0 + 0.25) / 3.0 * math.sqrt(9.80665 * 2.5 * storeys / 295.0)
    assert 100.0 * _STACK[storeys - 1] == pytest.approx(parameter**2, rel=0.01)


def test_a_steady_cloud_fills_the_room_exponentially(kit):
    a = 0.5 / HOUR
    coarse = follow(kit, lambda t: np.full(t.shape, 2e-3), [0.0, 7200.0])
    fine = follow(kit, lambda t: np.full(t.shape, 2e-3), np.linspace(0.0, 7200.0, 1001))
    t = np.array([0.0, 1.0, 600.0, 7199.0])
    assert coarse.at(t) == pytest.approx(2e-3 * -np.expm1(-a * t), rel=1e-13)
    assert fine.at(t) == pytest.approx(coarse.at(t), rel=1e-11)
    assert coarse.at(9000.0) == pytest.approx(2e-3 * -math.expm1(-a * 9000.0))  # outside as it was
    assert isinstance(coarse, Hazard)
    assert coarse.concentration(np.zeros((2, 1)), 5.0, 1.5, np.array([0.0, 600.0, 700.0])).shape == (2, 3)


@pytest.mark.parametrize("per_hour", [1e-6, 0.01, 0.5, 30.0, 3600.0])
@pytest.mark.parametrize("sorption", [0.0, 1.0 / HOUR])
def test_the_kernel_against_an_integrator(kit, per_hour, sorption):
    rng = np.random.default_rng(3)
    times = np.sort(rng.uniform(0.0, 3000.0, 12))
    values = rng.uniform(0.0, 1e-3, 12)
    air = follow(
        kit, lambda t: np.interp(t, times, values), times, room(air_changes_sheltered=per_hour / HOUR),
        sorption=sorption, initial=2e-4,
    )  # fmt: skip
    a = per_hour / HOUR
    state = 2e-4
    for k in range(11):
        step = solve_ivp(
            lambda t, c: a * np.interp(t, times, values) - (a + sorption) * c, (times[k], times[k + 1]), [state],
            rtol=1e-10, atol=1e-16, method="DOP853", dense_output=True,
        )  # fmt: skip
        middle = 0.3 * times[k] + 0.7 * times[k + 1]
        assert air.at(middle) == pytest.approx(float(step.sol(middle)[0]), rel=1e-7)
        state = float(step.y[0, -1])
        assert air.indoor[k + 1] == pytest.approx(state, rel=1e-8)


def test_the_series_of_a_short_step_joins_the_formula(kit):
    # air changes in the step around 0.01, where the kernel changes over: the answer is smooth to rounding of C/1e4
    def filled(x):
        return follow(kit, lambda t: 1e-3 * t, [0.0, 1.0], room(air_changes_sheltered=x)).indoor[1]

    for x in (1e-4, 0.009999, 0.010001, 0.02):
        exact = 1e-3 * (x - 1.0 + math.exp(-x)) / x  # of a slope of 1e-3 in 1 s, in double precision good to 1e-16/x²
        assert filled(x) == pytest.approx(exact, rel=1e-15 / x**2 + 1e-13)


def test_tight_and_open_limits_and_uptake(kit):
    times = np.linspace(0.0, 1200.0, 241)
    bell = lambda t: 1e-3 * np.exp(-(((t - 600.0) / 150.0) ** 2))  # noqa: E731
    tight = follow(kit, bell, times, room(air_changes_sheltered=0.0))
    assert not tight.indoor.any()
    windy = follow(kit, bell, times, room(air_changes_sheltered=1e3))
    assert windy.indoor[1:] == pytest.approx(np.interp(times[1:], times, bell(times)), rel=1e-3)
    # at rest the uptake leaves a/(a + k)
    still = follow(kit, lambda t: np.full(t.shape, 1e-3), [0.0, 1e6], sorption=1.5 / HOUR)
    assert still.indoor[-1] == pytest.approx(1e-3 * 0.5 / 2.0)


def test_what_comes_in_is_there_or_taken_up(kit):
    times = np.linspace(0.0, 3000.0, 31)
    a, k = 0.5 / HOUR, 0.3 / HOUR
    air = follow(kit, lambda t: 1e-3 * np.sin(t / 1000.0) ** 2, times, sorption=k)
    inside = sum(quad(lambda t: float(air.at(t)), p, q)[0] for p, q in pairwise(times))
    outside = np.trapezoid(air.outdoor, times)
    assert a * (outside - inside) - k * inside == pytest.approx(air.indoor[-1], rel=1e-9)


def test_the_whole_dose_is_the_same_inside_when_nothing_is_taken_up(kit):
    # for n = 1 the integral of C is conserved: whoever stays until all is gone breathes as much as outside; phosgene
    # has such a probit. With surfaces that take it up it is a/(a + k) of it.
    probit = next(p for p in substance("phosgene").harm.probits.values() if p.n == 1.0)
    times = np.concatenate([[0.0, 600.0, 600.001], np.linspace(700.0, 40 * HOUR, 400)])
    stay = follow(kit, box, times)
    assert stay.benefit(probit) == pytest.approx(1.0, rel=1e-6)
    taken = follow(kit, box, times, sorption=0.5 / HOUR)
    assert taken.benefit(probit) == pytest.approx(2.0, rel=1e-6)


def test_the_benefit_of_a_box_by_hand(kit):
    # chlorine of 1 g/m³ for 600 s, 0.5 air changes an hour, out at its end: inside C (1 - exp(-a t)), so the ratio of
    # loads is 600 / integral of (1 - exp(-a t))^n
    probit = substance("chlorine").harm.probit(None)
    air = follow(kit, lambda t: np.full(t.shape, 1e-3), np.linspace(0.0, 600.0, 61))
    a = 0.5 / HOUR
    gathered = quad(lambda t: (1.0 - math.exp(-a * t)) ** probit.n, 0.0, 600.0)[0]
    assert air.benefit(probit) == pytest.approx(600.0 / gathered, rel=1e-6)
    outside, _ = air.loads(probit)
    state = kit.weather()
    rate = probit.load_rate(1e-3, state.temperature, state.pressure)
    assert outside[-1] == pytest.approx(600.0 * float(rate))


def test_the_time_to_leave(kit):
    # outside exp(-b t): inside a/(b - a) (exp(-a t) - exp(-b t)) overtakes it at ln(b/a)/(b - a)
    probit = substance("chlorine").harm.probit(None)
    a, b = 0.5 / HOUR, 1.0 / 400.0
    air = follow(kit, lambda t: 1e-3 * np.exp(-b * t), np.linspace(0.0, 8000.0, 4001))
    leave = air.time_to_leave(probit)
    assert leave == pytest.approx(math.log(b / a) / (b - a), rel=1e-4)
    outside, inside = air.loads(probit)
    total = inside + outside[-1] - outside
    assert np.interp(leave, air.times, total) <= total.min() * (1.0 + 1e-6)
    # a box: when it has gone by
    assert follow(kit, box, np.linspace(0.0, 3000.0, 301)).time_to_leave(probit) == pytest.approx(605.0, abs=5.0)
    # a cloud that stays: staying is best all along
    stays = follow(kit, lambda t: np.full(t.shape, 1e-3), np.linspace(0.0, 3000.0, 301))
    assert stays.time_to_leave(probit) == 3000.0
    assert "has not passed B-1 at 3000 s" in stays.warnings[0]
    # no gas: no load, and no benefit to speak of
    nothing = follow(kit, np.zeros_like, [0.0, 10.0])
    assert math.isnan(nothing.benefit(probit))
    assert nothing.warnings == ()


def test_the_time_to_leave_is_the_best_of_all(kit):
    # two visits of the cloud: the brute minimum over every second of inside so far and outside from then on
    probit = substance("chlorine").harm.probit(None)
    twice = lambda t: 1e-3 * (np.exp(-(((t - 900) / 300) ** 2)) + 0.4 * np.exp(-(((t - 4000) / 400) ** 2)))  # noqa: E731
    for per_hour in (0.1, 2.0, 8.0):
        air = follow(kit, twice, np.arange(0.0, 8001.0, 20.0), room(air_changes_sheltered=per_hour / HOUR))
        fine = np.arange(0.0, 8001.0, 1.0)
        state = kit.weather()
        rates = [
            probit.load_rate(c, state.temperature, state.pressure)
            for c in (air.at(fine), np.interp(fine, air.times, air.outdoor))
        ]
        inside, outside = (np.concatenate([[0.0], np.cumsum(0.5 * (r[1:] + r[:-1]))]) for r in rates)
        total = inside + outside[-1] - outside
        leave = air.time_to_leave(probit)
        assert np.interp(leave, fine, total) == pytest.approx(total.min(), rel=1e-3)


def test_modes_take_hold_in_time(kit):
    building = room(hvac_shut_off_time=60.0, sealing=0.2, air_changes_open=10.0 / HOUR)
    commands = [(0.0, "ventilated"), (300.0, "closed"), (400.0, "sealed"), (900.0, "open")]
    air = follow(kit, lambda t: np.full(t.shape, 1e-3), [0.0, 1200.0], building, commands)
    assert air.times.tolist() == [0.0, 360.0, 400.0, 900.0, 1200.0]
    assert air.exchange * HOUR == pytest.approx([2.0, 0.5, 0.1, 10.0])
    # a command that is overtaken before it takes hold is never followed
    quick = [(0.0, "ventilated"), (300.0, "closed"), (330.0, "ventilated")]
    assert follow(kit, box, [0.0, 1200.0], building, quick).exchange * HOUR == pytest.approx([2.0, 2.0])


def test_leaks_follow_the_weather(kit):
    building = room(volume=500.0, leakage_area=0.05, storeys=1, shelter_class=3, temperature=293.15)
    calm = kit.weather(wind_speed=1.0, wind_height=10.0, temperature=293.15)
    gale = kit.weather(wind_speed=6.0, wind_height=10.0, temperature=273.15)
    # 10 x 0.05 (0.000174 x 1)^(1/2) / 500 and 10 x 0.05 (0.000145 x 20 + 0.000174 x 36)^(1/2) / 500
    assert building.exchange("closed", calm) == pytest.approx(0.5 * math.sqrt(0.000174) / 500.0)
    assert building.exchange("closed", gale) == pytest.approx(0.5 * math.sqrt(0.0029 + 0.006264) / 500.0)
    series = WeatherSeries((0.0, 600.0), (calm, gale))
    air = indoor_air(building, Outside(box), series, times=[0.0, 600.0, 1200.0, 1800.0], modes=[(0.0, "closed")])
    assert air.exchange[-1] == pytest.approx(building.exchange("closed", gale))
    assert building.exchange("closed", calm) < air.exchange[0] < air.exchange[-1]


def test_a_building_of_the_park_in_a_cloud(kit):
    asset = new_asset(
        "control_room", "CR-1", x=300.0, y=0.0, volume=900.0, air_changes="3 1/h", intake_height=4.0,
        leakage_area="200 cm^2", storeys=1, shelter_class=2,
    )  # fmt: skip
    building = Building.of(asset, sealing=0.3)
    assert (building.height, building.leakage_area, building.storeys) == (4.0, pytest.approx(0.02), 1)
    cloud = model("gaussian_plume").disperse(kit.release(), kit.weather())
    times = passage(cloud, x=300.0, y=0.0, z=4.0, start=cloud.start)
    assert cloud.concentration(300.0, 0.0, 4.0, times[-1]) == 0.0
    assert 600.0 < times[-1] < 800.0  # 600 s of release and the way
    air = indoor_air(building, cloud, kit.weather(), times=times, modes=[(0.0, "ventilated"), (120.0, "sealed")])
    assert 0.0 < air.indoor.max() < air.outdoor.max()
    table = air.to_pandas()
    assert table["indoor"].iloc[-1] == air.indoor[-1]
    assert repr(air).startswith("<IndoorAir of CR-1, 0 to ")
    probit = substance("ammonia").harm.probit(None)
    assert air.benefit(probit) > 1.0
    assert 600.0 < air.time_to_leave(probit) <= times[-1]


def test_passage_gives_up_in_the_end():
    assert passage(Outside(np.zeros_like), x=0, y=0, z=0, start=5.0, longest=100.0).tolist() == [
        5.0 + 10.0 * k for k in range(11)
    ]
    long = passage(Outside(np.ones_like), x=0, y=0, z=0, start=0.0, step=1.0, longest=1000.0)
    assert (long[0], long[-1], long.size) == (0.0, 1000.0, 1001)
    seen = passage(Outside(lambda t: box(t, until=700.0)), x=0, y=0, z=0, start=-50.0, step=1.0)
    assert seen[-1] == 701.0
    # two visits, 3000 s apart, the first over before the release is
    twice = Outside(lambda t: box(t) + box(t - 3600.0))
    assert passage(twice, x=0, y=0, z=0, start=0.0)[-1] == 610.0
    assert passage(twice, x=0, y=0, z=0, start=0.0, at_least=3700.0)[-1] == 4210.0
    with pytest.raises(ModelError, match="step is 0"):
        passage(Outside(box), x=0, y=0, z=0, start=0.0, step=0.0)


def test_faults(kit):
    with pytest.raises(ModelError, match="storeys is 4"):
        infiltration(0.1, storeys=4, shelter_class=3, wind_speed=1.0, temperature_difference=0.0)
    with pytest.raises(ModelError, match="2 problems"):
        infiltration(-0.1, storeys=1, shelter_class=6, wind_speed=1.0, temperature_difference=0.0)
    with pytest.raises(ModelError, match="needs volume, storeys and shelter_class"):
        room(leakage_area=0.1)
    with pytest.raises(ModelError, match=r"B-1\.air_changes.*is -1"):
        room(air_changes=-1.0)
    with pytest.raises(ModelError, match=r"sealing is 1\.5"):
        room(sealing=1.5)
    with pytest.raises(ModelError, match="sealing of the building is not known"):
        room().exchange("sealed", kit.weather())
    with pytest.raises(ModelError, match="did you mean 'sealed'"):
        room().exchange("seald", kit.weather())
    with pytest.raises(ModelError, match="has no air inside"):
        Building.of(new_asset("pump", "P-1", x=0.0, y=0.0))
    with pytest.raises(ModelError, match="do not rise"):
        follow(kit, box, [0.0])
    with pytest.raises(ModelError, match="not in order of time"):
        follow(kit, box, [0.0, 1.0], modes=[(10.0, "closed"), (0.0, "open")])
    with pytest.raises(ModelError, match="sorption is -1"):
        follow(kit, box, [0.0, 1.0], sorption=-1.0)
    with pytest.raises(ModelError, match="t is not finite"):
        follow(kit, box, [0.0, 1.0]).at(math.nan)
