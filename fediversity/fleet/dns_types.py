"""The types of DNS records: one table of rules, which everything else that deals with records reads.

A type that is added to `RecordType`, to the table here and to that in docs/fleet-file.md is complete; tests say what is
missing.

Sources for who takes which type: for Hetzner DNS the record set types of Hetzner's Go library (`ZoneRRSetType` in
hcloud-go), for Cloud DNS its "DNS records overview" and the supported types of gcloud (`api_lib/dns/record_types.py`).
NAPTR is missing because Hetzner has none.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from fediversity.fleet import dns_owners as owners
from fediversity.fleet import dns_rdata as rdata
from fediversity.fleet import dns_values as values
from fediversity.fleet.dns_owners import Check
from fediversity.fleet.dns_values import WrongOne
from fediversity.fleet.providers.registry import ZONE_SERVICES

RecordType = Literal[
    "A", "AAAA", "CAA", "CNAME", "DS", "HTTPS", "MX", "NS", "PTR", "SRV", "SSHFP", "SVCB", "TLSA", "TXT"
]


def _no_target(value: str) -> str | None:
    del value
    return None


def _any_values(several: Sequence[str]) -> Iterator[WrongOne]:
    del several
    yield from ()


@dataclass(frozen=True)
class RecordRule:
    """What holds for the records of a type.

    `wrong_value` checks a value of the fleet file and `canonical` is its form for comparing it and for the provider;
    `examples` are right values. `wrong_owner` checks the record's name and `wrong_together` the values beside each
    other. `target` is the name that a value leads to; with `target_is_host` no CNAME may be there (RFC 2181).
    """

    wrong_value: Check
    canonical: Callable[[str], str]
    examples: tuple[str, ...]
    wrong_owner: Check
    wrong_together: Callable[[Sequence[str]], Iterator[WrongOne]] = _any_values
    target: Callable[[str], str | None] = _no_target
    target_is_host: bool = False
    address_version: Literal[4, 6] | None = None
    """The version of the address, for types that a machine's public address can be the content of."""
    finds_hosts: bool = False
    """Whether a client that looks for the address of a host finds it by this type."""
    is_text: bool = False
    """Whether the value is a text, which each provider wants to have quoted and split in its own way."""
    stands_alone: bool = False
    """Whether no other type may stand at the same name."""
    delegates: bool = False
    """Whether other servers answer for the name, and for all names below it."""
    belongs_to_delegation: bool = False
    """Whether it stands only beside a record that delegates."""
    names_address: bool = False
    """Whether its name is that of an address, in a zone below `in-addr.arpa` or `ip6.arpa`."""
    providers: frozenset[str] = frozenset(ZONE_SERVICES)


_TLSA = f"3 1 1 {'0123456789abcdef' * 4}"
_SSHFP = f"4 2 {'0123456789abcdef' * 4}"
_DS = f"12345 13 2 {'0123456789abcdef' * 4}"
_SSH_KEYS = {1: "RSA", 2: "DSA", 3: "ECDSA", 4: "Ed25519", 6: "Ed448"}
_SIGNATURES = {
    **{5: "RSA/SHA-1", 7: "RSA/SHA-1, NSEC3", 8: "RSA/SHA-256", 10: "RSA/SHA-512"},
    **{13: "ECDSA P-256", 14: "ECDSA P-384", 15: "Ed25519", 16: "Ed448"},
}

RECORD_TYPES: Mapping[RecordType, RecordRule] = {
    "A": RecordRule(
        wrong_value=values.address(4),
        canonical=values.canonical_address,
        examples=("203.0.113.7",),
        wrong_owner=owners.host_owner("A"),
        address_version=4,
        finds_hosts=True,
    ),
    "AAAA": RecordRule(
        wrong_value=values.address(6),
        canonical=values.canonical_address,
        examples=("2001:db8::7",),
        wrong_owner=owners.host_owner("AAAA"),
        address_version=6,
        finds_hosts=True,
    ),
    "CAA": RecordRule(
        wrong_value=values.authority,
        canonical=values.as_written,
        examples=('0 issue "letsencrypt.org"',),
        wrong_owner=owners.any_owner,
    ),
    "CNAME": RecordRule(
        wrong_value=values.alias_name,
        canonical=values.canonical_words,
        examples=("host.fleet.example.",),
        wrong_owner=owners.alias_owner,
        wrong_together=values.one_target,
        target=values.last_name,
        finds_hosts=True,
        stands_alone=True,
    ),
    "DS": RecordRule(
        wrong_value=rdata.hashed(
            "DS",
            _DS,
            {"key tag": None, "algorithm": _SIGNATURES, "digest type": {1: "SHA-1", 2: "SHA-256", 4: "SHA-384"}},
            {1: 20, 2: 32, 4: 48},
        ),
        canonical=rdata.normalised("DS"),
        examples=(_DS,),
        wrong_owner=owners.signed_delegation_owner,
        belongs_to_delegation=True,
    ),
    "HTTPS": RecordRule(
        wrong_value=rdata.service_binding("HTTPS", "1 . alpn=h2,h3"),
        canonical=rdata.normalised("HTTPS"),
        examples=("1 . alpn=h2,h3", "0 host.fleet.example."),
        wrong_owner=owners.any_owner,
        wrong_together=rdata.one_binding_mode,
        target=rdata.binding_target,
    ),
    "MX": RecordRule(
        wrong_value=values.numbers_and_host(1, "a mail exchanger", "write priority and host: '10 mail.fleet.example.'"),
        canonical=values.canonical_words,
        examples=("10 mail.fleet.example.", "0 ."),
        wrong_owner=owners.host_owner("MX"),
        wrong_together=values.nowhere_alone,
        target=values.last_name,
        target_is_host=True,
    ),
    "NS": RecordRule(
        wrong_value=values.host_name,
        canonical=values.canonical_words,
        examples=("ns.elsewhere.example.",),
        wrong_owner=owners.delegation_owner,
        target=values.last_name,
        target_is_host=True,
        delegates=True,
    ),
    "PTR": RecordRule(
        wrong_value=values.alias_name,
        canonical=values.canonical_words,
        examples=("host.fleet.example.",),
        wrong_owner=owners.any_owner,
        target=values.last_name,
        names_address=True,
    ),
    "SRV": RecordRule(
        wrong_value=values.numbers_and_host(
            3, "a service record", "write priority, weight, port, host: '0 5 443 host.fleet.example.'"
        ),
        canonical=values.canonical_words,
        examples=("0 5 443 host.fleet.example.",),
        wrong_owner=owners.service_owner,
        wrong_together=values.nowhere_alone,
        target=values.last_name,
        target_is_host=True,
    ),
    "SSHFP": RecordRule(
        wrong_value=rdata.hashed(
            "SSHFP",
            _SSHFP,
            {"algorithm": _SSH_KEYS, "fingerprint type": {1: "SHA-1", 2: "SHA-256"}},
            {1: 20, 2: 32},
        ),
        canonical=rdata.normalised("SSHFP"),
        examples=(_SSHFP,),
        wrong_owner=owners.host_owner("SSHFP"),
        providers=frozenset({"gcp"}),
    ),
    "SVCB": RecordRule(
        wrong_value=rdata.service_binding("SVCB", "1 dns.fleet.example. alpn=dot"),
        canonical=rdata.normalised("SVCB"),
        examples=("1 dns.fleet.example. alpn=dot",),
        wrong_owner=owners.any_owner,
        wrong_together=rdata.one_binding_mode,
        target=rdata.binding_target,
    ),
    "TLSA": RecordRule(
        wrong_value=rdata.hashed(
            "TLSA",
            _TLSA,
            {
                "usage": {0: "PKIX-TA", 1: "PKIX-EE", 2: "DANE-TA", 3: "DANE-EE"},
                "selector": {0: "certificate", 1: "public key"},
                "matching type": {0: "the data itself", 1: "SHA-256", 2: "SHA-512"},
            },
            {1: 32, 2: 64},
        ),
        canonical=rdata.normalised("TLSA"),
        examples=(_TLSA,),
        wrong_owner=owners.tls_owner,
    ),
    "TXT": RecordRule(
        wrong_value=values.text,
        canonical=values.as_written,
        examples=("v=spf1 -all",),
        wrong_owner=owners.any_owner,
        wrong_together=values.one_policy,
        is_text=True,
    ),
}
"""The rule of every type that a zone of a fleet may hold."""


def types_taken(provider: str) -> tuple[RecordType, ...]:
    """Returns the types that a provider's zones take."""
    return tuple(kind for kind, rule in RECORD_TYPES.items() if provider in rule.providers)


def address_types(versions: frozenset[int]) -> tuple[RecordType, ...]:
    """Returns the types that hold addresses of some versions."""
    return tuple(kind for kind, rule in RECORD_TYPES.items() if rule.address_version in versions)
