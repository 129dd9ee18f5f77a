"""Tests the minimal clan in `nix/validation/`: the fleet's patterns on one machine, rendered for the stack staging."""

import json
from pathlib import Path
from typing import Any

import pulumi
import pytest

from fediversity.cli.main import main
from fediversity.fleet.fleet_json import render_text
from fediversity.fleet.load import parse_fleet
from fediversity.planning.stacks import open_stack
from tests.assessment.checkout import ROOT, VALIDATION, copy_of_the_clan
from tests.nix.evaluation import evaluate, write_public_vars
from tests.program.programs import declare

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA gardener"
FLEET = ROOT / "nix"
HANDED: dict[str, Any] = json.loads((VALIDATION / "fleet.json").read_text())


def test_the_minimal_clan_takes_its_inputs_from_where_the_fleet_does() -> None:
    def lines(folder: Path) -> set[str]:
        return {line for line in (folder / "flake.nix").read_text().splitlines() if "url" in line or "follows" in line}

    assert lines(VALIDATION) <= lines(FLEET)


@pytest.mark.usefixtures("at_the_top")
def test_the_stack_staging_is_in_order_and_hands_over_what_is_committed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "staging"]) == 0
    assert main(["render", "staging", "--check"]) == 0
    assert main(["plan", "staging"]) == 0
    assert "6 steps roll the stack staging out, on real machines" in capsys.readouterr().out
    assert (VALIDATION / "fleet.json").read_text() == render_text(open_stack("staging")[1])


@pytest.mark.usefixtures("at_the_top")
def test_staging_is_one_encrypted_server_with_the_services_of_phase_0_and_nothing_else() -> None:
    project, fleet = open_stack("staging")
    settings = project.settings
    assert (settings.simulated, settings.protect, settings.flake) == (False, False, "nix/validation")
    assert set(settings.plugins.values()) == {"official"}
    assert [machine.disk.encrypted for machine in fleet.machines.values()] == [True]
    assert {"emergency-access", "sshd", "zerotier"} <= {instance.module for instance in fleet.instances.values()}
    others = (fleet.operators, fleet.buckets, fleet.deployments, fleet.dns.zones)
    assert not any(others)


@pytest.mark.usefixtures("at_the_top")
def test_up_is_refused_in_one_line_until_a_person_has_written_a_key() -> None:
    project, fleet = open_stack("staging")
    settings = project.settings
    with pytest.raises(pulumi.RunError, match=r"stacks/staging\.yaml: operators: nobody could log in"):
        declare(fleet, settings)
    text = (ROOT / settings.fleet_file).read_text()
    with_key = parse_fleet(f"{text}\noperators: {{gardener: {{keys: [{KEY}]}}}}\n", settings.fleet_file)
    assert {"test-vm-install", "test-vm-unlock", "test-vm-update"} <= set(declare(with_key, settings).commands)


def test_the_stack_s_settings_hold_no_secret() -> None:
    text = (ROOT / "Pulumi.staging.yaml").read_text()
    assert "secure:" not in text
    assert "encryptionsalt" not in text


def test_the_evaluated_roles_are_the_machine_s() -> None:
    evaluated = {name: roles for service in evaluate("members", VALIDATION).values() for name, roles in service.items()}
    assert evaluated == {
        name: {role: ["test-vm"] for role in instance["roles"]} for name, instance in HANDED["instances"].items()
    }


def test_the_evaluated_settings_are_those_of_the_fleet_file() -> None:
    services = evaluate("settings", VALIDATION)
    server = services["<clan-core>-sshd"]["sshd"]["server"]["test-vm"]
    assert server["certificate"] == {"enable": True, "searchDomains": [HANDED["domain"]]}
    assert services["<clan-core>-users"]["users-root"]["default"]["test-vm"]["prompt"] is False


def test_the_evaluated_inventory_holds_the_machine_alone() -> None:
    inventory = evaluate("inventory", VALIDATION)
    assert list(inventory["machines"]) == ["test-vm"]
    assert inventory["meta"]["name"] == HANDED["name"]


def test_the_clan_s_own_generator_is_there_and_nothing_asks_a_person() -> None:
    generators = evaluate("generators", VALIDATION)["test-vm"]
    assert generators["validation"]["files"] == ["checksum", "secret"]
    assert {"luks", "initrd-ssh", "emergency-access", "openssh-cert"} <= set(generators)
    assert not [name for name, generator in generators.items() if generator["prompts"]]


def test_a_key_of_the_role_server_may_unlock_the_disk_too(tmp_path: Path) -> None:
    flake = copy_of_the_clan(tmp_path)
    handed = json.loads((flake / "fleet.json").read_text())
    handed["instances"]["sshd"]["roles"]["server"]["settings"]["authorizedKeys"] = {"gardener": KEY}
    (flake / "fleet.json").write_text(json.dumps(handed))
    machine = "flake.nixosConfigurations.test-vm.config"
    assert evaluate(f"{machine}.boot.initrd.network.ssh.authorizedKeys", flake) == [KEY]
    assert evaluate(f"{machine}.users.users.root.openssh.authorizedKeys.keys", flake) == [KEY]


def test_no_assertion_fails_and_there_is_no_mac() -> None:
    assert evaluate("failed", VALIDATION) == {"test-vm": []}
    assert evaluate("darwin", VALIDATION) == {}


def test_the_machine_evaluates_whole_once_its_public_vars_are_there(tmp_path: Path) -> None:
    flake = copy_of_the_clan(tmp_path)
    write_public_vars(flake)
    assert evaluate("forced", flake) == {"test-vm": True}
