"""Pictures of source terms: what stands on them."""

from __future__ import annotations

import matplotlib as mpl

mpl.use("Agg")

import pytest
from matplotlib import pyplot as plt

from plant_models.equipment import new_asset
from plant_models.sources import Surroundings, source_term
from plant_models.view import plot_blow_down

AIR = Surroundings(
    air_temperature=293.15,
    air_pressure=101325.0,
    wind_speed=3.0,
    ground="concrete",
    ground_temperature=293.15,
    solar_flux=0.0,
)


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def found():
    vessel = new_asset(
        "vessel", "V-1", x=0.0, y=0.0, substance="chlorine", pressure=6.76e5, temperature=293.15, level=0.5,
        vessel_shape="sphere", diameter=2.0, height=2.0, release_height=0.8,
    )  # fmt: skip
    return source_term(
        vessel, hole_diameter=0.05, until=1800.0, surroundings=AIR, rain_out_method="trajectory", start=7200.0
    )


def test_rates_start_with_the_leak_and_events_are_told_below(found):
    ax = found.plot()
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels[0] == "out of the hole 流出"
    assert any("液池蒸发" in label for label in labels)
    numbered = [label for label in labels if label[:2] in {"1:", "2:"}]
    assert [label.split(", ")[1] for label in numbered] == [text for _, text in found.outflow.events]
    assert {text.get_text() for text in ax.texts} == {str(k + 1) for k in range(len(numbered))}
    assert ax.get_title() == "V-1: chlorine 氯, frozen 孔内不汽化"
    # The clock of the picture is that of the leak, although the releases begin two hours later.
    ends = [patch.get_data().edges for patch in ax.patches]
    assert min(edges[0] for edges in ends) == 0.0
    assert max(edges[-1] for edges in ends) < ax.get_xlim()[1] <= 31.5
    assert ax.get_ylim()[0] == 0.0


def test_given_axes_are_used(found):
    own = plt.figure().add_subplot()
    assert found.plot(own) is own


def test_a_blow_down_is_four_pictures(found):
    axes = plot_blow_down(found.outflow.blow_down)
    assert axes.shape == (2, 2)
    assert "压力" in axes[0, 0].get_ylabel()
    own = plt.subplots(2, 2)[1]
    assert plot_blow_down(found.outflow.blow_down, own)[1, 1] is own[1, 1]
