"""What the flake makes of each server: doors that are open, the disk, the way to unlock it, secrets."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.nix.evaluation import CHECK, FLAKE, copy_of_the_flake, evaluate, write_public_vars

MACHINES: dict[str, Any] = json.loads((FLAKE / "fleet.json").read_text())["machines"]
SERVERS = sorted(name for name, machine in MACHINES.items() if machine["machineClass"] == "nixos")


ENCRYPTED = [name for name in SERVERS if MACHINES[name]["encrypted"]]

Vars = Path
"""A copy of the flake with made-up public vars: servers do not evaluate whole before they are generated."""


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Vars:
    flake = copy_of_the_flake(tmp_path_factory.mktemp("generated"))
    write_public_vars(flake)
    return flake


def config(machine: str, option: str, flake: Path) -> Any:
    """The value of an option of a server."""
    return evaluate(f"flake.nixosConfigurations.{machine}.config.{option}", flake)


@pytest.mark.parametrize("machine", SERVERS)
def test_a_server_answers_ssh_on_the_fleet_s_port_and_to_keys_alone(machine: str, generated: Vars) -> None:
    assert config(machine, "services.openssh.ports", generated) == [MACHINES[machine]["sshPort"]]
    assert config(machine, "services.openssh.openFirewall", generated) is True
    settings = config(machine, "services.openssh.settings", generated)
    assert (settings["PasswordAuthentication"], settings["KbdInteractiveAuthentication"]) == (False, False)
    assert settings["AuthenticationMethods"] == "publickey"
    assert settings["PermitRootLogin"] == "prohibit-password"


@pytest.mark.parametrize("machine", SERVERS)
def test_a_server_lets_in_zerotier_from_anywhere_and_everything_from_the_mesh(machine: str, generated: Vars) -> None:
    assert config(machine, "networking.firewall.enable", generated) is True
    assert set(config(machine, "networking.firewall.allowedUDPPorts", generated)) == {9993}
    # clan's ZeroTier service opens the TCP port of that number; the clouds' own firewalls do not.
    assert set(config(machine, "networking.firewall.allowedTCPPorts", generated)) <= {9993, 80, 443}
    assert config(machine, "networking.firewall.trustedInterfaces", generated) == ["zt+"]


@pytest.mark.parametrize("machine", SERVERS)
def test_a_server_s_root_is_where_its_initrd_looks_for_it(machine: str, generated: Vars) -> None:
    encrypted = MACHINES[machine]["encrypted"]
    root = config(machine, 'fileSystems."/"', generated)
    assert config(machine, "boot.initrd.systemd.enable", generated) is True
    assert (root["fsType"], root["device"] == "/dev/mapper/root") == ("ext4", encrypted)
    assert list(config(machine, "boot.initrd.luks", generated).get("devices", {})) == (["root"] if encrypted else [])
    assert config(machine, "boot.growPartition", generated) is not encrypted, (
        "a partition cannot grow below a locked disk"
    )


@pytest.mark.parametrize("machine", ENCRYPTED)
def test_an_encrypted_server_is_unlocked_on_a_port_and_with_a_host_key_of_its_own(
    machine: str, generated: Vars
) -> None:
    network = config(machine, "boot.initrd.network", generated)
    assert (network["enable"], network["ssh"]["enable"]) == (True, True)
    assert network["ssh"]["port"] == MACHINES[machine]["unlockPort"]
    (key,) = network["ssh"]["hostKeys"]
    # Where clan puts what is needed for activation: the boot loader's installer copies it from there into the initrd.
    assert key == f"/var/lib/sops-nix/activation/per-machine/{machine}/initrd-ssh/id_ed25519"
    assert key not in {entry["path"] for entry in config(machine, "services.openssh.hostKeys", generated)}


@pytest.mark.parametrize("machine", ENCRYPTED)
def test_the_passphrase_is_there_when_the_disk_is_partitioned_and_never_afterwards(
    machine: str, generated: Vars, tmp_path: Path
) -> None:
    passphrase = config(machine, "clan.core.vars.generators.luks.files.passphrase.path", generated)
    assert passphrase == f"/run/partitioning-secrets/per-machine/{machine}/luks/passphrase"
    for var in ("luks/passphrase", "openssh/ssh.id_ed25519"):
        secret = generated / f"vars/per-machine/{machine}/{var}/secret"
        secret.parent.mkdir(parents=True, exist_ok=True)
        secret.write_text("encrypted")
    expression = tmp_path / "deployed.nix"
    expression.write_text(f"""
        {{ src }}:
        let configurations = (import {CHECK.resolve()} {{ inherit src; }}).flake.nixosConfigurations;
        in {{ names = builtins.attrNames configurations.{machine}.config.sops.secrets; }}
    """)
    assert evaluate("names", generated, expression) == [f"vars/per-machine/{machine}/openssh/ssh.id_ed25519"]


@pytest.fixture(scope="module")
def flake_with_secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the flake in which a server uses a generated secret and two from outside, one of them not there yet."""
    flake = copy_of_the_flake(tmp_path_factory.mktemp("secrets"))
    (flake / "modules/machines/more.nix").write_text("""{
      flake.modules.nixos."machines/cinnabar" = {
        generatedSecrets.cache-token = {
          owner = "nginx";
          group = "nginx";
          mode = "0440";
          restartUnits = [ "nginx.service" ];
        };
        externalSecrets.smtp-password.owner = "nginx";
        externalSecrets.dns-token = { };
      };
    }""")
    for file in ("vars/per-machine/cinnabar/cache-token/secret/secret", "secrets/smtp-password.yaml"):
        (flake / file).parent.mkdir(parents=True)
        (flake / file).write_text("encrypted")
    return flake


def test_a_generated_secret_belongs_to_whom_the_service_says(flake_with_secrets: Path) -> None:
    name = "vars/per-machine/cinnabar/cache-token/secret"
    secret = f'sops.secrets."{name}"'
    wanted = {
        "owner": "nginx",
        "group": "nginx",
        "mode": "0440",
        "restartUnits": ["nginx.service"],
        "neededForUsers": False,
        "path": f"/run/secrets/{name}",
    }
    assert {key: config("cinnabar", f"{secret}.{key}", flake_with_secrets) for key in wanted} == wanted
    assert config("cinnabar", "generatedSecrets.cache-token.path", flake_with_secrets) == f"/run/secrets/{name}"


def test_a_secret_from_outside_is_deployed_once_its_file_is_there(flake_with_secrets: Path) -> None:
    wanted = {"owner": "nginx", "group": "root", "mode": "0400", "path": "/run/secrets/smtp-password"}
    secret = "sops.secrets.smtp-password"
    assert {key: config("cinnabar", f"{secret}.{key}", flake_with_secrets) for key in wanted} == wanted
    warnings = config("cinnabar", "warnings", flake_with_secrets)
    assert [text for text in warnings if "nix/secrets/" in text] == [
        "cinnabar uses the secret dns-token, and nix/secrets/dns-token.yaml is not there: see docs/secrets.md"
    ]


def test_a_secret_is_for_the_machine_that_uses_it(flake_with_secrets: Path) -> None:
    generators = evaluate("generators", flake_with_secrets)
    assert [name for name in generators if "cache-token" in generators[name]] == ["cinnabar"]
    assert generators["cinnabar"]["cache-token"]["share"] is False
