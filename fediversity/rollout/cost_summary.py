"""What a preview and a rollout say and keep about cost."""

import time

from fediversity.cost.deployed import deployed_items
from fediversity.cost.estimate import difference, estimate
from fediversity.cost.fleet_items import fleet_items, outside, switched_off
from fediversity.cost.format import one_line
from fediversity.cost.prices import load_prices
from fediversity.cost.record import read_record, write_record
from fediversity.fleet.model import Fleet
from fediversity.project.project import Project
from fediversity.rollout.backend import Backend
from fediversity.rollout.pending_operations import Deployment


def cost_line(project: Project, fleet: Fleet, backend: Backend) -> str:
    """What the fleet costs a month, and how much more that is than what is deployed, where that can be known.

    A real stack that is shown by simulated plug-ins is compared with nothing: that state is thrown away.
    """
    stack, settings = project.stack, project.settings
    table = load_prices()
    found = estimate(fleet_items(fleet), table, switched_off(fleet), outside(fleet))
    checkpoint = backend.checkpoint(stack)
    record = read_record(project.folder) if backend.folder is None else None
    there = deployed_items(checkpoint.get("resources") or ()) if checkpoint is not None else None
    there = record.items if record is not None else there
    compared = difference(found, estimate(there, table)) if there is not None and not settings.preview_only else None
    line = one_line(found, compared, fleet.policy.budget, simulated=settings.simulated)
    return f"{line}; see `fediversity cost {stack}`"


def save_deployed(project: Project, deployment: Deployment, backend: Backend) -> None:
    """Keeps what is deployed now, if the state cannot be read without Pulumi."""
    if backend.folder is None:
        write_record(project.folder, deployed_items(deployment.get("resources") or ()), time.time())
