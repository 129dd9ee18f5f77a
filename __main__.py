"""The Pulumi program: connects settings, fleet, plan and declaration, and decides nothing itself."""

import pulumi

from fediversity.components.program import Program
from fediversity.components.settings import load_settings
from fediversity.fleet.problems import FleetError
from fediversity.plan.current import current_plan
from fediversity.plan.settings import SettingsError

settings = load_settings()
try:
    fleet, plan = current_plan(settings)
except (FleetError, SettingsError) as error:
    raise pulumi.RunError(str(error)) from None
Program(fleet, plan, settings).declare()
