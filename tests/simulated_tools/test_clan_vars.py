"""Tests `clan vars`: which vars are generated, where they are stored, and that they are kept."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.simulated_machines.sites import Site, fleet


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A site without machines: vars need none."""
    return Site(tmp_path).prepare()


def names(site: Site) -> set[str]:
    top = site.cloud / "flake" / "vars"
    return {str(path.relative_to(top)) for path in top.rglob("*") if path.is_file()}


def test_everything_the_instances_of_a_server_need_is_generated(site: Site) -> None:
    assert site.clan("vars", "generate", "ares").returncode == 0
    assert names(site) == {
        "per-machine/ares/emergency-access/password-hash/value",
        "per-machine/ares/emergency-access/password/secret",
        "per-machine/ares/initrd-ssh/id_ed25519.pub/value",
        "per-machine/ares/initrd-ssh/id_ed25519/secret",
        "per-machine/ares/luks/passphrase/secret",
        "per-machine/ares/openssh-cert/ssh.id_ed25519-cert.pub/value",
        "per-machine/ares/openssh/ssh.id_ed25519.pub/value",
        "per-machine/ares/openssh/ssh.id_ed25519/secret",
        "per-machine/ares/user-password-root/user-password-hash/secret",
        "per-machine/ares/user-password-root/user-password/secret",
        "shared/openssh-ca/id_ed25519.pub/value",
        "shared/openssh-ca/id_ed25519/secret",
        "shared/zerotier-identity-ares/identity-secret/secret",
        "shared/zerotier-ip-ares-mesh/ip/value",
        "shared/zerotier-network-mesh/network-id/value",
    }


def test_a_peer_needs_the_controllers_identity_for_the_network(site: Site) -> None:
    site.clan("vars", "generate", "boreas")
    network = site.clan("vars", "get", "boreas", "zerotier-network-mesh/network-id").stdout
    identity = site.cloud / "flake/vars/shared/zerotier-identity-ares/identity-secret/secret"
    assert len(network) == 16
    assert network.startswith(identity.read_text()[:10])


def test_services_without_a_darwin_module_generate_nothing_for_a_mac(site: Site) -> None:
    assert site.clan("vars", "generate", "mac").returncode == 0
    assert names(site) == set()
    assert "Couldn't find var" in site.clan("vars", "get", "mac", "openssh/ssh.id_ed25519.pub").stderr


def test_an_unencrypted_server_has_nothing_to_unlock(site: Site) -> None:
    site.clan("vars", "generate", "boreas")
    assert not [name for name in names(site) if "luks" in name or "initrd" in name]


def test_secrets_are_private_to_their_owner(site: Site) -> None:
    site.clan("vars", "generate")
    secrets = list((site.cloud / "flake" / "vars").glob("**/secret"))
    assert secrets
    assert {path.stat().st_mode & 0o777 for path in secrets} == {0o600}


def test_generating_again_leaves_everything_alone_and_says_so(site: Site) -> None:
    site.clan("vars", "generate")
    before = {name: (site.cloud / "flake/vars" / name).read_bytes() for name in names(site)}
    again = site.clan("vars", "generate")
    assert "nothing was generated" in again.stderr
    assert {name: (site.cloud / "flake/vars" / name).read_bytes() for name in names(site)} == before


def test_regenerating_makes_new_ones(site: Site) -> None:
    site.clan("vars", "generate", "boreas")
    before = site.clan("vars", "get", "boreas", "openssh/ssh.id_ed25519.pub").stdout
    site.clan("vars", "generate", "boreas", "--generator", "openssh", "--regenerate")
    assert site.clan("vars", "get", "boreas", "openssh/ssh.id_ed25519.pub").stdout != before


def test_a_new_machine_gets_its_vars_and_the_others_keep_theirs(site: Site) -> None:
    site.clan("vars", "generate", "boreas")
    before = site.clan("vars", "get", "boreas", "openssh/ssh.id_ed25519.pub").stdout
    site.clan("vars", "generate")
    assert site.clan("vars", "get", "boreas", "openssh/ssh.id_ed25519.pub").stdout == before
    assert site.clan("vars", "check").returncode == 0


def test_two_runs_at_once_make_one_set_of_vars(site: Site) -> None:
    words = [str(Path(site.environment()["PATH"].split(":")[0]) / "clan"), "vars", "generate", "--flake"]
    runs = [
        subprocess.Popen([*words, str(site.flake)], env=site.environment(), stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    logs = [run.communicate()[1] for run in runs]
    assert [run.returncode for run in runs] == [0, 0, 0]
    assert sum(log.count("openssh-ca/id_ed25519 ") for log in logs) == 1


def test_the_host_certificate_is_for_the_machines_name_in_the_clans_domain(site: Site, tmp_path: Path) -> None:
    site.clan("vars", "generate", "ares")
    certificate = tmp_path / "cert.pub"
    certificate.write_text(site.clan("vars", "get", "ares", "openssh-cert/ssh.id_ed25519-cert.pub").stdout)
    shown = subprocess.run(["ssh-keygen", "-L", "-f", str(certificate)], capture_output=True, text=True, check=True)
    assert "ares.zt" in shown.stdout
    assert "host certificate" in shown.stdout


def test_get_gives_the_bare_value(site: Site) -> None:
    site.clan("vars", "generate")
    value = site.clan("vars", "get", "ares", "zerotier-ip-ares-mesh/ip").stdout
    assert value.startswith("fd")
    assert not value.endswith("\n")


def test_a_var_of_an_unknown_machine_is_an_error(site: Site) -> None:
    answer = site.clan("vars", "get", "nobody", "openssh/ssh.id_ed25519.pub")
    assert answer.returncode == 1
    assert "Machine nobody does not exist" in answer.stderr


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("openssh/nothing", "Couldn't find var: openssh/nothing for machine: ares"),
        ("openssh/ssh.id_ed25519.p", "Did you mean: openssh/ssh.id_ed25519.pub"),
        ("openssh", "Found multiple vars in ares for openssh"),
        ("luks/passphrase", "has not been generated yet"),
    ],
)
def test_get_says_what_is_wrong_with_a_name(site: Site, name: str, message: str) -> None:
    answer = site.clan("vars", "get", "ares", name)
    assert (answer.returncode, answer.stdout) == (1, "")
    assert message in answer.stderr


def test_check_fails_for_what_is_missing_and_passes_over_unknown_machines(site: Site) -> None:
    missing = site.clan("vars", "check", "ares")
    assert missing.returncode == 1
    assert "luks/passphrase" in missing.stderr
    assert site.clan("vars", "check", "nobody").returncode == 0
    site.clan("vars", "generate")
    assert site.clan("vars", "check").returncode == 0


def test_generating_for_unknown_machines_only_is_an_error(site: Site) -> None:
    answer = site.clan("vars", "generate", "nobody")
    assert answer.returncode == 1
    assert "At least one machine must be provided" in answer.stderr


def test_list_hides_secrets(site: Site) -> None:
    site.clan("vars", "generate")
    lines = site.clan("vars", "list", "ares").stdout.splitlines()
    assert "openssh/ssh.id_ed25519: ********" in lines
    network = site.clan("vars", "get", "ares", "zerotier-network-mesh/network-id").stdout
    assert f"zerotier-network-mesh/network-id: {network}" in lines


def test_a_password_that_must_be_asked_for_fails_without_a_terminal(site: Site) -> None:
    asking = fleet()
    asking["instances"]["users-root"]["roles"]["default"]["settings"] = {"user": "root"}
    site.write_fleet(asking)
    answer = site.clan("vars", "generate")
    assert answer.returncode == 1
    assert "Inappropriate ioctl for device" in answer.stderr


def test_a_flake_without_its_rendered_fleet_is_one_clear_error(site: Site) -> None:
    (site.flake / "fleet.json").unlink()
    answer = site.clan("vars", "generate")
    assert answer.returncode == 1
    assert "has no fleet.json; `fediversity render` writes it" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_fleet_of_another_version_is_refused(site: Site) -> None:
    site.write_fleet(fleet() | {"version": 2})
    assert "version 2" in site.clan("vars", "generate").stderr


def test_upload_puts_the_secrets_of_a_machine_into_a_folder(site: Site, tmp_path: Path) -> None:
    site.clan("vars", "generate")
    assert site.clan("vars", "upload", "ares", "--directory", str(tmp_path / "out")).returncode == 0
    uploaded = {str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert uploaded == {
        "key.txt",
        "activation/per-machine/ares/initrd-ssh/id_ed25519",
        "vars/per-machine/ares/openssh/ssh.id_ed25519",
        "vars/per-machine/ares/user-password-root/user-password-hash",
        "vars/shared/zerotier-identity-ares/identity-secret",
    }


def test_every_run_says_once_that_it_is_simulated(site: Site) -> None:
    assert site.clan("vars", "generate").stderr.count("simulated;") == 1


def test_a_command_that_is_not_simulated_says_so(site: Site) -> None:
    for words in (["select", "x"], ["secrets", "list"], ["network", "list"], ["machines", "delete", "ares"]):
        answer = site.clan(*words)
        assert answer.returncode == 1
        assert f"the simulated clan does not do `clan {words[0]}" in answer.stderr


def test_no_stack_is_one_clear_error(site: Site) -> None:
    environment = {name: value for name, value in site.environment().items() if name != "FEDIVERSITY_STATE_DIR"}
    words = ["clan", "vars", "generate", "--flake", str(site.flake)]
    answer = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    assert answer.returncode == 1
    assert "FEDIVERSITY_STATE_DIR is not set" in answer.stderr


def test_nothing_is_written_into_the_flake(site: Site) -> None:
    before = sorted(site.flake.rglob("*"))
    site.clan("vars", "generate")
    site.clan("machines", "build")
    assert sorted(site.flake.rglob("*")) == before


def test_machines_are_listed_by_tag_and_name(site: Site) -> None:
    assert site.clan("machines", "list").stdout == "ares\nboreas\nmac\n"
    assert site.clan("machines", "list", "--tags", "nixos").stdout == "ares\nboreas\n"


def test_build_prints_a_store_path_a_machine(site: Site) -> None:
    lines = site.clan("machines", "build", "ares", "mac").stdout.splitlines()
    assert lines[0] == "Building 2 machine(s)..."
    assert lines[1].endswith("-nixos-system-ares-26.05")
    assert lines[2].endswith("-darwin-system-26.05")


def test_a_system_changes_with_its_own_configuration_only(site: Site) -> None:
    before = site.clan("machines", "build", "ares", "boreas").stdout.splitlines()
    (site.flake / "modules" / "ares.nix").write_text(
        '{ config, ... }: { flake.modules.nixos."machines/ares" = { imports = [ base ]; x = 1; }; }\n'
    )
    after = site.clan("machines", "build", "ares", "boreas").stdout.splitlines()
    assert before[1] != after[1]
    assert before[2] == after[2]


def test_the_inventory_and_the_report_of_an_install_are_not_in_the_system(site: Site) -> None:
    before = site.clan("machines", "build", "ares").stdout
    overlay = site.cloud / "flake"
    (overlay / "inventory.json").write_text(json.dumps({"machines": {"ares": {"installedAt": 1}}}))
    assert site.clan("machines", "build", "ares").stdout == before


def test_beside_each_deployed_secret_stands_which_machines_can_decrypt_it(site: Site) -> None:
    site.clan("vars", "generate", "ares")
    folder = site.cloud / "flake/vars"
    (mine,) = folder.glob("per-machine/ares/openssh/ssh.id_ed25519/machines/*")
    assert (mine.name, mine.readlink().as_posix()) == ("ares", "../../../../../../sops/machines/ares")
    site.clan("vars", "generate")
    assert [path.name for path in folder.glob("shared/zerotier-identity-ares/*/machines/*")] == ["ares"]
    assert not list(folder.glob("**/luks/passphrase/machines"))
