"""What Hetzner wants of a fleet: private networks that servers fit in, volumes, groups and names it can make.

Disabled machines are looked at as well: what is wrong with them would be found on the day they are needed.
"""

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network

from fediversity.fleet.diagnostics import Finding, Location, choose
from fediversity.fleet.model import Fleet
from fediversity.fleet.providers.hetzner import catalogue
from fediversity.fleet.providers.hetzner.model import HetznerProvider, Network
from fediversity.fleet.providers.hetzner.names import (
    LONGEST_VOLUME_NAME,
    MOST_IN_A_GROUP,
    MOST_RULES,
    MOST_VOLUMES,
    PUBLIC_GATEWAY,
    SMALLEST_NETWORK,
    SMALLEST_SUBNET,
    volume_name,
)


def networks(fleet: Fleet) -> Iterator[Finding]:
    """Checks that a network's subnet lies inside it, and Hetzner takes both."""
    for name, network in fleet.networks.items():
        where = ("networks", name)
        whole, part = IPv4Network(network.range), IPv4Network(network.subnet)
        if whole.prefixlen > SMALLEST_NETWORK:
            fix = f"use a /{SMALLEST_NETWORK} or a larger one, like '10.0.0.0/16'"
            yield Finding((*where, "range"), f"'{network.range}' is too small for a network", fix)
        elif not part.subnet_of(whole):
            fix = f"use a part of it, like '{next(whole.subnets(new_prefix=SMALLEST_NETWORK))}'"
            yield Finding((*where, "subnet"), f"'{network.subnet}' is not inside the range '{network.range}'", fix)
        elif part.prefixlen > SMALLEST_SUBNET:
            fix = f"use a /{SMALLEST_SUBNET} or a larger one"
            yield Finding((*where, "subnet"), f"'{network.subnet}' is too small for a subnet", fix)


def places(fleet: Fleet) -> Iterator[Finding]:
    """Checks that a server is of a type that its location sells."""
    for name, provider in HetznerProvider.machines_of(fleet):
        sold_in = catalogue.sold_in(provider.server_type)
        if provider.location not in sold_in:
            what = f"'{provider.server_type}' is not sold in '{provider.location}'"
            fix = f"use one of {', '.join(sorted(sold_in))}, or another server_type"
            yield Finding(("machines", name, "provider", "location"), what, fix)


def network_places(fleet: Fleet) -> Iterator[Finding]:
    """Checks that a server's network is declared and reaches its location, and its address there is free."""
    taken: dict[tuple[str, str], str] = {}
    members: dict[str, int] = {}
    for name, provider in HetznerProvider.machines_of(fleet):
        if (wanted := provider.network) is None:
            continue
        where = ("machines", name, "provider", "network")
        network = fleet.networks.get(wanted.name)
        if network is None:
            what, fix = f"no network '{wanted.name}'", choose(wanted.name, fleet.networks)
            yield Finding((*where, "name"), what, fix, absent=("networks", wanted.name))
            continue
        if provider.location not in catalogue.NETWORK_ZONES[network.zone]:
            reached = ", ".join(sorted(catalogue.NETWORK_ZONES[network.zone]))
            what = f"the network '{wanted.name}' is in {network.zone}, which does not reach '{provider.location}'"
            yield Finding((*where, "name"), what, f"move the server to one of {reached}, or name another network")
        if any(finding.where[:2] == ("networks", wanted.name) for finding in networks(fleet)):
            continue
        members[wanted.name] = members.get(wanted.name, 0) + 1
        if members[wanted.name] == _room(network) + 1:
            what = f"the subnet '{network.subnet}' has room for {_room(network)} servers"
            yield Finding((*where, "name"), what, "make the subnet larger, or put fewer servers in it")
        if wanted.address is None:
            continue
        yield from _address(network, wanted.address, (*where, "address"))
        if (other := taken.setdefault((wanted.name, wanted.address), name)) != name:
            what = f"'{wanted.address}' is already the address of '{other}'"
            yield Finding((*where, "address"), what, "give each server its own address")


def _address(network: Network, text: str, where: Location) -> Iterator[Finding]:
    subnet, address = IPv4Network(network.subnet), IPv4Address(text)
    if address not in subnet:
        fix = f"use one of the subnet '{subnet}', or leave it out"
        yield Finding(where, f"'{text}' is outside the network's subnet", fix)
    elif address == _gateway(network) or text == PUBLIC_GATEWAY:
        yield Finding(where, f"'{text}' is the address of a gateway", "use another, or leave it out")
    elif address in {subnet.network_address, subnet.broadcast_address}:
        yield Finding(
            where, f"'{text}' is an end of the subnet '{subnet}'", "use one between its ends, or leave it out"
        )


def _gateway(network: Network) -> IPv4Address:
    return IPv4Network(network.range)[1]


def _room(network: Network) -> int:
    """Returns how many servers the subnet has addresses for."""
    subnet = IPv4Network(network.subnet)
    gateways = {_gateway(network), IPv4Address(PUBLIC_GATEWAY)} - {subnet.network_address}
    return subnet.num_addresses - 2 - sum(gateway in subnet for gateway in gateways)


def volumes(fleet: Fleet) -> Iterator[Finding]:
    """Checks that a server takes its volumes, and each is called differently in the project."""
    names: dict[str, str] = {}
    for machine, provider in HetznerProvider.machines_of(fleet):
        where = ("machines", machine, "provider", "volumes")
        if len(provider.volumes) > MOST_VOLUMES:
            what = f"{len(provider.volumes)} volumes on one server"
            yield Finding(where, what, f"Hetzner takes {MOST_VOLUMES}: make fewer and larger ones")
        for volume in provider.volumes:
            called = volume_name(machine, volume)
            if len(called) > LONGEST_VOLUME_NAME:
                what = f"Hetzner would have to take the name '{called}', which has {len(called)} characters"
                room = LONGEST_VOLUME_NAME - (len(called) - len(volume))
                yield Finding((*where, volume), what, f"shorten the volume's name to {room} characters")
            if (other := names.setdefault(called, machine)) != machine:
                what = f"Hetzner would call it '{called}', as it calls a volume of '{other}'"
                yield Finding((*where, volume), what, "give one of the two volumes another name")


def groups(fleet: Fleet) -> Iterator[Finding]:
    """Checks that a placement group is not larger than Hetzner can spread it."""
    members: dict[str, int] = {}
    for name, provider in HetznerProvider.machines_of(fleet):
        group = provider.placement_group
        if group is None or not fleet.machines[name].enabled:
            continue
        members[group] = members.get(group, 0) + 1
        if members[group] == MOST_IN_A_GROUP + 1:
            what = f"the group '{group}' has {MOST_IN_A_GROUP} servers already"
            fix = "that is the most Hetzner takes: use a second group"
            yield Finding(("machines", name, "provider", "placement_group"), what, fix)


def reverse_names(fleet: Fleet) -> Iterator[Finding]:
    """Checks that a reverse name is one machine's, and does not lead to another machine's address."""
    taken: dict[str, str] = {}
    for name, provider in HetznerProvider.machines_of(fleet):
        if provider.rdns is None:
            continue
        where = ("machines", name, "provider", "rdns")
        if (other := taken.setdefault(provider.rdns, name)) != name:
            what = f"'{provider.rdns}' is already the reverse name of '{other}'"
            yield Finding(where, what, "give each machine its own")
        elif (led_to := _led_to(fleet, provider.rdns)) and name not in led_to:
            what = f"'{provider.rdns}' leads to '{min(led_to)}'"
            yield Finding(where, what, f"use a name whose A record comes from '{name}' (RFC 1912, 2.1)")


def _led_to(fleet: Fleet, domain: str) -> set[str]:
    """Returns the machines that an address record of that name comes from."""
    return {
        record.machine
        for zone_name, zone in fleet.dns.zones.items()
        for record in zone.records
        if record.machine and domain == (zone_name if record.name == "@" else f"{record.name}.{zone_name}")
    }


def rules(fleet: Fleet) -> Iterator[Finding]:
    """Checks that a firewall has no more rules than Hetzner takes."""
    for name, provider in HetznerProvider.machines_of(fleet):
        own = 4 if fleet.machines[name].disk.encrypted else 3
        if len(provider.firewall) + own > MOST_RULES:
            what = f"{len(provider.firewall)} rules, and {own} of the fleet's own"
            fix = f"Hetzner takes {MOST_RULES} in all: join ranges of ports, or lists of sources"
            yield Finding(("machines", name, "provider", "firewall"), what, fix)


def install_types(fleet: Fleet) -> Iterator[Finding]:
    """Checks that a server can be made as its `install_type` and become its own type afterwards."""
    for name, provider in HetznerProvider.machines_of(fleet):
        larger, own = provider.install_type, provider.server_type
        if larger is None:
            continue
        where = ("machines", name, "provider", "install_type")
        sold = catalogue.SERVER_TYPES
        if sold[larger].architecture != sold[own].architecture:
            continue  # `lifecycle.install_types` reports it.
        if provider.location not in (places := catalogue.sold_in(larger)):
            what = f"'{larger}' is not sold in '{provider.location}'"
            yield Finding(where, what, f"use one of {', '.join(sorted(places))}, or another install_type")
        elif catalogue.DISK_GB[larger] > catalogue.DISK_GB[own]:
            disk, room = catalogue.DISK_GB[larger], catalogue.DISK_GB[own]
            what = f"a disk made with '{larger}' has {disk} GB and never fits '{own}' ({room} GB)"
            yield Finding(where, what, f"use a type whose disk has {room} GB or less: {_with_disk(own)}")


def _with_disk(own: str) -> str:
    """Returns the types that a server may have while it is installed: more memory, and a disk that is not larger."""
    sold, disks = catalogue.SERVER_TYPES, catalogue.DISK_GB
    fitting = [
        name
        for name, size in sold.items()
        if size.architecture == sold[own].architecture
        and size.memory_mb > sold[own].memory_mb
        and disks[name] <= disks[own]
    ]
    return ", ".join(sorted(fitting)) or "there is none, so leave it out"


CHECKS = (places, networks, network_places, volumes, groups, reverse_names, rules, install_types)
