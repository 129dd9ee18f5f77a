"""One look at one machine: what is asked, and what the answers mean."""

from dataclasses import dataclass

from fediversity.cli.connection import Connection
from fediversity.steps.job import StepError
from fediversity.steps.observe.host_facts import IDENTITY_FILE, read_running_system, unreachable
from fediversity.steps.observe.host_state import SYSTEM_PROFILE

_ASK_SECONDS = 20.0
_LISTED_UNITS = 5


@dataclass(frozen=True)
class ProbeAnswers:
    """What a machine said: its identity, the systems it runs and would boot, systemd's word and the failed units."""

    identity: str | None
    system: str | None
    boot_default: str | None
    systemd: str | None = None
    failed_units: tuple[str, ...] = ()


@dataclass(frozen=True)
class ProbeResult:
    """How a machine was found."""

    reachable: bool
    healthy: bool
    drift: bool
    system: str | None
    detail: str


def probe_machine(machine: Connection, expected: str | None) -> ProbeResult:
    """Looks at a machine that should run the system `expected` (None: nobody knows). Changes nothing there."""
    target = machine.target
    answer = target.run("true", seconds=_ASK_SECONDS)
    if answer.unreached:
        reason, hint = unreachable(target, answer)
        # Somebody answers, but not as the machine that is asked for: waiting does not mend that.
        there = answer.wrong_host_key or answer.login_refused
        return ProbeResult(there, False, False, None, f"{reason} ({hint})")
    try:
        return classify(machine.identity, read_answers(machine), expected)
    except StepError as error:
        return ProbeResult(True, False, False, None, f"{error.reason} ({error.hint})")


def classify(identity: str, said: ProbeAnswers, expected: str | None) -> ProbeResult:
    """What a machine's answers mean."""
    if said.identity != identity:
        is_it = f"it is '{said.identity}'" if said.identity else "it has no identity"
        return ProbeResult(True, False, False, said.system, f"{is_it} by {IDENTITY_FILE}, not '{identity}'")
    if said.system is None:
        return ProbeResult(True, False, False, None, "it runs no system of Nix")
    ill = _illness(said)
    drift = _drift(said, expected)
    detail = "; ".join([*ill, *drift]) or "it is well and runs what was applied"
    return ProbeResult(True, not ill, bool(drift), said.system, detail)


def classify_health(identity: str, said: ProbeAnswers, expected: str) -> list[str]:
    """What is wrong with a machine that must run the system `expected`; a failed unit alone is not."""
    if said.identity != identity:
        return [classify(identity, said, expected).detail]
    wrong = [f"it runs {said.system}, not {expected}"] if said.system != expected else []
    return wrong + _wrong_boot(said, expected)


def read_answers(machine: Connection) -> ProbeAnswers:
    """Asks a machine that answers. Raises StepError if that cannot be found out."""
    target = machine.target
    state = read_running_system(target)
    profile = target.run("readlink", "-f", SYSTEM_PROFILE).stdout.strip()
    answers = ProbeAnswers(state.identity, state.system, profile if profile not in {"", SYSTEM_PROFILE} else None)
    if machine.is_mac:
        return answers
    # It ends with a failure for every word but `running`, so only a lost contact is one here.
    running = target.run("systemctl", "is-system-running")
    word = running.stdout.strip() or f"nothing ({running.stderr.strip()})"
    units: tuple[str, ...] = ()
    if word == "degraded":
        listed = target.run("systemctl", "list-units", "--failed", "--plain", "--no-legend", "--full")
        units = tuple(line.split()[0] for line in listed.stdout.splitlines() if line.split())
    return ProbeAnswers(answers.identity, answers.system, answers.boot_default, word, units)


def _illness(said: ProbeAnswers) -> list[str]:
    if said.systemd in {None, "running"}:
        return []
    if said.failed_units:
        shown = ", ".join(said.failed_units[:_LISTED_UNITS])
        more = len(said.failed_units) - _LISTED_UNITS
        return [f"failed: {shown}{f' and {more} more' if more > 0 else ''}"]
    return [f"systemd says '{said.systemd}'"]


def _drift(said: ProbeAnswers, expected: str | None) -> list[str]:
    wrong = []
    if expected is not None and said.system != expected:
        wrong.append(f"it runs {said.system}, but {expected} was applied last")
    return wrong + _wrong_boot(said, expected or str(said.system))


def _wrong_boot(said: ProbeAnswers, right: str) -> list[str]:
    if said.boot_default == right:
        return []
    return [f"it would boot {said.boot_default or 'nothing of the profile'}, not {right}"]
