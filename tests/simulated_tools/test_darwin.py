"""Tests Macs: the grammar of `darwin-rebuild`, and remote updates."""

from collections.abc import Iterator

import pytest

from fediversity.embedded_cloud.tools.darwin_rebuild import RefusedError, Request, parse
from tests.simulated_machines.sites import Site

PROGRAM = "/run/current-system/sw/bin/darwin-rebuild"


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("switch --flake /src#mac", Request("switch", "/src", "mac")),
        ("--flake /src#mac switch", Request("switch", "/src", "mac")),
        ("build switch", Request("switch")),
        ("switch --option keep-going true -L --show-trace --flake .", Request("switch", ".")),
        ("--rollback", Request("rollback")),
        ("switch --rollback", Request("rollback")),
        ("-G 3", Request("rollback", generation=3)),
        ("--list-generations", Request("list")),
        ("switch -p test", Request("switch", profile="/nix/var/nix/profiles/system-profiles/test")),
    ],
)
def test_a_command_line_is_read_as_the_script_reads_it(words: str, wanted: Request) -> None:
    assert parse(PROGRAM, words.split(), is_root=True) == wanted


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("switch --target-host x", "unknown option '--target-host'"),
        ("switch now", "unknown option 'now'"),
        ("-G", "'-G' requires an argument"),
        ("switch --option a", "'--option' requires two arguments"),
        ("", "--list-generations"),
        ("--help", "--list-generations"),
        ("-G last", "'last' is not a generation number"),
    ],
)
def test_what_the_script_does_not_take_is_refused(words: str, message: str) -> None:
    with pytest.raises(RefusedError, match=message):
        parse(PROGRAM, words.split(), is_root=True)


@pytest.mark.parametrize("words", ["switch", "activate", "check", "--rollback", "-G 1"])
def test_activation_is_for_root_only(words: str) -> None:
    with pytest.raises(RefusedError, match="darwin-rebuild: system activation must now be run as root"):
        parse(PROGRAM, words.split(), is_root=False)


@pytest.mark.parametrize("words", ["build --flake .", "--list-generations"])
def test_building_and_listing_are_for_everybody(words: str) -> None:
    parse(PROGRAM, words.split(), is_root=False)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    made = Site(tmp_path_factory.mktemp("site")).prepare()
    try:
        made.mac("mac")
        made.pin("mac", made.host_key("mac"))
        yield made
    finally:
        made.datacenter.stop()


def system(site: Site) -> str:
    return site.ssh("mac", "readlink -f /run/current-system", user="crs58").stdout.strip()


def test_a_bootstrapped_mac_runs_nix_darwin_of_nobodys_fleet(site: Site) -> None:
    assert system(site).endswith("-darwin-system-25.11")
    assert site.ssh("mac", "cat /etc/fediversity/identity", user="crs58").returncode == 1


def test_an_update_switches_the_mac_itself(site: Site) -> None:
    before = system(site)
    done = site.update("mac", "crs58")
    assert done.returncode == 0, done.stderr
    assert system(site).endswith("-darwin-system-26.05")
    assert site.ssh("mac", "cat /etc/fediversity/identity", user="crs58").stdout == "pantheon/mac\n"
    listed = site.ssh("mac", f"sudo -n {PROGRAM} --list-generations", user="crs58").stdout.splitlines()
    assert [line.split()[0] for line in listed] == ["1", "2"]
    assert "(current)" in listed[1]
    assert site.ssh("mac", f"sudo -n {PROGRAM} switch --rollback", user="crs58").returncode == 0
    assert system(site) == before


def test_the_update_goes_through_a_login_shell_and_sudo(site: Site) -> None:
    site.update("mac", "crs58")
    commands = [str(entry["command"]) for entry in site.connections("mac") if entry["event"] == "exec"]
    assert "bash -lc 'exec nix-daemon --stdio'" in commands
    assert any("sudo -A --" in command and "darwin-rebuild switch" in command for command in commands)


def test_a_mac_that_asks_for_a_password_fails_the_update(site: Site) -> None:
    site.mac("mac2", bootstrapped=False)
    refused = site.clan(
        *("machines", "update", "mac", "--host-key-check", "none"),
        *("--target-host", f"crs58@{site.specs['mac2'].address}:2222?IdentityFile={site.key}"),
    )
    assert refused.returncode == 1
    assert "a password is required" in refused.stderr


def test_a_configuration_of_another_class_is_not_there(site: Site) -> None:
    site.update("mac", "crs58")
    source = next(path.name for path in (site.root("mac") / "nix/store").glob("*-source"))
    command = f"sudo -n {PROGRAM} switch --flake /nix/store/{source}#ares"
    refused = site.ssh("mac", command, user="crs58")
    assert refused.returncode == 1
    assert "does not provide attribute 'darwinConfigurations.ares.system'" in refused.stderr
