"""Evaluating each machine of the flake: which system Nix would build for it."""

import json
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fediversity.nix_eval.parallel_commands import CommandResult, run_all

MACHINE_SECONDS = 900.0
"""How long the evaluation of one machine may take, its inputs being fetched included."""

_READ = """build: {
  derivation = build.toplevel.drvPath;
  output = build.toplevel.outPath;
  below = (build.withoutDeployments or build.toplevel).drvPath;
}"""
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_MOST_LINES = 8


@dataclass(frozen=True)
class System:
    """A machine's whole system: the derivation that builds it, the path in the store that it will have.

    `below` is the derivation of what lies below the applications that are deployed on the machine.
    """

    derivation: str
    output: str
    below: str


@dataclass(frozen=True)
class Evaluation:
    """What came out of evaluating machines: the systems of those that could be, and why the others could not."""

    systems: Mapping[str, System]
    failed: Mapping[str, str]


@dataclass(frozen=True)
class Nix:
    """The `nix` of a person: its program, and the environment it is started with."""

    program: str
    environment: Mapping[str, str]

    @classmethod
    def found(cls, environment: Mapping[str, str]) -> "Nix | None":
        """The `nix` on PATH, if there is one. It is not handed what belongs to the engine, such as a passphrase."""
        program = shutil.which("nix", path=environment.get("PATH"))
        kept = {name: value for name, value in environment.items() if not name.startswith("PULUMI_")}
        return cls(os.path.abspath(program), kept) if program else None

    def command(self, *words: str) -> tuple[str, ...]:
        """A command line of Nix's newer commands."""
        return (self.program, "--extra-experimental-features", "nix-command flakes", *words)

    def run_all(
        self, commands: Mapping[str, Sequence[str]], *, at_once: int, seconds: float = MACHINE_SECONDS
    ) -> dict[str, CommandResult]:
        """Runs several of its commands at once, each under supervision."""
        return run_all(commands, at_once=at_once, seconds=seconds, environment=self.environment)


def evaluate(
    nix: Nix, flake: Path, classes: Mapping[str, str], *, at_once: int, seconds: float = MACHINE_SECONDS
) -> Evaluation:
    """Evaluates machines, given the class of each (nixos or darwin), each in a process of its own.

    So one that fails does not stop the others, and the memory that one took is given back.
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
        # A preview writes nothing. A lock file that does not fit is an error that says so, not a search in the network.
        "--no-update-lock-file",
        # We remember results ourselves; Nix' own memory keeps failures without their reason, and is locked by one.
        *("--option", "eval-cache", "false"),
        # As a path: the flake is a folder inside a git repository, and files that are not added to it count as well.
        f'path:{flake.resolve()}#{cls}Configurations."{machine}".config.system.build',
        *("--apply", _READ),
    )


def _system(ended: CommandResult) -> System | str:
    """What an evaluation says of a machine, or why it says nothing."""
    if ended.status != 0:
        return error_text(ended.stderr) or f"`nix eval` exited with {ended.status}"
    try:
        return System(**json.loads(ended.stdout))
    except (ValueError, TypeError):
        return f"`nix eval` printed something else than was asked for: {ended.stdout[:200]!r}"


def error_text(stderr: str) -> str:
    """The error itself out of what Nix printed: the last one, which is the cause, without the trace that led there."""
    lines = [line.rstrip() for line in _COLOURS.sub("", stderr).splitlines()]
    starts = [number for number, line in enumerate(lines) if re.match(r"\s*error:", line)]
    kept = lines[starts[-1] :] if starts else [line for line in lines if line and not line.startswith("warning:")][-3:]
    indent = len(kept[0]) - len(kept[0].lstrip()) if kept else 0
    text = [line[indent:] if not line[:indent].strip() else line.lstrip() for line in kept[:_MOST_LINES]]
    return "\n".join(text).removeprefix("error:").strip()
