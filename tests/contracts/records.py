"""Where the record of each contract is kept, and the newer sources that may lie beside the checkout.

A contract is what a tool or a package of others takes. The tests go by the record alone, so they need nothing beside
the checkout. `python -m tests.contracts.records FOLDER` makes the record anew from a folder with newer sources.
"""

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.contracts import clan, hcloud

_ROOT = Path(__file__).parents[2]
NEWER_SOURCES = _ROOT.parent / "shared" / "contracts"


@dataclass(frozen=True)
class Contract:
    """A record, the name of the file that it is made from, and how the facts are extracted from that."""

    path: Path
    source: str
    facts: Callable[[Mapping[str, Any]], dict[str, Any]]

    @property
    def name(self) -> str:
        """What the contract is called."""
        return self.path.stem

    def extract(self, folder: Path) -> dict[str, Any]:
        """The facts that the source in a folder states."""
        return self.facts(json.loads((folder / self.source).read_text()))


CONTRACTS = (
    Contract(clan.RECORD, "clan-cli.json", clan.facts),
    Contract(hcloud.RECORD, "pulumi-hcloud.schema.json", hcloud.facts),
)


def text_of(origin: Mapping[str, str], facts: Mapping[str, Any]) -> str:
    """The text of a record: one line for each command, type and resource."""
    groups = [f" {json.dumps(name)}: {_lines(group)}" for name, group in facts.items()]
    head = "".join(f"{json.dumps(key)}: {json.dumps(word)},\n" for key, word in origin.items())
    return f'{{\n{head}"facts": {{\n' + ",\n".join(groups) + "\n}\n}\n"


def _lines(group: Any) -> str:
    if not isinstance(group, Mapping):
        return json.dumps(group)
    return "{\n" + ",\n".join(f"  {json.dumps(name)}: {json.dumps(value)}" for name, value in group.items()) + "\n }"


def main() -> None:
    """Makes the records anew. The words on where the facts come from are a person's to correct."""
    folder = Path(sys.argv[1]) if sys.argv[1:] else NEWER_SOURCES
    for contract in CONTRACTS:
        origin = {key: word for key, word in json.loads(contract.path.read_text()).items() if key != "facts"}
        contract.path.write_text(text_of(origin, contract.extract(folder)))
        sys.stdout.write(f"{contract.path.relative_to(_ROOT)} written; is its `revision` still right?\n")


if __name__ == "__main__":
    main()
