"""Defines the interface through which machines query faults; `FaultStore` (`faults/store.py`) implements it."""

from typing import Protocol

from fediversity.embedded_cloud.faults.store import Fault


class Faults(Protocol):
    """The faults of machines, by machine name."""

    def active(self, machine: str, kind: str) -> Fault | None:
        """Returns the fault of a kind that is in force for a machine, or None. Does not count as an occurrence."""

    def trigger(self, machine: str, kind: str, parameter: str | None = None) -> Fault | None:
        """Triggers a fault and counts the occurrence; with a `parameter`, only a fault with that parameter."""
