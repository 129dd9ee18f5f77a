"""Implements the commands of NixOS systems: switching to a configuration."""

from __future__ import annotations

import json
import time
from functools import partial
from typing import TYPE_CHECKING

from fediversity.embedded_cloud.machines import activation, profiles
from fediversity.embedded_cloud.machines.stages import STAGE_SECONDS
from fediversity.embedded_cloud.machines.switch_faults import ACTIVATION_UNIT
from fediversity.embedded_cloud.machines.units import UnitError

if TYPE_CHECKING:
    from fediversity.embedded_cloud.machines.call import Call, Command

_UNITS_FAILED = 4
_APPLY_UNIT = "nixos-rebuild-switch-to-configuration.service"


async def switch_to_configuration(call: Call) -> int:
    """`SYSTEM/bin/switch-to-configuration boot|switch|test|dry-activate`"""
    root = call.machine.root
    system = root.canonical(call.argv[0]).removesuffix("/bin/switch-to-configuration")
    match call.arguments:
        case ["boot" | "switch" | "test" | "dry-activate" as action] if call.is_root:
            return await _switch(call, system, action)
        case ["boot" | "switch" | "test"]:
            return call.fail("must be run as root")
    return call.unsupported()


async def _switch(call: Call, system: str, action: str) -> int:
    machine = call.machine
    if machine.switching.locked():
        call.print_error("Could not acquire lock")
        return 1
    async with machine.switching:
        await machine.simulate_duration(STAGE_SECONDS)
        try:
            if action in ("boot", "switch"):
                activation.install_boot_loader(machine.root, system, machine.authorized_keys("root"))
            if action in ("switch", "test"):
                return await _activate(call, system)
        except activation.ActivationError as error:
            return call.fail(str(error), _UNITS_FAILED)
    return 0


async def _activate(call: Call, system: str) -> int:
    machine = call.machine
    call.print_error("activating the configuration... (simulated)")
    if machine.switch_faults.activation_fails(system):
        call.print_error("Failed to run activate script")
        call.print_error(f"warning: the following units failed: {ACTIVATION_UNIT}")
        return _UNITS_FAILED
    activation.activate_nixos(machine, system)
    machine.switch_faults.record_switch(system)
    await machine.ports.reconcile()
    return 0


async def apply(call: Call) -> int:
    """`SYSTEM/bin/apply switch|boot|test`, the script of nixops4-nixos: sets the profile, then switches in a unit"""
    machine = call.machine
    system = machine.root.canonical(call.argv[0]).removesuffix("/bin/apply")
    match call.arguments:
        case ["switch" | "boot" | "test" as action] if call.is_root:
            if action != "test":
                profiles.set_system(machine.root, system)
            return await _switch_in_a_unit(call, system, action)
        case ["switch" | "boot" | "test"]:
            return call.fail("must be run as root")
    return call.unsupported()


async def _switch_in_a_unit(call: Call, system: str, action: str) -> int:
    units = call.machine.units
    program = call.with_argv((f"{system}/bin/switch-to-configuration", action)).for_service(_APPLY_UNIT, piped=True)
    try:
        task = units.start(
            _APPLY_UNIT,
            f"[systemd-run] {' '.join(program.argv)}",
            partial(call.interpreter.run_service, program, False),
            True,
        )
    except UnitError as error:
        call.print_error(str(error))
        return 1
    return await units.wait_for(task)


async def nixos_rebuild(call: Call) -> int:
    """`nixos-rebuild list-generations --json`; `nixos-rebuild switch --rollback`"""
    root = call.machine.root
    match call.arguments:
        case ["list-generations", "--json"]:
            call.print_out(json.dumps([_generation(call, generation) for generation in profiles.generations(root)]))
            return 0
        case ["switch", "--rollback"] if call.is_root:
            try:
                generation = profiles.switch(root, None)
            except profiles.ProfileError as error:
                return call.fail(f"error: {error}")
            return await _switch(call, generation.path, "switch")
    return call.unsupported()


def _generation(call: Call, generation: profiles.Generation) -> dict[str, object]:
    return {
        "generation": generation.number,
        "date": time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(generation.made)),
        "nixosVersion": call.machine.root.text(f"{generation.path}/nixos-version"),
        "kernelVersion": "simulated",
        "configurationRevision": "",
        "specialisations": [],
        "current": generation.current,
    }


COMMANDS: dict[str, Command] = {"nixos-rebuild": nixos_rebuild}
PROGRAMS: dict[str, Command] = {"switch-to-configuration": switch_to_configuration, "apply": apply}
