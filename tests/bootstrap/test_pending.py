"""What becomes of operations without an end."""

import json
from typing import Any

import pytest

from fediversity.rollout.pending_operations import (
    PendingResolution,
    ResolvedOperation,
    lookup_answers,
    lookup_question,
    parse_answers,
    pending_operations,
    present_ids,
    refuse_unanswered,
    resolve_operations,
    to_refresh,
    unanswered,
    without_pending,
)
from fediversity.support.errors import RefusedError

SERVER = "hcloud:index/server:Server"
COMMAND = "command:local:Command"


def urn(kind: str, name: str) -> str:
    return f"urn:pulumi:dev::fediversity::{kind}::{name}"


def resource(kind: str, name: str, identity: str | None = None, **more: Any) -> dict[str, Any]:
    found = {"urn": urn(kind, name), "custom": True, "type": kind, "inputs": {"name": name}, **more}
    return found if identity is None else {**found, "id": identity}


def provider(version: str) -> dict[str, Any]:
    return resource("pulumi:providers:hcloud", "hcloud", "p1", inputs={"version": version})


def deployment(*pending: tuple[str, dict[str, Any]], version: str = "0.0.0-local", present: Any = ()) -> dict[str, Any]:
    reference = f"{urn('pulumi:providers:hcloud', 'hcloud')}::p1"
    operations = [{"type": kind, "resource": {**item, "provider": reference}} for kind, item in pending]
    return {"resources": [provider(version), *present], "pending_operations": operations}


def fates(state: dict[str, Any], found: dict[str, str | None]) -> dict[str, PendingResolution]:
    settled = resolve_operations(pending_operations(state), found, present_ids(state))
    return {item.operation.name: item.fate for item in settled}


def test_a_state_without_pending_operations_has_none() -> None:
    assert pending_operations({}) == ()
    assert pending_operations({"resources": None, "pending_operations": None}) == ()


def test_the_version_of_its_provider_tells_whether_a_resource_is_simulated() -> None:
    creating = ("creating", resource(SERVER, "a"))
    assert pending_operations(deployment(creating))[0].simulated
    assert not pending_operations(deployment(creating, version="1.43.3"))[0].simulated


def test_a_resource_of_an_unknown_provider_counts_as_real() -> None:
    operation = {"type": "creating", "resource": {**resource(SERVER, "a"), "provider": "urn:gone::x"}}
    assert not pending_operations({"pending_operations": [operation]})[0].simulated


def test_a_creation_that_happened_is_adopted_and_one_that_did_not_is_forgotten() -> None:
    state = deployment(("creating", resource(SERVER, "a")), ("creating", resource(SERVER, "b")))
    assert fates(state, {urn(SERVER, "a"): "17", urn(SERVER, "b"): None}) == {
        "a": PendingResolution.ADOPT,
        "b": PendingResolution.FORGET,
    }


def test_updates_and_deletions_are_left_to_a_refresh() -> None:
    state = deployment(("updating", resource(SERVER, "a", "1")), ("deleting", resource(SERVER, "b", "2")))
    assert unanswered(pending_operations(state)) == ()
    assert fates(state, {}) == {"a": PendingResolution.REFRESH, "b": PendingResolution.REFRESH}


@pytest.mark.parametrize("kind", ["creating", "updating", "deleting"])
@pytest.mark.parametrize("version", ["0.0.0-local", "1.2.1"])
def test_a_command_is_simply_run_again_whoever_ran_it(kind: str, version: str) -> None:
    state = deployment((kind, resource(COMMAND, "install")), version=version)
    assert unanswered(pending_operations(state)) == ()
    assert fates(state, {}) == {"install": PendingResolution.REPEAT}


def test_a_replacement_that_only_found_the_old_one_was_not_created() -> None:
    state = deployment(("creating", resource(SERVER, "a")), present=[resource(SERVER, "a", "old")])
    assert fates(state, {urn(SERVER, "a"): "old"}) == {"a": PendingResolution.FORGET}
    assert fates(state, {urn(SERVER, "a"): "new"}) == {"a": PendingResolution.ADOPT}


def test_an_adopted_resource_is_appended_with_its_id_and_its_inputs_as_first_outputs() -> None:
    state = deployment(("creating", resource(SERVER, "a")))
    [operation] = pending_operations(state)
    edited = without_pending(state, [ResolvedOperation(operation, PendingResolution.ADOPT, "17")])
    assert "pending_operations" not in edited
    assert edited["resources"][-1] == {
        **state["pending_operations"][0]["resource"],
        "id": "17",
        "outputs": {"name": "a"},
    }
    assert state["pending_operations"], "what was exported is not changed"


def test_an_adopted_replacement_leaves_the_old_one_for_deletion() -> None:
    state = deployment(("creating", resource(SERVER, "a")), present=[resource(SERVER, "a", "old")])
    [operation] = pending_operations(state)
    edited = without_pending(state, [ResolvedOperation(operation, PendingResolution.ADOPT, "new")])
    assert [(item["id"], item.get("delete")) for item in edited["resources"][1:]] == [("old", True), ("new", None)]


def test_an_adopted_replacement_drops_what_was_deleted_before_it() -> None:
    old = resource(SERVER, "a", "old", pendingReplacement=True)
    state = deployment(("creating", resource(SERVER, "a")), present=[old])
    [operation] = pending_operations(state)
    edited = without_pending(state, [ResolvedOperation(operation, PendingResolution.ADOPT, "new")])
    assert [item["id"] for item in edited["resources"][1:]] == ["new"]


def test_only_what_exists_and_may_be_out_of_date_is_refreshed() -> None:
    state = deployment(
        ("creating", resource(SERVER, "new")),
        ("creating", resource(SERVER, "never")),
        ("updating", resource(SERVER, "changed", "1")),
        ("deleting", resource(SERVER, "deleted", "2")),
        ("creating", resource(COMMAND, "install")),
        present=[resource(SERVER, "changed", "1")],
    )
    settled = resolve_operations(pending_operations(state), {urn(SERVER, "new"): "17"}, present_ids(state))
    assert to_refresh(settled, without_pending(state, settled)) == [urn(SERVER, "new"), urn(SERVER, "changed")]


def test_a_creation_in_a_real_cloud_is_refused_with_the_command_that_answers_it() -> None:
    pending = pending_operations(deployment(("creating", resource(SERVER, "a")), version="1.43.3"))
    with pytest.raises(RefusedError) as refused:
        refuse_unanswered(pending, {}, "production")
    assert f"./just resolve production '{urn(SERVER, 'a')}=ID'" in str(refused.value)


def test_an_answered_creation_in_a_real_cloud_is_not_refused() -> None:
    pending = pending_operations(deployment(("creating", resource(SERVER, "a")), version="1.43.3"))
    refuse_unanswered(pending, parse_answers([f"{urn(SERVER, 'a')}=17"]), "production")


def test_an_answer_to_something_that_is_not_pending_is_refused() -> None:
    with pytest.raises(RefusedError, match="not a pending creation of stack production: urn:x"):
        refuse_unanswered((), {"urn:x": "1"}, "production")


def test_answers_of_a_person_are_read() -> None:
    assert parse_answers(["urn:a::b=17", "urn:a::c="]) == {"urn:a::b": "17", "urn:a::c": None}
    with pytest.raises(RefusedError, match="write URN=ID"):
        parse_answers(["urn:a::b"])


def test_a_question_to_the_simulated_cloud_carries_type_and_inputs() -> None:
    [item] = pending_operations(deployment(("creating", resource(SERVER, "a"))))
    assert json.loads(lookup_question(item)) == {"type": SERVER, "inputs": {"name": "a"}}


def test_answers_of_the_simulated_cloud_belong_to_the_questions_in_order() -> None:
    asked = pending_operations(deployment(("creating", resource(SERVER, "a")), ("creating", resource(SERVER, "b"))))
    answers = lookup_answers(asked, '{"id": null}\n{"id": "17"}\n')
    assert answers == {urn(SERVER, "a"): None, urn(SERVER, "b"): "17"}
    with pytest.raises(RefusedError, match="answered 1 of 2"):
        lookup_answers(asked, '{"id": null}\n')
