"""DNS records that take each other's place, by one `up` of the real engine."""

import json
from typing import Any

import pytest

from fediversity.embedded_cloud.faults.store import FaultStore
from tests.rollout.checkout import Checkout, Done

pytestmark = pytest.mark.engine

Records = list[dict[str, Any]]

CNAME = {"type": "CNAME", "values": ["else.example."]}
ADDRESSES: Records = [
    {"type": "A", "values": ["192.0.2.1"]},
    {"type": "AAAA", "values": ["2001:db8::1"]},
    {"type": "TXT", "values": ["some text"]},
]

HASH = "0123456789abcdef" * 4
WEBSITE = {"type": "HTTPS", "values": ["1 . alpn=h2,h3"]}
KEYS: dict[str, Records] = {
    "_25._tcp.mail": [{"type": "TLSA", "values": [f"3 1 1 {HASH}"]}],
    "_dns.resolver": [{"type": "SVCB", "values": ["1 dns.else.example. alpn=dot"]}],
    "signed": [
        {"type": "NS", "values": ["ns.else.example."]},
        {"type": "DS", "values": [f"12345 13 2 {HASH}"]},
    ],
}
"""Records that stay as they are."""

BEFORE = {
    "alias": [CNAME],
    "host": ADDRESSES,
    "text": ADDRESSES[2:],
    "more": ADDRESSES[1:],
    "left": ADDRESSES,
    "shop": [WEBSITE],
    **KEYS,
}
AFTER = {
    "alias": ADDRESSES,
    "host": [CNAME],
    "text": [CNAME],
    "more": ADDRESSES,
    "left": ADDRESSES[1:],
    "shop": [CNAME],
    **KEYS,
}


def zones(names: dict[str, Records]) -> dict[str, Any]:
    """A zone at each provider with the same records, one in the other of its kind, and one that is around both."""
    records = [{"name": name, **record} for name, sets in names.items() for record in sets]
    return {
        "example.net": {"provider": "hetzner"},
        "hetzner.example.net": {"provider": "hetzner", "records": records},
        "google.example.net": {"provider": "gcp", "records": records},
    }


def only_zones(names: dict[str, Records]) -> Any:
    """Makes the fleet one of DNS zones, with a machine that is switched off."""

    def change(fleet: dict[str, Any]) -> None:
        for section in ("deploying_machine", "deployments", "buckets", "instances"):
            fleet.pop(section, None)
        fleet["machines"] = {"electrum": fleet["machines"]["electrum"]}
        # A copy of its own for each place: an alias of YAML is refused.
        fleet["dns"] = json.loads(json.dumps({"zones": zones(names)}))

    return change


def answers(checkout: Checkout) -> dict[str, dict[str, list[str]]]:
    """What each zone's servers would answer, as the engine's state knows it: values by name and type."""
    found: dict[str, dict[str, list[str]]] = {}
    for item in checkout.resources():
        outputs = item.get("outputs") or {}
        if item.get("pendingReplacement"):  # deleted, and not made again yet
            continue
        if item["type"] == "hcloud:index/zoneRrset:ZoneRrset":
            name = f"{outputs['name']}.{outputs['zone']}"
            values = [record["value"] for record in outputs["records"]]
        elif item["type"] == "gcp:dns/recordSet:RecordSet":
            name, values = outputs["name"].removesuffix("."), outputs["rrdatas"]
        else:
            continue
        found.setdefault(name, {})[outputs["type"]] = values
    return found


def expected(names: dict[str, Records], zone: str) -> dict[str, dict[str, list[str]]]:
    """The answers of a zone with these records."""
    return {
        f"{name}.{zone}": {
            record["type"]: [f'"{value}"' if record["type"] == "TXT" else value for value in record["values"]]
            for record in records
        }
        for name, records in names.items()
    }


def must_answer(checkout: Checkout, names: dict[str, Records]) -> None:
    """Both zones answer with these records, and the zone around them names their servers."""
    found = answers(checkout)
    inner = {"hetzner.example.net", "google.example.net"}
    for zone in inner:
        assert {name: found[name] for name in found if name.endswith(f".{zone}")} == expected(names, zone)
        (servers,) = found[zone].values()
        assert servers
        assert all(server.endswith(".simulated.invalid.") for server in servers)


def operations(done: Done, zone: str) -> dict[str, set[str]]:
    """What a preview would do to the record sets of a zone: their names by kind of operation."""
    found: dict[str, set[str]] = {}
    for step in json.loads(done.output[done.output.index("{") :])["steps"]:
        name = step["urn"].rpartition("::")[2]
        if step["op"] != "same" and name.startswith(f"{zone}-"):
            found.setdefault(step["op"], set()).add(name.removeprefix(f"{zone}-"))
    return found


def test_zones_of_every_provider_are_made(checkout: Checkout) -> None:
    checkout.edit_fleet(only_zones(BEFORE))
    checkout.must(checkout.pulumi("stack", "init", "dev"))
    checkout.must(checkout.pulumi("up", "--stack", "dev", "--yes", "--skip-preview"))

    must_answer(checkout, BEFORE)


def test_a_preview_replaces_nothing_but_what_a_cname_is_part_of(checkout: Checkout) -> None:
    checkout.edit_fleet(only_zones(AFTER))
    done = checkout.pulumi("preview", "--stack", "dev", "--json")

    checkout.must(done)
    common = {"create": {"alias-AAAA", "alias-TXT", "more-A"}, "delete": {"left-A"}}
    at_hetzner = {"replace": {"alias-A", "host-CNAME", "shop-CNAME", "text-CNAME"}}
    at_google = {"update": {"alias-A"}, "replace": {"host-CNAME", "shop-CNAME", "text-CNAME"}}
    assert operations(done, "hetzner.example.net") == common | at_hetzner
    assert operations(done, "google.example.net") == common | at_google
    assert operations(done, "example.net") == {}


def test_one_up_is_enough_for_a_cname_to_come_and_to_go(checkout: Checkout) -> None:
    """And where the API fails just when the CNAME has gone, the next one does the rest."""
    FaultStore(checkout.stack_dir / "cloud").set("hetzner.example.net-alias-A", "api-500", times=1)
    failed = checkout.pulumi("up", "--stack", "dev", "--yes", "--skip-preview")
    assert "service_error" in failed.output
    assert failed.status != 0
    assert "alias.hetzner.example.net" not in answers(checkout)

    checkout.must(checkout.pulumi("up", "--stack", "dev", "--yes", "--skip-preview"))

    must_answer(checkout, AFTER)


def test_a_second_look_finds_nothing_to_do(checkout: Checkout) -> None:
    checkout.must(checkout.pulumi("preview", "--stack", "dev", "--expect-no-changes"))


def test_everything_can_be_as_it_was(checkout: Checkout) -> None:
    checkout.edit_fleet(only_zones(BEFORE))
    checkout.must(checkout.pulumi("up", "--stack", "dev", "--yes", "--skip-preview"))

    must_answer(checkout, BEFORE)
