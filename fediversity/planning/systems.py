"""What is known of each machine's system before a rollout: out of Nix where there is Nix, else out of source files."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from fediversity.fleet.model import Fleet
from fediversity.planning.fingerprint import FlakeSources, deployments_on, fingerprint
from fediversity.planning.known_servers import former_names
from fediversity.planning.load import Sources
from fediversity.project.project import Project
from fediversity.project.settings import SettingsError

if TYPE_CHECKING:
    from fediversity.ledger.records import AppliedVars, Probe, StepRecord
    from fediversity.ledger.sqlite import Ledger
    from fediversity.nix_eval.evaluate import Evaluation, Nix, System

T = TypeVar("T")

LOCK_FILE = "flake.lock"


@dataclass(frozen=True)
class SystemFingerprints:
    """The fingerprint of every enabled machine, and where it comes from.

    `kept` has those of deployments that are as they should be, by the name of their step.
    `evaluated` holds what Nix would build, `failed` why a machine could not be evaluated. `without_nix` is why Nix was
    not asked at all, None if it was.
    """

    fingerprints: Mapping[str, str]
    kept: Mapping[str, str] = field(default_factory=dict)
    evaluated: Mapping[str, "System"] = field(default_factory=dict)
    failed: Mapping[str, str] = field(default_factory=dict)
    without_nix: str | None = None

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know about the fingerprints of machines of which Nix said nothing, a sentence each."""
        notes = []
        if self.without_nix is not None:
            notes.append(f"{self.without_nix}: whether a machine has changed is told by its source files.")
        for reason, machines in by_reason(self.failed).items():
            whose = "its source files tell" if len(machines) == 1 else "their source files tell"
            notes.append(f"{', '.join(machines)} cannot be evaluated, so {whose} what has changed: {reason}")
        return tuple(notes)


def by_reason(failed: Mapping[str, str]) -> dict[str, list[str]]:
    """The machines that could not be evaluated by the reason, on one line: often all have the same."""
    found: dict[str, list[str]] = {}
    for machine, reason in failed.items():
        found.setdefault(" ".join(reason.split()), []).append(machine)
    return found


@dataclass(frozen=True)
class LedgerSnapshot:
    """What a stack's ledger holds: every run of every step, and for each machine the newest look that found drift.

    `given` are the vars that each machine's last good update brought it.
    """

    records: "tuple[StepRecord, ...]" = ()
    drifts: "Mapping[str, Probe]" = field(default_factory=dict)
    given: "Mapping[str, AppliedVars]" = field(default_factory=dict)

    @classmethod
    def read(cls, project: Project, fleet: Fleet) -> "LedgerSnapshot":
        """Reads the ledger, under the machines' present names. Raises SettingsError if it cannot be read."""
        return _read(project, fleet, lambda ledger: cls(ledger.records(), ledger.drifts(), ledger.given()), cls())


def read_systems(sources: Sources, recorded: LedgerSnapshot, say: Callable[[str], object]) -> SystemFingerprints:
    """Finds out what each enabled machine would run.

    `say` is told before machines are evaluated, which can take minutes.

    Raises SettingsError if the environment asks for something impossible.
    """
    project, settings = sources.project, sources.project.settings
    if settings.simulated:
        return _of_sources(sources, "the machines are simulated, and so is their Nix")
    if settings.preview_only:
        return _of_sources(sources, "with simulated plug-ins no machine is evaluated")
    from fediversity.nix_eval.evaluate import Nix  # noqa: PLC0415 (not before every simulated rollout)

    nix = Nix.found(os.environ)
    if nix is None:
        return _of_sources(sources, "there is no `nix` on PATH")
    if not (project.flake / LOCK_FILE).is_file():
        hint = f"`nix flake lock path:$PWD/{settings.flake}` makes it; commit it"
        return _of_sources(sources, f"{settings.flake}/{LOCK_FILE} is missing ({hint})")
    return _of_nix(sources, nix, recorded.records, say)


def _of_sources(sources: Sources, reason: str) -> SystemFingerprints:
    return SystemFingerprints(_by_source(sources.flake, sources.rendered), without_nix=reason)


def _by_source(files: FlakeSources, rendered: Mapping[str, Any]) -> dict[str, str]:
    return {machine: fingerprint(files, rendered, machine) for machine in rendered["machines"]}


def _of_nix(
    sources: Sources,
    nix: "Nix",
    records: "tuple[StepRecord, ...]",
    say: Callable[[str], object],
) -> SystemFingerprints:
    from fediversity.nix_eval.cache import FINGERPRINTS, Cache  # noqa: PLC0415 (only with Nix)
    from fediversity.planning.derivation_fingerprint import current, deployed, switches  # noqa: PLC0415

    project, fleet, rendered = sources.project, sources.fleet, sources.rendered
    classes = {name: entry.machineClass for name, entry in fleet.enabled_machines.items()}
    evaluation = evaluated(nix, project.flake, classes, say)
    memory = Cache(FINGERPRINTS)
    means = memory.get(project.stack)
    means = means if isinstance(means, dict) else {}
    found, kept = {}, {}
    for name, system in evaluation.systems.items():
        on_it = deployments_on(rendered, name)
        found[name], meant = current(switches(records, name), system, on_it, means)
        if found[name] != meant:
            kept[found[name]] = meant
    if kept.items() - means.items():
        memory.put(project.stack, {**means, **kept})
    by_source = _by_source(sources.flake, rendered) if evaluation.failed else {}
    return SystemFingerprints(
        {name: found.get(name) or by_source[name] for name in fleet.enabled_machines},
        deployed(records, evaluation.systems, rendered),
        evaluation.systems,
        evaluation.failed,
    )


def carry_over(project: Project, fleet: Fleet, *, preview: bool = False) -> None:
    """Has what is known of renamed machines follow them to their present names: the ledger, and pinned host keys.

    A preview writes nothing. To be called before a rollout. Raises SettingsError if the ledger cannot be written.
    """
    if preview:
        return
    for old, new in former_names(fleet).items():
        before, after = project.known_hosts / old, project.known_hosts / new
        if before.is_file() and not after.exists():
            # A line of the file names the machine whose key it is.
            after.write_text(before.read_text().replace(f"{old} ", f"{new} ", 1))
    _read(project, fleet, lambda ledger: ledger.carry_over(), None)


def _read(project: Project, fleet: Fleet, read: Callable[["Ledger"], T], nothing: T) -> T:
    file = project.ledger_file
    if not file.exists():
        return nothing
    import sqlite3  # noqa: PLC0415 (a first rollout reads no ledger)

    from fediversity.ledger.sqlite import Ledger  # noqa: PLC0415

    try:
        return read(Ledger(file, former_names(fleet)))
    except sqlite3.Error as error:
        hint = "put it right from a backup, or move it away: then every update runs once more"
        raise SettingsError(
            f"{project.relative(file)} cannot be read: {error}; nothing was changed.\n    fix: {hint}"
        ) from None


def evaluated(nix: "Nix", flake: Path, classes: Mapping[str, str], say: Callable[[str], object]) -> "Evaluation":
    """Evaluates machines, those apart that were evaluated before from the very same files."""
    from fediversity.nix_eval.cache import EVALUATIONS, Cache, Evaluations, evaluation_key  # noqa: PLC0415 (only with Nix)
    from fediversity.nix_eval.evaluate import Evaluation, evaluate  # noqa: PLC0415
    from fediversity.nix_eval.workers import workers  # noqa: PLC0415

    memory, key = Evaluations(Cache(EVALUATIONS)), evaluation_key(flake, nix.program)
    known = {name: system for name, system in memory.systems(key).items() if name in classes}
    missing = {name: cls for name, cls in classes.items() if name not in known}
    if not missing:
        return Evaluation(known, {})
    at_once = workers(len(missing), nix.environment)
    say(f"Nix evaluates {len(missing)} machine{'' if len(missing) == 1 else 's'}, {at_once} at a time")
    fresh = evaluate(nix, flake, missing, at_once=at_once)
    # Somebody may have edited a file meanwhile: then nobody knows which machine was evaluated from what.
    if fresh.systems and evaluation_key(flake, nix.program) == key:
        memory.store(key, {**known, **fresh.systems})
    return Evaluation({**known, **fresh.systems}, fresh.failed)
