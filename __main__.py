"""The Pulumi program: connects settings, fleet, plan and declaration, and decides nothing itself."""

import gc

import pulumi

from fediversity.components.bulk import declare_many
from fediversity.components.credentials import load_credentials
from fediversity.components.limits import keep_limits
from fediversity.components.program import Program
from fediversity.components.settings import load_settings
from fediversity.derivations.planned import plan_stack
from fediversity.derivations.systems import carry_over
from fediversity.fleet.problems import FleetError
from fediversity.plan.settings import SettingsError

gc.disable()  # a run makes little garbage, and looking for it takes a tenth of its time
settings = load_settings()
try:
    planned = plan_stack(settings, pulumi.log.info)
    credentials = load_credentials(settings, planned.fleet)
    carry_over(settings, planned.fleet, preview=pulumi.runtime.is_dry_run())
except (FleetError, SettingsError) as error:
    raise pulumi.RunError(str(error)) from None
for note in planned.notes:
    pulumi.log.info(note)
program = Program(planned.fleet, planned.plan, settings, planned.attempts, planned.servers, credentials)
declare_many(program.start, program.declare, lambda: keep_limits(planned.fleet, settings))
