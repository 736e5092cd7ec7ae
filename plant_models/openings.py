"""What a blow-down is given and what it gives: the hole, the wall, and the flow in time."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plant_models.discharge import HoleFlow, check_ranges
from twin.errors import ModelError

__all__ = ["BlowDown", "Opening", "Wall"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A hole in a vessel.

    Parameters
    ----------
    diameter
        [m]
    height
        Above the lowest point inside the vessel. [m]
    gas_coefficient, liquid_coefficient
        Discharge coefficients for gas and for a liquid that has not boiled.
    length
        Length of the way through it: a wall is short, a stub or pipe long; it decides whether a liquid boils inside.
        [m]
    close_at, closing_time
        Time a valve begins to shut, and how long it takes; the area shrinks evenly. [s]
    """

    diameter: float
    height: float
    gas_coefficient: float
    liquid_coefficient: float
    length: float = 0.0
    close_at: float = math.inf
    closing_time: float = 0.0

    def __post_init__(self) -> None:
        check_ranges(
            ("hole_diameter", self.diameter, 0.0, 10.0, "m"),
            ("height", self.height, 0.0, 500.0, "m"),
            ("gas_coefficient", self.gas_coefficient, 0.01, 1.0, ""),
            ("liquid_coefficient", self.liquid_coefficient, 0.01, 1.0, ""),
            ("length", self.length, 0.0, 1e4, "m"),
            ("close_at", self.close_at, 0.0, math.inf, "s"),
            ("closing_time", self.closing_time, 0.0, 1e6, "s"),
            where="Opening",
        )

    def share(self, t: float) -> float:
        """Open share of the area at the time t [s]."""
        if t < self.close_at:
            return 1.0
        return max(1.0 - (t - self.close_at) / self.closing_time, 0.0) if self.closing_time else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wall:
    """Wall of a vessel: one temperature, heated by the air outside and cooled by the contents.

    Parameters
    ----------
    mass
        [kg]
    heat_capacity
        Of the metal. [J kg⁻¹ K⁻¹]
    air_temperature
        Outside; the wall begins at the temperature of the contents. [K]
    outside_coefficient
        Heat transfer from the air to the wall; 0 for an insulated vessel. [W m⁻² K⁻¹]
    """

    mass: float
    heat_capacity: float
    air_temperature: float
    outside_coefficient: float

    def __post_init__(self) -> None:
        check_ranges(
            ("mass", self.mass, 1e-3, 1e8, "kg"),
            ("heat_capacity", self.heat_capacity, 50.0, 5000.0, "J kg⁻¹ K⁻¹"),
            ("air_temperature", self.air_temperature, 180.0, 340.0, "K"),
            ("outside_coefficient", self.outside_coefficient, 0.0, 1e4, "W m⁻² K⁻¹"),
            where="Wall",
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BlowDown:
    """What leaves a vessel, and what is left, at the times of the integration.

    Parameters
    ----------
    times
        Shape (n,), from 0. [s]
    mass, released
        Inside and gone, shape (n,). [kg]
    mass_rate
        Leaving, shape (n,). [kg s⁻¹]
    pressure, temperature
        Inside, shape (n,). [Pa], [K]
    liquid_height
        Of the liquid above the lowest point, shape (n,). [m]
    wall_temperature
        Shape (n,); NaN without a wall. [K]
    flows
        Flow in the opening at each time.
    enthalpy
        At rest, of what leaves, shape (n,). [J kg⁻¹]
    energy
        Internal energy of the contents, shape (n,). [J]
    carried
        Enthalpy that has left, shape (n,). [J]
    heat
        Heat and work that came in (wall, inert gas), shape (n,). [J]
    events
        (time [s], what happened), in order.
    notes
        How the numbers came about.
    """

    times: NDArray[np.float64]
    mass: NDArray[np.float64]
    released: NDArray[np.float64]
    mass_rate: NDArray[np.float64]
    pressure: NDArray[np.float64]
    temperature: NDArray[np.float64]
    liquid_height: NDArray[np.float64]
    wall_temperature: NDArray[np.float64]
    flows: tuple[HoleFlow | None, ...]
    enthalpy: NDArray[np.float64]
    energy: NDArray[np.float64]
    carried: NDArray[np.float64]
    heat: NDArray[np.float64]
    events: tuple[tuple[float, str], ...]
    notes: tuple[str, ...]

    def __post_init__(self) -> None:
        for name in self.__slots__:
            value = getattr(self, name)
            if isinstance(value, np.ndarray):
                value.flags.writeable = False

    @property
    def mass_closure(self) -> float:
        """Largest departure of mass left and released from the mass at first, over that mass."""
        return float(np.max(np.abs(self.mass + self.released - self.mass[0])) / self.mass[0])

    @property
    def energy_closure(self) -> float:
        """Largest residue of the energy balance over the largest of its terms."""
        residue = self.energy + self.carried - self.heat - self.energy[0]
        terms = (np.abs(self.energy - self.energy[0]), np.abs(self.carried), np.abs(self.heat))
        largest = max(float(np.max(term)) for term in terms)
        return float(np.max(np.abs(residue)) / largest) if largest > 0.0 else 0.0

    def mean_rates(self, edges: ArrayLike) -> NDArray[np.float64]:
        """Mean mass rate between rising edges [s], shape (n,) for n + 1 edges: what is gone is met at each. [kg s⁻¹]

        Raises
        ------
        ModelError
            The edges are not numbers that rise.
        """
        at = np.asarray(edges)
        if at.ndim != 1 or at.size < 2 or at.dtype.kind not in "iuf" or not np.all(np.diff(at) > 0.0):
            raise ModelError("the edges do not rise", where="mean_rates", fix="give at least two rising times in s")
        return np.asarray(np.diff(np.interp(at, self.times, self.released)) / np.diff(at))

    def __repr__(self) -> str:
        return (
            f"<BlowDown of {self.mass[0]:.4g} kg: {self.released[-1]:.4g} kg out in {self.times[-1]:.4g} s, "
            f"{self.mass_rate[0]:.4g} kg s⁻¹ at first>"
        )
