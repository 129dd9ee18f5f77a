"""The remaining steps for a person once a backend is prepared, and the setting that chooses it."""

import re
import shlex
from collections.abc import Mapping
from typing import Any

import yaml

from fediversity.state.backend_spec import BackendSpec, GcpKey, GcsBucket, Passphrase, StateError

SETTING = "fediversity:backend"
_LINE = re.compile(rf"^(?P<indent>[ \t]+){SETTING}:.*$", re.MULTILINE)
_CONFIG = re.compile(r"^config:[ \t]*(#.*)?$", re.MULTILINE)
_ENTRY = re.compile(r"^(?P<indent>[ \t]+)fediversity:", re.MULTILINE)


def with_backend(text: str, url: str, file: str) -> str:
    """Returns the text of a stack's settings with its backend set; everything else stays, comments too.

    Raises StateError, with the line to write by hand, if this text cannot be edited.
    """
    line = f"{SETTING}: {url}"
    if _LINE.search(text):
        changed = _LINE.sub(lambda found: f"{found['indent']}{line}", text, count=1)
    elif _CONFIG.search(text):
        entry = _ENTRY.search(text)
        indent = entry["indent"] if entry else "  "
        changed = _CONFIG.sub(lambda found: f"{found[0]}\n{indent}{line}", text, count=1)
    else:
        changed = f"{text.rstrip()}\nconfig:\n  {line}\n" if text.strip() else f"config:\n  {line}\n"
    if _config(changed) != {**_config(text), SETTING: url}:
        raise StateError(f"{file}: write this line under `config:` by hand: {line}")
    return changed


def _config(text: str) -> dict[str, Any]:
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError:
        return {}
    found = content.get("config") if isinstance(content, Mapping) else None
    return dict(found) if isinstance(found, Mapping) else {}


def secrets_provider_of(text: str) -> str:
    """Returns the present secrets provider in the text of a stack's settings: a URL, or `passphrase`."""
    content = yaml.safe_load(text)
    found = content.get("secretsprovider") if isinstance(content, Mapping) else None
    return str(found) if found else "passphrase"


def first_use(spec: BackendSpec, text: str) -> list[str]:
    """Returns what a person does before the first rollout of a stack with this backend: lines, commands indented.

    `text` is that of its settings, where Pulumi notes the secrets provider once the stack exists.
    """
    if secrets_provider_of(text) == spec.secrets_provider.url != "passphrase":
        return [
            f"The settings of {spec.stack} name the key already: if the stack was made there, nothing is left to do."
        ]
    return [
        *_credentials(spec),
        *_passphrase(spec),
        "Make the stack. Pulumi notes in its settings who keeps its secrets, so commit those afterwards:",
        f"    ./just pulumi stack init {spec.stack} --secrets-provider={shlex.quote(spec.secrets_provider.url)}",
        f"./just finds the backend by itself. `pulumi` without it needs to be told ({SETTING} is not Pulumi's):",
        f"    export PULUMI_BACKEND_URL={shlex.quote(spec.bucket.url)}",
    ]


def move(spec: BackendSpec, old: str, text: str) -> list[str]:
    """Returns what a person does to move a stack from the backend `old` to this one: lines, commands indented."""
    stack, secrets_provider = spec.stack, secrets_provider_of(text)
    file = f"{stack}.state.json"
    change = [
        f"    ./just pulumi stack change-secrets-provider {shlex.quote(spec.secrets_provider.url)} --stack {stack}"
    ]
    return [
        f"Stack {stack} has a state in {old}, as far as can be seen here. Its settings stay as they are until it has",
        "moved. Do not roll it out meanwhile (docs/state.md says what each command does):",
        *_credentials(spec),
        *_passphrase(spec),
        f"    export PULUMI_BACKEND_URL={shlex.quote(old)}",
        f"    ./just pulumi stack export --stack {stack} --file {file}",
        f"    export PULUMI_BACKEND_URL={shlex.quote(spec.bucket.url)}",
        f"    ./just pulumi stack init {stack} --secrets-provider={shlex.quote(secrets_provider)}",
        f"    ./just pulumi stack import --stack {stack} --file {file}",
        *(change if secrets_provider != spec.secrets_provider.url else ()),
        f"    unset PULUMI_BACKEND_URL; rm {file}",
        f"Then write `{SETTING}: {spec.bucket.url}` under `config:` of Pulumi.{stack}.yaml, see that",
        f"`./just preview {stack}` shows no change, and commit the settings.",
    ]


def _credentials(spec: BackendSpec) -> list[str]:
    if isinstance(spec.bucket, GcsBucket) or isinstance(spec.secrets_provider, GcpKey):
        return [
            "Pulumi does not use gcloud's own login. Give it one, once:",
            "    gcloud auth application-default login",
        ]
    return ["Pulumi finds credentials as aws does: AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."]


def _passphrase(spec: BackendSpec) -> list[str]:
    if not isinstance(spec.secrets_provider, Passphrase):
        return []
    return [
        "Think of a passphrase and keep it where the others find it: without it the secrets are lost. Pulumi asks",
        "for it, or reads it from the file that PULUMI_CONFIG_PASSPHRASE_FILE names. It belongs in no command line.",
    ]
