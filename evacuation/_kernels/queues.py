"""The link network of people on their way, played event by event.

Only arrays and scalars go in; trouble comes back as an integer status. The state of links and people is held in record
arrays, one cache line or two each, whose fields are listed here and filled by `evacuation.walking`.
"""

from __future__ import annotations

import numpy as np
from numba import njit

LINK = np.dtype(
    [
        ("head", "i4"), ("tail", "i4"), ("count", "i4"), ("store", "i4"),  # queue, people on it, most it holds
        ("status", "i4"), ("target", "i4"),  # see below; the full link it waits for or was let into
        ("wait_head", "i4"), ("wait_tail", "i4"), ("wait_next", "i4"),  # links that wait for this one, in line
        ("starter_head", "i4"), ("starter_tail", "i4"),  # people who want to start here
        ("turn", "i4"), ("passing", "i4"),  # who enters next: 0 links, 1 starters; 1 if people overtake
        ("before", "i4"), ("after", "i4"), ("bucket", "i4"),  # neighbours in the calendar or the line of the stuck
        ("free", "f8"), ("event", "f8"),  # when the exit may be used again; time of the next event [s]
        ("length", "f8"), ("area", "f8"), ("law_speed", "f8"), ("top_speed", "f8"), ("headway", "f8"),
    ],
    align=True,
)  # fmt: skip
PERSON = np.dtype(
    [
        ("next", "i4"), ("previous", "i4"), ("link", "i4"), ("destination", "i4"),  # behind, ahead, first or current
        ("enter", "f8"), ("ready", "f8"), ("speed", "f8"), ("arrival", "f8"),
    ],
    align=True,
)  # fmt: skip
CROSSING = np.dtype(
    [("person", "i4"), ("link", "i4"), ("enter", "f8"), ("ready", "f8"), ("leave", "f8")], align=True
)  # fmt: skip

IDLE, DUE, BLOCKED, GRANTED = 0, 1, 2, 3  # status of a link: no one, head has a time, waits, let in

# Entries of `state`: people started, calendar position, crossings, arrivals, forced entries, walkers, stuck line.
STARTED, AT_BUCKET, RECORDS, ARRIVED, FORCED, WALKING, STUCK_HEAD, STUCK_TAIL = 0, 1, 2, 3, 4, 5, 6, 7
COUNTERS = 8

# Entries of `laws`.
DENSITY_SLOPE, FREE_DENSITY, LEAST_SPEED, STUCK_TIME, BUCKET_WIDTH = 0, 1, 2, 3, 4

DONE, RECORDS_FULL = 0, 1  # status codes of `advance`


@njit(cache=True, nogil=True, inline="always")
def _schedule(link, time, links, calendar, state, width):
    """Put the next event of a link into the calendar, sorted by (time, link) within its bucket."""
    links[link].event = time
    if time >= calendar.size * width:
        links[link].bucket = -1
    else:
        bucket = min(int(time / width), calendar.size - 1)
        links[link].bucket = bucket
        state[AT_BUCKET] = min(state[AT_BUCKET], bucket)
        before, after = -1, calendar[bucket]
        while after >= 0 and (links[after].event < time or (links[after].event == time and after < link)):
            before, after = after, links[after].after
        links[link].before = before
        links[link].after = after
        if before >= 0:
            links[before].after = link
        else:
            calendar[bucket] = link
        if after >= 0:
            links[after].before = link


@njit(cache=True, nogil=True, inline="always")
def _unschedule(link, links, calendar):
    """Take the event of a link out of the calendar."""
    bucket = links[link].bucket
    if bucket >= 0:
        before, after = links[link].before, links[link].after
        if before >= 0:
            links[before].after = after
        else:
            calendar[bucket] = after
        if after >= 0:
            links[after].before = before
        links[link].bucket = -1


@njit(cache=True, nogil=True, inline="always")
def _enter(person, link, time, links, people, calendar, state, laws):
    """Let a person, already counted, walk onto a link."""
    density = (links[link].count - 1) / links[link].area
    speed = min(people[person].speed, links[link].top_speed)
    if density > laws[FREE_DENSITY]:
        law = links[link].law_speed * (1.0 - laws[DENSITY_SLOPE] * density)
        speed = min(speed, max(law, laws[LEAST_SPEED]))
    ready = time + links[link].length / speed
    behind, ahead = -1, links[link].tail
    if links[link].passing == 1:
        while ahead >= 0 and people[ahead].ready > ready:
            behind, ahead = ahead, people[ahead].previous
    people[person].link = link
    people[person].enter = time
    people[person].ready = ready
    people[person].previous = ahead
    people[person].next = behind
    if behind >= 0:
        people[behind].previous = person
    else:
        links[link].tail = person
    if ahead >= 0:
        people[ahead].next = person
    else:
        links[link].head = person
        _unschedule(link, links, calendar)
        links[link].status = DUE
        _schedule(link, max(ready, links[link].free), links, calendar, state, laws[BUCKET_WIDTH])


@njit(cache=True, nogil=True, inline="always")
def _leave_stuck(link, links, state):
    """Take a blocked link out of the line of those who will squeeze in, which is in order of time."""
    before, after = links[link].before, links[link].after
    if before >= 0:
        links[before].after = after
    else:
        state[STUCK_HEAD] = after
    if after >= 0:
        links[after].before = before
    else:
        state[STUCK_TAIL] = before


@njit(cache=True, nogil=True)
def _admit(link, time, links, people, calendar, state, laws):
    """Give the free space of a link to those who wait for it: blocked links and starters in turn."""
    while links[link].count < links[link].store:
        waiter, starter = links[link].wait_head, links[link].starter_head
        if waiter < 0 and starter < 0:
            return
        links[link].count += 1
        if waiter >= 0 and (starter < 0 or links[link].turn == 0):
            links[link].turn = 1
            links[link].wait_head = links[waiter].wait_next
            _leave_stuck(waiter, links, state)
            links[waiter].status = GRANTED
            _schedule(waiter, time, links, calendar, state, laws[BUCKET_WIDTH])
        else:
            links[link].turn = 0
            links[link].starter_head = people[starter].next
            _enter(starter, link, time, links, people, calendar, state, laws)


@njit(cache=True, nogil=True)
def _start(person, time, links, people, calendar, state, laws):
    """A person comes to the first link of the way, and enters it or queues for it."""
    link = people[person].link
    if link < 0:
        people[person].arrival = time
        state[ARRIVED] += 1
        return
    state[WALKING] += 1
    people[person].enter = np.inf
    free = links[link].count < links[link].store
    if free and links[link].starter_head < 0 and links[link].wait_head < 0:
        links[link].count += 1
        _enter(person, link, time, links, people, calendar, state, laws)
        return
    people[person].next = -1
    if links[link].starter_head < 0:
        links[link].starter_head = person
    else:
        people[links[link].starter_tail].next = person
    links[link].starter_tail = person


@njit(cache=True, nogil=True)
def _block(link, target, time, links, state, laws):
    """The head of a link finds the next one full: it waits in line, at most STUCK_TIME."""
    links[link].status = BLOCKED
    links[link].target = target
    links[link].wait_next = -1
    if links[target].wait_head < 0:
        links[target].wait_head = link
    else:
        links[links[target].wait_tail].wait_next = link
    links[target].wait_tail = link
    links[link].event = time + laws[STUCK_TIME]
    links[link].before = state[STUCK_TAIL]
    links[link].after = -1
    if state[STUCK_TAIL] >= 0:
        links[state[STUCK_TAIL]].after = link
    else:
        state[STUCK_HEAD] = link
    state[STUCK_TAIL] = link


@njit(cache=True, nogil=True)
def _leave_line(link, target, links):
    """Take a blocked link out of the waiting line of its target."""
    before, here = -1, links[target].wait_head
    while here != link:
        before, here = here, links[here].wait_next
    if before >= 0:
        links[before].wait_next = links[link].wait_next
    else:
        links[target].wait_head = links[link].wait_next
    if links[target].wait_tail == link:
        links[target].wait_tail = before


@njit(cache=True, nogil=True, inline="always")
def _record(person, leave, people, records, state):
    row = state[RECORDS]
    records[row].person = person
    records[row].link = people[person].link
    records[row].enter = people[person].enter
    records[row].ready = people[person].ready
    records[row].leave = leave
    state[RECORDS] = row + 1


@njit(cache=True, nogil=True, inline="always")
def _serve(link, time, links, people, records, calendar, state, laws, onward):
    """The head of a link is due: it arrives, moves on, or is blocked."""
    person, status = links[link].head, links[link].status
    if status == DUE:
        target = onward[people[person].destination, link]
        if target >= 0:
            if links[target].count >= links[target].store:
                _block(link, target, time, links, state, laws)
                return
            links[target].count += 1
    else:
        target = np.int64(links[link].target)
        if status == BLOCKED:
            _leave_line(link, target, links)
            links[target].count += 1
            state[FORCED] += 1
    behind = people[person].next
    links[link].head = behind
    if behind >= 0:
        people[behind].previous = -1
    else:
        links[link].tail = -1
    links[link].count -= 1
    links[link].status = IDLE
    links[link].free = time + links[link].headway
    _record(person, time, people, records, state)
    if behind >= 0:
        links[link].status = DUE
        due = max(people[behind].ready, links[link].free)
        _schedule(link, due, links, calendar, state, laws[BUCKET_WIDTH])
    if target < 0:
        people[person].arrival = time
        state[ARRIVED] += 1
        state[WALKING] -= 1
    else:
        _enter(person, target, time, links, people, calendar, state, laws)
    if links[link].wait_head >= 0 or links[link].starter_head >= 0:
        _admit(link, time, links, people, calendar, state, laws)


@njit(cache=True, nogil=True)
def advance(until, starters, start_time, links, people, records, calendar, state, laws, onward):
    """Play every event up to and including `until`, in the order of (time, starters first, link).

    Parameters
    ----------
    until
        Time to play to. [s]
    starters
        People sorted by (start time, id); those before ``state[STARTED]`` have started.
    start_time
        Start time of every person. [s]
    links, people
        State, of type LINK and PERSON.
    records
        Out: finished crossings, of type CROSSING.
    calendar
        First link with an event in each time bucket, -1 if none.
    state, laws
        Counters; constants of motion.
    onward
        Next link, shape (destinations, links); -1 where the destination is at the end of the link.

    Returns
    -------
    int
        DONE, or RECORDS_FULL: give a longer `records` and call again, nothing is lost.
    """
    last = min(int(until / laws[BUCKET_WIDTH]), calendar.size - 1)
    while True:
        if state[RECORDS] >= records.size:
            return RECORDS_FULL
        bucket = state[AT_BUCKET]
        while bucket < last and calendar[bucket] < 0:
            bucket += 1
        state[AT_BUCKET] = bucket
        link, stuck = calendar[bucket], state[STUCK_HEAD]
        due = links[link].event if link >= 0 else np.inf
        if stuck >= 0:
            squeeze = links[stuck].event
            if squeeze < due or (squeeze == due and stuck < link):
                link, due = stuck, squeeze
        starter = starters[state[STARTED]] if state[STARTED] < starters.size else -1
        begin = start_time[starter] if starter >= 0 else np.inf
        if min(due, begin) > until:
            return DONE
        if begin <= due:
            state[STARTED] += 1
            _start(starter, begin, links, people, calendar, state, laws)
        else:
            if links[link].status == BLOCKED:
                _leave_stuck(link, links, state)
            else:
                _unschedule(link, links, calendar)
            _serve(link, due, links, people, records, calendar, state, laws, onward)


@njit(cache=True, nogil=True)
def group_records(records, first, link, times):
    """Sort crossings by person, each person's in order of time (counting sort)."""
    first[:] = 0
    for row in range(records.size):
        first[records[row].person + 1] += 1
    for person in range(first.size - 1):
        first[person + 1] += first[person]
    place = first[:-1].copy()
    for row in range(records.size):
        at = place[records[row].person]
        place[records[row].person] += 1
        link[at] = records[row].link
        times[at, 0], times[at, 1], times[at, 2] = records[row].enter, records[row].ready, records[row].leave
