"""Installs wait for each other: one at a time, across processes."""

import json
import subprocess
import sys
import threading
from typing import Any

import pytest

from fediversity.steps.act.install import install
from fediversity.steps.context import StepContext
from fediversity.steps.job import StepError
from tests.steps.machines import Network, ScriptedMachine, answers, image_answers
from tests.steps.site import Site, wait_until

SERVER = "4711"
COMMAND = ("clan", "machines", "install", "cinnabar", "--phases", "kexec,disko,install,reboot", "--yes")


def context_for(site: Site, machine: ScriptedMachine, **more: Any) -> StepContext[Any]:
    return site.context("install", machine, COMMAND, server_id=SERVER, **more)


def holding_the_turn(site: Site) -> subprocess.Popen[str]:
    text = (
        "import fcntl, sys, time; lock = open(sys.argv[1], 'w'); fcntl.flock(lock, fcntl.LOCK_EX); "
        "print('held', flush=True); time.sleep(60)"
    )
    (site.state_dir / "slots").mkdir()
    lock = str(site.state_dir / "slots" / "installs.0")
    holder = subprocess.Popen([sys.executable, "-c", text, lock], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    holder.stdout.close()
    return holder


def test_what_the_machine_runs_is_asked_anew_when_the_turn_has_come(site: Site, network: Network) -> None:
    """While it waited for its turn, somebody else may have installed the machine."""
    site.clan()
    machine = network.machine(image_answers())
    context = context_for(site, machine)

    def finish_elsewhere() -> None:
        wait_until(lambda: "true" in machine.commands)
        machine.answers = answers()
        holder.terminate()

    holder = holding_the_turn(site)
    elsewhere = threading.Thread(target=finish_elsewhere)
    elsewhere.start()
    with pytest.raises(StepError, match="nothing was erased"):
        install(context)
    elsewhere.join()
    holder.wait()


def test_installs_go_one_at_a_time_and_say_when_their_turn_came(site: Site, network: Network) -> None:
    # The first waits until all have come; each says when it began and when it ended.
    site.clan("date +%s.%N >>times; until [ -e all-are-here ]; do sleep 0.02; done; sleep 0.2; date +%s.%N >>times\n")
    machines = {name: network.machine(image_answers()) for name in ("cinnabar", "orb-nixos", "electrum")}

    runners = [
        site.start(
            *("install", name, "--fleet", "seed", "--port", str(machine.port), "--identity", str(site.identity)),
            *("--", "clan", "machines", "install", name),
            FEDIVERSITY_ADDRESS=machine.address,
            FEDIVERSITY_SERVER_ID=name,
        )
        for name, machine in machines.items()
    ]
    # The ledger tells the one at work from those that wait, while they do.
    wait_until(lambda: sorted(record.waiting for record in site.records) == [False, True, True])
    (site.project / "all-are-here").touch()
    outcomes = [json.loads(runner.communicate(timeout=60)[0])["outcome"] for runner in runners]

    assert outcomes == ["applied"] * 3
    times = [float(line) for line in (site.project / "times").read_text().splitlines()]
    assert times == sorted(times), "two installs ran at once"
    records = sorted(site.records, key=lambda record: record.started_at)
    for record, began, earlier_ended in zip(records, times[::2], [0.0, *times[1::2]], strict=False):
        assert earlier_ended < record.started_at < began
    assert all(record.queued_at < records[1].started_at for record in records), "they did not wait"


def test_a_turn_is_given_back_by_a_runner_that_dies(site: Site, network: Network) -> None:
    site.clan("touch began; sleep 600\n")
    machine = network.machine(image_answers())
    runner = site.start(
        *("install", "cinnabar", "--fleet", "seed", "--port", str(machine.port), "--identity", str(site.identity)),
        *("--", *COMMAND),
        FEDIVERSITY_ADDRESS=machine.address,
        FEDIVERSITY_SERVER_ID=SERVER,
    )
    wait_until((site.project / "began").exists)

    runner.kill()
    runner.communicate(timeout=20)

    site.clan()
    assert install(context_for(site, machine)).outcome == "applied"
    assert [record.outcome for record in site.records] == ["interrupted", None]
