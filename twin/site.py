"""The site's own metric frame: x east, y north, in metres from an anchor."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twin.errors import LayoutError

__all__ = ["Site"]


@lru_cache(maxsize=32)
def _transformer(longitude: float, latitude: float) -> Any:
    from pyproj import Transformer

    frame = f"+proj=tmerc +lat_0={latitude!r} +lon_0={longitude!r} +k=1 +x_0=0 +y_0=0 +ellps=WGS84 +units=m +no_defs"
    return Transformer.from_crs("EPSG:4326", frame, always_xy=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Local metric frame of a plant or park.

    With an anchor the frame is a transverse Mercator projection centred on it (scale 1 at the anchor; the error grows
    as the square of the distance and is 1.2 mm per 100 m at 10 km: Snyder 1987, USGS PP 1395, eq. 8-11).

    Parameters
    ----------
    name
        Name of the site.
    longitude, latitude
        Geographic anchor (WGS 84) of the point x = y = 0; None for a frame of its own. [°]
    """

    name: str = ""
    longitude: float | None = None
    latitude: float | None = None

    @property
    def anchored(self) -> bool:
        """Whether the frame is tied to the globe."""
        return self.longitude is not None and self.latitude is not None

    def to_local(self, longitude: ArrayLike, latitude: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Local x, y [m] of geographic coordinates [°]."""
        x, y = self._project().transform(np.asarray(longitude, float), np.asarray(latitude, float))
        return np.asarray(x, float), np.asarray(y, float)

    def to_geographic(self, x: ArrayLike, y: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Longitude, latitude [°] of local coordinates [m]."""
        longitude, latitude = self._project().transform(np.asarray(x, float), np.asarray(y, float), direction="INVERSE")
        return np.asarray(longitude, float), np.asarray(latitude, float)

    def _project(self) -> Any:
        if self.longitude is None or self.latitude is None:
            raise LayoutError(
                f"the site {self.name!r} has no geographic anchor",
                fix="load it from a layout in WGS 84, or give the site a longitude and latitude",
            )
        return _transformer(float(self.longitude), float(self.latitude))

    def __repr__(self) -> str:
        anchor = f"{self.longitude:.6f}°, {self.latitude:.6f}°" if self.anchored else "no geographic anchor"
        return f"<Site {self.name!r} at {anchor}>"
