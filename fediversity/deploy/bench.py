"""The workbench of a step: its log, its tools, its machine."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fediversity.deploy.job import Job, StepError
from fediversity.deploy.process import Finished, Log, Stop, run_tool, tool_environment
from fediversity.deploy.ssh import Target

_STAND_INS = Path("fediversity", "local", "bin")


@dataclass(frozen=True)
class Bench:
    """What every kind of step works with."""

    job: Job
    project: Path
    log: Log
    stop: Stop
    turn_came: Callable[[], None]
    """To be called when a step that had to wait for others may begin."""

    def machine(self, *, alias: str | None = None, accept_new: bool = False) -> Target:
        """The step's machine over SSH. Without `alias`, under the name its own host key is pinned by."""
        job = self.job
        if job.address is None or job.machine is None:
            raise StepError("the step was not told the machine's address", "this is a defect of the plan")
        return Target(
            host=job.address,
            port=job.port,
            user=job.user,
            alias=alias or job.machine,
            known_hosts=job.known_hosts,
            identity=job.identity,
            accept_new=accept_new,
        )

    def image(self) -> Target:
        """The machine as the cloud delivered it: its host key is pinned for this very server at first contact."""
        return self.machine(alias=f"{self.job.machine}.{_word(self.job.server_id)}.image", accept_new=True)

    def controller(self) -> Target:
        """The controller of the mesh that the machine joins."""
        job = self.job
        if job.controller is None or job.controller_address is None:
            raise StepError("the step was not told who controls the mesh", "this is a defect of the plan")
        return Target(
            host=job.controller_address,
            port=job.controller_port,
            user=job.controller_user,
            alias=job.controller,
            known_hosts=job.known_hosts,
            identity=job.identity,
        )

    def tool(self, *command: str, directory: Path | None = None) -> Finished:
        """Runs a tool, its output going to the log."""
        self.log.note("$ " + " ".join(command))
        return run_tool(
            command,
            log=self.log,
            stop=self.stop,
            timeout=self.job.timeout,
            environment=self._environment(),
            directory=directory or self.project,
        )

    def var(self, machine: str, name: str) -> str:
        """The value of a clan var, e.g. `openssh/ssh.id_ed25519.pub`. It is hidden from the log from then on."""
        command = ("clan", "vars", "get", machine, name, "--flake", self.job.flake)
        self.log.note("$ " + " ".join(command))
        status, value, message = _captured(command, self._environment(), self.project, self.job.timeout)
        if status != 0:
            raise StepError(f"`{' '.join(command)}` exited with {status}: {message}", "run `clan vars check`")
        if not name.endswith(".pub"):
            self.log.hide(value)
        return value

    def _environment(self) -> dict[str, str]:
        first = [Path(sys.executable).parent]
        if self.job.simulated:
            first.insert(0, self.project / _STAND_INS)
        return tool_environment(os.environ, stack=self.job.stack, state_dir=self.job.state_dir, first_on_path=first)


def _captured(
    command: tuple[str, ...], environment: dict[str, str], directory: Path, timeout: float
) -> tuple[int, str, str]:
    try:
        done = subprocess.run(
            command, env=environment, cwd=directory, capture_output=True, text=True, timeout=timeout, check=False
        )
    except FileNotFoundError:
        raise StepError(f"the command `{command[0]}` was not found", "install it and put it on PATH") from None
    except subprocess.TimeoutExpired:
        raise StepError(f"`{' '.join(command)}` took longer than {timeout:.0f} s") from None
    return done.returncode, done.stdout, (done.stderr.strip().splitlines() or [""])[-1]


def _word(text: str | None) -> str:
    return "".join(char if char.isalnum() else "-" for char in text or "unknown")
