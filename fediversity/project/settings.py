"""The settings of a stack: what `Pulumi.<stack>.yaml` says under `fediversity:`."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from fediversity.fleet.providers.accounts import ACCOUNTS
from fediversity.project.credential_sources import DEFAULT, Sources, parse_credentials
from fediversity.project.endpoints import Endpoints, parse_endpoints
from fediversity.project.origin import RolloutOrigin
from fediversity.support.errors import FediversityError
from fediversity.support.layout import stack_path

Plugin = Literal["local", "official"]

_PACKAGES = (*ACCOUNTS, "command")
GROUPS = ("plugins", "credentials", "endpoints")
"""The settings that are groups of others."""

KNOWN_SETTINGS = frozenset({"fleet", "machines", "identity", "protect", "flake", "backend", *GROUPS})
PLUGINS_VARIABLE = "FEDIVERSITY_PLUGINS"
"""The variable of the environment that has the plug-ins of one run be others than the stack's: `local`."""

_TEXTS = ("fleet", "identity", "flake", "backend")
_BACKENDS = ("file", "gs", "s3", "azblob", "https")
_NOT_IN_PATHS = re.compile(r"""[\s\\&?#%$'"`]""")


class SettingsError(FediversityError):
    """Settings that cannot be used; the text names the file, every setting that is wrong, and how to mend it."""


@dataclass(frozen=True)
class Settings:
    """How one stack is rolled out.

    `fleet_file` is its fleet file, relative to the project. `plugins` says for each package whether the embedded
    cloud's plug-in or the official one serves it. `simulated`: machines and tools are the embedded cloud's.
    `identity` is the SSH private key to log in with; None leaves it to the person's agent and SSH configuration.
    `protect` keeps what holds data from being deleted by accident. `credentials` says where to look for each cloud's,
    `endpoints` where clouds are that are not at their own addresses. `preview_only`: the plug-ins are the embedded
    cloud's and the machines are real, so that nothing but a preview may be made with them. `backend` is
    the URL of where Pulumi keeps this stack's state; None leaves it to the project (`backend.url`, Pulumi.yaml).
    """

    stack: str
    fleet_file: str
    plugins: Mapping[str, Plugin]
    simulated: bool
    protect: bool
    identity: str | None
    flake: str
    backend: str | None = None
    credentials: Sources = field(default_factory=lambda: DEFAULT)
    endpoints: Endpoints = field(default_factory=Endpoints)
    preview_only: bool = False

    @property
    def site(self) -> RolloutOrigin:
        """Where this stack's commands are run from."""
        identity = stack_path(self.stack, "identity") if self.simulated else self.identity
        return RolloutOrigin(self.stack, self.flake, identity, self.simulated)


def _plugins(chosen: Any, fitting: Plugin) -> tuple[dict[str, Plugin], list[str]]:
    """The plug-in of each package, and what is wrong with what was chosen; `fitting` is for clouds not named."""
    plugins: dict[str, Plugin] = {package: fitting if package in ACCOUNTS else "official" for package in _PACKAGES}
    if not isinstance(chosen, Mapping):
        return plugins, ["plugins: must name packages, e.g. `hcloud: official`"]
    wrong: list[str] = []
    for package, plugin in chosen.items():
        if package not in _PACKAGES:
            wrong.append(f"plugins.{package}: unknown package; known: {', '.join(_PACKAGES)}")
        elif plugin not in ("local", "official"):
            wrong.append(f"plugins.{package}: '{plugin}' is neither local nor official")
        else:
            plugins[package] = plugin
    return plugins, wrong


def _wrong_path(key: str, path: Any) -> Iterator[str]:
    """What is wrong with a path that becomes part of OpenSSH's options, clan's targets or flake references."""
    if not isinstance(path, str):
        return
    if odd := _NOT_IN_PATHS.search(path):
        yield f"{key}: the path '{path}' cannot be used, because it holds {odd[0]!a}"
    if path.startswith("~") and not path.startswith("~/"):
        yield f"{key}: only your own home can be written as ~; write the path '{path}' in full"


def _wrong_backend(url: Any) -> Iterator[str]:
    """What is wrong with the URL of a backend. The value itself is not repeated: it may hold what it must not."""
    if not isinstance(url, str):
        return
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in _BACKENDS:
        yield f"backend: must be a URL that begins with one of {', '.join(f'{known}://' for known in _BACKENDS)}"
    elif "@" in rest.partition("/")[0] or re.search(r"[?&](?:[^=]*(?:secret|password|token|key))=", url, re.IGNORECASE):
        yield "backend: holds a credential, which would be committed; leave it to the environment"


def parse_settings(stack: str, given: Mapping[str, Any]) -> Settings:
    """The settings from what stands under `fediversity:`, by key without that prefix.

    Raises SettingsError with everything that is wrong.
    """
    wrong = [
        f"{key}: unknown setting; known: {', '.join(sorted(KNOWN_SETTINGS))}"
        for key in given
        if key not in KNOWN_SETTINGS
    ]
    wrong += [f"{key}: must be text" for key in _TEXTS if not isinstance(given.get(key, ""), str)]
    wrong += [wrong_path for key in ("identity", "flake") for wrong_path in _wrong_path(key, given.get(key))]
    wrong += _wrong_backend(given.get("backend"))
    machines = given.get("machines", "real")
    # A simulated cloud has no real machines, and real tools must never be pointed at simulated ones.
    fitting: Plugin = "local" if machines == "simulated" else "official"
    plugins, wrong_plugins = _plugins(given.get("plugins", {}), fitting)
    wrong += wrong_plugins
    if machines not in ("real", "simulated"):
        wrong.append(f"machines: '{machines}' is neither real nor simulated")
    elif not wrong_plugins:
        odd = [package for package in ACCOUNTS if plugins[package] != fitting]
        fix = "; `--plugins local` previews a real stack with simulated plug-ins" if machines == "real" else ""
        wrong += [f"plugins.{name}: '{plugins[name]}' does not go with machines: {machines}{fix}" for name in odd]
    credentials, wrong_credentials = parse_credentials(given.get("credentials", {}))
    endpoints, wrong_endpoints = parse_endpoints(given.get("endpoints", {}))
    wrong += [*wrong_credentials, *wrong_endpoints]
    if machines == "simulated":
        wrong += [
            f"{name}: a simulated stack asks no cloud; leave it out"
            for name in ("credentials", "endpoints")
            if given.get(name)
        ]
    if not given.get("fleet"):
        wrong.append("fleet: is missing; write the fleet file's path, e.g. stacks/dev.yaml")
    protect = str(given.get("protect", "true"))
    if protect not in ("true", "false"):
        wrong.append(f"protect: '{protect}' is neither true nor false")
    if wrong:
        listed = "".join(f"\n  fediversity:{line}" for line in wrong)
        raise SettingsError(f"Pulumi.{stack}.yaml cannot be used; nothing was changed:{listed}")
    return Settings(
        stack=stack,
        fleet_file=str(given["fleet"]),
        plugins=plugins,
        simulated=machines == "simulated",
        protect=protect == "true",
        identity=given.get("identity"),
        flake=str(given.get("flake", "nix")),
        credentials=credentials,
        endpoints=endpoints,
        backend=given.get("backend"),
    )


def with_plugins(settings: Settings, chosen: str | None) -> Settings:
    """The settings for one run with other plug-ins than the stack's own; None or empty: with its own.

    Simulated plug-ins show what a real stack would make, without asking any cloud; the real tools must never be
    pointed at what they make up, so they can only preview. Raises SettingsError for what cannot be.
    """
    if not chosen or set(settings.plugins.values()) == {chosen}:
        return settings
    if chosen not in ("local", "official"):
        raise SettingsError(
            f"--plugins {chosen}: there are local ones (simulated) and official ones; nothing was changed."
        )
    if chosen == "official":
        own = "simulated" if settings.simulated else "partly local by its settings"
        raise SettingsError(
            f"--plugins official: the stack {settings.stack} is {own}; nothing was changed.\n"
            f"    fix: its plug-ins stand in Pulumi.{settings.stack}.yaml under fediversity:plugins"
        )
    return replace(settings, plugins=dict.fromkeys(_PACKAGES, "local"), preview_only=not settings.simulated)


def require_plain_path(path: Path) -> None:
    """Makes sure that a checkout's path can be part of OpenSSH's options, clan's targets and flake references.

    None of the three has a way to quote all characters that mean something in it. Raises SettingsError.
    """
    if odd := _NOT_IN_PATHS.search(str(path)):
        raise SettingsError(
            f"The checkout's path cannot be used, because it holds {odd[0]!a}: {path}; nothing was changed.\n"
            "    fix: move the checkout to a path without white space, quotes and any of \\ & ? # % $"
        )
