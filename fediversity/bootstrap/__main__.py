"""`python -m fediversity.bootstrap` makes the checkout ready; with `status` it prints what is in use.

`nix-tools` gets the programs that check Nix files; `nix-check` and `nix-fmt` run them over every Nix file of the
checkout. `openssh-server` installs what the tests of real SSH connections need.
"""

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from fediversity.bootstrap import nix_files
from fediversity.bootstrap.lock import only_one
from fediversity.bootstrap.nix_tools import NixTools, ensure_nix_tools
from fediversity.bootstrap.openssh_server import ensure_openssh_server
from fediversity.bootstrap.paths import Paths
from fediversity.bootstrap.plugins import ensure_plugins
from fediversity.bootstrap.pulumi import ensure_pulumi, examine
from fediversity.bootstrap.report import say
from fediversity.bootstrap.venv import ensure_venv
from fediversity.bootstrap.wrappers import ensure_programs_start
from fediversity.support.constants import LOCAL_PACKAGES, LOCAL_VERSION
from fediversity.support.entry import run_command

_ROOT = Path(__file__).parents[2]


def main(arguments: list[str]) -> int:
    paths = Paths.of(_ROOT, os.environ)
    command = _COMMANDS[arguments[0] if arguments else "set-up"]
    return run_command(lambda: command(paths), prefix="fediversity: ", subject="the set-up")


def _set_up(paths: Paths) -> int:
    with only_one(paths.cache / "set-up.lock"):
        ensure_venv(paths)
        ensure_programs_start(paths, os.environ)
        ensure_pulumi(paths, os.environ)
        ensure_plugins(paths)
    return 0


def _status(paths: Paths) -> int:
    problem, pulumi = examine(paths.pulumi_links / "pulumi", "in use", os.environ)
    print(f"Pulumi    {f'{pulumi.version}, {pulumi.program.resolve()}' if pulumi else problem}")
    print(f"cache     {paths.cache}")
    for name in LOCAL_PACKAGES:
        there = "installed" if paths.plugin(name).is_file() else "missing: run ./just plugins"
        print(f"plug-in   {name} {LOCAL_VERSION} (simulated): {there}")
    return 0


def _nix_tools(paths: Paths) -> int:
    _tools_with_notes(paths)
    return 0


def _openssh_server(paths: Paths) -> int:
    ensure_openssh_server(paths, os.environ)
    return 0


def _nix_check(paths: Paths) -> int:
    files = nix_files.nix_files(paths.root)
    tools = _tools_with_notes(paths)
    problems = nix_files.check_nix_files(files, tools, paths.root / "nix")
    _print_problems(paths, problems)
    by = ", ".join(tools.names) or "nothing"
    print(
        f"{len(files)} Nix files, checked by {by}: {len(problems) or 'no'} problem{'' if len(problems) == 1 else 's'}"
    )
    return 1 if problems else 0


def _nix_fmt(paths: Paths) -> int:
    changed, problems = nix_files.fmt(nix_files.nix_files(paths.root), _tools_with_notes(paths))
    for path in changed:
        print(f"formatted {path.relative_to(paths.root)}")
    _print_problems(paths, problems)
    return 1 if problems else 0


def _tools_with_notes(paths: Paths) -> NixTools:
    tools = ensure_nix_tools(paths, os.environ)
    for sentence in tools.left_out:
        say(sentence)
    return tools


def _print_problems(paths: Paths, problems: Sequence[nix_files.NixProblem]) -> None:
    for problem in problems:
        print(replace(problem, path=problem.path.relative_to(paths.root)), file=sys.stderr)


_COMMANDS: dict[str, Callable[[Paths], int]] = {
    "set-up": _set_up,
    "status": _status,
    "nix-tools": _nix_tools,
    "openssh-server": _openssh_server,
    "nix-check": _nix_check,
    "nix-fmt": _nix_fmt,
}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
