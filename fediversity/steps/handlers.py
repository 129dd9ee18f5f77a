"""What each kind of step does. Each handler returns a result or raises StepError."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import assert_never

from fediversity.ledger.vars_hashes import changed_vars
from fediversity.steps.act.concurrency import slot
from fediversity.steps.act.git_tracking import register_new_files
from fediversity.steps.act.install import install
from fediversity.steps.act.switch import switch_system
from fediversity.steps.act.unlock import unlock, unlock_if_locked
from fediversity.steps.act.zerotier_join import join
from fediversity.steps.context import StepContext
from fediversity.steps.job import Result, StepError
from fediversity.steps.observe.boot_id import record_boot_id, require_restarted
from fediversity.steps.observe.health import require_healthy
from fediversity.steps.observe.host_facts import DARWIN_REBUILD, HOST_KEY_VAR, exists, require_reached
from fediversity.steps.observe.host_state import DEPLOYMENTS, HostState
from fediversity.steps.specs import (
    ApplySpec,
    InstallSpec,
    JoinSpec,
    OnlineSpec,
    ReachSpec,
    StepSpec,
    SwitchSpec,
    UnlockSpec,
    UpdateSpec,
    VarsSpec,
)
from fediversity.steps.transport.connectivity import AwayError, blocking_machine, defer, wait_for_ssh
from fediversity.steps.transport.ssh import Target, pin_host_key, pinned_host_key
from fediversity.support.files import PRIVATE, write_atomically


def run_step(context: StepContext[StepSpec]) -> Result:
    """Does the step that the context's specification describes."""
    spec = context.spec
    match spec:
        case VarsSpec():
            return generate_vars(context.with_spec(spec))
        case ReachSpec():
            return reach(context.with_spec(spec))
        case InstallSpec():
            return install(context.with_spec(spec))
        case UnlockSpec():
            return unlock(context.with_spec(spec))
        case OnlineSpec():
            return online(context.with_spec(spec))
        case JoinSpec():
            return join(context.with_spec(spec))
        case UpdateSpec():
            return update(context.with_spec(spec))
        case ApplySpec():
            return apply(context.with_spec(spec))
        case _:
            assert_never(spec)


def generate_vars(context: StepContext[VarsSpec]) -> Result:
    """Generates the vars of the fleet that are missing; existing ones stay as they are."""
    context.run_tool(context.spec.command)
    register_new_files(context)
    return Result("applied", "every machine has its vars")


def reach(context: StepContext[ReachSpec]) -> Result:
    """Waits until the machine answers, and pins its host key at first contact."""
    spec = context.spec
    target = context.image_target() if context.job.server_id else context.target(accept_new=True)
    seconds = context.job.timeout
    if deferred := wait_for_ssh(context, target, may_be_offline=spec.may_be_offline, seconds=seconds):
        return deferred
    if spec.machine.machine_class == "darwin":
        _require_bootstrapped(target)
    return Result("applied", f"{spec.machine.name} answers")


def online(context: StepContext[OnlineSpec]) -> Result:
    """Waits until the machine has restarted into its installed system, whose host key is in its vars."""
    target, seconds = context.target(), context.job.timeout
    pin_host_key(context.job.known_hosts, target.alias, context.read_var(target.alias, HOST_KEY_VAR))
    require_restarted(context, target, seconds)
    require_healthy(context, target, seconds)
    record_boot_id(context, target)
    return Result("applied", f"{context.spec.machine.name} answers with its new host key")


def update(context: StepContext[UpdateSpec]) -> Result:
    """Updates the system of the machine. Afterwards the machine runs it and is well, or is as it was before."""
    job, spec = context.job, context.spec
    target = context.target()
    if deferred := _defer_behind_gate(context, target):
        return deferred
    unlock_if_locked(context, target)
    # A machine that no rollout installed has the host key of its vars only from its first update on.
    gets_host_key = spec.machine.machine_class == "nixos" and (job.server_id is None or spec.prepared)
    if gets_host_key and target.run("true").wrong_host_key:
        _pin_new_host_key_if_shown(context, target)
        _pin_key_of_first_contact(context, target)
    if deferred := wait_for_ssh(context, target, may_be_offline=spec.may_be_offline):
        return deferred
    old_key = pinned_host_key(job.known_hosts, target.alias) if gets_host_key else None

    def run() -> None:
        context.run_tool(spec.command)
        register_new_files(context)
        if gets_host_key:
            pin_host_key(job.known_hosts, target.alias, context.read_var(target.alias, HOST_KEY_VAR))

    with slot(context, "updates", spec.provider):
        context.ledger.record_start(context.record)
        # The machine may have fallen asleep while other machines had their turn.
        if spec.may_be_offline and (deferred := wait_for_ssh(context, target, may_be_offline=True)):
            return deferred
        hashes = context.vars_hashes(spec.machine.name)
        try:
            before, after = switch_system(context, target, run, keys=(old_key,) if old_key else ())
        except AwayError as away:
            return defer(away.reason, target)
        rotated = _record_vars(context, hashes)
    result = _result(context, before, after)
    if result.outcome == "unchanged" and rotated:
        return replace(result, outcome="applied", reason=f"{result.reason}; it was given its changed secrets and vars")
    return result


def _record_vars(context: StepContext[UpdateSpec], hashes: Mapping[str, str]) -> bool:
    """Records the vars that an update began with. Returns whether they differ from those of the update before."""
    machine = context.spec.machine.name
    earlier = context.ledger.given(machine).get(machine)
    # A var that changed meanwhile may have come too late; a var that is new by now was made for this update.
    context.ledger.record_vars(machine, {**context.vars_hashes(machine), **hashes}, context.job.attempt)
    return earlier is not None and bool(changed_vars(earlier.files, hashes))


def _defer_behind_gate(context: StepContext[SwitchSpec], target: Target) -> Result | None:
    """Returns a result if the step has to wait for another machine whose update was deferred."""
    reason = blocking_machine(context, context.spec.gate)
    return None if reason is None else Result("deferred", f"{reason}; {target.alias} was not changed")


def _result(context: StepContext[SwitchSpec], before: HostState, after: HostState) -> Result:
    if after.boot:
        context.ledger.record_boot(context.record, after.boot)
    name = context.spec.machine.name
    removed = sorted(file.removesuffix(".json") for file in before.deployments - after.deployments)
    notes = f"; {', '.join(removed)} was taken down with it" if removed else ""
    if before.boot and after.boot and before.boot != after.boot:
        notes += "; it was restarted meanwhile, which nobody had asked for"
    if (after.system, after.profile) == (before.system, before.profile):
        return Result("unchanged", f"{name} ran {after.system} already{notes}", after.system)
    return Result("applied", f"{name} runs {after.system}{notes}", after.system)


def _pin_new_host_key_if_shown(context: StepContext[UpdateSpec], target: Target) -> None:
    """Pins the host key of the machine's vars if the machine shows it: its first update may have been cut off."""
    host_key = context.read_var(target.alias, HOST_KEY_VAR)
    new = replace(target, alias=f"{target.alias}.new")
    pin_host_key(new.known_hosts, new.alias, host_key)
    if new.run("true").ok:
        pin_host_key(target.known_hosts, target.alias, host_key)


def _pin_key_of_first_contact(context: StepContext[UpdateSpec], target: Target) -> None:
    """Pins the host key of first contact, that of the image, for a prepared server that was never updated."""
    job, name = context.job, context.spec.machine.name
    if not context.spec.prepared or target.run("true").ok:
        return
    runs = (run for run in context.ledger.records() if run.machine == name and run.server_id == job.server_id)
    first_key = pinned_host_key(job.known_hosts, context.image_target().alias)
    if first_key is not None and not any(run.kind == "update" and run.ended_well for run in runs):
        context.log.note(f"{target.alias} is known by the host key of its first contact")
        pin_host_key(job.known_hosts, target.alias, first_key)


def apply(context: StepContext[ApplySpec]) -> Result:
    """Deploys an application with NixOps4, which reads the machine's address and host key from a file."""
    job, spec = context.job, context.spec
    machine = spec.machine
    target = context.target()
    host_key = pinned_host_key(job.known_hosts, target.alias)
    if host_key is None:
        raise StepError(f"no host key is pinned for {machine.name}", "roll the machine itself out first")
    ssh = {"user": machine.user, "host": machine.address, "port": machine.port, "hostPublicKey": host_key}
    if job.identity is not None:
        ssh["identityFile"] = str(job.identity)
    _write_facts(context, {spec.deployment: {**spec.request, "ssh": ssh}})
    if deferred := _defer_behind_gate(context, target):
        return deferred
    unlock_if_locked(context, target)
    if deferred := wait_for_ssh(context, target, may_be_offline=spec.may_be_offline):
        return deferred
    with slot(context, "updates", spec.provider):
        context.ledger.record_start(context.record)
        try:
            before, after = switch_system(
                context, target, lambda: context.run_tool(spec.command, directory=context.flake)
            )
        except AwayError as away:
            return defer(away.reason, target)
        _require_deployed(context, target)
    done = "deployed on" if spec.request.get("enable", True) else "taken down from"
    notes = _result(context, before, after).reason.partition("; ")[2]
    reason = f"{spec.deployment} is {done} {machine.name} ({after.system}){f'; {notes}' if notes else ''}"
    return Result("applied", reason, after.system)


def _require_deployed(context: StepContext[ApplySpec], target: Target) -> None:
    """Checks that the machine's system has the deployment as requested: NixOps4 does not say what it did."""
    deployment, request = context.spec.deployment, context.spec.request
    file = f"{DEPLOYMENTS}/{deployment}.json"
    hint = "see in the log what NixOps4 did, and whether the flake has the deployment on this machine"
    if not request.get("enable", True):
        if exists(target, file):
            raise StepError(f"{deployment} is still part of the system of {target.alias}", hint)
        return
    answer = require_reached(target, target.run("cat", file))
    try:
        deployed = json.loads(answer.stdout) if answer.ok else None
    except ValueError:
        deployed = None
    if not isinstance(deployed, dict):
        raise StepError(f"{deployment} is not part of the system of {target.alias}: no {file}", hint)
    different = sorted(key for key, value in request.items() if key in deployed and deployed[key] != value)
    if different:
        reason = f"{target.alias} has another {deployment} than was asked for: {', '.join(different)} differ"
        raise StepError(reason, hint)


def _write_facts(context: StepContext[ApplySpec], facts: Mapping[str, object]) -> None:
    folder = context.job.state_dir / "deployments" / context.spec.deployment
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_atomically(folder / "deployment.json", json.dumps(facts, indent=2, sort_keys=True), mode=PRIVATE)


def _require_bootstrapped(target: Target) -> None:
    name = target.alias
    if not exists(target, DARWIN_REBUILD):
        hint = (
            f"on the Mac: install Nix, then `sudo nix run nix-darwin/master#darwin-rebuild -- switch --flake .#{name}`"
        )
        raise StepError(f"{name} has no nix-darwin yet", hint)
    if not require_reached(target, target.run("sudo", "-n", "true")).ok:
        hint = "allow it in the Mac's own module (security.sudo), or log in as root"
        raise StepError(f"{name} asks {target.user} for a password with sudo", hint)
