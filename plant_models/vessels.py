"""Geometry of vessels: from the height of a liquid to its volume and back, and the areas it touches.

A vessel is a body of revolution: a cylinder with a head at each end, standing or lying. A sphere is a cylinder of no
length with hemispherical heads.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from plant_models.discharge import check_ranges
from twin.assets import Asset
from twin.errors import ModelError, Problem, near

__all__ = ["HEADS", "VESSEL_SHAPES", "VOLUME_TOLERANCE", "Vessel", "vessel_geometry"]

Heads = Literal["flat", "ellipsoidal", "hemispherical", "dished"]
HEADS: tuple[Heads, ...] = ("flat", "ellipsoidal", "hemispherical", "dished")
VESSEL_SHAPES = ("vertical_cylinder", "horizontal_cylinder", "sphere", "gas_holder")
# A stated volume is nominal (rounded, less internals) and diameters are often those of the outside. Design choice.
VOLUME_TOLERANCE = 0.05
# Torispherical head of DIN 28011 (Klöpperboden), which is also in GB/T 25198: the crown has the radius D and
# the knuckle 0.1 D. An ASME flanged and dished head has a knuckle of 0.06 D.
_CROWN, _KNUCKLE = 1.0, 0.1
_NODES = 32  # of the quadrature along an arc: volumes and areas to 1e-14 of the whole (against 400 nodes)


@lru_cache(maxsize=1)
def _rule() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Gauss-Legendre nodes and weights on 0 to 1."""
    x, w = np.polynomial.legendre.leggauss(_NODES)
    return 0.5 * (x + 1.0), 0.5 * w


@dataclass(frozen=True, slots=True)
class _Arc:
    """Part of the meridian of a head: ``r = offset + across sin φ``, ``dz = along sin φ dφ``; φ runs from the axis."""

    offset: float
    across: float
    along: float
    begin: float
    end: float


@dataclass(frozen=True, slots=True)
class _Head:
    """A head of the radius R, measured along its axis from the tip, z = 0, to the tangent line, z = `depth`."""

    kind: Heads
    radius: float
    depth: float
    crown: float
    knuckle: float

    @property
    def _junction(self) -> tuple[float, float, float]:
        """Of a dished head: distance of the knuckle's centre from the axis, z and φ where crown and knuckle meet."""
        centre = self.radius - self.knuckle
        angle = math.asin(centre / (self.crown - self.knuckle))
        return centre, self.crown * (1.0 - math.cos(angle)), angle

    def radius_at(self, z: float) -> float:
        if self.kind == "flat":
            return self.radius
        if self.kind != "dished":
            return self.radius * math.sqrt(max(0.0, (2.0 - z / self.depth) * z / self.depth))
        centre, junction, _ = self._junction
        if z <= junction:
            return math.sqrt(z * (2.0 * self.crown - z))
        return centre + math.sqrt(max(0.0, self.knuckle**2 - (self.depth - z) ** 2))

    def volume(self, z: float) -> float:
        """Volume between the tip and z."""
        if self.kind == "flat":
            return 0.0
        if self.kind != "dished":
            return math.pi * (self.radius * z / self.depth) ** 2 * (self.depth - z / 3.0)
        centre, junction, _ = self._junction
        cap = min(z, junction)
        volume = math.pi * cap**2 * (self.crown - cap / 3.0)
        if z <= junction:
            return volume
        k = self.knuckle

        def inner(u: float) -> float:  # antiderivative of (centre + sqrt(k² - u²))², u = depth - z
            root = math.sqrt(max(0.0, k * k - u * u))
            return (centre**2 + k * k) * u - u**3 / 3.0 + centre * (u * root + k * k * math.asin(min(1.0, u / k)))

        return volume + math.pi * (inner(self.depth - junction) - inner(self.depth - z))

    def area(self, z: float) -> float:
        """Area of the wall between the tip and z."""
        if self.kind == "flat":
            return math.pi * self.radius**2
        if self.kind == "dished":
            centre, junction, angle = self._junction
            cap = math.tau * self.crown * min(z, junction)
            if z <= junction:
                return cap
            k = self.knuckle
            now, edge = math.asin(min(1.0, max(0.0, (self.depth - z) / k))), 0.5 * math.pi - angle
            return cap + math.tau * k * (centre * (edge - now) + k * (math.sin(edge) - math.sin(now)))
        # Zone of a spheroid: 2 π R ∫ sqrt(a² + (R² - a²) t²) dt from t = 1 - z/a to 1.
        a, t = self.depth, 1.0 - z / self.depth
        excess = self.radius**2 - a * a
        if abs(excess) < 1e-12 * a * a:
            return math.tau * self.radius * z

        def zone(t: float) -> float:
            root, s = math.sqrt(a * a + excess * t * t), math.sqrt(abs(excess))
            bent = math.asinh(s * t / a) if excess > 0.0 else math.asin(min(1.0, s * t / a))
            return 0.5 * (t * root + a * a / s * bent)

        return math.tau * self.radius * (zone(1.0) - zone(t))

    @property
    def _arcs(self) -> Iterator[_Arc]:
        if self.kind == "dished":
            centre, _, angle = self._junction
            yield _Arc(0.0, self.crown, self.crown, 0.0, angle)
            yield _Arc(centre, self.knuckle, self.knuckle, angle, 0.5 * math.pi)
        else:
            yield _Arc(0.0, self.radius, self.depth, 0.0, 0.5 * math.pi)

    def lying_volume(self, y: float) -> float:
        """Liquid in the lying head when it stands y above (or below) the axis."""
        if self.kind == "flat":
            return 0.0
        if self.kind == "dished":
            return self._integral(y)[0]
        height = self.radius + y  # half a spheroid is half a ball, stretched along its axis
        return self.depth / self.radius * math.pi * height**2 * (3.0 * self.radius - height) / 6.0

    def lying_area(self, y: float) -> float:
        """Wetted wall of the lying head."""
        if self.kind == "flat":
            return _segment(self.radius, y)
        return math.pi * self.radius * (self.radius + y) if self.kind == "hemispherical" else self._integral(y)[1]

    def lying_surface(self, y: float) -> float:
        """Free surface in the lying head."""
        if self.kind == "dished":
            return self._integral(y)[2]
        return 0.5 * math.pi * self.depth / self.radius * (self.radius - y) * (self.radius + y)

    def _integral(self, y: float) -> tuple[float, float, float]:
        """Liquid volume, wetted wall and free surface of the lying head, summed over the circles along its meridian.

        No closed form is known for the knuckle, nor for the wetted wall of a lying spheroid (Jones 2004). Above the
        axis the empty part is summed. Along each arc φ = φ₀ + (φ₁ - φ₀) s² takes away the root at the waterline.
        """
        s, weight = _rule()
        volume = wetted = free = 0.0
        level = abs(y)  # circles of this radius and smaller are empty of the part that is summed
        for arc in self._arcs:
            begin = min(max(math.asin(min(1.0, max(0.0, (level - arc.offset) / arc.across))), arc.begin), arc.end)
            phi = begin + (arc.end - begin) * s**2
            step = weight * 2.0 * s * (arc.end - begin)
            r = np.maximum(arc.offset + arc.across * np.sin(phi), level)
            along = arc.along * np.sin(phi) * step
            length = np.hypot(arc.along * np.sin(phi), arc.across * np.cos(phi)) * step
            half = np.sqrt((r - level) * (r + level))
            angle = np.arctan2(half, level)  # the arc cosine loses half the digits where r comes near the level
            volume += float(((r * r * angle - level * half) * along).sum())
            wetted += float((2.0 * r * angle * length).sum())
            free += float((2.0 * half * along).sum())
        if y > 0.0:
            volume, wetted = self.volume(self.depth) - volume, self.area(self.depth) - wetted
        return volume, wetted, free


def _segment(radius: float, y: float) -> float:
    """Area of a circle below y, counted from its centre."""
    half = math.sqrt(max(0.0, (radius - y) * (radius + y)))
    return radius**2 * math.atan2(half, -y) + y * half


@dataclass(frozen=True, slots=True, kw_only=True)
class Vessel:
    """Inside of a vessel.

    Parameters
    ----------
    axis
        "vertical" (standing) or "horizontal" (lying).
    diameter
        Inner diameter. [m]
    length
        Of the cylinder, from tangent line to tangent line. [m]
    heads
        "flat", "ellipsoidal" (2:1: a quarter of the diameter deep), "hemispherical", or "dished" (torispherical).
    head_depth
        Depth of ellipsoidal heads; a quarter of the diameter unless given. [m]
    crown, knuckle
        Radii of a dished head over the diameter; 1 and 0.1 unless given (DIN 28011, GB/T 25198).

    Raises
    ------
    ModelError, UnitError
        A value out of range, or a vessel that holds nothing.

    References
    ----------
    Jones, D., 2004, Computing fluid tank volumes, Chemical Processing 67 (11) 46-50: volumes of standing and lying
    cylinders with such heads. The areas follow from the surfaces of revolution.
    """

    axis: Literal["vertical", "horizontal"]
    diameter: float
    length: float
    heads: Heads
    head_depth: float | None = None
    crown: float = _CROWN
    knuckle: float = _KNUCKLE

    def __post_init__(self) -> None:
        for name, word, known in (("axis", self.axis, ("vertical", "horizontal")), ("heads", self.heads, HEADS)):
            if word not in known:
                raise ModelError(f"{name} is {word!r}", where=f"Vessel.{name}", fix=near(str(word), known))
        check_ranges(
            ("diameter", self.diameter, 1e-3, 200.0, "m"),
            ("length", self.length, 0.0, 1e3, "m"),
            ("head_depth", 0.1 if self.head_depth is None else self.head_depth, 1e-4, 100.0, "m"),
            ("crown", self.crown, 0.5, 2.0, "diameters"),
            ("knuckle", self.knuckle, 0.01, 0.5, "diameters"),
            where="Vessel",
        )
        if self.heads == "dished" and not self.knuckle < 0.5 < self.crown:
            raise ModelError(
                f"a dished head with a crown of {self.crown:g} and a knuckle of {self.knuckle:g} diameters",
                where="Vessel",
                fix="give a crown above 0.5 and a knuckle below 0.5, or hemispherical heads",
            )
        if self.length == 0.0 and self.heads == "flat":
            raise ModelError("the vessel has no length", where="Vessel.length", fix="give a length above 0 m")

    @classmethod
    def sphere(cls, diameter: float) -> Vessel:
        """Sphere of an inner diameter. [m]"""
        return cls(axis="vertical", diameter=diameter, length=0.0, heads="hemispherical")

    @property
    def _head(self) -> _Head:
        d, radius = self.diameter, 0.5 * self.diameter
        crown, knuckle = self.crown * d, self.knuckle * d
        depth = {"flat": 0.0, "ellipsoidal": 0.25 * d if self.head_depth is None else self.head_depth}.get(self.heads)
        if depth is None:
            depth = radius if self.heads == "hemispherical" else _dish_depth(radius, crown, knuckle)
        return _Head(self.heads, radius, depth, crown, knuckle)

    @property
    def inner_height(self) -> float:
        """Height of the inside, from its lowest to its highest point. [m]"""
        return self.diameter if self.axis == "horizontal" else self.length + 2.0 * self._head.depth

    @property
    def volume(self) -> float:
        """Inner volume. [m³]"""
        head = self._head
        return 0.25 * math.pi * self.diameter**2 * self.length + 2.0 * head.volume(head.depth)

    @property
    def wall_area(self) -> float:
        """Area of the inner wall, heads included. [m²]"""
        head = self._head
        return math.pi * self.diameter * self.length + 2.0 * head.area(head.depth)

    def liquid_volume(self, height: float) -> float:
        """Volume of the liquid that stands to a height above the lowest point of the inside [m]. [m³]

        Raises
        ------
        ModelError, UnitError
            The height is not from 0 to `inner_height`.
        """
        head = self._checked(height)
        if self.axis == "horizontal":
            y = height - head.radius
            return max(0.0, self.length * _segment(head.radius, y) + 2.0 * head.lying_volume(y))
        top = self.inner_height - height
        if height <= head.depth:
            return head.volume(height)
        if top < head.depth:
            return self.volume - head.volume(max(0.0, top))
        return head.volume(head.depth) + math.pi * head.radius**2 * (height - head.depth)

    def wetted_area(self, height: float) -> float:
        """Area of the wall below the liquid surface at a height [m], heads included. [m²]"""
        head = self._checked(height)
        if height in (0.0, self.inner_height):  # at the ends the area rises with the root of the height
            return 0.0 if height == 0.0 else self.wall_area
        if self.axis == "horizontal":
            y = height - head.radius
            angle = math.atan2(math.sqrt(max(0.0, (head.radius - y) * (head.radius + y))), -y)
            return self.length * 2.0 * head.radius * angle + 2.0 * head.lying_area(y)
        top = self.inner_height - height
        if self.heads != "flat" and height <= head.depth:
            return head.area(height)
        if top < head.depth:
            return self.wall_area - head.area(max(0.0, top))
        return head.area(head.depth) + math.tau * head.radius * (height - head.depth)

    def surface_area(self, height: float) -> float:
        """Area of the free liquid surface at a height [m]. [m²]"""
        head = self._checked(height)
        if self.axis == "horizontal":
            y = height - head.radius
            chord = 2.0 * math.sqrt(max(0.0, (head.radius - y) * (head.radius + y)))
            return self.length * chord + 2.0 * head.lying_surface(y)
        top = max(0.0, self.inner_height - height)
        return math.pi * head.radius_at(min(height, top, head.depth)) ** 2

    def height(self, volume: float) -> float:
        """Height of the surface when a volume of liquid is inside [m³], the inverse of `liquid_volume`. [m]

        Raises
        ------
        ModelError, UnitError
            The volume is not from 0 to that of the vessel.
        """
        full = self.volume
        check_ranges(("volume", volume, 0.0, full * (1.0 + 1e-12), "m³"), where="Vessel.height")
        if volume <= 0.0 or volume >= full:
            return 0.0 if volume <= 0.0 else self.inner_height
        from scipy.optimize import brentq

        top = self.inner_height
        root = brentq(lambda h: self.liquid_volume(h) - volume, 0.0, top, xtol=1e-15 * top, rtol=1e-15, maxiter=200)
        return float(root)

    def _checked(self, height: float) -> _Head:
        check_ranges(("height", height, 0.0, self.inner_height, "m"), where="Vessel")
        return self._head


def _dish_depth(radius: float, crown: float, knuckle: float) -> float:
    return crown - math.sqrt((crown - knuckle) ** 2 - (radius - knuckle) ** 2)


def vessel_geometry(asset: Asset) -> Vessel:
    """Inside of an asset, from its attributes.

    Parameters
    ----------
    asset
        Carries "vessel_shape" and "diameter" (outside; less twice the "wall_thickness" where known); a cylinder also
        "heads" and its "length" between the tangent lines. A standing cylinder without a length has that of its
        "height", the shell height; without either the length follows from the "volume".

    Raises
    ------
    ModelError
        Something is missing, or the stated volume differs from that of the dimensions by more than 5 %
        (`VOLUME_TOLERANCE`).
    """
    shape, where = str(asset.get("vessel_shape", "")), asset.where or asset.tag
    if shape not in VESSEL_SHAPES or shape == "gas_holder":
        solid = [s for s in VESSEL_SHAPES if s != "gas_holder"]
        told = f"is a {shape}" if shape else "has no vessel_shape"
        raise ModelError(
            f"the inside of {asset.tag!r} is not known: it {told}",
            where=where,
            fix=f"give it a vessel_shape ({', '.join(solid)}), a diameter, and the heads and length of a cylinder",
        )
    needs = ["diameter"] if shape == "sphere" else ["diameter", "heads"]
    missing = [
        Problem(f"{asset.tag!r} has no {n}", where=where, fix=f"add {n}") for n in needs if n not in asset.attributes
    ]
    standing = shape == "vertical_cylinder"
    sizes = ("length", "height", "volume") if standing else ("length", "volume")
    if shape != "sphere" and not any(name in asset.attributes for name in sizes):
        missing.append(
            Problem(f"the length of {asset.tag!r} is not known", where=where, fix=f"add {' or '.join(sizes)}")
        )
    if missing:
        raise ModelError.of(missing, where=where)
    diameter, stated = _inner_diameter(asset, where), _known(asset, "volume")
    if shape == "sphere":
        vessel = Vessel.sphere(diameter)
    else:
        axis: Literal["vertical", "horizontal"] = "vertical" if standing else "horizontal"
        heads: Heads = asset["heads"]  # type: ignore[assignment]  # checked by Vessel
        length = _known(asset, "length")
        if length is None and standing:
            length = _known(asset, "height")
        if length is None:
            length = _length_of(asset, diameter, heads, float(stated or 0.0))
        vessel = Vessel(axis=axis, diameter=diameter, length=length, heads=heads)
    if stated is not None and abs(vessel.volume - stated) > VOLUME_TOLERANCE * vessel.volume:
        raise ModelError(
            f"the volume of {asset.tag!r} is {stated:.4g} m³, but its dimensions make {vessel.volume:.4g} m³",
            where=where,
            fix=f"mend one of them; they may differ by {VOLUME_TOLERANCE:.0%}",
        )
    return vessel


def _known(asset: Asset, name: str) -> float | None:
    return asset.number(name) if name in asset.attributes else None


def _inner_diameter(asset: Asset, where: str) -> float:
    outer, wall = asset.number("diameter"), _known(asset, "wall_thickness") or 0.0
    if 2.0 * wall >= outer:
        raise ModelError(
            f"the walls of {asset.tag!r} ({wall:g} m) leave no room in its diameter of {outer:g} m",
            where=where,
            fix=f"give a wall_thickness below {0.5 * outer:g} m",
        )
    return outer - 2.0 * wall


def _length_of(asset: Asset, diameter: float, heads: Heads, volume: float) -> float:
    """Length of the cylinder that makes up the volume."""
    cross = 0.25 * math.pi * diameter**2
    in_heads = Vessel(axis="vertical", diameter=diameter, length=1.0, heads=heads).volume - cross
    length = (volume - in_heads) / cross
    if length <= 0.0:
        raise ModelError(
            f"the heads of {asset.tag!r} alone hold {in_heads:.4g} m³, its volume is {volume:.4g} m³",
            where=asset.where or asset.tag,
            fix="mend the volume or the diameter, or give the length",
        )
    return length
