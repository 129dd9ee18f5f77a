"""What the flake makes of each server: doors that are open, the disk, the way to unlock it, secrets.

All servers are looked at, those that are switched off included: in a copy of the flake in which they are switched on.
"""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.nix.evaluation import copy_of_the_flake, evaluate, write_public_vars
from tests.nix.spares import rendered_with

SERVERS_NIX = Path(__file__).with_name("servers.nix")
CACHE_TOKEN = "vars/per-machine/cinnabar/cache-token/secret"
SERVICE = """{
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
}"""
"""A service that has clan generate a secret, and wants two from outside, of which one is there."""


@pytest.fixture(scope="module")
def flake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the flake: every server switched on, public vars made up, a service that uses secrets."""
    flake = copy_of_the_flake(tmp_path_factory.mktemp("servers"))
    modules = [name for name in evaluate("modules")["nixos"] if name.startswith("machines/")]
    (flake / "fleet.json").write_text(rendered_with([name.removeprefix("machines/") for name in modules]))
    (flake / "modules/machines/service.nix").write_text(SERVICE)
    write_public_vars(flake)
    return flake


@pytest.fixture(scope="module")
def servers(flake: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What Nix says of every server whose secrets are there, and under `fleet` what the fleet says of it."""
    secrets = (
        CACHE_TOKEN,
        "vars/per-machine/cinnabar/luks/passphrase",
        "vars/per-machine/cinnabar/initrd-ssh/id_ed25519",
    )
    with_secrets = Path(shutil.copytree(flake, tmp_path_factory.mktemp("secrets") / "nix"))
    for file in (*(f"{secret}/secret" for secret in secrets), "secrets/smtp-password.yaml"):
        (with_secrets / file).parent.mkdir(parents=True, exist_ok=True)
        (with_secrets / file).write_text("encrypted")
    machines = json.loads((flake / "fleet.json").read_text())["machines"]
    facts: dict[str, Any] = evaluate("servers", with_secrets, SERVERS_NIX)
    return {name: {**server, "fleet": machines[name]} for name, server in facts.items()}


def test_the_servers_that_are_switched_off_are_looked_at_too(servers: dict[str, Any]) -> None:
    assert {"cinnabar", "orb-nixos", "electrum", "galena", "scheelite"} <= set(servers)


def test_no_server_has_a_failing_assertion_and_each_evaluates_whole(flake: Path, servers: dict[str, Any]) -> None:
    failed = evaluate("failed", flake)
    assert {name: failed[name] for name in servers} == {name: [] for name in servers}
    assert evaluate("forced", flake) == dict.fromkeys(servers, True)


def test_a_server_answers_ssh_on_the_fleet_s_port_and_to_keys_alone(servers: dict[str, Any]) -> None:
    for name, server in servers.items():
        assert server["ssh"]["ports"] == [server["fleet"]["sshPort"]], name
        assert server["ssh"]["openFirewall"] is True
        settings = server["ssh"]["settings"]
        assert (settings["PasswordAuthentication"], settings["KbdInteractiveAuthentication"]) == (False, False)
        assert settings["AuthenticationMethods"] == "publickey"
        assert settings["PermitRootLogin"] == "prohibit-password"


def test_a_server_shows_its_host_key_with_the_certificate_of_the_fleet_s_authority(servers: dict[str, Any]) -> None:
    for name, server in servers.items():
        assert server["fqdn"] == f"{name}.zt"
        assert len(server["ssh"]["hostKeys"]) == 1
        assert server["ssh"]["settings"]["HostCertificate"].endswith("ssh.id_ed25519-cert.pub")


def test_a_server_lets_in_zerotier_from_anywhere_and_everything_from_the_mesh(servers: dict[str, Any]) -> None:
    for name, server in servers.items():
        firewall = server["firewall"]
        assert firewall["enable"] is True
        assert set(firewall["allowedUDPPorts"]) == {9993}, name
        # clan's ZeroTier service opens the TCP port of that number, which the clouds' firewalls keep closed.
        # Applications open the ports of the web.
        assert set(firewall["allowedTCPPorts"]) <= {9993, 80, 443}, name
        assert firewall["trustedInterfaces"] == ["zt+"]


def test_a_server_s_root_is_where_its_initrd_looks_for_it(servers: dict[str, Any]) -> None:
    assert {server["fleet"]["encrypted"] for server in servers.values()} == {True, False}
    for name, server in servers.items():
        encrypted = server["fleet"]["encrypted"]
        assert server["boot"]["systemd"] is True
        assert (server["root"]["device"] == "/dev/mapper/root") is encrypted, name
        assert server["root"]["fsType"] == "ext4"
        assert server["boot"]["luks"] == (["root"] if encrypted else [])
        assert server["boot"]["growPartition"] is not encrypted, "a partition cannot grow below a locked disk"
        assert server["grub"] == ["/dev/sda"]


def test_an_encrypted_server_is_unlocked_on_a_port_and_with_a_host_key_of_its_own(servers: dict[str, Any]) -> None:
    for name, server in servers.items():
        network = server["boot"]["network"]
        assert network.get("enable", False) is server["fleet"]["encrypted"], name
        if server["fleet"]["encrypted"]:
            assert network["ssh"]["enable"] is True
            assert network["ssh"]["port"] == server["fleet"]["unlockPort"]
            (key,) = network["ssh"]["hostKeys"]
            # Where clan puts what is needed for activation; the boot loader's installer copies it into the initrd.
            assert key == f"/var/lib/sops-nix/activation/per-machine/{name}/initrd-ssh/id_ed25519"
            assert key not in server["ssh"]["hostKeys"]


def test_the_passphrase_is_there_when_the_disk_is_partitioned_and_never_afterwards(servers: dict[str, Any]) -> None:
    for name, server in servers.items():
        passphrase = server["generators"].get("luks", {}).get("passphrase")
        expected = f"/run/partitioning-secrets/per-machine/{name}/luks/passphrase"
        assert passphrase == (expected if server["fleet"]["encrypted"] else None)
    assert [secret for secret in servers["cinnabar"]["secrets"] if "luks" in secret or "initrd" in secret] == []


def test_a_generated_secret_belongs_to_whom_the_service_says_on_the_machine_that_uses_it(
    servers: dict[str, Any],
) -> None:
    assert servers["cinnabar"]["secrets"][CACHE_TOKEN] == {
        "owner": "nginx",
        "group": "nginx",
        "mode": "0440",
        "path": f"/run/secrets/{CACHE_TOKEN}",
        "restartUnits": ["nginx.service"],
        "neededForUsers": False,
    }
    assert [name for name, server in servers.items() if "cache-token" in server["generators"]] == ["cinnabar"]


def test_a_secret_from_outside_is_deployed_once_its_file_is_there(servers: dict[str, Any]) -> None:
    secrets = servers["cinnabar"]["secrets"]
    assert secrets["smtp-password"] == {
        "owner": "nginx",
        "group": "root",
        "mode": "0400",
        "path": "/run/secrets/smtp-password",
        "restartUnits": [],
        "neededForUsers": False,
    }
    assert "dns-token" not in secrets
    assert [text for text in servers["cinnabar"]["warnings"] if "nix/secrets/" in text] == [
        "cinnabar uses the secret dns-token, and nix/secrets/dns-token.yaml is not there: see docs/secrets.md"
    ]


def test_only_a_server_with_a_graphics_card_may_have_its_driver_and_no_other_unfree_package(
    servers: dict[str, Any],
) -> None:
    for name, server in servers.items():
        has_card = name == "scheelite"
        assert server["drivers"] == (["nvidia"] if has_card else [])
        assert server["unfree"] == [has_card, has_card, False, False], name


def test_a_server_at_google_takes_google_s_time_and_its_console_is_the_serial_line(servers: dict[str, Any]) -> None:
    at_google = [server for server in servers.values() if server["fleet"]["provider"] == "gcp"]
    assert at_google
    for server in at_google:
        assert server["timeServers"] == ["metadata.google.internal"]
        consoles = [value for value in server["boot"]["kernelParams"] if value.startswith("console=")]
        assert consoles == ["console=tty0", "console=ttyS0,115200"], "the last one gets the passphrase prompt"


def test_every_server_can_be_reached_by_its_cloud_s_console(servers: dict[str, Any]) -> None:
    for server in servers.values():
        assert {"console=ttyS0,115200", "console=tty0"} <= set(server["boot"]["kernelParams"])
