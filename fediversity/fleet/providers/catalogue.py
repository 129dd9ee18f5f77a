"""What the catalogues of all clouds share: the sizes of machines, and what the installer needs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from fediversity.support.constants import INSTALLER_MEMORY_MIB

Architecture = Literal["x86_64", "aarch64"]


@dataclass(frozen=True)
class MachineType:
    """A size of machine that a cloud sells.

    `memory_mb` is in MiB; `cores` counts virtual CPUs.
    """

    cores: int
    memory_mb: int
    architecture: Architecture = "x86_64"


def sizes(table: Mapping[str, tuple[int, float]], architecture: Architecture = "x86_64") -> dict[str, MachineType]:
    """Returns machine types by name, from the number of virtual CPUs and the GiB of memory of each."""
    return {name: MachineType(cores, int(gib * 1024), architecture) for name, (cores, gib) in table.items()}


def smallest_installable(sold: Mapping[str, MachineType], architecture: Architecture) -> str:
    """Returns the smallest type that the NixOS installer fits in, of that architecture if there is one."""
    fitting = [name for name, size in sold.items() if size.memory_mb >= INSTALLER_MEMORY_MIB]
    return min(fitting, key=lambda name: (sold[name].architecture != architecture, sold[name].memory_mb))
