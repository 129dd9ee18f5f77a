"""What a rollout would destroy, read out of the engine's preview, and what the fleet file allows of it."""

from typing import Any

from fediversity.fleet.model import Fleet
from fediversity.rollout.destructive_changes import DestructiveChange, allowed, findings_of, format_warning, refusals
from tests.planning.samples import server, unchecked

FILE = "stacks/production.yaml"
COMPONENT = "urn:pulumi:production::fediversity::fediversity:machines:HetznerMachine::oak"
SERVER, ADDRESS = "hcloud:index/server:Server", "hcloud:index/primaryIp:PrimaryIp"
INSTANCE, ZONE = "gcp:compute/instance:Instance", "hcloud:index/zone:Zone"


def state(kind: str, name: str = "oak-server", *, id: str = "4711", **more: Any) -> dict[str, Any]:  # noqa: A002 (the engine's word)
    """A resource as the engine's state has it."""
    urn = f"urn:pulumi:production::fediversity::{kind}::{name}"
    return {"urn": urn, "type": kind, "id": id, "parent": COMPONENT, "inputs": {"location": "fsn1"}, **more}


def step(op: str, old: dict[str, Any] | None, new: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """A step of a preview."""
    return {"op": op, "urn": (new or old or {})["urn"], "oldState": old, "newState": new, **more}


def moved(old: dict[str, Any]) -> dict[str, Any]:
    """A step that replaces a resource in another location."""
    return step("replace", old, old | {"inputs": {"location": "hel1"}}, replaceReasons=["location"])


def fleet(retired: dict[str, str] | None = None, **fields: Any) -> Fleet:
    """A fleet of one machine with more fields; without any fields, of another machine."""
    machines = {"oak": server(**fields)} if fields else {"elm": server()}
    return unchecked({"machines": machines, "retired": retired or {}})


def look(*steps: dict[str, Any], resources: list[dict[str, Any]] | None = None) -> tuple[DestructiveChange, ...]:
    """What is lost by these steps."""
    return findings_of({"steps": steps}, {"resources": resources or []}, whole=True).losses


def test_a_replaced_server_is_lost_for_what_changes() -> None:
    (loss,) = look(moved(state(SERVER, protect=True)))
    assert str(loss) == "server of oak (4711) would be replaced: location fsn1 → hel1"
    assert (loss.guarded, loss.is_server) == (True, True)


def test_what_stays_changes_or_is_made_is_not_lost() -> None:
    old = state(SERVER)
    assert (
        look(step("same", old, old), step("update", old, old), step("create", None, state(ADDRESS, "oak-address")))
        == ()
    )


def test_what_nobody_misses_is_not_told() -> None:
    assert look(step("delete", state("hcloud:index/firewall:Firewall", "oak-firewall"))) == ()


def test_what_the_preview_did_not_come_to_is_lost_when_nobody_declared_it() -> None:
    kept, gone = (
        state(SERVER),
        state(ZONE, "fleet.example-zone", parent="urn:pulumi:x::y::fediversity:dns:HetznerZone::z"),
    )
    (loss,) = look(step("same", kept, kept), resources=[kept, gone])
    assert (loss.urn, loss.how, loss.machine) == (gone["urn"], "deleted", None)


def test_a_renamed_resource_is_not_lost() -> None:
    old = state(SERVER)
    assert look(step("update", old, state(SERVER, "elm-server")), resources=[old]) == ()


def test_a_preview_of_a_part_tells_nothing_of_the_rest() -> None:
    assert findings_of({"steps": []}, {"resources": [state(SERVER)]}, whole=False).losses == ()


def test_a_preview_that_failed_for_another_reason_tells_nothing_of_what_it_did_not_come_to() -> None:
    failed = {"steps": [], "diagnostics": [{"severity": "error", "message": "error: no token"}]}
    found = findings_of(failed, {"resources": [state(SERVER)]}, whole=True)
    assert (found.losses, found.errors) == ((), ("error: no token",))


def test_that_something_is_protected_is_no_other_reason() -> None:
    messages = (
        "as it is currently marked for protection.",
        "cannot be deleted\nbecause it is protected.",
        "error: preview failed",
    )
    failed = {"diagnostics": [{"severity": "error", "message": message} for message in messages]}
    assert findings_of(failed, {}, whole=True).errors == ()


def test_machines_that_get_a_server_are_told() -> None:
    old = state(SERVER)
    assert findings_of({"steps": [moved(old)]}, {}, whole=True).coming == {"oak"}
    assert findings_of({"steps": [step("update", old, old)]}, {}, whole=True).coming == frozenset()


def test_the_cloud_s_own_protection_guards_as_well() -> None:
    (loss,) = look(moved(state(SERVER, inputs={"location": "fsn1", "deleteProtection": True})))
    assert loss.guarded


def test_a_server_at_google_is_known_by_the_number_that_no_other_one_has() -> None:
    outputs = {"instanceId": "123"}
    (loss,) = look(step("delete", state(INSTANCE, id="projects/p/zones/z/instances/oak", outputs=outputs)))
    assert loss.id == "123"


def test_only_the_very_server_that_is_named_may_be_replaced() -> None:
    losses = look(moved(state(SERVER, protect=True)))
    assert allowed(losses[0], fleet(destroy="4711"), losses)
    (text,) = refusals(losses, fleet(destroy="4712"), FILE, servers_too=False)
    assert text.startswith(f"{FILE}: the server of oak, 4711, would be replaced (location fsn1 → hel1)\n    fix: ")
    assert 'machines.oak:  destroy: "4711"   (it says 4712, which is not this server)' in text


def test_a_machine_that_is_gone_is_named_at_the_top_of_the_file() -> None:
    losses = look(step("delete", state(SERVER, protect=True)))
    (text,) = refusals(losses, fleet(), FILE, servers_too=False)
    assert "would be deleted (it is no longer in the fleet file)" in text
    assert 'at the top of the file:  retired: {oak: "4711"}' in text
    assert refusals(losses, fleet(retired={"oak": "4711"}), FILE, servers_too=False) == ()


def test_a_machine_that_is_switched_off_is_said_to_be() -> None:
    losses = look(step("delete", state(SERVER, protect=True)))
    (text,) = refusals(losses, fleet(enabled=False), FILE, servers_too=False)
    assert "would be deleted (enabled: false)" in text


def test_an_address_goes_with_its_server_and_is_not_refused_beside_it() -> None:
    losses = look(moved(state(SERVER, protect=True)), moved(state(ADDRESS, "oak-address", id="4712", protect=True)))
    assert refusals(losses, fleet(destroy="4711"), FILE, servers_too=False) == ()
    assert len(refusals(losses, fleet(tags=["web"]), FILE, servers_too=False)) == 1


def test_data_never_goes_with_a_server() -> None:
    volume = state("hcloud:index/volume:Volume", "oak-data", id="77", protect=True)
    losses = look(moved(state(SERVER, protect=True)), step("delete", volume))
    (text,) = refusals(losses, fleet(destroy="4711"), FILE, servers_too=False)
    assert "the volume of oak, 77, would be deleted" in text
    assert "state unprotect" in text


def test_what_is_not_protected_may_go_unless_nobody_is_asked() -> None:
    losses = look(moved(state(SERVER)), step("delete", state(ADDRESS, "oak-address")))
    assert refusals(losses, fleet(tags=["web"]), FILE, servers_too=False) == ()
    assert len(refusals(losses, fleet(tags=["web"]), FILE, servers_too=True)) == 1


def test_the_block_has_a_line_for_each_loss_and_none_for_nothing() -> None:
    assert format_warning(()) == []
    lines = format_warning(look(moved(state(SERVER)), step("delete", state(ADDRESS, "oak-address", id="4712"))))
    assert [line.startswith("!!!") for line in lines] == [True] * 4
    assert "DESTROYS" in lines[0]


def test_a_server_that_the_file_wants_protected_is_not_replaced_before_it_is() -> None:
    old = state(SERVER)
    new = old | {"inputs": {"location": "hel1"}, "protect": True}
    losses = look(step("replace", old, new, replaceReasons=["location"]))
    assert not losses[0].guarded, "there is no protection to lift"
    assert len(refusals(losses, fleet(tags=["web"]), FILE, servers_too=False)) == 1
    assert refusals(losses, fleet(destroy="4711"), FILE, servers_too=False) == ()
