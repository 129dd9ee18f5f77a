"""A rollout with more machines than may be worked on at once: the caps hold, and nobody waits without need.

The same with 100 machines, and its memory: `./just bench-rollout`.
"""

import pytest

from tests.rollout.bench_rollout import lines, rolled_out
from tests.rollout.checkout import Checkout

pytestmark = pytest.mark.engine

COUNT = 12
FACTOR = 2.0
"""How much longer than its floor a rollout may take: the engine's and the runners' own work, on a busy computer."""


def test_a_rollout_holds_its_caps_and_takes_little_longer_than_it_has_to(checkout: Checkout) -> None:
    found = rolled_out(checkout, COUNT)

    told = "\n".join(lines(found, COUNT))
    assert found.steps == len(checkout.plan())
    assert all(cap.held for cap in found.caps), told
    most = {cap.name: cap.most for cap in found.caps}
    assert most["installs"] == 1
    assert most["updates"] > 1, f"no two machines were updated at once\n{told}"
    assert found.makespan < FACTOR * found.floor, told
    checkout.must(checkout.just("up", "--expect-no-changes"))
