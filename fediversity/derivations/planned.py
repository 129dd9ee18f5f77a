"""The plan of a stack as its files are now, by the best that is known of its machines' systems."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fediversity.derivations.systems import Recorded, Systems, look
from fediversity.fleet.model import Fleet
from fediversity.plan.attempts import attempts
from fediversity.plan.build import make_plan
from fediversity.plan.current import current_fleet
from fediversity.plan.fingerprint import FlakeSources
from fediversity.plan.servers import UNKNOWN, Servers, coming_servers, servers
from fediversity.plan.settings import Settings
from fediversity.plan.steps import Plan


@dataclass(frozen=True)
class Planned:
    """A stack, its fleet, its plan, and what the plan's fingerprints were made from.

    `attempts` numbers, for steps that have to run again although nothing has changed, why (see `plan.attempts`);
    `recorded` is what the ledger held then, `servers` what is known of the machines' servers.
    """

    settings: Settings
    fleet: Fleet
    plan: Plan
    systems: Systems
    attempts: Mapping[str, int] = field(default_factory=dict)
    recorded: Recorded = field(default_factory=Recorded)
    servers: Servers = UNKNOWN

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know about how the plan was made; in a simulated stack all is as it should be."""
        if self.settings.simulated:
            return ()
        destroyed = (
            f"server {machine.destroy} of {name} may be destroyed; if the engine refuses that because it is protected, "
            f"run `./just lift {self.settings.stack}` first"
            for name, machine in self.fleet.machines.items()
            if machine.destroy is not None and machine.destroy == self.servers.ids.get(name)
        )
        return (*self.systems.notes, *destroyed)


def plan_stack(settings: Settings, say: Callable[[str], object]) -> Planned:
    """Plans a stack. To be called in the project's folder. `say` is told when that takes a while, and why.

    Raises FleetError or SettingsError with everything that is wrong.
    """
    fleet = current_fleet(settings)
    files, recorded = FlakeSources.read(Path(settings.flake)), Recorded.read(settings, fleet)
    known = servers(fleet, recorded.records, coming_servers(os.environ))
    systems = look(settings, fleet, files, recorded, say)
    derivations = {name: system.derivation for name, system in systems.evaluated.items()}
    plan = make_plan(
        fleet,
        systems.fingerprints,
        settings.site,
        generators=files.generators,
        systems=derivations,
        kept=systems.kept,
        servers=known,
    )
    return Planned(
        settings, fleet, plan, systems, attempts(recorded.records, recorded.drifts.values()), recorded, known
    )
