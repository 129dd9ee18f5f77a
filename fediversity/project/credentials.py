"""Looks for each credential where the stack's settings say, and says in one error which are missing."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from fediversity.fleet.providers.account import CloudAccount
from fediversity.fleet.providers.accounts import ACCOUNTS
from fediversity.project.clan_secret import ClanSecretError
from fediversity.project.credential_sources import Cloud, Source, how_to_set, looked_for
from fediversity.project.settings import Settings, SettingsError


@dataclass(frozen=True)
class Credential:
    """A credential that was found. `value` is the credential itself, and never shown.

    `config`: it is in the stack's own settings, from where it is taken as the secret it is. `value`: it is here.
    `plugin`: it is in a file or a token that the cloud's plug-in finds by itself.
    """

    kind: Literal["config", "value", "plugin"]
    value: str = field(default="", repr=False)


Credentials = Mapping[Cloud, Credential]


@dataclass(frozen=True)
class CredentialLookup:
    """Where credentials can be: the stack's settings (asked whether they have a key), the environment, and clan.

    `clan` gives a secret by its name, or raises ClanSecretError.
    """

    in_config: Callable[[str], bool]
    environ: Mapping[str, str]
    clan: Callable[[str], str]


def find_credentials(settings: Settings, clouds: Iterable[Cloud], places: CredentialLookup) -> Credentials:
    """The credential of each cloud that is asked for real; `clouds` are those the fleet lives in.

    Raises SettingsError with all that are missing, each with where it was looked for and how it is put there.
    """
    found: dict[Cloud, Credential] = {}
    missing: list[str] = []
    for cloud in clouds:
        if settings.plugins[cloud] == "local":
            continue
        sources = settings.credentials[cloud]
        reasons: list[str] = []
        for source in sources:
            if (credential := _look(cloud, source, places, reasons)) is not None:
                found[cloud] = credential
                break
        else:
            missing.append("\n".join(_missing(settings.stack, cloud, sources, reasons)))
    if missing:
        count = f"{len(missing)} credential{' is' if len(missing) == 1 else 's are'} missing"
        raise SettingsError("\n".join([f"Pulumi.{settings.stack}.yaml: {count}; nothing was declared:", *missing]))
    return found


def _look(cloud: Cloud, source: Source, places: CredentialLookup, reasons: list[str]) -> Credential | None:
    if source.kind == "config":
        return Credential("config") if places.in_config(ACCOUNTS[cloud].secret) else None
    if source.kind == "clan":
        try:
            return Credential("value", places.clan(source.name))
        except ClanSecretError as error:
            reasons.append(str(error))
            return None
    return _in_environment(ACCOUNTS[cloud], places.environ)


def _in_environment(account: CloudAccount, environ: Mapping[str, str]) -> Credential | None:
    """The credential in the variables and files of the environment, in the order in which the plug-in looks."""
    for name in (account.variable, *account.other_variables):
        if value := environ.get(name, "").strip():
            return Credential("value", value)
    by_plugin = any(environ.get(name) for name in account.plugin_variables)
    if by_plugin or any(path.is_file() for path in account.plugin_files(environ)):
        return Credential("plugin")
    return None


def _missing(stack: str, cloud: Cloud, sources: tuple[Source, ...], reasons: list[str]) -> Iterator[str]:
    looked = "; ".join(looked_for(cloud, source, stack) for source in sources)
    yield f"  fediversity:credentials.{cloud}: looked for {looked}" + "".join(f": {reason}" for reason in reasons)
    yield f"    fix: {', or '.join(how_to_set(cloud, source, stack) for source in sources)}"
