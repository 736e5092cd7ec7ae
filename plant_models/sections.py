"""Isolatable sections: what can run out of a leak when the valves around it are shut."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from plant_models.discharge import check_ranges
from plant_models.inventory import Inventory, asset_inventory, missing_data, present_value
from twin.assets import Asset
from twin.errors import LayoutError, ModelError, Problem, near
from twin.graph import Twin

__all__ = ["BoundaryValve", "Section", "SectionRelease", "inventory_released", "isolatable_section"]

_VALVE, _CHECK, _RELIEF, _LIMIT = "valve", "check_valve", "relief_valve", "battery_limit"
_FITTINGS = (_VALVE, _CHECK, _RELIEF)
# What only passes on what comes from upstream: without anything upstream its supply is not drawn.
_PASSING = ("pipe", "hose", "loading_arm", "pump", "compressor")


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundaryValve:
    """A valve that closes a section.

    Parameters
    ----------
    tag
        Valve.
    closing_time
        From the command until it is shut, from its opening of now. [s]
    remote
        It can be shut from the control room.
    """

    tag: str
    closing_time: float
    remote: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """What hangs together when the valves around it are shut.

    Parameters
    ----------
    tag
        Asset with the leak.
    inside
        Tags inside, without valves, in the order in which they are reached.
    valves
        Valves that close it.
    failed
        Valves that were taken as not closing.
    contents
        What each asset inside holds.
    unknown
        Tags inside whose contents are not known.
    sources
        Tags inside that are fed without limit: a battery limit, a line with nothing drawn upstream, a building that
        something flows from.
    connected_mass
        Mass of all that is connected while every valve is open; infinite where it is fed without limit or not known.
        [kg]
    notes
        What a user must know before trusting the numbers.
    """

    tag: str
    inside: tuple[str, ...]
    valves: tuple[BoundaryValve, ...]
    failed: tuple[str, ...]
    contents: tuple[Inventory, ...]
    unknown: tuple[str, ...]
    sources: tuple[str, ...]
    connected_mass: float
    notes: tuple[str, ...] = ()

    @property
    def unbounded(self) -> bool:
        """Whether it is fed without limit even when its valves are shut."""
        return bool(self.sources)

    @property
    def masses(self) -> Mapping[str, float]:
        """Mass by the name of the substance. [kg]"""
        found: dict[str, float] = {}
        for held in self.contents:
            found[held.substance.name] = found.get(held.substance.name, 0.0) + held.mass
        return found

    @property
    def mass(self) -> float:
        """Known mass inside. [kg]"""
        return math.fsum(held.mass for held in self.contents)

    @property
    def closing_time(self) -> float:
        """Time from the command until the slowest valve is shut; 0 without valves. [s]"""
        return max((valve.closing_time for valve in self.valves), default=0.0)

    @property
    def remote(self) -> bool:
        """Whether every valve can be shut from the control room."""
        return all(valve.remote for valve in self.valves)


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionRelease:
    """Mass that leaves a section. [kg]

    Parameters
    ----------
    before
        Until the valves are told to shut. [kg]
    closing
        Fed through the closing valves. [kg]
    drained
        Out of the shut section. [kg]
    mass
        In all, not more than all that is connected; infinite for an unbounded section. [kg]
    notes
        What was assumed.
    """

    before: float
    closing: float
    drained: float
    mass: float
    notes: tuple[str, ...] = ()


def isolatable_section(
    park: Twin,
    tag: str,
    *,
    valves_failed: Collection[str] = (),
    now: datetime | None = None,
    longest_age: float | None = None,
) -> Section:
    """The section of a park that a leak at an asset can empty when every valve around it shuts.

    The section is what is reached from the asset along the links "flows_to", in both directions, without passing a
    valve. A valve stands in the line (``P-1 -> XV-1 -> T-102``), or only says what it `isolates`: then it cuts every
    link between these assets and others. Relief valves are shut; through a check valve only what stands upstream of
    it is reached.

    Parameters
    ----------
    park
        Twin; its live readings of levels, pressures, temperatures and valve openings are used.
    tag
        Asset with the leak.
    valves_failed
        Tags of valves (check and relief valves too) that do not close: the section reaches past them.
    now, longest_age
        See :func:`plant_models.inventory.present_value`.

    Raises
    ------
    LayoutError
        There is no such asset or valve, or the tag is a valve or no process equipment.
    ModelError
        The data of an asset inside contradict each other.
    """
    start = park[tag]
    _check_start(park, start, valves_failed)
    lines = _Lines(park, frozenset(valves_failed))
    inside, closing = lines.reach(tag)
    contents, unknown = _contents(park, inside, now, longest_age)
    sources = tuple(t for t in inside if lines.is_source(t))
    every = _Lines(park, {*valves_failed, *(a.tag for a in park if a.kind == _VALVE)})
    reached, _ = every.reach(tag)
    wide, gaps = _contents(park, reached, now, longest_age)
    known = not gaps and not any(every.is_source(t) for t in reached)
    valves = tuple(_boundary(park, t, now, longest_age) for t in closing)
    notes = [f"the contents of {', '.join(unknown)} are not known and not counted"] if unknown else []
    notes += [f"fed without limit through {', '.join(sources)}"] if sources else []
    notes += [] if valves else ["no valve closes it"]
    return Section(
        tag=tag,
        inside=inside,
        valves=valves,
        failed=tuple(valves_failed),
        contents=contents,
        unknown=unknown,
        sources=sources,
        connected_mass=math.fsum(held.mass for held in wide) if known else math.inf,
        notes=tuple(notes),
    )


def inventory_released(section: Section, *, mass_rate: float, close_at: float, drained: float = 1.0) -> SectionRelease:
    """Mass that leaves through a leak when the valves of its section are told to shut at a time.

    The rate is held until then. The slowest valve then closes linearly: what it lets in falls from `mass_rate` to 0 in
    its closing time t, which feeds the leak with ``mass_rate t / 2``. After that what is inside drains. The rate of a
    leak falls as the section empties, so this is an upper bound.

    Parameters
    ----------
    section
        From :func:`isolatable_section`.
    mass_rate
        Through the leak. [kg s⁻¹]
    close_at
        Time from the start of the leak to the command. [s]
    drained
        Part of the contents that can run out; all of it, the upper bound, unless given.

    Raises
    ------
    ModelError, UnitError
        A value out of range.
    """
    check_ranges(
        ("mass_rate", mass_rate, 0.0, 1e6, "kg s⁻¹"),
        ("close_at", close_at, 0.0, 1e7, "s"),
        ("drained", drained, 0.0, 1.0, ""),
        where="inventory_released",
    )
    before, closing, after = mass_rate * close_at, 0.5 * mass_rate * section.closing_time, drained * section.mass
    if section.unbounded:
        mass, note = math.inf, "the section is fed without limit: the leak does not end when its valves are shut"
    else:
        mass, note = before + closing + after, "the rate is held until the valves are told to shut (upper bound)"
        if mass > section.connected_mass:
            mass, note = section.connected_mass, "limited to the mass of all that is connected"
    return SectionRelease(before=before, closing=closing, drained=after, mass=mass, notes=(note, *section.notes))


def _check_start(park: Twin, start: Asset, failed: Collection[str]) -> None:
    if isinstance(failed, str):
        raise LayoutError(f"valves_failed is the text {failed!r}", fix=f"give a list of tags: [{failed!r}]")
    known = [a.tag for a in park.assets() if a.kind in _FITTINGS]
    wrong = [Problem(f"there is no valve {t!r}", "valves_failed", near(t, known)) for t in failed if t not in known]
    if start.layer != "process" or start.kind in _FITTINGS:
        beside = ", ".join(park.neighbours(start.tag, "process")) or "a pipe or vessel"
        what = f"{start.tag!r} is a {start.kind.replace('_', ' ')}: it holds nothing"
        wrong.append(Problem(what, start.where or start.tag, f"name the asset with the leak, such as {beside}"))
    if wrong:
        raise LayoutError.of(wrong, where=start.tag)


class _Lines:
    """The links "flows_to" of a park and the valves that cut them."""

    def __init__(self, park: Twin, failed: Collection[str]) -> None:
        self.park, self.failed = park, failed
        self.downstream: dict[str, dict[str, None]] = {a.tag: {} for a in park}
        self.upstream: dict[str, dict[str, None]] = {a.tag: {} for a in park}
        isolated: dict[str, set[str]] = {}
        for link in park.links():
            if link.relation == "flows_to":
                self.downstream[link.source][link.target] = self.upstream[link.target][link.source] = None
            elif link.relation == "isolates":
                isolated.setdefault(link.source, set()).add(link.target)
        # The place of a valve that stands in the line is known from the line.
        self.cutting = {
            valve: tags
            for valve, tags in isolated.items()
            if park[valve].kind == _VALVE and valve not in failed and len(self._around(valve)) < 2
        }

    def _around(self, tag: str) -> dict[str, None]:
        return self.upstream[tag] | self.downstream[tag]

    def is_source(self, tag: str) -> bool:
        """Whether the asset is fed by something that is not drawn."""
        asset = self.park[tag]
        if asset.kind == _LIMIT or (asset.layer != "process" and self.downstream[tag]):
            return True
        guarded = any(tag in tags for tags in self.cutting.values())
        return asset.kind in _PASSING and not self.upstream[tag] and not guarded

    def reach(self, tag: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Tags reached from one without passing a valve, and the valves that stopped the search."""
        seen, closing = {tag: None}, dict.fromkeys(self._alone(tag))
        queue = deque([tag])
        while queue:
            here = queue.popleft()
            for there in self._next(here, closing):
                if there not in seen:
                    seen[there] = None
                    queue.append(there)
        return tuple(t for t in seen if self.park[t].kind not in _FITTINGS), tuple(closing)

    def _alone(self, tag: str) -> Iterator[str]:
        """Valves that isolate an asset without drawn lines."""
        if not self._around(tag):
            yield from (valve for valve, tags in self.cutting.items() if tag in tags)

    def _next(self, here: str, closing: dict[str, None]) -> Iterator[str]:
        one_way = self.park[here].kind == _CHECK and here not in self.failed
        for there in self.upstream[here] if one_way else self._around(here):
            kind = self.park[there].kind
            cuts = [valve for valve, tags in self.cutting.items() if (here in tags) != (there in tags)]
            if cuts:
                closing.update(dict.fromkeys(cuts))
            elif there not in self.failed and kind == _VALVE:
                closing[there] = None
            elif there in self.failed or not (kind == _RELIEF or (kind == _CHECK and there not in self.upstream[here])):
                yield there


def _contents(
    park: Twin, tags: Collection[str], now: datetime | None, longest_age: float | None
) -> tuple[tuple[Inventory, ...], tuple[str, ...]]:
    """What the process equipment among some assets holds, and the tags of which it is not known."""
    assets = [park[t] for t in tags if park[t].layer == "process" and park[t].kind != _LIMIT]
    unknown = tuple(a.tag for a in assets if missing_data(a, park=park, now=now, longest_age=longest_age))
    held = (asset_inventory(a, park=park, now=now, longest_age=longest_age) for a in assets if a.tag not in unknown)
    return tuple(held), unknown


def _boundary(park: Twin, tag: str, now: datetime | None, longest_age: float | None) -> BoundaryValve:
    valve = park[tag]
    stroke = valve.get("closing_time")
    if not isinstance(stroke, (int, float)) or isinstance(stroke, bool) or not 0.0 <= stroke < math.inf:
        raise ModelError(
            f"the closing_time of {tag!r} is {stroke!r}", where=valve.where or tag, fix="give a time from 0 to 3600 s"
        )
    opening, _ = present_value(valve, "opening", park=park, now=now, longest_age=longest_age)
    share = 1.0 if opening is None else opening
    return BoundaryValve(tag=tag, closing_time=float(stroke) * share, remote=valve.get("remote", True) is not False)
