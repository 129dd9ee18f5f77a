"""Joins a Mac to the ZeroTier mesh. clan's service has no darwin module, so the rollout does it over SSH.

The Mac joins with its own `zerotier-cli`; the controller, a NixOS machine, admits it with clan's `zerotier-members`.
"""

import time

from fediversity.steps.context import StepContext
from fediversity.steps.job import Result, StepError
from fediversity.steps.observe.host_facts import require_reached
from fediversity.steps.observe.zerotier import parse_networks
from fediversity.steps.specs import JoinSpec
from fediversity.steps.transport.connectivity import blocking_machine, wait_for_ssh
from fediversity.steps.transport.ssh import SshResult, Target

_PAUSE_SECONDS = 0.5
_NODE_FIELD = 2


def join(context: StepContext[JoinSpec]) -> Result:
    """Joins the machine to the mesh and has the controller admit it, unless it is a member already."""
    spec, name = context.spec, context.spec.machine.name
    target, controller = context.target(), context.target_of(spec.controller)
    if reason := blocking_machine(context, spec.gate):
        return Result("deferred", f"{reason}; {name} was not changed")
    if deferred := wait_for_ssh(context, target, may_be_offline=spec.may_be_offline):
        return deferred
    network = context.read_var(spec.controller.name, f"zerotier-network-{spec.instance}/network-id").strip()
    node = _node_id(target)
    if _status(target, network) == "OK":
        return Result("unchanged", f"{name} is a member of {spec.instance}")
    _require(target, "zerotier-cli", "join", network)
    # The clan service writes no /etc/zerotier/network-id, so the network has to be named.
    _require(controller, "zerotier-members", "--network-id", network, "allow", node)
    deadline = time.monotonic() + context.job.timeout
    while (status := _status(target, network)) != "OK":
        if time.monotonic() > deadline:
            hint = f"look at `zerotier-members --network-id {network} list` on {spec.controller.name}"
            raise StepError(f"{name} joined, but the mesh says {status or 'nothing'}", hint)
        context.stop.sleep(_PAUSE_SECONDS)
    return Result("applied", f"{name} joined {spec.instance} and {spec.controller.name} admitted it")


def _node_id(target: Target) -> str:
    """Returns the ZeroTier address of a machine, from `200 info <address> <version> <state>`."""
    answer = _ask(target, "zerotier-cli", "info")
    words = answer.stdout.split()
    if answer.ok and len(words) > _NODE_FIELD and words[0] == "200":
        return words[_NODE_FIELD]
    said = answer.stderr or answer.stdout.strip()
    if "password" in said:
        hint = "allow it in the Mac's own module (security.sudo), or log in as root"
        raise StepError(f"{target.alias} asks {target.user} for a password with sudo", hint)
    hint = "install it there (`brew install --cask zerotier-one`), and see that its service runs"
    raise StepError(f"{target.alias} has no working ZeroTier: {said or f'status {answer.status}'}", hint)


def _status(target: Target, network: str) -> str | None:
    """Returns the status of the network on a machine, e.g. OK or ACCESS_DENIED; None if it has not joined."""
    networks = parse_networks(_require(target, "zerotier-cli", "listnetworks"))
    return next((entry.status for entry in networks if entry.id == network), None)


def _require(target: Target, *command: str) -> str:
    answer = _ask(target, *command)
    if not answer.ok:
        # `zerotier-members` says on stdout what went wrong.
        said = answer.stderr or answer.stdout.strip()
        reason = f"`{' '.join(command)}` on {target.alias} exited with {answer.status}: {said}"
        raise StepError(reason, "log in and try it by hand")
    return answer.stdout


def _ask(target: Target, *command: str) -> SshResult:
    """Runs a command of ZeroTier, which is for root only."""
    return require_reached(target, target.run(*target.as_root(*command)))
