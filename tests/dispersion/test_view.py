"""Pictures: what stands on them."""

from __future__ import annotations

import matplotlib as mpl

mpl.use("Agg")

import pytest
from matplotlib import pyplot as plt

from dispersion.models import model
from dispersion.view import plot_field, plot_footprint


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
