"""The choice of the rung: from what comes out and the air, with the reason said."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from dispersion.chooser import Auto, choose
from dispersion.models import model
from plant_models.releases import Release
from plant_models.substances import substance
from twin.errors import ModelError
from twin.weather import WeatherSeries

BREEZE = {"wind_speed": 4.0, "wind_height": 10.0, "stability": "D", "roughness_length": 0.03}


def leak(name="ammonia", rate=1.0, **state):
    return Release.steady(substance(name), x=0.0, y=0.0, z=1.0, mass_rate=rate, duration=600.0, **state)


def test_a_light_trickle_without_momentum_drifts(kit):
    choice = choose(leak("ammonia", 0.01), kit.weather(**BREEZE))
    assert choice.model == "gaussian_puff"
    assert "not heavier than the air" in choice.reason
    assert "no known momentum" in choice.reason


@pytest.mark.parametrize(("factor", "expected"), [(0.9, "gaussian_puff"), (1.1, "dense_gas")])
def test_the_limit_of_britter_and_mcquaid_parts_heavy_from_drifting(kit, factor, expected):
    """(g' q / (u³ D))^(1/3) = 0.15 with D = sqrt(q/u) solved by hand for q: q = (0.15³ u^2.5 / g')²."""
    weather = kit.weather(**BREEZE, temperature=288.15)
    chlorine = substance("chlorine")
    density = chlorine.gas_density(288.15, weather.pressure)
    reduced = 9.80665 * (density / weather.air_density - 1.0)
    flow = (0.15**3 * 4.0**2.5 / reduced) ** 2
    release = leak("chlorine", factor * flow * density)
    assert choose(release, weather).model == expected


def test_a_pool_of_heavy_vapour_slumps_and_says_so(kit):
    choice = choose(leak("propane", 8.0, temperature=231.0, area=100.0), kit.weather(**BREEZE))
    assert choice.model == "dense_gas"
    assert "surface of 100 m²" in choice.reason
    assert "slumps" in choice.reason


def test_mass_let_go_at_once(kit):
    burst = Release.instantaneous(substance("chlorine"), x=0.0, y=0.0, z=0.0, mass=1000.0)
    assert choose(burst, kit.weather(**BREEZE)).model == "dense_gas"
    whiff = Release.instantaneous(substance("ammonia"), x=0.0, y=0.0, z=2.0, mass=1.0)
    assert choose(whiff, kit.weather(**BREEZE)).model == "gaussian_puff"


def test_a_fast_stream_is_a_jet_and_a_slow_one_is_not(kit):
    fast = leak("ammonia", 0.5, jet_velocity=60.0, jet_diameter=0.12)
    choice = choose(fast, kit.weather(**BREEZE))
    assert choice.model == "jet"
    assert f"over some {6.2 * 0.12 * 60.0 / 4.0:.2g} m" in choice.reason  # Chen and Rodi's decay down to the wind
    slow = leak("ammonia", 0.5, jet_velocity=3.0, jet_diameter=0.6)
    choice = choose(slow, kit.weather(**BREEZE))
    assert choice.model == "gaussian_puff"
    assert "no jet" in choice.reason


def test_the_cloud_is_the_chosen_model_s_and_carries_the_reason(kit):
    release, weather = leak("ammonia", 0.01), kit.weather(**BREEZE)
    cloud = model("auto").disperse(release, weather)
    same = model("gaussian_puff").disperse(release, weather)
    points = np.array([50.0, 100.0, 300.0]), np.zeros(3), np.full(3, 1.5), np.full(3, 400.0)
    assert np.array_equal(cloud.concentration(*points), same.concentration(*points))
    assert cloud.model == "auto: gaussian_puff"
    assert cloud.settings["models"] == ("gaussian_puff",)
    assert "no known momentum" in cloud.settings["reason"]
    assert cloud.averaging_time == 600.0


def test_several_releases_each_get_their_rung_and_add(kit):
    weather = kit.weather(**BREEZE)
    jet = replace(leak("ammonia", 0.5, jet_velocity=60.0, jet_diameter=0.12), label="jet")
    trickle = replace(leak("ammonia", 0.01), x=20.0, label="trickle")
    both = Auto().disperse([jet, trickle], weather)
    assert both.model == "auto: jet + gaussian_puff"
    assert "jet: jet." in both.settings["reason"]
    assert "trickle: gaussian_puff." in both.settings["reason"]
    alone = [Auto().disperse(one, weather) for one in (jet, trickle)]
    points = np.array([40.0, 100.0, 300.0]), np.zeros(3), np.full(3, 1.5), np.full(3, 400.0)
    assert both.concentration(*points) == pytest.approx(sum(c.concentration(*points) for c in alone), rel=1e-13)
    assert both.mass_in_air(300.0) == pytest.approx(0.51 * 300.0, rel=1e-9)
    moments, box = both.solution.swept(1e-5, 1.5, None)
    for cloud in alone:
        found, inner = cloud.solution.swept(1e-5, 1.5, None)
        assert np.isin(found, moments).all() or found[-1] <= moments[-1]
        assert box[0] <= inner[0]
        assert box[2] >= inner[2]
    footprint = both.footprint(1e-5)
    assert not footprint.touches_border
    assert footprint.area > 0.0


def test_a_refusal_says_why_the_model_was_chosen(kit):
    turning = WeatherSeries(
        (0.0, 300.0), (kit.weather(**BREEZE, wind_from=270.0), kit.weather(**BREEZE, wind_from=180.0))
    )
    heavy = leak("chlorine", 5.0)
    with pytest.raises(ModelError, match=r"chosen: dense_gas.*slumps") as caught:
        Auto().disperse(heavy, turning)
    assert "gaussian_puff" in str(caught.value)


def test_bad_settings_are_refused():
    with pytest.raises(ModelError):
        Auto(averaging_time=5.0)
    with pytest.raises(ModelError):
        Auto(direction=math.nan)
