"""Without ./just: the engine started by hand, as somebody with an official Pulumi does. With the real engine."""

import json
from typing import Any

import pytest

from tests.rollout.checkout import Checkout

pytestmark = pytest.mark.engine


def one_of_each(fleet: dict[str, Any]) -> None:
    """A server, a Mac, and a NixOS machine that somebody else installed."""
    names = {"cinnabar", "blackphos"}
    fleet["machines"] = {name: machine for name, machine in fleet["machines"].items() if name in names}
    fleet["machines"]["cinnabar"]["provider"]["server_type"] = "cx43"
    fleet["machines"]["attic"] = {
        "machineClass": "nixos",
        "system": "x86_64-linux",
        "provider": {"kind": "existing", "host": "attic.example"},
        "ssh": {"user": "root", "port": 2222},
    }
    del fleet["deploying_machine"], fleet["deployments"], fleet["buckets"]
    records = [record for record in fleet["dns"]["zones"]["fleet.example"]["records"] if record["name"] != "electrum"]
    fleet["dns"]["zones"] = {
        "fleet.example": {
            "provider": "hetzner",
            "records": [record for record in records if record.get("machine") != "orb-nixos"],
        }
    }


def test_a_stack_is_made_once(checkout: Checkout) -> None:
    checkout.edit_fleet(one_of_each)

    checkout.must(checkout.pulumi("stack", "init", "dev"))


def test_preview_shows_the_real_command_lines(checkout: Checkout) -> None:
    done = checkout.run("pulumi", "preview", "--stack", "dev", "--diff", "--color=never", "--non-interactive")

    output = checkout.must(done)
    flake = r"--flake \"path:$PWD/nix\""
    assert f"clan machines install cinnabar {flake}" in output
    assert f"clan machines update blackphos {flake} --host-key-check strict" in output
    assert not checkout.stack_dir.exists()


def test_up_rolls_the_fleet_out(checkout: Checkout) -> None:
    checkout.must(checkout.pulumi("up", "--stack", "dev", "--yes"))

    records = checkout.records()
    assert sorted(record.step for record in records) == sorted(step["name"] for step in checkout.plan())
    assert {record.outcome for record in records} <= {"applied", "unchanged"}


def test_what_a_step_printed_is_kept_as_a_secret_and_is_short(checkout: Checkout) -> None:
    commands = [item for item in checkout.resources() if item["type"] == "command:local:Command"]

    assert commands
    for command in commands:
        outputs = command["outputs"]
        assert command["additionalSecretOutputs"] == ["stdout", "stderr"]
        # An encrypted value is longer than what it hides; the limit is the state's, not the runner's.
        assert len(json.dumps(outputs["stdout"])) < 4096
        assert "ciphertext" in json.dumps(outputs["stdout"]) or outputs["stdout"] == ""


def test_no_google_plug_in_is_needed_where_nothing_is_googles(checkout: Checkout) -> None:
    assert not [item for item in checkout.resources() if "gcp" in item["type"]]


def test_a_second_up_changes_nothing(checkout: Checkout) -> None:
    checkout.must(checkout.pulumi("up", "--stack", "dev", "--yes", "--skip-preview", "--expect-no-changes"))


def test_a_bigger_server_type_is_a_change_in_place(checkout: Checkout) -> None:
    before = checkout.machines()["cinnabar"]

    def grow(fleet: dict[str, Any]) -> None:
        fleet["machines"]["cinnabar"]["provider"]["server_type"] = "cx53"

    checkout.edit_fleet(grow)
    done = checkout.pulumi("up", "--stack", "dev", "--yes", "--skip-preview")

    checkout.must(done)
    assert checkout.changes(done)["updated"] == 1
    after = checkout.machines()["cinnabar"]
    assert after["id"] == before["id"]
    assert after["installs"] == 1
    assert after["memory_mb"] > before["memory_mb"]


def test_what_exists_already_is_taken_over_by_its_id(checkout: Checkout) -> None:
    record = next(item for item in checkout.resources() if item["urn"].endswith("::fleet.example-git-CNAME"))
    checkout.must(checkout.pulumi("state", "delete", record["urn"], "--stack", "dev", "--yes"))
    owner = f"hcloud={provider(checkout, 'hcloud')}"
    how = ("--stack", "dev", "--yes", "--generate-code=false", "--protect=false", "--provider", owner)
    adopted = checkout.pulumi("import", record["type"], "adopted", "fleet.example/git/CNAME", *how)

    checkout.must(adopted)
    assert [item for item in checkout.resources() if item["urn"].endswith("::adopted")]


def test_destroy_leaves_nothing(checkout: Checkout) -> None:
    checkout.must(checkout.pulumi("destroy", "--stack", "dev", "--yes", "--skip-preview"))

    assert checkout.processes() == []
    assert not (checkout.root / ".fediversity").exists()


def provider(checkout: Checkout, package: str) -> str:
    """The URN of a provider in the state."""
    urns = [item["urn"] for item in checkout.resources() if item["type"] == f"pulumi:providers:{package}"]
    return str(urns[0])
