"""What no single field can know: whether the parts of a fleet fit together.

Each check is a generator of findings over a fleet that is valid field by field. `CHECKS` lists them all.
"""

import ipaddress
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from fediversity.fleet import catalogue
from fediversity.fleet.graph import find_cycle
from fediversity.fleet.machines import (
    COMPUTED_TAGS,
    DarwinProvider,
    ExistingProvider,
    GcpProvider,
    HetznerProvider,
    Machine,
)
from fediversity.fleet.model import Fleet, Instance
from fediversity.fleet.order import TAG_PREFIX, machine_waits
from fediversity.fleet.problems import Finding, Location, choose
from fediversity.fleet.services import SERVICES, SETTINGS, ZEROTIER

Check = Callable[[Fleet], Iterator[Finding]]

_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.:-]*[A-Za-z0-9])?")
_SECRET_KEY = re.compile(r"(?i)(password|passphrase|secret|token|private_?key|api_?key)")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]")


def machine_kinds(fleet: Fleet) -> Iterator[Finding]:
    """Class, system, provider and login user of a machine belong together."""
    for name, machine in fleet.machines.items():
        where: Location = ("machines", name)
        kind = machine.provider.kind
        if (kind == "darwin") != (machine.machineClass == "darwin"):
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
        if isinstance(machine.provider, ExistingProvider | DarwinProvider) and not _HOST.fullmatch(
            machine.provider.host
        ):
            fix = "write a host name or an address, without user and port"
            yield Finding((*where, "provider", "host"), f"'{machine.provider.host}' is not a host", fix)


def machine_sizes(fleet: Fleet) -> Iterator[Finding]:
    """A cloud machine has the architecture its system needs, and the memory its installer needs."""
    for name, machine in fleet.machines.items():
        provider = machine.provider
        if isinstance(provider, HetznerProvider):
            sold, field = catalogue.HETZNER_SERVER_TYPES, "server_type"
            chosen = provider.server_type
        elif isinstance(provider, GcpProvider):
            sold, field = catalogue.GCP_MACHINE_TYPES, "machine_type"
            chosen = provider.machine_type
        else:
            continue
        where = ("machines", name, "provider", field)
        size = sold[chosen]
        if not machine.system.startswith(f"{size.architecture}-"):
            what = f"'{chosen}' is {size.architecture}, but the machine's system is {machine.system}"
            yield Finding(where, what, f"use `system: {size.architecture}-linux` or another {field}")
        if size.memory_mb < catalogue.INSTALLER_MEMORY_MB:
            needed = catalogue.INSTALLER_MEMORY_MB
            what = f"'{chosen}' has {size.memory_mb} MiB of memory; the NixOS installer needs {needed}"
            enough = [name for name, other in sold.items() if other.memory_mb >= needed]
            smallest = min(
                enough, key=lambda name: (sold[name].architecture != size.architecture, sold[name].memory_mb)
            )
            yield Finding(where, what, f"choose a larger type; the smallest that can be installed is '{smallest}'")


def machine_disks(fleet: Fleet) -> Iterator[Finding]:
    """Only a disk this fleet partitions can be encrypted by it, and its two SSH servers need two ports."""
    for name, machine in fleet.machines.items():
        where = ("machines", name, "disk")
        if machine.disk.encrypted and not machine.installed_by_us:
            fix = "remove `encrypted`; that disk is set up outside this fleet"
            yield Finding(
                (*where, "encrypted"), f"a machine of kind {machine.provider.kind} is not partitioned here", fix
            )
        if machine.disk.encrypted and machine.disk.unlock_port == machine.ssh.port:
            what = f"port {machine.ssh.port} for both unlocking and SSH"
            fix = "give the unlocking its own port: its host key is another one and clients would refuse it"
            yield Finding((*where, "unlock_port"), what, fix)


def machine_tags(fleet: Fleet) -> Iterator[Finding]:
    """Tags are written once, and the computed ones never contradict the machine's class."""
    for name, machine in fleet.machines.items():
        for index, tag in enumerate(machine.tags):
            where = ("machines", name, "tags", index)
            if tag in machine.tags[:index]:
                yield Finding(where, f"tag '{tag}' twice", "keep it once")
            if tag in COMPUTED_TAGS and tag not in {"all", machine.machineClass}:
                fix = f"remove it: clan computes '{machine.machineClass}' from machineClass"
                yield Finding(where, f"tag '{tag}' on a {machine.machineClass} machine", fix)


def machine_meshes(fleet: Fleet) -> Iterator[Finding]:
    """`mesh` names a zerotier instance, on the machines that no role can configure."""
    meshes = [name for name, instance in fleet.instances.items() if instance.module == ZEROTIER]
    for name, machine in fleet.machines.items():
        if machine.mesh is None:
            continue
        where = ("machines", name, "mesh")
        if machine.machineClass != "darwin":
            fix = f"remove it and give the machine a tag that has the peer role of '{machine.mesh}'"
            yield Finding(where, "`mesh` is for Macs; NixOS machines join through the service's peer role", fix)
        elif machine.mesh not in meshes:
            yield Finding(where, f"no zerotier instance '{machine.mesh}'", choose(machine.mesh, meshes))


def hosts_are_different(fleet: Fleet) -> Iterator[Finding]:
    """No two machines are the same host."""
    seen: dict[str, str] = {}
    for name, machine in fleet.machines.items():
        if isinstance(machine.provider, ExistingProvider | DarwinProvider):
            host = machine.provider.host.lower()
            if host in seen:
                where = ("machines", name, "provider", "host")
                yield Finding(
                    where, f"'{host}' is already the host of '{seen[host]}'", "give each machine its own host"
                )
            seen.setdefault(host, name)


def google_project(fleet: Fleet) -> Iterator[Finding]:
    """Whatever lives in Google Cloud needs the project it lives in."""
    if fleet.gcp is not None:
        return
    fix = "add `gcp:` with `project:` at the top of the file"
    for name, machine in fleet.machines.items():
        if isinstance(machine.provider, GcpProvider):
            yield Finding(("machines", name, "provider"), "a Google Cloud machine, but no project is named", fix)
    for name, zone in fleet.dns.zones.items():
        if zone.provider == "gcp":
            yield Finding(("dns", "zones", name, "provider"), "a Cloud DNS zone, but no project is named", fix)
    for name in fleet.buckets:
        yield Finding(("buckets", name), "a Cloud Storage bucket, but no project is named", fix)


def after_names(fleet: Fleet) -> Iterator[Finding]:
    """`after:` names machines or tags that exist, and never the machine itself."""
    entries = [(("machines", name, "after"), name, machine.after) for name, machine in fleet.machines.items()]
    entries += [(("deployments", name, "after"), "", entry.after) for name, entry in fleet.deployments.items()]
    tags = _used_tags(fleet)
    for where, name, after in entries:
        for index, entry in enumerate(after):
            here = (*where, index)
            if entry == name:
                yield Finding(here, "a machine after itself", "remove this entry")
            elif entry.startswith(TAG_PREFIX):
                tag = entry.removeprefix(TAG_PREFIX)
                if tag not in tags:
                    yield Finding(here, f"no machine has the tag '{tag}'", choose(tag, tags))
            elif entry not in fleet.machines:
                what = f"unknown machine '{entry}'"
                hint = f"; for a tag write '{TAG_PREFIX}{entry}'" if entry in tags else ""
                yield Finding(here, what, choose(entry, fleet.machines) + hint)


def no_cycle(fleet: Fleet) -> Iterator[Finding]:
    """Nothing waits for itself in a circle."""
    cycle = find_cycle(machine_waits(fleet))
    if cycle:
        what = f"a cycle: {' waits for '.join(cycle)}"
        fix = "remove one `after:` of these machines; mesh members always wait for the mesh's controller"
        where = next((name for name in cycle if fleet.machines[name].after), cycle[0])
        if fleet.deploying_machine in cycle:
            fix = f"nothing can wait for '{fleet.deploying_machine}': the deploying machine is updated last"
        yield Finding(("machines", where, "after"), what, fix)


def deploying_machine(fleet: Fleet) -> Iterator[Finding]:
    """The deploying machine is one of the fleet, if it is named."""
    name = fleet.deploying_machine
    if name is not None and name not in fleet.machines:
        yield Finding(("deploying_machine",), f"unknown machine '{name}'", choose(name, fleet.machines))


def instance_roles(fleet: Fleet) -> Iterator[Finding]:
    """Roles exist in their service, are held by machines that exist, and by as many as the service wants."""
    for name, instance in fleet.instances.items():
        service = SERVICES[instance.module]
        where: Location = ("instances", name, "roles")
        for role_name in instance.roles:
            here = (*where, role_name)
            if role_name not in service.roles:
                what = f"the service {instance.module} has no role '{role_name}'"
                yield Finding(here, what, choose(role_name, service.roles))
                continue
            yield from _unknown_members(fleet, instance, role_name, here)
        for role_name, role in service.roles.items():
            held = fleet.members(instance.roles[role_name]) if role_name in instance.roles else ()
            if len(held) < role.at_least:
                what = f"{instance.module} needs a {role_name}, and no enabled machine has that role"
                yield Finding(where, what, f"give the role {role_name} to one machine")
            if role.at_most is not None and len(held) > role.at_most:
                what = f"{len(held)} machines have the role {role_name}: {', '.join(held)}"
                yield Finding(
                    (*where, role_name),
                    what,
                    f"{instance.module} allows {role.at_most}; keep one of them"
                    if role.at_most == 1
                    else f"{instance.module} allows {role.at_most} at most",
                )


def _unknown_members(fleet: Fleet, instance: Instance, role_name: str, where: Location) -> Iterator[Finding]:
    assignment = instance.roles[role_name]
    tags = _used_tags(fleet)
    for index, machine in enumerate(assignment.machines):
        if machine not in fleet.machines:
            yield Finding((*where, "machines", index), f"unknown machine '{machine}'", choose(machine, fleet.machines))
    for index, tag in enumerate(assignment.tags):
        if tag not in tags:
            yield Finding((*where, "tags", index), f"no machine has the tag '{tag}'", choose(tag, tags))
    if not assignment.machines and not assignment.tags:
        fix = "list `machines:` or `tags:`, or remove the role"
        yield Finding(where, f"the role {role_name} is given to nobody", fix)
    if not SERVICES[instance.module].darwin:
        macs = [name for name in fleet.members(assignment) if fleet.machines[name].machineClass == "darwin"]
        if macs:
            what = f"{instance.module} has no darwin module and would do nothing on {', '.join(macs)}"
            yield Finding(where, what, _darwin_fix(instance.module))


def _darwin_fix(module: str) -> str:
    if module == ZEROTIER:
        return "give the role to NixOS machines only (tag nixos), and set `mesh:` on the Macs: the rollout joins them"
    return "give the role to NixOS machines only (tag nixos); a Mac gets the same from its own module in nix/"


def instance_settings(fleet: Fleet) -> Iterator[Finding]:
    """Settings are ones the role knows, can run without a person, and hold no secret."""
    for name, instance in fleet.instances.items():
        for role_name, assignment in instance.roles.items():
            where: Location = ("instances", name, "roles", role_name, "settings")
            known = SETTINGS.get((instance.module, role_name))
            for key in assignment.settings:
                if known is not None and key not in known:
                    what = f"{instance.module} has no setting '{key}' for the role {role_name}"
                    yield Finding((*where, key), what, choose(key, known) if known else "remove it: there are none")
            yield from _secrets(assignment.settings, where)
            if instance.module == "users" and role_name == "default":
                if "user" not in assignment.settings:
                    yield Finding(where, "users needs the name of the user", "add `user:` to the settings")
                if assignment.settings.get("prompt", True) is not False:
                    what = "users would ask for a password, and a rollout has nobody to answer"
                    yield Finding((*where, "prompt"), what, "set `prompt: false`: clan generates the password")


def _secrets(settings: Mapping[str, Any], where: Location) -> Iterator[Finding]:
    for key, value in settings.items():
        if isinstance(value, Mapping):
            yield from _secrets(value, (*where, key))
        elif isinstance(value, str) and _SECRET_KEY.search(key):
            fix = "remove it from the file and make it a clan var (`clan vars set`) or a sops secret"
            yield Finding((*where, key), f"'{key}' looks like a secret in clear text", fix)


def dns_records(fleet: Fleet) -> Iterator[Finding]:
    """Each name and type once per zone, nothing beside a CNAME, and addresses only from machines that have one."""
    for zone_name, zone in fleet.dns.zones.items():
        where: Location = ("dns", "zones", zone_name, "records")
        types: dict[str, list[str]] = {}
        for index, record in enumerate(zone.records):
            others = types.setdefault(record.name, [])
            if record.type in others:
                what = f"a second {record.type} record for '{record.name}'"
                yield Finding((*where, index), what, "put all values into one record")
            elif others and "CNAME" in {record.type, *others}:
                what = f"'{record.name}' has a CNAME and {' and '.join(sorted({record.type, *others} - {'CNAME'}))}"
                yield Finding((*where, index), what, "nothing may stand beside a CNAME (RFC 1034): remove one of them")
            others.append(record.type)
            if record.machine is not None:
                yield from _record_machine(fleet, record.machine, (*where, index, "machine"))


def _record_machine(fleet: Fleet, name: str, where: Location) -> Iterator[Finding]:
    machine = fleet.machines.get(name)
    if machine is None:
        yield Finding(where, f"unknown machine '{name}'", choose(name, fleet.machines))
    elif not machine.installed_by_us and not _has_public_host(machine):
        what = f"'{name}' has no public address that this fleet knows"
        yield Finding(where, what, "name a cloud machine, or write the address under `values:`")


def _has_public_host(machine: Machine) -> bool:
    if not isinstance(machine.provider, ExistingProvider):
        return False
    try:
        return ipaddress.ip_address(machine.provider.host).version == 4
    except ValueError:
        return False


def bucket_names(fleet: Fleet) -> Iterator[Finding]:
    """Bucket names follow Cloud Storage's rules: one name space for the whole world."""
    for name in fleet.buckets:
        where = ("buckets", name)
        if not _BUCKET.fullmatch(name):
            fix = "use 3 to 63 lower-case letters, digits, '-', '_' or '.', beginning and ending with a letter or digit"
            yield Finding(where, f"'{name}' is not a bucket name", fix)
        elif name.startswith("goog") or "google" in name:
            yield Finding(where, f"'{name}' is a name Google keeps for itself", "leave 'google' and 'goog…' out of it")


def deployments(fleet: Fleet) -> Iterator[Finding]:
    """Applications run on NixOS machines that are switched on, each at a domain of its own."""
    domains: Counter[str] = Counter()
    nixos = [name for name, machine in fleet.machines.items() if machine.machineClass == "nixos"]
    for name, deployment in fleet.deployments.items():
        where = ("deployments", name)
        machine = fleet.machines.get(deployment.machine)
        if machine is None:
            yield Finding(
                (*where, "machine"), f"unknown machine '{deployment.machine}'", choose(deployment.machine, nixos)
            )
        elif machine.machineClass == "darwin":
            fix = f"NixOps4 deploys to NixOS only; {choose('', nixos)}"
            yield Finding((*where, "machine"), f"'{deployment.machine}' is a Mac", fix)
        elif deployment.enabled and not machine.enabled:
            fix = f"enable '{deployment.machine}', or set `enabled: false` here too"
            yield Finding((*where, "machine"), f"'{deployment.machine}' is disabled", fix)
        domains[deployment.domain] += 1
        if domains[deployment.domain] == 2:
            yield Finding((*where, "domain"), f"'{deployment.domain}' is taken", "give each application its own domain")


def _used_tags(fleet: Fleet) -> frozenset[str]:
    return frozenset().union(*(machine.all_tags for machine in fleet.machines.values()))


CHECKS: tuple[Check, ...] = (
    machine_kinds,
    machine_sizes,
    machine_disks,
    machine_tags,
    machine_meshes,
    hosts_are_different,
    google_project,
    after_names,
    no_cycle,
    deploying_machine,
    instance_roles,
    instance_settings,
    dns_records,
    bucket_names,
    deployments,
)
