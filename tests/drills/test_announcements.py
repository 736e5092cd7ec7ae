"""When people hear orders: delays by means, shares, and the first of several means."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest

from drills.announcements import hearing
from drills.detection import Alarm, Watch
from drills.response import respond
from evacuation.behaviour import Order
from scenarios.responders import AlarmZone
from twin.seeds import Streams


class Crowd(SimpleNamespace):
    def __len__(self) -> int:
        return self.place.size


def crowd(n: int) -> Crowd:
    return Crowd(places=("A", "B"), place=np.repeat([0, 1], [n, 1]))


def zone(**given) -> AlarmZone:
    return AlarmZone.model_validate({"id": "Z", "places": ["A"], "means": "siren"} | given)


def test_a_siren_is_heard_by_all_at_once_and_others_hear_the_order_itself() -> None:
    heard = hearing([zone(delay={"fixed": "7 s"})], crowd(3), Streams(1))
    assert heard.batches() == [(0.0, (3,)), (7.0, (0, 1, 2))]


def test_of_every_message_the_same_share_is_taken_in() -> None:
    # P(first taken in at message k) = 0.6 x 0.4**(k - 1); heard at 10 + 20 k; after three messages 0.4**3 never hear
    n = 20_000
    pa = zone(means="pa", delay={"fixed": "10 s"}, message="20 s", repeats=3, reach=0.6)
    delays = hearing([pa], crowd(n), Streams(2)).delays[:n]
    for k in (1, 2, 3):
        share = 0.6 * 0.4 ** (k - 1)
        assert (delays == 10.0 + 20.0 * k).mean() == pytest.approx(share, abs=4.0 * math.sqrt(share * (1 - share) / n))
    assert np.isinf(delays).mean() == pytest.approx(0.064, abs=4.0 * math.sqrt(0.064 * 0.936 / n))


def test_telephones_ring_by_their_own_latency() -> None:
    n = 20_000
    phone = zone(means="mobile", delay={"lognormal": ["60 s", 0.8]}, reach=0.7)
    delays = hearing([phone], crowd(n), Streams(3)).delays[:n]
    reached = delays[np.isfinite(delays)]
    assert reached.size / n == pytest.approx(0.7, abs=4.0 * math.sqrt(0.21 / n))
    # median 60 s rounded up to 5 s: half of the latencies are at most 60 s
    assert (reached <= 60.0).mean() == pytest.approx(0.5, abs=4.0 * math.sqrt(0.25 / reached.size))
    assert not (reached % 5.0).any()


def test_the_first_of_two_means_counts_and_moves_no_other() -> None:
    phone = zone(id="P", means="mobile", delay={"lognormal": ["60 s", 0.8]}, reach=0.7)
    alone = hearing([phone], crowd(50), Streams(4)).delays
    both = hearing([phone, zone(delay={"fixed": "40 s"})], crowd(50), Streams(4)).delays
    assert np.array_equal(both[:50], np.minimum(alone[:50], 40.0))


def test_what_is_spoken_needs_a_message() -> None:
    for wrong in ({"means": "pa"}, {"message": "5 s"}, {"repeats": 2}):
        with pytest.raises(ValueError, match="message and repeats belong to the means pa"):
            zone(**wrong)


def test_orders_reach_the_people_of_an_alarm_zone_late(chlorine, park) -> None:
    siren = AlarmZone.model_validate({"id": "Z", "places": ["LB-101"], "means": "siren", "delay": {"fixed": "30 s"}})
    scenario = chlorine.model_copy(update={"alarm_zones": (siren,)})
    alarms = (Alarm(time=10.0, tag="GD-101", level=1, limit=1e-6), Alarm(time=20.0, tag="GD-103", level=1, limit=1e-6))
    people = Crowd(places=("LB-101", "BD-CELL"), place=np.array([0, 0, 1]))
    given = {"watch": Watch(alarms=alarms, quiet=((), ())), "streams": Streams(1)}
    done = respond(scenario, park, crowd=people, **given)
    at = {entry.name: entry for entry in done.entries}
    told = at["order.evacuate:LB-101"].time
    orders: list[Order] = [order for order in done.orders if order.action == "evacuate"]
    assert [(order.time, order.people) for order in orders] == [(told, (2,)), (told + 30.0, (0, 1))]
    assert (at["announced:Z"].time, at["announced:Z"].cause) == (told + 30.0, "order.evacuate:LB-101")
    assert [order.people for order in respond(chlorine, park, crowd=people, **given).orders if order.zones] == [
        None
    ] * 3
