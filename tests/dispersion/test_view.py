"""Pictures: what stands on them."""

from __future__ import annotations

import matplotlib as mpl

mpl.use("Agg")

import numpy as np
import pytest
from matplotlib import pyplot as plt

from dispersion.models import model
from dispersion.view import plot_field, plot_footprint, plot_section, plot_series
from twin.errors import ModelError


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


def test_footprints_are_labelled(kit):
    from plant_models.releases import Release
    from plant_models.substances import substance

    release = Release.steady(substance("chlorine"), x=0, y=0, z=1, mass_rate=5.0, duration=300.0, temperature=240.0)
    cloud = model("gaussian_puff").disperse(release, kit.weather())
    prints = [cloud.footprint(release.substance.threshold(n, duration=600.0)) for n in ("AEGL-1", "AEGL-3", "AEGL-2")]
    ax = plot_footprint(prints)
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert [text.split(" ")[0] for text in labels] == ["AEGL-3", "AEGL-2", "AEGL-1", "release"]
    assert "600 s average" in ax.get_title("left")
    assert "gaussian_puff" in ax.get_title("left")
    assert any("passive model, dense release" in text.get_text() for text in ax.texts)
    assert ax.get_xlabel() == "east [m]"
    assert ax.get_aspect() == 1.0
    edge = {tuple(round(c, 2) for c in p.get_edgecolor()) for p in ax.patches}
    assert len(edge) == 3


def test_given_axes_are_used_and_the_park_comes_first(kit):
    footprint = model("gaussian_plume").disperse(kit.release(), kit.weather()).footprint(1e-4)
    drawn = []

    class Park:
        bounds = (-50.0, -60.0, 5.0, 5.0)

        def plot(self, ax, *, legend, bounds, language):
            drawn.append(len(ax.patches))
            held = footprint.polygon.bounds  # the map holds the park and the area
            assert bounds[:2] == (min(-50.0, held[0]), min(-60.0, held[1]))
            assert bounds[2:] == (max(5.0, held[2]), max(5.0, held[3]))

    own = plt.figure().add_subplot()
    assert footprint.plot(own, park=Park()) is own
    assert drawn == [0]
    assert plot_footprint(model("gaussian_plume").disperse(kit.release(), kit.weather()).footprint(1e9)).get_legend()


def test_field_plot(kit):
    field = model("gaussian_puff").disperse(kit.release(), kit.weather()).field(times=[100.0, 300.0])
    assert "t = 100 s" in plot_field(field, time=90.0).get_title()
    assert "largest over time" in field.plot().get_title()


@pytest.fixture(scope="module")
def cloud(kit):
    return model("gaussian_puff").disperse(kit.release(x=40.0, y=-20.0), kit.weather(wind_from=240.0))


LEVELS = {"mild": 1e-4, "severe": 1e-3}


def test_the_section_is_the_cloud(cloud):
    ax = plot_section(cloud, levels=LEVELS, times=500.0)
    toward = np.radians(60.0)  # where a wind from 240 degrees blows to
    lines = [c for c in ax.collections if c.get_facecolor().size == 0]
    assert len(lines) == 2
    for level, drawn in zip((1e-3, 1e-4), lines, strict=True):  # the worst first
        corners = np.concatenate([path.vertices for path in drawn.get_paths()])
        distance, height = corners[corners[:, 1] > 1.0].T
        x, y = 40.0 + distance * np.sin(toward), -20.0 + distance * np.cos(toward)
        # on the outline the cloud has the level; the grid of the picture is 1/360 of its width, close to the source
        # the borders are steep
        far = distance > 0.1 * distance.max()
        found = cloud.concentration(x[far], y[far], height[far], 500.0)
        assert found.size > 50
        assert np.abs(np.log(found / level)).max() < 0.05
    assert "towards 60°" in ax.get_title("left")
    assert "600 s average" in ax.get_title("left")
    assert "t = 500 s" in ax.get_title("left")
    assert ax.get_xlabel() == "distance downwind [m]"
    assert [text.get_text().split(",")[0] for text in ax.get_legend().get_texts()] == ["severe", "mild"]
    assert ax.get_ylim()[0] == 0.0


def test_the_section_of_a_passing_puff_has_no_beads(kit):
    from plant_models.releases import Release
    from plant_models.substances import substance

    puff = Release.instantaneous(substance("ammonia"), x=0.0, y=0.0, z=1.0, mass=20.0)
    ax = plot_section(model("gaussian_puff").disperse(puff, kit.weather()), levels={"mild": 1e-4})
    outline = next(c for c in ax.collections if c.get_facecolor().size == 0).get_paths()[0]
    assert "largest over time" in ax.get_title("left")
    assert len(outline.to_polygons(closed_only=False)) == 1


def test_a_section_without_gas_says_so(cloud):
    with pytest.raises(ModelError, match="holds no never"):
        plot_section(cloud, levels={"never": 1e9}, times=500.0)
    with pytest.raises(ModelError, match="levels are"):
        plot_section(cloud, levels={})
    with pytest.raises(ModelError, match="levels are"):
        plot_section(cloud, levels={"none": 0.0})


def test_the_series_is_the_cloud_in_ppm(cloud):
    toward = np.radians(60.0)
    near, far = ((40.0 + d * np.sin(toward), -20.0 + d * np.cos(toward), 1.5) for d in (200.0, 600.0))
    times = np.linspace(1.0, 1200.0, 200)
    ax = plot_series(cloud, {"near": near, "far": far, "upwind": (-500.0, -500.0, 1.5)}, levels=LEVELS, times=times)
    lines = {line.get_label(): line for line in ax.get_lines()}
    assert "upwind: not reached" in lines
    mass = cloud.concentration(*near, times)
    # by hand: ideal gas at 293.15 K, 101 325 Pa and 17.0305 g/mol: c R T / (p M)
    ppm = mass * 8.314462618 * 293.15 / (101325.0 * 0.0170305) * 1e6
    there = mass > 0.0
    assert lines["near"].get_ydata()[there] == pytest.approx(ppm[there], rel=1e-4)
    assert lines["near"].get_xdata() == pytest.approx(times / 60.0)
    assert ax.get_yscale() == "log"
    assert ax.get_ylabel() == "ammonia [ppm], 600 s average"
    assert {text.get_text().split(",")[0] for text in ax.texts} >= {"severe", "mild"}
    with pytest.raises(ModelError, match="no gas above"):
        plot_series(cloud, {"upwind": (-500.0, -500.0, 1.5)}, levels=LEVELS)
    with pytest.raises(ModelError, match="no place is given"):
        plot_series(cloud, {})


def test_pictures_speak_chinese(cloud, tmp_path):
    from twin.fonts import cjk_fonts

    footprint = cloud.footprint(cloud.releases[0].substance.threshold("AEGL-2", duration=600.0))
    never = cloud.footprint(1e9)
    axes = [
        plot_footprint([footprint, never], language="zh"),
        plot_section(cloud, levels=LEVELS, times=300.0, language="zh"),
        plot_series(cloud, {"门卫": (140.0, 38.0, 1.5)}, levels=LEVELS, language="zh"),
        plot_field(cloud.field(times=[300.0]), language="zh"),
    ]
    assert [ax.get_title("left")[:1] for ax in axes[:3]] == ["氨"] * 3
    assert "未达到" in "".join(text.get_text() for text in axes[0].get_legend().get_texts())
    assert axes[1].get_xlabel() == "下风向距离 [m]"
    if cjk_fonts():
        for ax in axes:  # a glyph that is missing is a warning, and a warning is an error
            ax.figure.savefig(tmp_path / "zh.png", dpi=40)
