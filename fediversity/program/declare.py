"""What the Pulumi program does once its plan is made: one entry for `__main__.py` and for the process of `./just`."""

import os
from collections.abc import Mapping

import pulumi

from fediversity.planning.stack_plan import StackPlan
from fediversity.planning.systems import carry_over
from fediversity.program.credentials import load_credentials
from fediversity.program.fleet_program import Program
from fediversity.program.limits import write_limits
from fediversity.program.planned_program import Lifting
from fediversity.program.sdk_performance import declare_many
from fediversity.project.settings import SettingsError


def declare(planned: StackPlan, environ: Mapping[str, str] = os.environ, lifting: Lifting | None = None) -> None:
    """Declares a planned stack to the Pulumi that runs this program; once a run.

    With `lifting`, what the state has is declared in its place, less some protection. Raises pulumi.RunError with
    everything that is wrong.
    """
    project, fleet = planned.project, planned.fleet
    try:
        credentials = load_credentials(project, fleet, environ)
        carry_over(project, fleet, preview=pulumi.runtime.is_dry_run())
    except SettingsError as error:
        raise pulumi.RunError(str(error)) from None
    for note in planned.notes:
        pulumi.log.info(note)
    program = Program(fleet, planned.plan, project.settings, planned.attempts, planned.servers, credentials, lifting)
    declare_many(program.start, program.declare, lambda: write_limits(fleet, project))
