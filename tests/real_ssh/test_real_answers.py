"""What the runner makes of a real OpenSSH server's answers: its words, its host keys, this computer's own shell.

Whatever runs here only looks.
"""

import os
import secrets
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from fediversity.steps.job import StepError
from fediversity.steps.observe.host_facts import unreachable
from fediversity.steps.observe.host_state import HostState, read_host_state
from fediversity.steps.transport.retry import is_connection_failure
from fediversity.steps.transport.ssh import Target, pin_host_key, pinned_host_key
from tests.real_ssh.proxy import FaultyProxy
from tests.real_ssh.server import USER, SshServer
from tests.steps.site import is_alive, wait_until

NAME = "here"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshServer]:
    """A server whose sessions run in this user's own shell; its folder has a blank in its name."""
    folder = tmp_path_factory.mktemp("plain")
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / "identity")], check=True)
    made = SshServer(folder / "an sshd", folder / "identity")
    made.start()
    try:
        yield made
    finally:
        made.stop()


@pytest.fixture
def here(server: SshServer, tmp_path: Path) -> Target:
    """This computer by way of the server, its host key pinned."""
    known_hosts = tmp_path / "known hosts"
    pin_host_key(known_hosts, NAME, server.host_key)
    return Target("127.0.0.1", server.port, USER, NAME, known_hosts, identity=server.client_key)


@pytest.fixture
def proxy(server: SshServer) -> Iterator[FaultyProxy]:
    made = FaultyProxy(server.port)
    try:
        yield made
    finally:
        made.close()


def as_tools_do(target: Target, line: str) -> str:
    """What ssh says with its usual log level, as clan and Nix start it."""
    command = [word.replace("LogLevel=ERROR", "LogLevel=INFO") for word in target.command(line)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert done.returncode == 255
    return done.stderr


def test_questions_of_one_session_go_through_two_shells_unharmed(here: Target) -> None:
    odd = "a b'c\"d $HOME `id` \\ * ; exit 3"

    answers = here.ask([("echo", odd), ("test", "-e", "/no such file"), ("echo", "-n", "end"), ("false",)])

    assert [(answer.status, answer.stdout) for answer in answers] == [(0, f"{odd}\n"), (1, ""), (0, "end"), (1, "")]


def test_a_look_is_one_session_and_understands_this_computer(here: Target) -> None:
    found = read_host_state(here, "nixos")

    assert isinstance(found, HostState)
    assert found.clock is not None
    assert abs(found.clock - time.time()) < 30
    assert found.hostname
    assert found.boot == Path("/proc/sys/kernel/random/boot_id").read_text().strip()


@pytest.mark.skipif(shutil.which("pgrep") is None, reason="there is no pgrep here")
def test_looking_for_a_process_does_not_find_the_look_itself(here: Target) -> None:
    name = f"rebuild-{secrets.token_hex(8)} switch"
    look = ("pgrep", "-f", f"[{name[0]}]{name[1:]}")
    assert [answer.status for answer in here.ask([look, ("true",)])] == [1, 0]

    with subprocess.Popen(["bash", "-c", f"exec -a '{name}' sleep 60"]) as process:
        try:
            wait_until(lambda: here.ask([look])[0].ok)
        finally:
            process.kill()


@pytest.mark.skipif(os.getuid() != 0, reason="only a server of root's can give a terminal to its user")
def test_a_command_gets_a_terminal_only_if_it_needs_one(here: Target) -> None:
    assert here.run("test", "-t", "0", terminal=True).ok
    assert not here.run("test", "-t", "0").ok


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa"])
def test_a_changed_host_key_of_any_kind_is_refused_also_where_new_ones_are_accepted(
    server: SshServer, here: Target, kind: str
) -> None:
    before = pinned_host_key(here.known_hosts, NAME)
    server.take_host_key(kind)
    server.restart()

    answers = [here.run("true"), replace(here, accept_new=True).run("true")]

    assert all(answer.wrong_host_key for answer in answers)
    assert unreachable(here, answers[0])[0] == f"{NAME} shows another host key than the pinned one"
    assert pinned_host_key(here.known_hosts, NAME) == before


def test_a_new_host_key_is_pinned_at_first_contact(server: SshServer, here: Target) -> None:
    newcomer = replace(here, alias="newcomer", accept_new=True)

    assert newcomer.run("true").ok

    assert pinned_host_key(here.known_hosts, "newcomer") == server.host_key


def test_a_persons_own_jump_host_is_gone_through_and_the_pinned_key_still_counts(
    server: SshServer, here: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jump = SshServer(tmp_path / "jump", server.client_key, forwarding=True)
    (tmp_path / "config").write_text(
        f"""
        Host jump
          HostName 127.0.0.1
          Port {jump.port}
          User {USER}
          IdentityFile "{server.client_key}"
          IdentitiesOnly yes
          UserKnownHostsFile "{tmp_path}/of a person"
          StrictHostKeyChecking accept-new
        Host behind
          HostName 127.0.0.1
          ProxyJump jump
        """
    )
    (tmp_path / "ssh").write_text(f"#!/bin/sh\nexec '{shutil.which('ssh')}' -F '{tmp_path}/config' \"$@\"\n")
    (tmp_path / "ssh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    behind = replace(here, host="behind")

    without = behind.run("true")
    jump.start()
    try:
        there = behind.run("true")
        pin_host_key(here.known_hosts, NAME, jump.host_key)
        wrong = behind.run("true")
    finally:
        jump.stop()

    assert without.unreached
    assert there.ok
    assert wrong.wrong_host_key
    assert jump.log.count("Accepted publickey") == 2


@pytest.mark.parametrize("count", [0, 1, 45, 600, 1500, 2000])
def test_a_connection_that_is_cut_at_a_byte_may_be_tried_again(proxy: FaultyProxy, here: Target, count: int) -> None:
    proxy.cut_after = count
    cut = replace(here, port=proxy.port)

    answer = cut.run("true")

    assert answer.unreached
    assert not answer.wrong_host_key
    assert "does not answer: " in unreachable(cut, answer)[0]
    assert is_connection_failure(StepError(as_tools_do(cut, "true")))


def test_a_server_that_goes_down_in_the_middle_has_lost_contact(server: SshServer, here: Target) -> None:
    said: list[str] = []
    waiting = threading.Thread(target=lambda: said.append(as_tools_do(here, "echo up; sleep 60")))
    sessions = server.log.count("Starting session")
    waiting.start()
    wait_until(lambda: server.log.count("Starting session") > sessions)

    server.restart()

    waiting.join(10)
    assert "closed by remote host" in said[0]
    assert is_connection_failure(StepError(said[0]))


def test_a_machine_that_falls_silent_in_the_middle_is_given_up_in_time(proxy: FaultyProxy, here: Target) -> None:
    there = replace(here, port=proxy.port)
    silence = threading.Timer(0.5, lambda: setattr(proxy, "silent", True))
    silence.start()
    begun = time.monotonic()

    answer = there.run("sleep", "60", seconds=2)

    silence.join()
    assert answer.timed_out
    assert answer.unreached
    assert time.monotonic() - begun < 8


def test_waiting_ends_as_soon_as_the_server_is_there(server: SshServer, here: Target) -> None:
    server.stop()
    starting = threading.Timer(0.5, server.start)
    starting.start()

    answer = here.wait(30)

    starting.join()
    assert answer.ok


def test_a_stopped_server_leaves_no_session_behind(server: SshServer, here: Target, tmp_path: Path) -> None:
    file = tmp_path / "pid"
    thread = threading.Thread(target=lambda: here.run_line(f"echo $$ >'{file}'; exec sleep 60"))
    thread.start()
    wait_until(lambda: file.exists() and file.read_text().strip())

    server.restart()

    thread.join(10)
    wait_until(lambda: not is_alive(int(file.read_text())))
