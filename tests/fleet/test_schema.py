"""The JSON Schema for editors is what the models say, knows the catalogue, and fits real fleet files."""

import json
import random
from pathlib import Path
from typing import Any

import pytest
import yaml

from fediversity.fleet.diagnostics import FleetError
from fediversity.fleet.load import parse_fleet
from fediversity.fleet.machines import Machine
from fediversity.fleet.model import Fleet
from fediversity.fleet.providers.google import catalogue as google
from fediversity.fleet.providers.hetzner import catalogue as hetzner
from fediversity.fleet.schema import SCHEMA_FILE, schema, schema_text
from fediversity.fleet.services import SERVICES, SETTINGS
from fediversity.fleet.yaml_reader import read_yaml
from tests.fleet.bad import BAD_FILES, Bad
from tests.fleet.good import GOOD
from tests.fleet.json_schema import SchemaValidator
from tests.fleet.mutations import mutated

STACKS = Path(__file__).parents[2] / "stacks"
SCHEMA = schema()
VALIDATOR = SchemaValidator(SCHEMA)

FIELD_KINDS = [bad for bad in BAD_FILES if "not allowed here" in bad.what or "expected" in bad.what]


def wrong(text: str) -> list[str]:
    return VALIDATOR.wrong(yaml.safe_load(text))


def definition(name: str, field: str) -> dict[str, Any]:
    found: dict[str, Any] = SCHEMA["$defs"][name]["properties"][field]
    return found


def test_the_committed_schema_is_up_to_date() -> None:
    assert (STACKS / SCHEMA_FILE).read_text() == schema_text(), "run `fediversity schema` and commit the result"


def test_the_schema_is_the_same_each_time_and_valid_json() -> None:
    assert schema_text() == schema_text()
    assert json.loads(schema_text()) == SCHEMA


def test_the_dev_fleet_names_the_schema_and_fits_it() -> None:
    text = (STACKS / "dev.yaml").read_text()
    assert f"# yaml-language-server: $schema=./{SCHEMA_FILE}" in text
    assert wrong(text) == []


def test_a_fleet_file_that_uses_everything_fits_it() -> None:
    assert wrong(GOOD) == []


@pytest.mark.parametrize("bad", FIELD_KINDS, ids=lambda bad: bad.name.replace(" ", "-"))
def test_an_editor_sees_values_of_the_wrong_kind(bad: Bad) -> None:
    assert wrong(bad.text)


@pytest.mark.parametrize(
    "name",
    [
        *("unknown key of a machine", "misspelt key that is needed", "unknown section", "key of another provider"),
        *("unknown server type", "unknown location", "unknown image", "unknown machine type", "unknown zone"),
        *("unknown service", "unknown role", "unknown setting", "unknown bucket location", "no roles", "no keys"),
        *("machine name in capitals", "tag with a space", "bad project", "bad zone name", "bad bucket name"),
        *("port out of range", "disk too small", "disk too large", "TTL too short", "traffic from nowhere"),
        *("no public key", "private key among the operators", "host with user", "bad record name"),
    ],
)
def test_an_editor_sees_what_a_field_can_know(name: str) -> None:
    (bad,) = (bad for bad in BAD_FILES if bad.name == name)
    assert wrong(bad.text)


def test_an_editor_complains_about_nothing_that_loads() -> None:
    chance = random.Random(1)  # noqa: S311 (what is wanted is the same chance each time)
    loaded = 0
    for _ in range(400):
        text = mutated(GOOD, chance)
        try:
            parse_fleet(text, "fleet.yaml")
        except FleetError:
            continue
        loaded += 1
        assert VALIDATOR.wrong(read_yaml(text, "fleet.yaml").data) == [], text
    assert loaded > 20


@pytest.mark.parametrize(
    ("model", "field", "known"),
    [
        ("HetznerProvider", "server_type", hetzner.SERVER_TYPES),
        ("HetznerProvider", "location", hetzner.LOCATIONS),
        ("GcpProvider", "machine_type", google.MACHINE_TYPES),
        ("GcpProvider", "zone", google.ZONES),
        ("Bucket", "location", google.BUCKET_LOCATIONS),
        ("Instance", "module", SERVICES),
    ],
)
def test_editors_complete_exactly_what_the_catalogue_knows(model: str, field: str, known: Any) -> None:
    assert definition(model, field)["enum"] == sorted(known)


def test_editors_complete_the_images_of_hetzner_beside_a_snapshot_s_number() -> None:
    assert definition("HetznerProvider", "image")["anyOf"][0]["enum"] == sorted(hetzner.IMAGES)


@pytest.mark.parametrize("model", ["Machine", "Zone", "Bucket"])
def test_what_exists_already_is_written_under_import(model: str) -> None:
    properties = SCHEMA["$defs"][model]["properties"]
    assert "import" in properties
    assert "import_" not in properties


def test_editors_complete_the_roles_and_settings_of_each_service() -> None:
    rules = {rule["if"]["properties"]["module"]["const"]: rule["then"] for rule in SCHEMA["$defs"]["Instance"]["allOf"]}
    assert set(rules) == set(SERVICES)
    for name, service in SERVICES.items():
        roles = rules[name]["properties"]["roles"]
        assert roles["propertyNames"]["enum"] == sorted(service.roles)
        for role, known in SETTINGS.items():
            if role[0] == name and known is not None:
                settings = roles["properties"][role[1]]["properties"]["settings"]
                assert settings["propertyNames"]["enum"] == sorted(known)


def test_every_group_forbids_unknown_keys() -> None:
    groups = [SCHEMA, *SCHEMA["$defs"].values()]
    assert len(groups) > 15
    assert [group["title"] for group in groups if group["additionalProperties"] is not False] == []


def test_every_group_says_what_it_is_and_fields_say_what_their_docstring_says() -> None:
    assert [name for name, group in SCHEMA["$defs"].items() if not group.get("description")] == []
    assert SCHEMA["$defs"]["Machine"]["description"] == Machine.__doc__
    after = "Machines, or `tag:NAME`, whose deployment must have ended well before anything here is changed."
    assert definition("Machine", "after")["description"] == after
    assert definition("Disk", "encrypted")["description"].startswith("Whether it is encrypted with LUKS")
    assert SCHEMA["description"] == Fleet.__doc__


def test_names_are_checked_where_entries_are_named() -> None:
    assert SCHEMA["properties"]["machines"]["minProperties"] == 1
    for section in ("machines", "instances", "deployments", "operators", "buckets"):
        assert SCHEMA["properties"][section]["propertyNames"]["pattern"], section
    assert definition("Dns", "zones")["propertyNames"]["pattern"]
