"""What a machine's health is, besides what every machine is asked: checks of its own, and caps on what runs at once."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from fediversity.fleet.base import Label, Model, Port, fail_validation, form
from fediversity.fleet.health_checks import KINDS
from fediversity.fleet.providers.registry import PerProvider

_COMMAND = re.compile(r"[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*")
_URL = re.compile(r"https?://[^\s/@?#]+(?:/[^\s]*)?")
_PATH = re.compile(r"/[^\s]*")
_TITLE = re.compile(r"[^\x00-\x1f\x7f]{1,60}")


def _command(value: str) -> str:
    if not _COMMAND.fullmatch(value):
        fail_validation("not one line of text", "write the command on one line, as you would type it on the machine")
    return value


def _title(value: str) -> str:
    if not _TITLE.fullmatch(value):
        fail_validation("not a name for a check", "write one line of 60 characters at most")
    return value


def _url(value: str) -> str:
    if not _URL.fullmatch(value):
        fail_validation(
            f"'{value}' is not the address of a page", "write it like https://mastodon.fleet.example/health"
        )
    return value


def _path(value: str) -> str:
    if not _PATH.fullmatch(value):
        fail_validation(f"'{value}' is not the path of a page", "begin it with a slash, without spaces")
    return value


Title = Annotated[str, AfterValidator(_title), form(_TITLE)]
Line = Annotated[str, AfterValidator(_command), form(_COMMAND)]
Url = Annotated[str, AfterValidator(_url), form(_URL)]
Path = Annotated[str, AfterValidator(_path), form(_PATH)]


class HttpCheck(Model):
    """A page that the deploying computer asks for: by its `url`, or at a `port` of the machine's own address."""

    url: Url | None = None
    port: Port | None = None
    path: Path = "/"
    """The page at `port`."""
    status: int = Field(default=200, ge=100, le=599)
    """The status the answer must have."""

    @model_validator(mode="after")
    def _one_place(self) -> "HttpCheck":
        if (self.url is None) == (self.port is None):
            found = "neither `url` nor `port`" if self.url is None else "both `url` and `port`"
            fail_validation(found, "give the page's `url`, or a `port` of this machine and a `path`")
        if self.url is not None and "path" in self.model_fields_set:
            fail_validation("`path` beside `url`", "write the path into the `url`", "path")
        return self


class HealthCheck(Model):
    """Something that must hold on a machine for an update to count: exactly one of five kinds."""

    name: Title | None = None
    """What it is called in messages; what it asks if not given."""
    command: Line | None = None
    """Run on the machine by its login user; must end with status 0."""
    http: HttpCheck | None = None
    tcp: Port | None = None
    """A port of the machine that must take a connection from the deploying computer."""
    mesh: Literal[True] | None = None
    """The machine's own ZeroTier must be connected to its network."""
    peer: Label | None = None
    """Another machine of the same mesh that the machine's own ZeroTier must have an active path to."""
    timeout: int = Field(default=60, ge=1, le=3600)
    """For how many seconds it is tried before the update counts as failed."""

    @model_validator(mode="after")
    def _one_kind(self) -> "HealthCheck":
        given = [kind for kind in KINDS if getattr(self, kind) is not None]
        if len(given) != 1:
            *others, last = (f"`{kind}`" for kind in KINDS)
            found = " and ".join(f"`{kind}`" for kind in given) or f"none of {', '.join(others)} and {last}"
            fail_validation(f"a check with {found}", f"give each check exactly one of {', '.join(KINDS)}")
        return self


class Limits(Model):
    """How much of a rollout may run at once, over all its processes."""

    installs: int = Field(default=1, ge=1)
    """Installs write to the flake, so more than one at a time is for those who know that theirs do not."""
    updates: int = Field(default=4, ge=1)
    """Updates and deployments of applications, builds included."""
    per_provider: PerProvider = PerProvider()
