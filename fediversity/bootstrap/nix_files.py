"""Checks and formats every Nix file of the checkout; each problem names its file and line."""

import json
import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from fediversity.bootstrap.nix_tools import NixTools
from fediversity.bootstrap.report import BootstrapError

_MADE_BY_TOOLS = frozenset({"dist", "build", "node_modules"})

_NIX_ERROR = re.compile(r"^\s*error: (?P<text>.+)$", re.MULTILINE)
_FORMATTER_ERROR = re.compile(r"^(?:Error(?:\[\w+\])?: )?(?P<text>(?:unexpected|expected|expecting|unclosed).*)$", re.M)
_PLACE = re.compile(r":(?P<line>\d+):\d+")
_STATIX = re.compile(r"^.*>(?P<line>\d+):\d+:[WEI]:(?P<code>\d+):(?P<text>.*)$")


@dataclass(frozen=True, order=True)
class NixProblem:
    """A problem and its place, printed in the form that editors and terminals recognise."""

    path: Path
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.text}"


def nix_files(root: Path) -> Sequence[Path]:
    """Returns every Nix file below `root`, except in hidden folders and in folders that tools make."""
    found = []
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if not name.startswith(".") and name not in _MADE_BY_TOOLS]
        found += [Path(folder, name) for name in files if name.endswith(".nix")]
    return sorted(found)


def check_nix_files(files: Sequence[Path], tools: NixTools, settings: Path) -> Sequence[NixProblem]:
    """Returns all problems of all files. A file that does not parse is reported as that and nothing more.

    `settings` is the folder with the `statix.toml` that holds for all files, wherever they are.
    """
    unreadable = [problem for file in files for problem in _parse(file, tools)]
    readable = [file for file in files if file not in {problem.path for problem in unreadable}]
    problems = [problem for file in readable for problem in (*_formatted(file, tools), *_lints(file, tools, settings))]
    return sorted({*unreadable, *problems, *_dead_code(readable, tools)})


def fmt(files: Sequence[Path], tools: NixTools) -> tuple[Sequence[Path], Sequence[NixProblem]]:
    """Formats the files in place. Returns those that were changed, and the problems of those that do not parse."""
    if tools.nixfmt is None:
        return (), ()
    changed, problems = [], []
    for file in files:
        before = file.read_bytes()
        after = _format(file, before, tools.nixfmt)
        if isinstance(after, NixProblem):
            problems.append(after)
        elif after != before:
            file.write_bytes(after)
            changed.append(file)
    return changed, problems


def _parse(file: Path, tools: NixTools) -> Iterator[NixProblem]:
    """Parses with Nix where it is installed (it finds undefined variables too), else with the formatter."""
    if tools.nix_instantiate is not None:
        # Parsing needs no store, so none is opened.
        env = {**os.environ, "NIX_REMOTE": "dummy://"}
        done = _run([tools.nix_instantiate, "--parse", file], env=env)
        if done.returncode != 0:
            yield _problem(file, done.stderr.decode(errors="replace"), _NIX_ERROR)
    elif tools.nixfmt is not None:
        formatted = _format(file, file.read_bytes(), tools.nixfmt)
        if isinstance(formatted, NixProblem):
            yield formatted


def _formatted(file: Path, tools: NixTools) -> Iterator[NixProblem]:
    if tools.nixfmt is None:
        return
    before = file.read_bytes()
    after = _format(file, before, tools.nixfmt)
    if isinstance(after, NixProblem):
        yield after
    elif after != before:
        yield NixProblem(file, _first_difference(before, after), "not formatted; `./just fmt` corrects it")


def _format(file: Path, content: bytes, nixfmt: Path) -> bytes | NixProblem:
    done = _run([nixfmt, "-"], content=content)
    if done.returncode == 0:
        return done.stdout
    return _problem(file, done.stderr.decode(errors="replace"), _FORMATTER_ERROR)


def _first_difference(before: bytes, after: bytes) -> int:
    old, new = before.splitlines(), after.splitlines()
    same = next((i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    return max(1, min(same + 1, len(old)))


def _dead_code(files: Sequence[Path], tools: NixTools) -> Iterator[NixProblem]:
    if tools.deadnix is None or not files:
        return
    done = _run([tools.deadnix, "--fail", "--output-format", "json", *files])
    reports = [json.loads(line) for line in done.stdout.splitlines() if line.startswith(b"{")]
    if bool(reports) != (done.returncode != 0):
        raise BootstrapError(f"deadnix failed: {done.stderr.decode(errors='replace').strip()}")
    for report in reports:
        for result in report["results"]:
            yield NixProblem(Path(report["file"]), result.get("line", 1), result["message"])


def _lints(file: Path, tools: NixTools, settings: Path) -> Iterator[NixProblem]:
    if tools.statix is None:
        return
    done = _run([tools.statix, "check", "--format", "errfmt", "--config", settings, file])
    found = [match for line in done.stdout.decode().splitlines() if (match := _STATIX.match(line))]
    # Its exit status is 0 even if it could not read its own settings.
    if bool(found) != (done.returncode != 0) or done.stderr:
        raise BootstrapError(f"statix failed: {done.stderr.decode(errors='replace').strip() or done.stdout.decode()}")
    for match in found:
        yield NixProblem(file, int(match["line"]), f"{match['text']} (statix W{int(match['code']):02})")


def _problem(file: Path, said: str, error: re.Pattern[str]) -> NixProblem:
    """Turns a parser's message into a problem with the place it names."""
    place, text = _PLACE.search(said), error.search(said)
    words = text["text"] if text else next((line for line in said.splitlines() if line.strip()), "it cannot be parsed")
    return NixProblem(file, int(place["line"]) if place else 1, words.strip())


def _run(
    command: Sequence[str | Path], *, content: bytes = b"", env: dict[str, str] | None = None
) -> "subprocess.CompletedProcess[bytes]":
    plain = {**(env or os.environ), "NO_COLOR": "1"}
    try:
        return subprocess.run(command, input=content, env=plain, capture_output=True, check=False)
    except OSError as error:
        raise BootstrapError(f"{command[0]} did not start: {error}") from error
