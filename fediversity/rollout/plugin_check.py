"""The official plug-ins that a stack needs: a missing one is one clear error, before Pulumi starts."""

import importlib.metadata
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fediversity.fleet.model import Fleet
from fediversity.fleet.providers.accounts import ACCOUNTS
from fediversity.project.credential_sources import clouds_of
from fediversity.project.settings import Settings
from fediversity.rollout.console import say
from fediversity.rollout.pulumi_cli import PulumiCli
from fediversity.support.errors import RefusedError


@dataclass(frozen=True)
class MissingPlugin:
    """A plug-in that is not installed, and why it could not be; the reason is empty if nobody tried."""

    package: str
    version: str
    reason: str = ""

    def __str__(self) -> str:
        return f"  {self.package} {self.version}" + (f": {self.reason}" if self.reason else "")


def require_official(settings: Settings, fleet: Fleet, engine: PulumiCli) -> None:
    """Makes sure that the official plug-ins which this fleet needs are installed.

    Pulumi would download what is missing by itself, and does so here unless that is switched off. Raises
    RefusedError with every plug-in that is missing.
    """
    needed = [*clouds_of(fleet), "command"]
    wanted = {package: _version(package) for package in needed if settings.plugins[package] == "official"}
    absent = [(package, version) for package, version in wanted.items() if not _is_there(package, version, engine)]
    tried = [_install(package, version, engine) for package, version in absent]
    if missing := [entry for entry in tried if entry is not None]:
        raise RefusedError(refusal(settings.stack, missing))


def refusal(stack: str, missing: Sequence[MissingPlugin]) -> str:
    """The error that names every official plug-in which is missing."""
    listed = "\n".join(map(str, missing))
    install = "        ./just pulumi plugin install resource"
    commands = "\n".join(f"{install} {entry.package} {entry.version}" for entry in missing)
    return (
        f"official plug-ins that the stack {stack} needs are not installed; nothing was changed:\n{listed}\n"
        f"    fix: install them where there is a network:\n{commands}\n"
        f"    or look at the stack without them, and without any cloud: ./just preview {stack} --plugins local"
    )


def _version(package: str) -> str:
    """The version of a plug-in: what the account says, else that of the package's SDK, which is the same."""
    account = ACCOUNTS.get(package)
    return (account.plugin_version if account else "") or importlib.metadata.version(f"pulumi-{package}")


def _is_there(package: str, version: str, engine: PulumiCli) -> bool:
    """Whether Pulumi would find the plug-in: among its own, or on PATH, where Nix puts plug-ins."""
    environ = engine.environment
    home = Path(environ.get("PULUMI_HOME") or Path(environ["HOME"], ".pulumi"))
    installed = home / "plugins" / f"resource-{package}-v{version}"
    return installed.is_dir() or shutil.which(f"pulumi-resource-{package}", path=environ.get("PATH")) is not None


def _install(package: str, version: str, engine: PulumiCli) -> MissingPlugin | None:
    """Installs a plug-in as Pulumi would; what is missing if that is switched off or fails."""
    if engine.environment.get("PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION", "").lower() in {"1", "true"}:
        return MissingPlugin(
            package, version, "downloading is switched off (PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION)"
        )
    say(f"installing the official plug-in {package} {version}")
    try:
        engine.output(["plugin", "install", "resource", package, version])
    except RefusedError as refusal_:
        return MissingPlugin(package, version, str(refusal_).strip().splitlines()[-1])
    return None
