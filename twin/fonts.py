"""Fonts for pictures with Chinese text."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

__all__ = ["cjk_fonts", "plot_fonts"]

_log = logging.getLogger(__name__)
# Families with simplified Chinese, the plainest first: Noto, Source Han and WenQuanYi (free, most Linux systems), then
# those of Windows and macOS.
_FAMILIES = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "Microsoft YaHei",
    "PingFang SC",
    "Hiragino Sans GB",
    "Heiti SC",
    "SimHei",
    "Arial Unicode MS",
    "Noto Sans CJK JP",
    "Droid Sans Fallback",
    "Noto Serif CJK SC",
    "SimSun",
)


@lru_cache(maxsize=1)
def cjk_fonts() -> tuple[str, ...]:
    """Installed font families that can write Chinese, the best first; none: empty, with one logged hint."""
    from matplotlib import font_manager

    installed = set(font_manager.get_font_names())
    found = tuple(family for family in _FAMILIES if family in installed)
    if not found:
        _log.warning(
            "no font with Chinese characters is installed, so they are drawn as boxes; install one, for example "
            "'apt install fonts-noto-cjk', and delete matplotlib's font cache"
        )
    return found


@contextmanager
def plot_fonts() -> Iterator[None]:
    """Draw inside this: text falls back to a Chinese font where it needs to.

    Only the font settings are put back afterwards. ``matplotlib.rc_context`` would put back all of them, and with them
    the interactive mode that the first figure of a notebook switches on.
    """
    import matplotlib as mpl

    own = mpl.rcParams["font.family"]
    families = [own] if isinstance(own, str) else list(own)
    if families == ["sans-serif"]:  # a generic name ends the search for a fallback, its first family does not
        families = list(mpl.rcParams["font.sans-serif"][:1])
    mpl.rcParams["font.family"] = [*families, *(f for f in cjk_fonts() if f not in families)]
    try:
        yield
    finally:
        mpl.rcParams["font.family"] = own
