"""Fires as people meet them: smoke that slows, and gases or heat that fell, in place of a toxic cloud."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, NoReturn

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evacuation.asphyxiants import asphyxiant_rate, heat_rate, smoke_speed
from plant_models.harm import probability_to_probit, probit_to_probability
from twin.errors import ModelError, near

__all__ = ["Fire", "FireDose"]

Field = Callable[
    [NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]], Mapping[str, ArrayLike]
]
_SPREAD = 0.94  # sigma of the logarithm of the dose that incapacitates, ISO 13571:2012
_LETHAL = 3.0  # dose that kills over the dose that incapacitates, the inverse of that of `Tolerance`
_GASES = ("co", "hcn", "no2", "co2", "o2")
_HEAT = ("temperature", "radiant_flux")


@dataclass(frozen=True, slots=True, kw_only=True)
class FireDose:
    """The fractional effective dose of a fire, where a cloud has a probit: Pr = a + b ln(dose) of death.

    Half of the people are incapacitated at a dose of 1, 11 % at 0.3, and die at three times the dose that
    incapacitates them. The last figure mirrors `Tolerance.incapacitating_share`, a third, and like it was recalled,
    not checked against a source.

    References
    ----------
    ISO 13571:2012, the distribution of susceptibility, recalled and not checked against the text.
    """

    name: str
    a: float = 5.0 - float(np.log(_LETHAL)) / _SPREAD
    b: float = 1.0 / _SPREAD
    n: float = 1.0
    source: str = "ISO 13571:2012"
    status: Literal["unverified"] = "unverified"

    @property
    def unit(self) -> str:
        """Unit of the rate."""
        return "FED/s"

    @property
    def load_unit(self) -> str:
        """Unit of the load."""
        return "FED"

    def load_rate(self, concentration: ArrayLike, temperature: float, pressure: float) -> NDArray[np.float64]:
        """The rate itself: a fire tells its dose a second, of any shape. [s⁻¹]"""
        return np.asarray(np.maximum(np.asarray(concentration, float), 0.0))

    def load(self, probability: ArrayLike) -> NDArray[np.float64]:
        """Dose that kills with a probability, any shape; :class:`ModelError` outside 0 to 1, ends excluded."""
        return np.asarray(np.exp((probability_to_probit(probability) - self.a) / self.b))

    def probability(self, load: ArrayLike) -> NDArray[np.float64]:
        """Part of people a dose kills, any shape."""
        with np.errstate(divide="ignore"):
            return probit_to_probability(self.a + self.b * np.log(np.asarray(load, float)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fire:
    """A fire, for :class:`~evacuation.Exposure` and :func:`~evacuation.evacuate` as hazard and as substance.

    Parameters
    ----------
    field
        What is where and when: called with x, y, z [m] and t [s] of one shape, answers by name, each broadcastable to
        that shape: "co", "hcn", "no2" [ppm], "co2", "o2" [%], "temperature" [K], "radiant_flux" [W m⁻²], "extinction"
        [m⁻¹]. What is missing is that of plain air.
    effect
        What fells people: "asphyxiants" or "heat". The two are judged apart, not added: run both and take the earlier.
    clothed
        For heat: fully clothed, or lightly or not.
    law, lit
        How smoke slows people who bear a :class:`~evacuation.Tolerance`, see :func:`~evacuation.smoke_speed`.

    Raises
    ------
    ModelError
        An unknown effect or law of smoke, or an answer with an unknown name.

    Notes
    -----
    Rooms exchange the dose rate with the open as they exchange gas. That is exact for one gas whose rate is
    proportional to it, and takes hydrogen cyanide, carbon dioxide and lack of oxygen indoors for more than they are.

    References
    ----------
    ISO 13571:2012; ISO 20414:2020, tests 18 and 19.
    """

    field: Field
    effect: Literal["asphyxiants", "heat"] = "asphyxiants"
    clothed: bool = True
    law: Literal["frantzich_nilsson", "fridolf"] = "frantzich_nilsson"
    lit: bool = False

    def __post_init__(self) -> None:
        if self.effect not in ("asphyxiants", "heat"):
            fix = near(str(self.effect), ("asphyxiants", "heat"))
            raise ModelError(f"there is no effect {self.effect!r}", where="Fire.effect", fix=fix)
        smoke_speed(0.0, law=self.law, lit=self.lit)  # refuses an unknown law

    @property
    def name(self) -> str:
        """What people breathe or feel."""
        return f"fire, {self.effect}"

    @property
    def harm(self) -> Fire:
        """Itself: it knows its dose."""
        return self

    def probit(self, name: str | None = None) -> FireDose:
        """The dose; :class:`ModelError` for a name that is not that of the effect."""
        if name not in (None, self.effect):
            raise ModelError(f"a fire has no probit {name!r}", where="Fire", fix=f"leave it away, or {self.effect!r}")
        return FireDose(name=self.effect)

    def threshold(self, name: str, *, duration: float | None = None) -> NoReturn:
        """A fire has no thresholds: always a :class:`ModelError`."""
        raise ModelError(f"a fire has no threshold {name!r}", where="Fire", fix="judge its dose")

    def concentration(self, x: ArrayLike, y: ArrayLike, z: ArrayLike, t: ArrayLike) -> NDArray[np.float64]:
        """Dose a second, the broadcast shape; what a cloud's concentration is to its load. [s⁻¹]"""
        told, shape = self._at(x, y, z, t)
        if self.effect == "heat":
            rate = heat_rate(clothed=self.clothed, **{name: told[name] for name in _HEAT if name in told})
        else:
            rate = asphyxiant_rate(**{name: told[name] for name in _GASES if name in told})
        return np.broadcast_to(rate, shape)

    def speed_factor(self, x: ArrayLike, y: ArrayLike, z: ArrayLike, t: ArrayLike) -> NDArray[np.float64]:
        """Factor on the walking speed in the smoke, the broadcast shape. [1]"""
        told, shape = self._at(x, y, z, t)
        return np.broadcast_to(smoke_speed(told.get("extinction", 0.0), law=self.law, lit=self.lit), shape)

    def _at(
        self, x: ArrayLike, y: ArrayLike, z: ArrayLike, t: ArrayLike
    ) -> tuple[Mapping[str, ArrayLike], tuple[int, ...]]:
        where = np.broadcast_arrays(*(np.asarray(v, float) for v in (x, y, z, t)))
        told = self.field(*where)
        known = (*_GASES, *_HEAT, "extinction")
        for name in told:
            if name not in known:
                raise ModelError(f"there is no quantity {name!r}", where="Fire.field", fix=near(name, known))
        return told, where[0].shape
