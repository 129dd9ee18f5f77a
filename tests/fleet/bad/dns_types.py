"""What is wrong with records of keys, fingerprints and service bindings."""

from tests.fleet.bad.dns_zones import LAST, after_last
from tests.fleet.bad.kind import Bad

SHA_256 = "0123456789abcdef" * 4
AT_GOOGLE = "    social.example:\n      provider: gcp\n"
FIRST = "dns.zones.social.example.records[0]"


def at_hetzner(name: str, *records: str, at: str, field: str, what: str, fix: str) -> Bad:
    """More records in the zone at Hetzner, the last of which is wrong."""
    record = f"dns.zones.garden.example.records[{9 + len(records)}]"
    return Bad(name, LAST, after_last(*records), at, f"{record}{field}", what, fix)


def at_google(name: str, record: str, *, at: str, field: str, what: str, fix: str) -> Bad:
    """A record in the zone at Google."""
    new = f"{AT_GOOGLE}      records:\n        - {record}\n"
    return Bad(name, AT_GOOGLE, new, at, f"{FIRST}{field}", what, fix)


def tlsa(value: str, name: str = "_25._tcp.oak") -> str:
    """A TLSA record."""
    return f"{{name: {name}, type: TLSA, values: [{value}]}}"


def https(*values: str, kind: str = "HTTPS") -> str:
    """An HTTPS record, or one of another type."""
    return f"{{name: shop, type: {kind}, values: [{', '.join(repr(value) for value in values)}]}}"


TYPES = (
    at_hetzner(
        "type that Hetzner lacks",
        f"{{name: oak, type: SSHFP, values: [4 2 {SHA_256}]}}",
        at="SSHFP",
        field=".type",
        what="Hetzner DNS takes no records of type SSHFP",
        fix="Google's Cloud DNS (`gcp`)",
    ),
    at_hetzner(
        "TLSA of a host",
        tlsa(f"3 1 1 {SHA_256}", name="oak"),
        at="TLSA",
        field=".name",
        what="'oak' is not the name of a TLS service",
        fix="'_25._tcp.oak'",
    ),
    at_hetzner(
        "TLSA without a hash",
        tlsa("3 1 1"),
        at="TLSA",
        field=".values[0]",
        what="'3 1 1' is not a TLSA record",
        fix="write usage, selector, matching type and hexadecimal digits",
    ),
    at_hetzner(
        "TLSA of an unknown usage",
        tlsa(f"4 1 1 {SHA_256}"),
        at="TLSA",
        field=".values[0]",
        what="'4' is not the usage of a TLSA record",
        fix="3 (DANE-EE)",
    ),
    at_hetzner(
        "TLSA of an unknown selector",
        tlsa(f"3 2 1 {SHA_256}"),
        at="TLSA",
        field=".values[0]",
        what="'2' is not the selector of a TLSA record",
        fix="1 (public key)",
    ),
    at_hetzner(
        "TLSA with half a hash",
        tlsa(f"3 1 1 {SHA_256[:32]}"),
        at="TLSA",
        field=".values[0]",
        what="has a hash of 16 bytes",
        fix="has 32",
    ),
    at_hetzner(
        "TLSA with other letters",
        tlsa(f"3 1 1 {SHA_256[:-1]}g"),
        at="TLSA",
        field=".values[0]",
        what="is not a TLSA record",
        fix="hexadecimal digits",
    ),
    at_hetzner(
        "TLSA twice in another form",
        tlsa(f"3 1 1 {SHA_256}, 3 1 1 {SHA_256.upper()}"),
        at="TLSA",
        field=".values[1]",
        what="again",
        fix="keep it once",
    ),
    at_google(
        "SSHFP of a service",
        f"{{name: _ssh._tcp, type: SSHFP, values: [4 2 {SHA_256}]}}",
        at="SSHFP",
        field=".name",
        what="'_ssh._tcp' has an underscore, and records of type SSHFP are for hosts",
        fix="hyphens",
    ),
    at_google(
        "SSHFP of an unknown algorithm",
        f"{{name: oak, type: SSHFP, values: [5 2 {SHA_256}]}}",
        at="SSHFP",
        field=".values[0]",
        what="'5' is not the algorithm of an SSHFP record",
        fix="4 (Ed25519)",
    ),
    at_google(
        "SSHFP of another length",
        f"{{name: oak, type: SSHFP, values: [4 1 {SHA_256}]}}",
        at="SSHFP",
        field=".values[0]",
        what="has a hash of 32 bytes",
        fix="has 20",
    ),
    at_google(
        "SSHFP as a tool prints it",
        f"{{name: oak, type: SSHFP, values: [oak IN SSHFP 4 2 {SHA_256}]}}",
        at="IN SSHFP",
        field=".values[0]",
        what="is not an SSHFP record",
        fix="write algorithm, fingerprint type and hexadecimal digits",
    ),
    at_hetzner(
        "DS of the zone itself",
        f"{{name: '@', type: DS, values: [12345 13 2 {SHA_256}]}}",
        at="DS",
        field=".name",
        what="a DS record at the zone's own name",
        fix="give it to the registrar",
    ),
    at_hetzner(
        "DS without name servers",
        f"{{name: shop, type: DS, values: [12345 13 2 {SHA_256}]}}",
        at="DS",
        field="",
        what="'shop.garden.example' has a DS record, and no other servers answer for it",
        fix="write its NS record too",
    ),
    at_hetzner(
        "DS below a delegation",
        f"{{name: web.lab, type: DS, values: [12345 13 2 {SHA_256}]}}",
        at="DS",
        field="",
        what="'web.lab' is below what the NS record of 'lab' gives away",
        fix="have those servers answer for it",
    ),
    at_hetzner(
        "DS of an unknown digest",
        f"{{name: lab, type: DS, values: [12345 13 9 {SHA_256}]}}",
        at="DS",
        field=".values[0]",
        what="'9' is not the digest type of a DS record",
        fix="2 (SHA-256)",
    ),
    at_hetzner(
        "DS of an unknown algorithm",
        f"{{name: lab, type: DS, values: [12345 99 2 {SHA_256}]}}",
        at="DS",
        field=".values[0]",
        what="'99' is not the algorithm of a DS record",
        fix="13 (ECDSA P-256)",
    ),
    at_hetzner(
        "DS with too large a key tag",
        f"{{name: lab, type: DS, values: [65536 13 2 {SHA_256}]}}",
        at="DS",
        field=".values[0]",
        what="is not a DS record",
        fix="write key tag, algorithm, digest type",
    ),
    at_hetzner(
        "HTTPS without a priority",
        https(". alpn=h2"),
        at="HTTPS",
        field=".values[0]",
        what="'. alpn=h2' is not an HTTPS record",
        fix="write priority, target and parameters",
    ),
    at_hetzner(
        "HTTPS with an unknown parameter",
        https("1 . alnp=h2"),
        at="HTTPS",
        field=".values[0]",
        what="'1 . alnp=h2' is not an HTTPS record",
        fix="'1 . alpn=h2,h3'",
    ),
    at_hetzner(
        "HTTPS with a parameter twice",
        https("1 . port=443 port=8443"),
        at="HTTPS",
        field=".values[0]",
        what="is not an HTTPS record",
        fix="write priority, target and parameters",
    ),
    at_hetzner(
        "HTTPS with a hint of the other version",
        https("1 . ipv4hint=2001:db8::7"),
        at="HTTPS",
        field=".values[0]",
        what="is not an HTTPS record",
        fix="write priority, target and parameters",
    ),
    at_hetzner(
        "HTTPS alias with parameters",
        https("0 oak.garden.example. alpn=h2"),
        at="HTTPS",
        field=".values[0]",
        what="is not an HTTPS record",
        fix="write priority, target and parameters",
    ),
    at_hetzner(
        "HTTPS with a comment",
        https("1 . alpn=h2 ; all of them"),
        at="HTTPS",
        field=".values[0]",
        what="is not an HTTPS record",
        fix="put quotes around a value with ';'",
    ),
    at_hetzner(
        "HTTPS of a relative name",
        https("1 oak alpn=h2"),
        at="HTTPS",
        field=".values[0]",
        what="'1 oak alpn=h2' is not a complete domain name",
        fix="'1 oak. alpn=h2'",
    ),
    at_hetzner(
        "HTTPS alias beside others",
        https("1 . alpn=h2", "0 oak.garden.example."),
        at="HTTPS",
        field=".values[1]",
        what="priority 0 makes the name an alias",
        fix="RFC 9460",
    ),
    at_hetzner(
        "HTTPS beside a CNAME",
        "{name: shop, type: CNAME, values: [oak.garden.example.]}",
        https("1 . alpn=h2"),
        at="HTTPS",
        field="",
        what="'shop' has a CNAME and HTTPS",
        fix="nothing may stand beside a CNAME",
    ),
    at_hetzner(
        "SVCB to an address",
        https("1 203.0.113.9 alpn=dot", kind="SVCB"),
        at="SVCB",
        field=".values[0]",
        what="'1 203.0.113.9 alpn=dot' leads to an address",
        fix="name a host",
    ),
    at_hetzner(
        "SVCB in another script",
        https("1 bücher.example. alpn=dot", kind="SVCB"),
        at="SVCB",
        field=".values[0]",
        what="'bücher.example' has letters outside ASCII",
        fix="xn--bcher-kva.example",
    ),
    at_hetzner(
        "SVCB without its mandatory parameter",
        https("1 dns.garden.example. mandatory=port alpn=dot", kind="SVCB"),
        at="SVCB",
        field=".values[0]",
        what="is not an SVCB record",
        fix="'1 dns.fleet.example. alpn=dot'",
    ),
    at_hetzner(
        "certificate from a machine",
        "{name: _25._tcp.oak, type: TLSA, machine: oak}",
        at="TLSA",
        field=".machine",
        what="a TLSA record cannot come from a machine",
        fix="use type A or AAAA",
    ),
)
