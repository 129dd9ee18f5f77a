"""A command: it runs, its help has its examples, shells complete it, and it is documented."""

import subprocess
import sys
from pathlib import Path

from fediversity.cli.commands import COMMANDS

assert "names" in COMMANDS
table = Path("docs/operating.md").read_text()
assert "\n| `names STACK`" in table
pytest = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
doors = "tests/cli/test_front_door.py"
subprocess.run([*pytest, doors, "tests/cli/test_names.py", "-k", "names or module_with_a_parser or groups"], check=True)
