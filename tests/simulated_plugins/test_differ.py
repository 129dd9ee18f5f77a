"""Tests the comparison of old and new inputs, and which changes replace the resource."""

from typing import Any

from fediversity.embedded_cloud.plugins.diff import InputDiff, PropertyChange, diff_inputs
from fediversity.embedded_cloud.plugins.registry import provider
from fediversity.embedded_cloud.plugins.schema import ResourceSchema
from fediversity.embedded_cloud.plugins.values import UNKNOWN

HAND_NAMED: dict[str, Any] = {"__defaults": []}


def table(token: str) -> ResourceSchema:
    return provider(token.split(":", maxsplit=1)[0]).package.schemas[token]


SERVER = table("hcloud:index/server:Server")
FIREWALL = table("hcloud:index/firewall:Firewall")
COMMAND = table("command:local:Command")
INSTANCE = table("gcp:compute/instance:Instance")


def changed(of: ResourceSchema, old: dict[str, Any], new: dict[str, Any]) -> InputDiff:
    return diff_inputs(of, old, new | HAND_NAMED)


def test_equal_inputs_do_not_differ() -> None:
    inputs = {"name": "a", "publicNets": [{"ipv4": 1}], "labels": {"a": "b"}}
    assert changed(SERVER, inputs, dict(inputs)).changes == ()


def test_a_server_type_changes_in_place() -> None:
    found = changed(SERVER, {"serverType": "cx22"}, {"serverType": "cx32"})
    assert found.changes == (PropertyChange("serverType", "update", replaces=False),)
    assert not found.replaces


def test_an_image_replaces_a_server() -> None:
    found = changed(SERVER, {"image": "debian-12"}, {"image": "debian-13"})
    assert found.replaces == ("image",)
    assert found.changes == (PropertyChange("image", "update", replaces=True),)


def test_user_data_that_comes_or_goes_replaces_a_server() -> None:
    assert changed(SERVER, {}, {"userData": "x"}).changes == (PropertyChange("userData", "add", replaces=True),)
    assert changed(SERVER, {"userData": "x"}, {}).changes == (PropertyChange("userData", "delete", replaces=True),)


def test_one_changed_ssh_key_in_the_list_replaces_a_server() -> None:
    found = changed(SERVER, {"sshKeys": ["1", "2"]}, {"sshKeys": ["1", "3"]})
    assert found.changes == (PropertyChange("sshKeys[1]", "update", replaces=True),)


def test_a_change_deep_inside_is_named_by_its_path() -> None:
    rule = {"direction": "in", "protocol": "tcp", "port": "22", "sourceIps": ["0.0.0.0/0"]}
    found = changed(FIREWALL, {"rules": [rule]}, {"rules": [rule | {"port": "443"}]})
    assert found.changes == (PropertyChange("rules[0].port", "update", replaces=False),)
    assert found.properties == ("rules",)


def test_the_order_of_a_set_does_not_matter() -> None:
    assert not changed(SERVER, {"firewallIds": [1, 2]}, {"firewallIds": [2, 1]}).changes


def test_the_order_of_a_list_matters() -> None:
    assert changed(SERVER, {"sshKeys": ["1", "2"]}, {"sshKeys": ["2", "1"]}).changes


def test_keys_with_dots_are_quoted_in_a_path() -> None:
    found = changed(SERVER, {"labels": {}}, {"labels": {"a.b": "c", "d": "e"}})
    assert [change.path for change in found.changes] == ['labels["a.b"]', "labels.d"]


def test_a_value_that_is_not_known_yet_counts_as_changed() -> None:
    assert changed(SERVER, {"image": "debian-12"}, {"image": UNKNOWN}).replaces == ("image",)
    found = changed(SERVER, {"publicNets": [{"ipv4": 1}]}, {"publicNets": [{"ipv4": UNKNOWN}]})
    assert found.changes == (PropertyChange("publicNets[0].ipv4", "update", replaces=False),)


def test_a_resource_named_by_hand_is_deleted_before_it_is_replaced() -> None:
    old, new = {"name": "a", "image": "debian-12"}, {"name": "a", "image": "debian-13"}
    assert diff_inputs(SERVER, old, new | {"__defaults": []}).delete_before_replace
    assert not diff_inputs(SERVER, old, new | {"__defaults": ["name"]}).delete_before_replace


def test_a_change_in_place_never_asks_for_a_deletion() -> None:
    assert not changed(SERVER, {"serverType": "cx22"}, {"serverType": "cx32"}).delete_before_replace


def test_any_trigger_replaces_a_command_and_its_environment_does_not() -> None:
    assert changed(COMMAND, {"triggers": ["a"]}, {"triggers": ["b"]}).replaces == ("triggers",)
    assert changed(COMMAND, {"triggers": ["a"]}, {"triggers": ["a", "b"]}).replaces == ("triggers",)
    assert changed(COMMAND, {"triggers": [{"a": [1]}]}, {"triggers": [{"a": [2]}]}).replaces == ("triggers",)
    found = changed(COMMAND, {"environment": {"REV": "1"}}, {"environment": {"REV": "2"}})
    assert found.changes == (PropertyChange("environment.REV", "update", replaces=False),)


def test_fields_of_an_object_replace_by_their_own_right_only() -> None:
    nic = {"network": "default", "nicType": "GVNIC", "accessConfigs": [{"natIp": "127.64.0.1"}]}
    other_address = nic | {"accessConfigs": [{"natIp": "127.64.0.2"}]}
    assert not changed(INSTANCE, {"networkInterfaces": [nic]}, {"networkInterfaces": [other_address]}).replaces
    other_type = nic | {"nicType": "VIRTIO_NET"}
    assert changed(INSTANCE, {"networkInterfaces": [nic]}, {"networkInterfaces": [other_type]}).replaces
    assert changed(INSTANCE, {"networkInterfaces": [nic]}, {"networkInterfaces": [nic, nic]}).replaces


def test_an_image_inside_the_boot_disk_replaces_an_instance_and_its_labels_do_not() -> None:
    old = {"bootDisk": {"initializeParams": {"image": "debian-cloud/debian-12"}}}
    new = {"bootDisk": {"initializeParams": {"image": "debian-cloud/debian-13"}}}
    assert changed(INSTANCE, old, new).replaces == ("bootDisk",)
    labelled = {"bootDisk": {"initializeParams": {"image": "debian-cloud/debian-12", "labels": {"a": "b"}}}}
    assert not changed(INSTANCE, old, labelled).replaces
    assert changed(INSTANCE, old, labelled).properties == ("bootDisk",)


def test_the_bookkeeping_of_providers_is_no_change() -> None:
    assert not diff_inputs(SERVER, {"name": "a", "__defaults": []}, {"name": "a", "__defaults": ["backups"]}).changes
