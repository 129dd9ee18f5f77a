"""What is told of other processes is so, where there is no `ps` as well."""

import os
import subprocess
import sys

import pytest

from tests.processes import command_lines, resident_kb, runs


@pytest.fixture
def _without_ps(monkeypatch: pytest.MonkeyPatch) -> None:
    if os.path.isdir("/proc/self"):
        monkeypatch.setenv("PATH", "/nowhere")


@pytest.mark.usefixtures("_without_ps")
def test_a_process_runs_until_it_ends_and_not_while_it_waits_to_be_collected() -> None:
    with subprocess.Popen([sys.executable, "-c", "input('a word of its own')"], stdin=subprocess.PIPE) as process:
        assert runs(process.pid)
        assert any("a word of its own" in line for line in command_lines())
        process.kill()
        # Waits without collecting it.
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert not runs(process.pid)
    assert not runs(process.pid)


@pytest.mark.usefixtures("_without_ps")
def test_this_process_needs_some_memory() -> None:
    assert 1_000 < resident_kb(os.getpid()) < 10_000_000
