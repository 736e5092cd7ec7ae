"""The one family of errors: what went wrong, where, and how to mend it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, Self

__all__ = [
    "LayoutError",
    "ModelError",
    "Problem",
    "ReadingError",
    "ScenarioError",
    "TwinError",
    "UnitError",
    "near",
]


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault found while checking a file or a set of inputs.

    Parameters
    ----------
    what
        What is wrong.
    where
        ``file:line``, tag or feature; empty when there is only one place it can be.
    fix
        How to mend it.
    severity
        ``"error"`` stops the work, ``"warning"`` is reported and kept.
    """

    what: str
    where: str = ""
    fix: str = ""
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        mend = f" -> {self.fix}" if self.fix else ""
        return f"{place}{self.what}{mend}"


class TwinError(Exception):
    """Root of every error raised on purpose by parktwin.

    Parameters
    ----------
    what
        What went wrong, in one sentence.
    where
        ``file:line``, tag or argument.
    fix
        How to mend it.
    problems
        All faults behind this error when several were found at once.
    """

    def __init__(self, what: str, *, where: str = "", fix: str = "", problems: Sequence[Problem] = ()) -> None:
        self.what = what
        self.where = where
        self.fix = fix
        self.problems: tuple[Problem, ...] = tuple(problems) or (Problem(what, where, fix),)
        super().__init__(what)

    def __str__(self) -> str:
        head = str(Problem(self.what, self.where, self.fix))
        if self.problems == (Problem(self.what, self.where, self.fix),):
            return head
        return "\n".join([head, *(f"  {number}. {p}" for number, p in enumerate(self.problems, 1))])

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.what, self.where, self.fix, self.problems))

    @classmethod
    def of(cls, problems: Iterable[Problem], *, where: str = "") -> Self:
        """Build one error out of many problems; the single problem speaks for itself."""
        found = tuple(problems)
        if len(found) == 1:
            only = found[0]
            return cls(only.what, where=only.where or where, fix=only.fix)
        return cls(f"{len(found)} problems", where=where, problems=found)


def _rebuild(kind: type[TwinError], what: str, where: str, fix: str, problems: tuple[Problem, ...]) -> TwinError:
    return kind(what, where=where, fix=fix, problems=problems)


class LayoutError(TwinError):
    """A layout, a tag or the plant graph is not usable."""


class ReadingError(TwinError):
    """A live or replayed reading cannot be understood."""


class ScenarioError(TwinError):
    """A scenario, plan or drill file is not usable."""


class ModelError(TwinError):
    """A model was asked something outside its valid range."""


class UnitError(TwinError):
    """A quantity has no unit, an unknown unit, or one of the wrong dimension."""


def near(word: str, known: Iterable[str], *, most: int = 3) -> str:
    """Sentence that names the known words closest to `word`.

    Returns
    -------
    str
        ``"did you mean 'T-101' or 'T-102'?"``; without a close match, the known words themselves
        (at most twelve); empty when nothing is known.
    """
    names = sorted(set(known))
    lowered = {name.casefold(): name for name in names}
    close = difflib.get_close_matches(word.casefold(), lowered, n=most, cutoff=0.6)
    if close:
        return "did you mean " + " or ".join(repr(lowered[name]) for name in close) + "?"
    if not names:
        return ""
    shown = ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
    return f"known: {shown}"
