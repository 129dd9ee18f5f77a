"""What was evaluated before: by the flake's files, whole or not at all, the last used kept."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fediversity.nix_eval.cache import Cache, Evaluations, evaluation_key, tree_hash
from fediversity.nix_eval.evaluate import System

OAK = System("/nix/store/a-oak.drv", "/nix/store/a-oak", "/nix/store/b-oak.drv")
ASH = System("/nix/store/a-ash.drv", "/nix/store/a-ash", "/nix/store/a-ash.drv")


@pytest.fixture
def flake(tmp_path: Path) -> Path:
    flake = tmp_path / "nix"
    (flake / "modules").mkdir(parents=True)
    (flake / "flake.nix").write_text("{ }")
    (flake / "modules" / "oak.nix").write_text("oak")
    (flake / "vars" / "oak").mkdir(parents=True)
    (flake / "vars" / "oak" / "value").write_text("public")
    return flake


def link_target(flake: Path) -> None:
    (flake / "link").unlink()
    (flake / "link").symlink_to("elsewhere")


EDITS: dict[str, Callable[[Path], object]] = {
    "content": lambda flake: (flake / "modules" / "oak.nix").write_text("elm"),
    "name": lambda flake: (flake / "modules" / "oak.nix").rename(flake / "modules" / "elm.nix"),
    "folder": lambda flake: (flake / "modules").rename(flake / "aspects"),
    "new file": lambda flake: (flake / "modules" / "elm.nix").write_text(""),
    "public var": lambda flake: (flake / "vars" / "oak" / "value").write_text("other"),
    "executable": lambda flake: (flake / "modules" / "oak.nix").chmod(0o755),
    "link": link_target,
    "hidden file": lambda flake: (flake / ".sops.yaml").write_text(""),
    "lock": lambda flake: (flake / "flake.lock").write_text("{}"),
}


@pytest.mark.parametrize("edit", EDITS)
def test_whatever_nix_takes_of_a_flake_is_in_its_hash(flake: Path, edit: str) -> None:
    (flake / "link").symlink_to("flake.nix")
    before = tree_hash(flake)
    EDITS[edit](flake)
    assert tree_hash(flake) != before


def test_what_git_and_builds_put_there_is_not_in_the_hash(flake: Path) -> None:
    before = tree_hash(flake)
    (flake / ".git").mkdir()
    (flake / ".git" / "index").write_text("x")
    (flake / "result").symlink_to("/nix/store/a-oak")
    (flake / "result-man").symlink_to("/nix/store/a-oak-man")
    assert tree_hash(flake) == before


def test_a_folder_named_result_is_a_folder_like_any_other(flake: Path) -> None:
    before = tree_hash(flake)
    (flake / "result").mkdir()
    (flake / "result" / "x").write_text("")
    assert tree_hash(flake) != before


def test_the_hash_does_not_depend_on_where_the_flake_is_or_when_it_was_written(flake: Path) -> None:
    before = tree_hash(flake)
    os.utime(flake / "flake.nix", (1, 1))
    assert tree_hash(flake.rename(flake.with_name("elsewhere"))) == before


def test_content_cannot_pass_for_another_file(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    for folder in (one, other):
        folder.mkdir()
    (one / "a").write_text("1b\0file\x001\0")
    (other / "a").write_text("1")
    (other / "b").write_text("")
    assert tree_hash(one) != tree_hash(other)


def test_another_nix_has_another_key(flake: Path, tmp_path: Path) -> None:
    nix = tmp_path / "nix-2.28"
    nix.write_text("")
    link = tmp_path / "bin-nix"
    link.symlink_to(nix)
    key = evaluation_key(flake, str(link))
    assert evaluation_key(flake, str(nix)) == key, "the file counts, not the link"
    nix.write_text("2.29")
    assert evaluation_key(flake, str(nix)) != key


def test_what_is_stored_is_found_and_nothing_else(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    assert cache.get("a") is None
    assert not cache.folder.exists(), "asking makes nothing"
    cache.put("a", {"x": [1]})
    assert (cache.get("a"), cache.get("b")) == ({"x": [1]}, None)
    assert [file.name for file in cache.folder.iterdir()] == ["a.json"]


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[" * 100_000])
def test_a_broken_file_counts_as_absent_and_is_written_anew(tmp_path: Path, content: bytes) -> None:
    cache = Cache(tmp_path)
    (tmp_path / "a.json").write_bytes(content)
    assert cache.get("a") is None
    cache.put("a", 1)
    assert cache.get("a") == 1


@pytest.mark.parametrize("content", ["[1]", '{"oak": {}}', '{"oak": {"derivation": "x"}}', '{"oak": 1}', '"oak"'])
def test_systems_of_another_form_count_as_absent(tmp_path: Path, content: str) -> None:
    (tmp_path / "key.json").write_text(content)
    evaluations = Evaluations(Cache(tmp_path))
    assert evaluations.systems("key") == {}
    assert evaluations.derivation_of(OAK.output) is None


def test_the_last_used_are_kept(tmp_path: Path) -> None:
    cache = Cache(tmp_path, kept=3)
    for number, key in enumerate("abc"):
        cache.put(key, key)
        os.utime(tmp_path / f"{key}.json", (number, number))
    assert cache.get("a") == "a"

    cache.put("d", "d")

    assert sorted(cache) == ["a", "c", "d"], "a was used since, b was not"


def test_looking_for_a_derivation_keeps_the_one_that_has_it(tmp_path: Path) -> None:
    evaluations = Evaluations(Cache(tmp_path, kept=2))
    evaluations.store("old", {"oak": OAK})
    evaluations.store("new", {"ash": ASH})
    os.utime(tmp_path / "old.json", (1, 1))

    assert evaluations.derivation_of(OAK.output) == OAK.derivation
    assert evaluations.derivation_of("/nix/store/never") is None
    evaluations.store("newest", {"ash": ASH})

    assert evaluations.systems("old") == {"oak": OAK}
    assert evaluations.systems("new") == {}


def test_a_folder_that_cannot_be_written_costs_the_memory_only(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("in the way")
    cache = Cache(tmp_path / "cache")
    cache.put("a", 1)
    assert cache.get("a") is None
    assert list(cache) == []


def test_several_processes_store_at_once_and_a_reader_never_sees_half(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from fediversity.nix_eval.cache import Cache\n"
        "for n in range(200): Cache(Path(sys.argv[1])).put('a', [sys.argv[2]] * 2000)"
    )
    writers = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path), name]) for name in "xy"]
    cache, seen = Cache(tmp_path), set()
    while any(writer.poll() is None for writer in writers):
        content = cache.peek("a")
        if (tmp_path / "a.json").exists() and content is not None:
            assert content in (["x"] * 2000, ["y"] * 2000)
            seen.add(content[0])
    assert [writer.returncode for writer in writers] == [0, 0]
    assert seen
    assert [file.name for file in tmp_path.iterdir()] == ["a.json"]


def test_what_is_stored_is_plain_json(tmp_path: Path) -> None:
    Evaluations(Cache(tmp_path)).store("key", {"oak": OAK})
    assert json.loads((tmp_path / "key.json").read_text()) == {
        "oak": {"derivation": OAK.derivation, "output": OAK.output, "below": OAK.below}
    }
