"""The one question people ask a cloud."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Hazard"]


@runtime_checkable
class Hazard(Protocol):
    """Anything that knows how much gas is at a place and time: a model's cloud, a formula, a CFD result."""

    def concentration(self, x: ArrayLike, y: ArrayLike, z: ArrayLike, t: ArrayLike) -> NDArray[np.float64]:
        """Mass concentration. [kg m⁻³]

        Parameters
        ----------
        x, y, z
            East, north and height above ground in the site's local frame. [m]
        t
            Seconds since scenario start. [s]

        Returns
        -------
        ndarray
            The broadcast shape of the four arguments.
        """
        ...
