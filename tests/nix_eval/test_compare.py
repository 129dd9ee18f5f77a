"""What differs between two systems, by the recipes they are built from."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from fediversity.nix_eval.compare import Recipe, compare, recipes, split_name


def path(seed: str, name: str) -> str:
    """A path in the store, of which `seed` makes the hash."""
    return f"/nix/store/{seed.ljust(32, '0')}-{name}"


def shown(name: str, seed: str, inputs: Mapping[str, str] = {}, hash_: str = "", **env: str) -> dict[str, Any]:
    """One derivation as Nix before 2.32 shows it, by its path; `inputs` are names of others by their seeds."""
    output = {"path": path(seed, name)} | ({"hash": hash_, "hashAlgo": "sha256"} if hash_ else {})
    used = {f"input{number}": path(other, used) for number, (used, other) in enumerate(inputs.items())}
    return {
        path(f"d{seed}", f"{name}.drv"): {
            "name": name,
            "args": ["-e", path("s", "builder.sh")],
            "builder": path("b", "bash-5.2/bin/bash"),
            "env": {"out": path(seed, name), "name": name, **used, **env},
            "inputDrvs": {path(f"d{other}", f"{used}.drv"): {"outputs": ["out"]} for used, other in inputs.items()},
            "inputSrcs": [path("s", "builder.sh")],
            "outputs": {"out": output},
            "system": "x86_64-linux",
        }
    }


def as_newer(table: Mapping[str, Any]) -> dict[str, Any]:
    """The same as Nix since 2.33 shows it: base names, inputs in one place, a version."""

    def base(text: str) -> str:
        return text.rpartition("/")[2]

    def entry(old: Mapping[str, Any]) -> dict[str, Any]:
        kept = {key: value for key, value in old.items() if key not in {"inputDrvs", "inputSrcs", "outputs"}}
        inputs = {"drvs": {base(key): value for key, value in old["inputDrvs"].items()}}
        sources = [base(source) for source in old["inputSrcs"]]
        outputs = {name: {**output, "path": base(output["path"])} for name, output in old["outputs"].items()}
        return {**kept, "inputs": {**inputs, "srcs": sources}, "outputs": outputs, "version": 4}

    return {"version": 4, "derivations": {base(key): entry(value) for key, value in table.items()}}


def system(*parts: Mapping[str, Any]) -> dict[str, Any]:
    """A system of derivations."""
    return {key: value for part in parts for key, value in part.items()}


def differs(old: Mapping[str, Any], new: Mapping[str, Any]) -> Sequence[str]:
    """The lines of a comparison; they have to be the same in each form that Nix has shown derivations in."""
    lines = compare(recipes(json.dumps(old)), recipes(json.dumps(new)))
    assert compare(recipes(json.dumps(as_newer(old))), recipes(json.dumps(as_newer(new)))) == lines
    return lines


OLD = system(
    shown("htop-3.2.tar.gz", "1", hash_="aa"),
    shown("htop-3.2", "2", {"htop-3.2.tar.gz": "1"}),
    shown("motd", "3", text="Welcome"),
    shown("etc", "4", {"motd": "3"}),
    shown("nixos-system-oak-26.05", "5", {"etc": "4", "htop-3.2": "2"}),
)


def test_the_same_does_not_differ() -> None:
    assert differs(OLD, OLD) == ()


def test_another_version_is_one_line_and_what_follows_a_number() -> None:
    new = system(
        shown("htop-3.3.tar.gz", "6", hash_="bb"),
        shown("htop-3.3", "7", {"htop-3.3.tar.gz": "6"}),
        shown("motd", "3", text="Welcome"),
        shown("etc", "4", {"motd": "3"}),
        shown("nixos-system-oak-26.05", "8", {"etc": "4", "htop-3.3": "7"}),
    )
    assert differs(OLD, new) == ("htop: 3.2 → 3.3", "rebuilt in the same version because of that: 1")


def test_a_setting_is_named_where_it_is_and_not_where_it_is_passed_on() -> None:
    new = system(
        shown("htop-3.2.tar.gz", "1", hash_="aa"),
        shown("htop-3.2", "2", {"htop-3.2.tar.gz": "1"}),
        shown("motd", "6", text="Go away"),
        shown("etc", "7", {"motd": "6"}),
        shown("nixos-system-oak-26.05", "8", {"etc": "7", "htop-3.2": "2"}),
    )
    assert differs(OLD, new) == ("motd: has changed", "rebuilt in the same version because of that: 2")


def test_what_is_added_and_removed_has_no_version_on_one_side() -> None:
    new = system(
        shown("motd", "3", text="Welcome"),
        shown("vim-9.1", "6"),
        shown("issue", "7"),
        shown("etc", "8", {"motd": "3", "issue": "7"}),
        shown("nixos-system-oak-26.11", "9", {"etc": "8", "vim-9.1": "6"}),
    )
    assert differs(OLD, new) == (
        "htop: 3.2 → ∅",
        "issue: ∅ → ε",
        "nixos-system-oak: 26.05 → 26.11",
        "vim: ∅ → 9.1",
        "etc: has changed",
    )


def test_several_versions_of_one_thing_are_told_apart() -> None:
    old = system(shown("python3-3.11", "1"), shown("python3-3.12", "2"))
    new = system(shown("python3-3.12", "2"), shown("python3-3.13", "3"), shown("python3-3.14", "4"))
    assert differs(old, new) == ("python3: 3.11 → 3.13, 3.14",)


def test_a_download_that_comes_out_the_same_is_not_rebuilt_however_it_is_fetched() -> None:
    old = system(
        shown("curl-8.0", "1"),
        shown("source", "2", {"curl-8.0": "1"}, hash_="aa"),
        shown("app-1", "3", {"source": "2"}),
    )
    new = system(
        shown("curl-8.1", "4"),
        shown("source", "2", {"curl-8.1": "4"}, hash_="aa"),
        shown("app-1", "3", {"source": "2"}),
    )
    assert differs(old, new) == ("curl: 8.0 → 8.1",)


def test_another_download_in_the_same_version_is_named() -> None:
    old = system(shown("source", "1", hash_="aa"), shown("app-1", "2", {"source": "1"}))
    new = system(shown("source", "3", hash_="bb"), shown("app-1", "4", {"source": "3"}))
    assert differs(old, new) == ("source: has changed", "rebuilt in the same version because of that: 1")


def test_another_download_for_another_version_goes_without_saying() -> None:
    old = system(shown("source", "1", hash_="aa"), shown("app-1", "2", {"source": "1"}))
    new = system(shown("source", "3", hash_="bb"), shown("app-2", "4", {"source": "3"}))
    assert differs(old, new) == ("app: 1 → 2",)


def test_another_source_file_under_the_same_name_is_a_change() -> None:
    old = shown("app-1", "1")
    new = shown("app-1", "2")
    (entry,) = new.values()
    entry["inputSrcs"] = [path("t", "builder.sh")]
    assert differs(old, new) == ("app-1: has changed",)


def test_derivations_whose_outputs_are_not_known_beforehand_are_told_apart_by_their_path() -> None:
    def floating(seed: str, text: str) -> tuple[Recipe, ...]:
        outputs = {"out": {"hashAlgo": "sha256", "method": "nar"}}
        return (Recipe(f"{seed.ljust(32, '0')}-app-1.drv", {"env": {"text": text}, "outputs": outputs}),)

    assert compare(floating("1", "a"), floating("1", "a")) == ()
    assert compare(floating("1", "a"), floating("2", "b")) == ("app-1: has changed",)


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("htop-3.2", ("htop", "3.2")),
        ("nixos-system-oak-26.05.20260801.abc", ("nixos-system-oak", "26.05.20260801.abc")),
        ("unit-sshd.service", ("unit-sshd.service", "")),
        ("etc", ("etc", "")),
        ("gtk+3-3.24", ("gtk+3", "3.24")),
        ("a--b", ("a", "-b")),
        ("python3.12-pip-24", ("python3.12-pip", "24")),
        ("x-", ("x-", "")),
    ],
)
def test_names_are_split_as_nix_splits_them(name: str, parts: tuple[str, str]) -> None:
    assert split_name(name) == parts


@pytest.mark.parametrize("text", ["", "[]", '"x"', "{", '{"a": 1}', '{"derivations": {"a": 1}, "version": 4}'])
def test_what_is_no_table_of_derivations_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 (JSON's own error is one, too)
        recipes(text)
