"""Joining a Mac to the ZeroTier mesh: clan's service has no darwin module, so the rollout does it over SSH.

The Mac joins with its own `zerotier-cli`; the controller, a NixOS machine, admits it with clan's `zerotier-members`.
"""

import time

from fediversity.steps.context import StepContext
from fediversity.steps.job import Result, StepError
from fediversity.steps.observe.host_facts import reached
from fediversity.steps.observe.zerotier import parse_networks
from fediversity.steps.transport.connectivity import blocking_machine, wait_for_ssh
from fediversity.steps.transport.ssh import SshResult, Target

_PAUSE_SECONDS = 0.5
_NODE_FIELD = 2


def join(context: StepContext) -> Result:
    """Makes sure that the machine is a member of the mesh and that the controller lets it in."""
    job = context.job
    if job.instance is None or job.controller is None:
        raise StepError("the step was not told which mesh to join", "this is a defect of the plan")
    machine, controller = context.machine(), context.controller()
    if reason := blocking_machine(context):
        return Result("deferred", f"{reason}; {job.machine} was not changed")
    if off := wait_for_ssh(context, machine):
        return off
    network = context.var(job.controller, f"zerotier-network-{job.instance}/network-id").strip()
    node = _node_id(machine)
    if _status(machine, network) == "OK":
        return Result("unchanged", f"{job.machine} is a member of {job.instance}")
    _must(machine, "zerotier-cli", "join", network)
    # The clan service writes no /etc/zerotier/network-id, so the network has to be named.
    _must(controller, "zerotier-members", "--network-id", network, "allow", node)
    deadline = time.monotonic() + job.timeout
    while (status := _status(machine, network)) != "OK":
        if time.monotonic() > deadline:
            hint = f"look at `zerotier-members --network-id {network} list` on {job.controller}"
            raise StepError(f"{job.machine} joined, but the mesh says {status or 'nothing'}", hint)
        context.stop.sleep(_PAUSE_SECONDS)
    return Result("applied", f"{job.machine} joined {job.instance} and {job.controller} admitted it")


def _node_id(machine: Target) -> str:
    """The ZeroTier address of a machine, from `200 info <address> <version> <state>`."""
    answer = _ask(machine, "zerotier-cli", "info")
    words = answer.stdout.split()
    if answer.ok and len(words) > _NODE_FIELD and words[0] == "200":
        return words[_NODE_FIELD]
    said = answer.stderr or answer.stdout.strip()
    if "password" in said:
        hint = "allow it in the Mac's own module (security.sudo), or log in as root"
        raise StepError(f"{machine.alias} asks {machine.user} for a password with sudo", hint)
    hint = "install it there (`brew install --cask zerotier-one`), and see that its service runs"
    raise StepError(f"{machine.alias} has no working ZeroTier: {said or f'status {answer.status}'}", hint)


def _status(machine: Target, network: str) -> str | None:
    """The status of the network on a machine, e.g. OK or ACCESS_DENIED; None if it has not joined."""
    found = parse_networks(_must(machine, "zerotier-cli", "listnetworks"))
    return next((entry.status for entry in found if entry.id == network), None)


def _must(machine: Target, *command: str) -> str:
    answer = _ask(machine, *command)
    if not answer.ok:
        # `zerotier-members` says on stdout what went wrong.
        said = answer.stderr or answer.stdout.strip()
        reason = f"`{' '.join(command)}` on {machine.alias} exited with {answer.status}: {said}"
        raise StepError(reason, "log in and try it by hand")
    return answer.stdout


def _ask(machine: Target, *command: str) -> SshResult:
    """Runs a command of ZeroTier, which is for root only."""
    return reached(machine, machine.run(*machine.as_root(*command)))
