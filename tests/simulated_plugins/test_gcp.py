"""Tests the simulated Google Cloud: resources, refusals, and effects on machines."""

from pathlib import Path
from typing import Any

import pytest

from fediversity.embedded_cloud.plugins.gcp.instance import login_keys, permits_root
from fediversity.embedded_cloud.plugins.problems import CloudError
from tests.simulated_plugins.gcp_samples import RIGHT, ROOT_SCRIPT, ZONE, address, firewall, vm, vm_inputs
from tests.simulated_plugins.world import KEY, OTHER_KEY, Made, World

NEED_OTHERS = {"RecordSet", "CryptoKey", "CryptoKeyIAMMember"}
"""Types that are scoped to a resource of another type."""


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, "gcp", {"computeCustomEndpoint": "simulated:dev"})


class TestInstances:
    def test_an_instance_becomes_a_machine_with_its_address(self, world: World) -> None:
        static = address(world)
        made = vm(world, static["address"])
        assert made.id == f"projects/simulated/zones/{ZONE}/instances/orb"
        interface = made["networkInterfaces"][0]
        assert interface["accessConfigs"][0]["natIp"] == static["address"]
        assert interface["networkIp"].startswith("10.128.")
        spec = world.machines.specs[f"gcp-{ZONE}-orb"]
        assert (spec.address, spec.memory_mb, spec.system) == (static["address"], 8192, "x86_64-linux")

    def test_an_instance_without_a_static_address_gets_one_for_its_life(self, world: World) -> None:
        made = vm(world)
        nat_ip = made["networkInterfaces"][0]["accessConfigs"][0]["natIp"]
        assert nat_ip.startswith("127.")
        made.delete()
        with world.cloud.store.reading() as session:
            assert session._connection.execute("SELECT count(*) FROM addresses").fetchone() == (0,)

    def test_an_address_has_to_be_reserved_and_free_and_near(self, world: World) -> None:
        with pytest.raises(CloudError, match="is not reserved in this project"):
            vm(world, "127.64.0.1")
        far = address(world, "far", region="us-east1")
        with pytest.raises(CloudError, match="not in the instance's region"):
            vm(world, far["address"])
        static = address(world)
        vm(world, static["address"])
        with pytest.raises(CloudError, match="already being used"):
            vm(world, static["address"], name="other")

    def test_an_address_in_use_is_not_deleted(self, world: World) -> None:
        static = address(world)
        made = vm(world, static["address"])
        state = static.read()
        assert state is not None
        assert state.outputs["users"] == [f"simulated:dev/{made.id}"]
        with pytest.raises(CloudError, match="resourceInUseByAnotherResource"):
            static.delete()
        made.delete()
        static.delete()

    def test_root_gets_in_only_with_a_key_and_a_script_that_allows_it(self, world: World) -> None:
        metadata = {"ssh-keys": f"root:{KEY}\nadmin:{OTHER_KEY}", "startup-script": ROOT_SCRIPT}
        vm(world, metadata=metadata)
        spec = world.machines.specs[f"gcp-{ZONE}-orb"]
        assert spec.authorized_keys == {"root": (KEY,), "admin": (OTHER_KEY,)}
        assert spec.root_login

    def test_without_a_script_root_stays_out(self) -> None:
        assert not permits_root({"metadata": {"ssh-keys": f"root:{KEY}"}})
        assert permits_root({"metadataStartupScript": ROOT_SCRIPT})
        assert not permits_root({"metadata": {"startup-script": "echo 'PermitRootLogin no'"}})

    def test_os_login_makes_keys_in_metadata_void(self) -> None:
        assert login_keys({"ssh-keys": f"root:{KEY}", "enable-oslogin": "FALSE"}) == {"root": (KEY,)}
        assert login_keys({"ssh-keys": f"root:{KEY}", "enable-oslogin": "true"}) == {}
        assert login_keys({"ssh-keys": "nonsense\nroot:nonsense"}) == {}

    def test_new_keys_reach_the_machine(self, world: World) -> None:
        made = vm(world, metadata={"ssh-keys": f"root:{KEY}"})
        assert not made.update(metadata={"ssh-keys": f"root:{OTHER_KEY}"}).replaces
        assert world.machines.specs[f"gcp-{ZONE}-orb"].authorized_keys == {"root": (OTHER_KEY,)}

    def test_a_machine_type_changes_only_where_stopping_is_allowed(self, world: World) -> None:
        made = vm(world)
        with pytest.raises(CloudError, match="allowStoppingForUpdate"):
            made.update(machineType="e2-standard-4")
        world.machines.done.clear()
        made.update(machineType="e2-standard-4", allowStoppingForUpdate=True)
        machine = f"gcp-{ZONE}-orb"
        assert world.machines.done == [f"off {machine}", f"change {machine}", f"on {machine}"]
        assert world.machines.specs[machine].memory_mb == 16384

    def test_an_address_is_not_changed_in_place(self, world: World) -> None:
        made, static = vm(world), address(world)
        with pytest.raises(CloudError, match="not simulated"):
            made.update(**vm_inputs(static["address"]))

    def test_a_protected_instance_is_not_deleted(self, world: World) -> None:
        made = vm(world, deletionProtection=True)
        with pytest.raises(CloudError, match="deletion protection"):
            made.delete()
        made.update(deletionProtection=False)
        made.delete()
        assert not world.machines.specs

    def test_a_deletion_policy_may_prevent_a_deletion(self, world: World) -> None:
        made = address(world, deletionPolicy="PREVENT")
        with pytest.raises(CloudError, match="PREVENT"):
            made.delete()

    def test_a_second_instance_of_the_name_is_refused_in_its_zone_only(self, world: World) -> None:
        vm(world)
        with pytest.raises(CloudError, match="alreadyExists"):
            vm(world)
        vm(world, zone="europe-west3-b")

    def test_an_instance_is_imported_by_its_path(self, world: World) -> None:
        made = vm(world)
        state = made.imported(made.id)
        assert state is not None
        assert state.inputs["machineType"] == "e2-standard-2"
        assert made.imported(f"projects/simulated/zones/{ZONE}/instances/nobody") is None


class TestFirewalls:
    @staticmethod
    def ports(world: World) -> tuple[int, ...] | None:
        return world.machines.specs[f"gcp-{ZONE}-orb"].allowed_ports

    def test_the_default_network_lets_ssh_in_and_nothing_else(self, world: World) -> None:
        vm(world)
        assert self.ports(world) == (2222,)

    def test_rules_come_and_go_while_the_machine_runs(self, world: World) -> None:
        vm(world)
        rule = firewall(world)
        assert self.ports(world) == (2222, 2223)
        rule.update(disabled=True)
        assert self.ports(world) == (2222,)
        rule.delete()
        assert self.ports(world) == (2222,)

    def test_a_rule_with_target_tags_is_for_instances_that_have_one(self, world: World) -> None:
        firewall(world, targetTags=["unlock"])
        made = vm(world)
        assert self.ports(world) == (2222,)
        made.update(tags=["unlock", "other"])
        assert self.ports(world) == (2222, 2223)

    def test_the_lowest_priority_number_decides(self, world: World) -> None:
        vm(world)
        firewall(world, "allow", priority=900)
        firewall(world, "deny", denies=[{"protocol": "all"}], priority=1000)
        assert self.ports(world) == (2223,)
        firewall(world, "first", denies=[{"protocol": "tcp", "ports": ["2000-3000"]}], priority=900)
        assert self.ports(world) == ()

    def test_a_firewall_that_came_while_its_machine_was_made_counts(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        create = world.machines.create

        def meanwhile(spec: Any) -> None:
            firewall(world)
            create(spec)

        monkeypatch.setattr(world.machines, "create", meanwhile)
        vm(world)
        assert self.ports(world) == (2222, 2223)

    def test_a_machine_that_goes_at_the_same_time_is_no_problem(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made, rule = vm(world), firewall(world)
        change = world.machines.change

        def meanwhile(machine_id: str, **changes: Any) -> None:
            made.delete()
            change(machine_id, **changes)

        monkeypatch.setattr(world.machines, "change", meanwhile)
        rule.delete()
        assert not world.machines.specs


class TestDns:
    @pytest.fixture
    def zone(self, world: World) -> Made:
        return world.make("ManagedZone", name="fleet", dnsName="fleet.example.")

    @staticmethod
    def record(world: World, name: str = "www.fleet.example.", kind: str = "A", value: str = "192.0.2.1") -> Made:
        return world.make("RecordSet", name=name, managedZone="fleet", type=kind, rrdatas=[value], ttl=300)

    @pytest.mark.usefixtures("zone")
    def test_ids_are_those_of_the_real_provider(self, world: World) -> None:
        assert self.record(world).id == "projects/simulated/managedZones/fleet/rrsets/www.fleet.example./A"

    def test_a_zone_names_servers_that_cannot_exist(self, zone: Made) -> None:
        assert zone["nameServers"]
        assert all(name.endswith(".invalid.") for name in zone["nameServers"])

    @pytest.mark.usefixtures("zone")
    def test_a_record_set_belongs_into_its_zone(self, world: World) -> None:
        with pytest.raises(CloudError, match="is not in the zone"):
            self.record(world, "www.other.example.")
        with pytest.raises(CloudError, match="is not in the zone"):
            self.record(world, "notfleet.example.")
        self.record(world, "fleet.example.")

    def test_a_record_set_needs_its_zone(self, world: World) -> None:
        with pytest.raises(CloudError, match="'fleet' does not exist"):
            self.record(world)

    @pytest.mark.usefixtures("zone")
    def test_a_cname_stands_alone(self, world: World) -> None:
        self.record(world)
        with pytest.raises(CloudError, match="a CNAME stands alone"):
            self.record(world, kind="CNAME", value="else.example.")
        with pytest.raises(CloudError, match="beside its SOA and NS"):
            self.record(world, "fleet.example.", "CNAME", "else.example.")

    @pytest.mark.usefixtures("zone")
    def test_a_type_changes_in_place_and_the_id_stays(self, world: World) -> None:
        made = self.record(world)
        assert not made.update(type="CNAME", rrdatas=["else.example."]).replaces
        state = made.read()
        assert state is not None
        assert state.outputs["type"] == "CNAME"

    def test_a_zone_with_record_sets_is_not_deleted_unless_forced(self, world: World, zone: Made) -> None:
        made = self.record(world)
        with pytest.raises(CloudError, match="containerNotEmpty"):
            zone.delete()
        zone.update(forceDestroy=True)
        zone.delete()
        assert made.read() is None


def test_a_bucket_shows_its_place_in_capitals_as_google_does(world: World) -> None:
    made = world.make("Bucket", name="fleet-backups", location="eu")
    assert (made.id, made["location"], made["url"]) == ("fleet-backups", "EU", "gs://fleet-backups")
    assert made["storageClass"] == "STANDARD"
    with pytest.raises(CloudError, match="alreadyExists"):
        world.make("Bucket", name="fleet-backups", location="us")


@pytest.mark.parametrize("type_name", [name for name in RIGHT if name not in NEED_OTHERS])
def test_outputs_are_among_those_the_sdk_declares(world: World, type_name: str) -> None:
    made = world.make(type_name, **RIGHT[type_name])
    assert set(made.outputs) <= set(made.resource.schema.outputs)
    assert made["project"] == "simulated"
    if "deletionPolicy" in made.resource.schema.inputs:
        assert made["deletionPolicy"] == "DELETE"
