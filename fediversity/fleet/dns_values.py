"""What the standards say of the values of the common record types. Plain texts, no model and no library.

Every check returns what is wrong and its fix, or None. A value has the form of zone files (RFC 1035), but a TXT value
is the text itself: quoting and splitting it is the provider's business.
"""

import ipaddress
import re
from collections.abc import Iterator, Sequence
from typing import Literal

from fediversity.fleet.base import is_address, is_domain
from fediversity.fleet.dns_owners import LABEL, LONGEST_NAME, Check, Wrong
from fediversity.fleet.idn import check_letters

WrongOne = tuple[int | None, str, str]
"""The position of a value that does not go with the others, or None for all, what is wrong, and its fix."""

_ALIAS = re.compile(rf"{LABEL}(\.{LABEL})*")
_CAA = re.compile(r'(\S+) (\S+) "([^"]*)"')
_CAA_TAGS = frozenset({"issue", "issuewild", "issuemail", "iodef", "contactemail", "contactphone"})
_CAA_ISSUER = re.compile(r"([a-z0-9-]+(\.[a-z0-9-]+)+)? *(;.*)?")
_LONGEST_TEXT = 65280
"""Bytes: a record's data takes 65535, and each 255 bytes of text have one more for their length."""


def address(version: Literal[4, 6]) -> Check:
    """Returns a check for an IP address."""
    kind, example = ("A", "203.0.113.7") if version == 4 else ("AAAA", "2001:db8::7")

    def check(value: str) -> Wrong | None:
        if is_address(value, version):
            return None
        return (
            f"'{value}' is not an IPv{version} address",
            f"an {kind} record holds IPv{version} addresses: '{example}'",
        )

    return check


def host_name(value: str) -> Wrong | None:
    """Checks the complete name of a host."""
    return wrong_target(value, value, 0)


def alias_name(value: str) -> Wrong | None:
    """Checks a complete name that may be no host, such as a mail service's `key1._domainkey.example.`."""
    return wrong_target(value, value, 0, alias=True)


def numbers_and_host(count: int, what: str, fix: str) -> Check:
    """Returns a check for some numbers of 16 bits and the complete name of a host."""
    pattern = re.compile("([0-9]{1,5}) " * count + r"(\S+)")

    def check(value: str) -> Wrong | None:
        match = pattern.fullmatch(value)
        if match is None or any(int(number) > 65535 for number in match.groups()[:-1]):
            return f"'{value}' is not {what}", fix
        host = match[count + 1]
        # A dot for a host says that there is no such service (RFC 7505 and 2782).
        return None if host == "." else wrong_target(value, host, match.start(count + 1))

    return check


def wrong_target(value: str, host: str, start: int, *, alias: bool = False) -> Wrong | None:
    """Checks the name in a value that begins at a position. `alias`: it may be a name that is no host."""
    name = host.removesuffix(".")
    if (wrong := check_letters(name)) is not None:
        return wrong
    if is_address(name, 4) or is_address(name, 6):
        return f"'{value}' leads to an address", "name a host; addresses stand in A and AAAA records"
    if not host.endswith(".") or name != name.lower():
        better = f"{value[:start]}{name.lower()}.{value[start + len(host) :]}"
        return f"'{value}' is not a complete domain name", f"write it in full with a final dot: '{better}'"
    right = _ALIAS.fullmatch(name) and len(name) <= LONGEST_NAME if alias else is_domain(name)
    return None if right else (f"'{value}' leads to no host name", "use letters, digits, hyphens, and dots between")


def authority(value: str) -> Wrong | None:
    """Checks the value of a CAA record."""
    example = "write flags, tag, quoted value: '0 issue \"letsencrypt.org\"'"
    match = _CAA.fullmatch(value)
    if match is None:
        return f"'{value}' is not a CAA record", example
    flags, tag, content = match.groups()
    if flags not in {"0", "128"}:
        return f"'{flags}' is not the flags of a CAA record", "write 0, or 128 if it must not be ignored (RFC 8659)"
    if tag not in _CAA_TAGS:
        return f"'{tag}' is not a CAA tag", f"known: {', '.join(sorted(_CAA_TAGS))}"
    if tag == "iodef" and not re.fullmatch(r"(mailto:\S+@\S+|https?://\S+)", content):
        return f"'{content}' is nowhere to report to", "write 'mailto:…' or 'https://…' (RFC 8659)"
    if tag.startswith("issue") and not (content and _CAA_ISSUER.fullmatch(content)):
        return f"'{content}' is not a certificate authority", "write its domain, or ';' for none (RFC 8659)"
    return None


def text(value: str) -> Wrong | None:
    """Checks a text."""
    if not value:
        return "an empty text", "write what the record shall say, or remove it"
    if "\n" in value or "\r" in value:
        return "a text with a line break", "write it in one line, or fold it with `>-` in place of `|`"
    if len(value) > 1 and value[0] == value[-1] == '"':
        return f"{value} has quotes of its own", "write the text alone: it is quoted and split as the provider wants"
    if (size := len(value.encode())) > _LONGEST_TEXT:
        return f"a text of {size} bytes", f"a TXT record holds {_LONGEST_TEXT}"
    return None


def canonical_address(value: str) -> str:
    """Returns an address in its shortest form."""
    return str(ipaddress.ip_address(value))


def canonical_words(value: str) -> str:
    """Returns numbers and names in lower case, without leading zeros."""
    return " ".join(str(int(word)) if word.isdecimal() else word for word in value.lower().split(" "))


def as_written(value: str) -> str:
    """Returns the value itself: every letter counts."""
    return value


def last_name(value: str) -> str | None:
    """Returns the name at the end of a value, without the final dot; None if it says 'nowhere'."""
    return value.rpartition(" ")[2].removesuffix(".") or None


def one_target(values: Sequence[str]) -> Iterator[WrongOne]:
    """Checks that an alias leads to one name."""
    if len(values) > 1:
        yield None, f"a CNAME has {len(values)} values", "a CNAME has exactly one target (RFC 1034)"


def one_policy(values: Sequence[str]) -> Iterator[WrongOne]:
    """Checks that texts hold one SPF policy at most."""
    policies = [index for index, value in enumerate(values) if value.lower().startswith("v=spf1")]
    if len(policies) > 1:
        yield policies[1], "a second SPF policy", "join the two: mail servers accept neither (RFC 7208)"


def nowhere_alone(values: Sequence[str]) -> Iterator[WrongOne]:
    """Checks that a value which says 'nowhere' has no other beside it."""
    nowhere = [index for index, value in enumerate(values) if value.endswith(" .")]
    if nowhere and len(values) > 1:
        yield nowhere[0], "says that there is no such service", "let it stand alone, or remove it"
