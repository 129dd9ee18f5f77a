"""The fleet: the whole of a `stacks/<environment>.yaml` as one frozen model."""

from typing import Annotated, Literal

from pydantic import Field

from fediversity.fleet.base import Label, Listed, Model, PublicKey, Settings, Tag, UserName, in_schema
from fediversity.fleet.deployments import Deployment
from fediversity.fleet.dns import Dns
from fediversity.fleet.health import Limits
from fediversity.fleet.machines import Machine
from fediversity.fleet.policy import Policy
from fediversity.fleet.providers.google.storage import Bucket, BucketName, Gcp
from fediversity.fleet.providers.hetzner.model import Network
from fediversity.fleet.services import SERVICES

ServiceName = Annotated[str, Listed("clan service", SERVICES)]


class Operator(Model):
    """A person who may log in."""

    keys: tuple[PublicKey, ...] = Field(min_length=1)
    """SSH public keys, one line each as in `id_ed25519.pub`."""


class RoleAssignment(Model):
    """Who holds a role of a service instance: machines by name, by tag, or both."""

    machines: tuple[Label, ...] = ()
    tags: tuple[Tag, ...] = ()
    settings: Settings = Field(default_factory=dict)
    """What the service's role can be told; the settings are those of the clan service. No secrets."""


class Instance(Model):
    """An instance of a clan service with its roles."""

    module: ServiceName
    """The clan service."""
    description: str = ""
    roles: dict[str, RoleAssignment] = Field(min_length=1)


class Fleet(Model):
    """Everything one environment consists of."""

    version: Literal[1]
    """The version of this file format."""
    name: Label
    """The fleet's name; every machine of it carries the name, so that no other fleet's machine is taken for ours."""
    domain: Label
    """clan's `meta.domain`: the name of the mesh, under which machines find each other."""
    description: str = ""
    gcp: Gcp | None = None
    operators: dict[UserName, Operator] = Field(default_factory=dict)
    """People who may log in to the machines, by user name."""
    machines: Annotated[dict[Label, Machine], in_schema(minProperties=1)]
    """By host name."""
    deploying_machine: Label | None = None
    """The machine the rollout is started from, if it is one of the fleet; it is updated last."""
    limits: Limits = Limits()
    """How much of a rollout may run at once."""
    instances: dict[Label, Instance] = Field(default_factory=dict)
    """Instances of clan's services, by name."""
    dns: Dns = Dns()
    buckets: dict[BucketName, Bucket] = Field(default_factory=dict)
    """By name; the names of all buckets in the world are one name space."""
    deployments: dict[Label, Deployment] = Field(default_factory=dict)
    """Applications, by name."""
    networks: dict[Label, Network] = Field(default_factory=dict)
    """Private networks, by name."""
    policy: Policy = Policy()
    """What nothing of this fleet may go beyond, whoever edits the rest of the file."""
    retired: dict[Label, str] = Field(default_factory=dict)
    """Machines that were removed from this file, with the id of the one server each that may be deleted for it."""

    @property
    def enabled_machines(self) -> dict[str, Machine]:
        """The machines that are switched on, in the file's order."""
        return {name: machine for name, machine in self.machines.items() if machine.enabled}

    @property
    def placed_deployments(self) -> dict[str, Deployment]:
        """The deployments on machines that are switched on, those to take down included, in the file's order."""
        enabled = self.enabled_machines
        return {name: deployment for name, deployment in self.deployments.items() if deployment.machine in enabled}

    def members(self, role: RoleAssignment) -> tuple[str, ...]:
        """Returns the enabled machines that hold a role, by name or by tag, in the file's order."""
        return tuple(
            name
            for name, machine in self.enabled_machines.items()
            if name in role.machines or machine.all_tags & set(role.tags)
        )
