"""Simulates the faults of a switch: a failed activation, a lost network, a failed unit.

A fault affects only systems that the machine has not yet run without faults: returning to a former system works, as it
does when the new configuration is to blame. A system keeps its fault, also across reboots, until it is switched to
again without a fault.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fediversity.embedded_cloud.machines import profiles

if TYPE_CHECKING:
    from fediversity.embedded_cloud.machines.machine import Machine

ACTIVATION_UNIT = "sops-install-secrets.service"
"""The unit that cannot start after an activation that failed before it installed the secrets."""

_KINDS_AFTER_SWITCH = ("network-down", "unit-fails")


class SwitchFaults:
    """The switch faults of one machine."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    @property
    def running(self) -> str | None:
        """The system that runs now, or None if it is not a system built by Nix."""
        machine = self._machine
        if machine.phase in ("nixos", "darwin") and machine.disk.exists(profiles.CURRENT):
            return machine.disk.canonical(profiles.CURRENT)
        return None

    @property
    def network_is_down(self) -> bool:
        """Whether the running system has no network."""
        return "network-down" in self._machine.record.spoilt.get(self.running or "", {})

    def activation_fails(self, system: str) -> bool:
        """Returns whether the activation of a system fails before it becomes the running system. Counts as an
        occurrence.
        """
        machine = self._machine
        if self._is_proven(system) or not machine.site.faults.trigger(machine.spec.name, "switch-fails"):
            return False
        if not machine.is_darwin:
            machine.units.fail(ACTIVATION_UNIT, "Install secrets (simulated)", system)
        return True

    def record_switch(self, system: str) -> None:
        """Records that a switch made a system the running one: clears the failures of the previous system and triggers
        faults.
        """
        machine = self._machine
        machine.units.clear_system_failures()
        triggered = {} if self._is_proven(system) else self._trigger_faults()
        machine.record.spoilt.pop(system, None)
        if triggered:
            machine.record.spoilt[system] = triggered
        elif system not in machine.record.proven:
            machine.record.proven.append(system)
        self._fail_units(system)
        machine.save()

    def record_boot(self) -> None:
        """Records that the machine booted a system: the faults of that system return."""
        system = self.running
        if system is None:
            return
        record = self._machine.record
        if system not in record.spoilt and system not in record.proven:
            record.proven.append(system)
        self._fail_units(system)

    def heal(self) -> None:
        """Repairs the machine."""
        self._machine.record.spoilt = {}
        self._machine.units.clear_system_failures()
        self._machine.save()

    def _is_proven(self, system: str) -> bool:
        return system in self._machine.record.proven

    def _trigger_faults(self) -> dict[str, str]:
        faults, name = self._machine.site.faults, self._machine.spec.name
        triggered = {kind: faults.trigger(name, kind) for kind in _KINDS_AFTER_SWITCH}
        return {kind: fault.parameter or "" for kind, fault in triggered.items() if fault is not None}

    def _fail_units(self, system: str) -> None:
        unit = self._machine.record.spoilt.get(system, {}).get("unit-fails")
        if unit and not self._machine.is_darwin:
            self._machine.units.fail(unit, f"{unit.rpartition('.')[0]} (simulated)", system)
