"""Tests the fault store, and the commands that change it."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from fediversity.embedded_cloud.faults.kinds import KINDS, STEPS, FaultError
from fediversity.embedded_cloud.faults.store import FaultStore
from fediversity.embedded_cloud.folders import StackFolder

ROOT = Path(__file__).parents[2]


@pytest.fixture
def faults(tmp_path: Path) -> FaultStore:
    return FaultStore(tmp_path / "stack" / "cloud")


def test_a_site_without_the_file_has_no_faults_and_gets_no_file(faults: FaultStore, tmp_path: Path) -> None:
    assert faults.entries() == ()
    assert faults.trigger("ares", "silent") is None
    assert faults.heal() == []
    assert not list(tmp_path.iterdir())


def test_a_counted_fault_happens_so_often_and_no_more(faults: FaultStore) -> None:
    faults.set("ares", "silent", times=2)
    assert [faults.trigger("ares", "silent") is not None for _ in range(3)] == [True, True, False]
    assert faults.entries() == ()


def test_a_counted_fault_is_shared_by_everybody_who_meets_it(faults: FaultStore, tmp_path: Path) -> None:
    faults.set("ares", "api-500", times=5)
    struck: list[bool] = []

    def meet() -> None:
        own = FaultStore(tmp_path / "stack" / "cloud")
        struck.extend(own.trigger("ares", "api-500") is not None for _ in range(5))

    threads = [threading.Thread(target=meet) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert struck.count(True) == 5


def test_asking_does_not_count_and_happening_is_remembered(faults: FaultStore) -> None:
    faults.set("ares", "host-key")
    assert faults.active("ares", "host-key")
    faults.trigger("ares", "host-key")
    (fault,) = faults.entries()
    assert (fault.happened, fault.times) == (1, None)


def test_a_fault_for_some_seconds_is_over_afterwards(faults: FaultStore) -> None:
    faults.set("ares", "refuse", seconds=0.05)
    assert faults.active("ares", "refuse")
    time.sleep(0.06)
    assert faults.entries() == ()


def test_only_the_named_step_strikes(faults: FaultStore) -> None:
    faults.set("ares", "drop-at-step", "copy")
    assert faults.trigger("ares", "drop-at-step", "build") is None
    assert faults.trigger("ares", "drop-at-step", "copy")


def test_one_of_a_kind_replaces_the_one_before_and_others_stay(faults: FaultStore) -> None:
    faults.set("ares", "slow", "2")
    faults.set("ares", "clock", "-60")
    faults.set("ares", "slow", "3")
    faults.set("mac", "asleep")
    assert [(fault.kind, fault.parameter) for fault in faults.entries()] == [
        ("clock", "-60"),
        ("slow", "3.0"),
        ("asleep", None),
    ]
    assert len(faults.heal("ares")) == 2
    assert [fault.machine for fault in faults.entries()] == ["mac"]


@pytest.mark.parametrize(
    ("kind", "parameter", "ends", "message"),
    [
        ("sleepy", None, {}, "there is no kind of fault 'sleepy'; known: refuse, silent"),
        ("silent", "3", {}, "'silent' takes no parameter; found '3'"),
        ("drop-at-byte", None, {}, "'drop-at-byte' needs a parameter: drop-at-byte BYTES"),
        ("drop-at-byte", "-1", {}, "'-1' is not a number of bytes"),
        ("drop-at-byte", "many", {}, "'many' is not a number of bytes"),
        ("drop-at-step", "dinner", {}, "there is no step 'dinner'; known: upload, copy, build"),
        ("slow", "0.5", {}, "'0.5' is not a factor of 1 or more"),
        ("slow", "inf", {}, "'inf' is not a factor"),
        ("unit-fails", "nginx", {}, "'nginx' is not the name of a unit"),
        ("refuse", None, {"times": 1}, "'refuse' cannot be counted with --times"),
        ("silent", None, {"times": 0}, "more than 0"),
        ("silent", None, {"times": 1, "seconds": 1.0}, "either --times or --for"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(
    faults: FaultStore, kind: str, parameter: str | None, ends: dict[str, int], message: str
) -> None:
    with pytest.raises(FaultError, match=message):
        faults.set("ares", kind, parameter, **ends)
    assert faults.entries() == ()


def test_a_file_that_holds_something_else_is_named(faults: FaultStore, tmp_path: Path) -> None:
    faults.set("ares", "silent")
    (tmp_path / "stack" / "cloud" / "faults.json").write_text("[]")
    with pytest.raises(FaultError, match=r"faults\.json does not hold faults"):
        faults.entries()


def test_the_list_is_private_to_its_owner(faults: FaultStore, tmp_path: Path) -> None:
    faults.set("ares", "silent")
    assert (tmp_path / "stack" / "cloud" / "faults.json").stat().st_mode & 0o777 == 0o600


def test_every_kind_and_step_is_in_the_documentation() -> None:
    text = (ROOT / "docs" / "embedded-cloud.md").read_text()
    assert [name for name in KINDS if f"| `{name}" not in text] == []
    assert [name for name in STEPS if f"`{name}`" not in text] == []


class TestCommands:
    def local(self, project: Path, *words: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "fediversity.embedded_cloud", *words]
        environment = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
        return subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)

    def test_a_fault_is_set_listed_and_healed(self, tmp_path: Path) -> None:
        known = ("--known", "ares=nixos", "--known", "mac=darwin")
        done = self.local(tmp_path, "fault", "dev", "ares", "drop-at-step", "copy", "--times", "2", *known)
        assert done.stdout.startswith("ares: drop-at-step copy (still 2 times): "), done.stderr
        self.local(tmp_path, "fault", "dev", "mac", "clock", "-3600", *known)
        assert self.local(tmp_path, "faults", "dev").stdout.splitlines() == [
            "ares  drop-at-step copy (still 2 times)",
            "mac   clock -3600",
        ]
        FaultStore(StackFolder.of(tmp_path, "dev").cloud).trigger("ares", "drop-at-step", "copy")
        assert "(still 1 times); happened 1 times" in self.local(tmp_path, "faults", "dev").stdout
        assert self.local(tmp_path, "heal", "dev", "ares", *known).stdout.startswith("ares: no longer drop-at-step")
        assert self.local(tmp_path, "heal", "dev").stdout == "mac: no longer clock -3600\n"
        assert self.local(tmp_path, "faults", "dev").stdout == "no faults\n"

    def test_an_unknown_machine_and_an_unknown_kind_are_one_error_with_what_is_known(self, tmp_path: Path) -> None:
        done = self.local(tmp_path, "fault", "dev", "are", "sleepy", "--known", "ares=nixos")
        assert done.returncode == 1
        assert "there is no kind of fault 'sleepy'; known: refuse, silent" in done.stderr
        assert "there is no machine 'are'; did you mean 'ares'? known: ares" in done.stderr
        assert not list(tmp_path.iterdir())

    def test_a_kind_for_servers_is_refused_for_a_mac(self, tmp_path: Path) -> None:
        done = self.local(tmp_path, "fault", "dev", "mac", "unit-fails", "--known", "mac=darwin")
        assert done.stderr == "fediversity.embedded_cloud: 'unit-fails' is for nixos machines; mac is darwin\n"

    def test_an_unknown_machine_cannot_be_healed(self, tmp_path: Path) -> None:
        assert (
            "there is no machine 'x'; known: ares"
            in self.local(tmp_path, "heal", "dev", "x", "--known", "ares=nixos").stderr
        )
