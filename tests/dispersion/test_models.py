"""The door: models by name, their settings, and a light import."""

from __future__ import annotations

import pickle
import subprocess
import sys

import numpy as np
import pytest

from dispersion.models import Model, model, models
from twin.errors import ModelError
from twin.hazard import Hazard


def test_both_models_come_through_the_entry_points(kit):
    assert {"gaussian_plume", "gaussian_puff"} <= set(models())
    for name in ("gaussian_plume", "gaussian_puff"):
        found = model(name, averaging_time=300.0)
        assert isinstance(found, Model)
        cloud = found.disperse(kit.release(), kit.weather())
        assert isinstance(cloud, Hazard)
        assert cloud.model == name
        assert cloud.settings["averaging_time"] == cloud.averaging_time == 300.0
        assert cloud.valid_range["distance"] == (100.0, 10_000.0, "m")
        assert "300 s averages" in repr(cloud)
        assert (cloud.start, cloud.end, cloud.duration) == (0.0, 600.0, 600.0)


def test_unknown_names_are_answered_with_near_matches():
    with pytest.raises(ModelError, match="did you mean 'gaussian_pu"):
        model("gausian_puff")
    with pytest.raises(ModelError, match="did you mean 'averaging_time'"):
        model("gaussian_puff", averagingtime=600.0)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("averaging_time", 5.0),
        ("averaging_time", float("nan")),
        ("node_spacing", 0.0),
        ("node_spacing", 3.0),
        ("reach", 1.0),
        ("reach", "5"),
        ("sigmas", "none"),
        ("transport_height", -1.0),
        ("smallest_sigma", 0.0),
        ("threads", 0),
        ("threads", 1.5),
        ("threads", True),
    ],
)
def test_settings_out_of_range_are_refused(setting, value):
    with pytest.raises(ModelError):
        model("gaussian_puff", **{setting: value})


def test_several_bad_settings_are_named_at_once():
    with pytest.raises(ModelError) as caught:
        model("gaussian_puff", reach=0.0, threads=0)
    assert {p.where for p in caught.value.problems} == {"gaussian_puff.reach", "gaussian_puff.threads"}


def test_releases_must_be_one_substance(kit):
    from dataclasses import replace

    from plant_models.substances import substance

    puff = model("gaussian_puff")
    with pytest.raises(ModelError, match="no release"):
        puff.disperse([], kit.weather())
    other = replace(kit.release(), substance=substance("chlorine"))
    with pytest.raises(ModelError, match="different substances"):
        puff.disperse([kit.release(), other], kit.weather())


def test_what_is_no_release_is_refused(kit):
    from types import SimpleNamespace

    puff = model("gaussian_puff")
    with pytest.raises(ModelError, match=r"SimpleNamespace is not a release -> give its releases: source\.releases"):
        puff.disperse(SimpleNamespace(releases=()), kit.weather())
    with pytest.raises(ModelError, match="str is not a release -> give one Release or a list"):
        puff.disperse(["V-201"], kit.weather())
    assert puff.disperse(iter([kit.release()]), kit.weather()).releases


def test_calm_and_lid_are_refused_with_the_range(kit):
    puff, plume = model("gaussian_puff"), model("gaussian_plume")
    with pytest.raises(ModelError, match=r"from 0\.5 m s⁻¹ up"):
        plume.disperse(kit.release(), kit.weather(wind_speed=0.4))
    for each in (puff, plume):
        with pytest.raises(ModelError, match="above the mixing lid"):
            each.disperse(kit.release(z=60.0), kit.weather(mixing_height=50.0))


def test_a_dense_release_is_told(kit):
    chlorine = kit.dense()
    for name in ("gaussian_plume", "gaussian_puff"):
        cloud = model(name).disperse(chlorine, kit.weather())
        assert len(cloud.warnings) == 1
        assert "passive model, dense release" in cloud.warnings[0]
    assert model("gaussian_puff").disperse(kit.release(mass_rates=[1e-4]), kit.weather()).warnings == ()


def test_coordinates_must_be_finite(kit):
    cloud = model("gaussian_puff").disperse(kit.release(), kit.weather())
    with pytest.raises(ModelError, match="x is not finite"):
        cloud.concentration(np.nan, 0.0, 1.0, 10.0)


def test_the_face_is_light():
    heavy = ("numba", "matplotlib", "xarray", "pandas", "scipy")
    code = f"import sys; from dispersion import model; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", models())
def test_a_cloud_survives_pickling(kit, name):
    jet = {"jet_velocity": 200.0, "jet_diameter": 0.08}
    release = kit.dense() if name in {"britter_mcquaid", "dense_gas"} else kit.release(**jet if name == "jet" else {})
    cloud = model(name).disperse(release, kit.weather())
    again = pickle.loads(pickle.dumps(cloud))
    assert again.concentration(80.0, 3.0, 0.1, 120.0) == cloud.concentration(80.0, 3.0, 0.1, 120.0) > 0.0


def test_a_threshold_is_no_text_and_a_bare_one_is_shown_once(kit):
    cloud = model("gaussian_puff").disperse(kit.release(), kit.weather())
    with pytest.raises(ModelError, match=r"the threshold is the text 'AEGL-2'.*release\.substance\.threshold"):
        cloud.footprint("AEGL-2")
    assert repr(cloud.footprint(1e-3)).count("0.001 kg m⁻³") == 1


def test_what_is_no_weather_and_what_does_not_broadcast(kit):
    puff = model("gaussian_puff")
    with pytest.raises(ModelError, match="the weather is a NoneType"):
        puff.disperse(kit.release(), None)
    with pytest.raises(ModelError, match="no release was given"):
        puff.disperse(None, kit.weather())
    cloud = puff.disperse(kit.release(), kit.weather())
    for x in (np.zeros(3), "east"):
        with pytest.raises(ModelError, match="broadcast together"):
            cloud.concentration(x, np.zeros(4), 1.5, 10.0)
