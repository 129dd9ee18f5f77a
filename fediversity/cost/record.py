"""Keeps what the last rollout from this computer left deployed, because a state cannot be read without Pulumi."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from fediversity.cost.deployed import as_data, from_data
from fediversity.fleet.providers.billing import Item
from fediversity.support.files import write_atomically

FILE = "deployed.json"


@dataclass(frozen=True)
class Record:
    """What was deployed, and when that was seen (seconds since 1970)."""

    items: tuple[Item, ...]
    at: float


def write_record(folder: Path, items: Iterable[Item], at: float) -> None:
    """Keeps it in the stack's folder, at once or not at all."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_atomically(folder / FILE, json.dumps({"at": at, "items": as_data(items)}, indent=1) + "\n")


def read_record(folder: Path) -> Record | None:
    """Returns what was kept; None if nothing was, or if it is of another version of this program."""
    try:
        data = json.loads((folder / FILE).read_text(encoding="utf-8"))
        return Record(from_data(data["items"]), float(data["at"]))
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError):
        return None
