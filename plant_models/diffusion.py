"""Diffusion of a vapour in air."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from types import MappingProxyType

from twin.errors import ModelError
from twin.weather import AIR_MOLAR_MASS

__all__ = ["diffusivity_in_air"]

# Diffusion volumes of Fuller, Ensley and Giddings 1969, J. Phys. Chem. 73:3679, as tabulated in Poling, Prausnitz and
# O'Connell 2001, The Properties of Gases and Liquids, 5th ed., Table 11-1: of simple molecules as a whole, of others by
# their atoms.
_MOLECULES: Mapping[str, float] = MappingProxyType(
    {"He": 2.67, "Ar": 16.2, "H2": 6.12, "N2": 18.5, "O2": 16.3, "CO": 18.0, "CO2": 26.9, "NH3": 20.7, "H2O": 13.1}
    | {"Cl2": 38.4, "Br2": 69.0, "SO2": 41.8, "air": 19.7}
)
_ATOMS: Mapping[str, float] = MappingProxyType(
    {"C": 15.9, "H": 2.31, "O": 6.11, "N": 4.54, "F": 14.7, "Cl": 21.0, "Br": 21.9, "I": 29.8, "S": 22.9}
)
# Aromatic ring, same table, and the formulas that are taken to hold one: a formula does not tell rings from chains.
_RING = -18.3
_AROMATIC = frozenset({"C6H6", "C7H8", "C8H8", "C8H10", "C6H5NH2"})
_BAR = 1e5  # Pa


def diffusivity_in_air(formula: str, molar_mass: float, *, temperature: float, pressure: float) -> float:
    """Diffusion coefficient of a vapour in air by the method of Fuller.

    D = 0.00143 T^1.75 / (p M^½ (v₁^⅓ + v₂^⅓)²) [cm² s⁻¹] with p in bar and M = 2/(1/M₁ + 1/M₂) in g mol⁻¹. Mean error
    4 % (Poling et al. 2001, section 11-4). Of rings only those of benzene, toluene, xylenes, styrene and aniline are
    corrected for.

    Parameters
    ----------
    formula
        Of the vapour, such as "CH3OH".
    molar_mass
        Of the vapour. [kg mol⁻¹]
    temperature
        [K]
    pressure
        [Pa]

    Returns
    -------
    float
        [m² s⁻¹]

    Raises
    ------
    ModelError
        The formula cannot be read, or holds an element without a diffusion volume (arsenic, boron, phosphorus ...).

    References
    ----------
    Poling, B.E., Prausnitz, J.M. and O'Connell, J.P., 2001, The Properties of Gases and Liquids, 5th ed., equation
    11-4.4.
    """
    mean = 2e3 / (1.0 / molar_mass + 1.0 / AIR_MOLAR_MASS)
    span = (math.cbrt(_volume(formula)) + math.cbrt(_MOLECULES["air"])) ** 2
    return float(1e-4 * 0.00143 * temperature**1.75 / (pressure / _BAR * math.sqrt(mean) * span))


def _volume(formula: str) -> float:
    if formula in _MOLECULES:
        return _MOLECULES[formula]
    plain = re.sub(r"^[a-z]+-", "", formula)  # i-C4H10, m-C8H10
    while group := re.search(r"\(([A-Za-z0-9]+)\)(\d*)", plain):  # (CH3)2NH is CH3CH3NH
        plain = plain[: group.start()] + group[1] * int(group[2] or 1) + plain[group.end() :]
    if not re.fullmatch(r"([A-Z][a-z]?\d*)+", plain):
        raise ModelError(f"{formula!r} is not the formula of a molecule", fix="give one like CH3OH; mixtures have none")
    volume = _RING if plain in _AROMATIC else 0.0
    for atom, count in re.findall(r"([A-Z][a-z]?)(\d*)", plain):
        if atom not in _ATOMS:
            raise ModelError(
                f"the diffusion of {formula} in air is not known: no diffusion volume for {atom}",
                fix="use a model that does without it",
            )
        volume += _ATOMS[atom] * int(count or 1)
    return volume
