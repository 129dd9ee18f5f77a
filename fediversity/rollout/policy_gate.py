"""Before a real stack is rolled out: whether it keeps to the rules."""

import subprocess
import sys

from fediversity.rollout.pulumi_cli import PulumiCli
from fediversity.support.errors import RefusedError


def require_rules(stack: str, engine: PulumiCli) -> None:
    """Makes sure that a stack breaks no rule. Raises RefusedError with everything that it breaks.

    In a process of its own, which declares the stack without Pulumi: that takes a few seconds, and rolling a
    fleet out takes minutes. The policy pack judges the same, where Pulumi can run one.
    """
    command = [sys.executable, "-m", "fediversity.cli.main", "policy", stack]
    done = subprocess.run(
        command, cwd=engine.root, env=dict(engine.environment), capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise RefusedError(
            f"the stack {stack} breaks rules that none may break (docs/policy.md):\n{done.stderr.strip()}"
        )
