"""What each kind of step does. Every function takes its workbench and gives a result or raises StepError."""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import replace

from fediversity.deploy.bench import Bench
from fediversity.deploy.facts import DARWIN_REBUILD, HOST_KEY_VAR, IDENTITY_FILE, exists, reached, read_state
from fediversity.deploy.health import require_well, wait_for
from fediversity.deploy.install import install
from fediversity.deploy.job import Result, StepError, Verb
from fediversity.deploy.mesh import join
from fediversity.deploy.ssh import Target, pin_host_key, pinned_host_key
from fediversity.deploy.tracked import register_new_files
from fediversity.deploy.unlock import unlock

_BACK_SECONDS = 300.0


def generate_vars(bench: Bench) -> Result:
    """Generates what is missing of the fleet's vars; what is there stays as it is."""
    bench.tool()
    register_new_files(bench)
    return Result("applied", "every machine has its vars")


def reach(bench: Bench) -> Result:
    """Waits until the machine answers, and pins its host key at first contact."""
    job = bench.job
    machine = bench.image() if job.server_id else bench.machine(accept_new=True)
    wait_for(machine, job.timeout)
    if job.machine_class == "darwin":
        _require_bootstrapped(machine)
    return Result("applied", f"{job.machine} answers")


def online(bench: Bench) -> Result:
    """Waits until the installed system answers with the host key that its vars say it has."""
    job = bench.job
    machine = bench.machine()
    pin_host_key(job.known_hosts, machine.alias, bench.var(machine.alias, HOST_KEY_VAR))
    require_well(bench, machine, job.timeout)
    return Result("applied", f"{job.machine} answers with its new host key")


def update(bench: Bench) -> Result:
    """Updates the system, and makes sure that the machine runs it and is well."""
    job = bench.job
    machine = bench.machine()
    gets_host_key = job.machine_class == "nixos" and job.server_id is None
    if gets_host_key and machine.run("true").wrong_host_key:
        _follow_to_new_host_key(bench, machine)
    before = read_state(machine)
    if before.identity not in {None, job.expected_identity}:
        reason = f"the machine at {job.address} is '{before.identity}', not '{job.expected_identity}'"
        hint = f"check its address in the fleet file; if it shall change its name, remove {IDENTITY_FILE} there"
        raise StepError(f"{reason}; nothing was changed", hint)
    if before.system is None:
        raise StepError(f"{job.machine} runs no system of Nix", "install NixOS or nix-darwin on it first")
    bench.log.note(f"system before: {before.system}")
    bench.tool()
    register_new_files(bench)
    if gets_host_key:
        # A machine that somebody else installed has the host key of its vars only from its first update on.
        pin_host_key(job.known_hosts, machine.alias, bench.var(machine.alias, HOST_KEY_VAR))
    after = require_well(bench, machine, _BACK_SECONDS)
    bench.log.note(f"system after: {after}")
    if after == before.system:
        return Result("unchanged", f"{job.machine} ran {after} already", after)
    return Result("applied", f"{job.machine} runs {after}", after)


def _follow_to_new_host_key(bench: Bench, machine: Target) -> None:
    """Pins the host key of the machine's vars if it shows that by now: its first update may have been cut off."""
    host_key = bench.var(machine.alias, HOST_KEY_VAR)
    new = replace(machine, alias=f"{machine.alias}.new")
    pin_host_key(new.known_hosts, new.alias, host_key)
    if new.run("true").ok:
        pin_host_key(machine.known_hosts, machine.alias, host_key)


def apply(bench: Bench) -> Result:
    """Deploys an application with NixOps4, which is told the machine's address and host key in a file of its own."""
    job = bench.job
    machine = bench.machine()
    host_key = pinned_host_key(job.known_hosts, machine.alias)
    if host_key is None:
        raise StepError(f"no host key is pinned for {job.machine}", "roll the machine itself out first")
    if job.deployment is None:
        raise StepError("the step was not told what to deploy", "this is a defect of the plan")
    ssh = {"user": job.user, "host": job.address, "port": job.port, "hostPublicKey": host_key}
    if job.identity is not None:
        ssh["identityFile"] = str(job.identity)
    _write_facts(bench, {job.subject: {**job.deployment, "ssh": ssh}})
    bench.tool(directory=bench.flake)
    after = require_well(bench, machine, _BACK_SECONDS)
    return Result("applied", f"{job.subject} is deployed on {job.machine} ({after})", after)


def _write_facts(bench: Bench, facts: Mapping[str, object]) -> None:
    folder = bench.job.state_dir / "deployments" / bench.job.subject
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = folder / ".deployment.json.new"
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(facts, file, indent=2, sort_keys=True)
    fresh.replace(folder / "deployment.json")


def _require_bootstrapped(machine: Target) -> None:
    name = machine.alias
    if not exists(machine, DARWIN_REBUILD):
        hint = (
            f"on the Mac: install Nix, then `sudo nix run nix-darwin/master#darwin-rebuild -- switch --flake .#{name}`"
        )
        raise StepError(f"{name} has no nix-darwin yet", hint)
    if not reached(machine, machine.run("sudo", "-n", "true")).ok:
        hint = "allow it in the Mac's own module (security.sudo), or log in as root"
        raise StepError(f"{name} asks {machine.user} for a password with sudo", hint)


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
