"""Tests volumes, placement groups and reverse DNS names of the simulated Hetzner Cloud."""

from pathlib import Path
from typing import Any

import pytest

from fediversity.embedded_cloud.plugins import diff
from fediversity.embedded_cloud.plugins.problems import CloudError
from tests.simulated_plugins.hcloud_samples import primary_ip, put_on, server, volume
from tests.simulated_plugins.world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, "hcloud")


@pytest.mark.parametrize(
    ("type_name", "inputs", "text"),
    [
        ("Volume", {"size": 9}, "takes 10 to 10240 GB"),
        ("Volume", {"size": 10241}, "takes 10 to 10240 GB"),
        ("Volume", {"size": "big"}, "must be a whole number"),
        ("Volume", {"format": "btrfs"}, "is not a format of a volume"),
        ("Volume", {"location": "fsn2"}, 'did you mean "fsn1"?'),
        ("Volume", {"location": None}, "location: is missing"),
        ("Volume", {"name": "data-"}, "is not a valid volume name"),
        ("Volume", {"name": "d" * 65}, "is not a valid volume name"),
        ("Volume", {"serverId": 1}, "is not simulated"),
        ("Volume", {"automount": True}, "is not simulated"),
        ("Volume", {"type": "ssd"}, "there is no such property"),
        ("VolumeAttachment", {"volumeId": None}, "volumeId: is missing"),
        ("VolumeAttachment", {"automount": True}, "is not simulated"),
        ("PlacementGroup", {"type": "pack"}, "is not a type of placement group"),
        ("PlacementGroup", {"labels": {"a": "-"}}, "is not the value of a label"),
        ("Rdns", {"dnsPtr": "web"}, "is not a domain"),
        ("Rdns", {"dnsPtr": "web.fleet.example."}, "is not a domain"),
        ("Rdns", {"dnsPtr": "we_b.fleet.example"}, "is not a domain"),
        ("Rdns", {"ipAddress": "203.0.113.300"}, "is not an IP address"),
        ("Rdns", {"serverId": 1}, "needs exactly one of serverId, primaryIpId"),
        ("Rdns", {"primaryIpId": None}, "needs exactly one of serverId, primaryIpId"),
        ("Rdns", {"primaryIpId": None, "floatingIpId": 1}, "floatingIpId: is not simulated"),
    ],
)
def test_bad_inputs_are_refused_by_name(world: World, type_name: str, inputs: dict[str, Any], text: str) -> None:
    right: dict[str, dict[str, Any]] = {
        "Volume": {"name": "data", "size": 10, "location": "fsn1"},
        "VolumeAttachment": {"serverId": 1, "volumeId": 2},
        "PlacementGroup": {"name": "apart", "type": "spread"},
        "Rdns": {"primaryIpId": 1, "ipAddress": "203.0.113.3", "dnsPtr": "web.fleet.example"},
    }
    assert not world.problems(type_name, **right[type_name])
    given = {name: value for name, value in (right[type_name] | inputs).items() if value is not None}
    (problem,) = world.problems(type_name, **given)
    assert text in problem


class TestVolumes:
    def test_a_volume_grows_in_place_and_never_shrinks(self, world: World) -> None:
        made = volume(world)
        assert made["linuxDevice"] == f"/dev/disk/by-id/scsi-0HC_Volume_{made.id}"
        assert not made.update(size=20).replaces
        with pytest.raises(CloudError, match="has 20 GB and cannot shrink to 10"):
            made.update(size=10)

    def test_another_location_replaces_it_another_format_does_not(self, world: World) -> None:
        made = volume(world, format="ext4")
        moved = diff.diff_inputs(made.resource.schema, made.inputs, made.inputs | {"location": "hel1"})
        assert (moved.replaces, moved.delete_before_replace) == (("location",), True)
        assert not made.update(format="xfs").replaces

    def test_names_are_unique(self, world: World) -> None:
        volume(world)
        with pytest.raises(CloudError, match="uniqueness_error"):
            volume(world)

    def test_a_protected_volume_stays(self, world: World) -> None:
        made = volume(world, deleteProtection=True)
        with pytest.raises(CloudError, match="protected against deletion"):
            made.delete()
        made.update(deleteProtection=False)
        made.delete()
        assert made.read() is None

    def test_a_volume_is_on_one_server_in_its_own_location(self, world: World) -> None:
        here, there = server(world), server(world, "there", location="hel1")
        made = volume(world)
        with pytest.raises(CloudError, match='is in fsn1, server "there" in hel1'):
            put_on(world, there, made)
        attachment = put_on(world, here, made)
        assert attachment.id == made.id
        state = made.read()
        assert state is not None
        assert state.outputs["serverId"] == int(here.id)
        with pytest.raises(CloudError, match="volume_already_attached"):
            put_on(world, server(world, "second"), made)
        attachment.delete()
        put_on(world, here, made)

    def test_both_have_to_exist(self, world: World) -> None:
        with pytest.raises(CloudError, match="volume 5 not found"):
            world.make("VolumeAttachment", serverId=4, volumeId=5)
        made = volume(world)
        with pytest.raises(CloudError, match="server 4 not found"):
            world.make("VolumeAttachment", serverId=4, volumeId=int(made.id))

    def test_a_server_takes_sixteen(self, world: World) -> None:
        made = server(world)
        for number in range(16):
            put_on(world, made, volume(world, f"data-{number}"))
        with pytest.raises(CloudError, match="16 volumes, which is the most"):
            put_on(world, made, volume(world, "one-too-many"))

    def test_a_volume_outlives_its_server_and_its_attachment_does_not(self, world: World) -> None:
        made, data = server(world), volume(world)
        attachment = put_on(world, made, data)
        made.delete()
        assert attachment.read() is None
        assert data.read() is not None
        attachment.delete()
        put_on(world, server(world), data)

    def test_an_attached_volume_is_detached_when_it_is_deleted(self, world: World) -> None:
        data = volume(world)
        attachment = put_on(world, server(world), data)
        data.delete()
        assert attachment.read() is None


class TestPlacementGroups:
    def test_a_group_knows_its_servers_and_takes_ten(self, world: World) -> None:
        group = world.make("PlacementGroup", name="apart", type="spread")
        members = [server(world, f"web-{number}", placementGroupId=int(group.id)) for number in range(10)]
        state = group.read()
        assert state is not None
        assert state.outputs["servers"] == sorted(int(member.id) for member in members)
        with pytest.raises(CloudError, match="placement_error"):
            server(world, "eleventh", placementGroupId=int(group.id))
        members[0].delete()
        server(world, "eleventh", placementGroupId=int(group.id))

    def test_a_group_has_to_exist_and_goes_when_it_is_empty(self, world: World) -> None:
        with pytest.raises(CloudError, match="placement group not found: 5"):
            server(world, placementGroupId=5)
        group = world.make("PlacementGroup", name="apart", type="spread")
        with pytest.raises(CloudError, match="uniqueness_error"):
            world.make("PlacementGroup", name="apart", type="spread")
        made = server(world, placementGroupId=int(group.id))
        with pytest.raises(CloudError, match="still has web"):
            group.delete()
        made.delete()
        group.delete()

    def test_a_running_server_enters_no_group_and_leaves_none(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        group = world.make("PlacementGroup", name="apart", type="spread")
        inside, outside = server(world, "inside", placementGroupId=int(group.id)), server(world, "outside")
        monkeypatch.setattr(world.cloud, "is_on", lambda _: True)
        with pytest.raises(CloudError, match="server_not_stopped"):
            outside.update(placementGroupId=int(group.id))
        with pytest.raises(CloudError, match="shut it down"):
            inside.update(placementGroupId=None)
        inside.update(labels={"a": "b"})
        monkeypatch.setattr(world.cloud, "is_on", lambda _: False)
        assert not outside.update(placementGroupId=int(group.id)).replaces
        assert not inside.update(placementGroupId=None).replaces


class TestReverseNames:
    def test_an_address_of_a_primary_ip_gets_a_name_that_changes_in_place(self, world: World) -> None:
        ip = primary_ip(world)
        name = world.make("Rdns", primaryIpId=int(ip.id), ipAddress=ip["ipAddress"], dnsPtr="web.fleet.example")
        assert name.id == f"p-{ip.id}-{ip['ipAddress']}"
        assert not name.update(dnsPtr="www.fleet.example").replaces
        moved = diff.diff_inputs(name.resource.schema, name.inputs, name.inputs | {"ipAddress": "127.64.0.1"})
        assert moved.replaces == ("ipAddress",)
        with pytest.raises(CloudError, match="has a reverse name already"):
            world.make("Rdns", primaryIpId=int(ip.id), ipAddress=ip["ipAddress"], dnsPtr="again.fleet.example")

    def test_any_address_of_an_ipv6_network_can_have_one(self, world: World) -> None:
        ip = primary_ip(world, type="ipv6")
        host = f"{ip['ipAddress']}1"
        name = world.make("Rdns", primaryIpId=int(ip.id), ipAddress=host, dnsPtr="web.fleet.example")
        assert name.id == f"p-{ip.id}-{host}"
        with pytest.raises(CloudError, match="does not belong to"):
            world.make("Rdns", primaryIpId=int(ip.id), ipAddress="2001:db8::1", dnsPtr="web.fleet.example")

    def test_a_servers_own_addresses_can_have_one_too(self, world: World) -> None:
        six = primary_ip(world, "six", type="ipv6")
        made = server(world, publicNets=[{"ipv6": int(six.id)}])
        for address in (made["ipv4Address"], made["ipv6Address"]):
            world.make("Rdns", serverId=int(made.id), ipAddress=address, dnsPtr="web.fleet.example")
        with pytest.raises(CloudError, match="does not belong to"):
            world.make("Rdns", serverId=int(made.id), ipAddress="127.64.0.1", dnsPtr="web.fleet.example")
        with pytest.raises(CloudError, match="server 5 not found"):
            world.make("Rdns", serverId=5, ipAddress=made["ipv4Address"], dnsPtr="web.fleet.example")

    def test_a_name_goes_with_its_address(self, world: World) -> None:
        ip = primary_ip(world)
        name = world.make("Rdns", primaryIpId=int(ip.id), ipAddress=ip["ipAddress"], dnsPtr="web.fleet.example")
        ip.delete()
        assert name.read() is None
        name.delete()
