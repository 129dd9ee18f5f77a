"""Draws the live table of a rollout, a row for each machine: a pure function of the progress and the time."""

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from fediversity.ledger.records import ENDED_WELL, StepRecord
from fediversity.rollout.events import first_line
from fediversity.rollout.remaining_steps import MachineProgress
from fediversity.support.durations import took

_LONGEST_REASON = 60


def draw(chains: Sequence[MachineProgress], bad: Sequence[str], now: float, seconds: float, rows: int) -> Table:
    """Returns the table after `seconds` of a rollout, in at most `rows` lines.

    `bad` are the steps that have ended badly. If there are too many machines, those that wait or are done are only
    counted, so that the running and the failed ones stay visible.
    """
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(no_wrap=True, style="bold")
    table.add_column(no_wrap=True, justify="right")
    table.add_column(no_wrap=True, justify="right")
    table.add_column(no_wrap=True, overflow="ellipsis")
    shown = [chain for chain in chains if chain.touched or chain.next]
    idle = len(chains) - len(shown)
    room = max(1, rows - 2)
    if len(shown) > room:
        kept = {id(chain) for chain in sorted(shown, key=_importance)[: max(1, room - 1)]}
        hidden = [chain for chain in shown if id(chain) not in kept]
        shown = [chain for chain in shown if id(chain) in kept]
    else:
        hidden = []
    for chain in shown:
        table.add_row(chain.machine, f"{chain.done}/{chain.total}", *_state(chain, now))
    for text in _rest(hidden, idle):
        table.add_row("", "", "", Text(text, style="dim"))
    table.add_row("", "", took(seconds), Text(_counts(chains, bad), style="dim"))
    return table


def _importance(chain: MachineProgress) -> int:
    if chain.last is not None and not chain.last.ended_well and not chain.running:
        return 0
    if chain.running:
        return 2 if all(record.waiting for record in chain.running) else 1
    return 3 if chain.next else 4


def _state(chain: MachineProgress, now: float) -> tuple[str, Text]:
    """Returns the duration and the text of what a machine is doing."""
    if chain.running:
        return _running(chain.running, now)
    last = chain.last
    if last is not None and last.outcome not in ENDED_WELL:
        style = "yellow" if last.outcome == "deferred" else "bold red"
        return _took(last), Text(f"{_short(last)} {last.outcome}: {first_line(last)[:_LONGEST_REASON]}", style=style)
    if chain.next:
        return "", _waiting(chain)
    return (_took(last), Text(f"{_short(last)} {last.outcome}", style="green")) if last else ("", Text(""))


def _running(records: Sequence[StepRecord], now: float) -> tuple[str, Text]:
    at_work = [record for record in records if not record.waiting]
    waiting = ", ".join(_short(record) for record in records if record.waiting)
    began = min(record.started_at for record in at_work or records)
    text = Text(", ".join(_short(record) for record in at_work), style="cyan")
    if waiting:
        text.append(f"{'; ' if at_work else ''}{waiting} waits for its turn", style="dim")
    return took(now - began), text


def _waiting(chain: MachineProgress) -> Text:
    step = str(chain.next).removeprefix(f"{chain.machine}-")
    if chain.kept_by:
        return Text(f"{step} cannot start: {', '.join(chain.kept_by)} did not end well", style="red")
    if chain.waits_for:
        return Text(f"{step} waits for {', '.join(chain.waits_for)}", style="dim")
    return Text(f"{step} waits for {'its server' if step == 'reach' else 'Pulumi'}", style="dim")


def _rest(hidden: Sequence[MachineProgress], idle: int) -> list[str]:
    lines = []
    if hidden:
        waiting = sum(1 for chain in hidden if chain.next)
        lines.append(f"and {waiting} that wait, {len(hidden) - waiting} that are done")
    if idle:
        lines.append(f"{idle} {'machine has' if idle == 1 else 'machines have'} nothing to do")
    return lines


def _counts(chains: Sequence[MachineProgress], bad: Sequence[str]) -> str:
    done, total = sum(chain.done for chain in chains), sum(chain.total for chain in chains)
    running = [record for chain in chains for record in chain.running]
    waiting = sum(1 for record in running if record.waiting)
    counts = [f"{done} of {total} steps done", f"{len(running) - waiting} at work"]
    counts += [f"{waiting} waiting for a turn"] if waiting else []
    counts += [f"{len(bad)} not well"] if bad else []
    return ", ".join(counts)


def _short(record: StepRecord) -> str:
    """Returns the name of a step in its machine's row; a step of a deployment is named by the deployment."""
    return record.kind if record.subject in {record.machine, "fleet"} else f"{record.subject} {record.kind}"


def _took(record: StepRecord) -> str:
    return took((record.ended_at or record.started_at) - record.started_at)
