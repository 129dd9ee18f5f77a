"""The guard: a unit on the machine itself that takes a change back unless somebody confirms that the machine is well.

It is armed before the tool starts, which may build for long before it changes anything. So it does not count from then
on, but waits until the system or the boot default is another one, and counts from there. Whoever deploys stops it when
all is well. Has the deploying computer died, or has the change cut the machine off, nobody does, and the machine goes
back by itself. It stays on guard then, because clan tries a switch a second time as soon as it has contact again, and
leaves a unit behind that says so. A restart ends it: transient units are gone then.
"""

import shlex
from dataclasses import dataclass

from fediversity.steps.context import StepContext
from fediversity.steps.job import StepError
from fediversity.steps.log import Log
from fediversity.steps.observe.host_facts import CURRENT_SYSTEM, unreachable
from fediversity.steps.observe.host_state import GUARD_UNIT, SYSTEM_PROFILE, WENT_BACK_UNIT, HostState
from fediversity.steps.transport.connectivity import retry_until
from fediversity.steps.transport.ssh import SshResult, Target

SWITCH_SECONDS = 600.0
"""How long a tool may take from its first change of a machine until it is done, and contact may be lost."""

_BACK = f'nix-env -p {SYSTEM_PROFILE} --set "$0" && exec "$0/bin/switch-to-configuration" switch'
_PATH = "--setenv=PATH=/run/current-system/sw/bin"
_START = f"systemd-run --collect --no-ask-password --quiet {_PATH}"
SCRIPT = (
    f'p="$1"; while true; do '
    f'while [ "$(readlink -f {CURRENT_SYSTEM})" = "$0" ] && [ "$(readlink -f {SYSTEM_PROFILE})" = "$p" ]; '
    f'do sleep 1; done; sleep "$2"; p="$0"; '
    f"{_START} --wait --unit=fediversity-guard-rollback -- bash -c '{_BACK}' \"$0\"; "
    f"{_START} --unit={WENT_BACK_UNIT} --property=RuntimeMaxSec=86400 -- sleep 86400; done"
)


@dataclass(frozen=True)
class RollbackTimer:
    """The guard of one change of one machine.

    `before` is what it goes back to; `there` says whether the machine can have one, for it is a unit of systemd.
    `seconds` is how long it waits for a change to be confirmed, `tool_seconds` how long the change may be in coming.
    """

    machine: Target
    before: HostState
    log: Log
    there: bool
    seconds: float
    tool_seconds: float

    @classmethod
    def of(cls, context: StepContext, machine: Target, before: HostState) -> "RollbackTimer":
        """The guard of what a step is about to do."""
        job = context.job
        longest_check = max((check.timeout for check in job.checks), default=0.0)
        seconds = context.patient(SWITCH_SECONDS + longest_check)
        return cls(machine, before, context.log, job.machine_class == "nixos", seconds, job.timeout)

    def arm(self, contact_seconds: float) -> None:
        """Arms it in place of any other; contact that is lost meanwhile has `contact_seconds` to come back.

        Raises StepError if the machine does not take it.
        """
        if not self.there:
            return
        if self.before.went_back:
            self.forget()
        # Arming it twice leaves one: each takes the place of the one before.
        answer = retry_until(self.log, self.machine, contact_seconds, self._replace)
        if answer.unreached:
            raise StepError(*unreachable(self.machine, answer))
        if not answer.ok:
            reason = f"{self.machine.alias} takes no guard against a bad update: {answer.stderr or answer.status}"
            raise StepError(f"{reason}; nothing was changed", f"on the machine: `systemctl status {GUARD_UNIT}`")

    def renew(self) -> None:
        """Has it count anew. If the machine is not reached, the one that is there stays."""
        if self.there:
            self._replace()

    def forget(self) -> None:
        """Removes the unit that says that a guard has gone back."""
        self.machine.run(*self.machine.as_root("systemctl", "stop", WENT_BACK_UNIT))

    def _replace(self) -> SshResult:
        # In one session, so that losing contact in between leaves the machine with a guard, the old one or the new.
        stop = self.machine.as_root("systemctl", "stop", GUARD_UNIT)
        arm = self.machine.as_root(*self._command(self.tool_seconds + 2 * self.seconds))
        return self.machine.run_line(f"{shlex.join(stop)}; {shlex.join(arm)}")

    def disarm(self) -> bool:
        """Stops it, if there is one. Gives whether the machine was reached."""
        if not self.there:
            return True
        # Status 5: there is none. A rollback that it has begun is a unit of its own and goes on.
        return not self.machine.run(*self.machine.as_root("systemctl", "stop", GUARD_UNIT)).unreached

    def _command(self, at_most: float) -> tuple[str, ...]:
        old = self.before.system or ""
        return (
            *("systemd-run", "--unit=fediversity-guard", "--collect", "--no-ask-password", _PATH),
            f"--property=RuntimeMaxSec={at_most:g}",
            *("--", "bash", "-c", SCRIPT, old, self.before.profile or old, f"{self.seconds:g}"),
        )
