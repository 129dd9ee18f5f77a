"""Implements the commands `fault`, `faults` and `heal` of `python -m fediversity.embedded_cloud`."""

import argparse
import difflib
import time
from collections.abc import Iterator, Mapping

from fediversity.embedded_cloud.faults.kinds import KINDS, STEPS, FaultError, kind_of
from fediversity.embedded_cloud.faults.store import Fault, FaultStore
from fediversity.embedded_cloud.folders import StackFolder
from fediversity.embedded_cloud.machines.client import Datacenter
from fediversity.embedded_cloud.store import Store


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the sub-commands to the argument parser."""
    width = max(map(len, KINDS))
    listed = "\n".join(f"  {name:<{width}}  {kind.parameter or '':<8} {kind.imitates}" for name, kind in KINDS.items())
    steps = "\n".join(f"  {name:<8} {text}" for name, text in STEPS.items())
    fault = commands.add_parser(
        "fault",
        help="set a fault on a machine, or on the provider's API for a resource",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=f"kinds:\n{listed}\n\nsteps:\n{steps}",
    )
    fault.add_argument("stack")
    fault.add_argument("machine")
    fault.add_argument("kind")
    fault.add_argument("parameter", nargs="?")
    fault.add_argument("--times", type=int, metavar="N", help="end the fault after N occurrences")
    fault.add_argument("--for", dest="seconds", type=float, metavar="SECONDS", help="end the fault after SECONDS")
    faults = commands.add_parser("faults", help="list the faults in force")
    faults.add_argument("stack")
    heal = commands.add_parser("heal", help="end faults and repair their effects")
    heal.add_argument("stack")
    heal.add_argument("machine", nargs="?")
    fault.add_argument("--resource", action="append", default=[], metavar="NAME", help="a resource of the stack")
    for command in (fault, heal):
        command.add_argument(
            "--known", action="append", default=[], metavar="NAME=CLASS", help="a machine of the fleet"
        )


def run(arguments: argparse.Namespace, folder: StackFolder) -> None:
    """Runs one of the commands. Raises `FaultError`."""
    faults = FaultStore(folder.cloud)
    datacenter = Datacenter(folder.cloud)
    if arguments.command == "faults":
        for line in _lines(faults.entries()):
            print(line)
        return
    classes = _known(arguments.known, datacenter)
    if arguments.command == "fault":
        _require(arguments.machine, arguments.kind, classes, {*arguments.resource, *_resources(folder)})
        fault = faults.set(
            arguments.machine, arguments.kind, arguments.parameter, times=arguments.times, seconds=arguments.seconds
        )
        datacenter.reconcile()
        print(f"{fault.machine}: {_described(fault)}: {KINDS[fault.kind].imitates}")
        return
    if arguments.machine is not None and not any(fault.machine == arguments.machine for fault in faults.entries()):
        _require(arguments.machine, None, classes, set())
    healed = faults.heal(arguments.machine)
    datacenter.heal(arguments.machine)
    for fault in healed:
        print(f"{fault.machine}: no longer {_described(fault)}")


def _known(entries: list[str], datacenter: Datacenter) -> Mapping[str, str]:
    """Returns the class of each machine by name: the machines of the fleet and those that exist in the cloud."""
    classes = dict(entry.partition("=")[::2] for entry in entries)
    for record in datacenter.machines().values():
        spec = record["spec"]
        classes.setdefault(spec["name"], "darwin" if spec["image_os"] == "darwin" else "nixos")
    return classes


def _require(machine: str, kind_name: str | None, classes: Mapping[str, str], resources: set[str]) -> None:
    """Raises `FaultError` if no machine or resource has the name, or if the kind does not fit the machine."""
    problems = []
    try:
        kind = kind_of(kind_name) if kind_name is not None else None
    except FaultError as error:
        kind = None
        problems.append(str(error))
    if machine not in classes and not (kind is not None and kind.api and machine in resources):
        near = difflib.get_close_matches(
            machine, {*classes, *(resources if kind is not None and kind.api else ())}, n=1
        )
        hint = f"did you mean '{near[0]}'? " if near else ""
        problems.append(f"there is no machine '{machine}'; {hint}known: {', '.join(sorted(classes)) or 'none'}")
    elif kind is not None and kind.on is not None and classes.get(machine) != kind.on:
        problems.append(f"'{kind_name}' is for {kind.on} machines; {machine} is {classes.get(machine)}")
    if problems:
        raise FaultError("\n".join(problems))


def _resources(folder: StackFolder) -> set[str]:
    """Returns the names of the resources in the simulated clouds."""
    with Store(folder.store).reading() as session:
        return {record.name for record in session.everything()}


def _lines(faults: tuple[Fault, ...]) -> Iterator[str]:
    width = max((len(fault.machine) for fault in faults), default=0)
    for fault in faults:
        happened = f"; happened {fault.happened} times" if fault.happened else ""
        yield f"{fault.machine:<{width}}  {_described(fault)}{happened}"
    if not faults:
        yield "no faults"


def _described(fault: Fault) -> str:
    words = [fault.kind, *([fault.parameter] if fault.parameter else [])]
    if fault.times is not None:
        words.append(f"(still {fault.times} times)")
    if fault.until is not None:
        words.append(f"(for {max(0, fault.until - time.time()):.0f} s more)")
    return " ".join(words)
