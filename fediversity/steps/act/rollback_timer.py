"""The rollback timer: a unit on the machine that rolls a change back unless the runner confirms it in time.

The unit is armed before the tool starts, and the tool may build for long before it changes anything. So the unit first
waits until the system or the boot default is another one, and counts from there. The runner stops it when the machine
is well. If the deploying computer has died, or the change has cut the machine off, the machine goes back by itself. The
timer then stays armed, because clan switches a second time as soon as it has contact again, and starts a unit that
records the rollback. A restart ends the timer: transient units are gone then.
"""

import shlex
from dataclasses import dataclass

from fediversity.steps.context import StepContext
from fediversity.steps.job import StepError
from fediversity.steps.log import Log
from fediversity.steps.observe.host_facts import CURRENT_SYSTEM, unreachable
from fediversity.steps.observe.host_state import GUARD_UNIT, SYSTEM_PROFILE, WENT_BACK_UNIT, HostState
from fediversity.steps.specs import SwitchSpec
from fediversity.steps.transport.connectivity import retry_until
from fediversity.steps.transport.ssh import SshResult, Target

SWITCH_SECONDS = 600.0
"""How many seconds a tool may take from its first change of a machine to its end; contact may be lost meanwhile."""

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
    """The rollback timer of one change of one machine.

    `before` is the state it goes back to. `supported` says whether the machine can have one, which needs systemd.
    `seconds` is how long it waits for a change to be confirmed, `tool_seconds` how long the tool may take to make it.
    """

    machine: Target
    before: HostState
    log: Log
    supported: bool
    seconds: float
    tool_seconds: float

    @classmethod
    def of(cls, context: StepContext[SwitchSpec], machine: Target, before: HostState) -> "RollbackTimer":
        """Returns the rollback timer of the change that a step is about to make."""
        spec = context.spec
        longest_check = max((check.timeout for check in spec.checks), default=0.0)
        seconds = context.with_patience(SWITCH_SECONDS + longest_check)
        return cls(machine, before, context.log, spec.machine.machine_class == "nixos", seconds, context.job.timeout)

    def arm(self, contact_seconds: float) -> None:
        """Arms the timer in place of any other. A lost connection has `contact_seconds` to come back.

        Raises StepError if the machine refuses it.
        """
        if not self.supported:
            return
        if self.before.went_back:
            self.clear_went_back()
        # To arm it twice leaves one timer: each replaces the one before.
        answer = retry_until(self.log, self.machine, contact_seconds, self._replace)
        if answer.unreached:
            raise StepError(*unreachable(self.machine, answer))
        if not answer.ok:
            reason = f"{self.machine.alias} takes no guard against a bad update: {answer.stderr or answer.status}"
            raise StepError(f"{reason}; nothing was changed", f"on the machine: `systemctl status {GUARD_UNIT}`")

    def renew(self) -> None:
        """Restarts the count. If the machine is not reached, the present timer stays."""
        if self.supported:
            self._replace()

    def clear_went_back(self) -> None:
        """Removes the unit that records that a timer has rolled the machine back."""
        self.machine.run(*self.machine.as_root("systemctl", "stop", WENT_BACK_UNIT))

    def _replace(self) -> SshResult:
        # In one session: the machine has a timer, the old one or the new, even if contact is lost in between.
        stop = self.machine.as_root("systemctl", "stop", GUARD_UNIT)
        arm = self.machine.as_root(*self._command(self.tool_seconds + 2 * self.seconds))
        return self.machine.run_line(f"{shlex.join(stop)}; {shlex.join(arm)}")

    def disarm(self) -> bool:
        """Stops the timer, if there is one. Returns whether the machine was reached."""
        if not self.supported:
            return True
        # Status 5: there is none. A rollback that the timer has begun is a unit of its own and goes on.
        return not self.machine.run(*self.machine.as_root("systemctl", "stop", GUARD_UNIT)).unreached

    def _command(self, at_most: float) -> tuple[str, ...]:
        old = self.before.system or ""
        return (
            *("systemd-run", "--unit=fediversity-guard", "--collect", "--no-ask-password", _PATH),
            f"--property=RuntimeMaxSec={at_most:g}",
            *("--", "bash", "-c", SCRIPT, old, self.before.profile or old, f"{self.seconds:g}"),
        )
