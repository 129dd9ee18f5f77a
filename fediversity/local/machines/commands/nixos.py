"""What only a NixOS system has: switching to a configuration."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from fediversity.local.machines import activation, profiles

if TYPE_CHECKING:
    from fediversity.local.machines.call import Call, Command

_SYSTEMD_RUN_FLAGS = frozenset(
    {"--pipe", "--wait", "--quiet", "--collect", "--no-ask-password", "--service-type=exec", "--same-dir"}
)


async def systemd_run(call: Call) -> int:
    """`systemd-run --pipe --wait … -E NAME[=VALUE] -- PROGRAM…`: runs the program, and the rest is as it is"""
    from fediversity.local.machines.interpreter import run_command  # noqa: PLC0415  they call each other

    words = list(call.arguments)
    while words:
        word = words.pop(0)
        if word == "--" and words:
            return await run_command(call.with_argv(tuple(words)))
        if word == "-E" and words:
            words.pop(0)
        elif word not in _SYSTEMD_RUN_FLAGS and not word.startswith("--unit="):
            break
    return call.unsupported()


async def switch_to_configuration(call: Call) -> int:
    """`SYSTEM/bin/switch-to-configuration boot|switch|test|dry-activate`"""
    root = call.machine.root
    system = root.canonical(call.argv[0]).removesuffix("/bin/switch-to-configuration")
    match call.arguments:
        case ["boot" | "switch" | "test" | "dry-activate" as action] if call.is_root:
            return _switch(call, system, action)
        case ["boot" | "switch" | "test"]:
            return call.fail("must be run as root")
    return call.unsupported()


def _switch(call: Call, system: str, action: str) -> int:
    machine = call.machine
    try:
        if action in ("boot", "switch"):
            activation.install_boot_loader(machine.root, system, machine.authorized_keys("root"))
        if action in ("switch", "test"):
            call.complain("activating the configuration... (simulated)")
            activation.activate_nixos(machine, system)
    except activation.ActivationError as error:
        return call.fail(str(error), 4)
    return 0


async def apply(call: Call) -> int:
    """`SYSTEM/bin/apply switch|boot|test`, the script of nixops4-nixos: sets the profile, then switches"""
    system = call.machine.root.canonical(call.argv[0]).removesuffix("/bin/apply")
    match call.arguments:
        case ["switch" | "boot" | "test" as action] if call.is_root:
            if action != "test":
                profiles.set_system(call.machine.root, system)
            return _switch(call, system, action)
        case ["switch" | "boot" | "test"]:
            return call.fail("must be run as root")
    return call.unsupported()


async def nixos_rebuild(call: Call) -> int:
    """`nixos-rebuild list-generations --json`; `nixos-rebuild switch --rollback`"""
    root = call.machine.root
    match call.arguments:
        case ["list-generations", "--json"]:
            call.say(json.dumps([_generation(call, generation) for generation in profiles.generations(root)]))
            return 0
        case ["switch", "--rollback"] if call.is_root:
            try:
                generation = profiles.switch(root, None)
            except profiles.ProfileError as error:
                return call.fail(f"error: {error}")
            return _switch(call, generation.path, "switch")
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


COMMANDS: dict[str, Command] = {"systemd-run": systemd_run, "nixos-rebuild": nixos_rebuild}
PROGRAMS: dict[str, Command] = {"switch-to-configuration": switch_to_configuration, "apply": apply}
