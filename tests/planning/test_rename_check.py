"""A renamed machine's vars must have moved along, and what is known of it follows it to its present name."""

from pathlib import Path

import pytest

from fediversity.fleet.diagnostics import FleetError
from fediversity.planning.rename_check import require_vars_moved
from fediversity.planning.systems import carry_over
from fediversity.project.project import Project
from fediversity.project.settings import parse_settings
from tests.planning.samples import server, unchecked

FLEET = unchecked({"machines": {"elm": server(formerly=["oak"])}})


@pytest.fixture
def real(tmp_path: Path) -> Project:
    """A stack of real machines."""
    return Project(tmp_path, parse_settings("production", {"fleet": "stacks/production.yaml"}))


@pytest.fixture
def simulated(tmp_path: Path) -> Project:
    """A simulated stack."""
    plugins = {"hcloud": "local", "gcp": "local", "command": "local"}
    given = {"fleet": "stacks/dev.yaml", "machines": "simulated", "plugins": plugins}
    return Project(tmp_path, parse_settings("dev", given))


def test_vars_under_the_former_name_alone_are_refused_with_the_command_that_moves_them(real: Project) -> None:
    (real.flake / "vars/per-machine/oak").mkdir(parents=True)
    with pytest.raises(FleetError) as refused:
        require_vars_moved(FLEET, real)
    (problem,) = refused.value.problems
    assert problem.field == "machines.elm.formerly"
    assert "the vars are still those of 'oak'" in problem.what
    assert "in nix: `git mv vars/per-machine/oak vars/per-machine/elm`" in problem.fix


def test_simulated_vars_are_where_the_simulated_clan_keeps_them(simulated: Project) -> None:
    (simulated.folder / "cloud/flake/vars/per-machine/oak").mkdir(parents=True)
    with pytest.raises(FleetError, match="`mv vars/per-machine/oak"):
        require_vars_moved(FLEET, simulated)


def test_vars_that_have_moved_or_never_were_are_in_order(real: Project) -> None:
    require_vars_moved(FLEET, real)
    (real.flake / "vars/per-machine/elm").mkdir(parents=True)
    require_vars_moved(FLEET, real)
    (real.flake / "vars/per-machine/oak").mkdir()
    require_vars_moved(FLEET, real)


def test_the_pinned_host_key_is_known_under_the_present_name(real: Project) -> None:
    folder = real.known_hosts
    folder.mkdir(parents=True)
    (folder / "oak").write_text("oak ssh-ed25519 AAAA\n")
    carry_over(real, FLEET, preview=True)
    assert not (folder / "elm").exists()
    carry_over(real, FLEET)
    assert (folder / "elm").read_text() == "elm ssh-ed25519 AAAA\n"


def test_a_host_key_that_is_pinned_under_the_present_name_stays(real: Project) -> None:
    folder = real.known_hosts
    folder.mkdir(parents=True)
    (folder / "oak").write_text("oak ssh-ed25519 AAAA\n")
    (folder / "elm").write_text("elm ssh-ed25519 BBBB\n")
    carry_over(real, FLEET)
    assert (folder / "elm").read_text() == "elm ssh-ed25519 BBBB\n"
