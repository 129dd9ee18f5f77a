"""Loading a fleet file: everything that is wrong with it is said at once."""

import json
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from fediversity.fleet.checks import CHECKS
from fediversity.fleet.explain import explain
from fediversity.fleet.model import Fleet
from fediversity.fleet.problems import FleetError, LineMap, Problem
from fediversity.fleet.source import read_yaml


def load_fleet(path: Path) -> Fleet:
    """Reads and checks a fleet file.

    Raises FleetError with every problem found, each with its file, line, field and fix.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        fix = "check the path under `fediversity:fleet` in Pulumi.<stack>.yaml"
        raise FleetError([Problem(str(path), 0, "", f"cannot be read: {error.strerror}", fix)]) from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise FleetError([Problem(str(path), line, "", "not UTF-8 text", "save the file as UTF-8")]) from None
    return parse_fleet(text, str(path))


def parse_fleet(text: str, file: str) -> Fleet:
    """Checks the text of a fleet file; `file` is its name in messages.

    Raises FleetError with every problem found. Parts with a wrong field are set aside and the rest is still checked,
    so that one run shows as much as possible.
    """
    data, lines, problems = read_yaml(text, file)
    if data is None:
        raise FleetError(problems)
    if not isinstance(data, dict):
        fix = "start with `version: 1` and `machines:`"
        raise FleetError([Problem(file, 1, "", "not a group of `key: value` lines", fix)])
    fleet, found = _validate(data, lines)
    problems += found
    if fleet is None and found:
        problems += _check_the_rest(data, lines)
    elif fleet is not None:
        problems += [lines.problem(finding) for check in CHECKS for finding in check(fleet)]
    if problems or fleet is None:
        raise FleetError(problems)
    return fleet


def _validate(data: dict[str, Any], lines: LineMap) -> tuple[Fleet | None, list[Problem]]:
    # JSON mode is pydantic's strict mode for data that came from a text: lists may become tuples, nothing else bends.
    try:
        return Fleet.model_validate_json(json.dumps(data), strict=True), []
    except ValidationError as error:
        findings = [explain(detail, data, Fleet) for detail in error.errors()]
        return None, list(dict.fromkeys(lines.problem(finding) for finding in findings))


def _check_the_rest(data: dict[str, Any], lines: LineMap) -> list[Problem]:
    """What the cross-checks find in the entries that are valid by themselves.

    Findings that a set-aside entry could explain (a name or tag it would have given) are left out.
    """
    kept, dropped = _without_bad_entries(data)
    fleet, _ = _validate(kept, lines)
    if fleet is None:
        return []
    problems = [lines.problem(finding) for check in CHECKS for finding in check(fleet)]
    doubtful = ("unknown machine", "no machine has the tag", "no enabled machine", "no zerotier instance")
    if dropped & {"machines", "instances"}:
        problems = [problem for problem in problems if not any(text in problem.what for text in doubtful)]
    if "gcp" in dropped:
        problems = [problem for problem in problems if "no project is named" not in problem.what]
    return problems


def _without_bad_entries(data: dict[str, Any]) -> tuple[dict[str, Any], set[str]]:
    """The data without the entries (machines, instances, zones …) that have a wrong field, and the sections hit."""
    kept: dict[str, Any] = json.loads(json.dumps(data))
    sections: set[str] = set()
    try:
        Fleet.model_validate_json(json.dumps(data), strict=True)
    except ValidationError as error:
        for detail in error.errors():
            sections.add(str(detail["loc"][0]))
            _remove(kept, detail["loc"])
    return kept, sections


def _remove(data: dict[str, Any], loc: tuple[int | str, ...]) -> None:
    section = data.get(str(loc[0]))
    if loc[:2] == ("dns", "zones") and isinstance(section, dict) and isinstance(section.get("zones"), dict):
        section["zones"].pop(loc[2] if len(loc) > 2 else "", None)
    elif loc[0] in {"machines", "instances", "buckets", "deployments", "operators"} and isinstance(section, dict):
        section.pop(loc[1] if len(loc) > 1 else "", None)
    elif loc[0] not in {"version", "name", "domain"}:
        data.pop(str(loc[0]), None)
