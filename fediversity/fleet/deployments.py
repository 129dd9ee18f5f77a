"""Deployments: the applications that people ask for, and the one JSON form of such a request.

A request is the same everywhere: `nix/fleet.json` holds it, NixOps4 is handed it when it runs, a panel would write it,
and the options `fediversity.deployments.<name>` of the machines have its names. In the fleet file the keys are written
with underscores, as all keys there.
"""

import json
import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AliasGenerator, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel

from fediversity.fleet.base import Domain, Email, Label, Model, Port, UserName, Waited, fail_validation, form

Application = Literal["mastodon", "peertube", "pixelfed"]

_ACCOUNT = re.compile(r"[a-z0-9_]{1,30}")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_REGION = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


def _account(value: str) -> str:
    if not _ACCOUNT.fullmatch(value):
        fix = "use lower-case letters, digits and underscores, 30 at most: every application takes those"
        fail_validation(f"'{value}' is not the name of an account", fix)
    return value


def _bucket(value: str) -> str:
    if not _BUCKET.fullmatch(value):
        fix = "use 3 to 63 lower-case letters, digits, hyphens and dots, beginning and ending with a letter or digit"
        fail_validation(f"'{value}' is not the name of an S3 bucket", fix)
    return value


def _region(value: str) -> str:
    if not _REGION.fullmatch(value):
        fail_validation(
            f"'{value}' is not an S3 region", "write what the storage is configured with; Garage's own is `garage`"
        )
    return value


class RequestPart(Model):
    """A part of a request: written with underscores in a fleet file, in camel case in JSON and in Nix."""

    model_config = ConfigDict(
        alias_generator=AliasGenerator(alias=to_camel),
        validate_by_name=True,
        validate_by_alias=False,
        loc_by_alias=False,
    )


class InitialUser(RequestPart):
    """The first account of an application; its password is generated on the machine and never written here."""

    username: Annotated[str, AfterValidator(_account), form(_ACCOUNT)]
    display_name: str
    email: Email


class Storage(RequestPart):
    """Where an application keeps what people upload: an S3 bucket. Its keys are vars of the machine."""

    endpoint: Domain
    """The host of the S3 service, as Garage's or another one's, reached by HTTPS."""
    region: Annotated[str, AfterValidator(_region), form(_REGION)] = "garage"
    bucket: Annotated[str, AfterValidator(_bucket), form(_BUCKET)]


class Mail(RequestPart):
    """The relay that takes an application's mail. The password, where there is a user, is a var of the machine."""

    host: Domain
    port: Port = 587
    sender: Email = Field(alias="from")
    """What the application's mails are from."""
    user: UserName | None = None
    """Who logs in at the relay; nobody if not given."""


class DeploymentRequest(RequestPart):
    """An application on a machine, as somebody asks for it."""

    application: Application
    machine: Label
    """The NixOS machine it runs on."""
    enabled: bool = Field(default=True, alias="enable")
    """Whether it runs. A disabled one is taken down; its data stays."""
    remove_data: bool = False
    """Whether the data of a disabled one is removed as well, for good."""
    domain: Domain
    """Where people reach it."""
    initial_user: InitialUser
    size: Literal["small", "medium", "large"] = "small"
    """How much work it is made for: some people, hundreds, thousands."""
    storage: Storage | None = None
    """Where uploads are kept; the machine's own disk if not given."""
    mail: Mail | None = None
    """The relay for its mail; it sends none if not given."""

    @model_validator(mode="after")
    def _removal(self) -> "DeploymentRequest":
        if self.remove_data and self.enabled:
            fail_validation(
                "the data of a running application would be removed", "set `enabled: false` as well", "remove_data"
            )
        return self

    def request(self) -> dict[str, Any]:
        """Returns the request as plain data, in its JSON form."""
        return self.model_dump(by_alias=True, include=set(DeploymentRequest.model_fields))


def read_request(data: Any) -> DeploymentRequest:
    """Returns a request from its JSON form. Raises ValueError with everything that is wrong with it, a part a line."""
    try:
        return DeploymentRequest.model_validate_json(json.dumps(data), strict=True, by_alias=True, by_name=False)
    except ValidationError as error:
        # Never the values: a request that is written by hand may hold a password.
        lines = [f"{'.'.join(map(str, wrong['loc'])) or 'the request'}: {wrong['msg']}" for wrong in error.errors()]
        raise ValueError("\n".join(lines)) from None


class Deployment(DeploymentRequest):
    """An application that NixOps4 deploys on a machine."""

    after: tuple[Waited, ...] = ()
    """Machines, or `tag:NAME`, whose deployment must have ended well before this one."""
