"""Implements `darwin-rebuild` on a Mac; `fediversity.embedded_cloud.tools.darwin_rebuild` has the real grammar."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fediversity.embedded_cloud.machines import activation, profiles
from fediversity.embedded_cloud.machines.commands.nix import list_generations, print_switch, require_disk_space
from fediversity.embedded_cloud.machines.stages import STAGE_SECONDS
from fediversity.embedded_cloud.tools import darwin_rebuild
from fediversity.embedded_cloud.tools.errors import ToolError
from fediversity.embedded_cloud.tools.flake import Flake
from fediversity.embedded_cloud.tools.store import STORE
from fediversity.embedded_cloud.tools.system import build

if TYPE_CHECKING:
    from fediversity.embedded_cloud.machines.call import Call, Command


_FIRST_PROCESS = 501


async def rebuild(call: Call) -> int:
    """`darwin-rebuild` with all its actions"""
    call.print_error("darwin-rebuild: simulated")
    try:
        request = darwin_rebuild.parse(call.argv[0], call.arguments, call.is_root)
        await _run_action(call, request)
    except darwin_rebuild.RefusedError as refused:
        call.print_error(str(refused))
        return 1
    except (ToolError, profiles.ProfileError) as error:
        call.print_error(f"error: {str(error).removeprefix('error: ')}")
        return 1
    except activation.ActivationError as error:  # the profile is set by then, as on a real Mac
        call.print_error(f"error: {error}")
        return 2
    return 0


async def _run_action(call: Call, request: darwin_rebuild.Request) -> None:
    root = call.machine.root
    match request.action:
        case "list":
            list_generations(call, request.profile)
        case "rollback":
            generation = profiles.switch(root, request.generation, request.profile)
            print_switch(call, generation)
            await _switch(call, generation.path)
        case "activate":
            await _switch(call, root.canonical(profiles.CURRENT))
        case "switch":
            call.machine.rebuilding += 1
            try:
                system = _build(call, request)
                profiles.set_system(root, system, request.profile)
                # Other clients can see the rebuild during this time.
                await call.machine.simulate_duration(STAGE_SECONDS)
                await _switch(call, system)
            finally:
                call.machine.rebuilding -= 1
        case "build" | "check":
            _build(call, request)


async def _switch(call: Call, system: str) -> None:
    """Simulates `SYSTEM/activate`. Raises `ActivationError` if it fails before the system is the running one."""
    machine = call.machine
    if machine.switch_faults.activation_fails(system):
        raise activation.ActivationError("Unexpected files in /etc, aborting activation (simulated)")
    activation.activate_darwin(machine, system)
    machine.switch_faults.record_switch(system)
    await machine.ports.reconcile()


async def activate(call: Call) -> int:
    """`SYSTEM/activate`"""
    if call.arguments:
        return call.unsupported()
    if not call.is_root:
        return call.fail("system activation must now be run as root")
    try:
        await _switch(call, call.machine.root.canonical(call.argv[0]).removesuffix("/activate"))
    except activation.ActivationError as error:
        call.print_error(f"error: {error}")
        return 2
    return 0


def _build(call: Call, request: darwin_rebuild.Request) -> str:
    call.print_error("building the system configuration...")
    root = call.machine.root
    if request.flake is None:
        raise ToolError("simulated darwin-rebuild builds flakes only: --flake SOURCE#NAME is missing")
    flake = Flake.load(root.host(request.flake))
    name = request.attribute or call.machine.spec.hostname
    if name not in flake.machines or not flake.is_darwin(name):
        raise ToolError(f"flake '{request.flake}' does not provide attribute 'darwinConfigurations.{name}.system'")
    require_disk_space(call)
    return build(flake, name, root.host(STORE))


async def pgrep(call: Call) -> int:
    """`pgrep -f PATTERN` for one pattern only: whether a rebuild of the Mac is running"""
    if call.arguments != ("-f", "[d]arwin-rebuild switch"):
        return call.unsupported()
    for number in range(call.machine.rebuilding):
        call.print_out(str(_FIRST_PROCESS + number))
    return 0 if call.machine.rebuilding else 1


COMMANDS: dict[str, Command] = {"pgrep": pgrep}
PROGRAMS: dict[str, Command] = {"darwin-rebuild": rebuild, "activate": activate}
