"""Leaks of an asset at its first rate: a hole, what is behind it, and what comes out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from plant_models.discharge import (
    ATMOSPHERE,
    GAS_COEFFICIENT,
    LIQUID_COEFFICIENT,
    HoleFlow,
    check_ranges,
    gas_hole_rate,
    liquid_hole_rate,
)
from plant_models.places import hole_place, largest_hole
from plant_models.releases import Release
from plant_models.substances import Substance, substance
from twin.assets import Asset
from twin.errors import ModelError

__all__ = ["gas_leak", "liquid_leak"]

# A vessel held at its vapour pressure may be stated off the tabulated curve, which is within 2.2 % of the reference
# equations of state (tests/validation/substance_properties.csv).
_SATURATION_SLACK = 0.03


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hole:
    """A hole in an asset and what is behind it."""

    asset: Asset
    diameter: float
    start: float
    duration: float
    place: tuple[float, float, float]
    label: str

    @property
    def contents(self) -> Substance:
        return substance(str(self.asset["substance"]))

    @property
    def pressure(self) -> float:
        return self.asset.number("pressure")

    @property
    def temperature(self) -> float:
        return self.asset.number("temperature")


def gas_leak(
    asset: Asset,
    *,
    hole_diameter: float,
    duration: float,
    start: float = 0.0,
    discharge_coefficient: float = GAS_COEFFICIENT,
    height: float | None = None,
    inventory: float | None = None,
    ambient_pressure: float = ATMOSPHERE,
    label: str = "",
) -> Release:
    """Release of gas through a hole in an asset, at its present pressure and temperature.

    The initial rate is held until `duration` or until the inventory is out; the fall of pressure and the friction in a
    pipe are left out, so the mass is an upper bound. :func:`plant_models.sources.source_term` models both.

    Parameters
    ----------
    asset
        Carries "substance", "pressure" (absolute), "temperature"; "release_height", "inventory", "volume", "diameter"
        are used where known.
    hole_diameter
        [m]
    duration
        Time until the leak stops by itself. [s]
    start
        Time it begins. [s]
    discharge_coefficient
        1.0, the upper bound, unless given.
    height
        Height of the hole above ground; the asset's "release_height" unless given. [m]
    inventory
        Mass that can escape; the asset's "inventory", else that of its "volume", else unlimited. [kg]
    ambient_pressure
        Outside. [Pa]
    label
        Name used in reports; the asset's tag unless given.

    Raises
    ------
    ModelError, UnitError, LayoutError
        An attribute is missing or out of range, the contents are liquid, or the hole is larger than the asset.
    """
    hole = _hole(asset, hole_diameter, start=start, duration=duration, height=height, label=label)
    gas = hole.contents
    state = _gas_state(hole, gas)
    flow = gas_hole_rate(
        hole_diameter=hole_diameter,
        pressure=hole.pressure,
        temperature=hole.temperature,
        molar_mass=gas.molar_mass,
        heat_capacity_ratio=gas.heat_capacity_ratio(hole.temperature),
        discharge_coefficient=discharge_coefficient,
        ambient_pressure=ambient_pressure,
    )
    if inventory is None:
        inventory = _inventory(asset, gas.gas_density(hole.temperature, hole.pressure), filled=1.0)
    regime = "choked (sonic)" if flow.choked else "not choked (subsonic)"
    text = (
        f"gas through a hole of {hole_diameter * 1e3:g} mm at {hole.pressure / 1e5:.4g} bar: {regime}, "
        f"discharge coefficient {discharge_coefficient:g}"
    )
    return _release(hole, flow, [text, *state], inventory, temperature=hole.temperature)


def liquid_leak(
    asset: Asset,
    *,
    hole_diameter: float,
    duration: float,
    start: float = 0.0,
    discharge_coefficient: float = LIQUID_COEFFICIENT,
    height: float | None = None,
    head: float | None = None,
    inventory: float | None = None,
    ambient_pressure: float = ATMOSPHERE,
    label: str = "",
) -> Release:
    """Release of liquid through a hole in an asset, at its present pressure, temperature and level.

    The liquid is taken to reach the outside without boiling inside the hole. For a liquid stored above its boiling
    point this holds for a hole in a thin wall and is the upper bound otherwise. What boils off outside and the droplets
    are all taken to stay airborne. Two-phase flow, rain-out, the pool and the emptying of the vessel are those of
    :func:`plant_models.sources.source_term`. The other parameters are those of :func:`gas_leak`.

    Parameters
    ----------
    asset
        Carries "substance", "pressure" (absolute, above the liquid), "temperature"; "level", "height",
        "release_height", "inventory", "volume", "diameter" are used where known.
    discharge_coefficient
        0.61, a sharp-edged hole, unless given.
    head
        Height of the liquid above the hole; unless given, from "level" and "height" of an asset that stands on the
        ground, or 0 where these are not known. [m]
    inventory
        Mass that can escape; the asset's "inventory", else that of its "volume" and "level", else unlimited. [kg]

    Raises
    ------
    ModelError, UnitError, LayoutError
        An attribute is missing or out of range, the contents are not liquid, or the hole is larger than the asset or
        above the liquid.
    """
    hole = _hole(asset, hole_diameter, start=start, duration=duration, height=height, label=label)
    liquid = hole.contents
    _check_liquid(hole, liquid)
    density = liquid.liquid_density(hole.temperature)
    known = _head(hole) if head is None else head
    flow = liquid_hole_rate(
        hole_diameter=hole_diameter,
        density=density,
        pressure=hole.pressure,
        head=known or 0.0,
        discharge_coefficient=discharge_coefficient,
        ambient_pressure=ambient_pressure,
    )
    if inventory is None:
        level = _known(asset, "level")
        inventory = _inventory(asset, density, filled=1.0 if level is None else level)
    boiling = liquid.saturation_temperature(ambient_pressure)
    vapour = liquid.flash_fraction(hole.temperature, ambient_pressure)
    shown = "unknown head taken as 0 m" if known is None else f"{known:.3g} m head"
    text = (
        f"liquid through a hole of {hole_diameter * 1e3:g} mm at {hole.pressure / 1e5:.4g} bar and {shown}, "
        f"discharge coefficient {discharge_coefficient:g}"
    )
    state = (
        f"stored {hole.temperature - boiling:.3g} K above its boiling point: single-phase flow in the hole, the upper "
        f"bound of flashing flow; two-phase flow is not modelled here (source_term does); {vapour:.1%} boils off"
        if vapour > 0.0
        else "not above its boiling point: the evaporation of a pool is not modelled here (source_term does)"
    )
    notes = [text, state, "all of it is taken to stay airborne (upper bound)"]
    temperature = min(hole.temperature, boiling)
    return _release(hole, flow, notes, inventory, temperature=temperature, vapour_fraction=vapour)


def _hole(asset: Asset, diameter: float, *, start: float, duration: float, height: float | None, label: str) -> _Hole:
    check_ranges(
        ("hole_diameter", diameter, 0.0, 10.0, "m"),
        ("start", start, -1e9, 1e9, "s"),
        ("duration", duration, 0.0, 1e9, "s"),
        where="leak",
    )
    largest_hole(asset, diameter)
    return _Hole(
        asset=asset,
        diameter=diameter,
        start=start,
        duration=duration,
        place=hole_place(asset, height),
        label=label or asset.tag,
    )


def _release(
    hole: _Hole,
    flow: HoleFlow,
    notes: Sequence[str],
    inventory: float | None,
    *,
    temperature: float,
    vapour_fraction: float | None = None,
) -> Release:
    x, y, z = hole.place
    duration, limit = _limited(hole.duration, flow.mass_rate, inventory)
    return Release.steady(
        hole.contents,
        x=x,
        y=y,
        z=z,
        mass_rate=flow.mass_rate,
        start=hole.start,
        duration=duration,
        temperature=temperature,
        vapour_fraction=1.0 if vapour_fraction is None else vapour_fraction,
        velocity=flow.velocity,
        diameter=hole.diameter,
        phase="gas" if vapour_fraction is None else "liquid",
        label=hole.label,
        notes=(*notes, limit, *filter(None, [hole.contents.notes])),
    )


def _head(hole: _Hole) -> float | None:
    level, shell = _known(hole.asset, "level"), _known(hole.asset, "height")
    if level is None or shell is None:
        return None
    surface = level * shell
    height = hole.place[2]
    if height >= surface:
        raise ModelError(
            f"the hole at {height:g} m is not below the liquid of {hole.asset.tag!r}, at {surface:.3g} m",
            where=hole.asset.where,
            fix="lower the hole, give head=..., or use gas_leak for the vapour space",
        )
    return surface - height


def _inventory(asset: Asset, density: float, *, filled: float) -> float | None:
    given, volume = _known(asset, "inventory"), _known(asset, "volume")
    if given is not None:
        return given
    return None if volume is None else volume * filled * density


def _known(asset: Asset, name: str) -> float | None:
    return asset.number(name) if name in asset.attributes else None


def _limited(duration: float, mass_rate: float, inventory: float | None) -> tuple[float, str]:
    if inventory is None:
        return duration, "inventory not known: the initial rate is held for the whole duration"
    check_ranges(("inventory", inventory, 0.0, 1e10, "kg"), where="leak")
    if inventory == 0.0:
        raise ModelError("the inventory is 0 kg", where="leak", fix="give the mass that can escape, or no leak")
    if mass_rate * duration <= inventory:
        return duration, "the initial rate is held: the fall of pressure and level is not modelled here"
    emptied = inventory / mass_rate
    return emptied, f"the inventory of {inventory:.4g} kg limits the duration to {emptied:.4g} s at the initial rate"


def _gas_state(hole: _Hole, gas: Substance) -> list[str]:
    """Notes on the state of the gas inside; an error when it is liquid."""
    notes, pressure, temperature = [], hole.pressure, hole.temperature
    if temperature < gas.curves["vapour_pressure"].high:
        saturation = gas.vapour_pressure(temperature)
        if pressure > saturation * (1.0 + _SATURATION_SLACK):
            raise ModelError(
                f"{gas.name} in {hole.asset.tag!r} is liquid at {pressure:.4g} Pa and {temperature:.5g} K",
                where=hole.asset.where,
                fix=f"use liquid_leak, or give a pressure up to the vapour pressure, {saturation:.4g} Pa",
            )
        if pressure > 0.9 * saturation:
            notes.append("saturated vapour: condensation in the hole and cooling of the liquid are not modelled")
    reduced = pressure / gas.critical_pressure
    if reduced > 0.05:
        notes.append(
            f"taken as an ideal gas at {reduced:.2g} of the critical pressure: the real gas is denser and leaves "
            "somewhat faster"
        )
    return notes


def _check_liquid(hole: _Hole, liquid: Substance) -> None:
    top, where = liquid.curves["vapour_pressure"].high, hole.asset.where
    if hole.temperature >= top:
        raise ModelError(
            f"{liquid.name} in {hole.asset.tag!r} at {hole.temperature:.5g} K is above its critical temperature",
            where=where,
            fix=f"use gas_leak, or give a temperature below {top:.5g} K",
        )
    saturation = liquid.vapour_pressure(hole.temperature)
    if hole.pressure < saturation * (1.0 - _SATURATION_SLACK):
        raise ModelError(
            f"{liquid.name} in {hole.asset.tag!r} is vapour at {hole.pressure:.4g} Pa and {hole.temperature:.5g} K",
            where=where,
            fix=f"use gas_leak, or give a pressure from the vapour pressure, {saturation:.4g} Pa, up",
        )
