"""What each kind of step does. Every function takes its workbench and gives a result or raises StepError."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace

from fediversity.ledger.records import StepKind
from fediversity.ledger.vars_hashes import changed_vars
from fediversity.steps.act.concurrency import slot
from fediversity.steps.act.git_tracking import register_new_files
from fediversity.steps.act.install import install
from fediversity.steps.act.switch import switch_system
from fediversity.steps.act.unlock import unlock, unlock_if_locked
from fediversity.steps.act.zerotier_join import join
from fediversity.steps.context import StepContext
from fediversity.steps.job import Result, StepError
from fediversity.steps.observe.boot_id import note_boot, require_restarted
from fediversity.steps.observe.health import require_well
from fediversity.steps.observe.host_facts import DARWIN_REBUILD, HOST_KEY_VAR, exists, reached
from fediversity.steps.observe.host_state import DEPLOYMENTS, HostState
from fediversity.steps.transport.connectivity import AwayError, blocking_machine, defer, wait_for_ssh
from fediversity.steps.transport.ssh import Target, pin_host_key, pinned_host_key
from fediversity.support.files import PRIVATE, write_atomically


def generate_vars(context: StepContext) -> Result:
    """Generates what is missing of the fleet's vars; what is there stays as it is."""
    context.tool()
    register_new_files(context)
    return Result("applied", "every machine has its vars")


def reach(context: StepContext) -> Result:
    """Waits until the machine answers, and pins its host key at first contact."""
    job = context.job
    machine = context.image() if job.server_id else context.machine(accept_new=True)
    if off := wait_for_ssh(context, machine, seconds=job.timeout):
        return off
    if job.machine_class == "darwin":
        _require_bootstrapped(machine)
    return Result("applied", f"{job.machine} answers")


def online(context: StepContext) -> Result:
    """Waits until the machine has restarted into its installed system, which has the host key that its vars say."""
    job = context.job
    machine = context.machine()
    pin_host_key(job.known_hosts, machine.alias, context.var(machine.alias, HOST_KEY_VAR))
    require_restarted(context, machine, job.timeout)
    require_well(context, machine, job.timeout)
    note_boot(context, machine)
    return Result("applied", f"{job.machine} answers with its new host key")


def update(context: StepContext) -> Result:
    """Updates the system, and makes sure that the machine runs it and is well, or is as it was before."""
    job = context.job
    machine = context.machine()
    if waits := _put_off(context, machine):
        return waits
    unlock_if_locked(context, machine)
    # A machine that no rollout installed has the host key of its vars only from its first update on.
    gets_host_key = job.machine_class == "nixos" and (job.server_id is None or job.prepared)
    if gets_host_key and machine.run("true").wrong_host_key:
        _follow_to_new_host_key(context, machine)
        _know_by_first_contact(context, machine)
    if off := wait_for_ssh(context, machine):
        return off
    old_key = pinned_host_key(job.known_hosts, machine.alias) if gets_host_key else None

    def run() -> None:
        context.tool()
        register_new_files(context)
        if gets_host_key:
            pin_host_key(job.known_hosts, machine.alias, context.var(machine.alias, HOST_KEY_VAR))

    with slot(context, "updates"):
        context.ledger.record_start(context.record)
        if job.may_be_offline and (off := wait_for_ssh(context, machine)):
            return off  # It has fallen asleep while others had their turn.
        given = context.vars
        try:
            before, after = switch_system(context, machine, run, keys=(old_key,) if old_key else ())
        except AwayError as away:
            return defer(away.reason, machine)
        rotated = _keep_given(context, given)
    result = _result(context, before, after)
    if result.outcome == "unchanged" and rotated:
        return replace(result, outcome="applied", reason=f"{result.reason}; it was given its changed secrets and vars")
    return result


def _keep_given(context: StepContext, given: Mapping[str, str]) -> bool:
    """Records the vars that an update began with, and tells whether they are others than those of the update before."""
    machine = context.job.machine or ""
    earlier = context.ledger.given(machine).get(machine)
    # What was changed meanwhile may have come too late; what is new by now was made by the tool for this update.
    context.ledger.record_vars(machine, {**context.vars, **given}, context.job.attempt)
    return earlier is not None and bool(changed_vars(earlier.files, given))


def _put_off(context: StepContext, machine: Target) -> Result | None:
    """A result if the step has to wait for another machine that is off."""
    reason = blocking_machine(context)
    return None if reason is None else Result("deferred", f"{reason}; {machine.alias} was not changed")


def _result(context: StepContext, before: HostState, after: HostState) -> Result:
    if after.boot:
        context.ledger.record_boot(context.record, after.boot)
    gone = sorted(name.removesuffix(".json") for name in before.deployments - after.deployments)
    notes = f"; {', '.join(gone)} was taken down with it" if gone else ""
    if before.boot and after.boot and before.boot != after.boot:
        notes += "; it was restarted meanwhile, which nobody had asked for"
    if (after.system, after.profile) == (before.system, before.profile):
        return Result("unchanged", f"{context.job.machine} ran {after.system} already{notes}", after.system)
    return Result("applied", f"{context.job.machine} runs {after.system}{notes}", after.system)


def _follow_to_new_host_key(context: StepContext, machine: Target) -> None:
    """Pins the host key of the machine's vars if it shows that by now: its first update may have been cut off."""
    host_key = context.var(machine.alias, HOST_KEY_VAR)
    new = replace(machine, alias=f"{machine.alias}.new")
    pin_host_key(new.known_hosts, new.alias, host_key)
    if new.run("true").ok:
        pin_host_key(machine.known_hosts, machine.alias, host_key)


def _know_by_first_contact(context: StepContext, machine: Target) -> None:
    """Pins the host key that a new server showed at first contact, until its first update: it comes with its image."""
    job = context.job
    if not job.prepared or machine.run("true").ok:
        return
    earlier = (run for run in context.ledger.records() if run.machine == job.machine and run.server_id == job.server_id)
    first_key = pinned_host_key(job.known_hosts, context.image().alias)
    if first_key is not None and not any(run.kind == "update" and run.ended_well for run in earlier):
        context.log.note(f"{machine.alias} is known by the host key of its first contact")
        pin_host_key(job.known_hosts, machine.alias, first_key)


def apply(context: StepContext) -> Result:
    """Deploys an application with NixOps4, which is told the machine's address and host key in a file of its own."""
    job = context.job
    machine = context.machine()
    host_key = pinned_host_key(job.known_hosts, machine.alias)
    if host_key is None:
        raise StepError(f"no host key is pinned for {job.machine}", "roll the machine itself out first")
    if job.deployment is None:
        raise StepError("the step was not told what to deploy", "this is a defect of the plan")
    ssh = {"user": job.user, "host": job.address, "port": job.port, "hostPublicKey": host_key}
    if job.identity is not None:
        ssh["identityFile"] = str(job.identity)
    _write_facts(context, {job.subject: {**job.deployment, "ssh": ssh}})
    if waits := _put_off(context, machine):
        return waits
    unlock_if_locked(context, machine)
    if off := wait_for_ssh(context, machine):
        return off
    with slot(context, "updates"):
        context.ledger.record_start(context.record)
        try:
            before, after = switch_system(context, machine, lambda: context.tool(directory=context.flake))
        except AwayError as away:
            return defer(away.reason, machine)
        _require_deployed(context, machine, job.deployment)
    done = "deployed on" if job.deployment.get("enable", True) else "taken down from"
    others = _result(context, before, after).reason.partition("; ")[2]
    reason = f"{job.subject} is {done} {job.machine} ({after.system}){f'; {others}' if others else ''}"
    return Result("applied", reason, after.system)


def _require_deployed(context: StepContext, machine: Target, asked: Mapping[str, object]) -> None:
    """Makes sure that the machine's system holds what was asked for: NixOps4 itself says nothing of what it did."""
    file = f"{DEPLOYMENTS}/{context.job.subject}.json"
    hint = "see in the log what NixOps4 did, and whether the flake has the deployment on this machine"
    if not asked.get("enable", True):
        if exists(machine, file):
            raise StepError(f"{context.job.subject} is still part of the system of {context.job.machine}", hint)
        return
    answer = reached(machine, machine.run("cat", file))
    try:
        found = json.loads(answer.stdout) if answer.ok else None
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise StepError(f"{context.job.subject} is not part of the system of {context.job.machine}: no {file}", hint)
    other = sorted(key for key, value in asked.items() if key in found and found[key] != value)
    if other:
        reason = (
            f"{context.job.machine} has another {context.job.subject} than was asked for: {', '.join(other)} differ"
        )
        raise StepError(reason, hint)


def _write_facts(context: StepContext, facts: Mapping[str, object]) -> None:
    folder = context.job.state_dir / "deployments" / context.job.subject
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_atomically(folder / "deployment.json", json.dumps(facts, indent=2, sort_keys=True), mode=PRIVATE)


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


VERBS: Mapping[StepKind, Callable[[StepContext], Result]] = {
    "vars": generate_vars,
    "reach": reach,
    "install": install,
    "unlock": unlock,
    "online": online,
    "join": join,
    "update": update,
    "apply": apply,
}
