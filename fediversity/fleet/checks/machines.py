"""Machines: whether class, system, provider, size, disk and tags of each belong together."""

from collections.abc import Iterator

from fediversity.fleet.checks.common import repeated
from fediversity.fleet.diagnostics import Finding, Location, choose
from fediversity.fleet.machines import COMPUTED_TAGS
from fediversity.fleet.model import Fleet
from fediversity.fleet.providers.base import CloudProvider
from fediversity.fleet.providers.catalogue import smallest_installable
from fediversity.fleet.services import ZEROTIER
from fediversity.support.constants import INSTALLER_MEMORY_MIB


def at_least_one(fleet: Fleet) -> Iterator[Finding]:
    """Checks that a fleet has machines."""
    if not fleet.machines:
        yield Finding(("machines",), "there is no machine", "list at least one", absent=("machines",))


def kinds(fleet: Fleet) -> Iterator[Finding]:
    """Checks that class, system, provider and login user of a machine belong together."""
    for name, machine in fleet.machines.items():
        where: Location = ("machines", name)
        kind = machine.provider.kind
        if machine.machineClass != machine.provider.runs:
            fix = "a Mac has machineClass darwin and provider kind darwin; every other provider runs nixos"
            yield Finding((*where, "machineClass"), f"machineClass {machine.machineClass} with provider {kind}", fix)
        elif machine.system.endswith("-darwin") != (machine.machineClass == "darwin"):
            wanted = "aarch64-darwin or x86_64-darwin" if machine.machineClass == "darwin" else "x86_64-linux"
            yield Finding((*where, "system"), f"{machine.system} on a {machine.machineClass} machine", f"use {wanted}")
        if machine.installed_by_us and machine.ssh.user != "root":
            fix = "use root: the installer and `clan machines update` log in as root on a NixOS server"
            yield Finding((*where, "ssh", "user"), f"user '{machine.ssh.user}' on a server that is installed", fix)
        if machine.reinstall is not None and not machine.installed_by_us:
            yield Finding((*where, "reinstall"), f"a machine of kind {kind} is never installed", "remove `reinstall`")


def sizes(fleet: Fleet) -> Iterator[Finding]:
    """Checks that a cloud machine has the architecture its system needs, and the memory its installer needs."""
    for name, provider in CloudProvider.machines_of(fleet):
        machine, sold = fleet.machines[name], provider.machine_types
        where, chosen = ("machines", name, "provider", provider.size_field), provider.size
        size = sold[chosen]
        if machine.system.endswith("-linux") and not machine.system.startswith(f"{size.architecture}-"):
            what = f"'{chosen}' is {size.architecture}, but the machine's system is {machine.system}"
            yield Finding(where, what, f"use `system: {size.architecture}-linux` or another {provider.size_field}")
        if provider.prepared:
            continue
        if provider.larger_size is not None:
            where, chosen = ("machines", name, "provider", "install_type"), provider.larger_size
            size = sold[chosen]
        if size.memory_mb < INSTALLER_MEMORY_MIB:
            what = f"'{chosen}' has {size.memory_mb} MiB of memory; the NixOS installer needs "
            what += str(INSTALLER_MEMORY_MIB)
            fits = smallest_installable(sold, size.architecture)
            yield Finding(
                where,
                what,
                f"choose a larger type; the smallest that can be installed is '{fits}', as `install_type` too",
            )


def disks(fleet: Fleet) -> Iterator[Finding]:
    """Checks that only a disk this fleet partitions can be encrypted by it, and its two SSH servers need two ports."""
    for name, machine in fleet.machines.items():
        where = ("machines", name, "disk")
        if not machine.disk.encrypted:
            continue
        if not machine.installed_by_us:
            what = f"a machine of kind {machine.provider.kind} is not partitioned here"
            fix = "remove `encrypted`; that disk is set up outside this fleet"
            yield Finding((*where, "encrypted"), what, fix)
        elif machine.disk.unlock_port == machine.ssh.port:
            what = f"port {machine.ssh.port} for both unlocking and SSH"
            fix = "give the unlocking its own port: its host key is another one and clients would refuse it"
            yield Finding((*where, "unlock_port"), what, fix)


def tags(fleet: Fleet) -> Iterator[Finding]:
    """Checks that tags are written once, and the computed ones never contradict the machine's class."""
    for name, machine in fleet.machines.items():
        where: Location = ("machines", name, "tags")
        yield from repeated(machine.tags, where)
        for index, tag in enumerate(machine.tags):
            if tag in COMPUTED_TAGS and tag not in {"all", machine.machineClass}:
                fix = f"remove it: clan computes '{machine.machineClass}' from machineClass"
                yield Finding((*where, index), f"tag '{tag}' on a {machine.machineClass} machine", fix)


def meshes(fleet: Fleet) -> Iterator[Finding]:
    """Checks that `mesh` names a zerotier instance, on the machines that no role can configure."""
    known = [name for name, instance in fleet.instances.items() if instance.module == ZEROTIER]
    for name, machine in fleet.machines.items():
        if machine.mesh is None:
            continue
        where = ("machines", name, "mesh")
        if machine.machineClass != "darwin":
            fix = f"remove it and give the machine a tag that has the peer role of '{machine.mesh}'"
            yield Finding(where, "`mesh` is for Macs; NixOS machines join through the service's peer role", fix)
        elif machine.mesh not in known:
            what = f"no zerotier instance '{machine.mesh}'"
            yield Finding(where, what, choose(machine.mesh, known), absent=("instances", machine.mesh))


def hosts_are_different(fleet: Fleet) -> Iterator[Finding]:
    """Checks that no two machines are the same host."""
    seen: dict[str, str] = {}
    for name, machine in fleet.machines.items():
        if machine.provider.fixed_host is not None:
            host = machine.provider.fixed_host.lower()
            if host in seen:
                where = ("machines", name, "provider", "host")
                what = f"'{host}' is already the host of '{seen[host]}'"
                yield Finding(where, what, "give each machine its own host")
            seen.setdefault(host, name)
