"""DNS zones and their records."""

from collections.abc import Iterator
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from fediversity.fleet.base import Domain, Label, Model, Waited, fail_validation, form
from fediversity.fleet.dns_owners import OWNER, wrong_owner
from fediversity.fleet.dns_types import RECORD_TYPES, RecordType, address_types
from fediversity.fleet.dns_values import WrongOne
from fediversity.fleet.providers.registry import ZoneProvider

_LONGEST_TTL = 2147483647
"""Seconds; the standard's bound (RFC 2181), and both providers'. Hetzner takes no less than 60."""


def _owner(value: str) -> str:
    if (wrong := wrong_owner(value)) is not None:
        fail_validation(*wrong)
    return value


class Record(Model):
    """A set of DNS records with one name and type: `values`, or the public address of a `machine`."""

    name: Annotated[str, AfterValidator(_owner), form(OWNER)]
    """Relative to the zone; the zone itself is '@'."""
    type: RecordType
    ttl: int | None = Field(default=None, ge=60, le=_LONGEST_TTL)
    """How long it may be cached, in seconds; the zone's `ttl` if not given."""
    values: tuple[str, ...] = ()
    """The content, as zone files write it: host names in full with a final dot. A TXT value is the text alone, of any
    length: without quotes around it."""
    machine: Label | None = None
    """The machine whose public address is the content: IPv4 in an A record, IPv6 in an AAAA record."""

    @model_validator(mode="after")
    def _content(self) -> "Record":
        rule = RECORD_TYPES[self.type]
        if (wrong := rule.wrong_owner(self.name)) is not None:
            fail_validation(*wrong, "name")
        if bool(self.values) == (self.machine is not None):
            found = "both `values` and `machine`" if self.values else "neither `values` nor `machine`"
            fail_validation(f"has {found}", "give the record one of them")
        if self.machine is not None and rule.address_version is None:
            fix = f"use type {' or '.join(address_types(frozenset({4, 6})))}, or give `values`"
            fail_validation(f"a {self.type} record cannot come from a machine", fix, "machine")
        for index, what, fix in self._wrong_values():
            fail_validation(what, fix, "values", *(() if index is None else (index,)))
        return self

    def _wrong_values(self) -> Iterator[WrongOne]:
        rule = RECORD_TYPES[self.type]
        seen: dict[str, str] = {}
        for index, value in enumerate(self.values):
            if (wrong := rule.wrong_value(value)) is not None:
                yield index, *wrong
                continue
            if (first := seen.get(form := rule.canonical(value))) is not None:
                yield index, f"'{value}' twice" if first == value else f"'{value}' is '{first}' again", "keep it once"
            seen[form] = value
        yield from rule.wrong_together(self.values)


class Zone(Model):
    """A DNS zone and the records in it."""

    provider: ZoneProvider
    """The service that answers for it: Hetzner DNS or Google's Cloud DNS."""
    ttl: int = Field(default=300, ge=60, le=_LONGEST_TTL)
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
