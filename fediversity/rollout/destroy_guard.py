"""Care before a rollout: what would be destroyed is said first, and refused where nobody has named it."""

import sys
from collections.abc import Callable, Collection
from dataclasses import dataclass

from fediversity.planning.known_servers import KnownServers
from fediversity.planning.stack_plan import StackPlan
from fediversity.program.planned_program import planned_program
from fediversity.rollout.console import say
from fediversity.rollout.destructive_changes import PreviewFindings, format_warning, refusals
from fediversity.rollout.preview_analysis import UpcomingRollout
from fediversity.rollout.pulumi_commands import arguments, asks
from fediversity.support.errors import RefusedError

Replan = Callable[[Collection[str]], StackPlan]
"""Plans anew, with the machines that are about to get another server."""


@dataclass(frozen=True)
class CheckedRollout:
    """A rollout that was looked at: its plan, which knows which servers are about to come."""

    planned: StackPlan
    ahead: UpcomingRollout
    outlook: PreviewFindings

    @property
    def refused(self) -> tuple[str, ...]:
        """Why it may not be made, a text for each thing; none if it may."""
        settings = self.planned.settings
        # Nobody is asked whether an unprotected server may go.
        unasked = not settings.simulated and not asks(self.ahead.options, simulated=False)
        lost = refusals(self.outlook.losses, self.planned.fleet, settings.fleet_file, servers_too=unasked)
        return *lost, *self._impossible

    @property
    def _impossible(self) -> tuple[str, ...]:
        return tuple(f"{self.planned.settings.fleet_file}: {text}" for text in self.outlook.impossible)

    def require_allowed(self) -> None:
        """Raises RefusedError with everything that nobody has allowed to be destroyed, and what cannot be done."""
        if refused := self.refused:
            cannot, count = len(self._impossible), len(refused) - len(self._impossible)
            totals = [
                f"{count} thing{'' if count == 1 else 's'} would be destroyed that may not be" if count else "",
                f"{cannot} change{'' if cannot == 1 else 's'} the cloud never makes" if cannot else "",
            ]
            raise RefusedError("\n".join([*refused, f"{', '.join(filter(None, totals))}; nothing was changed."]))

    @property
    def lifts(self) -> bool:
        """Whether something is protected that may be destroyed."""
        return any(loss.guarded for loss in self.outlook.losses)

    def lift(self) -> None:
        """Lifts the protection of what may be destroyed. Raises RefusedError."""
        self.ahead.lift(self.outlook.losses)


def prepare(planned: StackPlan, ahead: UpcomingRollout, replan: Replan) -> CheckedRollout:
    """Looks at what a rollout would destroy, and says it in a block that nobody overlooks."""
    outlook = ahead.look()
    for line in format_warning(outlook.losses):
        print(line)
    sys.stdout.flush()
    return CheckedRollout(replan(outlook.coming) if outlook.coming else planned, ahead, outlook)


def preview(prepared: CheckedRollout) -> int:
    """Shows Pulumi's preview, and what it would not let pass. Gives its exit code, or 1 for what is refused."""
    ahead, settings = prepared.ahead, prepared.planned.settings
    words = arguments("preview", settings.stack, ahead.options, simulated=settings.simulated)
    code = ahead.engine.run(words, program=planned_program(prepared.planned, ahead.engine.environment))
    if prepared.refused:
        say("`up` would refuse this:")
        print("\n".join(prepared.refused), file=sys.stderr)
        return 1
    if code != 0 and not prepared.outlook.errors and prepared.lifts:
        say("what Pulumi refuses is named in the fleet file: `up` lifts its protection first")
        return 0
    return code


def lift(prepared: CheckedRollout) -> int:
    """Lifts the protection of what the fleet file names, for a `pulumi up` that is started without `./just`."""
    prepared.require_allowed()
    if not prepared.lifts:
        say("nothing that is protected would be destroyed: nothing was changed")
        return 0
    prepared.lift()
    return 0


def resized_machines(before: StackPlan, known: KnownServers) -> list[str]:
    """The machines that get their own type by the next rollout, now that they are installed."""
    sizes = {
        name: (before.servers.size(name, machine), known.size(name, machine))
        for name, machine in before.fleet.enabled_machines.items()
    }
    return [
        f"{name} was installed on {large}; the next `up` moves it to {own}"
        for name, (large, own) in sizes.items()
        if large != own
    ]
