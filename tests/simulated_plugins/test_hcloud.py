"""Tests the simulated Hetzner Cloud: resources, refusals, and effects on machines."""

import base64
import hashlib
from pathlib import Path
from typing import Any

import pytest

from fediversity.embedded_cloud.plugins.problems import CloudError
from tests.simulated_plugins.hcloud_samples import RULE, attached, network, primary_ip, put_on, server, subnet, volume
from tests.simulated_plugins.world import KEY, OTHER_KEY, World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, "hcloud")


class TestServers:
    def test_a_server_becomes_a_machine_with_the_address_and_the_keys_it_asks_for(self, world: World) -> None:
        key = world.make("SshKey", name="me", publicKey=KEY)
        ip = primary_ip(world)
        made = server(world, serverType="cax11", sshKeys=[key.id], publicNets=[{"ipv4": int(ip.id)}])
        assert made["ipv4Address"] == ip["ipAddress"]
        assert made["status"] == "off"  # no daemon runs for these machines
        spec = world.machines.specs[f"hetzner-{made.id}"]
        assert (spec.address, spec.hostname, spec.system) == (ip["ipAddress"], "web", "aarch64-linux")
        assert (spec.memory_mb, spec.image_os, spec.root_login) == (4096, "debian", True)
        assert spec.authorized_keys == {"root": (KEY,)}
        assert spec.allowed_ports is None

    def test_an_ssh_key_may_be_named(self, world: World) -> None:
        world.make("SshKey", name="me", publicKey=KEY)
        made = server(world, sshKeys=["me"])
        assert world.machines.specs[f"hetzner-{made.id}"].authorized_keys == {"root": (KEY,)}

    def test_a_server_without_a_primary_ip_gets_addresses_of_its_own(self, world: World) -> None:
        made = server(world)
        assert made["ipv4Address"].startswith("127.")
        assert made["ipv6Address"].startswith("fd")
        assert made["ipv6Address"].endswith("::1")
        assert made["ipv6Network"].endswith("::/64")
        assert server(world, "other")["ipv4Address"] != made["ipv4Address"]

    def test_ids_are_numbers(self, world: World) -> None:
        assert server(world).id.isdecimal()

    def test_a_second_server_of_the_name_is_refused(self, world: World) -> None:
        server(world)
        with pytest.raises(CloudError, match="uniqueness_error"):
            server(world)

    def test_what_a_server_refers_to_has_to_exist(self, world: World) -> None:
        with pytest.raises(CloudError, match="SSH key not found: nobody"):
            server(world, sshKeys=["nobody"])
        with pytest.raises(CloudError, match="firewall 5 not found"):
            server(world, firewallIds=[5])
        with pytest.raises(CloudError, match="primary IP 5 not found"):
            server(world, publicNets=[{"ipv4": 5}])
        assert not world.machines.specs

    def test_a_primary_ip_that_does_not_fit_is_refused(self, world: World) -> None:
        far, six = primary_ip(world, "far", location="hel1"), primary_ip(world, "six", type="ipv6")
        with pytest.raises(CloudError, match="primary_ip_datacenter_mismatch"):
            server(world, publicNets=[{"ipv4": int(far.id)}])
        with pytest.raises(CloudError, match="primary_ip_version_mismatch"):
            server(world, publicNets=[{"ipv4": int(six.id)}])

    def test_a_primary_ip_belongs_to_one_server(self, world: World) -> None:
        ip = primary_ip(world)
        first = server(world, publicNets=[{"ipv4": int(ip.id)}])
        with pytest.raises(CloudError, match="primary_ip_assigned"):
            server(world, "other", publicNets=[{"ipv4": int(ip.id)}])
        first.delete()
        server(world, "other", publicNets=[{"ipv4": int(ip.id)}])

    def test_a_bigger_type_is_taken_in_place_while_the_machine_is_off(self, world: World) -> None:
        made = server(world)
        world.machines.done.clear()
        assert not made.update(serverType="cx32").replaces
        machine = f"hetzner-{made.id}"
        assert world.machines.done == [f"off {machine}", f"change {machine}", f"on {machine}"]
        assert world.machines.specs[machine].memory_mb == 8192
        assert made["primaryDiskSize"] == 80

    def test_a_disk_does_not_shrink_unless_it_was_kept_small(self, world: World) -> None:
        made = server(world)
        made.update(serverType="cx32", keepDisk=True)
        assert made["primaryDiskSize"] == 40
        made.update(serverType="cx22")
        made.update(serverType="cx32", keepDisk=False)
        with pytest.raises(CloudError, match="does not fit cx22"):
            made.update(serverType="cx22")

    def test_an_ipv6_network_comes_goes_and_changes_while_the_machine_is_off(self, world: World) -> None:
        six = primary_ip(world, "six", type="ipv6")
        made = server(world)
        by_itself = made["ipv6Network"]
        world.machines.done.clear()
        assert not made.update(publicNets=[{"ipv6": int(six.id)}]).replaces
        machine = f"hetzner-{made.id}"
        assert world.machines.done == [f"off {machine}", f"change {machine}", f"on {machine}"]
        assert made["ipv6Network"] == six["ipNetwork"] != by_itself
        with pytest.raises(CloudError, match="is assigned to server"):
            six.delete()
        made.update(publicNets=[{"ipv6Enabled": False}])
        assert (made["ipv6Network"], made["ipv6Address"]) == ("", "")
        six.delete()
        made.update(publicNets=None)
        assert made["ipv6Address"].endswith("::1")

    def test_an_ipv4_address_does_not_change_in_place(self, world: World) -> None:
        ip = primary_ip(world)
        with pytest.raises(CloudError, match="IPv4 address of a server in place is not simulated"):
            server(world).update(publicNets=[{"ipv4": int(ip.id)}])

    def test_a_snapshot_boots_a_prepared_nixos(self, world: World) -> None:
        made = server(world, image="4711")
        assert world.machines.specs[f"hetzner-{made.id}"].image_os == "nixos"

    def test_a_server_cannot_change_its_architecture_in_place(self, world: World) -> None:
        with pytest.raises(CloudError, match="invalid_server_type"):
            server(world).update(serverType="cax11")

    def test_a_new_name_reaches_the_machine(self, world: World) -> None:
        made = server(world)
        made.update(name="renamed")
        assert world.machines.specs[f"hetzner-{made.id}"].name == "renamed"

    def test_a_rename_to_a_name_in_use_is_refused_and_changes_nothing(self, world: World) -> None:
        server(world, "other")
        made = server(world)
        with pytest.raises(CloudError, match="uniqueness_error"):
            made.update(name="other")
        state = made.read()
        assert state is not None
        assert state.outputs["name"] == "web"

    def test_a_change_that_its_machine_does_not_take_is_not_recorded(self, world: World) -> None:
        made = server(world)
        world.machines.specs.clear()
        with pytest.raises(CloudError, match="there is no simulated machine"):
            made.update(name="renamed")
        state = made.read()
        assert state is not None
        assert state.outputs["name"] == "web"

    def test_machines_are_switched_on_once_before_the_first_change(self, world: World) -> None:
        made = server(world)
        made.update(labels={"a": "b"})
        assert world.machines.done.count("ensure on") == 1
        assert world.machines.done[0] == "ensure on"

    def test_looking_at_a_server_does_nothing_to_machines(self, world: World) -> None:
        made = server(world)
        world.machines.done.clear()
        made.read()
        assert world.machines.done == []

    def test_a_protected_server_is_not_deleted(self, world: World) -> None:
        made = server(world, deleteProtection=True, rebuildProtection=True)
        with pytest.raises(CloudError, match="protected"):
            made.delete()
        made.update(deleteProtection=False, rebuildProtection=False)
        made.delete()
        assert made.read() is None
        assert not world.machines.specs

    def test_a_deletion_that_was_cut_short_is_finished_the_next_time(self, world: World) -> None:
        made = server(world)
        made.delete()
        world.machines.done.clear()
        made.delete()
        assert world.machines.done == [f"delete hetzner-{made.id}"]

    def test_a_machine_that_cannot_be_made_leaves_no_server(self, world: World) -> None:
        world.machines.broken = True
        with pytest.raises(CloudError, match="the simulated datacenter burns"):
            server(world)
        world.machines.broken = False
        server(world)

    def test_a_record_is_there_before_its_machine(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        seen: list[str] = []

        def look(spec: Any) -> None:
            with world.cloud.store.reading() as session:
                seen.extend(record.name for record in session.everything())
            del spec

        monkeypatch.setattr(world.machines, "create", look)
        server(world)
        assert seen == ["web"]

    def test_user_data_is_kept_as_a_hash_only(self, world: World) -> None:
        made = server(world, userData="password: hunter2")
        assert made["userData"] == base64.b64encode(hashlib.sha1(b"password: hunter2").digest()).decode()  # noqa: S324
        assert b"hunter2" not in world.folder.store.read_bytes()
        state = made.read()
        assert state is not None
        assert state.inputs["userData"] == "password: hunter2"

    def test_a_refresh_sees_a_server_that_is_gone(self, world: World) -> None:
        made = server(world)
        with world.cloud.store.writing() as session:
            record = session.get(made.resource.type, made.id)
            assert record is not None
            session.remove(record)
        assert made.read() is None
        with pytest.raises(CloudError, match="pulumi refresh"):
            made.update(labels={"a": "b"})

    def test_a_refresh_sees_what_somebody_changed_behind_the_engines_back(self, world: World) -> None:
        made = server(world)
        world.resource("Server").update_now(made.id, made.outputs, made.inputs | {"serverType": "cx32"})
        state = made.read()
        assert state is not None
        assert state.inputs["serverType"] == state.outputs["serverType"] == "cx32"

    def test_an_imported_server_comes_with_the_inputs_that_would_make_it(self, world: World) -> None:
        made = server(world, labels={"role": "web"})
        state = made.imported(made.id)
        assert state is not None
        wanted = {name: value for name, value in made.inputs.items() if name != "__defaults"}
        assert wanted.items() <= state.inputs.items()
        assert made.imported("12345") is None


class TestNetwork:
    def test_a_firewall_decides_which_ports_of_a_machine_answer(self, world: World) -> None:
        firewall = world.make("Firewall", name="f", rules=[RULE])
        made = server(world, firewallIds=[int(firewall.id)])
        machine = f"hetzner-{made.id}"
        assert world.machines.specs[machine].allowed_ports == (2222,)
        firewall.update(rules=[RULE, RULE | {"port": "2223"}])
        assert world.machines.specs[machine].allowed_ports == (2222, 2223)
        firewall.update(rules=[RULE | {"port": "443"}])
        assert world.machines.specs[machine].allowed_ports == ()
        made.update(firewallIds=[])
        assert world.machines.specs[machine].allowed_ports is None

    def test_a_firewall_in_use_is_not_deleted(self, world: World) -> None:
        firewall = world.make("Firewall", name="f", rules=[RULE])
        made = server(world, firewallIds=[int(firewall.id)])
        with pytest.raises(CloudError, match="still used by web"):
            firewall.delete()
        made.delete()
        firewall.delete()

    def test_a_primary_ip_knows_its_server_after_a_refresh(self, world: World) -> None:
        ip = primary_ip(world)
        assert ip["assigneeId"] == 0
        made = server(world, publicNets=[{"ipv4": int(ip.id)}])
        state = ip.read()
        assert state is not None
        assert state.outputs["assigneeId"] == int(made.id)

    def test_an_assigned_or_protected_primary_ip_is_not_deleted(self, world: World) -> None:
        ip = primary_ip(world, deleteProtection=True)
        made = server(world, publicNets=[{"ipv4": int(ip.id)}])
        with pytest.raises(CloudError, match="protected"):
            ip.delete()
        ip.update(deleteProtection=False)
        with pytest.raises(CloudError, match='assigned to server "web"'):
            ip.delete()
        made.delete()
        ip.delete()

    def test_an_address_outlives_its_server(self, world: World) -> None:
        ip = primary_ip(world)
        server(world, publicNets=[{"ipv4": int(ip.id)}]).delete()
        assert server(world, publicNets=[{"ipv4": int(ip.id)}])["ipv4Address"] == ip["ipAddress"]

    def test_a_primary_ip_that_deletes_itself_goes_with_its_server(self, world: World) -> None:
        ip = primary_ip(world, autoDelete=True)
        server(world, publicNets=[{"ipv4": int(ip.id)}]).delete()
        assert ip.read() is None

    def test_an_ipv6_address_has_its_network(self, world: World) -> None:
        ip = primary_ip(world, type="ipv6")
        assert ip["ipNetwork"] == f"{ip['ipAddress']}/64"

    def test_ssh_keys_are_unique_by_name_and_by_key(self, world: World) -> None:
        key = world.make("SshKey", name="me", publicKey=KEY)
        assert key["fingerprint"].count(":") == 15
        with pytest.raises(CloudError, match="uniqueness_error"):
            world.make("SshKey", name="me", publicKey=OTHER_KEY)
        with pytest.raises(CloudError, match='already there under the name "me"'):
            world.make("SshKey", name="again", publicKey=KEY.replace(" one", " another comment"))


@pytest.mark.parametrize(
    ("type_name", "inputs"),
    [
        ("SshKey", {"publicKey": KEY}),
        ("Firewall", {"rules": [RULE]}),
        ("PrimaryIp", {"type": "ipv6", "location": "fsn1"}),
        ("Server", {"serverType": "cx22", "image": "debian-12"}),
        ("Zone", {"name": "fleet.example", "mode": "primary"}),
        ("Network", {"ipRange": "10.0.0.0/16"}),
        ("PlacementGroup", {"type": "spread"}),
        ("Volume", {"size": 10, "location": "fsn1"}),
    ],
)
def test_every_output_the_schema_promises_is_there(world: World, type_name: str, inputs: dict[str, Any]) -> None:
    made = world.make(type_name, **inputs)
    declared = made.resource.schema.outputs
    assert set(made.outputs) <= set(declared)
    promised = {name for name, spec in declared.items() if spec.required}
    assert promised - set(made.outputs) <= {"datacenter"}  # no longer in the real API either


def test_nothing_is_left_when_all_is_deleted(world: World) -> None:
    key, ip = world.make("SshKey", name="me", publicKey=KEY), primary_ip(world)
    firewall = world.make("Firewall", name="f", rules=[RULE])
    made = server(world, sshKeys=[key.id], publicNets=[{"ipv4": int(ip.id)}], firewallIds=[int(firewall.id)])
    alone = server(world, "alone")
    place = attached(world, made, part := subnet(world, whole := network(world)))
    on_it = put_on(world, made, data := volume(world))
    name = world.make("Rdns", primaryIpId=int(ip.id), ipAddress=ip["ipAddress"], dnsPtr="web.fleet.example")
    for thing in (place, part, on_it, name):
        promised = {output for output, spec in thing.resource.schema.outputs.items() if spec.required}
        assert promised <= set(thing.outputs) <= set(thing.resource.schema.outputs)
    for resource in (name, on_it, place, made, alone, key, ip, firewall, part, whole, data):
        resource.delete()
    with world.cloud.store.reading() as session:
        assert session.everything() == []
        assert session._connection.execute("SELECT count(*) FROM addresses").fetchone() == (0,)
    assert not world.machines.specs
