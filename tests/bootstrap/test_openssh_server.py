"""Where the OpenSSH server for the tests of real connections comes from: this computer, apt-get in CI, or a person."""

import json
from pathlib import Path

import pytest

from fediversity.bootstrap import openssh_server
from fediversity.bootstrap.openssh_server import Computer as There
from fediversity.bootstrap.openssh_server import decide, ensure_openssh_server, find_sshd
from fediversity.bootstrap.report import BootstrapError
from tests.bootstrap.conftest import Computer
from tests.bootstrap.test_justfile import recipes as recipes  # noqa: PLC0414  (a fixture)

BOTH = ("sshd", "sudo")
IN_CI = {"is_root": True, "has_apt": True, "in_ci": True}


def test_nothing_is_installed_or_said_where_all_is_there() -> None:
    for way in (IN_CI, dict.fromkeys(IN_CI, False)):
        assert decide(There((), **way)) == ((), "")


def test_root_in_ci_on_a_debian_gets_just_what_is_missing() -> None:
    assert decide(There(BOTH, **IN_CI)) == (("openssh-server", "sudo"), "")
    assert decide(There(("sshd",), **IN_CI)) == (("openssh-server",), "")


@pytest.mark.parametrize("lacking", IN_CI)
def test_anywhere_else_a_person_is_told_what_to_install_in_one_line(lacking: str) -> None:
    packages, told = decide(There(BOTH, **IN_CI | {lacking: False}))

    assert packages == ()
    assert "not tested: real SSH connections that need sshd and sudo" in told
    assert "`sudo apt-get install --no-install-recommends openssh-server sudo`" in told
    assert "\n" not in told


@pytest.fixture
def bare(computer: Computer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Computer:
    """A computer whose root has an apt-get and none of the programs, and where no service is kept from starting."""
    monkeypatch.setattr(openssh_server, "_SYSTEM_FOLDERS", (str(tmp_path / "sbin"),))
    monkeypatch.setattr(openssh_server, "_POLICY", tmp_path / "policy-rc.d")
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr(Computer, "environ", {"HOME": str(tmp_path), "PATH": str(computer.bin)})
    return computer


def test_apt_get_brings_no_more_than_that_and_starts_no_service(bare: Computer, tmp_path: Path) -> None:
    bare.program("apt-get", f'[ "$1" = update ] || /bin/cp {tmp_path}/policy-rc.d {tmp_path}/seen')

    ensure_openssh_server(bare.places, bare.environ | {"CI": "true"})

    assert bare.calls() == ["apt-get update", "apt-get install --yes --no-install-recommends openssh-server sudo"]
    assert (tmp_path / "seen").read_text().endswith("exit 101\n")
    assert not (tmp_path / "policy-rc.d").exists()


def test_what_may_start_is_left_to_whoever_has_decided_it(bare: Computer, tmp_path: Path) -> None:
    (tmp_path / "policy-rc.d").write_text("exit 0\n")
    bare.program("apt-get", "")

    ensure_openssh_server(bare.places, bare.environ | {"CI": "true"})

    assert (tmp_path / "policy-rc.d").read_text() == "exit 0\n"


def test_a_failed_installation_shows_the_end_of_its_log(bare: Computer, tmp_path: Path) -> None:
    bare.program("apt-get", 'echo "E: Unable to locate package" >&2; exit 100')

    with pytest.raises(BootstrapError, match=r"(?s)apt-get update.*exit code 100.*Unable to locate package.*skipped"):
        ensure_openssh_server(bare.places, bare.environ | {"CI": "true"})
    assert not (tmp_path / "policy-rc.d").exists()


def test_without_ci_nothing_is_installed(bare: Computer, capsys: pytest.CaptureFixture[str]) -> None:
    bare.program("apt-get", "")

    ensure_openssh_server(bare.places, bare.environ)

    assert bare.calls() == []
    assert capsys.readouterr().err.count("\n") == 1


def test_the_server_is_found_where_only_roots_path_leads(bare: Computer, tmp_path: Path) -> None:
    assert find_sshd(bare.environ) is None

    sshd = bare.program("sshd", "", tmp_path / "sbin")

    assert find_sshd(bare.environ) == sshd


def test_the_tests_recipe_asks_for_it_and_goes_on_without(recipes: dict[str, object]) -> None:
    lines = json.dumps(recipes["test"])
    assert "-@python -m fediversity.bootstrap openssh-server" in lines
