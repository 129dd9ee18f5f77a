"""Plans a rollback (which system, which commands), carries it out, and checks the machine afterwards."""

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fediversity.cli.connection import Connection
from fediversity.cli.machine_probe import classify_health, read_answers
from fediversity.ledger import history
from fediversity.ledger.records import StepRecord
from fediversity.steps.act.rollback import BACK_SWITCH_SECONDS, commands_to
from fediversity.steps.act.rollback_timer import SWITCH_SECONDS, RollbackTimer
from fediversity.steps.job import StepError
from fediversity.steps.log import Log
from fediversity.steps.observe.host_facts import exists, require_reached, unreachable
from fediversity.steps.observe.host_state import SYSTEM_PROFILE, HostState, read_host_state
from fediversity.steps.observe.preflight import check_host
from fediversity.steps.transport.connectivity import ANSWER_SECONDS, BACK_SECONDS
from fediversity.steps.transport.ssh import SshResult

_MANUAL = "docs/rollback.md says what else there is"
_STORE = "/nix/store/"


@dataclass(frozen=True)
class RollbackPlan:
    """The system that a machine runs, the one it would run, and the commands on the machine that switch it."""

    before: str
    to: str
    commands: tuple[tuple[str, ...], ...]

    @property
    def lines(self) -> list[str]:
        """The commands as lines of shell."""
        return [shlex.join(command) for command in self.commands]


def plan_rollback(machine: Connection, runs: Sequence[StepRecord], requested: str | None) -> RollbackPlan:
    """Returns the plan to the system `requested`: a generation's number or a path in the Nix store.

    By default it is the system that the ledger recorded before the newest update or deployment, and if the machine no
    longer has it, the generation before the current one. Raises StepError if there is none.
    """
    answer = machine.target.run("true")
    if answer.unreached:
        raise StepError(*unreachable(machine.target, answer))
    answers = read_answers(machine)
    if answers.identity != machine.identity:
        reason = f"the machine at {machine.target.host} is '{answers.identity}', not '{machine.identity}'"
        raise StepError(f"{reason}; nothing was changed", "check its address")
    if answers.system is None:
        raise StepError(f"{machine.name} runs no system of Nix", "there is nothing to go back to")
    to = _requested_system(machine, requested) if requested else _earlier_system(machine, answers.system, runs)
    if to == answers.system == answers.boot_default:
        raise StepError(f"{machine.name} runs {to} already, and boots it", "name another one with --to")
    return RollbackPlan(answers.system, to, commands_to(machine.target, to, machine.machine_class))


def roll_back(machine: Connection, plan: RollbackPlan, log: Log, patience: float) -> str:
    """Carries the plan out, checks the machine, and returns a sentence about it. Raises StepError if it failed.

    A rollback timer runs on the machine, as during an update: a machine that this cuts off goes back to the system it
    runs now. A machine that can be reached stays as it is, because a person is looking after it.
    """
    target = machine.target
    guard = _guard(machine, log, patience)
    guard.arm(ANSWER_SECONDS * patience)
    for command in plan.commands:
        log.note(f"$ {shlex.join(command)}")
        answer = target.run(*command, seconds=BACK_SWITCH_SECONDS)
        log.feed(f"{answer.stdout}{answer.stderr}\n".encode())
        if answer.unreached:
            # A switch may restart the network; what counts is how the machine is afterwards.
            log.note("contact was lost; waiting for the machine")
            _wait(machine, guard, BACK_SECONDS * patience)
        elif not answer.ok:
            log.note(f"exited with {answer.status}")
            guard.disarm()
            now = read_answers(machine)
            last = (answer.stderr.strip() or answer.stdout.strip() or "it said nothing").splitlines()[-1]
            reason = f"`{shlex.join(command)}` exited with {answer.status}: {last}; it runs {now.system} now"
            raise StepError(reason, f"the log has its output; {_MANUAL}")
    guard.disarm()
    _require_kept(machine, guard)
    answers = read_answers(machine)
    wrong = classify_health(machine.identity, answers, plan.to)
    if wrong:
        raise StepError(f"after the switch: {'; '.join(wrong)}", _MANUAL)
    ill = f", but systemd says '{answers.systemd}'" if answers.systemd not in {None, "running"} else ""
    return f"rolled back by hand from {plan.before} to {plan.to}{ill}"


def _guard(machine: Connection, log: Log, patience: float) -> RollbackTimer:
    found = read_host_state(machine.target, machine.machine_class)
    if isinstance(found, SshResult):
        raise StepError(*unreachable(machine.target, found))
    if others := sorted(found.at_work):
        reason = f"another deployment is at work on {machine.name}: {', '.join(others)}; nothing was changed"
        raise StepError(reason, f"wait for it; on the machine: `{check_host(others[0])}`")
    seconds = SWITCH_SECONDS * patience
    return RollbackTimer(machine.target, found, log, not machine.is_mac, seconds, 2 * BACK_SWITCH_SECONDS)


def _wait(machine: Connection, guard: RollbackTimer, seconds: float) -> None:
    """Waits for a machine that a switch has cut off, and if it stays away, until its timer has undone the switch."""
    again = machine.target.wait(seconds + (guard.seconds if guard.supported else 0.0))
    if not again.ok:
        reason, hint = unreachable(machine.target, again)
        raise StepError(f"contact was lost while it switched: {reason}", f"{hint}; {_MANUAL}")


def _require_kept(machine: Connection, guard: RollbackTimer) -> None:
    found = read_host_state(machine.target, machine.machine_class)
    if isinstance(found, HostState) and found.went_back:
        guard.clear_went_back()
        reason = f"{machine.name} was cut off by it, and its guard took it back: it runs {found.system}"
        raise StepError(reason, f"choose another system with --to; {_MANUAL}")


def _requested_system(machine: Connection, requested: str) -> str:
    if requested.isdigit():
        path = _read_link(machine, f"{SYSTEM_PROFILE}-{requested}-link")
        if path is None:
            shown = ", ".join(str(number) for number in _generations(machine)) or "none"
            raise StepError(f"{machine.name} has no generation {requested}; it has {shown}", "choose one of these")
    else:
        path = requested.rstrip("/")
    if not path.startswith(_STORE) or not _is_system(machine, path):
        raise StepError(
            f"{path} is no system on {machine.name}", f"a system is a path in {_STORE} that was built there"
        )
    return path


def _earlier_system(machine: Connection, current: str, runs: Sequence[StepRecord]) -> str:
    for path in recorded_before(current, runs):
        if _is_system(machine, path):
            return path
    numbers = _generations(machine)
    now = _current_generation(machine)
    for number in sorted((number for number in numbers if number < now), reverse=True):
        older = _read_link(machine, f"{SYSTEM_PROFILE}-{number}-link")
        if older is not None and older != current:
            return older
    raise StepError(f"{machine.name} has no earlier system", "docs/rollback.md says how to build an earlier one")


def recorded_before(current: str, runs: Sequence[StepRecord]) -> Iterator[str]:
    """Yields the systems that updates and deployments left on a machine before the current one, newest first.

    Rollbacks do not count, so that a second rollback goes further back and not forth again.
    """
    kinds = history.SWITCHES - {"rollback"}
    systems = [run.system for run in runs if run.kind in kinds and run.ended_well and run.system]
    at = max((number for number, system in enumerate(systems) if system == current), default=len(systems))
    yield from dict.fromkeys(system for system in reversed(systems[:at]) if system != current)


def _is_system(machine: Connection, path: str) -> bool:
    return exists(machine.target, f"{path}/activate" if machine.is_mac else f"{path}/bin/switch-to-configuration")


def _read_link(machine: Connection, link: str) -> str | None:
    answer = require_reached(machine.target, machine.target.run("readlink", "-f", link))
    path = answer.stdout.strip()
    return path if answer.ok and path.startswith(_STORE) else None


def _generations(machine: Connection) -> list[int]:
    listing = machine.target.as_root("nix-env", "-p", SYSTEM_PROFILE, "--list-generations")
    answer = require_reached(machine.target, machine.target.run(*listing))
    return [int(line.split()[0]) for line in answer.stdout.splitlines() if line.split() and line.split()[0].isdigit()]


def _current_generation(machine: Connection) -> int:
    """Returns the number of the current generation, one above all numbers if it cannot be read."""
    link = require_reached(machine.target, machine.target.run("readlink", SYSTEM_PROFILE)).stdout.strip()
    number = link.rpartition("/")[2].removeprefix("system-").removesuffix("-link")
    return int(number) if number.isdigit() else 1_000_000
