"""What goes wrong while servers are made and installed: nothing is lost, and the next `up` finishes the job."""

from dataclasses import dataclass

import pytest

from tests.rollout.checkout import Checkout
from tests.rollout.conftest import MakeCheckout
from tests.rollout.faults import SERVER, keep_small, roll_out

pytestmark = pytest.mark.engine


@dataclass(frozen=True)
class Case:
    """A fault of a new server. `step` is the step that ends badly then; None if the fault is survived at once."""

    kind: str
    step: str | None
    parameter: str | None = None
    times: str | None = None

    @property
    def name(self) -> str:
        return "-".join(word for word in (self.kind, self.parameter, self.times) if word)


CASES = [
    Case("kexec-oom", "install"),
    Case("drop-at-step", "install", "disko", times="1"),
    Case("drop-at-step", "install", "install", times="1"),
    Case("reboot-hangs", "online"),
    Case("api-429", None, times="2"),
    Case("api-500", "", times="1"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_new_server_meets_a_fault(case: Case, make_checkout: MakeCheckout) -> None:
    checkout = make_checkout()
    checkout.edit_fleet(keep_small)
    times = ("--times", case.times) if case.times else ()
    parameter = (case.parameter,) if case.parameter else ()
    checkout.must(checkout.local("fault", SERVER, case.kind, *parameter, *times))

    first = roll_out(checkout)

    if case.step is None:
        checkout.must(first)
    else:
        assert first.status == 1, first.output
        if case.step:
            latest = outcomes(checkout)
            assert latest[f"{SERVER}-{case.step}"] == "failed", first.output
            assert latest["cinnabar-update"] in {"applied", "unchanged"}, "what does not depend on it did not go on"

    checkout.must(checkout.local("heal"))
    second = roll_out(checkout)

    checkout.must(second)
    assert set(outcomes(checkout).values()) <= {"applied", "unchanged"}, outcomes(checkout)
    assert set(outcomes(checkout)) == {step["name"] for step in checkout.plan()}
    assert checkout.machines()[SERVER]["installs"] == 1
    checkout.must(roll_out(checkout, "--expect-no-changes"))


def outcomes(checkout: Checkout) -> dict[str, str | None]:
    """How each step ended last."""
    return {record.step: record.outcome for record in checkout.records()}
