"""Reads the command line and the environment of `fediversity-step` as a job and the specification of its kind."""

import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from fediversity.ledger.records import StepKind
from fediversity.steps.facts import StepFacts
from fediversity.steps.job import Job, StepError
from fediversity.steps.options import read_words
from fediversity.steps.specs import (
    ApplySpec,
    InstallSpec,
    JoinSpec,
    MachineSpec,
    OnlineSpec,
    ReachSpec,
    StepSpec,
    UnlockSpec,
    UpdateSpec,
    VarsSpec,
)
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
"""How many seconds the tool of each kind of step, or its waiting, may take."""

_PROGRAM = ".venv/bin/fediversity-step"
_VARIABLES = tuple(
    f"FEDIVERSITY_{name}"
    for name in (
        *("ADDRESS", "SERVER_ID", "FINGERPRINT", "CONTROLLER_ADDRESS"),
        *("DEPLOYMENT", "CHECKS", "OPTIONS", "PATIENCE"),
    )
)
"""The variables that a person has to set to repeat a step. None of them holds a secret."""

_LEAST_WAITING = 30.0
"""The least seconds that plain waiting gets, however small the patience: a busy computer is slow, too."""

_WITH_TOOL: frozenset[StepKind] = frozenset({"vars", "install", "update", "apply"})


def parse(arguments: Sequence[str], environment: Mapping[str, str]) -> tuple[Job, StepSpec]:
    """Returns the job that a command line and its environment describe, and the specification of its kind.

    Options may stand on the command line or, so that a preview shows the tool's own command line before it cuts the
    text off, in FEDIVERSITY_OPTIONS. Raises StepError with everything that is wrong.
    """
    line = list(arguments)
    own, command = (line[: line.index("--")], line[line.index("--") + 1 :]) if "--" in line else (line, [])
    try:
        more = shlex.split(environment.get("FEDIVERSITY_OPTIONS", ""))
    except ValueError as error:
        raise StepError(f"FEDIVERSITY_OPTIONS is no list of words: {error}") from None
    words = read_words([*own, *more])
    facts = StepFacts(words, tuple(command), environment)
    job = _job(facts, _by_hand(arguments, environment))
    spec = _SPECS[words.verb](facts)
    if facts.problems:
        raise StepError("\n".join(facts.problems))
    return job, spec


def _job(facts: StepFacts, by_hand: str) -> Job:
    verb, subject = facts.words.verb, facts.words.subject
    stack = facts.text("stack") or ""
    identity = facts.text("identity")
    patience = facts.patience()
    timeout = facts.words.options.get("timeout")
    return Job(
        verb=verb,
        subject=subject,
        stack=stack,
        state_dir=stack_folder(Path.cwd(), stack),
        timeout=(timeout if isinstance(timeout, float) else 0.0) or _seconds(verb, patience),
        server_id=facts.variable("FEDIVERSITY_SERVER_ID"),
        fingerprint=facts.variable("FEDIVERSITY_FINGERPRINT"),
        attempt=facts.number("FEDIVERSITY_ATTEMPT"),
        flake=facts.text("flake") or "nix",
        identity=Path.cwd() / Path(identity).expanduser() if identity else None,
        simulated=facts.flag("simulated"),
        patience=patience,
        by_hand=by_hand,
    )


def _vars(facts: StepFacts) -> VarsSpec:
    return VarsSpec(facts.command())


def _reach(facts: StepFacts) -> ReachSpec:
    facts.require_no_command()
    return ReachSpec(facts.machine(), facts.flag("may-be-offline"))


def _install(facts: StepFacts) -> InstallSpec:
    server_id = facts.variable("FEDIVERSITY_SERVER_ID")
    return InstallSpec(
        facts.machine(),
        server_id=facts.required(server_id, "FEDIVERSITY_SERVER_ID", "the id of the server to install"),
        command=facts.command(),
        reinstall=facts.text("reinstall"),
        gate=facts.names("gate"),
        unlock_port=facts.whole("unlock-port"),
        provider=facts.text("provider"),
    )


def _unlock(facts: StepFacts) -> UnlockSpec:
    facts.require_no_command()
    port = facts.whole("unlock-port")
    if port is None:
        facts.problems.append("`unlock` needs --unlock-port: the port where the machine takes its passphrase")
    return UnlockSpec(facts.machine(), port or 0, facts.flag("prepared"), facts.text("size"))


def _online(facts: StepFacts) -> OnlineSpec:
    facts.require_no_command()
    return OnlineSpec(facts.machine())


def _join(facts: StepFacts) -> JoinSpec:
    facts.require_no_command()
    address = facts.variable("FEDIVERSITY_CONTROLLER_ADDRESS")
    controller = MachineSpec(
        name=facts.required(facts.text("controller"), "--controller", "the machine that controls the mesh"),
        address=facts.required(address, "FEDIVERSITY_CONTROLLER_ADDRESS", "the controller's address"),
        fleet=facts.text("fleet") or "",
        user=facts.text("controller-user") or "root",
        port=facts.whole("controller-port") or 22,
    )
    return JoinSpec(
        facts.machine(),
        instance=facts.required(facts.text("instance"), "--instance", "the zerotier instance to join"),
        controller=controller,
        gate=facts.names("gate"),
        may_be_offline=facts.flag("may-be-offline"),
    )


def _update(facts: StepFacts) -> UpdateSpec:
    return UpdateSpec(
        facts.machine(),
        command=facts.command(),
        checks=facts.checks(),
        gate=facts.names("gate"),
        may_be_offline=facts.flag("may-be-offline"),
        provider=facts.text("provider"),
        unlock_port=facts.whole("unlock-port"),
        former_names=facts.names("formerly"),
        prepared=facts.flag("prepared"),
    )


def _apply(facts: StepFacts) -> ApplySpec:
    update = _update(facts)
    return ApplySpec(**update._asdict(), deployment=facts.words.subject, request=facts.deployment())


_SPECS: Mapping[StepKind, Callable[[StepFacts], StepSpec]] = {
    "vars": _vars,
    "reach": _reach,
    "install": _install,
    "unlock": _unlock,
    "online": _online,
    "join": _join,
    "update": _update,
    "apply": _apply,
}


def _seconds(verb: StepKind, patience: float) -> float:
    """The default time-out: a tool has the same at any patience, plain waiting depends on it."""
    seconds = _SECONDS[verb]
    return seconds if verb in _WITH_TOOL else max(min(seconds, _LEAST_WAITING), seconds * patience)


def _by_hand(arguments: Sequence[str], environment: Mapping[str, str]) -> str:
    """The command line that repeats the step, as a person types it in the project's folder."""
    variables = [f"{name}={shlex.quote(environment[name])}" for name in _VARIABLES if name in environment]
    return " ".join([*variables, _PROGRAM, shlex.join(arguments)])
