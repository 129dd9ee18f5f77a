"""Tests `nix`: the simulated commands, and the refusal of all others."""

from pathlib import Path

import pytest

from tests.simulated_machines.sites import Site


@pytest.fixture
def idle(tmp_path: Path) -> Site:
    """A site without machines."""
    return Site(tmp_path).prepare()


def test_the_version_says_simulated(idle: Site) -> None:
    assert idle.tool("nix", "--version").stdout == "nix (Nix) 2.31.2 (simulated)\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["eval", "x"], "the simulated nix does not do `nix eval x`"),
        (["build", ".#x"], "the simulated nix does not do"),
        (["copy", "/nix/store/x"], "the simulated nix does not do"),
        (["copy", "--to", "s3://bucket", "/nix/store/x"], "is not valid"),
        (["copy", "--from", "x", "/nix/store/x"], "unrecognised flag '--from'"),
    ],
)
def test_the_rest_is_refused(idle: Site, words: list[str], message: str) -> None:
    refused = idle.tool("nix", *words)
    assert refused.returncode == 1
    assert message in refused.stderr


def test_only_ssh_stores_are_copied_to(idle: Site) -> None:
    path = idle.cloud / "store" / "abc-x"
    path.mkdir(parents=True)
    assert "ssh-ng://" in idle.tool("nix", "copy", "--to", "s3://bucket", "/nix/store/abc-x").stderr


def test_a_path_is_copied_once(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.mac("mac")
    (site.cloud / "store" / "abc-x").mkdir(parents=True)
    (site.cloud / "store" / "abc-x" / "file").write_text("content")
    options = f"-i {site.key} -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null"
    monkeypatch.setenv("NIX_SSHOPTS", options)
    url = f"ssh-ng://crs58@{site.specs['mac'].address}:2222?remote-program=bash -lc 'exec nix-daemon --stdio'"
    words = ("nix", "copy", "--to", url, "--no-check-sigs", "/nix/store/abc-x")
    first, second = site.tool(*words), site.tool(*words)
    assert "copying path '/nix/store/abc-x' (simulated)" in first.stderr, first.stderr
    assert (second.returncode, "copying path" in second.stderr) == (0, False)
    assert site.ssh("mac", "cat /nix/store/abc-x/file", user="crs58").stdout == "content"


def test_a_daemon_that_does_not_answer_is_an_error(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.server("ares")  # Debian has no Nix
    (site.cloud / "store" / "abc-x").mkdir(parents=True)
    monkeypatch.setenv("NIX_SSHOPTS", f"-i {site.key} -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null")
    url = f"ssh-ng://root@{site.specs['ares'].address}:2222"
    refused = site.tool("nix", "copy", "--to", url, "/nix/store/abc-x")
    assert refused.returncode == 1
    assert "nix-daemon: command not found" in refused.stderr
    assert "cannot open connection to remote store" in refused.stderr


def test_the_real_protocol_is_refused_by_the_simulated_daemon(site: Site) -> None:
    site.mac("mac")
    answer = site.ssh("mac", "nix-daemon --stdio", user="crs58", stdin="cxin\n")
    assert answer.returncode == 1
    assert "talks to the simulated nix only" in answer.stderr
