"""How an `up` is started: what is asked, what is shown, and where the engine's own output goes."""

from pathlib import Path

import pytest

from fediversity.fleet.load import parse_fleet
from fediversity.planning.stack_plan import StackPlan
from fediversity.project.project import Project
from fediversity.project.settings import parse_settings
from fediversity.rollout import up as module
from fediversity.rollout.output_options import OutputOptions
from fediversity.rollout.pulumi_cli import PulumiCli
from fediversity.rollout.up import up
from tests.fleet.good import GOOD
from tests.planning.samples import planned_of

STACK = "production"
ENGINE = """\
#!/bin/sh
echo "$*" >>"$CALLS"
echo "Updating ($1)"
while [ $# -gt 0 ]; do
    [ "$1" != --event-log ] || echo '{"summaryEvent":{"durationSeconds":1,"resourceChanges":{"same":1}}}' >"$2"
    shift
done
exit "${STATUS:-0}"
"""


@pytest.fixture
def engine(tmp_path: Path) -> PulumiCli:
    program = tmp_path / "bin" / "pulumi"
    program.parent.mkdir()
    program.write_text(ENGINE)
    program.chmod(0o755)
    (tmp_path / f"Pulumi.{STACK}.yaml").write_text("secretsprovider: gcpkms://keys\n")
    return PulumiCli(tmp_path, {"PATH": f"{program.parent}:/usr/bin:/bin", "CALLS": str(tmp_path / "calls")})


@pytest.fixture
def stack(tmp_path: Path) -> StackPlan:
    """A stack of real machines."""
    settings = parse_settings(STACK, {"fleet": "stacks/production.yaml"})
    return planned_of(parse_fleet(GOOD, "fleet.yaml"), Project(tmp_path, settings))


@pytest.fixture
def person(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Somebody sits at the terminal."""
    monkeypatch.setattr(module, "on_a_terminal", lambda: True)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    return monkeypatch


def calls(engine: PulumiCli) -> list[str]:
    return [line.partition(" ")[0] for line in (engine.root / "calls").read_text().splitlines()]


def test_real_machines_are_rolled_out_after_a_preview_and_a_yes(
    engine: PulumiCli, stack: StackPlan, person: pytest.MonkeyPatch
) -> None:
    person.setattr("builtins.input", lambda _question: "y")

    assert up(stack, engine, [], OutputOptions(), keep_going=True) == 0

    assert calls(engine) == ["preview", "up"]
    assert "--yes --skip-preview" in (engine.root / "calls").read_text().splitlines()[1]


@pytest.mark.parametrize("answer", ["", "n", "what?"])
def test_anything_but_a_yes_changes_nothing(
    engine: PulumiCli, stack: StackPlan, person: pytest.MonkeyPatch, answer: str
) -> None:
    person.setattr("builtins.input", lambda _question: answer)

    assert up(stack, engine, [], OutputOptions(), keep_going=True) == 1
    assert calls(engine) == ["preview"]


def test_a_preview_that_fails_is_not_followed_by_a_question(
    engine: PulumiCli, stack: StackPlan, person: pytest.MonkeyPatch
) -> None:
    person.setattr("builtins.input", lambda _question: pytest.fail("it asked"))
    failing = PulumiCli(engine.root, {**engine.environment, "STATUS": "255"})

    assert up(stack, failing, [], OutputOptions(), keep_going=True) == 255
    assert calls(engine) == ["preview"]


@pytest.mark.parametrize("options", [[], ["--target", "urn"]])
def test_without_somebody_to_ask_the_engine_decides_itself_what_to_do(
    engine: PulumiCli, stack: StackPlan, options: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    up(stack, engine, options, OutputOptions(), keep_going=True)

    assert calls(engine) == ["up"]
    assert "--yes" not in (engine.root / "calls").read_text()
    assert "Updating (up)" in capfd.readouterr().out, "its output is passed through"


def test_a_stack_whose_passphrase_only_the_engine_can_ask_for_is_left_to_the_engine(
    engine: PulumiCli, stack: StackPlan, capfd: pytest.CaptureFixture[str]
) -> None:
    (engine.root / f"Pulumi.{STACK}.yaml").write_text("encryptionsalt: v1:x\n")

    up(stack, engine, ["--yes"], OutputOptions(), keep_going=True)

    assert "Updating (up)" in capfd.readouterr().out


def test_the_engine_s_own_words_go_to_a_file_and_what_it_counted_is_printed(
    engine: PulumiCli, stack: StackPlan, capfd: pytest.CaptureFixture[str]
) -> None:
    assert up(stack, engine, ["--yes"], OutputOptions(), keep_going=True) == 0

    output = capfd.readouterr().out
    assert "Updating (up)" not in output
    assert "Resources:\n    1 unchanged\nDuration: 1s\n" in output
    assert "no step had to run" in output
    assert "Updating (up)" in (engine.root / ".fediversity" / STACK / "engine.log").read_text()


def test_events_that_cannot_be_written_stop_a_rollout_before_it_begins(engine: PulumiCli, stack: StackPlan) -> None:
    (engine.root / "file").touch()

    with pytest.raises(OSError, match="file"):
        up(stack, engine, ["--yes"], OutputOptions(events=engine.root / "file" / "events"), keep_going=True)

    assert not (engine.root / "calls").exists()
