"""What the ledger knows of servers, and what follows for a machine's type and for its steps."""

from typing import Any

import pytest

from fediversity.fleet.model import Fleet
from fediversity.planning.build import make_plan
from fediversity.planning.known_servers import UNKNOWN, KnownServers, former_steps, known_servers
from fediversity.planning.step_options import runner_options
from tests.ledger.records import run
from tests.planning.samples import DEV_SITE, PRODUCTION_SITE, mac, plan_of, server, unchecked

GCP = {"kind": "gcp", "machine_type": "e2-micro", "install_type": "e2-medium", "zone": "us-central1-b"}


def fleet(**fields: Any) -> Fleet:
    """A fleet of one small instance."""
    return unchecked({"machines": {"oak": server(**({"provider": GCP} | fields))}})


def known(wanted: Fleet, *runs: Any) -> KnownServers:
    return known_servers(wanted, runs)


def steps(wanted: Fleet, what: KnownServers) -> list[str]:
    """The kinds of steps of the machine."""
    plan = make_plan(wanted, {"oak": "f"}, DEV_SITE, servers=what)
    return [step.kind for step in plan if step.machine == "oak"]


INSTALLED = (run("oak-install", server_id="1"), run("oak-online", server_id="1"))


def test_a_new_server_has_the_type_that_it_is_installed_on() -> None:
    wanted = fleet()
    assert UNKNOWN.size("oak", wanted.machines["oak"]) == "e2-medium"
    begun = known(wanted, run("oak-reach", server_id="1"), run("oak-install", "failed", server_id="1"))
    assert begun.size("oak", wanted.machines["oak"]) == "e2-medium"


def test_one_that_is_installed_has_its_own_type_until_another_server_comes() -> None:
    wanted = fleet()
    machine = wanted.machines["oak"]
    assert known(wanted, *INSTALLED).size("oak", machine) == "e2-micro"
    assert known(wanted, *INSTALLED, run("oak-reach", server_id="2")).size("oak", machine) == "e2-medium"
    assert known_servers(wanted, INSTALLED, coming={"oak"}).size("oak", machine) == "e2-medium"


def test_without_a_type_for_the_install_a_server_always_has_its_own() -> None:
    wanted = unchecked({"machines": {"oak": server(), "desk": mac("desk.mesh")}})
    assert UNKNOWN.size("oak", wanted.machines["oak"]) == "cx23"
    assert UNKNOWN.size("desk", wanted.machines["desk"]) is None


@pytest.mark.parametrize("words", [{"provider": {**GCP, "image": "gs://b/nixos.tar.gz"}}, {"import": {"server": "1"}}])
def test_a_server_that_comes_with_nixos_is_not_installed(words: dict[str, Any]) -> None:
    assert steps(fleet(**words), UNKNOWN) == ["reach", "update"]
    assert UNKNOWN.size("oak", fleet(**words).machines["oak"]) == "e2-micro"


def test_a_server_that_was_taken_over_stays_so_when_the_word_is_gone() -> None:
    wanted = fleet()
    taken_over = (run("oak-reach", server_id="1"), run("oak-update", server_id="1"))
    assert steps(wanted, known(wanted, *taken_over)) == ["reach", "update"]
    assert steps(wanted, known_servers(wanted, taken_over, coming={"oak"})) == ["reach", "install", "online", "update"]


def test_another_image_in_the_file_changes_nothing_about_a_server_that_was_installed() -> None:
    wanted = fleet(provider={**GCP, "image": "gs://b/nixos.tar.gz"})
    assert steps(wanted, known(wanted, *INSTALLED)) == ["reach", "install", "online", "update"]
    assert steps(wanted, known_servers(wanted, INSTALLED, coming={"oak"})) == ["reach", "update"]


def test_a_server_that_was_taken_over_is_installed_when_it_is_named() -> None:
    taken_over = (run("oak-reach", server_id="1"), run("oak-update", server_id="1"))
    named = fleet(reinstall="1")
    assert steps(named, known(named, *taken_over)) == ["reach", "install", "online", "update"]
    at_once = fleet(reinstall="1", **{"import": {"server": "1"}})
    assert steps(at_once, UNKNOWN) == ["reach", "install", "online", "update"]
    other = fleet(reinstall="2")
    assert steps(other, known(other, *taken_over)) == ["reach", "update"]


def test_one_that_is_taken_over_with_an_encrypted_disk_is_unlocked() -> None:
    wanted = fleet(**{"import": {"server": "1"}}, disk={"encrypted": True})
    assert steps(wanted, UNKNOWN) == ["reach", "unlock", "update"]


def test_the_runner_is_told_of_servers_that_came_with_nixos_and_of_former_names() -> None:
    wanted = fleet(**{"import": {"server": "1"}}, formerly=["elm", "ash"])
    plan = make_plan(wanted, {"oak": "f"}, PRODUCTION_SITE)
    options = runner_options(plan.by_name["oak-update"], wanted, PRODUCTION_SITE)
    assert "--prepared" in options
    assert options[options.index("--formerly") + 1] == "elm,ash"
    assert "--prepared" not in runner_options(plan_of(fleet()).by_name["oak-update"], fleet(), DEV_SITE)


def test_what_a_renamed_machine_s_steps_were_called_is_known() -> None:
    wanted = fleet(formerly=["elm"])
    assert former_steps(wanted, plan_of(wanted)) == {"elm-reach", "elm-install", "elm-online", "elm-update"}
