"""Implements `clan vars generate|check|get|list|upload`."""

import sys
from argparse import Namespace
from pathlib import Path

from fediversity.embedded_cloud.tools import generators, secrets
from fediversity.embedded_cloud.tools.errors import ToolError
from fediversity.embedded_cloud.tools.flake import Flake
from fediversity.embedded_cloud.tools.log import print_lines
from fediversity.embedded_cloud.tools.vars import File, Generator, Store, generate
from fediversity.embedded_cloud.tools.workspace import Workspace


def run_generators(
    flake: Flake, store: Store, machines: list[str], regenerate: bool = False, only: str | None = None
) -> int:
    """Runs the missing generators of machines, or all of them again. Returns the number of generators that ran."""
    if not machines:
        raise ToolError("At least one machine must be provided")
    selected, users = generators.fleet_generators(flake, machines)
    if only is not None:
        selected = [generator for generator in selected if generator.name == only]
        if not selected:
            raise ToolError(f"Generator(s) '{only}' not found in machines {machines}")
    return generate(store, selected, users, regenerate)


def generate_command(flake: Flake, workspace: Workspace, args: Namespace) -> int:
    """Generates missing vars. Unknown machine names are ignored, as in the real tool."""
    machines = [name for name in flake.tagged([]) if not args.machines or name in args.machines]
    ran = run_generators(flake, Store(workspace.overlay), machines, bool(args.regenerate), args.generator)
    if ran == 0:
        print_lines("All vars are there already; nothing was generated.")
    return 0


def check_command(flake: Flake, workspace: Workspace, args: Namespace) -> int:
    """Exits with 1 if a var is missing. Unknown machines are ignored, so for them nothing is missing."""
    store = Store(workspace.overlay)
    complete = True
    for machine in (name for name in flake.tagged([]) if not args.machines or name in args.machines):
        selected = generators.machine_generators(flake, machine)
        if args.generator is not None:
            selected = [generator for generator in selected if generator.name == args.generator]
            if not selected:
                raise ToolError(f"Generator '{args.generator}' not found in machine {machine}")
        missing = [f"{g.name}/{f.name}" for g in selected for f in g.files if not store.path(g, f).is_file()]
        listing = "".join(f"\n  - {name}" for name in missing)
        text = f"Missing vars:{listing}" if missing else "All vars are present and valid."
        print_lines(f"Check results for machine '{machine}':\n{text}")
        complete = complete and not missing
    return 0 if complete else 1


def get_command(flake: Flake, workspace: Workspace, args: Namespace) -> int:
    """Writes the raw value of a var to standard output."""
    var = _find(flake, args.machine, args.var_id)
    store = Store(workspace.overlay)
    if not store.path(*var).is_file():
        raise ToolError(f"Var {args.var_id} has not been generated yet")
    value = store.read(*var)
    sys.stdout.buffer.write(value + b"\n" if sys.stdout.isatty() else value)
    return 0


def _find(flake: Flake, machine: str, var_id: str) -> tuple[Generator, File]:
    _require_machine(flake, machine)
    vars_by_id = {f"{generator.name}/{file.name}": (generator, file) for generator, file in _files(flake, machine)}
    if var_id in vars_by_id:
        return vars_by_id[var_id]
    similar = [name for name in vars_by_id if name.startswith(var_id)]
    if len(similar) == 1:
        raise ToolError(f"Did you mean: {similar[0]}")
    if similar:
        listing = "\n  - ".join(similar)
        raise ToolError(f"Found multiple vars in {machine} for {var_id}:\n  - {listing}")
    raise ToolError(f"Couldn't find var: {var_id} for machine: {machine}")


def _require_machine(flake: Flake, machine: str) -> None:
    if machine not in flake.machines:
        raise ToolError(f"Machine {machine} does not exist")


def list_command(flake: Flake, workspace: Workspace, args: Namespace) -> int:
    """Lists a machine's vars; secrets are shown as asterisks."""
    _require_machine(flake, args.machine)
    store = Store(workspace.overlay)
    lines = []
    for generator, file in _files(flake, args.machine):
        value = "<not set>"
        if store.path(generator, file).is_file():
            value = "********" if file.secret else store.read(generator, file).decode()
        lines.append(f"{generator.name}/{file.name}: {value}")
    print("\n".join(sorted(lines)))
    return 0


def _files(flake: Flake, machine: str) -> list[tuple[Generator, File]]:
    return [
        (generator, file) for generator in generators.machine_generators(flake, machine) for file in generator.files
    ]


def upload_command(flake: Flake, workspace: Workspace, args: Namespace) -> int:
    """Writes a machine's secrets into a folder of this computer. The real command's default, an upload to the machine,
    needs an address, and the simulation has none.
    """
    _require_machine(flake, args.machine)
    if args.directory is None:
        raise ToolError(f"No target host for machine '{args.machine}': the simulated clan knows no addresses")
    store = Store(workspace.overlay)
    for name, content in secrets.upload_files(flake, store, args.machine).items():
        path = Path(args.directory) / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_bytes(content)
    return 0
