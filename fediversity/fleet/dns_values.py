"""What the standards say of a single record: its name, and each of its values. Pure texts, no model.

Every function answers with what is wrong and its fix, or None. A value has the form of zone files (RFC 1035), but a TXT
value is the text itself: quoting and splitting it is the provider's business.
"""

import ipaddress
import re

from fediversity.fleet.base import is_address, is_domain
from fediversity.fleet.idn import check_letters

Wrong = tuple[str, str]

LONGEST_NAME = 253
"""How many characters a complete name may have (RFC 1035: 255 bytes on the wire)."""

_LABEL = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
OWNER = re.compile(rf"@|\*|(\*\.)?{_LABEL}(\.{_LABEL})*")
_ALIAS = re.compile(rf"{_LABEL}(\.{_LABEL})*")
_SERVICE = re.compile(rf"_[a-z0-9-]+\._[a-z0-9-]+(\.{_LABEL})*")
_MX = re.compile(r"([0-9]{1,5}) (\S+)")
_SRV = re.compile(r"([0-9]{1,5}) ([0-9]{1,5}) ([0-9]{1,5}) (\S+)")
_CAA = re.compile(r'(\S+) (\S+) "([^"]*)"')
_CAA_TAGS = frozenset({"issue", "issuewild", "issuemail", "iodef", "contactemail", "contactphone"})
_CAA_ISSUER = re.compile(r"([a-z0-9-]+(\.[a-z0-9-]+)+)? *(;.*)?")
_LONGEST_TEXT = 65280
"""Bytes: a record's data takes 65535, and each 255 bytes of text have one more for their length."""

HOSTS_ONLY = frozenset({"A", "AAAA", "MX"})
"""Types that say something of a host or a mail domain, whose names have no underscore (RFC 1123)."""


def wrong_owner(name: str) -> Wrong | None:
    """What is wrong with a record's name relative to its zone."""
    if (wrong := check_letters(name)) is not None:
        return wrong
    if OWNER.fullmatch(name):
        return None
    longest = max(name.split("."), key=len)
    if len(longest) > 63:
        return f"'{longest}' has {len(longest)} characters", "a label, the part between two dots, has 63 at most"
    if "*" in name.removeprefix("*."):
        return f"'{name}' is not a record name", "a '*' stands alone in the first label: '*.apps' (RFC 4592)"
    better = name.lower().removesuffix(".")
    hint = f"'{better}'" if better != name and OWNER.fullmatch(better) else "lower case"
    return f"'{name}' is not a record name", f"write it relative to the zone, {hint}; the zone itself is '@'"


def wrong_owner_of(kind: str, name: str) -> Wrong | None:
    """What is wrong with a well-formed name for records of a type."""
    if kind in HOSTS_ONLY and "_" in name:
        return (
            f"'{name}' has an underscore, and records of type {kind} are for hosts",
            "use letters, digits and hyphens",
        )
    if kind == "SRV" and not _SERVICE.fullmatch(name):
        return f"'{name}' is not a service's name", "write service and protocol: '_imaps._tcp' (RFC 2782)"
    if kind == "CNAME" and name == "@":
        return "a CNAME at the zone's own name", "a zone's name has SOA and NS records: use A or AAAA (RFC 1034)"
    if kind == "NS" and name == "@":
        return "the zone's own name servers", "they are the provider's: remove the record"
    if kind == "NS" and name.startswith("*"):
        return "a wildcard that delegates", "name each part that other servers answer for (RFC 4592)"
    return None


def wrong_value(kind: str, value: str) -> Wrong | None:
    """What is wrong with a value of a record."""
    if kind == "A" and not is_address(value, 4):
        return f"'{value}' is not an IPv4 address", "an A record holds IPv4 addresses: '203.0.113.7'"
    if kind == "AAAA" and not is_address(value, 6):
        return f"'{value}' is not an IPv6 address", "an AAAA record holds IPv6 addresses: '2001:db8::7'"
    if kind in {"CNAME", "NS", "PTR"}:
        return _wrong_target(value, value, alias=kind in {"CNAME", "PTR"})
    if kind == "MX":
        example = "write priority and host: '10 mail.fleet.example.'"
        return _wrong_numbers(_MX, value, "a mail exchanger", example)
    if kind == "SRV":
        example = "write priority, weight, port, host: '0 5 443 host.fleet.example.'"
        return _wrong_numbers(_SRV, value, "a service record", example)
    if kind == "CAA":
        return _wrong_authority(value)
    return _wrong_text(value) if kind == "TXT" else None


def target(kind: str, value: str) -> str | None:
    """The name that a value leads to, without the final dot; None if its type leads to none, or it says 'nowhere'."""
    if kind not in {"CNAME", "NS", "PTR", "MX", "SRV"}:
        return None
    return value.rpartition(" ")[2].removesuffix(".") or None


def canonical(kind: str, value: str) -> str:
    """A value as it is compared: two that are equal for the DNS have one form."""
    if kind in {"A", "AAAA"}:
        return str(ipaddress.ip_address(value))
    if kind in {"TXT", "CAA"}:
        return value
    return " ".join(str(int(word)) if word.isdecimal() else word for word in value.lower().split(" "))


def _wrong_numbers(form: re.Pattern[str], value: str, what: str, example: str) -> Wrong | None:
    match = form.fullmatch(value)
    if match is None or any(int(number) > 65535 for number in match.groups()[:-1]):
        return f"'{value}' is not {what}", example
    # A dot for a host says that there is no such service (RFC 7505 and 2782).
    return None if match[match.re.groups] == "." else _wrong_target(value, match[match.re.groups])


def _wrong_target(value: str, host: str, *, alias: bool = False) -> Wrong | None:
    """`alias`: it may lead to a name that is no host, such as a mail service's `key1._domainkey.example`."""
    name = host.removesuffix(".")
    if (wrong := check_letters(name)) is not None:
        return wrong
    if is_address(name, 4) or is_address(name, 6):
        return f"'{value}' leads to an address", "name a host; addresses stand in A and AAAA records"
    if not host.endswith(".") or name != name.lower():
        fix = f"write it in full with a final dot: '{value[: len(value) - len(host)]}{name.lower()}.'"
        return f"'{value}' is not a complete domain name", fix
    right = _ALIAS.fullmatch(name) and len(name) <= LONGEST_NAME if alias else is_domain(name)
    return None if right else (f"'{value}' leads to no host name", "use letters, digits, hyphens, and dots between")


def _wrong_authority(value: str) -> Wrong | None:
    example = "write flags, tag, quoted value: '0 issue \"letsencrypt.org\"'"
    match = _CAA.fullmatch(value)
    if match is None:
        return f"'{value}' is not a CAA record", example
    flags, tag, content = match.groups()
    if flags not in {"0", "128"}:
        return f"'{flags}' is not the flags of a CAA record", "write 0, or 128 if nobody may ignore it (RFC 8659)"
    if tag not in _CAA_TAGS:
        return f"'{tag}' is not a CAA tag", f"known: {', '.join(sorted(_CAA_TAGS))}"
    if tag == "iodef" and not re.fullmatch(r"(mailto:\S+@\S+|https?://\S+)", content):
        return f"'{content}' is nowhere to report to", "write 'mailto:…' or 'https://…' (RFC 8659)"
    if tag.startswith("issue") and not (content and _CAA_ISSUER.fullmatch(content)):
        return f"'{content}' is not a certificate authority", "write its domain, or ';' for none (RFC 8659)"
    return None


def _wrong_text(value: str) -> Wrong | None:
    if not value:
        return "an empty text", "write what the record shall say, or remove it"
    if "\n" in value or "\r" in value:
        return "a text with a line break", "write it in one line, or fold it with `>-` in place of `|`"
    if len(value) > 1 and value[0] == value[-1] == '"':
        return f"{value} has quotes of its own", "write the text alone: it is quoted and split as the provider wants"
    if (size := len(value.encode())) > _LONGEST_TEXT:
        return f"a text of {size} bytes", f"a TXT record holds {_LONGEST_TEXT}"
    return None
