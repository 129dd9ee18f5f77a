"""A Mac's way into the mesh: the vars it shares with clan's own service, and what its activation does with them."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from fediversity.planning.fingerprint import role_members
from tests.nix.evaluation import FLAKE, copy_of_the_flake, evaluate, write_public_vars
from tests.nix.full_tree import full_tree

FLEET: dict[str, Any] = json.loads((FLAKE / "fleet.json").read_text())
MACHINES: dict[str, Any] = FLEET["machines"]
MACS = {name: machine for name, machine in MACHINES.items() if machine["machineClass"] == "darwin"}
MESH = "zerotier-local"
CONTROLLER = "cinnabar"
NETWORK = "made-up"
"""The id of the network, as `write_public_vars` makes it up."""


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return full_tree(tmp_path_factory.mktemp("tree"))


@pytest.fixture(scope="module")
def before(tree: Path) -> dict[str, Any]:
    """What every Mac comes to before any var is generated."""
    evaluated: dict[str, Any] = evaluate("", expression=tree / "macs.nix")
    return evaluated


@pytest.fixture(scope="module")
def generated(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What blackphos comes to once its vars are there, the secret one included."""
    flake = copy_of_the_flake(tmp_path_factory.mktemp("flake"))
    write_public_vars(flake)
    secret = flake / "vars/shared/zerotier-identity-blackphos/identity-secret/secret"
    secret.parent.mkdir(parents=True)
    secret.write_text('{"data": "encrypted"}')
    # The hash of an encrypted file is taken in a store, and there is none here.
    (flake / "modules/without-a-store.nix").write_text(
        "{ flake.modules.darwin.workstation = { sops.validateSopsFiles = false; }; }"
    )
    evaluated: dict[str, Any] = evaluate("blackphos", flake, tree / "macs.nix")
    return evaluated


@pytest.mark.parametrize("mac", sorted(MACS))
def test_a_mac_generates_what_clan_s_own_service_generates_for_a_server(mac: str, tree: Path) -> None:
    clan = evaluate(CONTROLLER, expression=tree / "generators.nix")
    of_mac = evaluate(mac, expression=tree / "generators.nix")
    of_server = {name: clan[name] for name in (f"zerotier-identity-{CONTROLLER}", f"zerotier-ip-{CONTROLLER}-{MESH}")}
    network = f"zerotier-network-{MESH}"
    expected = json.loads(json.dumps(of_server).replace(f"-{CONTROLLER}", f"-{mac}")) | {network: clan[network]}
    assert {name: made for name, made in of_mac.items() if "zerotier" in name} == expected


def test_before_anything_is_generated_a_mac_evaluates_and_knows_nobody(before: dict[str, Any]) -> None:
    for mac in MACS:
        assert before[mac]["hosts"] == {}
        assert before[mac]["identity"] == "/no-such-path"
        assert "network=''" in before[mac]["last"]


def test_a_mac_knows_every_member_of_the_mesh_by_name(generated: dict[str, Any]) -> None:
    roles = FLEET["instances"][MESH]["roles"].values()
    members = {name for role in roles for name in role_members(MACHINES, role)} | set(MACS)
    lines = generated["hosts"][MESH].splitlines()
    assert {line.split()[1] for line in lines} == {f"{name}.{FLEET['domain']}" for name in members}
    assert {line.split()[0] for line in lines} == {"made-up"}


def test_the_identity_is_taken_from_where_the_secrets_of_a_mac_are_after_they_are_put_there(
    generated: dict[str, Any],
) -> None:
    assert generated["identity"] == "/run/secrets/vars/shared/zerotier-identity-blackphos/identity-secret"
    script = generated["last"]
    assert script.index("sops-install-secrets") < script.index("identity=/run/secrets/vars/shared/")


class Mac:
    """The part of an activation that is about the mesh, run over a folder instead of a Mac."""

    def __init__(self, folder: Path, evaluated: dict[str, Any]) -> None:
        self.zerotier, self.secret, self.calls = folder / "ZeroTier", folder / "identity-secret", folder / "calls"
        tools = folder / "bin"
        tools.mkdir()
        (tools / "launchctl").write_text(f'#!/bin/sh\necho "$@" >> {self.calls}\n')
        (tools / "launchctl").chmod(0o755)
        script = evaluated["last"]
        mesh = script[script.index('(\n  zerotier="') :]
        for there, here in (
            ("/Library/Application Support/ZeroTier/One", str(self.zerotier)),
            (evaluated["identity"], str(self.secret)),
        ):
            assert there in mesh
            mesh = mesh.replace(there, here)
        self._script = f'set -e\nset -o pipefail\nPATH="{tools}:$PATH"\n{mesh}\necho switched\n'

    def switch(self) -> list[str]:
        """Runs it to its end, and gives what it said to the person who looks."""
        done = subprocess.run(["bash", "-c", self._script], capture_output=True, text=True, check=False)
        assert done.stdout == "switched\n", done.stderr
        return done.stderr.splitlines()

    @property
    def restarts(self) -> list[str]:
        """Every call of launchctl until now."""
        return self.calls.read_text().splitlines() if self.calls.exists() else []


@pytest.fixture
def mac(tmp_path: Path, generated: dict[str, Any]) -> Mac:
    return Mac(tmp_path, generated)


def installed(mac: Mac) -> None:
    """ZeroTier with an identity of its own, as it is after the cask was installed."""
    mac.zerotier.mkdir()
    (mac.zerotier / "identity.secret").write_text("0123456789:0:own:own-secret")
    (mac.zerotier / "identity.public").write_text("0123456789:0:own")


def test_a_mac_without_zerotier_is_switched_and_says_so(mac: Mac) -> None:
    assert mac.switch() == ["mesh: ZeroTier is not installed (cask zerotier-one); not joined"]
    assert mac.restarts == []
    assert not mac.zerotier.exists()


def test_a_mac_without_its_secret_joins_with_the_identity_it_has(mac: Mac) -> None:
    installed(mac)
    said = mac.switch()
    assert said[0] == "mesh: this Mac has no identity of the fleet yet; ZeroTier keeps its own"
    assert (mac.zerotier / "identity.secret").read_text() == "0123456789:0:own:own-secret"
    assert (mac.zerotier / f"networks.d/{NETWORK}.conf").exists()
    assert mac.restarts == ["kickstart -k system/com.zerotier.one"]


def test_a_mac_takes_the_fleet_s_identity_and_keeps_its_former_one(mac: Mac) -> None:
    installed(mac)
    mac.secret.write_text("abcdef0123:0:fleet:fleet-secret")
    mac.switch()
    identity = mac.zerotier / "identity.secret"
    assert identity.read_text() == "abcdef0123:0:fleet:fleet-secret"
    assert identity.stat().st_mode & 0o777 == 0o600
    assert not (mac.zerotier / "identity.public").exists(), "ZeroTier would refuse one that does not fit"
    (backup,) = mac.zerotier.glob("identity.secret.2*")
    assert backup.read_text() == "0123456789:0:own:own-secret"
    assert mac.restarts == ["kickstart -k system/com.zerotier.one"]


def test_a_mac_that_is_in_the_mesh_already_is_left_alone(mac: Mac) -> None:
    installed(mac)
    mac.secret.write_text("abcdef0123:0:fleet:fleet-secret")
    mac.switch()
    (mac.zerotier / "identity.public").write_text("abcdef0123:0:fleet")
    files = {path: path.stat().st_mtime_ns for path in mac.zerotier.rglob("*")}
    assert mac.switch() == []
    assert {path: path.stat().st_mtime_ns for path in mac.zerotier.rglob("*")} == files
    assert len(mac.restarts) == 1


def test_a_service_that_does_not_restart_does_not_stop_the_switch(mac: Mac) -> None:
    installed(mac)
    (mac.zerotier.parent / "bin/launchctl").write_text("#!/bin/sh\nexit 113\n")
    assert "mesh: ZeroTier's service is not loaded; reinstall its cask, or start it by hand" in mac.switch()
