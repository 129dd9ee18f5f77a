"""Declares the record sets of a zone at a provider, so that one may take another's place."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby

import pulumi

from fediversity.fleet.dns import Zone
from fediversity.fleet.dns_records import RecordSet, complete_name
from fediversity.fleet.dns_types import RECORD_TYPES, types_taken

_TEXT_LIMIT = 255
"""Bytes in one string of a TXT record (RFC 1035)."""


@dataclass(frozen=True)
class ZoneArgs:
    """What a zone component is given.

    `records` are all record sets of the zone; `ipv4` holds the addresses of all enabled machines by name, `ipv6`
    those of the ones that have IPv6; `name_servers` those of the fleet's zones inside this one, by domain; `labels`
    what the cloud's own lists show. `protect` keeps the zone from being deleted by accident.
    """

    domain: str
    zone: Zone
    records: tuple[RecordSet, ...]
    ipv4: Mapping[str, pulumi.Output[str]]
    ipv6: Mapping[str, pulumi.Output[str]]
    name_servers: Mapping[str, pulumi.Output[list[str]]]
    labels: dict[str, str]
    protect: bool


class ZoneComponent(pulumi.ComponentResource):
    """A DNS zone with its records. `name_servers` are those that the parent zone has to name."""

    name_servers: pulumi.Output[list[str]]


Content = pulumi.Input[list[str]]
Make = Callable[[RecordSet, Content, pulumi.Input[str], pulumi.ResourceOptions], pulumi.Resource]
"""Makes a record set: what it is, its values, its name relative to the zone, and the options it needs."""


def declare_records(args: ZoneArgs, text: Callable[[str], str], make: Make) -> None:
    """Declares the record sets of a zone by `make`, in an order in which one may take another's place.

    `text` gives a TXT value the provider's form. A CNAME stands alone, and Pulumi creates before it deletes. So a
    CNAME and what takes its place, or the other way round, are one resource to Pulumi, by aliases; it is deleted
    before it is made again; and the other record sets of the name depend on it by their own name, so that they are
    deleted before it too, and made after it. The zone's own name cannot have a CNAME and needs none of this.
    """
    taken = types_taken(args.zone.provider)
    alone = [kind for kind in taken if RECORD_TYPES[kind].stands_alone]
    together = [kind for kind in taken if kind not in alone]
    ordered = sorted(args.records, key=lambda record: (record.name, record.type))
    for name, group in groupby(ordered, key=lambda record: record.name):
        first: pulumi.Resource | None = None
        for record in group:
            if (content := _content(record, args, text)) is None:
                continue
            others = together if record.rule.stands_alone else alone if first is None and name != "@" else []
            options = pulumi.ResourceOptions(
                delete_before_replace=True,
                aliases=[pulumi.Alias(name=resource_name(args.domain, name, other)) for other in others],
            )
            made = make(record, content, name if first is None else _behind(first, name), options)
            first = first or (made if name != "@" else None)


def resource_name(domain: str, name: str, kind: str) -> str:
    """Returns Pulumi's name of a record set."""
    return f"{domain}-{name}-{kind}"


def _behind(first: pulumi.Resource, name: str) -> pulumi.Output[str]:
    """Returns the name as a value that Pulumi does not know while `first` is being replaced."""
    return first.urn.apply(lambda _: name)


def absolute_name(name: str, domain: str) -> str:
    """Returns the record's full name with the final dot: `git` in `fleet.example` is `git.fleet.example.`."""
    return f"{complete_name(name, domain)}."


def _content(record: RecordSet, args: ZoneArgs, text: Callable[[str], str]) -> Content | None:
    """Returns the record's values in zone-file form; None if they come from a machine that is switched off."""
    if record.child is not None:
        return args.name_servers[record.child].apply(lambda servers: [f"{name.rstrip('.')}." for name in servers])
    if record.machine is not None:
        if record.machine not in args.ipv4:
            return None
        return (args.ipv4 if record.rule.address_version == 4 else args.ipv6)[record.machine].apply(lambda ip: [ip])
    return [(text if record.rule.is_text else record.rule.canonical)(value) for value in record.values]


def quoted(value: str) -> str:
    r"""A text of any length as quoted strings of at most 255 bytes, in ASCII: other bytes as `\DDD` (RFC 1035, 5.1)."""
    return _joined([_escaped(bytes([byte])) for byte in value.encode()], [1] * len(value.encode()))


def quoted_utf8(value: str) -> str:
    """The same with letters outside ASCII as they are, each whole in one string."""
    pieces = [letter if not letter.isascii() else _escaped(letter.encode()) for letter in value]
    return _joined(pieces, [len(letter.encode()) for letter in value])


def _escaped(byte: bytes) -> str:
    if byte in b'"\\':
        return f"\\{byte.decode()}"
    return byte.decode() if 32 <= byte[0] < 127 else f"\\{byte[0]:03}"


def _joined(pieces: list[str], sizes: list[int]) -> str:
    return " ".join(f'"{part}"' for part in _strings(pieces, sizes))


def _strings(pieces: list[str], sizes: list[int]) -> Iterator[str]:
    """The pieces in strings; each piece stands for so many bytes."""
    text, size = "", 0
    for piece, bytes_of_it in zip(pieces, sizes, strict=True):
        if size + bytes_of_it > _TEXT_LIMIT:
            yield text
            text, size = "", 0
        text, size = text + piece, size + bytes_of_it
    yield text
