"""Output for people: one line for each slow step, and the end of its log when it fails."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from fediversity.support.errors import FediversityError

_TAIL_LINES = 20


class BootstrapError(FediversityError):
    """The set-up cannot go on; the text says what is wrong and what to do about it."""


def say(text: str) -> None:
    print(f"fediversity: {text}", file=sys.stderr, flush=True)


def run_logged(
    command: Sequence[str | Path],
    *,
    log: Path,
    advice: str,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> None:
    """Runs a command and appends its output to `log`. Raises BootstrapError with the log's end if it fails."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        try:
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=env, cwd=cwd, check=False
            )
        except OSError as error:
            raise BootstrapError(f"{command[0]} did not start: {error}\n{advice}") from error
    if done.returncode != 0:
        shown = " ".join(str(part) for part in command[:4])
        raise BootstrapError(
            f"`{shown} …` failed (exit code {done.returncode}). The end of {log}:\n{tail(log)}\n{advice}"
        )


def tail(log: Path) -> str:
    """Returns the last lines of a log, indented."""
    lines = log.read_text(errors="replace").splitlines()[-_TAIL_LINES:]
    return "\n".join(f"    {line}" for line in lines)


def fresh_log(log: Path) -> Path:
    """Empties the log of an earlier attempt, so that its end never explains the wrong failure."""
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_bytes(b"")
    return log
