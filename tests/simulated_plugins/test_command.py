"""Tests the simulated command plug-in: when each command runs and what is kept, as measured with pulumi-command
1.2.1.
"""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from fediversity.embedded_cloud.plugins.command.command import COMMAND, LocalCommand
from fediversity.embedded_cloud.plugins.problems import CloudError
from fediversity.embedded_cloud.plugins.provider import PulumiRequest, State
from fediversity.embedded_cloud.plugins.registry import provider
from fediversity.embedded_cloud.plugins.values import UNKNOWN, Values

RESOURCE = LocalCommand(provider("command").package.schemas[COMMAND])
Work = Callable[[PulumiRequest], Coroutine[Any, Any, Any]]


class Runner:
    """Makes Pulumi's calls; `lines` is the live output."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def run(self, work: Work, timeout: float | None = None, cancel_when: Path | None = None) -> Any:
        """Makes one call; it is cancelled once a file appears."""

        async def session() -> Any:
            call = PulumiRequest("hello", timeout, self._see, asyncio.Event())
            task = asyncio.create_task(work(call))
            while cancel_when is not None and not cancel_when.exists():
                await asyncio.sleep(0.01)
            if cancel_when is not None:
                call.cancelled.set()
            return await task

        return asyncio.run(session())

    async def _see(self, line: str) -> None:
        self.lines.append(line)

    def create(self, timeout: float | None = None, **inputs: Any) -> State:
        state: State = self.run(lambda call: RESOURCE.create(call, inputs), timeout)
        return state

    def update(self, outputs: Values, **inputs: Any) -> Values:
        values: Values = self.run(lambda call: RESOURCE.update(call, "id", outputs, inputs))
        return values

    def delete(self, outputs: Values) -> None:
        self.run(lambda call: RESOURCE.delete(call, "id", outputs))


@pytest.fixture
def runner() -> Runner:
    return Runner()


class TestWhatRunsWhen:
    def test_create_runs_and_its_output_is_kept_without_the_last_newline(self, runner: Runner) -> None:
        state = runner.create(create="echo one; echo two; echo; echo three >&2")
        assert state.outputs["stdout"] == "one\ntwo\n"
        assert state.outputs["stderr"] == "three"
        assert state.outputs["create"] == "echo one; echo two; echo; echo three >&2"

    def test_an_id_is_the_resources_name_and_eight_digits(self, runner: Runner) -> None:
        assert runner.create(create="true").id.startswith("hello")
        assert len(runner.create().id) == len("hello") + 8

    def test_without_create_nothing_runs(self, runner: Runner) -> None:
        assert runner.create(delete="exit 1").outputs == {"delete": "exit 1", "stdout": "", "stderr": ""}

    def test_update_runs_on_a_change(self, runner: Runner) -> None:
        made = runner.create(create="echo made", update="echo changed")
        assert runner.update(made.outputs, create="echo made", update="echo changed")["stdout"] == "changed"

    def test_create_runs_on_a_change_where_there_is_no_update(self, runner: Runner) -> None:
        assert runner.update({}, create="echo made")["stdout"] == "made"

    def test_a_change_without_any_text_keeps_the_output(self, runner: Runner) -> None:
        outputs = runner.update({"stdout": "before", "stderr": "x"}, dir="/")
        assert (outputs["stdout"], outputs["stderr"]) == ("before", "x")

    def test_delete_runs_with_everything_as_it_was_recorded(self, runner: Runner, tmp_path: Path) -> None:
        file = tmp_path / "seen"
        recorded = {"delete": f'echo "$A $PULUMI_COMMAND_STDOUT" > {file}', "environment": {"A": "a"}, "stdout": "out"}
        runner.delete(recorded)
        assert file.read_text() == "a out\n"
        runner.delete({"create": "exit 1"})

    def test_a_preview_runs_nothing_and_knows_no_output(self) -> None:
        planned = RESOURCE.preview_outputs({"create": "exit 1"}, {"stdout": "before", "stderr": ""})
        assert planned == {"create": "exit 1", "stdout": UNKNOWN, "stderr": UNKNOWN}

    def test_a_refresh_gives_back_what_was_recorded(self, runner: Runner) -> None:
        state = runner.run(lambda call: RESOURCE.read(call, "id", {"create": "x"}, {"stdout": "y"}))
        assert state == State("id", {"create": "x"}, {"stdout": "y"})


class TestSurroundings:
    def test_the_default_interpreter_is_the_shell(self, runner: Runner) -> None:
        assert runner.create(create="echo $0").outputs["stdout"] == "/bin/sh"

    def test_another_interpreter_gets_the_text_as_its_last_argument(self, runner: Runner) -> None:
        state = runner.create(create="a b", interpreter=["/bin/echo", "-n", "x"])
        assert state.outputs["stdout"] == "x a b"

    def test_the_environment_is_inherited_and_added_to(self, runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("INHERITED", "one")
        monkeypatch.setenv("REPLACED", "two")
        state = runner.create(create="echo $INHERITED $REPLACED", environment={"REPLACED": "three"})
        assert state.outputs["stdout"] == "one three"

    def test_the_directory_is_the_own_one_or_the_one_given(self, runner: Runner, tmp_path: Path) -> None:
        assert runner.create(create="pwd").outputs["stdout"] == os.getcwd()
        assert runner.create(create="pwd -P", dir=str(tmp_path)).outputs["stdout"] == str(tmp_path.resolve())

    def test_input_is_passed_and_need_not_be_read(self, runner: Runner) -> None:
        assert runner.create(create="cat", stdin="hello").outputs["stdout"] == "hello"
        assert runner.create(create="cat").outputs["stdout"] == ""
        assert runner.create(create="echo done", stdin="x" * 1_000_000).outputs["stdout"] == "done"

    def test_previous_output_comes_by_the_environment_unless_it_is_not_wanted(self, runner: Runner) -> None:
        before = {"stdout": "out", "stderr": "err"}
        text = 'echo "<$PULUMI_COMMAND_STDOUT><$PULUMI_COMMAND_STDERR>"'
        assert runner.update(before, create=text)["stdout"] == "<out><err>"
        assert runner.update(before, create=text, addPreviousOutputInEnv=False)["stdout"] == "<><>"

    def test_after_a_long_output_every_later_run_fails_as_it_does_in_truth(self, runner: Runner) -> None:
        before = {"stdout": "x" * 200_000, "stderr": ""}
        with pytest.raises(CloudError, match="fork/exec /bin/sh: argument list too long"):
            runner.update(before, create="true")
        runner.update(before, create="true", addPreviousOutputInEnv=False)


class TestLogging:
    @pytest.mark.parametrize(
        ("logging", "lines"),
        [
            (None, ["out", "err"]),
            ("stdoutAndStderr", ["out", "err"]),
            ("stdout", ["out"]),
            ("stderr", ["err"]),
            ("none", []),
        ],
    )
    def test_what_is_shown_live(self, runner: Runner, logging: str | None, lines: list[str]) -> None:
        inputs: Values = {"logging": logging} if logging else {}
        state = runner.create(create="echo out; echo err >&2", **inputs)
        assert sorted(runner.lines) == sorted(lines)
        assert (state.outputs["stdout"], state.outputs["stderr"]) == ("out", "err")

    def test_a_last_line_without_an_end_is_shown(self, runner: Runner) -> None:
        runner.create(create="printf 'one\\r\\ntwo'")
        assert runner.lines == ["one", "two"]

    def test_a_line_at_which_the_real_plug_in_hangs_is_refused(self, runner: Runner) -> None:
        text = "head -c 70000 /dev/zero | tr '\\0' x"
        with pytest.raises(CloudError, match='use logging "none"'):
            runner.create(create=text)
        assert len(runner.create(create=text, logging="none").outputs["stdout"]) == 70_000

    def test_a_line_that_the_real_plug_in_can_log_passes(self, runner: Runner) -> None:
        runner.create(create="head -c 60000 /dev/zero | tr '\\0' x")
        assert len(runner.lines[0]) == 60_000

    def test_an_unknown_way_of_logging_is_refused(self) -> None:
        (problem,) = RESOURCE.rules({"logging": "stdour"})
        assert 'did you mean "stdout"?' in str(problem)

    def test_collecting_files_is_refused(self) -> None:
        assert [problem.path for problem in RESOURCE.rules({"assetPaths": ["*"], "archivePaths": ["*"]})] == [
            "assetPaths",
            "archivePaths",
        ]


class TestFailures:
    def test_a_failure_says_what_ran_and_what_it_said(self, runner: Runner) -> None:
        with pytest.raises(CloudError) as failure:
            runner.create(create='echo "out"; echo err >&2; exit 3')
        status, *said = str(failure.value).splitlines()
        assert status == 'exit status 3: running "echo \\"out\\"; echo err >&2; exit 3":'
        assert sorted(said) == ["err", "out"]

    def test_a_signal_is_named(self, runner: Runner) -> None:
        with pytest.raises(CloudError, match="signal: terminated: running"):
            runner.create(create="kill -TERM $$")

    @pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # a bug of asyncio in Python 3.11
    def test_a_program_that_is_not_there_is_named(self, runner: Runner) -> None:
        with pytest.raises(CloudError, match="/nowhere/sh: no such file or directory"):
            runner.create(create="x", interpreter=["/nowhere/sh"])

    @pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
    def test_a_directory_that_is_not_there_is_named(self, runner: Runner, tmp_path: Path) -> None:
        with pytest.raises(CloudError, match=f"chdir {tmp_path}/nowhere: no such file or directory"):
            runner.create(create="x", dir=f"{tmp_path}/nowhere")


class TestTimeouts:
    def test_a_program_that_takes_too_long_is_killed(self, runner: Runner) -> None:
        begin = time.monotonic()
        with pytest.raises(CloudError, match="signal: killed: running"):
            runner.create(create="exec sleep 30", timeout=0.2)
        assert time.monotonic() - begin < 5

    def test_only_the_direct_child_is_killed_and_what_it_started_is_waited_for(self, runner: Runner) -> None:
        begin = time.monotonic()
        with pytest.raises(CloudError, match="signal: killed: running"):
            runner.create(create="sleep 1; true", timeout=0.1)
        assert time.monotonic() - begin >= 1

    def test_a_cancelled_command_is_killed(self, runner: Runner, tmp_path: Path) -> None:
        started = tmp_path / "started"
        inputs = {"create": f"touch {started}; exec sleep 30"}
        with pytest.raises(CloudError, match="signal: killed"):
            runner.run(lambda call: RESOURCE.create(call, inputs), cancel_when=started)

    def test_a_child_that_wants_to_die_with_its_parent_lives_as_long_as_the_main_thread(self, runner: Runner) -> None:
        wish = "import ctypes,time; ctypes.CDLL(None).prctl(1, 9); time.sleep(0.3); print('alive')"
        state = runner.create(create=wish, interpreter=["python3", "-c"])
        assert state.outputs["stdout"] == "alive"
        assert signal.getsignal(signal.SIGCHLD) is not signal.SIG_IGN
