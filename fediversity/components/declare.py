"""What the Pulumi program does once its plan is made: one entry for `__main__.py` and for the process of `./just`."""

import os
from collections.abc import Mapping

import pulumi

from fediversity.components.bulk import declare_many
from fediversity.components.credentials import load_credentials
from fediversity.components.limits import keep_limits
from fediversity.components.planned_program import Lifting
from fediversity.components.program import Program
from fediversity.derivations.planned import Planned
from fediversity.derivations.systems import carry_over
from fediversity.project.settings import SettingsError


def declare(planned: Planned, environ: Mapping[str, str] = os.environ, lifting: Lifting | None = None) -> None:
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
    declare_many(program.start, program.declare, lambda: keep_limits(fleet, project))
