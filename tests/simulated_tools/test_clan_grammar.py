"""Tests that the simulated clan's grammar is that of the real one."""

from collections.abc import Iterator
from typing import Any

import pytest

from fediversity.embedded_cloud.tools import clan_grammar
from tests.contracts import clan

LEAVES: dict[str, Any] = clan_grammar.load()["leaves"]


def expanded() -> dict[str, Any]:
    """Returns the simulated grammar in the format of the contract."""
    data = clan_grammar.load()
    commands: dict[str, Any] = {}
    for leaf, entry in data["leaves"].items():
        options = [
            dict(zip(("flags", "dest", "nargs", "choices", "default"), option, strict=True)) | {"required": False}
            for option in [*entry.get("options", []), *data["common"]]
        ]
        positionals = [
            dict(zip(("dest", "nargs", "choices"), positional, strict=True))
            for positional in entry.get("positionals", [])
        ]
        commands[f"clan {leaf}"] = {"options": options, "positionals": positionals}
    for name, aliases in data["aliases"].items():
        commands.setdefault(f"clan {name}", {})["aliases"] = aliases
    return commands


def test_the_grammar_is_that_of_the_contract() -> None:
    assert expanded() == clan.commands(clan.recorded())


def words_for(leaf: str) -> list[str]:
    """Returns a command line with all required arguments of a leaf command."""
    words = leaf.split(" ")
    for _, nargs, choices in LEAVES[leaf].get("positionals", []):
        if nargs is None:
            words.append(choices[0] if choices else "x")
    return [*words, "--age-key", "age1x"] if leaf.startswith("secrets users") and _needs_key(leaf) else words


def _needs_key(leaf: str) -> bool:
    return any(option[1] == "age_key" for option in LEAVES[leaf].get("options", []))


def options_of(leaf: str) -> Iterator[list[str]]:
    """Yields each option of a leaf command with valid values."""
    for flags, _, nargs, choices, _ in [*LEAVES[leaf].get("options", []), *clan_grammar.load()["common"]]:
        count = {0: 0, 2: 2}.get(nargs, 1)
        value = choices[0] if choices else "x"
        for flag in flags:
            yield [flag, *[value] * count]


@pytest.mark.parametrize("leaf", LEAVES)
def test_every_leaf_command_is_understood(leaf: str) -> None:
    assert clan_grammar.parse(words_for(leaf)).leaf == leaf


@pytest.mark.parametrize("leaf", [leaf for leaf in LEAVES if not leaf.startswith("secrets users")])
def test_every_option_of_a_command_is_understood(leaf: str) -> None:
    for option in options_of(leaf):
        if leaf == "ssh" and option[0] in ("-j", "--json", "-P", "--png"):
            continue  # would exclude its optional positional argument
        assert clan_grammar.parse([*words_for(leaf), *option]).leaf == leaf


@pytest.mark.parametrize(
    ("typed", "leaf"),
    [("m u ares", "machines update"), ("m b", "machines build"), ("va list ares", "vars list"), ("se x", "select")],
)
def test_aliases_lead_to_the_same_command(typed: str, leaf: str) -> None:
    assert clan_grammar.parse(typed.split()).leaf == leaf


def test_tags_swallow_the_machines_after_them() -> None:
    args = clan_grammar.parse(["machines", "update", "--tags", "nixos", "ares"])
    assert (args.tags, args.machines) == (["nixos", "ares"], [])


def test_machines_before_the_tags_stay_machines() -> None:
    args = clan_grammar.parse(["machines", "update", "ares", "--tags", "nixos"])
    assert (args.tags, args.machines) == (["nixos"], ["ares"])


def test_regenerate_has_two_ends_and_a_middle() -> None:
    ends = [clan_grammar.parse(["vars", "generate", *words]).regenerate for words in ([], ["-r"], ["--no-regenerate"])]
    assert ends == [None, True, False]


def test_a_remote_command_takes_all_that_follows() -> None:
    assert clan_grammar.parse(["ssh", "ares", "-c", "ls", "--all", "-l"]).remote_command == ["ls", "--all", "-l"]


@pytest.mark.parametrize(
    "typed",
    [
        "--flake nix machines update ares",
        "machines --flake nix update ares",
        "machines",
        "machine update ares",
        "machines update ares -i key",
        "machines update ares --yes",
        "machines update ares --host-key-check never",
        "machines install",
        "machines install ares --identity-file key",
        "machines install ares --target-host a --json b",
        "machines install ares -j b --png c",
        "machines install ares -i key --password p",
        "machines install ares --update-hardware-config facter",
        "machines install ares --build-on mars",
        "machines install ares boreas",
        "vars get ares",
        "vars upload ares --target-host x",
        "vars generate ares --service x",
        "flash write x --mode mount --disk main",
        "flash list colours",
        "facts list",
        "secrets users add ares",
        "ssh ares --json x",
        "--option a",
    ],
)
def test_what_the_real_clan_does_not_take_exits_2(typed: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exited:
        clan_grammar.parse(typed.split())
    assert exited.value.code == 2
    assert "usage: clan" in capsys.readouterr().err
