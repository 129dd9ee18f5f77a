"""The ground floor costs those who stand on it next to nothing."""

import subprocess
import sys


def test_what_every_step_loads_of_it_loads_nothing_slow() -> None:
    modules = ["constants", "debug", "durations", "entry", "errors", "files", "layout", "locks", "processes", "prompt"]
    program = "import sys; before = set(sys.modules)\n"
    program += "".join(f"import fediversity.support.{name}\n" for name in modules)
    program += "print(*sorted(set(sys.modules) - before))"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    slow = {"subprocess", "traceback", "shlex", "json", "logging", "asyncio", "typing_extensions", "pydantic", "yaml"}
    assert slow & set(loaded) == set()
