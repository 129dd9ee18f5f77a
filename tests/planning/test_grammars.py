"""The checkers of command lines: they let right lines pass, and refuse what the tools refuse."""

import shlex

import pytest

from tests.planning import nixops4_grammar
from tests.planning.clan_grammar import ClanGrammar, GrammarError, check_target


@pytest.mark.parametrize(
    "line",
    [
        "machines install web --flake nix --target-host root@203.0.113.1",
        "m install web -j {} --yes --phases kexec,disko,install",
        "machines update",
        "m u web db --tags nixos --no-check",
        "machines update --flake=nix web",
        "vars generate web db --flake nix -g openssh --regenerate",
        "va get web openssh/ssh.id_ed25519.pub --flake nix",
        "machines update web --option cores 2 --option keep-going true",
        "ssh web -c systemctl is-system-running",
    ],
)
def test_a_line_that_clan_takes_passes(line: str) -> None:
    ClanGrammar.recorded().check(shlex.split(line))


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("--flake nix machines update web", "before the command"),
        ("machines --flake nix update web", "before the command"),
        ("machine update web", "no such command"),
        ("machines", "no such command"),
        ("facts generate", "no such command"),
        ("machines install --flake nix", "machine"),
        ("machines install web db", "unrecognized"),
        ("machines update web -i key", "unrecognized"),
        ("machines update web --yes", "unrecognized"),
        ("machines update web --target", "unrecognized"),
        ("machines update web --flake", "expected one argument"),
        ("machines update web --option cores", "expected 2"),
        ("machines update web --host-key-check never", "invalid choice"),
        ("machines install web --update-hardware-config facter", "invalid choice"),
        ("machines install web --identity-file key", "unrecognized"),
        ("machines install web --target-host a --json {}", "not allowed with"),
        ("machines install web -i key --password word", "not allowed with"),
        ("machines install web --yes=true", "ignored explicit argument"),
        ("machines install web --phases reboot,kexec", "not phases"),
        ("machines install web --phases kexec,boot", "not phases"),
        ("machines update web --target-host root@host:99999", "not a port"),
        ("machines update web --target-host root@2001:db8::1:22", "not a host"),
        ("machines update web --flake nix db", "unrecognized"),
        ("vars get web", "var_id"),
        ("vars get web openssh", "generator/file"),
    ],
)
def test_a_line_that_clan_refuses_is_refused(line: str, complaint: str) -> None:
    with pytest.raises(GrammarError, match=complaint):
        ClanGrammar.recorded().check(shlex.split(line))


def test_tags_swallow_the_machines_behind_them() -> None:
    given = ClanGrammar.recorded().check(shlex.split("machines update --tags nixos cinnabar"))
    assert (given.tags, given.machines) == (["nixos", "cinnabar"], [])
    given = ClanGrammar.recorded().check(shlex.split("machines update cinnabar --tags nixos"))
    assert (given.tags, given.machines) == (["nixos"], ["cinnabar"])


def test_the_parts_of_a_target_are_told_apart() -> None:
    assert check_target("host") == {"user": "root", "host": "host", "port": ""}
    parts = check_target("ssh://crs58@[2001:db8::1]:2222?HostKeyAlias=a&IdentityFile=/key")
    assert parts == {
        "user": "crs58",
        "host": "[2001:db8::1]",
        "port": "2222",
        "HostKeyAlias": "a",
        "IdentityFile": "/key",
    }
    assert check_target("[::1]")["host"] == "[::1]"


@pytest.mark.parametrize(
    "target",
    [
        *("", "root@", "@host", "a@b@host", "host:", "host:ssh", "host:0", "::1", "2001:db8::1:22"),
        *("ho st", "host?option", "host?=value", "host?option=", "host?a=1&a=2", "host?a=1&", "user@$HOST:22"),
    ],
)
def test_what_is_not_a_target_is_refused(target: str) -> None:
    with pytest.raises(GrammarError):
        check_target(target)


@pytest.mark.parametrize(
    "line",
    [
        "nixops4 apply",
        "nixops4 apply social media.video --show-trace",
        "nixops4 --color never apply social --override-input a path:/x --override-input b path:/y",
        "nixops4 members list",
        "nixops4 state dump social.state",
    ],
)
def test_a_line_that_nixops4_takes_passes(line: str) -> None:
    nixops4_grammar.check(shlex.split(line))


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("nixops apply", "not a line"),
        ("nixops4 deploy social", "no such command"),
        ("nixops4 deployments list", "no such command"),
        ("nixops4 apply social --flake nix", "unexpected"),
        ("nixops4 apply social --deployment social", "unexpected"),
        ("nixops4 apply social --dry-run", "unexpected"),
        ("nixops4 apply social --override-input deployment-config", "needs 2"),
        ("nixops4 apply social --override-input deployment-config --no-interactive", "needs 2"),
        ("nixops4 apply social --override-input deployment-config relative", "override-input"),
        ("nixops4 apply social --interactive --no-interactive", "cannot be used with"),
        ("nixops4 apply social --no-interactive --no-interactive", "multiple times"),
        ("nixops4 apply social --file x --override-input a path:/x", "cannot be used with"),
        ("nixops4 apply --color blue", "invalid value"),
        ("nixops4 apply social social.member", "lies in"),
        ("nixops4 apply so/cial", "not a path"),
        ("nixops4 state dump", "0 paths"),
        ("nixops4 members list a b", "2 paths"),
    ],
)
def test_a_line_that_nixops4_refuses_is_refused(line: str, complaint: str) -> None:
    with pytest.raises(GrammarError, match=complaint):
        nixops4_grammar.check(shlex.split(line))
