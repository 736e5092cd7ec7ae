"""How the kinds of assets look on maps and cards: calm colours, one a kind."""

from __future__ import annotations

from dataclasses import dataclass

from twin.assets import Asset

__all__ = ["LAYER_COLOURS", "Style", "style_of"]


@dataclass(frozen=True, slots=True)
class Style:
    """How a kind looks; kinds drawn later lie on top."""

    order: int
    colour: str
    marker: str = "o"
    width: float = 1.0
    rank: int = 9  # of the label; small is important, 9 is not labelled by itself


_STYLES = {
    "area": Style(0, "#efece4"),
    "water": Style(1, "#c9dcea", width=2.0),
    "village": Style(2, "#f3d9c0", rank=2),
    "bund": Style(3, "#dcd6c8", width=1.2),
    "building": Style(4, "#c3c6cc"),
    "fire_station": Style(4, "#d98a80", "P", rank=1),
    "control_room": Style(4, "#8fa3c4", "s", rank=1),
    "fence": Style(5, "#a39c8e", width=0.8),
    "road": Style(6, "#b9b4a9", width=3.0),
    "walkway": Style(7, "#6f9a6d", width=1.4),
    "stairs": Style(7, "#4f7f7a", width=2.4),
    "pipe": Style(8, "#8b6fa8", width=1.2),
    "loading_bay": Style(9, "#e0b55e", "s", rank=3),
    "tank": Style(9, "#7fa6c9", "o", rank=4),
    "vessel": Style(9, "#5b82b5", "o", rank=4),
    "pump": Style(9, "#9aa05b", "p"),
    "compressor": Style(9, "#7d8a3f", "p"),
    "reactor": Style(9, "#4c6e9c", "h", rank=4),
    "heat_exchanger": Style(9, "#6f9fb0", "h"),
    "hose": Style(9, "#c79a3c", "s", width=1.6),
    "loading_arm": Style(9, "#c79a3c", "s", width=1.6),
    "battery_limit": Style(9, "#6b6b6b", "s"),
    "water_curtain": Style(9, "#3a8fc4", "s", width=2.0),
    "hydrant": Style(10, "#c8452f", "P"),
    "check_valve": Style(10, "#5d4a7a", "<"),
    "relief_valve": Style(10, "#8a3f6b", "^"),
    "flare": Style(9, "#d2693c", "^", rank=5),
    "valve": Style(10, "#5d4a7a", "X"),
    "gate": Style(11, "#3f6b3d", "D", rank=3),
    "door": Style(11, "#7a9c78", "d"),
    "muster_point": Style(12, "#2f8f4e", "*", rank=0),
    "detector": Style(13, "#c23b4e", "v"),
    "wind_mast": Style(13, "#3c3c3c", "1", rank=5),
}
LAYER_COLOURS = {
    "process": "#a58fb8",
    "space": "#d5d0c6",
    "walkway": "#86b081",
    "road": "#b9b4a9",
    "sensor": "#c96a77",
}


def style_of(asset: Asset) -> Style:
    """How an asset looks; kinds of other packs take the colour of their layer."""
    return _STYLES.get(asset.kind) or Style(8, LAYER_COLOURS.get(asset.layer, "#b0b0b0"))
