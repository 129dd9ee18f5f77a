"""DNS zones and their records, and what the standards say about them."""

import ipaddress
import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from fediversity.fleet.base import Domain, Label, Model, is_domain, refuse

RecordType = Literal["A", "AAAA", "CNAME", "MX", "TXT", "CAA", "SRV", "NS"]

_OWNER_LABEL = re.compile(r"_?[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_MX = re.compile(r"(\d{1,5}) (\S+)\.")
_SRV = re.compile(r"\d{1,5} \d{1,5} \d{1,5} (\S+)\.")
_CAA = re.compile(r'(0|128) (issue|issuewild|iodef) "[^"]*"')
_TXT_LIMIT = 255


def _owner(value: str) -> str:
    if value == "@":
        return value
    labels = value.removeprefix("*.").split(".") if value != "*" else []
    if not all(_OWNER_LABEL.fullmatch(label) for label in labels):
        refuse(f"'{value}' is not a record name", "write it relative to the zone, lower case; the zone itself is '@'")
    return value


class Record(Model):
    """A set of DNS records with one name and type. `ttl` is in seconds; None takes the zone's.

    The content is `values`, or the public address of a `machine` (A records only).
    """

    name: Annotated[str, AfterValidator(_owner)]
    type: RecordType
    ttl: int | None = Field(default=None, ge=60, le=2147483647)
    values: tuple[str, ...] = ()
    machine: Label | None = None

    @model_validator(mode="after")
    def _content(self) -> "Record":
        if bool(self.values) == (self.machine is not None):
            found = "both `values` and `machine`" if self.values else "neither `values` nor `machine`"
            refuse(f"has {found}", "give the record one of them")
        if self.machine is not None and self.type != "A":
            refuse(f"a {self.type} record cannot come from a machine", "use type A, or give `values`")
        if self.type == "CNAME" and len(self.values) > 1:
            refuse(f"a CNAME has {len(self.values)} values", "a CNAME has exactly one target (RFC 1034)")
        if self.type == "CNAME" and self.name == "@":
            refuse("a CNAME at the zone's own name", "a zone's name has SOA and NS records: use A or AAAA (RFC 1034)")
        if len(set(self.values)) < len(self.values):
            refuse("the same value twice", "keep it once")
        for value in self.values:
            _check_value(self.type, value)
        return self


def _check_value(kind: str, value: str) -> None:
    if kind in {"A", "AAAA"}:
        version = 4 if kind == "A" else 6
        if not _is_address(value, version):
            refuse(f"'{value}' is not an IPv{version} address", f"an {kind} record holds IPv{version} addresses")
    elif kind in {"CNAME", "NS"}:
        if not (value.endswith(".") and is_domain(value.removesuffix("."))):
            refuse(
                f"'{value}' is not a complete domain name", f"write it in full with a final dot: '{value.rstrip('.')}.'"
            )
    elif kind == "MX":
        if not ((match := _MX.fullmatch(value)) and is_domain(match[2])):
            refuse(f"'{value}' is not a mail exchanger", "write priority and host: '10 mail.fleet.example.'")
    elif kind == "SRV":
        if not ((match := _SRV.fullmatch(value)) and is_domain(match[1])):
            refuse(
                f"'{value}' is not a service record",
                "write priority, weight, port, host: '0 5 443 host.fleet.example.'",
            )
    elif kind == "CAA":
        if not _CAA.fullmatch(value):
            refuse(f"'{value}' is not a CAA record", "write flags, tag, quoted value: '0 issue \"letsencrypt.org\"'")
    elif len(value.encode()) > _TXT_LIMIT:
        refuse(f"a TXT value of {len(value.encode())} bytes", f"keep it to {_TXT_LIMIT} bytes")


def _is_address(value: str, version: int) -> bool:
    try:
        return ipaddress.ip_address(value).version == version
    except ValueError:
        return False


class Zone(Model):
    """A DNS zone and the records in it. `ttl` is the default in seconds."""

    provider: Literal["hetzner", "gcp"]
    ttl: int = Field(default=300, ge=60, le=2147483647)
    description: str = ""
    records: tuple[Record, ...] = ()


class Dns(Model):
    """All DNS zones of the fleet, by domain name."""

    zones: dict[Domain, Zone] = Field(default_factory=dict)
