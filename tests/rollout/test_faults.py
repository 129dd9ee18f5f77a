"""What goes wrong in the middle of an update: what the ledger says, what the machine runs, what the next `up` does.

One small fleet is rolled out; each case changes a machine's module, makes something fail, rolls out, looks, lets it
work again and rolls out once more. With the real engine.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pytest

from fediversity.ledger.records import StepRecord
from tests.rollout.checkout import Checkout, Done
from tests.rollout.faults import SERVER, append, boot_default, keep_small, roll_out, running, steps_of

pytestmark = pytest.mark.engine

MAC = "blackphos"


@dataclass(frozen=True)
class Case:
    """A fault during an update.

    `outcome` is the update's and `status` that of `up`; `runs_new` whether the machine runs the new system then;
    `says` stands in the update's reason. Healed, the next `up` must bring the new system.
    """

    kind: str
    outcome: str
    says: str
    parameter: str | None = None
    machine: str = SERVER
    options: Sequence[str] = ()
    status: int = 1
    runs_new: bool = False

    @property
    def name(self) -> str:
        words = (self.machine, self.kind, self.parameter, *self.options)
        return "-".join(word for word in words if word)


CASES = [
    Case("refuse", "failed", "does not answer"),
    Case("silent", "failed", "does not answer"),
    Case("drop-at-byte", "failed", "", parameter="2000"),
    Case("drop-at-byte", "applied", "", parameter="4000", options=("--times", "1"), status=0, runs_new=True),
    Case("drop-at-step", "applied", "", parameter="copy", options=("--times", "1"), status=0, runs_new=True),
    Case("drop-at-step", "failed", "", parameter="build"),
    Case("host-key", "failed", "another host key"),
    Case("disk-full", "failed", "left in its store"),
    Case("switch-fails", "rolled_back", ""),
    Case("unit-fails", "rolled_back", "nginx.service", parameter="nginx.service"),
    Case("network-down", "rolled_back", ""),
    Case("slow", "applied", "", parameter="3", status=0, runs_new=True),
    Case("clock", "failed", "clock", parameter="3600"),
    Case("sudo-password", "failed", "password", machine=MAC),
    Case("switch-fails", "rolled_back", "", machine=MAC),
    Case("asleep", "deferred", "", machine=MAC, status=0),
]


@pytest.fixture(scope="module")
def rolled_out(checkout: Checkout) -> Checkout:
    checkout.edit_fleet(keep_small)
    checkout.must(roll_out(checkout))
    return checkout


@pytest.fixture(autouse=True)
def healed(rolled_out: Checkout) -> Iterator[None]:
    """Whatever a test makes fail works again for the next one."""
    yield
    rolled_out.must(rolled_out.local("heal"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_an_update_meets_a_fault(case: Case, rolled_out: Checkout) -> None:
    before = running(rolled_out, case.machine)
    append(rolled_out, case.machine)
    rolled_out.must(rolled_out.local("fault", case.machine, case.kind, *filter(None, [case.parameter]), *case.options))

    done, steps = rollout(rolled_out)

    update = the(steps, f"{case.machine}-update")
    assert update.outcome == case.outcome, done.output
    assert done.status == case.status, done.output
    assert case.says in (update.reason or "")
    assert update.log is not None
    assert (rolled_out.stack_dir / update.log).is_file()
    now = running(rolled_out, case.machine)
    assert (now != before) == case.runs_new
    assert boot_default(rolled_out, case.machine) == now, "the next boot would bring another system"
    if case.status:
        assert update.log in done.output, "the failure's log is not named"
    if case.outcome == "deferred":
        assert case.machine in done.output, "what was put off is not said"

    rolled_out.must(rolled_out.local("heal"))
    again, later = rollout(rolled_out)

    rolled_out.must(again)
    if case.runs_new:
        assert later == []
    else:
        assert the(later, f"{case.machine}-update").outcome == "applied"
    assert running(rolled_out, case.machine) != before
    quiet, nothing = rollout(rolled_out, "--expect-no-changes")
    rolled_out.must(quiet)
    assert nothing == []


def rollout(checkout: Checkout, *options: str) -> tuple[Done, list[StepRecord]]:
    """An `up`, and the steps it ran."""
    done: list[Done] = []
    steps = steps_of(checkout, lambda: done.append(roll_out(checkout, *options)))
    return done[0], steps


def the(steps: Sequence[StepRecord], name: str) -> StepRecord:
    """The last record of a step among some."""
    found = [step for step in steps if step.step == name]
    assert found, f"{name} did not run; there are {[step.step for step in steps]}"
    return found[-1]


def test_what_does_not_depend_on_a_failure_goes_on(rolled_out: Checkout) -> None:
    for machine in (SERVER, MAC):
        append(rolled_out, machine)
    rolled_out.must(rolled_out.local("fault", SERVER, "switch-fails"))

    done, steps = rollout(rolled_out)

    assert done.status == 1
    assert the(steps, f"{MAC}-update").outcome == "applied"
    rolled_out.must(rolled_out.local("heal"))
    rolled_out.must(roll_out(rolled_out))


def test_a_failed_edit_that_is_taken_back_is_rolled_out_all_the_same(rolled_out: Checkout) -> None:
    module = rolled_out.root / f"nix/modules/machines/{SERVER}.nix"
    text, before = module.read_text(), running(rolled_out, SERVER)
    append(rolled_out, SERVER)
    rolled_out.must(rolled_out.local("fault", SERVER, "unit-fails"))
    assert roll_out(rolled_out).status == 1
    rolled_out.must(rolled_out.local("heal"))
    module.write_text(text)

    done, steps = rollout(rolled_out)

    rolled_out.must(done)
    assert the(steps, f"{SERVER}-update").outcome in {"applied", "unchanged"}
    assert running(rolled_out, SERVER) == before
