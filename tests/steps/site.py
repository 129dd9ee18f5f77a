"""A project's folder for tests of the runner: with tools that are small scripts, and the runner started in it."""

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from fediversity.ledger.records import StepKind, StepRecord
from fediversity.ledger.sqlite import Ledger
from fediversity.steps.context import StepContext
from fediversity.steps.job import Job
from fediversity.steps.log import Log
from fediversity.steps.specs import MachineSpec, StepSpec, UnlockSpec, VarsSpec
from fediversity.steps.transport.cancellation import Cancellation
from fediversity.steps.transport.ssh import Target, pin_host_key
from fediversity.support.redact import Redactor
from tests.steps.machines import ScriptedMachine

SPECS: Mapping[str, type[Any]] = {kind.__name__.removesuffix("Spec").lower(): kind for kind in get_args(StepSpec)}
"""The class of each kind of step."""

RUNNER = (sys.executable, "-m", "fediversity.steps.main")

_CLAN = """\
printf '%s\\n' "$*" >>{calls}
if [ "$1 $2" = "vars get" ]; then
    [ -e {vars}/"$3/$4" ] && exec cat {vars}/"$3/$4"
    echo "no value for $4 of $3" >&2
    exit 1
fi
{body}
"""


@dataclass(frozen=True)
class Ended:
    """A runner that has ended."""

    status: int
    stdout: str
    stderr: str


@dataclass(frozen=True)
class Site:
    """A project's folder, its stack `test`, and the scripts it finds its tools in."""

    project: Path
    bin: Path
    identity: Path

    @property
    def state_dir(self) -> Path:
        """The stack's own folder."""
        return self.project / ".fediversity" / "test"

    @property
    def known_hosts(self) -> Path:
        """The stack's pinned host keys."""
        return self.state_dir / "known_hosts"

    @property
    def ledger(self) -> Ledger:
        """The stack's ledger."""
        return Ledger(self.state_dir / "ledger.sqlite")

    @property
    def records(self) -> tuple[StepRecord, ...]:
        """The records of the ledger."""
        return self.ledger.records()

    @property
    def only_record(self) -> StepRecord:
        """The one record of the ledger."""
        (record,) = self.records
        return record

    @property
    def log_text(self) -> str:
        """The text of all logs, in the order of their ends."""
        logs = sorted(self.state_dir.glob("logs/*/*.log"), key=lambda path: path.stat().st_mtime_ns)
        return "".join(path.read_text() for path in logs)

    @property
    def clan_calls(self) -> list[str]:
        """The command lines that the stand-in `clan` was started with."""
        calls = self.bin / "clan.calls"
        return calls.read_text().splitlines() if calls.exists() else []

    def script(self, name: str, body: str) -> Path:
        """Puts a shell script on PATH."""
        path = self.bin / name
        path.write_text(f"#!/bin/sh\n{body}")
        path.chmod(0o755)
        return path

    def clan(self, body: str = "exit 0\n", vars_: Mapping[str, str] | None = None) -> None:
        """Puts a `clan` on PATH that knows these vars (`MACHINE/GENERATOR/FILE`) and runs `body` for anything else."""
        values = self.bin / "vars"
        for name, value in (vars_ or {}).items():
            (values / name).parent.mkdir(parents=True, exist_ok=True)
            (values / name).write_text(value)
        places = {"calls": shlex.quote(str(self.bin / "clan.calls")), "vars": shlex.quote(str(values))}
        self.script("clan", _CLAN.format(**places, body=body))

    def context(
        self,
        verb: StepKind,
        there: ScriptedMachine | None = None,
        command: tuple[str, ...] = (),
        *,
        subject: str = "cinnabar",
        **more: Any,
    ) -> StepContext[Any]:
        """Returns the context of a step in this process, with its record in the ledger."""
        facts: dict[str, Any] = {"machine": "cinnabar", "fleet": "seed", "timeout": 10.0, "identity": self.identity}
        facts |= {"patience": 0.01, "address": "127.0.0.1"}
        if there is not None:
            facts |= {"address": there.address, "port": there.port}
        facts |= more
        common = {name: facts[name] for name in Job._fields if name in facts}
        job = Job(verb=verb, subject=subject, stack="test", state_dir=self.state_dir, **common)
        spec = spec_of(verb, {"command": command, "deployment": subject, **facts})
        machine = None if isinstance(spec, VarsSpec) else spec.machine
        self.ledger.create()
        record = self.ledger.begin(
            step=job.step,
            kind=verb,
            machine=machine.name if machine else None,
            server_id=job.server_id,
            fingerprint=job.fingerprint,
            command=" ".join(command),
            log=None,
            size=spec.size if isinstance(spec, UnlockSpec) else None,
        )
        log = Log(self.state_dir / "logs" / "cinnabar" / f"{job.step}-{record}.log", Redactor())
        return StepContext(job, spec, self.project, log, Cancellation(), self.ledger, record)

    def target(self, machine: ScriptedMachine, *, pin: bool = True, accept_new: bool = False) -> Target:
        """Returns a machine as the runner reaches it under the name cinnabar, its host key pinned."""
        if pin:
            pin_host_key(self.known_hosts, "cinnabar", machine.host_public_key)
        return Target(
            host=machine.address,
            port=machine.port,
            user="root",
            alias="cinnabar",
            known_hosts=self.known_hosts,
            identity=self.identity,
            accept_new=accept_new,
        )

    def start(self, verb: str, subject: str, *more: str, **environment: str) -> subprocess.Popen[str]:
        """Starts the runner as Pulumi's plug-in does: with its output in pipes."""
        return subprocess.Popen(
            [*RUNNER, verb, subject, "--stack", "test", *more],
            cwd=self.project,
            env=os.environ | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, verb: str, subject: str, *more: str, **environment: str) -> Ended:
        """Runs the runner to its end."""
        process = self.start(verb, subject, *more, **environment)
        stdout, stderr = process.communicate(timeout=60)
        return Ended(process.returncode, stdout, stderr)

    def vars_step(self, *more: str, **environment: str) -> Ended:
        """Runs the step that needs no machine; its tool is the script `tool`."""
        return self.run("vars", "fleet", *more, "--", "tool", "--and", "its options", **environment)


def spec_of(verb: StepKind, facts: Mapping[str, Any]) -> StepSpec:
    """Returns the specification of a kind of step from facts that may have more than it needs."""
    machine = MachineSpec(facts["machine"], **_for(MachineSpec, facts))
    kind = SPECS[verb]
    spec: StepSpec = kind(**({} if kind is VarsSpec else {"machine": machine}), **_for(kind, facts))
    return spec


def _for(kind: Any, facts: Mapping[str, Any]) -> dict[str, Any]:
    names = {*kind._fields} - {"machine", "name"}
    return {name: value for name, value in facts.items() if name in names}


def wait_until(condition: Callable[[], object], seconds: float = 15.0) -> None:
    """Waits until a condition is true. Fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not become true"
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    """Whether a process runs. A process that has ended and was not waited for does not."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return not Path("/proc/self").exists()
    except ProcessLookupError:
        return False


def pid_in(path: Path) -> int:
    """Returns the process id that a script writes to a file when it starts."""
    wait_until(lambda: path.exists() and path.read_text().strip())
    return int(path.read_text())
