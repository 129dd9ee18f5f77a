"""What Pulumi says about a rollout, for people who did not see its output as it came."""

from collections.abc import Collection, Iterable, Sequence

from fediversity.rollout.event_log import (
    Diagnostic,
    PulumiEvent,
    ResourceOperation,
    Summary,
    resource_name,
    resource_type,
)

_COUNTED = {
    "create": "+ {} created",
    "update": "~ {} updated",
    "delete": "- {} deleted",
    "replace": "+-{} replaced",
    "import": "= {} imported",
    "same": "{} unchanged",
}
"""How operations are counted, in this order; others follow by Pulumi's own word."""

_SAYS_NOTHING = frozenset({"", "update failed", "preview failed"})
_TAIL_LINES = 20


def pulumi_diagnostics(
    events: Sequence[PulumiEvent], output: str, reported: Collection[str], *, ended_well: bool
) -> list[str]:
    """Returns Pulumi's messages and what it counted.

    Messages about the steps in `reported` are left out: the ledger tells how they ended, with what to do. If Pulumi
    ended badly before its events say why, the last lines of its output stand for it.
    """
    messages = [event for event in events if isinstance(event, Diagnostic) and _says_something(event)]
    explained = any(message.severity == "error" for message in messages) or _failed(events)
    if not ended_well and not explained:
        return output.splitlines()[-_TAIL_LINES:]
    told = _message_lines([message for message in messages if resource_name(message.urn) not in reported], events)
    return [*(["Diagnostics:", *told] if told else []), *_summary_lines(events)]


def _says_something(diagnostic: Diagnostic) -> bool:
    return diagnostic.message.strip() not in _SAYS_NOTHING


def _message_lines(messages: Iterable[Diagnostic], events: Sequence[PulumiEvent]) -> list[str]:
    """Groups the messages by resource, each once: a preview before an update says the same."""
    grouped: dict[str, dict[str, None]] = {}
    for message in messages:
        prefix = "" if message.severity.startswith("info") else f"{message.severity}: "
        texts = grouped.setdefault(message.urn or _stack_urn(events), {})
        texts[f"{prefix}{message.message.strip()}"] = None
    lines: list[str] = []
    for urn, texts in grouped.items():
        lines.append(f"  {resource_type(urn)} ({resource_name(urn)}):" if urn else "  Pulumi:")
        lines += [f"    {line}" for text in texts for line in text.splitlines() if line.strip()]
    return lines


def _summary_lines(events: Sequence[PulumiEvent]) -> list[str]:
    summary = next((event for event in reversed(events) if isinstance(event, Summary)), None)
    if summary is None:
        return []
    ops = [*(op for op in _COUNTED if op in summary.changes), *(op for op in summary.changes if op not in _COUNTED)]
    counted = [_COUNTED.get(op, f"{{}} {op}").format(summary.changes[op]) for op in ops if summary.changes[op]]
    failed = _failed(events)
    counted += [f"{len(failed)} failed"] if failed else []
    return ["Resources:", *(f"    {line}" for line in counted), f"Duration: {summary.seconds:.0f}s"] if counted else []


def _failed(events: Iterable[PulumiEvent]) -> frozenset[str]:
    return frozenset(
        event.urn for event in events if isinstance(event, ResourceOperation) and event.progress == "failed"
    )


def _stack_urn(events: Iterable[PulumiEvent]) -> str:
    """Messages without a resource are about the stack, as Pulumi prints them."""
    operations = (event for event in events if isinstance(event, ResourceOperation))
    return next((event.urn for event in operations if event.type == "pulumi:pulumi:Stack"), "")
