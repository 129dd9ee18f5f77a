"""How many evaluations run at once."""

import pytest

from fediversity.nix_eval.workers import available_memory, how_many, of_meminfo, of_vm_stat
from fediversity.support.errors import UsageError

GIB = 1024**3


@pytest.mark.parametrize(
    ("machines", "cores", "available", "expected"),
    [
        (6, 4, 64 * GIB, 4),
        (3, 8, 64 * GIB, 3),
        (6, 8, 5 * GIB, 3),
        (6, 8, 3 * GIB - 1, 1),
        (6, 8, 0, 1),
        (6, 8, None, 2),
        (1, 8, None, 1),
        (6, 1, None, 1),
    ],
)
def test_cores_machines_and_memory_all_set_a_limit(
    machines: int, cores: int, available: int | None, expected: int
) -> None:
    assert how_many(machines, cores, available) == expected


def test_what_a_person_asks_for_wins_over_cores_and_memory() -> None:
    assert how_many(6, 1, 0, "5") == 5
    assert how_many(6, 1, 0, "50") == 6, "more than there are machines is of no use"
    assert how_many(6, 4, 64 * GIB, "") == 4, "empty is not set"


@pytest.mark.parametrize("wanted", ["0", "-1", "two", "1.5", "²"])
def test_a_wish_that_is_no_number_is_refused_by_name(wanted: str) -> None:
    with pytest.raises(UsageError, match="FEDIVERSITY_EVALUATIONS is") as refused:
        how_many(6, 4, GIB, wanted)
    assert "write how many machines to evaluate at once, e.g. 2" in str(refused.value)


def test_linux_says_how_much_memory_is_available() -> None:
    assert (
        of_meminfo("MemTotal:       24105000 kB\nMemFree:          500 kB\nMemAvailable:    1000 kB\n") == 1000 * 1024
    )
    assert of_meminfo("MemTotal:       24105000 kB\n") is None


def test_macos_says_which_pages_are_free_or_can_be_had() -> None:
    printed = (
        "Mach Virtual Memory Statistics: (page size of 16384 bytes)\n"
        "Pages free:                               10.\n"
        "Pages active:                         500000.\n"
        "Pages inactive:                          200.\n"
        "Pages speculative:                      3000.\n"
        "Pages wired down:                      90000.\n"
        "Pages purgeable:                       40000.\n"
        '"Translation faults":              123456789.\n'
    )
    assert of_vm_stat(printed) == 43210 * 16384
    assert of_vm_stat("something else") is None


def test_this_computer_has_some_memory() -> None:
    available = available_memory()
    assert available is None or available > 0
