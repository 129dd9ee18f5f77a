"""Recognizes the stages of a deployment on a machine, by the commands that begin them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fediversity.embedded_cloud.machines.call import Call

COMMAND_SECONDS = 0.02
STAGE_SECONDS = 0.2
"""Durations of a command and of a stage on a machine with the fault `slow 1`. On others they take no time."""

_BY_NAME = {
    "tar": "upload",
    "nix-daemon": "copy",
    "disko": "disko",
    "nixos-install": "install",
    "nixos-facter": "facter",
    "reboot": "reboot",
    "activate": "switch",
}
_SWITCHES = {"boot": "boot", "switch": "switch", "test": "switch"}
_REBUILDS = {"switch": "switch", "activate": "switch", "build": "build", "check": "build"}


def stage_of(argv: Sequence[str]) -> str | None:
    """Returns the stage that a simple command begins, or None. Wrappers like `sudo` begin no stage themselves."""
    path, *arguments = argv
    name = path.rsplit("/", 1)[-1]
    if name == "switch-to-configuration":
        return _SWITCHES.get(arguments[0]) if arguments else None
    if name == "nix":
        return "build" if "build" in arguments else None
    if name == "darwin-rebuild":
        return next((_REBUILDS[word] for word in arguments if word in _REBUILDS), None)
    if path.endswith("/kexec/run"):
        return "kexec"
    if name == "systemctl" and arguments == ["default"]:
        return "unlock"
    return _BY_NAME.get(name)


async def begin(call: "Call") -> None:
    """Begins a command: lets its duration pass and triggers faults.

    Raises `ConnectionResetError` if the connection is cut and the command ends with it. Services of systemd continue.
    """
    stage = stage_of(call.argv)
    faults, name = call.machine.site.faults, call.machine.spec.name
    if stage is not None and faults.trigger(name, "drop-at-step", stage):
        call.cut()
        if not call.detached:
            raise ConnectionResetError
    # A switch waits its own duration while it holds its lock.
    long = stage is not None and not call.argv[0].endswith("/switch-to-configuration")
    await call.machine.simulate_duration(STAGE_SECONDS if long else COMMAND_SECONDS)
