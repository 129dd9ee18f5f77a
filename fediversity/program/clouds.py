"""The table of clouds that the program can declare. A cloud is loaded when a fleet has something in it."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any, cast

from fediversity.program.cloud import Cloud, ProviderModule

FOLDERS: Mapping[str, str] = {
    "hetzner": "hetzner",
    "gcp": "google",
}
"""The folder of each cloud below this room, by the provider's word in a fleet file."""


def cloud_class(kind: str) -> type[Cloud]:
    """Returns the class that declares a cloud's resources."""
    return cast("type[Cloud]", import_module(f"{__package__}.{FOLDERS[kind]}.cloud").CLOUD)


def provider_module(kind: str) -> ProviderModule:
    """Returns the module that declares a cloud's provider."""
    return cast("ProviderModule", import_module(f"{__package__}.{FOLDERS[kind]}.provider"))


def preview_answers() -> dict[str, Mapping[str, Any]]:
    """Returns what a preview without any cloud answers to what the program asks a cloud."""
    return {token: answer for kind in FOLDERS for token, answer in provider_module(kind).ANSWERS.items()}
