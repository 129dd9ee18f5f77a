"""Creations that failed although the thing may have been made: the answer was lost, or somebody has the name already.

The engine drops a failed creation from its state and leaves no operation pending, so nothing in the state says that a
server may be running (seen with v3.259.0). What was asked for is in its events, which `up` lets it write to a file, the
way Pulumi's Automation API does. The file stays until all that is doubtful in it is settled, also after a kill.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

from fediversity.rollout.event_log import Diagnostic, PulumiEvent, ResourceOperation, parse_event
from fediversity.rollout.pending_operations import Deployment, Pending, pending_operations

EVENTS = "engine-events.jsonl"
"""The engine's events of the last `up`, in the stack's folder. Secret inputs are `[secret]` in it."""

_CREATES = frozenset({"create", "create-replacement"})

_NOBODY_KNOWS = re.compile(
    r"(?i)time[d-]?[ -]?out|deadline exceeded|cancell?ed|no answer|\bEOF\b|broken pipe"
    r"|connection (?:was )?(?:reset|closed|lost|aborted)|gateway|backenderror|service_error|internal (?:server )?error"
    r"|(?:status code|error|http)[ :/]*5\d\d"
    # hcloud-go asks again after a gateway's time-out, and hears that its own first request took the name.
    r"|uniqueness_error|already ?(?:exists|used|in use)|error[ :]*409"
)
"""Errors that do not say whether the thing exists now, in the words of hcloud-go, Google's client and Go's network."""


@dataclass(frozen=True)
class UncertainCreate:
    """A creation that failed without a clear answer. `resource` is what it would have been in the engine's state."""

    resource: Mapping[str, Any]

    @property
    def urn(self) -> str:
        return str(self.resource["urn"])

    def __str__(self) -> str:
        return f"{self.urn.rsplit('::', 1)[-1]} ({self.resource['type']})"


def uncertain_creates(events: Iterable[PulumiEvent]) -> tuple[UncertainCreate, ...]:
    """Returns the creations among Pulumi's events that failed without a clear answer."""
    failed: dict[str, UncertainCreate] = {}
    errors: dict[str, str] = {}
    for event in events:
        if isinstance(event, Diagnostic) and event.severity == "error":
            errors[event.urn] = errors.get(event.urn, "") + event.message
        elif _is_failed(event) and event.op in _CREATES and event.new and event.new.get("custom"):
            failed[event.urn] = UncertainCreate(_as_in_the_state(event.new))
    return tuple(create for urn, create in failed.items() if _NOBODY_KNOWS.search(errors.get(urn, "")))


def excluding(lines: Iterable[str], urns: Collection[str]) -> list[str]:
    """Returns the lines of a log about its uncertain creations but these, and about nothing else."""
    events = [(line, parse_event(line)) for line in lines]
    kept = {create.urn for create in uncertain_creates(event for _, event in events if event)} - set(urns)
    return [
        line for line, event in events if (isinstance(event, Diagnostic) or _is_failed(event)) and event.urn in kept
    ]


def with_uncertain_creates(
    deployment: Deployment, found: Sequence[UncertainCreate], answers: Collection[str]
) -> tuple[Deployment, tuple[UncertainCreate, ...]]:
    """The deployment with the doubtful creations as pending operations, and those that are left out of it.

    Left out are creations in a real cloud that nobody has answered: to try them again does no harm, because a provider
    gives a name only once. `answers` are the URNs about which a person said something.
    """
    there = list(deployment.get("pending_operations") or ())
    known = {operation["resource"]["urn"] for operation in there}
    new = [doubt for doubt in found if doubt.urn not in known and not _as_pending(deployment, doubt).makes_nothing]
    asked = [doubt for doubt in new if doubt.urn in answers or _as_pending(deployment, doubt).simulated]
    operations = [*there, *(_operation(deployment, doubt) for doubt in asked)]
    extended = {**deployment, "pending_operations": operations} if asked else deployment
    return extended, tuple(doubt for doubt in new if doubt not in asked)


def uncertain_create_lines(found: Sequence[UncertainCreate], stack: str, *, simulated: bool) -> list[str]:
    """What a person reads after an `up` with doubtful creations."""
    if not found:
        return []
    what_to_do = (
        ["  The next `up` looks, and takes over what exists."]
        if simulated
        else [
            "  Look each up at its provider. What exists and is this stack's is taken over, with its provider's id, by",
            *(f"    ./just resolve {stack} '{doubt.urn}=ID'" for doubt in found),
            "  What does not exist is made by the next `up`.",
        ]
    )
    return [
        "Not known whether these were made, because their provider gave no clear answer:",
        *(f"  {doubt}" for doubt in found),
        *what_to_do,
    ]


def _is_failed(event: PulumiEvent | None) -> TypeGuard[ResourceOperation]:
    return isinstance(event, ResourceOperation) and event.progress == "failed"


def _as_in_the_state(made: Mapping[str, Any]) -> dict[str, Any]:
    """A resource of an event as the state has it. Events do not say what it depends on."""
    wanted = ("urn", "custom", "type", "inputs", "parent", "protect", "retainOnDelete", "provider")
    return {name: made[name] for name in wanted if name in made}


def _operation(deployment: Deployment, doubt: UncertainCreate) -> dict[str, Any]:
    return {"type": "creating", "resource": {**doubt.resource, **_dependencies(deployment, doubt)}}


def _dependencies(deployment: Deployment, doubt: UncertainCreate) -> dict[str, Any]:
    """What it depends on, as far as that can be known, so that a deletion goes the other way round.

    What it should replace knew that. Else it is younger than all that is there; the next `up` notes what is true.
    """
    resources = deployment.get("resources") or ()
    former = next((item for item in reversed(resources) if item["urn"] == doubt.urn), None)
    if former is not None:
        return {name: former[name] for name in ("dependencies", "propertyDependencies") if name in former}
    package = _package(doubt.resource)
    older = [item for item in resources if item.get("id") and not item.get("delete") and _package(item) == package]
    return {"dependencies": [item["urn"] for item in older]}


def _package(resource: Mapping[str, Any]) -> str:
    return str(resource["type"]).partition(":")[0]


def _as_pending(deployment: Deployment, doubt: UncertainCreate) -> Pending:
    [pending] = pending_operations({**deployment, "pending_operations": [_operation(deployment, doubt)]})
    return pending
