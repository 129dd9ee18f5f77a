"""Tools under supervision: real processes that print too much, never end, or leave children behind."""

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fediversity.steps.job import StepError, StopError
from fediversity.steps.log import Log
from fediversity.steps.transport.cancellation import Cancellation
from fediversity.steps.transport.process import ProcessResult, capture, run_tool, tool_environment
from fediversity.support import supervision
from fediversity.support.redact import Redactor
from fediversity.support.supervision import adopt_orphans
from tests.steps.site import is_alive, pid_in, wait_until


@pytest.fixture(autouse=True)
def orphans_are_adopted(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As in the runner; nothing else in this process may be changed by it."""
    monkeypatch.setattr(supervision, "_AFTER_EXIT_SECONDS", 0.2)
    adopt_orphans()
    yield
    adopt_orphans(False)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    log = Log(tmp_path / "step.log", Redactor())
    yield log
    log.close()


def text_of(tmp_path: Path) -> str:
    return (tmp_path / "step.log").read_text()


def run(log: Log, *command: str, timeout: float = 20.0, stop: Cancellation | None = None, **more: Any) -> ProcessResult:
    return run_tool(command, log=log, stop=stop or Cancellation(), timeout=timeout, environment=os.environ, **more)


SAY = "echo $$ >"
"""What a script begins with so that its process number is known: goes before the name of a file."""


def script(folder: Path, name: str, text: str) -> str:
    (folder / name).write_text(text)
    return str(folder / name)


def wait_until_ended(pid_file: Path) -> None:
    wait_until(lambda: not is_alive(pid_in(pid_file)))


def python(text: str) -> tuple[str, ...]:
    return (sys.executable, "-c", text)


def test_what_a_tool_prints_goes_to_the_log_and_nowhere_else(
    log: Log, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    finished = run(log, "sh", "-c", "echo to stdout; echo to stderr >&2; exit 3")

    assert finished == ProcessResult(3, "to stdout\nto stderr")
    assert text_of(tmp_path) == "to stdout\nto stderr\n"
    assert capfd.readouterr() == ("", "")


def test_the_log_grows_while_the_tool_runs(log: Log, tmp_path: Path) -> None:
    # The tool waits until somebody has read its first line in the log.
    wait = f"echo begun; until [ -e '{tmp_path}/go' ]; do sleep 0.02; done"

    def look() -> None:
        wait_until(lambda: "begun\n" in text_of(tmp_path))
        (tmp_path / "go").touch()

    looking = threading.Thread(target=look)
    looking.start()
    assert run(log, "sh", "-c", wait).status == 0
    looking.join()


def test_a_line_of_a_megabyte_without_an_end_is_kept_whole(log: Log, tmp_path: Path) -> None:
    assert run(log, *python("import sys; sys.stdout.write('x' * 1_000_000)")).status == 0

    assert text_of(tmp_path).replace("\n", "") == "x" * 1_000_000


def test_progress_with_carriage_returns_becomes_lines(log: Log, tmp_path: Path) -> None:
    run(log, *python("for done in range(20_000): print(f'{done} of 20000', end='\\r')"))

    assert text_of(tmp_path).splitlines() == [f"{done} of 20000" for done in range(20_000)]


def test_a_line_end_of_two_characters_in_two_reads_is_one_line_end(log: Log, tmp_path: Path) -> None:
    for piece in (b"first\r", b"\nsecond\r", b"third"):
        log.feed(piece)
    log.end_line()

    assert text_of(tmp_path) == "first\nsecond\nthird\n"


def test_binary_output_and_nul_bytes_neither_hang_nor_fail(log: Log, tmp_path: Path) -> None:
    finished = run(log, *python("import sys; sys.stdout.buffer.write(bytes(range(256)) * 400 + b'\\nlast\\n')"))

    assert finished.status == 0
    assert text_of(tmp_path).endswith("last\n")
    assert "\0" not in finished.tail
    assert "\x1b" not in finished.tail


def test_a_character_of_several_bytes_survives_any_cut(log: Log, tmp_path: Path) -> None:
    for byte in "Größe ✓\n".encode():
        log.feed(bytes([byte]))
    log.feed("✓".encode() * 50_000 + b"\n")

    assert text_of(tmp_path).replace("\n", "") == "Größe ✓" + "✓" * 50_000


def test_the_last_lines_are_short_and_without_colours(log: Log) -> None:
    finished = run(log, *python("print(chr(27) + '[31mred' + chr(27) + '[0m'); print('y' * 100_000)"))

    red, *long = finished.tail.splitlines()
    assert red == "red"
    assert max(map(len, long)) <= 400


def test_only_the_last_lines_are_kept_for_the_message(log: Log) -> None:
    finished = run(log, "sh", "-c", "seq 1 1000; echo; echo the end")

    assert finished.tail.splitlines() == [*map(str, range(987, 1001)), "the end"]


def test_a_tool_reads_nothing(log: Log) -> None:
    assert run(log, "cat").status == 0


def test_a_tool_that_a_signal_ended_says_which(log: Log) -> None:
    assert run(log, "sh", "-c", "kill -9 $$").status == -9


def test_a_tool_that_is_missing_is_named(log: Log) -> None:
    with pytest.raises(StepError, match="the command `no-such-tool` was not found") as caught:
        run(log, "no-such-tool", "--help")
    assert "PATH" in caught.value.hint


def test_a_folder_that_is_missing_is_not_taken_for_a_missing_tool(log: Log, tmp_path: Path) -> None:
    with pytest.raises(StepError, match=f"there is no folder {tmp_path}/nix"):
        run(log, "true", directory=tmp_path / "nix")


def test_a_file_that_is_no_program_is_reported(log: Log, tmp_path: Path) -> None:
    (tmp_path / "tool").write_text("not a program")

    with pytest.raises(StepError, match="cannot be started: Permission denied"):
        run(log, str(tmp_path / "tool"))


def test_a_tool_runs_in_the_folder_it_was_given(log: Log, tmp_path: Path) -> None:
    assert run(log, "pwd", directory=tmp_path).tail == str(tmp_path)


def test_a_tool_that_takes_too_long_is_ended_with_everything_it_started(
    log: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervision, "_GRACE_SECONDS", 0.3)
    grandchild = script(tmp_path, "grandchild", f"trap '' TERM; {SAY} grandchild.pid; while :; do sleep 0.1; done")
    tool = script(tmp_path, "tool", f"trap '' TERM; {SAY} tool.pid; sh '{grandchild}' & while :; do sleep 0.1; done")

    with pytest.raises(StepError, match="took longer than 1 s and was ended"):
        run(log, "sh", tool, timeout=1, directory=tmp_path)

    wait_until_ended(tmp_path / "tool.pid")
    wait_until_ended(tmp_path / "grandchild.pid")


def test_a_tool_that_is_asked_to_end_may_clean_up_and_say_so(log: Log, tmp_path: Path) -> None:
    says_goodbye = "trap 'seq 1 50000; echo cleaned up; exit 1' TERM; while :; do sleep 0.05; done"

    with pytest.raises(StepError, match="took longer"):
        run(log, "sh", "-c", says_goodbye, timeout=0.3)

    assert text_of(tmp_path).endswith("cleaned up\n")


def test_a_grandchild_is_given_time_to_clean_up_after_its_parent_has_ended(log: Log, tmp_path: Path) -> None:
    cleans = "trap 'sleep 0.3; touch cleaned; exit' TERM; touch begun; while :; do sleep 0.05; done"
    grandchild = script(tmp_path, "grandchild", cleans)

    with pytest.raises(StepError, match="took longer"):
        run(log, "sh", "-c", f"sh '{grandchild}' & exec sleep 600", timeout=0.5, directory=tmp_path)

    assert (tmp_path / "begun").exists()
    assert (tmp_path / "cleaned").exists()


def test_what_a_tool_leaves_behind_neither_hangs_the_step_nor_stays(log: Log, tmp_path: Path) -> None:
    begun = time.monotonic()

    finished = run(log, "sh", "-c", f"sleep 600 & echo $! >'{tmp_path}/left'; echo done")

    assert finished == ProcessResult(0, "done")
    assert time.monotonic() - begun < 10
    wait_until_ended(tmp_path / "left")


def test_what_went_to_a_session_of_its_own_does_not_hang_the_step_either(log: Log, tmp_path: Path) -> None:
    begun = time.monotonic()

    try:
        finished = run(log, "sh", "-c", f"setsid sleep 30 & echo $! >'{tmp_path}/left'; echo done")

        assert finished == ProcessResult(0, "done")
        assert time.monotonic() - begun < 10
    finally:
        os.kill(pid_in(tmp_path / "left"), signal.SIGKILL)


def test_a_tool_that_closes_its_output_is_still_waited_for(log: Log, tmp_path: Path) -> None:
    finished = run(log, "sh", "-c", f"exec >&- 2>&-; sleep 0.3; touch '{tmp_path}/end'; exit 4")

    assert finished.status == 4
    assert (tmp_path / "end").exists()


def test_a_runner_told_to_stop_ends_the_tool(log: Log, tmp_path: Path) -> None:
    stop = Cancellation()

    def tell() -> None:
        pid_in(tmp_path / "tool")
        stop.reason = "stopped by SIGTERM"

    telling = threading.Thread(target=tell)
    telling.start()
    with pytest.raises(StopError, match="stopped by SIGTERM"):
        run(log, "sh", "-c", f"echo $$ >'{tmp_path}/tool'; exec sleep 600", stop=stop)
    telling.join()

    assert not is_alive(pid_in(tmp_path / "tool"))


def test_a_log_that_cannot_be_written_does_not_leave_the_tool_running(
    log: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def disk_is_full(_data: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(log, "feed", disk_is_full)

    with pytest.raises(OSError, match="No space left"):
        run(log, "sh", "-c", f"echo $$ >'{tmp_path}/tool'; echo something; exec sleep 600")

    wait_until_ended(tmp_path / "tool")


def test_captured_output_is_told_apart() -> None:
    done = capture(
        ["sh", "-c", "cat; echo wrong >&2; exit 2"],
        stop=Cancellation(),
        timeout=10,
        environment=os.environ,
        stdin=b"in\n",
    )

    assert (done.status, done.stdout, done.stderr) == (2, "in\n", "wrong")


def test_a_captured_command_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    command = ["sh", "-c", f"echo $$ >'{tmp_path}/tool'; echo begun; exec sleep 600"]

    done = capture(command, stop=Cancellation(), timeout=0.5, environment=os.environ)

    assert (done.status, done.stdout) == (None, "begun\n")
    assert not is_alive(pid_in(tmp_path / "tool"))


def test_a_captured_command_that_does_not_read_its_input_is_no_failure() -> None:
    done = capture(["true"], stop=Cancellation(), timeout=10, environment=os.environ, stdin=b"x" * 1000)

    assert done.status == 0


def test_a_tool_gets_the_persons_environment_without_pulumi_s_variables(tmp_path: Path) -> None:
    base = {"PATH": "/usr/bin", "EDITOR": "vi", "PULUMI_CONFIG_PASSPHRASE": "hush", "PULUMI_COMMAND_STDOUT": "long"}

    environment = tool_environment(base, stack="dev", state_dir=tmp_path, first_on_path=[Path("/a"), Path("/b")])

    assert environment == {
        "PATH": "/a:/b:/usr/bin",
        "EDITOR": "vi",
        "FEDIVERSITY_STACK": "dev",
        "FEDIVERSITY_STATE_DIR": str(tmp_path),
    }
