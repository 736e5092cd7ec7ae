"""What an asset holds now: liquid and vapour, from its level, pressure and temperature."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import datetime

from plant_models.discharge import check_ranges
from plant_models.matter import Substance
from plant_models.substances import substance
from plant_models.vessels import VOLUME_TOLERANCE, Vessel, vessel_geometry
from twin.assets import Asset, kinds
from twin.errors import ModelError, Problem
from twin.graph import Twin
from twin.readings import Quality
from twin.units import show_quantity

__all__ = ["Inventory", "asset_inventory", "missing_data", "present_value"]

# A vessel held at its vapour pressure may be stated off the tabulated curve, which is within 2.2 % of the reference
# equations of state (tests/validation/substance_properties.csv).
_SATURATION_SLACK = 0.03
_DIFFERENCE = 0.1  # of a stated inventory from the computed one, before a note is made. Design choice
_STATE = ("pressure", "temperature", "level")
_IDEAL = 0.05  # of the critical pressure, up to which the gas is taken as ideal. Design choice


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """What an asset holds.

    Parameters
    ----------
    tag
        Asset.
    substance
        What it is.
    liquid_mass, vapour_mass
        [kg]
    liquid_volume, vapour_volume
        [m³]
    liquid_height
        Of the surface above the lowest point inside; None where the inside is not known. [m]
    pressure
        Absolute. [Pa]
    temperature
        [K]
    notes
        Where each number came from, and what was assumed.
    """

    tag: str
    substance: Substance
    liquid_mass: float
    vapour_mass: float
    liquid_volume: float
    vapour_volume: float
    liquid_height: float | None
    pressure: float
    temperature: float
    notes: tuple[str, ...] = ()

    @property
    def mass(self) -> float:
        """Liquid and vapour. [kg]"""
        return self.liquid_mass + self.vapour_mass

    @property
    def amount(self) -> float:
        """Liquid and vapour. [mol]"""
        return self.mass / self.substance.molar_mass

    @property
    def vapour_fraction(self) -> float:
        """Part of the mass that is vapour; 1 for nothing at all."""
        return self.vapour_mass / self.mass if self.mass > 0.0 else 1.0

    def __repr__(self) -> str:
        return (
            f"<Inventory {self.tag}: {self.substance.name}, {self.liquid_mass:.4g} kg liquid and "
            f"{self.vapour_mass:.4g} kg vapour at {self.pressure:.4g} Pa, {self.temperature:.4g} K>"
        )


def present_value(
    asset: Asset,
    name: str,
    *,
    park: Twin | None = None,
    now: datetime | None = None,
    longest_age: float | None = None,
) -> tuple[float | None, str]:
    """Value of a numeric attribute now, and where it came from.

    Parameters
    ----------
    asset, name
        Asset and attribute.
    park
        Twin whose latest reading ``"tag.name"`` is taken when it is not bad; else the value of the layout.
    now, longest_age
        Time, and the age [s] from which a reading is too old; both or neither.

    Raises
    ------
    ModelError
        Only one of `now` and `longest_age` is given, `now` has no zone, or the age is negative.
    """
    told = now is not None and now.utcoffset() is not None and longest_age is not None and longest_age >= 0.0
    if not told and (now is not None or longest_age is not None):
        raise ModelError(
            "the age of a reading cannot be judged",
            where="now, longest_age",
            fix="give both: a time with its zone, and an age from 0 s up; or neither",
        )
    rule = kinds()[asset.kind].attributes.get(name) if asset.kind in kinds() else None
    stated = asset.number(name) if name in asset.attributes else None
    unit = rule.unit if rule else ""
    fallback = "no value" if stated is None else f"{show_quantity(stated, unit)} of the layout"
    reading = park.state(f"{asset.tag}.{name}") if park is not None and rule and asset.tag in park else None
    if reading is None:
        return stated, f"{name}: {fallback}"
    if reading.quality == Quality.BAD:
        return stated, f"{name}: the reading of {reading.time} is bad, {fallback} taken"
    age = (now - reading.time).total_seconds() if now is not None else 0.0
    if longest_age is not None and age > longest_age:
        return stated, f"{name}: the reading is {age:.0f} s old (at most {longest_age:g} s), {fallback} taken"
    doubt = ", uncertain" if reading.quality == Quality.UNCERTAIN else ""
    return float(reading.value), f"{name}: {show_quantity(float(reading.value), unit)} read at {reading.time}{doubt}"


def missing_data(
    asset: Asset, *, park: Twin | None = None, now: datetime | None = None, longest_age: float | None = None
) -> tuple[Problem, ...]:
    """What must be known of an asset, and is not, before its contents can be computed; as :func:`asset_inventory`."""
    return _gaps(asset, _values(asset, park, now, longest_age))


def asset_inventory(
    asset: Asset, *, park: Twin | None = None, now: datetime | None = None, longest_age: float | None = None
) -> Inventory:
    """Mass of liquid and vapour in a vessel, pipe or hose.

    Liquid and vapour have one temperature. Above a liquid the vapour is saturated; what the pressure exceeds its
    vapour pressure by is another gas, which is not counted. A gas is ideal up to a twentieth of its critical pressure
    and real above (:func:`plant_models.fluids.compressibility`), with a note where the real one is not known. A pipe
    is full of the phase that its pressure and temperature make. Where the shape of the inside is not known, the level
    is taken as the filled part of the volume.

    Parameters
    ----------
    asset
        Carries "substance", "pressure" (absolute), "temperature", and "level" where there is a liquid surface; its
        size is that of :func:`plant_models.vessels.vessel_geometry`, "volume", "diameter" and length of a pipe, or
        only the mass "inventory".
    park
        Twin whose latest readings of level, pressure and temperature are taken before the values of the layout.
    now, longest_age
        See :func:`present_value`.

    Raises
    ------
    ModelError, LayoutError
        Something is missing, or the numbers contradict each other: liquid below its vapour pressure or above the
        critical temperature, a level beyond 0 to 1, more mass than the volume can take.
    """
    values = _values(asset, park, now, longest_age)
    gaps = _gaps(asset, values)
    if gaps:
        raise ModelError.of(gaps, where=asset.where or asset.tag)
    (pressure, _), (temperature, _), (level, _) = (values[name] for name in _STATE)
    state = (float(pressure or 0.0), float(temperature or 0.0), 0.0 if level is None else level)
    check_ranges(
        ("pressure", state[0], 1e3, 1e8, "Pa"),
        ("temperature", state[1], 20.0, 2000.0, "K"),
        ("level", state[2], 0.0, 1.0, "of the height"),
        where=asset.tag,
    )
    held = _Held(asset, substance(str(asset["substance"])), state[0], state[1], level)
    return held.inventory([note for value, note in values.values() if value is not None or "reading" in note])


_Values = dict[str, tuple[float | None, str]]


def _values(asset: Asset, park: Twin | None, now: datetime | None, longest_age: float | None) -> _Values:
    return {name: present_value(asset, name, park=park, now=now, longest_age=longest_age) for name in _STATE}


def _gaps(asset: Asset, values: _Values) -> tuple[Problem, ...]:
    where = asset.where or asset.tag
    absent = [name for name in ("pressure", "temperature") if values[name][0] is None]
    if "substance" not in asset.attributes:
        absent.insert(0, "substance")
    gaps = [Problem(f"{asset.tag!r} has no {name}", where, f"add {name}") for name in absent]
    if not ({"volume", "inventory"} & set(asset.attributes) or _is_solid(asset) or _is_line(asset)):
        fix = "add inventory, volume, or vessel_shape with its dimensions; diameter and length for a pipe or hose"
        gaps.append(Problem(f"the size of {asset.tag!r} is not known", where, fix))
    return tuple(gaps)


def _is_solid(asset: Asset) -> bool:
    return asset.get("vessel_shape", "gas_holder") != "gas_holder"


def _is_line(asset: Asset) -> bool:
    """Whether the asset is a pipe or hose of known size."""
    return "diameter" in asset.attributes and "level" not in _names(asset) and _length(asset) > 0.0


def _names(asset: Asset) -> frozenset[str]:
    return frozenset(kinds()[asset.kind].attributes) if asset.kind in kinds() else frozenset(asset.attributes)


def _length(asset: Asset) -> float:
    if "length" in asset.attributes:
        return asset.number("length")
    return float(asset.shape.length) if "LineString" in asset.shape.geom_type else 0.0


@dataclass(frozen=True, slots=True)
class _Held:
    """An asset and the state of what is in it."""

    asset: Asset
    substance: Substance
    pressure: float
    temperature: float
    level: float | None

    @property
    def _saturation(self) -> float | None:
        """Vapour pressure; None above the critical temperature."""
        if self.temperature >= self.substance.critical_temperature:
            return None
        return self.substance.vapour_pressure(self.temperature)

    @property
    def _may_be_liquid(self) -> bool:
        saturation = self._saturation
        return saturation is not None and self.pressure >= saturation * (1.0 - _SATURATION_SLACK)

    def inventory(self, notes: list[str]) -> Inventory:
        asset = self.asset
        stated = asset.number("inventory") if "inventory" in asset.attributes else None
        holder = asset.get("vessel_shape") == "gas_holder"
        if not holder:
            self._check_phase()
        vessel = vessel_geometry(asset) if _is_solid(asset) else None
        volume, note = self._volume(vessel)
        notes.append(note)
        if holder and volume is not None:
            return self._answer(0.0, volume, None, notes)
        if volume is None:
            mass = float(stated or 0.0)
            notes.append(f"mass: the inventory of the layout, all of it {'liquid' if self._may_be_liquid else 'gas'}")
            if self._may_be_liquid:
                return self._answer(mass / self._density, 0.0, None, notes)
            return self._answer(0.0, mass / self._gas_density, None, notes)
        self._check_stated(stated, volume)
        liquid = self._liquid_volume(vessel, volume, stated, notes) if self._may_be_liquid else 0.0
        height = None if vessel is None else vessel.height(min(liquid, vessel.volume))
        found = self._answer(liquid, volume - liquid, height, notes)
        if stated is not None and abs(stated - found.mass) > _DIFFERENCE * found.mass:
            note = f"the inventory of {stated:.4g} kg in the layout was not used"
            found = replace(found, notes=(*found.notes, note))
        return found

    @property
    def _density(self) -> float:
        return self.substance.liquid_density(self.temperature)

    @property
    def _gas_density(self) -> float:
        return self._gas()[0]

    def _gas(self) -> tuple[float, str]:
        """Density of the vapour, at its own pressure when liquid is present, and what was assumed."""
        fluid, pressure, saturation = self.substance, self.pressure, self._saturation
        if self._may_be_liquid and saturation is not None:
            if "vapour_density" in fluid.curves:
                return fluid.curves["vapour_density"].at(self.temperature), ""
            pressure = min(pressure, saturation)
        ideal = fluid.gas_density(self.temperature, pressure)
        if pressure <= _IDEAL * fluid.critical_pressure:
            return ideal, ""
        if not self._may_be_liquid:
            from plant_models.fluids import compressibility

            try:
                z = compressibility(fluid, temperature=self.temperature, pressure=pressure)
            except ModelError:  # no real gas is known
                pass
            else:
                return ideal / z, f"vapour: compressibility {z:.3g}"
        return ideal, "vapour taken as an ideal gas: the real one is denser"

    def _check_phase(self) -> None:
        """Liquid must be able to stand where a level says it does."""
        if not self.level or self._may_be_liquid:
            return
        saturation, fluid = self._saturation, self.substance
        what = f"{self.asset.tag!r} has a level of {self.level:.3g}, but {fluid.name}"
        where = self.asset.where or self.asset.tag
        if saturation is None:
            top = fluid.critical_temperature
            raise ModelError(
                f"{what} at {self.temperature:.5g} K is above its critical temperature",
                where=where,
                fix=f"give a temperature below {top:.5g} K, a level of 0, or vessel_shape gas_holder",
            )
        raise ModelError(
            f"{what} at {self.pressure:.4g} Pa and {self.temperature:.5g} K has boiled away",
            where=where,
            fix=f"give a pressure from the vapour pressure, {saturation:.4g} Pa, up, or a level of 0",
        )

    def _volume(self, vessel: Vessel | None) -> tuple[float | None, str]:
        """Volume inside, and where it came from."""
        asset = self.asset
        if vessel is not None:
            return vessel.volume, f"volume: {vessel.volume:.4g} m³ of its dimensions"
        if "volume" in asset.attributes:
            volume = asset.number("volume")
            if asset.get("vessel_shape") != "gas_holder":
                return volume, f"volume: {volume:.4g} m³ of the layout"
            if self.level is None:
                raise ModelError(
                    f"gas holder {asset.tag!r} has no level", where=asset.where or asset.tag, fix="add level"
                )
            return volume * self.level, f"volume: {self.level:.3g} of {volume:.4g} m³, a gas holder"
        if _is_line(asset):
            length = _length(asset)
            volume = 0.25 * math.pi * asset.number("diameter") ** 2 * length
            return volume, f"volume: {volume:.4g} m³ over a length of {length:.4g} m"
        return None, "volume: not known"

    def _check_stated(self, stated: float | None, volume: float) -> None:
        """A vessel full of liquid cannot hold less than the layout says; gas may stand elsewhere as well."""
        if stated is None or not self._may_be_liquid or stated <= self._density * volume * (1.0 + VOLUME_TOLERANCE):
            return
        most = self._density * volume
        raise ModelError(
            f"{self.asset.tag!r} is overfilled: inventory {stated:.4g} kg, but full of liquid it holds {most:.4g} kg",
            where=self.asset.where or self.asset.tag,
            fix=f"give an inventory up to {most:.4g} kg, a larger volume, or a lower temperature",
        )

    def _liquid_volume(self, vessel: Vessel | None, volume: float, stated: float | None, notes: list[str]) -> float:
        if self.level is not None:
            if vessel is not None:
                return vessel.liquid_volume(self.level * vessel.inner_height)
            notes.append("the level is taken as the filled part of the volume (a sphere differs by up to 10 % of it)")
            return self.level * volume
        if _is_line(self.asset):
            notes.append("taken as full of liquid")
            return volume
        if stated is None:
            raise ModelError(
                f"{self.asset.tag!r} may hold liquid {self.substance.name}, and its level is not known",
                where=self.asset.where or self.asset.tag,
                fix="add level (0 for vapour only), or inventory",
            )
        notes.append("no level: the liquid makes up the inventory of the layout")
        filled = (stated - self._gas_density * volume) / (self._density - self._gas_density)
        return min(max(0.0, filled), volume)

    def _answer(self, liquid: float, vapour: float, height: float | None, notes: list[str]) -> Inventory:
        told = list(notes)
        saturation = self._saturation
        if vapour > 0.0 and self._may_be_liquid and saturation is not None:
            rest = self.pressure / saturation - 1.0
            if rest > _SATURATION_SLACK:
                told.append(
                    f"vapour at its vapour pressure of {saturation:.4g} Pa; the rest is another gas, not counted"
                )
        density, note = self._gas() if vapour > 0.0 else (0.0, "")
        told += [note] if note else []
        return Inventory(
            tag=self.asset.tag,
            substance=self.substance,
            liquid_mass=liquid * self._density if liquid > 0.0 else 0.0,
            vapour_mass=vapour * density,
            liquid_volume=liquid,
            vapour_volume=vapour,
            liquid_height=height,
            pressure=self.pressure,
            temperature=self.temperature,
            notes=tuple(told),
        )
