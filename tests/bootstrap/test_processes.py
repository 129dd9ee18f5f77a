"""Which processes are engines, and which were left behind by one that was killed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fediversity.rollout.processes import Process, end, orphans, pulumi_is_running, running

HERE = Path("/checkout")
ENGINE = Process(10, 1, "/checkout", ("/opt/pulumi/pulumi", "up"))
HOST = Process(11, 10, "/checkout", ("/opt/pulumi/pulumi-language-python", "127.0.0.1:1"))
PROGRAM = Process(12, 11, "/checkout", ("/checkout/.venv/bin/python3", "-u", "/opt/pulumi/pulumi-language-python-exec"))
LOCAL = Process(
    13, 10, "/checkout", ("/checkout/.venv/bin/python", "-m", "fediversity.embedded_cloud.plugins", "gcp", "h:1")
)
OFFICIAL = Process(14, 10, "/checkout", ("/home/a/.pulumi/plugins/pulumi-resource-hcloud", "127.0.0.1:1"))
SHELL = Process(15, 10, "/checkout", ("/bin/sh",))


def among(*processes: Process) -> dict[int, Process]:
    return {process.pid: process for process in processes}


def test_what_a_living_engine_started_is_no_orphan() -> None:
    assert orphans(among(ENGINE, HOST, PROGRAM, LOCAL, OFFICIAL), HERE) == ()


def test_without_their_engine_host_program_and_plug_ins_are_orphans_and_nothing_else_is() -> None:
    assert orphans(among(HOST, PROGRAM, LOCAL, OFFICIAL, SHELL), HERE) == (HOST, PROGRAM, LOCAL, OFFICIAL)


def test_orphans_of_another_checkout_are_left_alone() -> None:
    assert orphans(among(HOST, LOCAL), Path("/other")) == ()


def test_the_engine_inside_a_nix_wrapper_is_an_engine() -> None:
    wrapped = Process(10, 1, "/checkout", ("/nix/store/x/bin/.pulumi-wrapped", "up"))
    assert orphans(among(wrapped, LOCAL), HERE) == ()


def test_each_kind_is_named_as_a_person_would() -> None:
    titles = [process.title for process in (HOST, PROGRAM, LOCAL, OFFICIAL)]
    assert titles == [
        "pulumi-language-python",
        "pulumi-language-python-exec",
        "fediversity.embedded_cloud.plugins gcp",
        "pulumi-resource-hcloud",
    ]


def test_a_number_that_nobody_has_is_no_running_engine() -> None:
    with subprocess.Popen(["true"]) as child:
        child.wait()
    assert not pulumi_is_running(child.pid)


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="names of processes are read from /proc")
def test_a_number_that_now_belongs_to_something_else_is_no_running_engine() -> None:
    assert not pulumi_is_running(os.getpid())


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="processes are read from /proc")
def test_a_process_that_refuses_to_end_is_forced_to(tmp_path: Path) -> None:
    stubborn = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", stubborn], cwd=tmp_path, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        found = running()[child.pid]
        assert found.folder == str(tmp_path)
        assert found.parent == os.getpid()
        end([found], grace_s=0.2)
        assert child.wait(5) == -9
