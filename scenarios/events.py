"""The events of a drill by name: which ones a scenario can produce, and which steps of its plan can ever start.

========================= =========================================================================================
name                      happens when
========================= =========================================================================================
``R1.start``              release R1 begins
``R1.isolated``           the valves named in isolated_by are all shut
``GD-101.alarm_1``        detector GD-101 reaches its first set point (``alarm_2``: the second)
``detection.first``       the first detector is in alarm
``detection.confirmed``   as many detectors are in alarm as `voting` asks for
``detection.confirmed:G`` the voting group G has its votes
``<role>.<do>``           a plan step is finished, such as ``operator.acknowledge_alarm``
``valve.closed:XV-12``    the valve is shut
``valve.failed:XV-12``    the valve was told to shut and did not
``alarm.sounded``         people were warned: a step sound_alarm is finished
``order.evacuate:<zone>`` an order for the zone is given (also ``shelter``, ``all_clear``); zone ``all``: everybody
``inject.<id>``           the inject is delivered
``crew.ready:F``          the crew F is at the staging point in apparatus (``crew.turned_out``, ``crew.staged`` before)
``search.finished:F``     the crew F has searched (``search.started`` before)
``announced:<zone>``      the first people of the alarm zone hear an order
``crew.staged:M``         the medics M are at their staging point
``headcount.report``      the muster points have reported for the first time
``area.safe``             everybody told to leave is accounted for and no detector has shown gas for as long as asked
``headcount.complete``    everybody told to muster has been counted (``headcount.complete:MP-1``: at that point)
========================= =========================================================================================

The functions here read the plain tree of a file, so that they work on a file that has other faults as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from scenarios.plans import ACTIONS

__all__ = ["DETECTOR_EVENT", "declared_events", "items", "startable_steps", "step_events", "texts"]

DETECTOR_EVENT = re.compile(r"^(?P<tag>\S.*)\.alarm_[12]$")
_ALWAYS = ("detection.first", "detection.confirmed", "headcount.complete")
_VALVE_ACTIONS = ("close_valve", "manual_close")
_ORDER_ACTIONS = {"order_evacuate": "evacuate", "order_shelter": "shelter", "order_all_clear": "all_clear"}
_CREW_EVENTS = {
    "dispatch": ("crew.turned_out", "crew.staged", "crew.ready"),
    "search": ("search.started", "search.finished"),
}

Path = tuple[str | int, ...]


def items(tree: Mapping[str, object], *path: str) -> Iterator[tuple[Path, Mapping[str, object]]]:
    """Path and content of every mapping in the list at `path`; nothing where the file is malformed."""
    node: object = tree
    for key in path:
        node = node.get(key) if isinstance(node, Mapping) else None
    if isinstance(node, (list, tuple)):
        for index, item in enumerate(node):
            if isinstance(item, Mapping):
                yield (*path, index), item


def texts(item: Mapping[str, object], key: str) -> tuple[str, ...]:
    """The texts of a list, or nothing."""
    found = item.get(key)
    return tuple(word for word in found if isinstance(word, str)) if isinstance(found, (list, tuple)) else ()


def step_events(step: Mapping[str, object]) -> frozenset[str]:
    """Events a plan step can produce."""
    do = step.get("do")
    found = {f"{step.get('role')}.{do}"}
    unclear = do not in ACTIONS  # a misspelt action is reported by itself; what it might have meant counts as possible
    if do in _VALVE_ACTIONS or unclear:
        found |= {f"valve.{end}:{tag}" for tag in texts(step, "target") for end in ("closed", "failed")}
    if unclear:
        found |= {f"order.{word}:{zone}" for word in _ORDER_ACTIONS.values() for zone in texts(step, "zones")}
    elif do in _ORDER_ACTIONS:
        found |= {f"order.{_ORDER_ACTIONS[str(do)]}:{zone}" for zone in texts(step, "zones") or ("all",)}
    for begun, crew_events in _CREW_EVENTS.items():
        if do == begun or unclear:
            found |= {f"{name}:{step.get('team')}" for name in crew_events}
    if do == "sound_alarm":
        found.add("alarm.sounded")
    return frozenset(found)


def declared_events(tree: Mapping[str, object], *, steps: bool = True) -> frozenset[str]:
    """Every event the scenario itself can produce; detectors come with the park.

    Parameters
    ----------
    tree
        Plain content of a scenario.
    steps
        Whether to count what the plan's steps produce.
    """
    found = set(_ALWAYS)
    found |= {f"{item['id']}.start" for _, item in items(tree, "releases") if "id" in item}
    found |= {
        f"{item['id']}.isolated" for _, item in items(tree, "releases") if "id" in item and item.get("isolated_by")
    }
    found |= {f"headcount.complete:{item['muster']}" for _, item in items(tree, "plan", "steps") if item.get("muster")}
    found |= {f"inject.{item['id']}" for _, item in items(tree, "injects") if "id" in item}
    found |= {f"announced:{item['id']}" for _, item in items(tree, "alarm_zones") if "id" in item}
    found |= {name for key, name in (("head_count", "headcount.report"), ("all_clear", "area.safe")) if tree.get(key)}
    found |= {f"detection.confirmed:{item['id']}" for _, item in items(tree, "voting", "groups") if "id" in item}
    if steps:
        for _, step in items(tree, "plan", "steps"):
            found |= step_events(step)
    return frozenset(found)


def startable_steps(tree: Mapping[str, object]) -> frozenset[str]:
    """Ids of the plan steps that can ever start; the others wait for one another, or for nobody.

    A step needs its `after` step to be startable and its `when` event to be possible: an alarm, a release, an inject or
    something a startable step produces. A step with neither is started by the `else` of a startable step.
    """
    steps = {str(step.get("id")): step for _, step in items(tree, "plan", "steps")}
    events = set(declared_events(tree, steps=False))
    backed: set[str] = set()
    started: set[str] = set()
    grown = True
    while grown:
        grown = False
        for name, step in steps.items():
            if name in started:
                continue
            after, when = step.get("after"), step.get("when")
            lone = after is None and when is None
            can = name in backed if lone else (after is None or str(after) in started)
            if can and isinstance(when, str):
                can = when in events or DETECTOR_EVENT.match(when) is not None
            if can:
                started.add(name)
                events |= step_events(step)
                if isinstance(step.get("else"), str):
                    backed.add(str(step["else"]))
                grown = True
    return frozenset(started)
