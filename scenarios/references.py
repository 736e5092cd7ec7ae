"""Cross references inside one scenario: what is named exists, nothing is named twice, nobody waits for himself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from scenarios.events import DETECTOR_EVENT, Path, declared_events, items, startable_steps, texts
from twin.errors import near

__all__ = ["Finding", "references"]

_NAMED = (
    ("releases",),
    ("population",),
    ("plan", "steps"),
    ("injects",),
    ("responders",),
    ("medics",),
    ("alarm_zones",),
    ("voting", "groups"),
    ("vehicles", "buses"),
    ("objectives",),
    ("expectations",),
    ("alternatives",),
    ("gates",),
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault and the path of the value that has it."""

    path: Path
    what: str
    fix: str = ""

    @property
    def place(self) -> str:
        """The path as text."""
        return ".".join(str(part) for part in self.path)


def references(tree: Mapping[str, object]) -> Iterator[Finding]:
    """Every broken cross reference in the plain content of a scenario, however faulty the rest of it is."""
    yield from _twice(tree)
    yield from _plan(tree)
    yield from _roles(tree)
    yield from _crews(tree)
    yield from _events(tree)
    yield from _objectives(tree)
    yield from _failures(tree)
    yield from _provenance(tree)


def _ids(tree: Mapping[str, object], *path: str) -> list[str]:
    return [str(item["id"]) for _, item in items(tree, *path) if "id" in item]


def _twice(tree: Mapping[str, object]) -> Iterator[Finding]:
    for group in _NAMED:
        seen: set[str] = set()
        for path, item in items(tree, *group):
            name = item.get("id")
            if not isinstance(name, str):
                continue
            if name in seen:
                yield Finding(
                    (*path, "id"), f"{name!r} is used twice in {'.'.join(group)}", "give every entry its own id"
                )
            seen.add(name)


def _plan(tree: Mapping[str, object]) -> Iterator[Finding]:
    steps = _ids(tree, "plan", "steps")
    broken = False
    unprompted = {str(s.get("id")) for _, s in items(tree, "plan", "steps") if s.get("when") or s.get("after")}
    fallbacks = {str(step.get("else")) for _, step in items(tree, "plan", "steps")}
    for path, step in items(tree, "plan", "steps"):
        for key in ("after", "else"):
            name = step.get(key)
            if not isinstance(name, str):
                continue
            if name not in steps:
                broken = True
                yield Finding((*path, key), f"there is no step {name!r}", near(name, steps))
            elif key == "else" and name in unprompted:
                yield Finding(
                    (*path, key),
                    f"else cannot start step {name!r}, which starts by its own when or after",
                    f"take them from {name!r}, or name another step",
                )
        if step.get("after") is None and step.get("when") is None and str(step.get("id")) not in fallbacks:
            broken = True
            yield Finding(
                path, f"step {step.get('id')!r} is never started", "add when: <event>, after: <step>, or an else to it"
            )
    if not broken:
        possible = declared_events(tree)
        can = startable_steps(tree)
        for path, step in items(tree, "plan", "steps"):
            when = step.get("when")
            known = not isinstance(when, str) or when in possible or DETECTOR_EVENT.match(when)
            if str(step.get("id")) not in can and known:
                yield Finding(
                    path,
                    f"step {step.get('id')!r} can never start: it waits for a step that waits for it",
                    "break the circle of after, when and else",
                )


def _roles(tree: Mapping[str, object]) -> Iterator[Finding]:
    plan = tree.get("plan")
    roles = plan.get("roles") if isinstance(plan, Mapping) else None
    if not isinstance(roles, Mapping):
        return
    known = [str(name) for name in roles]
    for path, step in items(tree, "plan", "steps"):
        role = step.get("role")
        if isinstance(role, str) and role not in known:
            yield Finding((*path, "role"), f"there is no role {role!r}", near(role, known))
    for path, inject in items(tree, "injects"):
        for index, role in enumerate(texts(inject, "to")):
            if role not in known:
                yield Finding((*path, "to", index), f"there is no role {role!r}", near(role, known))
    for name, role in roles.items():
        deputy = role.get("deputy") if isinstance(role, Mapping) else None
        if isinstance(deputy, str) and (deputy not in known or deputy == name):
            yield Finding(
                ("plan", "roles", str(name), "deputy"), f"{deputy!r} cannot be the deputy", near(deputy, known)
            )


def _crews(tree: Mapping[str, object]) -> Iterator[Finding]:
    crews, medics = _ids(tree, "responders"), _ids(tree, "medics")
    for path, aid in items(tree, "medics"):
        if aid.get("id") in crews:
            yield Finding((*path, "id"), f"{aid['id']!r} is the name of a crew as well", "give every team its own id")
    sent = {s.get("team") for _, s in items(tree, "plan", "steps") if s.get("do") == "dispatch"}
    for path, step in items(tree, "plan", "steps"):
        team = step.get("team")
        known = [*crews, *medics] if step.get("do") == "dispatch" else crews
        if isinstance(team, str) and team not in known:
            yield Finding((*path, "team"), f"there is no crew {team!r} in responders", near(team, known))
        elif step.get("do") == "search" and isinstance(team, str) and team not in sent:
            yield Finding((*path, "team"), f"no step dispatches the crew {team!r}", f"add do: dispatch, team: {team}")


def _named_events(tree: Mapping[str, object]) -> Iterator[tuple[Path, str]]:
    """Path and name of every event the scenario mentions."""
    for path, step in items(tree, "plan", "steps"):
        for key in ("when", "verify"):
            if isinstance(step.get(key), str):
                yield (*path, key), str(step[key])
    groups: Sequence[tuple[str, str, tuple[str, ...]]] = (
        ("injects", "trigger", ("event",)),
        ("expectations", "rule", ("event", "anchor")),
        ("gates", "when", ("never",)),
    )
    for group, inner, keys in groups:
        for path, item in items(tree, group):
            part = item.get(inner)
            for key in keys:
                if isinstance(part, Mapping) and isinstance(part.get(key), str):
                    yield (*path, inner, key), str(part[key])


def _events(tree: Mapping[str, object]) -> Iterator[Finding]:
    possible = declared_events(tree)
    for path, name in _named_events(tree):
        if name not in possible and not DETECTOR_EVENT.match(name):
            yield Finding(path, f"nothing in this scenario produces the event {name!r}", near(name, possible))


def _objectives(tree: Mapping[str, object]) -> Iterator[Finding]:
    known = _ids(tree, "objectives")
    used: set[str] = set()
    for path, expectation in items(tree, "expectations"):
        name = expectation.get("objective")
        used.add(str(name))
        if isinstance(name, str) and name not in known:
            yield Finding((*path, "objective"), f"there is no objective {name!r}", near(name, known))
    for path, objective in items(tree, "objectives"):
        if isinstance(objective.get("id"), str) and objective["id"] not in used:
            yield Finding(
                (*path, "id"),
                f"no expectation measures the objective {objective['id']!r}",
                "add an expectation or drop it",
            )


def _failures(tree: Mapping[str, object]) -> Iterator[Finding]:
    seen: set[object] = set()
    for path, failure in items(tree, "initial_state"):
        tag = failure.get("fail")
        if isinstance(tag, str) and tag in seen:
            yield Finding((*path, "fail"), f"{tag!r} fails twice", "keep one entry")
        seen.add(tag if isinstance(tag, str) else None)


def _provenance(tree: Mapping[str, object]) -> Iterator[Finding]:
    for path, source in items(tree, "provenance"):
        field = source.get("field")
        if not isinstance(field, str):
            continue
        nodes: list[object] = [tree]
        for part in field.split("."):
            known = sorted({name for node in nodes for name in _names(node)})
            nodes = [inner for node in nodes for inner in _inside(node, part)]
            if not nodes:
                yield Finding((*path, "field"), f"{field!r} leads nowhere: there is no {part!r}", near(part, known))
                break


def _names(node: object) -> list[str]:
    if isinstance(node, Mapping):
        return [str(name) for name in node]
    if isinstance(node, (list, tuple)):
        return [str(item["id"]) for item in node if isinstance(item, Mapping) and "id" in item]
    return []


def _inside(node: object, part: str) -> list[object]:
    if isinstance(node, Mapping):
        return list(node.values()) if part == "*" else [node[part]] if part in node else []
    if isinstance(node, (list, tuple)):
        if part == "*":
            return list(node)
        if part.isdecimal() and len(part) < 10:
            return list(node[int(part) : int(part) + 1])
        return [item for item in node if isinstance(item, Mapping) and item.get("id") == part]
    return []
