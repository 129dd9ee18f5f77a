"""Simulates `nixops4`: its complete grammar, applying deployments and listing members."""

import sys
from argparse import Namespace

from fediversity.embedded_cloud.tools.errors import ToolError
from fediversity.embedded_cloud.tools.log import announce_simulation, print_lines
from fediversity.embedded_cloud.tools.nixops4_grammar import parse


def main(words: list[str]) -> int:
    """Runs one command line and returns the exit status: 0, or 1 for an error. The parser itself exits with 2."""
    args = parse(words)
    announce_simulation("nixops4")
    try:
        _run(args)
    except ToolError as error:
        print_lines(f"nixops4 error: {error}")
        return 1
    return 0


def _run(args: Namespace) -> None:
    # Imported here so that help and refusals start without this module.
    from fediversity.embedded_cloud.tools.nixops4_root import Root  # noqa: PLC0415

    if args.command == "apply":
        _refuse_overlaps(args.paths)
        Root.load(args).apply(args.paths or [""])
    elif args.command == "members":
        print("\n".join(Root.load(args).members(args.path)))
    else:
        raise ToolError(f"the simulated nixops4 does not do `{args.command}`")


def _refuse_overlaps(paths: list[str]) -> None:
    """Raises `ToolError` if a path lies below another one."""
    split = [path.split(".") if path else [] for path in paths]
    for one in split:
        for other in split:
            if len(one) < len(other) and other[: len(one)] == one:
                raise ToolError(f"Overlapping paths: '{_path_text(one)}' is an ancestor of '{_path_text(other)}'")


def _path_text(path: list[str]) -> str:
    return ".".join(path) or "(root)"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
