"""DNS zones and their records, and what the standards say about them."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from fediversity.fleet.base import Domain, Label, Model, Waited, form, is_address, is_domain, refuse

RecordType = Literal["A", "AAAA", "CNAME", "MX", "TXT", "CAA", "SRV", "NS", "PTR"]

_OWNER = re.compile(r"@|(\*|(\*\.)?_?[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\._?[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*)")
_MX = re.compile(r"([0-9]{1,5}) (\S+)\.")
_SRV = re.compile(r"([0-9]{1,5}) ([0-9]{1,5}) ([0-9]{1,5}) (\S+)\.")
_CAA = re.compile(r'(0|128) (issue|issuewild|iodef) "[^"]*"')
_TXT_LIMIT = 255


def _owner(value: str) -> str:
    if not _OWNER.fullmatch(value):
        refuse(f"'{value}' is not a record name", "write it relative to the zone, lower case; the zone itself is '@'")
    return value


class Record(Model):
    """A set of DNS records with one name and type: `values`, or the public address of a `machine`."""

    name: Annotated[str, AfterValidator(_owner), form(_OWNER)]
    """Relative to the zone; the zone itself is '@'."""
    type: RecordType
    ttl: int | None = Field(default=None, ge=60, le=2147483647)
    """How long it may be cached, in seconds; the zone's `ttl` if not given."""
    values: tuple[str, ...] = ()
    """The content, as zone files write it: host names in full with a final dot."""
    machine: Label | None = None
    """The machine whose public address is the content: IPv4 in an A record, IPv6 in an AAAA record."""

    @model_validator(mode="after")
    def _content(self) -> "Record":
        if bool(self.values) == (self.machine is not None):
            found = "both `values` and `machine`" if self.values else "neither `values` nor `machine`"
            refuse(f"has {found}", "give the record one of them")
        if self.machine is not None and self.type not in {"A", "AAAA"}:
            fix = "use type A or AAAA, or give `values`"
            refuse(f"a {self.type} record cannot come from a machine", fix, "machine")
        if self.type == "CNAME" and len(self.values) > 1:
            refuse(f"a CNAME has {len(self.values)} values", "a CNAME has exactly one target (RFC 1034)", "values")
        if self.type == "CNAME" and self.name == "@":
            refuse("a CNAME at the zone's own name", "a zone's name has SOA and NS records: use A or AAAA (RFC 1034)")
        for index, value in enumerate(self.values):
            if value in self.values[:index]:
                refuse(f"'{value}' twice", "keep it once", "values", index)
            if (wrong := _wrong_value(self.type, value)) is not None:
                refuse(*wrong, "values", index)
        return self


def _wrong_value(kind: RecordType, value: str) -> tuple[str, str] | None:
    """What is wrong with a value of a record and its fix; None if nothing is."""
    if kind == "A" and not is_address(value, 4):
        return f"'{value}' is not an IPv4 address", "an A record holds IPv4 addresses: '203.0.113.7'"
    if kind == "AAAA" and not is_address(value, 6):
        return f"'{value}' is not an IPv6 address", "an AAAA record holds IPv6 addresses: '2001:db8::7'"
    if kind in {"CNAME", "NS", "PTR"} and not (value.endswith(".") and _is_target(value.removesuffix("."))):
        fix = f"write it in full with a final dot: '{value.rstrip('.')}.'"
        return f"'{value}' is not a complete domain name", fix
    if kind == "MX" and not ((match := _MX.fullmatch(value)) and _small(match[1]) and is_domain(match[2])):
        return f"'{value}' is not a mail exchanger", "write priority and host: '10 mail.fleet.example.'"
    if kind == "SRV" and not (
        (match := _SRV.fullmatch(value)) and _small(match[1], match[2], match[3]) and is_domain(match[4])
    ):
        fix = "write priority, weight, port, host: '0 5 443 host.fleet.example.'"
        return f"'{value}' is not a service record", fix
    if kind == "CAA" and not _CAA.fullmatch(value):
        return f"'{value}' is not a CAA record", "write flags, tag, quoted value: '0 issue \"letsencrypt.org\"'"
    if kind == "TXT" and len(value.encode()) > _TXT_LIMIT:
        return f"a TXT value of {len(value.encode())} bytes", f"keep it to {_TXT_LIMIT} bytes"
    return None


def _is_target(value: str) -> bool:
    # Aliases may lead to names that are no hosts, such as a mail service's `key1._domainkey.example`.
    return is_domain(re.sub(r"(^|\.)_", r"\1", value))


def _small(*numbers: str) -> bool:
    return all(int(number) <= 65535 for number in numbers)


class Zone(Model):
    """A DNS zone and the records in it."""

    provider: Literal["hetzner", "gcp"]
    """Who serves it: Hetzner DNS or Google's Cloud DNS."""
    ttl: int = Field(default=300, ge=60, le=2147483647)
    """How long its records may be cached unless they say otherwise, in seconds."""
    description: str = ""
    hosts: tuple[Waited, ...] = ()
    """Machines, or `tag:NAME`, that get `<machine>.<zone>`: an A record each, and AAAA where there is IPv6."""
    services: bool = False
    """Whether every deployment whose domain lies in this zone gets the addresses of its machine."""
    records: tuple[Record, ...] = ()
    import_: str | None = Field(default=None, alias="import")
    """The id of the zone, if it exists already and is taken over: a number at Hetzner, its name at Google."""


class Dns(Model):
    """The DNS of the fleet."""

    zones: dict[Domain, Zone] = Field(default_factory=dict)
    """By domain name."""
