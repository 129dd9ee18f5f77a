"""What other processes do: read from /proc where that is, else asked of `ps`, which a small Linux need not have."""

import subprocess
from pathlib import Path

_PROC = Path("/proc")


def command_lines() -> list[str]:
    """The command line of every process."""
    if not (_PROC / "self").exists():
        return _ps("-A", "-o", "args=").splitlines()
    lines = (_read(entry / "cmdline") for entry in _PROC.iterdir() if entry.name.isdecimal())
    return [line.replace("\0", " ").strip() for line in lines if line]


def runs(pid: int) -> bool:
    """Whether a process runs; one that only waits to be collected does not."""
    if not (_PROC / "self").exists():
        return _ps("-o", "stat=", "-p", str(pid))[:1] not in {"", "Z"}
    # The name, in parentheses, may hold anything.
    state = _read(_PROC / str(pid) / "stat").rpartition(")")[2].split()
    return bool(state) and state[0] not in "ZX"


def resident_kb(pid: int) -> int:
    """How much memory of a process is in RAM."""
    if not (_PROC / "self").exists():
        return int(_ps("-o", "rss=", "-p", str(pid)))
    (line,) = (line for line in _read(_PROC / str(pid) / "status").splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1])


def _ps(*words: str) -> str:
    return subprocess.run(["ps", *words], capture_output=True, text=True, check=False).stdout


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return ""
