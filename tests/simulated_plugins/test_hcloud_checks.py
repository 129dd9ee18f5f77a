"""Tests which inputs the simulated Hetzner Cloud refuses before a resource is created."""

from pathlib import Path
from typing import Any

import pytest

from tests.simulated_plugins.hcloud_samples import RULE
from tests.simulated_plugins.world import KEY, World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, "hcloud")


class TestChecks:
    @pytest.mark.parametrize(
        ("type_name", "inputs", "text"),
        [
            ("Server", {"serverType": "cx54"}, '"cx54" is not a Hetzner server type; did you mean "cx'),
            ("Server", {"location": "fsn2"}, '"fsn2" is not a Hetzner location; did you mean "fsn1"?'),
            ("Server", {"image": "debian-21"}, '"debian-21" is not a Hetzner image; did you mean "debian-13"?'),
            ("Server", {"image": "ubuntu-24.04"}, "is not simulated"),
            ("Server", {"image": None}, "image: is missing"),
            ("Server", {"name": "not_a_host"}, "is not a host name"),
            ("Server", {"datacenter": "fsn1-dc14"}, "give `location` instead"),
            ("Server", {"deleteProtection": True}, "must equal rebuildProtection"),
            ("Server", {"sshKeys": [""]}, "holds an empty string"),
            ("Server", {"labels": {"a b": "c"}}, '"a b" is not the key of a label'),
            ("Server", {"labels": {"a": "-"}}, '"-" is not the value of a label'),
            ("Server", {"publicNets": [{"ipv4Enabled": False}]}, "out of reach"),
            ("Server", {"publicNets": [{}, {}]}, "has 2 entries"),
            ("Server", {"publicNets": [{"ipv6": 1, "ipv6Enabled": False}]}, "does not go with ipv6Enabled: false"),
            ("Server", {"image": "0"}, '"0" is not a Hetzner image'),
            ("Server", {"networks": [{"networkId": 1}]}, "networks: is not simulated"),
            ("Server", {"rescue": "linux64"}, "rescue: is not simulated"),
            ("SshKey", {"publicKey": "ssh-ed25519 nonsense"}, "is not an OpenSSH public key"),
            ("PrimaryIp", {"type": "ipv5"}, "is not a type of primary IP"),
            ("PrimaryIp", {"location": None}, "location: is missing"),
            ("PrimaryIp", {"assigneeId": 5}, "assigneeId: is not simulated"),
            ("PrimaryIp", {"assigneeType": "load_balancer"}, "choose one of server"),
            ("PrimaryIp", {"datacenter": "fsn1-dc14"}, "was removed"),
            ("Zone", {"name": "Fleet.Example."}, "is not a domain"),
            ("Zone", {"name": "example"}, "is not a domain"),
            ("Zone", {"mode": "tertiary"}, "is not a mode of a zone"),
            ("Zone", {"ttl": 59}, "is out of bounds"),
            ("Zone", {"mode": "secondary"}, "primaryNameservers: is missing"),
            ("Zone", {"primaryNameservers": [{"address": "192.0.2.1"}]}, "only for a zone of mode"),
        ],
    )
    def test_bad_inputs_are_refused_by_name(
        self, world: World, type_name: str, inputs: dict[str, Any], text: str
    ) -> None:
        right: dict[str, dict[str, Any]] = {
            "Server": {"name": "web", "serverType": "cx22", "image": "debian-12"},
            "SshKey": {"name": "me", "publicKey": KEY},
            "PrimaryIp": {"name": "web", "type": "ipv4", "location": "fsn1"},
            "Zone": {"name": "fleet.example", "mode": "primary"},
        }
        assert not world.problems(type_name, **right[type_name])
        (problem,) = world.problems(type_name, **(right[type_name] | inputs))
        assert text in problem

    @pytest.mark.parametrize(
        ("rule", "text"),
        [
            ({"direction": "inwards"}, '"inwards" is not a direction'),
            ({"protocol": "tpc"}, 'did you mean "tcp"?'),
            ({"port": "0"}, '"0" is not a port'),
            ({"port": "65536"}, '"65536" is not a port'),
            ({"port": "80-79"}, '"80-79" is not a port'),
            ({"port": None}, "is missing; a rule for tcp needs one"),
            ({"protocol": "icmp"}, "does not go with icmp"),
            ({"sourceIps": []}, 'is missing; a rule of direction "in" needs it'),
            ({"sourceIps": ["10.1.2.3/16"]}, 'did you mean "10.1.0.0/16"?'),
            ({"sourceIps": ["10.0.0.0/33"]}, "is not a network"),
            ({"sourceIps": ["10.0.0.1"]}, "write 10.0.0.1/32"),
        ],
    )
    def test_bad_firewall_rules_are_refused_with_their_place(
        self, world: World, rule: dict[str, Any], text: str
    ) -> None:
        rules = [RULE, {name: value for name, value in (RULE | rule).items() if value is not None}]
        (problem,) = world.problems("Firewall", name="f", rules=rules)
        assert problem.startswith("rules[1].")
        assert text in problem

    def test_all_problems_of_a_server_come_at_once(self, world: World) -> None:
        problems = world.problems("Server", name="web", serverType="cx54", location="fsn2", image=5, nope=1)
        assert len(problems) == 4

    @pytest.mark.parametrize(
        ("inputs", "text"),
        [
            ({"name": "www."}, "has no final dot"),
            ({"name": "a*b"}, "is no name of records"),
            ({"name": "@", "type": "CNAME", "records": [{"value": "x.example."}]}, "cannot stand at the zone itself"),
            ({"type": "AA"}, "is not a type of record"),
            ({"type": "SSHFP", "records": [{"value": f"4 2 {'ab' * 32}"}]}, "is not a type of record"),
            ({"type": "NAPTR", "records": [{"value": '1 1 "" "" "" .'}]}, "is not a type of record"),
            ({"type": "SOA"}, "is not simulated"),
            ({"type": "TLSA", "records": [{"value": "3 1 1 abcd"}]}, "is no TLSA record"),
            ({"type": "DS", "records": [{"value": f"65536 13 2 {'ab' * 32}"}]}, "is no DS record"),
            ({"type": "HTTPS", "records": [{"value": "0 else.example. alpn=h2"}]}, "is no HTTPS record"),
            ({"type": "SVCB", "records": [{"value": "1"}]}, "is no SVCB record"),
            ({"ttl": 59}, "is out of bounds"),
            ({"records": []}, "is empty"),
            ({"records": [{"value": "192.0.2.256"}]}, "is no IPv4 address"),
            ({"type": "AAAA"}, "is no IPv6 address"),
            ({"records": [{"value": "192.0.2.1"}] * 2}, "is there twice"),
            ({"type": "CNAME", "records": [{"value": "a."}, {"value": "b."}]}, "exactly one target"),
            ({"type": "MX", "records": [{"value": "mail.example."}]}, "write it like 10 mail"),
            ({"type": "TXT", "records": [{"value": "v=spf1 -all"}]}, "double quotes"),
            ({"type": "TXT", "records": [{"value": f'"{"x" * 256}"'}]}, "a string of 256 bytes"),
            ({"type": "TXT", "records": [{"value": ""}]}, "double quotes"),
            ({"type": "TXT", "records": [{"value": f'"{"ü" * 128}"'}]}, "a string of 256 bytes"),
            ({"type": "TXT", "records": [{"value": f'"{chr(92)}9"'}]}, "which is no byte"),
            ({"type": "CAA", "records": [{"value": "letsencrypt.org"}]}, "is no CAA record"),
            ({"type": "CAA", "records": [{"value": '256 issue "letsencrypt.org"'}]}, "is no CAA record"),
            ({"type": "CAA", "records": [{"value": '0 issue "letsencrypt.org'}]}, "is no CAA record"),
            ({"name": "_" + "w" * 63}, "is no name of records"),
            ({"name": "bücher"}, "is no name of records"),
            ({"ttl": 2147483648}, "is out of bounds"),
        ],
    )
    def test_bad_record_sets_are_refused(self, world: World, inputs: dict[str, Any], text: str) -> None:
        right = {"zone": "fleet.example", "name": "www", "type": "A", "records": [{"value": "192.0.2.1"}]}
        assert not world.problems("ZoneRrset", **right)
        (problem,) = world.problems("ZoneRrset", **(right | inputs))
        assert text in problem

    def test_long_texts_in_several_strings_pass(self, world: World) -> None:
        value = f'"{"x" * 255}" "{"y" * 255}" "quo\\"ted"'
        assert not world.problems("ZoneRrset", zone="z.example", name="k", type="TXT", records=[{"value": value}])
