"""The Pulumi program: connects settings, fleet, plan and declaration, and decides nothing itself."""

import gc

import pulumi

from fediversity.planning.stack_plan import plan_stack
from fediversity.planning.systems import carry_over
from fediversity.program.credentials import load_credentials
from fediversity.program.fleet_program import Program
from fediversity.program.limits import write_limits
from fediversity.program.sdk_performance import declare_many
from fediversity.program.settings import load_settings
from fediversity.support.errors import FediversityError

gc.disable()  # a run makes little garbage, and looking for it takes a tenth of its time
settings = load_settings()
try:
    planned = plan_stack(settings, pulumi.log.info)
    credentials = load_credentials(settings, planned.fleet)
    carry_over(settings, planned.fleet, preview=pulumi.runtime.is_dry_run())
except FediversityError as error:
    raise pulumi.RunError(str(error)) from None
for note in planned.notes:
    pulumi.log.info(note)
program = Program(planned.fleet, planned.plan, settings, planned.attempts, planned.servers, credentials)
declare_many(program.start, program.declare, lambda: write_limits(planned.fleet, settings))
