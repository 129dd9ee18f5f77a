"""DNS zones and their records."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from fediversity.fleet.base import Domain, Label, Model, Waited, fail_validation, form
from fediversity.fleet.dns_values import OWNER, canonical, wrong_owner, wrong_owner_of, wrong_value
from fediversity.fleet.providers.registry import ZoneProvider

RecordType = Literal["A", "AAAA", "CNAME", "MX", "TXT", "CAA", "SRV", "NS", "PTR"]

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
        if (wrong := wrong_owner_of(self.type, self.name)) is not None:
            fail_validation(*wrong, "name")
        if bool(self.values) == (self.machine is not None):
            found = "both `values` and `machine`" if self.values else "neither `values` nor `machine`"
            fail_validation(f"has {found}", "give the record one of them")
        if self.machine is not None and self.type not in {"A", "AAAA"}:
            fix = "use type A or AAAA, or give `values`"
            fail_validation(f"a {self.type} record cannot come from a machine", fix, "machine")
        if self.type == "CNAME" and len(self.values) > 1:
            fail_validation(
                f"a CNAME has {len(self.values)} values", "a CNAME has exactly one target (RFC 1034)", "values"
            )
        for index, what, fix in self._wrong_values():
            fail_validation(what, fix, "values", index)
        return self

    def _wrong_values(self) -> Iterator[tuple[int, str, str]]:
        seen: dict[str, str] = {}
        for index, value in enumerate(self.values):
            if (wrong := wrong_value(self.type, value)) is not None:
                yield index, *wrong
                continue
            if (first := seen.get(canonical(self.type, value))) is not None:
                yield index, f"'{value}' twice" if first == value else f"'{value}' is '{first}' again", "keep it once"
            seen[canonical(self.type, value)] = value
        policies = [index for index, value in enumerate(self.values) if value.lower().startswith("v=spf1")]
        if self.type == "TXT" and len(policies) > 1:
            yield policies[1], "a second SPF policy", "join the two: mail servers accept neither (RFC 7208)"
        if self.type in {"MX", "SRV"} and len(self.values) > 1:
            nowhere = [index for index, value in enumerate(self.values) if value.endswith(" .")]
            if nowhere:
                yield nowhere[0], "says that there is no such service", "let it stand alone, or remove it"


class Zone(Model):
    """A DNS zone and the records in it."""

    provider: ZoneProvider
    """Who serves it: Hetzner DNS or Google's Cloud DNS."""
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
