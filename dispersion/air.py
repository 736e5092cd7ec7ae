"""The air as the models of dispersion see it: its state, and the sigma sets by name.

This is the room to import from. What it hands on is made in :mod:`dispersion.stability` (Pasquill class and Obukhov
length), :mod:`dispersion.similarity` (profiles of wind, temperature and turbulence), :mod:`dispersion.sigmas` (what a
sigma set is), :mod:`dispersion.sigma_tables` (published curves) and :mod:`dispersion.growth` (similarity).
"""

from __future__ import annotations

from dispersion.growth import Similarity
from dispersion.sigma_tables import published
from dispersion.sigmas import ClassCurves, Growth, SigmaSet, averaging_factor
from dispersion.similarity import wind_ratio
from dispersion.stability import CLASSES, pasquill_class
from twin.errors import ModelError, near
from twin.weather import Weather

__all__ = [
    "CLASSES",
    "SIGMA_SETS",
    "ClassCurves",
    "Growth",
    "SigmaSet",
    "averaging_factor",
    "default_sigmas",
    "pasquill_class",
    "register_sigma_set",
    "sigma_set",
    "wind_ratio",
]

_SETS: tuple[SigmaSet, ...] = (*published(), Similarity())
SIGMA_SETS: dict[str, SigmaSet] = {s.name: s for s in _SETS}


def default_sigmas(weather: Weather) -> str:
    """Name of the set that is taken when none is asked for.

    "similarity" where the Obukhov length is known, otherwise "briggs_rural" with the stated class.
    """
    return "briggs_rural" if weather.obukhov_length is None else "similarity"


def register_sigma_set(curves: SigmaSet) -> None:
    """Make a sigma set known by its name.

    Clouds keep the name of the set only, so a process that reads a stored cloud must register it too.

    Raises
    ------
    ModelError
        The object is no sigma set, or its name is taken by another.
    """
    if not isinstance(curves, SigmaSet):
        raise ModelError(
            f"{type(curves).__name__} is no sigma set",
            where="register_sigma_set",
            fix="it needs name, terrain, averaging_time, distances, reference and growth(); see dispersion.SigmaSet",
        )
    if SIGMA_SETS.get(curves.name, curves) is not curves:
        raise ModelError(
            f"the name {curves.name!r} is taken", where="register_sigma_set", fix="give the set another name"
        )
    SIGMA_SETS[curves.name] = curves


def sigma_set(name: str) -> SigmaSet:
    """Return the sigma set called `name`.

    Raises
    ------
    ModelError
        No such set; the error names near matches.
    """
    if not isinstance(name, str) or name not in SIGMA_SETS:
        raise ModelError(f"unknown sigma curves {name!r}", where="sigmas", fix=near(str(name), SIGMA_SETS))
    return SIGMA_SETS[name]
