"""Who is where at a time: shifts, weekdays, and live head-counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from evacuation import Group, Occupancy, Presence, live_groups, populate
from twin import ModelError, Quality, Reading, Streams

CST = timezone(timedelta(hours=8))
OPS = Group(name="ops", place="CR-1", count=10, indoors=True)
YARD = Group(name="yard", place="YD-1", count=20)
PLAN = Occupancy(
    presences=(
        Presence(group=OPS, start=6.0, stop=22.0),
        Presence(group=OPS, start=22.0, stop=6.0, share=0.3),
        Presence(group=YARD, start=8.0, stop=17.0, weekdays=(0, 1, 2, 3, 4)),
        Presence(group=Group(name="guard", place="MP-E", count=2), start=18.0, stop=8.0, weekdays=(4,)),
    )
)


def at(day, hour, minute=0):
    return datetime(2026, 1, day, hour, minute, tzinfo=CST)  # 12 January 2026 is a Monday


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        (at(12, 9), {"ops": 10, "yard": 20}),
        (at(12, 17), {"ops": 10}),
        (at(12, 22), {"ops": 3}),
        (at(13, 2, 10), {"ops": 3}),
        (at(17, 9), {"ops": 10}),  # Saturday
        (at(16, 19), {"ops": 10, "guard": 2}),  # Friday evening
        (at(17, 7, 59), {"ops": 10, "guard": 2}),  # its night shift ends on Saturday
        (at(17, 19), {"ops": 10}),
    ],
)
def test_shifts_and_weekdays(time, expected):
    assert {group.name: group.count for group in PLAN.at(time)} == expected


def test_the_hours_are_those_of_the_zone_of_the_time():
    assert {g.name for g in PLAN.at(at(12, 9))} != {g.name for g in PLAN.at(at(12, 9).astimezone(UTC))}
    with pytest.raises(ModelError, match="no zone"):
        PLAN.at(datetime(2026, 1, 12, 9))  # noqa: DTZ001 - the fault itself


def test_every_fault_at_once():
    with pytest.raises(ModelError) as caught:
        Occupancy(presences=(Presence(group=OPS, start=25.0), Presence(group=OPS, weekdays=(7,), share=2.0)))
    assert len(caught.value.problems) == 3


def test_live_counts_scale_the_expected_people(park):
    live = park.fork()
    groups = (OPS, Group(name="lab", place="CR-1", count=5, indoors=True), YARD)
    now = at(12, 9)
    told = live.apply([
        Reading(tag="CR-1.occupants", time=now - timedelta(minutes=2), value=7.0),
        Reading(tag="YD-1.occupants", time=now - timedelta(hours=2), value=3.0),
        Reading(tag="IS-1.occupants", time=now - timedelta(minutes=1), value=4.0),
    ])  # fmt: skip
    assert told.accepted == 3
    found, notes = live_groups(live, groups, now=now)
    # 7 of 15 by largest remainders: 4.67 and 2.33 give 5 and 2; the yard's count is too old; 4 unexpected people
    assert {g.name: g.count for g in found} == {"ops": 5, "lab": 2, "yard": 20, "counted-IS-1": 4}
    assert sum("not used" in note for note in notes) == 1
    live.apply(Reading(tag="CR-1.occupants", time=now, value=0.0, quality=Quality.UNCERTAIN))
    assert {g.name: g.count for g in live_groups(live, groups, now=now)[0]}["ops"] == 10
    earlier = live.at(now - timedelta(minutes=1, seconds=30))
    assert {g.name: g.count for g in live_groups(earlier, groups, now=now)[0]}["ops"] == 5
    assert len(populate(live, [g for g in found if g.place != "IS-1"], Streams(1))) == 27


def test_without_counts_nothing_changes(park):
    assert live_groups(park, (OPS, YARD), now=at(12, 9)) == ((OPS, YARD), ())
