"""Films and surfaces in space."""

from __future__ import annotations

import matplotlib as mpl

mpl.use("Agg")

import numpy as np
import pytest

from dispersion.models import model
from dispersion.scenes.view import animate, isosurfaces
from twin.errors import ModelError

LEVELS = {"mild": 1e-4, "severe": 1e-3}


@pytest.fixture(scope="module")
def cloud(kit):
    return model("gaussian_puff").disperse(kit.release(), kit.weather(wind_from=240.0))


@pytest.fixture(scope="module")
def park():
    from plant_models.parks import park_path
    from twin.loading import load_layout

    return load_layout(park_path("lantern-bay"))


def test_a_film_has_a_frame_for_every_time(cloud, park, tmp_path):
    from PIL import Image

    field = cloud.field(bounds=park.bounds, spacing=10.0, times=[30.0, 120.0, 300.0])
    place = animate(field, tmp_path / "film.gif", levels=LEVELS, park=park, frames_per_second=4.0, language="zh")
    with Image.open(place) as film:
        assert (film.n_frames, film.format) == (3, "GIF")
        assert film.info["duration"] == 250
        pixels = []
        for k in range(3):
            film.seek(k)
            pixels.append(np.asarray(film.convert("RGB"), int))
    # the zone is yellower than the map: red less blue grows from frame to frame, and so does what differs
    moved = [(np.abs(later - first).sum(axis=2) > 60).sum() for first, later in ((pixels[0], p) for p in pixels[1:])]
    assert 100 < moved[0] < moved[1]
    assert pixels[0].std() > 10.0  # the park is there


def test_a_film_of_nothing_is_refused(cloud, tmp_path):
    field = cloud.field(bounds=(-300.0, -300.0, 300.0, 300.0), times=[30.0])
    with pytest.raises(ModelError, match="reached in no frame"):
        animate(field, tmp_path / "film.gif", levels={"never": 1e9})
    with pytest.raises(ModelError, match="no GIF file"):
        animate(field, tmp_path / "film.mp4", levels=LEVELS)
    assert list(tmp_path.iterdir()) == []


def test_a_surface_of_nothing_is_refused(cloud, tmp_path):
    field = cloud.field(bounds=(-300.0, -300.0, 300.0, 300.0), times=[30.0])
    with pytest.raises(ModelError, match="two heights or more"):
        isosurfaces(field, tmp_path / "cloud.png", levels=LEVELS)
    with pytest.raises(ModelError, match="no PNG file"):
        isosurfaces(field, tmp_path / "cloud.vtk", levels=LEVELS)


@pytest.mark.view
def test_surfaces_stand_over_the_park(cloud, park, tmp_path):
    from PIL import Image

    heights = (0.0, 1.0, 2.0, 4.0, 7.0, 11.0, 16.0, 24.0, 40.0)
    field = cloud.field(bounds=(-50.0, -50.0, 650.0, 400.0), spacing=5.0, times=[100.0, 300.0], heights=heights)
    shots = []
    for name, levels in (("low", LEVELS), ("high", {"mild": 0.9 * float(field.maximum().max())})):
        place = isosurfaces(field, tmp_path / f"{name}.png", levels=levels, park=park, time=300.0, language="zh")
        with Image.open(place) as picture:
            assert picture.size == (1280, 760)
            shots.append(np.asarray(picture.convert("RGB"), int))
    assert (np.abs(shots[0] - shots[1]).sum(axis=2) > 60).mean() > 0.02  # the wide surfaces fill more of the view
    with pytest.raises(ModelError, match="not reached"):
        isosurfaces(field, tmp_path / "none.png", levels={"never": 1e9}, park=park)
