"""The package `command` as the plug-in serves it; of its resources only `local:Command` is."""

from pathlib import Path

from fediversity.local.folders import StackFolder
from fediversity.local.plugins.command.command import COMMAND, LocalCommand
from fediversity.local.plugins.config import Config
from fediversity.local.plugins.provider import Provider, Resource
from fediversity.local.plugins.tables import Extra, load
from fediversity.local.plugins.values import Values

PACKAGE = load(Path(__file__).with_name("schema.json"), {COMMAND: Extra(replaces=frozenset({"triggers"}))})


def resources(folder: StackFolder, settings: Values) -> dict[str, Resource]:
    """The resource types by token; commands need neither a stack nor settings."""
    del folder, settings
    return {COMMAND: LocalCommand(PACKAGE.tables[COMMAND])}


PROVIDER = Provider(PACKAGE, Config(), resources)
