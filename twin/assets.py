"""What can stand in a park: kinds of assets, their attributes, and the links between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.metadata import entry_points
from types import MappingProxyType
from typing import Any, Literal

from shapely.geometry.base import BaseGeometry

from twin.errors import LayoutError, near
from twin.units import parse_quantity, show_quantity

__all__ = ["Asset", "Attribute", "Kind", "Layer", "Link", "Value", "kinds"]

Value = float | str | bool
Layer = Literal["process", "space", "walkway", "road", "sensor"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """One property an asset of a kind may have.

    Parameters
    ----------
    name
        Name in files and in Python.
    text
        What it means, one line.
    unit
        SI unit of the stored value ("" for a plain number); ignored unless `type` is "number".
    type
        "number", "text" or "flag".
    low, high
        Allowed range of a number, both ends included.
    default
        Value taken when the file is silent; None: stays unknown.
    choices
        Allowed words of a text; empty: any.
    """

    name: str
    text: str
    unit: str = ""
    type: Literal["number", "text", "flag"] = "number"
    low: float = float("-inf")
    high: float = float("inf")
    default: Value | None = None
    choices: tuple[str, ...] = ()

    def read(self, given: object, *, where: str) -> Value:
        """Turn what a file says into the stored value.

        Raises
        ------
        UnitError, LayoutError
            No or wrong unit, out of range, or not one of the choices.
        """
        if self.type == "flag":
            words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
            answer = words.get(str(given).strip().lower())
            if answer is None:
                raise LayoutError(f"{self.name} is {given!r}", where=where, fix="write yes or no")
            return answer
        if self.type == "text":
            word = str(given).strip()
            if self.choices and word not in self.choices:
                raise LayoutError(f"{self.name} is {word!r}", where=where, fix=near(word, self.choices))
            return word
        value = parse_quantity(given, self.unit, where=where)
        if not self.low <= value <= self.high:
            raise LayoutError(
                f"{self.name} is {given}",
                where=where,
                fix=f"give a value from {show_quantity(self.low, self.unit)} to {show_quantity(self.high, self.unit)}",
            )
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of asset, as data: industry packs teach the twin new kinds without any code here.

    Parameters
    ----------
    name
        Word used in layouts, such as "tank".
    layer
        Layer of the graph the asset belongs to.
    title
        Display names by language, ``{"en": ..., "zh": ...}``.
    geometry
        Allowed shapely geometry types; empty: any.
    attributes
        Declared attributes by name.
    osm
        OpenStreetMap tags that mean this kind, as ``key=value`` or ``key=*`` (first match wins, in file order).
    """

    name: str
    layer: Layer
    title: Mapping[str, str]
    geometry: tuple[str, ...] = ()
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    osm: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """One tagged thing.

    Parameters
    ----------
    tag
        Unique name.
    kind
        Name of its kind.
    layer
        Layer of the graph.
    shape
        Geometry in local metres.
    attributes
        SI values of declared attributes.
    notes
        Everything else the file said about it, as text.
    where
        ``file:line`` it came from.
    """

    tag: str
    kind: str
    layer: Layer
    shape: BaseGeometry
    attributes: Mapping[str, Value] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)
    where: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "attributes", MappingProxyType(dict(self.attributes)))
        object.__setattr__(self, "notes", MappingProxyType(dict(self.notes)))

    def __reduce__(self) -> tuple[object, ...]:
        fields = {name: getattr(self, name) for name in self.__slots__}
        return _rebuild, ({**fields, "attributes": dict(self.attributes), "notes": dict(self.notes)},)

    def __getitem__(self, name: str) -> Value:
        """Value of a declared attribute (SI).

        Raises
        ------
        LayoutError
            The asset does not have it; the message names what it has.
        """
        try:
            return self.attributes[name]
        except KeyError:
            raise LayoutError(
                f"{self.kind} {self.tag!r} has no {name!r}",
                where=self.where,
                fix=near(name, self.attributes) or f"add {name!r} to the feature in the layout",
            ) from None

    def number(self, name: str) -> float:
        """Value of a numeric attribute. [SI]"""
        value = self[name]
        if isinstance(value, (str, bool)):
            raise LayoutError(f"{name!r} of {self.tag!r} is {value!r}, not a number", where=self.where)
        return float(value)

    def get(self, name: str, default: Value | None = None) -> Value | None:
        """Value of an attribute, or `default`."""
        return self.attributes.get(name, default)

    @property
    def x(self) -> float:
        """East coordinate of the centroid. [m]"""
        return float(self.shape.centroid.x)

    @property
    def y(self) -> float:
        """North coordinate of the centroid. [m]"""
        return float(self.shape.centroid.y)

    def __repr__(self) -> str:
        unit = kinds()[self.kind].attributes if self.kind in kinds() else {}
        shown = ", ".join(
            f"{name} {show_quantity(value, unit[name].unit if name in unit else '')}"
            if isinstance(value, float)
            else f"{name} {value}"
            for name, value in self.attributes.items()
        )
        return f"<{self.kind} {self.tag} at ({self.x:z.1f}, {self.y:z.1f}) m{': ' + shown if shown else ''}>"


def _rebuild(fields: dict[str, Any]) -> Asset:
    return Asset(**fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A directed relation between two assets.

    Parameters
    ----------
    source, target
        Tags.
    layer
        Layer of the graph.
    relation
        "flows_to", "contains", "monitors", "isolates", "joins" ...
    where
        ``file:line`` that declares it; empty when it follows from the shapes. Not part of its identity.
    """

    source: str
    target: str
    layer: Layer
    relation: str
    where: str = field(default="", compare=False)


@lru_cache(maxsize=1)
def kinds() -> Mapping[str, Kind]:
    """All known kinds by name, from the packs installed under the entry point ``parktwin.packs``.

    An entry point names an iterable of :class:`Kind`. A later pack may not redefine a kind.

    Raises
    ------
    LayoutError
        Two packs define the same kind.
    """
    found: dict[str, Kind] = {}
    owner: dict[str, str] = {}
    for point in sorted(entry_points(group="parktwin.packs"), key=lambda p: (p.name != "builtin", p.name)):
        for kind in point.load():
            if kind.name in found:
                raise LayoutError(
                    f"the kind {kind.name!r} is defined by the packs {owner[kind.name]!r} and {point.name!r}",
                    fix="remove one of the packs or rename its kind",
                )
            found[kind.name], owner[kind.name] = kind, point.name
    return MappingProxyType(found)
