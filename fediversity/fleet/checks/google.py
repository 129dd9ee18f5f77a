"""What Google Cloud wants of a fleet: a project to live in, names of its own form, and IPv4."""

from collections.abc import Iterator

from fediversity.fleet.diagnostics import Finding, Location
from fediversity.fleet.google import LONGEST_NAME, address_name, disk_name, firewall_name, image_name, zone_name
from fediversity.fleet.model import Fleet
from fediversity.fleet.providers import EVERYBODY, GcpProvider


def project(fleet: Fleet) -> Iterator[Finding]:
    """Whatever lives in Google Cloud needs the project it lives in."""
    if fleet.gcp is not None:
        return
    users: list[tuple[Location, str]] = []
    for name, _ in _machines(fleet):
        users.append((("machines", name, "provider"), f"the machine '{name}'"))
    for name in _zones(fleet):
        users.append((("dns", "zones", name, "provider"), f"the zone '{name}'"))
    users += [(("buckets", name), f"the bucket '{name}'") for name in fleet.buckets]
    if users:
        where, first = users[0]
        others = f" and {len(users) - 1} more" if len(users) > 1 else ""
        what = f"no Google Cloud project is named, and {first}{others} must live in one"
        yield Finding(where, what, "add `gcp:` with `project:` at the top of the file", absent=("gcp",))


def machine_names(fleet: Fleet) -> Iterator[Finding]:
    """A machine, its address and its firewalls can be called what they would be called."""
    for name, provider in _machines(fleet):
        where = ("machines", name)
        if not name[0].isalpha():
            yield Finding(where, f"Google Cloud takes no instance '{name}'", "begin its name with a letter")
        rules = [firewall_name(name, index) for index in range(len(provider.firewall))]
        others = [disk_name(name, disk) for disk in provider.disks]
        others += [image_name(name, provider.image)] if provider.prepared else []
        longest = max(address_name(name, provider.region), firewall_name(name), *rules, *others, key=len)
        if len(longest) > LONGEST_NAME:
            what = f"Google Cloud would have to take the name '{longest}', which has {len(longest)} characters"
            room = LONGEST_NAME - (len(longest) - len(name))
            yield Finding(where, what, f"shorten the machine's name to {room} characters")


def zone_names(fleet: Fleet) -> Iterator[Finding]:
    """Each zone has a name that Cloud DNS takes, and its own."""
    taken: dict[str, str] = {}
    for domain in _zones(fleet):
        where = ("dns", "zones", domain)
        called = zone_name(domain)
        if called in taken:
            what = f"Cloud DNS would call it '{called}', as it calls '{taken[called]}'"
            yield Finding(where, what, "let Hetzner serve one of the two: `provider: hetzner`")
        elif len(called) > LONGEST_NAME:
            fix = f"Cloud DNS takes {LONGEST_NAME}: let Hetzner serve it, `provider: hetzner`"
            yield Finding(where, f"Cloud DNS would call it '{called}', which has {len(called)} characters", fix)
        taken.setdefault(called, domain)


def sources(fleet: Fleet) -> Iterator[Finding]:
    """Nobody counts on IPv6 in front of a machine that has an IPv4 address only."""
    for name, provider in _machines(fleet):
        for index, rule in enumerate(provider.firewall):
            lost = [source for source in rule.sources if ":" in source]
            # Where everybody may come, it is understood that they come by IPv4.
            if not lost or set(EVERYBODY) <= set(rule.sources):
                continue
            what = "only IPv6 networks are" if len(lost) == len(rule.sources) else f"the IPv6 network '{lost[0]}' is"
            what += " listed, and a machine at Google Cloud has an IPv4 address only"
            fix = "list IPv4 networks only, or move the machine to Hetzner; everybody is 0.0.0.0/0 and ::/0"
            yield Finding(("machines", name, "provider", "firewall", index, "sources"), what, fix)


def _machines(fleet: Fleet) -> Iterator[tuple[str, GcpProvider]]:
    for name, machine in fleet.machines.items():
        if isinstance(machine.provider, GcpProvider):
            yield name, machine.provider


def _zones(fleet: Fleet) -> Iterator[str]:
    return (domain for domain, zone in fleet.dns.zones.items() if zone.provider == "gcp")
