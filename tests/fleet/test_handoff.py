"""What Nix is told of a fleet: the enabled part of it, in one order, without an address or a secret."""

import ipaddress
import json
import re
from pathlib import Path

import pytest
import yaml

from fediversity.fleet.diagnostics import FleetError
from fediversity.fleet.fleet_json import render, render_text, require_current
from fediversity.fleet.load import load_fleet, parse_fleet
from fediversity.fleet.model import Fleet
from tests.fleet.good import GOOD, edited

FILE = Path(__file__).parents[2] / "stacks" / "dev.yaml"
ADDRESSES = ("198.51.100.7", "203.0.113.0", "2001:db8::7", "moss.mesh", "fern.mesh", "AAAAC3")


def good(text: str = GOOD) -> Fleet:
    return parse_fleet(text, "fleet.yaml")


def test_rendering_twice_gives_the_same_bytes_and_valid_json() -> None:
    first, second = render_text(good()), render_text(good())
    assert first == second
    assert json.loads(first) == render(good())
    assert first.endswith("}\n")


def test_the_order_of_the_file_does_not_matter() -> None:
    def turned(value: object) -> object:
        return {key: turned(inner) for key, inner in reversed(value.items())} if isinstance(value, dict) else value

    backwards = yaml.safe_dump(turned(yaml.safe_load(GOOD)), sort_keys=False)
    assert backwards.index("deployments:") < backwards.index("machines:")
    assert render_text(good(backwards)) == render_text(good())


def test_no_address_and_no_key_is_handed_over() -> None:
    text = render_text(good())
    assert all(address in GOOD for address in ADDRESSES), "the search is blind"
    assert not [address for address in ADDRESSES if address in text]


def test_nothing_in_the_dev_fleet_s_hand_off_reads_as_an_address() -> None:
    for word in re.findall(r"[0-9a-fA-F.:]{3,}", render_text(load_fleet(FILE))):
        with pytest.raises(ValueError, match="does not appear to be"):
            ipaddress.ip_address(word.strip(":."))


def test_machines_that_are_switched_off_are_absent_everywhere() -> None:
    text = edited("machines: [oak, ash]", "machines: [oak, ash, yew]")
    text = edited("server: {tags: [nixos]", "server: {tags: [nixos, spare]", text)
    rendered = render(good(text))
    assert set(rendered["machines"]) == {"oak", "elm", "ash", "moss", "fern"}
    assert rendered["instances"]["people"]["roles"]["default"]["machines"] == ["ash", "oak"]
    assert rendered["instances"]["doors"]["roles"]["server"]["tags"] == ["nixos"]
    assert "yew" not in json.dumps(rendered)
    assert "spare" not in json.dumps(rendered), "a tag that nobody has would be a warning of clan's"


def test_deployments_that_are_switched_off_are_handed_over_as_such() -> None:
    fleet = good()
    birds = fleet.deployments["birds"].model_copy(update={"machine": "elm"})
    moved = fleet.model_copy(update={"deployments": fleet.deployments | {"birds": birds}})
    handed_over = render(moved)["deployments"]
    assert {name: request["enable"] for name, request in handed_over.items()} == {"birds": False, "flowers": True}


def test_deployments_on_machines_that_are_switched_off_are_absent() -> None:
    fleet = good()
    assert fleet.deployments["birds"].machine == "yew"
    assert not fleet.machines["yew"].enabled
    assert set(render(fleet)["deployments"]) == {"flowers"}


def test_a_machine_is_handed_over_with_what_its_modules_ask_for() -> None:
    assert render(good())["machines"]["oak"] == {
        "machineClass": "nixos",
        "system": "x86_64-linux",
        "description": "",
        "tags": ["all", "cloud", "nixos", "web"],
        "provider": "hetzner",
        "encrypted": True,
        "unlockPort": 2223,
        "sshPort": 2222,
        "user": "root",
        "mesh": None,
    }


def test_a_machine_without_encryption_has_no_port_for_unlocking() -> None:
    elm = render(good())["machines"]["elm"]
    assert (elm["encrypted"], elm["unlockPort"]) == (False, None)


def test_a_deployment_is_handed_over_with_its_settings() -> None:
    assert render(good())["deployments"]["flowers"] == {
        "machine": "oak",
        "application": "pixelfed",
        "enable": True,
        "removeData": False,
        "domain": "flowers.garden.example",
        "initialUser": {"username": "gardener", "displayName": "The gardener", "email": "gardener@garden.example"},
        "size": "small",
        "storage": None,
        "mail": None,
    }


def test_a_current_file_is_accepted_and_a_stale_or_missing_one_refused_by_name(tmp_path: Path) -> None:
    file = tmp_path / "fleet.json"
    with pytest.raises(FleetError, match=rf"{file}: is missing"):
        require_current(render(good()), file)
    file.write_text(render_text(good()))
    require_current(render(good()), file)
    with pytest.raises(FleetError, match=rf"{file}: is stale"):
        require_current(render(good(edited("tags: [cloud, web]", "tags: [cloud]"))), file)


def test_dev_is_the_simulated_twin_of_production_for_all_that_machines_are_told() -> None:
    stacks = Path(__file__).parents[2] / "stacks"
    assert render_text(load_fleet(stacks / "dev.yaml")) == render_text(load_fleet(stacks / "production.yaml"))
