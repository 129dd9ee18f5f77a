"""The command line and the environment of `fediversity-step`, as a job."""

import json
import math
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from fediversity.ledger.records import StepKind
from fediversity.steps.job import Job, StepError
from fediversity.steps.observe.health_checks import parse_checks
from fediversity.steps.options import read_words
from fediversity.support.layout import stack_folder

_SECONDS: Mapping[StepKind, float] = {
    "vars": 900.0,
    "reach": 600.0,
    "install": 3600.0,
    "unlock": 600.0,
    "online": 900.0,
    "join": 120.0,
    "update": 3600.0,
    "apply": 3600.0,
}
"""How long the tool of each kind of step, or its waiting, may take, in seconds."""

_PROGRAM = ".venv/bin/fediversity-step"
_TOLD = tuple(
    f"FEDIVERSITY_{name}"
    for name in (
        *("ADDRESS", "SERVER_ID", "FINGERPRINT", "CONTROLLER_ADDRESS"),
        *("DEPLOYMENT", "CHECKS", "OPTIONS", "PATIENCE"),
    )
)
"""What the runner is told by its environment. Where the step runs is never a secret."""

_PATIENCE = 1.0
_PATIENCE_WITH_SIMULATED = 0.1

_LEAST_WAITING = 30.0
"""Whoever is impatient waits so long all the same, in seconds: a busy computer is slow, too."""

_WITH_TOOL: frozenset[StepKind] = frozenset({"vars", "install", "update", "apply"})


def parse(arguments: Sequence[str], environment: Mapping[str, str]) -> Job:
    """The job that a command line and its environment describe. Raises StepError for wrong usage.

    Options may stand on the command line or, so that a preview shows the tool's own command line before it cuts the
    text off, in FEDIVERSITY_OPTIONS.
    """
    words = list(arguments)
    own, command = (words[: words.index("--")], words[words.index("--") + 1 :]) if "--" in words else (words, [])
    given = read_words([*own, *shlex.split(environment.get("FEDIVERSITY_OPTIONS", ""))])
    machine = given.machine or (given.subject if given.verb not in {"vars", "apply"} else None)
    if given.verb in _WITH_TOOL and not command:
        raise StepError(f"`{given.verb}` needs a command after `--`")
    if given.verb not in _WITH_TOOL and command:
        raise StepError(f"`{given.verb}` runs no command: nothing may stand after `--`")
    if given.machine_class == "darwin" and any(word.split("=")[0] == "--build-host" for word in command):
        raise StepError("with `--build-host`, clan would switch the build host instead of the Mac: leave it out")
    patience = patience_of(environment.get("FEDIVERSITY_PATIENCE"), simulated=given.simulated)
    return Job(
        verb=given.verb,
        subject=given.subject,
        stack=given.stack,
        state_dir=stack_folder(Path.cwd(), given.stack),
        command=tuple(command),
        timeout=given.timeout or _seconds(given.verb, patience),
        machine=machine,
        machine_class=given.machine_class,
        user=given.user,
        port=given.port,
        address=environment.get("FEDIVERSITY_ADDRESS"),
        server_id=environment.get("FEDIVERSITY_SERVER_ID"),
        fingerprint=environment.get("FEDIVERSITY_FINGERPRINT"),
        attempt=_attempt(environment.get("FEDIVERSITY_ATTEMPT")),
        fleet=given.fleet,
        flake=given.flake,
        identity=Path.cwd() / Path(given.identity).expanduser() if given.identity else None,
        simulated=given.simulated,
        unlock_port=given.unlock_port,
        reinstall=given.reinstall,
        prepared=given.prepared,
        size=given.size,
        formerly=tuple(given.formerly.split(",")) if given.formerly else (),
        instance=given.instance,
        controller=given.controller,
        controller_user=given.controller_user,
        controller_port=given.controller_port,
        controller_address=environment.get("FEDIVERSITY_CONTROLLER_ADDRESS"),
        deployment=_deployment(environment.get("FEDIVERSITY_DEPLOYMENT")),
        provider=given.provider,
        may_be_offline=given.may_be_offline,
        gate=tuple(given.gate.split(",")) if given.gate else (),
        checks=parse_checks(environment.get("FEDIVERSITY_CHECKS")),
        patience=patience,
        by_hand=_by_hand(arguments, environment),
    )


def _seconds(verb: StepKind, patience: float) -> float:
    """How long the step may take: a tool always as long as it needs, plain waiting by the patience that there is."""
    seconds = _SECONDS[verb]
    return seconds if verb in _WITH_TOOL else max(min(seconds, _LEAST_WAITING), seconds * patience)


def patience_of(text: str | None, *, simulated: bool) -> float:
    """The factor on all waiting, out of FEDIVERSITY_PATIENCE. Raises StepError if it is none."""
    if text is None:
        return _PATIENCE_WITH_SIMULATED if simulated else _PATIENCE
    try:
        patience = float(text)
    except ValueError:
        patience = math.nan
    if not 0 < patience < math.inf:
        raise StepError(f"FEDIVERSITY_PATIENCE is '{text}'; it must be a factor such as 0.5 or 3")
    return patience


def _by_hand(arguments: Sequence[str], environment: Mapping[str, str]) -> str:
    """The command line that does the step again, as a person types it in the project's folder."""
    facts = [f"{name}={shlex.quote(environment[name])}" for name in _TOLD if name in environment]
    return " ".join([*facts, _PROGRAM, shlex.join(arguments)])


def _attempt(text: str | None) -> int | None:
    try:
        return None if text is None else int(text)
    except ValueError:
        raise StepError(f"FEDIVERSITY_ATTEMPT is '{text}', which is no whole number") from None


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
