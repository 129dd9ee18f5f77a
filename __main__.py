"""The Pulumi program: connects settings, plan and declaration, and decides nothing itself."""

import gc
from pathlib import Path

import pulumi

from fediversity.planning.stack_plan import plan_stack
from fediversity.program.declare import declare
from fediversity.program.settings import load_settings
from fediversity.project.project import Project
from fediversity.support.errors import FediversityError

gc.disable()  # a run makes little garbage, and looking for it takes a tenth of its time
project = Project(Path.cwd(), load_settings())
try:
    planned = plan_stack(project, pulumi.log.info)
except FediversityError as error:
    raise pulumi.RunError(str(error)) from None
declare(planned)
