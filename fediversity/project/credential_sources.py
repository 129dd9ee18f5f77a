"""Which credentials a stack needs, and where each comes from: `fediversity:credentials`.

A credential itself is never seen here: this only says where to look for it, and how a person puts it there.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from fediversity.fleet.model import Fleet

Cloud = Literal["hcloud", "gcp"]
Kind = Literal["config", "env", "clan"]

CLOUDS: tuple[Cloud, ...] = ("hcloud", "gcp")
SECRETS: Mapping[Cloud, str] = {"hcloud": "hcloud:token", "gcp": "gcp:credentials"}
"""The stack's encrypted setting that holds a cloud's credential."""

VARIABLES: Mapping[Cloud, str] = {"hcloud": "HCLOUD_TOKEN", "gcp": "GOOGLE_CREDENTIALS"}
"""The variable of the environment that holds a cloud's credential itself."""

GOOGLE_FILE_VARIABLE = "GOOGLE_APPLICATION_CREDENTIALS"
"""The variable that names a file with Google's credential."""

_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_./-]*")
_FORM = "write `config`, `env`, or `clan:NAME` for what `clan secrets get NAME` prints"


@dataclass(frozen=True)
class Source:
    """A place where a credential may be. `name` is the secret's name in clan, else empty."""

    kind: Kind
    name: str = ""


Sources = Mapping[Cloud, tuple[Source, ...]]
"""For each cloud the places to look at, in this order."""

DEFAULT: Sources = dict.fromkeys(CLOUDS, (Source("config"), Source("env")))


def parse_credentials(given: Any) -> tuple[Sources, list[str]]:
    """Where credentials come from, and what is wrong with the setting, each line beginning with its name."""
    if not isinstance(given, Mapping):
        return DEFAULT, ["credentials: must name packages, e.g. `hcloud: clan:hcloud-token`"]
    sources, wrong = dict(DEFAULT), []
    for cloud, text in given.items():
        if cloud not in CLOUDS:
            wrong.append(f"credentials.{cloud}: unknown package; known: {', '.join(CLOUDS)}")
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
    """The clouds that something of a fleet lives in, machines that are switched off left out."""
    kinds = {machine.provider.kind for machine in fleet.enabled_machines.values()}
    zones = {zone.provider for zone in fleet.dns.zones.values()}
    keys = fleet.gcp.keys if fleet.gcp is not None else {}
    needed = {
        "hcloud": "hetzner" in kinds or "hetzner" in zones or bool(fleet.networks),
        "gcp": "gcp" in kinds or "gcp" in zones or bool(fleet.buckets) or bool(keys),
    }
    return tuple(cloud for cloud in CLOUDS if needed[cloud])


def looked_for(cloud: Cloud, source: Source, stack: str) -> str:
    """Where a credential was looked for, in words."""
    if source.kind == "config":
        return f"the secret {SECRETS[cloud]} of Pulumi.{stack}.yaml"
    if source.kind == "clan":
        return f"clan's secret {source.name}"
    if cloud == "gcp":
        files = f"the file that {GOOGLE_FILE_VARIABLE} names, or gcloud's own (application default credentials)"
        return f"{VARIABLES[cloud]} in the environment, {files}"
    return f"{VARIABLES[cloud]} in the environment"


def how_to_set(cloud: Cloud, source: Source, stack: str) -> str:
    """The command by which a person puts a credential there; each asks for it or reads a file, so no shell keeps it."""
    if source.kind == "config":
        given = " <KEY.json" if cloud == "gcp" else ""
        return f"`./just pulumi config set --secret {SECRETS[cloud]} --stack {stack}{given}`"
    if source.kind == "clan":
        return f"`clan secrets set {source.name}` in the flake's folder"
    if cloud == "gcp":
        return "`gcloud auth application-default login`"
    return f"`read -rs {VARIABLES[cloud]} && export {VARIABLES[cloud]}`"
