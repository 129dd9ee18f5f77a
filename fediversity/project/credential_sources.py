"""Which credentials a stack needs, and where each comes from: `fediversity:credentials`.

A credential itself is never seen here: this only says where to look for it, and how a person puts it there.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from fediversity.fleet.providers.accounts import ACCOUNTS, accounts_of

if TYPE_CHECKING:
    from fediversity.fleet.model import Fleet

Cloud = str
"""A cloud, by the package that Pulumi has for it."""
Kind = Literal["config", "env", "clan"]

_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_./-]*")
_FORM = "write `config`, `env`, or `clan:NAME` for what `clan secrets get NAME` prints"


@dataclass(frozen=True)
class Source:
    """A place where a credential may be. `name` is the secret's name in clan, else empty."""

    kind: Kind
    name: str = ""


Sources = Mapping[Cloud, tuple[Source, ...]]
"""For each cloud the places to look at, in this order."""

DEFAULT: Sources = dict.fromkeys(ACCOUNTS, (Source("config"), Source("env")))


def parse_credentials(given: Any) -> tuple[Sources, list[str]]:
    """Returns where credentials come from, and what is wrong with the setting, each line beginning with its name."""
    if not isinstance(given, Mapping):
        return DEFAULT, ["credentials: must name packages, e.g. `hcloud: clan:hcloud-token`"]
    sources, wrong = dict(DEFAULT), []
    for cloud, text in given.items():
        if cloud not in ACCOUNTS:
            wrong.append(f"credentials.{cloud}: unknown package; known: {', '.join(ACCOUNTS)}")
        elif (source := _source(text)) is None:
            # What stands there may be the credential itself, so it is not repeated.
            wrong.append(f"credentials.{cloud}: is no place to look at; {_FORM}; a credential itself never stands here")
        else:
            sources[cloud] = (source,)
    return sources, wrong


def _source(text: Any) -> Source | None:
    if text == "config":
        return Source("config")
    if text == "env":
        return Source("env")
    kind, _, name = text.partition(":") if isinstance(text, str) else ("", "", "")
    return Source("clan", name) if kind == "clan" and _NAME.fullmatch(name) else None


def clouds_of(fleet: "Fleet") -> tuple[Cloud, ...]:
    """Returns the clouds that something of a fleet lives in, machines that are switched off left out."""
    return tuple(account.package for account in accounts_of(fleet))


def looked_for(cloud: Cloud, source: Source, stack: str) -> str:
    """Returns where a credential was looked for, in words."""
    account = ACCOUNTS[cloud]
    if source.kind == "config":
        return f"the secret {account.secret} of Pulumi.{stack}.yaml"
    if source.kind == "clan":
        return f"clan's secret {source.name}"
    elsewhere = f", {account.plugin_finds}" if account.plugin_finds else ""
    return f"{account.variable} in the environment{elsewhere}"


def how_to_set(cloud: Cloud, source: Source, stack: str) -> str:
    """Returns the command by which a person puts a credential there.

    Each asks for it or reads a file, so no shell keeps it.
    """
    account = ACCOUNTS[cloud]
    if source.kind == "config":
        given = f" <{account.secret_in_file}" if account.secret_in_file else ""
        return f"`./just pulumi config set --secret {account.secret} --stack {stack}{given}`"
    if source.kind == "clan":
        return f"`clan secrets set {source.name}` in the flake's folder"
    return f"`{account.login or f'read -rs {account.variable} && export {account.variable}'}`"
