"""Edits of a protected fleet, and what the engine would do and does about them. With the real engine."""

from typing import Any

import pytest

from tests.rollout.checkout import Checkout
from tests.rollout.faults import steps_of
from tests.rollout.small import (
    digest,
    fleet_of,
    instance,
    operations,
    protect,
    public_key,
    server,
    state_of,
    write_fleet,
)

pytestmark = pytest.mark.engine

KEY, ANOTHER = public_key("operator"), public_key("successor")
DISK: dict[str, Any] = {"encrypted": True, "unlock_port": 2223}


def usual(*keys: str, **machines: dict[str, Any]) -> dict[str, Any]:
    """The fleet of these tests, with some machines different."""
    operators = {"operators": {"operator": {"keys": list(keys or (KEY,))}}}
    return fleet_of(**({"alpha": server(disk=DISK), "beta": instance()} | machines)) | operators


def ids(checkout: Checkout) -> dict[str, str]:
    """The cloud's ids of what the machines have, those of servers as no other server ever has them."""
    return {
        "alpha": state_of(checkout, "alpha-server")["id"],
        "alpha-address": state_of(checkout, "alpha-address")["id"],
        "beta": state_of(checkout, "beta-server")["outputs"]["instanceId"],
        "beta-address": state_of(checkout, "beta-address")["outputs"]["address"],
    }


def test_a_protected_fleet_is_rolled_out(checkout: Checkout) -> None:
    protect(checkout)
    write_fleet(checkout, usual())

    checkout.must(checkout.just("up"))

    assert operations(checkout) == {}


def test_an_edit_of_keys_adds_and_removes_keys_and_touches_no_server(checkout: Checkout) -> None:
    write_fleet(checkout, usual(ANOTHER))

    found = operations(checkout)

    assert sorted(found.values()) == ["create", "delete"]
    assert {name.split("-")[-1] for name in found} == {"key"}


def test_an_edit_of_image_user_data_and_start_up_script_does_nothing_at_all(checkout: Checkout) -> None:
    images = {
        "alpha": server(disk=DISK, provider={"image": "debian-13"}),
        "beta": instance(provider={"image": "debian-cloud/debian-13"}),
    }
    write_fleet(checkout, usual(**images))
    edits = {
        "hetzner/machine.py": (
            "image=provider.image,",
            'image=provider.image,\n            user_data="#cloud-config",',
        ),
        "google/instance.py": ("PermitRootLogin prohibit-password/", "PermitRootLogin yes/"),
    }
    before = {checkout.root / "fediversity" / "program" / name: edit for name, edit in edits.items()}
    texts = {file: file.read_text() for file in before}
    for file, (old, new) in before.items():
        assert texts[file].count(old) == 1
        file.write_text(texts[file].replace(old, new))

    found = operations(checkout)
    for file, text in texts.items():
        file.write_text(text)

    assert found == {}


def test_another_type_is_a_change_in_place_after_which_the_disk_is_unlocked_again(checkout: Checkout) -> None:
    before = ids(checkout)
    write_fleet(checkout, usual(alpha=server(disk=DISK, provider={"server_type": "cx33"})))

    assert operations(checkout) == {"alpha-server": "update", "alpha-unlock": "replace"}
    ran = steps_of(checkout, lambda: checkout.must(checkout.just("up")))

    assert [(record.step, record.outcome) for record in ran] == [("alpha-unlock", "applied")]
    assert ids(checkout) == before
    assert checkout.machines()["alpha"]["installs"] == 1


MOVED = {
    "alpha": server(disk=DISK, provider={"server_type": "cx33", "location": "hel1"}),
    "beta": instance(enabled=False),
}


def test_a_server_nobody_has_named_is_neither_replaced_nor_deleted(checkout: Checkout) -> None:
    before = ids(checkout)
    write_fleet(checkout, usual(**MOVED))
    records = checkout.records()

    done = checkout.just("up")

    assert done.status == 1
    assert f"the server of alpha, {before['alpha']}, would be replaced (location fsn1 → hel1)" in done.output
    assert f'write at machines.alpha:  destroy: "{before["alpha"]}"' in done.output
    assert f"the server of beta, {before['beta']}, would be deleted (enabled: false)" in done.output
    assert f'write at machines.beta:  destroy: "{before["beta"]}"' in done.output
    assert "2 things would be destroyed that may not be; nothing was changed" in done.output
    assert "DESTROYS" in done.output
    assert checkout.records() == records
    assert ids(checkout) == before


def test_a_plain_engine_refuses_it_before_anything_is_changed(checkout: Checkout) -> None:
    before, records = ids(checkout), checkout.records()

    done = checkout.pulumi("up", "--stack", "dev", "--yes")

    assert done.status != 0
    assert "marked for protection" in done.output
    assert checkout.records() == records
    assert ids(checkout) == before


def test_naming_another_server_allows_nothing(checkout: Checkout) -> None:
    write_fleet(checkout, usual(alpha=MOVED["alpha"] | {"destroy": "70009999"}))

    done = checkout.just("up")

    assert done.status == 1
    assert "it says 70009999, which is not this server" in done.output


def test_a_server_that_is_named_is_replaced_and_its_successor_is_protected(checkout: Checkout) -> None:
    before = ids(checkout)
    write_fleet(checkout, usual(alpha=MOVED["alpha"] | {"destroy": before["alpha"]}))
    preview = checkout.just("preview")

    ran = steps_of(checkout, lambda: checkout.must(checkout.just("up")))

    assert checkout.must(preview).count("DESTROYS") == 1
    assert "lifts its protection first" in preview.output
    assert ids(checkout)["alpha"] != before["alpha"]
    assert ids(checkout)["beta"] == before["beta"]
    assert [record.step for record in ran if record.kind == "install"] == ["alpha-install"]
    for name in ("alpha-server", "alpha-address"):
        found = state_of(checkout, name)
        assert (found["protect"], found["inputs"]["deleteProtection"]) == (True, True)
    checkout.must(checkout.just("up", "--expect-no-changes"))


def test_protection_is_lifted_by_itself_for_a_plain_engine_and_an_address_outlives_its_server(
    checkout: Checkout,
) -> None:
    before = ids(checkout)
    moved = instance(provider={"zone": "us-central1-c"}, destroy=before["beta"])
    write_fleet(checkout, usual(alpha=MOVED["alpha"], beta=moved))

    lifted = checkout.must(checkout.just("lift"))
    replaced = checkout.pulumi("up", "--stack", "dev", "--yes")

    assert "lifting the protection of server of beta" in lifted
    checkout.must(replaced)
    after = ids(checkout)
    assert after["beta"] != before["beta"]
    assert {name: after[name] for name in after if name != "beta"} == {
        name: before[name] for name in before if name != "beta"
    }
    assert checkout.machines()["beta"]["installs"] == 1
    assert state_of(checkout, "beta-server")["inputs"]["deletionProtection"] is True


def test_a_machine_that_is_gone_from_the_file_is_deleted_once_it_is_retired(checkout: Checkout) -> None:
    before = ids(checkout)
    fleet = usual(alpha=MOVED["alpha"])
    del fleet["machines"]["beta"]
    write_fleet(checkout, fleet)
    refused = checkout.just("up")
    write_fleet(checkout, fleet | {"retired": {"beta": before["beta"]}})

    checkout.must(checkout.just("up"))

    assert refused.status == 1
    assert f'retired: {{beta: "{before["beta"]}"}}' in refused.output
    assert set(checkout.machines()) == {"alpha"}
    assert not [item for item in checkout.resources() if "beta" in item["urn"]]


def test_a_machine_that_is_switched_off_is_deleted_once_its_server_is_named(checkout: Checkout) -> None:
    name = state_of(checkout, "alpha-server")["id"]
    fleet = usual(alpha=MOVED["alpha"] | {"enabled": False, "destroy": name}, beta=server(enabled=False))
    write_fleet(checkout, fleet)

    checkout.must(checkout.just("up"))

    assert checkout.machines() == {}
    assert "alpha-server" not in str(digest(checkout)["steps"])
