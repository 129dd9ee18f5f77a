"""Tests `--target-host`: clan's grammar, and the resulting ssh options."""

import pytest

from fediversity.embedded_cloud.tools.errors import ToolError
from fediversity.embedded_cloud.tools.remote import parse_target


@pytest.mark.parametrize(
    ("target", "user", "address", "port", "options"),
    [
        ("ares", "root", "ares", None, {}),
        ("ARES.Example", "root", "ares.example", None, {}),
        ("crs58@mac", "crs58", "mac", None, {}),
        ("ssh://crs58@mac:22", "crs58", "mac", 22, {}),
        ("root@[fd00::1]:2222", "root", "fd00::1", 2222, {}),
        ("a?x=1&y=2", "root", "a", None, {"x": "1", "y": "2"}),
        ("a?UserKnownHostsFile=/k=h", "root", "a", None, {"UserKnownHostsFile": "/k=h"}),
        ("a?", "root", "a", None, {}),
    ],
)
def test_a_target_is_read(target: str, user: str, address: str, port: int | None, options: dict[str, str]) -> None:
    remote = parse_target("ares", target)
    assert (remote.user, remote.address, remote.port, remote.options) == (user, address, port, options)


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("a@b@c", "Invalid host"),
        ("root@", "Invalid host"),
        ("fd00::1", "must be enclosed in brackets"),
        ("a?IdentitiesOnly", "does not have a value"),
        ("a:port", "Invalid host"),
    ],
)
def test_a_wrong_target_is_refused_in_clans_words(target: str, message: str) -> None:
    with pytest.raises(ToolError, match=message):
        parse_target("ares", target)


def test_options_come_before_the_host_key_check_as_the_first_of_an_option_counts() -> None:
    remote = parse_target("ares", "a:2222?StrictHostKeyChecking=yes").with_host_key_check("none")
    assert remote.ssh_options() == [
        *("-p", "2222", "-o", "StrictHostKeyChecking=yes"),
        *("-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"),
    ]


@pytest.mark.parametrize(
    ("check", "options"),
    [
        ("strict", ["-o", "StrictHostKeyChecking=yes"]),
        ("ask", []),
        ("tofu", ["-o", "StrictHostKeyChecking=accept-new"]),
        ("accept-new", ["-o", "StrictHostKeyChecking=accept-new"]),
    ],
)
def test_each_host_key_check_is_an_option_of_ssh(check: str, options: list[str]) -> None:
    assert parse_target("ares", "a").with_host_key_check(check).ssh_options() == options
