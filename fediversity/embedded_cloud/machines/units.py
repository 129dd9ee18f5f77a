"""Manages the transient services and timers of a machine's systemd, and its failed units.

Timers are stored in the machine's record, so they outlive the daemon, as real ones outlive their client. A reboot
removes them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from fediversity.embedded_cloud.machines.machine import Machine

_STOPPED = 255
"""The exit status of systemd-run when its service was ended by a signal."""

Active = Literal["active", "activating", "inactive", "failed"]


class UnitError(Exception):
    """systemd refuses the operation; the message is its own."""


@dataclass(frozen=True)
class State:
    """A loaded unit as `systemctl list-units` shows it."""

    name: str
    active: Active
    sub: str
    description: str


@dataclass(frozen=True)
class Timer:
    """A transient timer: its elapse time (seconds of the epoch) and the program that its service runs."""

    name: str
    due: float
    argv: Sequence[str]
    environment: Mapping[str, str]
    has_path: bool
    collect: bool

    @property
    def service(self) -> str:
        """The name of the service that the timer starts."""
        return f"{self.name.removesuffix('.timer')}.service"


ServiceFunction = Callable[[], Awaitable[int]]


class Units:
    """The units of one machine. `timer_service` returns the function that runs the service of a timer."""

    def __init__(self, machine: Machine, timer_service: Callable[[Machine, Timer], ServiceFunction]) -> None:
        self._machine = machine
        self._timer_service = timer_service
        self._services: dict[str, tuple[str, asyncio.Task[int]]] = {}
        self._timers: dict[str, tuple[Timer, asyncio.Task[None]]] = {}

    def resume(self) -> None:
        """Arms the recorded timers again after a restart of the daemon."""
        for entry in self._machine.record.timers:
            self._schedule(Timer(**entry))

    def arm(self, timer: Timer) -> None:
        """Loads a timer and its service. Raises `UnitError` if a unit with that name is loaded."""
        for name in (timer.name, timer.service):
            self._require_not_loaded(name, "timer")
        self._schedule(timer)
        self._save_timers()

    async def wait_for(self, task: asyncio.Task[int]) -> int:
        """Waits for a service and returns its exit status. Cancelling the wait does not stop the service."""
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.cancelled():  # the service was stopped
                return _STOPPED
            raise

    def start(self, name: str, description: str, work: ServiceFunction, collect: bool) -> asyncio.Task[int]:
        """Starts a service. Raises `UnitError` if a unit with that name is loaded."""
        self._require_not_loaded(name, "service")
        task = asyncio.create_task(self._serve(name, description, work, collect))
        self._services[name] = (description, task)
        return task

    async def _serve(self, name: str, description: str, work: ServiceFunction, collect: bool) -> int:
        try:
            status = await work()
        except Exception as error:
            self._machine.log(f"{name}: {error!r}")
            status = 1
        finally:
            self._services.pop(name, None)
        if status != 0:
            self._machine.log(f"{name}: Main process exited, code=exited, status={status}")
            if not collect:
                self.fail(name, description)
        return status

    def fail(self, name: str, description: str, system: str = "") -> None:
        """Marks a unit as failed; `system` is the configuration to which it belongs, if any."""
        self._machine.record.failed[name] = {"description": description, "system": system}
        self._machine.save()

    def clear_system_failures(self) -> None:
        """Clears the failed units of configurations: a switch starts them again."""
        failed = self._machine.record.failed
        self._machine.record.failed = {name: facts for name, facts in failed.items() if not facts["system"]}

    def reset_failed(self, name: str | None) -> None:
        """Implements `systemctl reset-failed`. Raises `UnitError` for a unit that is not loaded."""
        if name is None:
            self._machine.record.failed = {}
        else:
            if self.find(name) is None:
                raise UnitError(f"Failed to reset failed state of unit {name}: Unit {name} not loaded.")
            self._machine.record.failed.pop(name, None)
        self._machine.save()

    async def stop(self, name: str) -> None:
        """Implements `systemctl stop`. Raises `UnitError` for a unit that is not loaded."""
        if self.find(name) is None:
            raise UnitError(f"Failed to stop {name}: Unit {name} not loaded.")
        if name in self._timers:
            self._timers.pop(name)[1].cancel()
            self._save_timers()
        if name in self._services:
            _, task = self._services.pop(name)
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    def states(self) -> list[State]:
        """Returns every simulated loaded unit in systemctl's order: by type, then by name."""
        states = [
            State(self._machine.sshd_unit, "active", "running", "SSH Daemon"),
            *(State(name, "active", "running", text) for name, (text, _) in self._services.items()),
            *(State(name, "active", "waiting", _description(timer)) for name, (timer, _) in self._timers.items()),
            *(State(timer.service, "inactive", "dead", _description(timer)) for timer, _ in self._timers.values()),
            *(
                State(name, "failed", "failed", facts["description"])
                for name, facts in self._machine.record.failed.items()
            ),
        ]
        return sorted(states, key=lambda state: (state.name.rpartition(".")[2], state.name))

    def find(self, name: str) -> State | None:
        """Returns a loaded unit by name, or None."""
        return next((state for state in self.states() if state.name == name), None)

    @property
    def degraded(self) -> bool:
        """Whether a unit has failed."""
        return bool(self._machine.record.failed)

    def cancel_tasks(self) -> None:
        """Stops all tasks when the daemon ends; timers stay in the record."""
        tasks = [task for _, task in self._services.values()] + [task for _, task in self._timers.values()]
        self._services, self._timers = {}, {}
        for task in tasks:
            if task is not asyncio.current_task():
                task.cancel()

    def reboot(self) -> None:
        """Ends services and clears transient units and failures when the machine shuts down."""
        self.cancel_tasks()
        self._machine.record.timers = []
        self._machine.record.failed = {}

    def _require_not_loaded(self, name: str, kind: str) -> None:
        if self.find(name) is not None:
            raise UnitError(
                f"Failed to start transient {kind} unit: Unit {name} was already loaded or has a fragment file."
            )

    def _schedule(self, timer: Timer) -> None:
        self._timers[timer.name] = (timer, asyncio.create_task(self._elapse(timer)))

    async def _elapse(self, timer: Timer) -> None:
        await asyncio.sleep(timer.due - time.time())
        del self._timers[timer.name]
        self._save_timers()
        self._machine.log(f"{timer.name} elapsed: starting {timer.service}")
        self.start(timer.service, _description(timer), self._timer_service(self._machine, timer), timer.collect)

    def _save_timers(self) -> None:
        self._machine.record.timers = [asdict(timer) for timer, _ in self._timers.values()]
        self._machine.save()


def _description(timer: Timer) -> str:
    return f"[systemd-run] {' '.join(timer.argv)}"
