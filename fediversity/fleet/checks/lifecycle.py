"""Words that guard what exists: what is taken over, renamed, retired or may be destroyed, and small machines."""

from collections.abc import Iterator

from fediversity.fleet.checks.common import repeated
from fediversity.fleet.diagnostics import Finding, Location
from fediversity.fleet.model import Fleet
from fediversity.fleet.providers.base import CloudProvider


def retired(fleet: Fleet) -> Iterator[Finding]:
    """Checks that a retired machine is no longer in the file, under no name."""
    for name in fleet.retired:
        where = ("retired", name)
        if name in fleet.machines:
            fix = f"remove it here, and write `destroy:` with the id at machines.{name} to have its server destroyed"
            yield Finding(where, f"'{name}' is still a machine of this file", fix)
        for new, machine in fleet.machines.items():
            if name in machine.formerly:
                fix = "remove it here: a renamed machine keeps its server"
                yield Finding(where, f"'{name}' is what '{new}' was called before", fix)


def former_names(fleet: Fleet) -> Iterator[Finding]:
    """Checks that a former name leads to one machine, and is no machine's present name."""
    owners: dict[str, str] = {}
    for name, machine in fleet.machines.items():
        where: Location = ("machines", name, "formerly")
        yield from repeated(machine.formerly, where)
        for index, old in enumerate(machine.formerly):
            if old == name:
                yield Finding((*where, index), f"'{old}' is its present name", "list names it had before")
            elif old in fleet.machines:
                fix = f"remove it, or give the machine '{old}' another name"
                yield Finding((*where, index), f"'{old}' is the name of another machine", fix)
            elif owners.setdefault(old, name) != name:
                fix = "only one of them can be that machine under its new name"
                yield Finding((*where, index), f"'{old}' was '{owners[old]}' as well", fix)


def words_of_servers(fleet: Fleet) -> Iterator[Finding]:
    """Checks that only what a cloud makes can be taken over, protected or destroyed."""
    for name, machine in fleet.machines.items():
        if machine.installed_by_us:
            continue
        kind = machine.provider.kind
        given = {"import": machine.import_, "destroy": machine.destroy, "protect": machine.protect}
        for word, value in given.items():
            if value is not None:
                what = f"a machine of kind {kind} is made and deleted by nobody here"
                yield Finding(("machines", name, word), what, f"remove `{word}`")


def adopted(fleet: Fleet) -> Iterator[Finding]:
    """Checks that ids of what is taken over have the cloud's form, and that its addresses are taken over too."""
    for name, provider in CloudProvider.machines_of(fleet):
        where: Location = ("machines", name, "import")
        machine = fleet.machines[name]
        if (taken := machine.import_) is None:
            continue
        ids = {
            "server": taken.server,
            "address": taken.address,
            "address_ipv6": taken.address_ipv6,
            "firewall": taken.firewall,
        }
        for part, id_ in ids.items():
            if id_ is not None and not provider.is_id(id_):
                yield Finding((*where, part), f"'{id_}' is no id of this cloud", f"write {provider.id_form}, as text")
        if taken.address is None:
            fix = "add the id of its address; with another one nobody would reach it"
            yield Finding(where, "the server's address is not taken over", fix)
        if 6 in provider.address_versions and taken.address_ipv6 is None:
            fix = "add `address_ipv6`, or say `ipv6: false` under `provider`"
            yield Finding(where, "the server's IPv6 network is not taken over", fix)
        if machine.destroy is not None:
            fix = "remove `import`: the server that comes next is made"
            yield Finding(where, "the server is taken over and may be destroyed", fix)


def install_types(fleet: Fleet) -> Iterator[Finding]:
    """Checks that a machine is installed on a type that is at least as large, and of the same architecture."""
    for name, provider in CloudProvider.machines_of(fleet):
        if (larger := provider.larger_size) is None:
            continue
        where: Location = ("machines", name, "provider", "install_type")
        sold, own = provider.machine_types, provider.size
        if provider.prepared:
            yield Finding(where, "a machine that boots a prepared image is never installed", "remove `install_type`")
        elif sold[larger].architecture != sold[own].architecture:
            what = f"'{larger}' is {sold[larger].architecture}, but '{own}' is {sold[own].architecture}"
            yield Finding(where, what, f"use a type of {sold[own].architecture}")
        elif sold[larger].memory_mb < sold[own].memory_mb:
            yield Finding(where, f"'{larger}' has less memory than '{own}'", "choose a larger type, or remove it")


def prepared_images(fleet: Fleet) -> Iterator[Finding]:
    """Checks that only an installer encrypts a disk, and erases one that has a system."""
    for name, machine in fleet.machines.items():
        if not machine.boots_nixos:
            continue
        if machine.disk.encrypted:
            what = "the disk of a prepared image was made without this machine's passphrase"
            fix = "remove `encrypted`, or have it installed: `image: debian-12`"
            yield Finding(("machines", name, "disk", "encrypted"), what, fix)
