"""What is wrong with the bounds of a fleet."""

from tests.fleet.bad.kind import Bad


def bad(name: str, policy: str, field: str, what: str, fix: str) -> Bad:
    """A file with bounds that cannot be."""
    return Bad(name, "version: 1\n", f"version: 1\npolicy: {{{policy}}}\n", "policy: {", f"policy.{field}", what, fix)


_WRITTEN = "write it like 'tcp/443'"

POLICY = (
    bad("unknown bound", "ports: []", "ports", "unknown key", "known: "),
    bad("port alone", "open_ports: ['443']", "open_ports[0]", "'443' is not a protocol with a port", _WRITTEN),
    bad("port of none", "open_ports: [icmp/1]", "open_ports[0]", "'icmp/1' is not a protocol with a port", _WRITTEN),
    bad("port too high", "open_ports: [tcp/65536]", "open_ports[0]", "'tcp/65536' is not a protocol", _WRITTEN),
    bad("ports backwards", "open_ports: [udp/20-10]", "open_ports[0]", "'udp/20-10' is not a protocol", _WRITTEN),
    bad("unknown place", "places: [fsn2]", "places[0]", "unknown place 'fsn2'", "did you mean 'fsn1'?"),
    bad("unknown size", "types: [cx54]", "types[0]", "unknown type 'cx54'", "did you mean 'cx53'?"),
    bad("negative budget", "budget: {monthly: -1}", "budget.monthly", "-1", "0"),
    bad("other currency", "budget: {monthly: 1, currency: CHF}", "budget.currency", "'CHF' is not allowed", "EUR"),
    bad("unknown exception", "unencrypted: [oaks]", "unencrypted[0]", "unknown machine 'oaks'", "did you mean 'oak'?"),
)
