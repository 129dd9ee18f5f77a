"""The plan of a stack as its files are now, by the best that is known of its machines' systems."""

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from fediversity.fleet.model import Fleet
from fediversity.ledger.vars_hashes import changed_vars, vars_folder, vars_hashes
from fediversity.planning.build import make_plan
from fediversity.planning.known_servers import UNKNOWN, KnownServers, known_servers
from fediversity.planning.load import Sources
from fediversity.planning.rerun import rerun_numbers
from fediversity.planning.steps import Plan
from fediversity.planning.systems import LedgerSnapshot, SystemFingerprints, read_systems
from fediversity.project.project import Project
from fediversity.project.settings import Settings

_SHOWN = 3


@dataclass(frozen=True)
class StackPlan:
    """A stack's files, its plan, and what the plan's fingerprints were made from.

    `attempts` numbers, for steps that have to run again although nothing has changed, why (see `plan.attempts`);
    `recorded` is what the ledger held then, `servers` what is known of the machines' servers. `rotated`
    has the vars of machines, by their paths, that are others now than their last update brought them.
    """

    sources: Sources
    plan: Plan
    systems: SystemFingerprints
    attempts: Mapping[str, int] = field(default_factory=dict)
    recorded: LedgerSnapshot = field(default_factory=LedgerSnapshot)
    servers: KnownServers = UNKNOWN
    rotated: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def project(self) -> Project:
        """The project that the stack is in."""
        return self.sources.project

    @property
    def fleet(self) -> Fleet:
        """The stack's fleet."""
        return self.sources.fleet

    @property
    def settings(self) -> Settings:
        """The stack's settings."""
        return self.project.settings

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know about how the plan was made; a simulated stack is as it should be."""
        rotated = [f"the update of {name} runs: {rotation_reason(paths)}" for name, paths in self.rotated.items()]
        if self.settings.simulated:
            return tuple(rotated)
        destroyed = (
            f"server {machine.destroy} of {name} may be destroyed; if Pulumi refuses that because it is protected, "
            f"run `./just lift {self.settings.stack}` first"
            for name, machine in self.fleet.machines.items()
            if machine.destroy is not None and machine.destroy == self.servers.ids.get(name)
        )
        return (*self.systems.notes, *rotated, *destroyed)


def plan_stack(project: Project, say: Callable[[str], object], coming: Collection[str] = ()) -> StackPlan:
    """Plans a stack. `say` is told when that takes a while, and why.

    `coming` are the machines that get another server by what is done now.

    Raises FleetError or SettingsError with everything that is wrong.
    """
    return _plan(Sources.read(project), say, coming)


def plan_again(planned: StackPlan, say: Callable[[str], object], coming: Collection[str] = ()) -> StackPlan:
    """Plans the same files once more, by what the ledger holds now and by which servers are about to come.

    Raises SettingsError if the ledger cannot be read.
    """
    return _plan(planned.sources, say, coming)


def _plan(sources: Sources, say: Callable[[str], object], coming: Collection[str]) -> StackPlan:
    project, fleet = sources.project, sources.fleet
    recorded = LedgerSnapshot.read(project, fleet)
    known = known_servers(fleet, recorded.records, coming)
    systems = read_systems(sources, recorded, say)
    derivations = {name: system.derivation for name, system in systems.evaluated.items()}
    plan = make_plan(
        fleet,
        systems.fingerprints,
        project.settings.site,
        generators=sources.flake.generators,
        systems=derivations,
        kept=systems.kept,
        servers=known,
        rendered=sources.rendered,
    )
    rotated, hashes = _rotated(project, fleet, recorded)
    again = rerun_numbers(recorded.records, recorded.drifts.values(), recorded.given.values(), hashes)
    return StackPlan(sources, plan, systems, again, recorded, known, rotated)


def rotation_reason(paths: Sequence[str]) -> str:
    """Why a machine is updated whose vars are others now, for a person."""
    more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
    return f"its secrets or vars have changed since ({', '.join(paths[:_SHOWN])}{more})"


def _rotated(
    project: Project, fleet: Fleet, recorded: LedgerSnapshot
) -> tuple[dict[str, tuple[str, ...]], dict[str, str]]:
    """The vars that are others now than machines were given, by machine: their paths, and a hash of them all."""
    given = {name: recorded.given[name] for name in fleet.enabled_machines if name in recorded.given}
    if not given:
        return {}, {}
    folder = vars_folder(project.flake, project.folder, simulated=project.settings.simulated)
    now = vars_hashes(folder, given)
    paths = {name: changed_vars(given[name].files, now[name]) for name in given}
    hashes = {
        name: hashlib.sha256(repr([(path, now[name].get(path)) for path in found]).encode()).hexdigest()
        for name, found in paths.items()
        if found
    }
    return {name: paths[name] for name in hashes}, hashes
