"""Checks single resources as Hetzner's API does, before anything is created. Pure; values may be UNKNOWN."""

import ipaddress
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from fediversity.embedded_cloud.plugins import labels
from fediversity.embedded_cloud.plugins.problems import Problem, did_you_mean, not_simulated
from fediversity.embedded_cloud.plugins.values import Values
from fediversity.fleet.providers.hetzner.catalogue import IMAGES, LOCATIONS, SERVER_TYPES
from fediversity.fleet.providers.hetzner.names import MOST_RULES, PRIVATE_RANGES

_LABEL_KEY = re.compile(
    r"([a-zA-Z0-9]([-_.a-zA-Z0-9]{0,253}[a-zA-Z0-9])?/)?[a-zA-Z0-9]([-_.a-zA-Z0-9]{0,61}[a-zA-Z0-9])?"
)
_LABEL_VALUE = re.compile(r"([a-zA-Z0-9]([-_.a-zA-Z0-9]{0,61}[a-zA-Z0-9])?)?")
_SNAPSHOT = re.compile(r"[1-9][0-9]*")
_DATACENTER_GONE = "was removed from Hetzner's API on 1 July 2026; give `location` instead"
_WITH_PORTS = {"tcp", "udp"}
_PROTOCOLS = {"tcp", "udp", "icmp", "esp", "gre"}


def one_of(path: str, value: Any, choices: Iterable[str], what: str) -> Iterator[Problem]:
    """Yields a problem if a value is known and not among the choices."""
    if isinstance(value, str) and value not in set(choices):
        yield Problem(path, f'"{value}" is not {what}{did_you_mean(value, choices)}')


def label_problems(inputs: Mapping[str, Any]) -> Iterator[Problem]:
    """Checks Hetzner's format of labels (its API documentation, "Labels")."""
    given = inputs.get("labels")
    for key, value in given.items() if isinstance(given, dict) else ():
        if not _LABEL_KEY.fullmatch(key):
            yield Problem("labels", f'"{key}" is not the key of a label; use letters, digits, and -_. between them')
        if isinstance(value, str) and not _LABEL_VALUE.fullmatch(value):
            yield Problem(
                f"labels.{key}", f'"{value}" is not the value of a label; it may contain the same characters as a key'
            )


def ssh_key(inputs: Values) -> Iterator[Problem]:
    """Checks an SSH key."""
    yield from label_problems(inputs)
    key = inputs.get("publicKey")
    if isinstance(key, str) and labels.public_key_blob(key) is None:
        yield Problem("publicKey", "is not an OpenSSH public key, like `ssh-ed25519 AAAA… comment`")


def firewall(inputs: Values) -> Iterator[Problem]:
    """Checks a firewall and its rules."""
    yield from label_problems(inputs)
    rules = inputs.get("rules")
    for index, rule in enumerate(rules if isinstance(rules, list) else ()):
        if isinstance(rule, dict):
            yield from _firewall_rule(f"rules[{index}]", rule)
    if isinstance(rules, list) and len(rules) > MOST_RULES:
        yield Problem("rules", f"has {len(rules)} rules; a firewall takes {MOST_RULES}")


def _firewall_rule(path: str, rule: Mapping[str, Any]) -> Iterator[Problem]:
    direction, protocol, port = rule.get("direction"), rule.get("protocol"), rule.get("port")
    yield from one_of(f"{path}.direction", direction, {"in", "out"}, "a direction")
    yield from one_of(f"{path}.protocol", protocol, _PROTOCOLS, "a protocol Hetzner's firewalls know")
    if isinstance(port, str) and port != "any" and labels.port_range(port) is None:
        yield Problem(f"{path}.port", f'"{port}" is not a port; write "443", "8000-8010" or "any"')
    if protocol in _WITH_PORTS and port is None:
        yield Problem(f"{path}.port", f"is missing; a rule for {protocol} needs one")
    if protocol in _PROTOCOLS - _WITH_PORTS and port is not None:
        yield Problem(f"{path}.port", f"does not go with {protocol}")
    for side, needed_by in (("sourceIps", "in"), ("destinationIps", "out")):
        networks = rule.get(side)
        if direction == needed_by and not networks:
            yield Problem(f"{path}.{side}", f'is missing; a rule of direction "{direction}" needs it')
        for index, network in enumerate(networks if isinstance(networks, list) else ()):
            if isinstance(network, str):
                yield from labels.cidr_problems(f"{path}.{side}[{index}]", network)


def primary_ip(inputs: Values) -> Iterator[Problem]:
    """Checks a primary IP, which is assigned by the server that refers to it in `publicNets`."""
    yield from label_problems(inputs)
    yield from one_of("type", inputs.get("type"), {"ipv4", "ipv6"}, "a type of primary IP")
    yield from one_of("assigneeType", inputs.get("assigneeType"), {"server"}, "what a primary IP is assigned to")
    yield from one_of("location", inputs.get("location"), LOCATIONS, "a Hetzner location")
    if "location" not in inputs and "assigneeId" not in inputs:
        yield Problem("location", f"is missing; one of {', '.join(LOCATIONS)}")
    if "datacenter" in inputs:
        yield Problem("datacenter", _DATACENTER_GONE)


def server(inputs: Values) -> Iterator[Problem]:
    """Checks a server. Cloud images other than Debian are real, but not simulated."""
    yield from label_problems(inputs)
    name = inputs.get("name")
    if isinstance(name, str) and not labels.is_hostname(name):
        yield Problem("name", f'"{name}" is not a host name (RFC 1123)')
    yield from one_of("serverType", inputs.get("serverType"), SERVER_TYPES, "a Hetzner server type")
    yield from one_of("location", inputs.get("location"), LOCATIONS, "a Hetzner location")
    yield from _image(inputs)
    if "datacenter" in inputs:
        yield Problem("datacenter", _DATACENTER_GONE)
    if inputs.get("deleteProtection") is not inputs.get("rebuildProtection"):
        yield Problem("deleteProtection", "must equal rebuildProtection; Hetzner sets both together")
    keys = inputs.get("sshKeys")
    if isinstance(keys, list) and "" in keys:
        yield Problem("sshKeys", "holds an empty string; name an SSH key or give its id")
    yield from _public_nets(inputs.get("publicNets"))


def _image(inputs: Values) -> Iterator[Problem]:
    image = inputs.get("image")
    if image is None:
        yield Problem("image", "is missing")
    if isinstance(image, str) and _SNAPSHOT.fullmatch(image):
        return
    yield from one_of("image", image, IMAGES, "a Hetzner image")
    if isinstance(image, str) and image in IMAGES and not image.startswith("debian-"):
        simulated = ", ".join(sorted(name for name in IMAGES if name.startswith("debian-")))
        yield not_simulated("image", f'"{image}"; simulated are {simulated}')


def _public_nets(nets: Any) -> Iterator[Problem]:
    if not isinstance(nets, list):
        return
    if len(nets) > 1:
        yield Problem("publicNets", f"has {len(nets)} entries; a server takes one")
    for index, net in enumerate(nets):
        if not isinstance(net, dict):
            continue
        if net.get("ipv4Enabled", True) is False:
            yield not_simulated(f"publicNets[{index}].ipv4Enabled", "a machine without an IPv4 address is out of reach")
        if net.get("ipv6Enabled", True) is False and net.get("ipv6") is not None:
            yield Problem(f"publicNets[{index}].ipv6", "does not go with ipv6Enabled: false")


def zone(inputs: Values) -> Iterator[Problem]:
    """Checks a DNS zone."""
    yield from label_problems(inputs)
    mode, servers = inputs.get("mode"), inputs.get("primaryNameservers")
    yield from one_of("mode", mode, {"primary", "secondary"}, "a mode of a zone")
    name = inputs.get("name")
    if isinstance(name, str) and (not labels.is_hostname(name) or "." not in name or name != name.lower()):
        yield Problem("name", f'"{name}" is not a domain; write it like fleet.example, lower case, without a final dot')
    yield from ttl("ttl", inputs.get("ttl"))
    if mode == "primary" and servers is not None:
        yield Problem("primaryNameservers", 'is only for a zone of mode "secondary"')
    if mode == "secondary" and servers is None:
        yield Problem("primaryNameservers", 'is missing; a zone of mode "secondary" needs it')


def ttl(path: str, value: Any) -> Iterator[Problem]:
    """Checks Hetzner's limits of a time to live, in seconds."""
    if isinstance(value, int) and not 60 <= value <= 2147483647:
        yield Problem(path, f"of {value} is out of bounds; it takes 60 to 2147483647 seconds")


def private_range(path: str, value: Any, smallest: int) -> Iterator[Problem]:
    """Checks a range of private IPv4 addresses; `smallest` is the longest prefix that Hetzner accepts."""
    if not isinstance(value, str):
        return
    found = [*labels.cidr_problems(path, value)]
    yield from found
    if found:
        return
    network = ipaddress.ip_network(value)
    if not isinstance(network, ipaddress.IPv4Network) or not any(
        network.subnet_of(private) for private in PRIVATE_RANGES
    ):
        yield Problem(path, f'"{value}" is not private; use a part of 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16')
    elif network.prefixlen > smallest:
        yield Problem(path, f'"{value}" is too small; the smallest is a /{smallest}')


def ipv4_address(path: str, value: Any) -> Iterator[Problem]:
    """Checks an IPv4 address."""
    try:
        right = not isinstance(value, str) or bool(ipaddress.IPv4Address(value))
    except ValueError:
        right = False
    if not right:
        yield Problem(path, f'"{value}" is not an IPv4 address')
