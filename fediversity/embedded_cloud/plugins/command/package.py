"""Defines the package `command` of the plug-in, with `local:Command` as its only resource."""

from pathlib import Path

from fediversity.embedded_cloud.folders import StackFolder
from fediversity.embedded_cloud.plugins.command.command import COMMAND, LocalCommand
from fediversity.embedded_cloud.plugins.config import Config
from fediversity.embedded_cloud.plugins.provider import Provider, Resource
from fediversity.embedded_cloud.plugins.schema import Extra, load
from fediversity.embedded_cloud.plugins.values import Values

PACKAGE = load(Path(__file__).with_name("schema.json"), {COMMAND: Extra(replaces=frozenset({"triggers"}))})


def resources(folder: StackFolder, settings: Values) -> dict[str, Resource]:
    """Returns the resource types by token; commands need neither a stack nor settings."""
    del folder, settings
    return {COMMAND: LocalCommand(PACKAGE.schemas[COMMAND])}


PROVIDER = Provider(PACKAGE, Config(), resources)
