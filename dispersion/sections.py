"""A cross-section of a steady stream of gas and air: what one model hands to the next."""

from __future__ import annotations

from dataclasses import dataclass

from plant_models.matter import Substance

__all__ = ["Section"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Cross-section through a steady stream of a released substance and the air it has drawn in.

    The fluxes are what is conserved from one model to the next; the shape belongs to the model that made it.

    Parameters
    ----------
    substance
        What was released.
    x, y, z
        Centre of the section, z above ground. [m]
    toward
        Direction of flow, unit vector east, north, up.
    mass_rate
        Flux of the substance, vapour and droplets. [kg s⁻¹]
    air_rate
        Flux of air drawn in, with its water. [kg s⁻¹]
    velocity
        Mean velocity along `toward`. [m s⁻¹]
    temperature
        Mean temperature. [K]
    vapour_fraction
        Share of the substance that is vapour.
    density
        Mean density. [kg m⁻³]
    half_width, height
        Half of the extent across the flow and the extent upwards of the rectangle with the area of the section. [m]
    age
        Time the material has travelled since it left the opening. [s]
    """

    substance: Substance
    x: float
    y: float
    z: float
    toward: tuple[float, float, float]
    mass_rate: float
    air_rate: float
    velocity: float
    temperature: float
    vapour_fraction: float
    density: float
    half_width: float
    height: float
    age: float = 0.0

    @property
    def area(self) -> float:
        """Area of the section. [m²]"""
        return (self.mass_rate + self.air_rate) / (self.density * self.velocity)

    @property
    def concentration(self) -> float:
        """Mean mass concentration of the substance, vapour and droplets. [kg m⁻³]"""
        return self.mass_rate / (self.velocity * self.area)

    @property
    def momentum(self) -> tuple[float, float, float]:
        """Flux of momentum east, north and up. [N]"""
        flux = (self.mass_rate + self.air_rate) * self.velocity
        return (flux * self.toward[0], flux * self.toward[1], flux * self.toward[2])
