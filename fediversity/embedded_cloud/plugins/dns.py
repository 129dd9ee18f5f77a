"""What the DNS standards and the clouds demand of records. Pure; shared by Hetzner's DNS and Google's.

dnspython, which is loaded when it is first needed, parses the values of the types that have no check here.
"""

import ipaddress
import re
from collections.abc import Iterable, Iterator
from typing import Any

from fediversity.embedded_cloud.plugins.problems import Problem

TXT_LIMIT = 255
"""Bytes in one string of a TXT record (RFC 1035)."""

_OWNER = re.compile(r"\*|[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_LONGEST_NAME = 253
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ESCAPED = re.compile(r"\\(\d{3}|[^\d])|\\")
_CAA = re.compile(r'(\d{1,3}) [A-Za-z0-9]+ ("[^"]*"|[^" ]+)')


def value_problems(path: str, kind: str, value: str, *, absolute: bool, utf8: bool) -> Iterator[Problem]:
    """Yields what is wrong with one value of a record set of a type.

    `absolute` says that the cloud takes only complete names, with a final dot; otherwise a name without one is
    relative to its zone. `utf8` says that a text may have letters outside ASCII as they are.
    """
    if kind in {"A", "AAAA"}:
        yield from _address(path, value, 4 if kind == "A" else 6)
    elif kind in {"ALIAS", "CNAME", "NS", "PTR"}:
        yield from _target(path, value, absolute)
    elif kind == "MX":
        yield from _with_target(path, value, 1, absolute, "10 mail.fleet.example.")
    elif kind == "SRV":
        yield from _with_target(path, value, 3, absolute, "0 5 443 host.fleet.example.")
    elif kind == "CAA":
        if not ((match := _CAA.fullmatch(value)) and int(match[1]) < 256):
            yield Problem(path, 'is no CAA record; write flags, tag and value like `0 issue "letsencrypt.org"`')
    elif kind in {"SPF", "TXT"}:
        yield from _text(path, value, utf8)
    else:
        yield from _parsed(path, kind, value, absolute)


def conflicts(name: str, kind: str, others: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Yields why a record set cannot stand beside others of its zone, given as names and types (RFC 1034, 3.6.2)."""
    for other_name, other_kind in others:
        if other_name.lower() == name.lower() and other_kind != kind and "CNAME" in (kind, other_kind):
            yield f"{name} has a record set of type {other_kind}; a CNAME stands alone"


def is_owner(name: str) -> bool:
    """Returns whether a name, without a final dot, can own records: underscores and a first `*` are allowed."""
    labels = name.split(".")
    return len(name) <= _LONGEST_NAME and all(_OWNER.fullmatch(label) for label in labels) and "*" not in labels[1:]


def values_problems(
    path: str, kind: Any, values: Iterable[tuple[str, Any]], *, absolute: bool, utf8: bool
) -> Iterator[Problem]:
    """Yields what is wrong with the values of a record set, each with its own path."""
    if not isinstance(kind, str):
        return
    seen: set[str] = set()
    known = [(where, value) for where, value in values if isinstance(value, str)]
    for where, value in known:
        yield from value_problems(where, kind, value, absolute=absolute, utf8=utf8)
        if value in seen:
            yield Problem(where, "is there twice")
        seen.add(value)
    if kind == "CNAME" and len(known) > 1:
        yield Problem(path, f"has {len(known)} values; a CNAME has exactly one target")


def _address(path: str, value: str, version: int) -> Iterator[Problem]:
    try:
        right = ipaddress.ip_address(value).version == version
    except ValueError:
        right = False
    if not right:
        yield Problem(path, f'"{value}" is no IPv{version} address')


def _target(path: str, value: str, absolute: bool) -> Iterator[Problem]:
    if not is_owner(value.removesuffix(".")) and value not in {"@", "."}:
        yield Problem(path, f'"{value}" is no domain name')
    elif absolute and not value.endswith("."):
        yield Problem(path, f'"{value}" is incomplete; did you mean "{value}."?')


def _with_target(path: str, value: str, numbers: int, absolute: bool, example: str) -> Iterator[Problem]:
    words = value.split(" ")
    if len(words) != numbers + 1 or not all(word.isdecimal() and int(word) < 65536 for word in words[:-1]):
        yield Problem(path, f'"{value}" is not complete; write it like {example}')
    else:
        yield from _target(path, words[-1], absolute)


def _parsed(path: str, kind: str, value: str, absolute: bool) -> Iterator[Problem]:
    import dns.exception  # noqa: PLC0415 (a plug-in starts with every run, and few records need it)
    import dns.rdata  # noqa: PLC0415
    import dns.rdatatype  # noqa: PLC0415

    try:
        dns.rdata.from_text("IN", kind, value, relativize=False)
    except dns.rdatatype.UnknownRdatatype:
        return  # the cloud's own list of types is checked with the type
    except dns.exception.DNSException as error:
        yield Problem(path, f'"{value}" is no {kind} record: {error}')
        return
    if kind in {"HTTPS", "SVCB"}:
        yield from _target(path, value.split()[1], absolute)


def _text(path: str, value: str, utf8: bool) -> Iterator[Problem]:
    if not value or _QUOTED.sub("", value).strip(" "):
        yield Problem(path, 'must be one or several strings in double quotes, like `"v=spf1 -all"`')
        return
    if not (utf8 or value.isascii()):
        yield Problem(path, r"has letters outside ASCII; write each of their bytes as `\DDD`, in decimal (RFC 1035)")
    for part in _QUOTED.finditer(value):
        for escape in _ESCAPED.finditer(part[1]):
            if escape[1] is None or (escape[1].isdecimal() and int(escape[1]) > 255):
                yield Problem(path, rf'has "{part[1][escape.start() :][:4]}", which is no byte; write `\000` to `\255`')
        size = len(_ESCAPED.sub("x", part[1]).encode())
        if size > TXT_LIMIT:
            yield Problem(path, f"has a string of {size} bytes; split it into strings of at most {TXT_LIMIT}")
