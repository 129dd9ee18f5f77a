"""What of the engine's own output a person still needs when the rollout was shown in another way."""

import re
from collections.abc import Collection, Sequence

_DIAGNOSTICS = "Diagnostics:"
_RESOURCES = "Resources:"
_SECTION = re.compile(r"^[A-Z][A-Za-z ]*:$")
_ABOUT = re.compile(r"^  \S+ \((?P<name>.+)\):$")
_SAYS_NOTHING = re.compile(r"^\s+error: (update|preview) failed$")
_TAIL_LINES = 20


def pulumi_diagnostics(output: str, told: Collection[str], *, ended_well: bool) -> list[str]:
    """The engine's diagnostics and what it counted, out of its output without a terminal.

    Diagnostics about the steps `told` are left out: their ends are told from the ledger, with what to do. When the
    engine ended badly before it came to any of that, its last lines.
    """
    lines = output.splitlines()
    sections = _sections(lines)
    if not ended_well and not {_DIAGNOSTICS, _RESOURCES} & sections.keys():
        return lines[-_TAIL_LINES:]
    about = _diagnostics(sections.get(_DIAGNOSTICS, []), told)
    counted = [line for line in sections.get(_RESOURCES, []) if line.strip()]
    duration = [line for line in lines if line.startswith("Duration:")][-1:]
    return [
        *([_DIAGNOSTICS, *about] if about else []),
        *([_RESOURCES, *counted, *duration] if counted else []),
    ]


def _sections(lines: Sequence[str]) -> dict[str, list[str]]:
    """The lines of each section of the engine's report by its title; the last of each title counts."""
    found: dict[str, list[str]] = {}
    title = ""
    for line in lines:
        if _SECTION.match(line):
            title = line
            found[title] = []
        elif line.startswith("Duration:"):
            title = ""
        elif title:
            found[title].append(line)
    return found


def _diagnostics(lines: Sequence[str], told: Collection[str]) -> list[str]:
    """What is said about each resource, without what is told already and without what says nothing."""
    kept: list[str] = []
    block: list[str] = []
    for line in [*lines, "  end (end):"]:
        if about := _ABOUT.match(line):
            kept += _worth_telling(block, told)
            block = [line] if about["name"] != "end" else []
        elif block:
            block.append(line)
    return kept


def _worth_telling(block: Sequence[str], told: Collection[str]) -> list[str]:
    about = _ABOUT.match(block[0]) if block else None
    if about is None or about["name"] in told:
        return []
    said = [line for line in block[1:] if line.strip() and not _SAYS_NOTHING.match(line)]
    return [block[0], *said] if said else []
