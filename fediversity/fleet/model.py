"""The fleet: the whole of a `stacks/<environment>.yaml` as one frozen model."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from fediversity.fleet import catalogue
from fediversity.fleet.base import Domain, Label, Model, PublicKey, Settings, Tag, UserName, refuse
from fediversity.fleet.dns import Dns
from fediversity.fleet.machines import Machine
from fediversity.fleet.problems import choose
from fediversity.fleet.services import SERVICES


def _service(value: str) -> str:
    if value not in SERVICES:
        refuse(f"unknown clan service '{value}'", choose(value, SERVICES))
    return value


def _bucket_location(value: str) -> str:
    if value.lower() not in catalogue.GCP_BUCKET_LOCATIONS:
        refuse(f"unknown bucket location '{value}'", choose(value, catalogue.GCP_BUCKET_LOCATIONS))
    return value


class Operator(Model):
    """A person who may log in: their SSH public keys."""

    keys: tuple[PublicKey, ...] = Field(min_length=1)


class RoleAssignment(Model):
    """Who holds a role of a service instance: machines by name, by tag, or both."""

    machines: tuple[Label, ...] = ()
    tags: tuple[Tag, ...] = ()
    settings: Settings = Field(default_factory=dict)


class Instance(Model):
    """An instance of a clan service with its roles."""

    module: Annotated[str, AfterValidator(_service)]
    description: str = ""
    roles: dict[str, RoleAssignment] = Field(min_length=1)


class Bucket(Model):
    """A Cloud Storage bucket. Access is always uniform and never public."""

    provider: Literal["gcp"] = "gcp"
    location: Annotated[str, AfterValidator(_bucket_location)]
    storage_class: Literal["STANDARD", "NEARLINE", "COLDLINE", "ARCHIVE"] = "STANDARD"
    versioning: bool = True
    keep_objects: bool = True
    """Whether the bucket refuses to be deleted while it holds objects."""


class InitialUser(Model):
    """The first account of an application; its password is generated on the machine and never written here."""

    username: UserName
    display_name: str
    email: str = Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")


class Deployment(Model):
    """An application that NixOps4 deploys on a machine."""

    application: Literal["mastodon", "peertube", "pixelfed"]
    machine: Label
    domain: Domain
    initial_user: InitialUser
    enabled: bool = True
    after: tuple[str, ...] = ()


class Gcp(Model):
    """Where in Google Cloud everything of this fleet lives."""

    project: str = Field(pattern=r"^[a-z][a-z0-9-]{4,28}[a-z0-9]$")


class Fleet(Model):
    """Everything one environment consists of."""

    version: Literal[1]
    name: Label
    domain: Label
    """clan's `meta.domain`: the name of the mesh, under which machines find each other."""
    description: str = ""
    gcp: Gcp | None = None
    operators: dict[UserName, Operator] = Field(default_factory=dict)
    machines: dict[Label, Machine] = Field(min_length=1)
    deploying_machine: Label | None = None
    """The machine the rollout is started from, if it is one of the fleet; it is updated last."""
    instances: dict[Label, Instance] = Field(default_factory=dict)
    dns: Dns = Dns()
    buckets: dict[str, Bucket] = Field(default_factory=dict)
    deployments: dict[Label, Deployment] = Field(default_factory=dict)

    @property
    def enabled_machines(self) -> dict[str, Machine]:
        """The machines that are switched on, in the file's order."""
        return {name: machine for name, machine in self.machines.items() if machine.enabled}

    @property
    def enabled_deployments(self) -> dict[str, Deployment]:
        """The deployments that are switched on, in the file's order."""
        return {name: deployment for name, deployment in self.deployments.items() if deployment.enabled}

    def members(self, role: RoleAssignment) -> tuple[str, ...]:
        """The enabled machines that hold a role, by name or by tag, in the file's order."""
        return tuple(
            name
            for name, machine in self.enabled_machines.items()
            if name in role.machines or machine.all_tags & set(role.tags)
        )
