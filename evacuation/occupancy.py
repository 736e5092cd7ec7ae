"""Who is where at a time: shifts and hours, and what the live head-counts of the park say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from evacuation.population import Group
from twin.assets import Asset, kinds
from twin.errors import ModelError, Problem
from twin.readings import Quality

if TYPE_CHECKING:
    from twin.graph import Twin

__all__ = ["Occupancy", "Presence", "live_groups"]

_COUNTED = "occupants"  # attribute of a place that badge readers and head-counts report


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """When a group is there.

    Parameters
    ----------
    group
        The people, counted when all of them are there.
    start, stop
        Hours of the local day from which and up to which they are there; a stop not after the start is on the next day
        (22 to 6 is the night shift). [h]
    weekdays
        On which they come, 0 Monday to 6 Sunday; a night shift belongs to the day it begins on.
    share
        Part of the group that is there then.
    """

    group: Group
    start: float = 0.0
    stop: float = 24.0
    weekdays: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6)
    share: float = 1.0

    def at(self, time: datetime) -> bool:
        """Whether they are there at a local time."""
        hour = time.hour + time.minute / 60.0 + (time.second + time.microsecond * 1e-6) / 3600.0
        today, before = time.weekday(), (time.weekday() - 1) % 7
        if self.stop > self.start:
            return today in self.weekdays and self.start <= hour < self.stop
        return (today in self.weekdays and hour >= self.start) or (before in self.weekdays and hour < self.stop)


@dataclass(frozen=True, slots=True, kw_only=True)
class Occupancy:
    """The people of a park over the week.

    Parameters
    ----------
    presences
        Who is there when. One group may have several entries, such as few by night and many by day.

    Raises
    ------
    ModelError
        Every hour, weekday or share that makes no sense, at once.
    """

    presences: tuple[Presence, ...]

    def __post_init__(self) -> None:
        problems = []
        for each in self.presences:
            where = f"presence of {each.group.name!r}"
            if not (0.0 <= each.start < 24.0 and 0.0 <= each.stop <= 24.0):
                what = f"hours are {each.start!r} to {each.stop!r}"
                problems.append(Problem(what, where, "give hours of the day from 0 to 24"))
            if not set(each.weekdays) <= set(range(7)) or not each.weekdays:
                what = f"weekdays are {each.weekdays!r}"
                problems.append(Problem(what, where, "give numbers from 0 Monday to 6 Sunday"))
            if not 0.0 <= each.share <= 1.0:
                problems.append(Problem(f"share is {each.share!r}", where, "give a part from 0 to 1"))
        if problems:
            raise ModelError.of(problems, where="Occupancy")

    def at(self, time: datetime) -> tuple[Group, ...]:
        """Groups that are there at a time, each with its number then; nobody is drawn here.

        Parameters
        ----------
        time
            Zone-aware; the hours are those of its zone.

        Raises
        ------
        ModelError
            A time without a zone.
        """
        if time.tzinfo is None:
            raise ModelError(f"{time} has no zone", where="Occupancy.at", fix="give a time such as 02:10+08:00")
        counts: dict[str, Group] = {}
        for each in self.presences:
            if each.at(time):
                there = round(each.share * each.group.count)
                known = counts.get(each.group.name)
                counts[each.group.name] = replace(each.group, count=there + (known.count if known else 0))
        return tuple(group for group in counts.values() if group.count > 0)


def live_groups(
    park: Twin,
    groups: Sequence[Group],
    *,
    now: datetime,
    oldest: timedelta = timedelta(minutes=30),
    visitor: Group | None = None,
) -> tuple[tuple[Group, ...], tuple[str, ...]]:
    """Correct the expected people by the live head-counts of the places.

    Where the attribute ``occupants`` of a place has a good reading that is not too old, the groups of the place are
    scaled to it, by largest remainders, so that the sum is the count.

    Parameters
    ----------
    park
        The park with its live readings.
    groups
        People expected by the shift plan.
    now
        Time of asking, zone-aware.
    oldest
        Readings older than this are not used.
    visitor
        What people are like who are counted at a place where nobody is expected; None: trained people
        (:class:`Group` as it is by default).

    Returns
    -------
    groups, notes
        The corrected groups, and a sentence for every count that was used or not used.
    """
    found: list[Group] = []
    notes: list[str] = []
    counted = [asset.tag for asset in park.assets() if _is_counted(asset)]
    places = dict.fromkeys([*(group.place for group in groups), *counted])
    for place in places:
        own = [group for group in groups if group.place == place]
        count, note = _count(park, place, now, oldest)
        notes += note
        if count is None:
            found += own
        elif own and sum(group.count for group in own) > 0:
            found += _scaled(own, count)
        elif count > 0:
            like = visitor or Group(name="", place=place, count=0)
            found.append(replace(like, name=f"counted-{place}", place=place, count=count))
    return tuple(group for group in found if group.count > 0), tuple(notes)


def _is_counted(asset: Asset) -> bool:
    return asset.kind in kinds() and _COUNTED in kinds()[asset.kind].attributes


def _count(park: Twin, place: str, now: datetime, oldest: timedelta) -> tuple[int | None, list[str]]:
    if place not in park or not _is_counted(park[place]):
        return None, []
    reading = park.state(f"{place}.{_COUNTED}")
    if reading is None:
        return None, []
    age = now - reading.time
    if reading.quality != Quality.GOOD:
        return None, [f"the count at {place} is not used: its quality is {reading.quality.name.lower()}"]
    if age > oldest:
        return None, [f"the count at {place} is not used: it is {age.total_seconds() / 60.0:.0f} min old"]
    return round(reading.value), [f"{round(reading.value)} people counted at {place}"]


def _scaled(groups: Sequence[Group], count: int) -> list[Group]:
    """The groups with numbers that add up to a count, by largest remainders; ties go to the first."""
    total = sum(group.count for group in groups)
    exact = [group.count * count / total for group in groups]
    whole = [int(value) for value in exact]
    order = sorted(range(len(groups)), key=lambda k: (whole[k] - exact[k], k))
    for k in order[: count - sum(whole)]:
        whole[k] += 1
    return [replace(group, count=number) for group, number in zip(groups, whole, strict=True)]
