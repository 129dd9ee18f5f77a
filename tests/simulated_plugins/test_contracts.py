"""Tests the schemas of the plug-ins against those of the real packages."""

import json
from typing import Any

import pytest

from fediversity.embedded_cloud.plugins.registry import provider
from fediversity.embedded_cloud.plugins.schema import ResourceSchema
from fediversity.fleet.providers.hetzner.catalogue import DISK_GB, SERVER_TYPES
from fediversity.support.constants import LOCAL_PACKAGES
from tests.contracts import hcloud
from tests.simulated_plugins.contracts import (
    HCLOUD_RESOURCES,
    command_facts,
    facts_path,
    gcp_facts,
    hcloud_facts,
    hcloud_sdk_facts,
)

UPSTREAM_FRAMEWORK = {
    "sshKey:SshKey": {"publicKey"},
    "primaryIp:PrimaryIp": {"type", "location"},
    "zone:Zone": {"name", "mode"},
    "zoneRrset:ZoneRrset": {"zone", "name", "type"},
    "serverNetwork:ServerNetwork": {"serverId", "networkId", "subnetId", "ip"},
    "rdns:Rdns": {"serverId", "primaryIpId", "floatingIpId", "loadBalancerId", "ipAddress"},
}
"""Replacing properties of those Hetzner resources whose schema does not declare them, because they use the newer
Terraform framework: `RequiresReplace` in terraform-provider-hcloud 1.6x, whose schema Pulumi bridges.
"""


def recorded(package: str) -> Any:
    return json.loads(facts_path(package).read_text())


def test_hclouds_names_types_and_requirements_are_those_of_the_real_schema() -> None:
    assert recorded("hcloud") == hcloud_facts()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_hclouds_names_types_and_requirements_are_those_of_the_installed_sdk() -> None:
    known = json.loads(json.dumps(hcloud_facts()).replace(f" {hcloud.REPLACES}", ""))
    installed = hcloud_sdk_facts()
    assert installed["resources"] == known["resources"]
    assert installed["types"] == known["types"]


def test_hclouds_served_resources_are_those_that_are_compared() -> None:
    assert set(provider("hcloud").package.schemas) == set(hcloud_facts()["resources"])


@pytest.mark.parametrize("name", HCLOUD_RESOURCES)
def test_hclouds_resources_are_replaced_by_just_what_the_real_schema_or_its_upstream_says(name: str) -> None:
    table = provider("hcloud").package.schemas[f"hcloud:index/{name}"]
    said = hcloud.named(hcloud.recorded()["resources"][table.token]["inputs"], hcloud.REPLACES)
    assert not (said and name in UPSTREAM_FRAMEWORK), "the schema has begun to say it"
    replacing = {property_ for property_, spec in table.inputs.items() if table.replaces(property_, spec)}
    assert replacing == UPSTREAM_FRAMEWORK.get(name, said)


def test_replacements_beyond_the_schema_are_only_where_the_schema_is_silent() -> None:
    for token, table in provider("hcloud").package.schemas.items():
        if token.rpartition("/")[2] not in UPSTREAM_FRAMEWORK:
            assert not table.extra.replaces, token


@pytest.mark.filterwarnings("ignore:gcp:DeprecationWarning")
def test_gcps_names_types_and_requirements_are_those_of_the_installed_sdk() -> None:
    assert recorded("gcp") == gcp_facts()


def test_gcp_replaces_wherever_the_sdks_own_words_say_so() -> None:
    table = provider("gcp").package.schemas["gcp:compute/instance:Instance"]
    assert {name for name, spec in table.inputs.items() if spec.replaces} == {"hostname", "name"}
    assert "metadataStartupScript" in table.extra.replaces


def test_commands_names_types_and_requirements_are_those_of_the_installed_sdk() -> None:
    assert recorded("command") == command_facts()


def paths(table: ResourceSchema, fields: Any, route: str = "", depth: int = 4) -> set[str]:
    """Returns all property paths of a schema, without list positions."""
    found = set()
    for name, declared in fields.items():
        path = f"{route}.{name}" if route else name
        found.add(path)
        inner = table.types.get(declared.type.strip("[]{}"))
        if inner and depth:
            found |= paths(table, inner, path, depth - 1)
    return found


@pytest.mark.parametrize("package", LOCAL_PACKAGES)
def test_what_is_known_beyond_a_schema_is_about_properties_it_has(package: str) -> None:
    for table in provider(package).package.schemas.values():
        extra = table.extra
        named = {*extra.replaces, *extra.sets, *extra.defaults, *extra.not_simulated, *extra.kept, *extra.grows}
        assert named <= paths(table, table.inputs), table.token
        assert not extra.defaults.keys() & extra.not_simulated, table.token


@pytest.mark.parametrize("package", LOCAL_PACKAGES)
def test_the_schema_a_plug_in_shows_is_complete_and_says_that_it_is_simulated(package: str) -> None:
    served = provider(package).package
    schema = json.loads(served.pulumi_schema())
    assert schema["name"] == package
    assert "imulated" in schema["description"]
    assert set(schema["resources"]) == set(served.schemas)
    text = json.dumps(schema)
    for token in schema["types"]:
        assert f"#/types/{token}" in text
    for reference in {part.split('"')[0] for part in text.split("#/types/")[1:]}:
        assert reference in schema["types"]


def test_every_server_type_of_the_catalogue_has_a_disk() -> None:
    assert set(DISK_GB) == set(SERVER_TYPES)
