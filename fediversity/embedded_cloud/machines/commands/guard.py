"""Simulates the rollback guard that a rollout starts on a machine: a shell script recognized by its exact text.

Simulated machines do not support loops. This module simulates this one script; any other text with a loop is refused.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from fediversity.embedded_cloud.machines import profiles

if TYPE_CHECKING:
    from fediversity.embedded_cloud.machines.call import Call

_PATH = "--setenv=PATH=/run/current-system/sw/bin"
_BACK = f'nix-env -p {profiles.SYSTEM} --set "$0" && exec "$0/bin/switch-to-configuration" switch'
_START = ("systemd-run", "--collect", "--no-ask-password", "--quiet", _PATH)
_ROLL_BACK = (*_START, "--wait", "--unit=fediversity-guard-rollback", "--")
_RECORD_ROLLBACK = (
    *_START,
    "--unit=fediversity-guard-went-back.service",
    "--property=RuntimeMaxSec=86400",
    "--",
    "sleep",
    "86400",
)

SCRIPT = (
    f'p="$1"; while true; do '
    f'while [ "$(readlink -f {profiles.CURRENT})" = "$0" ] && [ "$(readlink -f {profiles.SYSTEM})" = "$p" ]; '
    f'do sleep 1; done; sleep "$2"; p="$0"; '
    f"{' '.join(_ROLL_BACK)} bash -c '{_BACK}' \"$0\"; {' '.join(_RECORD_ROLLBACK)}; done"
)
"""Waits until the machine runs or boots another system, then waits for the timeout, rolls back, starts a unit that
records the rollback, and waits again.
"""

_POLL_SECONDS = 0.1
_NOT_FOUND = 127


async def guard(call: Call, old: str, profile: str, seconds: str) -> int:
    """Simulates the script. `old` is the system of the rollback, `profile` the boot default before the change."""
    if not call.on_path:
        call.print_error("bash: line 1: readlink: command not found")
        return _NOT_FOUND
    root = call.machine.root
    while True:
        while root.canonical(profiles.CURRENT) == old and root.canonical(profiles.SYSTEM) == profile:
            await asyncio.sleep(_POLL_SECONDS)
        await asyncio.sleep(float(seconds))
        profile = old
        await call.run((*_ROLL_BACK, "bash", "-c", _BACK, old))
        await call.run(_RECORD_ROLLBACK)
