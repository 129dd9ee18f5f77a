"""Steps: one supervised command on one machine each, and what it waits for."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from fediversity.ledger.records import StepKind
from fediversity.planning.commands import Command
from fediversity.support.errors import FediversityError

WHAT: Mapping[StepKind, str] = {
    "vars": "generate secrets and other vars for the whole fleet",
    "reach": "wait until SSH answers",
    "install": "erase the disks and install NixOS",
    "unlock": "unlock the encrypted disk",
    "online": "wait until SSH answers with the new host key",
    "join": "join the ZeroTier mesh and be admitted by its controller",
    "update": "update the system and check its health",
    "apply": "deploy the application with NixOps4",
}

RUNS_AGAIN: Mapping[StepKind, str] = {
    "vars": "machines, service instances, secrets of deployments or generators change",
    "reach": "the server is another one",
    "install": "the server is another one",
    "unlock": "the server is another one or gets another type",
    "online": "the server is another one",
    "join": "the machine or the mesh is another one",
    "update": "its configuration, secrets or vars change",
    "apply": "the deployment or the system below it changes",
}


@dataclass(frozen=True)
class Step:
    """One step of a rollout.

    `name` is unique in the fleet and names Pulumi's resource. `after` lists the steps that must have ended well
    before, without those that others in the list imply. `fingerprint` is what the step applies; while it stays equal
    the step does not run again. It is None for steps that run once for each server. `command` is what the runner
    supervises, empty where the runner does the work itself. `purpose` says what it does where that is not what steps of
    its kind usually do. `prepared`: the server comes with NixOS, so that no installer has run on it.
    """

    name: str
    kind: StepKind
    machine: str | None
    after: tuple[str, ...] = ()
    command: Command = ()
    fingerprint: str | None = None
    deployment: str | None = None
    purpose: str | None = None
    prepared: bool = False

    @property
    def subject(self) -> str:
        """What the step is about: the deployment, the machine, or the whole fleet."""
        return self.deployment or self.machine or "fleet"

    @property
    def what(self) -> str:
        """What the step does, for people."""
        return self.purpose or WHAT[self.kind]


@dataclass(frozen=True)
class Plan:
    """All steps of a rollout; each stands after those it waits for."""

    steps: tuple[Step, ...]
    by_name: Mapping[str, Step] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {step.name: step for step in self.steps})

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps)

    def of(self, machine: str) -> tuple[Step, ...]:
        """The steps of one machine, deployments on it included, in order."""
        return tuple(step for step in self.steps if step.machine == machine)


class PlanError(FediversityError):
    """A fleet that cannot be put in order: its steps wait for each other in a circle. `cycle` names them."""

    def __init__(self, cycle: tuple[str, ...]) -> None:
        self.cycle = cycle
        super().__init__(f"the plan has a cycle: {' waits for '.join(cycle)}")
