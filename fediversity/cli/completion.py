"""`fediversity completion`: the completion script of a shell, made from the parsers of all commands."""

import argparse
import importlib
from pathlib import Path

EXAMPLES = (
    "fediversity completion bash > ~/.local/share/bash-completion/completions/fediversity",
    "fediversity completion zsh > ~/.zfunc/_fediversity",
    "fediversity completion fish > ~/.config/fish/completions/fediversity.fish",
)

SHELLS = ("bash", "zsh", "fish")


def register(parser: argparse.ArgumentParser) -> None:
    """Adds this command's own arguments."""
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("shell", nargs="?", choices=SHELLS, help="the shell")
    # For the scripts themselves.
    what.add_argument("--machines", metavar="STACK", help=argparse.SUPPRESS)


def run(arguments: argparse.Namespace) -> int:
    """Prints the script."""
    if arguments.machines is not None:
        print("\n".join(machine_names(Path(), arguments.machines)))
        return 0
    from fediversity.cli.completion_model import command_lines  # noqa: PLC0415 (imports every command)

    shell = importlib.import_module(f"fediversity.cli.completion_{arguments.shell}")
    print(shell.script(command_lines()), end="")
    return 0


def machine_names(project: Path, stack: str) -> tuple[str, ...]:
    """The machines that a stack's fleet file names. Nothing is checked: a file that cannot be read names none."""
    from fediversity.fleet.diagnostics import FleetError  # noqa: PLC0415 (the scripts need none of it)
    from fediversity.fleet.yaml_reader import read_yaml  # noqa: PLC0415

    try:
        settings = project / f"Pulumi.{stack}.yaml"
        config = read_yaml(settings.read_text(encoding="utf-8"), settings.name).data
        fleet = project / config["config"]["fediversity:fleet"]
        machines = read_yaml(fleet.read_text(encoding="utf-8"), fleet.name).data["machines"]
        return tuple(str(name) for name in machines)
    except (OSError, FleetError, UnicodeDecodeError, KeyError, TypeError):
        return ()
