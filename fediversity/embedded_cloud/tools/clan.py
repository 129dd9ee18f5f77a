"""Simulates `clan`: its complete grammar, and the commands that a rollout uses."""

import os
import re
import sys
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from fediversity.embedded_cloud.tools import clan_grammar
from fediversity.embedded_cloud.tools.errors import ToolError
from fediversity.embedded_cloud.tools.log import announce_simulation, print_lines

if TYPE_CHECKING:
    from fediversity.embedded_cloud.tools.flake import Flake
    from fediversity.embedded_cloud.tools.workspace import Workspace

_REGISTRY_ENTRY = re.compile(r"[A-Za-z][\w-]*(/[^/]+){0,2}")
_FLAKE_MARKERS = (".clan-flake", ".git", ".hg", ".svn", "flake.nix")


def main(words: list[str]) -> int:
    """Runs one command line and returns the exit status: 0, or 1 for an error. argparse itself exits with 2."""
    args = clan_grammar.parse(words)
    if not args.leaf:
        return 0
    announce_simulation("clan")
    try:
        return _run(args)
    except ToolError as error:
        print_lines(str(error))
    except KeyboardInterrupt:
        print_lines("Interrupted by user")
    return 1


def _run(args: Namespace) -> int:
    command = _command(args.leaf)
    # Imported here so that help and refusals start without these modules.
    from fediversity.embedded_cloud.tools.flake import Flake  # noqa: PLC0415
    from fediversity.embedded_cloud.tools.workspace import Workspace  # noqa: PLC0415

    flake = Flake.load(_flake_folder(args.flake))
    return command(flake, Workspace.from_environment(), args)


def _command(leaf: str) -> "Callable[[Flake, Workspace, Namespace], int]":
    if leaf.startswith("machines "):
        from fediversity.embedded_cloud.tools import clan_machines as module  # noqa: PLC0415

        commands = {
            "machines list": module.list_command,
            "machines build": module.build_command,
            "machines generations": module.generations_command,
            "machines update": module.update_command,
            "machines install": module.install_command,
        }
    else:
        from fediversity.embedded_cloud.tools import clan_vars  # noqa: PLC0415

        commands = {
            "vars generate": clan_vars.generate_command,
            "vars check": clan_vars.check_command,
            "vars get": clan_vars.get_command,
            "vars list": clan_vars.list_command,
            "vars upload": clan_vars.upload_command,
        }
    if leaf not in commands:
        raise ToolError(f"the simulated clan does not do `clan {leaf}`")
    return commands[leaf]


def _flake_folder(reference: str | None) -> Path:
    """Returns `--flake`, otherwise CLAN_DIR, otherwise the nearest parent folder that looks like a flake."""
    if reference is None:
        reference = os.environ.get("CLAN_DIR")
    if reference is not None:
        return _resolve_reference(reference)
    here = Path.cwd()
    for folder in (here, *here.parents):
        if any((folder / mark).exists() for mark in _FLAKE_MARKERS):
            return folder
    raise ToolError("No clan flake found in the current directory or its parents")


def _resolve_reference(reference: str) -> Path:
    """Returns the folder of a flake reference, as Nix reads it: a bare word is an entry of the registry.

    Nix reads a folder inside a git repository as that repository with `?dir=`. clan loses this part and looks for the
    flake at the top.
    """
    if _REGISTRY_ENTRY.fullmatch(reference):
        raise ToolError(
            f"error: cannot find flake 'flake:{reference}' in the flake registries (simulated: there are none)"
        )
    folder = Path(reference.removeprefix("path:")).absolute()
    if not folder.is_dir():
        raise ToolError(f"Flake '{reference}' does not exist or is not a valid flake.")
    if not reference.startswith("path:"):
        top = next((above for above in (folder, *folder.parents) if (above / ".git").exists()), folder)
        if top != folder:
            raise ToolError(
                f"error: path '{top}/flake.nix' does not exist: write `path:{folder}` for a folder in a repository"
            )
    return folder


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
