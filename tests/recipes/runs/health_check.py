"""A kind of health check: a fleet file may have it, the step gets it, and it is asked."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from fediversity.cli.main import main
from fediversity.fleet.health_checks import KINDS, read_health_checks
from fediversity.fleet.load import load_fleet
from fediversity.planning.step_options import checks_text
from fediversity.steps.observe.health_checks import ReadyCheck, check_problem
from fediversity.steps.transport.ssh import Target

FILE = Path("stacks/dev.yaml")
text = FILE.read_text()
FILE.write_text(text.replace("    checks:\n", "    checks:\n      - {unit: nginx.service}\n", 1))

assert main(["schema", "--check"]) == 0
assert main(["validate", "dev"]) == 0
handed_on = checks_text("cinnabar", load_fleet(FILE))
assert handed_on is not None
[check] = [check for check in read_health_checks(json.loads(handed_on)) if check.name == "nginx.service"]


@dataclass
class Machine:
    """A machine on which every command ends in one way."""

    ok: bool
    status: int = 3
    stdout: str = ""
    stderr: str = ""

    def run_line(self, line: str, *, seconds: float) -> "Machine":
        """Answers a command."""
        del line, seconds
        return self


for ok in (True, False):
    problem = check_problem(cast("ReadyCheck", check), cast("Target", Machine(ok)), "nixos")
    assert (problem is None) == ok

table = Path("docs/fleet-file.md").read_text()
assert [kind for kind in KINDS if f"\n| `{kind}: " not in table] == []
pytest = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
subprocess.run([*pytest, "tests/planning/test_health_checks.py"], check=True)
