"""What people outside see: DNS records and applications."""

from collections.abc import Iterator

from fediversity.fleet.base import is_address
from fediversity.fleet.checks.common import unknown_machine
from fediversity.fleet.deployments import Deployment
from fediversity.fleet.dns import Record, Zone
from fediversity.fleet.model import Fleet
from fediversity.fleet.problems import Finding, Location, choose
from fediversity.fleet.providers import ExistingProvider


def dns_records(fleet: Fleet) -> Iterator[Finding]:
    """Each name and type once per zone, nothing beside a CNAME, and addresses only from machines that have one."""
    for zone_name, zone in fleet.dns.zones.items():
        where: Location = ("dns", "zones", zone_name, "records")
        yield from _same_names(zone, where)
        for index, record in enumerate(zone.records):
            if f".{record.name}".endswith(f".{zone_name}"):
                what = f"'{record.name}' names the zone again: it would become {record.name}.{zone_name}"
                fix = f"write '{record.name.removesuffix(zone_name).removesuffix('.') or '@'}'"
                yield Finding((*where, index, "name"), what, fix)
            if record.machine is not None:
                yield from _record_machine(fleet, record.machine, (*where, index, "machine"))


def _same_names(zone: Zone, where: Location) -> Iterator[Finding]:
    seen: dict[str, list[Record]] = {}
    for index, record in enumerate(zone.records):
        others = {other.type for other in seen.setdefault(record.name, [])}
        if record.type in others:
            what = f"a second {record.type} record for '{record.name}'"
            fix = "remove one of them" if record.type == "CNAME" else "put all values into one record"
            yield Finding((*where, index), what, fix)
        elif others and "CNAME" in {record.type, *others}:
            beside = " and ".join(sorted({record.type, *others} - {"CNAME"}))
            fix = "nothing may stand beside a CNAME (RFC 1034): remove one of them"
            yield Finding((*where, index), f"'{record.name}' has a CNAME and {beside}", fix)
        seen[record.name].append(record)


def _record_machine(fleet: Fleet, name: str, where: Location) -> Iterator[Finding]:
    machine = fleet.machines.get(name)
    if machine is None:
        yield unknown_machine(where, name, fleet.machines)
    elif not machine.installed_by_us:
        provider = machine.provider
        if not (isinstance(provider, ExistingProvider) and is_address(provider.host, 4)):
            what = f"'{name}' has no public address that this fleet knows"
            yield Finding(where, what, "name a cloud machine, or write the address under `values:`")


def deployments(fleet: Fleet) -> Iterator[Finding]:
    """Applications run on NixOS machines that are switched on, each at a domain of its own, one of a kind a machine."""
    domains: dict[str, str] = {}
    places: dict[tuple[str, str], str] = {}
    for name, deployment in fleet.deployments.items():
        where: Location = ("deployments", name)
        yield from _deployment_machine(fleet, deployment, where)
        if (other := domains.setdefault(deployment.domain, name)) != name:
            what = f"'{deployment.domain}' is already the domain of '{other}'"
            yield Finding((*where, "domain"), what, "give each application its own domain")
        if (other := places.setdefault((deployment.machine, deployment.application), name)) != name:
            what = f"'{deployment.machine}' has a {deployment.application} already, '{other}'"
            yield Finding((*where, "machine"), what, "NixOS runs one of each application: name another machine")


def _deployment_machine(fleet: Fleet, deployment: Deployment, where: Location) -> Iterator[Finding]:
    machine = fleet.machines.get(deployment.machine)
    nixos = [name for name, machine in fleet.machines.items() if machine.machineClass == "nixos"]
    if machine is None:
        yield unknown_machine((*where, "machine"), deployment.machine, nixos)
    elif machine.machineClass == "darwin":
        fix = f"NixOps4 deploys to NixOS only; {choose('', nixos)}"
        yield Finding((*where, "machine"), f"'{deployment.machine}' is a Mac", fix)
    elif deployment.enabled and not machine.enabled:
        fix = f"enable '{deployment.machine}', or set `enabled: false` here too"
        yield Finding((*where, "machine"), f"'{deployment.machine}' is disabled", fix)
