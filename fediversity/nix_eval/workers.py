"""How many evaluations run at once: each takes a core and a good deal of memory."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from fediversity.support.errors import UsageError

MEMORY_OF_AN_EVALUATION = 1536 * 1024**2
"""Bytes. What colmena sets aside for evaluating one machine: 1024 MiB for Nix and nixpkgs, 512 MiB for the machine."""

VARIABLE = "FEDIVERSITY_EVALUATIONS"
_WHERE_MEMORY_IS_UNKNOWN = 2


def how_many(machines: int, cores: int, available: int | None, wanted: str | None = None) -> int:
    """How many machines to evaluate at once, given the bytes of memory that are available, None if nobody knows.

    `wanted` is what a person asks for and wins. Raises UsageError if it is no number of at least 1.
    """
    if wanted:
        if not wanted.isascii() or not wanted.isdecimal() or int(wanted) < 1:
            raise UsageError(f"{VARIABLE} is '{wanted}'; write how many machines to evaluate at once, e.g. 2.")
        return max(1, min(machines, int(wanted)))
    fitting = _WHERE_MEMORY_IS_UNKNOWN if available is None else available // MEMORY_OF_AN_EVALUATION
    return max(1, min(machines, cores, fitting))


def workers(machines: int, environment: Mapping[str, str]) -> int:
    """How many of so many machines to evaluate at once on this computer, now."""
    return how_many(machines, os.cpu_count() or 1, available_memory(), environment.get(VARIABLE))


def available_memory() -> int | None:
    """The bytes of memory that processes can have without others being pushed out; None if that cannot be found out."""
    try:
        if sys.platform == "darwin":
            return of_vm_stat(subprocess.run(["vm_stat"], capture_output=True, text=True, check=True).stdout)
        return of_meminfo(Path("/proc/meminfo").read_text())
    except (OSError, subprocess.CalledProcessError):
        return None


def of_meminfo(text: str) -> int | None:
    """The available bytes out of Linux's /proc/meminfo."""
    found = re.search(r"^MemAvailable:\s+(\d+) kB$", text, re.MULTILINE)
    return int(found[1]) * 1024 if found else None


def of_vm_stat(text: str) -> int | None:
    """The available bytes out of what macOS' vm_stat prints: pages that are free or can be had at once."""
    size = re.search(r"page size of (\d+) bytes", text)
    pages = re.findall(r"^Pages (?:free|inactive|speculative|purgeable):\s+(\d+)\.$", text, re.MULTILINE)
    return int(size[1]) * sum(map(int, pages)) if size and pages else None
