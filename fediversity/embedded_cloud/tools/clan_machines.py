"""Implements `clan machines list|build|generations|update|install`."""

import json
import os
import threading
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

from fediversity.embedded_cloud.tools.clan_install import PHASES, WARNING, Install, record_install
from fediversity.embedded_cloud.tools.clan_update import Update
from fediversity.embedded_cloud.tools.clan_vars import run_generators
from fediversity.embedded_cloud.tools.errors import ToolError
from fediversity.embedded_cloud.tools.flake import Flake
from fediversity.embedded_cloud.tools.log import print_lines
from fediversity.embedded_cloud.tools.remote import Remote, parse_target
from fediversity.embedded_cloud.tools.store import realise_source
from fediversity.embedded_cloud.tools.system import build
from fediversity.embedded_cloud.tools.vars import Store
from fediversity.embedded_cloud.tools.workspace import Workspace

_SUGGESTIONS = 3


def list_command(flake: Flake, _workspace: Workspace, args: Namespace) -> int:
    """Prints the sorted names of the machines that have all tags."""
    for name in flake.tagged(args.tags):
        print(name)
    return 0


def build_command(flake: Flake, workspace: Workspace, args: Namespace) -> int:
    """Builds machines' systems and prints their store paths."""
    if args.format != "toplevel":
        raise ToolError(f"the simulated clan does not build the format `{args.format}`")
    machines = _selected(flake, args)
    print(f"Building {len(machines)} machine(s)...")
    run_generators(flake, Store(workspace.overlay), machines)
    source = realise_source(flake.folder, workspace.overlay, workspace.store)
    built = Flake.load(workspace.store / Path(source).name)
    for machine in machines:
        print(build(built, machine, workspace.store))
    return 0


def generations_command(flake: Flake, _workspace: Workspace, args: Namespace) -> int:
    """Prints a table of each machine's generations."""
    machines = _selected(flake, args)
    _require_single_target(machines, args)
    return _for_each(machines, lambda machine: _print_generations(_target(machine, args)))


def _print_generations(target: Remote) -> None:
    with target.connected() as remote:
        generations = json.loads(remote.check(["nixos-rebuild", "list-generations", "--json"]))
    rows = [("Generation", "Date", "NixOS Version", "Kernel Version")]
    for entry in sorted(generations, key=lambda generation: int(generation["generation"])):
        marker = " ← current" if entry["current"] else ""
        rows.append((f"{entry['generation']}{marker}", entry["date"], entry["nixosVersion"], entry["kernelVersion"]))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [" | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    print("\n".join([lines[0], "-+-".join("-" * width for width in widths), *lines[1:]]))


def update_command(flake: Flake, workspace: Workspace, args: Namespace) -> int:
    """Updates machines, each in its own thread; a failure does not stop the others."""
    if args.no_check:
        os.environ["NIXOS_NO_CHECK"] = "1"
    machines = _selected(flake, args)
    _require_single_target(machines, args)
    if args.build_host is not None:
        raise ToolError("the simulated clan builds on the target only; --build-host is not simulated")
    run_generators(flake, Store(workspace.overlay), flake.tagged([]))
    for machine in machines:
        if flake.is_darwin(machine) and args.specialisation:
            raise ToolError(f"--specialisation is not supported for darwin machine {machine}")
    return _for_each(
        machines, lambda machine: Update(flake, workspace, machine, args.specialisation).run(_target(machine, args))
    )


def _for_each(machines: list[str], action: Callable[[str], None]) -> int:
    """Runs an action for all machines in parallel. Raises `ToolError` at the end if any failed, after reporting all
    failures.
    """
    failures: dict[str, Exception] = {}

    def attempt(machine: str) -> None:
        try:
            action(machine)
        except Exception as error:  # any error: the other machines continue
            failures[machine] = error

    threads = [threading.Thread(target=attempt, args=(machine,)) for machine in machines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for machine, error in failures.items():
        print_lines(f"failed with error: {error}", machine)
    if failures:
        raise ToolError(f"{len(failures)} hosts failed with an error. Check the logs above")
    return 0


def install_command(flake: Flake, workspace: Workspace, args: Namespace) -> int:
    """Installs NixOS on one machine, erasing its disk."""
    _require_known(flake, [args.machine])
    if args.target_host is None:
        raise ToolError(f"No target host for machine '{args.machine}'.\nProvide --target-host (simulated clan)")
    if args.password is not None:
        raise ToolError("simulated machines do not accept passwords; use -i")
    target = parse_target(args.machine, args.target_host)
    if flake.is_darwin(args.machine):
        raise ToolError("Installing macOS machines is not yet supported")
    print(WARNING)
    if not args.yes and not _confirmed(args.machine, target):
        return 0
    store = Store(workspace.overlay)
    run_generators(flake, store, [args.machine])
    install = Install(flake, workspace, args.machine, target, args.identity_file, args.update_hardware_config)
    for phase in args.phases.split(",") if args.phases else PHASES:
        install.run_phase(phase.strip())
    if not args.no_persist_state:
        record_install(store, args.machine)
    return 0


def _confirmed(machine: str, target: Remote) -> bool:
    while True:
        answer = input(f"Install {machine} to {target.target}? [y/N] ").strip().lower()
        if answer in ("y", "n", ""):
            return answer == "y"
        print(f"Invalid input '{answer}'. Please enter 'y' for yes or 'n' for no.")


def _selected(flake: Flake, args: Namespace) -> list[str]:
    """Returns the named machines, or those with all tags. Raises `ToolError` with clan's messages."""
    tagged = flake.tagged(args.tags)
    if args.tags and not tagged:
        raise ToolError(f"No machines found with tags: {' AND '.join(args.tags)}")
    if not args.machines:
        return tagged
    _require_known(flake, args.machines)
    return list(args.machines)


def _require_known(flake: Flake, machines: list[str]) -> None:
    lines = []
    for name in machines:
        if name not in flake.machines:
            close = sorted(flake.machines, key=lambda known: (_distance(name.lower(), known.lower()), known))
            lines.append(f"Machine '{name}' not found. Did you mean: {', '.join(close[:_SUGGESTIONS])}?")
    if lines:
        raise ToolError("\n".join(lines))


def _distance(one: str, other: str) -> int:
    """Returns the Levenshtein distance: the number of letters to add, drop or change."""
    row = list(range(len(other) + 1))
    for i, left in enumerate(one, 1):
        previous, row[0] = row[0], i
        for j, right in enumerate(other, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (left != right))
    return row[-1]


def _require_single_target(machines: list[str], args: Namespace) -> None:
    if args.target_host is not None and len(machines) > 1:
        raise ToolError("Target Host can only be set for one machines")


def _target(machine: str, args: Namespace) -> Remote:
    if args.target_host is None:
        raise ToolError(f"No target host for machine '{machine}': the simulated clan knows only --target-host")
    return parse_target(machine, args.target_host).with_host_key_check(args.host_key_check)
