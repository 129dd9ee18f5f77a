"""Reads facts of a machine over SSH: its identity, its system, whether a file exists."""

from typing import NamedTuple

from fediversity.steps.job import StepError
from fediversity.steps.transport.ssh import SshResult, Target, pinned_host_key

HOST_KEY_VAR = "openssh/ssh.id_ed25519.pub"
"""The var of clan's sshd service that has a machine's public host key."""

IDENTITY_FILE = "/etc/fediversity/identity"
CURRENT_SYSTEM = "/run/current-system"
DARWIN_REBUILD = "/run/current-system/sw/bin/darwin-rebuild"


class RunningSystem(NamedTuple):
    """The system that a machine runs. `identity` is `<fleet>/<machine>`, None if the system is not of a fleet.

    `system` is its path in the Nix store, None if it is no system of Nix.
    """

    identity: str | None
    system: str | None


def read_running_system(target: Target) -> RunningSystem:
    """Returns the system that a machine runs. Raises StepError if it cannot be read."""
    system = require_reached(target, target.run("readlink", "-f", CURRENT_SYSTEM))
    path = system.stdout.strip() if system.ok else CURRENT_SYSTEM
    # `readlink -f` prints a path of which only the last part is missing unchanged.
    return RunningSystem(read_identity(target), None if path == CURRENT_SYSTEM else path)


def read_identity(target: Target) -> str | None:
    """Returns the identity of a machine; None only if the machine has no such file, which allows to erase it."""
    answer = require_reached(target, target.run("cat", IDENTITY_FILE))
    if answer.ok:
        return answer.stdout.strip()
    if exists(target, IDENTITY_FILE):
        raise StepError(f"{IDENTITY_FILE} on {target.alias} cannot be read: {answer.stderr}", "log in and look at it")
    return None


def exists(target: Target, path: str) -> bool:
    """Whether a file exists on a machine. Raises StepError if that cannot be read."""
    answer = require_reached(target, target.run("test", "-e", path))
    if answer.status > 1:
        reason = f"`test -e {path}` on {target.alias} exited with {answer.status}: {answer.stderr}"
        raise StepError(reason, "log in and try it by hand")
    return answer.ok


def require_reached(target: Target, answer: SshResult) -> SshResult:
    """Returns the result of a command. Raises StepError if the machine was not reached."""
    if answer.unreached:
        raise StepError(*unreachable(target, answer))
    return answer


def unreachable(target: Target, answer: SshResult) -> tuple[str, str]:
    """Returns why a machine was not reached, and what to do."""
    place = f"{target.user}@{target.host} port {target.port}"
    last = answer.stderr.splitlines()[-1] if answer.stderr else "the connection ended without a word"
    pin = target.known_hosts / target.alias
    if answer.wrong_host_key and pinned_host_key(target.known_hosts, target.alias) is None:
        return f"no host key is pinned for {target.alias}", "run the step that waits for its first answer before"
    if answer.wrong_host_key:
        return (
            f"{target.alias} shows another host key than the pinned one",
            f"find out why; if the machine was really set up anew, remove {pin}",
        )
    if answer.login_refused:
        return (
            f"{place} refuses the login: {last}",
            "check that the machine knows your SSH key, and your agent holds it",
        )
    return f"{place} does not answer: {last}", "check that the machine is on and that its firewall lets SSH through"
