"""What is left for a person once a backend is prepared, and the line of the stack's settings that chooses it."""

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
    """The text of a stack's settings with its backend chosen; everything else stays as it is, comments too.

    Raises StateError if that cannot be done to this text, and says what to write by hand.
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
    """Who keeps the secrets of a stack now, by the text of its settings: the URL, or `passphrase`."""
    content = yaml.safe_load(text)
    found = content.get("secretsprovider") if isinstance(content, Mapping) else None
    return str(found) if found else "passphrase"


def first_use(wanted: BackendSpec, text: str) -> list[str]:
    """What a person does once before the first rollout of a stack with this backend: lines, commands indented.

    `text` is that of its settings: the engine notes there who keeps the secrets, once the stack is made.
    """
    if secrets_provider_of(text) == wanted.keeper.url != "passphrase":
        return [
            f"The settings of {wanted.stack} name the key already: if the stack was made there, nothing is left to do."
        ]
    return [
        *_credentials(wanted),
        *_passphrase(wanted),
        "Make the stack. The engine notes in its settings who keeps its secrets, so commit those afterwards:",
        f"    ./just pulumi stack init {wanted.stack} --secrets-provider={shlex.quote(wanted.keeper.url)}",
        f"./just finds the backend by itself. `pulumi` without it needs to be told ({SETTING} is not the engine's):",
        f"    export PULUMI_BACKEND_URL={shlex.quote(wanted.bucket.url)}",
    ]


def move(wanted: BackendSpec, old: str, text: str) -> list[str]:
    """What a person does to move a stack that exists from the backend `old` to this one: lines, commands indented."""
    stack, keeper = wanted.stack, secrets_provider_of(text)
    file = f"{stack}.state.json"
    change = [f"    ./just pulumi stack change-secrets-provider {shlex.quote(wanted.keeper.url)} --stack {stack}"]
    return [
        f"Stack {stack} has a state in {old}, as far as can be seen here. Its settings stay as they are until it has",
        "moved. Let nobody roll it out meanwhile (docs/state.md says what each command does):",
        *_credentials(wanted),
        *_passphrase(wanted),
        f"    export PULUMI_BACKEND_URL={shlex.quote(old)}",
        f"    ./just pulumi stack export --stack {stack} --file {file}",
        f"    export PULUMI_BACKEND_URL={shlex.quote(wanted.bucket.url)}",
        f"    ./just pulumi stack init {stack} --secrets-provider={shlex.quote(keeper)}",
        f"    ./just pulumi stack import --stack {stack} --file {file}",
        *(change if keeper != wanted.keeper.url else ()),
        f"    unset PULUMI_BACKEND_URL; rm {file}",
        f"Then write `{SETTING}: {wanted.bucket.url}` under `config:` of Pulumi.{stack}.yaml, see that",
        f"`./just preview {stack}` shows no change, and commit the settings.",
    ]


def _credentials(wanted: BackendSpec) -> list[str]:
    if isinstance(wanted.bucket, GcsBucket) or isinstance(wanted.keeper, GcpKey):
        return [
            "The engine does not use gcloud's own login. Give it one, once:",
            "    gcloud auth application-default login",
        ]
    return ["The engine finds credentials as aws does: AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."]


def _passphrase(wanted: BackendSpec) -> list[str]:
    if not isinstance(wanted.keeper, Passphrase):
        return []
    return [
        "Think of a passphrase and keep it where the others find it: without it the secrets are lost. The engine asks",
        "for it, or reads it from the file that PULUMI_CONFIG_PASSPHRASE_FILE names. It belongs in no command line.",
    ]
