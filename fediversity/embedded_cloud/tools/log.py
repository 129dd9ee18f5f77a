"""What the tools print for people: lines on standard error, with the machine's name before them."""

import sys


def say(text: str, machine: str | None = None) -> None:
    """A line, or several, on standard error."""
    for line in text.splitlines():
        print(f"[{machine}] {line}" if machine else line, file=sys.stderr, flush=True)


def say_simulated(tool: str) -> None:
    """Once a run: nobody shall take the stand-in for the real tool."""
    say(f"{tool}: simulated; machines, builds and secrets are stand-ins")
