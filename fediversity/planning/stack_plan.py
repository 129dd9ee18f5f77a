"""The plan of a stack as its files are now, by the best that is known of its machines' systems."""

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fediversity.fleet.flake_copies import write_copies
from fediversity.fleet.model import Fleet
from fediversity.ledger.vars_hashes import changed_vars, vars_folder, vars_hashes
from fediversity.planning.build import make_plan
from fediversity.planning.fingerprint import FlakeSources
from fediversity.planning.known_servers import UNKNOWN, KnownServers, coming_servers, known_servers
from fediversity.planning.load import load_current_fleet
from fediversity.planning.rerun import rerun_numbers
from fediversity.planning.steps import Plan
from fediversity.planning.systems import LedgerSnapshot, SystemFingerprints, read_systems
from fediversity.project.settings import Settings

_SHOWN = 3


@dataclass(frozen=True)
class StackPlan:
    """A stack, its fleet, its plan, and what the plan's fingerprints were made from.

    `attempts` numbers, for steps that have to run again although nothing has changed, why (see `plan.attempts`);
    `recorded` is what the ledger held then, `servers` what is known of the machines' servers. `rotated`
    has the vars of machines, by their paths, that are others now than their last update brought them.
    """

    settings: Settings
    fleet: Fleet
    plan: Plan
    systems: SystemFingerprints
    attempts: Mapping[str, int] = field(default_factory=dict)
    recorded: LedgerSnapshot = field(default_factory=LedgerSnapshot)
    servers: KnownServers = UNKNOWN
    rotated: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know about how the plan was made; a simulated stack is as it should be."""
        rotated = [f"the update of {name} runs: {rotation_reason(paths)}" for name, paths in self.rotated.items()]
        if self.settings.simulated:
            return tuple(rotated)
        destroyed = (
            f"server {machine.destroy} of {name} may be destroyed; if the engine refuses that because it is protected, "
            f"run `./just lift {self.settings.stack}` first"
            for name, machine in self.fleet.machines.items()
            if machine.destroy is not None and machine.destroy == self.servers.ids.get(name)
        )
        return (*self.systems.notes, *rotated, *destroyed)


def plan_stack(settings: Settings, say: Callable[[str], object]) -> StackPlan:
    """Plans a stack. To be called in the project's folder. `say` is told when that takes a while, and why.

    Raises FleetError or SettingsError with everything that is wrong.
    """
    fleet = load_current_fleet(settings)
    write_copies(Path(settings.flake))
    files, recorded = FlakeSources.read(Path(settings.flake)), LedgerSnapshot.read(settings, fleet)
    known = known_servers(fleet, recorded.records, coming_servers(os.environ))
    systems = read_systems(settings, fleet, files, recorded, say)
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
    rotated, hashes = _rotated(settings, fleet, recorded)
    again = rerun_numbers(recorded.records, recorded.drifts.values(), recorded.given.values(), hashes)
    return StackPlan(settings, fleet, plan, systems, again, recorded, known, rotated)


def rotation_reason(paths: Sequence[str]) -> str:
    """Why a machine is updated whose vars are others now, for a person."""
    more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
    return f"its secrets or vars have changed since ({', '.join(paths[:_SHOWN])}{more})"


def _rotated(
    settings: Settings, fleet: Fleet, recorded: LedgerSnapshot
) -> tuple[dict[str, tuple[str, ...]], dict[str, str]]:
    """The vars that are others now than machines were given, by machine: their paths, and a hash of them all."""
    given = {name: recorded.given[name] for name in fleet.enabled_machines if name in recorded.given}
    if not given:
        return {}, {}
    folder = vars_folder(Path(settings.flake), Path(settings.site.state_dir), simulated=settings.simulated)
    now = vars_hashes(folder, given)
    paths = {name: changed_vars(given[name].files, now[name]) for name in given}
    hashes = {
        name: hashlib.sha256(repr([(path, now[name].get(path)) for path in found]).encode()).hexdigest()
        for name, found in paths.items()
        if found
    }
    return {name: paths[name] for name in hashes}, hashes
