"""Medics at the staging point: sorting of those who are brought out, and ambulances; no clock of its own."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any, Protocol

from scenarios.quantities import DurationSpread, SpeedSpread
from scenarios.responders import Medics

__all__ = ["Aid"]

_Waiting = Generator[Any, Any, None]


class _Clock(Protocol):
    def timeout(self, delay: float) -> Any: ...
    def process(self, generator: _Waiting) -> Any: ...


class Aid:
    """The medics of one play and the casualties who wait for them, first come first served.

    How badly somebody is hurt is not modelled beyond fallen or dead, so that sorting changes no order, and what becomes
    of somebody who has been carried out depends on nothing here.

    Parameters
    ----------
    teams
        Who.
    clock
        Clock of the play.
    draw
        Value of a spread from the stream of that name.
    say
        Writes to the log: actor, name, cause, detail.
    """

    def __init__(
        self,
        teams: Sequence[Medics],
        *,
        clock: _Clock,
        draw: Callable[[str, DurationSpread | SpeedSpread], float],
        say: Callable[[str, str, str, Mapping[str, Any]], None],
    ) -> None:
        self.clock, self.draw, self.say = clock, draw, say
        self.teams = {team.id: team for team in teams}
        self._waiting: deque[int] = deque()
        self._hands: dict[str, int] = {}
        self._cars: dict[str, int] = {}
        self._sorted: dict[str, deque[int]] = {}

    def open(self, name: str) -> None:
        """The team is at its staging point."""
        team = self.teams[name]
        self._hands[name], self._cars[name], self._sorted[name] = team.medics, team.vehicles, deque()
        self._serve()

    def receive(self, who: int) -> None:
        """Somebody has been carried out."""
        self._waiting.append(who)
        self._serve()

    def _serve(self) -> None:
        for name in self._hands:
            while self._waiting and self._hands[name]:
                self._hands[name] -= 1
                self.clock.process(self._triage(name, self._waiting.popleft()))

    def _triage(self, name: str, who: int) -> _Waiting:
        yield self.clock.timeout(self.draw(f"{name}/triage/{who}", self.teams[name].triage))
        self.say(name, f"triaged:{who}", f"rescued:{who}", {"waiting": len(self._waiting)})
        self._hands[name] += 1
        self._sorted[name].append(who)
        self._serve()
        self._load(name)

    def _load(self, name: str) -> None:
        while self._cars[name] and self._sorted[name]:
            self._cars[name] -= 1
            seats = min(self.teams[name].seats, len(self._sorted[name]))
            self.clock.process(self._drive(name, [self._sorted[name].popleft() for _ in range(seats)]))

    def _drive(self, name: str, aboard: Sequence[int]) -> _Waiting:
        team, first = self.teams[name], aboard[0]
        for who in aboard:
            self.say(name, f"transported:{who}", f"triaged:{who}", {"aboard": len(aboard)})
        yield self.clock.timeout(self.draw(f"{name}/journey/{first}", team.journey))
        for who in aboard:
            self.say(name, f"handed_over:{who}", f"transported:{who}", {})
        yield self.clock.timeout(self.draw(f"{name}/back/{first}", team.back))
        self._cars[name] += 1
        self._load(name)
