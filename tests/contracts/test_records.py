"""How the record of a contract is made, and that it says where its facts come from."""

import json
import re
from pathlib import Path

import pytest

from tests.contracts import clan, hcloud
from tests.contracts.records import CONTRACTS, Contract, text_of

every_contract = pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.name)

FLAKE = {"flags": ["--flake"], "dest": "flake", "nargs": None, "choices": None, "default": None, "required": False}
HOST = {"flags": ["--host"], "dest": "host", "nargs": None, "choices": ["a", "b"], "default": "a", "required": True}
DUMP = {
    "clan machines": {"aliases": ["m"]},
    "clan machines list": {"options": [FLAKE], "positionals": []},
    "clan machines update": {
        "aliases": ["u"],
        "options": [HOST, FLAKE],
        "positionals": [{"dest": "machines", "nargs": "*", "choices": None}],
    },
}

SCHEMA = {
    "provider": {"inputProperties": {"token": {"type": "string", "description": "prose", "secret": True}}},
    "types": {"x:index/Rule:Rule": {"properties": {"port": {"type": "integer"}}, "required": ["port"]}},
    "resources": {
        "hcloud:index/wall:Wall": {
            "description": "prose",
            "inputProperties": {
                "name": {"type": "string", "willReplaceOnChanges": True},
                "rules": {"type": "array", "items": {"$ref": "#/types/x:index/Rule:Rule"}},
                "labels": {"type": "object", "additionalProperties": {"type": "string"}},
                "old": {"type": "boolean", "deprecationMessage": "prose"},
            },
            "requiredInputs": ["name"],
            "properties": {"name": {"type": "string"}},
            "required": ["name"],
        }
    },
}


@every_contract
def test_a_record_names_its_source_and_the_revision(contract: Contract) -> None:
    record = json.loads(contract.path.read_text())
    assert set(record) == {"source", "revision", "facts"}
    assert re.search(r"\d+\.\d+\.\d+|[0-9a-f]{8} \(\d{4}-\d\d-\d\d\)", record["revision"])


@every_contract
def test_a_record_is_written_as_it_would_be_made_anew(contract: Contract) -> None:
    record = json.loads(contract.path.read_text())
    facts = record.pop("facts")
    assert contract.path.read_text() == text_of(record, facts)


def test_a_source_is_read_from_the_folder_that_is_named(tmp_path: Path) -> None:
    (tmp_path / "clan-cli.json").write_text(json.dumps(DUMP))
    assert CONTRACTS[0].extract(tmp_path) == clan.facts(DUMP)


def test_what_all_commands_share_is_recorded_once_and_read_everywhere() -> None:
    facts = clan.facts(DUMP)
    assert facts == {
        "common": [[["--flake"], "flake", None, None, None]],
        "commands": {
            "machines": {"aliases": ["m"]},
            "machines list": {"options": [], "positionals": []},
            "machines update": {
                "options": [[["--host"], "host", None, ["a", "b"], "a", True]],
                "positionals": [["machines", "*", None]],
                "aliases": ["u"],
            },
        },
    }
    assert clan.commands(facts) == DUMP


def test_a_schema_becomes_names_types_and_what_else_counts_without_prose() -> None:
    facts = hcloud.facts(SCHEMA)
    wall = facts["resources"]["hcloud:index/wall:Wall"]
    assert facts["provider"] == {"token": "string"}
    assert facts["types"] == {"Rule": {"port": "integer required"}}
    assert wall["inputs"] == {
        "labels": "{string}",
        "name": "string required replaces",
        "old": "boolean deprecated",
        "rules": "[Rule]",
    }
    assert wall["outputs"] == {"name": "string required"}
    assert hcloud.named(wall["inputs"], hcloud.REPLACES) == {"name"}
    assert "prose" not in json.dumps(facts)


def test_the_simulated_plug_in_s_part_has_just_the_types_that_its_resources_use() -> None:
    facts = hcloud.facts(SCHEMA)
    facts["types"]["Other"] = {"name": "string"}
    part = hcloud.served(facts, ["hcloud:index/wall:Wall"])
    assert part["types"] == {"Rule": {"port": "integer required"}}
    assert part["resources"]["hcloud:index/wall:Wall"]["inputs"]["old"] == "boolean"
