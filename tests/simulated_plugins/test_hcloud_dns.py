"""The simulated DNS of Hetzner."""

from pathlib import Path
from typing import Any

import pytest

from fediversity.embedded_cloud.plugins.problems import CloudError
from tests.simulated_plugins.world import Made, World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, "hcloud")


class TestDns:
    @pytest.fixture
    def zone(self, world: World) -> Made:
        return world.make("Zone", name="fleet.example", mode="primary")

    def rrset(self, world: World, name: str = "www", kind: str = "A", value: str = "192.0.2.1", **inputs: Any) -> Made:
        wanted = {"zone": "fleet.example", "name": name, "type": kind, "records": [{"value": value}]}
        return world.make("ZoneRrset", **(wanted | inputs))

    def test_a_zone_is_unique_and_names_servers_that_cannot_exist(self, world: World, zone: Made) -> None:
        assert all(name.endswith(".invalid.") for name in zone["authoritativeNameservers"]["assigneds"])
        assert zone["ttl"] == 3600
        with pytest.raises(CloudError, match="uniqueness_error"):
            world.make("Zone", name="fleet.example", mode="primary")

    @pytest.mark.usefixtures("zone")
    def test_the_id_of_a_record_set_is_its_name_and_type(self, world: World) -> None:
        assert self.rrset(world).id == "www/A"

    @pytest.mark.usefixtures("zone")
    def test_equal_names_in_two_zones_do_not_meet(self, world: World) -> None:
        world.make("Zone", name="other.example", mode="primary")
        first, second = self.rrset(world), self.rrset(world, zone="other.example", value="192.0.2.2")
        assert first.id == second.id
        first.delete()
        state = second.read()
        assert first.read() is None
        assert state is not None
        assert state.outputs["records"] == [{"value": "192.0.2.2"}]

    def test_a_record_set_is_imported_with_its_zone_in_front(self, world: World, zone: Made) -> None:
        made = self.rrset(world)
        for zone_part in ("fleet.example", zone.id):
            state = made.imported(f"{zone_part}/www/A")
            assert state is not None
            assert state.id == "www/A"
        assert made.imported("www/A") is None

    def test_a_record_set_needs_its_zone(self, world: World) -> None:
        with pytest.raises(CloudError, match=r"zone fleet\.example not found"):
            self.rrset(world)

    @pytest.mark.usefixtures("zone")
    def test_a_second_record_set_of_name_and_type_is_refused(self, world: World) -> None:
        self.rrset(world)
        with pytest.raises(CloudError, match="uniqueness_error"):
            self.rrset(world)
        with pytest.raises(CloudError, match="uniqueness_error"):
            self.rrset(world, "@", "NS", "ns1.example.")

    @pytest.mark.usefixtures("zone")
    @pytest.mark.parametrize(("name", "relative"), [("www.fleet.example", "www"), ("fleet.example", "@")])
    def test_a_complete_name_is_refused_with_the_relative_one(self, world: World, name: str, relative: str) -> None:
        with pytest.raises(CloudError, match=f'did you mean "{relative}"'):
            self.rrset(world, name)

    @pytest.mark.usefixtures("zone")
    def test_a_cname_stands_alone(self, world: World) -> None:
        self.rrset(world)
        with pytest.raises(CloudError, match="a CNAME stands alone"):
            self.rrset(world, kind="CNAME", value="else.example.")
        self.rrset(world, "alias", "CNAME", "www")
        with pytest.raises(CloudError, match="a CNAME stands alone"):
            self.rrset(world, "alias", "TXT", '"x"')

    @pytest.mark.usefixtures("zone")
    def test_a_protected_record_set_is_not_changed(self, world: World) -> None:
        made = self.rrset(world, changeProtection=True)
        with pytest.raises(CloudError, match="protected"):
            made.update(ttl=600)
        with pytest.raises(CloudError, match="protected"):
            made.delete()
        made.update(changeProtection=False, ttl=600)
        made.delete()

    def test_a_zone_takes_its_record_sets_along(self, world: World, zone: Made) -> None:
        made = self.rrset(world)
        zone.delete()
        assert made.read() is None
        made.delete()

    def test_a_protected_zone_is_not_deleted(self, world: World) -> None:
        made = world.make("Zone", name="kept.example", mode="primary", deleteProtection=True)
        with pytest.raises(CloudError, match="protected"):
            made.delete()

    def test_a_secondary_zone_has_no_record_sets_of_its_own(self, world: World) -> None:
        world.make("Zone", name="fleet.example", mode="secondary", primaryNameservers=[{"address": "192.0.2.1"}])
        with pytest.raises(CloudError, match="secondary zone"):
            self.rrset(world)
