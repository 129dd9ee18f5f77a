"""The workbench of a step: its log, its tools, its machine."""

import os
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fediversity.ledger.sqlite import Ledger
from fediversity.ledger.vars_hashes import vars_folder, vars_hashes
from fediversity.steps.job import Job, StepError
from fediversity.steps.log import Log
from fediversity.steps.transport.cancellation import Cancellation
from fediversity.steps.transport.process import OutputWatcher, ProcessResult, capture, run_tool, tool_environment
from fediversity.steps.transport.ssh import Target

_AROUND_SECONDS = 2400.0
_LEAST_AROUND_SECONDS = 60.0
_STAND_INS = Path("fediversity", "embedded_cloud", "bin")


@dataclass(frozen=True)
class StepContext:
    """What every kind of step works with. `record` is the number of the step's own record in the ledger."""

    job: Job
    project: Path
    log: Log
    stop: Cancellation
    ledger: Ledger
    record: int

    @property
    def flake(self) -> Path:
        """The flake's folder."""
        return self.project / Path(self.job.flake).expanduser()

    @property
    def vars(self) -> Mapping[str, str]:
        """The hashes of the vars and keys that concern the step's machine, as they are now."""
        folder = vars_folder(self.flake, self.job.state_dir, simulated=self.job.simulated)
        machine = self.job.machine or ""
        return vars_hashes(folder, [machine])[machine]

    def machine(self, *, alias: str | None = None, accept_new: bool = False) -> Target:
        """The step's machine over SSH. Without `alias`, under the name its own host key is pinned by."""
        job = self.job
        if job.address is None or job.machine is None:
            raise StepError("the step was not told the machine's address", "this is a defect of the plan")
        return self._target(job.address, job.port, job.user, alias or job.machine, accept_new=accept_new)

    def image(self) -> Target:
        """The machine as the cloud delivered it: its host key is pinned for this very server at first contact."""
        return self.machine(alias=f"{self.job.machine}.{_word(self.job.server_id)}.image", accept_new=True)

    def controller(self) -> Target:
        """The controller of the mesh that the machine joins."""
        job = self.job
        if job.controller is None or job.controller_address is None:
            raise StepError("the step was not told who controls the mesh", "this is a defect of the plan")
        return self._target(job.controller_address, job.controller_port, job.controller_user, job.controller)

    def _target(self, host: str, port: int, user: str, alias: str, *, accept_new: bool = False) -> Target:
        return Target(
            host=host,
            port=port,
            user=user,
            alias=alias,
            known_hosts=self.job.known_hosts,
            identity=self.job.identity,
            accept_new=accept_new,
            stop=self.stop,
        )

    def patient(self, seconds: float) -> float:
        """How long to wait here for what usually takes at most `seconds`."""
        return seconds * self.job.patience

    @property
    def overall(self) -> float:
        """How long the whole step may take in seconds, its waiting for a turn apart."""
        own = sum(check.timeout for check in self.job.checks)
        return self.job.timeout + self.patient(_AROUND_SECONDS + own) + _LEAST_AROUND_SECONDS

    def tool(
        self,
        command: tuple[str, ...] | None = None,
        *,
        directory: Path | None = None,
        watch: OutputWatcher | None = None,
    ) -> None:
        """Runs the step's tool in the project's folder, or in `directory`, its output going to the log.

        `command` is used in place of the step's own. Raises StepError if it fails.
        """
        command = command or self.job.command
        self.log.note(f"$ {shlex.join(command)}")
        finished = run_tool(
            command,
            log=self.log,
            stop=self.stop,
            timeout=self.job.timeout,
            environment=self._environment(),
            directory=directory or self.project,
            watch=watch,
        )
        if finished.status != 0:
            raise _failed(command, finished)

    def var(self, machine: str, name: str) -> str:
        """The value of a clan var, e.g. `openssh/ssh.id_ed25519.pub`. It is hidden from the log from then on."""
        command = ("clan", "vars", "get", machine, name, "--flake", f"path:{self.flake}")
        words = shlex.join(command)
        self.log.note(f"$ {words}")
        done = capture(
            command,
            stop=self.stop,
            timeout=self.job.timeout,
            environment=self._environment(),
            directory=self.project,
        )
        if not name.endswith(".pub"):
            self.log.hide(done.stdout)
        if done.stderr:
            self.log.note(done.stderr)
        if done.status is None:
            raise StepError(f"`{words}` took longer than {self.job.timeout:g} s", "try it by hand")
        if done.status != 0 or not done.stdout.strip():
            last = done.stderr.splitlines()[-1] if done.stderr else "it printed nothing"
            hint = f"try it by hand; `clan vars generate {machine} --flake path:{self.flake}` makes what is missing"
            raise StepError(f"`{words}` exited with {done.status}: {last}", hint)
        return done.stdout

    def _environment(self) -> dict[str, str]:
        first = [Path(sys.executable).parent]
        if self.job.simulated:
            first.insert(0, self.project / _STAND_INS)
        return tool_environment(os.environ, stack=self.job.stack, state_dir=self.job.state_dir, first_on_path=first)


def _failed(command: tuple[str, ...], finished: ProcessResult) -> StepError:
    how = f"exited with {finished.status}" if finished.status >= 0 else f"was ended by signal {-finished.status}"
    lines = "".join(f"\n    {line}" for line in finished.tail.splitlines())
    hint = "mend what it says; the next rollout tries again"
    return StepError(f"`{' '.join(command[:4])} …` {how}:{lines}", hint)


def _word(text: str | None) -> str:
    return "".join(char if char.isalnum() else "-" for char in text or "unknown")
