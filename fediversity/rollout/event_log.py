"""Reads Pulumi's event log: what `pulumi … --event-log FILE` writes, a JSON object a line.

The kinds and fields are those of `sdk/go/common/apitype/events.go`, as Pulumi v3.259.0 writes them. Kinds and fields
that are not known here are left out, and so is a last line that was cut short when Pulumi was killed.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

Progress = Literal["started", "done", "failed"]

_OPERATIONS: Mapping[str, Progress] = {
    "resourcePreEvent": "started",
    "resOutputsEvent": "done",
    "resOpFailedEvent": "failed",
}

_COLOUR = re.compile(r"<\{%[^%]*%\}>")
"""Pulumi's marks for colours, which stay in the events of a run that prints colours."""


@dataclass(frozen=True)
class Diagnostic:
    """A message about a resource, or with an empty `urn` about the run. `message` may have several lines."""

    urn: str
    severity: str
    message: str


@dataclass(frozen=True)
class ResourceOperation:
    """An operation on a resource that has started, is done, or has failed.

    `op` is Pulumi's word, e.g. `create-replacement`. `new` is what the resource would be in the state, null for a
    deletion; secret inputs are `[secret]` in it.
    """

    progress: Progress
    op: str
    urn: str
    type: str
    new: Mapping[str, Any] | None


@dataclass(frozen=True)
class Summary:
    """The end of a preview or an update. `changes` counts resources by `op`, failed ones left out."""

    result: str
    is_preview: bool
    seconds: float
    changes: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Prelude:
    """The beginning of a preview or an update, with the stack's configuration."""

    config: Mapping[str, str]


@dataclass(frozen=True)
class Cancellation:
    """The last event of a log: Pulumi has ended by itself, well or not."""


PulumiEvent = Diagnostic | ResourceOperation | Summary | Prelude | Cancellation


def read_events(path: Path) -> tuple[PulumiEvent, ...]:
    """Returns the events of a log, none if there is no such file."""
    try:
        with path.open(encoding="utf-8", errors="replace") as lines:
            return parse_events(lines)
    except FileNotFoundError:
        return ()


def parse_events(lines: Iterable[str]) -> tuple[PulumiEvent, ...]:
    """Returns the events of these lines that are known here. Messages for debugging are left out."""
    events = (parse_event(line) for line in lines)
    return tuple(event for event in events if event and not (isinstance(event, Diagnostic) and _is_noise(event)))


def parse_event(line: str) -> PulumiEvent | None:
    """Returns the event of a line, None for one that is not known here or was cut short."""
    try:
        document = json.loads(line)
    except ValueError:
        return None
    for kind, body in _mapping(document).items():
        if not isinstance(body, Mapping):
            continue
        if kind in _OPERATIONS:
            return _operation(_OPERATIONS[kind], body)
        if kind == "diagnosticEvent":
            return Diagnostic(_text(body, "urn"), _text(body, "severity"), _COLOUR.sub("", _text(body, "message")))
        if kind == "summaryEvent":
            counts = {op: count for op, count in _mapping(body.get("resourceChanges")).items() if type(count) is int}
            seconds = body.get("durationSeconds")
            seconds = float(seconds) if isinstance(seconds, int | float) else 0.0
            return Summary(_text(body, "result"), body.get("isPreview") is True, seconds, counts)
        if kind == "preludeEvent":
            return Prelude({name: str(value) for name, value in _mapping(body.get("config")).items()})
        if kind == "cancelEvent":
            return Cancellation()
    return None


def resource_name(urn: str) -> str:
    """Returns the name of a resource in the program."""
    return urn.rsplit("::", 1)[-1]


def resource_type(urn: str) -> str:
    """Returns the type of a resource as Pulumi prints it: `hcloud:index:Server` for `hcloud:index/server:Server`."""
    qualified = urn.rsplit("::", 1)[0].rsplit("::", 1)[-1]
    return re.sub(r"/\w+:", ":", qualified.rsplit("$", 1)[-1])


def _operation(progress: Progress, body: Mapping[str, Any]) -> ResourceOperation | None:
    metadata = _mapping(body.get("metadata"))
    urn = _text(metadata, "urn")
    new = metadata.get("new")
    if not urn:
        return None
    new = new if isinstance(new, Mapping) else None
    return ResourceOperation(progress, _text(metadata, "op"), urn, _text(metadata, "type"), new)


def _is_noise(diagnostic: Diagnostic) -> bool:
    return diagnostic.severity == "debug"


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    return value if isinstance(value, str) else ""
