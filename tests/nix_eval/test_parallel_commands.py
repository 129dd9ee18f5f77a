"""Commands run at once: limits in number and time, and that nothing of them is left, however this process ends."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fediversity.nix_eval.parallel_commands import CommandResult, run_all
from tests.steps.site import is_alive, pid_in, wait_until


def run(commands: dict[str, str], *, at_once: int = 4, seconds: float = 20.0) -> dict[str, CommandResult]:
    """Runs scripts by their names."""
    scripts = {name: ("/bin/sh", "-c", script) for name, script in commands.items()}
    return run_all(scripts, at_once=at_once, seconds=seconds, environment=os.environ)


def test_each_command_has_its_own_output_and_exit_status() -> None:
    ended = run({"oak": "echo acorn; echo rustling >&2", "ash": "echo key; exit 7"})

    assert ended == {"oak": CommandResult(0, "acorn\n", "rustling\n"), "ash": CommandResult(7, "key\n", "")}
    assert list(ended) == ["oak", "ash"], "in the order given"


def test_nothing_to_run_is_nothing() -> None:
    assert run({}) == {}


def test_a_flood_of_output_on_both_streams_is_kept_whole() -> None:
    flood = "i=0; while [ $i -lt 20000 ]; do echo 0123456789; echo 9876543210 >&2; i=$((i+1)); done"

    ended = run({"oak": flood})["oak"]

    assert (ended.stdout, ended.stderr) == ("0123456789\n" * 20000, "9876543210\n" * 20000)


def test_a_command_has_no_input_and_the_environment_it_is_given() -> None:
    script = ("/bin/sh", "-c", 'cat; echo "$TREE, $HOME."')

    ended = run_all({"oak": script}, at_once=1, seconds=20.0, environment={"TREE": "oak"})

    assert ended["oak"] == CommandResult(0, "oak, .\n", "")


def test_no_more_run_at_once_than_may(tmp_path: Path) -> None:
    script = f"touch {tmp_path}/$$; ls {tmp_path} | wc -l; sleep 0.2; rm {tmp_path}/$$"

    ended = run({str(number): script for number in range(6)}, at_once=2)

    assert max(int(one.stdout) for one in ended.values()) == 2


def test_a_command_that_is_not_there_fails_alone() -> None:
    ended = run_all(
        {"oak": ("/no/such/nix",), "ash": ("/bin/echo", "key")}, at_once=2, seconds=20.0, environment=os.environ
    )

    assert ended["oak"].status == 127
    assert "/no/such/nix" in ended["oak"].stderr
    assert ended["ash"] == CommandResult(0, "key\n", "")


def test_a_command_that_takes_too_long_is_ended_and_may_say_a_last_word(tmp_path: Path) -> None:
    polite = f"trap 'echo ended >{tmp_path}/word; exit 0' TERM; while :; do sleep 0.05; done"

    ended = run({"oak": polite, "ash": "echo key"}, seconds=1.5)

    assert ended["oak"].status is None
    assert ended["ash"] == CommandResult(0, "key\n", "")
    assert (tmp_path / "word").read_text() == "ended\n"


def test_what_a_command_leaves_behind_is_ended_with_it(tmp_path: Path) -> None:
    run({"oak": f"sleep 300 & echo $! >{tmp_path}/pid"})

    left = pid_in(tmp_path / "pid")
    wait_until(lambda: not is_alive(left))


_RUNNER = """
import os, sys
from fediversity.nix_eval.parallel_commands import run_all
script = f"trap '' INT TERM; echo $$ >{sys.argv[1]}/pid; sleep 300 & echo $! >{sys.argv[1]}/child; wait"
run_all({"oak": ("/bin/sh", "-c", script)}, at_once=1, seconds=300.0, environment=os.environ)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_nothing_is_left_of_a_run_that_is_ended_itself(tmp_path: Path, number: signal.Signals) -> None:
    process = subprocess.Popen([sys.executable, "-c", _RUNNER, str(tmp_path)], stderr=subprocess.DEVNULL)
    pids = [pid_in(tmp_path / "pid"), pid_in(tmp_path / "child")]

    process.send_signal(number)
    process.wait(timeout=30)

    wait_until(lambda: not any(map(is_alive, pids)))


def test_a_short_command_is_seen_to_end_at_once() -> None:
    run({"oak": "true"})
    began = time.monotonic()
    run({str(number): "true" for number in range(5)}, at_once=1)
    assert time.monotonic() - began < 2.0
