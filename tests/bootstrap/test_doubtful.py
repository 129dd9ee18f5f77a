"""Creations that failed although the thing may exist, out of the engine's events."""

import json
from typing import Any

import pytest

from fediversity.rollout.event_log import parse_events
from fediversity.rollout.pending_operations import (
    PendingResolution,
    pending_operations,
    present_ids,
    resolve_operations,
    without_pending,
)
from fediversity.rollout.uncertain_creates import (
    UncertainCreate,
    excluding,
    uncertain_create_lines,
    uncertain_creates,
    with_uncertain_creates,
)

SERVER = "hcloud:index/server:Server"
TAKEN = 'the server name "a" is already used (uniqueness_error)'


def urn(kind: str, name: str) -> str:
    return f"urn:pulumi:dev::fediversity::{kind}::{name}"


PROVIDER = urn("pulumi:providers:hcloud", "hcloud")


def made(name: str, kind: str = SERVER) -> dict[str, Any]:
    """A resource as the engine's events show it before it exists."""
    return {
        "type": kind,
        "urn": urn(kind, name),
        "custom": True,
        "id": "",
        "parent": urn("m:M", "box"),
        "inputs": {"name": name},
        "outputs": {},
        "provider": f"{PROVIDER}::p1",
    }


def failure(name: str, error: str, op: str = "create", kind: str = SERVER) -> list[str]:
    """The two events of a failed operation."""
    said = {"urn": urn(kind, name), "prefix": "error: ", "message": f"{error}\n", "severity": "error"}
    failed = {"metadata": {"op": op, "urn": urn(kind, name), "type": kind, "old": None, "new": made(name, kind)}}
    return [json.dumps({"diagnosticEvent": said}), json.dumps({"resOpFailedEvent": failed})]


def present(kind: str, name: str, identity: str, **more: Any) -> dict[str, Any]:
    return {"urn": urn(kind, name), "custom": True, "type": kind, "id": identity, "inputs": {}, **more}


def state(*resources: dict[str, Any], version: str = "0.0.0-local") -> dict[str, Any]:
    provider = present("pulumi:providers:hcloud", "hcloud", "p1", inputs={"version": version})
    box = {"urn": urn("m:M", "box"), "type": "m:M"}
    return {"resources": [provider, box, *resources]}


def doubt(name: str) -> UncertainCreate:
    [found] = uncertain_creates(parse_events(failure(name, TAKEN)))
    return found


@pytest.mark.parametrize(
    "error",
    [
        TAKEN,
        "server responded with status code 504 (timeout)",
        "an error occurred within a service (service_error)",
        "Error waiting for instance to create: context deadline exceeded",
        "googleapi: Error 503: The service is currently unavailable., backendError",
        "googleapi: Error 409: The resource 'x' already exists, alreadyExists",
        'Post "https://api.hetzner.cloud/v1/servers": net/http: TLS handshake timeout',
        "read tcp 192.0.2.1:4->192.0.2.2:443: read: connection reset by peer",
        "unexpected EOF",
    ],
)
@pytest.mark.parametrize("op", ["create", "create-replacement"])
def test_errors_that_leave_open_what_was_made_are_doubtful(error: str, op: str) -> None:
    assert [item.urn for item in uncertain_creates(parse_events(failure("a", error, op)))] == [urn(SERVER, "a")]


@pytest.mark.parametrize(
    "error",
    [
        "API rate limit exceeded (rate_limit_exceeded)",
        "server type cx999 not found (invalid_input)",
        "googleapi: Error 403: Quota 'CPUS' exceeded. Limit: 24.0 in region europe-west1.",
        "unable to authenticate (unauthorized)",
    ],
)
def test_a_clear_refusal_is_not_doubtful(error: str) -> None:
    assert uncertain_creates(parse_events(failure("a", error))) == ()


def test_only_creations_are_doubtful() -> None:
    assert uncertain_creates(parse_events(failure("a", "context deadline exceeded", op="update"))) == ()


def test_an_event_that_a_kill_cut_short_is_left_out() -> None:
    lines = [*failure("a", TAKEN), *failure("b", TAKEN)]

    assert [item.urn for item in uncertain_creates(parse_events([*lines[:-1], lines[-1][:40]]))] == [urn(SERVER, "a")]


def test_what_is_settled_is_taken_out_of_the_events() -> None:
    lines = [*failure("a", TAKEN), *failure("b", TAKEN), *failure("c", "invalid_input")]

    rest = excluding(lines, [urn(SERVER, "a")])

    assert [item.urn for item in uncertain_creates(parse_events(rest))] == [urn(SERVER, "b")]
    assert excluding(rest, [urn(SERVER, "b")]) == []


def test_a_simulated_one_becomes_a_pending_creation_and_a_real_one_waits_for_a_person() -> None:
    simulated, left = with_uncertain_creates(state(), [doubt("a")], ())
    assert [(item.kind, item.name) for item in pending_operations(simulated)] == [("creating", "a")]
    assert left == ()

    real = state(version="1.43.3")
    assert with_uncertain_creates(real, [doubt("a")], ()) == (real, (doubt("a"),))
    answered, left = with_uncertain_creates(real, [doubt("a"), doubt("b")], [urn(SERVER, "a")])
    assert [item.name for item in pending_operations(answered)] == ["a"]
    assert left == (doubt("b"),)


def test_a_command_that_took_too_long_is_not_looked_for() -> None:
    [command] = uncertain_creates(parse_events(failure("x", "timed out", kind="command:local:Command")))
    assert with_uncertain_creates(state(), [command], ()) == (state(), ())


def test_one_that_a_later_kill_left_pending_is_not_asked_for_twice() -> None:
    pending = {**state(), "pending_operations": [{"type": "creating", "resource": made("a")}]}
    assert with_uncertain_creates(pending, [doubt("a")], ()) == (pending, ())


def test_a_new_one_depends_on_all_of_its_provider_so_that_it_is_deleted_before() -> None:
    firewall, zone = present("hcloud:index:Firewall", "a", "7"), present("gcp:dns:Zone", "z", "8")

    extended, _ = with_uncertain_creates(state(firewall, zone), [doubt("a")], ())

    assert extended["pending_operations"][0]["resource"]["dependencies"] == [firewall["urn"]]


def test_a_replacement_depends_on_what_the_old_one_did_and_stands_before_what_needs_it() -> None:
    firewall = present("hcloud:index:Firewall", "a", "7")
    old = present(SERVER, "a", "old", dependencies=[firewall["urn"]], pendingReplacement=True)
    step = present("command:local:Command", "a-install", "s", dependencies=[old["urn"]])
    extended, _ = with_uncertain_creates(state(old, step, firewall), [doubt("a")], ())

    settled = resolve_operations(pending_operations(extended), {old["urn"]: "new"}, present_ids(extended))
    edited = without_pending(extended, settled)

    names = [item["urn"].rsplit("::", 1)[-1] for item in edited["resources"]]
    assert names == ["hcloud", "box", "a", "a", "a-install"]
    assert [item.get("id") for item in edited["resources"]][2:4] == ["7", "new"]


def test_at_google_the_replacement_has_the_id_of_what_was_deleted_before_it() -> None:
    old = present(SERVER, "a", "projects/p/a", pendingReplacement=True)
    extended, _ = with_uncertain_creates(state(old), [doubt("a")], ())

    [settled] = resolve_operations(pending_operations(extended), {old["urn"]: "projects/p/a"}, present_ids(extended))

    assert settled.fate is PendingResolution.ADOPT


def test_a_person_is_told_what_happens_next() -> None:
    assert uncertain_create_lines([], "dev", simulated=True) == []
    assert uncertain_create_lines([doubt("a")], "dev", simulated=True) == [
        "Not known whether these were made, because their provider gave no clear answer:",
        f"  a ({SERVER})",
        "  The next `up` looks, and takes over what exists.",
    ]
    real = "\n".join(uncertain_create_lines([doubt("a")], "production", simulated=False))
    assert f"./just resolve production '{urn(SERVER, 'a')}=ID'" in real
    assert "What does not exist is made by the next `up`." in real
