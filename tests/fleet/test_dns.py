"""The record sets of a fleet's zones: what is written, and what follows from machines, services and zones."""

from typing import Any

import pytest

from fediversity.fleet.checks import CHECKS
from fediversity.fleet.dns_records import RecordSet, record_sets, zone_of
from fediversity.fleet.dns_types import RECORD_TYPES, RecordType
from fediversity.fleet.model import Fleet
from fediversity.fleet.providers.google.names import zone_name
from tests.planning.samples import mac, server, unchecked

V6_ONLY = {"machineClass": "nixos", "system": "x86_64-linux", "provider": {"kind": "existing", "host": "2001:db8::6"}}
AT_GOOGLE = {"kind": "gcp", "machine_type": "e2-small", "zone": "europe-west1-b"}


def fleet(zones: dict[str, Any], **parts: Any) -> Fleet:
    """A fleet with one machine of each kind of address, and zones."""
    four = {"kind": "hetzner", "server_type": "cx23", "location": "nbg1", "ipv6": False}
    machines = {
        "both": server(tags=["web"]),
        "four": server(provider=four, tags=["web"]),
        "cloud": server(provider=AT_GOOGLE),
        "named": V6_ONLY | {"provider": {"kind": "existing", "host": "named.mesh"}},
        "six": V6_ONLY,
        "off": server(enabled=False, tags=["web"]),
        "desk": mac("desk.mesh", tags=["web"]),
    }
    zones = {name: {"provider": "hetzner", **zone} for name, zone in zones.items()}
    return unchecked({"machines": machines, "dns": {"zones": zones}, **parts})


def service(domain: str, machine: str = "both", **fields: Any) -> dict[str, Any]:
    """A deployment, as plain data."""
    user = {"username": "a", "display_name": "A", "email": "a@b.example"}
    return {"application": "mastodon", "machine": machine, "domain": domain, "initial_user": user, **fields}


def found(made: Fleet, domain: str) -> list[tuple[str, str, str | None]]:
    """Name, type and machine of each record set."""
    return [(record.name, record.type, record.machine) for record in record_sets(made, domain)]


def findings(made: Fleet) -> list[str]:
    """What is wrong with a fleet's DNS."""
    checks = [check for check in CHECKS if check.__module__.endswith((".dns", ".zones"))]
    return [finding.what for check in checks for finding in check(made)]


def test_hosts_get_the_addresses_they_have() -> None:
    made = fleet({"a.example": {"hosts": ["tag:web", "cloud", "six"]}})
    assert found(made, "a.example") == [
        ("both", "A", "both"),
        ("both", "AAAA", "both"),
        ("four", "A", "four"),
        ("cloud", "A", "cloud"),
        ("six", "AAAA", "six"),
    ]


def test_services_get_the_addresses_of_their_machine_in_the_longest_zone_they_lie_in() -> None:
    deployments = {
        "one": service("one.a.example"),
        "apex": service("a.example", "four"),
        "inner": service("two.in.a.example"),
        "elsewhere": service("one.b.example"),
        "stopped": service("stopped.a.example", enabled=False),
    }
    zones = {"a.example": {"services": True}, "in.a.example": {"services": True}, "b.example": {}}
    made = fleet(zones, deployments=deployments)
    assert [record for record in found(made, "a.example") if record[1] != "NS"] == [
        ("one", "A", "both"),
        ("one", "AAAA", "both"),
        ("@", "A", "four"),
    ]
    assert found(made, "in.a.example") == [("two", "A", "both"), ("two", "AAAA", "both")]
    assert found(made, "b.example") == []


def test_a_zone_that_does_not_end_at_a_dot_is_not_around_a_name() -> None:
    assert zone_of("xa.example", ["a.example"]) is None
    assert zone_of("x.b.a.example", ["a.example", "b.a.example", "example"]) == "b.a.example"


def test_a_zone_inside_another_is_delegated_by_the_nearest_one_around_it() -> None:
    made = fleet({"a.example": {}, "c.b.a.example": {}, "d.c.b.a.example": {}})
    (inner,) = record_sets(made, "c.b.a.example")
    (outer,) = record_sets(made, "a.example")
    assert (outer.name, outer.type, outer.child) == ("c.b", "NS", "c.b.a.example")
    assert (inner.name, inner.child) == ("d", "d.c.b.a.example")


def test_a_written_record_goes_before_one_that_follows() -> None:
    written = {"name": "both", "type": "A", "machine": "both", "ttl": 60}
    servers = {"name": "in", "type": "NS", "values": ["ns.elsewhere.example."]}
    made = fleet({"a.example": {"hosts": ["both"], "records": [written, servers]}, "in.a.example": {}})
    assert not findings(made)
    both, ns, six = record_sets(made, "a.example")
    assert (both.ttl, both.machine) == (60, "both")
    assert (ns.values, ns.child) == (("ns.elsewhere.example.",), None)
    assert (six.type, six.machine) == ("AAAA", "both")


def test_a_host_and_a_service_of_one_name_on_one_machine_agree_and_on_two_do_not() -> None:
    zones = {"a.example": {"hosts": ["both"], "services": True}}
    assert not findings(fleet(zones, deployments={"one": service("both.a.example")}))
    assert findings(fleet(zones, deployments={"one": service("both.a.example", "four")})) == [
        "`hosts` of 'a.example' gives 'both' the address of 'both', and the deployment 'one' the address of 'four'"
    ]


def test_a_service_needs_an_address_that_is_known_or_written() -> None:
    alias = {"name": "one", "type": "CNAME", "values": ["elsewhere.example."]}
    zones: dict[str, Any] = {"a.example": {"services": True}}
    deployments = {"one": service("one.a.example", "named")}
    assert findings(fleet(zones, deployments=deployments)) == [
        "'a.example' has no address to answer with: of 'named' the fleet knows no public one"
    ]
    zones["a.example"]["records"] = [alias]
    assert not findings(fleet(zones, deployments=deployments))


@pytest.mark.parametrize(("machine", "kind"), [("four", "AAAA"), ("cloud", "AAAA"), ("six", "A")])
def test_a_record_asks_for_an_address_that_the_machine_has(machine: str, kind: str) -> None:
    record = {"name": "x", "type": kind, "machine": machine}
    version = 4 if kind == "A" else 6
    assert findings(fleet({"a.example": {"records": [record]}})) == [f"'{machine}' has no IPv{version} address"]


@pytest.mark.parametrize(
    "records",
    [
        # A wildcard of other things than addresses is asked by name.
        [{"name": "*", "type": "TXT", "values": ["x"]}, {"name": "a", "type": "MX", "values": ["1 both.a.example."]}],
        # An address of the other version is what somebody wanted.
        [
            {"name": "*", "type": "AAAA", "values": ["2001:db8::1"]},
            {"name": "a", "type": "A", "values": ["203.0.113.1"]},
        ],
        # Names with an underscore are no hosts, and what is given away is answered elsewhere.
        [{"name": "*", "type": "A", "machine": "both"}, {"name": "k._domainkey", "type": "TXT", "values": ["x"]}],
        [{"name": "*", "type": "A", "machine": "both"}, {"name": "a", "type": "NS", "values": ["ns.b.example."]}],
        [{"name": "*", "type": "A", "machine": "both"}, {"name": "@", "type": "TXT", "values": ["x"]}],
        # `x.a` would not be answered by `*` anyway: `a` exists.
        [
            {"name": "*", "type": "A", "machine": "both"},
            {"name": "a", "type": "A", "machine": "both"},
            {"name": "x.a", "type": "TXT", "values": ["x"]},
        ],
        [
            {"name": "*.c", "type": "CNAME", "values": ["both.a.example."]},
            {"name": "b", "type": "TXT", "values": ["x"]},
        ],
    ],
)
def test_a_wildcard_is_no_trouble_where_nobody_misses_it(records: list[dict[str, Any]]) -> None:
    assert not findings(fleet({"a.example": {"records": records}}))


def test_the_name_that_broke_a_wildcard_is_found() -> None:
    """It happened: an MX record below a name took the wildcard's answer from that name."""
    mail = {"name": "noreply.git", "type": "MX", "values": ["10 feedback.mail.example."]}
    records = [{"name": "*", "type": "A", "machine": "both"}, mail]
    assert findings(fleet({"a.example": {"records": records}})) == [
        "'noreply.git' makes 'git' exist: '*' answers for it no more"
    ]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("TXT", "x" * 4000),
        ("TXT", 'v=DMARC1; a "quoted" \\ word, and ümlauts'),
        ("TXT", '"'),
        ("MX", "0 ."),
        ("SRV", "0 0 0 ."),
        ("CAA", '0 issue ";"'),
        ("CAA", '128 issuewild "ca.example; validationmethods=dns-01; accounturi=https://ca.example/1"'),
        ("CAA", '0 iodef "mailto:security@a.example"'),
        ("CAA", '0 issuemail "ca.example"'),
        ("CNAME", "key1._domainkey.mail.example."),
        ("NS", "xn--mnchen-3ya.example."),
        ("AAAA", "2001:db8::7"),
    ],
)
def test_what_the_standards_allow_passes(kind: RecordType, value: str) -> None:
    assert RECORD_TYPES[kind].wrong_value(value) is None


@pytest.mark.parametrize("name", ["_25._tcp.mail", "_acme-challenge", "*._domainkey", "s_1._domainkey", "1", "a--b"])
def test_names_that_are_no_hosts_may_own_texts(name: str) -> None:
    made = fleet({"a.example": {"records": [{"name": name, "type": "TXT", "values": ["x"]}]}})
    assert record_sets(made, "a.example") == (
        RecordSet(name, "TXT", ("dns", "zones", "a.example", "records", 0), values=("x",)),
    )


def test_names_of_services_and_of_addresses_may_have_pointers() -> None:
    listed = {"name": "_services._dns-sd._udp", "type": "PTR", "values": ["_http._tcp.a.example."]}
    part = {"name": "7.0-25", "type": "PTR", "values": ["both.a.example."]}
    nibbles = {"name": ".".join("700000000000000f"), "type": "PTR", "values": ["both.a.example."]}
    six = "0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"
    zones = {"a.example": [listed], "113.0.203.in-addr.arpa": [part], six: [nibbles]}
    assert not findings(fleet({zone: {"records": records} for zone, records in zones.items()}))


def test_a_circle_of_aliases_is_found_once() -> None:
    records = [
        {"name": name, "type": "CNAME", "values": [f"{other}.a.example."]}
        for name, other in (("x", "y"), ("y", "z"), ("z", "x"), ("w", "x"))
    ]
    assert findings(fleet({"a.example": {"records": records}})) == [
        "aliases lead in a circle: x.a.example → y.a.example → z.a.example → x.a.example"
    ]


def test_the_zone_of_addresses_has_a_name_that_google_takes() -> None:
    assert zone_name("113.0.203.in-addr.arpa") == "zone-113-0-203-in-addr-arpa"
    assert zone_name("fleet.example") == "fleet-example"
