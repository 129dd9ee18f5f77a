"""Formats the status of machines as lines that fit a terminal. The words are complete without the colours."""

import textwrap
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from fediversity.cli.status_model import Status, StatusNote
from fediversity.support.durations import ago, took

WIDTH = 100
_INDENT = "      "
_STYLES = {
    "well": "green",
    "unwell": "bold red",
    "unreachable": "yellow",
    "unknown": "dim",
    "running": "cyan",
    "waiting": "cyan",
    "held": "yellow",
    "deferred": "yellow",
    "rolled back": "yellow",
    "failed": "bold red",
    "interrupted": "bold red",
    "drifted": "bold red",
}


_UNDER_WAY = {"running", "waiting"}


def print_status(
    title: str,
    machines: Sequence[Status],
    deployments: Sequence[Status],
    switched_off: Sequence[str],
    folder: Path,
    now: float,
) -> None:
    """Prints the status of a stack."""
    console = Console(highlight=False)
    for line in status_lines(title, machines, deployments, switched_off, folder, now):
        console.print(line, soft_wrap=True)


def status_lines(
    title: str,
    machines: Sequence[Status],
    deployments: Sequence[Status],
    switched_off: Sequence[str],
    folder: Path,
    now: float,
) -> list[Text]:
    """Returns the status of a stack: a row for each machine with its notes below it; deployments likewise.

    `folder` is the stack's, to which the names of logs are relative.
    """
    lines = [Text(title, style="bold"), Text()]
    lines += _table(("machine", "applied", "", "health"), machines, _machine_cells, folder, now)
    if deployments:
        lines += [Text(), *_table(("deployment", "on", "applied", ""), deployments, _deployment_cells, folder, now)]
    if switched_off:
        lines += [Text(), *_wrapped(f"Switched off: {', '.join(switched_off)}", "", style="dim")]
    return lines


Cell = tuple[str, str]
"""A text and its style."""


def _table(
    heads: Sequence[str],
    rows: Sequence[Status],
    cells_of: Callable[[Status, float], list[Cell]],
    folder: Path,
    now: float,
) -> Iterator[Text]:
    cells = [cells_of(row, now) for row in rows]
    widths = [max(len(head), *(len(row[number][0]) for row in cells)) for number, head in enumerate(heads)]
    yield _line([(head, "dim") for head in heads], widths)
    for row, shown in zip(rows, cells, strict=True):
        yield _line(shown, widths)
        for note in row.notes:
            yield from _note_lines(note, folder, now)


def _line(cells: Sequence[Cell], widths: Sequence[int]) -> Text:
    line = Text("  ")
    for (text, style), width in zip(cells, widths, strict=True):
        line.append(text, style=style)
        line.append(" " * (width - len(text) + 2))
    line.rstrip()
    return line


def _machine_cells(status: Status, now: float) -> list[Cell]:
    return [(status.name, "bold"), *_applied(status, now), _health(status, now)]


def _deployment_cells(status: Status, now: float) -> list[Cell]:
    return [(status.name, "bold"), (status.on, ""), *_applied(status, now)]


def _applied(status: Status, now: float) -> list[Cell]:
    applied = status.applied
    if applied is None:
        return [("-", "dim"), ("never", "dim")]
    return [(status.fingerprint or "-", ""), (ago(now - (applied.ended_at or now)), "")]


def _health(status: Status, now: float) -> Cell:
    style = _STYLES[status.health]
    if status.seen_at is None:
        return ("not known" if status.applied or status.notes else "-", style)
    seen = f"after its step {ago(now - status.seen_at)}"
    if status.seen_by == "a look":
        seen = f"looked at {ago(now - status.seen_at)}"
    drifted = {True: ", drifted", False: ", not drifted", None: ""}[status.drift]
    return (f"{status.health}{drifted}, {seen}", _STYLES["drifted"] if status.drift else style)


def _note_lines(note: StatusNote, folder: Path, now: float) -> Iterator[Text]:
    what = f"{note.step} {note.kind}" if note.step and note.kind not in {"held"} else note.kind
    when = f"for {took(now - note.at)}" if note.kind in _UNDER_WAY else ago(now - note.at)
    yield from _wrapped(f"{what} {when}: {note.why}", _INDENT, style=_STYLES[note.kind])
    if note.hint:
        yield from _wrapped(f"what to do: {note.hint}", f"{_INDENT}  ")
    if note.log and note.kind != "held":
        yield Text(f"{_INDENT}  log: {folder / note.log}", style="dim")


def _wrapped(text: str, indent: str, style: str = "") -> Iterator[Text]:
    """Wraps a text at WIDTH. A longer word stays whole, so that it can be copied."""
    for line in textwrap.wrap(
        text,
        WIDTH,
        initial_indent=indent,
        subsequent_indent=f"{indent}  ",
        break_long_words=False,
        break_on_hyphens=False,
    ):
        yield Text(line, style=style)
