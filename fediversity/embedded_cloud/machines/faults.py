"""Where faults enter the machines: a `FaultStore` (`faults/store.py`) is asked; a healthy site has none."""

from typing import Protocol

from fediversity.embedded_cloud.faults.store import Fault


class Faults(Protocol):
    """What is wrong with machines, decided outside of them. Machines are known by their names."""

    def present(self, machine: str, kind: str) -> Fault | None:
        """The fault of a kind that a machine has now; asking does not count."""

    def happens(self, machine: str, kind: str, parameter: str | None = None) -> Fault | None:
        """The fault of a kind that strikes now, which counts; with a `parameter`, only one that has it."""
