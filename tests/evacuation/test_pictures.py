"""Pictures show every person and every name that matters, in both languages."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pytest

from evacuation import (
    Distribution,
    Exposure,
    Group,
    Order,
    StopRule,
    Tolerance,
    WalkGraph,
    animate_evacuation,
    egress_margins,
    evacuate,
    link_flows,
    plot_condition,
    plot_congestion,
    plot_margins,
    plot_replications,
    populate,
    replicate,
)
from plant_models import substance
from twin import ModelError, Streams

CHLORINE = substance("chlorine")


@pytest.fixture(autouse=True)
def no_screen():
    mpl.use("Agg")
    yield
    from matplotlib import pyplot as plt

    plt.close("all")


class Drift:
    """Gas that comes from the west."""

    def concentration(self, x, y, z, t):
        x, y, z, t = np.broadcast_arrays(x, y, z, t)
        return 2.5e-3 / (1.0 + np.exp((x - 0.8 * t + 60.0) / 15.0))


@pytest.fixture
def world(park, weather):
    graph = WalkGraph.of(park)
    air = Exposure(graph, Drift(), substance=CHLORINE, weather=weather, horizon=1200.0)
    groups = [Group(name="yard", place="YD-1", count=500, premovement=Distribution.uniform(10.0, 20.0))]
    return park, graph, air, groups


def play(world, seed=1, at=30.0):
    park, graph, air, groups = world
    people = populate(park, groups, Streams(seed), graph=graph)
    order = [Order(time=at, action="evacuate")]
    return evacuate(park, people, orders=order, exposure=air, horizon=1200.0, tolerance=Tolerance())


@pytest.mark.parametrize("language", ["en", "zh"])
def test_maps_tell_how_people_are_and_where_they_jam(world, language, tmp_path):
    result = play(world)
    ax = plot_condition(result, 400.0, park=world[0], language=language)
    told = [text.get_text() for text in ax.get_legend().get_texts()]
    assert sum(int(text.rpartition(":")[2]) for text in told) == 500
    ax.figure.savefig(tmp_path / "condition.png")
    flows = link_flows(result)
    assert flows.congestion()
    ax = plot_congestion(flows, park=world[0], language=language)
    assert flows.congestion()[0].tag in " ".join(text.get_text() for text in ax.texts)
    ax.figure.savefig(tmp_path / "congestion.png")
    margins = egress_margins(result, world[2], CHLORINE.threshold("AEGL-3", duration=600.0))
    assert (margins.margin < 0.0).any()
    ax = plot_margins(margins, park=world[0], language=language)
    assert any("YD-1" in text.get_text() for text in ax.texts)
    ax.figure.savefig(tmp_path / "margins.png")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_curves_of_replications(world, language, tmp_path):
    park, graph, air, groups = world
    told = replicate(
        lambda streams: populate(park, groups, streams, graph=graph),
        lambda people, policy: evacuate(
            park, people, orders=[Order(time={"early": 0.0, "late": 200.0}[policy], action="evacuate")],
            exposure=air, horizon=1200.0,
        ),
        policies=("early", "late"), seed=1, rule=StopRule(least=8, most=8),
    )  # fmt: skip
    ax = plot_replications(told, language=language)
    names = [text.get_text() for text in ax.get_legend().get_texts()]
    assert names[:2] == ["early", "late"]
    # the drawn mean of the last share is the mean clearance time
    assert ax.lines[0].get_xdata()[-1] * 60.0 == pytest.approx(told.values("early", "clearance").mean())
    ax.figure.savefig(tmp_path / "curves.png")


def test_a_film_has_a_frame_for_every_moment(world, tmp_path):
    from PIL import Image

    result = play(world)
    path = animate_evacuation(result, tmp_path / "replay.gif", times=[0.0, 60.0, 120.0, 400.0], park=world[0])
    with Image.open(path) as film:
        assert film.n_frames == 4
    assert [file.name for file in tmp_path.iterdir() if file.suffix == ".gif"] == ["replay.gif"]
    with pytest.raises(ModelError, match="cannot be written"):
        animate_evacuation(result, tmp_path / "replay.mp4")
