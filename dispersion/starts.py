"""Where, when and how large the passive cloud of a release begins.

A release that makes no jet and no dense layer begins at its own place and time (:func:`start_of`). A model of the near
field hands over farther down the wind, later and larger: it states a :class:`Start` of its own, for example
``Start.of_section(section)``, and asks ``GaussianPuff(...).solution([(release, start)], weather)``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from twin.errors import ModelError

if TYPE_CHECKING:
    from dispersion.sections import Section
    from plant_models.releases import Release

__all__ = ["Start", "start_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Beginning of a passive cloud.

    Parameters
    ----------
    x, y, z
        Its middle, z above ground. [m]
    sigma_y, sigma_z
        Horizontal and vertical standard deviation there; the growth along the way is added in quadrature, as variances
        of independent displacements add. [m]
    delay
        Time from leaving the opening to this place: what is emitted at `t` begins here at ``t + delay``. [s]
    rises
        Whether a vertical stream still has its rise before it (:mod:`dispersion.plume_rise`); a model of the near field
        that hands over has lifted it already.

    Raises
    ------
    ModelError
        A value is not finite, a sigma is not positive, or the place is below ground.
    """

    x: float
    y: float
    z: float
    sigma_y: float
    sigma_z: float
    delay: float = 0.0
    rises: bool = False

    def __post_init__(self) -> None:
        numbers = (self.x, self.y, self.z, self.sigma_y, self.sigma_z, self.delay)
        fine = all(math.isfinite(v) for v in numbers) and self.z >= 0.0 and self.delay >= 0.0
        if not fine or not min(self.sigma_y, self.sigma_z) > 0.0:
            raise ModelError(
                f"a cloud cannot begin at {self!r}",
                where="Start",
                fix="give a finite place of 0 m or more above ground, sigmas above 0 m and a delay of 0 s or more",
            )

    @classmethod
    def of_section(cls, section: Section) -> Self:
        """Begin at a section, with the standard deviations of its rectangle: half width / √3 and height / √12."""
        return cls(
            x=section.x, y=section.y, z=section.z, delay=section.age,
            sigma_y=section.half_width / math.sqrt(3.0), sigma_z=section.height / math.sqrt(12.0),
        )  # fmt: skip


def start_of(release: Release, smallest: float) -> Start:
    """Begin where and when the release does.

    An opening is a volume source of its diameter, sigma = diameter / 4.3 (EPA 1995, Table 1-6, single volume source). A
    surface, `release.area`, is a disc with the same variance: a uniform disc of radius R has a standard deviation of
    R / 2 along each axis, ``sqrt(area / pi) / 2``, and no height. No sigma is below `smallest` [m].
    """
    opening = release.diameter / 4.3
    disc = 0.5 * math.sqrt(release.area / math.pi)
    return Start(
        x=release.x, y=release.y, z=release.z, sigma_y=max(smallest, opening, disc), sigma_z=max(smallest, opening),
        rises=True,
    )  # fmt: skip
