"""Tests `nixops4`: its grammar, and deployments."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fediversity.embedded_cloud.tools.nixops4_grammar import parse
from tests.simulated_machines.sites import Done, Site, fleet, wait_until

OVERRIDE = ["--override-input", "deployment-config", "path:/x"]


@pytest.mark.parametrize(
    "words",
    [
        ["apply"],
        ["apply", "social", "other.part"],
        ["apply", "social", "--no-interactive", *OVERRIDE],
        ["--no-interactive", *OVERRIDE, "apply", "social"],
        ["-v", "apply", "--show-trace", "--color", "never"],
        ["members", "list"],
        ["members", "list", "social", *OVERRIDE],
        ["state", "dump", "social.state"],
    ],
)
def test_what_the_real_tool_takes_is_understood(words: list[str]) -> None:
    assert parse(words).command == words[next(i for i, w in enumerate(words) if w in ("apply", "members", "state"))]


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["deploy"],
        ["apply", "--flake", "."],
        ["apply", "--dry-run"],
        ["apply", "--interactive", "--no-interactive"],
        ["apply", "--file", "x.nix", *OVERRIDE],
        ["apply", "--override-input", "deployment-config"],
        ["apply", "--over", "a", "b"],
        ["apply", "--color", "blue"],
        ["members"],
        ["deployments", "list"],
        ["state", "dump"],
    ],
)
def test_what_it_does_not_take_exits_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exited:
        parse(words)
    assert exited.value.code == 2
    assert "usage" in capsys.readouterr().err


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site with the server `boreas` installed."""
    made = Site(tmp_path_factory.mktemp("site")).prepare()
    try:
        made.server("boreas")
        assert made.install("boreas").returncode == 0
        wait_until(lambda: made.ssh("boreas", "test -e /etc/fediversity/identity").returncode == 0, "boreas answers")
        yield made
    finally:
        made.datacenter.stop()


def config(site: Site, **ssh: Any) -> dict[str, Any]:
    key = site.clan("vars", "get", "boreas", "openssh/ssh.id_ed25519.pub").stdout.strip()
    facts = {"user": "root", "host": site.specs["boreas"].address, "port": 2222, "identityFile": str(site.key)}
    return {"social": fleet()["deployments"]["social"] | {"ssh": facts | {"hostPublicKey": key} | ssh}}


def apply(site: Site, folder: Path, facts: dict[str, Any], *paths: str) -> Done:
    (folder / "deployment.json").write_text(json.dumps(facts))
    override = ("--override-input", "deployment-config", f"path:{folder}")
    return site.tool("nixops4", "apply", *paths, "--no-interactive", *override, cwd=site.flake)


def test_a_deployment_is_a_new_generation_with_its_application(site: Site, tmp_path: Path) -> None:
    done = apply(site, tmp_path, config(site), "social")
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    system = site.ssh("boreas", "readlink -f /run/current-system").stdout.strip()
    assert system.endswith("-nixos-system-boreas-26.05")
    assert site.ssh("boreas", "readlink -f /nix/var/nix/profiles/system").stdout.strip() == system
    assert site.ssh("boreas", "cat /etc/fediversity/identity").stdout == "pantheon/boreas\n"


def asked(site: Site, **changes: Any) -> dict[str, Any]:
    """Writes a deployment input with a changed request."""
    (entry,) = config(site).values()
    return {"social": entry | changes}


def test_what_is_deployed_is_written_on_the_machine(site: Site, tmp_path: Path) -> None:
    apply(site, tmp_path, config(site), "social")
    written = json.loads(site.ssh("boreas", "cat /etc/fediversity/deployments/social.json").stdout)
    assert (written["application"], written["domain"]) == ("mastodon", "social.example")


@pytest.mark.parametrize("change", [{"adminPassword": "geheim"}, {"size": "huge"}, {"removeData": True}])
def test_a_request_that_the_machines_options_refuse_is_refused(
    site: Site, tmp_path: Path, change: dict[str, Any]
) -> None:
    refused = apply(site, tmp_path, asked(site, **change), "social")
    assert refused.returncode == 1
    assert "in the option `fediversity.deployments.social`" in refused.stderr
    assert "geheim" not in refused.stderr


def test_changed_settings_are_another_system(site: Site, tmp_path: Path) -> None:
    apply(site, tmp_path, config(site), "social")
    before = site.ssh("boreas", "readlink -f /run/current-system").stdout
    apply(site, tmp_path, asked(site, domain="other.example"), "social")
    assert site.ssh("boreas", "readlink -f /run/current-system").stdout != before


def test_an_update_by_clan_takes_no_application_down(site: Site, tmp_path: Path) -> None:
    apply(site, tmp_path, config(site), "social")
    deployed = site.ssh("boreas", "readlink -f /run/current-system").stdout
    site.pin("boreas", config(site)["social"]["ssh"]["hostPublicKey"])
    assert site.update("boreas").returncode == 0
    assert site.ssh("boreas", "readlink -f /run/current-system").stdout == deployed
    assert site.ssh("boreas", "test -e /etc/fediversity/deployments/social.json").returncode == 0


def test_a_disabled_application_goes_and_its_data_stays_until_told_otherwise(site: Site, tmp_path: Path) -> None:
    apply(site, tmp_path, config(site), "social")
    data = site.ssh("boreas", "cat /var/lib/mastodon/database").stdout
    apply(site, tmp_path, asked(site, enable=False), "social")
    assert site.ssh("boreas", "test -e /etc/fediversity/deployments/social.json").returncode == 1
    assert site.ssh("boreas", "cat /var/lib/mastodon/database").stdout == data != ""
    apply(site, tmp_path, config(site), "social")
    assert site.ssh("boreas", "cat /var/lib/mastodon/database").stdout == data
    apply(site, tmp_path, asked(site, enable=False, removeData=True), "social")
    assert site.ssh("boreas", "test -e /var/lib/mastodon").returncode == 1


def test_applying_the_root_applies_every_deployment(site: Site, tmp_path: Path) -> None:
    assert apply(site, tmp_path, config(site)).returncode == 0


def test_another_host_key_is_refused(site: Site, tmp_path: Path) -> None:
    refused = apply(site, tmp_path, config(site, hostPublicKey=site.key.with_suffix(".pub").read_text()), "social")
    assert refused.returncode == 1
    assert "Host key verification failed" in refused.stderr
    assert "nixops4 error:" in refused.stderr


@pytest.mark.parametrize(
    ("paths", "message"),
    [
        (["nobody"], "attribute `nobody` not found"),
        (["social.nixos"], "Expected composite at social.nixos, but found resource"),
        (["social.other"], "attribute `other` not found"),
        (["social", "social.nixos"], "Overlapping paths: 'social' is an ancestor of 'social.nixos'"),
    ],
)
def test_paths_that_are_no_composites_are_refused(site: Site, tmp_path: Path, paths: list[str], message: str) -> None:
    refused = apply(site, tmp_path, config(site), *paths)
    assert refused.returncode == 1
    assert f"nixops4 error: {message}" in refused.stderr


def test_without_the_overridden_input_it_is_not_known_where_to_deploy(site: Site) -> None:
    refused = site.tool("nixops4", "apply", "social", cwd=site.flake)
    assert refused.returncode == 1
    assert "the input deployment-config has no entry for `social`" in refused.stderr


def test_a_relative_path_of_the_input_is_refused(site: Site) -> None:
    override = ("--override-input", "deployment-config", "path:here")
    assert "path:/absolute/folder" in site.tool("nixops4", "apply", *override, cwd=site.flake).stderr


def test_a_missing_host_key_is_an_option_without_a_value(site: Site, tmp_path: Path) -> None:
    refused = apply(site, tmp_path, config(site, hostPublicKey=""), "social")
    assert "The option `social.nixos.ssh.hostPublicKey` was accessed but has no value defined." in refused.stderr


def test_members_are_listed(site: Site) -> None:
    assert site.tool("nixops4", "members", "list", cwd=site.flake).stdout == "social\n"
    assert site.tool("nixops4", "members", "list", "social", cwd=site.flake).stdout == "nixos\n"


def test_the_flake_is_the_current_directory(site: Site, tmp_path: Path) -> None:
    refused = site.tool("nixops4", "members", "list", cwd=tmp_path)
    assert refused.returncode == 1
    assert "has no fleet.json" in refused.stderr
