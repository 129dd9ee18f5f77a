"""Checks single resources as Google's APIs do, before anything is created. Pure; values may be UNKNOWN."""

import ipaddress
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from fediversity.embedded_cloud.plugins import dns, labels
from fediversity.embedded_cloud.plugins.gcp.facts import RECORD_TYPES
from fediversity.embedded_cloud.plugins.problems import Problem, did_you_mean, not_simulated
from fediversity.embedded_cloud.plugins.values import Values
from fediversity.fleet.providers.google.catalogue import BUCKET_LOCATIONS, REGIONS, ZONES

PROJECT = "simulated"

_NAME = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")
_LABEL_KEY = re.compile(r"[a-z][-_a-z0-9]{0,62}")
_LABEL_VALUE = re.compile(r"[-_a-z0-9]{0,63}")
_BUCKET_NAME = re.compile(r"[a-z0-9][-_.a-z0-9]{1,220}[a-z0-9]")
_PROTOCOLS = {"tcp", "udp", "icmp", "esp", "ah", "sctp", "ipip", "all"}
_WITH_PORTS = {"tcp", "udp", "sctp"}
MAX_TTL = 2147483647


def common(inputs: Mapping[str, Any]) -> Iterator[Problem]:
    """Checks what applies to every resource: the project, the deletion policy, the labels."""
    project, policy = inputs.get("project"), inputs.get("deletionPolicy")
    if isinstance(project, str) and project != PROJECT:
        yield Problem("project", f'is refused: the embedded cloud has one project, "{PROJECT}"')
    yield from one_of("deletionPolicy", policy, {"DELETE", "PREVENT", "ABANDON"}, "a deletion policy")
    yield from _labels(inputs.get("labels"))
    if policy == "ABANDON":
        yield not_simulated("deletionPolicy", "what is abandoned would be left behind on this computer")


def _labels(given: Any) -> Iterator[Problem]:
    for key, text in given.items() if isinstance(given, dict) else ():
        if not _LABEL_KEY.fullmatch(key):
            yield Problem("labels", f'"{key}" is not the key of a label; use lower case letters, digits, - and _')
        if isinstance(text, str) and not _LABEL_VALUE.fullmatch(text):
            yield Problem(
                f"labels.{key}", f'"{text}" is not the value of a label; it may contain the same characters as a key'
            )


def one_of(path: str, value: Any, choices: Iterable[str], what: str) -> Iterator[Problem]:
    """Yields a problem if a value is known and not among the choices."""
    if isinstance(value, str) and value not in set(choices):
        yield Problem(path, f'"{value}" is not {what}{did_you_mean(value, choices)}')


def name(inputs: Mapping[str, Any]) -> Iterator[Problem]:
    """Checks Google's format of names (RFC 1035): at most 63 lower case letters, digits and dashes."""
    value = inputs.get("name")
    if isinstance(value, str) and not _NAME.fullmatch(value):
        yield Problem(
            "name", f'"{value}" is not a valid name at Google; use up to 63 lower case letters, digits and dashes'
        )


def network_tags(key: str, inputs: Mapping[str, Any]) -> Iterator[Problem]:
    """Checks the network tags of instances, by which firewalls select them; they have the format of names."""
    tags = inputs.get(key)
    for index, tag in enumerate(tags if isinstance(tags, list) else ()):
        if isinstance(tag, str) and not _NAME.fullmatch(tag):
            yield Problem(
                f"{key}[{index}]", f'"{tag}" is not a valid tag; use up to 63 lower case letters, digits and dashes'
            )


def placed(key: str, inputs: Mapping[str, Any], settings: Mapping[str, Any]) -> Iterator[Problem]:
    """Checks the region or zone, either the resource's own or the provider's."""
    value = inputs.get(key, settings.get(key))
    if value is None:
        yield Problem(key, "is missing; neither the resource nor its provider sets it")
    yield from one_of(key, value, ZONES if key == "zone" else REGIONS, f"a {key} of Google's")


def address(inputs: Values) -> Iterator[Problem]:
    """Checks a static address; only external IPv4 addresses are simulated."""
    for key, wanted in (("addressType", "EXTERNAL"), ("ipVersion", "IPV4")):
        if isinstance(inputs.get(key), str) and inputs[key] != wanted:
            yield not_simulated(key, f'"{inputs[key]}"; simulated is {wanted}')
    yield from one_of("networkTier", inputs.get("networkTier"), {"PREMIUM", "STANDARD"}, "a network tier")


def firewall(inputs: Values) -> Iterator[Problem]:
    """Checks a firewall rule of the network `default`."""
    yield from network("network", inputs.get("network"))
    if bool(inputs.get("allows")) == bool(inputs.get("denies")):
        yield Problem("allows", "has to be given, or `denies`, and not both")
    for side in ("allows", "denies"):
        rules = inputs.get(side)
        for index, rule in enumerate(rules if isinstance(rules, list) else ()):
            if isinstance(rule, dict):
                yield from _traffic(f"{side}[{index}]", rule)
    for key in ("sourceTags", "targetTags"):
        yield from network_tags(key, inputs)
    direction, priority = inputs.get("direction"), inputs.get("priority")
    yield from one_of("direction", direction, {"INGRESS", "EGRESS"}, "a direction")
    if isinstance(priority, int) and not 0 <= priority <= 65535:
        yield Problem("priority", f"of {priority} is out of bounds; it takes 0 to 65535")
    if direction in (None, "INGRESS") and not (inputs.get("sourceRanges") or inputs.get("sourceTags")):
        yield Problem("sourceRanges", "is missing; incoming traffic needs `sourceRanges` or `sourceTags`")
    if direction == "EGRESS" and (inputs.get("sourceRanges") or inputs.get("sourceTags")):
        yield Problem("sourceRanges", "does not go with outgoing traffic; give `destinationRanges`")
    for side in ("sourceRanges", "destinationRanges"):
        ranges = inputs.get(side)
        for index, text in enumerate(ranges if isinstance(ranges, list) else ()):
            if isinstance(text, str):
                yield from labels.cidr_problems(f"{side}[{index}]", text)


def _traffic(path: str, rule: Mapping[str, Any]) -> Iterator[Problem]:
    protocol, ports = rule.get("protocol"), rule.get("ports")
    if isinstance(protocol, str) and not protocol.isdecimal():
        yield from one_of(f"{path}.protocol", protocol.lower(), _PROTOCOLS, "a protocol Google's firewalls know")
    if ports and isinstance(protocol, str) and protocol.lower() not in _WITH_PORTS:
        yield Problem(f"{path}.ports", f"does not go with {protocol}")
    for index, port in enumerate(ports if isinstance(ports, list) else ()):
        if isinstance(port, str) and labels.port_range(port) is None:
            yield Problem(f"{path}.ports[{index}]", f'"{port}" is not a port; write "443" or "8000-8010"')


def network(path: str, value: Any) -> Iterator[Problem]:
    """Checks the network; only the network `default` of every project is simulated."""
    if isinstance(value, str) and value.rsplit("/", maxsplit=1)[-1] != "default":
        yield not_simulated(path, f'"{value}"; simulated is the network "default"')


def is_ipv4(text: str) -> bool:
    """Returns whether a text is an IPv4 address."""
    try:
        return ipaddress.ip_address(text).version == 4
    except ValueError:
        return False


def managed_zone(inputs: Values) -> Iterator[Problem]:
    """Checks a public DNS zone."""
    domain = inputs.get("dnsName")
    if isinstance(domain, str):
        if not labels.is_hostname(domain.removesuffix(".")):
            yield Problem("dnsName", f'"{domain}" is not a domain')
        elif not domain.endswith("."):
            yield Problem("dnsName", f'"{domain}" needs a final dot; did you mean "{domain}."?')
    visibility = inputs.get("visibility")
    yield from one_of("visibility", visibility, {"public", "private"}, "a visibility")
    if visibility == "private":
        yield not_simulated("visibility", 'simulated are zones that are "public"')


def record_set(inputs: Values) -> Iterator[Problem]:
    """Checks a record set; its name must be complete, with a final dot."""
    full, kind, ttl, rrdatas = (inputs.get(key) for key in ("name", "type", "ttl", "rrdatas"))
    if isinstance(full, str):
        if not full.endswith("."):
            yield Problem("name", f'"{full}" needs a final dot; did you mean "{full}."?')
        if not dns.is_owner(full.removesuffix(".")):
            yield Problem("name", f'"{full}" is no name of records')
        if kind == "NS" and full.startswith("*"):
            yield Problem("type", "does not go with a wildcard; Cloud DNS has wildcards of every type but NS")
    yield from one_of("type", kind, RECORD_TYPES, "a type of record")
    if kind == "DNSKEY":
        yield not_simulated("type", "Cloud DNS takes it while a signed zone is moved, and no zone is signed here")
    if isinstance(ttl, int) and not 0 <= ttl <= MAX_TTL:
        yield Problem("ttl", f"of {ttl} is out of bounds; it takes 0 to {MAX_TTL} seconds")
    if not rrdatas:
        yield Problem("rrdatas", "is missing; a record set has at least one value")
    values = [(f"rrdatas[{index}]", value) for index, value in enumerate(rrdatas if isinstance(rrdatas, list) else ())]
    yield from dns.values_problems("rrdatas", kind, values, absolute=True, utf8=False)


def bucket(inputs: Values) -> Iterator[Problem]:
    """Checks a bucket. Bucket names are public and shared by all of Google's customers."""
    value, location = inputs.get("name"), inputs.get("location")
    if isinstance(value, str):
        yield from _bucket_name(value)
    if isinstance(location, str):
        yield from one_of("location", location.lower(), BUCKET_LOCATIONS, "a location of buckets")
    classes = {"STANDARD", "MULTI_REGIONAL", "REGIONAL", "NEARLINE", "COLDLINE", "ARCHIVE"}
    yield from one_of("storageClass", inputs.get("storageClass"), classes, "a storage class")
    prevention = inputs.get("publicAccessPrevention")
    yield from one_of("publicAccessPrevention", prevention, {"inherited", "enforced"}, "a setting of it")
    encryption = inputs.get("encryption")
    for key in encryption if isinstance(encryption, dict) else ():
        if key != "defaultKmsKeyName":
            yield not_simulated(f"encryption.{key}")


def _bucket_name(value: str) -> Iterator[Problem]:
    parts = value.split(".")
    if not _BUCKET_NAME.fullmatch(value) or not all(0 < len(part) <= 63 for part in parts) or is_ipv4(value):
        yield Problem(
            "name",
            f'"{value}" is not a valid bucket name; use 3 to 63 lower case letters, digits, and -_. between them',
        )
    elif value.startswith("goog") or "google" in value:
        yield Problem("name", f'"{value}" is not a valid bucket name; Google keeps "goog…" and "google" to itself')
