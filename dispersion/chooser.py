"""The rung of the ladder that fits a release: ``model("auto")``.

Three questions are asked in this order, and their answers are the reason the cloud carries:

1. Does the stream leave fast enough to be a jet (:class:`dispersion.Jet`)? Its axis stays faster than the wind over
   about ``6.2 d U / u`` (Chen and Rodi 1980: the velocity on the axis of a round jet falls as ``6.2 U d / x``). What
   the jet hands over is asked the second question again.
2. Is it heavy enough to slump (:class:`dispersion.DenseGas`)? The number of Britter and McQuaid (1988), from 0.15 on
   for a rate and 0.20 for a mass let go at once (:meth:`plant_models.Release.is_dense`).
3. Otherwise it drifts with the wind as puffs (:class:`dispersion.GaussianPuff`), which in a steady wind are the plume.

A rung that is fitting but refuses (a heavy gas in a wind that turns, say) is not replaced by one that answers with a
wrong number: its error is passed on with the reason of the choice.

References
----------
Britter, R. E. and McQuaid, J. (1988), Workbook on the dispersion of dense gases, HSE CRR 17/1988, chapter 5.
Chen, C. J. and Rodi, W. (1980), Vertical turbulent buoyant jets: a review of experimental data, Pergamon, Oxford.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from dispersion.cloud import Cloud, Solution, accept_releases
from dispersion.models import Model, model
from twin.errors import ModelError, Problem
from twin.weather import Weather, WeatherSeries

if TYPE_CHECKING:
    from dispersion.field import Bounds
    from plant_models.releases import Release

__all__ = ["Auto", "Choice", "choose"]

_JET_DECAY = 6.2  # velocity on the axis of a round jet times x/(d U), Chen and Rodi 1980
_Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Choice:
    """A rung and why it was taken.

    Parameters
    ----------
    model
        Name of the model.
    reason
        One or two sentences.
    """

    model: str
    reason: str


def choose(release: Release, weather: Weather | WeatherSeries) -> Choice:
    """Pick the model for one release.

    Parameters
    ----------
    release
        What comes out.
    weather
        Constant or changing weather; the state at the start of the release decides.

    Returns
    -------
    Choice
    """
    air = WeatherSeries.of(weather).at(release.start)
    heavy, why = _weight(release, air)
    jet, told = _stream(release, air)
    if jet:
        return Choice("jet", f"{told} {why} Where the jet is spent, its own density decides how it goes on.")
    if heavy:
        return Choice("dense_gas", f"{told} {why}")
    return Choice("gaussian_puff", f"{told} {why} So it is carried by the wind as puffs.")


def _weight(release: Release, air: Weather) -> tuple[bool, str]:
    """Whether the release slumps, and the sentence that says so."""
    name, ratio = release.substance.name, release.density_ratio(air)
    number = release.buoyancy_number(air)
    if release.substance.associates:
        return True, f"{name} vapour forms clusters and counts as heavy at any amount."
    if ratio <= 1.0:
        return False, f"The released {name} is not heavier than the air ({ratio:.2g} times its density)."
    told = f"The released {name} is {ratio:.2g} times as dense as the air"
    if release.is_dense(air):
        return True, f"{told} and slumps: Britter and McQuaid's number is {number:.2g}, the limit 0.15."
    return False, f"{told}, but too little to slump: Britter and McQuaid's number is {number:.2g}, the limit 0.15."


def _stream(release: Release, air: Weather) -> tuple[bool, str]:
    """Whether the release is a jet, and the sentence that says so."""
    from dispersion.jet import Jet

    if release.instantaneous_mass > 0.0:
        return False, "Mass is let go at once."
    if release.area > 0.0:
        return False, f"It rises from a surface of {release.area:.3g} m² without momentum."
    if release.jet_velocity <= 0.0:
        return False, "The stream has no known momentum."
    try:
        path = Jet().path(release, air)
    except ModelError as error:
        return False, f"It is no jet: {error.problems[0].what}."
    if path.end not in {"passive", "ground"}:
        return False, f"It begins as a jet that does not become part of the air ({path.end})."
    speed, diameter = release.jet_velocity, release.jet_diameter
    length = _JET_DECAY * diameter * speed / max(air.wind_speed, 0.1)
    return True, f"It leaves at {speed:.3g} m s⁻¹ and stays faster than the wind over some {length:.2g} m: a jet."


@dataclass(frozen=True, slots=True, kw_only=True)
class Auto:
    """Model that picks the rung for each release and adds what they give.

    Parameters
    ----------
    averaging_time
        Averaging time the concentrations stand for. [s]
    direction
        Where a jet points on the map, clockwise from north; None: with the wind. [°]

    Raises
    ------
    ModelError
        A setting is outside its range.

    Notes
    -----
    ``cloud.settings["models"]`` names the rung of each release, ``cloud.settings["reason"]`` says why. Releases are
    computed each as if the others were not there, and their concentrations add: two heavy clouds that merge slump
    together and are lower and wider than this.
    """

    averaging_time: float = 600.0
    direction: float | None = None

    name: ClassVar[str] = "auto"

    def __post_init__(self) -> None:
        model("jet", averaging_time=self.averaging_time, direction=self.direction)  # the same two settings

    def disperse(self, release: Release | Sequence[Release], weather: Weather | WeatherSeries) -> Cloud:
        """Carry the released gas by the model that fits.

        Parameters
        ----------
        release
            One release, or several of one substance whose concentrations add.
        weather
            Constant or changing weather.

        Raises
        ------
        ModelError
            The fitting model refuses; the error tells why it was chosen and what else there is.
        """
        releases = accept_releases(release, self.name)
        series = WeatherSeries.of(weather)
        choices = [choose(one, series) for one in releases]
        clouds = [self._cloud(one, choice, series) for one, choice in zip(releases, choices, strict=True)]
        named = tuple(choice.model for choice in choices)
        if len(clouds) == 1:
            reasons, warnings = choices[0].reason, clouds[0].warnings
        else:
            labels = [one.label or f"release {k}" for k, one in enumerate(releases, 1)]
            if len(set(labels)) < len(labels):
                labels = [f"{a} from {one.start:.0f} s" for a, one in zip(labels, releases, strict=True)]
            reasons = " ".join(f"{a}: {c.model}. {c.reason}" for a, c in zip(labels, choices, strict=True))
            warnings = tuple(dict.fromkeys(text for cloud in clouds for text in cloud.warnings))
            if sum(cloud.model != "gaussian_puff" for cloud in clouds) > 1:
                warnings = (*warnings, "the clouds of the releases are added: each is computed as if it were alone")
        ranges = [cloud.valid_range.get("distance", (0.0, math.inf, "m")) for cloud in clouds]
        return Cloud(
            model="auto: " + " + ".join(dict.fromkeys(named)),
            releases=releases,
            weather=series,
            settings=asdict(self) | {"models": named, "reason": reasons},
            averaging_time=self.averaging_time,
            valid_range={"distance": (max(r[0] for r in ranges), min(r[1] for r in ranges), "m")},
            warnings=warnings,
            solution=clouds[0].solution if len(clouds) == 1 else _Together(tuple(cloud.solution for cloud in clouds)),
        )

    def _cloud(self, release: Release, choice: Choice, series: WeatherSeries) -> Cloud:
        more = {"direction": self.direction} if choice.model == "jet" else {}
        rung: Model = model(choice.model, averaging_time=self.averaging_time, **more)
        try:
            return rung.disperse(release, series)
        except ModelError as error:
            told = [
                Problem(f"{p.what} (chosen: {choice.model}. {choice.reason})", p.where, p.fix) for p in error.problems
            ]
            raise ModelError.of(told, where=self.name) from None


@dataclass(frozen=True, slots=True, eq=False)
class _Together:
    """Clouds that add."""

    parts: tuple[Solution, ...]

    def concentration(self, x: _Array, y: _Array, z: _Array, t: _Array) -> _Array:
        total: _Array = sum((part.concentration(x, y, z, t) for part in self.parts), start=np.zeros(()))
        return total

    def add_frames(self, grid: _Array, heights: _Array, times: _Array, out: _Array) -> None:
        for part in self.parts:
            part.add_frames(grid, heights, times, out)

    def released(self, t: float) -> float:
        return sum(part.released(t) for part in self.parts)

    def swept(self, level: float | None, height: float, times: _Array | None) -> tuple[_Array, Bounds | None]:
        """The sum reaches a level only where one of n parts reaches an nth of it."""
        share = None if level is None else level / len(self.parts)
        found = [part.swept(share, height, times) for part in self.parts]
        moments = np.unique(np.concatenate([at for at, _ in found])) if times is None else times
        boxes = np.array([box for _, box in found if box is not None])
        if not len(boxes):
            return moments, None
        low, high = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
        return moments, (float(low[0]), float(low[1]), float(high[0]), float(high[1]))
