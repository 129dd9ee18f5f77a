"""What a preview and a rollout say and keep about cost."""

import time
from pathlib import Path

from fediversity.cost.deployed import deployed_items
from fediversity.cost.estimate import difference, estimate
from fediversity.cost.fleet_items import fleet_items, outside, switched_off
from fediversity.cost.format import one_line
from fediversity.cost.prices import load_prices
from fediversity.cost.record import read_record, write_record
from fediversity.fleet.model import Fleet
from fediversity.project.settings import Settings
from fediversity.rollout.backend import Backend
from fediversity.rollout.pending_operations import Deployment


def cost_line(settings: Settings, fleet: Fleet, backend: Backend, root: Path) -> str:
    """What the fleet costs a month, and how much more that is than what is deployed, where that can be known.

    A real stack that is shown by simulated plug-ins is compared with nothing: that state is thrown away.
    """
    stack = settings.stack
    table = load_prices()
    found = estimate(fleet_items(fleet), table, switched_off(fleet), outside(fleet))
    checkpoint = backend.checkpoint(stack)
    record = read_record(_folder(root, stack)) if backend.folder is None else None
    there = deployed_items(checkpoint.get("resources") or ()) if checkpoint is not None else None
    there = record.items if record is not None else there
    compared = difference(found, estimate(there, table)) if there is not None and not settings.preview_only else None
    line = one_line(found, compared, fleet.policy.budget, simulated=settings.simulated)
    return f"{line}; see `fediversity cost {stack}`"


def save_deployed(stack: str, deployment: Deployment, backend: Backend, root: Path) -> None:
    """Keeps what is deployed now, if the state cannot be read without the engine."""
    if backend.folder is None:
        write_record(_folder(root, stack), deployed_items(deployment.get("resources") or ()), time.time())


def _folder(root: Path, stack: str) -> Path:
    return root / ".fediversity" / stack
