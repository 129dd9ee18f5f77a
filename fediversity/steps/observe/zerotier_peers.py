"""Checks that a machine is connected to a peer, another machine of its mesh, as its own ZeroTier sees it."""

import json
from collections.abc import Iterator
from ipaddress import IPv6Address
from typing import Any, NamedTuple

from fediversity.fleet.health_checks import DirectCheck, PeerCheck
from fediversity.steps.context import StepContext
from fediversity.steps.job import StepError
from fediversity.steps.specs import SwitchSpec
from fediversity.steps.transport.ssh import SshResult, Target

LIST_PEERS = ("zerotier-cli", "-j", "listpeers")
_NODE_BYTES = 5
_SECONDS = 30.0


class AddressedPeerCheck(NamedTuple):
    """A check of a peer whose `address` in the mesh is known."""

    check: PeerCheck
    address: IPv6Address

    @property
    def name(self) -> str:
        """The name of the check in messages."""
        return self.check.name

    @property
    def timeout(self) -> float:
        """For how many seconds the check is tried."""
        return self.check.timeout


def look_up_peers(context: StepContext[SwitchSpec]) -> tuple[DirectCheck | AddressedPeerCheck, ...]:
    """Returns the machine's checks, with the mesh address of each peer, which is read from the peer's vars.

    To be called before anything is changed. Raises StepError if a peer has no address.
    """
    return tuple(
        AddressedPeerCheck(check, _address(context, check)) if isinstance(check, PeerCheck) else check
        for check in context.spec.checks
    )


def _address(context: StepContext[SwitchSpec], check: PeerCheck) -> IPv6Address:
    name = f"zerotier-ip-{check.peer}-{check.instance}/ip"
    text = context.read_var(check.peer, name).strip()
    try:
        return IPv6Address(text)
    except ValueError:
        raise StepError(f"the var {name} is no IPv6 address: '{text}'", "look at the var it is in") from None


def peer_problem(check: AddressedPeerCheck, target: Target, machine_class: str) -> str | None:
    """Returns why a machine is not connected to the peer of a check, None if it is.

    Without traffic ZeroTier does not know its peers, so the peer is pinged first.
    """
    ping = ("ping6", "-c", "1") if machine_class == "darwin" else ("ping", "-c", "1", "-W", "2")
    _, listed = target.ask([(*ping, str(check.address)), target.as_root(*LIST_PEERS)], seconds=_SECONDS)
    node = check.address.packed[-_NODE_BYTES:].hex()
    if not listed.ok:
        return f"{check.name}: {_last_line(listed)}"
    paths = list(_paths(listed.stdout, node))
    if any(path.get("active") and not path.get("expired") for path in paths):
        return None
    detail = f"none of its {len(paths)} paths is active" if paths else f"there is no path to its node {node}"
    return f"{check.name}: {detail}"


def _paths(text: str, node: str) -> Iterator[dict[str, Any]]:
    """Yields the paths to a node from the output of `zerotier-cli -j listpeers` (ZeroTier's one.cpp)."""
    try:
        listed = json.loads(text)
    except ValueError:
        return
    for peer in listed if isinstance(listed, list) else ():
        if isinstance(peer, dict) and peer.get("address") == node:
            yield from (path for path in peer.get("paths") or () if isinstance(path, dict))


def _last_line(answer: SshResult) -> str:
    lines = (answer.stderr or answer.stdout.strip()).splitlines()
    return lines[-1] if lines else "zerotier-cli does not say who the others are"
