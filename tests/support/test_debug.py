"""`--debug` and FEDIVERSITY_DEBUG show tracebacks and every command, and never a secret."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fediversity.support import debug
from fediversity.support.entry import INTERRUPTED, run_command
from fediversity.support.errors import UsageError

_PROGRAM = """
import subprocess, sys
from fediversity.support.entry import run_command

def work() -> int:
    subprocess.run(["true", "a word", sys.argv[1]], env={"PLAIN": "value-of-the-environment"}, check=True)
    raise {error}

sys.exit(run_command(work, prefix="fediversity: "))
"""
SECRET = "a-token-without-any-form"


def ran(error: str, **environment: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM.replace("{error}", error), SECRET],
        env={**os.environ, "HCLOUD_TOKEN": SECRET, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize("value", ["", "0"])
def test_without_debugging_an_oserror_is_one_line(value: str) -> None:
    assert ran("OSError(28, 'No space left on device', 'ledger.sqlite')", FEDIVERSITY_DEBUG=value) == (
        1,
        "fediversity: ledger.sqlite: No space left on device\n",
    )


def test_with_debugging_an_oserror_keeps_its_traceback() -> None:
    status, stderr = ran("OSError(28, 'No space left on device', 'ledger.sqlite')", FEDIVERSITY_DEBUG="1")
    assert status == 1
    assert "debug: Traceback (most recent call last):" in stderr
    assert "in work" in stderr
    assert stderr.endswith("fediversity: ledger.sqlite: No space left on device\n")


def test_with_debugging_every_command_is_shown_without_secrets_and_without_its_environment() -> None:
    _, stderr = ran("ValueError", FEDIVERSITY_DEBUG="1")
    assert "debug: runs true 'a word' [redacted]\n" in stderr
    assert SECRET not in stderr
    assert "value-of-the-environment" not in stderr


def test_a_traceback_shows_no_secret() -> None:
    _, stderr = ran("__import__('fediversity.support.errors').support.errors.UsageError(sys.argv[1])")
    assert SECRET in stderr, "the error itself is the caller's to keep free of secrets"
    _, debugged = ran(
        "__import__('fediversity.support.errors').support.errors.UsageError(sys.argv[1])", FEDIVERSITY_DEBUG="1"
    )
    assert [line for line in debugged.splitlines() if SECRET in line and line.startswith("debug:")] == []


def test_the_command_line_has_the_option_for_itself_and_what_it_starts(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "fediversity.cli.main", "--debug", "status", "nowhere"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "debug: Traceback" in done.stderr
    assert "There is no Pulumi.yaml" in done.stderr.splitlines()[-1]


def test_what_is_shown_can_end_again(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []
    debug.show_commands(shown.append)
    subprocess.run(["true"], check=True)
    debug.hide_commands()
    subprocess.run(["false"], check=False)
    assert shown == ["runs true"]
    monkeypatch.delenv(debug.VARIABLE, raising=False)
    assert not debug.is_on()


def test_a_display_that_fails_does_not_stop_the_command() -> None:
    def full(_: str) -> None:
        raise OSError(28, "No space left on device")

    debug.show_commands(full)
    try:
        assert subprocess.run(["true"], check=False).returncode == 0
    finally:
        debug.hide_commands()


def test_a_person_who_interrupts_gets_the_exit_status_of_a_shell() -> None:
    def work() -> int:
        raise KeyboardInterrupt

    assert run_command(work) == INTERRUPTED


def test_a_reader_that_has_seen_enough_is_no_error_to_tell_of() -> None:
    program = "import sys; from fediversity.support.entry import run_command\n"
    program += "def work():\n    while True: print('line', flush=True)\n"
    command = f'{sys.executable} -c "$PROGRAM\nsys.exit(run_command(work))" | head -1'
    done = subprocess.run(
        ["/bin/sh", "-c", command], env={**os.environ, "PROGRAM": program}, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("line\n", "")


def test_what_a_person_did_wrong_is_told_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    def work() -> int:
        raise UsageError("no such machine", fix="name another")

    assert run_command(work, prefix="fediversity: ") == 1
    assert capsys.readouterr().err == "fediversity: no such machine\n    fix: name another\n"
