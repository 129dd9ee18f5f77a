"""The names that own records, relative to their zone: what the standards say of them. Plain texts, no model.

Every check returns what is wrong and its fix, or None.
"""

import re
from collections.abc import Callable

from fediversity.fleet.idn import check_letters

Wrong = tuple[str, str]
Check = Callable[[str], Wrong | None]

LONGEST_NAME = 253
"""How many characters a complete name may have (RFC 1035: 255 bytes on the wire)."""

LABEL = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
OWNER = re.compile(rf"@|\*|(\*\.)?{LABEL}(\.{LABEL})*")
_SERVICE = re.compile(rf"_[a-z0-9-]+\._[a-z0-9-]+(\.{LABEL})*")


def wrong_owner(name: str) -> Wrong | None:
    """Checks the name of a record of any type."""
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


def any_owner(name: str) -> Wrong | None:
    """Accepts every well-formed name."""
    del name
    return None


def host_owner(kind: str) -> Check:
    """Returns a check for types that describe a host or a mail domain: such names have no underscore (RFC 1123)."""

    def check(name: str) -> Wrong | None:
        if "_" not in name:
            return None
        what = f"'{name}' has an underscore, and records of type {kind} are for hosts"
        return what, "use letters, digits and hyphens"

    return check


def service_owner(name: str) -> Wrong | None:
    """Checks the name of an SRV record."""
    if _SERVICE.fullmatch(name):
        return None
    return f"'{name}' is not a service's name", "write service and protocol: '_imaps._tcp' (RFC 2782)"


def tls_owner(name: str) -> Wrong | None:
    """Checks the name of a TLSA record: a port and a protocol, or a name with an underscore for aliases to lead to."""
    if any(label.startswith("_") for label in name.split(".")):
        return None
    fix = f"write port and protocol before the host: '_25._tcp{'' if name == '@' else f'.{name}'}' (RFC 6698)"
    return f"'{name}' is not the name of a TLS service", fix


def alias_owner(name: str) -> Wrong | None:
    """Checks the name of a CNAME record."""
    if name != "@":
        return None
    return "a CNAME at the zone's own name", "a zone's name has SOA and NS records: use A or AAAA (RFC 1034)"


def delegation_owner(name: str) -> Wrong | None:
    """Checks the name of an NS record."""
    if name == "@":
        return "the zone's own name servers", "they are the provider's: remove the record"
    if name.startswith("*"):
        return "a wildcard that delegates", "name each part that other servers answer for (RFC 4592)"
    return None


def signed_delegation_owner(name: str) -> Wrong | None:
    """Checks the name of a DS record."""
    if name != "@":
        return None
    fix = "it belongs into the zone around this one: give it to the registrar, or write it there (RFC 4035)"
    return "a DS record at the zone's own name", fix
