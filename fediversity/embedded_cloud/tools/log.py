"""Prints messages for users to standard error, prefixed with the machine's name."""

import sys


def print_lines(text: str, machine: str | None = None) -> None:
    """Prints the lines of a text to standard error."""
    for line in text.splitlines():
        print(f"[{machine}] {line}" if machine else line, file=sys.stderr, flush=True)


def announce_simulation(tool: str) -> None:
    """Announces once per run that the tool is simulated, so that it is not mistaken for the real one."""
    print_lines(f"{tool}: simulated; machines, builds and secrets are stand-ins")
