"""Runners that are told to stop, or killed, or left alone: the tool ends with them, and the ledger says so."""

import os
import signal
import subprocess
import sys

import pytest

from tests.steps.site import RUNNER, Site, is_alive, pid_in, wait_until

RUNS = "echo $$ >tool.pid; sleep 600 & echo $! >child.pid; wait"
"""A tool that runs for ever, and a child of it."""


def both_ended(site: Site) -> bool:
    return not any(is_alive(pid_in(site.project / name)) for name in ("tool.pid", "child.pid"))


def test_a_step_that_takes_too_long_says_so(site: Site) -> None:
    site.script("tool", RUNS)

    ended = site.vars_step("--timeout", "0.4")

    assert ended.status == 1
    assert "fleet-vars failed: `tool` took longer than 0.4 s and was ended" in ended.stderr
    assert "what to do: " in ended.stderr
    assert both_ended(site)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_runner_told_to_stop_ends_its_tool_and_records_it(site: Site, number: signal.Signals) -> None:
    site.script("tool", RUNS)
    runner = site.start("vars", "fleet", "--", "tool")
    pid_in(site.project / "child.pid")

    runner.send_signal(number)
    stdout, stderr = runner.communicate(timeout=20)

    assert (runner.returncode, stdout) == (130, "")
    assert f"fleet-vars interrupted: stopped by {number.name}" in stderr
    assert "log: .fediversity/test/logs/fleet/" in stderr
    assert both_ended(site)
    assert (site.only_record.outcome, site.only_record.reason) == ("interrupted", f"stopped by {number.name}")


def test_a_runner_told_to_stop_ends_a_command_whose_output_it_wants(site: Site) -> None:
    site.script("clan", RUNS)
    runner = site.start("online", "cinnabar", FEDIVERSITY_ADDRESS="127.0.0.1")
    pid_in(site.project / "child.pid")

    runner.terminate()
    runner.communicate(timeout=20)

    assert runner.returncode == 130
    assert both_ended(site)
    assert site.only_record.outcome == "interrupted"


def test_a_runner_whose_starter_is_killed_ends_its_tool_and_records_it(site: Site) -> None:
    site.script("tool", RUNS)
    # Its output goes to a file, so that only the starter's end can tell it.
    start = f"import subprocess; subprocess.run({[*RUNNER, 'vars', 'fleet', '--stack', 'test', '--', 'tool']})"
    with (site.project / "output").open("w") as output:
        starter = subprocess.Popen([sys.executable, "-c", start], cwd=site.project, stdout=output, stderr=output)
    pid_in(site.project / "child.pid")

    starter.kill()
    starter.wait()

    wait_until(lambda: site.only_record.outcome is not None)
    assert (site.only_record.outcome, site.only_record.reason) == ("interrupted", "the deploying process ended")
    assert both_ended(site)
    wait_until(lambda: not is_alive(site.only_record.pid))


def test_a_runner_whose_answer_nobody_reads_any_more_stops(site: Site) -> None:
    site.script("tool", RUNS)
    runner = site.start("vars", "fleet", "--", "tool")
    pid_in(site.project / "child.pid")

    assert runner.stdout is not None
    runner.stdout.close()

    assert runner.wait(timeout=20) == 130
    assert both_ended(site)
    assert site.only_record.outcome == "interrupted"
    assert runner.stderr is not None
    runner.stderr.close()


def test_a_runner_that_is_killed_outright_still_ends_its_tool_and_records_it(site: Site) -> None:
    # The engine's command plug-in does that to its child when a run is cancelled.
    site.script("tool", RUNS)
    runner = site.start("vars", "fleet", "--", "tool")
    pid_in(site.project / "child.pid")

    runner.kill()
    runner.communicate(timeout=20)  # It lasts until the tool has ended: both hold the pipe.

    assert both_ended(site)
    assert (site.only_record.outcome, site.only_record.reason) == ("interrupted", "the deploying process ended")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems cannot tie a process to its parent")
def test_a_tool_ends_even_if_the_process_that_does_the_work_is_killed(site: Site) -> None:
    site.script("tool", "echo $$ >tool.pid; exec sleep 600")
    runner = site.start("vars", "fleet", "--", "tool")
    tool = pid_in(site.project / "tool.pid")

    os.kill(site.only_record.pid, signal.SIGKILL)
    _, stderr = runner.communicate(timeout=20)

    assert runner.returncode == 1
    assert "ended by signal 9" in stderr
    wait_until(lambda: not is_alive(tool))
    assert site.only_record.outcome is None

    site.script("tool", "exit 0")
    assert site.vars_step().status == 0
    assert [record.outcome for record in site.records] == ["interrupted", "applied"]


def test_a_group_of_processes_killed_at_once_leaves_no_tool_behind(site: Site) -> None:
    site.script("tool", RUNS)
    start = f"import subprocess; subprocess.run({[*RUNNER, 'vars', 'fleet', '--stack', 'test', '--', 'tool']})"
    starter = subprocess.Popen([sys.executable, "-c", start], cwd=site.project, start_new_session=True)
    pid_in(site.project / "child.pid")

    os.killpg(starter.pid, signal.SIGKILL)
    starter.wait()

    wait_until(lambda: site.only_record.outcome is not None)
    assert site.only_record.outcome == "interrupted"
    assert both_ended(site)
