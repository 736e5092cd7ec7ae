"""The link network of people on their way, played event by event.

Only arrays and scalars go in; trouble comes back as an integer status. The state of links and people is held in record
arrays, one cache line or two each, whose fields are listed here and filled by `evacuation.walking`. Where `total` has
rows, people breathe on their way, slow down in bad air and fall when they have gathered their limit; a fallen person
is nobody's queue any more, and still takes room on the link.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from evacuation._kernels.loads import reached, until_time
from evacuation._kernels.options import BARE, INLINE

LINK = np.dtype(
    [
        ("head", "i4"), ("tail", "i4"), ("count", "i4"), ("store", "i4"),  # queue, people on it, most it holds
        ("target", "i4"),  # the full link it waits for or was let into
        ("wait_head", "i4"), ("wait_tail", "i4"), ("wait_next", "i4"),  # links that wait for this one, in line
        ("starter_head", "i4"), ("starter_tail", "i4"),  # people who want to start here
        ("before", "i4"), ("after", "i4"), ("bucket", "i4"),  # neighbours in the calendar or the line of the stuck
        ("fallen", "i4"),  # people who fall here
        ("status", "i1"), ("turn", "i1"),  # see below; who enters next: 0 links, 1 starters
        ("passing", "i1"), ("closed", "i1"),  # 1 if people overtake; 1 if nobody may enter
        ("shared", "i1"), ("lying", "i1"),  # 1 if the other direction uses the same way; 1 once somebody lies here
        ("free", "f8"), ("event", "f8"),  # when the exit may be used again; time of the next event [s]
        ("length", "f8"), ("area", "f8"), ("law_speed", "f8"), ("top_speed", "f8"),
        ("headway", "f8"), ("narrow", "f8"),  # between two people at the end; the same past somebody who lies there
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
HARM = np.dtype(
    [
        ("gathered", "f8"), ("limit", "f8"),  # load since setting out, of `limit` that can still be borne
        ("share", "f8"), ("fallen", "f8"),  # factor on the load of the air; when the limit was reached [s]
        ("counted", "f8"),  # time up to which the wait at the end of the link is in `gathered` [s]
        ("mark", "f8"), ("marked", "f8"),  # load of a first effect, and when it was reached [s]
        ("row", "i4"), ("lying", "i4"),  # row of the air at the place; row where the person lies
        ("part", "f8"),  # and the part of the way from there to the next row
    ],
    align=True,
)  # fmt: skip
CROSSING = np.dtype(
    [("person", "i4"), ("link", "i4"), ("enter", "f8"), ("ready", "f8"), ("leave", "f8")], align=True
)  # fmt: skip

# Status of a link: no one, head has a time, waits in line, let in, no way on at present.
IDLE, DUE, BLOCKED, GRANTED, HELD = 0, 1, 2, 3, 4
ARRIVE, NO_WAY, WAIT = -1, -2, -3  # what `onward` says besides the number of a link

# Entries of `state`: people started, calendar position, crossings, arrivals, forced entries, walkers, stuck line, and
# 1 if people breathe on their way.
STARTED, AT_BUCKET, RECORDS, ARRIVED, FORCED, WALKING, STUCK_HEAD, STUCK_TAIL, BREATHING = range(9)
COUNTERS = 9

# Entries of `laws`.
DENSITY_SLOPE, FREE_DENSITY, LEAST_SPEED, STUCK_TIME, BUCKET_WIDTH, HORIZON, AIR_WIDTH, ONWARD_WIDTH = range(8)
SLOW_WIDTH = 8

DONE, RECORDS_FULL = 0, 1  # status codes of `advance`


@njit(**INLINE)
def schedule(link, time, links, calendar, state, width):
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


@njit(**INLINE)
def unschedule(link, links, calendar):
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


@njit(**INLINE)
def breathe(person, row, start, stop, harm, total, laws):
    """Gather the load of a row between two times; True if the limit is reached, and then when and where is kept."""
    stop = min(stop, laws[HORIZON])
    if stop <= start:
        return False
    width = laws[AIR_WIDTH]
    before = until_time(total, row, start, width)
    share, gathered = harm[person].share, harm[person].gathered
    gained = share * (until_time(total, row, stop, width) - before)
    if gathered < harm[person].mark <= gathered + gained:
        need = before + (harm[person].mark - gathered) / share
        harm[person].marked = reached(total, row, need, start, stop, width)
    if gathered + gained < harm[person].limit:
        harm[person].gathered += gained
        return False
    need = before + (harm[person].limit - gathered) / share
    harm[person].fallen = reached(total, row, need, start, stop, width)
    harm[person].lying = row
    harm[person].gathered = harm[person].limit
    return True


@njit(**INLINE)
def _walk(person, link, time, speed, links, harm, total, slow, segment_row, segments, laws):
    """Walk a link point by point in its air: when its end is reached, and whether the person falls before."""
    n, base, back = segments[link // 2], segment_row[link // 2], link % 2
    step = links[link].length / n
    fell = False
    for k in range(n + 1):
        row = base + (n - k if back == 1 else k)
        pace = speed
        if slow.shape[0] > 0:
            cell = min(int(time / laws[SLOW_WIDTH]), slow.shape[1] - 1)
            pace = max(speed * slow[row, cell], min(speed, laws[LEAST_SPEED]))
        stop = time + (step if 0 < k < n else 0.5 * step) / pace
        if not fell and breathe(person, row, time, stop, harm, total, laws):
            fell = True
            gone = max(k - 0.5, 0.0) + (harm[person].fallen - time) * pace / step  # pieces walked
            gone = min(max(n - gone if back == 1 else gone, 0.0), float(n))
            harm[person].lying = base + int(gone)
            harm[person].part = gone - int(gone)
        time = stop
    return time, fell


@njit(**BARE)
def _fell_waiting(person, time, people, harm, total, slow, segment_row, segments, laws):
    """Whether somebody who waited at the place for the first link fell there."""
    row = harm[person].row
    waited = people[person].enter == np.inf and row >= 0
    return waited and breathe(person, row, people[person].ready, time, harm, total, laws)


@njit(**INLINE)
def fell_in_line(person, link, time, harm, total, slow, segment_row, segments, laws):
    """Whether somebody fell while waiting at the end of a link."""
    start = harm[person].counted
    harm[person].counted = time
    return breathe(person, end_row(link, segment_row, segments), start, time, harm, total, laws)


@njit(**INLINE)
def end_row(link, segment_row, segments):
    """Row of the air at the end of a link, where people wait."""
    base = segment_row[link // 2]
    return base if link % 2 == 1 else base + segments[link // 2]


@njit(**INLINE)
def lie_down(person, link, links, people, state):
    """A person who falls on a link is in no queue; the room stays taken."""
    people[person].next = links[link].fallen
    links[link].fallen = person
    state[WALKING] -= 1


@njit(**INLINE)
def _has_room(link, links):
    if links[link].closed == 1:
        return False
    own, store = links[link].count, links[link].store
    if links[link].shared == 0:
        return own < store
    return own + links[link ^ 1].count < store or own < max(store // 2, 1)


@njit(**BARE)
def _someone_lies(link, time, links, people, harm):
    """Whether somebody who fell on a link lies there by now."""
    person = links[link].fallen
    while person >= 0:
        if harm[person].fallen <= time:
            return 1
        person = people[person].next
    return 0


@njit(**INLINE)
def _headway(link, time, links, people, harm):
    """Time until the next one may leave: longer past the fallen, and where the other direction takes its part.

    Two streams on one way form lanes; the capacity of the way is shared in proportion to the people on it.
    """
    if links[link].lying == 0 and links[link].fallen >= 0:
        links[link].lying = _someone_lies(link, time, links, people, harm)
    gap = links[link].narrow if links[link].lying == 1 else links[link].headway
    if links[link].shared == 1:
        gap *= (links[link].count + links[link ^ 1].count) / max(links[link].count, 1)
    return gap


@njit(**INLINE)
def _enter(person, link, time, links, people, harm, total, slow, segment_row, segments, calendar, state, laws):
    """Let a person, already counted, walk onto a link, who may have fallen while waiting for that at the place."""
    if state[BREATHING] == 1 and _fell_waiting(person, time, people, harm, total, slow, segment_row, segments, laws):
        links[link].count -= 1
        state[WALKING] -= 1
        return
    others = links[link].count - 1
    if links[link].shared == 1:
        others += links[link ^ 1].count
    density = others / links[link].area
    speed = min(people[person].speed, links[link].top_speed)
    if density > laws[FREE_DENSITY]:
        law = links[link].law_speed * (1.0 - laws[DENSITY_SLOPE] * density)
        speed = min(speed, max(law, laws[LEAST_SPEED]))
    people[person].link = link
    people[person].enter = time
    if state[BREATHING] == 1:
        ready, fell = _walk(person, link, time, speed, links, harm, total, slow, segment_row, segments, laws)
        people[person].ready = harm[person].counted = ready
        if fell:
            lie_down(person, link, links, people, state)
            return
    else:
        ready = time + links[link].length / speed
        people[person].ready = ready
    behind, ahead = -1, links[link].tail
    if links[link].passing == 1:
        while ahead >= 0 and people[ahead].ready > ready:
            behind, ahead = ahead, people[ahead].previous
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
        unschedule(link, links, calendar)
        links[link].status = DUE
        schedule(link, max(ready, links[link].free), links, calendar, state, laws[BUCKET_WIDTH])


@njit(**INLINE)
def leave_stuck(link, links, state):
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


@njit(**BARE)
def admit(link, time, links, people, harm, total, slow, segment_row, segments, calendar, state, laws):
    """Give the free space of a link to those who wait for it: blocked links and starters in turn."""
    while _has_room(link, links):
        waiter, starter = links[link].wait_head, links[link].starter_head
        if waiter < 0 and starter < 0:
            return
        links[link].count += 1
        if waiter >= 0 and (starter < 0 or links[link].turn == 0):
            links[link].turn = 1
            links[link].wait_head = links[waiter].wait_next
            leave_stuck(waiter, links, state)
            links[waiter].status = GRANTED
            schedule(waiter, time, links, calendar, state, laws[BUCKET_WIDTH])
        else:
            links[link].turn = 0
            links[link].starter_head = people[starter].next
            _enter(starter, link, time, links, people, harm, total, slow, segment_row, segments, calendar, state, laws)


@njit(**INLINE)
def freed(link, time, links, people, harm, total, slow, segment_row, segments, calendar, state, laws):
    """Room came free on a link: its own waiters may come, and those of the other direction of the same way."""
    if links[link].wait_head >= 0 or links[link].starter_head >= 0:
        admit(link, time, links, people, harm, total, slow, segment_row, segments, calendar, state, laws)
    if links[link].shared == 1 and (links[link ^ 1].wait_head >= 0 or links[link ^ 1].starter_head >= 0):
        admit(link ^ 1, time, links, people, harm, total, slow, segment_row, segments, calendar, state, laws)


@njit(**INLINE)
def _start(person, time, links, people, harm, total, slow, segment_row, segments, calendar, state, laws):
    """A person comes to the first link of the way, and enters it or queues for it."""
    link = people[person].link
    if link < 0:
        people[person].arrival = time
        state[ARRIVED] += 1
        return
    state[WALKING] += 1
    people[person].enter = np.inf
    people[person].ready = time
    if _has_room(link, links) and links[link].starter_head < 0 and links[link].wait_head < 0:
        links[link].count += 1
        _enter(person, link, time, links, people, harm, total, slow, segment_row, segments, calendar, state, laws)
        return
    people[person].next = -1
    if links[link].starter_head < 0:
        links[link].starter_head = person
    else:
        people[links[link].starter_tail].next = person
    links[link].starter_tail = person


@njit(**BARE)
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


@njit(**BARE)
def leave_line(link, target, links):
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


@njit(**INLINE)
def _record(person, leave, people, records, state):
    row = state[RECORDS]
    records[row].person = person
    records[row].link = people[person].link
    records[row].enter = people[person].enter
    records[row].ready = people[person].ready
    records[row].leave = leave
    state[RECORDS] = row + 1


@njit(**INLINE)
def _step_up(link, time, links, people, calendar, state, laws):
    """Take the head out of the queue; the next one is due."""
    behind = people[links[link].head].next
    links[link].head = behind
    links[link].status = IDLE
    if behind >= 0:
        people[behind].previous = -1
        links[link].status = DUE
        due = max(people[behind].ready, links[link].free, time)
        schedule(link, due, links, calendar, state, laws[BUCKET_WIDTH])
    else:
        links[link].tail = -1


@njit(**BARE)
def step_aside(link, time, links, people, harm, total, slow, segment_row, segments, calendar, state, laws):
    """The head of a link, due at last, fell while it waited: the others step past, and a place given to it is free."""
    person, status = links[link].head, links[link].status
    target = np.int64(links[link].target)
    if status == BLOCKED:
        leave_line(link, target, links)
    _step_up(link, time, links, people, calendar, state, laws)
    lie_down(person, link, links, people, state)
    if status == GRANTED:
        links[target].count -= 1
        freed(target, time, links, people, harm, total, slow, segment_row, segments, calendar, state, laws)


@njit(**INLINE)
def _next_way(person, link, time, people, laws, onward):
    column = 0
    if onward.shape[1] > 1:
        column = min(int(time / laws[ONWARD_WIDTH]), onward.shape[1] - 1)
    return onward[people[person].destination, column, link], column


@njit(**INLINE)
def _serve(link, time, links, people, harm, total, slow, segment_row, segments, records, calendar, state, laws, onward):
    """The head of a link is due: it arrives, moves on, waits or is blocked."""
    person, status = links[link].head, links[link].status
    if state[BREATHING] == 1 and fell_in_line(person, link, time, harm, total, slow, segment_row, segments, laws):
        step_aside(link, time, links, people, harm, total, slow, segment_row, segments, calendar, state, laws)
        return
    if status == DUE:
        target, column = _next_way(person, link, time, people, laws, onward)
        if target == WAIT and column < onward.shape[1] - 1:
            schedule(link, (column + 1) * laws[ONWARD_WIDTH], links, calendar, state, laws[BUCKET_WIDTH])
            return
        if target < ARRIVE or (target >= 0 and links[target].closed == 1):
            links[link].status = HELD
            return
        if target >= 0:
            if not _has_room(target, links):
                _block(link, target, time, links, state, laws)
                return
            links[target].count += 1
    else:
        target = np.int64(links[link].target)
        if status == BLOCKED:
            leave_line(link, target, links)
            links[target].count += 1
            state[FORCED] += 1
    links[link].free = time + _headway(link, time, links, people, harm)
    links[link].count -= 1
    _step_up(link, time, links, people, calendar, state, laws)
    _record(person, time, people, records, state)
    if target < 0:
        people[person].arrival = time
        state[ARRIVED] += 1
        state[WALKING] -= 1
    else:
        _enter(person, target, time, links, people, harm, total, slow, segment_row, segments, calendar, state, laws)
    freed(link, time, links, people, harm, total, slow, segment_row, segments, calendar, state, laws)


@njit(**BARE)
def advance(
    until,
    starters,
    start_time,
    links,
    people,
    harm,
    total,
    slow,
    segment_row,
    segments,
    records,
    calendar,
    state,
    laws,
    onward,
):
    """Play every event up to and including `until`, in the order of (time, starters first, link).

    Parameters
    ----------
    until
        Time to play to. [s]
    starters
        People sorted by (start time, id); those before ``state[STARTED]`` have started.
    start_time
        Start time of every person. [s]
    links, people, harm
        State, of type LINK, PERSON and HARM.
    air
        Load gathered from time 0 to each bin edge, a row a segment; factors on the speed in each bin, or no rows; first
        row and number of segments of each two-way link. Without rows nobody breathes.
    records
        Out: finished crossings, of type CROSSING.
    calendar
        First link with an event in each time bucket, -1 if none.
    state, laws
        Counters; constants of motion.
    onward
        Next link by the time of asking, shape (destinations, bins, links); ARRIVE where the destination is at the end
        of the link, NO_WAY, or WAIT for the next bin.

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
            _start(starter, begin, links, people, harm, total, slow, segment_row, segments, calendar, state, laws)
        else:
            if links[link].status == BLOCKED:
                leave_stuck(link, links, state)
            else:
                unschedule(link, links, calendar)
            _serve(
                link,
                due,
                links,
                people,
                harm,
                total,
                slow,
                segment_row,
                segments,
                records,
                calendar,
                state,
                laws,
                onward,
            )


@njit(cache=True, nogil=True, error_model="numpy")
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
