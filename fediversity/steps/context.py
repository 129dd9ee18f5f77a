"""The context of a step: what it is told, its log, its tools, its machine."""

import os
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

from fediversity.ledger.sqlite import Ledger
from fediversity.ledger.vars_hashes import vars_folder, vars_hashes
from fediversity.steps.job import Job, StepError
from fediversity.steps.log import Log
from fediversity.steps.specs import MachineSpec, OnMachine, StepSpec, SwitchSpec
from fediversity.steps.transport import process
from fediversity.steps.transport.cancellation import Cancellation
from fediversity.steps.transport.process import OutputWatcher, ProcessResult
from fediversity.steps.transport.ssh import Target

SpecT_co = TypeVar("SpecT_co", bound=StepSpec, covariant=True)
OtherT = TypeVar("OtherT", bound=StepSpec)

_AROUND_SECONDS = 2400.0
_LEAST_AROUND_SECONDS = 60.0
_STAND_INS = Path("fediversity", "embedded_cloud", "bin")


@dataclass(frozen=True)
class StepContext(Generic[SpecT_co]):
    """What a step works with. `spec` is what its kind is told, `job` what every kind is told.

    `record` is the number of the step's own record in the ledger.
    """

    job: Job
    spec: SpecT_co
    project: Path
    log: Log
    stop: Cancellation
    ledger: Ledger
    record: int

    def with_spec(self, spec: OtherT) -> "StepContext[OtherT]":
        """Returns the same context for a step that is told `spec`."""
        return cast("StepContext[OtherT]", replace(cast("StepContext[Any]", self), spec=spec))

    @property
    def flake(self) -> Path:
        """The folder of the flake."""
        return self.project / Path(self.job.flake).expanduser()

    def vars_hashes(self, machine: str) -> Mapping[str, str]:
        """Returns the present hashes of the vars and keys that concern a machine."""
        folder = vars_folder(self.flake, self.job.state_dir, simulated=self.job.simulated)
        return vars_hashes(folder, [machine])[machine]

    def target(self: "StepContext[OnMachine]", *, alias: str | None = None, accept_new: bool = False) -> Target:
        """Returns the step's machine as SSH reaches it, by default under the alias of its own host key."""
        return self.target_of(self.spec.machine, alias=alias, accept_new=accept_new)

    def image_target(self: "StepContext[OnMachine]") -> Target:
        """Returns the machine as the cloud delivered it, its host key pinned for this server at first contact."""
        alias = f"{self.spec.machine.name}.{_word(self.job.server_id)}.image"
        return self.target_of(self.spec.machine, alias=alias, accept_new=True)

    def target_of(self, machine: MachineSpec, *, alias: str | None = None, accept_new: bool = False) -> Target:
        """Returns any machine as SSH reaches it."""
        return Target(
            host=machine.address,
            port=machine.port,
            user=machine.user,
            alias=alias or machine.name,
            known_hosts=self.job.known_hosts,
            identity=self.job.identity,
            accept_new=accept_new,
            stop=self.stop,
        )

    def with_patience(self, seconds: float) -> float:
        """Returns how long this runner waits for what usually takes at most `seconds`."""
        return seconds * self.job.patience

    @property
    def overall(self) -> float:
        """How many seconds the whole step may take, without its waiting for a turn."""
        checks = self.spec.checks if isinstance(self.spec, SwitchSpec) else ()
        own = sum(check.timeout for check in checks)
        return self.job.timeout + self.with_patience(_AROUND_SECONDS + own) + _LEAST_AROUND_SECONDS

    def run_tool(
        self, command: tuple[str, ...], *, directory: Path | None = None, watch: OutputWatcher | None = None
    ) -> None:
        """Runs a tool in the project's folder, or in `directory`. Its output goes to the log.

        Raises StepError if it fails.
        """
        self.log.note(f"$ {shlex.join(command)}")
        result = process.run_tool(
            command,
            log=self.log,
            stop=self.stop,
            timeout=self.job.timeout,
            environment=self._environment(),
            directory=directory or self.project,
            watch=watch,
        )
        if result.status != 0:
            raise _tool_failure(command, result)

    def read_var(self, machine: str, name: str) -> str:
        """Returns the value of a clan var, e.g. `openssh/ssh.id_ed25519.pub`, and hides it from the log from then on.

        Raises StepError if clan does not give it.
        """
        command = ("clan", "vars", "get", machine, name, "--flake", f"path:{self.flake}")
        line = shlex.join(command)
        self.log.note(f"$ {line}")
        output = process.capture(
            command,
            stop=self.stop,
            timeout=self.job.timeout,
            environment=self._environment(),
            directory=self.project,
        )
        if not name.endswith(".pub"):
            self.log.hide(output.stdout)
        if output.stderr:
            self.log.note(output.stderr)
        if output.status is None:
            raise StepError(f"`{line}` took longer than {self.job.timeout:g} s", "try it by hand")
        if output.status != 0 or not output.stdout.strip():
            last = output.stderr.splitlines()[-1] if output.stderr else "it printed nothing"
            hint = f"try it by hand; `clan vars generate {machine} --flake path:{self.flake}` makes what is missing"
            raise StepError(f"`{line}` exited with {output.status}: {last}", hint)
        return output.stdout

    def _environment(self) -> dict[str, str]:
        first = [Path(sys.executable).parent]
        if self.job.simulated:
            first.insert(0, self.project / _STAND_INS)
        return process.tool_environment(
            os.environ, stack=self.job.stack, state_dir=self.job.state_dir, first_on_path=first
        )


def _tool_failure(command: tuple[str, ...], result: ProcessResult) -> StepError:
    how = f"exited with {result.status}" if result.status >= 0 else f"was ended by signal {-result.status}"
    lines = "".join(f"\n    {line}" for line in result.tail.splitlines())
    hint = "mend what it says; the next rollout tries again"
    return StepError(f"`{' '.join(command[:4])} …` {how}:{lines}", hint)


def _word(text: str | None) -> str:
    return "".join(char if char.isalnum() else "-" for char in text or "unknown")
