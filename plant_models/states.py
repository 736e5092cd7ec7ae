"""State of a fluid."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["State"]


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """State of a fluid in equilibrium.

    Enthalpy, entropy and internal energy count from a reference that is one and the same for all states of a substance.

    Parameters
    ----------
    pressure
        [Pa]
    temperature
        [K]
    density
        Of both phases together. [kg m⁻³]
    enthalpy, internal_energy
        [J kg⁻¹]
    entropy
        [J kg⁻¹ K⁻¹]
    vapour_fraction
        Mass fraction of vapour in a two-phase state, ends included; None off saturation.
    """

    pressure: float
    temperature: float
    density: float
    enthalpy: float
    entropy: float
    internal_energy: float
    vapour_fraction: float | None = None
