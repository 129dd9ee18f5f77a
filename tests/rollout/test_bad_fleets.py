"""Bad fleet files with the real engine: each kind is refused with its line and a fix, and nothing is made."""

import pytest

from tests.fleet.bad import BAD_FILES, Bad
from tests.fleet.good import line_of
from tests.rollout.checkout import Checkout

pytestmark = pytest.mark.engine

EVERY = 3
"""The loading of all kinds is tested without the engine; here every third goes the whole way."""

KINDS = BAD_FILES[::EVERY]


def test_there_are_more_than_forty_kinds() -> None:
    assert len(KINDS) > 40


@pytest.mark.parametrize("bad", KINDS, ids=lambda bad: bad.name.replace(" ", "-"))
def test_a_bad_fleet_is_refused_by_the_engine_s_own_up(bad: Bad, checkout: Checkout) -> None:
    if not (checkout.root / ".pulumi").exists():
        checkout.must(checkout.just("init"))
    (checkout.root / "stacks" / "dev.yaml").write_text(bad.text)

    done = checkout.pulumi("up", "--stack", "dev", "--yes", "--skip-preview")

    assert done.status == 1
    output = " ".join(done.output.split())
    assert f"stacks/dev.yaml:{line_of(bad.at, bad.text)}: {bad.field}: " in output
    assert " ".join(bad.what.split()) in output
    assert " ".join(bad.fix.split()) in output
    assert "nothing was changed." in output
    assert "Traceback" not in output
    assert not checkout.stack_dir.exists()
    assert checkout.processes() == []
