"""Simulates `nix`: `nix copy` between simulated stores and `nix --version`. Refuses all other commands."""

import os
import shlex
import sys

from fediversity.embedded_cloud.tools.errors import ToolError
from fediversity.embedded_cloud.tools.log import announce_simulation, print_lines
from fediversity.embedded_cloud.tools.nix_copy import copy
from fediversity.embedded_cloud.tools.workspace import Workspace

_WITH_VALUES = {"--extra-experimental-features": 1, "--option": 2}
_FLAGS = {"--no-check-sigs", "--substitute-on-destination", "-L", "--show-trace"}


def main(words: list[str]) -> int:
    """Runs one command line and returns the exit status."""
    if words == ["--version"]:
        print("nix (Nix) 2.31.2 (simulated)")
        return 0
    announce_simulation("nix")
    try:
        _run(words)
    except ToolError as error:
        print_lines(str(error))
        return 1
    return 0


def _run(words: list[str]) -> None:
    url: str | None = None
    plain: list[str] = []
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word == "--to" and rest:
            url = rest.pop(0)
        elif word in _WITH_VALUES:
            del rest[: _WITH_VALUES[word]]
        elif word.startswith("-") and word not in _FLAGS:
            raise ToolError(f"error: unrecognised flag '{word}' (simulated nix)")
        elif word not in _FLAGS:
            plain.append(word)
    if plain[:1] != ["copy"] or url is None or not plain[1:]:
        raise ToolError(f"error: the simulated nix does not do `nix {shlex.join(words)}`")
    copy(plain[1:], url, shlex.split(os.environ.get("NIX_SSHOPTS", "")), Workspace.from_environment().store)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
