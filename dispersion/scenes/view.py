"""Films of a cloud over the park, and its surfaces of equal concentration in space."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dispersion.view import (
    WORDS,
    Language,
    draw_caution,
    draw_frame,
    draw_zone,
    gas_name,
    rank_levels,
    rectangle_of,
    say_when,
)
from twin.errors import ModelError
from twin.fonts import cjk_fonts, plot_fonts

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from dispersion.field import Bounds, Field
    from twin.assets import Asset

__all__ = ["animate", "isosurfaces"]

_DPI = 80.0  # of a film
_ROAD = 2.0  # m, half the width a road is drawn with: 4 m, the least for a fire lane (GB 50016-2014, 7.1.8)


def animate(
    field: Field,
    path: str | Path,
    *,
    levels: Mapping[str, float],
    park: Any = None,
    height: float | None = None,
    frames_per_second: float = 8.0,
    language: Language = "en",
) -> Path:
    """Write a GIF of the zones over the park, one frame a time of the field.

    Parameters
    ----------
    field
        The cloud on a grid.
    path
        File to write, whose name ends in .gif.
    levels
        Concentrations of the zones by name. [kg m⁻³]
    park
        A park to draw beneath, as far as the field reaches.
    height
        The nearest height; None: the lowest. [m]
    frames_per_second
        Speed of the film. [s⁻¹]
    language
        Of the labels, "en" or "zh".

    Returns
    -------
    pathlib.Path
        Where it was written.

    Raises
    ------
    ModelError
        The name does not end in .gif, or no level is reached in any frame.
    """
    from matplotlib.animation import PillowWriter
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    looks, words, place = rank_levels(levels), WORDS[language], Path(path)
    if place.suffix.lower() != ".gif":
        raise ModelError(f"the film {str(place)!r} is no GIF file", where="animate.path", fix="end its name in .gif")
    k = 0 if height is None else int(np.abs(field.z - height).argmin())
    if field.values[:, k].max() < looks[-1].value:
        fix = "give a lower level, or a field where and when the gas is"
        raise ModelError(f"{looks[-1].name} is reached in no frame", where="animate.levels", fix=fix)
    with plot_fonts():
        figure = Figure(figsize=(8.0, 7.0), dpi=_DPI, layout="constrained")
        ax = figure.add_subplot()
        extent = (field.x[0], field.y[0], field.x[-1], field.y[-1])
        if park is not None:
            park.plot(ax, legend=False, bounds=extent, language=language)
        else:
            ax.set(xlim=extent[::2], ylim=extent[1::2])
        draw_frame(ax, language, adjustable="box")
        handles = [
            Patch(facecolor=look.fill, edgecolor=look.colour, linestyle=look.style, label=look.text) for look in looks
        ]
        figure.legend(handles=handles, loc="outside lower left", ncols=2, fontsize=8, frameon=False)
        draw_caution(ax, field.warnings, language, below=True)
        ax.set_title(" ", fontsize=10, loc="left")  # keeps the room of the frames' titles
        film, over = _still(figure, ax)
        writer = PillowWriter(fps=frames_per_second)  # type: ignore[arg-type]
        with writer.saving(film, str(place), _DPI):
            for t in field.t:
                title = words["plan"].format(
                    gas=gas_name(field.substance, language), model=field.model, when=say_when(float(t), language),
                    height=field.z[k], average=field.averaging_time,
                )  # fmt: skip
                over.set_title(title, fontsize=10, loc="left")
                drawn: list[Any] = []
                for rank, look in enumerate(reversed(looks)):
                    area = field.contours(look.value, time=float(t), height=float(field.z[k]))
                    drawn += draw_zone(over, area, look, order=3 + 0.1 * rank)
                writer.grab_frame()
                for patch in drawn:
                    patch.remove()
    return place


def _still(figure: Figure, ax: Axes) -> tuple[Figure, Axes]:
    """Figure that shows the picture of another one, with bare axes over its own: the map is drawn once."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    film = Figure(figsize=tuple(figure.get_size_inches()), dpi=figure.dpi)
    FigureCanvasAgg(film)
    film.figimage(np.asarray(canvas.buffer_rgba()).copy(), zorder=-1)
    over = film.add_axes(ax.get_position().bounds, xlim=ax.get_xlim(), ylim=ax.get_ylim())
    over.set_axis_off()
    return film, over


def isosurfaces(
    field: Field,
    path: str | Path,
    *,
    levels: Mapping[str, float],
    park: Any = None,
    time: float | None = None,
    size: tuple[int, int] = (1280, 760),
    language: Language = "en",
) -> Path:
    """Write a PNG of the surfaces of equal concentration in space, over the ground and the assets of the park.

    Needs an off-screen OpenGL; ``parktwin doctor`` tells whether there is one.

    Parameters
    ----------
    field
        The cloud on a grid of two or more heights, the lowest of them at the ground.
    path
        File to write, whose name ends in .png.
    levels
        Concentrations of the surfaces by name. [kg m⁻³]
    park
        Its assets stand as blocks of their height.
    time
        The frame nearest to this time; None: the largest value over all frames. [s]
    size
        Width and height of the picture. [pixel]
    language
        Of the labels, "en" or "zh".

    Returns
    -------
    pathlib.Path
        Where it was written.

    Raises
    ------
    ModelError
        The name does not end in .png, a single height, or no level is reached.
    """
    import os
    import sys

    if sys.platform == "linux" and not os.environ.get("DISPLAY"):  # VTK kills a process that asks for a screen it lacks
        os.environ.setdefault("VTK_DEFAULT_OPENGL_WINDOW", "vtkEGLRenderWindow")
    import pyvista

    looks, place = rank_levels(levels), Path(path)
    if place.suffix.lower() != ".png":
        raise ModelError(f"the picture {str(place)!r} is no PNG file", where="isosurfaces.path", fix="end it in .png")
    if field.z.size < 2:
        fix = "sample the cloud with heights=(0, 1, 2, 4, ...)"
        raise ModelError("a surface needs two heights or more", where="isosurfaces.field", fix=fix)
    frame = None if time is None else int(np.abs(field.t - time).argmin())
    values = field.maximum() if frame is None else field.values[frame]
    if values.max() < looks[-1].value:
        raise ModelError(f"{looks[-1].name} is not reached", where="isosurfaces.levels", fix="give a lower level")
    grid = pyvista.RectilinearGrid(field.x, field.y, field.z)
    grid["log"] = np.log(np.maximum(values, 1e-6 * looks[-1].value)).ravel()  # x runs fastest in both
    scene: Any = pyvista.Plotter(off_screen=True, window_size=list(size))
    try:
        scene.set_background("white", top="#dbe6f2")
        extent = (field.x[0], field.y[0], field.x[-1], field.y[-1])
        bounds = extent if park is None else rectangle_of([park.bounds, extent])
        scene.add_mesh(_ground(bounds), color="#e9ece4")
        for asset in () if park is None else park.assets():
            for block, colour in _blocks(asset):
                scene.add_mesh(block, color=colour, smooth_shading=False)
        legend = []
        for rank, look in enumerate(looks):
            surface = grid.contour([math.log(look.value)], scalars="log")
            if surface.n_points:
                scene.add_mesh(surface, color=look.colour, opacity=0.6 if rank == 0 else 0.25, smooth_shading=True)
            legend.append([f" {look.name}", look.colour])
        scene.add_legend(legend, bcolor="white", face="rectangle", size=(0.2, 0.05 * len(legend)), loc="lower right")
        when = say_when(None if frame is None else float(field.t[frame]), language)
        title = WORDS[language]["scene"].format(
            gas=gas_name(field.substance, language), model=field.model, when=when, average=field.averaging_time
        )  # fmt: skip
        scene.add_text(title, position="upper_left", font_size=11, color="#1c2430", font_file=_font_file())
        reach = max(bounds[2] - bounds[0], bounds[3] - bounds[1])
        middle = (0.5 * (bounds[0] + bounds[2]), 0.5 * (bounds[1] + bounds[3]), 0.0)
        scene.camera_position = [
            (middle[0] - 0.55 * reach, middle[1] - 0.85 * reach, 0.55 * reach), middle, (0.0, 0.0, 1.0)
        ]  # fmt: skip
        scene.screenshot(str(place))
    finally:
        scene.close()
    return place


def _ground(bounds: Bounds) -> Any:
    import pyvista

    return pyvista.Box((bounds[0], bounds[2], bounds[1], bounds[3], -1.0, -0.05))


def _blocks(asset: Asset) -> Iterator[tuple[Any, str]]:
    """Solids of an asset with their colour: what is of a height stands, roads and grounds are thin plates."""
    import pyvista
    import shapely

    from twin.styles import style_of

    style, height = style_of(asset), asset.get("height")
    stands = isinstance(height, float) and asset.layer in {"process", "space"}
    tall = height if stands else 0.01 * style.order  # plates of one height would flicker through each other
    for part in shapely.get_parts(asset.shape):
        outline = part.buffer(_ROAD, cap_style="flat") if asset.layer == "road" and part.length else part
        if outline.geom_type == "Polygon":
            corners = np.asarray(outline.exterior.coords)[:-1]
            flat = pyvista.PolyData(
                np.column_stack((corners, np.zeros(len(corners)))), [len(corners), *range(len(corners))]
            )
            yield flat.triangulate().extrude((0.0, 0.0, tall), capping=True), style.colour


def _font_file() -> str | None:
    """File of a font with Chinese characters; None: VTK's own."""
    from matplotlib import font_manager

    return font_manager.findfont(cjk_fonts()[0]) if cjk_fonts() else None
