"""An embedded cloud without machines and without gRPC: checks, then does, what the engine would ask for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fediversity.embedded_cloud.folders import StackFolder
from fediversity.embedded_cloud.machines.spec import DatacenterError, MachineSpec
from fediversity.embedded_cloud.plugins import checks, diff
from fediversity.embedded_cloud.plugins.cloud import Cloud, CloudResource
from fediversity.embedded_cloud.plugins.provider import State
from fediversity.embedded_cloud.plugins.registry import provider
from fediversity.embedded_cloud.plugins.values import Values
from fediversity.embedded_cloud.store import Store

# `ssh-keygen -t ed25519` made these; their private halves are gone.
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA/pGWs9DFlB1YJtttLI8FX9uqwacAqA6UMKcCBxzR5W one"
OTHER_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0cFq2mW0dJb8Yk2mB1x3r1Xo1m6y3t3qKq5k8H4v9x other"


class RefusedError(Exception):
    """Checks found problems; `problems` are their texts."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


@dataclass
class FakeMachines:
    """Remembers what was done to machines; `broken` makes every creation fail."""

    specs: dict[str, MachineSpec] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)
    broken: bool = False

    def create(self, spec: MachineSpec) -> None:
        self.done.append(f"create {spec.id}")
        if self.broken:
            raise DatacenterError("the simulated datacenter burns")
        self.specs.setdefault(spec.id, spec)

    def change(self, machine_id: str, **changes: Any) -> None:
        self.done.append(f"change {machine_id}")
        if machine_id not in self.specs:
            raise DatacenterError(f"there is no simulated machine `{machine_id}`")
        self.specs[machine_id] = self.specs[machine_id].changed(changes)

    def power_on(self, machine_id: str) -> None:
        self.done.append(f"on {machine_id}")

    def power_off(self, machine_id: str) -> None:
        self.done.append(f"off {machine_id}")

    def ensure_on(self) -> None:
        self.done.append("ensure on")

    def machines(self) -> dict[str, dict[str, Any]]:
        return {id_: {"phase": "debian"} for id_ in self.specs}

    def delete(self, machine_id: str) -> None:
        self.done.append(f"delete {machine_id}")
        self.specs.pop(machine_id, None)

    def stop(self) -> None:
        self.done.append("stop")


@dataclass
class Made:
    """A resource as the engine remembers it."""

    resource: CloudResource
    id: str
    inputs: Values
    outputs: Values

    def __getitem__(self, name: str) -> Any:
        return self.outputs[name]

    def read(self) -> State | None:
        """Refreshes; None when the resource is gone."""
        return self.resource.read_now(self.id, self.inputs)

    def imported(self, id_: str) -> State | None:
        """What `pulumi import` of an id would find."""
        return self.resource.read_now(id_, {})

    def update(self, **changes: Any) -> diff.Difference:
        """Changes some inputs in place; None removes one. Gives what the engine would see as the difference."""
        wanted = {name: value for name, value in (self.inputs | changes).items() if value is not None}
        checked = check(self.resource, self.id, wanted, self.inputs)
        found = diff.difference(self.resource.table, self.inputs, checked)
        self.outputs = self.resource.update_now(self.id, self.outputs, checked)
        self.inputs = checked
        return found

    def delete(self) -> None:
        """Deletes the resource."""
        self.resource.delete_now(self.id, self.outputs)


class World:
    """The embedded cloud of a stack in a folder, for one package."""

    def __init__(self, project: Path, package: str, settings: Mapping[str, Any] | None = None) -> None:
        self.folder = StackFolder.of(project, "dev")
        self.machines = FakeMachines()
        self.cloud = Cloud(Store(self.folder.store), self.machines, settings or {})
        found = provider(package).resources(self.folder, dict(settings or {}))
        self.resources = {token: resource for token, resource in found.items() if isinstance(resource, CloudResource)}
        for resource in self.resources.values():
            resource.cloud = self.cloud

    def resource(self, type_name: str) -> CloudResource:
        """A resource type by the last part of its token."""
        return next(resource for token, resource in self.resources.items() if token.endswith(f":{type_name}"))

    def problems(self, type_name: str, **inputs: Any) -> list[str]:
        """What a check says of some inputs."""
        try:
            check(self.resource(type_name), "thing", inputs, {})
        except RefusedError as error:
            return error.problems
        return []

    def make(self, type_name: str, **inputs: Any) -> Made:
        """Checks and creates a resource. Raises RefusedError or CloudError."""
        resource = self.resource(type_name)
        checked = check(resource, "thing", inputs, {})
        state = resource.create_now(checked)
        return Made(resource, state.id, checked, state.outputs)


def check(resource: CloudResource, name: str, news: Mapping[str, Any], olds: Mapping[str, Any]) -> Values:
    """The inputs as a check completes them. Raises RefusedError."""
    checked = checks.check_inputs(resource.table, news, olds, checks.Naming(name, b"seed"))
    problems = [*checked.problems, *resource.rules(checked.usable)]
    if problems:
        raise RefusedError([str(problem) for problem in problems])
    return checked.inputs
