"""What keeps servers: other types and former names change nothing, and what exists is taken over as it is."""

from typing import Any

import pytest

from fediversity.fleet.model import Fleet
from fediversity.planning.known_servers import KnownServers
from fediversity.program.fleet_program import Program
from tests.planning.samples import every_kind, server, unchecked
from tests.program.programs import PRODUCTION, TOKEN, declare, plan_for
from tests.program.recording import Recording, record

HETZNER_SERVER, GCP_SERVER = "hcloud:index/server:Server", "gcp:compute/instance:Instance"
GCP = {"kind": "gcp", "machine_type": "e2-small", "zone": "us-central1-b"}


def fleet(**machines: dict[str, Any]) -> Fleet:
    """A fleet of these machines."""
    operators, gcp = every_kind().model_dump()["operators"], {"project": "everything-production"}
    return unchecked({"operators": operators, "gcp": gcp, "machines": machines})


def aliases(recording: Recording, name: str) -> str:
    """The aliases of everything of that name."""
    return " ".join(text for entry in recording.all if entry.name == name for text in entry.aliases)


def test_a_machine_s_own_word_on_protection_counts_for_it_alone() -> None:
    found = declare(fleet(one=server(protect=False), two=server()), PRODUCTION)
    for name, protect in (("one", False), ("two", True)):
        for part, type_ in (("server", HETZNER_SERVER), ("address", "hcloud:index/primaryIp:PrimaryIp")):
            entry = found.one(type_, f"{name}-{part}")
            assert (entry.protect, entry.inputs["deleteProtection"]) == (protect, protect)


def test_a_server_is_declared_with_the_type_that_it_has_now() -> None:
    wanted = fleet(one=server(provider={**GCP, "machine_type": "e2-micro", "install_type": "e2-medium"}))
    plan = plan_for(wanted, PRODUCTION)

    def machine_type(servers: KnownServers) -> Any:
        declared = record(
            lambda: Program(wanted, plan, PRODUCTION, servers=servers).declare(),
            stack="production",
            config={"hcloud:token": TOKEN},
        )
        return declared.one(GCP_SERVER, "one-server").inputs["machineType"]

    assert machine_type(KnownServers()) == "e2-medium"
    assert machine_type(KnownServers(settled=frozenset({"one"}), installed=frozenset({"one"}))) == "e2-micro"


def test_a_renamed_machine_and_its_steps_say_what_they_were_called() -> None:
    found = declare(fleet(new=server(formerly=["old", "older"])), PRODUCTION)
    for name, former in (("new", "old"), ("new", "older"), ("new-clan", "old-clan"), ("new-update", "old-update")):
        assert f'name: "{former}"' in aliases(found, name)
    assert not aliases(declare(fleet(new=server()), PRODUCTION), "new")


def test_google_s_resources_keep_their_names_when_their_machine_is_renamed() -> None:
    found = declare(fleet(new=server(provider=GCP, formerly=["old"])), PRODUCTION)
    for entry in found.custom:
        if entry.type.startswith("gcp:compute/"):
            assert "name" in entry.ignore_changes, entry.urn


@pytest.mark.parametrize("stack", ["as it is", "made"])
def test_what_is_taken_over_is_left_as_it_is(stack: str) -> None:
    taken = {"server": "1", "address": "2", "firewall": "3"} if stack == "as it is" else None
    found = declare(fleet(one=server(**({"import": taken} if taken else {}))), PRODUCTION)
    ignored = {entry.name: entry.ignore_changes for entry in found.all if entry.name.startswith("one-")}
    everything = {name for name, changes in ignored.items() if changes == {"*"}}
    assert everything == ({"one-server", "one-address", "one-firewall"} if taken else set())
    assert ("one-install" in ignored) is (taken is None)
