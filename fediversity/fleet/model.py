"""The fleet: the whole of a `stacks/<environment>.yaml` as one frozen model."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from fediversity.fleet import catalogue
from fediversity.fleet.base import Label, Model, PublicKey, Settings, Tag, UserName, form, in_schema, refuse
from fediversity.fleet.deployments import Deployment
from fediversity.fleet.dns import Dns
from fediversity.fleet.health import Limits
from fediversity.fleet.machines import Machine
from fediversity.fleet.problems import choose
from fediversity.fleet.services import SERVICES

_BUCKET = re.compile(r"[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]")
_PROJECT = re.compile(r"[a-z][a-z0-9-]{4,28}[a-z0-9]")


def _service(value: str) -> str:
    if value not in SERVICES:
        refuse(f"unknown clan service '{value}'", choose(value, SERVICES))
    return value


def _bucket_location(value: str) -> str:
    if value not in catalogue.GCP_BUCKET_LOCATIONS:
        refuse(f"unknown bucket location '{value}'", choose(value.lower(), catalogue.GCP_BUCKET_LOCATIONS))
    return value


def _bucket_name(value: str) -> str:
    if not _BUCKET.fullmatch(value):
        fix = "use 3 to 63 lower-case letters, digits, '-', '_' or '.', beginning and ending with a letter or digit"
        refuse(f"'{value}' is not a bucket name", fix)
    if value.startswith("goog") or "google" in value:
        refuse(f"'{value}' is a name Google keeps for itself", "leave 'google' and 'goog…' out of it")
    return value


def _project(value: str) -> str:
    if not _PROJECT.fullmatch(value):
        refuse(f"'{value}' is not a Google Cloud project id", "use 6 to 30 lower-case letters, digits and hyphens")
    return value


ServiceName = Annotated[str, AfterValidator(_service), in_schema(enum=sorted(SERVICES))]
BucketLocation = Annotated[
    str, AfterValidator(_bucket_location), in_schema(enum=sorted(catalogue.GCP_BUCKET_LOCATIONS))
]
BucketName = Annotated[str, AfterValidator(_bucket_name), form(_BUCKET)]
ProjectId = Annotated[str, AfterValidator(_project), form(_PROJECT)]


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


class Bucket(Model):
    """A Cloud Storage bucket. Access is always uniform and never public."""

    provider: Literal["gcp"] = "gcp"
    location: BucketLocation
    """A region, a dual-region or a multi-region, in lower case."""
    storage_class: Literal["STANDARD", "NEARLINE", "COLDLINE", "ARCHIVE"] = "STANDARD"
    versioning: bool = True
    keep_objects: bool = True
    """Whether the bucket refuses to be deleted while it holds objects."""


class Gcp(Model):
    """Where in Google Cloud everything of this fleet lives."""

    project: ProjectId


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
        """The enabled machines that hold a role, by name or by tag, in the file's order."""
        return tuple(
            name
            for name, machine in self.enabled_machines.items()
            if name in role.machines or machine.all_tags & set(role.tags)
        )
