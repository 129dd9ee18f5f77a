"""What a DNS record of the fleet file is to a provider."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from fediversity.fleet.dns import Record, Zone


@dataclass(frozen=True)
class ZoneArgs:
    """What a zone component is given.

    `addresses` are those of the enabled machines by name, `labels` what the cloud's own lists show. `protect` keeps
    the zone from being deleted by accident.
    """

    domain: str
    zone: Zone
    addresses: Mapping[str, pulumi.Output[str]]
    labels: dict[str, str]
    protect: bool


def absolute_name(name: str, domain: str) -> str:
    """The record's full name with the final dot: `git` in `fleet.example` is `git.fleet.example.`."""
    return f"{domain}." if name == "@" else f"{name}.{domain}."


def rrdatas(record: Record, addresses: Mapping[str, pulumi.Output[str]]) -> list[pulumi.Input[str]] | None:
    """The record's values in zone-file form; None if they come from a machine that is switched off."""
    if record.machine is not None:
        return [addresses[record.machine]] if record.machine in addresses else None
    if record.type == "TXT":
        return [_quoted(value) for value in record.values]
    return list(record.values)


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
