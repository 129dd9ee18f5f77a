"""Access: the keys people log in with, and the keys machines are recognised by."""

from collections.abc import Iterator

from fediversity.fleet.checks import services
from fediversity.fleet.diagnostics import Finding, Location, dotted
from fediversity.fleet.model import Fleet
from fediversity.fleet.services import SSHD


def operator_keys(fleet: Fleet) -> Iterator[Finding]:
    """Checks that each public key stands once among all operators, whatever its comments."""
    seen: dict[tuple[str, ...], Location] = {}
    for name, operator in fleet.operators.items():
        for index, text in enumerate(operator.keys):
            where = ("operators", name, "keys", index)
            key = tuple(text.split(" ")[:2])
            if key in seen:
                what = f"the same key as {dotted(seen[key])}"
                yield Finding(where, what, "keep it once: Hetzner Cloud takes a key once, whatever its comment")
            seen.setdefault(key, where)


def host_keys(fleet: Fleet) -> Iterator[Finding]:
    """Checks that every NixOS machine has a host key that is known beforehand: a var of clan's sshd service."""
    instances = {name: instance for name, instance in fleet.instances.items() if instance.module == SSHD}
    # What is wrong with such an instance is said already, and may be the only reason.
    if any(finding.where[1] in instances for finding in services.roles(fleet)):
        return
    servers = [role for entry in instances.values() for name, role in entry.roles.items() if name == "server"]
    held = {name for role in servers for name in fleet.members(role)}
    for name, machine in fleet.enabled_machines.items():
        if machine.machineClass == "nixos" and name not in held:
            what = "no sshd instance gives it the role server, so the rollout cannot know its host key"
            fix = f"give the role server of an sshd instance to the tag nixos, or to '{name}'"
            yield Finding(("machines", name), what, fix, absent=("instances",))
