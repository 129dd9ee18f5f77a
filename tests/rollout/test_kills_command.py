"""The command of a rollout alone is killed at five random moments; the next `up` ends as if nothing had been."""

import pytest

from tests.rollout.conftest import MakeCheckout
from tests.rollout.kills import Undisturbed, kill_command, survives, undisturbed

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def reference(make_checkout: MakeCheckout) -> Undisturbed:
    return undisturbed(make_checkout())


@pytest.mark.parametrize("seed", range(5))
def test_a_rollout_that_is_killed_is_finished_by_the_next(
    seed: int, reference: Undisturbed, make_checkout: MakeCheckout
) -> None:
    survives(make_checkout(), reference, kill_command, seed)
