"""What a change would destroy, out of Pulumi's own preview, and what the fleet file allows of it. Pure."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from fediversity.fleet.machines import Machine
from fediversity.fleet.model import Fleet
from fediversity.fleet.providers.resource_types import resource_type
from fediversity.rollout.pending_operations import Deployment

_REPLACES = frozenset({"replace", "create-replacement", "delete-replaced"})
_MACHINES = "fediversity:machines:"
_PROTECTED = ("currently marked for protection", "because it is protected")


@dataclass(frozen=True)
class DestructiveChange:
    """Something that exists and would be deleted, or replaced by something new of its kind.

    `name` is what people know it by, `machine` the machine of the fleet file that it belongs to. `id` is the cloud's;
    of a server the one that no other server ever has. `why` lists what changes and needs something new. `guarded`: the
    engine or the cloud keeps it from being deleted. `wanted`: the fleet file says it shall be guarded.
    """

    urn: str
    type: str
    how: Literal["deleted", "replaced"]
    name: str
    id: str
    machine: str | None = None
    why: tuple[str, ...] = ()
    guarded: bool = False
    wanted: bool = False

    @property
    def word(self) -> str:
        """What people call a thing of its type."""
        return resource_type(self.type).word

    @property
    def is_address(self) -> bool:
        """Whether it is an address that a machine's server has."""
        return resource_type(self.type).role == "address"

    @property
    def is_server(self) -> bool:
        """Whether it is a machine's server."""
        return resource_type(self.type).role == "server"

    def __str__(self) -> str:
        of = f" of {self.machine}" if self.machine else f" {self.name}"
        because = f": {'; '.join(self.why)}" if self.why else ""
        return f"{self.word}{of} ({self.id}) would be {self.how}{because}"


@dataclass(frozen=True)
class PreviewFindings:
    """What Pulumi's preview of a change says: what is lost, and which machines get another server.

    `errors` are what Pulumi refuses for other reasons than protection, `impossible` what the cloud would refuse.
    """

    losses: tuple[DestructiveChange, ...] = ()
    coming: frozenset[str] = frozenset()
    errors: tuple[str, ...] = ()
    impossible: tuple[str, ...] = ()


def findings_of(digest: Mapping[str, Any], deployment: Deployment, *, whole: bool) -> PreviewFindings:
    """Reads what `pulumi preview --json` printed for a stack whose state is `deployment`.

    A `whole` preview is about the whole stack: Pulumi stops it at the first deletion that it refuses, so what it
    has not come to is told by what the program did not declare.
    """
    steps: Sequence[Mapping[str, Any]] = digest.get("steps") or ()
    errors = tuple(_errors(digest))
    losses = {loss.urn: loss for step in steps if (loss := _loss(step)) is not None}
    declared = {urn for step in steps for urn in (step["urn"], (step.get("oldState") or {}).get("urn"))}
    if whole and not errors:
        for state in deployment.get("resources") or ():
            if state["urn"] not in declared and is_missed(state["type"]) and not state.get("delete"):
                losses.setdefault(state["urn"], _of_state(state, "deleted"))
    coming = {
        machine
        for step in steps
        if step["op"] in _REPLACES | {"create"}
        and (state := step.get("newState"))
        and resource_type(state["type"]).role == "server"
        and (machine := machine_of(state))
    }
    return PreviewFindings(tuple(losses.values()), frozenset(coming), errors)


def is_missed(token: str) -> bool:
    """Returns whether things of a type hold data or are what others know them by. The others may go unmentioned."""
    return bool(resource_type(token).word)


def _errors(digest: Mapping[str, Any]) -> Iterator[str]:
    for entry in digest.get("diagnostics") or ():
        message = str(entry.get("message", "")).strip()
        told = any(words in message for words in _PROTECTED) or message == "error: preview failed"
        if entry.get("severity") == "error" and not told:
            yield message


def _loss(step: Mapping[str, Any]) -> DestructiveChange | None:
    old = step.get("oldState") or {}
    if not is_missed(str(old.get("type"))):
        return None
    if step["op"] == "delete":
        return _of_state(old, "deleted")
    if step["op"] not in _REPLACES:
        return None
    new = step.get("newState") or {}
    keys = step.get("replaceReasons") or ()
    lost = _of_state(old, "replaced", machine_of(new) or machine_of(old), tuple(_reasons(keys, old, new)))
    return replace(lost, wanted=_guarded(new))


def _reasons(keys: Collection[str], old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    before, after = old.get("inputs") or {}, new.get("inputs") or {}
    for key in keys:
        values = (before.get(key), after.get(key))
        plain = all(isinstance(value, str | int | float) for value in values)
        yield f"{key} {values[0]} → {values[1]}" if plain else f"{key} changes"


def _of_state(
    state: Mapping[str, Any],
    how: Literal["deleted", "replaced"],
    machine: str | None = None,
    why: tuple[str, ...] = (),
) -> DestructiveChange:
    inputs, outputs = state.get("inputs") or {}, state.get("outputs") or {}
    return DestructiveChange(
        urn=state["urn"],
        type=state["type"],
        how=how,
        name=str(inputs.get("dnsName") or inputs.get("name") or state["urn"].rpartition("::")[2]),
        id=str(outputs.get(resource_type(state["type"]).unique_id) or state.get("id") or "unknown"),
        machine=machine or machine_of(state),
        why=why,
        guarded=_guarded(state),
    )


def _guarded(state: Mapping[str, Any]) -> bool:
    inputs = state.get("inputs") or {}
    switches = resource_type(str(state.get("type"))).switches
    return bool(state.get("protect")) or any(inputs.get(name) is True for name in switches)


def machine_of(state: Mapping[str, Any]) -> str | None:
    """The machine that a resource belongs to, by the component it stands under."""
    path, _, name = str(state.get("parent") or "").rpartition("::")
    return name if path.rpartition("::")[2].startswith(_MACHINES) else None


def allowed(loss: DestructiveChange, fleet: Fleet, losses: Sequence[DestructiveChange]) -> bool:
    """Whether the fleet file names the very server that is lost; its address goes with it, data never does."""
    if loss.machine is None:
        return False
    if loss.is_server:
        machine = fleet.machines.get(loss.machine)
        return loss.id == (machine.destroy if machine else fleet.retired.get(loss.machine))
    servers = [other for other in losses if other.is_server and other.machine == loss.machine]
    return loss.is_address and any(allowed(server, fleet, losses) for server in servers)


def refusals(losses: Sequence[DestructiveChange], fleet: Fleet, file: str, *, servers_too: bool) -> tuple[str, ...]:
    """Why a change may not be made, with what to write, a text for each thing; none if it may.

    What is guarded, or shall be, needs the fleet file's word; with `servers_too`, so does every server.
    """
    needs = [loss for loss in losses if loss.guarded or loss.wanted or (servers_too and loss.is_server)]
    refused = [loss for loss in needs if not allowed(loss, fleet, losses)]
    lost_servers = {loss.machine for loss in refused if loss.is_server}
    return tuple(
        _refusal(loss, fleet, file)
        for loss in refused
        # The line that allows a server to be destroyed allows it for its address as well.
        if loss.is_server or not (loss.is_address and loss.machine in lost_servers)
    )


def _refusal(loss: DestructiveChange, fleet: Fleet, file: str) -> str:
    why = "; ".join(loss.why) or _why_deleted(loss, fleet)
    subject = f"{file}: the {loss.word}{f' of {loss.machine}' if loss.machine else f' {loss.name}'}"
    said = f"{subject}, {loss.id}, would be {loss.how} ({why})"
    machine = fleet.machines.get(loss.machine or "")
    if loss.is_server and machine is not None:
        return (
            f"{said}\n    fix: if that is meant, write at machines.{loss.machine}:  {_word('destroy', loss, machine)}"
        )
    if loss.is_server:
        line = f'retired: {{{loss.machine}: "{loss.id}"}}'
        return f"{said}\n    fix: if that is meant, write at the top of the file:  {line}"
    by_hand = f"lift its protection at the cloud, then `./just pulumi state unprotect {json.dumps(loss.urn)}`"
    return f"{said}\n    fix: take the change back; if it is meant, {by_hand}"


def _word(word: str, loss: DestructiveChange, machine: Machine) -> str:
    other = f"   (it says {machine.destroy}, which is not this server)" if machine.destroy else ""
    return f'{word}: "{loss.id}"{other}'


def _why_deleted(loss: DestructiveChange, fleet: Fleet) -> str:
    if loss.how == "replaced":
        return "Pulumi was asked to"
    machine = fleet.machines.get(loss.machine or "")
    if machine is None:
        return "it is no longer in the fleet file"
    return "it is no longer declared" if machine.enabled else "enabled: false"


def format_warning(losses: Sequence[DestructiveChange]) -> list[str]:
    """What is lost, in a marked block that nobody overlooks."""
    if not losses:
        return []
    shown = sorted(losses, key=lambda loss: (loss.machine or "", loss.name))
    width = max(len(str(loss)) for loss in shown) + 4
    title = " DESTROYS "
    return [f"!!!{title}{'!' * max(width - len(title) - 3, 3)}", *(f"!!! {loss}" for loss in shown), "!" * width]
