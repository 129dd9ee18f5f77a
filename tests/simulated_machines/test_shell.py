"""Tests the shell of simulated machines: the syntax it supports and the syntax it refuses."""

import pytest

from fediversity.embedded_cloud.machines.shell import ShellError, Simple, parse


def test_words_and_quotes_are_split_as_a_shell_does() -> None:
    assert parse("""cat 'a b' "c d" e\\ f g'h'i""") == [Simple(("cat", "a b", "c d", "e f", "ghi"))]


def test_commands_joined_by_and_or_semicolon_keep_how_they_hang_together() -> None:
    assert parse("true && hostname; uname -s") == [
        Simple(("true",)),
        Simple(("hostname",), connector="&&"),
        Simple(("uname", "-s")),
    ]


def test_an_assignment_before_a_command_is_its_environment() -> None:
    assert parse("SUDO_ASKPASS=/x sudo -A -- true") == [
        Simple(("sudo", "-A", "--", "true"), {"SUDO_ASKPASS": "/x"}),
    ]


def test_a_quoted_word_with_an_equals_sign_is_no_assignment() -> None:
    assert parse("'A=b' c") == [Simple(("A=b", "c"))]


def test_arguments_of_bash_c_are_filled_in() -> None:
    assert parse('install -d -m "$1" "$0"', ["/var/lib/x", "700"]) == [
        Simple(("install", "-d", "-m", "700", "/var/lib/x"))
    ]


def test_all_arguments_become_words_of_their_own() -> None:
    assert parse('exec "$@"', ["--", "cat", "a b"]) == [Simple(("exec", "cat", "a b"))]


def test_a_hash_inside_a_word_is_no_comment() -> None:
    assert parse("darwin-rebuild switch --flake /nix/store/x#mac")[0].argv[-1] == "/nix/store/x#mac"


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("cat a | grep b", "pipes"),
        ("cat a > b", "redirections"),
        ("cat < b", "redirections"),
        ("cat $(ls)", "variables"),
        ("cat `ls`", "substitutions"),
        ('cat "`ls`"', "substitutions"),
        ("cat $HOME", "variables"),
        ('cat "$HOME"', "variables"),
        ("(true)", "subshells"),
        ("ls *.nix", "globs"),
        ("true & true", "background"),
        ("cat ~/x", "home folders"),
        ("true # why", "comments"),
        ("cat 'open", "open quote"),
        ('cat "open', "open quote"),
        ("true && ", "empty command"),
        ("&& true", "empty command"),
        ("true || false", "pipes"),
    ],
)
def test_what_is_not_understood_is_refused_by_name(line: str, what: str) -> None:
    with pytest.raises(ShellError, match=what):
        parse(line)
