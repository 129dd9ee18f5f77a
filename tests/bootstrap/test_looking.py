"""When a rollout is looked at beforehand, with which options, and what is lifted before it. The engine is a script."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from fediversity.fleet.model import Fleet
from fediversity.planning.known_servers import COMING, KnownServers
from fediversity.planning.stack_plan import StackPlan
from fediversity.planning.steps import Plan
from fediversity.planning.systems import SystemFingerprints
from fediversity.project.settings import Settings, parse_settings
from fediversity.rollout.destroy_guard import CheckedRollout, lift, prepare, resized_machines
from fediversity.rollout.destructive_changes import PreviewFindings
from fediversity.rollout.errors import RefusedError
from fediversity.rollout.preview_analysis import UpcomingRollout, invalidate
from fediversity.rollout.pulumi_cli import PulumiCli
from tests.planning.samples import server, unchecked

URN = "urn:pulumi:dev::fediversity::fediversity:machines:HetznerMachine$hcloud:index/server:Server::oak-server"
STATE: dict[str, Any] = {
    "urn": URN,
    "type": "hcloud:index/server:Server",
    "custom": True,
    "id": "4711",
    "parent": "urn:pulumi:dev::fediversity::fediversity:machines:HetznerMachine::oak",
    "protect": True,
    "inputs": {"location": "fsn1"},
}
REPLACED = {
    "op": "replace",
    "urn": URN,
    "oldState": STATE,
    "newState": STATE | {"inputs": {"location": "hel1"}},
    "replaceReasons": ["location"],
}
ENGINE = """\
#!/bin/sh
echo "$*" >>"$CALLS"
test -z "${FEDIVERSITY_LIFTING-}" || cp "$FEDIVERSITY_LIFTING" "$CALLS.lifted"
cat "$SAYS"
exit "${STATUS:-0}"
"""


@pytest.fixture(autouse=True)
def nothing_is_left_to_other_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looking ahead tells plans by this process's own environment which servers are to come."""
    monkeypatch.setenv(COMING, "")


@pytest.fixture
def engine(tmp_path: Path) -> PulumiCli:
    """An engine that previews the replacement of a server."""
    program = tmp_path / "bin" / "pulumi"
    program.parent.mkdir()
    program.write_text(ENGINE)
    program.chmod(0o755)
    for stack in ("dev", "production"):
        (tmp_path / f"Pulumi.{stack}.yaml").write_text("")
    (tmp_path / ".fediversity" / "dev").mkdir(parents=True)
    for file in ("__main__.py", "requirements.txt"):
        (tmp_path / file).write_text("")
    for folder in ("program", "planning", "nix_eval", "project", "fleet", "support"):
        (tmp_path / "fediversity" / folder).mkdir(parents=True)
    (tmp_path / "says").write_text(json.dumps({"steps": [REPLACED]}))
    environment = {"PATH": f"{program.parent}:/usr/bin:/bin", "CALLS": str(tmp_path / "calls")}
    return PulumiCli(tmp_path, environment | {"SAYS": str(tmp_path / "says")})


def settings(stack: str = "dev") -> Settings:
    """Those of a simulated stack, or of a real one."""
    simulated = {"machines": "simulated", "plugins": {"hcloud": "local", "gcp": "local", "command": "local"}}
    return parse_settings(stack, {"fleet": f"stacks/{stack}.yaml", **(simulated if stack == "dev" else {})})


def fleet(**fields: Any) -> Fleet:
    """A fleet of one server."""
    return unchecked({"machines": {"oak": server(**fields)}})


def ahead(engine: PulumiCli, *options: str, stack: str = "dev", of: Fleet | None = None) -> UpcomingRollout:
    """A rollout of a stack that has one server."""
    return UpcomingRollout(settings(stack), of or fleet(), engine, {"resources": [STATE]}, options)


def prepared(engine: PulumiCli, *options: str, stack: str = "dev", of: Fleet | None = None) -> CheckedRollout:
    """The same, looked at."""
    wanted = of or fleet()
    planned = StackPlan(settings(stack), wanted, Plan(()), SystemFingerprints({}))
    return prepare(planned, ahead(engine, *options, stack=stack, of=wanted), lambda: planned)


def calls(engine: PulumiCli) -> Sequence[str]:
    """The command lines that the engine was started with."""
    file = engine.root / "calls"
    return file.read_text().splitlines() if file.exists() else []


def test_a_stack_that_has_nothing_is_not_looked_at(engine: PulumiCli) -> None:
    empty = UpcomingRollout(settings("production"), fleet(), engine, {}, ())
    assert empty.look() == PreviewFindings()
    assert calls(engine) == []


def test_a_rollout_is_looked_at_with_the_options_that_decide_what_happens(engine: PulumiCli) -> None:
    words = ["--diff", "--replace", URN, "--target=x", "--target-dependents", "--message", "text"]
    ahead(engine, *words, stack="production").look()
    assert calls(engine) == [
        f"preview --json --show-sames --stack production --replace {URN} --target=x --target-dependents"
    ]


def test_a_simulated_stack_is_not_looked_at_again_until_something_is_declared_otherwise(engine: PulumiCli) -> None:
    ahead(engine).remember()
    assert ahead(engine).look() == PreviewFindings()
    assert ahead(engine, of=fleet(tags=["web"])).look().losses
    assert ahead(engine, "--replace", URN).look().losses
    assert len(calls(engine)) == 2
    invalidate(settings(), engine.root)
    assert ahead(engine).look().losses


def test_a_real_stack_is_always_looked_at(engine: PulumiCli) -> None:
    (engine.root / ".fediversity" / "production").mkdir()
    ahead(engine, stack="production").remember()
    assert ahead(engine, stack="production").look().losses


def test_an_engine_that_cannot_even_begin_says_why_later(engine: PulumiCli) -> None:
    (engine.root / "says").write_text("error: no stack\n")
    assert ahead(engine).look() == PreviewFindings()


def test_what_would_be_destroyed_is_said_and_refused(engine: PulumiCli, capsys: pytest.CaptureFixture[str]) -> None:
    found = prepared(engine)
    assert "!!! server of oak (4711) would be replaced: location fsn1 → hel1" in capsys.readouterr().out
    with pytest.raises(RefusedError, match="1 thing would be destroyed that may not be; nothing was changed"):
        found.require_allowed()


def test_plan_and_program_learn_which_machine_gets_another_server(
    engine: PulumiCli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(COMING, raising=False)
    assert prepared(engine).engine.environment[COMING] == "oak"


def test_protection_is_lifted_of_what_is_named_and_all_of_the_state_is_handed_over(engine: PulumiCli) -> None:
    prepared(engine, of=fleet(destroy="4711")).lift()
    assert calls(engine)[1] == f"up --stack dev --yes --skip-preview --target {URN} --non-interactive"
    assert json.loads((engine.root / "calls.lifted").read_text()) == {"resources": [STATE], "lift": [URN]}
    assert not (engine.root / ".fediversity" / "dev" / "lifted.json").exists()


def test_protection_that_cannot_be_lifted_ends_the_rollout(engine: PulumiCli) -> None:
    found = prepared(engine, of=fleet(destroy="4711"))
    failing = PulumiCli(engine.root, {**engine.environment, "STATUS": "1"})
    with pytest.raises(RefusedError, match="the protection could not be lifted; nothing else was changed"):
        ahead(failing, of=fleet(destroy="4711")).lift(found.outlook.losses)


def test_lifting_alone_refuses_what_is_not_named(engine: PulumiCli) -> None:
    with pytest.raises(RefusedError):
        lift(prepared(engine))
    assert len(calls(engine)) == 1


def test_without_a_question_no_real_server_goes_that_is_not_named(engine: PulumiCli) -> None:
    new = STATE | {"inputs": {"location": "hel1"}, "protect": False}
    unprotected = REPLACED | {"oldState": STATE | {"protect": False}, "newState": new}
    (engine.root / "says").write_text(json.dumps({"steps": [unprotected]}))
    assert prepared(engine, stack="production").refused == ()
    assert len(prepared(engine, "--yes", stack="production").refused) == 1
    assert prepared(engine, "--yes", stack="production", of=fleet(destroy="4711")).refused == ()
    assert prepared(engine, "--yes").refused == (), "of simulated servers there are enough"


def test_a_machine_that_is_installed_now_is_said_to_move_by_the_next_rollout() -> None:
    provider = {"kind": "gcp", "machine_type": "e2-micro", "install_type": "e2-medium", "zone": "us-central1-b"}
    planned = StackPlan(settings(), fleet(provider=provider), Plan(()), SystemFingerprints({}))
    installed = KnownServers(settled=frozenset({"oak"}), installed=frozenset({"oak"}))
    assert resized_machines(planned, installed) == [
        "oak was installed on e2-medium; the next `up` moves it to e2-micro"
    ]
    assert resized_machines(planned, KnownServers()) == []
