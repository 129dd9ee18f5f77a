"""Whether a machine is connected to another member of its mesh, as ZeroTier on the machine sees it."""

import json
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import IPv6Address
from typing import Any

from fediversity.steps.context import StepContext
from fediversity.steps.job import HealthCheck, StepError
from fediversity.steps.transport.ssh import SshResult, Target

LIST_PEERS = ("zerotier-cli", "-j", "listpeers")
_NODE_BYTES = 5
_SECONDS = 30.0


def with_peers(context: StepContext) -> StepContext:
    """The workbench with the mesh addresses of the members that the machine's checks ask for, out of their vars.

    To be asked before anything is changed. Raises StepError if a member has no address.
    """
    checks = tuple(
        replace(check, address=_address(context, check)) if check.peer else check for check in context.job.checks
    )
    return replace(context, job=replace(context.job, checks=checks))


def _address(context: StepContext, check: HealthCheck) -> str:
    name = f"zerotier-ip-{check.peer}-{check.instance}/ip"
    text = context.var(check.peer or "", name).strip()
    try:
        return str(IPv6Address(text))
    except ValueError:
        raise StepError(f"the var {name} is no IPv6 address: '{text}'", "look at the var it is in") from None


def peer_problem(check: HealthCheck, machine: Target, machine_class: str) -> str | None:
    """Why a machine is not connected to the member that a check asks for, for a person; None if it is.

    Without traffic ZeroTier does not know other members, so the member is greeted first.
    """
    if check.address is None:
        return f"{check.name}: nobody has looked its address up"  # A defect, which must not pass as health.
    greet = ("ping6", "-c", "1") if machine_class == "darwin" else ("ping", "-c", "1", "-W", "2")
    _, listed = machine.ask([(*greet, check.address), machine.as_root(*LIST_PEERS)], seconds=_SECONDS)
    node = IPv6Address(check.address).packed[-_NODE_BYTES:].hex()
    if not listed.ok:
        return f"{check.name}: {_said(listed)}"
    paths = list(_paths(listed.stdout, node))
    if any(path.get("active") and not path.get("expired") for path in paths):
        return None
    seen = f"none of its {len(paths)} paths is active" if paths else f"there is no path to its node {node}"
    return f"{check.name}: {seen}"


def _paths(text: str, node: str) -> Iterator[dict[str, Any]]:
    """The paths to a member out of what `zerotier-cli -j listpeers` prints (ZeroTier's one.cpp); none if not known."""
    try:
        listed = json.loads(text)
    except ValueError:
        return
    for peer in listed if isinstance(listed, list) else ():
        if isinstance(peer, dict) and peer.get("address") == node:
            yield from (path for path in peer.get("paths") or () if isinstance(path, dict))


def _said(answer: SshResult) -> str:
    lines = (answer.stderr or answer.stdout.strip()).splitlines()
    return lines[-1] if lines else "zerotier-cli does not say who the others are"
