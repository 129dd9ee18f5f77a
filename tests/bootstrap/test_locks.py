"""Who holds a stack."""

import json
from pathlib import Path

import pytest

from fediversity.rollout.backend import Backend
from fediversity.rollout.backend_locks import Lock, parse_lock, stale_locks
from fediversity.support.errors import RefusedError

# As the engine writes it: pkg/backend/diy/lock.go.
TEXT = '{"pid":4242,"username":"ada","hostname":"here","timestamp":"2026-11-21T22:04:54.376293319Z"}'
LOCK = Lock(4242, "ada", "here", "2026-11-21T22:04:54.376293319Z")


def nobody(_: int) -> bool:
    return False


def test_a_lock_file_of_the_engine_is_read() -> None:
    assert parse_lock(TEXT, Path("x")) == LOCK
    assert str(LOCK) == "ada@here, process 4242, since 2026-11-21T22:04:54"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"pid": "x"}', '{"pid": 1, "username": "ada"}'])
def test_a_lock_that_nobody_can_read_is_refused_and_not_removed(text: str) -> None:
    with pytest.raises(RefusedError, match=r"some\.json is not a lock file"):
        parse_lock(text, Path("some.json"))


def test_a_lock_whose_process_is_gone_is_stale() -> None:
    assert list(stale_locks([LOCK], "dev", "here", nobody)) == [LOCK]


def test_no_lock_is_no_hindrance() -> None:
    assert list(stale_locks([], "dev", "here", nobody)) == []


def test_a_living_run_is_refused_by_its_holder() -> None:
    with pytest.raises(RefusedError, match=r"stack dev is in use .*ada@here, process 4242"):
        stale_locks([LOCK], "dev", "here", lambda pid: pid == 4242)


def test_a_run_on_another_computer_is_refused_even_if_that_number_is_free_here() -> None:
    with pytest.raises(RefusedError, match=r"from another computer .*ada@here"):
        stale_locks([LOCK], "dev", "elsewhere", nobody)


def test_one_living_run_among_stale_locks_keeps_all_of_them() -> None:
    living = Lock(7, "ada", "here", LOCK.since)
    with pytest.raises(RefusedError, match="process 7"):
        stale_locks([LOCK, living], "dev", "here", lambda pid: pid == 7)


def test_only_the_locks_of_that_stack_count(tmp_path: Path) -> None:
    for stack, pid in (("dev", 1), ("production", 2)):
        folder = tmp_path / ".pulumi" / "locks" / "organization" / "fediversity" / stack
        folder.mkdir(parents=True)
        (folder / "9f1c.json").write_text(json.dumps({**json.loads(TEXT), "pid": pid}))
        (folder / "9f1c.json.attrs").write_text("{}")
    assert [lock.pid for lock in Backend(tmp_path, "fediversity", tmp_path).locks("dev")] == [1]


def test_what_a_killed_run_half_wrote_beside_a_checkpoint_is_removed_and_nothing_else(tmp_path: Path) -> None:
    stacks = tmp_path / ".pulumi" / "stacks" / "fediversity"
    stacks.mkdir(parents=True)
    for name in ("dev.json", "dev.json.bak", "dev.json.bak.attrs", "production.json"):
        (stacks / name).write_text("{}")
    for name in ("dev.json.attrs", "production.json.attrs", "dev.json.18b3c.tmp"):
        (stacks / name).touch()
    removed = Backend(tmp_path, "fediversity", tmp_path).repair("dev")
    assert {path.name for path in removed} == {"dev.json.attrs", "dev.json.18b3c.tmp"}
    assert {path.name for path in stacks.iterdir()} == {
        *("dev.json", "dev.json.bak", "dev.json.bak.attrs", "production.json", "production.json.attrs")
    }
