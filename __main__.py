"""The Pulumi program: connects settings, fleet, plan and declaration, and decides nothing itself."""

import pulumi

from fediversity.components.bulk import registrations_have_begun, short_stack_traces
from fediversity.components.limits import keep_limits
from fediversity.components.program import Program
from fediversity.components.settings import load_settings
from fediversity.derivations.planned import plan_stack
from fediversity.fleet.problems import FleetError
from fediversity.plan.settings import SettingsError

settings = load_settings()
try:
    planned = plan_stack(settings, pulumi.log.info)
except (FleetError, SettingsError) as error:
    raise pulumi.RunError(str(error)) from None
for note in planned.notes:
    pulumi.log.info(note)
with short_stack_traces():
    Program(planned.fleet, planned.plan, settings, planned.attempts).declare()
pulumi.run(registrations_have_begun)
keep_limits(planned.fleet, settings)
