"""The edge to the `pulumi` program."""

import contextlib
import gc
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, TextIO

from fediversity.rollout.local_plugins import LocalPlugins
from fediversity.support.errors import RefusedError

if TYPE_CHECKING:
    from fediversity.program.language_server import Run

Program = Callable[["Run"], None]
"""A Pulumi program that runs in this process, for each run that Pulumi asks for."""

_LOOK_SECONDS = 0.2
_START_SECONDS = 5.0
_ASK_PLUGINS = frozenset({"up", "preview", "refresh", "destroy"})


@dataclass(frozen=True)
class PulumiCli:
    """Starts Pulumi at the top of a checkout, where it finds the project and its state.

    With `plugins`, Pulumi attaches to those instead of starting some. A command that is given a `program` runs that
    one, in this process, instead of starting the project's in another.
    """

    root: Path
    environment: Mapping[str, str]
    plugins: LocalPlugins | None = None

    def run(
        self,
        arguments: Sequence[str],
        *,
        program: Program | None = None,
        output: TextIO | None = None,
        meanwhile: Callable[[], None] | None = None,
    ) -> int:
        """Run with the terminal passed through; give the exit code.

        With `output` what it prints goes there. `meanwhile` is called again and again while it runs. Ctrl-C reaches
        Pulumi from the terminal itself, and a request to end is passed on: this process always stays until the
        engine has ended in its own way.
        """
        stderr = subprocess.STDOUT if output else None
        with (
            self._command(arguments, program) as (command, others),
            subprocess.Popen(command, stdout=output, stderr=stderr, **others) as child,
        ):

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

    def capture_stdout(self, arguments: Sequence[str], *, shows_errors: bool, program: Program | None = None) -> str:
        """Run for its output, however it ends. With `shows_errors` what it says or asks besides is seen."""
        with self._command(arguments, program) as (command, others):
            done: subprocess.CompletedProcess[str] = subprocess.run(
                command,
                stdout=subprocess.PIPE,
                stderr=None if shows_errors else subprocess.DEVNULL,
                stdin=None if shows_errors else subprocess.DEVNULL,
                text=True,
                check=False,
                **others,
            )
        return done.stdout

    def output(self, arguments: Sequence[str], given: str | None = None, program: Program | None = None) -> str:
        """Run for its output; RefusedError with Pulumi's own words when it fails."""
        with self._command([*arguments, "--non-interactive"], program) as (command, others):
            done: subprocess.CompletedProcess[str] = subprocess.run(
                command, input=given, capture_output=True, text=True, check=False, **others
            )
        if done.returncode != 0:
            raise RefusedError(
                f"`pulumi {' '.join(arguments[:2])}` failed: {done.stderr.strip() or done.stdout.strip()}"
            )
        return done.stdout

    @contextlib.contextmanager
    def _command(
        self, arguments: Sequence[str], program: Program | None
    ) -> Iterator[tuple[Sequence[str], dict[str, Any]]]:
        """The command line, and what else a process has to be started with."""
        others: dict[str, Any] = {"cwd": self.root, "env": self.environment}
        if self.plugins is not None and arguments[0] in _ASK_PLUGINS:
            others["env"] = {**self.environment, **self.plugins.variables}
            others["pass_fds"] = (self.plugins.pipe,)
        if program is None:
            yield ["pulumi", *arguments], others
            return
        from fediversity.program.language_host import language_host  # noqa: PLC0415 (only where it is needed)

        with language_host(program) as address:
            yield ["pulumi", *arguments, f"--client={address}"], others


def _wait(child: subprocess.Popen[bytes], meanwhile: Callable[[], None] | None) -> int:
    """Wait for the end, and call `meanwhile` until then."""
    if meanwhile is None:
        return child.wait()
    began = time.monotonic()
    while True:
        try:
            return child.wait(_LOOK_SECONDS)
        except subprocess.TimeoutExpired:
            meanwhile()
        if time.monotonic() - began > _START_SECONDS and not gc.isenabled():
            # The start of this process went without it; a rollout may take hours.
            gc.freeze()
            gc.enable()
