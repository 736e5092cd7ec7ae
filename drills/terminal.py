"""What the command line shows: tables, progress and sentences on a terminal. Only the command line asks for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

    from drills.doctor import Check

__all__ = ["count", "print_checks", "print_scores", "print_shelf", "print_tables", "progress"]


def count(number: int, noun: str) -> str:
    """Number with its noun: "1 file", "2 files"."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _console(*, err: bool = False) -> Console:
    from rich.console import Console

    return Console(stderr=err, soft_wrap=False, emoji=False, markup=False)


@contextmanager
def progress(*, quiet: bool) -> Iterator[Callable[[str, float], None]]:
    """Give a function that shows how far each stage is: bars on a terminal, one line a stage elsewhere."""
    if quiet:
        yield lambda _stage, _fraction: None
        return
    screen = _console(err=True)
    if not screen.is_terminal:
        told: set[str] = set()

        def tell(stage: str, _: float) -> None:
            if stage not in told:
                told.add(stage)
                screen.print(f"{stage} ...", highlight=False)

        yield tell
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    with Progress(
        TextColumn("{task.description:<16}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        console=screen,
    ) as bars:
        tasks: dict[str, Any] = {}

        def show(stage: str, fraction: float) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=1.0)
            bars.update(tasks[stage], completed=min(max(fraction, 0.0), 1.0))

        yield show
        for task in tasks.values():
            bars.update(task, completed=1.0)


def print_shelf(found: Mapping[str, Any]) -> None:
    """Scenarios, parks and models that are installed."""
    from rich.table import Table

    table = Table(title="Scenarios", title_justify="left", caption_justify="left")
    for name in ("scenario", "what happens", "park"):
        table.add_column(name, overflow="fold")
    for row in found["scenarios"]:
        table.add_row(row["id"], f"{row['title']['en']}\n{row['title']['zh']}", row["park"] or "-")
    screen = _console()
    screen.print(table)
    screen.print(f"Parks: {', '.join(found['parks'])}", highlight=False)
    screen.print(f"Dispersion models: {', '.join(found['models'])}", highlight=False)
    screen.print("Run one with: parktwin run SCENARIO", highlight=False)


def print_scores(summary: Mapping[str, Any]) -> None:
    """Marks, gates, outcome and warnings of a drill, readable at 80 columns."""
    from rich.table import Table
    from rich.text import Text

    from drills.facts import score_lines
    from drills.words import GRADES

    scores, title = summary["scores"], summary["scenario"]["title"]
    colours = {"at target": "green", "late": "yellow", "below": "yellow", "missed": "red", "not judged": "cyan"}
    table = Table(title=f"{title['en']}\n{title['zh']}", title_justify="left", title_style="bold")
    table.add_column("expectation", overflow="fold")
    for name in ("measured", "target", "limit", "mark"):
        table.add_column(name, justify="right")
    table.add_column("finding", no_wrap=True)
    for line in score_lines(summary):
        name = line.id + (" *" if line.required else "")
        finding = Text(line.verdict, style=colours[line.verdict])
        table.add_row(name, line.measured, line.target, line.limit, line.value, finding)
    screen = _console()
    screen.print(table)

    def tell(text: str) -> None:
        screen.print(text, highlight=False)

    tell("* required")
    for gate in scores["gates"]:
        if gate["tripped"]:
            tell(f"gate {gate['id']} tripped: {gate['reason_en']} {gate['reason_zh']}")
    shares = {name: "-" if scores[name] is None else f"{scores[name]:.0%}" for name in ("process", "outcome")}
    tell(f"Grade {scores['grade']} {scores['grade_zh']}: {GRADES[scores['grade']]}")
    tell(f"Process {shares['process']}, outcome {shares['outcome']} of the avertable toxic load averted")
    for warning in summary["warnings"]:
        tell(f"warning: {warning}")


def print_tables(
    head: Sequence[str], tables: Sequence[tuple[str, Sequence[str], Sequence[Sequence[str]]]], tail: Sequence[str]
) -> None:
    """Sentences, tables (title, columns, rows) and sentences, readable at 80 columns."""
    from rich.table import Table

    screen = _console()
    for line in head:
        screen.print(line, highlight=False)
    for title, columns, rows in tables:
        table = Table(title=title or None, title_justify="left", title_style="bold")
        for k, name in enumerate(columns):
            named = bool(title) and k == 0
            table.add_column(name, justify="left" if named else "right", no_wrap=named, overflow="fold")
        for row in rows:
            table.add_row(*row)
        screen.print(table, highlight=False)
    for line in tail:
        screen.print(line, highlight=False)


def print_checks(checks: Sequence[Check]) -> None:
    """What the doctor found."""
    from rich.table import Table
    from rich.text import Text

    colours = {"ok": "green", "warn": "yellow", "fail": "red"}
    table = Table(box=None, pad_edge=False)
    table.add_column("check", no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_column("found", overflow="fold")
    for c in checks:
        table.add_row(c.name, Text(c.status, style=colours[c.status]), c.text + (f"\n-> {c.mend}" if c.mend else ""))
    screen = _console()
    screen.print(table)
    counts = {status: sum(c.status == status for c in checks) for status in colours}
    screen.print(
        f"{counts['ok']} ok, {count(counts['warn'], 'warning')}, {count(counts['fail'], 'failure')}", highlight=False
    )
