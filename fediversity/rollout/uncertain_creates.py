"""Creations that failed although the resource may exist: the answer was lost, or the name is already taken.

Pulumi drops a failed creation from its state and leaves no operation pending, so the state does not show that a server
may be running (seen with v3.259.0). The event log of `up` has the resource as it was requested. The log is kept until
every uncertain creation in it is resolved, also after a kill.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

from fediversity.rollout.event_log import Diagnostic, PulumiEvent, ResourceOperation, parse_event
from fediversity.rollout.pending_operations import Deployment, Pending, pending_operations

EVENTS = "engine-events.jsonl"
"""Pulumi's event log of the last `up`, in the stack's folder. Secret inputs are `[secret]` in it."""

_CREATES = frozenset({"create", "create-replacement"})

_UNCLEAR_ERRORS = re.compile(
    r"(?i)time[d-]?[ -]?out|deadline exceeded|cancell?ed|no answer|\bEOF\b|broken pipe"
    r"|connection (?:was )?(?:reset|closed|lost|aborted)|gateway|backenderror|service_error|internal (?:server )?error"
    r"|(?:status code|error|http)[ :/]*5\d\d"
    # hcloud-go asks again after a gateway's time-out, and hears that its own first request took the name.
    r"|uniqueness_error|already ?(?:exists|used|in use)|error[ :]*409"
)
"""Errors that leave open whether the resource exists, as hcloud-go, Google's client and Go's network write them."""


@dataclass(frozen=True)
class UncertainCreate:
    """A creation that failed without a clear answer. `resource` is what it would be in Pulumi's state."""

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
    return tuple(create for urn, create in failed.items() if _UNCLEAR_ERRORS.search(errors.get(urn, "")))


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
    """Returns the deployment with the uncertain creations as pending operations, and those that are left out of it.

    Creations in a real cloud without a person's answer are left out: a second attempt does no harm, because a provider
    gives a name only once. `answers` are the URNs that a person answered for.
    """
    there = list(deployment.get("pending_operations") or ())
    known = {operation["resource"]["urn"] for operation in there}
    new = [create for create in found if create.urn not in known and not _as_pending(deployment, create).makes_nothing]
    asked = [create for create in new if create.urn in answers or _as_pending(deployment, create).simulated]
    operations = [*there, *(_operation(deployment, create) for create in asked)]
    extended = {**deployment, "pending_operations": operations} if asked else deployment
    return extended, tuple(create for create in new if create not in asked)


def uncertain_create_lines(found: Sequence[UncertainCreate], stack: str, *, simulated: bool) -> list[str]:
    """Returns what `up` prints about uncertain creations."""
    if not found:
        return []
    advice = (
        ["  The next `up` looks, and takes over what exists."]
        if simulated
        else [
            "  Look each up at its provider. What exists and is this stack's is taken over, with its provider's id, by",
            *(f"    ./just resolve {stack} '{create.urn}=ID'" for create in found),
            "  What does not exist is made by the next `up`.",
        ]
    )
    return [
        "Not known whether these were made, because their provider gave no clear answer:",
        *(f"  {create}" for create in found),
        *advice,
    ]


def _is_failed(event: PulumiEvent | None) -> TypeGuard[ResourceOperation]:
    return isinstance(event, ResourceOperation) and event.progress == "failed"


def _as_in_the_state(made: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a resource of an event as the state has it. Events do not name its dependencies."""
    wanted = ("urn", "custom", "type", "inputs", "parent", "protect", "retainOnDelete", "provider")
    return {name: made[name] for name in wanted if name in made}


def _operation(deployment: Deployment, create: UncertainCreate) -> dict[str, Any]:
    return {"type": "creating", "resource": {**create.resource, **_dependencies(deployment, create)}}


def _dependencies(deployment: Deployment, create: UncertainCreate) -> dict[str, Any]:
    """Returns the dependencies as far as they can be known, so that deletions come in the right order.

    They are those of the resource that it should replace. Without one it depends on every older resource of its
    provider; the next `up` records the true ones.
    """
    resources = deployment.get("resources") or ()
    former = next((item for item in reversed(resources) if item["urn"] == create.urn), None)
    if former is not None:
        return {name: former[name] for name in ("dependencies", "propertyDependencies") if name in former}
    package = _package(create.resource)
    older = [item for item in resources if item.get("id") and not item.get("delete") and _package(item) == package]
    return {"dependencies": [item["urn"] for item in older]}


def _package(resource: Mapping[str, Any]) -> str:
    return str(resource["type"]).partition(":")[0]


def _as_pending(deployment: Deployment, create: UncertainCreate) -> Pending:
    [pending] = pending_operations({**deployment, "pending_operations": [_operation(deployment, create)]})
    return pending
