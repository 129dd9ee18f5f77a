"""The command line of clan as facts: every command with its options, their choices, and its positional arguments."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

RECORD = Path(__file__).parents[1] / "data" / "contracts" / "clan.json"

_OPTION = ("flags", "dest", "nargs", "choices", "default")
_POSITIONAL = ("dest", "nargs", "choices")


@cache
def recorded() -> dict[str, Any]:
    """The facts as they are recorded."""
    found: dict[str, Any] = json.loads(RECORD.read_text())["facts"]
    return found


def facts(dump: Mapping[str, Any]) -> dict[str, Any]:
    """The facts in a dump of clan's parsers: lists in place of objects, and what all commands share said once."""
    leaves = {name: entry for name, entry in dump.items() if "options" in entry}
    common = [option for option in _options(leaves, next(iter(leaves))) if _is_everywhere(leaves, option)]
    return {
        "common": common,
        "commands": {
            name.removeprefix("clan "): _entry(leaves, name, common) | _aliases(entry) for name, entry in dump.items()
        },
    }


def _options(leaves: Mapping[str, Any], name: str) -> list[list[Any]]:
    return [
        [option[key] for key in _OPTION] + ([True] if option["required"] else []) for option in leaves[name]["options"]
    ]


def _is_everywhere(leaves: Mapping[str, Any], option: list[Any]) -> bool:
    return all(option in _options(leaves, name) for name in leaves)


def _entry(leaves: Mapping[str, Any], name: str, common: Sequence[Any]) -> dict[str, Any]:
    if name not in leaves:
        return {}
    own = [option for option in _options(leaves, name) if option not in common]
    return {
        "options": own,
        "positionals": [[positional[key] for key in _POSITIONAL] for positional in leaves[name]["positionals"]],
    }


def _aliases(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {"aliases": entry["aliases"]} if entry.get("aliases") else {}


def commands(recorded: Mapping[str, Any]) -> dict[str, Any]:
    """Every command with named parts, by its full name. Only a leaf has options and positional arguments."""
    return {
        f"clan {name}": _named(entry, recorded["common"]) | _aliases(entry)
        for name, entry in recorded["commands"].items()
    }


def _named(entry: Mapping[str, Any], common: Sequence[Any]) -> dict[str, Any]:
    if "options" not in entry:
        return {}
    return {
        "options": [
            dict(zip(_OPTION, option[:5], strict=True)) | {"required": len(option) > len(_OPTION)}
            for option in [*entry["options"], *common]
        ],
        "positionals": [dict(zip(_POSITIONAL, positional, strict=True)) for positional in entry["positionals"]],
    }
