"""DNS records as both providers want them, and what they depend on."""

from typing import Any

import pytest

from fediversity.fleet.dns_types import types_taken
from fediversity.fleet.providers.registry import ZONE_SERVICES, ZoneProvider
from tests.planning.samples import server, unchecked
from tests.program.programs import DEV, STACKS, declare, dev, production
from tests.program.recording import Recording, Registration

RRSET, RECORD_SET = "hcloud:index/zoneRrset:ZoneRrset", "gcp:dns/recordSet:RecordSet"

EXPECTED: dict[tuple[str, str], list[str]] = {
    ("hub", "A"): ["127.64.0.1"],
    ("fixed", "A"): ["203.0.113.9", "203.0.113.10"],
    ("fixed", "AAAA"): ["2001:db8::9"],
    ("git", "CNAME"): ["hub.fleet.example."],
    ("@", "CAA"): ['0 issue "letsencrypt.org"'],
    ("@", "TXT"): ['"v=spf1 -all"', '"a \\"quoted\\" \\\\ word"'],
    ("@", "MX"): ["10 hub.fleet.example."],
    ("_imaps._tcp", "SRV"): ["0 1 993 hub.fleet.example."],
    ("sub", "NS"): ["ns1.fleet.example."],
}
"""The records whose content is the same in every stack, in the form of zone files."""


def at_hetzner(recording: Recording) -> dict[tuple[str, str], Registration]:
    """Hetzner's record sets by name and type."""
    return {(entry.inputs["name"], entry.inputs["type"]): entry for entry in recording.of_type(RRSET)}


def at_google(recording: Recording) -> dict[tuple[str, str], Registration]:
    """Cloud DNS's record sets by name, as Hetzner would write it, and type."""

    def relative(name: str) -> str:
        return name.removesuffix("fleet.org.").removesuffix(".") or "@"

    return {(relative(entry.inputs["name"]), entry.inputs["type"]): entry for entry in recording.of_type(RECORD_SET)}


def test_hetzner_gets_names_relative_to_the_zone_and_values_as_zone_files_write_them() -> None:
    found = {key: [record["value"] for record in entry.inputs["records"]] for key, entry in at_hetzner(dev()).items()}
    assert found == EXPECTED | {("legacy", "A"): ["127.64.9.9"]}


def test_cloud_dns_gets_absolute_names_and_the_same_values() -> None:
    names = [entry.inputs["name"] for entry in dev().of_type(RECORD_SET)]
    assert all(name.endswith("fleet.org.") for name in names)
    assert "fleet.org." in names
    found = {key: entry.inputs["rrdatas"] for key, entry in at_google(dev()).items()}
    assert found == EXPECTED | {("legacy", "A"): ["127.64.9.9"]}


@pytest.mark.parametrize("stack", STACKS)
def test_an_address_record_depends_on_the_machine_it_points_at(stack: str) -> None:
    recording = STACKS[stack]()
    machine = {
        recording.one("hcloud:index/primaryIp:PrimaryIp", "hub-address").urn,
        recording.one("hcloud:index/server:Server", "hub-server").urn,
    }
    assert at_hetzner(recording)["hub", "A"].property_dependencies["records"] == machine
    assert at_google(recording)["hub", "A"].property_dependencies["rrdatas"] == machine


@pytest.mark.parametrize("stack", STACKS)
def test_fixed_records_depend_on_nothing_but_their_zone_and_the_first_of_their_name(stack: str) -> None:
    recording = STACKS[stack]()
    hetzner = recording.one("hcloud:index/zone:Zone", "fleet.example-zone")
    google = recording.one("gcp:dns/managedZone:ManagedZone", "fleet.org-zone")
    for found, zone in ((at_hetzner(recording), hetzner), (at_google(recording), google)):
        for key in EXPECTED.keys() - {("hub", "A"), ("fixed", "AAAA")}:
            assert found[key].dependencies == {zone.urn}, key
        assert found["fixed", "AAAA"].dependencies == {zone.urn, found["fixed", "A"].urn}
        assert found["fixed", "AAAA"].property_dependencies["name"] == {found["fixed", "A"].urn}


def test_a_record_of_a_disabled_machine_is_left_out() -> None:
    for recording in (dev(), production()):
        assert ("parked", "A") not in at_hetzner(recording)
        assert ("parked", "A") not in at_google(recording)


def test_a_record_s_own_time_to_live_goes_before_the_zone_s() -> None:
    def ttl(entries: dict[tuple[str, str], Registration], name: str) -> Any:
        return entries[name, "A"].inputs.get("ttl")

    # Hetzner takes the zone's where a record has none; Cloud DNS has to be told.
    assert (ttl(at_hetzner(dev()), "hub"), ttl(at_hetzner(dev()), "fixed")) == (60, None)
    assert dev().one("hcloud:index/zone:Zone", "fleet.example-zone").inputs["ttl"] == 600
    assert (ttl(at_google(dev()), "hub"), ttl(at_google(dev()), "fixed")) == (60, 300)


def test_zones_are_named_as_each_provider_wants() -> None:
    hetzner = dev().one("hcloud:index/zone:Zone", "fleet.example-zone").inputs
    google = dev().one("gcp:dns/managedZone:ManagedZone", "fleet.org-zone").inputs
    assert (hetzner["name"], hetzner["mode"]) == ("fleet.example", "primary")
    assert (google["name"], google["dnsName"]) == ("fleet-org", "fleet.org.")
    assert google["description"] == "The same at Google."


def test_a_real_record_of_an_existing_machine_holds_its_own_address() -> None:
    records = at_hetzner(production())["legacy", "A"].inputs["records"]
    assert records == [{"value": "203.0.113.7"}]


def small_fleet(provider: str) -> Recording:
    """A zone with everything that follows, at one provider, and a zone inside it at the other."""
    inner = {"hetzner": "gcp", "gcp": "hetzner"}[provider]
    user = {"username": "a", "display_name": "A", "email": "a@b.example"}
    deployment = {"application": "mastodon", "machine": "solo", "domain": "fleet.example", "initial_user": user}
    six = {"machineClass": "nixos", "system": "x86_64-linux", "provider": {"kind": "existing", "host": "2001:db8::6"}}
    records = [
        {"name": "@", "type": "TXT", "values": ["ä" * 200]},
        {"name": "www", "type": "AAAA", "values": ["2001:DB8:0:0::1"]},
        {"name": "www", "type": "TXT", "values": ["x"]},
        {"name": "old", "type": "CNAME", "values": ["else.example."]},
    ]
    outer = {"provider": provider, "hosts": ["tag:all"], "services": True, "records": records}
    fleet = unchecked(
        {
            "gcp": {"project": "small-project"},
            "operators": {"a": {"keys": ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA a"]}},
            "machines": {"solo": server(), "six": six},
            "dns": {"zones": {"fleet.example": outer, "in.fleet.example": {"provider": inner}}},
            "deployments": {"social": deployment},
        }
    )
    return declare(fleet, DEV)


def answers(recording: Recording) -> dict[tuple[str, str], list[str]]:
    """Every record set of the zone by name, as Hetzner writes it, and type."""
    found = {key: [item["value"] for item in entry.inputs["records"]] for key, entry in at_hetzner(recording).items()}
    for entry in recording.of_type(RECORD_SET):
        name = entry.inputs["name"].removesuffix("fleet.example.").removesuffix(".") or "@"
        found[name, entry.inputs["type"]] = entry.inputs["rrdatas"]
    return found


@pytest.mark.parametrize("provider", ["hetzner", "gcp"])
def test_hosts_services_and_inner_zones_have_their_records(provider: str) -> None:
    found = answers(small_fleet(provider))
    servers = {"hetzner": ["ns1.simulated."], "gcp": ["ns1.hetzner.simulated."]}[provider]
    assert found["solo", "A"] == found["@", "A"] == ["127.64.0.1"]
    assert found["solo", "AAAA"] == found["@", "AAAA"] == ["fd00:64::1"]
    assert found["six", "AAAA"] == ["2001:db8::6"]
    assert ("six", "A") not in found
    assert found["in", "NS"] == servers
    assert found["www", "AAAA"] == ["2001:db8::1"]


@pytest.mark.parametrize("zone_provider", ZONE_SERVICES)
def test_a_cname_and_what_may_take_its_place_know_each_other(zone_provider: ZoneProvider) -> None:
    recording = small_fleet(zone_provider)
    kind = {"hetzner": RRSET, "gcp": RECORD_SET}[zone_provider]
    alias, first, second, apex = (
        recording.one(kind, f"fleet.example-{name}") for name in ("old-CNAME", "www-AAAA", "www-TXT", "@-TXT")
    )
    assert all(entry.delete_before_replace for entry in recording.of_type(kind))
    others = set(types_taken(zone_provider)) - {"CNAME"}
    assert {text.split('"')[1] for text in alias.aliases} == {f"fleet.example-old-{other}" for other in others}
    assert [text for text in first.aliases if "fleet.example-www-CNAME" in text]
    assert (second.aliases, apex.aliases) == ((), ())
    assert second.property_dependencies["name"] == {first.urn}
    assert "name" not in apex.property_dependencies


def test_the_stack_says_what_a_registrar_has_to_be_told() -> None:
    assert dev().stack_outputs["nameServers"] == {
        "fleet.example": ["ns1.hetzner.simulated."],
        "fleet.org": ["ns1.simulated."],
    }
