"""Caps hold over processes, by class and by provider, and a process that dies leaves no lock."""

import json
import multiprocessing
import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from fediversity.steps.act import concurrency
from fediversity.steps.act.concurrency import slot
from tests.steps.site import Site, wait_until


def limits(site: Site, **caps: Any) -> None:
    site.state_dir.mkdir(parents=True, exist_ok=True)
    (site.state_dir / "limits.json").write_text(json.dumps(caps))


def _hold(folder: Path, name: str, caps: Mapping[str, int], seconds: float) -> None:
    """In a process of its own: takes slots, notes when it had them, and gives them back."""
    folder.mkdir(parents=True, exist_ok=True)
    while (held := concurrency._take_all(folder, caps)) is None:
        time.sleep(0.01)
    begun = time.monotonic()
    (folder / f"{name}.running").touch()
    time.sleep(seconds)
    (folder / f"{name}.took").write_text(json.dumps([begun, time.monotonic()]))
    concurrency._release(held)


def most_at_once(folder: Path) -> int:
    spans: list[list[float]] = [json.loads(file.read_text()) for file in folder.glob("*.took")]
    return max(sum(begin <= at < end for begin, end in spans) for at, _ in spans)


@pytest.mark.parametrize("cap", [1, 2])
def test_no_more_processes_than_the_cap_have_their_turn_at_once_and_all_have_it(tmp_path: Path, cap: int) -> None:
    processes = [
        multiprocessing.Process(target=_hold, args=(tmp_path, f"p{number}", {"updates": cap}, 0.15))
        for number in range(6)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(30)

    assert len(list(tmp_path.glob("*.took"))) == 6
    assert most_at_once(tmp_path) == cap


def test_a_process_that_is_killed_leaves_its_slot_free(tmp_path: Path) -> None:
    holder = multiprocessing.Process(target=_hold, args=(tmp_path, "p", {"updates": 1}, 600))
    holder.start()
    wait_until((tmp_path / "p.running").exists)
    assert concurrency._take_all(tmp_path, {"updates": 1}) is None

    os.kill(holder.pid or 0, signal.SIGKILL)
    holder.join(10)

    held = concurrency._take_all(tmp_path, {"updates": 1})
    assert held is not None
    concurrency._release(held)


def test_what_is_not_to_be_had_as_a_whole_is_not_taken_in_part(tmp_path: Path) -> None:
    provider = concurrency._take_all(tmp_path, {"provider-hetzner": 1})
    assert provider is not None

    assert concurrency._take_all(tmp_path, {"updates": 1, "provider-hetzner": 1}) is None
    others = concurrency._take_all(tmp_path, {"updates": 1})

    assert others is not None, "the slot of the class was kept by a step that waits for its provider"
    concurrency._release([*provider, *others])


def test_the_caps_of_the_fleet_file_are_read_when_a_turn_is_asked_for(site: Site) -> None:
    assert concurrency._caps(site.state_dir, "updates", "hetzner") == {"updates": 4}
    assert concurrency._caps(site.state_dir, "installs", "hetzner") == {"installs": 1}

    limits(site, installs=2, updates=7, per_provider={"hetzner": 3, "gcp": 1})

    assert concurrency._caps(site.state_dir, "updates", "hetzner") == {"updates": 7, "provider-hetzner": 3}
    assert concurrency._caps(site.state_dir, "installs", "hetzner") == {"installs": 2, "provider-hetzner": 3}


def test_a_file_of_caps_that_cannot_be_read_means_the_usual_ones(site: Site) -> None:
    site.state_dir.mkdir(parents=True)
    (site.state_dir / "limits.json").write_text("{half a fi")

    assert concurrency._caps(site.state_dir, "updates", None) == {"updates": 4}


def test_waiting_for_a_turn_is_said_in_the_log_and_is_not_the_step_s_own_time(site: Site) -> None:
    limits(site, updates=1)
    context = site.context("update", timeout=0.0, patience=0.001)
    folder = site.state_dir / "slots"
    holder = multiprocessing.Process(target=_hold, args=(folder, "p", {"updates": 1}, 1.0))
    holder.start()
    wait_until((folder / "p.running").exists)
    context.stop.limit(0.2)

    with slot(context, "updates", None):
        context.stop.check()

    holder.join(10)
    assert "waiting for a turn: the cap on updates is reached" in site.log_text
