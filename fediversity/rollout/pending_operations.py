"""What to do with operations that a killed run had begun and not ended.

Pulumi notes an operation before it starts it, so after a kill the state says `creating` while nobody
knows whether the thing exists. Its own `refresh --import-pending-creates` forgets the resource instead of
adopting it (seen with v3.259.0), so the exported state is edited here and imported again, and a refresh then
fills in the outputs. `stack import` drops every pending operation, so all are settled at once.
"""

import copy
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from fediversity.support.constants import LOCAL_VERSION
from fediversity.support.errors import RefusedError

Deployment = dict[str, Any]


class PendingResolution(Enum):
    """What becomes of a pending operation."""

    ADOPT = "it exists: taken over"
    FORGET = "it does not exist: forgotten"
    REFRESH = "compared with what really exists"
    REPEAT = "to be run again; what it had finished stays done"


@dataclass(frozen=True)
class Pending:
    """An operation without an end: `kind` is Pulumi's word for it, `creating`, `updating`, `deleting` …"""

    kind: str
    urn: str
    type: str
    inputs: Mapping[str, Any]
    simulated: bool

    @property
    def name(self) -> str:
        return self.urn.rsplit("::", 1)[-1]

    @property
    def makes_nothing(self) -> bool:
        """Commands and providers leave nothing behind that has an id; a command's runner knows what was done."""
        return self.type.startswith(("command:", "pulumi:providers:"))


@dataclass(frozen=True)
class ResolvedOperation:
    """A pending operation and its fate; `id` only with Fate.ADOPT."""

    operation: Pending
    fate: PendingResolution
    id: str | None = None

    def __str__(self) -> str:
        return f"{self.operation.name} ({self.operation.type}) was {self.operation.kind}: {self.fate.value}"


def pending_operations(deployment: Deployment) -> tuple[Pending, ...]:
    """The pending operations of an exported deployment (the value under its key `deployment`)."""
    versions = {
        f"{resource['urn']}::{resource.get('id')}": resource.get("inputs", {}).get("version")
        for resource in deployment.get("resources") or ()
        if resource["type"].startswith("pulumi:providers:")
    }
    return tuple(
        Pending(
            kind=operation["type"],
            urn=operation["resource"]["urn"],
            type=operation["resource"]["type"],
            inputs=operation["resource"].get("inputs") or {},
            simulated=versions.get(operation["resource"].get("provider")) == LOCAL_VERSION,
        )
        for operation in deployment.get("pending_operations") or ()
    )


def unanswered(pending: Sequence[Pending]) -> tuple[Pending, ...]:
    """The creations of which the state alone cannot tell whether they happened."""
    return tuple(item for item in pending if item.kind == "creating" and not item.makes_nothing)


def parse_answers(answers: Sequence[str]) -> dict[str, str | None]:
    """A person's answers, each `URN=ID`, or `URN=` for what does not exist."""
    parsed: dict[str, str | None] = {}
    for answer in answers:
        urn, separator, identity = answer.rpartition("=")
        if not separator:
            raise RefusedError(f"{answer!r} is no answer: write URN=ID, or URN= if the thing does not exist")
        parsed[urn] = identity or None
    return parsed


def refuse_unanswered(pending: Sequence[Pending], answers: Mapping[str, str | None], stack: str) -> None:
    """Raise RefusedError for a creation in a real cloud: only its owner can say whether the thing is there."""
    real = [item.urn for item in unanswered(pending) if not item.simulated]
    if set(real) - set(answers):
        template = " ".join(f"'{urn}=ID'" for urn in real)
        raise RefusedError(
            "the last run was cut short while it created the following. Look each up at its provider:\n"
            + "".join(f"    {urn}\n" for urn in real)
            + "Then say which exist, with the provider's id, or with nothing after the = for what does not:\n"
            f"    ./just resolve {stack} {template}"
        )
    unknown = set(answers) - set(real)
    if unknown:
        raise RefusedError(f"not a pending creation of stack {stack}: {', '.join(sorted(unknown))}")


def resolve_operations(
    pending: Sequence[Pending], found: Mapping[str, str | None], present: Mapping[str, str]
) -> tuple[ResolvedOperation, ...]:
    """Give every operation its fate.

    `found` has the id of each unanswered creation by URN (None: does not exist); `present` has the ids that
    the state already knows.
    """
    return tuple(_settle_one(item, found.get(item.urn), present) for item in pending)


def _settle_one(item: Pending, identity: str | None, present: Mapping[str, str]) -> ResolvedOperation:
    if item.makes_nothing:
        return ResolvedOperation(item, PendingResolution.REPEAT)
    if item.kind != "creating":
        return ResolvedOperation(item, PendingResolution.REFRESH)
    # A replacement keeps its URN, so what was found may be the old one: then the new one does not exist.
    if identity is None or identity == present.get(item.urn):
        return ResolvedOperation(item, PendingResolution.FORGET)
    return ResolvedOperation(item, PendingResolution.ADOPT, identity)


def present_ids(deployment: Deployment) -> dict[str, str]:
    """The ids of the resources in the state that exist, by URN.

    One that waits for its replacement was deleted already; at Google the new one has the same id.
    """
    return {
        resource["urn"]: resource["id"]
        for resource in deployment.get("resources") or ()
        if resource.get("id") and not resource.get("delete") and not resource.get("pendingReplacement")
    }


def without_pending(deployment: Deployment, settled: Sequence[ResolvedOperation]) -> Deployment:
    """The deployment without pending operations, the adopted resources in their place."""
    edited = copy.deepcopy(deployment)
    adopted = {item.operation.urn: item.id for item in settled if item.fate is PendingResolution.ADOPT}
    for operation in edited.pop("pending_operations", None) or ():
        created = operation["resource"]
        if operation["type"] == "creating" and created["urn"] in adopted:
            _adopt(edited["resources"], created, adopted[created["urn"]])
    if adopted:
        edited["resources"] = _in_order(edited["resources"])
    return edited


def _adopt(resources: list[dict[str, Any]], created: dict[str, Any], identity: str | None) -> None:
    """Append the new resource; an older one of its URN is left for deletion."""
    replaced = [item for item in resources if item["urn"] == created["urn"] and not item.get("delete")]
    for old in replaced:
        if old.get("pendingReplacement"):
            resources.remove(old)
        else:
            old["delete"] = True
    resources.append({**created, "id": identity, "outputs": created.get("inputs", {})})


def _in_order(resources: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The resources as they stand, but each behind all it needs: else Pulumi refuses the state.

    What needs a resource that was being replaced is still there, and would stand before the new one.
    """
    living = {resource["urn"]: resource for resource in resources if not resource.get("delete")}
    ordered: dict[int, dict[str, Any]] = {}

    def place(resource: dict[str, Any], above: frozenset[int]) -> None:
        key = id(resource)
        if key in ordered or key in above:
            return
        for urn in _needs(resource):
            if urn in living:
                place(living[urn], above | {key})
        ordered[key] = resource

    for resource in resources:
        place(resource, frozenset())
    return list(ordered.values())


def _needs(resource: Mapping[str, Any]) -> Iterator[str]:
    """The URNs that a resource in the state refers to."""
    yield from (resource[name] for name in ("parent", "deletedWith") if resource.get(name))
    if resource.get("provider"):
        yield resource["provider"].rpartition("::")[0]
    yield from resource.get("dependencies") or ()
    for urns in (resource.get("propertyDependencies") or {}).values():
        yield from urns or ()


def to_refresh(settled: Sequence[ResolvedOperation], deployment: Deployment) -> list[str]:
    """The URNs whose recorded outputs may be out of date, among those that the edited state has."""
    known = {resource["urn"] for resource in deployment.get("resources") or ()}
    doubtful = [
        item.operation.urn for item in settled if item.fate in (PendingResolution.ADOPT, PendingResolution.REFRESH)
    ]
    return [urn for urn in dict.fromkeys(doubtful) if urn in known]


def lookup_question(item: Pending) -> str:
    """One line for `fediversity.embedded_cloud.lookup`."""
    return json.dumps({"type": item.type, "inputs": item.inputs})


def lookup_answers(asked: Sequence[Pending], answer: str) -> dict[str, str | None]:
    """The ids by URN out of the lookup's answer, one JSON line a question, in order."""
    lines = answer.splitlines()
    if len(lines) != len(asked):
        raise RefusedError(f"the simulated cloud answered {len(lines)} of {len(asked)} questions about what exists")
    return {item.urn: json.loads(line)["id"] for item, line in zip(asked, lines, strict=True)}
