"""Where the programs that check Nix files come from: PATH, the flake by Nix, cargo, or nowhere."""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from fediversity.bootstrap.nix_tools import CRATES, NixTools, ensure_nix_tools
from fediversity.bootstrap.report import BootstrapError
from tests.bootstrap.conftest import Computer

_CARGO = """
[ "$1" = --version ] && echo "cargo {version} (somewhere)" && exit
for crate in "$@"; do :; done
{broken}
mkdir -p "$3/bin"
case $crate in nixfmt_rs) program=nixfmt ;; *) program=$crate ;; esac
echo "$PWD $CARGO_TARGET_DIR" >"$3/bin/$program"
"""

Get = Callable[[], NixTools]


@pytest.fixture
def environ(computer: Computer) -> Mapping[str, str]:
    """A PATH without any program of this computer that could be found by accident."""
    (computer.bin / "mkdir").symlink_to(shutil.which("mkdir") or "mkdir")
    return {"HOME": str(computer.bin.parent), "PATH": str(computer.bin)}


@pytest.fixture
def get(computer: Computer, environ: Mapping[str, str]) -> Get:
    return lambda: ensure_nix_tools(computer.places, environ)


def cargo(computer: Computer, version: str = "1.95.0", broken: str = "") -> None:
    computer.program("cargo", _CARGO.format(version=version, broken=broken))


def installs(computer: Computer) -> list[str]:
    return [call.split()[-1] for call in computer.calls() if call.startswith("cargo install")]


def test_what_is_on_path_is_used_and_nothing_is_asked_or_built(computer: Computer, get: Get) -> None:
    names = ("nixfmt", "deadnix", "statix", "nix-instantiate")
    nixfmt, deadnix, statix, parser = (computer.program(name, "") for name in names)
    computer.program("nix", "exit 1")
    cargo(computer)
    assert get() == NixTools(nixfmt, deadnix, statix, parser)
    assert computer.calls() == []


def test_nix_brings_what_is_missing_from_the_flake_and_leaves_the_flake_as_it_is(computer: Computer, get: Get) -> None:
    own = computer.program("nixfmt", "")
    computer.program("nix", "echo /nix/store/some-tools")
    found = get()
    assert (found.nixfmt, found.left_out) == (own, ())
    assert found.deadnix == Path("/nix/store/some-tools/bin/deadnix")
    assert found.statix == Path("/nix/store/some-tools/bin/statix")
    (call,) = computer.calls()
    assert call.endswith(f"{computer.places.root}/nix#nix-tools")
    assert "--no-write-lock-file" in call


def test_cargo_builds_the_pinned_crates_once_where_nix_is_not(computer: Computer, get: Get) -> None:
    cargo(computer)
    first, second = get(), get()
    assert first == second
    assert installs(computer) == ["nixfmt_rs", "deadnix"]
    assert all("--locked" in call for call in computer.calls() if call.startswith("cargo install"))
    assert (first.nixfmt, first.deadnix) == tuple(crate.path(computer.places) for crate in CRATES)
    assert first.left_out == (
        "not checked: statix' lints of Nix files (there is no nix on PATH, and nothing else brings it)",
    )


def test_cargo_works_in_the_cache_and_leaves_nothing_there_but_the_programs(computer: Computer, get: Get) -> None:
    cargo(computer)
    nixfmt = get().nixfmt
    assert nixfmt is not None
    folder, target = nixfmt.read_text().split()
    assert Path(folder).parent == Path(target).parents[1] == computer.places.cache / "rust"
    assert sorted(path.name for path in (computer.places.cache / "rust").iterdir()) == sorted(
        f"{crate.name}-{crate.version}" for crate in CRATES
    )


def test_only_what_is_missing_is_built(computer: Computer, get: Get) -> None:
    computer.program("nixfmt", "")
    cargo(computer)
    get()
    assert installs(computer) == ["deadnix"]


def test_cargo_stands_in_when_nix_fails_and_nix_s_own_words_are_told(computer: Computer, get: Get) -> None:
    computer.program("nix", 'echo "error: cannot reach the cache" >&2; exit 1')
    cargo(computer)
    found = get()
    assert found.nixfmt is not None
    (left_out,) = found.left_out
    assert "Nix cannot bring it: error: cannot reach the cache" in left_out


def test_without_nix_and_cargo_it_is_told_what_is_not_checked(get: Get) -> None:
    found = get()
    assert (found.nixfmt, found.deadnix, found.statix) == (None, None, None)
    assert found.left_out[0] == (
        "not checked: the format of Nix files and dead code in them "
        "(there is no nix on PATH; there is no cargo on PATH, and Rust 1.87 or newer would do)"
    )
    assert len(found.left_out) == 2


def test_a_cargo_that_is_too_old_is_not_tried(computer: Computer, get: Get) -> None:
    cargo(computer, version="1.75.0")
    assert "cargo is 1.75.0, and Rust 1.87 or newer would do" in get().left_out[0]
    assert installs(computer) == []


def test_a_cargo_that_does_not_work_is_told_in_its_own_words(computer: Computer, get: Get) -> None:
    computer.program("cargo", 'echo "error: no default toolchain is configured" >&2; exit 1')
    assert f"{computer.bin}/cargo does not work: error: no default toolchain is configured" in get().left_out[0]


def test_a_failed_build_shows_the_end_of_its_log_leaves_nothing_and_is_tried_again(
    computer: Computer, get: Get
) -> None:
    cargo(computer, broken='echo "linker cc not found" >&2; exit 101')
    with pytest.raises(BootstrapError, match=r"(?s)exit code 101.*linker cc not found.*C linker"):
        get()
    assert list((computer.places.cache / "rust").iterdir()) == []
    cargo(computer)
    assert get().deadnix is not None
