"""What Google Cloud would not take, or would leave out."""

from tests.fleet.bad.kind import Bad

_DISK = "      disk_gb: 30\n"
_SOCIAL = "    social.example:\n      provider: gcp\n"


def _rule(sources: str) -> str:
    return f"{_DISK}      firewall:\n        - {{protocol: tcp, port: '443', sources: [{sources}]}}\n"


GOOGLE = (
    Bad(
        "instance that begins with a digit",
        "  elm:\n",
        "  3elms:\n",
        "3elms",
        "machines.3elms",
        "Google Cloud takes no instance '3elms'",
        "begin its name with a letter",
    ),
    Bad(
        "name too long for an address",
        "  elm:\n",
        f"  {'elm-' * 13}s:\n",
        "elm-s:",
        f"machines.{'elm-' * 13}s",
        f"the name '{'elm-' * 13}s-us-central1', which has 65 characters",
        "shorten the machine's name to 51 characters",
    ),
    Bad(
        "name too long for a firewall",
        "  elm:\n    machineClass: nixos\n    system: aarch64-linux\n    tags: [cloud]\n    provider:\n"
        "      kind: gcp\n      machine_type: t2a-standard-1\n      zone: us-central1-a\n",
        f"  {'elm-' * 13}ab:\n    machineClass: nixos\n    system: x86_64-linux\n    tags: [cloud]\n    provider:\n"
        "      kind: gcp\n      machine_type: e2-medium\n      zone: us-east1-b\n"
        "      firewall: [{protocol: tcp, port: '443'}]\n",
        "elm-ab:",
        f"machines.{'elm-' * 13}ab",
        f"the name '{'elm-' * 13}ab-inbound-0', which has 64 characters",
        "shorten the machine's name to 53 characters",
    ),
    Bad(
        "two zones with one name",
        _SOCIAL,
        f"{_SOCIAL}    a-b.example:\n      provider: gcp\n    a.b.example:\n      provider: gcp\n",
        "a.b.example",
        "dns.zones.a.b.example",
        "Cloud DNS would call it 'a-b-example', as it calls 'a-b.example'",
        "let Hetzner serve one of the two",
    ),
    Bad(
        "zone with a long name",
        "    social.example:\n",
        f"    {'social.' * 9}example:\n",
        "social.example:",
        f"dns.zones.{'social.' * 9}example",
        "which has 70 characters",
        "Cloud DNS takes 63: let Hetzner serve it",
    ),
    Bad(
        "IPv6 networks only at Google",
        _DISK,
        _rule("'2001:db8::/32'"),
        "2001:db8::/32",
        "machines.elm.provider.firewall[0].sources",
        "only IPv6 networks are listed",
        "list IPv4 networks only, or move the machine",
    ),
    Bad(
        "IPv6 network beside others at Google",
        _DISK,
        _rule("203.0.113.0/24, '::/0'"),
        "::/0",
        "machines.elm.provider.firewall[0].sources",
        "the IPv6 network '::/0' is listed, and a machine at Google Cloud has an IPv4 address only",
        "everybody is 0.0.0.0/0 and ::/0",
    ),
)
