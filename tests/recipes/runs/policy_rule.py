"""A rule of policy: it holds for every stack of the project, refuses a bad one, and is documented."""

import subprocess
import sys
from pathlib import Path

from fediversity.cli.main import main
from fediversity.policy.rules import ABOUT

assert "server-names" in ABOUT
assert main(["policy"]) == 0
table = Path("docs/policy.md").read_text()
assert [rule for rule in ABOUT if f"\n| `{rule}` |" not in table] == []
pytest = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
subprocess.run([*pytest, "tests/policy/test_bad_stacks.py", "-k", "every_rule_refuses or called"], check=True)
