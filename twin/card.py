"""The card of a park for notebooks: a small map, what it consists of, what was noticed."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Protocol

import shapely

from twin.assets import Asset
from twin.errors import Problem
from twin.patch import Source
from twin.site import Site
from twin.styles import style_of

__all__ = ["Drawable", "card"]

_PIXELS = 320.0


class Drawable(Protocol):
    """What a picture needs of a park."""

    @property
    def site(self) -> Site:
        """Local frame."""
        ...

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What was noticed."""
        ...

    @property
    def sources(self) -> tuple[Source, ...]:
        """Files it came from."""
        ...

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Smallest x and y, largest x and y. [m]"""
        ...

    def assets(self, kind: str | None = None) -> tuple[Asset, ...]:
        """All assets, or those of a kind."""
        ...

    def __len__(self) -> int: ...


def card(park: Drawable) -> str:
    """HTML for notebooks: a small map, what the park consists of, and what was noticed."""
    counts: dict[str, int] = {}
    for asset in park.assets():
        counts[asset.kind] = counts.get(asset.kind, 0) + 1
    rows = "".join(
        f"<tr><td style='text-align:left'>{escape(kind)}</td><td>{count}</td></tr>" for kind, count in counts.items()
    )
    size = ""
    if counts:
        xmin, ymin, xmax, ymax = park.bounds
        size = f"{xmax - xmin:.0f} m × {ymax - ymin:.0f} m"
    anchor = f"{park.site.latitude:.5f}°, {park.site.longitude:.5f}°" if park.site.anchored else "local metres"
    noted = _details("warnings", (str(problem) for problem in park.warnings), len(park.warnings))
    files = _details("files", (f"{s.path} ({s.sha256[:12]}…)" for s in park.sources), len(park.sources))
    return (
        "<div style='display:flex;gap:1.5em;align-items:flex-start;font-family:sans-serif'>"
        f"<div>{_thumbnail(park)}</div><div><b>{escape(park.site.name or 'park')}</b><br>"
        f"{len(park)} assets, {size}<br><span style='color:#777'>{anchor}</span>"
        f"<table style='margin:0.5em 0'>{rows}</table>{noted}{files}</div></div>"
    )


def _details(word: str, lines: Iterable[str], count: int) -> str:
    if not count:
        return ""
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f"<details><summary>{count} {word if count > 1 else word[:-1]}</summary><ul>{items}</ul></details>"


def _thumbnail(park: Drawable) -> str:
    """The map as a small inline SVG."""
    if not len(park):
        return ""
    xmin, ymin, xmax, ymax = park.bounds
    reach = max(xmax - xmin, ymax - ymin, 1.0)
    scale = _PIXELS / reach
    marks = []
    for asset in sorted(park.assets(), key=lambda a: style_of(a).order):
        colour = style_of(asset).colour
        for part in shapely.get_parts([shapely.simplify(asset.shape, reach / 500.0)]):
            rings = [part.exterior, *part.interiors] if part.geom_type == "Polygon" else [part]
            path = "".join(
                "M" + "L".join(f"{(x - xmin) * scale:.1f},{(ymax - y) * scale:.1f}" for x, y in r.coords) for r in rings
            )
            if part.geom_type == "Point":
                x, y = part.x, part.y
                marks.append(
                    f"<circle cx='{(x - xmin) * scale:.1f}' cy='{(ymax - y) * scale:.1f}' r='2.5' fill='{colour}'/>"
                )
            elif part.geom_type == "Polygon":
                marks.append(
                    f"<path d='{path}Z' fill='{colour}' fill-rule='evenodd' stroke='#555' stroke-width='0.3'/>"
                )
            else:
                marks.append(f"<path d='{path}' fill='none' stroke='{colour}' stroke-width='1.2'/>")
    width, height = (xmax - xmin) * scale + 10, (ymax - ymin) * scale + 10
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{width:.0f}' height='{height:.0f}' "
        f"viewBox='-5 -5 {width:.1f} {height:.1f}'>{''.join(marks)}</svg>"
    )
