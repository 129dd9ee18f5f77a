"""The edge to the `pulumi` program."""

import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType
from typing import TextIO

from fediversity.rollout.errors import RefusedError

_LOOK_SECONDS = 0.2


@dataclass(frozen=True)
class PulumiCli:
    """Starts the engine at the top of a checkout, where it finds the project and its state."""

    root: Path
    environment: Mapping[str, str]

    def run(
        self, arguments: Sequence[str], *, output: TextIO | None = None, meanwhile: Callable[[], None] | None = None
    ) -> int:
        """Run with the terminal passed through; give the exit code.

        With `output` what it prints goes there. `meanwhile` is called again and again while it runs. Ctrl-C reaches
        the engine from the terminal itself, and a request to end is passed on: this process always stays until the
        engine has ended in its own way.
        """
        stderr = subprocess.STDOUT if output else None
        command = ["pulumi", *arguments]
        with subprocess.Popen(command, cwd=self.root, env=self.environment, stdout=output, stderr=stderr) as child:

            def pass_on(number: int, _: FrameType | None) -> None:
                child.send_signal(number)

            before = [(number, signal.signal(number, pass_on)) for number in (signal.SIGTERM, signal.SIGHUP)]
            before.append((signal.SIGINT, signal.signal(signal.SIGINT, lambda *_: None)))
            try:
                code = _wait(child, meanwhile)
            finally:
                for number, handler in before:
                    signal.signal(number, handler)
        return code if code >= 0 else 128 - code

    def with_env(self, variables: Mapping[str, str]) -> "PulumiCli":
        """The same with more in its environment."""
        return replace(self, environment={**self.environment, **variables})

    def capture_stdout(self, arguments: Sequence[str], *, shows_errors: bool) -> str:
        """Run for its output, however it ends. With `shows_errors` what it says or asks besides is seen."""
        done = subprocess.run(
            ["pulumi", *arguments],
            cwd=self.root,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=None if shows_errors else subprocess.DEVNULL,
            stdin=None if shows_errors else subprocess.DEVNULL,
            text=True,
            check=False,
        )
        return done.stdout

    def output(self, arguments: Sequence[str], given: str | None = None) -> str:
        """Run for its output; RefusedError with the engine's own words when it fails."""
        done = subprocess.run(
            ["pulumi", *arguments, "--non-interactive"],
            cwd=self.root,
            env=self.environment,
            input=given,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise RefusedError(
                f"`pulumi {' '.join(arguments[:2])}` failed: {done.stderr.strip() or done.stdout.strip()}"
            )
        return done.stdout


def _wait(child: subprocess.Popen[bytes], meanwhile: Callable[[], None] | None) -> int:
    """Wait for the end, and call `meanwhile` until then."""
    if meanwhile is None:
        return child.wait()
    while True:
        try:
            return child.wait(_LOOK_SECONDS)
        except subprocess.TimeoutExpired:
            meanwhile()
