"""`fediversity-step`: runs one step under supervision and says in one line of JSON how it ended.

Used by the engine's command resources, and by hand to repeat a step. What is known only after a machine was created
comes by environment: FEDIVERSITY_ADDRESS, FEDIVERSITY_SERVER_ID, FEDIVERSITY_FINGERPRINT,
FEDIVERSITY_CONTROLLER_ADDRESS and FEDIVERSITY_DEPLOYMENT (JSON).
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from fediversity.deploy.bench import Bench
from fediversity.deploy.job import Job, StepError, StopError, Verb
from fediversity.deploy.process import Log, Stop
from fediversity.deploy.redact import Redactor, secrets_of
from fediversity.deploy.verbs import VERBS
from fediversity.ledger.records import Outcome
from fediversity.ledger.sqlite import Ledger

_MOST_OUTPUT = 4000
_STOPPED_STATUS = 130
_SECONDS: Mapping[Verb, float] = {
    "vars": 900.0,
    "reach": 600.0,
    "install": 3600.0,
    "unlock": 600.0,
    "online": 900.0,
    "join": 120.0,
    "update": 3600.0,
    "apply": 3600.0,
}
"""How long each kind of step may take, in seconds, waiting for its turn not counted."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one step. Exit status: 0 it ended well, 1 it failed, 2 wrong usage, 130 it was stopped."""
    stop = Stop()
    stop.install()
    try:
        job = _parse(sys.argv[1:] if arguments is None else arguments, os.environ)
    except StepError as error:
        print(f"fediversity-step: {error.reason}", file=sys.stderr)
        return 2
    return _run(job, stop)


def _run(job: Job, stop: Stop) -> int:
    ledger = Ledger(job.state_dir / "ledger.sqlite")
    ledger.create()
    moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    log_name = f"logs/{job.machine or 'fleet'}/{job.step}-{moment}-{os.getpid()}.log"
    log = Log(job.state_dir / log_name, Redactor(secrets_of(os.environ)))
    record = ledger.begin(
        step=job.step,
        kind=job.verb,
        machine=job.machine,
        server_id=job.server_id,
        fingerprint=job.fingerprint,
        command=" ".join(job.command),
        log=log_name,
    )
    bench = Bench(job, Path.cwd(), log, stop, turn_came=lambda: ledger.turn_came(record))
    ending = Ending("failed", "a defect of the runner: see the error below")
    try:
        ending = _ending(bench)
    finally:
        log.note(f"{ending.outcome}: {ending.reason}")
        log.close()
        ledger.end(record, ending.outcome, ending.reason)
    place = f".fediversity/{job.stack}/{log_name}"
    if ending.status == 0:
        line = {"step": job.step, "outcome": ending.outcome, "reason": ending.reason, "log": place}
        print(json.dumps(line)[:_MOST_OUTPUT])
    else:
        advice = f"\n  what to do: {ending.hint}" if ending.hint else ""
        print(f"{job.step} {ending.outcome}: {ending.reason}{advice}\n  log: {place}"[:_MOST_OUTPUT], file=sys.stderr)
    return ending.status


@dataclass(frozen=True)
class Ending:
    """How a step ended: for the ledger, for a person, and as an exit status."""

    outcome: Outcome
    reason: str
    hint: str = ""
    status: int = 1


def _ending(bench: Bench) -> Ending:
    try:
        result = VERBS[bench.job.verb](bench)
        return Ending(result.outcome, result.reason, status=0)
    except StepError as error:
        return Ending("failed", bench.log.redacted(error.reason), error.hint)
    except StopError as error:
        return Ending("interrupted", str(error), status=_STOPPED_STATUS)


def _parse(arguments: Sequence[str], environment: Mapping[str, str]) -> Job:
    """The job that a command line and its environment describe. Raises StepError for wrong usage."""
    words = list(arguments)
    own, command = (words[: words.index("--")], words[words.index("--") + 1 :]) if "--" in words else (words, [])
    given = _parser().parse_args(own)
    machine = given.machine or (given.subject if given.verb not in {"vars", "apply"} else None)
    if given.verb in {"vars", "install", "update", "apply"} and not command:
        raise StepError(f"`{given.verb}` needs a command after `--`")
    return Job(
        verb=given.verb,
        subject=given.subject,
        stack=given.stack,
        state_dir=Path.cwd() / ".fediversity" / given.stack,
        command=tuple(command),
        timeout=given.timeout or _SECONDS[given.verb],
        machine=machine,
        machine_class=given.machine_class,
        user=given.user,
        port=given.port,
        address=environment.get("FEDIVERSITY_ADDRESS"),
        server_id=environment.get("FEDIVERSITY_SERVER_ID"),
        fingerprint=environment.get("FEDIVERSITY_FINGERPRINT"),
        fleet=given.fleet,
        flake=given.flake,
        identity=Path.cwd() / Path(given.identity).expanduser() if given.identity else None,
        simulated=given.simulated,
        unlock_port=given.unlock_port,
        reinstall=given.reinstall,
        instance=given.instance,
        controller=given.controller,
        controller_user=given.controller_user,
        controller_port=given.controller_port,
        controller_address=environment.get("FEDIVERSITY_CONTROLLER_ADDRESS"),
        deployment=_deployment(environment.get("FEDIVERSITY_DEPLOYMENT")),
    )


def _deployment(text: str | None) -> Mapping[str, object] | None:
    if text is None:
        return None
    try:
        value = json.loads(text)
    except ValueError:
        raise StepError("FEDIVERSITY_DEPLOYMENT is not JSON") from None
    if not isinstance(value, dict):
        raise StepError("FEDIVERSITY_DEPLOYMENT is not a JSON object")
    return value


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="fediversity-step", description="Run one step of a rollout under supervision."
    )
    parser.add_argument("verb", choices=get_args(Verb))
    parser.add_argument("subject", help="a machine, a deployment, or the word fleet")
    parser.add_argument("--stack", required=True)
    parser.add_argument("--timeout", type=float, help="seconds until the step is ended; each kind has its own default")
    parser.add_argument("--simulated", action="store_true", help="use the embedded cloud's stand-in tools")
    parser.add_argument("--identity", help="the SSH private key to log in with; else your agent and configuration")
    parser.add_argument("--flake", default="nix")
    parser.add_argument("--fleet", default="", help="the fleet's name, part of every machine's identity")
    parser.add_argument("--machine", help="the machine a deployment goes to")
    parser.add_argument("--class", dest="machine_class", choices=("nixos", "darwin"), default="nixos")
    parser.add_argument("--user", default="root")
    parser.add_argument("--port", type=int, default=22)
    parser.add_argument("--unlock-port", type=int)
    parser.add_argument("--reinstall", help="the id of the server that may be erased although it runs this fleet")
    parser.add_argument("--instance", help="the zerotier instance to join")
    parser.add_argument("--controller", help="the machine that controls the mesh")
    parser.add_argument("--controller-user", default="root")
    parser.add_argument("--controller-port", type=int, default=22)
    return parser


if __name__ == "__main__":
    sys.exit(main())
