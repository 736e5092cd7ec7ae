"""Whatever a caller gives that is no number or out of range is refused by name: never a foreign traceback."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import numpy as np
import pytest

from dispersion import similarity, stability
from dispersion.air import sigma_set
from dispersion.ensemble import exceedance
from dispersion.indoor import Building, indoor_air, infiltration, passage
from dispersion.inputs import finite, number, rising
from dispersion.models import model
from plant_models.substances import substance
from twin.errors import ModelError
from twin.weather import Weather

NEVER = ("word", math.nan, [1.0, 2.0], np.zeros((2, 2, 2)), {}, object(), 1 + 2j)  # what no argument here can be
AIR = Weather(
    wind_speed=3.0, wind_from=270.0, wind_height=10.0, roughness_length=0.1, obukhov_length=-50.0, mixing_height=800.0
)
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
BUILDING = {"tag": "B-1", "x": 1.0, "y": 1.0, "height": 2.0, "air_changes": 1e-3, "volume": 100.0, "sealing": 0.5}
RECT = (-10.0, -50.0, 90.0, 50.0)


def refused(ask, given, values=NEVER, also=()):
    """Ask with each bad value in the place of each argument in turn."""
    for name in given:
        for value in (*values, *also):
            with pytest.raises(ModelError):
                ask(**(given | {name: value}))


@pytest.fixture(scope="module", params=["gaussian_puff", "gaussian_plume"])
def cloud(request, kit):
    return model(request.param).disperse(kit.release(), kit.weather())


def test_a_cloud_is_asked_for_numbers(cloud):
    refused(
        cloud.concentration, {"x": 9.0, "y": 0.0, "z": 1.0, "t": 9.0}, ("word", math.nan, {}, object(), 1 + 2j), (None,)
    )
    for ask in (cloud.mass_in_air, cloud.mass_removed):
        refused(ask, {"t": 100.0}, also=(None, math.inf))
    points = {"x": 90.0, "y": 0.0}
    refused(
        lambda **given: cloud.exposure(**points, **given),
        {"threshold": 1e-4, "load": 2.0, "until": 500.0},
        also=(-1.0,),
    )
    refused(
        lambda times: cloud.exposure(**points, times=times),
        {"times": [1.0]},
        ("word", math.nan, [2.0, 1.0], {}, 1j, []),
    )
    drawn = {"threshold": 1e-4, "bounds": RECT, "spacing": 20.0, "height": 1.0, "until": 500.0, "load": 2.0}
    refused(cloud.footprint, drawn, also=(-1.0,))
    refused(cloud.footprint, {"threshold": 1e-4, "height": 1.0, "until": 500.0}, (None,))
    sampled = {"bounds": RECT, "spacing": 20.0, "memory_limit": 1e9}
    refused(lambda **given: cloud.field(times=[10.0], **given), sampled, also=(-1.0,))


@pytest.mark.parametrize("name", ["gaussian_puff", "gaussian_plume"])
def test_a_model_is_set_with_numbers(kit, name):
    optional = ("transport_height", "building_height", "building_width", "half_life")
    needed = ("averaging_time", "smallest_sigma", "deposition_velocity", "rain_rate", "scavenging_coefficient")
    needed += ("node_spacing", "reach", "threads") if name == "gaussian_puff" else ()
    for setting in (*optional, *needed):
        refused(lambda **given: model(name, **given), {setting: None}, also=(-1.0, math.inf, True))
    for setting in needed:
        refused(lambda **given: model(name, **given), {setting: None}, (None,))
    for setting in ("plume_rise", "meander"):
        refused(lambda **given: model(name, **given), {setting: None}, also=(None, 1.0))
    refused(lambda **given: model(name, **given), {"sigmas": None})
    one = model(name)
    refused(lambda release: one.disperse(release, kit.weather()), {"release": None}, also=(None, []))
    refused(lambda weather: one.disperse(kit.release(), weather), {"weather": None}, also=(None, []))


def test_the_air_is_asked_for_numbers():
    site = {"latitude": 40.0, "longitude": 3.0}
    refused(lambda **given: stability.solar_elevation(NOON, **given), site, also=(None, math.inf, 400.0))
    refused(lambda time: stability.solar_elevation(time, **site), {"time": NOON}, also=(None, datetime(2026, 6, 1)))  # noqa: DTZ001
    sky = site | {"time": NOON, "wind_speed": 3.0, "cloud_cover": 0.5}
    refused(stability.stability_from_sky, sky, also=(None,))
    refused(lambda ceiling: stability.stability_from_sky(**sky, ceiling=ceiling), {"ceiling": 900.0}, also=(-1.0,))
    night = {"wind_speed": 3.0, "solar_radiation": 0.0, "temperature_difference": 0.1}
    refused(stability.stability_from_radiation, night, also=(None,))
    refused(lambda height: similarity.wind_ratio(AIR, height), {"height": 2.0}, also=(None, -1.0))
    for profile in (similarity.wind_speed_at, similarity.temperature_at, similarity.diffusivity):
        refused(lambda height, ask=profile: ask(AIR, height), {"height": 2.0}, ("word", math.nan, {}, 1j, None))
    unknown = Weather(wind_speed=3.0, wind_from=0.0, wind_height=10.0, roughness_length=0.1, stability="D")
    refused(lambda latitude: similarity.mixing_height(unknown, latitude), {"latitude": 40.0}, also=(1.0,))
    refused(lambda height: similarity.convective_velocity(AIR, height), {"height": 800.0}, also=(-1.0, math.inf))
    for name in ("similarity", "briggs_rural"):
        grown = {"source_height": 1.0, "averaging_time": 600.0}
        curves = sigma_set(name)
        refused(lambda given=curves, **more: given.growth(AIR, **more), grown, also=(None, -1.0, math.inf))


def test_a_building_is_made_of_numbers(kit):
    numbers = {name: value for name, value in BUILDING.items() if name != "tag"}
    refused(lambda **given: Building(tag="B-1", **given), numbers, also=(math.inf, True))
    leaks = {"leakage_area": 0.1, "storeys": 1, "shelter_class": 3, "wind_speed": 3.0, "temperature_difference": 5.0}
    refused(infiltration, leaks, also=(None, math.inf))
    house, cloud = Building(**BUILDING), model("gaussian_puff").disperse(kit.release(), kit.weather())
    inside = {"building": house, "times": [0.0, 10.0], "modes": [(0.0, "ventilated")], "sorption": 0.0, "initial": 0.0}
    bad = ("word", math.nan, {}, object(), 1 + 2j, None, [])
    refused(lambda **given: indoor_air(hazard=cloud, weather=AIR, **given), inside, bad)
    air = indoor_air(hazard=cloud, weather=AIR, **inside)
    refused(air.at, {"t": 3.0}, ("word", math.nan, {}, None))
    refused(air.loads, {"probit": substance("ammonia").harm.probit()}, also=(None,))
    refused(lambda mode: house.exchange(mode, AIR), {"mode": "closed"}, also=(None,))
    looked = {"start": 0.0, "step": 10.0, "longest": 100.0}
    refused(lambda **given: passage(cloud, x=90.0, y=0.0, z=1.0, **given), looked, also=(None, math.inf))


def test_an_ensemble_is_made_of_numbers():
    given = {
        "wind_speed": [3.0], "wind_from": [270.0], "stability": ["D"], "mass_rate": 1.0, "threshold": 1e-4,
        "source": (0.0, 0.0, 1.0), "bounds": RECT, "weights": [1.0], "spacing": 20.0, "height": 1.0,
        "averaging_time": 600.0, "sigmas": "briggs_rural", "roughness_length": 0.1, "smallest_sigma": 0.1,
    }  # fmt: skip
    refused(exceedance, given)


def test_numbers_of_any_kind_are_taken():
    assert number(np.float32(2.0), "n") == number(np.int64(2), "n") == number(np.array(2.0), "n") == 2.0
    assert finite([[1, 2]], "n").shape == (1, 2)
    assert rising(3, "n").tolist() == [3.0]
    for bad in (True, "2", None, np.array([2.0])):
        with pytest.raises(ModelError, match="n is"):
            number(bad, "n")


@pytest.mark.parametrize("length", [1.0, -1.0, 1.5, -1.5, 30.0, -30.0, 1e12, -1e12, math.inf, -math.inf])
@pytest.mark.parametrize(
    "more",
    [
        {}, {"sigma_theta": 60.0}, {"wind_speed": 2.0, "roughness_length": 1.0}, {"friction_velocity": 0.005},
        {"mixing_height": 10.0}, {"wind_speed": 75.0, "roughness_length": 1e-5}, {"wind_height": 300.0},
        {"wind_speed": 2.0, "roughness_length": 5.0, "wind_height": 300.0}, {"wind_height": 0.5},
    ],
)  # fmt: skip
def test_no_air_makes_a_number_that_is_none(kit, length, more):
    """The ends of what a Weather may be: finite, not negative, no more mass than came out, or one clear error."""
    air = kit.weather(**({"stability": None, "obukhov_length": length, "wind_height": 10.0} | more))
    x, t = np.array([-50.0, 0.0, 1.0, 10.0, 100.0, 1e3, 2e4]), np.array([[1.0], [300.0], [900.0]])
    for name in ("gaussian_puff", "gaussian_plume"):
        one = model(name, deposition_velocity=0.01)
        for z in (0.0, 1.0, 9.0):
            try:
                cloud = one.disperse(kit.release(z=z), air)
            except ModelError:  # a light wind, the only refusal: what it says is tested with the clouds
                assert air.wind_speed * similarity.wind_ratio(air, max(z, 2.0)) < 0.5
                continue
            found = cloud.concentration(x, 0.0, 1.5, t)
            assert np.isfinite(found).all()
            assert (found >= 0.0).all()
            assert 0.0 <= cloud.mass_in_air(400.0) <= 400.0 * (1.0 + 1e-9)
