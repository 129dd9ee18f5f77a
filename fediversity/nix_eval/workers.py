"""How many evaluations run at once: each takes a core and much memory."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from fediversity.support.errors import UsageError

MEMORY_OF_AN_EVALUATION = 1536 * 1024**2
"""Bytes. What colmena reserves for evaluating one machine: 1024 MiB for Nix and nixpkgs, 512 MiB for the machine."""

VARIABLE = "FEDIVERSITY_EVALUATIONS"
_WHERE_MEMORY_IS_UNKNOWN = 2


def how_many(machines: int, cores: int, available: int | None, wanted: str | None = None) -> int:
    """Returns how many machines to evaluate at once. `available` is the free memory in bytes, None if unknown.

    `wanted` is a person's choice and wins. Raises UsageError if it is not a number of at least 1.
    """
    if wanted:
        if not wanted.isascii() or not wanted.isdecimal() or int(wanted) < 1:
            raise UsageError(f"{VARIABLE} is '{wanted}'; write how many machines to evaluate at once, e.g. 2.")
        return max(1, min(machines, int(wanted)))
    fitting = _WHERE_MEMORY_IS_UNKNOWN if available is None else available // MEMORY_OF_AN_EVALUATION
    return max(1, min(machines, cores, fitting))


def workers(machines: int, environment: Mapping[str, str]) -> int:
    """Returns how many of the machines to evaluate at once on this computer, now."""
    return how_many(machines, os.cpu_count() or 1, available_memory(), environment.get(VARIABLE))


def available_memory() -> int | None:
    """Returns the available memory of this computer in bytes; None if it is unknown."""
    try:
        if sys.platform == "darwin":
            return of_vm_stat(subprocess.run(["vm_stat"], capture_output=True, text=True, check=True).stdout)
        return of_meminfo(Path("/proc/meminfo").read_text())
    except (OSError, subprocess.CalledProcessError):
        return None


def of_meminfo(text: str) -> int | None:
    """Parses the available bytes in Linux's /proc/meminfo."""
    found = re.search(r"^MemAvailable:\s+(\d+) kB$", text, re.MULTILINE)
    return int(found[1]) * 1024 if found else None


def of_vm_stat(text: str) -> int | None:
    """Parses the available bytes in the output of macOS' vm_stat: pages that are free or can be freed at once."""
    size = re.search(r"page size of (\d+) bytes", text)
    pages = re.findall(r"^Pages (?:free|inactive|speculative|purgeable):\s+(\d+)\.$", text, re.MULTILINE)
    return int(size[1]) * sum(map(int, pages)) if size and pages else None
