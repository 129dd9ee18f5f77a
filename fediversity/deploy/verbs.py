"""What each kind of step does. Every function takes its workbench and gives a result or raises StepError."""

import json
import os
from collections.abc import Callable, Mapping

from fediversity.deploy.bench import Bench
from fediversity.deploy.facts import CURRENT_SYSTEM, DARWIN_REBUILD, IDENTITY_FILE, read_state, unreachable
from fediversity.deploy.install import install
from fediversity.deploy.job import Result, StepError, Verb
from fediversity.deploy.mesh import join
from fediversity.deploy.ssh import Target, pin_host_key, pinned_host_key

_HEALTHY = {"running", "degraded"}
_UNLOCK_SECONDS = 300.0
_ASK_SECONDS = 30.0


def generate_vars(bench: Bench) -> Result:
    """Generates what is missing of the fleet's vars; what is there stays as it is."""
    _run_command(bench)
    return Result("applied", "every machine has its vars")


def reach(bench: Bench) -> Result:
    """Waits until the machine answers, and pins its host key at first contact."""
    job = bench.job
    machine = bench.image() if job.server_id else bench.machine(accept_new=True)
    _wait(bench, machine)
    if job.machine_class == "darwin":
        _require_bootstrapped(machine)
    return Result("applied", f"{job.machine} answers")


def unlock(bench: Bench) -> Result:
    """Gives the passphrase to a machine that waits for it before it mounts its root."""
    job = bench.job
    if job.machine is None or job.unlock_port is None:
        raise StepError("the step was not told the port for unlocking", "this is a defect of the plan")
    alias = f"{job.machine}.unlock"
    pin_host_key(job.known_hosts, alias, bench.var(job.machine, "initrd-ssh/id_ed25519.pub"))
    pin_host_key(job.known_hosts, job.machine, bench.var(job.machine, "openssh/ssh.id_ed25519.pub"))
    machine = bench.machine()
    if machine.run("true", seconds=_ASK_SECONDS).ok:
        return Result("unchanged", f"{job.machine} is unlocked already")
    early = machine.at_port(job.unlock_port, alias)
    _wait(bench, early)
    passphrase = bench.var(job.machine, "luks/passphrase")
    # systemd's password agent reads from a terminal only, so ssh has to ask for one.
    answer = early.run("systemctl", "default", stdin=f"{passphrase}\n", seconds=_UNLOCK_SECONDS, terminal=True)
    # The early SSH server goes away as soon as the root is mounted, often before it could say that all went well.
    if not answer.ok and not answer.unreached:
        raise StepError(f"{job.machine} refused to be unlocked: {answer.stderr}", "check the var luks/passphrase")
    return Result("applied", f"{job.machine} took the passphrase")


def online(bench: Bench) -> Result:
    """Waits until the installed system answers with the host key that its vars say it has."""
    job = bench.job
    if job.machine is None:
        raise StepError("the step was not told its machine", "this is a defect of the plan")
    pin_host_key(job.known_hosts, job.machine, bench.var(job.machine, "openssh/ssh.id_ed25519.pub"))
    machine = bench.machine()
    _wait(bench, machine)
    _require_healthy(bench, machine)
    return Result("applied", f"{job.machine} answers with its new host key")


def update(bench: Bench) -> Result:
    """Updates the system, and makes sure that the machine runs it and is well."""
    job = bench.job
    machine = bench.machine()
    before = _system(bench, machine)
    bench.log.note(f"system before: {before}")
    _run_command(bench)
    after = _require_healthy(bench, machine)
    bench.log.note(f"system after: {after}")
    if after == before:
        return Result("unchanged", f"{job.machine} ran {after} already")
    return Result("applied", f"{job.machine} runs {after}")


def apply(bench: Bench) -> Result:
    """Deploys an application with NixOps4, which is told the machine's address and host key in a file of its own."""
    job = bench.job
    machine = bench.machine()
    host_key = pinned_host_key(job.known_hosts, machine.alias)
    if host_key is None or job.deployment is None:
        raise StepError(f"the host key of {job.machine} is not known", f"run the step {job.machine}-online first")
    ssh = {"user": job.user, "host": job.address, "port": job.port, "hostPublicKey": host_key}
    if job.identity is not None:
        ssh["identityFile"] = str(job.identity)
    _write_facts(bench, {job.subject: {**job.deployment, "ssh": ssh}})
    finished = bench.tool(*job.command, directory=bench.project / job.flake)
    if finished.status != 0:
        raise _command_failed(bench, finished.status, finished.tail)
    after = _require_healthy(bench, machine)
    return Result("applied", f"{job.subject} is deployed on {job.machine} ({after})")


def _write_facts(bench: Bench, facts: Mapping[str, object]) -> None:
    folder = bench.job.state_dir / "deployments" / bench.job.subject
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with os.fdopen(os.open(folder / "deployment.json", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(facts, file, indent=2, sort_keys=True)


def _run_command(bench: Bench) -> None:
    finished = bench.tool(*bench.job.command)
    if finished.status != 0:
        raise _command_failed(bench, finished.status, finished.tail)


def _command_failed(bench: Bench, status: int, tail: str) -> StepError:
    how = f"exited with {status}" if status >= 0 else f"was ended by signal {-status}"
    lines = "".join(f"\n    {line}" for line in tail.splitlines())
    return StepError(f"`{' '.join(bench.job.command[:4])} …` {how}:{lines}")


def _wait(bench: Bench, machine: Target) -> None:
    answer = machine.wait(bench.stop, bench.job.timeout)
    if not answer.ok:
        raise StepError(*unreachable(machine, answer))


def _require_bootstrapped(machine: Target) -> None:
    name = machine.alias
    if not machine.run("test", "-e", DARWIN_REBUILD).ok:
        hint = (
            f"on the Mac: install Nix, then `sudo nix run nix-darwin/master#darwin-rebuild -- switch --flake .#{name}`"
        )
        raise StepError(f"{name} has no nix-darwin yet", hint)
    if not machine.run("sudo", "-n", "true").ok:
        hint = "allow it in the Mac's own module (security.sudo), or log in as root"
        raise StepError(f"{name} asks {machine.user} for a password with sudo", hint)


def _system(bench: Bench, machine: Target) -> str:
    answer = machine.run("readlink", "-f", CURRENT_SYSTEM)
    if answer.unreached:
        raise StepError(*unreachable(machine, answer))
    if not answer.ok:
        raise StepError(f"{bench.job.machine} runs no system of Nix: {answer.stderr}")
    return answer.stdout.strip()


def _require_healthy(bench: Bench, machine: Target) -> str:
    """Makes sure that the machine answers, is the right one, and has started well. Gives its system path."""
    job = bench.job
    _wait(bench, machine)
    state = read_state(machine)
    if state.identity != job.expected_identity:
        found = f"'{state.identity}'" if state.identity else "no identity"
        raise StepError(f"{job.machine} has {found} in {IDENTITY_FILE}, expected '{job.expected_identity}'")
    if state.system is None:
        raise StepError(f"{job.machine} has no {CURRENT_SYSTEM}")
    if job.machine_class == "nixos":
        answer = machine.run("systemctl", "is-system-running")
        if (running := answer.stdout.strip()) not in _HEALTHY:
            raise StepError(f"{job.machine} is not well: systemd says '{running or answer.stderr}'")
        if running == "degraded":
            bench.log.note("systemd says 'degraded': a unit has failed")
    return state.system


VERBS: Mapping[Verb, Callable[[Bench], Result]] = {
    "vars": generate_vars,
    "reach": reach,
    "install": install,
    "unlock": unlock,
    "online": online,
    "join": join,
    "update": update,
    "apply": apply,
}
