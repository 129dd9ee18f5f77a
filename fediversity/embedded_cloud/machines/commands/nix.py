"""Implements Nix on a machine: receiving store paths, building systems, and profiles."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING

from fediversity.embedded_cloud.machines import profiles
from fediversity.embedded_cloud.tools import transfer
from fediversity.embedded_cloud.tools.errors import ToolError
from fediversity.embedded_cloud.tools.flake import Flake
from fediversity.embedded_cloud.tools.store import STORE
from fediversity.embedded_cloud.tools.system import build

if TYPE_CHECKING:
    from fediversity.embedded_cloud.machines.call import Call, Command
    from fediversity.embedded_cloud.machines.filesystem import Root

_TWO_WORDS = {"--option": 2, "--extra-experimental-features": 1, "--flake-registry": 1}
NO_SPACE = "error: writing to file: No space left on device"
_FLAGS = {"--print-out-paths", "--print-build-logs", "--no-link", "--show-trace", "-L"}


async def nix_daemon(call: Call) -> int:
    """`nix-daemon --stdio [--store 'local?root=/mnt']`: receives store paths from the simulated `nix copy`"""
    match call.arguments:
        case ["--stdio"]:
            root = call.machine.root
        case ["--stdio", "--store", "local?root=/mnt"]:
            root = call.machine.root.below("/mnt")
        case _:
            return call.unsupported()
    try:
        await _receive(call, root)
    except (asyncio.IncompleteReadError, ValueError, KeyError) as error:
        return call.fail(f"protocol mismatch: the simulated daemon talks to the simulated nix only ({error!r})")
    return 0


async def _receive(call: Call, root: Root) -> None:
    offered = transfer.parse_offer(await call.stdin.readline())
    missing = [path for path in offered if not root.exists(path)]
    full = missing and call.machine.site.faults.trigger(call.machine.spec.name, "disk-full")
    call.print_out(json.dumps({"missing": missing}))
    for _ in missing:
        head = transfer.parse_head(await call.stdin.readline())
        if head.path not in missing:
            raise ValueError(head.path)
        # Written under another name first: a path that was cut off in the middle must not exist.
        temporary = f"{head.path}.incoming"
        root.remove(temporary)
        for name, executable, size in head.files:
            content = await call.stdin.readexactly(size)
            if not full:
                root.write(f"{temporary}/{name}", content, 0o755 if executable else 0o644)
        if not full:
            root.host(temporary).rename(root.host(head.path))
    call.print_out(json.dumps({"error": NO_SPACE} if full else {"added": missing}))


async def nix(call: Call) -> int:
    """`nix [OPTIONS] build [OPTIONS] SOURCE#nixosConfigurations."MACHINE".config.system.build.toplevel`; `--version`"""
    if call.arguments == ("--version",):
        call.print_out("nix (Nix) 2.31.2 (simulated)")
        return 0
    words = _without_options(call.arguments)
    match words:
        case ["build", installable]:
            source, _, attribute = installable.partition("#")
            machine = attribute.removeprefix('nixosConfigurations."').removesuffix('".config.system.build.toplevel')
            if attribute == f'nixosConfigurations."{machine}".config.system.build.toplevel':
                return build_system(call, source, machine)
    return call.unsupported()


def build_system(call: Call, source: str, machine: str) -> int:
    """Builds a machine's system from a flake source on this machine and prints its path."""
    root = call.machine.root
    try:
        flake = Flake.load(root.host(source))
        call.print_error(f"building the system of {machine} (simulated)")
        require_disk_space(call)
        call.print_out(build(flake, machine, root.host(STORE)))
    except ToolError as error:
        call.print_error(str(error))
        return 1
    return 0


def require_disk_space(call: Call) -> None:
    """Raises `ToolError` if the disk is full."""
    if call.machine.site.faults.trigger(call.machine.spec.name, "disk-full"):
        raise ToolError(NO_SPACE)


def _without_options(arguments: tuple[str, ...]) -> list[str]:
    words, rest = [], list(arguments)
    while rest:
        word = rest.pop(0)
        if word in _TWO_WORDS:
            del rest[: _TWO_WORDS[word]]
        elif word not in _FLAGS:
            words.append(word)
    return words


async def nix_env(call: Call) -> int:
    """`nix-env -p PROFILE --set PATH|--list-generations|--rollback|--switch-generation N`"""
    root = call.machine.root
    if not call.is_root:
        return call.fail("opening lock file '/nix/var/nix/profiles/system.lock': Permission denied")
    try:
        match call.arguments:
            case ["-p", profile, "--set", path]:
                if not root.exists(path):
                    call.print_error(f"error: path '{path}' does not exist and cannot be created")
                    return 1
                profiles.set_system(root, path, profile)
            case ["-p", profile, "--list-generations"]:
                list_generations(call, profile)
            case ["-p", profile, "--rollback"]:
                print_switch(call, profiles.switch(root, None, profile))
            case ["-p", profile, "--switch-generation" | "-G", number] if number.isdigit():
                print_switch(call, profiles.switch(root, int(number), profile))
            case _:
                return call.unsupported()
    except profiles.ProfileError as error:
        call.print_error(f"error: {error}")
        return 1
    return 0


def list_generations(call: Call, profile: str = profiles.SYSTEM) -> None:
    """Prints the generations of a profile as nix-env does."""
    for generation in profiles.generations(call.machine.root, profile):
        created = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(generation.made))
        call.print_out(f"{generation.number:4}   {created}   {'(current)' if generation.current else ''}")


def print_switch(call: Call, generation: profiles.Generation) -> None:
    """Prints nix-env's message about a new current generation."""
    call.print_error(f"switching profile to version {generation.number}")


COMMANDS: dict[str, Command] = {"nix": nix, "nix-daemon": nix_daemon, "nix-env": nix_env}
