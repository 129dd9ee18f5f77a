"""Before a real stack is rolled out: it is judged by the rules, and stopped with everything that it breaks."""

import os
import shutil
from pathlib import Path

import pytest

from fediversity.rollout.policy_gate import require_rules
from fediversity.rollout.pulumi_cli import PulumiCli
from fediversity.support.errors import RefusedError

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def engine(tmp_path: Path) -> PulumiCli:
    """An engine at the top of a checkout that has what says what the stacks are."""
    for file in PROJECT.glob("Pulumi*.yaml"):
        shutil.copy2(file, tmp_path)
    shutil.copytree(PROJECT / "stacks", tmp_path / "stacks")
    return PulumiCli(tmp_path, {**os.environ, "PYTHONPATH": str(PROJECT)})


def test_a_stack_that_keeps_to_the_rules_may_be_rolled_out(engine: PulumiCli) -> None:
    require_rules("production", engine)


def test_a_stack_that_breaks_one_is_refused_with_the_place_to_mend(engine: PulumiCli) -> None:
    fleet = engine.root / "stacks" / "production.yaml"
    fleet.write_text(fleet.read_text().replace("server_type: cx53", "server_type: cx43"))
    with pytest.raises(RefusedError) as refused:
        require_rules("production", engine)
    assert "the stack production breaks rules that none may break (docs/policy.md):" in str(refused.value)
    assert "machines.cinnabar.provider.server_type: Server cinnabar-server is of type cx43" in str(refused.value)
