"""The entry point of the `fediversity` command: finds the sub-command, runs it, and reports errors."""

import os
import sys
from collections.abc import Sequence

from fediversity.cli.commands import COMMANDS, RENAMED
from fediversity.cli.parsers import command_module, parse, program_parser, refuse_unknown
from fediversity.fleet.diagnostics import FleetError
from fediversity.project.settings import SettingsError


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code: 1 for what a person has to correct, 2 for bad usage."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        return _run(given)
    except (FleetError, SettingsError) as error:
        print(error, file=sys.stderr)
        return 1
    except BrokenPipeError:
        # The reader of the output has closed it (`fediversity plan | head`): nothing can be flushed to it any more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        print(f"{error.filename or 'fediversity'}: {error.strerror or error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _run(given: Sequence[str]) -> int:
    if not given or given[0].startswith("-"):
        program_parser().parse_args(given)
        refuse_unknown(None)
    name, words = given[0], given[1:]
    if name in RENAMED:
        print(f"fediversity: `{name}` is called `{RENAMED[name]}` now", file=sys.stderr)
        name = RENAMED[name]
    if name not in COMMANDS:
        refuse_unknown(name)
    if name == "validate" and words[:1] == ["--"]:
        # An earlier `validate` took options for Nix there and assessed phase 0.
        print(f"fediversity: phase 0 is assessed by ./just assess {' '.join(words)}", file=sys.stderr)
        return 2
    parsed = parse(name, words)
    exit_code: int = command_module(name).run(parsed)
    sys.stdout.flush()
    return exit_code


if __name__ == "__main__":
    sys.exit(main())
