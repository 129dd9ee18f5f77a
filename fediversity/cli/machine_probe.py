"""Probes one machine: asks it, and classifies the answers."""

from dataclasses import dataclass

from fediversity.cli.connection import Connection
from fediversity.steps.job import StepError
from fediversity.steps.observe.host_facts import IDENTITY_FILE, read_running_system, unreachable
from fediversity.steps.observe.host_state import SYSTEM_PROFILE

_ASK_SECONDS = 20.0
_LISTED_UNITS = 5


@dataclass(frozen=True)
class ProbeAnswers:
    """A machine's answers: its identity, the systems it runs and would boot, systemd's state and the failed units."""

    identity: str | None
    system: str | None
    boot_default: str | None
    systemd: str | None = None
    failed_units: tuple[str, ...] = ()


@dataclass(frozen=True)
class ProbeResult:
    """The result of probing a machine."""

    reachable: bool
    healthy: bool
    drift: bool
    system: str | None
    detail: str


def probe_machine(machine: Connection, expected: str | None) -> ProbeResult:
    """Probes a machine that should run the system `expected` (None if that is not known). Changes nothing there."""
    target = machine.target
    answer = target.run("true", seconds=_ASK_SECONDS)
    if answer.unreached:
        reason, hint = unreachable(target, answer)
        # A machine answers, but not as the expected one: waiting does not help.
        there = answer.wrong_host_key or answer.login_refused
        return ProbeResult(there, False, False, None, f"{reason} ({hint})")
    try:
        return classify(machine.identity, read_answers(machine), expected)
    except StepError as error:
        return ProbeResult(True, False, False, None, f"{error.reason} ({error.hint})")


def classify(identity: str, answers: ProbeAnswers, expected: str | None) -> ProbeResult:
    """Returns what a machine's answers mean."""
    if answers.identity != identity:
        is_it = f"it is '{answers.identity}'" if answers.identity else "it has no identity"
        return ProbeResult(True, False, False, answers.system, f"{is_it} by {IDENTITY_FILE}, not '{identity}'")
    if answers.system is None:
        return ProbeResult(True, False, False, None, "it runs no system of Nix")
    problems = _health_problems(answers)
    drift = _drift_problems(answers, expected)
    detail = "; ".join([*problems, *drift]) or "it is well and runs what was applied"
    return ProbeResult(True, not problems, bool(drift), answers.system, detail)


def classify_health(identity: str, answers: ProbeAnswers, expected: str) -> list[str]:
    """Returns the problems of a machine that must run the system `expected`; a failed unit alone is none."""
    if answers.identity != identity:
        return [classify(identity, answers, expected).detail]
    problems = [f"it runs {answers.system}, not {expected}"] if answers.system != expected else []
    return problems + _boot_problems(answers, expected)


def read_answers(machine: Connection) -> ProbeAnswers:
    """Asks a machine that can be reached. Raises StepError if it gives no answer."""
    target = machine.target
    state = read_running_system(target)
    profile = target.run("readlink", "-f", SYSTEM_PROFILE).stdout.strip()
    answers = ProbeAnswers(state.identity, state.system, profile if profile not in {"", SYSTEM_PROFILE} else None)
    if machine.is_mac:
        return answers
    # It fails for every state but `running`, so only a lost connection counts as a failure here.
    running = target.run("systemctl", "is-system-running")
    word = running.stdout.strip() or f"nothing ({running.stderr.strip()})"
    units: tuple[str, ...] = ()
    if word == "degraded":
        listed = target.run("systemctl", "list-units", "--failed", "--plain", "--no-legend", "--full")
        units = tuple(line.split()[0] for line in listed.stdout.splitlines() if line.split())
    return ProbeAnswers(answers.identity, answers.system, answers.boot_default, word, units)


def _health_problems(answers: ProbeAnswers) -> list[str]:
    if answers.systemd in {None, "running"}:
        return []
    if answers.failed_units:
        shown = ", ".join(answers.failed_units[:_LISTED_UNITS])
        more = len(answers.failed_units) - _LISTED_UNITS
        return [f"failed: {shown}{f' and {more} more' if more > 0 else ''}"]
    return [f"systemd says '{answers.systemd}'"]


def _drift_problems(answers: ProbeAnswers, expected: str | None) -> list[str]:
    problems = []
    if expected is not None and answers.system != expected:
        problems.append(f"it runs {answers.system}, but {expected} was applied last")
    return problems + _boot_problems(answers, expected or str(answers.system))


def _boot_problems(answers: ProbeAnswers, right: str) -> list[str]:
    if answers.boot_default == right:
        return []
    return [f"it would boot {answers.boot_default or 'nothing of the profile'}, not {right}"]
