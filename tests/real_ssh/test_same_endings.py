"""Each fault of a connection, met by the runner on a simulated machine and through a real server: it ends alike.

What a step did to the machine is looked at as well: it runs the new system, or the one from before.
"""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from fediversity.cli.connection import Connection
from fediversity.cli.rollback_plan import plan_rollback, roll_back
from fediversity.steps.log import Log
from fediversity.steps.observe.host_state import HostState, read_host_state
from fediversity.steps.transport.ssh import Target
from fediversity.support.redact import Redactor
from tests.real_ssh.project import MAC, SERVER, USERS, Project
from tests.real_ssh.server import can_be_asked_for_a_password
from tests.real_ssh.ways import Real, Simulated, Way

Fault = Callable[[Way, str], None]

CATEGORIES = (
    "may be off",
    "another host key",
    "refuses the login",
    "for a password with sudo",
    "was not changed",
    "does not answer",
    "runs /nix/store",
    "answers",
)
"""What a reason says, in the runner's words. That the texts of ssh behind them differ is no difference."""


@dataclass(frozen=True)
class Case:
    """A step that meets a fault, and how it must end: outcome, exit status, category of its reason."""

    name: str
    fault: Fault
    outcome: str
    says: str
    status: int = 1
    verb: str = "update"
    machine: str = SERVER

    @property
    def runs_new(self) -> bool:
        return self.verb == "update" and self.outcome == "applied"


def nothing(way: Way, machine: str) -> None:
    del way, machine


def refused(way: Way, machine: str) -> None:
    way.refuse(machine)


def silent(way: Way, machine: str) -> None:
    way.fall_silent(machine)


def another_key(way: Way, machine: str) -> None:
    way.show_another_host_key(machine)


def slow(way: Way, machine: str) -> None:
    way.be_slow(machine)


def asks_for_a_password(way: Way, machine: str) -> None:
    way.ask_for_a_password(machine)


def cut_at_byte(count: int, times: int | None = None) -> Fault:
    return lambda way, machine: way.drop_at_byte(machine, count, times)


def cut_at_step(step: str, times: int | None = None) -> Fault:
    return lambda way, machine: way.drop_at_step(machine, step, times)


CASES = [
    Case("nothing", nothing, "applied", "answers", 0, "reach"),
    Case("refused", refused, "failed", "does not answer", verb="reach"),
    Case("silent", silent, "failed", "does not answer", verb="reach"),
    Case("cut at byte 0", cut_at_byte(0), "failed", "does not answer", verb="reach"),
    Case("cut at byte 10", cut_at_byte(10), "failed", "does not answer", verb="reach"),
    Case("cut at byte 600", cut_at_byte(600), "failed", "does not answer", verb="reach"),
    Case("cut at byte 1000 once", cut_at_byte(1000, 1), "applied", "answers", 0, "reach"),
    Case("another host key", another_key, "failed", "another host key", verb="reach"),
    Case("slow", slow, "applied", "answers", 0, "reach"),
    Case("a password", asks_for_a_password, "failed", "for a password with sudo", verb="reach", machine=MAC),
    Case("nothing", nothing, "applied", "runs /nix/store", 0),
    Case("refused", refused, "failed", "does not answer"),
    Case("cut at byte 2000", cut_at_byte(2000), "failed", "does not answer"),
    Case("cut at byte 2400 twice", cut_at_byte(2400, 2), "applied", "runs /nix/store", 0),
    Case("cut at copy once", cut_at_step("copy", 1), "applied", "runs /nix/store", 0),
    Case("cut at build", cut_at_step("build"), "failed", "was not changed"),
    Case("cut at switch once", cut_at_step("switch", 1), "applied", "runs /nix/store", 0),
    Case("another host key", another_key, "failed", "another host key"),
    Case("slow", slow, "applied", "runs /nix/store", 0),
    Case("refused", refused, "deferred", "may be off", 0, machine=MAC),
    Case("silent", silent, "deferred", "may be off", 0, machine=MAC),
    Case("another host key", another_key, "failed", "another host key", machine=MAC),
]


@pytest.fixture(params=["simulated", "real"])
def way(request: pytest.FixtureRequest, simulated: Simulated, real: Real) -> Iterator[Way]:
    """Both ways, which are well before and after each test."""
    chosen: Way = simulated if request.param == "simulated" else real
    yield chosen
    chosen.heal()


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.verb} {case.machine} {case.name}")
def test_a_step_ends_alike_on_a_simulated_machine_and_through_a_real_server(
    case: Case, way: Way, project: Project
) -> None:
    if case.fault is asks_for_a_password and isinstance(way, Real) and not can_be_asked_for_a_password():
        pytest.skip("there is no sudo here, or none that asks for a password")
    way.pin(case.machine)
    project.site.edit(case.machine)
    before = project.site.system(case.machine, user=USERS[case.machine])
    case.fault(way, case.machine)

    ending = project.run(case.verb, case.machine, way, *(["--timeout", "1.5"] if case.verb == "reach" else []))

    assert (ending.outcome, ending.status) == (case.outcome, case.status), ending.output
    assert category(ending.reason) == case.says, ending.reason
    way.heal()
    now = project.site.system(case.machine, user=USERS[case.machine])
    assert (now != before) == case.runs_new, ending.reason


def test_a_login_that_is_refused_is_no_machine_that_is_off(way: Way, project: Project, tmp_path: Path) -> None:
    stranger = tmp_path / "stranger"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(stranger)], check=True)
    way.pin(MAC)

    ending = project.run("update", MAC, way, identity=stranger)

    assert (ending.outcome, ending.status) == ("failed", 1), ending.output
    assert category(ending.reason) == "refuses the login"


def test_a_rollback_by_hand_goes_back_under_a_guard_and_leaves_none(way: Way, project: Project, tmp_path: Path) -> None:
    way.pin(SERVER)
    before = project.site.system(SERVER)
    project.site.edit(SERVER)
    assert project.run("update", SERVER, way).outcome == "applied"
    target = Target(
        way.address(SERVER), way.port, way.user(SERVER), SERVER, project.known_hosts, identity=project.site.key
    )
    machine = Connection(target, f"pantheon/{SERVER}", is_mac=False)

    back = plan_rollback(machine, (), None)
    with closing(Log(tmp_path / "log", Redactor())) as log:
        said = roll_back(machine, back, log, 0.02)

    assert back.to == before
    assert said.startswith("rolled back by hand from ")
    assert project.site.system(SERVER) == project.site.boot_default(SERVER) == before
    found = read_host_state(target, "nixos")
    assert isinstance(found, HostState)
    assert found.busy == frozenset(), "neither a guard nor anything else is left"


def category(reason: str) -> str:
    """The first of the categories, in their order, that a reason is in."""
    return next((text for text in CATEGORIES if text in reason), reason)
