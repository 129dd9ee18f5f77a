"""When a rollout is looked at beforehand, with which options, and what is lifted before it. The engine is a script."""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fediversity.fleet.model import Fleet
from fediversity.planning.known_servers import KnownServers
from fediversity.planning.stack_plan import StackPlan
from fediversity.planning.steps import Plan, Step
from fediversity.program.planned_program import Lifting
from fediversity.project.project import Project
from fediversity.project.settings import Settings, parse_settings
from fediversity.rollout.destroy_guard import CheckedRollout, lift, prepare, resized_machines
from fediversity.rollout.destructive_changes import PreviewFindings
from fediversity.rollout.preview_analysis import UpcomingRollout
from fediversity.rollout.pulumi_cli import Program, PulumiCli
from fediversity.rollout.unchanged import forget
from fediversity.support.errors import RefusedError
from tests.planning.samples import planned_of, server, unchecked

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
STATE_NOW: dict[str, Any] = {"resources": [STATE]}
ENGINE = """\
#!/bin/sh
echo "$*" >>"$CALLS"
cat "$SAYS"
exit "${STATUS:-0}"
"""


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


def planned(engine: PulumiCli, stack: str = "dev", of: Fleet | None = None, **facts: Any) -> StackPlan:
    """The plan of a stack, which has no steps."""
    return replace(planned_of(of or fleet(), Project(engine.root, settings(stack))), **facts)


def ahead(
    engine: PulumiCli, *options: str, stack: str = "dev", of: Fleet | None = None, **facts: Any
) -> UpcomingRollout:
    """A rollout of a stack that has one server."""
    return UpcomingRollout(planned(engine, stack, of, **facts), engine, STATE_NOW, options)


def prepared(engine: PulumiCli, *options: str, stack: str = "dev", of: Fleet | None = None) -> CheckedRollout:
    """The same, looked at."""

    def replan(coming: Collection[str]) -> StackPlan:
        return planned(engine, stack, of, servers=KnownServers(coming=frozenset(coming)))

    return prepare(planned(engine, stack, of), ahead(engine, *options, stack=stack, of=of), replan)


def calls(engine: PulumiCli) -> Sequence[str]:
    """The command lines that the engine was started with."""
    file = engine.root / "calls"
    lines = file.read_text().splitlines() if file.exists() else []
    assert all(" --client=127.0.0.1:" in line for line in lines), "the program runs in this process"
    return [line.partition(" --client=")[0] for line in lines]


def test_a_stack_that_has_nothing_is_not_looked_at(engine: PulumiCli) -> None:
    empty = UpcomingRollout(planned(engine, "production"), engine, {}, ())
    assert empty.look() == PreviewFindings()
    assert calls(engine) == []


def test_a_rollout_is_looked_at_with_the_options_that_decide_what_happens(engine: PulumiCli) -> None:
    words = ["--diff", "--replace", URN, "--target=x", "--target-dependents", "--message", "text"]
    ahead(engine, *words, stack="production").look()
    assert calls(engine) == [
        f"preview --json --show-sames --stack production --replace {URN} --target=x --target-dependents"
    ]


def test_a_simulated_stack_is_not_looked_at_again_as_long_as_all_is_as_it_was(engine: PulumiCli) -> None:
    ahead(engine).remember(STATE_NOW)
    assert ahead(engine).look() == PreviewFindings()
    assert calls(engine) == []


DOUBTS: dict[str, Callable[[PulumiCli], UpcomingRollout]] = {
    "the fleet": lambda engine: ahead(engine, of=fleet(tags=["web"])),
    "the plan": lambda engine: ahead(engine, plan=Plan((Step("oak-reach", "reach", "oak"),))),
    "what runs again": lambda engine: ahead(engine, attempts={"oak-update": 7}),
    "what is known of servers": lambda engine: ahead(engine, servers=KnownServers(settled=frozenset({"oak"}))),
    "the state": lambda engine: replace(ahead(engine), deployment={"resources": [STATE | {"protect": False}]}),
    "an option": lambda engine: ahead(engine, "--replace", URN),
}


@pytest.mark.parametrize("doubt", DOUBTS.values(), ids=DOUBTS)
def test_a_simulated_stack_is_looked_at_when_something_else_is_another(
    engine: PulumiCli, doubt: Callable[[PulumiCli], UpcomingRollout]
) -> None:
    ahead(engine).remember(STATE_NOW)
    assert doubt(engine).look().losses


@pytest.mark.parametrize("file", ["__main__.py", "fediversity/fleet/new.py", "Pulumi.dev.yaml", "bin/pulumi"])
def test_a_simulated_stack_is_looked_at_when_a_file_is_another_one(engine: PulumiCli, file: str) -> None:
    ahead(engine).remember(STATE_NOW)
    with (engine.root / file).open("a") as text:
        text.write("# edited\n")
    assert ahead(engine).look().losses


def test_a_simulated_stack_is_looked_at_after_it_was_changed_by_other_means(engine: PulumiCli) -> None:
    ahead(engine).remember(STATE_NOW)
    forget(Project(engine.root, settings()))
    assert ahead(engine).look().losses


def test_a_rollout_in_part_leaves_nothing_to_rely_on(engine: PulumiCli) -> None:
    ahead(engine, "--target", URN).remember(STATE_NOW)
    assert ahead(engine).look().losses


def test_a_real_stack_is_always_looked_at(engine: PulumiCli) -> None:
    (engine.root / ".fediversity" / "production").mkdir()
    ahead(engine, stack="production").remember(STATE_NOW)
    assert ahead(engine, stack="production").look().losses


def test_an_engine_that_cannot_even_begin_says_why_later(engine: PulumiCli) -> None:
    (engine.root / "says").write_text("error: no stack\n")
    assert ahead(engine).look() == PreviewFindings()


def test_what_would_be_destroyed_is_said_and_refused(engine: PulumiCli, capsys: pytest.CaptureFixture[str]) -> None:
    found = prepared(engine)
    assert "!!! server of oak (4711) would be replaced: location fsn1 → hel1" in capsys.readouterr().out
    with pytest.raises(RefusedError, match="1 thing would be destroyed that may not be; nothing was changed"):
        found.require_allowed()


def test_plan_and_program_learn_which_machine_gets_another_server(engine: PulumiCli) -> None:
    assert prepared(engine).planned.servers.coming == {"oak"}


def test_protection_is_lifted_of_what_is_named_and_all_of_the_state_is_handed_over(
    engine: PulumiCli, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = prepared(engine, of=fleet(destroy="4711"))
    programs: list[Lifting | None] = []

    def program(_planned: StackPlan, _environ: Mapping[str, str], lifting: Lifting | None = None) -> Program:
        programs.append(lifting)
        return lambda _run: None

    monkeypatch.setattr("fediversity.rollout.preview_analysis.planned_program", program)
    found.lift()
    assert calls(engine)[1] == f"up --stack dev --yes --skip-preview --target {URN} --non-interactive"
    assert programs == [Lifting([STATE], frozenset({URN}))]


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
    before = planned_of(fleet(provider=provider), Project(Path(), settings()))
    installed = KnownServers(settled=frozenset({"oak"}), installed=frozenset({"oak"}))
    assert resized_machines(before, installed) == ["oak was installed on e2-medium; the next `up` moves it to e2-micro"]
    assert resized_machines(before, KnownServers()) == []
