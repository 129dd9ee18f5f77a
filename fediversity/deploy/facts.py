"""What a machine says about itself over SSH."""

from dataclasses import dataclass

from fediversity.deploy.ssh import Answer, Target

IDENTITY_FILE = "/etc/fediversity/identity"
CURRENT_SYSTEM = "/run/current-system"
DARWIN_REBUILD = "/run/current-system/sw/bin/darwin-rebuild"


@dataclass(frozen=True)
class SystemState:
    """The system a machine runs. `identity` is `<fleet>/<machine>`, None where this project never was."""

    nixos: bool
    identity: str | None
    system: str | None


def read_state(machine: Target) -> SystemState:
    """Asks a machine that answers what it runs. Nothing is changed there."""
    release = machine.run("cat", "/etc/os-release")
    identity = machine.run("cat", IDENTITY_FILE)
    system = machine.run("readlink", "-f", CURRENT_SYSTEM)
    return SystemState(
        nixos="ID=nixos" in release.stdout.replace('"', "").split("\n"),
        identity=identity.stdout.strip() if identity.ok else None,
        system=system.stdout.strip() if system.ok else None,
    )


def unreachable(machine: Target, answer: Answer) -> tuple[str, str]:
    """Why a machine did not answer and what to do, for a person."""
    place = f"{machine.user}@{machine.host} port {machine.port}"
    last = answer.stderr.splitlines()[-1] if answer.stderr else "no answer"
    if answer.wrong_host_key:
        what = f"{machine.alias} shows another host key than the pinned one"
        fix = f"find out why; if the machine was really set up anew, remove {machine.known_hosts / machine.alias}"
        return what, fix
    if "Permission denied" in answer.stderr:
        return (
            f"{place} refuses the login: {last}",
            "check that the machine knows your SSH key, and your agent holds it",
        )
    return f"{place} does not answer: {last}", "check that the machine is on and that its firewall lets SSH through"
