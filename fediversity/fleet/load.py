"""Loading a fleet file: everything that is wrong with it is said at once."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from fediversity.fleet.checks import CHECKS
from fediversity.fleet.diagnostics import Finding, FleetError, Location, Problem, related
from fediversity.fleet.model import Fleet
from fediversity.fleet.secret_scan import key_material
from fediversity.fleet.validation_errors import explain_all
from fediversity.fleet.yaml_reader import read_yaml

_ENTRIES = frozenset({"machines", "instances", "buckets", "deployments", "operators", "networks", "retired"})
"""The sections whose entries stand alone: one that is wrong can be set aside."""

_STAND_INS = {"version": 1, "name": "fleet", "domain": "mesh", "machines": {}}
"""What takes the place of a required part that is wrong, so that the rest can still be checked."""


def load_fleet(path: Path, called: str | None = None) -> Fleet:
    """Reads and checks a fleet file. `called` is its name in messages, if not its path.

    Raises FleetError with every problem found, each with its file, line, field and fix.
    """
    name = called or str(path)
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        fix = "check the path under `fediversity:fleet` in Pulumi.<stack>.yaml"
        raise FleetError([Problem(name, 0, "", f"cannot be read: {error.strerror}", fix)]) from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise FleetError([Problem(name, line, "", "not UTF-8 text", "save the file as UTF-8")]) from None
    return parse_fleet(text, name)


def parse_fleet(text: str, file: str) -> Fleet:
    """Checks the text of a fleet file; `file` is its name in messages.

    Raises FleetError with every problem found. Parts with a wrong field are set aside and the rest is still checked,
    so that one run shows as much as possible; what only follows from a part that was set aside is left out.
    """
    source = read_yaml(text, file)
    if source.data is None:
        raise FleetError(source.problems)
    if not isinstance(source.data, dict):
        fix = "start with `version: 1` and `machines:`"
        raise FleetError([Problem(file, source.lines.line(()), "", "not a group of `key: value` lines", fix)])
    pasted = list(key_material(source.data))
    unknown = source.unread.union(pasted)
    fleet, wrong = _validate(source.data)
    findings = [_pasted_key(where) for where in pasted] + _apart_from(unknown, wrong)
    hit = unknown.union(finding.where for finding in wrong)
    if hit:
        fleet, _ = _validate(_without(source.data, {_entry(where) for where in hit}))
    if fleet is not None:
        found = _apart_from(unknown, (finding for check in CHECKS for finding in check(fleet)))
        doubtful = set(_doubtful(hit, source.data))
        findings += [finding for finding in found if not _may_be_in(finding.absent, doubtful)]
    problems = [*source.problems, *dict.fromkeys(source.lines.problem(finding) for finding in findings)]
    if problems or fleet is None:
        raise FleetError(problems)
    return fleet


def _validate(data: dict[str, Any]) -> tuple[Fleet | None, list[Finding]]:
    # JSON mode is pydantic's strict mode for data that came from a text: lists may become tuples, nothing else bends.
    try:
        return Fleet.model_validate_json(json.dumps(data), strict=True), []
    except ValidationError as error:
        return None, explain_all(error.errors(), data, Fleet)


def _pasted_key(where: Location) -> Finding:
    fix = "remove it, replace that key pair everywhere: whoever has this file has the key"
    return Finding(where, "a private key stands in the fleet file", fix)


def _apart_from(unknown: Iterable[Location], findings: Iterable[Finding]) -> list[Finding]:
    """Returns the findings that are not about a place whose value is unknown."""
    return [finding for finding in findings if not any(related(finding.where, where) for where in unknown)]


def _may_be_in(absent: Location | None, doubtful: Iterable[Location]) -> bool:
    return absent is not None and any(related(absent, where) for where in doubtful)


def _doubtful(hit: Iterable[Location], data: dict[str, Any]) -> Iterator[Location]:
    """Yields where something may have been declared that could not be read, given the locations of what is wrong."""
    for where in hit:
        yield _entry(where)
        if len(where) == 2:  # an entry that is wrong as a whole, perhaps by its name: it could be any
            yield where[:1]
        if len(where) == 1 and where[0] not in Fleet.model_fields:  # perhaps a misspelt section
            yield from ((section,) for section in Fleet.model_fields if section not in data)


def _entry(where: Location) -> Location:
    """Returns the part of a fleet file that can be set aside by itself and holds `where`."""
    if where[:2] == ("dns", "zones"):
        return where[:3]
    return where[:2] if where and where[0] in _ENTRIES else where[:1]


def _without(data: dict[str, Any], entries: Iterable[Location]) -> dict[str, Any]:
    kept: dict[str, Any] = json.loads(json.dumps(data))
    # The longer ones first: a section that goes as a whole may hold an entry that goes, too.
    for entry in sorted(entries, key=len, reverse=True):
        section: Any = kept
        for part in entry[:-1]:
            section = section.get(part) if isinstance(section, dict) else None
        if isinstance(section, dict) and entry:
            section.pop(entry[-1], None)
    return _STAND_INS | kept
