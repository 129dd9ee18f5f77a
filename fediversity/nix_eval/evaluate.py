"""Evaluates the system of each machine of the flake."""

import json
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fediversity.nix_eval.parallel_commands import CommandResult, run_all

MACHINE_SECONDS = 900.0
"""How long the evaluation of one machine may take, including the download of its inputs."""

_READ = """build: {
  derivation = build.toplevel.drvPath;
  output = build.toplevel.outPath;
  below = (build.withoutDeployments or build.toplevel).drvPath;
}"""
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_MOST_LINES = 8


@dataclass(frozen=True)
class System:
    """A machine's whole system: the derivation that builds it, and the store path of its output.

    `below` is the derivation of the system without the applications that are deployed on it.
    """

    derivation: str
    output: str
    below: str


@dataclass(frozen=True)
class Evaluation:
    """The results: the systems of the machines that evaluate, and the errors of the others."""

    systems: Mapping[str, System]
    failed: Mapping[str, str]


@dataclass(frozen=True)
class Nix:
    """The installed `nix`: its program, and the environment that it is started with."""

    program: str
    environment: Mapping[str, str]

    @classmethod
    def found(cls, environment: Mapping[str, str]) -> "Nix | None":
        """Returns the `nix` on PATH, if any. Pulumi's variables, such as a passphrase, are not passed on to it."""
        program = shutil.which("nix", path=environment.get("PATH"))
        kept = {name: value for name, value in environment.items() if not name.startswith("PULUMI_")}
        return cls(os.path.abspath(program), kept) if program else None

    def command(self, *words: str) -> tuple[str, ...]:
        """Returns a command line of Nix' newer commands."""
        return (self.program, "--extra-experimental-features", "nix-command flakes", *words)

    def run_all(
        self, commands: Mapping[str, Sequence[str]], *, at_once: int, seconds: float = MACHINE_SECONDS
    ) -> dict[str, CommandResult]:
        """Runs several Nix commands at once, each under supervision."""
        return run_all(commands, at_once=at_once, seconds=seconds, environment=self.environment)


def evaluate(
    nix: Nix, flake: Path, classes: Mapping[str, str], *, at_once: int, seconds: float = MACHINE_SECONDS
) -> Evaluation:
    """Evaluates machines by their classes (nixos or darwin), each in its own process.

    So a failure does not stop the others, and the memory of each evaluation is freed.
    """
    commands = {name: _command(nix, flake, name, cls) for name, cls in classes.items()}
    systems: dict[str, System] = {}
    failed: dict[str, str] = {}
    for name, ended in nix.run_all(commands, at_once=at_once, seconds=seconds).items():
        found = _system(ended)
        if isinstance(found, System):
            systems[name] = found
        else:
            failed[name] = f"the evaluation took longer than {seconds:g} s" if ended.status is None else found
    return Evaluation(systems, failed)


def _command(nix: Nix, flake: Path, machine: str, cls: str) -> tuple[str, ...]:
    return nix.command(
        "eval",
        "--json",
        # A preview writes nothing: a lock file that does not fit is an error, not a reason to ask the network.
        "--no-update-lock-file",
        # Results are cached here; Nix' own cache keeps failures without their reason, and one process locks it.
        *("--option", "eval-cache", "false"),
        # `path:` because the flake is a folder inside a git repository, and files that git does not track count too.
        f'path:{flake.resolve()}#{cls}Configurations."{machine}".config.system.build',
        *("--apply", _READ),
    )


def _system(ended: CommandResult) -> System | str:
    """Returns the system that an evaluation printed, or why there is none."""
    if ended.status != 0:
        return error_text(ended.stderr) or f"`nix eval` exited with {ended.status}"
    try:
        return System(**json.loads(ended.stdout))
    except (ValueError, TypeError):
        return f"`nix eval` printed something else than was asked for: {ended.stdout[:200]!r}"


def error_text(stderr: str) -> str:
    """Returns the error from Nix' output: the last one, which is the cause, without the trace before it."""
    lines = [line.rstrip() for line in _COLOURS.sub("", stderr).splitlines()]
    starts = [number for number, line in enumerate(lines) if re.match(r"\s*error:", line)]
    kept = lines[starts[-1] :] if starts else [line for line in lines if line and not line.startswith("warning:")][-3:]
    indent = len(kept[0]) - len(kept[0].lstrip()) if kept else 0
    text = [line[indent:] if not line[:indent].strip() else line.lstrip() for line in kept[:_MOST_LINES]]
    return "\n".join(text).removeprefix("error:").strip()
