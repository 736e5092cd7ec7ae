"""Where a leak is and what is around it."""

from __future__ import annotations

from dataclasses import dataclass

from plant_models.discharge import check_ranges
from plant_models.evaporation import substrate as substrate_named
from plant_models.vessels import Vessel
from twin.assets import Asset
from twin.errors import ModelError
from twin.graph import Twin

__all__ = ["Bund", "Surroundings", "bund_around", "check_kinds", "hole_place", "largest_hole", "lowest_point"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What is outside the hole.

    Parameters
    ----------
    air_temperature, air_pressure
        [K], [Pa]
    wind_speed
        At 10 m. [m s⁻¹]
    ground
        What a spill lies on where there is no bund with a floor of its own: see
        :func:`plant_models.evaporation.known_substrates`.
    ground_temperature
        [K]
    solar_flux
        Sunlight a pool absorbs, 0 at night. [W m⁻²]
    """

    air_temperature: float
    air_pressure: float
    wind_speed: float
    ground: str
    ground_temperature: float
    solar_flux: float

    def __post_init__(self) -> None:
        check_ranges(
            ("air_temperature", self.air_temperature, 200.0, 340.0, "K"),
            ("air_pressure", self.air_pressure, 3e4, 1.2e5, "Pa"),
            ("wind_speed", self.wind_speed, 0.0, 60.0, "m s⁻¹"),
            ("ground_temperature", self.ground_temperature, 200.0, 400.0, "K"),
            ("solar_flux", self.solar_flux, 0.0, 1400.0, "W m⁻²"),
            where="Surroundings",
        )
        substrate_named(self.ground)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bund:
    """Bund around an asset.

    Parameters
    ----------
    tag
        Its tag.
    area
        Floor inside; what stands on it is not taken off. [m²]
    height
        Depth of liquid at which it runs over: the stated volume over the area, else the height of the wall; None: not
        known. [m]
    floor
        Material of the floor; "" where not known.
    """

    tag: str
    area: float
    height: float | None
    floor: str


def check_kinds(asset: object, surroundings: object, park: object) -> None:
    """Refuse what is of another kind: the tag of an asset, the name of a park, a dictionary.

    Raises
    ------
    ModelError
        The asset, the surroundings or the park is something else.
    """
    for name, value, kind, fix in (
        ("asset", asset, Asset, 'give an asset: park["V-201"], or plant_models.new_asset(...)'),
        ("surroundings", surroundings, Surroundings, "give plant_models.Surroundings(...)"),
        ("park", park, Twin | None, "give what twin.load_layout returns"),
    ):
        if not isinstance(value, kind):
            what = f"{name} is {value!r:.60}, a {type(value).__name__}"
            raise ModelError(what, where=f"source_term.{name}", fix=fix)


def bund_around(park: Twin, asset: Asset) -> Bund | None:
    """Smallest bund whose area holds the middle of the asset; None where it stands in none."""
    point = asset.shape.representative_point()
    around = [b for b in park.assets("bund") if b.shape.area > 0.0 and b.shape.covers(point)]
    if not around:
        return None
    found = min(around, key=lambda b: float(b.shape.area))
    area = _known(found, "area") or float(found.shape.area)
    volume = _known(found, "volume")
    return Bund(
        tag=found.tag,
        area=area,
        height=volume / area if volume else (_known(found, "height") or None),
        floor=str(found.get("floor", "")),
    )


def hole_place(asset: Asset, height: float | None) -> tuple[float, float, float]:
    """Middle of a line, a point that lies on it, else the centroid; and the height of the hole above ground. [m]

    Raises
    ------
    ModelError
        The height is neither given nor known from "release_height".
    """
    shape = asset.shape
    point = shape.interpolate(0.5, normalized=True) if "LineString" in shape.geom_type else shape.centroid
    place = _known(asset, "release_height") if height is None else height
    if place is None:
        raise ModelError(
            f"the height of the leak at {asset.tag!r} is not known",
            where=asset.where,
            fix="give height=..., or a release_height in the layout",
        )
    return float(point.x), float(point.y), place


def largest_hole(asset: Asset, hole_diameter: float) -> float | None:
    """Bore of the asset, after checking that the hole is not larger; None where it is not known. [m]

    Raises
    ------
    ModelError
        The hole is larger than the asset.
    """
    bores = {name: asset.number(name) for name in ("hose_diameter", "diameter") if name in asset.attributes}
    for name, bore in bores.items():
        if hole_diameter > bore:
            raise ModelError(
                f"a hole of {hole_diameter:g} m is larger than {asset.tag!r} ({name} {bore:g} m)",
                where=asset.where,
                fix=f"give a hole_diameter up to {bore:g} m",
            )
    return next(iter(bores.values()), None)


def lowest_point(asset: Asset, vessel: Vessel) -> float:
    """Height of the lowest point inside a vessel above ground, the wall left out. [m]

    A sphere or a lying cylinder hangs under the "height" of its top; a standing one, whose "height" is that of its
    shell, stands on the ground, and so does a vessel of unknown height.
    """
    top = _known(asset, "height")
    if top is None or asset.get("vessel_shape") == "vertical_cylinder":
        return 0.0
    return max(top - vessel.inner_height, 0.0)


def _known(asset: Asset, name: str) -> float | None:
    return asset.number(name) if name in asset.attributes else None
