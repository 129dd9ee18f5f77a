"""Joining a Mac to the ZeroTier mesh: clan's service has no darwin module, so the rollout does it over SSH.

The Mac joins with its own `zerotier-cli`; the controller, a NixOS machine, admits it with clan's `zerotier-members`.
"""

import time

from fediversity.deploy.bench import Bench
from fediversity.deploy.facts import unreachable
from fediversity.deploy.job import Result, StepError
from fediversity.deploy.ssh import Target

_PAUSE_SECONDS = 0.5
_NODE_FIELD = 2
_NETWORK_FIELD = 2


def join(bench: Bench) -> Result:
    """Makes sure that the machine is a member of the mesh and that the controller lets it in."""
    job = bench.job
    if job.instance is None or job.controller is None:
        raise StepError("the step was not told which mesh to join", "this is a defect of the plan")
    network = bench.var(job.controller, f"zerotier-network-{job.instance}/network-id").strip()
    machine, controller = bench.machine(), bench.controller()
    if _status(machine, network) == "OK":
        return Result("unchanged", f"{job.machine} is a member of {job.instance}")
    node = _node_id(machine)
    _ask(machine, "sudo", "-n", "zerotier-cli", "join", network)
    _ask(controller, "zerotier-members", "allow", node)
    deadline = time.monotonic() + job.timeout
    while (status := _status(machine, network)) != "OK":
        if time.monotonic() > deadline:
            hint = f"look at `zerotier-members list` on {job.controller}"
            raise StepError(f"{job.machine} joined, but the mesh says {status or 'nothing'}", hint)
        bench.stop.sleep(_PAUSE_SECONDS)
    return Result("applied", f"{job.machine} joined {job.instance} and {job.controller} admitted it")


def _node_id(machine: Target) -> str:
    """The ZeroTier address of a machine, from `200 info <address> <version> <state>`."""
    words = _ask(machine, "sudo", "-n", "zerotier-cli", "info").split()
    if len(words) <= _NODE_FIELD or words[0] != "200":
        raise StepError(
            f"{machine.alias} has no working ZeroTier", "install it there: `brew install --cask zerotier-one`"
        )
    return words[_NODE_FIELD]


def _status(machine: Target, network: str) -> str | None:
    """The status of the network on a machine, e.g. OK or ACCESS_DENIED; None if it has not joined.

    `zerotier-cli listnetworks` prints `200 listnetworks <nwid> <name> <mac> <status> <type> <dev> <addresses>`; the
    name may be empty, so the status is found from the right.
    """
    for line in _ask(machine, "sudo", "-n", "zerotier-cli", "listnetworks").splitlines():
        words = line.split()
        if len(words) > _NETWORK_FIELD and words[_NETWORK_FIELD] == network:
            return words[-4]
    return None


def _ask(machine: Target, *command: str) -> str:
    answer = machine.run(*command)
    if answer.unreached:
        raise StepError(*unreachable(machine, answer))
    if not answer.ok:
        raise StepError(f"`{' '.join(command)}` on {machine.alias} exited with {answer.status}: {answer.stderr}")
    return answer.stdout
