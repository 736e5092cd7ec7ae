"""What is done to the link network from outside while it runs: ways close and open, the fallen are carried away."""

from __future__ import annotations

import numpy as np
from numba import njit

from evacuation._kernels.options import BARE
from evacuation._kernels.queues import (
    BLOCKED,
    BUCKET_WIDTH,
    DUE,
    HELD,
    admit,
    breathe,
    end_row,
    fell_in_line,
    freed,
    leave_line,
    leave_stuck,
    lie_down,
    schedule,
    step_aside,
    unschedule,
)


@njit(**BARE)
def reconsider(time, links, people, harm, total, slow, segment_row, segments, calendar, state, laws):
    """Ways were closed or opened, or people sent elsewhere: whoever waits asks again."""
    for link in range(links.size):
        status = links[link].status
        if status == BLOCKED:
            leave_stuck(link, links, state)
            leave_line(link, np.int64(links[link].target), links)
        if status == BLOCKED or status == HELD:  # noqa: PLR1714, SIM109 - a set would be made
            links[link].status = DUE
            schedule(link, time, links, calendar, state, laws[BUCKET_WIDTH])
    for link in range(links.size):
        if links[link].starter_head >= 0:
            admit(link, time, links, people, harm, total, slow, segment_row, segments, calendar, state, laws)


@njit(**BARE)
def lift(person, time, links, people, harm, total, slow, segment_row, segments, calendar, state, laws):
    """Carry a fallen person away; false if the person has not fallen on a link by then."""
    link = people[person].link
    if link < 0 or people[person].enter == np.inf or people[person].arrival < np.inf:
        return False
    if harm[person].fallen == np.inf:  # in the queue: the fall was not yet noticed
        if not fell_in_line(person, link, time, harm, total, slow, segment_row, segments, laws):
            return False
        if links[link].head == person:
            status = links[link].status
            if status == BLOCKED:
                leave_stuck(link, links, state)
            else:
                unschedule(link, links, calendar)
            step_aside(link, time, links, people, harm, total, slow, segment_row, segments, calendar, state, laws)
        else:
            ahead, behind = people[person].previous, people[person].next
            people[ahead].next = behind
            if behind >= 0:
                people[behind].previous = ahead
            else:
                links[link].tail = ahead
            lie_down(person, link, links, people, state)
    if harm[person].fallen > time:
        return False
    before, here = -1, links[link].fallen
    while here != person:
        before, here = here, people[here].next
    if before >= 0:
        people[before].next = people[person].next
    else:
        links[link].fallen = people[person].next
    links[link].lying = 0
    links[link].count -= 1
    people[person].link = -1
    freed(link, time, links, people, harm, total, slow, segment_row, segments, calendar, state, laws)
    return True


@njit(**BARE)
def settle(time, links, people, harm, total, slow, segment_row, segments, laws, out):
    """Add what those who wait in a queue have breathed until `time` to `out`, a copy of the harm of everybody."""
    for link in range(links.size):
        person = links[link].head
        while person >= 0:
            breathe(person, end_row(link, segment_row, segments), out[person].counted, time, out, total, laws)
            person = people[person].next
        person = links[link].starter_head
        while person >= 0:
            if out[person].row >= 0:
                breathe(person, out[person].row, people[person].ready, time, out, total, laws)
            person = people[person].next
