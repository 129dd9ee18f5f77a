"""The credentials of the stack that Pulumi runs, before anything is declared."""

import os
from collections.abc import Mapping

import pulumi

from fediversity.fleet.model import Fleet
from fediversity.fleet.providers.accounts import ACCOUNTS
from fediversity.project.clan_secret import clan_secret
from fediversity.project.credential_sources import Cloud, clouds_of
from fediversity.project.credentials import CredentialLookup, Credentials, find_credentials
from fediversity.project.project import Project


def load_credentials(project: Project, fleet: Fleet, environ: Mapping[str, str] = os.environ) -> Credentials:
    """Returns the credentials of the clouds that a fleet lives in. Raises SettingsError with all that are missing."""
    flake = project.flake
    places = CredentialLookup(_in_config, environ, lambda name: clan_secret(name, flake, environ))
    return find_credentials(project.settings, clouds_of(fleet), places)


def secret_of(cloud: Cloud, credentials: Credentials) -> pulumi.Output[str] | None:
    """Returns a cloud's credential as Pulumi keeps it: encrypted. None if the plug-in finds it by itself."""
    credential = credentials.get(cloud)
    if credential is None or credential.kind == "plugin":
        return None
    if credential.kind == "value":
        return pulumi.Output.secret(credential.value)
    namespace, _, key = ACCOUNTS[cloud].secret.partition(":")
    return pulumi.Config(namespace).require_secret(key)


def _in_config(setting: str) -> bool:
    namespace, _, key = setting.partition(":")
    return pulumi.Config(namespace).get_secret(key) is not None
