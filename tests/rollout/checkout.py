"""A copy of the project in a temporary folder, and the real engine started in it as a person would."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from fediversity.bootstrap.paths import Paths
from fediversity.bootstrap.plugins import ensure_plugins
from fediversity.ledger.records import StepRecord
from fediversity.ledger.sqlite import Ledger

PROJECT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Done:
    """A command that has ended. `output` holds both streams."""

    status: int
    output: str


@dataclass(frozen=True)
class Checkout:
    """A copy of the project with its own state, and its dev stack."""

    root: Path
    environment: dict[str, str]

    @property
    def stack_dir(self) -> Path:
        """What the rollout writes outside the engine's own state."""
        return self.root / ".fediversity" / "dev"

    def run(self, *command: str, seconds: float = 300.0) -> Done:
        """Runs a command in the checkout."""
        done = subprocess.run(
            command,
            cwd=self.root,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            errors="replace",
            timeout=seconds,
            check=False,
        )
        return Done(done.returncode, done.stdout)

    def start(self, *command: str) -> subprocess.Popen[bytes]:
        """Starts a command in the checkout and leaves it running; its output goes to `started.log`."""
        with (self.root.parent / "started.log").open("wb") as log:
            return subprocess.Popen(
                command,
                cwd=self.root,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def pulumi(self, *arguments: str, seconds: float = 300.0) -> Done:
        """The engine itself, as somebody with an official Pulumi starts it."""
        return self.run("pulumi", *arguments, "--non-interactive", "--color=never", seconds=seconds)

    def just(self, operation: str, *options: str, seconds: float = 300.0) -> Done:
        """What `./just OPERATION dev` starts."""
        return self.run(sys.executable, "-m", "fediversity.cli.main", operation, "dev", *options, seconds=seconds)

    def local(self, *words: str) -> Done:
        """`fediversity local …`: makes simulated machines fail, and heals them."""
        return self.run(sys.executable, "-m", "fediversity.cli.main", "local", *words)

    def must(self, done: Done) -> str:
        """The output of a command that must have ended well."""
        assert done.status == 0, f"exit status {done.status}:\n{done.output}"
        return done.output

    def changes(self, done: Done) -> dict[str, int]:
        """What the engine counted at the end of an operation, e.g. {"created": 12, "unchanged": 3}."""
        summary = done.output.rpartition("Resources:")[2]
        return {word: int(count) for count, word in re.findall(r"(\d+) (\w+)", summary.partition("Duration")[0])}

    def records(self) -> tuple[StepRecord, ...]:
        """Everything in the ledger."""
        return Ledger(self.stack_dir / "ledger.sqlite").records()

    def plan(self) -> list[dict[str, Any]]:
        """The steps of the plan, as `fediversity plan --json` prints them."""
        done = subprocess.run(
            [sys.executable, "-m", "fediversity.cli.main", "plan", "dev", "--json"],
            cwd=self.root,
            env=self.environment,
            capture_output=True,
            text=True,
            check=True,
        )
        steps: list[dict[str, Any]] = json.loads(done.stdout)["steps"]
        return steps

    def pending_operations(self) -> list[dict[str, Any]]:
        """What the engine had begun and not ended when it last wrote its state."""
        exported = json.loads(self.must(self.run("pulumi", "stack", "export", "--stack", "dev")))
        return list(exported["deployment"].get("pending_operations") or ())

    def resources(self) -> list[dict[str, Any]]:
        """The resources in the engine's state."""
        exported = json.loads(self.must(self.run("pulumi", "stack", "export", "--stack", "dev")))
        found: list[dict[str, Any]] = exported["deployment"].get("resources") or []
        return found

    def edit_fleet(self, change: Callable[[dict[str, Any]], None]) -> None:
        """Changes the fleet file as plain data, and writes the hand-off to Nix anew."""
        path = self.root / "stacks" / "dev.yaml"
        data = yaml.safe_load(path.read_text())
        change(data)
        path.write_text(yaml.safe_dump(data, sort_keys=False))
        self.must(self.run(sys.executable, "-m", "fediversity.cli.main", "render", "dev"))

    def machines(self) -> dict[str, dict[str, Any]]:
        """What the embedded cloud knows of each simulated machine, by name."""
        found = (json.loads(path.read_text()) for path in self.stack_dir.glob("cloud/machines/*/machine.json"))
        return {machine["spec"]["name"]: machine["spec"] | machine for machine in found}

    def connections(self) -> int:
        """How many lines the simulated machines have written about SSH connections."""
        files = self.stack_dir.glob("cloud/machines/*/connections.jsonl")
        return sum(len(path.read_text().splitlines()) for path in files)

    def processes(self) -> list[str]:
        """The processes that work in this checkout, by their command lines."""
        return [command for _, command in self._processes()]

    def process_table(self) -> list[tuple[int, str]]:
        """The processes that work in this checkout: id and command line."""
        return list(self._processes())

    def _processes(self) -> Iterator[tuple[int, str]]:
        for entry in Path("/proc").iterdir():
            if entry.name.isdecimal() and int(entry.name) != os.getpid():
                try:
                    command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                    here = os.readlink(entry / "cwd")
                except OSError:
                    continue
                if here.startswith(str(self.root)) or str(self.root) in command:
                    yield int(entry.name), command.strip()

    def files(self) -> dict[str, tuple[int, int]]:
        """Every file of the checkout but the engine's state and Python's caches: size and time of change."""
        kept = {}
        for path in self.root.rglob("*"):
            parts = path.relative_to(self.root).parts
            if not path.is_symlink() and path.is_file() and not {".pulumi", "__pycache__", ".venv"} & set(parts):
                status = path.stat()
                kept["/".join(parts)] = (status.st_size, status.st_mtime_ns)
        return kept

    def end(self) -> None:
        """Ends whatever a failed test left running in this checkout."""
        for pid, _ in self.process_table():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue


def environment_at(home: Path) -> dict[str, str]:
    """The environment of a person with that home, whose engine has the local plug-ins and nothing else."""
    assert shutil.which("pulumi"), "the engine is not on PATH: start the tests by `./just test`"
    # Nor does a person's Python compile the project anew each time it starts.
    left_out = ("PULUMI_", "PYTHONDONTWRITEBYTECODE")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
    environment |= {
        "HOME": str(home),
        "PULUMI_HOME": str(home / ".pulumi"),
        "FEDIVERSITY_CACHE": str(home / "cache"),
        "PULUMI_CONFIG_PASSPHRASE": "",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PATH": f"{PROJECT / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}",
    }
    ensure_plugins(Paths.of(PROJECT, environment))
    return environment


def copy_project(target: Path) -> None:
    """Copies what git knows of the project, and what is new and not ignored; shares its virtual environment."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=PROJECT,
        capture_output=True,
        check=True,
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        source = PROJECT / name
        if source.is_file() and not name.startswith("tests/"):
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target / name)
    (target / ".venv").symlink_to(PROJECT / ".venv")


def wait_until(true: Callable[[], bool], seconds: float, what: str) -> None:
    """Asks again and again until something is true. Fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"{what}: not within {seconds:.0f} s"
        time.sleep(0.02)
