"""The map: what is drawn, that labels do not cover each other, and that Chinese text has a font."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest
from matplotlib.collections import PatchCollection

import twin
from tests.twin.conftest import PLANT, Write, box, feature
from twin import fonts
from twin.errors import LayoutError


@pytest.fixture(autouse=True)
def closed_figures() -> Iterator[None]:
    mpl.use("Agg")
    yield
    plt.close("all")


def written(ax: plt.Axes) -> set[str]:
    return {text.get_text() for text in ax.texts}


def test_the_map_is_in_metres_and_true_to_scale(plant: twin.Twin) -> None:
    ax = plant.plot()
    assert ax.get_aspect() == 1.0
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("east [m]", "north [m]")
    assert ax.get_title(loc="left") == "Plant"
    assert {"N", "50 m"} <= written(ax)  # 324 m wide: a fifth is 65 m, the round length below is 50 m
    xmin, xmax = ax.get_xlim()
    assert xmin < -150 < 150 < xmax
    patches = [c for c in ax.collections if isinstance(c, PatchCollection)]
    assert sum(len(c.get_paths()) for c in patches) == 6  # A-1, B-1, T-101, T-102, MP-1, CR-1
    legend = ax.get_legend()
    assert legend is not None
    assert "tank (2)" in {t.get_text() for t in legend.get_texts()}


def test_labels_do_not_cover_each_other(write: Write) -> None:
    rows = [feature("Polygon", box(15 * i, 15 * j, 10, 10), tag=f"T-{i}-{j}", kind="tank") for i in range(6) for j in range(6)]  # fmt: skip # noqa: E501
    ax = twin.load_layout(write(rows)).plot(labels="all")
    ax.figure.canvas.draw()
    boxes = [t.get_window_extent() for t in ax.texts if t.get_text().startswith("T-")]
    assert len(boxes) > 10
    assert not any(a.overlaps(b) for n, a in enumerate(boxes) for b in boxes[:n])


def test_what_is_labelled(plant: twin.Twin) -> None:
    assert {"MP-1", "CR-1", "T-101", "T-102"} <= written(plant.plot())
    assert "W-1" not in written(plant.plot())
    assert "W-1" in written(plant.plot(labels=["W-1"]))
    assert "MP-1" not in written(plant.plot(labels="none"))


def test_layers_axes_and_legend_may_be_chosen(plant: twin.Twin) -> None:
    _, ax = plt.subplots()
    assert plant.plot(ax, layers=["walkway"], legend=False, title="Ways") is ax
    assert ax.get_legend() is None
    assert "T-101" not in written(ax)
    with pytest.raises(LayoutError, match="unknown layer 'walkways' -> did you mean 'walkway'"):
        plant.plot(layers=["walkways"])
    assert plant.plot(layers=["road"]).get_legend() is not None


def test_an_empty_map_and_a_single_point(write: Write) -> None:
    empty = twin.Twin([]).plot()
    empty.figure.canvas.draw()
    assert not any(len(drawn.get_offsets()) for drawn in empty.collections)
    lone = twin.load_layout(write([feature("Point", [3, 4], tag="V", kind="valve")])).plot()
    lone.figure.canvas.draw()
    (west, east), (south, north) = lone.get_xlim(), lone.get_ylim()
    assert west < 3.0 < east  # a map of some width around the one point
    assert south < 4.0 < north


def test_chinese_is_written_with_a_font_that_has_it(write: Write) -> None:
    before = list(mpl.rcParams["font.family"])
    ax = twin.load_layout(write(PLANT), name="氯碱厂区").plot(language="zh")
    assert "储罐 (2)" in {t.get_text() for t in ax.get_legend().get_texts()}
    if fonts.cjk_fonts():
        ax.figure.canvas.draw()  # a missing glyph is a warning, and warnings are errors here
        assert fonts.cjk_fonts()[0] in ax.xaxis.label.get_fontfamily()
    assert list(mpl.rcParams["font.family"]) == before


def test_without_a_chinese_font_there_is_one_hint(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("matplotlib.font_manager.get_font_names", lambda: ["DejaVu Sans"])
    fonts.cjk_fonts.cache_clear()
    try:
        with caplog.at_level(logging.WARNING, logger="twin.fonts"):
            assert fonts.cjk_fonts() == ()
            with fonts.plot_fonts():
                assert list(mpl.rcParams["font.family"]) == ["DejaVu Sans"]
        assert len(caplog.records) == 1
        assert "fonts-noto-cjk" in caplog.records[0].getMessage()
    finally:
        fonts.cjk_fonts.cache_clear()
